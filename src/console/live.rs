//! Pieces of a page that are drawn again when something has changed: server-sent events, one stream for each open page.
//!
//! An event is a list of `[id, html]`: what the script puts into the elements of these ids. Only pieces that differ from what was last
//! sent go out.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures::stream::unfold;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::Console;
use crate::http::private::gate::cookie;
use crate::http::problem::Answer;

/// What comes at once is shown at once: a turn writes several times within a few milliseconds.
const GATHER: Duration = Duration::from_millis(20);

/// A page is drawn no more often than this, however much happens.
const REST: Duration = Duration::from_millis(100);

/// Looked at again after this even if nothing was heard: another daemon on the same store, or time that passes.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// The id of an element, and what stands in it.
pub type Piece = (String, String);

/// One open page.
struct Watching<D> {
    /// What it is drawn from.
    console: Arc<Console>,
    /// Draws its pieces.
    draw: D,
    /// Something has changed in the store.
    changes: watch::Receiver<u64>,
    /// The daemon ends.
    end: watch::Receiver<bool>,
    /// The session's cookie; with the session the stream ends.
    session: String,
    /// What was sent last, by id.
    sent: HashMap<String, String>,
    /// Nothing has been drawn yet.
    is_new: bool,
}

/// A stream of pieces as they change, for as long as the session lasts.
pub fn stream<D, F>(console: &Arc<Console>, headers: &HeaderMap, draw: D) -> Response
where
    D: Fn(Arc<Console>) -> F + Send + 'static,
    F: Future<Output = Answer<Vec<Piece>>> + Send,
{
    let watching = Watching {
        console: console.clone(),
        draw,
        changes: console.doors.store.wakes().changed.listen(),
        end: console.end.clone(),
        session: cookie(headers).unwrap_or_default().to_owned(),
        sent: HashMap::new(),
        is_new: true,
    };
    let events = unfold(watching, |mut watching| async {
        let event = watching.next().await?;
        Some((Ok::<_, Infallible>(event), watching))
    });
    // Proxies that gather answers would hold news back.
    let unbuffered = [(HeaderName::from_static("x-accel-buffering"), "no")];
    (unbuffered, Sse::new(events).keep_alive(KeepAlive::default())).into_response()
}

impl<D, F> Watching<D>
where
    D: Fn(Arc<Console>) -> F + Send + 'static,
    F: Future<Output = Answer<Vec<Piece>>> + Send,
{
    /// The next event; none once the session or the daemon ends.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if !std::mem::take(&mut self.is_new) {
                self.wait().await?;
            }
            if !self.console.doors.gate.is_open(&self.session, self.console.doors.store.now()) {
                return None;
            }
            // A store that does not answer now may do so at the next look; the page says how old its numbers are by standing still.
            let (Ok(mut pieces), Ok(badge)) = ((self.draw)(self.console.clone()).await, self.console.badge().await) else { continue };
            pieces.push(("inbox-badge".to_owned(), badge));
            let news: Vec<Piece> = pieces.into_iter().filter(|(id, html)| self.sent.get(id) != Some(html)).collect();
            if news.is_empty() {
                continue;
            }
            self.sent.extend(news.iter().cloned());
            return Event::default().json_data(news).ok();
        }
    }

    /// Waits until it is worth drawing again.
    async fn wait(&mut self) -> Option<()> {
        sleep(REST).await;
        tokio::select! {
            // Nobody left to tell of changes is the end as well.
            changed = timeout(LOOK_AGAIN, self.changes.changed()) => if let Ok(Err(_)) = changed { return None },
            _ = self.end.wait_for(|end| *end) => return None,
        }
        sleep(GATHER).await;
        self.changes.mark_unchanged();
        Some(())
    }
}
