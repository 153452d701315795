//! A question: asked, opened, answered or not understood, reminded, timed out.

use serde_json::Value;

use super::matching::{self, Heard};
use super::run::Flow;
use super::state::{Due, Frame, Late, Open, Rest, Role};
use super::turn::{C, Turn};
use super::{Decision, Way};
use crate::model::event::TextIn;
use crate::model::{Flight, Time};
use crate::playbook::plan::{Ix, Match, Next, Plan, Question, Rule, Verb};
use crate::text::words::words;

/// How often a further text starts the pause of `gather` anew.
const MAX_PAUSES: usize = 5;

/// A question and where it stands.
struct Asked<'q> {
    /// The level.
    level: usize,
    /// The plan there.
    plan: &'q Plan,
    /// The step.
    ix: Ix,
    /// What it asks.
    question: &'q Question,
}

impl Turn<'_> {
    /// Comes to a question: takes the line, then asks, or just listens.
    pub fn ask(&mut self, c: C, level: usize, ix: Ix, question: &Question) -> Flow {
        if !self.take_line(c) {
            return Flow::Rest;
        }
        self.close_question(c, "again");
        let said = self.at(c).said;
        self.at_mut(c).rest = Rest::Question(Open { reminded: said.reminded, ..Open::default() });
        if !said.words {
            self.at_mut(c).tries = 0;
        }
        if question.send.is_none() || said.words {
            self.start_question(c, level, ix);
            return Flow::Rest;
        }
        self.put_text(c, level, ix, Role::Ask)
    }

    /// A question asked anew hears the contact while its text is on its way: it was open before.
    pub fn keep_hearing(&mut self, c: C) {
        if let Rest::Question(open) = &mut self.at_mut(c).rest {
            open.open |= open.message.is_some();
        }
    }

    /// The question is out (or needs no text): it is open, and its clocks start. A question that was answered before we heard of it is left alone.
    pub fn start_question(&mut self, c: C, level: usize, ix: Ix) {
        let Some(plan) = self.plan(c, level) else { return };
        let Some(Verb::Question(question)) = plan.steps.get(ix).map(|step| &step.verb) else { return };
        let now = self.now;
        let Rest::Question(open) = &mut self.at_mut(c).rest else { return };
        if open.since.is_some() {
            return;
        }
        open.open = true;
        open.since = Some(now);
        let reminded = open.reminded;
        let zone = self.zone().clone();
        self.set_clock(c, Due::Timeout, question.timeout.after(now.timestamp(), &zone).into());
        for (number, remind) in question.remind.iter().enumerate().skip(reminded) {
            self.set_clock(c, Due::Remind(number), remind.after.after(now.timestamp(), &zone).into());
        }
    }

    /// The question is left: its clocks stop, its texts that still wait are taken back.
    pub fn close_question(&mut self, c: C, reason: &str) {
        self.drop_texts(c, reason, |role| matches!(role, Role::Ask | Role::Retry | Role::Remind(_)));
        self.drop_clocks(c, |due| matches!(due, Due::Timeout | Due::Remind(_) | Due::Gather));
    }

    /// The question that hears the next text: that of the line's holder, once its text is under way.
    pub fn open_question(&self) -> Option<C> {
        let c = self.holder()?;
        let Rest::Question(open) = &self.at(c).rest else { return None };
        let under_way = |message| !matches!(self.flight(message), Some(Flight::Waiting | Flight::Held));
        (open.open || open.message.as_ref().is_some_and(under_way)).then_some(c)
    }

    /// A text comes to an open question. With `gather` it waits for more; else it is looked at.
    pub fn hear(&mut self, c: C, text: &TextIn) {
        let level = self.top(c);
        let Some((plan, ix)) = self.place(c, level) else { return };
        let Some(Verb::Question(question)) = plan.steps.get(ix).map(|step| &step.verb) else { return };
        self.mark_open(c);
        if let Some(pause) = question.gather {
            let until: Time = pause.after(self.now.timestamp(), self.zone()).into();
            let Rest::Question(open) = &mut self.at_mut(c).rest else { return };
            open.gathered.push(text.clone());
            if open.gathered.len() <= MAX_PAUSES {
                self.drop_clocks(c, |due| due == Due::Gather);
                self.set_clock(c, Due::Gather, until);
            }
            self.claim_text(c);
            return;
        }
        if !self.understand(c, text) {
            self.not_understood(c);
        }
    }

    /// Who takes a text while a question is open: its rules, `anytime`, a keyword of another playbook, at last whatever takes anything.
    fn understand(&mut self, c: C, text: &TextIn) -> bool {
        let heard = heard(text);
        self.match_rules(c, &heard) || self.keyword(text, Some(c)) || self.match_others(c, &heard)
    }

    /// The gathered texts are one answer.
    pub fn gathered(&mut self, c: C) {
        let Rest::Question(open) = &mut self.at_mut(c).rest else { return };
        let texts = std::mem::take(&mut open.gathered);
        let overdue = std::mem::take(&mut open.overdue);
        let Some(whole) = join(&texts) else { return };
        let understood = self.understand(c, &whole);
        let still_asked = !self.is_left(c) && matches!(&self.at(c).rest, Rest::Question(open) if open.since.is_some());
        if overdue && still_asked && !self.has_clock(c, |due| due == Due::Timeout) {
            // The time-out stood still for these texts, and none of them was the answer.
            self.timed_out(c);
        } else if !understood {
            self.not_understood(c);
        }
    }

    /// The question's own rules but `other`, then `anytime` of this playbook and of its callers.
    fn match_rules(&mut self, c: C, heard: &Heard) -> bool {
        self.match_own(c, heard, false) || self.match_anytime(c, heard, false)
    }

    /// What takes any text that nothing else claims: `other` of the question and of `anytime`, and a question without rules.
    fn match_others(&mut self, c: C, heard: &Heard) -> bool {
        self.match_own(c, heard, true) || self.match_anytime(c, heard, true)
    }

    /// The question's own rules: those that name something, or those that take what is left.
    fn match_own(&mut self, c: C, heard: &Heard, left: bool) -> bool {
        let level = self.top(c);
        let Some((plan, ix)) = self.place(c, level) else { return false };
        let Some(Verb::Question(question)) = plan.steps.get(ix).map(|step| &step.verb) else { return false };
        let heard = &self.tapped(c, level, question, heard);
        let hit = question.rules.iter().enumerate().find_map(|(number, rule)| {
            let value = self.matches(rule, heard, left)?;
            Some((Way::Rule(number), value, rule.to.clone()))
        });
        let next = || plan.steps.get(ix).map_or(Next::Completed, |step| step.next.clone());
        let hit = hit.or_else(|| (left && question.rules.is_empty()).then(|| (Way::AnyText, heard.text_or_media(), next())));
        let Some(hit) = hit else { return false };
        self.answer(c, Asked { level, plan: &plan, ix, question }, hit, heard);
        true
    }

    /// The number of a button, as the whole reply, is a tap on it.
    fn tapped(&self, c: C, level: usize, question: &Question, heard: &Heard) -> Heard {
        let mut heard = heard.clone();
        let buttons = question.send.as_ref().map(|send| send.buttons.as_slice()).unwrap_or_default();
        let number = words(&heard.text).first().and_then(|word| word.parse::<usize>().ok()).and_then(|number| number.checked_sub(1));
        if let (None, Some(button), 1) = (&heard.button, number.and_then(|number| buttons.get(number)), words(&heard.text).len()) {
            heard.button = self.render(c, level, button, "").ok().map(|label| label.text);
        }
        heard
    }

    /// Nobody took the text: another try, or `on_no_match`.
    fn not_understood(&mut self, c: C) {
        let level = self.top(c);
        let Some((plan, ix)) = self.place(c, level) else { return };
        let Some(Verb::Question(question)) = plan.steps.get(ix).map(|step| &step.verb) else { return };
        self.claim_text(c);
        let id = plan.steps.get(ix).and_then(|step| step.id.as_deref()).unwrap_or_default();
        self.out.counts.push((format!("playbook/{}/unmatched/{id}", plan.name), 1));
        if self.at(c).tries < question.retry_max {
            self.at_mut(c).tries += 1;
            self.took(c, level, ix, Way::Retry);
            if let Flow::Go(next) = self.put_text(c, level, ix, Role::Retry) {
                self.run(c, next);
            }
            return;
        }
        self.took(c, level, ix, Way::NoMatch);
        self.close_question(c, "no match");
        self.at_mut(c).rest = Rest::Running;
        self.run(c, question.on_no_match.clone());
    }

    /// An answer is taken: kept, and followed.
    fn answer(&mut self, c: C, asked: Asked<'_>, (way, value, to): (Way, Value, Next), heard: &Heard) {
        let Asked { level, plan, ix, question } = asked;
        self.claim_text(c);
        self.took(c, level, ix, way);
        let id = plan.steps.get(ix).and_then(|step| step.id.as_deref()).unwrap_or_default();
        self.out.counts.push((format!("playbook/{}/answered/{id}", plan.name), 1));
        self.at_mut(c).reply = Some(heard.as_reply(value.clone()));
        if let Some(target) = &question.save {
            self.keep(c, level, target, value);
        }
        self.close_question(c, "answered");
        self.at_mut(c).rest = Rest::Running;
        self.run(c, to);
    }

    /// `anytime` rules, from the innermost playbook outwards.
    fn match_anytime(&mut self, c: C, heard: &Heard, left: bool) -> bool {
        let level = self.top(c);
        for owner in (0..=level).rev().filter(|owner| self.at(c).frames.get(*owner).is_some_and(|frame| frame.side.is_none())) {
            let Some(plan) = self.plan(c, owner) else { continue };
            for (number, rule) in plan.anytime.iter().enumerate() {
                let Some(value) = self.matches(rule, heard, left) else { continue };
                self.claim_text(c);
                let conversation = self.at(c).id.clone();
                self.at_mut(c).reply = Some(heard.as_reply(value));
                self.decide(Decision::Took { conversation, playbook: plan.name.clone(), at: 0, way: Way::Anytime(number) });
                if exit_of(&plan, &rule.to) == Next::Resume {
                    self.run_side(c, owner, &rule.to, &Next::Resume);
                } else {
                    self.close_question(c, "answered");
                    self.at_mut(c).rest = Rest::Running;
                    let playbook = plan.name.clone();
                    self.at_mut(c).frames.push(Frame { playbook, at: 0, vars: serde_json::Map::new(), side: Some(owner) });
                    self.run(c, rule.to.clone());
                }
                return true;
            }
        }
        false
    }

    /// Whether a rule hits, and the value it saves. `left`: only `other`, which is asked last; else everything but `other`.
    fn matches(&self, rule: &Rule, heard: &Heard, left: bool) -> Option<Value> {
        let today = self.zone().to_datetime(self.now.timestamp()).date();
        let language = self.contact.text("language").unwrap_or(&self.ws.language);
        let reader = matching::Reader { phone: self.contact.phone.as_str(), language, today };
        rule.matches
            .iter()
            .filter(|one| left == matches!(one, Match::Other))
            .find_map(|one| reader.matches(one, heard))
            .map(|value| rule.save_as.clone().unwrap_or(value))
    }

    /// The time-out of a question.
    pub fn timed_out(&mut self, c: C) {
        let level = self.top(c);
        let Some((plan, ix)) = self.place(c, level) else { return };
        let Some(Verb::Question(question)) = plan.steps.get(ix).map(|step| &step.verb) else { return };
        if let Rest::Question(open) = &mut self.at_mut(c).rest
            && !open.gathered.is_empty()
        {
            open.overdue = true;
            return;
        }
        self.took(c, level, ix, Way::Timeout);
        self.close_question(c, "timed out");
        if let (true, Some(within), 0) = (question.late, plan.late_replies, level) {
            let until = within.after(self.now.timestamp(), self.zone()).into();
            self.state.late = Some(Late { conversation: self.at(c).clone(), until });
        }
        self.at_mut(c).rest = Rest::Running;
        self.run(c, question.on_timeout.clone());
    }

    /// A reminder is due.
    pub fn remind(&mut self, c: C, number: usize) {
        let level = self.top(c);
        let Some((_, ix)) = self.place(c, level) else { return };
        self.took(c, level, ix, Way::Remind(number));
        if let Rest::Question(open) = &mut self.at_mut(c).rest {
            open.reminded = open.reminded.max(number + 1);
        }
        if let Flow::Go(next) = self.put_text(c, level, ix, Role::Remind(number)) {
            self.run(c, next);
        }
    }

    /// Where the top level stands.
    pub fn place(&self, c: C, level: usize) -> Option<(std::sync::Arc<Plan>, Ix)> {
        let at = self.at(c).frames.get(level)?.at;
        Some((self.plan(c, level)?, at))
    }

    /// The contact answers a question whose text is under way: it is open from now, whatever we hear of the text later.
    fn mark_open(&mut self, c: C) {
        if let Rest::Question(open) = &mut self.at_mut(c).rest {
            open.open = true;
        }
    }

    /// A text of the contact belongs to this conversation: what it sends within a day is an answer.
    pub fn claim_text(&mut self, c: C) {
        let now = self.now;
        let conversation = self.at_mut(c);
        conversation.claimed_at = Some(now);
        conversation.steps = 0;
        let conversation = conversation.id.clone();
        self.decide(Decision::Claimed { conversation });
    }
}

