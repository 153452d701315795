//! Syncs: makes safe what was committed, on a thread of its own, while the writer goes on with the next transaction.
//!
//! A commit only writes to the WAL. One sync of the WAL makes safe all that was written to it before, so groups that gather during a sync
//! share the next one. After a power cut SQLite keeps the commits up to the first frame that did not reach the disk: those answered are
//! always among them, since no answer goes out before the sync that covers it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use tokio::sync::watch;

use crate::store::{Error, Result};

use super::writer::Answer;

/// Groups that may be committed and not yet safe. With more the writer waits, so that a slow disk slows what is taken in.
const AHEAD: usize = 4;

/// The writer's side of the syncing thread.
pub struct Syncs {
    /// Groups to be made safe.
    groups: Option<SyncSender<Vec<Answer>>>,
    /// Joined at the end, so that everything is answered when the store is closed.
    thread: Option<JoinHandle<()>>,
}

impl Syncs {
    /// Starts the thread. The WAL beside the database must be there: it is as soon as something was written.
    pub fn start(database: &Path, fatal: watch::Sender<Option<String>>) -> Result<Syncs> {
        let mut wal = database.as_os_str().to_owned();
        wal.push("-wal");
        let wal = PathBuf::from(wal);
        let file = File::open(&wal).map_err(|error| Error::Unusable(format!("`{}` can't be opened: {error}", wal.display())))?;
        let (groups, waiting) = sync_channel(AHEAD);
        let thread = std::thread::Builder::new().name("sync".to_owned()).spawn(move || run(&file, &waiting, &fatal));
        let thread = thread.map_err(|error| Error::Unavailable(format!("no thread for syncing: {error}")))?;
        Ok(Syncs { groups: Some(groups), thread: Some(thread) })
    }

    /// Answers once all that is committed now is safe.
    pub fn answer(&self, answers: Vec<Answer>) {
        if answers.is_empty() {
            return;
        }
        // The thread ends only when this side is gone.
        if let Some(groups) = &self.groups {
            let _ = groups.send(answers);
        }
    }
}

impl Drop for Syncs {
    fn drop(&mut self) {
        self.groups = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Syncs whatever waits, until nobody can ask any more.
fn run(wal: &File, groups: &Receiver<Vec<Answer>>, fatal: &watch::Sender<Option<String>>) {
    // The system tells of a failed sync once; what it lost stays lost, so nothing is safe from then on.
    let mut failed = None;
    while let Ok(mut answers) = groups.recv() {
        answers.extend(groups.try_iter().flatten());
        if failed.is_none()
            && let Err(error) = wal.sync_data()
        {
            let why = format!("the disk failed while the database was synced: {error}");
            fatal.send_replace(Some(why.clone()));
            failed = Some(why);
        }
        for answer in answers {
            answer(failed.as_deref().map_or(Ok(()), Err));
        }
    }
}
