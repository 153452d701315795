//! A contact's number taken out of what is told of it.

use serde_json::Value;

use crate::model::Contact;
use crate::model::event::Answer;
use crate::text::addresses::country_code;

/// A number without its country's code that is shorter than this could be anything.
const MIN_HOME_DIGITS: usize = 7;

/// The contact's number wherever it stands, and the one in its place.
pub(super) struct Mask {
    /// Its digits.
    digits: String,
    /// A number of the same country and area that belongs to nobody.
    pub instead: String,
}

impl Mask {
    /// For this contact.
    pub fn of(contact: &Contact) -> Mask {
        let phone = contact.phone.as_str();
        let digits = phone.trim_start_matches('+').to_owned();
        let code = country_code(phone).unwrap_or_default();
        let national = digits.len().saturating_sub(code.len());
        let instead = match digits.get(1..4) {
            // 555-0100 and its like are kept free for fiction.
            Some(area) if code == "1" && national == 10 => format!("+1{area}5550100"),
            _ => format!("+{code}{}", "0".repeat(national)),
        };
        Mask { digits, instead }
    }

    /// A text without it, also where it is written as at home, without the country's code, or in groups.
    pub fn text(&self, text: &str) -> String {
        let code = country_code(&self.instead).map_or(0, str::len);
        let home = |digits: &str| digits.get(code..).unwrap_or_default().to_owned();
        let (wanted, new) = (home(&self.digits), home(self.instead.trim_start_matches('+')));
        if wanted.len() < MIN_HOME_DIGITS {
            return text.replace(&self.digits, self.instead.trim_start_matches('+'));
        }
        let (mut masked, mut rest) = (String::new(), text);
        while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
            let (before, from) = rest.split_at(at);
            masked.push_str(before);
            match grouped(from, &wanted) {
                Some(length) => {
                    masked.push_str(&new);
                    rest = from.get(length..).unwrap_or_default();
                }
                None => {
                    masked.extend(from.chars().next());
                    rest = from.get(1..).unwrap_or_default();
                }
            }
        }
        masked + rest
    }

    /// Likewise for all texts of a value.
    pub fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::from(self.text(text)),
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(pairs) => Value::Object(pairs.iter().map(|(name, value)| (name.clone(), self.value(value))).collect()),
            other => other.clone(),
        }
    }

    /// Another server's answer, as an `http` line prepares it.
    pub fn answer(&self, answer: &Answer) -> Result<(u16, Value), String> {
        match answer {
            Answer::Response { status, body, .. } => Ok((*status, self.value(body))),
            Answer::Failure { why } => Err(if why.contains("time") { "timeout" } else { "refused" }.to_owned()),
        }
    }
}

/// Length of the beginning of a text that is these digits, with at most two signs between any two of them.
fn grouped(text: &str, digits: &str) -> Option<usize> {
    let mut wanted = digits.chars().peekable();
    let mut signs = 0;
    for (at, c) in text.char_indices() {
        match wanted.peek() {
            None => return Some(at),
            Some(digit) if *digit == c => {
                wanted.next();
                signs = 0;
            }
            Some(_) if signs < 2 && matches!(c, ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}') => signs += 1,
            Some(_) => return None,
        }
    }
    wanted.peek().is_none().then_some(text.len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::{Phone, Time};

    #[test]
    fn the_number_is_found_however_it_is_written() {
        let mask = |phone: &str| Mask::of(&Contact::new(Phone(phone.to_owned()), Time(0)));
        let us = mask("+15125557311");
        for (text, masked) in [
            ("+15125557311, or 5125557311", "+15125550100, or 5125550100"),
            ("call 512-555-7311 or (512) 555 7311.", "call 5125550100 or (5125550100."),
            ("order 5125557312, 55 of 7311", "order 5125557312, 55 of 7311"),
            ("1512555 73", "1512555 73"),
        ] {
            assert_eq!(us.text(text), masked);
        }
        assert_eq!((us.instead.as_str(), mask("+491711234567").instead.as_str()), ("+15125550100", "+490000000000"));
        assert_eq!(mask("+491711234567").text("0171 1234567"), "00000000000");
    }
}
