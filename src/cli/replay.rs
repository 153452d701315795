//! `bridged replay CONVERSATION`: a stored conversation made again by the same engine, from the journal alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};

use super::daemon::Daemon;
use super::output::{self, Format, print, talk};
use super::telling::piece;
use super::workspaces::env;
use super::{Error, Result, Status};
use crate::config::Language;
use crate::engine::Decision;
use crate::engine::replay::{Replayed, replay};
use crate::engine::script::{self, Recounted, Turned, recount, write};
use crate::model::{ConversationId, Happening, PlanHash};
use crate::playbook::plan::Source;
use crate::playbook::{Plan, PlanSet, Sources, Workspace, recompile, show};
use crate::work::files;
use crate::work::journal::{Story, TurnRow};
use crate::work::live::name_of;
use crate::work::schedules;

/// `bridged replay`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The conversation's id, as `GET /v1/conversations` lists it
    conversation: String,
    /// Show where this version of its playbook would have gone another way
    #[arg(long, value_name = "FILE")]
    with: Option<PathBuf>,
    /// Write it as a transcript test, with another number in place of the contact's
    #[arg(long, conflicts_with_all = ["with", "format"])]
    as_test: bool,
    /// text, or json
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Where a replay went another way.
struct Parting {
    /// When.
    at: String,
    /// What was decided then.
    was: Vec<String>,
    /// What is decided now.
    is: Vec<String>,
}

/// Replays.
pub(super) fn run(args: &Args, config: Option<&Path>) -> Result {
    let (daemon, source) = Daemon::of(config)?;
    let workspace = Arc::new(Language::read(&source, env())?.workspace);
    let answer = daemon.send(Method::GET, &format!("/v1/conversations/{}/journal", piece(&args.conversation)), &Value::Null)?.good()?;
    let story: Story = serde_json::from_value(answer).map_err(|why| Error::Other(format!("the daemon's journal can't be read: {why}")))?;
    let name = name_of(&workspace);
    if story.turns.iter().any(|turn| *turn.recorded.workspace != *name) {
        talk("the settings are not those of then; what follows from them may differ");
    }
    let mut stage = Stage::new(&story, &workspace)?;
    if args.as_test {
        return as_test(stage, &story);
    }
    if let Some(file) = &args.with {
        let Some(plan) = read(file, &stage, &story.conversation.playbook)? else { return Ok(Status::Problems) };
        stage.instead = Some(plan);
    }
    let parting = stage.play(&story, &mut Vec::new())?;
    let turns = story.turns.len();
    match args.format {
        Format::Json => output::print_json(&json!({
            "conversation": args.conversation,
            "turns": turns,
            "same": parting.is_none(),
            "parting": parting.as_ref().map(|parting| json!({ "at": parting.at, "was": parting.was, "is": parting.is })),
        })),
        Format::Text => print(&match &parting {
            None if args.with.is_some() => format!("{turns} turns: the new version goes the same way\n"),
            None => format!("{turns} turns: every decision is the same\n"),
            Some(Parting { at, was, is }) => {
                let listed = |lines: &[String]| lines.iter().map(|line| format!("    {line}\n")).collect::<String>();
                format!("another way at {at}\n  it was\n{}  it is\n{}", listed(was), listed(is))
            }
        }),
    }
    // With another version another way is an answer, not a problem.
    Ok(Status::fine_if(parting.is_none() || args.with.is_some()))
}

/// Writes the conversation as a test. What was said then comes from the replay, so it must be the same first.
fn as_test(mut stage: Stage<'_>, story: &Story) -> Result {
    let mut turns = Vec::new();
    if let Some(parting) = stage.play(story, &mut turns)? {
        return Err(Error::Other(format!("its replay goes another way at {}; without `--as-test` it shows how", parting.at)));
    }
    let begun = &story.conversation;
    stage.instead = stage.plans.get(&begun.version).cloned();
    let set = story.turns.first().map(|turn| stage.set(story, &turn.recorded.set)).transpose()?;
    let set = set.ok_or_else(|| Error::Other("its beginning is not kept any more".to_owned()))?;
    let no_files = |name: &str| Err(format!("`{name}` is not read here"));
    let sources = Sources::default();
    let rehearsal = script::Stage { plans: &set, sources: &sources, file: &no_files, next_time: &schedules::next_time };
    let Recounted { test, apart } = recount(&rehearsal, begun, &turns).map_err(Error::Other)?;
    print(&write(&test));
    apart.iter().for_each(|sentence| talk(&format!("the test is not all that was: {sentence}")));
    Ok(Status::fine_if(apart.is_empty()))
}

/// Plans and settings of a replay.
struct Stage<'s> {
    workspace: &'s Arc<Workspace>,
    plans: BTreeMap<PlanHash, Arc<Plan>>,
    /// Another version of the conversation's playbook.
    instead: Option<Arc<Plan>>,
}

