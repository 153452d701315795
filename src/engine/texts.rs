//! May this text go out, and when? Consent, window, caps, WhatsApp's 24 hours, then rendering, then the queue.

use std::time::Duration;

use super::run::Flow;
use super::scope::Extra;
use super::state::{Due, Pending, Role, SendNote};
use super::turn::{C, Turn};
use super::{Decision, state};
use crate::model::{
    Address, Channel, Class, Content, Direction, Link, MessageId, MessageStatus, Outgoing, Payload, Priority, SenderType, Text, Time,
};
use crate::playbook::Sender;
use crate::playbook::plan::{Cap, Ix, Plan, Send, TextSource, Verb};
use crate::text::{RenderError, Template, segments};

/// A text sent so soon after the contact's own is an answer.
const ANSWER: Duration = Duration::from_secs(24 * 3600);

/// WhatsApp takes free text so long after the contact's last one.
const WHATSAPP: Duration = Duration::from_secs(24 * 3600);

/// Twilio's code for free text outside WhatsApp's window, used when we refuse it ourselves.
pub(super) const OUTSIDE_WHATSAPP_WINDOW: u32 = 63016;

/// Twilio takes no longer body (21617).
const MAX_BODY: usize = 1_600;

/// The word under which a text that could not be made is in the record.
fn reason_of(error: &RenderError) -> &'static str {
    match error {
        RenderError::Undefined { .. } => "undefined",
        RenderError::TooLong => "too_long",
        RenderError::Fuel => "fuel",
        RenderError::Other { .. } => "template",
    }
}

/// What became of a text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fate {
    /// It waits for its sender, or for its window.
    OnItsWay,
    /// Twilio has accepted it.
    Accepted,
    /// It may not be sent; nobody's fault.
    Skipped(&'static str),
    /// Refused for good.
    Refused(String),
    /// It could not be made.
    Unmade(String),
}

/// The words and keys of one text.
struct Words<'p> {
    /// In all languages.
    text: &'p TextSource,
    /// Media, buttons, template: only where the text is the step's own.
    own: Option<&'p Send>,
    /// Class, urgency and sender, which reminders and retries share with their question.
    keys: Option<&'p Send>,
}

/// The words of a text by its role.
fn words(plan: &Plan, at: Ix, role: Role) -> Option<Words<'_>> {
    if let Role::Exit(number) = role {
        return Some(Words { text: plan.exit.get(number)?.say.as_ref()?, own: None, keys: None });
    }
    let verb = &plan.steps.get(at)?.verb;
    match (role, verb) {
        (Role::Send | Role::Side, Verb::Send(send)) => Some(Words { text: &send.text, own: Some(send), keys: Some(send) }),
        (Role::Ask, Verb::Question(question)) => {
            let send = question.send.as_ref()?;
            Some(Words { text: &send.text, own: Some(send), keys: Some(send) })
        }
        (Role::Retry, Verb::Question(question)) => {
            let send = question.send.as_ref();
            match &question.retry_say {
                Some(say) => Some(Words { text: say, own: None, keys: send }),
                None => Some(Words { text: &send?.text, own: send, keys: send }),
            }
        }
        (Role::Remind(number), Verb::Question(question)) => {
            Some(Words { text: &question.remind.get(number)?.say, own: None, keys: question.send.as_ref() })
        }
        (Role::Handoff, Verb::Handoff(handoff)) => Some(Words { text: handoff.say.as_ref()?, own: None, keys: None }),
        _ => None,
    }
}

impl<'a> Turn<'a> {
    /// Whether the plan has words for a text.
    pub fn has_words(&self, c: C, pending: &Pending) -> bool {
        self.plan(c, pending.level).is_some_and(|plan| words(&plan, pending.at, pending.role).is_some())
    }

    /// Sets a text of a step on its way; what follows depends on what becomes of it.
    pub fn put_text(&mut self, c: C, level: usize, at: Ix, role: Role) -> Flow {
        let slot = self.state.number();
        self.at_mut(c).texts.push(Pending { slot, role, at, level, message: None });
        self.offer(c, slot)
    }

    /// Looks at all rules for a text that is not on its way yet, and follows what becomes of it.
    pub fn offer(&mut self, c: C, slot: u64) -> Flow {
        let Some(pending) = self.at(c).texts.iter().find(|pending| pending.slot == slot).cloned() else { return Flow::Rest };
        let fate = self.try_text(c, &pending);
        if fate == Fate::OnItsWay {
            return Flow::Rest;
        }
        self.follow(c, &pending, fate)
    }

