//! `missing-on-no-match`: rules that do not understand everything, and nothing said about the rest.

use super::super::fault::Fault;
use super::super::yaml::Node;
use super::{Checked, Context};

/// The default, the next step, is right for a question that takes any text and nearly always wrong for one with rules.
pub(super) fn check(_: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    for step in &file.reading.steps {
        let Some(replies) = step.node.get("replies") else { continue };
        let takes_all = |rule: &Node| {
            let ways = rule.get("match").map(Node::one_or_many).unwrap_or_default();
            ways.iter().any(|way| matches!(way.text(), Some("any" | "other")))
        };
        if step.node.get("on_no_match").is_none() && !replies.members().iter().any(takes_all) {
            let fault = file.warning("missing-on-no-match", step.entry.at, "an answer nobody understands goes on as if it was understood");
            faults.push(fault.label("none of the rules takes every answer").help("add `on_no_match:`, or a rule with `match: other`"));
        }
    }
}
