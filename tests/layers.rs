//! The rooms hold: who may use whom, what pure rooms may not touch, and how long a file may be.
//!
//! Reads the sources as text: everything behind `crate::` (and behind `bridged::` in the binary), and each banned word, outside of
//! comments and unit tests. A fault names the file and line.

use std::fs;
use std::path::{Path, PathBuf};

/// A room: its level, the rooms of its own level that it may use, and words that may not stand in it.
struct Room {
    name: &'static str,
    level: u8,
    beside: &'static [&'static str],
    banned: &'static [&'static str],
}

/// What no room that only thinks may do: I/O, clocks, chance, talk.
const IMPURE: &[&str] = &[
    "tokio",
    "axum",
    "reqwest",
    "redis",
    "rusqlite",
    "apalis",
    "std::fs",
    "std::env",
    "std::net",
    "std::thread",
    "std::process",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "getrandom",
    "tracing::",
    "println!",
    "eprintln!",
];

const ROOMS: &[Room] = &[
    Room { name: "model", level: 0, beside: &[], banned: IMPURE },
    Room { name: "text", level: 1, beside: &[], banned: IMPURE },
    Room { name: "playbook", level: 1, beside: &["text"], banned: IMPURE },
    Room { name: "engine", level: 1, beside: &["playbook", "text"], banned: IMPURE },
    Room { name: "graph", level: 1, beside: &["playbook", "text"], banned: IMPURE },
    Room { name: "store", level: 2, beside: &[], banned: &["axum", "reqwest", "apalis", "crate::playbook", "crate::engine", "crate::http"] },
    Room { name: "twilio", level: 2, beside: &[], banned: &["rusqlite", "apalis", "crate::store", "crate::engine", "crate::playbook"] },
    Room { name: "work", level: 3, beside: &[], banned: &["axum", "rusqlite", "crate::http", "crate::cli"] },
    Room { name: "http", level: 4, beside: &[], banned: &["apalis", "rusqlite", "crate::engine", "crate::cli"] },
    Room { name: "console", level: 4, beside: &["http"], banned: &["apalis", "rusqlite", "crate::engine", "crate::cli", "crate::twilio"] },
    Room { name: "config", level: 5, beside: &["cli", "app"], banned: &["axum", "rusqlite", "apalis"] },
    Room { name: "cli", level: 5, beside: &["config", "app"], banned: &["axum", "rusqlite", "apalis"] },
    Room { name: "app", level: 5, beside: &["config", "cli"], banned: &["rusqlite", "apalis"] },
];

/// A crate that only some files may know, by the beginning of their paths.
const DOORS: &[(&str, &[&str])] = &[
    ("granit_parser", &["playbook/yaml.rs", "playbook/retell.rs"]),
    ("annotate_snippets", &["playbook/show.rs"]),
    ("minijinja", &["text/", "console/"]),
    ("rusqlite", &["store/sqlite/"]),
    ("apalis", &["work/backend.rs"]),
    // `playbook` has a module of that name for checking lines; the crate itself stands only in `work`.
    ("cron::", &["work/cron.rs", "playbook/"]),
    ("axum", &["http/", "console/", "twilio/pretend/", "app.rs"]),
];

/// A file of one sitting.
const MAX_LINES: usize = 500;

/// Files of a folder, sorted.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The lines that count: without comments, up to the unit tests.
fn lines(source: &str) -> impl Iterator<Item = (usize, &str)> {
    source
        .lines()
        .enumerate()
        .take_while(|(_, line)| line.trim() != "#[cfg(test)]")
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(number, line)| (number + 1, line.split(" // ").next().unwrap_or(line)))
}

/// Whether a word stands in a line as a whole word (or as the beginning of a path or macro).
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let part = |c: char| c.is_alphanumeric() || c == '_';
        let ends_open = word.ends_with(':') || word.ends_with('!');
        !before.is_some_and(part) && (ends_open || !after.is_some_and(part))
    })
}

