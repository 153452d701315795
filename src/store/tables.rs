//! What a store must be able to keep and find. `core` holds all rules of the store and is written over these traits once; memory and
//! SQLite differ only in how they keep rows.
//!
//! Nothing here decides anything. A failing method fails the whole transaction it was called in.

use crate::model::{Actor, Phone, Time};

use super::doc::Marks;
use super::{Flight, Result};

/// What moves an actor, without its record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Number of creation; for contacts also the person's.
    pub id: u64,
    /// Raised by each change; a commit must name it.
    pub version: u64,
    /// Claims since the last one that ended well.
    pub attempts: u32,
    /// The claim it is under; 0 for none.
    pub lease: u64,
    /// Its place in the calendar: when it is due; under a lease, when that ends.
    pub wake: Option<Time>,
    /// Its earliest open clock, as last committed.
    pub clock: Option<Time>,
    /// For a contact: it has a record, so it is not somebody new. Read only.
    pub known: bool,
}

/// What an actor keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// Its own record.
    pub state: Option<Vec<u8>>,
    /// The person, as JSON.
    pub contact: Option<String>,
}

/// Actors and their inboxes.
pub trait Actors {
    /// An actor, if there is one of that name.
    fn head(&self, name: &Actor) -> Result<Option<Head>>;
    /// An actor by its number.
    fn head_by_id(&self, id: u64) -> Result<Option<Head>>;
    /// Makes an actor that does not exist.
    fn make(&mut self, name: &Actor) -> Result<Head>;
    /// Writes what moves it.
    fn set_head(&mut self, head: &Head) -> Result<()>;
    /// Writes that and its record, and the person if given.
    fn set_record(&mut self, head: &Head, state: &[u8], contact: Option<&str>) -> Result<()>;
    /// Writes the person.
    fn set_contact(&mut self, id: u64, body: &str) -> Result<()>;
    /// What it keeps.
    fn body(&self, id: u64) -> Result<Body>;
    /// Removes it with its inbox.
    fn remove(&mut self, id: u64) -> Result<()>;
    /// Actors whose wake is not after `now`, earliest first, with what they keep.
    fn due(&self, now: Time, limit: usize) -> Result<Vec<(Actor, Head, Body)>>;
    /// The earliest wake of all.
    fn next_wake(&self) -> Result<Option<Time>>;
    /// Actors under a lease that ends by `until`.
    fn leased(&self, until: Time) -> Result<Vec<Head>>;
    /// People by number, as JSON.
    fn people(&self, after: u64, limit: usize) -> Result<Vec<String>>;

    /// Puts an event into an inbox; `counted` if it counts for the limit on waiting events.
    fn put_event(&mut self, actor: u64, due: Time, body: &str, counted: bool) -> Result<()>;
    /// Due events by due time, then arrival: number and JSON.
    fn events(&self, actor: u64, now: Time, limit: usize) -> Result<Vec<(u64, Vec<u8>)>>;
    /// When the first event of an inbox is due.
    fn first_due(&self, actor: u64) -> Result<Option<Time>>;
    /// Events in an inbox: all of them, and those that are counted.
    fn inbox(&self, actor: u64) -> Result<(u64, u64)>;
    /// Takes an event out; answers whether it was counted, none if it was not there.
    fn take_event(&mut self, actor: u64, number: u64) -> Result<Option<bool>>;
    /// How many events of all inboxes are counted; asked once, at start.
    fn counted(&self) -> Result<u64>;

    /// Notes an id; false if it was known.
    fn see(&mut self, id: &str, at: Time) -> Result<bool>;
    /// Drops ids noted before that time, `limit` at most; how many they were.
    fn forget_seen(&mut self, before: Time, limit: usize) -> Result<usize>;
}

/// Where an unsettled text or call stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How far it is.
    pub flight: Flight,
    /// Attempts made.
    pub attempt: u32,
    /// Waiting: not before this. Posting: when its lease ends. Unknown: when it is looked up next.
    pub at: Time,
    /// When the latest attempt was claimed.
    pub posted_at: Time,
    /// How often its fate was looked up.
    pub looks: u32,
    /// Holds later texts of the contact back while its fate is unknown.
    pub blocks: bool,
    /// Held: by which hold, as `core::holds` names them.
    pub hold: Option<String>,
}

/// One unsettled text or call as it is kept.
#[derive(Clone, Debug)]
pub struct OutRow {
    /// Its place in the order of queueing.
    pub order: u64,
    /// Whose: the number of an actor.
    pub actor: u64,
    /// Where it stands.
    pub progress: Progress,
    /// The `Outgoing`, as JSON.
    pub body: String,
}

