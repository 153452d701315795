//! Who is connected, and how far each connection's request has come: what lets slow senders never shut out a webhook.
//!
//! A connection waits (nothing of a request is here), hands over a head, then a body, and is served once the request is whole. When
//! every place is taken, the connection that has been without a whole request for longest gives its place up.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::AbortHandle;
use tokio::time::{Instant, Sleep, sleep_until};

/// How far the present request of a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing of it is here, or only what came along with the request before.
    Waiting,
    /// Its head is coming in.
    Head,
    /// Its body is coming in.
    Body,
    /// It is whole and being answered.
    Served,
    /// The connection lost its place and must not begin anything.
    Evicted,
}

/// One connection's place.
#[derive(Debug)]
pub struct Seat {
    /// The phase, and since when the connection has been without a whole request.
    at: Mutex<(Phase, Instant)>,
}

impl Seat {
    /// A new connection is expected to hand over a head at once.
    pub fn new() -> Arc<Seat> {
        Arc::new(Seat { at: Mutex::new((Phase::Head, Instant::now())) })
    }

    fn with<R>(&self, with: impl FnOnce(&mut (Phase, Instant)) -> R) -> R {
        with(&mut self.at.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The head is whole. False if the place is lost.
    pub fn begin_body(&self) -> bool {
        self.enter(Phase::Body)
    }

    /// The request is whole. False if the place is lost.
    pub fn begin_answer(&self) -> bool {
        self.enter(Phase::Served)
    }

    /// The request is answered.
    pub fn end_answer(&self) {
        self.with(|at| *at = (Phase::Waiting, Instant::now()));
    }

    fn enter(&self, phase: Phase) -> bool {
        self.with(|at| {
            let may = at.0 != Phase::Evicted;
            if may {
                at.0 = phase;
            }
            may
        })
    }

    /// Bytes came in: the first ones begin a head.
    fn heard(&self) {
        self.with(|at| {
            if at.0 == Phase::Waiting {
                *at = (Phase::Head, Instant::now());
            }
        });
    }

    /// Since when a head has been coming in, if one is.
    fn head_since(&self) -> Option<Instant> {
        self.with(|at| (at.0 == Phase::Head).then_some(at.1))
    }

    /// Since when it has been without a whole request, if it is.
    fn idle_since(&self) -> Option<Instant> {
        self.with(|at| (!matches!(at.0, Phase::Served | Phase::Evicted)).then_some(at.1))
    }

    /// Takes the place away, unless a request has become whole meanwhile.
    fn evict(&self) -> bool {
        self.with(|at| {
            let may = at.0 != Phase::Served;
            if may {
                at.0 = Phase::Evicted;
            }
            may
        })
    }
}

/// All places of a listener.
#[derive(Debug)]
pub struct Seats {
    /// How many there are.
    limit: usize,
    /// Those taken, with what ends the connection.
    taken: HashMap<u64, (Arc<Seat>, AbortHandle)>,
    /// Names the next connection.
    next: u64,
}

impl Seats {
    /// So many places.
    pub fn new(limit: usize) -> Seats {
        Seats { limit, taken: HashMap::new(), next: 0 }
    }

    /// Makes sure that a place is free, by taking one away if need be. False where every connection has a whole request.
    pub fn make_room(&mut self) -> bool {
        while self.taken.len() >= self.limit {
            // A walk over all places: it happens only when every place is taken.
            let waiting = self.taken.iter().filter_map(|(id, (seat, _))| Some((seat.idle_since()?, *id)));
            let Some((_, id)) = waiting.min() else { return false };
            if let Some((seat, end)) = self.taken.get(&id)
                && seat.evict()
            {
                end.abort();
                self.taken.remove(&id);
            }
        }
        true
    }

    /// Seats a connection and names it.
    pub fn take(&mut self, seat: Arc<Seat>, spawn: impl FnOnce(u64) -> AbortHandle) {
        let id = self.next;
        self.next += 1;
        self.taken.insert(id, (seat, spawn(id)));
    }

    /// A connection has ended.
    pub fn leave(&mut self, id: u64) {
        self.taken.remove(&id);
    }
}

/// A connection that tells its seat when bytes come in, and ends itself when a head takes too long.
pub struct Watched<S> {
    /// The connection.
    io: S,
    /// Its place.
    seat: Arc<Seat>,
    /// How long a head may take from its first byte (or from the connect) to its last.
    head_time: Duration,
    /// Wakes when that time is over; only made where a head comes in several pieces.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<S> Watched<S> {
    /// Watches a connection.
    pub fn new(io: S, seat: Arc<Seat>, head_time: Duration) -> Watched<S> {
        Watched { io, seat, head_time, alarm: None }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut self.io).poll_read(cx, buf) {
            if buf.filled().len() > before {
                self.seat.heard();
            }
            return Poll::Ready(read);
        }
        let Some(since) = self.seat.head_since() else { return Poll::Pending };
        let end = since + self.head_time;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(end)));
        // Kept from head to head: most heads come in one piece and never get here.
        if alarm.deadline() != end {
            alarm.as_mut().reset(end);
        }
        ready!(alarm.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, pieces: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
