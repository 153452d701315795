//! Who did what in the console: the newest few hundred actions, kept with the store and written to the log.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Mutex;

use super::Console;
use super::moment::Moment;
use super::trouble::Page;
use crate::model::Time;

/// Actions that are kept: months of people's clicks in some 50 KB.
const KEPT: usize = 500;

/// Name of the fact they are kept as.
const FACT: &str = "console_log";

/// One writer at a time: the list is read, added to and written back.
#[derive(Default)]
pub struct Audit(Mutex<()>);

/// One action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Action {
    /// When.
    at: Time,
    /// Who. Agents' own names will stand here.
    who: String,
    /// What was done.
    what: String,
    /// To what: a conversation, a playbook, a broadcast. Never a phone number, which must go when its owner is erased.
    on: String,
    /// How often in a row: somebody who tries passwords does not push out what others did.
    times: u32,
}

impl Console {
    /// Notes an action. One that can't be kept stands in the daemon's log all the same.
    pub(super) async fn note(&self, what: &str, on: &str) {
        tracing::info!(who = "console", what, on, "an action in the console");
        let _alone = self.audit.0.lock().await;
        let mut actions = self.actions().await;
        let at = self.doors.store.now();
        match actions.last_mut().filter(|last| last.what == what && last.on == on) {
            Some(last) => (last.at, last.times) = (at, last.times.saturating_add(1)),
            None => actions.push(Action { at, who: "console".to_owned(), what: what.to_owned(), on: on.to_owned(), times: 1 }),
        }
        let old = actions.len().saturating_sub(KEPT);
        let kept = serde_json::to_string(actions.get(old..).unwrap_or_default()).unwrap_or_default();
        if let Err(error) = self.doors.store.set_fact(FACT, &kept).await {
            tracing::warn!(%error, "an action in the console could not be kept");
        }
    }

    /// Oldest first.
    async fn actions(&self) -> Vec<Action> {
        let kept = self.doors.store.fact(FACT).await.ok().flatten();
        kept.and_then(|kept| serde_json::from_str(&kept).ok()).unwrap_or_default()
    }
}

/// An action on the page.
#[derive(Serialize)]
struct Row {
    /// When.
    at: Moment,
    /// The action.
    did: Action,
}

/// `GET /log`.
pub async fn page(State(console): State<Arc<Console>>) -> Page {
    let clock = console.clock();
    let rows: Vec<Row> = console.actions().await.into_iter().rev().map(|action| Row { at: clock.moment(action.at), did: action }).collect();
    Ok(console.page("log.html", "/log", "Log of actions", json!({ "rows": rows, "kept": KEPT })).await?)
}
