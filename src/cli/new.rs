//! `bridged new`: a playbook with its test to begin with, and with `--workspace` the folder around it. Nothing that is there is ever
//! overwritten, but for the schemas, which are ours.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::output::talk;
use super::schema::{self, Of};
use super::workspaces::{Loaded, group};
use super::{Error, Result, Status};
use crate::config::{FILE, SAMPLE};
use crate::playbook::show::{self, Form};
use crate::playbook::values::is_name;
use crate::work::files::shown;

/// `bridged new`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What the playbook is called: small letters, digits and `_`
    #[arg(required_unless_present = "workspace")]
    name: Option<String>,
    /// The playbook it begins as
    #[arg(long, value_enum, default_value_t)]
    from: From,
    /// Make a folder with settings, playbooks and templates first, and the playbook in it (`hello`, if it has no name)
    #[arg(long, value_name = "DIR")]
    workspace: Option<PathBuf>,
}

/// What a playbook begins as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum From {
    /// A question and its answers
    #[default]
    Starter,
    /// A weekly offer to a list, in two wordings
    Activation,
    /// Appointments confirmed and reminded of
    Appointments,
    /// An order followed up to its rating
    Nurture,
    /// Questions that sort new leads
    Qualification,
    /// Questions answered, by the bot and by people
    Support,
}

/// A playbook to begin with.
struct Model {
    /// Its own name, which gives way to the new one.
    name: &'static str,
    /// The playbook.
    yaml: &'static str,
    /// Its tests.
    tests: &'static str,
    /// Playbooks that it runs, or that its tests meet.
    with: &'static [From],
    /// Texts in files, by name.
    templates: &'static [(&'static str, &'static str)],
}

/// What of the shipped playbooks belongs together.
macro_rules! model {
    ($name:literal, $folder:literal, $with:expr, $templates:expr) => {
        Model {
            name: $name,
            yaml: include_str!(concat!($folder, $name, ".yaml")),
            tests: include_str!(concat!($folder, $name, ".test.yaml")),
            with: $with,
            templates: $templates,
        }
    };
}

impl From {
    fn model(self) -> Model {
        match self {
            From::Starter => model!("starter", "", &[], &[]),
            From::Activation => model!("activation", "../../playbooks/", &[From::Qualification, From::Nurture], LAST_CALL),
            From::Appointments => model!("appointments", "../../playbooks/", &[], &[]),
            From::Nurture => model!("nurture", "../../playbooks/", &[], &[]),
            From::Qualification => model!("qualification", "../../playbooks/", &[], &[]),
            From::Support => model!("support", "../../playbooks/", &[From::Qualification], &[]),
        }
    }
}

/// Texts of `activation`.
const LAST_CALL: &[(&str, &str)] =
    &[("last_call.txt", include_str!("../../templates/last_call.txt")), ("last_call.es.txt", include_str!("../../templates/last_call.es.txt"))];

/// The playbook of a workspace whose maker named none.
const FIRST: &str = "hello";

/// A test with this remark is true of one name only, so it does not come along.
const OF_ONE_NAME: &str = "# drawn from number and playbook";

/// What editors read of a file.
const PLAYBOOK_SCHEMA: (&str, Of) = ("playbook.schema.json", Of::Playbook);
/// See `PLAYBOOK_SCHEMA`.
const TEST_SCHEMA: (&str, Of) = ("transcript.schema.json", Of::Transcript);
/// See `PLAYBOOK_SCHEMA`.
const SETTINGS_SCHEMA: (&str, Of) = ("bridged.schema.json", Of::Config);

