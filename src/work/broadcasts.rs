//! Broadcasts are pulled: the audience is compiled into compact lists, each with a cursor, and contacts are started only as fast as
//! their senders can send. Memory is flat whatever the size, stopping is instant, and quiet hours hold.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::schedules::zone_start;
use super::turns::{Error, Turns};
use crate::engine::{belongs, zones};
use crate::model::event::BroadcastOrder;
use crate::model::{Actor, BroadcastRow, BroadcastState, Contact, Event, Happening, Time};
use crate::playbook::plan::{CompiledAudience, Plan};
use crate::playbook::{PlanSet, Sender, compile_audience};
use crate::store::{Claimed, Commit, Inbox, LaneRow, Post};

/// Contacts read at once while the audience is compiled.
const PAGE: usize = 1_000;

/// Backlog made ahead of a lane, in seconds of its speed: enough that it never runs dry, little enough that a STOP or a pause finds most unsent.
const AHEAD_SECONDS: f64 = 2.0;

/// Texts made ahead of one lane at most, and over all lanes of a broadcast.
const MAX_AHEAD_A_LANE: u64 = 1_000;
/// See `MAX_AHEAD_A_LANE`.
const MAX_AHEAD: u64 = 5_000;

/// Contacts started in one turn: one write of a millisecond or two, so that sends and replies get their turn between two pulls.
const MAX_A_PULL: u64 = 250;

/// While contacts that were started have not been moved yet, and leave no room, the backlog is looked at again after this.
const SETTLING: Duration = Duration::from_millis(5);

/// What a broadcast remembers between two turns.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// As people see it.
    row: Option<BroadcastRow>,
    /// Number of the last contact looked at while compiling.
    after: u64,
    /// The lists, by zone.
    lists: Vec<List>,
    /// When the first contact was started: pace is counted from there.
    first_at: Option<Time>,
}

/// Contacts of one zone.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct List {
    /// IANA name of the zone.
    zone: String,
    /// How many it holds.
    length: u64,
    /// How many were pulled.
    pulled: u64,
}

/// One turn: orders, then a page of compiling, then a pull.
pub(super) async fn turn(turns: &Turns, claimed: Claimed, now: Time) -> Result<(), Error> {
    let Actor::Broadcast(id) = &claimed.actor else { return Ok(()) };
    let mut progress: Progress = match &claimed.state {
        Some(bytes) if !bytes.is_empty() => {
            serde_json::from_slice(bytes).map_err(|error| Error::Fault(format!("the broadcast's record can't be read: {error}")))?
        }
        _ => Progress::default(),
    };
    let stored = turns.store.broadcast(id).await?;
    let Some(mut row) = progress.row.take().or(stored) else { return Err(Error::Fault(format!("there is no broadcast `{id}`"))) };
    let mut commit = Commit::new(&claimed, Vec::new());
    commit.consumed = claimed.events.iter().map(|(number, _)| *number).collect();
    for (_, inbox) in &claimed.events {
        if let Inbox::Event(Event { what: Happening::Broadcast { order }, .. }) = inbox {
            obey(&mut row, *order, now);
        }
    }
    if row.state == BroadcastState::Running {
        let plans = turns.live.need(&turns.store, std::iter::once(&row.version)).await;
        let plan = plans.plan(&row.version).cloned().ok_or_else(|| Error::Fault(format!("the version of `{}` is not to be found", row.playbook)))?;
        let mut pull = Pull { turns, plans: &plans, plan: &plan, now, row: &mut row, progress: &mut progress, commit: &mut commit };
        pull.run().await?;
    }
    if matches!(row.state, BroadcastState::Cancelled | BroadcastState::Done) {
        commit.drop_lists = progress.lists.iter().map(|list| list_name(&row, &list.zone)).collect();
        progress.lists.clear();
        commit.wake = None;
        commit.watch.clear();
    }
    commit.broadcast = Some(row.clone());
    progress.row = Some(row);
    commit.state = serde_json::to_vec(&progress).map_err(|error| Error::Fault(error.to_string()))?;
    // Stale: something changed meanwhile; the broadcast is due again and looks anew.
    turns.store.commit(commit).await?;
    Ok(())
}

