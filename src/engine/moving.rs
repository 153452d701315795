//! `upgrade: move`: at a deploy, conversations that rest at a step of the top list go on at the step with the same id in the new version.
//! All others stay on the version they began on.

use std::collections::BTreeSet;

use super::Decision;
use super::state::{Due, Rest, Role};
use super::turn::{C, Turn};
use crate::model::Time;
use crate::playbook::plan::{Ix, Next, Plan, Question, Verb};
use crate::text::Length;

impl Turn<'_> {
    /// A new version of a playbook is in force.
    pub fn deployed(&mut self, playbook: &str) {
        let plans = self.plans;
        let Some(new) = plans.by_name(playbook).filter(|plan| plan.moves) else { return };
        for c in self.live() {
            if !self.is_left(c) && self.at(c).playbook == playbook && self.at(c).plan != new.hash {
                self.move_to(c, new);
            }
        }
    }

    /// Moves a conversation, if the new version has a step for it.
    fn move_to(&mut self, c: C, new: &Plan) {
        let (Some(old), 0) = (self.main_plan(c), self.top(c)) else { return };
        let Some((from, step)) = self.place(c, 0).and_then(|(_, ix)| Some((ix, old.steps.get(ix)?))) else { return };
        let Some(id) = step.id.as_ref().filter(|_| step.top).map(|id| new.renamed.get(id).unwrap_or(id)) else { return };
        let Some((to, landing)) = new.ids.get(id).and_then(|ix| Some((*ix, new.steps.get(*ix).filter(|step| step.top)?))) else { return };

        let asked = match &step.verb {
            Verb::Question(question) => question.remind.len(),
            _ => 0,
        };
        self.carry_texts(c, from, to);
        let conversation = self.at_mut(c);
        conversation.plan = new.hash.clone();
        conversation.step = Some(id.clone());
        if let Some(frame) = conversation.frames.first_mut() {
            frame.at = to;
        }
        let conversation = conversation.id.clone();
        self.decide(Decision::Moved { conversation, version: new.hash.clone() });

        let rest = self.at(c).rest.clone();
        match (&landing.verb, rest) {
            // It stands before the step, or an answer of Twilio or of another server is on its way to it.
            (_, Rest::Line) | (Verb::Send(_), Rest::Text) | (Verb::Http(_), Rest::Call { .. }) => {}
            (Verb::Question(question), Rest::Question(open)) => {
                if let Some(since) = open.since {
                    self.question_clocks(c, question, asked, since);
                }
            }
            (Verb::Wait(length), Rest::Time { since }) => self.clock_from(c, Due::Wait, *length, since),
            (Verb::WaitUntil(_), Rest::Time { .. }) => self.plan_again(c),
            (Verb::WaitFor(wait), Rest::Event { since }) => self.clock_from(c, Due::Wait, wait.timeout, since),
            (Verb::Handoff(handoff), Rest::Person(talk)) => {
                if let Some(since) = talk.since {
                    let (due, length) = if talk.waiting { (Due::Person, handoff.timeout) } else { (Due::Idle, handoff.idle) };
                    self.clock_from(c, due, length, talk.turn);
                    self.drop_clocks(c, |due| due == Due::Sla);
                    if !talk.answered && !talk.row.overdue {
                        self.promise(c, &talk.row.queue, handoff.sla, since);
                    }
                }
            }
            // The step does something else now: it is done from its beginning.
            _ => self.redo(c, to),
        }
    }

    /// The texts of the step go along; those of side branches, which may be other steps now, are let go of.
    fn carry_texts(&mut self, c: C, from: Ix, to: Ix) {
        self.drop_held(c);
        for text in &mut self.at_mut(c).texts {
            if text.at == from {
                text.at = to;
            } else {
                text.role = Role::Left;
            }
        }
    }

    /// A clock planned anew from the same start.
    fn clock_from(&mut self, c: C, due: Due, length: Length, since: Time) {
        self.drop_clocks(c, |known| known == due);
        let at = length.after(since.timestamp(), self.zone()).into();
        self.set_clock(c, due, at);
    }

    /// The clocks of an open question. Reminders that have gone out don't go out again.
    fn question_clocks(&mut self, c: C, question: &Question, before: usize, since: Time) {
        let waiting: BTreeSet<usize> = (0..before).filter(|number| self.has_clock(c, |due| due == Due::Remind(*number))).collect();
        self.drop_clocks(c, |due| matches!(due, Due::Remind(_)));
        self.drop_texts(c, "moved", |role| matches!(role, Role::Remind(number) if number >= question.remind.len()));
        for (number, remind) in question.remind.iter().enumerate().filter(|(number, _)| *number >= before || waiting.contains(number)) {
            self.clock_from(c, Due::Remind(number), remind.after, since);
        }
        self.clock_from(c, Due::Timeout, question.timeout, since);
    }

    /// Leaves what it rests at, and comes to the step anew.
    fn redo(&mut self, c: C, to: Ix) {
        self.drop_texts(c, "moved", |_| true);
        self.drop_clocks(c, |_| true);
        self.cancel_call(c, "moved");
        self.cancel_handoff(c);
        self.at_mut(c).rest = Rest::Running;
        self.run(c, Next::Step(to));
    }
}
