//! A planted fault of each kind is found. Where the language makes one impossible, the engine is broken on purpose.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use super::super::{Coverage, Outcome, Stage, play, read, write};
use super::{Explored, Kind, walk};
use crate::engine::replay::Engine;
use crate::engine::tests::workspace;
use crate::engine::{Person, Step, step};
use crate::model::{Event, Flight, Happening, MessageId, Time};
use crate::playbook::workspace::Workspace;
use crate::playbook::{PlanSet, Sources, compile};
use crate::text::OpenHours;

/// Asks, reminds, hands off, calls, waits: a bit of everything, and nothing wrong with it.
const FINE: &str = r#"
playbook: fine
message_class: marketing
triggers: [{event: lead.created}, {keyword: [OFFER]}]
anytime: [{match: {phrase: price}, say: "From $99."}]
exit: [{event: bought, end: bought}]
steps:
  - id: ask
    ask: "Acme Home: may we call you? Reply STOP to opt out."
    replies:
      - match: yes
        do: [{id: person, handoff: sales, timeout: 1d, on_timeout: {say: "Nobody is there.", end: missed}}]
      - match: {regex: "^later (\\d+)$"}
      - match: no
        end: declined
    remind: [{after: 2h, say: "Still there?"}]
    retry: {max: 1, say: "YES or NO?"}
    on_no_match: {end: unclear}
    timeout: 1d
    on_timeout: {end: silent}
    on_failed: {end: unreachable}
  - id: look
    http: GET https://crm.example/leads
    save: {free: body.free}
    on_error: {say: "We will text you.", end: down}
  - id: pause
    wait: 2d
  - id: paid
    wait_for: order.paid
    timeout: 1w
    on_timeout: {end: unpaid}
  - send: "Thanks, {{ contact.first_name }}!"
"#;

fn explored(yaml: &str, engine: Engine) -> (Explored, Coverage, Vec<Outcome>) {
    let sources = Sources { playbooks: vec![("it.yaml".to_owned(), yaml.to_owned())], templates: Default::default() };
    let compiled = compile(&sources, &Arc::new(workspace()), Time::default().timestamp());
    let plans = compiled.set.unwrap_or_else(|| panic!("{:#?}", compiled.faults));
    let no_file = |name: &str| Err(name.to_owned());
    let stage = Stage { plans: &plans, sources: &sources, file: &no_file, next_time: &|_, _, _| None };
    let name = plans.iter().next().unwrap().name.clone();
    let mut taken = Coverage::default();
    let explored = walk(&stage, &name, &[], &mut taken, engine);
    // What is reported can be pasted: it is read back and played.
    let pasted = explored.found.iter().map(|found| {
        let yaml = write(&found.way);
        let tests = read("pasted", &yaml).unwrap_or_else(|problems| panic!("{problems:#?}\n{yaml}"));
        play(&stage, tests.first().unwrap())
    });
    let pasted = pasted.collect();
    (explored, taken, pasted)
}

/// The kinds found, each with its words.
fn found(explored: &Explored) -> Vec<(Kind, &str)> {
    explored.found.iter().map(|found| (found.kind, found.what.as_str())).collect()
}

#[test]
fn a_fine_playbook_is_walked_to_its_end_and_everything_in_it_is_taken() {
    let (explored, taken, _) = explored(FINE, step);
    assert_eq!(found(&explored), Vec::new());
    assert!(explored.complete && explored.points > 50 && explored.crashes > 100, "{explored:?}");
    let sources = Sources { playbooks: vec![("it.yaml".to_owned(), FINE.to_owned())], templates: Default::default() };
    let plans = compile(&sources, &Arc::new(workspace()), Time::default().timestamp()).set.unwrap();
    assert_eq!(taken.of(plans.by_name("fine").unwrap()).1, Vec::new());
}

#[test]
fn the_same_walk_every_time() {
    let walks = [explored(FINE, unwatched).0, explored(FINE, unwatched).0];
    let [one, other] =
        walks.map(|walk| (walk.points, walk.moves, walk.crashes, walk.found.iter().map(|found| write(&found.way)).collect::<Vec<_>>()));
    assert_eq!(one, other);
}

#[test]
fn a_circle_that_never_ends() {
    let circle = "playbook: circle\nmessage_class: conversational\ntriggers: [{keyword: [GO]}]\nsteps:\n  \
                  - {id: again, wait_until: \"2026-01-01\", if_past: run}\n  - goto: again\n";
    let (explored, _, pasted) = explored(circle, step);
    assert_eq!(found(&explored), [(Kind::Endless, "it goes round in circles: 500 steps in a row without a text of the contact or a wait")]);
    assert_eq!(explored.found.first().unwrap().line, Some(6));
    assert_eq!(pasted.first().unwrap().failures.len(), 1);
}

