//! Email addresses and phone numbers in a contact's text (language §7), and what a phone number tells by its form.
//!
//! Nothing is looked up: a number is judged by its form and by the country of whoever wrote it. `0171 1234567` from a
//! German contact is +491711234567, from an American it is none. We keep numbers as E.164 only, so that one person is
//! one contact however the number was written.

use std::sync::LazyLock;

use regex::Regex;

/// The most digits an international number may have (ITU E.164).
const MAX_DIGITS: usize = 15;

/// The fewest digits we take for a whole number when a contact writes one.
const MIN_DIGITS: usize = 8;

/// Country codes of two digits (ITU E.164); 1 and 7 have one, all others three.
const TWO_DIGIT_CODES: &str = "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 \
    57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98";

/// Italy keeps the leading 0 of its national numbers behind the country code.
const KEEPS_ZERO: &str = "39";

/// Letters of any script, as addresses of today have them; the last label has no digits, so that `a@1.5` is none.
static EMAIL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"[\p{L}\p{N}][\p{L}\p{N}._%+'-]*@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?\.)+\p{L}{2,63}").ok());
/// Digits with what people write between them; whether they make a number is decided afterwards.
static PHONE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\+?\(?\d[\d\s().\-/]*\d").ok());

/// The first `local@domain.tld`, in lower case.
pub fn email(text: &str) -> Option<String> {
    EMAIL.as_ref()?.find(text).map(|found| found.as_str().to_lowercase())
}

/// The first phone number, as E.164. `own` is the contact's own number: its country completes national ones.
pub fn phone(text: &str, own: &str) -> Option<String> {
    // `+44 (0)20 …` names the national 0 that is not dialled from abroad.
    let text = text.replace("(0)", "");
    PHONE.as_ref()?.find_iter(&text).find_map(|found| complete(found.as_str(), own))
}

/// A number in international form, if what is written can be completed to one.
fn complete(written: &str, own: &str) -> Option<String> {
    let digits: String = written.chars().filter(char::is_ascii_digit).collect();
    let international = |digits: &str| {
        let number = format!("+{digits}");
        ((MIN_DIGITS..=MAX_DIGITS).contains(&digits.len()) && is_e164(&number)).then_some(number)
    };
    if written.starts_with('+') || written.starts_with("(+") {
        return international(&digits);
    }
    if let Some(rest) = digits.strip_prefix("00") {
        return international(rest);
    }
    let code = country_code(own)?;
    if code == "1" {
        let national = if digits.len() == 11 { digits.strip_prefix('1')? } else { &digits };
        return is_north_american(national).then(|| format!("+1{national}"));
    }
    let national = digits.strip_prefix('0')?;
    international(&format!("{code}{}", if code == KEEPS_ZERO { &digits } else { national }))
}

/// Ten digits, area code and exchange not beginning with 0 or 1.
fn is_north_american(digits: &str) -> bool {
    let open = |at: usize| digits.as_bytes().get(at).is_some_and(|digit| (b'2'..=b'9').contains(digit));
    digits.len() == 10 && open(0) && open(3)
}

/// Whether this is a number as we keep it: `+`, a digit that is not 0, and at most 15 digits.
pub fn is_e164(number: &str) -> bool {
    let Some(digits) = number.strip_prefix('+') else {
        return false;
    };
    (2..=MAX_DIGITS).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|digit| digit.is_ascii_digit())
}

/// The country code of an E.164 number: `1` of `+15550100123`.
pub fn country_code(number: &str) -> Option<&str> {
    let digits = number.strip_prefix('+')?;
    let two = digits.get(..2)?;
    let length = match digits.as_bytes().first()? {
        b'1' | b'7' => 1,
        _ if TWO_DIGIT_CODES.split(' ').any(|code| code == two) => 2,
        _ => 3,
    };
    digits.get(..length)
}

/// A number as logs and pages may show it: `+1555***0123`. Short ones show only their last two digits.
pub fn mask(number: &str) -> String {
    match (number.get(..5), number.len().checked_sub(4).and_then(|at| number.get(at..))) {
        (Some(head), Some(tail)) if number.len() >= 11 => format!("{head}***{tail}"),
        _ => format!("***{}", number.len().checked_sub(2).and_then(|at| number.get(at..)).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A contact of the United States.
    const US: &str = "+15125550111";

    #[test]
    fn the_first_email_in_lower_case() {
        assert_eq!(email("Mail Ana.B+x@Example.CO.uk, or b@c.de").as_deref(), Some("ana.b+x@example.co.uk"));
        assert_eq!(email("<ana@example.com>.").as_deref(), Some("ana@example.com"));
        assert_eq!(email("ana@localhost"), None);
        assert_eq!(email("@acme or ana at example.com"), None);
    }

    #[test]
    fn phones_with_a_country() {
        assert_eq!(phone("+49 (0)30 123456", US).as_deref(), Some("+4930123456"));
        assert_eq!(phone("call 0044 20 7946 0958", US).as_deref(), Some("+442079460958"));
        assert_eq!(phone("+1234567", US), None);
        assert_eq!(phone("+1234567890123456", US), None);
    }

    #[test]
    fn north_american_phones() {
        for text in ["(512) 555-0123", "512.555.0123", "1 512 555 0123", "it is 5125550123!"] {
            assert_eq!(phone(text, US).as_deref(), Some("+15125550123"), "{text}");
        }
        assert_eq!(phone("112 555 0123", US), None);
        assert_eq!(phone("555-0123", US), None);
        assert_eq!(phone("order 77, call 512 555 0123", US).as_deref(), Some("+15125550123"));
    }

    #[test]
    fn national_phones_elsewhere() {
        assert_eq!(phone("0171 1234567", "+491701111111").as_deref(), Some("+491711234567"));
        assert_eq!(phone("06 1234 5678", "+393331112222").as_deref(), Some("+390612345678"));
        assert_eq!(phone("171 1234567", "+491701111111"), None);
    }

    #[test]
    fn e164_country_and_mask() {
        assert!(is_e164("+15125550111") && is_e164("+4930123456"));
        assert!(!is_e164("15125550111") && !is_e164("+05125550111") && !is_e164("+1512555011112345") && !is_e164("+1a"));
        assert_eq!(country_code("+15125550111"), Some("1"));
        assert_eq!(country_code("+491701111111"), Some("49"));
        assert_eq!(country_code("+353861234567"), Some("353"));
        assert_eq!(mask("+15550100123"), "+1555***0123");
        assert_eq!(mask("+4930123456"), "+4930***3456");
        assert_eq!(mask("12345"), "***45");
    }
}
