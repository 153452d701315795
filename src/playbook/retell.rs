//! Grammar faults told again: what a parser of YAML says is true and helps nobody, so the line is looked at for the usual mistakes.

use std::sync::Arc;

use super::fault::{Fault, Span};
use super::yaml::{Kind, Node};

/// Keys whose value is text for a person: there `*`, `&` and `!` are meant as characters.
pub const TEXT_KEYS: [&str; 5] = ["send", "ask", "say", "note", "about"];

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
    let value = line.value_before(at);
    if let Some(start) = value {
        let text = source.get(start..line.end).unwrap_or_default();
        let span = Span::of(source, start..start + without_comment(text).len());
        match text.chars().next() {
            Some('{') => return unquoted_braces(path, source, start),
            Some(first @ ('@' | '`' | '%' | '*' | '&' | '!' | '|' | '>')) => return needs_quotes(path, source, start, first),
            Some('"' | '\'' | '[') | None => {}
            Some(_) if text.contains(": ") || without_comment(text).ends_with(':') => {
                return Fault::error(path, "colon-in-text", span, "`: ` inside text needs quotes")
                    .label("YAML reads what stands before `:` as a key")
                    .help("put the whole text in quotes")
                    .patch(span.start..span.start, "\"")
                    .patch(span.end..span.end, "\"");
            }
            Some(_) => {}
        }
    }
    let end = source.get(at..).and_then(|rest| rest.chars().next()).map_or(at, |c| at + c.len_utf8());
    Fault::error(path, "bad-yaml", Span::of(source, at..end), "the lines can't be read as YAML; usually the spaces at the start do not line up")
        .label(if complaint == Complaint::BehindQuote {
            "the quote before it ended the text; inside a text write `\\\"`"
        } else {
            "the reader stopped here"
        })
        .help("start the keys of one step at the same column, and close each quote and bracket")
}

/// A key that is itself a map or list: nearly always `{{ … }}` without quotes.
pub(super) fn strange_key(path: &Arc<str>, source: &str, at: Span) -> Fault {
    let before = source.get(..at.start).map_or(0, |text| text.len() - usize::from(text.ends_with('{')));
    unquoted_braces(path, source, before)
}

/// Most texts begin with a name, so this is the first fault most authors meet.
fn unquoted_braces(path: &Arc<str>, source: &str, start: usize) -> Fault {
    let line = Line::around(source, start);
    let rest = source.get(start..line.end).unwrap_or_default();
    // Inside another flow map only the braces themselves are surely the text's.
    let in_flow = source.get(line.start..start).is_some_and(|before| before.contains(['{', '[']));
    let text = if in_flow { rest.find("}}").and_then(|end| rest.get(..end + 2)).unwrap_or(rest) } else { without_comment(rest) };
    let span = Span::of(source, start..start + text.len());
    let sign = if text.starts_with("{{") { "{{" } else { "{" };
    Fault::error(path, "unquoted-braces", span, format!("text that starts with `{sign}` must be in quotes"))
        .label("YAML reads `{` as the start of a map, not as text")
        .help("put the whole message in quotes")
        .patch(span.start..span.start, "\"")
        .patch(span.end..span.end, "\"")
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
    let line = Line::around(source, at);
    let end = at + without_comment(source.get(at..line.end).unwrap_or_default()).len();
    Fault::error(path, "needs-quotes", span, format!("text can't start with `{first}` here"))
        .label("this character has a meaning of its own in YAML")
        .help("put the whole text in quotes")
        .patch(at..at, "\"")
        .patch(end..end, "\"")
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
    Fault::error(path, "tab-indent", Span::of(source, tab..tab + 1), "a tab can't be used to indent")
        .label("how far a tab reaches differs from editor to editor")
        .help("use two spaces")
        .patch(tab..tab + 1, "  ")
}

/// Text up to a comment, without spaces at its end.
fn without_comment(text: &str) -> &str {
    text.find(" #").and_then(|at| text.get(..at)).unwrap_or(text).trim_end()
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
