//! What a transaction does for the next one: texts queued in it that may go at once are claimed with it.
//!
//! A sender with free places says so (`Store::stand_by`). What a commit queues then need not wait for a claim of its own, which would
//! write the same rows once more in the next transaction: when the transaction ends, what may go is claimed for the sender, and the next
//! `claim_sends` hands it over. For this the rows of a new text are written last, as they are by then.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::model::{MessageId, Time};
use crate::store::tables::{OutRow, Tables};
use crate::store::{ClaimedSend, Outcome, Result, Settle};

use super::{Core, encode, fresh};

/// Texts whose rows, or whose handing over, are still to come.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// Free places of the sender that stands by, and how long it may hold a text.
    places: (usize, Duration),
    /// Queued in this transaction; their rows are not written yet.
    unwritten: BTreeSet<u64>,
    /// Claimed for the sender that stands by.
    claimed: Vec<ClaimedSend>,
    /// How many of `claimed` are of transactions that are committed.
    committed: usize,
    /// Handed over in this transaction, in case it is undone.
    handed: Vec<ClaimedSend>,
}

impl Ahead {
    /// What was claimed before, `limit` at most; the sender stands by no longer, until it says so again.
    pub(super) fn hand_over(&mut self, limit: usize) -> Vec<ClaimedSend> {
        self.places.0 = 0;
        let taken: Vec<_> = self.claimed.drain(..limit.min(self.claimed.len())).collect();
        self.committed = self.committed.saturating_sub(taken.len());
        self.handed.extend(taken.iter().cloned());
        taken
    }

    /// The transaction is committed; whether something waits to be handed over.
    pub(super) fn commit(&mut self) -> bool {
        self.committed = self.claimed.len();
        self.handed.clear();
        self.committed > 0
    }

    /// The transaction was undone: what it claimed was not, and what it handed over did not arrive.
    pub(super) fn undo(&mut self) {
        self.unwritten.clear();
        self.claimed.truncate(self.committed);
        self.claimed.append(&mut self.handed);
        self.committed = self.claimed.len();
    }
}

impl<T: Tables> Core<T> {
    /// Leaves the rows of a text that was just queued for later.
    pub(super) fn write_later(&mut self, order: u64) {
        self.ahead.unwritten.insert(order);
    }

    /// Whether the rows of a text are still to be written.
    pub(super) fn is_unwritten(&self, order: u64) -> bool {
        self.ahead.unwritten.contains(&order)
    }

    /// Writes the rows of a text now, if that is still to be done: whatever changes them next finds them there.
    pub(super) fn write_now(&mut self, order: u64) -> Result<()> {
        if !self.ahead.unwritten.remove(&order) {
            return Ok(());
        }
        let Some(item) = self.outbox.item(order) else { return Ok(()) };
        let row = OutRow { order, actor: item.actor, progress: item.progress.clone(), body: encode(&item.outgoing)? };
        let message = fresh(item);
        self.tables.put_out(&row)?;
        match message {
            Some(message) => self.keep(Some(row.actor), &message),
            None => Ok(()),
        }
    }

    /// `write_now` for a text by its name.
    pub(super) fn write_message_now(&mut self, id: &MessageId) -> Result<()> {
        self.outbox.get(id).map(|item| item.order).map_or(Ok(()), |order| self.write_now(order))
    }

    /// `Store::stand_by`.
    pub fn stand_by(&mut self, places: usize, lease: Duration) {
        self.ahead.places = (places, lease);
    }

    /// Ends a transaction: claims for the sender that stands by, and writes what is still to be written.
    pub fn close(&mut self, now: Time) -> Result<()> {
        let (places, lease) = self.ahead.places;
        if places > 0 && self.outbox.lanes.next().is_some_and(|next| next <= now) {
            let sends = self.claim_new_texts(places, lease, now)?;
            self.ahead.places.0 -= sends.len();
            self.ahead.claimed.extend(sends);
        }
        while let Some(order) = self.ahead.unwritten.first().copied() {
            self.write_now(order)?;
        }
        Ok(())
    }

    /// At the end of the daemon: what was claimed and never handed over was certainly not sent.
    pub fn give_back(&mut self, now: Time) -> Result<()> {
        for ClaimedSend { outgoing, attempt } in self.ahead.hand_over(usize::MAX) {
            self.settle(&Settle { message: outgoing.id, attempt, outcome: Outcome::Later(now) }, now)?;
        }
        Ok(())
    }
}
