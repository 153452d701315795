//! `bridged twilio`: does the set-up at Twilio work, and is a signature Twilio's.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::output::{self, Colour, Format, coloured, print};
use super::workspaces::{env, here, installed};
use super::{Error, Result, Status};
use crate::config::{Account, Source};
use crate::twilio::check::{self as report, Level, Sender};
use crate::twilio::{Client, Origin, signature};

/// The commands.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Test the connection and every sender
    Check(CheckArgs),
    /// Check the signature of a webhook, offline
    Verify(VerifyArgs),
}

/// `bridged twilio check`
#[derive(Debug, clap::Args)]
pub(super) struct CheckArgs {
    /// text, or json
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// `bridged twilio verify`
#[derive(Debug, clap::Args)]
pub(super) struct VerifyArgs {
    /// The whole address as configured at Twilio
    #[arg(long)]
    url: String,
    /// The auth token; the settings' by default, which keeps it out of the list of processes
    #[arg(long)]
    token: Option<String>,
    /// The `X-Twilio-Signature` header
    #[arg(long)]
    signature: String,
    /// The form as it came
    #[arg(long, value_name = "FILE", conflicts_with = "body")]
    form: Option<PathBuf>,
    /// The JSON as it came
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// text, or json
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The account of the settings.
fn account(config: Option<&Path>) -> Result<Account> {
    let source = match installed(config)? {
        Some(source) => source,
        None => Source::empty(&here()?),
    };
    Ok(Account::read(&source, env())?)
}

/// Tests the connection.
pub(super) fn check(args: &CheckArgs, config: Option<&Path>) -> Result {
    let account = account(config)?;
    let client = Client::new(account.twilio.client())?;
    let senders: Vec<Sender> = account
        .senders
        .iter()
        .flat_map(|sender| {
            let numbers = sender.numbers.iter().map(|number| Origin::Number(number.0.clone()));
            let origins = numbers.chain(sender.service.clone().map(Origin::Service));
            origins.map(|from| Sender { name: sender.name.clone(), from })
        })
        .collect();
    let runtime = super::serve::runtime(tokio::runtime::Builder::new_current_thread())?;
    let findings = runtime.block_on(report::check(&client, &account.public_url, &senders));
    let word = |level: Level| match level {
        Level::Ok => ("ok", Colour::Green),
        Level::Warn => ("warn", Colour::Yellow),
        Level::Fail => ("FAIL", Colour::Red),
    };
    match args.format {
        Format::Json => {
            let list: Vec<_> =
                findings.iter().map(|finding| json!({ "level": word(finding.level).0.to_lowercase(), "text": finding.text })).collect();
            output::print_json(&list);
        }
        Format::Text => {
            for finding in &findings {
                let (word, colour) = word(finding.level);
                print(&format!("{}  {}\n", coloured(&format!("{word:<4}"), colour), finding.text));
            }
        }
    }
    Ok(Status::fine_if(!findings.iter().any(|finding| finding.level == Level::Fail)))
}

/// Checks a signature.
pub(super) fn verify(args: &VerifyArgs, config: Option<&Path>) -> Result {
    let tokens = match &args.token {
        Some(token) => vec![token.clone()],
        None => account(config)?.twilio.tokens(),
    };
    let read = |file: &PathBuf| std::fs::read(file).map_err(|why| Error::File { file: file.display().to_string(), why });
    let (content_type, body) = match (&args.form, &args.body) {
        (Some(file), _) => (Some("application/x-www-form-urlencoded"), without_line_end(read(file)?)),
        (None, Some(file)) => (Some("application/json"), read(file)?),
        (None, None) => (None, Vec::new()),
    };
    let verdict = signature::verify_url(&args.url, &tokens, content_type, &body, &[&args.signature]);
    let why = verdict.err().map(|forged| forged.to_string());
    match args.format {
        Format::Json => output::print_json(&json!({ "valid": why.is_none(), "why": why })),
        Format::Text => print(&why.as_ref().map_or_else(|| "the signature is Twilio's\n".to_owned(), |why| format!("not Twilio's: {why}\n"))),
    }
    Ok(Status::fine_if(why.is_none()))
}

/// Editors end a file with a line break, which a form never holds.
fn without_line_end(mut form: Vec<u8>) -> Vec<u8> {
    while form.last().is_some_and(|last| matches!(last, b'\n' | b'\r')) {
        form.pop();
    }
    form
}
