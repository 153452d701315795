//! What one step works on: the person, the plans, the time, and the effects so far. The other files of this room add to it.

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::state::{Clock, Conversation, Due, Rest, Role, State};
use super::{Decision, Effects, Person, Step, Way};
use crate::model::{
    Address, Contact, ConversationId, ConversationRow, ConversationState, Direction, Flight, MessageId, MessageRow, MessageStatus, Time,
};
use crate::playbook::plan::{Ix, Plan};
use crate::playbook::{PlanSet, Sender, Workspace};

/// One step at work.
pub(super) struct Turn<'a> {
    /// All plans and the workspace.
    pub plans: &'a PlanSet,
    /// The workspace, as it is now.
    pub ws: &'a Workspace,
    /// The store's clock.
    pub now: Time,
    /// How far each unsettled text of the contact was at the claim.
    flight: &'a dyn Fn(&MessageId) -> Option<Flight>,
    /// The contact, being changed.
    pub contact: Contact,
    /// What is remembered, being changed.
    pub state: State,
    /// What is to be done.
    pub out: Effects,
    /// What was decided.
    pub decisions: Vec<Decision>,
    /// The contact's zones; the first is the one times are shown in.
    pub zones: Vec<TimeZone>,
    /// Tags the contact got in this step; what they start or end comes when the step is over.
    pub fresh_tags: Vec<String>,
    /// Conversations touched, whose rows are written at the end.
    touched: Vec<ConversationId>,
}

/// Place of a conversation in `State::live` during one step; ended ones stay there until the step is over.
pub(super) type C = usize;

