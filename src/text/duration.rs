//! Lengths of time as playbooks write them (language §1): `90s`, `1h30m`, `2d`.
//!
//! Seconds, minutes and hours are exact. Days and weeks are calendar days in the contact's zone: the same wall-clock time,
//! 23 or 25 hours later when summer time begins or ends. So a length has two parts that never mix: `24h` is not `1d`.
//!
//! Only this one spelling is read. `1 hour` or `90` would be guessed right most of the time and wrong on the day it
//! matters; `check` shows the right spelling instead.

use std::fmt;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, ToSpan};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Ten years: longer waits are slips of the pen, and all arithmetic below it stays far from jiff's limits.
const MAX_DAYS: u32 = 3660;

/// The same ten years in seconds.
const MAX_SECONDS: u64 = MAX_DAYS as u64 * 86_400;

/// Units from long to short, in the order they may stand in.
const UNITS: [(char, Unit); 5] =
    [('w', Unit::Days(7)), ('d', Unit::Days(1)), ('h', Unit::Seconds(3600)), ('m', Unit::Seconds(60)), ('s', Unit::Seconds(1))];

/// What one of a unit is worth.
#[derive(Clone, Copy)]
enum Unit {
    Days(u32),
    Seconds(u64),
}

/// A length of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Length {
    /// Calendar days, from `d` and `w`.
    pub days: u32,
    /// Exact seconds, from `h`, `m` and `s`.
    pub seconds: u64,
}

impl Length {
    /// Reads a length that takes time: nothing, `0s` and `1 hour` are none.
    pub fn parse(text: &str) -> Option<Length> {
        Length::parse_or_zero(text).filter(|length| *length != Length::default())
    }

    /// Reads a length where `0s` makes sense too.
    pub fn parse_or_zero(text: &str) -> Option<Length> {
        let mut length = Length::default();
        let mut units = UNITS.iter();
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit())?;
            let (digits, behind) = rest.split_at(end);
            let name = behind.chars().next()?;
            // Each unit once, long before short: `30m1h` is a slip.
            let (_, unit) = units.find(|(unit, _)| *unit == name)?;
            match unit {
                Unit::Days(days) => length.days += digits.parse::<u32>().ok()?.checked_mul(*days).filter(|d| *d <= MAX_DAYS)?,
                Unit::Seconds(seconds) => {
                    length.seconds += digits.parse::<u64>().ok()?.checked_mul(*seconds).filter(|s| *s <= MAX_SECONDS)?;
                }
            }
            rest = &behind[name.len_utf8()..];
        }
        (!text.is_empty() && length.days <= MAX_DAYS && length.seconds <= MAX_SECONDS).then_some(length)
    }

    /// The moment this much later, days first. Beyond the calendar it is the calendar's end.
    pub fn after(self, from: Timestamp, zone: &TimeZone) -> Timestamp {
        self.moved(from, zone, self.calendar_days(), self.exact()).unwrap_or(Timestamp::MAX)
    }

    /// The moment this much earlier, days first.
    pub fn before(self, from: Timestamp, zone: &TimeZone) -> Timestamp {
        self.moved(from, zone, -self.calendar_days(), -self.exact()).unwrap_or(Timestamp::MIN)
    }

    /// Days by the calendar of the zone, then the exact part. A wall-clock time that the day lacks or has twice is
    /// taken as jiff's "compatible" rule has it, which is the language's.
    fn moved(self, from: Timestamp, zone: &TimeZone, days: Span, exact: SignedDuration) -> Option<Timestamp> {
        let on_the_day = if self.days == 0 { from } else { from.to_zoned_datetime(zone.clone()).checked_add(days).ok()?.timestamp() };
        on_the_day.checked_add(exact).ok()
    }

    /// Bounded again, since the fields are public and jiff panics beyond its own limits.
    fn calendar_days(self) -> Span {
        i64::from(self.days.min(MAX_DAYS)).days()
    }

    /// The part that no calendar changes.
    fn exact(self) -> SignedDuration {
        SignedDuration::from_secs(i64::try_from(self.seconds).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Length::default() {
            return f.write_str("0s");
        }
        let parts = [(u64::from(self.days), "d"), (self.seconds / 3600, "h"), (self.seconds % 3600 / 60, "m"), (self.seconds % 60, "s")];
        parts.iter().filter(|(count, _)| *count > 0).try_for_each(|(count, unit)| write!(f, "{count}{unit}"))
    }
}

impl Serialize for Length {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Length, D::Error> {
        let text = String::deserialize(deserializer)?;
        Length::parse_or_zero(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not a length of time; write a number and a unit, like `1h30m` or `2d`")))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn lengths_are_read_and_written() {
        let table = [
            ("90s", 0, 90, "1m30s"),
            ("15m", 0, 900, "15m"),
            ("4h", 0, 14_400, "4h"),
            ("24h", 0, 86_400, "24h"),
            ("2d", 2, 0, "2d"),
            ("1w", 7, 0, "7d"),
            ("1h30m", 0, 5_400, "1h30m"),
            ("1w2d3h", 9, 10_800, "9d3h"),
        ];
        for (text, days, seconds, written) in table {
            let length = Length::parse(text).unwrap();
            assert_eq!((length.days, length.seconds), (days, seconds), "{text}");
            assert_eq!(length.to_string(), written);
            assert_eq!(Length::parse(written), Some(length));
        }
    }

    #[test]
    fn nothing_else_is_a_length() {
        for text in ["", "0s", "1 hour", "1h 30m", "30m1h", "1h1h", "h", "15", "soonish", "-1h", "1.5h", "1H", "99999w", "5000000000h"] {
            assert_eq!(Length::parse(text), None, "{text}");
        }
        assert_eq!(Length::parse_or_zero("0s"), Some(Length::default()));
        assert_eq!(Length::parse_or_zero(""), None);
        assert_eq!(Length::default().to_string(), "0s");
    }

    #[test]
    fn days_keep_the_wall_clock_and_hours_do_not() {
        let zone = TimeZone::get("America/Chicago").unwrap();
        // Summer time began on 2026-03-08.
        let noon = at("2026-03-07T12:00:00-06:00");
        assert_eq!(Length::parse("1d").unwrap().after(noon, &zone), at("2026-03-08T12:00:00-05:00"));
        assert_eq!(Length::parse("24h").unwrap().after(noon, &zone), at("2026-03-08T13:00:00-05:00"));
        assert_eq!(Length::parse("1d").unwrap().before(at("2026-03-08T12:00:00-05:00"), &zone), noon);
        // 02:30 does not exist on that day: 03:30. On 2026-11-01 01:30 comes twice: the first.
        let half_past_two = at("2026-03-07T02:30:00-06:00");
        assert_eq!(Length::parse("1d").unwrap().after(half_past_two, &zone), at("2026-03-08T03:30:00-05:00"));
        let half_past_one = at("2026-10-31T01:30:00-05:00");
        assert_eq!(Length::parse("1d").unwrap().after(half_past_one, &zone), at("2026-11-01T01:30:00-05:00"));
    }

    #[test]
    fn json_keeps_the_text() {
        let length: Length = serde_json::from_str("\"1h30m\"").unwrap();
        assert_eq!(serde_json::to_string(&length).unwrap(), "\"1h30m\"");
        assert!(serde_json::from_str::<Length>("\"1 hour\"").is_err());
    }
}
