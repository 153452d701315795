//! How a request to Twilio is made and its answer read: credentials, deadlines, a slot among those under way.
//!
//! A request names a path only, and goes to `api_base`; redirects are not followed and no proxy is taken from the
//! environment. So there is no way for the credentials to reach another host. Nothing is repeated here, not even by
//! the HTTP library: whoever asks knows whether a repeat is harmless.

use std::fmt;
use std::time::Duration;

use reqwest::{Method, Request, Response, Url, header};
use serde_json::Value;

use super::limit::{Limiter, Verdict};
use super::resources;

/// How long a connection may take to open. A failure here proves that nothing was sent.
const CONNECT_DEADLINE: Duration = Duration::from_secs(3);
/// How long a whole request may take. Below the 15 s lease of a send, with the wait for a slot before it.
const POST_DEADLINE: Duration = Duration::from_secs(10);
/// Lists of a thousand messages are slower, and nothing hangs on them.
const LIST_DEADLINE: Duration = Duration::from_secs(30);
/// How long a request waits for others to end. Workers ask `free` first, so this is rare.
const SLOT_PATIENCE: Duration = Duration::from_secs(3);
/// Bytes read of an answer. A page of 1,000 messages is about 2 MB; more than this is none of Twilio's.
const ANSWER_LIMIT: usize = 16 << 20;

/// Who we are to Twilio.
#[derive(Clone)]
pub struct Auth {
    /// `SK…` of an API key, or the account's SID.
    pub user: String,
    /// The key's secret, or the account's auth token.
    pub secret: String,
}

// By hand, so that no log line can hold the secret.
impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Auth({})", self.user)
    }
}

/// Settings of the client. Debug output names the key, never its secret.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The account whose messages and numbers these are.
    pub account_sid: String,
    /// Who we are.
    pub auth: Auth,
    /// `https://api.twilio.com`, a region's host, or the pretend Twilio.
    pub api_base: String,
    /// Requests under way at most.
    pub concurrency: usize,
}

/// Why a request other than a send did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings make no client.
    #[error("`twilio.{key}` cannot be used: {why}")]
    Settings {
        /// The setting.
        key: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// No answer.
    #[error("Twilio did not answer: {0}")]
    Unreachable(String),
    /// Twilio said no.
    #[error("Twilio refused ({http_status}{}): {message}", .code.map(|c| format!(", code {c}")).unwrap_or_default())]
    Refused {
        /// The HTTP status.
        http_status: u16,
        /// Twilio's code.
        code: Option<u32>,
        /// Twilio's words.
        message: String,
    },
    /// An answer that is none of Twilio's.
    #[error("the answer is not what Twilio sends: {0}")]
    Unreadable(String),
}

/// Why a request brought no answer at all.
#[derive(Debug)]
pub(super) enum Failure {
    /// It was certainly never written to a connection.
    NotWritten(String),
    /// It was, or may have been, written, and then the answer was lost.
    AnswerLost(String),
}

/// Makes requests with one set of credentials.
#[derive(Debug)]
pub(super) struct Transport {
    /// Connections, kept alive.
    http: reqwest::Client,
    /// The `Authorization` header.
    authorization: header::HeaderValue,
    /// `api_base` without a slash at its end. Every request goes there.
    origin: String,
    /// The address that nearly every request goes to, with its path as it is asked for: parsed once.
    usual: (String, Url),
    /// Requests under way.
    limiter: Limiter,
}

