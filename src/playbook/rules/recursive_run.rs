//! `recursive-run`: playbooks that run each other.

use std::collections::BTreeSet;

use super::super::fault::Fault;
use super::super::keys::Kind;
use super::{Checked, Context};

/// Sub-playbooks run sub-playbooks so deep at most.
const MAX_NESTING: usize = 5;

/// A circle would nest for ever; a chain that is too deep is refused before the engine meets it.
pub(super) fn check(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let Some(own) = file.name else { return };
    for leaf in file.reading.leaves.iter().filter(|leaf| matches!(leaf.kind, Kind::Playbook)) {
        let Some(name) = leaf.node.text() else { continue };
        if let Some(path) = way_back(context, name, own, &mut vec![own], &mut BTreeSet::new()) {
            // A circle is told once, in the first of its files.
            if path.iter().any(|other| *other < own) {
                continue;
            }
            let told = path.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" runs ");
            faults
                .push(file.error("recursive-run", leaf.node.span, told).label("would never end").help("use `goto` to repeat steps of one playbook"));
        } else if is_too_deep(context, name) {
            let fault = file.error("recursive-run", leaf.node.span, format!("`{name}` runs playbooks more than {MAX_NESTING} deep"));
            faults.push(fault.label("too deep"));
        }
    }
}

/// The chain of runs from `at` back to `goal`, which begins `path`. `dead` are playbooks that lead nowhere new.
fn way_back<'a>(context: &Context<'a>, at: &'a str, goal: &'a str, path: &mut Vec<&'a str>, dead: &mut BTreeSet<&'a str>) -> Option<Vec<&'a str>> {
    if at == goal {
        return Some(path.iter().copied().chain([goal]).collect());
    }
    // A circle that does not pass `goal` is another file's fault.
    if !dead.insert(at) {
        return None;
    }
    path.push(at);
    let found = context.playbook(at).and_then(|file| file.runs.iter().find_map(|next| way_back(context, next, goal, path, dead)));
    path.pop();
    found
}

/// Whether runs nest too deep below a playbook: some of them are left after so many levels.
fn is_too_deep<'a>(context: &Context<'a>, name: &'a str) -> bool {
    let mut level = BTreeSet::from([name]);
    for _ in 0..MAX_NESTING {
        level = level.into_iter().filter_map(|name| context.playbook(name)).flat_map(|file| file.runs.iter().copied()).collect();
    }
    !level.is_empty()
}
