//! Schedules: when `cron` and `at` triggers come round, and the broadcasts they make.
//!
//! Each such trigger is an actor of its own, `PLAYBOOK/NUMBER`, that rests until its next tick. A tick makes one broadcast, named
//! `PLAYBOOK.NUMBER.TIME`; a name that is known is not made again, so each tick runs once on any number of daemons. A new or changed
//! schedule begins with its next tick. After downtime the latest missed tick runs if its window is still open.
//!
//! **`timezone: contact`** makes one broadcast for each *local* time, when the first zone of the world reaches it. Such a schedule goes
//! by the clock of UTC+14, where nobody is ahead: `BroadcastRow::at` is the moment when that clock shows the local time. From it
//! `zone_start` tells when each zone's list may be pulled.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{TimeZone, offset};
use serde::{Deserialize, Serialize};

use super::cron::Line;
use super::turns::{Error, Turns};
use crate::model::{Actor, BroadcastId, BroadcastRow, BroadcastState, Time};
use crate::playbook::plan::{TriggerKind, TriggerZone};
use crate::playbook::{Plan, PlanSet, Workspace};
use crate::store::{Claimed, Commit};
use crate::text::{OpenHours, parse_when};

/// No clock is ahead of this one, in hours before UTC.
const FIRST_CLOCK: i8 = 14;

/// No clock is behind this one.
const LAST_CLOCK: i8 = -12;

/// A local time is under way for so long, from the first clock to the last.
const ROUND_THE_WORLD: Duration = Duration::from_secs(26 * 3600);

/// A tick later than this was missed: the daemon was down. Any lag of a running one is far shorter.
const MISSED: Duration = Duration::from_secs(60);

/// Broadcasts one turn makes, so that a commit stays bounded; the rest comes with the next turn, at once.
const MAX_TICKS_A_TURN: usize = 100;

/// What a schedule keeps between its turns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScheduleState {
    /// The trigger as it was written; another one is a new schedule.
    pub written: String,
    /// Ticks up to here are done with: run, skipped, or before the schedule was.
    pub done: Time,
}

/// What a turn of a schedule comes to.
#[derive(Debug, PartialEq)]
pub struct Tick {
    /// To be made, unless their names are known.
    pub broadcasts: Vec<BroadcastRow>,
    /// To be kept.
    pub state: ScheduleState,
    /// The next tick.
    pub wake: Option<Time>,
}

/// A trigger that comes round by time.
#[derive(Clone, Copy)]
struct Schedule<'p> {
    /// Whose.
    plan: &'p Plan,
    /// Which of the plan's schedules, from 1. Other triggers don't count, so that one put before it makes no new schedule of it.
    number: usize,
    /// When.
    kind: &'p TriggerKind,
    /// Each zone at its own time.
    per_zone: bool,
}

/// The schedules of all playbooks in force: name of the actor, plan, number. Whoever puts a set in force posts to each, so that a new
/// one plans its first tick.
pub fn schedules_of(set: &PlanSet) -> Vec<(String, &Arc<Plan>, usize)> {
    let numbers = |plan| (1..).take_while(move |number| Schedule::find(plan, *number).is_some());
    set.iter().flat_map(|plan| numbers(plan).map(move |number| (format!("{}/{number}", plan.name), plan, number))).collect()
}

/// The first time after `after`. `zone` is the zone of schedules that have none of their own.
pub fn next_time(kind: &TriggerKind, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let zone = own_zone(kind).unwrap_or(zone);
    match kind {
        TriggerKind::Cron { line, until, .. } => {
            let until = until.as_deref().and_then(|until| parse_when(until, zone));
            Line::parse(line)?.next(after, zone).filter(|at| until.is_none_or(|until| *at <= until))
        }
        TriggerKind::At { when, .. } => parse_when(when, zone).filter(|at| *at > after),
        _ => None,
    }
}

/// The last time up to `now`; `zone` as for `next_time`.
pub fn last_time(kind: &TriggerKind, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let zone = own_zone(kind).unwrap_or(zone);
    match kind {
        TriggerKind::Cron { line, until, .. } => {
            let until = until.as_deref().and_then(|until| parse_when(until, zone));
            Line::parse(line)?.last(until.map_or(now, |until| until.min(now)), zone)
        }
        TriggerKind::At { when, .. } => parse_when(when, zone).filter(|at| *at <= now),
        _ => None,
    }
}

