//! Holds: what waits while a playbook or a broadcast is stopped, and what becomes of it.

use bridged::model::{Actor, BroadcastId, Happening, MessageStatus, Outgoing, Priority};
use bridged::store::{Flight, Hold, HoldScope, LaneSpeed, Speeds};

use super::world::{FAST, World, all_consumed, phone, text};

/// The playbook of all texts here.
fn playbook() -> HoldScope {
    HoldScope::Playbook("hello".to_owned())
}

pub async fn a_held_playbook_sends_nothing_and_then_goes_on(w: &World) {
    w.fast().await;
    let who = phone(1);
    w.store.set_hold(playbook(), Hold::Held).await.unwrap();
    w.queue(vec![text(&who, "m1", Priority::Other), text(&who, "m2", Priority::Other)]).await;
    w.queue(vec![Outgoing { playbook: None, ..text(&phone(2), "help", Priority::Reply) }]).await;
    assert_eq!(w.ids().await, ["help"]);
    assert_eq!(w.status("m1").await, MessageStatus::Held);
    w.nudge(&who).await;
    let claimed = w.claim(&who).await;
    assert_eq!(claimed.flight, [("m1".into(), Flight::Held), ("m2".into(), Flight::Held)]);
    w.store.commit(all_consumed(&claimed)).await.unwrap();
    w.store.set_hold(playbook(), Hold::Free).await.unwrap();
    assert_eq!(w.status("m1").await, MessageStatus::Queued);
    assert_eq!(w.ids().await, ["m1"], "in their order");
    w.accept("m1").await;
    assert_eq!(w.ids().await, ["m2"]);
}

pub async fn a_cancelled_broadcast_ends_its_texts(w: &World) {
    w.fast().await;
    let broadcast = BroadcastId("spring".to_owned());
    let bulk = |n: u32, id: &str| Outgoing { broadcast: Some(broadcast.clone()), ..text(&phone(n), id, Priority::Bulk) };
    w.queue(vec![bulk(1, "m1")]).await;
    w.store.set_hold(HoldScope::Broadcast(broadcast.clone()), Hold::Held).await.unwrap();
    assert!(w.ids().await.is_empty());
    w.queue(vec![bulk(2, "m2")]).await;
    w.store.set_hold(HoldScope::Broadcast(broadcast.clone()), Hold::Cancelled).await.unwrap();
    assert!(w.ids().await.is_empty());
    for (n, id) in [(1, "m1"), (2, "m2")] {
        let message = w.store.message(&id.into()).await.unwrap().unwrap();
        assert_eq!((message.status, message.reason.as_deref()), (MessageStatus::Cancelled, Some("cancelled")), "{id}");
        assert_eq!(w.told(&phone(n)).await, [Happening::NotSent { message: id.into(), code: None, why: "cancelled".to_owned() }]);
    }
}

pub async fn everything_can_be_held(w: &World) {
    let lanes = [("a".to_owned(), LaneSpeed { pace: FAST, account: false })].into();
    let speeds = Speeds { lanes, hold_all: true, ..Speeds::default() };
    w.store.set_speeds(speeds.clone()).await.unwrap();
    w.queue(vec![Outgoing { playbook: None, ..text(&phone(1), "m1", Priority::Reply) }]).await;
    assert!(w.ids().await.is_empty());
    assert_eq!(w.status("m1").await, MessageStatus::Held);
    w.store.set_speeds(Speeds { hold_all: false, ..speeds }).await.unwrap();
    assert_eq!(w.ids().await, ["m1"]);
}

pub async fn a_long_hold_is_let_go_in_pages(w: &World) {
    w.fast().await;
    w.store.set_hold(playbook(), Hold::Held).await.unwrap();
    let total = 1_201;
    for n in 0..total {
        w.queue(vec![text(&phone(n), &format!("m{n}"), Priority::Bulk)]).await;
    }
    for _ in 0..4 {
        assert!(w.ids().await.is_empty(), "they are set aside in bounded bites");
    }
    w.store.set_hold(playbook(), Hold::Free).await.unwrap();
    let mut gone = 0;
    while gone < total as usize {
        let ids = w.ids().await;
        assert!(!ids.is_empty(), "{gone} of {total} have gone");
        gone += ids.len();
        w.pass(1);
    }
}

pub async fn a_held_text_can_be_cancelled_by_its_conversation(w: &World) {
    w.fast().await;
    let who = phone(1);
    w.store.set_hold(playbook(), Hold::Held).await.unwrap();
    w.queue(vec![text(&who, "m1", Priority::Other)]).await;
    assert!(w.ids().await.is_empty());
    w.step(&who, |commit| commit.cancel = vec![("m1".into(), "opted_out".to_owned())]).await;
    assert_eq!(w.status("m1").await, MessageStatus::Cancelled);
    w.store.set_hold(playbook(), Hold::Free).await.unwrap();
    assert!(w.ids().await.is_empty());
    assert_eq!(w.store.peek(&Actor::Contact(who)).await.unwrap().unwrap().waiting, 0);
}
