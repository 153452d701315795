//! Creating, reading and changing messages.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::Status;
use super::magic::{self, Answer, Life};
use super::rest::{Fields, Paging, Refusal, answer, date, path};
use super::state::{Attempt, Record, State, sid};
use super::{LoseConnection, Pretend, PretendConfig, life};
use crate::text::{addresses, segments};

/// Characters of a text, before Twilio refuses it.
const BODY_LIMIT: usize = 1600;
/// Files of a text.
const MEDIA_LIMIT: usize = 10;
/// Characters of a callback's address.
const CALLBACK_LIMIT: usize = 4000;
/// How long after somebody's last WhatsApp text free words reach them.
const WINDOW: Duration = Duration::from_secs(24 * 3600);

/// What a create request gets.
enum Reply {
    /// 201 with the message.
    Message,
    /// A refusal or a fault.
    Refusal(Refusal),
    /// Nothing, ever.
    Hang,
    /// Nothing, and the connection closes.
    Drop,
}

/// `POST Messages.json`. Deciding and answering are apart: what was decided stays so if the client has gone.
pub(super) async fn create(Shared(pretend): Shared<Pretend>, body: Bytes) -> Response {
    let form = Fields::of_form(&body);
    let (reply, record, life) = pretend.change(|state| decide(state, pretend.config(), &form));
    if let Some(record) = &record {
        life::begin(&pretend, record.sid.clone(), life);
    }
    match (reply, record) {
        (Reply::Message, Some(record)) => answer(201, &view(&pretend, &record)),
        (Reply::Refusal(refusal), _) => refusal.into_response(),
        (Reply::Hang, _) => std::future::pending().await,
        (Reply::Drop | Reply::Message, _) => {
            let mut nothing = StatusCode::OK.into_response();
            nothing.extensions_mut().insert(LoseConnection);
            nothing
        }
    }
}

/// Everything about a create request in one step: what it gets, the message that came of it, and what awaits that.
fn decide(state: &mut State, config: &PretendConfig, form: &Fields) -> (Reply, Option<Record>, Life) {
    let to = form.full("To").unwrap_or_default();
    let (magic, life) = magic::to(to);
    let checked = check(state, config, form);
    let (reply, accepted) = match (fault(state), checked) {
        (Some((reply, accept)), checked) => (reply, accept && checked.is_ok()),
        (None, Err(code)) => (Reply::Refusal(Refusal::of(code)), false),
        (None, Ok(())) => by_magic(state, to, magic),
    };
    // Kept also where the answer is a failure: accepting and then failing is what a daemon must survive.
    let record = accepted.then(|| state.add(record(form)));
    state.log(Attempt {
        at_us: Timestamp::now().as_microsecond(),
        from: form.full("From").or(form.full("MessagingServiceSid")).unwrap_or_default().into(),
        to: to.into(),
        http_status: match &reply {
            Reply::Message => 201,
            Reply::Refusal(refusal) => refusal.status,
            Reply::Hang | Reply::Drop => 0,
        },
        code: if let Reply::Refusal(refusal) = &reply { Some(refusal.code) } else { None },
        sid: record.as_ref().map(|record| record.sid.clone()),
    });
    let life = if outside_window(state, form) { Life::Ends(Status::Undelivered, 63016) } else { life };
    (reply, record, life)
}

/// A fault for all, if one is set and it is this request's turn; and whether the message is accepted all the same.
fn fault(state: &mut State) -> Option<(Reply, bool)> {
    let faults = &mut state.faults;
    let reply = match (faults.drop, faults.status) {
        (true, _) => Reply::Drop,
        (false, Some(status)) => Reply::Refusal(Refusal::fault(status, faults.code)),
        (false, None) => return None,
    };
    state.creates += 1;
    if !state.creates.is_multiple_of(faults.every.unwrap_or(1).max(1)) {
        return None;
    }
    match &mut faults.next {
        Some(0) => return None,
        Some(left) => *left -= 1,
        None => {}
    }
    Some((reply, faults.accept))
}

/// What a valid request gets by the digits of its number, and whether a message comes of it.
fn by_magic(state: &mut State, to: &str, magic: Answer) -> (Reply, bool) {
    let refuse = |status| (Reply::Refusal(Refusal::fault(status, None)), false);
    let accept = (Reply::Message, true);
    let now = Instant::now();
    let mut first = || {
        let known = state.first_try.contains_key(to);
        (*state.first_try.entry(to.to_string()).or_insert(now), !known)
    };
    match magic {
        Answer::Accept => accept,
        Answer::Refuse(code) => (Reply::Refusal(Refusal::of(code)), false),
        Answer::TooManyOnce => {
            if first().1 {
                refuse(429)
            } else {
                accept
            }
        }
        Answer::ErrorOnce => {
            if first().1 {
                refuse(500)
            } else {
                accept
            }
        }
        Answer::TooManyFor(seconds) => {
            if now.duration_since(first().0).as_secs() < seconds {
                refuse(429)
            } else {
                accept
            }
        }
        Answer::Error(accepted) => (refuse(500).0, accepted),
        Answer::Hang => (Reply::Hang, false),
        Answer::Drop => (Reply::Drop, true),
    }
}

