//! `unknown-playbook`, `recursive-run`, `unknown-param`: what `run` names and hands over.

use super::super::fault::Fault;
use super::super::keys::Kind;
use super::super::scope::bare_names;
use super::super::yaml::Node;
use super::{Checked, Context};

/// Sub-playbooks run sub-playbooks so deep at most.
const MAX_NESTING: usize = 5;

/// A file that could not be read may be the playbook that is meant; then its own fault is enough.
pub(super) fn unknown_playbook(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    for leaf in file.reading.leaves.iter().filter(|leaf| matches!(leaf.kind, Kind::Playbook)) {
        let Some(name) = leaf.node.text() else { continue };
        if context.playbook(name).is_none() && !context.is_unread(name) {
            let known = context.files.iter().filter_map(|file| file.name);
            let fault = file.error("unknown-playbook", leaf.node.span, format!("there is no playbook `{name}`"));
            faults.push(fault.label("nothing to run").guess(name, known));
        }
    }
}

/// A circle would nest for ever; a chain that is too deep is refused before the engine meets it.
pub(super) fn recursive_run(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let Some(own) = file.name else { return };
    for leaf in file.reading.leaves.iter().filter(|leaf| matches!(leaf.kind, Kind::Playbook)) {
        let Some(name) = leaf.node.text() else { continue };
        if let Some(path) = way_back(context, name, own, &mut vec![own]) {
            // A circle is told once, in the first of its files.
            if path.iter().any(|other| *other < own) {
                continue;
            }
            let told = path.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" runs ");
            faults
                .push(file.error("recursive-run", leaf.node.span, told).label("would never end").help("use `goto` to repeat steps of one playbook"));
        } else if depth(context, name, 1) > MAX_NESTING {
            let fault = file.error("recursive-run", leaf.node.span, format!("`{name}` runs playbooks more than {MAX_NESTING} deep"));
            faults.push(fault.label("too deep"));
        }
    }
}

/// The chain of runs from `at` back to `goal`, which begins `path`.
fn way_back<'a>(context: &Context<'a>, at: &'a str, goal: &'a str, path: &mut Vec<&'a str>) -> Option<Vec<&'a str>> {
    if at == goal {
        return Some(path.iter().copied().chain([goal]).collect());
    }
    // A circle that does not pass `goal` is another file's fault.
    if path.contains(&at) {
        return None;
    }
    path.push(at);
    let found = context.playbook(at).and_then(|file| file.runs().into_iter().find_map(|next| way_back(context, next, goal, path)));
    path.pop();
    found
}

/// How deep runs nest below a playbook; stops counting where it is too deep anyway, so that circles end too.
fn depth(context: &Context<'_>, name: &str, so_far: usize) -> usize {
    if so_far > MAX_NESTING {
        return so_far;
    }
    let runs = context.playbook(name).map(Checked::runs).unwrap_or_default();
    runs.into_iter().map(|run| depth(context, run, so_far + 1)).max().unwrap_or(so_far)
}

/// Names that are handed over and taken back must exist on the other side: both would be lost in silence.
pub(super) fn unknown_param(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    for step in file.reading.steps.iter().filter(|step| step.verb.name == "run") {
        let Some(run) = step.entry.value.text().and_then(|name| context.playbook(name)) else { continue };
        let name = run.name.unwrap_or_default();
        let params: Vec<&str> = run.file.root.get("params").map(Node::entries).unwrap_or_default().iter().map(|entry| entry.key.as_str()).collect();
        for entry in step.node.get("with").map(Node::entries).unwrap_or_default() {
            if !params.contains(&entry.key.as_str()) {
                let fault = file.error("unknown-param", entry.at, format!("`{name}` takes no `{}`", entry.key));
                faults.push(fault.label("not among its `params`").guess(&entry.key, params.iter().copied()));
            }
        }
        let names = bare_names(run);
        for entry in step.node.get("save").map(Node::entries).unwrap_or_default() {
            if let Some(wanted) = entry.value.text()
                && !names.contains_key(wanted)
                && wanted != "outcome"
            {
                let fault = file.error("unknown-param", entry.value.span, format!("`{name}` never sets `{wanted}`"));
                faults.push(fault.label("would save nothing").guess(wanted, names.keys().copied()));
            }
        }
    }
}
