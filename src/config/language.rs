//! The part of the settings that playbooks inherit: what `check`, `test` and `graph` need, and all of them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::tz::TimeZone;

use super::keys::{ASSIGN, CHANNELS, CONSENTS, DIRECTIONS, EVENTS, FIELD_KINDS, FIRST_NEEDS, MEDIA, SENDER_TYPES, UNKNOWN};
use super::reader::{Reader, Setting};
use super::senders::senders;
use crate::model::{Channel, Class, SenderType};
use crate::playbook::prices::{Price, Prices};
use crate::playbook::set::BUILT_IN_FIELDS;
use crate::playbook::small;
use crate::playbook::workspace::{ClassRules, FieldKind, Queue, ReservedAnswers, Sync, Workspace};
use crate::text::{Days, Length, OpenHours, ReservedWords, Template, Window};

/// Words and answer of each kind of reserved word where the settings write none. The words are Twilio's own, so that a contact need
/// not know who listens; an answer without a brand still says what happened.
const OPT_OUT: Answer = Answer {
    key: "opt_out",
    words: &["stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"],
    say: "{% if brand %}{{ brand }}: {% endif %}you're unsubscribed. No more messages. Reply START to rejoin.",
};
const OPT_IN: Answer = Answer {
    key: "opt_in",
    words: &["start", "unstop"],
    say: "{% if brand %}{{ brand }}: {% endif %}you're back. Msg&data rates may apply. Reply STOP to opt out.",
};
const HELP: Answer =
    Answer { key: "help", words: &["help", "info"], say: "{% if brand %}{{ brand }}: {% endif %}Msg&data rates may apply. Reply STOP to opt out." };

/// A reserved word's built-in settings.
struct Answer {
    /// Where the settings write it.
    key: &'static str,
    /// Its words.
    words: &'static [&'static str],
    /// What we answer.
    say: &'static str,
}

/// A class as it is where the settings write none.
#[derive(Clone, Copy)]
struct BuiltIn {
    /// Which.
    class: Class,
    /// To marketing; else anybody not opted out.
    needs_consent: bool,
    /// By the contact's clock.
    window: Option<&'static str>,
    /// Texts to one contact.
    cap: Option<&'static str>,
    /// What its first text must hold.
    first: &'static [&'static str],
}

/// The integration guide's figures: nobody is texted an offer unasked, early, late or daily.
const CLASSES: [BuiltIn; 3] = [
    BuiltIn { class: Class::Marketing, needs_consent: true, window: Some("9am-8pm"), cap: Some("4 per week"), first: FIRST_NEEDS },
    BuiltIn { class: Class::Transactional, needs_consent: false, window: Some("8am-9pm"), cap: None, first: &[] },
    // Outside of an answer it goes by the transactional window.
    BuiltIn { class: Class::Conversational, needs_consent: false, window: None, cap: None, first: &[] },
];

/// What playbooks are checked and rehearsed against.
#[derive(Clone)]
pub struct Language {
    /// What playbooks inherit.
    pub workspace: Workspace,
    /// Folder of playbooks.
    pub playbooks: PathBuf,
    /// Folder of texts in files.
    pub templates: PathBuf,
}

/// Segments a second over all long codes: what Twilio gives a new account.
const ACCOUNT_MPS: f64 = 50.0;

/// Whether secrets are read, or only their names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrets {
    /// Their values.
    Read,
    /// Their names, with empty values: a rehearsal calls nobody, and the files may be elsewhere.
    Named,
}

