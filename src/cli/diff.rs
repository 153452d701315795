//! `bridged diff OLD NEW`: what changes between two versions of a playbook or of a folder of them, and how many people stand where it changes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};

use super::daemon::Daemon;
use super::output::{self, Format, count, print, talk};
use super::workspaces::group;
use super::{Error, Result, Status};
use crate::playbook::diff::{Change, Difference, diff};
use crate::playbook::plan::{Plan, Source};
use crate::playbook::yaml::{self, Node};
use crate::playbook::{recompile, show};
use crate::work::files;

/// Sub-playbooks within sub-playbooks; deeper ones are a fault of the playbook, which `check` tells.
const MAX_RUNS: usize = 5;

/// `bridged diff`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A playbook, or a folder of them, as it is
    old: PathBuf,
    /// The same as it is to be
    new: PathBuf,
    /// text, or json
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// People by playbook and step, as the daemon counts them.
type Standing = BTreeMap<String, BTreeMap<String, u64>>;

/// Compares.
pub(super) fn run(args: &Args, config: Option<&Path>) -> Result {
    let (Some(old), Some(new)) = (read(&args.old, config)?, read(&args.new, config)?) else { return Ok(Status::Problems) };
    let standing = match people(config) {
        Ok(standing) => Some(standing),
        Err(why) => {
            talk(&format!("people are not counted: {why}"));
            None
        }
    };
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut rows = Vec::new();
    for name in names {
        let standing = standing.as_ref().map(|standing| standing.get(name).cloned().unwrap_or_default());
        let row = match (old.get(name), new.get(name)) {
            (Some(old), Some(new)) if old.hash == new.hash => continue,
            (Some(old), Some(new)) => Row::changed(name, old, new, standing),
            (None, _) => Row { playbook: name, what: "new", difference: None, moves: Moves::default(), standing },
            (_, None) => Row { playbook: name, what: "gone", difference: None, moves: Moves::default(), standing },
        };
        rows.push(row);
    }
    match args.format {
        Format::Json => output::print_json(&json!({ "changes": rows.iter().map(Row::json).collect::<Vec<_>>() })),
        Format::Text if rows.is_empty() => print("nothing changes\n"),
        Format::Text => print(&rows.iter().map(Row::text).collect::<Vec<_>>().join("\n")),
    }
    Ok(Status::Fine)
}

/// Where people at the steps of an old version go on.
#[derive(Default)]
struct Moves {
    /// New step by old one; what is not here stays in the old version.
    to: BTreeMap<String, String>,
}

/// What is said of one playbook.
struct Row<'r> {
    playbook: &'r str,
    what: &'static str,
    difference: Option<Difference>,
    moves: Moves,
    /// None: nobody could be asked.
    standing: Option<BTreeMap<String, u64>>,
}

