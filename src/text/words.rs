//! What counts as a word in a contact's text, and when a whole text means one of them (language §6 and §7).
//!
//! Two readings exist. *Words* keep emoji, because 👍 is an answer. *Cutting* drops them with all other symbols and with
//! politeness, because `🛑 stop, please 🛑` is meant as STOP.
//!
//! How far each reading goes, and why:
//!
//! - NFKC first, so that full-width letters and ligatures of foreign keyboards are ordinary letters.
//! - Apostrophes vanish instead of parting words: phones write `don't` with at least four different signs.
//! - Emoji modifiers vanish, so that 👍🏽 is 👍 and the keycap 1️⃣ is the digit 1.
//! - Politeness is cut only at the two ends, and only by a fixed list. `stop texting my wife` must never be STOP, so
//!   nothing is ever cut out of the middle of a text.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategoryGroup, UnicodeEmoji, UnicodeGeneralCategory};

/// Beginnings that add nothing; one of them is dropped.
const POLITE_BEGINNINGS: [&[&str]; 3] = [&["please"], &["pls"], &["por", "favor"]];

/// Endings that add nothing; dropped as often as they occur.
const POLITE_TAILS: [&[&str]; 11] =
    [&["please"], &["pls"], &["plz"], &["thanks"], &["thank", "you"], &["thx"], &["ty"], &["por", "favor"], &["gracias"], &["now"], &["kindly"]];

/// How many words at the beginning of a text may hold an option that is a single character (`option 2`, `#2`).
const SHORT_OPTION_REACH: usize = 3;

/// The words of a text: runs of letters, marks and digits, and each emoji by itself.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in fold(text) {
        let is_emoji = !is_word_char(c) && is_emoji(c);
        if is_word_char(c) {
            word.push(c);
        } else if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if is_emoji {
            words.push(c.to_string());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// What is left of a text for reserved words and keywords: its words with one space between, without symbols and
/// without politeness. Nothing left means the text is none of them.
pub fn cut(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    for c in fold(text) {
        if is_word_char(c) {
            bare.push(c);
        } else if !is_symbol(c) {
            bare.push(' ');
        }
    }
    let words: Vec<&str> = bare.split_whitespace().collect();
    without_politeness(&words).join(" ")
}

/// Whether the whole reply is this option (`any_of`).
pub fn is_any_of(text: &str, option: &str) -> bool {
    let option = words(option);
    let [first, rest @ ..] = option.as_slice() else {
        return false;
    };
    let reply = words(text);
    if reply == option {
        return true;
    }
    if rest.is_empty() && first.chars().count() == 1 && reply.iter().take(SHORT_OPTION_REACH).any(|word| word == first) {
        return true;
    }
    let reply: Vec<&str> = reply.iter().map(String::as_str).collect();
    without_politeness(&reply) == option || cut(text) == option.join(" ")
}

/// Whether the option's words stand in a row somewhere in the text (`words`).
pub fn has_words(text: &str, option: &str) -> bool {
    let option = words(option);
    !option.is_empty() && words(text).windows(option.len()).any(|row| row == option)
}

/// Whether the phrase is a part of the text, letters compared without case and white space collapsed (`phrase`).
pub fn has_phrase(text: &str, phrase: &str) -> bool {
    let phrase = squeeze(phrase);
    !phrase.is_empty() && squeeze(text).contains(&phrase)
}

/// NFKC, lower case, without apostrophes and emoji modifiers: the form in which all of this room compares texts.
///
/// Apostrophes and modifiers go before NFKC, which would turn `´` into a space and a mark.
pub(super) fn fold(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|&c| !is_apostrophe(c) && !is_emoji_modifier(c)).nfkc().flat_map(char::to_lowercase)
}

/// Letters, marks and digits of any script make words.
pub(super) fn is_word_char(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric();
    }
    matches!(c.general_category_group(), GeneralCategoryGroup::Letter | GeneralCategoryGroup::Mark | GeneralCategoryGroup::Number)
}

/// What cutting drops without leaving a gap.
fn is_symbol(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Symbol || is_emoji(c)
}

/// ASCII is left out: Unicode counts `#`, `*` and the digits as parts of emoji.
fn is_emoji(c: char) -> bool {
    !c.is_ascii() && c.is_emoji_char()
}

/// All signs that phones put into `don't`.
fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '`' | '´' | '‘' | '’' | '‛' | 'ʼ' | '′' | '＇')
}

/// Variation selectors, skin tones, joiners, keycaps and the tags of flags.
fn is_emoji_modifier(c: char) -> bool {
    matches!(
        c,
        '\u{FE00}'..='\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}' | '\u{200C}' | '\u{200D}' | '\u{20E3}' | '\u{E0020}'..='\u{E007F}'
    )
}

/// One polite beginning and every polite ending less.
fn without_politeness<'a, 'w>(words: &'a [&'w str]) -> &'a [&'w str] {
    let mut rest = POLITE_BEGINNINGS.iter().find_map(|polite| words.strip_prefix(*polite)).unwrap_or(words);
    while let Some(shorter) = POLITE_TAILS.iter().find_map(|polite| rest.strip_suffix(*polite)) {
        rest = shorter;
    }
    rest
}

/// The form in which phrases are compared: white space collapsed, everything else kept.
fn squeeze(text: &str) -> String {
    let lower: String = text.nfkc().flat_map(char::to_lowercase).collect();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_fold_case_width_and_apostrophes_and_keep_emoji_apart() {
        assert_eq!(words("Don't STOP, ＡＢＣ!"), ["dont", "stop", "abc"]);
        assert_eq!(words("don’t"), words("don´t"));
        assert_eq!(words("yes👍🏽ok"), ["yes", "👍", "ok"]);
        assert_eq!(words("1️⃣"), ["1"]);
        assert_eq!(words("✔️"), ["✔"]);
        assert_eq!(words("  #2! "), ["2"]);
        assert!(words("?! …").is_empty());
    }

    #[test]
    fn cutting_drops_symbols_and_politeness() {
        for text in ["STOP", "stop!!", "Stop. Thank you", "please stop", "🛑 stop 🛑", "Por favor, stop. Gracias, thx now"] {
            assert_eq!(cut(text), "stop", "{text}");
        }
        assert_eq!(cut("don't stop"), "dont stop");
        assert_eq!(cut("the end"), "the end");
        assert_eq!(cut("please"), "");
        assert_eq!(cut("👍"), "");
        assert_eq!(cut("please please stop"), "please stop");
    }

    #[test]
    fn any_of_wants_the_whole_reply() {
        assert!(is_any_of("This month!", "this month"));
        assert!(is_any_of("later please 👍", "later"));
        assert!(is_any_of("now", "now"));
        assert!(is_any_of("option 2", "2") && is_any_of("#2", "2") && is_any_of("1️⃣", "1"));
        assert!(!is_any_of("I would like 2", "2"));
        assert!(!is_any_of("track my order", "track"));
        assert!(!is_any_of("!", "?"));
        assert!(!is_any_of("12", "1"));
    }

    #[test]
    fn words_stand_in_a_row_and_phrases_anywhere() {
        assert!(has_words("please CALL me back", "call me"));
        assert!(!has_words("call him, not me", "call me"));
        assert!(!has_words("recall me", "call me"));
        assert!(has_words("how much does it cost?", "how much"));
        assert!(has_phrase("I was  not\namused", "Not amused"));
        assert!(has_phrase("recalling", "call"));
        assert!(!has_phrase("anything", " "));
    }
}