    fn try_text(&mut self, c: C, pending: &Pending) -> Fate {
        let plan = if let Role::Exit(_) = pending.role { self.main_plan(c) } else { self.plan(c, pending.level) };
        let (Some(plan), Some(main)) = (plan, self.main_plan(c)) else {
            return Fate::Unmade("its version of the playbook is not to be found".to_owned());
        };
        let Some(words) = words(&plan, pending.at, pending.role) else {
            return Fate::Unmade("the step has no such text".to_owned());
        };
        let class = words.keys.and_then(|keys| keys.class).unwrap_or(main.class);
        let urgent = words.keys.is_some_and(|keys| keys.urgent);
        // A step's own sender holds for its text and the reminders of it, and for nothing else.
        let own_sender = words.keys.filter(|_| words.own.is_some() || matches!(pending.role, Role::Remind(_)));
        let (sender, from) = self.sender_of_text(c, own_sender.and_then(|keys| keys.from.as_deref()));
        let Some(sender) = sender else { return Fate::Unmade("there is no sender in the settings".to_owned()) };
        let answer = self.at(c).claimed_at.is_some_and(|at| at.plus(ANSWER) > self.now);

        let mut valid_until = None;
        if self.contact.opted_out {
            return self.skip(c, pending, "opted_out");
        }
        if !answer {
            let ws = self.ws;
            let Some(rules) = ws.class(class) else { return Fate::Unmade(format!("there is no class `{}`", class.as_str())) };
            if rules.needs_consent && !self.contact.consent.contains("marketing") {
                return self.skip(c, pending, "no_consent");
            }
            let hours = ws.hours(class, &main.hours);
            if hours.is_empty() {
                // `check` refuses such playbooks; the settings have changed since.
                return Fate::Unmade("the playbook's hours and its class's never overlap any more".to_owned());
            }
            let now = self.now.timestamp();
            if !urgent && !hours.is_open(now, &self.zones) {
                let until: Time = hours.next_open(now, &self.zones).into();
                return self.hold(c, pending, until);
            }
            if !self.has_room(&main, class, rules.cap) {
                return self.skip(c, pending, "cap");
            }
            valid_until = if urgent { None } else { hours.closes(now, &self.zones).map(Time::from) };
        }

        let template = words.own.and_then(|own| own.template.as_ref());
        if template.is_none() && !self.takes_free_text(sender, &from) {
            self.note_skipped(c, pending, OUTSIDE_WHATSAPP_WINDOW.to_string());
            return Fate::Refused(OUTSIDE_WHATSAPP_WINDOW.to_string());
        }
        let id = MessageId(format!("{}-{}", self.stem(), self.state.number()));
        let payload = match self.payload(c, pending, &plan, &words, &id, (sender, &from)) {
            Ok(payload) => payload,
            Err(error) => {
                self.note_skipped(c, pending, reason_of(&error).to_owned());
                return Fate::Unmade(error.to_string());
            }
        };
        if payload.body.chars().count() > MAX_BODY {
            self.note_skipped(c, pending, "too_long".to_owned());
            return Fate::Unmade(format!("the text has more than {MAX_BODY} characters"));
        }
        if payload.body.trim().is_empty() && payload.media.is_empty() {
            self.note_skipped(c, pending, "undefined".to_owned());
            return Fate::Unmade("the text came out empty".to_owned());
        }
        if self.is_looping(&payload.body) {
            self.stumbled(c, format!("the same contact would get too many texts {}", super::guard::IN_A_ROW));
            self.unwind(c, "failed");
            return Fate::OnItsWay;
        }
        let quiet = self.is_farewell(c, pending, &plan, valid_until.is_some());
        self.queue_text(c, pending, Ready { id, payload, class, answer, valid_until, sender, quiet });
        if quiet { Fate::Accepted } else { Fate::OnItsWay }
    }

    /// The sender of a text, and our number on it.
    fn sender_of_text(&mut self, c: C, named: Option<&str>) -> (Option<&'a Sender>, Address) {
        let ws = self.ws;
        match named {
            None => (ws.sender(Some(&self.at(c).sender)), self.at(c).from.clone()),
            Some(name) => {
                let sender = ws.sender(Some(name));
                let from = match sender {
                    Some(sender) => self.number_of(sender),
                    None => self.at(c).from.clone(),
                };
                (sender, from)
            }
        }
    }

    /// Our number for this contact on a sender: of a pool, the one it keeps; a new contact's is drawn by its phone.
    pub fn number_of(&mut self, sender: &Sender) -> Address {
        if let Some(service) = &sender.service {
            return Address(service.clone());
        }
        if let Some(kept) = self.state.sticky.get(&sender.name).map(|number| Address(number.clone()))
            && sender.numbers.contains(&kept)
        {
            return kept;
        }
        let drawn = super::draw(self.contact.phone.as_str(), "#number", &sender.name) * sender.numbers.len() as f64;
        let number = sender.numbers.get(drawn as usize).or(sender.numbers.first()).cloned().unwrap_or(Address(String::new()));
        if sender.numbers.len() > 1 {
            self.state.sticky.insert(sender.name.clone(), number.0.clone());
        }
        number
    }

