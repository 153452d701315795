//! Contacts: the list, one of them with all that is known, and erasing.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse as _, Response};
use futures::stream::unfold;
use serde::Serialize;
use serde_json::{Value, json};

use super::moment::{Clock, Moment};
use super::people::{SEARCHED, Who, name};
use super::trouble::Page;
use super::{Console, view};
use crate::http::private::contacts::phone_of;
use crate::http::problem::{Answer, Problem};
use crate::model::{Act, Contact, Phone};
use crate::playbook::PlanSet;
use crate::store::{self, ConversationQuery, Shared};

/// Rows of a page.
const ROWS: usize = 50;

/// Contacts read at a time.
const STRETCH: u64 = 500;

/// Conversations of one contact that are listed.
const CONVERSATIONS: usize = 10;

/// Contacts in one piece of an export.
const PIECE: usize = 1_000;

/// Fields that stand in columns of their own, or are kept by the daemon.
const SPECIAL: [&str; 8] = ["phone", "tags", "lists", "consent", "opted_out", "created_at", "last_inbound_at", "last_outbound_at"];

/// Whom the list shows, by consent: value and words.
const CONSENT: [(&str, &str); 3] = [("marketing", "Agreed to marketing"), ("none", "Have not agreed"), ("opted_out", "Opted out")];

/// What the address asks for.
struct Wanted {
    /// A number or a name.
    q: Option<String>,
    /// With this tag.
    tag: Option<String>,
    /// On this list.
    list: Option<String>,
    /// One of `CONSENT`.
    consent: Option<String>,
    /// Made no later than this one.
    upto: Option<u64>,
}

impl Wanted {
    fn read(uri: &Uri) -> Wanted {
        let field = |name| view::field(uri.query().unwrap_or_default().as_bytes(), name);
        Wanted {
            q: field("q"),
            tag: field("tag"),
            list: field("list"),
            consent: field("consent"),
            upto: field("upto").and_then(|number| number.parse().ok()),
        }
    }

    /// The address that asks for the same, from there on.
    fn address(&self, upto: u64) -> String {
        let fields = [("tag", &self.tag), ("list", &self.list), ("consent", &self.consent)];
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(fields.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))));
        format!("/contacts?{}", query.append_pair("upto", &upto.to_string()).finish())
    }

    fn fits(&self, contact: &Contact) -> bool {
        let consent = match self.consent.as_deref() {
            Some("marketing") => contact.consent.contains("marketing") && !contact.opted_out,
            Some("none") => !contact.consent.contains("marketing") && !contact.opted_out,
            Some("opted_out") => contact.opted_out,
            _ => true,
        };
        consent
            && self.tag.as_ref().is_none_or(|tag| contact.tags.contains(tag))
            && self.list.as_ref().is_none_or(|list| contact.lists.contains(list))
    }
}

/// A contact in the list.
#[derive(Serialize)]
struct Row {
    /// Who.
    who: Who,
    /// Labels.
    tags: Vec<String>,
    /// `opted out`, what was agreed to, or nothing.
    consent: String,
    /// How that looks.
    look: &'static str,
    /// First text, call, event or import.
    created: Moment,
}

impl Row {
    fn new(contact: &Contact, clock: &Clock) -> Row {
        let (consent, look) = if contact.opted_out { ("opted out".to_owned(), "bad") } else { (joined(contact.consent.iter()), "live") };
        Row {
            who: Who::new(&contact.phone, Some(contact)),
            tags: contact.tags.iter().cloned().collect(),
            consent,
            look,
            created: clock.moment(contact.created_at),
        }
    }
}

fn joined<'a>(words: impl Iterator<Item = &'a String>) -> String {
    words.map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// `GET /contacts`.
pub async fn list(State(console): State<Arc<Console>>, uri: Uri) -> Page {
    let wanted = Wanted::read(&uri);
    let clock = console.clock();
    let mut context = json!({
        "q": wanted.q, "tag": wanted.tag, "list": wanted.list, "consent": wanted.consent, "consents": CONSENT,
        "searched": SEARCHED, "is_filtered": wanted.q.is_some() || wanted.tag.is_some() || wanted.list.is_some() || wanted.consent.is_some(),
    });
    let (contacts, next) = match &wanted.q {
        Some(q) => match console.number(q) {
            Some(phone) => (console.doors.store.contact(&phone).await?.into_iter().collect(), None),
            None => {
                let mut found = Vec::new();
                for who in console.named(q).await? {
                    found.extend(console.doors.store.contact(&Phone(who.phone)).await?);
                }
                (found, None)
            }
        },
        None => newest(&console, &wanted).await?,
    };
    context["rows"] = json!(contacts.iter().map(|contact| Row::new(contact, &clock)).collect::<Vec<_>>());
    context["next"] = json!(next.map(|upto| wanted.address(upto)));
    Ok(console.page("contacts.html", "/contacts", "Contacts", context).await?)
}

/// The newest contacts that fit, and where the next page begins. A filter looks through `SEARCHED` at a time.
async fn newest(console: &Console, wanted: &Wanted) -> Answer<(Vec<Contact>, Option<u64>)> {
    let mut upto = match wanted.upto {
        Some(upto) => upto,
        None => console.newest_contact().await?,
    };
    let (end, mut found) = (upto.saturating_sub(SEARCHED), Vec::new());
    while upto > end {
        let from = upto.saturating_sub(STRETCH);
        let mut stretch = console.doors.store.contacts(from, usize::try_from(STRETCH).unwrap_or(usize::MAX)).await?;
        stretch.retain(|contact| contact.number <= upto && wanted.fits(contact));
        for contact in stretch.into_iter().rev() {
            if found.len() == ROWS {
                return Ok((found, Some(contact.number)));
            }
            found.push(contact);
        }
        upto = from;
    }
    Ok((found, Some(upto).filter(|upto| *upto > 0)))
}

async fn known(console: &Console, number: &str) -> Answer<Contact> {
    let phone = phone_of(number)?;
    console.doors.store.contact(&phone).await?.ok_or_else(|| Problem::not_found(format_args!("contact `{phone}`")))
}

/// What happened to consent, in words.
fn act(act: Act) -> &'static str {
    match act {
        Act::OptIn => "opted in",
        Act::OptOut => "opted out",
        Act::Grant => "agreed",
        Act::Revoke => "took it back",
    }
}

