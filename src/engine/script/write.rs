//! A test as a `*.test.yaml` file: what a chat saves and what an exploration reports.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{Act, Crash, Prepared, Said, Start, Transcript, Wrote};

/// The test as YAML that [`super::read`] reads back.
pub fn write(test: &Transcript) -> String {
    let mut yaml = String::new();
    let mut head = |key: &str, value: String| {
        // Writing to a string can't fail.
        let _ = writeln!(yaml, "{key}: {value}");
    };
    head("test", text(&test.name));
    head("playbook", text(&test.playbook));
    head("now", text(&test.now));
    head("contact", flow(&contact(test)));
    if let Some(first) = &test.start {
        head("start", flow(&start(first)));
    }
    if !test.before.is_empty() {
        let before = test.before.iter().map(|before| {
            let playbook = before.playbook.as_ref().map(|playbook| ("playbook", json!(playbook)));
            map([("sent", json!(before.sent)), ("class", json!(before.class.as_str()))].into_iter().chain(playbook))
        });
        head("before", flow(&before.collect()));
    }
    if !test.http.is_empty() {
        head("http", flow(&test.http.iter().map(prepared).collect()));
    }
    if !test.variants.is_empty() {
        let name = |pin: &str| if pin == "#holdout" { "holdout".to_owned() } else { pin.to_owned() };
        head("variants", flow(&test.variants.iter().map(|(pin, to)| (name(pin), json!(to))).collect()));
    }
    yaml.push_str(if test.script.is_empty() { "script: []\n" } else { "script:\n" });
    for line in &test.script {
        let mut lead = "  - ";
        for (key, value) in act(&line.act) {
            let _ = writeln!(yaml, "{lead}{key}: {}", flow(&value));
            lead = "    ";
        }
    }
    if !test.expect.is_empty() {
        let expect: Value = test.expect.iter().map(|(key, _, value)| (key.clone(), value.clone())).collect();
        let _ = writeln!(yaml, "expect: {}", flow(&expect));
    }
    yaml
}

