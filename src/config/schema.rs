//! JSON Schema (2020-12) of the settings for editors, made from the tables of `keys`.

use serde_json::{Map, Value, json};

use super::keys::{Form, Kind, SETTINGS};

/// The schema.
pub fn schema() -> Value {
    let mut schema = form(SETTINGS);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("Settings of bridged");
    schema
}

/// A map with known keys, each with what it is for.
fn form(keys: &Form) -> Value {
    let properties: Map<String, Value> = keys
        .iter()
        .map(|key| {
            let mut value = kind(key.kind);
            value["description"] = json!(key.about);
            (key.name.to_owned(), value)
        })
        .collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

/// What a key takes. Close enough to warn while typing; the reader has the last word.
fn kind(of: Kind) -> Value {
    let pattern = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    match of {
        // A token of digits only is text all the same.
        Kind::Text | Kind::Template => json!({ "type": ["string", "number"] }),
        Kind::Secret => json!({ "anyOf": [
            { "type": ["string", "number"] },
            { "type": "object", "properties": { "file": { "type": "string" } }, "required": ["file"], "additionalProperties": false },
        ] }),
        Kind::Secrets => json!({ "type": "array", "items": kind(Kind::Secret) }),
        Kind::Words => json!({ "type": "array", "items": { "type": ["string", "number", "boolean"] } }),
        Kind::OneOf(words) => json!({ "enum": words }),
        Kind::Some(words) => json!({ "type": "array", "items": { "enum": words } }),
        Kind::Speed => json!({ "type": "number", "exclusiveMinimum": 0 }),
        Kind::Count(most) => json!({ "type": "integer", "minimum": 1, "maximum": most }),
        Kind::Share => pattern("^[0-9]{1,2}%$"),
        Kind::Length => pattern("^([0-9]+[wdhms])+$"),
        Kind::Window => pattern("^[0-9:]+[ap]m *- *[0-9:]+[ap]m$"),
        Kind::Days => pattern("^((mon|tue|wed|thu|fri|sat|sun)[ ,-]*)+$"),
        Kind::Cap => pattern("^[1-9][0-9]* per (day|week|month)$"),
        Kind::Price => json!({ "anyOf": [{ "type": "number", "minimum": 0 }, { "type": "string", "pattern": "^[0-9.]+ *- *[0-9.]+$" }] }),
        Kind::Form(keys) => form(keys),
        Kind::Named(keys) => json!({ "type": "object", "additionalProperties": form(keys) }),
        Kind::Each(inner) => json!({ "type": "object", "additionalProperties": kind(*inner) }),
    }
}