/// What an order does to a broadcast's state.
fn obey(row: &mut BroadcastRow, order: BroadcastOrder, now: Time) {
    use BroadcastState::{Cancelled, Done, Paused, Running, Scheduled};
    row.state = match (order, row.state) {
        (BroadcastOrder::Begin | BroadcastOrder::Resume, Scheduled | Paused) => Running,
        (BroadcastOrder::Pause, Scheduled | Running) => Paused,
        (BroadcastOrder::Cancel, Scheduled | Running | Paused) => Cancelled,
        (_, state) => state,
    };
    if matches!(row.state, Cancelled | Done) && row.ended_at.is_none() {
        row.ended_at = Some(now);
    }
}

fn list_name(row: &BroadcastRow, zone: &str) -> String {
    format!("{}/{zone}", row.id)
}

/// One pull at work.
struct Pull<'p> {
    turns: &'p Turns,
    plans: &'p PlanSet,
    plan: &'p Plan,
    now: Time,
    row: &'p mut BroadcastRow,
    progress: &'p mut Progress,
    commit: &'p mut Commit,
}

impl Pull<'_> {
    async fn run(&mut self) -> Result<(), Error> {
        if !self.row.compiled {
            self.compile().await?;
        }
        if self.plans.stopped.contains(&self.plan.name) {
            // `resume` wakes it.
            self.commit.wake = (!self.row.compiled).then_some(self.now);
            return Ok(());
        }
        let started_before = self.row.pulled;
        let opens = self.start_contacts(started_before).await?;
        let left = self.progress.lists.iter().any(|list| list.pulled < list.length);
        if self.row.compiled && !left {
            self.row.state = BroadcastState::Done;
            self.row.ended_at = Some(self.now);
            return Ok(());
        }
        let compile = (!self.row.compiled).then_some(self.now);
        self.commit.wake = [compile, opens].into_iter().flatten().min();
        Ok(())
    }

    /// The audience: the broadcast's own, else its playbook's.
    fn audience(&self) -> Result<CompiledAudience, Error> {
        compile_audience(&self.row.audience).map_err(Error::Fault)
    }

    /// Looks at one more page of contacts and appends those that belong to the list of their zone.
    async fn compile(&mut self) -> Result<(), Error> {
        let audience = self.audience()?;
        let page = self.turns.store.contacts(self.progress.after, PAGE).await?;
        let mut found: BTreeMap<String, Vec<_>> = BTreeMap::new();
        let limit = audience.written.limit.unwrap_or(u64::MAX);
        for contact in &page {
            if self.row.total >= limit {
                break;
            }
            if belongs(self.plans, contact, &audience, self.now) {
                self.row.total += 1;
                found.entry(zone_name(contact, self.plans)).or_default().push(contact.phone.clone());
            }
        }
        for (zone, phones) in found {
            let more = phones.len() as u64;
            self.commit.append.push((list_name(self.row, &zone), phones));
            match self.progress.lists.iter_mut().find(|list| list.zone == zone) {
                Some(list) => list.length += more,
                None => self.progress.lists.push(List { zone, length: more, pulled: 0 }),
            }
        }
        self.progress.after = page.last().map_or(self.progress.after, |contact| contact.number);
        self.row.compiled = page.len() < PAGE || self.row.total >= limit;
        Ok(())
    }

    /// Starts as many contacts as the senders' backlog, the pace and the hours allow. Answers when to look again, if a lane won't say.
    async fn start_contacts(&mut self, pulled_before: u64) -> Result<Option<Time>, Error> {
        let Some(sender) = self.plans.workspace.sender(self.plan.from.as_deref()) else {
            return Err(Error::Fault("there is no sender in the settings".to_owned()));
        };
        let sender = sender.clone();
        let lanes = self.turns.store.lanes().await?;
        let moved = self.moved().await?;
        let under_way = pulled_before.saturating_sub(moved);
        let mut room = Room::of(&sender, &lanes, under_way);
        let mut allowed = room.total().min(self.pace_allows()).min(MAX_A_PULL);
        let hours = self.plans.workspace.hours(self.plan.class, &self.plan.hours);
        // The playbook's own audience is at hand wherever the playbook is.
        let written = self.plan.audience.as_ref().map(|audience| &audience.written);
        let own_audience = (written != Some(&self.row.audience)).then(|| self.row.audience.clone());
        let mut wakes: Vec<Time> = Vec::new();
        for number in 0..self.progress.lists.len() {
            let Some(list) = self.progress.lists.get(number).cloned() else { continue };
            // What this very turn appended can be read only after its commit.
            let readable = list.length - self.appended(&list.zone);
            let left = readable.saturating_sub(list.pulled);
            if list.pulled >= list.length {
                continue;
            }
            let zone = TimeZone::get(&list.zone).unwrap_or_else(|_| self.plans.workspace.timezone.clone());
            let Some(begins) = zone_start(self.row, self.plan, &self.plans.workspace, &zone) else {
                // Not for this zone: its turn was missed, or a later tick takes its place.
                if let (true, Some(list)) = (self.row.compiled, self.progress.lists.get_mut(number)) {
                    list.pulled = list.length;
                }
                continue;
            };
            let opens = hours.next_open(self.now.timestamp().max(begins.timestamp()), std::slice::from_ref(&zone));
            if opens > self.now.timestamp() {
                if opens < Timestamp::MAX {
                    wakes.push(opens.into());
                }
                continue;
            }
            let take = left.min(allowed);
            if take == 0 {
                continue;
            }
            let phones = self.turns.store.list(&list_name(self.row, &list.zone), list.pulled, take as usize).await?;
            for phone in phones {
                let start = Happening::Start {
                    broadcast: self.row.id.clone(),
                    plan: self.row.version.clone(),
                    number: room.take(),
                    audience: own_audience.clone(),
                };
                let to = Actor::Contact(phone);
                self.commit.posts.push(Post { to, event: Event::new(self.now, start), due: self.now, id: None, suppress: None });
                allowed -= 1;
                self.row.pulled += 1;
                if let Some(list) = self.progress.lists.get_mut(number) {
                    list.pulled += 1;
                }
            }
        }
        if self.row.pulled > 0 && self.progress.first_at.is_none() {
            self.progress.first_at = Some(self.now);
        }
        Ok(self.look_again(&room, wakes, moved, pulled_before))
    }

    /// How many of this list this turn has appended so far.
    fn appended(&self, zone: &str) -> u64 {
        let name = list_name(self.row, zone);
        self.commit.append.iter().filter(|(list, _)| *list == name).map(|(_, phones)| phones.len() as u64).sum()
    }

    /// Contacts that the engine has started or passed over so far.
    async fn moved(&self) -> Result<u64, Error> {
        let counts = self.turns.store.counts(&format!("broadcast/{}/", self.row.id)).await?;
        Ok(counts.iter().filter(|(name, _)| name.ends_with("/started") || name.contains("/skipped/")).map(|(_, count)| *count).sum::<i64>().max(0)
            as u64)
    }

    /// Contacts that `spread_over` and `max_rate` allow to have been started by now, less those that were.
    fn pace_allows(&self) -> u64 {
        let elapsed = self.progress.first_at.map_or(0.0, |at| at.until(self.now).as_secs_f64());
        let mut allowed = u64::MAX;
        if let Some(rate) = self.plan.max_rate {
            allowed = allowed.min((rate.per_second * elapsed) as u64 + 1);
        }
        if let (Some(spread), Some(first)) = (self.plan.spread_over, self.progress.first_at) {
            let zone = &self.plans.workspace.timezone;
            let whole = first.until(Time::from(spread.after(first.timestamp(), zone))).as_secs_f64();
            let share = if whole > 0.0 { elapsed / whole } else { 1.0 };
            allowed = allowed.min((self.row.total as f64 * share) as u64 + 1);
        } else if self.plan.spread_over.is_some() {
            allowed = allowed.min(1);
        }
        allowed.saturating_sub(self.row.pulled)
    }

    /// When to look again: at a window's opening, when pace allows the next, soon while contacts are on their way to the engine, and when a lane has room.
    fn look_again(&mut self, room: &Room, mut wakes: Vec<Time>, moved: u64, pulled_before: u64) -> Option<Time> {
        let under_way = self.row.pulled.saturating_sub(moved);
        let paced = self.plan.max_rate.is_some() || self.plan.spread_over.is_some();
        if under_way > 0 {
            let full = self.row.pulled - pulled_before < MAX_A_PULL;
            wakes.push(if full { self.now.plus(SETTLING) } else { self.now });
        } else if paced && self.pace_allows() == 0 {
            wakes.push(self.now.plus(self.pace_step()));
        } else {
            for (lane, target) in &room.targets {
                self.commit.watch.push((lane.clone(), u32::try_from((target / 2).max(1)).unwrap_or(u32::MAX)));
            }
        }
        wakes.into_iter().min()
    }

    /// The time one more contact takes at the broadcast's own pace; a second at most, since totals may still grow.
    fn pace_step(&self) -> Duration {
        /// Shortest nap between two starts of a paced broadcast.
        const SHORTEST: Duration = Duration::from_millis(50);
        let by_rate = self.plan.max_rate.map_or(Duration::from_secs(1), |rate| Duration::from_secs_f64(1.0 / rate.per_second.max(1.0)));
        by_rate.clamp(SHORTEST, Duration::from_secs(1))
    }
}

