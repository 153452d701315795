//! The first page.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::trouble::Page;
use super::{Console, live, view};
use crate::http::private::playbooks::{self, Faulty};
use crate::http::problem::Answer;

/// `GET /`.
pub async fn page(State(console): State<Arc<Console>>) -> Page {
    let context = context(&console).await?;
    Ok(console.page("overview.html", "/", "Overview", context).await?)
}

/// `GET /live`.
pub async fn live(State(console): State<Arc<Console>>, headers: HeaderMap) -> Response {
    live::stream(&console, &headers, |console| async move {
        Ok(vec![("overview".to_owned(), view::fill("overview_list.html", context(&console).await?)?)])
    })
}

async fn context(console: &Console) -> Answer<Value> {
    let playbooks = playbooks::all(&console.doors).await?;
    let report = console.doors.plans.loaded();
    let faults: Vec<String> = report.faults.iter().map(|fault| Faulty::from(fault).line_of_text()).collect();
    let at = console.clock().moment(report.at);
    Ok(json!({ "playbooks": playbooks, "faults": faults, "ok": report.ok, "at": at }))
}
