//! Files as people break them: each is told in plain words, at the line to change.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use bridged::playbook::show;
use bridged::playbook::{Sources, compile};

use super::mistakes::{now, workspace};

/// What is broken, the steps of a playbook that begin at line 4, and what is told first, from the line on.
const BROKEN: &[(&str, &str, &str)] = &[
    (
        "the keys of a step do not line up",
        "  - id: settle\n   wait: 2d\n",
        "5:4: error[bad-yaml]: the lines can't be read as YAML; usually the spaces at the start do not line up",
    ),
    (
        "a key too far in",
        "  - id: settle\n      wait: 2d\n",
        "5:7: error[bad-yaml]: the lines can't be read as YAML; usually the spaces at the start do not line up",
    ),
    (
        "a step too far out",
        "  - send: Hello.\n - send: Goodbye.\n",
        "5:2: error[bad-yaml]: the lines can't be read as YAML; usually the spaces at the start do not line up",
    ),
    (
        "a step too far in",
        "  - send: Hello.\n    - send: Goodbye.\n",
        "5:5: error[bad-yaml]: the lines can't be read as YAML; usually the spaces at the start do not line up",
    ),
    ("no space behind a colon", "  - id: settle\n    wait:2d\n", "5:5: error[bad-yaml]: a space is missing behind `wait:`"),
    ("no space behind the colon of a step", "  - send:Hello\n  - end: done\n", "4:5: error[bad-yaml]: a space is missing behind `send:`"),
    ("no space behind a dash", "  -send: Hello.\n", "4:3: error[bad-yaml]: a space is missing behind `-`"),
    ("no space behind a later dash", "  - send: Hello.\n  -send: Goodbye.\n", "5:3: error[bad-yaml]: a space is missing behind `-`"),
    ("no colon", "  - id: settle\n    wait 2d\n", "5:5: error[bad-yaml]: a `:` is missing behind `wait`"),
    ("no colon at a step", "  - send Hello.\n  - end: done\n", "4:5: error[bad-yaml]: a `:` is missing behind `send`"),
    ("a list that is not closed", "  - tag: [a, b\n  - end: done\n", "4:10: error[bad-yaml]: this `[` is never closed"),
    (
        "settings that are not closed",
        "  - id: more\n    listen: 1d\n    on_timeout: {end: silent\n  - end: done\n",
        "6:17: error[bad-yaml]: this `{` is never closed",
    ),
    (
        "a bracket inside another",
        "  - id: more\n    listen: 1d\n    replies: [{match: {words: [a, b}}, {match: other}]\n    on_timeout: {end: silent}\n",
        "6:31: error[bad-yaml]: this `[` is never closed",
    ),
    ("not closed at the end of the file", "  - tag: [a, b\n", "4:10: error[bad-yaml]: this `[` is never closed"),
    ("one closing bracket too many", "  - tag: [a, b]]\n", "4:16: error[bad-yaml]: nothing is open that this `]` could close"),
    ("a closing bracket alone", "  - tag: a\n    if: ]\n", "5:9: error[bad-yaml]: nothing is open that this `]` could close"),
    ("a quote that is not closed", "  - send: \"Hello.\n  - end: done\n", "4:11: error[open-quote]: this quote is never closed"),
    ("two kinds of quotes", "  - send: \"Hello.'\n  - end: done\n", "4:11: error[open-quote]: this quote is never closed"),
    ("an apostrophe within single quotes", "  - send: 'it's ready'\n", "4:15: error[bad-yaml]: the text goes on behind its closing quote"),
    ("quotes within quotes", "  - send: \"Say \"yes\" now\"\n", "4:17: error[bad-yaml]: the text goes on behind its closing quote"),
    ("text behind quotes", "  - send: \"Hello\" there\n", "4:19: error[bad-yaml]: the text goes on behind its closing quote"),
    ("curly quotes", "  - send: “Pick one: a or b”\n", "4:11: error[colon-in-text]: `: ` inside text needs quotes"),
    ("curly quotes in a list", "  - tag: [“a: b”, c]\n", "4:11: error[wrong-shape]: expected text here"),
    ("a tab", "  - id: settle\n\twait: 2d\n", "5:1: error[tab-indent]: a tab can't be used to indent"),
    ("a tab in the middle of the spaces", "  - id: settle\n  \twait: 2d\n", "5:3: error[tab-indent]: a tab can't be used to indent"),
    (
        "a comment inside brackets",
        "  - id: more\n    listen: 1d\n    on_timeout: {say: Room #5, end: silent}\n",
        "6:28: error[bad-yaml]: ` #` starts a comment: the `}` behind it is not seen",
    ),
    (
        "a colon in a text, with the line ends of Windows",
        "  - send: Pick one: a\r\n  - end: done\r\n",
        "4:11: error[colon-in-text]: `: ` inside text needs quotes",
    ),
    ("a colon at the end of a text", "  - send: Pick one:\n  - end: done\n", "4:11: error[colon-in-text]: `: ` inside text needs quotes"),
    (
        "a list under a text",
        "  - send: \"Hello\"\n      - a\n",
        "5:7: error[bad-yaml]: the lines can't be read as YAML; usually the spaces at the start do not line up",
    ),
    (
        "settings under a text",
        "  - send: Hello.\n      media: a\n",
        "5:7: error[bad-yaml]: the lines can't be read as YAML; usually the spaces at the start do not line up",
    ),
    ("braces", "  - send: {{ brand }} says hello\n", "4:11: error[unquoted-braces]: text that starts with `{{` must be in quotes"),
    ("braces alone", "  - send: {{ brand }}\n", "4:11: error[unquoted-braces]: text that starts with `{{` must be in quotes"),
    ("one brace", "  - send: {brand} says hello\n", "4:11: error[unquoted-braces]: text that starts with `{` must be in quotes"),
    ("a merge field of another product", "  - send: {first_name}\n", "4:11: error[unquoted-braces]: text that starts with `{` must be in quotes"),
    ("a percent sign", "  - send: %10 off\n", "4:11: error[needs-quotes]: text can't start with `%` here"),
    ("a mail address of ours", "  - send: @acme is here\n", "4:11: error[needs-quotes]: text can't start with `@` here"),
    ("bold text", "  - send: **Sale** today\n", "4:11: error[needs-quotes]: text can't start with `*` here"),
    ("a second playbook", "  - send: Hello.\n---\nplaybook: b\n", "5:1: error[more-than-one-document]: one playbook a file"),
    ("a key twice", "  - send: Hello.\n    urgent: true\n    urgent: false\n", "6:5: error[duplicate-key]: `urgent` is written twice"),
    ("a question mark at the beginning", "  - send: ? really\n", "4:11: error[needs-quotes]: text can't start with `?` here"),
    ("a dash as a text", "  - send: - 10 percent\n", "4:11: error[needs-quotes]: text can't start with `-` here"),
    ("an escape that is none", "  - send: \"50\\% off\"\n", "4:14: error[bad-yaml]: `\\%` means nothing in double quotes"),
];

