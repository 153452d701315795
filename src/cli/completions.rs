//! `bridged completions SHELL`: what a shell needs to complete our commands.

use clap::CommandFactory;
use clap_complete::Shell;

use super::output::print;
use super::{Cli, Result, Status};

/// `bridged completions`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Whose shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints them.
pub(super) fn run(args: &Args) -> Result {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "bridged", &mut script);
    print(&String::from_utf8_lossy(&script));
    Ok(Status::Fine)
}
