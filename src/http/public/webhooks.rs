//! Twilio's webhooks: signature, form, event, store, answer. Nothing is read of a request whose signature does not hold, and nothing
//! is answered 200 before it is stored; working on it is a second step from the store.
//!
//! What a form tells decides what is done, not the address it came to: a user who configures one address for everything still gets
//! what they expect.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;

use crate::http::Doors;
use crate::http::tally::{Kind, Seen};
use crate::model::event::{CallIn, TextIn};
use crate::model::{Act, Actor, Address, ConsentEntry, Contact, Event, Happening, MessageId, MessageStatus, Phone};
use crate::store::{self, Post, Posted, Report, Reported};
use crate::text::addresses::is_e164;
use crate::text::reserved::{Reserved, reserved};
use crate::twilio::forms::{Call, Inbound, StatusReport, has_too_many_fields};
use crate::twilio::{Forged, Form, Webhook, twiml};
use crate::work::VoiceAnswer;
use crate::work::flow::Step;

use super::in_time;

/// Where Twilio puts its signature.
const SIGNATURE: &str = "x-twilio-signature";

/// Answers any webhook.
pub async fn any_kind(State(doors): State<Arc<Doors>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let began = Instant::now();
    let (kind, answer, refusal) = match read(&doors, &method, &uri, &headers, &body) {
        Err(Refusal { status, why }) => (Kind::Refused, Err(status), Some(why)),
        Ok(Webhook::Inbound(text)) => (Kind::Text, take_text(&doors, text).await, None),
        Ok(Webhook::Status(report)) => (Kind::Status, take_report(&doors, report).await, None),
        Ok(Webhook::Call(call)) => (Kind::Call, take_call(&doors, call).await, None),
    };
    let response = match answer {
        Ok(xml) => ([(header::CONTENT_TYPE, twiml::CONTENT_TYPE)], xml).into_response(),
        Err(status) => status.into_response(),
    };
    doors.tally.count(kind, response.status().as_u16());
    let why = refusal.or_else(|| (!response.status().is_success()).then(|| "could not be stored".to_owned()));
    doors.tally.seen(Seen { at: doors.store.now(), route: uri.path().to_owned(), kind, status: response.status().as_u16(), why });
    doors.tally.took(began.elapsed());
    response
}

/// What a webhook is answered: XML, or a status without a word.
type Answer = Result<String, StatusCode>;

/// Why a webhook is not taken.
struct Refusal {
    /// What it is answered.
    status: StatusCode,
    /// For the house: what differs from what we expected. Holds no secret.
    why: String,
}

impl Refusal {
    fn new(status: StatusCode, why: impl std::fmt::Display) -> Refusal {
        Refusal { status, why: why.to_string() }
    }
}

/// A request that is Twilio's and complete.
fn read(doors: &Doors, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Result<Webhook, Refusal> {
    // Twilio always says how long a form is. A body of announced *and* chunked length is read by the second alone, and hyper does not
    // show that the first was there too; so neither is taken.
    if *method != Method::POST || headers.contains_key(header::TRANSFER_ENCODING) {
        return Err(Refusal::new(StatusCode::FORBIDDEN, "Twilio sends whole forms by POST, and this was none"));
    }
    // Before the signature, whose cost grows with the fields: nobody may have a long form sorted for nothing.
    if has_too_many_fields(body) {
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "the form has more fields than Twilio ever sends"));
    }
    // As they arrived, escapes and all; what a proxy says about host and scheme has no say.
    let path_and_query = uri.path_and_query().map_or("/", |both| both.as_str());
    let text = |value: &header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let content_type = headers.get(header::CONTENT_TYPE).map(text);
    // All of them: choosing one of several would be guessing. Bytes that are no text make a signature that fits nothing.
    let signatures: Vec<String> = headers.get_all(SIGNATURE).iter().map(text).collect();
    let signatures: Vec<&str> = signatures.iter().map(String::as_str).collect();
    if let Err(why) = doors.verifier.verify(path_and_query, content_type.as_deref(), body, &signatures) {
        if doors.tally.forged.is_due(doors.store.now()) {
            tracing::warn!(%why, "a webhook was refused; if it was Twilio's, compare `public_url` and `twilio.auth_token` with what its console shows");
        }
        let why = if why == Forged::Mismatch { mismatch(doors, path_and_query, body) } else { why.to_string() };
        return Err(Refusal::new(StatusCode::FORBIDDEN, why));
    }
    let refused = |why: crate::twilio::forms::Error| {
        tracing::warn!(%why, "a rightly signed webhook was refused");
        Refusal::new(StatusCode::from_u16(why.http_status()).unwrap_or(StatusCode::BAD_REQUEST), why)
    };
    // Only now is anything read of what it says.
    let form = Form::parse(body).map_err(refused)?;
    Webhook::read(&form, uri.query(), &doors.account_sid).map_err(refused)
}

/// What a signature was checked against, so that it can be compared with the address set at Twilio.
fn mismatch(doors: &Doors, path_and_query: &str, body: &[u8]) -> String {
    let fields = form_urlencoded::parse(body).count();
    format!(
        "signature mismatch: we expected one over `{}` and the form's fields ({fields}), made with the account's auth token",
        doors.verifier.url(path_and_query)
    )
}

