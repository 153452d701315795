//! What runs beside the calls: the beat, the ears for other daemons, and the mending of connections.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures::StreamExt;
use tokio::task::AbortHandle;

use crate::store::Result;

use super::args::Args;
use super::{DAEMON, Shared, answers};

/// How often a daemon says that it lives; also what a lost signal costs at most.
pub const BEAT: Duration = Duration::from_secs(1);

/// A daemon whose own beats were further apart than this was cut off, and so perhaps were the others: it judges nobody.
const STEADY: Duration = Duration::from_millis(2_500);

/// Beats without an answer after which the connection is made anew.
const DOUBTS: u32 = 3;

/// What the server's clock is followed back with each beat, in microseconds: clocks drift less than this in a second.
const RELAX_US: i64 = 200;

/// How long a daemon waits before it listens again after its ears broke.
const EARS_PAUSE: Duration = Duration::from_millis(500);

/// Starts all of it.
pub fn start(shared: &Arc<Shared>) -> Vec<AbortHandle> {
    let mending = shared.clone();
    let mend = tokio::spawn(async move {
        loop {
            mending.link.mend().await;
            tracing::info!("Redis answers again");
            // Whoever waits looks again, whatever they were told before.
            mending.raise("txcu");
        }
    });
    let tasks = [mend, tokio::spawn(beats(shared.clone())), tokio::spawn(listen(shared.clone()))];
    tasks.iter().map(tokio::task::JoinHandle::abort_handle).collect()
}

/// One beat: says that this daemon lives and wakes its sleepers where something is due already.
pub async fn beat(shared: &Shared, judges: bool, leaves: bool) -> Result<()> {
    let mut args = Args::default();
    args.flag(judges).flag(leaves);
    let (_, [daemons, turns, texts, calls, unsure]) = shared.script("beat", args).await?;
    shared.others.store(answers::int(&daemons)? > 1, Ordering::Release);
    for (due, letter) in [(turns, "t"), (texts, "x"), (calls, "c"), (unsure, "u")] {
        if answers::int(&due)? != 0 {
            shared.raise(letter);
        }
    }
    Ok(())
}

/// Beats for good.
async fn beats(shared: Arc<Shared>) {
    let (mut last, mut doubts) = (None::<Instant>, 0);
    loop {
        tokio::time::sleep(BEAT).await;
        let steady = last.is_some_and(|last| last.elapsed() < STEADY);
        if let Some(reckoning) = &shared.reckoning {
            reckoning.relax(RELAX_US);
        }
        match beat(&shared, steady, false).await {
            Ok(()) => {
                (last, doubts) = (Some(Instant::now()), 0);
                if shared.link.take_failed() {
                    shared.returned.send_modify(|count| *count += 1);
                }
            }
            Err(error) => {
                tracing::debug!(%error, "a beat was not answered");
                doubts += 1;
                if doubts >= DOUBTS {
                    shared.link.doubt();
                    doubts = 0;
                }
            }
        }
    }
}

/// Hears what other daemons made due, for good.
async fn listen(shared: Arc<Shared>) {
    loop {
        match shared.link.listen().await {
            Ok(mut ears) => {
                let mut said = ears.on_message();
                while let Some(message) = said.next().await {
                    let word = message.get_payload::<String>().unwrap_or_default();
                    // A daemon knows what it made due itself.
                    if let Some((who, letters)) = word.split_at_checked(DAEMON)
                        && who != shared.me
                    {
                        shared.raise(letters);
                    }
                }
            }
            Err(error) => tracing::debug!(%error, "other daemons can't be heard"),
        }
        tokio::time::sleep(EARS_PAUSE).await;
    }
}
