//! Opening a file: the lock beside it, its check, its tables, and what the last daemon left unfinished.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use tokio::sync::watch;

use crate::model::Time;
use crate::store::clock::{Clock, wall};
use crate::store::core::Core;
use crate::store::tables::Names;
use crate::store::{Error, Result, Wakes};

use super::checkpoint::Checkpoints;
use super::readers::Readers;
use super::sync::Syncs;
use super::writer::{CLOCK, Thread, Writer};
use super::{Durability, Options, Sqlite, Tables, schema};

/// Prepared statements a connection keeps: more than there are.
pub const STATEMENTS: usize = 256;

/// Files up to this size are checked at start; a larger one would make starting slow, and its damaged rows are found when they are read.
const CHECKED: u64 = 4 << 20;

/// How long a daemon waits for the one before it to let go of the file.
const HANDOVER: Duration = Duration::from_secs(2);

/// How long a transaction waits for a lock that another process (a backup, `sqlite3`) holds.
const BUSY: Duration = Duration::from_secs(5);

/// Settings of the writing connection: see the head of `sqlite` and of `checkpoint`. The cache is 8 MiB: a
/// page split makes SQLite walk the whole of it once more at the commit. Deleted rows are overwritten, so
/// that an erased person is gone from the file too. Commits don't sync: `sync` does, beside the writer.
const PRAGMAS: &str =
    "pragma page_size = 8192; pragma journal_mode = wal; pragma synchronous = normal; pragma wal_autocheckpoint = 0; pragma foreign_keys = off; pragma temp_store = memory;
pragma cache_size = -8192; pragma secure_delete = on;";

/// `Sqlite::open`.
pub fn open(options: Options) -> Result<Sqlite> {
    let Options { path, durability, clock } = options;
    let name = path.display().to_string();
    let lock = lock(&path, &name)?;
    owner_only(&path, &name)?;
    let conn = Connection::open(&path).map_err(|error| unusable(&name, &error))?;
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    stable(&conn)?;
    conn.execute_batch(PRAGMAS).map_err(|error| unusable(&name, &error))?;
    check(&conn, &path, &name)?;
    if schema::prepare(&conn, &name)? {
        sync_folder(&path)?;
    }

    let tables = Tables::new(conn);
    let floor = Time(tables.value(CLOCK)?.and_then(|text| text.parse().ok()).unwrap_or(0));
    let clock = Arc::new(Clock::new(clock.unwrap_or_else(|| wall(floor)), floor));
    let mut core = Core::new(tables, clock.now())?;
    core.tables.begin()?;
    core.recover(clock.now())?;
    core.tables.commit()?;

    let (fatal, fatal_seen) = watch::channel(None);
    let wakes = Arc::new(Wakes::default());
    let checkpoints = Checkpoints::start(&path, fatal.clone())?;
    let syncs = (durability == Durability::Full).then(|| Syncs::start(&path, fatal.clone())).transpose()?;
    let thread = Thread { core, clock: Arc::clone(&clock), wakes: Arc::clone(&wakes), syncs, fatal, checkpoints, _lock: lock };
    Ok(Sqlite { writer: Writer::start(thread)?, readers: Readers::new(path), clock, wakes, fatal: fatal_seen })
}

/// Takes the lock beside the file, so that a second daemon is told and does not write. SQLite's own exclusive mode would shut out our
/// readers as well.
fn lock(path: &Path, name: &str) -> Result<File> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".lock");
    let beside = PathBuf::from(beside);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&beside);
    let file = file.map_err(|error| Error::Unusable(format!("`{}` can't be written: {error}", beside.display())))?;
    // Who is just ending gets a moment: a service manager starts the next daemon at once, and a child between fork and exec shares the lock.
    let given_up = Instant::now() + HANDOVER;
    let mut locked = file.try_lock();
    while matches!(locked, Err(TryLockError::WouldBlock)) && Instant::now() < given_up {
        std::thread::sleep(HANDOVER / 40);
        locked = file.try_lock();
    }
    match locked {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Unusable(format!(
            "another bridged uses `{name}` (it holds `{}`); stop it, or give this one a file of its own",
            beside.display()
        ))),
        Err(TryLockError::Error(error)) => Err(Error::Unusable(format!("`{}` can't be locked: {error}", beside.display()))),
    }
}

/// A file that SQLite can't work with.
fn unusable(name: &str, error: &rusqlite::Error) -> Error {
    Error::Unusable(format!("`{name}` can't be opened as a database: {error}"))
}

/// Keeps plans as they were made: by default SQLite makes some anew for each value they are given, at ten times the cost of the query.
pub fn stable(conn: &Connection) -> Result<()> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Looks a small file over.
fn check(conn: &Connection, path: &Path, name: &str) -> Result<()> {
    if path.metadata().is_ok_and(|file| file.len() > CHECKED) {
        return Ok(());
    }
    let found: String = conn.query_row("pragma quick_check(1)", [], |row| row.get(0)).map_err(|error| unusable(name, &error))?;
    if found == "ok" { Ok(()) } else { Err(Error::Unusable(format!("`{name}` is damaged ({found}); put a backup in its place"))) }
}

/// A new file is there after a power cut only if its folder was synced too.
fn sync_folder(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| Error::Unusable(format!("the folder `{}` can't be synced: {error}", folder.display())))
}

/// Makes a new file readable by its owner only, as it holds people's numbers and words; SQLite gives the files beside it the same mode.
fn owner_only(path: &Path, name: &str) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    match OpenOptions::new().create_new(true).write(true).mode(0o600).open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(Error::Unusable(format!("`{name}` can't be made: {error}; name a file in `store` that this user may write")))
        }
        _ => Ok(()),
    }
}
