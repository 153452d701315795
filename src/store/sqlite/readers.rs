//! Reading: a few connections that can't write, each used by one read at a time on a thread that may block.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use crate::store::{Error, Result};

use super::Tables;

/// Reads at once: pages for a few people, and one slow walk that does not keep them waiting.
const MAX_READERS: usize = 4;

/// How long a read waits for a lock; in WAL only recovery of the file ever takes one from readers.
const BUSY: Duration = Duration::from_secs(5);

/// The readers.
pub struct Readers {
    /// What they read.
    path: PathBuf,
    /// Connections that nobody uses now.
    idle: Arc<Mutex<Vec<Tables>>>,
    /// One for each read that may run.
    permits: Arc<Semaphore>,
}

impl Readers {
    /// Readers of a file; connections are opened as they are needed.
    pub fn new(path: PathBuf) -> Readers {
        Readers { path, idle: Arc::default(), permits: Arc::new(Semaphore::new(MAX_READERS)) }
    }

    /// Runs one read, on one state of the file from its beginning to its end.
    pub async fn run<R, W>(&self, work: W) -> Result<R>
    where
        R: Send + 'static,
        W: FnOnce(&Tables) -> Result<R> + Send + 'static,
    {
        let gone = |_| Error::Unavailable("it is closed".to_owned());
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(gone)?;
        let (idle, path) = (Arc::clone(&self.idle), self.path.clone());
        let read = move || {
            let _permit = permit;
            let tables = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let tables = tables.map_or_else(|| open(&path), Ok)?;
            tables.conn.prepare_cached("begin")?.execute([])?;
            let answer = work(&tables);
            tables.conn.prepare_cached("commit")?.execute([])?;
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(tables);
            answer
        };
        tokio::task::spawn_blocking(read).await.map_err(|error| Error::Unavailable(format!("a read was cut off: {error}")))?
    }

    /// No more reads; connections that nobody uses are closed.
    pub fn close(&self) {
        self.permits.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// One more connection.
fn open(path: &PathBuf) -> Result<Tables> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(BUSY)?;
    super::open::stable(&conn)?;
    conn.set_prepared_statement_cache_capacity(super::open::STATEMENTS);
    Ok(Tables::new(conn))
}
