//! What the cases stand on: a store with a clock moved by hand, and short names for the values they need.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bridged::model::event::Answer;
use bridged::model::pace::Pace;
use bridged::model::{
    Actor, Address, Channel, Class, ConversationId, ConversationRow, ConversationState, Event, Happening, MessageId, MessageStatus, Outgoing,
    Payload, Phone, PlanHash, Priority, Text, Time,
};
use bridged::store::sqlite::{Durability, Options, Sqlite};
use bridged::store::{Claimed, ClaimedSend, Commit, Committed, Inbox, LaneSpeed, Memory, Outcome, Post, SendKind, Settle, Shared, Speeds};
use tempfile::TempDir;

use crate::support::redis as server;

/// Leases in the cases.
pub const LEASE: Duration = Duration::from_secs(5);

/// A pace that never makes a text wait in a case that is not about pace: the credit for lateness carries hundreds of texts.
pub const FAST: Pace = Pace { interval_us: 1 };

/// A clock moved by hand.
#[derive(Clone)]
pub struct Hand(Arc<AtomicI64>);

impl Hand {
    /// Some day in 2023.
    pub fn new() -> Hand {
        Hand(Arc::new(AtomicI64::new(1_700_000_000_000_000)))
    }

    /// Moves on.
    pub fn pass(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }

    /// Moves to that moment.
    pub fn set(&self, to: Time) {
        self.0.store(to.0, Ordering::SeqCst);
    }

    /// As stores take a clock.
    pub fn source(&self) -> bridged::store::clock::Source {
        let hand = self.clone();
        Arc::new(move || Time(hand.0.load(Ordering::SeqCst)))
    }
}

/// A store, its clock and its folder.
pub struct World {
    /// What is tested.
    pub store: Shared,
    /// Its time.
    pub clock: Hand,
    /// Where its file lies; gone with the world.
    _folder: Option<TempDir>,
}

impl World {
    /// On memory.
    pub fn memory() -> World {
        let clock = Hand::new();
        World { store: Arc::new(Memory::new(clock.source())), clock, _folder: None }
    }

    /// On a store that the case opened itself.
    pub fn over(store: Shared, clock: Hand) -> World {
        World { store, clock, _folder: None }
    }

    /// On a fresh SQLite file, with every sync that a power cut asks for.
    pub fn sqlite() -> World {
        let (clock, folder) = (Hand::new(), TempDir::new().unwrap());
        let store = open(folder.path().join("t.db"), &clock).unwrap();
        World { store: Arc::new(store), clock, _folder: Some(folder) }
    }

    /// On a server that all cases share, each under a prefix of its own.
    pub async fn redis() -> World {
        let clock = Hand::new();
        let options = bridged::store::redis::Options { url: server::shared().url(), clock: Some(clock.source()) };
        let store = bridged::store::redis::Redis::open(options).await.unwrap();
        World { store: Arc::new(store), clock, _folder: None }
    }

    /// All stores, for properties.
    pub async fn all() -> [World; 3] {
        [World::memory(), World::sqlite(), World::redis().await]
    }

    /// Lanes `a` and `b`, as fast as can be.
    pub async fn fast(&self) {
        self.speeds(&[("a", FAST), ("b", FAST)]).await;
    }

    /// Lanes with their own speeds, without an account's.
    pub async fn speeds(&self, lanes: &[(&str, Pace)]) {
        let lanes = lanes.iter().map(|(name, pace)| ((*name).to_owned(), LaneSpeed { pace: *pace, account: false })).collect();
        self.store.set_speeds(Speeds { lanes, ..Speeds::default() }).await.unwrap();
    }

    /// Posts that time has passed.
    pub async fn nudge(&self, to: &Phone) {
        let now = self.store.now();
        self.store.post(vec![post(to, now)]).await.unwrap();
    }

    /// Claims everybody due and gives back all but one.
    pub async fn claim(&self, who: &Phone) -> Claimed {
        let actor = Actor::Contact(who.clone());
        let mut found = None;
        for claimed in self.store.claim(1_000, LEASE).await.unwrap().actors {
            if claimed.actor == actor {
                found = Some(claimed);
            } else {
                self.store.release(&claimed.actor, claimed.lease, self.store.now(), false).await.unwrap();
            }
        }
        found.expect("the contact is due")
    }

    /// One step of a contact: an event, a claim, a commit that consumes what came and changes what the case says.
    pub async fn step(&self, who: &Phone, change: impl FnOnce(&mut Commit)) -> Committed {
        self.nudge(who).await;
        let claimed = self.claim(who).await;
        let mut commit = all_consumed(&claimed);
        change(&mut commit);
        self.store.commit(commit).await.unwrap()
    }

    /// Queues texts of a contact.
    pub async fn queue(&self, texts: Vec<Outgoing>) {
        let who = texts.first().unwrap().contact.clone();
        assert_eq!(self.step(&who, |commit| commit.queue = texts).await, Committed::Done);
    }

    /// Texts that may go now.
    pub async fn sends(&self) -> Vec<ClaimedSend> {
        self.store.claim_sends(SendKind::Texts, 100, LEASE).await.unwrap().sends
    }

    /// Their names, which is what most cases ask.
    pub async fn ids(&self) -> Vec<String> {
        self.sends().await.into_iter().map(|send| send.outgoing.id.0).collect()
    }

