//! What machines ask: `/readyz` and `/metrics`.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::http::Doors;
use crate::http::problem::{Answer, Document};

/// A store that does not answer in this time is not ready.
const PING_TIME: Duration = Duration::from_secs(2);

/// The lanes' priorities, in the order of `LaneRow::waiting`.
const PRIORITIES: [&str; 3] = ["reply", "other", "bulk"];

/// Whether the daemon can do its work.
#[derive(Serialize, ToSchema)]
pub struct Readiness {
    /// All checks are passed.
    ready: bool,
    /// Each by itself.
    checks: Vec<Check>,
    /// What the settings leave uncovered.
    remarks: Vec<String>,
}

/// One check.
#[derive(Serialize, ToSchema)]
pub struct Check {
    /// `store` or `twilio`.
    name: &'static str,
    /// Whether it is passed.
    ok: bool,
    /// What is wrong, and what is safe meanwhile.
    detail: Option<String>,
}

impl Check {
    /// Passed, unless something is wrong.
    fn new(name: &'static str, wrong: Option<String>) -> Check {
        Check { name, ok: wrong.is_none(), detail: wrong }
    }
}

/// Whether the daemon can do its work: not while the store does not answer, or Twilio has refused the credentials.
#[utoipa::path(get, path = "/readyz",
    responses((status = 200, body = Readiness), (status = 503, body = Readiness), (status = 401, body = Document)))]
pub async fn ready(State(doors): State<Arc<Doors>>) -> impl IntoResponse {
    let store = match timeout(PING_TIME, doors.store.ping()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(format!("{error}; webhooks are answered 503 and fetched later")),
        Err(_) => Some("the store does not answer; webhooks are answered 503 and fetched later".to_owned()),
    };
    // Only a refusal counts: Twilio that can't be reached, or was not asked yet, is no reason to take this daemon out of service.
    let refused = doors.health.snapshot().twilio_refused;
    let twilio = refused.map(|why| format!("Twilio refuses the credentials ({why}); texts wait and nothing is lost"));
    let checks = vec![Check::new("store", store), Check::new("twilio", twilio)];
    let ready = checks.iter().all(|check| check.ok);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, checks, remarks: doors.remarks.clone() }))
}

/// Numbers in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics",
    responses((status = 200, content_type = "text/plain", body = String), (status = 401, body = Document), (status = 503, body = Document)))]
pub async fn metrics(State(doors): State<Arc<Doors>>) -> Answer<impl IntoResponse> {
    let mut out = String::new();
    doors.tally.write(&mut out);
    let health = doors.health.snapshot();
    let refused = u8::from(health.twilio_refused.is_some());
    let _ = write!(
        out,
        "# HELP bridged_twilio_refused Whether Twilio refuses the credentials.\n# TYPE bridged_twilio_refused gauge\nbridged_twilio_refused {refused}\n"
    );
    out.push_str("# HELP bridged_worker_idle_seconds Since each worker last asked the store for work.\n# TYPE bridged_worker_idle_seconds gauge\n");
    for (worker, age) in &health.claims {
        let _ = writeln!(out, "bridged_worker_idle_seconds{{worker=\"{worker}\"}} {}", age.as_secs_f64());
    }
    out.push_str("# HELP bridged_worker_events_total What workers met since the start.\n# TYPE bridged_worker_events_total counter\n");
    for (name, count) in &health.counts {
        let _ = writeln!(out, "bridged_worker_events_total{{name=\"{}\"}} {count}", escape(name));
    }
    out.push_str("# HELP bridged_count The counters of the store, by name.\n# TYPE bridged_count gauge\n");
    // Names have slashes and the names of playbooks in them, so they stand in a label and not in the name of the metric.
    for (name, count) in doors.store.counts("").await? {
        let _ = writeln!(out, "bridged_count{{name=\"{}\"}} {count}", escape(&name));
    }
    out.push_str("# HELP bridged_lane_waiting_segments Segments that wait for a sender.\n# TYPE bridged_lane_waiting_segments gauge\n");
    for lane in doors.store.lanes().await? {
        for (priority, waiting) in PRIORITIES.iter().zip(lane.waiting) {
            let _ = writeln!(out, "bridged_lane_waiting_segments{{lane=\"{}\",priority=\"{priority}\"}} {waiting}", escape(&lane.lane));
        }
    }
    out.push_str(
        "# HELP bridged_lane_segments_per_second Segments a second that leave by a sender.\n# TYPE bridged_lane_segments_per_second gauge\n",
    );
    for (lane, speed) in doors.health.flow.speeds(doors.store.now()) {
        let _ = writeln!(out, "bridged_lane_segments_per_second{{lane=\"{}\"}} {speed}", escape(&lane));
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], out))
}

/// A label's value between its quotes.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
