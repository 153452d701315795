//! `bridged check`: every fault of every playbook in one run.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum;
use jiff::Timestamp;

use super::workspaces::{Group, Loaded, group};
use super::{Error, Result, Status, output};
use crate::playbook::fix::{self, Fixed};
use crate::playbook::show::{self, Form};
use crate::playbook::{Fault, Level};

/// `bridged check`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files and folders; the `playbooks` folder of the settings by default
    paths: Vec<PathBuf>,
    /// text: with the lines and the repair; short: one line a fault; json: a list; github: annotations of a workflow
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Warnings count as problems
    #[arg(long)]
    strict: bool,
    /// Make the repairs that can only be the right ones, then check what is left
    #[arg(long)]
    fix: bool,
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
    /// For GitHub's workflows.
    Github,
}

/// Checks.
pub(super) fn run(args: &Args, config: Option<&Path>) -> Result {
    let mut all: Vec<Fault> = Vec::new();
    // What was asked about, and how much of it has no text to check.
    let (mut files, mut unreadable) = (0, 0);
    for group in group(&args.paths, config)? {
        let Loaded { compiled, folder, asked } = if args.fix { fix(&group)? } else { group.load()? };
        let faults: Vec<Fault> = compiled.faults.into_iter().filter(|fault| group.paths.is_empty() || asked.contains(&*fault.path)).collect();
        // One list is one JSON value, so it waits for all groups.
        match args.format {
            Format::Text => output::print(&show::report(&faults, &folder.sources, Form::Long { colour: output::is_coloured(&std::io::stdout()) })),
            Format::Short => output::print(&show::report(&faults, &folder.sources, Form::Short)),
            Format::Github => output::print(&show::report(&faults, &folder.sources, Form::Github)),
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

/// Repairs the files of a group, says what was changed, and answers with what is left. A file is written whole or not at all.
fn fix(group: &Group) -> Result<Loaded> {
    let mut loaded = group.load()?;
    let before = loaded.folder.sources.playbooks.clone();
    let workspace = Arc::new(group.language.workspace.clone());
    let (made, compiled) = fix::fix(&mut loaded.folder.sources, &workspace, Timestamp::now(), |path| loaded.asked.contains(path));
    for ((path, text), (_, old)) in loaded.folder.sources.playbooks.iter().zip(&before) {
        if text != old {
            write_whole(Path::new(path), text).map_err(|why| Error::File { file: path.clone(), why })?;
        }
    }
    for Fixed { path, line, code, before, after } in &made {
        output::talk(&format!("{path}:{line}: fixed[{code}]\n  - {before}\n  + {after}"));
    }
    Ok(Loaded { compiled, ..loaded })
}

/// Through a file beside it, so that nobody who reads meanwhile, a daemon above all, sees half of it. A link stays a link.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let path = path.canonicalize()?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    // A name with a dot in front is no playbook to anybody.
    let beside = path.with_file_name(format!(".{}", name.to_string_lossy()));
    std::fs::write(&beside, text)?;
    std::fs::set_permissions(&beside, std::fs::metadata(&path)?.permissions())?;
    std::fs::rename(&beside, &path)
}
