//! `Store::put_contacts`: Rust reads and works out the records, the script writes them if nothing has changed meanwhile.

use std::collections::HashMap;

use crate::model::{Actor, Contact, Happening, Patch, Phone, Time};
use crate::store::core::Change;
use crate::store::{Error, Result};

use super::args::{Args, json, rest};
use super::{Redis, answers};

/// How often records are read anew because somebody changed one of them meanwhile. A step changes its contact in a moment, so that many
/// changes in a row mean that something is wrong.
const MAX_TRIES: usize = 50;

/// A contact as it was read.
struct Known {
    /// The version of its record; 0 where there is none.
    version: u64,
    /// Its record.
    contact: Option<Contact>,
    /// Whether its number is suppressed.
    suppressed: bool,
}

impl Redis {
    /// See `Store::put_contacts`. Made again after a lost answer it changes nothing but what it would change anyway: a contact that
    /// is already as the patch says is left alone.
    pub(super) async fn patch_contacts(&self, patches: &[Patch], watched: &[String], now: Time) -> Result<()> {
        for _ in 0..MAX_TRIES {
            if self.try_patch(patches, watched, now).await? {
                return Ok(());
            }
        }
        Err(Error::Unavailable("the contacts are changed by others all the time".to_owned()))
    }

    /// One try; false if a record changed between reading and writing.
    async fn try_patch(&self, patches: &[Patch], watched: &[String], now: Time) -> Result<bool> {
        let mut order: Vec<&Phone> = Vec::new();
        let mut places: HashMap<&Phone, usize> = HashMap::new();
        for patch in patches {
            places.entry(&patch.phone).or_insert_with(|| {
                order.push(&patch.phone);
                order.len() - 1
            });
        }
        let known = self.read_known(&order).await?;
        let mut args = Args::default();
        args.num(order.len());
        let mut changes: Vec<Change> = Vec::with_capacity(order.len());
        for (phone, known) in order.iter().zip(known) {
            args.contact(phone, &self.shared.secret).num(known.version);
            changes.push(Change::of(phone, known.contact, known.suppressed, now));
        }
        for patch in patches {
            if let Some(change) = places.get(&patch.phone).and_then(|place| changes.get_mut(*place)) {
                change.apply(patch, watched, now);
            }
        }
        args.num(changes.len());
        for change in changes {
            args.contact(&change.contact.phone, &self.shared.secret);
            // The same import again writes nothing and disturbs nobody's step.
            let changed = change.was.as_ref() != Some(&change.contact);
            args.some(changed.then(|| json(&change.contact)).transpose()?.as_deref()).num(change.consent.len());
            for entry in &change.consent {
                args.text(json(entry)?);
            }
            args.some(change.suppress.map(|on| if on { "1" } else { "0" })).num(change.tagged.len());
            for tag in change.tagged {
                args.text(rest(Happening::Tagged { tag })?);
            }
        }
        let (_, [written]) = self.shared.script("contacts", args).await?;
        Ok(answers::int(&written)? == 1)
    }

    /// The records of these people.
    async fn read_known(&self, phones: &[&Phone]) -> Result<Vec<Known>> {
        let mut pipe = redis::pipe();
        for phone in phones {
            let actor = Actor::Contact((*phone).clone());
            pipe.cmd("HMGET").arg(self.shared.key(format!("a:{actor}"))).arg(&["c", "cv", "O", "n", "S"]);
            pipe.cmd("SISMEMBER").arg(self.shared.key("suppressed")).arg(self.shared.secret.hash(phone));
        }
        let mut found = self.shared.link.ask_all(&pipe).await?.into_iter();
        let mut known = Vec::with_capacity(phones.len());
        while let (Some(record), Some(suppressed)) = (found.next(), found.next()) {
            let [body, version, opted_out, number, _] = answers::fields(record)?;
            let contact = answers::bytes(body)?.map(|body| super::read::person(&body, &number, &opted_out)).transpose();
            known.push(Known {
                version: answers::time(&version)?.map_or(0, |version| u64::try_from(version.0).unwrap_or(0)),
                contact: contact.map_err(|error| Error::Unusable(format!("the record of a contact can't be read: {error}")))?,
                suppressed: answers::int(&suppressed)? == 1,
            });
        }
        Ok(known)
    }
}
