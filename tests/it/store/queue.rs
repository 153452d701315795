//! The queue: which text goes next, and what keeps one from going.

use bridged::model::{Act, Actor, Call, ConsentEntry, Event, Happening, MessageStatus, Outgoing, Payload, Phone, Priority, Time};
use bridged::store::{Outcome, Post, SendKind};

use super::world::{FAST, LEASE, World, accepted, answered, phone, text};

pub async fn texts_of_a_contact_go_one_by_one(w: &World) {
    w.fast().await;
    let who = phone(1);
    w.queue(["m1", "m2", "m3"].map(|id| text(&who, id, Priority::Other)).to_vec()).await;
    for id in ["m1", "m2", "m3"] {
        assert_eq!(w.ids().await, [id]);
        assert!(w.ids().await.is_empty(), "nothing goes beside {id}");
        w.accept(id).await;
    }
    assert!(w.ids().await.is_empty());
}

pub async fn a_better_priority_takes_the_head(w: &World) {
    w.fast().await;
    let who = phone(1);
    w.queue(vec![text(&who, "bulk", Priority::Bulk), text(&who, "bulk2", Priority::Bulk)]).await;
    w.queue(vec![Outgoing { lane: "b".to_owned(), ..text(&who, "reply", Priority::Reply) }]).await;
    for id in ["reply", "bulk", "bulk2"] {
        assert_eq!(w.ids().await, [id]);
        w.accept(id).await;
    }
}

pub async fn priorities_go_over_all_lanes(w: &World) {
    w.fast().await;
    w.queue(vec![text(&phone(1), "bulk", Priority::Bulk)]).await;
    w.queue(vec![text(&phone(2), "other", Priority::Other)]).await;
    w.queue(vec![Outgoing { lane: "b".to_owned(), ..text(&phone(3), "reply", Priority::Reply) }]).await;
    w.queue(vec![text(&phone(4), "reply2", Priority::Reply)]).await;
    let order = w.ids().await;
    assert_eq!(order.len(), 4);
    assert!(order[..2].contains(&"reply".to_owned()) && order[..2].contains(&"reply2".to_owned()), "{order:?}");
    assert_eq!(order[2..], ["other", "bulk"]);
}

pub async fn nothing_follows_an_unknown_text_but_what_jumps(w: &World) {
    w.fast().await;
    let who = phone(1);
    w.queue(vec![text(&who, "m1", Priority::Other), text(&who, "m2", Priority::Other)]).await;
    assert_eq!(w.ids().await, ["m1"]);
    assert!(w.settle("m1", 1, Outcome::Unknown(Time(i64::MAX / 2))).await);
    assert_eq!(w.status("m1").await, MessageStatus::Unknown);
    assert!(w.ids().await.is_empty());
    w.queue(vec![Outgoing { jumps: true, ..text(&who, "agent", Priority::Reply) }]).await;
    assert_eq!(w.ids().await, ["agent"]);
    w.accept("agent").await;
    assert!(w.ids().await.is_empty());
    assert!(w.settle("m1", 1, accepted("m1")).await);
    assert_eq!(w.ids().await, ["m2"]);
}

pub async fn the_contacts_word_unblocks(w: &World) {
    w.fast().await;
    let who = phone(1);
    w.queue(["m1", "m2", "m3"].map(|id| text(&who, id, Priority::Other)).to_vec()).await;
    assert_eq!(w.ids().await, ["m1"]);
    w.settle("m1", 1, Outcome::Unknown(Time(i64::MAX / 2))).await;
    w.step(&who, |commit| commit.unblock = true).await;
    assert_eq!(w.ids().await, ["m2"]);
    w.settle("m2", 1, Outcome::Unknown(Time(i64::MAX / 2))).await;
    assert!(w.ids().await.is_empty(), "a new doubt blocks anew");
}

pub async fn a_text_put_back_keeps_its_place(w: &World) {
    w.fast().await;
    let who = phone(1);
    w.queue(vec![text(&who, "m1", Priority::Other), text(&who, "m2", Priority::Other)]).await;
    assert_eq!(w.ids().await, ["m1"]);
    w.queue(vec![text(&phone(2), "m3", Priority::Other)]).await;
    let at = Time(w.store.now().0 + 10_000_000);
    assert!(w.settle("m1", 1, Outcome::Later(at)).await);
    let sends = w.store.claim_sends(SendKind::Texts, 10, LEASE).await.unwrap();
    assert_eq!(sends.sends.iter().map(|send| send.outgoing.id.as_str()).collect::<Vec<_>>(), ["m3"], "others go on");
    assert_eq!(sends.next, Some(at));
    w.pass(10);
    let sends = w.sends().await;
    assert_eq!((sends[0].outgoing.id.as_str(), sends[0].attempt, sends.len()), ("m1", 2, 1));
}

pub async fn a_text_past_its_time_is_taken_out(w: &World) {
    w.fast().await;
    let who = phone(1);
    let end = Time(w.store.now().0 + 10_000_000);
    w.queue(vec![Outgoing { valid_until: Some(end), ..text(&who, "m1", Priority::Other) }, text(&who, "m2", Priority::Other)]).await;
    w.pass(11);
    assert_eq!(w.ids().await, ["m2"], "it makes room for the next");
    assert_eq!(w.told(&who).await, [Happening::Expired { message: "m1".into() }]);
    let message = w.store.message(&"m1".into()).await.unwrap().unwrap();
    assert_eq!((message.status, message.reason.as_deref()), (MessageStatus::Cancelled, Some("expired")));
}

