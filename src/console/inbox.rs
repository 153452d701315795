//! The inbox: open hand-offs by queue, answered by a person while the bot is silent.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::moment::{Clock, Moment, length};
use super::people::{Who, name};
use super::trouble::Page;
use super::{Console, live, thread, view};
use crate::http::private::handoffs::{CLOSED, MAX_TEXT, tell};
use crate::http::problem::{Answer, BAD_FIELD, Problem};
use crate::model::{Actor, Direction, Event, HandoffId, HandoffRow, HandoffState, Happening, Time};
use crate::playbook::plan::Verb;
use crate::playbook::workspace::{Queue, Workspace};
use crate::store::{HandoffQuery, MessageQuery, Post};
use crate::text::segments;

/// Open hand-offs that are listed; more than people can look through.
const LISTED: usize = 200;

/// Who answers, until agents have names of their own.
pub const AGENT: &str = "console";

/// An open hand-off in the list.
#[derive(Serialize)]
struct Row {
    /// Its name.
    id: String,
    /// Whose.
    who: Who,
    /// What the playbook says to the agent.
    note: String,
    /// The newest text.
    last: String,
    /// Whether the contact waits for us, and since when; else since when we wait.
    since: Moment,
    /// See `since`.
    waits: bool,
    /// `late`, `soon` or nothing: against the queue's promise.
    look: &'static str,
    /// `high` or `low`; nothing for normal ones.
    priority: String,
    /// A time stamp of the latest text from the contact: a new one rings.
    heard: i64,
}

/// A queue with its open hand-offs.
#[derive(Serialize)]
struct Group {
    /// Its name.
    queue: String,
    /// `open until 18:00`, `closed, opens Mon 9:00`.
    hours: String,
    /// Whether people are there now.
    open: bool,
    /// How soon somebody answers.
    sla: String,
    /// Its open hand-offs.
    rows: Vec<Row>,
}

/// `GET /inbox`.
pub async fn page(State(console): State<Arc<Console>>) -> Page {
    show(&console, None).await
}

/// `GET /inbox/{id}`.
pub async fn one(State(console): State<Arc<Console>>, Path(id): Path<String>) -> Page {
    show(&console, Some(id)).await
}

async fn show(console: &Console, id: Option<String>) -> Page {
    let talk = match &id {
        Some(id) => Some(talk(console, id).await?),
        None => None,
    };
    let context = json!({ "groups": groups(console).await?, "talk": talk, "chosen": id });
    Ok(console.page("inbox.html", "/inbox", "Inbox", context).await?)
}

/// `GET /inbox/live`.
pub async fn live(State(console): State<Arc<Console>>, headers: HeaderMap) -> Response {
    live::stream(&console, &headers, |console| async move { Ok(vec![list(&console, None).await?]) })
}

/// `GET /inbox/{id}/live`.
pub async fn live_one(State(console): State<Arc<Console>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    live::stream(&console, &headers, move |console| {
        let id = id.clone();
        async move {
            let talk = talk(&console, &id).await?;
            let log = view::fill("thread_log.html", talk.clone())?;
            let head = view::fill("inbox_head.html", json!({ "talk": talk }))?;
            Ok(vec![list(&console, Some(&id)).await?, ("log".to_owned(), log), ("talk-head".to_owned(), head)])
        }
    })
}

async fn list(console: &Console, chosen: Option<&str>) -> Answer<live::Piece> {
    let list = view::fill("inbox_list.html", json!({ "groups": groups(console).await?, "chosen": chosen }))?;
    Ok(("inbox".to_owned(), list))
}

/// All queues with what is open in them; those that wait longest against their promise first.
async fn groups(console: &Console) -> Answer<Vec<Group>> {
    let query = HandoffQuery { open: true, limit: LISTED, ..HandoffQuery::default() };
    let open = console.doors.store.handoffs(query).await?.items;
    let plans = console.doors.plans.now();
    let (workspace, clock) = (&plans.workspace, console.clock());
    let mut groups: BTreeMap<String, Group> =
        workspace.queues.iter().map(|(name, queue)| (name.clone(), group(name, Some(queue), workspace, &clock))).collect();
    for handoff in open {
        let queue = handoff.queue.clone();
        let row = row(console, handoff, workspace, &clock).await?;
        groups.entry(queue.clone()).or_insert_with(|| group(&queue, None, workspace, &clock)).rows.push(row);
    }
    Ok(groups.into_values().collect())
}

