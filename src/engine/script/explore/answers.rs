//! What a contact could write so that a certain rule takes it.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::super::Wrote;
use crate::engine::matching::{Heard, Reader};
use crate::playbook::plan::{Match, Rule};

/// Texts that few rules understand.
const NONSENSE: [&str; 3] = ["hm, blah blah", "🤔", "qwx zzz"];

/// A picture, for rules that want one.
const PICTURE: &str = "https://example.com/photo.jpg";

/// Repeats of a part of a pattern that may be left out: one is an example of it, more are none the better.
const REPEATS: u32 = 1;

/// A text that takes this rule, and none of those asked before it.
pub(super) fn for_rule(rule: &Rule, before: &[&Rule], samples: &[Wrote], reader: &Reader<'_>) -> Option<Wrote> {
    let own = rule.matches.iter().flat_map(candidates);
    own.chain(samples.iter().cloned()).find(|wrote| hits(rule, wrote, reader) && !before.iter().any(|other| hits(other, wrote, reader)))
}

/// A text that none of these rules takes.
pub(super) fn for_nobody(rules: &[&Rule], reader: &Reader<'_>) -> Option<Wrote> {
    NONSENSE.iter().map(|text| words(text)).find(|wrote| !rules.iter().any(|rule| hits(rule, wrote, reader)))
}

/// Words alone.
pub(super) fn words(text: &str) -> Wrote {
    Wrote { text: text.to_owned(), ..Wrote::default() }
}

fn hits(rule: &Rule, wrote: &Wrote, reader: &Reader<'_>) -> bool {
    let text = if wrote.text.is_empty() { wrote.button.clone().unwrap_or_default() } else { wrote.text.clone() };
    let heard = Heard { text, media: wrote.media.clone(), button: wrote.button.clone() };
    rule.matches.iter().any(|one| reader.matches(one, &heard).is_some())
}

/// Texts that a way to match should take.
fn candidates(one: &Match) -> Vec<Wrote> {
    let all = |texts: &[&str]| texts.iter().map(|text| words(text)).collect();
    match one {
        Match::Yes => all(&["yes"]),
        Match::No => all(&["no"]),
        Match::Number { min, max } => {
            let middle = min.zip(*max).map(|(min, max)| ((min + max) / 2.0).floor());
            let near = [*min, middle, *max, max.map(|max| max - 1.0), min.map(|min| min + 1.0), Some(5.0)];
            near.into_iter().flatten().map(|number| words(&number.to_string())).collect()
        }
        Match::Date => all(&["tomorrow", "December 24"]),
        Match::Time => all(&["2:30pm"]),
        Match::Email => all(&["ana@example.com"]),
        Match::Phone => all(&["+15125550199"]),
        Match::Media => vec![Wrote { media: vec![PICTURE.to_owned()], ..Wrote::default() }],
        Match::Any | Match::Other => NONSENSE.iter().map(|text| words(text)).collect(),
        Match::Words(options) | Match::AnyOf(options) | Match::Phrase(options) => options.iter().map(|option| words(option)).collect(),
        Match::Regex(pattern) => regex_syntax::parse(pattern.as_str()).map(|hir| vec![words(&example(&hir))]).unwrap_or_default(),
        Match::Button(name) => vec![Wrote { button: Some(name.clone()), ..Wrote::default() }],
    }
}

/// The shortest text of a pattern, more or less; whether it fits is asked of the pattern itself.
fn example(hir: &Hir) -> String {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => String::new(),
        HirKind::Literal(literal) => String::from_utf8_lossy(&literal.0).into_owned(),
        HirKind::Class(Class::Unicode(class)) => {
            let readable = |c: &char| c.is_ascii_alphanumeric();
            let first = class.ranges().first().map(|range| range.start());
            let any = class.ranges().iter().flat_map(|range| range.start()..=range.end().min('z')).find(readable);
            any.or(first).map(String::from).unwrap_or_default()
        }
        HirKind::Class(Class::Bytes(class)) => class.ranges().first().map(|range| char::from(range.start()).to_string()).unwrap_or_default(),
        HirKind::Repetition(repetition) => {
            let times = repetition.min.max(REPEATS.min(repetition.max.unwrap_or(REPEATS)));
            example(&repetition.sub).repeat(usize::try_from(times).unwrap_or_default())
        }
        HirKind::Capture(capture) => example(&capture.sub),
        HirKind::Concat(parts) => parts.iter().map(example).collect(),
        HirKind::Alternation(parts) => parts.first().map(example).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::playbook::plan::Next;

    #[test]
    fn every_way_to_match_has_a_text_that_takes_it() {
        let reader = Reader { phone: "+15125550111", language: "en", today: jiff::civil::date(2026, 3, 3) };
        let texts = |options: &[&str]| options.iter().map(|option| (*option).to_owned()).collect::<Vec<_>>();
        let pattern = |text: &str| Match::Regex(crate::playbook::matches::pattern(text).unwrap());
        let all = [
            Match::Yes,
            Match::No,
            Match::Number { min: None, max: None },
            Match::Number { min: Some(1000.0), max: Some(5000.0) },
            Match::Number { min: None, max: Some(-3.0) },
            Match::Date,
            Match::Time,
            Match::Email,
            Match::Phone,
            Match::Media,
            Match::Any,
            Match::Other,
            Match::Words(texts(&["price", "how much"])),
            Match::AnyOf(texts(&["1", "first"])),
            Match::Phrase(texts(&["call me"])),
            pattern(r"^(?:order|#)\s*([0-9]{4,6})$"),
            pattern(r"\b(zip|postal) code\b"),
            pattern(r"[^a-z]+"),
            Match::Button("Book it".to_owned()),
        ];
        for one in all {
            let rule = Rule { matches: vec![one], save_as: None, to: Next::Completed, line: 1 };
            assert!(for_rule(&rule, &[], &[], &reader).is_some(), "{:?}", rule.matches);
        }
        // A rule behind one that takes more gets the text that is left for it, or none.
        let rule = |one| Rule { matches: vec![one], save_as: None, to: Next::Completed, line: 1 };
        let (all, low) = (rule(Match::Any), rule(Match::Number { min: None, max: Some(5000.0) }));
        let high = rule(Match::Number { min: Some(5000.0), max: None });
        assert_eq!(for_rule(&high, &[&low], &[], &reader).unwrap().text, "5001");
        assert!(for_rule(&high, &[&all], &[], &reader).is_none());
        assert!(for_nobody(&[&all], &reader).is_none());
    }
}
