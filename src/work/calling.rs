//! Calling: makes the HTTP calls of playbooks, with their retries, and hands the answer back as an event.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::backend::{Batch, Source};
use super::calls::{Attempt, Caller, backoff};
use super::sending::settle_patiently;
use super::{Health, STORE_PAUSE, wait_for};
use crate::model::Payload;
use crate::model::event::Answer;
use crate::store::{ClaimedSend, Outcome, SendKind, Settle, Shared};

/// A call's claim: its longest deadline is 30 s.
const LEASE: Duration = Duration::from_secs(45);

/// Makes calls.
#[derive(Clone)]
pub struct Calling {
    /// Where calls wait.
    pub store: Shared,
    /// Makes one.
    pub caller: Arc<Caller>,
    /// Noted here.
    pub health: Arc<Health>,
}

impl Source for Calling {
    type Job = ClaimedSend;

    fn name(&self) -> &'static str {
        "calls"
    }

    async fn claim(&self, room: usize) -> Batch<ClaimedSend> {
        match self.store.claim_sends(SendKind::Calls, room, LEASE).await {
            Ok(sends) => {
                self.health.claimed(self.name());
                Batch { jobs: sends.sends, wait: wait_for(sends.now, sends.next) }
            }
            Err(error) => {
                self.health.store_failed(&error);
                Batch { jobs: Vec::new(), wait: Some(STORE_PAUSE) }
            }
        }
    }

    async fn handle(&self, send: ClaimedSend) {
        let Payload::Call(call) = &send.outgoing.payload else { return };
        let outcome = match self.caller.call(call).await {
            Attempt::Answered(answer) => Outcome::Called(answer),
            Attempt::TryAgain(_) if send.attempt <= call.retries => Outcome::Later(self.store.now().plus(backoff(send.attempt))),
            Attempt::TryAgain(why) => Outcome::Called(Answer::Failure { why }),
        };
        let settle = Settle { message: send.outgoing.id.clone(), attempt: send.attempt, outcome };
        settle_patiently(&self.store, &self.health, settle).await;
    }

    async fn give_back(&self, sends: Vec<ClaimedSend>) {
        for send in sends {
            let settle = Settle { message: send.outgoing.id, attempt: send.attempt, outcome: Outcome::Later(self.store.now()) };
            settle_patiently(&self.store, &self.health, settle).await;
        }
    }

    fn signal(&self) -> watch::Receiver<u64> {
        self.store.wakes().calls.listen()
    }
}
