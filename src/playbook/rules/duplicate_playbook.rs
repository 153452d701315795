//! `duplicate-playbook`: two files with one name.

use super::super::fault::Fault;
use super::Context;

/// The later file of the folder is told, as the earlier one may be running already.
pub(super) fn check(context: &Context<'_>, faults: &mut Vec<Fault>) {
    for (ix, file) in context.files.iter().enumerate() {
        let Some((name, node)) = file.name.zip(file.file.root.get("playbook")) else { continue };
        if let Some(first) = context.files.iter().take(ix).find(|first| first.name == Some(name)) {
            let fault = file.error("duplicate-playbook", node.span, format!("`{name}` is also the name of another file"));
            faults.push(fault.label("conversations could not tell the two apart").note(format!("the other one is {}", first.file.path)));
        }
    }
}
