//! The end of an attempt: `settle`, `report`, `unsure`, `look_again`.
//!
//! Nothing here runs a playbook: what became of a text is told to its contact as an event, once, and the next step decides. An attempt is
//! fenced by its number, so a worker that comes back late settles nothing.

use crate::model::event::Answer;
use crate::model::{Direction, Happening, MessageId, MessageRow, MessageStatus, Outgoing, Time};
use crate::store::doc::Doc;
use crate::store::ledger::{self, What};
use crate::store::outbox::Item;
use crate::store::tables::{DocRow, Progress, Tables};
use crate::store::{Flight, Outcome, Report, Reported, Result, Settle, Unsure, UnsureSend};

use super::read::decode;
use super::{Core, note};

/// Dead leases one call of `unsure` turns into unknown texts.
const MAX_LOST: usize = 500;

impl<T: Tables> Core<T> {
    /// `Store::settle`.
    pub fn settle(&mut self, settle: &Settle, now: Time) -> Result<bool> {
        let open = |item: &&Item| item.progress.attempt == settle.attempt && matches!(item.progress.flight, Flight::Posting | Flight::Unknown);
        let Some(item) = self.outbox.get(&settle.message).filter(open).cloned() else { return Ok(false) };
        let (id, contact) = (&item.outgoing.id, &item.outgoing.contact);
        match &settle.outcome {
            // It keeps its place in the order of queueing, and so is the head of its lane again.
            Outcome::Later(at) => {
                self.set_progress(item.order, Progress { flight: Flight::Waiting, at: *at, ..item.progress.clone() }, now)?;
                self.mark(id, What::PutBack, now, |_| ())?;
            }
            Outcome::Unknown(at) => self.lose(item.order, *at, now)?,
            Outcome::Accepted { sid, segments } => {
                self.take_out(item.order, now)?;
                self.mark_item(&item, What::Accepted, now, |row| {
                    row.sid = Some(sid.clone());
                    row.segments = segments.unwrap_or(row.segments);
                })?;
                if !item.outgoing.quiet {
                    self.tell(contact, Happening::Sent { message: id.clone(), sid: Some(sid.clone()) }, now)?;
                }
            }
            Outcome::Failed { code, why, status } => {
                self.take_out(item.order, now)?;
                let what = if *status == MessageStatus::Held { What::Kept } else { What::Refused };
                self.mark(id, what, now, |row| {
                    row.code = *code;
                    row.reason = Some(why.clone());
                })?;
                let event = if item.is_text() {
                    Happening::NotSent { message: id.clone(), code: *code, why: why.clone() }
                } else {
                    Happening::Answered { message: id.clone(), answer: Answer::Failure { why: why.clone() } }
                };
                self.tell(contact, event, now)?;
            }
            Outcome::Called(answer) => {
                self.take_out(item.order, now)?;
                self.tell(contact, Happening::Answered { message: id.clone(), answer: answer.clone() }, now)?;
            }
        }
        Ok(true)
    }

    /// Nobody knows what became of a text under way; it is looked up at that time.
    pub(super) fn lose(&mut self, order: u64, look: Time, now: Time) -> Result<()> {
        let Some(item) = self.outbox.item(order) else { return Ok(()) };
        let id = item.outgoing.id.clone();
        let progress = Progress { flight: Flight::Unknown, at: look, ..item.progress.clone() };
        self.set_progress(order, progress, now)?;
        self.mark(&id, What::Lost, now, |_| ())
    }

    /// `Store::report`.
    pub fn report(&mut self, report: &Report, now: Time) -> Result<Reported> {
        let Some((row, mut message)) = self.reported_message(report)? else { return Ok(Reported::Unknown) };
        if message.direction == Direction::Inbound {
            return Ok(Reported::Noted);
        }
        let queued = self.queued(&row, &message)?;
        if queued.is_some_and(|(_, attempts)| attempts == 0) {
            // It was never tried, so whatever this is about is not this text.
            return Ok(Reported::Noted);
        }
        let before = message.clone();
        let settled = match queued {
            Some((order, _)) => self.settle_by_report(order, &mut message, report, now)?,
            None => false,
        };
        if message.sid.is_none() && message.status.rank().is_some() {
            message.sid = Some(report.sid.clone());
        }
        // Callbacks come doubled and in any order: only a higher rank moves it.
        let status = report.status.and_then(|word| ledger::reported(message.status, word));
        if let Some(status) = status {
            message.status = status;
            message.code = report.code.or(message.code);
        }
        // Each word once, which also bounds what a flood of callbacks can write.
        if !message.history.iter().any(|(_, word)| *word == report.word) {
            note(&mut message, now, &report.word);
        }
        if message != before {
            self.rewrite(&before.marks(), &message)?;
        }
        // Only after an acceptance: a text that Twilio refused has been told as `NotSent` already.
        if let Some(status @ (MessageStatus::Failed | MessageStatus::Undelivered)) = status {
            let status = status.as_str().to_owned();
            self.tell(&message.contact, Happening::Undelivered { message: message.id.clone(), status, code: report.code }, now)?;
        }
        Ok(if settled || status.is_some() { Reported::Moved } else { Reported::Noted })
    }

