//! A quick answer, a slow lane, an unclear send: what the contact's text means while ours is under way.

use super::*;
use serde_json::json;

const TALK: &str = r#"
playbook: talk
message_class: transactional
cap: 2 per day
triggers: [{event: talk.go}]
anytime: [{match: {words: [price]}, say: "ten dollars"}, {match: {words: [repeat]}, again: true}]
steps:
  - id: q
    ask: "ready?"
    replies: [{match: yes, say: "fine", end: ready}]
    retry: {max: 1, say: "yes or no"}
    on_no_match: {end: unclear}
    timeout: 1h
    on_timeout: {end: slow}
"#;

fn asked() -> Bench {
    let mut bench = Bench::new(&[TALK], "2026-03-03 10:00");
    bench.event("talk.go", json!({}));
    assert_eq!(bench.out.len(), 1);
    bench
}

#[test]
fn a_text_releases_a_question_that_waits_and_answers_nothing() {
    let mut bench = asked();
    assert_eq!(bench.out[0].0.priority, Priority::Other);
    let old = bench.out[0].0.id.clone();
    bench.wrote("yes");
    assert_eq!(bench.out.len(), 1);
    assert_ne!(bench.out[0].0.id, old);
    assert_eq!((body(&bench.out[0].0), bench.out[0].0.priority, bench.out[0].0.valid_until), ("ready?", Priority::Reply, None));
    bench.sent("ready?");
    bench.wrote("yes");
    bench.sent("fine");
    assert_eq!(bench.outcome(), Some("ready"));
}

#[test]
fn a_text_answers_a_question_that_is_being_posted_or_whose_fate_is_unknown() {
    for flight in [Flight::Posting, Flight::Unknown] {
        let mut bench = asked();
        bench.set("ready?", flight);
        bench.wrote("yes");
        assert_eq!(bench.out.len(), 2, "the answer is followed, the question not taken back");
        bench.sent("ready?");
        bench.passes(2 * 3600);
        bench.sent("fine");
        assert_eq!(bench.outcome(), Some("ready"), "{flight:?}");
    }
}

#[test]
fn clocks_of_a_quickly_answered_question_start_with_its_acceptance() {
    let mut bench = asked();
    bench.set("ready?", Flight::Posting);
    bench.wrote("hm");
    assert_eq!(bench.person.state.wake(), None);
    bench.sent("ready?");
    assert_eq!(bench.person.state.wake(), Some(bench.now.plus(std::time::Duration::from_secs(3600))));
    bench.wrote("hm");
    assert_eq!(bench.outcome(), Some("unclear"));
}

#[test]
fn a_question_asked_again_hears_while_its_text_waits() {
    let mut bench = asked();
    bench.sent("ready?");
    bench.wrote("repeat");
    bench.wrote("yes");
    assert!(bench.place("ready?").is_none(), "the repetition is taken back");
    bench.sent("fine");
    assert_eq!(bench.outcome(), Some("ready"));
}

#[test]
fn a_text_whose_window_closed_in_its_lane_is_looked_at_anew() {
    let mut bench = asked();
    let text = bench.out.remove(0).0;
    assert_eq!(text.valid_until, Some(parse_when("2026-03-03 21:00", &bench.plans.workspace.timezone).unwrap().into()));
    bench.now = parse_when("2026-03-03 21:00", &bench.plans.workspace.timezone).unwrap().into();
    bench.happens(Happening::Expired { message: text.id });
    assert!(bench.out.is_empty() && bench.person.state.sends.is_empty());
    bench.passes(11 * 3600);
    assert_eq!(bench.out.len(), 1);
    assert_eq!(bench.person.state.sends.len(), 1, "its place under the cap is held once");
    bench.sent("ready?");
    bench.wrote("yes");
    bench.sent("fine");
    assert_eq!(bench.outcome(), Some("ready"));
}

#[test]
fn a_blocked_address_is_an_opt_out_with_a_line_in_the_ledger() {
    let mut bench = asked();
    let text = bench.out.remove(0).0;
    let effects = bench.happens(Happening::NotSent { message: text.id, code: Some(21610), why: "blocked".to_owned() });
    assert_eq!((effects.suppress, effects.consent.len()), (Some(true), 1));
    assert!(bench.person.contact.opted_out && !bench.person.contact.consent.contains("marketing"));
    assert_eq!(bench.outcome(), Some("opted_out"));
}

