//! Who may come in by the private side: the holder of the console token, or of a session that was opened with it.
//!
//! Of tokens, codes and session cookies only hashes are kept, so that no dump of memory or log can be used to come in. Time is the
//! store's.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, header};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::model::Time;

/// A session ends when nobody has used it for so long: a working day.
pub const SESSION_TIME: Duration = Duration::from_secs(8 * 3_600);

/// Sessions at once; beyond it the one unused for longest ends.
const MAX_SESSIONS: usize = 1_000;

/// Logins that may fail within `FAILURES_WITHIN` before all are refused for a while.
pub const MAX_FAILURES: usize = 10;

/// See `MAX_FAILURES`.
const FAILURES_WITHIN: Duration = Duration::from_secs(60);

/// Names under which this machine can always be reached, by itself only.
const OWN_NAMES: [&str; 1] = ["localhost"];

/// Name of the session's cookie.
pub const COOKIE: &str = "bridged_session";

/// Bytes of a session's cookie: as many as the console token has.
const SECRET_BYTES: usize = 32;

/// What stands for a secret.
type Hash = [u8; 32];

/// The gate.
pub struct Gate {
    /// The console token's.
    token: Hash,
    /// Host names it answers to, in lower case, without ports; besides them only this machine's own.
    hosts: Vec<String>,
    /// Cookies go over TLS only.
    pub secure: bool,
    /// What changes.
    inner: Mutex<Inner>,
}

/// What changes as people come and go.
#[derive(Default)]
struct Inner {
    /// Of the one-time login link, until it is used.
    code: Option<Hash>,
    /// Open sessions, with their latest use.
    sessions: HashMap<Hash, Time>,
    /// When logins failed, oldest first.
    failures: VecDeque<Time>,
}

/// How a login ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Login {
    /// A session is open; this is its cookie's value.
    Open(String),
    /// The token or code is not right.
    Wrong,
    /// Too many have failed.
    TooMany,
}

impl Gate {
    /// A gate that opens to `token`, under the names `hosts` (with or without ports) and this machine's own.
    pub fn new(token: &str, hosts: &[String], secure: bool) -> Gate {
        let hosts = hosts.iter().map(|host| without_port(host).to_ascii_lowercase()).collect();
        Gate { token: hash(token), hosts, secure, inner: Mutex::default() }
    }

