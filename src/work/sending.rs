//! Sending: claims texts that may go out now, POSTs each once, and writes down how it ended.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::backend::{Batch, Source};
use super::flow::Step;
use super::{Health, STORE_PAUSE, wait_for};
use crate::model::{MessageStatus, Payload, Text, Time};
use crate::store::{ClaimedSend, Outcome, SendKind, Settle, Shared};
use crate::twilio::client::Client;
use crate::twilio::create::{Create, Origin, Outcome as Posted};
use crate::twilio::errors::{self, Class, Mark};

/// A send's claim: the wait for a free connection and the POST's own deadline fit into it.
const LEASE: Duration = Duration::from_secs(15);

/// First look at a text whose fate nobody knows; callbacks have usually come by then.
pub(super) const FIRST_LOOK: Duration = Duration::from_secs(10);

/// A sender that Twilio reports full rests so long.
const FULL: Duration = Duration::from_secs(60);

/// An account or a sender that Twilio refuses is probed again after this.
const REFUSED: Duration = Duration::from_secs(30);

/// Longest pause between tries of a text that certainly was not sent.
const MAX_PAUSE: Duration = Duration::from_secs(300);

/// Sends texts.
#[derive(Clone)]
pub struct Sending {
    /// Where texts wait.
    pub store: Shared,
    /// Twilio.
    pub client: Arc<Client>,
    /// `public_url`, before the path of status callbacks.
    pub public_url: Arc<str>,
    /// Noted here.
    pub health: Arc<Health>,
}

impl Source for Sending {
    type Job = ClaimedSend;

    fn name(&self) -> &'static str {
        "sending"
    }

    async fn claim(&self, room: usize) -> Batch<ClaimedSend> {
        // What can't be POSTed at once is not claimed: it would be `posting` without reason.
        let room = room.min(self.client.free());
        if room == 0 {
            return Batch { jobs: Vec::new(), wait: Some(Duration::from_millis(5)) };
        }
        match self.store.claim_sends(SendKind::Texts, room, LEASE).await {
            Ok(sends) => {
                self.health.claimed(self.name());
                self.store.stand_by(room.saturating_sub(sends.sends.len()), LEASE);
                Batch { jobs: sends.sends, wait: wait_for(sends.now, sends.next) }
            }
            Err(error) => {
                self.health.store_failed(&error);
                Batch { jobs: Vec::new(), wait: Some(STORE_PAUSE) }
            }
        }
    }

    async fn handle(&self, send: ClaimedSend) {
        let Payload::Text(text) = &send.outgoing.payload else { return };
        self.health.flow.left(self.store.now(), &send.outgoing.lane, send.outgoing.cost);
        let posted = self.client.create(&self.create_of(text, &send)).await;
        let outcome = self.outcome(&send, posted).await;
        tally(&self.health, self.store.now(), &outcome);
        self.settle(&send, outcome).await;
    }

    async fn give_back(&self, sends: Vec<ClaimedSend>) {
        for send in sends {
            let now = self.store.now();
            self.settle(&send, Outcome::Later(now)).await;
        }
    }

    fn signal(&self) -> watch::Receiver<u64> {
        self.store.wakes().texts.listen()
    }
}

impl Sending {
    /// The request for a text. Our name for it stands in the callback's address, so that Twilio's name can be bound to it.
    fn create_of(&self, text: &Text, send: &ClaimedSend) -> Create {
        let from = text.from.0.clone();
        let (body, content_sid, content_variables) = match &text.content {
            Some(content) => (None, Some(content.sid.clone()), Some(content.variables.clone())),
            None => (Some(text.body.clone()), None, None),
        };
        Create {
            to: text.to.0.clone(),
            from: if from.starts_with("MG") { Origin::Service(from) } else { Origin::Number(from) },
            body,
            media: text.media.clone(),
            content_sid,
            content_variables,
            status_callback: format!("{}/webhooks/twilio/status?m={}&n={}", self.public_url, send.outgoing.id, send.attempt),
        }
    }

