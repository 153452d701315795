//! What stands in boxes and on arrows, in the words of the playbook.

use crate::playbook::plan::{Exit, ExitOn, Match, Question, Shift, Step, Target, TextSource, TriggerKind, Verb, WaitUntil};
use crate::text::{Expr, Length};

/// Characters of a text that are shown: enough to know it by, without making the box a page.
const EXCERPT: usize = 60;

/// What starts a playbook.
pub(super) fn trigger(kind: &TriggerKind) -> String {
    match kind {
        TriggerKind::Event { name, .. } => format!("event {name}"),
        TriggerKind::Keyword { words, .. } => format!("keyword {}", words.join(", ")),
        TriggerKind::Message { .. } => "any message".to_owned(),
        TriggerKind::Call { .. } => "a call".to_owned(),
        TriggerKind::Tagged(tag) => format!("tagged {tag}"),
        TriggerKind::Cron { line, .. } => format!("at {line}"),
        TriggerKind::At { when, .. } => format!("at {when}"),
    }
}

/// What ends a conversation wherever it is.
pub(super) fn exit(exit: &Exit) -> String {
    let sign = match &exit.on {
        ExitOn::Event(name) => format!("event {name}"),
        ExitOn::Tagged(tag) => format!("tagged {tag}"),
    };
    match &exit.cond {
        Some(cond) => format!("{sign} if {}", cond.source()),
        None => sign,
    }
}

/// `after 2d`.
pub(super) fn after(length: &Length) -> String {
    format!("after {length}")
}

/// When a branch is taken.
pub(super) fn condition(cond: Option<&Expr>) -> String {
    cond.map_or_else(|| "otherwise".to_owned(), |cond| excerpt(cond.source()))
}

/// The answers that take a rule.
pub fn matches(matches: &[Match]) -> String {
    let words: Vec<String> = matches.iter().map(one_match).collect();
    excerpt(&words.join(", "))
}

/// One way to answer, as a person would say it.
fn one_match(one: &Match) -> String {
    match one {
        Match::Yes => "yes".to_owned(),
        Match::No => "no".to_owned(),
        Match::Number { min, max } => match (min, max) {
            (Some(min), Some(max)) => format!("{min} to {max}"),
            (Some(min), None) => format!("{min} or more"),
            (None, Some(max)) => format!("{max} or less"),
            (None, None) => "a number".to_owned(),
        },
        Match::Date => "a date".to_owned(),
        Match::Time => "a time".to_owned(),
        Match::Email => "an e-mail address".to_owned(),
        Match::Phone => "a phone number".to_owned(),
        Match::Media => "a picture".to_owned(),
        Match::Any => "anything".to_owned(),
        Match::Other => "anything else".to_owned(),
        Match::Words(words) | Match::AnyOf(words) | Match::Phrase(words) => words.join(", "),
        Match::Regex(regex) => format!("/{}/", regex.as_str().trim_start_matches("(?i)")),
        Match::Button(name) => format!("[{name}]"),
    }
}

/// The lines of a step's box.
pub(super) fn step(step: &Step) -> Vec<String> {
    let mut lines = Vec::new();
    if let (Some(cond), false) = (&step.cond, matches!(step.verb, Verb::Choose(_))) {
        lines.push(format!("if {}", excerpt(cond.source())));
    }
    lines.extend(step.id.clone());
    lines.extend(verb(&step.verb));
    lines
}

/// What a step does, in the word the playbook has for it.
fn verb(verb: &Verb) -> Vec<String> {
    match verb {
        Verb::Send(send) => vec![text(&send.text)],
        Verb::Question(question) => self::question(question),
        Verb::Wait(length) => vec![format!("wait {length}")],
        Verb::WaitUntil(until) => vec![wait_until(until)],
        Verb::WaitFor(wait) => vec![format!("wait for {}", wait.event)],
        Verb::Choose(_) => vec!["choose".to_owned()],
        Verb::Split(_) => vec!["split".to_owned()],
        Verb::Set(targets) => vec![format!("set {}", targets.iter().map(|(target, _)| self::target(target)).collect::<Vec<_>>().join(", "))],
        Verb::Tag(tags) => vec![format!("tag {}", sources(tags))],
        Verb::Untag(tags) => vec![format!("untag {}", sources(tags))],
        Verb::Record { name, .. } => vec![format!("record {name}")],
        Verb::Http(http) => vec![excerpt(&format!("{} {}", http.method, http.url.source()))],
        Verb::Handoff(handoff) => vec![format!("hand off to {}", handoff.queue)],
        Verb::Run(run) => vec![format!("run {}", run.playbook)],
        Verb::Goto(_) => vec!["go to".to_owned()],
        Verb::End(_) => vec!["end".to_owned()],
    }
}

fn question(question: &Question) -> Vec<String> {
    let mut lines = vec![question.send.as_ref().map_or_else(|| "listen".to_owned(), |send| text(&send.text))];
    match question.retry_max {
        0 => {}
        1 => lines.push("asks again once".to_owned()),
        max => lines.push(format!("asks again up to {max} times")),
    }
    lines.extend(question.remind.iter().map(|remind| format!("reminds after {}", remind.after)));
    lines
}

fn wait_until(until: &WaitUntil) -> String {
    let shift = match until.shift {
        Shift::None => String::new(),
        Shift::Before(length) => format!("{length} before "),
        Shift::After(length) => format!("{length} after "),
    };
    let at = until.at.map(|time| format!(" at {}", crate::text::hours::write_time_of_day(time))).unwrap_or_default();
    excerpt(&format!("wait until {shift}{}{at}", until.value.source()))
}

fn target(target: &Target) -> String {
    match target {
        Target::Name(name) => name.clone(),
        Target::Contact(field) => format!("contact.{field}"),
    }
}

fn sources(templates: &[crate::text::Template]) -> String {
    templates.iter().map(crate::text::Template::source).collect::<Vec<_>>().join(", ")
}

/// One language is enough to know a text by.
fn text(text: &TextSource) -> String {
    excerpt(text.fallback.source())
}

/// The beginning of a text, in one line.
fn excerpt(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= EXCERPT {
        return line;
    }
    line.chars().take(EXCERPT - 1).collect::<String>() + "…"
}
