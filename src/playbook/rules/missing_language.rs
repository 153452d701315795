//! `missing-language`: texts per language without the playbook's own.

use super::super::fault::Fault;
use super::super::keys::Kind;
use super::super::values::is_language;
use super::{Checked, Context};

/// Without a text in the playbook's own language the first entry would go to everybody else, whatever it is.
pub(super) fn check(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let language = file.file.root.get_text("language").unwrap_or(&context.workspace.language);
    for leaf in file.reading.leaves.iter().filter(|leaf| matches!(leaf.kind, Kind::Text)) {
        let entries = leaf.node.entries();
        let Some(first) = entries.first().filter(|_| leaf.node.get("file").is_none()) else { continue };
        // A map that is no text per language has been told already.
        if entries.iter().all(|entry| is_language(&entry.key)) && !entries.iter().any(|entry| entry.key == language) {
            let fault = file.error("missing-language", first.at, format!("there is no `{language}` text, the language of this playbook"));
            faults.push(fault.label(format!("contacts of other languages would get `{}`", first.key)));
        }
    }
}
