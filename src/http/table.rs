//! Contacts as a table: rows of a CSV file become what `PUT /v1/contacts` takes, for `bridged contacts import` and for the console.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::playbook::Workspace;
use crate::playbook::workspace::FieldKind;
use crate::text::parse_when;

/// More columns than this are another table.
const MAX_COLUMNS: usize = 100;
/// Columns whose cells hold several words.
pub const LISTS: [&str; 4] = ["tags", "untag", "lists", "consent"];
/// What parts the words of such a cell.
pub const BETWEEN: char = ';';

/// The names of the first line, checked.
pub fn columns(header: &csv::StringRecord) -> Result<Vec<String>, String> {
    // Spreadsheets put an invisible mark before the first name, and people a capital; fields have none.
    let names: Vec<String> = header.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_ascii_lowercase()).collect();
    let mut seen = HashSet::new();
    let problem = if names.len() > MAX_COLUMNS {
        format!("a table of contacts has {MAX_COLUMNS} columns at most, this has {}", names.len())
    } else if let Some(twice) = names.iter().find(|name| !seen.insert(name.as_str())) {
        format!("two columns are named `{twice}`")
    } else if let [one] = names.as_slice()
        && let Some(mark) = one.chars().find(|mark| [';', '\t'].contains(mark))
    {
        format!("the columns must be parted by commas, and here it is {}", if mark == ';' { "`;`" } else { "tabs" })
    } else if !seen.contains("phone") {
        "the first line must name the columns, and `phone` must be one".to_owned()
    } else {
        return Ok(names);
    };
    Err(problem)
}

/// A row as the API takes it. Empty cells say nothing, so what is stored stays.
pub fn contact(columns: &[String], record: &csv::StringRecord, workspace: &Workspace, source: Option<&str>) -> Result<Value, String> {
    if record.len() > columns.len() {
        return Err(format!("has {} cells for {} columns", record.len(), columns.len()));
    }
    let mut contact = Map::new();
    for (name, cell) in columns.iter().zip(record).filter(|(_, cell)| !cell.is_empty()) {
        contact.insert(name.clone(), value(name, cell, workspace)?);
    }
    if !contact.contains_key("phone") {
        return Err("has no `phone`".to_owned());
    }
    if let Some(source) = source
        && contact.contains_key("consent")
    {
        contact.entry("consent_source").or_insert_with(|| json!(source));
    }
    Ok(Value::Object(contact))
}

/// A cell as a value of its field.
fn value(name: &str, cell: &str, workspace: &Workspace) -> Result<Value, String> {
    if LISTS.contains(&name) {
        return Ok(cell.split(BETWEEN).map(str::trim).filter(|word| !word.is_empty()).collect());
    }
    let kind = if name == "opted_out" { Some(&FieldKind::YesNo) } else { workspace.contact_fields.get(name) };
    let (value, expected) = match kind {
        Some(FieldKind::YesNo) => (yes_no(cell).map(Value::Bool), "yes or no"),
        // The text as it stands, if JSON too takes it for a number.
        Some(FieldKind::Number) => (serde_json::from_str(cell).ok().map(Value::Number), "a number, like 8.5"),
        // The contact's own zone may not be known yet, so a time without an offset is the workspace's.
        Some(FieldKind::Time) => (parse_when(cell, &workspace.timezone).map(|at| json!(at.to_string())), "a time, like 2026-05-01 10:00"),
        Some(FieldKind::Text) | None => (Some(json!(cell)), ""),
    };
    value.ok_or_else(|| format!("`{name}` must be {expected}"))
}

/// As spreadsheets and people write it.
fn yes_no(cell: &str) -> Option<bool> {
    match cell.to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" => Some(true),
        "no" | "false" | "0" => Some(false),
        _ => None,
    }
}
