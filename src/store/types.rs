//! What goes in and out of a store: plain values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use crate::model::message::Flight;
use crate::model::pace::Pace;
use crate::model::{
    Actor, BroadcastId, BroadcastRow, ConsentEntry, Contact, ConversationId, ConversationRow, ConversationState, Event, HandoffRow, MessageId,
    MessageRow, MessageStatus, Outgoing, Phone, PlanHash, Time,
};

/// Due and unconsumed events a store holds before it takes no more in: about a minute of turns, so that what was taken in is answered in reasonable time.
pub const MAX_WAITING_EVENTS: u64 = 200_000;

/// Events handed over with one actor, so that a claim stays bounded; the rest comes with the next.
pub const MAX_EVENTS_A_CLAIM: usize = 64;

/// Rows a page has at most.
pub const MAX_PAGE: usize = 500;

/// Rows that a filter without an index of its own may walk before it stops with a cursor.
pub const MAX_WALK: usize = 5_000;

/// An event for an actor.
#[derive(Clone, Debug, PartialEq)]
pub struct Post {
    /// For whom.
    pub to: Actor,
    /// What happened.
    pub event: Event,
    /// When it is to be worked on; not before `event.at` matters, only this.
    pub due: Time,
    /// A name that makes a repeat harmless (`sms:SM…`, `event:ID`); kept as long as `retention`. None for what commits post.
    pub id: Option<String>,
    /// A STOP word: the contact is suppressed, and this stands in the ledger, together with the event.
    pub suppress: Option<ConsentEntry>,
}

/// What became of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// Stored.
    New,
    /// Its id was seen before.
    Duplicate,
}

/// Actors to move.
#[derive(Debug)]
pub struct Claim {
    /// The claimed.
    pub actors: Vec<Claimed>,
    /// The store's clock at the claim: the `now` of their steps.
    pub now: Time,
    /// When the next actor is due; now or earlier if there are more than `limit`.
    pub next: Option<Time>,
}

/// One claimed actor.
#[derive(Debug)]
pub struct Claimed {
    /// Who.
    pub actor: Actor,
    /// Goes back in with the commit.
    pub version: u64,
    /// Names this claim; goes back in with commit or release.
    pub lease: u64,
    /// Claims since the last commit, this one included; over 1 means that something went wrong before.
    pub attempts: u32,
    /// Number of creation: for a contact the `Contact::number` that the first commit will store, so that a person not yet known has one too.
    pub number: u64,
    /// For a contact: the person, if known.
    pub contact: Option<Contact>,
    /// The engine's (or the worker's) own record, as it was committed.
    pub state: Option<Vec<u8>>,
    /// Due events, by their number in the inbox.
    pub events: Vec<(u64, Inbox)>,
    /// The contact's texts that are not settled: waiting, under way or unknown.
    pub flight: Vec<(MessageId, Flight)>,
}

/// An event as it lay in the inbox.
#[derive(Clone, Debug, PartialEq)]
pub enum Inbox {
    /// Readable.
    Event(Event),
    /// Bytes this version can't read, and why.
    Unreadable(Vec<u8>, String),
}

/// Everything that one step changes, for one actor.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Whose step.
    pub actor: Actor,
    /// As claimed.
    pub version: u64,
    /// As claimed.
    pub lease: u64,
    /// Events done with, by number.
    pub consumed: Vec<u64>,
    /// The actor's own record from now on.
    pub state: Vec<u8>,
    /// The earliest open clock.
    pub wake: Option<Time>,
    /// The contact, if changed or new.
    pub contact: Option<Contact>,
    /// Conversations begun, moved or ended.
    pub conversations: Vec<ConversationRow>,
    /// Hand-offs opened, moved or ended.
    pub handoffs: Vec<HandoffRow>,
    /// Texts and calls to queue, in order.
    pub queue: Vec<Outgoing>,
    /// Texts to take out of the queue, with the reason people see. All must still be `Waiting` or `Held`, else the commit is stale.
    pub cancel: Vec<(MessageId, String)>,
    /// Messages that were never queued but belong in the record: incoming texts; texts not sent (`cancelled`, reason `cap` …).
    pub messages: Vec<MessageRow>,
    /// The contact wrote: a text of unknown fate holds later ones back no longer.
    pub unblock: bool,
    /// Events for this or other actors.
    pub posts: Vec<Post>,
    /// Lines for the consent ledger.
    pub consent: Vec<ConsentEntry>,
    /// Suppresses the contact (true) or lifts it (false).
    pub suppress: Option<bool>,
    /// Counters to raise or lower.
    pub counts: Vec<(String, i64)>,
    /// What happened and what was decided; for contacts.
    pub journal: Option<JournalEntry>,
    /// Pieces to append to audience lists.
    pub append: Vec<(String, Vec<Phone>)>,
    /// Audience lists that are done with.
    pub drop_lists: Vec<String>,
    /// The broadcast, if this actor is one and it changed.
    pub broadcast: Option<BroadcastRow>,
    /// Broadcasts to make (`Begin` is posted to each, due at `at`); known ids are left alone.
    pub new_broadcasts: Vec<BroadcastRow>,
    /// Wake this actor when fewer segments than this wait on a lane (at once if so now).
    pub watch: Vec<(String, u32)>,
}

