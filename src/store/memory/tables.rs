//! Rows in ordered maps: actors, inboxes, the queue, names.
//!
//! JSON stays JSON here as in a file, so that whatever a test stores has been written and read back between any two steps.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::{Actor, Phone, Time};
use crate::store::tables::{Actors, Body, Head, Names, OutRow, Outs, Progress};
use crate::store::{Flight, Result};

use super::docs::Shelves;

/// An actor with what it keeps.
struct Row {
    /// Its name.
    name: Actor,
    /// What moves it.
    head: Head,
    /// What it keeps.
    body: Body,
    /// Its inbox: JSON, and whether it counts for the limit, by due time and number.
    inbox: BTreeMap<(Time, u64), (String, bool)>,
}

impl Row {
    /// What moves it, as it is read.
    fn head(&self) -> Head {
        Head { known: self.body.contact.is_some(), ..self.head.clone() }
    }
}

/// All rows of a store in memory.
#[derive(Default)]
pub struct Tables {
    /// By number.
    actors: BTreeMap<u64, Row>,
    /// Numbers by name.
    names: HashMap<Actor, u64>,
    /// The calendar.
    wakes: BTreeSet<(Time, u64)>,
    /// The last actor's number; never given twice.
    last_actor: u64,
    /// The last event's number.
    last_event: u64,
    /// Ids seen, and when.
    seen: HashMap<String, Time>,
    /// Those ids in order of time.
    seen_at: BTreeSet<(Time, String)>,
    /// The queue, by order.
    outs: BTreeMap<u64, OutRow>,
    /// Held rows by contact; few at a time, and asked for with every claim.
    held: BTreeSet<(u64, u64)>,
    /// Named values.
    values: BTreeMap<String, String>,
    /// Counters.
    counters: BTreeMap<String, i64>,
    /// Lists.
    lists: HashMap<String, Vec<Phone>>,
    /// Documents.
    pub(super) shelves: Shelves,
}

impl Tables {
    /// Writes a head, and its place in the calendar.
    fn place(&mut self, head: &Head) {
        let Some(row) = self.actors.get_mut(&head.id) else { return };
        if let Some(wake) = row.head.wake {
            self.wakes.remove(&(wake, head.id));
        }
        self.wakes.extend(head.wake.map(|wake| (wake, head.id)));
        row.head = head.clone();
    }
}

impl Actors for Tables {
    fn head(&self, name: &Actor) -> Result<Option<Head>> {
        self.names.get(name).map_or(Ok(None), |id| self.head_by_id(*id))
    }

    fn head_by_id(&self, id: u64) -> Result<Option<Head>> {
        Ok(self.actors.get(&id).map(Row::head))
    }

    fn make(&mut self, name: &Actor) -> Result<Head> {
        self.last_actor += 1;
        let head = Head { id: self.last_actor, ..Head::default() };
        let row = Row { name: name.clone(), head: head.clone(), body: Body::default(), inbox: BTreeMap::new() };
        self.actors.insert(head.id, row);
        self.names.insert(name.clone(), head.id);
        Ok(head)
    }

    fn set_head(&mut self, head: &Head) -> Result<()> {
        self.place(head);
        Ok(())
    }

    fn set_record(&mut self, head: &Head, state: &[u8], contact: Option<&str>) -> Result<()> {
        self.place(head);
        if let Some(row) = self.actors.get_mut(&head.id) {
            row.body.state = Some(state.to_vec());
        }
        contact.map_or(Ok(()), |contact| self.set_contact(head.id, contact))
    }

    fn set_contact(&mut self, id: u64, body: &str) -> Result<()> {
        if let Some(row) = self.actors.get_mut(&id) {
            row.body.contact = Some(body.to_owned());
        }
        Ok(())
    }

    fn body(&self, id: u64) -> Result<Body> {
        Ok(self.actors.get(&id).map(|row| row.body.clone()).unwrap_or_default())
    }

    fn remove(&mut self, id: u64) -> Result<()> {
        if let Some(row) = self.actors.remove(&id) {
            self.names.remove(&row.name);
            self.wakes.retain(|(_, actor)| *actor != id);
        }
        Ok(())
    }

    fn due(&self, now: Time, limit: usize) -> Result<Vec<(Actor, Head, Body)>> {
        let rows = self.wakes.range(..=(now, u64::MAX)).take(limit).filter_map(|(_, id)| self.actors.get(id));
        Ok(rows.map(|row| (row.name.clone(), row.head(), row.body.clone())).collect())
    }

    fn next_wake(&self) -> Result<Option<Time>> {
        Ok(self.wakes.first().map(|(wake, _)| *wake))
    }

    fn leased(&self, until: Time) -> Result<Vec<Head>> {
        let rows = self.wakes.range(..=(until, u64::MAX)).filter_map(|(_, id)| self.actors.get(id));
        Ok(rows.filter(|row| row.head.lease != 0).map(Row::head).collect())
    }

    fn people(&self, after: u64, limit: usize) -> Result<Vec<String>> {
        let rows = self.actors.range(after.saturating_add(1)..);
        Ok(rows.filter_map(|(_, row)| row.body.contact.clone()).take(limit).collect())
    }

    fn put_event(&mut self, actor: u64, due: Time, body: &str, counted: bool) -> Result<()> {
        self.last_event += 1;
        if let Some(row) = self.actors.get_mut(&actor) {
            row.inbox.insert((due, self.last_event), (body.to_owned(), counted));
        }
        Ok(())
    }

