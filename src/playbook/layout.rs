//! Where lines and brackets went wrong, told from the lines themselves: a parser only knows where it could not go on.

use std::ops::Range;
use std::sync::Arc;

use super::fault::{Fault, Span};
use super::keys;
use super::retell::CANT_READ;

/// What can be seen at once at or before byte `at`: brackets that do not match, and spaces that are missing.
pub(super) fn brackets_or_spaces(path: &Arc<str>, source: &str, at: usize) -> Option<Fault> {
    Brackets::up_to(source, at).fault(path, source).or_else(|| Lines::around(source, at)?.missing_space(path, source))
}

/// What a line may lack when its value is good: the `:` of a key, or its place.
pub(super) fn colon_or_indent(path: &Arc<str>, source: &str, at: usize) -> Option<Fault> {
    let lines = Lines::around(source, at)?;
    lines.missing_colon(path, source).or_else(|| lines.indent(path, source))
}

/// A key and value that lack the space between them, or a list member without the space behind its `-`: where the space belongs,
/// and what stands before it.
pub(super) fn missing_space(text: &str) -> Option<(usize, &str)> {
    let start = text.len() - text.trim_start().len();
    let line = text.get(start..)?;
    if let Some(rest) = line.strip_prefix('-')
        && rest.starts_with(|c: char| c.is_ascii_lowercase())
        && rest.contains(':')
    {
        return Some((start + 1, "-"));
    }
    let item = line.trim_start_matches("- ").trim_start();
    let (key, value) = item.split_once(':')?;
    let is_key = keys::verb(key).is_some() || keys::is_key(key);
    let glued = value.starts_with(|c: char| !c.is_whitespace() && c != '/');
    let end = text.len() - value.len();
    (is_key && glued).then(|| text.get(..end).map(|_| (end, item.get(..=key.len()).unwrap_or(key)))).flatten()
}

/// The fault of a missing space, with the line as it should be.
pub(super) fn space_fault(path: &Arc<str>, source: &str, line_start: usize, (place, before): (usize, &str)) -> Fault {
    let at = line_start + place;
    Fault::error(path, "bad-yaml", Span::of(source, at - before.len()..at), format!("a space is missing behind `{before}`"))
        .label("without it YAML reads one word")
        .help("write it like this")
        .patch(at..at, " ")
        .fixable()
}

/// The place of a known key at the beginning of a line, or of a list member, that lacks its `:`.
pub(super) fn missing_colon(line: &str) -> Option<Range<usize>> {
    let start = key_column(line);
    let (key, value) = line.get(start..)?.split_once(' ')?;
    ((keys::verb(key).is_some() || keys::is_key(key)) && !value.contains(": ")).then(|| start..start + key.len())
}

/// The fault of a missing `:`, with the line as it should be.
pub(super) fn colon_fault(path: &Arc<str>, source: &str, key: Range<usize>) -> Fault {
    let name = source.get(key.clone()).unwrap_or_default();
    let fault = Fault::error(path, "bad-yaml", Span::of(source, key.clone()), format!("a `:` is missing behind `{name}`"));
    fault.label("read as text").help("write it like this").patch(key.end..key.end, ":")
}

/// The line a parser stopped at, and the last one with something in it before.
struct Lines<'a> {
    /// First byte of the line.
    start: usize,
    /// The line.
    text: &'a str,
    /// First byte of the line before.
    above_start: usize,
    /// The line before.
    above: &'a str,
    /// All lines before.
    before: &'a str,
}

