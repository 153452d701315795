//! The compiled playbook. Immutable, every name resolved, every text and expression compiled: the engine never meets a name that may be missing.
//!
//! Steps of all lists stand in one arena. Each knows what follows it (`next`), so "the end of a branch goes on behind the step that
//! owns it" is decided here, once. A branch is just the place where it begins.

mod triggers;
mod verbs;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::model::{Audience, Class, PlanHash};
use crate::text::{Expr, Length, OpenHours, Template};

pub use triggers::{Cap, Entry, Exit, ExitOn, Goal, IfBusy, IfRunning, Rate, Trigger, TriggerKind, TriggerZone};
pub use verbs::{Arm, Choice, Handoff, Http, Match, Past, Question, Remind, Rule, Run, Send, Shift, Target, TypedValue, WaitFor, WaitUntil};

/// Place of a step in `Plan::steps`.
pub type Ix = usize;

/// A compiled playbook.
#[derive(Debug)]
pub struct Plan {
    /// Its name, which is also its file's.
    pub name: String,
    /// Content hash of YAML, texts from files and sub-playbooks.
    pub hash: PlanHash,
    /// What people read about it.
    pub about: Option<String>,
    /// Class of its texts where a step names none.
    pub class: Class,
    /// Language of its texts where the contact's own has none.
    pub language: Option<String>,
    /// Sender of conversations that we start.
    pub from: Option<String>,
    /// What starts it.
    pub triggers: Vec<Trigger>,
    /// For whom broadcasts start it.
    pub audience: Option<CompiledAudience>,
    /// How often one contact may enter.
    pub entry: Entry,
    /// What it does when another conversation has the line.
    pub if_busy: IfBusy,
    /// `send_window` and `days`, which narrow the class's.
    pub hours: OpenHours,
    /// This playbook's texts to one contact.
    pub cap: Option<Cap>,
    /// A broadcast is spread over this time.
    pub spread_over: Option<Length>,
    /// A broadcast starts no more than this.
    pub max_rate: Option<Rate>,
    /// What counts as success.
    pub goal: Option<Goal>,
    /// What ends a conversation wherever it is.
    pub exit: Vec<Exit>,
    /// Rules understood at every question.
    pub anytime: Vec<Rule>,
    /// How long after a time-out an answer still counts.
    pub late_replies: Option<Length>,
    /// Names and defaults a caller may set.
    pub params: Map<String, Value>,
    /// Live conversations move to a new version.
    pub moves: bool,
    /// Old step id → new step id, for moves.
    pub renamed: BTreeMap<String, String>,
    /// All steps of all lists.
    pub steps: Vec<Step>,
    /// The first step.
    pub start: Next,
    /// Step ids of the whole file.
    pub ids: BTreeMap<String, Ix>,
    /// It, or a sub-playbook of it, ever listens or hands off: a broadcast of it needs the line from its start.
    pub listens: bool,
    /// It, or a sub-playbook, uses `transcript()`.
    pub wants_transcript: bool,
    /// Event names some `wait_for` of it (or of a sub-playbook) names: remembered when they come early.
    pub awaited: Vec<String>,
    /// Its sub-playbooks, pinned with it.
    pub runs: BTreeMap<String, Arc<Plan>>,
    /// What it was compiled from, kept by the store so that an old version stays readable.
    pub source: Source,
}

/// The files of a plan.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Source {
    /// Path as shown in faults.
    pub path: String,
    /// The YAML.
    pub yaml: String,
    /// Texts from `templates/`, by file name (all language variants).
    pub templates: BTreeMap<String, String>,
    /// Sub-playbooks, by name.
    pub runs: BTreeMap<String, Source>,
}

/// Where to go on.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// With this step.
    Step(Ix),
    /// Nowhere: the end of the steps (outcome `completed`, or back to the caller).
    Completed,
    /// Nowhere: `end: OUTCOME` (or back to the caller).
    End(String),
    /// The question is asked anew: this one, or (in `anytime`) the open one.
    Again(Option<Ix>),
    /// A side branch is over: the question, or the hand-off, stays open as it is.
    Resume,
}

