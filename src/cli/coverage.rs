//! `bridged test --coverage`: branches, rules, time-outs, retries and errors that no test takes.

use serde::Serialize;

use crate::engine::script::{Coverage, Uncovered};
use crate::playbook::PlanSet;
use crate::playbook::plan::Plan;

/// How much of the playbooks was taken.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    /// Of each playbook.
    pub playbooks: Vec<OfPlaybook>,
    /// Ways of all of them.
    pub ways: usize,
    /// Those taken.
    pub taken: usize,
    /// In hundredths; 100 only if nothing is missing.
    pub percent: usize,
}

/// How much of one playbook was taken.
#[derive(Debug, Serialize)]
pub(super) struct OfPlaybook {
    /// Its name.
    pub playbook: String,
    /// Its file, as shown.
    pub file: String,
    /// Its ways.
    pub ways: usize,
    /// Those taken.
    pub taken: usize,
    /// In hundredths.
    pub percent: usize,
    /// Those never taken, in the order of the file.
    pub missing: Vec<Missing>,
}

/// A way that was never taken.
#[derive(Debug, Serialize)]
pub(super) struct Missing {
    /// Line of the step or rule.
    pub line: usize,
    /// Id of the step, if it has one.
    pub step: Option<String>,
    /// Which way, in words.
    pub way: String,
    /// What stands in that line.
    pub source: String,
}

impl Report {
    /// Adds the playbooks of one workspace.
    pub fn add(&mut self, plans: &PlanSet, taken: &Coverage) {
        for plan in plans.iter() {
            let (ways, missing) = taken.of(plan);
            let of = OfPlaybook {
                playbook: plan.name.clone(),
                file: plan.source.path.clone(),
                ways,
                taken: ways - missing.len(),
                percent: percent(ways - missing.len(), ways),
                missing: missing.into_iter().map(|way| told(plan, way)).collect(),
            };
            self.ways += of.ways;
            self.taken += of.taken;
            self.playbooks.push(of);
        }
        self.percent = percent(self.taken, self.ways);
    }

    /// A line a playbook, under it what is missing, step by step; at last the sum.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for OfPlaybook { playbook, file, ways, taken, percent, missing } in &self.playbooks {
            text.push_str(&format!("{playbook}  {taken} of {ways} ways taken, {percent} %\n"));
            for Missing { line, step, way, source } in missing {
                let step = step.as_ref().map(|id| format!("{id}: ")).unwrap_or_default();
                // A rule or branch has a line of its own, which says more than its name.
                let source = if source.starts_with("- id:") || source.starts_with("id:") { String::new() } else { format!("  | {source}") };
                text.push_str(&format!("      {file}:{line}: {step}{way} never taken{source}\n"));
            }
        }
        text + &format!("all playbooks  {} of {} ways taken, {} %\n", self.taken, self.ways, self.percent)
    }
}

fn told(plan: &Plan, Uncovered { line, step, way }: Uncovered) -> Missing {
    let source = line.checked_sub(1).and_then(|before| plan.source.yaml.lines().nth(before)).unwrap_or_default();
    Missing { line, step, way, source: source.trim().to_owned() }
}

/// Rounded down, so that 100 is all of it.
fn percent(taken: usize, all: usize) -> usize {
    (taken * 100).checked_div(all).unwrap_or(100)
}
