//! `/v1/playbooks/{name}/plan`: a broadcast foreseen.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::broadcasts;
use super::path::Named;
use crate::http::Doors;
use crate::http::given::{Object, json};
use crate::http::problem::{Answer, BAD_FIELD, Document, Problem};
use crate::playbook::compile_audience;
use crate::work::plan::{Outlook, Viewpoint, outlook};

/// A broadcast to look at.
#[derive(ToSchema)]
pub struct PlanGiven {
    /// For whom; the playbook's own where none is given.
    #[schema(rename = "audience")]
    pub _audience: Option<broadcasts::Audience>,
    /// When it would begin; now where none is given.
    #[schema(rename = "at", value_type = Option<String>)]
    pub _at: Option<String>,
}

/// What it would come to.
#[derive(Serialize)]
pub struct Planned {
    /// The figures.
    #[serde(flatten)]
    outlook: Outlook,
    /// What the settings allow it to cost.
    max_cost: Option<f64>,
}

/// Looks at every contact as it is now, with the engine's own steps; nothing is written.
#[utoipa::path(post, path = "/v1/playbooks/{name}/plan", request_body = PlanGiven, params(("name" = String, Path)),
    responses((status = 200, description = "recipients, the skipped by reason, segments by encoding, price range, first and last text", body = serde_json::Value),
        (status = 401, body = Document), (status = 404, body = Document), (status = 422, body = Document)))]
pub async fn plan(State(doors): State<Arc<Doors>>, Named(name): Named<String>, body: Bytes) -> Answer<Json<Planned>> {
    let mut given = Object::new(if body.is_empty() { serde_json::json!({}) } else { json(&body)? }, String::new())?;
    let plans = doors.plans.now();
    let plan = plans.by_name(&name).cloned().ok_or_else(|| Problem::not_found(format_args!("playbook `{name}`; `GET /v1/playbooks` lists them")))?;
    let audience = broadcasts::audience_of(&mut given, &plan, &plans)?;
    let at = given.time("at")?.unwrap_or_else(|| doors.store.now());
    given.end(&["audience", "at"])?;
    let audience = compile_audience(&audience).map_err(|why| Problem::new(&BAD_FIELD, format!("`audience`: {why}")))?;
    let max_cost = plans.workspace.prices.max_cost;
    let outlook = outlook(&doors.store, &Viewpoint { plans, plan, audience: Arc::new(audience), at }, None).await?;
    Ok(Json(Planned { outlook, max_cost }))
}
