//! What went wrong, as a page.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;

use super::view;
use crate::http::problem::Problem;

/// What a page answers: itself, or what went wrong.
pub type Page = Result<Response, Trouble>;

/// A problem that a person reads.
pub struct Trouble(Problem);

impl<P: Into<Problem>> From<P> for Trouble {
    fn from(problem: P) -> Trouble {
        Trouble(problem.into())
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        page(&self.0)
    }
}

/// The page of a problem.
pub fn page(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.kind().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let shown = view::bare("trouble.html", problem.kind().title, json!({ "title": problem.kind().title, "detail": problem.detail() }));
    // A template that fails can't say so itself.
    let shown = shown.unwrap_or_else(|_| Html("this page can't be drawn; the daemon's log says why".to_owned()));
    (status, shown).into_response()
}