    /// Lets the login link with this code open one session.
    pub fn with_login(self, code: &str) -> Gate {
        self.inner().code = Some(hash(code));
        self
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this is the console token. Takes as long for a wrong one as for the right one.
    pub fn is_token(&self, given: &str) -> bool {
        hash(given).ct_eq(&self.token).into()
    }

    /// Whether requests to this host name are answered. A page elsewhere whose name is made to point here (DNS rebinding) has another.
    pub fn knows_host(&self, host: &str) -> bool {
        let name = without_port(host).to_ascii_lowercase();
        let address = name.trim_matches(['[', ']']).parse::<IpAddr>();
        // Listening everywhere means being reached by any address; names can be rebound, addresses can't.
        let everywhere = self.hosts.iter().any(|known| matches!(known.as_str(), "0.0.0.0" | "[::]"));
        OWN_NAMES.contains(&name.as_str()) || self.hosts.contains(&name) || address.is_ok_and(|ip| ip.is_loopback() || everywhere)
    }

    /// Opens a session to the console token.
    pub fn login(&self, token: &str, now: Time) -> Login {
        let right = self.is_token(token);
        self.inner().open(now, |_| right)
    }

    /// Opens a session to the code of the login link, which is then used up.
    pub fn login_by_code(&self, code: &str, now: Time) -> Login {
        let given = hash(code);
        self.inner().open(now, |inner| inner.code.take_if(|code| code.ct_eq(&given).into()).is_some())
    }

    /// Whether a session is open; using it keeps it open.
    pub fn is_session(&self, cookie: &str, now: Time) -> bool {
        let name = hash(cookie);
        let mut inner = self.inner();
        match inner.sessions.get_mut(&name) {
            Some(used) if used.until(now) < SESSION_TIME => {
                *used = now;
                true
            }
            Some(_) => {
                inner.sessions.remove(&name);
                false
            }
            None => false,
        }
    }

    /// Whether a session is open, without using it: what a page fetches by itself keeps nobody logged in.
    pub fn is_open(&self, cookie: &str, now: Time) -> bool {
        self.inner().sessions.get(&hash(cookie)).is_some_and(|used| used.until(now) < SESSION_TIME)
    }

    /// The store's clock was turned forward by hand: sessions are as old as they were.
    pub fn turned(&self, by: Duration) {
        self.inner().sessions.values_mut().for_each(|used| *used = used.plus(by));
    }

    /// Ends a session.
    pub fn logout(&self, cookie: &str) {
        self.inner().sessions.remove(&hash(cookie));
    }
}

impl Inner {
    /// Opens a session if `is_right`, unless too many logins have failed: then to nobody, or the limit would not hold guesses back.
    fn open(&mut self, now: Time, is_right: impl FnOnce(&mut Inner) -> bool) -> Login {
        while self.failures.front().is_some_and(|at| at.until(now) >= FAILURES_WITHIN) {
            self.failures.pop_front();
        }
        if self.failures.len() >= MAX_FAILURES {
            return Login::TooMany;
        }
        let mut secret = [0_u8; SECRET_BYTES];
        // Without good chance there is no session, as there would be with bad chance.
        if !is_right(self) || getrandom::fill(&mut secret).is_err() {
            self.failures.push_back(now);
            return Login::Wrong;
        }
        // Those that ended unseen go now: nothing else would ever remove them.
        self.sessions.retain(|_, used| used.until(now) < SESSION_TIME);
        if self.sessions.len() >= MAX_SESSIONS
            && let Some(oldest) = self.sessions.iter().min_by_key(|(_, used)| **used).map(|(name, _)| *name)
        {
            self.sessions.remove(&oldest);
        }
        let cookie: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        self.sessions.insert(hash(&cookie), now);
        Login::Open(cookie)
    }
}

/// The value of the session's cookie.
pub fn cookie(headers: &HeaderMap) -> Option<&str> {
    // Several cookies may come in one line or in several.
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(';'));
    all.filter_map(|pair| pair.trim().split_once('=')).find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

fn hash(secret: &str) -> Hash {
    Sha256::digest(secret.as_bytes()).into()
}

/// A host without its port; an IPv6 address keeps its brackets.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn gate() -> Gate {
        Gate::new("secret", &["Console.Example:8081".to_owned(), "192.0.2.7:8081".to_owned()], false)
    }

    #[test]
    fn host_names() {
        let gate = gate();
        for host in
            ["console.example", "CONSOLE.example:8081", "localhost", "localhost:1", "127.0.0.1:8081", "127.0.0.2", "[::1]:8081", "[::1]", "192.0.2.7"]
        {
            assert!(gate.knows_host(host), "{host}");
        }
        for host in ["", "evil.example", "localhost.evil.example", "console.example.evil", "192.0.2.8", "127.0.0.1.nip.io", "[::2]", ":8081"] {
            assert!(!gate.knows_host(host), "{host}");
        }
        let everywhere = Gate::new("secret", &["0.0.0.0:8081".to_owned()], false);
        assert!(everywhere.knows_host("198.51.100.1:8081") && !everywhere.knows_host("evil.example"));
    }

    #[test]
    fn sessions_end_when_nobody_uses_them() {
        let gate = gate();
        let later = |hours: u64| Time(0).plus(Duration::from_secs(hours * 3_600));
        let Login::Open(cookie) = gate.login("secret", Time(0)) else { panic!("not let in") };
        assert!(gate.is_session(&cookie, later(7)));
        assert!(gate.is_session(&cookie, later(14)));
        assert!(!gate.is_session(&cookie, later(22)));
        assert!(!gate.is_session(&cookie, later(14)), "what has ended stays ended");
        assert!(!gate.is_session("", Time(0)));
    }

    #[test]
    fn a_login_link_works_once() {
        let gate = gate().with_login("code");
        assert_eq!(gate.login_by_code("coda", Time(0)), Login::Wrong);
        assert!(matches!(gate.login_by_code("code", Time(0)), Login::Open(_)));
        assert_eq!(gate.login_by_code("code", Time(0)), Login::Wrong);
    }

    #[test]
    fn failures_are_limited_for_a_minute() {
        let gate = gate();
        for _ in 0..MAX_FAILURES {
            assert_eq!(gate.login("wrong", Time(0)), Login::Wrong);
        }
        assert_eq!(gate.login("secret", Time(59_000_000)), Login::TooMany);
        assert!(matches!(gate.login("secret", Time(60_000_000)), Login::Open(_)));
    }
}
