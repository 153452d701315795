//! The commands that need no daemon and no playbooks, and `graph`.

use bridged::playbook::rules::RULES;

use super::{Place, acme};

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
fn graph_by_name_and_by_file() {
    let expected = r#"exit 0
--- stdout
flowchart TD
  start(["hello<br/>keyword hi"])
  s0[/"name<br/>What's your name?"/]
  e0(("silent"))
  s1["Hello {{ name }}"]
  e1(("completed"))
  start --> s0
  s0 -->|"any answer"| s1
  s0 -->|"after 2d"| e0
  s1 --> e1
"#;
    assert_eq!(acme().run(&["graph", "hello", "--format", "mermaid"]), expected);
    assert_eq!(acme().run(&["graph", "playbooks/hello.yaml"]), expected);
    assert_eq!(acme().run(&["graph", "helo"]), "exit 2\n--- stderr\nerror: there is no playbook `helo`; did you mean `hello`?\n");
}

/// Each way of leaving a step is an arrow, steps that only lead elsewhere are none, and what Mermaid would read is written otherwise.
#[test]
fn graph_of_many_ways() {
    let place = acme();
    place.write("playbooks/ways.yaml", WAYS);
    assert_eq!(place.run(&["graph", "ways"]), WAYS_DRAWN);
}

const WAYS: &str = r##"playbook: ways
message_class: conversational
triggers: [{event: lead.created, key: "{{ event.id }}"}, {call: any}]
exit: [{event: lead.lost, key: "{{ event.id }}", end: lost}]
anytime:
  - match: {words: [price]}
    say: From $5
  - match: {words: [human]}
    goto: person
steps:
  - id: colour
    ask: "What's the \"#1\" <colour>?"
    retry: {max: 1}
    replies:
      - match: [{any_of: [red, blue]}, {number: {min: 3}}]
        goto: pause
      - match: no
        say: Really?
        again: true
    on_no_match: {end: unclear}
    remind: [{after: 4h, say: Still there?}]
    timeout: 2d
    on_timeout: {end: silent}
  - id: pause
    wait: 1d
  - id: which
    choose:
      - if: contact.budget > 5
        end: rich
  - id: person
    handoff: desk
    sla: 10m
    on_sla: {say: A moment please}
    timeout: 3d
    on_timeout: {end: unanswered}
  - send: Bye
    if: contact.vip
"##;

const WAYS_DRAWN: &str = r##"exit 0
--- stdout
flowchart TD
  start(["ways<br/>event lead.created<br/>a call"])
  anytime[/"at any question"/]
  exit{"at any time"}
  e0(("lost"))
  s0[/"colour<br/>What's the #34;#35;1#34; #60;colour#62;?<br/>asks again once<br/>reminds after 4h"/]
  e1(("unclear"))
  e2(("silent"))
  s7["From $5"]
  open[/"what was open stays open"/]
  s3[["person<br/>hand off to desk"]]
  e3(("unanswered"))
  s1(["pause<br/>wait 1d"])
  s5["Really?"]
  s4["if contact.vip<br/>Bye"]
  e4(("completed"))
  s6["A moment please"]
  s2{"which<br/>choose"}
  e5(("rich"))
  start --> s0
  anytime -->|"price"| s7
  anytime -->|"human"| s3
  exit -->|"event lead.lost"| e0
  s0 -->|"red, blue, 3 or more"| s1
  s0 -->|"no"| s5
  s0 -->|"not understood"| e1
  s0 -->|"after 2d"| e2
  s7 -.-> open
  s3 -->|"closed"| s4
  s3 -->|"after 3d"| e3
  s3 -.->|"late"| s6
  s1 --> s2
  s5 -.-> s0
  s4 --> e4
  s6 -.-> open
  s2 -->|"contact.budget #62; 5"| e5
  s2 -->|"otherwise"| s3
"##;

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
