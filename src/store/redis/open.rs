//! Opening: the address, what the server must be like, and the store's own marks in it.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use redis::{Client, IntoConnectionInfo, RedisError, ServerErrorKind, Value};
use tokio::sync::watch;

use crate::model::Time;
use crate::store::clock::{Clock, Source};
use crate::store::{Error, Result, Wakes};

use super::group::Group;
use super::link::{Link, PROTOCOL, unavailable};
use super::scripts::Scripts;
use super::{DAEMON, Reckoning, Redis, Secretive, Shared, answers, beat, reckoned};

/// The oldest server whose commands and scripts are what is used here.
const OLDEST: (u32, u32) = (6, 2);

/// The layout of the keys. A store of a later one is refused, as this program does not know what it must not destroy.
const LAYOUT: i64 = 1;

/// What keys begin with where the address names nothing else.
const PREFIX: &str = "bridged";

/// How often a server that is reading what it kept is asked whether it has.
const LOADING_PAUSE: Duration = Duration::from_millis(250);

/// How a store in Redis is opened.
#[derive(Clone)]
pub struct Options {
    /// `redis://USER:PASSWORD@HOST:PORT/DATABASE`, `rediss://` for TLS; `?prefix=NAME` to keep several stores in one database,
    /// `?accept=eviction,memory` to use a server that may evict keys or keeps nothing on disk.
    pub url: String,
    /// The clock; none for the server's own.
    pub clock: Option<Source>,
}

/// An address taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Address {
    /// As the client takes it.
    url: String,
    /// What keys begin with.
    prefix: String,
    /// What is accepted although it may lose something.
    accept: Vec<String>,
}

/// What `accept` may name, and what it is about.
const RISKS: [&str; 2] = ["eviction", "memory"];

/// Takes an address apart.
fn address(url: &str) -> Result<Address> {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let mut found = Address { url: base.to_owned(), prefix: PREFIX.to_owned(), accept: Vec::new() };
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*key {
            "prefix" if !value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) => {
                found.prefix = value.into_owned();
            }
            "prefix" => return Err(unusable("`prefix` in the address of Redis must be letters, digits, `-`, `_` and `.`")),
            "accept" => {
                found.accept = value.split(',').map(str::to_owned).collect();
                if let Some(odd) = found.accept.iter().find(|word| !RISKS.contains(&word.as_str())) {
                    return Err(Error::Unusable(format!("`accept` in the address of Redis knows `eviction` and `memory`, not `{odd}`")));
                }
            }
            other => return Err(Error::Unusable(format!("the address of Redis has no `{other}`; it takes `prefix` and `accept`"))),
        }
    }
    Ok(found)
}

/// Why it can't be used.
fn unusable(why: &str) -> Error {
    Error::Unusable(why.to_owned())
}

/// Opens a store.
pub async fn open(options: Options) -> Result<Redis> {
    let Address { url, prefix, accept } = address(&options.url)?;
    let no_address = |error: RedisError| Error::Unusable(format!("the address of Redis can't be read: {error}"));
    let info = url.as_str().into_connection_info().map_err(no_address)?;
    let settings = info.redis_settings().clone().set_protocol(PROTOCOL);
    let client = Client::open(info.set_redis_settings(settings)).map_err(no_address)?;
    let link = Link::new(client, Scripts::new()?, format!("{{{prefix}}}"));
    connect(&link).await?;
    check(&link, &accept).await?;
    let salt = marks(&link).await?;
    let reckoning = match &options.clock {
        Some(_) => None,
        None => Some(Arc::new(Reckoning { began: Instant::now(), offset: i64::MIN.div_euclid(2).into() })),
    };
    let clock = match (&options.clock, &reckoning) {
        (Some(source), _) => Clock::new(source.clone(), Time(0)),
        (None, Some(reckoning)) => Clock::new(reckoned(reckoning), Time(0)),
        (None, None) => return Err(unusable("there is no clock")),
    };
    let me = random(DAEMON / 2)?;
    let shared = Arc::new(Shared {
        link,
        clock,
        reckoning,
        me,
        others: AtomicBool::new(true),
        wakes: Wakes::default(),
        returned: watch::Sender::new(0),
        secret: Secretive(salt),
    });
    // The first answer also sets the clock.
    beat::beat(&shared, false, false).await?;
    let redis = Redis {
        posts: Group::start("post", shared.clone()),
        commits: Group::start("commit", shared.clone()),
        settles: Group::start("settle", shared.clone()),
        reports: Group::start("report", shared.clone()),
        releases: Group::start("release", shared.clone()),
        tasks: Mutex::new(beat::start(&shared)),
        shared,
    };
    redis.finish_erasures().await?;
    Ok(redis)
}

