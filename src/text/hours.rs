//! Times of day, windows, days of the week, and when somebody's hours are open (language §1 and §4).
//!
//! A contact whose area code spans zones gives several zones: hours are open only when they are open in all of them.
//!
//! Windows are wall-clock: `9am-8pm` is what the clock on the contact's wall says, also on the two days a year that
//! have 23 or 25 hours. The beginning is inside and the end is outside, so that windows that touch do not overlap.
//! Windows never pass midnight; `12am` as an end is the end of the day.
//!
//! All questions are answered in instants: open now? when next? until when? The engine rests a held text until
//! `next_open`, and gives a text in a lane `closes` as its last moment.

use std::fmt;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

/// How far ahead the next opening can lie: a week, and a day for the part of today that is over.
const DAYS_AHEAD: i32 = 8;

/// Rounds of looking for a moment when all zones are open. Each round passes at least one opening of one zone.
const MAX_ROUNDS: usize = 64;

/// Days as settings write them, Monday first.
const DAY_NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Reads `9am` or `8:30pm`; `12am` is midnight. Nothing else is a time of day in a playbook.
pub fn parse_time_of_day(text: &str) -> Option<Time> {
    let (clock, afternoon) = text.strip_suffix("am").map(|clock| (clock, 0)).or_else(|| Some((text.strip_suffix("pm")?, 12)))?;
    let (hour, minute) = clock.split_once(':').map_or((clock, "00"), |(hour, minute)| (hour, minute));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number(hour) || hour.len() > 2 || !is_number(minute) || minute.len() != 2 {
        return None;
    }
    let hour: i8 = hour.parse().ok().filter(|hour| (1..=12).contains(hour))?;
    Time::new(hour % 12 + afternoon, minute.parse().ok()?, 0, 0).ok()
}

/// Writes a time of day the way `parse_time_of_day` reads it.
pub fn write_time_of_day(time: Time) -> String {
    let half = if time.hour() < 12 { "am" } else { "pm" };
    let hour = if time.hour() % 12 == 0 { 12 } else { time.hour() % 12 };
    if time.minute() == 0 { format!("{hour}{half}") } else { format!("{hour}:{:02}{half}", time.minute()) }
}

/// A part of the day, `9am-8pm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// First moment inside.
    pub from: Time,
    /// First moment outside; midnight here is the end of the day.
    pub to: Time,
}

impl Window {
    /// The whole day.
    const ALL_DAY: Window = Window { from: Time::midnight(), to: Time::midnight() };

    /// Reads `9am-8pm`. The end comes after the beginning; `12am` as the end is the midnight that ends the day.
    pub fn parse(text: &str) -> Option<Window> {
        let (from, to) = text.split_once('-')?;
        let window = Window { from: parse_time_of_day(from.trim())?, to: parse_time_of_day(to.trim())? };
        (window.ends_at_midnight() || window.from < window.to).then_some(window)
    }

    /// How long it is open, in seconds of an ordinary day.
    pub fn seconds(self) -> u32 {
        let of_day = |time: Time| 3600 * u32::from(time.hour().unsigned_abs()) + 60 * u32::from(time.minute().unsigned_abs());
        let end = if self.ends_at_midnight() { 24 * 3600 } else { of_day(self.to) };
        end.saturating_sub(of_day(self.from))
    }

    /// A civil time has no 24:00, so the end of the day is written as its beginning.
    fn ends_at_midnight(self) -> bool {
        self.to == Time::midnight()
    }

    /// The part inside both.
    fn narrow(self, other: Window) -> Option<Window> {
        let from = self.from.max(other.from);
        let to = match (self.ends_at_midnight(), other.ends_at_midnight()) {
            (true, _) => other.to,
            (_, true) => self.to,
            _ => self.to.min(other.to),
        };
        (to == Time::midnight() || from < to).then_some(Window { from, to })
    }

    /// Opening and closing on a date in a zone. A time that doesn't exist that day is taken at the same distance after
    /// midnight of the old offset; of one that comes twice the first is meant.
    fn on(self, date: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        let last = if self.ends_at_midnight() { date.tomorrow().ok()? } else { date };
        let instant = |date: Date, time: Time| zone.to_ambiguous_timestamp(date.to_datetime(time)).compatible().ok();
        Some((instant(date, self.from)?, instant(last, self.to)?))
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", write_time_of_day(self.from), write_time_of_day(self.to))
    }
}

/// A set of days of the week; bit 0 is Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Days(u8);

impl Days {
    /// Every day.
    pub const ALL: Days = Days(0b111_1111);
    /// No day.
    pub const NONE: Days = Days(0);

