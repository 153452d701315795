//! Which names exist: the fields of contacts, and the bare names of each playbook.

use std::collections::{BTreeMap, BTreeSet};

use super::keys::Kind;
use super::rules::Checked;
use super::set::BUILT_IN_FIELDS;
use super::workspace::Workspace;
use super::yaml::Node;

/// Contact fields that exist: built in, declared, or saved or set by some playbook of the folder.
pub fn contact_fields(files: &[Checked<'_>], workspace: &Workspace) -> BTreeSet<String> {
    let saved = files.iter().flat_map(kept).filter_map(|(name, _)| name.strip_prefix("contact."));
    BUILT_IN_FIELDS.into_iter().chain(workspace.contact_fields.keys().map(String::as_str)).chain(saved).map(str::to_owned).collect()
}

/// The bare names a playbook may use, each with the steps that give it a value; params have none.
pub fn bare_names<'a>(file: &Checked<'a>) -> BTreeMap<&'a str, Vec<usize>> {
    let mut names: BTreeMap<&'a str, Vec<usize>> = BTreeMap::new();
    for entry in file.file.root.get("params").map(Node::entries).unwrap_or_default() {
        names.entry(entry.key.as_str()).or_default();
    }
    for (name, step) in kept(file) {
        if !name.starts_with("contact.") {
            names.entry(name).or_default().push(step);
        }
    }
    for (ix, step) in file.reading.steps.iter().enumerate() {
        if leaves_data(step.verb.name)
            && let Some(id) = step.node.get_text("id")
        {
            names.entry(id).or_default().push(ix);
        }
    }
    names
}

/// Verbs whose id stands for data behind them.
pub fn leaves_data(verb: &str) -> bool {
    matches!(verb, "split" | "wait_for" | "handoff" | "run")
}

/// Every target of a playbook, with the step that fills it.
fn kept<'a>(file: &Checked<'a>) -> Vec<(&'a str, usize)> {
    let mut found = Vec::new();
    for (ix, step) in file.reading.steps.iter().enumerate() {
        for entry in step.node.entries() {
            let kind = if entry.key == step.verb.name {
                Some(step.verb.kind)
            } else {
                step.verb.keys.iter().find(|key| key.name == entry.key).map(|key| key.kind)
            };
            match kind {
                Some(Kind::Target) => found.extend(entry.value.text().map(|name| (name, ix))),
                Some(Kind::Set | Kind::HttpSave | Kind::RunSave) => found.extend(entry.value.entries().iter().map(|entry| (entry.key.as_str(), ix))),
                _ => {}
            }
        }
    }
    found
}
