//! A contact: what is known about a person, and how it is changed from outside.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Phone, Time};

/// The fields every contact may have besides `phone`, all text; own fields are declared in the settings or learnt from playbooks.
pub const TEXT_FIELDS: [&str; 7] = ["first_name", "last_name", "name", "email", "language", "timezone", "country"];

/// What is known about one person. Kept by the store beside the engine's state, searched by audiences and pages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// The one name of a person.
    pub phone: Phone,
    /// Number of creation, given by the store at the first write (0 until then): order of pages, stem of conversation ids.
    #[serde(default)]
    pub number: u64,
    /// `TEXT_FIELDS` and own data, by name; an empty field is absent.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
    /// Free labels that playbooks set and audiences ask.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    /// Imported lists this contact stands on.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub lists: BTreeSet<String>,
    /// What the contact agreed to get; `marketing` is the one that classes ask for.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub consent: BTreeSet<String>,
    /// Whether the contact said STOP and nothing may be sent. The store's suppression list is what sends obey; this is its copy for people and playbooks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub opted_out: bool,
    /// First text, call, event or import.
    pub created_at: Time,
    /// Latest text or call from the contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_inbound_at: Option<Time>,
    /// Latest text of ours that Twilio accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_outbound_at: Option<Time>,
}

impl Contact {
    /// Somebody not seen before.
    pub fn new(phone: Phone, now: Time) -> Contact {
        Contact {
            phone,
            number: 0,
            fields: Map::new(),
            tags: BTreeSet::new(),
            lists: BTreeSet::new(),
            consent: BTreeSet::new(),
            opted_out: false,
            created_at: now,
            last_inbound_at: None,
            last_outbound_at: None,
        }
    }

    /// A field's text, if it has one.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// Writes one field; null clears it.
    pub fn set(&mut self, field: &str, value: Value) {
        if value.is_null() {
            self.fields.shift_remove(field);
        } else {
            self.fields.insert(field.to_owned(), value);
        }
    }

    /// Applies what was given from outside and returns the tags that are new.
    pub fn apply(&mut self, patch: &Patch) -> Vec<String> {
        for (field, value) in &patch.fields {
            self.set(field, value.clone());
        }
        let fresh: Vec<String> = patch.tags.iter().filter(|tag| self.tags.insert((*tag).clone())).cloned().collect();
        for tag in &patch.untag {
            self.tags.remove(tag);
        }
        self.lists.extend(patch.lists.iter().cloned());
        if let Some(consent) = &patch.consent {
            self.consent = consent.iter().cloned().collect();
        }
        fresh
    }
}

/// A change to a contact from outside: the API, an import, the fields of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Patch {
    /// Who.
    pub phone: Phone,
    /// Fields to write; null clears, others stay.
    #[serde(default)]
    pub fields: Map<String, Value>,
    /// Tags to add.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Tags to take away.
    #[serde(default)]
    pub untag: Vec<String>,
    /// Lists to stand on from now.
    #[serde(default)]
    pub lists: Vec<String>,
    /// The whole consent from now on, if given.
    #[serde(default)]
    pub consent: Option<Vec<String>>,
    /// Where that consent comes from; kept in the ledger.
    #[serde(default)]
    pub consent_source: Option<String>,
    /// Opts the contact out (true) or in again (false), if given.
    #[serde(default)]
    pub opted_out: Option<bool>,
}

impl Patch {
    /// A change of nothing, to fill in.
    pub fn new(phone: Phone) -> Patch {
        Patch {
            phone,
            fields: Map::new(),
            tags: Vec::new(),
            untag: Vec::new(),
            lists: Vec::new(),
            consent: None,
            consent_source: None,
            opted_out: None,
        }
    }
}
