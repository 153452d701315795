//! Grammar faults told again: what a parser of YAML says is true and helps nobody, so the line is looked at for the usual mistakes.

use std::ops::Range;
use std::sync::Arc;

use super::fault::{Fault, Span};
use super::layout;
use super::yaml::{Entry, Kind, Node};

/// Keys whose value is text for a person: there `*`, `&` and `!` are meant as characters.
pub const TEXT_KEYS: [&str; 5] = ["send", "ask", "say", "note", "about"];

/// What may stand behind a backslash in double quotes.
const ESCAPES: &str = "0abtnvfre \"/\\N_LPxuU\t";

/// Where nothing better is known.
pub(super) const CANT_READ: &str = "the lines can't be read as YAML; usually the spaces at the start do not line up";

/// What kind of complaint a parser has, as far as it matters here.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Complaint {
    /// A tab where only spaces can stand.
    Tab,
    /// The file ends within quotes.
    OpenQuote,
    /// Something follows closed quotes.
    BehindQuote,
    /// Anything else.
    Other,
}

/// What a parser's complaint at byte `at` means. `last` is the end of what was understood.
pub(super) fn retell(path: &Arc<str>, source: &str, complaint: Complaint, at: usize, last: usize) -> Fault {
    let line = Line::around(source, at);
    // A tab is the reader's first suspect, wherever the parser noticed it.
    if complaint == Complaint::Tab
        && let Some(tab) = line.indent_tab().or_else(|| Line::after(source, &line).and_then(|next| next.indent_tab()))
    {
        return tab_indent(path, source, tab);
    }
    if complaint == Complaint::OpenQuote {
        return open_quote(path, source, at);
    }
    if complaint == Complaint::BehindQuote
        && let Some(open) = source.get(last..at).and_then(|between| between.find(['"', '\''])).map(|shift| last + shift)
        && source.get(open..at).is_some_and(|quoted| quoted.contains('\n'))
    {
        // The quote ran on until the next text's opening quote.
        return open_quote(path, source, open);
    }
    if let Some(fault) = layout::brackets_or_spaces(path, source, at) {
        return fault;
    }
    let value = line.value_before(at);
    if let Some(start) = value {
        let text = source.get(start..line.end).unwrap_or_default();
        match text.chars().next() {
            Some('{') => return unquoted_braces(path, source, start),
            Some(first @ ('@' | '`' | '%' | '*' | '&' | '!' | '|' | '>')) => return needs_quotes(path, source, start, first),
            Some(first @ ('-' | '?')) if text.get(1..).is_some_and(|rest| rest.starts_with(' ')) => return needs_quotes(path, source, start, first),
            Some('"' | '\'' | '[') | None => {}
            Some(_) if text.contains(": ") || without_comment(text).ends_with(':') => {
                return colon_in_text(path, source, start);
            }
            Some(_) => {}
        }
    }
    let end = source.get(at..).and_then(|rest| rest.chars().next()).map_or(at, |c| at + c.len_utf8());
    if complaint == Complaint::BehindQuote {
        let single = source.get(..at).is_some_and(|before| before.trim_end().ends_with('\''));
        return Fault::error(path, "bad-yaml", Span::of(source, at..end), "the text goes on behind its closing quote")
            .label("the quote before this ended the text")
            .help(if single { "inside single quotes write `''` for an apostrophe" } else { "inside double quotes write `\\\"` for a quote" });
    }
    if let Some(escape) = wrong_escape(source, at) {
        let written = source.get(escape.clone()).unwrap_or_default();
        return Fault::error(path, "bad-yaml", Span::of(source, escape.clone()), format!("`{written}` means nothing in double quotes"))
            .label("`\\` begins an escape there")
            .help("write `\\\\` for a backslash, or put the text in single quotes");
    }
    layout::colon_or_indent(path, source, at).unwrap_or_else(|| {
        Fault::error(path, "bad-yaml", Span::of(source, at..end), CANT_READ)
            .label("the reader stopped here")
            .help("start the keys of one step at the same column, and close each quote and bracket")
    })
}

