//! What the names in a template stand for at one moment of one conversation.
//!
//! minijinja's values can't borrow, so a render copies the few values its template names and nothing else: an event of
//! 100 KB costs a text that says `event.order_id` one string.
//!
//! Two ways to miss a value: in a text it is undefined and an error, so that nobody gets `Hi , your order  is here`; in
//! an expression it is null, so that `not event.flag` is easy to write. The caller says which (`Missing`).

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use minijinja::Value;
use minijinja::value::Object;
use serde_json::{Map, Value as Json};

use super::filters::{Absent, SETTING, Setting};
use super::functions::{CLICKED, Clicked, LINK, LinkMaker, TRANSCRIPT, Transcript};
use super::languages::DateWords;
use super::uses::{Manner, Root, Uses};
use super::values::{map_to_template, to_template};

/// All that a template may ask for, borrowed from whoever renders.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// Name of the business, from the workspace.
    pub brand: &'a str,
    /// The moment of this step; shown in UTC.
    pub now: Timestamp,
    /// The contact's zone, for `day`, `time` and `day_time`.
    pub zone: &'a TimeZone,
    /// The contact's language tag, for the same filters.
    pub language: &'a str,
    /// All known fields, null where empty; a field that is not there is undefined.
    pub contact: &'a dyn Fields,
    /// Data of the event at hand; none where no event is.
    pub event: Option<&'a Json>,
    /// The conversation's own variables, used as bare names.
    pub vars: &'a Map<String, Json>,
    /// The latest answer, an object with `text`, `value`, `media` and `button`.
    pub reply: Option<&'a Json>,
    /// Retries used at the open question.
    pub tries: u32,
    /// The queue of the latest hand-off: `name`, `open` and `opens_at`.
    pub queue: Option<&'a Json>,
    /// Whether a link of this step was opened.
    pub clicked: &'a dyn Fn(&str) -> bool,
    /// The texts of the conversation so far, oldest first.
    pub transcript: &'a [String],
    /// Secrets by name; none outside `http`, so that no text can send one.
    pub secrets: Option<&'a BTreeMap<String, String>>,
    /// Address of our public server, for `link`.
    pub link_base: &'a str,
    /// What makes the link codes of this text its own, the message's id for example.
    pub link_seed: &'a str,
}

/// Values by name, made when they are asked for: a text names two or three fields of many.
pub trait Fields {
    /// One of them.
    fn field(&self, name: &str) -> Option<Json>;
    /// All of them.
    fn all(&self) -> Map<String, Json>;
}

impl Fields for Map<String, Json> {
    fn field(&self, name: &str) -> Option<Json> {
        self.get(name).cloned()
    }

    fn all(&self) -> Map<String, Json> {
        self.clone()
    }
}

/// The names with fields that are copied one by one.
pub(super) fn has_fields(first: &str) -> bool {
    matches!(first, "contact" | "event" | "reply" | "queue" | "secret")
}

/// What a missing value becomes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// Undefined: an error where it is used.
    Undefined,
    /// Null.
    Null,
}

