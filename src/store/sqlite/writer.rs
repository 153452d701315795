//! The writer: one thread that owns the state, and takes whatever waits into one transaction.
//!
//! It never waits for a group to fill: alone, a write is committed at once; while one commit runs, others gather and share the next.
//! When a group is committed sleepers are woken and those are answered who need not wait for the disk; who must be safe (`Need`) is
//! answered by `sync`, while the writer goes on.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::ErrorCode;
use tokio::sync::{mpsc, oneshot, watch};

use crate::model::Time;
use crate::store::clock::Clock;
use crate::store::core::Core;
use crate::store::host::Need;
use crate::store::tables::Names;
use crate::store::{Error, Result, Wakes};

use super::Tables;
use super::checkpoint::Checkpoints;
use super::sync::Syncs;

/// Writes in one transaction: what a group saves is saved by then, and nobody waits long for its end.
const MAX_GROUP: usize = 256;

/// A group of so many writes says that more are coming.
const BUSY: usize = 16;

/// How long the next group then gathers. What a group costs beside its writes (the pages that every write touches, a sync) is shared by
/// more, at less than a millisecond for each.
const GATHER: Duration = Duration::from_micros(700);

/// Writes that may wait for the writer; beyond it callers wait for room.
const QUEUE: usize = 1_024;

/// Writes between two checkpoints: some MB of WAL.
const WRITES_A_CHECKPOINT: usize = 2_000;

/// Name of the value that keeps the clock over restarts.
pub const CLOCK: &str = "clock";

/// Sends the answer once it is known whether the transaction was committed; the text says why not.
pub type Answer = Box<dyn FnOnce(std::result::Result<(), &str>) + Send>;

/// Runs one write; answers whether the transaction must be undone, and with what is to be said at its end.
type Work = Box<dyn FnOnce(&mut Core<Tables>, Time) -> (bool, Answer) + Send>;

/// What the thread is asked to do.
enum Job {
    /// A write.
    Write(Need, Work),
    /// A sender has so many free places.
    StandBy(usize, Duration),
    /// Empty the WAL.
    Scrub(oneshot::Sender<Result<()>>),
    /// End.
    Close(oneshot::Sender<()>),
}

/// The handle that callers share.
pub struct Writer {
    /// To the thread.
    jobs: mpsc::Sender<Job>,
}

/// What the thread owns.
pub struct Thread {
    /// The state; its tables hold the writing connection.
    pub core: Core<Tables>,
    /// Shared with the handle.
    pub clock: Arc<Clock>,
    /// Shared with the handle.
    pub wakes: Arc<Wakes>,
    /// The syncing thread; none where what is written need not survive a power cut.
    pub syncs: Option<Syncs>,
    /// Says why the process must end.
    pub fatal: watch::Sender<Option<String>>,
    /// The checkpointing thread.
    pub checkpoints: Checkpoints,
    /// Held as long as the file is in use.
    pub _lock: File,
}

impl Writer {
    /// Starts the thread.
    pub fn start(thread: Thread) -> Result<Writer> {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let state = State { thread, stale: false, last: 0, writes: 0 };
        let spawned = std::thread::Builder::new().name("store".to_owned()).spawn(move || state.run(waiting));
        spawned.map_err(|error| Error::Unavailable(format!("no thread for writing: {error}")))?;
        Ok(Writer { jobs })
    }

    /// Runs one write.
    pub async fn run<R, W>(&self, need: Need, work: W) -> Result<R>
    where
        R: Send + 'static,
        W: FnOnce(&mut Core<Tables>, Time) -> Result<R> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work: Work = Box::new(move |core, now| {
            let result = work(core, now);
            // Other errors are found before the first write of a method, and leave the transaction as it was.
            let broken = matches!(result, Err(Error::Unavailable(_)));
            let send = move |committed: std::result::Result<(), &str>| {
                // A write that failed by itself says so in its own words.
                let undone = committed.map_err(|why| Error::Unavailable(why.to_owned()));
                let _ = reply.send(result.and_then(|value| undone.map(|()| value)));
            };
            (broken, Box::new(send) as Answer)
        });
        self.send(Job::Write(need, work)).await?;
        // Dropped unanswered only where the transaction ended before this write's turn.
        answer.await.map_err(|_| Error::Unavailable("a write that shared its transaction failed".to_owned()))?
    }

    /// Tells of a sender's free places. Where there is no room to tell it, the sender claims for itself as well.
    pub fn stand_by(&self, places: usize, lease: Duration) {
        let _ = self.jobs.try_send(Job::StandBy(places, lease));
    }

    /// Empties the WAL into the file, so that nothing erased is left in it.
    pub async fn scrub(&self) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Scrub(reply)).await?;
        answer.await.map_err(|_| closed())?
    }

    /// Ends the thread after what waits before this; the file and its lock are free afterwards.
    pub async fn close(&self) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        if self.send(Job::Close(reply)).await.is_ok() {
            let _ = answer.await;
        }
        Ok(())
    }

    /// Hands a job over.
    async fn send(&self, job: Job) -> Result<()> {
        self.jobs.send(job).await.map_err(|_| closed())
    }
}