/// The first backslash of a text in double quotes, which begins at `at`, that begins no escape of YAML.
fn wrong_escape(source: &str, at: usize) -> Option<Range<usize>> {
    let line = Line::around(source, at);
    let text = source.get(at..line.end)?.strip_prefix('"')?;
    let mut chars = text.char_indices();
    while let Some((place, c)) = chars.next() {
        if c == '"' {
            return None;
        }
        let Some((next, behind)) = (if c == '\\' { chars.next() } else { None }) else { continue };
        if !ESCAPES.contains(behind) {
            return Some(at + 1 + place..at + 1 + next + behind.len_utf8());
        }
    }
    None
}

/// A key that is itself a map or list: nearly always `{{ … }}` without quotes.
pub(super) fn strange_key(path: &Arc<str>, source: &str, at: Span) -> Fault {
    let before = source.get(..at.start).map_or(0, |text| text.len() - usize::from(text.ends_with('{')));
    unquoted_braces(path, source, before)
}

/// Most texts begin with a name, so this is the first fault most authors meet.
fn unquoted_braces(path: &Arc<str>, source: &str, start: usize) -> Fault {
    let end = Value::at(source, start).end;
    let sign = if source.get(start..).is_some_and(|text| text.starts_with("{{")) { "{{" } else { "{" };
    let fault = Fault::error(path, "unquoted-braces", Span::of(source, start..end), format!("text that starts with `{sign}` must be in quotes"))
        .label("YAML reads `{` as the start of a map, not as text");
    let fault = in_quotes(fault, source, start, "put the whole message in quotes");
    // `{name}` in quotes would be sent as it is, which is hardly what was meant.
    if sign == "{" { Fault { fixable: false, ..fault }.note("a value is written with two, like `{{ contact.first_name }}`") } else { fault }
}

/// Shown with quotes around all of the text, not only from the colon on.
pub(super) fn colon_in_text(path: &Arc<str>, source: &str, start: usize) -> Fault {
    let span = Span::of(source, start..Value::at(source, start).end);
    let fault = Fault::error(path, "colon-in-text", span, "`: ` inside text needs quotes").label("YAML reads what stands before `:` as a key");
    if source.get(span.range()).is_some_and(|text| text.starts_with('“') && text.ends_with('”')) {
        let (open, close) = ('“'.len_utf8(), '”'.len_utf8());
        let fault = fault.note("curly quotes are letters to YAML").help("write straight quotes");
        return fault.patch(span.start..span.start + open, "\"").patch(span.end - close..span.end, "\"").fixable();
    }
    in_quotes(fault, source, start, "put the whole text in quotes")
}

/// The repair of a text that begins at `start` and lacks quotes.
fn in_quotes(fault: Fault, source: &str, start: usize, help: &str) -> Fault {
    let value = Value::at(source, start);
    let fault = fault.help(help).quote(source, start..value.end);
    if value.is_whole { fault.fixable() } else { fault }
}

/// Points at the quote that opens, not at the far line where the parser gave up.
fn open_quote(path: &Arc<str>, source: &str, at: usize) -> Fault {
    Fault::error(path, "open-quote", Span::of(source, at..at + 1), "this quote is never closed")
        .label("everything behind it was read as one text")
        .help("write the same quote at the end of the text; inside a text write `\\\"`")
}

/// Shows the line with quotes around all of the text.
fn needs_quotes(path: &Arc<str>, source: &str, at: usize, first: char) -> Fault {
    let span = Span::of(source, at..at + first.len_utf8());
    let fault = Fault::error(path, "needs-quotes", span, format!("text can't start with `{first}` here"))
        .label("this character has a meaning of its own in YAML");
    in_quotes(fault, source, at, "put the whole text in quotes")
}

