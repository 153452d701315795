//! `bridged graph PLAYBOOK`: a playbook as a flow chart. The whole folder is read, since a chart of a playbook with faults would
//! show ways that it does not have.

use std::path::Path;

use clap::ValueEnum;

use super::output::print;
use super::workspaces::{Found, find_playbook};
use super::{Result, Status};
use crate::graph;

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
    let Some(Found { plan, .. }) = find_playbook(&args.playbook, config)? else { return Ok(Status::Problems) };
    print(&match args.format {
        Format::Mermaid => graph::mermaid(&plan),
        Format::Svg => graph::svg(&plan, &graph::Counts::default()),
        Format::Dot => graph::dot(&plan),
    });
    Ok(Status::Fine)
}