#[test]
fn a_broken_file_is_told_in_plain_words_at_the_line_to_change() {
    let mut failures = Vec::new();
    for (what, steps, expected) in BROKEN {
        let text = format!("playbook: clinic\nmessage_class: conversational\nsteps:\n{steps}");
        let sources = Sources { playbooks: vec![("clinic.yaml".to_owned(), text)], ..Sources::default() };
        let faults = compile(&sources, &workspace(), now()).faults;
        let told = faults.first().map(|fault| show::short(fault).trim_start_matches("clinic.yaml:").to_owned()).unwrap_or_default();
        if told != *expected {
            failures.push(format!("{what}\n  expected {expected}\n  told     {told}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What editors leave at the edges of a file is no fault.
#[test]
fn marks_and_line_ends_of_windows_are_read() {
    let good = "playbook: clinic\nmessage_class: conversational\nsteps:\n  - send: Hello.\n";
    for text in
        [format!("\u{feff}{good}"), good.replace('\n', "\r\n"), good.trim_end().to_owned(), format!("---\n{good}...\n"), format!("{good}\n\n\n")]
    {
        let sources = Sources { playbooks: vec![("clinic.yaml".to_owned(), text.clone())], ..Sources::default() };
        let told: Vec<String> = compile(&sources, &Arc::clone(&workspace()), now()).faults.iter().map(show::short).collect();
        assert_eq!(told, Vec::<String>::new(), "{text:?}");
    }
}
