//! A message as people see it: one text in or out, and where it has got to.

use serde::{Deserialize, Serialize};

use super::{ConversationId, MessageId, Phone, Time};

/// In or out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the contact.
    Inbound,
    /// From us.
    Outbound,
}

/// Where a message has got to, by the names of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageStatus {
    /// Waits with us.
    Queued,
    /// Our POST is under way.
    Sending,
    /// Our POST ended without a clear answer; being looked up.
    Unknown,
    /// Twilio has it (Twilio's accepted, scheduled, queued, sending).
    Accepted,
    /// The carrier has it.
    Sent,
    /// The handset has it.
    Delivered,
    /// The carrier could not deliver it.
    Undelivered,
    /// Refused, or never left Twilio.
    Failed,
    /// Read by the contact, where receipts are on.
    Read,
    /// Taken out of the queue before it was sent.
    Cancelled,
    /// Kept back until a person or a `resume` decides.
    Held,
    /// From the contact.
    Received,
}

impl MessageStatus {
    /// All, with the names of the API.
    pub const ALL: [(MessageStatus, &'static str); 12] = [
        (MessageStatus::Queued, "queued"),
        (MessageStatus::Sending, "sending"),
        (MessageStatus::Unknown, "unknown"),
        (MessageStatus::Accepted, "accepted"),
        (MessageStatus::Sent, "sent"),
        (MessageStatus::Delivered, "delivered"),
        (MessageStatus::Undelivered, "undelivered"),
        (MessageStatus::Failed, "failed"),
        (MessageStatus::Read, "read"),
        (MessageStatus::Cancelled, "cancelled"),
        (MessageStatus::Held, "held"),
        (MessageStatus::Received, "received"),
    ];

    /// The name in the API.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(status, _)| *status == self).map_or("queued", |(_, name)| name)
    }

    /// The status of a name.
    pub fn parse(name: &str) -> Option<MessageStatus> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(status, _)| *status)
    }

    /// Whether it is among the few that are not done with.
    pub fn is_open(self) -> bool {
        matches!(self, MessageStatus::Queued | MessageStatus::Sending | MessageStatus::Unknown | MessageStatus::Held)
    }

    /// How far along an accepted message is: reports only ever raise it. None for states before acceptance and those that are ours alone.
    pub fn rank(self) -> Option<u8> {
        match self {
            MessageStatus::Accepted => Some(1),
            MessageStatus::Sent => Some(3),
            MessageStatus::Delivered | MessageStatus::Undelivered | MessageStatus::Failed => Some(5),
            MessageStatus::Read => Some(6),
            _ => None,
        }
    }
}

/// How far an unsettled text is, as a claim hands it to the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flight {
    /// In its lane, or behind another text of the contact: can be taken back.
    Waiting,
    /// Its POST is under way.
    Posting,
    /// Its POST ended without a clear answer.
    Unknown,
    /// Kept back by a hold: can be taken back.
    Held,
}

/// A message as the API and the console list it. Serialised it is the row of `GET /v1/messages`, but for the form of its times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageRow {
    /// Ours for outgoing ones, the MessageSid for incoming ones.
    pub id: MessageId,
    /// Whose.
    pub contact: Phone,
    /// In or out.
    pub direction: Direction,
    /// Address it came from.
    pub from: String,
    /// Address it went to.
    pub to: String,
    /// The words.
    pub body: String,
    /// Pictures and files.
    pub media: Vec<String>,
    /// What it costs.
    pub segments: u32,
    /// Where it has got to.
    pub status: MessageStatus,
    /// Why it was cancelled or held, in a word (`no_consent`, `cap`, `opted_out` …).
    pub reason: Option<String>,
    /// Twilio's error code.
    pub code: Option<u32>,
    /// Twilio's name for it.
    pub sid: Option<String>,
    /// Whose text it is.
    pub conversation: Option<ConversationId>,
    /// The playbook's step.
    pub step: Option<String>,
    /// When it was queued, or came in.
    pub created_at: Time,
    /// Each status with its time, as Twilio named it.
    pub history: Vec<(Time, String)>,
}
