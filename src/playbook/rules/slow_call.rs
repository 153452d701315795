//! `bad-number` for an `http` step that may take too long.

use super::super::fault::Fault;
use super::{Checked, Context};
use crate::text::Length;

/// Longer calls would keep the contact waiting.
const MAX_SECONDS: u64 = 30;

/// `bad-number` for a call that may take too long.
pub(super) fn check(_: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    for step in file.reading.steps.iter().filter(|step| step.verb.name == "http") {
        let Some(node) = step.node.get("timeout") else { continue };
        let length = node.text().and_then(Length::parse);
        if length.is_some_and(|length| length.days > 0 || length.seconds > MAX_SECONDS) {
            let fault = file.error("bad-number", node.span, format!("an `http` step may take {MAX_SECONDS}s at most"));
            faults.push(fault.label("the contact waits meanwhile").help("write `30s` or less"));
        }
    }
}
