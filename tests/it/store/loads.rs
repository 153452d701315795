//! Many at once: nothing wedges, nothing is left out, nothing costs more than what it hands out.

use std::collections::BTreeSet;
use std::sync::Arc;

use bridged::model::{Outgoing, Priority};
use bridged::store::{Posted, SendKind};

use super::world::{FAST, LEASE, World, all_consumed, phone, post, text};

pub async fn fifty_thousand_due_at_once_drain(w: &World) {
    let total = 50_000;
    let due = w.store.now();
    w.store.post((0..total).map(|n| post(&phone(n), due)).collect()).await.unwrap();
    let mut moved = BTreeSet::new();
    loop {
        let claim = w.store.claim(500, LEASE).await.unwrap();
        if claim.actors.is_empty() {
            assert!(claim.next.is_none(), "{claim:?}");
            break;
        }
        let commits = claim.actors.iter().map(|claimed| w.store.commit(all_consumed(claimed)));
        for done in futures::future::join_all(commits).await {
            assert_eq!(done.unwrap(), bridged::store::Committed::Done);
        }
        moved.extend(claim.actors.into_iter().map(|claimed| claimed.actor));
    }
    assert_eq!(moved.len(), total as usize);
}

pub async fn many_lanes_share_a_claim_fairly(w: &World) {
    let names: Vec<String> = (0..1_000).map(|n| format!("lane {n:04}")).collect();
    w.speeds(&names.iter().map(|name| (name.as_str(), FAST)).collect::<Vec<_>>()).await;
    for (n, lane) in (0..).zip(&names) {
        let both = |id: &str, contact: u32| Outgoing { lane: lane.clone(), ..text(&phone(contact), &format!("{id}{n}"), Priority::Bulk) };
        w.queue(vec![both("x", n)]).await;
        w.queue(vec![both("y", 10_000 + n)]).await;
    }
    w.pass(1);
    let sends = w.store.claim_sends(SendKind::Texts, 1_000, LEASE).await.unwrap();
    let lanes: BTreeSet<_> = sends.sends.iter().map(|send| send.outgoing.lane.clone()).collect();
    assert_eq!((sends.sends.len(), lanes.len()), (1_000, 1_000), "one of each before a second of any");
}

pub async fn a_hundred_posts_with_one_id_count_once(w: &World) {
    let now = w.store.now();
    let posts = (0..100).map(|_| {
        let store = Arc::clone(&w.store);
        tokio::spawn(async move {
            let event = bridged::store::Post { id: Some("sms:SM1".to_owned()), ..post(&phone(1), now) };
            store.post(vec![event]).await.unwrap()[0]
        })
    });
    let answers = futures::future::join_all(posts).await;
    assert_eq!(answers.into_iter().filter(|answer| *answer.as_ref().unwrap() == Posted::New).count(), 1);
    assert_eq!(w.claim(&phone(1)).await.events.len(), 1);
}
