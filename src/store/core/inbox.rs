//! Events in, actors out: `post`, `claim`, `release`, `park`.

use std::time::Duration;

use crate::model::{Actor, Contact, Outgoing, Time};
use crate::store::tables::{Body, Head, Tables};
use crate::store::{Claim, Claimed, Error, Flight, Inbox, MAX_EVENTS_A_CLAIM, MAX_WAITING_EVENTS, Parked, Post, Posted, Result};

use super::Core;

/// How long the clocks of an actor rest that could not be moved even without an event: long enough not to spin, short enough that a
/// mended playbook picks it up the same day.
const CLOCKS_REST: Duration = Duration::from_secs(3_600);

/// No claim holds an actor for longer: at a start whoever is leased is looked for so far ahead in the calendar.
const MAX_LEASE: Duration = Duration::from_secs(60);

impl<T: Tables> Core<T> {
    /// `Store::post`.
    pub fn post(&mut self, posts: &[Post], now: Time) -> Result<Vec<Posted>> {
        // Before the first write: a refused call leaves nothing behind.
        if self.waiting >= MAX_WAITING_EVENTS {
            return Err(Error::Full(self.waiting));
        }
        posts.iter().map(|post| self.post_one(post, now)).collect()
    }

    /// One event, unless its id was seen before.
    pub(super) fn post_one(&mut self, post: &Post, now: Time) -> Result<Posted> {
        if let Some(id) = &post.id
            && !self.tables.see(id, now)?
        {
            return Ok(Posted::Duplicate);
        }
        let head = self.deliver(&post.to, &post.event, post.due, now)?;
        if let Some(entry) = &post.suppress {
            self.suppress(&entry.contact, true)?;
            // Nearly always the actor that was just posted to: its number is at hand.
            match &post.to {
                Actor::Contact(phone) if *phone == entry.contact => self.keep(Some(head.id), entry)?,
                _ => self.note_consent(entry)?,
            }
        }
        Ok(Posted::New)
    }

    /// `Store::claim`.
    pub fn claim(&mut self, limit: usize, lease: Duration, now: Time) -> Result<Claim> {
        let mut actors = Vec::new();
        let until = now.plus(lease.min(MAX_LEASE));
        for (actor, head, body) in self.tables.due(now, limit)? {
            actors.push(self.claim_one(actor, head, body, until, now)?);
        }
        let next = self.tables.next_wake()?;
        self.told.turns = next;
        Ok(Claim { actors, now, next })
    }

    /// Leases one actor. The lease is named by the moment of the claim, which no other claim shares.
    fn claim_one(&mut self, actor: Actor, mut head: Head, body: Body, until: Time, now: Time) -> Result<Claimed> {
        // After a failure one at a time, so that the event to blame stands alone.
        let events = if head.attempts == 0 { MAX_EVENTS_A_CLAIM } else { 1 };
        head.attempts = head.attempts.saturating_add(1);
        head.lease = u64::try_from(now.0).unwrap_or(1).max(1);
        head.wake = Some(until);
        self.tables.set_head(&head)?;
        let (contact, fault) = match body.contact.map(|json| serde_json::from_str::<Contact>(&json)) {
            None => (None, None),
            Some(Ok(contact)) => (Some(contact), None),
            Some(Err(error)) => (None, Some(format!("the contact's record can't be read: {error}"))),
        };
        // A person whose record can't be read must not be taken for somebody new: each event is put aside with that reason.
        let read = |bytes: Vec<u8>| match (&fault, serde_json::from_slice(&bytes)) {
            (None, Ok(event)) => Inbox::Event(event),
            (None, Err(error)) => Inbox::Unreadable(bytes, error.to_string()),
            (Some(why), _) => Inbox::Unreadable(bytes, why.clone()),
        };
        let events = self.tables.events(head.id, now, events)?.into_iter().map(|(number, bytes)| (number, read(bytes))).collect();
        let mut flight: Vec<_> = self.outbox.of(head.id).iter().map(|item| (item.outgoing.id.clone(), item.progress.flight)).collect();
        // What is held stands in its rows only.
        for row in self.held_rows(head.id)? {
            flight.extend(serde_json::from_str::<Outgoing>(&row.body).ok().map(|outgoing| (outgoing.id, Flight::Held)));
        }
        let Head { id: number, version, lease, attempts, .. } = head;
        Ok(Claimed { actor, version, lease, attempts, number, contact, state: body.state, events, flight })
    }

    /// `Store::release`.
    pub fn release(&mut self, actor: &Actor, lease: u64, at: Time, failed: bool) -> Result<()> {
        let Some(head) = self.leased(actor, lease)? else { return Ok(()) };
        let attempts = if failed { head.attempts } else { head.attempts.saturating_sub(1) };
        self.unlease(head, attempts, Some(at))
    }

    /// `Store::park`.
    pub fn park(&mut self, parked: &Parked, now: Time) -> Result<()> {
        let Some(mut head) = self.leased(&parked.actor, parked.lease)? else { return Ok(()) };
        match parked.event {
            Some(number) => self.consume(head.id, number)?,
            None => head.clock = head.clock.map(|clock| clock.max(now.plus(CLOCKS_REST))),
        }
        self.keep(Some(head.id), &Parked { lease: 0, ..parked.clone() })?;
        let wake = self.first_wake(&head)?;
        self.unlease(head, 0, wake)
    }

    /// An actor, if it is under that lease.
    pub(super) fn leased(&self, actor: &Actor, lease: u64) -> Result<Option<Head>> {
        Ok(self.tables.head(actor)?.filter(|head| head.lease == lease && lease != 0))
    }

    /// When an actor without a lease is due: its first event or its clock.
    pub(super) fn first_wake(&self, head: &Head) -> Result<Option<Time>> {
        Ok([self.tables.first_due(head.id)?, head.clock].into_iter().flatten().min())
    }

    /// Takes an event out of an inbox.
    pub(super) fn consume(&mut self, actor: u64, number: u64) -> Result<()> {
        if self.tables.take_event(actor, number)? == Some(true) {
            self.waiting = self.waiting.saturating_sub(1);
        }
        Ok(())
    }

    /// At the start of the only daemon: whoever held leases is gone. Actors are due, texts under way are unknown and looked up at once,
    /// calls are made again, and running broadcasts look at their lanes, as their watches are gone too.
    pub fn recover(&mut self, now: Time) -> Result<()> {
        for head in self.tables.leased(now.plus(MAX_LEASE))? {
            let attempts = head.attempts;
            self.unlease(head, attempts, Some(now))?;
        }
        for order in self.outbox.posting() {
            self.lose(order, now, now)?;
        }
        self.restart_calls(now)?;
        self.wake_broadcasts(now)
    }
}
