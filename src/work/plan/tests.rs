//! Pace, limit and price of broadcasts foreseen.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::model::{Address, Audience, Phone, SenderType};
use crate::playbook::prices::Price;
use crate::playbook::{Sender, Sources, Workspace, compile, compile_audience};
use crate::work::schedules::tests::workspace;

/// Foresees a broadcast to so many contacts from ten in the morning, with more lines in the playbook and other settings.
fn foreseen(contacts: u64, lines: &str, limit: Option<u64>, change: impl FnOnce(&mut Workspace)) -> Outlook {
    let mut ws = workspace();
    let numbers = vec![Address("+15005550006".to_owned())];
    ws.senders = vec![Sender { name: "main".to_owned(), kind: SenderType::LongCode, numbers, service: None, mps: 1.0 }];
    change(&mut ws);
    let yaml = format!("playbook: news\nmessage_class: transactional\n{lines}steps:\n  - send: News\n");
    let sources = Sources { playbooks: vec![("news.yaml".to_owned(), yaml)], templates: BTreeMap::new() };
    let compiled = compile(&sources, &Arc::new(ws), Timestamp::UNIX_EPOCH);
    let plans = compiled.set.unwrap_or_else(|| panic!("{:#?}", compiled.faults));
    let plan = plans.by_name("news").unwrap().clone();
    let audience = compile_audience(&Audience { limit, ..Audience::default() }).unwrap();
    let at: Time = "2026-03-03T16:00:00Z".parse::<Timestamp>().unwrap().into();
    let view = Viewpoint { plans: Arc::new(plans), plan, audience: Arc::new(audience), at };
    let people = |numbers: std::ops::Range<u64>| {
        let contact = move |number| Person { contact: Contact::new(Phone(format!("+1512555{number:04}")), at), state: State::default() };
        view.look(numbers.map(contact))
    };
    let middle = contacts / 2;
    view.sum([people(0..middle), people(middle..contacts)])
}

/// A pool of so many numbers.
fn pool(numbers: usize) -> impl FnOnce(&mut Workspace) {
    move |ws| {
        let sender = ws.senders.first_mut().unwrap();
        sender.numbers = (0..numbers).map(|number| Address(format!("+1500555{number:04}"))).collect();
    }
}

fn ends(outlook: &Outlook) -> &str {
    outlook.finishes_at.as_deref().unwrap()
}

#[test]
fn long_codes_share_the_speed_of_the_account() {
    let slower = foreseen(200, "", None, |ws| {
        pool(20)(ws);
        ws.account_mps = 5.0;
    });
    assert_eq!((slower.sending_seconds, ends(&slower)), (40.0, "2026-03-03T16:00:40Z"));
    assert_eq!(ends(&foreseen(200, "", None, pool(20))), "2026-03-03T16:00:10Z");
    // Other kinds of number have a speed of their own.
    let free = foreseen(200, "", None, |ws| {
        pool(20)(ws);
        ws.account_mps = 5.0;
        ws.senders.first_mut().unwrap().kind = SenderType::TollFree;
    });
    assert_eq!(ends(&free), "2026-03-03T16:00:10Z");
}

#[test]
fn a_pace_of_its_own_and_a_spread_one() {
    let rated = foreseen(120, "audience: {list: a}\nmax_rate: 30/m\n", None, pool(20));
    assert_eq!((rated.contacts_a_second, ends(&rated)), (0.5, "2026-03-03T16:04:00Z"));
    let spread = foreseen(120, "audience: {list: a}\nspread_over: 2h\n", None, pool(20));
    assert_eq!((spread.sending_seconds, ends(&spread)), (7_200.0, "2026-03-03T18:00:00Z"));
    // What the spread can't hold goes at the senders' own speed.
    assert_eq!(ends(&foreseen(120, "audience: {list: a}\nspread_over: 1m\n", None, pool(1))), "2026-03-03T16:02:00Z");
    // Ten hours from ten o'clock, and the window closes at noon: the rest leaves in the morning as fast as may be.
    let closing = foreseen(100, "audience: {list: a}\nspread_over: 10h\nsend_window: 9am-12pm\n", None, pool(1));
    assert_eq!(ends(&closing), "2026-03-04T15:01:20Z");
}

#[test]
fn the_first_so_many_and_no_more() {
    let outlook = foreseen(100, "", Some(60), pool(1));
    assert_eq!((outlook.recipients, outlook.texts, outlook.skipped.get("limit").copied()), (60, 60, Some(40)));
    assert_eq!((outlook.members(), ends(&outlook)), (100, "2026-03-03T16:01:00Z"));
}

#[test]
fn more_than_a_day_takes() {
    assert_eq!(foreseen(100, "", None, pool(1)).slow, None);
    let slow = foreseen(100, "audience: {list: a}\nmax_rate: 5/h\nsend_window: 9am-5pm\n", None, pool(1));
    assert_eq!(slow.slow.as_deref(), Some("100 contacts at 0.1 a minute take 20 hours, the window has 8"));
}

#[test]
fn what_may_cost_more_than_allowed() {
    let priced = |price: Price| {
        move |ws: &mut Workspace| {
            ws.prices.currency = "USD".to_owned();
            ws.prices.per_segment.insert("+1".to_owned(), [(SenderType::LongCode, price)].into());
        }
    };
    let outlook = foreseen(100, "", None, priced(Price { low: 0.01, high: 0.02 }));
    assert_eq!(outlook.too_dear(2.5), None);
    let why = outlook.too_dear(1.5).unwrap();
    assert!(why.starts_with("`news` would cost 1.00 to 2.00 USD for 100 texts, and `max_cost` allows 1.50; narrow the audience"), "{why}");
    let why = foreseen(100, "", None, |_| {}).too_dear(1.5).unwrap();
    assert!(why.starts_with("100 segments of `news` have no price in `prices.per_segment`"), "{why}");
}
