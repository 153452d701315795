//! `/v1/apply` and `/v1/playbooks/{name}/stop|resume`: what is in force is changed, held, and let go.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::path::Named;
use super::playbooks::{self, Faulty, Playbook};
use crate::http::Doors;
use crate::http::given::{Object, json};
use crate::http::problem::{Answer, BROKEN, Document, Problem};
use crate::work::reload::{self, Change};
use crate::work::stopping;

/// How a load of the playbook folder went.
#[derive(Serialize, ToSchema)]
pub struct Applied {
    /// Whether the folder came into force; else the set before goes on.
    in_force: bool,
    /// Playbooks that came, went or changed.
    changes: Vec<Changed>,
    /// Everything `bridged check` says of the folder.
    faults: Vec<Faulty>,
}

/// A playbook that a load changed.
#[derive(Serialize, ToSchema)]
pub struct Changed {
    /// Its name.
    playbook: String,
    /// `new`, `changed` or `gone`.
    what: String,
    /// Conversations that go on at their step in the new version.
    moving: u64,
    /// Conversations that go on in the version they began in.
    staying: u64,
}

impl From<reload::Changed> for Changed {
    fn from(changed: reload::Changed) -> Changed {
        let what = match changed.what {
            Change::New => "new",
            Change::Changed => "changed",
            Change::Gone => "gone",
        };
        Changed { playbook: changed.playbook, what: what.to_owned(), moving: changed.moving, staying: changed.staying }
    }
}

/// What `stop` may be told besides.
#[derive(ToSchema)]
pub struct StopGiven {
    /// Ends its conversations too, with outcome `stopped`.
    #[schema(rename = "end")]
    pub _end: Option<bool>,
}

/// Loads the folder of playbooks at once: whole, or not at all.
#[utoipa::path(post, path = "/v1/apply",
    responses((status = 200, description = "loaded, or refused for its faults: `in_force` tells", body = Applied), (status = 401, body = Document)))]
pub async fn apply(State(doors): State<Arc<Doors>>) -> Answer<Json<Applied>> {
    let applied = reload::apply(&doors.folder, &doors.store, &doors.plans).await.map_err(|why| Problem::new(&BROKEN, why))?;
    Ok(Json(Applied {
        in_force: applied.in_force,
        changes: applied.changes.into_iter().map(Changed::from).collect(),
        faults: applied.faults.iter().map(Faulty::from).collect(),
    }))
}

/// Holds a playbook's starts and texts, or lets them go. From the answer to `stop` on no text of it begins to leave.
#[utoipa::path(post, path = "/v1/playbooks/{name}/{order}", request_body = Option<StopGiven>,
    params(("name" = String, Path), ("order" = String, Path, description = "`stop` or `resume`")),
    responses((status = 202, description = "as it is now", body = Playbook),
        (status = 401, body = Document), (status = 404, body = Document), (status = 422, body = Document)))]
pub async fn order(
    State(doors): State<Arc<Doors>>,
    Named((name, order)): Named<(String, String)>,
    body: Bytes,
) -> Answer<(StatusCode, Json<Playbook>)> {
    // Its people as they stood before: by the answer some may have ended already.
    let before = playbooks::find(&doors, &name).await?;
    let mut given = match body.is_empty() {
        true => Object::new(serde_json::json!({}), String::new())?,
        false => Object::new(json(&body)?, String::new())?,
    };
    match order.as_str() {
        "stop" => {
            let end = given.yes_no("end")?.unwrap_or_default();
            given.end(&["end"])?;
            stopping::stop(&doors.store, &doors.plans, &name, end).await?;
        }
        "resume" => {
            given.end(&[])?;
            stopping::resume(&doors.store, &doors.plans, &name).await?;
        }
        other => return Err(Problem::not_found(format_args!("order `{other}`; there are `stop` and `resume`"))),
    }
    let mut after = playbooks::find(&doors, &name).await?;
    (after.live, after.versions) = (before.live, before.versions);
    Ok((StatusCode::ACCEPTED, Json(after)))
}
