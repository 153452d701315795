//! Contacts out of a CSV file: looked at first, then taken in while people watch.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::contacts::known_fields;
use super::trouble::Page;
use super::{Console, live, view};
use crate::http::given::Object;
use crate::http::private::contacts::ContactGiven;
use crate::http::problem::{Answer, Problem, UNKNOWN_FIELD};
use crate::http::table;
use crate::model::Patch;
use crate::playbook::PlanSet;
use crate::store::Shared;

/// Rows written at once, as by the API.
const BATCH: usize = 50;

/// Rows of the preview, and faults that are listed.
const SHOWN: usize = 8;
/// See `SHOWN`.
const FAULTS: usize = 50;

/// Bytes of a form with a table in it that the private side takes, for the page to say.
const MAX_KB: u64 = 1_000;

/// Where consent comes from, if nothing else is said.
const SOURCE: &str = "console import";

/// The newest import; one at a time.
#[derive(Default)]
pub struct Imports(Mutex<Option<Arc<Import>>>);

/// A table that was looked at.
pub struct Import {
    /// Its name in addresses: a new one each time.
    id: String,
    /// The first line.
    columns: Vec<String>,
    /// The first rows, as they stand in the file.
    sample: Vec<Vec<String>>,
    /// Rows that can be taken in.
    patches: Vec<Patch>,
    /// Rows that can't, by line, with the reason.
    wrong: Vec<(u64, String)>,
    /// How far it is: rows taken in; none: it has not been started.
    done: AtomicU64,
    /// `LOOKED_AT` and so on.
    state: AtomicU64,
    /// Why it stopped.
    failed: Mutex<Option<String>>,
}

/// States of an import, in order.
const LOOKED_AT: u64 = 0;
/// See `LOOKED_AT`.
const RUNNING: u64 = 1;
/// See `LOOKED_AT`.
const OVER: u64 = 2;

impl Imports {
    fn keep(&self, import: Arc<Import>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(import);
    }

    fn find(&self, id: &str) -> Answer<Arc<Import>> {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone().filter(|import| import.id == id);
        found.ok_or_else(|| Problem::not_found("import of this name any more; begin again with the file"))
    }
}

/// Reads a table; else what is wrong with all of it.
fn read(csv: &str, source: &str, plans: &PlanSet, id: String) -> Result<Import, String> {
    // With Windows' line ends the reader's count of lines would lag behind.
    let text = csv.replace("\r\n", "\n");
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let columns = table::columns(reader.headers().map_err(|error| error.to_string())?)?;
    let (mut sample, mut patches, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        if sample.len() < SHOWN {
            sample.push(record.iter().map(str::to_owned).collect());
        }
        let given = table::contact(&columns, &record, &plans.workspace, Some(source));
        match given.map(|given| Object::new(given, String::new()).and_then(|object| ContactGiven::read(object, plans))) {
            Ok(Ok(contact)) => patches.push(contact.0),
            // A column that nobody knows is wrong in every row.
            Ok(Err(problem)) if problem.kind() == &UNKNOWN_FIELD => return Err(problem.detail().to_owned()),
            Ok(Err(problem)) => wrong.push((line, problem.detail().to_owned())),
            Err(why) => wrong.push((line, why)),
        }
    }
    if patches.is_empty() && wrong.is_empty() {
        return Err("there is no row below the first line".to_owned());
    }
    Ok(Import { id, columns, sample, patches, wrong, done: AtomicU64::new(0), state: AtomicU64::new(LOOKED_AT), failed: Mutex::default() })
}

impl Import {
    /// Takes the rows in.
    async fn run(&self, store: &Shared, watched: &[String]) {
        for batch in self.patches.chunks(BATCH) {
            if let Err(error) = store.put_contacts(batch.to_vec(), watched).await {
                *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                break;
            }
            self.done.fetch_add(batch.len() as u64, Ordering::Relaxed);
        }
        self.state.store(OVER, Ordering::Relaxed);
    }

    fn shown(&self) -> Value {
        let state = self.state.load(Ordering::Relaxed);
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        json!({
            "id": self.id, "columns": self.columns, "sample": self.sample, "good": self.patches.len(),
            "wrong": self.wrong.iter().take(FAULTS).collect::<Vec<_>>(), "wrong_total": self.wrong.len(),
            "done": self.done.load(Ordering::Relaxed), "is_running": state == RUNNING, "is_over": state == OVER, "failed": failed,
        })
    }
}

/// `GET /contacts/import`.
pub async fn new(State(console): State<Arc<Console>>) -> Page {
    ask(&console, "", "", "").await
}

async fn ask(console: &Console, csv: &str, source: &str, wrong: &str) -> Page {
    let fields = known_fields(&console.doors.plans.now());
    let context = json!({ "csv": csv, "source": source, "wrong": wrong, "fields": fields, "default": SOURCE, "max_kb": MAX_KB });
    Ok(console.page("import_new.html", "/contacts", "Import contacts", context).await?)
}

/// `POST /contacts/import`: looks at a table.
pub async fn look(State(console): State<Arc<Console>>, body: Bytes) -> Page {
    let csv = view::field(&body, "csv").unwrap_or_default();
    let source = view::field(&body, "consent_source");
    let plans = console.doors.plans.now();
    let id = format!("{:x}", console.doors.store.now().0);
    match read(&csv, source.as_deref().unwrap_or(SOURCE), &plans, id) {
        Ok(import) => {
            let address = format!("/contacts/import/{}", import.id);
            console.imports.keep(Arc::new(import));
            Ok(view::to(&address))
        }
        Err(why) => ask(&console, &csv, source.as_deref().unwrap_or_default(), &why).await,
    }
}

/// `GET /contacts/import/{id}`.
pub async fn page(State(console): State<Arc<Console>>, Path(id): Path<String>) -> Page {
    let import = console.imports.find(&id)?;
    Ok(console.page("import.html", "/contacts", "Import contacts", json!({ "import": import.shown() })).await?)
}

/// `GET /contacts/import/{id}/live`.
pub async fn live(State(console): State<Arc<Console>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    live::stream(&console, &headers, move |console| {
        let id = id.clone();
        async move {
            let import = console.imports.find(&id)?;
            Ok(vec![("import".to_owned(), view::fill("import_body.html", json!({ "import": import.shown() }))?)])
        }
    })
}

/// `POST /contacts/import/{id}`: takes the rows in. A second click changes nothing.
pub async fn run(State(console): State<Arc<Console>>, Path(id): Path<String>) -> Page {
    let import = console.imports.find(&id)?;
    if import.state.compare_exchange(LOOKED_AT, RUNNING, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
        let watched: Vec<String> = console.doors.plans.now().watched_tags.iter().cloned().collect();
        let (store, running) = (console.doors.store.clone(), import.clone());
        tokio::spawn(async move { running.run(&store, &watched).await });
        console.note("imported contacts", &format!("{} rows", import.patches.len())).await;
    }
    Ok(view::to(&format!("/contacts/import/{id}")))
}
