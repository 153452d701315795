//! Pace: exact speed by GCRA, in whole microseconds.
//!
//! A lane may send when `next <= now`. A send of `n` segments moves `next` to `max(next, now - CREDIT) + n * interval`.
//! The interval carries a guard of 1 %, and lateness is made good up to 5 ms only. As the credit is below the guard of a
//! whole second, no window of one second can hold more than the limit, yet a late wake-up does not cost speed.

use serde::{Deserialize, Serialize};

use super::Time;

/// Lateness that is made good, in microseconds: below the guard of one second (10 ms), so no second is overfilled; also what lets one claim of a fast lane take several texts.
pub const CREDIT_US: i64 = 5_000;

/// Added to the interval, in thousandths: jitter on the way to Twilio must not push two texts into one second.
const GUARD_PER_MILLE: f64 = 10.0;

/// The speed of one lane, or of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// Microseconds a segment takes, guard included; at least 1.
    pub interval_us: i64,
}

impl Pace {
    /// From segments a second.
    pub fn per_second(mps: f64) -> Pace {
        let interval = 1_000_000.0 / mps.max(f64::MIN_POSITIVE) * (1.0 + GUARD_PER_MILLE / 1_000.0);
        Pace { interval_us: (interval.ceil() as i64).clamp(1, i64::MAX / 1_000_000) }
    }

    /// Whether a lane whose next slot is `next` may send now. The credit is spent in `after`, so a lane is never early.
    pub fn may(next: Time, now: Time) -> bool {
        next <= now
    }

    /// The next slot after sending `segments` now.
    pub fn after(self, next: Time, now: Time, segments: u32) -> Time {
        let from = next.0.max(now.0 - CREDIT_US);
        Time(from + self.interval_us * i64::from(segments.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// However late each wake-up is, no window of one second holds more segments than allowed
        /// (but for the last text, which may reach beyond it).
        #[test]
        fn no_second_is_overfilled(mps in 1u32..200, lateness in proptest::collection::vec(0i64..60_000, 1..400)) {
            let pace = Pace::per_second(f64::from(mps));
            let mut next = Time(0);
            let mut sent: Vec<i64> = Vec::new();
            let mut now = Time(0);
            for late in lateness {
                now = Time(now.0.max(next.0) + late);
                prop_assert!(Pace::may(next, now));
                sent.push(now.0);
                next = pace.after(next, now, 1);
            }
            for (i, start) in sent.iter().enumerate() {
                let inside = sent[i..].iter().take_while(|at| **at < start + 1_000_000).count();
                prop_assert!(inside <= mps as usize, "{inside} in one second at {mps}");
            }
        }
    }

    #[test]
    fn a_long_text_costs_its_segments() {
        let pace = Pace::per_second(1.0);
        assert_eq!(pace.after(Time(0), Time(0), 3), Time(3 * 1_010_000));
        assert_eq!(pace.after(Time(-1_000_000), Time(0), 3), Time(3 * 1_010_000 - CREDIT_US), "a lane long idle makes lateness good");
    }
}
