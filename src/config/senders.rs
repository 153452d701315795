//! `senders:` — the numbers, pools and services we send from, in the order of the settings.

use super::keys::SENDER_TYPES;
use super::network::sid;
use super::reader::Setting;
use crate::model::{Address, Channel, SenderType};
use crate::playbook::Sender;

/// Digits of an E.164 number: country code and all.
const E164_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;
/// Digits of a short code, in the longest countries.
const SHORT_DIGITS: std::ops::RangeInclusive<usize> = 3..=8;

/// Reads them all. A number belongs to one sender: its speed could not be told else.
pub(super) fn senders(written: &Setting<'_>) -> Vec<Sender> {
    let mut senders: Vec<Sender> = Vec::new();
    for (name, setting) in written.entries() {
        let Some(sender) = sender(name, &setting) else { continue };
        let taken = |number: &Address| senders.iter().find(|known| known.numbers.contains(number));
        if let Some(known) = sender.numbers.iter().find_map(taken) {
            setting.wrong(&format!("has a number that is also in `senders.{}`", known.name));
        }
        senders.push(sender);
    }
    senders
}

/// One of them; none, and noted, if it can't be sent from.
fn sender(name: &str, written: &Setting<'_>) -> Option<Sender> {
    let (number, numbers, service) = (written.at("number"), written.at("numbers"), written.at("messaging_service"));
    if [&number, &numbers, &service].iter().filter(|key| key.is_there()).count() != 1 {
        written.wrong("needs one of `number`, `numbers`, `messaging_service`");
        return None;
    }
    let texts: Vec<&str> = if number.is_there() { vec![number.text()?] } else { numbers.words().unwrap_or_default() };
    let kind = match written.at("type").one_of(SENDER_TYPES) {
        Some("toll_free") => SenderType::TollFree,
        Some("short_code") => SenderType::ShortCode,
        Some("whatsapp") => SenderType::Whatsapp,
        Some(_) => SenderType::LongCode,
        None => guess(texts.first()),
    };
    let addresses: Option<Vec<Address>> = texts.iter().map(|text| address(text.trim(), kind)).collect();
    let at = if number.is_there() { &number } else { &numbers };
    let Some(addresses) = addresses else {
        at.wrong(match kind {
            SenderType::Whatsapp => "must be a number like `whatsapp:+15125550100`",
            SenderType::ShortCode => "must be a short code like `12345`, or a number like `+15125550100`",
            SenderType::LongCode | SenderType::TollFree => "must be a number like `+15125550100`",
        });
        return None;
    };
    if numbers.is_there() && addresses.is_empty() {
        numbers.wrong("needs at least one number");
        return None;
    }
    if addresses.iter().enumerate().any(|(ix, number)| addresses[..ix].contains(number)) {
        numbers.wrong("has a number twice");
    }
    let service = if service.is_there() { Some(service.parsed(&sid::expected("MG"), |text| sid::parse("MG", text))?) } else { None };
    let mps = written.at("mps").speed().unwrap_or(kind.default_mps());
    Some(Sender { name: name.to_owned(), kind, numbers: addresses, service, mps })
}

/// The kind of a number that does not say it. Toll-free numbers look like others and are a little faster; being slow is harmless.
fn guess(number: Option<&&str>) -> SenderType {
    match number {
        Some(number) if number.starts_with("whatsapp:") => SenderType::Whatsapp,
        Some(number) if !number.starts_with('+') => SenderType::ShortCode,
        _ => SenderType::LongCode,
    }
}

/// A number as Twilio writes it, on the channel of its kind.
fn address(text: &str, kind: SenderType) -> Option<Address> {
    let is_digits =
        |digits: &str, count: &std::ops::RangeInclusive<usize>| count.contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
    let is_e164 = |number: &str| number.strip_prefix('+').is_some_and(|digits| is_digits(digits, &E164_DIGITS));
    match kind {
        SenderType::Whatsapp => {
            let number = text.strip_prefix("whatsapp:").unwrap_or(text);
            is_e164(number).then(|| Address::new(Channel::Whatsapp, number))
        }
        // Test numbers of Twilio stand in for short codes, so both forms are taken.
        SenderType::ShortCode => (is_e164(text) || is_digits(text, &SHORT_DIGITS)).then(|| Address::new(Channel::Sms, text)),
        SenderType::LongCode | SenderType::TollFree => is_e164(text).then(|| Address::new(Channel::Sms, text)),
    }
}
