//! `bridged contacts import FILE.csv`: people from a table into the running daemon.
//!
//! The first line names the fields. The daemon takes 50 rows at a time, whole or not at all; where it refuses, the rows are sent one
//! by one, so that only those that are wrong stay out, each told with its line and the reason.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, IsTerminal as _};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::daemon::Daemon;
use super::output::{self, Format, count, print, talk};
use super::workspaces::env;
use super::{Error, Result, Status};
use crate::config::Language;
use crate::http::given;
use crate::http::problem::UNKNOWN_FIELD;
use crate::http::table;
use crate::model::{Contact, Time};
use crate::playbook::Workspace;

/// What the API takes at once.
const BATCH: usize = 50;
/// A larger file is more than a daemon's contacts.
const MAX_BYTES: u64 = 100 * 1024 * 1024;
/// More rows than this are more than a sender can text in a month.
const MAX_ROWS: usize = 1_000_000;
/// Said of what a spreadsheet saved in the letters of one country.
const NOT_UTF8: &str = "is not UTF-8 text; save the table as `CSV UTF-8`";
/// The commands.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Read contacts from a CSV file
    Import(ImportArgs),
    /// Print all contacts as CSV, which `import` takes again
    Export,
    /// Erase a contact with all that was said
    Erase(super::export::EraseArgs),
}

/// `bridged contacts import`
#[derive(Debug, clap::Args)]
pub(super) struct ImportArgs {
    /// A CSV file whose first line names the fields; `phone` must be one. `tags`, `lists` and `consent` are parted by `;`
    file: PathBuf,
    /// Where the consent of all rows comes from, if no column says it
    #[arg(long, value_name = "TEXT")]
    consent_source: Option<String>,
    /// text, or json
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// A contact of the table.
struct Row {
    /// Its line in the file.
    line: u64,
    /// As the API takes it.
    contact: Value,
}

/// A row that stays out.
struct Wrong {
    /// Its line in the file.
    line: u64,
    /// In words that say what to do.
    why: String,
}

/// Imports.
pub(super) fn import(args: &ImportArgs, config: Option<&Path>) -> Result {
    let unusable = |why| Error::File { file: args.file.display().to_string(), why };
    let file = File::open(&args.file).map_err(unusable)?;
    let bytes = file.metadata().map_err(unusable)?.len();
    if bytes > MAX_BYTES {
        return Err(Error::Other(format!("`{}` has more than 100 MiB; split it", args.file.display())));
    }
    let mut file = BufReader::new(file);
    let lag = lag(&mut file).map_err(unusable)?;
    let line_of = |at: Option<&csv::Position>| at.map_or(0, |at| at.line() + lag);
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(file);
    let columns = table::columns(reader.headers().map_err(|why| unreadable(&args.file, &why))?).map_err(Error::Other)?;
    let (daemon, source) = Daemon::of(config)?;
    let workspace = Language::read(&source, env())?.workspace;
    let bar = progress(bytes);
    // Everything is read as it is sent, so a large file needs no more memory than a small one.
    let (mut imported, mut wrong, mut batch) = (0, Vec::new(), Vec::new());
    for (number, record) in reader.records().enumerate() {
        if number == MAX_ROWS {
            return Err(Error::Other(format!(
                "`{}` has more than 1,000,000 rows; the first of them were imported, split off the rest",
                args.file.display()
            )));
        }
        let record = match record {
            Ok(record) => record,
            Err(why) => {
                let csv::ErrorKind::Utf8 { pos, .. } = why.kind() else { return Err(unreadable(&args.file, &why)) };
                wrong.push(Wrong { line: line_of(pos.as_ref()), why: NOT_UTF8.to_owned() });
                continue;
            }
        };
        let at = record.position();
        let line = line_of(at);
        bar.set_position(at.map_or(0, csv::Position::byte));
        match table::contact(&columns, &record, &workspace, args.consent_source.as_deref()) {
            Ok(contact) => batch.push(Row { line, contact }),
            Err(why) => wrong.push(Wrong { line, why }),
        }
        if batch.len() == BATCH {
            imported += put(&daemon, std::mem::take(&mut batch), &mut wrong)?;
        }
    }
    imported += put(&daemon, batch, &mut wrong)?;
    bar.finish_and_clear();
    // What the daemon refuses comes later than what is wrong by itself.
    wrong.sort_by_key(|row| row.line);
    report(args, imported, &wrong);
    Ok(Status::fine_if(wrong.is_empty()))
}

/// A table read without a daemon: rows as contacts.
pub(super) struct Table {
    columns: Vec<String>,
    records: csv::StringRecordsIntoIter<BufReader<File>>,
    /// The file as shown, for sentences about its rows.
    shown: String,
}

impl Table {
    /// Reads the first line.
    pub(super) fn open(file: &Path, reader: BufReader<File>) -> Result<Table> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(reader);
        let columns = table::columns(reader.headers().map_err(|why| unreadable(file, &why))?).map_err(Error::Other)?;
        Ok(Table { columns, records: reader.into_records(), shown: file.display().to_string() })
    }