/// What a first name stands for.
enum Source<'a> {
    Own(Value),
    Json(&'a Json),
    Fields(&'a dyn Fields),
    Secrets(&'a BTreeMap<String, String>),
}

impl<'a> Scope<'a> {
    /// The values that these uses need, as one object for minijinja.
    pub(super) fn context(&self, uses: &Uses, missing: Missing) -> Context {
        let mut values: Vec<(Box<str>, Value)> = Vec::with_capacity(uses.roots.len() + 1);
        let mut put = |name: &str, value: Value| values.push((name.into(), value));
        for root in &uses.roots {
            if let Some(value) = self.root(root, missing) {
                put(&root.name, value);
            }
        }
        if uses.shows_time {
            put(SETTING, Value::from_object(Setting { zone: self.zone.clone(), words: DateWords::of(self.language) }));
        }
        let mut links = None;
        for function in &uses.functions {
            let value = match *function {
                LINK => links.insert(Value::from_object(LinkMaker::new(self.link_base, self.link_seed))).clone(),
                TRANSCRIPT => Value::from_object(Transcript::new(self.transcript)),
                CLICKED => {
                    let steps = uses.clicks.iter().filter(|id| (self.clicked)(id)).cloned().collect();
                    Value::from_object(Clicked { steps })
                }
                _ => continue,
            };
            put(function, value);
        }
        Context { values: Value::from_object(Values(values)), links }
    }

    /// Whether a dotted name has a value here, be it null.
    pub(super) fn is_defined(&self, path: &str) -> bool {
        let mut parts = path.split('.');
        let Some(source) = parts.next().and_then(|first| self.source(first)) else {
            return false;
        };
        let Some(field) = parts.next() else {
            return true;
        };
        let value = match source {
            Source::Own(_) => return false,
            Source::Secrets(secrets) => return secrets.contains_key(field),
            Source::Json(json) => json.get(field),
            Source::Fields(fields) => {
                let value = fields.field(field);
                return parts.try_fold(value.as_ref(), |value, part| value?.get(part).map(Some)).flatten().is_some();
            }
        };
        parts.try_fold(value, |value, part| value.map(|value| value.get(part))).flatten().is_some()
    }

    /// What a first name stands for; none if it is not known now.
    fn source(&self, first: &str) -> Option<Source<'a>> {
        Some(match first {
            "brand" => Source::Own(Value::from(self.brand)),
            "now" => Source::Own(Value::from(self.now.to_string())),
            "tries" => Source::Own(Value::from(self.tries)),
            "contact" => Source::Fields(self.contact),
            "event" => Source::Json(self.event?),
            "reply" => Source::Json(self.reply?),
            "queue" => Source::Json(self.queue?),
            "secret" => Source::Secrets(self.secrets?),
            _ => Source::Json(self.vars.get(first)?),
        })
    }

    /// Copies what is wanted of one first name.
    fn root(&self, root: &Root, missing: Missing) -> Option<Value> {
        let source = self.source(&root.name);
        if let Some(manner) = root.whole {
            let null = null(manner);
            let value = source.map(|source| match source {
                Source::Own(value) => value,
                Source::Json(json) => to_template(json, &null),
                Source::Fields(fields) => map_to_template(&fields.all(), &null),
                Source::Secrets(secrets) => Value::from_pairs(secrets.iter().map(|(name, secret)| (name.as_str(), secret.as_str()))),
            });
            return value.or_else(|| instead(manner, missing));
        }
        if source.is_none() && missing == Missing::Null {
            return Some(Value::from(()));
        }
        // Where the whole is missing so are its fields, and `default` stands in for each of them all the same.
        let field = |name: &str, manner: Manner| {
            let json = |json: &Json| to_template(json, &null(manner));
            match source.as_ref()? {
                Source::Own(_) => None,
                Source::Json(value) => value.get(name).map(json),
                Source::Fields(fields) => fields.field(name).as_ref().map(json),
                Source::Secrets(secrets) => secrets.get(name).map(|secret| Value::from(secret.as_str())),
            }
        };
        let mut values: Vec<(Box<str>, Value)> = Vec::with_capacity(root.fields.len());
        for (name, manner) in &root.fields {
            if let Some(value) = field(name, *manner).or_else(|| instead(*manner, missing)) {
                values.push((name.as_str().into(), value));
            }
        }
        Some(Value::from_object(Values(values)))
    }
}

/// What stands for nulls of a value used in this manner.
fn null(manner: Manner) -> Value {
    if manner.as_text { Value::from("") } else { Value::from(()) }
}

/// What stands for a missing value used in this manner.
fn instead(manner: Manner, missing: Missing) -> Option<Value> {
    match missing {
        Missing::Undefined => manner.may_be_absent.then(|| Value::from_object(Absent)),
        Missing::Null => Some(null(manner)),
    }
}

/// The values of one render.
pub(super) struct Context {
    /// The object minijinja looks names up in.
    pub(super) values: Value,
    /// The `LinkMaker`, if the template makes links.
    links: Option<Value>,
}

impl Context {
    /// The links made while rendering.
    pub(super) fn take_links(&self) -> Vec<super::template::Link> {
        let maker = self.links.as_ref().and_then(|links| links.downcast_object_ref::<LinkMaker>());
        maker.map(LinkMaker::take).unwrap_or_default()
    }
}

/// A few values by name: a list is faster to make than a map, and with so few as fast to search.
#[derive(Debug)]
struct Values(Vec<(Box<str>, Value)>);

impl Object for Values {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.0.iter().find(|(name, _)| **name == *key).map(|(_, value)| value.clone())
    }

    /// Only some fields are here, so there is nothing to count; an object is true.
    fn is_true(self: &Arc<Self>) -> bool {
        true
    }
}

