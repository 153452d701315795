//! Secrets: never shown, kept in files that only their owner reads.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::work::files::shown;

/// Bytes of chance in a token that we make: more than anybody can guess.
const TOKEN_BYTES: usize = 32;
/// A secret is a line. A larger file is another file.
const MAX_BYTES: u64 = 64 * 1024;
/// Permission bits of everybody but the owner.
const OTHERS: u32 = 0o077;

/// A text that no log, error or page shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a text into keeping.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Why a secret's file can't be used. Each continues a sentence that begins with the key.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// Not there, a folder, not allowed, not UTF-8.
    #[error("names `{}`, which can't be read: {why}", shown(.file))]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's words.
        why: io::Error,
    },
    /// Others may read it.
    #[error("names `{file}`, which others can read; run `chmod 600 {file}`", file = shown(.0))]
    Open(PathBuf),
    /// A token that only a daemon makes.
    #[error("names `{}`, which a daemon makes when it starts: no daemon has run with these settings yet", shown(.0))]
    NotYet(PathBuf),
    /// Nothing but white space.
    #[error("names `{}`, which is empty", shown(.0))]
    Empty(PathBuf),
    /// Could not be made.
    #[error("names `{}`, which can't be made: {why}", shown(.file))]
    NotMade {
        /// The file.
        file: PathBuf,
        /// The system's words.
        why: io::Error,
    },
}

/// The secret in a file, white space at its ends cut.
pub(super) fn read(path: &Path) -> Result<String, Error> {
    let unreadable = |why| Error::Unreadable { file: path.to_owned(), why };
    let file = File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.permissions().mode();
    if mode & OTHERS != 0 {
        return Err(Error::Open(path.to_owned()));
    }
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(unreadable)?;
    let secret = text.trim();
    if secret.is_empty() { Err(Error::Empty(path.to_owned())) } else { Ok(secret.to_owned()) }
}

/// The secret in a file that a daemon has made.
pub(super) fn read_made(path: &Path) -> Result<String, Error> {
    if path.exists() { read(path) } else { Err(Error::NotYet(path.to_owned())) }
}

/// The secret in a file, which is made where it is absent. Of two that make it at once one wins, and both read the same.
pub(super) fn read_or_make(path: &Path) -> Result<String, Error> {
    match make(path) {
        Err(Error::NotMade { why, .. }) if why.kind() == io::ErrorKind::AlreadyExists => {}
        made => made?,
    }
    read(path)
}

/// Writes a new token under another name first, so that nobody reads half of it.
fn make(path: &Path) -> Result<(), Error> {
    let failed = |why| Error::NotMade { file: path.to_owned(), why };
    if path.exists() {
        return Ok(());
    }
    let mut token = [0; TOKEN_BYTES];
    getrandom::fill(&mut token).map_err(|_| failed(io::Error::other("the system gives no random bytes")))?;
    let token: String = token.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", std::process::id()));
    let draft = PathBuf::from(draft);
    let written = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft).and_then(|mut file| {
        writeln!(file, "{token}")?;
        file.sync_all()?;
        // A link, unlike a rename, does not replace a file that another daemon has made meanwhile.
        fs::hard_link(&draft, path)
    });
    // Whatever happened, the draft is no longer needed; that it can't be removed changes nothing.
    let _ = fs::remove_file(&draft);
    written.map_err(failed)
}
