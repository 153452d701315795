//! The rules of the store, written once over `Tables`: each public method here is one method of the trait, for one caller, at one moment.
//!
//! A method checks everything before its first write, so that several callers can share one transaction. If a table fails, the whole
//! transaction is undone and `rebuild` reads the rows anew. What a method made due earlier than workers know is noted and raised by
//! the host once the write is safe.

mod ahead;
mod commit;
mod forget;
pub mod holds;
mod inbox;
mod people;
pub mod read;
mod sends;
mod settle;

pub use people::Change;

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::model::{Actor, ConsentEntry, Direction, Event, Happening, MessageId, MessageRow, MessageStatus, Outgoing, Payload, Phone, Text, Time};

use ahead::Ahead;

use super::doc::{Doc, Marks};
use super::lanes::Slots;
use super::ledger::{self, What};
use super::outbox::{Item, Outbox};
use super::tables::{DocRow, Head, OutRow, Tables};
use super::{Error, Flight, Hold, Result, Speeds, Wakes};

/// Name of the value that suppression hashes are salted with.
pub const SALT: &str = "salt";

/// Entries a message's history keeps: more than any message gets unless its lane refuses it over and over.
const MAX_HISTORY: usize = 50;

/// Calendars on which something fell due earlier than workers know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Raised {
    /// An actor.
    turns: bool,
    /// A text.
    texts: bool,
    /// A call.
    calls: bool,
    /// A look at an unknown text.
    unsure: bool,
}

impl Raised {
    /// Wakes who sleeps.
    pub fn raise(self, wakes: &Wakes) {
        let signals = [(self.turns, &wakes.turns), (self.texts, &wakes.texts), (self.calls, &wakes.calls), (self.unsure, &wakes.unsure)];
        for (_, signal) in signals.into_iter().filter(|(due, _)| *due) {
            signal.raise();
        }
    }
}

/// The next due times that workers were told last; they sleep until then. None: nothing was due.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    /// By `claim`.
    turns: Option<Time>,
    /// By `claim_sends` for texts.
    texts: Option<Time>,
    /// By `claim_sends` for calls.
    calls: Option<Time>,
    /// By `unsure`.
    unsure: Option<Time>,
}

/// A store's state: its tables, and what is held in memory of them.
pub struct Core<T> {
    /// The rows.
    pub tables: T,
    /// What is on its way out.
    outbox: Outbox,
    /// Of suppression hashes.
    salt: String,
    /// Events that were due when they came and are not consumed.
    waiting: u64,
    /// The next text's place in the order of queueing.
    next_order: u64,
    /// As the settings say.
    speeds: Speeds,
    /// Holds by name; `Free` while what was held is being let go.
    holds: BTreeMap<String, Hold>,
    /// Whether any text may be held: false only where it is certain.
    any_held: bool,
    /// What this transaction leaves for its end, or for the next.
    ahead: Ahead,
    /// What workers know.
    told: Told,
    /// What they don't know yet.
    raised: Raised,
}

impl<T: Tables> Core<T> {
    /// Reads what is to be held in memory.
    pub fn new(tables: T, now: Time) -> Result<Self> {
        let salt = tables.value(SALT)?.ok_or_else(|| Error::Unusable("the store was not completely made: it has no salt".to_owned()))?;
        let mut core = Core {
            tables,
            outbox: Outbox::default(),
            salt,
            waiting: 0,
            next_order: 1,
            speeds: Speeds::default(),
            holds: BTreeMap::new(),
            any_held: false,
            ahead: Ahead::default(),
            told: Told::default(),
            raised: Raised::default(),
        };
        core.rebuild(now)?;
        Ok(core)
    }

    /// Reads the rows anew, after a start or a transaction that was undone; speeds and watches stay.
    pub fn rebuild(&mut self, now: Time) -> Result<()> {
        let mut outbox = Outbox::default();
        for (name, slots) in self.tables.values(LANE)? {
            if let Some(slots) = Slots::read(&slots) {
                // An empty name is the account.
                outbox.lanes.restore(Some(&name[LANE.len()..]).filter(|name| !name.is_empty()), slots);
            }
        }
        outbox.lanes.set_speeds(&self.speeds, now);
        for row in self.tables.moving()? {
            match serde_json::from_str::<Outgoing>(&row.body) {
                Ok(outgoing) => outbox.insert(Item { order: row.order, actor: row.actor, progress: row.progress, queued_at: None, outgoing }, now),
                Err(error) => tracing::warn!(order = row.order, %error, "a text in the queue can't be read; it stays where it is"),
            }
        }
        for (lane, actor, below) in self.outbox.lanes.watches() {
            outbox.lanes.watch(lane, actor, below);
        }
        self.outbox = outbox;
        self.ahead.undo();
        self.waiting = self.tables.counted()?;
        self.next_order = self.tables.last_out()? + 1;
        self.holds = self.read_holds()?;
        self.any_held = self.tables.any_held()?;
        self.told = Told::default();
        self.raised = Raised { turns: true, texts: true, calls: true, unsure: true };
        Ok(())
    }

