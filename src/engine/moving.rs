//! `upgrade: move`: at a deploy, conversations that rest at a step of the top list go on at the step with the same id in the new version.
//! All others stay on the version they began on.

use super::Decision;
use super::run::Flow;
use super::state::{Due, Open, Pending, Rest, Role, Said};
use super::texts::Fate;
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
        if self.at(c).taken.is_some() {
            // The question that it is given back to is the old one's.
            return;
        }
        if self.at(c).rest == Rest::Stopped {
            self.begin_anew(c, new);
            return;
        }
        let (Some(old), 0) = (self.main_plan(c), self.top(c)) else { return };
        let Some((from, step)) = self.place(c, 0).and_then(|(_, ix)| Some((ix, old.steps.get(ix)?))) else { return };
        let Some((id, to)) = step.id.as_ref().and_then(|id| new.landing(&old, id)) else { return };
        let Some(landing) = new.steps.get(to) else { return };

        let asks = matches!(&landing.verb, Verb::Question(question) if question.send.is_some());
        if asks && self.at(c).rest == Rest::Text && self.holder().is_some_and(|holder| holder != c) {
            // Its text is on its way, and would have to wait for an ear: it goes on as it is until it rests at its next step.
            return;
        }
        self.carry_texts(c, from, to);
        let conversation = self.at_mut(c);
        conversation.plan = new.hash.clone();
        conversation.step = Some(id.to_owned());
        if let Some(frame) = conversation.frames.first_mut() {
            frame.at = to;
        }
        let conversation = conversation.id.clone();
        self.decide(Decision::Moved { conversation, version: new.hash.clone() });

        let rest = self.at(c).rest.clone();
        match (&landing.verb, rest) {
            // It stands before the step, or an answer of another server is on its way to it.
            (_, Rest::Line) | (Verb::Http(_), Rest::Call { .. }) => {}
            (Verb::Send(_), Rest::Text) => self.say_no_more(c),
            (Verb::Question(question), Rest::Question(open)) => {
                if let Some(since) = open.since {
                    self.question_clocks(c, question, since);
                }
                self.say_no_more(c);
            }
            (Verb::Question(_), Rest::Text) if asks => self.ask_with_what_is_said(c),
            (Verb::Send(_), Rest::Question(open)) if open.message.is_some() => self.say_what_was_asked(c, landing.next.clone()),
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
                self.say_no_more(c);
            }
            // The step does something else now: it is done from its beginning.
            _ => self.redo(c, to),
        }
    }

    /// It has not begun yet, so every version is as good for it: it will begin in the new one.
    fn begin_anew(&mut self, c: C, new: &Plan) {
        let conversation = self.at_mut(c);
        conversation.plan = new.hash.clone();
        if let Some(frame) = conversation.frames.first_mut() {
            frame.at = if let Next::Step(ix) = new.start { ix } else { 0 };
            frame.vars.clone_from(&new.params);
        }
        let conversation = conversation.id.clone();
        self.decide(Decision::Moved { conversation, version: new.hash.clone() });
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
    fn question_clocks(&mut self, c: C, question: &Question, since: Time) {
        let Rest::Question(open) = &self.at(c).rest else { return };
        let reminded = open.reminded;
        self.drop_clocks(c, |due| matches!(due, Due::Remind(_)));
        for (number, remind) in question.remind.iter().enumerate().skip(reminded) {
            self.clock_from(c, Due::Remind(number), remind.after, since);
        }
        self.clock_from(c, Due::Timeout, question.timeout, since);
    }

    /// Texts that have not left and that the new step does not have: they count as said, and what follows them follows.
    fn say_no_more(&mut self, c: C) {
        let waiting: Vec<Pending> = self.at(c).texts.iter().filter(|text| self.waits(text) && !self.has_words(c, text)).cloned().collect();
        for text in waiting {
            if let Some(message) = &text.message {
                self.take_back(message, "moved");
            }
            self.unqueue(c, text.slot);
            if let Flow::Go(next) = self.follow(c, &text, Fate::Accepted) {
                self.run(c, next);
            }
        }
    }

    /// The text of a `send` is on its way, and is a question now: its clocks start when it is out, as if it had been asked.
    fn ask_with_what_is_said(&mut self, c: C) {
        // Nobody else holds it: `move_to` has looked.
        if !self.take_line(c) {
            return;
        }
        let conversation = self.at_mut(c);
        let mut open = Open::default();
        for text in conversation.texts.iter_mut().filter(|text| text.role == Role::Send) {
            text.role = Role::Ask;
            open.message.clone_from(&text.message);
        }
        conversation.tries = 0;
        conversation.rest = Rest::Question(open);
    }

    /// What was a question is a plain text now. It is not said twice: once it is out, the conversation goes on behind it.
    fn say_what_was_asked(&mut self, c: C, next: Next) {
        self.drop_texts(c, "moved", |role| matches!(role, Role::Retry | Role::Remind(_)));
        self.drop_clocks(c, |due| matches!(due, Due::Timeout | Due::Remind(_) | Due::Gather));
        let conversation = self.at_mut(c);
        let mut on_its_way = false;
        for text in conversation.texts.iter_mut().filter(|text| text.role == Role::Ask) {
            text.role = Role::Send;
            on_its_way = true;
        }
        conversation.rest = Rest::Text;
        if !on_its_way {
            self.at_mut(c).rest = Rest::Running;
            self.run(c, next);
        }
    }

    /// Leaves what it rests at, and comes to the step anew. What the step has said before it was another is not said again.
    fn redo(&mut self, c: C, to: Ix) {
        let said = self.said(c);
        self.drop_texts(c, "moved", |_| true);
        self.drop_clocks(c, |_| true);
        self.cancel_call(c, "moved");
        self.cancel_handoff(c);
        let conversation = self.at_mut(c);
        conversation.said = said;
        // It stands before the step, as who waits for the line does: what is known of the step is kept.
        conversation.rest = Rest::Line;
        self.run(c, Next::Step(to));
    }

    /// What the step that it rests at has said so far, or is saying.
    fn said(&self, c: C) -> Said {
        let conversation = self.at(c);
        let mut said = conversation.said;
        for text in conversation.texts.iter().filter(|text| !self.waits(text)) {
            said.words |= matches!(text.role, Role::Ask | Role::Send);
            said.handoff |= text.role == Role::Handoff;
        }
        match &conversation.rest {
            Rest::Question(open) => {
                said.words |= open.message.is_some() && open.since.is_some();
                said.reminded = said.reminded.max(open.reminded);
            }
            Rest::Person(talk) => said.handoff |= talk.since.is_some(),
            _ => {}
        }
        said
    }
}
