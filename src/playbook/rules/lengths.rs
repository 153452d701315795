//! `too-long`, `too-many-segments`, `ucs2-by-one-character`: what a text costs.

use super::super::fault::Fault;
use super::super::keys::Kind;
use super::super::pieces::{self, Piece};
use super::{Checked, Context};
use crate::text::segments::{Encoding, segments};
use crate::text::template::MAX_CHARACTERS;

/// A name as long as most.
const TYPICAL_VALUE: &str = "Maria Gonzalez";
/// A tracked link: `https://` with a short host and `/l/` with its code.
const TYPICAL_LINK: &str = "https://a.example/l/123";
/// More segments than this are dear, and read by few.
const MAX_SEGMENTS: u32 = 2;
/// Repairing up to so many different characters is a small thing.
const MAX_REPAIRS: usize = 3;
/// Characters beyond GSM-7 that word processors put in, with what people mean.
const PLAIN: [(char, &str); 13] = [
    ('’', "'"),
    ('‘', "'"),
    ('‚', "'"),
    ('“', "\""),
    ('”', "\""),
    ('„', "\""),
    ('–', "-"),
    ('—', "-"),
    ('‑', "-"),
    ('…', "..."),
    ('\u{a0}', " "),
    ('\u{202f}', " "),
    ('•', "-"),
];

/// A text that is too long is not priced as well: it has to be rewritten anyway.
pub(super) fn check(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    for piece in pieces::of_file(context, file) {
        let is_note = matches!(piece.leaf.kind, Kind::Template) && piece.leaf.key == "note";
        if !piece.is_for_contact() && !is_note {
            continue;
        }
        if fill(piece.text, "", "").chars().count() > MAX_CHARACTERS {
            let fault = piece.error("too-long", piece.span(), "a text may have 1,600 characters").label("its fixed part alone is longer");
            faults.push(fault.help("make two texts of it"));
        } else if piece.is_for_contact() {
            cost(&piece, faults);
        }
    }
}

/// One of the two at most: a text that becomes short by plain quotes has one cause, and it is not its length.
fn cost(piece: &Piece<'_>, faults: &mut Vec<Fault>) {
    let text = fill(piece.text, TYPICAL_VALUE, TYPICAL_LINK);
    let counted = segments(&text);
    if counted.encoding == Encoding::Ucs2 {
        let mut strange: Vec<char> = text.chars().filter(|c| PLAIN.iter().any(|(known, _)| known == c)).collect();
        strange.sort_unstable();
        strange.dedup();
        let plain = PLAIN.iter().fold(text.clone(), |text, (from, to)| text.replace(*from, to));
        let repaired = segments(&plain);
        let first = piece.text.char_indices().find(|(_, c)| strange.contains(c));
        if let Some((at, found)) = first
            && strange.len() <= MAX_REPAIRS
            && repaired.encoding == Encoding::Gsm7
            && repaired.segments < counted.segments
        {
            let span = piece.part(at..at + found.len_utf8());
            let message = format!("`{found}` makes this text cost {} segments instead of {}", counted.segments, repaired.segments);
            let plain_of = |c: char| PLAIN.iter().find(|(known, _)| *known == c).map(|(_, plain)| *plain);
            let mut fault = piece.warning("ucs2-by-one-character", span, message).label("not in the phones' short alphabet");
            fault = fault.help(format!("write `{}`", plain_of(found).unwrap_or_default()));
            let places = || piece.text.char_indices().filter_map(|(at, c)| Some((at, c, plain_of(c)?)));
            // Quotes may end the text they stand in.
            if places().all(|(_, _, plain)| !plain.contains(['"', '\''])) {
                for (at, c, plain) in places() {
                    fault = fault.patch(piece.part(at..at + c.len_utf8()).range(), plain);
                }
                fault = fault.fixable();
            } else if plain_of(found) == Some("'") {
                fault = fault.patch(span.range(), "'");
            }
            faults.push(fault);
            return;
        }
    }
    if counted.segments > MAX_SEGMENTS {
        let fault = piece.warning("too-many-segments", piece.span(), format!("this text is {} segments", counted.segments));
        faults.push(fault.label(format!("each contact costs {} times the price of a text", counted.segments)));
    }
}

/// The text with each `{{ … }}` filled in and all other markup taken out.
fn fill(text: &str, value: &str, link: &str) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (before, markup) = rest.split_at(at);
        filled.push_str(before);
        let close = ["{{", "{%", "{#"].into_iter().zip(["}}", "%}", "#}"]).find(|(open, _)| markup.starts_with(open)).map(|(_, close)| close);
        let Some(end) = close.and_then(|close| markup.find(close)) else {
            filled.push('{');
            rest = markup.get(1..).unwrap_or_default();
            continue;
        };
        let inside = markup.get(..end).unwrap_or_default();
        if inside.starts_with("{{") {
            filled.push_str(if inside.contains("link(") { link } else { value });
        }
        rest = markup.get(end + 2..).unwrap_or_default();
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_filled_or_dropped() {
        assert_eq!(fill("Hi {{ a }}, {% if b %}see {{ link('x') }}{% endif %} {c}", "N", "L"), "Hi N, see L {c}");
        assert_eq!(TYPICAL_VALUE.len(), 14);
        assert_eq!(TYPICAL_LINK.len(), 23);
    }
}
