//! `waiting-in-side-branch`: a branch that leaves the question, or the hand-off, open can't rest or ask itself.

use super::super::fault::Fault;
use super::super::keys::{SIDE_VERBS, VERBS};
use super::super::yaml::Node;
use super::{Checked, Context};

/// Told for `on_sla` and for `anytime` rules without an exit: the question, or the hand-off, keeps its place meanwhile, and a
/// conversation rests at one place only.
pub(super) fn check(_: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let rules = file.file.root.get("anytime").map(Node::members).unwrap_or_default();
    // A rule that leaves the question may do anything before it goes.
    let staying = rules.iter().filter(|rule| !["goto", "end", "again"].iter().any(|exit| rule.get(exit).is_some()));
    let alarms = file.reading.steps.iter().filter_map(|step| step.node.get("on_sla"));
    for branch in staying.chain(alarms) {
        for step in branch.get("do").map(Node::members).unwrap_or_default() {
            let Some(entry) = step.entries().iter().find(|entry| VERBS.iter().any(|verb| verb.name == entry.key)) else { continue };
            if !SIDE_VERBS.contains(&entry.key.as_str()) {
                let message = "this branch leaves the question open, so it can't wait";
                let fault = file.error("waiting-in-side-branch", entry.at, message).label(format!("only {} can stand here", SIDE_VERBS.join(", ")));
                faults.push(fault.help("end the branch with `goto`, `end` or `again`"));
            }
        }
    }
}
