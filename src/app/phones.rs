//! The pretend Twilio as the console's phone, and the clock that it can turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use crate::config::Config;
use crate::console::{Phones, SHOWN, Said};
use crate::model::Time;
use crate::store::{self, Shared, clock};
use crate::twilio::pretend::{Faults, Pretend};

/// Name of the fact that tells how far the clock has been turned, so that a restart does not turn it back.
const TURNED: &str = "clock_turned";

/// A clock that can be turned forward: the machine's, and so much more.
#[derive(Clone, Default)]
pub struct Turning {
    /// Microseconds.
    ahead: Arc<AtomicI64>,
}

impl Turning {
    /// For a store to go by.
    pub fn source(&self) -> clock::Source {
        let (wall, ahead) = (clock::wall(Time(0)), self.ahead.clone());
        Arc::new(move || Time(wall().0.saturating_add(ahead.load(Ordering::Relaxed))))
    }

    /// Stands where it stood when the store was last used.
    pub async fn go_on(&self, store: &Shared) -> store::Result<()> {
        let ahead = store.fact(TURNED).await?.and_then(|fact| fact.parse().ok()).unwrap_or(0);
        self.ahead.store(ahead, Ordering::Relaxed);
        Ok(())
    }

    async fn turn(&self, store: &Shared, by: Duration) {
        let by = i64::try_from(by.as_micros()).unwrap_or(0);
        let ahead = self.ahead.fetch_add(by, Ordering::Relaxed).saturating_add(by);
        if let Err(error) = store.set_fact(TURNED, &ahead.to_string()).await {
            tracing::warn!(%error, "how far the clock was turned could not be kept");
        }
        // Whoever sleeps until a moment that is past now looks again.
        let wakes = store.wakes();
        for signal in [&wakes.turns, &wakes.texts, &wakes.calls, &wakes.unsure, &wakes.changed] {
            signal.raise();
        }
    }
}

/// The phones of the pretend Twilio.
pub struct PretendPhones {
    /// Plays them.
    pretend: Pretend,
    /// Our numbers, with the names of their senders.
    numbers: Vec<(String, String)>,
    /// Whose clock is turned.
    store: Shared,
    /// The clock.
    clock: Turning,
    /// Which fault is on, by its place in `FAULTS`.
    fault: std::sync::atomic::AtomicUsize,
}

impl PretendPhones {
    /// Phones that write to the settings' numbers.
    pub fn new(pretend: Pretend, config: &Config, store: Shared, clock: Turning) -> PretendPhones {
        let senders = &config.workspace.senders;
        let numbers = senders.iter().flat_map(|sender| sender.numbers.iter().map(|number| (number.0.clone(), sender.name.clone()))).collect();
        PretendPhones { pretend, numbers, store, clock, fault: Default::default() }
    }
}

#[async_trait]
impl Phones for PretendPhones {
    fn numbers(&self) -> Vec<(String, String)> {
        self.numbers.clone()
    }

    fn seen(&self) -> Vec<String> {
        self.pretend.phones()
    }

    fn thread(&self, phone: &str) -> Vec<Said> {
        let texts = self.pretend.thread(phone);
        let from = texts.len().saturating_sub(SHOWN);
        let said = texts.into_iter().skip(from).map(|text| {
            let mine = text.direction == "inbound";
            let number = if mine { text.to } else { text.from.unwrap_or_default() };
            Said { mine, body: text.body, number }
        });
        said.collect()
    }

    async fn write(&self, from: &str, to: &str, body: &str) -> Result<(), String> {
        self.pretend.write(from, to, body).await
    }

    async fn turn(&self, by: Duration) {
        self.clock.turn(&self.store, by).await;
    }

    fn fault(&self, name: &str) {
        let place = crate::console::FAULTS.iter().position(|(known, _)| *known == name).unwrap_or(0);
        self.fault.store(place, Ordering::Relaxed);
        let all_well = Faults::default();
        self.pretend.set_faults(match name {
            "refuse" => Faults { status: Some(400), code: Some(30_007), next: Some(1), ..all_well },
            "busy" => Faults { status: Some(429), next: Some(3), ..all_well },
            "broken" => Faults { status: Some(500), next: Some(1), ..all_well },
            "lost" => Faults { drop: true, accept: true, next: Some(1), ..all_well },
            "slow" => Faults { latency_ms: 3_000, ..all_well },
            _ => all_well,
        });
    }

    fn on(&self) -> &'static str {
        crate::console::FAULTS.get(self.fault.load(Ordering::Relaxed)).map_or("none", |(name, _)| name)
    }
}
