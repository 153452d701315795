//! The store is the queue: contacts, conversations, inboxes, clocks, lanes, the send ledger, the journal and counters live in one
//! place, and one `commit` changes them together. State and what must happen next can never disagree.
//!
//! Two calendars drive everything. *Wake* holds each actor at the time of its earliest pending event or clock; *lanes* hold each
//! sender at the time it may next send. Claiming is one range query on a calendar, bounded by a limit, and answers with the next due
//! time, so a worker sleeps exactly until then.
//!
//! A `Commit` is a value, not a transaction: one SQL transaction and one Lua script are equals. Callers hand in single items; a store
//! groups what arrives together and answers each.
//!
//! What every store promises is told at the methods here and proved by one suite, `tests/it/store/`.

pub mod clock;
mod core;
mod doc;
mod host;
mod lanes;
pub mod ledger;
mod memory;
mod outbox;
mod page;
pub mod redis;
pub mod sqlite;
mod tables;
mod types;
mod wake;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::model::{
    Actor, BroadcastId, BroadcastRow, ConsentEntry, Contact, ConversationId, ConversationRow, HandoffId, HandoffRow, MessageId, MessageRow, Patch,
    Phone, PlanHash, Time,
};

pub use memory::Memory;
pub use types::*;
pub use wake::{Signal, Wakes};

/// Why a store could not do what it was asked. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store does not answer now (down, loading, full, slow); the same call may succeed later.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// As many events wait as the store may hold: take no more in until they have been worked off.
    #[error("{0} events wait to be worked off; no more are taken in until there are fewer")]
    Full(u64),
    /// The store can't be used by this daemon as it is.
    #[error("{0}")]
    Unusable(String),
}

/// What a store answers.
pub type Result<T> = std::result::Result<T, Error>;

/// A handle that all workers share.
pub type Shared = Arc<dyn Store>;

/// The promises of a store. Every method is whole or not at all.
#[async_trait]
pub trait Store: Send + Sync {
    /// The store's clock: strictly rising, never back, also over a restart. Every time in the store is by this clock.
    fn now(&self) -> Time;

    /// Tells workers that something is due earlier than they know.
    fn wakes(&self) -> &Wakes;

    /// Speeds of lanes and the account, and what is held; as the settings say, on every load. A lane without a speed never sends.
    async fn set_speeds(&self, speeds: Speeds) -> Result<()>;

    // ---- what moves actors

    /// Stores events for actors, due now or later. An id seen before is `Posted::Duplicate` and changes nothing. After it returns the
    /// events survive (per `durability`). `Post::suppress` is written in the same transaction as its event. More than
    /// `MAX_WAITING_EVENTS` due and unconsumed is `Error::Full` for the whole call (commits are never refused for it).
    async fn post(&self, posts: Vec<Post>) -> Result<Vec<Posted>>;

    /// Actors that are due, earliest first, each leased: it leaves the calendar and comes back due when the lease ends or `release` is
    /// called. Raises the actor's attempts; while attempts are left over (a crash, a failed release), an actor is given with one event
    /// only. At most `MAX_EVENTS_A_CLAIM` events each, those due, in order of due time, then of arrival.
    async fn claim(&self, limit: usize, lease: Duration) -> Result<Claim>;

    /// If the actor's version is still the claimed one and all of `cancel` still wait: writes everything in the commit, ends the lease,
    /// sets attempts back to 0 and the next wake to the earlier of `wake` and the first event left. Else `Committed::Stale`: nothing is
    /// written, the lease ends, the actor is due at once.
    async fn commit(&self, commit: Commit) -> Result<Committed>;

    /// Gives a claimed actor back unmoved: due again at `at` (attempts set back) or, after an error, `at` with attempts kept.
    async fn release(&self, actor: &Actor, lease: u64, at: Time, failed: bool) -> Result<()>;

    /// Puts an event that can't be worked on aside, where people see it; the actor goes on without it, its attempts set back. Without an
    /// event its clocks are put off by an hour. Ignored unless the claim is the current one.
    async fn park(&self, parked: Parked) -> Result<()>;

    // ---- what goes out

    /// Texts (or calls) that may go out now, looked at by `Priority` over all lanes, then by the time the lane may next send. For each
    /// text: the lane's pace and, where the lane counts for it, the account's allow it (see `model::pace`); the contact is not
    /// suppressed (else it is cancelled, reason `opted_out`); `valid_until` has not passed (else it is taken out and `Expired` is
    /// posted to the contact); its playbook and broadcast are not held (else `held`) or cancelled (else `cancelled`). What is cancelled
    /// here is told to the contact as `NotSent` with the reason. What is handed out is `posting` in the ledger with its attempt number,
    /// and the pace is spent, in the same write; speed spent is never refunded. Of one contact's texts only one is under way. Takes from
    /// a lane are bounded by what its pace allows now. Calls have no pace, holds or suppression, only `limit`; one whose lease ended is
    /// handed out again with its next attempt.
    async fn claim_sends(&self, kind: SendKind, limit: usize, lease: Duration) -> Result<Sends>;

    /// A sender has so many free places and waits for its signal: what a commit queues may be claimed with it, for that lease, and is handed
    /// over by the next `claim_sends`. Only a hint: a store may do nothing.
    fn stand_by(&self, places: usize, lease: Duration);

    /// The end of one attempt. Ignored (`false`) unless that attempt is the current one and still open.
    /// `Accepted` (unless the text is quiet) and `Failed` post `Sent` and `NotSent` to the contact (`Answered` for calls), and the contact's
    /// next text enters its lane.
    /// `Later` puts the text back at the head of its lane, not before that time. `Unknown` leaves it to be looked up.
    async fn settle(&self, settle: Settle) -> Result<bool>;

