//! Names, filters and functions of texts, each with an example that is carried out.

use std::collections::BTreeMap;

use bridged::text::{Expr, FILTERS, Scope, Template};
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::{cell, page};

/// What may stand between `{{` and `}}`: what it is, and an example.
const NAMES: &[(&str, &str)] = &[
    ("the brand of the settings", "{{ brand }}"),
    ("this moment, in UTC", "{{ now }}"),
    ("a field of the contact", "{{ contact.first_name }}"),
    ("data of the event that started it", "{{ event.order_id }}"),
    ("a value that the conversation saved", "{{ day }}"),
    ("the latest answer: `text`, `value`, `media`, `button`", "{{ reply.text }}"),
    ("tries used at the open question", "{{ tries }}"),
    ("the queue of a hand-off: `name`, `open`, `opens_at`", "{{ queue.name }}"),
    ("a secret, only in `http` steps", "{{ secret.SHOP_TOKEN }}"),
];

/// The filters: name, what it does, an example.
const FILTER_EXAMPLES: &[(&str, &str, &str)] = &[
    ("money", "an amount in dollars, or in another currency", "{{ event.total | money }}, {{ event.total | money('EUR') }}"),
    ("day", "the day, by the contact's clock and in its language", "{{ event.starts_at | day }}"),
    ("time", "the time of day, likewise", "{{ event.starts_at | time }}"),
    ("day_time", "both", "{{ event.starts_at | day_time }}"),
    ("default", "another text where there is none", "{{ contact.last_name | default('friend') }}"),
    ("urlencode", "a part of an address", "https://shop.example/orders?phone={{ contact.phone | urlencode }}"),
    ("upper", "in capitals", "{{ brand | upper }}"),
    ("lower", "in small letters", "{{ brand | lower }}"),
    ("title", "each word with a capital", "{{ 'ana maria' | title }}"),
    ("trim", "without spaces around it", "[{{ ' x ' | trim }}]"),
    ("round", "rounded, to so many places", "{{ 2.567 | round(1) }}"),
    ("int", "as a whole number", "{{ '7' | int + 1 }}"),
    ("length", "how many members or letters", "{{ contact.tags | length }}"),
    ("join", "a list as a text", "{{ contact.tags | join(' and ') }}"),
    ("first", "the first of a list", "{{ event.lines | first }}"),
    ("last", "the last of a list", "{{ event.lines | last }}"),
    ("replace", "one text for another", "{{ event.order_id | replace('-', ' ') }}"),
];

/// The functions: name, what it does, an example.
const FUNCTIONS: &[(&str, &str, &str)] = &[
    ("link(url)", "a short address of ours that counts who opens it", "{{ link('https://acme.example/spring') }}"),
    ("clicked('id')", "whether a link of that step was opened", "{{ clicked('offer') }}"),
    ("transcript(n)", "the last texts of the talk, 20 at most", "{{ transcript(2) }}"),
];

/// Conditions and what they are here.
const CONDITIONS: &[(&str, bool)] = &[
    ("event.total >= 25", true),
    ("'lead' in contact.tags", true),
    ("\"vip\" in contact.tags", false),
    ("day == 'friday' and not clicked('last_call')", true),
    ("contact.last_name", false),
    ("not contact.last_name", true),
    ("event.nothing.like.that", false),
    ("contact.score is number and contact.score < 70", false),
];

/// What the examples know.
struct Sample {
    contact: Map<String, Value>,
    event: Value,
    vars: Map<String, Value>,
    reply: Value,
    queue: Value,
    zone: TimeZone,
    transcript: Vec<String>,
    secrets: BTreeMap<String, String>,
}

