//! Broadcasts: what they would do, how far they are, and what became of everybody.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::{Map, Value, json};

use super::moment::{Clock, length};
use super::now::tenth;
use super::trouble::Page;
use super::{Console, live, view};
use crate::http::private::broadcasts::{self as api, Found};
use crate::http::problem::{Answer, BAD_FIELD, Problem};
use crate::model::{BroadcastId, BroadcastRow, BroadcastState, Time};
use crate::work::plan::Outlook;

/// Rows of a page.
const ROWS: usize = 30;

/// Contacts that a preview looks at; beyond them it says that there are more, so that nobody waits long for the page.
const MAX_LOOKED_AT: u64 = 50_000;

/// Why contacts are passed over, in words.
const REASONS: [(&str, &str); 13] = [
    ("limit", "come after the first so many that it is for"),
    ("window", "could not be texted in their hours"),
    ("audience", "no longer in the audience when their turn came"),
    ("no_consent", "have not agreed to get marketing"),
    ("opted_out", "opted out"),
    ("recent", "got bulk texts recently"),
    ("holdout", "kept out by the hold-out"),
    ("cap", "have had as many texts as they may get"),
    ("entry", "were in this playbook before"),
    ("running", "are in this playbook now"),
    ("busy", "were in another conversation"),
    ("stopped", "the playbook was stopped"),
    ("lost", "erased before their turn came"),
];

/// What stands in the form.
#[derive(Clone, Debug, Default)]
struct Form {
    /// Fields by name, empty where nothing was typed.
    fields: Map<String, Value>,
}

/// The form's fields.
const FIELDS: [&str; 8] = ["playbook", "id", "where", "list", "exclude_recent", "holdout", "limit", "at"];

/// Those of them that are the audience's.
const AUDIENCE: [&str; 4] = ["where", "list", "exclude_recent", "holdout"];

impl Form {
    fn read(form: &[u8]) -> Form {
        Form { fields: FIELDS.iter().filter_map(|name| Some(((*name).to_owned(), json!(view::field(form, name)?)))).collect() }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }

    /// As the API takes it. An audience without anything is the playbook's own.
    fn request(&self, clock: &Clock) -> Answer<Value> {
        let mut audience: Map<String, Value> = AUDIENCE.iter().filter_map(|name| Some(((*name).to_owned(), json!(self.text(name)?)))).collect();
        if let Some(limit) = self.text("limit") {
            let number: u64 = limit.parse().map_err(|_| Problem::new(&BAD_FIELD, format!("`{limit}` is not a whole number of contacts")))?;
            audience.insert("limit".to_owned(), json!(number));
        }
        let mut request = json!({ "playbook": self.text("playbook").unwrap_or_default() });
        if let Some(id) = self.text("id") {
            request["id"] = json!(id);
        }
        if !audience.is_empty() {
            request["audience"] = Value::Object(audience);
        }
        if let Some(at) = self.text("at") {
            let at = at.parse::<DateTime>().ok().and_then(|at| clock.there(at));
            let at = at.ok_or_else(|| Problem::new(&BAD_FIELD, "give the beginning as a date and a time, like 2026-05-01T09:00"))?;
            request["at"] = json!(at.rfc3339());
        }
        Ok(request)
    }
}

/// A state in words, and how it looks.
fn words(state: BroadcastState) -> (&'static str, &'static str) {
    match state {
        BroadcastState::Scheduled => ("scheduled", ""),
        BroadcastState::Running => ("running", "live"),
        BroadcastState::Paused => ("paused", "warn"),
        BroadcastState::Cancelled => ("cancelled", "bad"),
        BroadcastState::Done => ("done", ""),
    }
}

/// `GET /broadcasts`.
pub async fn list(State(console): State<Arc<Console>>, uri: Uri) -> Page {
    let cursor = view::field(uri.query().unwrap_or_default().as_bytes(), "cursor").filter(|text| text.parse::<u64>().is_ok());
    let is_newest = cursor.is_none();
    let mut context = listed(&console, cursor).await?;
    context["is_newest"] = json!(is_newest);
    Ok(console.page("broadcasts.html", "/broadcasts", "Broadcasts", context).await?)
}

/// `GET /broadcasts/live`.
pub async fn list_live(State(console): State<Arc<Console>>, headers: HeaderMap) -> Response {
    live::stream(&console, &headers, |console| async move {
        Ok(vec![("broadcasts".to_owned(), view::fill("broadcasts_list.html", listed(&console, None).await?)?)])
    })
}

async fn listed(console: &Console, cursor: Option<String>) -> Answer<Value> {
    let page = api::found(&console.doors, cursor, ROWS).await?;
    let clock = console.clock();
    let rows: Vec<Value> = page.items.iter().map(|found| shown(console, found, &clock)).collect();
    Ok(json!({ "rows": rows, "next": page.next }))
}

