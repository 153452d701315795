//! The private side: `/v1` for programs, metrics and readiness for machines, pages for people.
//!
//! Every request passes `guard` first: the host name, then the console token or a session.

pub mod broadcasts;
pub mod contacts;
pub mod conversations;
pub mod deploys;
mod events;
pub mod gate;
pub mod guard;
pub mod handoffs;
mod machines;
mod messages;
mod openapi;
mod path;
mod plans;
pub mod playbooks;
mod telling;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use super::Doors;
use super::problem::{Problem, WRONG_METHOD};

/// What people see, given by whoever draws it: this room has no templates.
pub struct Pages {
    /// The pages.
    pub routes: Router,
    /// The login form, in place of any page, for whoever has no session.
    pub login: fn() -> Response,
    /// What stands where there is no page.
    pub nothing: fn(&Uri) -> Response,
}

/// The routes.
pub fn routes(doors: Arc<Doors>, pages: Pages) -> Router {
    let Pages { routes, login, nothing: no_page } = pages;
    Router::new()
        // For programs; `openapi` describes these.
        .route("/v1/events", post(events::take))
        .route("/v1/contacts", get(contacts::list).put(contacts::write))
        .route("/v1/contacts/{phone}", get(contacts::read).delete(contacts::erase))
        .route("/v1/broadcasts", get(broadcasts::list).post(broadcasts::start))
        .route("/v1/broadcasts/{id}", get(broadcasts::read))
        .route("/v1/broadcasts/{id}/{order}", post(broadcasts::order))
        .route("/v1/conversations", get(conversations::list))
        .route("/v1/conversations/{id}", get(conversations::read))
        .route("/v1/messages", get(messages::list))
        .route("/v1/handoffs", get(handoffs::list))
        .route("/v1/handoffs/{id}/reply", post(handoffs::reply))
        .route("/v1/handoffs/{id}/close", post(handoffs::close))
        .route("/v1/playbooks", get(playbooks::list))
        .route("/v1/playbooks/{name}", get(playbooks::read))
        .route("/v1/playbooks/{name}/{order}", post(deploys::order))
        .route("/v1/playbooks/{name}/plan", post(plans::plan))
        .route("/v1/playbooks/{name}/stats", get(telling::stats))
        .route("/v1/contacts/{phone}/why", get(telling::why))
        .route("/v1/conversations/{id}/journal", get(telling::journal))
        .route("/v1/apply", post(deploys::apply))
        .route("/openapi.json", get(openapi::describe))
        .route("/metrics", get(machines::metrics))
        .route("/readyz", get(machines::ready))
        .fallback(move |uri: Uri, headers: HeaderMap| async move { if is_browser(&headers) { no_page(&uri) } else { nothing(&uri).into_response() } })
        .method_not_allowed_fallback(other_method)
        .with_state(doors.clone())
        .merge(routes)
        // Outermost, so that even what is not here is only told to those who may know.
        .layer(from_fn_with_state(guard::Guarding { doors, login }, guard::guard))
}

fn nothing(uri: &Uri) -> Problem {
    Problem::not_found(format_args!("`{}` here; `/openapi.json` lists what is", uri.path()))
}

/// Whether a page is asked for: programs take anything, browsers name HTML.
fn is_browser(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}

async fn other_method(method: Method) -> Problem {
    Problem::new(&WRONG_METHOD, format!("`{method}` does nothing here; `/openapi.json` lists what does"))
}