/// Connects. A server that is still reading what it kept answers soon, and is waited for; one that is not there is said to be so.
async fn connect(link: &Link) -> Result<()> {
    loop {
        match link.open().await {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == redis::ErrorKind::Server(ServerErrorKind::BusyLoading) => {
                tracing::info!("Redis is reading what it kept");
                tokio::time::sleep(LOADING_PAUSE).await;
            }
            Err(error) if error.kind() == redis::ErrorKind::AuthenticationFailed => {
                return Err(Error::Unusable(format!("Redis does not let us in: {error}")));
            }
            Err(error) => return Err(unavailable(&error)),
        }
    }
}

/// So many random bytes, in hexadecimal.
fn random(bytes: usize) -> Result<String> {
    let mut buffer = vec![0; bytes];
    getrandom::fill(&mut buffer).map_err(|error| Error::Unusable(format!("the system gives no random numbers: {error}")))?;
    Ok(buffer.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The store's own marks: made where it is new; answers its salt.
async fn marks(link: &Link) -> Result<String> {
    let key = |name: &str| format!("{}{name}", link.prefix);
    let mut pipe = redis::pipe();
    pipe.cmd("SETNX").arg(key("layout")).arg(LAYOUT).cmd("SETNX").arg(key("salt")).arg(random(16)?);
    pipe.cmd("GET").arg(key("layout")).cmd("GET").arg(key("salt"));
    let answers: [Value; 4] = answers::fields(Value::Array(link.ask_all(&pipe).await?))?;
    let [_, _, layout, salt] = answers;
    let layout = answers::int(&layout)?;
    if layout > LAYOUT {
        return Err(Error::Unusable(format!(
            "the store was written by a newer bridged (layout {layout}, this one knows {LAYOUT}); install that version, or name another `prefix`"
        )));
    }
    answers::text(salt)
}

/// A field of `INFO`.
fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}

/// Refuses a server that is too old, can't be written to, or would lose what it was given.
async fn check(link: &Link, accept: &[String]) -> Result<()> {
    let info = answers::text(link.ask(redis::cmd("INFO").arg("everything")).await?)?;
    let version = field(&info, "redis_version").unwrap_or_default();
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    if (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) < OLDEST {
        return Err(Error::Unusable(format!("Redis {version} is too old; 6.2 is the oldest that works")));
    }
    if field(&info, "role") == Some("slave") {
        return Err(unusable("this Redis is a replica and takes no writes; name its master in `store`"));
    }
    let (limit, policy) = (field(&info, "maxmemory").unwrap_or("0"), field(&info, "maxmemory_policy").unwrap_or("noeviction"));
    if limit != "0" && policy != "noeviction" && !accept.iter().any(|risk| risk == "eviction") {
        return Err(Error::Unusable(format!(
            "this Redis throws keys away when its memory is full (`maxmemory-policy` is `{policy}`), and conversations with them; \
             set `maxmemory-policy noeviction`, or add `?accept=eviction` to the address"
        )));
    }
    if field(&info, "aof_enabled") == Some("0") && !accept.iter().any(|risk| risk == "memory") && !saves(link).await {
        return Err(unusable(
            "this Redis keeps nothing on disk, and a restart would lose every conversation; set `appendonly yes`, or add `?accept=memory` to the address",
        ));
    }
    Ok(())
}

/// Whether the server saves its memory now and then. One that does not tell us, as some hosts forbid it, is believed to.
async fn saves(link: &Link) -> bool {
    match link.ask(redis::cmd("CONFIG").arg("GET").arg("save")).await.and_then(answers::list) {
        Ok(pair) => pair.into_iter().nth(1).is_none_or(|value| answers::text(value).is_ok_and(|points| !points.is_empty())),
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let found = address("rediss://ann:secret@db.example:6380/2?prefix=shop&accept=memory").unwrap();
        assert_eq!((found.url.as_str(), found.prefix.as_str()), ("rediss://ann:secret@db.example:6380/2", "shop"));
        assert_eq!(found.accept, ["memory"]);
        assert_eq!(address("redis://localhost/0").unwrap().prefix, "bridged");
        for odd in ["redis://h/?prefix=a b", "redis://h/?prefix=", "redis://h/?accept=everything", "redis://h/?speed=1"] {
            assert!(matches!(address(odd), Err(Error::Unusable(_))), "{odd}");
        }
    }
}
