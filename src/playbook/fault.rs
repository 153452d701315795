//! A fault: one thing wrong with a playbook, with its place, the reader's words for it and, where known, the repair.

use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;

use super::did_you_mean::{did_you_mean, is_certain};

/// A place in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Span {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// First byte.
    pub start: usize,
    /// Byte behind the last.
    pub end: usize,
}

impl Span {
    /// The place of some bytes of a source; its line and column are counted here.
    pub fn of(source: &str, range: Range<usize>) -> Span {
        let before = source.get(..range.start).unwrap_or(source);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Span {
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            start: range.start,
            end: range.end.max(range.start),
        }
    }

    /// Its bytes.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// Whether a file with the fault is loaded all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// It is not.
    Error,
    /// It is.
    Warning,
}

impl Level {
    /// The word in front of a message.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
        }
    }
}

/// A change that would repair the file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Patch {
    /// Byte to start at.
    pub start: usize,
    /// Byte to stop before.
    pub end: usize,
    /// What to write there.
    pub text: String,
}

/// A second place that explains the first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Second {
    /// Where, in the same file.
    pub span: Span,
    /// What is there.
    pub label: String,
}

/// One thing wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fault {
    /// Its code, which `explain` knows.
    pub code: &'static str,
    /// How bad.
    pub level: Level,
    /// The file, as shown.
    pub path: Arc<str>,
    /// The few characters to change.
    pub span: Span,
    /// What is wrong, in one phrase.
    pub message: String,
    /// The consequence, shown under the characters.
    pub label: String,
    /// A second place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<Second>,
    /// Further remarks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// A known name close to the one written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guess: Option<String>,
    /// What to do, in one phrase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The change that does it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<Patch>,
    /// The change is surely what was meant, so `--fix` may make it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub fixable: bool,
}

impl Fault {
    /// A fault that keeps the file from being loaded.
    pub fn error(path: &Arc<str>, code: &'static str, span: Span, message: impl Into<String>) -> Fault {
        Fault {
            code,
            level: Level::Error,
            path: path.clone(),
            span,
            message: message.into(),
            label: String::new(),
            second: None,
            notes: Vec::new(),
            guess: None,
            help: None,
            patches: Vec::new(),
            fixable: false,
        }
    }

    /// A fault to act on, with which the file is loaded.
    pub fn warning(path: &Arc<str>, code: &'static str, span: Span, message: impl Into<String>) -> Fault {
        Fault { level: Level::Warning, ..Fault::error(path, code, span, message) }
    }

    /// The fault in one sentence, with what to do about it.
    pub fn sentence(&self) -> String {
        self.help.as_ref().map_or_else(|| self.message.clone(), |help| format!("{}; {help}", self.message))
    }

    /// Says the consequence.
    pub fn label(mut self, label: impl Into<String>) -> Fault {
        self.label = label.into();
        self
    }

    /// Shows a second place.
    pub fn second(mut self, span: Span, label: impl Into<String>) -> Fault {
        self.second = Some(Second { span, label: label.into() });
        self
    }

    /// Adds a remark.
    pub fn note(mut self, note: impl Into<String>) -> Fault {
        self.notes.push(note.into());
        self
    }

    /// Says what to do.
    pub fn help(mut self, help: impl Into<String>) -> Fault {
        self.help = Some(help.into());
        self
    }

    /// Shows the change.
    pub fn patch(mut self, range: Range<usize>, text: impl Into<String>) -> Fault {
        self.patches.push(Patch { start: range.start, end: range.end, text: text.into() });
        self
    }

    /// Shows quotes around a text.
    pub fn quote(self, source: &str, range: Range<usize>) -> Fault {
        let text = source.get(range.clone()).unwrap_or_default();
        let escapes = text.contains(['"', '\\']);
        let sign = if escapes && !text.contains('\'') { "'" } else { "\"" };
        let mut fault = self.patch(range.start..range.start, sign);
        if sign == "\"" {
            for (at, _) in text.match_indices(['"', '\\']) {
                fault = fault.patch(range.start + at..range.start + at, "\\");
            }
        }
        fault.patch(range.end..range.end, sign)
    }

    /// Says that the change shown can only be the right one.
    pub fn fixable(mut self) -> Fault {
        self.fixable = !self.patches.is_empty();
        self
    }

    /// Guesses what `written` was meant to be, and offers to write it at the fault's place.
    pub fn guess<'a>(self, written: &str, known: impl IntoIterator<Item = &'a str>) -> Fault {
        let known: Vec<&str> = known.into_iter().collect();
        match did_you_mean(written, known.iter().copied()) {
            Some(near) => {
                let range = self.span.range();
                let fixable = self.fixable || is_certain(written, known.iter().copied());
                Fault { guess: Some(near.to_owned()), help: Some(format!("did you mean `{near}`?")), fixable, ..self }.patch(range, near)
            }
            None => self,
        }
    }
}
