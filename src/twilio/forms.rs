//! The form of a webhook, read as what it tells: an inbound text, a status report or a call.
//!
//! Which of them it is depends on its fields, not on the route, so a user who configures one address for all still
//! gets what they expect. The signature has nothing between the fields: text could be moved from one field to its
//! neighbour without breaking it. Therefore the required fields must all be there, no field that we read may stand
//! twice, and the account must be ours.

use super::status::Status;

/// Fields a form may have. Twilio's longest (WhatsApp with a referral) stay below 60.
pub const MAX_FIELDS: usize = 200;

/// Media addresses read from one text; Twilio allows ten.
const MAX_MEDIA: usize = 10;

/// The fields this file gives a meaning. Each may stand in a form once.
#[rustfmt::skip]
const READ: &[&str] = &[
    "AccountSid", "Body", "ButtonPayload", "ButtonText", "CallDuration", "CallSid", "CallStatus", "DialCallStatus", "ErrorCode",
    "From", "MessageSid", "MessageStatus", "MessagingServiceSid", "NumMedia", "NumSegments", "OptOutType", "ProfileName",
    "SmsStatus", "To",
];

/// Why a rightly signed form is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Too many fields to be Twilio's.
    #[error("the form has more than {MAX_FIELDS} fields")]
    TooManyFields,
    /// A field without which the form says nothing.
    #[error("the form has no `{0}`")]
    Missing(&'static str),
    /// Text moved from one field into a second copy of another, most likely.
    #[error("`{0}` stands in the form more than once")]
    Repeated(String),
    /// Signed with our token, but not about our account.
    #[error("the form is about another Twilio account than the configured `twilio.account_sid`")]
    OtherAccount,
}

impl Error {
    /// The HTTP status that answers such a form.
    pub fn http_status(&self) -> u16 {
        match self {
            Error::TooManyFields => 413,
            Error::Missing(_) => 400,
            Error::Repeated(_) | Error::OtherAccount => 403,
        }
    }
}

/// The decoded fields of a form, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Names and values as they stand.
    pairs: Vec<(String, String)>,
}

impl Form {
    /// Decodes a form from the raw body. Bytes that are no UTF-8 become replacement characters.
    pub fn parse(body: &[u8]) -> Result<Form, Error> {
        if has_too_many_fields(body) {
            return Err(Error::TooManyFields);
        }
        Ok(Form { pairs: form_urlencoded::parse(body).into_owned().collect() })
    }

    /// The first field of this name; an empty one counts as absent, since Twilio sends unknown fields empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str()).filter(|v| !v.is_empty())
    }

    /// All fields in order.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// A field without which the form is refused.
    fn need(&self, name: &'static str) -> Result<String, Error> {
        self.get(name).map(str::to_string).ok_or(Error::Missing(name))
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_string)
    }

    /// A number, or nothing where Twilio wrote something else: no optional field is worth losing a text for.
    fn number(&self, name: &str) -> Option<u32> {
        self.get(name)?.parse().ok()
    }

    /// What nobody here reads, kept because Twilio adds fields without notice. Empty ones carry nothing.
    fn rest(&self) -> Vec<(String, String)> {
        self.pairs.iter().filter(|(n, v)| !v.is_empty() && !is_read(n)).cloned().collect()
    }
}

/// Cheap enough to ask before the signature is checked, which takes time for each field.
pub fn has_too_many_fields(body: &[u8]) -> bool {
    body.iter().filter(|byte| **byte == b'&').count() >= MAX_FIELDS
}

/// Media come as numbered fields, so their names are not in the list.
fn is_read(name: &str) -> bool {
    READ.contains(&name) || name.starts_with("MediaUrl") || name.starts_with("MediaContentType")
}