impl<'a> Lines<'a> {
    fn around(source: &'a str, at: usize) -> Option<Lines<'a>> {
        let at = at.min(source.len());
        let start = source.get(..at)?.rfind('\n').map_or(0, |at| at + 1);
        let text = source.get(start..)?.lines().next().unwrap_or_default();
        let mut above = (0, "");
        let mut from = 0;
        for line in source.get(..start)?.split_inclusive('\n') {
            if !line.trim().is_empty() && !line.trim_start().starts_with('#') {
                above = (from, line.trim_end());
            }
            from += line.len();
        }
        Some(Lines { start, text, above_start: above.0, above: above.1, before: source.get(..start)? })
    }

    /// Here, or in the line before: the parser takes that for the beginning of a text.
    fn missing_space(&self, path: &Arc<str>, source: &str) -> Option<Fault> {
        let here = missing_space(self.text).map(|found| space_fault(path, source, self.start, found));
        here.or_else(|| missing_space(self.above).map(|found| space_fault(path, source, self.above_start, found)))
    }

    /// `wait 2d`: a known key at the beginning of a line without its `:`.
    fn missing_colon(&self, path: &Arc<str>, source: &str) -> Option<Fault> {
        let told = |(start, line): (usize, &str)| missing_colon(line).map(|key| colon_fault(path, source, start + key.start..start + key.end));
        [(self.start, self.text), (self.above_start, self.above)].into_iter().find_map(told)
    }

    /// A line that begins neither where the line above does nor where one may.
    fn indent(&self, path: &Arc<str>, source: &str) -> Option<Fault> {
        let (own, above) = (key_column(self.text), key_column(self.above));
        let further_in = own > above && !self.above.ends_with(':');
        // A line may go back to where one before it began.
        let back = own < above && !self.before.lines().any(|line| key_column(line) == own && !line.trim().is_empty());
        if self.text.trim().is_empty() || self.above.is_empty() || !(further_in || back) {
            return None;
        }
        let indent = self.text.len() - self.text.trim_start().len();
        let place = self.start + indent;
        let first = source.get(place..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        let fault = Fault::error(path, "bad-yaml", Span::of(source, place..place + first), CANT_READ);
        let (own_word, above_word) = (own + 1, above + 1);
        Some(
            fault
                .label(format!("begins at column {own_word}, the line above at column {above_word}"))
                .help("start the keys of one step at the same column; what belongs to a key stands two spaces further in"),
        )
    }
}

/// The column, from 0, of the first character behind spaces and `- `.
fn key_column(line: &str) -> usize {
    let mut rest = line.trim_start();
    while let Some(inner) = rest.strip_prefix("- ") {
        rest = inner.trim_start();
    }
    line.len() - rest.len()
}

/// The brackets of a file that are open somewhere.
struct Brackets {
    /// Those that are open, outer ones first.
    open: Vec<(usize, char)>,
    /// A bracket that closes nothing.
    stray: Option<(usize, char)>,
    /// A comment that hides what would have closed.
    hidden: Option<usize>,
    /// A new key or list member begins while they are open.
    broken_off: bool,
}

impl Brackets {
    /// Reads the lines up to and with the one that holds a byte, outside of quotes and comments. Only a bracket that begins a value
    /// counts; within a text it is a character.
    fn up_to(source: &str, at: usize) -> Brackets {
        let mut found = Brackets { open: Vec::new(), stray: None, hidden: None, broken_off: false };
        let mut start = 0;
        let mut quote = None;
        for line in source.split_inclusive('\n') {
            if start > at || found.stray.is_some() || found.broken_off {
                break;
            }
            if quote.is_none() && !found.open.is_empty() && begins_anew(line) {
                found.broken_off = true;
                break;
            }
            found.line(line, start, &mut quote);
            start += line.len();
        }
        found
    }

    fn line(&mut self, line: &str, start: usize, quote: &mut Option<char>) {
        let mut before = '\n';
        let mut last = '\n';
        // The value of this line is closed, so that only a comment can follow.
        let mut is_closed = false;
        let mut chars = line.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let begins = matches!(before, '\n' | ':' | '-' | '[' | '{' | ',') && (last.is_whitespace() || "[{,".contains(last));
            match (*quote, c) {
                (Some('"'), '\\') => drop(chars.next()),
                (Some(sign), _) if c == sign => *quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') if begins => *quote = Some(c),
                (None, '#') if last.is_whitespace() => {
                    let closes = |(_, open): &(usize, char)| line.get(at..).is_some_and(|rest| rest.contains(closing(*open)));
                    if self.open.last().is_some_and(closes) {
                        self.hidden = Some(start + at);
                    }
                    return;
                }
                // `{{ … }}` is no bracket of YAML's.
                (None, '{') if chars.peek().is_some_and(|(_, next)| *next == '{') => {
                    let end = line.get(at..).and_then(|rest| rest.find("}}")).map_or(line.len(), |shift| at + shift + 2);
                    while chars.next_if(|(next, _)| *next < end).is_some() {}
                }
                (None, '{' | '[') if begins => self.open.push((start + at, c)),
                (None, '}' | ']') if self.open.last().is_some_and(|(_, open)| closing(*open) == c) => {
                    self.open.pop();
                    is_closed = self.open.is_empty();
                }
                (None, '}' | ']') if !self.open.is_empty() => {
                    self.broken_off = true;
                    return;
                }
                (None, '}' | ']') if begins || is_closed => self.stray = Some((start + at, c)),
                _ => {}
            }
            if !c.is_whitespace() {
                before = c;
            }
            last = c;
        }
    }

    /// The first of them that is wrong.
    fn fault(&self, path: &Arc<str>, source: &str) -> Option<Fault> {
        if let Some((at, sign)) = self.stray {
            let fault = Fault::error(path, "bad-yaml", Span::of(source, at..at + 1), format!("nothing is open that this `{sign}` could close"));
            return Some(fault.label("one too many").help("remove it, or open it where it begins"));
        }
        let (at, sign) = *self.open.last()?;
        let ends = self.broken_off || source.get(at..).is_some_and(|rest| !rest.contains(closing(sign)));
        if let Some(comment) = self.hidden {
            let fault = Fault::error(
                path,
                "bad-yaml",
                Span::of(source, comment..comment + 1),
                format!("` #` starts a comment: the `{}` behind it is not seen", closing(sign)),
            );
            return Some(
                fault.label("ends the line for YAML").second(Span::of(source, at..at + 1), "opened here").help("put the text with the `#` in quotes"),
            );
        }
        ends.then(|| {
            Fault::error(path, "bad-yaml", Span::of(source, at..at + 1), format!("this `{sign}` is never closed"))
                .label("everything behind it was read as part of it")
                .help(format!("write `{}` where it ends", closing(sign)))
        })
    }
}

/// What closes a bracket.
fn closing(open: char) -> char {
    if open == '{' { '}' } else { ']' }
}

/// Whether a line begins a list member or a key: inside brackets there are neither at the beginning of a line.
fn begins_anew(line: &str) -> bool {
    let line = line.trim_start();
    let key = line
        .split_once(':')
        .is_some_and(|(key, value)| (value.is_empty() || value.starts_with(char::is_whitespace)) && (keys::verb(key).is_some() || keys::is_key(key)));
    line.starts_with("- ") || key
}