/// Reads it. Where something is wrong the reader knows, and what stands in its place is of no use.
pub(super) fn language(reader: &Reader<'_>, secrets: Secrets) -> Option<Language> {
    let zone_name = reader.at("timezone").text().unwrap_or("UTC");
    let timezone = reader.at("timezone").parsed("an IANA time zone, like `America/Chicago`", |name| TimeZone::get(name).ok());
    let reply = |answer: &Answer| {
        let written = reader.at(answer.key);
        let words = written.at("words").words().unwrap_or_else(|| answer.words.to_vec());
        let say = written.at("say");
        let text = say.text().unwrap_or(answer.say);
        let read = Template::parse(text).map_err(|fault| say.wrong(&format!("can't be read: {}", fault.message))).ok();
        if let Some(name) = read.as_ref().and_then(unknown_name) {
            say.wrong(&format!("uses `{name}`, which has no value here; an answer knows `brand`, `now` and `contact`"));
        }
        (words, read)
    };
    let (stop, start, help) = (reply(&OPT_OUT), reply(&OPT_IN), reply(&HELP));
    let workspace = Workspace {
        brand: reader.at("brand").text().unwrap_or_default().to_owned(),
        timezone: timezone.unwrap_or(TimeZone::UTC),
        timezone_name: zone_name.to_owned(),
        language: reader.at("language").parsed("a language, like `en` or `es-MX`", language_tag).unwrap_or_else(|| "en".to_owned()),
        senders: senders(&reader.at("senders")),
        account_mps: reader.at("twilio").at("account_mps").speed().unwrap_or(ACCOUNT_MPS),
        classes: CLASSES.iter().map(|built_in| class(&reader.at("classes"), built_in)).collect(),
        reserved: ReservedWords::new(&stop.0, &start.0, &help.0),
        answers: ReservedAnswers { opt_out: stop.1?, opt_in: start.1?, help: help.1? },
        queues: reader.at("queues").entries().map(|(name, queue)| (name.to_owned(), read_queue(&queue))).collect(),
        contact_fields: contact_fields(&reader.at("contact_fields")),
        secrets: read_secrets(&reader.at("secrets"), secrets).into(),
        http_allow: reader.at("http").at("allow").words().unwrap_or_default().into_iter().map(str::to_owned).collect(),
        links: super::network::links(reader),
        sync: sync(&reader.at("sync")),
        prices: prices(&reader.at("prices")),
    };
    let folder = |key: &str| reader.at(key).path().unwrap_or_else(|| reader.source.root.join(key));
    Some(Language { workspace, playbooks: folder("playbooks"), templates: folder("templates") })
}

/// A name that our answers to reserved words can't have: they are sent outside of any playbook. Which fields a contact has is known
/// to playbooks as well, so those are not looked at.
fn unknown_name(answer: &Template) -> Option<&str> {
    let known = |name: &str| ["brand", "now", "contact"].contains(&name.split('.').next().unwrap_or_default());
    answer.names().iter().map(|name| name.path.as_str()).find(|name| !known(name))
}

/// `en`, `es-MX`: letters in parts, as contacts have them.
fn language_tag(text: &str) -> Option<String> {
    let mut parts = text.split('-');
    let first = parts.next().is_some_and(|part| (2..=3).contains(&part.len()) && part.bytes().all(|letter| letter.is_ascii_lowercase()));
    let rest = parts.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|letter| letter.is_ascii_alphanumeric()));
    (first && rest).then(|| text.to_owned())
}

/// A class. One that is written replaces the built-in one whole, but for whom it may reach.
fn class(classes: &Setting<'_>, built_in: &BuiltIn) -> (Class, ClassRules) {
    let written = classes.at(built_in.class.as_str());
    let default = if written.is_there() { BuiltIn { window: None, cap: None, first: &[], ..*built_in } } else { *built_in };
    let window = written.at("send_window").parsed("a part of the day, like `9am-8pm`", Window::parse);
    let cap = written.at("cap").parsed("a number of texts, like `4 per week`", small::cap);
    let first = written.at("first_message_needs").some_of(FIRST_NEEDS).unwrap_or_else(|| default.first.to_vec());
    let rules = ClassRules {
        needs_consent: written.at("consent").one_of(CONSENTS).map_or(default.needs_consent, |consent| consent == "marketing"),
        hours: OpenHours { window: window.or_else(|| default.window.and_then(Window::parse)), days: Days::ALL },
        cap: cap.or_else(|| default.cap.and_then(small::cap)),
        first_needs_brand: first.contains(&"brand"),
        first_needs_opt_out: first.contains(&"opt_out"),
        // A second offer is worse than none; a second answer is better than none.
        resend_unknown: written.at("on_unknown").one_of(UNKNOWN).map_or(default.class != Class::Marketing, |what| what == "resend"),
    };
    (default.class, rules)
}