/// The person behind an address, if it is a phone number: short codes, `client:…` and the like can't be texted back.
fn person(doors: &Doors, address: &Address) -> Option<Phone> {
    let number = address.number();
    if is_e164(number) {
        return Some(Phone::from(number));
    }
    doors.tally.nameless();
    None
}

/// A text. A STOP takes effect in the same write as the text itself.
async fn take_text(doors: &Doors, text: Inbound) -> Answer {
    let from = Address(text.from);
    let Some(phone) = person(doors, &from) else { return Ok(twiml::empty().to_owned()) };
    let now = doors.store.now();
    let words = &doors.plans.now().workspace.reserved;
    // Our words are broader than Twilio's; a service with Advanced Opt-Out has words of its own, in any language.
    let stops =
        reserved(&text.body, words) == Some(Reserved::Stop) || text.opt_out_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("STOP"));
    let suppress = stops.then(|| ConsentEntry {
        contact: phone.clone(),
        act: Act::OptOut,
        class: "all".to_owned(),
        at: now,
        source: "text".to_owned(),
        evidence: format!("{}: {}", text.message_sid, text.body),
    });
    // Twilio repeats what it got no answer to, and catch-up finds the same texts in its list: both by this name.
    let id = Some(format!("sms:{}", text.message_sid));
    let event = Happening::Text(TextIn {
        sid: text.message_sid,
        from,
        to: Address(text.to),
        body: text.body,
        media: text.media.into_iter().map(|media| media.url).collect(),
        // The payload is what the template gave the button to answer; its label is what the contact saw.
        button: text.button_payload.or(text.button_text),
        opt_out_type: text.opt_out_type,
        profile_name: text.profile_name,
    });
    if post(doors, Post { to: Actor::Contact(phone), event: Event::new(now, event), due: now, id, suppress }).await? == Posted::New {
        doors.health.flow.count(now, Step::Received, None);
    }
    Ok(twiml::empty().to_owned())
}

/// What became of a text of ours.
async fn take_report(doors: &Doors, report: StatusReport) -> Answer {
    let (status, code) = (report.status.map(crate::twilio::Status::shown), report.error_code);
    let report = Report { message: report.our_id.map(MessageId), sid: report.message_sid, status, word: report.status_name, code };
    // A message we don't know (yet) is answered 200 too: Twilio can't do anything about it.
    let reported = in_time(doors.store.report(report)).await.map_err(|error| not_stored(doors, &error))?;
    let step = status.and_then(|status| match status {
        MessageStatus::Delivered => Some(Step::Delivered),
        MessageStatus::Undelivered | MessageStatus::Failed => Some(Step::Undelivered),
        _ => None,
    });
    if let Some(step) = step.filter(|_| reported == Reported::Moved) {
        doors.health.flow.count(doors.store.now(), step, code);
    }
    Ok(twiml::empty().to_owned())
}

/// A call: one that rings hears something, one that nobody took elsewhere is only noted, one that ended well is nothing to us.
async fn take_call(doors: &Doors, call: Call) -> Answer {
    let from = Address(call.from);
    let to = Address(call.to);
    let phone = person(doors, &from);
    let xml = if call.is_final { twiml::empty().to_owned() } else { hear(doors, phone.as_ref(), &to).await? };
    if let Some(phone) = phone.filter(|_| call.missed || !call.is_final) {
        let now = doors.store.now();
        let id = Some(format!("call:{}", call.call_sid));
        let event = Happening::Call(CallIn { sid: call.call_sid, from: from.0, to: to.0 });
        post(doors, Post { to: Actor::Contact(phone), event: Event::new(now, event), due: now, id, suppress: None }).await?;
    }
    Ok(xml)
}

/// What the caller hears; somebody not known, or without a number, hears what a new contact would.
async fn hear(doors: &Doors, phone: Option<&Phone>, to: &Address) -> Answer {
    let now = doors.store.now();
    let known = match phone {
        Some(phone) => in_time(doors.store.contact(phone)).await.map_err(|error| not_stored(doors, &error))?,
        None => None,
    };
    let contact = known.unwrap_or_else(|| Contact::new(phone.cloned().unwrap_or_else(|| Phone::from("")), now));
    Ok(match doors.plans.voice(&contact, to, now) {
        VoiceAnswer::Say { text, language } => twiml::say(&text, &language),
        VoiceAnswer::Reject => twiml::reject().to_owned(),
    })
}

/// Stores an event. One that came before is as good as stored.
async fn post(doors: &Doors, post: Post) -> Result<Posted, StatusCode> {
    let posted = in_time(doors.store.post(vec![post])).await.map_err(|error| not_stored(doors, &error))?;
    Ok(posted.first().copied().unwrap_or(Posted::Duplicate))
}

/// The answer that makes Twilio come again, or leaves the text to catch-up.
fn not_stored(doors: &Doors, error: &store::Error) -> StatusCode {
    if doors.tally.unstored.is_due(doors.store.now()) {
        tracing::warn!(%error, "webhooks can't be stored and are answered 503; what Twilio does not repeat is fetched later");
    }
    StatusCode::SERVICE_UNAVAILABLE
}
