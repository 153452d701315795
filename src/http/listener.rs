//! A listener with limits: hyper's HTTP/1.1 on one socket, where nothing a client does costs more than was set out for it.
//!
//! `axum::serve` has no time limit for a head and no limit for connections; that is why this file exists.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, header};
use axum::response::IntoResponse as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower::ServiceExt as _;

use super::body;
use super::connections::{Seat, Seats, Watched};

/// Before the next try to accept after one failed: the usual reason, no free file descriptor, does not pass at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What a client may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a head; hyper takes no less than 8 KiB.
    pub head_bytes: usize,
    /// From the first byte of a head to its last.
    pub head_time: Duration,
    /// Bytes of a body.
    pub body_bytes: usize,
    /// From the end of the head to the end of the body.
    pub body_time: Duration,
    /// Between two requests. Longer than the minute for which usual proxies keep a connection, so that they close it and not we: a
    /// webhook sent into a connection that is just being closed would be lost.
    pub idle_time: Duration,
    /// Connections at once.
    pub connections: usize,
    /// How long requests under way may take to end at a shutdown.
    pub drain_time: Duration,
}

impl Limits {
    /// For webhooks: Twilio's longest forms have some 10 KiB.
    pub const PUBLIC: Limits = Limits {
        head_bytes: 16 * 1024,
        head_time: Duration::from_secs(5),
        body_bytes: 64 * 1024,
        body_time: Duration::from_secs(10),
        idle_time: Duration::from_secs(75),
        connections: 1_024,
        drain_time: Duration::from_secs(8),
    };

    /// For the API: lists of 50 contacts or events with their data.
    pub const PRIVATE: Limits = Limits { body_bytes: 1024 * 1024, ..Limits::PUBLIC };
}

/// What all connections of a listener share.
struct Server {
    /// Answers whole requests.
    routes: Router,
    /// What a client may cost.
    limits: Limits,
    /// Who is connected.
    seats: Mutex<Seats>,
    /// True once the daemon ends.
    end: watch::Receiver<bool>,
}

/// Serves until `end` is true (or its sender is gone), then lets requests under way end.
pub async fn serve(listener: TcpListener, routes: Router, limits: Limits, end: watch::Receiver<bool>) {
    let mut ended = end.clone();
    let server = Arc::new(Server { routes, limits, seats: Mutex::new(Seats::new(limits.connections)), end });
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // Ended ones are taken out as they end, else the set would grow for as long as the daemon lives.
            Some(_) = connections.join_next() => continue,
            () = told_to_end(&mut ended) => break,
        };
        match accepted {
            Ok((stream, _)) => server.seat(stream, &mut connections),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // The port is free at once: another daemon can take over while requests under way end.
    drop(listener);
    let all_ended = async { while connections.join_next().await.is_some() {} };
    if timeout(limits.drain_time, all_ended).await.is_err() {
        tracing::warn!("requests were cut off by the shutdown");
    }
}

impl Server {
    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a new connection a place. Where all have whole requests it is closed: its sender tries again.
    fn seat(self: &Arc<Self>, stream: TcpStream, connections: &mut JoinSet<()>) {
        // Answers are small and written whole: waiting for more to put into a packet would only delay them.
        let _ = stream.set_nodelay(true);
        let mut seats = self.seats();
        if !seats.make_room() {
            return;
        }
        let seat = Seat::new();
        seats.take(seat.clone(), |id| {
            let leaving = Leaving { server: self.clone(), id };
            connections.spawn(async move { leaving.server.connection(stream, seat).await })
        });
    }

    /// One connection, from its first request to its last.
    async fn connection(self: &Arc<Self>, stream: TcpStream, seat: Arc<Seat>) {
        let io = TokioIo::new(Watched::new(stream, seat.clone(), self.limits.head_time));
        let service = service_fn(|request| self.answer(request, &seat));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.idle_time)
            .max_buf_size(self.limits.head_bytes)
            .serve_connection(io, service);
        let mut connection = std::pin::pin!(connection);
        let mut end = self.end.clone();
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = told_to_end(&mut end) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    }

    /// One request, once it is whole.
    async fn answer(&self, request: Request<Incoming>, seat: &Seat) -> Result<Response<Body>, Evicted> {
        if !seat.begin_body() {
            return Err(Evicted);
        }
        let (head, incoming) = request.into_parts();
        // Before any route is asked: so none can forget it, and none holds a place in the store's queue while bytes trickle in.
        let whole = body::whole(incoming, self.limits.body_bytes, self.limits.body_time).await;
        if !seat.begin_answer() {
            return Err(Evicted);
        }
        let response = match whole {
            Ok(bytes) => {
                self.routes.clone().oneshot(Request::from_parts(head, Body::from(bytes))).await.unwrap_or_else(|never: Infallible| match never {})
            }
            Err(problem) => {
                // What follows on this connection may be the rest of the body, not a request.
                let mut response = problem.into_response();
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                response
            }
        };
        seat.end_answer();
        Ok(response)
    }
}

/// Comes back once the daemon ends.
async fn told_to_end(end: &mut watch::Receiver<bool>) {
    let _ = end.wait_for(|end| *end).await;
}

/// Gives a place back however its connection ends, by a panic too.
struct Leaving {
    /// Whose place.
    server: Arc<Server>,
    /// Which.
    id: u64,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.server.seats().leave(self.id);
    }
}

/// The connection lost its place while its request came in.
#[derive(Debug, thiserror::Error)]
#[error("the connection gave its place to another")]
struct Evicted;
