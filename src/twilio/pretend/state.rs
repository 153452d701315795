//! What the pretend Twilio remembers. Only in memory, and only the newest 100,000 of anything.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Instant;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::Status;
use super::super::status::Merge;
use super::{PretendConfig, numbers};

/// Messages and attempts kept.
const KEPT: usize = 100_000;

/// A message in or out.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// Place in the order of arrival.
    pub number: u64,
    /// Twilio's id.
    pub sid: String,
    /// When it arrived, in microseconds since 1970.
    pub arrived_us: i64,
    /// `inbound`, `outbound-api` or `outbound-reply`.
    pub direction: &'static str,
    /// Sender; none until a service has picked one.
    pub from: Option<String>,
    /// Receiver.
    pub to: String,
    /// The words.
    pub body: String,
    /// Addresses of its files.
    pub media: Vec<String>,
    /// Segments of the words.
    pub segments: u32,
    /// Twilio's name of its status.
    #[serde(serialize_with = "name")]
    pub status: Status,
    /// Why it failed.
    pub error_code: Option<u32>,
    /// The messaging service it was created with.
    pub service: Option<String>,
    /// Where reports go.
    pub status_callback: Option<String>,
    /// When it was sent or came in, once it was.
    pub sent: Option<Timestamp>,
    /// When it last changed.
    pub updated: Timestamp,
    /// Reports made so far: the status, and the HTTP status that answered (0: none).
    pub callbacks: Vec<(String, u16)>,
}

fn name<S: serde::Serializer>(status: &Status, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(status.name())
}

/// One request to create a message, whatever became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Attempt {
    /// When it arrived, in microseconds since 1970.
    pub at_us: i64,
    /// `From` or `MessagingServiceSid`.
    pub from: String,
    /// `To`.
    pub to: String,
    /// The HTTP status of the answer; 0 where none was given.
    pub http_status: u16,
    /// Twilio's code of a refusal.
    pub code: Option<u32>,
    /// The message, where one was accepted.
    pub sid: Option<String>,
}

/// Faults for all requests, set by `POST /_pretend/faults`. Each call replaces them all.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Answer creates with this HTTP status.
    pub status: Option<u16>,
    /// Twilio's code in that answer; by default the usual one of the status.
    pub code: Option<u32>,
    /// Close the connection in place of an answer.
    pub drop: bool,
    /// Accept the message before failing.
    pub accept: bool,
    /// For so many creates; without it until the next call.
    pub next: Option<u64>,
    /// Fail each so-manieth create only (10: a tenth of them).
    pub every: Option<u64>,
    /// Let every REST request wait so many milliseconds.
    pub latency_ms: u64,
    /// What becomes of status reports.
    pub callbacks: Callbacks,
}

/// What becomes of status reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Callbacks {
    /// They are made.
    #[default]
    On,
    /// They are made late.
    Delayed,
    /// They are not made.
    Off,
}

/// Everything.
pub struct State {
    /// By order of arrival.
    messages: BTreeMap<u64, Record>,
    /// Ids to places in that order.
    by_sid: HashMap<String, u64>,
    /// The next place.
    next: u64,
    /// Requests to create, oldest first.
    attempts: VecDeque<Attempt>,
    /// Creates since the faults were set, for `every`.
    pub(super) creates: u64,
    /// Sender or service, and the person who sent it STOP.
    opted_out: HashSet<(String, String)>,
    /// Numbers of the account, as the REST API shows them.
    pub(super) numbers: Vec<Value>,
    /// Faults for all.
    pub(super) faults: Faults,
    /// When a magic number was first texted.
    pub(super) first_try: HashMap<String, Instant>,
    /// Phones that have answered with their STOP.
    pub(super) stopped: HashSet<String>,
    /// When somebody last wrote; opens WhatsApp's 24 hours.
    last_inbound: HashMap<String, Timestamp>,
    /// Webhooks made, of every kind.
    pub webhooks: u64,
}

impl State {
    pub(super) fn new(config: &PretendConfig) -> State {
        State {
            messages: BTreeMap::new(),
            by_sid: HashMap::new(),
            next: 0,
            attempts: VecDeque::new(),
            creates: 0,
            opted_out: HashSet::new(),
            numbers: numbers::of(config),
            faults: Faults::default(),
            first_try: HashMap::new(),
            stopped: HashSet::new(),
            last_inbound: HashMap::new(),
            webhooks: 0,
        }
    }

