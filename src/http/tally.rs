//! What came in by the public side, counted for `/metrics`: cheap enough to be done for forged requests too.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::model::Time;

/// What came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A status report.
    Status,
    /// A call.
    Call,
    /// A webhook that was refused before anybody read what it is.
    Refused,
    /// A tracked link was opened.
    Link,
}

/// The kinds with their names in the metrics, in the order of `Tally::counts`.
const KINDS: [(Kind, &str); 5] =
    [(Kind::Text, "text"), (Kind::Status, "status"), (Kind::Call, "call"), (Kind::Refused, "refused"), (Kind::Link, "link")];

/// The HTTP statuses that are told apart; others count as the last.
const STATUSES: [u16; 7] = [200, 302, 400, 403, 413, 503, 0];

/// Upper ends of the steps of the histogram, in microseconds. Twilio waits 15 s; usual is about a millisecond.
const STEPS_US: [u64; 9] = [500, 1_000, 2_500, 5_000, 10_000, 50_000, 250_000, 1_000_000, 5_000_000];

/// A warning that any client can cause comes at most so often: a flood must not fill the log.
const WARN_EVERY: Duration = Duration::from_secs(60);

/// A warning that is given now and then.
#[derive(Debug)]
pub struct Rare {
    /// When it was last given, in microseconds of the store's clock.
    last: AtomicI64,
}

impl Default for Rare {
    fn default() -> Rare {
        Rare { last: AtomicI64::new(i64::MIN) }
    }
}

impl Rare {
    /// Whether it is time to give it again.
    pub fn is_due(&self, now: Time) -> bool {
        let last = self.last.load(Ordering::Relaxed);
        Time(last).until(now) >= WARN_EVERY && self.last.compare_exchange(last, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// Webhooks that are remembered one by one, the newest: enough to see what a change at Twilio did.
const REMEMBERED: usize = 50;

/// Characters of an address that are remembered: anybody may send any.
const MAX_ROUTE: usize = 100;

/// One webhook, for people who look why something does not come in.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When.
    pub at: Time,
    /// To which path.
    pub route: String,
    /// What it was.
    pub kind: Kind,
    /// What it was answered.
    pub status: u16,
    /// Why it was not taken.
    pub why: Option<String>,
}

impl Kind {
    /// Its name in the metrics.
    pub fn as_str(self) -> &'static str {
        KINDS.iter().find(|(known, _)| *known == self).map_or("", |(_, name)| name)
    }
}

/// The counters.
#[derive(Debug)]
pub struct Tally {
    /// By kind, then by status.
    counts: [[AtomicU64; STATUSES.len()]; KINDS.len()],
    /// Webhooks by time taken; the last holds those slower than all steps.
    times: [AtomicU64; STEPS_US.len() + 1],
    /// Sum of those times, in microseconds.
    sum_us: AtomicU64,
    /// Texts and calls from senders without a phone number: taken note of, nothing else.
    nameless: AtomicU64,
    /// The newest webhooks, oldest first.
    seen: Mutex<VecDeque<Seen>>,
    /// Warnings of forged requests.
    pub forged: Rare,
    /// Warnings of webhooks that could not be stored.
    pub unstored: Rare,
}

impl Default for Tally {
    fn default() -> Tally {
        Tally {
            counts: Default::default(),
            times: Default::default(),
            sum_us: AtomicU64::new(0),
            nameless: AtomicU64::new(0),
            seen: Mutex::default(),
            forged: Rare::default(),
            unstored: Rare::default(),
        }
    }
}

impl Tally {
    /// Something came in and was answered so. Statuses that are not in the table share a column: there is no reason for any.
    pub fn count(&self, kind: Kind, status: u16) {
        let row = KINDS.iter().position(|(known, _)| *known == kind).unwrap_or_default();
        let column = STATUSES.iter().position(|known| *known == status).unwrap_or(STATUSES.len() - 1);
        if let Some(count) = self.counts.get(row).and_then(|row| row.get(column)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A webhook took so long, from the whole request to the answer.
    pub fn took(&self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let step = STEPS_US.iter().position(|end| us <= *end).unwrap_or(STEPS_US.len());
        if let Some(count) = self.times.get(step) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    /// A text or call came from somebody without a phone number.
    pub fn nameless(&self) {
        self.nameless.fetch_add(1, Ordering::Relaxed);
    }

    /// Remembers a webhook.
    pub fn seen(&self, mut webhook: Seen) {
        webhook.route = webhook.route.chars().take(MAX_ROUTE).collect();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() == REMEMBERED {
            seen.pop_front();
        }
        seen.push_back(webhook);
    }

    /// The newest webhooks, newest first.
    pub fn newest(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().cloned().collect()
    }

    /// In the text format of Prometheus.
    pub fn write(&self, out: &mut String) {
        out.push_str("# HELP bridged_webhooks_total Requests to the public side by kind and HTTP status.\n# TYPE bridged_webhooks_total counter\n");
        for ((_, kind), row) in KINDS.iter().zip(&self.counts) {
            for (status, count) in STATUSES.iter().zip(row) {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    let _ = writeln!(out, "bridged_webhooks_total{{kind=\"{kind}\",status=\"{status}\"}} {count}");
                }
            }
        }
        out.push_str("# HELP bridged_webhook_seconds Time from the whole request to the answer.\n# TYPE bridged_webhook_seconds histogram\n");
        let mut total = 0;
        for (end, count) in STEPS_US.iter().zip(&self.times) {
            total += count.load(Ordering::Relaxed);
            let _ = writeln!(out, "bridged_webhook_seconds_bucket{{le=\"{}\"}} {total}", Duration::from_micros(*end).as_secs_f64());
        }
        total += self.times.last().map_or(0, |slow| slow.load(Ordering::Relaxed));
        let sum = Duration::from_micros(self.sum_us.load(Ordering::Relaxed)).as_secs_f64();
        let _ = write!(
            out,
            "bridged_webhook_seconds_bucket{{le=\"+Inf\"}} {total}\nbridged_webhook_seconds_sum {sum}\nbridged_webhook_seconds_count {total}\n\
            # HELP bridged_nameless_total Texts and calls from senders without a phone number.\n# TYPE bridged_nameless_total counter\n\
            bridged_nameless_total {}\n",
            self.nameless.load(Ordering::Relaxed)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_add_up() {
        let tally = Tally::default();
        tally.count(Kind::Text, 200);
        tally.count(Kind::Text, 418);
        for us in [400, 600, 9_000_000] {
            tally.took(Duration::from_micros(us));
        }
        let mut out = String::new();
        tally.write(&mut out);
        for line in [
            "bridged_webhooks_total{kind=\"text\",status=\"200\"} 1",
            "bridged_webhooks_total{kind=\"text\",status=\"0\"} 1",
            "bridged_webhook_seconds_bucket{le=\"0.0005\"} 1",
            "bridged_webhook_seconds_bucket{le=\"0.001\"} 2",
            "bridged_webhook_seconds_bucket{le=\"5\"} 2",
            "bridged_webhook_seconds_bucket{le=\"+Inf\"} 3",
            "bridged_webhook_seconds_sum 9.001",
        ] {
            assert!(out.lines().any(|found| found == line), "{line}\n{out}");
        }
    }

    #[test]
    fn warnings_are_rare() {
        let warning = Rare::default();
        assert!(warning.is_due(Time(0)));
        assert!(!warning.is_due(Time(59_000_000)));
        assert!(warning.is_due(Time(60_000_000)));
    }
}
