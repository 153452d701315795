//! Loop guards: what no playbook that a person meant ever does. Each ends the conversation as `failed`, where people see it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use super::turn::Turn;

/// Words that every guard's reason has, and no other reason of an end: explorations know a circle by them.
pub(super) const IN_A_ROW: &str = "in a row";

/// Steps in a row without a text of the contact or a clock.
pub(super) const MAX_STEPS: u32 = 500;

/// Equal texts to one contact within `EQUAL_WITHIN`: an autoresponder answering us.
const MAX_EQUAL: usize = 20;
/// See `MAX_EQUAL`.
const EQUAL_WITHIN: Duration = Duration::from_secs(5 * 60);

/// Texts to one contact within `ANY_WITHIN`; below the 30 at which Twilio blocks a pair of numbers (14107).
const MAX_ANY: usize = 25;
/// See `MAX_ANY`.
const ANY_WITHIN: Duration = Duration::from_secs(60);

impl Turn<'_> {
    /// Whether one more text with these words would be one too many. Agents' texts are not asked about.
    pub fn is_looping(&self, words: &str) -> bool {
        let hash = hash(words);
        let since = |length| self.now.minus(length);
        let equal = self.state.recent.iter().filter(|(at, known)| *known == hash && *at > since(EQUAL_WITHIN)).count();
        let any = self.state.recent.iter().filter(|(at, _)| *at > since(ANY_WITHIN)).count();
        equal >= MAX_EQUAL || any >= MAX_ANY
    }

    /// Counts a text.
    pub fn count_text(&mut self, words: &str) {
        self.state.recent.push((self.now, hash(words)));
    }

    /// Lets go of notes whose time is over.
    pub fn forget_old(&mut self) {
        /// The longest cap: a month of 30 days.
        const CAPS: Duration = Duration::from_secs(30 * 24 * 3600);
        /// More texts than a lane holds for one contact at any time; older ones have been settled without a word to us.
        const LOOSE: usize = 50;
        let now = self.now;
        self.state.recent.retain(|(at, _)| *at > now.minus(EQUAL_WITHIN));
        // The latest text of a broadcast stays: `exclude_recent` may look back further than any cap.
        let latest = self.state.sends.iter().filter(|note| note.bulk).map(|note| note.at).max();
        self.state.sends.retain(|note| note.message.is_some() || note.at > now.minus(CAPS) || (note.bulk && Some(note.at) == latest));
        let settled = self.state.loose.len().saturating_sub(LOOSE);
        self.state.loose.drain(..settled);
        self.state.goals.retain(|goal| goal.until >= now);
        if self.state.late.as_ref().is_some_and(|late| late.until < now) {
            self.state.late = None;
        }
    }
}

/// A stable-enough hash of words: it is only compared with others made by the same daemon version; a change costs one count.
fn hash(words: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}
