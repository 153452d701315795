//! What was said before a test failed, and where the text differs from the one expected.

use super::rehearsal::Rehearsal;
use super::standing::shown;
use super::{Act, Line, Start};

/// Exchanges shown before a failure: enough to know where one is, few enough to see at a glance.
const SHOWN: usize = 6;

/// A line of the talk.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// `contact`, `bot`, `agent`, or another kind of line.
    pub who: &'static str,
    /// The words.
    pub text: String,
    /// For the bot and for agents: when.
    pub at: Option<String>,
}

/// A text that is not the one expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// What the script says, with the parts that were not said.
    pub expected: Vec<Part>,
    /// What the bot said, with the parts that stand where something else was expected.
    pub said: Vec<Part>,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The words.
    pub text: String,
    /// Not in the other text.
    pub differs: bool,
}

impl Mismatch {
    /// Compares word by word. Only a part of the text is expected, so words before and behind it are no difference.
    pub fn new(expected: &str, said: &str) -> Mismatch {
        let (left, right) = (words(expected), words(said));
        let pairs = if expected.starts_with('~') { Vec::new() } else { common(&left, &right) };
        let marked = |words: &[&str], common: &dyn Fn(usize) -> bool| {
            let mut parts: Vec<Part> = Vec::new();
            for (place, word) in words.iter().enumerate() {
                // White space is marked where the words on both sides are.
                let is_space = word.trim().is_empty();
                let beside = |place: Option<usize>| place.is_some_and(|place| place < words.len() && !common(place));
                let differs = if is_space { beside(place.checked_sub(1)) && beside(Some(place + 1)) } else { !common(place) };
                match parts.last_mut() {
                    Some(last) if last.differs == differs => last.text.push_str(word),
                    _ => parts.push(Part { text: (*word).to_owned(), differs }),
                }
            }
            parts
        };
        // As many words beside the common part as the expected text has there; what is further out was never asked for.
        let near = |place: usize| {
            let (Some((left_first, right_first)), Some((left_last, right_last))) = (pairs.first(), pairs.last()) else { return true };
            place + left_first >= *right_first && place <= right_last + (left.len() - 1 - left_last)
        };
        Mismatch {
            expected: marked(&left, &|place| pairs.iter().any(|(left, _)| *left == place)),
            said: marked(&right, &|place| !near(place) || pairs.iter().any(|(_, right)| *right == place)),
        }
    }
}

/// Words and the white space between them, in order.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c: char| c.is_whitespace() != first.is_whitespace()).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        words.push(word);
        rest = behind;
    }
    words
}

/// The longest row of words that both have in the same order, as pairs of places; case ignored. White space joins only where words do.
fn common(left: &[&str], right: &[&str]) -> Vec<(usize, usize)> {
    let same = |l: usize, r: usize| match (left.get(l), right.get(r)) {
        (Some(left), Some(right)) => left.to_lowercase() == right.to_lowercase(),
        _ => false,
    };
    let width = right.len() + 1;
    // lengths[l * width + r]: how much the rest from there on has in common.
    let mut lengths = vec![0usize; (left.len() + 1) * width];
    let at = |lengths: &[usize], l: usize, r: usize| lengths.get(l * width + r).copied().unwrap_or_default();
    for l in (0..left.len()).rev() {
        for r in (0..right.len()).rev() {
            let best = if same(l, r) { at(&lengths, l + 1, r + 1) + 1 } else { at(&lengths, l + 1, r).max(at(&lengths, l, r + 1)) };
            if let Some(cell) = lengths.get_mut(l * width + r) {
                *cell = best;
            }
        }
    }
    let (mut l, mut r, mut pairs) = (0, 0, Vec::new());
    while l < left.len() && r < right.len() {
        if same(l, r) {
            pairs.push((l, r));
            (l, r) = (l + 1, r + 1);
        } else if at(&lengths, l + 1, r) >= at(&lengths, l, r + 1) {
            l += 1;
        } else {
            r += 1;
        }
    }
    let is_word = |(l, _): &&(usize, usize)| left.get(*l).is_some_and(|word| !word.trim().is_empty());
    if pairs.iter().any(|pair| is_word(&pair)) { pairs } else { Vec::new() }
}

/// The last exchanges: what the script did up to there, and everything that was said.
pub(super) fn told(on: &mut Rehearsal<'_>, done: &[Line]) -> Vec<Exchange> {
    let zone = on.zone();
    let mut spoken = on.world.spoken.iter();
    let mut talk = Vec::new();
    let said = |spoken: &super::Spoken| Exchange {
        who: if spoken.by_agent { "agent" } else { "bot" },
        text: spoken.text.body.clone(),
        at: Some(shown(spoken.at.timestamp(), &zone)),
    };
    let did = |who: &'static str, text: &str| Exchange { who, text: text.to_owned(), at: None };
    match &on.head.start {
        Some(Start::Event(name, _)) => talk.push(did("event", name)),
        Some(Start::Text(text, _)) => talk.push(did("contact", text)),
        Some(Start::Tagged(tag)) => talk.push(did("tagged", tag)),
        _ => {}
    }
    for line in done {
        match &line.act {
            Act::Bot(_) => talk.extend(spoken.by_ref().find(|spoken| !spoken.by_agent).map(said)),
            Act::Contact(wrote) => talk.push(did("contact", wrote.button.as_deref().filter(|_| wrote.text.is_empty()).unwrap_or(&wrote.text))),
            Act::Agent(text) => talk.push(did("agent", text)),
            Act::AgentCloses(outcome) => talk.push(did("closes", outcome)),
            Act::Advance(length) | Act::Silent(length) => talk.push(did("time", &length.to_string())),
            Act::AdvanceTo(when) => talk.push(did("time", when)),
            Act::Event(name, _) => talk.push(did("event", name)),
            Act::Tagged(tag) => talk.push(did("tagged", tag)),
            _ => {}
        }
    }
    talk.extend(spoken.filter(|spoken| !spoken.by_agent).map(said));
    let first = talk.len().saturating_sub(SHOWN);
    talk.split_off(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parts that differ in brackets.
    fn marked(parts: &[Part]) -> String {
        parts.iter().map(|part| if part.differs { format!("[{}]", part.text) } else { part.text.clone() }).collect()
    }

    #[test]
    fn only_what_differs_is_marked() {
        let table = [
            ("come by at 10", "Can we come by at 11? Reply STOP", "come by at [10]", "Can we come by at [11?] Reply STOP"),
            ("see you then", "See you!", "see [you then]", "See [you!]"),
            ("Goodbye", "Ready?", "[Goodbye]", "[Ready?]"),
            ("a price of $5 today", "for a price of $6 today only", "a price of [$5] today", "for a price of [$6] today only"),
            ("~^Hi", "Hello", "[~^Hi]", "[Hello]"),
        ];
        for (expected, said, left, right) in table {
            let mismatch = Mismatch::new(expected, said);
            assert_eq!((marked(&mismatch.expected), marked(&mismatch.said)), (left.to_owned(), right.to_owned()), "{expected}");
        }
    }
}
