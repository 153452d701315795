//! The lanes' calendars: which lane may send now, by priority, its own pace and the account's.
//!
//! For each priority there is one calendar of lanes with something to send, scored by the time they may; lanes that count for the
//! account stand in a calendar of their own, so that a spent account costs one comparison and not a walk over its lanes. Choosing a
//! text costs a few steps in these trees, however many lanes and texts there are.

use std::collections::{BTreeSet, HashMap};

use crate::model::pace::Pace;
use crate::model::{Priority, Time};

use super::{LaneRow, LaneSpeed, Speeds};

/// Segments of the longest text Twilio takes (1,600 characters in UCS-2, 67 a segment). A lane that may not send for longer than this
/// costs was slower when it sent, or its clock jumped.
pub const LONGEST_TEXT: i64 = 24;

/// When a lane, or the account, may send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slots {
    /// Next slot for anything.
    pub next: Time,
    /// Next slot for bulk, which has a slower pace: a share of the speed is kept from it.
    pub bulk: Time,
    /// Nothing before this.
    pub slow: Time,
}

impl Slots {
    /// When something of a priority may go.
    fn open(&self, priority: Priority) -> Time {
        let next = self.next.max(self.slow);
        if priority == Priority::Bulk { next.max(self.bulk) } else { next }
    }

    /// Spends speed.
    fn spend(&mut self, pace: Pace, reserve: f64, priority: Priority, cost: u32, now: Time) {
        self.next = pace.after(self.next, now, cost);
        if priority == Priority::Bulk {
            self.bulk = bulk_pace(pace, reserve).after(self.bulk, now, cost);
        }
    }

    /// Cuts slots that lie further ahead than any text costs.
    fn cut(&mut self, pace: Pace, reserve: f64, now: Time) {
        let furthest = |pace: Pace| Time(now.0.saturating_add(pace.interval_us.saturating_mul(LONGEST_TEXT)));
        self.next = self.next.min(furthest(pace));
        self.bulk = self.bulk.min(furthest(bulk_pace(pace, reserve)));
    }

    /// As stores keep them.
    pub fn write(&self) -> String {
        format!("{} {} {}", self.next.0, self.bulk.0, self.slow.0)
    }

    /// Reads what `write` wrote.
    pub fn read(text: &str) -> Option<Slots> {
        let mut parts = text.split(' ').map(|part| part.parse().map(Time).ok());
        Some(Slots { next: parts.next()??, bulk: parts.next()??, slow: parts.next()?? })
    }
}

/// What is left of a speed for bulk.
pub fn bulk_pace(pace: Pace, reserve: f64) -> Pace {
    let share = (1.0 - reserve).clamp(f64::MIN_POSITIVE, 1.0);
    Pace { interval_us: ((pace.interval_us as f64 / share).ceil() as i64).clamp(1, i64::MAX / 1_000_000) }
}

/// One lane.
#[derive(Debug, Default)]
struct Lane {
    /// Its name.
    name: String,
    /// As set; without one it never sends.
    speed: Option<LaneSpeed>,
    /// When it may send.
    slots: Slots,
    /// Texts that may go as soon as the lane may, by priority, in order of queueing.
    ready: [BTreeSet<u64>; 3],
    /// Texts put back that may not go before a time.
    later: [BTreeSet<(Time, u64)>; 3],
    /// Segments that wait, also those behind another text of their contact.
    waiting: [u64; 3],
    /// Actors to wake when fewer segments wait than they named.
    watch: Vec<(u64, u32)>,
    /// Where it stands in the calendars now.
    scores: [Option<Time>; 3],
}

impl Lane {
    /// When a text of a priority may go; none if there is none.
    fn due(&self, priority: usize) -> Option<Time> {
        self.speed?;
        let first = if self.ready[priority].is_empty() { self.later[priority].first()?.0 } else { Time(i64::MIN) };
        Some(first.max(self.slots.open(Priority::ALL[priority])))
    }
}

/// All lanes.
#[derive(Debug, Default)]
pub struct Lanes {
    /// By number.
    lanes: Vec<Lane>,
    /// Numbers by name.
    names: HashMap<String, usize>,
    /// By priority, and whether the lane counts for the account: lanes by when they may send.
    calendars: [[BTreeSet<(Time, usize)>; 2]; 3],
    /// The account's speed.
    account: Option<Pace>,
    /// When the account may send; its `slow` holds for every lane.
    account_slots: Slots,
    /// Share of a speed kept from bulk.
    reserve: f64,
    /// Lanes whose slots were spent since they were last written down.
    spent: BTreeSet<usize>,
    /// Actors whose watch came true.
    fired: Vec<u64>,
}

