//! Single values against their kind: lengths of time, names, numbers, patterns, times of day.
//!
//! Whether a name leads anywhere is not asked here; that needs the whole folder.

use jiff::tz::TimeZone;

use super::cron::{self, CronFault};
use super::fault::{Fault, Span};
use super::keys::{Kind, MAX_LIST};
use super::matches;
use super::retell;
use super::set::KEPT_FIELDS;
use super::shape::File;
use super::small;
use super::yaml::{Entry, Kind as NodeKind, Node, Style};
use crate::text::{Days, Length, Window, parse_time_of_day, parse_when};

/// Names longer than this are sentences.
const MAX_NAME: usize = 64;

/// A name: lower-case letters, digits and `_`, a letter first.
pub fn is_name(text: &str) -> bool {
    text.len() <= MAX_NAME
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// A language tag such as `en` or `es-MX`.
pub fn is_language(text: &str) -> bool {
    let (first, region) = text.split_once('-').map_or((text, None), |(first, region)| (first, Some(region)));
    first.len() == 2
        && first.chars().all(|c| c.is_ascii_lowercase())
        && region.is_none_or(|region| region.len() == 2 && region.chars().all(|c| c.is_ascii_uppercase()))
}

/// A value of another kind than its place takes.
pub fn wrong_shape(file: File<'_>, node: &Node, expected: &str) -> Fault {
    let found = match &node.kind {
        NodeKind::Map(_) => "here are settings with `:`",
        NodeKind::List(members) if members.is_empty() => "this list is empty",
        NodeKind::List(_) => "here is a list",
        NodeKind::Text { .. } if node.is_null() => "here is nothing",
        NodeKind::Text { .. } => "here is a text",
        NodeKind::Reported => "here is something else",
    };
    // A map or list is long; its first line says enough.
    let line = file.source.get(node.span.range()).and_then(|text| text.lines().next()).map_or(0, str::len);
    let span = Span { end: node.span.start + line, ..node.span };
    Fault::error(file.path, "wrong-shape", span, format!("expected {expected} here")).label(found)
}

/// Checks one value and reports what is wrong with it.
pub fn check(file: File<'_>, entry: &Entry, kind: Kind, faults: &mut Vec<Fault>) {
    let mut check = Check { file, faults };
    check.value(&entry.value, &entry.key, kind);
}

/// One check with what it reports to.
pub(super) struct Check<'a, 'f> {
    /// The file.
    pub file: File<'a>,
    /// Where faults go.
    pub faults: &'f mut Vec<Fault>,
}

impl Check<'_, '_> {
    /// One arm for each kind: what is not listed as special is text.
    fn value(&mut self, node: &Node, key: &str, kind: Kind) {
        match kind {
            Kind::Text => self.contact_text(node),
            Kind::Template if key == "wait_until" => self.moment(node),
            Kind::Template => {
                self.text(node);
                self.cut_by_comment(node);
            }
            Kind::Label | Kind::Expr | Kind::Goto | Kind::Playbook | Kind::Sender | Kind::Queue => {
                self.text(node);
            }
            Kind::About => {
                self.text(node);
            }
            Kind::Name => self.name(node, is_name),
            Kind::Target => self.name(node, is_target),
            Kind::Milestone => self.name(node, is_milestone),
            Kind::Tags | Kind::Senders => self.texts(node, usize::MAX),
            Kind::Keywords => self.keywords(node),
            Kind::Media | Kind::Buttons => self.texts(node, MAX_LIST),
            Kind::Duration => self.length(node, "1h30m", Length::parse),
            Kind::Pause => self.length(node, "3s", Length::parse_or_zero),
            Kind::TimeOfDay => self.parsed(node, "bad-time", "is not a time of day", "9am", parse_time_of_day),
            Kind::Window => self.parsed(node, "bad-time", "is not a part of the day", "9am-8pm", Window::parse),
            Kind::Days => self.parsed(node, "bad-time", "is not a choice of days", "mon-fri,sun", Days::parse),
            Kind::Moment => self.parsed(node, "bad-time", "is not a date with a time", "2026-05-01 10:00", |text| parse_when(text, &TimeZone::UTC)),
            Kind::Cap => self.parsed(node, "bad-number", "is not a cap", "2 per day", small::cap),
            Kind::Rate => self.parsed(node, "bad-number", "is not a pace", "100/m", small::rate),
            Kind::Percent => self.parsed(node, "bad-number", "is not a share from 1% to 99%", "5%", small::percent),
            Kind::Entry => self.parsed(node, "bad-duration", "is not `always`, `once` or `once per` a length of time", "once per 90d", small::entry),
            Kind::Cron => self.cron(node),
            Kind::Zone => self.zone(node),
            Kind::Language => self.parsed(node, "wrong-shape", "is not a language", "en", |text| is_language(text).then_some(())),
            Kind::OneOf(words) => self.one_of(node, words),
            Kind::Bool => self.bool(node, "`true` or `false`", |_| true),
            Kind::True => self.bool(node, "`true`", |value| value),
            Kind::Count(min, max) => self.count(node, key, min, max),
            Kind::Weight => self.weight(node, key),
            Kind::Match => matches::check(self, node),
            Kind::As => {
                if node.number().is_none() && node.bool().is_none() {
                    self.text(node);
                }
            }
            Kind::Value => self.any(node),
            Kind::Values => self.map(node, |_| true, Check::any),
            Kind::Templates => self.map(node, |_| true, |check, value| check.scalar(value)),
            Kind::Set => self.map(node, is_target, Check::any),
            Kind::HttpSave | Kind::RunSave => self.map(node, is_target, |check, value| {
                check.text(value);
            }),
            Kind::Params => self.map(node, is_name, |_, _| {}),
            Kind::Renamed => self.map(node, is_name, |check, value| check.name(value, is_name)),
            Kind::Call => self.call(node),
            // The reader walks into these itself.
            Kind::Form(_) | Kind::Forms(_) | Kind::Branch(_) | Kind::Branches(_) | Kind::Triggers | Kind::Steps => {}
        }
    }

    /// Reports a fault and gives it to be completed.
    pub(super) fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>, label: &str) {
        self.faults.push(Fault::error(self.file.path, code, span, message).label(label));
    }

    /// A single value that is read as text.
    pub(super) fn text<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        let NodeKind::Text { text, style } = &node.kind else {
            if node.kind != NodeKind::Reported {
                self.faults.push(wrong_shape(self.file, node, "text"));
            }
            return None;
        };
        if node.is_null() || text.trim().is_empty() {
            let cut = retell::text_is_comment(self.file.path, self.file.source, node);
            let fault = cut
                .unwrap_or_else(|| Fault::error(self.file.path, "empty-text", node.span, "this text is empty").label("nothing to send or to match"));
            self.faults.push(fault);
            return None;
        }
        if *style == Style::Plain && text.strip_prefix('+').is_some_and(|digits| !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())) {
            let span = node.span;
            let fault = Fault::error(self.file.path, "unquoted-plus-number", span, format!("`{text}` without quotes is a number"))
                .label("the `+` would be lost")
                .help("put it in quotes")
                .quote(self.file.source, span.range())
                .fixable();
            self.faults.push(fault);
            return None;
        }
        Some(text)
    }

    /// One text, a text per language, or a file.
    fn contact_text(&mut self, node: &Node) {
        let NodeKind::Map(entries) = &node.kind else {
            self.text(node);
            self.cut_by_comment(node);
            return;
        };
        if entries.is_empty() {
            self.faults.push(wrong_shape(self.file, node, "text"));
        }
        let is_file = entries.iter().any(|entry| entry.key == "file");
        let strange = entries.iter().find(|entry| entry.key != "file" && !is_language(&entry.key));
        if let Some(fault) = strange.and_then(|entry| retell::text_as_map(self.file.path, self.file.source, node, entry)) {
            return self.faults.push(fault);
        }
        for entry in entries {
            if entry.key != "file" && (is_file || !is_language(&entry.key)) {
                let fault = Fault::error(
                    self.file.path,
                    "unknown-key",
                    entry.at,
                    format!("`{}` is not a language, like `en` or `es-MX`, nor `file`", entry.key),
                )
                .label("a text is written as it is, once per language, or as `{file: …}`")
                .guess(&entry.key, ["file"]);
                self.faults.push(fault);
            }
            self.text(&entry.value);
            self.cut_by_comment(&entry.value);
        }
    }

    /// `Unit #5` without quotes: the text would end before the `#`.
    fn cut_by_comment(&mut self, node: &Node) {
        let NodeKind::Text { style: Style::Plain, .. } = node.kind else { return };
        let Some(rest) = self.file.source.get(node.span.end..) else { return };
        if !node.is_null() && rest.strip_prefix(" #").is_some_and(|comment| comment.starts_with(|c: char| !c.is_whitespace())) {
            let at = node.span.end + 1;
            let line_end = rest.find('\n').map_or(self.file.source.len(), |length| node.span.end + length);
            let fault = Fault::warning(
                self.file.path,
                "text-cut-by-comment",
                Span::of(self.file.source, at..at + 1),
                "` #` starts a comment: the text ends before it",
            )
            .label("this and the rest of the line would not be sent")
            .help("put the whole text in quotes, or two spaces before a comment")
            .patch(node.span.start..node.span.start, "\"")
            .patch(line_end..line_end, "\"");
            self.faults.push(fault);
        }
    }

    /// One text, or a list of up to `max`.
    fn texts(&mut self, node: &Node, max: usize) {
        let members = node.one_or_many();
        if members.is_empty() {
            self.faults.push(wrong_shape(self.file, node, "at least one text"));
        }
        for (place, member) in members.iter().enumerate() {
            if place == max {
                self.error("bad-number", member.span, format!("a text may have {max} of these"), "one too many");
            }
            self.text(member);
        }
    }

    /// A keyword is compared as it is cut, so something must be left of it.
    fn keywords(&mut self, node: &Node) {
        self.texts(node, usize::MAX);
        for member in node.one_or_many() {
            if member.text().is_some_and(|word| !word.trim().is_empty() && crate::text::cut(word).is_empty()) {
                self.error("empty-text", member.span, "nothing is left of this keyword", "politeness, emoji and signs do not count in a keyword");
            }
        }
    }

    /// A text or number that stands for itself.
    fn scalar(&mut self, node: &Node) {
        if node.number().is_none() && node.bool().is_none() {
            self.text(node);
        }
    }

    /// Any value; only what is surely a mistake is told.
    fn any(&mut self, node: &Node) {
        match &node.kind {
            NodeKind::Map(entries) => entries.iter().for_each(|entry| self.any(&entry.value)),
            NodeKind::List(members) => members.iter().for_each(|member| self.any(member)),
            NodeKind::Text { text, .. } if text.starts_with('+') => {
                self.text(node);
            }
            NodeKind::Text { .. } | NodeKind::Reported => {}
        }
    }

    /// A map whose keys are names; each value is looked at by `each`.
    fn map(&mut self, node: &Node, is_key: fn(&str) -> bool, each: impl Fn(&mut Self, &Node)) {
        let NodeKind::Map(entries) = &node.kind else {
            if node.kind != NodeKind::Reported {
                self.faults.push(wrong_shape(self.file, node, "names with values, each as `name: value`,"));
            }
            return;
        };
        for entry in entries {
            if !is_key(&entry.key) {
                self.bad_name(entry.at, &entry.key);
            }
            each(self, &entry.value);
        }
    }

    /// A name where it is made. Where one is only used, a rule tells that it leads nowhere.
    fn name(&mut self, node: &Node, is_name: fn(&str) -> bool) {
        let Some(text) = self.text(node) else { return };
        if !is_name(text) {
            self.bad_name(node.span, text);
        }
    }

    /// Offers the name as it could be written.
    fn bad_name(&mut self, span: Span, text: &str) {
        if let Some(field) = kept_field(text) {
            let help = match field {
                "tags" => "write `tag: NAME` or `untag: NAME` as a step",
                "consent" | "opted_out" => "STOP, START and `PUT /v1/contacts` change it",
                _ => "save it under a name of your own",
            };
            let fault = Fault::error(self.file.path, "bad-name", span, format!("`{text}` can't be set by a playbook"));
            self.faults.push(fault.label("nothing would come of it").help(help));
            return;
        }
        let mut better: String = text.to_ascii_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
        better.truncate(MAX_NAME);
        let fault = Fault::error(self.file.path, "bad-name", span, format!("`{text}` can't be a name"))
            .label("names have lower-case letters, digits and `_`, a letter first, 64 at most");
        let fault = if is_name(&better) { fault.help("write it like this").patch(span.range(), better) } else { fault };
        self.faults.push(fault);
    }

    /// A text that one of the small readers must understand.
    fn parsed<T>(&mut self, node: &Node, code: &'static str, what: &str, example: &str, read: impl Fn(&str) -> Option<T>) {
        let Some(text) = self.text(node) else { return };
        if read(text).is_none() {
            let fault = Fault::error(self.file.path, code, node.span, format!("`{text}` {what}"))
                .label(format!("expected something like `{example}`"))
                .help("write it like this")
                .patch(node.span.range(), example);
            self.faults.push(fault);
        }
    }

    /// People write `1 hour`; the repair is then the length they meant.
    fn length(&mut self, node: &Node, example: &str, read: fn(&str) -> Option<Length>) {
        let meant = node.text().and_then(small::length_in_words).filter(|meant| read(meant).is_some());
        let before = self.faults.len();
        self.parsed(node, "bad-duration", "is not a length of time", meant.as_deref().unwrap_or(example), read);
        if let Some(fault) = self.faults.get_mut(before).filter(|fault| meant.is_some() && fault.code == "bad-duration") {
            fault.fixable = true;
        }
    }

    /// A time, or a template that comes to one.
    fn moment(&mut self, node: &Node) {
        if node.text().is_some_and(|text| text.contains("{{")) {
            self.text(node);
        } else {
            self.parsed(node, "bad-time", "is not a date with a time", "2026-05-01 10:00", |text| parse_when(text, &TimeZone::UTC));
        }
    }

    /// A word of a closed list.
    fn one_of(&mut self, node: &Node, words: &[&str]) {
        let NodeKind::Text { text, .. } = &node.kind else {
            return self.faults.push(wrong_shape(self.file, node, "a word"));
        };
        if !words.contains(&text.as_str()) {
            let known = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ");
            let fault = Fault::error(self.file.path, "wrong-shape", node.span, format!("expected {known} here"))
                .label("not one of these words")
                .guess(text, words.iter().copied());
            self.faults.push(fault);
        }
    }

    /// `yes` is text here: YAML 1.2 knows only `true` and `false`.
    fn bool(&mut self, node: &Node, expected: &str, fits: fn(bool) -> bool) {
        if node.kind != NodeKind::Reported && !node.bool().is_some_and(fits) {
            self.faults.push(wrong_shape(self.file, node, expected));
        }
    }

    /// A whole number; digits in quotes are text.
    fn count(&mut self, node: &Node, key: &str, min: u32, max: u32) {
        if matches!(node.kind, NodeKind::Reported) {
            return;
        }
        let fits = node.number().and_then(|number| number.as_u64()).is_some_and(|number| (u64::from(min)..=u64::from(max)).contains(&number));
        if !fits {
            let bounds = if max == u32::MAX { format!("of at least {min}") } else { format!("from {min} to {max}") };
            self.error("bad-number", node.span, format!("`{key}` must be a whole number {bounds}"), "out of its range");
        }
    }

    /// A share of a draw.
    fn weight(&mut self, node: &Node, key: &str) {
        if !node.number().and_then(|number| number.as_f64()).is_some_and(|number| number > 0.0 && number.is_finite()) {
            self.error("bad-number", node.span, format!("`{key}` must be more than 0"), "this branch would never be drawn");
        }
    }

    /// Fields and ranges here; the times themselves are planned elsewhere.
    fn cron(&mut self, node: &Node) {
        let Some(text) = self.text(node) else { return };
        match cron::read(text) {
            Ok(_) => {}
            Err(CronFault::Fields(count)) => self.error(
                "bad-cron",
                node.span,
                "a cron line has five fields",
                &format!("has {count}; expected minute, hour, day, month, weekday, like `0 10 * * 2`"),
            ),
            Err(CronFault::Range(field)) => {
                self.error(
                    "bad-cron",
                    node.span,
                    format!("`{field}` can't stand in this field of a cron line"),
                    "minute 0-59, hour 0-23, day 1-31, month 1-12, weekday 0-7",
                );
            }
            Err(CronFault::Never(date)) => self.error("cron-never", node.span, format!("{date} never comes"), "would start nothing"),
        }
    }

    /// The names of the time zone database, and `contact`.
    fn zone(&mut self, node: &Node) {
        let Some(text) = self.text(node) else { return };
        if text != "contact" && TimeZone::get(text).is_err() {
            let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
            let known = names.iter().map(String::as_str).chain(["contact"]);
            let fault = Fault::error(self.file.path, "unknown-timezone", node.span, format!("`{text}` is not a time zone"))
                .label("expected `contact` or a name like `America/Chicago`")
                .guess(text, known);
            self.faults.push(fault);
        }
    }

    /// Method and address; whether the host may be called is asked by a rule.
    fn call(&mut self, node: &Node) {
        let Some(text) = self.text(node) else { return };
        if small::call(text).is_none() {
            self.error(
                "wrong-shape",
                node.span,
                "expected a method and an address here",
                "like `GET https://example.com/orders`; GET, POST, PUT, PATCH or DELETE",
            );
        }
    }
}

/// Where a value is kept: a name, or a field of the contact that may be written.
pub fn is_target(text: &str) -> bool {
    is_name(text.strip_prefix("contact.").unwrap_or(text)) && kept_field(text).is_none()
}

/// The field of the contact that a target names and no playbook may write.
fn kept_field(target: &str) -> Option<&str> {
    target.strip_prefix("contact.").filter(|field| KEPT_FIELDS.contains(field))
}

/// A milestone: lower-case words joined by dots.
fn is_milestone(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.".contains(c))
}
