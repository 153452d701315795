//! `http`: the request is an effect of a committed step, its result an event. Retries are the sender's business; here it is one call with one answer.

use serde_json::Value;

use super::Way;
use super::run::Flow;
use super::scope::Extra;
use super::state::Rest;
use super::turn::{C, Turn};
use crate::model::event::Answer;
use crate::model::{Call, MessageId, Outgoing, Payload, Priority};
use crate::playbook::plan::{Http, Ix, Step, Target, Verb};
use crate::text::RenderError;

impl Turn<'_> {
    /// Queues the call and rests until it is answered. One that can't be made goes the way of errors.
    pub fn call(&mut self, c: C, level: usize, ix: Ix, step: &Step, http: &Http) -> Flow {
        let id = MessageId(format!("{}-{}", self.stem(), self.state.number()));
        let call = match self.make_call(c, level, http, &id) {
            Ok(call) => call,
            Err(error) => {
                self.stumbled(c, error.to_string());
                self.took(c, level, ix, Way::Error);
                return Flow::Go(http.on_error.clone());
            }
        };
        let conversation = self.at(c);
        self.out.queue.push(Outgoing {
            id: id.clone(),
            contact: self.contact.phone.clone(),
            conversation: Some(conversation.id.clone()),
            playbook: Some(conversation.playbook.clone()),
            step: step.id.clone(),
            broadcast: None,
            class: self.main_plan(c).map_or(crate::model::Class::Conversational, |plan| plan.class),
            lane: format!("http:{}", host(&call.url)),
            priority: Priority::Other,
            cost: 0,
            valid_until: None,
            to_opted_out: true,
            jumps: true,
            quiet: false,
            resend_unknown: true,
            created_at: self.now,
            payload: Payload::Call(call),
        });
        self.at_mut(c).rest = Rest::Call { message: id };
        Flow::Rest
    }

    fn make_call(&mut self, c: C, level: usize, http: &Http, id: &MessageId) -> Result<Call, RenderError> {
        let extra = Extra { secrets: true, ..Extra::default() };
        let (url, headers) = self.with_scope(Some((c, level)), extra, |scope| {
            let url = http.url.render(scope)?.text;
            let headers: Result<Vec<(String, String)>, RenderError> =
                http.headers.iter().map(|(name, value)| Ok((name.clone(), value.render(scope)?.text))).collect();
            Ok::<_, RenderError>((url, headers?))
        })?;
        let body = if let Some(json) = &http.json {
            Some(("application/json".to_owned(), self.value_in(c, level, json, extra).to_string()))
        } else if http.form.is_empty() {
            None
        } else {
            let mut form = form_urlencoded::Serializer::new(String::new());
            for (name, value) in &http.form {
                form.append_pair(name, &as_text(&self.value_in(c, level, value, extra)));
            }
            Some(("application/x-www-form-urlencoded".to_owned(), form.finish()))
        };
        Ok(Call {
            method: http.method.clone(),
            url,
            headers,
            body,
            timeout_ms: http.timeout_ms,
            retries: http.retries,
            idempotency_key: id.0.clone(),
        })
    }

    /// The call is over.
    pub fn answered(&mut self, message: &MessageId, answer: &Answer) {
        let waits = |rest: &Rest| matches!(rest, Rest::Call { message: awaited } if awaited == message);
        let Some(c) = self.live().into_iter().find(|c| waits(&self.at(*c).rest)) else { return };
        let level = self.top(c);
        let Some((plan, ix)) = self.place(c, level) else { return };
        let Some(step) = plan.steps.get(ix) else { return };
        let Verb::Http(http) = &step.verb else { return };
        self.at_mut(c).rest = Rest::Running;
        let next = match answer {
            Answer::Response { status, .. } if (200..300).contains(status) => {
                self.took(c, level, ix, Way::Done);
                self.save_answer(c, level, &http.save, answer);
                step.next.clone()
            }
            Answer::Response { status, .. } => {
                self.stumbled(c, format!("the answer was {status}"));
                self.took(c, level, ix, Way::Error);
                http.on_error.clone()
            }
            Answer::Failure { why } => {
                self.stumbled(c, why.clone());
                self.took(c, level, ix, Way::Error);
                http.on_error.clone()
            }
        };
        self.run(c, next);
    }

    fn save_answer(&mut self, c: C, level: usize, save: &[(Target, Vec<String>)], answer: &Answer) {
        for (target, path) in save {
            let value = find(answer, path);
            self.keep(c, level, target, value);
        }
    }

    /// The conversation is left: a call that has not been made yet is not made.
    pub fn cancel_call(&mut self, c: C, reason: &str) {
        if let Rest::Call { message } = &self.at(c).rest {
            let message = message.clone();
            self.take_back(&message, reason);
        }
    }
}

/// What stands at a path of an answer; null if nothing does.
fn find(answer: &Answer, path: &[String]) -> Value {
    let Answer::Response { status, headers, body } = answer else { return Value::Null };
    match path.split_first() {
        Some((first, _)) if first == "status" => Value::from(*status),
        Some((first, rest)) if first == "headers" => {
            rest.first().and_then(|name| headers.get(&name.to_lowercase())).map_or(Value::Null, |value| Value::from(value.as_str()))
        }
        Some((first, rest)) if first == "body" => {
            let mut value = body;
            for part in rest {
                let inner = match value {
                    Value::Array(items) => part.parse::<usize>().ok().and_then(|place| items.get(place)),
                    Value::Object(fields) => fields.get(part),
                    _ => None,
                };
                match inner {
                    Some(inner) => value = inner,
                    None => return Value::Null,
                }
            }
            value.clone()
        }
        _ => Value::Null,
    }
}

/// A value as a form carries it.
fn as_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The host of an address, which is the call's lane.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}
