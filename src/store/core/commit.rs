//! `commit`: everything one step changes, at once.
//!
//! All that can make it stale is looked at before the first write. What follows has no order that anybody could see, but for three things:
//! cancelled texts leave before new ones enter, so that a new head is the right one; what came in is written before what answers it,
//! since lists show rows in the order of writing; and the actor's own place in the calendar comes
//! last, when all events that this commit posts to the actor itself are in its inbox.

use crate::model::{Actor, Contact, ConversationRow, ConversationState, MessageId, Outgoing, Payload, Time};
use crate::store::doc::Doc;
use crate::store::ledger::What;
use crate::store::outbox::Item;
use crate::store::tables::{Head, Progress, Tables};
use crate::store::{Commit, Committed, Flight, LinkRow, Result};

use super::read::{doc, live_name};
use super::{Core, encode};

impl<T: Tables> Core<T> {
    /// `Store::commit`.
    pub fn commit(&mut self, commit: &Commit, now: Time) -> Result<Committed> {
        // Somebody else has it, or it was erased: there is nothing of ours to give back.
        let Some(mut head) = self.leased(&commit.actor, commit.lease)? else { return Ok(Committed::Stale) };
        let cancel = self.to_cancel(head.id, &commit.cancel)?;
        let (true, Some(cancel)) = (head.version == commit.version, cancel) else {
            // Nobody's fault, so it must not count towards quarantine.
            let attempts = head.attempts.saturating_sub(1);
            self.unlease(head, attempts, Some(now))?;
            return Ok(Committed::Stale);
        };
        for number in &commit.consumed {
            self.consume(head.id, *number)?;
        }
        for (order, (message, reason)) in cancel.into_iter().zip(&commit.cancel) {
            self.take_out(order, now)?;
            self.mark(message, What::Cancelled, now, |row| row.reason = Some(reason.clone()))?;
        }
        if commit.unblock {
            self.unblock(head.id, now)?;
        }
        for row in &commit.messages {
            self.keep(Some(head.id), row)?;
        }
        for outgoing in &commit.queue {
            self.queue(head.id, outgoing, now)?;
        }
        self.write_records(&head, commit)?;
        let contact = self.contact_of(&head, commit)?;
        for post in &commit.posts {
            self.post_one(post, now)?;
        }
        for row in &commit.new_broadcasts {
            self.put_broadcast(row, now)?;
        }
        for (lane, below) in &commit.watch {
            self.outbox.lanes.watch(lane, head.id, *below);
        }

        head.version += 1;
        head.lease = 0;
        head.attempts = 0;
        head.clock = commit.wake;
        head.wake = self.first_wake(&head)?;
        self.tables.set_record(&head, &commit.state, contact.as_deref())?;
        if let Some(wake) = head.wake {
            self.note_wake(wake);
        }
        // Last, so that a watch of this very actor that is true already finds it without a lease.
        self.wake_watchers(now)?;
        Ok(Committed::Done)
    }

    /// Places of the texts to cancel; none if one of them does not wait any more.
    fn to_cancel(&self, actor: u64, cancel: &[(MessageId, String)]) -> Result<Option<Vec<u64>>> {
        let mut orders = Vec::with_capacity(cancel.len());
        for (id, _) in cancel {
            let order = match self.outbox.get(id) {
                Some(item) if item.progress.flight == Flight::Waiting => item.order,
                Some(_) => return Ok(None),
                None => match self.held(actor, id)? {
                    Some(row) => row.order,
                    None => return Ok(None),
                },
            };
            orders.push(order);
        }
        Ok(Some(orders))
    }

    /// The contact wrote: texts of unknown fate, and one under way that may become so, hold later ones back no longer.
    fn unblock(&mut self, actor: u64, now: Time) -> Result<()> {
        let blocking = |item: &&Item| item.progress.blocks && matches!(item.progress.flight, Flight::Unknown | Flight::Posting);
        let items: Vec<_> = self.outbox.of(actor).into_iter().filter(blocking).map(|item| (item.order, item.progress.clone())).collect();
        for (order, progress) in items {
            self.set_progress(order, Progress { blocks: false, ..progress }, now)?;
        }
        Ok(())
    }

