//! What follows when something we did is over: a text accepted, refused, expired or undelivered.

use super::run::Flow;
use super::state::{Open, Pending, Rest, Role};
use super::texts::Fate;
use super::turn::{C, Turn};
use super::{Decision, Way};
use crate::model::{ConversationId, MessageId, Time};
use crate::playbook::plan::{Next, Verb};

/// Twilio refuses a text to somebody who opted out with it: an opt-out we did not hear of.
const UNSUBSCRIBED: u32 = 21610;

impl Turn<'_> {
    /// A text has left the rules or Twilio: what its conversation does now. The text is no longer pending after this.
    pub fn follow(&mut self, c: C, pending: &Pending, fate: Fate) -> Flow {
        self.at_mut(c).texts.retain(|known| known.slot != pending.slot);
        if let (Role::Exit(_), Some(outcome)) = (pending.role, self.at(c).leaving.clone()) {
            // The last text of a conversation that is being left: it ends, whatever became of it.
            self.end(c, &outcome);
            return Flow::Rest;
        }
        if pending.role == Role::Left {
            return Flow::Rest;
        }
        let Some(plan) = self.plan(c, pending.level) else { return self.lost(c) };
        let Some(step) = plan.steps.get(pending.at) else { return self.lost(c) };
        let on_failed = match &step.verb {
            Verb::Send(send) => send.on_failed.clone(),
            Verb::Question(question) => question.send.as_ref().and_then(|send| send.on_failed.clone()),
            _ => None,
        };
        match (pending.role, fate) {
            (Role::Send, Fate::Accepted | Fate::Skipped(_)) => return Flow::Go(step.next.clone()),
            (Role::Ask, Fate::Accepted) => self.start_question(c, pending.level, pending.at),
            (Role::Ask, Fate::Skipped(reason)) => self.end(c, if reason == "cap" { "capped" } else { reason }),
            (Role::Handoff, Fate::Accepted | Fate::Skipped(_) | Fate::Refused(_)) => self.start_talk(c),
            (_, Fate::OnItsWay | Fate::Accepted | Fate::Skipped(_)) | (Role::Remind(_) | Role::Retry, Fate::Refused(_)) => {}
            (role, Fate::Refused(why) | Fate::Unmade(why)) if on_failed.is_some() => {
                let branch = on_failed.unwrap_or(Next::Resume);
                self.stumbled(c, why);
                self.took(c, pending.level, pending.at, Way::Failed);
                if role == Role::Side {
                    // What follows the text in its side branch has been done already.
                    self.run_side(c, pending.level, &branch, &step.next);
                } else {
                    return self.fail_over(c, branch);
                }
            }
            (Role::Side, Fate::Refused(_)) => {}
            (Role::Send, Fate::Refused(_)) => return Flow::Go(step.next.clone()),
            (_, Fate::Refused(why) | Fate::Unmade(why)) => {
                self.stumbled(c, why);
                self.end(c, "failed");
            }
        }
        Flow::Rest
    }

    /// Leaves the step for its `on_failed`.
    fn fail_over(&mut self, c: C, branch: Next) -> Flow {
        self.close_question(c, "failed");
        self.at_mut(c).rest = Rest::Running;
        Flow::Go(branch)
    }

    /// Twilio has accepted a text.
    pub fn sent(&mut self, message: &MessageId, at: Time) {
        self.contact.last_outbound_at = Some(at);
        self.state.loose.retain(|loose| loose != message);
        if let Some(note) = self.state.sends.iter_mut().find(|note| note.message.as_ref() == Some(message)) {
            note.message = None;
            note.at = at;
        }
        self.text_is_over(message, Fate::Accepted);
    }

    /// A text was refused for good, or its fate will never be known.
    pub fn not_sent(&mut self, message: &MessageId, code: Option<u32>, why: &str) {
        self.state.loose.retain(|loose| loose != message);
        self.state.sends.retain(|note| note.message.as_ref() != Some(message));
        let reason = code.map_or_else(|| "unknown".to_owned(), |code| code.to_string());
        let conversation = self.owner(message).map_or_else(|| ConversationId(String::new()), |(c, _)| self.at(c).id.clone());
        self.decide(Decision::Skipped { conversation, reason });
        if code == Some(UNSUBSCRIBED) {
            self.opt_out("twilio", &format!("{UNSUBSCRIBED} for {message}"), false);
            return;
        }
        self.text_is_over(message, Fate::Refused(code.map_or_else(|| why.to_owned(), |code| code.to_string())));
    }

    /// A queued text came up after its window had closed: all rules are looked at again.
    pub fn expired(&mut self, message: &MessageId) {
        self.state.loose.retain(|loose| loose != message);
        self.state.sends.retain(|note| note.message.as_ref() != Some(message));
        let Some((c, pending)) = self.owner(message) else { return };
        self.unqueue(c, pending.slot);
        if let Flow::Go(next) = self.offer(c, pending.slot) {
            self.run(c, next);
        }
    }

    /// A status callback says that an accepted text did not arrive. An open question may have a way for that.
    pub fn undelivered(&mut self, message: &MessageId, code: Option<u32>) {
        if code == Some(UNSUBSCRIBED) {
            self.opt_out("twilio", &format!("{UNSUBSCRIBED} for {message}"), false);
            return;
        }
        let asked = |rest: &Rest| matches!(rest, Rest::Question(Open { message: Some(asked), .. }) if asked == message);
        let Some(c) = self.live().into_iter().find(|c| asked(&self.at(*c).rest)) else { return };
        let level = self.top(c);
        let Some(at) = self.at(c).frames.get(level).map(|frame| frame.at) else { return };
        let branch = self.plan(c, level).and_then(|plan| match plan.steps.get(at).map(|step| &step.verb) {
            Some(Verb::Question(question)) => question.send.as_ref().and_then(|send| send.on_failed.clone()),
            _ => None,
        });
        if let Some(branch) = branch {
            self.took(c, level, at, Way::Failed);
            if let Flow::Go(next) = self.fail_over(c, branch) {
                self.run(c, next);
            }
        }
    }

    /// Whose text this is, while the conversation still waits for it.
    pub fn owner(&self, message: &MessageId) -> Option<(C, Pending)> {
        self.live()
            .into_iter()
            .find_map(|c| self.at(c).texts.iter().find(|pending| pending.message.as_ref() == Some(message)).map(|pending| (c, pending.clone())))
    }

    fn text_is_over(&mut self, message: &MessageId, fate: Fate) {
        let Some((c, pending)) = self.owner(message) else { return };
        if let Flow::Go(next) = self.follow(c, &pending, fate) {
            self.run(c, next);
        }
    }
}
