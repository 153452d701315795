//! What was decided and by which rule: the journal's lines, and what tests, `why`, coverage and statistics read.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{ConversationId, MessageId, PlanHash, Time};
use crate::playbook::plan::Ix;

/// One decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "did", rename_all = "snake_case")]
pub enum Decision {
    /// A conversation began.
    Started {
        /// Of which playbook.
        playbook: String,
        /// Its name.
        conversation: ConversationId,
    },
    /// A trigger hit, yet nothing began.
    NotStarted {
        /// Of which playbook.
        playbook: String,
        /// Why, by the words of the language (`opted_out`, `running`, `entry` …).
        reason: String,
    },
    /// A step was reached.
    Step {
        /// In which conversation.
        conversation: ConversationId,
        /// Of which (sub-)playbook.
        playbook: String,
        /// Where in its plan.
        at: Ix,
        /// Its id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
    /// One of several ways was taken.
    Took {
        /// In which conversation.
        conversation: ConversationId,
        /// Of which (sub-)playbook.
        playbook: String,
        /// From which step.
        at: Ix,
        /// Which way.
        way: Way,
    },
    /// A text of the contact went to this conversation.
    Claimed {
        /// Which.
        conversation: ConversationId,
    },
    /// A text of the contact went to nobody.
    Unclaimed,
    /// A text was queued.
    Queued {
        /// Whose.
        conversation: ConversationId,
        /// Which.
        message: MessageId,
    },
    /// A text waits for its window.
    Held {
        /// Whose.
        conversation: ConversationId,
        /// Until when.
        until: Time,
    },
    /// A text was not sent.
    Skipped {
        /// Whose.
        conversation: ConversationId,
        /// Why: `no_consent`, `cap`, `undefined`, `too_long`, `fuel`, `template`, or Twilio's code.
        reason: String,
    },
    /// A milestone of a playbook.
    Recorded {
        /// In which conversation.
        conversation: ConversationId,
        /// Its name.
        name: String,
        /// Its data.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        data: Value,
    },
    /// An expression or a value could not be worked out; it counted as false or null.
    Stumbled {
        /// In which conversation.
        conversation: ConversationId,
        /// What was wrong.
        why: String,
    },
    /// The line was taken from another, or waited for.
    Line {
        /// Who wanted it.
        conversation: ConversationId,
        /// `waits`, `took`.
        what: String,
    },
    /// A goal was reached.
    Goal {
        /// By which conversation.
        conversation: ConversationId,
    },
    /// A person was asked for.
    HandedOff {
        /// By which conversation.
        conversation: ConversationId,
        /// Which people.
        queue: String,
    },
    /// The contact opted out or in.
    Consent {
        /// `opted_out`, `opted_in`.
        what: String,
    },
    /// A conversation goes on in another version of its playbook.
    Moved {
        /// Which.
        conversation: ConversationId,
        /// The version.
        version: PlanHash,
    },
    /// A conversation ended.
    Ended {
        /// Which.
        conversation: ConversationId,
        /// Of which playbook.
        playbook: String,
        /// How.
        outcome: String,
    },
}

/// A way out of a step. The same list is what coverage counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Reply rule number so-and-so.
    Rule(usize),
    /// `anytime` rule number so-and-so of the playbook.
    Anytime(usize),
    /// An answer taken by a question without rules.
    AnyText,
    /// An answer nobody understood, met with another try.
    Retry,
    /// After the retries.
    NoMatch,
    /// A reminder was sent.
    Remind(usize),
    /// A time-out.
    Timeout,
    /// The awaited came: an event, an HTTP success, an agent's close.
    Done,
    /// `choose` or `split` branch number so-and-so.
    Branch(usize),
    /// `on_error`.
    Error,
    /// `on_failed`.
    Failed,
    /// `on_sla`.
    Sla,
    /// The contact fell silent in a hand-off.
    Idle,
    /// `wait_until` was past.
    Past,
    /// `exit` number so-and-so.
    Exit(usize),
}

impl Way {
    /// Its name in counters; rules and branches are named by their place, from 1.
    pub fn name(self) -> String {
        match self {
            Way::Rule(number) => format!("rule.{}", number + 1),
            Way::Anytime(number) => format!("anytime.{}", number + 1),
            Way::Branch(number) => format!("branch.{}", number + 1),
            Way::Remind(number) => format!("remind.{}", number + 1),
            Way::Exit(number) => format!("exit.{}", number + 1),
            Way::AnyText => "any".to_owned(),
            Way::Retry => "retry".to_owned(),
            Way::NoMatch => "no_match".to_owned(),
            Way::Timeout => "timeout".to_owned(),
            Way::Done => "done".to_owned(),
            Way::Error => "error".to_owned(),
            Way::Failed => "failed".to_owned(),
            Way::Sla => "sla".to_owned(),
            Way::Idle => "idle".to_owned(),
            Way::Past => "past".to_owned(),
        }
    }
}
