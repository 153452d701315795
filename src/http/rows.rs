//! Rows as the API shows them: the model's nouns under the names of the API, times as RFC 3339 in UTC.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::model::contact::TEXT_FIELDS;
use crate::model::{self, Time};
use crate::playbook::PlanSet;
use crate::store;

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub struct Page<T> {
    /// Its rows.
    pub items: Vec<T>,
    /// Give it as `cursor` for the next page; null at the end.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page of the store, each row shown by `show`.
    pub fn new<R>(page: store::Page<R>, show: impl Fn(R) -> T) -> Page<T> {
        Page { items: page.items.into_iter().map(show).collect(), next_cursor: page.next }
    }

    /// A list that is whole.
    pub fn whole(items: Vec<T>) -> Page<T> {
        Page { items, next_cursor: None }
    }
}

fn shown(time: Option<Time>) -> Option<String> {
    time.map(Time::rfc3339)
}

/// A person. Own data stands beside the fields listed here, by name.
#[derive(Serialize, ToSchema)]
pub struct Contact {
    /// The phone number.
    id: String,
    /// The phone number.
    phone: String,
    /// Labels.
    tags: Vec<String>,
    /// Imported lists this contact stands on.
    lists: Vec<String>,
    /// What the contact agreed to get.
    consent: Vec<String>,
    /// Whether the contact said STOP: nothing is sent.
    opted_out: bool,
    /// First text, call, event or import.
    created_at: String,
    /// Latest text or call from the contact.
    last_inbound_at: Option<String>,
    /// Latest text of ours that Twilio accepted.
    last_outbound_at: Option<String>,
    /// Names, language, time zone, and own data by name; null where nothing is known.
    #[serde(flatten)]
    fields: BTreeMap<String, Value>,
}

impl Contact {
    /// A contact, with null for each field that playbooks know and this contact lacks.
    pub fn new(contact: model::Contact, plans: &PlanSet) -> Contact {
        let own = plans.workspace.contact_fields.keys().map(String::as_str);
        let mut fields: BTreeMap<String, Value> = TEXT_FIELDS.into_iter().chain(own).map(|name| (name.to_owned(), Value::Null)).collect();
        fields.extend(contact.fields);
        Contact {
            id: contact.phone.0.clone(),
            phone: contact.phone.0,
            tags: contact.tags.into_iter().collect(),
            lists: contact.lists.into_iter().collect(),
            consent: contact.consent.into_iter().collect(),
            opted_out: contact.opted_out,
            created_at: contact.created_at.rfc3339(),
            last_inbound_at: shown(contact.last_inbound_at),
            last_outbound_at: shown(contact.last_outbound_at),
            fields,
        }
    }
}

/// One contact's way through one playbook.
#[derive(Serialize, ToSchema)]
pub struct Conversation {
    /// Its name.
    id: String,
    /// Whose: a phone number.
    contact: String,
    /// Through which playbook.
    playbook: String,
    /// In which version.
    version: String,
    /// What tells it from others of the same contact and playbook.
    key: Option<String>,
    /// `sending`, `listening`, `waiting`, `with_person` or `ended`.
    state: &'static str,
    /// The newest step with an id.
    step: Option<String>,
    /// How it ended.
    outcome: Option<String>,
    /// Whether its goal was reached.
    goal: bool,
    /// The broadcast that started it.
    broadcast: Option<String>,
    /// What the playbook saved.
    vars: BTreeMap<String, Value>,
    /// When it began.
    started_at: String,
    /// When it ended.
    ended_at: Option<String>,
}

impl From<model::ConversationRow> for Conversation {
    fn from(row: model::ConversationRow) -> Conversation {
        Conversation {
            id: row.id.0,
            contact: row.contact.0,
            playbook: row.playbook,
            version: row.version.0,
            key: row.key,
            state: row.state.as_str(),
            step: row.step,
            outcome: row.outcome,
            goal: row.goal,
            broadcast: row.broadcast.map(|id| id.0),
            vars: row.vars.into_iter().collect(),
            started_at: row.started_at.rfc3339(),
            ended_at: shown(row.ended_at),
        }
    }
}

/// A conversation with what was said in it.
#[derive(Serialize, ToSchema)]
pub struct Told {
    /// The conversation.
    #[serde(flatten)]
    pub conversation: Conversation,
    /// Its newest 500 texts, oldest first.
    pub history: Vec<Message>,
}

/// One status of a message.
#[derive(Serialize, ToSchema)]
pub struct Turn {
    /// When.
    at: String,
    /// In Twilio's words, or in ours before Twilio had it.
    status: String,
}

