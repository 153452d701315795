//! Where things stand in a rehearsal: which conversations are open, at what, and what falls due next.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::world::World;
use crate::engine::state::{Clock, Conversation, Due, Rest, Role};
use crate::model::Time;

/// Where things stand.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The moment.
    pub now: Time,
    /// The contact's zone, in which moments are shown.
    pub zone: TimeZone,
    /// Open conversations, oldest first.
    pub open: Vec<Stand>,
}

/// Where one conversation stands.
#[derive(Clone, Debug)]
pub struct Stand {
    /// Its playbook, if that is not the one under test.
    pub other: Option<String>,
    /// What it does: `open`, `sending`, `with a person`.
    pub doing: &'static str,
    /// The newest step with an id.
    pub step: Option<String>,
    /// Since when, with the word for it: `asked`, `since`.
    pub since: Option<(&'static str, Time)>,
    /// What falls due, in order.
    pub due: Vec<Falls>,
}

/// Something that falls due.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Falls {
    /// What.
    pub what: &'static str,
    /// The word between it and its time, `at` or `until`; empty for `until` alone.
    pub word: &'static str,
    /// When.
    pub at: Time,
}

impl Standing {
    /// Of a world.
    pub(super) fn of(world: &mut World, playbook: &str) -> Standing {
        let zone = world.zone();
        let state = world.person().state;
        let stand = |conversation: &Conversation| {
            let mut clocks: Vec<&Clock> = state.clocks.iter().filter(|clock| clock.conversation == conversation.id).collect();
            clocks.sort_by_key(|clock| (clock.at, clock.n));
            let (doing, since) = doing(conversation);
            let other = Some(&conversation.playbook).filter(|name| *name != playbook).cloned();
            let due = clocks.into_iter().map(|clock| falls(conversation, clock)).collect();
            Stand { other, doing, step: conversation.step.clone(), since, due }
        };
        Standing { now: world.now, zone, open: state.live.iter().map(stand).collect() }
    }

    /// A moment as people say it: the time alone if it is today.
    pub fn when(&self, at: Time) -> String {
        let whole = shown(at.timestamp(), &self.zone);
        let day = |at: Time| self.zone.to_datetime(at.timestamp()).date();
        if day(at) == day(self.now) { whole.rsplit(", ").next().unwrap_or_default().to_owned() } else { whole }
    }

    /// What falls due next in any conversation, with whose it is.
    pub fn next(&self) -> Option<(&Stand, Falls)> {
        let all = self.open.iter().flat_map(|stand| stand.due.iter().map(move |falls| (stand, *falls)));
        all.min_by_key(|(_, falls)| falls.at)
    }
}

/// What a conversation does, and since when.
fn doing(conversation: &Conversation) -> (&'static str, Option<(&'static str, Time)>) {
    match &conversation.rest {
        Rest::Question(open) if open.open => ("open", open.since.map(|since| ("asked", since))),
        Rest::Question(_) | Rest::Text | Rest::Running => ("sending", None),
        Rest::Person(talk) => ("with a person", talk.since.map(|since| ("since", since))),
        Rest::Line => ("waiting for the line", None),
        Rest::Stopped => ("waiting for its playbook to be resumed", None),
        Rest::Call { .. } => ("calling", None),
        Rest::Time { since } | Rest::Event { since } => ("waiting", Some(("since", *since))),
    }
}

fn falls(conversation: &Conversation, clock: &Clock) -> Falls {
    let (what, word) = match clock.due {
        Due::Timeout | Due::Person => ("time-out", "at"),
        Due::Remind(_) => ("reminder", "at"),
        Due::Gather => ("gathering", "until"),
        Due::Wait => ("", "until"),
        Due::Held(slot) => {
            let reminder = conversation.texts.iter().any(|text| text.slot == slot && matches!(text.role, Role::Remind(_)));
            (if reminder { "reminder held" } else { "held" }, "until")
        }
        Due::Line => ("gives up", "at"),
        Due::Sla => ("alarm", "at"),
        Due::Idle => ("idle", "at"),
    };
    Falls { what, word, at: clock.at }
}

impl fmt::Display for Standing {
    /// In a line; conversations of other playbooks with their name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it is {}", shown(self.now.timestamp(), &self.zone))?;
        for stand in &self.open {
            let other = stand.other.as_ref().map(|name| format!("{name} ")).unwrap_or_default();
            write!(f, "; {other}{}: {}", stand.doing, stand.step.as_deref().unwrap_or("its start"))?;
            let since = stand.since.iter().map(|(word, at)| format!("{word} {}", self.when(*at)));
            let due = stand.due.iter().map(|falls| format!("{} {} {}", falls.what, falls.word, self.when(falls.at)).trim_start().to_owned());
            let details: Vec<String> = since.chain(due).collect();
            if !details.is_empty() {
                write!(f, " ({})", details.join(", "))?;
            }
        }
        if self.open.is_empty() { f.write_str("; no conversation is open") } else { Ok(()) }
    }
}

/// `Tue Mar 3, 2:00pm`.
pub fn shown(at: Timestamp, zone: &TimeZone) -> String {
    let zoned = zone.to_datetime(at);
    let (hour, half) = match zoned.hour() {
        0 => (12, "am"),
        hour @ 1..=11 => (hour, "am"),
        12 => (12, "pm"),
        hour => (hour - 12, "pm"),
    };
    format!("{} {}, {hour}:{:02}{half}", zoned.strftime("%a"), zoned.strftime("%b %-d"), zoned.minute())
}
