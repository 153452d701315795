//! `exit-without-key`: an exit that ends more than the conversation it is about.

use super::super::fault::Fault;
use super::super::yaml::Node;
use super::{Checked, Context};

/// Cancelling one order would end the talk about all others. An `if` may tell them apart as well.
pub(super) fn check(_: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    if !file.triggers().iter().any(|trigger| trigger.get("event").is_some() && trigger.get("key").is_some()) {
        return;
    }
    for exit in file.file.root.get("exit").map(Node::members).unwrap_or_default() {
        let Some(event) = exit.get("event") else { continue };
        if exit.get("key").is_none() && exit.get("if").is_none() {
            let fault = file.warning("exit-without-key", event.span, "this exit ends every conversation of the contact");
            faults.push(fault.label("not only the one the event is about").help("give the exit the `key` of the trigger"));
        }
    }
}
