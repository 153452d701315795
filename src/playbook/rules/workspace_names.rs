//! `unknown-queue` and `unknown-sender`: names that stand in the settings.

use super::super::fault::Fault;
use super::super::keys::Kind;
use super::{Checked, Context};

/// Settings change without the playbooks, so this is the fault people see after they renamed a queue or a sender.
pub(super) fn check(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    for leaf in &file.reading.leaves {
        let Some(name) = leaf.node.text() else { continue };
        match leaf.kind {
            Kind::Queue if !context.workspace.queues.contains_key(name) => {
                let fault = file.error("unknown-queue", leaf.node.span, format!("there is no queue `{name}`"));
                let known = context.workspace.queues.keys().map(String::as_str);
                faults.push(fault.label("not among the `queues` of the settings").guess(name, known));
            }
            Kind::Sender | Kind::Senders if !context.workspace.senders.iter().any(|sender| sender.name == name) => {
                let fault = file.error("unknown-sender", leaf.node.span, format!("there is no sender `{name}`"));
                let known = context.workspace.senders.iter().map(|sender| sender.name.as_str());
                faults.push(fault.label("not among the `senders` of the settings").guess(name, known));
            }
            _ => {}
        }
    }
}
