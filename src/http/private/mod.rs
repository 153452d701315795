//! The private side: `/v1` for programs, metrics and readiness for machines, one plain page for people.
//!
//! Every request passes `guard` first: the host name, then the console token or a session.

pub mod broadcasts;
mod contacts;
mod conversations;
mod deploys;
mod events;
pub mod gate;
mod guard;
mod handoffs;
mod login;
mod machines;
mod messages;
mod openapi;
mod page;
mod path;
mod playbooks;

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use super::Doors;
use super::problem::{Problem, WRONG_METHOD};

/// The routes.
pub fn routes(doors: Arc<Doors>) -> Router {
    Router::new()
        .route("/", get(page::overview))
        .route("/app.css", get(page::css))
        .route("/login", get(login::follow).post(login::enter))
        .route("/logout", post(login::leave))
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
        .route("/v1/apply", post(deploys::apply))
        .route("/openapi.json", get(openapi::describe))
        .route("/metrics", get(machines::metrics))
        .route("/readyz", get(machines::ready))
        .fallback(nothing)
        .method_not_allowed_fallback(other_method)
        // Outermost, so that even what is not here is only told to those who may know.
        .layer(from_fn_with_state(doors.clone(), guard::guard))
        .with_state(doors)
}

async fn nothing(uri: Uri) -> Problem {
    Problem::not_found(format_args!("`{}` here; `/openapi.json` lists what is", uri.path()))
}

async fn other_method(method: Method) -> Problem {
    Problem::new(&WRONG_METHOD, format!("`{method}` does nothing here; `/openapi.json` lists what does"))
}