/// Rooms named behind `crate::` in a line, also in `use crate::{a, b}`.
fn used(line: &str) -> Vec<String> {
    line.match_indices("crate::")
        .flat_map(|(at, found)| {
            let rest = &line[at + found.len()..];
            match rest.strip_prefix('{') {
                Some(group) => group.split(['}', '{']).next().unwrap_or_default().split(',').map(first_name).collect(),
                None => vec![first_name(rest)],
            }
        })
        .collect()
}

fn first_name(path: &str) -> String {
    path.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Every fault of a source tree.
fn faults(src: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    for path in files(src) {
        let inside = path.strip_prefix(src).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        let source = fs::read_to_string(&path).unwrap_or_default();
        if !source.starts_with("//!") {
            faults.push(format!("src/{inside}:1: does not say what it is for (`//!`)"));
        }
        let length = source.lines().count();
        if length > MAX_LINES {
            faults.push(format!("src/{inside}:{length}: is longer than one sitting ({MAX_LINES} lines)"));
        }
        for (door, keepers) in DOORS {
            for (number, line) in lines(&source).filter(|(_, line)| has_word(line, door)) {
                let own = line.contains(&format!("{}::{door}", "super"))
                    || line.contains(&format!("mod {door}"))
                    || line.contains(&format!("work::{door}"));
                if !own && !keepers.iter().any(|keeper| inside.starts_with(keeper)) {
                    faults.push(format!("src/{inside}:{number}: only {} may know `{}`", keepers.join(", "), door.trim_end_matches(':')));
                }
            }
        }
        let name = inside.split(['/', '.']).next().unwrap_or_default();
        let Some(room) = ROOMS.iter().find(|room| room.name == name) else { continue };
        for (number, line) in lines(&source) {
            for used in used(line) {
                let Some(other) = ROOMS.iter().find(|other| other.name == used) else { continue };
                let allowed = other.level < room.level || other.name == room.name || room.beside.contains(&other.name);
                if !allowed {
                    faults.push(format!("src/{inside}:{number}: `{}` may not use `{}`", room.name, other.name));
                }
            }
            for word in room.banned.iter().filter(|word| has_word(line, word)) {
                faults.push(format!("src/{inside}:{number}: `{}` may not use `{word}`", room.name));
            }
        }
    }
    faults
}

#[test]
fn every_room_keeps_to_its_level() {
    let found = faults(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn a_planted_fault_is_found() {
    let folder = std::env::temp_dir().join(format!("bridged-layers-{}", std::process::id()));
    let engine = folder.join("engine");
    fs::create_dir_all(&engine).expect("a folder for the planted fault");
    let planted = "//! Planted.\n\nuse crate::store::Store;\nuse crate::{model::Time, http};\nfn now() { let _ = std::time::SystemTime::now(); }\n// tokio in a comment is fine\n";
    fs::write(engine.join("mod.rs"), planted).expect("the planted fault");
    let found = faults(&folder);
    fs::remove_dir_all(&folder).expect("the folder goes again");
    let expected = [
        "src/engine/mod.rs:3: `engine` may not use `store`",
        "src/engine/mod.rs:4: `engine` may not use `http`",
        "src/engine/mod.rs:5: `engine` may not use `SystemTime`",
    ];
    assert_eq!(found, expected);
}

#[test]
fn tests_wait_for_signals_and_never_sleep() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let sleeping: Vec<String> = files(&root)
        .into_iter()
        .filter(|path| !path.ends_with("layers.rs") && !path.to_string_lossy().contains("/support/"))
        .flat_map(|path| {
            let source = fs::read_to_string(&path).unwrap_or_default();
            let found: Vec<String> = source
                .lines()
                .enumerate()
                .filter(|(_, line)| has_word(line, "sleep") && line.contains("sleep(") && !line.trim_start().starts_with("//"))
                .map(|(number, _)| format!("{}:{}: waits by the clock; wait for a signal", path.display(), number + 1))
                .collect();
            found
        })
        .collect();
    assert!(sleeping.is_empty(), "\n{}\n", sleeping.join("\n"));
}
