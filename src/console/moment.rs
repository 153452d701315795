//! Times as people read them: short to look at, whole to hover over, exact for programs.

use std::time::Duration;

use jiff::tz::TimeZone;
use serde::Serialize;

use super::Console;
use crate::model::Time;

/// Within this a day is known by its name, and taken for no other.
const WEEKDAY: Duration = Duration::from_secs(6 * 86_400);

/// A moment on a page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moment {
    /// RFC 3339.
    iso: String,
    /// To hover over: `Tue 3 Mar 2026, 14:05:09`.
    full: String,
    /// To look at: `14:05` of today, `Mon 14:05` of this week, else `3 Mar 14:05`, else with its year.
    pub short: String,
    /// How long ago, or in how long: `5 min`, `in 2 h`.
    ago: String,
}

/// Where and when a page is read.
#[derive(Clone, Debug)]
pub struct Clock {
    /// The workspace's zone.
    zone: TimeZone,
    /// The present, by the store's clock.
    pub now: Time,
}

impl Console {
    /// The present, in the workspace's zone.
    pub(super) fn clock(&self) -> Clock {
        Clock { zone: self.doors.plans.now().workspace.timezone.clone(), now: self.doors.store.now() }
    }
}

impl Clock {
    /// A moment as people read it.
    pub fn moment(&self, at: Time) -> Moment {
        let (there, here) = (at.timestamp().to_zoned_datetime(self.zone.clone()), self.now.timestamp().to_zoned_datetime(self.zone.clone()));
        let apart = self.now.until(at).max(at.until(self.now));
        let form = if there.date() == here.date() {
            "%H:%M"
        } else if apart < WEEKDAY {
            "%a %H:%M"
        } else if there.year() == here.year() {
            "%-d %b %H:%M"
        } else {
            "%-d %b %Y"
        };
        let show = |form: &str| there.strftime(form).to_string();
        let ago = if at > self.now { format!("in {}", length(self.now.until(at))) } else { length(at.until(self.now)) };
        Moment { iso: at.rfc3339(), full: show("%a %-d %b %Y, %H:%M:%S %Z"), short: show(form), ago }
    }

    /// The moment when clocks on the wall of the workspace's zone show this; none if they never do.
    pub fn there(&self, wall: jiff::civil::DateTime) -> Option<Time> {
        wall.to_zoned_datetime(self.zone.clone()).ok().map(|at| at.timestamp().into())
    }

    /// The day of a moment, to stand between texts: `Today`, `Tuesday 3 March`.
    pub fn day(&self, at: Time) -> String {
        let (there, here) = (at.timestamp().to_zoned_datetime(self.zone.clone()), self.now.timestamp().to_zoned_datetime(self.zone.clone()));
        if there.date() == here.date() {
            return "Today".to_owned();
        }
        there.strftime(if there.year() == here.year() { "%A %-d %B" } else { "%A %-d %B %Y" }).to_string()
    }
}

/// A length of time in its largest unit: `40 s`, `5 min`, `3 h`, `2 days`.
pub fn length(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3_600 => format!("{} min", seconds / 60),
        seconds @ 3_600..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn moments() {
        let time = |text: &str| Time::from(text.parse::<jiff::Timestamp>().unwrap());
        let clock = Clock { zone: TimeZone::get("America/Chicago").unwrap(), now: time("2026-03-03T20:05:09Z") };
        let short = |text: &str| clock.moment(time(text)).short;
        assert_eq!(short("2026-03-03T15:00:00Z"), "09:00");
        assert_eq!(short("2026-03-03T05:00:00Z"), "Mon 23:00");
        assert_eq!(short("2026-02-20T05:00:00Z"), "19 Feb 23:00");
        assert_eq!(short("2025-03-03T05:00:00Z"), "2 Mar 2025");
        assert_eq!(clock.moment(time("2026-03-03T20:00:00Z")).ago, "5 min");
        assert_eq!(clock.moment(time("2026-03-03T22:06:00Z")).ago, "in 2 h");
        assert_eq!(clock.moment(time("2026-03-03T20:05:09Z")).full, "Tue 3 Mar 2026, 14:05:09 CST");
        assert_eq!(clock.day(time("2026-03-02T20:00:00Z")), "Monday 2 March");
    }
}
