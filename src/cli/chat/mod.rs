//! `bridged chat PLAYBOOK`: play the contact, at virtual time. `talk` does what is typed, `view` shows what comes of it, `why` tells what
//! the engine decided. Over a pipe it is the same without a prompt, so a talk can be a script.

mod talk;
mod view;
mod why;

use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;

use super::output::print;
use super::workspaces::{Found, find_playbook};
use super::{Error, Result, Status};
use crate::engine::script::{Stage, Transcript};
use crate::work::schedules;
use talk::{Chat, Said};

/// `bridged chat`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Its name, or its file
    playbook: String,
    /// The contact's phone; its area code decides the zone unless `--field timezone=…` does
    #[arg(long, value_name = "PHONE", default_value = "+15125550111")]
    phone: String,
    /// The contact's local time at the beginning
    #[arg(long, value_name = "TIME", default_value = "2026-03-03 10:00")]
    now: String,
    /// A field of the contact, like `first_name=Ana`; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = field)]
    field: Vec<(String, String)>,
    /// The contact never agreed to marketing
    #[arg(long)]
    no_consent: bool,
}

fn field(text: &str) -> std::result::Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    pair.map(|(name, value)| (name.to_owned(), value.to_owned())).ok_or_else(|| "write it as `first_name=Ana`".to_owned())
}

/// Talks until `/quit` or the end of the input. Whatever could not be done makes it end with 1.
pub(super) fn run(args: &Args, config: Option<&Path>) -> Result {
    let Some(Found { plans, plan, folder }) = find_playbook(&args.playbook, config)? else { return Ok(Status::Problems) };
    let no_files = |name: &str| Err(format!("`{name}` is not read in a chat"));
    let stage = Stage { plans: &plans, sources: &folder.sources, file: &no_files, next_time: &schedules::next_time };
    let chat = Chat::new(&stage, head(args, &plan.name)).map_err(Error::Other)?;
    Ok(converse(chat))
}

/// The contact, as the head of a test.
fn head(args: &Args, playbook: &str) -> Transcript {
    // As YAML would read them: numbers are numbers.
    let value = |text: &str| text.parse::<i64>().map_or_else(|_| serde_json::Value::from(text), serde_json::Value::from);
    Transcript {
        name: format!("a chat with {playbook}"),
        line: 0,
        playbook: playbook.to_owned(),
        now: args.now.clone(),
        phone: args.phone.clone(),
        fields: args.field.iter().map(|(name, text)| (name.clone(), value(text))).collect(),
        tags: Vec::new(),
        lists: Vec::new(),
        consent: if args.no_consent { Vec::new() } else { vec!["marketing".to_owned()] },
        opted_out: false,
        start: None,
        before: Vec::new(),
        http: Vec::new(),
        variants: Default::default(),
        script: Vec::new(),
        expect: Vec::new(),
    }
}

/// Line by line.
fn converse(mut chat: Chat<'_>) -> Status {
    let (input, output) = (std::io::stdin(), std::io::stdout());
    let is_live = input.is_terminal() && output.is_terminal();
    if is_live {
        print(&chat.welcome());
    }
    let mut status = Status::Fine;
    let mut lines = input.lock().lines();
    loop {
        if is_live {
            print(&chat.prompt());
            // A terminal that is gone ends the input as well.
            let _ = output.lock().flush();
        }
        let Some(Ok(line)) = lines.next() else { break };
        match chat.take(line.trim(), is_live) {
            Ok(Said::Text(text)) => print(&text),
            Ok(Said::Quit) => return status,
            Err(why) => {
                print(&format!("  ! {why}\n"));
                status = Status::Problems;
            }
        }
    }
    if is_live {
        print("\n");
        return Status::Fine;
    }
    status
}