fn own_zone(kind: &TriggerKind) -> Option<&TimeZone> {
    match kind {
        TriggerKind::Cron { zone: TriggerZone::Fixed(zone), .. } | TriggerKind::At { zone: TriggerZone::Fixed(zone), .. } => Some(zone),
        _ => None,
    }
}

/// When the list of a zone may be pulled; none if this broadcast is not for it (any more): the zone's turn was missed and its window is
/// over, or a later tick of the schedule has taken its place. Broadcasts that are not `per_zone` begin everywhere at `at`.
pub fn zone_start(row: &BroadcastRow, plan: &Plan, workspace: &Workspace, zone: &TimeZone) -> Option<Time> {
    if !row.per_zone {
        return Some(row.at);
    }
    let number = row.id.as_str().rsplit('.').nth(1)?.parse().ok()?;
    let kind = Schedule::find(plan, number)?.kind;
    let local = first_clock().to_datetime(row.at.timestamp());
    let start = placed(local, zone)?;
    // A time that does not exist there is moved on, and may so fall together with one that has its own broadcast.
    let shown = zone.to_datetime(start);
    if shown != local && matches!(kind, TriggerKind::Cron { line, .. } if Line::parse(line).is_some_and(|line| line.names(shown))) {
        return None;
    }
    let made = row.created_at;
    let in_time = made <= Time::from(start).plus(MISSED);
    let is_latest = || next_time(kind, start, zone).is_none_or(|next| Time::from(next) > made);
    (in_time || is_latest() && is_open_since(&workspace.hours(plan.class, &plan.hours), start, made.timestamp(), zone)).then(|| start.into())
}

/// One turn of a schedule: makes the broadcasts that are due and rests until the next.
pub async fn turn(turns: &Turns, claimed: Claimed, now: Time) -> Result<(), Error> {
    // A stale one is claimed anew at once.
    turns.store.commit(step(&turns.live.now(), &claimed, now)).await?;
    Ok(())
}

/// The commit of a turn. A schedule that is in force no longer forgets what it was, so that it is a new one if it ever comes back.
fn step(set: &PlanSet, claimed: &Claimed, now: Time) -> Commit {
    let tick = match &claimed.actor {
        Actor::Schedule(name) => name
            .rsplit_once('/')
            .and_then(|(playbook, number)| plan_tick(read(claimed), set.by_name(playbook)?, number.parse().ok()?, &set.workspace, now)),
        _ => None,
    };
    let state = tick.as_ref().and_then(|tick| serde_json::to_vec(&tick.state).ok()).unwrap_or_default();
    let mut commit = Commit::new(claimed, state);
    commit.consumed = claimed.events.iter().map(|(number, _)| *number).collect();
    if let Some(tick) = tick {
        commit.wake = tick.wake;
        commit.new_broadcasts = tick.broadcasts;
    }
    commit
}

fn read(claimed: &Claimed) -> Option<ScheduleState> {
    let bytes = claimed.state.as_deref().filter(|bytes| !bytes.is_empty())?;
    let state = serde_json::from_slice(bytes);
    if let Err(error) = &state {
        tracing::error!(actor = %claimed.actor, %error, "a schedule's record can't be read; it goes on with its next tick");
    }
    state.ok()
}

/// What the `number`th schedule of a plan does now; none if the plan has no such schedule.
pub fn plan_tick(state: Option<ScheduleState>, plan: &Plan, number: usize, workspace: &Workspace, now: Time) -> Option<Tick> {
    let schedule = Schedule::find(plan, number)?;
    let zone = if schedule.per_zone { first_clock() } else { workspace.timezone.clone() };
    let written = schedule.written();
    let known = state.filter(|state| state.written == written);
    let due = known.map(|state| schedule.due(state.done, now, &zone)).unwrap_or_default();
    let done = if due.len() < MAX_TICKS_A_TURN { now } else { due.last().map_or(now, |at| (*at).into()) };
    let hours = workspace.hours(plan.class, &plan.hours);
    let broadcasts =
        due.into_iter().filter(|at| schedule.is_worth_it(*at, now, &zone, &hours)).map(|at| schedule.broadcast(at, &zone, now)).collect();
    let wake = next_time(schedule.kind, done.timestamp(), &zone).map(Time::from);
    Some(Tick { broadcasts, state: ScheduleState { written, done }, wake })
}