/// Twilio's own checks, in its order; the code of the first that fails.
fn check(state: &State, config: &PretendConfig, form: &Fields) -> Result<(), u32> {
    let to = form.full("To").ok_or(21604_u32)?;
    let service = form.full("MessagingServiceSid");
    let from = form.full("From").or(service).ok_or(21603_u32)?;
    let (body, media) = (form.full("Body"), form.all("MediaUrl"));
    if body.is_none() && media.is_empty() && form.full("ContentSid").is_none() {
        return Err(21619);
    }
    if body.is_some_and(|body| body.chars().count() > BODY_LIMIT) {
        return Err(21617);
    }
    if media.len() > MEDIA_LIMIT {
        return Err(21623);
    }
    if form.full("StatusCallback").is_some_and(|url| !callable(url)) {
        return Err(21609);
    }
    // The numbers of the settings are the account's own, also where Twilio gives them a meaning.
    let owned = config.senders.iter().any(|sender| sender.number == from);
    if let Some(code) = magic::from(from).filter(|_| !owned) {
        return Err(code);
    }
    if !addresses::is_e164(bare(to)) {
        return Err(21211);
    }
    if to == from {
        return Err(21266);
    }
    if service.is_none() && to.starts_with("whatsapp:") != from.starts_with("whatsapp:") {
        return Err(21910);
    }
    if state.is_opted_out(from, to) { Err(21610) } else { Ok(()) }
}

/// An address Twilio would call back.
fn callable(url: &str) -> bool {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).and_then(|rest| rest.split(['/', '?', '#']).next());
    url.len() <= CALLBACK_LIMIT && host.is_some_and(|host| !host.is_empty() && !host.contains('_'))
}

/// A number without its channel.
pub(super) fn bare(address: &str) -> &str {
    address.strip_prefix("whatsapp:").unwrap_or(address)
}

/// WhatsApp passes free words only to somebody who has written within a day.
fn outside_window(state: &State, form: &Fields) -> bool {
    let to = form.full("To").unwrap_or_default();
    let recent = state.last_inbound(to).is_some_and(|at| at.duration_until(Timestamp::now()).unsigned_abs() < WINDOW);
    to.starts_with("whatsapp:") && form.full("ContentSid").is_none() && !recent
}

/// The message a valid form makes.
fn record(form: &Fields) -> Record {
    let now = Timestamp::now();
    let body = form.get("Body").unwrap_or_default().to_string();
    let service = form.full("MessagingServiceSid").map(str::to_string);
    let media = form.all("MediaUrl");
    Record {
        number: 0,
        sid: sid(if media.is_empty() { "SM" } else { "MM" }),
        arrived_us: now.as_microsecond(),
        direction: "outbound-api",
        from: form.full("From").map(str::to_string),
        to: form.full("To").unwrap_or_default().into(),
        segments: segments::count(&body),
        body,
        media,
        status: if service.is_some() { Status::Accepted } else { Status::Queued },
        error_code: None,
        service,
        status_callback: form.full("StatusCallback").map(str::to_string),
        sent: None,
        updated: now,
        callbacks: vec![],
    }
}

/// A message as the REST API shows it.
fn view(pretend: &Pretend, record: &Record) -> Value {
    let uri = path(pretend, &format!("Messages/{}", record.sid));
    // A service counts segments once it has picked a number.
    let segments = if record.from.is_some() { record.segments } else { 0 };
    json!({
        "account_sid": pretend.config().account_sid,
        "api_version": "2010-04-01",
        "body": record.body,
        "date_created": date(Timestamp::from_microsecond(record.arrived_us).unwrap_or(record.updated)),
        "date_sent": record.sent.map(date),
        "date_updated": date(record.updated),
        "direction": record.direction,
        "error_code": record.error_code,
        "error_message": record.error_code.and_then(super::super::errors::code).map(|code| code.name),
        "from": record.from,
        "messaging_service_sid": record.service,
        "num_media": record.media.len().to_string(),
        "num_segments": segments.to_string(),
        "price": null,
        "price_unit": "USD",
        "sid": record.sid,
        "status": record.status.name(),
        "subresource_uris": {"media": format!("{uri}/Media.json"), "feedback": format!("{uri}/Feedback.json")},
        "to": record.to,
        "uri": format!("{uri}.json"),
    })
}

/// `GET Messages/{sid}.json`.
pub(super) async fn fetch(Shared(pretend): Shared<Pretend>, Path(file): Path<String>) -> Response {
    match pretend.read(|state| state.message(name(&file)).cloned()) {
        Some(record) => answer(200, &view(&pretend, &record)),
        None => Refusal::of(20404).into_response(),
    }
}

