//! `bridged apply`, `stop`, `resume`: what the running daemon has in force is changed, held, and let go.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use super::daemon::Daemon;
use super::diff::persons;
use super::output::{self, Format, count, print, talk};
use super::{Error, Result, Status};

/// `bridged apply`
#[derive(Debug, clap::Args)]
pub(super) struct ApplyArgs {
    /// text, or json
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// `bridged stop`
#[derive(Debug, clap::Args)]
pub(super) struct StopArgs {
    /// Its name
    playbook: String,
    /// End its conversations too, with outcome `stopped`
    #[arg(long)]
    end: bool,
    /// text, or json
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// `bridged resume`
#[derive(Debug, clap::Args)]
pub(super) struct ResumeArgs {
    /// Its name
    playbook: String,
    /// text, or json
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Loads the daemon's folder of playbooks at once.
pub(super) fn apply(args: &ApplyArgs, config: Option<&Path>) -> Result {
    let (daemon, _) = Daemon::of(config)?;
    let applied = daemon.send(Method::POST, "/v1/apply", &Value::Null)?.good()?;
    let in_force = applied["in_force"] == true;
    let list = |key: &str| applied[key].as_array().cloned().unwrap_or_default();
    match args.format {
        Format::Json => output::print_json(&applied),
        Format::Text => {
            for fault in list("faults") {
                talk(&short(&fault));
            }
            let said: String = list("changes").iter().map(changed).collect();
            print(match (in_force, said.is_empty()) {
                (true, false) => &said,
                (true, true) => "nothing has changed\n",
                (false, _) => "the playbooks have faults; the ones before go on\n",
            });
        }
    }
    Ok(Status::fine_if(in_force))
}

/// A fault as `check --format short` shows it.
fn short(fault: &Value) -> String {
    let text = |key: &str| fault[key].as_str().unwrap_or_default();
    let help = if text("help").is_empty() { String::new() } else { format!(" ({})", text("help")) };
    format!("{}:{}:{}: {}[{}]: {}{help}", text("file"), fault["line"], fault["column"], text("level"), text("code"), text("message"))
}

/// What became of one playbook.
fn changed(change: &Value) -> String {
    let number = |key: &str| change[key].as_u64().unwrap_or(0);
    let (moving, staying) = (number("moving"), number("staying"));
    let mut people = Vec::new();
    if moving > 0 {
        people.push(format!("{} to the new version", persons(moving)));
    }
    if staying > 0 {
        people.push(format!("{} staying in the one they began in", persons(staying)));
    }
    let people = if people.is_empty() { String::new() } else { format!("; {}", people.join(", ")) };
    format!("{}: {}{people}\n", change["playbook"].as_str().unwrap_or_default(), change["what"].as_str().unwrap_or_default())
}

/// Holds a playbook.
pub(super) fn stop(args: &StopArgs, config: Option<&Path>) -> Result {
    let playbook = order(config, &args.playbook, "stop", &json!({ "end": args.end }))?;
    let live = playbook["live"].as_u64().and_then(|live| usize::try_from(live).ok()).unwrap_or(0);
    match args.format {
        Format::Json => output::print_json(&playbook),
        Format::Text if args.end => print(&format!("`{}` is stopped; ending: {}\n", args.playbook, count(live, "conversation"))),
        Format::Text => print(&format!(
            "`{name}` is stopped: nothing of it starts or leaves until `bridged resume {name}`; {} in it\n",
            count(live, "conversation"),
            name = args.playbook
        )),
    }
    Ok(Status::Fine)
}

/// Lets it go on.
pub(super) fn resume(args: &ResumeArgs, config: Option<&Path>) -> Result {
    let playbook = order(config, &args.playbook, "resume", &json!({}))?;
    match args.format {
        Format::Json => output::print_json(&playbook),
        Format::Text => print(&format!("`{}` goes on\n", args.playbook)),
    }
    Ok(Status::Fine)
}

fn order(config: Option<&Path>, playbook: &str, order: &str, body: &Value) -> Result<Value> {
    // A name that can't be one would be another address.
    if !playbook.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
        return Err(Error::Other(format!("`{playbook}` is not the name of a playbook")));
    }
    let (daemon, _) = Daemon::of(config)?;
    daemon.send(Method::POST, &format!("/v1/playbooks/{playbook}/{order}"), body)?.good()
}
