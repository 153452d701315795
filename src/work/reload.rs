//! Reload: the playbook folder is watched, and comes into force whole or not at all.
//!
//! A change is noticed by looking at names, sizes and times of the files; no service of the operating system is needed, and editors that
//! write in several goes settle before anything is read.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::files::read_sources;
use super::live::{Live, keep_plans};
use super::stopping::{self, tell};
use crate::model::{Actor, ConversationState, Event, Happening, Time};
use crate::playbook::{Fault, Level, Plan, PlanSet, Workspace, compile};
use crate::store::{Post, Shared};

/// How often the folder is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// The folder of playbooks.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Where playbooks stand.
    pub playbooks: PathBuf,
    /// Where message texts stand.
    pub templates: PathBuf,
}

/// Reads and compiles the folder.
pub fn load(folder: &Folder, workspace: &Arc<Workspace>, now: Time) -> Result<(Option<PlanSet>, Vec<Fault>), String> {
    let sources = read_sources(&folder.playbooks, &folder.templates).map_err(|error| error.to_string())?;
    let compiled = compile(&sources, workspace, now.timestamp());
    Ok((compiled.set, compiled.faults))
}

/// Watches the folder until the daemon ends, and puts what changed in force. `known` is how it looked before it was read: a change made while
/// it was being read is a change.
pub async fn watch(folder: Folder, mut known: Stamp, store: Shared, live: Arc<Live>) {
    loop {
        tokio::time::sleep(LOOK).await;
        if let Err(error) = stopping::refresh(&store, &live).await {
            tracing::debug!(%error, "which playbooks are stopped could not be read again");
        }
        let seen = stamp(&folder);
        if seen == known {
            continue;
        }
        // Read only what has come to rest: the same at two looks in a row.
        tokio::time::sleep(LOOK / 4).await;
        if stamp(&folder) != seen {
            continue;
        }
        known = seen;
        // What came of it has been logged, and stands in the report.
        let _ = apply(&folder, &store, &live).await;
    }
}

/// What became of a load.
#[derive(Clone, Debug)]
pub struct Applied {
    /// Whether the folder came into force; else the set before goes on.
    pub in_force: bool,
    /// Playbooks that came, went or changed, by name.
    pub changes: Vec<Changed>,
    /// Everything `bridged check` would say of the folder.
    pub faults: Vec<Fault>,
}

/// A playbook that a load changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// Its name.
    pub playbook: String,
    /// What became of it.
    pub what: Change,
    /// Conversations that go on at their step in the new version.
    pub moving: u64,
    /// Conversations that go on in the version they began in.
    pub staying: u64,
}

/// What became of a playbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was not there before.
    New,
    /// It has a new version.
    Changed,
    /// Its file is gone: nothing starts it any more.
    Gone,
}

/// Reads the folder and, if it has no error, puts it in force. An error is one of the store or the disk; the set before then goes on.
pub async fn apply(folder: &Folder, store: &Shared, live: &Arc<Live>) -> Result<Applied, String> {
    let applied = try_apply(folder, store, live).await;
    match &applied {
        Ok(Applied { in_force: true, changes, .. }) => {
            let names: Vec<&str> = changes.iter().map(|change| change.playbook.as_str()).collect();
            tracing::info!(changed = names.join(", "), "new playbooks are in force");
        }
        Ok(Applied { faults, .. }) => {
            for fault in faults.iter().filter(|fault| fault.level == Level::Error) {
                tracing::error!("{}:{}:{}: {} [{}]", fault.path, fault.span.line, fault.span.column, fault.message, fault.code);
            }
            tracing::error!("the playbooks have faults; the ones before go on");
        }
        Err(why) => tracing::error!(why, "the playbooks can't come into force; the ones before go on"),
    }
    applied
}

