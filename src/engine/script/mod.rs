//! Transcript tests: what they say, what we say, how long it takes; rehearsed at virtual time against the real engine.
//!
//! `read` makes tests of a `*.test.yaml` file, `recount` one of a stored conversation, and `write` a file of a test; `world` is one
//! contact with a pretend Twilio in memory, written out and read back before every line; `rehearsal` does what a line says; `play` goes
//! through the lines of a test; `expect` looks at the end; `talk` and `standing` tell how it went; `coverage` counts which ways were
//! taken; `explore` walks them all by itself.

mod coverage;
mod expect;
pub mod explore;
mod mask;
mod play;
mod read;
mod recount;
mod rehearsal;
mod standing;
mod talk;
mod world;
mod write;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::decision::Decision;
use super::replay::Recorded;
use crate::model::{Class, Time};
use crate::playbook::plan::TriggerKind;
use crate::playbook::{PlanSet, Sources};
use crate::text::Length;

pub use coverage::{Coverage, Uncovered, way_told};
pub use play::play;
pub use read::read;
pub use recount::{Recounted, Turned, recount};
pub use rehearsal::Rehearsal;
pub use standing::{Falls, Stand, Standing, shown};
pub use talk::{Exchange, Mismatch, Part};
pub use world::Spoken;
pub use write::write;

/// A test: one contact, one script.
#[derive(Clone, Debug)]
pub struct Transcript {
    /// Its name, unique in the file.
    pub name: String,
    /// Line in the file.
    pub line: usize,
    /// The playbook under test.
    pub playbook: String,
    /// When it begins, by the contact's wall clock, as written.
    pub now: String,
    /// The contact's phone.
    pub phone: String,
    /// The contact's fields.
    pub fields: Map<String, Value>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its lists.
    pub lists: Vec<String>,
    /// What it agreed to.
    pub consent: Vec<String>,
    /// It said STOP before.
    pub opted_out: bool,
    /// What starts it.
    pub start: Option<Start>,
    /// Texts already sent.
    pub before: Vec<Before>,
    /// Answers to HTTP calls, prepared before the start.
    pub http: Vec<Prepared>,
    /// Pinned branches of splits; `#holdout` is `holdout: in`.
    pub variants: BTreeMap<String, String>,
    /// The lines.
    pub script: Vec<Line>,
    /// What must be true at the end, each with its line.
    pub expect: Vec<(String, usize, Value)>,
}

/// What starts a conversation in a test.
#[derive(Clone, Debug)]
pub enum Start {
    /// An API event.
    Event(String, Value),
    /// A keyword, or any text, to a sender.
    Text(String, Option<String>),
    /// A tag from outside.
    Tagged(String),
    /// A call to a sender.
    Call(Option<String>),
    /// The next time of the first `cron` or `at` trigger of the playbook under test, or of this one.
    Cron(Option<String>),
}

/// A text sent before the test.
#[derive(Clone, Debug)]
pub struct Before {
    /// When, as written.
    pub sent: String,
    /// Of which class.
    pub class: Class,
    /// Of which playbook.
    pub playbook: Option<String>,
}

/// A prepared answer to an HTTP call.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// `METHOD https://…`: calls that begin with this.
    pub call: String,
    /// Its answer; none with `fail`.
    pub answer: Result<(u16, Value), String>,
    /// Serves so many attempts; none: all of one step.
    pub times: Option<u32>,
}

/// One line of a script.
#[derive(Clone, Debug)]
pub struct Line {
    /// Line in the file.
    pub at: usize,
    /// What happens or must have happened.
    pub act: Act,
}

/// The kinds of line.
#[derive(Clone, Debug)]
pub enum Act {
    /// The bot said this.
    Bot(Said),
    /// A caller heard this.
    Voice(String),
    /// The contact writes.
    Contact(Wrote),
    /// The contact calls.
    Call(Option<String>),
    /// The contact opens the link of a step.
    Click(String),
    /// A person answers.
    Agent(String),
    /// A person closes.
    AgentCloses(String),
    /// Time passes.
    Advance(Length),
    /// Time passes until then.
    AdvanceTo(String),
    /// Time passes, and nothing is said.
    Silent(Length),
    /// The clock shows this.
    At(String),
    /// An API event.
    Event(String, Value),
    /// A tag from outside.
    Tagged(String),
    /// Like the head's `start`, later.
    Start(Start),
    /// Prepares an answer.
    Http(Prepared),
    /// Twilio refuses the next text with this code.
    Refuse(u32),
    /// A status callback for the last text.
    Delivery(String, Option<u32>),
    /// The process dies.
    Crash(Crash),
    /// A file replaces the playbook of the same name.
    Deploy(String),
}

/// What the bot must have said.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Part of the text, or `~` and a pattern.
    pub text: Option<String>,
    /// From this sender.
    pub from: Option<String>,
    /// As this WhatsApp template; empty: as text.
    pub template: Option<String>,
    /// With (or without) pictures.
    pub media: Option<bool>,
}

/// What the contact writes.
#[derive(Clone, Debug, Default)]
pub struct Wrote {
    /// The words.
    pub text: String,
    /// Pictures.
    pub media: Vec<String>,
    /// A tapped button.
    pub button: Option<String>,
    /// To this sender.
    pub to: Option<String>,
}

/// Where the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// Before the next text is sent.
    BeforeSend,
    /// After Twilio took it and before we know.
    AfterSend,
    /// Now.
    Any,
}

/// Why a file could not be read as tests.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Line in the file.
    pub line: usize,
    /// In words.
    pub message: String,
}

/// Reads a file: its path as shown and its content, or why not.
pub type ReadFile<'s> = dyn Fn(&str) -> Result<(String, String), String> + 's;

/// What a rehearsal needs from outside the engine.
pub struct Stage<'s> {
    /// All playbooks of the workspace.
    pub plans: &'s PlanSet,
    /// Their files, for `deploy`.
    pub sources: &'s Sources,
    /// Reads a file named by `deploy`, relative to the test's.
    pub file: &'s ReadFile<'s>,
    /// The next time of a `cron` or `at` trigger after a moment, for a contact in a zone.
    pub next_time: &'s dyn Fn(&TriggerKind, Timestamp, &TimeZone) -> Option<Timestamp>,
}

/// How a test went.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What was wrong, each with its line; none: it passed.
    pub failures: Vec<(usize, String)>,
    /// The text that was expected beside the one that was said, if that is what was wrong.
    pub mismatch: Option<Mismatch>,
    /// What was said last, if it failed.
    pub talk: Vec<Exchange>,
    /// Where the conversation stood when it failed.
    pub situation: String,
    /// Virtual seconds that passed.
    pub seconds: i64,
    /// Everything decided, for coverage.
    pub decisions: Vec<Decision>,
    /// Every turn with its time and the plans it was made with, as the daemon's journal has it.
    pub journal: Vec<(Time, PlanSet, Recorded)>,
}