    /// Whether the class's cap and the playbook's own both have room for one more.
    pub fn has_room(&self, main: &Plan, class: Class, class_cap: Option<Cap>) -> bool {
        let used = |cap: Cap, counts: &dyn Fn(&SendNote) -> bool| {
            let since = self.now.minus(Duration::from_secs(u64::from(cap.hours) * 3600));
            self.state.sends.iter().filter(|note| counts(note) && note.counts_since(since)).count()
        };
        class_cap.is_none_or(|cap| used(cap, &|note| note.class == class) < cap.count as usize)
            && main.cap.is_none_or(|cap| used(cap, &|note| note.playbook == main.name) < cap.count as usize)
    }

    /// Whether the contact may get free text from this number now: always but on WhatsApp, which wants its own text within a day.
    fn takes_free_text(&self, sender: &Sender, from: &Address) -> bool {
        sender.channel() != Channel::Whatsapp || self.state.whatsapp.get(from.number()).is_some_and(|at| at.plus(WHATSAPP) > self.now)
    }

    /// Renders a text with all that belongs to it.
    fn payload(
        &self,
        c: C,
        pending: &Pending,
        plan: &Plan,
        words: &Words<'_>,
        id: &MessageId,
        (sender, from): (&Sender, &Address),
    ) -> Result<Text, RenderError> {
        let free = self.takes_free_text(sender, from);
        let text = words.text.pick(self.contact.text("language"), plan.language.as_deref(), &self.ws.language);
        let language = words.text.variants.iter().find(|(_, variant)| std::ptr::eq(variant, text)).map(|(language, _)| language.as_str());
        let language = language.or(plan.language.as_deref()).unwrap_or(&self.ws.language);
        let render = |template: &Template, seed: &str| {
            let extra = Extra { seed, language: Some(language), ..Extra::default() };
            self.with_scope(Some((c, pending.level)), extra, |scope| template.render(scope))
        };
        let rendered = render(text, id.as_str())?;
        let marks = plan.steps.get(pending.at).map(|step| step.marks.clone()).unwrap_or_default();
        let mut body = rendered.text;
        let mut media = Vec::new();
        let mut content = None;
        if let Some(own) = words.own {
            for url in &own.media {
                media.push(render(url, "")?.text);
            }
            if let (Some(sid), false) = (&own.template, free) {
                let mut variables = serde_json::Map::new();
                for (name, value) in &own.vars {
                    variables.insert(name.clone(), render(value, "")?.text.into());
                }
                content = Some(Content { sid: sid.clone(), variables: serde_json::Value::Object(variables).to_string() });
            } else {
                for (number, button) in own.buttons.iter().enumerate() {
                    body.push_str(&format!("\n{}) {}", number + 1, render(button, "")?.text));
                }
            }
        }
        if !self.ws.sync.media {
            media.clear();
        }
        let links = rendered.links.into_iter().map(|link| Link { code: link.code, url: link.url, marks: marks.clone() }).collect();
        let to = Address::new(sender.channel(), self.contact.phone.as_str());
        Ok(Text { from: from.clone(), to, body, media, content, links })
    }

    /// Queues a finished text.
    fn queue_text(&mut self, c: C, pending: &Pending, ready: Ready<'_>) {
        let Ready { id, payload, class, answer, valid_until, sender, quiet } = ready;
        let conversation = self.at(c);
        let (conversation_id, playbook, broadcast) = (conversation.id.clone(), conversation.playbook.clone(), conversation.broadcast.clone());
        let step =
            self.plan(c, pending.level).and_then(|plan| plan.steps.get(pending.at).and_then(|step| step.id.clone())).or(conversation.step.clone());
        if !answer {
            let message = Some(id.clone());
            self.state.sends.push(SendNote { at: self.now, class, playbook: playbook.clone(), bulk: broadcast.is_some(), message, quiet });
        }
        if quiet {
            self.contact.last_outbound_at = Some(self.now);
        }
        self.count_text(&payload.body);
        self.talked("bot", &payload.body);
        let priority = if answer {
            Priority::Reply
        } else if broadcast.is_some() {
            Priority::Bulk
        } else {
            Priority::Other
        };
        let outgoing = Outgoing {
            id: id.clone(),
            contact: self.contact.phone.clone(),
            conversation: Some(conversation_id.clone()),
            playbook: Some(playbook),
            step,
            broadcast,
            class,
            lane: payload.from.0.clone(),
            priority,
            cost: cost(&payload, sender.kind),
            valid_until,
            to_opted_out: false,
            jumps: false,
            quiet,
            resend_unknown: self.ws.class(class).is_none_or(|rules| rules.resend_unknown),
            created_at: self.now,
            payload: Payload::Text(payload),
        };
        self.out.queue.push(outgoing);
        self.decide(Decision::Queued { conversation: conversation_id, message: id.clone() });
        if let Some(known) = self.at_mut(c).texts.iter_mut().find(|known| known.slot == pending.slot) {
            known.message = Some(id.clone());
        }
        if let (Role::Ask, state::Rest::Question(open)) = (pending.role, &mut self.at_mut(c).rest) {
            open.message = Some(id);
        }
    }

