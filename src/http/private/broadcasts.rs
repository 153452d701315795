//! `/v1/broadcasts`: a playbook started for an audience, watched and stopped.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::path::Named;
use crate::http::Doors;
use crate::http::given::{Object, json};
use crate::http::problem::{Answer, BAD_FIELD, BROADCAST_DIFFERS, BROADCAST_OVER, Document, Problem, TOO_DEAR};
use crate::http::query::Query;
use crate::http::rows::{self, Page};
use crate::model::event::BroadcastOrder;
use crate::model::{self, Actor, BroadcastId, BroadcastRow, BroadcastState, Event, Happening, Time};
use crate::playbook::{Plan, PlanSet, compile_audience, did_you_mean, hash};
use crate::store::{self, Hold, HoldScope, Post, PutBroadcast};
use crate::text::Expr;
use crate::work::plan::{Outlook, Viewpoint, outlook};

/// The fields of a new broadcast.
const FIELDS: [&str; 4] = ["playbook", "id", "audience", "at"];

/// The fields of an audience.
const AUDIENCE: [&str; 5] = ["where", "list", "exclude_recent", "holdout", "limit"];

/// What a filter can be about, before any conversation.
const IN_SCOPE: [&str; 3] = ["contact", "brand", "now"];

/// Characters of an id: it stands in addresses and in the names of counters.
const MAX_ID: usize = 100;

/// A broadcast to start.
#[derive(Debug, ToSchema)]
pub struct BroadcastGiven {
    /// Which playbook.
    playbook: String,
    /// Makes a repeat harmless; made up where none is given.
    id: Option<String>,
    /// For whom; the playbook's own where none is given.
    #[schema(value_type = Option<Audience>)]
    audience: Option<model::Audience>,
    /// When it begins; now where none is given.
    #[schema(value_type = Option<String>)]
    at: Option<Time>,
}

/// For whom.
#[derive(ToSchema)]
pub struct Audience {
    /// Expression asked for each contact.
    #[schema(rename = "where")]
    pub filter: Option<String>,
    /// An imported list.
    pub list: Option<String>,
    /// Skip whoever got any bulk text in this time, `7d`.
    pub exclude_recent: Option<String>,
    /// Share that is left out, `5%`.
    pub holdout: Option<String>,
    /// At most so many.
    pub limit: Option<u64>,
}

impl BroadcastGiven {
    fn read(mut object: Object) -> Answer<BroadcastGiven> {
        let playbook = object.need_text("playbook")?;
        let id = object.text("id")?;
        let fits = |id: &String| {
            (1..=MAX_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b':'))
        };
        if !id.as_ref().is_none_or(fits) {
            return Err(object.problem("id", format_args!("must be 1 to {MAX_ID} letters, digits, `.`, `_`, `-` or `:`")));
        }
        let audience = object.object("audience")?.map(read_audience).transpose()?;
        let at = object.time("at")?;
        object.end(&FIELDS)?;
        Ok(BroadcastGiven { playbook, id, audience, at })
    }

    /// The row of a new broadcast, pinned to the playbook's current version.
    fn row(self, plans: &PlanSet, now: Time) -> Answer<BroadcastRow> {
        let Some(plan) = plans.by_name(&self.playbook) else {
            let near = did_you_mean(&self.playbook, plans.plans.keys().map(String::as_str));
            let hint = near.map_or("`GET /v1/playbooks` lists them".to_owned(), |near| format!("did you mean `{near}`?"));
            return Err(Problem::new(&BAD_FIELD, format!("there is no playbook `{}`; {hint}", self.playbook)));
        };
        let audience = match (self.audience, &plan.audience) {
            (Some(given), _) => {
                check_names(&given, plans)?;
                given
            }
            (None, Some(own)) => own.written.clone(),
            (None, None) => return Err(no_audience(plan)),
        };
        let at = self.at.unwrap_or(now);
        // The moment is part of it: two requests without an id are two broadcasts.
        let id = self.id.unwrap_or_else(|| {
            let audience = serde_json::to_string(&audience).unwrap_or_default();
            format!("{}-{}", plan.name, hash::of_parts([plan.hash.as_str(), &audience, &at.rfc3339()]))
        });
        Ok(BroadcastRow {
            id: BroadcastId(id),
            playbook: plan.name.clone(),
            version: plan.hash.clone(),
            audience,
            at,
            per_zone: false,
            state: BroadcastState::Scheduled,
            total: 0,
            compiled: false,
            pulled: 0,
            created_at: now,
            ended_at: None,
        })
    }

    /// Whether a broadcast was started by this very request. What the request leaves out is compared with what it was taken to be
    /// then: the playbook's audience in the version of the broadcast, and the moment it was made.
    fn made(&self, row: &BroadcastRow, plans: &PlanSet) -> bool {
        let audience = match &self.audience {
            Some(given) => *given == row.audience,
            None => plans.plan(&row.version).is_none_or(|plan| plan.audience.as_ref().is_some_and(|own| own.written == row.audience)),
        };
        self.playbook == row.playbook && audience && self.at.unwrap_or(row.created_at) == row.at
    }
}

