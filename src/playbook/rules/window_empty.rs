//! `window-empty`: hours in which nothing could ever be sent.

use super::super::compile::Compiled;
use super::super::fault::Fault;
use super::{Checked, Context};
use crate::model::Class;
use crate::text::hours::write_time_of_day;

/// A playbook narrows the window of its class. Where nothing is left, texts would be held until they expire.
pub(super) fn check(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let Some(Compiled { plan, .. }) = &file.compiled else { return };
    // Talk outside answers keeps the hours of transactional texts.
    let class = if plan.class == Class::Conversational { Class::Transactional } else { plan.class };
    let Some(rules) = context.workspace.class(class) else { return };
    let Some(node) = file.file.root.get("send_window").or_else(|| file.file.root.get("days")) else { return };
    if plan.hours.narrow(&rules.hours).is_empty() {
        let open = rules.hours.window.map(|window| format!("{}-{}", write_time_of_day(window.from), write_time_of_day(window.to)));
        let mut fault =
            file.error("window-empty", node.span, "`send_window` and the class's window never overlap").label("nothing could ever be sent");
        if let Some(open) = open {
            fault = fault.note(format!("the window of {} texts is {open}", class.as_str()));
        }
        faults.push(fault);
    }
}
