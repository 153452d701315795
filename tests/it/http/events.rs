//! `/v1/events`.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use bridged::model::Happening;
use bridged::store::Inbox;
use serde_json::{Value, json};

use super::house::{ANA, House};

fn event(id: &str, phone: &str) -> Value {
    json!({ "event": "lead.created", "contact": { "phone": phone, "first_name": "Ana" }, "data": { "order": 7 }, "key": 12, "id": id })
}

#[tokio::test]
async fn an_event_writes_the_contact_and_waits_for_it() {
    let house = House::open().await;
    let (status, answer) = house.api("POST", "/v1/events", &event("e1", ANA)).await;
    assert_eq!((status, answer), (202, json!({ "accepted": 1, "duplicates": 0 })));
    let (status, answer) = house.api("POST", "/v1/events", &event("e1", ANA)).await;
    assert_eq!((status, answer), (202, json!({ "accepted": 0, "duplicates": 1 })));
    assert_eq!(house.get("/v1/contacts/+15125550101").await.1["first_name"], "Ana");
    let claimed = house.store().claim(1, Duration::from_secs(1)).await.unwrap().actors.remove(0);
    let [(_, Inbox::Event(found))] = &claimed.events[..] else { panic!("{claimed:?}") };
    let expected = Happening::Api { name: "lead.created".to_owned(), data: json!({ "order": 7 }), key: Some("12".to_owned()) };
    assert_eq!(found.what, expected);
}

#[tokio::test]
async fn without_an_id_each_counts() {
    let house = House::open().await;
    let bare = json!({ "event": "lead.created", "contact": { "phone": ANA } });
    for waiting in 1..=2 {
        assert_eq!(house.api("POST", "/v1/events", &bare).await.0, 202);
        assert_eq!(house.waiting(ANA).await, waiting);
    }
}

#[tokio::test]
async fn a_list_is_taken_whole_or_not_at_all() {
    let house = House::open().await;
    let list: Vec<Value> = (0..50).map(|n| event(&format!("e{n}"), &format!("+151255501{n:02}"))).collect();
    let (status, answer) = house.api("POST", "/v1/events", &json!([list[0], list[0], list[1]])).await;
    assert_eq!((status, answer), (202, json!({ "accepted": 2, "duplicates": 1 })));
    let (_, answer) = house.api("POST", "/v1/events", &json!(list)).await;
    assert_eq!(answer, json!({ "accepted": 48, "duplicates": 2 }));
    let mut broken: Vec<Value> = (60..70).map(|n| event(&format!("e{n}"), &format!("+151255501{n:02}"))).collect();
    broken[9]["contact"]["phone"] = json!("x");
    let (status, _, detail) = house.refused("POST", "/v1/events", &json!(broken)).await;
    assert_eq!(status, 422);
    assert!(detail.starts_with("`[9].contact.phone` must be a phone number"), "{detail}");
    assert!(house.peek("+15125550160").await.is_none());
}

#[tokio::test]
async fn mistakes_are_named() {
    let house = House::open().await;
    let good = event("e1", ANA);
    for (field, value, code, says) in [
        ("event", Value::Null, "bad-field", "`event` is missing"),
        ("event", json!(" "), "bad-field", "`event` is missing"),
        ("contact", Value::Null, "bad-field", "`contact` is missing; give at least its `phone`"),
        ("contact", json!({ "phone": ANA, "first_nam": "x" }), "unknown-field", "`contact.first_nam`; did you mean `first_name`?"),
        ("data", json!([1]), "bad-field", "`data` must be an object"),
        ("key", json!({}), "bad-field", "`key` must be a text"),
        ("id", json!(""), "bad-field", "`id` is empty"),
        ("id", json!("x".repeat(201)), "bad-field", "`id` is longer than 200 characters"),
        ("dat", json!({}), "unknown-field", "did you mean `data`?"),
        ("payload", json!({}), "unknown-field", "known are `event`, `contact`, `data`, `key`, `id`"),
    ] {
        let mut given = good.clone();
        given[field] = value;
        let (status, found, detail) = house.refused("POST", "/v1/events", &given).await;
        assert_eq!((status, found.as_str()), (422, code), "{detail}");
        assert!(detail.contains(says), "{says}: {detail}");
    }
    let (status, code, detail) = house.refused("POST", "/v1/events", &json!(vec![good; 51])).await;
    assert_eq!((status, code.as_str()), (422, "too-many"));
    assert!(detail.contains("at most 50"), "{detail}");
    assert!(house.peek(ANA).await.is_none());
}
