//! `settle` and `report`: every order ends alike.

use bridged::model::{Happening, MessageStatus, Priority, Time};
use bridged::store::{Outcome, Report, Reported};
use proptest::prelude::*;

use super::world::{World, accepted, phone, refused, report, text};

/// One text under way.
async fn under_way(w: &World) {
    w.fast().await;
    w.queue(vec![text(&phone(1), "m1", Priority::Other)]).await;
    assert_eq!(w.ids().await, ["m1"]);
    assert_eq!(w.status("m1").await, MessageStatus::Sending);
}

/// What a contact is told of an accepted text.
fn sent() -> Happening {
    Happening::Sent { message: "m1".into(), sid: Some("SMm1".to_owned()) }
}

pub async fn an_accepted_text_is_told_once(w: &World) {
    under_way(w).await;
    assert!(w.settle("m1", 1, Outcome::Accepted { sid: "SMm1".to_owned(), segments: Some(2) }).await);
    assert!(!w.settle("m1", 1, accepted("m1")).await);
    let message = w.store.message(&"m1".into()).await.unwrap().unwrap();
    assert_eq!((message.status, message.segments, message.sid.as_deref()), (MessageStatus::Accepted, 2, Some("SMm1")));
    assert_eq!(w.told(&phone(1)).await, [sent()]);
    let words: Vec<&str> = message.history.iter().map(|(_, word)| word.as_str()).collect();
    assert_eq!(words, ["queued", "sending", "accepted"]);
}

pub async fn a_refused_text_is_told_and_the_next_goes(w: &World) {
    under_way(w).await;
    w.queue(vec![text(&phone(1), "m2", Priority::Other)]).await;
    assert!(w.settle("m1", 1, refused()).await);
    assert_eq!(w.told(&phone(1)).await, [Happening::NotSent { message: "m1".into(), code: Some(21_211), why: "not a number".to_owned() }]);
    let message = w.store.message(&"m1".into()).await.unwrap().unwrap();
    assert_eq!((message.status, message.code), (MessageStatus::Failed, Some(21_211)));
    assert_eq!(w.ids().await, ["m2"]);
}

pub async fn a_report_before_the_settlement_binds(w: &World) {
    under_way(w).await;
    assert_eq!(w.store.report(report("m1", "sent")).await.unwrap(), Reported::Moved);
    assert!(!w.settle("m1", 1, accepted("m1")).await, "it is settled");
    assert_eq!(w.told(&phone(1)).await, [sent()]);
    let message = w.store.message(&"m1".into()).await.unwrap().unwrap();
    assert_eq!((message.status, message.sid.as_deref()), (MessageStatus::Sent, Some("SMm1")));
    assert_eq!(w.store.report(report("m1", "sent")).await.unwrap(), Reported::Noted);
    assert_eq!(w.store.message(&"m1".into()).await.unwrap().unwrap(), message, "the same one twice changes nothing");
}

pub async fn a_report_of_a_text_put_back_keeps_it_from_going_again(w: &World) {
    under_way(w).await;
    w.settle("m1", 1, Outcome::Later(Time(0))).await;
    assert_eq!(w.store.report(report("m1", "delivered")).await.unwrap(), Reported::Moved);
    assert!(w.ids().await.is_empty());
    assert_eq!(w.status("m1").await, MessageStatus::Delivered);
    assert_eq!(w.told(&phone(1)).await, [sent()]);
    w.queue(vec![text(&phone(1), "m2", Priority::Other)]).await;
    assert_eq!(w.store.report(report("m2", "sent")).await.unwrap(), Reported::Noted, "never tried, so it can't have been sent");
    assert_eq!(w.ids().await, ["m2"]);
}

pub async fn an_undelivered_text_is_told_once(w: &World) {
    under_way(w).await;
    w.accept("m1").await;
    let failed = |word: &str| Report { code: Some(30_003), ..report("m1", word) };
    assert_eq!(w.store.report(failed("undelivered")).await.unwrap(), Reported::Moved);
    assert_eq!(w.store.report(failed("undelivered")).await.unwrap(), Reported::Noted);
    assert_eq!(w.store.report(failed("failed")).await.unwrap(), Reported::Noted);
    let undelivered = Happening::Undelivered { message: "m1".into(), status: "undelivered".to_owned(), code: Some(30_003) };
    assert_eq!(w.told(&phone(1)).await, [sent(), undelivered]);
    assert_eq!(w.store.message(&"m1".into()).await.unwrap().unwrap().code, Some(30_003));
}

pub async fn an_unknown_report_changes_nothing(w: &World) {
    assert_eq!(w.store.report(report("m9", "sent")).await.unwrap(), Reported::Unknown);
    under_way(w).await;
    let odd = Report { status: None, ..report("m1", "pondering") };
    w.accept("m1").await;
    assert_eq!(w.store.report(odd).await.unwrap(), Reported::Noted);
    let message = w.store.message(&"m1".into()).await.unwrap().unwrap();
    assert_eq!(message.status, MessageStatus::Accepted);
    assert!(message.history.iter().any(|(_, word)| word == "pondering"), "its word is kept");
}

pub async fn a_report_by_twilios_name_finds_the_text(w: &World) {
    under_way(w).await;
    w.accept("m1").await;
    assert_eq!(w.store.report(Report { message: None, ..report("m1", "delivered") }).await.unwrap(), Reported::Moved);
    assert_eq!(w.status("m1").await, MessageStatus::Delivered);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Callbacks and the settlement in any order, with doubles: the highest rank stays, and the contact hears of it once.
    #[test]
    fn any_order_of_callbacks_ends_at_the_highest_rank(words in prop::collection::vec(0usize..5, 1..9), settled_at in 0usize..9) {
        const WORDS: [&str; 5] = ["accepted", "queued", "sent", "delivered", "read"];
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            for w in World::all().await {
                under_way(&w).await;
                for (at, word) in words.iter().enumerate() {
                    if at == settled_at {
                        w.settle("m1", 1, accepted("m1")).await;
                    }
                    let status = MessageStatus::parse(WORDS[*word]).or(Some(MessageStatus::Accepted)).filter(|status| *status != MessageStatus::Queued);
                    w.store.report(Report { status, ..report("m1", WORDS[*word]) }).await.unwrap();
                }
                w.settle("m1", 1, accepted("m1")).await;
                let highest = words.iter().filter_map(|word| MessageStatus::parse(WORDS[*word])?.rank()).max().unwrap_or(0).max(1);
                assert_eq!(w.status("m1").await.rank(), Some(highest), "{words:?}");
                assert_eq!(w.told(&phone(1)).await, [sent()]);
            }
        });
    }
}
