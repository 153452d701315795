//! Signed requests to the daemon, repeated as Twilio repeats them.

use std::time::Duration;

use reqwest::header;

use super::super::signature;
use super::{Pretend, state};

/// How long the daemon has to accept a connection, and to answer: Twilio's own limits.
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
const DEADLINE: Duration = Duration::from_secs(15);
/// Repeats where the address says nothing, and at most.
const REPEATS: (u32, u32) = (1, 5);

/// How a webhook was answered.
pub(super) struct Answered {
    /// The HTTP status; 0 for none.
    pub(super) status: u16,
    /// What came with it.
    pub(super) body: String,
}

/// Webhooks go to this machine over plain HTTP, so no certificates are read.
pub(super) fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .user_agent("TwilioProxy/1.1")
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .tls_certs_only([])
        .connect_timeout(CONNECT_DEADLINE)
        .timeout(DEADLINE)
        .tcp_nodelay(true)
        .build()
}

/// Posts a form to an address, whose fragment may say how often to repeat it (`#rc=5&rp=all`).
pub(super) async fn post(pretend: &Pretend, address: &str, pairs: &[(String, String)]) -> Answered {
    let (url, fragment) = address.split_once('#').unwrap_or((address, ""));
    let overrides: Vec<(String, String)> = form_urlencoded::parse(fragment.as_bytes()).into_owned().collect();
    let setting = |name: &str| overrides.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let repeats = setting("rc").and_then(|rc| rc.parse().ok()).unwrap_or(REPEATS.0).min(REPEATS.1);
    let policy = setting("rp").unwrap_or("ct");
    let signature = signature::sign(&pretend.config().auth_token, url, pairs);
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let idempotency = state::sid("");
    // Closed never, so the permit always comes.
    let _permit = pretend.0.webhooks.acquire().await;
    let mut last = Answered { status: 0, body: String::new() };
    for _ in 0..=repeats {
        let request = pretend.0.http.post(url).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8");
        let request = request.header("X-Twilio-Signature", &signature).header("I-Twilio-Idempotency-Token", &idempotency);
        // Twilio's names for what went wrong, which `rp` picks from.
        let failure = match request.body(body.clone()).send().await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                last = Answered { status, body: answer.text().await.unwrap_or_default() };
                match status {
                    400..=499 => "4xx",
                    500.. => "5xx",
                    _ => break,
                }
            }
            Err(error) if error.is_connect() => "ct",
            Err(_) => "rt",
        };
        if !policy.split(',').any(|named| named == failure || named == "all") {
            break;
        }
    }
    pretend.change(|state| state.webhooks += 1);
    last
}