/// A sender's free places as a write among others, so that it takes its turn with the claims.
fn stand_by(places: usize, lease: Duration) -> (Need, Work) {
    let work = move |core: &mut Core<Tables>, _| {
        core.stand_by(places, lease);
        (false, Box::new(|_: std::result::Result<(), &str>| ()) as Answer)
    };
    (Need::Quick, Box::new(work))
}

/// Nobody is there to write.
fn closed() -> Error {
    Error::Unavailable("it is closed".to_owned())
}

/// The running thread.
struct State {
    /// What it owns.
    thread: Thread,
    /// The memory does not match the rows: they could not be read anew after an undone transaction.
    stale: bool,
    /// Writes in the latest group.
    last: usize,
    /// Writes since the last checkpoint was asked for.
    writes: usize,
}

impl State {
    /// Works until it is closed, or every handle is gone.
    fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut next = jobs.blocking_recv();
        while let Some(job) = next.take() {
            match job {
                Job::Write(need, work) => {
                    let mut group = vec![(need, work)];
                    // Nobody has to wait for others where there are none: only after a group of many are the next given time to gather.
                    if self.last >= BUSY {
                        std::thread::sleep(GATHER);
                    }
                    while group.len() < MAX_GROUP && next.is_none() {
                        match jobs.try_recv() {
                            Ok(Job::Write(need, work)) => group.push((need, work)),
                            Ok(Job::StandBy(places, lease)) => group.push(stand_by(places, lease)),
                            Ok(other) => next = Some(other),
                            Err(_) => break,
                        }
                    }
                    self.last = group.len();
                    self.group(group);
                }
                Job::StandBy(places, lease) => self.thread.core.stand_by(places, lease),
                Job::Scrub(reply) => {
                    let _ = reply.send(self.checkpoint("truncate"));
                }
                Job::Close(reply) => {
                    // Who still waits for the disk is answered first; the last connection to close then moves the WAL into the file and removes it.
                    self.thread.syncs = None;
                    drop(self);
                    let _ = reply.send(());
                    return;
                }
            }
            if next.is_none() {
                next = jobs.blocking_recv();
            }
        }
    }

    /// One transaction.
    fn group(&mut self, group: Vec<(Need, Work)>) {
        self.writes += group.len();
        let mut answers = Vec::with_capacity(group.len());
        let outcome = self.begin().and_then(|()| {
            for (need, work) in group {
                let now = self.thread.clock.now();
                let core = &mut self.thread.core;
                let Ok((broken, answer)) = catch_unwind(AssertUnwindSafe(|| work(core, now))) else {
                    return Err(Error::Unavailable("a write ended in a panic; it and those beside it were undone".to_owned()));
                };
                answers.push((need, answer));
                if broken {
                    return Err(Error::Unavailable("the database does not take a write; those beside it were undone".to_owned()));
                }
            }
            self.thread.core.close(self.thread.clock.now())?;
            self.commit()
        });
        match outcome {
            Ok(()) => {
                self.thread.core.take_raised().raise(&self.thread.wakes);
                let waits = |(need, _): &(Need, Answer)| self.thread.syncs.is_some() && *need == Need::Safe;
                let (safe, quick): (Vec<_>, Vec<_>) = answers.into_iter().partition(waits);
                quick.into_iter().for_each(|(_, answer)| answer(Ok(())));
                if let Some(syncs) = &self.thread.syncs {
                    syncs.answer(safe.into_iter().map(|(_, answer)| answer).collect());
                }
            }
            Err(error) => {
                self.undo(answers.is_empty());
                let why = match error {
                    Error::Unavailable(why) => why,
                    other => other.to_string(),
                };
                tracing::error!(why, "a transaction was undone");
                answers.into_iter().for_each(|(_, answer)| answer(Err(&why)));
            }
        }
        if self.writes >= WRITES_A_CHECKPOINT {
            self.writes = 0;
            self.thread.checkpoints.ask();
        }
        if self.thread.checkpoints.is_long()
            && let Err(error) = self.checkpoint("restart")
        {
            tracing::warn!(%error, "the database's log could not be begun anew; it is tried again");
        }
    }

    /// Opens a transaction.
    fn begin(&mut self) -> Result<()> {
        let core = &mut self.thread.core;
        if self.stale {
            core.rebuild(self.thread.clock.now())?;
            self.stale = false;
        }
        core.tables.begin()
    }

    /// Ends it. An error of the disk here means that nobody knows what is on it.
    fn commit(&mut self) -> Result<()> {
        let core = &mut self.thread.core;
        core.tables.set_value(CLOCK, Some(&self.thread.clock.now().0.to_string()))?;
        let ended = core.tables.commit();
        if let Err(error) = &ended
            && error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure)
        {
            self.thread.fatal.send_replace(Some(format!("the disk failed while the database was synced: {error}")));
        }
        Ok(ended?)
    }

    /// After a failure: nothing of the transaction stays, in the rows or in memory.
    fn undo(&mut self, nothing_ran: bool) {
        let core = &mut self.thread.core;
        if nothing_ran && core.tables.conn.is_autocommit() {
            return;
        }
        if !core.tables.conn.is_autocommit()
            && let Err(error) = core.tables.conn.execute_batch("rollback")
        {
            tracing::error!(%error, "a transaction could not be undone");
        }
        self.stale = core.rebuild(self.thread.clock.now()).is_err();
    }

    /// A checkpoint that ends with an empty WAL.
    fn checkpoint(&mut self, mode: &str) -> Result<()> {
        Ok(self.thread.core.tables.conn.query_row(&format!("pragma wal_checkpoint({mode})"), [], |_| Ok(()))?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::model::{Actor, Event, Happening, Phone, Time};
    use crate::store::host::{Host, Need};
    use crate::store::sqlite::{Durability, Options, Sqlite};
    use crate::store::{Error, Post, Store};

    /// A fresh store.
    fn store() -> (tempfile::TempDir, Sqlite) {
        let folder = tempfile::TempDir::new().unwrap();
        let store = Sqlite::open(Options { path: folder.path().join("t.db"), durability: Durability::Full, clock: None }).unwrap();
        (folder, store)
    }

    /// An event of so many bytes.
    fn post(bytes: usize) -> Post {
        let what = Happening::Tagged { tag: "x".repeat(bytes) };
        Post { to: Actor::Contact(Phone("+15550001".to_owned())), event: Event::new(Time(1), what), due: Time(1), id: None, suppress: None }
    }

    /// How many events wait.
    async fn waiting(store: &Sqlite) -> u64 {
        store.peek(&post(0).to).await.unwrap().map_or(0, |peek| peek.waiting)
    }

    #[tokio::test]
    async fn a_write_that_fails_half_way_leaves_nothing() {
        let (_folder, store) = store();
        let failed = store.write(Need::Safe, |core, now| {
            core.post(&[post(1)], now)?;
            Err::<(), _>(Error::Unavailable("as planned".to_owned()))
        });
        assert!(matches!(failed.await, Err(Error::Unavailable(_))));
        let panicked = store.write(Need::Safe, |core, now| -> crate::store::Result<()> {
            core.post(&[post(1)], now)?;
            panic!("as planned")
        });
        assert!(matches!(panicked.await, Err(Error::Unavailable(_))));
        assert_eq!(waiting(&store).await, 0);
        store.post(vec![post(1)]).await.unwrap();
        assert_eq!(waiting(&store).await, 1, "the thread goes on");
    }

    #[tokio::test]
    async fn a_full_disk_is_said_and_heals() {
        let (_folder, store) = store();
        let pages = async |limit: &'static str| {
            let set = move |core: &mut super::Core<super::Tables>, _| Ok(core.tables.conn.query_row(limit, [], |_| Ok(()))?);
            store.write(Need::Quick, set).await.unwrap();
        };
        // SQLite answers a limit on pages exactly as it answers a disk without space.
        pages("pragma max_page_count = 1").await;
        let full = store.post(vec![post(1 << 20)]).await;
        assert!(matches!(&full, Err(Error::Unavailable(why)) if why.contains("full")), "{full:?}");
        assert_eq!(waiting(&store).await, 0, "reading goes on");
        pages("pragma max_page_count = 1000000").await;
        store.post(vec![post(1 << 20)]).await.unwrap();
        assert_eq!(waiting(&store).await, 1);
        assert!(store.fatal().borrow().is_none(), "a full disk is no reason to end");
    }
}
