//! Random texts, events and times on the shipped playbooks: nothing panics, STOP silences, caps hold, nothing waits for ever.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::model::event::Answer;

const SHIPPED: [&str; 5] = [
    include_str!("../../../playbooks/activation.yaml"),
    include_str!("../../../playbooks/appointments.yaml"),
    include_str!("../../../playbooks/nurture.yaml"),
    include_str!("../../../playbooks/qualification.yaml"),
    include_str!("../../../playbooks/support.yaml"),
];

/// What contacts write: answers, keywords, nonsense.
const SAID: [&str; 16] =
    ["yes", "no", "1", "5", "about 8,500", "hm", "agent", "QUOTE", "how much?", "later", "not sure", "", "👍", "support", "help", "track"];
/// What programs tell.
const TOLD: [&str; 10] = [
    "lead.created",
    "order.placed",
    "order.shipped",
    "order.delivered",
    "order.cancelled",
    "appointment.booked",
    "appointment.cancelled",
    "meeting.booked",
    "lead.created",
    "unknown.event",
];

#[derive(Clone, Debug)]
enum Act {
    Says(usize),
    Stops,
    Starts,
    Told(usize, u8),
    Broadcast,
    Passes(u64),
    /// The first text or call on its way gets on: accepted, refused, posting, unknown, expired.
    Moves(u8),
    Agent(bool),
    Tagged(u8),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0..SAID.len()).prop_map(Act::Says),
        1 => Just(Act::Stops),
        1 => Just(Act::Starts),
        4 => (0..TOLD.len(), 0..3u8).prop_map(|(name, key)| Act::Told(name, key)),
        2 => Just(Act::Broadcast),
        5 => (0..400_000u64).prop_map(Act::Passes),
        10 => (0..10u8).prop_map(Act::Moves),
        2 => any::<bool>().prop_map(Act::Agent),
        1 => (0..3u8).prop_map(Act::Tagged),
    ]
}

/// Our own ideas of class marketing that Twilio took, with their times.
type Taken = Vec<Time>;

fn moves(bench: &mut Bench, how: u8, taken: &mut Taken) {
    let Some((outgoing, flight)) = bench.out.first().cloned() else { return };
    let message = outgoing.id.clone();
    match (&outgoing.payload, how) {
        (_, 0) => bench.out[0].1 = Flight::Posting,
        (_, 1) => bench.out[0].1 = Flight::Unknown,
        (Payload::Call(_), _) => {
            bench.out.remove(0);
            let answer = match how {
                2..5 => Answer::Failure { why: "refused".to_owned() },
                _ => Answer::Response { status: 200, headers: BTreeMap::new(), body: json!({"score": 80, "latest": {"id": 1, "status": "sent"}}) },
            };
            bench.happens(Happening::Answered { message, answer });
        }
        (_, 2) => {
            bench.out.remove(0);
            bench.happens(Happening::NotSent { message, code: Some(30006), why: "landline".to_owned() });
        }
        (_, 3) if flight == Flight::Waiting && outgoing.valid_until.is_some_and(|until| until <= bench.now) => {
            bench.out.remove(0);
            bench.happens(Happening::Expired { message });
        }
        _ => {
            bench.out.remove(0);
            if outgoing.class == Class::Marketing && outgoing.priority != Priority::Reply {
                taken.push(bench.now);
            }
            bench.happens(Happening::Sent { message, sid: None });
        }
    }
}

fn does(bench: &mut Bench, act: &Act, taken: &mut Taken) {
    match act {
        Act::Says(which) => drop(bench.wrote(SAID[*which])),
        Act::Stops => {
            bench.wrote("STOP");
            let left =
                bench.out.iter().filter(|(outgoing, flight)| !outgoing.to_opted_out && matches!(flight, Flight::Waiting | Flight::Held)).count();
            assert_eq!(left, 0, "STOP takes back all that can be taken back");
            assert!(bench.person.state.live.is_empty() && bench.person.state.line.is_none() && bench.person.state.clocks.is_empty());
        }
        Act::Starts => drop(bench.wrote("start")),
        Act::Told(name, key) => {
            let at = bench.now.plus(std::time::Duration::from_secs(100_000)).rfc3339();
            let data = json!({"order_id": key, "appointment_id": key, "total": 5, "starts_at": at, "staff": "Lee", "address": "x", "sms_consent": true, "tracking_url": "https://t.example"});
            bench.event(TOLD[*name], data);
        }
        Act::Broadcast => {
            let plan = bench.plans.by_name("activation").unwrap().hash.clone();
            bench.happens(Happening::Start { broadcast: "b".into(), plan, number: None, audience: None });
        }
        Act::Passes(seconds) => bench.passes(*seconds),
        Act::Moves(how) => moves(bench, *how, taken),
        Act::Agent(closes) => {
            let Some(handoff) = open_handoff(bench) else { return };
            let agent = "Sam".to_owned();
            bench.happens(match closes {
                true => Happening::AgentClosed { handoff, outcome: "done".to_owned(), agent },
                false => Happening::AgentText { handoff, text: "hi".to_owned(), agent },
            });
        }
        Act::Tagged(which) => drop(bench.happens(Happening::Tagged { tag: format!("t{which}") })),
    }
}

/// Whatever happened, the record is in order.
pub(super) fn in_order(bench: &Bench) {
    let state = &bench.person.state;
    for conversation in &state.live {
        let clocks = state.clocks.iter().filter(|clock| clock.conversation == conversation.id).count();
        let texts = !conversation.texts.is_empty();
        let resting = match &conversation.rest {
            Rest::Running => false,
            Rest::Call { .. } | Rest::Stopped => true,
            Rest::Line => clocks > 0 && state.line_queue.contains(&conversation.id),
            _ => clocks > 0 || texts,
        };
        assert!(resting, "nothing will ever wake {conversation:#?}");
    }
    if let Some(line) = &state.line {
        assert!(state.live.iter().any(|conversation| conversation.id == *line), "nobody is at the line");
    }
    assert!(state.line.is_some() || state.line_queue.is_empty(), "the line is free, and somebody waits for it");
    for clock in &state.clocks {
        assert!(state.live.iter().any(|conversation| conversation.id == clock.conversation), "a clock of nobody");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn storms_leave_everything_in_order(acts in prop::collection::vec(act(), 1..60)) {
        let mut bench = Bench::new(&SHIPPED, "2026-03-03 10:00");
        let mut taken = Taken::new();
        for act in &acts {
            does(&mut bench, act, &mut taken);
            in_order(&bench);
            if bench.person.contact.opted_out {
                let sendable = bench.out.iter().filter(|(outgoing, flight)| !outgoing.to_opted_out && *flight == Flight::Waiting).count();
                prop_assert_eq!(sendable, 0, "nothing goes to a contact that said STOP");
            }
        }
        // Four of class marketing a week, whatever happens: a place is held from the queue on, so acceptance may come late but never too often.
        let week = std::time::Duration::from_secs(7 * 24 * 3600);
        for (n, at) in taken.iter().enumerate() {
            let within = taken[..=n].iter().filter(|other| other.plus(week) > *at).count();
            prop_assert!(within <= 4, "{within} texts of class marketing in a week");
        }
    }
}
