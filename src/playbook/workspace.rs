//! The workspace: what `bridged.yaml` says that playbooks inherit. Always as it is now; conversations are never pinned to it.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;

use jiff::tz::TimeZone;

use crate::model::{Address, Channel, Class, SenderType};
use crate::text::{OpenHours, ReservedWords, Template};

use super::plan::Cap;
use super::prices::Prices;

/// What texts, windows and queues are decided by.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// `{{ brand }}`.
    pub brand: String,
    /// Zone of contacts whose own is unknown, and of the queues' hours.
    pub timezone: TimeZone,
    /// Its IANA name, for messages.
    pub timezone_name: String,
    /// Language of texts where neither contact nor playbook names one.
    pub language: String,
    /// In the order of the settings; the first is the default.
    pub senders: Vec<Sender>,
    /// Segments a second over all long codes of the account.
    pub account_mps: f64,
    /// Rules of each class.
    pub classes: BTreeMap<Class, ClassRules>,
    /// Words that opt out, opt in, or ask for help.
    pub reserved: ReservedWords,
    /// Our answers to them, sent only where Twilio does not answer itself.
    pub answers: ReservedAnswers,
    /// Queues of people.
    pub queues: BTreeMap<String, Queue>,
    /// Declared own fields of contacts.
    pub contact_fields: BTreeMap<String, FieldKind>,
    /// Secrets by name, for `http` steps only. Their values never leave the daemon's memory.
    pub secrets: Secrets,
    /// Hosts that `http` steps may reach although private or without TLS.
    pub http_allow: Vec<String>,
    /// What stands before `/l/CODE` in tracked links.
    pub links: String,
    /// Which traffic playbooks take part in.
    pub sync: Sync,
    /// What texts cost.
    pub prices: Prices,
}

/// Secrets by name. Shown by their names only, whatever prints them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(BTreeMap<String, String>);

impl From<BTreeMap<String, String>> for Secrets {
    fn from(secrets: BTreeMap<String, String>) -> Secrets {
        Secrets(secrets)
    }
}

impl Deref for Secrets {
    type Target = BTreeMap<String, String>;

    fn deref(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A name in `senders:`.
#[derive(Clone, Debug, PartialEq)]
pub struct Sender {
    /// Its name in playbooks.
    pub name: String,
    /// Decides default speed and who answers STOP.
    pub kind: SenderType,
    /// Its numbers on their channel (several: a pool), empty for a Messaging Service.
    pub numbers: Vec<Address>,
    /// Messaging Service SID, if it is one.
    pub service: Option<String>,
    /// Segments a second of each number.
    pub mps: f64,
}

impl Sender {
    /// The channel its texts travel on.
    pub fn channel(&self) -> Channel {
        if self.kind == SenderType::Whatsapp { Channel::Whatsapp } else { Channel::Sms }
    }
}

/// What a class of text needs.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassRules {
    /// Needs marketing consent; else anybody not opted out.
    pub needs_consent: bool,
    /// When it may go out.
    pub hours: OpenHours,
    /// How many one contact may get.
    pub cap: Option<Cap>,
    /// The first text must name the brand (checked by `bridged check`).
    pub first_needs_brand: bool,
    /// The first text must say how to stop.
    pub first_needs_opt_out: bool,
    /// A text whose fate stays unknown is sent again (true) or held for a person.
    pub resend_unknown: bool,
}

/// Our own answers to reserved words.
#[derive(Clone, Debug)]
pub struct ReservedAnswers {
    /// To STOP.
    pub opt_out: Template,
    /// To START.
    pub opt_in: Template,
    /// To HELP.
    pub help: Template,
}

/// A queue of people.
#[derive(Clone, Debug, PartialEq)]
pub struct Queue {
    /// When people are there, in the workspace's zone.
    pub hours: OpenHours,
    /// How work is shared, once agents have names: `least_busy` or `round_robin`.
    pub assign: String,
    /// How soon somebody answers, counted in opening hours.
    pub sla: Option<crate::text::Length>,
}

/// The kinds of own data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Any text.
    Text,
    /// A number.
    Number,
    /// A moment.
    Time,
    /// True or false.
    YesNo,
}

/// The integration guide's step 5.
#[derive(Clone, Debug, PartialEq)]
pub struct Sync {
    /// Texts from contacts may start and move playbooks.
    pub inbound: bool,
    /// Texts may go out; else they are held.
    pub outbound: bool,
    /// Channels playbooks may use.
    pub channels: Vec<Channel>,
    /// Messages count as events.
    pub messages: bool,
    /// Statuses count as events.
    pub statuses: bool,
    /// Pictures and files are taken in and sent.
    pub media: bool,
}

impl Workspace {
    /// A sender by name; none or an unknown name is the first.
    pub fn sender(&self, name: Option<&str>) -> Option<&Sender> {
        name.and_then(|name| self.senders.iter().find(|sender| sender.name == name)).or_else(|| self.senders.first())
    }

    /// The sender that owns a number.
    pub fn sender_of(&self, number: &Address) -> Option<&Sender> {
        self.senders.iter().find(|sender| sender.numbers.contains(number))
    }

    /// Segments a second that all numbers of a sender make together.
    pub fn speed(&self, sender: &Sender) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "nobody has so many numbers")]
        let own = sender.mps * sender.numbers.len().max(1) as f64;
        if sender.kind == SenderType::LongCode { own.min(self.account_mps) } else { own }
    }

    /// The hours in which texts of our own idea go out: those of their class (a talk's are the transactional ones), narrowed by the playbook's.
    pub fn hours(&self, class: Class, playbook: &OpenHours) -> OpenHours {
        let class = if class == Class::Conversational { Class::Transactional } else { class };
        self.class(class).map_or(*playbook, |rules| rules.hours.narrow(playbook))
    }

    /// The rules of a class.
    pub fn class(&self, class: Class) -> Option<&ClassRules> {
        self.classes.get(&class)
    }
}
