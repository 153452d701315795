//! A person takes over at an open question and gives it back.

use super::*;
use serde_json::json;

const TALK: &str = "playbook: talk\nmessage_class: conversational\ntriggers: [{event: talk.go}]\nsteps:\n  - id: q\n    ask: \"ready?\"\n    replies: [{match: yes, say: \"fine\", end: ready}]\n    on_no_match: {end: unclear}\n    remind: [{after: 30m, say: \"still there?\"}]\n    timeout: 1h\n    on_timeout: {end: slow}\n";

/// Ten minutes after the question, a person takes over.
fn taken() -> (Bench, HandoffId) {
    let mut bench = Bench::new(&[TALK], "2026-03-03 10:00");
    bench.event("talk.go", json!({}));
    bench.sent("ready?");
    bench.passes(600);
    let conversation = bench.person.state.live[0].id.clone();
    let effects = bench.happens(Happening::TakenOver { conversation, agent: "ana".to_owned() });
    assert_eq!(effects.handoffs.len(), 1);
    let handoff = open_handoff(&bench).unwrap();
    (bench, handoff)
}

#[test]
fn the_bot_is_silent_and_then_goes_on_with_the_same_question() {
    let (mut bench, handoff) = taken();
    bench.wrote("yes");
    bench.passes(3 * 3600);
    assert!(bench.out.is_empty(), "neither an answer nor a reminder");
    bench.happens(Happening::AgentText { handoff: handoff.clone(), text: "a person here".to_owned(), agent: "ana".to_owned() });
    bench.sent("a person here");
    bench.happens(Happening::AgentClosed { handoff, outcome: "closed".to_owned(), agent: "ana".to_owned() });
    assert!(open_handoff(&bench).is_none());
    // Twenty of the thirty minutes to the reminder are left.
    bench.passes(19 * 60);
    assert!(bench.out.is_empty());
    bench.passes(2 * 60);
    bench.sent("still there?");
    bench.wrote("yes");
    bench.sent("fine");
    assert_eq!(bench.outcome(), Some("ready"));
}

#[test]
fn a_person_who_went_away_is_not_waited_for() {
    let (mut bench, _) = taken();
    bench.passes(24 * 3600);
    assert!(open_handoff(&bench).is_none());
    bench.passes(3600);
    assert_eq!(bench.outcome(), Some("slow"));
}

#[test]
fn nobody_takes_over_where_no_question_is_open() {
    let mut bench = Bench::new(&[TALK], "2026-03-03 10:00");
    bench.event("talk.go", json!({}));
    let conversation = bench.person.state.live[0].id.clone();
    bench.happens(Happening::TakenOver { conversation, agent: "ana".to_owned() });
    assert!(open_handoff(&bench).is_none(), "its text is not out yet");
    let (mut bench, _) = taken();
    bench.wrote("stop");
    assert!(open_handoff(&bench).is_none() && bench.outcome() == Some("opted_out"));
}
