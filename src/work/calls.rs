//! HTTP calls of playbooks (language §12): one attempt each. Whoever asks repeats what may be repeated, after `backoff`.
//!
//! Contacts and playbooks write the address between them, so it may lead only to the public internet: `https`, no user in it, and after
//! the name is resolved its addresses pass `addresses::refused`; what is connected to is what was checked, since the check *is* the
//! resolver. Hosts in `http.allow` are exempt from both. No proxy, no redirect, no repeat inside of the HTTP library.
//!
//! Secrets are put in here and nowhere else, and no word that leaves this file holds one.

mod secrets;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Request, Response, Url};
use serde_json::Value;

use super::addresses;
use crate::model::Call;
use crate::model::event::Answer;
use secrets::{Secrets, as_it_is, in_json};

/// Bytes read of an answer's body; more is an error (language §12).
const BODY_LIMIT: usize = 1 << 20;

/// Headers that are the connection's own. A playbook that sets one could make one request look like two.
const OWN_HEADERS: [&str; 6] = ["connection", "content-length", "host", "te", "transfer-encoding", "upgrade"];

/// Lets the other side tell a repeat. A playbook's own header of that name stands.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The longest wait between two attempts is 4 to this power, in seconds: more than five retries there are not.
const MAX_BACKOFF_POWER: u32 = 4;

