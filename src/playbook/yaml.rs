//! YAML as a tree with places: the only file that knows granit-parser.
//!
//! What the language leaves out (anchors, merge keys, tags, second documents) is refused here; what the parser refuses is told again
//! in the reader's words by `retell`.

use std::sync::Arc;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError};

use super::fault::{Fault, Span};
use super::retell::{self, Complaint};

/// A larger file is a mistake, and reading it would hold up a reload.
pub const MAX_BYTES: usize = 256 * 1024;
/// Deeper than any talk that people can follow.
pub const MAX_DEPTH: usize = 64;

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Where it stands; a map or list begins at its first member.
    pub span: Span,
}

/// The kinds of value.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Keys with values, in order, each key once.
    Map(Vec<Entry>),
    /// A list.
    List(Vec<Node>),
    /// Any single value: what a number or a `yes` means depends on where it stands.
    Text {
        /// Its characters after quotes and escapes.
        text: String,
        /// How it was written.
        style: Style,
    },
    /// Something already reported, on which readers keep quiet.
    Reported,
}

/// How a single value was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Bare: may be a number, a boolean or nothing.
    Plain,
    /// In quotes.
    Quoted,
    /// As a block behind `|` or `>`.
    Block,
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub at: Span,
    /// Its value.
    pub value: Node,
}

impl Node {
    /// The entries of a map; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        if let Kind::Map(entries) = &self.kind { entries } else { &[] }
    }

    /// The members of a list; none for anything else.
    pub fn members(&self) -> &[Node] {
        if let Kind::List(members) = &self.kind { members } else { &[] }
    }

    /// The members of a list, or the value itself as the only one.
    pub fn one_or_many(&self) -> &[Node] {
        if let Kind::List(members) = &self.kind { members } else { std::slice::from_ref(self) }
    }

    /// An entry of a map.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The characters of a single value that is there.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text { text, .. } if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// The text of a key.
    pub fn get_text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Node::text)
    }

    /// Nothing is written, or `null`.
    pub fn is_null(&self) -> bool {
        self.is_plain(&["~", "null", "Null", "NULL", ""])
    }

    /// Written bare, and one of these.
    pub fn is_plain(&self, words: &[&str]) -> bool {
        matches!(&self.kind, Kind::Text { text, style: Style::Plain } if words.contains(&text.as_str()))
    }

    /// A boolean of YAML 1.2.
    pub fn bool(&self) -> Option<bool> {
        if self.is_plain(&["true", "True", "TRUE"]) {
            Some(true)
        } else if self.is_plain(&["false", "False", "FALSE"]) {
            Some(false)
        } else {
            None
        }
    }

    /// A plain decimal number, written bare.
    pub fn number(&self) -> Option<serde_json::Number> {
        let Kind::Text { text, style: Style::Plain } = &self.kind else { return None };
        let digits = text.strip_prefix('-').unwrap_or(text);
        // `1e3`, `0x10`, `1_000` and `007` are text: people do not mean numbers by them.
        let plain = digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
            && !(digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0."));
        if plain { serde_json::from_str(text).ok() } else { None }
    }

    /// The place of a part of a text, by its bytes in the text. Where escapes or folded lines shift bytes, the part is looked up by
    /// its words.
    pub fn part(&self, source: &str, range: std::ops::Range<usize>) -> Span {
        let (Kind::Text { text, .. }, Some(written)) = (&self.kind, source.get(self.span.range())) else { return self.span };
        let Some(part) = text.get(range.clone()).filter(|part| !part.is_empty()) else { return self.span };
        let nth = text.get(..range.start).map_or(0, |before| before.matches(part).count());
        match written.match_indices(part).nth(nth) {
            Some((at, _)) => Span::of(source, self.span.start + at..self.span.start + at + part.len()),
            None => self.span,
        }
    }
}

/// What reading a file gives: a tree unless it can't be read at all.
pub struct Tree {
    /// The top value; none if the file can't be read.
    pub root: Option<Node>,
    /// What is wrong with the YAML itself.
    pub faults: Vec<Fault>,
}

