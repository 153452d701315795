//! People by name and number, as pages show and find them.

use futures::future::join_all;
use serde::Serialize;

use super::Console;
use crate::http::problem::Answer;
use crate::model::{Contact, Phone};
use crate::text::addresses;

/// Contacts looked through for a name, the newest ones: no index has names.
pub const SEARCHED: u64 = 10_000;

/// Found people that are shown.
const SHOWN: usize = 20;

/// Contacts read at a time.
const STRETCH: u64 = 500;

/// A person on a page.
#[derive(Clone, Debug, Serialize)]
pub struct Who {
    /// The number.
    pub phone: String,
    /// The name; empty where it is not known.
    pub name: String,
}

impl Who {
    /// A contact, if there is one, by its number.
    pub fn new(phone: &Phone, contact: Option<&Contact>) -> Who {
        Who { phone: phone.0.clone(), name: contact.map(name).unwrap_or_default() }
    }
}

/// The name that people know somebody by.
pub fn name(contact: &Contact) -> String {
    let whole = ["first_name", "last_name"].into_iter().filter_map(|field| contact.text(field)).collect::<Vec<_>>().join(" ");
    if whole.is_empty() { contact.text("name").unwrap_or_default().to_owned() } else { whole }
}

impl Console {
    /// Who these are, in the same order.
    pub(super) async fn who(&self, phones: impl Iterator<Item = &Phone>) -> Answer<Vec<Who>> {
        let asked = phones.map(|phone| async move { Ok(Who::new(phone, self.doors.store.contact(phone).await?.as_ref())) });
        join_all(asked).await.into_iter().collect()
    }

    /// The number that somebody typed, in whatever way people write numbers; none if it is something else.
    pub(super) fn number(&self, typed: &str) -> Option<Phone> {
        /// A number has at least so many digits; `2` is none.
        const DIGITS: usize = 7;
        let is_number =
            typed.chars().all(|c| c.is_ascii_digit() || " +-().".contains(c)) && typed.chars().filter(char::is_ascii_digit).count() >= DIGITS;
        let plans = self.doors.plans.now();
        let own = plans.workspace.senders.first().and_then(|sender| sender.numbers.first()).map_or("", |number| number.number());
        let typed = typed.trim();
        is_number.then(|| addresses::phone(typed, own).unwrap_or_else(|| typed.replace(' ', ""))).map(Phone)
    }

    /// People with names that begin so, newest first.
    pub(super) async fn named(&self, words: &str) -> Answer<Vec<Who>> {
        let words = words.to_lowercase();
        let fits = |name: &str| {
            let name = name.to_lowercase();
            name.starts_with(&words) || name.split_whitespace().any(|part| part.starts_with(&words))
        };
        let newest = self.newest_contact().await?;
        let (mut found, mut upto) = (Vec::new(), newest);
        while upto > newest.saturating_sub(SEARCHED) && found.len() < SHOWN {
            let from = upto.saturating_sub(STRETCH);
            let mut stretch = self.doors.store.contacts(from, usize::try_from(STRETCH).unwrap_or(usize::MAX)).await?;
            stretch.retain(|contact| contact.number <= upto && fits(&name(contact)));
            found.extend(stretch.iter().rev().map(|contact| Who::new(&contact.phone, Some(contact))));
            upto = from;
        }
        found.truncate(SHOWN);
        Ok(found)
    }

    /// The number of creation of the newest contact, found by asking whether there is anybody beyond: some forty reads of one row.
    pub(super) async fn newest_contact(&self) -> Answer<u64> {
        let (mut low, mut high) = (0, 1);
        while let Some(contact) = self.doors.store.contacts(high, 1).await?.first() {
            low = contact.number;
            high = low.saturating_mul(2);
        }
        while low < high {
            let middle = low + (high - low) / 2;
            match self.doors.store.contacts(middle, 1).await?.first() {
                Some(contact) => low = contact.number,
                None => high = middle,
            }
        }
        Ok(high)
    }
}
