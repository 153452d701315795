//! What a broadcast would come to before it is started: who gets it and who not, segments, price, and when it is over. `bridged plan`, the
//! console's preview and the guard of `max_cost` all ask here.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::engine::forecast::{Forecast, forecast};
use crate::engine::{Person, State, zones};
use crate::model::{Actor, Contact, Time};
use crate::playbook::plan::CompiledAudience;
use crate::playbook::{Plan, PlanSet, slow_broadcast};
use crate::store::{self, Shared};
use crate::text::segments::{Encoding, segments};

/// Contacts looked at in one piece.
pub const PIECE: usize = 1_000;

/// Pieces that wait to be looked at while the next is read: few, so that memory stays flat.
const AT_ONCE: usize = 2;

/// Openings and closings that a finish is looked for in: months of them.
const MAX_LOOKS: usize = 10_000;

/// A broadcast foreseen.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Outlook {
    /// Its playbook.
    pub playbook: String,
    /// Contacts looked at.
    pub contacts: u64,
    /// There are more, which were not looked at.
    #[serde(default)]
    pub more: bool,
    /// Contacts not in the audience.
    pub outside: u64,
    /// Contacts in it who get nothing, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// Contacts who get a text.
    pub recipients: u64,
    /// Texts, up to the first answer or wait.
    pub texts: u64,
    /// Segments by encoding.
    pub segments: BTreeMap<String, u64>,
    /// Lowest price.
    pub price_low: f64,
    /// Highest price.
    pub price_high: f64,
    /// Segments for which the settings have no price.
    pub unpriced: u64,
    /// Of the prices.
    pub currency: String,
    /// When the first text leaves.
    pub begins_at: Option<String>,
    /// When the last one leaves; none where that is further than anybody plans.
    pub finishes_at: Option<String>,
    /// Seconds of sending, waits for opening hours left out.
    pub sending_seconds: f64,
    /// Contacts a second that the senders and the playbook's own pace allow.
    #[serde(default)]
    pub contacts_a_second: f64,
    /// More contacts than a day's window lets out, in the words of `slow-broadcast`.
    #[serde(default)]
    pub slow: Option<String>,
    /// Texts of each zone, in segments: what the finish is made of.
    #[serde(skip)]
    zones: BTreeMap<String, u64>,
}

impl Outlook {
    /// Why it may not be started if it must cost no more than this.
    pub fn too_dear(&self, max: f64) -> Option<String> {
        let Outlook { playbook, price_low, price_high, currency, texts, unpriced, .. } = self;
        if *price_high > max {
            let cost = if price_low < price_high { format!("{price_low:.2} to {price_high:.2}") } else { format!("{price_high:.2}") };
            return Some(format!(
                "`{playbook}` would cost {cost} {currency} for {texts} texts, and `max_cost` allows {max:.2}; narrow the audience, give it a `limit`, \
                 shorten the texts, or raise `prices.max_cost`"
            ));
        }
        (*unpriced > 0).then(|| {
            format!(
                "{unpriced} segments of `{playbook}` have no price in `prices.per_segment`, so nobody can say that it costs no more than the {max:.2} \
                 {currency} of `max_cost`; add the price of the contacts' country and of the sender's kind"
            )
        })
    }

    /// Contacts in the audience.
    pub fn members(&self) -> u64 {
        self.contacts - self.outside
    }

    /// The first so many members only. Within a piece nobody knows who they were, so all of it is cut in proportion.
    fn cut(&mut self, most: u64) {
        let members = self.members();
        let share = most as f64 / members.max(1) as f64;
        let cut = |count: &mut u64| *count = (*count as f64 * share).round() as u64;
        [&mut self.recipients, &mut self.texts, &mut self.unpriced].into_iter().for_each(cut);
        self.skipped.values_mut().chain(self.segments.values_mut()).chain(self.zones.values_mut()).for_each(cut);
        self.price_low *= share;
        self.price_high *= share;
        *self.skipped.entry("limit".to_owned()).or_default() += members - most;
    }
}

/// What contacts are looked at with.
#[derive(Clone)]
pub struct Viewpoint {
    /// The playbooks.
    pub plans: Arc<PlanSet>,
    /// The one to be started.
    pub plan: Arc<Plan>,
    /// For whom.
    pub audience: Arc<CompiledAudience>,
    /// When.
    pub at: Time,
}

