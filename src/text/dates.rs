//! Dates and times of day in a contact's text (language §7): `3/9`, `the 15th of April`, `next friday`, `9:30 pm`.
//!
//! A text is searched for the most exact form first: a full ISO date, then figures, then names of months, then days
//! counted from today, then weekdays. So `friday, march 6` is the sixth of March. What has the form of a date but names
//! no day (`31/02`) is none; guessing another day for an appointment would be worse than asking again.
//!
//! Today comes in by parameter, in the contact's zone: at eleven at night in Honolulu `tomorrow` is another day than in
//! New York. Dates without a year lie ahead, because playbooks ask about plans.

use std::sync::LazyLock;

use jiff::ToSpan;
use jiff::civil::{Date, Time, Weekday};
use regex::{Captures, Regex};

use super::languages::{DATE_WORDS, DateWords};
use super::words::{fold, words};

/// How many years ahead a date without a year may lie: 29 February comes again after at most eight.
const YEARS_AHEAD: i16 = 8;

/// Days and weeks further ahead than this are no plan (about ten years).
const MAX_DAYS_AHEAD: i64 = 3660;

/// Words for a day counted from today.
const RELATIVE_DAYS: [(&str, i64); 5] = [("today", 0), ("tonight", 0), ("tomorrow", 1), ("hoy", 0), ("mañana", 1)];

/// Words for a time of day.
const TIME_WORDS: [(&str, i8); 6] = [("noon", 12), ("midnight", 0), ("mediodía", 12), ("mediodia", 12), ("medianoche", 0), ("midday", 12)];

/// English short names of days beyond the three letters.
const MORE_DAYS: [(&str, usize); 4] = [("tues", 1), ("wednes", 2), ("thur", 3), ("thurs", 3)];

/// `2026-03-09`: the one form that means the same everywhere.
static ISO: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b").ok());
/// `3/9`, `3/9/26`; with points only together with a year, as `9.30` is a time.
static NUMERIC: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b(\d{1,2})(?:/(\d{1,2})(?:/(\d{4}|\d{2}))?|\.(\d{1,2})\.(\d{4}|\d{2}))\b").ok());
/// `9am`, `9:30 pm`, `9.30pm`, `9 p.m.`
static TWELVE_HOURS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b(\d{1,2})(?:[:.](\d{2}))?\s*([ap])\.?\s?m\b").ok());
/// `21:30`, `14h30`, `21h`; a bare number has neither sign and is no time.
static CLOCK: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b(\d{1,2})(?::(\d{2})|\s?h\s?(\d{2})?)\b").ok());

/// The date the text names. `month_first` is the habit of contacts with +1; the other order is taken where the first is
/// no date. Without a year it is the next such day, today included.
pub fn date(text: &str, today: Date, month_first: bool) -> Option<Date> {
    let folded: String = fold(text).collect();
    if let Some(found) = captures(&ISO, &folded) {
        return Date::new(group(&found, 1)?, group(&found, 2)?, group(&found, 3)?).ok();
    }
    if let Some(found) = captures(&NUMERIC, &folded) {
        let first: i8 = group(&found, 1)?;
        let second: i8 = group(&found, 2).or_else(|| group(&found, 4))?;
        let year = group(&found, 3).or_else(|| group(&found, 5));
        let (month, day) = if month_first { (first, second) } else { (second, first) };
        return on(today, year, month, day).or_else(|| on(today, year, day, month));
    }
    let words = words(text);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    named_month(&words, today).or_else(|| counted_ahead(&words, today)).or_else(|| weekday(&words, today))
}

/// The time of day the text names. A bare number is none.
pub fn time(text: &str) -> Option<Time> {
    let folded: String = fold(text).collect();
    if let Some(found) = captures(&TWELVE_HOURS, &folded) {
        let hour: i8 = group(&found, 1)?;
        if !(1..=12).contains(&hour) {
            return None;
        }
        let afternoon = if found.get(3).is_some_and(|half| half.as_str() == "p") { 12 } else { 0 };
        return Time::new(hour % 12 + afternoon, group(&found, 2).unwrap_or(0), 0, 0).ok();
    }
    if let Some(found) = captures(&CLOCK, &folded) {
        let minute = group(&found, 2).or_else(|| group(&found, 3)).unwrap_or(0);
        return Time::new(group(&found, 1)?, minute, 0, 0).ok();
    }
    let words = words(text);
    let (_, hour) = TIME_WORDS.iter().find(|(name, _)| words.iter().any(|word| word == name))?;
    Time::new(*hour, 0, 0, 0).ok()
}

