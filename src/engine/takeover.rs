//! A person takes a conversation over at an open question, and gives it back: the question is then open as it was, and its clocks go on
//! from where they stood.

use std::time::Duration;

use super::Decision;
use super::state::{Due, Rest, Taken, Talk};
use super::turn::{C, Turn};
use crate::model::{ConversationId, HandoffId, HandoffRow, HandoffState};

/// Queue of conversations that no playbook handed over.
const QUEUE: &str = "taken over";

/// A person who writes no more for so long has gone: the playbook goes on. As long as hand-offs wait by default.
const IDLE: Duration = Duration::from_secs(24 * 3600);

impl Turn<'_> {
    /// A person takes over. Anywhere but at an open question there is nothing to be silent about, and nothing to come back to.
    pub fn take_over(&mut self, id: &ConversationId, agent: &str) {
        let Some(c) = self.find(id).filter(|c| self.holder() == Some(*c) && !self.is_left(*c)) else { return };
        let Rest::Question(open) = self.at(c).rest.clone() else { return };
        if !open.open || !open.gathered.is_empty() {
            return;
        }
        let stops = |due: Due| matches!(due, Due::Timeout | Due::Remind(_));
        let clocks = self.state.clocks.iter().filter(|clock| clock.conversation == *id && stops(clock.due)).cloned().collect();
        self.drop_clocks(c, stops);
        let row = HandoffRow {
            id: HandoffId(format!("{}-{}", self.stem(), self.state.number())),
            contact: self.contact.phone.clone(),
            conversation: id.clone(),
            queue: QUEUE.to_owned(),
            agent: Some(agent.to_owned()),
            state: HandoffState::Answered,
            priority: "normal".to_owned(),
            note: String::new(),
            overdue: false,
            opened_at: self.now,
            closed_at: None,
        };
        self.out.put_handoff(row.clone());
        self.out.counts.push((format!("queue/{QUEUE}/opened"), 1));
        self.decide(Decision::HandedOff { conversation: id.clone(), queue: QUEUE.to_owned() });
        let now = self.now;
        let conversation = self.at_mut(c);
        conversation.taken = Some(Taken { open, clocks, at: now });
        conversation.rest = Rest::Person(Talk { row, since: Some(now), answered: true, waiting: false, turn: now });
        self.still_there(c);
    }

    /// The person has shown that they are there.
    pub fn still_there(&mut self, c: C) {
        if self.at(c).taken.is_some() {
            self.drop_clocks(c, |due| due == Due::Idle);
            let until = self.now.plus(IDLE);
            self.set_clock(c, Due::Idle, until);
        }
    }

    /// A conversation that was taken over goes on at its question. False: it was not.
    pub fn give_back(&mut self, c: C, state: HandoffState) -> bool {
        let Some(taken) = self.at_mut(c).taken.take() else { return false };
        self.put_handoff_state(c, state);
        self.drop_clocks(c, |due| due == Due::Idle);
        self.at_mut(c).rest = Rest::Question(taken.open);
        let paused = taken.at.until(self.now);
        for clock in taken.clocks {
            self.set_clock(c, clock.due, clock.at.plus(paused));
        }
        true
    }
}
