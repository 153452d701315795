//! What changes between two versions of a playbook, step by step. Ids are the join; what stands under no id of its own belongs to the
//! named step before it, as people who rest there are counted at that step too.

use super::compile::files_of;
use super::plan::Plan;
use super::yaml::{self, Kind, Node};

/// Longer values are not shown, only that they changed.
const SHOWN: usize = 60;

/// Keys of the head that change nothing for anybody.
const SILENT: [&str; 4] = ["playbook", "about", "steps", "renamed"];

/// What changes in one playbook.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Keys of its head: triggers, cap, hours and so on.
    pub settings: Vec<String>,
    /// Steps, in the order of the new version; those that are gone stand at the end.
    pub steps: Vec<StepChange>,
}

/// What changes at a step.
#[derive(Clone, Debug, PartialEq)]
pub struct StepChange {
    /// Its id in the old version, or in the new one where it is new. Empty: what comes before the first named step.
    pub id: String,
    /// What becomes of it.
    pub what: Change,
    /// Which of its keys, and how.
    pub details: Vec<String>,
}

/// What becomes of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was not there.
    New,
    /// It does something else, or in other words.
    Changed,
    /// It has another id now.
    Renamed(String),
    /// It is not there any more.
    Gone,
}

/// A step with all that stands under its id.
struct Piece {
    /// Its id.
    id: String,
    /// Its keys, each with its value written out.
    keys: Vec<(String, String)>,
}

/// Compares two versions of a playbook.
pub fn diff(old: &Plan, new: &Plan) -> Difference {
    let (old_root, new_root) = (root(old), root(new));
    let mut settings: Vec<String> = Vec::new();
    for key in old_root.iter().chain(&new_root).flat_map(Node::entries).map(|entry| &entry.key).filter(|key| !SILENT.contains(&key.as_str())) {
        let written = |root: &Option<Node>, plan: &Plan| root.as_ref().and_then(|root| root.get(key)).map(|node| Reader::of(plan).written(node, 0));
        if written(&old_root, old) != written(&new_root, new) && !settings.contains(key) {
            settings.push(key.clone());
        }
    }
    let (olds, news) = (pieces(old, old_root.as_ref()), pieces(new, new_root.as_ref()));
    let renamed = |id: &str| new.renamed.get(id).map_or_else(|| id.to_owned(), Clone::clone);
    let mut steps = Vec::new();
    for piece in &news {
        match olds.iter().find(|known| renamed(&known.id) == piece.id) {
            None => steps.push(StepChange { id: piece.id.clone(), what: Change::New, details: Vec::new() }),
            Some(known) => {
                let details = details(known, piece);
                if known.id != piece.id {
                    steps.push(StepChange { id: known.id.clone(), what: Change::Renamed(piece.id.clone()), details });
                } else if !details.is_empty() {
                    steps.push(StepChange { id: known.id.clone(), what: Change::Changed, details });
                }
            }
        }
    }
    let gone = olds.iter().filter(|known| !news.iter().any(|piece| piece.id == renamed(&known.id)));
    steps.extend(gone.map(|known| StepChange { id: known.id.clone(), what: Change::Gone, details: Vec::new() }));
    Difference { settings, steps }
}

fn root(plan: &Plan) -> Option<Node> {
    yaml::read(&plan.source.path.as_str().into(), &plan.source.yaml).root
}

/// Which keys differ, and how where that is short.
fn details(old: &Piece, new: &Piece) -> Vec<String> {
    let value = |piece: &Piece, key: &str| piece.keys.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone());
    let mut said = Vec::new();
    for (key, _) in old.keys.iter().chain(new.keys.iter().filter(|(key, _)| value(old, key).is_none())) {
        let (was, is) = (value(old, key), value(new, key));
        let short = |value: &Option<String>| value.as_ref().is_none_or(|value| value.chars().count() <= SHOWN && !value.contains('\n'));
        let name = if key.is_empty() { "what follows it".to_owned() } else { format!("`{key}`") };
        if was != is {
            said.push(match (&was, &is) {
                (Some(_), None) => format!("{name} gone"),
                (None, Some(_)) => format!("{name} new"),
                (Some(was), Some(is)) if short(&Some(was.clone())) && short(&Some(is.clone())) => format!("{name} {was} → {is}"),
                _ => format!("{name} changed"),
            });
        }
    }
    said
}

/// The pieces of a playbook, in the order of the file.
fn pieces(plan: &Plan, root: Option<&Node>) -> Vec<Piece> {
    let mut reader = Reader::of(plan);
    reader.pieces.push(Piece { id: String::new(), keys: Vec::new() });
    let first = root.and_then(|root| root.get("steps")).map(|steps| reader.list(steps, 0)).unwrap_or_default();
    if !first.is_empty()
        && let Some(piece) = reader.pieces.first_mut()
    {
        piece.keys.push((String::new(), first));
    }
    reader.pieces.retain(|piece| !piece.id.is_empty() || !piece.keys.is_empty());
    reader.pieces
}

