//! Why things are as they are: the rules that decided about a contact, a conversation's journal, a playbook in numbers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;

use super::contacts::phone_of;
use super::path::Named;
use super::playbooks;
use crate::http::Doors;
use crate::http::problem::{Answer, Document, Problem};
use crate::http::query::Query;
use crate::http::rows::Page;
use crate::model::ConversationId;
use crate::work::{journal, stats, why};

/// The rules that decided whether a contact was texted, oldest first, then those that hold now.
#[utoipa::path(get, path = "/v1/contacts/{phone}/why", params(("phone" = String, Path), ("playbook" = Option<String>, Query)),
    responses((status = 200, description = "`items`, each with `at`, `playbook`, `conversation`, `rule` and a `sentence`", body = serde_json::Value),
        (status = 401, body = Document), (status = 404, body = Document)))]
pub async fn why(State(doors): State<Arc<Doors>>, Named(text): Named<String>, uri: Uri) -> Answer<Json<Page<why::Reason>>> {
    let phone = phone_of(&text)?;
    let playbook = Query::read(&uri, &["playbook"])?.get("playbook");
    let reasons = why::why(&doors.store, &doors.plans, &phone, playbook.as_deref()).await?;
    reasons.map(|reasons| Json(Page::whole(reasons))).ok_or_else(|| Problem::not_found(format_args!("contact `{phone}`")))
}

/// A conversation with every turn of its contact from its start to its end, and the plans they were made with: all that a replay needs.
#[utoipa::path(get, path = "/v1/conversations/{id}/journal", params(("id" = String, Path)),
    responses((status = 200, description = "`conversation`, `turns`, `sets` and `plans`", body = serde_json::Value),
        (status = 401, body = Document), (status = 404, body = Document)))]
pub async fn journal(State(doors): State<Arc<Doors>>, Named(id): Named<String>) -> Answer<Json<journal::Story>> {
    let story = journal::story(&doors.store, &ConversationId(id.clone())).await?;
    story.map(Json).ok_or_else(|| Problem::not_found(format_args!("conversation `{id}` whose beginning is kept")))
}

/// A playbook in numbers: the funnel by step, and the replies that no rule took.
#[utoipa::path(get, path = "/v1/playbooks/{name}/stats", params(("name" = String, Path)),
    responses((status = 200, description = "`started`, `not_started`, `goals`, `outcomes` and `steps`", body = serde_json::Value),
        (status = 401, body = Document), (status = 404, body = Document)))]
pub async fn stats(State(doors): State<Arc<Doors>>, Named(name): Named<String>) -> Answer<Json<stats::Stats>> {
    playbooks::find(&doors, &name).await?;
    Ok(Json(stats::stats(&doors.store, &doors.plans, &name).await?))
}
