//! The environment laid over the file: `BRIDGED__SECTION__KEY`, and Twilio's customary names.
//!
//! A value stays the text it is, so that a token of digits or a `+1…` is not taken for a number; only what begins like a list, a map
//! or a quoted text is read as YAML. An empty variable counts as not set.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::playbook::fault::Span;
use crate::playbook::yaml::{self, Entry, Kind, Node, Style};

/// What our own variables begin with; levels are parted by the same two underscores.
const PREFIX: &str = "BRIDGED__";

/// Names that Twilio's own tools use, and where they belong.
const CUSTOMARY: [(&str, &str); 4] =
    [("TWILIO_ACCOUNT_SID", "account_sid"), ("TWILIO_AUTH_TOKEN", "auth_token"), ("TWILIO_API_KEY", "api_key"), ("TWILIO_API_SECRET", "api_secret")];

/// Lays the environment over the tree. Answers which variable stands behind which path of the settings.
pub(super) fn overlay(root: &mut Node, env: impl IntoIterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let mut variables: Vec<(String, String)> = env.into_iter().filter(|(_, value)| !value.trim().is_empty()).collect();
    // The process' order is chance; sorted, `BRIDGED__TWILIO__…` also comes before `TWILIO_…`, over which it wins.
    variables.sort();
    let mut set = BTreeMap::new();
    for (name, value) in variables {
        let names: Vec<&str> = match name.strip_prefix(PREFIX) {
            Some(names) => names.split("__").collect(),
            None => match CUSTOMARY.iter().find(|(known, _)| *known == name) {
                Some((_, key)) => vec!["twilio", key],
                None => continue,
            },
        };
        let mut written = String::new();
        place(root, &names, &mut written, &value, &set);
        set.entry(written).or_insert(name);
    }
    set
}

/// Goes down to the value that `names` lead to, noting the path, and writes it unless a stronger variable has. What is no map on the
/// way becomes one.
fn place(node: &mut Node, names: &[&str], path: &mut String, value: &str, set: &BTreeMap<String, String>) {
    let Some((name, rest)) = names.split_first() else {
        if !set.contains_key(path) {
            *node = read(value);
        }
        return;
    };
    // Variables are upper case by custom; names of the file are found in any case, and secrets keep theirs.
    let known = node.entries().iter().map(|entry| &entry.key).find(|key| key.eq_ignore_ascii_case(name)).cloned();
    let key = known.unwrap_or_else(|| if path == "secrets" { (*name).to_owned() } else { name.to_ascii_lowercase() });
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(&key);
    if !matches!(node.kind, Kind::Map(_)) {
        node.kind = Kind::Map(Vec::new());
    }
    let Kind::Map(entries) = &mut node.kind else { return };
    match entries.iter_mut().find(|entry| entry.key == key) {
        Some(entry) => place(&mut entry.value, rest, path, value, set),
        None => {
            let mut new = text(String::new());
            place(&mut new, rest, path, value, set);
            entries.push(Entry { key, at: Span::default(), value: new });
        }
    }
}

/// A variable's value as a tree without places.
fn read(value: &str) -> Node {
    let value = value.trim();
    let tree = if value.starts_with(['[', '{', '"', '\'']) { yaml::read(&Arc::from("environment"), value).root } else { None };
    let mut node = tree.unwrap_or_else(|| text(value.to_owned()));
    forget_places(&mut node);
    node
}

/// Lines of a variable would be taken for lines of the file.
fn forget_places(node: &mut Node) {
    node.span = Span::default();
    match &mut node.kind {
        Kind::Map(entries) => entries.iter_mut().for_each(|entry| {
            entry.at = Span::default();
            forget_places(&mut entry.value);
        }),
        Kind::List(members) => members.iter_mut().for_each(forget_places),
        Kind::Text { .. } | Kind::Reported => {}
    }
}

/// Written as in the file without quotes, so that `50` is a number where one is wanted.
fn text(text: String) -> Node {
    Node { kind: Kind::Text { text, style: Style::Plain }, span: Span::default() }
}