/// Writes values out and collects named steps by the way.
struct Reader<'p> {
    plan: &'p Plan,
    pieces: Vec<Piece>,
}

impl<'p> Reader<'p> {
    fn of(plan: &'p Plan) -> Reader<'p> {
        Reader { plan, pieces: Vec::new() }
    }

    /// A list of steps. Answers with what stands before its first named step; the rest goes to the named ones.
    fn list(&mut self, steps: &Node, depth: usize) -> String {
        let (mut before, mut named) = (String::new(), None::<usize>);
        for step in steps.members() {
            let Some(id) = step.get_text("id") else {
                let written = self.written(step, depth);
                match named.and_then(|at| self.pieces.get_mut(at)) {
                    None => before.push_str(&format!("{written}\n")),
                    Some(piece) => match piece.keys.iter_mut().find(|(key, _)| key.is_empty()) {
                        Some((_, rest)) => rest.push_str(&format!("{written}\n")),
                        None => piece.keys.push((String::new(), format!("{written}\n"))),
                    },
                }
                continue;
            };
            let at = self.pieces.len();
            self.pieces.push(Piece { id: id.to_owned(), keys: Vec::new() });
            for entry in step.entries().iter().filter(|entry| !["id", "about"].contains(&entry.key.as_str())) {
                let written = self.value(&entry.key, &entry.value, depth);
                if let Some(piece) = self.pieces.get_mut(at) {
                    piece.keys.push((entry.key.clone(), written));
                }
            }
            named = Some(at);
        }
        before
    }

    /// The value of a key. Behind a file stand its words, behind a sub-playbook its version: a change in them is a change here.
    fn value(&mut self, key: &str, value: &Node, depth: usize) -> String {
        match key {
            "do" => self.list(value, depth + 1),
            "file" => {
                let name = value.text().unwrap_or_default();
                let words = files_of(&self.plan.source.templates, name).into_iter().filter_map(|file| self.plan.source.templates.get(file.name));
                format!("{name} {}", words.cloned().collect::<Vec<_>>().join("\n"))
            }
            "run" => {
                let name = value.text().unwrap_or_default();
                format!("{name} {}", self.plan.runs.get(name).map_or("", |plan| plan.hash.as_str()))
            }
            _ => self.written(value, depth + 1),
        }
    }

    /// A value on one line, the same however it was laid out in the file.
    fn written(&mut self, node: &Node, depth: usize) -> String {
        if depth > yaml::MAX_DEPTH {
            return String::new();
        }
        match &node.kind {
            Kind::Map(entries) => {
                let entries: Vec<String> =
                    entries.iter().map(|entry| format!("{}: {}", entry.key, self.value(&entry.key, &entry.value, depth))).collect();
                format!("{{{}}}", entries.join(", "))
            }
            Kind::List(members) => format!("[{}]", members.iter().map(|member| self.written(member, depth + 1)).collect::<Vec<_>>().join(", ")),
            Kind::Text { text, .. } => text.clone(),
            Kind::Reported => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::playbook::plan::Source;
    use crate::playbook::recompile;

    fn plan(yaml: &str, words: &str) -> std::sync::Arc<Plan> {
        let yaml = format!("playbook: talk\nmessage_class: transactional\n{yaml}");
        recompile(&Source { path: "talk.yaml".into(), yaml, templates: [("a.txt".to_owned(), words.to_owned())].into(), runs: Default::default() })
            .unwrap()
    }

    #[test]
    fn steps_are_joined_by_id() {
        let old = plan(
            "cap: 2 per day\nsteps:\n  - send: hello\n  - id: a\n    ask: \"ready?\"\n    replies:\n      - match: yes\n        do:\n          - {id: inner, wait: 1h}\n          - send: still there\n    timeout: 1d\n    on_timeout: {end: late}\n  - {id: b, send: {file: a.txt}}\n  - {id: gone, wait: 1h}\n  - {id: same, about: a note, wait: 1h}\n",
            "one",
        );
        let new = plan(
            "renamed: {b: c}\nsteps:\n  - send: hello you\n  - id: a\n    ask: \"ready?\"\n    replies:\n      - match: yes\n        do:\n          - {id: inner, wait: 1h}\n          - send: are you still there\n    timeout: 4h\n    on_timeout: {end: late}\n  - {id: c, send: {file: a.txt}}\n  - {id: fresh, wait: 1h}\n  - {id: same, wait: 1h}\n",
            "two",
        );
        let found = diff(&old, &new);
        assert_eq!(found.settings, ["cap"]);
        let said: Vec<String> = found.steps.iter().map(|step| format!("{}: {:?} {}", step.id, step.what, step.details.join("; "))).collect();
        let expected = [
            ": Changed what follows it changed",
            "a: Changed `timeout` 1d → 4h",
            "inner: Changed what follows it changed",
            "b: Renamed(\"c\") `send` {file: a.txt one} → {file: a.txt two}",
            "fresh: New ",
            "gone: Gone ",
        ];
        assert_eq!(said, expected);
        assert_eq!(diff(&old, &old), Difference { settings: Vec::new(), steps: Vec::new() });
    }
}
