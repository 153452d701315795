//! `missing-audience`: a broadcast to nobody in particular.

use super::super::fault::Fault;
use super::{Checked, Context, is_broadcast};

/// Everybody is never what is meant; who wants it can say `where: true`.
pub(super) fn check(_: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let first = file.triggers().iter().find(|trigger| is_broadcast(trigger)).and_then(|trigger| trigger.entries().first());
    if let Some(entry) = first.filter(|_| file.file.root.get("audience").is_none()) {
        let fault = file.error("missing-audience", entry.at, "a broadcast needs an audience").label("to whom?");
        faults.push(fault.help("add `audience:` with `where` or `list`"));
    }
}
