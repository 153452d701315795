//! The sum: every message is in exactly one state, none appears or vanishes, and each row of the ledger's table is taken by something.

use std::collections::{BTreeMap, BTreeSet};

use bridged::model::{MessageStatus, Outgoing, Priority, Time};
use bridged::store::ledger::MOVES;
use bridged::store::{ConversationQuery, Hold, HoldScope, MessageQuery, Outcome};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::world::{World, accepted, phone, refused, report, text};

/// People in a run: few, so that their texts get into each other's way.
const PEOPLE: u32 = 4;

/// Steps of a run.
const STEPS: usize = 120;

/// Where every message has got to.
async fn statuses(w: &World) -> BTreeMap<String, MessageStatus> {
    let (mut all, mut cursor) = (BTreeMap::new(), None);
    loop {
        let page = w.store.messages(MessageQuery { cursor, limit: 500, ..MessageQuery::default() }).await.unwrap();
        for row in page.items {
            assert!(all.insert(row.id.0, row.status).is_none(), "a message is listed twice");
        }
        cursor = page.next;
        if cursor.is_none() {
            return all;
        }
    }
}

/// Given up, for a person to decide.
fn kept() -> Outcome {
    Outcome::Failed { code: None, why: "unknown".to_owned(), status: MessageStatus::Held }
}

/// One random operation; `n` names the next text, `out` what has been claimed and not settled.
async fn operate(w: &World, (what, who, which): (u32, u32, u32), n: &mut u32, out: &mut Vec<(String, u32)>) {
    let contact = phone(who % PEOPLE);
    let open = |out: &mut Vec<(String, u32)>| (!out.is_empty()).then(|| out.remove(which as usize % out.len()));
    match what {
        0..=3 => {
            *n += 1;
            let valid_until = (which % 5 == 0).then(|| Time(w.store.now().0 + 2_000_000));
            let made = Outgoing { valid_until, jumps: which % 7 == 0, ..text(&contact, &format!("m{n}"), Priority::ALL[which as usize % 3]) };
            w.queue(vec![made]).await;
        }
        4..=6 => out.extend(w.sends().await.into_iter().map(|send| (send.outgoing.id.0, send.attempt))),
        7..=10 => {
            let Some((id, attempt)) = open(out) else { return };
            let now = w.store.now();
            let outcome = match which % 6 {
                0 => accepted(&id),
                1 => refused(),
                2 => kept(),
                3 | 4 => Outcome::Later(now),
                _ => Outcome::Unknown(now),
            };
            w.settle(&id, attempt, outcome).await;
        }
        11 | 12 => {
            let word = ["sent", "delivered", "undelivered", "failed"][which as usize % 4];
            w.store.report(report(&format!("m{}", 1 + who % (*n).max(1)), word)).await.unwrap();
        }
        13 => w.pass(u64::from(which % 8)),
        14 | 15 => {
            for found in w.store.unsure(10).await.unwrap().messages {
                let id = found.outgoing.id.0;
                let outcomes = [accepted(&id), refused(), kept(), Outcome::Later(Time(0)), Outcome::Unknown(Time(0))];
                w.settle(&id, found.attempt, outcomes[which as usize % 5].clone()).await;
            }
        }
        16 | 17 => {
            let hold = [Hold::Held, Hold::Free, Hold::Free, Hold::Cancelled][which as usize % 4];
            w.store.set_hold(HoldScope::Playbook("hello".to_owned()), hold).await.unwrap();
        }
        18 => {
            w.nudge(&contact).await;
            let claimed = w.claim(&contact).await;
            let mut commit = super::world::all_consumed(&claimed);
            commit.unblock = which % 2 == 0;
            let waits = |flight| matches!(flight, bridged::store::Flight::Waiting | bridged::store::Flight::Held);
            commit.cancel = claimed.flight.into_iter().filter(|(_, flight)| waits(*flight)).map(|(id, _)| (id, "left".to_owned())).take(1).collect();
            w.store.commit(commit).await.unwrap();
        }
        _ => {
            let patch = bridged::model::Patch { opted_out: Some(which % 3 == 0), ..bridged::model::Patch::new(contact) };
            w.store.put_contacts(vec![patch], &[]).await.unwrap();
        }
    }
}

/// One run; adds the changes of status it saw.
async fn run(w: &World, operations: &[(u32, u32, u32)], seen: &mut BTreeSet<(&'static str, &'static str)>) {
    w.fast().await;
    let (mut n, mut out) = (0, Vec::new());
    let mut before = BTreeMap::new();
    for operation in operations {
        operate(w, *operation, &mut n, &mut out).await;
        let after = statuses(w).await;
        assert_eq!(after.len(), n as usize, "after {operation:?} the sum is the number of texts queued");
        for (id, status) in &after {
            if let Some(old) = before.get(id).filter(|old| *old != status) {
                seen.insert((MessageStatus::as_str(*old), status.as_str()));
            }
        }
        let waiting = after.values().filter(|status| **status == MessageStatus::Queued).count() as u64;
        let lane = w.store.lanes().await.unwrap().into_iter().find(|row| row.lane == "a").unwrap();
        assert_eq!(lane.waiting.iter().sum::<u64>(), waiting, "after {operation:?} the lane knows what waits");
        before = after;
    }
    assert!(w.store.conversations(ConversationQuery::default()).await.unwrap().items.is_empty());
}

/// Random runs, the same ones every time, and what they saw.
#[tokio::test]
async fn the_sum_is_constant_and_every_move_is_taken() {
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
    let operations = prop::collection::vec((0u32..20, 0u32..1_000, 0u32..1_000), STEPS);
    let mut seen = BTreeSet::new();
    for _ in 0..40 {
        let operations = operations.new_tree(&mut runner).unwrap().current();
        run(&World::memory(), &operations, &mut seen).await;
    }
    for _ in 0..3 {
        let operations = operations.new_tree(&mut runner).unwrap().current();
        run(&World::sqlite(), &operations, &mut seen).await;
        run(&World::redis().await, &operations, &mut seen).await;
    }
    // A move that leaves the status as it was can't be seen from outside.
    let missing: Vec<_> = MOVES.iter().filter(|(from, _, to)| from != to && !taken(&seen, *from, *to)).collect();
    assert!(missing.is_empty(), "never taken: {missing:?}");
}

/// Whether a move was seen. An acceptance by a callback goes on at once to what the callback says.
fn taken(seen: &BTreeSet<(&'static str, &'static str)>, from: MessageStatus, to: MessageStatus) -> bool {
    let onward = if to == MessageStatus::Accepted { &["accepted", "sent", "delivered"][..] } else { &[] };
    seen.contains(&(from.as_str(), to.as_str())) || onward.iter().any(|to| seen.contains(&(from.as_str(), to)))
}