/// An audience, compiled once to see that it can be.
fn read_audience(mut object: Object) -> Answer<model::Audience> {
    let limit = match object.take("limit") {
        None => None,
        Some(value) => Some(value.as_u64().ok_or_else(|| object.problem("limit", "must be a whole number"))?),
    };
    let audience = model::Audience {
        filter: object.text("where")?,
        list: object.text("list")?,
        exclude_recent: object.text("exclude_recent")?,
        holdout: object.text("holdout")?,
        limit,
    };
    object.end(&AUDIENCE)?;
    compile_audience(&audience).map_err(|why| Problem::new(&BAD_FIELD, format!("`audience`: {why}")))?;
    Ok(audience)
}

/// The audience that is given, else the playbook's own.
pub fn audience_of(object: &mut Object, plan: &Plan, plans: &PlanSet) -> Answer<model::Audience> {
    match (object.object("audience")?.map(read_audience).transpose()?, &plan.audience) {
        (Some(given), _) => check_names(&given, plans).map(|()| given),
        (None, Some(own)) => Ok(own.written.clone()),
        (None, None) => Err(no_audience(plan)),
    }
}

/// A playbook that says nothing of whom it is for.
fn no_audience(plan: &Plan) -> Problem {
    Problem::new(&BAD_FIELD, format!("`{}` has no audience of its own; say in `audience` for whom it is", plan.name))
}

/// A name that never has a value would choose nobody, or everybody, without a word.
fn check_names(audience: &model::Audience, plans: &PlanSet) -> Answer<()> {
    let compiled = compile_audience(audience).ok();
    for name in compiled.iter().filter_map(|compiled| compiled.filter.as_ref()).flat_map(Expr::names) {
        let (first, rest) = name.path.split_once('.').map_or((name.path.as_str(), None), |(first, rest)| (first, rest.split('.').next()));
        let (unknown, near) = match rest {
            Some(field) if first == "contact" && !plans.fields.contains(field) => {
                (format!("contact.{field}"), did_you_mean(field, plans.fields.iter().map(String::as_str)).map(|near| format!("contact.{near}")))
            }
            _ if !IN_SCOPE.contains(&first) => (first.to_owned(), did_you_mean(first, IN_SCOPE).map(str::to_owned)),
            _ => continue,
        };
        let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        return Err(Problem::new(&BAD_FIELD, format!("`audience.where`: `{unknown}` is never set{hint}")));
    }
    Ok(())
}

/// A broadcast with its counters, as pages show it.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// The broadcast.
    pub row: BroadcastRow,
    /// Conversations begun.
    pub started: i64,
    /// Contacts passed over, by reason.
    pub skipped: BTreeMap<String, i64>,
}

/// Broadcasts with their counters, newest first.
pub async fn found(doors: &Doors, cursor: Option<String>, limit: usize) -> Answer<store::Page<Found>> {
    let page = doors.store.broadcasts(cursor, limit).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for row in page.items {
        items.push(counted(doors, row).await?);
    }
    Ok(store::Page { items, next: page.next })
}

