//! The shell: takes what is due from the store, lets the engine decide or Twilio act, and writes down what came of it.
//!
//! `backend` runs workers under apalis; `turns` moves contacts, broadcasts and schedules; `sending` and `calling` make what goes out;
//! `reconcile` looks up what nobody knows; `catch_up` fetches what was missed; `reload` swaps playbooks; `stopping` holds them; `plan`
//! foresees a broadcast; `journal`, `why` and `stats` tell what was decided; `live` and
//! `health` are what everybody may read.

pub mod addresses;
pub mod backend;
pub mod broadcasts;
pub mod calling;
pub mod calls;
pub mod catch_up;
pub mod cron;
pub mod files;
pub mod flow;
pub mod health;
pub mod journal;
pub mod live;
pub mod plan;
pub mod reconcile;
pub mod reload;
pub mod schedules;
pub mod sending;
pub mod stats;
pub mod stopping;
pub mod turns;
pub mod why;

use std::time::Duration;

pub use health::Health;
pub use live::{Live, LoadReport, VoiceAnswer};

/// How long a worker waits before it asks a store again that did not answer: it goes on well within 2 s of the store's return.
pub(crate) const STORE_PAUSE: Duration = Duration::from_millis(500);

/// When a calendar is to be looked at again: at its next due time by the store's clock.
pub(crate) fn wait_for(now: crate::model::Time, next: Option<crate::model::Time>) -> Option<Duration> {
    next.map(|next| now.until(next))
}
