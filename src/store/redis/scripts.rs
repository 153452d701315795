//! The scripts: their texts, with what they must know of the rules in Rust written before them.

use std::collections::HashMap;
use std::time::Duration;

use redis::Script;

use crate::model::pace::CREDIT_US;
use crate::model::{Happening, MessageStatus};
use crate::store::lanes::LONGEST_TEXT;
use crate::store::ledger::{MOVES, What};
use crate::store::{MAX_EVENTS_A_CLAIM, MAX_PAGE, MAX_WAITING_EVENTS, Result};

use super::args::{HOLE, rest};
use super::{DAEMON, DEAD_AFTER};

/// How long the clocks of an actor rest that could not be moved even without an event (see `core::inbox`).
const CLOCKS_REST: Duration = Duration::from_secs(3_600);

/// Dead leases one call of `unsure` turns into unknown texts.
const MAX_LOST: usize = 500;

/// Texts one claim takes out or sets aside, besides those it hands out.
const MAX_ASIDE: usize = 500;

/// Held texts one page lets go or cancels.
pub const SWEEP_PAGE: usize = 500;

/// Entries a message's history keeps.
const MAX_HISTORY: usize = 50;

/// All of them, by name.
const SOURCES: [(&str, &str); 22] = [
    ("post", include_str!("lua/post.lua")),
    ("claim", include_str!("lua/claim.lua")),
    ("release", include_str!("lua/release.lua")),
    ("park", include_str!("lua/park.lua")),
    ("commit", include_str!("lua/commit.lua")),
    ("texts", include_str!("lua/texts.lua")),
    ("calls", include_str!("lua/calls.lua")),
    ("settle", include_str!("lua/settle.lua")),
    ("report", include_str!("lua/report.lua")),
    ("unsure", include_str!("lua/unsure.lua")),
    ("look_again", include_str!("lua/look_again.lua")),
    ("speeds", include_str!("lua/speeds.lua")),
    ("slow", include_str!("lua/slow.lua")),
    ("hold", include_str!("lua/hold.lua")),
    ("sweep", include_str!("lua/sweep.lua")),
    ("contacts", include_str!("lua/contacts.lua")),
    ("broadcast", include_str!("lua/broadcast.lua")),
    ("plan", include_str!("lua/plan.lua")),
    ("erase", include_str!("lua/erase.lua")),
    ("scrub", include_str!("lua/scrub.lua")),
    ("forget", include_str!("lua/forget.lua")),
    ("beat", include_str!("lua/beat.lua")),
];

/// What happens to a text, as scripts name it.
pub fn word(what: What) -> &'static str {
    match what {
        What::Claimed => "claimed",
        What::SetAside => "set_aside",
        What::Freed => "freed",
        What::Cancelled => "cancelled",
        What::Accepted => "accepted",
        What::PutBack => "put_back",
        What::Refused => "refused",
        What::Kept => "kept",
        What::Lost => "lost",
    }
}

/// A Lua table of the pairs.
fn table(name: &str, pairs: impl Iterator<Item = (String, String)>) -> String {
    let fields: Vec<String> = pairs.map(|(key, value)| format!("{key} = {value}")).collect();
    format!("local {name} = {{ {} }}\n", fields.join(", "))
}

/// What stands before every script: the ledger's table, ranks, limits, and events with a hole for the message's name.
fn rules() -> Result<String> {
    let moves = MessageStatus::ALL.iter().filter_map(|(from, name)| {
        let to: Vec<String> =
            MOVES.iter().filter(|(known, ..)| known == from).map(|(_, what, to)| format!("{} = '{}'", word(*what), to.as_str())).collect();
        (!to.is_empty()).then(|| ((*name).to_owned(), format!("{{ {} }}", to.join(", "))))
    });
    let ranks = MessageStatus::ALL.iter().filter_map(|(status, name)| Some(((*name).to_owned(), status.rank()?.to_string())));
    let open = MessageStatus::ALL.iter().filter(|(status, _)| status.is_open()).map(|(_, name)| ((*name).to_owned(), "true".to_owned()));
    let flags = |kinds: &'static str| kinds.chars().map(|kind| (kind.to_string(), "true".to_owned()));
    let mut text = table("MOVES", moves) + &table("RANK", ranks) + &table("OPEN", open);
    // Kinds of documents that have a list of all, and those that grow old.
    text += &table("LISTED", flags("chbx"));
    text += &table("AGES", flags("chlx"));
    let numbers = [
        ("CREDIT", CREDIT_US),
        ("LONGEST", LONGEST_TEXT),
        ("CLOCKS_REST", micros(CLOCKS_REST)),
        ("DEAD_AFTER", micros(DEAD_AFTER)),
        ("MAX_WAITING", int(MAX_WAITING_EVENTS)),
        ("MAX_EVENTS", int(MAX_EVENTS_A_CLAIM)),
        ("MAX_PAGE", int(MAX_PAGE)),
        ("MAX_LOST", int(MAX_LOST)),
        ("MAX_ASIDE", int(MAX_ASIDE)),
        ("SWEEP_PAGE", int(SWEEP_PAGE)),
        ("MAX_HISTORY", int(MAX_HISTORY)),
        ("DAEMON", int(DAEMON)),
    ];
    text.extend(numbers.map(|(name, value)| format!("local {name} = {value}\n")));
    let message = || HOLE.into();
    let not_sent = |why: &str| Happening::NotSent { message: message(), code: None, why: why.to_owned() };
    let events = [
        ("NOT_SENT_OPTED_OUT", not_sent("opted_out")),
        ("NOT_SENT_CANCELLED", not_sent("cancelled")),
        ("EXPIRED", Happening::Expired { message: message() }),
    ];
    for (name, event) in events {
        text += &format!("local {name} = [[{}]]\n", rest(event)?);
    }
    Ok(text)
}

/// A number as the scripts take it; none of ours comes near the end.
fn int(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// Microseconds of a length.
fn micros(length: Duration) -> i64 {
    int(length.as_micros())
}

/// The scripts as they are loaded.
pub struct Scripts(HashMap<&'static str, (String, Script)>);

impl Scripts {
    /// Puts them together.
    pub fn new() -> Result<Scripts> {
        let before = rules()? + include_str!("lua/prelude.lua");
        let made = SOURCES.iter().map(|(name, source)| {
            let text = format!("{before}\n{source}");
            let script = Script::new(&text);
            (*name, (text, script))
        });
        Ok(Scripts(made.collect()))
    }

    /// The name under which the server knows a script.
    pub fn hash(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |(_, script)| script.get_hash())
    }

    /// All texts, to be loaded.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(|(text, _)| text.as_str())
    }
}
