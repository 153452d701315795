//! The tree against the tables: every key known, every needed one there, every value of its kind, all in one pass.
//!
//! The same pass notes what the rules ask for: each value with its kind and surroundings, each step with its list.

use std::sync::Arc;

use super::fault::{Fault, Span};
use super::keys::{self, Form, Kind, MAX_REMINDERS, Verb};
use super::layout;

use super::values;
use super::yaml::{Entry, Kind as NodeKind, Node};

/// A file as the reader and the rules see it.
#[derive(Clone, Copy)]
pub struct File<'a> {
    /// Path as shown.
    pub path: &'a Arc<str>,
    /// Its text.
    pub source: &'a str,
    /// Its top value.
    pub root: &'a Node,
}

/// A value with its surroundings.
#[derive(Clone, Copy)]
pub struct Leaf<'a> {
    /// The key it stands under.
    pub key: &'a str,
    /// Where the key stands.
    pub at: Span,
    /// What kind of value the key takes.
    pub kind: Kind,
    /// The value; for lists of texts each member is a leaf.
    pub node: &'a Node,
    /// The step it belongs to, in `Reading::steps`; none for keys of the playbook.
    pub step: Option<usize>,
    /// The list of steps whose ids it may go to, in `Reading::lists`.
    pub list: usize,
    /// The key of the branch, rule or exit it belongs to; empty outside of one.
    pub owner: &'a str,
}

/// A step with its surroundings.
pub struct Step<'a> {
    /// The whole step.
    pub node: &'a Node,
    /// What it does.
    pub verb: &'static Verb,
    /// The verb's key and value.
    pub entry: &'a Entry,
    /// Its list, in `Reading::lists`.
    pub list: usize,
}

/// What one pass over a file notes.
#[derive(Default)]
pub struct Reading<'a> {
    /// Every value.
    pub leaves: Vec<Leaf<'a>>,
    /// Every step with a verb, outer ones before inner ones.
    pub steps: Vec<Step<'a>>,
    /// For each list of steps the one around it; the first is the playbook's `steps`.
    pub lists: Vec<Option<usize>>,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

impl Reading<'_> {
    /// Whether a goto in list `from` reaches ids of list `to`: its own and those around it.
    pub fn reaches(&self, from: usize, to: usize) -> bool {
        let mut list = Some(from);
        while let Some(here) = list {
            if here == to {
                return true;
            }
            list = self.lists.get(here).copied().flatten();
        }
        false
    }
}

/// Reads one file.
pub fn read<'a>(file: File<'a>) -> Reading<'a> {
    let mut reader = Reader { file, reading: Reading { lists: vec![None], ..Reading::default() } };
    let place = Place { step: None, list: 0, owner: "" };
    reader.form(file.root, &keys::PLAYBOOK, place);
    reader.reading
}

/// Where in the playbook a value stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// The step around it.
    step: Option<usize>,
    /// The list of steps around it.
    list: usize,
    /// The key of the branch it belongs to, for messages.
    owner: &'a str,
}

struct Reader<'a> {
    file: File<'a>,
    reading: Reading<'a>,
}

