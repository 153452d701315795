//! What is on its way out, as a store's writer holds it in memory: waiting, under way and unknown texts and calls. Rebuilt from the
//! rows at start. What a hold keeps back is not here but in the rows only, so that a long stop costs no memory.

use std::collections::{BTreeSet, HashMap};

use crate::model::{MessageId, Outgoing, Payload, Time};

use super::Flight;
use super::lanes::{Lanes, Place};
use super::ledger::{self, Standing};
use super::tables::Progress;

/// One unsettled text or call.
#[derive(Clone, Debug)]
pub struct Item {
    /// Place in the order of queueing.
    pub order: u64,
    /// Whose: the number of an actor.
    pub actor: u64,
    /// Where it stands.
    pub progress: Progress,
    /// When its message was written as queued; none where only the row knows.
    pub queued_at: Option<Time>,
    /// The thing itself.
    pub outgoing: Outgoing,
}

impl Item {
    /// Whether it is a text; calls have neither lanes nor order.
    pub fn is_text(&self) -> bool {
        matches!(self.outgoing.payload, Payload::Text(_))
    }

    /// What decides which of a contact's texts is next.
    fn standing(&self) -> Standing {
        let Progress { flight, blocks, .. } = self.progress;
        Standing { order: self.order, priority: self.outgoing.priority, flight, jumps: self.outgoing.jumps, blocks }
    }

    /// Its place in its lane.
    pub fn place(&self) -> Place<'_> {
        let Outgoing { lane, priority, cost, .. } = &self.outgoing;
        Place { lane, priority: *priority, cost: *cost, order: self.order, at: self.progress.at }
    }
}

/// A contact's texts.
#[derive(Debug, Default)]
struct Line {
    /// Of all its texts here.
    texts: BTreeSet<u64>,
    /// The one that stands in its lane.
    head: Option<u64>,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Outbox {
    /// By order.
    items: HashMap<u64, Item>,
    /// Orders by name.
    names: HashMap<MessageId, u64>,
    /// Texts by contact.
    lines: HashMap<u64, Line>,
    /// Calls that wait, by when they may be made.
    calls: BTreeSet<(Time, u64)>,
    /// Texts under way, by end of lease.
    leases: BTreeSet<(Time, u64)>,
    /// Calls under way, by end of lease.
    call_leases: BTreeSet<(Time, u64)>,
    /// Texts of unknown fate, by next look.
    looks: BTreeSet<(Time, u64)>,
    /// Where the heads stand.
    pub lanes: Lanes,
}

impl Outbox {
    /// One of them.
    pub fn get(&self, id: &MessageId) -> Option<&Item> {
        self.items.get(self.names.get(id)?)
    }

    /// One of them by order.
    pub fn item(&self, order: u64) -> Option<&Item> {
        self.items.get(&order)
    }

    /// A contact's texts and calls here, texts in order.
    pub fn of(&self, actor: u64) -> Vec<&Item> {
        self.lines.get(&actor).into_iter().flat_map(|line| line.texts.iter()).filter_map(|order| self.items.get(order)).collect()
    }

    /// Adds one.
    pub fn insert(&mut self, item: Item, now: Time) {
        let (order, actor, text) = (item.order, item.actor, item.is_text());
        self.names.insert(item.outgoing.id.clone(), order);
        if text {
            self.lines.entry(actor).or_default().texts.insert(order);
        }
        self.items.insert(order, item);
        self.file(order, true);
        if text {
            self.advance(actor, now);
        }
    }

    /// Moves one on.
    pub fn set(&mut self, order: u64, progress: Progress, now: Time) {
        self.unhead(order);
        self.file(order, false);
        let Some(item) = self.items.get_mut(&order) else { return };
        item.progress = progress;
        let (actor, text) = (item.actor, item.is_text());
        self.file(order, true);
        if text {
            self.advance(actor, now);
        }
    }