impl<'a> Turn<'a> {
    /// Sets out.
    pub fn new(plans: &'a PlanSet, person: Person, flight: &'a dyn Fn(&MessageId) -> Option<Flight>, now: Time) -> Turn<'a> {
        let zones = super::zones(&person.contact, &plans.workspace.timezone);
        Turn {
            plans,
            ws: &plans.workspace,
            now,
            flight,
            contact: person.contact,
            state: person.state,
            out: Effects::default(),
            decisions: Vec::new(),
            zones,
            fresh_tags: Vec::new(),
            touched: Vec::new(),
        }
    }

    /// Writes the rows of what was touched and lets go of what has ended.
    pub fn finish(mut self) -> Step {
        for id in std::mem::take(&mut self.touched) {
            let Some(conversation) = self.state.live.iter().find(|conversation| conversation.id == id) else { continue };
            let row = self.row(conversation);
            if row.ended_at.is_some() {
                for goal in self.state.goals.iter_mut().filter(|goal| goal.conversation == id) {
                    goal.row = Some(row.clone());
                }
            }
            self.out.put_conversation(row);
        }
        self.state.live.retain(|conversation| conversation.ended.is_none());
        self.forget_old();
        Step { person: Person { contact: self.contact, state: self.state }, effects: self.out, decisions: self.decisions }
    }

    /// How far a text is. One queued in this very step waits.
    pub fn flight(&self, message: &MessageId) -> Option<Flight> {
        if self.out.queue.iter().any(|queued| queued.id == *message) {
            return Some(Flight::Waiting);
        }
        (self.flight)(message)
    }

    /// Whether a queued text can still be taken back.
    pub fn can_take_back(&self, message: &MessageId) -> bool {
        matches!(self.flight(message), Some(Flight::Waiting | Flight::Held))
    }

    /// The conversation at a place.
    pub fn at(&self, c: C) -> &Conversation {
        &self.state.live[c]
    }

    /// The conversation at a place, to change it; its row is written at the end of the step.
    pub fn at_mut(&mut self, c: C) -> &mut Conversation {
        let id = &self.state.live[c].id;
        if !self.touched.contains(id) {
            self.touched.push(id.clone());
        }
        &mut self.state.live[c]
    }

    /// The place of a live conversation.
    pub fn find(&self, id: &ConversationId) -> Option<C> {
        self.state.live.iter().position(|conversation| conversation.id == *id && conversation.ended.is_none())
    }

    /// The places of all live conversations, oldest first.
    pub fn live(&self) -> Vec<C> {
        (0..self.state.live.len()).filter(|c| self.state.live[*c].ended.is_none()).collect()
    }

    /// Whether a conversation goes on.
    pub fn is_live(&self, c: C) -> bool {
        self.state.live[c].ended.is_none()
    }

    /// The plan at a level of a conversation; none only if the store lost it.
    pub fn plan(&self, c: C, level: usize) -> Option<Arc<Plan>> {
        let frame = self.at(c).frames.get(level)?;
        match (frame.side, level.checked_sub(1)) {
            (Some(owner), _) => self.plan(c, owner),
            (None, None) => self.main_plan(c),
            // A sub-playbook is pinned with the plan that runs it, which is that of the level below.
            (None, Some(below)) => self.plan(c, below)?.runs.get(&frame.playbook).cloned(),
        }
    }

    /// The plan of the main level: class, window, cap, exits, goal are always its.
    pub fn main_plan(&self, c: C) -> Option<Arc<Plan>> {
        self.plans.plan(&self.at(c).plan).cloned()
    }

    /// The topmost level.
    pub fn top(&self, c: C) -> usize {
        self.at(c).frames.len().saturating_sub(1)
    }

    /// The level whose names are used at a level: its own, or the one a side branch belongs to.
    pub fn names_level(&self, c: C, level: usize) -> usize {
        self.at(c).frames.get(level).and_then(|frame| frame.side).unwrap_or(level)
    }

    /// Leaves the levels from `keep` on. Their texts that are held go with them; those on their way stay to be taken back by whoever ends
    /// the conversation, but nothing follows from them.
    pub fn leave_levels(&mut self, c: C, keep: usize) {
        let held: Vec<u64> = self.at(c).texts.iter().filter(|text| text.level >= keep && text.message.is_none()).map(|text| text.slot).collect();
        self.drop_clocks(c, |due| matches!(due, Due::Held(slot) if held.contains(&slot)));
        let conversation = self.at_mut(c);
        conversation.frames.truncate(keep);
        conversation.texts.retain(|text| !held.contains(&text.slot));
        for text in conversation.texts.iter_mut().filter(|text| text.level >= keep) {
            text.role = Role::Left;
        }
    }

    /// Whether a conversation has ended, or only its last text is still to go out.
    pub fn is_left(&self, c: C) -> bool {
        !self.is_live(c) || self.at(c).leaving.is_some()
    }

    /// The sender that owns a number, or is the Messaging Service a text came by.
    pub fn sender_at(&self, to: &Address) -> Option<&'a Sender> {
        let ws = self.ws;
        ws.sender_of(to).or_else(|| ws.senders.iter().find(|sender| sender.service.as_ref() == Some(&to.0)))
    }

    /// The bare names at a level.
    pub fn vars_mut(&mut self, c: C, level: usize) -> Option<&mut Map<String, Value>> {
        let level = self.names_level(c, level);
        self.at_mut(c).frames.get_mut(level).map(|frame| &mut frame.vars)
    }

    /// The contact's zone for showing times.
    pub fn zone(&self) -> &TimeZone {
        self.zones.first().unwrap_or(&self.ws.timezone)
    }

    /// Notes a decision.
    pub fn decide(&mut self, decision: Decision) {
        self.decisions.push(decision);
    }

    /// Notes which way was taken from a step.
    pub fn took(&mut self, c: C, level: usize, at: Ix, way: Way) {
        let level = self.names_level(c, level);
        let conversation = self.at(c);
        let playbook = conversation.frames.get(level).map_or_else(|| conversation.playbook.clone(), |frame| frame.playbook.clone());
        let decision = Decision::Took { conversation: conversation.id.clone(), playbook: playbook.clone(), at, way };
        let step = self.plan(c, level).and_then(|plan| plan.steps.get(at).and_then(|step| step.id.clone())).unwrap_or_default();
        self.out.counts.push((format!("playbook/{playbook}/way/{step}/{}", way.name()), 1));
        self.decide(decision);
    }

    /// Notes something that went wrong but stops nothing.
    pub fn stumbled(&mut self, c: C, why: String) {
        let conversation = self.at(c).id.clone();
        self.decide(Decision::Stumbled { conversation, why });
    }

    /// Starts a clock.
    pub fn set_clock(&mut self, c: C, due: Due, at: Time) {
        let n = self.state.number();
        let conversation = self.at(c).id.clone();
        self.state.clocks.push(Clock { at, n, conversation, due });
    }

    /// Stops the clocks of a conversation that `which` names.
    pub fn drop_clocks(&mut self, c: C, which: impl Fn(Due) -> bool) {
        let id = self.at(c).id.clone();
        self.state.clocks.retain(|clock| clock.conversation != id || !which(clock.due));
    }

    /// Whether such a clock runs.
    pub fn has_clock(&self, c: C, which: impl Fn(Due) -> bool) -> bool {
        let id = &self.at(c).id;
        self.state.clocks.iter().any(|clock| clock.conversation == *id && which(clock.due))
    }

    /// A conversation as people see it.
    pub fn row(&self, conversation: &Conversation) -> ConversationRow {
        let state = match (&conversation.ended, &conversation.rest) {
            (Some(_), _) => ConversationState::Ended,
            (None, Rest::Question(open)) if open.open => ConversationState::Listening,
            (None, Rest::Question(_) | Rest::Text | Rest::Running) => ConversationState::Sending,
            (None, Rest::Person(_)) => ConversationState::WithPerson,
            (None, Rest::Line | Rest::Stopped | Rest::Time { .. } | Rest::Event { .. } | Rest::Call { .. }) => ConversationState::Waiting,
        };
        ConversationRow {
            id: conversation.id.clone(),
            contact: self.contact.phone.clone(),
            playbook: conversation.playbook.clone(),
            version: conversation.plan.clone(),
            key: conversation.key.clone(),
            state,
            step: conversation.step.clone(),
            outcome: conversation.ended.clone(),
            goal: conversation.goal,
            broadcast: conversation.broadcast.clone(),
            vars: conversation.frames.first().map(|frame| frame.vars.clone()).unwrap_or_default(),
            started_at: conversation.started_at,
            ended_at: conversation.ended.as_ref().map(|_| self.now),
        }
    }

    /// A message of this contact for the record, to be filled in.
    pub fn message_row(&self, id: MessageId, direction: Direction, status: MessageStatus, at: Time) -> MessageRow {
        MessageRow {
            id,
            contact: self.contact.phone.clone(),
            direction,
            from: String::new(),
            to: String::new(),
            body: String::new(),
            media: Vec::new(),
            segments: 0,
            status,
            reason: None,
            code: None,
            sid: None,
            conversation: None,
            step: None,
            created_at: at,
            history: Vec::new(),
        }
    }

    /// Notes a line of the talk for `transcript()`, if any playbook asks for it.
    pub fn talked(&mut self, who: &str, text: &str) {
        /// What `transcript` shows at most.
        const TALK: usize = 20;
        if !self.plans.wants_transcript || text.is_empty() {
            return;
        }
        self.state.talk.push_back(format!("{who}: {text}"));
        while self.state.talk.len() > TALK {
            self.state.talk.pop_front();
        }
    }
}