    /// A text rests until its window opens.
    fn hold(&mut self, c: C, pending: &Pending, until: Time) -> Fate {
        self.set_clock(c, Due::Held(pending.slot), until);
        let conversation = self.at(c).id.clone();
        self.decide(Decision::Held { conversation, until });
        Fate::OnItsWay
    }

    fn skip(&mut self, c: C, pending: &Pending, reason: &'static str) -> Fate {
        self.note_skipped(c, pending, reason.to_owned());
        Fate::Skipped(reason)
    }

    /// A text that is not sent is in the record all the same, with its reason.
    pub fn note_skipped(&mut self, c: C, pending: &Pending, reason: String) {
        let id = MessageId(format!("{}-{}", self.stem(), self.state.number()));
        let conversation = self.at(c);
        let plan = self.plan(c, pending.level);
        let mut row = self.message_row(id, Direction::Outbound, MessageStatus::Cancelled, self.now);
        row.from = conversation.from.0.clone();
        row.to = self.contact.phone.0.clone();
        row.step = plan.and_then(|plan| plan.steps.get(pending.at).and_then(|step| step.id.clone())).or(conversation.step.clone());
        row.conversation = Some(conversation.id.clone());
        row.reason = Some(reason.clone());
        let conversation = conversation.id.clone();
        self.out.messages.push(row);
        self.decide(Decision::Skipped { conversation, reason });
    }

    /// Takes back the texts of a conversation that still wait, and forgets those on their way. `which` looks at the role.
    pub fn drop_texts(&mut self, c: C, reason: &str, which: impl Fn(Role) -> bool) {
        let texts = std::mem::take(&mut self.at_mut(c).texts);
        let (gone, kept): (Vec<Pending>, Vec<Pending>) = texts.into_iter().partition(|pending| which(pending.role));
        self.at_mut(c).texts = kept;
        for pending in gone {
            self.drop_clocks(c, |due| due == Due::Held(pending.slot));
            if let Some(message) = pending.message {
                self.take_back(&message, reason);
            }
        }
    }

    /// Lets go of what side branches wanted to say later: what they belonged to is over.
    pub fn drop_held(&mut self, c: C) {
        let held: Vec<u64> = self.at(c).texts.iter().filter(|text| text.role == Role::Side && text.message.is_none()).map(|text| text.slot).collect();
        self.drop_clocks(c, |due| matches!(due, Due::Held(slot) if held.contains(&slot)));
        self.at_mut(c).texts.retain(|text| !held.contains(&text.slot));
    }

    /// Takes a queued text back, if it still waits, and gives its place under the caps back.
    pub fn take_back(&mut self, message: &MessageId, reason: &str) -> bool {
        if !self.can_take_back(message) {
            return false;
        }
        match self.out.queue.iter().position(|queued| queued.id == *message) {
            Some(place) => {
                self.out.queue.remove(place);
            }
            None => self.out.cancel.push((message.clone(), reason.to_owned())),
        }
        self.state.sends.retain(|note| note.message.as_ref() != Some(message));
        true
    }

    /// First part of the names of this contact's conversations and messages: its number of creation, written so that names sort as
    /// contacts do. A broadcast walks contacts in that order, and a store's indexes love names that rise.
    pub fn stem(&self) -> String {
        /// Letters of the stem: 32 to the seventh are more contacts than there are people.
        const LETTERS: u32 = 7;
        const ALPHABET: &[u8; 32] = b"234567abcdefghijklmnopqrstuvwxyz";
        let letter = |place: u32| ALPHABET[(self.contact.number >> (5 * place)) as usize % ALPHABET.len()];
        (0..LETTERS).rev().map(|place| char::from(letter(place))).collect()
    }
}

/// A text that passed everything.
struct Ready<'s> {
    /// Its name.
    id: MessageId,
    /// As it goes out.
    payload: Text,
    /// What it is for.
    class: Class,
    /// Under the answer rule.
    answer: bool,
    /// End of its window.
    valid_until: Option<Time>,
    /// Whose speed it costs.
    sender: &'s Sender,
    /// The last of its conversation.
    quiet: bool,
}

/// What a text costs of its sender's speed: segments, or one message where Twilio counts messages.
fn cost(text: &Text, kind: SenderType) -> u32 {
    if kind == SenderType::Whatsapp || text.content.is_some() { 1 } else { segments(&text.body).segments.max(1) }
}
