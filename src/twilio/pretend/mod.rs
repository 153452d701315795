//! The pretend Twilio: a server that answers, calls back and fails as Twilio does, for trying things out and for
//! tests. Twilio's own client libraries work against it.
//!
//! | file | what is in it |
//! |---|---|
//! | [`state`] | what it remembers: messages, attempts, opt-outs, numbers |
//! | [`magic`] | numbers that make things go wrong |
//! | `rest` | the shape of its REST API: credentials, errors, pages, dates |
//! | `messages` | creating, reading, changing messages |
//! | `numbers` | the phone numbers of the account |
//! | `webhooks` | signed requests to the daemon, repeated as Twilio repeats them |
//! | `life` | what becomes of an accepted message, report by report |
//! | `phones` | people: their texts and calls, and Twilio's own answers to STOP, START, HELP |
//! | `control` | routes below `/_pretend` with which tests and the console play those people |

pub mod magic;
pub mod state;

mod control;
mod life;
mod messages;
mod numbers;
mod phones;
mod rest;
mod webhooks;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tower::ServiceExt as _;

use crate::model::SenderType;
pub use state::Faults;
use state::{Record, State};

/// Webhooks under way at once, so that a broadcast does not open thousands of connections to the daemon.
const WEBHOOKS_AT_ONCE: usize = 64;

/// Before the next try to accept a connection after one failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What the pretend Twilio is told at its start.
#[derive(Clone)]
pub struct PretendConfig {
    /// Where it listens; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The one account there is.
    pub account_sid: String,
    /// Signs webhooks, and opens the REST API together with the account's SID.
    pub auth_token: String,
    /// API keys (`SK…`) and their secrets, which open the REST API as well.
    pub keys: Vec<(String, String)>,
    /// The numbers and services of the account.
    pub senders: Vec<PretendSender>,
    /// Where the numbers' texts and calls go until `connect` or a client changes it: `/webhooks/twilio` below this.
    pub webhook_base: String,
    /// Between acceptance, `sent` and `delivered`, and before a phone answers.
    pub step: Duration,
    /// Before the first report of a message that is reported late.
    pub late: Duration,
}

/// A number (`+1…`, a short code, `whatsapp:+1…`) or messaging service (`MG…`) of the account.
#[derive(Clone, Debug)]
pub struct PretendSender {
    /// As in the `senders` of the settings.
    pub number: String,
    /// Decides who answers STOP.
    pub kind: SenderType,
}

impl PretendConfig {
    /// A config with any free port of this machine, no keys or senders, and short delays.
    pub fn new(account_sid: &str, auth_token: &str, webhook_base: &str) -> PretendConfig {
        PretendConfig {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            account_sid: account_sid.into(),
            auth_token: auth_token.into(),
            keys: vec![],
            senders: vec![],
            webhook_base: webhook_base.into(),
            step: Duration::from_millis(50),
            late: Duration::from_secs(5),
        }
    }
}

/// The pretend Twilio, shared by its routes and its background work.
#[derive(Clone)]
pub struct Pretend(Arc<Inner>);

struct Inner {
    /// What it was told.
    config: PretendConfig,
    /// What it remembers. Never locked across a wait.
    state: Mutex<State>,
    /// Counts changes of the state; wakes whoever waits for one.
    changed: watch::Sender<u64>,
    /// Makes the webhooks.
    http: reqwest::Client,
    /// Limits them.
    webhooks: Semaphore,
    /// REST requests under way, shown in a header as Twilio does.
    in_flight: AtomicUsize,
    /// Lives of messages under way; they end with the handle.
    tasks: Mutex<JoinSet<()>>,
}

/// A running pretend Twilio. Dropping it ends it, with everything under way.
pub struct Handle {
    /// Where it listens.
    addr: SocketAddr,
    /// What it remembers.
    pretend: Pretend,
    /// Accepts connections and owns them.
    server: JoinHandle<()>,
}

impl Handle {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What `twilio.api_base` has to be.
    pub fn api_base(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// For looking at what it remembers.
    pub fn pretend(&self) -> &Pretend {
        &self.pretend
    }

    /// Ends it.
    pub fn shutdown(self) {}
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.server.abort();
        lock(&self.pretend.0.tasks).abort_all();
    }
}

