//! The shape of Twilio's REST API: who may ask, how errors look, how dates are written and lists are paged.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Pretend, messages, numbers, state};

/// The version in every path.
const VERSION: &str = "2010-04-01";
/// Items on a page where the request names no number, and at most.
const PAGE_SIZE: (usize, usize) = (50, 1000);

/// Every route, behind credentials.
pub(super) fn routes(pretend: &Pretend) -> Router {
    let account = Router::new()
        .route("/Messages.json", get(messages::list).post(messages::create))
        .route("/Messages/{sid}", get(messages::fetch).post(messages::update).delete(messages::remove))
        .route("/Messages/{sid}/Feedback.json", post(messages::feedback))
        .route("/IncomingPhoneNumbers.json", get(numbers::list))
        .route("/IncomingPhoneNumbers/{sid}", get(numbers::fetch).post(numbers::update))
        .fallback(|| async { Refusal::of(20404) });
    Router::new()
        .nest(&format!("/{VERSION}/Accounts/{}", pretend.config().account_sid), account)
        .fallback(|| async { Refusal::of(20404) })
        .layer(from_fn_with_state(pretend.clone(), guard))
        .with_state(pretend.clone())
}

/// Checks credentials, keeps the request waiting if told so, and adds the headers Twilio's answers have.
async fn guard(State(pretend): State<Pretend>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    // Counted before the wait: a slow Twilio is one with many requests under way.
    let under_way = pretend.under_way();
    let latency = pretend.read(|state| state.faults.latency_ms);
    if latency > 0 {
        tokio::time::sleep(Duration::from_millis(latency)).await;
    }
    let mut answer = if admitted(&pretend, request.headers()) { next.run(request).await } else { Refusal::of(20003).into_response() };
    let headers = answer.headers_mut();
    for (name, value) in [
        ("twilio-request-id", state::sid("RQ")),
        ("twilio-request-duration", format!("{:.3}", began.elapsed().as_secs_f64())),
        ("twilio-concurrent-requests", under_way.count().to_string()),
        ("x-home-region", "us1".to_string()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    answer
}

/// The account's own pair, or that of a key. Keys open everything here; at Twilio a Standard key opens all but
/// `/Accounts` and `/Keys`, which do not exist here.
fn admitted(pretend: &Pretend, headers: &HeaderMap) -> bool {
    let config = pretend.config();
    let given = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()?.strip_prefix("Basic "));
    let given = given.and_then(|pair| STANDARD.decode(pair).ok()).unwrap_or_default();
    let account = [(config.account_sid.clone(), config.auth_token.clone())];
    let mut pairs = account.iter().chain(&config.keys);
    pairs.any(|(user, secret)| given == format!("{user}:{secret}").as_bytes())
}

/// A refused request, in Twilio's envelope.
pub(super) struct Refusal {
    /// The HTTP status.
    pub(super) status: u16,
    /// Twilio's code.
    pub(super) code: u32,
    /// In words.
    message: String,
}

/// Twilio's codes of refusals, the HTTP status each comes with, and what Twilio says.
#[rustfmt::skip]
const REFUSALS: &[(u32, u16, &str)] = &[
    (20001, 400, "Invalid parameter."),
    (20003, 401, "Authenticate"),
    (20404, 404, "The requested resource was not found"),
    (20429, 429, "Too Many Requests"),
    (20500, 500, "Internal Server Error"),
    (20503, 503, "Service Unavailable"),
    (21211, 400, "The 'To' number is not a valid phone number."),
    (21212, 400, "The 'From' number is not a valid phone number, shortcode, or alphanumeric sender ID."),
    (21266, 400, "'To' and 'From' number cannot be the same."),
    (21408, 400, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number."),
    (21603, 400, "A 'From' phone number is required."),
    (21604, 400, "A 'To' phone number is required."),
    (21606, 400, "The 'From' phone number provided is not a valid message-capable Twilio phone number for this destination/account."),
    (21609, 400, "The 'StatusCallback' URL is not a valid URL."),
    (21610, 400, "Attempt to send to unsubscribed recipient."),
    (21611, 400, "This 'From' number has exceeded the maximum number of queued messages."),
    (21612, 400, "Message cannot be sent with the current combination of 'To' and 'From' parameters."),
    (21614, 400, "'To' number is not a valid mobile number."),
    (21617, 400, "The concatenated message body exceeds the 1600 character limit."),
    (21619, 400, "Text body, media URLs, or content SID must be set."),
    (21623, 400, "Number of media files exceeds the limit of 10."),
    (21910, 400, "Invalid From and To pair. From and To should be of the same channel."),
];

impl Refusal {
    /// The refusal of a code.
    pub(super) fn of(code: u32) -> Refusal {
        let row = REFUSALS.iter().find(|row| row.0 == code);
        let (status, message) = row.map_or((400, "Bad Request"), |row| (row.1, row.2));
        Refusal { status, code, message: message.into() }
    }

    /// A fault: an HTTP status with a code, or with the code usual for it.
    pub(super) fn fault(status: u16, code: Option<u32>) -> Refusal {
        let usual = REFUSALS.iter().find(|row| row.1 == status && row.0 < 21000).map(|row| row.0);
        Refusal { status, ..Refusal::of(code.or(usual).unwrap_or(20500)) }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({
            "code": self.code,
            "message": self.message,
            "more_info": format!("https://www.twilio.com/docs/errors/{}", self.code),
            "status": self.status,
        });
        let mut answer = answer(self.status, &body);
        answer.headers_mut().insert("x-twilio-error-code", HeaderValue::from(self.code));
        answer
    }
}

/// JSON with a status.
pub(super) fn answer(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = [(header::CONTENT_TYPE, "application/json;charset=utf-8")];
    (status, kind, body.to_string()).into_response()
}

/// The fields of a form or of a query.
pub(super) struct Fields(pub(super) Vec<(String, String)>);

impl Fields {
    /// Of a request's body.
    pub(super) fn of_form(body: &Bytes) -> Fields {
        Fields(form_urlencoded::parse(body).into_owned().collect())
    }

    /// Of a request's query.
    pub(super) fn of_query(query: Option<&str>) -> Fields {
        Fields(form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    /// The first of a name, also where it is empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The first of a name that is not empty.
    pub(super) fn full(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// All of a name.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(n, _)| n == name).map(|(_, value)| value.clone()).collect()
    }
}

/// Which part of a list is asked for.
pub(super) struct Paging {
    /// Items a page.
    pub(super) size: usize,
    /// Number of the page.
    page: usize,
    /// The place in order below which this page begins, by a token that only we make: new items in front of the list
    /// do not shift it.
    pub(super) below: u64,
    /// Items to leave out where a page is asked for by its number alone.
    pub(super) skip: usize,
}

impl Paging {
    /// As the query asks.
    pub(super) fn of(query: &Fields) -> Paging {
        let number = |name: &str| query.full(name).and_then(|n| n.parse::<usize>().ok());
        let size = number("PageSize").unwrap_or(PAGE_SIZE.0).clamp(1, PAGE_SIZE.1);
        let page = number("Page").unwrap_or(0);
        let token = query.full("PageToken").and_then(|t| t.strip_prefix("PA"));
        let below = token.and_then(|t| u64::from_str_radix(t, 16).ok());
        let skip = if below.is_some() { 0 } else { page.saturating_mul(size) };
        Paging { size, page, below: below.unwrap_or(u64::MAX), skip }
    }

    /// The envelope of a page. `last` is the place of its last item if more follow.
    pub(super) fn envelope(&self, path: &str, query: &Fields, name: &str, items: Vec<Value>, last: Option<u64>) -> Value {
        let uri = |page: usize, token: Option<u64>| {
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(query.0.iter().filter(|(n, _)| !matches!(n.as_str(), "Page" | "PageSize" | "PageToken")));
            form.append_pair("PageSize", &self.size.to_string()).append_pair("Page", &page.to_string());
            if let Some(token) = token {
                form.append_pair("PageToken", &format!("PA{token:032x}"));
            }
            format!("{path}?{}", form.finish())
        };
        let start = self.page * self.size;
        let mut envelope = json!({
            "first_page_uri": uri(0, None),
            "next_page_uri": last.map(|last| uri(self.page + 1, Some(last))),
            "previous_page_uri": (self.page > 0).then(|| uri(self.page - 1, None)),
            "uri": uri(self.page, (self.below < u64::MAX).then_some(self.below)),
            "page": self.page, "page_size": self.size, "start": start, "end": (start + items.len()).saturating_sub(1),
        });
        if let Some(envelope) = envelope.as_object_mut() {
            envelope.insert(name.into(), Value::Array(items));
        }
        envelope
    }
}

/// A path below the account, as the REST API writes it into its answers.
pub(super) fn path(pretend: &Pretend, rest: &str) -> String {
    format!("/{VERSION}/Accounts/{}/{rest}", pretend.config().account_sid)
}

/// RFC 2822, as this API writes every date.
pub(super) fn date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_faults() {
        assert_eq!(date(Timestamp::UNIX_EPOCH), "Thu, 01 Jan 1970 00:00:00 +0000");
        let codes: Vec<_> = [401, 429, 500, 503, 504].map(|s| Refusal::fault(s, None)).iter().map(|r| (r.status, r.code)).collect();
        assert_eq!(codes, [(401, 20003), (429, 20429), (500, 20500), (503, 20503), (504, 20500)]);
        assert_eq!(Refusal::fault(429, Some(63038)).code, 63038);
    }

    #[test]
    fn pages() {
        let query = |text: &str| Paging::of(&Fields::of_query(Some(text)));
        assert_eq!((query("").size, query("PageSize=5000").size, query("PageSize=0").size), (50, 1000, 1));
        assert_eq!(query("PageSize=20&Page=3").skip, 60);
        let next = query("PageSize=20&Page=3&PageToken=PA00ff");
        assert_eq!((next.skip, next.below), (0, 255));
    }
}
