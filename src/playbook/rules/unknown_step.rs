//! `unknown-step`, `step-out-of-reach`: a goto needs a step of its name, in its own list or one around it.

use super::super::fault::Fault;
use super::super::keys::Kind;
use super::super::shape::Step;
use super::{Checked, Context, unknown_click};

/// The name of a step; steps that nothing goes to need none.
fn id<'a>(step: &Step<'a>) -> Option<&'a str> {
    step.node.get_text("id")
}

/// `unknown-step` where no step of the file has the name, `step-out-of-reach` where one has but stands elsewhere.
/// The two differ in what to do: correct a name, or move a step.
pub(super) fn check(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    unknown_click::check(context, file, faults);
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
