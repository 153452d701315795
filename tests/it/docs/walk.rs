//! Pages carried out from top to bottom in an empty folder, as a reader would.
//!
//! A block says what it is in the line of its fence: `yaml FILE` is put into that file, `sh` is run and must succeed, `sh 1` must end with that
//! code, and a `text` right behind it is what was said, data and talk, where a line `…` stands for any lines. `yaml + FILE` is put at the end of the file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{files, root, run};
use bridged::config::{Config, Source};

/// A block of a page: the words of its fence, its text.
struct Block<'p> {
    words: Vec<&'p str>,
    text: &'p str,
}

/// The blocks of a page in order.
fn blocks(page: &str) -> Vec<Block<'_>> {
    let fenced = page.split("\n```").skip(1).step_by(2);
    let blocks = fenced.map(|block| block.split_once('\n').map_or((block, ""), |(fence, text)| (fence, text)));
    blocks.map(|(fence, text)| Block { words: fence.split_whitespace().collect(), text }).collect()
}

/// Carries a page out and tells how many commands it had.
fn walk(page: &str, home: &Path) -> usize {
    let text = std::fs::read_to_string(root().join(page)).unwrap();
    let folder = Path::new(env!("CARGO_BIN_EXE_bridged")).parent().unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    // Commands of a page go on where the last one was, as in one terminal.
    let mut here = home.to_owned();
    let mut said = None;
    let mut commands = 0;
    for block in blocks(&text) {
        match block.words[..] {
            ["yaml", file] => std::fs::write(here.join(file), format!("{}\n", block.text)).unwrap(),
            ["yaml", "+", file] => {
                let before = std::fs::read_to_string(here.join(file)).unwrap();
                std::fs::write(here.join(file), format!("{before}{}\n", block.text)).unwrap();
            }
            ["sh", ref code @ ..] => {
                let mut command = Command::new("sh");
                command.args(["-c", &format!("{{ {}\n}} 2>&1; code=$?; pwd > \"$HERE\"; exit $code", block.text)]);
                let trace = home.join(".here");
                let output =
                    command.env("PATH", &path).env("HERE", &trace).env("HOME", home).current_dir(&here).stdin(Stdio::null()).output().unwrap();
                let spoken = String::from_utf8(output.stdout).unwrap();
                let wanted: i32 = code.first().map_or(0, |code| code.parse().unwrap());
                assert_eq!(output.status.code(), Some(wanted), "{page}: {}\n{spoken}", block.text);
                here = std::fs::read_to_string(&trace).unwrap().trim_end().into();
                said = Some((block.text, spoken));
                commands += 1;
                continue;
            }
            ["text"] => {
                if let Some((command, spoken)) = &said {
                    assert!(fits(spoken.trim_end(), block.text), "{page}: {command}\nsaid\n{spoken}\nand not\n{}", block.text);
                }
            }
            // A drawing, or a piece that is only looked at.
            _ => {}
        }
        said = None;
    }
    commands
}

/// Whether what was said is what the page shows.
fn fits(said: &str, shown: &str) -> bool {
    let mut rest = said;
    let pieces: Vec<&str> = shown.split("…\n").collect();
    for (place, piece) in pieces.iter().enumerate() {
        let piece = if place + 1 == pieces.len() { piece.trim_end() } else { *piece };
        match rest.find(piece) {
            Some(0) => rest = &rest[piece.len()..],
            Some(at) if place > 0 => rest = &rest[at + piece.len()..],
            _ => return false,
        }
    }
    rest.is_empty()
}

#[test]
fn the_first_playbook_is_written_checked_and_tested() {
    let home = tempfile::tempdir().unwrap();
    assert!(walk("docs/guide/first-playbook.md", home.path()) > 5);
}

#[test]
fn the_concepts_are_so() {
    let home = tempfile::tempdir().unwrap();
    assert!(walk("docs/concepts.md", home.path()) > 1);
}

