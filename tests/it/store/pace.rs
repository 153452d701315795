//! Pace by virtual time: whatever the load, no window of a second or a minute holds more than a lane or the account may send.

use std::time::Duration;

use bridged::model::pace::Pace;
use bridged::model::{Outgoing, Priority, Time};
use bridged::store::{LaneSpeed, SendKind, Speeds};
use proptest::prelude::*;

use super::world::{World, phone, text};

/// One text that went out.
struct Gone {
    /// When.
    at: Time,
    /// From which lane.
    lane: String,
    /// Who it was for.
    priority: Priority,
    /// In segments.
    cost: u32,
}

/// Runs a world until nothing waits, or for that many claims; each claim comes late by one of the delays.
async fn drain(w: &World, late: &[u64], claims: usize) -> Vec<Gone> {
    let mut gone = Vec::new();
    for turn in 0..claims {
        let sends = w.store.claim_sends(SendKind::Texts, 100, Duration::from_secs(15)).await.unwrap();
        for send in sends.sends {
            let Outgoing { id, lane, priority, cost, .. } = send.outgoing;
            gone.push(Gone { at: sends.now, lane, priority, cost });
            w.accept(id.as_str()).await;
        }
        let Some(next) = sends.next else { break };
        w.clock.set(Time(next.0.max(sends.now.0)));
        w.clock.pass(Duration::from_micros(late[turn % late.len()]));
    }
    gone
}

/// The most segments that any window of that length holds, but for the last text, which may reach beyond it.
fn fullest<'a>(gone: impl Iterator<Item = &'a Gone> + Clone, window: i64) -> u32 {
    let inside = |start: &Gone| {
        let texts: Vec<u32> = gone.clone().filter(|text| text.at.0 >= start.at.0 && text.at.0 < start.at.0 + window).map(|text| text.cost).collect();
        texts.iter().sum::<u32>() - texts.last().unwrap() + 1
    };
    gone.clone().map(inside).max().unwrap_or(0)
}

/// Lanes at these speeds, of which the first two count for an account.
async fn settings(w: &World, mps: [u32; 3], account: u32, reserve: f64) {
    let lane = |n: usize| (format!("l{n}"), LaneSpeed { pace: Pace::per_second(f64::from(mps[n])), account: n < 2 });
    let speeds = Speeds { lanes: (0..3).map(lane).collect(), account: Some(Pace::per_second(f64::from(account))), reserve, hold_all: false };
    w.store.set_speeds(speeds).await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn no_window_is_overfilled(
        texts in prop::collection::vec((0usize..3, 0usize..3, 1u32..5), 20..120),
        mps in prop::array::uniform3(1u32..40),
        account in 1u32..40,
        reserve in 0.0f64..0.5,
        late in prop::collection::vec(0u64..30_000, 1..8),
    ) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            for w in World::all().await {
                settings(&w, mps, account, reserve).await;
                for (n, (lane, priority, cost)) in (0u32..).zip(&texts) {
                    let made = Outgoing { lane: format!("l{lane}"), cost: *cost, ..text(&phone(n), &format!("m{n}"), Priority::ALL[*priority]) };
                    w.queue(vec![made]).await;
                }
                let gone = drain(&w, &late, 10_000).await;
                assert_eq!(gone.len(), texts.len(), "all went");
                for window in [1u32, 60] {
                    let length = i64::from(window) * 1_000_000;
                    for (n, limit) in mps.iter().enumerate() {
                        let lane = format!("l{n}");
                        let full = fullest(gone.iter().filter(|text| text.lane == lane), length);
                        assert!(full <= limit * window, "{full} in {window} s on a lane of {limit} a second");
                    }
                    let full = fullest(gone.iter().filter(|text| text.lane != "l2"), length);
                    assert!(full <= account * window, "{full} in {window} s on an account of {account} a second");
                    let bulk = gone.iter().filter(|text| text.lane != "l2" && text.priority == Priority::Bulk);
                    let share = (f64::from(account * window) * (1.0 - reserve)).ceil() as u32;
                    assert!(fullest(bulk, length) <= share, "bulk took of what is kept for replies");
                }
            }
        });
    }
}

/// Speed is not wasted either: with everything on time a lane sends at its pace, but for the guard.
#[tokio::test]
async fn a_busy_lane_sends_at_its_pace() {
    for w in World::all().await {
        settings(&w, [10, 10, 10], 1_000, 0.0).await;
        for n in 0..101 {
            w.queue(vec![Outgoing { lane: "l2".to_owned(), ..text(&phone(n), &format!("m{n}"), Priority::Bulk) }]).await;
        }
        let gone = drain(&w, &[3_000], 10_000).await;
        let took = gone.last().unwrap().at.0 - gone[0].at.0;
        assert!((10_000_000..10_200_000).contains(&took), "100 texts after the first at 10 a second took {took} µs");
    }
}

/// A reply takes the very next slot of a lane that is busy with bulk.
#[tokio::test]
async fn a_reply_takes_the_next_slot() {
    for w in World::all().await {
        settings(&w, [1, 1, 1], 1, 0.1).await;
        for n in 0..5 {
            w.queue(vec![Outgoing { lane: "l0".to_owned(), ..text(&phone(n), &format!("m{n}"), Priority::Bulk) }]).await;
        }
        assert_eq!(w.ids().await.len(), 1);
        w.queue(vec![Outgoing { lane: "l1".to_owned(), ..text(&phone(9), "reply", Priority::Reply) }]).await;
        assert!(w.ids().await.is_empty(), "the account is spent, on whatever lane");
        w.pass(2);
        assert_eq!(w.ids().await, ["reply"]);
    }
}