    /// Moves an unsettled text or call on, in memory and in its row.
    pub(super) fn set_progress(&mut self, order: u64, progress: Progress, now: Time) -> Result<()> {
        // A text that waits to be written is written as it is then.
        if !self.is_unwritten(order) {
            self.tables.set_out(order, &progress)?;
        }
        self.outbox.set(order, progress, now);
        Ok(())
    }

    /// Queues one text or call, with what people see of it.
    fn queue(&mut self, actor: u64, outgoing: &Outgoing, now: Time) -> Result<()> {
        // Texts are named by their cause; the same one twice is one text.
        if self.outbox.get(&outgoing.id).is_some() {
            return Ok(());
        }
        let order = self.next_order;
        self.next_order += 1;
        let progress = Progress { flight: Flight::Waiting, attempt: 0, at: now, posted_at: Time(0), looks: 0, blocks: true, hold: None };
        self.outbox.insert(Item { order, actor, progress, queued_at: Some(now), outgoing: outgoing.clone() }, now);
        self.write_later(order);
        let Payload::Text(text) = &outgoing.payload else { return Ok(()) };
        for link in &text.links {
            let row = LinkRow {
                code: link.code.clone(),
                url: link.url.clone(),
                contact: outgoing.contact.clone(),
                conversation: outgoing.conversation.clone(),
                marks: link.marks.clone(),
                at: now,
            };
            self.keep(Some(actor), &row)?;
        }
        Ok(())
    }

    /// Conversations, hand-offs, messages, journal, counters, lists.
    fn write_records(&mut self, head: &Head, commit: &Commit) -> Result<()> {
        let owner = Some(head.id);
        for row in &commit.conversations {
            self.put_conversation(head.id, row)?;
        }
        for row in &commit.handoffs {
            self.keep(owner, row)?;
        }
        if let Some(entry) = &commit.journal {
            self.keep(owner, entry)?;
        }
        if let Some(row) = &commit.broadcast {
            self.keep(None, row)?;
        }
        for (name, by) in &commit.counts {
            self.tables.count(name, *by)?;
        }
        for (list, piece) in &commit.append {
            self.tables.append(list, piece)?;
        }
        for list in &commit.drop_lists {
            self.tables.drop_list(list)?;
        }
        Ok(())
    }

    /// A conversation, and the counters of people by step.
    fn put_conversation(&mut self, owner: u64, row: &ConversationRow) -> Result<()> {
        let new = self.tables.add_doc(ConversationRow::KIND, Some(owner), &row.marks(), &encode(row)?)?;
        let old: Option<ConversationRow> = if new { None } else { doc(&self.tables, row.id.as_str())? };
        let live = |row: &ConversationRow| (row.state != ConversationState::Ended).then(|| live_name(row));
        let (was, is) = (old.as_ref().and_then(live), live(row));
        // A step without a change of place is the usual case, and touches no counter.
        if was != is {
            for (name, by) in [(was, -1), (is, 1)] {
                if let Some(name) = name {
                    self.tables.count(&name, by)?;
                }
            }
        }
        match old {
            Some(old) => self.rewrite(&old.marks(), row),
            None if new => Ok(()),
            // One that this version can't read is replaced.
            None => self.keep(Some(owner), row),
        }
    }

    /// Consent and whether anything may be sent to the contact; answers the contact as it is to be written, if it is.
    fn contact_of(&mut self, head: &Head, commit: &Commit) -> Result<Option<String>> {
        for entry in &commit.consent {
            self.note_consent(entry)?;
        }
        let Actor::Contact(phone) = &commit.actor else { return Ok(None) };
        if let Some(suppressed) = commit.suppress {
            self.suppress(phone, suppressed)?;
        }
        let Some(contact) = &commit.contact else { return Ok(None) };
        let mut contact = Contact { number: head.id, ..contact.clone() };
        // Somebody new may have been erased while opted out; a new person's record then says so from the start.
        if !contact.opted_out && !head.known {
            contact.opted_out = self.suppressed(phone)?;
        }
        encode(&contact).map(Some)
    }
}
