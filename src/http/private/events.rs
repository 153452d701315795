//! `/v1/events`: programs tell what happened to a contact.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::contacts::ContactGiven;
use crate::http::Doors;
use crate::http::given::{Given, Object, json};
use crate::http::problem::{Answer, Document};
use crate::model::{Actor, Event, Happening, Patch};
use crate::playbook::PlanSet;
use crate::store::{Post, Posted};

/// The fields of an event.
const FIELDS: [&str; 5] = ["event", "contact", "data", "key", "id"];

/// Characters of an id or key: as names in the store they are kept for as long as `retention`.
const MAX_NAME: usize = 200;

/// Something that happened to a contact.
#[derive(Debug, ToSchema)]
pub struct EventGiven {
    /// Its name, like `lead.created`.
    event: String,
    /// To whom; fields are written as by `PUT /v1/contacts`.
    contact: ContactGiven,
    /// `event.*` in playbooks.
    #[schema(value_type = Object)]
    data: Option<Map<String, Value>>,
    /// `event.key`, and the conversation's key where the trigger names none.
    key: Option<String>,
    /// Makes a repeat harmless.
    id: Option<String>,
}

impl EventGiven {
    fn read(mut object: Object, plans: &PlanSet) -> Answer<EventGiven> {
        let event = object.need_text("event")?;
        let contact = object.object("contact")?.ok_or_else(|| object.problem("contact", "is missing; give at least its `phone`"))?;
        let contact = ContactGiven::read(contact, plans)?;
        let data = object.object("data")?.map(|mut data| data.rest());
        let key = name(&mut object, "key")?;
        let id = name(&mut object, "id")?;
        object.end(&FIELDS)?;
        Ok(EventGiven { event, contact, data, key, id })
    }

    /// As the contact's inbox takes it.
    fn post(&self, now: crate::model::Time) -> Post {
        let data = Value::Object(self.data.clone().unwrap_or_default());
        let event = Event::new(now, Happening::Api { name: self.event.clone(), data, key: self.key.clone() });
        let to = Actor::Contact(self.contact.0.phone.clone());
        Post { to, event, due: now, id: self.id.as_ref().map(|id| format!("event:{id}")), suppress: None }
    }
}

/// A short name; programs often have numbers for them.
fn name(object: &mut Object, field: &str) -> Answer<Option<String>> {
    let text = match object.take(field) {
        None => return Ok(None),
        Some(Value::String(text)) => text,
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => return Err(object.problem(field, "must be a text")),
    };
    match text.chars().count() {
        0 => Err(object.problem(field, "is empty; leave it out, or give it a value")),
        1..=MAX_NAME => Ok(Some(text)),
        _ => Err(object.problem(field, format_args!("is longer than {MAX_NAME} characters"))),
    }
}

/// What became of them.
#[derive(Serialize, ToSchema)]
pub struct Taken {
    /// New ones.
    accepted: usize,
    /// Those whose id was known.
    duplicates: usize,
}

/// Takes one event or a list of them, all or none.
#[utoipa::path(post, path = "/v1/events", request_body = Given<EventGiven>,
    responses((status = 202, body = Taken), (status = 401, body = Document), (status = 422, body = Document), (status = 503, body = Document)))]
pub async fn take(State(doors): State<Arc<Doors>>, body: Bytes) -> Answer<(StatusCode, Json<Taken>)> {
    let plans = doors.plans.now();
    let given = Given::read(json(&body)?, |object| EventGiven::read(object, &plans))?;
    let patches: Vec<Patch> = given.items().iter().map(|event| event.contact.0.clone()).collect();
    let watched: Vec<String> = plans.watched_tags.iter().cloned().collect();
    // First the people, so that whatever the event starts finds them as they are. If the second write fails the caller repeats both.
    doors.store.put_contacts(patches, &watched).await?;
    let now = doors.store.now();
    let posted = doors.store.post(given.items().iter().map(|event| event.post(now)).collect()).await?;
    let accepted = posted.iter().filter(|posted| **posted == Posted::New).count();
    Ok((StatusCode::ACCEPTED, Json(Taken { accepted, duplicates: posted.len() - accepted })))
}
