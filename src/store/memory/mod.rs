//! The store of tests and simulations: one lock, ordered maps, and a clock that is handed in.

mod docs;
mod tables;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::model::Time;

use super::clock::{Clock, Source};
use super::core::{Core, SALT};
use super::host::{Host, Need};
use super::tables::Names;
use super::{Result, Wakes};

pub use tables::Tables;

/// A store in memory; gone with the process.
pub struct Memory {
    /// Everything.
    core: Mutex<Core<Tables>>,
    /// Handed in.
    clock: Clock,
    /// Raised after each write.
    wakes: Wakes,
}

impl Memory {
    /// An empty store on that clock. Its readings are made to rise strictly, so a clock may stand still.
    pub fn new(source: Source) -> Memory {
        let clock = Clock::new(source, Time(0));
        let mut tables = Tables::default();
        // The salt protects what outlives the process, and nothing does: a fixed one keeps runs alike.
        let core = tables.set_value(SALT, Some("memory")).and_then(|()| Core::new(tables, clock.now()));
        let core = core.unwrap_or_else(|_| unreachable!("maps in memory always answer, and the salt was just written"));
        Memory { core: Mutex::new(core), clock, wakes: Wakes::default() }
    }
}

impl Host for Memory {
    type Tables = Tables;

    async fn write<R, W>(&self, _: Need, work: W) -> Result<R>
    where
        R: Send + 'static,
        W: FnOnce(&mut Core<Tables>, Time) -> Result<R> + Send + 'static,
    {
        let (answer, raised) = {
            let mut core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
            let now = self.clock.now();
            let answer = work(&mut core, now).and_then(|answer| core.close(now).map(|()| answer));
            (answer, core.take_raised())
        };
        raised.raise(&self.wakes);
        answer
    }

    async fn read<R, W>(&self, work: W) -> Result<R>
    where
        R: Send + 'static,
        W: FnOnce(&Tables) -> Result<R> + Send + 'static,
    {
        work(&self.core.lock().unwrap_or_else(PoisonError::into_inner).tables)
    }

    fn stand_by(&self, places: usize, lease: Duration) {
        self.core.lock().unwrap_or_else(PoisonError::into_inner).stand_by(places, lease);
    }

    fn clock(&self) -> Time {
        self.clock.now()
    }

    fn signals(&self) -> &Wakes {
        &self.wakes
    }

    async fn scrub(&self) -> Result<()> {
        Ok(())
    }

    async fn shut(&self) -> Result<()> {
        Ok(())
    }
}
