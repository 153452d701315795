//! The public side: five routes. Whatever else is asked for is answered 404 without a word.

mod links;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{any, get};

use super::Doors;
use crate::store;

/// How long the store may take over a webhook. Twilio waits 15 s, but by then a proxy may have given up; a refusal in good time is
/// repeated or fetched by catch-up.
const STORE_TIME: Duration = Duration::from_millis(1_800);

/// The routes.
pub fn routes(doors: Arc<Doors>) -> Router {
    Router::new()
        // Any method: what is not a signed POST is refused in the same way as a forged one.
        .route("/webhooks/twilio", any(webhooks::any_kind))
        .route("/webhooks/twilio/status", any(webhooks::any_kind))
        .route("/webhooks/twilio/voice", any(webhooks::any_kind))
        .route("/l/{code}", get(links::follow))
        // Says that the process lives, and nothing about the store: `/readyz` does, on the private side.
        .route("/healthz", get(|| async {}))
        .with_state(doors)
}

/// What the store answers in time.
async fn in_time<T>(asked: impl Future<Output = store::Result<T>>) -> store::Result<T> {
    let late = |_| Err(store::Error::Unavailable("it took too long".to_owned()));
    tokio::time::timeout(STORE_TIME, asked).await.unwrap_or_else(late)
}
