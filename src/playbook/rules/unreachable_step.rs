//! `unreachable-step`: a step no talk ever comes to.

use super::super::compile::Compiled;
use super::super::fault::Fault;
use super::super::flow;
use super::{Checked, Context};

/// Told once for each beginning of a dead end: what only leads on from there has the same cause.
pub(super) fn check(_: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let Some(Compiled { plan, origins }) = &file.compiled else { return };
    let starts = flow::target(&plan.start).into_iter().chain(plan.anytime.iter().filter_map(|rule| flow::target(&rule.to)));
    let mut reached = flow::reached(plan, starts);
    for (ix, origin) in origins.iter().enumerate() {
        if reached.contains(&ix) {
            continue;
        }
        let first = origin.node.entries().first().map_or(origin.at, |entry| entry.at);
        let fault = file.warning("unreachable-step", first, "nothing leads to this step").label("no contact ever gets here");
        faults.push(fault.help("give it an `id` and `goto` it, or remove it"));
        // What only this step leads to has the same cause.
        reached.extend(flow::reached(plan, [ix]));
    }
}
