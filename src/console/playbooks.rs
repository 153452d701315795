//! Playbooks: the flow chart with people on it, versions, what goes wrong, how it ends.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};

use super::conversations::Row;
use super::trouble::Page;
use super::{Console, live, view};
use crate::graph;
use crate::http::private::playbooks::{Playbook, all};
use crate::http::problem::{Answer, Problem};
use crate::model::ConversationState;
use crate::playbook::plan::Plan;
use crate::playbook::{Level, show};
use crate::store::{ConversationQuery, MAX_PAGE};
use crate::work::stopping;

/// People at a step that are shown.
const SHOWN: usize = 100;

/// Pieces of the live conversations that are looked through for them: no index goes by step.
const PIECES: usize = 10;

/// A fault of the latest load.
#[derive(Serialize)]
struct Fault {
    /// In the way of `bridged check`, with the lines.
    text: String,
    /// Keeps the file from coming into force.
    is_error: bool,
}

/// `GET /playbooks`.
pub async fn list(State(console): State<Arc<Console>>) -> Page {
    let context = listed(&console).await?;
    Ok(console.page("playbooks.html", "/playbooks", "Playbooks", context).await?)
}

/// `GET /playbooks/live`.
pub async fn list_live(State(console): State<Arc<Console>>, headers: HeaderMap) -> Response {
    live::stream(&console, &headers, |console| async move {
        Ok(vec![("playbooks".to_owned(), view::fill("playbooks_list.html", listed(&console).await?)?)])
    })
}

async fn listed(console: &Console) -> Answer<Value> {
    let mut rows = Vec::new();
    for playbook in all(&console.doors).await? {
        let counts = counts(console, &playbook.name).await?;
        rows.push(json!({ "name": playbook.name, "about": playbook.about, "live": playbook.live, "stopped": playbook.stopped, "started": counts.started, "goal": counts.goal,
            "versions": playbook.versions.len() }));
    }
    let report = console.doors.plans.loaded();
    Ok(json!({ "rows": rows, "faults": faults(console, None), "ok": report.ok, "at": console.clock().moment(report.at) }))
}

/// What the latest load found; of one playbook's file, or of all.
fn faults(console: &Console, path: Option<&str>) -> Vec<Fault> {
    let report = console.doors.plans.loaded();
    let shown = report.faults.iter().filter(|fault| path.is_none_or(|path| *fault.path == *path));
    shown.map(|fault| Fault { text: show::short(fault), is_error: fault.level == Level::Error }).collect()
}

/// What is counted of a playbook.
#[derive(Default, Serialize)]
struct Counts {
    /// Conversations begun.
    started: i64,
    /// Goals reached.
    goal: i64,
    /// Ends by outcome, most first.
    ended: Vec<(String, i64)>,
    /// People who were not started, by reason, most first.
    not_started: Vec<(String, i64)>,
    /// Answers taken by question.
    answered: BTreeMap<String, i64>,
    /// Answers not understood by question.
    unmatched: BTreeMap<String, i64>,
    /// How often each step was reached.
    reached: BTreeMap<String, i64>,
    /// How many went each way out of a step, by the names of the chart's arrows.
    #[serde(skip)]
    ways: BTreeMap<(String, String), u64>,
}

async fn counts(console: &Console, playbook: &str) -> Answer<Counts> {
    let prefix = format!("playbook/{playbook}/");
    let mut counts = Counts::default();
    for (name, count) in console.doors.store.counts(&prefix).await? {
        let Some(name) = name.strip_prefix(&prefix) else { continue };
        match name.split_once('/') {
            None if name == "started" => counts.started = count,
            None if name == "goal" => counts.goal = count,
            Some(("ended", outcome)) => counts.ended.push((outcome.to_owned(), count)),
            Some(("not_started", reason)) => counts.not_started.push((reason.to_owned(), count)),
            Some(("answered", step)) => drop(counts.answered.insert(step.to_owned(), count)),
            Some(("unmatched", step)) => drop(counts.unmatched.insert(step.to_owned(), count)),
            Some(("reached", step)) => drop(counts.reached.insert(step.to_owned(), count)),
            Some(("way", way)) => {
                if let Some((step, arrow)) = way.rsplit_once('/').and_then(|(step, way)| Some((step, arrow(way)?))) {
                    *counts.ways.entry((step.to_owned(), arrow)).or_default() += u64::try_from(count).unwrap_or(0);
                }
            }
            _ => {}
        }
    }
    for list in [&mut counts.ended, &mut counts.not_started] {
        list.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), name.clone()));
    }
    Ok(counts)
}

/// The arrow of the chart that a counted way is; none where somebody stays in the box.
fn arrow(way: &str) -> Option<String> {
    match way.split_once('.') {
        Some(("rule", number)) => Some(format!("reply-{number}")),
        Some(("branch", number)) => Some(format!("branch-{number}")),
        Some(_) => None,
        None if matches!(way, "any" | "done" | "idle") => Some("next".to_owned()),
        None if way == "retry" => None,
        None => Some(way.to_owned()),
    }
}

async fn found(console: &Console, name: &str) -> Answer<Playbook> {
    let found = all(&console.doors).await?.into_iter().find(|playbook| playbook.name == name);
    found.ok_or_else(|| Problem::not_found(format_args!("playbook `{name}`")))
}

/// `GET /playbooks/{name}`.
pub async fn page(State(console): State<Arc<Console>>, Path(name): Path<String>) -> Page {
    let context = drawn(&console, &name).await?;
    Ok(console.page("playbook.html", "/playbooks", name, context).await?)
}

