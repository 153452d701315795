//! Turns: claims actors that are due, lets the engine (or the broadcast, or the schedule) move them, commits.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::backend::{Batch, Source};
use super::broadcasts;
use super::live::Live;
use super::{Health, STORE_PAUSE, schedules, wait_for};
use crate::engine::replay::{Turned, record};
use crate::engine::{Person, State, Step};
use crate::model::{Actor, Contact, Event, Happening, Phone, Time};
use crate::store::{Claimed, Commit, Committed, Inbox, JournalEntry, Parked, Post, Shared};

/// An actor's claim ends after this; a turn takes milliseconds, so only a dead worker's claim ends so.
const LEASE: Duration = Duration::from_secs(5);

/// After so many claims without a commit the event at hand is put aside.
const MAX_ATTEMPTS: u32 = 3;

/// Why a turn came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store did not answer: nobody's fault, the turn is made again.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    /// The actor can't be moved as it is.
    #[error("{0}")]
    Fault(String),
}

/// Moves actors.
#[derive(Clone)]
pub struct Turns {
    /// Where everything is.
    pub store: Shared,
    /// The playbooks.
    pub live: Arc<Live>,
    /// Noted here.
    pub health: Arc<Health>,
    /// Turns true when what came while nobody listened has been fetched: an answer that was missed must not find its question timed out.
    pub begin: watch::Receiver<bool>,
}

impl Source for Turns {
    type Job = (Claimed, Time);

    fn name(&self) -> &'static str {
        "conversations"
    }

    async fn claim(&self, room: usize) -> Batch<Self::Job> {
        // An error says that nobody is left to hold us back.
        let _ = self.begin.clone().wait_for(|begin| *begin).await;
        match self.store.claim(room, LEASE).await {
            Ok(claim) => {
                self.health.claimed(self.name());
                let now = claim.now;
                Batch { jobs: claim.actors.into_iter().map(|claimed| (claimed, now)).collect(), wait: wait_for(now, claim.next) }
            }
            Err(error) => {
                self.health.store_failed(&error);
                Batch { jobs: Vec::new(), wait: Some(STORE_PAUSE) }
            }
        }
    }

    async fn handle(&self, (claimed, now): Self::Job) {
        let (actor, lease, attempts) = (claimed.actor.clone(), claimed.lease, claimed.attempts);
        let done = match &actor {
            Actor::Contact(phone) => self.contact(phone, claimed, now).await,
            Actor::Broadcast(_) => broadcasts::turn(self, claimed, now).await,
            Actor::Schedule(_) => schedules::turn(self, claimed, now).await,
        };
        let (pause, at_fault) = match done {
            Ok(()) => return,
            Err(Error::Store(error)) => {
                self.health.store_failed(&error);
                (STORE_PAUSE, false)
            }
            Err(Error::Fault(why)) => {
                tracing::error!(actor = %masked(&actor), attempts, why, "a turn failed");
                self.health.count("turns_failed");
                // 1 s, 2 s, 4 s …: an error that passes is not hammered, one that stays is soon put aside.
                (Duration::from_secs(1 << attempts.min(5)), true)
            }
        };
        // A store that does not answer is waited out, so that work goes on as soon as it does; after that the lease ends by itself.
        for _ in 0..LEASE.as_millis() / STORE_PAUSE.as_millis() {
            match self.store.release(&actor, lease, self.store.now().plus(pause), at_fault).await {
                Ok(()) => return,
                Err(error) => self.health.store_failed(&error),
            }
            tokio::time::sleep(STORE_PAUSE).await;
        }
    }

    async fn give_back(&self, jobs: Vec<Self::Job>) {
        for (claimed, now) in jobs {
            if let Err(error) = self.store.release(&claimed.actor, claimed.lease, now, false).await {
                self.health.store_failed(&error);
            }
        }
    }

    fn signal(&self) -> watch::Receiver<u64> {
        self.store.wakes().turns.listen()
    }
}

