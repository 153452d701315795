//! Anything but a text arrives: API events, tags, clicks, calls, broadcasts, and the ends of what we did.

use serde_json::Value;

use super::Decision;
use super::inbound;
use super::run::Flow;
use super::start::{Begin, Cause};
use super::state::{Rest, Role};
use super::turn::{C, Turn};
use crate::model::event::CallIn;
use crate::model::{Address, Channel, Event, Happening, Time};
use crate::playbook::plan::{Exit, ExitOn, IfRunning, TriggerKind, Verb};

/// Events remembered for a `wait_for` that has not been reached yet.
const MAX_EARLY: usize = 20;

impl Turn<'_> {
    /// Something happened.
    pub fn happen(&mut self, event: &Event) {
        match &event.what {
            Happening::Text(text) => self.text(text, event.at),
            Happening::Call(call) => self.called(call, event.at),
            Happening::Clicked { conversation, marks, .. } => {
                if let Some(c) = self.find(conversation) {
                    self.at_mut(c).clicked.extend(marks.iter().cloned());
                }
                self.out.counts.push(("links/clicked".to_owned(), 1));
            }
            Happening::Api { name, data, key } => self.api_event(name, data, key.as_deref()),
            Happening::Tagged { tag } => self.tagged(tag),
            Happening::Start { broadcast, plan, number, audience } => {
                let plans = self.plans;
                let Some(plan) = plans.plan(plan) else {
                    self.out.counts.push((format!("broadcast/{broadcast}/skipped/lost"), 1));
                    return;
                };
                let cause = Cause::Broadcast { id: broadcast.clone(), number: number.clone(), audience: audience.clone() };
                self.begin(Begin::new(plan, cause, IfRunning::Ignore));
            }
            Happening::Sent { message, .. } => self.sent(message, event.at),
            Happening::NotSent { message, code, why } => self.not_sent(message, *code, why),
            Happening::Expired { message } => self.expired(message),
            Happening::Undelivered { message, code, .. } => self.undelivered(message, *code),
            Happening::Answered { message, answer } => self.answered(message, answer),
            Happening::AgentText { handoff, text, .. } => self.agent_text(handoff, text),
            Happening::TakenOver { conversation, agent } => self.take_over(conversation, agent),
            Happening::AgentClosed { handoff, outcome, .. } => self.agent_closed(handoff, outcome),
            Happening::Stopped { playbook } => {
                for c in self.live().into_iter().filter(|c| self.at(*c).playbook == *playbook).collect::<Vec<_>>() {
                    self.unwind(c, "stopped");
                }
                self.state.late = self.state.late.take().filter(|late| late.conversation.playbook != *playbook);
            }
            Happening::Resumed { playbook } => self.resumed(playbook),
            Happening::Deployed { playbook } => self.deployed(playbook),
            Happening::OptedOut { source } => self.opt_out(source, source, true),
            // A broadcast's orders go to broadcasts, clocks come by `step`, and notes are for people.
            Happening::Broadcast { .. } | Happening::Clock | Happening::Noted { .. } => {}
        }
        self.settle();
    }

    /// A program told us something: goals, exits, waits, then triggers.
    fn api_event(&mut self, name: &str, data: &Value, key: Option<&str>) {
        let mut data = data.clone();
        if let (Some(key), Value::Object(fields)) = (key, &mut data) {
            fields.insert("key".to_owned(), Value::from(key));
        }
        self.reach_goals(name, &data);
        for c in self.live() {
            if !self.is_left(c) && !self.exit_by(c, Sign::Event(name, &data)) {
                self.hand_event(c, name, &data);
            }
        }
        self.give_line();
        let plans = self.plans;
        for plan in plans.plans.values() {
            for trigger in &plan.triggers {
                let TriggerKind::Event { name: wanted, filter, key: own_key, if_running } = &trigger.kind else { continue };
                if wanted != name || filter.as_ref().is_some_and(|filter| !self.is_true_of_contact(filter, Some(&data))) {
                    continue;
                }
                let key = match own_key {
                    Some(own) => self.key_of_event(own, &data),
                    None => key.map(str::to_owned),
                };
                self.begin(Begin::new(plan, Cause::Event(data.clone()), *if_running).keyed(key));
                break;
            }
        }
    }

    /// Goals this event reaches, of live conversations and of ended ones whose time is not over.
    fn reach_goals(&mut self, name: &str, data: &Value) {
        let plans = self.plans;
        for open in std::mem::take(&mut self.state.goals) {
            let goal = plans.plan(&open.plan).and_then(|plan| plan.goal.as_ref());
            let live = self.find(&open.conversation);
            let reached = open.until >= self.now
                && goal.is_some_and(|goal| {
                    goal.event == name
                        && goal.filter.as_ref().is_none_or(|filter| match live {
                            Some(c) => self.is_true_with(c, 0, filter, data),
                            None => self.is_true_of_contact(filter, Some(data)),
                        })
                });
            if !reached {
                self.state.goals.push(open);
                continue;
            }
            self.decide(Decision::Goal { conversation: open.conversation.clone() });
            if let Some(plan) = plans.plan(&open.plan) {
                self.out.counts.push((format!("playbook/{}/goal", plan.name), 1));
            }
            match live {
                Some(c) => {
                    self.at_mut(c).goal = true;
                    if goal.is_some_and(|goal| goal.exit) {
                        self.unwind(c, "goal");
                    }
                }
                None => {
                    if let Some(mut row) = open.row {
                        row.goal = true;
                        self.out.put_conversation(row);
                    }
                }
            }
        }
    }

    /// Leaves a conversation by the first exit that this sign opens. True: it is being left.
    fn exit_by(&mut self, c: C, sign: Sign<'_>) -> bool {
        let Some(plan) = self.main_plan(c) else { return false };
        for (number, exit) in plan.exit.iter().enumerate() {
            if self.opens(c, exit, sign) {
                self.took(c, 0, 0, super::Way::Exit(number));
                if let Sign::Event(_, data) = sign {
                    self.adopt(c, data);
                }
                self.leave(c, number, exit);
                return true;
            }
        }
        false
    }

    /// The last words speak of the event that ends it all; what that does not say, the trigger's has said.
    fn adopt(&mut self, c: C, data: &Value) {
        match (&mut self.at_mut(c).event, data) {
            (Some(Value::Object(own)), Value::Object(new)) => own.extend(new.clone()),
            (own, _) => *own = Some(data.clone()),
        }
    }

    fn opens(&mut self, c: C, exit: &Exit, sign: Sign<'_>) -> bool {
        let data = match (&exit.on, sign) {
            (ExitOn::Event(wanted), Sign::Event(name, data)) if wanted == name => Some(data),
            (ExitOn::Tagged(wanted), Sign::Tag(tag)) if wanted == tag => None,
            _ => return false,
        };
        if let Some(key) = &exit.key {
            let key = self.key_with(c, 0, key, data);
            if key.is_none() || key != self.at(c).key {
                return false;
            }
        }
        match (&exit.cond, data) {
            (None, _) => true,
            (Some(cond), Some(data)) => self.is_true_with(c, 0, cond, data),
            (Some(cond), None) => self.is_true(c, 0, cond),
        }
    }

    /// Leaves everything at once; the last text, if there is one, decides when it is over.
    fn leave(&mut self, c: C, number: usize, exit: &Exit) {
        self.drop_texts(c, "exit", |_| true);
        self.drop_clocks(c, |_| true);
        self.cancel_call(c, "exit");
        self.cancel_handoff(c);
        self.release_line(c);
        let conversation = self.at_mut(c);
        conversation.frames.truncate(1);
        conversation.leaving = Some(exit.end.clone());
        conversation.rest = Rest::Text;
        if exit.say.is_none() {
            self.end(c, &exit.end);
            return;
        }
        let at = self.at(c).frames.first().map_or(0, |frame| frame.at);
        // Whatever becomes of the last text, `follow` ends the conversation.
        let _ = self.put_text(c, 0, at, Role::Exit(number));
    }

    /// An event for a conversation that waits for it, or will.
    fn hand_event(&mut self, c: C, name: &str, data: &Value) {
        let level = self.top(c);
        if let (Rest::Event { .. }, Some((plan, ix))) = (&self.at(c).rest, self.place(c, level))
            && let Some(step) = plan.steps.get(ix)
            && let Verb::WaitFor(wait) = &step.verb
            && wait.event == name
            && self.awaited(c, level, wait, data)
        {
            self.drop_clocks(c, |due| due == super::state::Due::Wait);
            self.at_mut(c).rest = Rest::Running;
            self.at_mut(c).steps = 0;
            let next = self.take_awaited(c, level, ix, step, data.clone());
            self.run(c, next);
            return;
        }
        let remembers = self.main_plan(c).is_some_and(|plan| plan.awaited.iter().any(|awaited| awaited == name));
        if remembers {
            let early = &mut self.at_mut(c).early;
            early.push((name.to_owned(), data.clone()));
            if early.len() > MAX_EARLY {
                early.remove(0);
            }
        }
    }

    /// The contact got a tag it did not have. What that ends, ends at once; what it starts comes when the present run is over.
    pub fn tagged(&mut self, tag: &str) {
        for c in self.live() {
            if !self.is_left(c) {
                self.exit_by(c, Sign::Tag(tag));
            }
        }
        self.fresh_tags.push(tag.to_owned());
    }

    /// Triggers of new tags; what they start may tag again.
    pub fn obey_tags(&mut self) {
        /// A chain of tags that start playbooks that tag: longer ones are a loop.
        const MAX_CHAIN: usize = 20;
        for _ in 0..MAX_CHAIN {
            if self.fresh_tags.is_empty() {
                return;
            }
            for tag in std::mem::take(&mut self.fresh_tags) {
                let plans = self.plans;
                for plan in plans.plans.values() {
                    let wanted = |kind: &TriggerKind| matches!(kind, TriggerKind::Tagged(wanted) if *wanted == tag);
                    if plan.triggers.iter().any(|trigger| wanted(&trigger.kind)) {
                        self.begin(Begin::new(plan, Cause::Tag, IfRunning::Ignore));
                    }
                }
            }
        }
    }

    /// The contact called. The caller has been answered by voice already; a playbook may text back.
    fn called(&mut self, call: &CallIn, at: Time) {
        self.contact.last_inbound_at = Some(at);
        if !self.listens_on(Channel::Voice) {
            return;
        }
        let to = Address(call.to.clone());
        let sender = self.sender_at(&to).map(|sender| sender.name.clone());
        let plans = self.plans;
        for plan in plans.plans.values() {
            for trigger in &plan.triggers {
                let TriggerKind::Call { to: wanted, .. } = &trigger.kind else { continue };
                if wanted.is_empty() || sender.as_ref().is_some_and(|sender| wanted.contains(sender)) {
                    let cause = Cause::Call { to: to.clone(), event: inbound::call_event(call) };
                    self.begin(Begin::new(plan, cause, IfRunning::Ignore));
                    return;
                }
            }
        }
    }

    /// A live conversation got a new event: an open `wait_until` is planned anew.
    pub fn plan_again(&mut self, c: C) {
        let level = self.top(c);
        let Some((plan, ix)) = self.place(c, level) else { return };
        let Some(step) = plan.steps.get(ix) else { return };
        let (Verb::WaitUntil(until), Rest::Time { .. }) = (&step.verb, &self.at(c).rest) else { return };
        self.drop_clocks(c, |due| due == super::state::Due::Wait);
        if let Flow::Go(next) = self.wait_until(c, level, ix, step, until) {
            self.run(c, next);
        }
    }
}

/// What may open an exit.
#[derive(Clone, Copy)]
enum Sign<'s> {
    /// An API event with its data.
    Event(&'s str, &'s Value),
    /// A new tag.
    Tag(&'s str),
}