/// A text's place: lane, priority, order and the time it may not go before.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Its lane.
    pub lane: &'a str,
    /// Who goes first.
    pub priority: Priority,
    /// In segments.
    pub cost: u32,
    /// In order of queueing.
    pub order: u64,
    /// Not before.
    pub at: Time,
}

impl Lanes {
    /// The number of a lane, made where it is new.
    fn lane(&mut self, name: &str) -> usize {
        if let Some(known) = self.names.get(name) {
            return *known;
        }
        let number = self.lanes.len();
        self.lanes.push(Lane { name: name.to_owned(), ..Lane::default() });
        self.names.insert(name.to_owned(), number);
        number
    }

    /// Puts a lane where it belongs in the calendars.
    fn rank(&mut self, number: usize) {
        let lane = &mut self.lanes[number];
        let account = usize::from(lane.speed.is_some_and(|speed| speed.account));
        for priority in 0..Priority::ALL.len() {
            let due = lane.due(priority);
            if due == lane.scores[priority] {
                continue;
            }
            let calendar = &mut self.calendars[priority][account];
            if let Some(old) = lane.scores[priority] {
                calendar.remove(&(old, number));
            }
            calendar.extend(due.map(|due| (due, number)));
            lane.scores[priority] = due;
        }
    }

    /// Speeds as the settings say; lanes not named keep their texts and send none.
    pub fn set_speeds(&mut self, speeds: &Speeds, now: Time) {
        self.calendars = Default::default();
        for name in speeds.lanes.keys() {
            self.lane(name);
        }
        self.account = speeds.account;
        self.reserve = speeds.reserve;
        if let Some(pace) = speeds.account {
            self.account_slots.cut(pace, speeds.reserve, now);
        }
        for number in 0..self.lanes.len() {
            let lane = &mut self.lanes[number];
            lane.scores = [None; 3];
            lane.speed = speeds.lanes.get(&lane.name).copied();
            if let Some(speed) = lane.speed {
                lane.slots.cut(speed.pace, speeds.reserve, now);
            }
            self.rank(number);
        }
    }

    /// What a store kept of a lane's slots; none is the account.
    pub fn restore(&mut self, lane: Option<&str>, slots: Slots) {
        match lane.map(|name| self.lane(name)) {
            Some(number) => {
                self.lanes[number].slots = slots;
                self.rank(number);
            }
            None => self.account_slots = slots,
        }
    }

    /// Nothing of a lane (none: of any) goes before `until`; answers with what is to be kept.
    pub fn slow(&mut self, lane: Option<&str>, until: Time) -> Slots {
        let Some(number) = lane.map(|name| self.lane(name)) else {
            self.account_slots.slow = until;
            return self.account_slots;
        };
        self.lanes[number].slots.slow = until;
        self.rank(number);
        self.lanes[number].slots
    }

    /// A text stands in its lane.
    pub fn enter(&mut self, place: Place<'_>, now: Time) {
        let number = self.lane(place.lane);
        let (lane, priority) = (&mut self.lanes[number], place.priority as usize);
        if place.at > now {
            lane.later[priority].insert((place.at, place.order));
        } else {
            lane.ready[priority].insert(place.order);
        }
        self.rank(number);
    }

    /// It does no longer.
    pub fn leave(&mut self, place: Place<'_>) {
        let number = self.lane(place.lane);
        let (lane, priority) = (&mut self.lanes[number], place.priority as usize);
        lane.ready[priority].remove(&place.order);
        lane.later[priority].remove(&(place.at, place.order));
        self.rank(number);
    }

    /// A text waits, in its lane or behind another.
    pub fn wait(&mut self, place: Place<'_>) {
        let number = self.lane(place.lane);
        self.lanes[number].waiting[place.priority as usize] += u64::from(place.cost);
    }

