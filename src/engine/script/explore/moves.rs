//! What can happen next: everything the contact, the clock, a program, a person, Twilio and other servers could do at this point.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::rehearsal::Rehearsal;
use super::super::{Act, Prepared, Start, Transcript, Wrote};
use super::answers::{for_nobody, for_rule, words};
use crate::engine::matching::Reader;
use crate::engine::state::{Conversation, Rest, State};
use crate::model::Time;
use crate::playbook::plan::{ExitOn, Plan, Rule, Verb};

/// Samples of one kind that are tried: enough for the branches that data decides, few enough to end.
const MOST: usize = 3;

/// What the playbook's own tests show of the world around it.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples {
    /// Data of events, by name.
    events: BTreeMap<String, Vec<Value>>,
    /// What contacts wrote.
    texts: Vec<Wrote>,
    /// Answers to HTTP calls.
    answers: Vec<Prepared>,
    /// How people closed hand-offs.
    closes: Vec<String>,
}

impl Samples {
    /// From tests.
    pub fn of(tests: &[Transcript]) -> Samples {
        let mut samples = Samples::default();
        let mut event = |name: &String, data: &Value| {
            let known = samples.events.entry(name.clone()).or_default();
            if !known.iter().any(|other| shape(other) == shape(data)) {
                known.push(data.clone());
            }
        };
        for test in tests {
            samples.answers.extend(test.http.iter().cloned());
            if let Some(Start::Event(name, data)) = &test.start {
                event(name, data);
            }
            for line in &test.script {
                match &line.act {
                    Act::Event(name, data) | Act::Start(Start::Event(name, data)) => event(name, data),
                    Act::Contact(wrote) => samples.texts.push(wrote.clone()),
                    Act::Http(prepared) => samples.answers.push(prepared.clone()),
                    Act::AgentCloses(outcome) if !samples.closes.contains(outcome) => samples.closes.push(outcome.clone()),
                    _ => {}
                }
            }
        }
        samples
    }

    /// Data for an event as tests show it, with the ids of the conversation's own, so that keys fit. Nothing known: the own, or none.
    pub fn event(&self, name: &str, own: Option<&Value>) -> Vec<Value> {
        let shown = self.events.get(name).map(Vec::as_slice).unwrap_or_default();
        let mut found: Vec<Value> = Vec::new();
        for data in shown.iter().map(|data| mixed(data, own)) {
            if !found.contains(&data) && found.len() < MOST {
                found.push(data);
            }
        }
        if found.is_empty() {
            found.push(own.cloned().unwrap_or_else(|| Value::Object(Map::new())));
        }
        found
    }

    /// Whether tests show data for an event.
    pub fn knows(&self, name: &str) -> bool {
        self.events.contains_key(name)
    }

    /// Answers for a call; with each whether it is made up.
    pub fn answers(&self, call: &str) -> Vec<(Prepared, bool)> {
        let mut found: Vec<(Prepared, bool)> = Vec::new();
        for sample in self.answers.iter().filter(|sample| call.starts_with(&sample.call)) {
            let answer = Prepared { call: call.to_owned(), answer: sample.answer.clone(), times: None };
            if found.len() < MOST && !found.iter().any(|(known, _)| known.answer == answer.answer) {
                found.push((answer, false));
            }
        }
        let has = |found: &[(Prepared, bool)], good: bool| {
            found.iter().any(|(known, _)| matches!(known.answer, Ok((status, _)) if (200..300).contains(&status)) == good)
        };
        if !has(&found, true) {
            found.push((Prepared { call: call.to_owned(), answer: Ok((200, Value::Object(Map::new()))), times: None }, true));
        }
        if !has(&found, false) {
            found.push((Prepared { call: call.to_owned(), answer: Err("timeout".to_owned()), times: None }, false));
        }
        found
    }
}

/// An event's data with that of the conversation's own where both name the same: ids that tell conversations apart.
fn mixed(data: &Value, own: Option<&Value>) -> Value {
    let mut data = data.clone();
    if let (Value::Object(fields), Some(Value::Object(own))) = (&mut data, own) {
        for (name, value) in own {
            if let Some(field) = fields.get_mut(name) {
                *field = value.clone();
            }
        }
    }
    data
}

/// What tells data apart for a walk: its names, which of them are true or false, and what kind the others are. Order numbers are alike.
pub(super) fn shape(data: &Value) -> String {
    match data {
        Value::Object(fields) => fields.iter().map(|(name, value)| format!("{name}:{},", shape(value))).collect(),
        Value::Array(members) => members.first().map_or_else(String::new, |first| format!("[{}]", shape(first))),
        Value::String(_) => "text".to_owned(),
        Value::Number(_) => "number".to_owned(),
        known => known.to_string(),
    }
}

