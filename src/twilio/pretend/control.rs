//! Routes below `/_pretend`: tests and the console play the people at the other end, and look at what happened.
//! They ask for no credentials; the pretend Twilio listens on this machine only.

use axum::extract::{Path, State as Shared};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::phones::{self, CallIn, TextIn};
use super::state::{Attempt, Faults, Record};
use super::{Pretend, webhooks};

pub(super) fn routes(pretend: &Pretend) -> Router {
    Router::new()
        .route("/_pretend/texts", post(text))
        .route("/_pretend/calls", post(call))
        .route("/_pretend/faults", post(faults))
        .route("/_pretend/messages", get(messages))
        .route("/_pretend/attempts", get(attempts))
        .route("/_pretend/phones/{phone}", get(thread))
        .with_state(pretend.clone())
}

/// Somebody texts one of our numbers; answered once the daemon has answered.
async fn text(Shared(pretend): Shared<Pretend>, Json(text): Json<TextIn>) -> Json<Value> {
    let (sid, answered) = phones::text(&pretend, text).await;
    Json(told(sid, &answered))
}

/// Somebody calls one of our numbers.
async fn call(Shared(pretend): Shared<Pretend>, Json(call): Json<CallIn>) -> Json<Value> {
    let (sid, answered) = phones::call(&pretend, call).await;
    Json(told(sid, &answered))
}

/// The id, and how the daemon answered the webhook (status 0: not at all).
fn told(sid: String, answered: &webhooks::Answered) -> Value {
    json!({"sid": sid, "webhook": {"status": answered.status, "body": answered.body}})
}

/// Sets the faults for all requests, in place of those before.
async fn faults(Shared(pretend): Shared<Pretend>, Json(faults): Json<Faults>) -> Json<Value> {
    pretend.set_faults(faults);
    Json(json!({"ok": true}))
}

/// Every message in order of arrival.
async fn messages(Shared(pretend): Shared<Pretend>) -> Json<Vec<Record>> {
    Json(pretend.read(|state| state.messages().cloned().collect()))
}

/// Every request to create one, refused ones too.
async fn attempts(Shared(pretend): Shared<Pretend>) -> Json<Vec<Attempt>> {
    Json(pretend.read(|state| state.attempts().cloned().collect()))
}

/// What a phone shows: everything to and from it, whatever the channel.
async fn thread(Shared(pretend): Shared<Pretend>, Path(phone): Path<String>) -> Json<Vec<Record>> {
    Json(pretend.thread(&phone))
}