impl<'a> Reader<'a> {
    fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>, label: &str) {
        self.reading.faults.push(Fault::error(self.file.path, code, span, message).label(label));
    }

    /// The entries of what should be a map.
    fn map(&mut self, node: &'a Node) -> Option<&'a [Entry]> {
        match &node.kind {
            NodeKind::Map(entries) => Some(entries),
            NodeKind::Reported => None,
            NodeKind::List(_) => {
                self.wrong(node, "settings, each as `key: value`,");
                None
            }
            NodeKind::Text { text, .. } => {
                let (file, start) = (self.file, node.span.start);
                let space = layout::missing_space(text).map(|found| layout::space_fault(file.path, file.source, start, found));
                let colon = || layout::missing_colon(text).map(|key| layout::colon_fault(file.path, file.source, start + key.start..start + key.end));
                match space.or_else(colon) {
                    Some(fault) => self.reading.faults.push(fault),
                    None => self.wrong(node, "settings, each as `key: value`,"),
                }
                None
            }
        }
    }

    /// The members of what should be a list that is not empty.
    fn list(&mut self, node: &'a Node) -> Option<&'a [Node]> {
        match &node.kind {
            NodeKind::List(members) if !members.is_empty() => Some(members),
            NodeKind::Reported => None,
            // `-send: Hello`: a key that begins with the dash of a list.
            NodeKind::Map(entries) if entries.first().is_some_and(|entry| entry.key.starts_with('-')) => {
                let at = entries.first().map_or(node.span, |entry| entry.at).start;
                self.reading.faults.push(layout::space_fault(self.file.path, self.file.source, at, (1, "-")));
                None
            }
            _ => {
                self.wrong(node, "a list");
                None
            }
        }
    }

    /// Reports a value of another form.
    fn wrong(&mut self, node: &Node, expected: &str) {
        let fault = values::wrong_shape(self.file, node, expected);
        self.reading.faults.push(fault);
    }

    /// A map against its form. One pass: needed keys, exits, then each key in the order it is written.
    fn form(&mut self, node: &'a Node, form: &'static Form, place: Place<'a>) {
        let Some(entries) = self.map(node) else { return };
        if entries.is_empty() {
            return self.wrong(node, "at least one setting");
        }
        self.needs(node, entries, form);
        self.exits(entries, form);
        for entry in entries {
            match form.keys.iter().find(|key| key.name == entry.key) {
                Some(key) => self.value(entry, key.kind, place),
                None if self.told_otherwise(entry, form, place) => {}
                None => self.unknown_key(entry, entries, form.title, form.keys.iter().map(|key| key.name)),
            }
        }
    }

    /// Keys that a form can't do without, told at its first line.
    fn needs(&mut self, node: &'a Node, entries: &'a [Entry], form: &'static Form) {
        let first = entries.first().map_or(node.span, |entry| entry.at);
        for key in form.keys.iter().filter(|key| key.required) {
            if !entries.iter().any(|entry| entry.key == key.name) {
                let near = entries.iter().find(|entry| {
                    !form.keys.iter().any(|key| key.name == entry.key) && super::did_you_mean::did_you_mean(&entry.key, [key.name]).is_some()
                });
                // A misspelt key is told as such, once.
                if near.is_none() {
                    self.error("missing-key", first, format!("{} needs `{}`", form.title, key.name), "begins here");
                }
            }
        }
        if form.one_of.is_empty() {
            return;
        }
        let mut found = entries.iter().filter(|entry| form.one_of.contains(&entry.key.as_str()));
        let (one, two) = (found.next(), found.next());
        let names = form.one_of.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
        if one.is_none() {
            self.error("missing-key", first, format!("{} needs {names}", form.title), "begins here");
        } else if let Some(second) = two {
            self.error("wrong-shape", second.at, format!("{} has only one of {names}", form.title), "one too many");
        }
    }

    /// A branch leaves by one way.
    fn exits(&mut self, entries: &'a [Entry], form: &'static Form) {
        let known = |name: &str| form.keys.iter().any(|key| key.name == name);
        if !known("do") {
            return;
        }
        let mut exits = entries.iter().filter(|entry| ["goto", "end", "again"].contains(&entry.key.as_str()) && known(&entry.key));
        if let (Some(first), Some(second)) = (exits.next(), exits.next()) {
            let fault = Fault::error(self.file.path, "two-exits", second.at, "a branch has one of `goto`, `end`, `again`")
                .label(format!("`{}` leads somewhere else", second.key))
                .second(first.at, "leaves the branch here already");
            self.reading.faults.push(fault);
        }
    }

    /// Keys that are known elsewhere and have a message of their own here.
    fn told_otherwise(&mut self, entry: &'a Entry, form: &'static Form, place: Place<'a>) -> bool {
        let is_exit = ["goto", "end", "again"].contains(&entry.key.as_str());
        if std::ptr::eq(form, &keys::SIDE) && is_exit {
            self.error("on-sla-exit", entry.at, "`on_sla` can't leave the hand-off", "the hand-off stays open until a person closes it");
            return true;
        }
        if entry.key == "again" && form.keys.iter().any(|key| key.name == "do") {
            let owner = place.owner;
            self.error("again-not-here", entry.at, format!("`again` can't be used in `{owner}`"), "only a reply can have its question asked again");
            return true;
        }
        false
    }

    /// Lists what is known: the reader may not know the word for what is wanted.
    fn unknown_key(&mut self, entry: &'a Entry, beside: &[Entry], title: &str, known: impl Iterator<Item = &'static str>) {
        let known: Vec<&str> = known.collect();
        let fault = Fault::error(self.file.path, "unknown-key", entry.at, format!("`{}` is not a setting of {title}", entry.key))
            .label("nothing would come of it")
            .note(format!("known here: {}", known.join(", ")))
            .guess(&entry.key, known.iter().copied());
        // A second one of a key that is there already would be the next fault.
        let fixable = fault.fixable && !beside.iter().any(|other| Some(&other.key) == fault.guess.as_ref());
        self.reading.faults.push(Fault { fixable, ..fault });
    }

    /// One value of a known key.
    fn value(&mut self, entry: &'a Entry, kind: Kind, place: Place<'a>) {
        let node = &entry.value;
        match kind {
            Kind::Form(form) => self.form(node, form, place),
            Kind::Forms(form) => {
                for (count, member) in self.list(node).unwrap_or_default().iter().enumerate() {
                    if entry.key == "remind" && count == MAX_REMINDERS {
                        self.error("bad-number", member.span, "a question may have 3 reminders", "the fourth");
                    }
                    self.form(member, form, Place { owner: &entry.key, ..place });
                }
            }
            Kind::Branch(form) => self.form(node, form, Place { owner: &entry.key, ..place }),
            Kind::Branches(form) => {
                for member in self.list(node).unwrap_or_default() {
                    self.form(member, form, Place { owner: &entry.key, ..place });
                }
            }
            Kind::Triggers => {
                for member in self.list(node).unwrap_or_default() {
                    self.trigger(member, place);
                }
            }
            Kind::Steps => self.steps(node, &entry.key, place),
            _ => self.leaf(entry, kind, place),
        }
    }

    /// A value with nothing of the language inside: checked, and noted for the rules.
    fn leaf(&mut self, entry: &'a Entry, kind: Kind, place: Place<'a>) {
        values::check(self.file, entry, kind, &mut self.reading.faults);
        let mut leaf = |node: &'a Node| {
            self.reading.leaves.push(Leaf { key: &entry.key, at: entry.at, kind, node, step: place.step, list: place.list, owner: place.owner });
        };
        match kind {
            Kind::Tags | Kind::Senders | Kind::Keywords | Kind::Media | Kind::Buttons => entry.value.one_or_many().iter().for_each(leaf),
            Kind::Values | Kind::Templates | Kind::Value | Kind::Set => each_text(&entry.value, &mut leaf),
            _ => leaf(&entry.value),
        }
    }

    /// A trigger is known by whichever of the seven keys it has, wherever it stands in the map.
    fn trigger(&mut self, node: &'a Node, place: Place<'a>) {
        let Some(entries) = self.map(node) else { return };
        let forms = &keys::TRIGGERS;
        let name = |form: &'static Form| form.keys.first().map_or("", |key| key.name);
        match forms.iter().find(|form| entries.iter().any(|entry| entry.key == name(form))) {
            Some(form) => self.form(node, form, place),
            None => {
                let first = entries.first().map_or(node.span, |entry| entry.at);
                let written = entries.first().map_or("", |entry| entry.key.as_str());
                let known: Vec<&str> = forms.iter().map(name).collect();
                let fault = Fault::error(
                    self.file.path,
                    "missing-key",
                    first,
                    "a trigger needs one of `event`, `keyword`, `message`, `call`, `tagged`, `cron`, `at`",
                )
                .label("starts nothing")
                .guess(written, known);
                self.reading.faults.push(fault);
            }
        }
    }

    /// A list of steps. Each gets a number, so that rules can tell which lists stand around which.
    fn steps(&mut self, node: &'a Node, key: &str, place: Place<'a>) {
        let list = if key == "steps" && place.step.is_none() {
            0
        } else {
            self.reading.lists.push(Some(place.list));
            self.reading.lists.len() - 1
        };
        for member in self.list(node).unwrap_or_default() {
            self.step(member, list);
        }
    }

    /// A step is known by its verb. With two verbs it is read as the first, and keys of neither are told.
    fn step(&mut self, node: &'a Node, list: usize) {
        let Some(entries) = self.map(node) else { return };
        let mut verbs = entries.iter().filter_map(|entry| keys::verb(&entry.key).map(|verb| (entry, verb)));
        let Some((entry, verb)) = verbs.next() else {
            return self.no_verb(node, entries);
        };
        if let Some((second, _)) = verbs.next() {
            let fault =
                Fault::error(self.file.path, "two-verbs", second.at, format!("a step has one verb; this has `{}` and `{}`", entry.key, second.key))
                    .label("which of the two comes first?")
                    .second(entry.at, "the first verb")
                    .help(format!("make `{}` a step of its own", second.key));
            self.reading.faults.push(fault);
        }
        let place = Place { step: Some(self.reading.steps.len()), list, owner: &entry.key };
        self.reading.steps.push(Step { node, verb, entry, list });
        self.step_needs(node, entry, verb);
        for entry in entries {
            let own = if entry.key == verb.name { Some(verb.kind) } else { None };
            let known = keys::STEP_KEYS.iter().chain(verb.keys).find(|key| key.name == entry.key);
            if let Some(kind) = own.or(known.map(|key| key.kind)) {
                self.value(entry, kind, place);
            } else if keys::verb(&entry.key).is_none() {
                let known = keys::STEP_KEYS.iter().chain(verb.keys).map(|key| key.name);
                self.unknown_key(entry, entries, &format!("`{}`", verb.name), known);
            }
        }
    }

    /// Without a verb nobody can say which keys belong here, so only the verb is told.
    fn no_verb(&mut self, node: &'a Node, entries: &'a [Entry]) {
        if let Some(again) = entries.iter().find(|entry| entry.key == "again") {
            return self.error("again-not-here", again.at, "`again` is not a step", "it stands beside `match`, as `goto` and `end` may");
        }
        let first = entries.first().map_or(node.span, |entry| entry.at);
        let mut fault = Fault::error(self.file.path, "no-verb", first, "this step does nothing")
            .label("a step needs one verb")
            .note(format!("verbs: {}", keys::VERBS.iter().map(|verb| verb.name).collect::<Vec<_>>().join(", ")));
        let guesses = entries.iter().filter(|entry| !keys::STEP_KEYS.iter().any(|key| key.name == entry.key));
        for entry in guesses {
            if let Some(near) = super::did_you_mean::did_you_mean(&entry.key, keys::VERBS.iter().map(|verb| verb.name)) {
                fault.guess = Some(near.to_owned());
                fault = fault.help(format!("did you mean `{near}`?")).patch(entry.at.range(), near);
                fault.fixable = super::did_you_mean::is_certain(&entry.key, keys::VERBS.iter().map(|verb| verb.name));
                break;
            }
        }
        self.reading.faults.push(fault);
    }

    /// What a step can't do without, told at its verb.
    fn step_needs(&mut self, node: &'a Node, entry: &'a Entry, verb: &'static Verb) {
        let has = |name: &str| {
            let misspelt =
                |entry: &Entry| !verb.keys.iter().any(|key| key.name == entry.key) && super::did_you_mean::did_you_mean(&entry.key, [name]).is_some();
            node.entries().iter().any(|entry| entry.key == name || misspelt(entry))
        };
        let missing: Vec<&str> = verb.keys.iter().filter(|key| key.required && !has(key.name)).map(|key| key.name).collect();
        if verb.needs_id && !has("id") {
            self.error("missing-id", entry.at, format!("`{}` needs an `id`", verb.name), "what is saved, counted and moved hangs on this name");
        }
        if missing.contains(&"on_error") {
            self.error(
                "missing-on-error",
                entry.at,
                format!("`{}` needs `on_error`", verb.name),
                "what happens when the other side does not answer?",
            );
        } else if !missing.is_empty() {
            let needs = if verb.name == "listen" { "`on_timeout`" } else { "a `timeout` and `on_timeout`" };
            self.error("missing-timeout", entry.at, format!("`{}` needs {needs}", verb.name), "could wait for ever");
        }
    }
}

/// Every single text inside a value.
fn each_text<'a>(node: &'a Node, found: &mut impl FnMut(&'a Node)) {
    match &node.kind {
        NodeKind::Map(entries) => entries.iter().for_each(|entry| each_text(&entry.value, found)),
        NodeKind::List(members) => members.iter().for_each(|member| each_text(member, found)),
        NodeKind::Text { .. } => found(node),
        NodeKind::Reported => {}
    }
}
