//! Reload: the playbook folder is watched, and comes into force whole or not at all.
//!
//! A change is noticed by looking at names, sizes and times of the files; no service of the operating system is needed, and editors that
//! write in several goes settle before anything is read.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::files::read_sources;
use super::live::{Live, keep_plans};
use crate::model::{Actor, ConversationRow, ConversationState, Event, Happening, Time};
use crate::playbook::{Fault, Level, Plan, PlanSet, Workspace, compile};
use crate::store::{ConversationQuery, MAX_PAGE, Post, Shared};

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
        apply(&folder, &store, &live).await;
    }
}

/// Reads the folder and, if it has no error, puts it in force.
pub async fn apply(folder: &Folder, store: &Shared, live: &Arc<Live>) -> bool {
    let now = store.now();
    let workspace = live.now().workspace.clone();
    let loaded = load(folder, &workspace, now);
    match loaded {
        Ok((Some(set), faults)) => {
            if let Err(error) = keep_plans(store, &set).await {
                tracing::error!(%error, "the new playbooks could not be kept in the store; the ones before go on");
                return false;
            }
            let id = set.id.clone();
            let before = live.now();
            live.replace(set, now, faults);
            wake_schedules(store, live).await;
            if let Err(error) = tell_movers(store, &before, &live.now()).await {
                tracing::error!(%error, "not every conversation could be moved to its playbook's new version; the others go on in the old one");
            }
            tracing::info!(set = id, "new playbooks are in force");
            true
        }
        Ok((None, faults)) => {
            for fault in faults.iter().filter(|fault| fault.level == Level::Error) {
                tracing::error!("{}:{}:{}: {} [{}]", fault.path, fault.span.line, fault.span.column, fault.message, fault.code);
            }
            tracing::error!("the playbooks have faults; the ones before go on");
            live.refuse(now, faults);
            false
        }
        Err(why) => {
            tracing::error!(why, "the playbooks can't be read; the ones before go on");
            live.refuse(now, Vec::new());
            false
        }
    }
}

/// Tells everybody who stands in a changed playbook with `upgrade: move` that it has a new version.
async fn tell_movers(store: &Shared, before: &PlanSet, after: &PlanSet) -> crate::store::Result<()> {
    let changed = |plan: &&Arc<Plan>| plan.moves && before.by_name(&plan.name).is_some_and(|old| old.hash != plan.hash);
    for plan in after.iter().filter(changed) {
        let states = ConversationState::LIVE.to_vec();
        let mut query = ConversationQuery { playbook: Some(plan.name.clone()), states, limit: MAX_PAGE, ..ConversationQuery::default() };
        loop {
            let page = store.conversations(query.clone()).await?;
            let now = store.now();
            let post = |row: ConversationRow| {
                let event = Event::new(now, Happening::Deployed { playbook: row.playbook });
                Post { to: Actor::Contact(row.contact), event, due: now, id: None, suppress: None }
            };
            store.post(page.items.into_iter().map(post).collect()).await?;
            match page.next {
                Some(next) => query.cursor = Some(next),
                None => break,
            }
        }
    }
    Ok(())
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
