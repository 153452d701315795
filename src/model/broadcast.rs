//! A broadcast: one playbook started for an audience, pulled only as fast as its senders can send.

use serde::{Deserialize, Serialize};

use super::{BroadcastId, PlanHash, Time};

/// For whom: the audience of a playbook or of `POST /v1/broadcasts`, as written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audience {
    /// Expression asked for each contact.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// An imported list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// Skip whoever got any bulk text in this time (a duration as written).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude_recent: Option<String>,
    /// Share that is left out, `5%`; sticky.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holdout: Option<String>,
    /// At most so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// Where a broadcast stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BroadcastState {
    /// Its time has not come.
    Scheduled,
    /// Contacts are being started.
    Running,
    /// Held by a person.
    Paused,
    /// Ended by a person.
    Cancelled,
    /// Everybody was started or skipped.
    Done,
}

/// A broadcast as the API and the console list it. Totals are counters of the store, named `broadcast/ID/…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BroadcastRow {
    /// Named by whoever started it; a known name is not started twice.
    pub id: BroadcastId,
    /// Which playbook.
    pub playbook: String,
    /// In which version: pinned when it was made.
    pub version: PlanHash,
    /// For whom; the playbook's own where none was given.
    pub audience: Audience,
    /// When it begins.
    pub at: Time,
    /// Each list at its own zone's hour (`timezone: contact`).
    #[serde(default)]
    pub per_zone: bool,
    /// Where it stands.
    pub state: BroadcastState,
    /// Contacts in the audience found so far.
    #[serde(default)]
    pub total: u64,
    /// Whether the whole audience has been found.
    #[serde(default)]
    pub compiled: bool,
    /// Contacts handed to the engine so far.
    #[serde(default)]
    pub pulled: u64,
    /// When it was made.
    pub created_at: Time,
    /// When the last contact was started or the broadcast was cancelled.
    pub ended_at: Option<Time>,
}
