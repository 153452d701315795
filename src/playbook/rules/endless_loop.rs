//! `endless-loop`: a circle of steps without the contact or a clock in it.

use super::super::compile::Compiled;
use super::super::fault::{Fault, Span};
use super::super::flow;
use super::super::keys::Kind;
use super::super::plan::{Ix, Plan, Verb};
use super::super::shape::Leaf;
use super::{Checked, Context};

/// Whether a talk stays at the step until something happens.
fn stops(plan: &Plan, ix: Ix) -> bool {
    plan.steps.get(ix).is_none_or(|step| match &step.verb {
        Verb::Run(run) => plan.runs.get(&run.playbook).is_none_or(|run| flow::ever_rests(run)),
        verb => flow::rests(verb),
    })
}

/// Follows the ways of all steps that do not rest. The circle is told where it closes, since that is the line to change;
/// an `if` on the way does not excuse it: when it is true, nothing stops the texts.
pub(super) fn check(_: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let Some(Compiled { plan, origins }) = &file.compiled else { return };
    let mut done = vec![false; plan.steps.len()];
    for start in 0..plan.steps.len() {
        let mut path = Vec::new();
        let Some(circle) = circle(plan, start, &mut done, &mut path) else { continue };
        let Some((last, back_to)) = circle.last().zip(circle.first()) else { continue };
        let ids: Vec<String> = circle.iter().filter_map(|ix| plan.steps.get(*ix)?.id.as_ref()).map(|id| format!("`{id}`")).collect();
        let message = match ids.as_slice() {
            [] | [_] => format!("step {} comes back to itself without ever waiting", ids.first().map_or("", String::as_str)),
            [one, two] => format!("steps {one} and {two} send to each other without ever waiting"),
            [all @ .., end] => format!("steps {} and {end} send to each other without ever waiting", all.join(", ")),
        };
        let from = origins.get(*last).map(|origin| origin.at).unwrap_or_default();
        let closing = goto_leaf(file, plan, *back_to, from);
        let place = closing.map_or(from, |leaf| Span { end: leaf.node.span.end, ..leaf.at });
        let mut fault = file
            .error("endless-loop", place, message)
            .label(format!("comes back to {}", ids.first().map_or("itself", String::as_str)))
            .note("one contact would get a message every second until you stop it")
            .help("add `wait:` to one of the steps, or leave with `end:`");
        if let Some(first) = origins.get(*back_to).filter(|first| first.at != place) {
            fault = fault.second(first.at, "begins here");
        }
        faults.push(fault);
    }
}

/// A circle of steps that never rest, reached from `ix`; its last step leads back to its first.
fn circle(plan: &Plan, ix: Ix, done: &mut [bool], path: &mut Vec<Ix>) -> Option<Vec<Ix>> {
    if let Some(at) = path.iter().position(|seen| *seen == ix) {
        return path.get(at..).map(<[Ix]>::to_vec);
    }
    if done.get(ix).is_none_or(|done| *done) || stops(plan, ix) {
        return None;
    }
    path.push(ix);
    let found = flow::edges(plan, ix).iter().filter_map(|edge| flow::target(edge.to)).find_map(|next| circle(plan, next, done, path));
    path.pop();
    if let Some(done) = done.get_mut(ix) {
        *done = true;
    }
    found
}

/// The goto that leads to a step, as near behind a place as possible.
fn goto_leaf<'a>(file: &Checked<'a>, plan: &Plan, to: Ix, from: Span) -> Option<Leaf<'a>> {
    let id = plan.steps.get(to)?.id.as_deref()?;
    let gotos = || file.reading.leaves.iter().filter(|leaf| matches!(leaf.kind, Kind::Goto) && leaf.node.text() == Some(id));
    gotos().find(|leaf| leaf.at.line >= from.line).or_else(|| gotos().next_back()).copied()
}
