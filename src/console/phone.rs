//! The pretend phone: playing the customer where Twilio is pretended, with a clock that can be turned forward and faults on demand.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};

use super::conversations::words;
use super::people::Who;
use super::trouble::Page;
use super::{Console, live, playbooks, view};
use crate::http::problem::{Answer, BAD_FIELD, BROKEN, Problem};
use crate::model::Phone;
use crate::store::ConversationQuery;

/// Phones that are there from the start: two zones of North America apart, so that quiet hours can be seen.
const FIRST: [&str; 3] = ["+15125550111", "+12125550112", "+13105550113"];

/// How far the clock can be turned at once: address, words, seconds.
const TURNS: [(&str, &str, u64); 5] =
    [("10m", "10 min", 600), ("1h", "1 hour", 3_600), ("4h", "4 hours", 14_400), ("1d", "1 day", 86_400), ("7d", "1 week", 604_800)];

/// What can go wrong on demand: name and words.
pub const FAULTS: [(&str, &str); 6] = [
    ("none", "All goes well"),
    ("refuse", "Twilio refuses the next text (30007)"),
    ("busy", "Twilio is busy for the next 3 requests (429)"),
    ("broken", "Twilio fails at the next request (500)"),
    ("lost", "The next answer is lost, though Twilio took the text"),
    ("slow", "Every answer takes 3 s"),
];

/// Texts of a phone that are shown.
pub const SHOWN: usize = 100;

/// A text on a phone's screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Said {
    /// Written on this phone.
    pub mine: bool,
    /// The words.
    pub body: String,
    /// The number at the other end.
    pub number: String,
}

/// Whoever plays the people at the other end.
#[async_trait]
pub trait Phones: Send + Sync {
    /// Our numbers that can be written to, with the names of their senders.
    fn numbers(&self) -> Vec<(String, String)>;
    /// Phones that have written or been written to.
    fn seen(&self) -> Vec<String>;
    /// The newest texts on a phone, oldest first.
    fn thread(&self, phone: &str) -> Vec<Said>;
    /// Somebody writes; comes back once the daemon has taken it. Else why not.
    async fn write(&self, from: &str, to: &str, body: &str) -> Result<(), String>;
    /// Turns the clock of the store forward.
    async fn turn(&self, by: Duration);
    /// Makes one of `FAULTS` happen from now on.
    fn fault(&self, name: &str);
    /// Which of `FAULTS` is on.
    fn on(&self) -> &'static str;
}

fn phones(console: &Console) -> Answer<&Arc<dyn Phones>> {
    console
        .phones
        .as_ref()
        .ok_or_else(|| Problem::not_found("pretend phone: this daemon speaks with the real Twilio; `bridged serve --pretend` has one"))
}

/// `GET /phone`.
pub async fn first(State(console): State<Arc<Console>>) -> Page {
    phones(&console)?;
    show(&console, FIRST[0].to_owned()).await
}

/// `GET /phone/{number}`.
pub async fn one(State(console): State<Arc<Console>>, Path(number): Path<String>) -> Page {
    show(&console, number).await
}

async fn show(console: &Console, number: String) -> Page {
    let phones = phones(console)?;
    let number =
        console.number(&number).ok_or_else(|| Problem::new(&BAD_FIELD, format!("`{number}` is no phone number; write it like `+15125550111`")))?;
    let mut all: Vec<String> = FIRST.iter().map(|&number| number.to_owned()).chain(phones.seen()).chain([number.0.clone()]).collect();
    let mut known = std::collections::BTreeSet::new();
    all.retain(|number| known.insert(number.clone()));
    let thread = phones.thread(number.as_str());
    let last = thread.last().map(|said| said.number.clone());
    let context = json!({
        "phone": number, "last": last, "phones": all, "numbers": phones.numbers(), "keywords": keywords(console), "turns": TURNS, "faults": FAULTS,
        "on": phones.on(), "thread": thread, "behind": behind(console, &number).await?,
    });
    Ok(console.page("phone.html", "/phone", "Phone", context).await?)
}

/// Words that start a playbook, to be tried.
fn keywords(console: &Console) -> Vec<String> {
    let plans = console.doors.plans.now();
    let triggers = plans.iter().flat_map(|plan| plan.triggers.iter());
    let words = triggers.filter_map(|trigger| match &trigger.kind {
        crate::playbook::plan::TriggerKind::Keyword { words, .. } => words.first().map(|word| word.to_uppercase()),
        _ => None,
    });
    words.collect()
}

