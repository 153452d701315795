//! Everything that can happen. An event is stored before anything is done about it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Address, Audience, BroadcastId, ConversationId, HandoffId, MessageId, PlanHash, Time};

/// Something that happened to an actor, or falls due for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When it happened: the moment we heard of it, by the store's clock.
    pub at: Time,
    /// What it was.
    #[serde(flatten)]
    pub what: Happening,
}

impl Event {
    /// An event that happened now.
    pub fn new(at: Time, what: Happening) -> Event {
        Event { at, what }
    }
}

/// The kinds of event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Happening {
    /// The contact wrote.
    Text(TextIn),
    /// The contact called.
    Call(CallIn),
    /// The contact opened a tracked link.
    Clicked {
        /// Whose text the link stood in.
        conversation: ConversationId,
        /// The ids `clicked()` answers to: the step and the splits around it.
        marks: Vec<String>,
        /// Where it led.
        url: String,
    },
    /// A program told us something (`POST /v1/events`, `bridged trigger`).
    Api {
        /// Name of the event, `order.placed`.
        name: String,
        /// Its data; `event.*` in playbooks.
        data: Value,
        /// Key given beside the data, used where the trigger names none; also `event.key`.
        key: Option<String>,
    },
    /// The contact got a tag from outside that it did not have.
    Tagged {
        /// The tag.
        tag: String,
    },
    /// A broadcast reaches this contact.
    Start {
        /// Which.
        broadcast: BroadcastId,
        /// The playbook, pinned when the broadcast was made.
        plan: PlanHash,
        /// The number of a pool that the broadcast chose for a contact without one.
        number: Option<String>,
        /// The broadcast's own audience, if it is not the playbook's; asked again when the contact's turn comes.
        audience: Option<Audience>,
    },
    /// Twilio accepted a text.
    Sent {
        /// Which.
        message: MessageId,
        /// Twilio's name for it.
        sid: Option<String>,
    },
    /// A text ended without being accepted: refused, or left unknown for good.
    NotSent {
        /// Which.
        message: MessageId,
        /// Twilio's code, if Twilio refused it.
        code: Option<u32>,
        /// In words.
        why: String,
    },
    /// A queued text came to its turn after its window had closed; it was taken out and nothing was sent.
    Expired {
        /// Which.
        message: MessageId,
    },
    /// A status callback reported that an accepted text did not arrive.
    Undelivered {
        /// Which.
        message: MessageId,
        /// `failed` or `undelivered`.
        status: String,
        /// Twilio's code.
        code: Option<u32>,
    },
    /// An HTTP call of a playbook is over, with all its retries.
    Answered {
        /// Which call.
        message: MessageId,
        /// Its result.
        answer: Answer,
    },
    /// An agent wrote to the contact.
    AgentText {
        /// In which hand-off.
        handoff: HandoffId,
        /// The words.
        text: String,
        /// Who, as the journal shows it.
        agent: String,
    },
    /// An agent takes a conversation over that no playbook handed off.
    TakenOver {
        /// Which.
        conversation: ConversationId,
        /// Who.
        agent: String,
    },
    /// An agent closed the hand-off.
    AgentClosed {
        /// Which.
        handoff: HandoffId,
        /// How it ended; `ID.outcome` in the playbook.
        outcome: String,
        /// Who.
        agent: String,
    },
    /// A note for the people who answer; the contact and the playbook never see it. It is kept in the journal.
    Noted {
        /// The words.
        text: String,
        /// Who.
        agent: String,
    },
    /// `stop --end`: this playbook's conversations end now.
    Stopped {
        /// Which playbook.
        playbook: String,
    },
    /// This playbook, which was stopped, goes on: conversations that could not begin do so now.
    Resumed {
        /// Which playbook.
        playbook: String,
    },
    /// A new version of this playbook is in force: conversations that may move to it do.
    Deployed {
        /// Which playbook.
        playbook: String,
    },
    /// What a STOP before a stored event did: nothing to decide, only to take note of an address that Twilio blocks (21610).
    OptedOut {
        /// How we know.
        source: String,
    },
    /// Nothing happened but time: open clocks are due.
    Clock,
    /// To a broadcast: begin, go on, or obey a flag.
    Broadcast {
        /// What to do.
        order: BroadcastOrder,
    },
}

/// What a broadcast is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BroadcastOrder {
    /// Compile the audience and start sending.
    Begin,
    /// A lane has room again, or time has passed.
    Pull,
    /// Start nobody until `Resume`.
    Pause,
    /// Go on.
    Resume,
    /// End it; whoever was not started is not.
    Cancel,
}

/// A text from a contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextIn {
    /// Twilio's name for it; a text counts once however often it comes.
    pub sid: String,
    /// The number it came from, on its channel.
    pub from: Address,
    /// Our number it was written to, on its channel.
    pub to: Address,
    /// The words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// Addresses of pictures and files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<String>,
    /// Payload or label of a tapped button.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub button: Option<String>,
    /// Twilio's Advanced Opt-Out took it as this (STOP, START, HELP) and answered by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opt_out_type: Option<String>,
    /// The name a WhatsApp user shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_name: Option<String>,
}

/// A call from a contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallIn {
    /// Twilio's name for it.
    pub sid: String,
    /// The number that called.
    pub from: String,
    /// Our number that was called.
    pub to: String,
}

/// The result of an HTTP call, as a playbook sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Something answered; only a 2xx is a success.
    Response {
        /// HTTP status.
        status: u16,
        /// Names in lower case.
        headers: BTreeMap<String, String>,
        /// JSON if its type says so, else text.
        body: Value,
    },
    /// Nobody answered, or nothing we may take.
    Failure {
        /// In words.
        why: String,
    },
}
