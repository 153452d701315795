//! `unknown-step`, `step-out-of-reach`, `duplicate-id`: a goto needs one step of its name, in its own list or one around it.

use super::super::fault::Fault;
use super::super::keys::Kind;
use super::super::shape::Step;
use super::super::yaml::Node;
use super::{Checked, Context};

/// The name of a step; steps that nothing goes to need none.
fn id<'a>(step: &Step<'a>) -> Option<&'a str> {
    step.node.get_text("id")
}

/// `unknown-step` where no step of the file has the name, `step-out-of-reach` where one has but stands elsewhere.
/// The two differ in what to do: correct a name, or move a step.
pub(super) fn check(_: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    let steps = &file.reading.steps;
    for leaf in file.reading.leaves.iter().filter(|leaf| matches!(leaf.kind, Kind::Goto)) {
        let Some(wanted) = leaf.node.text() else { continue };
        let named: Vec<&Step<'_>> = steps.iter().filter(|step| id(step) == Some(wanted)).collect();
        if named.iter().any(|step| file.reading.reaches(leaf.list, step.list)) {
            continue;
        }
        let Some(first) = named.first() else {
            let known: Vec<&str> = steps.iter().filter_map(id).collect();
            let mut fault = file
                .error("unknown-step", leaf.node.span, format!("there is no step named `{wanted}`"))
                .label("not a step in this playbook")
                .guess(wanted, known);
            let near = fault.guess.clone();
            if let Some(place) = steps.iter().find(|step| near.is_some() && id(step) == near.as_deref()).and_then(|step| step.node.get("id")) {
                fault = fault.second(place.span, "a step with a similar name is here");
            }
            faults.push(fault);
            continue;
        };
        let mut fault = file
            .error("step-out-of-reach", leaf.node.span, format!("`{wanted}` is inside a branch and can't be gone to from here"))
            .label("a goto reaches its own list of steps and those around it")
            .help("move the step out of its branch");
        if let Some(place) = first.node.get("id") {
            fault = fault.second(place.span, "the step stands here");
        }
        faults.push(fault);
    }
}

/// The second of two steps with one name is the fault: the first may be what gotos and statistics already mean.
pub(super) fn duplicate_id(_: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
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
