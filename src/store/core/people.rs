//! Contacts, broadcasts, plans and named values: what is written from outside a step.

use std::collections::HashMap;

use crate::model::event::BroadcastOrder;
use crate::model::{Act, Actor, BroadcastRow, BroadcastState, ConsentEntry, Contact, Event, Happening, Patch, Phone, Time};
use crate::store::doc::Doc;
use crate::store::tables::{From, Tables, Walk};
use crate::store::{Error, MAX_PAGE, PlanRow, PutBroadcast, Result};

use super::read::decode;
use super::{Core, encode};

/// A contact as it will be once all patches of a call are applied.
pub struct Change {
    /// As it was; none for somebody new.
    pub was: Option<Contact>,
    /// As it will be.
    pub contact: Contact,
    /// Lines for the consent ledger.
    pub consent: Vec<ConsentEntry>,
    /// Whether it is suppressed from now on, if that was given.
    pub suppress: Option<bool>,
    /// Watched tags it did not have.
    pub tagged: Vec<String>,
}

impl<T: Tables> Core<T> {
    /// `Store::put_contacts`: first everything is read and worked out, then everything is written.
    pub fn put_contacts(&mut self, patches: &[Patch], watched: &[String], now: Time) -> Result<()> {
        let mut changes: Vec<Change> = Vec::new();
        let mut places: HashMap<&Phone, usize> = HashMap::new();
        for patch in patches {
            let place = match places.get(&patch.phone) {
                Some(place) => *place,
                None => {
                    changes.push(self.read_change(&patch.phone, now)?);
                    places.insert(&patch.phone, changes.len() - 1);
                    changes.len() - 1
                }
            };
            changes[place].apply(patch, watched, now);
        }
        changes.into_iter().try_for_each(|change| self.write_change(change, now))
    }

    /// A contact as it is.
    fn read_change(&self, phone: &Phone, now: Time) -> Result<Change> {
        let body = match self.tables.head(&Actor::Contact(phone.clone()))? {
            Some(head) => self.tables.body(head.id)?.contact,
            None => None,
        };
        let was: Option<Contact> = body
            .map(|json| serde_json::from_str(&json).map_err(|error| Error::Unusable(format!("the record of a contact can't be read: {error}"))))
            .transpose()?;
        let suppressed = was.is_none() && self.suppressed(phone)?;
        Ok(Change::of(phone, was, suppressed, now))
    }

    /// Writes a changed contact. Whoever has it claimed finds that its version is another.
    fn write_change(&mut self, change: Change, now: Time) -> Result<()> {
        let actor = Actor::Contact(change.contact.phone.clone());
        let mut head = self.head_of(&actor)?;
        // The same import again writes nothing and disturbs nobody's step.
        if change.was.as_ref() != Some(&change.contact) {
            head.version += 1;
            self.tables.set_head(&head)?;
            self.tables.set_contact(head.id, &encode(&Contact { number: head.id, ..change.contact.clone() })?)?;
        }
        for entry in &change.consent {
            self.keep(Some(head.id), entry)?;
        }
        if let Some(suppressed) = change.suppress {
            self.suppress(&change.contact.phone, suppressed)?;
        }
        for tag in change.tagged {
            self.deliver(&actor, &Event::new(now, Happening::Tagged { tag }), now, now)?;
        }
        Ok(())
    }

    /// `Store::put_broadcast`.
    pub fn put_broadcast(&mut self, row: &BroadcastRow, now: Time) -> Result<PutBroadcast> {
        if let Some(known) = self.tables.doc(BroadcastRow::KIND, row.id.as_str())?.and_then(|known| decode(&known)) {
            return Ok(PutBroadcast::Known(Box::new(known)));
        }
        self.keep(None, row)?;
        let begin = Event::new(now, Happening::Broadcast { order: BroadcastOrder::Begin });
        self.deliver(&Actor::Broadcast(row.id.clone()), &begin, row.at, now)?;
        Ok(PutBroadcast::New)
    }

    /// Running broadcasts look at their lanes.
    pub(super) fn wake_broadcasts(&mut self, now: Time) -> Result<()> {
        let mut from = From::Above(0);
        loop {
            let rows = self.tables.walk(BroadcastRow::KIND, Walk::Open, from, MAX_PAGE)?;
            for row in rows.iter().filter_map(decode::<BroadcastRow>).filter(|row| row.state == BroadcastState::Running) {
                if let Some(mut head) = self.tables.head(&Actor::Broadcast(row.id))? {
                    self.wake(&mut head, now)?;
                }
            }
            match rows.last().filter(|_| rows.len() == MAX_PAGE) {
                Some(last) => from = From::Above(last.number),
                None => return Ok(()),
            }
        }
    }

    /// `Store::put_plan`.
    pub fn put_plan(&mut self, plan: &PlanRow) -> Result<()> {
        match self.tables.doc(PlanRow::KIND, plan.hash.as_str())? {
            Some(_) => Ok(()),
            None => self.keep(None, plan),
        }
    }

    /// `Store::set_fact`.
    pub fn set_fact(&mut self, name: &str, value: &str) -> Result<()> {
        self.tables.set_value(&super::read::fact_name(name), Some(value))
    }
}

impl Change {
    /// No change yet; somebody new is opted out from the start where the number is suppressed.
    pub fn of(phone: &Phone, was: Option<Contact>, suppressed: bool, now: Time) -> Change {
        let fresh = || Contact { opted_out: suppressed, ..Contact::new(phone.clone(), now) };
        let contact = was.clone().unwrap_or_else(fresh);
        Change { was, contact, consent: Vec::new(), suppress: None, tagged: Vec::new() }
    }

    /// Applies one patch on top of those before it.
    pub fn apply(&mut self, patch: &Patch, watched: &[String], now: Time) {
        let before = self.contact.consent.clone();
        let fresh = self.contact.apply(patch);
        self.tagged.extend(fresh.into_iter().filter(|tag| watched.contains(tag)));
        let source = patch.consent_source.as_deref().unwrap_or("api");
        let entry = |act, class: &str| ConsentEntry {
            contact: patch.phone.clone(),
            act,
            class: class.to_owned(),
            at: now,
            source: source.to_owned(),
            evidence: String::new(),
        };
        let given = self.contact.consent.difference(&before).map(|class| entry(Act::Grant, class));
        let taken = before.difference(&self.contact.consent).map(|class| entry(Act::Revoke, class));
        self.consent.extend(given.chain(taken));
        if let Some(out) = patch.opted_out {
            // The ledger tells of changes; the suppression is written in any case, as it is what sends obey.
            if self.contact.opted_out != out {
                self.consent.push(entry(if out { Act::OptOut } else { Act::OptIn }, "all"));
            }
            self.contact.opted_out = out;
            self.suppress = Some(out);
        }
    }
}
