//! The queue, named values, counters and lists in SQL.

use rusqlite::{OptionalExtension, Row, params};

use crate::model::{Phone, Time};
use crate::store::tables::{Names, OutRow, Outs, Progress};
use crate::store::{Flight, Result};

use super::{Tables, int, uint};

/// How the flight of a row in `outs` is kept.
const FLIGHTS: [Flight; 3] = [Flight::Waiting, Flight::Posting, Flight::Unknown];

/// Its number.
fn flight(flight: Flight) -> i64 {
    FLIGHTS.iter().position(|known| *known == flight).map_or(0, int)
}

/// A row of `outs`.
fn moving(row: &Row<'_>) -> rusqlite::Result<OutRow> {
    // A number from elsewhere is read as the one that sends nothing twice.
    let flight = FLIGHTS.get(uint(row, 2)? as usize).copied().unwrap_or(Flight::Unknown);
    let (attempt, at, posted_at, looks, blocks) = (row.get(3)?, Time(row.get(4)?), Time(row.get(5)?), row.get(6)?, row.get(7)?);
    let progress = Progress { flight, attempt, at, posted_at, looks, blocks, hold: None };
    Ok(OutRow { order: uint(row, 0)?, actor: uint(row, 1)?, progress, body: row.get(8)? })
}

/// A row of `held`.
fn held(row: &Row<'_>) -> rusqlite::Result<OutRow> {
    let (attempt, posted_at, looks, hold) = (row.get(2)?, Time(row.get(3)?), row.get(4)?, row.get(5)?);
    let progress = Progress { flight: Flight::Held, attempt, at: Time(0), posted_at, looks, blocks: true, hold };
    Ok(OutRow { order: uint(row, 0)?, actor: uint(row, 1)?, progress, body: row.get(6)? })
}

impl Outs for Tables {
    fn put_out(&mut self, row: &OutRow) -> Result<()> {
        let p = &row.progress;
        let values = params![int(row.order), int(row.actor), flight(p.flight), p.attempt, p.at.0, p.posted_at.0, p.looks, p.blocks, row.body];
        self.conn.prepare_cached("insert into outs values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?.execute(values)?;
        Ok(())
    }

    fn set_out(&mut self, order: u64, p: &Progress) -> Result<()> {
        // A hold moves the row to the table that is not mirrored in memory, and letting go moves it back.
        if let Some(hold) = &p.hold {
            let sql = "insert into held select n, actor, ?2, ?3, ?4, ?5, body from outs where n = ?1";
            self.conn.prepare_cached(sql)?.execute(params![int(order), p.attempt, p.posted_at.0, p.looks, hold])?;
            self.conn.prepare_cached("delete from outs where n = ?1")?.execute([int(order)])?;
            return Ok(());
        }
        let sql = "update outs set flight = ?2, attempt = ?3, at = ?4, posted_at = ?5, looks = ?6, blocks = ?7 where n = ?1";
        let values = params![int(order), flight(p.flight), p.attempt, p.at.0, p.posted_at.0, p.looks, p.blocks];
        if self.conn.prepare_cached(sql)?.execute(values)? == 0 {
            let sql = "insert into outs select n, actor, ?2, ?3, ?4, ?5, ?6, ?7, body from held where n = ?1";
            self.conn.prepare_cached(sql)?.execute(values)?;
            self.conn.prepare_cached("delete from held where n = ?1")?.execute([int(order)])?;
        }
        Ok(())
    }

    fn drop_out(&mut self, order: u64) -> Result<()> {
        if self.conn.prepare_cached("delete from outs where n = ?1")?.execute([int(order)])? == 0 {
            self.conn.prepare_cached("delete from held where n = ?1")?.execute([int(order)])?;
        }
        Ok(())
    }

    fn last_out(&self) -> Result<u64> {
        let sql = "select max((select coalesce(max(n), 0) from outs), (select coalesce(max(n), 0) from held))";
        Ok(self.conn.query_row(sql, [], |row| uint(row, 0))?)
    }

    fn moving(&self) -> Result<Vec<OutRow>> {
        let sql = "select n, actor, flight, attempt, at, posted_at, looks, blocks, body from outs order by n";
        Ok(self.conn.prepare_cached(sql)?.query_map([], moving)?.collect::<rusqlite::Result<_>>()?)
    }

    fn held_of(&self, actor: u64) -> Result<Vec<OutRow>> {
        let sql = "select n, actor, attempt, posted_at, looks, hold, body from held indexed by held_actor where actor = ?1 order by n";
        Ok(self.conn.prepare_cached(sql)?.query_map([int(actor)], held)?.collect::<rusqlite::Result<_>>()?)
    }

    fn any_held(&self) -> Result<bool> {
        Ok(self.conn.prepare_cached("select exists (select 1 from held)")?.query_row([], |row| row.get(0))?)
    }

    fn held_by(&self, hold: &str, limit: usize) -> Result<Vec<OutRow>> {
        let sql = "select n, actor, attempt, posted_at, looks, hold, body from held indexed by held_hold where hold = ?1 order by n limit ?2";
        Ok(self.conn.prepare_cached(sql)?.query_map(params![hold, int(limit)], held)?.collect::<rusqlite::Result<_>>()?)
    }
}

impl Tables {
    /// Begins a transaction.
    pub(super) fn begin(&mut self) -> Result<()> {
        self.counts.clear();
        self.conn.prepare_cached("begin immediate")?.execute([])?;
        Ok(())
    }