/// A text somebody sent us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbound {
    /// Twilio's id of the text; the same however often it is delivered.
    pub message_sid: String,
    /// The account, always the configured one.
    pub account_sid: String,
    /// Who wrote: E.164, or `whatsapp:` and E.164.
    pub from: String,
    /// Which of our senders it came to, in the same form.
    pub to: String,
    /// What they wrote; empty where they sent only a picture.
    pub body: String,
    /// Pictures and other files, at Twilio.
    pub media: Vec<Media>,
    /// The label of the WhatsApp button they tapped.
    pub button_text: Option<String>,
    /// What the template gave that button to answer.
    pub button_payload: Option<String>,
    /// `STOP`, `START` or `HELP` where a service with Advanced Opt-Out has already answered.
    pub opt_out_type: Option<String>,
    /// The name they gave themselves on WhatsApp.
    pub profile_name: Option<String>,
    /// Segments the text came in.
    pub segments: Option<u32>,
    /// The messaging service whose number it came to.
    pub messaging_service_sid: Option<String>,
    /// Fields not read above.
    pub extra: Vec<(String, String)>,
}

/// A file of a text. Fetching it needs our credentials, which must not follow the redirect Twilio answers with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// Where Twilio keeps it.
    pub url: String,
    /// Its MIME type.
    pub content_type: String,
}

/// What became of a text of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReport {
    /// Twilio's id of the text.
    pub message_sid: String,
    /// The account, always the configured one.
    pub account_sid: String,
    /// The reported status; `None` for a name we do not know.
    pub status: Option<Status>,
    /// The name as Twilio wrote it, for the history.
    pub status_name: String,
    /// Twilio's code for a failure.
    pub error_code: Option<u32>,
    /// Our id of the message: `m` of the callback's query.
    pub our_id: Option<String>,
    /// Our attempt at it: `n` of the callback's query.
    pub attempt: Option<u32>,
    /// Who was texted.
    pub to: String,
    /// From where; absent where a messaging service never got to pick a number.
    pub from: Option<String>,
    /// Fields not read above.
    pub extra: Vec<(String, String)>,
}

/// A phone call to one of our numbers: it is ringing, or it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Twilio's id of the call.
    pub call_sid: String,
    /// The account, always the configured one.
    pub account_sid: String,
    /// The caller; not always a phone number (`anonymous`, `client:…`).
    pub from: String,
    /// The number called.
    pub to: String,
    /// Twilio's name for how the call stands, `ringing` at first.
    pub status: String,
    /// The call is over: this reports its end and wants no words.
    pub is_final: bool,
    /// It is over and nobody took it, here or where it was forwarded to.
    pub missed: bool,
    /// Fields not read above.
    pub extra: Vec<(String, String)>,
}

/// Call statuses after which nobody has spoken. `completed` is the one other end.
const MISSED: &[&str] = &["no-answer", "busy", "failed", "canceled"];

/// What a webhook tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Webhook {
    /// Somebody wrote.
    Inbound(Inbound),
    /// Something became of a text of ours.
    Status(StatusReport),
    /// Somebody calls, or did.
    Call(Call),
}

impl Webhook {
    /// Reads a form whose signature holds. `query` is that of the request: there we find our own ids.
    pub fn read(form: &Form, query: Option<&str>, account_sid: &str) -> Result<Webhook, Error> {
        for (at, (name, _)) in form.pairs.iter().enumerate() {
            if is_read(name) && form.pairs.iter().take(at).any(|(n, _)| n == name) {
                return Err(Error::Repeated(name.clone()));
            }
        }
        if form.need("AccountSid")? != account_sid {
            return Err(Error::OtherAccount);
        }
        if form.get("MessageSid").is_none() && form.get("CallSid").is_some() {
            return read_call(form).map(Webhook::Call);
        }
        // Inbound texts have no `MessageStatus`. `SmsStatus` alone is the older name of the same field.
        let status = form.get("MessageStatus").or(form.get("SmsStatus").filter(|s| !matches!(*s, "received" | "receiving")));
        match status {
            Some(status) => read_status(form, status, query).map(Webhook::Status),
            None => read_inbound(form).map(Webhook::Inbound),
        }
    }
}