/// What waits to go out.
pub trait Outs {
    /// Adds a row.
    fn put_out(&mut self, row: &OutRow) -> Result<()>;
    /// Moves a row on.
    fn set_out(&mut self, order: u64, progress: &Progress) -> Result<()>;
    /// Removes a row that is settled.
    fn drop_out(&mut self, order: u64) -> Result<()>;
    /// The highest order ever given and still known.
    fn last_out(&self) -> Result<u64>;
    /// All rows that are not held, in order; read at start.
    fn moving(&self) -> Result<Vec<OutRow>>;
    /// A contact's held rows, in order.
    fn held_of(&self, actor: u64) -> Result<Vec<OutRow>>;
    /// Whether any row is held.
    fn any_held(&self) -> Result<bool>;
    /// Rows kept back by a hold, in order.
    fn held_by(&self, hold: &str, limit: usize) -> Result<Vec<OutRow>>;
}

/// Which documents a walk meets.
#[derive(Clone, Copy, Debug)]
pub enum Walk<'a> {
    /// All of a kind.
    All,
    /// Those of one contact.
    Owner(u64),
    /// Those listed under a topic.
    Topic(&'a str),
    /// Those not done with.
    Open,
    /// Those of a topic not done with.
    OpenTopic(&'a str),
}

/// In which order, and from where.
#[derive(Clone, Copy, Debug)]
pub enum From {
    /// Newest first, below this number.
    Below(u64),
    /// Oldest first, above this number.
    Above(u64),
}

/// A document as it is kept.
#[derive(Clone, Debug)]
pub struct DocRow {
    /// Number of creation within its kind.
    pub number: u64,
    /// Whose: the number of an actor.
    pub owner: Option<u64>,
    /// JSON.
    pub body: String,
}

/// Documents (see `doc`).
pub trait Docs {
    /// Writes a document; one of the same id is replaced in its place.
    fn put_doc(&mut self, kind: &'static str, owner: Option<u64>, marks: &Marks<'_>, body: &str) -> Result<()>;
    /// Writes a document unless there is one of that id; whether it did.
    fn add_doc(&mut self, kind: &'static str, owner: Option<u64>, marks: &Marks<'_>, body: &str) -> Result<bool>;
    /// Replaces a document of a known id; its marks, too, where they may have changed.
    fn set_doc(&mut self, kind: &'static str, id: &str, marks: Option<&Marks<'_>>, body: &str) -> Result<()>;
    /// A document by its id.
    fn doc(&self, kind: &'static str, id: &str) -> Result<Option<DocRow>>;
    /// A document by its second name.
    fn doc_by_alias(&self, kind: &'static str, alias: &str) -> Result<Option<DocRow>>;
    /// A stretch of documents.
    fn walk(&self, kind: &'static str, walk: Walk<'_>, from: From, limit: usize) -> Result<Vec<DocRow>>;
    /// Removes all of one contact.
    fn drop_docs_of(&mut self, kind: &'static str, owner: u64) -> Result<()>;
    /// Removes those over before that time, `limit` at most; how many they were.
    fn forget_docs(&mut self, kind: &'static str, before: Time, limit: usize) -> Result<usize>;
}

/// Named values, counters and lists.
pub trait Names {
    /// A named value.
    fn value(&self, name: &str) -> Result<Option<String>>;
    /// Writes a named value, or removes it.
    fn set_value(&mut self, name: &str, value: Option<&str>) -> Result<()>;
    /// Named values whose names begin so.
    fn values(&self, prefix: &str) -> Result<Vec<(String, String)>>;
    /// Raises or lowers a counter.
    fn count(&mut self, name: &str, by: i64) -> Result<()>;
    /// Counters whose names begin so, without those at 0.
    fn counters(&self, prefix: &str) -> Result<Vec<(String, i64)>>;
    /// Appends to a list.
    fn append(&mut self, list: &str, piece: &[Phone]) -> Result<()>;
    /// A stretch of a list.
    fn list(&self, list: &str, from: u64, limit: usize) -> Result<Vec<Phone>>;
    /// Removes a list.
    fn drop_list(&mut self, list: &str) -> Result<()>;
}

/// All of it.
pub trait Tables: Actors + Outs + Docs + Names {}

impl<T: Actors + Outs + Docs + Names> Tables for T {}
