//! All plans of a folder, as one value that is swapped whole at a reload; cheap to clone.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::hash;
use super::plan::{ExitOn, Plan, TriggerKind};
use super::workspace::Workspace;
use crate::model::PlanHash;

/// Contact fields that every workspace has.
pub const BUILT_IN_FIELDS: [&str; 15] = [
    "phone",
    "first_name",
    "last_name",
    "name",
    "email",
    "language",
    "timezone",
    "country",
    "tags",
    "lists",
    "opted_out",
    "consent",
    "created_at",
    "last_inbound_at",
    "last_outbound_at",
];

/// Those of them that are kept by rules of their own, so that no playbook can write them.
pub const KEPT_FIELDS: [&str; 8] = ["phone", "tags", "lists", "consent", "opted_out", "created_at", "last_inbound_at", "last_outbound_at"];

/// The plans in force, with the old ones that conversations are still pinned to.
#[derive(Clone, Debug)]
pub struct PlanSet {
    /// As it is now.
    pub workspace: Arc<Workspace>,
    /// The current plans, by name.
    pub plans: Arc<BTreeMap<String, Arc<Plan>>>,
    /// Older versions, by hash.
    pub old: Arc<HashMap<PlanHash, Arc<Plan>>>,
    /// Contact fields that exist: built in, declared, or saved or set by some playbook.
    pub fields: Arc<BTreeSet<String>>,
    /// Some playbook uses `transcript()`.
    pub wants_transcript: bool,
    /// Tags that start or end some playbook.
    pub watched_tags: Arc<BTreeSet<String>>,
    /// Rehearsals only: a split's branch by its step id, so that a test need not look for a phone that draws it; `#holdout` takes
    /// the contact out of the hold-out.
    pub pins: Arc<BTreeMap<String, String>>,
    /// Playbooks whose starts and texts are held (`bridged stop`).
    pub stopped: Arc<BTreeSet<String>>,
    /// Names the set: the hash of all its plans.
    pub id: String,
    /// Current plans by hash, sub-playbooks included: conversations ask by hash at every event.
    by_hash: Arc<HashMap<PlanHash, Arc<Plan>>>,
}

impl PlanSet {
    /// A set of these plans.
    pub fn new(workspace: Arc<Workspace>, plans: BTreeMap<String, Arc<Plan>>, fields: BTreeSet<String>) -> PlanSet {
        let mut watched_tags = BTreeSet::new();
        for plan in plans.values() {
            watched_tags.extend(plan.triggers.iter().filter_map(|trigger| match &trigger.kind {
                TriggerKind::Tagged(tag) => Some(tag.clone()),
                _ => None,
            }));
            watched_tags.extend(plan.exit.iter().filter_map(|exit| match &exit.on {
                ExitOn::Tagged(tag) => Some(tag.clone()),
                ExitOn::Event(_) => None,
            }));
        }
        PlanSet {
            workspace,
            wants_transcript: plans.values().any(|plan| plan.wants_transcript),
            watched_tags: Arc::new(watched_tags),
            id: hash::of_parts(plans.values().map(|plan| plan.hash.as_str())),
            by_hash: Arc::new(plans.values().map(|plan| (plan.hash.clone(), plan.clone())).collect()),
            plans: Arc::new(plans),
            old: Arc::default(),
            pins: Arc::default(),
            stopped: Arc::default(),
            fields: Arc::new(fields),
        }
    }

    /// A plan by its hash, current or old.
    pub fn plan(&self, hash: &PlanHash) -> Option<&Arc<Plan>> {
        self.by_hash.get(hash).or_else(|| self.old.get(hash))
    }

    /// The current plan of a name.
    pub fn by_name(&self, name: &str) -> Option<&Arc<Plan>> {
        self.plans.get(name)
    }

    /// The current plans in order of name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Plan>> {
        self.plans.values()
    }

    /// The same set with one more old version.
    pub fn with_old(mut self, plan: Arc<Plan>) -> PlanSet {
        self.wants_transcript |= plan.wants_transcript;
        Arc::make_mut(&mut self.old).insert(plan.hash.clone(), plan);
        self
    }

    /// The same set with splits pinned for a rehearsal.
    pub fn with_pins(mut self, pins: BTreeMap<String, String>) -> PlanSet {
        self.pins = Arc::new(pins);
        self
    }

    /// The same set with these playbooks stopped.
    pub fn with_stopped(mut self, stopped: BTreeSet<String>) -> PlanSet {
        self.stopped = Arc::new(stopped);
        self
    }

    /// The same plans in a workspace whose settings have changed.
    pub fn with_workspace(mut self, workspace: Arc<Workspace>) -> PlanSet {
        let fields = Arc::make_mut(&mut self.fields);
        fields.extend(workspace.contact_fields.keys().cloned());
        self.workspace = workspace;
        self
    }
}