    /// Takes one out.
    pub fn remove(&mut self, order: u64, now: Time) -> Option<Item> {
        self.unhead(order);
        self.file(order, false);
        let item = self.items.remove(&order)?;
        self.names.remove(&item.outgoing.id);
        if let Some(line) = self.lines.get_mut(&item.actor) {
            line.texts.remove(&order);
            if line.texts.is_empty() {
                self.lines.remove(&item.actor);
            } else {
                self.advance(item.actor, now);
            }
        }
        Some(item)
    }

    /// Enters one into the calendar of its state, or takes it off.
    fn file(&mut self, order: u64, enter: bool) {
        let Some(item) = self.items.get(&order) else { return };
        let calendar = match (item.progress.flight, item.is_text()) {
            (Flight::Waiting, true) if enter => return self.lanes.wait(item.place()),
            (Flight::Waiting, true) => return self.lanes.unwait(item.place()),
            (Flight::Waiting, false) => &mut self.calls,
            (Flight::Posting, true) => &mut self.leases,
            (Flight::Posting, false) => &mut self.call_leases,
            (Flight::Unknown, _) => &mut self.looks,
            (Flight::Held, _) => return,
        };
        let key = (item.progress.at, order);
        if enter {
            calendar.insert(key);
        } else {
            calendar.remove(&key);
        }
    }

    /// Takes a text out of its lane if it stands there.
    fn unhead(&mut self, order: u64) {
        let Some(item) = self.items.get(&order) else { return };
        let Some(line) = self.lines.get_mut(&item.actor).filter(|line| line.head == Some(order)) else { return };
        line.head = None;
        self.lanes.leave(item.place());
    }

    /// Sees to it that the right text of a contact stands in its lane.
    fn advance(&mut self, actor: u64, now: Time) {
        let Some(line) = self.lines.get_mut(&actor) else { return };
        let items = &self.items;
        let wanted = ledger::head(line.texts.iter().filter_map(|order| items.get(order)).map(Item::standing));
        if wanted == line.head {
            return;
        }
        if let Some(item) = line.head.and_then(|order| items.get(&order)) {
            self.lanes.leave(item.place());
        }
        line.head = wanted;
        if let Some(item) = wanted.and_then(|order| items.get(&order)) {
            self.lanes.enter(item.place(), now);
        }
    }

    /// The call to make next, if one may be made now: one whose lease ended before one that has not been tried.
    pub fn pick_call(&self, now: Time) -> Option<u64> {
        [self.call_leases.first(), self.calls.first()].into_iter().flatten().find(|(at, _)| *at <= now).map(|(_, order)| *order)
    }

    /// When the next call may be made.
    pub fn next_call(&self) -> Option<Time> {
        [self.call_leases.first(), self.calls.first()].into_iter().flatten().map(|(at, _)| *at).min()
    }

    /// Calls under way.
    pub fn calls_posting(&self) -> Vec<(u64, Progress)> {
        let orders = self.call_leases.iter().filter_map(|(_, order)| self.items.get(order));
        orders.map(|item| (item.order, item.progress.clone())).collect()
    }

    /// Texts and calls of a contact that is erased; walks everything, which is little and this is rare.
    pub fn all_of(&self, actor: u64) -> Vec<u64> {
        self.items.values().filter(|item| item.actor == actor).map(|item| item.order).collect()
    }

    /// A text under way whose lease has ended.
    pub fn dead_lease(&self, now: Time) -> Option<u64> {
        self.leases.first().filter(|(at, _)| *at <= now).map(|(_, order)| *order)
    }

    /// All texts under way.
    pub fn posting(&self) -> Vec<u64> {
        self.leases.iter().map(|(_, order)| *order).collect()
    }

    /// Texts of unknown fate whose look is due.
    pub fn unsure(&self, now: Time, limit: usize) -> Vec<&Item> {
        self.looks.range(..=(now, u64::MAX)).take(limit).filter_map(|(_, order)| self.items.get(order)).collect()
    }

    /// When the next look is due or the next lease ends: after `now`, as what is due now has been seen.
    pub fn next_unsure(&self, now: Time) -> Option<Time> {
        let after = (std::ops::Bound::Excluded((now, u64::MAX)), std::ops::Bound::Unbounded);
        [self.leases.first(), self.looks.range(after).next()].into_iter().flatten().map(|(at, _)| *at).min()
    }
}
