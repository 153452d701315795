//! Groups: whatever waits of one kind goes to the server in one script call.
//!
//! It never waits for a group to fill: alone, a call goes at once; while calls of its kind are under way, others gather.

use std::sync::Arc;

use redis::Value;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::store::{Error, Result};

use super::args::Args;
use super::{Shared, answers};

/// Calls in one script: some milliseconds of the server's only thread.
const MAX_GROUP: usize = 128;

/// Scripts of one kind under way: one runs while the next is on its way.
const UNDER_WAY: usize = 2;

/// Calls that may wait; beyond it callers wait for room.
const QUEUE: usize = 1_024;

/// One call and who waits for its answer.
struct Job {
    /// As the script reads them, with their number before them.
    args: Args,
    /// Its caller.
    reply: oneshot::Sender<Result<Value>>,
}

/// A kind of call.
pub struct Group(mpsc::Sender<Job>);

impl Group {
    /// Starts gathering calls of a script.
    pub fn start(name: &'static str, shared: Arc<Shared>) -> Group {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(gather(name, shared, waiting));
        Group(jobs)
    }

    /// Makes one call.
    pub async fn call(&self, args: Args) -> Result<Value> {
        let (reply, answer) = oneshot::channel();
        let mut counted = Args::default();
        counted.num(args.0.len());
        counted.0.extend(args.0);
        self.0.send(Job { args: counted, reply }).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

/// Nobody is there to ask.
fn closed() -> Error {
    Error::Unavailable("it is closed".to_owned())
}

/// Sends groups until the store is gone.
async fn gather(name: &'static str, shared: Arc<Shared>, mut waiting: mpsc::Receiver<Job>) {
    let under_way = Arc::new(Semaphore::new(UNDER_WAY));
    while let Some(first) = waiting.recv().await {
        let Ok(permit) = under_way.clone().acquire_owned().await else { return };
        let mut group = vec![first];
        while group.len() < MAX_GROUP
            && let Ok(job) = waiting.try_recv()
        {
            group.push(job);
        }
        let shared = shared.clone();
        tokio::spawn(async move {
            let _permit = permit;
            send(name, &shared, group).await;
        });
    }
}

/// One script call for all, and an answer for each.
async fn send(name: &'static str, shared: &Shared, group: Vec<Job>) {
    let mut count = Args::default();
    count.num(group.len());
    let (args, replies): (Vec<Args>, Vec<_>) = group.into_iter().map(|job| (job.args, job.reply)).unzip();
    let answers = shared.run(name, std::iter::once(count).chain(args).collect()).await.and_then(|answer| answers::list(answer.1));
    match answers {
        Ok(answers) => replies.into_iter().zip(answers).for_each(|(reply, answer)| drop(reply.send(Ok(answer)))),
        Err(error) => {
            let why = match error {
                Error::Unavailable(why) => why,
                other => other.to_string(),
            };
            replies.into_iter().for_each(|reply| drop(reply.send(Err(Error::Unavailable(why.clone())))));
        }
    }
}