impl Commit {
    /// A commit that changes nothing but the actor's record.
    pub fn new(claimed: &Claimed, state: Vec<u8>) -> Commit {
        Commit {
            actor: claimed.actor.clone(),
            version: claimed.version,
            lease: claimed.lease,
            consumed: Vec::new(),
            state,
            wake: None,
            contact: None,
            conversations: Vec::new(),
            handoffs: Vec::new(),
            queue: Vec::new(),
            cancel: Vec::new(),
            messages: Vec::new(),
            unblock: false,
            posts: Vec::new(),
            consent: Vec::new(),
            suppress: None,
            counts: Vec::new(),
            journal: None,
            append: Vec::new(),
            drop_lists: Vec::new(),
            broadcast: None,
            new_broadcasts: Vec::new(),
            watch: Vec::new(),
        }
    }
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// Written.
    Done,
    /// Something changed since the claim: nothing was written; the actor is due again.
    Stale,
}

/// What happened to a contact and what was decided, by one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// The `now` of the step.
    pub at: Time,
    /// Events and decisions, as the engine writes them.
    pub body: serde_json::Value,
}

/// What waits to go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendKind {
    /// Texts to Twilio.
    Texts,
    /// HTTP calls of playbooks.
    Calls,
}

/// What may go out now.
#[derive(Debug)]
pub struct Sends {
    /// The claimed.
    pub sends: Vec<ClaimedSend>,
    /// The store's clock at the claim.
    pub now: Time,
    /// When the next one may go, as far as is known; now or earlier if `limit` cut the claim.
    pub next: Option<Time>,
}

/// One text or call to make.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimedSend {
    /// What.
    pub outgoing: Outgoing,
    /// Which attempt, from 1; raised before it is made.
    pub attempt: u32,
}

/// The end of one attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Settle {
    /// Of which message.
    pub message: MessageId,
    /// Which attempt.
    pub attempt: u32,
    /// How it ended.
    pub outcome: Outcome,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Twilio has it.
    Accepted {
        /// Twilio's name for it.
        sid: String,
        /// Segments as Twilio counts them, if it says.
        segments: Option<u32>,
    },
    /// Certainly not sent, and may be tried again then.
    Later(Time),
    /// Certainly not sent, and never will be; or unknown for good and not to be repeated.
    Failed {
        /// Twilio's code.
        code: Option<u32>,
        /// In words.
        why: String,
        /// `Failed` (refused) or `Held` (fate unknown, kept for a person).
        status: MessageStatus,
    },
    /// Nobody knows; to be looked up, first at that time.
    Unknown(Time),
    /// A call is over.
    Called(crate::model::event::Answer),
}

/// A status callback.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Our name for the message, from the callback's address.
    pub message: Option<MessageId>,
    /// Twilio's name for it.
    pub sid: String,
    /// Where it has got to.
    pub status: Option<MessageStatus>,
    /// Twilio's own word for that, kept in the history.
    pub word: String,
    /// Error code, if any.
    pub code: Option<u32>,
}

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reported {
    /// It moved the message.
    Moved,
    /// Kept in the history only.
    Noted,
    /// No such message (yet).
    Unknown,
}

