//! What a broadcast would come to before it is started: who gets it and who not, segments, price, and when it is over.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::engine::forecast::{Forecast, forecast};
use crate::engine::{Person, State, zones};
use crate::model::{Actor, Contact, Time};
use crate::playbook::plan::CompiledAudience;
use crate::playbook::{Plan, PlanSet};
use crate::store::{self, Shared};
use crate::text::segments::{Encoding, segments};

/// Contacts looked at in one piece.
pub const PIECE: usize = 1_000;

/// Openings and closings that a finish is looked for in: months of them.
const MAX_LOOKS: usize = 10_000;

/// A broadcast foreseen.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Outlook {
    /// Its playbook.
    pub playbook: String,
    /// Contacts looked at.
    pub contacts: u64,
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
    /// Texts of each zone, in segments: what the finish is made of.
    #[serde(skip)]
    zones: BTreeMap<String, u64>,
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

    /// The whole, of what was found in pieces.
    pub fn sum(&self, pieces: impl IntoIterator<Item = Outlook>) -> Outlook {
        let ws = &self.plans.workspace;
        let mut whole = Outlook { playbook: self.plan.name.clone(), currency: ws.prices.currency.clone(), ..Outlook::default() };
        for piece in pieces {
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
        self.limit(&mut whole);
        self.time(&mut whole);
        whole
    }

    /// `limit` of the audience: whoever comes after it gets nothing. Who that is depends on the order of contacts; the rest is in proportion.
    fn limit(&self, whole: &mut Outlook) {
        let Some(limit) = self.audience.written.limit.filter(|limit| *limit < whole.recipients) else { return };
        let share = limit as f64 / whole.recipients as f64;
        *whole.skipped.entry("limit".to_owned()).or_default() += whole.recipients - limit;
        whole.recipients = limit;
        whole.price_low *= share;
        whole.price_high *= share;
        let cut = |count: &mut u64| *count = (*count as f64 * share).round() as u64;
        cut(&mut whole.texts);
        cut(&mut whole.unpriced);
        whole.segments.values_mut().chain(whole.zones.values_mut()).for_each(cut);
    }

    /// When the first and the last text leave: at the senders' speed (or the playbook's own pace) through each zone's hours.
    fn time(&self, whole: &mut Outlook) {
        let ws = &self.plans.workspace;
        let Some(sender) = ws.sender(self.plan.from.as_deref()) else { return };
        let mut speed = sender.mps * sender.numbers.len().max(1) as f64;
        let each = whole.zones.values().sum::<u64>() as f64 / whole.recipients.max(1) as f64;
        if let Some(rate) = self.plan.max_rate {
            speed = speed.min(rate.per_second * each);
        }
        if whole.recipients == 0 || speed <= 0.0 {
            return;
        }
        whole.sending_seconds = whole.zones.values().sum::<u64>() as f64 / speed;
        let hours = ws.hours(self.plan.class, &self.plan.hours);
        let zone_of = |name: &String| TimeZone::get(name).unwrap_or_else(|_| ws.timezone.clone());
        let mut left: Vec<(TimeZone, f64)> = whole.zones.iter().map(|(name, count)| (zone_of(name), *count as f64)).collect();
        let mut at = self.at.timestamp();
        for _ in 0..MAX_LOOKS {
            let opens = |zone: &TimeZone, at| hours.next_open(at, std::slice::from_ref(zone));
            let next = left.iter().map(|(zone, _)| opens(zone, at)).min().unwrap_or(Timestamp::MAX);
            if next == Timestamp::MAX {
                return;
            }
            at = at.max(next);
            whole.begins_at.get_or_insert_with(|| Time::from(at).rfc3339());
            // Until somebody closes, or somebody else opens.
            let open = |zone: &TimeZone| opens(zone, at) == at;
            let ends =
                left.iter().filter_map(|(zone, _)| if open(zone) { hours.closes(at, std::slice::from_ref(zone)) } else { Some(opens(zone, at)) });
            let end = ends.min().unwrap_or(Timestamp::MAX);
            let mut room = if end == Timestamp::MAX { f64::INFINITY } else { end.duration_since(at).as_secs_f64() * speed };
            let sent_before = room;
            let is_open: Vec<bool> = left.iter().map(|(zone, _)| open(zone)).collect();
            for ((_, count), _) in left.iter_mut().zip(is_open).filter(|(_, open)| *open) {
                let taken = count.min(room);
                *count -= taken;
                room -= taken;
            }
            let sent = if sent_before.is_finite() { sent_before - room } else { whole.sending_seconds * speed };
            left.retain(|(_, count)| *count > 0.0);
            if left.is_empty() {
                let finish = Time::from(at).plus(std::time::Duration::from_secs_f64(sent / speed));
                whole.finishes_at = Some(finish.rfc3339());
                return;
            }
            at = end;
        }
    }
}

/// Looks at every contact of the store, page by page, as it is now.
pub async fn outlook(store: &Shared, view: &Viewpoint) -> store::Result<Outlook> {
    let mut after = 0;
    let mut pieces = tokio::task::JoinSet::new();
    let mut found = Vec::new();
    loop {
        let page = store.contacts(after, PIECE).await?;
        let Some(last) = page.last() else { break };
        after = last.number;
        let mut people = Vec::with_capacity(page.len());
        for contact in page {
            people.push(person(store, contact).await?);
        }
        let view = view.clone();
        pieces.spawn_blocking(move || view.look(people.into_iter()));
        // As many pieces under way as there are hands, so that memory stays flat.
        while pieces.len() > 2 {
            found.extend(pieces.join_next().await.and_then(Result::ok));
        }
    }
    while let Some(piece) = pieces.join_next().await {
        found.extend(piece.ok());
    }
    Ok(view.sum(found))
}

/// A contact with what the engine remembers of it.
async fn person(store: &Shared, contact: Contact) -> store::Result<Person> {
    let state = store.peek(&Actor::Contact(contact.phone.clone())).await?.and_then(|peek| peek.state);
    // One that can't be read is told when its turn comes.
    Ok(Person { state: State::read(state.as_deref()).unwrap_or_default(), contact })
}
