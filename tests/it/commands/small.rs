//! The commands that need no daemon and no playbooks.

use bridged::playbook::rules::RULES;

use super::Place;

fn run(args: &[&str]) -> String {
    Place::with(&[]).run(args)
}

#[test]
fn segments() {
    assert_eq!(run(&["segments", "hi"]), "exit 0\n--- stdout\nGSM-7, 1 segment, 2 characters\n");
    let dear = "exit 0\n--- stdout\nUCS-2, 2 segments, 71 characters\nnot in GSM-7, so that a segment holds 70 characters instead of 160: á\n";
    assert_eq!(run(&["segments", &format!("á{}", "x".repeat(70))]), dear);
    let json = "exit 0\n--- stdout\n{\n  \"encoding\": \"UCS-2\",\n  \"segments\": 1,\n  \"characters\": 2,\n  \"culprits\": [\n    \"🙂\"\n  ]\n}\n";
    assert_eq!(run(&["segments", "a🙂", "--format", "json"]), json);
}

#[test]
fn schemas_are_json_with_a_dialect() {
    for of in ["playbook", "transcript", "config"] {
        let said = run(&["schema", of]);
        let schema: serde_json::Value = serde_json::from_str(said.strip_prefix("exit 0\n--- stdout\n").unwrap()).unwrap();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{of}");
        assert_eq!(schema["additionalProperties"], false, "{of}");
    }
}

#[test]
fn every_fault_has_its_page() {
    for rule in RULES {
        let said = run(&["explain", rule.code]);
        assert!(said.starts_with(&format!("exit 0\n--- stdout\n# {}", rule.code)), "{said}");
    }
    assert!(run(&["explain", "30007"]).starts_with("exit 0\n--- stdout\n# 30007: filtered by the carrier\n"));
    assert_eq!(run(&["explain", "bad-crom"]), "exit 2\n--- stderr\nerror: `bad-crom` is no code that is known here; did you mean `bad-cron`?\n");
}

#[test]
fn used_wrongly() {
    for args in [["nonsense"].as_slice(), &[], &["check", "--format", "xml"], &["segments"], &["serve", "--only", "nothing"]] {
        assert!(run(args).starts_with("exit 2\n--- stderr\n"), "{args:?}");
    }
    assert!(run(&["--help"]).starts_with("exit 0\n--- stdout\n"));
}

/// A reader who has seen enough ends nothing with an error.
#[test]
fn a_closed_pipe_is_no_fault() {
    let command = format!("{} schema | head -1; exit ${{PIPESTATUS[0]}}", env!("CARGO_BIN_EXE_bridged"));
    let output = std::process::Command::new("bash").args(["-c", &command]).output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}
