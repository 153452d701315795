//! `bridged contacts export` and `erase`: people out of the running daemon, as a table that `import` takes, or for good.

use std::path::Path;

use reqwest::Method;
use serde_json::Value;

use super::daemon::Daemon;
use super::output::{self, Format, print};
use super::telling::piece;
use super::workspaces::env;
use super::{Error, Result, Status};
use crate::config::Language;
use crate::http::table::{BETWEEN, LISTS};
use crate::model::contact::TEXT_FIELDS;

/// Rows of a page: as many as the API gives at once.
const PAGE: usize = 500;

/// Columns that `import` does not take: the daemon keeps them itself.
const KEPT: [&str; 4] = ["id", "created_at", "last_inbound_at", "last_outbound_at"];

/// `bridged contacts erase`
#[derive(Debug, clap::Args)]
pub(super) struct EraseArgs {
    /// The contact, like +15125550100
    phone: String,
    /// text, or json
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Prints all contacts as CSV, oldest first. Columns are the built-in fields, then own ones as settings and the first page name them.
pub(super) fn export(config: Option<&Path>) -> Result {
    let (daemon, source) = Daemon::of(config)?;
    let workspace = Language::read(&source, env())?.workspace;
    let mut columns: Vec<String> =
        ["phone"].iter().chain(&TEXT_FIELDS).chain(&["tags", "lists", "consent", "opted_out"]).map(|name| (*name).to_owned()).collect();
    columns.extend(workspace.contact_fields.keys().cloned());
    let mut cursor = String::new();
    let mut begun = false;
    loop {
        let page = daemon.send(Method::GET, &format!("/v1/contacts?limit={PAGE}{cursor}"), &Value::Null)?.good()?;
        let items = page["items"].as_array().cloned().unwrap_or_default();
        if !begun {
            // The daemon shows every field that its playbooks know, filled or not.
            let more = items.iter().filter_map(Value::as_object).flatten().map(|(name, _)| name);
            for name in more.filter(|name| !KEPT.contains(&name.as_str())) {
                if !columns.contains(name) {
                    columns.push(name.clone());
                }
            }
        }
        let mut table = csv::Writer::from_writer(Vec::new());
        let written = |why: csv::Error| Error::Other(format!("the table can't be written: {why}"));
        if !begun {
            table.write_record(&columns).map_err(written)?;
            begun = true;
        }
        for contact in &items {
            table.write_record(columns.iter().map(|name| cell(name, &contact[name.as_str()]))).map_err(written)?;
        }
        let bytes = table.into_inner().map_err(|why| Error::Other(format!("the table can't be written: {why}")))?;
        print(&String::from_utf8_lossy(&bytes));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(Status::Fine),
        }
    }
}

/// A value as `import` reads it back. An empty cell says nothing.
fn cell(name: &str, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(words) if LISTS.contains(&name) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(&BETWEEN.to_string()),
        // Nobody opts in by a table: only who is out is said to be.
        Value::Bool(false) if name == "opted_out" => String::new(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        other => other.to_string(),
    }
}

/// Erases a contact.
pub(super) fn erase(args: &EraseArgs, config: Option<&Path>) -> Result {
    let (daemon, _) = Daemon::of(config)?;
    daemon.send(Method::DELETE, &format!("/v1/contacts/{}", piece(&args.phone)), &Value::Null)?.good()?;
    match args.format {
        Format::Json => output::print_json(&serde_json::json!({ "erased": args.phone })),
        Format::Text => print("erased; the number stays opted out if it was\n"),
    }
    Ok(Status::Fine)
}
