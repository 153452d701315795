//! The rules: what needs more than one value to be seen. A new one is a file here and a line in `RULES`.

mod audience_without_broadcast;
mod claims;
mod duplicate_id;
mod duplicate_playbook;
mod endless_asking;
mod endless_loop;
mod exit_without_key;
mod first_text;
mod if_past_nothing_follows;
mod key_needed;
mod lengths;
mod maybe_empty;
mod missing_audience;
mod missing_file;
mod missing_language;
mod missing_on_no_match;
mod name_differs_from_file;
mod past_date;
mod private_host;
mod recursive_run;
mod remind_after_timeout;
mod reserved_word_match;
mod shortened_link;
mod sla_without_on_sla;
mod slow_broadcast;
mod slow_call;
mod templates;
mod unknown_click;
mod unknown_param;
mod unknown_playbook;
mod unknown_step;
mod unreachable_branch;
mod unreachable_step;
mod urgent_marketing;
mod used_before_set;
mod variables;
mod waiting_in_side_branch;
mod whatsapp;
mod window_empty;
mod workspace_names;

pub use slow_broadcast::told as slow_broadcast;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::compile::Compiled;
use super::fault::{Fault, Level};
use super::keys::Kind;
use super::shape::{File, Reading};
use super::workspace::Workspace;
use super::yaml::Node;

/// A file with what is known about it.
pub struct Checked<'a> {
    /// Path, text and tree.
    pub file: File<'a>,
    /// Its `playbook:`.
    pub name: Option<&'a str>,
    /// Its values and steps.
    pub reading: Reading<'a>,
    /// The playbooks it runs, each once, in order of first use.
    pub runs: Vec<&'a str>,
    /// Its plan.
    pub compiled: Option<Compiled<'a>>,
}

impl<'a> Checked<'a> {
    /// A file that has been read and is not compiled yet.
    pub fn new(file: File<'a>, reading: Reading<'a>) -> Checked<'a> {
        let mut runs = Vec::new();
        for leaf in &reading.leaves {
            if let (Kind::Playbook, Some(name)) = (leaf.kind, leaf.node.text())
                && !runs.contains(&name)
            {
                runs.push(name);
            }
        }
        Checked { file, name: file.root.get_text("playbook"), reading, runs, compiled: None }
    }

    /// Its triggers.
    fn triggers(&self) -> &'a [Node] {
        self.file.root.get("triggers").map(Node::members).unwrap_or_default()
    }

    /// An error at a place of the file.
    fn error(&self, code: &'static str, span: super::fault::Span, message: impl Into<String>) -> Fault {
        Fault::error(self.file.path, code, span, message)
    }

    /// A warning at a place of the file.
    fn warning(&self, code: &'static str, span: super::fault::Span, message: impl Into<String>) -> Fault {
        Fault::warning(self.file.path, code, span, message)
    }
}

/// What rules look at.
pub struct Context<'a> {
    /// All files that could be read.
    pub files: &'a [Checked<'a>],
    /// The settings.
    pub workspace: &'a Workspace,
    /// All texts from files.
    pub templates: &'a BTreeMap<String, String>,
    /// Contact fields that exist.
    pub fields: &'a BTreeSet<String>,
    /// Files that could not be read: names may stand in them.
    pub unread: &'a [Arc<str>],
    /// The moment of the check.
    pub now: Timestamp,
}

impl<'a> Context<'a> {
    /// The file of a playbook.
    fn playbook(&self, name: &str) -> Option<&'a Checked<'a>> {
        self.files.iter().find(|file| file.name == Some(name))
    }

    /// Whether a file that should hold this playbook could not be read.
    fn is_unread(&self, name: &str) -> bool {
        self.unread.iter().any(|path| stem(path) == name)
    }
}

/// Whether a trigger starts the playbook for many at once.
fn is_broadcast(trigger: &Node) -> bool {
    trigger.get("cron").is_some() || trigger.get("at").is_some()
}

