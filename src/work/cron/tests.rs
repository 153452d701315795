//! Lines by table, and every change of clocks from 2020 to 2037 against a clock that is walked minute by minute.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::civil::Weekday;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

/// The first few moments after one, as local times with offset.
fn first(line: &str, zone_name: &str, after: &str, count: usize) -> Vec<String> {
    let (line, zone) = (Line::parse(line).unwrap(), zone(zone_name));
    let next = |after: &Timestamp| line.next(*after, &zone);
    let shown = |at: Timestamp| format!("{} {}", zone.to_datetime(at).strftime("%a %F %H:%M"), zone.to_offset(at));
    std::iter::successors(next(&at(after)), next).take(count).map(shown).collect()
}

#[test]
fn fields_are_read_as_unix_reads_them() {
    // 2026-03-01 is a Sunday.
    let table = [
        ("0 10 * * 2", "Tue 2026-03-03 10:00 +00"),
        ("0 10 * * 1", "Mon 2026-03-02 10:00 +00"),
        ("0 10 * * 0", "Sun 2026-03-08 10:00 +00"),
        ("0 10 * * 7", "Sun 2026-03-08 10:00 +00"),
        ("0 10 * * 6-7", "Sat 2026-03-07 10:00 +00"),
        ("0 10 * * MON-5", "Mon 2026-03-02 10:00 +00"),
        ("0 10 * * sat/1", "Sat 2026-03-07 10:00 +00"),
        ("*/60 */24 * * *", "Mon 2026-03-02 00:00 +00"),
        ("50/5 23 * * *", "Sun 2026-03-01 23:50 +00"),
        ("  0   0  1 jul-9  * ", "Wed 2026-07-01 00:00 +00"),
        // Both day fields restricted: either one; one that begins with `*` is not restricted.
        ("0 0 13 * fri", "Fri 2026-03-06 00:00 +00"),
        ("0 0 3 * fri", "Tue 2026-03-03 00:00 +00"),
        ("0 0 */2 * sat", "Sat 2026-03-07 00:00 +00"),
        ("0 0 31 2 mon", "Mon 2027-02-01 00:00 +00"),
        ("0 0 29 2 *", "Tue 2028-02-29 00:00 +00"),
        ("0 0 29 2 */7", "Sun 2032-02-29 00:00 +00"),
    ];
    for (line, expected) in table {
        assert_eq!(first(line, "UTC", "2026-03-01T12:00:00Z", 1), [expected], "{line}");
    }
    for line in ["", "* * * *", "0 * * * * *", "60 * * * *", "0 0 0 * *", "0 0 * * 8", "0 0 * * tues", "*/0 * * * *", "@daily", "0 0 * * 5-1"] {
        assert!(Line::parse(line).is_none(), "{line}");
    }
    let never = Line::parse("0 0 30 2 *").unwrap();
    assert_eq!((never.next(at("2026-03-01T12:00:00Z"), &TimeZone::UTC), never.last(at("2026-03-01T12:00:00Z"), &TimeZone::UTC)), (None, None));
}

#[test]
fn a_change_of_clocks_neither_skips_nor_doubles() {
    let new_york = |line, after, count| first(line, "America/New_York", after, count);
    assert_eq!(
        new_york("30 2 * * *", "2026-03-07T12:00:00Z", 2),
        ["Sun 2026-03-08 03:30 -04", "Mon 2026-03-09 02:30 -04"],
        "the time that does not exist"
    );
    assert_eq!(
        new_york("30 1 * * *", "2026-10-31T12:00:00Z", 2),
        ["Sun 2026-11-01 01:30 -04", "Mon 2026-11-02 01:30 -05"],
        "the time that comes twice"
    );
    assert_eq!(
        new_york("*/30 1-3 * * *", "2026-03-08T06:30:00Z", 3),
        ["Sun 2026-03-08 03:00 -04", "Sun 2026-03-08 03:30 -04", "Mon 2026-03-09 01:00 -04"],
        "02:00 and 02:30 fall together with 03:00 and 03:30"
    );
    assert_eq!(
        new_york("0,30 1-2 * * *", "2026-11-01T04:59:00Z", 4),
        ["Sun 2026-11-01 01:00 -04", "Sun 2026-11-01 01:30 -04", "Sun 2026-11-01 02:00 -05", "Sun 2026-11-01 02:30 -05"],
        "in order"
    );
    assert_eq!(
        first("45 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00Z", 1),
        ["Sun 2026-10-04 02:45 +11"],
        "half an hour is skipped, from 02:00"
    );
    // Samoa had no 30 December 2011.
    assert_eq!(
        first("0 10,22 * * *", "Pacific/Apia", "2011-12-30T08:00:00Z", 3),
        ["Sat 2011-12-31 10:00 +14", "Sat 2011-12-31 22:00 +14", "Sun 2012-01-01 10:00 +14"]
    );
}

