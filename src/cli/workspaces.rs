//! Which settings a command goes by, and the playbooks they name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::output::talk;
use super::{Error, Result};
use crate::config::{Language, Source};
use crate::playbook::{self, Compiled, Level, Plan, PlanSet, Workspace, did_you_mean, show};
use crate::work::files::{self, Folder};

/// The environment as settings read it. What is not UTF-8 can be no setting of ours.
pub(super) fn env() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// The working folder.
pub(super) fn here() -> Result<PathBuf> {
    std::env::current_dir().map_err(|why| Error::File { file: ".".to_owned(), why })
}

/// The settings of commands that speak of one installation: the file that was named, else the one in the working folder.
pub(super) fn installed(config: Option<&Path>) -> Result<Option<Source>> {
    match config {
        Some(file) => Ok(Some(Source::named(file)?)),
        None => Ok(Source::in_folder(&here()?)?),
    }
}

/// The settings of commands that work on files: the file that was named, else the nearest upwards from a path, else the sample.
fn of_path(path: &Path, config: Option<&Path>) -> Result<Source> {
    let source = match config {
        Some(file) => Some(Source::named(file)?),
        None => Source::nearest(path)?,
    };
    source.map_or_else(|| Ok(Source::sample(&here()?)), Ok)
}

/// Settings with the paths that belong to them.
#[derive(Clone)]
pub(super) struct Group {
    /// Where the settings come from.
    source: Source,
    /// As they say.
    pub language: Language,
    /// What was asked about; empty: the folder of playbooks.
    pub paths: Vec<PathBuf>,
}

/// Sorts paths by their settings. Without paths it is the working folder's settings alone.
pub(super) fn group(paths: &[PathBuf], config: Option<&Path>) -> Result<Vec<Group>> {
    let mut groups: Vec<Group> = Vec::new();
    if paths.is_empty() {
        groups.push(read(of_path(&here()?, config)?)?);
    }
    for path in paths {
        if !path.exists() {
            // Told before anything is read: a slip of the finger in one path must not cost a run of the others.
            return Err(Error::Other(format!("there is no file or folder `{}`", path.display())));
        }
        let source = of_path(path, config)?;
        let at = match groups.iter().position(|group| group.source == source) {
            Some(at) => at,
            None => {
                groups.push(read(source)?);
                groups.len() - 1
            }
        };
        groups[at].paths.push(path.clone());
    }
    Ok(groups)
}

/// Reads settings that no path belongs to yet.
fn read(source: Source) -> Result<Group> {
    let language = Language::read(&source, env())?;
    Ok(Group { source, language, paths: Vec::new() })
}

/// The playbooks of a group, compiled.
pub(super) struct Loaded {
    /// Plans and faults.
    pub compiled: Compiled,
    /// The files, and those that can't be read.
    pub folder: Folder,
    /// Paths, as shown, of the files that were asked about.
    pub asked: BTreeSet<String>,
}

impl Group {
    /// The same settings, asked about as a whole.
    pub fn whole(&self) -> Group {
        Group { paths: Vec::new(), ..self.clone() }
    }

    /// Reads and compiles the folder of playbooks, and whatever playbooks were named outside of it.
    pub fn load(&self) -> Result<Loaded> {
        let Language { playbooks, templates, .. } = &self.language;
        // With paths the folder only lends its names, and need not be there.
        let mut folder = if self.paths.is_empty() || playbooks.is_dir() { files::read_folder(playbooks, templates)? } else { Folder::default() };
        let mut asked = BTreeSet::new();
        if self.paths.is_empty() {
            asked.extend(folder.sources.playbooks.iter().map(|(path, _)| path.clone()));
        }
        for path in &self.paths {
            for file in files::find(path, files::is_playbook)? {
                let within = file.parent().unwrap_or(path);
                asked.insert(folder.add_playbook(&file, if path.is_dir() { path } else { within })?);
            }
        }
        let compiled = playbook::compile(&folder.sources, &self.workspace(), Timestamp::now());
        Ok(Loaded { compiled, folder, asked })
    }

    /// What playbooks inherit.
    fn workspace(&self) -> Arc<Workspace> {
        Arc::new(self.language.workspace.clone())
    }
}

/// A playbook with those of its folder.
pub(super) struct Found {
    /// All of them.
    pub plans: PlanSet,
    /// The one that was asked for.
    pub plan: Arc<Plan>,
    /// Their files.
    pub folder: Folder,
}

/// The playbook of this name or file, out of a folder without faults. None: there are faults, which have been told.
pub(super) fn find_playbook(asked_for: &str, config: Option<&Path>) -> Result<Option<Found>> {
    // A file wins over a playbook of the same name: whoever types a path means it.
    let paths: Vec<PathBuf> = Some(PathBuf::from(asked_for)).filter(|path| path.is_file()).into_iter().collect();
    let mut known: Vec<String> = Vec::new();
    for group in group(&paths, config)? {
        let Loaded { compiled, folder, asked } = group.load()?;
        let Some(plans) = compiled.set else {
            compiled.faults.iter().filter(|fault| fault.level == Level::Error).for_each(|fault| talk(&show::short(fault)));
            return Ok(None);
        };
        let is_it = |plan: &Plan| if paths.is_empty() { plan.name == asked_for } else { asked.contains(&plan.source.path) };
        let found = plans.iter().find(|plan| is_it(plan)).cloned();
        if let Some(plan) = found {
            return Ok(Some(Found { plans, plan, folder }));
        }
        known.extend(plans.iter().map(|plan| plan.name.clone()));
    }
    let hint = match did_you_mean(asked_for, known.iter().map(String::as_str)) {
        Some(guess) => format!("did you mean `{guess}`?"),
        None if known.is_empty() => "the folder of playbooks is empty".to_owned(),
        None => format!("there are {}", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    };
    Err(Error::Other(format!("there is no playbook `{asked_for}`; {hint}")))
}