/// `POST Messages/{sid}.json`: cancels a message that is still in Twilio's queue, or takes its words out.
pub(super) async fn update(Shared(pretend): Shared<Pretend>, Path(file): Path<String>, body: Bytes) -> Response {
    let form = Fields::of_form(&body);
    let changed = pretend.change(|state| {
        let record = state.message_mut(name(&file)).ok_or(20404_u32)?;
        match (form.get("Status"), form.get("Body")) {
            (Some("canceled"), _) if record.status.rank() < Status::Sent.rank() => record.status = Status::Canceled,
            (None, Some("")) => record.body.clear(),
            _ => return Err(20001),
        }
        record.updated = Timestamp::now();
        Ok(record.clone())
    });
    match changed {
        Ok(record) => answer(200, &view(&pretend, &record)),
        Err(code) => Refusal::of(code).into_response(),
    }
}

/// `DELETE Messages/{sid}.json`. What is under way to the phone is not called back.
pub(super) async fn remove(Shared(pretend): Shared<Pretend>, Path(file): Path<String>) -> Response {
    match pretend.change(|state| state.remove(name(&file))) {
        Some(_) => StatusCode::NO_CONTENT.into_response(),
        None => Refusal::of(20404).into_response(),
    }
}

/// `POST Messages/{sid}/Feedback.json`: whether the person acted on the text. Kept nowhere, since nothing reads it.
pub(super) async fn feedback(Shared(pretend): Shared<Pretend>, Path(sid): Path<String>, body: Bytes) -> Response {
    if pretend.read(|state| state.message(&sid).is_none()) {
        return Refusal::of(20404).into_response();
    }
    let now = date(Timestamp::now());
    let outcome = Fields::of_form(&body).full("Outcome").unwrap_or("confirmed").to_string();
    let uri = path(&pretend, &format!("Messages/{sid}/Feedback.json"));
    let account = &pretend.config().account_sid;
    answer(201, &json!({"account_sid": account, "message_sid": sid, "outcome": outcome, "date_created": now, "date_updated": now, "uri": uri}))
}

/// `GET Messages.json`, newest first. One item more than the page is looked for, to know whether another page follows.
pub(super) async fn list(Shared(pretend): Shared<Pretend>, RawQuery(query): RawQuery) -> Response {
    let query = Fields::of_query(query.as_deref());
    let paging = Paging::of(&query);
    let (items, last) = pretend.read(|state| {
        let mut found = state.messages_below(paging.below).filter(|record| matches(record, &query)).skip(paging.skip);
        let items: Vec<_> = found.by_ref().take(paging.size).cloned().collect();
        let last = found.next().and(items.last()).map(|record| record.number);
        (items, last)
    });
    let items = items.iter().map(|record| view(&pretend, record)).collect();
    answer(200, &paging.envelope(&path(&pretend, "Messages.json"), &query, "messages", items, last))
}

/// Whether a message passes the filters of the query. Filters by date look at `date_sent`, as at Twilio.
fn matches(record: &Record, query: &Fields) -> bool {
    let sent = |name: &str, fits: fn(Timestamp, Timestamp, bool) -> bool| match query.full(name) {
        None => true,
        // A message that is not sent yet has no date and fits none.
        Some(text) => record.sent.zip(moment(text)).is_some_and(|(sent, (at, is_day))| fits(sent, at, is_day)),
    };
    query.full("To").is_none_or(|to| record.to == to)
        && query.full("From").is_none_or(|from| record.from.as_deref() == Some(from))
        && sent("DateSent>", |sent, at, _| sent >= at)
        && sent("DateSent<", |sent, at, _| sent <= at)
        && sent("DateSent", |sent, at, is_day| {
            let seconds = sent.as_second() - at.as_second();
            if is_day { (0..86_400).contains(&seconds) } else { seconds == 0 }
        })
}

/// A time, or the beginning of a day in UTC; and whether it was a day.
fn moment(text: &str) -> Option<(Timestamp, bool)> {
    match text.parse::<Timestamp>() {
        Ok(at) => Some((at, false)),
        Err(_) => Some((format!("{text}T00:00:00Z").parse().ok()?, true)),
    }
}

/// The id in `SM….json`.
fn name(file: &str) -> &str {
    file.strip_suffix(".json").unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_can_be_called() {
        for (url, fits) in
            [("https://a.example/x", true), ("http://127.0.0.1:1?m=1", true), ("a.example", false), ("https://a_b/x", false), ("https:///x", false)]
        {
            assert_eq!(callable(url), fits, "{url}");
        }
        assert!(!callable(&format!("https://a/{}", "x".repeat(CALLBACK_LIMIT))));
    }

    #[test]
    fn dates_of_a_filter() {
        let second = |text: &str| moment(text).map(|(at, is_day)| (at.as_second(), is_day));
        assert_eq!(second("1970-01-02"), Some((86_400, true)));
        assert_eq!(second("1970-01-01T00:00:05Z"), Some((5, false)));
        assert_eq!(second("yesterday"), None);
    }
}
