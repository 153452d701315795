//! Typical mistakes, made in the shipped playbooks: each is told first, by the right rule, at the right line; and as shipped they have none.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;

use bridged::config::{Language, Source};
use bridged::playbook::{Compiled, Sources, Workspace, compile, show};
use bridged::work::files::read_sources;
use jiff::Timestamp;

/// A change that an author makes by mistake.
pub(super) struct Mistake {
    /// The playbook it is made in, without its ending.
    file: &'static str,
    /// What stands there; the first such place.
    find: &'static str,
    /// What is written instead.
    replace: &'static str,
    /// The line that is told, counted from the line on which `find` begins.
    below: isize,
    /// The rule that tells it.
    pub code: &'static str,
}

const fn mistake(file: &'static str, find: &'static str, replace: &'static str, below: isize, code: &'static str) -> Mistake {
    Mistake { file, find, replace, below, code }
}

/// Each on its own, in the order of the reference.
pub(super) const MISTAKES: &[Mistake] = &[
    mistake("qualification", "    timeout: 24h ", "\ttimeout: 24h ", 0, "tab-indent"),
    mistake("appointments", "send: \"{{ brand }}: you're booked", "send: {{ brand }}: you're booked", 0, "unquoted-braces"),
    mistake("nurture", "ask: \"How did we do, 1 (bad) to 5 (great)?\"", "ask: How did we do: 1 (bad) to 5 (great)?", 0, "colon-in-text"),
    mistake("qualification", "back next season.\"", "back next season.", 0, "open-quote"),
    mistake("nurture", "say: \"Sorry to hear that.", "say: @customer Sorry to hear that.", 0, "needs-quotes"),
    mistake("support", "    timeout: 1h\n", "   timeout: 1h\n", 0, "bad-yaml"),
    mistake("support", "    timeout: 1h\n", "    timeout: 1h\n    timeout: 2h\n", 1, "duplicate-key"),
    mistake("nurture", "key: \"{{ event.order_id }}\"", "key: &order \"{{ event.order_id }}\"", 0, "anchor-or-merge"),
    mistake("appointments", "say: \"Sure, we'll text you some times.\"", "say: Sure, come to room #5", 0, "text-cut-by-comment"),
    mistake("support", "say: \"Happy to help!\"", "say: Happy to help #1", 0, "bad-yaml"),
    mistake("qualification", "playbook: qualification", "about_class: conversational\nplaybook: qualification", 0, "unknown-key"),
    mistake("qualification", "on_timeout: {end: no_reply}", "on_timeot: {end: no_reply}", 0, "unknown-key"),
    mistake("qualification", "goal: {event: meeting.booked, within: 14d}", "goal: {event: meeting.booked}", 0, "missing-key"),
    mistake("qualification", "keyword: [QUOTE, CONSULT]", "keyword: {QUOTE: CONSULT}", 0, "wrong-shape"),
    mistake("activation", "- id: interested\n    listen: 2d", "- id: interested\n    lisen: 2d", 0, "no-verb"),
    mistake("nurture", "urgent: true", "wait: 1h", 0, "two-verbs"),
    mistake("qualification", "- id: when\n    ask", "- ask", 0, "missing-id"),
    mistake("qualification", "    timeout: 2d ", "    # timeout: 2d ", -3, "missing-timeout"),
    mistake("support", "    on_error: {goto: agent}", "    # on_error: {goto: agent}", -3, "missing-on-error"),
    mistake("qualification", "goto: to_sales\n", "goto: to_sales\n    end: sales\n", 1, "two-exits"),
    mistake("support", "on_timeout: {goto: agent}", "on_timeout: {again: true}", 0, "again-not-here"),
    mistake("appointments", "before: 24h", "before: 24 hours", 0, "bad-duration"),
    mistake("activation", "spread_over: 2h", "send_window: 9:00-17:00\nspread_over: 2h", 0, "bad-time"),
    mistake("nurture", "- id: delivery\n", "- id: Delivery\n", 0, "bad-name"),
    mistake("qualification", "retry: {max: 2,", "retry: {max: 9,", 0, "bad-number"),
    mistake("appointments", "say: \"See you then!\"", "say: +15125550100", 0, "unquoted-plus-number"),
    mistake("appointments", "say: \"See you then!\"", "say: \"\"", 0, "empty-text"),
    mistake("qualification", "- match: yes ", "- match: yeah ", 0, "bad-match"),
    mistake("activation", "- cron: \"0 10 * * 2\"", "- cron: \"10:00 tue\"", 0, "bad-cron"),
    mistake("activation", "timezone: contact", "timezone: Chicago", 0, "unknown-timezone"),
    mistake("qualification", "on_no_match: {goto: to_sales}", "on_no_match: {goto: to_sale}", 0, "unknown-step"),
    mistake("appointments", "on_timeout: {goto: hour_before}", "on_timeout: {goto: move_it}", 0, "step-out-of-reach"),
    mistake("support", "- id: solved\n", "- id: topic\n", 0, "duplicate-id"),
    mistake("activation", "run: qualification", "run: qualfication", 0, "unknown-playbook"),
    mistake("appointments", "handoff: support", "handoff: suport", 0, "unknown-queue"),
    mistake("nurture", "from: support", "from: suport", 0, "unknown-sender"),
    mistake("qualification", "{{ contact.first_name |", "{{ contact.first_nam |", 0, "unknown-variable"),
    mistake("nurture", "| money", "| mony", 0, "unknown-filter"),
    mistake("appointments", "\"Wants to move {{ event.appointment_id }}\"", "\"Wants to move {{ event.appointment_id }\"", 0, "bad-template"),
    mistake("activation", "file: last_call.txt", "file: lastcall.txt", 0, "missing-file"),
    mistake("qualification", "note: \"Budget", "note: \"{{ secret.CRM_TOKEN }} Budget", 0, "secret-in-text"),
    mistake("qualification", "secret.CRM_TOKEN", "secret.CRM_TOKN", 0, "unknown-secret"),
    mistake("support", "keyword: [SUPPORT, AGENT]", "keyword: [SUPPORT, QUOTE]", 0, "duplicate-keyword"),
    mistake("nurture", "playbook: nurture", "playbook: aftercare", 0, "name-differs-from-file"),
    mistake(
        "qualification",
        "    on_no_match: {goto: to_sales}\n    timeout: 24h\n    on_timeout: {end: no_reply}\n\n  - id: when",
        "    timeout: 24h\n    on_timeout: {end: no_reply}\n\n  - id: when",
        -7,
        "missing-on-no-match",
    ),
    mistake("qualification", "remind: [{after: 4h", "remind: [{after: 2d", 0, "remind-after-timeout"),
    mistake("appointments", "    key: \"{{ event.appointment_id }}\"\n    if_running", "    if_running", 0, "key-needed"),
    mistake("appointments", "key: \"{{ event.appointment_id }}\", end: cancelled", "end: cancelled", 0, "exit-without-key"),
    mistake("qualification", "{words: [agent, human", "{any_of: [stop, human", 0, "reserved-word-match"),
    mistake("activation", " STOP to opt out\"", "\"", 0, "no-opt-out-in-first-marketing-message"),
    mistake("activation", "- send: \"{{ brand }}: ", "- send: \"", 0, "no-brand-in-first-marketing-message"),
    mistake(
        "qualification",
        "it's {{ brand }}. Are you planning a kitchen project this year?",
        "it’s {{ brand }}. Are you planning a kitchen project this year?",
        0,
        "ucs2-by-one-character",
    ),
    mistake("nurture", "thanks {{ contact.first_name | default('') }}", "thanks {{ contact.first_name }}", 0, "maybe-empty"),
    mistake("support", "GET https://shop", "GET http://shop", 0, "plain-http"),
    mistake("nurture", "link('https://acme.example/review')", "'https://bit.ly/review'", 0, "shortened-link"),
    mistake("nurture", "    urgent: true", "    class: marketing\n    urgent: true", 1, "urgent-marketing"),
];

