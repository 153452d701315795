//! Reconciling: a text whose POST ended without a clear answer is looked up, never blindly repeated.
//!
//! A status callback with our name for it settles nearly all (that is `store.report`). For the rest Twilio's list is searched by
//! address, words and time, more than once, since it may lag. Found: Twilio's name is bound. Not found at the last look:
//! `on_unknown` decides whether it is sent again or held for a person.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::backend::{Batch, Source};
use super::live::Live;
use super::sending::{settle_patiently, tally};
use super::{Health, STORE_PAUSE, wait_for};
use crate::engine::State;
use crate::model::{Actor, MessageStatus, Payload, Text, Time};
use crate::store::{MessageQuery, Outcome, Settle, Shared, UnsureSend};
use crate::twilio::client::Client;
use crate::twilio::resources::Message;

/// When an unknown text is looked up, counted from its POST.
const LOOKS: [Duration; 4] = [Duration::from_secs(10), Duration::from_secs(60), Duration::from_secs(300), Duration::from_secs(900)];

/// Twilio's clock and ours may differ by so much.
const SKEW: Duration = Duration::from_secs(60);

/// What Twilio puts before texts of trial accounts.
const TRIAL: &str = "Sent from your Twilio trial account - ";

/// Looks up texts of unknown fate.
#[derive(Clone)]
pub struct Reconcile {
    /// Where they stand.
    pub store: Shared,
    /// Twilio.
    pub client: Arc<Client>,
    /// Whether a conversation still stands at its text.
    pub live: Arc<Live>,
    /// Noted here.
    pub health: Arc<Health>,
}

impl Source for Reconcile {
    type Job = UnsureSend;

    fn name(&self) -> &'static str {
        "reconcile"
    }

    async fn claim(&self, room: usize) -> Batch<UnsureSend> {
        match self.store.unsure(room).await {
            Ok(unsure) => {
                self.health.claimed(self.name());
                let now = self.store.now();
                let mut jobs = Vec::new();
                for send in unsure.messages {
                    // Nobody else takes it up while it is looked at: its next look is put off first.
                    let next = next_look(&send, now);
                    if let Err(error) = self.store.look_again(&send.outgoing.id, next).await {
                        self.health.store_failed(&error);
                        continue;
                    }
                    jobs.push(send);
                }
                let wait = if jobs.is_empty() { wait_for(now, unsure.next) } else { Some(Duration::ZERO) };
                Batch { jobs, wait }
            }
            Err(error) => {
                self.health.store_failed(&error);
                Batch { jobs: Vec::new(), wait: Some(STORE_PAUSE) }
            }
        }
    }

    async fn handle(&self, send: UnsureSend) {
        let now = self.store.now();
        let outcome = match &send.outgoing.payload {
            // A call is repeated with the same key, by which the other side can tell.
            Payload::Call(_) => Some(Outcome::Later(now)),
            Payload::Text(text) => self.look(&send, text, now).await,
        };
        if let Some(outcome) = outcome {
            tally(&self.health, now, &outcome);
            let settle = Settle { message: send.outgoing.id.clone(), attempt: send.attempt, outcome };
            settle_patiently(&self.store, &self.health, settle).await;
        }
    }

    async fn give_back(&self, sends: Vec<UnsureSend>) {
        for send in sends {
            if let Err(error) = self.store.look_again(&send.outgoing.id, self.store.now()).await {
                self.health.store_failed(&error);
            }
        }
    }

    fn signal(&self) -> watch::Receiver<u64> {
        self.store.wakes().unsure.listen()
    }
}

impl Reconcile {
    /// One look. None: nothing is known yet, another look follows.
    async fn look(&self, send: &UnsureSend, text: &Text, now: Time) -> Option<Outcome> {
        match self.find(send, text).await {
            Ok(Some(found)) => {
                tracing::info!(message = %send.outgoing.id, sid = found.sid, "a text of unknown fate was found at Twilio");
                Some(Outcome::Accepted { sid: found.sid, segments: found.segments })
            }
            Ok(None) if now >= send.posted_at.plus(LOOKS[LOOKS.len() - 1]) => Some(self.give_up(send, now).await),
            Ok(None) => None,
            Err(why) => {
                tracing::warn!(message = %send.outgoing.id, why, "Twilio's list could not be read; looked up again later");
                None
            }
        }
    }

    /// The message of Twilio's list that is this text: same addresses, same words, not older than the POST, and nobody else's.
    async fn find(&self, send: &UnsureSend, text: &Text) -> Result<Option<Message>, String> {
        /// Pages looked through: newest first, so the text stands on the first unless hundreds went to one contact since.
        const MAX_PAGES: usize = 4;
        let from = (!text.from.0.starts_with("MG")).then_some(text.from.0.as_str());
        let mut next = None;
        for _ in 0..MAX_PAGES {
            let page = self.client.list(&text.to.0, from, next.as_ref()).await.map_err(|error| error.to_string())?;
            for message in page.messages {
                let at = message.date_created.map(Time::from);
                let fits = !message.is_inbound() && same_words(&message.body, text) && at.is_none_or(|at| at >= send.posted_at.minus(SKEW));
                if fits && !self.is_taken(&message.sid).await? {
                    return Ok(Some(message));
                }
            }
            match page.next {
                Some(more) => next = Some(more),
                None => break,
            }
        }
        Ok(None)
    }

    /// Whether another text of ours bears this name of Twilio's already.
    async fn is_taken(&self, sid: &str) -> Result<bool, String> {
        let query = MessageQuery { sid: Some(sid.to_owned()), limit: 1, ..MessageQuery::default() };
        self.store.messages(query).await.map(|page| !page.items.is_empty()).map_err(|error| error.to_string())
    }

    /// Nothing was found at the last look: sent again if its class says so and its conversation still stands there, else kept for a person.
    async fn give_up(&self, send: &UnsureSend, now: Time) -> Outcome {
        if send.outgoing.resend_unknown && self.stands(send).await {
            tracing::warn!(message = %send.outgoing.id, "Twilio does not know the text; it is sent again");
            return Outcome::Later(now);
        }
        tracing::error!(message = %send.outgoing.id, "Twilio does not know the text; it is held for a person to decide");
        Outcome::Failed { code: None, why: "nobody can tell whether it was sent".to_owned(), status: MessageStatus::Held }
    }

    /// Whether the conversation still waits for this text. Those that nobody waits for always stand.
    async fn stands(&self, send: &UnsureSend) -> bool {
        if send.outgoing.quiet {
            return true;
        }
        match self.store.peek(&Actor::Contact(send.outgoing.contact.clone())).await {
            Ok(Some(peek)) => State::read(peek.state.as_deref()).is_ok_and(|state| state.waits_for(&send.outgoing.id)),
            _ => false,
        }
    }
}

/// Whether the words of Twilio's record are those of a text; trial accounts get a sentence before them.
fn same_words(body: &str, text: &Text) -> bool {
    text.content.is_some() || body == text.body || body.strip_prefix(TRIAL) == Some(text.body.as_str())
}

/// The first look after this one.
fn next_look(send: &UnsureSend, now: Time) -> Time {
    let planned = LOOKS.iter().map(|look| send.posted_at.plus(*look)).find(|look| *look > now);
    planned.unwrap_or_else(|| now.plus(LOOKS[1]))
}