/// A line, and the same in other words: by what one reads off a clock.
type Case = (&'static str, fn(DateTime) -> bool);

const CASES: [Case; 10] = [
    ("30 2 * * *", |t| (t.hour(), t.minute()) == (2, 30)),
    ("30 1 * * *", |t| (t.hour(), t.minute()) == (1, 30)),
    ("0 0 * * *", |t| (t.hour(), t.minute()) == (0, 0)),
    ("15 0 * * 0", |t| (t.hour(), t.minute()) == (0, 15) && t.weekday() == Weekday::Sunday),
    ("*/20 0-4 * * *", |t| t.hour() <= 4 && t.minute() % 20 == 0),
    ("45 * * * *", |t| t.minute() == 45),
    ("5,59 23,0-3 * * sat,sun", |t| {
        (t.hour() == 23 || t.hour() <= 3) && [5, 59].contains(&t.minute()) && [Weekday::Saturday, Weekday::Sunday].contains(&t.weekday())
    }),
    ("0 3 25-31 * sun", |t| (t.hour(), t.minute()) == (3, 0) && (t.day() >= 25 || t.weekday() == Weekday::Sunday)),
    ("10 1-3/2 * 3,10,mar,11 *", |t| [1, 3].contains(&t.hour()) && t.minute() == 10 && [3, 10, 11].contains(&t.month())),
    ("0 9 1 1 *", |t| (t.month(), t.day(), t.hour(), t.minute()) == (1, 1, 9, 0)),
];

/// Gaps at midnight and at two o'clock, of half an hour and of two hours; a change once a year or several times; and none.
const ZONES: [&str; 14] = [
    "America/New_York",
    "America/Los_Angeles",
    "America/St_Johns",
    "America/Havana",
    "America/Santiago",
    "America/Nuuk",
    "Europe/Berlin",
    "Europe/London",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Antarctica/Troll",
];

/// Walks a clock on the wall minute by minute and notes when each case comes round: what the clock jumps over comes as late as the old
/// clock would have shown it, what it shows a second time does not count.
fn walked(zone: &TimeZone, from: Timestamp, to: Timestamp) -> Vec<BTreeSet<Timestamp>> {
    let minute = SignedDuration::from_mins(1);
    let mut ticks = vec![BTreeSet::new(); CASES.len()];
    let mut newest = zone.to_datetime(from - minute);
    let mut moment = from;
    while moment < to {
        let shown = zone.to_datetime(moment);
        let mut late = SignedDuration::ZERO;
        while newest < shown {
            newest += minute;
            for (ticks, (_, comes)) in ticks.iter_mut().zip(CASES) {
                if comes(newest) {
                    ticks.insert(if newest < shown { moment + late } else { moment });
                }
            }
            late += minute;
        }
        moment += minute;
    }
    for ticks in &mut ticks {
        ticks.retain(|at| *at < to);
    }
    ticks
}

#[test]
fn every_change_of_clocks_until_2037() {
    let lines: Vec<Line> = CASES.iter().map(|(line, _)| Line::parse(line).unwrap()).collect();
    let mut changes = 0;
    for name in ZONES {
        let zone = zone(name);
        let (begin, end) = (at("2020-01-01T00:00:00Z"), at("2038-01-01T00:00:00Z"));
        for change in zone.following(begin).take_while(|change| change.timestamp() < end) {
            changes += 1;
            // From far enough before that no earlier change reaches in.
            let (from, to) = (change.timestamp() - SignedDuration::from_hours(30), change.timestamp() + SignedDuration::from_hours(30));
            for ((line, expected), (written, _)) in lines.iter().zip(walked(&zone, from, to)).zip(CASES) {
                let next = |after: &Timestamp| line.next(*after, &zone).filter(|at| *at < to);
                let found: Vec<Timestamp> = std::iter::successors(next(&(from - SignedDuration::from_secs(1))), next).collect();
                assert!(found.iter().eq(&expected), "{written} in {name} around {}: {found:?} instead of {expected:?}", change.timestamp());
                for pair in found.windows(2) {
                    let [before, at] = pair else { continue };
                    assert_eq!(line.last(*at, &zone), Some(*at), "{written} in {name}");
                    assert_eq!(line.last(*at - SignedDuration::from_secs(1), &zone), Some(*before), "{written} in {name}");
                }
            }
        }
    }
    assert!(changes > 400, "only {changes} changes were looked at");
}
