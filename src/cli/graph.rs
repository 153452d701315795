//! `bridged graph PLAYBOOK`: a playbook as a flow chart. The whole folder is read, since a chart of a playbook with faults would
//! show ways that it does not have.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::output::{print, talk};
use super::workspaces::{Loaded, group};
use super::{Error, Result, Status};
use crate::graph;
use crate::playbook::{Level, did_you_mean, show};

/// `bridged graph`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Its name, or its file
    playbook: String,
    /// How it is drawn
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How it is drawn.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// Text that Markdown pages show as a chart
    #[default]
    Mermaid,
    /// A picture for browsers and documents
    Svg,
    /// For Graphviz
    Dot,
}

/// Draws.
pub(super) fn run(args: &Args, config: Option<&Path>) -> Result {
    // A file wins over a playbook of the same name: whoever types a path means it.
    let file = Some(PathBuf::from(&args.playbook)).filter(|path| path.is_file());
    let paths: Vec<PathBuf> = file.into_iter().collect();
    let mut known: Vec<String> = Vec::new();
    for group in group(&paths, config)? {
        let Loaded { compiled, asked, .. } = group.load()?;
        let Some(plans) = compiled.set else {
            compiled.faults.iter().filter(|fault| fault.level == Level::Error).for_each(|fault| talk(&show::short(fault)));
            return Ok(Status::Problems);
        };
        let named = |name: &str, path: &str| if paths.is_empty() { name == args.playbook } else { asked.contains(path) };
        if let Some(plan) = plans.iter().find(|plan| named(&plan.name, &plan.source.path)) {
            print(&match args.format {
                Format::Mermaid => graph::mermaid(plan),
                Format::Svg => graph::svg(plan, &graph::Counts::default()),
                Format::Dot => graph::dot(plan),
            });
            return Ok(Status::Fine);
        }
        known.extend(plans.iter().map(|plan| plan.name.clone()));
    }
    let guess = did_you_mean(&args.playbook, known.iter().map(String::as_str)).map(|guess| format!("; did you mean `{guess}`?"));
    Err(Error::Other(format!("there is no playbook `{}`{}", args.playbook, guess.unwrap_or_default())))
}
