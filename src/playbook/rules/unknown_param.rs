//! `unknown-param`: what `run` hands over and takes back.

use super::super::fault::Fault;
use super::super::scope::bare_names;
use super::super::yaml::Node;
use super::{Checked, Context};

/// Names that are handed over and taken back must exist on the other side: both would be lost in silence.
pub(super) fn check(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    for step in file.reading.steps.iter().filter(|step| step.verb.name == "run") {
        let Some(run) = step.entry.value.text().and_then(|name| context.playbook(name)) else { continue };
        let name = run.name.unwrap_or_default();
        let params: Vec<&str> = run.file.root.get("params").map(Node::entries).unwrap_or_default().iter().map(|entry| entry.key.as_str()).collect();
        for entry in step.node.get("with").map(Node::entries).unwrap_or_default() {
            if !params.contains(&entry.key.as_str()) {
                let fault = file.error("unknown-param", entry.at, format!("`{name}` takes no `{}`", entry.key));
                faults.push(fault.label("not among its `params`").guess(&entry.key, params.iter().copied()));
            }
        }
        let names = bare_names(run);
        for entry in step.node.get("save").map(Node::entries).unwrap_or_default() {
            if let Some(wanted) = entry.value.text()
                && !names.contains_key(wanted)
                && wanted != "outcome"
            {
                let fault = file.error("unknown-param", entry.value.span, format!("`{name}` never sets `{wanted}`"));
                faults.push(fault.label("would save nothing").guess(wanted, names.keys().copied()));
            }
        }
    }
}