    /// A status callback: only ever raises the rank of a message, the same one twice changes nothing, may come before `settle` and then
    /// binds the SID and settles as accepted (posting `Sent`). Posts `Undelivered` to the contact for failed and undelivered, once.
    async fn report(&self, report: Report) -> Result<Reported>;

    /// Messages in `unknown`, or `posting` under a lease that has ended (which become `unknown` by this call), whose next look is due.
    /// Each is put off by the caller with `look_again`, or ended by `settle` with its attempt.
    async fn unsure(&self, limit: usize) -> Result<Unsure>;

    /// When an unknown message is looked up next.
    async fn look_again(&self, message: &MessageId, at: Time) -> Result<()>;

    /// Nothing of this lane (none: of any lane) goes out before `until`: a sender that Twilio reports full, an account that is refused.
    async fn slow(&self, lane: Option<&str>, until: Time) -> Result<()>;

    /// Holds, lets go or cancels what waits of a playbook or a broadcast. Letting go puts what was held back into its lanes.
    async fn set_hold(&self, scope: HoldScope, hold: Hold) -> Result<()>;

    // ---- people and plans

    /// Makes or changes contacts. All or none. New tags among `watched` post `Tagged` to the contact. Consent and opt-outs given are
    /// written to the ledger; an opt-out suppresses, an opt-in lifts it. A number that was erased while opted out stays suppressed
    /// and is stored with `opted_out`. A claimed actor whose contact changes becomes stale.
    async fn put_contacts(&self, patches: Vec<Patch>, watched: &[String]) -> Result<()>;

    /// Erases a person: contact, conversations, messages, hand-offs, journal, consent, events. Whether the number is suppressed stays (as a
    /// salted hash). False if unknown.
    async fn erase(&self, phone: &Phone) -> Result<bool>;

    /// Keeps a plan's files by hash. Known hashes change nothing.
    async fn put_plan(&self, plan: PlanRow) -> Result<()>;

    /// A plan's files.
    async fn plan(&self, hash: &PlanHash) -> Result<Option<PlanRow>>;

    /// Plans that live conversations or unfinished broadcasts name.
    async fn plans_in_use(&self) -> Result<Vec<PlanHash>>;

    /// Makes a broadcast and posts `Begin` to it, due at `row.at`. A known id changes nothing and answers with that row.
    async fn put_broadcast(&self, row: BroadcastRow) -> Result<PutBroadcast>;

    /// A named value kept with the store (schema facts, the Twilio account it belongs to, the last catch-up).
    async fn fact(&self, name: &str) -> Result<Option<String>>;

    /// Writes a named value.
    async fn set_fact(&self, name: &str, value: &str) -> Result<()>;

    // ---- reading, for people

    /// A contact.
    async fn contact(&self, phone: &Phone) -> Result<Option<Contact>>;

    /// Contacts by number of creation, after `after`: pages of an audience and of an export.
    async fn contacts(&self, after: u64, limit: usize) -> Result<Vec<Contact>>;

    /// A contact with the engine's state, for timelines and tests; takes no lease.
    async fn peek(&self, actor: &Actor) -> Result<Option<Peek>>;

    /// Conversations, newest start first.
    async fn conversations(&self, query: ConversationQuery) -> Result<Page<ConversationRow>>;

    /// One conversation.
    async fn conversation(&self, id: &ConversationId) -> Result<Option<ConversationRow>>;

    /// Messages, newest first.
    async fn messages(&self, query: MessageQuery) -> Result<Page<MessageRow>>;

    /// One message.
    async fn message(&self, id: &MessageId) -> Result<Option<MessageRow>>;

    /// Hand-offs: open ones first in order of opening, or all newest first.
    async fn handoffs(&self, query: HandoffQuery) -> Result<Page<HandoffRow>>;

    /// One hand-off.
    async fn handoff(&self, id: &HandoffId) -> Result<Option<HandoffRow>>;

    /// Broadcasts, newest first.
    async fn broadcasts(&self, cursor: Option<String>, limit: usize) -> Result<Page<BroadcastRow>>;

    /// One broadcast.
    async fn broadcast(&self, id: &BroadcastId) -> Result<Option<BroadcastRow>>;

    /// A piece of an audience list.
    async fn list(&self, name: &str, from: u64, limit: usize) -> Result<Vec<Phone>>;

    /// The journal of a contact, oldest first, after an entry.
    async fn journal(&self, contact: &Phone, after: u64, limit: usize) -> Result<Vec<(u64, JournalEntry)>>;

    /// The consent ledger of a contact, oldest first.
    async fn consent(&self, contact: &Phone) -> Result<Vec<ConsentEntry>>;

    /// Counters whose names begin so.
    async fn counts(&self, prefix: &str) -> Result<Vec<(String, i64)>>;

    /// Live conversations by playbook, version and step.
    async fn live_counts(&self) -> Result<Vec<LiveCount>>;

    /// How many segments wait on each lane by priority, and when it may next send.
    async fn lanes(&self) -> Result<Vec<LaneRow>>;

    /// A tracked link.
    async fn link(&self, code: &str) -> Result<Option<LinkRow>>;

    /// What was put aside.
    async fn parked(&self, limit: usize) -> Result<Vec<Parked>>;

    /// Whether it answers; for `/readyz`.
    async fn ping(&self) -> Result<()>;

    /// Removes what is older than `before`: ended conversations and hand-offs, settled messages, links, journal, seen ids, parked events;
    /// `limit` rows at most, answers whether more is left. Never touches consent, suppression or anything live. Lists go by
    /// `Commit::drop_lists`.
    async fn forget(&self, before: Time, limit: usize) -> Result<bool>;

    /// Writes what is pending and lets go of files and locks.
    async fn close(&self) -> Result<()>;
}
