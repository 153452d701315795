//! A `*.test.yaml` file as tests. Unknown keys are problems, each with its line.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Act, Before, Crash, Line, Prepared, Problem, Said, Start, Transcript, Wrote};
use crate::model::Class;
use crate::playbook::did_you_mean;
use crate::playbook::yaml::{self, Entry, Kind, Node, Style};
use crate::text::Length;

/// Contact keys that are not fields.
const CONTACT_KEYS: [&str; 5] = ["phone", "tags", "lists", "consent", "opted_out"];

const HEAD: [&str; 11] = ["test", "about", "playbook", "now", "contact", "start", "before", "http", "variants", "script", "expect"];
const STARTS: [&str; 8] = ["event", "data", "keyword", "message", "to", "cron", "tagged", "call"];
const PREPARED: [&str; 5] = ["http", "json", "status", "fail", "times"];
/// Each kind of line with the keys that may stand beside it.
const LINES: [(&str, &[&str]); 19] = [
    ("bot", &[]),
    ("voice", &[]),
    ("contact", &[]),
    ("call", &["to"]),
    ("click", &[]),
    ("agent", &[]),
    ("agent_closes", &[]),
    ("advance", &[]),
    ("advance_to", &[]),
    ("silent", &[]),
    ("at", &[]),
    ("event", &["data"]),
    ("tagged", &[]),
    ("start", &["playbook"]),
    ("http", &["json", "status", "fail", "times"]),
    ("refuse", &[]),
    ("delivery", &[]),
    ("crash", &[]),
    ("deploy", &[]),
];
const EXPECT: [&str; 16] = [
    "outcome",
    "outcomes",
    "at_step",
    "sent",
    "segments",
    "contact",
    "vars",
    "tags",
    "no_tags",
    "recorded",
    "handoff",
    "not_started",
    "skipped",
    "goal",
    "opted_out",
    "version",
];

/// Reads all tests of a file.
pub fn read(path: &str, source: &str) -> Result<Vec<Transcript>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut tests: Vec<Transcript> = Vec::new();
    let path = Arc::from(path);
    for (offset, document) in documents(source) {
        let tree = yaml::read(&path, document);
        let mut reader = Reader { offset, problems: Vec::new() };
        reader.problems.extend(tree.faults.iter().map(|fault| Problem { line: fault.span.line + offset, message: fault.sentence() }));
        if let Some(root) = &tree.root
            && let Some(test) = reader.transcript(root)
        {
            if tests.iter().any(|known| known.name == test.name) {
                reader.problems.push(Problem { line: test.line, message: format!("two tests are named `{}`", test.name) });
            }
            tests.push(test);
        }
        problems.append(&mut reader.problems);
    }
    if problems.is_empty() { Ok(tests) } else { Err(problems) }
}

