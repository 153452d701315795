//! One person's thread: texts as bubbles, between them what was decided, beside them what is known.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};

use super::conversations::words;
use super::decisions::{Line, lines};
use super::inbox::AGENT;
use super::moment::{Clock, Moment};
use super::people::Who;
use super::trouble::Page;
use super::{Console, live, view};
use crate::http::problem::{Answer, Problem};
use crate::model::{Actor, ConversationId, ConversationRow, ConversationState, Direction, Event, Happening, MessageRow, MessageStatus, Phone, Time};
use crate::store::{ConversationQuery, HandoffQuery, MAX_PAGE, MessageQuery, Post};

/// Texts of a thread at a time.
const TEXTS: usize = 100;

/// Other conversations of the same person that are listed.
const OTHERS: usize = 10;

/// Pieces of the journal that are read: thousands of entries. Somebody with more sees the decisions between older texts only.
const MAX_JOURNAL: usize = 20;

/// A text.
#[derive(Clone, Debug, Serialize)]
pub struct Bubble {
    /// From the contact.
    inbound: bool,
    /// The words.
    body: String,
    /// Pictures and files, by how many there are: their addresses need Twilio's credentials.
    media: usize,
    /// When.
    at: Moment,
    /// How it looks: `sent`, `delivered`, `bad`, `waits` …
    mark: &'static str,
    /// Where it has got to, in words.
    status: String,
    /// Segments, where it is more than one.
    segments: u32,
}

/// What stands in a thread, in order.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", content = "it", rename_all = "snake_case")]
pub enum Item {
    /// A day begins.
    Day(String),
    /// A text.
    Text(Bubble),
    /// What was decided.
    Line(Line),
}

impl Bubble {
    fn new(row: MessageRow, clock: &Clock) -> Bubble {
        let (mark, status) = mark(&row);
        Bubble {
            inbound: row.direction == Direction::Inbound,
            media: row.media.len(),
            at: clock.moment(row.created_at),
            mark,
            status,
            segments: if row.segments > 1 { row.segments } else { 0 },
            body: row.body,
        }
    }
}

/// How far a text is: a mark and words.
fn mark(row: &MessageRow) -> (&'static str, String) {
    let why = || {
        row.code
            .map(|code| format!(" ({code})"))
            .or_else(|| row.reason.as_ref().map(|reason| format!(": {}", reason.replace('_', " "))))
            .unwrap_or_default()
    };
    match row.status {
        MessageStatus::Received => ("", String::new()),
        MessageStatus::Queued => ("waits", "waits to be sent".to_owned()),
        MessageStatus::Sending => ("waits", "being sent".to_owned()),
        MessageStatus::Unknown => ("waits", "being looked up at Twilio".to_owned()),
        MessageStatus::Held => ("waits", format!("held{}", why())),
        MessageStatus::Accepted => ("sent", "Twilio has it".to_owned()),
        MessageStatus::Sent => ("sent", "sent".to_owned()),
        MessageStatus::Delivered => ("delivered", "delivered".to_owned()),
        MessageStatus::Read => ("delivered", "read".to_owned()),
        MessageStatus::Undelivered => ("bad", format!("not delivered{}", why())),
        MessageStatus::Failed => ("bad", format!("refused{}", why())),
        MessageStatus::Cancelled => ("bad", format!("not sent{}", why())),
    }
}

/// A piece of a person's thread, oldest first, and where the older ones begin.
pub async fn items(console: &Console, phone: &Phone, cursor: Option<String>) -> Answer<(Vec<Item>, Option<String>)> {
    let clock = console.clock();
    let query = MessageQuery { contact: Some(phone.clone()), cursor: cursor.clone(), limit: TEXTS, ..MessageQuery::default() };
    let page = console.doors.store.messages(query).await?;
    // The journal between these texts: from the oldest of them (from the start, where none is older) to the newest (to the end, where none is newer).
    let from = page.next.as_ref().and(page.items.last()).map_or(Time(i64::MIN), |row| row.created_at);
    let to = cursor.and(page.items.first()).map_or(Time(i64::MAX), |row| row.created_at);
    let plans = console.doors.plans.now();
    // At one moment: what the contact wrote, what was decided about it, what we wrote.
    let order = |row: &MessageRow| if row.direction == Direction::Inbound { 0 } else { 2 };
    let texts = page.items.into_iter().rev();
    let mut found: Vec<(Time, u8, Item)> = texts.map(|row| (row.created_at, order(&row), Item::Text(Bubble::new(row, &clock)))).collect();
    let mut after = 0;
    for _ in 0..MAX_JOURNAL {
        let entries = console.doors.store.journal(phone, after, MAX_PAGE).await?;
        let Some((last, _)) = entries.last() else { break };
        after = *last;
        for (_, entry) in entries.iter().filter(|(_, entry)| entry.at >= from && entry.at <= to) {
            found.extend(lines(entry, &plans, &clock).into_iter().map(|line| (entry.at, 1, Item::Line(line))));
        }
        if entries.len() < MAX_PAGE {
            break;
        }
    }
    found.sort_by_key(|(at, order, _)| (*at, *order));
    let mut items = Vec::with_capacity(found.len());
    let mut day = String::new();
    for (at, _, item) in found {
        let its = clock.day(at);
        if its != day {
            items.push(Item::Day(its.clone()));
            day = its;
        }
        items.push(item);
    }
    Ok((items, page.next))
}

