//! What only a file can be asked: closing and opening it again, locks, versions, damage, erasure.

use std::path::Path;
use std::sync::Arc;

use bridged::model::{Act, ConversationState, MessageStatus, Patch, Priority, Time};
use bridged::store::sqlite::{Durability, Options, Sqlite};
use bridged::store::{Error, Hold, HoldScope, MessageQuery, Shared, Store};
use tempfile::TempDir;

use super::world::{Hand, LEASE, World, all_consumed, conversation, open, phone, text};

/// A file in a folder of its own.
struct File {
    /// Gone with the test.
    folder: TempDir,
    /// Goes on while the file is closed.
    clock: Hand,
}

impl File {
    fn new() -> File {
        File { folder: TempDir::new().unwrap(), clock: Hand::new() }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("t.db")
    }

    /// Opens it, with fast lanes.
    async fn open(&self) -> World {
        let store: Shared = Arc::new(open(self.path(), &self.clock).unwrap());
        let world = World::over(store, self.clock.clone());
        world.fast().await;
        world
    }
}

/// Everything a person could see of a run, but for times.
async fn picture(w: &World) -> Vec<String> {
    let mut seen = Vec::new();
    for contact in w.store.contacts(0, 100).await.unwrap() {
        seen.push(format!("{} {:?} {}", contact.phone, contact.tags, contact.opted_out));
        let journal = w.store.journal(&contact.phone, 0, 100).await.unwrap();
        let consent: Vec<Act> = w.store.consent(&contact.phone).await.unwrap().into_iter().map(|line| line.act).collect();
        seen.push(format!("{} {consent:?}", journal.len()));
    }
    for row in w.store.messages(MessageQuery { limit: 100, ..MessageQuery::default() }).await.unwrap().items {
        seen.push(format!("{} {:?} {:?} {:?}", row.id, row.status, row.sid, row.reason));
    }
    seen.push(format!("{:?} {:?}", w.store.live_counts().await.unwrap(), w.store.counts("").await.unwrap()));
    seen.push(format!("{:?}", w.store.lanes().await.unwrap().into_iter().map(|row| (row.lane, row.waiting)).collect::<Vec<_>>()));
    seen.push(format!("{:?} {:?}", w.store.fact("f").await.unwrap(), w.store.list("l", 1, 5).await.unwrap()));
    seen
}

/// Operations that touch everything; each ends what it begins, so that nothing is under a lease between two of them.
async fn operate(w: &World, step: usize) {
    let who = phone(1);
    match step {
        0 => w.store.put_contacts(vec![Patch { tags: vec!["x".to_owned()], ..Patch::new(who) }], &[]).await.unwrap(),
        1 => w.queue(["m1", "m2", "m3", "m4"].map(|id| text(&who, id, Priority::Other)).to_vec()).await,
        2 | 5 | 9 => {
            for id in w.ids().await {
                w.accept(&id).await;
            }
        }
        3 => w.store.set_hold(HoldScope::Playbook("hello".to_owned()), Hold::Held).await.unwrap(),
        4 => assert!(w.ids().await.is_empty()),
        6 => {
            let row = conversation(&who, "1-1", ConversationState::Waiting, Time(5));
            w.step(&who, |commit| {
                commit.conversations = vec![row];
                commit.counts = vec![("n".to_owned(), 3)];
                commit.append = vec![("l".to_owned(), vec![phone(1), phone(2)])];
                commit.journal = Some(bridged::store::JournalEntry { at: Time(5), body: serde_json::json!({}) });
            })
            .await;
        }
        7 => w.store.set_fact("f", "v").await.unwrap(),
        8 => w.store.set_hold(HoldScope::Playbook("hello".to_owned()), Hold::Free).await.unwrap(),
        10 => w.store.slow(Some("a"), Time(i64::MAX / 4)).await.unwrap(),
        11 => assert!(w.ids().await.is_empty(), "slow stays slow"),
        12 => w.store.put_contacts(vec![Patch { opted_out: Some(true), ..Patch::new(who) }], &[]).await.unwrap(),
        13 => w.store.slow(Some("a"), Time(0)).await.unwrap(),
        _ => assert!(w.ids().await.is_empty(), "nothing to whoever is opted out"),
    }
}

#[tokio::test]
async fn opening_again_between_any_two_operations_changes_nothing() {
    let file = File::new();
    let memory = World::memory();
    memory.fast().await;
    for step in 0..15 {
        let world = file.open().await;
        operate(&world, step).await;
        operate(&memory, step).await;
        assert_eq!(picture(&world).await, picture(&memory).await, "after operation {step}");
        world.store.close().await.unwrap();
        let world = file.open().await;
        assert_eq!(picture(&world).await, picture(&memory).await, "opened again after operation {step}");
        world.store.close().await.unwrap();
    }
}

