//! Cron lines as playbooks write them, and when they come round in a zone. The only file that knows the crate `cron`.
//!
//! The crate reads fields and knows days; four of its habits are mended here:
//! - it wants seconds: every line gets `0` in front;
//! - it counts days of the week from 1 = Sunday, Unix from 0 (and 7): every field is written out before the crate sees it, days by
//!   name. So steps longer than a field (`*/60`) and ranges that mix names and numbers are read as well;
//! - it wants both day fields to match; in Vixie cron either one suffices when both are restricted, and one that begins with `*` is not;
//! - over a change of clocks it skips, doubles and misorders. Here a line only gives local times, and each is placed in the zone: one
//!   that does not exist at the same distance after midnight of the old offset, one that exists twice at its first. What then falls
//!   together runs once, and the earliest is looked for in UTC.

use cron::{Schedule, TimeUnitSpec};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// How far to look for a day: a 29 February on a given weekday comes within 40 years, also over a 2100 without one.
const DAYS_AHEAD: i32 = 40 * 366;

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/// 0 and 7 are both Sunday.
const DAYS: [&str; 8] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A cron line that was read.
#[derive(Debug)]
pub struct Line {
    /// Its times of day, rising.
    times: Vec<Time>,
    /// Its days: those of either schedule. Two where both day fields are restricted.
    days: Vec<Schedule>,
}

impl Line {
    /// Reads five fields; none if they are no cron line, which `bridged check` has told in better words.
    pub fn parse(line: &str) -> Option<Line> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else { return None };
        let minutes = written_out(minute, 0, 59, &[])?;
        let hours = written_out(hour, 0, 23, &[])?;
        let days = written_out(day, 1, 31, &[])?;
        let months = written_out(month, 1, 12, &MONTHS)?;
        let weekdays = written_out(weekday, 0, 7, &DAYS)?;
        let either: &[(&str, &str)] =
            if day.starts_with('*') || weekday.starts_with('*') { &[(&days, &weekdays)] } else { &[(&days, "*"), ("*", &weekdays)] };
        let read = |(days, weekdays): &(&str, &str)| format!("0 {minutes} {hours} {days} {months} {weekdays}").parse().ok();
        let days = either.iter().map(read).collect::<Option<Vec<Schedule>>>()?;
        Some(Line { times: times(days.first()?), days })
    }

    /// The first moment after `after` at which it comes round in the zone.
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let today = zone.to_datetime(after).date();
        let first = |date: Date| self.on(date, zone).filter(|at| *at > after).min();
        // From yesterday, whose times a gap may have moved into today; and the day after the one found, in case the gap moved those of
        // that one past its own.
        let date = (-1..DAYS_AHEAD).filter_map(|ahead| today.checked_add(ahead.days()).ok()).find(|date| first(*date).is_some())?;
        first(date).into_iter().chain(date.tomorrow().ok().and_then(first)).min()
    }

    /// The last moment up to `until` at which it came round in the zone.
    pub fn last(&self, until: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let today = zone.to_datetime(until).date();
        let last = |date: Date| self.on(date, zone).filter(|at| *at <= until).max();
        // From tomorrow: where midnight comes twice, the first time is tomorrow already.
        let date = (-1..DAYS_AHEAD).filter_map(|ago| today.checked_sub(ago.days()).ok()).find(|date| last(*date).is_some())?;
        last(date).into_iter().chain(date.yesterday().ok().and_then(last)).max()
    }

    /// Whether it names this local time, in whatever zone.
    pub fn names(&self, local: DateTime) -> bool {
        self.names_day(local.date()) && self.times.contains(&local.time())
    }

    fn names_day(&self, date: Date) -> bool {
        let (month, day, weekday) = (date.month(), date.day(), date.weekday().to_sunday_one_offset());
        let has = |field: &dyn Fn(u32) -> bool, value: i8| u32::try_from(value).is_ok_and(field);
        self.days.iter().any(|schedule| {
            has(&|value| schedule.months().includes(value), month)
                && has(&|value| schedule.days_of_month().includes(value), day)
                && has(&|value| schedule.days_of_week().includes(value), weekday)
        })
    }

    /// Its moments of a local date.
    fn on(&self, date: Date, zone: &TimeZone) -> impl Iterator<Item = Timestamp> {
        let times: &[Time] = if self.names_day(date) { &self.times } else { &[] };
        times.iter().filter_map(move |time| zone.to_ambiguous_timestamp(date.to_datetime(*time)).compatible().ok())
    }
}

/// The times of day of a schedule.
fn times(schedule: &Schedule) -> Vec<Time> {
    let minutes = |hour| schedule.minutes().iter().map(move |minute| (hour, minute));
    let time = |(hour, minute)| Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0).ok();
    schedule.hours().iter().flat_map(minutes).filter_map(time).collect()
}

/// A field as a list of single values (`1-5/2` → `1,3,5`), in names where it has them.
fn written_out(field: &str, min: usize, max: usize, names: &[&str]) -> Option<String> {
    let first_name = max + 1 - names.len();
    let value = |word: &str| {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(word)).map(|place| place + first_name);
        named.or_else(|| word.parse().ok()).filter(|value| (min..=max).contains(value))
    };
    let mut values = Vec::new();
    for part in field.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let (from, to) = match (range.split_once('-'), step) {
            _ if range == "*" => (min, max),
            (Some((from, to)), _) => (value(from)?, value(to)?),
            // `5/10` counts on from 5.
            (None, Some(_)) => (value(range)?, max),
            (None, None) => (value(range)?, value(range)?),
        };
        let step = step.map_or(Some(1), |step| step.parse().ok().filter(|step| *step > 0))?;
        values.extend((from..=to).step_by(step));
    }
    let word =
        |value: &usize| value.checked_sub(first_name).and_then(|place| names.get(place)).map_or_else(|| value.to_string(), |name| (*name).to_owned());
    (!values.is_empty()).then(|| values.iter().map(word).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests;