fn group(name: &str, queue: Option<&Queue>, workspace: &Workspace, clock: &Clock) -> Group {
    let zones = std::slice::from_ref(&workspace.timezone);
    let now = clock.now.timestamp();
    let hours = queue.map(|queue| queue.hours).unwrap_or_default();
    let open = hours.is_open(now, zones);
    let short = |at: Timestamp| clock.moment(at.into()).short;
    let words = match (open, hours.closes(now, zones)) {
        (true, Some(closes)) => format!("open until {}", short(closes)),
        (true, None) => "always open".to_owned(),
        (false, _) => format!("closed, opens {}", short(hours.next_open(now, zones))),
    };
    let sla = queue.and_then(|queue| queue.sla).map(|sla| sla.to_string()).unwrap_or_default();
    Group { queue: name.to_owned(), hours: words, open, sla, rows: Vec::new() }
}

/// A hand-off with its newest text.
async fn row(console: &Console, handoff: HandoffRow, workspace: &Workspace, clock: &Clock) -> Answer<Row> {
    let contact = console.doors.store.contact(&handoff.contact).await?;
    let query = MessageQuery { contact: Some(handoff.contact.clone()), limit: 1, ..MessageQuery::default() };
    let last = console.doors.store.messages(query).await?.items.pop();
    let heard = contact.as_ref().and_then(|contact| contact.last_inbound_at).unwrap_or_default();
    // Before our first answer the contact waits since the hand-off; afterwards since their latest text, if it is the newest.
    let waits = handoff.state == HandoffState::Requested || last.as_ref().is_some_and(|last| last.direction == Direction::Inbound);
    let since = match (&last, handoff.state) {
        (Some(last), HandoffState::Answered) => last.created_at,
        _ => handoff.opened_at,
    };
    Ok(Row {
        look: if waits { look(&handoff, since, workspace, clock) } else { "" },
        since: clock.moment(since),
        waits,
        who: Who::new(&handoff.contact, contact.as_ref()),
        last: last.map(|last| last.body).unwrap_or_default(),
        priority: if handoff.priority == "normal" { String::new() } else { handoff.priority },
        note: handoff.note,
        heard: heard.0,
        id: handoff.id.0,
    })
}

/// Whether the queue's promise is missed, or near. The exact moment, counted in opening hours, is the engine's: `overdue`.
fn look(handoff: &HandoffRow, since: Time, workspace: &Workspace, clock: &Clock) -> &'static str {
    let sla = workspace.queues.get(&handoff.queue).and_then(|queue| queue.sla);
    let half = sla.map(|sla| since.until(sla.after(since.timestamp(), &workspace.timezone).into()) / 2);
    match half {
        _ if handoff.overdue => "late",
        Some(half) if handoff.state == HandoffState::Requested && since.until(clock.now) > half => "soon",
        _ => "",
    }
}

async fn handoff(console: &Console, id: &str) -> Answer<HandoffRow> {
    let id = HandoffId(id.to_owned());
    console.doors.store.handoff(&id).await?.ok_or_else(|| Problem::not_found(format_args!("hand-off `{id}`")))
}

/// The chosen hand-off: its thread and what can be done.
async fn talk(console: &Console, id: &str) -> Answer<Value> {
    let row = handoff(console, id).await?;
    let clock = console.clock();
    let (items, _) = thread::items(console, &row.contact, None).await?;
    let contact = console.doors.store.contact(&row.contact).await?;
    Ok(json!({
        "id": row.id, "who": Who::new(&row.contact, contact.as_ref()), "name": contact.as_ref().map(name), "queue": row.queue, "note": row.note,
        "state": row.state.as_str(), "open": row.state.is_open(), "conversation": row.conversation, "opened": clock.moment(row.opened_at),
        "closed": row.closed_at.map(|at| clock.moment(at)), "waited": length(row.opened_at.until(row.closed_at.unwrap_or(clock.now))),
        "overdue": row.overdue, "items": items, "outcomes": outcomes(console, &row).await?, "max": MAX_TEXT,
    }))
}

