//! A conversation as people see it; the engine's own record of it is `engine::state`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{BroadcastId, ConversationId, Phone, PlanHash, Time};

/// What a conversation is doing, by the names of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConversationState {
    /// A text of it is queued, held or on its way.
    Sending,
    /// A question is open.
    Listening,
    /// For time, an event, an HTTP answer or the line.
    Waiting,
    /// A person has the line.
    WithPerson,
    /// Over.
    Ended,
}

impl ConversationState {
    /// All but `Ended`.
    pub const LIVE: [ConversationState; 4] =
        [ConversationState::Sending, ConversationState::Listening, ConversationState::Waiting, ConversationState::WithPerson];

    /// The name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            ConversationState::Sending => "sending",
            ConversationState::Listening => "listening",
            ConversationState::Waiting => "waiting",
            ConversationState::WithPerson => "with_person",
            ConversationState::Ended => "ended",
        }
    }
}

/// A conversation as the API and the console list it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConversationRow {
    /// Its name.
    pub id: ConversationId,
    /// Whose.
    pub contact: Phone,
    /// Through which playbook.
    pub playbook: String,
    /// In which version.
    pub version: PlanHash,
    /// What tells it from others of the same contact and playbook.
    pub key: Option<String>,
    /// What it is doing.
    pub state: ConversationState,
    /// The newest step run that has an id.
    pub step: Option<String>,
    /// How it ended.
    pub outcome: Option<String>,
    /// Whether its goal was reached, also after the end.
    pub goal: bool,
    /// The broadcast that started it.
    pub broadcast: Option<BroadcastId>,
    /// Bare names of the main level, kept for people after the end too.
    pub vars: Map<String, Value>,
    /// When it began.
    pub started_at: Time,
    /// When it ended.
    pub ended_at: Option<Time>,
}
