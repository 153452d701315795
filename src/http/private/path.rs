//! What stands in an address, or a problem document where it is no text.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::http::problem::{BAD_REQUEST, Problem};

/// axum's `Path`, refused in our own form.
pub struct Named<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Named<T>, Problem> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(named)) => Ok(Named(named)),
            Err(_) => Err(Problem::new(&BAD_REQUEST, "the address is not UTF-8 text; write it with `%` and two digits for each byte")),
        }
    }
}
