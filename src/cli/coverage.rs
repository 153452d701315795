//! `bridged test --coverage`: rules, time-outs, retries and errors that no test takes.

use crate::engine::script::{Coverage, Uncovered};
use crate::playbook::PlanSet;

/// A line a playbook with how many of its ways were taken, and under it those that were not.
pub(super) fn report(plans: &PlanSet, taken: &Coverage) -> String {
    let mut text = String::new();
    for plan in plans.iter() {
        let (all, missing) = taken.of(plan);
        text.push_str(&format!("{}  {} of {all} ways taken\n", plan.name, all - missing.len()));
        for Uncovered { line, step, way } in missing {
            let step = step.map(|id| format!("{id}: ")).unwrap_or_default();
            text.push_str(&format!("      {}:{line}: {step}{way} never taken\n", plan.source.path));
        }
    }
    text
}
