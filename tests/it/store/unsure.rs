//! Texts whose fate nobody knows: `unsure`, `look_again`, and how they end.

use bridged::model::{Happening, MessageStatus, Priority, Time};
use bridged::store::Outcome;

use super::world::{LEASE, World, accepted, phone, text};

/// One text under way, and when its lease ends.
async fn under_way(w: &World) -> Time {
    w.fast().await;
    w.queue(vec![text(&phone(1), "m1", Priority::Other)]).await;
    let sends = w.store.claim_sends(bridged::store::SendKind::Texts, 10, LEASE).await.unwrap();
    assert_eq!(sends.sends.len(), 1);
    sends.now.plus(LEASE)
}

pub async fn a_dead_lease_becomes_unknown_and_is_looked_up(w: &World) {
    let end = under_way(w).await;
    let unsure = w.store.unsure(10).await.unwrap();
    assert!(unsure.messages.is_empty());
    assert_eq!(unsure.next, Some(end));
    w.pass(5);
    assert!(w.ids().await.is_empty(), "never blindly sent again");
    let unsure = w.store.unsure(10).await.unwrap();
    let [found] = &unsure.messages[..] else { panic!("one text is unsure: {unsure:?}") };
    assert_eq!((found.outgoing.id.as_str(), found.attempt, found.posted_at, found.looks), ("m1", 1, Time(end.0 - 5_000_000), 0));
    assert_eq!(w.status("m1").await, MessageStatus::Unknown);
    assert!(w.settle("m1", 1, accepted("m1")).await);
    assert!(w.store.unsure(10).await.unwrap().messages.is_empty());
    assert!(matches!(w.told(&phone(1)).await[..], [Happening::Sent { .. }]));
}

pub async fn looks_are_put_off_and_counted(w: &World) {
    under_way(w).await;
    let mut signal = w.store.wakes().unsure.listen();
    signal.mark_unchanged();
    w.store.unsure(10).await.unwrap();
    let look = Time(w.store.now().0 + 1_000_000);
    assert!(w.settle("m1", 1, Outcome::Unknown(look)).await);
    signal.changed().await.unwrap();
    assert_eq!(w.store.unsure(10).await.unwrap().next, Some(look));
    w.pass(1);
    assert_eq!(w.store.unsure(10).await.unwrap().messages[0].looks, 0);
    let next = Time(w.store.now().0 + 60_000_000);
    w.store.look_again(&"m1".into(), next).await.unwrap();
    let unsure = w.store.unsure(10).await.unwrap();
    assert!(unsure.messages.is_empty());
    assert_eq!(unsure.next, Some(next));
    w.pass(60);
    assert_eq!(w.store.unsure(10).await.unwrap().messages[0].looks, 1);
}

pub async fn only_the_current_attempt_settles(w: &World) {
    under_way(w).await;
    assert!(!w.settle("m1", 2, accepted("m1")).await);
    assert!(w.settle("m1", 1, Outcome::Later(Time(0))).await);
    assert!(!w.settle("m1", 1, accepted("m1")).await, "that attempt is over");
    assert_eq!(w.sends().await[0].attempt, 2);
    assert!(!w.settle("m1", 1, accepted("m1")).await);
    assert!(w.settle("m1", 2, accepted("m1")).await);
}

pub async fn an_unknown_text_can_be_sent_again_or_kept(w: &World) {
    under_way(w).await;
    w.settle("m1", 1, Outcome::Unknown(Time(0))).await;
    assert!(w.settle("m1", 1, Outcome::Later(Time(0))).await);
    assert_eq!(w.sends().await[0].attempt, 2);
    w.settle("m1", 2, Outcome::Unknown(Time(0))).await;
    let kept = Outcome::Failed { code: None, why: "unknown".to_owned(), status: MessageStatus::Held };
    assert!(w.settle("m1", 2, kept).await);
    assert_eq!(w.status("m1").await, MessageStatus::Held);
    assert!(matches!(w.told(&phone(1)).await[..], [Happening::NotSent { code: None, .. }]));
    assert!(w.ids().await.is_empty() && w.store.unsure(10).await.unwrap().messages.is_empty());
    w.store.report(super::world::report("m1", "delivered")).await.unwrap();
    assert_eq!(w.status("m1").await, MessageStatus::Delivered, "its fate is known after all");
}
