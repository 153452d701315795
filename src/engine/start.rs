//! A conversation begins, or does not, and why.

use std::sync::Arc;

use serde_json::Value;

use super::state::{Conversation, Frame, OpenGoal, Rest, Said, StartNote};
use super::turn::{C, Turn};
use super::{Decision, draw};
use crate::model::{Address, Audience, BroadcastId, ConversationId};
use crate::playbook::compile_audience;
use crate::playbook::plan::{Entry, IfBusy, IfRunning, Next, Plan};

/// What brought a conversation about.
#[derive(Clone, Debug)]
pub(super) enum Cause {
    /// The contact's own text.
    Text {
        /// Our number it was written to.
        to: Address,
        /// As `reply` in the playbook.
        reply: Value,
    },
    /// The contact's own call.
    Call {
        /// Our number that was called.
        to: Address,
        /// As `event` in the playbook.
        event: Value,
    },
    /// An API event.
    Event(Value),
    /// A tag.
    Tag,
    /// A broadcast.
    Broadcast {
        /// Which.
        id: BroadcastId,
        /// Our number, if the broadcast chose one.
        number: Option<String>,
        /// Its own audience, if it is not the playbook's.
        audience: Option<Audience>,
    },
}

/// A wish to begin.
pub(super) struct Begin<'p> {
    /// Which playbook.
    plan: &'p Arc<Plan>,
    /// Why.
    cause: Cause,
    /// What becomes of one that runs.
    if_running: IfRunning,
    /// Tells it from others.
    key: Option<String>,
}

impl<'p> Begin<'p> {
    /// Without a key.
    pub fn new(plan: &'p Arc<Plan>, cause: Cause, if_running: IfRunning) -> Begin<'p> {
        Begin { plan, cause, if_running, key: None }
    }

    /// With a key.
    pub fn keyed(mut self, key: Option<String>) -> Begin<'p> {
        self.key = key;
        self
    }
}

