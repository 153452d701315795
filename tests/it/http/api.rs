//! `/v1/contacts`.

#![allow(clippy::unwrap_used)]

use bridged::model::{Act, Phone};
use serde_json::{Value, json};

use super::house::{ANA, House};

#[tokio::test]
async fn fields_are_written_cleared_and_kept() {
    let house = House::open().await;
    let first = json!({ "phone": ANA, "first_name": "Ana", "budget": 7, "vip": true, "last_order_at": "2026-03-01T00:00:00Z", "timezone": "America/Chicago",
        "tags": ["a", "b"], "lists": ["import-1"], "consent": ["marketing"], "consent_source": "form" });
    let (status, row) = house.api("PUT", "/v1/contacts", &first).await;
    assert_eq!(status, 200, "{row}");
    assert_eq!(row["created_at"].as_str().unwrap().split('.').next(), Some("2026-03-02T12:00:00"));
    let (_, row) = house.api("PUT", "/v1/contacts", &json!({ "phone": ANA, "budget": null, "tags": ["c"], "untag": ["a"], "consent": null })).await;
    let (status, read) = house.get("/v1/contacts/%2B15125550101").await;
    assert_eq!((status, &read), (200, &row));
    assert_eq!(house.get("/v1/contacts/+15125550101").await.1, row);
    for (field, value) in [
        ("id", json!(ANA)),
        ("phone", json!(ANA)),
        ("first_name", json!("Ana")),
        ("last_name", Value::Null),
        ("budget", Value::Null),
        ("vip", json!(true)),
        ("tags", json!(["b", "c"])),
        ("lists", json!(["import-1"])),
        ("consent", json!([])),
        ("opted_out", json!(false)),
    ] {
        assert_eq!(row[field], value, "{field}: {row}");
    }
    let ledger = house.store().consent(&Phone::from(ANA)).await.unwrap();
    let acts: Vec<(Act, &str)> = ledger.iter().map(|entry| (entry.act, entry.source.as_str())).collect();
    assert_eq!(acts, [(Act::Grant, "form"), (Act::Revoke, "api")]);
}

#[tokio::test]
async fn mistakes_are_named_and_change_nothing() {
    let house = House::open().await;
    for (given, code, says) in [
        (json!({}), "bad-field", "`phone` is missing"),
        (json!({ "phone": "512-555-0123" }), "bad-field", "`phone` must be a phone number with its country code, like `+15125550123`"),
        (json!({ "phone": 15125550123_u64 }), "bad-field", "`phone` must be a text"),
        (json!({ "phone": ANA, "first_nam": "x" }), "unknown-field", "did you mean `first_name`?"),
        (json!({ "phone": ANA, "tag": "x" }), "unknown-field", "did you mean `tags`?"),
        (json!({ "phone": ANA, "created_at": "2026-03-01T00:00:00Z" }), "bad-field", "`created_at` is kept by the daemon"),
        (json!({ "phone": ANA, "budget": "7" }), "bad-field", "`budget` must be a number"),
        (json!({ "phone": ANA, "plan": 7 }), "bad-field", "`plan` must be a text"),
        (json!({ "phone": ANA, "vip": "yes" }), "bad-field", "`vip` must be true or false"),
        (json!({ "phone": ANA, "last_order_at": "yesterday" }), "bad-field", "`last_order_at` must be a time"),
        (json!({ "phone": ANA, "score": [] }), "bad-field", "`score` must be a text, a number, true or false"),
        (json!({ "phone": ANA, "timezone": "Chicago" }), "bad-field", "`timezone` must be the IANA name"),
        (json!({ "phone": ANA, "tags": "x", "opted_out": "no" }), "bad-field", "`opted_out` must be true or false"),
        (json!({ "phone": ANA, "tags": null }), "bad-field", "`tags` can't be null"),
        (json!({ "phone": ANA, "tags": [1] }), "bad-field", "`tags` must be a list of texts"),
        (json!({ "phone": ANA, "consent": true }), "bad-field", "`consent` must be a list of texts"),
        (json!("x"), "bad-field", "must be an object"),
        (json!([{ "phone": ANA }, { "phone": "x" }]), "bad-field", "`[1].phone` must be"),
        (json!([{ "phone": ANA }, 7]), "bad-field", "`[1]` must be an object"),
        (json!(vec![json!({ "phone": ANA }); 51]), "too-many", "at most 50"),
    ] {
        let (status, found, detail) = house.refused("PUT", "/v1/contacts", &given).await;
        assert_eq!((status, found.as_str()), (422, code), "{detail}");
        assert!(detail.contains(says), "{says}: {detail}");
    }
    assert!(house.store().contact(&Phone::from(ANA)).await.unwrap().is_none());
    let token = format!("Bearer {}", super::house::CONSOLE_TOKEN);
    let reply = super::house::send(house.private, "PUT", "/v1/contacts", &[("Authorization", &token)], b"{\"phone\":\n").await;
    assert_eq!((reply.status, reply.json()["detail"].as_str()), (400, Some("the body is not JSON: line 2, column 0")));
}

#[tokio::test]
async fn lists_of_fifty_are_taken_whole() {
    let house = House::open().await;
    let list: Vec<Value> = (0..50).map(|n| json!({ "phone": format!("+151255501{n:02}"), "tags": ["hot"] })).collect();
    let (status, page) = house.api("PUT", "/v1/contacts", &json!(list)).await;
    assert_eq!((status, page["items"].as_array().map(Vec::len), &page["next_cursor"]), (200, Some(50), &Value::Null));
    assert_eq!(page["items"][7]["phone"], "+15125550107");
    // `hot` starts a playbook.
    assert_eq!(house.waiting("+15125550149").await, 1);
    assert_eq!(house.api("PUT", "/v1/contacts", &json!([])).await.1["items"], json!([]));
    let (_, first) = house.get("/v1/contacts?limit=49").await;
    let (_, last) = house.get(&format!("/v1/contacts?limit=49&cursor={}", first["next_cursor"].as_str().unwrap())).await;
    assert_eq!((first["items"].as_array().map(Vec::len), &last["items"][0]["phone"]), (Some(49), &json!("+15125550149")));
    assert_eq!((last["items"].as_array().map(Vec::len), &last["next_cursor"]), (Some(1), &Value::Null));
    assert_eq!(house.get("/v1/contacts?limit=50").await.1["next_cursor"], Value::Null);
    let (status, code, _) = house.refused("GET", "/v1/contacts/%FF", &Value::Null).await;
    assert_eq!((status, code.as_str()), (400, "bad-request"));
}

#[tokio::test]
async fn the_erased_are_unknown_but_stay_opted_out() {
    let house = House::open().await;
    for number in ["+15125550101", "no-number"] {
        let (status, code, _) = house.refused("DELETE", &format!("/v1/contacts/{number}"), &Value::Null).await;
        assert_eq!((status, code.as_str()), (404, "not-found"));
    }
    house.api("PUT", "/v1/contacts", &json!({ "phone": ANA, "first_name": "Ana", "opted_out": true })).await;
    assert_eq!(house.api("DELETE", "/v1/contacts/%2B15125550101", &Value::Null).await.0, 204);
    assert_eq!(house.get("/v1/contacts/+15125550101").await.0, 404);
    let (_, row) = house.api("PUT", "/v1/contacts", &json!({ "phone": ANA })).await;
    assert_eq!((&row["opted_out"], &row["first_name"]), (&json!(true), &Value::Null));
}
