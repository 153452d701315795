//! Reading, for people: over any tables, also those of a reader that can't write.

use crate::model::{Actor, BroadcastRow, ConsentEntry, Contact, ConversationRow, ConversationState, HandoffRow, MessageRow, Phone, PlanHash};
use crate::store::doc::Doc;
use crate::store::page::page;
use crate::store::tables::{DocRow, From, Tables, Walk};
use crate::store::{ConversationQuery, HandoffQuery, JournalEntry, LiveCount, MAX_PAGE, MessageQuery, Page, Parked, Peek, Result};

/// Names of counters that are the store's own begin so; they are not among those of `counts`.
pub const OWN: char = '\u{1}';

/// Name of the counter of people at a conversation's step.
pub fn live_name(row: &ConversationRow) -> String {
    format!("{OWN}live{OWN}{}{OWN}{}{OWN}{}", row.playbook, row.version, row.step.as_deref().unwrap_or(""))
}

/// Name of the value a fact is kept as.
pub fn fact_name(name: &str) -> String {
    format!("fact/{name}")
}

/// A document's value. One that can't be read is left out and said in the log: nothing else suffers from it.
pub fn decode<D: Doc>(row: &DocRow) -> Option<D> {
    serde_json::from_str(&row.body)
        .inspect_err(|error| tracing::warn!(kind = D::KIND, number = row.number, %error, "a row can't be read; it is left out"))
        .ok()
}

/// A document by its id.
pub fn doc<D: Doc>(tables: &impl Tables, id: &str) -> Result<Option<D>> {
    Ok(tables.doc(D::KIND, id)?.and_then(|row| decode(&row)))
}

/// The number of a contact's actor.
fn owner(tables: &impl Tables, contact: &Phone) -> Result<Option<u64>> {
    Ok(tables.head(&Actor::Contact(contact.clone()))?.map(|head| head.id))
}

/// What a query walks along: the contact's rows where it names one, else the topic's. None: there is no such contact.
fn along<'a>(tables: &impl Tables, contact: Option<&Phone>, otherwise: Walk<'a>) -> Result<Option<Walk<'a>>> {
    match contact {
        Some(contact) => Ok(owner(tables, contact)?.map(Walk::Owner)),
        None => Ok(Some(otherwise)),
    }
}

/// A page of documents, newest or oldest first.
fn docs<D: Doc>(
    tables: &impl Tables,
    walk: Walk<'_>,
    oldest_first: bool,
    (cursor, limit): (Option<&str>, usize),
    keep: impl Fn(&D) -> Option<bool>,
) -> Result<Page<D>> {
    let fetch = |at: Option<u64>, most: usize| {
        let from = if oldest_first { From::Above(at.unwrap_or(0)) } else { From::Below(at.unwrap_or(u64::MAX)) };
        Ok(tables.walk(D::KIND, walk, from, most)?.into_iter().map(|row| (row.number, decode::<D>(&row))).collect())
    };
    // A row that can't be read still is a step of the walk.
    let found = page(cursor, limit, fetch, |row: &Option<D>| row.as_ref().map_or(Some(false), &keep))?;
    Ok(Page { items: found.items.into_iter().flatten().collect(), next: found.next })
}

/// No rows.
fn nothing<D>() -> Page<D> {
    Page { items: Vec::new(), next: None }
}

/// All of a contact's documents of a kind after a number, oldest first.
fn ledger<D: Doc>(tables: &impl Tables, contact: &Phone, after: u64, limit: usize) -> Result<Vec<(u64, D)>> {
    let Some(owner) = owner(tables, contact)? else { return Ok(Vec::new()) };
    let rows = tables.walk(D::KIND, Walk::Owner(owner), From::Above(after), limit)?;
    Ok(rows.iter().filter_map(|row| Some((row.number, decode(row)?))).collect())
}

/// `Store::contact`.
pub fn contact(tables: &impl Tables, phone: &Phone) -> Result<Option<Contact>> {
    Ok(peek(tables, &Actor::Contact(phone.clone()))?.and_then(|peek| peek.contact))
}

/// `Store::contacts`.
pub fn contacts(tables: &impl Tables, after: u64, limit: usize) -> Result<Vec<Contact>> {
    Ok(tables.people(after, limit)?.iter().filter_map(|json| person(json)).collect())
}

/// A person's record.
fn person(json: &str) -> Option<Contact> {
    serde_json::from_str(json).inspect_err(|error| tracing::warn!(%error, "a contact's record can't be read; it is left out")).ok()
}

/// `Store::peek`.
pub fn peek(tables: &impl Tables, actor: &Actor) -> Result<Option<Peek>> {
    let Some(head) = tables.head(actor)? else { return Ok(None) };
    let body = tables.body(head.id)?;
    let (waiting, _) = tables.inbox(head.id)?;
    Ok(Some(Peek { contact: body.contact.as_deref().and_then(person), state: body.state, wake: head.wake, waiting }))
}

/// `Store::conversations`.
pub fn conversations(tables: &impl Tables, query: &ConversationQuery) -> Result<Page<ConversationRow>> {
    let live = !query.states.is_empty() && !query.states.contains(&ConversationState::Ended);
    let otherwise = match (&query.playbook, live) {
        (Some(playbook), true) => Walk::OpenTopic(playbook),
        (Some(playbook), false) => Walk::Topic(playbook),
        (None, true) => Walk::Open,
        (None, false) => Walk::All,
    };
    let Some(walk) = along(tables, query.contact.as_ref(), otherwise)? else { return Ok(nothing()) };
    docs(tables, walk, false, (query.cursor.as_deref(), query.limit), |row: &ConversationRow| {
        let state = query.states.is_empty() || query.states.contains(&row.state);
        Some(state && query.playbook.as_ref().is_none_or(|playbook| *playbook == row.playbook))
    })
}

