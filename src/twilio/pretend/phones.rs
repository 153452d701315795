//! People: their texts and calls, and what Twilio itself answers to STOP, START and HELP.

use jiff::Timestamp;
use serde::Deserialize;

use super::super::Status;
use super::messages::bare;
use super::state::{Record, sid};
use super::webhooks::{self, Answered};
use super::{Pretend, numbers};
use crate::text::reserved::{Reserved, twilio_keyword};
use crate::text::segments;

/// Twilio's answers to its words for stopping, starting and asking for help.
const STOPPED: &str = "You have successfully been unsubscribed. You will not receive any more messages from this number. Reply START to resubscribe.";
const STARTED: &str = "You have successfully been re-subscribed to messages from this number. Reply HELP for help. Reply STOP to unsubscribe. \
                       Msg&Data Rates May Apply.";
const HELPED: &str = "Reply STOP to unsubscribe. Msg&Data Rates May Apply.";

/// A text from a phone.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TextIn {
    /// Who writes.
    pub(super) from: String,
    /// To which of our numbers.
    pub(super) to: String,
    /// The words.
    #[serde(default)]
    pub(super) body: String,
    /// Addresses of files.
    #[serde(default)]
    pub(super) media: Vec<String>,
    /// The label of a tapped WhatsApp button.
    #[serde(default)]
    pub(super) button: Option<String>,
    /// What the template gave that button to answer.
    #[serde(default)]
    pub(super) button_payload: Option<String>,
    /// The name shown on WhatsApp.
    #[serde(default)]
    pub(super) profile_name: Option<String>,
}

/// A call from a phone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallIn {
    /// Who calls.
    from: String,
    /// Which of our numbers.
    to: String,
    /// How the call ended. With it only the end is reported, as for a call that is answered elsewhere.
    #[serde(default)]
    status: Option<String>,
}

/// A text comes in: it is listed, Twilio does its own about opt-out words, and the daemon gets it in any case.
pub(super) async fn text(pretend: &Pretend, text: TextIn) -> (String, Answered) {
    let sender = pretend.config().senders.iter().find(|sender| sender.number == text.to);
    let keyword = sender.and_then(|sender| twilio_keyword(&text.body, sender.kind));
    let sid = sid(if text.media.is_empty() { "SM" } else { "MM" });
    let segments = segments::count(&text.body);
    // In one step, so that a STOP is in force before the daemon hears of it.
    pretend.change(|state| {
        state.came_in(&text.from);
        state.add(record(&sid, "inbound", &text.from, &text.to, &text.body, &text.media));
        let changed = match keyword {
            Some(Reserved::Stop) => state.set_opted_out(&text.to, &text.from, true),
            Some(Reserved::Start) => state.set_opted_out(&text.to, &text.from, false),
            Some(Reserved::Help) | None => false,
        };
        let words = match keyword {
            // A second STOP is not confirmed again.
            Some(Reserved::Stop) if changed => STOPPED,
            Some(Reserved::Start) => STARTED,
            Some(Reserved::Help) => HELPED,
            Some(Reserved::Stop) | None => return,
        };
        state.add(record(&super::state::sid("SM"), "outbound-reply", &text.to, &text.from, words, &[]));
    });
    let address = numbers::setting(pretend, &text.to, "sms_url").unwrap_or_else(|| webhook(pretend, ""));
    let answered = webhooks::post(pretend, &address, &fields(pretend, &sid, &text, segments)).await;
    (sid, answered)
}

/// The form of an inbound text, in the order and with the empty fields of a real one: both are part of what daemons must
/// not depend on.
fn fields(pretend: &Pretend, sid: &str, text: &TextIn, segments: u32) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = [
        ("ToCountry", "US"),
        ("ToState", ""),
        ("SmsMessageSid", sid),
        ("NumMedia", &text.media.len().to_string()),
        ("ToCity", ""),
        ("FromZip", ""),
        ("SmsSid", sid),
        ("FromState", ""),
        ("SmsStatus", "received"),
        ("FromCity", ""),
        ("Body", &text.body),
        ("FromCountry", "US"),
        ("To", &text.to),
        ("ToZip", ""),
        ("NumSegments", &segments.to_string()),
        ("MessageSid", sid),
        ("AccountSid", &pretend.config().account_sid),
        ("From", &text.from),
        ("ApiVersion", "2010-04-01"),
    ]
    .map(|(name, value)| (name.to_string(), value.to_string()))
    .into();
    for (n, url) in text.media.iter().enumerate() {
        pairs.push((format!("MediaUrl{n}"), url.clone()));
        pairs.push((format!("MediaContentType{n}"), "image/jpeg".into()));
    }
    if text.from.starts_with("whatsapp:") {
        pairs.push(("WaId".into(), bare(&text.from).trim_start_matches('+').into()));
        pairs.push(("ProfileName".into(), text.profile_name.clone().unwrap_or_default()));
    }
    pairs.extend(text.button.clone().map(|label| ("ButtonText".into(), label)));
    pairs.extend(text.button_payload.clone().map(|payload| ("ButtonPayload".into(), payload)));
    pairs
}

/// A call comes in, or the end of one is reported.
pub(super) async fn call(pretend: &Pretend, call: CallIn) -> (String, Answered) {
    let sid = sid("CA");
    let ended = call.status.as_ref().and_then(|_| numbers::setting(pretend, &call.to, "status_callback"));
    let address = ended.or_else(|| numbers::setting(pretend, &call.to, "voice_url"));
    let address = address.unwrap_or_else(|| webhook(pretend, "/voice"));
    let pairs = [
        ("CallSid", sid.as_str()),
        ("AccountSid", &pretend.config().account_sid),
        ("From", &call.from),
        ("To", &call.to),
        ("CallStatus", call.status.as_deref().unwrap_or("ringing")),
        ("Direction", "inbound"),
        ("ApiVersion", "2010-04-01"),
        ("FromCity", ""),
        ("ToCity", ""),
    ]
    .map(|(name, value)| (name.to_string(), value.to_string()));
    let answered = webhooks::post(pretend, &address, &pairs).await;
    (sid, answered)
}

/// Where texts go to a number that is none of the account's, such as a short code's or a WhatsApp sender's.
fn webhook(pretend: &Pretend, rest: &str) -> String {
    format!("{}/webhooks/twilio{rest}", pretend.config().webhook_base.trim_end_matches('/'))
}

/// A text as the list shows it. Both ways it is done at once: nobody waits for a carrier here.
fn record(sid: &str, direction: &'static str, from: &str, to: &str, body: &str, media: &[String]) -> Record {
    let now = Timestamp::now();
    Record {
        number: 0,
        sid: sid.into(),
        arrived_us: now.as_microsecond(),
        direction,
        from: Some(from.into()),
        to: to.into(),
        body: body.into(),
        media: media.to_vec(),
        segments: segments::count(body),
        status: if direction == "inbound" { Status::Received } else { Status::Delivered },
        error_code: None,
        service: None,
        status_callback: None,
        sent: Some(now),
        updated: now,
        callbacks: vec![],
    }
}