    /// What was made due by a transaction that is committed.
    pub fn take_raised(&mut self) -> Raised {
        let earlier = |due: Option<Time>, told: Option<Time>| due.is_some_and(|due| told.is_none_or(|told| due < told));
        self.raised.texts |= self.ahead.commit();
        self.raised.texts |= earlier(self.outbox.lanes.next(), self.told.texts);
        self.raised.calls |= earlier(self.outbox.next_call(), self.told.calls);
        self.raised.unsure |= earlier(self.outbox.next_unsure(Time(i64::MIN)), self.told.unsure);
        std::mem::take(&mut self.raised)
    }

    /// An actor is due at that time.
    fn note_wake(&mut self, due: Time) {
        self.raised.turns |= self.told.turns.is_none_or(|told| due < told);
    }

    /// An actor's head, made where it is new.
    fn head_of(&mut self, actor: &Actor) -> Result<Head> {
        match self.tables.head(actor)? {
            Some(head) => Ok(head),
            None => self.tables.make(actor),
        }
    }

    /// Puts an event into an inbox. An actor under a lease gets only that: its commit or the end of its lease sees to the rest.
    fn deliver(&mut self, to: &Actor, event: &Event, due: Time, now: Time) -> Result<Head> {
        let mut head = self.head_of(to)?;
        let counted = due <= now;
        self.tables.put_event(head.id, due, &encode(event)?, counted)?;
        self.waiting += u64::from(counted);
        if head.lease == 0 {
            self.wake(&mut head, due)?;
        }
        Ok(head)
    }

    /// Tells a contact what became of a text or call of it.
    fn tell(&mut self, contact: &Phone, what: Happening, now: Time) -> Result<()> {
        self.deliver(&Actor::Contact(contact.clone()), &Event::new(now, what), now, now).map(|_| ())
    }

    /// Moves an actor that is not under a lease forward in the calendar.
    fn wake(&mut self, head: &mut Head, due: Time) -> Result<()> {
        if head.wake.is_none_or(|wake| wake > due) {
            head.wake = Some(due);
            self.tables.set_head(head)?;
            self.note_wake(due);
        }
        Ok(())
    }

    /// Ends a lease: back into the calendar at the time given.
    fn unlease(&mut self, mut head: Head, attempts: u32, wake: Option<Time>) -> Result<()> {
        head.lease = 0;
        head.attempts = attempts;
        head.wake = wake;
        self.tables.set_head(&head)?;
        if let Some(wake) = wake {
            self.note_wake(wake);
        }
        Ok(())
    }

    /// Writes a document of a contact.
    fn keep<D: Doc>(&mut self, owner: Option<u64>, doc: &D) -> Result<()> {
        self.tables.put_doc(D::KIND, owner, &doc.marks(), &encode(doc)?)
    }

    /// Writes a document that was another before.
    fn rewrite<D: Doc>(&mut self, was: &Marks<'_>, doc: &D) -> Result<()> {
        let marks = doc.marks();
        self.tables.set_doc(D::KIND, marks.id.unwrap_or_default(), Some(&marks).filter(|marks| *marks != was), &encode(doc)?)
    }

    /// Writes a line of the consent ledger.
    fn note_consent(&mut self, entry: &ConsentEntry) -> Result<()> {
        let owner = self.head_of(&Actor::Contact(entry.contact.clone()))?.id;
        self.keep(Some(owner), entry)
    }

    /// Moves a message on and changes what else is to be changed in it. Calls have no message: nothing happens.
    fn mark(&mut self, id: &MessageId, what: What, now: Time, change: impl FnOnce(&mut MessageRow)) -> Result<()> {
        self.write_message_now(id)?;
        let Some((_, message)) = self.message_row(id)? else { return Ok(()) };
        self.move_on(message, what, now, change)
    }

    /// `mark` for a text that stands in the queue. A text that nothing happened to but its first claim needs no reading.
    fn mark_item(&mut self, item: &Item, what: What, now: Time, change: impl FnOnce(&mut MessageRow)) -> Result<()> {
        self.write_now(item.order)?;
        match fresh(item) {
            Some(message) => self.move_on(message, what, now, change),
            None => self.mark(&item.outgoing.id, what, now, change),
        }
    }