impl<'p> Schedule<'p> {
    fn find(plan: &'p Plan, number: usize) -> Option<Schedule<'p>> {
        let kinds = plan.triggers.iter().map(|trigger| &trigger.kind);
        let kind = kinds.filter(|kind| matches!(kind, TriggerKind::Cron { .. } | TriggerKind::At { .. })).nth(number.checked_sub(1)?)?;
        // A moment with an offset is the same everywhere, whatever the zone.
        let per_zone = match kind {
            TriggerKind::At { when, .. } => own_zone(kind).is_none() && when.trim().parse::<Timestamp>().is_err(),
            _ => own_zone(kind).is_none(),
        };
        Some(Schedule { plan, number, kind, per_zone })
    }

    fn written(&self) -> String {
        let zone = own_zone(self.kind).map_or("contact", |zone| zone.iana_name().unwrap_or("UTC"));
        match self.kind {
            TriggerKind::Cron { line, until, .. } => format!("cron {line} in {zone} until {}", until.as_deref().unwrap_or("ever")),
            TriggerKind::At { when, .. } => format!("at {when} in {zone}"),
            _ => String::new(),
        }
    }

    /// Ticks after `done` and up to now that may have to run: the latest, and before it those that some zone has still to reach.
    fn due(&self, done: Time, now: Time, zone: &TimeZone) -> Vec<Timestamp> {
        let latest = last_time(self.kind, now.timestamp(), zone).filter(|at| Time::from(*at) > done);
        if !self.per_zone {
            return latest.into_iter().collect();
        }
        let since = done.max(now.minus(ROUND_THE_WORLD)).timestamp();
        let next = |after: &Timestamp| next_time(self.kind, *after, zone).filter(|at| Time::from(*at) <= now);
        let under_way: Vec<Timestamp> = std::iter::successors(next(&since), next).take(MAX_TICKS_A_TURN).collect();
        if under_way.is_empty() { latest.into_iter().collect() } else { under_way }
    }

    /// Whether a due tick runs: it was not missed, or its window is still open, at least in the last zone.
    fn is_worth_it(&self, at: Timestamp, now: Time, zone: &TimeZone, hours: &OpenHours) -> bool {
        let last_clock = TimeZone::fixed(offset(LAST_CLOCK));
        let zone = own_zone(self.kind).unwrap_or(zone);
        let (start, zone) = if self.per_zone { (placed(zone.to_datetime(at), &last_clock), &last_clock) } else { (Some(at), zone) };
        start.is_some_and(|start| now <= Time::from(start).plus(MISSED) || is_open_since(hours, start, now.timestamp(), zone))
    }

    fn broadcast(&self, at: Timestamp, zone: &TimeZone, now: Time) -> BroadcastRow {
        let time = if self.per_zone { zone.to_datetime(at).strftime("%Y%m%dT%H%M").to_string() } else { at.strftime("%Y%m%dT%H%MZ").to_string() };
        BroadcastRow {
            id: BroadcastId(format!("{}.{}.{time}", self.plan.name, self.number)),
            playbook: self.plan.name.clone(),
            version: self.plan.hash.clone(),
            audience: self.plan.audience.as_ref().map(|audience| audience.written.clone()).unwrap_or_default(),
            at: at.into(),
            per_zone: self.per_zone,
            state: BroadcastState::Scheduled,
            total: 0,
            compiled: false,
            pulled: 0,
            created_at: now,
            ended_at: None,
        }
    }
}

fn first_clock() -> TimeZone {
    TimeZone::fixed(offset(FIRST_CLOCK))
}

/// When a zone's clock shows this local time: moved on if it never does, the first time if twice.
fn placed(local: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(local).compatible().ok()
}

/// Whether the window that a start fell into, or waited for, has not closed since.
fn is_open_since(hours: &OpenHours, start: Timestamp, now: Timestamp, zone: &TimeZone) -> bool {
    let zone = std::slice::from_ref(zone);
    let opens = hours.next_open(start, zone);
    now < opens || hours.closes(opens, zone).is_none_or(|closes| now < closes)
}

#[cfg(test)]
pub(super) mod tests;
