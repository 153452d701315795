//! Schedules of compiled playbooks, turn by turn.
#![allow(clippy::unwrap_used)]

use jiff::civil::Time as TimeOfDay;

use super::*;
use crate::model::Class;
use crate::playbook::plan::Source;
use crate::playbook::recompile;
use crate::playbook::workspace::{ClassRules, ReservedAnswers, Sync};
use crate::text::{Days, Template, Window};

const TUESDAYS: &str = r#"{cron: "0 10 * * 2", timezone: America/Chicago}"#;
const LOCAL_HOURS: &str = r#"{cron: "0 * * * *", timezone: contact}"#;
const LOCAL_MORNINGS: &str = r#"{cron: "0 10 * * *", timezone: contact, until: "2026-06-30 12:00"}"#;

/// A workspace in Chicago whose marketing may go out from 9am to 8pm.
pub(in crate::work) fn workspace() -> Workspace {
    let say = || Template::parse("Acme").unwrap();
    let window = Window { from: TimeOfDay::constant(9, 0, 0, 0), to: TimeOfDay::constant(20, 0, 0, 0) };
    let rules = |window| ClassRules {
        needs_consent: false,
        hours: OpenHours { window, days: Days::ALL },
        cap: None,
        first_needs_brand: false,
        first_needs_opt_out: false,
        resend_unknown: false,
    };
    Workspace {
        account_mps: 50.0,
        brand: "Acme".to_owned(),
        timezone: zone("America/Chicago"),
        timezone_name: "America/Chicago".to_owned(),
        language: "en".to_owned(),
        senders: Vec::new(),
        classes: [(Class::Marketing, rules(Some(window))), (Class::Transactional, rules(None))].into(),
        reserved: Default::default(),
        answers: ReservedAnswers { opt_out: say(), opt_in: say(), help: say() },
        queues: Default::default(),
        contact_fields: Default::default(),
        secrets: Default::default(),
        http_allow: Vec::new(),
        links: String::new(),
        prices: Default::default(),
        sync: Sync { inbound: true, outbound: true, channels: Vec::new(), messages: true, statuses: true, media: true },
    }
}