#[tokio::test]
async fn leases_end_with_their_daemon() {
    let file = File::new();
    let world = file.open().await;
    world.queue(vec![text(&phone(1), "m1", Priority::Other)]).await;
    assert_eq!(world.ids().await, ["m1"]);
    world.nudge(&phone(2)).await;
    let claimed = world.claim(&phone(2)).await;
    world.store.close().await.unwrap();
    let world = file.open().await;
    let again = world.claim(&phone(2)).await;
    assert_eq!((again.attempts, again.events.len()), (2, 1));
    assert_ne!(again.lease, claimed.lease);
    let unsure = world.store.unsure(10).await.unwrap();
    assert_eq!(unsure.messages.len(), 1, "looked up at once");
    assert_eq!(world.status("m1").await, MessageStatus::Unknown);
    assert!(world.ids().await.is_empty());
}

#[tokio::test]
async fn pace_and_clock_go_on_over_a_restart() {
    let file = File::new();
    let slow = bridged::model::pace::Pace::per_second(1.0);
    let world = file.open().await;
    world.speeds(&[("a", slow)]).await;
    for n in 0..2 {
        world.queue(vec![text(&phone(n), &format!("m{n}"), Priority::Other)]).await;
    }
    assert_eq!(world.ids().await.len(), 1);
    let last = world.store.now();
    world.store.close().await.unwrap();
    file.clock.set(Time(last.0 - 3_600_000_000));
    let world = file.open().await;
    assert!(world.store.now() > Time(last.0 - 1_000), "a clock set back does not move the store's");
    world.speeds(&[("a", slow)]).await;
    assert!(world.ids().await.is_empty(), "the speed was spent before the restart");
    file.clock.set(Time(last.0 + 1_010_000));
    assert_eq!(world.ids().await.len(), 1);
}

#[tokio::test]
async fn a_second_daemon_is_refused() {
    let file = File::new();
    let world = file.open().await;
    let second = open(file.path(), &file.clock);
    let Err(Error::Unusable(why)) = second.map(|_| ()) else { panic!("a second one was let in") };
    assert!(why.contains("t.db.lock") && why.contains("another bridged"), "{why}");
    world.store.close().await.unwrap();
    assert!(open(file.path(), &file.clock).is_ok(), "the lock goes with the daemon");
}

/// Changes a closed file by SQL.
fn change(path: &Path, sql: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[tokio::test]
async fn newer_and_strange_files_are_refused() {
    let file = File::new();
    file.open().await.store.close().await.unwrap();
    let why = |file: &File| open(file.path(), &file.clock).map(|_| ()).unwrap_err().to_string();
    change(&file.path(), "pragma user_version = 99");
    assert!(why(&file).contains("newer bridged"), "{}", why(&file));
    let strange = File::new();
    change(&strange.path(), "create table notes (n)");
    assert!(why(&strange).contains("another program"), "{}", why(&strange));
    let noise = File::new();
    std::fs::write(noise.path(), vec![7; 9_000]).unwrap();
    assert!(why(&noise).contains("can't be opened as a database"), "{}", why(&noise));
}

#[tokio::test]
async fn a_row_that_cannot_be_read_stays_alone() {
    let file = File::new();
    let world = file.open().await;
    for n in 1..=2 {
        world.store.put_contacts(vec![Patch::new(phone(n))], &[]).await.unwrap();
        world.nudge(&phone(n)).await;
    }
    world.store.close().await.unwrap();
    change(&file.path(), "update actors set contact = '{' where id = 1; update events set body = 'odd' where actor = 1");
    let world = file.open().await;
    let claim = world.store.claim(10, LEASE).await.unwrap();
    assert_eq!(claim.actors.len(), 2);
    let unreadable = |inbox: &bridged::store::Inbox| matches!(inbox, bridged::store::Inbox::Unreadable(..));
    assert!(claim.actors[0].events.iter().all(|(_, inbox)| unreadable(inbox)));
    assert_eq!(world.store.commit(all_consumed(&claim.actors[1])).await.unwrap(), bridged::store::Committed::Done);
    assert_eq!(world.store.contacts(0, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_erased_number_stands_in_no_file() {
    let file = File::new();
    let world = file.open().await;
    let who = phone(77);
    world.store.put_contacts(vec![Patch { opted_out: Some(true), ..Patch::new(who.clone()) }], &[]).await.unwrap();
    world.queue(vec![text(&who, "m1", Priority::Other)]).await;
    assert!(world.store.erase(&who).await.unwrap());
    for entry in file.folder.path().read_dir().unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes.windows(who.0.len()).any(|window| window == who.0.as_bytes());
        assert!(!found, "{} still holds the number", path.display());
    }
}

#[tokio::test]
async fn the_machines_clock_and_normal_durability_work_too() {
    let folder = TempDir::new().unwrap();
    let store = Sqlite::open(Options { path: folder.path().join("t.db"), durability: Durability::Normal, clock: None }).unwrap();
    let (first, second) = (store.now(), store.now());
    assert!(second > first);
    store.ping().await.unwrap();
    store.set_fact("f", "v").await.unwrap();
    assert!(store.fatal().borrow().is_none());
    store.close().await.unwrap();
    assert!(matches!(store.ping().await, Err(Error::Unavailable(_))), "closed is closed");
}
