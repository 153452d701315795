//! Broadcasts as actors: begun once, woken by their lanes.

use bridged::model::event::BroadcastOrder;
use bridged::model::{Actor, Audience, BroadcastId, BroadcastRow, BroadcastState, Happening, PlanHash, Priority, Time};
use bridged::store::{Commit, Committed, PutBroadcast};

use super::world::{LEASE, World, all_consumed, happenings, phone, text};

/// A broadcast due at that time.
fn broadcast(id: &str, at: Time) -> BroadcastRow {
    BroadcastRow {
        id: id.into(),
        playbook: "hello".to_owned(),
        version: PlanHash("v1".to_owned()),
        audience: Audience::default(),
        at,
        per_zone: false,
        state: BroadcastState::Scheduled,
        total: 0,
        compiled: false,
        pulled: 0,
        created_at: Time(1),
        ended_at: None,
    }
}

/// Claims the broadcast, which is due, and commits with a change.
async fn turn(w: &World, id: &str, change: impl FnOnce(&mut Commit)) -> Vec<Happening> {
    let claim = w.store.claim(1, LEASE).await.unwrap();
    let claimed = claim.actors.first().expect("the broadcast is due");
    assert_eq!(claimed.actor, Actor::Broadcast(id.into()));
    let mut commit = all_consumed(claimed);
    change(&mut commit);
    assert_eq!(w.store.commit(commit).await.unwrap(), Committed::Done);
    happenings(claimed)
}

pub async fn a_broadcast_begins_once(w: &World) {
    let at = Time(w.store.now().0 + 60_000_000);
    let row = broadcast("spring", at);
    assert_eq!(w.store.put_broadcast(row.clone()).await.unwrap(), PutBroadcast::New);
    let known = w.store.put_broadcast(BroadcastRow { at: Time(0), ..row.clone() }).await.unwrap();
    assert_eq!(known, PutBroadcast::Known(Box::new(row.clone())));
    assert_eq!(w.store.claim(10, LEASE).await.unwrap().next, Some(at));
    w.pass(60);
    let running = BroadcastRow { state: BroadcastState::Running, total: 3, ..row };
    let begin = Happening::Broadcast { order: BroadcastOrder::Begin };
    assert_eq!(turn(w, "spring", |commit| commit.broadcast = Some(running.clone())).await, [begin]);
    assert_eq!(w.store.broadcast(&BroadcastId("spring".to_owned())).await.unwrap(), Some(running.clone()));
    assert_eq!(w.store.broadcasts(None, 10).await.unwrap().items, [running]);
    assert!(w.store.claim(10, LEASE).await.unwrap().next.is_none());
}

pub async fn a_lane_below_its_mark_wakes_the_broadcast_once(w: &World) {
    w.fast().await;
    for n in 0..4 {
        w.queue(vec![text(&phone(n), &format!("m{n}"), Priority::Bulk)]).await;
    }
    w.store.put_broadcast(broadcast("spring", Time(0))).await.unwrap();
    turn(w, "spring", |commit| commit.watch = vec![("a".to_owned(), 2)]).await;
    let mut left = 4;
    while left > 0 {
        assert_eq!(w.store.claim(1, LEASE).await.unwrap().actors.len(), usize::from(left == 1), "with {left} waiting");
        let sends = w.store.claim_sends(bridged::store::SendKind::Texts, 1, LEASE).await.unwrap();
        left -= sends.sends.len();
    }
    assert!(w.store.claim(1, LEASE).await.unwrap().actors.is_empty(), "once only, until it watches again");
}

pub async fn a_lane_already_below_wakes_at_once(w: &World) {
    w.fast().await;
    w.store.put_broadcast(broadcast("spring", Time(0))).await.unwrap();
    turn(w, "spring", |commit| commit.watch = vec![("a".to_owned(), 1)]).await;
    assert!(turn(w, "spring", |_| ()).await.is_empty(), "there is nothing new but the lane");
}

pub async fn a_commit_starts_broadcasts(w: &World) {
    w.store.put_broadcast(broadcast("known", Time(i64::MAX / 2))).await.unwrap();
    let rows = vec![broadcast("tick", Time(0)), BroadcastRow { total: 9, ..broadcast("known", Time(0)) }];
    w.step(&phone(1), |commit| commit.new_broadcasts = rows).await;
    assert_eq!(turn(w, "tick", |_| ()).await.len(), 1);
    assert_eq!(w.store.broadcast(&"known".into()).await.unwrap().unwrap().total, 0, "a known one is left alone");
}

pub async fn plans_of_unfinished_broadcasts_are_in_use(w: &World) {
    let row = broadcast("spring", Time(0));
    w.store.put_broadcast(row.clone()).await.unwrap();
    assert_eq!(w.store.plans_in_use().await.unwrap(), [PlanHash("v1".to_owned())]);
    turn(w, "spring", |commit| commit.broadcast = Some(BroadcastRow { state: BroadcastState::Done, ..row })).await;
    assert!(w.store.plans_in_use().await.unwrap().is_empty());
}
