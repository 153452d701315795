//! A turn as the journal keeps it, and the same turn made again.
//!
//! A turn is a function of the person, the events, how far the texts under way were, the plans and the time. The journal keeps all of it that
//! can't be had from the turn before: where a conversation starts the whole record, and the contact wherever somebody else has changed it
//! since. So a replay begins at a start and needs nothing but what follows.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Decision, Effects, Person, State, Step, step};
use crate::model::{Contact, Event, Flight, Happening, MessageId, Time};
use crate::playbook::PlanSet;

/// A turn of a contact, as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// What happened, in order. The words of texts stand in the messages already and are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Event>,
    /// Texts that were not settled, and how far they were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flight: Vec<(MessageId, Flight)>,
    /// The contact before, where a conversation starts or where it is not as the turn before left it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// What was remembered before, where a conversation starts; without it there is nothing to remember yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Name of the set of plans.
    pub set: String,
    /// Name of the settings.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub workspace: String,
    /// Playbooks that were stopped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stopped: Vec<String>,
    /// What was decided.
    pub decisions: Vec<Decision>,
    /// Hash of contact and state after it.
    pub after: String,
}

/// What a turn comes to: its step, and how the journal keeps it.
#[derive(Debug)]
pub struct Turned {
    /// The person from now on, what is to be done, what was decided.
    pub step: Step,
    /// For the journal; none if nothing happened.
    pub recorded: Option<Recorded>,
    /// The state's bytes, which the hash was made of.
    pub state: Vec<u8>,
}

/// The engine: `engine::step`, or in its place one that a rehearsal has tampered with.
pub type Engine = fn(&PlanSet, Person, &Event, &dyn Fn(&MessageId) -> Option<Flight>, Time) -> Step;

/// Moves a contact through its events, then through what is due by time.
pub fn turn(plans: &PlanSet, person: Person, events: &[&Event], flight: &[(MessageId, Flight)], now: Time) -> Step {
    turn_by(step, plans, person, events, flight, now)
}

/// Likewise, by this engine.
pub fn turn_by(engine: Engine, plans: &PlanSet, person: Person, events: &[&Event], flight: &[(MessageId, Flight)], now: Time) -> Step {
    let mut made = Step { person, effects: Effects::default(), decisions: Vec::new() };
    let due = Event::new(now, Happening::Clock);
    for event in events.iter().copied().chain(std::iter::once(&due)) {
        let queued: Vec<MessageId> = made.effects.queue.iter().map(|outgoing| outgoing.id.clone()).collect();
        let known = |message: &MessageId| {
            let waits = queued.contains(message).then_some(Flight::Waiting);
            waits.or_else(|| flight.iter().find(|(known, _)| known == message).map(|(_, flight)| *flight))
        };
        let next = engine(plans, made.person, event, &known, now);
        made.person = next.person;
        made.effects.absorb(next.effects);
        made.decisions.extend(next.decisions);
    }
    made
}

/// Makes a turn and writes down what a replay of it needs.
pub fn record(plans: &PlanSet, workspace: &str, person: Person, events: &[&Event], flight: &[(MessageId, Flight)], now: Time) -> Turned {
    let before = person.clone();
    let mut step = turn(plans, person, events, flight, now);
    let (recorded, state) = write_down(plans, workspace, before, events, flight, &mut step);
    Turned { step, recorded, state }
}

/// Writes down what a replay of a turn needs, none if nothing happened; with it the state's bytes, which the hash was made of.
pub fn write_down(
    plans: &PlanSet,
    workspace: &str,
    before: Person,
    events: &[&Event],
    flight: &[(MessageId, Flight)],
    made: &mut Step,
) -> (Option<Recorded>, Vec<u8>) {
    let (state, after) = seal(&mut made.person);
    if events.is_empty() && made.decisions.is_empty() {
        return (None, state);
    }
    let starts = made.decisions.iter().any(|decision| matches!(decision, Decision::Started { .. }));
    let changed = starts || before.state.seen != fingerprint(&json(&before.contact));
    let recorded = Recorded {
        events: events.iter().map(|event| wordless(event)).collect(),
        flight: flight.to_vec(),
        contact: changed.then_some(before.contact),
        state: (starts && before.state != State::default()).then_some(before.state),
        set: plans.id.clone(),
        workspace: workspace.to_owned(),
        stopped: plans.stopped.iter().cloned().collect(),
        decisions: made.decisions.clone(),
        after,
    };
    (Some(recorded), state)
}

/// What a turn made again came to.
#[derive(Debug)]
pub struct Replayed {
    /// The person after it.
    pub person: Person,
    /// What was decided this time.
    pub decisions: Vec<Decision>,
    /// What is to be done this time.
    pub effects: Effects,
    /// Decisions and record are the same to the byte.
    pub same: bool,
}

/// Makes a recorded turn again. `person` is as the turn before left it; none at the first, which must be a start.
pub fn replay(plans: &PlanSet, person: Option<Person>, recorded: &Recorded, now: Time) -> Option<Replayed> {
    let plans = plans.clone().with_stopped(recorded.stopped.iter().cloned().collect());
    let person = match person {
        Some(person) => Person { contact: recorded.contact.clone().unwrap_or(person.contact), state: person.state },
        None => Person { contact: recorded.contact.clone()?, state: recorded.state.clone().unwrap_or_default() },
    };
    let events: Vec<&Event> = recorded.events.iter().collect();
    let mut made = turn(&plans, person, &events, &recorded.flight, now);
    let (_, after) = seal(&mut made.person);
    let same = made.decisions == recorded.decisions && after == recorded.after;
    Some(Replayed { person: made.person, decisions: made.decisions, effects: made.effects, same })
}

/// Notes in the state how the contact was left, so that a change by somebody else shows. Answers with the state's bytes and the hash of both.
fn seal(person: &mut Person) -> (Vec<u8>, String) {
    let contact = json(&person.contact);
    person.state.seen = fingerprint(&contact);
    let state = person.state.write();
    let mut hash = Sha256::new();
    hash.update(&contact);
    hash.update(&state);
    (state, hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

fn json(contact: &Contact) -> Vec<u8> {
    // A map with text keys and plain values always serialises.
    serde_json::to_vec(contact).unwrap_or_default()
}

/// 32 bits: it tells one change from none, and stands in every record.
fn fingerprint(contact: &[u8]) -> u32 {
    let hash = Sha256::digest(contact);
    hash.iter().take(4).fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

/// An event without the words of its text.
fn wordless(event: &Event) -> Event {
    let mut event = event.clone();
    if let Happening::Text(text) = &mut event.what {
        text.body.clear();
    }
    event
}
