//! Messages and phone numbers as Twilio lists them. Read leniently: any field may be null, numbers come as strings,
//! and new fields appear without notice, so nothing but the id is required.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use serde_json::Value;

use super::status::Status;

/// A message in Twilio's list, in or out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Twilio's id.
    pub sid: String,
    /// Who sent it; none while a messaging service has not picked a number.
    pub from: Option<String>,
    /// Whom it went to.
    pub to: Option<String>,
    /// The words, which Twilio may have changed (trial prefix, smart encoding).
    pub body: String,
    /// Where it has got to; `None` for a name we do not know.
    pub status: Option<Status>,
    /// `inbound`, `outbound-api`, `outbound-reply` or `outbound-call`.
    pub direction: String,
    /// When Twilio made it.
    pub date_created: Option<Timestamp>,
    /// When Twilio sent or received it.
    pub date_sent: Option<Timestamp>,
    /// Why it failed.
    pub error_code: Option<u32>,
    /// Segments, once known.
    pub segments: Option<u32>,
    /// Files it carries; their addresses are a list of their own.
    pub media: u32,
    /// The messaging service it belongs to.
    pub messaging_service_sid: Option<String>,
}

impl Message {
    pub(super) fn read(value: &Value) -> Option<Message> {
        Some(Message {
            sid: text(value, "sid")?,
            from: text(value, "from"),
            to: text(value, "to"),
            body: text(value, "body").unwrap_or_default(),
            status: text(value, "status").and_then(|name| Status::parse(&name)),
            direction: text(value, "direction").unwrap_or_default(),
            date_created: time(value, "date_created"),
            date_sent: time(value, "date_sent"),
            error_code: number(value, "error_code"),
            segments: number(value, "num_segments"),
            media: number(value, "num_media").unwrap_or_default(),
            messaging_service_sid: text(value, "messaging_service_sid"),
        })
    }

    /// True for a text that somebody sent us.
    pub fn is_inbound(&self) -> bool {
        self.direction == "inbound"
    }
}

/// A phone number of the account, with what is set at Twilio for its texts and calls. Unset addresses are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhoneNumber {
    /// Twilio's id (`PN…`).
    pub sid: String,
    /// The number.
    pub number: String,
    /// May send and receive texts.
    pub sms: bool,
    /// May send and receive pictures.
    pub mms: bool,
    /// May be called.
    pub voice: bool,
    /// Where inbound texts go.
    pub sms_url: String,
    /// `POST` or `GET`.
    pub sms_method: String,
    /// Where inbound texts go when `sms_url` fails.
    pub sms_fallback_url: String,
    /// An application that takes inbound texts; while it is set `sms_url` is ignored.
    pub sms_application_sid: String,
    /// Where calls go.
    pub voice_url: String,
    /// `POST` or `GET`.
    pub voice_method: String,
    /// An application that takes calls; while it is set `voice_url` is ignored.
    pub voice_application_sid: String,
    /// A SIP trunk that takes calls; while it is set `voice_url` is ignored.
    pub trunk_sid: String,
    /// Where the end of a call is reported. For calls only: texts name their own.
    pub status_callback: String,
}

impl PhoneNumber {
    pub(super) fn read(value: &Value) -> Option<PhoneNumber> {
        let field = |name: &str| text(value, name).unwrap_or_default();
        let able = |name: &str| {
            let capabilities = value.get("capabilities");
            // `SMS` in some older answers.
            [name, &name.to_uppercase()].iter().any(|n| capabilities.and_then(|c| c.get(n)) == Some(&Value::Bool(true)))
        };
        Some(PhoneNumber {
            sid: text(value, "sid")?,
            number: field("phone_number"),
            sms: able("sms"),
            mms: able("mms"),
            voice: able("voice"),
            sms_url: field("sms_url"),
            sms_method: field("sms_method"),
            sms_fallback_url: field("sms_fallback_url"),
            sms_application_sid: field("sms_application_sid"),
            voice_url: field("voice_url"),
            voice_method: field("voice_method"),
            voice_application_sid: field("voice_application_sid"),
            trunk_sid: field("trunk_sid"),
            status_callback: field("status_callback"),
        })
    }
}

/// A text that is there and not empty.
pub(super) fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_string)
}

/// A whole number, also where it comes as a string.
pub(super) fn number(value: &Value, name: &str) -> Option<u32> {
    match value.get(name)? {
        Value::Number(number) => number.as_u64().and_then(|n| n.try_into().ok()),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A time as RFC 2822, the form of this API.
fn time(value: &Value, name: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(value.get(name)?.as_str()?).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn a_message_with_nothing_but_its_id() {
        let message = Message::read(&json!({"sid": "SM1", "body": null, "error_code": null, "new": [1]})).unwrap();
        assert_eq!((message.sid.as_str(), message.body.as_str(), message.status), ("SM1", "", None));
        assert!(Message::read(&json!({"sid": null})).is_none());
        assert!(Message::read(&json!([])).is_none());
    }

    #[test]
    fn numbers_as_text_and_dates() {
        let message = Message::read(&json!({
            "sid": "SM1", "num_segments": "3", "num_media": "1", "error_code": "30003", "status": "undelivered",
            "direction": "inbound", "date_created": "Thu, 24 Aug 2023 05:01:45 +0000", "date_sent": "soon",
        }));
        let message = message.unwrap();
        assert_eq!((message.segments, message.media, message.error_code), (Some(3), 1, Some(30003)));
        assert_eq!(message.date_created, Some("2023-08-24T05:01:45Z".parse().unwrap()));
        assert_eq!((message.date_sent, message.is_inbound()), (None, true));
    }

    #[test]
    fn a_phone_number() {
        let number = json!({
            "sid": "PN1", "phone_number": "+15005550006", "capabilities": {"sms": true, "MMS": true, "voice": false},
            "sms_url": "https://a/w", "sms_application_sid": "", "trunk_sid": null,
        });
        let number = PhoneNumber::read(&number).unwrap();
        assert_eq!((number.sms, number.mms, number.voice), (true, true, false));
        assert_eq!((number.sms_url.as_str(), number.trunk_sid.as_str()), ("https://a/w", ""));
    }
}
