//! What stands in boxes and on arrows, in the words of the playbook.

use crate::playbook::plan::{Arm, Exit, ExitOn, Goal, Match, Question, Shift, Target, TextSource, TriggerKind, Verb, WaitUntil};
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

/// What counts as success.
pub(super) fn goal(goal: &Goal) -> String {
    format!("goal: {} within {}", goal.event, goal.within)
}

/// `discount 50%`, of all arms' weights.
pub(super) fn share(arm: &Arm, arms: &[Arm]) -> String {
    let all: f64 = arms.iter().map(|arm| arm.weight).sum();
    // To a tenth, but no `.0`.
    let percent = (arm.weight / all * 1000.0).round() / 10.0;
    format!("{} {percent}%", arm.name)
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

/// `no reply after 2d`.
pub(super) fn no_reply(length: &Length) -> String {
    format!("no reply after {length}")
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

/// What stands in the box of a step.
pub(super) struct Words {
    /// What happens there, in the word the playbook has for it.
    pub kind: &'static str,
    /// To whom, or in which words; may be empty.
    pub text: String,
    /// What else is worth knowing, line by line.
    pub notes: Vec<String>,
}

/// What a step does.
pub(super) fn verb(verb: &Verb) -> Words {
    let mut notes = Vec::new();
    let (kind, text) = match verb {
        Verb::Send(send) => ("send", text(&send.text)),
        Verb::Question(question) => {
            notes = self::notes(question);
            question.send.as_ref().map_or_else(|| ("listen", String::new()), |send| ("ask", text(&send.text)))
        }
        Verb::Wait(length) => ("wait", length.to_string()),
        Verb::WaitUntil(until) => ("wait until", wait_until(until)),
        Verb::WaitFor(wait) => ("wait for", wait.event.clone()),
        Verb::Choose(_) => ("choose", String::new()),
        Verb::Split(_) => ("split", String::new()),
        Verb::Set(targets) => ("set", targets.iter().map(|(target, _)| self::target(target)).collect::<Vec<_>>().join(", ")),
        Verb::Tag(tags) => ("tag", sources(tags)),
        Verb::Untag(tags) => ("untag", sources(tags)),
        Verb::Record { name, .. } => ("record", name.clone()),
        Verb::Http(http) => ("http", excerpt(&format!("{} {}", http.method, spoken(http.url.source())))),
        Verb::Handoff(handoff) => ("hand off to", handoff.queue.clone()),
        Verb::Run(run) => ("run", run.playbook.clone()),
        Verb::Goto(_) => ("go to", String::new()),
        Verb::End(_) => ("end", String::new()),
    };
    Words { kind, text, notes }
}

fn notes(question: &Question) -> Vec<String> {
    let retry = match question.retry_max {
        0 => None,
        1 => Some("asks again once".to_owned()),
        max => Some(format!("asks again up to {max} times")),
    };
    retry.into_iter().chain(question.remind.iter().map(|remind| format!("reminds after {}", remind.after))).collect()
}

fn wait_until(until: &WaitUntil) -> String {
    let shift = match until.shift {
        Shift::None => String::new(),
        Shift::Before(length) => format!("{length} before "),
        Shift::After(length) => format!("{length} after "),
    };
    let at = until.at.map(|time| format!(" at {}", crate::text::hours::write_time_of_day(time))).unwrap_or_default();
    excerpt(&format!("{shift}{}{at}", spoken(until.value.source())))
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
    excerpt(&spoken(text.fallback.source()))
}

/// A text as a person would read it out: `Hi {first_name}`, whatever filters and functions make of the name.
fn spoken(source: &str) -> String {
    let mut spoken = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        let (before, tag) = rest.split_at(at);
        spoken.push_str(before);
        let prints = tag.starts_with("{{");
        let inside = &tag["{{".len()..];
        let Some(end) = inside.find(if prints { "}}" } else { "%}" }) else { return spoken + tag };
        if prints {
            spoken.push_str(&format!("{{{}}}", short(&inside[..end])));
        }
        rest = &inside[end + "}}".len()..];
    }
    spoken + rest
}

/// `first_name` of `contact.first_name | default('there')`, `link` of `link('https://…')`.
fn short(expr: &str) -> &str {
    let path = expr.split(['|', '(']).next().unwrap_or_default().trim().trim_matches('-').trim();
    let last = path.rsplit('.').next().unwrap_or_default();
    if !last.is_empty() && path.chars().all(|letter| letter.is_alphanumeric() || "_.".contains(letter)) { last } else { "…" }
}

/// The beginning of a text, in one line.
fn excerpt(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= EXCERPT {
        return line;
    }
    let cut: String = line.chars().take(EXCERPT - 1).collect();
    // Between words, unless that leaves too little.
    let whole = cut.rsplit_once(' ').map(|(whole, _)| whole).filter(|whole| whole.chars().count() > EXCERPT / 2);
    format!("{}…", whole.unwrap_or(&cut).trim_end_matches(['.', ',', ':', ' ']))
}

#[cfg(test)]
mod tests {
    use super::spoken;

    #[test]
    fn a_text_is_read_out() {
        for (source, wanted) in [
            ("Hi {{ contact.first_name | default('there') }}!", "Hi {first_name}!"),
            ("See {{ link('https://acme.example/a') }}", "See {link}"),
            ("{% if a %}Yes{% endif %}, {{ 1 + 2 }}", "Yes, {…}"),
            ("{{- name -}} and {{ no end", "{name} and {{ no end"),
        ] {
            assert_eq!(spoken(source), wanted);
        }
    }
}
