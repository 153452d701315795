//! What falls due, in order of time, then of planning.

use super::Way;
use super::run::Flow;
use super::state::{Clock, Due, Rest};
use super::turn::{C, Turn};
use crate::model::Time;
use crate::playbook::plan::Verb;

impl Turn<'_> {
    /// Fires every clock before `until`, or at it if `inclusive`; those set by the way too.
    pub fn run_clocks(&mut self, until: Time, inclusive: bool) {
        while let Some(clock) = self.next_clock(until, inclusive) {
            if let Some(c) = self.find(&clock.conversation) {
                self.at_mut(c).steps = 0;
                self.fire(c, clock.due);
                self.settle();
            }
        }
    }

    /// Takes the first clock that is due.
    fn next_clock(&mut self, until: Time, inclusive: bool) -> Option<Clock> {
        let due = |clock: &&(usize, &Clock)| clock.1.at < until || (inclusive && clock.1.at == until);
        let place = self.state.clocks.iter().enumerate().collect::<Vec<_>>();
        let (place, _) = place.iter().filter(due).min_by_key(|(_, clock)| (clock.at, clock.n))?;
        let place = *place;
        Some(self.state.clocks.swap_remove(place))
    }

    fn fire(&mut self, c: C, due: Due) {
        match due {
            Due::Timeout => self.timed_out(c),
            Due::Remind(number) => self.remind(c, number),
            Due::Gather => self.gathered(c),
            Due::Wait => self.waited(c),
            Due::Held(slot) => {
                if let Flow::Go(next) = self.offer(c, slot) {
                    self.run(c, next);
                }
            }
            Due::Line => self.unwind(c, "busy"),
            Due::Person => self.nobody_answered(c),
            Due::Sla => self.promise_missed(c),
            Due::Idle => self.fell_silent(c),
        }
    }

    /// What follows when something is over: whoever waits for the line gets it if it is free, and new tags do what they do.
    pub fn settle(&mut self) {
        self.give_line();
        self.obey_tags();
    }

    /// A `wait` is over, or the awaited event never came.
    fn waited(&mut self, c: C) {
        let level = self.top(c);
        let Some((plan, ix)) = self.place(c, level) else { return };
        let Some(step) = plan.steps.get(ix) else { return };
        let next = match &step.verb {
            Verb::WaitFor(wait) => {
                self.took(c, level, ix, Way::Timeout);
                wait.on_timeout.clone()
            }
            _ => step.next.clone(),
        };
        self.at_mut(c).rest = Rest::Running;
        self.run(c, next);
    }
}