impl Transport {
    /// Makes no connection yet.
    pub(super) fn new(settings: &Settings) -> Result<Transport, Error> {
        let origin = settings.api_base.trim_end_matches('/').to_string();
        let bad = |key, why: String| Error::Settings { key, why };
        let url = Url::parse(&origin).map_err(|e| bad("api_base", e.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(bad("api_base", "it must begin with `https://`".into()));
        }
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("bridged/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .connect_timeout(CONNECT_DEADLINE)
            .pool_max_idle_per_host(settings.concurrency.max(1))
            .tcp_nodelay(true);
        if url.scheme() == "http" {
            // Without TLS no certificates are read, so the pretend Twilio runs where the machine has none.
            http = http.tls_certs_only([]);
        }
        let usual = format!("/2010-04-01/Accounts/{}/Messages.json", settings.account_sid);
        let usual_url = Url::parse(&format!("{origin}{usual}")).map_err(|e| bad("account_sid", e.to_string()))?;
        Ok(Transport {
            usual: (usual, usual_url),
            http: http.build().map_err(|e| bad("api_base", chain(&e)))?,
            authorization: basic(&settings.auth).ok_or_else(|| bad("api_key", "it has characters that no key has".into()))?,
            origin,
            limiter: Limiter::new(settings.concurrency),
        })
    }

    /// Requests that could start now.
    pub(super) fn free(&self) -> usize {
        self.limiter.free()
    }

    /// Asks for a path.
    pub(super) async fn get(&self, path: &str) -> Result<Answer, Failure> {
        self.send(Method::GET, path, None).await
    }

    /// Posts a form to a path.
    pub(super) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<Answer, Failure> {
        self.send(Method::POST, path, Some(encode(form))).await
    }

    /// One request, from the wait for a slot to the last byte of the answer.
    async fn send(&self, method: Method, path: &str, form: Option<String>) -> Result<Answer, Failure> {
        let slot = self.limiter.slot(SLOT_PATIENCE).await;
        let slot = slot.ok_or_else(|| Failure::NotWritten("as many requests as may be are already under way".into()))?;
        let request = self.request(method.clone(), path, form)?;
        let response = self.http.execute(request).await.map_err(failure)?;
        let http_status = response.status().as_u16();
        let head = |name: &str| {
            let value = response.headers().get(name)?;
            value.to_str().ok().map(str::to_string)
        };
        // Seconds only: Twilio documents neither form, and a date would need its clock.
        let retry_after = head("retry-after").and_then(|s| s.parse().ok());
        // Twilio's support asks for this id; a path would show phone numbers.
        let request_id = head("twilio-request-id");
        tracing::debug!(%method, http_status, request_id, "Twilio answered");
        // The slot is held until the whole answer is here: that is what Twilio counts too.
        let body = read_json(response).await;
        slot.end(if http_status == 429 { Verdict::TooMany } else { Verdict::Served });
        Ok(Answer { http_status, retry_after: retry_after.map(Duration::from_secs), body })
    }

    /// The request as Twilio's own libraries make it: Basic credentials, a form, and JSON wanted in return.
    fn request(&self, method: Method, path: &str, form: Option<String>) -> Result<Request, Failure> {
        let url = if path == self.usual.0 { Ok(self.usual.1.clone()) } else { Url::parse(&format!("{}{path}", self.origin)) };
        let url = url.map_err(|e| Failure::NotWritten(format!("`twilio.api_base` makes no address: {e}")))?;
        let deadline = if method == Method::GET { LIST_DEADLINE } else { POST_DEADLINE };
        let mut request = Request::new(method, url);
        *request.timeout_mut() = Some(deadline);
        let headers = request.headers_mut();
        let fixed = header::HeaderValue::from_static;
        headers.insert(header::AUTHORIZATION, self.authorization.clone());
        headers.insert(header::ACCEPT, fixed("application/json"));
        if let Some(form) = form {
            let kind = fixed("application/x-www-form-urlencoded");
            headers.insert(header::CONTENT_TYPE, kind);
            *request.body_mut() = Some(form.into());
        }
        Ok(request)
    }
}

/// Pairs as a form's body or a query. A list, since names repeat.
pub(super) fn encode(pairs: &[(&str, &str)]) -> String {
    // Pairs of text always serialise.
    serde_urlencoded::to_string(pairs).unwrap_or_default()
}

/// Whether a failed request can have been read by Twilio. DNS, connect and TLS come before its first byte is written.
fn failure(error: reqwest::Error) -> Failure {
    // The URL of a request has phone numbers in it, and this text goes into logs.
    let error = error.without_url();
    let why = chain(&error);
    if error.is_connect() || error.is_dns() || error.is_builder() { Failure::NotWritten(why) } else { Failure::AnswerLost(why) }
}

/// An answer, whatever it says.
pub(super) struct Answer {
    /// The HTTP status.
    pub(super) http_status: u16,
    /// How long Twilio asks to wait.
    pub(super) retry_after: Option<Duration>,
    /// The JSON; none where it is something else or broke off.
    pub(super) body: Option<Value>,
}

impl Answer {
    /// Code and words of Twilio's error envelope.
    pub(super) fn refusal(&self) -> (Option<u32>, String) {
        let body = self.body.as_ref();
        let message = body.and_then(|b| resources::text(b, "message"));
        (body.and_then(|b| resources::number(b, "code")), message.unwrap_or_else(|| "no reason given".into()))
    }
}

/// A body that is no JSON, too long or broken off counts as none: the HTTP status still tells something.
async fn read_json(mut response: Response) -> Option<Value> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_LIMIT {
            return None;
        }
    }
    serde_json::from_slice(&body).ok()
}

/// The `Authorization` header, marked so that it is not shown by any debug output.
fn basic(auth: &Auth) -> Option<header::HeaderValue> {
    use base64::Engine as _;
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{}:{}", auth.user, auth.secret));
    let mut value = header::HeaderValue::from_str(&format!("Basic {pair}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// An error with all its causes; reqwest's own text names only the outermost.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transport(api_base: &str) -> Result<Transport, Error> {
        Transport::new(&Settings {
            account_sid: "AC1".into(),
            auth: Auth { user: "SK1".into(), secret: "canary".into() },
            api_base: api_base.into(),
            concurrency: 0,
        })
    }

    #[test]
    fn an_address_that_is_none_is_told_with_its_setting() {
        for base in ["", "api.twilio.com", "ftp://a.example", "https://"] {
            let said = transport(base).map(drop).map_err(|error| error.to_string());
            let named = |words: &String| words.contains("`twilio.api_base`");
            assert!(said.as_ref().is_err_and(named), "{base} {said:?}");
        }
    }

    #[test]
    fn the_secret_is_in_no_debug_output() {
        let transport = transport("http://127.0.0.1:1/");
        assert!(transport.as_ref().is_ok_and(|transport| transport.free() == 1));
        let shown = format!("{transport:?}");
        assert!(!shown.contains("canary") && !shown.contains("Basic"), "{shown}");
    }
}