/// A text must say who wrote what to whom; everything else is optional, the words too.
fn read_inbound(form: &Form) -> Result<Inbound, Error> {
    let media = (0..MAX_MEDIA).map_while(|n| {
        let url = form.text(&format!("MediaUrl{n}"))?;
        Some(Media { url, content_type: form.text(&format!("MediaContentType{n}")).unwrap_or_default() })
    });
    Ok(Inbound {
        message_sid: form.need("MessageSid")?,
        account_sid: form.need("AccountSid")?,
        from: form.need("From")?,
        to: form.need("To")?,
        body: form.text("Body").unwrap_or_default(),
        media: media.collect(),
        button_text: form.text("ButtonText"),
        button_payload: form.text("ButtonPayload"),
        opt_out_type: form.text("OptOutType"),
        profile_name: form.text("ProfileName"),
        segments: form.number("NumSegments"),
        messaging_service_sid: form.text("MessagingServiceSid"),
        extra: form.rest(),
    })
}

/// A report must say of which text and what. `From` may be absent: a service that failed at once never picked a number.
fn read_status(form: &Form, status: &str, query: Option<&str>) -> Result<StatusReport, Error> {
    let in_query = |name: &str| {
        form_urlencoded::parse(query.unwrap_or_default().as_bytes()).find_map(|(n, v)| (n == name && !v.is_empty()).then(|| v.into_owned()))
    };
    Ok(StatusReport {
        message_sid: form.need("MessageSid")?,
        account_sid: form.need("AccountSid")?,
        status: Status::parse(status),
        status_name: status.to_string(),
        error_code: form.number("ErrorCode").filter(|code| *code != 0),
        our_id: in_query("m"),
        attempt: in_query("n").and_then(|n| n.parse().ok()),
        to: form.need("To")?,
        from: form.text("From"),
        extra: form.rest(),
    })
}