/// A file's name without folder and ending.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Looks at the folder and reports.
type Folder = fn(&Context<'_>, &mut Vec<Fault>);
/// Looks at one file and reports.
type One = fn(&Context<'_>, &Checked<'_>, &mut Vec<Fault>);

/// When and on what a rule looks.
#[derive(Clone, Copy)]
pub enum Check {
    /// Found while the file is read and held against the tables.
    WhileRead,
    /// Found by the rule of this code, which looks at the same things.
    With(&'static str),
    /// All files together.
    Folder(Folder),
    /// Each file.
    File(One),
    /// Each file whose steps all lead somewhere: a way that is broken has been reported already.
    Ways(One),
}

/// A code of a fault.
pub struct Rule {
    /// As shown in brackets.
    pub code: &'static str,
    /// How bad it is as a rule.
    pub level: Level,
    /// What `explain` prints.
    pub page: &'static str,
    /// How it is found.
    pub check: Check,
}

macro_rules! rules {
    ($($level:ident $code:literal $check:expr;)*) => {
        &[$(Rule {
            code: $code,
            level: Level::$level,
            page: include_str!(concat!("../../../docs/errors/", $code, ".md")),
            check: $check,
        }),*]
    };
}

use Check::{File as InFile, Folder as InFolder, Ways, WhileRead, With};

/// All codes, in the order of the reference.
pub static RULES: &[Rule] = rules! {
    // Reading YAML.
    Error "tab-indent" WhileRead;
    Error "unquoted-braces" WhileRead;
    Error "colon-in-text" WhileRead;
    Error "open-quote" WhileRead;
    Error "needs-quotes" WhileRead;
    Error "bad-yaml" WhileRead;
    Error "duplicate-key" WhileRead;
    Error "anchor-or-merge" WhileRead;
    Error "too-large" WhileRead;
    Error "more-than-one-document" WhileRead;
    Warning "text-cut-by-comment" WhileRead;
    // Shape.
    Error "missing-key" WhileRead;
    Error "unknown-key" WhileRead;
    Error "wrong-shape" WhileRead;
    Error "no-verb" WhileRead;
    Error "two-verbs" WhileRead;
    Error "missing-id" WhileRead;
    Error "missing-timeout" WhileRead;
    Error "missing-on-error" WhileRead;
    Error "two-exits" WhileRead;
    Error "again-not-here" WhileRead;
    Error "bad-duration" WhileRead;
    Error "bad-time" WhileRead;
    Error "bad-name" WhileRead;
    Error "bad-number" InFile(slow_call::check);
    Error "unquoted-plus-number" WhileRead;
    Error "empty-text" WhileRead;
    Error "bad-match" WhileRead;
    Error "bad-regex" WhileRead;
    Error "bad-cron" WhileRead;
    Error "cron-never" WhileRead;
    Error "unknown-timezone" WhileRead;
    Warning "past-date" InFile(past_date::check);
    // Names that lead nowhere.
    Error "unknown-step" InFile(unknown_step::check);
    Error "step-out-of-reach" With("unknown-step");
    Error "duplicate-id" InFile(duplicate_id::check);
    Error "unknown-playbook" InFile(unknown_playbook::check);
    Error "recursive-run" InFile(recursive_run::check);
    Error "unknown-param" InFile(unknown_param::check);
    Error "unknown-queue" InFile(workspace_names::check);
    Error "unknown-sender" With("unknown-queue");
    Error "unknown-variable" InFile(variables::check);
    Warning "used-before-set" Ways(used_before_set::check);
    Error "unknown-filter" InFile(templates::check);
    Error "bad-template" With("unknown-filter");
    Error "template-tag-not-allowed" With("unknown-filter");
    Error "missing-file" InFile(missing_file::check);
    Error "missing-language" InFile(missing_language::check);
    Error "secret-in-text" With("unknown-variable");
    Error "unknown-secret" With("unknown-variable");
    Error "duplicate-playbook" InFolder(duplicate_playbook::check);
    Error "duplicate-keyword" InFolder(claims::duplicate_keyword);
    Error "two-catch-alls" InFolder(claims::two_catch_alls);
    Warning "name-differs-from-file" InFile(name_differs_from_file::check);
    // Ways that make no sense.
    Warning "unreachable-step" Ways(unreachable_step::check);
    Warning "unreachable-branch" InFile(unreachable_branch::check);
    Error "endless-loop" Ways(endless_loop::check);
    Warning "endless-asking" Ways(endless_asking::check);
    Warning "missing-on-no-match" InFile(missing_on_no_match::check);
    Error "waiting-in-side-branch" InFile(waiting_in_side_branch::check);
    Error "on-sla-exit" WhileRead;
    Warning "remind-after-timeout" InFile(remind_after_timeout::check);
    Warning "sla-without-on-sla" InFile(sla_without_on_sla::check);
    Warning "if-past-nothing-follows" InFile(if_past_nothing_follows::check);
    Error "missing-audience" InFile(missing_audience::check);
    Warning "audience-without-broadcast" InFile(audience_without_broadcast::check);
    Error "key-needed" InFile(key_needed::check);
    Warning "exit-without-key" InFile(exit_without_key::check);
    Error "window-empty" InFile(window_empty::check);
    Error "urgent-marketing" InFile(urgent_marketing::check);
    // Money, law, carriers.
    Error "reserved-word-match" InFile(reserved_word_match::check);
    Error "no-opt-out-in-first-marketing-message" Ways(first_text::check);
    Error "no-brand-in-first-marketing-message" With("no-opt-out-in-first-marketing-message");
    Warning "ucs2-by-one-character" InFile(lengths::check);
    Warning "too-many-segments" With("ucs2-by-one-character");
    Error "too-long" With("ucs2-by-one-character");
    Warning "maybe-empty" Ways(maybe_empty::check);
    Error "whatsapp-needs-template" Ways(whatsapp::check);
    Error "plain-http" InFile(private_host::check);
    Error "private-host" With("plain-http");
    Warning "shortened-link" InFile(shortened_link::check);
    Warning "slow-broadcast" InFile(slow_broadcast::check);
};

/// The rule of a code.
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code == code)
}

/// Codes after which the ways through a file are not what its author meant.
const BREAKS_WAYS: [&str; 13] = [
    "duplicate-key",
    "anchor-or-merge",
    "missing-key",
    "wrong-shape",
    "no-verb",
    "two-verbs",
    "two-exits",
    "again-not-here",
    "unknown-step",
    "step-out-of-reach",
    "duplicate-id",
    "unknown-playbook",
    "recursive-run",
];

/// Runs every rule. `known` are the faults found so far.
pub fn run(context: &Context<'_>, known: &[Fault]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for rule in RULES {
        match rule.check {
            Check::Folder(check) => check(context, &mut faults),
            Check::File(check) => context.files.iter().for_each(|file| check(context, file, &mut faults)),
            Check::WhileRead | Check::With(_) | Check::Ways(_) => {}
        }
    }
    for file in context.files {
        let breaks = |fault: &Fault| fault.path == *file.file.path && BREAKS_WAYS.contains(&fault.code);
        if known.iter().chain(&faults).any(breaks) {
            continue;
        }
        for rule in RULES {
            if let Check::Ways(check) = rule.check {
                check(context, file, &mut faults);
            }
        }
    }
    faults
}