/// Makes it.
pub(super) fn run(args: &Args, config: Option<&Path>) -> Result {
    let name = args.name.as_deref().unwrap_or(FIRST);
    if !is_name(name) {
        return Err(Error::Other(format!("`{name}` can't be the name of a playbook; small letters, digits and `_` can, a letter first")));
    }
    let mut files = Vec::new();
    let (playbooks, templates) = match &args.workspace {
        Some(root) => {
            files.push((root.join(FILE), headed(SETTINGS_SCHEMA.0, SAMPLE)));
            files.push((root.join(SETTINGS_SCHEMA.0), schema::text(SETTINGS_SCHEMA.1)));
            (root.join("playbooks"), root.join("templates"))
        }
        None => match group(&[], config)?.pop() {
            Some(group) => (group.language.playbooks, group.language.templates),
            None => return Ok(Status::Fine),
        },
    };
    let model = args.from.model();
    for (file, (schema, _), text) in [(format!("{name}.yaml"), PLAYBOOK_SCHEMA, model.yaml), (format!("{name}.test.yaml"), TEST_SCHEMA, model.tests)]
    {
        files.push((playbooks.join(file), headed(schema, &renamed(text, &model, name))));
    }
    if let Some((there, _)) = files.iter().find(|(file, _)| file.exists()) {
        return Err(Error::Other(format!("`{}` is there already; nothing was written", shown(there))));
    }
    // Of what it needs beside itself, what is there already stays as it is.
    for other in model.with.iter().copied().map(From::model) {
        files.push((playbooks.join(format!("{}.yaml", other.name)), other.yaml.to_owned()));
    }
    files.extend(model.templates.iter().map(|(file, text)| (templates.join(file), (*text).to_owned())));
    for (file, text) in &files {
        write(file, text)?;
    }
    for (file, of) in [PLAYBOOK_SCHEMA, TEST_SCHEMA] {
        let file = playbooks.join(file);
        std::fs::write(&file, schema::text(of)).map_err(|why| Error::File { file: shown(&file), why })?;
    }
    std::fs::create_dir_all(&templates).map_err(|why| Error::File { file: shown(&templates), why })?;
    let made = playbooks.join(format!("{name}.yaml"));
    talk(&format!("made {}", shown(&made)));
    told(&made, args.workspace.is_some(), config)?;
    Ok(Status::Fine)
}

/// Says what `check` has to say of it here: another playbook may have its keywords, the settings may lack its queues.
fn told(made: &Path, workspace: bool, config: Option<&Path>) -> Result<()> {
    let settings = config.filter(|_| !workspace);
    for group in group(&[made.to_owned()], settings)? {
        let Loaded { compiled, folder, asked } = group.load()?;
        let faults: Vec<_> = compiled.faults.into_iter().filter(|fault| asked.contains(&*fault.path)).collect();
        match faults.is_empty() {
            true => talk("it passes `bridged check`; `bridged test` rehearses it"),
            false => talk(&format!("before it can run here:\n{}", show::report(&faults, &folder.sources, Form::Short))),
        }
    }
    Ok(())
}

/// A file that is not there yet.
fn write(file: &Path, text: &str) -> Result<()> {
    let failed = |why| Error::File { file: shown(file), why };
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    match OpenOptions::new().write(true).create_new(true).open(file) {
        Ok(mut made) => made.write_all(text.as_bytes()).map_err(failed),
        Err(why) if why.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(why) => Err(failed(why)),
    }
}

/// With the line by which editors know the schema.
fn headed(schema: &str, text: &str) -> String {
    format!("# yaml-language-server: $schema={schema}\n{text}")
}

/// A model under a new name: where it is called by the old one, and for the starter also the word that people text.
fn renamed(text: &str, model: &Model, name: &str) -> String {
    let documents: Vec<&str> = text.split("---\n").filter(|document| !document.contains(OF_ONE_NAME)).collect();
    let text = documents.join("---\n").replace(&format!("playbook: {}", model.name), &format!("playbook: {name}"));
    let lines = text.lines().map(|line| match line.split_once("outcomes: {") {
        Some((before, outcomes)) => format!("{before}outcomes: {{{}\n", outcomes.replace(&format!("{}: ", model.name), &format!("{name}: "))),
        None => format!("{}\n", line.replace("STARTER", &name.replace('_', " ").to_uppercase())),
    });
    lines.collect()
}