    /// Settles an attempt.
    pub async fn settle(&self, id: &str, attempt: u32, outcome: Outcome) -> bool {
        self.store.settle(Settle { message: id.into(), attempt, outcome }).await.unwrap()
    }

    /// Settles a first attempt as accepted.
    pub async fn accept(&self, id: &str) {
        assert!(self.settle(id, 1, accepted(id)).await, "{id} was open");
    }

    /// What the contact is told, consuming it.
    pub async fn told(&self, who: &Phone) -> Vec<Happening> {
        let claimed = self.claim(who).await;
        let told = happenings(&claimed);
        assert_eq!(self.store.commit(all_consumed(&claimed)).await.unwrap(), Committed::Done);
        told
    }

    /// Where a message has got to.
    pub async fn status(&self, id: &str) -> MessageStatus {
        self.store.message(&id.into()).await.unwrap().expect("the message is kept").status
    }

    /// Moves on by seconds, and a little, as each reading of the store's clock has moved that on too.
    pub fn pass(&self, seconds: u64) {
        self.clock.pass(Duration::from_millis(seconds * 1_000 + 1));
    }
}

/// Opens a SQLite store on a clock.
pub fn open(path: std::path::PathBuf, clock: &Hand) -> bridged::store::Result<Sqlite> {
    Sqlite::open(Options { path, durability: Durability::Full, clock: Some(clock.source()) })
}

/// A commit that consumes all that was claimed and changes nothing.
pub fn all_consumed(claimed: &Claimed) -> Commit {
    let mut commit = Commit::new(claimed, b"state".to_vec());
    commit.consumed = claimed.events.iter().map(|(number, _)| *number).collect();
    commit
}

/// What happened, by a claim.
pub fn happenings(claimed: &Claimed) -> Vec<Happening> {
    let read = |inbox: &Inbox| match inbox {
        Inbox::Event(event) => event.what.clone(),
        Inbox::Unreadable(_, why) => panic!("an event can't be read: {why}"),
    };
    claimed.events.iter().map(|(_, inbox)| read(inbox)).collect()
}

/// A contact's number.
pub fn phone(number: u32) -> Phone {
    Phone(format!("+1555{number:07}"))
}

/// An event due then that says nothing but that.
pub fn post(to: &Phone, due: Time) -> Post {
    Post { to: Actor::Contact(to.clone()), event: Event::new(due, Happening::Clock), due, id: None, suppress: None }
}

/// An API event of that name, due then.
pub fn named(to: &Phone, name: &str, due: Time) -> Post {
    let what = Happening::Api { name: name.to_owned(), data: serde_json::Value::Null, key: None };
    Post { event: Event::new(due, what), ..post(to, due) }
}

/// The names of API events.
pub fn names(claimed: &Claimed) -> Vec<String> {
    let name = |what: Happening| match what {
        Happening::Api { name, .. } => name,
        other => format!("{other:?}"),
    };
    happenings(claimed).into_iter().map(name).collect()
}

/// A text of one segment on lane `a`.
pub fn text(to: &Phone, id: &str, priority: Priority) -> Outgoing {
    Outgoing {
        id: id.into(),
        contact: to.clone(),
        conversation: None,
        playbook: Some("hello".to_owned()),
        step: None,
        broadcast: None,
        class: Class::Conversational,
        lane: "a".to_owned(),
        priority,
        cost: 1,
        valid_until: None,
        to_opted_out: false,
        jumps: false,
        quiet: false,
        resend_unknown: true,
        created_at: Time(1_700_000_000_000_000),
        payload: Payload::Text(Text {
            from: Address::new(Channel::Sms, "+15550100"),
            to: Address::new(Channel::Sms, to.as_str()),
            body: format!("text {id}"),
            media: Vec::new(),
            content: None,
            links: Vec::new(),
        }),
    }
}

/// Twilio has it.
pub fn accepted(id: &str) -> Outcome {
    Outcome::Accepted { sid: format!("SM{id}"), segments: None }
}

/// Twilio refused it.
pub fn refused() -> Outcome {
    Outcome::Failed { code: Some(21_211), why: "not a number".to_owned(), status: MessageStatus::Failed }
}

/// A call was answered.
pub fn answered() -> Outcome {
    Outcome::Called(Answer::Failure { why: "nobody there".to_owned() })
}

/// A conversation at a step.
pub fn conversation(who: &Phone, id: &str, state: ConversationState, at: Time) -> ConversationRow {
    ConversationRow {
        id: ConversationId(id.to_owned()),
        contact: who.clone(),
        playbook: "hello".to_owned(),
        version: PlanHash("v1".to_owned()),
        key: None,
        state,
        step: Some("ask".to_owned()),
        outcome: None,
        goal: false,
        broadcast: None,
        vars: serde_json::Map::new(),
        started_at: at,
        ended_at: (state == ConversationState::Ended).then_some(at),
    }
}

/// A report of Twilio's about a text of ours.
pub fn report(id: &str, word: &str) -> bridged::store::Report {
    let status = MessageStatus::parse(word);
    bridged::store::Report { message: Some(MessageId(id.to_owned())), sid: format!("SM{id}"), status, word: word.to_owned(), code: None }
}
