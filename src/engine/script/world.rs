//! One contact and everything around it, in memory, at virtual time. Twilio takes every text at once; HTTP calls are answered as prepared.

use jiff::tz::TimeZone;
use serde_json::Value;

use super::{Crash, Prepared, Stage, Transcript};
use crate::engine::replay::{Engine, Recorded, turn_by, write_down};
use crate::engine::state::{Conversation, SendNote, State};
use crate::engine::{Decision, Effects, Person};
use crate::model::event::Answer;
use crate::model::{Address, Contact, ConversationRow, Event, Flight, HandoffRow, Happening, MessageId, Outgoing, Payload, Phone, Text, Time};
use crate::playbook::PlanSet;
use crate::text::parse_when;

/// Steps at one moment after which a rehearsal gives up: two playbooks that feed each other for ever.
const MAX_AT_ONCE: usize = 10_000;

/// A text of the bot.
#[derive(Clone, Debug)]
pub struct Spoken {
    /// When Twilio took it.
    pub at: Time,
    /// As Twilio got it.
    pub text: Text,
    /// As it was queued.
    pub outgoing: Outgoing,
    /// The contact at that moment.
    pub contact: Contact,
    /// A person's, not the bot's.
    pub by_agent: bool,
}

/// The contact's world.
#[derive(Clone)]
pub(super) struct World {
    /// What decides.
    pub engine: Engine,
    /// The plans in force.
    pub plans: PlanSet,
    /// Virtual time.
    pub now: Time,
    /// When it began.
    pub began: Time,
    /// The contact and the engine's state, only ever as the store would hold them.
    stored: (Vec<u8>, Vec<u8>),
    /// Everything the bot said.
    pub spoken: Vec<Spoken>,
    /// How many of those a `bot` line has read.
    pub read: usize,
    /// What callers heard and no line has read.
    pub heard: Vec<String>,
    /// Prepared answers.
    pub prepared: Vec<Prepared>,
    /// Code with which Twilio refuses the next text.
    pub refuse: Option<u32>,
    /// Where the process dies next.
    pub crash: Option<Crash>,
    /// So many texts go out before it dies at one.
    pub spare: usize,
    /// Conversations as people see them.
    pub conversations: Vec<ConversationRow>,
    /// Hand-offs as people see them.
    pub handoffs: Vec<HandoffRow>,
    /// Every turn with its time and the plans it was made with, as the daemon's journal has it.
    pub journal: Vec<(Time, PlanSet, Recorded)>,
    /// Everything decided.
    pub decisions: Vec<Decision>,
    /// Links of texts, with their conversation.
    pub links: Vec<(crate::model::ConversationId, Vec<String>, String)>,
    /// What went wrong in the world itself: a call nobody prepared, an endless chain.
    pub troubles: Vec<String>,
    /// Calls that no answer was prepared for, as `http` lines name them.
    pub unprepared: Vec<String>,
    /// Our number in the newest conversation, which the contact writes to by itself.
    pub newest_from: Option<Address>,
    /// Incoming texts so far: their names.
    counted: u64,
}

impl World {
    /// The world at the beginning of a test.
    pub fn new(stage: &Stage<'_>, test: &Transcript) -> Result<World, String> {
        let ws = &stage.plans.workspace;
        let mut contact = Contact::new(Phone(test.phone.clone()), Time::default());
        for (field, value) in &test.fields {
            contact.set(field, value.clone());
        }
        if contact.text("timezone").is_none() {
            contact.set("timezone", Value::from(ws.timezone_name.as_str()));
        }
        contact.tags.extend(test.tags.iter().cloned());
        contact.lists.extend(test.lists.iter().cloned());
        contact.consent.extend(test.consent.iter().cloned());
        contact.opted_out = test.opted_out;
        if let Some(name) = contact.text("timezone").filter(|name| TimeZone::get(name).is_err()) {
            return Err(format!("`{name}` is not a time zone"));
        }
        let zone = crate::engine::zones(&contact, &ws.timezone).into_iter().next().unwrap_or_else(|| ws.timezone.clone());
        let now: Time = parse_when(&test.now, &zone).ok_or_else(|| format!("`{}` is not a time", test.now))?.into();
        contact.created_at = now;
        // Whoever said STOP before has had the answer to it.
        let mut state = State { stop_confirmed: test.opted_out, ..State::default() };
        for before in &test.before {
            let at: Time = parse_when(&before.sent, &zone).ok_or_else(|| format!("`{}` is not a time", before.sent))?.into();
            let playbook = before.playbook.clone().unwrap_or_default();
            state.sends.push(SendNote { at, class: before.class, playbook, bulk: true, message: None, quiet: false });
        }
        let mut world = World {
            engine: crate::engine::step,
            plans: stage.plans.clone().with_pins(test.variants.clone()),
            now,
            began: now,
            stored: (Vec::new(), Vec::new()),
            spoken: Vec::new(),
            read: 0,
            heard: Vec::new(),
            prepared: test.http.clone(),
            refuse: None,
            crash: None,
            spare: 0,
            conversations: Vec::new(),
            handoffs: Vec::new(),
            journal: Vec::new(),
            decisions: Vec::new(),
            links: Vec::new(),
            troubles: Vec::new(),
            unprepared: Vec::new(),
            newest_from: None,
            counted: 0,
        };
        world.store(&Person { contact, state });
        Ok(world)
    }

