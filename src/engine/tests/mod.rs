//! What transcripts can't reach: texts that wait, are being posted or whose fate is unknown, and storms of everything at once.

#![allow(clippy::unwrap_used)]

mod edits;
mod flights;
mod storms;
mod takeover;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::state::Rest;
use super::{Decision, Effects, Person, State, step};
use crate::model::event::TextIn;
use crate::model::{
    Address, Channel, Class, Contact, Event, Flight, HandoffId, Happening, MessageId, Outgoing, Payload, Phone, Priority, SenderType, Time,
};
use crate::playbook::plan::Cap;
use crate::playbook::workspace::{ClassRules, FieldKind, Queue, ReservedAnswers, Sync, Workspace};
use crate::playbook::{PlanSet, Sender, Sources, compile};
use crate::text::{Days, OpenHours, ReservedWords, Template, Window, parse_when};

/// The contact of all these tests.
const PHONE: &str = "+15125550111";
/// Our number, a short code: nobody but us answers STOP.
const OURS: &str = "50505";

/// One contact with texts at every stage of their way, in the hands of the test.
struct Bench {
    /// The playbooks.
    plans: PlanSet,
    /// The contact, as the last step left it.
    person: Person,
    /// The store's clock.
    now: Time,
    /// Texts and calls that are not settled, in the order they were queued.
    out: Vec<(Outgoing, Flight)>,
    /// Everything decided so far.
    decisions: Vec<Decision>,
}

impl Bench {
    fn new(playbooks: &[&str], now: &str) -> Bench {
        let sources = Sources {
            playbooks: playbooks.iter().enumerate().map(|(n, yaml)| (format!("{n}.yaml"), (*yaml).to_owned())).collect(),
            templates: BTreeMap::from([("last_call.txt".to_owned(), "last call".to_owned())]),
        };
        let compiled = compile(&sources, &Arc::new(workspace()), Time::default().timestamp());
        let plans = compiled.set.unwrap_or_else(|| panic!("{:#?}", compiled.faults));
        let now: Time = parse_when(now, &plans.workspace.timezone).unwrap().into();
        let mut contact = Contact::new(Phone(PHONE.to_owned()), now);
        contact.consent.insert("marketing".to_owned());
        contact.tags.insert("lead".to_owned());
        Bench { plans, person: Person { contact, state: State::default() }, now, out: Vec::new(), decisions: Vec::new() }
    }

    /// One step. It is made twice and must decide the same, and what it remembers must survive being written and read.
    fn happens(&mut self, what: Happening) -> Effects {
        let out = &self.out;
        let flight = |id: &MessageId| out.iter().find(|(known, _)| known.id == *id).map(|(_, flight)| *flight);
        let event = Event::new(self.now, what);
        let done = step(&self.plans, self.person.clone(), &event, &flight, self.now);
        let again = step(&self.plans, self.person.clone(), &event, &flight, self.now);
        assert_eq!((&done.effects, &done.decisions, &done.person.state), (&again.effects, &again.decisions, &again.person.state));
        assert_eq!(State::read(Some(&done.person.state.write())).unwrap(), done.person.state);

        for (id, _) in &done.effects.cancel {
            let place = self.out.iter().position(|(known, _)| known.id == *id);
            let (_, flight) = self.out.remove(place.unwrap_or_else(|| panic!("{id} is taken back and not there")));
            assert!(matches!(flight, Flight::Waiting | Flight::Held), "{id} is taken back while {flight:?}");
        }
        for outgoing in &done.effects.queue {
            assert!(!self.out.iter().any(|(known, _)| known.id == outgoing.id), "{} is queued twice", outgoing.id);
            self.out.push((outgoing.clone(), Flight::Waiting));
        }
        self.person = done.person;
        self.decisions.extend(done.decisions);
        done.effects
    }

    fn wrote(&mut self, body: &str) -> Effects {
        self.happens(Happening::Text(TextIn {
            sid: format!("SM{}", self.decisions.len()),
            from: Address(PHONE.to_owned()),
            to: Address(OURS.to_owned()),
            body: body.to_owned(),
            media: Vec::new(),
            button: None,
            opt_out_type: None,
            profile_name: None,
        }))
    }

