//! What a caller hears. Answered at once, before the call's event is worked on, and by the same rules on every repeat.

use super::Person;
use super::state::State;
use super::turn::Turn;
use crate::model::{Address, Channel, Contact, Time};
use crate::playbook::PlanSet;
use crate::playbook::plan::TriggerKind;

/// The answer to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VoiceAnswer {
    /// Say this, then hang up.
    Say {
        /// The sentence.
        text: String,
        /// In which language it is spoken.
        language: String,
    },
    /// Busy: nobody takes calls here.
    Reject,
}

/// What somebody who calls one of our numbers hears.
pub fn voice_answer(plans: &PlanSet, contact: &Contact, to: &Address, now: Time) -> VoiceAnswer {
    let nothing_under_way = |_: &_| None;
    let turn = Turn::new(plans, Person { contact: contact.clone(), state: State::default() }, &nothing_under_way, now);
    if !turn.listens_on(Channel::Voice) {
        return VoiceAnswer::Reject;
    }
    let sender = turn.ws.sender_of(to).map(|sender| sender.name.clone());
    let calls = plans.plans.values().flat_map(|plan| plan.triggers.iter().map(move |trigger| (plan, &trigger.kind)));
    for (plan, kind) in calls {
        let TriggerKind::Call { say, to: wanted } = kind else { continue };
        if !wanted.is_empty() && !sender.as_ref().is_some_and(|sender| wanted.contains(sender)) {
            continue;
        }
        let Some(say) = say else { return VoiceAnswer::Reject };
        let template = say.pick(contact.text("language"), plan.language.as_deref(), &turn.ws.language);
        let rendered = turn.with_scope(None, super::scope::Extra::default(), |scope| template.render(scope));
        let language = contact.text("language").or(plan.language.as_deref()).unwrap_or(&turn.ws.language).to_owned();
        return rendered.map_or(VoiceAnswer::Reject, |rendered| VoiceAnswer::Say { text: rendered.text, language });
    }
    VoiceAnswer::Reject
}
