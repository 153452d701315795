//! Redis: one store for any number of daemons.
//!
//! # Keys
//! All begin with one hash tag, `{bridged}` or `{PREFIX}`, so that a store is one slot. `ACTOR` is a name as `Actor` writes it, `N` an actor's
//! number of creation, which is never given twice; what outlives a moment is kept by number, so that an erased person's name is nowhere.
//! - `st` hash: the clock, counters that number things, events that wait, and what sleeping workers were told of each calendar.
//! - `a:ACTOR` hash: `n` number, `v` version, `t` attempts, `l` lease, `w` wake, `k` clock, `s` its own record, `c` the person as JSON with
//!   its version `cv`, `S` suppressed, `O` opted out before it was known, `ln` its line (texts and calls that are not settled), and its
//!   events as `eNUMBER`. `i:N` zset: those events by due time; members are padded, so that equal times keep their order.
//! - `wake` zset: actors by wake, under a lease by its end. `people` zset: contacts by number. `seen` zset: ids of events by time.
//! - `m:ID` hash: a message. `q` the `Outgoing` or `b` the row as Rust wrote it, and beside it what changes: `st` status, `h` history, `sid`,
//!   `sg` segments, `code`, `re` reason; `x` how far it is, as long as it is not settled. Calls are kept alike, without a status. `sid` hash.
//! - `q:PRIORITY:LANE` zset: heads of lines by order (score 0), or by the time before which they may not go. `L:LANE` hash: speed, slots,
//!   segments that wait. `k:PRIORITY:ACCOUNT` zsets: lanes by when they may send. `acct` hash: the account's speed and slots.
//!   `watch:LANE` zset: broadcasts by the mark below which they are woken. `lanes` set, `speeds`: a digest of the settings.
//! - `leases`, `looks`, `calls`, `calling` zsets: texts and calls by end of lease, next look, time they may be made. `held:HOLD` zsets, `hold` hash.
//! - `doc:KIND` hash: other documents (`c` conversations, `h` hand-offs, `b` broadcasts, `p` plans, `l` links, `x` parked events), a short
//!   header and the JSON. `all:KIND`, `open:KIND`, `topic:KIND:T`, `opent:KIND:T` zsets by number; `d:N` zset: a person's of all kinds.
//!   `j:N`, `k:N` lists: a person's journal and consent. `old` list: what grows old, in order of time.
//! - `t:NAME` list: an audience, about 15 bytes a person. `counts`, `fact` hashes; `suppressed` set of salted hashes; `salt`, `layout`.
//! - `daemons` zset: who lives, by last beat. `erasing` set: persons not yet erased to the end. `wakes` channel.
//!
//! # Writing
//! Each method is one script, so it is whole or not at all; what may be long (a sweep, an erasure, forgetting) goes in pages. Post, commit,
//! settle, report and release share scripts with whatever else waits of their kind (`group`). Nothing is ever repeated blindly: an answer
//! that is lost leaves the caller with `Unavailable`, and each method says at its place in `write` what a second call does then.
//!
//! # Several daemons
//! Every daemon beats once a second (`beat`). When one has been silent for `DEAD_AFTER`, the others let its texts under way become unknown
//! and its calls be made again; actors' leases are no longer than that, and end by themselves. What a script makes due earlier than
//! sleepers were told it publishes; a lost signal costs no more than the time to the next beat.
//!
//! # What differs from a file
//! A second daemon is welcome. A call with more than `POSTS_A_SCRIPT` events is written in pieces. Documents are forgotten by when they
//! were written down as over. Whether an answered write survives a power cut is the server's setting (`appendfsync`).

mod answers;
mod args;
mod beat;
mod contacts;
mod group;
mod link;
mod messages;
mod open;
mod read;
mod scripts;
mod write;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::Value;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::model::{Phone, Time};

use super::clock::{Clock, Source};
use super::{Result, Wakes};

use args::Args;
use group::Group;
use link::Link;

pub use open::Options;

/// Letters of a daemon's name.
const DAEMON: usize = 8;

/// A daemon that has not been heard of for so long is dead; five of its beats.
const DEAD_AFTER: Duration = Duration::from_secs(5);

/// Events one script writes; a longer call is written in pieces.
const POSTS_A_SCRIPT: usize = 1_000;

/// What suppression is hashed with: phone numbers are few enough to try them all against a hash without a salt.
pub struct Secretive(String);

