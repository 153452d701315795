//! `claim_sends`: what may go out now.
//!
//! The lanes' calendars name one text after another; each is judged by its flags, and only one that goes spends speed. So the cost is that
//! of the texts handed out or set aside, both bounded, however many lanes and texts there are.

use std::time::Duration;

use crate::model::{Happening, Time};
use crate::store::ledger::What;
use crate::store::outbox::Item;
use crate::store::tables::{Progress, Tables};
use crate::store::{ClaimedSend, Flight, Hold, Result, SendKind, Sends};

use super::{Core, LANE};

/// Texts one claim takes out or sets aside, besides those it hands out: a stopped broadcast's backlog leaves its lanes in bounded bites.
const MAX_ASIDE: usize = 500;

/// What a claim does with a text that comes up.
enum Verdict {
    /// It goes out.
    Go,
    /// A hold of that name keeps it back.
    Hold(String),
    /// It is taken out for a reason, and the contact told so.
    Cancel(&'static str, Happening),
}

impl<T: Tables> Core<T> {
    /// `Store::claim_sends`.
    pub fn claim_sends(&mut self, kind: SendKind, limit: usize, lease: Duration, now: Time) -> Result<Sends> {
        match kind {
            SendKind::Texts => self.claim_texts(limit, lease, now),
            SendKind::Calls => self.claim_calls(limit, lease, now),
        }
    }

    /// Texts, by the lanes' calendars.
    fn claim_texts(&mut self, limit: usize, lease: Duration, now: Time) -> Result<Sends> {
        let mut sends = self.ahead.hand_over(limit);
        sends.extend(self.claim_new_texts(limit - sends.len(), lease, now)?);
        // What the calendars say is told as it is to `told`, so that a text queued meanwhile still raises its signal.
        self.told.texts = self.outbox.lanes.next();
        let cut = sends.len() == limit;
        let next = if cut { self.told.texts.map(|next| next.min(now)) } else { self.told.texts };
        Ok(Sends { sends, now, next })
    }

    /// Claims texts that nobody has claimed.
    pub(super) fn claim_new_texts(&mut self, limit: usize, lease: Duration, now: Time) -> Result<Vec<ClaimedSend>> {
        let (mut sends, mut aside) = (Vec::new(), 0);
        while sends.len() < limit && aside < MAX_ASIDE {
            let Some(item) = self.outbox.lanes.pick(now).and_then(|order| self.outbox.item(order)).cloned() else { break };
            match self.judge(&item, now)? {
                Verdict::Go => {
                    self.outbox.lanes.spend(item.place(), now);
                    if !self.is_unwritten(item.order) {
                        self.mark_item(&item, What::Claimed, now, |_| ())?;
                    }
                    sends.push(self.hand_out(item, lease, now)?);
                    continue;
                }
                Verdict::Hold(hold) => self.set_aside(&item, hold, now)?,
                Verdict::Cancel(reason, event) => self.withdraw(item.order, &item.outgoing, reason, event, now)?,
            }
            aside += 1;
        }
        // One write for each lane that sent: with it a restart can't make anything faster than its pace.
        let (lanes, account) = self.outbox.lanes.take_spent();
        for (lane, slots) in lanes {
            self.tables.set_value(&format!("{LANE}{lane}"), Some(&slots.write()))?;
        }
        if let Some(slots) = account {
            self.tables.set_value(LANE, Some(&slots.write()))?;
        }
        self.wake_watchers(now)?;
        Ok(sends)
    }

    /// By numbers and flags only; the engine has looked at everything else.
    fn judge(&self, item: &Item, now: Time) -> Result<Verdict> {
        let out = &item.outgoing;
        let message = || out.id.clone();
        // First, as nothing else matters to whoever said STOP; the writer that stored the STOP is this one, so none slips through.
        if !out.to_opted_out && self.suppressed(&out.contact)? {
            let reason = "opted_out";
            return Ok(Verdict::Cancel(reason, Happening::NotSent { message: message(), code: None, why: reason.to_owned() }));
        }
        if out.valid_until.is_some_and(|end| end < now) {
            return Ok(Verdict::Cancel("expired", Happening::Expired { message: message() }));
        }
        Ok(match self.hold_on(out) {
            None => Verdict::Go,
            Some((name, Hold::Cancelled)) => {
                tracing::debug!(hold = name, message = %out.id, "a text of something cancelled is taken out");
                let reason = "cancelled";
                Verdict::Cancel(reason, Happening::NotSent { message: message(), code: None, why: reason.to_owned() })
            }
            Some((name, _)) => Verdict::Hold(name),
        })
    }

    /// Under way: written down with its attempt before it is made.
    fn hand_out(&mut self, item: Item, lease: Duration, now: Time) -> Result<ClaimedSend> {
        let attempt = item.progress.attempt + 1;
        let progress = Progress { flight: Flight::Posting, attempt, at: now.plus(lease), posted_at: now, blocks: true, ..item.progress };
        self.set_progress(item.order, progress, now)?;
        Ok(ClaimedSend { outgoing: item.outgoing, attempt })
    }

    /// Calls, by when they may be made. One whose lease ended is made again: it bears the same key for the other side to know it by.
    fn claim_calls(&mut self, limit: usize, lease: Duration, now: Time) -> Result<Sends> {
        let mut sends = Vec::new();
        while sends.len() < limit {
            let Some(item) = self.outbox.pick_call(now).and_then(|order| self.outbox.item(order)).cloned() else { break };
            sends.push(self.hand_out(item, lease, now)?);
        }
        self.told.calls = self.outbox.next_call();
        Ok(Sends { sends, now, next: self.told.calls })
    }

    /// At start: calls under way were cut off.
    pub(super) fn restart_calls(&mut self, now: Time) -> Result<()> {
        for (order, progress) in self.outbox.calls_posting() {
            self.set_progress(order, Progress { flight: Flight::Waiting, at: now, ..progress }, now)?;
        }
        Ok(())
    }
}