    /// Reads `mon-fri,sun`; a range may pass the weekend (`fri-mon`).
    pub fn parse(text: &str) -> Option<Days> {
        let place = |name: &str| DAY_NAMES.iter().position(|day| *day == name.trim());
        let mut days = Days::NONE;
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (place(first)?, place(last)?);
            let length = (last + DAY_NAMES.len() - first) % DAY_NAMES.len();
            for day in first..=first + length {
                days.0 |= 1 << (day % DAY_NAMES.len());
            }
        }
        Some(days)
    }

    /// Whether the day is in the set.
    pub fn has(self, day: Weekday) -> bool {
        self.0 & (1 << day.to_monday_zero_offset()) != 0
    }
}

/// When something is open: a window on some days. The default is always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenHours {
    /// The part of each day; none means all of it.
    pub window: Option<Window>,
    /// The days.
    pub days: Days,
}

impl Default for OpenHours {
    fn default() -> OpenHours {
        OpenHours { window: None, days: Days::ALL }
    }
}

impl OpenHours {
    /// Whether `at` is inside, in every zone.
    pub fn is_open(&self, at: Timestamp, zones: &[TimeZone]) -> bool {
        self.is_always() || zones.iter().all(|zone| self.open_from(at, zone) == Some(at))
    }

    /// The first moment from `at` on that is inside in every zone; `at` itself when open. Hours that never open give the
    /// end of time.
    pub fn next_open(&self, at: Timestamp, zones: &[TimeZone]) -> Timestamp {
        if self.is_always() {
            return at;
        }
        let mut moment = at;
        for _ in 0..MAX_ROUNDS {
            let Some(openings) = zones.iter().map(|zone| self.open_from(moment, zone)).collect::<Option<Vec<_>>>() else {
                return Timestamp::MAX;
            };
            match openings.into_iter().max() {
                Some(latest) if latest > moment => moment = latest,
                _ => return moment,
            }
        }
        Timestamp::MAX
    }

    /// The first moment from `at` on that is outside in some zone; `at` itself when closed, none if always open.
    pub fn closes(&self, at: Timestamp, zones: &[TimeZone]) -> Option<Timestamp> {
        if self.is_always() {
            return None;
        }
        zones.iter().filter_map(|zone| self.closed_from(at, zone)).min()
    }

    /// The hours inside both.
    pub fn narrow(&self, other: &OpenHours) -> OpenHours {
        let days = Days(self.days.0 & other.days.0);
        match (self.window, other.window) {
            (Some(mine), Some(theirs)) => match mine.narrow(theirs) {
                Some(window) => OpenHours { window: Some(window), days },
                None => OpenHours { window: None, days: Days::NONE },
            },
            (window, None) | (None, window) => OpenHours { window, days },
        }
    }

    /// Whether these hours never open.
    pub fn is_empty(&self) -> bool {
        self.days == Days::NONE
    }

    /// Saves all arithmetic for classes without a window.
    fn is_always(&self) -> bool {
        self.days == Days::ALL && self.window.is_none_or(|window| window == Window::ALL_DAY)
    }

    /// `at` if open in this zone, else the next opening.
    fn open_from(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let today = zone.to_datetime(at).date();
        (0..=DAYS_AHEAD).find_map(|ahead| {
            let date = today.checked_add(ahead.days()).ok()?;
            let (opens, closes) = self.on(date, zone)?;
            (at < closes && opens < closes).then(|| at.max(opens))
        })
    }

    /// `at` if closed in this zone, else when it closes: windows that touch at midnight are one.
    fn closed_from(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut end = at;
        for _ in 0..=DAYS_AHEAD {
            let date = zone.to_datetime(end).date();
            match self.on(date, zone) {
                Some((opens, closes)) if opens <= end && end < closes => end = closes,
                _ => return Some(end),
            }
        }
        None
    }

