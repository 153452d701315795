//! Twilio: the integration guide as a page that knows how far it has been followed, and what to do about the rest.

use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};

use super::trouble::Page;
use super::{Console, live, view};
use crate::http::problem::{Answer, BAD_FIELD, BROKEN, Problem};
use crate::http::tally::Kind;
use crate::model::{Channel, Time};

/// Webhooks that are listed.
const SHOWN: usize = 15;

/// What can be told of the account without asking Twilio. No secrets.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    /// `AC…`.
    pub account: String,
    /// Who we are when we send: `API key SK…`, or the auth token.
    pub sends_as: String,
    /// Auth tokens that webhooks may be signed with.
    pub tokens: usize,
    /// Where requests go.
    pub api_base: String,
    /// Where webhooks come to, as Twilio knows it.
    pub public_url: String,
    /// Nothing reaches the real Twilio.
    pub is_pretend: bool,
}

/// One sentence of the test.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// `good`, `warn` or `bad`.
    pub level: &'static str,
    /// What is so, and what to do.
    pub text: String,
}

/// A field of a number that would be set.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// Twilio's name of it.
    pub field: &'static str,
    /// What it is; may be empty.
    pub from: String,
    /// What it would be.
    pub to: String,
}

/// A number of the account.
#[derive(Clone, Debug, Serialize)]
pub struct Number {
    /// The sender's name.
    pub sender: String,
    /// The number.
    pub number: String,
    /// What would have to be set so that texts and calls come to us.
    pub changes: Vec<Change>,
}

/// Whoever can ask Twilio.
#[async_trait]
pub trait Account: Send + Sync {
    /// What is known anyway.
    fn facts(&self) -> Facts;
    /// Tests the connection and every sender; and the numbers that can be set up from here.
    async fn test(&self) -> (Vec<Finding>, Vec<Number>);
    /// Sets what `Number::changes` names; else why not.
    async fn connect(&self, number: &str) -> Result<(), String>;
}

/// How a test of the connection went.
#[derive(Clone)]
pub struct Tested {
    /// When.
    at: Time,
    /// In the order of the test.
    findings: Vec<Finding>,
    /// The numbers.
    numbers: Vec<Number>,
}

fn account(console: &Console) -> Answer<&Arc<dyn Account>> {
    console.account.as_ref().ok_or_else(|| Problem::not_found("Twilio account in this process"))
}

/// `GET /twilio`.
pub async fn page(State(console): State<Arc<Console>>) -> Page {
    let plans = console.doors.plans.now();
    let sync = &plans.workspace.sync;
    let channels: Vec<&str> = sync
        .channels
        .iter()
        .map(|channel| match channel {
            Channel::Sms => "SMS",
            Channel::Whatsapp => "WhatsApp",
            Channel::Voice => "calls",
        })
        .collect();
    let direction = match (sync.inbound, sync.outbound) {
        (true, true) => "in and out",
        (true, false) => "in only; texts of ours are held",
        (false, true) => "out only; texts of contacts start nothing",
        (false, false) => "none",
    };
    let events = match (sync.messages, sync.statuses) {
        (true, true) => "messages and statuses",
        (true, false) => "messages",
        (false, true) => "statuses",
        (false, false) => "none",
    };
    let mut context = drawn(&console).await?;
    let facts = console.account.as_ref().map(|account| account.facts());
    context["sync"] = json!({ "direction": direction, "channels": channels.join(", "), "events": events, "media": sync.media });
    context["facts"] = json!(facts);
    Ok(console.page("twilio.html", "/twilio", "Twilio", context).await?)
}

/// `GET /twilio/live`.
pub async fn live(State(console): State<Arc<Console>>, headers: HeaderMap) -> Response {
    live::stream(
        &console,
        &headers,
        |console| async move { Ok(vec![("checks".to_owned(), view::fill("twilio_checks.html", drawn(&console).await?)?)]) },
    )
}

/// What moves: checks and webhooks.
async fn drawn(console: &Console) -> Answer<Value> {
    let clock = console.clock();
    let tested = console.tested.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let tested = tested.map(|tested| json!({ "at": clock.moment(tested.at), "findings": tested.findings, "numbers": tested.numbers }));
    let webhooks: Vec<Value> = console
        .doors
        .tally
        .newest()
        .into_iter()
        .take(SHOWN)
        .map(|seen| json!({ "at": clock.moment(seen.at), "route": seen.route, "kind": kind(seen.kind), "status": seen.status, "why": seen.why }))
        .collect();
    Ok(json!({ "checks": checks(console).await?, "webhooks": webhooks, "tested": tested }))
}