impl Pretend {
    /// Starts listening.
    pub async fn start(config: PretendConfig) -> io::Result<Handle> {
        let listener = TcpListener::bind(config.listen).await?;
        let addr = listener.local_addr()?;
        let inner = Inner {
            state: Mutex::new(State::new(&config)),
            changed: watch::Sender::new(0),
            http: webhooks::client().map_err(io::Error::other)?,
            webhooks: Semaphore::new(WEBHOOKS_AT_ONCE),
            in_flight: AtomicUsize::new(0),
            tasks: Mutex::new(JoinSet::new()),
            config,
        };
        let pretend = Pretend(Arc::new(inner));
        let router = rest::routes(&pretend).merge(control::routes(&pretend));
        let server = tokio::spawn(accept(listener, router));
        Ok(Handle { addr, pretend, server })
    }

    /// Looks at what it remembers.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&lock(&self.0.state))
    }

    /// Waits until what it remembers is so.
    pub async fn wait_until(&self, so: impl Fn(&State) -> bool) {
        let mut changed = self.0.changed.subscribe();
        while !self.read(&so) {
            // The sender lives as long as `self`.
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    /// Somebody writes to one of our numbers; comes back once the daemon has answered, else with why it did not take the text.
    pub async fn write(&self, from: &str, to: &str, body: &str) -> Result<(), String> {
        let text = phones::TextIn { from: from.to_owned(), to: to.to_owned(), body: body.to_owned(), ..phones::TextIn::default() };
        let (_, answered) = phones::text(self, text).await;
        match answered.status {
            200..300 => Ok(()),
            0 => Err("the daemon did not answer".to_owned()),
            status => Err(format!("the daemon answered {status}")),
        }
    }

    /// What a phone shows: everything to and from it, whatever the channel, oldest first.
    pub fn thread(&self, phone: &str) -> Vec<Record> {
        let is = |address: &str| messages::bare(address) == messages::bare(phone);
        self.read(|state| state.messages().filter(|text| is(&text.to) || text.from.as_deref().is_some_and(is)).cloned().collect())
    }

    /// The phones that have written or been written to, by number.
    pub fn phones(&self) -> Vec<String> {
        let person = |text: &Record| if text.direction == "inbound" { text.from.clone().unwrap_or_default() } else { text.to.clone() };
        let all: std::collections::BTreeSet<String> =
            self.read(|state| state.messages().map(|text| messages::bare(&person(text)).to_owned()).collect());
        all.into_iter().collect()
    }

    /// Sets the faults for all requests, in place of those before.
    pub fn set_faults(&self, faults: Faults) {
        self.change(|state| state.set_faults(faults));
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut lock(&self.0.state));
        self.0.changed.send_modify(|count| *count += 1);
        result
    }

    fn config(&self) -> &PretendConfig {
        &self.0.config
    }

    /// Runs something beside the request that caused it.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = lock(&self.0.tasks);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    /// Counts a REST request as under way until the guard is dropped.
    fn under_way(&self) -> UnderWay {
        self.0.in_flight.fetch_add(1, Ordering::Relaxed);
        UnderWay(self.clone())
    }
}

/// A REST request under way.
struct UnderWay(Pretend);

impl UnderWay {
    fn count(&self) -> usize {
        self.0.0.in_flight.load(Ordering::Relaxed)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Put into an answer's extensions, it closes the connection in place of the answer.
#[derive(Clone, Copy)]
struct LoseConnection;

/// Serves each connection itself, since `axum::serve` has no way to close one without an answer.
async fn accept(listener: TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file handles, most likely: connections that end meanwhile make room.
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        // A lost option only costs latency.
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        connections.spawn(async move {
            let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                let router = router.clone();
                async move {
                    let answer = router.oneshot(request.map(axum::body::Body::new)).await;
                    let answer = answer.unwrap_or_else(|never: Infallible| match never {});
                    match answer.extensions().get::<LoseConnection>() {
                        Some(LoseConnection) => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
                        None => Ok(answer),
                    }
                }
            });
            // Whatever ends a connection, the client sees it.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic of one request leaves plain data behind, good enough for a simulator.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
