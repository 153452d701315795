//! What a step asks to be done, as plain values; the shell turns them into one commit.

use crate::model::{Actor, ConsentEntry, ConversationRow, Event, HandoffRow, MessageId, MessageRow, Outgoing, Time};

/// Everything one step, or several in a row, asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// Texts and calls to queue, in order.
    pub queue: Vec<Outgoing>,
    /// Texts to take back, with the reason people see. They were waiting when the step looked.
    pub cancel: Vec<(MessageId, String)>,
    /// Messages for the record that never queue: incoming texts, texts not sent.
    pub messages: Vec<MessageRow>,
    /// Events for this or other actors, with the time they are due.
    pub posts: Vec<(Actor, Event, Time)>,
    /// Conversations as people see them, each in its newest form.
    pub conversations: Vec<ConversationRow>,
    /// Hand-offs as people see them, each in its newest form.
    pub handoffs: Vec<HandoffRow>,
    /// Lines for the consent ledger.
    pub consent: Vec<ConsentEntry>,
    /// Suppress the contact (true) or lift it (false).
    pub suppress: Option<bool>,
    /// The contact wrote: a text of unknown fate holds later ones back no longer.
    pub unblock: bool,
    /// Counters to raise.
    pub counts: Vec<(String, i64)>,
}

impl Effects {
    /// Adds what a later step asked for. A text queued and taken back within the same commit is never queued at all.
    pub fn absorb(&mut self, later: Effects) {
        for (message, reason) in later.cancel {
            match self.queue.iter().position(|queued| queued.id == message) {
                Some(place) => {
                    self.queue.remove(place);
                }
                None => self.cancel.push((message, reason)),
            }
        }
        self.queue.extend(later.queue);
        self.messages.extend(later.messages);
        self.posts.extend(later.posts);
        for row in later.conversations {
            self.put_conversation(row);
        }
        for row in later.handoffs {
            self.put_handoff(row);
        }
        self.consent.extend(later.consent);
        self.suppress = later.suppress.or(self.suppress);
        self.unblock |= later.unblock;
        self.counts.extend(later.counts);
    }

    /// Writes a conversation's newest form.
    pub fn put_conversation(&mut self, row: ConversationRow) {
        match self.conversations.iter_mut().find(|known| known.id == row.id) {
            Some(known) => *known = row,
            None => self.conversations.push(row),
        }
    }

    /// Writes a hand-off's newest form.
    pub fn put_handoff(&mut self, row: HandoffRow) {
        match self.handoffs.iter_mut().find(|known| known.id == row.id) {
            Some(known) => *known = row,
            None => self.handoffs.push(row),
        }
    }
}
