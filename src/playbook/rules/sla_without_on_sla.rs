//! `sla-without-on-sla`: an alarm of which the contact hears nothing.

use super::super::fault::Fault;
use super::{Checked, Context};

/// The queue has an `sla` of its own; a step's seems to promise more than it does.
pub(super) fn check(_: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    for step in &file.reading.steps {
        if let Some(entry) = step.node.entry("sla").filter(|_| step.node.get("on_sla").is_none()) {
            let fault = file.warning("sla-without-on-sla", entry.at, "`sla` here changes only the alarm");
            faults.push(fault.label("the contact hears nothing").help("add `on_sla:` with a `say`, or leave the queue's `sla`"));
        }
    }
}