    fn events(&self, actor: u64, now: Time, limit: usize) -> Result<Vec<(u64, Vec<u8>)>> {
        let Some(row) = self.actors.get(&actor) else { return Ok(Vec::new()) };
        let due = row.inbox.range(..=(now, u64::MAX)).take(limit);
        Ok(due.map(|((_, number), (body, _))| (*number, body.clone().into_bytes())).collect())
    }

    fn first_due(&self, actor: u64) -> Result<Option<Time>> {
        Ok(self.actors.get(&actor).and_then(|row| row.inbox.keys().next()).map(|(due, _)| *due))
    }

    fn inbox(&self, actor: u64) -> Result<(u64, u64)> {
        let Some(row) = self.actors.get(&actor) else { return Ok((0, 0)) };
        Ok((row.inbox.len() as u64, row.inbox.values().filter(|(_, counted)| *counted).count() as u64))
    }

    fn take_event(&mut self, actor: u64, number: u64) -> Result<Option<bool>> {
        let Some(row) = self.actors.get_mut(&actor) else { return Ok(None) };
        let key = row.inbox.keys().find(|(_, known)| *known == number).copied();
        Ok(key.and_then(|key| row.inbox.remove(&key)).map(|(_, counted)| counted))
    }

    fn counted(&self) -> Result<u64> {
        Ok(self.actors.values().flat_map(|row| row.inbox.values()).filter(|(_, counted)| *counted).count() as u64)
    }

    fn see(&mut self, id: &str, at: Time) -> Result<bool> {
        let new = !self.seen.contains_key(id);
        if new {
            self.seen.insert(id.to_owned(), at);
            self.seen_at.insert((at, id.to_owned()));
        }
        Ok(new)
    }

    fn forget_seen(&mut self, before: Time, limit: usize) -> Result<usize> {
        let old: Vec<_> = self.seen_at.iter().take_while(|(at, _)| *at < before).take(limit).cloned().collect();
        for key in &old {
            self.seen_at.remove(key);
            self.seen.remove(&key.1);
        }
        Ok(old.len())
    }
}

impl Outs for Tables {
    fn put_out(&mut self, row: &OutRow) -> Result<()> {
        self.outs.insert(row.order, row.clone());
        Ok(())
    }

    fn set_out(&mut self, order: u64, progress: &Progress) -> Result<()> {
        let Some(row) = self.outs.get_mut(&order) else { return Ok(()) };
        row.progress = progress.clone();
        if progress.flight == Flight::Held {
            self.held.insert((row.actor, order));
        } else {
            self.held.remove(&(row.actor, order));
        }
        Ok(())
    }

    fn drop_out(&mut self, order: u64) -> Result<()> {
        if let Some(row) = self.outs.remove(&order) {
            self.held.remove(&(row.actor, order));
        }
        Ok(())
    }

    fn last_out(&self) -> Result<u64> {
        Ok(self.outs.keys().next_back().copied().unwrap_or(0))
    }

    fn moving(&self) -> Result<Vec<OutRow>> {
        Ok(self.outs.values().filter(|row| row.progress.flight != Flight::Held).cloned().collect())
    }

    fn held_of(&self, actor: u64) -> Result<Vec<OutRow>> {
        let held = self.held.range((actor, 0)..=(actor, u64::MAX));
        Ok(held.filter_map(|(_, order)| self.outs.get(order)).cloned().collect())
    }

    fn any_held(&self) -> Result<bool> {
        Ok(!self.held.is_empty())
    }

    fn held_by(&self, hold: &str, limit: usize) -> Result<Vec<OutRow>> {
        let rows = self.outs.values().filter(|row| row.progress.hold.as_deref() == Some(hold));
        Ok(rows.take(limit).cloned().collect())
    }
}

/// Entries of a map whose names begin so.
fn begin<V: Clone>(map: &BTreeMap<String, V>, prefix: &str) -> Vec<(String, V)> {
    let from = map.range(prefix.to_owned()..).take_while(|(name, _)| name.starts_with(prefix));
    from.map(|(name, value)| (name.clone(), value.clone())).collect()
}

impl Names for Tables {
    fn value(&self, name: &str) -> Result<Option<String>> {
        Ok(self.values.get(name).cloned())
    }

    fn set_value(&mut self, name: &str, value: Option<&str>) -> Result<()> {
        match value {
            Some(value) => self.values.insert(name.to_owned(), value.to_owned()),
            None => self.values.remove(name),
        };
        Ok(())
    }

    fn values(&self, prefix: &str) -> Result<Vec<(String, String)>> {
        Ok(begin(&self.values, prefix))
    }

    fn count(&mut self, name: &str, by: i64) -> Result<()> {
        let counter = self.counters.entry(name.to_owned()).or_default();
        *counter = counter.saturating_add(by);
        if *counter == 0 {
            self.counters.remove(name);
        }
        Ok(())
    }

    fn counters(&self, prefix: &str) -> Result<Vec<(String, i64)>> {
        Ok(begin(&self.counters, prefix))
    }

    fn append(&mut self, list: &str, piece: &[Phone]) -> Result<()> {
        self.lists.entry(list.to_owned()).or_default().extend_from_slice(piece);
        Ok(())
    }

    fn list(&self, list: &str, from: u64, limit: usize) -> Result<Vec<Phone>> {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        Ok(self.lists.get(list).into_iter().flatten().skip(from).take(limit).cloned().collect())
    }

    fn drop_list(&mut self, list: &str) -> Result<()> {
        self.lists.remove(list);
        Ok(())
    }
}