/// A broadcast as a row and as a page show it.
fn shown(console: &Console, found: &Found, clock: &Clock) -> Value {
    let row = &found.row;
    let (state, look) = words(row.state);
    let mut skipped: Vec<(&str, &str, i64)> = found
        .skipped
        .iter()
        .map(|(reason, count)| (reason.as_str(), REASONS.iter().find(|(known, _)| known == reason).map_or("", |(_, words)| words), *count))
        .collect();
    skipped.sort_by_key(|(.., count)| std::cmp::Reverse(*count));
    let passed: i64 = found.skipped.values().sum();
    json!({
        "id": row.id, "playbook": row.playbook, "version": row.version.0.chars().take(8).collect::<String>(), "state": state, "look": look,
        "total": row.total, "compiled": row.compiled, "pulled": row.pulled, "left": row.total.saturating_sub(row.pulled),
        "started": found.started, "skipped": skipped, "passed": passed, "at": clock.moment(row.at), "created": clock.moment(row.created_at),
        "ended": row.ended_at.map(|at| clock.moment(at)), "took": row.ended_at.map(|at| length(row.at.until(at))), "audience": row.audience,
        "per_zone": row.per_zone, "ends": ends(console, row).map(|at| clock.moment(at)), "opens": opens(console, row).map(|at| clock.moment(at)),
        "may_pause": matches!(row.state, BroadcastState::Scheduled | BroadcastState::Running), "may_resume": row.state == BroadcastState::Paused,
        "may_cancel": matches!(row.state, BroadcastState::Scheduled | BroadcastState::Running | BroadcastState::Paused),
        // What has started everybody may still have texts that wait.
        "rate": rate(console, row).map(tenth),
    })
}

/// Segments a second that leave by the broadcast's sender now.
fn rate(console: &Console, row: &BroadcastRow) -> Option<f64> {
    let plans = console.doors.plans.now();
    let plan = plans.plan(&row.version)?;
    let sender = plans.workspace.sender(plan.from.as_deref())?;
    let speeds = console.doors.health.flow.speeds(console.doors.store.now());
    let lanes = sender.numbers.iter().map(|number| number.0.as_str()).chain(sender.service.as_deref());
    (row.state == BroadcastState::Running).then(|| lanes.filter_map(|lane| speeds.get(lane)).sum())
}

/// When a running broadcast's hours open, if they are closed now by the workspace's zone.
fn opens(console: &Console, row: &BroadcastRow) -> Option<Time> {
    let plans = console.doors.plans.now();
    let plan = plans.plan(&row.version).filter(|_| row.state == BroadcastState::Running)?;
    let now = console.doors.store.now().timestamp();
    let next = plans.workspace.hours(plan.class, &plan.hours).next_open(now, std::slice::from_ref(&plans.workspace.timezone));
    (next > now).then(|| next.into())
}

/// When everybody will have been started, at the pace so far; unknown until there is one.
fn ends(console: &Console, row: &BroadcastRow) -> Option<Time> {
    let now = console.doors.store.now();
    let runs = row.state == BroadcastState::Running && row.compiled && row.pulled > 0 && row.pulled < row.total;
    let pace = row.pulled as f64 / row.at.until(now).as_secs_f64().max(1.0);
    runs.then(|| now.plus(Duration::from_secs_f64((row.total - row.pulled) as f64 / pace)))
}

/// `GET /broadcasts/{id}`.
pub async fn page(State(console): State<Arc<Console>>, Path(id): Path<String>) -> Page {
    let found = api::one(&console.doors, &BroadcastId(id)).await?;
    let clock = console.clock();
    let context = json!({ "one": shown(&console, &found, &clock) });
    Ok(console.page("broadcast.html", "/broadcasts", found.row.id.0, context).await?)
}

/// `GET /broadcasts/{id}/live`.
pub async fn live(State(console): State<Arc<Console>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let id = BroadcastId(id);
    live::stream(&console, &headers, move |console| {
        let id = id.clone();
        async move {
            let found = api::one(&console.doors, &id).await?;
            let one = json!({ "one": shown(&console, &found, &console.clock()) });
            Ok(vec![("broadcast".to_owned(), view::fill("broadcast_body.html", one)?)])
        }
    })
}

/// `GET /broadcasts/new`.
pub async fn new(State(console): State<Arc<Console>>, uri: Uri) -> Page {
    let form = Form::read(uri.query().unwrap_or_default().as_bytes());
    ask(&console, form, None, "").await
}