/// One step.
#[derive(Debug)]
pub struct Step {
    /// Its name in the file.
    pub id: Option<String>,
    /// Passed over when false.
    pub cond: Option<Expr>,
    /// What it does.
    pub verb: Verb,
    /// What follows it in its list, or behind the list.
    pub next: Next,
    /// The ids `clicked()` answers to for links of its texts: its own and those of the splits around it.
    pub marks: Vec<String>,
    /// Stands in the playbook's top list: where a move to a new version may land.
    pub top: bool,
    /// Line in the file, from 1; coverage and `why` speak of it.
    pub line: usize,
    /// Made from a `say` of a branch: a text without a step of its own.
    pub said: bool,
}

/// What a step does.
#[derive(Debug)]
pub enum Verb {
    /// Send a text.
    Send(Send),
    /// Ask (with a text) or listen (without).
    Question(Box<Question>),
    /// Rest for a time.
    Wait(Length),
    /// Rest until a moment.
    WaitUntil(WaitUntil),
    /// Rest until an event.
    WaitFor(WaitFor),
    /// The first true branch; none: go on.
    Choose(Vec<Choice>),
    /// A sticky draw.
    Split(Vec<Arm>),
    /// Set variables and contact fields, in order.
    Set(Vec<(Target, TypedValue)>),
    /// Tag.
    Tag(Vec<Template>),
    /// Untag.
    Untag(Vec<Template>),
    /// A milestone.
    Record {
        /// Its name.
        name: String,
        /// Its data.
        data: Option<TypedValue>,
    },
    /// An HTTP call.
    Http(Box<Http>),
    /// A person answers.
    Handoff(Box<Handoff>),
    /// A sub-playbook.
    Run(Run),
    /// Go on elsewhere.
    Goto(Next),
    /// End with an outcome.
    End(String),
}

impl Verb {
    /// Whether the step texts the contact.
    pub fn sends(&self) -> bool {
        match self {
            Verb::Send(_) => true,
            Verb::Question(question) => question.send.is_some(),
            Verb::Handoff(handoff) => handoff.say.is_some(),
            _ => false,
        }
    }
}

/// A text in all its languages.
#[derive(Clone, Debug)]
pub struct TextSource {
    /// Language tag → text; empty for a text without languages.
    pub variants: Vec<(String, Template)>,
    /// The text where no language fits: the plain text, a map's first entry, a file without a language.
    pub fallback: Template,
}

/// An audience, compiled.
#[derive(Debug)]
pub struct CompiledAudience {
    /// As written; what a broadcast keeps.
    pub written: Audience,
    /// Asked for each contact.
    pub filter: Option<Expr>,
    /// Whoever got bulk within this is skipped.
    pub exclude_recent: Option<Length>,
    /// Share left out, 0 to 1.
    pub holdout: f64,
}

impl Plan {
    /// Where a conversation that rests at a step of an older version goes on in this one: both must be steps of the top list.
    pub fn landing<'p>(&'p self, old: &Plan, id: &'p str) -> Option<(&'p str, Ix)> {
        let top = |plan: &Plan, id: &str| plan.ids.get(id).copied().filter(|ix| plan.steps.get(*ix).is_some_and(|step| step.top));
        top(old, id)?;
        let id = self.renamed.get(id).map_or(id, String::as_str);
        Some((id, top(self, id)?))
    }
}

impl TextSource {
    /// The text for a contact: full tag, its first part, the playbook's language, the workspace's, the fallback.
    pub fn pick(&self, contact: Option<&str>, playbook: Option<&str>, workspace: &str) -> &Template {
        if self.variants.is_empty() {
            return &self.fallback;
        }
        let short = contact.and_then(|tag| tag.split('-').next());
        [contact, short, playbook, Some(workspace)]
            .into_iter()
            .flatten()
            .find_map(|tag| self.variants.iter().find(|(known, _)| known == tag).map(|(_, text)| text))
            .unwrap_or(&self.fallback)
    }
}
