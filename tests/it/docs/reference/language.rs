//! The keys of playbooks from the tables that the reader itself uses, and ways to match with examples that are carried out.

use bridged::playbook::about::{self, About};
use bridged::playbook::keys::{self, Form, Key, Kind, MATCH_KEYS, MATCH_WORDS};

use super::{cell, page};
use crate::docs::run;

#[test]
fn playbooks() {
    let mut text = "# Keys of a playbook\n\nAll that may stand in `playbooks/NAME.yaml`. Editors know the same from `bridged schema`. What texts and conditions may hold: [texts](texts.md); \
                    what `match` may be: [matches](matches.md).\n\n## The playbook\n\n"
        .to_owned();
    form(&keys::PLAYBOOK, &mut text);
    text +=
        "\n## Verbs\n\nEach step has exactly one of them, and may have `id`, `about` and `if`. Keys without which a step is not read are marked.\n";
    for verb in &keys::VERBS {
        let head = about::of_verb(verb).unwrap();
        text += &format!("\n### {}\n\n{}. `{}:` takes {}.\n", verb.name, capital(head.text), verb.name, takes(verb.kind));
        let id = verb.needs_id.then_some(Key { name: "id", kind: Kind::Name, required: true });
        let rows: Vec<&Key> = id.iter().chain(verb.keys).collect();
        if !rows.is_empty() {
            text.push('\n');
            table(&rows, |key| about::of_step(verb, key).unwrap(), &mut text);
        }
    }
    text += "\n### Every step\n\n";
    let send = keys::verb("send").unwrap();
    table(&keys::STEP_KEYS.iter().collect::<Vec<_>>(), |key| about::of_step(send, key).unwrap(), &mut text);
    text += "\n## Maps and lists in them\n";
    for part in about::forms() {
        text += &format!("\n### {}\n\n", capital(part.title));
        form(part, &mut text);
    }
    page("playbook.md", &text);
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn form(form: &Form, text: &mut String) {
    table(&form.keys.iter().collect::<Vec<_>>(), |key| about::of_form(form, key).unwrap(), text);
    if !form.one_of.is_empty() {
        *text += &format!("\nOne of {} must be there.\n", form.one_of.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" and "));
    }
}

fn table(rows: &[&Key], about: impl Fn(&str) -> &'static About, text: &mut String) {
    *text += "| key | takes | without it | what it is for |\n|---|---|---|---|\n";
    for key in rows {
        let About { default, text: what, .. } = about(key.name);
        let without = if key.required { "**needed**" } else { default };
        *text += &format!("| `{}` | {} | {without} | {} |\n", key.name, cell(&takes(key.kind)), cell(what));
    }
}