    /// The message a callback is about: by our name in its address, else by Twilio's.
    fn reported_message(&mut self, report: &Report) -> Result<Option<(DocRow, MessageRow)>> {
        if let Some(id) = &report.message {
            self.write_message_now(id)?;
        }
        if let Some(id) = &report.message
            && let Some(found) = self.message_row(id)?
        {
            return Ok(Some(found));
        }
        let row = self.tables.doc_by_alias(MessageRow::KIND, &report.sid)?;
        Ok(row.and_then(|row| decode(&row).map(|message| (row, message))))
    }

    /// Where a message stands in the queue and how often it was tried, if it is not settled.
    fn queued(&self, row: &DocRow, message: &MessageRow) -> Result<Option<(u64, u32)>> {
        if let Some(item) = self.outbox.get(&message.id) {
            return Ok(Some((item.order, item.progress.attempt)));
        }
        match row.owner.filter(|_| message.status == MessageStatus::Held) {
            Some(owner) => Ok(self.held(owner, &message.id)?.map(|row| (row.order, row.progress.attempt))),
            None => Ok(None),
        }
    }

    /// A callback proves that Twilio has the text: an attempt that is open, or was put back as not sent, is settled as accepted.
    fn settle_by_report(&mut self, order: u64, message: &mut MessageRow, report: &Report, now: Time) -> Result<bool> {
        let Some(status) = ledger::moved(message.status, What::Accepted) else { return Ok(false) };
        let quiet = self.outbox.item(order).is_some_and(|item| item.outgoing.quiet);
        self.take_out(order, now)?;
        message.status = status;
        note(message, now, status.as_str());
        message.sid = Some(report.sid.clone());
        if !quiet {
            self.tell(&message.contact, Happening::Sent { message: message.id.clone(), sid: Some(report.sid.clone()) }, now)?;
        }
        self.wake_watchers(now)?;
        Ok(true)
    }

    /// `Store::unsure`.
    pub fn unsure(&mut self, limit: usize, now: Time) -> Result<Unsure> {
        let mut lost = 0;
        while lost < MAX_LOST
            && let Some(order) = self.outbox.dead_lease(now)
        {
            self.lose(order, now, now)?;
            lost += 1;
        }
        let messages: Vec<_> = self.outbox.unsure(now, limit).into_iter().map(unsure_send).collect();
        // Those handed out stay due until the caller puts them off or settles them; only what was left out is due now.
        let cut = messages.len() == limit || lost == MAX_LOST;
        self.told.unsure = self.outbox.next_unsure(now);
        let next = if cut { Some(now) } else { self.told.unsure };
        Ok(Unsure { messages, next })
    }

    /// `Store::look_again`.
    pub fn look_again(&mut self, message: &MessageId, at: Time, now: Time) -> Result<()> {
        let Some(item) = self.outbox.get(message).filter(|item| item.progress.flight == Flight::Unknown) else { return Ok(()) };
        let (order, progress) = (item.order, Progress { at, looks: item.progress.looks + 1, ..item.progress.clone() });
        self.set_progress(order, progress, now)
    }

    /// Takes a text out that was never sent, and tells its contact.
    pub(super) fn withdraw(&mut self, order: u64, outgoing: &Outgoing, reason: &str, event: Happening, now: Time) -> Result<()> {
        self.take_out(order, now)?;
        self.mark(&outgoing.id, What::Cancelled, now, |row| row.reason = Some(reason.to_owned()))?;
        self.tell(&outgoing.contact, event, now)
    }
}

/// As the caller sees it.
fn unsure_send(item: &Item) -> UnsureSend {
    let Progress { attempt, posted_at, looks, .. } = item.progress;
    UnsureSend { outgoing: item.outgoing.clone(), attempt, posted_at, looks }
}
