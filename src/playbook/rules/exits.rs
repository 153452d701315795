//! `key-needed` and `exit-without-key`: what tells a contact's conversations apart.

use super::super::fault::Fault;
use super::super::yaml::Node;
use super::{Checked, Context};

/// Both settings speak of one conversation among several of a contact; the key is what names it.
pub(super) fn key_needed(_: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    for trigger in file.file.root.get("triggers").map(Node::members).unwrap_or_default() {
        let Some(node) = trigger.get("if_running").filter(|_| trigger.get("event").is_some() && trigger.get("key").is_none()) else { continue };
        if let Some(word @ ("update" | "parallel")) = node.text() {
            let fault = file.error("key-needed", node.span, format!("`if_running: {word}` needs a `key`"));
            faults
                .push(fault.label("which of the contact's conversations is meant?").help("add `key:`, for example `key: \"{{ event.order_id }}\"`"));
        }
    }
}

/// Cancelling one order would end the talk about all others. An `if` may tell them apart as well.
pub(super) fn exit_without_key(_: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let list = |key| file.file.root.get(key).map(Node::members).unwrap_or_default();
    if !list("triggers").iter().any(|trigger| trigger.get("event").is_some() && trigger.get("key").is_some()) {
        return;
    }
    for exit in list("exit") {
        let Some(event) = exit.get("event") else { continue };
        if exit.get("key").is_none() && exit.get("if").is_none() {
            let fault = file.warning("exit-without-key", event.span, "this exit ends every conversation of the contact");
            faults.push(fault.label("not only the one the event is about").help("give the exit the `key` of the trigger"));
        }
    }
}
