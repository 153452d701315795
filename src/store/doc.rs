//! What people read later is kept as documents: a JSON body, and beside it the few values that a store can look for.
//!
//! One shape for all kinds keeps a store small: reading, paging, erasing a person and forgetting the old are written once. To keep one
//! more thing it takes an `impl Doc` here and a table in the schema.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::{BroadcastRow, BroadcastState, ConsentEntry, ConversationRow, ConversationState, Direction, HandoffRow, MessageRow, Time};

use super::{JournalEntry, LinkRow, Parked, PlanRow};

/// The kinds, by the names of their tables.
pub const KINDS: [&str; 9] = ["conversations", "handoffs", "messages", "broadcasts", "plans", "links", "journal", "consent", "parked"];

/// Kinds that are about one person, and go when that person is erased.
pub const PERSONAL: [&str; 7] = ["conversations", "handoffs", "messages", "links", "journal", "consent", "parked"];

/// What a store can look for in a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks<'a> {
    /// Its name; none for lines of a ledger, which have only their number.
    pub id: Option<&'a str>,
    /// A second name: Twilio's, for messages.
    pub alias: Option<&'a str>,
    /// What it is listed under, besides its contact: playbook or queue. It never changes.
    pub topic: Option<&'a str>,
    /// Whether it is among the few that are not done with.
    pub open: bool,
    /// It may be forgotten when this is long ago; none while it is live, or for good.
    pub over: Option<Time>,
}

/// Something kept as a document.
pub trait Doc: Serialize + DeserializeOwned + Clone + Send + 'static {
    /// Which of `KINDS`.
    const KIND: &'static str;

    /// What it can be found by.
    fn marks(&self) -> Marks<'_>;
}

impl Doc for ConversationRow {
    const KIND: &'static str = "conversations";

    fn marks(&self) -> Marks<'_> {
        let open = self.state != ConversationState::Ended;
        Marks { id: Some(self.id.as_str()), topic: Some(&self.playbook), open, over: self.ended_at.filter(|_| !open), ..Marks::default() }
    }
}

impl Doc for HandoffRow {
    const KIND: &'static str = "handoffs";

    fn marks(&self) -> Marks<'_> {
        let open = self.state.is_open();
        Marks { id: Some(self.id.as_str()), topic: Some(&self.queue), open, over: self.closed_at.filter(|_| !open), ..Marks::default() }
    }
}

impl Doc for MessageRow {
    const KIND: &'static str = "messages";

    fn marks(&self) -> Marks<'_> {
        let open = self.status.is_open();
        Marks {
            id: Some(self.id.as_str()),
            // A text from a contact has Twilio's name as its id.
            alias: self.sid.as_deref().filter(|_| self.direction == Direction::Outbound),
            open,
            over: (!open).then_some(self.created_at),
            ..Marks::default()
        }
    }
}

/// Never over: a known id must not start twice, however long ago it was.
impl Doc for BroadcastRow {
    const KIND: &'static str = "broadcasts";

    fn marks(&self) -> Marks<'_> {
        let open = !matches!(self.state, BroadcastState::Done | BroadcastState::Cancelled);
        Marks { id: Some(self.id.as_str()), topic: Some(&self.playbook), open, ..Marks::default() }
    }
}

/// Never over: the journal names plans for as long as it is kept.
impl Doc for PlanRow {
    const KIND: &'static str = "plans";

    fn marks(&self) -> Marks<'_> {
        Marks { id: Some(self.hash.as_str()), topic: Some(&self.playbook), ..Marks::default() }
    }
}

impl Doc for LinkRow {
    const KIND: &'static str = "links";

    fn marks(&self) -> Marks<'_> {
        Marks { id: Some(&self.code), over: Some(self.at), ..Marks::default() }
    }
}

impl Doc for JournalEntry {
    const KIND: &'static str = "journal";

    fn marks(&self) -> Marks<'_> {
        Marks { over: Some(self.at), ..Marks::default() }
    }
}

/// Never over: it is evidence.
impl Doc for ConsentEntry {
    const KIND: &'static str = "consent";

    fn marks(&self) -> Marks<'_> {
        Marks::default()
    }
}

/// Kept for people to look at, as long as the rest of what they look at.
impl Doc for Parked {
    const KIND: &'static str = "parked";

    fn marks(&self) -> Marks<'_> {
        Marks { over: Some(self.at), ..Marks::default() }
    }
}