    /// It waits no longer; watches may come true.
    pub fn unwait(&mut self, place: Place<'_>) {
        let number = self.lane(place.lane);
        let lane = &mut self.lanes[number];
        let waiting = &mut lane.waiting[place.priority as usize];
        *waiting = waiting.saturating_sub(u64::from(place.cost));
        let left: u64 = lane.waiting.iter().sum();
        let fired = &mut self.fired;
        lane.watch.retain(|(actor, below)| {
            let stays = left >= u64::from(*below);
            if !stays {
                fired.push(*actor);
            }
            stays
        });
    }

    /// Wakes an actor once fewer segments than `below` wait; at once if it is so now.
    pub fn watch(&mut self, lane: &str, actor: u64, below: u32) {
        let number = self.lane(lane);
        let lane = &mut self.lanes[number];
        if lane.waiting.iter().sum::<u64>() < u64::from(below) {
            self.fired.push(actor);
        } else {
            lane.watch.retain(|(known, _)| *known != actor);
            lane.watch.push((actor, below));
        }
    }

    /// Watches that have not come true, for a rebuilt set of lanes.
    pub fn watches(&self) -> impl Iterator<Item = (&str, u64, u32)> {
        self.lanes.iter().flat_map(|lane| lane.watch.iter().map(|(actor, below)| (lane.name.as_str(), *actor, *below)))
    }

    /// Actors whose watch came true since the last call.
    pub fn take_fired(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.fired)
    }

    /// The text that goes next, if one may go now.
    pub fn pick(&mut self, now: Time) -> Option<u64> {
        if self.account_slots.slow > now {
            return None;
        }
        for priority in 0..Priority::ALL.len() {
            let shut = self.account.is_some() && self.account_slots.open(Priority::ALL[priority]) > now;
            let [free, account] = &self.calendars[priority];
            let first = [free.first(), account.first().filter(|_| !shut)].into_iter().flatten().min().copied();
            let Some((_, number)) = first.filter(|(due, _)| *due <= now) else { continue };
            let lane = &mut self.lanes[number];
            let rest = lane.later[priority].split_off(&(Time(now.0 + 1), 0));
            let ripe = std::mem::replace(&mut lane.later[priority], rest);
            lane.ready[priority].extend(ripe.into_iter().map(|(_, order)| order));
            return self.lanes[number].ready[priority].first().copied();
        }
        None
    }

    /// Spends the speed a text costs.
    pub fn spend(&mut self, place: Place<'_>, now: Time) {
        let number = self.lane(place.lane);
        let reserve = self.reserve;
        if let Some(speed) = self.lanes[number].speed {
            self.lanes[number].slots.spend(speed.pace, reserve, place.priority, place.cost, now);
            if let Some(pace) = self.account.filter(|_| speed.account) {
                self.account_slots.spend(pace, reserve, place.priority, place.cost, now);
            }
        }
        self.spent.insert(number);
        self.rank(number);
    }

    /// Slots spent since the last call, to be written in the same transaction: lanes by name, and the account.
    pub fn take_spent(&mut self) -> (Vec<(String, Slots)>, Option<Slots>) {
        let spent = std::mem::take(&mut self.spent);
        let account = spent.iter().any(|number| self.lanes[*number].speed.is_some_and(|speed| speed.account));
        let lanes = spent.into_iter().map(|number| (self.lanes[number].name.clone(), self.lanes[number].slots)).collect();
        (lanes, account.then_some(self.account_slots))
    }

    /// When the next text may go, as far as is known.
    pub fn next(&self) -> Option<Time> {
        let first = |priority: usize| {
            let [free, account] = &self.calendars[priority];
            let gate = self.account.map_or(Time(i64::MIN), |_| self.account_slots.open(Priority::ALL[priority]));
            [free.first().map(|(due, _)| *due), account.first().map(|(due, _)| (*due).max(gate))].into_iter().flatten().min()
        };
        (0..Priority::ALL.len()).filter_map(first).min().map(|due| due.max(self.account_slots.slow))
    }

    /// All lanes as they are, by name.
    pub fn rows(&self) -> Vec<LaneRow> {
        let row = |lane: &Lane| LaneRow {
            lane: lane.name.clone(),
            waiting: lane.waiting,
            next: lane.slots.open(Priority::Reply).max(self.account_slots.slow),
        };
        let mut rows: Vec<LaneRow> = self.lanes.iter().map(row).collect();
        rows.sort_by(|a, b| a.lane.cmp(&b.lane));
        rows
    }
}
