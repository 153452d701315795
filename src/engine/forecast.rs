//! What a broadcast would say to one contact: the texts up to the first rest that a person, time or another server must end. The same steps
//! as in earnest, so consent, caps and words are exactly those.

use super::replay::turn;
use super::{Decision, Person, belongs};
use crate::model::{BroadcastId, Event, Happening, Payload, Text, Time};
use crate::playbook::PlanSet;
use crate::playbook::plan::{CompiledAudience, Plan};

/// Texts in a row that one start may make: more is a loop.
const MAX_TEXTS: usize = 20;

/// What would become of a contact.
#[derive(Clone, Debug, PartialEq)]
pub enum Forecast {
    /// It is not in the audience.
    Outside,
    /// It would not be started, or get no text, for this reason.
    Skipped(String),
    /// It would get these, each with its cost in segments (or messages, on WhatsApp).
    Gets(Vec<(Text, u32)>),
}

/// Looks at one contact. `now` must be inside its hours, else its first text would be held.
pub fn forecast(plans: &PlanSet, plan: &Plan, audience: &CompiledAudience, person: Person, now: Time) -> Forecast {
    if !belongs(plans, &person.contact, audience, now) {
        return Forecast::Outside;
    }
    let start = Happening::Start {
        broadcast: BroadcastId("plan".to_owned()),
        plan: plan.hash.clone(),
        number: None,
        audience: Some(audience.written.clone()),
    };
    let (mut person, mut happens, mut texts, mut reason) = (person, start, Vec::new(), None);
    while texts.len() < MAX_TEXTS {
        let made = turn(plans, person, &[&Event::new(now, happens)], &[], now);
        reason = reason.or_else(|| made.decisions.iter().find_map(why_not));
        let queued = made.effects.queue.into_iter().find_map(|outgoing| match outgoing.payload {
            Payload::Text(text) => Some((outgoing.id, text, outgoing.cost, outgoing.quiet)),
            Payload::Call(_) => None,
        });
        let Some((message, text, cost, quiet)) = queued else { break };
        texts.push((text, cost));
        let waits = made.person.state.live.iter().any(|conversation| conversation.rest == super::state::Rest::Text);
        // A question rests whatever Twilio says, and nothing follows a farewell.
        if quiet || !waits {
            break;
        }
        person = made.person;
        happens = Happening::Sent { message, sid: None };
    }
    match (texts.is_empty(), reason) {
        (false, _) => Forecast::Gets(texts),
        (true, reason) => Forecast::Skipped(reason.unwrap_or_else(|| "no text".to_owned())),
    }
}

fn why_not(decision: &Decision) -> Option<String> {
    match decision {
        Decision::NotStarted { reason, .. } | Decision::Skipped { reason, .. } => Some(reason.clone()),
        Decision::Held { .. } => Some("window".to_owned()),
        Decision::Line { what, .. } if what == "waits" => Some("busy".to_owned()),
        _ => None,
    }
}
