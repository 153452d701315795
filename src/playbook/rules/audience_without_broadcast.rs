//! `audience-without-broadcast`: an audience where one contact at a time starts the playbook.

use super::super::fault::Fault;
use super::{Checked, Context, is_broadcast};

/// Audiences do not filter events, keywords or calls, although it looks as if they did.
pub(super) fn check(_: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let triggers = file.triggers();
    // Without any trigger it is started by the API, where all of this counts.
    if triggers.is_empty() || triggers.iter().any(is_broadcast) {
        return;
    }
    for key in ["audience", "spread_over", "max_rate"] {
        if let Some(entry) = file.file.root.entry(key) {
            let fault = file.warning("audience-without-broadcast", entry.at, "an audience filters only broadcasts");
            faults.push(fault.label("these triggers start it one by one").help("use `where` at the trigger instead"));
        }
    }
}