/// How long to wait after an attempt (from 1): 1 s, 4 s, 16 s …
pub fn backoff(attempt: u32) -> Duration {
    Duration::from_secs(4_u64.pow(attempt.saturating_sub(1).min(MAX_BACKOFF_POWER)))
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Attempt {
    /// With an answer, or with something that another attempt would not change.
    Answered(Answer),
    /// Without one: connection failure, time-out, 408, 429 or 5xx. In words, for when no attempt is left.
    TryAgain(String),
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum Error {
    /// Another attempt would end alike.
    #[error("{0}")]
    Final(String),
    /// It may pass.
    #[error("{0}")]
    Passing(String),
}

/// An address a playbook may not call.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("`{host}` leads to {address} ({what}), where playbooks may not call; list the host in `http: {{allow: […]}}` of the settings if it is meant")]
struct Refusal {
    /// As written.
    host: String,
    /// Where it leads.
    address: IpAddr,
    /// What that is.
    what: &'static str,
}

/// Makes calls.
#[derive(Debug)]
pub struct Caller {
    /// Hosts that may be private or without TLS, in lower case.
    allow: Arc<BTreeSet<String>>,
    /// Put in where a call names one.
    secrets: Secrets,
    /// Connections, kept alive by host. Made at the first call: it reads the machine's certificates, which a daemon without calls may lack.
    client: OnceLock<Result<Client, String>>,
}

impl Caller {
    /// `allow` is `http.allow` of the settings, `secrets` are all there are, by name.
    pub fn new(allow: &[String], secrets: BTreeMap<String, String>) -> Caller {
        let allow = Arc::new(allow.iter().map(|host| host.to_lowercase()).collect());
        Caller { allow, secrets: Secrets::new(secrets), client: OnceLock::new() }
    }

    /// One attempt, within the call's `timeout_ms`.
    pub async fn call(&self, call: &Call) -> Attempt {
        match self.attempt(call).await {
            Ok(answer) => Attempt::Answered(answer),
            Err(Error::Final(why)) => Attempt::Answered(Answer::Failure { why: self.secrets.hide(&why) }),
            Err(Error::Passing(why)) => Attempt::TryAgain(self.secrets.hide(&why)),
        }
    }

    async fn attempt(&self, call: &Call) -> Result<Answer, Error> {
        let request = self.request(call).map_err(Error::Final)?;
        let client = self.client.get_or_init(|| client(&self.allow)).as_ref().map_err(|why| Error::Final(why.clone()))?;
        let failed = |error| failure(error, call.timeout_ms);
        let response = client.execute(request).await.map_err(failed)?;
        let status = response.status();
        // Neither address nor headers: they are the contact's, and hold secrets.
        tracing::debug!(key = call.idempotency_key, method = call.method, status = status.as_u16(), "an http step was answered");
        if status.is_server_error() || matches!(status.as_u16(), 408 | 429) {
            return Err(Error::Passing(format!("the answer was {}", status.as_u16())));
        }
        let headers = kept(response.headers());
        let bytes = read(response).await.map_err(failed)?.ok_or_else(|| Error::Final("the answer is larger than 1 MiB".to_owned()))?;
        let headers = headers.into_iter().map(|(name, value)| (name, self.secrets.hide(&value))).collect::<BTreeMap<_, _>>();
        let body = self.secrets.hide_in(body(headers.get(CONTENT_TYPE.as_str()), &bytes));
        Ok(Answer::Response { status: status.as_u16(), headers, body })
    }

    /// The call with its secrets, if it may be made. Secrets go in before anything is judged, as they may be part of the address.
    fn request(&self, call: &Call) -> Result<Request, String> {
        let url = self.url(&self.secrets.fill(&call.url, as_it_is)?)?;
        let method = Method::from_bytes(call.method.as_bytes()).map_err(|_| format!("`{}` is no method", call.method))?;
        let mut request = Request::new(method, url);
        *request.timeout_mut() = Some(Duration::from_millis(call.timeout_ms));
        let headers = request.headers_mut();
        for (name, value) in &call.headers {
            let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` is no name of a header"))?;
            if OWN_HEADERS.contains(&key.as_str()) {
                return Err(format!("the header `{name}` is set by the connection; leave it out"));
            }
            headers.append(key, header(name, &self.secrets.fill(value, as_it_is)?)?);
        }
        headers.entry(IDEMPOTENCY_KEY).or_insert(header("Idempotency-Key", &call.idempotency_key)?);
        if let Some((kind, text)) = &call.body {
            headers.entry(CONTENT_TYPE).or_insert(header("Content-Type", kind)?);
            let body = self.secrets.fill(text, if is_json(kind) { in_json } else { as_it_is })?;
            *request.body_mut() = Some(body.into());
        }
        Ok(request)
    }

    /// The address, if a playbook may call it. A name is judged when it is resolved.
    fn url(&self, text: &str) -> Result<Url, String> {
        // A contact's text may have got here without `urlencode`. Parsing would drop line breaks without a word, and what they were
        // meant for would go unseen.
        if text.contains(char::is_control) {
            return Err("the address holds a line break or another control character".to_owned());
        }
        let no_address = || "the address is none; it begins like `https://crm.example.com/`".to_owned();
        let url = Url::parse(text).map_err(|_| no_address())?;
        let host = url.host_str().ok_or_else(no_address)?.trim_matches(['[', ']']);
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the address holds a user or a password; send them in a header".to_owned());
        }
        let exempt = self.allow.contains(host);
        if url.scheme() != "https" && !(exempt && url.scheme() == "http") {
            return Err(format!("`http` steps need https; list `{host}` in `http: {{allow: […]}}` of the settings if plain http is meant"));
        }
        if let Some(address) = literal(host).filter(|_| !exempt) {
            judge(host, address).map_err(|refusal| refusal.to_string())?;
        }
        Ok(url)
    }
}

/// A client whose every connection goes through the `Gate`.
fn client(allow: &Arc<BTreeSet<String>>) -> Result<Client, String> {
    Client::builder()
        .user_agent(concat!("bridged/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .dns_resolver(Gate { allow: allow.clone() })
        .build()
        .map_err(|error| format!("no call can be made from this machine: {}", chain(&error)))
}

/// Resolves names, and lets only those addresses through that may be called.
struct Gate {
    /// Hosts that are not looked at.
    allow: Arc<BTreeSet<String>>,
}

impl Resolve for Gate {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let exempt = self.allow.contains(&host);
        Box::pin(async move {
            // The port is filled in by whoever connects.
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let passed = if exempt { found } else { sift(&host, found)? };
            Ok(Box::new(passed.into_iter()) as Addrs)
        })
    }
}

/// The addresses that may be called; a refusal if none is left.
fn sift(host: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Refusal> {
    let (mut passed, mut refusal) = (Vec::new(), None);
    for address in found {
        match judge(host, address.ip()) {
            Ok(()) => passed.push(address),
            Err(refused) => refusal = Some(refused),
        }
    }
    refusal.filter(|_| passed.is_empty()).map_or(Ok(passed), Err)
}

/// The address of a host that no resolver is asked about: one in digits (however they were written, the URL has them in order), and
/// what RFC 6761 keeps for this machine.
fn literal(host: &str) -> Option<IpAddr> {
    let name = host.trim_end_matches('.');
    let is_here = name == "localhost" || name.ends_with(".localhost");
    if is_here { Some(Ipv4Addr::LOCALHOST.into()) } else { host.parse().ok() }
}

fn judge(host: &str, address: IpAddr) -> Result<(), Refusal> {
    addresses::refused(address).map_or(Ok(()), |what| Err(Refusal { host: host.to_owned(), address, what }))
}

/// A header's value, which no log shows.
fn header(name: &str, value: &str) -> Result<HeaderValue, String> {
    let mut value =
        HeaderValue::from_bytes(value.as_bytes()).map_err(|_| format!("the header `{name}` holds a line break or another control character"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The answer's headers, names in lower case; those of one name joined as HTTP joins them.
fn kept(headers: &HeaderMap) -> BTreeMap<String, String> {
    let values =
        |name: &HeaderName| headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect::<Vec<_>>().join(", ");
    headers.keys().map(|name| (name.as_str().to_owned(), values(name))).collect()
}

/// The whole body; none if it is too long.
async fn read(mut response: Response) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > BODY_LIMIT {
            return Ok(None);
        }
    }
    Ok(Some(body))
}

/// The body as JSON if its type says so (and it is), else as text.
fn body(kind: Option<&String>, bytes: &[u8]) -> Value {
    let json = kind.is_some_and(|kind| is_json(kind)).then(|| serde_json::from_slice(bytes).ok()).flatten();
    json.unwrap_or_else(|| Value::String(String::from_utf8_lossy(bytes).into_owned()))
}

/// `application/json; charset=utf-8`, `application/problem+json`.
fn is_json(kind: &str) -> bool {
    let essence = kind.split(';').next().unwrap_or_default().trim().to_lowercase();
    essence.ends_with("/json") || essence.ends_with("+json")
}

/// What an error of the HTTP library means.
fn failure(error: reqwest::Error, timeout_ms: u64) -> Error {
    // The address is a contact's and may hold a secret.
    let error = error.without_url();
    if let Some(refusal) = causes(&error).find_map(|cause| cause.downcast_ref::<Refusal>()) {
        return Error::Final(refusal.to_string());
    }
    if error.is_timeout() {
        return Error::Passing(format!("there was no whole answer within {} s", timeout_ms as f64 / 1000.0));
    }
    let words = chain(&error);
    if error.is_builder() { Error::Final(words) } else { Error::Passing(words) }
}

/// An error and what it comes from.
fn causes<'e>(error: &'e (dyn std::error::Error + 'static)) -> impl Iterator<Item = &'e (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

/// An error with all its causes; the library's own text names only the outermost.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests;
