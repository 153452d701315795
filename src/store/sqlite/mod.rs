//! SQLite: one file, one daemon, one writer thread.
//!
//! # Tables
//! - `actors`: whatever has an inbox. Its rowid is the number of creation that people are paged by; `wake` is its place in the calendar,
//!   and under a lease the end of that lease, so a dead claim comes up by itself. `state` and `contact` stand last: a row's head is
//!   read and written far more often.
//! - `events`: inboxes, found by (`actor`, `due`). `seen`: ids of events from outside, oldest first by rowid.
//! - `outs`: what waits, is under way or unknown; mirrored in memory by the writer (`store::outbox`), with the lanes' calendars, so it needs
//!   no index. `held`: what a hold keeps back, found by contact and by hold.
//! - `vals` (`fact/…`, `hold/…`, `lane/…`, `suppressed/HASH`, `salt`, `clock`), `counters`, `lists` (in pieces).
//! - one table for each kind of document, all of one shape (`store::doc`): JSON and the few columns it is found by.
//!
//! # Writing
//! Writes go to one thread, which takes whatever waits into one transaction and commits (`writer`). Syncs and checkpoints have threads of
//! their own (`sync`, `checkpoint`), readers their own connections (`readers`). Every query names its index, so none can become a scan.

mod actors;
mod checkpoint;
mod docs;
mod open;
mod outs;
mod readers;
mod schema;
mod sync;
mod writer;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::watch;

use crate::model::Time;

use super::clock::{Clock, Source};
use super::core::Core;
use super::host::{Host, Need};
use super::{Error, Result, Wakes};

use readers::Readers;
use writer::Writer;

/// What a write must survive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// A power cut: what must be safe is synced before it is answered.
    #[default]
    Full,
    /// A killed daemon; a power cut may take the last commits, and never breaks the file.
    Normal,
}

/// How a store in a file is opened.
#[derive(Clone)]
pub struct Options {
    /// The file; made if it is not there.
    pub path: PathBuf,
    /// What writes must survive.
    pub durability: Durability,
    /// The clock; none for the machine's own.
    pub clock: Option<Source>,
}

/// Rows in SQLite, over one connection.
pub struct Tables {
    /// Of the writer, or of a reader that can't write.
    conn: Connection,
    /// What the running transaction counted: a busy counter is raised by nearly every write, and written once for all of them.
    counts: HashMap<String, i64>,
}

impl Tables {
    /// Rows over a connection.
    fn new(conn: Connection) -> Tables {
        Tables { conn, counts: HashMap::new() }
    }
}

/// A store in a file.
pub struct Sqlite {
    /// Writes.
    writer: Writer,
    /// Reads.
    readers: Readers,
    /// Strictly rising, also over restarts.
    clock: Arc<Clock>,
    /// Raised by the writer after each commit.
    wakes: Arc<Wakes>,
    /// Says once why the process must end.
    fatal: watch::Receiver<Option<String>>,
}

impl Sqlite {
    /// Opens or makes a store; blocks while it does. `Error::Unusable` says in words why a file can't be used.
    pub fn open(options: Options) -> Result<Sqlite> {
        open::open(options)
    }

    /// Becomes some reason when the disk failed a sync: what was written since the last good one may be lost although it can still be
    /// read, so the process must end and start anew from what is really there.
    pub fn fatal(&self) -> watch::Receiver<Option<String>> {
        self.fatal.clone()
    }
}

impl Host for Sqlite {
    type Tables = Tables;

    async fn write<R, W>(&self, need: Need, work: W) -> Result<R>
    where
        R: Send + 'static,
        W: FnOnce(&mut Core<Tables>, Time) -> Result<R> + Send + 'static,
    {
        self.writer.run(need, work).await
    }

    async fn read<R, W>(&self, work: W) -> Result<R>
    where
        R: Send + 'static,
        W: FnOnce(&Tables) -> Result<R> + Send + 'static,
    {
        self.readers.run(work).await
    }

    fn stand_by(&self, places: usize, lease: Duration) {
        self.writer.stand_by(places, lease);
    }

    fn clock(&self) -> Time {
        self.clock.now()
    }

    fn signals(&self) -> &Wakes {
        &self.wakes
    }

    async fn scrub(&self) -> Result<()> {
        self.writer.scrub().await
    }

    async fn shut(&self) -> Result<()> {
        self.readers.close();
        self.writer.close().await
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        Error::Unavailable(format!("the database does not take it: {error}"))
    }
}

/// A number as SQLite keeps it; none of ours comes near the end.
fn int(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// Such a number from a column.
fn uint(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}
