//! `bridged check`: every fault of every playbook in one run.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::workspaces::{Loaded, group};
use super::{Error, Result, Status, output};
use crate::playbook::show::{self, Form};
use crate::playbook::{Fault, Level};

/// `bridged check`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files and folders; the `playbooks` folder of the settings by default
    paths: Vec<PathBuf>,
    /// text: with the lines and the repair; short: one line a fault; json: a list
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Warnings count as problems
    #[arg(long)]
    strict: bool,
}

/// How faults are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// For editors.
    Short,
    /// For programs.
    Json,
}

/// Checks.
pub(super) fn run(args: &Args, config: Option<&Path>) -> Result {
    let mut all: Vec<Fault> = Vec::new();
    // What was asked about, and how much of it has no text to check.
    let (mut files, mut unreadable) = (0, 0);
    for group in group(&args.paths, config)? {
        let Loaded { compiled, folder, asked } = group.load()?;
        let faults: Vec<Fault> = compiled.faults.into_iter().filter(|fault| group.paths.is_empty() || asked.contains(&*fault.path)).collect();
        // One list is one JSON value, so it waits for all groups.
        match args.format {
            Format::Text => output::print(&show::report(&faults, &folder.sources, Form::Long { colour: output::is_coloured(&std::io::stdout()) })),
            Format::Short => output::print(&show::report(&faults, &folder.sources, Form::Short)),
            Format::Json => {}
        }
        for trouble in folder.troubles.iter().filter(|trouble| group.paths.is_empty() || asked.contains(&trouble.path)) {
            output::error(&format!("`{}` can't be read: {}", trouble.path, trouble.why));
            unreadable += 1;
        }
        files += asked.len();
        all.extend(faults);
    }
    if files == 0 || files == unreadable {
        return Err(Error::Other("there is no playbook to check here; playbooks end in `.yaml`".to_owned()));
    }
    if args.format == Format::Json {
        output::print(&show::report(&all, &Default::default(), Form::Json));
    }
    let fine = || format!("{}, no problems", output::count(files, "playbook"));
    output::talk(&show::summary(&all, files).unwrap_or_else(fine));
    let counts = |fault: &Fault| args.strict || fault.level == Level::Error;
    Ok(Status::fine_if(unreadable == 0 && !all.iter().any(counts)))
}
