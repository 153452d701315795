//! What we do about events: texts and HTTP calls, as the store queues them. Finished values; whoever sends them decides nothing.

use serde::{Deserialize, Serialize};

use super::{Address, BroadcastId, Class, ConversationId, MessageId, Phone, Time};

/// Who goes first on a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Somebody waits for it: answers to a contact, agents, answers to STOP and HELP.
    Reply,
    /// Our own idea, but not a broadcast's.
    Other,
    /// A broadcast.
    Bulk,
}

impl Priority {
    /// All of them, first things first.
    pub const ALL: [Priority; 3] = [Priority::Reply, Priority::Other, Priority::Bulk];
}

/// One text or call on its way out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Its name for good.
    pub id: MessageId,
    /// To whom, or on whose behalf.
    pub contact: Phone,
    /// Whose text it is; none for answers to STOP and HELP.
    pub conversation: Option<ConversationId>,
    /// The playbook, which can be stopped as a whole.
    pub playbook: Option<String>,
    /// The step it was sent by, for people.
    pub step: Option<String>,
    /// The broadcast it belongs to, which can be paused and cancelled as a whole.
    pub broadcast: Option<BroadcastId>,
    /// What it is for.
    pub class: Class,
    /// Where it queues: the sender's number or service, or `http:HOST` for calls.
    pub lane: String,
    /// Who goes first there.
    pub priority: Priority,
    /// What it costs of the lane's speed, in segments; 0 for calls.
    pub cost: u32,
    /// After this it may not go out (end of the window); none for answers.
    pub valid_until: Option<Time>,
    /// Goes to contacts who are opted out too: the confirmation of a STOP, the answer to HELP.
    #[serde(default)]
    pub to_opted_out: bool,
    /// Does not wait behind a text of this contact whose fate is unknown: agents' texts, answers to STOP and HELP.
    #[serde(default)]
    pub jumps: bool,
    /// Nobody waits for it: its acceptance is not told to the contact, whose conversation has gone on.
    #[serde(default)]
    pub quiet: bool,
    /// Sent again when nobody can tell whether it was sent; else held for a person.
    pub resend_unknown: bool,
    /// When the engine decided it.
    pub created_at: Time,
    /// The thing itself.
    pub payload: Payload,
}

/// The thing that goes out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Payload {
    /// A text.
    Text(Text),
    /// An HTTP call of a playbook.
    Call(Call),
}

/// A text, rendered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// Our number on its channel, or a Messaging Service (`MG…`).
    pub from: Address,
    /// The contact's number on the same channel.
    pub to: Address,
    /// The words; for a WhatsApp template what people and tests see of it.
    pub body: String,
    /// Pictures and files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<String>,
    /// An approved WhatsApp template, sent instead of the words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// The tracked links that stand in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
}

/// A WhatsApp template and its variables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// Content SID, `HX…`.
    pub sid: String,
    /// Its variables, as one JSON object in text.
    pub variables: String,
}

/// A tracked link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// What stands behind `/l/`.
    pub code: String,
    /// Where it leads.
    pub url: String,
    /// The ids `clicked()` answers to.
    pub marks: Vec<String>,
}

/// An HTTP call, rendered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// GET, POST, PUT, PATCH or DELETE.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// As written in the step. Secrets stand as `{{secret.NAME}}` and are put in when the call is made, so that no store holds one.
    pub headers: Vec<(String, String)>,
    /// Content type and body, if there is one; secrets as in headers.
    pub body: Option<(String, String)>,
    /// How long one attempt may take, in milliseconds.
    pub timeout_ms: u64,
    /// How often it is tried again.
    pub retries: u32,
    /// The same for each attempt, so that the other side can tell a repeat.
    pub idempotency_key: String,
}