    /// What Twilio's answer means for the text, its sender and the account.
    async fn outcome(&self, send: &ClaimedSend, posted: Posted) -> Outcome {
        let now = self.store.now();
        match posted {
            Posted::Accepted { sid, segments, .. } => {
                self.health.twilio(None);
                Outcome::Accepted { sid, segments }
            }
            Posted::NotSent { why, retry_after } => {
                tracing::warn!(message = %send.outgoing.id, why, "a text was not taken and is tried again; nothing is lost");
                Outcome::Later(now.plus(retry_after.unwrap_or_else(|| pause(send))))
            }
            Posted::Unknown { why } => {
                tracing::warn!(message = %send.outgoing.id, why, "nobody knows whether a text was sent; it is looked up before anything is repeated");
                self.health.count("sends_unknown");
                Outcome::Unknown(now.plus(FIRST_LOOK))
            }
            Posted::Refused { code, http_status, message, class } => self.refused(send, code, http_status, &message, class).await,
        }
    }

    async fn refused(&self, send: &ClaimedSend, code: Option<u32>, http_status: u16, message: &str, class: Class) -> Outcome {
        let now = self.store.now();
        let known = code.and_then(errors::code);
        let why = known.map_or_else(|| format!("Twilio refused it with {http_status}: {message}"), |known| known.name.to_owned());
        match class {
            Class::NotProcessed => Outcome::Later(now.plus(pause(send))),
            Class::Later => {
                if known.is_some_and(|known| known.mark == Mark::SenderFull) {
                    self.slow(Some(&send.outgoing.lane), FULL).await;
                }
                tracing::warn!(lane = send.outgoing.lane, code, why, "a sender is slowed; its texts wait");
                Outcome::Later(now.plus(FULL))
            }
            Class::StopAccount => {
                self.health.twilio(Some(&why));
                self.slow(None, REFUSED).await;
                tracing::error!(code, why, "Twilio refuses our credentials; all texts wait and one is tried every 30 s");
                Outcome::Later(now.plus(REFUSED))
            }
            Class::StopSender => {
                self.slow(Some(&send.outgoing.lane), REFUSED).await;
                tracing::error!(lane = send.outgoing.lane, code, why, "Twilio refuses this sender; this text failed, its others wait");
                Outcome::Failed { code, why, status: MessageStatus::Failed }
            }
            Class::Ambiguous => {
                self.health.count("sends_unknown");
                Outcome::Unknown(now.plus(FIRST_LOOK))
            }
            Class::Never | Class::NeverSame | Class::OptOut => Outcome::Failed { code, why, status: MessageStatus::Failed },
        }
    }

    async fn slow(&self, lane: Option<&str>, length: Duration) {
        if let Err(error) = self.store.slow(lane, self.store.now().plus(length)).await {
            self.health.store_failed(&error);
        }
    }

    /// Writes down how an attempt ended. If the store does not take it for long, the attempt's lease ends and it is looked up.
    async fn settle(&self, send: &ClaimedSend, outcome: Outcome) {
        let settle = Settle { message: send.outgoing.id.clone(), attempt: send.attempt, outcome };
        settle_patiently(&self.store, &self.health, settle).await;
    }
}

/// Settles, waiting out a store that does not answer for as long as the attempt's lease lasts.
pub(super) async fn settle_patiently(store: &Shared, health: &Health, settle: Settle) {
    let tries = LEASE.as_millis() / STORE_PAUSE.as_millis();
    for _ in 0..tries {
        match store.settle(settle.clone()).await {
            Ok(_) => return,
            Err(error) => health.store_failed(&error),
        }
        tokio::time::sleep(STORE_PAUSE).await;
    }
}

/// Counts how a text ended with Twilio. Its status may have been reported before we write that down, so that is not waited for.
pub(super) fn tally(health: &Health, now: Time, outcome: &Outcome) {
    match outcome {
        Outcome::Accepted { .. } => health.flow.count(now, Step::Accepted, None),
        Outcome::Failed { code, status: MessageStatus::Failed, .. } => health.flow.count(now, Step::Refused, *code),
        _ => {}
    }
}

/// The pause before another try: doubled with each, and spread so that texts refused together don't come back together.
fn pause(send: &ClaimedSend) -> Duration {
    let base = Duration::from_millis(500 << send.attempt.min(10)).min(MAX_PAUSE);
    // The message's own name spreads it: no chance is needed to keep two texts apart.
    let spread = send.outgoing.id.as_str().bytes().fold(0u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte))) % 1_000;
    base / 2 + base * u32::try_from(spread).unwrap_or(500) / 2_000
}
