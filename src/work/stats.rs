//! The funnel of a playbook: who reached which step, by which rule they went on, and what nobody understood.
//!
//! Numbers are counters that commits keep; rules are counted by their place, whatever the version. The replies that no rule took are read
//! from the newest conversations: they are people's own words, and go when those people are erased.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::journal::{turns, with_words};
use super::live::Live;
use crate::engine::{Decision, Way};
use crate::graph;
use crate::model::Happening;
use crate::playbook::plan::{Plan, Verb};
use crate::store::{self, ConversationQuery, MAX_PAGE, Shared};
use crate::text::words::cut;

/// Replies shown for a step.
const TOP: usize = 5;

/// Letters of a reply that a rule could name; longer ones are stories.
const MAX_REPLY: usize = 40;

/// A playbook in numbers.
#[derive(Debug, Default, Serialize)]
pub struct Stats {
    /// Its name.
    pub playbook: String,
    /// Conversations begun.
    pub started: i64,
    /// Starts refused, by reason.
    pub not_started: BTreeMap<String, i64>,
    /// Goals reached.
    pub goals: i64,
    /// Conversations ended, by outcome.
    pub outcomes: BTreeMap<String, i64>,
    /// Steps in the order of the file; those that are gone by now stand at the end.
    pub steps: Vec<StepStats>,
    /// How many of the newest conversations the replies were read from.
    pub replies_of: usize,
}

/// A step in numbers.
#[derive(Debug, Default, Serialize)]
pub struct StepStats {
    /// Its id.
    pub step: String,
    /// How often it was reached.
    pub reached: i64,
    /// How often each way out was taken, in the words of the playbook.
    pub ways: Vec<(String, i64)>,
    /// Answers nobody understood that were met with another try.
    pub retried: i64,
    /// Time-outs.
    pub timed_out: i64,
    /// The commonest replies that no rule took.
    pub unmatched: Vec<(String, usize)>,
    /// A rule for them, to paste under `replies`.
    pub rule: Option<String>,
}

/// Reads the numbers of a playbook.
pub async fn stats(store: &Shared, live: &Live, playbook: &str) -> store::Result<Stats> {
    let prefix = format!("playbook/{playbook}/");
    let mut found = Stats { playbook: playbook.to_owned(), ..Stats::default() };
    let plans = live.now();
    let plan = plans.by_name(playbook);
    let mut steps: BTreeMap<String, StepStats> = BTreeMap::new();
    for (name, count) in store.counts(&prefix).await? {
        let parts: Vec<&str> = name.strip_prefix(&prefix).unwrap_or_default().splitn(3, '/').collect();
        match parts.as_slice() {
            ["started"] => found.started = count,
            ["goal"] => found.goals = count,
            ["not_started", reason] => drop(found.not_started.insert((*reason).to_owned(), count)),
            ["ended", outcome] => drop(found.outcomes.insert((*outcome).to_owned(), count)),
            ["reached", step] => steps.entry((*step).to_owned()).or_default().reached = count,
            ["way", step, way] => {
                let step_stats = steps.entry((*step).to_owned()).or_default();
                match *way {
                    "retry" => step_stats.retried = count,
                    "timeout" => step_stats.timed_out = count,
                    way => step_stats.ways.push((words(plan.map(|plan| &**plan), step, way), count)),
                }
            }
            _ => {}
        }
    }
    let unmatched = unmatched(store, live, playbook, &mut found.replies_of).await?;
    for (step, replies) in unmatched {
        let mut replies: Vec<(String, usize)> = replies.into_iter().collect();
        replies.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        replies.truncate(TOP);
        let quoted: Vec<String> = replies.iter().map(|(reply, _)| format!("\"{reply}\"")).collect();
        let stats = steps.entry(step).or_default();
        stats.rule = (!quoted.is_empty()).then(|| format!("- match: {{any_of: [{}]}}\n  say: \"…\"\n", quoted.join(", ")));
        stats.unmatched = replies;
    }
    let place = |step: &str| plan.and_then(|plan| plan.ids.get(step)).copied().unwrap_or(usize::MAX);
    found.steps = steps.into_iter().filter(|(step, _)| !step.is_empty()).map(|(step, stats)| StepStats { step, ..stats }).collect();
    found.steps.sort_by_key(|stats| place(&stats.step));
    Ok(found)
}

/// A way as the playbook has it now.
fn words(plan: Option<&Plan>, step: &str, way: &str) -> String {
    let number = way.strip_prefix("rule.").and_then(|number| number.parse::<usize>().ok());
    let question = plan.and_then(|plan| plan.steps.get(*plan.ids.get(step)?)).map(|step| &step.verb);
    match (number, question) {
        (Some(number), Some(Verb::Question(question))) => {
            let rule = question.rules.get(number.saturating_sub(1)).map(|rule| graph::matches(&rule.matches));
            rule.unwrap_or_else(|| way.replace('.', " "))
        }
        _ => way.replace(['.', '_'], " "),
    }
}

/// Replies that no rule took, by step, of the newest conversations.
async fn unmatched(store: &Shared, live: &Live, playbook: &str, read: &mut usize) -> store::Result<BTreeMap<String, BTreeMap<String, usize>>> {
    let query = ConversationQuery { playbook: Some(playbook.to_owned()), limit: MAX_PAGE, ..ConversationQuery::default() };
    let rows = store.conversations(query).await?.items;
    *read = rows.len();
    let plans = live.need(store, rows.iter().map(|row| &row.version)).await;
    let contacts: BTreeSet<_> = rows.iter().map(|row| row.contact.clone()).collect();
    let mut found: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    for contact in contacts {
        for turn in turns(store, &contact).await? {
            let missed: Vec<String> = turn
                .recorded
                .decisions
                .iter()
                .filter_map(|decision| {
                    let Decision::Took { conversation, playbook: of, at, way: Way::Retry | Way::NoMatch } = decision else { return None };
                    let row = rows.iter().find(|row| row.id == *conversation && of == playbook)?;
                    plans.plan(&row.version)?.steps.get(*at)?.id.clone()
                })
                .collect();
            if missed.is_empty() {
                continue;
            }
            let turn = with_words(store, turn).await?;
            let texts = turn.recorded.events.iter().filter_map(|event| if let Happening::Text(text) = &event.what { Some(&text.body) } else { None });
            for reply in texts.map(|body| cut(body)).filter(|reply| !reply.is_empty() && reply.chars().count() <= MAX_REPLY) {
                for step in &missed {
                    *found.entry(step.clone()).or_default().entry(reply.clone()).or_default() += 1;
                }
            }
        }
    }
    Ok(found)
}
