//! Who belongs to a broadcast: what its shell asks before it starts anybody.

use super::Person;
use super::state::State;
use super::turn::Turn;
use crate::model::{Contact, Time};
use crate::playbook::PlanSet;
use crate::playbook::plan::CompiledAudience;

/// Whether a contact is in an audience now, by its filter and list. Consent, caps and the rest are asked when its turn comes.
pub fn belongs(plans: &PlanSet, contact: &Contact, audience: &CompiledAudience, now: Time) -> bool {
    if contact.opted_out || audience.written.list.as_ref().is_some_and(|list| !contact.lists.contains(list)) {
        return false;
    }
    let nothing_under_way = |_: &_| None;
    let person = Person { contact: contact.clone(), state: State::default() };
    audience.filter.as_ref().is_none_or(|filter| Turn::new(plans, person, &nothing_under_way, now).is_true_of_contact(filter, None))
}
