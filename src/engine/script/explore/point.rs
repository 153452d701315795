//! When two points of a walk are the same: names and moments aside, the engine remembers the same.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use super::super::rehearsal::Rehearsal;
use crate::engine::state::{Conversation, Due, Rest, State};
use crate::engine::zones;
use crate::model::Time;

/// A day: what the contact wrote within it makes a text an answer.
const ANSWER: Duration = Duration::from_secs(24 * 3600);

/// The point where a talk is, as a number. `DefaultHasher::new` always begins alike, so it is the same every time.
pub(super) fn of(on: &mut Rehearsal<'_>) -> u64 {
    let person = on.world.person();
    let (state, contact, now) = (&person.state, &person.contact, on.now());
    let ws = &on.plans().workspace;
    let mut hasher = DefaultHasher::new();
    let mut fields: Vec<String> = contact.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    fields.sort();
    (fields, &contact.tags, &contact.consent, contact.opted_out).hash(&mut hasher);
    for live in &state.live {
        if live.playbook != on.head.playbook {
            // Others only matter by what they keep the walked one from.
            (&live.playbook, state.line.as_ref() == Some(&live.id)).hash(&mut hasher);
            continue;
        }
        conversation(on, state, live, now, &mut hasher);
        // Whether its own ideas may go out at this hour, and whether there is room for them.
        if let Some(plan) = on.plans().plan(&live.plan) {
            ws.hours(plan.class, &plan.hours).is_open(now.timestamp(), &zones(contact, &ws.timezone)).hash(&mut hasher);
            let cap = ws.class(plan.class).and_then(|rules| rules.cap).into_iter().chain(plan.cap).map(|cap| cap.count as usize).min();
            cap.is_some_and(|cap| state.sends.len() >= cap).hash(&mut hasher);
        }
    }
    state.line.as_ref().and_then(|id| state.live.iter().position(|live| live.id == *id)).hash(&mut hasher);
    state.late.as_ref().map(|late| &late.conversation.frames).map(|frames| format!("{frames:?}")).hash(&mut hasher);
    state.stop_confirmed.hash(&mut hasher);
    hasher.finish()
}

fn conversation(on: &Rehearsal<'_>, state: &State, live: &Conversation, now: Time, hasher: &mut DefaultHasher) {
    (&live.playbook, &live.plan, format!("{:?}", live.frames), live.tries, &live.clicked, &live.leaving).hash(hasher);
    live.event.as_ref().map(ToString::to_string).hash(hasher);
    match &live.rest {
        Rest::Question(open) => ("question", open.open, open.gathered.len(), open.overdue).hash(hasher),
        Rest::Person(talk) => ("person", talk.answered, talk.waiting, talk.since.is_some()).hash(hasher),
        Rest::Running => "running".hash(hasher),
        Rest::Line => "line".hash(hasher),
        Rest::Stopped => "stopped".hash(hasher),
        Rest::Text => "text".hash(hasher),
        Rest::Time { .. } => "time".hash(hasher),
        Rest::Event { .. } => "event".hash(hasher),
        Rest::Call { .. } => "call".hash(hasher),
    }
    for text in &live.texts {
        (format!("{:?}", text.role), text.at, text.level, text.message.is_some()).hash(hasher);
    }
    live.early.iter().map(|(name, _)| name).collect::<BTreeSet<_>>().hash(hasher);
    live.claimed_at.is_some_and(|at| at.plus(ANSWER) > now).hash(hasher);
    let mut clocks: Vec<_> = state.clocks.iter().filter(|clock| clock.conversation == live.id).collect();
    clocks.sort_by_key(|clock| (clock.at, clock.n));
    for clock in clocks {
        let due = if let Due::Held(_) = clock.due { "held".to_owned() } else { format!("{:?}", clock.due) };
        due.hash(hasher);
    }
    // Links that can still be opened.
    on.world.links.iter().filter(|(id, ..)| *id == live.id).map(|(_, marks, _)| marks).collect::<BTreeSet<_>>().hash(hasher);
}
