//! `unknown-playbook`: a `run` of nothing.

use super::super::fault::Fault;
use super::super::keys::Kind;
use super::{Checked, Context};

/// A file that could not be read may be the playbook that is meant; then its own fault is enough.
pub(super) fn check(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    for leaf in file.reading.leaves.iter().filter(|leaf| matches!(leaf.kind, Kind::Playbook)) {
        let Some(name) = leaf.node.text() else { continue };
        if context.playbook(name).is_none() && !context.is_unread(name) {
            let known = context.files.iter().filter_map(|file| file.name);
            let fault = file.error("unknown-playbook", leaf.node.span, format!("there is no playbook `{name}`"));
            faults.push(fault.label("nothing to run").guess(name, known));
        }
    }
}
