//! `missing-file`: a text file that is not there.

use super::super::compile::files_of;
use super::super::fault::Fault;
use super::super::keys::Kind;
use super::super::pieces::TEMPLATES;
use super::{Checked, Context};

/// Variants for languages alone are not enough: a contact of any other language would get nothing.
pub(super) fn check(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    for leaf in file.reading.leaves.iter().filter(|leaf| matches!(leaf.kind, Kind::Text)) {
        let Some(node) = leaf.node.get("file") else { continue };
        let Some(name) = node.text() else { continue };
        if context.templates.contains_key(name) {
            continue;
        }
        let mut fault = file.error("missing-file", node.span, format!("`{TEMPLATES}{name}` does not exist"));
        if files_of(context.templates, name).is_empty() {
            fault = fault.label("no text to send").guess(name, context.templates.keys().map(String::as_str));
        } else {
            fault = fault.label("needed for contacts whose language has no file of its own");
        }
        faults.push(fault);
    }
}
