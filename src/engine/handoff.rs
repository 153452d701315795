//! A person answers: requested → answered → closed, timed out, idle or cancelled. The bot is silent all the time.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::run::Flow;
use super::state::{Due, Rest, Role, Talk};
use super::turn::{C, Turn};
use super::{Decision, Way};
use crate::model::{Address, Class, HandoffId, HandoffRow, HandoffState, MessageId, Outgoing, Payload, Priority, Text, Time};
use crate::playbook::plan::{Handoff, Ix, Next, Verb};
use crate::text::{Length, OpenHours, segments};

impl Turn<'_> {
    /// Asks for a person.
    pub fn hand_off(&mut self, c: C, level: usize, ix: Ix, handoff: &Handoff) -> Flow {
        /// What an agent reads at most.
        const MAX_NOTE: usize = 1_600;
        if !self.take_line(c) {
            return Flow::Rest;
        }
        self.at_mut(c).queue = Some(handoff.queue.clone());
        let note = handoff.note.as_ref().map(|note| self.line_of_text(c, level, note)).unwrap_or_default();
        let id = HandoffId(format!("{}-{}", self.stem(), self.state.number()));
        let conversation = self.at(c).id.clone();
        let row = HandoffRow {
            id,
            contact: self.contact.phone.clone(),
            conversation: conversation.clone(),
            queue: handoff.queue.clone(),
            agent: None,
            state: HandoffState::Requested,
            priority: handoff.priority.clone(),
            note: note.chars().take(MAX_NOTE).collect(),
            overdue: false,
            opened_at: self.now,
            closed_at: None,
        };
        self.out.put_handoff(row.clone());
        self.out.counts.push((format!("queue/{}/opened", handoff.queue), 1));
        self.decide(Decision::HandedOff { conversation, queue: handoff.queue.clone() });
        self.at_mut(c).rest = Rest::Person(Talk { row, since: None, answered: false, waiting: true, turn: self.now });
        if handoff.say.is_some() && !self.at(c).said.handoff {
            return self.put_text(c, level, ix, Role::Handoff);
        }
        self.start_talk(c);
        Flow::Rest
    }

    /// `queue.name`, `.open`, `.opens_at`.
    pub fn queue_names(&self, name: &str) -> Value {
        let zone = std::slice::from_ref(&self.ws.timezone);
        let now = self.now.timestamp();
        let hours = self.ws.queues.get(name).map(|queue| queue.hours).unwrap_or_default();
        let open = hours.is_open(now, zone);
        let opens_at = if open { Value::Null } else { Value::from(hours.next_open(now, zone).to_string()) };
        json!({ "name": name, "open": open, "opens_at": opens_at })
    }

    /// What the contact is told is out: the clocks start.
    pub fn start_talk(&mut self, c: C) {
        let Some((handoff_timeout, sla)) = self.with_handoff(c, |handoff| (handoff.timeout, handoff.sla)) else { return };
        let now = self.now;
        let zone = self.zone().clone();
        let Rest::Person(talk) = &mut self.at_mut(c).rest else { return };
        if talk.since.replace(now).is_some() {
            return;
        }
        let (waiting, answered, queue) = (talk.waiting, talk.answered, talk.row.queue.clone());
        if waiting {
            talk.turn = now;
            self.set_clock(c, Due::Person, handoff_timeout.after(now.timestamp(), &zone).into());
        }
        if !answered {
            self.promise(c, &queue, sla, now);
        }
    }

    /// Starts the clock of the queue's promise (or of the step's own), counted from then.
    pub fn promise(&mut self, c: C, queue: &str, sla: Option<Length>, since: Time) {
        let queue = self.ws.queues.get(queue);
        if let Some(sla) = sla.or(queue.and_then(|queue| queue.sla)) {
            let hours = queue.map(|queue| queue.hours).unwrap_or_default();
            let at = after_open_time(&hours, since.timestamp(), sla, &self.ws.timezone).into();
            self.set_clock(c, Due::Sla, at);
        }
    }

    /// The contact wrote while a person has the line: the text is the person's.
    pub fn told_person(&mut self, c: C) {
        let Some(timeout) = self.with_handoff(c, |handoff| handoff.timeout) else { return };
        self.drop_clocks(c, |due| due == Due::Idle);
        let now = self.now;
        let Rest::Person(talk) = &mut self.at_mut(c).rest else { return };
        if std::mem::replace(&mut talk.waiting, true) {
            return;
        }
        talk.turn = now;
        if talk.since.is_some() {
            let at = timeout.after(now.timestamp(), self.zone()).into();
            self.set_clock(c, Due::Person, at);
        }
    }

    /// A person wrote to the contact.
    pub fn agent_text(&mut self, handoff: &HandoffId, words: &str) {
        let Some(c) = self.talk_of(handoff) else { return };
        let idle = self.with_handoff(c, |handoff| handoff.idle);
        let conversation = self.at(c);
        let (conversation, playbook, step, from) =
            (conversation.id.clone(), conversation.playbook.clone(), conversation.step.clone(), conversation.from.clone());
        let channel = self.ws.sender(Some(&self.at(c).sender)).map_or(from.channel(), |sender| sender.channel());
        let id = MessageId(format!("{}-{}", self.stem(), self.state.number()));
        self.talked("agent", words);
        self.state.loose.push(id.clone());
        self.out.queue.push(Outgoing {
            id,
            contact: self.contact.phone.clone(),
            conversation: Some(conversation),
            playbook: Some(playbook),
            step,
            broadcast: None,
            class: Class::Conversational,
            lane: from.0.clone(),
            priority: Priority::Reply,
            cost: segments::count(words).max(1),
            valid_until: None,
            to_opted_out: false,
            jumps: true,
            quiet: true,
            resend_unknown: true,
            created_at: self.now,
            payload: Payload::Text(Text {
                from,
                to: Address::new(channel, self.contact.phone.as_str()),
                body: words.to_owned(),
                media: Vec::new(),
                content: None,
                links: Vec::new(),
            }),
        });
        self.drop_clocks(c, |due| matches!(due, Due::Person | Due::Sla | Due::Idle));
        if let Some(idle) = idle {
            let at = idle.after(self.now.timestamp(), self.zone()).into();
            self.set_clock(c, Due::Idle, at);
        }
        let now = self.now;
        let Rest::Person(talk) = &mut self.at_mut(c).rest else { return };
        talk.answered = true;
        talk.waiting = false;
        talk.turn = now;
        talk.row.state = HandoffState::Answered;
        let row = talk.row.clone();
        self.out.put_handoff(row);
        self.still_there(c);
    }

    /// A person closed it.
    pub fn agent_closed(&mut self, handoff: &HandoffId, outcome: &str) {
        if let Some(c) = self.talk_of(handoff) {
            self.talk_over(c, HandoffState::Closed, Way::Done, Some(outcome));
        }
    }

    /// Nobody answered in time.
    pub fn nobody_answered(&mut self, c: C) {
        self.talk_over(c, HandoffState::TimedOut, Way::Timeout, None);
    }

    /// The contact fell silent: given back to the playbook.
    pub fn fell_silent(&mut self, c: C) {
        self.talk_over(c, HandoffState::Idle, Way::Idle, Some("idle"));
    }

    /// The queue's promise was missed: an alarm, and `on_sla`, once. The hand-off stays open.
    pub fn promise_missed(&mut self, c: C) {
        let level = self.top(c);
        let branch = self.with_handoff(c, |handoff| handoff.on_sla.clone()).flatten();
        let Rest::Person(talk) = &mut self.at_mut(c).rest else { return };
        talk.row.overdue = true;
        let row = talk.row.clone();
        self.out.counts.push((format!("queue/{}/overdue", row.queue), 1));
        self.out.put_handoff(row);
        if let (Some(branch), Some((_, ix))) = (branch, self.place(c, level)) {
            self.took(c, level, ix, Way::Sla);
            self.run_side(c, level, &branch, &Next::Resume);
        }
    }

    fn talk_over(&mut self, c: C, state: HandoffState, way: Way, outcome: Option<&str>) {
        if self.give_back(c, state) {
            return;
        }
        let level = self.top(c);
        let Some((plan, ix)) = self.place(c, level) else { return };
        let Some(step) = plan.steps.get(ix) else { return };
        let Verb::Handoff(handoff) = &step.verb else { return };
        self.put_handoff_state(c, state);
        self.drop_texts(c, "closed", |role| role == Role::Handoff);
        self.drop_held(c);
        self.drop_clocks(c, |due| matches!(due, Due::Person | Due::Sla | Due::Idle));
        self.took(c, level, ix, way);
        let next: Next = match outcome {
            Some(outcome) => {
                if let Some(id) = &step.id {
                    self.keep_outcome(c, level, id, outcome);
                }
                step.next.clone()
            }
            None => handoff.on_timeout.clone(),
        };
        self.at_mut(c).rest = Rest::Running;
        self.at_mut(c).steps = 0;
        self.run(c, next);
    }

    /// The conversation is left: nobody needs to answer any more.
    pub fn cancel_handoff(&mut self, c: C) {
        self.put_handoff_state(c, HandoffState::Cancelled);
    }

    pub fn put_handoff_state(&mut self, c: C, state: HandoffState) {
        let now = self.now;
        let Rest::Person(talk) = &mut self.at_mut(c).rest else { return };
        talk.row.state = state;
        talk.row.closed_at = Some(now);
        let row = talk.row.clone();
        self.out.counts.push((format!("queue/{}/{}", row.queue, state.as_str()), 1));
        self.out.put_handoff(row);
    }

    /// The conversation of an open hand-off.
    fn talk_of(&self, handoff: &HandoffId) -> Option<C> {
        self.live().into_iter().find(|c| matches!(&self.at(*c).rest, Rest::Person(talk) if talk.row.id == *handoff))
    }

    pub fn with_handoff<R>(&self, c: C, with: impl FnOnce(&Handoff) -> R) -> Option<R> {
        let (plan, ix) = self.place(c, self.top(c))?;
        match &plan.steps.get(ix)?.verb {
            Verb::Handoff(handoff) => Some(with(handoff)),
            _ => None,
        }
    }
}

/// The moment when a queue has been open for so long.
fn after_open_time(hours: &OpenHours, from: Timestamp, length: Length, zone: &TimeZone) -> Timestamp {
    /// Openings looked at before giving up on a queue that hardly ever opens.
    const MAX_OPENINGS: usize = 1_000;
    /// A day of a promise is a day's worth of open time.
    const DAY: u64 = 24 * 3600;
    let zones = std::slice::from_ref(zone);
    let mut left = Duration::from_secs(u64::from(length.days) * DAY + length.seconds);
    let mut at = from;
    for _ in 0..MAX_OPENINGS {
        at = hours.next_open(at, zones);
        let Some(closes) = hours.closes(at, zones) else { break };
        let open = Time::from(at).until(Time::from(closes));
        if open >= left {
            break;
        }
        left -= open;
        at = closes;
    }
    Time::from(at).plus(left).timestamp()
}
