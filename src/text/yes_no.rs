//! Yes or no, as people write it (language §7).
//!
//! A wrong yes costs more than a question asked again, so a text that says both is neither: `yes... no wait` and
//! `ok but no` go to the retry. The lists are data; phrases are tried before words because `no problem` is a yes and
//! `not now` is a no. Only the beginning of a text can decide it: a `yes` in the middle of a story is not an answer.

use super::words::words;

/// A clear yes or a clear no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum YesNo {
    /// The contact agrees.
    Yes,
    /// The contact declines.
    No,
}

/// Words that are a yes by themselves.
const YES_WORDS: &str = "yes y ye yea yeah yep yup yas ya sure k kk ok okay okey definitely absolutely \
    certainly affirmative correct totally si sí claro vale dale oui ouais ja jawohl sim \
    👍 👌 ✅ ✔ 💯 🆗 🙌";

/// Words that are a no by themselves.
const NO_WORDS: &str = "no n nope nah never negative non nein nao não nunca 👎 ❌ ✖ 🚫 🙅";

/// Phrases that are a yes; `no problem` is why phrases are tried before words. Apostrophes are dropped, as in all words.
const YES_PHRASES: &str = "of course · for sure · sounds good · why not · you bet · count me in · i do · i am · \
    i would · please do · lets do it · no problem · no worries · no doubt · por supuesto";

/// Phrases that are a no.
const NO_PHRASES: &str = "not interested · not now · not really · not yet · not today · dont · do not · no way · para nada";

/// Between the phrases of a table.
const BETWEEN: &str = " · ";

/// From so many equal letters in a row on, one is meant (`yesss`).
const DRAWN_OUT: usize = 3;

/// What one place in the text says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Word(YesNo),
    Phrase(YesNo),
}

/// Yes if the text begins with a yes and no no follows; no if it begins with a no and no yes-word follows; else neither.
pub fn yes_no(text: &str) -> Option<YesNo> {
    let words = words(&shorten_drawn_out(text));
    let (first, mut rest) = next_sign(&words);
    let meant = match first? {
        Sign::Word(meant) | Sign::Phrase(meant) => meant,
    };
    while !rest.is_empty() {
        let (sign, behind) = next_sign(rest);
        match (meant, sign) {
            (YesNo::Yes, Some(Sign::Word(YesNo::No) | Sign::Phrase(YesNo::No))) => return None,
            // A yes-phrase may follow a no: `no I am not` is a no.
            (YesNo::No, Some(Sign::Word(YesNo::Yes))) => return None,
            _ => rest = behind,
        }
    }
    Some(meant)
}

/// The sign at the beginning of the words, and the words behind it. Phrases are longer than words, so they come first.
fn next_sign(words: &[String]) -> (Option<Sign>, &[String]) {
    for (phrases, meaning) in [(YES_PHRASES, YesNo::Yes), (NO_PHRASES, YesNo::No)] {
        if let Some(rest) = phrases.split(BETWEEN).find_map(|phrase| behind(words, phrase)) {
            return (Some(Sign::Phrase(meaning)), rest);
        }
    }
    let Some((word, rest)) = words.split_first() else {
        return (None, words);
    };
    let listed = |list: &str| list.split_whitespace().any(|known| known == word);
    let sign = if listed(YES_WORDS) {
        Some(Sign::Word(YesNo::Yes))
    } else if listed(NO_WORDS) {
        Some(Sign::Word(YesNo::No))
    } else {
        None
    };
    (sign, rest)
}

/// The words behind a phrase, if they begin with it.
fn behind<'w>(words: &'w [String], phrase: &str) -> Option<&'w [String]> {
    phrase.split(' ').try_fold(words, |rest, part| {
        let (word, rest) = rest.split_first()?;
        (word == part).then_some(rest)
    })
}

/// `yesss` and `NOOOO` become `yes` and `NO`; `ooh` stays.
fn shorten_drawn_out(text: &str) -> String {
    let same = |a: char, b: char| a == b || a.to_lowercase().eq(b.to_lowercase());
    let letters: Vec<char> = text.chars().collect();
    letters
        .chunk_by(|a, b| same(*a, *b))
        .flat_map(|run| match run {
            [first, ..] if run.len() >= DRAWN_OUT && first.is_alphabetic() => &run[..1],
            _ => run,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_in_many_spellings() {
        for text in [
            "yes",
            "Yesss",
            "YES!!!",
            "y",
            "ok",
            "k",
            "Sí, claro",
            "oui",
            "👍🏽",
            "✅",
            "✔️",
            "yes please 👍",
            "of course",
            "Let's do it",
            "no problem",
            "No worries!",
            "no doubt",
            "why not?",
            "count me in",
            "i am",
            "sure thing",
            "yes, no problem",
            "sim",
        ] {
            assert_eq!(yes_no(text), Some(YesNo::Yes), "{text}");
        }
    }

    #[test]
    fn no_in_many_spellings() {
        for text in [
            "no",
            "NOOOO",
            "nope",
            "nah",
            "Not interested",
            "not now",
            "don't",
            "do not",
            "Don’t call",
            "no way",
            "para nada",
            "👎",
            "❌",
            "não",
            "no thanks",
            "no i am not",
        ] {
            assert_eq!(yes_no(text), Some(YesNo::No), "{text}");
        }
    }

    #[test]
    fn mixed_and_other_texts_are_neither() {
        for text in ["yes... no wait", "ok but no", "no, yes", "yes but not now", "kitchens are for cooking", "asdf", "", "yesterday", "not", "know"]
        {
            assert_eq!(yes_no(text), None, "{text}");
        }
    }
}
