//! What no talk may ever do, looked at from outside: by the texts that went out and what the contact had done, not by what the engine says.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::rehearsal::Rehearsal;
use super::super::{Act, Spoken, Start};
use super::Kind;
use crate::engine::guard::IN_A_ROW;
use crate::engine::{Decision, zones};
use crate::model::{Class, ConversationId, MessageId, Time};
use crate::playbook::plan::{Ix, Verb};

/// A text sent so soon after the contact's own is an answer: no consent, no window.
const ANSWER: Duration = Duration::from_secs(24 * 3600);

/// What has to be remembered of the past of a talk.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    /// The contact's latest own text or call, by the conversation it went to.
    claimed: BTreeMap<ConversationId, Time>,
    /// The step each conversation came to last.
    at: BTreeMap<ConversationId, (String, Ix)>,
    /// Data or answers were made up, so a text that lacks some of it is no fault of the playbook.
    pub made_up: bool,
}

/// Something that must not be.
#[derive(Debug)]
pub(super) struct Seen {
    /// Of which kind.
    pub kind: Kind,
    /// In words.
    pub what: String,
    /// The playbook and the step it is about, if it is about one.
    pub step: Option<(String, Ix)>,
    /// The text that should not be there, by its place among all that was said.
    pub text: Option<usize>,
}

impl Watch {
    /// At the beginning.
    pub fn new(made_up: bool) -> Watch {
        Watch { made_up, ..Watch::default() }
    }

    /// Looks at what an act led to: everything said and decided from these places on. After a refusal `failed` is what the language wants.
    pub fn look(&mut self, on: &mut Rehearsal<'_>, act: &Act, (said, decided): (usize, usize), refused: bool) -> Option<Seen> {
        let own_word = matches!(act, Act::Contact(_) | Act::Call(_) | Act::Start(Start::Text(..) | Start::Call(_)));
        let now = on.now();
        let mut steps: BTreeMap<MessageId, (String, Ix)> = BTreeMap::new();
        let mut stumbled: Option<&str> = None;
        let mut failed = None;
        for decision in on.decisions().get(decided..).unwrap_or_default() {
            match decision {
                Decision::Claimed { conversation } => {
                    self.claimed.insert(conversation.clone(), now);
                }
                Decision::Started { conversation, .. } if own_word => {
                    self.claimed.insert(conversation.clone(), now);
                }
                Decision::Step { conversation, playbook, at, .. } => {
                    self.at.insert(conversation.clone(), (playbook.clone(), *at));
                }
                Decision::Queued { conversation, message } => {
                    steps.extend(self.at.get(conversation).map(|step| (message.clone(), step.clone())));
                }
                Decision::Stumbled { why, .. } if stumbled.is_none() => stumbled = Some(why),
                Decision::Ended { conversation, outcome, .. } if outcome == "failed" => failed = Some(conversation),
                _ => {}
            }
        }
        if let (Some(why), Some(conversation)) = (stumbled, failed) {
            let step = self.at.get(conversation).cloned();
            if why.contains(IN_A_ROW) {
                return Some(Seen { kind: Kind::Endless, what: format!("it goes round in circles: {why}"), step, text: None });
            }
            if !self.made_up && !refused {
                return Some(Seen { kind: Kind::Fails, what: format!("it ends as `failed`: {why}"), step, text: None });
            }
        }
        let all = on.spoken();
        for (place, spoken) in all.iter().enumerate().skip(said) {
            let earlier = all.get(said..place).unwrap_or_default();
            let step = steps.get(&spoken.outgoing.id).cloned();
            if let Some((kind, what)) = self.text(on, spoken, earlier, step.as_ref()) {
                return Some(Seen { kind, what, step, text: Some(place) });
            }
        }
        self.waits_for_ever(on)
    }

    /// One text.
    fn text(&self, on: &Rehearsal<'_>, spoken: &Spoken, earlier: &[Spoken], step: Option<&(String, Ix)>) -> Option<(Kind, String)> {
        let Spoken { at, text, outgoing, contact, by_agent } = spoken;
        let conversation = outgoing.conversation.as_ref().filter(|_| !by_agent && !outgoing.to_opted_out)?;
        if contact.opted_out {
            return Some((Kind::Consent, format!("`{}` went to a contact who has opted out", text.body)));
        }
        if earlier.iter().any(|other| other.text.body == text.body && other.outgoing.conversation.as_ref() == Some(conversation)) {
            return Some((Kind::Twice, format!("`{}` went out twice, and nothing happened in between", text.body)));
        }
        if self.claimed.get(conversation).is_some_and(|claimed| claimed.plus(ANSWER) > *at) {
            return None;
        }
        let ws = &on.stage.plans.workspace;
        let plan = outgoing.playbook.as_ref().and_then(|name| on.plans().by_name(name))?;
        let needs_consent = ws.class(outgoing.class).is_none_or(|rules| rules.needs_consent);
        if outgoing.class == Class::Marketing && needs_consent && !contact.consent.contains("marketing") {
            return Some((Kind::Consent, format!("`{}` is marketing, and the contact never agreed to any", text.body)));
        }
        let urgent = step.and_then(|(playbook, at)| on.plans().by_name(playbook)?.steps.get(*at)).is_some_and(|step| match &step.verb {
            Verb::Send(send) => send.urgent,
            Verb::Question(question) => question.send.as_ref().is_some_and(|send| send.urgent),
            _ => false,
        });
        let zones = zones(contact, &ws.timezone);
        if !urgent && !ws.hours(outgoing.class, &plan.hours).is_open(at.timestamp(), &zones) {
            return Some((Kind::Window, format!("`{}` went out beyond the hours of its class and playbook", text.body)));
        }
        None
    }

    /// Whoever rests must have a clock, or nobody ever comes back to it.
    fn waits_for_ever(&self, on: &mut Rehearsal<'_>) -> Option<Seen> {
        let state = on.world.person().state;
        let stuck = state.live.iter().find(|live| !state.clocks.iter().any(|clock| clock.conversation == live.id))?;
        let step = self.at.get(&stuck.id).cloned();
        let what = format!("`{}` waits with no clock to wake it, at `{}`", stuck.playbook, stuck.step.as_deref().unwrap_or("its start"));
        Some(Seen { kind: Kind::Endless, what, step, text: None })
    }
}