/// `GET /contacts/{number}`.
pub async fn one(State(console): State<Arc<Console>>, Path(number): Path<String>) -> Page {
    let contact = known(&console, &number).await?;
    let clock = console.clock();
    let query = ConversationQuery { contact: Some(contact.phone.clone()), limit: CONVERSATIONS, ..ConversationQuery::default() };
    let conversations: Vec<Value> = console
        .doors
        .store
        .conversations(query)
        .await?
        .items
        .into_iter()
        .map(|row| json!({ "id": row.id, "playbook": row.playbook, "state": row.outcome.as_deref().unwrap_or(row.state.as_str()), "started": clock.moment(row.started_at) }))
        .collect();
    let mut ledger: Vec<Value> = console
        .doors
        .store
        .consent(&contact.phone)
        .await?
        .iter()
        .map(|entry| json!({ "act": act(entry.act), "class": entry.class, "at": clock.moment(entry.at), "source": entry.source, "evidence": entry.evidence }))
        .collect();
    ledger.reverse();
    let context = json!({
        "who": Who::new(&contact.phone, Some(&contact)), "fields": contact.fields, "tags": contact.tags, "lists": contact.lists,
        "consent": joined(contact.consent.iter()), "opted_out": contact.opted_out, "created": clock.moment(contact.created_at),
        "last_in": contact.last_inbound_at.map(|at| clock.moment(at)), "last_out": contact.last_outbound_at.map(|at| clock.moment(at)),
        "conversations": conversations, "ledger": ledger,
    });
    let title = Some(name(&contact)).filter(|name| !name.is_empty()).unwrap_or(contact.phone.0);
    Ok(console.page("contact.html", "/contacts", title, context).await?)
}

/// `POST /contacts/{number}/erase`.
pub async fn erase(State(console): State<Arc<Console>>, Path(number): Path<String>, body: Bytes) -> Page {
    let phone = phone_of(&number)?;
    if view::field(&body, "sure").is_none() {
        return Err(Problem::new(&crate::http::problem::BAD_FIELD, "tick that you are sure; erasing can't be undone").into());
    }
    if !console.doors.store.erase(&phone).await? {
        return Err(Problem::not_found(format_args!("contact `{phone}`")).into());
    }
    // Without the number: it is gone.
    console.note("erased a contact", "").await;
    Ok(view::to("/contacts"))
}

/// `GET /contacts.csv`: all contacts, in a form that an import takes.
pub async fn export(State(console): State<Arc<Console>>) -> Response {
    let plans = console.doors.plans.now();
    let columns = known_fields(&plans);
    let store = console.doors.store.clone();
    console.note("exported the contacts", "").await;
    let pieces = unfold(Some(None), move |after: Option<Option<u64>>| {
        let (store, columns) = (store.clone(), columns.clone());
        async move {
            let after = after?;
            match piece(&store, &columns, after).await {
                Ok((bytes, next)) => Some((Ok(bytes), next.map(Some))),
                // A download that breaks off is seen; one that ends early would not be.
                Err(error) => Some((Err(std::io::Error::other(error.to_string())), None)),
            }
        }
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"contacts.csv\"")),
    ];
    (headers, Body::from_stream(pieces)).into_response()
}

/// Rows after a contact (none: the first line and the first rows), and the last of them if more follow.
async fn piece(store: &Shared, columns: &[String], after: Option<u64>) -> store::Result<(Bytes, Option<u64>)> {
    let page = store.contacts(after.unwrap_or(0), PIECE).await?;
    let mut table = csv::Writer::from_writer(Vec::new());
    // Writing to memory does not fail.
    let mut write = |row: Vec<String>| drop(table.write_record(row));
    let around = ["tags", "lists", "consent", "opted_out"].map(str::to_owned);
    if after.is_none() {
        write(["phone".to_owned()].into_iter().chain(columns.iter().cloned()).chain(around).collect());
    }
    for contact in &page {
        let cell = |field: &String| match contact.fields.get(field) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let several = |words: &std::collections::BTreeSet<String>| words.iter().cloned().collect::<Vec<_>>().join(";");
        let opted_out = if contact.opted_out { "yes" } else { "" };
        let rest = [several(&contact.tags), several(&contact.lists), several(&contact.consent), opted_out.to_owned()];
        write([contact.phone.0.clone()].into_iter().chain(columns.iter().map(cell)).chain(rest).collect());
    }
    let last = page.last().map(|last| last.number).filter(|_| page.len() == PIECE);
    Ok((table.into_inner().unwrap_or_default().into(), last))
}

/// Fields that stand in columns of a table: names, and own data.
pub fn known_fields(plans: &PlanSet) -> Vec<String> {
    plans.fields.iter().filter(|field| !SPECIAL.contains(&field.as_str())).cloned().collect()
}
