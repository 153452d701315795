//! The first number in a contact's text (language §7): `about $8,500` is 8500, `10,5 k` is 10500.
//!
//! People write amounts in the habit of their country, and the same signs mean different things: `1.500` is one and a
//! half in Texas and fifteen hundred in Berlin. The rules, in order:
//!
//! - With both `.` and `,` the last one divides and the other groups; one sign several times groups.
//! - A single `,` groups before exactly three digits, else it divides, whatever the language: `8,500` and `3,5`.
//! - A single `.` divides, but before exactly three digits it groups for contacts whose language writes it so.
//! - `k` and `thousand`, `m` and `million` multiply; a lone `m` behind a space may be metres and does not.
//! - What looks like an id, a card or `1e10` is no number, as a wrong budget is worse than none.
//!
//! Whole values are integers, so that a saved 8500 is printed as `8500` and compared exactly.

use serde_json::Number;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use super::languages;
use super::words::{fold, words};

/// More digits than these are an id or a card, not a quantity; they also fit an integer with any factor below.
const MAX_DIGITS: usize = 15;

/// Languages that group thousands with a point.
const POINT_GROUPS: [&str; 6] = ["de", "es", "fr", "it", "nl", "pt"];

/// Number words, as the whole reply: English and Spanish, each from zero to twelve.
const NUMBER_WORDS: [&str; 2] =
    ["zero one two three four five six seven eight nine ten eleven twelve", "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce"];

/// Powers of ten of what may stand behind a number: the word, and whether a space may come between.
const FACTORS: [(&str, bool, u32); 4] = [("k", true, 3), ("thousand", true, 3), ("m", false, 6), ("million", true, 6)];

/// The first number in the text. `language` is the contact's tag and decides what a point before three digits means.
pub fn number(text: &str, language: &str) -> Option<Number> {
    let chars: Vec<char> = fold(text).filter(|c| !matches!(c, '$' | '€' | '£')).map(ascii_digit).collect();
    let Some(first) = chars.iter().position(char::is_ascii_digit) else {
        return number_word(text);
    };
    let before = |back: usize| first.checked_sub(back).and_then(|at| chars.get(at)).copied();
    // `.51` at a word's beginning is a fraction; in `hi.51` the point ends a sentence.
    let fraction = matches!(before(1), Some('.' | ',')) && before(2).is_none_or(|c| c.is_whitespace() || c == '-');
    let sign_at = if fraction { 2 } else { 1 };
    let negative = before(sign_at) == Some('-') && before(sign_at + 1).is_none_or(char::is_whitespace);

    let start = if fraction { first - 1 } else { first };
    let body = chars.get(start..).unwrap_or_default();
    let end = end_of_body(body);
    let (body, rest) = body.split_at(end);
    if matches!(rest, ['e', digit, ..] if digit.is_ascii_digit()) {
        return None;
    }
    let (mantissa, decimals) = parse_body(body, fraction, language)?;
    value(if negative { -mantissa } else { mantissa }, decimals, factor(rest))
}

/// Digits and the signs that have a digit behind them.
fn end_of_body(body: &[char]) -> usize {
    let digit_at = |at: usize| body.get(at).is_some_and(char::is_ascii_digit);
    (0..body.len()).find(|&at| !(digit_at(at) || is_sign(body.get(at)) && digit_at(at + 1))).unwrap_or(body.len())
}

/// Points and commas, either of which may group or divide.
fn is_sign(c: Option<&char>) -> bool {
    matches!(c, Some('.' | ','))
}

/// All digits as one whole number, and how many of them are decimals.
fn parse_body(body: &[char], fraction: bool, language: &str) -> Option<(i64, u32)> {
    let digits: String = body.iter().filter(|c| c.is_ascii_digit()).collect();
    if digits.len() > MAX_DIGITS {
        return None;
    }
    let signs: Vec<(usize, char)> = body.iter().copied().enumerate().filter(|(_, c)| is_sign(Some(c))).collect();
    let decimal_at = match signs.as_slice() {
        [] => None,
        [(at, _)] if fraction => Some(*at),
        [(at, sign)] => {
            let groups = body.len() - at - 1 == 3 && (*sign == ',' || POINT_GROUPS.contains(&languages::first_part(language).as_str()));
            (!groups).then_some(*at)
        }
        // Both signs: the last is the decimal one. One sign repeated groups.
        [others @ .., (at, last)] => others.iter().all(|(_, sign)| sign != last).then_some(*at),
    };
    let decimals = decimal_at.map_or(0, |at| body.len() - at - 1);
    Some((digits.parse().ok()?, u32::try_from(decimals).ok()?))
}