impl Turn<'_> {
    /// Begins a conversation, or says why not. True: it began, or a live one took the event.
    pub fn begin(&mut self, begin: Begin<'_>) -> bool {
        let plan = begin.plan.clone();
        match self.refusal(&begin) {
            Ok(old) => {
                if let Some(old) = old {
                    match begin.if_running {
                        IfRunning::Update => {
                            self.update(old, begin.cause);
                            return true;
                        }
                        _ => {
                            self.unwind(old, "replaced");
                            self.give_line();
                        }
                    }
                }
                self.begin_now(&plan, begin);
                true
            }
            Err(reason) => {
                self.out.counts.push((format!("playbook/{}/not_started/{reason}", plan.name), 1));
                if let Cause::Broadcast { id, .. } = &begin.cause {
                    self.out.counts.push((format!("broadcast/{id}/skipped/{reason}"), 1));
                }
                self.decide(Decision::NotStarted { playbook: plan.name.clone(), reason: reason.to_owned() });
                false
            }
        }
    }

    /// Why it may not begin, or the live conversation that is to be replaced or updated.
    fn refusal(&mut self, begin: &Begin<'_>) -> Result<Option<C>, &'static str> {
        let plan = begin.plan;
        if self.contact.opted_out {
            return Err("opted_out");
        }
        let same = |c: &C| !self.is_left(*c) && self.at(*c).playbook == plan.name && self.at(*c).key == begin.key;
        let running = self.live().into_iter().find(same);
        let old = match (running, begin.if_running) {
            (Some(_), IfRunning::Ignore) => return Err("running"),
            (Some(c), IfRunning::Restart | IfRunning::Update) => Some(c),
            (Some(_), IfRunning::Parallel) | (None, _) => None,
        };
        if old.is_none() && !self.may_enter(plan, begin.key.as_deref()) {
            return Err("entry");
        }
        if let Cause::Broadcast { audience, .. } = &begin.cause {
            self.broadcast_refusal(plan, audience.as_ref())?;
        }
        let own = matches!(begin.cause, Cause::Text { .. } | Cause::Call { .. });
        let needs_consent = self.ws.class(plan.class).is_some_and(|rules| rules.needs_consent);
        if needs_consent && !own && !self.contact.consent.contains("marketing") {
            return Err("no_consent");
        }
        if let Cause::Broadcast { .. } = begin.cause {
            if !self.cap_has_room(plan) {
                return Err("cap");
            }
            if plan.listens && plan.if_busy == IfBusy::Skip && self.holder().is_some() {
                return Err("busy");
            }
        }
        Ok(old)
    }

    /// `entry`, counted per contact and key from the last start.
    fn may_enter(&self, plan: &Plan, key: Option<&str>) -> bool {
        let last = self.state.starts.iter().rfind(|note| note.playbook == plan.name && note.key.as_deref() == key);
        match (plan.entry, last) {
            (Entry::Always, _) | (_, None) => true,
            (Entry::Once, Some(_)) => false,
            (Entry::OncePer(length), Some(note)) => length.after(note.at.timestamp(), self.zone()) <= self.now.timestamp(),
        }
    }

    /// The audience is asked again when a contact's turn comes: the broadcast's own, else the playbook's.
    fn broadcast_refusal(&mut self, plan: &Plan, given: Option<&Audience>) -> Result<(), &'static str> {
        let compiled = given.and_then(|audience| compile_audience(audience).ok());
        let Some(audience) = compiled.as_ref().or(plan.audience.as_ref()) else { return Ok(()) };
        if audience.filter.as_ref().is_some_and(|filter| !self.is_true_of_contact(filter, None)) {
            return Err("audience");
        }
        if audience.written.list.as_ref().is_some_and(|list| !self.contact.lists.contains(list)) {
            return Err("audience");
        }
        if let Some(length) = audience.exclude_recent {
            let since = length.before(self.now.timestamp(), self.zone());
            if self.state.sends.iter().any(|note| note.bulk && note.at.timestamp() > since) {
                return Err("recent");
            }
        }
        let held_out = audience.holdout > 0.0 && draw(self.contact.phone.as_str(), &plan.name, "#holdout") < audience.holdout;
        if held_out && !self.plans.pins.contains_key("#holdout") {
            return Err("holdout");
        }
        Ok(())
    }

    fn cap_has_room(&self, plan: &Plan) -> bool {
        self.has_room(plan, plan.class, self.ws.class(plan.class).and_then(|rules| rules.cap))
    }

    /// Begins.
    fn begin_now(&mut self, plan: &Arc<Plan>, begin: Begin<'_>) {
        let id = ConversationId(format!("{}-{}", self.stem(), self.state.number()));
        let (sender, from) = self.speaker(plan, &begin.cause);
        let own = matches!(begin.cause, Cause::Text { .. } | Cause::Call { .. });
        let broadcast = if let Cause::Broadcast { id, .. } = &begin.cause { Some(id.clone()) } else { None };
        let (event, reply) = match begin.cause {
            Cause::Text { reply, .. } => (None, Some(reply)),
            Cause::Call { event, .. } | Cause::Event(event) => (Some(event), None),
            Cause::Tag | Cause::Broadcast { .. } => (None, None),
        };
        self.note_start(plan, begin.key.clone());
        self.decide(Decision::Started { playbook: plan.name.clone(), conversation: id.clone() });
        self.out.counts.push((format!("playbook/{}/started", plan.name), 1));
        if let Some(broadcast) = &broadcast {
            self.out.counts.push((format!("broadcast/{broadcast}/started"), 1));
        }
        self.state.live.push(Conversation {
            id: id.clone(),
            playbook: plan.name.clone(),
            plan: plan.hash.clone(),
            key: begin.key,
            started_at: self.now,
            broadcast: broadcast.clone(),
            sender,
            from,
            event,
            reply,
            queue: None,
            claimed_at: own.then_some(self.now),
            frames: vec![Frame {
                playbook: plan.name.clone(),
                at: if let Next::Step(ix) = plan.start { ix } else { 0 },
                vars: plan.params.clone(),
                side: None,
            }],
            rest: Rest::Running,
            texts: Vec::new(),
            clicked: std::collections::BTreeSet::new(),
            taken: None,
            early: Vec::new(),
            goal: false,
            tries: 0,
            step: None,
            steps: 0,
            said: Said::default(),
            leaving: None,
            ended: None,
        });
        let c = self.state.live.len() - 1;
        let _ = self.at_mut(c);
        if let Some(goal) = &plan.goal {
            let until = goal.within.after(self.now.timestamp(), self.zone()).into();
            self.state.goals.push(OpenGoal { conversation: id, plan: plan.hash.clone(), until, row: None });
        }
        if self.plans.stopped.contains(&plan.name) {
            self.at_mut(c).rest = Rest::Stopped;
            return;
        }
        self.set_out(c, plan);
    }

    /// Takes the first step.
    fn set_out(&mut self, c: C, plan: &Plan) {
        // A broadcast that will ever listen needs the line before its first text: its question must find an ear.
        if self.at(c).broadcast.is_some() && plan.listens && !self.take_line(c) {
            return;
        }
        self.run(c, plan.start.clone());
    }

    /// Conversations that stood before their first step while their playbook was stopped begin now, oldest first.
    pub fn resumed(&mut self, playbook: &str) {
        if self.plans.stopped.contains(playbook) {
            return;
        }
        for c in self.live() {
            if self.is_live(c) && self.at(c).playbook == playbook && self.at(c).rest == Rest::Stopped {
                match self.main_plan(c) {
                    Some(plan) => self.set_out(c, &plan),
                    None => drop(self.lost(c)),
                }
            }
        }
    }

    /// Who speaks: the number the contact wrote to or called, else the playbook's sender.
    fn speaker(&mut self, plan: &Plan, cause: &Cause) -> (String, Address) {
        let ws = self.ws;
        if let Cause::Text { to, .. } | Cause::Call { to, .. } = cause
            && let Some(sender) = self.sender_at(to)
        {
            if sender.numbers.len() > 1 {
                self.state.sticky.insert(sender.name.clone(), to.0.clone());
            }
            return (sender.name.clone(), to.clone());
        }
        let Some(sender) = ws.sender(plan.from.as_deref()) else { return (String::new(), Address(String::new())) };
        if let Cause::Broadcast { number: Some(number), .. } = cause
            && sender.numbers.iter().any(|known| known.0 == *number)
            && !self.state.sticky.contains_key(&sender.name)
        {
            self.state.sticky.insert(sender.name.clone(), number.clone());
        }
        let from = self.number_of(sender);
        (sender.name.clone(), from)
    }

    /// Remembers a start for as long as `entry` looks back.
    fn note_start(&mut self, plan: &Plan, key: Option<String>) {
        self.state.starts.retain(|note| note.playbook != plan.name || note.key != key);
        if plan.entry != Entry::Always {
            self.state.starts.push(StartNote { playbook: plan.name.clone(), key, at: self.now });
        }
    }

    /// `if_running: update`: the live conversation gets the new event, and an open `wait_until` is planned anew.
    fn update(&mut self, c: C, cause: Cause) {
        if let Cause::Event(event) = cause {
            self.at_mut(c).event = Some(event);
        }
        self.plan_again(c);
    }
}