/// Room on the lanes of a sender.
struct Room {
    /// Texts each lane may have ahead.
    targets: Vec<(String, u64)>,
    /// How many more each lane may get now.
    left: Vec<(String, u64)>,
    /// Started contacts whose texts are in no lane yet.
    under_way: u64,
}

impl Room {
    fn of(sender: &Sender, lanes: &[LaneRow], under_way: u64) -> Room {
        let names: Vec<String> = sender.service.iter().cloned().chain(sender.numbers.iter().map(|number| number.0.clone())).collect();
        let ahead = ((sender.mps * AHEAD_SECONDS).ceil() as u64).clamp(1, MAX_AHEAD_A_LANE);
        let ahead = ahead.min((MAX_AHEAD / names.len().max(1) as u64).max(1));
        let waiting = |name: &str| lanes.iter().find(|lane| lane.lane == name).map_or(0, |lane| lane.waiting.iter().sum());
        let left = names.iter().map(|name| (name.clone(), ahead.saturating_sub(waiting(name)))).collect();
        Room { targets: names.into_iter().map(|name| (name, ahead)).collect(), left, under_way }
    }

    /// How many contacts may be started now.
    fn total(&self) -> u64 {
        self.left.iter().map(|(_, left)| left).sum::<u64>().saturating_sub(self.under_way)
    }

    /// The number with most room, for a contact that has none of its own.
    fn take(&mut self) -> Option<String> {
        let (name, left) = self.left.iter_mut().max_by_key(|(_, left)| *left)?;
        *left = left.saturating_sub(1);
        Some(name.clone())
    }
}

/// The zone a contact's window is looked at in.
fn zone_name(contact: &Contact, plans: &PlanSet) -> String {
    let workspace = &plans.workspace;
    let zone = zones(contact, &workspace.timezone).into_iter().next();
    zone.and_then(|zone| zone.iana_name().map(str::to_owned)).unwrap_or_else(|| workspace.timezone_name.clone())
}