/// `GET /phone/{number}/live`.
pub async fn live(State(console): State<Arc<Console>>, Path(number): Path<String>, headers: HeaderMap) -> Response {
    live::stream(&console, &headers, move |console| {
        let number = number.clone();
        async move {
            let phones = phones(&console)?;
            let thread = view::fill("phone_screen.html", json!({ "thread": phones.thread(&number) }))?;
            let behind = behind(&console, &Phone(number)).await?;
            let chart = view::fill("phone_chart.html", json!({ "behind": behind }))?;
            let behind = view::fill("phone_behind.html", json!({ "behind": behind }))?;
            Ok(vec![("screen".to_owned(), thread), ("behind".to_owned(), behind), ("chart".to_owned(), chart)])
        }
    })
}

/// What the other side knows: conversations of this number, and what time it is there.
async fn behind(console: &Console, phone: &Phone) -> Answer<Value> {
    /// Conversations that are shown.
    const NEWEST: usize = 3;
    let clock = console.clock();
    let query = ConversationQuery { contact: Some(phone.clone()), limit: NEWEST, ..ConversationQuery::default() };
    let rows = console.doors.store.conversations(query).await?.items;
    let contact = console.doors.store.contact(phone).await?;
    let peek = console.doors.store.peek(&crate::model::Actor::Contact(phone.clone())).await?;
    // The chart of the newest conversation, with the box where this phone stands.
    let (chart, at) = match rows.first() {
        Some(row) => (playbooks::chart(console, &row.playbook).await?, row.ended_at.is_none().then(|| row.step.clone()).flatten()),
        None => (None, None),
    };
    let conversations: Vec<Value> = rows
        .into_iter()
        .map(|row| {
            let (state, look) = words(row.state);
            json!({ "id": row.id, "playbook": row.playbook, "step": row.step, "state": row.outcome.as_deref().unwrap_or(state), "look": look })
        })
        .collect();
    Ok(json!({
        "chart": chart, "at": at, "conversations": conversations, "who": Who::new(phone, contact.as_ref()), "now": clock.moment(clock.now),
        "next": peek.and_then(|peek| peek.wake).map(|at| clock.moment(at)),
    }))
}

/// `POST /phone/{number}`: the customer writes.
pub async fn write(State(console): State<Arc<Console>>, Path(number): Path<String>, body: Bytes) -> Page {
    let phones = phones(&console)?;
    let text = view::field(&body, "text").ok_or_else(|| Problem::new(&BAD_FIELD, "write something first"))?;
    let to = view::field(&body, "to").or_else(|| phones.numbers().into_iter().next().map(|(number, _)| number)).unwrap_or_default();
    // On WhatsApp both ends are named with their channel.
    let from = if to.starts_with("whatsapp:") { format!("whatsapp:{number}") } else { number.clone() };
    phones.write(&from, &to, &text).await.map_err(|why| Problem::new(&BROKEN, format!("the text did not come in: {why}")))?;
    Ok(view::to(&format!("/phone/{number}")))
}

/// `POST /phone/{number}/turn`: the clock goes forward, and everything that falls due happens.
pub async fn turn(State(console): State<Arc<Console>>, Path(number): Path<String>, body: Bytes) -> Page {
    let phones = phones(&console)?;
    let by = view::field(&body, "by").unwrap_or_default();
    let next = async {
        let peek = console.doors.store.peek(&crate::model::Actor::Contact(Phone(number.clone()))).await?;
        Ok::<_, Problem>(peek.and_then(|peek| peek.wake).map(|at| console.doors.store.now().until(at)))
    };
    let by = match TURNS.iter().find(|(name, ..)| *name == by) {
        Some((_, _, seconds)) => Some(Duration::from_secs(*seconds)),
        None if by == "next" => next.await?,
        None => None,
    };
    let by = by.ok_or_else(|| Problem::new(&BAD_FIELD, "nothing waits for time to pass; choose how far to turn the clock"))?;
    phones.turn(by).await;
    // Whoever turned the clock stays logged in.
    console.doors.gate.turned(by);
    Ok(view::to(&format!("/phone/{number}")))
}

/// `POST /phone/{number}/fault`.
pub async fn fault(State(console): State<Arc<Console>>, Path(number): Path<String>, body: Bytes) -> Page {
    phones(&console)?.fault(&view::field(&body, "fault").unwrap_or_default());
    Ok(view::to(&format!("/phone/{number}")))
}

/// `POST /phone`: another phone.
pub async fn other(body: Bytes) -> Response {
    let number: String = view::field(&body, "number").unwrap_or_default().chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    view::to(&format!("/phone/{number}"))
}
