//! `/v1/contacts`: people and what is known about them.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, Array, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use super::path::Named;
use crate::http::Doors;
use crate::http::given::{Given, MOMENT, Object, json, phone, time};
use crate::http::problem::{Answer, Document, Problem};
use crate::http::query::Query;
use crate::http::rows::{Contact, Page};
use crate::model::contact::TEXT_FIELDS;
use crate::model::{Patch, Phone};
use crate::playbook::PlanSet;
use crate::playbook::workspace::FieldKind;

/// Fields with a meaning of their own, besides `TEXT_FIELDS` and own data.
const SPECIAL: [&str; 7] = ["phone", "tags", "untag", "lists", "consent", "consent_source", "opted_out"];

/// Fields of a row that only the daemon writes. They are known, but can't be given.
const KEPT: [&str; 4] = ["id", "created_at", "last_inbound_at", "last_outbound_at"];

/// What `PUT /v1/contacts` takes: `SPECIAL`, text fields, and own data by name.
#[derive(Debug)]
pub struct ContactGiven(pub Patch);

impl ContactGiven {
    /// Reads a contact. `null` clears a field; what is not given stays.
    pub fn read(mut object: Object, plans: &PlanSet) -> Answer<ContactGiven> {
        let mut patch = Patch::new(object.phone("phone")?);
        // Labels are added and taken away one by one; taking null for "none" would wipe out what playbooks have set.
        for list in ["tags", "untag", "lists"] {
            if object.is_null(list) {
                return Err(object.problem(list, "can't be null; `tags` adds labels, `untag` takes them away, `lists` adds lists"));
            }
        }
        patch.tags = object.texts("tags")?.unwrap_or_default();
        patch.untag = object.texts("untag")?.unwrap_or_default();
        patch.lists = object.texts("lists")?.unwrap_or_default();
        patch.consent = object.texts_or_null("consent")?;
        patch.consent_source = object.text("consent_source")?;
        patch.opted_out = object.yes_no("opted_out")?;
        patch.fields = read_fields(&mut object, plans)?;
        Ok(ContactGiven(patch))
    }
}

/// Text fields and own data: all that is left of the object.
fn read_fields(object: &mut Object, plans: &PlanSet) -> Answer<Map<String, Value>> {
    let fields = object.rest();
    for (name, value) in &fields {
        if KEPT.contains(&name.as_str()) {
            return Err(object.problem(name, "is kept by the daemon and can't be written; leave it out"));
        }
        // Fields come from the settings and from playbooks that save or set them; a name that none of them knows is a slip.
        if !plans.fields.contains(name) {
            let known = plans.fields.iter().map(String::as_str).filter(|name| !KEPT.contains(name) && !SPECIAL.contains(name));
            return Err(object.unknown(name, SPECIAL.into_iter().chain(known)));
        }
        if !value.is_null() {
            check_field(name, value, plans).map_err(|must| object.problem(name, must))?;
        }
    }
    Ok(fields)
}

/// Whether a field can hold a value; else what the value must be.
fn check_field(name: &str, value: &Value, plans: &PlanSet) -> Result<(), String> {
    // A zone that nobody knows would be found out at night, by whoever gets a text.
    if name == "timezone" {
        let is_zone = value.as_str().is_some_and(|zone| TimeZone::get(zone).is_ok());
        return if is_zone { Ok(()) } else { Err("must be the IANA name of a time zone, like `America/Chicago`".to_owned()) };
    }
    let kind = if TEXT_FIELDS.contains(&name) { Some(FieldKind::Text) } else { plans.workspace.contact_fields.get(name).copied() };
    let (fits, must) = match kind {
        Some(FieldKind::Text) => (value.is_string(), "must be a text"),
        Some(FieldKind::Number) => (value.is_number(), "must be a number, without quotes"),
        Some(FieldKind::Time) => (value.as_str().is_some_and(|text| time(text).is_some()), MOMENT),
        Some(FieldKind::YesNo) => (value.is_boolean(), "must be true or false"),
        // A field that only playbooks name has no declared kind.
        None => (!value.is_array() && !value.is_object(), "must be a text, a number, true or false"),
    };
    if fits { Ok(()) } else { Err(must.to_owned()) }
}

impl ToSchema for ContactGiven {}