/// The settings of the page are good, beside those of the first playbook.
#[test]
fn the_settings_for_going_live_are_read() {
    let text = std::fs::read_to_string(root().join("docs/guide/going-live.md")).unwrap();
    let home = tempfile::tempdir().unwrap();
    let settings: Vec<&str> = blocks(&text).iter().filter(|block| block.words == ["yaml"]).map(|block| block.text).collect();
    assert_eq!(settings.len(), 1);
    std::fs::create_dir(home.path().join("playbooks")).unwrap();
    std::fs::write(home.path().join("bridged.yaml"), format!("brand: Acme Home\ntimezone: America/Chicago\n{}\n", settings[0])).unwrap();
    for secret in ["twilio.token", "twilio.secret"] {
        let line = format!("install -m 600 /dev/null {secret} && echo 0123456789abcdef0123456789abcdef > {secret}");
        assert!(Command::new("sh").args(["-c", &line]).current_dir(home.path()).status().unwrap().success());
    }
    let source = Source::named(&home.path().join("bridged.yaml")).unwrap_or_else(|error| panic!("{error}"));
    Config::read(&source, [], false).unwrap_or_else(|error| panic!("{error}"));
}

/// Every page with commands, from the front door on.
fn pages() -> Vec<PathBuf> {
    let folders = ["docs", "docs/guide", "docs/cookbook"];
    folders.iter().flat_map(|folder| files(&root().join(folder), ".md")).chain([root().join("README.md")]).collect()
}

/// What pages tell to type exists, with every flag.
#[test]
fn every_command_that_pages_show_exists() {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let mut help = |words: &[&str]| -> String {
        let args: Vec<&str> = words.iter().copied().chain(["--help"]).collect();
        known.entry(words.join(" ")).or_insert_with(|| run(root(), &args).1).clone()
    };
    let mut seen = 0;
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for block in blocks(&text).iter().filter(|block| block.words.first() == Some(&"sh")) {
            for part in block.text.split(['\n', '|', ';']).flat_map(|line| line.split("&&")) {
                let typed = part.split(" #").next().unwrap_or_default().trim();
                let Some(typed) = typed.strip_prefix("bridged ").or_else(|| typed.strip_prefix("cargo run --release -- ")) else { continue };
                let words: Vec<&str> = typed.split_whitespace().collect();
                // `--config` may stand before the command.
                let words = if words[0] == "--config" { &words[2..] } else { &words[..] };
                let top = help(&[]);
                assert!(top.contains(&format!("\n  {} ", words[0])), "{}: `bridged {typed}`: no such command", page.display());
                let mut told = help(&words[..1]);
                if told.contains("\nCommands:\n") {
                    assert!(told.contains(&format!("\n  {} ", words[1])), "{}: `bridged {typed}`: no such command", page.display());
                    told = help(&words[..2]);
                }
                for flag in words.iter().filter(|word| word.starts_with("--")) {
                    let flag = flag.split('=').next().unwrap_or_default();
                    assert!(
                        told.contains(&format!("{flag} ")) || told.contains(&format!("{flag}\n")),
                        "{}: `bridged {typed}`: no `{flag}`",
                        page.display()
                    );
                }
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "{seen}");
}

/// Whoever opens `docs` finds each page.
#[test]
fn the_index_names_every_page() {
    let index = std::fs::read_to_string(root().join("docs/README.md")).unwrap();
    for folder in ["", "guide/", "reference/"] {
        for file in files(&root().join("docs").join(folder), ".md") {
            let name = format!("{folder}{}", file.file_name().unwrap().to_string_lossy());
            assert!(name == "README.md" || index.contains(&format!("({name})")), "the index has no {name}");
        }
    }
}

#[test]
fn what_is_shown_must_be_said() {
    assert!(fits("a\nb\nc", "a\n…\nc"));
    assert!(fits("a\nb", "a\nb"));
    assert!(!fits("a\nb", "a\nc"));
    assert!(!fits("a\nb", "a"));
    assert!(!fits("x\na\nb", "a\nb"));
}
