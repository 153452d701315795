//! `/v1/broadcasts`.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use bridged::model::event::BroadcastOrder;
use bridged::model::{Actor, BroadcastId, BroadcastState, Happening, SenderType};
use bridged::playbook::prices::{Price, Prices};
use bridged::store::{Commit, Committed, Inbox};
use serde_json::{Value, json};

use super::house::House;

const ROUTE: &str = "/v1/broadcasts";

/// What waits for a broadcast.
async fn orders(house: &House, id: &str) -> Vec<BroadcastOrder> {
    let claim = house.store().claim(10, Duration::from_secs(60)).await.unwrap();
    let actor = Actor::Broadcast(BroadcastId::from(id));
    let events = claim.actors.into_iter().filter(|claimed| claimed.actor == actor).flat_map(|claimed| claimed.events);
    let order = |event| match event {
        Inbox::Event(event) => match event.what {
            Happening::Broadcast { order } => order,
            other => panic!("{other:?}"),
        },
        Inbox::Unreadable(_, why) => panic!("{why}"),
    };
    events.map(|(_, event)| order(event)).collect()
}

#[tokio::test]
async fn a_known_id_starts_nothing() {
    let house = House::open().await;
    let given = json!({ "playbook": "spring", "id": "s-1" });
    let (status, row) = house.api("POST", ROUTE, &given).await;
    assert_eq!(status, 201, "{row}");
    assert_eq!((&row["id"], &row["state"], &row["audience"]), (&json!("s-1"), &json!("scheduled"), &json!({ "where": "\"vip\" in contact.tags" })));
    assert_eq!((&row["started"], &row["skipped"], &row["at"]), (&json!(0), &json!({}), &row["created_at"]));
    house.pass(Duration::from_secs(60));
    let same_audience = json!({ "playbook": "spring", "id": "s-1", "audience": { "where": "\"vip\" in contact.tags" } });
    for again in [&given, &same_audience] {
        assert_eq!(house.api("POST", ROUTE, again).await, (200, row.clone()));
    }
    for other in [
        json!({ "playbook": "leads", "id": "s-1", "audience": {} }),
        json!({ "playbook": "spring", "id": "s-1", "audience": { "limit": 1 } }),
        json!({ "playbook": "spring", "id": "s-1", "at": "2026-03-02T13:00:00Z" }),
    ] {
        let (status, code, _) = house.refused("POST", ROUTE, &other).await;
        assert_eq!((status, code.as_str()), (409, "broadcast-differs"), "{other}");
    }
    assert_eq!(house.get("/v1/broadcasts/s-1").await, (200, row.clone()));
    let page = json!({ "items": [row], "next_cursor": null });
    assert_eq!(house.get(ROUTE).await, (200, page));
    assert_eq!(orders(&house, "s-1").await, [BroadcastOrder::Begin]);
}

#[tokio::test]
async fn at_its_time_and_with_a_name_made_up() {
    let house = House::open().await;
    let given = json!({ "playbook": "leads", "audience": { "list": "import-1", "limit": 5, "holdout": "5%", "exclude_recent": "7d" }, "at": "2026-03-02T14:00:00+01:00" });
    let (status, row) = house.api("POST", ROUTE, &given).await;
    assert_eq!((status, &row["at"]), (201, &json!("2026-03-02T13:00:00Z")));
    assert_eq!(row["audience"], given["audience"]);
    let id = row["id"].as_str().unwrap();
    assert!(id.starts_with("leads-") && id.len() > "leads-".len(), "{id}");
    assert!(orders(&house, id).await.is_empty(), "not yet");
    house.pass(Duration::from_secs(3_600));
    assert_eq!(orders(&house, id).await, [BroadcastOrder::Begin]);
}

