//! What goes out and comes in, by minute, for a day: what "how fast" and "how much arrives" are answered from.
//!
//! Kept in memory, so any volume costs the same few additions, and written to the store now and then, so that a restart forgets half a
//! minute at most.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::Time;
use crate::store::{Result, Shared};
use crate::twilio::errors;

/// How far back is known.
pub const DAY: Duration = Duration::from_secs(86_400);

/// The last hour of it.
pub const HOUR: Duration = Duration::from_secs(3_600);

/// Speed is the mean of these last seconds: long enough to stand still at one text a second, short enough to follow.
const SPEED_SECONDS: i64 = 10;

/// A minute, in microseconds of the store's clock.
const MINUTE_US: i64 = 60_000_000;

/// A second, likewise.
const SECOND_US: i64 = 1_000_000;

/// Name of the fact it is kept as.
const FACT: &str = "flow";

/// What can happen to a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Twilio took it.
    Accepted,
    /// It is on the handset.
    Delivered,
    /// It did not get there.
    Undelivered,
    /// Twilio refused it for good.
    Refused,
    /// A contact wrote.
    Received,
}

/// Sums over a stretch of time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sums {
    /// Twilio took them.
    pub accepted: u64,
    /// On the handset.
    pub delivered: u64,
    /// Did not get there.
    pub undelivered: u64,
    /// Refused for good.
    pub refused: u64,
    /// Came in.
    pub received: u64,
    /// Of `undelivered` and `refused`, by Twilio's code; 0 where it named none.
    pub codes: BTreeMap<u32, u64>,
}

impl Sums {
    fn add(&mut self, step: Step, code: Option<u32>) {
        *match step {
            Step::Accepted => &mut self.accepted,
            Step::Delivered => &mut self.delivered,
            Step::Undelivered => &mut self.undelivered,
            Step::Refused => &mut self.refused,
            Step::Received => &mut self.received,
        } += 1;
        if matches!(step, Step::Undelivered | Step::Refused) {
            *self.codes.entry(code.unwrap_or(0)).or_default() += 1;
        }
    }

    fn join(&mut self, other: &Sums) {
        self.accepted += other.accepted;
        self.delivered += other.delivered;
        self.undelivered += other.undelivered;
        self.refused += other.refused;
        self.received += other.received;
        for (code, count) in &other.codes {
            *self.codes.entry(*code).or_default() += count;
        }
    }
}

/// The minutes of a day, and the seconds just past.
#[derive(Debug, Default)]
pub struct Flow {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Minutes with something in them, oldest first, by their number since 1970.
    minutes: VecDeque<(i64, Sums)>,
    /// Segments by lane and second, oldest first.
    seconds: VecDeque<(i64, BTreeMap<String, u64>)>,
}

impl Flow {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something happened to a text; with Twilio's code, if it went wrong.
    pub fn count(&self, now: Time, step: Step, code: Option<u32>) {
        let minute = now.0.div_euclid(MINUTE_US);
        let mut inner = self.inner();
        match inner.minutes.back_mut() {
            Some((last, sums)) if *last >= minute => sums.add(step, code),
            _ => {
                let mut sums = Sums::default();
                sums.add(step, code);
                inner.minutes.push_back((minute, sums));
                let oldest = minute - i64::try_from(DAY.as_secs() / 60).unwrap_or(i64::MAX);
                while inner.minutes.front().is_some_and(|(at, _)| *at <= oldest) {
                    inner.minutes.pop_front();
                }
            }
        }
    }

    /// A text left by a lane.
    pub fn left(&self, now: Time, lane: &str, segments: u32) {
        let second = now.0.div_euclid(SECOND_US);
        let mut inner = self.inner();
        if inner.seconds.back().is_none_or(|(last, _)| *last < second) {
            inner.seconds.push_back((second, BTreeMap::new()));
        }
        while inner.seconds.front().is_some_and(|(at, _)| *at < second - SPEED_SECONDS) {
            inner.seconds.pop_front();
        }
        if let Some((_, lanes)) = inner.seconds.back_mut() {
            match lanes.get_mut(lane) {
                Some(sum) => *sum += u64::from(segments),
                None => drop(lanes.insert(lane.to_owned(), u64::from(segments))),
            }
        }
    }

    /// Segments a second of each lane that sends, over the last whole seconds.
    pub fn speeds(&self, now: Time) -> BTreeMap<String, f64> {
        let second = now.0.div_euclid(SECOND_US);
        let mut sums: BTreeMap<String, u64> = BTreeMap::new();
        for (at, lanes) in &self.inner().seconds {
            if (second - SPEED_SECONDS..second).contains(at) {
                for (lane, segments) in lanes {
                    *sums.entry(lane.clone()).or_default() += segments;
                }
            }
        }
        sums.into_iter().map(|(lane, sum)| (lane, sum as f64 / SPEED_SECONDS as f64)).collect()
    }

    /// What happened within the last `time`.
    pub fn within(&self, now: Time, time: Duration) -> Sums {
        let oldest = now.minus(time).0.div_euclid(MINUTE_US);
        let mut sums = Sums::default();
        for (_, minute) in self.inner().minutes.iter().rev().take_while(|(at, _)| *at > oldest) {
            sums.join(minute);
        }
        sums
    }

    /// Goes on where an earlier daemon on this store stopped.
    pub async fn go_on(&self, store: &Shared) -> Result<()> {
        let kept = store.fact(FACT).await?.and_then(|kept| serde_json::from_str(&kept).ok());
        if let Some(minutes) = kept {
            self.inner().minutes = minutes;
        }
        Ok(())
    }

    /// Writes it to the store.
    pub async fn keep(&self, store: &Shared) -> Result<()> {
        let kept = serde_json::to_string(&self.inner().minutes).unwrap_or_default();
        store.set_fact(FACT, &kept).await
    }
}

/// What one of Twilio's codes means, and what to do.
pub fn advice(code: u32) -> Option<(&'static str, &'static str)> {
    errors::code(code).map(|row| (row.name, row.advice))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time(seconds * SECOND_US)
    }

    #[test]
    fn an_hour_and_a_day() {
        let flow = Flow::default();
        flow.count(at(0), Step::Received, None);
        flow.count(at(86_400 - 7_200), Step::Accepted, None);
        flow.count(at(86_400 - 60), Step::Undelivered, Some(30_003));
        flow.count(at(86_400 - 60), Step::Refused, None);
        let now = at(86_400 - 1);
        assert_eq!(flow.within(now, HOUR), Sums { undelivered: 1, refused: 1, codes: [(30_003, 1), (0, 1)].into(), ..Sums::default() });
        assert_eq!((flow.within(now, DAY).accepted, flow.within(now, DAY).received), (1, 1));
        flow.count(at(86_400), Step::Delivered, None);
        assert_eq!(flow.within(at(86_400), DAY).received, 0, "older than a day");
    }

    #[test]
    fn speed_is_the_mean_of_the_last_seconds() {
        let flow = Flow::default();
        for second in 100..120 {
            flow.left(at(second), "+15005550006", 3);
        }
        assert_eq!(flow.speeds(at(120)).get("+15005550006"), Some(&3.0));
        assert_eq!(flow.speeds(at(125)).get("+15005550006"), Some(&1.5));
        assert!(flow.speeds(at(140)).is_empty());
    }
}
