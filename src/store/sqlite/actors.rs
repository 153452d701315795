//! Actors, inboxes and seen ids in SQL.
//!
//! Queries name their index (`indexed by`): one that could not use it would fail in the first test rather than become a scan.

use rusqlite::{OptionalExtension, Row, params};

use crate::model::{Actor, Time};
use crate::store::Result;
use crate::store::tables::{Actors, Body, Head};

use super::{Tables, int, uint};

/// Columns of a head, in the order of `head`.
macro_rules! head {
    () => {
        "id, version, attempts, lease, wake, clock, contact is not null"
    };
}

/// A head from such a row.
fn head(row: &Row<'_>) -> rusqlite::Result<Head> {
    Ok(Head {
        id: uint(row, 0)?,
        version: uint(row, 1)?,
        attempts: row.get(2)?,
        lease: uint(row, 3)?,
        wake: row.get::<_, Option<i64>>(4)?.map(Time),
        clock: row.get::<_, Option<i64>>(5)?.map(Time),
        known: row.get(6)?,
    })
}

/// A time as SQLite keeps it.
fn at(time: Option<Time>) -> Option<i64> {
    time.map(|time| time.0)
}

impl Actors for Tables {
    fn head(&self, name: &Actor) -> Result<Option<Head>> {
        let mut query = self.conn.prepare_cached(concat!("select ", head!(), " from actors indexed by actors_name where name = ?1"))?;
        Ok(query.query_row([name.to_string()], head).optional()?)
    }

    fn head_by_id(&self, id: u64) -> Result<Option<Head>> {
        let mut query = self.conn.prepare_cached(concat!("select ", head!(), " from actors where id = ?1"))?;
        Ok(query.query_row([int(id)], head).optional()?)
    }

    fn make(&mut self, name: &Actor) -> Result<Head> {
        let mut insert = self.conn.prepare_cached("insert into actors (version, attempts, lease, name) values (0, 0, 0, ?1)")?;
        let id = insert.insert([name.to_string()])?;
        Ok(Head { id: u64::try_from(id).unwrap_or(0), ..Head::default() })
    }

