//! `/v1/conversations`: who is where in which playbook, and what was said.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;

use super::path::Named;
use crate::http::Doors;
use crate::http::problem::{Answer, Document, Problem};
use crate::http::query::Query;
use crate::http::rows::{Conversation, Message, Page, Told};
use crate::model::{ConversationId, ConversationState};
use crate::store::{ConversationQuery, MAX_PAGE, MessageQuery};

use ConversationState::{Ended, Listening, Sending, Waiting, WithPerson};

/// The words of `state` in a query, with the states each stands for.
pub const STATES: [(&[ConversationState], &str); 6] = [
    (&[Sending], "sending"),
    (&[Listening], "listening"),
    (&[Waiting], "waiting"),
    (&[WithPerson], "with_person"),
    (&[Ended], "ended"),
    (&[Sending, Listening, Waiting, WithPerson], "live"),
];

/// Conversations, newest start first.
#[utoipa::path(get, path = "/v1/conversations",
    params(("contact" = Option<String>, Query), ("playbook" = Option<String>, Query),
        ("state" = Option<String>, Query, description = "a state, or `live`"), ("limit" = Option<u64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<Conversation>), (status = 401, body = Document), (status = 422, body = Document)))]
pub async fn list(State(doors): State<Arc<Doors>>, uri: Uri) -> Answer<Json<Page<Conversation>>> {
    let query = Query::read(&uri, &["contact", "playbook", "state"])?;
    let query = ConversationQuery {
        contact: query.phone("contact")?,
        playbook: query.get("playbook"),
        states: query.word("state", &STATES)?.unwrap_or_default().to_vec(),
        cursor: query.cursor()?,
        limit: query.limit()?,
    };
    Ok(Json(Page::new(doors.store.conversations(query).await?, Conversation::from)))
}

/// A conversation with its texts.
#[utoipa::path(get, path = "/v1/conversations/{id}", params(("id" = String, Path)),
    responses((status = 200, body = Told), (status = 401, body = Document), (status = 404, body = Document)))]
pub async fn read(State(doors): State<Arc<Doors>>, Named(id): Named<String>) -> Answer<Json<Told>> {
    let id = ConversationId(id);
    let row = doors.store.conversation(&id).await?.ok_or_else(|| Problem::not_found(format_args!("conversation `{id}`")))?;
    let query = MessageQuery { contact: Some(row.contact.clone()), conversation: Some(id), limit: MAX_PAGE, ..MessageQuery::default() };
    let mut history: Vec<Message> = doors.store.messages(query).await?.items.into_iter().map(Message::from).collect();
    // The store gives the newest first; a talk is read from its beginning.
    history.reverse();
    Ok(Json(Told { conversation: row.into(), history }))
}
