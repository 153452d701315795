//! `if-past-nothing-follows`: a step to pass over that is not there.

use super::super::fault::Fault;
use super::{Checked, Context};

/// `skip` is the default, and the reader may not know that it passes over a step.
pub(super) fn check(_: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    for (ix, step) in file.reading.steps.iter().enumerate() {
        let skips = step.verb.name == "wait_until" && matches!(step.node.get_text("if_past"), None | Some("skip"));
        let follows = file.reading.steps.iter().skip(ix + 1).any(|other| other.list == step.list);
        if skips && !follows {
            let fault = file.warning("if-past-nothing-follows", step.entry.at, "`skip` passes over the next step, and there is none");
            faults.push(fault.label("the last step of its list").help("write `if_past: run` or `if_past: end`"));
        }
    }
}
