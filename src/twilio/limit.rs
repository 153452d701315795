//! How many requests may be under way at once. Twilio does not publish its limit on concurrent requests, it only
//! answers 429; so we start at the configured number, halve on a 429 and creep back with success.
//! This has nothing to do with a sender's speed, which the store keeps.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// The arithmetic, without waiting.
#[derive(Debug)]
struct Limit {
    /// The configured number; the limit never grows beyond it.
    ceiling: usize,
    /// Requests allowed now, at least one.
    current: usize,
    /// Requests under way.
    in_flight: usize,
    /// Successes since the limit last changed; as many as the limit itself make it grow by one.
    successes: usize,
    /// Requests under way when the limit was halved. Their 429s tell nothing new: they were sent under the old limit.
    stale: usize,
}

/// What a finished request says about the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Twilio answered, with whatever.
    Served,
    /// Twilio answered 429.
    TooMany,
    /// No answer, or nobody waited for it: says nothing about the limit.
    Nothing,
}

impl Limit {
    /// A ceiling of none would stop everything for good, so it counts as one.
    fn new(ceiling: usize) -> Limit {
        let ceiling = ceiling.max(1);
        Limit { ceiling, current: ceiling, in_flight: 0, successes: 0, stale: 0 }
    }

    fn free(&self) -> usize {
        self.current.saturating_sub(self.in_flight)
    }

    /// Starts a request, if one may start.
    fn take(&mut self) -> bool {
        let free = self.free() > 0;
        if free {
            self.in_flight += 1;
        }
        free
    }

    /// Ends a request. A burst of 429s halves the limit once: those that were under way at the first of them were sent
    /// under the old limit, and halving for each would end at one for no reason.
    fn give_back(&mut self, verdict: Verdict) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let old = self.stale > 0;
        self.stale = self.stale.saturating_sub(1);
        match verdict {
            Verdict::TooMany if !old => {
                self.current = (self.current / 2).max(1);
                self.successes = 0;
                self.stale = self.in_flight;
            }
            Verdict::Served => {
                self.successes += 1;
                if self.successes >= self.current {
                    self.current = (self.current + 1).min(self.ceiling);
                    self.successes = 0;
                }
            }
            Verdict::TooMany | Verdict::Nothing => {}
        }
    }
}

/// The limit that all requests of one client share.
#[derive(Debug)]
pub struct Limiter {
    /// Held only for arithmetic, never across a wait.
    limit: Mutex<Limit>,
    /// Rung when a request ends, for those who wait.
    ended: Notify,
}

impl Limiter {
    /// At most `ceiling` requests at once.
    pub fn new(ceiling: usize) -> Limiter {
        Limiter { limit: Mutex::new(Limit::new(ceiling)), ended: Notify::new() }
    }

    /// Requests that could start now. Workers claim no more messages than this, so none waits with its lease running.
    pub fn free(&self) -> usize {
        self.lock().free()
    }

    /// Takes a slot, waiting up to `patience`; `None` if none came free.
    pub async fn slot(&self, patience: Duration) -> Option<Slot<'_>> {
        let wait = async {
            loop {
                // Listening before looking, so that a bell between the two is not missed.
                let mut ended = std::pin::pin!(self.ended.notified());
                ended.as_mut().enable();
                if self.lock().take() {
                    return Slot { limiter: self, verdict: Verdict::Nothing };
                }
                ended.await;
            }
        };
        tokio::time::timeout(patience, wait).await.ok()
    }

    fn lock(&self) -> MutexGuard<'_, Limit> {
        // The arithmetic cannot panic half-way, so a poisoned lock still guards a sound value.
        self.limit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request under way. Dropping it frees the slot, also when the request was cancelled.
#[derive(Debug)]
pub struct Slot<'a> {
    /// Where the slot goes back to.
    limiter: &'a Limiter,
    /// What the request has told about the limit.
    verdict: Verdict,
}

impl Slot<'_> {
    /// Ends the request with what it told.
    pub fn end(mut self, verdict: Verdict) {
        self.verdict = verdict;
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let free = {
            let mut limit = self.limiter.lock();
            limit.give_back(self.verdict);
            limit.free()
        };
        // Growth frees a second slot; ringing once too often only makes somebody look in vain.
        for _ in 0..free.min(2) {
            self.limiter.ended.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn take(limit: &mut Limit, count: usize) {
        for _ in 0..count {
            assert!(limit.take());
        }
    }

    #[test]
    fn halves_once_for_a_burst_of_refusals() {
        let mut limit = Limit::new(50);
        take(&mut limit, 50);
        assert!(!limit.take());
        for _ in 0..50 {
            limit.give_back(Verdict::TooMany);
        }
        assert_eq!((limit.current, limit.free()), (25, 25));
        take(&mut limit, 1);
        limit.give_back(Verdict::TooMany);
        assert_eq!(limit.current, 12);
    }

    #[test]
    fn never_below_one_and_grows_back_by_ones() {
        let mut limit = Limit::new(3);
        for _ in 0..5 {
            take(&mut limit, 1);
            limit.give_back(Verdict::TooMany);
        }
        assert_eq!(limit.current, 1);
        let mut grown = vec![];
        for _ in 0..6 {
            take(&mut limit, 1);
            limit.give_back(Verdict::Served);
            grown.push(limit.current);
        }
        assert_eq!(grown, [2, 2, 3, 3, 3, 3]);
        take(&mut limit, 1);
        limit.give_back(Verdict::Nothing);
        assert_eq!((limit.current, limit.in_flight), (3, 0));
    }

    #[tokio::test]
    async fn a_waiting_request_gets_the_slot_that_ends() {
        let limiter = Limiter::new(1);
        let first = limiter.slot(Duration::ZERO).await.unwrap();
        assert_eq!(limiter.free(), 0);
        assert!(limiter.slot(Duration::ZERO).await.is_none());
        let patience = Duration::from_secs(60);
        let (second, ()) = tokio::join!(limiter.slot(patience), async { first.end(Verdict::Served) });
        assert!(second.is_some());
        drop(second);
        assert_eq!(limiter.free(), 1);
    }
}
