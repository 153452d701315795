//! The phone numbers of the account: those of the configured senders.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State as Shared};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::rest::{Fields, Paging, Refusal, answer, date, path};
use super::{Pretend, PretendConfig};
use crate::text::addresses;

/// The form's name of a field that can be changed, and the answer's.
const FIELDS: &[(&str, &str)] = &[
    ("FriendlyName", "friendly_name"),
    ("SmsApplicationSid", "sms_application_sid"),
    ("SmsFallbackMethod", "sms_fallback_method"),
    ("SmsFallbackUrl", "sms_fallback_url"),
    ("SmsMethod", "sms_method"),
    ("SmsUrl", "sms_url"),
    ("StatusCallback", "status_callback"),
    ("StatusCallbackMethod", "status_callback_method"),
    ("TrunkSid", "trunk_sid"),
    ("VoiceApplicationSid", "voice_application_sid"),
    ("VoiceFallbackMethod", "voice_fallback_method"),
    ("VoiceFallbackUrl", "voice_fallback_url"),
    ("VoiceMethod", "voice_method"),
    ("VoiceUrl", "voice_url"),
];

/// The numbers of a config. Short codes, services and WhatsApp senders are no phone numbers, here as at Twilio.
pub(super) fn of(config: &PretendConfig) -> Vec<Value> {
    let numbers = config.senders.iter().map(|sender| sender.number.as_str()).filter(|number| addresses::is_e164(number));
    numbers.map(|number| one(config, number)).collect()
}

/// A number as the REST API shows it, set up for the daemon.
fn one(config: &PretendConfig, number: &str) -> Value {
    // The id follows from the number, so that it stays the same from one start to the next.
    let id: String = Sha256::digest(number).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let now = date(Timestamp::now());
    let webhook = format!("{}/webhooks/twilio", config.webhook_base.trim_end_matches('/'));
    let mut value = json!({
        "sid": format!("PN{id}"),
        "account_sid": config.account_sid,
        "phone_number": number,
        "capabilities": {"fax": false, "mms": true, "sms": true, "voice": true},
        "address_requirements": "none",
        "address_sid": null,
        "api_version": "2010-04-01",
        "beta": false,
        "date_created": now,
        "date_updated": now,
        "emergency_status": "Inactive",
        "origin": "twilio",
        "status": "in-use",
        "subresource_uris": {},
        "uri": format!("/2010-04-01/Accounts/{}/IncomingPhoneNumbers/PN{id}.json", config.account_sid),
        "voice_caller_id_lookup": false,
        "voice_receive_mode": "voice",
    });
    for (_, field) in FIELDS {
        value[*field] = match *field {
            "friendly_name" => number.into(),
            "sms_url" => webhook.as_str().into(),
            "voice_url" => format!("{webhook}/voice").into(),
            method if method.ends_with("_method") => "POST".into(),
            // Unset fields are empty at Twilio, not null.
            _ => "".into(),
        };
    }
    value
}

/// A field of a number of the account, if it is set.
pub(super) fn setting(pretend: &Pretend, number: &str, field: &str) -> Option<String> {
    pretend.read(|state| {
        let found = state.numbers.iter().find(|value| value["phone_number"] == number)?;
        found[field].as_str().filter(|url| !url.is_empty()).map(str::to_string)
    })
}

/// `GET IncomingPhoneNumbers.json`.
pub(super) async fn list(Shared(pretend): Shared<Pretend>, RawQuery(query): RawQuery) -> Response {
    let query = Fields::of_query(query.as_deref());
    let paging = Paging::of(&query);
    let wanted = query.full("PhoneNumber");
    let mut found = pretend.read(|state| state.numbers.clone());
    // As at Twilio a part of a number finds it.
    found.retain(|value| wanted.is_none_or(|part| value["phone_number"].as_str().is_some_and(|number| number.contains(part))));
    // Nothing is ever put in front of this list, so the place in a page's token counts from its beginning.
    let start = if paging.below == u64::MAX { paging.skip } else { usize::try_from(paging.below).unwrap_or(usize::MAX) };
    let end = start.saturating_add(paging.size);
    let last = (end < found.len()).then_some(end as u64);
    let items = found.into_iter().skip(start).take(paging.size).collect();
    answer(200, &paging.envelope(&path(&pretend, "IncomingPhoneNumbers.json"), &query, "incoming_phone_numbers", items, last))
}

/// `GET IncomingPhoneNumbers/{sid}.json`.
pub(super) async fn fetch(Shared(pretend): Shared<Pretend>, Path(file): Path<String>) -> Response {
    match pretend.read(|state| state.numbers.iter().find(|value| is(value, &file)).cloned()) {
        Some(number) => answer(200, &number),
        None => Refusal::of(20404).into_response(),
    }
}

/// `POST IncomingPhoneNumbers/{sid}.json`. Fields it does not know are passed over, as at Twilio.
pub(super) async fn update(Shared(pretend): Shared<Pretend>, Path(file): Path<String>, body: Bytes) -> Response {
    let form = Fields::of_form(&body);
    let changed = pretend.change(|state| {
        let number = state.numbers.iter_mut().find(|value| is(value, &file))?;
        for (given, field) in FIELDS {
            if let Some(value) = form.get(given) {
                number[*field] = value.into();
            }
        }
        number["date_updated"] = date(Timestamp::now()).into();
        Some(number.clone())
    });
    match changed {
        Some(number) => answer(200, &number),
        None => Refusal::of(20404).into_response(),
    }
}

/// Whether a number is the one of `PN….json`.
fn is(number: &Value, file: &str) -> bool {
    number["sid"].as_str() == Some(file.strip_suffix(".json").unwrap_or(file))
}
