//! Every code of `bridged check` has a page whose examples are what they say, a bad file that shows exactly this fault wherever it can
//! stand, a good file without any, and a snapshot of both forms of the report.
//!
//! A fixture may hold several files: `#@ file NAME` begins another playbook, `#@ template NAME` a text. The first playbook is `clinic.yaml`.
//! The head of a bad file says what is expected, in the short form: `# expect: FILE:LINE:COLUMN: SEVERITY[CODE]: MESSAGE`.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use bridged::model::{Address, Class, SenderType};
use bridged::playbook::workspace::{ClassRules, FieldKind, Queue, ReservedAnswers, Sender, Sync, Workspace};
use bridged::playbook::{Compiled, Level, Sources, compile, rules, show};
use bridged::text::{Days, OpenHours, ReservedWords, Template, Window};

fn hours(window: &str) -> OpenHours {
    OpenHours { window: Window::parse(window), days: Days::ALL }
}

fn workspace() -> Arc<Workspace> {
    let sender =
        |name: &str, kind, number: &str| Sender { name: name.to_owned(), kind, numbers: vec![Address(number.to_owned())], service: None, mps: 1.0 };
    let class = |needs_consent, hours, first| ClassRules {
        needs_consent,
        hours,
        cap: None,
        first_needs_brand: first,
        first_needs_opt_out: first,
        resend_unknown: false,
    };
    let queue = |hours| Queue { hours, assign: "least_busy".to_owned(), sla: None };
    let answer = || Template::parse("{{ brand }}: done.").unwrap();
    Arc::new(Workspace {
        account_mps: 50.0,
        brand: "Acme Home".to_owned(),
        timezone: jiff::tz::TimeZone::get("America/Chicago").unwrap(),
        timezone_name: "America/Chicago".to_owned(),
        language: "en".to_owned(),
        senders: vec![
            sender("marketing", SenderType::ShortCode, "+15005550006"),
            sender("support", SenderType::TollFree, "+18885550123"),
            sender("whatsapp", SenderType::Whatsapp, "whatsapp:+15125550100"),
        ],
        classes: [
            (Class::Marketing, class(true, hours("9am-8pm"), true)),
            (Class::Transactional, class(false, hours("8am-9pm"), false)),
            (Class::Conversational, class(false, OpenHours::default(), false)),
        ]
        .into(),
        reserved: ReservedWords::new(&["stop", "cancel", "end", "quit"], &["start", "unstop"], &["help", "info"]),
        answers: ReservedAnswers { opt_out: answer(), opt_in: answer(), help: answer() },
        queues: [("sales".to_owned(), queue(hours("9am-6pm"))), ("support".to_owned(), queue(hours("8am-8pm")))].into(),
        contact_fields: [("plan".to_owned(), FieldKind::Text)].into(),
        secrets: BTreeMap::from([("CRM_TOKEN".to_owned(), "s3cret".to_owned())]).into(),
        http_allow: vec!["crm.internal".to_owned()],
        links: "https://sms.acme.example".to_owned(),
        prices: Default::default(),
        sync: Sync { inbound: true, outbound: true, channels: Vec::new(), messages: true, statuses: true, media: true },
    })
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/faults")
}

/// The files that a fixture stands for.
fn sources(fixture: &str) -> Sources {
    let mut sources = Sources::default();
    let mut add = |head: Option<&str>, body: String| match head.and_then(|head| head.strip_prefix("template ")) {
        Some(name) => drop(sources.templates.insert(name.to_owned(), body)),
        None => sources.playbooks.push((head.and_then(|head| head.strip_prefix("file ")).unwrap_or("clinic.yaml").to_owned(), body)),
    };
    let mut head = None;
    let mut body = String::new();
    for line in fixture.split_inclusive('\n') {
        match line.trim().strip_prefix("#@ ") {
            Some(next) => add(head.replace(next), std::mem::take(&mut body)),
            None => body.push_str(line),
        }
    }
    add(head, body);
    sources
}

fn check(sources: &Sources) -> Compiled {
    compile(sources, &workspace(), "2026-03-02T12:00:00Z".parse().unwrap())
}