impl Mistake {
    /// The shipped playbooks with the mistake in one of them.
    pub(super) fn made(&self) -> Sources {
        let mut sources = shipped();
        let text = sources.playbooks.iter_mut().find(|(path, _)| *path == self.path()).map(|(_, text)| text).unwrap();
        assert!(text.contains(self.find), "{}: `{}` is not there any more", self.path(), self.find);
        *text = text.replacen(self.find, self.replace, 1);
        sources
    }

    /// The path people see.
    fn path(&self) -> String {
        format!("{}.yaml", self.file)
    }

    /// The line that is told.
    fn line(&self) -> usize {
        let sources = shipped();
        let (_, text) = sources.playbooks.iter().find(|(path, _)| *path == self.path()).unwrap();
        let before = text.find(self.find).map(|at| text[..at].matches('\n').count() + 1).unwrap();
        before.checked_add_signed(self.below).unwrap()
    }
}

/// The shipped playbooks and texts, by the paths people see.
pub(super) fn shipped() -> Sources {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = read_sources(&root.join("playbooks"), &root.join("templates")).unwrap();
    for (path, _) in &mut sources.playbooks {
        *path = path.rsplit('/').next().unwrap_or_default().to_owned();
    }
    sources
}

/// A day on which no date of the playbooks is past.
pub(super) fn now() -> Timestamp {
    "2026-03-02T12:00:00Z".parse().unwrap()
}

/// What the sample's settings say.
pub(super) fn workspace() -> Arc<Workspace> {
    let settings = Source::sample(Path::new(env!("CARGO_MANIFEST_DIR")));
    Arc::new(Language::read(&settings, []).unwrap_or_else(|error| panic!("{error}")).workspace)
}

fn check(sources: &Sources) -> Compiled {
    compile(sources, &workspace(), now())
}

#[test]
fn as_shipped_they_have_none() {
    assert_eq!(check(&shipped()).faults.iter().map(show::short).collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn each_is_told_first_by_the_right_rule_at_the_right_line() {
    assert!(MISTAKES.len() >= 40);
    let mut failures = Vec::new();
    for mistake in MISTAKES {
        let faults = check(&mistake.made()).faults;
        let told = faults.first().map(|fault| (fault.path.to_string(), fault.span.line, fault.code));
        if told != Some((mistake.path(), mistake.line(), mistake.code)) {
            let all: Vec<String> = faults.iter().map(show::short).collect();
            failures.push(format!("{}:{}: {} expected, told {all:#?}", mistake.path(), mistake.line(), mistake.code));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
