//! `key-needed`: one conversation among several of a contact, and nothing to tell which.

use super::super::fault::Fault;
use super::{Checked, Context};

/// Both settings speak of one conversation among several of a contact; the key is what names it.
pub(super) fn check(_: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    for trigger in file.triggers() {
        let Some(node) = trigger.get("if_running").filter(|_| trigger.get("event").is_some() && trigger.get("key").is_none()) else { continue };
        if let Some(word @ ("update" | "parallel")) = node.text() {
            let fault = file.error("key-needed", node.span, format!("`if_running: {word}` needs a `key`"));
            faults
                .push(fault.label("which of the contact's conversations is meant?").help("add `key:`, for example `key: \"{{ event.order_id }}\"`"));
        }
    }
}