/// `POST /broadcasts/new`: what it would do, or the start itself.
pub async fn start(State(console): State<Arc<Console>>, body: Bytes) -> Page {
    let form = Form::read(&body);
    let request = match form.request(&console.clock()) {
        Ok(request) => request,
        Err(problem) => return ask(&console, form, None, problem.detail()).await,
    };
    if view::field(&body, "go").is_none() {
        return match api::planned(&console.doors, request) {
            Ok(row) => ask(&console, form, Some(row), "").await,
            Err(problem) => ask(&console, form, None, problem.detail()).await,
        };
    }
    let id = match api::made(&console.doors, request).await {
        Ok((row, true)) => row.id.0,
        Ok((row, false)) => {
            return ask(&console, form, None, &format!("there is a broadcast `{}` already; give this one another name", row.id)).await;
        }
        Err(problem) => return ask(&console, form, None, problem.detail()).await,
    };
    console.note("started a broadcast", &id).await;
    Ok(view::to(&address(&id)))
}

fn address(id: &str) -> String {
    format!("/broadcasts/{}", percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC))
}

/// Contacts in the largest unit of time that has at least one.
fn pace(per_second: f64) -> String {
    match per_second {
        rate if rate >= 1.0 => format!("{} a second", tenth(rate)),
        rate if rate * 60.0 >= 1.0 => format!("{} a minute", tenth(rate * 60.0)),
        rate => format!("{} an hour", tenth(rate * 3_600.0)),
    }
}

/// The form, with what it would do if that is known.
async fn ask(console: &Console, mut form: Form, row: Option<BroadcastRow>, wrong: &str) -> Page {
    let plans = console.doors.plans.now();
    let clock = console.clock();
    let mut playbooks: Vec<Value> =
        plans.iter().map(|plan| json!({ "name": plan.name, "about": plan.about, "own": plan.audience.is_some() })).collect();
    // Those made for broadcasts first.
    playbooks.sort_by_key(|one| one["own"] != json!(true));
    let preview = match &row {
        None => None,
        Some(row) => {
            let found = api::foreseen(&console.doors, row, Some(MAX_LOOKED_AT)).await?;
            // A name makes starting it twice harmless, so it has one from here on.
            form.fields.entry("id").or_insert_with(|| json!(row.id));
            Some(preview(&found, row, &form, &clock, plans.workspace.prices.max_cost))
        }
    };
    let context = json!({ "form": form.fields, "playbooks": playbooks, "preview": preview, "wrong": wrong, "zone": plans.workspace.timezone_name });
    Ok(console.page("broadcast_new.html", "/broadcasts", "New broadcast", context).await?)
}

/// What it would do, for people.
fn preview(found: &Outlook, row: &BroadcastRow, form: &Form, clock: &Clock, max_cost: Option<f64>) -> Value {
    let time = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Timestamp>().ok()).map(Time::from);
    let (begins, ends) = (time(&found.begins_at), time(&found.finishes_at));
    let words = |reason: &str| REASONS.iter().find(|(known, _)| *known == reason).map_or("", |(_, words)| words).to_owned();
    let skipped: Vec<Value> =
        found.skipped.iter().map(|(reason, count)| json!({ "reason": reason, "words": words(reason), "count": count })).collect();
    let price = |amount: f64| format!("{amount:.2}");
    let cost = match (found.price_low, found.price_high) {
        (_, high) if high <= 0.0 => None,
        (low, high) if price(low) == price(high) => Some(format!("{} {}", price(high), found.currency)),
        (low, high) => Some(format!("{} to {} {}", price(low), price(high), found.currency)),
    };
    json!({
        "looked_at": found.contacts, "more": found.more, "members": found.members(), "texted": found.recipients, "texts": found.texts,
        "segments": found.segments.values().sum::<u64>(), "skipped": skipped, "cost": cost, "unpriced": found.unpriced,
        "pace": pace(found.contacts_a_second), "slow": found.slow, "begins": begins.map(|at| clock.moment(at)), "ends": ends.map(|at| clock.moment(at)),
        "takes": begins.zip(ends).map(|(begins, ends)| length(begins.until(ends))), "audience": row.audience,
        "is_own": form.fields.keys().all(|name| matches!(name.as_str(), "playbook" | "id" | "at")),
        "too_dear": max_cost.and_then(|max| found.too_dear(max)),
    })
}

/// `POST /broadcasts/{id}/{order}`: `pause`, `resume` or `cancel`.
pub async fn order(State(console): State<Arc<Console>>, Path((id, order)): Path<(String, String)>) -> Page {
    let row = api::tell(&console.doors, id, &order).await?;
    let did = match order.as_str() {
        "pause" => "paused a broadcast",
        "resume" => "resumed a broadcast",
        _ => "cancelled a broadcast",
    };
    console.note(did, row.id.as_str()).await;
    Ok(view::to(&address(row.id.as_str())))
}
