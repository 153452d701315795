//! Speeds, and what is held back: `set_speeds`, `slow`, `set_hold`.
//!
//! A hold is a flag that `claim_sends` reads when a text comes up. What it keeps back is set aside in its row under the hold's name; when
//! the flag changes, `sweep` goes through those rows in pages, and the flag remembers that it is not done until it is.

use std::collections::BTreeMap;

use crate::model::{Happening, Outgoing, Time};
use crate::store::ledger::What;
use crate::store::outbox::Item;
use crate::store::tables::{Progress, Tables};
use crate::store::{Flight, Hold, HoldScope, LaneRow, Result, Speeds};

use super::{Core, LANE};

/// Names of flags begin so.
const HOLD: &str = "hold/";

/// The hold on everything (`sync.direction: inbound`): it stands in the settings, not in a flag.
const ALL: &str = "*";

/// Held texts one page lets go or cancels.
const SWEEP_PAGE: usize = 500;

/// Flags as they are kept.
const WORDS: [(Hold, &str); 3] = [(Hold::Held, "held"), (Hold::Free, "free"), (Hold::Cancelled, "cancelled")];

/// A hold's name.
pub fn name(scope: &HoldScope) -> String {
    match scope {
        HoldScope::Playbook(playbook) => format!("playbook/{playbook}"),
        HoldScope::Broadcast(id) => format!("broadcast/{id}"),
    }
}

/// A flag as it is kept.
pub fn word(hold: Hold) -> &'static str {
    WORDS.iter().find(|(known, _)| *known == hold).map_or("held", |(_, word)| *word)
}

/// Why a text under this hold does not go out, in the word people see.
fn reason(hold: &str) -> &'static str {
    if hold == ALL { "sync" } else { "paused" }
}

impl<T: Tables> Core<T> {
    /// `Store::set_speeds`, but for the sweep.
    pub fn set_speeds(&mut self, speeds: Speeds, now: Time) -> Result<()> {
        self.outbox.lanes.set_speeds(&speeds, now);
        self.speeds = speeds;
        Ok(())
    }

    /// `Store::lanes`.
    pub fn lanes(&self) -> Vec<LaneRow> {
        self.outbox.lanes.rows()
    }

    /// `Store::slow`.
    pub fn slow(&mut self, lane: Option<&str>, until: Time) -> Result<()> {
        let slots = self.outbox.lanes.slow(lane, until);
        self.tables.set_value(&format!("{LANE}{}", lane.unwrap_or("")), Some(&slots.write()))
    }

    /// `Store::set_hold`, but for the sweep.
    pub fn set_hold(&mut self, scope: &HoldScope, hold: Hold) -> Result<()> {
        let name = name(scope);
        self.tables.set_value(&format!("{HOLD}{name}"), Some(word(hold)))?;
        self.holds.insert(name, hold);
        Ok(())
    }

    /// Flags as kept.
    pub(super) fn read_holds(&self) -> Result<BTreeMap<String, Hold>> {
        let hold = |word: &str| WORDS.iter().find(|(_, known)| *known == word).map(|(hold, _)| *hold);
        let values = self.tables.values(HOLD)?;
        Ok(values.iter().filter_map(|(name, word)| Some((name.strip_prefix(HOLD)?.to_owned(), hold(word)?))).collect())
    }

    /// The hold a text is under; one that cancels comes first.
    pub(super) fn hold_on(&self, outgoing: &Outgoing) -> Option<(String, Hold)> {
        let playbook = outgoing.playbook.as_ref().map(|playbook| name(&HoldScope::Playbook(playbook.clone())));
        let broadcast = outgoing.broadcast.as_ref().map(|id| name(&HoldScope::Broadcast(id.clone())));
        let on = |name: String| self.holds.get(&name).copied().filter(|hold| *hold != Hold::Free).map(|hold| (name, hold));
        // A playbook's flag and a broadcast's can both stand on one text.
        let holds: Vec<_> = [playbook, broadcast].into_iter().flatten().filter_map(on).collect();
        let all = self.speeds.hold_all.then(|| (ALL.to_owned(), Hold::Held));
        holds.iter().find(|(_, hold)| *hold == Hold::Cancelled).or(holds.first()).cloned().or(all)
    }

    /// Sets a text aside that came up under a hold.
    pub(super) fn set_aside(&mut self, item: &Item, hold: String, now: Time) -> Result<()> {
        let why = reason(&hold).to_owned();
        self.any_held = true;
        self.write_now(item.order)?;
        self.tables.set_out(item.order, &Progress { flight: Flight::Held, hold: Some(hold), ..item.progress.clone() })?;
        self.outbox.remove(item.order, now);
        self.mark(&item.outgoing.id, What::SetAside, now, |row| row.reason = Some(why))
    }

    /// Lets go or cancels one page of what no flag keeps back any more; whether there may be more.
    pub fn sweep(&mut self, now: Time) -> Result<bool> {
        let mut flags: Vec<(String, Hold)> = self.holds.iter().map(|(name, hold)| (name.clone(), *hold)).collect();
        if !self.speeds.hold_all {
            flags.push((ALL.to_owned(), Hold::Free));
        }
        for (name, hold) in flags.into_iter().filter(|(_, hold)| *hold != Hold::Held) {
            let rows = self.tables.held_by(&name, SWEEP_PAGE)?;
            let swept = rows.len();
            for row in rows {
                let (order, actor) = (row.order, row.actor);
                let Ok(outgoing) = serde_json::from_str::<Outgoing>(&row.body) else {
                    tracing::warn!(order, "a held text can't be read; it is dropped from the queue and its message stays as held");
                    self.tables.drop_out(order)?;
                    continue;
                };
                if hold == Hold::Cancelled {
                    let event = Happening::NotSent { message: outgoing.id.clone(), code: None, why: "cancelled".to_owned() };
                    self.withdraw(order, &outgoing, "cancelled", event, now)?;
                } else {
                    let progress = Progress { flight: Flight::Waiting, hold: None, ..row.progress };
                    self.tables.set_out(order, &progress)?;
                    self.mark(&outgoing.id, What::Freed, now, |row| row.reason = None)?;
                    self.outbox.insert(Item { order, actor, progress, queued_at: None, outgoing }, now);
                }
            }
            if swept == SWEEP_PAGE {
                return Ok(true);
            }
            if hold == Hold::Free {
                self.holds.remove(&name);
                self.tables.set_value(&format!("{HOLD}{name}"), None)?;
            }
        }
        self.any_held = self.tables.any_held()?;
        Ok(false)
    }
}
