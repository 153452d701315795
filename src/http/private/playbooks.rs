//! `/v1/playbooks`: which versions there are, who stands where, and what is wrong with their files.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::path::Named;
use crate::http::Doors;
use crate::http::problem::{Answer, Document, Problem};
use crate::http::rows::Page;
use crate::playbook::Fault;

/// A playbook.
#[derive(Serialize, ToSchema)]
pub struct Playbook {
    /// Its name.
    id: String,
    /// Its name.
    pub name: String,
    /// What people read about it.
    pub about: Option<String>,
    /// The version that new conversations take; null if its file is gone.
    version: Option<String>,
    /// Its starts and texts are held.
    pub stopped: bool,
    /// Conversations that are not over, in all versions.
    pub live: u64,
    /// The current version, and older ones that conversations are still in.
    pub versions: Vec<Version>,
    /// What the latest load found wrong with its file.
    faults: Vec<Faulty>,
}

/// A version of a playbook.
#[derive(Serialize, ToSchema)]
pub struct Version {
    /// Named by its content.
    pub version: String,
    /// Whether new conversations take it.
    pub current: bool,
    /// Conversations that are not over.
    live: u64,
    /// How many of them stand at each step; those before the first step with an id stand at the empty name.
    pub steps: BTreeMap<String, u64>,
}

/// Something wrong with a file.
#[derive(Serialize, ToSchema)]
pub struct Faulty {
    /// `bridged explain CODE` tells more.
    code: String,
    /// `error` or `warning`.
    level: String,
    /// The file.
    file: String,
    /// Line, from 1.
    line: usize,
    /// Column, from 1.
    column: usize,
    /// What is wrong.
    message: String,
    /// What to do.
    help: Option<String>,
}

impl From<&Fault> for Faulty {
    fn from(fault: &Fault) -> Faulty {
        Faulty {
            code: fault.code.to_owned(),
            level: fault.level.as_str().to_owned(),
            file: fault.path.to_string(),
            line: fault.span.line,
            column: fault.span.column,
            message: fault.message.clone(),
            help: fault.help.clone(),
        }
    }
}

impl Faulty {
    /// In the form of `bridged check --format short`.
    pub fn line_of_text(&self) -> String {
        let Faulty { code, level, file, line, column, message, help } = self;
        let help = help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{file}:{line}:{column}: {level}[{code}]: {message}{help}")
    }
}

/// All playbooks by name: those in force, and those that only live conversations still know.
pub async fn all(doors: &Doors) -> Answer<Vec<Playbook>> {
    let plans = doors.plans.now();
    let report = doors.plans.loaded();
    let mut found: BTreeMap<String, Playbook> = BTreeMap::new();
    for plan in plans.iter() {
        let faults = report.faults.iter().filter(|fault| *fault.path == *plan.source.path).map(Faulty::from).collect();
        let current = Version { version: plan.hash.0.clone(), current: true, live: 0, steps: BTreeMap::new() };
        let playbook = Playbook {
            id: plan.name.clone(),
            name: plan.name.clone(),
            about: plan.about.clone(),
            version: Some(plan.hash.0.clone()),
            stopped: plans.stopped.contains(&plan.name),
            live: 0,
            versions: vec![current],
            faults,
        };
        found.insert(plan.name.clone(), playbook);
    }
    // Counts are kept as conversations move; nothing is walked here, however many there are.
    for stand in doors.store.live_counts().await? {
        let name = stand.playbook;
        let playbook = found.entry(name.clone()).or_insert_with(|| Playbook {
            id: name.clone(),
            stopped: plans.stopped.contains(&name),
            name,
            about: None,
            version: None,
            live: 0,
            versions: Vec::new(),
            faults: Vec::new(),
        });
        playbook.live += stand.count;
        let at = playbook.versions.iter().position(|version| version.version == stand.version.0);
        let at = at.unwrap_or_else(|| {
            playbook.versions.push(Version { version: stand.version.0.clone(), current: false, live: 0, steps: BTreeMap::new() });
            playbook.versions.len() - 1
        });
        if let Some(version) = playbook.versions.get_mut(at) {
            version.live += stand.count;
            *version.steps.entry(stand.step.unwrap_or_default()).or_default() += stand.count;
        }
    }
    Ok(found.into_values().collect())
}

/// All playbooks.
#[utoipa::path(get, path = "/v1/playbooks", responses((status = 200, body = Page<Playbook>), (status = 401, body = Document)))]
pub async fn list(State(doors): State<Arc<Doors>>) -> Answer<Json<Page<Playbook>>> {
    // A folder has at most 1,000 files: one page.
    Ok(Json(Page::whole(all(&doors).await?)))
}

/// One playbook.
#[utoipa::path(get, path = "/v1/playbooks/{name}", params(("name" = String, Path)),
    responses((status = 200, body = Playbook), (status = 401, body = Document), (status = 404, body = Document)))]
pub async fn read(State(doors): State<Arc<Doors>>, Named(name): Named<String>) -> Answer<Json<Playbook>> {
    find(&doors, &name).await.map(Json)
}

/// The playbook of a name, or that there is none.
pub async fn find(doors: &Doors, name: &str) -> Answer<Playbook> {
    let found = all(doors).await?.into_iter().find(|playbook| playbook.name == name);
    found.ok_or_else(|| Problem::not_found(format_args!("playbook `{name}`; `GET /v1/playbooks` lists them")))
}
