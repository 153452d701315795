//! Moments as playbooks, events and settings write them (language §1): with an offset, in the contact's zone, or a bare date.
//!
//! The two readings must not be mixed up: an event that says `2026-03-05 15:00` means the contact's wall clock, one that
//! says `2026-03-05T15:00:00Z` means an instant. Anything looser (`5 March`, `3pm`) is refused rather than guessed,
//! because the text would then go out at the wrong time to everybody at once.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Reads RFC 3339 with offset, `2026-03-05 15:00` in `zone`, or a bare date (its 00:00 in `zone`).
///
/// A local time that doesn't exist is taken at the same distance after midnight of the old offset; of one that comes
/// twice the first is meant.
pub fn parse_when(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let text = text.trim();
    // Guards against jiff's wider reading: years of six digits, dates without dashes.
    if text.as_bytes().get(4) != Some(&b'-') {
        return None;
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let local = match text.len() {
        DATE_LENGTH => text.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight()),
        _ if !text.contains(['Z', 'z', '+', '[']) => text.parse::<DateTime>().ok()?,
        _ => return None,
    };
    zone.to_ambiguous_timestamp(local).compatible().ok()
}

/// Characters of `2026-03-05`.
const DATE_LENGTH: usize = 10;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn with_offset_in_the_zone_and_bare_dates() {
        let zone = TimeZone::get("America/Chicago").unwrap();
        let table = [
            ("2026-03-05T15:00:00-05:00", "2026-03-05T20:00:00Z"),
            ("2026-03-05T15:00:00Z", "2026-03-05T15:00:00Z"),
            ("2026-03-05T15:00:00.250Z", "2026-03-05T15:00:00.25Z"),
            ("2026-03-05 15:00", "2026-03-05T21:00:00Z"),
            ("2026-03-05 15:00:30", "2026-03-05T21:00:30Z"),
            ("2026-03-05T15:00", "2026-03-05T21:00:00Z"),
            ("2026-03-05", "2026-03-05T06:00:00Z"),
            ("2026-03-08 02:30", "2026-03-08T08:30:00Z"),
            ("2026-11-01 01:30", "2026-11-01T06:30:00Z"),
        ];
        for (text, moment) in table {
            assert_eq!(parse_when(text, &zone).map(|at| at.to_string()).as_deref(), Some(moment), "{text}");
        }
        for text in ["", "soon", "15:00", "2026-13-05", "2026-03-05 25:00", "20260305", "2026-03-05 3pm", "2026-03"] {
            assert_eq!(parse_when(text, &zone), None, "{text}");
        }
    }
}
