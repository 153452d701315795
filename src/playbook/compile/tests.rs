//! What a plan is made of, by small playbooks.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use super::super::plan::{Match, Next, Past, Plan, Target, TypedValue, Verb};
use super::super::{recompile, yaml};
use super::{Inputs, compile};

fn plan_of(yaml: &str, templates: &BTreeMap<String, String>, runs: BTreeMap<String, Arc<Plan>>) -> Arc<Plan> {
    let tree = yaml::read(&Arc::from("clinic.yaml"), yaml);
    assert!(tree.faults.is_empty(), "{:?}", tree.faults);
    let root = tree.root.unwrap();
    compile(Inputs { path: "clinic.yaml", yaml, root: &root, templates, runs }).plan
}

fn plan(steps: &str) -> Arc<Plan> {
    let yaml = format!("playbook: clinic\nmessage_class: conversational\n{steps}");
    plan_of(&yaml, &BTreeMap::new(), BTreeMap::new())
}

/// The step of an id.
fn ix(plan: &Plan, id: &str) -> usize {
    plan.ids[id]
}

#[test]
fn a_branch_goes_on_behind_its_step_unless_it_says_otherwise() {
    let plan = plan(
        "\
steps:
  - id: ask_it
    ask: Coming?
    replies:
      - match: yes
      - {match: no, say: Pity., end: declined}
      - {match: date, do: [{tag: dated}]}
      - {match: time, do: [{tag: timed}], goto: last}
      - {match: other, say: Pardon?, again: true}
    timeout: 1d
    on_timeout: {do: [{tag: silent}]}
  - id: after
    tag: asked
  - id: last
    tag: over
",
    );
    let Verb::Question(question) = &plan.steps[ix(&plan, "ask_it")].verb else { panic!("a question") };
    let after = Next::Step(ix(&plan, "after"));
    let leads = |rule: usize| match &question.rules[rule].to {
        Next::Step(ix) => plan.steps[*ix].next.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(question.rules[0].to, after);
    assert_eq!(leads(1), Next::End("declined".to_owned()));
    assert_eq!(leads(2), after);
    assert_eq!(leads(3), Next::Step(ix(&plan, "last")));
    assert_eq!(leads(4), Next::Again(Some(ix(&plan, "ask_it"))));
    assert_eq!(question.on_no_match, after);
    assert_eq!((question.retry_max, question.late), (0, false));
    assert_eq!(plan.steps[ix(&plan, "last")].next, Next::Completed);
    let said = plan.steps.iter().find(|step| step.said).unwrap();
    assert_eq!((said.id.as_ref(), said.top, said.marks.clone()), (None, false, vec!["ask_it".to_owned()]));
}

#[test]
fn a_side_branch_resumes_and_an_anytime_rule_asks_the_open_question() {
    let plan = plan(
        "\
anytime:
  - {match: {words: [price]}, say: 40 dollars.}
  - {match: {words: [what]}, again: true}
  - {match: {words: [agent]}, goto: person}
steps:
  - id: person
    handoff: sales
    on_sla: {do: [{tag: late}]}
    timeout: 1d
    on_timeout: {end: unanswered}
",
    );
    let Next::Step(say) = plan.anytime[0].to else { panic!("a text") };
    assert_eq!(plan.steps[say].next, Next::Resume);
    assert_eq!(plan.anytime[1].to, Next::Again(None));
    assert_eq!(plan.anytime[2].to, Next::Step(0));
    let Verb::Handoff(handoff) = &plan.steps[0].verb else { panic!("a hand-off") };
    let Some(Next::Step(alarm)) = handoff.on_sla else { panic!("a side branch") };
    assert_eq!(plan.steps[alarm].next, Next::Resume);
    assert_eq!((handoff.idle.seconds, handoff.priority.as_str()), (24 * 3600, "normal"));
}

#[test]
fn skip_passes_over_one_step_or_to_the_end_of_the_list() {
    let plan = plan(
        "\
steps:
  - id: before
    wait_until: 2100-01-01
  - id: passed
    tag: a
  - id: branch
    choose:
      - if: brand
        do: [{id: inner, wait_until: 2100-01-01}]
        end: done
  - id: last
    wait_until: 2100-01-01
    if_past: run
",
    );
    let past = |id: &str| match &plan.steps[ix(&plan, id)].verb {
        Verb::WaitUntil(wait) => wait.past.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(past("before"), Past::Skip(Next::Step(ix(&plan, "branch"))));
    assert_eq!(past("inner"), Past::Skip(Next::End("done".to_owned())));
    assert_eq!(past("last"), Past::Run);
}

#[test]
fn links_count_for_their_step_and_the_splits_around() {
    let plan = plan(
        "\
steps:
  - id: offer
    split:
      - name: red
        weight: 1
        do: [{id: red_text, send: Red.}]
      - {name: blue, weight: 1, say: Blue.}
  - id: plain
    choose:
      - if: brand
        do: [{id: inner, send: Inner.}]
",
    );
    let marks = |id: &str| plan.steps[ix(&plan, id)].marks.clone();
    assert_eq!(marks("red_text"), ["offer", "red_text"]);
    assert_eq!(plan.steps.iter().find(|step| step.said).unwrap().marks, ["offer"]);
    assert_eq!(marks("inner"), ["inner"]);
}

#[test]
fn values_are_read_as_people_mean_them() {
    let plan = plan(
        "\
triggers: [{keyword: [\"Table please!\", QUOTE]}]
late_replies: 7d
steps:
  - id: count
    ask: How many?
    save: contact.count
    replies:
      - {match: [true, false, {any_of: [1, two]}], as: 1}
      - {match: other, as: \"1\"}
    timeout: 1h30m
    on_timeout: {end: silent}
  - set: {a: 1, b: \"1\", c: null, d: \"{{ a }}\", contact.e: [yes, 2]}
  - id: call
    http: PUT https://crm.example/{{ a }}
    save: {contact.score: body.items.0}
    on_error: {end: failed_call}
",
    );
    let super::super::plan::TriggerKind::Keyword { words, .. } = &plan.triggers[0].kind else { panic!("a keyword") };
    assert_eq!(words, &["table", "quote"]);
    let Verb::Question(question) = &plan.steps[0].verb else { panic!("a question") };
    assert!(matches!(question.rules[0].matches.as_slice(), [Match::Yes, Match::No, Match::AnyOf(words)] if *words == ["1", "two"]));
    assert_eq!((question.rules[0].save_as.clone(), question.rules[1].save_as.clone()), (Some(json!(1)), Some(json!("1"))));
    assert_eq!((question.save.clone(), question.late), (Some(Target::Contact("count".to_owned())), true));
    let Verb::Set(values) = &plan.steps[1].verb else { panic!("set") };
    assert!(matches!(&values[0].1, TypedValue::Plain(value) if *value == json!(1)));
    assert!(matches!(&values[1].1, TypedValue::Text(_)));
    assert!(matches!(&values[2].1, TypedValue::Plain(value) if value.is_null()));
    assert!(matches!(&values[4], (Target::Contact(_), TypedValue::List(items)) if items.len() == 2));
    let Verb::Http(http) = &plan.steps[2].verb else { panic!("http") };
    assert_eq!((http.method.as_str(), http.retries, http.timeout_ms), ("PUT", 2, 10_000));
    assert_eq!(http.save, [(Target::Contact("score".to_owned()), vec!["body".to_owned(), "items".to_owned(), "0".to_owned()])]);
}

#[test]
fn a_plan_is_named_by_all_it_was_made_from_and_can_be_made_again() {
    let yaml = "playbook: clinic\nmessage_class: conversational\nsteps:\n  - send: {file: offer.txt}\n  - run: sub\n";
    let texts = |english: &str| -> BTreeMap<String, String> {
        [("offer.txt", english), ("offer.es.txt", "Oferta\n"), ("offer.old.txt", "x"), ("other.txt", "y")]
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .into()
    };
    let sub = |tag: &str| {
        plan_of(&format!("playbook: sub\nmessage_class: conversational\nsteps:\n  - id: w\n    wait_for: {tag}\n"), &BTreeMap::new(), BTreeMap::new())
    };
    let make = |english: &str, tag: &str| plan_of(yaml, &texts(english), [("sub".to_owned(), sub(tag))].into());
    let first = make("Offer\n", "shipped");
    let Verb::Send(send) = &first.steps[0].verb else { panic!("a text") };
    assert_eq!(send.text.fallback.source(), "Offer");
    assert_eq!(send.text.pick(Some("es-MX"), None, "en").source(), "Oferta");
    assert_eq!(first.source.templates.len(), 2);
    assert_eq!(first.awaited, ["shipped"]);
    assert_eq!(make("Offer\n", "shipped").hash, first.hash);
    assert_ne!(make("Other\n", "shipped").hash, first.hash);
    assert_ne!(make("Offer\n", "delivered").hash, first.hash);
}

#[test]
fn an_old_version_comes_back_from_its_source() {
    let yaml = "playbook: clinic\nmessage_class: conversational\nfrom: gone\nsteps:\n  - send: {file: offer.txt}\n";
    let first = plan_of(yaml, &[("offer.txt".to_owned(), "Offer".to_owned())].into(), BTreeMap::new());
    let again = recompile(&first.source).unwrap();
    assert_eq!((&again.hash, &again.source), (&first.hash, &first.source));
}