/// A text that YAML took for settings: `{first_name}` without quotes, or a line of it with a colon in the middle.
pub(super) fn text_as_map(path: &Arc<str>, source: &str, value: &Node, entry: &Entry) -> Option<Fault> {
    let is_flow = source.get(value.span.start..).is_some_and(|text| text.starts_with('{'));
    if is_flow {
        return entry.value.is_null().then(|| unquoted_braces(path, source, value.span.start));
    }
    entry.key.contains(' ').then(|| colon_in_text(path, source, entry.at.start))
}

/// A text whose first character starts a comment, so that nothing is left of it.
pub(super) fn text_is_comment(path: &Arc<str>, source: &str, value: &Node) -> Option<Fault> {
    let line = Line::around(source, value.span.start);
    let rest = source.get(value.span.start..line.end)?;
    let at = value.span.start + rest.find('#')?;
    let only_space = source.get(value.span.start..at)?.trim_start_matches(':').trim().is_empty();
    let is_text = source.get(at + 1..)?.starts_with(|c: char| !c.is_whitespace());
    (only_space && is_text).then(|| needs_quotes(path, source, at, '#'))
}

/// A word that begins with `&`, `*` or `!`. Under a text's key it is text that lacks quotes.
pub(super) fn special(path: &Arc<str>, source: &str, start: usize, key: Option<&str>) -> Fault {
    let rest = source.get(start..Line::around(source, start).end).unwrap_or_default();
    let word = rest.split([' ', ',', ']', '}', ':']).next().unwrap_or_default();
    let first = word.chars().next().unwrap_or('&');
    let quoted = rest.get(word.len()..).unwrap_or_default().trim_start().starts_with(['"', '\'', '|', '>', '{', '[']);
    if key.is_some_and(|key| TEXT_KEYS.contains(&key)) && !quoted {
        return needs_quotes(path, source, start, first);
    }
    Fault::error(path, "anchor-or-merge", Span::of(source, start..start + word.len()), "anchors and merge keys are not used here")
        .label("would be read as a reference, not as text")
        .help("write the lines out, or move the steps to a playbook of their own and `run` it")
}

/// Tabs before the first character of a line, outside texts of several lines.
pub(super) fn tabs(path: &Arc<str>, source: &str, root: &Node) -> Vec<Fault> {
    if !source.contains('\t') {
        return Vec::new();
    }
    let mut texts = Vec::new();
    long_texts(root, &mut texts);
    let mut faults = Vec::new();
    let mut start = 0;
    for text in source.split_inclusive('\n') {
        let line = Line { source, start, end: start + text.trim_end().len() };
        if let Some(tab) = line.indent_tab()
            && !texts.iter().any(|(from, to)| (*from..*to).contains(&tab))
        {
            faults.push(tab_indent(path, source, tab));
        }
        start += text.len();
    }
    faults
}

/// Places of all texts: a tab inside one is content.
fn long_texts(node: &Node, out: &mut Vec<(usize, usize)>) {
    match &node.kind {
        Kind::Map(entries) => entries.iter().for_each(|entry| long_texts(&entry.value, out)),
        Kind::List(members) => members.iter().for_each(|member| long_texts(member, out)),
        Kind::Text { .. } => out.push((node.span.start, node.span.end)),
        Kind::Reported => {}
    }
}

/// Two spaces are what the examples use.
fn tab_indent(path: &Arc<str>, source: &str, tab: usize) -> Fault {
    let space = source.get(tab..).unwrap_or_default();
    let space = space.get(..space.len() - space.trim_start_matches([' ', '\t']).len()).unwrap_or_default();
    Fault::error(path, "tab-indent", Span::of(source, tab..tab + 1), "a tab can't be used to indent")
        .label("how far a tab reaches differs from editor to editor")
        .help("use two spaces")
        .patch(tab..tab + space.len(), space.replace('\t', "  "))
        .fixable()
}