    /// Messages in order of arrival.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.messages.values()
    }

    /// Messages newest first, from below a place in the order.
    pub(super) fn messages_below(&self, number: u64) -> impl Iterator<Item = &Record> {
        self.messages.range(..number).rev().map(|(_, record)| record)
    }

    /// One message.
    pub fn message(&self, sid: &str) -> Option<&Record> {
        self.messages.get(self.by_sid.get(sid)?)
    }

    pub(super) fn message_mut(&mut self, sid: &str) -> Option<&mut Record> {
        self.messages.get_mut(self.by_sid.get(sid)?)
    }

    /// Requests to create messages in order of arrival.
    pub fn attempts(&self) -> impl DoubleEndedIterator<Item = &Attempt> {
        self.attempts.iter()
    }

    /// True if Twilio itself refuses texts from this sender to this person.
    pub fn is_opted_out(&self, sender: &str, person: &str) -> bool {
        self.opted_out.contains(&(sender.to_string(), person.to_string()))
    }

    /// Changes that; true if it was different before.
    pub(super) fn set_opted_out(&mut self, sender: &str, person: &str, out: bool) -> bool {
        let key = (sender.to_string(), person.to_string());
        if out { self.opted_out.insert(key) } else { self.opted_out.remove(&key) }
    }

    /// Replaces the faults for all requests, and counts anew.
    pub(super) fn set_faults(&mut self, faults: Faults) {
        self.faults = faults;
        self.creates = 0;
    }

    /// When this person last wrote.
    pub(super) fn last_inbound(&self, person: &str) -> Option<Timestamp> {
        self.last_inbound.get(person).copied()
    }

    /// This person has just written.
    pub(super) fn came_in(&mut self, person: &str) {
        self.last_inbound.insert(person.to_string(), Timestamp::now());
    }

    /// Keeps a message and gives it its place.
    pub(super) fn add(&mut self, mut record: Record) -> Record {
        record.number = self.next;
        self.next += 1;
        self.by_sid.insert(record.sid.clone(), record.number);
        self.messages.insert(record.number, record.clone());
        while self.messages.len() > KEPT {
            if let Some((_, oldest)) = self.messages.pop_first() {
                self.by_sid.remove(&oldest.sid);
            }
        }
        record
    }

    /// Forgets a message.
    pub(super) fn remove(&mut self, sid: &str) -> Option<Record> {
        self.messages.remove(&self.by_sid.remove(sid)?)
    }

    pub(super) fn log(&mut self, attempt: Attempt) {
        if self.attempts.len() == KEPT {
            self.attempts.pop_front();
        }
        self.attempts.push_back(attempt);
    }

    /// Moves a message on; a status of lower rank changes nothing, as at Twilio a report may come late but the message
    /// does not go back. Returns it as it stands then.
    pub(super) fn reach(&mut self, sid: &str, status: Status, code: Option<u32>) -> Option<Record> {
        let record = self.message_mut(sid)?;
        if record.status.merge(status) == Merge::Moves {
            record.status = status;
            record.error_code = code;
            record.updated = Timestamp::now();
            if status.rank() >= Status::Sent.rank() && status != Status::Failed && record.sent.is_none() {
                record.sent = Some(record.updated);
            }
        }
        Some(record.clone())
    }
}

/// A new id: two letters and 32 hex digits. By chance, not by count: a store outlives the pretend Twilio, and would
/// take an id it has seen for a repeat.
pub(super) fn sid(prefix: &str) -> String {
    let mut bytes = [0; 16];
    // Without chance the clock has to do; ids then differ by microseconds.
    if getrandom::fill(&mut bytes).is_err() {
        bytes = Timestamp::now().as_nanosecond().to_be_bytes();
    }
    format!("{prefix}{:032x}", u128::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn record(sid: String) -> Record {
        let now = Timestamp::now();
        Record {
            number: 0,
            sid,
            arrived_us: 0,
            direction: "outbound-api",
            from: None,
            to: "+15125550100".into(),
            body: String::new(),
            media: vec![],
            segments: 1,
            status: Status::Queued,
            error_code: None,
            service: None,
            status_callback: None,
            sent: None,
            updated: now,
            callbacks: vec![],
        }
    }

    #[test]
    fn only_the_newest_are_kept() {
        let mut state = State::new(&PretendConfig::new("AC1", "t", "http://a"));
        for n in 0..KEPT + 2 {
            state.add(record(format!("SM{n}")));
        }
        assert_eq!((state.messages().count(), state.by_sid.len()), (KEPT, KEPT));
        assert!(state.message("SM1").is_none());
        assert!(state.message("SM2").is_some());
        state.remove("SM2");
        assert_eq!((state.messages().count(), state.by_sid.len()), (KEPT - 1, KEPT - 1));
    }

    #[test]
    fn a_message_does_not_go_back() {
        let mut state = State::new(&PretendConfig::new("AC1", "t", "http://a"));
        state.add(record("SM1".into()));
        assert_eq!(state.reach("SM1", Status::Delivered, None).unwrap().status, Status::Delivered);
        assert_eq!(state.reach("SM1", Status::Sent, None).unwrap().status, Status::Delivered);
        assert!(state.message("SM1").unwrap().sent.is_some());
        assert!(state.reach("SM9", Status::Sent, None).is_none());
    }

    #[test]
    fn ids_have_twilios_form() {
        let id = sid("SM");
        assert!(id.len() == 34 && id.starts_with("SM") && id.chars().skip(2).all(|c| c.is_ascii_hexdigit()));
        assert_ne!(id, sid("SM"));
    }
}