/// A STOP, as `http` posts it.
fn stop(who: &Phone, now: Time) -> Post {
    let entry = ConsentEntry {
        contact: who.clone(),
        act: Act::OptOut,
        class: "all".to_owned(),
        at: now,
        source: "text".to_owned(),
        evidence: "STOP".to_owned(),
    };
    let event = Event::new(now, Happening::OptedOut { source: "text".to_owned() });
    Post { to: Actor::Contact(who.clone()), event, due: now, id: Some("sms:SM1".to_owned()), suppress: Some(entry) }
}

pub async fn a_stop_stops_every_later_post(w: &World) {
    w.fast().await;
    let who = phone(1);
    let good_bye = Outgoing { to_opted_out: true, ..text(&who, "bye", Priority::Other) };
    w.queue(vec![text(&who, "m1", Priority::Other), text(&who, "m2", Priority::Other), good_bye]).await;
    w.store.post(vec![stop(&who, w.store.now())]).await.unwrap();
    assert_eq!(w.ids().await, ["bye"]);
    for id in ["m1", "m2"] {
        let message = w.store.message(&id.into()).await.unwrap().unwrap();
        assert_eq!((message.status, message.reason.as_deref()), (MessageStatus::Cancelled, Some("opted_out")));
    }
    let not_sent = |id: &str| Happening::NotSent { message: id.into(), code: None, why: "opted_out".to_owned() };
    assert_eq!(w.told(&who).await, [Happening::OptedOut { source: "text".to_owned() }, not_sent("m1"), not_sent("m2")]);
    assert_eq!(w.store.consent(&who).await.unwrap()[0].evidence, "STOP");
    w.accept("bye").await;
    w.queue(vec![text(&who, "m3", Priority::Other)]).await;
    assert!(w.ids().await.is_empty());
    w.step(&who, |commit| commit.suppress = Some(false)).await;
    w.queue(vec![text(&who, "m4", Priority::Other)]).await;
    assert_eq!(w.ids().await, ["m4"]);
}

pub async fn a_lane_without_speed_sends_nothing(w: &World) {
    w.queue(vec![text(&phone(1), "m1", Priority::Other)]).await;
    assert!(w.ids().await.is_empty());
    w.speeds(&[("b", FAST)]).await;
    assert!(w.ids().await.is_empty());
    w.fast().await;
    assert_eq!(w.ids().await, ["m1"]);
}

pub async fn a_slowed_lane_waits_and_others_go(w: &World) {
    w.fast().await;
    let until = Time(w.store.now().0 + 10_000_000);
    w.store.slow(Some("a"), until).await.unwrap();
    w.queue(vec![text(&phone(1), "m1", Priority::Reply)]).await;
    w.queue(vec![Outgoing { lane: "b".to_owned(), ..text(&phone(2), "m2", Priority::Bulk) }]).await;
    assert_eq!(w.ids().await, ["m2"]);
    w.store.slow(None, Time(until.0 + 10_000_000)).await.unwrap();
    w.pass(11);
    let sends = w.store.claim_sends(SendKind::Texts, 10, LEASE).await.unwrap();
    assert!(sends.sends.is_empty(), "an account that is refused stops every lane");
    assert_eq!(sends.next, Some(Time(until.0 + 10_000_000)));
    w.pass(10);
    assert_eq!(w.ids().await, ["m1"]);
}

pub async fn calls_have_no_pace_and_are_made_again_after_a_crash(w: &World) {
    let call = |id: &str| Outgoing {
        lane: "http:example.com".to_owned(),
        cost: 0,
        payload: Payload::Call(Call {
            method: "GET".to_owned(),
            url: "https://example.com".to_owned(),
            headers: Vec::new(),
            body: None,
            timeout_ms: 1_000,
            retries: 1,
            idempotency_key: id.to_owned(),
        }),
        ..text(&phone(1), id, Priority::Other)
    };
    w.queue(vec![call("c1"), call("c2"), call("c3")]).await;
    assert!(w.store.message(&"c1".into()).await.unwrap().is_none(), "a call is no message");
    assert!(w.ids().await.is_empty(), "nor is it a text");
    let calls = async || w.store.claim_sends(SendKind::Calls, 2, LEASE).await.unwrap();
    let first = calls().await;
    assert_eq!(first.sends.len(), 2);
    assert!(first.next.is_some_and(|next| next <= first.now), "the limit cut it");
    assert_eq!(calls().await.sends[0].outgoing.id, "c3".into());
    assert!(w.settle("c1", 1, answered()).await);
    assert!(w.settle("c3", 1, Outcome::Later(Time(w.store.now().0 + 60_000_000))).await);
    assert!(matches!(w.told(&phone(1)).await[..], [Happening::Answered { .. }]));
    w.pass(5);
    let again = calls().await;
    assert_eq!((again.sends.len(), again.sends[0].outgoing.id.as_str(), again.sends[0].attempt), (1, "c2", 2));
    assert!(w.store.unsure(10).await.unwrap().messages.is_empty(), "nobody looks a call up");
}

pub async fn cancelled_texts_leave_their_lane(w: &World) {
    w.fast().await;
    let who = phone(1);
    w.queue(vec![text(&who, "m1", Priority::Other), text(&who, "m2", Priority::Other)]).await;
    w.step(&who, |commit| commit.cancel = vec![("m1".into(), "replaced".to_owned())]).await;
    assert_eq!(w.ids().await, ["m2"]);
    let message = w.store.message(&"m1".into()).await.unwrap().unwrap();
    assert_eq!((message.status, message.reason.as_deref()), (MessageStatus::Cancelled, Some("replaced")));
}
