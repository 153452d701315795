//! `--fix`: what it repairs, what it leaves alone, and that a second run finds nothing more to do.

#![allow(clippy::unwrap_used)]

use bridged::playbook::fix::{Fixed, fix};
use bridged::playbook::{Sources, show};

use super::mistakes::{MISTAKES, now, shipped, workspace};

/// One playbook after the repairs, what was done, and what is left in the short form.
fn fixed(text: &str) -> (String, Vec<Fixed>, Vec<String>) {
    let mut sources = Sources { playbooks: vec![("clinic.yaml".to_owned(), text.to_owned())], ..Sources::default() };
    let (made, compiled) = fix(&mut sources, &workspace(), now(), |_| true);
    let left = compiled.faults.iter().map(show::short).collect();
    (sources.playbooks.remove(0).1, made, left)
}

const HEAD: &str = "playbook: clinic\nmessage_class: conversational\nsteps:\n";

/// Steps as written, and as they should be.
const REPAIRS: &[(&str, &str)] = &[
    ("  - send: {{ brand }} says hello\n", "  - send: \"{{ brand }} says hello\"\n"),
    ("  - send: {{ brand | default(\"We\") }} say hello   # a note\n", "  - send: '{{ brand | default(\"We\") }} say hello'   # a note\n"),
    ("  - send: Pick one: it's \"a\" or b\n", "  - send: \"Pick one: it's \\\"a\\\" or b\"\n"),
    ("  - send: Pick one: a\r\n  - send: %10 off\r\n", "  - send: \"Pick one: a\"\r\n  - send: \"%10 off\"\r\n"),
    (
        "  - choose: [{if: contact.tags, say: {{ brand }} greets you, end: done}]\n",
        "  - choose: [{if: contact.tags, say: \"{{ brand }} greets you\", end: done}]\n",
    ),
    ("  - send: *Sale* today\n  - set: {office: +15125550100}\n", "  - send: \"*Sale* today\"\n  - set: {office: \"+15125550100\"}\n"),
    ("  - send: “Pick one: a or b”\n", "  - send: \"Pick one: a or b\"\n"),
    ("  - id: settle\n    wait:2d\n", "  - id: settle\n    wait: 2d\n"),
    ("  -send: Hello.\n", "  - send: Hello.\n"),
    ("  - sedn: Hello.\n", "  - send: Hello.\n"),
    ("  - id: settle\n\twait: 1 hour\n", "  - id: settle\n  wait: 1 hour\n"),
    ("  - id: settle\n \t wait: 1 hour\n", "  - id: settle\n    wait: 1h\n"),
    (
        "  - id: nudge\n    wait: 2 days\n  - choose: [{if: contact.tags, goto: nudg}]\n",
        "  - id: nudge\n    wait: 2d\n  - choose: [{if: contact.tags, goto: nudge}]\n",
    ),
];

#[test]
fn what_can_only_be_meant_so_is_repaired_and_nothing_else() {
    for (written, expected) in REPAIRS {
        let (text, made, left) = fixed(&format!("{HEAD}{written}"));
        assert_eq!(text, format!("{HEAD}{expected}"), "{made:#?} {left:#?}");
        assert!(!made.is_empty());
        let (again, made, _) = fixed(&text);
        assert_eq!((again, made), (text, Vec::new()));
    }
}

/// Two readings are possible, or the repair is another one than it seems.
#[test]
fn what_is_not_certain_is_left_for_people() {
    for written in [
        // The text goes on below.
        "  - send: {{ brand }} says\n      hello\n",
        "  - choose: [{if: contact.tags, say: One: a, or b}]\n",
        // Two names are near.
        "  - id: step_1\n    wait: 1d\n  - id: step_2\n    wait: 1d\n  - choose: [{if: contact.tags, goto: step_3}]\n",
        // The right key is there already.
        "  - id: settle\n    wait: 1d\n    wiat: 2d\n",
        "  - id: First\n    wait: 2d\n",
        "  - id: later\n    wait: soon\n",
        "  - send: \"Hello\n",
        // Sent as it is?
        "  - send: {first_name}, hello\n",
    ] {
        let source = format!("{HEAD}{written}");
        let (text, made, left) = fixed(&source);
        assert_eq!((text, made), (source, Vec::new()), "{written}");
        assert!(!left.is_empty(), "{written}");
    }
}

/// Whatever mistake is in the shipped playbooks: a second run changes nothing, a repair adds no error, and other files stay as they are.
#[test]
fn a_second_run_changes_nothing() {
    for mistake in MISTAKES {
        let mut sources = mistake.made();
        let before = sources.playbooks.clone();
        let (made, compiled) = fix(&mut sources, &workspace(), now(), |_| true);
        for ((path, after), (_, before)) in sources.playbooks.iter().zip(&before) {
            let is_fixed = made.iter().any(|fixed| *fixed.path == **path);
            assert_eq!(is_fixed, after != before, "{}: {path}", mistake.code);
        }
        if !made.is_empty() {
            assert!(compiled.faults.iter().all(|fault| fault.code != mistake.code), "{}: {made:#?}", mistake.code);
        }
        let once = sources.playbooks.clone();
        let (made, _) = fix(&mut sources, &workspace(), now(), |_| true);
        assert_eq!((sources.playbooks, made), (once, Vec::new()), "{}", mistake.code);
    }
}

#[test]
fn files_that_are_not_asked_about_stay_as_they_are() {
    let mut sources = shipped();
    sources.playbooks.push(("draft.yaml".to_owned(), "playbook: draft\nmessage_class: conversational\nsteps:\n  - sedn: Hello.\n".to_owned()));
    let before = sources.playbooks.clone();
    let (made, _) = fix(&mut sources, &workspace(), now(), |path| path != "draft.yaml");
    assert_eq!((sources.playbooks, made), (before, Vec::new()));
}