/// A kind of webhook, in words.
fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Status => "status of a text",
        Kind::Call => "call",
        Kind::Refused => "refused",
        Kind::Link => "link",
    }
}

/// Troubleshooting: each usual trouble, looked at now.
async fn checks(console: &Console) -> Answer<Vec<Finding>> {
    let doors = &console.doors;
    let (clock, plans, health) = (console.clock(), doors.plans.now(), doors.health.snapshot());
    let finding = |level, text: String| Finding { level, text };
    let mut checks = vec![match &health.twilio_refused {
        Some(why) => finding(
            "bad",
            format!("Twilio refuses the credentials ({why}): compare `twilio.account_sid` and the key with Twilio's console; texts wait meanwhile"),
        ),
        None => finding("good", "Twilio has refused no credentials since the start".to_owned()),
    }];
    let seen = doors.tally.newest();
    let good = seen.iter().find(|seen| seen.why.is_none());
    checks.push(match good {
        Some(seen) => finding("good", format!("a rightly signed webhook came {}", clock.moment(seen.at).short)),
        None => {
            finding("warn", "no rightly signed webhook has come since the start: set the numbers' addresses below, then text one of them".to_owned())
        }
    });
    let bad = seen.iter().filter(|seen| seen.why.is_some()).count();
    checks.push(match (bad, seen.first().is_some_and(|seen| seen.why.is_some())) {
        (0, _) => finding("good", "no webhook was refused lately".to_owned()),
        (bad, true) => finding(
            "bad",
            format!(
                "{bad} of the last {} webhooks were refused, the newest too: compare `public_url` and `twilio.auth_token` with Twilio's console",
                seen.len()
            ),
        ),
        (bad, false) => finding("warn", format!("{bad} of the last {} webhooks were refused, but the newest was taken", seen.len())),
    });
    if let Some(account) = &console.account {
        let facts = account.facts();
        if !facts.is_pretend && !facts.public_url.starts_with("https://") {
            checks.push(finding("warn", "`public_url` is not https: whoever is on the way can read texts".to_owned()));
        }
    }
    let sync = &plans.workspace.sync;
    if !sync.outbound {
        checks.push(finding("warn", "`sync.direction` lets nothing out: texts are held".to_owned()));
    }
    if !sync.inbound {
        checks.push(finding("warn", "`sync.direction` lets nothing in: texts of contacts start and move nothing".to_owned()));
    }
    let now = doors.store.now();
    let waiting: u64 = doors.store.lanes().await?.iter().filter(|lane| lane.next <= now).flat_map(|lane| lane.waiting).sum();
    let is_still = doors.health.flow.speeds(now).is_empty();
    checks.push(match (waiting, is_still) {
        (0, _) => finding("good", "nothing waits that could leave".to_owned()),
        (waiting, false) => finding("good", format!("{waiting} segments wait, and texts are leaving")),
        (waiting, true) => {
            finding("warn", format!("{waiting} segments wait and nothing leaves: look for holds, closed hours, or another process that sends"))
        }
    });
    Ok(checks)
}

async fn try_out(console: &Console) -> Answer<()> {
    let (findings, numbers) = account(console)?.test().await;
    let tested = Tested { at: console.doors.store.now(), findings, numbers };
    *console.tested.lock().unwrap_or_else(PoisonError::into_inner) = Some(tested);
    Ok(())
}

/// `POST /twilio/test`.
pub async fn test(State(console): State<Arc<Console>>) -> Page {
    try_out(&console).await?;
    console.note("tested the connection to Twilio", "").await;
    Ok(view::to("/twilio#test"))
}

/// `POST /twilio/connect`: sets a number's webhooks, whose changes were shown.
pub async fn connect(State(console): State<Arc<Console>>, body: Bytes) -> Page {
    let number = view::field(&body, "number").ok_or_else(|| Problem::new(&BAD_FIELD, "say which number"))?;
    account(&console)?.connect(&number).await.map_err(|why| Problem::new(&BROKEN, why))?;
    try_out(&console).await?;
    console.note("set the webhooks of a number", &number).await;
    Ok(view::to("/twilio#test"))
}
