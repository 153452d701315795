//! The language, sentence by sentence: the transcripts of `language/` against the playbooks there, through the library as `bridged test`
//! runs them. What the runner says about tests that fail is held by `language/failing/`, whose names say what must be said.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bridged::config::{Language, Source};
use bridged::engine::Decision;
use bridged::engine::replay::{Recorded, replay};
use bridged::engine::script::{self, Coverage, Outcome, Stage, Transcript, Turned, read, recount, write};
use bridged::playbook::{Compiled, Level, Sources, compile};
use bridged::work::files::read_sources;
use bridged::work::schedules::next_time;

/// The folder with playbooks, settings and transcripts.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/language")
}

/// The files in a folder whose names end so, in order.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths: BTreeSet<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.to_string_lossy().ends_with(ending)).collect();
    paths.into_iter().collect()
}

/// Reads and compiles the folder.
fn compiled() -> (Sources, Compiled) {
    let source = Source::named(&folder().join("bridged.yaml")).unwrap_or_else(|error| panic!("{error}"));
    let language = Language::read(&source, []).unwrap_or_else(|error| panic!("{error}"));
    let sources = read_sources(&language.playbooks, &language.templates).unwrap_or_else(|error| panic!("{error}"));
    let compiled = compile(&sources, &Arc::new(language.workspace), "2026-03-01T00:00:00Z".parse().unwrap());
    (sources, compiled)
}

/// Plays every test of a folder: each with its file and how it went.
fn play(tests: &Path) -> (Vec<(PathBuf, Transcript, Outcome)>, Coverage) {
    let (sources, compiled) = compiled();
    let errors: Vec<_> = compiled.faults.iter().filter(|fault| fault.level == Level::Error).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let plans = compiled.set.unwrap();
    let mut coverage = Coverage::default();
    let mut played = Vec::new();
    for file in files(tests, ".test.yaml") {
        let text = fs::read_to_string(&file).unwrap();
        let deployed = |name: &str| {
            let path = tests.join(name);
            fs::read_to_string(&path).map(|yaml| (name.to_owned(), yaml)).map_err(|error| format!("{}: {error}", path.display()))
        };
        let stage = Stage { plans: &plans, sources: &sources, file: &deployed, next_time: &next_time };
        let transcripts = script::read(&file.to_string_lossy(), &text).unwrap_or_else(|problems| panic!("{}: {problems:#?}", file.display()));
        for transcript in transcripts {
            assert!(plans.by_name(&transcript.playbook).is_some(), "{}: there is no playbook `{}`", file.display(), transcript.playbook);
            let outcome = script::play(&stage, &transcript);
            coverage.count(&outcome.decisions);
            played.push((file.clone(), transcript, outcome));
        }
    }
    (played, coverage)
}

#[test]
fn every_transcript_passes() {
    let (played, _) = play(&folder());
    assert!(!played.is_empty());
    let mut failed = 0;
    for (file, transcript, outcome) in played.iter().filter(|(.., outcome)| !outcome.failures.is_empty()) {
        failed += 1;
        println!("FAIL  {}  {}", transcript.playbook, transcript.name);
        for (line, why) in &outcome.failures {
            println!("      {}:{line}: {why}", file.display());
        }
        println!("      {}", outcome.situation);
    }
    assert_eq!(failed, 0, "of {} transcripts", played.len());
}

/// Every kind of way out of a step is taken by some transcript.
#[test]
fn every_kind_of_way_is_taken() {
    let (_, coverage) = play(&folder());
    let plans = compiled().1.set.unwrap();
    let kinds = |coverage: &Coverage| {
        plans.iter().flat_map(|plan| coverage.of(plan).1).fold(BTreeMap::new(), |mut kinds, way| {
            *kinds.entry(way.way).or_insert(0) += 1;
            kinds
        })
    };
    let (offered, missing): (BTreeMap<String, u32>, _) = (kinds(&Coverage::default()), kinds(&coverage));
    let never: Vec<_> = offered.iter().filter(|(kind, count)| missing.get(*kind) == Some(count)).collect();
    assert!(offered.len() > 10 && never.is_empty(), "{never:?}");
}

/// Playing a test twice decides the same, to the last detail.
#[test]
fn the_same_every_time() {
    let (first, second) = (play(&folder()).0, play(&folder()).0);
    for ((_, transcript, one), (.., other)) in first.iter().zip(&second) {
        assert_eq!(one.decisions, other.decisions, "{}", transcript.name);
    }
}

