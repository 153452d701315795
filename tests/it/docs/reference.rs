//! `docs/reference`, written from the code: tables of the language, examples that are carried out, help of the commands, routes, faults.

mod language;
mod texts;

use serde_json::Value;

use super::{must_be, root, run};
use crate::support::daemon::Home;

/// A page must be this under its heading.
fn page(name: &str, text: &str) {
    let head = "<!-- Written by the tests from the code: `UPDATE_DOCS=1 cargo test --test it docs`. Don't edit. -->\n\n";
    must_be(&root().join("docs/reference").join(name), &format!("{head}{}\n", text.trim_end()));
}

/// Text in a cell of a table: no bar may end it.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', "<br>")
}

#[test]
fn settings() {
    let (code, schema) = run(root(), &["schema", "config"]);
    assert_eq!(code, 0, "{schema}");
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let mut text = "# Settings\n\nAll keys of `bridged.yaml`. The file that comes with the program, [`bridged.yaml`](../../bridged.yaml), shows each with its default or an example. \
                    The environment wins over the file: `BRIDGED__` and the key in capitals, levels parted by `__`.\n\n| key | takes | what it is for | in the environment |\n|---|---|---|---|\n"
        .to_owned();
    rows(&schema, "", &mut text);
    page("settings.md", &text);
}

/// A row for each key of a map, and for the keys below it.
fn rows(schema: &Value, above: &str, text: &mut String) {
    for (key, value) in schema["properties"].as_object().into_iter().flatten() {
        let path = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
        let below = if value["additionalProperties"].is_object() { &value["additionalProperties"] } else { value };
        let named = if value["additionalProperties"].is_object() { format!("{path}.NAME") } else { path.clone() };
        let about = value["description"].as_str().unwrap_or_default();
        let variable =
            if below["properties"].is_object() { String::new() } else { format!("`BRIDGED__{}`", named.to_uppercase().replace('.', "__")) };
        *text += &format!("| `{path}` | {} | {} | {variable} |\n", cell(&takes(value)), cell(about));
        rows(below, &named, text);
    }
}

/// What a setting takes, in words.
fn takes(schema: &Value) -> String {
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(|word| format!("`{}`", word.as_str().unwrap())).collect::<Vec<_>>().join(" or ");
    }
    if schema["anyOf"].is_array() {
        return "text, or `{file: PATH}`".to_owned();
    }
    if schema["additionalProperties"].is_object() {
        return format!("names, each with {}", takes(&schema["additionalProperties"]));
    }
    match &schema["type"] {
        Value::String(kind) if kind == "object" => "the keys below".to_owned(),
        Value::String(kind) if kind == "array" => format!("a list: {}", takes(&schema["items"])),
        Value::String(kind) if kind == "integer" => format!("a whole number, 1 to {}", schema["maximum"]),
        Value::String(kind) if kind == "number" => "a number above 0".to_owned(),
        Value::String(_) => match schema["pattern"].as_str().unwrap_or_default() {
            pattern if pattern.contains('%') => "`5%`".to_owned(),
            pattern if pattern.contains("per") => "`4 per week`".to_owned(),
            pattern if pattern.contains("ap]m") => "`9am-8pm`".to_owned(),
            pattern if pattern.contains("mon") => "`mon-fri`".to_owned(),
            pattern if pattern.contains("wdhms") => "a length, like `365d`".to_owned(),
            pattern => panic!("what is {pattern}?"),
        },
        _ => "text".to_owned(),
    }
}

#[test]
fn commands() {
    let mut text = "# Commands\n\nExit codes: 0 fine, 1 problems found, 2 used wrongly or not run. Data goes to stdout, talk to stderr. The texts below are what `--help` prints.\n".to_owned();
    help(&[], &mut text);
    page("commands.md", &text);
}