/// `GET /playbooks/{name}/live`.
pub async fn live(State(console): State<Arc<Console>>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    live::stream(&console, &headers, move |console| {
        let name = name.clone();
        async move {
            let context = drawn(&console, &name).await?;
            let chart = context.get("chart").and_then(Value::as_str).unwrap_or_default().to_owned();
            Ok(vec![("chart".to_owned(), chart), ("playbook".to_owned(), view::fill("playbook_side.html", context)?)])
        }
    })
}

/// The chart of a playbook with the people on it; none if its file is gone.
pub async fn chart(console: &Console, name: &str) -> Answer<Option<String>> {
    let Some(plan) = console.doors.plans.now().plans.get(name).cloned() else { return Ok(None) };
    let people = people_at(&found(console, name).await?);
    Ok(Some(picture(&plan, people, &counts(console, name).await?)))
}

/// Boxes that nobody stands at say nothing; a lot of noughts would hide the others.
fn picture(plan: &Plan, people: BTreeMap<String, u64>, counts: &Counts) -> String {
    let steps = people.into_iter().filter(|(_, count)| *count > 0).collect();
    graph::svg_in_page(plan, &graph::Counts { steps, arrows: counts.ways.clone() })
}

/// How many people stand at each step, in all versions.
fn people_at(playbook: &Playbook) -> BTreeMap<String, u64> {
    let mut people: BTreeMap<String, u64> = BTreeMap::new();
    for (step, count) in playbook.versions.iter().flat_map(|version| &version.steps) {
        *people.entry(step.clone()).or_default() += count;
    }
    people
}

async fn drawn(console: &Console, name: &str) -> Answer<Value> {
    let playbook = found(console, name).await?;
    let plans = console.doors.plans.now();
    let plan = plans.plans.get(name);
    let people = people_at(&playbook);
    let counts = counts(console, name).await?;
    // Steps in the order of the chart, then those that only older versions have.
    let mut steps: Vec<Value> = Vec::new();
    let mut step = |id: &str, text: String| {
        let (answered, unmatched, reached) = (counts.answered.get(id), counts.unmatched.get(id), counts.reached.get(id));
        steps.push(json!({ "id": id, "text": text, "people": people.get(id).copied().unwrap_or(0), "reached": reached, "answered": answered, "unmatched": unmatched }));
    };
    let chart = plan.map(|plan| graph::chart(plan)).unwrap_or_default();
    for node in &chart.nodes {
        if let Some(id) = &node.step {
            step(id, node.lines().into_iter().filter(|line| line != id).collect::<Vec<_>>().join(" "));
        }
    }
    for id in people.keys().filter(|id| !chart.nodes.iter().any(|node| node.step.as_ref() == Some(id))) {
        step(id, if id.is_empty() { "before the first step with an id".to_owned() } else { "in an older version".to_owned() });
    }
    let picture = plan.map(|plan| picture(plan, people, &counts));
    let path = plan.map(|plan| plan.source.path.clone());
    Ok(json!({
        "name": playbook.name, "about": playbook.about, "live": playbook.live, "steps": steps, "counts": counts,
        "versions": playbook.versions, "faults": path.map(|path| faults(console, Some(&path))), "in_force": plan.is_some(),
        "chart": picture, "stopped": playbook.stopped,
    }))
}

/// `POST /playbooks/{name}/{order}`: `stop` holds its starts and texts, `resume` lets them go.
pub async fn order(State(console): State<Arc<Console>>, Path((name, order)): Path<(String, String)>) -> Page {
    found(&console, &name).await?;
    let (store, plans) = (&console.doors.store, &console.doors.plans);
    match order.as_str() {
        "stop" => stopping::stop(store, plans, &name, false).await?,
        "resume" => stopping::resume(store, plans, &name).await?,
        other => return Err(Problem::not_found(format_args!("order `{other}`")).into()),
    }
    console.note(if order == "stop" { "stopped a playbook" } else { "resumed a playbook" }, &name).await;
    Ok(view::to(&format!("/playbooks/{}", percent_encoding::utf8_percent_encode(&name, percent_encoding::NON_ALPHANUMERIC))))
}

/// `GET /playbooks/{name}/at/{step}`: the people at a step.
pub async fn people(State(console): State<Arc<Console>>, Path((name, step)): Path<(String, String)>) -> Page {
    found(&console, &name).await?;
    let mut query =
        ConversationQuery { playbook: Some(name.clone()), states: ConversationState::LIVE.to_vec(), limit: MAX_PAGE, ..ConversationQuery::default() };
    let mut rows = Vec::new();
    for _ in 0..PIECES {
        let page = console.doors.store.conversations(query.clone()).await?;
        rows.extend(page.items.into_iter().filter(|row| row.step.as_deref() == Some(&step)));
        query.cursor = page.next;
        if query.cursor.is_none() || rows.len() >= SHOWN {
            break;
        }
    }
    let more = query.cursor.is_some() || rows.len() > SHOWN;
    rows.truncate(SHOWN);
    let who = console.who(rows.iter().map(|row| &row.contact)).await?;
    let clock = console.clock();
    let rows: Vec<Row> = rows.into_iter().zip(who).map(|(row, who)| Row::new(row, who, &clock)).collect();
    let context = json!({ "name": name, "step": step, "found": { "rows": rows, "filtered": true }, "more": more });
    Ok(console.page("people.html", "/playbooks", format!("At {step}"), context).await?)
}
