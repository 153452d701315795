//! Where walks begin: each trigger, as the playbook's own tests use it or made up, with and without consent, by day and by night, in each
//! branch of each split.

use std::collections::BTreeMap;

use serde_json::Map;

use super::super::{Stage, Start, Transcript};
use super::moves::{Samples, shape};
use crate::playbook::plan::{Plan, TriggerKind, Verb};

/// The contact where no test shows one.
const PHONE: &str = "+15125550111";

/// A Tuesday morning, where no test shows a moment.
const DAY: &str = "2026-03-03 10:00";

/// Out of every class's hours.
const NIGHT: &str = "22:30";

/// A beginning.
pub(super) struct Root {
    /// A test without a script.
    pub head: Transcript,
    /// Its data is made up.
    pub made_up: bool,
}

/// All beginnings of a playbook.
#[derive(Default)]
pub(super) struct Roots {
    /// One of each kind.
    pub first: Vec<Root>,
    /// Tests that begin like one of those, with other data.
    pub more: Vec<Root>,
    /// What it can't be started by here, in words.
    pub left_out: Vec<String>,
}

/// Finds them.
pub(super) fn roots(stage: &Stage<'_>, playbook: &str, tests: &[Transcript], samples: &Samples) -> Roots {
    let Some(plan) = stage.plans.by_name(playbook) else { return Roots::default() };
    let (mut heads, mut more): (Vec<Root>, Vec<Root>) = (Vec::new(), Vec::new());
    let mut seen = Vec::new();
    for test in tests.iter().filter(|test| test.playbook == playbook && !test.opted_out && test.start.is_some()) {
        // Tests differ in phone and hour as well, which walks have their own ideas about.
        let start = match &test.start {
            Some(Start::Event(name, data)) => format!("{name} {}", shape(data)),
            other => format!("{other:?}"),
        };
        let shape = format!("{start} {:?} {:?}", test.tags, test.fields.get("language"));
        let root = Root { head: bare(test), made_up: false };
        if seen.contains(&shape) {
            more.push(root);
        } else {
            seen.push(shape);
            heads.push(root);
        }
    }
    for trigger in &plan.triggers {
        if tests.iter().filter(|test| test.playbook == playbook).any(|test| begins_by(test, &trigger.kind)) {
            continue;
        }
        for (start, made_up) in starts(&trigger.kind, samples) {
            heads.push(Root { head: made(playbook, start), made_up });
        }
    }
    let left_out = if heads.is_empty() { vec![format!("`{playbook}` has no trigger, so nothing starts it here")] } else { Vec::new() };
    let pins = pins(plan);
    let mut first = Vec::new();
    for Root { head, made_up } in heads {
        for (nth, variants) in pins.iter().enumerate() {
            let head = Transcript { variants: head.variants.iter().chain(variants).map(|(k, v)| (k.clone(), v.clone())).collect(), ..head.clone() };
            let at_night = Transcript { now: at_night(&head.now), ..head.clone() };
            let not_agreed = Transcript { consent: Vec::new(), ..head.clone() };
            // The hour and the consent matter alike in every branch.
            let also = if nth == 0 { vec![at_night, not_agreed] } else { Vec::new() };
            first.extend([head].into_iter().chain(also).map(|head| Root { head, made_up }));
        }
    }
    Roots { first, more, left_out }
}

/// A test's head alone.
fn bare(test: &Transcript) -> Transcript {
    Transcript { script: Vec::new(), expect: Vec::new(), http: Vec::new(), ..test.clone() }
}

fn made(playbook: &str, start: Start) -> Transcript {
    Transcript {
        name: String::new(),
        line: 0,
        playbook: playbook.to_owned(),
        now: DAY.to_owned(),
        phone: PHONE.to_owned(),
        fields: Map::new(),
        tags: Vec::new(),
        lists: Vec::new(),
        consent: vec!["marketing".to_owned()],
        opted_out: false,
        start: Some(start),
        before: Vec::new(),
        http: Vec::new(),
        variants: BTreeMap::new(),
        script: Vec::new(),
        expect: Vec::new(),
    }
}

/// The evening of a moment as written.
fn at_night(now: &str) -> String {
    /// Letters of `2026-03-03`.
    const DATE: usize = 10;
    now.get(..DATE).map_or_else(|| now.to_owned(), |date| format!("{date} {NIGHT}"))
}

/// Whether a test begins by a trigger.
fn begins_by(test: &Transcript, kind: &TriggerKind) -> bool {
    match (kind, &test.start) {
        (TriggerKind::Event { name, .. }, Some(Start::Event(event, _))) => name == event,
        (TriggerKind::Keyword { words, .. }, Some(Start::Text(text, _))) => words.contains(&crate::text::words::cut(text)),
        (TriggerKind::Message { .. }, Some(Start::Text(..)))
        | (TriggerKind::Call { .. }, Some(Start::Call(_)))
        | (TriggerKind::Cron { .. } | TriggerKind::At { .. }, Some(Start::Cron(_))) => true,
        (TriggerKind::Tagged(tag), Some(Start::Tagged(set))) => tag == set,
        _ => false,
    }
}

/// Ways to set a trigger off, with whether their data is made up.
fn starts(kind: &TriggerKind, samples: &Samples) -> Vec<(Start, bool)> {
    let to = |to: &[String]| to.first().cloned();
    match kind {
        TriggerKind::Event { name, .. } => {
            samples.event(name, None).into_iter().map(|data| (Start::Event(name.clone(), data), !samples.knows(name))).collect()
        }
        TriggerKind::Keyword { words, to: senders, .. } => {
            words.first().map(|word| (Start::Text(word.clone(), to(senders)), false)).into_iter().collect()
        }
        TriggerKind::Message { to: senders } => vec![(Start::Text("Hello".to_owned(), to(senders)), false)],
        TriggerKind::Call { to: senders, .. } => vec![(Start::Call(to(senders)), false)],
        TriggerKind::Tagged(tag) => vec![(Start::Tagged(tag.clone()), false)],
        TriggerKind::Cron { .. } | TriggerKind::At { .. } => vec![(Start::Cron(None), false)],
    }
}

/// Choices of branches so that each branch of each split is in one of them; without splits the one that chooses nothing.
fn pins(plan: &Plan) -> Vec<BTreeMap<String, String>> {
    let mut splits: Vec<(String, Vec<String>)> = Vec::new();
    collect(plan, &mut splits);
    let most = splits.iter().map(|(_, arms)| arms.len()).max().unwrap_or(1).max(1);
    let pinned = |nth: usize| splits.iter().filter_map(|(id, arms)| Some((id.clone(), arms.get(nth % arms.len().max(1))?.clone()))).collect();
    (0..most).map(pinned).collect()
}

fn collect(plan: &Plan, splits: &mut Vec<(String, Vec<String>)>) {
    for step in &plan.steps {
        if let (Verb::Split(arms), Some(id)) = (&step.verb, &step.id) {
            splits.push((id.clone(), arms.iter().map(|arm| arm.name.clone()).collect()));
        }
    }
    plan.runs.values().for_each(|run| collect(run, splits));
}