/// What a kind of value looks like.
fn takes(kind: Kind) -> String {
    match kind {
        Kind::Text => "a text, one for each language `{en: …, es: …}`, or `{file: NAME}`".to_owned(),
        Kind::Template => "a text with `{{ … }}`".to_owned(),
        Kind::Expr => "a condition".to_owned(),
        Kind::About => "words".to_owned(),
        Kind::Name => "a name, like `first_offer`".to_owned(),
        Kind::Target => "a name, or `contact.NAME`".to_owned(),
        Kind::Label => "a word".to_owned(),
        Kind::Tags => "a tag or a list".to_owned(),
        Kind::Milestone => "a name, like `lead.qualified`".to_owned(),
        Kind::Goto => "a step's id".to_owned(),
        Kind::Playbook => "a playbook's name".to_owned(),
        Kind::Sender => "a sender's name".to_owned(),
        Kind::Senders => "a sender's name or a list".to_owned(),
        Kind::Queue => "a queue's name".to_owned(),
        Kind::Duration => "a length: `90s`, `1h30m`, `2d`".to_owned(),
        Kind::Pause => "a length, also `0s`".to_owned(),
        Kind::TimeOfDay => "`9am`, `8:30pm`".to_owned(),
        Kind::Window => "`9am-8pm`".to_owned(),
        Kind::Days => "`mon-fri,sun`".to_owned(),
        Kind::Cap => "`2 per day`, `week` or `month`".to_owned(),
        Kind::Rate => "`100/m`".to_owned(),
        Kind::Entry => "`always`, `once` or `once per 90d`".to_owned(),
        Kind::Percent => "`5%`".to_owned(),
        Kind::Cron => "`\"0 10 * * tue\"`".to_owned(),
        Kind::Zone => "`contact` or `America/Chicago`".to_owned(),
        Kind::Moment => "`\"2027-05-01 10:00\"`".to_owned(),
        Kind::Language => "`en`, `es-MX`".to_owned(),
        Kind::OneOf(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        Kind::Bool => "`true`, `false`".to_owned(),
        Kind::True => "`true`".to_owned(),
        Kind::Count(min, u32::MAX) => format!("a whole number from {min}"),
        Kind::Count(min, max) => format!("{min} to {max}"),
        Kind::Weight => "a number above 0".to_owned(),
        Kind::Keywords => "a word or a list".to_owned(),
        Kind::Media => "an address or a list".to_owned(),
        Kind::Buttons => "a list of words".to_owned(),
        Kind::Match => "a [match](matches.md) or a list".to_owned(),
        Kind::As => "a word, a number, true or false".to_owned(),
        Kind::Value => "any value".to_owned(),
        Kind::Values => "names and values".to_owned(),
        Kind::Templates => "names and texts".to_owned(),
        Kind::Set => "names or `contact.NAME`, each with a value".to_owned(),
        Kind::HttpSave => "names, each with a path".to_owned(),
        Kind::RunSave => "names, each with a name of that playbook".to_owned(),
        Kind::Params => "names and values".to_owned(),
        Kind::Renamed => "old ids, each with the new one".to_owned(),
        Kind::Call => "`METHOD https://…`".to_owned(),
        Kind::Form(form) => format!("{} (below)", form.title),
        Kind::Forms(form) => format!("a list, each {} (below)", form.title),
        Kind::Branch(form) => format!("{} (below)", form.title),
        Kind::Branches(form) => format!("a list, each {} (below)", form.title),
        Kind::Triggers => "a list of triggers (below)".to_owned(),
        Kind::Steps => "a list of steps".to_owned(),
    }
}

/// A way to match, a reply, and what is saved of it; none where the reply is not understood.
const MATCHES: &[(&str, &str, Option<&str>)] = &[
    ("yes", "sure, sounds good", Some("\"yes\"")),
    ("yes", "👍", Some("\"yes\"")),
    ("yes", "ok but no", None),
    ("no", "not really", Some("\"no\"")),
    ("no", "nope 🙅", Some("\"no\"")),
    ("number", "about $8,500", Some("8500")),
    ("number", "8k", Some("8000")),
    ("number", "five", Some("5")),
    ("number", "five stars", None),
    ("{number: {min: 1, max: 5}}", "4 stars", Some("4")),
    ("{number: {min: 1, max: 5}}", "6", None),
    ("date", "3/9", Some("\"2026-03-09\"")),
    ("date", "next friday", Some("\"2026-03-06\"")),
    ("date", "some day", None),
    ("time", "2pm", Some("\"14:00\"")),
    ("time", "14h30", Some("\"14:30\"")),
    ("time", "at 3", None),
    ("email", "It's Ana@Example.com", Some("\"ana@example.com\"")),
    ("phone", "call (512) 555-0199", Some("\"+15125550199\"")),
    ("any", " whatever they write ", Some("\"whatever they write\"")),
    ("{words: [price, how much]}", "So how much is it?", Some("\"how much\"")),
    ("{words: [price]}", "priceless", None),
    ("{any_of: [\"2\", two]}", "option 2", Some("\"2\"")),
    ("{any_of: [\"2\", two]}", "Two please", Some("\"two\"")),
    ("{any_of: [two]}", "two of them", None),
    ("{phrase: call me}", "Can you call  me?", Some("\"call me\"")),
    ("{regex: '(\\d{5})'}", "order #10234", Some("\"10234\"")),
    ("{button: Book it}", "book it", Some("\"Book it\"")),
    ("[no, {words: [later]}]", "later maybe", Some("\"later\"")),
];

/// What `media` and `other` are can't be shown in one text.
const TOLD: &[(&str, &str)] = &[
    ("media", "a picture or file; its address is saved"),
    ("other", "any text, but only when no other rule, no rule of `anytime` and no keyword of another playbook takes it"),
];

#[test]
fn matches() {
    let shown = |way: &str| MATCHES.iter().any(|(shown, ..)| shown.contains(way)) || TOLD.iter().any(|(word, _)| *word == way);
    assert!(MATCH_WORDS.iter().chain(&MATCH_KEYS).all(|way| shown(way)), "a way to match has no example");
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("playbooks")).unwrap();
    let settings = "brand: Acme\ntimezone: America/Chicago\nsenders: {main: {number: \"+15125550199\", type: long_code}}\n";
    std::fs::write(home.path().join("bridged.yaml"), settings).unwrap();
    let mut text = "# What `match` understands\n\nA rule of `replies` and `anytime` fits when its `match` does; of a list one member is enough. The first rule that fits wins. \
                    Capitals and the kind of quotes do not matter. Each line below was carried out on Tuesday, March 3, 2026 with a contact in Texas; `as` replaces what is saved.\n\n\
                    | `match` | the reply | saved |\n|---|---|---|\n"
        .to_owned();
    for (number, (way, reply, saved)) in MATCHES.iter().enumerate() {
        let buttons = if way.contains("button") { "\n    buttons: [Book it]" } else { "" };
        let playbook = format!(
            "playbook: m{number}\nmessage_class: conversational\ntriggers: [{{event: e{number}}}]\nsteps:\n  - id: it\n    ask: Well?{buttons}\n    save: value\n    replies: [{{match: {way}}}]\n    on_no_match: {{end: not_understood}}\n    timeout: 1d\n    on_timeout: {{end: silent}}\n"
        );
        let outcome = if saved.is_some() { "completed" } else { "not_understood" };
        let test = format!(
            "test: \"{number}\"\nplaybook: m{number}\nnow: \"2026-03-03 10:00\"\ncontact: {{phone: \"+15125550111\"}}\nstart: {{event: e{number}}}\nscript:\n  - bot: Well?\n  - contact: {}\nexpect: {{outcome: {outcome}, vars: {{value: {}}}}}\n",
            serde_json::to_string(reply).unwrap(),
            saved.unwrap_or("null")
        );
        std::fs::write(home.path().join(format!("playbooks/m{number}.yaml")), playbook).unwrap();
        std::fs::write(home.path().join(format!("playbooks/m{number}.test.yaml")), test).unwrap();
        let saved = saved.map_or("not understood".to_owned(), |saved| format!("`{}`", saved.trim_matches('"')));
        text += &format!("| `{}` | {} | {saved} |\n", cell(way), cell(reply.trim()));
    }
    let (code, said) = run(home.path(), &["test"]);
    assert_eq!(code, 0, "{said}");
    for (way, what) in TOLD {
        text += &format!("| `{way}` | {what} | |\n");
    }
    page("matches.md", &text);
}
