//! `bridged twilio check`: does the set-up work, and if not, why. And what `bridged twilio connect` would change.
//!
//! Two questions prove key, account, ownership, abilities and addresses: the messages and the phone numbers of the
//! account. `/Accounts` is never asked, since Twilio refuses it to the Standard keys that our guide tells people to make.

use super::client::{Client, Error};
use super::create::Origin;
use super::resources::PhoneNumber;

/// Added to the addresses that `connect` sets: five tries, after any failure. Twilio's own default is to repeat only a
/// connection that could not be opened. A fragment is no part of what is signed.
const RETRIES: &str = "#rc=5&rp=all";

/// How a finding bears on sending and receiving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// As it should be.
    Ok,
    /// Works, or cannot be seen from here; look at it.
    Warn,
    /// Will not work.
    Fail,
}

/// One sentence of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How it bears.
    pub level: Level,
    /// What is so, and what to do.
    pub text: String,
}

/// A sender of the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Its name there.
    pub name: String,
    /// Its number or service.
    pub from: Origin,
}

/// A field of a number that `connect` would set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Twilio's name of the field.
    pub field: &'static str,
    /// What it is now.
    pub from: String,
    /// What it would be.
    pub to: String,
}

/// Tests the connection and every sender. Stops at refused credentials: nothing after them would tell anything.
pub async fn check(client: &Client, public_url: &str, senders: &[Sender]) -> Vec<Finding> {
    let mut report = Report::default();
    if let Err(error) = client.probe().await {
        report.refused(&error);
        return report.0;
    }
    report.ok("Twilio accepts the credentials, and messages can be read".into());
    for sender in senders {
        match &sender.from {
            Origin::Service(sid) => report.service(&sender.name, sid),
            Origin::Number(number) if number.starts_with("whatsapp:") => report.whatsapp(&sender.name),
            Origin::Number(number) if !number.starts_with('+') => report.warn(format!(
                "`{}`: Twilio does not list short codes among the phone numbers; check in its console that texts to {number} go to {}",
                sender.name,
                webhook(public_url)
            )),
            Origin::Number(number) => match client.phone_number(number).await {
                Ok(Some(found)) => report.number(&sender.name, &found, public_url),
                Ok(None) => report.fail(format!("`{}`: {number} is not a number of this account", sender.name)),
                Err(error) => report.refused(&error),
            },
        }
    }
    report.0
}

/// What `connect` would set on a number: texts to us, calls too if `voice` is among the channels. Empty if all is set.
pub fn changes(number: &PhoneNumber, public_url: &str, voice: bool) -> Vec<Change> {
    let texts = webhook(public_url) + RETRIES;
    let calls = voice_webhook(public_url) + RETRIES;
    let mut wanted = vec![
        ("SmsUrl", &number.sms_url, texts.clone()),
        ("SmsMethod", &number.sms_method, "POST".to_string()),
        ("SmsFallbackUrl", &number.sms_fallback_url, texts),
    ];
    if voice {
        wanted.push(("VoiceUrl", &number.voice_url, calls));
        wanted.push(("VoiceMethod", &number.voice_method, "POST".to_string()));
    }
    let changed = wanted.into_iter().filter(|(_, is, to)| *is != to);
    changed.map(|(field, is, to)| Change { field, from: is.clone(), to }).collect()
}

/// Where inbound texts are taken. Below `public_url` as it is written there, since that is what we check signatures for.
fn webhook(public_url: &str) -> String {
    format!("{}/webhooks/twilio", public_url.trim_end_matches('/'))
}

/// Where calls are taken.
fn voice_webhook(public_url: &str) -> String {
    webhook(public_url) + "/voice"
}

/// Findings in the order in which they were made.
#[derive(Default)]
struct Report(Vec<Finding>);

impl Report {
    fn ok(&mut self, text: String) {
        self.0.push(Finding { level: Level::Ok, text });
    }

    fn warn(&mut self, text: String) {
        self.0.push(Finding { level: Level::Warn, text });
    }

    fn fail(&mut self, text: String) {
        self.0.push(Finding { level: Level::Fail, text });
    }

    /// An error, and for refused credentials the causes that Twilio's one code (20003) does not tell apart.
    fn refused(&mut self, error: &Error) {
        self.fail(error.to_string());
        if !matches!(error, Error::Refused { http_status: 401 | 403, .. }) {
            return;
        }
        for cause in [
            "are there spaces around `twilio.api_key`, `twilio.api_secret` or `twilio.auth_token`, as pasting leaves them",
            "does the key belong to `twilio.account_sid`, and does it still exist",
            "is the key of another region: keys and tokens work in one region, whose host goes into `twilio.api_base`",
            "is it a Restricted key without the permission for messages and phone numbers",
            "is the account suspended",
        ] {
            self.warn(format!("possible cause: {cause}?"));
        }
    }

    /// A service is set up on another host of Twilio's, to which our credentials do not go, so its trap is only told.
    fn service(&mut self, name: &str, sid: &str) {
        self.warn(format!(
            "`{name}`: texts to numbers of {sid} go to the service's own incoming address unless it is set to `Defer to sender's webhook`, \
             and are dropped where that address is empty; check it in Twilio's console under Messaging > Services > Integration"
        ));
    }