fn map<'k>(pairs: impl IntoIterator<Item = (&'k str, Value)>) -> Value {
    Value::Object(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn contact(test: &Transcript) -> Value {
    let mut contact = Map::new();
    contact.insert("phone".to_owned(), json!(test.phone));
    contact.extend(test.fields.clone());
    for (key, names) in [("tags", &test.tags), ("lists", &test.lists)] {
        if !names.is_empty() {
            contact.insert(key.to_owned(), json!(names));
        }
    }
    // Absent it is marketing.
    if test.consent != ["marketing"] {
        contact.insert("consent".to_owned(), json!(test.consent));
    }
    if test.opted_out {
        contact.insert("opted_out".to_owned(), json!(true));
    }
    Value::Object(contact)
}

fn start(start: &Start) -> Value {
    let to = |to: &Option<String>| to.as_ref().map(|to| ("to", json!(to)));
    match start {
        Start::Event(name, data) => map([("event", json!(name)), ("data", data.clone())]),
        Start::Text(text, sender) => map([("message", json!(text))].into_iter().chain(to(sender))),
        Start::Tagged(tag) => map([("tagged", json!(tag))]),
        Start::Call(sender) => map([("call", json!(true))].into_iter().chain(to(sender))),
        Start::Cron(_) => map([("cron", json!(true))]),
    }
}

fn prepared(prepared: &Prepared) -> Value {
    Value::Object(prepared_pairs(prepared).into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn prepared_pairs(prepared: &Prepared) -> Vec<(&'static str, Value)> {
    let mut pairs = vec![("http", json!(prepared.call))];
    match &prepared.answer {
        Ok((status, body)) => {
            pairs.push(("status", json!(status)));
            if !body.is_null() {
                pairs.push(("json", body.clone()));
            }
        }
        Err(fail) => pairs.push(("fail", json!(fail))),
    }
    pairs.extend(prepared.times.map(|times| ("times", json!(times))));
    pairs
}

/// A line of the script: its kind, then what stands beside it.
fn act(act: &Act) -> Vec<(&'static str, Value)> {
    let beside = |key: &'static str, value: &Option<String>| value.as_ref().map(|value| (key, json!(value)));
    match act {
        Act::Bot(said) => vec![("bot", bot(said))],
        Act::Voice(text) => vec![("voice", json!(text))],
        Act::Contact(wrote) => vec![("contact", contact_line(wrote))],
        Act::Call(to) => [("call", json!(true))].into_iter().chain(beside("to", to)).collect(),
        Act::Click(step) => vec![("click", json!(step))],
        Act::Agent(text) => vec![("agent", json!(text))],
        Act::AgentCloses(outcome) => vec![("agent_closes", json!(outcome))],
        Act::Advance(length) => vec![("advance", json!(length.to_string()))],
        Act::AdvanceTo(when) => vec![("advance_to", json!(when))],
        Act::Silent(length) => vec![("silent", json!(length.to_string()))],
        Act::At(when) => vec![("at", json!(when))],
        Act::Event(name, data) if data.as_object().is_some_and(Map::is_empty) => vec![("event", json!(name))],
        Act::Event(name, data) => vec![("event", json!(name)), ("data", data.clone())],
        Act::Tagged(tag) => vec![("tagged", json!(tag))],
        Act::Start(Start::Cron(playbook)) => [("start", start(&Start::Cron(None)))].into_iter().chain(beside("playbook", playbook)).collect(),
        Act::Start(other) => vec![("start", start(other))],
        Act::Http(answer) => prepared_pairs(answer),
        Act::Refuse(code) => vec![("refuse", json!(code))],
        Act::Delivery(status, code) => vec![("delivery", json!(code.map_or(status.clone(), |code| format!("{status} {code}"))))],
        Act::Crash(Crash::BeforeSend) => vec![("crash", json!("before_send"))],
        Act::Crash(Crash::AfterSend) => vec![("crash", json!("after_send"))],
        Act::Crash(Crash::Any) => vec![("crash", json!("any"))],
        Act::Deploy(file) => vec![("deploy", json!(file))],
    }
}

fn bot(said: &Said) -> Value {
    match said {
        Said { text: Some(text), from: None, template: None, media: None } => json!(text),
        Said { text, from, template, media } => {
            let words = [("text", text), ("from", from), ("template", template)];
            let words = words.into_iter().filter_map(|(key, value)| value.as_ref().map(|value| (key, json!(value))));
            map(words.chain(media.map(|media| ("media", json!(media)))))
        }
    }
}

fn contact_line(wrote: &Wrote) -> Value {
    match wrote {
        Wrote { text, media, button: None, to: None } if media.is_empty() => json!(text),
        Wrote { text, media, button, to } => {
            let words = [("text", Some(text).filter(|text| !text.is_empty())), ("button", button.as_ref()), ("to", to.as_ref())];
            let words = words.into_iter().filter_map(|(key, value)| value.map(|value| (key, json!(value))));
            map(words.chain((!media.is_empty()).then(|| ("media", json!(media)))))
        }
    }
}

/// A value in YAML's flow form.
fn flow(value: &Value) -> String {
    match value {
        Value::String(words) => text(words),
        Value::Array(members) => format!("[{}]", members.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(pairs) => {
            let pairs = pairs.iter().map(|(key, value)| format!("{}: {}", text(key), flow(value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// A text: bare where nobody could read it otherwise, else quoted as JSON is, which is YAML too.
fn text(words: &str) -> String {
    let plain = |c: char| c.is_ascii_alphabetic() || c == '_';
    let bare = words.chars().all(|c| plain(c) || c.is_ascii_digit() || matches!(c, ' ' | '.' | '-'))
        && words.starts_with(plain)
        && words.ends_with(|c: char| plain(c) || c.is_ascii_digit())
        && !["yes", "no", "true", "false", "null", "on", "off", "y", "n"].contains(&words.to_ascii_lowercase().as_str());
    if bare { words.to_owned() } else { json!(words).to_string() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::read;
    use super::*;

    /// Every kind of line, with texts that YAML would like to misread.
    const ALL: &str = r##"test: "all: kinds #1"
playbook: hello
now: "2026-03-03 10:00"
contact: {phone: "+15125550111", first_name: "null", budget: 5, tags: [a, b], consent: [], opted_out: true}
start: {event: lead.created, data: {n: 1, ok: true, none: null, list: [x, "1"]}}
before:
  - {sent: "2026-03-01 10:00", class: marketing, playbook: hello}
http:
  - {http: "GET https://a.example/", fail: timeout, times: 1}
variants: {pick: b, holdout: in}
script:
  - bot: "~^It's \\d: yes"
  - bot: {text: hi, from: main, template: HX1, media: true}
  - voice: Hello
  - contact: "yes"
  - contact: {text: "two\nlines", media: ["https://a.example/x.png"], to: main}
  - contact: {button: Go}
  - call: true
    to: main
  - click: pick
  - agent: "🛠 coming"
  - agent_closes: solved
  - advance: 1h30m
  - advance_to: "2026-03-05 09:00"
  - silent: 5d
  - at: "2026-03-10 09:00"
  - event: order.placed
    data: {id: "7"}
  - event: bare
  - tagged: vip
  - start: {cron: true}
    playbook: other
  - start: {keyword: HI}
  - http: POST https://a.example/b
    status: 201
    json: {id: 7}
  - refuse: 21614
  - delivery: failed 30003
  - delivery: read
  - crash: before_send
  - crash: after_send
  - crash: any
  - deploy: new.yaml
expect: {outcome: null, sent: 3, vars: {a: "1"}, tags: [x]}
"##;

    #[test]
    fn what_is_written_is_read_back() {
        let first = read("a", ALL).unwrap();
        let yaml = write(first.first().unwrap());
        let again = read("b", &yaml).unwrap_or_else(|problems| panic!("{problems:#?}\n{yaml}"));
        // A keyword and a message are the same start; lines of the file differ.
        assert_eq!(write(again.first().unwrap()), yaml);
        let bare = |test: &Transcript| {
            let lines: Vec<String> = test.script.iter().map(|line| format!("{:?}", line.act)).collect();
            let expect: Vec<_> = test.expect.iter().map(|(key, _, value)| (key.clone(), value.clone())).collect();
            format!("{:?}", (lines, expect, &test.fields, &test.start, &test.http, &test.variants, &test.consent, &test.tags))
        };
        assert_eq!(bare(first.first().unwrap()), bare(again.first().unwrap()));
    }
}