/// Reads one file.
pub fn read(path: &Arc<str>, source: &str) -> Tree {
    if source.len() > MAX_BYTES {
        let end = (0..=MAX_BYTES).rev().find(|at| source.is_char_boundary(*at)).unwrap_or(0);
        let fault = too_large(path, Span::of(source, end..end + 1));
        return Tree { root: None, faults: vec![fault] };
    }
    let options = granit_parser::options! {
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        emit_comments: false,
        simple_key_max_lookahead: MAX_BYTES,
        // The parser looks ahead through brackets before it tells of them, so it keeps the limit too.
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut reader = Reader { path, source, events: Parser::new_from_str_with_options(source, options), faults: Vec::new(), last: 0 };
    match reader.document() {
        Ok(root) => {
            let tabs = retell::tabs(path, source, &root);
            reader.faults.extend(tabs);
            Tree { root: Some(root), faults: reader.faults }
        }
        Err(fault) => Tree { root: None, faults: vec![*fault] },
    }
}

/// Both limits share a code: the repair is the same.
fn too_large(path: &Arc<str>, span: Span) -> Fault {
    Fault::error(path, "too-large", span, "a playbook may have 256 KiB and 64 levels")
        .label("nothing is read from here on")
        .help("move a part of it to a playbook of its own and `run` it")
}

/// Builds the tree from events.
struct Reader<'a> {
    /// For faults.
    path: &'a Arc<str>,
    /// The file.
    source: &'a str,
    /// The parser.
    events: Parser<'a, granit_parser::StrInput<'a>>,
    /// Faults after which reading goes on.
    faults: Vec<Fault>,
    /// End of the last event, in bytes: a fault of the parser lies behind it.
    last: usize,
}

/// A fault that ends reading; boxed, because it is rare and large.
type Fatal = Box<Fault>;

impl<'a> Reader<'a> {
    /// The next event with its place; none at the end.
    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, Fatal> {
        match self.events.next_event() {
            None => Ok(None),
            Some(Ok((event, span))) => {
                let place = place(&span);
                self.last = self.last.max(place.end);
                Ok(Some((event, place)))
            }
            Some(Err(error)) => Err(Box::new(self.retell(&error))),
        }
    }

    /// The parser's complaint in the reader's words.
    fn retell(&self, error: &ScanError) -> Fault {
        let at = error.marker().byte_offset().unwrap_or(self.last).min(self.source.len());
        if let ErrorKind::RecursionLimitExceeded = error.kind() {
            return too_large(self.path, Span::of(self.source, at..at + 1));
        }
        let complaint = match error.kind() {
            ErrorKind::TabInBlockIndentation | ErrorKind::TabNotAllowed | ErrorKind::TabInPlainScalar | ErrorKind::TabInIndentation => Complaint::Tab,
            ErrorKind::UnclosedQuotedScalar => Complaint::OpenQuote,
            ErrorKind::InvalidTrailingDoubleQuotedScalar | ErrorKind::InvalidTrailingSingleQuotedScalar => Complaint::BehindQuote,
            _ => Complaint::Other,
        };
        retell::retell(self.path, self.source, complaint, at, self.last)
    }

    /// The one document.
    fn document(&mut self) -> Result<Node, Fatal> {
        let mut root = None;
        while let Some((event, span)) = self.next()? {
            match event {
                Event::StreamStart | Event::StreamEnd | Event::DocumentEnd | Event::Anchor(..) => {}
                Event::DocumentStart(..) if root.is_some() => {
                    return Err(Box::new(
                        Fault::error(self.path, "more-than-one-document", span, "one playbook a file")
                            .label("a second playbook starts here")
                            .help("move what follows to a file of its own"),
                    ));
                }
                Event::DocumentStart(..) => {}
                event => root = Some(self.node(event, span, 1, None)?),
            }
        }
        Ok(root.unwrap_or(Node { kind: Kind::Text { text: String::new(), style: Style::Plain }, span: Span::of(self.source, 0..0) }))
    }