impl Secretive {
    /// The name under which a number's suppression is kept: it outlives the person's erasure.
    fn hash(&self, phone: &Phone) -> String {
        Sha256::digest(format!("{}{phone}", self.0)).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The server's clock as this process knows it. An answer arrives after the server read its clock, so what is reckoned from it is never
/// ahead of the server, and the quickest answer is nearest.
pub struct Reckoning {
    /// When the process began, by its own monotonic clock.
    began: Instant,
    /// Microseconds from that to the server's clock.
    offset: AtomicI64,
}

impl Reckoning {
    /// Microseconds since the beginning.
    fn elapsed(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    /// An answer came.
    fn heard(&self, server: Time) {
        self.offset.fetch_max(server.0 - self.elapsed(), Ordering::AcqRel);
    }

    /// With each beat a little is taken back, so that clocks which drift apart are followed.
    fn relax(&self, by: i64) {
        self.offset.fetch_sub(by, Ordering::AcqRel);
    }

    /// The server's clock now.
    fn now(&self) -> Time {
        Time(self.elapsed() + self.offset.load(Ordering::Acquire))
    }
}

/// What all parts of a store in Redis share.
pub struct Shared {
    /// The way to the server.
    link: Link,
    /// Strictly rising: a test's own, or the server's as reckoned.
    clock: Clock,
    /// The server's clock; none where a test hands in its own, which scripts then go by.
    reckoning: Option<Arc<Reckoning>>,
    /// This daemon's name.
    me: String,
    /// Whether there are other daemons, who must hear of what becomes due.
    others: AtomicBool,
    /// This daemon's sleepers.
    wakes: Wakes,
    /// Counts outages that are over.
    returned: watch::Sender<u64>,
    /// Of suppression.
    secret: Secretive,
}

/// Scripts after which something that people look at is not as it was.
const SHOWN: [&str; 7] = ["commit", "park", "texts", "settle", "report", "contacts", "broadcast"];

impl Shared {
    /// Runs a script; answers the store's time in it and what it returned.
    async fn run(&self, name: &str, args: Vec<Args>) -> Result<(Time, Value)> {
        let mut head = Args::default();
        match &self.reckoning {
            Some(_) => head.text(""),
            None => head.time(self.clock.now()),
        };
        head.text(self.me.as_str()).flag(self.others.load(Ordering::Acquire));
        let [now, letters, answer] = answers::fields(self.link.run(name, &head, &args).await?)?;
        let now = Time(answers::int(&now)?);
        if let Some(reckoning) = &self.reckoning {
            reckoning.heard(now);
        }
        self.raise(&answers::text(letters)?);
        if SHOWN.contains(&name) {
            self.wakes.changed.raise();
        }
        Ok((now, answer))
    }

    /// Runs a script with one list of arguments that answers a list.
    async fn script<const N: usize>(&self, name: &str, args: Args) -> Result<(Time, [Value; N])> {
        let (now, answer) = self.run(name, vec![args]).await?;
        Ok((now, answers::fields(answer)?))
    }

    /// Wakes who sleeps, by the letters of calendars. What another daemon does reaches open pages by its letters, or at their next look.
    fn raise(&self, letters: &str) {
        if !letters.is_empty() {
            self.wakes.changed.raise();
        }
        for letter in letters.chars() {
            match letter {
                't' => self.wakes.turns.raise(),
                'x' => self.wakes.texts.raise(),
                'c' => self.wakes.calls.raise(),
                'u' => self.wakes.unsure.raise(),
                _ => {}
            }
        }
    }

    /// A key of ours.
    fn key(&self, name: impl AsRef<str>) -> String {
        format!("{}{}", self.link.prefix, name.as_ref())
    }
}

/// A store in Redis.
pub struct Redis {
    /// What its parts share.
    shared: Arc<Shared>,
    /// `post`.
    posts: Group,
    /// `commit`.
    commits: Group,
    /// `settle`.
    settles: Group,
    /// `report`.
    reports: Group,
    /// `release`.
    releases: Group,
    /// What runs beside it, ended with the store.
    tasks: Mutex<Vec<tokio::task::AbortHandle>>,
}

impl Redis {
    /// Opens a store, or says in words why it can't be used.
    pub async fn open(options: Options) -> Result<Redis> {
        open::open(options).await
    }

    /// Counts outages that are over: texts that came during one were refused, and can be fetched.
    pub fn returned(&self) -> watch::Receiver<u64> {
        self.shared.returned.subscribe()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        for task in self.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            task.abort();
        }
    }
}

/// A clock that reckons.
fn reckoned(reckoning: &Arc<Reckoning>) -> Source {
    let reckoning = reckoning.clone();
    Arc::new(move || reckoning.now())
}
