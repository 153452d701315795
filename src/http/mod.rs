//! The two doors of the daemon: the public side takes Twilio's webhooks and tracked links, the private side is for the people and
//! programs of the house. Two listeners, so that nothing private can ever be reached from outside.
//!
//! ```text
//! listener ─ connections ─ body     whole requests within limits
//! public/                           webhooks, tracked links, /healthz; nothing else answers
//! private/                          token or session, then /v1, /metrics, /readyz, /openapi.json and a page
//! given ─ query                     what callers give, with a sentence for each mistake
//! table                             contacts out of a CSV file
//! rows ─ problem                    what they are answered
//! tally                             what came in, for /metrics
//! ```

mod body;
mod connections;
pub mod given;
pub mod listener;
pub mod private;
pub mod problem;
pub mod public;
pub mod query;
pub mod rows;
pub mod table;
pub mod tally;

use std::sync::Arc;

use crate::store;
use crate::twilio::Verifier;
use crate::work::reload::Folder;
use crate::work::{Health, Live};

pub use listener::{Limits, serve};
pub use private::gate::Gate;
pub use tally::Tally;

/// What both sides need.
pub struct Doors {
    /// Where everything goes to and comes from.
    pub store: store::Shared,
    /// The playbooks in force: their reserved words, contact fields, audiences.
    pub plans: Arc<Live>,
    /// Where their files stand: `apply` reads them at once.
    pub folder: Folder,
    /// What `/readyz` and `/metrics` tell of the workers.
    pub health: Arc<Health>,
    /// Tells Twilio's requests from forged ones.
    pub verifier: Arc<Verifier>,
    /// Webhooks about any other account are refused.
    pub account_sid: String,
    /// Who may come in by the private side.
    pub gate: Gate,
    /// What came in by the public side.
    pub tally: Tally,
    /// What the settings leave uncovered (power loss, say), in sentences for `/readyz`.
    pub remarks: Vec<String>,
}
