//! JSON Schema (2020-12) of a playbook for editors, made from the tables that the reader itself uses.

use serde_json::{Map, Value, json};

use super::about::{self, About};
use super::keys::{self, Form, Key, Kind, MATCH_KEYS, MATCH_WORDS, MAX_LIST, MAX_REMINDERS, TRIGGERS, VERBS};
use super::set::KEPT_FIELDS;

/// As `values::is_name`.
const NAME: &str = "^[a-z][a-z0-9_]{0,63}$";
/// As `Length::parse`, but for the order of units.
const DURATION: &str = "^(\\d+[smhdw])+$";
/// As `parse_time_of_day`.
const TIME_OF_DAY: &str = "(1[0-2]|0?[1-9])(:[0-5]\\d)?(am|pm)";
/// As `values::is_language`.
const LANGUAGE: &str = "^[a-z]{2}(-[A-Z]{2})?$";

/// What is read as text where text is wanted: what is not in quotes may look like a number, or like `true`.
const PLAIN: [&str; 3] = ["string", "number", "boolean"];

/// The schema.
pub fn playbook() -> Value {
    let mut schema = form(&keys::PLAYBOOK);
    let definitions = json!({
        "text": text(),
        "match": { "anyOf": [{ "$ref": "#/$defs/way" }, { "type": "array", "items": { "$ref": "#/$defs/way" }, "minItems": 1 }] },
        "way": way(),
        "branch": form(&keys::BRANCH),
        "side_branch": form(&keys::SIDE),
        "no_match": form(&keys::NO_MATCH),
        "reply": form(&keys::REPLY),
        "steps": { "type": "array", "items": { "$ref": "#/$defs/step" }, "minItems": 1 },
        "step": { "type": "object", "oneOf": VERBS.iter().map(step).collect::<Vec<_>>() },
    });
    if let Value::Object(map) = &mut schema {
        map.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        map.insert("title".to_owned(), json!("A playbook of bridged"));
        map.insert("$defs".to_owned(), definitions);
    }
    schema
}

/// A map with known keys.
fn form(form: &Form) -> Value {
    let required = form.keys.iter().filter(|key| key.required).map(|key| key.name);
    let mut schema = object(form.keys.iter(), required, |key| about::of_form(form, key));
    if !form.one_of.is_empty() {
        schema["oneOf"] = form.one_of.iter().map(|name| json!({ "required": [name] })).collect();
    }
    let exits: Vec<&str> = form.keys.iter().map(|key| key.name).filter(|name| ["goto", "end", "again"].contains(name)).collect();
    let pairs: Vec<Value> =
        exits.iter().enumerate().flat_map(|(ix, one)| exits.iter().skip(ix + 1).map(move |two| json!({ "required": [one, two] }))).collect();
    if !pairs.is_empty() {
        schema["not"] = json!({ "anyOf": pairs });
    }
    schema
}

/// A map that has no other keys than these, each with what it is for.
fn object<'k>(
    keys: impl Iterator<Item = &'k Key>,
    required: impl Iterator<Item = &'static str>,
    about: impl Fn(&str) -> Option<&'static About>,
) -> Value {
    let property = |key: &Key| {
        let mut value = kind(key.kind);
        if let Some(about) = about(key.name) {
            value["description"] = json!(about.text);
        }
        (key.name.to_owned(), value)
    };
    let properties: Map<String, Value> = keys.map(property).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required.collect::<Vec<_>>(),
        "additionalProperties": false,
        "minProperties": 1,
    })
}

/// A step with one verb.
fn step(verb: &keys::Verb) -> Value {
    let own = Key { name: verb.name, kind: verb.kind, required: true };
    let keys = keys::STEP_KEYS.iter().chain([&own]).chain(verb.keys);
    let needed = verb.keys.iter().filter(|key| key.required).map(|key| key.name);
    let required = [verb.name].into_iter().chain(verb.needs_id.then_some("id")).chain(needed);
    let mut schema = object(keys, required, |key| about::of_step(verb, key));
    schema["title"] = json!(verb.name);
    schema
}

/// As `values::is_target`.
fn target() -> String {
    format!("^(contact\\.(?!({})$))?[a-z][a-z0-9_]{{0,63}}$", KEPT_FIELDS.join("|"))
}