impl<'r> Row<'r> {
    fn changed(playbook: &'r str, old: &Plan, new: &Plan, standing: Option<BTreeMap<String, u64>>) -> Row<'r> {
        let lands = |id: &String| Some((id.clone(), new.landing(old, id)?.0.to_owned()));
        let to = if new.moves { old.ids.keys().filter_map(lands).collect() } else { BTreeMap::new() };
        Row { playbook, what: "changed", difference: Some(diff(old, new)), moves: Moves { to }, standing }
    }

    /// People at a step, and how many of all move and stay.
    fn at(&self, step: &str) -> u64 {
        self.standing.as_ref().and_then(|standing| standing.get(step)).copied().unwrap_or(0)
    }

    fn totals(&self) -> Option<(u64, u64)> {
        let standing = self.standing.as_ref()?;
        let moving = standing.iter().filter(|(step, _)| self.moves.to.contains_key(*step)).map(|(_, count)| count).sum();
        Some((moving, standing.values().sum::<u64>() - moving))
    }

    fn text(&self) -> String {
        let mut said = format!("{}: {}\n", self.playbook, self.what);
        if let Some(difference) = &self.difference {
            if !difference.settings.is_empty() {
                said.push_str(&format!("    settings: {}\n", difference.settings.join(", ")));
            }
            for step in &difference.steps {
                let name = if step.id.is_empty() { "(beginning)" } else { &step.id };
                let (mark, name) = match &step.what {
                    Change::New => ("+", name.to_owned()),
                    Change::Gone => ("-", name.to_owned()),
                    Change::Changed => ("~", name.to_owned()),
                    Change::Renamed(to) => ("~", format!("{name} → {to}")),
                };
                let details = if step.details.is_empty() { String::new() } else { format!(": {}", step.details.join(", ")) };
                let people = match self.at(&step.id) {
                    _ if step.what == Change::New => String::new(),
                    0 => String::new(),
                    number if self.moves.to.contains_key(&step.id) => format!("  ({} here, moving)", persons(number)),
                    number => format!("  ({} here, staying in the old version)", persons(number)),
                };
                said.push_str(&format!("  {mark} {name}{details}{people}\n"));
            }
        }
        match self.totals() {
            None | Some((0, 0)) => {}
            Some((moving, staying)) if self.what == "changed" => {
                said.push_str(&format!(
                    "  {} in it: {moving} to the new version, {staying} staying in the one they began in\n",
                    persons(moving + staying)
                ));
            }
            Some((_, staying)) => said.push_str(&format!("  {} in it, staying in the version they began in\n", persons(staying))),
        }
        said
    }

    fn json(&self) -> Value {
        let step = |step: &crate::playbook::diff::StepChange| {
            let (what, to) = match &step.what {
                Change::New => ("new", None),
                Change::Gone => ("gone", None),
                Change::Changed => ("changed", None),
                Change::Renamed(to) => ("renamed", Some(to)),
            };
            let people = self.standing.as_ref().filter(|_| step.what != Change::New).map(|_| self.at(&step.id));
            json!({ "step": step.id, "what": what, "to": to, "details": step.details, "people": people, "moves": self.moves.to.contains_key(&step.id) })
        };
        let difference = self.difference.as_ref();
        json!({
            "playbook": self.playbook,
            "what": self.what,
            "settings": difference.map(|difference| difference.settings.clone()).unwrap_or_default(),
            "steps": difference.map(|difference| difference.steps.iter().map(step).collect::<Vec<_>>()).unwrap_or_default(),
            "moving": self.totals().map(|(moving, _)| moving),
            "staying": self.totals().map(|(_, staying)| staying),
        })
    }
}

/// `1 person`, `2 people`.
pub(super) fn persons(number: u64) -> String {
    if number == 1 { "1 person".to_owned() } else { format!("{number} people") }
}

/// Who stands where, over all versions.
fn people(config: Option<&Path>) -> Result<Standing> {
    let (daemon, _) = Daemon::of(config)?;
    let answer = daemon.send(Method::GET, "/v1/playbooks", &Value::Null)?.good()?;
    let mut standing = Standing::new();
    for playbook in answer["items"].as_array().into_iter().flatten() {
        let of = standing.entry(playbook["name"].as_str().unwrap_or_default().to_owned()).or_default();
        for steps in playbook["versions"].as_array().into_iter().flatten().filter_map(|version| version["steps"].as_object()) {
            for (step, count) in steps {
                *of.entry(step.clone()).or_default() += count.as_u64().unwrap_or(0);
            }
        }
    }
    Ok(standing)
}

/// The playbooks at a path, compiled as old versions are: senders and queues may have other names by now. None: they have faults, which
/// have been told.
fn read(path: &Path, config: Option<&Path>) -> Result<Option<BTreeMap<String, Arc<Plan>>>> {
    let mut read = Files::default();
    for group in group(std::slice::from_ref(&path.to_owned()), config)? {
        let language = &group.language;
        // The folder's own playbooks may be run by those that were asked about; texts stand beside them.
        let folder =
            if language.playbooks.is_dir() { files::read_folder(&language.playbooks, &language.templates)? } else { files::Folder::default() };
        folder.sources.playbooks.into_iter().for_each(|(path, yaml)| drop(read.add(path, yaml)));
        read.templates = folder.sources.templates;
    }
    let mut asked = Vec::new();
    for file in files::find(path, files::is_playbook)? {
        let yaml = files::read_text(&file).map_err(|why| Error::Other(format!("`{}`: {why}", file.display())))?;
        asked.extend(read.add(files::shown(&file), yaml));
    }
    if asked.is_empty() {
        return Err(Error::Other(format!("there is no playbook at `{}`", path.display())));
    }
    let mut plans = BTreeMap::new();
    let mut faults = Vec::new();
    for name in asked {
        match read.source(&name, MAX_RUNS).as_ref().map(recompile) {
            Some(Ok(plan)) => drop(plans.insert(name, plan)),
            Some(Err(found)) => faults.extend(found),
            None => {}
        }
    }
    faults.iter().for_each(|fault| talk(&show::short(fault)));
    if !faults.is_empty() {
        talk(&format!("{}; `bridged check` shows them at length", count(faults.len(), "fault")));
    }
    Ok(faults.is_empty().then_some(plans))
}

/// Files by the name of their playbook.
#[derive(Default)]
struct Files {
    playbooks: BTreeMap<String, (String, String)>,
    templates: BTreeMap<String, String>,
}

impl Files {
    /// Adds a file in place of one that held the same playbook. A file whose name can't be read goes by its path, so that its faults are told.
    fn add(&mut self, path: String, yaml: String) -> Option<String> {
        let root = yaml::read(&path.as_str().into(), &yaml).root;
        let name = root.as_ref().and_then(|root| root.get_text("playbook")).unwrap_or(&path).to_owned();
        self.playbooks.insert(name.clone(), (path, yaml));
        Some(name)
    }

    fn source(&self, name: &str, depth: usize) -> Option<Source> {
        let (path, yaml) = self.playbooks.get(name)?;
        let mut runs = BTreeMap::new();
        if let (Some(root), Some(depth)) = (yaml::read(&path.as_str().into(), yaml).root, depth.checked_sub(1)) {
            let mut names = BTreeSet::new();
            run_names(&root, &mut names);
            runs.extend(names.into_iter().filter_map(|name| Some((name.clone(), self.source(&name, depth)?))));
        }
        Some(Source { path: path.clone(), yaml: yaml.clone(), templates: self.templates.clone(), runs })
    }
}

/// The sub-playbooks that a tree runs.
fn run_names(node: &Node, names: &mut BTreeSet<String>) {
    for entry in node.entries() {
        if entry.key == "run" {
            names.extend(entry.value.text().map(str::to_owned));
        }
        run_names(&entry.value, names);
    }
    node.members().iter().for_each(|member| run_names(member, names));
}
