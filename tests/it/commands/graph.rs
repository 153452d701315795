//! `graph`: a playbook as Mermaid, SVG and DOT.

use std::path::Path;

use bridged::graph::{Counts, chart, svg};
use bridged::playbook::Plan;

use super::{Place, acme};

#[test]
fn graph_by_name_and_by_file() {
    let expected = r#"exit 0
--- stdout
flowchart TD
  start(["hello<br/>keyword hi"])
  s0[/"name<br/>What's your name?"/]
  e0(("silent"))
  s1["Hello {name}"]
  e1(("completed"))
  start --> s0
  s0 -->|"any answer"| s1
  s0 -->|"no reply after 2d"| e0
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
  open(("what was open stays open"))
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
  s0 -->|"anything else"| e1
  s0 -->|"no reply after 2d"| e2
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

const WAYS_DOT: &str = r##"exit 0
--- stdout
digraph playbook {
  node [fontname="sans-serif", shape=box]
  edge [fontname="sans-serif"]
  start [shape=box, style=rounded, label="hello\nkeyword hi"]
  s0 [shape=parallelogram, label="name\nWhat's your name?"]
  e0 [shape=oval, label="silent"]
  s1 [shape=box, label="Hello {name}"]
  e1 [shape=oval, label="completed"]
  start -> s0 [label=""]
  s0 -> s1 [label="any answer"]
  s0 -> e0 [label="no reply after 2d"]
  s1 -> e1 [label=""]
}
"##;

#[test]
fn graph_for_graphviz() {
    assert_eq!(acme().run(&["graph", "hello", "--format", "dot"]), WAYS_DOT);
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a file of the shipped workspace looks like.
fn drawn(playbook: &str) -> String {
    let output =
        std::process::Command::new(env!("CARGO_BIN_EXE_bridged")).args(["graph", playbook, "--format", "svg"]).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The picture in the README is what `graph` draws now of the playbook above it.
#[test]
fn the_picture_in_the_readme_is_up_to_date() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let yaml = readme.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let settings = std::fs::read_to_string(root().join("bridged.yaml")).unwrap();
    let place = Place::with(&[("bridged.yaml", &settings), ("playbooks/visit.yaml", yaml)]);
    let said = place.run(&["graph", "visit", "--format", "svg"]);
    let now = said.strip_prefix("exit 0\n--- stdout\n").unwrap();
    let shown = std::fs::read_to_string(root().join("docs/visit.svg")).unwrap();
    if shown != now {
        let drawn = std::env::temp_dir().join("visit.svg");
        std::fs::write(&drawn, now).unwrap();
        panic!("docs/visit.svg is old; the new one is {}", drawn.display());
    }
    assert!(readme.contains("](docs/visit.svg)"));
}

/// The attributes of an SVG that name something, each with its value.
fn attributes<'s>(svg: &'s str, name: &str) -> Vec<&'s str> {
    let start = format!(" {name}=\"");
    svg.split(&start).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// Nothing from elsewhere, no script, and each box and arrow known by its own name.
#[test]
fn a_picture_stands_alone() {
    for playbook in ["activation", "appointments", "nurture", "qualification", "support"] {
        let svg = drawn(playbook);
        let inside = svg.replacen("http://www.w3.org/2000/svg", "", 1);
        for banned in ["<script", "<image", "href", "url(http", "@import", "NaN"] {
            assert!(!inside.contains(banned), "{playbook}: {banned}");
        }
        let mut ids = attributes(&svg, "id");
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert!(ids.len() == all && all > 10, "{playbook}: {ids:?}");
        for to in attributes(&svg, "data-to") {
            assert!(ids.contains(&to), "{playbook}: {to}");
        }
        assert_eq!(svg.matches("<g ").count(), svg.matches("</g>").count());
    }
}

fn ways() -> std::sync::Arc<Plan> {
    let place = acme();
    place.write("playbooks/ways.yaml", WAYS);
    compiled(&place, "ways")
}

/// A playbook of a place, through the library.
fn compiled(place: &Place, name: &str) -> std::sync::Arc<Plan> {
    let folder = bridged::work::files::read_folder(&place.path("playbooks"), &place.path("templates")).unwrap();
    let source = bridged::config::Source::named(&place.path("bridged.yaml")).unwrap();
    let language = bridged::config::Language::read(&source, std::iter::empty()).unwrap();
    let compiled = bridged::playbook::compile(&folder.sources, &std::sync::Arc::new(language.workspace), jiff::Timestamp::UNIX_EPOCH);
    compiled.set.unwrap().iter().find(|plan| plan.name == name).unwrap().clone()
}

/// Live numbers stand on the boxes and arrows they belong to.
#[test]
fn counts_stand_in_the_picture() {
    let plan = ways();
    let mut counts = Counts::default();
    assert!(!svg(&plan, &counts).contains("badge-count\""));
    counts.steps.insert(String::new(), 7);
    counts.steps.insert("pause".to_owned(), 41);
    counts.arrows.insert(("colour".to_owned(), "timeout".to_owned()), 1234);
    let svg = svg(&plan, &counts);
    let group = |id: &str| svg.lines().find(|line| line.contains(&format!("<g id=\"{id}\""))).unwrap_or_default().to_owned();
    assert!(group("box-start").contains(">7</text>"));
    assert!(group("step-pause").contains(">41</text>"));
    assert!(group("step-colour-timeout").contains("class=\"count\"") && group("step-colour-timeout").contains(">1234</text>"));
    assert_eq!(svg.matches("class=\"badge\"").count(), 2);
    // Each arrow of a step has a name of its own, by which it is counted.
    let chart = chart(&plan);
    let ways: Vec<&str> = chart.arrows.iter().filter(|arrow| arrow.from == "s0").map(|arrow| arrow.way.as_str()).collect();
    assert_eq!(ways, ["reply-1", "reply-2", "no_match", "timeout"]);
}

/// A playbook far larger than any that people write is still drawn at once.
#[test]
fn a_long_playbook_is_drawn_quickly() {
    let place = acme();
    let step = |ix: usize| {
        format!(
            "  - id: q{ix}\n    ask: Question {ix}?\n    replies:\n      - {{match: yes}}\n      - {{match: no, say: Pity, {}}}\n    \
             on_no_match: {{end: unclear}}\n    timeout: 1d\n    on_timeout: {{end: silent}}\n",
            if ix < 94 { format!("goto: q{}", ix + 7) } else { "end: pity".to_owned() }
        )
    };
    let steps: String = (1..=100).map(step).collect();
    let yaml = format!("playbook: long\nmessage_class: conversational\ntriggers: [{{keyword: [LONG]}}]\nsteps:\n{steps}");
    place.write("playbooks/long.yaml", &yaml);
    let plan = compiled(&place, "long");
    let began = std::time::Instant::now();
    let svg = svg(&plan, &Counts::default());
    let took = began.elapsed();
    assert!(svg.matches("class=\"box ").count() > 200);
    assert!(took < std::time::Duration::from_secs(1), "{took:?}");
}