    /// The next row, or a sentence on why it is none.
    pub(super) fn next(&mut self, workspace: &Workspace) -> Option<std::result::Result<Contact, String>> {
        let record = match self.records.next()? {
            Ok(record) => record,
            Err(why) => return Some(Err(format!("{}: {why}", self.shown))),
        };
        let line = record.position().map_or(0, csv::Position::line);
        let read = table::contact(&self.columns, &record, workspace, None).and_then(|row| person(&row));
        Some(read.map_err(|why| format!("{}:{line}: {why}", self.shown)))
    }
}

/// A row as the store would have it.
fn person(row: &Value) -> std::result::Result<Contact, String> {
    let phone = row["phone"].as_str().and_then(given::phone).ok_or_else(|| format!("`phone` {}", given::PHONE))?;
    let mut contact = Contact::new(phone, Time(0));
    let words = |key: &str| row[key].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    (contact.tags, contact.lists, contact.consent) = (words("tags"), words("lists"), words("consent"));
    contact.opted_out = row["opted_out"] == true;
    for (name, value) in row.as_object().into_iter().flatten() {
        if !table::LISTS.contains(&name.as_str()) && !["phone", "opted_out", "consent_source"].contains(&name.as_str()) {
            contact.set(name, value.clone());
        }
    }
    Ok(contact)
}

/// A file that is no table.
fn unreadable(file: &Path, why: &csv::Error) -> Error {
    Error::Other(format!("`{}` can't be read as CSV: {why}", file.display()))
}

/// Lines by which the CSV reader is behind: where lines end as on Windows, it takes the `\n` to be the beginning of the next row.
fn lag(file: &mut BufReader<File>) -> io::Result<u64> {
    let begin = file.fill_buf()?;
    let first_line = begin.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(u64::from(first_line.len() < begin.len() && first_line.ends_with(b"\r")))
}

/// Sends rows; answers how many were taken, and notes the others.
fn put(daemon: &Daemon, rows: Vec<Row>, wrong: &mut Vec<Wrong>) -> Result<usize> {
    if rows.is_empty() {
        return Ok(0);
    }
    let list = Value::Array(rows.iter().map(|row| row.contact.clone()).collect());
    let answer = daemon.send(Method::PUT, "/v1/contacts", &list)?;
    // A column that nobody knows is wrong in every row.
    if answer.body["code"] == UNKNOWN_FIELD.code {
        return Err(Error::Other(without_place(answer.problem())));
    }
    if answer.status != StatusCode::UNPROCESSABLE_ENTITY {
        answer.good()?;
        return Ok(rows.len());
    }
    let mut taken = 0;
    for row in rows {
        let answer = daemon.send(Method::PUT, "/v1/contacts", &row.contact)?;
        if answer.status == StatusCode::UNPROCESSABLE_ENTITY {
            wrong.push(Wrong { line: row.line, why: answer.problem() });
        } else {
            answer.good()?;
            taken += 1;
        }
    }
    Ok(taken)
}

/// A sentence about `[3].name` as one about `name`: the place in our list means nothing to whoever wrote the table.
fn without_place(sentence: String) -> String {
    let parts = sentence.split_once("`[").and_then(|(before, rest)| Some((before, rest.split_once("].")?.1)));
    parts.map_or(sentence.clone(), |(before, name)| format!("{before}`{name}"))
}

/// A bar on a terminal; nothing where nobody watches.
fn progress(bytes: u64) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(bytes), target);
    match ProgressStyle::with_template("importing {wide_bar} {percent}%  {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Says how it went: rows that stay out are talk, so that the count stays data.
fn report(args: &ImportArgs, imported: usize, wrong: &[Wrong]) {
    for Wrong { line, why } in wrong {
        talk(&format!("{}:{line}: {why}", args.file.display()));
    }
    match args.format {
        Format::Json => {
            let rows: Vec<Value> = wrong.iter().map(|row| json!({ "line": row.line, "why": row.why })).collect();
            output::print_json(&json!({ "imported": imported, "left_out": rows }));
        }
        Format::Text => {
            let left_out = if wrong.is_empty() { String::new() } else { format!(", {} left out", count(wrong.len(), "row")) };
            print(&format!("{} imported{left_out}\n", count(imported, "contact")));
        }
    }
}