    fn event(&mut self, name: &str, data: serde_json::Value) -> Effects {
        self.happens(Happening::Api { name: name.to_owned(), data, key: None })
    }

    /// Where the first text that holds these words is.
    fn place(&self, words: &str) -> Option<usize> {
        self.out.iter().position(|(outgoing, _)| body(outgoing).contains(words))
    }

    fn set(&mut self, words: &str, flight: Flight) {
        let place = self.place(words).unwrap_or_else(|| panic!("no text says `{words}`"));
        self.out[place].1 = flight;
    }

    /// Twilio takes a text.
    fn sent(&mut self, words: &str) -> Effects {
        let place = self.place(words).unwrap_or_else(|| panic!("no text says `{words}`"));
        let (outgoing, _) = self.out.remove(place);
        self.happens(Happening::Sent { message: outgoing.id, sid: None })
    }

    /// Time passes, and what is due happens.
    fn passes(&mut self, seconds: u64) {
        let until = self.now.plus(std::time::Duration::from_secs(seconds));
        while let Some(wake) = self.person.state.wake().filter(|wake| *wake <= until) {
            self.now = self.now.max(wake);
            self.happens(Happening::Clock);
            assert!(self.person.state.wake() != Some(wake), "a clock that is due does not go away");
        }
        self.now = until;
    }

    fn outcome(&self) -> Option<&str> {
        self.decisions.iter().rev().find_map(|decision| match decision {
            Decision::Ended { outcome, .. } => Some(outcome.as_str()),
            _ => None,
        })
    }
}

/// The hand-off that people could answer.
fn open_handoff(bench: &Bench) -> Option<HandoffId> {
    bench.person.state.live.iter().find_map(|conversation| match &conversation.rest {
        Rest::Person(talk) => Some(talk.row.id.clone()),
        _ => None,
    })
}

fn body(outgoing: &Outgoing) -> &str {
    match &outgoing.payload {
        Payload::Text(text) => &text.body,
        Payload::Call(_) => "",
    }
}

pub(super) fn workspace() -> Workspace {
    let hours = |window: &str| OpenHours { window: Window::parse(window), ..OpenHours::default() };
    let text = |text: &str| Template::parse(text).unwrap();
    let rules = |consent: bool, hours: OpenHours, cap: Option<Cap>| ClassRules {
        needs_consent: consent,
        hours,
        cap,
        first_needs_brand: false,
        first_needs_opt_out: false,
        resend_unknown: !consent,
    };
    let sender = |name: &str, number: &str| Sender {
        name: name.to_owned(),
        kind: SenderType::ShortCode,
        numbers: vec![Address(number.to_owned())],
        service: None,
        mps: 1.0,
    };
    let queue = || Queue { hours: OpenHours { window: Window::parse("9am-6pm"), days: Days::ALL }, assign: "round_robin".to_owned(), sla: None };
    Workspace {
        account_mps: 50.0,
        brand: "Acme Home".to_owned(),
        timezone: TimeZone::get("America/Chicago").unwrap(),
        timezone_name: "America/Chicago".to_owned(),
        language: "en".to_owned(),
        senders: vec![sender("marketing", OURS), sender("support", "60606")],
        classes: BTreeMap::from([
            (Class::Marketing, rules(true, hours("9am-8pm"), Some(Cap { count: 4, hours: 7 * 24 }))),
            (Class::Transactional, rules(false, hours("8am-9pm"), None)),
            (Class::Conversational, rules(false, OpenHours::default(), None)),
        ]),
        reserved: ReservedWords::new(&["stop"], &["start"], &["help"]),
        answers: ReservedAnswers { opt_out: text("out"), opt_in: text("in"), help: text("help yourself") },
        queues: BTreeMap::from([("sales".to_owned(), queue()), ("support".to_owned(), queue())]),
        contact_fields: BTreeMap::from([("last_order_at".to_owned(), FieldKind::Time)]),
        secrets: BTreeMap::from([("CRM_TOKEN".to_owned(), String::new())]).into(),
        http_allow: Vec::new(),
        links: "https://sms.example".to_owned(),
        prices: Default::default(),
        sync: Sync { inbound: true, outbound: true, channels: vec![Channel::Sms, Channel::Voice], messages: true, statuses: true, media: true },
    }
}
