//! Faults in templates and expressions that are found when they are parsed, told in the reader's words.
//!
//! Faults carry the range of the few characters to change. The words are ours: minijinja's messages speak of blocks and
//! brackets to programmers, and a marketer needs to hear that `{{` is never closed.

use std::ops::Range;

use thiserror::Error;

/// What is longer says nothing about the place, in bytes.
const MAX_SHOWN: usize = 40;

/// Why a template can't be used at all, found when it is parsed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct TemplateFault {
    /// What is wrong, in the reader's words.
    pub message: String,
    /// The place, in bytes of the source.
    pub range: Range<usize>,
    /// What kind of fault it is.
    pub kind: FaultKind,
}

/// The kinds of faults in templates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// It can't be read.
    Syntax,
    /// A tag other than `if`, `for` and `set`.
    ForbiddenTag(String),
    /// A filter that doesn't exist.
    UnknownFilter(String),
    /// A function that doesn't exist.
    UnknownFunction(String),
    /// A test that doesn't exist.
    UnknownTest(String),
}

impl TemplateFault {
    /// The fault with the words for its kind.
    pub(super) fn new(kind: FaultKind, range: Range<usize>) -> TemplateFault {
        let message = match &kind {
            FaultKind::Syntax => "this template can't be read".to_owned(),
            FaultKind::ForbiddenTag(tag) => match tag.as_str() {
                "include" | "import" | "from" | "extends" => {
                    format!("`{{% {tag} %}}` can't be used; write `{{file: …}}` for a text in a file of its own")
                }
                _ => format!("`{{% {tag} %}}` can't be used; texts know `if`, `for` and `set`"),
            },
            FaultKind::UnknownFilter(name) => format!("there is no filter `{name}`"),
            FaultKind::UnknownFunction(name) => format!("there is no function `{name}`"),
            FaultKind::UnknownTest(name) => format!("there is no test `{name}`"),
        };
        TemplateFault { message, range, kind }
    }

    /// `clicked` with anything but one id in quotes.
    pub(super) fn clicked_without_id(range: Range<usize>) -> TemplateFault {
        let message = "`clicked` needs the id of a step in quotes, like `clicked('offer')`".to_owned();
        TemplateFault { message, range, kind: FaultKind::Syntax }
    }

    /// Retells a syntax error of minijinja.
    pub(super) fn of_syntax(error: &minijinja::Error, source: &str) -> TemplateFault {
        let detail = error.detail().unwrap_or_default();
        let range = error.range().filter(|range| range.end <= source.len()).unwrap_or(0..source.len());
        if let Some(tag) = detail.strip_prefix("unknown statement ") {
            return TemplateFault::new(FaultKind::ForbiddenTag(tag.trim_matches('`').to_owned()), range);
        }
        let open = |mark: &str, closing: &str| {
            let at = source.rfind(mark)?;
            source.get(at..).filter(|rest| !rest.contains(closing)).map(|_| at)
        };
        for (mark, closing) in [("{{", "}}"), ("{%", "%}"), ("{#", "#}")] {
            if let Some(at) = open(mark, closing) {
                let message = format!("`{mark}` is never closed; write `{closing}` where it ends");
                return TemplateFault { message, range: at..source.len(), kind: FaultKind::Syntax };
            }
        }
        if let Some((tag, range)) = open_tag(source) {
            let message = format!("`{{% {tag} %}}` is never closed; write `{{% end{tag} %}}` behind what it covers");
            return TemplateFault { message, range, kind: FaultKind::Syntax };
        }
        let found = source.get(range.clone()).unwrap_or_default().trim();
        let message = if detail.starts_with("unexpected end of variable block") {
            "something is missing before this `}}`".to_owned()
        } else if detail.starts_with("unexpected end of block") {
            "something is missing before this `%}`".to_owned()
        } else if detail.starts_with("unexpected end of") {
            "something is missing at the end".to_owned()
        } else if found == "=" {
            "`=` can't stand here; to compare, write `==`".to_owned()
        } else if found.is_empty() || found.len() > MAX_SHOWN {
            "this template can't be read".to_owned()
        } else {
            format!("`{found}` can't stand here")
        };
        TemplateFault { message, range, kind: FaultKind::Syntax }
    }
}

