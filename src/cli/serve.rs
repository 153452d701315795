//! `bridged serve`: the daemon.

use std::io::IsTerminal as _;
use std::path::Path;

use clap::ValueEnum;
use tokio::runtime::{Builder, Runtime};
use tracing_subscriber::EnvFilter;

use super::workspaces::{env, here, installed};
use super::{Error, Result, Status};
use crate::app::{self, Role, ServeOptions};
use crate::config::{Config, Source};

/// Which log lines are shown, in the words of `tracing`: `bridged=debug`.
const LOG: &str = "BRIDGED_LOG";

/// `bridged serve`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Against a built-in Twilio: nothing reaches the real one, and no account is needed
    #[arg(long)]
    pretend: bool,
    /// Only these parts of the daemon; all by default
    #[arg(long, value_enum, value_delimiter = ',', value_name = "ROLE,…")]
    only: Vec<Part>,
}

/// The parts.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Part {
    /// Both listeners
    Web,
    /// Contacts, broadcasts, schedules
    Conversations,
    /// Texts, calls of playbooks, reconciliation, catch-up
    Sending,
}

/// Runs the daemon until it is told to stop.
pub(super) fn run(args: &Args, config: Option<&Path>) -> Result {
    let source = match installed(config)? {
        Some(source) => source,
        None if args.pretend => Source::sample(&here()?),
        None => Source::empty(&here()?),
    };
    // Before anything is opened or listened on: what is wrong is told at once, all of it.
    let config = Config::read(&source, env(), args.pretend)?;
    let only = args.only.iter().map(|part| match part {
        Part::Web => Role::Web,
        Part::Conversations => Role::Conversations,
        Part::Sending => Role::Sending,
    });
    let options = ServeOptions { pretend: args.pretend, only: only.collect() };
    // On stderr like all talk; without colours where a file or a service manager reads it.
    let filter = EnvFilter::try_from_env(LOG).unwrap_or_else(|_| EnvFilter::new("info"));
    let colour = super::output::is_coloured(&std::io::stderr());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour && std::io::stderr().is_terminal()).init();
    let runtime = runtime(Builder::new_multi_thread())?;
    match runtime.block_on(app::serve(config, options)) {
        Ok(()) => Ok(Status::Fine),
        Err(error) => Err(error.into()),
    }
}

/// A runtime with clocks and connections.
pub(super) fn runtime(mut builder: Builder) -> Result<Runtime> {
    builder.enable_all().build().map_err(|why| Error::Other(format!("the system gives no threads: {why}")))
}