/// The help of a command, then that of each command below it.
fn help(command: &[&str], text: &mut String) {
    let args: Vec<&str> = command.iter().copied().chain(["--help"]).collect();
    // How wide it may be is not left to the terminal that this runs in.
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_bridged")).args(&args).env("COLUMNS", "110").output().unwrap();
    let said = String::from_utf8(run.stdout).unwrap();
    assert!(run.status.success() && said.contains("Usage:"), "{args:?}: {said}");
    *text += &format!(
        "\n## {}\n\n```text\n{}\n```\n",
        ["bridged"].iter().chain(command).copied().collect::<Vec<_>>().join(" "),
        said.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim()
    );
    let below = said.split("\nCommands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap_or_default();
    for line in below.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   ")) {
        let name = line.split_whitespace().next().unwrap();
        if name != "help" {
            help(&command.iter().copied().chain([name]).collect::<Vec<_>>(), text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn routes() {
    let mut home = Home::new(&[]).await;
    home.start().await;
    let api = home.get("/openapi.json").await;
    let mut text = "# Routes\n\nThe private side (`console`, 127.0.0.1:8081), for programs. Each request proves itself with `Authorization: Bearer TOKEN`, the `console_token` of the settings; \
                    a problem is answered as `application/problem+json`. `/openapi.json` describes the same in full. [`examples/curl.sh`](../../examples/curl.sh) shows it in use.\n\n| | route | what it does | takes | answers |\n|---|---|---|---|---|\n"
        .to_owned();
    for (path, methods) in api["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let about = operation["summary"].as_str().or(operation["description"].as_str()).unwrap_or_default().trim_end_matches('.');
            let given =
                operation["parameters"].as_array().into_iter().flatten().map(|parameter| format!("`{}`", parameter["name"].as_str().unwrap()));
            let body = operation["requestBody"].is_object().then(|| "a body".to_owned());
            let codes = operation["responses"].as_object().unwrap().keys().filter(|code| *code != "default").cloned().collect::<Vec<_>>().join(", ");
            let takes = given.chain(body).collect::<Vec<_>>().join(", ");
            text += &format!("| {} | `{path}` | {} | {} | {codes} |\n", method.to_uppercase(), cell(about), cell(&takes));
        }
    }
    text += "\n## What bodies and answers hold\n";
    for (name, schema) in api["components"]["schemas"].as_object().unwrap() {
        let Some(properties) = schema["properties"].as_object() else { continue };
        let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        text += &format!(
            "\n### {name}\n\n{}\n\n| field | kind | always | what it is |\n|---|---|---|---|\n",
            schema["description"].as_str().unwrap_or_default()
        );
        for (field, value) in properties {
            let always = if required.contains(&field.as_str()) { "yes" } else { "" };
            text += &format!("| `{field}` | {} | {always} | {} |\n", cell(&kind(value)), cell(value["description"].as_str().unwrap_or_default()));
        }
    }
    text += "\n## Public side\n\n`listen`, 127.0.0.1:8080: `POST /webhooks/twilio` and `POST /webhooks/twilio/voice`, signed by Twilio; `GET /l/CODE`, tracked links; `GET /healthz`. See [going live](../guide/going-live.md).\n";
    page("routes.md", &text);
}

/// The kind of a field in a word or two.
fn kind(schema: &Value) -> String {
    let last = |reference: &Value| reference.as_str().map(|reference| reference.rsplit('/').next().unwrap().to_owned());
    if let Some(name) = last(&schema["$ref"]) {
        return name;
    }
    if schema["type"] == "array" {
        return format!("list of {}", kind(&schema["items"]));
    }
    let several = ["oneOf", "anyOf", "allOf"].iter().find_map(|key| schema[*key].as_array());
    if let Some(several) = several {
        return several.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    match &schema["type"] {
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "any".to_owned(),
    }
}

#[test]
fn faults() {
    let mut text =
        "# Faults\n\nWhat `bridged check` reports. `bridged explain CODE` prints the same page.\n\n| code | level | in a sentence |\n|---|---|---|\n"
            .to_owned();
    for rule in bridged::playbook::rules::RULES {
        let sentence = rule.page.split("\n\n").nth(1).unwrap().replace('\n', " ");
        text += &format!("| [`{0}`](../errors/{0}.md) | {1} | {2} |\n", rule.code, format!("{:?}", rule.level).to_lowercase(), cell(&sentence));
    }
    page("faults.md", &text);
}
