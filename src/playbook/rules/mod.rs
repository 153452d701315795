//! The rules: what needs more than one value to be seen. A new one is a file here and a line in `RULES`.

mod broadcasts;
mod claims;
mod clocks;
mod contact_gets;
mod exits;
mod files;
mod first_text;
mod gotos;
mod http;
mod lengths;
mod loops;
mod no_match;
mod reserved;
mod runs;
mod side_branch;
mod templates;
mod unreachable;
mod unset;
mod urgent;
mod variables;
mod whatsapp;
mod window;
mod workspace_names;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::compile::Compiled;
use super::fault::{Fault, Level};
use super::keys::Kind;
use super::shape::{File, Reading};
use super::workspace::Workspace;

/// A file with what is known about it.
pub struct Checked<'a> {
    /// Path, text and tree.
    pub file: File<'a>,
    /// Its `playbook:`.
    pub name: Option<&'a str>,
    /// Its values and steps.
    pub reading: Reading<'a>,
    /// Its plan.
    pub compiled: Option<Compiled<'a>>,
}

impl<'a> Checked<'a> {
    /// The playbooks it runs, each once, in order of first use.
    pub fn runs(&self) -> Vec<&'a str> {
        let mut names = Vec::new();
        for leaf in &self.reading.leaves {
            if let (Kind::Playbook, Some(name)) = (leaf.kind, leaf.node.text())
                && !names.contains(&name)
            {
                names.push(name);
            }
        }
        names
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
    /// Found while the file is read, or by the rule of a neighbouring code.
    Elsewhere,
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

use Check::{Elsewhere, File as InFile, Folder as InFolder, Ways};

/// All codes, in the order of the reference.
pub static RULES: &[Rule] = rules! {
    // Reading YAML.
    Error "tab-indent" Elsewhere;
    Error "unquoted-braces" Elsewhere;
    Error "colon-in-text" Elsewhere;
    Error "open-quote" Elsewhere;
    Error "needs-quotes" Elsewhere;
    Error "bad-yaml" Elsewhere;
    Error "duplicate-key" Elsewhere;
    Error "anchor-or-merge" Elsewhere;
    Error "too-large" Elsewhere;
    Error "more-than-one-document" Elsewhere;
    Warning "text-cut-by-comment" Elsewhere;
    // Shape.
    Error "missing-key" Elsewhere;
    Error "unknown-key" Elsewhere;
    Error "wrong-shape" Elsewhere;
    Error "no-verb" Elsewhere;
    Error "two-verbs" Elsewhere;
    Error "missing-id" Elsewhere;
    Error "missing-timeout" Elsewhere;
    Error "missing-on-error" Elsewhere;
    Error "two-exits" Elsewhere;
    Error "again-not-here" Elsewhere;
    Error "bad-duration" Elsewhere;
    Error "bad-time" Elsewhere;
    Error "bad-name" Elsewhere;
    Error "bad-number" InFile(http::too_slow);
    Error "unquoted-plus-number" Elsewhere;
    Error "empty-text" Elsewhere;
    Error "bad-match" Elsewhere;
    Error "bad-regex" Elsewhere;
    Error "bad-cron" Elsewhere;
    Error "cron-never" Elsewhere;
    Error "unknown-timezone" Elsewhere;
    Warning "past-date" InFile(broadcasts::past_date);
    // Names that lead nowhere.
    Error "unknown-step" InFile(gotos::check);
    Error "step-out-of-reach" Elsewhere;
    Error "duplicate-id" InFile(gotos::duplicate_id);
    Error "unknown-playbook" InFile(runs::unknown_playbook);
    Error "recursive-run" InFile(runs::recursive_run);
    Error "unknown-param" InFile(runs::unknown_param);
    Error "unknown-queue" InFile(workspace_names::check);
    Error "unknown-sender" Elsewhere;
    Error "unknown-variable" InFile(variables::check);
    Warning "used-before-set" Ways(unset::check);
    Error "unknown-filter" InFile(templates::check);
    Error "bad-template" Elsewhere;
    Error "template-tag-not-allowed" Elsewhere;
    Error "missing-file" InFile(files::missing_file);
    Error "missing-language" InFile(files::missing_language);
    Error "secret-in-text" Elsewhere;
    Error "unknown-secret" Elsewhere;
    Error "duplicate-playbook" InFolder(files::duplicate_playbook);
    Error "duplicate-keyword" InFolder(claims::duplicate_keyword);
    Error "two-catch-alls" InFolder(claims::two_catch_alls);
    Warning "name-differs-from-file" InFile(files::name_differs_from_file);
    // Ways that make no sense.
    Warning "unreachable-step" Ways(unreachable::step);
    Warning "unreachable-branch" InFile(unreachable::branch);
    Error "endless-loop" Ways(loops::endless_loop);
    Warning "endless-asking" Ways(loops::endless_asking);
    Warning "missing-on-no-match" InFile(no_match::check);
    Error "waiting-in-side-branch" InFile(side_branch::check);
    Error "on-sla-exit" Elsewhere;
    Warning "remind-after-timeout" InFile(clocks::remind_after_timeout);
    Warning "sla-without-on-sla" InFile(clocks::sla_without_on_sla);
    Warning "if-past-nothing-follows" InFile(clocks::if_past_nothing_follows);
    Error "missing-audience" InFile(broadcasts::missing_audience);
    Warning "audience-without-broadcast" InFile(broadcasts::audience_without_broadcast);
    Error "key-needed" InFile(exits::key_needed);
    Warning "exit-without-key" InFile(exits::exit_without_key);
    Error "window-empty" InFile(window::check);
    Error "urgent-marketing" InFile(urgent::check);
    // Money, law, carriers.
    Error "reserved-word-match" InFile(reserved::check);
    Error "no-opt-out-in-first-marketing-message" Ways(first_text::check);
    Error "no-brand-in-first-marketing-message" Elsewhere;
    Warning "ucs2-by-one-character" InFile(lengths::check);
    Warning "too-many-segments" Elsewhere;
    Error "too-long" Elsewhere;
    Warning "maybe-empty" Ways(contact_gets::maybe_empty);
    Error "whatsapp-needs-template" Ways(whatsapp::check);
    Error "plain-http" InFile(http::check);
    Error "private-host" Elsewhere;
    Warning "shortened-link" InFile(contact_gets::shortened_link);
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
            Check::Elsewhere | Check::Ways(_) => {}
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