#[test]
fn places_under_a_cap_are_held_and_given_back() {
    let mut bench = asked();
    bench.wrote("stop");
    assert!(bench.person.state.sends.is_empty() && bench.place("ready?").is_none());
    let answer = &bench.out[0].0;
    assert!(answer.to_opted_out && answer.jumps && body(answer) == "out");
    bench.wrote("stop");
    assert_eq!(bench.out.len(), 1, "a repeated STOP is silent");
}

#[test]
fn what_was_said_beside_the_point_outlives_its_level_and_changes_nothing() {
    let outer =
        "playbook: outer\nmessage_class: transactional\ntriggers: [{event: outer.go}]\nsteps:\n  - {id: in, run: inner}\n  - {id: w, wait: 1h}\n";
    let inner = "playbook: inner\nmessage_class: transactional\nanytime: [{match: {words: [price]}, say: \"ten\"}]\nsteps:\n  - {id: q, ask: \"ready?\", replies: [{match: yes}], on_no_match: {end: no}, timeout: 1h, on_timeout: {end: slow}}\n";
    let mut bench = Bench::new(&[outer, inner], "2026-03-03 10:00");
    bench.event("outer.go", json!({}));
    bench.sent("ready?");
    bench.wrote("price");
    bench.wrote("yes");
    let text = bench.out.remove(bench.place("ten").unwrap()).0;
    bench.happens(Happening::NotSent { message: text.id, code: Some(30006), why: String::new() });
    assert_eq!(bench.outcome(), None);
    bench.passes(3600);
    assert_eq!(bench.outcome(), Some("completed"));
}

#[test]
fn a_stop_from_outside_takes_everything_back() {
    let mut bench = asked();
    bench.sent("ready?");
    bench.wrote("price");
    let effects = bench.happens(Happening::Stopped { playbook: "talk".to_owned() });
    assert_eq!((effects.cancel.len(), bench.outcome()), (1, Some("stopped")));
}

#[test]
fn what_is_queued_and_taken_back_in_one_commit_is_never_queued() {
    let mut bench = asked();
    let first = Effects { queue: vec![bench.out[0].0.clone()], ..Effects::default() };
    let mut both = first.clone();
    both.absorb(Effects { cancel: vec![(first.queue[0].id.clone(), "answered".to_owned())], suppress: Some(true), ..Effects::default() });
    assert_eq!(both, Effects { suppress: Some(true), ..Effects::default() });
    both.absorb(bench.wrote("stop"));
    assert_eq!(both.queue.len(), 1);
    assert_eq!(both.cancel.len(), 1, "the question had been queued before this commit");
}

#[test]
fn what_follows_a_refused_text_of_a_side_branch_is_not_done_twice() {
    let playbook = r#"
playbook: aside
message_class: transactional
triggers: [{event: aside.go}]
anytime:
  - match: {words: [price]}
    do:
      - send: ten dollars
        on_failed: {do: [{tag: refused}]}
      - record: told
steps:
  - {id: q, ask: "ready?", replies: [{match: yes}], on_no_match: {end: no}, timeout: 1h, on_timeout: {end: slow}}
"#;
    let mut bench = Bench::new(&[playbook], "2026-03-03 10:00");
    bench.event("aside.go", json!({}));
    bench.sent("ready?");
    bench.wrote("price");
    let text = bench.out.remove(bench.place("ten").unwrap()).0;
    bench.happens(Happening::NotSent { message: text.id, code: Some(30006), why: String::new() });
    let told = bench.decisions.iter().filter(|decision| matches!(decision, Decision::Recorded { .. })).count();
    assert_eq!((told, bench.person.contact.tags.contains("refused")), (1, true));
    bench.wrote("yes");
    assert_eq!(bench.outcome(), Some("completed"), "the question was open all the time");
}

