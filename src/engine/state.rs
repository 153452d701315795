//! What the engine remembers of one contact between two steps. Serialised into the store after every step and read back before the next.
//!
//! Ended conversations leave; what outlives them are small notes, each with an end, so a contact stays small however long it lives.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::{Address, BroadcastId, Class, ConversationId, ConversationRow, HandoffRow, MessageId, PlanHash, Time};
use crate::playbook::plan::Ix;

/// Everything about one contact but the contact itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// Number of the next conversation, message, clock or hand-off of this contact: names without chance.
    pub next: u64,
    /// How the contact was left, as a short hash: another one says that somebody else changed it.
    #[serde(skip_serializing_if = "is_none")]
    pub seen: u32,
    /// Live conversations, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub live: Vec<Conversation>,
    /// Who hears the contact's next text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<ConversationId>,
    /// Who waits for the line, first come first served.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub line_queue: Vec<ConversationId>,
    /// Open clocks, in no order; the earliest is the contact's wake.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<Clock>,
    /// Texts that were our own idea, for caps, `exclude_recent` and loop guards; 30 days.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sends: Vec<SendNote>,
    /// Texts on their way that no conversation waits for: agents', and what was said beside the point by conversations that have ended. An
    /// opt-out takes them back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub loose: Vec<MessageId>,
    /// Last start by playbook and key, as long as that playbook's `entry` looks back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub starts: Vec<StartNote>,
    /// Goals that can still be reached.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub goals: Vec<OpenGoal>,
    /// A conversation that timed out and may be opened again by a late reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late: Option<Late>,
    /// The number of each pool that this contact keeps, by sender name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sticky: BTreeMap<String, String>,
    /// Latest text to each of our WhatsApp numbers: free text is allowed for 24 h from it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub whatsapp: BTreeMap<String, Time>,
    /// The playbooks' texts of the last minutes with a hash of their words: what the loop guards count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recent: Vec<(Time, u64)>,
    /// The last texts as `transcript()` shows them; kept only while a loaded playbook asks for it.
    #[serde(skip_serializing_if = "VecDeque::is_empty")]
    pub talk: VecDeque<String>,
    /// Answers to STOP are sent once: whether this opt-out has been confirmed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stop_confirmed: bool,
}

/// One conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// Its name.
    pub id: ConversationId,
    /// Through which playbook.
    pub playbook: String,
    /// In which version.
    pub plan: PlanHash,
    /// Tells it from others of the same playbook.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key: Option<String>,
    /// When it began.
    pub started_at: Time,
    /// The broadcast that started it; its texts go last.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub broadcast: Option<BroadcastId>,
    /// The sender's name in the settings.
    pub sender: String,
    /// The number (or service) it speaks from, fixed at its start.
    pub from: Address,
    /// Data of the trigger.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub event: Option<Value>,
    /// The latest answer taken, or the text that started it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reply: Option<Value>,
    /// Name of the queue of the latest hand-off; whether it is open is asked of the clock.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub queue: Option<String>,
    /// Retries used at the latest question.
    #[serde(default)]
    pub tries: u32,
    /// The latest text of the contact that this conversation claimed: its texts are answers for 24 h.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub claimed_at: Option<Time>,
    /// Where it stands: the playbook, then sub-playbooks, and `anytime` branches on top.
    pub frames: Vec<Frame>,
    /// What it rests at.
    pub rest: Rest,
    /// What it rests at once the person who took it over gives it back.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub taken: Option<Taken>,
    /// Its texts that are held or on their way.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub texts: Vec<Pending>,
    /// Ids of which a link was opened.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub clicked: BTreeSet<String>,
    /// Events that came before their `wait_for`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub early: Vec<(String, Value)>,
    /// The newest step run that has an id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub step: Option<String>,
    /// Steps since the contact or a clock had a word: the loop guard.
    #[serde(default)]
    pub steps: u32,
    /// What the step it stands at said while it was another, in an older version.
    #[serde(skip_serializing_if = "Said::is_nothing", default)]
    pub said: Said,
    /// It is being left and ends with this outcome once its last text is out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub leaving: Option<String>,
    /// Its goal was reached.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub goal: bool,
    /// How it ended; set within a step only, ended ones are not stored.
    #[serde(skip, default)]
    pub ended: Option<String>,
}

/// What a step has said: a move to a new version must not say it again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Its text, or its question.
    pub words: bool,
    /// What the contact is told at a hand-off.
    pub handoff: bool,
    /// So many of its reminders.
    pub reminded: usize,
}

impl Said {
    fn is_nothing(&self) -> bool {
        *self == Said::default()
    }
}

/// One level of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// The playbook whose steps these are; the first level's stands in the conversation.
    pub playbook: String,
    /// The step it stands at.
    pub at: Ix,
    /// Bare names; those of the level itself, or none for a side frame, which uses those of `side`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub vars: Map<String, Value>,
    /// An `anytime` branch, belonging to this level below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<usize>,
}