#[test]
fn the_same_words_from_two_steps() {
    let twice = "playbook: twice\nmessage_class: conversational\ntriggers: [{keyword: [GO]}]\nsteps:\n  - id: ask\n    ask: \"Coming?\"\n    \
                 replies: [{match: yes, say: \"Thanks!\"}, {match: no}]\n    on_no_match: {end: unclear}\n    timeout: 1d\n    \
                 on_timeout: {end: silent}\n  - send: \"Thanks!\"\n";
    let (explored, _, pasted) = explored(twice, step);
    assert_eq!(found(&explored), [(Kind::Twice, "`Thanks!` went out twice, and nothing happened in between")]);
    let (_, why) = pasted.first().unwrap().failures.first().unwrap();
    assert_eq!(why, "the bot said `Thanks!`, which no line expects");
}

/// The workspace's rules are all loose.
fn loose(plans: &PlanSet, change: fn(&mut Workspace)) -> PlanSet {
    let mut workspace = (*plans.workspace).clone();
    change(&mut workspace);
    plans.clone().with_workspace(Arc::new(workspace))
}

/// Texts at any hour.
fn unwatched(plans: &PlanSet, person: Person, event: &Event, flight: &dyn Fn(&MessageId) -> Option<Flight>, now: Time) -> Step {
    let open = |ws: &mut Workspace| ws.classes.values_mut().for_each(|rules| rules.hours = OpenHours::default());
    step(&loose(plans, open), person, event, flight, now)
}

/// Marketing to whoever never agreed.
fn unasked(plans: &PlanSet, person: Person, event: &Event, flight: &dyn Fn(&MessageId) -> Option<Flight>, now: Time) -> Step {
    let all = |ws: &mut Workspace| ws.classes.values_mut().for_each(|rules| rules.needs_consent = false);
    step(&loose(plans, all), person, event, flight, now)
}

/// Clocks are lost.
fn forgetful(plans: &PlanSet, person: Person, event: &Event, flight: &dyn Fn(&MessageId) -> Option<Flight>, now: Time) -> Step {
    let mut done = step(plans, person, event, flight, now);
    done.person.state.clocks.clear();
    done
}

/// A text whose fate is unknown after a crash is made again.
fn careless(plans: &PlanSet, person: Person, event: &Event, flight: &dyn Fn(&MessageId) -> Option<Flight>, now: Time) -> Step {
    let texts = || person.state.live.iter().flat_map(|live| live.texts.iter().filter_map(|text| text.message.clone()));
    let unknown = texts().find(|message| flight(message) == Some(Flight::Unknown));
    let again = unknown.map(|message| Event::new(event.at, Happening::Expired { message }));
    step(plans, person, again.as_ref().unwrap_or(event), flight, now)
}

#[test]
fn a_text_beyond_its_hours() {
    let (explored, ..) = explored(FINE, unwatched);
    let all = found(&explored);
    assert!(!all.is_empty() && all.iter().all(|(kind, _)| *kind == Kind::Window), "{all:?}");
    assert!(all.iter().any(|(_, what)| what.contains("may we call you") && what.ends_with("beyond the hours of its class and playbook")), "{all:?}");
}

#[test]
fn marketing_without_consent() {
    let (explored, ..) = explored(FINE, unasked);
    let all = found(&explored);
    assert!(!all.is_empty() && all.iter().all(|(kind, _)| *kind == Kind::Consent), "{all:?}");
}

#[test]
fn a_talk_without_a_clock() {
    let (explored, ..) = explored(FINE, forgetful);
    let all = found(&explored);
    assert!(!all.is_empty() && all.iter().all(|(kind, _)| *kind == Kind::Endless), "{all:?}");
    assert_eq!(all.first().unwrap().1, "`fine` waits with no clock to wake it, at `ask`");
}

#[test]
fn a_text_sent_again_after_a_crash() {
    let (explored, ..) = explored(FINE, careless);
    let all = found(&explored);
    assert!(!all.is_empty() && all.iter().all(|(kind, _)| *kind == Kind::Twice), "{all:?}");
    assert!(all.iter().any(|(_, what)| what.ends_with("goes out twice when the process dies after a text")), "{all:?}");
}
