//! `/v1/messages`: every text, in and out.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;

use crate::http::Doors;
use crate::http::problem::{Answer, Document};
use crate::http::query::Query;
use crate::http::rows::{Message, Page};
use crate::model::{ConversationId, MessageStatus};
use crate::store::MessageQuery;

/// Messages, newest first.
#[utoipa::path(get, path = "/v1/messages",
    params(("contact" = Option<String>, Query), ("status" = Option<String>, Query), ("since" = Option<String>, Query, description = "a time"),
        ("conversation" = Option<String>, Query), ("sid" = Option<String>, Query, description = "Twilio's name"),
        ("limit" = Option<u64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<Message>), (status = 401, body = Document), (status = 422, body = Document)))]
pub async fn list(State(doors): State<Arc<Doors>>, uri: Uri) -> Answer<Json<Page<Message>>> {
    let query = Query::read(&uri, &["contact", "status", "since", "conversation", "sid"])?;
    // `conversation` and `sid` are for people who look into one talk, or have a SID from Twilio's console.
    let query = MessageQuery {
        contact: query.phone("contact")?,
        conversation: query.get("conversation").map(ConversationId),
        status: query.word("status", &MessageStatus::ALL)?,
        since: query.time("since")?,
        sid: query.get("sid"),
        cursor: query.cursor()?,
        limit: query.limit()?,
    };
    Ok(Json(Page::new(doors.store.messages(query).await?, Message::from)))
}