/// What a conversation rests at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub enum Rest {
    /// Nothing: it is running. Never stored.
    Running,
    /// It needs the line and another has it.
    Line,
    /// Its playbook is stopped: it begins when that is let go again.
    Stopped,
    /// A `send`, until Twilio has accepted its text.
    Text,
    /// A question, or the text that asks it.
    Question(Open),
    /// `wait`, `wait_until`.
    Time {
        /// When it was reached: a move to a new version counts from here.
        since: Time,
    },
    /// `wait_for`.
    Event {
        /// When it was reached.
        since: Time,
    },
    /// `http`, until this call is answered.
    Call {
        /// The call.
        message: MessageId,
    },
    /// A hand-off.
    Person(Talk),
}

/// A question.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Open {
    /// Its text, once queued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// It listens: the text is out (or there is none), or may be out.
    pub open: bool,
    /// When its clocks began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// Reminders that fell due so far: a move to a new version must not repeat them.
    #[serde(skip_serializing_if = "is_zero")]
    pub reminded: usize,
    /// Texts joined so far, under `gather`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gathered: Vec<crate::model::event::TextIn>,
    /// The time-out fell due while texts were gathered.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub overdue: bool,
}

/// There is no contact yet.
fn is_none(seen: &u32) -> bool {
    *seen == 0
}

/// Left out of the record, as it nearly always is.
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// A hand-off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Talk {
    /// As people see it.
    pub row: HandoffRow,
    /// When its clocks began: what the contact is told was out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// An agent has answered at least once.
    pub answered: bool,
    /// The contact waits for an agent's text.
    pub waiting: bool,
    /// When the word went to the other side: since then the contact waits, or is silent.
    pub turn: Time,
}

/// A question that a person took over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Taken {
    /// As it was.
    pub open: Open,
    /// Its clocks, as they stood.
    pub clocks: Vec<Clock>,
    /// When.
    pub at: Time,
}

/// A text that is held, or on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// Names it to its clock.
    pub slot: u64,
    /// What kind of text it is.
    pub role: Role,
    /// The step it belongs to.
    pub at: Ix,
    /// The level whose names it uses.
    pub level: usize,
    /// Once queued.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<MessageId>,
}

/// What kind of text it is: which words of a step, and what follows when it is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A `send`, or a `say` of a branch: the conversation goes on.
    Send,
    /// A `send` in a side branch: nothing follows.
    Side,
    /// One in a side branch of a level that has been left since: nothing follows, and it can't be made again.
    Left,
    /// A question: its clocks start.
    Ask,
    /// `retry.say`, or the question again.
    Retry,
    /// A reminder.
    Remind(usize),
    /// What the contact is told at a hand-off: its clocks start.
    Handoff,
    /// The last text of `exit` number so-and-so: the conversation ends.
    Exit(usize),
}

/// A moment at which something falls due.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clock {
    /// When.
    pub at: Time,
    /// Order of planning: what falls due together happens in this order.
    pub n: u64,
    /// Whose.
    pub conversation: ConversationId,
    /// What.
    pub due: Due,
}

/// What falls due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// A question's time-out.
    Timeout,
    /// A reminder.
    Remind(usize),
    /// The contact was silent long enough.
    Gather,
    /// `wait`, `wait_until`, or the time-out of `wait_for`.
    Wait,
    /// A held text may go now.
    Held(u64),
    /// It stood before the line long enough.
    Line,
    /// Nobody answered a hand-off.
    Person,
    /// The queue's promise.
    Sla,
    /// The contact is silent in a hand-off.
    Idle,
}

/// A text that was our own idea, or a place held for one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SendNote {
    /// When it was queued, then when Twilio took it.
    pub at: Time,
    /// Which class's cap it counts for.
    pub class: Class,
    /// Which playbook's cap it counts for.
    pub playbook: String,
    /// A broadcast's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bulk: bool,
    /// The text, until Twilio has taken it: gives the place back if it never does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// Counted as sent when it was queued: nobody waits for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub quiet: bool,
}

impl SendNote {
    /// Whether it counts within a time that began then; a place held for a text on its way always does.
    pub fn counts_since(&self, since: Time) -> bool {
        (self.message.is_some() && !self.quiet) || self.at > since
    }
}

/// A start that `entry` counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StartNote {
    /// Of which playbook.
    pub playbook: String,
    /// With which key.
    pub key: Option<String>,
    /// When.
    pub at: Time,
}

/// A goal that can still be reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenGoal {
    /// By which conversation.
    pub conversation: ConversationId,
    /// In which version of its playbook.
    pub plan: PlanHash,
    /// Not after this.
    pub until: Time,
    /// The conversation as people see it, once it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<ConversationRow>,
}

/// A conversation that timed out at a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Late {
    /// As it stood.
    pub conversation: Conversation,
    /// A reply still counts until then.
    pub until: Time,
}

impl State {
    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// The earliest open clock.
    pub fn wake(&self) -> Option<Time> {
        self.clocks.iter().map(|clock| clock.at).min()
    }

    /// Whether some conversation still waits for this text.
    pub fn waits_for(&self, message: &MessageId) -> bool {
        self.live.iter().flat_map(|conversation| &conversation.texts).any(|pending| pending.message.as_ref() == Some(message))
    }

    /// From the store's bytes; nothing stored is a new contact.
    pub fn read(bytes: Option<&[u8]>) -> Result<State, serde_json::Error> {
        bytes.map_or_else(|| Ok(State::default()), serde_json::from_slice)
    }

    /// For the store.
    pub fn write(&self) -> Vec<u8> {
        // A map with text keys and plain values always serialises.
        serde_json::to_vec(self).unwrap_or_default()
    }
}
