//! What every request of the private side passes: host name, token or session, and for a browser that the click was made on our own
//! page. What comes out gets the headers that keep pages to themselves.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::gate::cookie;
use crate::http::Doors;
use crate::http::problem::{CROSS_SITE, NO_TOKEN, Problem, WRONG_HOST};

/// Who is asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A program with the console token.
    Program,
    /// Somebody in a browser.
    Person,
}

impl Who {
    /// As journal and log name them.
    pub fn as_str(self) -> &'static str {
        match self {
            Who::Program => "api",
            Who::Person => "console",
        }
    }
}

/// Addresses that answer without a session: they open one, or say nothing.
const OPEN: [&str; 2] = ["/login", "/favicon.ico"];

/// What stands below it says nothing either: style sheet, script, icon.
const OPEN_BELOW: &str = "/static/";

/// Addresses for programs besides `/v1`; without a token they answer 401 and no form.
const FOR_PROGRAMS: [&str; 3] = ["/openapi.json", "/metrics", "/readyz"];

/// What pages may load: our own files, and nothing that stands in a page itself.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// Headers of every answer: nothing from elsewhere, no frames, nothing kept.
const HEADERS: [(header::HeaderName, HeaderValue); 5] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// What the guard goes by.
#[derive(Clone)]
pub struct Guarding {
    /// Who may come in.
    pub doors: Arc<Doors>,
    /// What people get who have no session.
    pub login: fn() -> Response,
}

/// Lets a request through, or answers in its place.
pub async fn guard(State(Guarding { doors, login }): State<Guarding>, mut request: Request, next: Next) -> Response {
    let mut response = match admit(&doors, &request) {
        Ok(who) => {
            if let Some(who) = who {
                log(who, &request);
                request.extensions_mut().insert(who);
            }
            next.run(request).await
        }
        Err(Refusal::Problem(problem)) => problem.into_response(),
        Err(Refusal::Form) => login(),
    };
    for (name, value) in HEADERS {
        // Files that are named by their content say themselves how long they may be kept.
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}

/// Notes who did what.
fn log(who: Who, request: &Request) {
    if !request.method().is_safe() {
        // Without what stands behind the route: that may be a phone number.
        let route: String = request.uri().path().split('/').take(3).collect::<Vec<_>>().join("/");
        tracing::info!(who = who.as_str(), method = %request.method(), route, "an action on the private side");
    }
}

/// What somebody gets who is not let in.
enum Refusal {
    /// A program is told why.
    Problem(Problem),
    /// A person can log in.
    Form,
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Refusal {
        Refusal::Problem(problem)
    }
}

/// Who it is (none at an open address), or what they get.
fn admit(doors: &Doors, request: &Request) -> Result<Option<Who>, Refusal> {
    let headers = request.headers();
    // A request may name its host in the first line instead.
    let host = request.uri().authority().map(|host| host.as_str()).or_else(|| text(headers, header::HOST)).unwrap_or_default();
    if !doors.gate.knows_host(host) {
        let detail = "use the address of `console`, or add this host name to the settings";
        return Err(Problem::new(&WRONG_HOST, detail).into());
    }
    // Other schemes are no concern of ours: a proxy before us may ask for a password of its own.
    let bearer =
        text(headers, header::AUTHORIZATION).and_then(|given| given.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    if bearer.is_some_and(|(_, token)| doors.gate.is_token(token.trim())) {
        return Ok(Some(Who::Program));
    }
    let path = request.uri().path();
    let is_open = OPEN.contains(&path) || path.starts_with(OPEN_BELOW);
    let has_session = cookie(headers).is_some_and(|cookie| doors.gate.is_session(cookie, doors.store.now()));
    if !has_session && !is_open {
        let for_programs = path == "/v1" || path.starts_with("/v1/") || FOR_PROGRAMS.contains(&path);
        let detail = "send `Authorization: Bearer TOKEN` with the token of `console_token`";
        return Err(if for_programs { Problem::new(&NO_TOKEN, detail).into() } else { Refusal::Form });
    }
    // Programs with a token are past this: a browser never adds that header by itself. The login form is asked too, so that no other
    // site can use up the attempts.
    if !request.method().is_safe() && !is_own_page(headers, host) {
        return Err(Problem::new(&CROSS_SITE, "open the console itself and try again there").into());
    }
    Ok(has_session.then_some(Who::Person))
}

/// Whether a browser says that one of our own pages sent the request. Whatever sends neither header is no browser, and has no cookie
/// that it was not given on purpose.
fn is_own_page(headers: &HeaderMap, host: &str) -> bool {
    match (text(headers, header::HeaderName::from_static("sec-fetch-site")), text(headers, header::ORIGIN)) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => origin.split_once("://").is_some_and(|(_, name)| name.eq_ignore_ascii_case(host)),
        (None, None) => true,
    }
}

/// A header's text.
fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}
