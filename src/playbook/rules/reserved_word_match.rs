//! `reserved-word-match`: words that unsubscribe, subscribe or ask for help never reach a playbook.

use super::super::fault::{Fault, Level};
use super::super::keys::Kind;
use super::super::yaml::Node;
use super::{Checked, Context};
use crate::text::reserved::{Reserved, reserved};

/// Keywords, buttons and rules: everything that a whole text of a contact could be meant for.
pub(super) fn check(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    for leaf in &file.reading.leaves {
        match leaf.kind {
            Kind::Match => leaf.node.one_or_many().iter().for_each(|way| way_to_match(context, file, way, faults)),
            Kind::Keywords => word(context, file, leaf.node, "trigger", Level::Error, faults),
            Kind::Buttons => word(context, file, leaf.node, "rule", Level::Error, faults),
            _ => {}
        }
    }
}

/// Patterns and phrases are passed over: they match parts of sentences.
fn way_to_match(context: &Context<'_>, file: &Checked<'_>, way: &Node, faults: &mut Vec<Fault>) {
    for entry in way.entries() {
        let level = match entry.key.as_str() {
            "any_of" | "button" => Level::Error,
            // A sentence that holds the word still reaches the rule.
            "words" => Level::Warning,
            _ => continue,
        };
        entry.value.one_or_many().iter().for_each(|node| word(context, file, node, "rule", level, faults));
    }
}

/// Says what happens to the contact instead, since that is the surprise.
fn word(context: &Context<'_>, file: &Checked<'_>, node: &Node, reaches: &str, level: Level, faults: &mut Vec<Fault>) {
    let Some(written) = node.text() else { return };
    let does = match reserved(written, &context.workspace.reserved) {
        Some(Reserved::Stop) => "unsubscribes the contact",
        Some(Reserved::Start) => "subscribes the contact",
        Some(Reserved::Help) => "is answered with the help text",
        None => return,
    };
    let mut fault = file.error("reserved-word-match", node.span, format!("`{written}` {does} and never reaches this {reaches}"));
    fault.level = level;
    fault = if level == Level::Error {
        fault.label("looked at before every playbook")
    } else {
        fault.label("alone it never gets here; in a sentence it does")
    };
    faults.push(fault);
}
