//! `bridged test`

use super::{Place, acme};

/// The second test, wrong in its script and in what it expects.
const WRONG: &str = "\
test: expects too much
playbook: hello
now: \"2026-03-03 10:00\"
contact: {phone: \"+15125550112\", timezone: America/Chicago}
start: {keyword: HI}
script:
  - bot: your name
  - advance: 1h
  - bot: Still <there>?
expect: {outcome: silent}
";

#[test]
fn all_pass() {
    assert_eq!(acme().run(&["test"]), "exit 0\n--- stdout\nok    hello  says hello\nok    hello  hears <nothing>\n2 passed, 0 failed\n");
    // The settings are those above the file, wherever the command runs.
    let place = acme();
    let elsewhere = Place::with(&[]);
    let file = place.path("playbooks/hello.test.yaml");
    assert!(elsewhere.run(&["test", file.to_str().unwrap()]).ends_with("2 passed, 0 failed\n"));
}

#[test]
fn a_failure_says_where_what_and_how_things_stand() {
    let place = acme();
    place.write("playbooks/wrong.test.yaml", WRONG);
    let said = place.run(&["test", "playbooks/wrong.test.yaml"]);
    let mut lines = said.lines();
    assert_eq!(lines.next(), Some("exit 1"));
    assert_eq!(lines.nth(1), Some("FAIL  hello  expects too much"));
    assert_eq!(lines.next(), Some("      playbooks/wrong.test.yaml:9: expected `Still <there>?`, the bot said nothing"));
    assert!(lines.next().unwrap().starts_with("      playbooks/wrong.test.yaml:10: "));
    assert!(lines.next().unwrap().starts_with("      it is Tue Mar 3, 11:00am; "));
    assert_eq!(lines.next(), Some("        contact | HI"));
    assert_eq!(lines.next(), Some("            bot | What's your name?  (Tue Mar 3, 10:00am)"));
    assert_eq!(lines.next(), Some("           time | 1h"));
    assert_eq!(lines.next(), Some("0 passed, 1 failed"));
    assert_eq!(lines.next(), None);
}

/// What differs stands between marks, as `git diff --word-diff` has them.
#[test]
fn a_text_that_differs_is_shown_beside_the_one_expected() {
    let place = acme();
    place.write("playbooks/wrong.test.yaml", &WRONG.replace("- bot: your name\n", "- bot: \"your names, please?\"\n"));
    insta::assert_snapshot!(place.run(&["test", "playbooks/wrong.test.yaml"]));
}

#[test]
fn tests_are_chosen_by_name() {
    assert_eq!(acme().run(&["test", "--filter", "HELLO"]), "exit 0\n--- stdout\nok    hello  says hello\n1 passed, 0 failed\n");
    assert_eq!(acme().run(&["test", "--filter", "bye"]), "exit 2\n--- stdout\n0 passed, 0 failed\n--- stderr\nno test has this in its name\n");
}

#[test]
fn the_list_for_programs() {
    let place = acme();
    place.write("playbooks/wrong.test.yaml", WRONG);
    let said = place.run(&["test", "--format", "json"]);
    let (data, talk) = said.strip_prefix("exit 1\n--- stdout\n").unwrap().split_once("--- stderr\n").unwrap();
    assert_eq!(talk, "2 passed, 1 failed\n");
    let list: serde_json::Value = serde_json::from_str(data).unwrap();
    let second = serde_json::json!({
        "file": "playbooks/hello.test.yaml", "line": 11, "test": "hears <nothing>", "playbook": "hello",
        "passed": true, "failures": [], "seconds_virtual": 172_800,
    });
    assert_eq!(list[1], second);
    assert_eq!(list[2]["failures"][0]["line"], 9);
}

#[test]
fn the_report_for_build_servers() {
    let place = acme();
    place.write("playbooks/wrong.test.yaml", WRONG);
    assert!(place.run(&["test", "--junit", "report.xml"]).starts_with("exit 1\n"));
    let xml = std::fs::read_to_string(place.path("report.xml")).unwrap();
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<testsuites tests=\"3\" failures=\"1\">
  <testsuite name=\"playbooks/hello.test.yaml\" tests=\"2\" failures=\"0\">
    <testcase classname=\"hello\" name=\"says hello\"/>
    <testcase classname=\"hello\" name=\"hears &lt;nothing&gt;\"/>
  </testsuite>
  <testsuite name=\"playbooks/wrong.test.yaml\" tests=\"1\" failures=\"1\">
    <testcase classname=\"hello\" name=\"expects too much\">
      <failure message=\"expected `Still &lt;there&gt;?`, the bot said nothing\">playbooks/wrong.test.yaml:9: ";
    assert!(xml.starts_with(head), "{xml}");
}

#[test]
fn ways_that_no_test_takes() {
    let said = acme().run(&["test", "--coverage", "--filter", "says"]);
    let expected = "exit 0
--- stdout
ok    hello  says hello
hello  1 of 2 ways taken, 50 %
      playbooks/hello.yaml:5: name: `on_timeout` never taken
all playbooks  1 of 2 ways taken, 50 %
1 passed, 0 failed
";
    assert_eq!(said, expected);
    let place = acme();
    let least = |percent: &str| place.run(&["test", "--filter", "says", "--coverage-min", percent, "--coverage-json", "coverage.json"]);
    assert!(least("50").starts_with("exit 0\n"));
    let said = least("51");
    assert!(said.starts_with("exit 1\n") && said.ends_with("the tests take 50 % of all ways, which is less than 51 %\n"), "{said}");
    let data: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(place.path("coverage.json")).unwrap()).unwrap();
    let missing = serde_json::json!({ "line": 5, "step": "name", "way": "`on_timeout`", "source": "- id: name" });
    assert_eq!(data["playbooks"][0]["missing"], serde_json::json!([missing]));
    assert_eq!((&data["ways"], &data["taken"], &data["percent"]), (&2.into(), &1.into(), &50.into()));
}