/// The documents of a file, each with the number of lines before it.
fn documents(source: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let (mut start, mut first_line, mut at, mut line) = (0, 0, 0, 0);
    for text in source.split_inclusive('\n') {
        let next = at + text.len();
        line += 1;
        if text.trim_end() == "---" {
            found.push((first_line, source.get(start..at).unwrap_or_default()));
            (start, first_line) = (next, line);
        }
        at = next;
    }
    found.push((first_line, source.get(start..).unwrap_or_default()));
    found.retain(|(_, document)| document.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#')));
    found
}

struct Reader {
    /// Lines of the file before this document.
    offset: usize,
    problems: Vec<Problem>,
}

impl Reader {
    fn line(&self, node: &Node) -> usize {
        node.span.line + self.offset
    }

    fn problem(&mut self, node: &Node, message: impl Into<String>) {
        let line = self.line(node);
        self.problems.push(Problem { line, message: message.into() });
    }

    fn known(&mut self, node: &Node, keys: &[&str]) {
        for entry in node.entries().iter().filter(|entry| !keys.contains(&entry.key.as_str())) {
            let guess = did_you_mean(&entry.key, keys.iter().copied()).map(|guess| format!(" (did you mean `{guess}`?)")).unwrap_or_default();
            self.problems.push(Problem { line: entry.at.line + self.offset, message: format!("`{}` is not known here{guess}", entry.key) });
        }
    }

    fn text(&mut self, node: &Node, key: &str) -> Option<String> {
        let value = node.get_text(key).map(str::to_owned);
        if value.is_none() {
            self.problem(node, format!("`{key}` is missing"));
        }
        value
    }

    fn transcript(&mut self, root: &Node) -> Option<Transcript> {
        self.known(root, &HEAD);
        let name = self.text(root, "test")?;
        let playbook = self.text(root, "playbook")?;
        let now = self.text(root, "now")?;
        let Some(contact) = root.get("contact") else {
            self.problem(root, "`contact` is missing");
            return None;
        };
        let phone = self.text(contact, "phone")?;
        let fields: Map<String, Value> = contact
            .entries()
            .iter()
            .filter(|entry| !CONTACT_KEYS.contains(&entry.key.as_str()))
            .map(|entry| (entry.key.clone(), json(&entry.value)))
            .collect();
        let consent = contact.get("consent").map_or_else(|| vec!["marketing".to_owned()], list);
        let mut variants: BTreeMap<String, String> = BTreeMap::new();
        for entry in root.get("variants").map(Node::entries).unwrap_or_default() {
            let pin = if entry.key == "holdout" { "#holdout" } else { entry.key.as_str() };
            variants.insert(pin.to_owned(), entry.value.text().unwrap_or_default().to_owned());
        }
        let start = root.get("start").and_then(|start| self.start(start, None));
        let before = root.get("before").map(Node::members).unwrap_or_default().iter().filter_map(|node| self.before(node)).collect();
        let http = root.get("http").map(Node::members).unwrap_or_default().iter().filter_map(|node| self.prepared(node, &PREPARED)).collect();
        let script = root.get("script").map(Node::members).unwrap_or_default().iter().filter_map(|node| self.script_line(node)).collect();
        if root.get("script").is_none() {
            self.problem(root, "`script` is missing");
        }
        let expected = root.get("expect").map(Node::entries).unwrap_or_default();
        if let Some(expect) = root.get("expect") {
            self.known(expect, &EXPECT);
        }
        let offset = self.offset;
        Some(Transcript {
            name,
            line: self.line(root),
            playbook,
            now,
            phone,
            fields,
            tags: contact.get("tags").map(list).unwrap_or_default(),
            lists: contact.get("lists").map(list).unwrap_or_default(),
            consent,
            opted_out: contact.get("opted_out").and_then(Node::bool).unwrap_or_default(),
            start,
            before,
            http,
            variants,
            script,
            expect: expected.iter().map(|entry| (entry.key.clone(), entry.at.line + offset, json(&entry.value))).collect(),
        })
    }

    fn start(&mut self, node: &Node, playbook: Option<String>) -> Option<Start> {
        self.known(node, &STARTS);
        let to = node.get_text("to").map(str::to_owned);
        let data = node.get("data").map_or_else(|| Value::Object(Map::new()), json);
        let word = |key: &str| node.get_text(key).map(str::to_owned);
        let start = word("event")
            .map(|name| Start::Event(name, data))
            .or_else(|| word("keyword").or_else(|| word("message")).map(|text| Start::Text(text, to.clone())))
            .or_else(|| word("tagged").map(Start::Tagged))
            .or_else(|| node.get("call").map(|_| Start::Call(to)))
            .or_else(|| node.get("cron").map(|_| Start::Cron(playbook)));
        let kinds = node.entries().iter().filter(|entry| !["data", "to"].contains(&entry.key.as_str())).count();
        if start.is_none() || kinds > 1 {
            self.problem(node, "a start is one of `event`, `keyword`, `message`, `tagged`, `call`, `cron`");
        }
        start
    }

    fn before(&mut self, node: &Node) -> Option<Before> {
        self.known(node, &["sent", "class", "playbook"]);
        let sent = self.text(node, "sent")?;
        let class = self.text(node, "class")?;
        let class = [Class::Marketing, Class::Transactional, Class::Conversational].into_iter().find(|known| known.as_str() == class);
        if class.is_none() {
            self.problem(node, "`class` is marketing, transactional or conversational");
        }
        Some(Before { sent, class: class?, playbook: node.get_text("playbook").map(str::to_owned) })
    }

    fn prepared(&mut self, node: &Node, keys: &[&str]) -> Option<Prepared> {
        self.known(node, keys);
        let call = self.text(node, "http")?;
        let answer = match node.get_text("fail") {
            Some(fail) => {
                if !["timeout", "refused"].contains(&fail) {
                    self.problem(node, "`fail` is timeout or refused");
                }
                Err(fail.to_owned())
            }
            None => {
                let status = node.get("status").and_then(Node::number).and_then(|status| status.as_u64()).unwrap_or(200);
                Ok((u16::try_from(status).unwrap_or(200), node.get("json").map_or(Value::Null, json)))
            }
        };
        let times = node.get("times").and_then(Node::number).and_then(|times| times.as_u64()).and_then(|times| u32::try_from(times).ok());
        Some(Prepared { call, answer, times })
    }

    fn script_line(&mut self, node: &Node) -> Option<Line> {
        let entry = node.entries().iter().find(|entry| LINES.iter().any(|(name, _)| *name == entry.key));
        let Some(entry) = entry else {
            match node.entries().first() {
                Some(first) => {
                    let guess = did_you_mean(&first.key, LINES.iter().map(|(name, _)| *name)).map(|guess| format!(" (did you mean `{guess}`?)"));
                    self.problem(node, format!("`{}` is not a line of a script{}", first.key, guess.unwrap_or_default()));
                }
                None => self.problem(node, "a line of a script is a map, like `- bot: Hi`"),
            }
            return None;
        };
        let beside = LINES.iter().find(|(name, _)| *name == entry.key).map(|(_, beside)| *beside).unwrap_or_default();
        let keys: Vec<&str> = std::iter::once(entry.key.as_str()).chain(beside.iter().copied()).collect();
        self.known(node, &keys);
        let act = self.act(node, entry)?;
        Some(Line { at: entry.at.line + self.offset, act })
    }

    fn act(&mut self, node: &Node, entry: &Entry) -> Option<Act> {
        let value = &entry.value;
        let word = value.text().map(str::to_owned);
        let need = |reader: &mut Reader| {
            if word.is_none() {
                reader.problem(value, format!("`{}` needs a value", entry.key));
            }
            word.clone()
        };
        Some(match entry.key.as_str() {
            "bot" => Act::Bot(self.said(value)),
            "voice" => Act::Voice(need(self)?),
            "contact" => Act::Contact(self.wrote(value)),
            "call" => Act::Call(node.get_text("to").map(str::to_owned)),
            "click" => Act::Click(need(self)?),
            "agent" => Act::Agent(need(self)?),
            "agent_closes" => Act::AgentCloses(need(self)?),
            "advance" => Act::Advance(self.length(value)?),
            "silent" => Act::Silent(self.length(value)?),
            "advance_to" => Act::AdvanceTo(need(self)?),
            "at" => Act::At(need(self)?),
            "event" => Act::Event(need(self)?, node.get("data").map_or_else(|| Value::Object(Map::new()), json)),
            "tagged" => Act::Tagged(need(self)?),
            "start" => Act::Start(self.start(value, node.get_text("playbook").map(str::to_owned))?),
            "http" => Act::Http(self.prepared(node, &PREPARED)?),
            "refuse" => Act::Refuse(self.code(value)?),
            "delivery" => {
                let text = need(self)?;
                let (status, code) = text.split_once(' ').map_or((text.as_str(), None), |(status, code)| (status, code.parse().ok()));
                if !["delivered", "read", "failed", "undelivered"].contains(&status) {
                    self.problem(value, "`delivery` is delivered, read, or failed or undelivered with a code, like `failed 30003`");
                }
                Act::Delivery(status.to_owned(), code)
            }
            "crash" => match word.as_deref() {
                Some("before_send") => Act::Crash(Crash::BeforeSend),
                Some("after_send") => Act::Crash(Crash::AfterSend),
                Some("any") => Act::Crash(Crash::Any),
                _ => {
                    self.problem(value, "`crash` is before_send, after_send or any");
                    return None;
                }
            },
            _ => Act::Deploy(need(self)?),
        })
    }

    fn said(&mut self, node: &Node) -> Said {
        if node.entries().is_empty() {
            return Said { text: node.text().map(str::to_owned), ..Said::default() };
        }
        self.known(node, &["text", "from", "template", "media"]);
        let word = |key: &str| node.get_text(key).map(str::to_owned);
        Said { text: word("text"), from: word("from"), template: word("template"), media: node.get("media").and_then(Node::bool) }
    }

    fn wrote(&mut self, node: &Node) -> Wrote {
        if node.entries().is_empty() {
            return Wrote { text: node.text().unwrap_or_default().to_owned(), ..Wrote::default() };
        }
        self.known(node, &["text", "media", "button", "to"]);
        let word = |key: &str| node.get_text(key).map(str::to_owned);
        Wrote {
            text: word("text").unwrap_or_default(),
            media: node.get("media").map(list).unwrap_or_default(),
            button: word("button"),
            to: word("to"),
        }
    }

    fn length(&mut self, node: &Node) -> Option<Length> {
        let length = node.text().and_then(Length::parse);
        if length.is_none() {
            self.problem(node, format!("`{}` is not a length of time", node.text().unwrap_or_default()));
        }
        length
    }

    fn code(&mut self, node: &Node) -> Option<u32> {
        let code = node.text().and_then(|text| text.parse().ok());
        if code.is_none() {
            self.problem(node, "expected an error code of Twilio, like 21614");
        }
        code
    }
}

/// The texts of a list, or of a single value.
fn list(node: &Node) -> Vec<String> {
    node.one_or_many().iter().filter_map(Node::text).map(str::to_owned).collect()
}

/// A value as data: plain numbers, booleans and nothing keep their type.
pub(super) fn json(node: &Node) -> Value {
    match &node.kind {
        Kind::Map(entries) => Value::Object(entries.iter().map(|entry| (entry.key.clone(), json(&entry.value))).collect()),
        Kind::List(members) => members.iter().map(json).collect(),
        Kind::Text { text, style: Style::Plain } => {
            if node.is_null() {
                Value::Null
            } else if let Some(number) = node.number() {
                Value::Number(number)
            } else if text == "true" || text == "false" {
                Value::Bool(text == "true")
            } else {
                Value::from(text.as_str())
            }
        }
        Kind::Text { text, .. } => Value::from(text.as_str()),
        Kind::Reported => Value::Null,
    }
}
