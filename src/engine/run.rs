//! The interpreter: one step after the other, until the conversation rests or ends.

use std::sync::Arc;

use serde_json::Value;

use super::Decision;
use super::guard::{IN_A_ROW, MAX_STEPS};
use super::state::{Frame, Rest, Role, Said};
use super::turn::{C, Turn};
use crate::playbook::plan::{Ix, Next, Plan, Step, Verb};

/// What a step led to.
pub(super) enum Flow {
    /// On to here.
    Go(Next),
    /// It rests (or has ended).
    Rest,
}

impl Turn<'_> {
    /// Runs a conversation from here until it rests, then lets whoever waits for the line have it.
    pub fn run(&mut self, c: C, from: Next) {
        let mut next = from;
        while !self.is_left(c) {
            match self.advance(c, next) {
                Flow::Go(on) => next = on,
                Flow::Rest => break,
            }
        }
        self.give_line();
    }

    /// One place further.
    fn advance(&mut self, c: C, next: Next) -> Flow {
        let level = self.top(c);
        match next {
            Next::Step(ix) => self.reach(c, level, ix),
            Next::Completed => self.leave_level(c, "completed"),
            Next::End(outcome) => self.leave_level(c, &outcome),
            Next::Again(question) => {
                if self.at(c).frames.get(level).is_some_and(|frame| frame.side.is_some()) {
                    self.leave_levels(c, level);
                }
                let level = self.top(c);
                let Some(ix) = question.or_else(|| self.at(c).frames.get(level).map(|frame| frame.at)) else { return self.lost(c) };
                let Some(plan) = self.plan(c, level) else { return self.lost(c) };
                let flow = self.enter(c, level, &plan, ix);
                self.keep_hearing(c);
                flow
            }
            // The end of a side branch: what it branched off from stays as it is.
            Next::Resume => Flow::Rest,
        }
    }

    /// Comes to a step: its condition, then its verb.
    fn reach(&mut self, c: C, level: usize, ix: Ix) -> Flow {
        let Some(plan) = self.plan(c, level) else { return self.lost(c) };
        let Some(step) = plan.steps.get(ix) else { return self.lost(c) };
        if let (true, Some(owner)) = (step.top, self.at(c).frames.get(level).and_then(|frame| frame.side)) {
            // A `goto` out of an `anytime` branch: it goes on at the level of that playbook, and leaves those above.
            self.leave_levels(c, owner + 1);
            return Flow::Go(Next::Step(ix));
        }
        if self.too_many_steps(c) {
            self.stumbled(c, format!("{MAX_STEPS} steps {IN_A_ROW} without a text of the contact or a wait"));
            self.unwind(c, "failed");
            return Flow::Rest;
        }
        if let Some(cond) = &step.cond
            && !self.is_true(c, level, cond)
        {
            return Flow::Go(step.next.clone());
        }
        if let Some(frame) = self.at_mut(c).frames.get_mut(level) {
            frame.at = ix;
        }
        self.note_step(c, &plan, ix, step);
        self.enter(c, level, &plan, ix)
    }

    /// Writes down where the conversation stands.
    fn note_step(&mut self, c: C, plan: &Plan, ix: Ix, step: &Step) {
        let conversation = self.at_mut(c);
        if step.id.is_some() {
            conversation.step.clone_from(&step.id);
        }
        let conversation = conversation.id.clone();
        if let Some(id) = &step.id {
            self.out.counts.push((format!("playbook/{}/reached/{id}", plan.name), 1));
        }
        self.decide(Decision::Step { conversation, playbook: plan.name.clone(), at: ix, id: step.id.clone() });
    }

    /// Does what a step says.
    pub fn enter(&mut self, c: C, level: usize, plan: &Arc<Plan>, ix: Ix) -> Flow {
        let Some(step) = plan.steps.get(ix) else { return self.lost(c) };
        let conversation = self.at_mut(c);
        // Who stood before this very step knows what it has said already; any other step begins afresh.
        let stood = conversation.rest == Rest::Line && conversation.frames.get(level).is_some_and(|frame| frame.at == ix);
        if !stood {
            conversation.said = Said::default();
        }
        if conversation.rest == Rest::Line {
            conversation.rest = Rest::Running;
        }
        if let Some(frame) = self.at_mut(c).frames.get_mut(level) {
            frame.at = ix;
        }
        match &step.verb {
            Verb::Send(_) if self.at(c).said.words => Flow::Go(step.next.clone()),
            Verb::Send(_) => {
                self.at_mut(c).rest = Rest::Text;
                self.put_text(c, level, ix, Role::Send)
            }
            Verb::Question(question) => self.ask(c, level, ix, question),
            Verb::Wait(length) => self.wait(c, *length),
            Verb::WaitUntil(until) => self.wait_until(c, level, ix, step, until),
            Verb::WaitFor(wait) => self.wait_for(c, level, ix, step, wait),
            Verb::Choose(choices) => self.choose(c, level, ix, step, choices),
            Verb::Split(arms) => self.split(c, level, ix, plan, step, arms),
            Verb::Http(http) => self.call(c, level, ix, step, http),
            Verb::Handoff(handoff) => self.hand_off(c, level, ix, handoff),
            Verb::Run(run) => self.enter_playbook(c, level, plan, run),
            Verb::Goto(next) => Flow::Go(next.clone()),
            Verb::End(outcome) => Flow::Go(Next::End(outcome.clone())),
            Verb::Set(_) | Verb::Tag(_) | Verb::Untag(_) | Verb::Record { .. } => {
                self.note_down(c, level, &step.verb);
                // A tag may have opened an exit of this very conversation.
                if self.is_left(c) { Flow::Rest } else { Flow::Go(step.next.clone()) }
            }
        }
    }

    /// Runs a side branch to its end, or until `until` is next: texts are queued and nothing is waited for; whatever is open stays open.
    pub fn run_side(&mut self, c: C, level: usize, from: &Next, until: &Next) {
        let Some(plan) = self.plan(c, level) else { return };
        let mut next = from;
        while let Next::Step(ix) = next
            && next != until
        {
            let Some(step) = plan.steps.get(*ix).filter(|step| !step.top) else { return };
            if self.too_many_steps(c) {
                return;
            }
            if step.cond.as_ref().is_none_or(|cond| self.is_true(c, level, cond)) {
                self.note_step(c, &plan, *ix, step);
                match &step.verb {
                    Verb::Send(_) => {
                        // Nothing follows a text of a side branch, whatever becomes of it.
                        let _ = self.put_text(c, level, *ix, Role::Side);
                    }
                    verb => self.note_down(c, level, verb),
                }
            }
            if self.is_left(c) {
                return;
            }
            next = &step.next;
        }
    }

    /// Begins a sub-playbook: a level of its own, with its own names.
    fn enter_playbook(&mut self, c: C, level: usize, plan: &Plan, run: &crate::playbook::plan::Run) -> Flow {
        let Some(inner) = plan.runs.get(&run.playbook).cloned() else { return self.lost(c) };
        let mut vars = inner.params.clone();
        for (name, value) in &run.with {
            let value = self.value(c, level, value);
            vars.insert(name.clone(), value);
        }
        self.at_mut(c).frames.push(Frame { playbook: run.playbook.clone(), at: 0, vars, side: None });
        Flow::Go(inner.start.clone())
    }

    /// The steps of a level are over, or said `end`: back to the caller, or the end of the conversation.
    fn leave_level(&mut self, c: C, outcome: &str) -> Flow {
        let level = self.top(c);
        if let Some(owner) = self.at(c).frames.get(level).and_then(|frame| frame.side) {
            self.leave_levels(c, owner + 1);
        }
        if self.at(c).frames.len() <= 1 {
            self.end(c, outcome);
            return Flow::Rest;
        }
        let level = self.top(c);
        let inner = self.at_mut(c).frames.get_mut(level).map(|frame| std::mem::take(&mut frame.vars)).unwrap_or_default();
        self.leave_levels(c, level);
        let level = self.top(c);
        let Some(plan) = self.plan(c, level) else { return self.lost(c) };
        let Some(step) = self.at(c).frames.get(level).and_then(|frame| plan.steps.get(frame.at)) else { return self.lost(c) };
        let Verb::Run(run) = &step.verb else { return self.lost(c) };
        for (target, theirs) in &run.save {
            let value = if theirs == "outcome" { Value::from(outcome) } else { inner.get(theirs).cloned().unwrap_or(Value::Null) };
            self.keep(c, level, target, value);
        }
        if let Some(id) = &step.id {
            self.keep_outcome(c, level, id, outcome);
        }
        Flow::Go(step.next.clone())
    }

    /// `ID.outcome` of a hand-off or a sub-playbook.
    pub fn keep_outcome(&mut self, c: C, level: usize, id: &str, outcome: &str) {
        if let Some(vars) = self.vars_mut(c, level) {
            vars.insert(id.to_owned(), serde_json::json!({ "outcome": outcome }));
        }
    }

    /// The version a conversation is pinned to can't be read any more: it ends rather than guess.
    pub fn lost(&mut self, c: C) -> Flow {
        self.stumbled(c, "its version of the playbook is not to be found".to_owned());
        self.end(c, "failed");
        Flow::Rest
    }

    /// Counts a step against the loop guard.
    fn too_many_steps(&mut self, c: C) -> bool {
        let conversation = self.at_mut(c);
        conversation.steps += 1;
        conversation.steps > MAX_STEPS
    }

    /// Ends a conversation from outside, wherever it is: also what it said beside the point and has not gone out yet is taken back.
    pub fn unwind(&mut self, c: C, outcome: &str) {
        self.drop_texts(c, outcome, |_| true);
        self.end(c, outcome);
    }

    /// Ends a conversation for good: clocks, texts that still wait, the line, an open hand-off.
    pub fn end(&mut self, c: C, outcome: &str) {
        if !self.is_live(c) {
            return;
        }
        self.drop_texts(c, outcome, |role| !matches!(role, Role::Side | Role::Left));
        self.drop_clocks(c, |_| true);
        self.cancel_call(c, outcome);
        self.cancel_handoff(c);
        let id = self.at(c).id.clone();
        self.leave_line(&id);
        let playbook = self.at(c).playbook.clone();
        let on_their_way: Vec<_> = self.at_mut(c).texts.drain(..).filter_map(|text| text.message).collect();
        self.state.loose.extend(on_their_way);
        let conversation = self.at_mut(c);
        conversation.ended = Some(outcome.to_owned());
        conversation.rest = Rest::Running;
        self.out.counts.push((format!("playbook/{playbook}/ended/{outcome}"), 1));
        self.decide(Decision::Ended { conversation: id, playbook, outcome: outcome.to_owned() });
    }
}
