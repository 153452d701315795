//! `bridged chat`

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::{Place, acme};

/// Types these lines into a chat over a pipe; tells exit code and what was shown.
fn chat(place: &Place, args: &[&str], lines: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bridged"));
    command.arg("chat").args(args).current_dir(place.0.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    format!("exit {}\n{}{}", output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A playbook that does a bit of everything.
const ALL: &str = r#"
playbook: all
message_class: transactional
triggers: [{event: go}]
steps:
  - id: look
    http: GET https://shop.example/orders
    save: {order: body.id}
    on_error: {do: [{set: {order: none}}]}
  - id: ask
    ask: "Order {{ order }}: is it fine?"
    replies:
      - match: yes
        end: fine
      - match: no
        do:
          - id: person
            handoff: desk
            say: "Somebody will text you."
            timeout: 1d
            on_timeout: {end: missed}
        end: cared
    on_no_match: {end: unclear}
    remind: [{after: 3h20m, say: "Is it?"}]
    timeout: 1d
    on_timeout: {end: silent}
"#;

#[test]
fn a_talk_over_a_pipe() {
    let place = acme();
    let said = chat(&place, &["hello"], "HI\nAna\n/why\n");
    insta::assert_snapshot!(said);
}

#[test]
fn time_people_and_servers() {
    let place = acme();
    place.write("playbooks/all.yaml", ALL);
    let lines = "/http GET https://shop.example/orders 200 {\"id\": 7}\n/start\n/where\n/next\nno\n/agent Ana here\n/close solved\n/vars\n/restart\n/event go\n\
                 /advance until 2026-03-03 13:00\n/advance 30m\n/fail 30006\n/tag vip\n/advance 1d\n";
    insta::assert_snapshot!(chat(&place, &["playbooks/all.yaml", "--field", "first_name=Bo"], lines));
}

/// What is saved passes as a test, also a second chat in the same file, and is the same however often it is done.
#[test]
fn a_saved_chat_is_a_test_that_passes() {
    let place = acme();
    place.write("playbooks/all.yaml", ALL);
    let lines =
        "/start {\"a\": \"x: #1\"}\n/crash after_send\nno\n/agent On it\n/delivery delivered\n/close \"done\"\n~ what?\n/save playbooks/saved\n";
    let first = chat(&place, &["all", "--no-consent", "--field", "timezone=America/Chicago"], lines);
    assert!(first.starts_with("exit 0\n"), "{first}");
    let saved = std::fs::read_to_string(place.path("playbooks/saved.test.yaml")).unwrap();
    insta::assert_snapshot!(saved);
    assert!(chat(&place, &["hello"], "HI\n/next\n/save playbooks/saved.test.yaml\n").starts_with("exit 0\n"));
    let said = place.run(&["test", "playbooks/saved.test.yaml"]);
    assert_eq!(said, "exit 0\n--- stdout\nok    all  a chat with all\nok    hello  a chat with hello\n2 passed, 0 failed\n");
}

#[test]
fn what_can_not_be_done_is_told_and_ends_with_1() {
    let place = acme();
    let said = chat(&place, &["hello"], "/agent hi\n/advance 5 minutes\n/event\n/nothing\n/http\n/close\n/event x {\nHI\n");
    insta::assert_snapshot!(said);
    assert_eq!(chat(&place, &["helo"], ""), "exit 2\nerror: there is no playbook `helo`; did you mean `hello`?\n");
}
