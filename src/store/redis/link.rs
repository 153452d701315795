//! The connections: one for all commands, one for signals from other daemons, both made anew by themselves.
//!
//! A call on a broken connection fails at once and one that is not answered in time after `DEADLINE`; nothing is repeated here, since only
//! the caller knows what a lost answer may have done. The exception is a script that the server does not know (`NOSCRIPT`): it has not run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, Pipeline, ProtocolVersion, RedisError, ServerErrorKind, Value};
use tokio::sync::Notify;

use crate::store::{Error, Result};

use super::args::Args;
use super::scripts::Scripts;

/// A call that is not answered by then has failed: a webhook must be answered well before Twilio gives it up.
const DEADLINE: Duration = Duration::from_millis(1_500);

/// Pauses between attempts to connect, so that work goes on well within 2 s of the server's return.
const FIRST_PAUSE: Duration = Duration::from_millis(25);
/// See `FIRST_PAUSE`.
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

/// What is told to everybody while there is no connection.
const NO_CONNECTION: &str = "Redis can't be reached";

/// The way to the server.
pub struct Link {
    /// Where it is.
    client: Client,
    /// What runs there.
    scripts: Scripts,
    /// What all our keys begin with.
    pub prefix: String,
    /// The connection, while there is one; its number tells a new one from the one that broke.
    connection: Mutex<(u64, Option<MultiplexedConnection>)>,
    /// Somebody found it broken.
    broken: Notify,
    /// A call has failed since `take_failed` was last asked.
    failed: AtomicBool,
}

/// In the words of a store.
pub fn unavailable(error: &RedisError) -> Error {
    let why = match error.kind() {
        _ if error.is_timeout() => "Redis does not answer in time".to_owned(),
        redis::ErrorKind::Io => format!("{NO_CONNECTION}: {error}"),
        _ => format!("Redis answers: {error}"),
    };
    Error::Unavailable(why)
}

impl Link {
    /// A way that is not open yet.
    pub fn new(client: Client, scripts: Scripts, prefix: String) -> Link {
        Link { client, scripts, prefix, connection: Mutex::new((0, None)), broken: Notify::new(), failed: AtomicBool::new(false) }
    }

    /// Opens it once; why not, if not.
    pub async fn open(&self) -> std::result::Result<(), RedisError> {
        let config = AsyncConnectionConfig::new().set_connection_timeout(Some(DEADLINE)).set_response_timeout(Some(DEADLINE));
        let mut connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        // A server that is loading says so here, and is asked again.
        for text in self.scripts.texts() {
            redis::cmd("SCRIPT").arg("LOAD").arg(text).query_async::<Value>(&mut connection).await?;
        }
        let mut slot = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        *slot = (slot.0 + 1, Some(connection));
        Ok(())
    }

    /// Waits until it is broken, and opens it again, however long that takes.
    pub async fn mend(&self) {
        self.broken.notified().await;
        let mut pause = FIRST_PAUSE;
        while let Err(error) = self.open().await {
            tracing::debug!(%error, "Redis can't be reached yet");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// The connection, or that there is none.
    fn connection(&self) -> Result<(u64, MultiplexedConnection)> {
        let slot = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        match &slot.1 {
            Some(connection) => Ok((slot.0, connection.clone())),
            None => {
                self.failed.store(true, Ordering::Release);
                Err(Error::Unavailable(NO_CONNECTION.to_owned()))
            }
        }
    }

    /// Gives a connection up, if it is still the one in use.
    fn give_up(&self, number: u64) {
        let mut slot = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.0 == number && slot.1.take().is_some() {
            self.broken.notify_one();
        }
    }

    /// Gives the connection up, whichever it is: it has not answered for long.
    pub fn doubt(&self) {
        if let Ok((number, _)) = self.connection() {
            self.give_up(number);
        }
    }

    /// Whether a call has failed since this was last asked.
    pub fn take_failed(&self) -> bool {
        self.failed.swap(false, Ordering::AcqRel)
    }

    /// What an error says of the connection. A server that became a replica may have a new master behind the same address.
    fn fail(&self, number: u64, error: &RedisError) -> Error {
        self.failed.store(true, Ordering::Release);
        let demoted = matches!(error.kind(), redis::ErrorKind::Server(ServerErrorKind::ReadOnly));
        if demoted || (!error.is_timeout() && (error.is_io_error() || error.is_connection_dropped() || error.is_unrecoverable_error())) {
            self.give_up(number);
        }
        unavailable(error)
    }

    /// Sends one command.
    pub async fn ask(&self, command: &Cmd) -> Result<Value> {
        let (number, mut connection) = self.connection()?;
        command.query_async::<Value>(&mut connection).await.map_err(|error| self.fail(number, &error))
    }

    /// Sends several commands together.
    pub async fn ask_all(&self, commands: &Pipeline) -> Result<Vec<Value>> {
        let (number, mut connection) = self.connection()?;
        commands.query_async::<Vec<Value>>(&mut connection).await.map_err(|error| self.fail(number, &error))
    }

    /// Runs a script.
    pub async fn run(&self, name: &str, head: &Args, args: &[Args]) -> Result<Value> {
        let (number, mut connection) = self.connection()?;
        let mut command = redis::cmd("EVALSHA");
        command.arg(self.scripts.hash(name)).arg(1).arg(&self.prefix);
        for arg in std::iter::once(head).chain(args).flat_map(|part| &part.0) {
            command.arg(arg);
        }
        for again in [true, false] {
            match command.query_async::<Value>(&mut connection).await {
                Err(error) if again && matches!(error.kind(), redis::ErrorKind::Server(ServerErrorKind::NoScript)) => {
                    let mut load = redis::pipe();
                    for text in self.scripts.texts() {
                        load.cmd("SCRIPT").arg("LOAD").arg(text).ignore();
                    }
                    load.query_async::<()>(&mut connection).await.map_err(|error| self.fail(number, &error))?;
                }
                answer => return answer.map_err(|error| self.fail(number, &error)),
            }
        }
        Err(Error::Unavailable("Redis forgets scripts as soon as they are loaded".to_owned()))
    }

    /// A connection that hears what other daemons say, until it breaks.
    pub async fn listen(&self) -> std::result::Result<redis::aio::PubSub, RedisError> {
        let mut ears = self.client.get_async_pubsub().await?;
        ears.subscribe(format!("{}wakes", self.prefix)).await?;
        Ok(ears)
    }
}

/// The protocol without pushes, which every supported server speaks.
pub const PROTOCOL: ProtocolVersion = ProtocolVersion::RESP2;
