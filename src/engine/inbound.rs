//! A text arrives. The order in which it is looked at is the heart of two-way messaging, and it is this file, top to bottom:
//! reserved words, a person, an open question, keywords, a text that waits, a late reply, `message: any`.

use serde_json::{Value, json};

use super::Decision;
use super::question::heard;
use super::state::{Conversation, Due, Open, Pending, Rest, Role};
use super::turn::{C, Turn};
use crate::model::event::{CallIn, TextIn};
use crate::model::{Channel, Direction, MessageId, MessageStatus, Time};
use crate::playbook::plan::{IfBusy, IfRunning, TriggerKind};
use crate::text::words::cut;
use crate::text::{reserved, segments};

use super::run::Flow;
use super::start::{Begin, Cause};

impl Turn<'_> {
    /// The contact wrote.
    pub fn text(&mut self, text: &TextIn, at: Time) {
        self.contact.last_inbound_at = Some(at);
        self.out.unblock = true;
        if text.to.channel() == Channel::Whatsapp {
            self.state.whatsapp.insert(text.to.number().to_owned(), at);
        }
        if let (Some(name), None) = (&text.profile_name, self.contact.text("name")) {
            self.contact.set("name", name.as_str().into());
        }
        let mut text = text.clone();
        if !self.ws.sync.media {
            text.media.clear();
        }
        self.record(&text, at);
        self.talked("contact", &text.body);
        let before = self.decisions.len();

        if let Some(word) = self.reserved_word(&text) {
            self.obey(word, &text);
            return;
        }
        if !self.listens_on(text.to.channel()) {
            self.decide(Decision::Unclaimed);
            return;
        }
        if self.contact.opted_out {
            // Nothing starts; whoever would have is noted with the reason, `opted_out`.
            let _ = self.keyword(&text, None);
            if self.decisions.len() == before {
                self.catch_all(&text);
            }
            self.decide(Decision::Unclaimed);
            return;
        }
        self.hear_text(&text);
        if !self.decisions[before..].iter().any(|decision| matches!(decision, Decision::Claimed { .. } | Decision::Started { .. })) {
            self.decide(Decision::Unclaimed);
        }
        self.name_owner(before);
    }

    /// Whether playbooks take part on this channel.
    pub fn listens_on(&self, channel: Channel) -> bool {
        self.ws.sync.inbound && self.ws.sync.messages && self.ws.sync.channels.contains(&channel)
    }

    fn hear_text(&mut self, text: &TextIn) {
        if let Some(c) = self.holder()
            && let Rest::Person(_) = self.at(c).rest
        {
            self.claim_text(c);
            self.told_person(c);
            self.release_texts(c);
            return;
        }
        if let Some(c) = self.open_question() {
            self.hear(c, text);
            return;
        }
        if self.keyword(text, None) {
            return;
        }
        if let Some(c) = self.holder()
            && self.has_waiting_text(c)
        {
            self.claim_text(c);
            self.release_texts(c);
            return;
        }
        if self.late_reply(text) {
            return;
        }
        self.catch_all(text);
    }

    /// Starts the playbook whose keyword the whole text is. While a question is open, playbooks that give way are not asked, nor the question's own.
    pub fn keyword(&mut self, text: &TextIn, open: Option<C>) -> bool {
        let word = cut(&text.body);
        if word.is_empty() {
            return false;
        }
        let plans = self.plans;
        for plan in plans.plans.values() {
            if let Some(c) = open
                && (plan.if_busy == IfBusy::Skip || self.at(c).playbook == plan.name)
            {
                continue;
            }
            for trigger in &plan.triggers {
                let TriggerKind::Keyword { words, if_running, to } = &trigger.kind else { continue };
                if words.contains(&word) && self.is_to(text, to) && self.begin(Begin::new(plan, self.by_text(text), *if_running)) {
                    return true;
                }
            }
        }
        false
    }

    /// Starts the playbook that takes what nobody else claims.
    fn catch_all(&mut self, text: &TextIn) {
        let plans = self.plans;
        for plan in plans.plans.values() {
            for trigger in &plan.triggers {
                let TriggerKind::Message { to } = &trigger.kind else { continue };
                if self.is_to(text, to) && self.begin(Begin::new(plan, self.by_text(text), IfRunning::Ignore)) {
                    return;
                }
            }
        }
    }

    /// Whether a text was written to one of these senders; none named is any.
    fn is_to(&self, text: &TextIn, to: &[String]) -> bool {
        to.is_empty() || self.sender_at(&text.to).is_some_and(|sender| to.contains(&sender.name))
    }

    fn by_text(&self, text: &TextIn) -> Cause {
        let reply = heard(text);
        let value = reply.text_or_media();
        Cause::Text { to: text.to.clone(), reply: reply.as_reply(value) }
    }

    /// Whether a text is held, or still waits for its sender.
    pub fn waits(&self, text: &Pending) -> bool {
        text.message.as_ref().is_none_or(|message| self.can_take_back(message))
    }

    /// Whether such a text of a conversation is there.
    fn has_waiting_text(&self, c: C) -> bool {
        self.at(c).texts.iter().any(|text| self.waits(text))
    }

    /// The contact is awake: the line holder's texts that are held or wait for their sender go out now, as answers. It is no answer to them.
    pub fn release_texts(&mut self, c: C) {
        let waiting: Vec<Pending> = self.at(c).texts.iter().filter(|text| self.waits(text)).cloned().collect();
        for text in waiting {
            if let Some(message) = &text.message {
                self.take_back(message, "released");
            }
            self.unqueue(c, text.slot);
            if let Flow::Go(next) = self.offer(c, text.slot) {
                self.run(c, next);
            }
        }
    }

    /// A text is no longer queued, and has no clock of its own: it may be offered anew.
    pub fn unqueue(&mut self, c: C, slot: u64) {
        self.drop_clocks(c, |due| due == Due::Held(slot));
        let conversation = self.at_mut(c);
        let Some(text) = conversation.texts.iter_mut().find(|text| text.slot == slot) else { return };
        text.message = None;
        if let (Role::Ask, Rest::Question(open)) = (text.role, &mut conversation.rest) {
            open.message = None;
        }
    }

    /// A conversation that timed out opens again at its question, unsent, and this text is the answer.
    fn late_reply(&mut self, text: &TextIn) -> bool {
        if self.holder().is_some() {
            return false;
        }
        let Some(late) = self.state.late.take() else { return false };
        let mut conversation = late.conversation;
        let again = |other: &Conversation| other.playbook == conversation.playbook && other.key == conversation.key && other.ended.is_none();
        if late.until < self.now || self.state.live.iter().any(again) {
            return false;
        }
        conversation.rest = Rest::Question(Open::default());
        conversation.texts.clear();
        conversation.tries = 0;
        conversation.steps = 0;
        let id = conversation.id.clone();
        self.state.live.push(conversation);
        let c = self.state.live.len() - 1;
        self.state.line = Some(id);
        let level = self.top(c);
        let Some(at) = self.at(c).frames.get(level).map(|frame| frame.at) else { return false };
        self.start_question(c, level, at);
        self.hear(c, text);
        true
    }

    /// The text is in the record before anything is decided about it.
    fn record(&mut self, text: &TextIn, at: Time) {
        let mut row = self.message_row(MessageId(text.sid.clone()), Direction::Inbound, MessageStatus::Received, at);
        row.from = text.from.0.clone();
        row.to = text.to.0.clone();
        row.body.clone_from(&text.body);
        row.media.clone_from(&text.media);
        row.segments = segments::count(&text.body);
        row.sid = Some(text.sid.clone());
        row.history = vec![(at, "received".to_owned())];
        self.out.counts.push(("messages/received".to_owned(), 1));
        self.out.messages.push(row);
    }

    /// Writes into the record which conversation a text went to.
    fn name_owner(&mut self, before: usize) {
        let owner = self.decisions[before..].iter().find_map(|decision| match decision {
            Decision::Claimed { conversation } | Decision::Started { conversation, .. } => Some(conversation.clone()),
            _ => None,
        });
        if let Some(row) = self.out.messages.iter_mut().rfind(|row| row.direction == Direction::Inbound) {
            row.conversation = owner;
        }
    }

    /// The word the workspace reserves, if the whole text is one. A bare YES brings back only who is out, on a number where Twilio lifts its own block.
    fn reserved_word(&self, text: &TextIn) -> Option<reserved::Reserved> {
        let by_twilio = match text.opt_out_type.as_deref() {
            Some("STOP") => Some(reserved::Reserved::Stop),
            Some("START") => Some(reserved::Reserved::Start),
            Some("HELP") => Some(reserved::Reserved::Help),
            _ => None,
        };
        by_twilio.or_else(|| reserved::reserved(&text.body, &self.ws.reserved)).or_else(|| {
            let long_code = self.sender_at(&text.to).is_some_and(|sender| sender.kind == crate::model::SenderType::LongCode);
            (self.contact.opted_out && long_code && reserved::is_bare_yes(&text.body)).then_some(reserved::Reserved::Start)
        })
    }
}

/// `event` of a conversation that a call started.
pub(super) fn call_event(call: &CallIn) -> Value {
    json!({ "from": call.from, "to": call.to, "call_sid": call.sid })
}
