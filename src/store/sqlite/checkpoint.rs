//! Checkpoints: moving what was committed from the WAL into the file, on a thread and a connection of their own.
//!
//! Done by the writer they would put 10 to 20 ms into somebody's reply. A passive checkpoint never stops the writer; but while the writer
//! goes on, the WAL never runs out of new frames and so is never begun anew. Once it is long the writer is asked to begin it anew between
//! two transactions, which is quick as nearly all frames are moved by then.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, ErrorCode};
use tokio::sync::watch;

use crate::store::{Error, Result};

/// Frames (pages of 8 KiB) after which the WAL is begun anew: 64 MiB.
const LONG: i64 = 8_192;

/// The writer's side of the checkpointing thread.
pub struct Checkpoints {
    /// Asks for one; it holds one request, as a second would ask for the same.
    ask: Option<SyncSender<()>>,
    /// Set while the WAL is long.
    long: Arc<AtomicBool>,
    /// Joined at the end, so that no connection outlives the store.
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Starts the thread.
    pub fn start(path: &Path, fatal: watch::Sender<Option<String>>) -> Result<Checkpoints> {
        let conn = Connection::open(path)?;
        conn.execute_batch("pragma synchronous = full; pragma wal_autocheckpoint = 0;")?;
        let (ask, asked) = sync_channel(1);
        let long = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&long);
        let run = move || run(&conn, &asked, &flag, &fatal);
        let thread = std::thread::Builder::new().name("checkpoint".to_owned()).spawn(run);
        let thread = thread.map_err(|error| Error::Unavailable(format!("no thread for checkpoints: {error}")))?;
        Ok(Checkpoints { ask: Some(ask), long, thread: Some(thread) })
    }

    /// Asks for a checkpoint, unless one is asked for already.
    pub fn ask(&self) {
        if let Some(ask) = &self.ask {
            let _ = ask.try_send(());
        }
    }

    /// Whether the writer is to begin the WAL anew; says so once.
    pub fn is_long(&self) -> bool {
        self.long.swap(false, Ordering::Relaxed)
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.ask = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Makes a checkpoint whenever asked, until nobody can ask any more.
fn run(conn: &Connection, asked: &Receiver<()>, long: &AtomicBool, fatal: &watch::Sender<Option<String>>) {
    while asked.recv().is_ok() {
        match conn.query_row("pragma wal_checkpoint(passive)", [], |row| row.get::<_, i64>(1)) {
            Ok(frames) => long.store(frames > LONG, Ordering::Relaxed),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure) => {
                fatal.send_replace(Some(format!("the disk failed while the database was synced: {error}")));
            }
            // A full disk, most likely: the WAL goes on growing until there is space, and the writer meets it too.
            Err(error) => tracing::warn!(%error, "the database's log could not be moved into its file; it is tried again"),
        }
    }
}
