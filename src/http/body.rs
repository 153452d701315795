//! The whole body of a request, within a size and a time: routes only ever see requests that have arrived completely.

use std::time::Duration;

use axum::body::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Incoming};
use tokio::time::timeout;

use super::problem::{BAD_REQUEST, Problem, TOO_LARGE, TOO_SLOW};

/// How much of a body that is too large is read on and thrown away, so that the sender, who reads our answer only after its last
/// byte, gets to see it. Whoever announces more is answered at once.
const READ_ON: u64 = 1024 * 1024;

/// Reads a body of at most `limit` bytes.
pub async fn whole(body: Incoming, limit: usize, time: Duration) -> Result<Bytes, Problem> {
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    let too_large = || Problem::new(&TOO_LARGE, format!("the body has more than {limit} bytes; send less at a time"));
    // What is announced may be a lie, so this only saves time; the reading below is what holds the limit.
    if body.size_hint().lower() > limit.saturating_add(READ_ON) {
        return Err(too_large());
    }
    match timeout(time, read(body, limit)).await {
        Ok(Ok(Some(bytes))) => Ok(bytes),
        Ok(Ok(None)) => Err(too_large()),
        Ok(Err(_)) => Err(Problem::new(&BAD_REQUEST, "the body broke off; send the request again")),
        Err(_) => Err(Problem::new(&TOO_SLOW, format!("the body did not arrive within {} s; send the request again", time.as_secs_f32()))),
    }
}

/// The body, or none if it is larger than `limit`.
async fn read(mut body: Incoming, limit: u64) -> Result<Option<Bytes>, hyper::Error> {
    let mut pieces: Vec<Bytes> = Vec::new();
    let mut length = 0_u64;
    while let Some(frame) = body.frame().await {
        // Trailers mean nothing to us.
        let Ok(piece) = frame?.into_data() else { continue };
        length += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        if length <= limit {
            pieces.push(piece);
        } else if length > limit.saturating_add(READ_ON) {
            break;
        } else {
            // From here on only read to be polite: what was kept is of no more use.
            pieces.clear();
        }
    }
    Ok((length <= limit).then(|| match pieces.len() {
        // Nearly every webhook comes in one piece: no copy.
        0 | 1 => pieces.pop().unwrap_or_default(),
        _ => pieces.concat().into(),
    }))
}