/// Text up to a comment, without spaces at its end.
fn without_comment(text: &str) -> &str {
    text.find(" #").and_then(|at| text.get(..at)).unwrap_or(text).trim_end()
}

/// A text without quotes, as far as its line shows it.
struct Value {
    /// Behind its last character.
    end: usize,
    /// Nothing else can belong to it: neither a further line nor what stands behind a comma.
    is_whole: bool,
}

impl Value {
    /// The text that begins at a byte, without a comment behind it. Within brackets it ends where they close, or where the next key
    /// or member begins.
    fn at(source: &str, start: usize) -> Value {
        let line = Line::around(source, start);
        let rest = without_comment(source.get(start..line.end).unwrap_or_default());
        let inside = open_bracket(source.get(line.start..start).unwrap_or_default());
        let Some(inside) = inside else {
            // What closes at its end was opened on a line before.
            let closes = rest.ends_with([',', ']']) || (rest.ends_with('}') && !rest.ends_with("}}"));
            return Value { end: start + rest.len(), is_whole: !closes && !line.goes_on(start) };
        };
        let mut depth = 0_usize;
        let mut end = rest.len();
        for (at, c) in rest.char_indices() {
            let behind = rest.get(at + 1..).unwrap_or_default();
            match c {
                '{' | '[' => depth += 1,
                '}' | ']' if depth == 0 => {
                    end = at;
                    break;
                }
                '}' | ']' => depth -= 1,
                ',' if depth == 0 && (inside == '[' || starts_with_key(behind)) => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        let text = rest.get(..end).unwrap_or(rest).trim_end();
        Value { end: start + text.len(), is_whole: end < rest.len() && !text.contains(',') }
    }
}

/// The bracket that is open at the end of a part of a line.
fn open_bracket(before: &str) -> Option<char> {
    let mut open = Vec::new();
    let mut quote = None;
    for c in before.chars() {
        match (quote, c) {
            (Some(sign), _) => quote = if c == sign { None } else { Some(sign) },
            (None, '"' | '\'') => quote = Some(c),
            (None, '{' | '[') => open.push(c),
            (None, '}' | ']') => drop(open.pop()),
            _ => {}
        }
    }
    open.pop()
}

/// Whether a further key with its colon begins here.
fn starts_with_key(text: &str) -> bool {
    text.trim_start().split_once(':').is_some_and(|(key, _)| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

/// A line of the file.
struct Line<'a> {
    /// The file.
    source: &'a str,
    /// Its first byte.
    start: usize,
    /// Behind its last byte, without the line break.
    end: usize,
}

impl<'a> Line<'a> {
    /// The line that holds a byte.
    fn around(source: &'a str, at: usize) -> Line<'a> {
        let start = source.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |break_at| break_at + 1);
        let end = source.get(start..).and_then(|rest| rest.find('\n')).map_or(source.len(), |length| start + length);
        Line { source, start, end }
    }

    /// The line behind a line.
    fn after(source: &'a str, line: &Line<'_>) -> Option<Line<'a>> {
        (line.end + 1 < source.len()).then(|| Line::around(source, line.end + 1))
    }

    /// Its characters.
    fn text(&self) -> &'a str {
        self.source.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether the next line belongs to the text that begins at a byte of this one, as it stands further in than the text's key.
    fn goes_on(&self, start: usize) -> bool {
        let before = self.source.get(self.start..start).unwrap_or_default();
        let key = before.find(|c: char| !c.is_whitespace() && c != '-').unwrap_or(before.len());
        let after = self.source.get(self.end..).unwrap_or_default();
        let next = after.lines().find(|line| !line.trim().is_empty());
        next.is_some_and(|next| next.len() - next.trim_start().len() > key && !next.trim_start().starts_with('#'))
    }

    /// A tab in its leading space, if anything follows.
    fn indent_tab(&self) -> Option<usize> {
        let text = self.text();
        let space = text.get(..text.len() - text.trim_start().len())?;
        (!text.trim().is_empty()).then(|| space.find('\t')).flatten().map(|at| self.start + at)
    }

    /// Where the value of the line's key, or list member, begins: the last such place not behind `at`.
    fn value_before(&self, at: usize) -> Option<usize> {
        let text = self.text();
        let mut start = text.len() - text.trim_start().len();
        while let Some(rest) = text.get(start..).and_then(|rest| rest.strip_prefix("- ")) {
            start = text.len() - rest.trim_start().len();
        }
        let rest = text.get(start..)?;
        let key = rest.split(':').next()?;
        let is_key = !key.is_empty() && key.len() < rest.len() && key.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
        if is_key {
            let value = rest.get(key.len() + 1..)?;
            start = text.len() - value.trim_start().len();
        }
        // In a flow map the value is the one behind the last key before the fault.
        if text.get(start..).is_some_and(|rest| rest.starts_with(['{', '[']) && !rest.starts_with("{{"))
            && let Some(before) = self.source.get(self.start + start..at)
        {
            let opened = before.match_indices(": ").map(|(shift, _)| shift + 2).find(|shift| {
                let value = before.get(*shift..).unwrap_or_default().trim_start();
                value.starts_with("{{") || (!value.contains([',', '{', '[', '"', '\'']))
            });
            return opened.map(|shift| self.start + start + shift).or(Some(self.start + start));
        }
        Some(self.start + start).filter(|start| *start < self.end)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::yaml::read;
    use std::sync::Arc;

    fn first(source: &str) -> (&'static str, usize, usize) {
        let faults = read(&Arc::from("a.yaml"), source).faults;
        (faults[0].code, faults[0].span.line, faults[0].span.column)
    }

    #[test]
    fn usual_mistakes_are_named() {
        for (source, expected) in [
            ("steps:\n\t- a: 1\n", ("tab-indent", 2, 1)),
            ("a:\n  - b\n\t- c\n", ("tab-indent", 3, 1)),
            ("send: {{ x }}, what\nb: 1\n", ("unquoted-braces", 1, 7)),
            ("send: {{ x }}\n", ("unquoted-braces", 1, 7)),
            ("- {say: {{ x }} there}\n", ("unquoted-braces", 1, 9)),
            ("send: {first} you\n", ("unquoted-braces", 1, 7)),
            ("send: Pick one: a or b\n", ("colon-in-text", 1, 7)),
            ("- send: Pick one:\n", ("colon-in-text", 1, 9)),
            ("- {match: yes, say: Pick one: b}\n", ("colon-in-text", 1, 21)),
            ("a: \"open\nb: 2\n", ("open-quote", 1, 4)),
            ("a: \"open\nb: \"two\"\n", ("open-quote", 1, 4)),
            ("send: @you\n", ("needs-quotes", 1, 7)),
            ("send: `you`\n", ("needs-quotes", 1, 7)),
            ("send: *Sale* today\n", ("needs-quotes", 1, 7)),
            ("send: & more\n", ("needs-quotes", 1, 7)),
            ("send: !Big sale\n", ("needs-quotes", 1, 7)),
            ("send: > text\n", ("needs-quotes", 1, 7)),
            ("a: &x 1\n", ("anchor-or-merge", 1, 4)),
            ("a: *x\n", ("anchor-or-merge", 1, 4)),
            ("<<: {a: 1}\n", ("anchor-or-merge", 1, 1)),
            ("a: !x 1\n", ("anchor-or-merge", 1, 4)),
            ("a: 1\n---\nb: 2\n", ("more-than-one-document", 2, 1)),
            ("a: 1\nb: 2\na: 3\n", ("duplicate-key", 3, 1)),
            ("a:\n  b: 1\n c: 2\n", ("bad-yaml", 3, 2)),
        ] {
            assert_eq!(first(source), expected, "{source:?}");
        }
    }
}