/// `Store::messages`.
pub fn messages(tables: &impl Tables, query: &MessageQuery) -> Result<Page<MessageRow>> {
    let matches = |row: &MessageRow| {
        query.contact.as_ref().is_none_or(|contact| *contact == row.contact)
            && query.conversation.as_ref().is_none_or(|id| row.conversation.as_ref() == Some(id))
            && query.status.is_none_or(|status| status == row.status)
            && query.sid.as_ref().is_none_or(|sid| row.sid.as_ref() == Some(sid))
    };
    let recent = |row: &MessageRow| query.since.is_none_or(|since| row.created_at >= since);
    if let Some(sid) = &query.sid {
        let found = tables.doc_by_alias(MessageRow::KIND, sid)?;
        // A text from a contact has it as its id.
        let found = found.map_or_else(|| tables.doc(MessageRow::KIND, sid), |row| Ok(Some(row)))?.and_then(|row| decode(&row));
        let items = found.into_iter().filter(|row| matches(row) && recent(row)).collect();
        return Ok(Page { items, next: None });
    }
    let walk = match (&query.conversation, query.status) {
        // A conversation's texts are among its contact's.
        (Some(id), _) => tables.doc(ConversationRow::KIND, id.as_str())?.and_then(|row| row.owner).map(Walk::Owner),
        (None, Some(status)) if status.is_open() => along(tables, query.contact.as_ref(), Walk::Open)?,
        (None, _) => along(tables, query.contact.as_ref(), Walk::All)?,
    };
    let Some(walk) = walk else { return Ok(nothing()) };
    // Newest first, so the first one that is too old ends the walk.
    docs(tables, walk, false, (query.cursor.as_deref(), query.limit), |row| recent(row).then(|| matches(row)))
}

/// `Store::handoffs`.
pub fn handoffs(tables: &impl Tables, query: &HandoffQuery) -> Result<Page<HandoffRow>> {
    let otherwise = match (&query.queue, query.open) {
        (Some(queue), true) => Walk::OpenTopic(queue),
        (Some(queue), false) => Walk::Topic(queue),
        (None, true) => Walk::Open,
        (None, false) => Walk::All,
    };
    let Some(walk) = along(tables, query.contact.as_ref(), otherwise)? else { return Ok(nothing()) };
    docs(tables, walk, query.open, (query.cursor.as_deref(), query.limit), |row: &HandoffRow| {
        Some((!query.open || row.state.is_open()) && query.queue.as_ref().is_none_or(|queue| *queue == row.queue))
    })
}

/// `Store::broadcasts`.
pub fn broadcasts(tables: &impl Tables, cursor: Option<&str>, limit: usize) -> Result<Page<BroadcastRow>> {
    docs(tables, Walk::All, false, (cursor, limit), |_| Some(true))
}

/// `Store::journal`.
pub fn journal(tables: &impl Tables, contact: &Phone, after: u64, limit: usize) -> Result<Vec<(u64, JournalEntry)>> {
    ledger(tables, contact, after, limit)
}

/// `Store::consent`: all of it, as it is evidence.
pub fn consent(tables: &impl Tables, contact: &Phone) -> Result<Vec<ConsentEntry>> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let piece = ledger(tables, contact, after, MAX_PAGE)?;
        let Some((last, _)) = piece.last() else { return Ok(all) };
        after = *last;
        all.extend(piece.into_iter().map(|(_, entry)| entry));
    }
}

/// `Store::counts`.
pub fn counts(tables: &impl Tables, prefix: &str) -> Result<Vec<(String, i64)>> {
    Ok(tables.counters(prefix)?.into_iter().filter(|(name, _)| !name.starts_with(OWN)).collect())
}

/// What a counter of `live_name` says; none for other counters.
pub fn live_count((name, count): (String, i64)) -> Option<LiveCount> {
    let mut parts = name.strip_prefix(OWN)?.strip_prefix("live")?.split(OWN).skip(1);
    let (playbook, version, step) = (parts.next()?.to_owned(), PlanHash(parts.next()?.to_owned()), parts.next()?);
    let step = Some(step).filter(|step| !step.is_empty()).map(str::to_owned);
    Some(LiveCount { playbook, version, step, count: u64::try_from(count).ok()? })
}

/// `Store::live_counts`.
pub fn live_counts(tables: &impl Tables) -> Result<Vec<LiveCount>> {
    Ok(tables.counters(&format!("{OWN}live{OWN}"))?.into_iter().filter_map(live_count).collect())
}

/// `Store::plans_in_use`.
pub fn plans_in_use(tables: &impl Tables) -> Result<Vec<PlanHash>> {
    let mut plans: Vec<PlanHash> = live_counts(tables)?.into_iter().map(|count| count.version).collect();
    let mut cursor = None;
    loop {
        let found: Page<BroadcastRow> = docs(tables, Walk::Open, true, (cursor.as_deref(), MAX_PAGE), |_| Some(true))?;
        plans.extend(found.items.into_iter().map(|row| row.version));
        cursor = found.next;
        if cursor.is_none() {
            break;
        }
    }
    plans.sort();
    plans.dedup();
    Ok(plans)
}

/// `Store::parked`, newest first.
pub fn parked(tables: &impl Tables, limit: usize) -> Result<Vec<Parked>> {
    Ok(tables.walk(Parked::KIND, Walk::All, From::Below(u64::MAX), limit)?.iter().filter_map(decode).collect())
}
