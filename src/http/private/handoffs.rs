//! `/v1/handoffs`: conversations that people answer.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{StatusCode, Uri};
use utoipa::ToSchema;

use super::guard::Who;
use super::path::Named;
use crate::http::Doors;
use crate::http::given::{Object, json};
use crate::http::problem::{Answer, Document, HANDOFF_OVER, Problem};
use crate::http::query::Query;
use crate::http::rows::{Handoff, Page};
use crate::model::{Actor, Event, HandoffId, HandoffRow, Happening};
use crate::store::{HandoffQuery, Post};

/// Characters Twilio takes in one text.
pub const MAX_TEXT: usize = 1_600;

/// How a hand-off ends where the one who closes it names no outcome.
pub const CLOSED: &str = "closed";

/// What an agent writes.
#[derive(ToSchema)]
pub struct Reply {
    /// The words, as they are sent.
    text: String,
}

/// How an agent closes a hand-off.
#[derive(ToSchema)]
pub struct Close {
    /// `ID.outcome` in the playbook; `closed` where none is given.
    outcome: Option<String>,
}

/// Hand-offs: newest first, or with `state=open` those that wait, longest first.
#[utoipa::path(get, path = "/v1/handoffs",
    params(("queue" = Option<String>, Query), ("contact" = Option<String>, Query), ("state" = Option<String>, Query, description = "`open` or `all`"),
        ("limit" = Option<u64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<Handoff>), (status = 401, body = Document), (status = 422, body = Document)))]
pub async fn list(State(doors): State<Arc<Doors>>, uri: Uri) -> Answer<Json<Page<Handoff>>> {
    let query = Query::read(&uri, &["queue", "contact", "state"])?;
    let query = HandoffQuery {
        queue: query.get("queue"),
        contact: query.phone("contact")?,
        open: query.word("state", &[(true, "open"), (false, "all")])?.unwrap_or_default(),
        cursor: query.cursor()?,
        limit: query.limit()?,
    };
    Ok(Json(Page::new(doors.store.handoffs(query).await?, Handoff::from)))
}

/// Sends an agent's words to the contact.
#[utoipa::path(post, path = "/v1/handoffs/{id}/reply", params(("id" = String, Path)), request_body = Reply,
    responses((status = 202, body = Handoff), (status = 401, body = Document), (status = 404, body = Document), (status = 409, body = Document),
        (status = 422, body = Document)))]
pub async fn reply(
    State(doors): State<Arc<Doors>>,
    Extension(who): Extension<Who>,
    Named(id): Named<String>,
    body: Bytes,
) -> Answer<(StatusCode, Json<Handoff>)> {
    let mut object = Object::new(json(&body)?, String::new())?;
    let Reply { text } = Reply { text: object.need_text("text")? };
    if text.chars().count() > MAX_TEXT {
        return Err(object.problem("text", format_args!("is longer than {MAX_TEXT} characters; send it in several texts")));
    }
    object.end(&["text"])?;
    let row = tell(&doors, id, |handoff| Happening::AgentText { handoff, text, agent: who.as_str().to_owned() }).await?;
    Ok((StatusCode::ACCEPTED, Json(row.into())))
}

/// Gives the conversation back to its playbook.
#[utoipa::path(post, path = "/v1/handoffs/{id}/close", params(("id" = String, Path)), request_body = Close,
    responses((status = 202, body = Handoff), (status = 401, body = Document), (status = 404, body = Document), (status = 409, body = Document),
        (status = 422, body = Document)))]
pub async fn close(
    State(doors): State<Arc<Doors>>,
    Extension(who): Extension<Who>,
    Named(id): Named<String>,
    body: Bytes,
) -> Answer<(StatusCode, Json<Handoff>)> {
    // No body at all is the plainest way to say "closed".
    let Close { outcome } = if body.is_empty() {
        Close { outcome: None }
    } else {
        let mut object = Object::new(json(&body)?, String::new())?;
        let close = Close { outcome: object.text("outcome")?.filter(|outcome| !outcome.trim().is_empty()) };
        object.end(&["outcome"])?;
        close
    };
    let outcome = outcome.unwrap_or_else(|| CLOSED.to_owned());
    let row = tell(&doors, id, |handoff| Happening::AgentClosed { handoff, outcome, agent: who.as_str().to_owned() }).await?;
    Ok((StatusCode::ACCEPTED, Json(row.into())))
}

/// Posts to the contact of an open hand-off; answers with the hand-off as it was before that. Whether it is still open when its turn
/// comes is for the engine to see: it drops what comes too late.
pub async fn tell(doors: &Doors, id: String, what: impl FnOnce(HandoffId) -> Happening) -> Answer<HandoffRow> {
    let id = HandoffId(id);
    let row: HandoffRow = doors.store.handoff(&id).await?.ok_or_else(|| Problem::not_found(format_args!("hand-off `{id}`")))?;
    if !row.state.is_open() {
        return Err(Problem::new(&HANDOFF_OVER, format!("the hand-off `{id}` is {}; the playbook has the conversation again", row.state.as_str())));
    }
    let now = doors.store.now();
    let post = Post { to: Actor::Contact(row.contact.clone()), event: Event::new(now, what(id)), due: now, id: None, suppress: None };
    doors.store.post(vec![post]).await?;
    Ok(row)
}