    /// Ends it, with what its writes counted.
    pub(super) fn commit(&mut self) -> rusqlite::Result<()> {
        for (name, by) in self.counts.drain().filter(|(_, by)| *by != 0) {
            let sql = "insert into counters values (?1, ?2) on conflict (name) do update set value = value + excluded.value";
            self.conn.prepare_cached(sql)?.execute(params![name, by])?;
            // Counters of steps come and go with playbooks; those at nothing would pile up.
            self.conn.prepare_cached("delete from counters where name = ?1 and value = 0")?.execute([name])?;
        }
        self.conn.prepare_cached("commit")?.execute([]).map(|_| ())
    }
}

/// The end of the names that begin with a prefix: no name of ours holds this character.
fn end(prefix: &str) -> String {
    format!("{prefix}\u{10ffff}")
}

impl Names for Tables {
    fn value(&self, name: &str) -> Result<Option<String>> {
        Ok(self.conn.prepare_cached("select value from vals where name = ?1")?.query_row([name], |row| row.get(0)).optional()?)
    }

    fn set_value(&mut self, name: &str, value: Option<&str>) -> Result<()> {
        match value {
            Some(value) => self.conn.prepare_cached("insert or replace into vals values (?1, ?2)")?.execute([name, value])?,
            None => self.conn.prepare_cached("delete from vals where name = ?1")?.execute([name])?,
        };
        Ok(())
    }

    fn values(&self, prefix: &str) -> Result<Vec<(String, String)>> {
        let mut query = self.conn.prepare_cached("select name, value from vals where name >= ?1 and name < ?2 order by name")?;
        Ok(query.query_map([prefix, &end(prefix)], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?)
    }

    fn count(&mut self, name: &str, by: i64) -> Result<()> {
        match self.counts.get_mut(name) {
            Some(sum) => *sum += by,
            None => drop(self.counts.insert(name.to_owned(), by)),
        }
        Ok(())
    }

    fn counters(&self, prefix: &str) -> Result<Vec<(String, i64)>> {
        let mut query = self.conn.prepare_cached("select name, value from counters where name >= ?1 and name < ?2 order by name")?;
        Ok(query.query_map([prefix, &end(prefix)], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?)
    }

    fn append(&mut self, list: &str, piece: &[Phone]) -> Result<()> {
        if piece.is_empty() {
            return Ok(());
        }
        let sql = "select start + length from lists indexed by lists_name where name = ?1 order by start desc limit 1";
        let start: i64 = self.conn.prepare_cached(sql)?.query_row([list], |row| row.get(0)).optional()?.unwrap_or(0);
        // One row for a piece of a thousand costs a hundredth of a row for each.
        let body = piece.iter().map(Phone::as_str).collect::<Vec<_>>().join("\n");
        let sql = "insert into lists (name, start, length, body) values (?1, ?2, ?3, ?4)";
        self.conn.prepare_cached(sql)?.execute(params![list, start, int(piece.len()), body])?;
        Ok(())
    }

    fn list(&self, list: &str, from: u64, limit: usize) -> Result<Vec<Phone>> {
        // The piece that holds `from` is the last one that does not start after it.
        let sql = "select start, body from lists indexed by lists_name where name = ?1 and start >= coalesce(
            (select max(start) from lists indexed by lists_name where name = ?1 and start <= ?2), 0) order by start";
        let mut query = self.conn.prepare_cached(sql)?;
        let mut pieces = query.query(params![list, int(from)])?;
        let mut phones = Vec::new();
        while phones.len() < limit
            && let Some(piece) = pieces.next()?
        {
            let (start, body): (u64, String) = (uint(piece, 0)?, piece.get(1)?);
            let skip = usize::try_from(from.saturating_sub(start)).unwrap_or(usize::MAX);
            phones.extend(body.split('\n').skip(skip).take(limit - phones.len()).map(Phone::from));
        }
        Ok(phones)
    }

    fn drop_list(&mut self, list: &str) -> Result<()> {
        self.conn.prepare_cached("delete from lists where n in (select n from lists indexed by lists_name where name = ?1)")?.execute([list])?;
        Ok(())
    }
}