/// `mar 9`, `9 march 2027`, `the 15th of April`, `9 de marzo`.
fn named_month(words: &[&str], today: Date) -> Option<Date> {
    let (at, month) = words.iter().enumerate().find_map(|(at, word)| {
        let month = month(word)?;
        // Only beside a day: `may` and `mar` are ordinary words too.
        let beside = words.get(at + 1).and_then(|w| day_of_month(w)).or_else(|| day_before(words, at));
        beside.map(|_| (at, month))
    })?;
    let (day, behind) = match words.get(at + 1).and_then(|word| day_of_month(word)) {
        Some(day) if day_before(words, at).is_none() => (day, at + 2),
        _ => (day_before(words, at)?, at + 1),
    };
    let year = words.get(behind..).unwrap_or_default().iter().find(|word| !is_joint(word)).and_then(|word| year(word));
    on(today, year, month, day)
}

/// The day in front of the month, over the `of` or `de` between them.
fn day_before(words: &[&str], at: usize) -> Option<i8> {
    let word = words.get(..at)?.iter().rev().find(|word| !is_joint(word))?;
    day_of_month(word)
}

/// Words that join a day to its month or year.
fn is_joint(word: &str) -> bool {
    matches!(word, "of" | "de" | "del")
}

/// `9`, `15th`, `1º`.
fn day_of_month(word: &str) -> Option<i8> {
    let digits = word.trim_end_matches(|c: char| c.is_alphabetic());
    let ending = &word[digits.len()..];
    if !matches!(ending, "" | "st" | "nd" | "rd" | "th" | "o" | "er") {
        return None;
    }
    digits.parse().ok().filter(|day| (1..=31).contains(day))
}

/// Four digits; `march 9 26` is left alone, as 26 may be anything.
fn year(word: &str) -> Option<i16> {
    (word.len() == 4).then(|| word.parse().ok()).flatten()
}

/// 1 to 12, from a month's full name in any of our languages or its short one.
fn month(word: &str) -> Option<i8> {
    let full = DATE_WORDS.iter().find_map(|row| DateWords::place(row.full_months, word));
    // Short names only in English and Spanish: Portuguese `set` and `out` are ordinary English words.
    let [english, spanish, ..] = &DATE_WORDS;
    let short = || [english, spanish].into_iter().find_map(|row| DateWords::place(row.months, word));
    let place = full.or_else(short);
    place.or_else(|| (word == "sept").then_some(8)).and_then(|place| i8::try_from(place + 1).ok())
}

/// `today`, `tomorrow`, `in 3 days`, `in 2 weeks`.
fn counted_ahead(words: &[&str], today: Date) -> Option<Date> {
    let relative = words.iter().find_map(|word| RELATIVE_DAYS.iter().find(|(name, _)| name == word));
    let days = relative.map(|(_, days)| *days).or_else(|| {
        words.windows(3).find_map(|row| match row {
            ["in", count, unit] => {
                let count: i64 = count.parse().ok()?;
                match *unit {
                    "day" | "days" => Some(count),
                    "week" | "weeks" => count.checked_mul(7),
                    _ => None,
                }
            }
            _ => None,
        })
    })?;
    (days <= MAX_DAYS_AHEAD).then(|| today.checked_add(days.days()).ok()).flatten()
}

/// The next such weekday after today, also for `next friday`.
fn weekday(words: &[&str], today: Date) -> Option<Date> {
    let place = words.iter().find_map(|word| {
        let full = DATE_WORDS.iter().find_map(|row| DateWords::place(row.full_days, word));
        let [english, ..] = &DATE_WORDS;
        let short = || DateWords::place(english.days, word);
        let more = || MORE_DAYS.iter().find(|(name, _)| name == word).map(|(_, place)| *place);
        full.or_else(short).or_else(more)
    })?;
    let day = Weekday::from_monday_zero_offset(i8::try_from(place).ok()?).ok()?;
    today.nth_weekday(1, day).ok()
}

