//! Ways to match a reply: how a rule's `match` is checked and read.

use regex::RegexBuilder;

use super::keys::{MATCH_KEYS, MATCH_WORDS};
use super::plan::Match;
use super::values::{Check, wrong_shape};
use super::yaml::{Kind, Node};

/// A compiled pattern may take this much memory; larger ones are slow on every reply.
const MAX_REGEX_BYTES: usize = 1024 * 1024;

/// A pattern as rules use it: without regard to case, unanchored.
pub fn pattern(text: &str) -> Result<regex::Regex, regex::Error> {
    RegexBuilder::new(text).case_insensitive(true).size_limit(MAX_REGEX_BYTES).build()
}

/// Checks a rule's `match`.
pub(super) fn check(check: &mut Check<'_, '_>, node: &Node) {
    if let Kind::List(members) = &node.kind
        && members.is_empty()
    {
        return check.faults.push(wrong_shape(check.file, node, "at least one way to match"));
    }
    for member in node.one_or_many() {
        way(check, member);
    }
}

/// One way to match.
fn way(check: &mut Check<'_, '_>, node: &Node) {
    match &node.kind {
        Kind::Reported => {}
        Kind::List(_) => check.faults.push(wrong_shape(check.file, node, "one way to match")),
        Kind::Text { text, .. } => {
            if node.bool().is_none() && !MATCH_WORDS.contains(&text.as_str()) {
                let fault = super::fault::Fault::error(check.file.path, "bad-match", node.span, format!("`{text}` is not a way to match"))
                    .label("to match a word, write `{any_of: […]}` or `{words: […]}`")
                    .note(format!("known here: {}, {}", MATCH_WORDS.join(", "), MATCH_KEYS.join(", ")))
                    .guess(text, MATCH_WORDS);
                check.faults.push(fault);
            }
        }
        Kind::Map(entries) => {
            if entries.len() != 1 {
                return check.faults.push(wrong_shape(check.file, node, "one way to match"));
            }
            for entry in entries {
                match entry.key.as_str() {
                    "words" | "any_of" | "phrase" => {
                        if entry.value.members().is_empty() && matches!(entry.value.kind, Kind::List(_)) {
                            check.error("empty-text", entry.value.span, "this list of words is empty", "nothing to match");
                        }
                        for member in entry.value.one_or_many() {
                            check.text(member);
                        }
                    }
                    "regex" => regex(check, &entry.value),
                    "button" => {
                        check.text(&entry.value);
                    }
                    "number" => bounds(check, &entry.value),
                    other => {
                        let fault = super::fault::Fault::error(check.file.path, "bad-match", entry.at, format!("`{other}` is not a way to match"))
                            .label("not known")
                            .note(format!("known here: {}", MATCH_KEYS.join(", ")))
                            .guess(other, MATCH_KEYS);
                        check.faults.push(fault);
                    }
                }
            }
        }
    }
}

/// The parser's own message names internals; the usual causes are told in plain words.
fn regex(check: &mut Check<'_, '_>, node: &Node) {
    let Some(text) = check.text(node) else { return };
    let Err(error) = pattern(text) else { return };
    let told = error.to_string();
    let message = if told.contains("unclosed group") {
        "the pattern has an open bracket"
    } else if told.contains("unclosed character class") {
        "the pattern has an open `[`"
    } else if told.contains("look-around") || told.contains("backreferences") {
        "the pattern looks around or back, which patterns here can't"
    } else if told.contains("size limit") {
        "the pattern is too large"
    } else if told.contains("repetition") {
        "the pattern repeats nothing; write `\\*`, `\\+` or `\\?` for the character itself"
    } else {
        "the pattern can't be read"
    };
    check.error("bad-regex", node.span, message, "would match nothing");
}

/// `{number: {min, max}}`; either may be left out.
fn bounds(check: &mut Check<'_, '_>, node: &Node) {
    let Kind::Map(entries) = &node.kind else {
        return check.faults.push(wrong_shape(check.file, node, "`{min: …, max: …}`"));
    };
    for entry in entries {
        if !["min", "max"].contains(&entry.key.as_str()) {
            check.error("bad-match", entry.at, format!("`{}` is not a way to match", entry.key), "a number has `min` and `max`");
        } else if entry.value.number().is_none() {
            check.error("bad-number", entry.value.span, format!("`{}` must be a number", entry.key), "not a plain decimal number");
        }
    }
    let bound = |key: &str| node.get(key).and_then(Node::number).and_then(|number| number.as_f64());
    if let (Some(min), Some(max)) = (bound("min"), bound("max"))
        && min > max
    {
        check.error("bad-number", node.span, "`min` must not be more than `max`", "no number is both");
    }
}

/// The ways of a rule that is known to be good; what is not good is left out.
pub fn read(node: &Node) -> Vec<Match> {
    node.one_or_many().iter().filter_map(read_one).collect()
}

/// One way to match. YAML 1.1 tools write `yes` as `true`: both are read as the word.
fn read_one(node: &Node) -> Option<Match> {
    if let Some(value) = node.bool() {
        return Some(if value { Match::Yes } else { Match::No });
    }
    if let Some(word) = node.text() {
        return Some(match word {
            "yes" => Match::Yes,
            "no" => Match::No,
            "number" => Match::Number { min: None, max: None },
            "date" => Match::Date,
            "time" => Match::Time,
            "email" => Match::Email,
            "phone" => Match::Phone,
            "media" => Match::Media,
            "any" => Match::Any,
            "other" => Match::Other,
            _ => return None,
        });
    }
    let entry = node.entries().first()?;
    let texts = || entry.value.one_or_many().iter().filter_map(Node::text).map(str::to_owned).collect();
    Some(match entry.key.as_str() {
        "words" => Match::Words(texts()),
        "any_of" => Match::AnyOf(texts()),
        "phrase" => Match::Phrase(texts()),
        "regex" => Match::Regex(pattern(entry.value.text()?).ok()?),
        "button" => Match::Button(entry.value.text()?.to_owned()),
        "number" => {
            let bound = |key: &str| entry.value.get(key).and_then(Node::number).and_then(|number| number.as_f64());
            Match::Number { min: bound("min"), max: bound("max") }
        }
        _ => return None,
    })
}