/// A test that must fail is named by what the runner says then: `LINE WHAT`, the line counted from the test's first.
#[test]
fn failures_say_what_was_expected_and_what_was_there() {
    let (played, _) = play(&folder().join("failing"));
    assert!(!played.is_empty());
    for (_, transcript, outcome) in played {
        let said: Vec<String> = outcome.failures.iter().map(|(line, why)| format!("{} {why}", line - transcript.line)).collect();
        let wanted: Vec<&str> = transcript.name.split(" | ").collect();
        let (failures, situation) = wanted.split_at(said.len().min(wanted.len()));
        assert_eq!(said, failures, "{}", transcript.name);
        assert_eq!(situation.join(" | "), outcome.situation, "{}", transcript.name);
    }
}

/// From each start on, the journal alone gives every decision and every record again, to the byte.
#[test]
fn every_conversation_replays_exactly() {
    let mut replayed = 0;
    for (_, transcript, outcome) in play(&folder()).0 {
        let starts = |turn: &Recorded| turn.decisions.iter().any(|decision| matches!(decision, Decision::Started { .. }));
        for first in outcome.journal.iter().enumerate().filter(|(_, (.., turn))| starts(turn)).map(|(first, _)| first) {
            let mut person = None;
            for (now, plans, turn) in &outcome.journal[first..] {
                // As the store holds it.
                let turn: Recorded = serde_json::from_value(serde_json::to_value(turn).unwrap()).unwrap();
                let made = replay(plans, person.take(), &turn, *now).unwrap();
                assert!(made.same, "{}: {:#?} became {:#?}", transcript.name, turn.decisions, made.decisions);
                person = Some(made.person);
            }
            replayed += 1;
        }
    }
    assert!(replayed > 100, "{replayed}");
}

/// A stored conversation that is told as a test is one: it passes against the playbooks that made it. What a test can't say is told beside.
#[test]
fn every_conversation_can_be_told_as_a_test() {
    let (sources, compiled) = compiled();
    let plans = compiled.set.unwrap();
    let no_files = |name: &str| Err(name.to_owned());
    let stage = Stage { plans: &plans, sources: &sources, file: &no_files, next_time: &next_time };
    let (mut told, mut apart): (usize, BTreeMap<String, usize>) = Default::default();
    for (_, transcript, outcome) in play(&folder()).0 {
        // The first conversation: nothing has happened to the contact before that a head could not say.
        let Some(Decision::Started { conversation: id, .. }) = outcome.decisions.iter().find(|one| matches!(one, Decision::Started { .. })) else {
            continue;
        };
        let is_it = |one: &Decision| matches!(one, Decision::Started { conversation, .. } if conversation == id);
        let ends = |one: &Decision| matches!(one, Decision::Ended { conversation, .. } if conversation == id);
        let (mut person, mut row, mut turns) = (None, None, Vec::new());
        for (now, plans, turn) in outcome.journal.iter().skip_while(|(.., turn)| !turn.decisions.iter().any(is_it)) {
            let made = replay(plans, person.take(), turn, *now).unwrap();
            person = Some(made.person);
            row = made.effects.conversations.iter().find(|row| row.id == *id).cloned().or(row);
            turns.push(Turned { at: *now, recorded: turn.clone(), queue: made.effects.queue });
            if turn.decisions.iter().any(ends) {
                break;
            }
        }
        let recounted = match recount(&stage, &row.unwrap(), &turns) {
            Ok(recounted) => recounted,
            Err(why) => {
                *apart.entry(format!("{why} ({})", transcript.name)).or_default() += 1;
                continue;
            }
        };
        if !recounted.apart.is_empty() {
            recounted.apart.iter().for_each(|why| *apart.entry(format!("{why} ({})", transcript.name)).or_default() += 1);
            continue;
        }
        let yaml = write(&recounted.test);
        assert!(!yaml.contains(transcript.phone.trim_start_matches('+')) || transcript.phone == recounted.test.phone, "{yaml}");
        let again = read("told", &yaml).unwrap_or_else(|problems| panic!("{problems:#?}\n{yaml}"));
        let played = script::play(&stage, &again[0]);
        assert_eq!(played.failures, Vec::new(), "{}\n{yaml}", transcript.name);
        told += 1;
    }
    assert!(told > 150, "{told} are told; {} not: {apart:#?}", apart.len());
}
