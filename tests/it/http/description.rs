//! `/openapi.json` tells the truth: its routes are those that answer, and answers have the fields it names.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::house::{ANA, House, message, send};
use bridged::model::MessageStatus;

/// Method and path of each operation, with the names in braces filled in.
fn operations(document: &Value) -> Vec<(String, String)> {
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, item)| item.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone())));
    all.map(|(method, path)| (method, path.replace("{phone}", ANA).replace("{order}", "pause").replace("{id}", "x").replace("{name}", "leads")))
        .collect()
}

#[tokio::test]
async fn every_route_needs_the_token() {
    let house = House::open().await;
    let (status, document) = house.get("/openapi.json").await;
    assert_eq!((status, document["openapi"].as_str()), (200, Some("3.1.0")));
    let operations = operations(&document);
    assert!(operations.len() >= 20, "{operations:#?}");
    let wrong = format!("Bearer {}", "x".repeat(64));
    for (method, path) in &operations {
        for headers in [vec![], vec![("Authorization", wrong.as_str())], vec![("Cookie", "bridged_session=ended")]] {
            assert_eq!(send(house.private, method, path, &headers, b"{}").await.status, 401, "{method} {path} {headers:?}");
        }
        let (status, _) = match method.as_str() {
            "GET" if path == "/metrics" => (200, Value::Null),
            "GET" => house.get(path).await,
            _ => house.api(method, path, &json!({})).await,
        };
        assert!(![401, 405, 500].contains(&status), "{method} {path}: {status}");
    }
}

/// The schema of an answer, references followed.
fn schema<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(name) => document.pointer(name.trim_start_matches('#')).unwrap_or_else(|| panic!("{name} is missing")),
        None => schema,
    }
}

/// Whether a value has the fields that its schema names, and no others.
fn compare(document: &Value, named: &Value, value: &Value, place: &str) {
    let named = schema(document, named);
    if let Some(parts) = named["allOf"].as_array() {
        let fields: serde_json::Map<String, Value> =
            parts.iter().flat_map(|part| schema(document, part)["properties"].as_object().unwrap().clone()).collect();
        return compare(document, &json!({ "properties": fields }), value, place);
    }
    if let (Some(items), Some(values)) = (named.get("items"), value.as_array()) {
        for value in values {
            compare(document, items, value, place);
        }
    }
    let (Some(fields), Some(values)) = (named["properties"].as_object(), value.as_object()) else { return };
    for (name, value) in values {
        match fields.get(name) {
            Some(field) => compare(document, field, value, &format!("{place}.{name}")),
            None => assert!(named.get("additionalProperties").is_some(), "{place}.{name} is not described: {fields:#?}"),
        }
    }
    for name in named["required"].as_array().into_iter().flatten() {
        assert!(values.contains_key(name.as_str().unwrap()), "{place} lacks {name}");
    }
}

#[tokio::test]
async fn answers_are_as_described() {
    let house = House::open().await;
    let (_, document) = house.get("/openapi.json").await;
    house.api("PUT", "/v1/contacts", &json!({ "phone": ANA, "tags": ["vip"], "budget": 7 })).await;
    house.commit(ANA, |commit| commit.messages.push(message("m-1", MessageStatus::Held))).await;
    super::reading::with_conversation(&house, "1-1", |_| {}).await;
    super::handoffs::with_handoff(&house, "h-1").await;
    house.api("POST", "/v1/broadcasts", &json!({ "playbook": "spring", "id": "b-1" })).await;
    for (path, described) in [
        ("/v1/contacts", "/v1/contacts"),
        ("/v1/contacts/+15125550101", "/v1/contacts/{phone}"),
        ("/v1/broadcasts/b-1", "/v1/broadcasts/{id}"),
        ("/v1/broadcasts", "/v1/broadcasts"),
        ("/v1/conversations", "/v1/conversations"),
        ("/v1/conversations/1-1", "/v1/conversations/{id}"),
        ("/v1/messages", "/v1/messages"),
        ("/v1/handoffs", "/v1/handoffs"),
        ("/v1/playbooks", "/v1/playbooks"),
        ("/v1/playbooks/leads", "/v1/playbooks/{name}"),
        ("/readyz", "/readyz"),
    ] {
        let (status, answer) = house.get(path).await;
        assert_eq!(status, 200, "{path}");
        let content = &document["paths"][described]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        assert!(content.is_object(), "{described} describes no answer");
        if let Some(items) = answer["items"].as_array() {
            assert!(!items.is_empty(), "{path} is empty");
        }
        compare(&document, content, &answer, path);
    }
    let (_, problem) = house.get("/v1/nothing").await;
    compare(&document, &json!({ "$ref": "#/components/schemas/Problem" }), &problem, "problem");
}
