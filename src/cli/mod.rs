//! The command line: one file a command. Data goes to stdout, talk to stderr; exit 0 fine, 1 problems found, 2 used wrongly or not run.

mod chat;
mod check;
mod completions;
mod contacts;
mod coverage;
mod daemon;
mod deploy;
mod diff;
mod explain;
mod explored;
mod export;
mod graph;
mod junit;
mod man;
mod new;
mod output;
mod plan;
mod replay;
mod schema;
mod segments;
mod serve;
mod telling;
mod test;
mod trigger;
mod twilio;
mod workspaces;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config;
use crate::work::files;

/// Two-way text messaging that marketers write themselves.
#[derive(Debug, Parser)]
#[command(name = "bridged", version, max_term_width = 120)]
struct Cli {
    /// The settings file, instead of the nearest `bridged.yaml`
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon
    Serve(serve::Args),
    /// Make a playbook to begin with, or a whole workspace
    New(new::Args),
    /// Read and lint playbooks: every fault of every file in one run
    Check(check::Args),
    /// Run transcript tests (`*.test.yaml`) at virtual time
    Test(test::Args),
    /// Talk with a playbook in the terminal, at virtual time
    Chat(chat::Args),
    /// Show a playbook as a flow chart
    Graph(graph::Args),
    /// Tell what a broadcast would come to: who gets it, who not, price and finish
    Plan(plan::Args),
    /// Tell what changes between two versions of playbooks, and for whom
    Diff(diff::Args),
    /// Load the folder of playbooks into the running daemon
    Apply(deploy::ApplyArgs),
    /// Hold a playbook's starts and texts
    Stop(deploy::StopArgs),
    /// Let a stopped playbook go on
    Resume(deploy::ResumeArgs),
    /// Tell why a contact was, or was not, texted
    Why(telling::WhyArgs),
    /// Make a stored conversation again, as it was or with another version
    Replay(replay::Args),
    /// Show how people fare in a playbook, step by step
    Stats(telling::StatsArgs),
    /// Count the segments of a text
    Segments(segments::Args),
    /// Print the JSON Schema of a kind of file, for editors
    Schema(schema::Args),
    /// Print what a shell needs to complete commands
    Completions(completions::Args),
    /// Print the manual page
    Man,
    /// Tell about a fault (`bad-cron`) or an error of Twilio (`30007`)
    Explain(explain::Args),
    /// Post an event to the running daemon
    Trigger(trigger::Args),
    /// Contacts of the running daemon
    #[command(subcommand)]
    Contacts(contacts::Command),
    /// The Twilio account
    #[command(subcommand)]
    Twilio(twilio::Command),
}

/// How a command that ran has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// Exit code 0.
    Fine,
    /// It found problems: exit code 1.
    Problems,
    /// It could not do all it was asked to: exit code 2.
    NotAll,
}

impl Status {
    /// Fine, or problems found.
    fn fine_if(fine: bool) -> Status {
        if fine { Status::Fine } else { Status::Problems }
    }
}

/// Why a command could not run: exit code 2.
#[derive(Debug, thiserror::Error)]
enum Error {
    /// The settings are wrong.
    #[error(transparent)]
    Settings(#[from] config::Error),
    /// Playbooks can't be read.
    #[error(transparent)]
    Files(#[from] files::Error),
    /// Twilio can't be asked.
    #[error(transparent)]
    Twilio(#[from] crate::twilio::client::Error),
    /// The daemon can't be started.
    #[error(transparent)]
    Serve(#[from] crate::app::Error),
    /// A file can't be read or written.
    #[error("`{file}`: {why}")]
    File {
        /// As given.
        file: String,
        /// The system's words.
        why: io::Error,
    },
    /// Nobody listens where the daemon should be.
    #[error("no daemon answers at {0}; start it with `bridged serve`, or name its settings with `--config`")]
    NoDaemon(std::net::SocketAddr),
    /// Anything else, in words.
    #[error("{0}")]
    Other(String),
}

type Result<T = Status> = std::result::Result<T, Error>;

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let Cli { config, command } = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => {
            // `--help` goes to stdout with code 0, a wrong word to stderr with code 2. Nobody is left to tell if that fails.
            let _ = answer.print();
            return ExitCode::from(u8::try_from(answer.exit_code()).unwrap_or(2));
        }
    };
    let config = config.as_deref();
    let result = match command {
        Command::Serve(args) => serve::run(&args, config),
        Command::New(args) => new::run(&args, config),
        Command::Check(args) => check::run(&args, config),
        Command::Test(args) => test::run(&args, config),
        Command::Chat(args) => chat::run(&args, config),
        Command::Graph(args) => graph::run(&args, config),
        Command::Contacts(contacts::Command::Export) => export::export(config),
        Command::Contacts(contacts::Command::Erase(args)) => export::erase(&args, config),
        Command::Plan(args) => plan::run(&args, config),
        Command::Diff(args) => diff::run(&args, config),
        Command::Apply(args) => deploy::apply(&args, config),
        Command::Stop(args) => deploy::stop(&args, config),
        Command::Resume(args) => deploy::resume(&args, config),
        Command::Why(args) => telling::why(&args, config),
        Command::Replay(args) => replay::run(&args, config),
        Command::Stats(args) => telling::stats(&args, config),
        Command::Segments(args) => segments::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man => man::run(),
        Command::Explain(args) => explain::run(&args),
        Command::Trigger(args) => trigger::run(&args, config),
        Command::Contacts(contacts::Command::Import(args)) => contacts::import(&args, config),
        Command::Twilio(twilio::Command::Check(args)) => twilio::check(&args, config),
        Command::Twilio(twilio::Command::Verify(args)) => twilio::verify(&args, config),
    };
    match result {
        Ok(Status::Fine) => ExitCode::SUCCESS,
        Ok(Status::Problems) => ExitCode::from(1),
        Ok(Status::NotAll) => ExitCode::from(2),
        Err(error) => {
            match error {
                Error::Settings(settings) => settings.problems.iter().for_each(|problem| output::error(&problem.to_string())),
                error => output::error(&error.to_string()),
            }
            ExitCode::from(2)
        }
    }
}