    /// Opening and closing on this date; none on a day that is not in the set.
    fn on(&self, date: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        self.days.has(date.weekday()).then(|| self.window.unwrap_or(Window::ALL_DAY).on(date, zone))?
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// Zones by name.
    fn zones(names: &[&str]) -> Vec<TimeZone> {
        names.iter().map(|name| TimeZone::get(name).unwrap()).collect()
    }

    /// Hours as settings write them.
    fn hours(window: &str, days: &str) -> OpenHours {
        OpenHours { window: Window::parse(window), days: Days::parse(days).unwrap() }
    }

    #[test]
    fn times_of_day_are_read_and_written() {
        for text in ["9am", "8:30pm", "12am", "12pm", "12:05am", "11:59pm"] {
            assert_eq!(write_time_of_day(parse_time_of_day(text).unwrap()), text);
        }
        for text in ["9", "21:00", "25:00", "0am", "13pm", "9:5am", "9 am", "9AM", "am", "+9am", "009am"] {
            assert_eq!(parse_time_of_day(text), None, "{text}");
        }
        assert_eq!(Window::parse("9am-12am").unwrap().to_string(), "9am-12am");
        for text in ["9am", "8pm-9am", "9am-9am", "9am-25pm", ""] {
            assert_eq!(Window::parse(text), None, "{text}");
        }
    }

    #[test]
    fn days_are_ranges_and_lists() {
        let days = Days::parse("mon-fri,sun").unwrap();
        assert!(days.has(Weekday::Monday) && days.has(Weekday::Friday) && days.has(Weekday::Sunday));
        assert!(!days.has(Weekday::Saturday));
        assert_eq!(Days::parse("mon-sun"), Some(Days::ALL));
        assert!(Days::parse("fri-mon").is_some_and(|days| days.has(Weekday::Saturday) && !days.has(Weekday::Tuesday)));
        assert_eq!(Days::parse("monday"), None);
        assert_eq!(Days::parse(""), None);
    }

    #[test]
    fn from_is_inside_and_to_is_outside() {
        let (hours, chicago) = (hours("9am-8pm", "mon-fri"), zones(&["America/Chicago"]));
        // 2026-03-06 is a Friday.
        assert!(!hours.is_open(at("2026-03-06T08:59:59-06:00"), &chicago));
        assert!(hours.is_open(at("2026-03-06T09:00:00-06:00"), &chicago));
        assert!(hours.is_open(at("2026-03-06T19:59:59-06:00"), &chicago));
        assert!(!hours.is_open(at("2026-03-06T20:00:00-06:00"), &chicago));
        // The clock changes over the week-end.
        assert_eq!(hours.next_open(at("2026-03-06T20:00:00-06:00"), &chicago), at("2026-03-09T09:00:00-05:00"));
        assert_eq!(hours.closes(at("2026-03-06T10:00:00-06:00"), &chicago), Some(at("2026-03-06T20:00:00-06:00")));
        assert_eq!(hours.closes(at("2026-03-07T10:00:00-06:00"), &chicago), Some(at("2026-03-07T10:00:00-06:00")));
    }

    #[test]
    fn windows_that_touch_at_midnight_are_one() {
        let (always, chicago) = (OpenHours::default(), zones(&["America/Chicago"]));
        let now = at("2026-03-06T23:00:00-06:00");
        assert!(always.is_open(now, &chicago) && always.closes(now, &chicago).is_none());
        assert_eq!(always.next_open(now, &chicago), now);
        let week = OpenHours { window: None, days: Days::parse("mon-fri").unwrap() };
        assert_eq!(week.closes(at("2026-03-04T10:00:00-06:00"), &chicago), Some(at("2026-03-07T00:00:00-06:00")));
        assert_eq!(hours("12am-12am", "mon-sun").closes(now, &chicago), None);
    }

    #[test]
    fn several_zones_are_open_when_all_are() {
        let hours = hours("9am-8pm", "mon-sun");
        let two = zones(&["America/New_York", "America/Chicago"]);
        assert!(!hours.is_open(at("2026-03-03T09:30:00-05:00"), &two));
        assert_eq!(hours.next_open(at("2026-03-03T09:30:00-05:00"), &two), at("2026-03-03T09:00:00-06:00"));
        assert_eq!(hours.closes(at("2026-03-03T12:00:00-06:00"), &two), Some(at("2026-03-03T20:00:00-05:00")));
        let apart = zones(&["Pacific/Honolulu", "Europe/London"]);
        assert_eq!(hours.next_open(at("2026-03-03T12:00:00Z"), &apart), at("2026-03-03T19:00:00Z"));
        let never = self::hours("9am-10am", "mon-sun");
        assert_eq!(never.next_open(at("2026-03-03T12:00:00Z"), &two), Timestamp::MAX);
    }

    #[test]
    fn narrowing_cuts_windows_and_days() {
        let cut = hours("9am-8pm", "mon-fri").narrow(&hours("8am-12am", "fri-sun"));
        assert_eq!((cut.window.unwrap().to_string().as_str(), cut.days), ("9am-8pm", Days::parse("fri").unwrap()));
        assert_eq!(hours("9am-8pm", "mon").narrow(&OpenHours::default()), hours("9am-8pm", "mon"));
        assert!(hours("9am-11am", "mon").narrow(&hours("11am-8pm", "mon")).is_empty());
        assert!(hours("9am-11am", "mon").narrow(&hours("9am-11am", "tue")).is_empty());
        let empty = hours("9am-11am", "mon").narrow(&hours("11am-8pm", "mon"));
        assert_eq!(empty.next_open(at("2026-03-03T12:00:00Z"), &zones(&["UTC"])), Timestamp::MAX);
        assert!(!empty.is_open(at("2026-03-03T12:00:00Z"), &zones(&["UTC"])));
    }

    #[test]
    fn a_missing_or_doubled_opening_hour() {
        let (early, chicago) = (hours("2:30am-5am", "mon-sun"), zones(&["America/Chicago"]));
        assert_eq!(early.next_open(at("2026-03-08T00:00:00-06:00"), &chicago), at("2026-03-08T03:30:00-05:00"));
        let doubled = hours("1:30am-5am", "mon-sun");
        assert_eq!(doubled.next_open(at("2026-11-01T00:00:00-05:00"), &chicago), at("2026-11-01T01:30:00-05:00"));
    }
}
