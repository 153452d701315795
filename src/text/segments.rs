//! How many SMS segments a text costs (GSM 03.38; the counts of Twilio's own calculator).
//!
//! Carriers charge by the segment. A text in GSM-7 has 160 characters in one segment; one character outside of it, a
//! curly quote say, turns the whole text into UCS-2 with 70. Longer texts lose a few characters of each part to a
//! header, and what takes two units (`€`, an emoji) is never split over two parts, which can leave a gap at the end of
//! a part: that is why 67 emoji are three parts and not two.
//!
//! The same count spends a sender's pace, so it is made for every text we send and must not allocate.

use serde::{Deserialize, Serialize};

/// GSM-7 characters in a text of one segment.
const GSM7_SINGLE: u32 = 160;
/// GSM-7 characters in each part of a longer text; the header takes the rest.
const GSM7_PART: u32 = 153;
/// UTF-16 units in a text of one segment.
const UCS2_SINGLE: u32 = 70;
/// UTF-16 units in each part of a longer text.
const UCS2_PART: u32 = 67;

/// The alphabet a text travels in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    /// Seven bits a character: 160 in a segment.
    #[serde(rename = "GSM-7")]
    Gsm7,
    /// Two bytes a unit: 70 in a segment.
    #[serde(rename = "UCS-2")]
    Ucs2,
}

/// What a text costs, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segments {
    /// The alphabet it needs.
    pub encoding: Encoding,
    /// Segments Twilio charges for.
    pub segments: u32,
    /// Characters as people count them (Unicode scalar values).
    pub characters: u32,
    /// The characters that are not in GSM-7, each once, in order: what to change to pay less.
    pub culprits: Vec<String>,
}

/// Counts and explains.
pub fn segments(text: &str) -> Segments {
    let mut culprits: Vec<String> = Vec::new();
    for c in text.chars().filter(|&c| septets(c).is_none()) {
        let culprit = c.to_string();
        if !culprits.contains(&culprit) {
            culprits.push(culprit);
        }
    }
    Segments {
        encoding: if culprits.is_empty() { Encoding::Gsm7 } else { Encoding::Ucs2 },
        segments: count(text),
        characters: u32::try_from(text.chars().count()).unwrap_or(u32::MAX),
        culprits,
    }
}

/// Only the number of segments, without allocation. An empty text is still one message.
pub fn count(text: &str) -> u32 {
    let mut gsm7 = Parts::new(GSM7_PART);
    for c in text.chars() {
        match septets(c) {
            Some(width) => gsm7.add(width),
            None => return count_ucs2(text),
        }
    }
    gsm7.count(GSM7_SINGLE)
}

/// One character outside GSM-7 makes the whole text travel in UTF-16 units.
fn count_ucs2(text: &str) -> u32 {
    let mut ucs2 = Parts::new(UCS2_PART);
    for c in text.chars() {
        ucs2.add(if u32::from(c) > 0xFFFF { 2 } else { 1 });
    }
    ucs2.count(UCS2_SINGLE)
}

/// Fills parts one after another; what takes two units is never split over two parts.
struct Parts {
    /// Units that fit in one part.
    size: u32,
    /// Units of the whole text, to know whether it needs parts at all.
    units: u32,
    /// Parts begun.
    begun: u32,
    /// Units used in the last part.
    used: u32,
}

impl Parts {
    /// An empty text has begun its first part.
    fn new(size: u32) -> Parts {
        Parts { size, units: 0, begun: 1, used: 0 }
    }

    /// Moves on to the next part when this one has no room for the whole character.
    fn add(&mut self, width: u32) {
        self.units = self.units.saturating_add(width);
        self.used += width;
        if self.used > self.size {
            self.begun = self.begun.saturating_add(1);
            self.used = width;
        }
    }

    /// Parts are only needed where the text does not fit without their headers.
    fn count(&self, single: u32) -> u32 {
        if self.units <= single { 1 } else { self.begun }
    }
}

/// How many seven-bit places a character takes; `None` if GSM-7 lacks it.
fn septets(c: char) -> Option<u32> {
    match c {
        '^' | '{' | '}' | '\\' | '[' | '~' | ']' | '|' | '€' | '\u{c}' => Some(2),
        ' '..='_' | 'a'..='z' | '\n' | '\r' => Some(1),
        '£' | '¥' | 'è' | 'é' | 'ù' | 'ì' | 'ò' | 'Ç' | 'Ø' | 'ø' | 'Å' | 'å' | 'Δ' | 'Φ' | 'Γ' | 'Λ' | 'Ω' | 'Π' | 'Ψ' | 'Σ' | 'Θ' | 'Ξ' | 'Æ'
        | 'æ' | 'ß' | 'É' | '¤' | '¡' | 'Ä' | 'Ö' | 'Ñ' | 'Ü' | '§' | '¿' | 'ä' | 'ö' | 'ñ' | 'ü' | 'à' => Some(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gsm7_fits_160_then_153_a_part() {
        assert_eq!(count(&"a".repeat(160)), 1);
        assert_eq!(count(&"a".repeat(161)), 2);
        assert_eq!(count(&"a".repeat(306)), 2);
        assert_eq!(count(&"a".repeat(307)), 3);
        assert_eq!(count(&"a".repeat(1600)), 11);
        assert_eq!(count(""), 1);
    }

    #[test]
    fn extension_characters_count_two_and_are_not_split() {
        assert_eq!(count(&"€".repeat(80)), 1);
        assert_eq!(count(&"€".repeat(81)), 2);
        assert_eq!(count(&format!("{}€{}", "a".repeat(152), "a".repeat(10))), 2);
        // 152 + 2 + 152 = 306 would be two parts if the sign could be split.
        assert_eq!(count(&format!("{}€{}", "a".repeat(152), "a".repeat(152))), 3);
    }

    #[test]
    fn ucs2_fits_70_then_67_and_pairs_are_not_split() {
        assert_eq!(count(&"á".repeat(70)), 1);
        assert_eq!(count(&"á".repeat(71)), 2);
        assert_eq!(count(&"😀".repeat(35)), 1);
        assert_eq!(count(&"😀".repeat(67)), 3);
    }

    #[test]
    fn the_culprits_are_named_once_in_order() {
        let found = segments(&format!("{}’s “x” ’", "a".repeat(152)));
        assert_eq!(found.encoding, Encoding::Ucs2);
        assert_eq!(found.culprits, ["’", "“", "”"]);
        assert_eq!((found.segments, found.characters), (3, 159 + 1));
        for c in ["ç", "\t", "`", "\u{a0}", "’", "Á", "Í", "Ó", "Ú", "á", "í", "ó", "ú", "…", "—"] {
            assert_eq!(segments(c).encoding, Encoding::Ucs2, "{c:?}");
        }
        for c in ["@", "_", "à", "Ç", "é", "\n", "~", "ñ", "Ω"] {
            assert_eq!(segments(c).encoding, Encoding::Gsm7, "{c:?}");
        }
    }
}
