//! Speaks to the running daemon over its private API. Nothing here opens a store: beside a running daemon that would be a second
//! truth.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::workspaces::{env, here, installed};
use super::{Error, Result};
use crate::config::{Console, Source};

/// The daemon is near; one that does not answer for so long is stuck.
const DEADLINE: Duration = Duration::from_secs(30);

/// What the daemon needs for its longest work.
const PATIENCE: Duration = Duration::from_secs(600);

/// A running daemon, and a place to wait for it.
pub(super) struct Daemon {
    /// Where it answers, and what opens it.
    console: Console,
    /// Keeps its connection between requests: an import makes thousands.
    client: reqwest::Client,
    /// Commands are plain code that waits; only the connection is not.
    runtime: tokio::runtime::Runtime,
}

/// What it said.
pub(super) struct Answer {
    /// HTTP's number.
    pub status: StatusCode,
    /// The body.
    pub body: Value,
}

impl Answer {
    /// The body of a good answer; else the daemon's own sentence.
    pub fn good(self) -> Result<Value> {
        if self.status.is_success() { Ok(self.body) } else { Err(Error::Other(self.problem())) }
    }

    /// What the daemon says is wrong.
    pub fn problem(&self) -> String {
        let said = |key: &str| self.body.get(key).and_then(Value::as_str).map(str::to_owned);
        said("detail").or_else(|| said("title")).unwrap_or_else(|| format!("the daemon answered {}", self.status))
    }
}

impl Daemon {
    /// The daemon of the settings.
    pub fn of(config: Option<&Path>) -> Result<(Daemon, Source)> {
        let source = match installed(config)? {
            Some(source) => source,
            None => Source::empty(&here()?),
        };
        let console = Console::read(&source, env())?;
        // The token goes to this address and nowhere else, whatever proxies the environment names.
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
        let client = client.map_err(|why| Error::Other(format!("no connection can be made from here: {why}")))?;
        Ok((Daemon { console, client, runtime: super::serve::runtime(tokio::runtime::Builder::new_current_thread())? }, source))
    }

    /// Likewise, for what takes the daemon minutes: a million contacts looked at.
    pub fn send_patiently(&self, method: Method, path: &str, body: &Value) -> Result<Answer> {
        self.send_within(PATIENCE, method, path, body)
    }

    /// Sends JSON and waits for the answer. Whatever is not an answer means that no daemon is there: it is on this machine or beside it.
    pub fn send(&self, method: Method, path: &str, body: &Value) -> Result<Answer> {
        self.send_within(DEADLINE, method, path, body)
    }

    fn send_within(&self, deadline: Duration, method: Method, path: &str, body: &Value) -> Result<Answer> {
        let address = reachable(self.console.address);
        let away = |_| Error::NoDaemon(self.console.address);
        self.runtime.block_on(async {
            let request = self.client.request(method, format!("http://{address}{path}")).bearer_auth(self.console.token.reveal());
            let request = request.header("content-type", "application/json").body(body.to_string());
            let answer = request.timeout(deadline).send().await.map_err(away)?;
            let status = answer.status();
            let text = answer.text().await.map_err(away)?;
            Ok(Answer { status, body: serde_json::from_str(&text).unwrap_or_default() })
        })
    }
}

/// A daemon that listens everywhere is reached on this machine.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { IpAddr::V6(Ipv6Addr::LOCALHOST) });
    }
    address
}