/// A scope for the tests of this room.
#[cfg(test)]
pub(super) mod sample {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    /// Owns what a `Scope` borrows.
    pub(in crate::text) struct Sample {
        pub(in crate::text) contact: Map<String, Json>,
        pub(in crate::text) event: Json,
        pub(in crate::text) vars: Map<String, Json>,
        pub(in crate::text) reply: Json,
        pub(in crate::text) queue: Json,
        pub(in crate::text) zone: TimeZone,
        pub(in crate::text) language: &'static str,
        pub(in crate::text) lines: Vec<String>,
        pub(in crate::text) secrets: BTreeMap<String, String>,
    }

    impl Sample {
        /// Ana, with an order, a variable object and a closed queue.
        pub(in crate::text) fn new() -> Sample {
            let object = |json: Json| json.as_object().cloned().unwrap();
            Sample {
                contact: object(json!({
                    "phone": "+15125550111", "first_name": "Ana", "last_name": null, "score": 82, "budget": 8500, "tags": ["lead"],
                })),
                event: json!({
                    "order_id": "77", "total": 42.5, "starts_at": "2026-03-05 15:00", "items": [{"name": "tap"}, {"name": "sink"}],
                    "customer": {"name": "Bo", "note": null}, "gone": null,
                }),
                vars: object(json!({"shipping": {"tracking_url": "https://t.example/77"}, "offer": "discount", "nothing": null})),
                reply: json!({"text": "yes please", "value": "yes", "media": null, "button": null}),
                queue: json!({"name": "support", "open": false, "opens_at": "2026-03-04T08:00:00-06:00"}),
                zone: TimeZone::get("America/Chicago").unwrap(),
                language: "en-US",
                lines: (1..=25).map(|n| format!("line {n}")).collect(),
                secrets: BTreeMap::from([("CRM_TOKEN".to_owned(), "s3cret".to_owned())]),
            }
        }

        /// Tuesday 2026-03-03, ten in the morning in Chicago.
        pub(in crate::text) fn scope(&self) -> Scope<'_> {
            Scope {
                brand: "Acme Home",
                now: "2026-03-03T16:00:00Z".parse().unwrap(),
                zone: &self.zone,
                language: self.language,
                contact: &self.contact,
                event: Some(&self.event),
                vars: &self.vars,
                reply: Some(&self.reply),
                tries: 1,
                queue: Some(&self.queue),
                clicked: &|step| step == "offer",
                transcript: &self.lines,
                secrets: None,
                link_base: "https://sms.acme.example",
                link_seed: "m1",
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sample::Sample;

    #[test]
    fn dotted_names_are_defined_when_their_last_part_is() {
        let sample = Sample::new();
        let scope = sample.scope();
        for path in ["brand", "contact.last_name", "event.gone", "event.customer.name", "shipping.tracking_url", "nothing"] {
            assert!(scope.is_defined(path), "{path}");
        }
        for path in ["contact.first_nam", "event.customer.age", "event.gone.x", "secret.CRM_TOKEN", "shipped", "brand.x"] {
            assert!(!scope.is_defined(path), "{path}");
        }
    }
}