    /// Writes what becomes of a message, if that may happen to it.
    fn move_on(&mut self, mut message: MessageRow, what: What, now: Time, change: impl FnOnce(&mut MessageRow)) -> Result<()> {
        let Some(status) = ledger::moved(message.status, what) else { return Ok(()) };
        let was = message.clone();
        message.status = status;
        note(&mut message, now, status.as_str());
        change(&mut message);
        self.rewrite(&was.marks(), &message)
    }

    /// A message and where it is kept.
    fn message_row(&self, id: &MessageId) -> Result<Option<(DocRow, MessageRow)>> {
        let row = self.tables.doc(MessageRow::KIND, id.as_str())?;
        Ok(row.and_then(|row| read::decode(&row).map(|message| (row, message))))
    }

    /// The name under which a number's suppression is kept: a hash, so that it may outlive the person's erasure.
    fn suppression(&self, phone: &Phone) -> String {
        let mut name = "suppressed/".to_owned();
        for byte in Sha256::digest(format!("{}{}", self.salt, phone)) {
            name.extend([byte >> 4, byte & 15].into_iter().filter_map(|digit| char::from_digit(digit.into(), 16)));
        }
        name
    }

    /// Whether nothing may be sent to a number.
    fn suppressed(&self, phone: &Phone) -> Result<bool> {
        Ok(self.tables.value(&self.suppression(phone))?.is_some())
    }

    /// Suppresses a number, or lifts it.
    fn suppress(&mut self, phone: &Phone, suppressed: bool) -> Result<()> {
        let name = self.suppression(phone);
        self.tables.set_value(&name, suppressed.then_some(""))
    }

    /// Takes a text or call out of the queue, wherever it stands.
    fn take_out(&mut self, order: u64, now: Time) -> Result<()> {
        self.write_now(order)?;
        self.outbox.remove(order, now);
        self.tables.drop_out(order)
    }

    /// A contact's texts that holds keep back. Nearly always no text of anybody is held, and nothing need be read.
    fn held_rows(&self, actor: u64) -> Result<Vec<OutRow>> {
        if self.any_held { self.tables.held_of(actor) } else { Ok(Vec::new()) }
    }

    /// One of a contact's texts that a hold keeps back.
    fn held(&self, actor: u64, id: &MessageId) -> Result<Option<OutRow>> {
        let held = self.held_rows(actor)?;
        Ok(held.into_iter().find(|row| serde_json::from_str::<Outgoing>(&row.body).is_ok_and(|outgoing| outgoing.id == *id)))
    }

    /// Wakes actors whose watch on a lane came true. One under a lease looks at the lane by itself when it commits.
    fn wake_watchers(&mut self, now: Time) -> Result<()> {
        for id in self.outbox.lanes.take_fired() {
            if let Some(mut head) = self.tables.head_by_id(id)?.filter(|head| head.lease == 0) {
                self.wake(&mut head, now)?;
            }
        }
        Ok(())
    }
}

/// A text's message as it was queued.
pub fn queued(outgoing: &Outgoing, text: &Text, at: Time) -> MessageRow {
    MessageRow {
        id: outgoing.id.clone(),
        contact: outgoing.contact.clone(),
        direction: Direction::Outbound,
        from: text.from.0.clone(),
        to: text.to.0.clone(),
        body: text.body.clone(),
        media: text.media.clone(),
        segments: outgoing.cost,
        status: MessageStatus::Queued,
        reason: None,
        code: None,
        sid: None,
        conversation: outgoing.conversation.clone(),
        step: outgoing.step.clone(),
        created_at: outgoing.created_at,
        history: vec![(at, MessageStatus::Queued.as_str().to_owned())],
    }
}

/// A text's message, where it is certain without reading: it waits for its first claim, or is under it.
fn fresh(item: &Item) -> Option<MessageRow> {
    let (Payload::Text(text), Some(queued_at)) = (&item.outgoing.payload, item.queued_at) else { return None };
    let mut message = queued(&item.outgoing, text, queued_at);
    match (item.progress.flight, item.progress.attempt) {
        (Flight::Waiting, 0) => {}
        (Flight::Posting, 1) => {
            message.status = MessageStatus::Sending;
            note(&mut message, item.progress.posted_at, MessageStatus::Sending.as_str());
        }
        _ => return None,
    }
    Some(message)
}

/// Names of lanes' slots begin so; the name itself, with no lane behind it, is the account's.
const LANE: &str = "lane/";

/// Adds to a message's history, which keeps its beginning and its latest entries.
fn note(message: &mut MessageRow, now: Time, word: &str) {
    if message.history.len() >= MAX_HISTORY {
        message.history.remove(1);
    }
    message.history.push((now, word.to_owned()));
}

/// JSON of something that always has one.
fn encode(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Unusable(format!("a value can't be written as JSON: {error}")))
}