impl<'s> Stage<'s> {
    fn new(story: &Story, workspace: &'s Arc<Workspace>) -> Result<Stage<'s>> {
        let mut plans = BTreeMap::new();
        for (hash, source) in &story.plans {
            let broken = |why: String| Error::Other(format!("version {hash} can't be read back: {why}"));
            let source: Source = serde_json::from_str(source).map_err(|why| broken(why.to_string()))?;
            let plan = recompile(&source).map_err(|faults| broken(faults.iter().map(show::short).collect::<Vec<_>>().join("; ")))?;
            plans.insert(hash.clone(), plan);
        }
        Ok(Stage { workspace, plans, instead: None })
    }

    /// The plans of a turn.
    fn set(&self, story: &Story, id: &str) -> Result<PlanSet> {
        let kept = story.sets.get(id).ok_or_else(|| Error::Other(format!("the set of playbooks `{id}` is not kept any more")))?;
        let named = |hash: &PlanHash| self.plans.get(hash).map(|plan| (plan.name.clone(), plan.clone()));
        let mut current: BTreeMap<String, Arc<Plan>> = kept.plans.iter().filter_map(named).collect();
        if let Some(plan) = &self.instead {
            current.insert(plan.name.clone(), plan.clone());
        }
        let mut set = PlanSet::new(self.workspace.clone(), current, kept.fields.clone());
        for plan in self.plans.values().filter(|plan| !kept.plans.contains(&plan.hash)) {
            set = set.with_old(plan.clone());
        }
        Ok(set)
    }

    /// Goes through all turns, with what each queued; answers where it first went another way.
    fn play(&self, story: &Story, made: &mut Vec<Turned>) -> Result<Option<Parting>> {
        let mut person = None;
        let mut sets: BTreeMap<String, PlanSet> = BTreeMap::new();
        for turn in &story.turns {
            let id = &turn.recorded.set;
            if !sets.contains_key(id) {
                sets.insert(id.clone(), self.set(story, id)?);
            }
            let Some(set) = sets.get(id) else { continue };
            let turn = self.repinned(turn, &story.conversation.playbook);
            let Some(Replayed { person: after, decisions, effects, same }) = replay(set, person.take(), &turn.recorded, turn.at) else {
                return Err(Error::Other("the journal does not begin with a start; it can't be replayed".to_owned()));
            };
            let (was, is) = (ways(&turn.recorded.decisions, story, &self.plans, None), ways(&decisions, story, &self.plans, self.instead.as_deref()));
            let parted = if self.instead.is_some() { was != is } else { !same };
            if parted {
                return Ok(Some(Parting { at: turn.at.rfc3339(), was, is }));
            }
            made.push(Turned { at: turn.at, recorded: turn.recorded, queue: effects.queue });
            person = Some(after);
        }
        Ok(None)
    }

    /// A broadcast is pinned to a version: with another one it is pinned to that.
    fn repinned(&self, turn: &TurnRow, playbook: &str) -> TurnRow {
        let mut turn = turn.clone();
        let Some(instead) = &self.instead else { return turn };
        for event in &mut turn.recorded.events {
            if let Happening::Start { plan, .. } = &mut event.what
                && self.plans.get(plan).is_some_and(|known| known.name == playbook)
            {
                *plan = instead.hash.clone();
            }
        }
        turn
    }
}

/// What was decided about the conversation, in words that hold over versions: places in a plan and numbers of texts do not.
fn ways(decisions: &[Decision], story: &Story, plans: &BTreeMap<PlanHash, Arc<Plan>>, instead: Option<&Plan>) -> Vec<String> {
    let ours = |id: &ConversationId| *id == story.conversation.id;
    let then = plans.get(&story.conversation.version).map(|plan| &**plan);
    let step = |playbook: &str, at: usize| {
        let main = instead.or(then);
        let plan = main.and_then(|plan| if plan.name == playbook { Some(plan) } else { plan.runs.get(playbook).map(|plan| &**plan) });
        plan.and_then(|plan| plan.steps.get(at)?.id.clone()).unwrap_or_else(|| "a step without an id".to_owned())
    };
    let word = |decision: &Decision| match decision {
        Decision::Started { playbook, conversation } if ours(conversation) => Some(format!("started {playbook}")),
        Decision::NotStarted { playbook, reason } if *playbook == story.conversation.playbook => Some(format!("not started: {reason}")),
        Decision::Step { conversation, id: Some(id), .. } if ours(conversation) => Some(format!("came to `{id}`")),
        Decision::Took { conversation, playbook, at, way } if ours(conversation) => Some(format!("`{}`: {}", step(playbook, *at), way.name())),
        Decision::Queued { conversation, .. } if ours(conversation) => Some("sent a text".to_owned()),
        Decision::Held { conversation, .. } if ours(conversation) => Some("held a text".to_owned()),
        Decision::Skipped { conversation, reason } if ours(conversation) => Some(format!("did not send a text: {reason}")),
        Decision::HandedOff { conversation, queue } if ours(conversation) => Some(format!("asked for a person from `{queue}`")),
        Decision::Ended { conversation, outcome, .. } if ours(conversation) => Some(format!("ended: {outcome}")),
        _ => None,
    };
    decisions.iter().filter_map(word).collect()
}

/// The version to replay with. None: it has faults, which have been told.
fn read(file: &Path, stage: &Stage<'_>, playbook: &str) -> Result<Option<Arc<Plan>>> {
    let yaml = files::read_text(file).map_err(|why| Error::Other(format!("`{}`: {why}", file.display())))?;
    let kept = stage.plans.values().find(|plan| plan.name == playbook).map(|plan| plan.source.clone()).unwrap_or_default();
    match recompile(&Source { path: files::shown(file), yaml, ..kept }) {
        Ok(plan) if plan.name == playbook => Ok(Some(plan)),
        Ok(plan) => Err(Error::Other(format!("`{}` is the playbook `{}`, and the conversation is one of `{playbook}`", file.display(), plan.name))),
        Err(faults) => {
            faults.iter().for_each(|fault| talk(&show::short(fault)));
            Ok(None)
        }
    }
}
