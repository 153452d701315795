//! A hand-off as people see it: a conversation that a person is to answer.

use serde::{Deserialize, Serialize};

use super::{ConversationId, HandoffId, Phone, Time};

/// Where a hand-off stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandoffState {
    /// Nobody has answered yet.
    Requested,
    /// A person has answered.
    Answered,
    /// Closed by a person.
    Closed,
    /// Nobody answered in time.
    TimedOut,
    /// The contact fell silent; given back to the playbook.
    Idle,
    /// The conversation was left: exit, STOP, stop.
    Cancelled,
}

impl HandoffState {
    /// The name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            HandoffState::Requested => "requested",
            HandoffState::Answered => "answered",
            HandoffState::Closed => "closed",
            HandoffState::TimedOut => "timed_out",
            HandoffState::Idle => "idle",
            HandoffState::Cancelled => "cancelled",
        }
    }

    /// Whether a person may still answer.
    pub fn is_open(self) -> bool {
        matches!(self, HandoffState::Requested | HandoffState::Answered)
    }
}

/// A hand-off as the API and the console list it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HandoffRow {
    /// Its name.
    pub id: HandoffId,
    /// Whose.
    pub contact: Phone,
    /// Which conversation waits.
    pub conversation: ConversationId,
    /// Which people are meant.
    pub queue: String,
    /// Who has it; nobody before agents have names.
    pub agent: Option<String>,
    /// Where it stands.
    pub state: HandoffState,
    /// `low`, `normal` or `high`.
    pub priority: String,
    /// What the playbook says to the agent.
    pub note: String,
    /// Whether the queue's promise has been missed.
    pub overdue: bool,
    /// When it was asked for.
    pub opened_at: Time,
    /// When it ended.
    pub closed_at: Option<Time>,
}
