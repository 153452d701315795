//! The guide page about rehearsing is carried out: its playbook, its tests, its commands, and what it says they print.

use std::path::Path;
use std::process::{Command, Stdio};

/// Fenced blocks of a page in order: language and text.
fn blocks(page: &str) -> Vec<(&str, String)> {
    let fences: Vec<&str> = page.split("```").skip(1).step_by(2).collect();
    fences.iter().map(|block| block.split_once('\n').unwrap()).map(|(language, text)| (language, text.to_owned())).collect()
}

#[test]
fn the_guide_says_what_is_so() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/guide/rehearse.md")).unwrap();
    let blocks = blocks(&page);
    let yaml: Vec<&String> = blocks.iter().filter(|(language, _)| *language == "yaml").map(|(_, text)| text).collect();
    let home = tempfile::tempdir().unwrap();
    let playbooks = home.path().join("playbooks");
    std::fs::create_dir(&playbooks).unwrap();
    std::fs::copy(root.join("bridged.yaml"), home.path().join("bridged.yaml")).unwrap();
    std::fs::write(playbooks.join("visit.yaml"), yaml[0]).unwrap();
    std::fs::write(playbooks.join("visit.test.yaml"), yaml[1]).unwrap();
    let folder = Path::new(env!("CARGO_BIN_EXE_bridged")).parent().unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    let run = |line: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", line]).env("PATH", &path).current_dir(home.path()).stdin(Stdio::null());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let mut commands = 0;
    for (place, (language, text)) in blocks.iter().enumerate() {
        if *language != "sh" {
            continue;
        }
        commands += 1;
        let said = run(text.trim());
        if let Some(("text", wanted)) = blocks.get(place + 1).map(|(language, text)| (*language, text)) {
            assert_eq!(said, *wanted, "{text}");
        }
    }
    assert!(commands >= 5);
    // The failure it shows, made by expecting other words.
    let wanted = blocks.iter().find(|(language, text)| *language == "text" && text.starts_with("FAIL")).unwrap();
    std::fs::write(playbooks.join("visit.test.yaml"), yaml[1].replace("See you then", "See you soon")).unwrap();
    let failed = Command::new(env!("CARGO_BIN_EXE_bridged")).args(["test", "playbooks/visit.test.yaml"]).current_dir(home.path()).output().unwrap();
    assert_eq!(failed.status.code(), Some(1));
    let failed = String::from_utf8(failed.stdout).unwrap();
    assert!(failed.starts_with(&wanted.1), "{failed}");
}
