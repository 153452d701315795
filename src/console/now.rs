//! Now: what is being sent and how fast, what waits, what arrives, and whether all is well.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::trouble::Page;
use super::{Console, live, view};
use crate::http::private::broadcasts::{self, Found};
use crate::http::private::playbooks;
use crate::http::problem::Answer;
use crate::model::BroadcastState;
use crate::work::flow::{DAY, HOUR, Sums, advice};

/// A store that does not answer in this time is said not to.
const PING_TIME: Duration = Duration::from_secs(2);

/// A sender that may not send for so long rests: its speed alone never makes it wait so long.
const RESTS: Duration = Duration::from_secs(5);

/// Playbooks and broadcasts that are named; the rest is a link.
const NAMED: usize = 6;

/// Broadcasts looked through for those that run.
const LOOKED_AT: usize = 20;

/// The worker that sends, by its name in `Health`.
const SENDING: &str = "sending";

/// One number that texts leave by.
#[derive(Serialize)]
struct Lane {
    /// The sender's name.
    sender: String,
    /// The number or service.
    number: String,
    /// Segments a second, now.
    speed: String,
    /// Segments a second it may send.
    limit: String,
    /// How much of its speed it uses, in per cent.
    used: u32,
    /// Segments that wait: replies, others, bulk.
    waiting: [u64; 3],
    /// Not to send before this.
    rests: Option<super::moment::Moment>,
}

/// A code of Twilio's, and how often.
#[derive(Serialize)]
struct Code {
    /// Twilio's number; 0: none was named.
    code: u32,
    /// What it means.
    name: String,
    /// What to do.
    advice: String,
    /// In the last hour.
    hour: u64,
    /// In the last day.
    day: u64,
}

/// `GET /`.
pub async fn page(State(console): State<Arc<Console>>) -> Page {
    let context = drawn(&console).await?;
    Ok(console.page("now.html", "/", "Now", context).await?)
}

/// `GET /now/live`.
pub async fn live(State(console): State<Arc<Console>>, headers: HeaderMap) -> Response {
    live::stream(&console, &headers, |console| async move { Ok(vec![("now".to_owned(), view::fill("now_body.html", drawn(&console).await?)?)]) })
}

async fn drawn(console: &Console) -> Answer<Value> {
    let doors = &console.doors;
    let (clock, health, now) = (console.clock(), doors.health.snapshot(), doors.store.now());
    let lanes = lanes(console).await?;
    let (hour, day) = (doors.health.flow.within(now, HOUR), doors.health.flow.within(now, DAY));
    let mut running = playbooks::all(doors).await?;
    running.retain(|playbook| playbook.live > 0 || playbook.stopped);
    running.sort_by_key(|playbook| std::cmp::Reverse(playbook.live));
    let people: u64 = running.iter().map(|playbook| playbook.live).sum();
    let more = running.len().saturating_sub(NAMED);
    running.truncate(NAMED);
    let running: Vec<Value> =
        running.iter().map(|one| json!({ "name": one.name, "about": one.about, "live": one.live, "stopped": one.stopped })).collect();
    let store = match timeout(PING_TIME, doors.store.ping()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some("it does not answer".to_owned()),
    };
    let parked = doors.store.parked(1).await?.first().map(|parked| json!({ "why": parked.why, "at": clock.moment(parked.at) }));
    Ok(json!({
        "waiting": lanes.iter().flat_map(|lane| lane.waiting).sum::<u64>(), "lanes": lanes,
        "speed": tenth(doors.health.flow.speeds(now).values().sum()), "people": people, "running": running, "more": more,
        "broadcasts": under_way(console).await?, "hour": funnel(&hour), "day": funnel(&day), "codes": codes(&hour, &day),
        "store": store, "refused": health.twilio_refused, "sends_here": health.claims.contains_key(SENDING),
        "remarks": doors.remarks, "did_load": doors.plans.loaded().ok, "parked": parked, "held": !doors.plans.now().workspace.sync.outbound,
    }))
}

/// Every number that texts leave by, in the order of the settings.
async fn lanes(console: &Console) -> Answer<Vec<Lane>> {
    let (store, now, clock) = (&console.doors.store, console.doors.store.now(), console.clock());
    let rows = store.lanes().await?;
    let speeds = console.doors.health.flow.speeds(now);
    let plans = console.doors.plans.now();
    let numbers = plans.workspace.senders.iter().flat_map(|sender| {
        let names = sender.numbers.iter().map(|number| number.0.clone()).chain(sender.service.clone());
        names.map(move |number| (sender, number))
    });
    let lane = |(sender, number): (&crate::playbook::workspace::Sender, String)| {
        let row = rows.iter().find(|row| row.lane == number);
        let speed = speeds.get(&number).copied().unwrap_or(0.0);
        Lane {
            sender: sender.name.clone(),
            speed: tenth(speed),
            limit: tenth(sender.mps),
            used: (speed / sender.mps * 100.0).round().clamp(0.0, 100.0) as u32,
            waiting: row.map(|row| row.waiting).unwrap_or_default(),
            rests: row.filter(|row| now.until(row.next) > RESTS).map(|row| clock.moment(row.next)),
            number,
        }
    };
    Ok(numbers.map(lane).collect())
}

/// Broadcasts that run now.
async fn under_way(console: &Console) -> Answer<Vec<Found>> {
    let page = broadcasts::found(&console.doors, None, LOOKED_AT).await?;
    let runs = |found: &Found| matches!(found.row.state, BroadcastState::Running | BroadcastState::Paused);
    Ok(page.items.into_iter().filter(runs).take(NAMED).collect())
}

/// With one digit behind the point, where there is something behind it.
pub fn tenth(number: f64) -> String {
    // A sum of nothing is a negative nought.
    let text = format!("{:.1}", number + 0.0);
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

/// Numbers with their share of what Twilio took or refused.
fn funnel(sums: &Sums) -> Value {
    let handed = sums.accepted + sums.refused;
    let share = |count: u64| if handed == 0 { String::new() } else { format!("{} %", tenth(count as f64 / handed as f64 * 100.0)) };
    let steps = [
        ("Handed to Twilio", handed, "accent"),
        ("Delivered", sums.delivered, "good"),
        ("Not delivered", sums.undelivered, "bad"),
        ("Refused by Twilio", sums.refused, "bad"),
    ];
    let steps: Vec<Value> =
        steps.into_iter().enumerate().map(|(at, (word, count, look))| json!({ "word": word, "count": count, "look": look, "share": if at == 0 { String::new() } else { share(count) } })).collect();
    json!({ "handed": handed, "steps": steps, "received": sums.received, "any": handed + sums.received + sums.delivered + sums.undelivered > 0 })
}

/// What went wrong in the day, the most frequent of the hour first.
fn codes(hour: &Sums, day: &Sums) -> Vec<Code> {
    let mut codes: Vec<Code> = day
        .codes
        .iter()
        .map(|(code, count)| {
            let (name, advice) = advice(*code).unwrap_or(match code {
                0 => ("no code", "Twilio named no code; the text's own history in its thread says more"),
                _ => ("not in our table", "look it up in Twilio's list of error codes"),
            });
            Code { code: *code, name: name.to_owned(), advice: advice.to_owned(), hour: hour.codes.get(code).copied().unwrap_or(0), day: *count }
        })
        .collect();
    codes.sort_by_key(|code| std::cmp::Reverse((code.hour, code.day)));
    codes
}
