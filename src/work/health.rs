//! What `/readyz` and `/metrics` tell of the workers, kept in a few numbers that anybody may read at any time.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The workers' state of health.
#[derive(Debug, Default)]
pub struct Health {
    /// Texts out and in, by minute.
    pub flow: super::flow::Flow,
    /// What changes.
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Twilio refused our credentials, in its words; none: it did not, or was not asked yet.
    twilio_refused: Option<String>,
    /// When each worker last claimed from its calendar.
    claims: BTreeMap<&'static str, Instant>,
    /// The store's latest complaint, while it lasts.
    store: Option<String>,
    /// Things that happened, by name.
    counts: BTreeMap<&'static str, u64>,
}

/// A look at it.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// See `Health`.
    pub twilio_refused: Option<String>,
    /// How long ago each worker last claimed.
    pub claims: BTreeMap<&'static str, Duration>,
    /// The store's latest complaint, while it lasts.
    pub store: Option<String>,
    /// Things that happened since the start, by name.
    pub counts: BTreeMap<&'static str, u64>,
}

impl Health {
    fn with<R>(&self, with: impl FnOnce(&mut Inner) -> R) -> R {
        with(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A worker claimed, and the store answered.
    pub fn claimed(&self, worker: &'static str) {
        self.with(|inner| {
            inner.claims.insert(worker, Instant::now());
            inner.store = None;
        });
    }

    /// The store did not answer. Logged once, when it begins.
    pub fn store_failed(&self, error: &crate::store::Error) {
        let first = self.with(|inner| inner.store.replace(error.to_string()).is_none());
        if first {
            tracing::error!(%error, "the store does not answer; work goes on by itself when it does, nothing is lost");
        }
    }

    /// Twilio took a request (none), or refused our credentials (why).
    pub fn twilio(&self, refused: Option<&str>) {
        self.with(|inner| inner.twilio_refused = refused.map(str::to_owned));
    }

    /// Whether Twilio refuses us now.
    pub fn is_refused(&self) -> bool {
        self.with(|inner| inner.twilio_refused.is_some())
    }

    /// Counts something.
    pub fn count(&self, name: &'static str) {
        self.with(|inner| *inner.counts.entry(name).or_default() += 1);
    }

    /// A look at it.
    pub fn snapshot(&self) -> Snapshot {
        self.with(|inner| Snapshot {
            twilio_refused: inner.twilio_refused.clone(),
            claims: inner.claims.iter().map(|(name, at)| (*name, at.elapsed())).collect(),
            store: inner.store.clone(),
            counts: inner.counts.clone(),
        })
    }
}