    /// The person as the store holds it: read back from bytes every time, so nothing can live outside them.
    pub fn person(&mut self) -> Person {
        match (serde_json::from_slice(&self.stored.0), State::read(Some(&self.stored.1))) {
            (Ok(contact), Ok(state)) => Person { contact, state },
            (contact, state) => {
                let why = contact.err().or(state.err()).map(|error| error.to_string()).unwrap_or_default();
                self.troubles.push(format!("the stored contact can't be read back: {why}"));
                Person { contact: Contact::new(Phone(String::new()), self.now), state: State::default() }
            }
        }
    }

    fn store(&mut self, person: &Person) {
        self.stored = (serde_json::to_vec(&person.contact).unwrap_or_default(), person.state.write());
    }

    /// Changes the contact as the API would.
    pub fn change(&mut self, with: impl FnOnce(&mut Contact)) {
        let mut person = self.person();
        with(&mut person.contact);
        self.store(&person);
    }

    /// The contact's zone.
    pub fn zone(&mut self) -> jiff::tz::TimeZone {
        let person = self.person();
        let ws = &self.plans.workspace;
        crate::engine::zones(&person.contact, &ws.timezone).into_iter().next().unwrap_or_else(|| ws.timezone.clone())
    }

    /// A name for an incoming text or call.
    pub fn sid(&mut self, kind: &str) -> String {
        self.counted += 1;
        format!("{kind}{:032x}", self.counted)
    }

    /// Something happens, and everything that follows from it now.
    pub fn happen(&mut self, what: Happening) {
        let mut inbox = vec![what];
        for _ in 0..MAX_AT_ONCE {
            if inbox.is_empty() {
                if !self.due(self.now) {
                    return;
                }
                inbox.push(Happening::Clock);
            }
            let what = inbox.remove(0);
            let effects = self.step(what, None);
            self.act(effects, &mut inbox);
        }
        self.troubles.push("things follow each other for ever without time passing".to_owned());
    }

    /// One step, from what is stored to what is stored. A process that dies before it has stored anything does it all again: the same.
    fn step(&mut self, what: Happening, flight: Option<(&MessageId, Flight)>) -> Effects {
        let event = Event::new(self.now, what);
        let flight: Vec<_> = flight.map(|(message, flight)| (message.clone(), flight)).into_iter().collect();
        let person = self.person();
        let once = turn_by(self.engine, &self.plans, person.clone(), &[&event], &flight, self.now);
        let mut done = if self.crash.take_if(|crash| *crash == Crash::Any).is_some() {
            let person = self.person();
            let again = turn_by(self.engine, &self.plans, person, &[&event], &flight, self.now);
            if (&once.decisions, &once.effects, &once.person.state) != (&again.decisions, &again.effects, &again.person.state) {
                self.troubles.push("after the crash the same event led to something else".to_owned());
            }
            again
        } else {
            once
        };
        let (recorded, _) = write_down(&self.plans, "", person, &[&event], &flight, &mut done);
        if let Some(mut recorded) = recorded {
            // The daemon leaves the words to the messages; here is no store to have them from.
            recorded.events = vec![event];
            self.journal.push((self.now, self.plans.clone(), recorded));
        }
        let begun = |conversation: &&Conversation| {
            let begins = |decision: &Decision| matches!(decision, Decision::Started { conversation: id, .. } if *id == conversation.id);
            done.decisions.iter().any(begins)
        };
        if let Some(conversation) = done.person.state.live.iter().rfind(begun) {
            self.newest_from = Some(conversation.from.clone());
        }
        self.store(&done.person);
        self.decisions.extend(done.decisions);
        done.effects
    }

