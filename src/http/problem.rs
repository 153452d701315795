//! What goes wrong on an HTTP route, as an RFC 9457 problem document: a code of our own, and a sentence that says what to do.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::store;

/// A kind of problem.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its code: what programs compare.
    pub code: &'static str,
    /// The HTTP status that goes with it.
    pub status: u16,
    /// What it is, the same for each of its kind.
    pub title: &'static str,
}

macro_rules! kinds {
    ($($name:ident = $status:literal $code:literal, $title:literal;)*) => {
        $(#[doc = $title] pub const $name: Kind = Kind { code: $code, status: $status, title: $title };)*

        /// All kinds, for the description of the API.
        pub const KINDS: &[Kind] = &[$($name),*];
    };
}

kinds! {
    BAD_REQUEST = 400 "bad-request", "The request can't be read";
    NO_TOKEN = 401 "no-token", "The console token is missing or wrong";
    WRONG_HOST = 403 "wrong-host", "The console does not answer to this host name";
    CROSS_SITE = 403 "cross-site", "The request comes from another site";
    NOT_FOUND = 404 "not-found", "There is nothing here";
    WRONG_METHOD = 405 "wrong-method", "This address does not take this method";
    TOO_SLOW = 408 "too-slow", "The request did not arrive in time";
    BROADCAST_DIFFERS = 409 "broadcast-differs", "Another broadcast has this id";
    BROADCAST_OVER = 409 "broadcast-over", "The broadcast is over";
    HANDOFF_OVER = 409 "handoff-over", "The hand-off is over";
    TOO_LARGE = 413 "too-large", "The request is too large";
    BAD_FIELD = 422 "bad-field", "A field can't be taken as it is";
    UNKNOWN_FIELD = 422 "unknown-field", "There is no field of this name";
    TOO_DEAR = 422 "too-dear", "The broadcast may cost more than the settings allow";
    TOO_MANY = 422 "too-many", "The list is too long";
    TOO_MANY_LOGINS = 429 "too-many-logins", "Too many logins have failed";
    BROKEN = 500 "broken", "The daemon can't do this";
    STORE_AWAY = 503 "store-away", "The store does not answer";
    STORE_FULL = 503 "store-full", "Too many events wait";
}

/// One problem.
#[derive(Debug)]
pub struct Problem {
    /// What kind.
    kind: &'static Kind,
    /// What happened here and what to do, in a sentence.
    detail: String,
}

/// What a route answers: the good case, or a problem.
pub type Answer<T> = Result<T, Problem>;

/// The document, with the members that RFC 9457 names and our code.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct Document {
    /// `urn:bridged:` and the code.
    r#type: String,
    /// What kind of problem it is.
    title: String,
    /// The HTTP status.
    status: u16,
    /// Our own code.
    code: String,
    /// What happened here and what to do.
    detail: String,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(kind: &'static Kind, detail: impl Into<String>) -> Problem {
        Problem { kind, detail: detail.into() }
    }

    /// What kind it is.
    pub fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// What happened and what to do.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// There is no such thing.
    pub fn not_found(what: impl std::fmt::Display) -> Problem {
        Problem::new(&NOT_FOUND, format!("there is no {what}"))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Problem { kind, detail } = self;
        let document =
            Document { r#type: format!("urn:bridged:{}", kind.code), title: kind.title.into(), status: kind.status, code: kind.code.into(), detail };
        let status = StatusCode::from_u16(kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(document)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match kind.status {
            401 => drop(headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            // Seconds. Both pass by themselves: a full store in about a minute, one that is away when it is back.
            429 | 503 => drop(headers.insert(header::RETRY_AFTER, HeaderValue::from_static("30"))),
            _ => {}
        }
        response
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Problem {
        match error {
            store::Error::Unavailable(why) => {
                Problem::new(&STORE_AWAY, format!("the store does not answer ({why}); nothing was changed, try again later"))
            }
            store::Error::Full(_) => Problem::new(&STORE_FULL, format!("{error}; try again in a minute")),
            // The reason may name files of the machine: it is for the log.
            store::Error::Unusable(why) => {
                tracing::error!(why, "the store can't be used as it is");
                Problem::new(&BROKEN, "the store can't be used as it is; the daemon's log says why")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart() {
        for (at, kind) in KINDS.iter().enumerate() {
            assert!(KINDS.iter().skip(at + 1).all(|other| other.code != kind.code), "{}", kind.code);
            assert!(StatusCode::from_u16(kind.status).is_ok_and(|status| status.is_client_error() || status.is_server_error()));
        }
    }
}