/// Outcomes that the playbook asks for behind its hand-off, so that nobody has to know them by heart.
async fn outcomes(console: &Console, row: &HandoffRow) -> Answer<Vec<String>> {
    let Some(conversation) = console.doors.store.conversation(&row.conversation).await? else { return Ok(Vec::new()) };
    let plans = console.doors.plans.now();
    let Some(plan) = plans.plan(&conversation.version) else { return Ok(Vec::new()) };
    let handoffs = plan.steps.iter().filter(|step| matches!(step.verb, Verb::Handoff(_))).filter_map(|step| step.id.as_deref());
    let mut found: Vec<String> = handoffs.flat_map(|id| asked(&plan.source.yaml, id)).collect();
    found.sort();
    found.dedup();
    Ok(found)
}

/// Words that `ID.outcome` is compared with in a playbook's source.
fn asked(yaml: &str, id: &str) -> Vec<String> {
    let name = format!("{id}.outcome");
    let compared = yaml.split(name.as_str()).skip(1).filter_map(|rest| {
        let rest = rest.trim_start().strip_prefix("==")?.trim_start();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        rest.get(1..)?.split(quote).next()
    });
    compared.map(str::to_owned).collect()
}

/// `POST /inbox/{id}/reply`.
pub async fn reply(State(console): State<Arc<Console>>, Path(id): Path<String>, body: Bytes) -> Page {
    let text = view::field(&body, "text").ok_or_else(|| Problem::new(&BAD_FIELD, "write something first"))?;
    if text.chars().count() > MAX_TEXT {
        return Err(Problem::new(&BAD_FIELD, format!("the text is longer than {MAX_TEXT} characters; send it in several texts")).into());
    }
    tell(&console.doors, id.clone(), |handoff| Happening::AgentText { handoff, text, agent: AGENT.to_owned() }).await?;
    console.note("answered", &id).await;
    Ok(view::to(&format!("/inbox/{id}")))
}

/// `POST /inbox/{id}/note`: kept in the person's journal, seen by agents only.
pub async fn note(State(console): State<Arc<Console>>, Path(id): Path<String>, body: Bytes) -> Page {
    let text = view::field(&body, "text").ok_or_else(|| Problem::new(&BAD_FIELD, "write something first"))?;
    let text: String = text.chars().take(MAX_TEXT).collect();
    let row = handoff(&console, &id).await?;
    let now = console.doors.store.now();
    let event = Event::new(now, Happening::Noted { text, agent: AGENT.to_owned() });
    console.doors.store.post(vec![Post { to: Actor::Contact(row.contact), event, due: now, id: None, suppress: None }]).await?;
    Ok(view::to(&format!("/inbox/{id}")))
}

/// `POST /inbox/{id}/close`: the playbook goes on.
pub async fn close(State(console): State<Arc<Console>>, Path(id): Path<String>, body: Bytes) -> Page {
    let outcome = view::field(&body, "outcome").unwrap_or_else(|| CLOSED.to_owned());
    tell(&console.doors, id.clone(), |handoff| Happening::AgentClosed { handoff, outcome, agent: AGENT.to_owned() }).await?;
    console.note("handed back", &id).await;
    Ok(view::to("/inbox"))
}

/// `POST /segments`: what a text costs, as somebody types it.
pub async fn cost(body: Bytes) -> String {
    let text = String::from_utf8_lossy(&body);
    let counted = segments::segments(&text);
    let (characters, parts) = (counted.characters, counted.segments);
    // What makes a text dear is named, so that it can be written in another way.
    let special = if counted.culprits.is_empty() { String::new() } else { format!(" ({} costs more)", counted.culprits.join(" ")) };
    match parts {
        0 | 1 => format!("{characters} characters, 1 segment{special}"),
        parts => format!("{characters} characters, {parts} segments{special}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_stand_in_the_source() {
        let yaml =
            "- choose:\n  - if: agent.outcome == \"won\"\n  - if: agent.outcome == 'lost' or other.outcome == 'x'\n  - if: agent.outcome != 'y'";
        assert_eq!(asked(yaml, "agent"), ["won", "lost"]);
    }
}
