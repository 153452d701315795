//! `bridged check`

use super::{Place, SETTINGS, acme};

const BAD: &str = "\
playbook: bad
message_class: conversational
steps:
  - send: Hi
    colour: red
  - goto: nowhere
";

#[test]
fn nothing_to_report() {
    assert_eq!(acme().run(&["check"]), "exit 0\n--- stderr\n1 playbook, no problems\n");
    assert_eq!(acme().run(&["check", "--format", "json"]), "exit 0\n--- stdout\n[]\n--- stderr\n1 playbook, no problems\n");
}

#[test]
fn every_fault_of_every_file_in_one_run() {
    let place = acme();
    place.write("playbooks/bad.yaml", BAD);
    place.write("playbooks/deep/open.yaml", "playbook: \"open\n");
    let expected = "exit 1
--- stdout
playbooks/bad.yaml:5:5: error[unknown-key]: `colour` is not a setting of `send`
playbooks/bad.yaml:6:11: error[unknown-step]: there is no step named `nowhere`
playbooks/deep/open.yaml:1:11: error[open-quote]: this quote is never closed
--- stderr
3 problems in 2 of 3 playbooks · bridged explain unknown-key tells more
";
    assert_eq!(place.run(&["check", "--format", "short"]), expected);
    let long = place.run(&["check"]);
    assert!(long.contains("error[unknown-step]: there is no step named `nowhere`\n --> playbooks/bad.yaml:6:11\n"), "{long}");
    let json = place.run(&["check", "--format", "json"]);
    assert!(json.contains("\"code\": \"open-quote\"") && json.starts_with("exit 1\n--- stdout\n[\n"), "{json}");
}

#[test]
fn only_the_files_that_are_named_are_told_of_and_the_others_lend_their_names() {
    let place = acme();
    place.write("playbooks/bad.yaml", BAD);
    place.write("drafts/caller.yaml", "playbook: caller\nmessage_class: conversational\nsteps:\n  - run: hello\n");
    assert_eq!(place.run(&["check", "playbooks/hello.yaml"]), "exit 0\n--- stderr\n1 playbook, no problems\n");
    // As a shell fills in `playbooks/*.yaml`; tests are no playbooks.
    assert_eq!(place.run(&["check", "playbooks/hello.test.yaml", "playbooks/hello.yaml"]), "exit 0\n--- stderr\n1 playbook, no problems\n");
    // `hello` is known from the folder of playbooks, and the settings are those above the draft.
    assert_eq!(place.run(&["check", "drafts"]), "exit 0\n--- stderr\n1 playbook, no problems\n");
    assert!(
        place
            .run(&["check", "--format", "short", "playbooks/bad.yaml", "drafts/caller.yaml"])
            .ends_with("2 problems in 1 of 2 playbooks · bridged explain unknown-key tells more\n")
    );
}

#[test]
fn warnings_are_problems_only_when_strict() {
    let place = acme();
    place.write("playbooks/other.yaml", "playbook: another\nmessage_class: conversational\nsteps:\n  - send: Hi\n");
    let said = place.run(&["check", "--format", "short"]);
    assert!(said.starts_with("exit 0\n--- stdout\nplaybooks/other.yaml:1:11: warning[name-differs-from-file]: "), "{said}");
    assert!(place.run(&["check", "--strict", "--format", "short"]).starts_with("exit 1\n"));
}

#[test]
fn what_can_not_be_read() {
    let place = Place::with(&[("bridged.yaml", SETTINGS)]);
    assert_eq!(place.run(&["check"]), "exit 2\n--- stderr\nerror: `playbooks` can't be read: No such file or directory (os error 2)\n");
    place.write("playbooks/notes.txt", "");
    assert_eq!(place.run(&["check"]), "exit 2\n--- stderr\nerror: there is no playbook to check here; playbooks end in `.yaml`\n");
    assert_eq!(place.run(&["check", "nowhere"]), "exit 2\n--- stderr\nerror: there is no file or folder `nowhere`\n");
    std::fs::write(place.path("playbooks/latin.yaml"), b"playbook: caf\xe9\n").unwrap();
    assert!(place.run(&["check"]).starts_with("exit 2\n--- stderr\nerror: `playbooks/latin.yaml` can't be read: it is not UTF-8 text\n"));
}

#[test]
fn notes_for_a_workflow() {
    let place = acme();
    place.write("playbooks/bad.yaml", BAD);
    let expected = "exit 1
--- stdout
::error file=playbooks/bad.yaml,line=5,col=5,title=unknown-key::`colour` is not a setting of `send`
::error file=playbooks/bad.yaml,line=6,col=11,title=unknown-step::there is no step named `nowhere`
--- stderr
2 problems in 1 of 2 playbooks · bridged explain unknown-key tells more
";
    assert_eq!(place.run(&["check", "--format", "github"]), expected);
}

const BROKEN: &str = "\
playbook: bad
message_class: conversational
steps:
  - send: {{ brand }} says hello   # kept
  - id: settle
    wait: 2 days
  - goto: settel
";

#[test]
fn what_can_only_be_meant_so_is_repaired_and_told() {
    let place = acme();
    place.write("playbooks/bad.yaml", BROKEN);
    let said = place.run(&["check", "--fix", "--format", "short"]);
    let repaired = BROKEN.replace("{{ brand }} says hello", "\"{{ brand }} says hello\"").replace("2 days", "2d").replace("settel", "settle");
    assert_eq!(std::fs::read_to_string(place.path("playbooks/bad.yaml")).unwrap(), repaired, "{said}");
    insta::assert_snapshot!(said);
    // Nothing is left to do, and nothing else is touched.
    assert_eq!(place.run(&["check", "--fix", "playbooks/bad.yaml"]), "exit 0\n--- stderr\n1 playbook, no problems\n");
    assert_eq!(std::fs::read_dir(place.path("playbooks")).unwrap().count(), 3);
}
