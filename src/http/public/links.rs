//! Tracked links: `/l/CODE` in a text leads to the address that stood there, and tells the conversation.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::http::Doors;
use crate::http::tally::Kind;
use crate::model::{Actor, Event, Happening};
use crate::store::{LinkRow, Post};

use super::in_time;

/// What can't stand in a `Location`. Everything beyond ASCII is written in escapes as well.
const NOT_IN_A_LOCATION: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>');

/// Leads on. The contact gets where they want to go even if the click can't be noted.
pub async fn follow(State(doors): State<Arc<Doors>>, method: Method, code: Result<Path<String>, PathRejection>) -> Response {
    // A code that is no text is as unknown as any other.
    let code = code.map(|Path(code)| code).unwrap_or_default();
    let found = in_time(doors.store.link(&code)).await;
    let (status, url) = match found {
        Ok(Some(link)) => {
            let url = utf8_percent_encode(&link.url, NOT_IN_A_LOCATION).to_string();
            // Programs that only look (HEAD) have not clicked.
            if method == Method::GET {
                note(&doors, link).await;
            }
            (StatusCode::FOUND, Some(url))
        }
        Ok(None) => (StatusCode::NOT_FOUND, None),
        Err(error) => {
            tracing::warn!(%error, "a link could not be looked up");
            (StatusCode::SERVICE_UNAVAILABLE, None)
        }
    };
    doors.tally.count(Kind::Link, status.as_u16());
    match url.and_then(|url| HeaderValue::from_str(&url).ok()) {
        // Each opening is to be counted, so nobody on the way may keep the answer.
        Some(url) => (status, [(header::LOCATION, url), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))]).into_response(),
        None => status.into_response(),
    }
}

/// Tells the conversation whose text the link stood in.
async fn note(doors: &Doors, link: LinkRow) {
    // A link in an answer to HELP, say: it belongs to no conversation.
    let Some(conversation) = link.conversation else { return };
    let now = doors.store.now();
    let event = Event::new(now, Happening::Clicked { conversation, marks: link.marks, url: link.url });
    // Without an id: whoever opens a link twice has clicked twice.
    let post = Post { to: Actor::Contact(link.contact), event, due: now, id: None, suppress: None };
    if let Err(error) = in_time(doors.store.post(vec![post])).await {
        tracing::warn!(%error, "a click could not be noted");
    }
}