    /// Does what a step asked for: Twilio takes texts, prepared answers come.
    fn act(&mut self, effects: Effects, inbox: &mut Vec<Happening>) {
        for row in effects.conversations {
            match self.conversations.iter_mut().find(|known| known.id == row.id) {
                Some(known) => *known = row,
                None => self.conversations.push(row),
            }
        }
        for row in effects.handoffs {
            match self.handoffs.iter_mut().find(|known| known.id == row.id) {
                Some(known) => *known = row,
                None => self.handoffs.push(row),
            }
        }
        for outgoing in effects.queue {
            // What waits is written out and read back too: a crash before the send changes nothing else.
            let stored = serde_json::to_vec(&outgoing).unwrap_or_default();
            let Ok(outgoing) = serde_json::from_slice::<Outgoing>(&stored) else {
                self.troubles.push("a queued text can't be read back".to_owned());
                continue;
            };
            match outgoing.payload.clone() {
                Payload::Text(text) => self.send(outgoing, text, inbox),
                Payload::Call(call) => {
                    let answer = self.answer(&call);
                    inbox.push(Happening::Answered { message: outgoing.id, answer });
                }
            }
        }
    }

    /// Twilio takes a text, or refuses it; the process may die before or after.
    fn send(&mut self, outgoing: Outgoing, text: Text, inbox: &mut Vec<Happening>) {
        let spared = self.spare > 0 && self.crash != Some(Crash::Any);
        self.spare = self.spare.saturating_sub(1);
        let crash = if spared { None } else { self.crash.take() };
        if crash == Some(Crash::BeforeSend) && !self.restart(&outgoing.id, Flight::Waiting, inbox) {
            return;
        }
        let message = outgoing.id.clone();
        if let Some(code) = self.refuse.take() {
            return inbox.push(Happening::NotSent { message, code: Some(code), why: format!("refused with {code}") });
        }
        for link in &text.links {
            if let Some(conversation) = &outgoing.conversation {
                self.links.push((conversation.clone(), link.marks.clone(), link.url.clone()));
            }
        }
        let by_agent = outgoing.jumps && outgoing.conversation.is_some();
        let contact = self.person().contact;
        self.spoken.push(Spoken { at: self.now, text, outgoing, contact, by_agent });
        if crash == Some(Crash::AfterSend) {
            // Twilio has it and we don't know: at the restart its fate is unknown, until a look at Twilio's list settles it.
            self.restart(&message, Flight::Unknown, inbox);
        }
        inbox.push(Happening::Sent { message, sid: Some("SM".to_owned()) });
    }

    /// The process starts again from its store while a text is so far on its way. False: the text was taken back.
    fn restart(&mut self, message: &MessageId, flight: Flight, inbox: &mut Vec<Happening>) -> bool {
        let effects = self.step(Happening::Clock, Some((message, flight)));
        let stays = effects.cancel.iter().all(|(id, _)| id != message);
        self.act(effects, inbox);
        stays
    }

    /// The prepared answer of a call, all its attempts included.
    fn answer(&mut self, call: &crate::model::Call) -> Answer {
        let wanted = format!("{} {}", call.method, call.url);
        let mut left = call.retries + 1;
        loop {
            left -= 1;
            let Some(place) = self.prepared.iter().position(|prepared| wanted.starts_with(&prepared.call)) else {
                self.troubles.push(format!("no answer is prepared for `{wanted}`; add a line `http: {wanted}` before it"));
                self.unprepared.push(wanted);
                return Answer::Failure { why: "no answer was prepared".to_owned() };
            };
            let Some(prepared) = self.prepared.get_mut(place) else { return Answer::Failure { why: String::new() } };
            let answer = prepared.answer.clone();
            let all_attempts = prepared.times.is_none();
            match &mut prepared.times {
                Some(times) if *times > 1 => *times -= 1,
                _ => {
                    self.prepared.remove(place);
                }
            }
            let again = match &answer {
                Err(_) => true,
                Ok((status, _)) => *status == 408 || *status == 429 || *status >= 500,
            };
            if !again || left == 0 || all_attempts {
                return match answer {
                    Ok((status, body)) => Answer::Response { status, headers: std::collections::BTreeMap::new(), body },
                    Err(fail) => Answer::Failure { why: format!("the call failed: {fail}") },
                };
            }
        }
    }

    /// Lets time pass; everything due by the way happens at its own time.
    pub fn advance(&mut self, to: Time) {
        while let Some(due) = self.wake().filter(|due| *due <= to) {
            self.now = self.now.max(due);
            self.happen(Happening::Clock);
            if self.wake() == Some(due) || !self.troubles.is_empty() {
                break;
            }
        }
        self.now = self.now.max(to);
    }

    /// The earliest open clock.
    pub fn wake(&mut self) -> Option<Time> {
        self.person().state.wake()
    }

    fn due(&mut self, now: Time) -> bool {
        self.wake().is_some_and(|wake| wake <= now)
    }

    /// The newest conversation of a playbook.
    pub fn newest(&self, playbook: &str) -> Option<&ConversationRow> {
        self.conversations.iter().rfind(|row| row.playbook == playbook)
    }
}
