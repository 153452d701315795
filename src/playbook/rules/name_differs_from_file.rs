//! `name-differs-from-file`: a playbook that people look for elsewhere.

use super::super::fault::Fault;
use super::{Checked, Context, stem};

/// Only a warning: the name in the file is the one that counts.
pub(super) fn check(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
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