/// A playbook with these triggers.
fn plan(class: &str, triggers: &[&str]) -> Arc<Plan> {
    let triggers: String = triggers.iter().map(|trigger| format!("  - {trigger}\n")).collect();
    let yaml = format!("playbook: news\nmessage_class: {class}\ntriggers:\n{triggers}audience: {{list: buyers}}\nsteps:\n  - send: Hello\n");
    recompile(&Source { path: "news.yaml".to_owned(), yaml, ..Source::default() }).unwrap()
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn at(text: &str) -> Time {
    text.parse::<Timestamp>().unwrap().into()
}

/// The first turn of the first schedule, long before.
fn begun(plan: &Plan, now: &str) -> Tick {
    plan_tick(None, plan, 1, &workspace(), at(now)).unwrap()
}

/// Names of the broadcasts that a turn makes, and its next.
fn told(tick: &Tick) -> (Vec<&str>, Option<String>) {
    (tick.broadcasts.iter().map(|row| row.id.as_str()).collect(), tick.wake.map(Time::rfc3339))
}

/// A turn after another, as the store keeps what lies between them.
fn again(before: Tick, plan: &Plan, now: &str) -> Tick {
    let state = serde_json::from_slice(&serde_json::to_vec(&before.state).unwrap()).unwrap();
    plan_tick(Some(state), plan, 1, &workspace(), at(now)).unwrap()
}

#[test]
fn each_tick_makes_one_broadcast() {
    let plan = plan("marketing", &["event: bought", TUESDAYS]);
    let first = begun(&plan, "2026-03-03T15:59:00Z");
    assert_eq!(told(&first), (vec![], Some("2026-03-03T16:00:00Z".to_owned())));
    let early = again(first, &plan, "2026-03-03T15:59:59Z");
    assert_eq!(told(&early), (vec![], Some("2026-03-03T16:00:00Z".to_owned())), "never early");
    let tick = again(early, &plan, "2026-03-03T16:00:00.4Z");
    assert_eq!(told(&tick), (vec!["news.1.20260303T1600Z"], Some("2026-03-10T15:00:00Z".to_owned())), "the clocks change in between");
    let row = &tick.broadcasts[0];
    assert_eq!((row.at, row.per_zone, row.state), (at("2026-03-03T16:00:00Z"), false, BroadcastState::Scheduled));
    assert_eq!((row.playbook.as_str(), &row.version, row.audience.list.as_deref()), ("news", &plan.hash, Some("buyers")));
    assert_eq!(zone_start(row, &plan, &workspace(), &zone("Asia/Tokyo")), Some(row.at));
    assert_eq!(told(&again(tick, &plan, "2026-03-03T16:00:00.4Z")).0, Vec::<&str>::new(), "once");
}

#[test]
fn a_new_or_changed_schedule_begins_with_its_next_tick() {
    let before = begun(&plan("marketing", &[TUESDAYS]), "2026-03-03T16:00:01Z");
    assert_eq!(told(&before).0, Vec::<&str>::new());
    let earlier = plan("marketing", &[r#"{cron: "0 9 * * 2", timezone: America/Chicago}"#]);
    let changed = again(before, &earlier, "2026-03-10T14:30:00Z");
    assert_eq!(told(&changed), (vec![], Some("2026-03-17T14:00:00Z".to_owned())));
    assert_eq!(plan_tick(None, &earlier, 2, &workspace(), at("2026-03-10T14:30:00Z")), None);
    assert_eq!(plan_tick(None, &earlier, 0, &workspace(), at("2026-03-10T14:30:00Z")), None);
}

#[test]
fn the_latest_missed_tick_runs_while_its_window_is_open() {
    let daily = r#"{cron: "0 10 * * *", timezone: America/Chicago}"#;
    let night = r#"{cron: "0 3 * * *", timezone: America/Chicago}"#;
    // Down from 1 March, 18:00 in Chicago (UTC-6).
    let table = [
        ("marketing", daily, "2026-03-04T17:00:00Z", vec!["news.1.20260304T1600Z"], "an hour late"),
        ("marketing", daily, "2026-03-05T01:59:59Z", vec!["news.1.20260304T1600Z"], "just before 8pm"),
        ("marketing", daily, "2026-03-05T02:00:00Z", vec![], "8pm"),
        ("marketing", daily, "2026-03-05T15:30:00Z", vec![], "the next morning"),
        ("marketing", night, "2026-03-05T14:00:00Z", vec!["news.1.20260305T0900Z"], "its window has yet to open"),
        ("marketing", night, "2026-03-06T03:00:00Z", vec![], "its window opened and closed"),
        ("marketing", night, "2026-03-05T09:00:30Z", vec!["news.1.20260305T0900Z"], "not missed: it waits for the window"),
        ("transactional", daily, "2026-03-05T15:30:00Z", vec!["news.1.20260304T1600Z"], "no window"),
    ];
    for (class, trigger, now, broadcasts, why) in table {
        let plan = plan(class, &[trigger]);
        assert_eq!(told(&again(begun(&plan, "2026-03-02T00:00:00Z"), &plan, now)).0, broadcasts, "{why}");
    }
}

#[test]
fn an_at_comes_once() {
    let plan = plan("marketing", &[r#"{at: "2026-05-01 10:00", timezone: Europe/Berlin}"#]);
    let first = begun(&plan, "2026-04-30T00:00:00Z");
    assert_eq!(told(&first), (vec![], Some("2026-05-01T08:00:00Z".to_owned())));
    let tick = again(first, &plan, "2026-05-01T08:00:00Z");
    assert_eq!(told(&tick), (vec!["news.1.20260501T0800Z"], None));
    assert_eq!(told(&again(tick, &plan, "2026-05-01T09:00:00Z")), (vec![], None));
    assert_eq!(told(&begun(&plan, "2026-05-01T08:00:00Z")), (vec![], None), "begun too late");
}

#[test]
fn a_local_time_is_one_broadcast_that_goes_round_the_world() {
    let plan = plan("marketing", &[LOCAL_MORNINGS]);
    let first = begun(&plan, "2026-03-07T12:00:00Z");
    assert_eq!(told(&first), (vec![], Some("2026-03-07T20:00:00Z".to_owned())), "10:00 of 8 March at UTC+14");
    let tick = again(first, &plan, "2026-03-07T20:00:00Z");
    assert_eq!(told(&tick), (vec!["news.1.20260308T1000"], Some("2026-03-08T20:00:00Z".to_owned())));
    let start = |name| zone_start(&tick.broadcasts[0], &plan, &workspace(), &zone(name)).map(Time::rfc3339);
    assert_eq!(start("Pacific/Kiritimati").as_deref(), Some("2026-03-07T20:00:00Z"));
    assert_eq!(start("Europe/Berlin").as_deref(), Some("2026-03-08T09:00:00Z"));
    assert_eq!(start("America/Chicago").as_deref(), Some("2026-03-08T15:00:00Z"), "the clocks changed that night");
    assert_eq!(start("Etc/GMT+12").as_deref(), Some("2026-03-08T22:00:00Z"));
    let last = begun(&plan, "2026-06-29T19:00:00Z");
    assert_eq!(told(&last).1.as_deref(), Some("2026-06-29T20:00:00Z"));
    assert_eq!(told(&again(last, &plan, "2026-06-29T20:00:00Z")), (vec!["news.1.20260630T1000"], None), "no tick after `until`");
}

#[test]
fn after_downtime_each_zone_gets_what_it_still_can() {
    let plan = plan("marketing", &[LOCAL_HOURS]);
    // Down until 12:00 UTC of 5 March, when UTC+14 has 02:00 of the 6th.
    let tick = again(begun(&plan, "2026-03-01T00:30:00Z"), &plan, "2026-03-05T12:00:00Z");
    let ids = told(&tick).0;
    assert_eq!((ids.len(), ids[0], ids[25]), (26, "news.1.20260305T0100", "news.1.20260306T0200"), "all local times that some zone has yet to reach");
    let starts = |name: &str| -> Vec<String> {
        let started = tick.broadcasts.iter().filter_map(|row| Some((row, zone_start(row, &plan, &workspace(), &zone(name))?)));
        started.filter(|(_, start)| *start <= tick.state.done).map(|(row, _)| row.id.to_string()).collect()
    };
    assert_eq!(starts("Europe/Berlin"), ["news.1.20260305T1300"], "the latest, on time");
    assert_eq!(starts("Asia/Kolkata"), ["news.1.20260305T1700"], "the latest, half an hour late");
    assert_eq!(starts("Pacific/Auckland"), ["news.1.20260306T0100"], "at night it waits for the window");
    let later = plan_tick(Some(tick.state.clone()), &plan, 1, &workspace(), at("2026-03-05T12:30:00Z")).unwrap();
    assert_eq!(told(&later), (vec![], Some("2026-03-05T13:00:00Z".to_owned())));
}

#[test]
fn missed_local_mornings_are_too_late_where_the_window_has_closed() {
    let plan = plan("marketing", &[LOCAL_MORNINGS]);
    // The morning of 5 March began at 20:00 UTC of the 4th; the daemon is back when the last zone has 15:00, Berlin 04:00 of the 6th.
    let tick = again(begun(&plan, "2026-03-04T12:00:00Z"), &plan, "2026-03-06T03:00:00Z");
    assert_eq!(told(&tick).0, ["news.1.20260306T1000"], "the latest only: nobody has yet to reach the one before");
    let tick = again(begun(&plan, "2026-03-04T12:00:00Z"), &plan, "2026-03-05T19:00:00Z");
    assert_eq!(told(&tick).0, ["news.1.20260305T1000"]);
    let start = |name| zone_start(&tick.broadcasts[0], &plan, &workspace(), &zone(name)).map(Time::rfc3339);
    assert_eq!(start("Asia/Tokyo"), None, "04:00 of the next day");
    assert_eq!(start("Europe/London"), Some("2026-03-05T10:00:00Z".to_owned()), "19:00");
    assert_eq!(start("Europe/Berlin"), None, "20:00");
    assert_eq!(start("Pacific/Honolulu"), Some("2026-03-05T20:00:00Z".to_owned()), "still to come");
}

#[test]
fn a_local_time_that_falls_on_another_is_not_run_twice() {
    let plan = plan("transactional", &[r#"{cron: "30 2,3 * * *", timezone: contact}"#]);
    let first = begun(&plan, "2026-03-07T12:00:00Z");
    let tick = again(again(first, &plan, "2026-03-07T12:30:00Z"), &plan, "2026-03-07T13:30:00Z");
    let half_past_two = begun(&plan, "2026-03-07T12:00:00Z");
    let half_past_two = again(half_past_two, &plan, "2026-03-07T12:30:00Z");
    let start = |tick: &Tick, name| zone_start(&tick.broadcasts[0], &plan, &workspace(), &zone(name)).map(Time::rfc3339);
    assert_eq!((told(&half_past_two).0, told(&tick).0), (vec!["news.1.20260308T0230"], vec!["news.1.20260308T0330"]));
    assert_eq!(start(&half_past_two, "Europe/Berlin"), Some("2026-03-08T01:30:00Z".to_owned()));
    assert_eq!(start(&half_past_two, "America/Chicago"), None, "02:30 would be 03:30");
    assert_eq!(start(&tick, "America/Chicago"), Some("2026-03-08T08:30:00Z".to_owned()));
}

#[test]
fn many_ticks_come_in_bounded_turns() {
    let plan = plan("transactional", &[r#"{cron: "*/5 * * * *", timezone: contact}"#]);
    let mut tick = begun(&plan, "2026-03-01T00:00:00Z");
    let mut made = Vec::new();
    loop {
        tick = again(tick, &plan, "2026-03-05T12:00:00Z");
        made.extend(tick.broadcasts.iter().map(|row| row.at));
        assert!(tick.broadcasts.len() <= MAX_TICKS_A_TURN);
        if tick.wake > Some(at("2026-03-05T12:00:00Z")) {
            break;
        }
    }
    assert_eq!((made.len(), made.is_sorted()), (26 * 12, true));
    assert_eq!((made.first(), made.last()), (Some(&at("2026-03-04T10:05:00Z")), Some(&at("2026-03-05T12:00:00Z"))));
}

#[test]
fn a_moment_with_an_offset_is_the_same_for_everybody() {
    let plan = plan("marketing", &[r#"{at: "2026-05-01T10:00:00+02:00", timezone: contact}"#]);
    let tick = again(begun(&plan, "2026-04-30T00:00:00Z"), &plan, "2026-05-01T08:00:00Z");
    assert_eq!(told(&tick).0, ["news.1.20260501T0800Z"]);
    assert!(!tick.broadcasts[0].per_zone);
}

mod turns {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::store::Inbox;

    fn set(plan: Option<Arc<Plan>>) -> PlanSet {
        let plans: BTreeMap<String, Arc<Plan>> = plan.into_iter().map(|plan| (plan.name.clone(), plan)).collect();
        PlanSet::new(Arc::new(workspace()), plans, BTreeSet::new())
    }

    fn claimed(state: Option<Vec<u8>>) -> Claimed {
        Claimed {
            actor: Actor::Schedule("news/2".to_owned()),
            version: 4,
            lease: 9,
            attempts: 1,
            number: 1,
            contact: None,
            state,
            events: vec![(7, Inbox::Unreadable(Vec::new(), String::new()))],
            flight: Vec::new(),
        }
    }

    #[test]
    fn a_turn_is_one_commit() {
        let set = set(Some(plan("marketing", &[TUESDAYS, "event: bought", r#"{at: "2026-05-01 10:00", timezone: UTC}"#])));
        let names: Vec<_> = schedules_of(&set).into_iter().map(|(name, plan, number)| (name, plan.name.clone(), number)).collect();
        assert_eq!(names, [("news/1".to_owned(), "news".to_owned(), 1), ("news/2".to_owned(), "news".to_owned(), 2)]);
        let first = step(&set, &claimed(None), at("2026-04-01T00:00:00Z"));
        assert_eq!((first.version, first.lease, first.consumed.as_slice(), first.wake), (4, 9, &[7][..], Some(at("2026-05-01T10:00:00Z"))));
        let due = step(&set, &claimed(Some(first.state.clone())), at("2026-05-01T10:00:00Z"));
        assert_eq!((due.new_broadcasts.len(), due.wake), (1, None));
        let unread = step(&set, &claimed(Some(b"{".to_vec())), at("2026-05-01T10:00:00Z"));
        assert_eq!((unread.new_broadcasts.len(), unread.wake), (0, None));
    }

    #[test]
    fn a_schedule_that_is_gone_is_forgotten() {
        let with = set(Some(plan("marketing", &[TUESDAYS, TUESDAYS])));
        let first = step(&with, &claimed(None), at("2026-03-03T15:00:00Z"));
        let gone = step(&set(None), &claimed(Some(first.state)), at("2026-03-03T16:00:00Z"));
        assert_eq!((gone.consumed.as_slice(), gone.state.as_slice(), gone.wake), (&[7][..], &[][..], None));
        let back = step(&with, &claimed(Some(gone.state)), at("2026-03-03T17:00:00Z"));
        assert_eq!((back.new_broadcasts.len(), back.wake), (0, Some(at("2026-03-10T15:00:00Z"))));
    }
}
