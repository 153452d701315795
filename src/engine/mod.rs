//! The engine: one function. Everything that happens comes in as an event with its time; everything we do goes out as an effect.
//!
//! No clock, no chance, no I/O. `bridged test`, the daemon and every replay run this same function; what it remembers between two
//! calls is `State`, and nothing else.
//!
//! How to read it: [`step`] → `turn` (what one step works on) → `inbound` (a text arrives) or `events` (anything else) →
//! `start` (a conversation begins) → `run` (steps, one after the other, until it rests) → `texts` (may this go out, and when).

mod audience;
mod call;
mod chance;
mod clocks;
mod decision;
mod effects;
mod events;
mod farewell;
pub mod forecast;
mod guard;
mod handoff;
mod inbound;
mod line;
mod matching;
mod moving;
mod outcomes;
mod question;
pub mod replay;
mod reserved;
mod run;
mod scope;
pub mod script;
mod start;
pub mod state;
mod takeover;
mod texts;
mod turn;
mod verbs;
mod voice;
mod zone;

#[cfg(test)]
mod tests;

use crate::model::{Contact, Event, Flight, Happening, MessageId, Time};
use crate::playbook::PlanSet;

pub use audience::belongs;
pub use chance::draw;
pub use decision::{Decision, Way};
pub use effects::Effects;
pub use state::State;
pub use voice::{VoiceAnswer, voice_answer};
pub use zone::zones;

/// What one step starts from.
#[derive(Clone, Debug)]
pub struct Person {
    /// The contact, made anew if nobody knew it.
    pub contact: Contact,
    /// What the engine remembers of it.
    pub state: State,
}

/// What one step led to.
#[derive(Debug)]
pub struct Step {
    /// The person from now on.
    pub person: Person,
    /// What is to be done.
    pub effects: Effects,
    /// What was decided, in order.
    pub decisions: Vec<Decision>,
}

/// Moves one contact by one event.
///
/// `now` is the store's clock at the claim; `flight` tells how far each unsettled text of the contact is. Clocks that fell due before
/// the event happened come first; with [`Happening::Clock`] those due by now.
pub fn step(plans: &PlanSet, person: Person, event: &Event, flight: &dyn Fn(&MessageId) -> Option<Flight>, now: Time) -> Step {
    let mut turn = turn::Turn::new(plans, person, flight, now);
    if let Happening::Clock = event.what {
        turn.run_clocks(now, true);
    } else {
        turn.run_clocks(event.at, false);
        turn.happen(event);
    }
    turn.finish()
}
