//! The tables, and how a file of an older version becomes one of this.

use rusqlite::Connection;

use crate::store::doc::KINDS;
use crate::store::{Error, Result};

/// Says that a file is ours: "brdg".
const APPLICATION: i32 = 0x6272_6467;

/// The version of the tables below. A file of a later version is refused, as this program does not know what it must not destroy.
const VERSION: i32 = 1;

/// All tables but those of documents.
const TABLES: &str = "
create table actors (
    id integer primary key autoincrement, -- a number is never given to a second person
    version integer not null, attempts integer not null, lease integer not null,
    wake integer, clock integer,
    name text not null, state blob, contact text
);
create unique index actors_name on actors (name);
create index actors_wake on actors (wake) where wake is not null;

create table events (n integer primary key, actor integer not null, due integer not null, counted integer not null, body text not null);
create index events_actor on events (actor, due, n, counted);

create table seen (n integer primary key, id text not null, at integer not null);
create unique index seen_id on seen (id);

create table outs (
    n integer primary key, actor integer not null, flight integer not null, attempt integer not null,
    at integer not null, posted_at integer not null, looks integer not null, blocks integer not null, body text not null
);
create table held (
    n integer primary key, actor integer not null, attempt integer not null, posted_at integer not null, looks integer not null,
    hold text not null, body text not null
);
create index held_actor on held (actor);
create index held_hold on held (hold, n);

create table vals (name text primary key, value text not null) without rowid;
create table counters (name text primary key, value integer not null) without rowid;
create table lists (n integer primary key, name text not null, start integer not null, length integer not null, body text not null);
create unique index lists_name on lists (name, start);
";

/// Which index a kind of document needs, by the letters of `INDEXES`: no other search may be asked of it.
const NEEDS: [(&str, &str); KINDS.len()] = [
    ("conversations", "iwtopv"),
    ("handoffs", "iwtopv"),
    ("messages", "iawov"),
    ("broadcasts", "io"),
    ("plans", "i"),
    ("links", "iw"),
    ("journal", "w"),
    ("consent", "w"),
    ("parked", "w"),
];

/// Indexes by letter: name, columns, and what rows stand in it.
const INDEXES: [(char, &str, &str, &str); 7] = [
    ('i', "id", "id", "id is not null"),
    ('a', "alias", "alias", "alias is not null"),
    ('w', "owner", "owner", "owner is not null"),
    ('t', "topic", "topic", "topic is not null"),
    ('o', "open", "n", "open"),
    ('p', "open_topic", "topic", "open"),
    ('v', "over", "over", "over is not null"),
];

/// The table of one kind of document, with its indexes.
fn documents(kind: &str, needs: &str) -> String {
    let columns = "n integer primary key, owner integer, id text, alias text, topic text, open integer not null, over integer, body text not null";
    let mut sql = format!("create table {kind} ({columns});\n");
    for (_, name, columns, rows) in INDEXES.iter().filter(|(letter, ..)| needs.contains(*letter)) {
        let unique = if *name == "id" { "unique " } else { "" };
        sql.push_str(&format!("create {unique}index {kind}_{name} on {kind} ({columns}) where {rows};\n"));
    }
    sql
}

/// Makes the tables in a new file; checks that an old one is of this program and version. Answers whether it was new. A later version adds
/// its changes here, in the same transaction, after a copy of the file.
pub fn prepare(conn: &Connection, name: &str) -> Result<bool> {
    let pragma = |pragma: &str| conn.query_row(&format!("pragma {pragma}"), [], |row| row.get::<_, i32>(0));
    let (application, version) = (pragma("application_id")?, pragma("user_version")?);
    let empty: bool = conn.query_row("select not exists (select 1 from sqlite_schema)", [], |row| row.get(0))?;
    if empty {
        let mut sql = format!("begin immediate; pragma application_id = {APPLICATION}; pragma user_version = {VERSION};\n{TABLES}");
        sql.extend(NEEDS.iter().map(|(kind, needs)| documents(kind, needs)));
        sql.push_str(&format!("insert into vals values ('{}', '{}');\ncommit;", crate::store::core::SALT, salt()?));
        conn.execute_batch(&sql)?;
        return Ok(true);
    }
    if application != APPLICATION {
        return Err(Error::Unusable(format!("`{name}` is a database of another program; name another file in `store`")));
    }
    if version > VERSION {
        return Err(Error::Unusable(format!(
            "`{name}` was written by a newer bridged (tables {version}, this one knows {VERSION}); install that version, or name another file"
        )));
    }
    Ok(false)
}

/// What suppression hashes are salted with: phone numbers are few enough to try them all against a hash without one.
fn salt() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Error::Unusable(format!("the system gives no random numbers: {error}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_table() {
        assert_eq!(NEEDS.map(|(kind, _)| kind), KINDS);
    }
}
