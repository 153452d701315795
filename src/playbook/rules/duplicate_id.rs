//! `duplicate-id`: two steps with one name.

use super::super::fault::Fault;
use super::super::yaml::Node;
use super::{Checked, Context};

/// The second of two steps with one name is the fault: the first may be what gotos and statistics already mean.
pub(super) fn check(_: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let mut seen: Vec<&Node> = Vec::new();
    for node in file.reading.steps.iter().filter_map(|step| step.node.get("id")) {
        let Some(name) = node.text() else { continue };
        match seen.iter().find(|before| before.text() == Some(name)) {
            Some(first) => faults.push(
                file.error("duplicate-id", node.span, format!("two steps are named `{name}`"))
                    .label("statistics and gotos could not tell them apart")
                    .second(first.span, "the first one"),
            ),
            None => seen.push(node),
        }
    }
}