#[test]
fn walks_find_what_no_test_looks_for() {
    let place = acme();
    let walked = place.run(&["test", "--explore"]);
    assert!(walked.starts_with("exit 0\n") && walked.contains("\nwalked  hello  ") && walked.contains(", 2 of 2 ways\n"), "{walked}");
    // The same words from a rule and from the step behind it.
    place.write(
        "playbooks/hello.yaml",
        &super::HELLO
            .replace("    save: name\n", "    replies: [{match: yes, say: Thanks!}, {match: any}]\n")
            .replace("\"Hello {{ name }}\"", "Thanks!"),
    );
    let found = place.run(&["test", "--explore", "--filter", "nothing"]);
    let (head, way) = found.split_once("---\ntest: ").unwrap();
    assert!(head.starts_with("exit 1\n"), "{found}");
    assert!(head.contains("`Thanks!` went out twice, and nothing happened in between"), "{found}");
    // What it reports is a test that fails until the playbook is mended.
    let (way, _) = way.split_once("---\n").unwrap();
    place.write("playbooks/found.test.yaml", &format!("test: {way}"));
    let said = place.run(&["test", "playbooks/found.test.yaml"]);
    assert!(said.starts_with("exit 1\n") && said.contains("the bot said `Thanks!`, which no line expects"), "{said}");
}

#[test]
fn files_that_can_not_be_used_stop_only_themselves() {
    let place = acme();
    place.write("playbooks/a.test.yaml", "test: x\nplaybok: hello\nscript: []\n");
    place.write("playbooks/b.test.yaml", "test: x\nplaybook: helo\nnow: \"2026-03-03 10:00\"\ncontact: {phone: \"+15125550112\"}\nscript: []\n");
    let said = place.run(&["test"]);
    assert!(
        said.starts_with("exit 2\n--- stdout\nok    hello  says hello\nok    hello  hears <nothing>\n2 passed, 0 failed\n--- stderr\n"),
        "{said}"
    );
    assert!(said.contains("playbooks/a.test.yaml:2: `playbok` is not known here (did you mean `playbook`?)\n"), "{said}");
    assert!(said.contains("playbooks/b.test.yaml:1: there is no playbook `helo` (did you mean `hello`?)\n"), "{said}");
}

#[test]
fn playbooks_with_faults_are_not_tested() {
    let place = acme();
    place.write("playbooks/bad.yaml", "playbook: bad\nmessage_class: conversational\nsteps:\n  - goto: nowhere\n");
    let expected = "exit 2
--- stdout
0 passed, 0 failed
--- stderr
playbooks/bad.yaml:4:11: error[unknown-step]: there is no step named `nowhere`
error: the playbooks have faults, so nothing was tested; `bridged check` shows them at length
";
    assert_eq!(place.run(&["test"]), expected);
    let empty = Place::with(&[("bridged.yaml", super::SETTINGS), ("playbooks/hello.yaml", super::HELLO)]);
    assert_eq!(empty.run(&["test"]), "exit 2\n--- stdout\n0 passed, 0 failed\n--- stderr\nthere is no `*.test.yaml` here\n");
}
