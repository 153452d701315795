//! What names stand for in a conversation's texts and expressions.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::turn::{C, Turn};
use crate::model::{ConversationId, Time};
use crate::playbook::plan::TypedValue;
use crate::playbook::set::KEPT_FIELDS;
use crate::text::{Expr, Fields, RenderError, Rendered, Scope, Template};

/// What one rendering may see beyond the conversation itself.
#[derive(Clone, Copy, Default)]
pub(super) struct Extra<'e> {
    /// Another event than the conversation's own: the one at hand in `where`, `key` and `exit`.
    pub event: Option<&'e Value>,
    /// Secrets may be named (they stay markers until the call is made).
    pub secrets: bool,
    /// Stem of tracked links' codes: the text they stand in.
    pub seed: &'e str,
    /// Language of the text at hand, in which days and months are named; none: the contact's.
    pub language: Option<&'e str>,
}

/// How a secret stands in a call until it is made.
const SECRET: &str = "{{secret.";

/// A value in which nothing reads as a secret's marker: a contact may text anything, and a playbook may pass it on.
fn tamed(value: &Value) -> Value {
    match value {
        Value::String(text) if text.contains(SECRET) => Value::from(text.replace(SECRET, "{ {secret.")),
        Value::Array(items) => items.iter().map(tamed).collect(),
        Value::Object(fields) => Value::Object(fields.iter().map(|(name, value)| (name.clone(), tamed(value))).collect()),
        other => other.clone(),
    }
}

/// The value as it is, or tamed.
fn tame(value: Option<&Value>, wild: bool) -> Option<Cow<'_, Value>> {
    value.map(|value| if wild { Cow::Owned(tamed(value)) } else { Cow::Borrowed(value) })
}

/// `contact.*`: every name that can exist, null where it is empty.
struct ContactNames<'t> {
    /// Whose contact.
    turn: &'t Turn<'t>,
    /// Nothing in it may read as a secret's marker.
    tame: bool,
}

impl ContactNames<'_> {
    /// One of `KEPT_FIELDS`.
    fn built_in(&self, name: &str) -> Option<Value> {
        let contact = &self.turn.contact;
        let time = |at: Option<Time>| at.map_or(Value::Null, |at| Value::from(at.rfc3339()));
        let list = |items: &BTreeSet<String>| Value::from(items.iter().cloned().collect::<Vec<_>>());
        Some(match name {
            "phone" => Value::from(contact.phone.as_str()),
            "tags" => list(&contact.tags),
            "lists" => list(&contact.lists),
            "consent" => list(&contact.consent),
            "opted_out" => Value::from(contact.opted_out),
            "created_at" => time(Some(contact.created_at)),
            "last_inbound_at" => time(contact.last_inbound_at),
            "last_outbound_at" => time(contact.last_outbound_at),
            _ => return None,
        })
    }
}

impl Fields for ContactNames<'_> {
    fn field(&self, name: &str) -> Option<Value> {
        let own = || self.turn.contact.fields.get(name).cloned();
        let empty = || self.turn.plans.fields.contains(name).then_some(Value::Null);
        let value = self.built_in(name).or_else(own).or_else(empty);
        if self.tame { value.as_ref().map(tamed) } else { value }
    }

    fn all(&self) -> Map<String, Value> {
        let fields = self.turn.plans.fields.iter().chain(self.turn.contact.fields.keys()).map(String::as_str).chain(KEPT_FIELDS);
        fields.filter_map(|name| Some((name.to_owned(), self.field(name)?))).collect()
    }
}

