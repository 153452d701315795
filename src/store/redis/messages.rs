//! A message as it is kept, put together for reading: what Rust wrote, and beside it what scripts changed since.

use std::collections::HashMap;

use redis::Value;

use crate::model::{MessageRow, MessageStatus, Outgoing, Payload, Time};
use crate::store::Result;
use crate::store::core::queued;

use super::answers;

/// A hash as a map.
pub fn hash(value: Value) -> Result<HashMap<String, Vec<u8>>> {
    let items = answers::list(value)?;
    let mut found = HashMap::with_capacity(items.len() / 2);
    let mut items = items.into_iter();
    while let (Some(field), Some(value)) = (items.next(), items.next()) {
        found.insert(answers::text(field)?, answers::bytes(value)?.unwrap_or_default());
    }
    Ok(found)
}

/// A history as scripts keep it: a line for each entry.
fn history(lines: &str) -> Vec<(Time, String)> {
    lines.lines().filter_map(|line| line.split_once(' ').and_then(|(at, word)| Some((Time(at.parse().ok()?), word.to_owned())))).collect()
}

/// A message. One that can't be read is left out and said in the log; a call is none.
pub fn row(fields: &HashMap<String, Vec<u8>>) -> Option<MessageRow> {
    let text = |name: &str| fields.get(name).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let status = text("st")?;
    let history = history(&text("h").unwrap_or_default());
    let mut row = match (fields.get("b"), fields.get("q")) {
        (Some(body), _) => serde_json::from_slice::<MessageRow>(body).inspect_err(unreadable).ok()?,
        (None, Some(body)) => {
            let outgoing = serde_json::from_slice::<Outgoing>(body).inspect_err(unreadable).ok()?;
            let Payload::Text(text) = &outgoing.payload else { return None };
            queued(&outgoing, text, history.first().map_or(outgoing.created_at, |(at, _)| *at))
        }
        (None, None) => return None,
    };
    row.status = MessageStatus::parse(&status).unwrap_or(row.status);
    row.history = history;
    row.sid = text("sid").or(row.sid);
    row.reason = text("re").or(row.reason);
    row.code = text("code").and_then(|code| code.parse().ok()).or(row.code);
    row.segments = text("sg").and_then(|segments| segments.parse().ok()).unwrap_or(row.segments);
    Some(row)
}

/// Said of a message that can't be read.
fn unreadable(error: &serde_json::Error) {
    tracing::warn!(%error, "a message can't be read; it is left out");
}