impl Turns {
    /// One turn of a contact: its due events, then its due clocks, in one commit.
    async fn contact(&self, phone: &Phone, claimed: Claimed, now: Time) -> Result<(), Error> {
        if let Some(parked) = unreadable(&claimed, now).or_else(|| suspect(&claimed, now)) {
            tracing::error!(actor = %masked(&parked.actor), why = parked.why, "an event can't be worked on and is put aside; see the list of parked events");
            self.health.count("parked");
            return Ok(self.store.park(parked).await?);
        }
        let state = State::read(claimed.state.as_deref()).map_err(|error| Error::Fault(format!("the contact's record can't be read: {error}")))?;
        let versions = state.live.iter().map(|conversation| &conversation.plan).chain(state.goals.iter().map(|goal| &goal.plan));
        let versions: Vec<_> = versions.chain(state.late.iter().map(|late| &late.conversation.plan)).chain(started(&claimed)).cloned().collect();
        let plans = self.live.need(&self.store, versions.iter()).await;
        let before = claimed.contact.clone();
        let contact = before.clone().unwrap_or_else(|| Contact { number: claimed.number, ..Contact::new(phone.clone(), now) });
        let events: Vec<&Event> =
            claimed.events.iter().filter_map(|(_, inbox)| if let Inbox::Event(event) = inbox { Some(event) } else { None }).collect();
        let workspace = self.live.workspace_name();
        let person = Person { contact, state };
        let turned = catch_unwind(AssertUnwindSafe(|| record(&plans, &workspace, person, &events, &claimed.flight, now)))
            .map_err(|_| Error::Fault("the engine stumbled over it (a fault of ours; the log has its place)".to_owned()))?;
        let commit = commit_of(&claimed, before, turned, now);
        if self.store.commit(commit).await? == Committed::Stale {
            self.health.count("turns_stale");
        }
        Ok(())
    }
}

/// The commit of a contact's turn.
fn commit_of(claimed: &Claimed, before: Option<Contact>, turned: Turned, now: Time) -> Commit {
    let Turned { step: Step { person, effects, .. }, recorded, state } = turned;
    let mut commit = Commit::new(claimed, state);
    commit.consumed = claimed.events.iter().map(|(number, _)| *number).collect();
    commit.wake = person.state.wake();
    // Plain values with text keys always have a JSON form.
    commit.journal = recorded.map(|recorded| JournalEntry { at: now, body: serde_json::to_value(recorded).unwrap_or_default() });
    if before.as_ref() != Some(&person.contact) {
        commit.contact = Some(person.contact);
    }
    commit.conversations = effects.conversations;
    commit.handoffs = effects.handoffs;
    commit.queue = effects.queue;
    commit.cancel = effects.cancel;
    commit.messages = effects.messages;
    commit.unblock = effects.unblock;
    commit.consent = effects.consent;
    commit.suppress = effects.suppress;
    commit.counts = effects.counts;
    commit.posts = effects.posts.into_iter().map(|(to, event, due)| Post { to, event, due, id: None, suppress: None }).collect();
    commit
}

/// The versions that broadcasts in this inbox are pinned to.
fn started(claimed: &Claimed) -> impl Iterator<Item = &crate::model::PlanHash> {
    claimed.events.iter().filter_map(|(_, inbox)| match inbox {
        Inbox::Event(Event { what: Happening::Start { plan, .. }, .. }) => Some(plan),
        _ => None,
    })
}

/// The first event of a claim that this version can't read.
fn unreadable(claimed: &Claimed, now: Time) -> Option<Parked> {
    claimed.events.iter().find_map(|(number, inbox)| match inbox {
        Inbox::Unreadable(bytes, why) => Some(Parked {
            actor: claimed.actor.clone(),
            lease: claimed.lease,
            event: Some(*number),
            body: String::from_utf8_lossy(bytes).into_owned(),
            why: why.clone(),
            at: now,
        }),
        Inbox::Event(_) => None,
    })
}

/// The event that has been claimed too often without a commit.
fn suspect(claimed: &Claimed, now: Time) -> Option<Parked> {
    if claimed.attempts <= MAX_ATTEMPTS {
        return None;
    }
    let first = claimed.events.first();
    let body = match first {
        Some((_, Inbox::Event(event))) => serde_json::to_string(event).unwrap_or_default(),
        _ => "what fell due by time".to_owned(),
    };
    Some(Parked {
        actor: claimed.actor.clone(),
        lease: claimed.lease,
        event: first.map(|(number, _)| *number),
        body,
        why: format!("claimed {} times and never finished", claimed.attempts - 1),
        at: now,
    })
}

/// An actor as logs may show it.
pub(super) fn masked(actor: &Actor) -> String {
    match actor {
        Actor::Contact(phone) => crate::text::addresses::mask(phone.as_str()),
        other => other.to_string(),
    }
}