impl Turn<'_> {
    /// Calls `with` with the scope of a conversation, or of none (a trigger's `where`, our own answers).
    pub fn with_scope<R>(&self, c: Option<(C, usize)>, extra: Extra<'_>, with: impl FnOnce(&Scope<'_>) -> R) -> R {
        let empty = Map::new();
        let conversation = c.map(|(c, _)| self.at(c));
        let event = extra.event.or_else(|| conversation.and_then(|conversation| conversation.event.as_ref()));
        let reply = conversation.and_then(|conversation| conversation.reply.as_ref());
        let vars = c.and_then(|(c, level)| self.at(c).frames.get(self.names_level(c, level))).map_or(&empty, |frame| &frame.vars);
        // Where secrets may be named, nothing that came from outside may look like one.
        let tame_all = |names: &Map<String, Value>| names.iter().map(|(name, value)| (name.clone(), tamed(value))).collect::<Map<_, _>>();
        let (event, reply) = (tame(event, extra.secrets), tame(reply, extra.secrets));
        let vars = if extra.secrets { Cow::Owned(tame_all(vars)) } else { Cow::Borrowed(vars) };
        let contact = ContactNames { turn: self, tame: extra.secrets };
        let secrets: Option<BTreeMap<String, String>> =
            extra.secrets.then(|| self.ws.secrets.keys().map(|name| (name.clone(), format!("{SECRET}{name}}}}}"))).collect());
        let talk: Vec<String> = if self.plans.wants_transcript && !extra.secrets { self.state.talk.iter().cloned().collect() } else { Vec::new() };
        let clicked = |id: &str| conversation.is_some_and(|conversation| conversation.clicked.contains(id));
        let plan_language = c.and_then(|(c, level)| self.plan(c, level)).and_then(|plan| plan.language.clone());
        let language = extra.language.or(self.contact.text("language")).or(plan_language.as_deref()).unwrap_or(&self.ws.language);
        let queue = conversation.and_then(|conversation| conversation.queue.as_deref()).map(|queue| self.queue_names(queue));
        with(&Scope {
            brand: &self.ws.brand,
            now: self.now.timestamp(),
            zone: self.zone(),
            language,
            contact: &contact,
            event: event.as_deref(),
            vars: &vars,
            reply: reply.as_deref(),
            tries: conversation.map_or(0, |conversation| conversation.tries),
            queue: queue.as_ref(),
            clicked: &clicked,
            transcript: &talk,
            secrets: secrets.as_ref(),
            link_base: &self.ws.links,
            link_seed: extra.seed,
        })
    }

    /// Renders a text, with its tracked links.
    pub fn render(&self, c: C, level: usize, text: &Template, seed: &str) -> Result<Rendered, RenderError> {
        self.with_scope(Some((c, level)), Extra { seed, ..Extra::default() }, |scope| text.render(scope))
    }

    /// Renders something short that is not a text of its own (a tag, a time, a note); what can't be rendered is empty, and noted.
    pub fn line_of_text(&mut self, c: C, level: usize, text: &Template) -> String {
        match self.render(c, level, text, "") {
            Ok(rendered) => rendered.text,
            Err(error) => {
                self.stumbled(c, error.to_string());
                String::new()
            }
        }
    }

    /// Whether an expression holds; one that fails counts as false, and is noted.
    pub fn is_true(&mut self, c: C, level: usize, cond: &Expr) -> bool {
        self.settle_truth(Some(c), self.with_scope(Some((c, level)), Extra::default(), |scope| cond.is_true(scope)))
    }

    /// Likewise, with another event at hand.
    pub fn is_true_with(&mut self, c: C, level: usize, cond: &Expr, event: &Value) -> bool {
        let extra = Extra { event: Some(event), ..Extra::default() };
        self.settle_truth(Some(c), self.with_scope(Some((c, level)), extra, |scope| cond.is_true(scope)))
    }

    /// Likewise, where no conversation is yet.
    pub fn is_true_of_contact(&mut self, cond: &Expr, event: Option<&Value>) -> bool {
        self.settle_truth(None, self.with_scope(None, Extra { event, ..Extra::default() }, |scope| cond.is_true(scope)))
    }

    fn settle_truth(&mut self, c: Option<C>, result: Result<bool, RenderError>) -> bool {
        result.unwrap_or_else(|error| {
            let conversation = c.map_or_else(|| ConversationId(String::new()), |c| self.at(c).id.clone());
            self.decide(super::Decision::Stumbled { conversation, why: error.to_string() });
            false
        })
    }

    /// A key, with the event at hand; none if it can't be rendered.
    pub fn key_with(&self, c: C, level: usize, key: &Template, event: Option<&Value>) -> Option<String> {
        self.with_scope(Some((c, level)), Extra { event, ..Extra::default() }, |scope| key.render(scope)).ok().map(|key| key.text)
    }

    /// A key, where no conversation is yet.
    pub fn key_of_event(&self, key: &Template, event: &Value) -> Option<String> {
        self.with_scope(None, Extra { event: Some(event), ..Extra::default() }, |scope| key.render(scope)).ok().map(|key| key.text)
    }

    /// A value with its type; parts that can't be rendered are null, and noted.
    pub fn value(&mut self, c: C, level: usize, value: &TypedValue) -> Value {
        self.value_in(c, level, value, Extra::default())
    }

    /// Likewise, where secrets may be named.
    pub fn value_in(&mut self, c: C, level: usize, value: &TypedValue, extra: Extra<'_>) -> Value {
        match value {
            TypedValue::Plain(value) => value.clone(),
            TypedValue::List(items) => items.iter().map(|item| self.value_in(c, level, item, extra)).collect(),
            TypedValue::Map(pairs) => Value::Object(pairs.iter().map(|(name, item)| (name.clone(), self.value_in(c, level, item, extra))).collect()),
            TypedValue::Text(template) => match self.with_scope(Some((c, level)), extra, |scope| crate::text::typed(template, scope)) {
                Ok(value) => value,
                Err(error) => {
                    self.stumbled(c, error.to_string());
                    Value::Null
                }
            },
        }
    }
}
