//! Last words: a text after which its conversation is over, whatever becomes of it. The conversation ends at once and nobody waits for
//! Twilio's acceptance, which saves a turn for every answer and every broadcast text of the simplest and most frequent kind.
//!
//! Only where nobody can tell the difference: nothing may still hold, expire, leave or count upon the text. A STOP takes it out of its lane
//! all the same, as do a pause and a `stop`: those are looked at when it is claimed.

use super::state::{Pending, Role};
use super::turn::{C, Turn};
use crate::playbook::plan::{Next, Plan, Verb};

impl Turn<'_> {
    /// Whether a text that is about to be queued is the last of its conversation. `expires`: its window may close before its turn.
    pub fn is_farewell(&self, c: C, pending: &Pending, plan: &Plan, expires: bool) -> bool {
        let conversation = self.at(c);
        if pending.role != Role::Send || expires || conversation.frames.len() > 1 || conversation.leaving.is_some() {
            return false;
        }
        // An exit, or a goal that ends it, would take the text back; the line is given up only when the text is out.
        if !plan.exit.is_empty() || plan.goal.as_ref().is_some_and(|goal| goal.exit) || self.state.line.as_ref() == Some(&conversation.id) {
            return false;
        }
        let Some(step) = plan.steps.get(pending.at) else { return false };
        let refused_the_same = matches!(&step.verb, Verb::Send(send) if send.on_failed.is_none());
        refused_the_same && ends(plan, &step.next)
    }
}

/// Whether there is nothing left but the end.
fn ends(plan: &Plan, next: &Next) -> bool {
    match next {
        Next::End(_) | Next::Completed => true,
        Next::Step(ix) => plan.steps.get(*ix).is_some_and(|step| step.cond.is_none() && matches!(step.verb, Verb::End(_))),
        Next::Again(_) | Next::Resume => false,
    }
}