impl Viewpoint {
    /// Looks at some contacts.
    pub fn look(&self, people: impl Iterator<Item = Person>) -> Outlook {
        let mut found = Outlook::default();
        let ws = &self.plans.workspace;
        let hours = ws.hours(self.plan.class, &self.plan.hours);
        // People of one zone share their opening.
        let mut openings: BTreeMap<Vec<String>, Time> = BTreeMap::new();
        for person in people {
            found.contacts += 1;
            let zones = zones(&person.contact, &ws.timezone);
            let names: Vec<String> = zones.iter().map(|zone| zone.iana_name().unwrap_or_default().to_owned()).collect();
            let name = names.first().cloned().unwrap_or_default();
            let opens = *openings.entry(names).or_insert_with(|| hours.next_open(self.at.timestamp(), &zones).into());
            let phone = person.contact.phone.clone();
            match forecast(&self.plans, &self.plan, &self.audience, person, opens) {
                Forecast::Outside => found.outside += 1,
                Forecast::Skipped(reason) => *found.skipped.entry(reason).or_default() += 1,
                Forecast::Gets(texts) => {
                    found.recipients += 1;
                    for (text, cost) in texts {
                        found.texts += 1;
                        let counted = segments(&text.body);
                        let encoding = if counted.encoding == Encoding::Gsm7 { "GSM-7" } else { "UCS-2" };
                        *found.segments.entry(encoding.to_owned()).or_default() += u64::from(cost);
                        *found.zones.entry(name.clone()).or_default() += u64::from(cost);
                        let kind = ws.sender_of(&text.from).or_else(|| ws.sender(self.plan.from.as_deref())).map(|sender| sender.kind);
                        match kind.and_then(|kind| ws.prices.of(phone.as_str(), kind)) {
                            Some(price) => {
                                found.price_low += price.low * f64::from(cost);
                                found.price_high += price.high * f64::from(cost);
                            }
                            None => found.unpriced += u64::from(cost),
                        }
                    }
                }
            }
        }
        found
    }

    /// The whole, of what was found in pieces, in the order of contacts: whoever comes after the audience's `limit` gets nothing.
    pub fn sum(&self, pieces: impl IntoIterator<Item = Outlook>) -> Outlook {
        let ws = &self.plans.workspace;
        let mut whole = Outlook { playbook: self.plan.name.clone(), currency: ws.prices.currency.clone(), ..Outlook::default() };
        let mut left = self.audience.written.limit.unwrap_or(u64::MAX);
        for mut piece in pieces {
            let members = piece.members();
            if members > left {
                piece.cut(left);
            }
            left = left.saturating_sub(members);
            whole.contacts += piece.contacts;
            whole.outside += piece.outside;
            whole.recipients += piece.recipients;
            whole.texts += piece.texts;
            whole.unpriced += piece.unpriced;
            whole.price_low += piece.price_low;
            whole.price_high += piece.price_high;
            for (into, from) in [(&mut whole.skipped, piece.skipped), (&mut whole.segments, piece.segments), (&mut whole.zones, piece.zones)] {
                from.into_iter().for_each(|(name, count)| *into.entry(name).or_default() += count);
            }
        }
        self.time(&mut whole);
        whole
    }