fn shown(sources: &Sources) -> Vec<String> {
    check(sources).faults.iter().map(show::short).collect()
}

#[test]
fn every_code_has_a_bad_and_a_good_file() {
    let mut failures = Vec::new();
    for rule in rules::RULES {
        let read = |kind: &str| std::fs::read_to_string(folder().join(format!("{}.{kind}.yaml", rule.code)));
        let (Ok(bad), Ok(good)) = (read("bad"), read("good")) else {
            failures.push(format!("{}: a fixture is missing", rule.code));
            continue;
        };
        let expected: Vec<&str> = bad.lines().map_while(|line| line.strip_prefix("# expect: ")).collect();
        let found = shown(&sources(&bad));
        let mark = format!("{}[{}]", rule.level.as_str(), rule.code);
        let code = format!("[{}]", rule.code);
        let all_same = found.iter().all(|line| line.contains(&code)) && found.iter().any(|line| line.contains(&mark));
        if expected != found || !all_same {
            failures.push(format!("{}: expected {expected:#?}\nfound {found:#?}", rule.code));
        }
        let left = shown(&sources(&good));
        if !left.is_empty() {
            failures.push(format!("{}: the good file has faults: {left:#?}", rule.code));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_fixture_has_a_code() {
    for file in std::fs::read_dir(folder()).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let code = name.split('.').next().unwrap();
        assert!(rules::rule(code).is_some(), "{name}");
    }
}

#[test]
fn every_report_looks_as_it_did() {
    let missing: Vec<&str> = rules::RULES.iter().map(|rule| rule.code).filter(|code| !folder().join(format!("{code}.snap")).exists()).collect();
    for rule in rules::RULES {
        let sources = sources(&std::fs::read_to_string(folder().join(format!("{}.bad.yaml", rule.code))).unwrap());
        let faults = check(&sources).faults;
        let report = |form| show::report(&faults, &sources, form);
        let both = format!("{}\n{}", report(show::Form::Short), report(show::Form::Long { colour: false }));
        insta::with_settings!({ snapshot_path => folder(), prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(rule.code, both);
        });
    }
    assert!(missing.is_empty(), "without a snapshot: {missing:?}");
}

#[test]
fn what_is_found_with_another_code_names_one_that_looks() {
    for rule in rules::RULES {
        if let rules::Check::With(code) = rule.check {
            let other = rules::rule(code).unwrap();
            assert!(!matches!(other.check, rules::Check::With(_) | rules::Check::WhileRead), "{}", rule.code);
        }
    }
}

/// Examples that no page could show whole; their fixtures do.
const TOO_LONG_FOR_A_PAGE: [&str; 2] = ["too-large", "too-long"];

#[test]
fn every_page_tells_what_why_and_how_and_its_examples_are_what_they_say() {
    let mut failures = Vec::new();
    for rule in rules::RULES {
        let lines = rule.page.lines().count();
        assert!(rule.page.starts_with(&format!("# {}\n", rule.code)), "{}", rule.code);
        assert!((12..=60).contains(&lines), "{}: {lines} lines", rule.code);
        let [bad, good] = ["Bad", "Good"].map(|which| {
            let block = rule.page.split_once(&format!("\n{which}:\n\n```yaml\n")).and_then(|(_, rest)| rest.split_once("```"));
            block.unwrap_or_else(|| panic!("{}: no example of {which}", rule.code)).0
        });
        if TOO_LONG_FOR_A_PAGE.contains(&rule.code) {
            continue;
        }
        let code = format!("[{}]", rule.code);
        let found = shown(&of_page(bad));
        if found.is_empty() || found.iter().any(|line| !line.contains(&code)) {
            failures.push(format!("{}: the bad example gives {found:#?}", rule.code));
        }
        let left = shown(&of_page(good));
        if !left.is_empty() {
            failures.push(format!("{}: the good example gives {left:#?}", rule.code));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The folder an example of a page stands in. `# NAME.yaml` begins a file; steps and settings alone are put into a playbook.
fn of_page(example: &str) -> Sources {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in example.split_inclusive('\n') {
        match line.trim_end().strip_prefix("# ").filter(|name| name.ends_with(".yaml")) {
            Some(name) => files.push((name.to_owned(), String::new())),
            None if files.is_empty() => files.push(("clinic.yaml".to_owned(), line.to_owned())),
            None => files.last_mut().unwrap().1.push_str(line),
        }
    }
    for (path, text) in &mut files {
        let head = format!("playbook: {}\nmessage_class: conversational\n", path.trim_end_matches(".yaml"));
        if text.starts_with("- ") {
            let steps: String = text.split_inclusive('\n').map(|line| format!("  {line}")).collect();
            *text = format!("{head}steps:\n{steps}");
        } else if !text.contains("playbook:") {
            let steps = if text.contains("steps:") { "" } else { "steps:\n  - send: Hello.\n" };
            *text = format!("{head}{text}{steps}");
        }
    }
    let inner = "playbook: qualification\nmessage_class: conversational\nparams: {limit: 5}\nsteps:\n  - send: \"{{ limit }} at most.\"\n";
    files.push(("qualification.yaml".to_owned(), inner.to_owned()));
    Sources { playbooks: files, templates: [("offer.txt".to_owned(), "Two visits for one.".to_owned())].into() }
}

#[test]
fn messages_speak_the_readers_language() {
    let banned = ["scalar", "mapping", "sequence", "token", "invalid", "illegal", "unexpected", "variant", "deserialize", "simply"];
    for rule in rules::RULES {
        let bad = std::fs::read_to_string(folder().join(format!("{}.bad.yaml", rule.code))).unwrap();
        for fault in check(&sources(&bad)).faults {
            let said = [fault.message.clone(), fault.label.clone(), fault.help.clone().unwrap_or_default(), fault.notes.join(" ")].join(" ");
            // What stands in backticks are the reader's own words.
            let said = said.split('`').step_by(2).collect::<String>();
            for word in said.to_lowercase().split(|c: char| !c.is_alphanumeric()) {
                assert!(!banned.contains(&word), "{}: {said}", rule.code);
            }
            assert!(!fault.message.ends_with('.') && !fault.message.starts_with(char::is_uppercase), "{}", fault.message);
            assert!(!fault.label.is_empty(), "{}: the consequence is missing", rule.code);
        }
    }
}

#[test]
fn five_faults_in_one_file_are_five_reports() {
    let found = shown(&sources(
        "\
playbook: clinic
message_class: conversational
steps:
  - id: First
    wait: 2 days
  - send: \"{{ contact.first_nam }}\"
  - id: coming
    listen: 1d
    on_timeot: {end: silent}
  - goto: nowhere
",
    ));
    let expected = [
        "clinic.yaml:4:9: error[bad-name]: `First` can't be a name",
        "clinic.yaml:5:11: error[bad-duration]: `2 days` is not a length of time",
        "clinic.yaml:6:15: error[unknown-variable]: `contact.first_nam` is never set (did you mean `contact.first_name`?)",
        "clinic.yaml:9:5: error[unknown-key]: `on_timeot` is not a setting of `listen` (did you mean `on_timeout`?)",
        "clinic.yaml:10:11: error[unknown-step]: there is no step named `nowhere`",
    ];
    assert_eq!(found, expected);
}

#[test]
fn all_files_are_told_in_one_run_and_one_that_cannot_be_read_stops_only_itself() {
    let good = "playbook: clinic\nmessage_class: conversational\nsteps:\n  - send: Hello.\n";
    let broken = "playbook: broken\nsteps: [\n";
    let other = "playbook: other\nmessage_class: conversational\nsteps:\n  - goto: nowhere\n";
    let files = [("z/other.yaml", other), ("broken.yaml", broken), ("clinic.yaml", good)];
    let sources = Sources { playbooks: files.map(|(path, text)| (path.to_owned(), text.to_owned())).to_vec(), ..Sources::default() };
    let checked = check(&sources);
    let codes: Vec<(&str, &str)> = checked.faults.iter().map(|fault| (&*fault.path, fault.code)).collect();
    assert_eq!(codes, [("broken.yaml", "bad-yaml"), ("z/other.yaml", "unknown-step")]);
    assert!(checked.set.is_none());
}

#[test]
fn warnings_do_not_keep_a_folder_from_being_loaded() {
    let text = "playbook: clinic\nmessage_class: conversational\nsteps:\n  - send: \"Hi {{ contact.first_name }}, hello.\"\n";
    let sources = Sources { playbooks: vec![("clinic.yaml".to_owned(), text.to_owned())], ..Sources::default() };
    let checked = check(&sources);
    assert_eq!(checked.faults.iter().map(|fault| fault.level).collect::<Vec<_>>(), [Level::Warning]);
    assert!(checked.set.is_some_and(|set| set.by_name("clinic").is_some()));
}

#[test]
fn a_reserved_word_that_a_sentence_may_hold_is_only_a_warning() {
    let found = shown(&sources(
        "\
playbook: clinic
message_class: conversational
steps:
  - id: coming
    ask: Keep your visit?
    replies:
      - match: {words: [cancel, move]}
        end: changed
      - match: other
    timeout: 1d
    on_timeout: {end: silent}
",
    ));
    assert_eq!(found, ["clinic.yaml:7:25: warning[reserved-word-match]: `cancel` unsubscribes the contact and never reaches this rule"]);
}

#[test]
fn a_circle_of_playbooks_is_told_once() {
    let run = |name: &str, other: &str| {
        let text = format!("playbook: {name}\nmessage_class: conversational\nsteps:\n  - run: {other}\n");
        (format!("{name}.yaml"), text)
    };
    let sources = Sources { playbooks: vec![run("b", "a"), run("a", "b")], ..Sources::default() };
    assert_eq!(shown(&sources), ["a.yaml:4:10: error[recursive-run]: `a` runs `b` runs `a`"]);
}

#[test]
fn a_fault_in_a_text_file_is_told_in_that_file() {
    let found = shown(&sources(
        "\
playbook: clinic
message_class: conversational
steps:
  - send: {file: offer.txt}
#@ template offer.txt
Good day,
{{ contact.first_nam }}!
",
    ));
    assert_eq!(found, ["templates/offer.txt:2:4: error[unknown-variable]: `contact.first_nam` is never set (did you mean `contact.first_name`?)"]);
}

#[test]
fn names_that_a_broken_file_may_hold_are_not_told_as_well() {
    let clinic = "playbook: clinic\nmessage_class: conversational\nsteps:\n  - run: broken\n  - send: \"{{ contact.kept_there }}\"\n";
    let files = [("broken.yaml", "playbook: broken\nsteps: [\n"), ("clinic.yaml", clinic)];
    let sources = Sources { playbooks: files.map(|(path, text)| (path.to_owned(), text.to_owned())).to_vec(), ..Sources::default() };
    assert_eq!(check(&sources).faults.iter().map(|fault| fault.code).collect::<Vec<_>>(), ["bad-yaml"]);
}

#[test]
fn an_exit_speaks_of_the_event_that_ends_the_talk() {
    let found = shown(&sources(
        "\
playbook: clinic
message_class: conversational
triggers:
  - keyword: [VISIT]
exit:
  - {event: visit.cancelled, end: cancelled, say: \"Visit {{ event.visit_id }} is off.\"}
anytime:
  - {match: {words: [when]}, say: \"On {{ event.day }}.\"}
steps:
  - id: settle
    wait: 2d
",
    ));
    assert_eq!(found, ["clinic.yaml:8:42: error[unknown-variable]: `event.day` is never set"]);
}

#[test]
fn a_whatsapp_text_behind_a_silent_day_is_warned_of() {
    let found = shown(&sources(
        "\
playbook: clinic
message_class: conversational
from: whatsapp
triggers:
  - keyword: [VISIT]
steps:
  - id: coming
    ask: Will you come?
    timeout: 1d
    on_timeout: {goto: nudge}
  - send: See you then.
  - end: coming
  - id: nudge
    send: Are you still there?
",
    ));
    assert_eq!(found, ["clinic.yaml:14:11: warning[whatsapp-needs-template]: a WhatsApp text after 24 hours of silence needs a template"]);
}