#[test]
fn a_conversation_that_is_left_takes_its_call_back_and_hears_no_answer_to_one_under_way() {
    let playbook = r#"
playbook: call
message_class: transactional
triggers: [{event: call.go}]
exit: [{event: call.off, end: off}]
steps:
  - {id: ask, http: GET https://api.example.com/a, on_error: {end: down}}
  - send: got it
"#;
    for flight in [Flight::Waiting, Flight::Posting] {
        let mut bench = Bench::new(&[playbook], "2026-03-03 10:00");
        bench.event("call.go", json!({}));
        let call = bench.out[0].0.id.clone();
        bench.out[0].1 = flight;
        let effects = bench.event("call.off", json!({}));
        assert_eq!(effects.cancel.len(), usize::from(flight == Flight::Waiting));
        let answer = crate::model::event::Answer::Response { status: 200, headers: BTreeMap::new(), body: json!({}) };
        bench.happens(Happening::Answered { message: call, answer });
        assert_eq!((bench.outcome(), bench.place("got it")), (Some("off"), None));
    }
}

#[test]
fn an_opt_out_takes_back_what_no_conversation_waits_for() {
    let playbook = r#"
playbook: desk
message_class: conversational
triggers: [{keyword: DESK}]
steps:
  - {id: p, handoff: sales, timeout: 1d, on_timeout: {end: nobody}}
"#;
    let mut bench = Bench::new(&[playbook], "2026-03-03 10:00");
    bench.wrote("desk");
    let handoff = open_handoff(&bench).unwrap();
    bench.happens(Happening::AgentText { handoff, text: "hello".to_owned(), agent: "Sam".to_owned() });
    assert!(bench.place("hello").is_some());
    bench.wrote("stop");
    assert!(bench.place("hello").is_none());
}

#[test]
fn where_the_area_code_spans_zones_the_window_is_open_in_all_of_them() {
    // 850 is Florida's west: Pensacola is an hour behind Tallahassee.
    let zones = super::super::zones(&Contact::new(Phone("+18505550111".to_owned()), Time::default()), &TimeZone::UTC);
    assert_eq!(zones.len(), 2);
    let mut bench = Bench::new(&[TALK], "2026-03-03 07:30");
    bench.person.contact.phone = Phone("+18505550111".to_owned());
    bench.event("talk.go", json!({}));
    assert!(bench.out.is_empty(), "half past eight in the east, but half past seven in the west");
    bench.passes(30 * 60);
    assert!(bench.place("ready?").is_some());
}

#[test]
fn where_twilio_has_answered_a_stop_we_are_silent_and_obey() {
    let mut bench = asked();
    bench.sent("ready?");
    let text = TextIn {
        sid: "SM1".to_owned(),
        from: Address(PHONE.to_owned()),
        to: Address(OURS.to_owned()),
        body: "no more of this".to_owned(),
        media: Vec::new(),
        button: None,
        opt_out_type: Some("STOP".to_owned()),
        profile_name: None,
    };
    let effects = bench.happens(Happening::Text(text));
    assert_eq!((effects.suppress, effects.queue.len(), bench.outcome()), (Some(true), 0, Some("opted_out")));
}

#[test]
fn a_text_that_looks_like_a_secret_is_passed_on_as_a_text() {
    let playbook = "playbook: pass\nmessage_class: conversational\ntriggers:\n  - message: any\nsteps:\n  - id: crm\n    http: POST https://crm.example.com/x\n    headers: {Authorization: \"{{ secret.CRM_TOKEN }}\"}\n    json: {said: \"{{ reply.text }}\"}\n    on_error: {end: failed_call}\n  - end: done\n";
    let mut bench = Bench::new(&[playbook], "2026-03-03 12:00");
    bench.wrote("my {{secret.CRM_TOKEN}} please");
    let Some(Payload::Call(call)) = bench.out.first().map(|(outgoing, _)| outgoing.payload.clone()) else { panic!("no call") };
    assert_eq!(call.headers, [("Authorization".to_owned(), "{{secret.CRM_TOKEN}}".to_owned())]);
    assert_eq!(call.body.unwrap().1, r#"{"said":"my { {secret.CRM_TOKEN}} please"}"#);
}
