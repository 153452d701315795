//! What was decided between two texts, in a few words: the journal as people read it.

use serde::Deserialize;
use serde_json::Value;

use super::moment::Clock;
use crate::graph;
use crate::model::{PlanHash, Time};
use crate::playbook::PlanSet;
use crate::playbook::plan::{Ix, Plan};
use crate::store::JournalEntry;

/// What the journal holds, as far as it is shown here.
#[derive(Deserialize)]
#[serde(tag = "did", rename_all = "snake_case")]
enum Did {
    Started {
        playbook: String,
    },
    NotStarted {
        playbook: String,
        reason: String,
    },
    Took {
        playbook: String,
        at: Ix,
        way: Value,
    },
    Unclaimed,
    Held {
        until: Time,
    },
    Skipped {
        reason: String,
    },
    Recorded {
        name: String,
    },
    Stumbled {
        why: String,
    },
    Line {
        what: String,
    },
    Goal,
    HandedOff {
        queue: String,
    },
    Consent {
        what: String,
    },
    Moved {
        version: PlanHash,
    },
    Ended {
        playbook: String,
        outcome: String,
    },
    #[serde(other)]
    Other,
}

/// A line between two texts.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Line {
    /// In words; names between backticks.
    pub text: String,
    /// A step of a conversation's life: it began, ended, was handed over.
    pub is_mark: bool,
    /// A person's note: it is shown as one.
    pub is_note: bool,
}

impl Line {
    fn plain(text: String) -> Line {
        Line { text, is_mark: false, is_note: false }
    }

    fn mark(text: String) -> Line {
        Line { text, is_mark: true, is_note: false }
    }
}

/// The lines of an entry: events that are no texts, then what was decided.
pub fn lines(entry: &JournalEntry, plans: &PlanSet, clock: &Clock) -> Vec<Line> {
    let list = |name: &str| entry.body.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let events = list("events").into_iter().filter_map(|event| of_event(&event));
    let decided = list("decisions").into_iter().filter_map(|decision| serde_json::from_value(decision).ok());
    events.chain(decided.filter_map(|did| of_decision(did, plans, clock))).collect()
}

fn of_event(event: &Value) -> Option<Line> {
    let field = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    match field("type") {
        "api" => Some(Line::plain(format!("event `{}`", field("name")))),
        "tagged" => Some(Line::plain(format!("tagged `{}`", field("tag")))),
        "clicked" => Some(Line::plain(format!("opened the link to {}", field("url")))),
        "call" => Some(Line::mark("called".to_owned())),
        "noted" => Some(Line { text: field("text").to_owned(), is_mark: false, is_note: true }),
        "agent_closed" => Some(Line::mark(format!("handed back as `{}`", field("outcome")))),
        _ => None,
    }
}

fn of_decision(did: Did, plans: &PlanSet, clock: &Clock) -> Option<Line> {
    Some(match did {
        Did::Started { playbook } => Line::mark(format!("`{playbook}` began")),
        Did::NotStarted { playbook, reason } => Line::plain(format!("`{playbook}` did not begin: {}", words(&reason))),
        Did::Took { playbook, at, way } => Line::plain(took(plans.plans.get(&playbook)?, at, &way)?),
        Did::Unclaimed => Line::plain("no playbook took this text".to_owned()),
        Did::Held { until } => Line::plain(format!("quiet hours: waits until {}", clock.moment(until).short)),
        Did::Skipped { reason } => Line::plain(format!("not sent: {}", words(&reason))),
        Did::Recorded { name } => Line::plain(format!("recorded `{name}`")),
        Did::Stumbled { why } => Line::plain(why),
        Did::Line { what } if what == "waits" => Line::plain("waits for another conversation to end".to_owned()),
        Did::Goal => Line::mark("goal reached".to_owned()),
        Did::HandedOff { queue } => Line::mark(format!("handed to `{queue}`")),
        Did::Consent { what } => Line::mark(words(&what)),
        Did::Moved { version } => Line::plain(format!("moved to version `{}`", version.as_str().get(..8).unwrap_or_default())),
        Did::Ended { playbook, outcome } => Line::mark(format!("`{playbook}` ended: {}", words(&outcome))),
        Did::Line { .. } | Did::Other => return None,
    })
}

/// A way out of a step in the words of the chart.
fn took(plan: &Plan, at: Ix, way: &Value) -> Option<String> {
    let step = plan.steps.get(at)?;
    let label = |way: &str, number: u64| {
        let (from, way) = (format!("s{at}"), format!("{way}-{}", number + 1));
        graph::chart(plan).arrows.into_iter().find(|arrow| arrow.from == from && arrow.way == way).map(|arrow| arrow.label)
    };
    let at_step = step.id.as_ref().map(|id| format!(" at `{id}`")).unwrap_or_default();
    if let Some((kind, number)) = way.as_object().and_then(|way| way.iter().next()) {
        let number = number.as_u64()?;
        return match kind.as_str() {
            "rule" => Some(format!("matched `{}`{at_step}", label("reply", number)?)),
            "anytime" => Some(format!("matched an `anytime` rule{at_step}")),
            "branch" => Some(format!("took `{}`{at_step}", label("branch", number)?)),
            "remind" => Some(format!("reminder {}{at_step}", number + 1)),
            _ => None,
        };
    }
    let words = match way.as_str()? {
        "any_text" => "took the answer",
        "retry" => "not understood, asked again",
        "no_match" => "not understood",
        "timeout" => "no answer in time",
        "error" => "the call failed",
        "failed" => "the text could not be delivered",
        "sla" => "nobody answered in the promised time",
        "idle" => "silent: handed back",
        "past" => "that time is past",
        _ => return None,
    };
    Some(format!("{words}{at_step}"))
}

/// A name of the language as words.
fn words(name: &str) -> String {
    name.replace('_', " ")
}