/// A broadcast with its counters.
pub async fn one(doors: &Doors, id: &BroadcastId) -> Answer<Found> {
    counted(doors, find(doors, id).await?).await
}

async fn counted(doors: &Doors, row: BroadcastRow) -> Answer<Found> {
    let (started, skipped) = rows::tallied(&row.id, doors.store.counts(&rows::counter_prefix(&row.id)).await?);
    Ok(Found { row, started, skipped })
}

/// What a request would start, without starting it.
pub fn planned(doors: &Doors, given: Value) -> Answer<BroadcastRow> {
    BroadcastGiven::read(Object::new(given, String::new())?)?.row(&doors.plans.now(), doors.store.now())
}

/// What a broadcast would come to, by all contacts or by about so many of them.
pub async fn foreseen(doors: &Doors, row: &BroadcastRow, most: Option<u64>) -> Answer<Outlook> {
    let plans = doors.plans.now();
    let plan = plans.plan(&row.version).cloned().ok_or_else(|| Problem::not_found("playbook of this name any more"))?;
    let audience = compile_audience(&row.audience).map_err(|why| Problem::new(&BAD_FIELD, format!("`audience`: {why}")))?;
    let at = row.at.max(doors.store.now());
    Ok(outlook(&doors.store, &Viewpoint { plans, plan, audience: Arc::new(audience), at }, most).await?)
}

/// Makes a broadcast, unless it may cost more than `max_cost` allows. Without that setting nobody is counted; and a name that is known
/// starts nothing, whatever it would cost by now.
async fn put(doors: &Doors, row: &BroadcastRow) -> Answer<PutBroadcast> {
    if let Some(max) = doors.plans.now().workspace.prices.max_cost
        && doors.store.broadcast(&row.id).await?.is_none()
        && let Some(why) = foreseen(doors, row, None).await?.too_dear(max)
    {
        return Err(Problem::new(&TOO_DEAR, why));
    }
    Ok(doors.store.put_broadcast(row.clone()).await?)
}

/// Starts what a request asks for; what stands there now, and whether that is new or bore the id before.
pub async fn made(doors: &Doors, given: Value) -> Answer<(BroadcastRow, bool)> {
    let row = planned(doors, given)?;
    Ok(match put(doors, &row).await? {
        PutBroadcast::New => (row, true),
        PutBroadcast::Known(known) => (*known, false),
    })
}

/// A broadcast with its totals.
async fn shown(doors: &Doors, row: BroadcastRow) -> Answer<Json<rows::Broadcast>> {
    let counts = doors.store.counts(&rows::counter_prefix(&row.id)).await?;
    Ok(Json(rows::Broadcast::new(row, counts)))
}

async fn find(doors: &Doors, id: &BroadcastId) -> Answer<BroadcastRow> {
    doors.store.broadcast(id).await?.ok_or_else(|| Problem::not_found(format_args!("broadcast `{id}`")))
}

/// Starts a broadcast. A known id starts nothing and answers with the broadcast that has it.
#[utoipa::path(post, path = "/v1/broadcasts", request_body = BroadcastGiven,
    responses((status = 201, description = "made", body = rows::Broadcast), (status = 200, description = "known", body = rows::Broadcast),
        (status = 401, body = Document), (status = 409, body = Document), (status = 422, body = Document)))]
pub async fn start(State(doors): State<Arc<Doors>>, body: Bytes) -> Answer<(StatusCode, Json<rows::Broadcast>)> {
    let given = BroadcastGiven::read(Object::new(json(&body)?, String::new())?)?;
    let plans = doors.plans.now();
    let known = match &given.id {
        Some(id) => doors.store.broadcast(&BroadcastId(id.clone())).await?,
        None => None,
    };
    // The playbook of a known broadcast may be gone by now; it is compared, not made again.
    if let Some(known) = known {
        return repeat(&doors, &given, known, &plans).await;
    }
    // Somebody else may make the same one between the look above and the write below.
    let again = BroadcastGiven { playbook: given.playbook.clone(), id: given.id.clone(), audience: given.audience.clone(), at: given.at };
    let row = given.row(&plans, doors.store.now())?;
    match put(&doors, &row).await? {
        PutBroadcast::New => Ok((StatusCode::CREATED, shown(&doors, row).await?)),
        PutBroadcast::Known(known) => repeat(&doors, &again, *known, &plans).await,
    }
}

