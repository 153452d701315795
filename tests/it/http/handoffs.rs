//! `/v1/handoffs`.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use bridged::model::{Actor, HandoffRow, HandoffState, Happening, Phone, Time};
use bridged::store::Inbox;
use serde_json::{Value, json};

use super::house::{ANA, House, START, send};

/// An open hand-off.
fn row(id: &str, state: HandoffState) -> HandoffRow {
    HandoffRow {
        id: id.into(),
        contact: Phone::from(ANA),
        conversation: "1-1".into(),
        queue: "sales".to_owned(),
        agent: None,
        state,
        priority: "normal".to_owned(),
        note: "wants a loft".to_owned(),
        overdue: false,
        opened_at: Time(START),
        closed_at: (!state.is_open()).then_some(Time(START)),
    }
}

/// Leaves an open hand-off in the store.
pub async fn with_handoff(house: &House, id: &str) {
    house.commit(ANA, |commit| commit.handoffs.push(row(id, HandoffState::Requested))).await;
}

async fn events(house: &House) -> Vec<Happening> {
    let claim = house.store().claim(10, Duration::from_secs(60)).await.unwrap();
    let events = claim.actors.into_iter().filter(|claimed| claimed.actor == Actor::Contact(Phone::from(ANA))).flat_map(|claimed| claimed.events);
    events.map(|(_, event)| if let Inbox::Event(event) = event { event.what } else { panic!("unreadable") }).collect()
}

#[tokio::test]
async fn people_answer_and_close() {
    let house = House::open().await;
    with_handoff(&house, "h-1").await;
    let (status, page) = house.get("/v1/handoffs?state=open&queue=sales").await;
    assert_eq!(status, 200);
    let row = &page["items"][0];
    assert_eq!((&row["id"], &row["contact"], &row["state"], &row["note"]), (&json!("h-1"), &json!(ANA), &json!("requested"), &json!("wants a loft")));
    assert_eq!(house.get("/v1/handoffs?queue=support").await.1["items"], json!([]));
    assert_eq!(house.api("POST", "/v1/handoffs/h-1/reply", &json!({ "text": "Hi, Ana!" })).await.0, 202);
    assert_eq!(house.api("POST", "/v1/handoffs/h-1/close", &json!({ "outcome": "sold" })).await.0, 202);
    assert_eq!(house.api("POST", "/v1/handoffs/h-1/close", &Value::Null).await.0, 202);
    let closed = |outcome: &str| Happening::AgentClosed { handoff: "h-1".into(), outcome: outcome.to_owned(), agent: "api".to_owned() };
    let text = Happening::AgentText { handoff: "h-1".into(), text: "Hi, Ana!".to_owned(), agent: "api".to_owned() };
    assert_eq!(events(&house).await, [text, closed("sold"), closed("closed")]);
}

#[tokio::test]
async fn people_in_the_console_are_named_so() {
    let house = House::open().await;
    with_handoff(&house, "h-1").await;
    let login = send(house.private, "POST", "/login", &[], format!("token={}", super::house::CONSOLE_TOKEN).as_bytes()).await;
    let cookie = login.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(send(house.private, "POST", "/v1/handoffs/h-1/reply", &[("Cookie", &cookie)], br#"{"text":"Hi"}"#).await.status, 202);
    let [Happening::AgentText { agent, .. }] = &events(&house).await[..] else { panic!("no text") };
    assert_eq!(agent, "console");
}

#[tokio::test]
async fn what_is_over_or_wrong_is_refused() {
    let house = House::open().await;
    with_handoff(&house, "h-1").await;
    for (given, code) in [
        (json!({}), "bad-field"),
        (json!({ "text": "  " }), "bad-field"),
        (json!({ "text": "x".repeat(1_601) }), "bad-field"),
        (json!({ "text": "x", "outcome": "y" }), "unknown-field"),
    ] {
        let (status, found, detail) = house.refused("POST", "/v1/handoffs/h-1/reply", &given).await;
        assert_eq!((status, found.as_str()), (422, code), "{detail}");
    }
    assert_eq!(house.refused("POST", "/v1/handoffs/h-2/reply", &json!({ "text": "x" })).await.0, 404);
    house.commit(ANA, |commit| commit.handoffs.push(row("h-1", HandoffState::TimedOut))).await;
    for (path, given) in [("reply", json!({ "text": "x" })), ("close", json!({ "outcome": "y" }))] {
        let (status, code, detail) = house.refused("POST", &format!("/v1/handoffs/h-1/{path}"), &given).await;
        assert_eq!((status, code.as_str()), (409, "handoff-over"));
        assert!(detail.contains("timed_out"), "{detail}");
    }
    assert!(events(&house).await.is_empty());
}
