//! A stored conversation as a test: what came from outside happens again, at the same moments and to the same version, and whatever the bot
//! says to it becomes the script's `bot` lines. The phone is another one; where that shows (the draws of splits, the hold-out) it is pinned.
//!
//! A test has one contact, Twilio that takes everything at once, and whole seconds. Where the life of the conversation was more than that,
//! `apart` says so.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::explore::part;
use super::mask::Mask;
use super::rehearsal::Rehearsal;
use super::{Act, Before, Line, Prepared, Said, Stage, Start, Transcript, Wrote};
use crate::engine::replay::Recorded;
use crate::engine::{Decision, Way, zones};
use crate::model::{Contact, ConversationRow, Happening, MessageId, Outgoing, Payload, Text, Time};
use crate::playbook::Plan;
use crate::playbook::plan::{TriggerKind, Verb};
use crate::text::parse_when;

/// A schedule that started the contact came round no longer ago than this: the world's clocks, and a broadcast that took a day.
const SINCE_TICK_SECONDS: i64 = 50 * 3600;

/// HTTP calls that one event may lead to.
const MAX_CALLS: usize = 20;

/// A turn of the journal, with what it queued when it was made again.
#[derive(Clone, Debug)]
pub struct Turned {
    /// When it was made.
    pub at: Time,
    /// As the journal has it.
    pub recorded: Recorded,
    /// Texts and calls that it queued.
    pub queue: Vec<Outgoing>,
}

/// A conversation told as a test.
#[derive(Debug)]
pub struct Recounted {
    /// The test; it passes against the plans it was made with.
    pub test: Transcript,
    /// What it leaves out, or says otherwise than it was, in sentences.
    pub apart: Vec<String>,
}

/// What happened from outside, and the texts that followed before the next such thing.
struct Moment<'t> {
    /// When, in whole seconds.
    at: Time,
    /// What; none where only a clock was due.
    act: Option<Act>,
    /// What was queued then.
    texts: Vec<(&'t MessageId, &'t Text)>,
}

/// Tells a conversation by the turns of its contact, from its start on.
pub fn recount(stage: &Stage<'_>, conversation: &ConversationRow, turns: &[Turned]) -> Result<Recounted, String> {
    let first = turns.first().ok_or("the journal does not have its beginning any more")?;
    let contact = first.recorded.contact.as_ref().ok_or("the journal does not have its beginning any more")?;
    let plan = stage.plans.by_name(&conversation.playbook).ok_or_else(|| format!("there is no playbook `{}`", conversation.playbook))?;
    let zone = zones(contact, &stage.plans.workspace.timezone).into_iter().next().unwrap_or(TimeZone::UTC);
    let mask = Mask::of(contact);
    let mut apart = Apart::default();
    let refused: BTreeMap<&MessageId, u32> = events(turns).filter_map(refusal).collect();
    let moments = moments(stage, plan, turns, &mask, &mut apart);
    let by_schedule = moments.iter().find_map(|moment| matches!(moment.act, Some(Act::Start(_))).then_some(moment.at));
    let began = match by_schedule {
        Some(at) => tick_before(stage, plan, at, &zone)?,
        None => whole(first.at),
    };
    let head = Transcript {
        name: format!("as on {}, {}", zone.to_datetime(first.at.timestamp()).date(), conversation.outcome.as_deref().unwrap_or("still open")),
        line: 0,
        playbook: conversation.playbook.clone(),
        now: when(began, &zone),
        phone: mask.instead.clone(),
        fields: fields(contact, &zone, &mask),
        // A tag that a line sets is not there yet.
        tags: contact.tags.iter().filter(|tag| !tags_from_outside(turns).any(|set| set == *tag)).cloned().collect(),
        lists: contact.lists.iter().cloned().collect(),
        consent: contact.consent.iter().cloned().collect(),
        opted_out: contact.opted_out,
        start: None,
        before: before(first, &zone),
        http: Vec::new(),
        variants: pins(stage, plan, turns),
        script: Vec::new(),
        expect: Vec::new(),
    };
    let answers = events(turns).filter_map(|what| if let Happening::Answered { answer, .. } = what { Some(mask.answer(answer)) } else { None });
    let mut teller = Teller { on: Rehearsal::new(stage, &head)?, script: Vec::new(), answers: answers.collect(), zone };
    let mut said: Vec<String> = Vec::new();
    for (place, moment) in moments.iter().enumerate() {
        // A schedule's start lets the clock run by itself.
        if !matches!(moment.act, Some(Act::Start(_))) {
            teller.until(moment.at);
        }
        for (nth, (message, _)) in moment.texts.iter().enumerate() {
            match refused.get(message) {
                Some(code) if nth == 0 => teller.perform(Act::Refuse(*code), &mut apart),
                Some(_) => apart.note("Twilio refused a text that was not the first of several; the test lets it through"),
                None => {}
            }
        }
        if let Some(act) = &moment.act {
            teller.perform(act.clone(), &mut apart);
        } else if place == 0 {
            apart.note("it began by itself, which no line of a test can do");
        }
        said.extend(moment.texts.iter().filter(|(message, _)| !refused.contains_key(message)).map(|(_, text)| mask.text(&bare(text))));
    }
    let Teller { on, script, .. } = teller;
    let spoken = || on.spoken().iter().filter(|spoken| !spoken.by_agent);
    let again: Vec<String> = spoken().map(|spoken| bare(&spoken.text)).collect();
    if let Some(nth) = (0..said.len().max(again.len())).find(|nth| said.get(*nth) != again.get(*nth)) {
        let shown = |texts: &[String]| texts.get(nth).map_or("nothing".to_owned(), |text| format!("`{text}`"));
        apart.note(&format!("text {} is {} in the test and was {}", nth + 1, shown(&again), shown(&said)));
    }
    let outcome = on.newest().and_then(|row| row.outcome.clone());
    if outcome != conversation.outcome {
        let word = |outcome: &Option<String>| outcome.as_ref().map_or("still open".to_owned(), |outcome| format!("`{outcome}`"));
        apart.note(&format!("it ends as {} in the test and was {}", word(&outcome), word(&conversation.outcome)));
    }
    let expect = vec![("outcome".to_owned(), 0, outcome.map_or(Value::Null, Value::from)), ("sent".to_owned(), 0, Value::from(spoken().count()))];
    Ok(Recounted { test: Transcript { script, expect, ..head }, apart: apart.0 })
}

