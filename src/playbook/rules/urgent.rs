//! `urgent-marketing`: the law's quiet hours can't be skipped for offers.

use super::super::fault::Fault;
use super::super::yaml::Node;
use super::{Checked, Context};

/// The class is the step's own, else the playbook's, as at run time.
pub(super) fn check(_: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    for step in &file.reading.steps {
        let class = step.node.get_text("class").or_else(|| file.file.root.get_text("message_class"));
        let Some(entry) = step.node.entry("urgent") else { continue };
        if class == Some("marketing") && Node::bool(&entry.value) == Some(true) {
            let fault = file.error("urgent-marketing", entry.at, "marketing texts can't be urgent");
            faults.push(fault.label("they wait for the send window").help("remove `urgent`, or give the text another `class`"));
        }
    }
}
