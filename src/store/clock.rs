//! The store's clock: whatever it is fed with, it only rises.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::model::Time;

/// Where a clock gets its time from; tests hand in their own.
pub type Source = Arc<dyn Fn() -> Time + Send + Sync>;

/// Each reading is later than the one before, by a microsecond at least, so that no two things in a store share a moment.
pub struct Clock {
    /// What is read.
    source: Source,
    /// The latest reading, in microseconds.
    last: AtomicI64,
}

impl Clock {
    /// A clock that never shows `floor` or anything before it: the latest time a store holds.
    pub fn new(source: Source, floor: Time) -> Clock {
        Clock { source, last: AtomicI64::new(floor.0) }
    }

    /// The present.
    pub fn now(&self) -> Time {
        let read = (self.source)().0;
        let rise = |last: i64| Some(read.max(last + 1));
        // `rise` never answers none, so both arms hold the reading before this one.
        let (Ok(last) | Err(last)) = self.last.fetch_update(Ordering::AcqRel, Ordering::Acquire, rise);
        Time(read.max(last + 1))
    }
}

/// The wall clock as it stood at this call, moved on by monotonic time: a machine whose clock is set does not move it.
pub fn wall(floor: Time) -> Source {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX));
    let start = Time(wall.max(floor.0));
    let began = Instant::now();
    Arc::new(move || start.plus(began.elapsed()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_stands_or_falls_back_still_rises() {
        let readings = std::sync::Mutex::new(vec![5, 90, 100, 100].into_iter());
        let source = move || Time(readings.lock().ok().and_then(|mut left| left.next_back()).unwrap_or(0));
        let clock = Clock::new(Arc::new(source), Time(99));
        assert_eq!([clock.now(), clock.now(), clock.now(), clock.now()], [Time(100), Time(101), Time(102), Time(103)]);
    }
}
