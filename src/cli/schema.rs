//! `bridged schema`: JSON Schema for editors.

use clap::ValueEnum;

use super::output::print;
use super::{Result, Status};

/// Of transcript tests. Written by hand: their reader goes by the kind of line, which no table of keys could tell.
const TRANSCRIPT: &str = include_str!("transcript.schema.json");

/// `bridged schema`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The kind of file
    #[arg(value_enum, default_value_t)]
    of: Of,
}

/// The kinds of file.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(super) enum Of {
    /// Playbooks
    #[default]
    Playbook,
    /// Transcript tests
    Transcript,
    /// Settings
    Config,
}

/// Prints it.
pub(super) fn run(args: &Args) -> Result {
    print(&text(args.of));
    Ok(Status::Fine)
}

/// A schema as it stands in a file.
pub(super) fn text(of: Of) -> String {
    match of {
        Of::Playbook => format!("{:#}\n", crate::playbook::schema::playbook()),
        Of::Transcript => TRANSCRIPT.to_owned(),
        Of::Config => format!("{:#}\n", crate::config::schema()),
    }
}