    /// When the first and the last text leave: at the senders' speed (or the playbook's own pace) through each zone's hours.
    fn time(&self, whole: &mut Outlook) {
        let ws = &self.plans.workspace;
        let Some(sender) = ws.sender(self.plan.from.as_deref()).filter(|_| whole.recipients > 0) else { return };
        let segments = whole.zones.values().sum::<u64>() as f64;
        let each = segments / whole.recipients as f64;
        let fastest = self.plan.max_rate.map_or(ws.speed(sender), |rate| ws.speed(sender).min(rate.per_second * each));
        // Spread, the pace is the audience's size over that time; what closed hours have kept back follows as fast as may be.
        let spread = self.plan.spread_over.map(|spread| {
            let from = self.at.timestamp();
            self.at.until(spread.after(from, &ws.timezone).into())
        });
        let slowest = spread.map_or(fastest, |spread| fastest.min(segments / spread.as_secs_f64().max(1.0)));
        if slowest <= 0.0 {
            return;
        }
        whole.sending_seconds = segments / slowest;
        whole.contacts_a_second = slowest / each;
        let hours = ws.hours(self.plan.class, &self.plan.hours);
        whole.slow = slow_broadcast(whole.recipients, whole.contacts_a_second, &hours);
        let zone_of = |name: &String| TimeZone::get(name).unwrap_or_else(|_| ws.timezone.clone());
        let mut left: Vec<(TimeZone, f64)> = whole.zones.iter().map(|(name, count)| (zone_of(name), *count as f64)).collect();
        let mut at = self.at.timestamp();
        let mut spread_ends = None;
        for _ in 0..MAX_LOOKS {
            let opens = |zone: &TimeZone, at| hours.next_open(at, std::slice::from_ref(zone));
            let next = left.iter().map(|(zone, _)| opens(zone, at)).min().unwrap_or(Timestamp::MAX);
            if next == Timestamp::MAX {
                return;
            }
            at = at.max(next);
            whole.begins_at.get_or_insert_with(|| Time::from(at).rfc3339());
            let spread_ends = *spread_ends.get_or_insert_with(|| spread.map(|spread| Time::from(at).plus(spread).timestamp()));
            let spread_ends = spread_ends.filter(|ends| at < *ends);
            let speed = if spread_ends.is_some() { slowest } else { fastest };
            // Until somebody closes, somebody else opens, or the pace changes.
            let is_open: Vec<bool> = left.iter().map(|(zone, _)| opens(zone, at) == at).collect();
            let changes = left.iter().zip(&is_open).filter_map(|((zone, _), open)| match open {
                true => hours.closes(at, std::slice::from_ref(zone)),
                false => Some(opens(zone, at)),
            });
            let end = changes.chain(spread_ends).min().unwrap_or(Timestamp::MAX);
            let room = if end == Timestamp::MAX { f64::INFINITY } else { end.duration_since(at).as_secs_f64() * speed };
            let mut sent = 0.0;
            for ((_, count), _) in left.iter_mut().zip(is_open).filter(|(_, open)| *open) {
                let taken = count.min(room - sent);
                *count -= taken;
                sent += taken;
            }
            // What remains of a sum of fractions is no segment.
            left.retain(|(_, count)| *count > 1e-6);
            if left.is_empty() {
                whole.finishes_at = Some(Time::from(at).plus(Duration::from_secs_f64(sent / speed)).rfc3339());
                return;
            }
            at = end;
        }
    }
}

/// Looks at the contacts of the store as they are now, page by page: at all, or at about so many.
pub async fn outlook(store: &Shared, view: &Viewpoint, most: Option<u64>) -> store::Result<Outlook> {
    let (mut after, mut read) = (0, 0);
    let mut looking = VecDeque::new();
    let mut found = Vec::new();
    let mut more = false;
    loop {
        let page = store.contacts(after, PIECE).await?;
        let Some(last) = page.last() else { break };
        if most.is_some_and(|most| read >= most) {
            more = true;
            break;
        }
        after = last.number;
        read += page.len() as u64;
        let people = people(store, page).await?;
        let view = view.clone();
        looking.push_back(spawn_blocking(move || view.look(people.into_iter())));
        // In order, since a `limit` takes the first.
        while looking.len() > AT_ONCE
            && let Some(piece) = looking.pop_front()
        {
            found.push(looked_at(piece).await?);
        }
    }
    for piece in looking {
        found.push(looked_at(piece).await?);
    }
    Ok(Outlook { more, ..view.sum(found) })
}

/// What was found in a piece. Without one of them the whole would be too cheap, so its loss is an error.
async fn looked_at(piece: JoinHandle<Outlook>) -> store::Result<Outlook> {
    piece.await.map_err(|why| store::Error::Unavailable(format!("some contacts could not be looked at ({why})")))
}

/// Contacts with what the engine remembers of them.
async fn people(store: &Shared, contacts: Vec<Contact>) -> store::Result<Vec<Person>> {
    let mut people = Vec::with_capacity(contacts.len());
    for contact in contacts {
        let state = store.peek(&Actor::Contact(contact.phone.clone())).await?.and_then(|peek| peek.state);
        // One that can't be read is told when its turn comes.
        people.push(Person { state: State::read(state.as_deref()).unwrap_or_default(), contact });
    }
    Ok(people)
}

#[cfg(test)]
mod tests;