/// The answer to an id that is known.
async fn repeat(doors: &Doors, given: &BroadcastGiven, known: BroadcastRow, plans: &PlanSet) -> Answer<(StatusCode, Json<rows::Broadcast>)> {
    if given.made(&known, plans) {
        return Ok((StatusCode::OK, shown(doors, known).await?));
    }
    let detail = format!("the broadcast `{}` has another playbook, audience or time; give this one an id of its own", known.id);
    Err(Problem::new(&BROADCAST_DIFFERS, detail))
}

/// Broadcasts, newest first.
#[utoipa::path(get, path = "/v1/broadcasts", params(("limit" = Option<u64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<rows::Broadcast>), (status = 401, body = Document), (status = 422, body = Document)))]
pub async fn list(State(doors): State<Arc<Doors>>, uri: Uri) -> Answer<Json<Page<rows::Broadcast>>> {
    let query = Query::read(&uri, &[])?;
    let page = doors.store.broadcasts(query.cursor()?, query.limit()?).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for row in page.items {
        items.push(shown(&doors, row).await?.0);
    }
    Ok(Json(Page { items, next_cursor: page.next }))
}

/// A broadcast.
#[utoipa::path(get, path = "/v1/broadcasts/{id}", params(("id" = String, Path)),
    responses((status = 200, body = rows::Broadcast), (status = 401, body = Document), (status = 404, body = Document)))]
pub async fn read(State(doors): State<Arc<Doors>>, Named(id): Named<String>) -> Answer<Json<rows::Broadcast>> {
    let row = find(&doors, &BroadcastId(id)).await?;
    shown(&doors, row).await
}

/// Pauses, resumes or cancels a broadcast. From the answer on no text of a paused or cancelled one begins to leave.
#[utoipa::path(post, path = "/v1/broadcasts/{id}/{order}", params(("id" = String, Path), ("order" = String, Path, description = "`pause`, `resume` or `cancel`")),
    responses((status = 202, description = "as it was when it was told", body = rows::Broadcast),
        (status = 401, body = Document), (status = 404, body = Document), (status = 409, body = Document)))]
pub async fn order(State(doors): State<Arc<Doors>>, Named((id, order)): Named<(String, String)>) -> Answer<(StatusCode, Json<rows::Broadcast>)> {
    let row = tell(&doors, id, &order).await?;
    Ok((StatusCode::ACCEPTED, shown(&doors, row).await?))
}

/// Gives a broadcast an order; the broadcast as it was.
pub async fn tell(doors: &Doors, id: String, order: &str) -> Answer<BroadcastRow> {
    let (order, hold) = match order {
        "pause" => (BroadcastOrder::Pause, Hold::Held),
        "resume" => (BroadcastOrder::Resume, Hold::Free),
        "cancel" => (BroadcastOrder::Cancel, Hold::Cancelled),
        other => return Err(Problem::not_found(format_args!("order `{other}`; there are `pause`, `resume` and `cancel`"))),
    };
    let row = find(doors, &BroadcastId(id)).await?;
    // One that has started everybody may still have texts waiting, so it can be held and let go as long as it was not cancelled.
    if row.state == BroadcastState::Cancelled && order != BroadcastOrder::Cancel {
        return Err(Problem::new(&BROADCAST_OVER, format!("the broadcast `{}` was cancelled; start another", row.id)));
    }
    // First the lanes, then the broadcast: from the first write on no text leaves, whenever the broadcast hears of it.
    doors.store.set_hold(HoldScope::Broadcast(row.id.clone()), hold).await?;
    let now = doors.store.now();
    let event = Event::new(now, Happening::Broadcast { order });
    let post = Post { to: Actor::Broadcast(row.id.clone()), event, due: now, id: None, suppress: None };
    doors.store.post(vec![post]).await?;
    Ok(row)
}