    /// The same holds for WhatsApp senders.
    fn whatsapp(&mut self, name: &str) {
        self.warn(format!(
            "`{name}`: the addresses of WhatsApp senders are not those of the phone number; check them in Twilio's console under \
             Messaging > Senders > WhatsApp senders"
        ));
    }

    /// What a number can do, and whether its texts and calls come to us. Each trap that makes Twilio ignore an address
    /// that looks right gets its own sentence.
    fn number(&mut self, name: &str, number: &PhoneNumber, public_url: &str) {
        let say = |text: &str| format!("`{name}` ({}): {text}", number.number);
        if number.sms {
            self.ok(say("is ours and can send texts"));
        } else {
            self.fail(say("is ours but cannot send texts"));
        }
        if !number.sms_application_sid.is_empty() {
            self.fail(say(&format!(
                "texts go to the application {}, and `SmsUrl` is ignored while it is set; clear `sms_application_sid`",
                number.sms_application_sid
            )));
        }
        self.address(&say("texts"), &number.sms_url, &number.sms_method, &webhook(public_url));
        if number.voice {
            for (field, sid) in [("voice_application_sid", &number.voice_application_sid), ("trunk_sid", &number.trunk_sid)] {
                if !sid.is_empty() {
                    self.warn(say(&format!("calls go to {sid}, and `VoiceUrl` is ignored while `{field}` is set")));
                }
            }
            if without_fragment(&number.voice_url) != voice_webhook(public_url) {
                self.warn(say(
                    "calls do not come to us, so playbooks with a `call` trigger will not start; `bridged twilio connect` sets `VoiceUrl`",
                ));
            }
        }
        let reports_texts = format!("{}/status", webhook(public_url));
        if without_fragment(&number.status_callback) == reports_texts {
            self.warn(say("`StatusCallback` of a number is for calls; texts are reported there without it, as each names its own address"));
        }
    }

    /// Compares where texts go with where we take them; the first difference is the one to mend.
    fn address(&mut self, whose: &str, is: &str, method: &str, wanted: &str) {
        if is.is_empty() {
            self.fail(format!("{whose} go nowhere; `bridged twilio connect` sets `SmsUrl` to {wanted}"));
        } else if without_fragment(is) != wanted {
            self.fail(format!(
                "{whose} go to {is}, but by `public_url` we check signatures for {wanted}; `bridged twilio connect` sets it, \
                 or change `public_url`"
            ));
        } else if method != "POST" {
            self.fail(format!("{whose} come by {method}; set `SmsMethod` to POST"));
        } else {
            self.ok(format!("{whose} come to us"));
        }
    }
}

/// Settings of Twilio's repeats stand in the fragment; where a request goes does not depend on them.
fn without_fragment(url: &str) -> &str {
    url.split('#').next().unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(number: &PhoneNumber) -> Vec<Level> {
        let mut report = Report::default();
        report.number("marketing", number, "https://a.example/");
        report.0.into_iter().map(|finding| finding.level).collect()
    }

    #[test]
    fn a_number_before_and_after_connecting() {
        let mut number = PhoneNumber { sms: true, voice: true, ..PhoneNumber::default() };
        assert_eq!(levels(&number), [Level::Ok, Level::Fail, Level::Warn]);
        let fields: Vec<_> = changes(&number, "https://a.example/", true).into_iter().map(|c| (c.field, c.to)).collect();
        assert_eq!(fields.first(), Some(&("SmsUrl", "https://a.example/webhooks/twilio#rc=5&rp=all".to_string())));
        assert_eq!(fields.len(), 5);
        number.sms_url = "https://a.example/webhooks/twilio#rc=5&rp=all".into();
        number.sms_fallback_url = number.sms_url.clone();
        number.voice_url = "https://a.example/webhooks/twilio/voice#rc=5&rp=all".into();
        (number.sms_method, number.voice_method) = ("POST".into(), "POST".into());
        assert_eq!(levels(&number), [Level::Ok, Level::Ok]);
        assert_eq!(changes(&number, "https://a.example", true), []);
    }

    #[test]
    fn traps() {
        let url = "https://a.example/webhooks/twilio";
        let good = PhoneNumber { sms: true, sms_url: url.into(), sms_method: "POST".into(), ..PhoneNumber::default() };
        assert_eq!(levels(&good), [Level::Ok, Level::Ok]);
        assert_eq!(levels(&PhoneNumber { sms: false, ..good.clone() }), [Level::Fail, Level::Ok]);
        assert_eq!(levels(&PhoneNumber { sms_method: "GET".into(), ..good.clone() }), [Level::Ok, Level::Fail]);
        assert_eq!(levels(&PhoneNumber { sms_url: "https://b.example/webhooks/twilio".into(), ..good.clone() }), [Level::Ok, Level::Fail]);
        assert_eq!(levels(&PhoneNumber { sms_application_sid: "AP1".into(), ..good.clone() }), [Level::Ok, Level::Fail, Level::Ok]);
        assert_eq!(levels(&PhoneNumber { status_callback: format!("{url}/status"), ..good.clone() }), [Level::Ok, Level::Ok, Level::Warn]);
        let trunk = PhoneNumber { voice: true, trunk_sid: "TK1".into(), voice_url: format!("{url}/voice"), ..good };
        assert_eq!(levels(&trunk), [Level::Ok, Level::Ok, Level::Warn]);
    }
}
