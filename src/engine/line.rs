//! The line: the right to hear the contact's next text. One conversation holds it; others stand before their step.

use std::time::Duration;

use super::Decision;
use super::state::{Due, Rest};
use super::turn::{C, Turn};
use crate::model::ConversationId;
use crate::playbook::plan::{IfBusy, Next};

/// How long a conversation stands before a step for the line.
const MAX_WAIT: Duration = Duration::from_secs(24 * 3600);

impl Turn<'_> {
    /// Takes the line for a conversation that needs it. False: it waits for it, or has ended.
    pub fn take_line(&mut self, c: C) -> bool {
        let id = self.at(c).id.clone();
        let holder = self.holder();
        if holder == Some(c) {
            return true;
        }
        let Some(holder) = holder else {
            self.state.line_queue.retain(|waiting| *waiting != id);
            self.drop_clocks(c, |due| due == Due::Line);
            self.state.line = Some(id);
            return true;
        };
        let if_busy = self.main_plan(c).map_or(IfBusy::Wait, |plan| plan.if_busy);
        let person = matches!(self.at(holder).rest, Rest::Person(_));
        match if_busy {
            IfBusy::Skip => {
                self.end(c, "busy");
                false
            }
            IfBusy::Interrupt if !person => {
                self.decide(Decision::Line { conversation: id.clone(), what: "took".to_owned() });
                self.unwind(holder, "interrupted");
                self.state.line_queue.retain(|waiting| *waiting != id);
                self.state.line = Some(id);
                true
            }
            IfBusy::Wait | IfBusy::Interrupt => {
                self.at_mut(c).rest = Rest::Line;
                if !self.state.line_queue.contains(&id) {
                    self.decide(Decision::Line { conversation: id.clone(), what: "waits".to_owned() });
                    self.state.line_queue.push(id);
                    let until = self.now.plus(MAX_WAIT);
                    self.set_clock(c, Due::Line, until);
                }
                false
            }
        }
    }

    /// Who holds the line.
    pub fn holder(&self) -> Option<C> {
        self.state.line.as_ref().and_then(|id| self.find(id))
    }

    /// A conversation that rests at time or an event gives the line up; whoever waits gets it when this run is over.
    pub fn release_line(&mut self, c: C) {
        let id = self.at(c).id.clone();
        self.leave_line(&id);
    }

    /// Takes a conversation off the line and out of its queue.
    pub fn leave_line(&mut self, id: &ConversationId) {
        if self.state.line.as_ref() == Some(id) {
            self.state.line = None;
        }
        self.state.line_queue.retain(|waiting| waiting != id);
    }

    /// Gives a free line to whoever has waited longest, and lets it go on at the step it stands before.
    pub fn give_line(&mut self) {
        while self.holder().is_none() && !self.state.line_queue.is_empty() {
            let id = self.state.line_queue.remove(0);
            let Some(c) = self.find(&id).filter(|c| self.at(*c).rest == Rest::Line) else { continue };
            self.drop_clocks(c, |due| due == Due::Line);
            self.state.line = Some(id);
            let level = self.top(c);
            if let Some(at) = self.at(c).frames.get(level).map(|frame| frame.at) {
                self.run(c, Next::Step(at));
            }
        }
    }
}