/// Messages whose fate nobody knows.
#[derive(Debug)]
pub struct Unsure {
    /// With attempt, when it was made, and how often it has been looked up.
    pub messages: Vec<UnsureSend>,
    /// When the next look is due.
    pub next: Option<Time>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub struct UnsureSend {
    /// What was sent.
    pub outgoing: Outgoing,
    /// Which attempt.
    pub attempt: u32,
    /// When the attempt was claimed.
    pub posted_at: Time,
    /// Looks so far.
    pub looks: u32,
}

/// Speeds of all lanes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Speeds {
    /// By lane.
    pub lanes: BTreeMap<String, LaneSpeed>,
    /// Over all lanes that count for it.
    pub account: Option<Pace>,
    /// Share of a lane's speed (0 to 1) that bulk may never use.
    pub reserve: f64,
    /// Nothing goes out at all (`sync.direction: inbound`): what comes up is `held`.
    pub hold_all: bool,
}

/// Speed of one lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LaneSpeed {
    /// Its own.
    pub pace: Pace,
    /// Counts for the account's speed.
    pub account: bool,
}

/// What a hold is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldScope {
    /// A playbook's texts.
    Playbook(String),
    /// A broadcast's texts.
    Broadcast(BroadcastId),
}

/// A hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Nothing goes out; what comes up waits as `held`.
    Held,
    /// It goes on.
    Free,
    /// What comes up is cancelled.
    Cancelled,
}

/// An event put aside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parked {
    /// Whose.
    pub actor: Actor,
    /// Its claim; 0 when listed.
    pub lease: u64,
    /// Number in the inbox; none if the actor itself could not be moved without an event (then its clocks are put off).
    pub event: Option<u64>,
    /// What it was, as text.
    pub body: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: Time,
}

/// A plan's files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanRow {
    /// Its hash.
    pub hash: PlanHash,
    /// Its playbook.
    pub playbook: String,
    /// Its files, as the compiler reads them back.
    pub source: String,
    /// When it was first seen.
    pub at: Time,
}

/// What became of a new broadcast.
#[derive(Clone, Debug, PartialEq)]
pub enum PutBroadcast {
    /// Made.
    New,
    /// The id was known: this is it.
    Known(Box<BroadcastRow>),
}

/// An actor as it is, without a lease.
#[derive(Debug)]
pub struct Peek {
    /// The person, for a contact.
    pub contact: Option<Contact>,
    /// Its own record.
    pub state: Option<Vec<u8>>,
    /// When it is due.
    pub wake: Option<Time>,
    /// Events in its inbox.
    pub waiting: u64,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// Its rows.
    pub items: Vec<T>,
    /// Where the next page begins; none at the end. A page before the last is never empty.
    pub next: Option<String>,
}

/// Which conversations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConversationQuery {
    /// Of one contact.
    pub contact: Option<Phone>,
    /// Of one playbook.
    pub playbook: Option<String>,
    /// In one of these states; empty: any.
    pub states: Vec<ConversationState>,
    /// From here.
    pub cursor: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// Which messages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MessageQuery {
    /// Of one contact.
    pub contact: Option<Phone>,
    /// Of one conversation.
    pub conversation: Option<ConversationId>,
    /// In this status.
    pub status: Option<MessageStatus>,
    /// Not older than this.
    pub since: Option<Time>,
    /// By Twilio's name.
    pub sid: Option<String>,
    /// From here.
    pub cursor: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// Which hand-offs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HandoffQuery {
    /// Of one queue.
    pub queue: Option<String>,
    /// Of one contact.
    pub contact: Option<Phone>,
    /// Only those a person may still answer.
    pub open: bool,
    /// From here.
    pub cursor: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// People at a step.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveCount {
    /// Of which playbook.
    pub playbook: String,
    /// In which version.
    pub version: PlanHash,
    /// At which step.
    pub step: Option<String>,
    /// How many.
    pub count: u64,
}

/// A lane as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct LaneRow {
    /// Its name.
    pub lane: String,
    /// Segments that wait, by priority (reply, other, bulk).
    pub waiting: [u64; 3],
    /// When it may next send.
    pub next: Time,
}

/// A tracked link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinkRow {
    /// What stands behind `/l/`.
    pub code: String,
    /// Where it leads.
    pub url: String,
    /// Whose.
    pub contact: Phone,
    /// In which conversation's text.
    pub conversation: Option<ConversationId>,
    /// The ids `clicked()` answers to.
    pub marks: Vec<String>,
    /// When its text was queued.
    pub at: Time,
}
