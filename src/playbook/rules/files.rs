//! `missing-file`, `missing-language`, `duplicate-playbook`, `name-differs-from-file`: playbooks and texts as files.

use super::super::compile::files_of;
use super::super::fault::Fault;
use super::super::keys::Kind;
use super::super::pieces::TEMPLATES;
use super::{Checked, Context, stem};

/// Variants for languages alone are not enough: a contact of any other language would get nothing.
pub(super) fn missing_file(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
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

/// Without a text in the playbook's own language the first entry would go to everybody else, whatever it is.
pub(super) fn missing_language(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let language = file.file.root.get_text("language").unwrap_or(&context.workspace.language);
    for leaf in file.reading.leaves.iter().filter(|leaf| matches!(leaf.kind, Kind::Text)) {
        let entries = leaf.node.entries();
        let Some(first) = entries.first().filter(|_| leaf.node.get("file").is_none()) else { continue };
        if !entries.iter().any(|entry| entry.key == language) {
            let fault = file.error("missing-language", first.at, format!("there is no `{language}` text, the language of this playbook"));
            faults.push(fault.label(format!("contacts of other languages would get `{}`", first.key)));
        }
    }
}

/// The later file of the folder is told, as the earlier one may be running already.
pub(super) fn duplicate_playbook(context: &Context<'_>, faults: &mut Vec<Fault>) {
    for (ix, file) in context.files.iter().enumerate() {
        let Some((name, node)) = file.name.zip(file.file.root.get("playbook")) else { continue };
        if let Some(first) = context.files.iter().take(ix).find(|first| first.name == Some(name)) {
            let fault = file.error("duplicate-playbook", node.span, format!("`{name}` is also the name of another file"));
            faults.push(fault.label("conversations could not tell the two apart").note(format!("the other one is {}", first.file.path)));
        }
    }
}

/// Only a warning: the name in the file is the one that counts.
pub(super) fn name_differs_from_file(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let Some((name, node)) = file.name.zip(file.file.root.get("playbook")) else { return };
    // Of two files with one name this is not the worst; that is told already.
    if context.files.iter().filter(|other| other.name == Some(name)).count() > 1 {
        return;
    }
    let shown = file.file.path.rsplit('/').next().unwrap_or_default();
    if stem(shown) != name {
        let fault = file.warning("name-differs-from-file", node.span, format!("`playbook: {name}` stands in `{shown}`"));
        faults.push(fault.label("people look for it by its file").help(format!("name the file `{name}.yaml`")));
    }
}
