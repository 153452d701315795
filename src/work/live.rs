//! The playbooks in force: one set, swapped whole, with the old versions that conversations are still pinned to.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::engine;
use crate::model::{Address, Contact, PlanHash, Time};
use crate::playbook::{Fault, PlanSet, Workspace, recompile};
use crate::store::{PlanRow, Shared};

pub use crate::engine::VoiceAnswer;

/// The set in force, and how the last load went.
pub struct Live {
    /// Swapped at a reload; readers take a cheap clone.
    set: RwLock<Arc<PlanSet>>,
    /// What the last attempt to load the folder found.
    report: Mutex<LoadReport>,
    /// Held by whoever changes what is in force, so that two changes come one after the other.
    pub(super) changing: tokio::sync::Mutex<()>,
}

/// How a load of the playbook folder went.
#[derive(Clone, Debug)]
pub struct LoadReport {
    /// When.
    pub at: Time,
    /// Everything `bridged check` would say.
    pub faults: Vec<Fault>,
    /// Whether it came into force; else the set before it is still running.
    pub ok: bool,
}

impl Live {
    /// Begins with a set that has been loaded.
    pub fn new(set: PlanSet, at: Time, faults: Vec<Fault>) -> Live {
        Live { set: RwLock::new(Arc::new(set)), report: Mutex::new(LoadReport { at, faults, ok: true }), changing: tokio::sync::Mutex::default() }
    }

    /// The set in force.
    pub fn now(&self) -> Arc<PlanSet> {
        self.set.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How the last load went.
    pub fn loaded(&self) -> LoadReport {
        self.report.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes how a load went that did not come into force.
    pub fn refuse(&self, at: Time, faults: Vec<Fault>) {
        *self.report.lock().unwrap_or_else(PoisonError::into_inner) = LoadReport { at, faults, ok: false };
    }

    /// Puts a new set in force; every version known before stays readable.
    pub fn replace(&self, mut set: PlanSet, at: Time, faults: Vec<Fault>) {
        let mut current = self.set.write().unwrap_or_else(PoisonError::into_inner);
        for plan in current.plans.values().chain(current.old.values()) {
            if set.plan(&plan.hash).is_none() {
                set = set.with_old(plan.clone());
            }
        }
        set.stopped = current.stopped.clone();
        *current = Arc::new(set);
        *self.report.lock().unwrap_or_else(PoisonError::into_inner) = LoadReport { at, faults, ok: true };
    }

    /// Notes which playbooks are stopped.
    pub fn set_stopped(&self, stopped: BTreeSet<String>) {
        let mut current = self.set.write().unwrap_or_else(PoisonError::into_inner);
        if *current.stopped != stopped {
            *current = Arc::new(PlanSet::clone(&current).with_stopped(stopped));
        }
    }

    /// Puts the same playbooks in force under changed settings.
    pub fn set_workspace(&self, workspace: Arc<Workspace>) {
        let mut current = self.set.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(PlanSet::clone(&current).with_workspace(workspace));
    }

    /// Makes sure that these versions are at hand, reading them back from the store where they are not.
    pub async fn need<'h>(&self, store: &Shared, hashes: impl Iterator<Item = &'h PlanHash>) -> Arc<PlanSet> {
        let mut set = self.now();
        for hash in hashes {
            if set.plan(hash).is_some() {
                continue;
            }
            match store.plan(hash).await {
                Ok(Some(row)) => match read_back(&row) {
                    Ok(plan) => {
                        let mut current = self.set.write().unwrap_or_else(PoisonError::into_inner);
                        *current = Arc::new(PlanSet::clone(&current).with_old(plan));
                        set = current.clone();
                    }
                    Err(why) => tracing::error!(version = %hash, playbook = row.playbook, why, "an old version can't be read back"),
                },
                Ok(None) => tracing::error!(version = %hash, "the store does not have this version of a playbook"),
                Err(error) => tracing::warn!(version = %hash, %error, "an old version could not be fetched"),
            }
        }
        set
    }

    /// What a caller hears.
    pub fn voice(&self, contact: &Contact, to: &Address, now: Time) -> VoiceAnswer {
        engine::voice_answer(&self.now(), contact, to, now)
    }
}

/// A stored version, compiled again.
fn read_back(row: &PlanRow) -> Result<Arc<crate::playbook::Plan>, String> {
    let source = serde_json::from_str(&row.source).map_err(|error| error.to_string())?;
    recompile(&source).map_err(|faults| faults.iter().map(|fault| fault.message.clone()).collect::<Vec<_>>().join("; "))
}

/// Keeps every version of a set in the store before it comes into force, so that no conversation can outlive its playbook.
pub async fn keep_plans(store: &Shared, set: &PlanSet) -> crate::store::Result<()> {
    for plan in set.plans.values() {
        let source = serde_json::to_string(&plan.source).unwrap_or_default();
        store.put_plan(PlanRow { hash: plan.hash.clone(), playbook: plan.name.clone(), source, at: store.now() }).await?;
    }
    Ok(())
}