/// The day in the year written (two digits are of this century), else the next time it comes.
fn on(today: Date, year: Option<i16>, month: i8, day: i8) -> Option<Date> {
    match year {
        Some(year) => Date::new(if year < 100 { 2000 + year } else { year }, month, day).ok(),
        None => (0..=YEARS_AHEAD).filter_map(|ahead| Date::new(today.year() + ahead, month, day).ok()).find(|date| *date >= today),
    }
}

/// The patterns are constants and compile; the `Option` only spares a panic nobody could explain.
fn captures<'t>(pattern: &LazyLock<Option<Regex>>, text: &'t str) -> Option<Captures<'t>> {
    pattern.as_ref()?.captures(text)
}

/// A group of a match as a number; none too if it was not matched.
fn group<T: std::str::FromStr>(found: &Captures<'_>, index: usize) -> Option<T> {
    found.get(index)?.as_str().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date as ymd, time as hms};

    /// A Tuesday.
    const TODAY: Date = ymd(2026, 3, 3);

    /// Reads for a contact with +1, and shows as ISO to keep the tables short.
    fn read(text: &str) -> Option<String> {
        date(text, TODAY, true).map(|date| date.to_string())
    }

    #[test]
    fn the_examples_of_the_language() {
        let table = [
            ("2026-03-09", "2026-03-09"),
            ("3/9", "2026-03-09"),
            ("3/9/26", "2026-03-09"),
            ("9.3.2026", "2026-09-03"),
            ("mar 9", "2026-03-09"),
            ("9 march 2027", "2027-03-09"),
            ("the 15th of April", "2026-04-15"),
            ("9 de marzo", "2026-03-09"),
            ("today", "2026-03-03"),
            ("tonight?", "2026-03-03"),
            ("Tomorrow works", "2026-03-04"),
            ("hoy", "2026-03-03"),
            ("Mañana", "2026-03-04"),
            ("in 3 days", "2026-03-06"),
            ("in 2 weeks", "2026-03-17"),
            ("friday", "2026-03-06"),
            ("next friday", "2026-03-06"),
            ("tues", "2026-03-10"),
            ("el lunes", "2026-03-09"),
            ("March 9, 2027", "2027-03-09"),
            ("9 de marzo de 2027", "2027-03-09"),
            ("3/3", "2026-03-03"),
            ("3/2", "2027-03-02"),
            ("feb 29", "2028-02-29"),
            ("12. Dezember", "2026-12-12"),
        ];
        for (text, day) in table {
            assert_eq!(read(text).as_deref(), Some(day), "{text}");
        }
        for text in ["31/02", "maybe", "may", "9", "2026-13-01", "9.30", "in 3 hours", ""] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn day_first_where_that_is_the_habit_and_the_other_order_where_it_is_no_date() {
        assert_eq!(date("3/9", TODAY, false), Some(ymd(2026, 9, 3)));
        assert_eq!(date("9.3.2026", TODAY, false), Some(ymd(2026, 3, 9)));
        assert_eq!(date("3/25", TODAY, false), Some(ymd(2026, 3, 25)));
        assert_eq!(date("25/3", TODAY, true), Some(ymd(2026, 3, 25)));
        assert_eq!(date("31/02", TODAY, false), None);
    }

    #[test]
    fn times_of_day() {
        let table = [
            ("9am", hms(9, 0, 0, 0)),
            ("9:30 pm", hms(21, 30, 0, 0)),
            ("9.30pm", hms(21, 30, 0, 0)),
            ("at 9 p.m.", hms(21, 0, 0, 0)),
            ("12am", hms(0, 0, 0, 0)),
            ("12 pm", hms(12, 0, 0, 0)),
            ("21:30", hms(21, 30, 0, 0)),
            ("14h30", hms(14, 30, 0, 0)),
            ("21h", hms(21, 0, 0, 0)),
            ("noon", hms(12, 0, 0, 0)),
            ("midnight", hms(0, 0, 0, 0)),
            ("mediodía", hms(12, 0, 0, 0)),
            ("medianoche", hms(0, 0, 0, 0)),
        ];
        for (text, expected) in table {
            assert_eq!(time(text), Some(expected), "{text}");
        }
        for text in ["9", "25:00", "13pm", "9:75", "2 hours", ""] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