impl PartialSchema for ContactGiven {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String).build();
        let texts = || Array::new(text());
        let or_null = |kind| ObjectBuilder::new().schema_type(SchemaType::from_iter([kind, Type::Null])).build();
        let mut object = ObjectBuilder::new()
            .property("phone", text())
            .required("phone")
            .property("tags", texts())
            .property("untag", texts())
            .property("lists", texts())
            .property("consent", texts())
            .property("consent_source", text())
            .property("opted_out", ObjectBuilder::new().schema_type(Type::Boolean).build())
            // Own data by name.
            .additional_properties(Some(AdditionalProperties::FreeForm(true)));
        for name in TEXT_FIELDS {
            object = object.property(name, or_null(Type::String));
        }
        object.description(Some("fields given are written, null clears, others stay; own data by name")).build().into()
    }
}

/// The number in an address, with `+` as it is or as `%2B`. What is no number can't name a contact, so that is a 404 as well.
pub fn phone_of(text: &str) -> Answer<Phone> {
    phone(text).ok_or_else(|| Problem::not_found(format_args!("contact `{text}`; write the number with its country code, like `+15125550123`")))
}

/// What was written: as one contact or as a list, like the request.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum Written {
    /// The contact.
    One(Contact),
    /// The contacts, in the order of the request.
    Many(Page<Contact>),
}

fn unknown(phone: &Phone) -> Problem {
    Problem::not_found(format_args!("contact `{phone}`"))
}

/// Writes one contact or a list of them, all or none.
#[utoipa::path(put, path = "/v1/contacts", request_body = Given<ContactGiven>,
    responses((status = 200, body = Written),
        (status = 401, body = Document), (status = 422, body = Document)))]
pub async fn write(State(doors): State<Arc<Doors>>, body: Bytes) -> Answer<Json<Written>> {
    let plans = doors.plans.now();
    let given = Given::read(json(&body)?, |object| ContactGiven::read(object, &plans))?;
    let patches: Vec<Patch> = given.items().iter().map(|contact| contact.0.clone()).collect();
    let phones: Vec<Phone> = patches.iter().map(|patch| patch.phone.clone()).collect();
    let watched: Vec<String> = plans.watched_tags.iter().cloned().collect();
    doors.store.put_contacts(patches, &watched).await?;
    // Read back, so that the caller sees what the contact is now and not what was sent.
    let mut rows = Vec::with_capacity(phones.len());
    for phone in &phones {
        rows.extend(doors.store.contact(phone).await?.map(|contact| Contact::new(contact, &plans)));
    }
    Ok(Json(match given {
        Given::One(_) => Written::One(rows.pop().ok_or_else(|| Problem::not_found("contact any more; it was erased meanwhile"))?),
        Given::Many(_) => Written::Many(Page::whole(rows)),
    }))
}

/// Contacts, oldest first.
#[utoipa::path(get, path = "/v1/contacts", params(("limit" = Option<u64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<Contact>), (status = 401, body = Document), (status = 422, body = Document)))]
pub async fn list(State(doors): State<Arc<Doors>>, uri: Uri) -> Answer<Json<Page<Contact>>> {
    let query = Query::read(&uri, &[])?;
    let limit = query.limit()?;
    let after = query.cursor()?.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    // One more than asked for tells whether there is a next page.
    let mut found = doors.store.contacts(after, limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found.last().filter(|_| more).map(|last| last.number.to_string());
    let plans = doors.plans.now();
    Ok(Json(Page { items: found.into_iter().map(|contact| Contact::new(contact, &plans)).collect(), next_cursor }))
}

/// A contact.
#[utoipa::path(get, path = "/v1/contacts/{phone}", params(("phone" = String, Path)),
    responses((status = 200, body = Contact), (status = 401, body = Document), (status = 404, body = Document)))]
pub async fn read(State(doors): State<Arc<Doors>>, Named(text): Named<String>) -> Answer<Json<Contact>> {
    let phone = phone_of(&text)?;
    let contact = doors.store.contact(&phone).await?.ok_or_else(|| unknown(&phone))?;
    Ok(Json(Contact::new(contact, &doors.plans.now())))
}

/// Erases a contact. The number can be stored again, but stays opted out if it was.
#[utoipa::path(delete, path = "/v1/contacts/{phone}", params(("phone" = String, Path)),
    responses((status = 204, description = "erased"), (status = 401, body = Document), (status = 404, body = Document)))]
pub async fn erase(State(doors): State<Arc<Doors>>, Named(text): Named<String>) -> Answer<StatusCode> {
    let phone = phone_of(&text)?;
    match doors.store.erase(&phone).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown(&phone)),
    }
}