#[tokio::test]
async fn mistakes_are_named() {
    let house = House::open().await;
    for (given, code, says) in [
        (json!({ "id": "x" }), "bad-field", "`playbook` is missing"),
        (json!({ "playbook": "sprin" }), "bad-field", "there is no playbook `sprin`; did you mean `spring`?"),
        (json!({ "playbook": "leads" }), "bad-field", "`leads` has no audience of its own"),
        (json!({ "playbook": "spring", "id": "a/b" }), "bad-field", "`id` must be 1 to 100 letters"),
        (json!({ "playbook": "spring", "id": "" }), "bad-field", "`id` must be 1 to 100 letters"),
        (json!({ "playbook": "spring", "at": "tomorrow" }), "bad-field", "`at` must be a time in RFC 3339 form"),
        (json!({ "playbook": "spring", "audience": "vips" }), "bad-field", "`audience` must be an object"),
        (json!({ "playbook": "spring", "audience": { "were": "true" } }), "unknown-field", "`audience.were`; did you mean `where`?"),
        (json!({ "playbook": "spring", "audience": { "where": "contact.tags in" } }), "bad-field", "`audience`: `where` can't be read"),
        (
            json!({ "playbook": "spring", "audience": { "where": "'vip' in contct.tags" } }),
            "bad-field",
            "`contct` is never set; did you mean `contact`?",
        ),
        (
            json!({ "playbook": "spring", "audience": { "where": "contact.tag" } }),
            "bad-field",
            "`contact.tag` is never set; did you mean `contact.tags`?",
        ),
        (json!({ "playbook": "spring", "audience": { "holdout": "many" } }), "bad-field", "`many` is not a share"),
        (json!({ "playbook": "spring", "audience": { "limit": -1 } }), "bad-field", "`audience.limit` must be a whole number"),
        (json!({ "playbook": "spring", "audiences": {} }), "unknown-field", "did you mean `audience`?"),
    ] {
        let (status, found, detail) = house.refused("POST", ROUTE, &given).await;
        assert_eq!((status, found.as_str()), (422, code), "{detail}");
        assert!(detail.contains(says), "{says}: {detail}");
    }
    assert_eq!(house.get(ROUTE).await.1["items"], json!([]));
    assert_eq!(house.get("/v1/broadcasts/x").await.0, 404);
}

#[tokio::test]
async fn orders_reach_the_broadcast() {
    let house = House::open().await;
    house.api("POST", ROUTE, &json!({ "playbook": "spring", "id": "s-1" })).await;
    for order in ["pause", "resume", "cancel"] {
        assert_eq!(house.api("POST", &format!("{ROUTE}/s-1/{order}"), &Value::Null).await.0, 202, "{order}");
        assert_eq!(house.refused("POST", &format!("{ROUTE}/s-2/{order}"), &Value::Null).await.0, 404, "{order}");
    }
    assert_eq!(house.refused("POST", &format!("{ROUTE}/s-1/explode"), &Value::Null).await.0, 404);
    let expected = [BroadcastOrder::Begin, BroadcastOrder::Pause, BroadcastOrder::Resume, BroadcastOrder::Cancel];
    assert_eq!(orders(&house, "s-1").await, expected);
}

#[tokio::test]
async fn totals_are_counted_and_what_is_cancelled_stays_so() {
    let house = House::open().await;
    house.api("POST", ROUTE, &json!({ "playbook": "spring", "id": "s-1" })).await;
    let claimed = house.store().claim(1, Duration::from_secs(60)).await.unwrap().actors.remove(0);
    let mut commit = Commit::new(&claimed, Vec::new());
    commit.consumed = claimed.events.iter().map(|(number, _)| *number).collect();
    let mut row = house.store().broadcast(&BroadcastId::from("s-1")).await.unwrap().unwrap();
    row.state = BroadcastState::Cancelled;
    commit.broadcast = Some(row);
    commit.counts =
        vec![("broadcast/s-1/started".to_owned(), 3), ("broadcast/s-1/skipped/no_consent".to_owned(), 2), ("broadcast/s-10/started".to_owned(), 9)];
    assert_eq!(house.store().commit(commit).await.unwrap(), Committed::Done);
    let (_, row) = house.get("/v1/broadcasts/s-1").await;
    assert_eq!((&row["state"], &row["started"], &row["skipped"]), (&json!("cancelled"), &json!(3), &json!({ "no_consent": 2 })));
    let (status, code, _) = house.refused("POST", &format!("{ROUTE}/s-1/resume"), &Value::Null).await;
    assert_eq!((status, code.as_str()), (409, "broadcast-over"));
}

#[tokio::test]
async fn one_that_may_cost_more_than_allowed_is_refused() {
    let prices = Prices {
        currency: "USD".to_owned(),
        max_cost: Some(0.03),
        per_segment: [("+1".to_owned(), [(SenderType::LongCode, Price { low: 0.01, high: 0.02 })].into())].into(),
    };
    let house = House::with_prices(prices).await;
    let people = json!([{ "phone": "+15125550101", "tags": ["vip"] }, { "phone": "+15125550102", "tags": ["vip"] }]);
    house.api("PUT", "/v1/contacts", &people).await;
    let given = json!({ "playbook": "spring", "id": "s-1" });
    let (status, code, detail) = house.refused("POST", ROUTE, &given).await;
    assert_eq!((status, code.as_str()), (422, "too-dear"));
    assert!(detail.starts_with("`spring` would cost 0.02 to 0.04 USD for 2 texts, and `max_cost` allows 0.03; narrow the audience"), "{detail}");
    assert!(house.store().broadcast(&BroadcastId::from("s-1")).await.unwrap().is_none(), "nothing was made");
    let fewer = json!({ "playbook": "spring", "id": "s-1", "audience": { "where": "\"vip\" in contact.tags", "limit": 1 } });
    assert_eq!(house.api("POST", ROUTE, &fewer).await.0, 201);
}