/// A call must say who called whom and how it stands.
fn read_call(form: &Form) -> Result<Call, Error> {
    let status = form.need("CallStatus")?;
    let missed = |status: &str| MISSED.contains(&status);
    Ok(Call {
        call_sid: form.need("CallSid")?,
        account_sid: form.need("AccountSid")?,
        from: form.need("From")?,
        to: form.need("To")?,
        is_final: status == "completed" || missed(&status),
        // A call that another system forwarded in vain ends as `completed`; only this second status tells.
        missed: missed(&status) || form.get("DialCallStatus").is_some_and(missed),
        status,
        extra: form.rest(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(body: &str, query: Option<&str>) -> Result<Webhook, Error> {
        Webhook::read(&Form::parse(body.as_bytes())?, query, "AC1")
    }

    #[test]
    fn a_text_with_a_picture_and_a_button() {
        let body = "MessageSid=MM1&SmsSid=MM1&AccountSid=AC1&From=whatsapp%3A%2B15125550100&To=whatsapp%3A%2B15005550006&Body=hi+there\
            &NumMedia=1&MediaUrl0=https%3A%2F%2Fx%2F1&MediaContentType0=image%2Fpng&ButtonText=Yes&ButtonPayload=yes-1&SmsStatus=received\
            &ProfileName=Ana&NumSegments=2&FromCity=&FromState=TX&OptOutType=STOP&MessagingServiceSid=MG1";
        let Webhook::Inbound(text) = read(body, None).unwrap() else { panic!("not a text") };
        assert_eq!((text.message_sid.as_str(), text.body.as_str()), ("MM1", "hi there"));
        assert_eq!((text.from.as_str(), text.to.as_str()), ("whatsapp:+15125550100", "whatsapp:+15005550006"));
        assert_eq!(text.media, [Media { url: "https://x/1".into(), content_type: "image/png".into() }]);
        assert_eq!((text.button_text.as_deref(), text.button_payload.as_deref()), (Some("Yes"), Some("yes-1")));
        assert_eq!((text.segments, text.opt_out_type.as_deref()), (Some(2), Some("STOP")));
        assert_eq!((text.profile_name.as_deref(), text.messaging_service_sid.as_deref()), (Some("Ana"), Some("MG1")));
        let extra = [("SmsSid", "MM1"), ("FromState", "TX")].map(|(n, v)| (n.to_string(), v.to_string()));
        assert_eq!(text.extra, extra);
    }

    #[test]
    fn a_status_report_with_our_ids() {
        let body = "MessageSid=SM1&MessageStatus=undelivered&SmsStatus=undelivered&AccountSid=AC1&From=%2B1&To=%2B2&ErrorCode=30003";
        let Webhook::Status(report) = read(body, Some("m=m%2D7&n=2")).unwrap() else { panic!("not a report") };
        assert_eq!((report.status, report.error_code), (Some(Status::Undelivered), Some(30003)));
        assert_eq!((report.our_id.as_deref(), report.attempt), (Some("m-7"), Some(2)));
        assert_eq!((report.to.as_str(), report.from.as_deref()), ("+2", Some("+1")));
        let Webhook::Status(new) = read("MessageSid=SM1&MessageStatus=beamed&AccountSid=AC1&To=%2B2", None).unwrap() else { panic!("not a report") };
        assert_eq!((new.status, new.status_name.as_str(), new.our_id), (None, "beamed", None));
        assert!(matches!(read("MessageSid=SM1&SmsStatus=sent&AccountSid=AC1&To=%2B2", None), Ok(Webhook::Status(_))));
    }

    #[test]
    fn calls() {
        let call = |tail: &str| match read(&format!("CallSid=CA1&AccountSid=AC1&From=anonymous&To=%2B2&{tail}"), None) {
            Ok(Webhook::Call(call)) => (call.is_final, call.missed),
            other => panic!("{other:?}"),
        };
        assert_eq!(call("CallStatus=ringing"), (false, false));
        assert_eq!(call("CallStatus=completed"), (true, false));
        assert_eq!(call("CallStatus=completed&DialCallStatus=no-answer"), (true, true));
        for status in MISSED {
            assert_eq!(call(&format!("CallStatus={status}")), (true, true));
        }
    }

    #[test]
    fn forms_that_are_refused() {
        let whole = "MessageSid=SM1&AccountSid=AC1&From=%2B1&To=%2B2&Body=x";
        assert!(read(whole, None).is_ok());
        for (body, status) in [
            ("MessageSid=SM1&AccountSid=AC1&From=%2B1&Body=x", 400),
            ("MessageSid=SM1&AccountSid=AC1&From=&To=%2B2&Body=x", 400),
            ("MessageSid=SM1&AccountSid=AC1&To=%2B2&Body=STOPFrom%2B1", 400),
            ("AccountSid=AC1&From=%2B1&To=%2B2&Body=x", 400),
            ("MessageSid=SM1&From=%2B1&To=%2B2&Body=x", 400),
            ("CallSid=CA1&AccountSid=AC1&From=%2B1&To=%2B2", 400),
            ("", 400),
            ("MessageSid=SM1&AccountSid=AC2&From=%2B1&To=%2B2&Body=x", 403),
            ("MessageSid=SM1&AccountSid=AC1&From=%2B1&To=%2B2&Body=x&Body=y", 403),
            ("MessageSid=SM1&AccountSid=AC1&From=%2B1&To=%2B2&MediaUrl0=a&MediaUrl0=b", 403),
        ] {
            assert_eq!(read(body, None).unwrap_err().http_status(), status, "{body}");
        }
        // A repeat of a field that nobody reads harms nobody.
        assert!(read(&format!("{whole}&New=1&New=2"), None).is_ok());
        assert!(read(&format!("{whole}{}", "&F=".repeat(195)), None).is_ok());
        assert_eq!(read(&format!("{whole}{}", "&F=".repeat(196)), None).unwrap_err().http_status(), 413);
    }
}