/// A text as it is matched.
pub(super) fn heard(text: &TextIn) -> Heard {
    Heard { text: text.body.clone(), media: text.media.clone(), button: text.button.clone() }
}

/// Several texts as one.
fn join(texts: &[TextIn]) -> Option<TextIn> {
    let mut whole = texts.last()?.clone();
    whole.body = texts.iter().map(|text| text.body.as_str()).collect::<Vec<_>>().join("\n");
    whole.media = texts.iter().flat_map(|text| text.media.clone()).collect();
    whole.button = texts.iter().rev().find_map(|text| text.button.clone());
    Some(whole)
}

/// Where a branch ends up: a side branch ends in `Resume`. Steps of the top list are where `goto` leads: outside of any branch.
fn exit_of(plan: &Plan, from: &Next) -> Next {
    /// More steps than a playbook of 256 KiB can have; a branch never loops within itself.
    const MANY: usize = 100_000;
    let mut next = from.clone();
    for _ in 0..MANY {
        match &next {
            Next::Step(ix) => match plan.steps.get(*ix) {
                Some(step) if !step.top => {
                    next = match &step.verb {
                        Verb::Goto(to) => to.clone(),
                        Verb::End(outcome) => Next::End(outcome.clone()),
                        _ => step.next.clone(),
                    }
                }
                _ => return next,
            },
            _ => return next,
        }
    }
    next
}