/// A queue without hours is always open.
fn read_queue(queue: &Setting<'_>) -> Queue {
    let window = queue.at("hours").parsed("a part of the day, like `9am-6pm`", Window::parse);
    let days = queue.at("days").parsed("days, like `mon-fri` or `mon,wed,sat`", Days::parse);
    Queue {
        hours: OpenHours { window, days: days.unwrap_or(Days::ALL) },
        assign: queue.at("assign").one_of(ASSIGN).unwrap_or("least_busy").to_owned(),
        sla: queue.at("sla").parsed("a length of time, like `15m`", Length::parse),
    }
}

/// Declared own data. A built-in field has its kind already.
fn contact_fields(fields: &Setting<'_>) -> BTreeMap<String, FieldKind> {
    let read = |(name, field): (&str, Setting<'_>)| {
        if BUILT_IN_FIELDS.contains(&name) {
            field.wrong("is built in; give your own field another name");
        } else if !is_name(name) {
            field.wrong("is not a name: small letters, digits and `_`, a letter first");
        }
        let kind = match field.one_of(FIELD_KINDS)? {
            "number" => FieldKind::Number,
            "time" => FieldKind::Time,
            "yes_no" => FieldKind::YesNo,
            _ => FieldKind::Text,
        };
        Some((name.to_owned(), kind))
    };
    fields.entries().filter_map(read).collect()
}

/// What can be written after `contact.` and `secret.` in a template.
fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|letter| letter == b'_' || letter.is_ascii_lowercase() || letter.is_ascii_digit())
}

/// Secrets of `http` steps, in the case in which templates write their names.
fn read_secrets(secrets: &Setting<'_>, how: Secrets) -> BTreeMap<String, String> {
    let value = |secret: &Setting<'_>| match how {
        Secrets::Named => Some(String::new()),
        Secrets::Read => secret.secret(),
    };
    secrets.entries().filter_map(|(name, secret)| Some((name.to_owned(), value(&secret)?))).collect()
}

/// Amounts are as written: what Twilio charges is for its own page to say.
fn prices(written: &Setting<'_>) -> Prices {
    let kinds = |prefix: &Setting<'_>| {
        SENDER_TYPES
            .iter()
            .zip([SenderType::LongCode, SenderType::TollFree, SenderType::ShortCode, SenderType::Whatsapp])
            .filter_map(|(name, kind)| Some((kind, prefix.at(name).parsed("a price, like `0.0079` or `0.0079-0.0129`", Price::parse)?)))
            .collect()
    };
    let by_prefix = written.at("per_segment");
    let per_segment = by_prefix.entries().map(|(prefix, setting)| {
        if !prefix.strip_prefix('+').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())) {
            setting.wrong("is not the beginning of a number, like `+1` or `+44`");
        }
        (prefix.to_owned(), kinds(&setting))
    });
    Prices {
        per_segment: per_segment.collect(),
        currency: written.at("currency").text().unwrap_or("USD").to_owned(),
        max_cost: written.at("max_cost").speed(),
    }
}

/// What is not written takes part.
fn sync(written: &Setting<'_>) -> Sync {
    let direction = written.at("direction").one_of(DIRECTIONS).unwrap_or("both");
    let events = written.at("events").one_of(EVENTS).unwrap_or("both");
    if written.at("channels").is_empty_list() {
        written.at("channels").wrong("is empty, so nothing could be sent or taken in; leave it out for all channels");
    }
    let channels = written.at("channels").some_of(CHANNELS).unwrap_or_else(|| CHANNELS.to_vec());
    let channel = |name: &str| match name {
        "whatsapp" => Channel::Whatsapp,
        "voice" => Channel::Voice,
        _ => Channel::Sms,
    };
    Sync {
        inbound: direction != "outbound",
        outbound: direction != "inbound",
        channels: channels.into_iter().map(channel).collect(),
        messages: events != "statuses",
        statuses: events != "messages",
        media: written.at("media").one_of(MEDIA).unwrap_or("enabled") == "enabled",
    }
}