    /// The value that begins with an event. `key` is the key it belongs to.
    fn node(&mut self, event: Event<'a>, span: Span, depth: usize, key: Option<&str>) -> Result<Node, Fatal> {
        if depth > MAX_DEPTH {
            return Err(Box::new(too_large(self.path, span)));
        }
        if event.tag().is_some() {
            // The tag stands right before its value.
            let line = self.source.get(..span.start).map_or(0, |before| before.rfind('\n').map_or(0, |at| at + 1));
            let start = self.source.get(line..span.start).and_then(|before| before.rfind('!')).map_or(span.start, |at| line + at);
            self.special(start, key);
        }
        match event {
            Event::Scalar(text, style, anchor, _) => {
                if anchor > 0 {
                    self.anchor(key)?;
                }
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
                    ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
                };
                Ok(Node { kind: Kind::Text { text: text.into_owned(), style }, span: trimmed(self.source, span, style) })
            }
            Event::SequenceStart(_, anchor, _) => {
                if anchor > 0 {
                    self.anchor(key)?;
                }
                let mut members = Vec::new();
                loop {
                    match self.next()? {
                        None | Some((Event::SequenceEnd, _)) => break,
                        Some((Event::Anchor(..), _)) => {}
                        Some((event, at)) => members.push(self.node(event, at, depth + 1, key)?),
                    }
                }
                let end = self.end(span);
                Ok(Node { kind: Kind::List(members), span: end })
            }
            Event::MappingStart(_, anchor, _) => {
                if anchor > 0 {
                    self.anchor(key)?;
                }
                let entries = self.entries(depth)?;
                let end = self.end(span);
                Ok(Node { kind: Kind::Map(entries), span: end })
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.special(span.start, if matches!(event, Event::Alias(_)) { None } else { key });
                Ok(Node { kind: Kind::Reported, span })
            }
            _ => Ok(Node { kind: Kind::Reported, span }),
        }
    }

    /// A block map or list has no end of its own: it reaches to the last thing in it.
    fn end(&self, span: Span) -> Span {
        let end = self.source.get(..self.last).map_or(span.end, |read| read.trim_end().len());
        Span { end: end.max(span.start), ..span }
    }

    /// The keys and values of a map. A second value of a key is reported and dropped, so that reading can go on.
    fn entries(&mut self, depth: usize) -> Result<Vec<Entry>, Fatal> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (event, at) = match self.next()? {
                None | Some((Event::MappingEnd, _)) => return Ok(entries),
                Some((Event::Anchor(..), _)) => continue,
                Some(found) => found,
            };
            let Event::Scalar(name, ..) = &event else {
                return Err(Box::new(retell::strange_key(self.path, self.source, at)));
            };
            let name = name.clone().into_owned();
            self.node(event, at, depth, None)?;
            let Some((event, value_at)) = self.next_value()? else { return Ok(entries) };
            let value = self.node(event, value_at, depth + 1, Some(&name))?;
            if name == "<<" {
                self.special(at.start, None);
            } else if let Some(first) = entries.iter().find(|entry| entry.key == name) {
                let fault = Fault::error(self.path, "duplicate-key", at, format!("`{name}` is written twice"))
                    .label("the second one would hide the first")
                    .second(first.at, "first written here");
                self.faults.push(fault);
            } else {
                entries.push(Entry { key: name, at, value });
            }
        }
    }

    /// The event that begins the value of a key; anchors are told where they stand and are no values.
    fn next_value(&mut self) -> Result<Option<(Event<'a>, Span)>, Fatal> {
        loop {
            match self.next()? {
                Some((Event::Anchor(..), _)) => {}
                other => return Ok(other),
            }
        }
    }

    /// The parser names an anchor right behind its value's first event.
    fn anchor(&mut self, key: Option<&str>) -> Result<(), Fatal> {
        if let Some((Event::Anchor(..), span)) = self.next()? {
            self.special(span.start, key);
        }
        Ok(())
    }

    /// Reports a word that begins with `&`, `*` or `!`: text without quotes, or something the language leaves out.
    fn special(&mut self, start: usize, key: Option<&str>) {
        let fault = retell::special(self.path, self.source, start, key);
        self.faults.push(fault);
    }
}

/// granit's place as ours: its columns begin at 0.
fn place(span: &granit_parser::Span) -> Span {
    let range = span.byte_range().unwrap_or_default();
    Span { line: span.start.line(), column: span.start.col() + 1, start: range.start, end: range.end }
}

/// A block's place without the line breaks behind it.
fn trimmed(source: &str, span: Span, style: Style) -> Span {
    if style != Style::Block {
        return span;
    }
    let length = source.get(span.range()).map_or(0, |text| text.trim_end().len());
    Span { end: span.start + length, ..span }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn tree(source: &str) -> Tree {
        read(&Arc::from("a.yaml"), source)
    }

    #[test]
    fn values_know_their_places() {
        let source = "a: [x, \"y\"]\nb:\n  c: |\n    long\n    text\n";
        let root = tree(source).root.unwrap();
        let members = root.get("a").unwrap().members();
        assert_eq!(members[1].text(), Some("y"));
        assert_eq!((members[1].span.line, members[1].span.column), (1, 8));
        let block = root.get("b").unwrap().get("c").unwrap();
        assert_eq!(&source[block.span.range()], "long\n    text");
        assert_eq!(block.part(source, 5..9).line, 5);
    }

    #[test]
    fn numbers_are_plain_decimals_only() {
        let root = tree("a: [1, -2.5, 0, 0x10, 1e3, 1_000, 007, \"1\"]").root.unwrap();
        let numbers: Vec<bool> = root.get("a").unwrap().members().iter().map(|node| node.number().is_some()).collect();
        assert_eq!(numbers, [true, true, true, false, false, false, false, false]);
    }

    #[test]
    fn too_deep_and_too_long_stop_the_file() {
        let deep = "[".repeat(MAX_DEPTH + 1) + &"]".repeat(MAX_DEPTH + 1);
        assert_eq!(tree(&deep).faults[0].code, "too-large");
        assert_eq!(tree(&"[".repeat(100_000)).faults[0].code, "too-large");
        let long = format!("a: {}é", "x".repeat(MAX_BYTES - 4));
        assert_eq!(tree(&long).faults[0].span.start, MAX_BYTES - 1);
    }
}
