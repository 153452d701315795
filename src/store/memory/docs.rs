//! Documents in ordered maps. Walks look at every row of a kind: in memory there are few.

use std::collections::{BTreeMap, HashMap};

use crate::model::Time;
use crate::store::Result;
use crate::store::doc::Marks;
use crate::store::tables::{DocRow, Docs, From, Walk};

use super::Tables;

/// A document and what it is found by.
struct Row {
    /// Whose.
    owner: Option<u64>,
    /// Its name.
    id: Option<String>,
    /// Its second name.
    alias: Option<String>,
    /// What it is listed under.
    topic: Option<String>,
    /// Whether it is not done with.
    open: bool,
    /// Since when it may be forgotten.
    over: Option<Time>,
    /// JSON.
    body: String,
}

impl Row {
    /// Whether a walk meets it.
    fn met(&self, walk: Walk<'_>) -> bool {
        match walk {
            Walk::All => true,
            Walk::Owner(owner) => self.owner == Some(owner),
            Walk::Topic(topic) => self.topic.as_deref() == Some(topic),
            Walk::Open => self.open,
            Walk::OpenTopic(topic) => self.open && self.topic.as_deref() == Some(topic),
        }
    }
}

/// All documents of one kind.
#[derive(Default)]
pub(super) struct Shelf {
    /// By number.
    rows: BTreeMap<u64, Row>,
    /// Numbers by id.
    ids: HashMap<String, u64>,
    /// Numbers by second name.
    aliases: HashMap<String, u64>,
    /// The last number given.
    last: u64,
}

/// Documents by kind.
pub(super) type Shelves = HashMap<&'static str, Shelf>;

impl Shelf {
    /// Takes a row out, with its names.
    fn remove(&mut self, number: u64) {
        let Some(row) = self.rows.remove(&number) else { return };
        if let Some(id) = row.id {
            self.ids.remove(&id);
        }
        if let Some(alias) = row.alias {
            self.aliases.remove(&alias);
        }
    }

    /// A row as it is handed out.
    fn hand_out(&self, number: u64) -> Option<DocRow> {
        self.rows.get(&number).map(|row| DocRow { number, owner: row.owner, body: row.body.clone() })
    }
}

impl Docs for Tables {
    fn put_doc(&mut self, kind: &'static str, owner: Option<u64>, marks: &Marks<'_>, body: &str) -> Result<()> {
        let shelf = self.shelves.entry(kind).or_default();
        let number = match marks.id.and_then(|id| shelf.ids.get(id)) {
            Some(number) => *number,
            None => {
                shelf.last += 1;
                shelf.last
            }
        };
        shelf.remove(number);
        let own = |text: Option<&str>| text.map(str::to_owned);
        shelf.ids.extend(own(marks.id).map(|id| (id, number)));
        shelf.aliases.extend(own(marks.alias).map(|alias| (alias, number)));
        let (id, alias, topic) = (own(marks.id), own(marks.alias), own(marks.topic));
        let row = Row { owner, id, alias, topic, open: marks.open, over: marks.over, body: body.to_owned() };
        shelf.rows.insert(number, row);
        Ok(())
    }

    fn add_doc(&mut self, kind: &'static str, owner: Option<u64>, marks: &Marks<'_>, body: &str) -> Result<bool> {
        let known = marks.id.is_some_and(|id| self.shelves.get(kind).is_some_and(|shelf| shelf.ids.contains_key(id)));
        if !known {
            self.put_doc(kind, owner, marks, body)?;
        }
        Ok(!known)
    }

    fn set_doc(&mut self, kind: &'static str, id: &str, marks: Option<&Marks<'_>>, body: &str) -> Result<()> {
        let Some(shelf) = self.shelves.get_mut(kind) else { return Ok(()) };
        let Some(row) = shelf.ids.get(id).and_then(|number| shelf.rows.get_mut(number)) else { return Ok(()) };
        match marks {
            Some(marks) => {
                let owner = row.owner;
                self.put_doc(kind, owner, marks, body)
            }
            None => {
                body.clone_into(&mut row.body);
                Ok(())
            }
        }
    }

    fn doc(&self, kind: &'static str, id: &str) -> Result<Option<DocRow>> {
        Ok(self.shelves.get(kind).and_then(|shelf| shelf.hand_out(*shelf.ids.get(id)?)))
    }

    fn doc_by_alias(&self, kind: &'static str, alias: &str) -> Result<Option<DocRow>> {
        Ok(self.shelves.get(kind).and_then(|shelf| shelf.hand_out(*shelf.aliases.get(alias)?)))
    }

    fn walk(&self, kind: &'static str, walk: Walk<'_>, from: From, limit: usize) -> Result<Vec<DocRow>> {
        let Some(shelf) = self.shelves.get(kind) else { return Ok(Vec::new()) };
        let met = |(number, row): (&u64, &Row)| row.met(walk).then_some(*number);
        let numbers: Vec<u64> = match from {
            From::Below(number) => shelf.rows.range(..number).rev().filter_map(met).take(limit).collect(),
            From::Above(number) => shelf.rows.range(number.saturating_add(1)..).filter_map(met).take(limit).collect(),
        };
        Ok(numbers.into_iter().filter_map(|number| shelf.hand_out(number)).collect())
    }

    fn drop_docs_of(&mut self, kind: &'static str, owner: u64) -> Result<()> {
        let Some(shelf) = self.shelves.get_mut(kind) else { return Ok(()) };
        let numbers: Vec<u64> = shelf.rows.iter().filter(|(_, row)| row.owner == Some(owner)).map(|(number, _)| *number).collect();
        numbers.into_iter().for_each(|number| shelf.remove(number));
        Ok(())
    }

    fn forget_docs(&mut self, kind: &'static str, before: Time, limit: usize) -> Result<usize> {
        let Some(shelf) = self.shelves.get_mut(kind) else { return Ok(0) };
        let old = shelf.rows.iter().filter(|(_, row)| row.over.is_some_and(|over| over < before));
        let numbers: Vec<u64> = old.map(|(number, _)| *number).take(limit).collect();
        numbers.iter().for_each(|number| shelf.remove(*number));
        Ok(numbers.len())
    }
}