/// The last `if` or `for` without its end, with the place of its tag.
fn open_tag(source: &str) -> Option<(&str, Range<usize>)> {
    let mut open: Vec<(&str, Range<usize>)> = Vec::new();
    for (at, _) in source.match_indices("{%") {
        let inside = source.get(at + 2..)?;
        let end = inside.find("%}")?;
        let word = inside.get(..end)?.trim_start_matches('-').split_whitespace().next().unwrap_or_default();
        match word {
            "if" | "for" => open.push((word, at..at + end + 4)),
            "endif" | "endfor" => drop(open.pop()),
            _ => {}
        }
    }
    open.pop()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::template::{Expr, Template};
    use super::*;

    #[test]
    fn faults_are_found_when_parsing() {
        let fault = |source: &str| Template::parse(source).unwrap_err();
        let at = |source: &str| {
            let fault = fault(source);
            (source.get(fault.range.clone()).unwrap().to_owned(), fault.kind)
        };
        for tag in ["include", "import", "from", "extends", "macro", "block", "call", "filter", "with", "autoescape", "do"] {
            let source = match tag {
                "include" | "extends" => format!("a {{% {tag} 'x' %}}"),
                "import" => "a {% import 'x' as y %}".to_owned(),
                "from" => "a {% from 'x' import y %}".to_owned(),
                "macro" => "a {% macro x() %}{% endmacro %}".to_owned(),
                "block" => "a {% block x %}{% endblock %}".to_owned(),
                "call" => "a {% call link() %}{% endcall %}".to_owned(),
                "filter" => "a {% filter upper %}x{% endfilter %}".to_owned(),
                "with" => "a {% with x = 1 %}{% endwith %}".to_owned(),
                "autoescape" => "a {% autoescape true %}{% endautoescape %}".to_owned(),
                _ => "a {% do link('x') %}".to_owned(),
            };
            let (place, kind) = at(&source);
            assert_eq!(kind, FaultKind::ForbiddenTag(tag.to_owned()), "{source}");
            assert!(place.starts_with("{%") && place.contains(tag) && place.ends_with("%}"), "{place}");
        }
        assert_eq!(at("{{ x | curency }}"), ("curency".to_owned(), FaultKind::UnknownFilter("curency".to_owned())));
        assert_eq!(at("{{ x | tojson }}").1, FaultKind::UnknownFilter("tojson".to_owned()));
        assert_eq!(at("{{ range(10) }}"), ("range".to_owned(), FaultKind::UnknownFunction("range".to_owned())));
        assert_eq!(at("{{ event.items() }}").1, FaultKind::UnknownFunction("items".to_owned()));
        assert_eq!(at("{% if x is nice %}{% endif %}"), ("nice".to_owned(), FaultKind::UnknownTest("nice".to_owned())));
        assert_eq!(at("Hi {{ brand"), ("{{ brand".to_owned(), FaultKind::Syntax));
        assert_eq!(fault("Hi {{ brand").message, "`{{` is never closed; write `}}` where it ends");
        assert_eq!(at("{{ clicked(offer) }}").1, FaultKind::Syntax);
        assert_eq!(at("{% frob %}").1, FaultKind::ForbiddenTag("frob".to_owned()));
        assert_eq!(at("{% if x %}").1, FaultKind::Syntax);
        for (source, message) in [
            ("{% if x %}a{% for y in x %}b{% endfor %}", "`{% if %}` is never closed; write `{% endif %}` behind what it covers"),
            ("{{ x | }}", "something is missing before this `}}`"),
            ("{% if x = 1 %}a{% endif %}", "`=` can't stand here; to compare, write `==`"),
            ("{{ x y }}", "`y` can't stand here"),
        ] {
            assert_eq!(fault(source).message, message);
        }
        assert_eq!(Expr::parse("a ==").unwrap_err().message, "something is missing at the end");
        assert_eq!(Expr::parse("a ==").unwrap_err().kind, FaultKind::Syntax);
        assert_eq!(Expr::parse("a | nope").unwrap_err().range, 4..8);
    }
}
