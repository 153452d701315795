//! `bridged stop`, `resume`: a playbook's starts and texts held, and let go.
//!
//! Texts are held by a flag that every claim reads, so the next one to leave is already held. Starts stand before their first step, each as
//! a conversation that can be seen, ended and counted. Which playbooks are stopped is one fact in the store, which every daemon reads again
//! each second. One that is resumed stays in it as `resuming` until everybody who stood there has been told, twice: the second time reaches
//! those whom another daemon held back in the second before it knew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::live::Live;
use crate::model::event::BroadcastOrder;
use crate::model::{Actor, BroadcastState, ConversationRow, ConversationState, Event, Happening};
use crate::store::{self, ConversationQuery, Hold, HoldScope, MAX_PAGE, Post, Shared};

/// The fact's name.
const STOPPED: &str = "stopped";

/// Every daemon has read the fact again by then: it looks once a second.
const EVERYBODY_KNOWS: Duration = Duration::from_secs(3);

/// As many events wait as the store takes: tried again after this.
const FULL_PAUSE: Duration = Duration::from_millis(200);

/// How far a playbook is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stop {
    /// Nothing starts, nothing leaves.
    Stopped,
    /// It goes on; those who stood before their first step are being told.
    Resuming,
}

type Stops = BTreeMap<String, Stop>;

async fn read(store: &Shared) -> store::Result<Stops> {
    // Written by `write` alone; a fact of another version that can't be read holds nobody.
    Ok(store.fact(STOPPED).await?.and_then(|fact| serde_json::from_str(&fact).ok()).unwrap_or_default())
}

async fn write(store: &Shared, live: &Live, stops: &Stops) -> store::Result<()> {
    store.set_fact(STOPPED, &serde_json::to_string(stops).unwrap_or_default()).await?;
    live.set_stopped(stopped(stops));
    Ok(())
}

fn stopped(stops: &Stops) -> BTreeSet<String> {
    stops.iter().filter(|(_, stop)| **stop == Stop::Stopped).map(|(name, _)| name.clone()).collect()
}

/// Reads again which playbooks are stopped: another daemon may have been told.
pub async fn refresh(store: &Shared, live: &Live) -> store::Result<()> {
    let _one = live.changing.lock().await;
    live.set_stopped(stopped(&read(store).await?));
    Ok(())
}

/// Holds a playbook's starts and texts. With `end` its conversations end too, outcome `stopped`. From the answer on nothing of it begins
/// to leave.
pub async fn stop(store: &Shared, live: &Live, playbook: &str, end: bool) -> store::Result<()> {
    {
        let _one = live.changing.lock().await;
        let mut stops = read(store).await?;
        stops.insert(playbook.to_owned(), Stop::Stopped);
        store.set_hold(HoldScope::Playbook(playbook.to_owned()), Hold::Held).await?;
        write(store, live, &stops).await?;
    }
    if end {
        tell(store, playbook, &ConversationState::LIVE, &Happening::Stopped { playbook: playbook.to_owned() }).await?;
    }
    Ok(())
}

/// Lets a playbook's starts and texts go. What is left to do goes on behind the answer, and after a crash at the next start.
pub async fn resume(store: &Shared, live: &Arc<Live>, playbook: &str) -> store::Result<()> {
    {
        let _one = live.changing.lock().await;
        let mut stops = read(store).await?;
        stops.insert(playbook.to_owned(), Stop::Resuming);
        write(store, live, &stops).await?;
        store.set_hold(HoldScope::Playbook(playbook.to_owned()), Hold::Free).await?;
    }
    tell_resumed(store, playbook).await?;
    tokio::spawn(finish(store.clone(), live.clone(), playbook.to_owned()));
    Ok(())
}

/// Goes on with what the last daemon was at when it ended.
pub async fn go_on(store: &Shared, live: &Arc<Live>) -> store::Result<()> {
    let stops = read(store).await?;
    live.set_stopped(stopped(&stops));
    for (playbook, _) in stops.into_iter().filter(|(_, stop)| *stop == Stop::Resuming) {
        tokio::spawn(finish(store.clone(), live.clone(), playbook));
    }
    Ok(())
}

/// Tells a last time that a playbook goes on, and then forgets that it was ever stopped, unless it has been stopped again.
async fn finish(store: Shared, live: Arc<Live>, playbook: String) {
    tokio::time::sleep(EVERYBODY_KNOWS).await;
    let done = async {
        tell_resumed(&store, &playbook).await?;
        let _one = live.changing.lock().await;
        let mut stops = read(&store).await?;
        if stops.get(&playbook) == Some(&Stop::Resuming) {
            stops.remove(&playbook);
            write(&store, &live, &stops).await?;
        }
        Ok::<_, store::Error>(())
    };
    if let Err(error) = done.await {
        tracing::warn!(playbook, %error, "not everybody could be told that the playbook goes on; it is done again at the next start, or by `bridged resume`");
    }
}

async fn tell_resumed(store: &Shared, playbook: &str) -> store::Result<()> {
    // Only those who wait can be standing before their first step.
    tell(store, playbook, &[ConversationState::Waiting], &Happening::Resumed { playbook: playbook.to_owned() }).await?;
    let mut cursor = None;
    loop {
        let page = store.broadcasts(cursor, MAX_PAGE).await?;
        let now = store.now();
        let running = page.items.into_iter().filter(|row| row.playbook == playbook && row.state == BroadcastState::Running);
        let pull = Event::new(now, Happening::Broadcast { order: BroadcastOrder::Pull });
        let posts = running.map(|row| Post { to: Actor::Broadcast(row.id), event: pull.clone(), due: now, id: None, suppress: None }).collect();
        post(store, posts).await?;
        cursor = page.next;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

/// Tells everybody in a playbook's conversations of these states. Once for each conversation: who has several hears it several times, and
/// nothing comes of the second.
pub(super) async fn tell(store: &Shared, playbook: &str, states: &[ConversationState], what: &Happening) -> store::Result<()> {
    let mut query =
        ConversationQuery { playbook: Some(playbook.to_owned()), states: states.to_vec(), limit: MAX_PAGE, ..ConversationQuery::default() };
    loop {
        let page = store.conversations(query.clone()).await?;
        let now = store.now();
        let one = |row: ConversationRow| {
            let event = Event::new(now, what.clone());
            Post { to: Actor::Contact(row.contact), event, due: now, id: None, suppress: None }
        };
        post(store, page.items.into_iter().map(one).collect()).await?;
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return Ok(()),
        }
    }
}

/// Posts, and waits while the store is full: it is worked off by the turns meanwhile.
async fn post(store: &Shared, posts: Vec<Post>) -> store::Result<()> {
    loop {
        match store.post(posts.clone()).await {
            Err(store::Error::Full(_)) => tokio::time::sleep(FULL_PAUSE).await,
            other => return other.map(drop),
        }
    }
}
