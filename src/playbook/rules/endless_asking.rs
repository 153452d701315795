//! `endless-asking`: a silent contact who is asked for ever.

use super::super::compile::Compiled;
use super::super::fault::{Fault, Span};
use super::super::flow::{self, Way};
use super::super::plan::{Ix, Plan, Verb};
use super::{Checked, Context};

/// A silent contact costs money for ever. The engine guards against quick loops, but not against one text a day.
pub(super) fn check(_: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let Some(Compiled { plan, .. }) = &file.compiled else { return };
    for (ix, step) in plan.steps.iter().enumerate() {
        let Verb::Question(question) = &step.verb else { continue };
        if !flow::target(&question.on_timeout).is_some_and(|next| only_back(plan, next, ix, &mut Vec::new())) {
            continue;
        }
        let branch = file.reading.steps.iter().find(|step| step.node.get_text("id") == plan.steps.get(ix).and_then(|step| step.id.as_deref()));
        let Some(entry) = branch.and_then(|step| step.node.entry("on_timeout")) else { continue };
        let place = entry.value.entry("goto").map_or(entry.at, |entry| Span { end: entry.value.span.end, ..entry.at });
        let fault = file.warning("endless-asking", place, "a time-out leads back to the same question for ever");
        faults.push(fault.label("a contact who never answers is asked again and again").help("count the tries, or leave with `end:`"));
    }
}

/// Whether a silent contact can come nowhere but back to the question.
fn only_back(plan: &Plan, at: Ix, question: Ix, seen: &mut Vec<Ix>) -> bool {
    if at == question {
        return true;
    }
    if seen.contains(&at) {
        return true;
    }
    seen.push(at);
    // A person or an event may break the circle; only time and nothing at all do not.
    let silent: Vec<_> =
        flow::edges(plan, at).into_iter().filter(|edge| matches!(edge.way, Way::On | Way::Time | Way::Person | Way::Event)).collect();
    !silent.is_empty()
        && silent.iter().all(|edge| {
            !matches!(edge.way, Way::Person | Way::Event) && flow::target(edge.to).is_some_and(|next| only_back(plan, next, question, seen))
        })
}
