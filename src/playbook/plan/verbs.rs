//! What the verbs need to know, one struct each.

use jiff::civil::Time as TimeOfDay;
use serde_json::Value;

use super::{Next, TextSource};
use crate::model::Class;
use crate::text::{Expr, Length, Template};

/// The keys of a text that `send` and `ask` share.
#[derive(Debug)]
pub struct Send {
    /// The words.
    pub text: TextSource,
    /// Pictures and files.
    pub media: Vec<Template>,
    /// Up to ten answers to tap.
    pub buttons: Vec<Template>,
    /// An approved WhatsApp template (`HX…`).
    pub template: Option<String>,
    /// Its variables.
    pub vars: Vec<(String, Template)>,
    /// Instead of the playbook's class.
    pub class: Option<Class>,
    /// Skips the window.
    pub urgent: bool,
    /// Instead of the conversation's sender.
    pub from: Option<String>,
    /// Taken when the text is finally refused, or can't be rendered.
    pub on_failed: Option<Next>,
}

/// A question.
#[derive(Debug)]
pub struct Question {
    /// Its text; none: `listen`.
    pub send: Option<Send>,
    /// Answers understood; empty takes any text.
    pub rules: Vec<Rule>,
    /// Where the answer is kept.
    pub save: Option<Target>,
    /// Answers not understood that are met with another try.
    pub retry_max: u32,
    /// What is said then; none: the question again.
    pub retry_say: Option<TextSource>,
    /// After the retries.
    pub on_no_match: Next,
    /// Reminders, counted from the real send of the question.
    pub remind: Vec<Remind>,
    /// Join texts until the contact is silent so long.
    pub gather: Option<Length>,
    /// How long it stays open.
    pub timeout: Length,
    /// Then.
    pub on_timeout: Next,
    /// `on_timeout` just ends: a late reply may open the question again.
    pub late: bool,
}

/// A reminder.
#[derive(Debug)]
pub struct Remind {
    /// After the real send of the question.
    pub after: Length,
    /// The words.
    pub say: TextSource,
}

/// A reply rule.
#[derive(Debug)]
pub struct Rule {
    /// Hits when one of these does.
    pub matches: Vec<Match>,
    /// Replaces the value saved.
    pub save_as: Option<Value>,
    /// Where it leads.
    pub to: Next,
    /// Line in the file.
    pub line: usize,
}

/// A way to match a reply.
#[derive(Clone, Debug)]
pub enum Match {
    /// A yes.
    Yes,
    /// A no.
    No,
    /// A number, within bounds.
    Number {
        /// At least.
        min: Option<f64>,
        /// At most.
        max: Option<f64>,
    },
    /// A date.
    Date,
    /// A time of day.
    Time,
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// A picture or file.
    Media,
    /// Anything.
    Any,
    /// Anything that nothing else claims.
    Other,
    /// Whole words or word groups, anywhere.
    Words(Vec<String>),
    /// The whole reply is one of these.
    AnyOf(Vec<String>),
    /// Part of the text.
    Phrase(Vec<String>),
    /// A pattern, compiled without regard to case.
    Regex(regex::Regex),
    /// A button, by name.
    Button(String),
}

/// Where a value is kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// A bare name of the conversation.
    Name(String),
    /// A field of the contact.
    Contact(String),
}

/// A value whose strings are templates (`set`, `json`, `form`, `with`, `data`).
#[derive(Clone, Debug)]
pub enum TypedValue {
    /// A number, boolean or null.
    Plain(Value),
    /// A string; exactly one `{{ … }}` keeps the type of its value.
    Text(Template),
    /// A list.
    List(Vec<TypedValue>),
    /// A map, in order.
    Map(Vec<(String, TypedValue)>),
}

/// `wait_until`.
#[derive(Debug)]
pub struct WaitUntil {
    /// The moment, as text to be read.
    pub value: Template,
    /// Moved by this.
    pub shift: Shift,
    /// Then to this time of that day.
    pub at: Option<TimeOfDay>,
    /// What is done when it is past.
    pub past: Past,
}

/// How a moment is moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shift {
    /// Not.
    None,
    /// Earlier.
    Before(Length),
    /// Later.
    After(Length),
}

/// What `wait_until` does when its moment is now or past.
#[derive(Clone, Debug, PartialEq)]
pub enum Past {
    /// Pass over the step that follows: go on here.
    Skip(Next),
    /// Go on at once.
    Run,
    /// End with outcome `past`.
    End,
}

/// `wait_for`.
#[derive(Debug)]
pub struct WaitFor {
    /// Name of the event.
    pub event: String,
    /// Rendered with the incoming event and with the conversation's own; must be equal.
    pub key: Option<Template>,
    /// Asked of the incoming event.
    pub filter: Option<Expr>,
    /// How long.
    pub timeout: Length,
    /// Then.
    pub on_timeout: Next,
}

/// A branch of `choose`.
#[derive(Debug)]
pub struct Choice {
    /// Taken when true; none: otherwise.
    pub cond: Option<Expr>,
    /// Where it leads.
    pub to: Next,
    /// Line in the file.
    pub line: usize,
}

/// A branch of `split`.
#[derive(Debug)]
pub struct Arm {
    /// Its name, which becomes the variable named like the step.
    pub name: String,
    /// Its share.
    pub weight: f64,
    /// Where it leads.
    pub to: Next,
    /// Line in the file.
    pub line: usize,
}

/// `http`.
#[derive(Debug)]
pub struct Http {
    /// GET, POST, PUT, PATCH, DELETE.
    pub method: String,
    /// The address.
    pub url: Template,
    /// Headers.
    pub headers: Vec<(String, Template)>,
    /// Body as JSON.
    pub json: Option<TypedValue>,
    /// Body as a form.
    pub form: Vec<(String, TypedValue)>,
    /// One attempt may take so long, in milliseconds.
    pub timeout_ms: u64,
    /// Tried again so often.
    pub retries: u32,
    /// What is kept of the answer.
    pub save: Vec<(Target, Vec<String>)>,
    /// Taken on anything but a 2xx.
    pub on_error: Next,
}

/// `handoff`.
#[derive(Debug)]
pub struct Handoff {
    /// Which people.
    pub queue: String,
    /// What the agent reads.
    pub note: Option<Template>,
    /// What the contact is told.
    pub say: Option<TextSource>,
    /// `low`, `normal`, `high`.
    pub priority: String,
    /// Instead of the queue's.
    pub sla: Option<Length>,
    /// A side branch, once.
    pub on_sla: Option<Next>,
    /// The contact may be silent so long.
    pub idle: Length,
    /// The contact waits so long.
    pub timeout: Length,
    /// Then.
    pub on_timeout: Next,
}

/// `run`.
#[derive(Debug)]
pub struct Run {
    /// Which playbook; in `Plan::runs`.
    pub playbook: String,
    /// Its params.
    pub with: Vec<(String, TypedValue)>,
    /// Our name ← its name.
    pub save: Vec<(Target, String)>,
}
