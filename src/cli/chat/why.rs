//! `/why`: what the engine decided, in sentences, each with the line of the playbook it stands in.

use crate::engine::script::{shown, way_told};
use crate::engine::{Decision, Way};
use crate::playbook::PlanSet;
use crate::playbook::plan::Plan;

/// A sentence a decision; none for those that only count.
pub(super) fn sentence(decision: &Decision, plans: &PlanSet, zone: &jiff::tz::TimeZone) -> Option<String> {
    Some(match decision {
        Decision::Started { playbook, .. } => format!("`{playbook}` began"),
        Decision::NotStarted { playbook, reason } => format!("`{playbook}` did not begin: {reason}"),
        Decision::Step { playbook, at, id, .. } => {
            let plan = plans.by_name(playbook)?;
            let line = plan.steps.get(*at)?.line;
            format!("came to {}  ({})", id.as_ref().map_or("a step".to_owned(), |id| format!("`{id}`")), place(plan, line))
        }
        Decision::Took { playbook, at, way, .. } => {
            let plan = plans.by_name(playbook)?;
            let id = plan.steps.get(*at).and_then(|step| step.id.clone()).filter(|_| !matches!(way, Way::Anytime(_) | Way::Exit(_)));
            let id = id.map(|id| format!("`{id}`: ")).unwrap_or_default();
            match way_told(plan, *at, *way) {
                Some((line, words)) => format!("{id}took {words}  ({})", place(plan, line)),
                None if *way == Way::Idle => format!("{id}the contact fell silent, and the person's time was over"),
                None => format!("{id}took `on_no_match`"),
            }
        }
        Decision::Claimed { .. } => "the text belongs to this conversation".to_owned(),
        Decision::Unclaimed => "no playbook took the text".to_owned(),
        Decision::Held { until, .. } => {
            format!("a text is held until {}: it is our own idea, and beyond its hours now", shown(until.timestamp(), zone))
        }
        Decision::Skipped { reason, .. } => format!("a text was not sent: {reason}"),
        Decision::Recorded { name, .. } => format!("recorded `{name}`"),
        Decision::Stumbled { why, .. } => format!("stumbled: {why}"),
        Decision::Line { what, .. } => format!("the line: {what}"),
        Decision::Goal { .. } => "the goal was reached".to_owned(),
        Decision::HandedOff { queue, .. } => format!("asked for a person of `{queue}`"),
        Decision::Consent { what } => format!("the contact {}", what.replace('_', " ")),
        Decision::Moved { .. } => "moved to the new version".to_owned(),
        Decision::Ended { playbook, outcome, .. } => format!("`{playbook}` ended as `{outcome}`"),
        Decision::Queued { .. } => return None,
    })
}

/// `playbooks/visit.yaml:12: - match: yes`.
fn place(plan: &Plan, line: usize) -> String {
    let source = line.checked_sub(1).and_then(|before| plan.source.yaml.lines().nth(before)).unwrap_or_default();
    let source = source.split("  #").next().unwrap_or_default();
    format!("{}:{line}: {}", plan.source.path, source.trim())
}