/// The power of ten of `k`, `thousand`, `m` or `million` behind the number, 0 without.
fn factor(rest: &[char]) -> u32 {
    let spaces = rest.iter().take_while(|c| c.is_whitespace()).count();
    let word: String = rest.iter().skip(spaces).take_while(|c| c.is_alphanumeric()).collect();
    let found = FACTORS.iter().find(|(name, spaced, _)| *name == word && (*spaced || spaces == 0));
    found.map_or(0, |(_, _, power)| *power)
}

/// `mantissa / 10^decimals * 10^power`, whole values as integers.
fn value(mut mantissa: i64, mut decimals: u32, power: u32) -> Option<Number> {
    let shared = decimals.min(power);
    decimals -= shared;
    while decimals > 0 && mantissa % 10 == 0 {
        mantissa /= 10;
        decimals -= 1;
    }
    if decimals == 0 {
        // 15 digits times a million can pass 64 bits: such a number is none.
        return mantissa.checked_mul(10_i64.checked_pow(power - shared)?).map(Number::from);
    }
    // Through the decimal text, so that 0.51 is the nearest float to 0.51.
    Number::from_f64(format!("{mantissa}e-{decimals}").parse().ok()?)
}

/// A number written as a word is meant only if it is the whole reply: `five stars` is none.
fn number_word(text: &str) -> Option<Number> {
    let words = words(text);
    let [word] = words.as_slice() else {
        return None;
    };
    NUMBER_WORDS.iter().find_map(|row| row.split(' ').position(|name| name == word)).map(Number::from)
}

/// Any script's digit as `0…9`. Unicode keeps the ten digits of a script in a row, so the place in the row is the value.
fn ascii_digit(c: char) -> char {
    let is_digit = |c: char| c.general_category() == GeneralCategory::DecimalNumber;
    if c.is_ascii() || !is_digit(c) {
        return c;
    }
    let before = (1..).map_while(|back| char::from_u32(u32::from(c) - back)).take_while(|&c| is_digit(c)).count();
    u32::try_from(before % 10).ok().and_then(|value| char::from_digit(value, 10)).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Reads for an English contact, as text to tell integers from fractions.
    fn read(text: &str) -> Option<String> {
        number(text, "en").map(|n| n.to_string())
    }

    #[test]
    fn the_examples_of_the_language() {
        let table = [
            ("about $8,500", "8500"),
            ("8k", "8000"),
            ("1.5m", "1500000"),
            ("24ans", "24"),
            ("1-15", "1"),
            (".51", "0.51"),
            ("hi.51", "51"),
            ("10,5 k", "10500"),
            ("five", "5"),
            ("doce", "12"),
            ("5!!", "5"),
            ("5 stars", "5"),
            ("3,5", "3.5"),
        ];
        for (text, value) in table {
            assert_eq!(read(text).as_deref(), Some(value), "{text}");
        }
        for text in ["five stars", "lOO", "1e10", "1234567890123456", "", "many"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn signs_groups_and_decimals() {
        let table = [
            ("1,234.56", "1234.56"),
            ("1.234,56", "1234.56"),
            ("1,234,567", "1234567"),
            ("1.234.567", "1234567"),
            ("1.500", "1.5"),
            ("5.0", "5"),
            ("-3", "-3"),
            ("-$3", "-3"),
            ("-.5", "-0.5"),
            ("2 million", "2000000"),
            ("5 m", "5"),
            ("5 thousand", "5000"),
            ("8 km", "8"),
            ("at 7.", "7"),
            ("0.1", "0.1"),
        ];
        for (text, value) in table {
            assert_eq!(read(text).as_deref(), Some(value), "{text}");
        }
        assert_eq!(number("1.500", "de-AT").unwrap().to_string(), "1500");
        assert_eq!(number("1.50", "de").unwrap().to_string(), "1.5");
        assert_eq!(read("999999999999999 million"), None);
    }

    #[test]
    fn any_script_and_keycaps() {
        assert_eq!(read("٤٢").as_deref(), Some("42"));
        assert_eq!(read("१२३").as_deref(), Some("123"));
        assert_eq!(read("4️⃣").as_deref(), Some("4"));
        assert_eq!(read("８").as_deref(), Some("8"));
    }

    #[test]
    fn whole_values_are_integers() {
        assert!(number("8.0k", "en").unwrap().is_i64());
        assert!(number("2.5", "en").unwrap().is_f64());
    }
}