/// Sentences, each once.
#[derive(Default)]
struct Apart(Vec<String>);

impl Apart {
    fn note(&mut self, sentence: &str) {
        if !self.0.iter().any(|known| known == sentence) {
            self.0.push(sentence.to_owned());
        }
    }
}

fn events(turns: &[Turned]) -> impl Iterator<Item = &Happening> {
    turns.iter().flat_map(|turn| &turn.recorded.events).map(|event| &event.what)
}

fn tags_from_outside(turns: &[Turned]) -> impl Iterator<Item = &String> {
    events(turns).filter_map(|what| if let Happening::Tagged { tag } = what { Some(tag) } else { None })
}

fn refusal(what: &Happening) -> Option<(&MessageId, u32)> {
    match what {
        Happening::NotSent { message, code: Some(code), .. } => Some((message, *code)),
        _ => None,
    }
}

/// Moments and lines of a test have whole seconds.
fn whole(at: Time) -> Time {
    Time(at.0 - at.0.rem_euclid(1_000_000))
}

/// As a script writes a moment: by the contact's clock where that says it all.
fn when(at: Time, zone: &TimeZone) -> String {
    let local = zone.to_datetime(at.timestamp());
    let text = local.strftime(if local.second() == 0 { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" }).to_string();
    if parse_when(&text, zone) == Some(at.timestamp()) { text } else { at.rfc3339() }
}

/// A text without the codes of its links, which are made of the contact.
fn bare(text: &Text) -> String {
    text.links.iter().fold(text.body.clone(), |body, link| body.replace(&format!("/l/{}", link.code), "/l/…"))
}

/// A minute before the schedule's tick that led to a start.
fn tick_before(stage: &Stage<'_>, plan: &Plan, at: Time, zone: &TimeZone) -> Result<Time, String> {
    let timed = |kind: &TriggerKind| matches!(kind, TriggerKind::Cron { .. } | TriggerKind::At { .. });
    let trigger = plan.triggers.iter().map(|trigger| &trigger.kind).find(|kind| timed(kind));
    let none = || format!("`{}` was started by a broadcast of the API, and tests know only those of a `cron` or `at` trigger", plan.name);
    let kind = trigger.ok_or_else(none)?;
    let at = at.timestamp();
    let mut from = Timestamp::from_second(at.as_second() - SINCE_TICK_SECONDS).map_err(|_| none())?;
    let mut tick = None;
    while let Some(next) = (stage.next_time)(kind, from, zone).filter(|next| *next <= at) {
        (from, tick) = (next, Some(next));
    }
    let tick = tick.ok_or_else(none)?;
    Ok(Time(Time::from(tick).0 - 60_000_000))
}

/// The contact's fields, with its zone.
fn fields(contact: &Contact, zone: &TimeZone, mask: &Mask) -> Map<String, Value> {
    let mut fields: Map<String, Value> = contact.fields.iter().map(|(name, value)| (name.clone(), mask.value(value))).collect();
    if let Some(zone) = zone.iana_name() {
        fields.entry("timezone").or_insert_with(|| Value::from(zone));
    }
    fields
}

/// Texts that caps counted at the start.
fn before(first: &Turned, zone: &TimeZone) -> Vec<Before> {
    let sends = first.recorded.state.iter().flat_map(|state| &state.sends);
    let playbook = |name: &String| Some(name.clone()).filter(|name| !name.is_empty());
    sends.map(|send| Before { sent: when(whole(send.at), zone), class: send.class, playbook: playbook(&send.playbook) }).collect()
}

/// The branches that splits drew for the contact's own phone.
fn pins(stage: &Stage<'_>, plan: &Plan, turns: &[Turned]) -> BTreeMap<String, String> {
    let mut pins = BTreeMap::new();
    for decision in turns.iter().flat_map(|turn| &turn.recorded.decisions) {
        let Decision::Took { playbook, at, way: Way::Branch(number), .. } = decision else { continue };
        let plan = if *playbook == plan.name { Some(plan) } else { stage.plans.by_name(playbook).map(AsRef::as_ref) };
        let step = plan.and_then(|plan| plan.steps.get(*at));
        if let Some(Verb::Split(arms)) = step.map(|step| &step.verb)
            && let (Some(id), Some(arm)) = (step.and_then(|step| step.id.clone()), arms.get(*number))
        {
            pins.insert(id, arm.name.clone());
        }
    }
    if plan.audience.as_ref().is_some_and(|audience| audience.holdout > 0.0) {
        pins.insert("#holdout".to_owned(), "in".to_owned());
    }
    pins
}

/// What happened, moment by moment. What a line can't say is noted.
fn moments<'t>(stage: &Stage<'_>, plan: &Plan, turns: &'t [Turned], mask: &Mask, apart: &mut Apart) -> Vec<Moment<'t>> {
    let mut moments: Vec<Moment<'t>> = Vec::new();
    for (number, turn) in turns.iter().enumerate() {
        if number == 0 && turn.recorded.state.as_ref().is_some_and(|state| !state.live.is_empty()) {
            apart.note("the contact was in other conversations when it began, which the test leaves out");
        }
        // Where a conversation starts the contact is kept anyway, and a tag from outside is a line.
        let starts = turn.recorded.decisions.iter().any(|decision| matches!(decision, Decision::Started { .. }));
        let tagged = turn.recorded.events.iter().any(|event| matches!(event.what, Happening::Tagged { .. }));
        if number > 0 && !starts && !tagged && turn.recorded.contact.is_some() {
            apart.note("the contact was changed from outside meanwhile, which the test leaves out");
        }
        if turn.recorded.decisions.iter().any(|decision| matches!(decision, Decision::Moved { .. })) {
            apart.note("it went on in a new version meanwhile; the test stays in the first");
        }
        let at = whole(turn.at);
        if turn.recorded.events.iter().all(|event| event.what == Happening::Clock) {
            moments.push(Moment { at, act: None, texts: Vec::new() });
        }
        for event in &turn.recorded.events {
            if let Some(act) = act(stage, plan, &event.what, mask, apart) {
                moments.push(Moment { at, act: Some(act), texts: Vec::new() });
            }
        }
        let texts = turn.queue.iter().filter(|outgoing| !(outgoing.jumps && outgoing.conversation.is_some())).filter_map(|outgoing| {
            let Payload::Text(text) = &outgoing.payload else { return None };
            Some((&outgoing.id, text))
        });
        match moments.last_mut() {
            Some(last) => last.texts.extend(texts),
            None => moments.push(Moment { at, act: None, texts: texts.collect() }),
        }
    }
    moments
}

/// An event as a line of a script; none where it comes by itself, or where no line can say it.
fn act(stage: &Stage<'_>, plan: &Plan, what: &Happening, mask: &Mask, apart: &mut Apart) -> Option<Act> {
    // Named only where it is not the one that a test takes by itself.
    let sender = |to: &crate::model::Address| {
        let ws = &stage.plans.workspace;
        let usual = ws.sender(plan.from.as_deref()).map(|sender| &sender.name);
        ws.sender_of(to).filter(|sender| Some(&sender.name) != usual).map(|sender| sender.name.clone())
    };
    Some(match what {
        Happening::Text(text) => {
            let wrote = Wrote { text: mask.text(&text.body), media: text.media.clone(), button: text.button.clone(), to: sender(&text.to) };
            Act::Contact(if wrote.button.as_ref() == Some(&wrote.text) { Wrote { text: String::new(), ..wrote } } else { wrote })
        }
        Happening::Call(call) => Act::Call(sender(&crate::model::Address(call.to.clone()))),
        Happening::Clicked { marks, .. } => Act::Click(marks.first()?.clone()),
        Happening::Api { name, data, key } => {
            let mut data = mask.value(data);
            if let (Some(key), Value::Object(data)) = (key, &mut data) {
                data.entry("key").or_insert_with(|| Value::from(mask.text(key)));
            }
            Act::Event(name.clone(), data)
        }
        Happening::Tagged { tag } => Act::Tagged(tag.clone()),
        Happening::Start { .. } => Act::Start(Start::Cron(Some(plan.name.clone()))),
        Happening::AgentText { text, .. } => Act::Agent(mask.text(text)),
        Happening::AgentClosed { outcome, .. } => Act::AgentCloses(outcome.clone()),
        Happening::Undelivered { status, code, .. } => Act::Delivery(status.clone(), *code),
        Happening::TakenOver { .. } => {
            apart.note("a person took it over by hand, which no line of a test can do");
            return None;
        }
        Happening::Stopped { .. } => {
            apart.note("the playbook was stopped, which no line of a test can do");
            return None;
        }
        Happening::NotSent { code: None, .. } => {
            apart.note("nobody could tell whether a text went out; the test lets it through");
            return None;
        }
        _ => return None,
    })
}

/// Plays what happened and writes the script of it.
struct Teller<'s> {
    on: Rehearsal<'s>,
    script: Vec<Line>,
    /// What other servers answered, in order.
    answers: VecDeque<Result<(u16, Value), String>>,
    zone: TimeZone,
}

impl Teller<'_> {
    /// Lets time pass.
    fn until(&mut self, at: Time) {
        if at > self.on.now() {
            let act = Act::AdvanceTo(when(at, &self.zone));
            // A moment that was written so is read so.
            self.perform(act, &mut Apart::default());
        }
    }

    /// Does a line and writes it down, with what other servers answered before it and what was said after it.
    fn perform(&mut self, act: Act, apart: &mut Apart) {
        let before = self.on.clone();
        let said = before.spoken().len();
        let mut answered: Vec<Act> = Vec::new();
        loop {
            self.on = before.clone();
            if let Err(why) = answered.iter().chain([&act]).try_for_each(|act| self.on.act(act)) {
                self.on = before;
                apart.note(&format!("a line can't be played: {why}"));
                return;
            }
            let Some(call) = self.on.take_unprepared().into_iter().next().filter(|_| answered.len() < MAX_CALLS) else { break };
            let answer = self.answers.pop_front().unwrap_or_else(|| {
                apart.note(&format!("`{call}` had no answer yet; the test takes it as refused"));
                Err("refused".to_owned())
            });
            answered.push(Act::Http(Prepared { call, answer, times: None }));
        }
        self.on.take_troubles().iter().for_each(|trouble| apart.note(trouble));
        let heard = self.on.take_heard().into_iter().map(|heard| Act::Voice(part(&heard)));
        let texts = self.on.spoken().iter().skip(said).filter(|spoken| !spoken.by_agent);
        let texts = texts.map(|spoken| Act::Bot(Said { text: Some(part(&spoken.text.body)), ..Said::default() }));
        let lines = answered.into_iter().chain([act]).chain(heard).chain(texts).map(|act| Line { at: 0, act });
        self.script.extend(lines);
    }
}
