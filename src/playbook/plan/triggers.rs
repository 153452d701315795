//! What starts a playbook, how often, and what ends it from outside.

use jiff::tz::TimeZone;

use super::TextSource;
use crate::text::{Expr, Length, Template};

/// What starts a playbook.
#[derive(Debug)]
pub struct Trigger {
    /// Which kind, with its keys.
    pub kind: TriggerKind,
    /// Line in the file.
    pub line: usize,
}

/// The kinds of trigger.
#[derive(Debug)]
pub enum TriggerKind {
    /// An API event.
    Event {
        /// Its name.
        name: String,
        /// Asked of it.
        filter: Option<Expr>,
        /// Tells conversations apart.
        key: Option<Template>,
        /// What it does when one runs.
        if_running: IfRunning,
    },
    /// A whole text that is one of these words (already cut).
    Keyword {
        /// Cut words.
        words: Vec<String>,
        /// What it does when one runs.
        if_running: IfRunning,
        /// Only on these senders; empty: all.
        to: Vec<String>,
    },
    /// A text nobody else claims.
    Message {
        /// Only on these senders; empty: all.
        to: Vec<String>,
    },
    /// An inbound call.
    Call {
        /// What the caller hears.
        say: Option<TextSource>,
        /// Only on these senders; empty: all.
        to: Vec<String>,
    },
    /// A tag the contact did not have.
    Tagged(String),
    /// A broadcast at each time.
    Cron {
        /// Five fields, as written.
        line: String,
        /// In which zone.
        zone: TriggerZone,
        /// Not after this.
        until: Option<String>,
    },
    /// One broadcast.
    At {
        /// Local time, as written.
        when: String,
        /// In which zone.
        zone: TriggerZone,
    },
}

/// The zone of a schedule.
#[derive(Clone, Debug, PartialEq)]
pub enum TriggerZone {
    /// Each contact's own.
    Contact,
    /// This one.
    Fixed(TimeZone),
}

/// What a trigger does when a conversation of the same playbook, contact and key runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfRunning {
    /// Nothing.
    Ignore,
    /// The old one ends.
    Restart,
    /// The live one gets the new event.
    Update,
    /// One more.
    Parallel,
}

/// How often one contact may enter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Entry {
    /// As often as it is triggered.
    Always,
    /// Once.
    Once,
    /// Once in this time.
    OncePer(Length),
}

/// What a conversation does when it needs the line and another has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfBusy {
    /// Stand before the step, for 24 h at most.
    Wait,
    /// End with outcome `busy`.
    Skip,
    /// End the holder, unless a person has the line.
    Interrupt,
}

/// A number of texts in a rolling time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// How many.
    pub count: u32,
    /// In how many hours: 24, 7 × 24 or 30 × 24.
    pub hours: u32,
}

/// Starts in a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Contacts a second.
    pub per_second: f64,
}

/// What counts as success.
#[derive(Debug)]
pub struct Goal {
    /// Name of the event.
    pub event: String,
    /// Asked of it.
    pub filter: Option<Expr>,
    /// Counted from the start.
    pub within: Length,
    /// A live conversation ends with it.
    pub exit: bool,
}

/// What ends a conversation at once.
#[derive(Debug)]
pub struct Exit {
    /// By which sign.
    pub on: ExitOn,
    /// Must equal the conversation's key.
    pub key: Option<Template>,
    /// Asked as well.
    pub cond: Option<Expr>,
    /// The last text.
    pub say: Option<TextSource>,
    /// The outcome.
    pub end: String,
    /// Line in the file.
    pub line: usize,
}

/// The sign of an exit.
#[derive(Debug)]
pub enum ExitOn {
    /// An API event.
    Event(String),
    /// A tag.
    Tagged(String),
}
