//! Documents in SQL. The tables of all kinds have the same columns; each walk names the index it goes along.

use rusqlite::{OptionalExtension, Row, params};

use crate::model::Time;
use crate::store::Result;
use crate::store::doc::Marks;
use crate::store::tables::{DocRow, Docs, From, Walk};

use super::{Tables, int, uint};

/// Kinds whose numbers rise with the time they are over: the oldest are the lowest, and need no index.
const IN_ORDER: [&str; 3] = ["links", "journal", "parked"];

/// A document from its row.
fn document(row: &Row<'_>) -> rusqlite::Result<DocRow> {
    Ok(DocRow { number: uint(row, 0)?, owner: row.get::<_, Option<i64>>(1)?.and_then(|owner| owner.try_into().ok()), body: row.get(2)? })
}

impl Docs for Tables {
    fn put_doc(&mut self, kind: &'static str, owner: Option<u64>, marks: &Marks<'_>, body: &str) -> Result<()> {
        // Only the index on ids is unique, and it holds no rows without one.
        let replace = match marks.id {
            // The owner and the topic of a document never change.
            Some(_) => {
                "on conflict (id) where id is not null do update set alias = excluded.alias, open = excluded.open, over = excluded.over, body = excluded.body"
            }
            None => "",
        };
        let sql = format!("insert into {kind} (owner, id, alias, topic, open, over, body) values (?1, ?2, ?3, ?4, ?5, ?6, ?7) {replace}");
        let values = params![owner.map(int), marks.id, marks.alias, marks.topic, marks.open, marks.over.map(|over| over.0), body];
        self.conn.prepare_cached(&sql)?.execute(values)?;
        Ok(())
    }

    fn add_doc(&mut self, kind: &'static str, owner: Option<u64>, marks: &Marks<'_>, body: &str) -> Result<bool> {
        let values = "values (?1, ?2, ?3, ?4, ?5, ?6, ?7) on conflict (id) where id is not null do nothing";
        let sql = format!("insert into {kind} (owner, id, alias, topic, open, over, body) {values}");
        let values = params![owner.map(int), marks.id, marks.alias, marks.topic, marks.open, marks.over.map(|over| over.0), body];
        Ok(self.conn.prepare_cached(&sql)?.execute(values)? == 1)
    }

    fn set_doc(&mut self, kind: &'static str, id: &str, marks: Option<&Marks<'_>>, body: &str) -> Result<()> {
        // Naming a column costs a change of its indexes, even if it stays as it is.
        let Some(marks) = marks else {
            self.conn.prepare_cached(&format!("update {kind} indexed by {kind}_id set body = ?2 where id = ?1"))?.execute([id, body])?;
            return Ok(());
        };
        let sql = format!("update {kind} indexed by {kind}_id set body = ?2, alias = ?3, open = ?4, over = ?5 where id = ?1");
        let values = params![id, body, marks.alias, marks.open, marks.over.map(|over| over.0)];
        self.conn.prepare_cached(&sql)?.execute(values)?;
        Ok(())
    }

    fn doc(&self, kind: &'static str, id: &str) -> Result<Option<DocRow>> {
        let sql = format!("select n, owner, body from {kind} indexed by {kind}_id where id = ?1");
        Ok(self.conn.prepare_cached(&sql)?.query_row([id], document).optional()?)
    }

    fn doc_by_alias(&self, kind: &'static str, alias: &str) -> Result<Option<DocRow>> {
        let sql = format!("select n, owner, body from {kind} indexed by {kind}_alias where alias = ?1 order by n desc limit 1");
        Ok(self.conn.prepare_cached(&sql)?.query_row([alias], document).optional()?)
    }

    fn walk(&self, kind: &'static str, walk: Walk<'_>, from: From, limit: usize) -> Result<Vec<DocRow>> {
        // Where there is nothing to compare with, the second value is not used; it is given all the same so that one call fits all.
        let (index, rows) = match walk {
            Walk::All => (String::new(), "?2 is null"),
            Walk::Owner(_) => (format!("indexed by {kind}_owner"), "owner = ?2"),
            Walk::Topic(_) => (format!("indexed by {kind}_topic"), "topic = ?2"),
            Walk::Open => (format!("indexed by {kind}_open"), "open and ?2 is null"),
            Walk::OpenTopic(_) => (format!("indexed by {kind}_open_topic"), "open and topic = ?2"),
        };
        let (past, order, number) = match from {
            From::Below(number) => ("<", "desc", number),
            From::Above(number) => (">", "asc", number),
        };
        let sql = format!("select n, owner, body from {kind} {index} where n {past} ?1 and {rows} order by n {order} limit ?3");
        let mut query = self.conn.prepare_cached(&sql)?;
        let rows = match walk {
            Walk::All | Walk::Open => query.query_map(params![int(number), None::<i64>, int(limit)], document)?,
            Walk::Owner(owner) => query.query_map(params![int(number), int(owner), int(limit)], document)?,
            Walk::Topic(topic) | Walk::OpenTopic(topic) => query.query_map(params![int(number), topic, int(limit)], document)?,
        };
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn drop_docs_of(&mut self, kind: &'static str, owner: u64) -> Result<()> {
        let sql = format!("delete from {kind} where n in (select n from {kind} indexed by {kind}_owner where owner = ?1)");
        self.conn.prepare_cached(&sql)?.execute([int(owner)])?;
        Ok(())
    }

    fn forget_docs(&mut self, kind: &'static str, before: Time, limit: usize) -> Result<usize> {
        let old = if IN_ORDER.contains(&kind) {
            format!("select n from (select n, over from {kind} order by n limit ?2) where over < ?1")
        } else {
            format!("select n from {kind} indexed by {kind}_over where over < ?1 limit ?2")
        };
        let sql = format!("delete from {kind} where n in ({old})");
        Ok(self.conn.prepare_cached(&sql)?.execute([before.0, int(limit)])?)
    }
}
