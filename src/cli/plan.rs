//! `bridged plan PLAYBOOK`: what a broadcast would come to. The running daemon is asked about its contacts; with `--contacts` a table is
//! looked at instead, alone.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use reqwest::Method;
use serde_json::json;

use super::contacts::Table;
use super::daemon::Daemon;
use super::output::{self, Format, count, error, print, talk, warning};
use super::telling::piece;
use super::workspaces::{Found, find_playbook};
use super::{Error, Result, Status};
use crate::engine::{Person, State};
use crate::model::{Audience, Time};
use crate::playbook::compile_audience;
use crate::work::plan::{Outlook, PIECE, Viewpoint};

/// Pieces looked at together by each hand, so that hands seldom wait for the reader.
const PIECES_A_HAND: usize = 8;

/// `bridged plan`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Its name
    playbook: String,
    /// Look at this table instead of the daemon's contacts; as for `contacts import`
    #[arg(long, value_name = "FILE.csv")]
    contacts: Option<PathBuf>,
    /// When it would begin, like `2026-05-01T10:00:00-05:00`; now by default
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Refuse, with exit code 1, what may cost more; `prices.max_cost` by default
    #[arg(long, value_name = "AMOUNT")]
    max_cost: Option<f64>,
    /// text, or json
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Plans.
pub(super) fn run(args: &Args, config: Option<&Path>) -> Result {
    let at = args.at.unwrap_or_else(Timestamp::now);
    let (outlook, max_cost) = match &args.contacts {
        Some(file) => match alone(args, file, at.into(), config)? {
            Some(found) => found,
            None => return Ok(Status::Problems),
        },
        None => {
            let (daemon, _) = Daemon::of(config)?;
            let body = json!({ "at": Time::from(at).rfc3339() });
            let answer = daemon.send_patiently(Method::POST, &format!("/v1/playbooks/{}/plan", piece(&args.playbook)), &body)?.good()?;
            let max_cost = answer["max_cost"].as_f64();
            let outlook = serde_json::from_value(answer).map_err(|why| Error::Other(format!("the daemon's answer can't be read: {why}")))?;
            (outlook, max_cost)
        }
    };
    match args.format {
        Format::Json => output::print_json(&outlook),
        Format::Text => print(&said(&outlook)),
    }
    if let Some(slow) = &outlook.slow {
        warning("slow-broadcast", &format!("{slow}; use a faster sender or several numbers, or widen the window"));
    }
    let too_dear = args.max_cost.or(max_cost).and_then(|max| outlook.too_dear(max));
    if let Some(why) = &too_dear {
        error(why);
    }
    Ok(Status::fine_if(too_dear.is_none()))
}

/// Looks at a table, with nobody asked. None: the playbooks have faults, which have been told.
fn alone(args: &Args, file: &Path, at: Time, config: Option<&Path>) -> Result<Option<(Outlook, Option<f64>)>> {
    let Some(Found { plans, plan, .. }) = find_playbook(&args.playbook, config)? else { return Ok(None) };
    // A table is an audience of its own where the playbook has none.
    let written = plan.audience.as_ref().map_or_else(Audience::default, |audience| audience.written.clone());
    let audience = compile_audience(&written).map_err(Error::Other)?;
    let max_cost = plans.workspace.prices.max_cost;
    let workspace = plans.workspace.clone();
    let view = Viewpoint { plans: Arc::new(plans), plan, audience: Arc::new(audience), at };
    let unusable = |why| Error::File { file: file.display().to_string(), why };
    let mut table = Table::open(file, BufReader::new(File::open(file).map_err(unusable)?))?;
    let hands = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (mut pieces, mut number) = (Vec::new(), 0);
    loop {
        let mut people = Vec::new();
        while people.len() < hands * PIECES_A_HAND * PIECE {
            match table.next(&workspace) {
                Some(Ok(mut contact)) => {
                    number += 1;
                    contact.number = number;
                    contact.created_at = at;
                    people.push(Person { contact, state: State::default() });
                }
                Some(Err(why)) => talk(&why),
                None => break,
            }
        }
        if people.is_empty() {
            break;
        }
        let share = people.len().div_ceil(hands);
        let mut shares: Vec<Vec<Person>> = Vec::new();
        while !people.is_empty() {
            let rest = people.split_off(share.min(people.len()));
            shares.push(std::mem::replace(&mut people, rest));
        }
        std::thread::scope(|scope| {
            let looking: Vec<_> = shares.into_iter().map(|share| scope.spawn(|| view.look(share.into_iter()))).collect();
            pieces.extend(looking.into_iter().filter_map(|hand| hand.join().ok()));
        });
    }
    Ok(Some((view.sum(pieces), max_cost)))
}

/// For people.
fn said(outlook: &Outlook) -> String {
    let Outlook { playbook, contacts, outside, recipients, texts, .. } = outlook;
    let mut said = format!("{playbook}: {recipients} of {contacts} contacts would get {texts} texts\n");
    if *outside > 0 {
        said.push_str(&format!("  not in the audience  {outside}\n"));
    }
    for (reason, number) in &outlook.skipped {
        said.push_str(&format!("  skipped, {reason:11} {number}\n"));
    }
    for (encoding, number) in &outlook.segments {
        said.push_str(&format!("  {encoding:20} {}\n", count(usize::try_from(*number).unwrap_or(usize::MAX), "segment")));
    }
    if outlook.price_high > 0.0 {
        said.push_str(&format!("  price                {:.2} to {:.2} {}\n", outlook.price_low, outlook.price_high, outlook.currency));
    }
    if outlook.unpriced > 0 {
        said.push_str(&format!("  without a price      {} (see `prices` in the settings)\n", outlook.unpriced));
    }
    if let Some(begins) = &outlook.begins_at {
        said.push_str(&format!("  first text           {begins}\n"));
    }
    match &outlook.finishes_at {
        Some(finishes) => said.push_str(&format!("  last text            {finishes} ({} of sending)\n", hours(outlook.sending_seconds))),
        None if *recipients > 0 => said.push_str("  last text            further off than anybody plans\n"),
        None => {}
    }
    said
}

/// `11 h 6 min`, `40 s`.
fn hours(seconds: f64) -> String {
    let whole = seconds.ceil() as u64;
    match (whole / 3600, whole / 60 % 60) {
        (0, 0) => format!("{whole} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}
