//! Numbers that make things go wrong. Twilio's own magic numbers answer as they do with its test credentials; further
//! last digits of the same range are ours and make the failures that a daemon must survive.
//!
//! A number is `+1500555` and the four digits below; on WhatsApp the same with `whatsapp:` before it.

use super::super::Status;

/// The range that no person's number is in.
const RANGE: &str = "+1500555";

/// What the create request gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 201, and the message lives.
    Accept,
    /// Twilio's refusal with this code.
    Refuse(u32),
    /// 429 the first time, later as usual.
    TooManyOnce,
    /// 429 for so many seconds from the first time on.
    TooManyFor(u64),
    /// 500; with `true` the message was accepted nevertheless.
    Error(bool),
    /// 500 the first time without accepting, later as usual.
    ErrorOnce,
    /// No answer at all, and nothing accepted.
    Hang,
    /// Accepted, and then the connection closes without an answer.
    Drop,
}

/// What becomes of an accepted message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// Sent and delivered, each reported.
    Delivered,
    /// Sent and delivered, nothing reported: only the list shows it.
    Silent,
    /// All reports come twice and the last one first.
    Shuffled,
    /// As usual, but late.
    Late,
    /// Sent; the carrier never tells more.
    SentOnly,
    /// Delivered and opened.
    Read,
    /// Sent, then reported with this status and code.
    Ends(Status, u32),
    /// Delivered; the phone answers every text with its own words.
    Echo,
    /// Delivered; the phone answers its first text with STOP.
    OptsOut,
}

/// Last four digits of `To`, what happens to the request, what happens to the message.
#[rustfmt::skip]
pub const TO: &[(&str, Answer, Life)] = &[
    // Twilio's.
    ("0001", Answer::Refuse(21211), Life::Delivered),
    ("0002", Answer::Refuse(21612), Life::Delivered),
    ("0003", Answer::Refuse(21408), Life::Delivered),
    ("0004", Answer::Refuse(21610), Life::Delivered),
    ("0009", Answer::Refuse(21614), Life::Delivered),
    // Ours: the request. `02NN` besides: 429 for NN seconds.
    ("0101", Answer::TooManyOnce,   Life::Delivered),
    ("0102", Answer::ErrorOnce,     Life::Delivered),
    ("0103", Answer::Error(false),  Life::Delivered),
    ("0104", Answer::Error(true),   Life::Delivered),
    ("0105", Answer::Error(true),   Life::Silent),
    ("0106", Answer::Hang,          Life::Delivered),
    ("0107", Answer::Drop,          Life::Delivered),
    ("0108", Answer::Drop,          Life::Silent),
    ("0109", Answer::Refuse(21611), Life::Delivered),
    // Ours: the message.
    ("0111", Answer::Accept,        Life::Silent),
    ("0112", Answer::Accept,        Life::Shuffled),
    ("0113", Answer::Accept,        Life::Late),
    ("0114", Answer::Accept,        Life::SentOnly),
    ("0115", Answer::Accept,        Life::Read),
    ("0116", Answer::Accept,        Life::Ends(Status::Undelivered, 30003)),
    ("0117", Answer::Accept,        Life::Ends(Status::Failed, 30007)),
    ("0118", Answer::Accept,        Life::Ends(Status::Failed, 30001)),
    ("0119", Answer::Accept,        Life::Ends(Status::Undelivered, 30006)),
    // Ours: the person.
    ("0121", Answer::Accept,        Life::Echo),
    ("0122", Answer::Accept,        Life::OptsOut),
];

/// Last four digits of `From` that is none of the configured senders: Twilio's code. `0006` is fine, any other number
/// is not ours.
pub const FROM: &[(&str, Option<u32>)] = &[("0001", Some(21212)), ("0006", None), ("0007", Some(21606)), ("0008", Some(21611))];

/// What a text to this number meets.
pub fn to(number: &str) -> (Answer, Life) {
    let Some(digits) = digits(number) else {
        return (Answer::Accept, Life::Delivered);
    };
    let seconds = digits.strip_prefix("02").and_then(|s| s.parse().ok());
    let row = TO.iter().find(|row| row.0 == digits).map(|row| (row.1, row.2));
    match (row, seconds) {
        (Some(row), _) => row,
        (None, Some(seconds)) => (Answer::TooManyFor(seconds), Life::Delivered),
        (None, None) => (Answer::Accept, Life::Delivered),
    }
}

/// Twilio's code for a text from a number that is none of the configured senders, if it refuses.
pub fn from(number: &str) -> Option<u32> {
    let row = digits(number).and_then(|digits| FROM.iter().find(|row| row.0 == digits));
    row.map_or(Some(21606), |row| row.1)
}

fn digits(number: &str) -> Option<&str> {
    let number = number.strip_prefix("whatsapp:").unwrap_or(number);
    number.strip_prefix(RANGE).filter(|digits| digits.len() == 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magic_and_ordinary_numbers() {
        assert_eq!(to("+15005550004").0, Answer::Refuse(21610));
        assert_eq!(to("whatsapp:+15005550116").1, Life::Ends(Status::Undelivered, 30003));
        assert_eq!(to("+15005550207").0, Answer::TooManyFor(7));
        for ordinary in ["+15125550116", "+150055501160", "+15005550123"] {
            assert_eq!(to(ordinary), (Answer::Accept, Life::Delivered), "{ordinary}");
        }
        assert_eq!(from("+15005550001"), Some(21212));
        assert_eq!(from("+15005550006"), None);
        assert_eq!(from("+15005550008"), Some(21611));
        assert_eq!(from("+15125550100"), Some(21606));
    }

    #[test]
    fn no_number_stands_twice() {
        for (at, row) in TO.iter().enumerate() {
            assert!(TO.iter().skip(at + 1).all(|other| other.0 != row.0), "{}", row.0);
        }
    }
}