/// Everything that can happen now, in a fixed order.
pub(super) fn moves(on: &mut Rehearsal<'_>, samples: &Samples) -> Vec<Act> {
    let person = on.world.person();
    let state = &person.state;
    let zone = on.zone();
    let today = zone.to_datetime(on.now().timestamp()).date();
    let ws = on.plans().workspace.clone();
    let language = person.contact.text("language").unwrap_or(&ws.language).to_owned();
    let reader = Reader { phone: person.contact.phone.as_str(), language: &language, today };
    let mut acts: Vec<Act> = Vec::new();
    let walked = on.head.playbook.clone();
    if !goes_on(state, &walked) {
        return acts;
    }
    let mut add = |act: Act| {
        if !acts.iter().any(|known| format!("{known:?}") == format!("{act:?}")) {
            acts.push(act);
        }
    };
    let asked = listening(state).filter(|asked| asked.playbook == walked);
    if let Some(asked) = asked {
        texts(on, asked, samples, &reader).into_iter().for_each(|wrote| add(Act::Contact(wrote)));
        add(Act::Delivery("undelivered".to_owned(), Some(30003)));
    }
    if asked.is_none() {
        add(Act::Contact(words("Hello?")));
    }
    for live in state.live.iter().filter(|live| live.playbook == walked) {
        let Some(main) = on.plans().plan(&live.plan) else { continue };
        if let (Rest::Event { .. }, Some((plan, ix))) = (&live.rest, place(on, live))
            && let Some(Verb::WaitFor(wait)) = plan.steps.get(ix).map(|step| &step.verb)
        {
            samples.event(&wait.event, live.event.as_ref()).into_iter().for_each(|data| add(Act::Event(wait.event.clone(), data)));
        }
        if let Rest::Person(_) = live.rest {
            add(Act::Agent("I am on it.".to_owned()));
            samples.closes.iter().for_each(|outcome| add(Act::AgentCloses(outcome.clone())));
            add(Act::AgentCloses("closed".to_owned()));
        }
        let exits = main.exit.iter().map(|exit| &exit.on);
        for on in exits {
            match on {
                ExitOn::Event(name) => {
                    samples.event(name, live.event.as_ref()).into_iter().for_each(|data| add(Act::Event(name.clone(), data)));
                }
                ExitOn::Tagged(tag) if !person.contact.tags.contains(tag) => add(Act::Tagged(tag.clone())),
                ExitOn::Tagged(_) => {}
            }
        }
        if let Some(goal) = main.goal.as_ref().filter(|_| !live.goal) {
            samples.event(&goal.event, live.event.as_ref()).into_iter().take(1).for_each(|data| add(Act::Event(goal.event.clone(), data)));
        }
        let opened = on
            .world
            .links
            .iter()
            .filter(|(conversation, marks, _)| *conversation == live.id && marks.first().is_some_and(|mark| !live.clicked.contains(mark)));
        opened.filter_map(|(_, marks, _)| marks.first()).for_each(|mark| add(Act::Click(mark.clone())));
    }
    if let Some(wake) = state.wake() {
        add(Act::AdvanceTo(written(wake, &zone)));
    }
    if !state.live.is_empty() && !person.contact.opted_out {
        add(Act::Contact(words("STOP")));
    }
    acts
}

/// Whether something of the walked playbook can still happen.
fn goes_on(state: &State, walked: &str) -> bool {
    let late = state.late.as_ref().is_some_and(|late| late.conversation.playbook == walked);
    late || state.live.iter().any(|live| live.playbook == walked)
}

/// The conversation that hears the contact: at an open question, or one that a late reply opens again.
fn listening(state: &State) -> Option<&Conversation> {
    let holder = state.line.as_ref().and_then(|id| state.live.iter().find(|live| live.id == *id));
    let open = holder.filter(|live| matches!(&live.rest, Rest::Question(open) if open.open));
    open.or_else(|| state.late.as_ref().filter(|_| holder.is_none()).map(|late| &late.conversation))
}

/// A text for each rule that is asked now, and one for none of them.
fn texts(on: &Rehearsal<'_>, asked: &Conversation, samples: &Samples, reader: &Reader<'_>) -> Vec<Wrote> {
    let Some((plan, ix)) = place(on, asked) else { return Vec::new() };
    let Some(Verb::Question(question)) = plan.steps.get(ix).map(|step| &step.verb) else { return Vec::new() };
    let anytime = asked.frames.iter().rev().filter_map(|frame| on.plans().by_name(&frame.playbook)).flat_map(|plan| plan.anytime.iter());
    let mut before: Vec<&Rule> = Vec::new();
    let mut texts = Vec::new();
    for rule in question.rules.iter().chain(anytime) {
        texts.extend(for_rule(rule, &before, &samples.texts, reader));
        before.push(rule);
    }
    texts.extend(for_nobody(&before, reader));
    texts
}

/// The innermost plan of a conversation and where it stands there.
fn place<'o>(on: &'o Rehearsal<'_>, live: &Conversation) -> Option<(&'o Plan, usize)> {
    let main = on.plans().plan(&live.plan)?;
    let frame = live.frames.last()?;
    let mut plan: &Plan = main;
    for inner in live.frames.iter().skip(1).filter(|frame| frame.side.is_none()) {
        plan = plan.runs.get(&inner.playbook)?;
    }
    Some((plan, frame.at))
}

/// A moment as a script has it: the contact's wall clock if that says it all.
pub(super) fn written(at: Time, zone: &jiff::tz::TimeZone) -> String {
    let local = zone.to_datetime(at.timestamp());
    let text = local.strftime("%Y-%m-%d %H:%M").to_string();
    if crate::text::parse_when(&text, zone) == Some(at.timestamp()) { text } else { at.timestamp().to_string() }
}
