//! STOP, START and HELP: before everything else, on every sender, also while a person has the line.

use super::Decision;
use super::scope::Extra;
use super::turn::Turn;
use crate::model::event::TextIn;
use crate::model::{Act, Address, Class, ConsentEntry, MessageId, Outgoing, Payload, Priority, SenderType, Text};
use crate::text::reserved::Reserved;
use crate::text::{Template, reserved, segments};

impl Turn<'_> {
    /// Does what a reserved word asks, and answers where Twilio does not.
    pub fn obey(&mut self, word: Reserved, text: &TextIn) {
        let kind = self.sender_at(&text.to).map_or(SenderType::ShortCode, |sender| sender.kind);
        let twilio_answers = reserved::twilio_answers(&text.body, word, kind, text.opt_out_type.is_some());
        let ws = self.ws;
        match word {
            Reserved::Stop => {
                let first = !self.state.stop_confirmed;
                self.opt_out("text", &text.body, true);
                self.state.stop_confirmed = true;
                if first && !twilio_answers {
                    self.answer_word(&ws.answers.opt_out, text);
                }
            }
            Reserved::Start => {
                self.opt_in(text);
                if !twilio_answers {
                    self.answer_word(&ws.answers.opt_in, text);
                }
            }
            Reserved::Help => {
                if !twilio_answers {
                    self.answer_word(&ws.answers.help, text);
                }
            }
        }
    }

    /// Nothing is sent to this contact any more. `said`: the contact's own words, already in the ledger with the event that brought them.
    pub fn opt_out(&mut self, source: &str, evidence: &str, said: bool) {
        let already = self.contact.opted_out;
        self.contact.opted_out = true;
        self.contact.consent.remove("marketing");
        self.out.suppress = Some(true);
        if !said && !already {
            self.ledger(Act::OptOut, source, evidence);
        }
        self.decide(Decision::Consent { what: "opted_out".to_owned() });
        if !already {
            self.out.counts.push(("contacts/opted_out".to_owned(), 1));
        }
        for c in self.live() {
            self.unwind(c, "opted_out");
        }
        for message in std::mem::take(&mut self.state.loose) {
            self.take_back(&message, "opted_out");
        }
        self.state.late = None;
    }

    fn opt_in(&mut self, text: &TextIn) {
        self.contact.opted_out = false;
        self.contact.consent.insert("marketing".to_owned());
        self.state.stop_confirmed = false;
        self.out.suppress = Some(false);
        self.ledger(Act::OptIn, "text", &text.body);
        self.decide(Decision::Consent { what: "opted_in".to_owned() });
    }

    fn ledger(&mut self, act: Act, source: &str, evidence: &str) {
        self.out.consent.push(ConsentEntry {
            contact: self.contact.phone.clone(),
            act,
            class: "all".to_owned(),
            at: self.now,
            source: source.to_owned(),
            evidence: evidence.to_owned(),
        });
    }

    /// Our own sentence, from the number the contact wrote to. It goes to contacts who are out too, and past everything that waits.
    fn answer_word(&mut self, say: &Template, text: &TextIn) {
        let id = MessageId(format!("{}-{}", self.stem(), self.state.number()));
        let rendered = self.with_scope(None, Extra { seed: id.as_str(), ..Extra::default() }, |scope| say.render(scope));
        let body = match rendered {
            Ok(rendered) => rendered.text,
            Err(error) => {
                let conversation = crate::model::ConversationId(String::new());
                self.decide(Decision::Stumbled { conversation, why: error.to_string() });
                return;
            }
        };
        let from = match self.sender_at(&text.to) {
            Some(_) => text.to.clone(),
            None => match self.ws.sender(None) {
                Some(sender) => self.number_of(sender),
                None => return,
            },
        };
        self.out.queue.push(Outgoing {
            id,
            contact: self.contact.phone.clone(),
            conversation: None,
            playbook: None,
            step: None,
            broadcast: None,
            class: Class::Conversational,
            lane: from.0.clone(),
            priority: Priority::Reply,
            cost: segments::count(&body).max(1),
            valid_until: None,
            to_opted_out: true,
            jumps: true,
            quiet: true,
            resend_unknown: false,
            created_at: self.now,
            payload: Payload::Text(Text {
                to: Address::new(from.channel(), self.contact.phone.as_str()),
                from,
                body,
                media: Vec::new(),
                content: None,
                links: Vec::new(),
            }),
        });
    }
}
