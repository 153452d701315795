//! Which ways of the playbooks the tests took, and which never.

use std::collections::BTreeSet;

use crate::engine::{Decision, Way};
use crate::playbook::plan::{Ix, Plan, Verb};

/// Ways taken, over any number of tests.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    taken: BTreeSet<(String, Ix, Way)>,
}

/// A way nobody took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncovered {
    /// Line of the step or rule.
    pub line: usize,
    /// Id of the step, if it has one.
    pub step: Option<String>,
    /// Which way, in words.
    pub way: String,
}

impl Coverage {
    /// Counts what a test decided.
    pub fn count(&mut self, decisions: &[Decision]) {
        for decision in decisions {
            if let Decision::Took { playbook, at, way, .. } = decision {
                self.taken.insert((playbook.clone(), *at, *way));
            }
        }
    }

    /// How many ways a playbook has, and those nobody took.
    pub fn of(&self, plan: &Plan) -> (usize, Vec<Uncovered>) {
        let ways = ways(plan);
        let missing = ways
            .iter()
            .filter(|(at, way, ..)| !self.taken.contains(&(plan.name.clone(), *at, *way)))
            .map(|(at, _, line, words)| Uncovered { line: *line, step: plan.steps.get(*at).and_then(|step| step.id.clone()), way: words.clone() })
            .collect();
        (ways.len(), missing)
    }
}

/// A way in words, with the line it stands at: `reply rule` at the rule's own line, `on_timeout` at the step's.
pub fn way_told(plan: &Plan, at: Ix, way: Way) -> Option<(usize, String)> {
    ways(plan).into_iter().find(|(ix, known, ..)| (*ix, *known) == (at, way)).map(|(_, _, line, words)| (line, words))
}

/// Every way a playbook offers.
fn ways(plan: &Plan) -> Vec<(Ix, Way, usize, String)> {
    let mut ways = Vec::new();
    for (number, rule) in plan.anytime.iter().enumerate() {
        ways.push((0, Way::Anytime(number), rule.line, "`anytime` rule".to_owned()));
    }
    for (number, exit) in plan.exit.iter().enumerate() {
        ways.push((0, Way::Exit(number), exit.line, "`exit`".to_owned()));
    }
    for (at, step) in plan.steps.iter().enumerate() {
        let mut add = |way: Way, line: usize, words: &str| ways.push((at, way, line, words.to_owned()));
        match &step.verb {
            Verb::Send(send) if send.on_failed.is_some() => add(Way::Failed, step.line, "`on_failed`"),
            Verb::Question(question) => {
                for (number, rule) in question.rules.iter().enumerate() {
                    add(Way::Rule(number), rule.line, "reply rule");
                }
                if question.rules.is_empty() {
                    add(Way::AnyText, step.line, "an answer");
                } else {
                    if question.retry_max > 0 {
                        add(Way::Retry, step.line, "`retry`");
                    }
                    if !takes_all(question) {
                        add(Way::NoMatch, step.line, "`on_no_match`");
                    }
                }
                for number in 0..question.remind.len() {
                    add(Way::Remind(number), step.line, "`remind`");
                }
                add(Way::Timeout, step.line, "`on_timeout`");
                if question.send.as_ref().is_some_and(|send| send.on_failed.is_some()) {
                    add(Way::Failed, step.line, "`on_failed`");
                }
            }
            Verb::WaitUntil(_) => add(Way::Past, step.line, "`if_past`"),
            Verb::WaitFor(_) => {
                add(Way::Done, step.line, "the event");
                add(Way::Timeout, step.line, "`on_timeout`");
            }
            Verb::Choose(choices) => choices.iter().enumerate().for_each(|(number, choice)| add(Way::Branch(number), choice.line, "branch")),
            Verb::Split(arms) => arms.iter().enumerate().for_each(|(number, arm)| add(Way::Branch(number), arm.line, "branch")),
            Verb::Http(_) => {
                add(Way::Done, step.line, "an answer");
                add(Way::Error, step.line, "`on_error`");
            }
            Verb::Handoff(handoff) => {
                add(Way::Done, step.line, "closed by a person");
                add(Way::Timeout, step.line, "`on_timeout`");
                if handoff.on_sla.is_some() {
                    add(Way::Sla, step.line, "`on_sla`");
                }
            }
            _ => {}
        }
    }
    ways
}

/// Whether some rule takes every answer, so that `on_no_match` can't be reached.
fn takes_all(question: &crate::playbook::plan::Question) -> bool {
    use crate::playbook::plan::Match;
    question.rules.iter().flat_map(|rule| &rule.matches).any(|one| matches!(one, Match::Any | Match::Other))
}
