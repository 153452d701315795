//! The documentation is what it says: recipes are playbooks that pass, pages are carried out from top to bottom, the reference is what the
//! code says.
//!
//! Pages that repeat files or code are written by these tests themselves: `UPDATE_DOCS=1 cargo test --test it docs`.

mod cookbook;
mod reference;
mod walk;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of a folder with this ending, in order.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.to_string_lossy().ends_with(ending)).collect();
    files.sort();
    files
}

/// Runs the binary in a folder: exit code, and all that was said.
fn run(folder: &Path, args: &[&str]) -> (i32, String) {
    let run = Command::new(env!("CARGO_BIN_EXE_bridged")).args(args).current_dir(folder).output().unwrap();
    (run.status.code().unwrap(), format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr)))
}

/// A page must be so; it is written where that was asked for.
fn must_be(page: &Path, wanted: &str) {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(page.parent().unwrap()).unwrap();
        std::fs::write(page, wanted).unwrap();
    }
    let there = std::fs::read_to_string(page).unwrap_or_default();
    let differs = there.lines().zip(wanted.lines()).position(|(there, wanted)| there != wanted);
    assert!(
        there == wanted,
        "{}:{}: is not what the code says; write it anew with `UPDATE_DOCS=1 cargo test --test it docs`",
        page.display(),
        differs.map_or(1, |line| line + 1)
    );
}