/// What a key takes.
fn kind(kind: Kind) -> Value {
    let string = || json!({ "type": PLAIN, "minLength": 1 });
    let pattern = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    let name = |pattern: &str| json!({ "type": ["string", "boolean"], "pattern": pattern });
    let one_or_many = |item: Value, max: usize| json!({ "anyOf": [item, { "type": "array", "items": item, "minItems": 1, "maxItems": max }] });
    match kind {
        Kind::Text => json!({ "$ref": "#/$defs/text" }),
        Kind::Template
        | Kind::Expr
        | Kind::About
        | Kind::Label
        | Kind::Playbook
        | Kind::Sender
        | Kind::Queue
        | Kind::Zone
        | Kind::Moment
        | Kind::Cron => string(),
        Kind::Name | Kind::Goto => name(NAME),
        Kind::Target => name(&target()),
        Kind::Tags | Kind::Senders | Kind::Keywords => json!({ "anyOf": [string(), { "type": "array", "items": string(), "minItems": 1 }] }),
        Kind::Media | Kind::Buttons => one_or_many(string(), MAX_LIST),
        Kind::Milestone => name("^[a-z][a-z0-9_.]*$"),
        Kind::Duration | Kind::Pause => pattern(DURATION),
        Kind::TimeOfDay => pattern(&format!("^{TIME_OF_DAY}$")),
        Kind::Window => pattern(&format!("^{TIME_OF_DAY} *- *{TIME_OF_DAY}$")),
        Kind::Days => pattern("^((mon|tue|wed|thu|fri|sat|sun)[ ,-]*)+$"),
        Kind::Cap => pattern("^[1-9]\\d* per (day|week|month)$"),
        Kind::Rate => pattern("^[1-9]\\d*/[smh]$"),
        Kind::Entry => pattern("^(always|once|once per (\\d+[smhdw])+)$"),
        Kind::Percent => pattern("^[1-9]\\d?%$"),
        Kind::Language => pattern(LANGUAGE),
        Kind::OneOf(words) => json!({ "enum": words }),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::True => json!({ "const": true }),
        Kind::Count(min, u32::MAX) => json!({ "type": "integer", "minimum": min }),
        Kind::Count(min, max) => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Weight => json!({ "type": "number", "exclusiveMinimum": 0 }),
        Kind::Match => json!({ "$ref": "#/$defs/match" }),
        Kind::As => json!({ "type": PLAIN }),
        Kind::Value => json!({}),
        Kind::Values => json!({ "type": "object" }),
        Kind::Templates => json!({ "type": "object", "additionalProperties": { "type": PLAIN } }),
        Kind::Set => json!({ "type": "object", "propertyNames": { "pattern": target() } }),
        Kind::HttpSave | Kind::RunSave => json!({ "type": "object", "propertyNames": { "pattern": target() }, "additionalProperties": string() }),
        Kind::Params => json!({ "type": "object", "propertyNames": { "pattern": NAME } }),
        Kind::Renamed => json!({ "type": "object", "additionalProperties": { "type": "string", "pattern": NAME } }),
        Kind::Call => pattern("^(GET|POST|PUT|PATCH|DELETE) +(https?://|\\{\\{)"),
        Kind::Form(inner) => form(inner),
        Kind::Forms(inner) => {
            let mut list = json!({ "type": "array", "items": form(inner), "minItems": 1 });
            if std::ptr::eq(inner, &keys::REMIND) {
                list["maxItems"] = json!(MAX_REMINDERS);
            }
            list
        }
        Kind::Branch(inner) => reference(inner),
        Kind::Branches(inner) => json!({ "type": "array", "items": reference(inner), "minItems": 1 }),
        Kind::Triggers => json!({ "type": "array", "items": { "oneOf": TRIGGERS.iter().map(form).collect::<Vec<_>>() }, "minItems": 1 }),
        Kind::Steps => json!({ "$ref": "#/$defs/steps" }),
    }
}

/// Branches hold steps, which hold branches: so they are named.
fn reference(inner: &'static Form) -> Value {
    let named = [(&keys::BRANCH, "branch"), (&keys::SIDE, "side_branch"), (&keys::NO_MATCH, "no_match"), (&keys::REPLY, "reply")];
    match named.iter().find(|(form, _)| std::ptr::eq(*form, inner)) {
        Some((_, name)) => json!({ "$ref": format!("#/$defs/{name}") }),
        None => form(inner),
    }
}

/// What people are told: a text, a file, or a text per language. A number is text where text is wanted.
fn text() -> Value {
    json!({ "anyOf": [
        { "type": PLAIN, "minLength": 1 },
        { "type": "object", "properties": { "file": { "type": PLAIN } }, "required": ["file"], "additionalProperties": false },
        { "type": "object", "propertyNames": { "pattern": LANGUAGE }, "additionalProperties": { "type": "string" }, "minProperties": 1 },
    ] })
}

/// One way to match a reply.
fn way() -> Value {
    let words: Vec<Value> = MATCH_WORDS.iter().map(|word| json!(word)).chain([json!(true), json!(false)]).collect();
    let value = |key: &str| match key {
        "number" => {
            json!({ "type": "object", "properties": { "min": { "type": "number" }, "max": { "type": "number" } }, "additionalProperties": false })
        }
        "regex" | "button" => json!({ "type": PLAIN, "minLength": 1 }),
        _ => json!({ "anyOf": [{ "type": PLAIN }, { "type": "array", "items": { "type": PLAIN }, "minItems": 1 }] }),
    };
    let keyed = MATCH_KEYS
        .iter()
        .map(|key| json!({ "type": "object", "properties": { *key: value(key) }, "required": [key], "additionalProperties": false }));
    let ways: Vec<Value> = std::iter::once(json!({ "enum": words })).chain(keyed).collect();
    json!({ "anyOf": ways })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_and_every_key_is_in_it() {
        let schema = playbook();
        let steps = schema["$defs"]["step"]["oneOf"].as_array().map(Vec::len);
        assert_eq!(steps, Some(VERBS.len()));
        for key in keys::PLAYBOOK.keys {
            assert!(schema["properties"].get(key.name).is_some(), "{}", key.name);
        }
        assert_eq!(schema["required"], json!(["playbook", "message_class", "steps"]));
    }

    #[test]
    fn references_lead_somewhere() {
        let schema = playbook();
        let written = schema.to_string();
        for part in written.split("\"#/$defs/").skip(1) {
            let name = part.split('"').next().unwrap_or_default();
            assert!(schema["$defs"].get(name).is_some(), "{name}");
        }
    }
}