async fn try_apply(folder: &Folder, store: &Shared, live: &Arc<Live>) -> Result<Applied, String> {
    let _one = live.changing.lock().await;
    let now = store.now();
    let workspace = live.now().workspace.clone();
    let (set, faults) = load(folder, &workspace, now).inspect_err(|_| live.refuse(now, Vec::new()))?;
    let Some(set) = set else {
        live.refuse(now, faults.clone());
        return Ok(Applied { in_force: false, changes: Vec::new(), faults });
    };
    keep_plans(store, &set).await.map_err(|error| error.to_string())?;
    let before = live.now();
    let changes = changes(store, &before, &set).await.map_err(|error| error.to_string())?;
    live.replace(set, now, faults.clone());
    wake_schedules(store, live).await;
    tell_movers(store, live).await;
    Ok(Applied { in_force: true, changes, faults })
}

/// What a new set changes, and whom it moves.
async fn changes(store: &Shared, before: &PlanSet, after: &PlanSet) -> crate::store::Result<Vec<Changed>> {
    let counts = store.live_counts().await?;
    let names: BTreeSet<&String> = before.plans.keys().chain(after.plans.keys()).collect();
    let change = |name: &String| {
        let (old, new) = (before.by_name(name), after.by_name(name));
        let what = match (old, new) {
            (Some(old), Some(new)) if old.hash == new.hash => return None,
            (None, _) => Change::New,
            (_, None) => Change::Gone,
            _ => Change::Changed,
        };
        let (mut moving, mut staying) = (0, 0);
        for stand in counts.iter().filter(|stand| stand.playbook == *name) {
            let old = before.plan(&stand.version);
            let lands =
                new.is_some_and(|new| new.moves && old.zip(stand.step.as_deref()).is_some_and(|(old, step)| new.landing(old, step).is_some()));
            *if lands { &mut moving } else { &mut staying } += stand.count;
        }
        Some(Changed { playbook: name.clone(), what, moving, staying })
    };
    Ok(names.into_iter().filter_map(change).collect())
}

/// Tells everybody who stands in an older version of a playbook with `upgrade: move` that there is a new one; also at a start, as the files
/// may have changed while nobody ran.
pub async fn tell_movers(store: &Shared, live: &Live) {
    let set = live.now();
    let told = async {
        let counts = store.live_counts().await?;
        let behind = |plan: &&Arc<Plan>| plan.moves && counts.iter().any(|stand| stand.playbook == plan.name && stand.version != plan.hash);
        for plan in set.iter().filter(behind) {
            tell(store, &plan.name, &ConversationState::LIVE, &Happening::Deployed { playbook: plan.name.clone() }).await?;
        }
        Ok::<_, crate::store::Error>(())
    };
    if let Err(error) = told.await {
        tracing::error!(%error, "not every conversation could be moved to its playbook's new version; the others go on in the old one");
    }
}

/// Lets every schedule look at its playbook: new ones get their first tick planned, changed ones a new one.
pub async fn wake_schedules(store: &Shared, live: &Arc<Live>) {
    let now = store.now();
    let set = live.now();
    let posts: Vec<Post> = super::schedules::schedules_of(&set)
        .into_iter()
        .map(|(name, ..)| Post { to: Actor::Schedule(name), event: Event::new(now, Happening::Clock), due: now, id: None, suppress: None })
        .collect();
    if let Err(error) = store.post(posts).await {
        tracing::error!(%error, "schedules could not be woken; they look again at the next start");
    }
}

/// Names, sizes and times of everything in the folder.
pub type Stamp = Vec<(PathBuf, u64, Option<SystemTime>)>;

/// How the folder looks now.
pub fn stamp(folder: &Folder) -> Stamp {
    let mut found = Vec::new();
    let mut open = vec![folder.playbooks.clone(), folder.templates.clone()];
    while let Some(path) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&path) else { continue };
        for entry in entries.flatten() {
            match entry.metadata() {
                Ok(meta) if meta.is_dir() => open.push(entry.path()),
                Ok(meta) => found.push((entry.path(), meta.len(), meta.modified().ok())),
                Err(_) => {}
            }
        }
    }
    found.sort();
    found
}