    fn set_head(&mut self, head: &Head) -> Result<()> {
        let sql = "update actors set version = ?2, attempts = ?3, lease = ?4, wake = ?5, clock = ?6 where id = ?1";
        let values = params![int(head.id), int(head.version), head.attempts, int(head.lease), at(head.wake), at(head.clock)];
        self.conn.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    fn set_record(&mut self, head: &Head, state: &[u8], contact: Option<&str>) -> Result<()> {
        let sql = "update actors set version = ?2, attempts = ?3, lease = ?4, wake = ?5, clock = ?6, state = ?7, contact = coalesce(?8, contact)
            where id = ?1";
        let values = params![int(head.id), int(head.version), head.attempts, int(head.lease), at(head.wake), at(head.clock), state, contact];
        self.conn.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    fn set_contact(&mut self, id: u64, body: &str) -> Result<()> {
        self.conn.prepare_cached("update actors set contact = ?2 where id = ?1")?.execute(params![int(id), body])?;
        Ok(())
    }

    fn body(&self, id: u64) -> Result<Body> {
        let mut query = self.conn.prepare_cached("select state, contact from actors where id = ?1")?;
        let body = query.query_row([int(id)], |row| Ok(Body { state: row.get(0)?, contact: row.get(1)? })).optional()?;
        Ok(body.unwrap_or_default())
    }

    fn remove(&mut self, id: u64) -> Result<()> {
        self.conn
            .prepare_cached("delete from events where n in (select n from events indexed by events_actor where actor = ?1)")?
            .execute([int(id)])?;
        self.conn.prepare_cached("delete from actors where id = ?1")?.execute([int(id)])?;
        Ok(())
    }

    fn due(&self, now: Time, limit: usize) -> Result<Vec<(Actor, Head, Body)>> {
        let sql = concat!("select ", head!(), ", name, state, contact from actors indexed by actors_wake where wake <= ?1 order by wake limit ?2");
        let mut query = self.conn.prepare_cached(sql)?;
        let mut rows = query.query([now.0, int(limit)])?;
        let mut due = Vec::new();
        while let Some(row) = rows.next()? {
            // Every name was written by `Display`, so none is left out.
            if let Some(name) = Actor::parse(row.get_ref(7)?.as_str().unwrap_or_default()) {
                due.push((name, head(row)?, Body { state: row.get(8)?, contact: row.get(9)? }));
            }
        }
        Ok(due)
    }

    fn next_wake(&self) -> Result<Option<Time>> {
        let mut query = self.conn.prepare_cached("select wake from actors indexed by actors_wake where wake is not null order by wake limit 1")?;
        Ok(query.query_row([], |row| row.get(0)).optional()?.map(Time))
    }

    fn leased(&self, until: Time) -> Result<Vec<Head>> {
        let sql = concat!("select ", head!(), " from actors indexed by actors_wake where wake <= ?1 and lease <> 0");
        let mut query = self.conn.prepare_cached(sql)?;
        Ok(query.query_map([until.0], head)?.collect::<rusqlite::Result<_>>()?)
    }

    fn people(&self, after: u64, limit: usize) -> Result<Vec<String>> {
        // Broadcasts and schedules have numbers too; they are few among the people.
        let mut query = self.conn.prepare_cached("select contact from actors where id > ?1 and contact is not null order by id limit ?2")?;
        Ok(query.query_map([int(after), int(limit)], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
    }

    fn put_event(&mut self, actor: u64, due: Time, body: &str, counted: bool) -> Result<()> {
        // The rowid is the number: it is above all that are left, and a number given again is fenced by the actor's version.
        let sql = "insert into events (actor, due, counted, body) values (?1, ?2, ?3, ?4)";
        self.conn.prepare_cached(sql)?.execute(params![int(actor), due.0, counted, body])?;
        Ok(())
    }

    fn events(&self, actor: u64, now: Time, limit: usize) -> Result<Vec<(u64, Vec<u8>)>> {
        // As bytes, since SQLite would refuse to hand over as text what some accident made no text.
        let sql = "select n, cast(body as blob) from events indexed by events_actor where actor = ?1 and due <= ?2 order by due, n limit ?3";
        let mut query = self.conn.prepare_cached(sql)?;
        let rows = query.query_map([int(actor), now.0, int(limit)], |row| Ok((uint(row, 0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn first_due(&self, actor: u64) -> Result<Option<Time>> {
        let mut query = self.conn.prepare_cached("select due from events indexed by events_actor where actor = ?1 order by due limit 1")?;
        Ok(query.query_row([int(actor)], |row| row.get(0)).optional()?.map(Time))
    }

    fn inbox(&self, actor: u64) -> Result<(u64, u64)> {
        let sql = "select count(*), coalesce(sum(counted), 0) from events indexed by events_actor where actor = ?1";
        Ok(self.conn.prepare_cached(sql)?.query_row([int(actor)], |row| Ok((uint(row, 0)?, uint(row, 1)?)))?)
    }

    fn take_event(&mut self, actor: u64, number: u64) -> Result<Option<bool>> {
        // Two statements: for `returning` SQLite makes a table in memory at each call, which costs more than both.
        let mut query = self.conn.prepare_cached("select counted from events where n = ?1 and actor = ?2")?;
        let counted = query.query_row([int(number), int(actor)], |row| row.get(0)).optional()?;
        if counted.is_some() {
            self.conn.prepare_cached("delete from events where n = ?1")?.execute([int(number)])?;
        }
        Ok(counted)
    }

    fn counted(&self) -> Result<u64> {
        Ok(self.conn.query_row("select coalesce(sum(counted), 0) from events indexed by events_actor", [], |row| uint(row, 0))?)
    }

    fn see(&mut self, id: &str, at: Time) -> Result<bool> {
        let mut insert = self.conn.prepare_cached("insert or ignore into seen (id, at) values (?1, ?2)")?;
        Ok(insert.execute(params![id, at.0])? == 1)
    }

    fn forget_seen(&mut self, before: Time, limit: usize) -> Result<usize> {
        // Rowids rise with time, so the oldest are the lowest.
        let sql = "delete from seen where n in (select n from (select n, at from seen order by n limit ?2) where at < ?1)";
        Ok(self.conn.prepare_cached(sql)?.execute([before.0, int(limit)])?)
    }
}
