//! `post`, `claim`, `release`, `park`.

use bridged::model::{Actor, Time};
use bridged::store::{Committed, Error, MAX_EVENTS_A_CLAIM, MAX_WAITING_EVENTS, Parked, Posted};

use super::world::{LEASE, World, all_consumed, named, names, phone, post};

pub async fn a_post_is_claimed_with_its_event(w: &World) {
    let now = w.store.now();
    assert_eq!(w.store.post(vec![named(&phone(1), "hi", now)]).await.unwrap(), [Posted::New]);
    let claim = w.store.claim(10, LEASE).await.unwrap();
    let [claimed] = &claim.actors[..] else { panic!("one actor is due: {claim:?}") };
    assert_eq!((&claimed.actor, claimed.attempts, claimed.contact.is_none()), (&Actor::Contact(phone(1)), 1, true));
    assert_eq!(names(claimed), ["hi"]);
    assert!(claim.now > now, "the store's clock rises");
    assert_eq!(w.store.commit(all_consumed(claimed)).await.unwrap(), Committed::Done);
    let claim = w.store.claim(10, LEASE).await.unwrap();
    assert!(claim.actors.is_empty() && claim.next.is_none(), "{claim:?}");
}

pub async fn an_id_counts_once(w: &World) {
    let now = w.store.now();
    let event = |id: &str| bridged::store::Post { id: Some(id.to_owned()), ..named(&phone(1), id, now) };
    assert_eq!(w.store.post(vec![event("one"), event("one"), event("two")]).await.unwrap(), [Posted::New, Posted::Duplicate, Posted::New]);
    assert_eq!(w.store.post(vec![event("two")]).await.unwrap(), [Posted::Duplicate]);
    assert_eq!(names(&w.claim(&phone(1)).await), ["one", "two"]);
}

pub async fn events_come_by_due_time_then_arrival(w: &World) {
    let now = w.store.now();
    let posts = [("c", 30), ("a", 10), ("d", 30), ("b", 20)].map(|(name, at)| named(&phone(1), name, Time(now.0 + at)));
    w.store.post(posts.to_vec()).await.unwrap();
    w.pass(1);
    assert_eq!(names(&w.claim(&phone(1)).await), ["a", "b", "c", "d"]);
}

pub async fn what_is_due_later_waits(w: &World) {
    let due = Time(w.store.now().0 + 60_000_000);
    w.store.post(vec![post(&phone(1), due)]).await.unwrap();
    let claim = w.store.claim(10, LEASE).await.unwrap();
    assert!(claim.actors.is_empty());
    assert_eq!(claim.next, Some(due));
    w.pass(60);
    assert_eq!(w.store.claim(10, LEASE).await.unwrap().actors.len(), 1);
}

pub async fn a_claim_is_a_lease(w: &World) {
    w.nudge(&phone(1)).await;
    let claim = w.store.claim(10, LEASE).await.unwrap();
    let again = w.store.claim(10, LEASE).await.unwrap();
    assert!(again.actors.is_empty());
    assert_eq!(again.next, Some(claim.now.plus(LEASE)));
    w.pass(5);
    let third = w.store.claim(10, LEASE).await.unwrap();
    assert_eq!(third.actors[0].attempts, 2);
    assert_eq!(w.store.commit(all_consumed(&claim.actors[0])).await.unwrap(), Committed::Stale, "the first worker is too late");
}

pub async fn a_post_to_a_claimed_actor_waits_for_its_commit(w: &World) {
    w.store.post(vec![named(&phone(1), "first", w.store.now())]).await.unwrap();
    let claimed = w.claim(&phone(1)).await;
    w.store.post(vec![named(&phone(1), "second", w.store.now())]).await.unwrap();
    assert!(w.store.claim(10, LEASE).await.unwrap().actors.is_empty());
    assert_eq!(w.store.commit(all_consumed(&claimed)).await.unwrap(), Committed::Done);
    assert_eq!(names(&w.claim(&phone(1)).await), ["second"]);
}

pub async fn after_a_crash_events_come_one_by_one(w: &World) {
    let now = w.store.now();
    w.store.post(["a", "b", "c"].map(|name| named(&phone(1), name, now)).to_vec()).await.unwrap();
    assert_eq!(w.claim(&phone(1)).await.events.len(), 3);
    w.pass(5);
    let claimed = w.claim(&phone(1)).await;
    assert_eq!((names(&claimed), claimed.attempts), (vec!["a".to_owned()], 2));
    w.store.commit(all_consumed(&claimed)).await.unwrap();
    let claimed = w.claim(&phone(1)).await;
    assert_eq!((names(&claimed), claimed.attempts), (vec!["b".to_owned(), "c".to_owned()], 1), "a commit ends the suspicion");
}

pub async fn a_released_actor_is_due_again_when_said(w: &World) {
    w.nudge(&phone(1)).await;
    let claimed = w.claim(&phone(1)).await;
    let at = Time(w.store.now().0 + 10_000_000);
    w.store.release(&claimed.actor, claimed.lease, at, false).await.unwrap();
    assert_eq!(w.store.claim(10, LEASE).await.unwrap().next, Some(at));
    w.pass(10);
    let claimed = w.claim(&phone(1)).await;
    assert_eq!(claimed.attempts, 1, "nothing went wrong");
    w.store.release(&claimed.actor, claimed.lease, w.store.now(), true).await.unwrap();
    assert_eq!(w.claim(&phone(1)).await.attempts, 2, "an error is remembered");
}

