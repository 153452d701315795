//! What goes: `erase` a person, `forget` the old.

use crate::model::{Actor, ConversationRow, ConversationState, Phone, Time};
use crate::store::doc::{Doc, PERSONAL};
use crate::store::tables::{From, Tables, Walk};
use crate::store::{MAX_PAGE, Result};

use super::Core;
use super::read::{decode, live_name};

/// Kinds that grow old. Broadcasts and plans stay, as others name them; consent stays, as it is evidence.
const OLD: [&str; 6] = ["conversations", "handoffs", "messages", "links", "journal", "parked"];

impl<T: Tables> Core<T> {
    /// `Store::erase`.
    pub fn erase(&mut self, phone: &Phone, now: Time) -> Result<bool> {
        let actor = Actor::Contact(phone.clone());
        let Some(head) = self.tables.head(&actor)? else { return Ok(false) };
        // Before the rows that say what was counted are gone.
        self.drop_live_counts(head.id)?;
        for order in self.outbox.all_of(head.id) {
            self.take_out(order, now)?;
        }
        for row in self.held_rows(head.id)? {
            self.tables.drop_out(row.order)?;
        }
        for kind in PERSONAL {
            self.tables.drop_docs_of(kind, head.id)?;
        }
        let (_, counted) = self.tables.inbox(head.id)?;
        self.waiting = self.waiting.saturating_sub(counted);
        self.tables.remove(head.id)?;
        self.wake_watchers(now)?;
        Ok(true)
    }

    /// Takes a person's live conversations out of the counters of people by step.
    fn drop_live_counts(&mut self, owner: u64) -> Result<()> {
        let mut from = From::Above(0);
        loop {
            let rows = self.tables.walk(ConversationRow::KIND, Walk::Owner(owner), from, MAX_PAGE)?;
            for row in rows.iter().filter_map(decode::<ConversationRow>).filter(|row| row.state != ConversationState::Ended) {
                self.tables.count(&live_name(&row), -1)?;
            }
            match rows.last().filter(|_| rows.len() == MAX_PAGE) {
                Some(last) => from = From::Above(last.number),
                None => return Ok(()),
            }
        }
    }

    /// `Store::forget`.
    pub fn forget(&mut self, before: Time, limit: usize) -> Result<bool> {
        // A full limit may mean that nothing is left, too; the next call then finds nothing and says so.
        let mut left = limit;
        for kind in OLD {
            left -= self.tables.forget_docs(kind, before, left)?.min(left);
        }
        left -= self.tables.forget_seen(before, left)?.min(left);
        Ok(left == 0)
    }
}
