//! `/v1/conversations`, `/v1/messages`, `/v1/playbooks`: rows, filters, pages.

#![allow(clippy::unwrap_used)]

use bridged::model::{ConversationRow, ConversationState, MessageStatus, Phone, PlanHash, Time};
use serde_json::{Map, Value, json};

use super::house::{ANA, House, START, message};

/// Leaves a conversation in the store.
pub async fn with_conversation(house: &House, id: &str, change: impl FnOnce(&mut ConversationRow)) {
    let mut row = ConversationRow {
        id: id.into(),
        contact: Phone::from(ANA),
        playbook: "leads".to_owned(),
        version: house.doors.plans.now().by_name("leads").unwrap().hash.clone(),
        key: None,
        state: ConversationState::Listening,
        step: Some("budget".to_owned()),
        outcome: None,
        goal: false,
        broadcast: None,
        vars: Map::new(),
        started_at: Time(START),
        ended_at: None,
    };
    change(&mut row);
    let phone = row.contact.0.clone();
    house.commit(&phone, |commit| commit.conversations.push(row)).await;
}

/// Ends a conversation.
fn end(row: &mut ConversationRow) {
    row.state = ConversationState::Ended;
    row.outcome = Some("done".to_owned());
    row.ended_at = Some(Time(START));
}

fn ids(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap_or_else(|| panic!("{page}")).iter().map(|row| row["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn conversations_by_filter() {
    let house = House::open().await;
    with_conversation(&house, "1-1", end).await;
    with_conversation(&house, "1-2", |row| row.state = ConversationState::WithPerson).await;
    with_conversation(&house, "2-1", |row| row.contact = Phone::from("+15125550102")).await;
    with_conversation(&house, "1-3", |row| row.playbook = "spring".to_owned()).await;
    for (query, found) in [
        ("", vec!["1-3", "2-1", "1-2", "1-1"]),
        ("?contact=%2B15125550101", vec!["1-3", "1-2", "1-1"]),
        ("?contact=+15125550102", vec!["2-1"]),
        ("?contact=whatsapp:+15125550102", vec!["2-1"]),
        ("?playbook=spring", vec!["1-3"]),
        ("?playbook=unknown", vec![]),
        ("?state=live", vec!["1-3", "2-1", "1-2"]),
        ("?state=ended", vec!["1-1"]),
        ("?state=with_person&contact=%2B15125550101", vec!["1-2"]),
        ("?state=sending", vec![]),
    ] {
        let (status, page) = house.get(&format!("/v1/conversations{query}")).await;
        assert_eq!((status, ids(&page)), (200, found), "{query}");
        assert_eq!(page["next_cursor"], Value::Null);
    }
    for (query, code, says) in [
        ("?state=lve", "bad-field", "`state` must be one of `sending`, `listening`"),
        ("?stat=live", "unknown-field", "did you mean `state`?"),
        ("?contact=ana", "bad-field", "`contact` must be a phone number"),
        ("?limit=0", "bad-field", "`limit` must be a whole number from 1 to 500"),
        ("?cursor=x", "bad-field", "`cursor` must be the `next_cursor` of an earlier page"),
    ] {
        let (status, found, detail) = house.refused("GET", &format!("/v1/conversations{query}"), &Value::Null).await;
        assert_eq!((status, found.as_str()), (422, code), "{query}");
        assert!(detail.contains(says), "{detail}");
    }
}

#[tokio::test]
async fn a_conversation_tells_what_was_said() {
    let house = House::open().await;
    with_conversation(&house, "1-1", end).await;
    house
        .commit(ANA, |commit| {
            let mut other = message("m-3", MessageStatus::Queued);
            other.conversation = Some("1-2".into());
            commit.messages = vec![message("m-1", MessageStatus::Delivered), message("m-2", MessageStatus::Held), other];
        })
        .await;
    let (status, row) = house.get("/v1/conversations/1-1").await;
    assert_eq!(status, 200);
    for (field, value) in [
        ("id", json!("1-1")),
        ("contact", json!(ANA)),
        ("playbook", json!("leads")),
        ("key", Value::Null),
        ("state", json!("ended")),
        ("step", json!("budget")),
        ("outcome", json!("done")),
        ("started_at", json!("2026-03-02T12:00:00Z")),
        ("ended_at", json!("2026-03-02T12:00:00Z")),
    ] {
        assert_eq!(row[field], value, "{field}");
    }
    let said: Vec<&Value> = row["history"].as_array().unwrap().iter().map(|message| &message["id"]).collect();
    assert_eq!(said, ["m-1", "m-2"]);
    assert_eq!(house.get("/v1/conversations/9-9").await.0, 404);
}

#[tokio::test]
async fn messages_by_filter_and_page() {
    let house = House::open().await;
    house
        .commit(ANA, |commit| {
            commit.messages =
                vec![message("m-1", MessageStatus::Delivered), message("m-2", MessageStatus::Held), message("m-3", MessageStatus::Held)];
        })
        .await;
    let (_, page) = house.get("/v1/messages?status=held&contact=%2B15125550101&since=2026-03-02T12:00:00Z").await;
    assert_eq!(ids(&page), ["m-3", "m-2"]);
    let row = &page["items"][0];
    for (field, value) in [
        ("direction", json!("outbound")),
        ("to", json!(ANA)),
        ("body", json!("Hi")),
        ("segments", json!(1)),
        ("status", json!("held")),
        ("reason", json!("window")),
        ("code", Value::Null),
        ("sid", Value::Null),
        ("conversation", json!("1-1")),
        ("step", json!("budget")),
        ("created_at", json!("2026-03-02T12:00:00Z")),
        ("history", json!([{ "at": "2026-03-02T12:00:00Z", "status": "held" }])),
    ] {
        assert_eq!(row[field], value, "{field}");
    }
    assert_eq!(ids(&house.get("/v1/messages?since=2026-03-02T12:00:01Z").await.1), [""; 0]);
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let (_, page) = house.get(&format!("/v1/messages?limit=1&cursor={cursor}")).await;
        found.extend(ids(&page).iter().map(|id| (*id).to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(found, ["m-3", "m-2", "m-1"]);
    assert_eq!(house.get("/v1/messages?limit=501").await.0, 200);
    assert_eq!(house.refused("GET", "/v1/messages?status=lost", &Value::Null).await.0, 422);
}

#[tokio::test]
async fn playbooks_with_who_stands_where() {
    let house = House::open().await;
    with_conversation(&house, "1-1", |_| {}).await;
    with_conversation(&house, "1-2", |row| row.version = PlanHash::from("older")).await;
    with_conversation(&house, "1-3", |row| row.step = None).await;
    with_conversation(&house, "1-4", end).await;
    with_conversation(&house, "1-5", |row| row.playbook = "gone".to_owned()).await;
    let (_, page) = house.get("/v1/playbooks").await;
    assert_eq!(ids(&page), ["calls", "gone", "leads", "spring"]);
    let (status, leads) = house.get("/v1/playbooks/leads").await;
    let current = house.doors.plans.now().by_name("leads").unwrap().hash.0.clone();
    assert_eq!((status, &leads["version"], &leads["live"], &leads["faults"]), (200, &json!(current), &json!(3), &json!([])));
    let versions = json!([
        { "version": current, "current": true, "live": 2, "steps": { "": 1, "budget": 1 } },
        { "version": "older", "current": false, "live": 1, "steps": { "budget": 1 } },
    ]);
    assert_eq!(leads["versions"], versions);
    assert_eq!(house.get("/v1/playbooks/gone").await.1["version"], Value::Null);
    assert_eq!(house.get("/v1/playbooks/unknown").await.0, 404);
}
