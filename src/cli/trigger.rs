//! `bridged trigger EVENT --to PHONE`: an API event, posted to the running daemon.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use super::daemon::Daemon;
use super::output::{self, Format, print};
use super::{Error, Result, Status};

/// `bridged trigger`
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Name of the event, as in `triggers`
    event: String,
    /// The contact, like +15125550100
    #[arg(long, value_name = "PHONE")]
    to: String,
    /// Its data, as JSON or YAML (`order_id: 77`): what playbooks see as `event`
    #[arg(long, value_name = "JSON")]
    data: Option<String>,
    /// Tells conversations of one contact apart: `event.key`
    #[arg(long)]
    key: Option<String>,
    /// Makes a repeat harmless
    #[arg(long)]
    id: Option<String>,
    /// text, or json
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Posts it.
pub(super) fn run(args: &Args, config: Option<&Path>) -> Result {
    let data = args.data.as_deref().map_or(Ok(json!({})), read)?;
    let mut event = json!({ "event": args.event, "contact": { "phone": args.to }, "data": data });
    for (name, value) in [("key", &args.key), ("id", &args.id)] {
        if let Some(value) = value {
            event[name] = json!(value);
        }
    }
    let (daemon, _) = Daemon::of(config)?;
    let answer = daemon.send(Method::POST, "/v1/events", &event)?.good()?;
    match args.format {
        Format::Json => output::print_json(&answer),
        Format::Text if answer["duplicates"] == 1 => print("the daemon had this event already\n"),
        Format::Text => print("the daemon has the event\n"),
    }
    Ok(Status::Fine)
}

/// Data as typed in a shell. JSON first, so that what a program wrote is taken exactly as it meant it.
fn read(text: &str) -> std::result::Result<Value, Error> {
    let data = serde_json::from_str(text).or_else(|_| serde_yaml::from_str::<Value>(text).map_err(|why| why.to_string()));
    match data {
        Ok(data) if data.is_object() => Ok(data),
        Ok(_) => Err(Error::Other("`--data` must be a map, like `{\"order_id\": 77}` or `order_id: 77`".to_owned())),
        Err(why) => Err(Error::Other(format!("`--data` can't be read as JSON or YAML: {}", why.lines().next().unwrap_or_default()))),
    }
}