/// One text, in or out.
#[derive(Serialize, ToSchema)]
pub struct Message {
    /// Ours for outgoing ones, Twilio's for incoming ones.
    id: String,
    /// Whose: a phone number.
    contact: String,
    /// `inbound` or `outbound`.
    direction: &'static str,
    /// Address it came from.
    from: String,
    /// Address it went to.
    to: String,
    /// The words.
    body: String,
    /// Addresses of pictures and files.
    media: Vec<String>,
    /// What it costs.
    segments: u32,
    /// Where it has got to.
    status: &'static str,
    /// Why it was cancelled or held.
    reason: Option<String>,
    /// Twilio's error code.
    code: Option<u32>,
    /// Twilio's name for it.
    sid: Option<String>,
    /// Whose text it is.
    conversation: Option<String>,
    /// The playbook's step.
    step: Option<String>,
    /// When it was queued, or came in.
    created_at: String,
    /// Each status with its time.
    history: Vec<Turn>,
}

impl From<model::MessageRow> for Message {
    fn from(row: model::MessageRow) -> Message {
        let direction = match row.direction {
            model::Direction::Inbound => "inbound",
            model::Direction::Outbound => "outbound",
        };
        Message {
            id: row.id.0,
            contact: row.contact.0,
            direction,
            from: row.from,
            to: row.to,
            body: row.body,
            media: row.media,
            segments: row.segments,
            status: row.status.as_str(),
            reason: row.reason,
            code: row.code,
            sid: row.sid,
            conversation: row.conversation.map(|id| id.0),
            step: row.step,
            created_at: row.created_at.rfc3339(),
            history: row.history.into_iter().map(|(at, status)| Turn { at: at.rfc3339(), status }).collect(),
        }
    }
}

/// A conversation that a person is to answer.
#[derive(Serialize, ToSchema)]
pub struct Handoff {
    /// Its name.
    id: String,
    /// Whose: a phone number.
    contact: String,
    /// Which conversation waits.
    conversation: String,
    /// Which people are meant.
    queue: String,
    /// Who has it.
    agent: Option<String>,
    /// `requested`, `answered`, `closed`, `timed_out`, `idle` or `cancelled`.
    state: &'static str,
    /// `low`, `normal` or `high`.
    priority: String,
    /// What the playbook says to the agent.
    note: String,
    /// Whether the queue's promise has been missed.
    overdue: bool,
    /// When it was asked for.
    opened_at: String,
    /// When it ended.
    closed_at: Option<String>,
}

impl From<model::HandoffRow> for Handoff {
    fn from(row: model::HandoffRow) -> Handoff {
        Handoff {
            id: row.id.0,
            contact: row.contact.0,
            conversation: row.conversation.0,
            queue: row.queue,
            agent: row.agent,
            state: row.state.as_str(),
            priority: row.priority,
            note: row.note,
            overdue: row.overdue,
            opened_at: row.opened_at.rfc3339(),
            closed_at: shown(row.closed_at),
        }
    }
}

/// One playbook started for an audience.
#[derive(Serialize, ToSchema)]
pub struct Broadcast {
    /// Named by whoever started it.
    id: String,
    /// Which playbook.
    playbook: String,
    /// In which version.
    version: String,
    /// For whom, as written.
    #[schema(value_type = super::private::broadcasts::Audience)]
    audience: model::Audience,
    /// When it begins.
    at: String,
    /// `scheduled`, `running`, `paused`, `cancelled` or `done`.
    #[schema(value_type = String)]
    state: model::BroadcastState,
    /// Contacts in the audience found so far.
    total: u64,
    /// Whether the whole audience has been found.
    compiled: bool,
    /// Conversations begun.
    started: i64,
    /// Contacts passed over, by reason.
    skipped: BTreeMap<String, i64>,
    /// When it was made.
    created_at: String,
    /// When it ended.
    ended_at: Option<String>,
}

impl Broadcast {
    /// A broadcast with its counters, named `broadcast/ID/…`.
    pub fn new(row: model::BroadcastRow, counts: Vec<(String, i64)>) -> Broadcast {
        let (started, skipped) = tallied(&row.id, counts);
        Broadcast {
            id: row.id.0,
            playbook: row.playbook,
            version: row.version.0,
            audience: row.audience,
            at: row.at.rfc3339(),
            state: row.state,
            total: row.total,
            compiled: row.compiled,
            started,
            skipped,
            created_at: row.created_at.rfc3339(),
            ended_at: shown(row.ended_at),
        }
    }
}

/// Conversations that a broadcast has begun, and contacts passed over by reason, out of its counters.
pub fn tallied(id: &model::BroadcastId, counts: Vec<(String, i64)>) -> (i64, BTreeMap<String, i64>) {
    let prefix = counter_prefix(id);
    let (mut started, mut skipped) = (0, BTreeMap::new());
    for (name, count) in counts {
        match name.strip_prefix(&prefix) {
            Some("started") => started = count,
            Some(name) => skipped.extend(name.strip_prefix("skipped/").map(|reason| (reason.to_owned(), count))),
            None => {}
        }
    }
    (started, skipped)
}

/// What the names of a broadcast's counters begin with.
pub fn counter_prefix(id: &model::BroadcastId) -> String {
    format!("broadcast/{id}/")
}
