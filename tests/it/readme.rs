//! The README and the guide say what is so: their playbooks check clean, their tests pass, the paths they name exist.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The fenced blocks of a page in one language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).filter_map(|rest| rest.split("\n```").next().map(|block| format!("{block}\n"))).collect()
}

/// Every page of the documentation, with its text.
fn pages() -> Vec<(PathBuf, String)> {
    let mut open = vec![root().join("README.md"), root().join("docs")];
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|kind| kind == "md") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

#[test]
fn the_playbook_of_the_readme_passes_its_test() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let yaml = blocks(&readme, "yaml");
    let home = tempfile::tempdir().unwrap();
    let playbooks = home.path().join("playbooks");
    std::fs::create_dir(&playbooks).unwrap();
    std::fs::copy(root().join("bridged.yaml"), home.path().join("bridged.yaml")).unwrap();
    std::fs::write(playbooks.join("visit.yaml"), &yaml[0]).unwrap();
    std::fs::write(playbooks.join("visit.test.yaml"), &yaml[1]).unwrap();
    for (command, wanted) in [("check", ""), ("test", "1 passed, 0 failed")] {
        let run = Command::new(env!("CARGO_BIN_EXE_bridged")).arg(command).current_dir(home.path()).output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        assert!(run.status.success() && said.contains(wanted), "bridged {command}: {said}");
    }
}

#[test]
fn the_shipped_playbooks_are_clean_and_every_way_is_rehearsed() {
    let run = |args: &[&str]| {
        let run = Command::new(env!("CARGO_BIN_EXE_bridged")).args(args).current_dir(root()).output().unwrap();
        (run.status.code(), format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr)))
    };
    let (code, said) = run(&["check", "--strict"]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = run(&["test", "--coverage"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("never taken"), "{said}");
}

#[test]
fn every_path_that_the_pages_link_to_exists() {
    let mut missing = Vec::new();
    for (page, text) in pages() {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap_or_default();
            if path.is_empty() || path.contains("://") || path.contains(' ') {
                continue;
            }
            if !page.parent().unwrap().join(path).exists() {
                missing.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