impl Sample {
    fn new() -> Sample {
        let object = |value: Value| value.as_object().cloned().unwrap();
        Sample {
            contact: object(json!({"phone": "+15125550111", "first_name": "Ana", "last_name": null, "score": null, "tags": ["lead", "warm"]})),
            event: json!({"order_id": "A-77", "total": 42.5, "starts_at": "2026-03-05 15:00", "lines": ["tap", "sink"]}),
            vars: object(json!({"day": "friday"})),
            reply: json!({"text": "Friday please", "value": "friday", "media": null, "button": null}),
            queue: json!({"name": "sales", "open": false, "opens_at": "2026-03-04T09:00:00-06:00"}),
            zone: TimeZone::get("America/Chicago").unwrap(),
            transcript: vec!["bot: Which day?".to_owned(), "contact: Friday please".to_owned()],
            secrets: BTreeMap::from([("SHOP_TOKEN".to_owned(), "s3cret".to_owned())]),
        }
    }

    fn scope<'a>(&'a self, language: &'a str) -> Scope<'a> {
        Scope {
            brand: "Acme Home",
            now: "2026-03-03T16:00:00Z".parse().unwrap(),
            zone: &self.zone,
            language,
            contact: &self.contact,
            event: Some(&self.event),
            vars: &self.vars,
            reply: Some(&self.reply),
            tries: 1,
            queue: Some(&self.queue),
            clicked: &|step| step == "offer",
            transcript: &self.transcript,
            secrets: Some(&self.secrets),
            link_base: "https://sms.acme.example",
            link_seed: "m1",
        }
    }

    fn render(&self, example: &str) -> String {
        Template::parse(example).unwrap().render(&self.scope("en")).unwrap_or_else(|error| panic!("{example}: {error}")).text
    }
}

#[test]
fn texts() {
    let listed: Vec<&str> = FILTER_EXAMPLES.iter().map(|(name, ..)| *name).collect();
    assert_eq!(listed, FILTERS.split_whitespace().collect::<Vec<_>>(), "a filter has no example");
    let sample = Sample::new();
    let mut text = "# Texts and conditions\n\nBetween `{{` and `}}` stands a value, between `{% if … %}`, `{% else %}` and `{% endif %}` what depends on it. The language is that of Jinja, without includes and macros. \
                    The examples were carried out for Ana in Texas on Tuesday, March 3, 2026, with an order A-77 over 42.5.\n\n\
                    A text whose value is missing is not sent; a field of the contact that is empty is no text. `default` stands in for both. In a condition what is missing is empty, and empty is false.\n"
        .to_owned();
    let mut table = |title: &str, rows: &mut dyn Iterator<Item = (String, String, String)>| {
        text += &format!("\n## {title}\n\n| | what it is | example | becomes |\n|---|---|---|---|\n");
        for (name, what, example) in rows {
            let becomes = sample.render(&example);
            text += &format!("| {name} | {what} | `{}` | {} |\n", cell(&example), cell(&becomes));
        }
    };
    let name = |example: &str| format!("`{}`", example.trim_matches(['{', '}', ' ']).split('.').next().unwrap());
    table("Names", &mut NAMES.iter().map(|(what, example)| (name(example), (*what).to_owned(), (*example).to_owned())));
    let three = |(name, what, example): &(&str, &str, &str)| (format!("`{name}`"), (*what).to_owned(), (*example).to_owned());
    table("Filters", &mut FILTER_EXAMPLES.iter().map(three));
    table("Functions", &mut FUNCTIONS.iter().map(three));
    text += "\n## Days and times in other languages\n\n| language | `{{ event.starts_at \\| day_time }}` |\n|---|---|\n";
    for language in ["en", "es", "fr", "de", "pt"] {
        let shown = Template::parse("{{ event.starts_at | day_time }}").unwrap().render(&sample.scope(language)).unwrap().text;
        text += &format!("| `{language}` | {shown} |\n");
    }
    text += "\n## Conditions\n\n`if`, `where` and the branches of `choose`.\n\n| condition | here |\n|---|---|\n";
    for (condition, wanted) in CONDITIONS {
        let is = Expr::parse(condition).unwrap().is_true(&sample.scope("en")).unwrap();
        assert_eq!(is, *wanted, "{condition}");
        text += &format!("| `{}` | {is} |\n", cell(condition));
    }
    page("texts.md", &text);
}