/// A conversation; a person is told where there is none.
async fn conversation(console: &Console, id: String) -> Answer<ConversationRow> {
    let id = ConversationId(id);
    console.doors.store.conversation(&id).await?.ok_or_else(|| Problem::not_found(format_args!("conversation `{id}`")))
}

/// `GET /conversations/{id}`.
pub async fn page(State(console): State<Arc<Console>>, Path(id): Path<String>, uri: Uri) -> Page {
    let row = conversation(&console, id).await?;
    let cursor = view::field(uri.query().unwrap_or_default().as_bytes(), "cursor").filter(|text| text.parse::<u64>().is_ok());
    let is_old = cursor.is_some();
    let (items, older) = items(&console, &row.contact, cursor).await?;
    let who = Who::new(&row.contact, console.doors.store.contact(&row.contact).await?.as_ref());
    let title = if who.name.is_empty() { who.phone.clone() } else { who.name.clone() };
    let context = json!({ "items": items, "older": older, "is_old": is_old, "who": who, "side": side(&console, &row).await? });
    Ok(console.page("thread.html", "/conversations", title, context).await?)
}

/// `GET /conversations/{id}/live`.
pub async fn live(State(console): State<Arc<Console>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    live::stream(&console, &headers, move |console| {
        let id = id.clone();
        async move {
            let row = conversation(&console, id).await?;
            let (items, older) = items(&console, &row.contact, None).await?;
            Ok(vec![
                ("log".to_owned(), view::fill("thread_log.html", json!({ "items": items, "older": older }))?),
                ("side".to_owned(), view::fill("thread_side.html", json!({ "side": side(&console, &row).await? }))?),
            ])
        }
    })
}

/// What is known beside the thread.
async fn side(console: &Console, row: &ConversationRow) -> Answer<Value> {
    let clock = console.clock();
    let (state, look) = words(row.state);
    let store = &console.doors.store;
    let contact = store.contact(&row.contact).await?;
    let query = ConversationQuery { contact: Some(row.contact.clone()), limit: OTHERS, ..ConversationQuery::default() };
    let others: Vec<Value> = store
        .conversations(query)
        .await?
        .items
        .into_iter()
        .map(|other| {
            let (state, look) = words(other.state);
            json!({ "id": other.id, "playbook": other.playbook, "state": other.outcome.as_deref().unwrap_or(state), "look": look,
                "started": clock.moment(other.started_at), "is_this": other.id == row.id })
        })
        .collect();
    let query = HandoffQuery { contact: Some(row.contact.clone()), open: true, limit: 1, ..HandoffQuery::default() };
    let handoff = store.handoffs(query).await?.items.pop().map(|handoff| handoff.id);
    Ok(json!({
        "id": row.id, "playbook": row.playbook, "step": row.step, "state": state, "look": look, "outcome": row.outcome, "goal": row.goal,
        "version": row.version.as_str().get(..8), "broadcast": row.broadcast, "started": clock.moment(row.started_at),
        "ended": row.ended_at.map(|at| clock.moment(at)), "vars": row.vars, "others": others, "handoff": handoff,
        "can_take": row.state == ConversationState::Listening, "is_live": row.state != ConversationState::Ended,
        "contact": contact.map(|contact| json!({ "phone": contact.phone, "fields": contact.fields, "tags": contact.tags, "lists": contact.lists, "consent": contact.consent,
            "opted_out": contact.opted_out })),
    }))
}

/// `POST /conversations/{id}/take`: the bot is silent, and the conversation stands in the inbox.
pub async fn take(State(console): State<Arc<Console>>, Path(id): Path<String>) -> Page {
    let row = conversation(&console, id).await?;
    let now = console.doors.store.now();
    let event = Event::new(now, Happening::TakenOver { conversation: row.id.clone(), agent: AGENT.to_owned() });
    console.doors.store.post(vec![Post { to: Actor::Contact(row.contact), event, due: now, id: None, suppress: None }]).await?;
    console.note("took over a conversation", row.id.as_str()).await;
    Ok(view::to(&format!("/conversations/{}", row.id)))
}

/// `POST /conversations/{id}/end`: its playbook's conversations with this person end, with the outcome `stopped`.
pub async fn end(State(console): State<Arc<Console>>, Path(id): Path<String>) -> Page {
    let row = conversation(&console, id).await?;
    let now = console.doors.store.now();
    let event = Event::new(now, Happening::Stopped { playbook: row.playbook.clone() });
    console.doors.store.post(vec![Post { to: Actor::Contact(row.contact), event, due: now, id: None, suppress: None }]).await?;
    console.note("ended a conversation", row.id.as_str()).await;
    Ok(view::to(&format!("/conversations/{}", row.id)))
}