/// An event put aside.
fn parked(actor: &Actor, lease: u64, event: Option<u64>, at: Time) -> Parked {
    Parked { actor: actor.clone(), lease, event, body: "{}".to_owned(), why: "it made the step fail".to_owned(), at }
}

pub async fn an_event_put_aside_is_listed_and_gone(w: &World) {
    let now = w.store.now();
    w.store.post(["bad", "good"].map(|name| named(&phone(1), name, now)).to_vec()).await.unwrap();
    let claimed = w.claim(&phone(1)).await;
    let aside = parked(&claimed.actor, claimed.lease, Some(claimed.events[0].0), now);
    w.store.park(aside.clone()).await.unwrap();
    assert_eq!(w.store.parked(10).await.unwrap(), [Parked { lease: 0, ..aside }]);
    let claimed = w.claim(&phone(1)).await;
    assert_eq!((names(&claimed), claimed.attempts), (vec!["good".to_owned()], 1));
}

pub async fn clocks_rest_where_no_event_is_to_blame(w: &World) {
    let now = w.store.now();
    w.step(&phone(1), |commit| commit.wake = Some(now)).await;
    let claimed = w.claim(&phone(1)).await;
    assert!(claimed.events.is_empty());
    w.store.park(parked(&claimed.actor, claimed.lease, None, now)).await.unwrap();
    let claim = w.store.claim(10, LEASE).await.unwrap();
    assert!(claim.actors.is_empty());
    assert!(claim.next.is_some_and(|next| next > Time(now.0 + 60_000_000)), "not again at once: {claim:?}");
}

pub async fn a_claim_brings_a_bounded_number_of_events(w: &World) {
    let now = w.store.now();
    let posts = (0..MAX_EVENTS_A_CLAIM + 3).map(|n| named(&phone(1), &n.to_string(), now)).collect();
    w.store.post(posts).await.unwrap();
    let claimed = w.claim(&phone(1)).await;
    assert_eq!(claimed.events.len(), MAX_EVENTS_A_CLAIM);
    w.store.commit(all_consumed(&claimed)).await.unwrap();
    assert_eq!(w.claim(&phone(1)).await.events.len(), 3, "the rest comes with the next claim");
}

pub async fn claims_are_cut_by_their_limit_earliest_first(w: &World) {
    let now = w.store.now();
    w.store.post([3, 1, 2].map(|n| post(&phone(n), Time(now.0 + i64::from(n)))).to_vec()).await.unwrap();
    w.pass(1);
    let claim = w.store.claim(2, LEASE).await.unwrap();
    assert_eq!(claim.actors.iter().map(|one| &one.actor).collect::<Vec<_>>(), [&Actor::Contact(phone(1)), &Actor::Contact(phone(2))]);
    assert!(claim.next.is_some_and(|next| next <= claim.now), "more are due");
}

pub async fn too_many_waiting_events_are_refused(w: &World) {
    let (now, later) = (w.store.now(), Time(w.store.now().0 + 3_600_000_000));
    w.store.post(vec![post(&phone(2), later)]).await.unwrap();
    let flood = (0..MAX_WAITING_EVENTS).map(|_| post(&phone(1), now)).collect();
    w.store.post(flood).await.unwrap();
    let refused = w.store.post(vec![post(&phone(1), now)]).await;
    assert!(matches!(refused, Err(Error::Full(MAX_WAITING_EVENTS))), "what is due later does not count: {refused:?}");
    w.store.commit(all_consumed(&w.claim(&phone(1)).await)).await.unwrap();
    assert_eq!(w.store.post(vec![post(&phone(1), now)]).await.unwrap(), [Posted::New], "there is room again");
}

pub async fn whoever_sleeps_is_woken(w: &World) {
    let mut turns = w.store.wakes().turns.listen();
    turns.mark_unchanged();
    assert!(w.store.claim(10, LEASE).await.unwrap().next.is_none());
    let later = Time(w.store.now().0 + 3_600_000_000);
    w.store.post(vec![post(&phone(1), later)]).await.unwrap();
    turns.changed().await.unwrap();
    assert_eq!(w.store.claim(10, LEASE).await.unwrap().next, Some(later));
    w.store.post(vec![post(&phone(2), Time(later.0 + 1))]).await.unwrap();
    assert!(!turns.has_changed().unwrap(), "whoever sleeps until {later:?} need not know");
    w.nudge(&phone(3)).await;
    turns.changed().await.unwrap();
}

pub async fn a_broken_lease_moves_nothing(w: &World) {
    w.nudge(&phone(1)).await;
    let claimed = w.claim(&phone(1)).await;
    w.store.release(&claimed.actor, claimed.lease + 1, w.store.now(), false).await.unwrap();
    w.store.park(parked(&claimed.actor, claimed.lease + 1, Some(claimed.events[0].0), w.store.now())).await.unwrap();
    assert!(w.store.parked(10).await.unwrap().is_empty());
    assert!(w.store.claim(10, LEASE).await.unwrap().actors.is_empty());
    assert_eq!(w.store.commit(all_consumed(&claimed)).await.unwrap(), Committed::Done);
}
