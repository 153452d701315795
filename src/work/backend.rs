//! apalis over our own store: the only file that knows it.
//!
//! A `Source` claims due work from a calendar of the store and says when the next is due. The backend claims exactly as many as there
//! are free places, sleeps until the due time or a signal, and never ends: a store that does not answer is waited for. What a handler
//! must do at the end (`commit`, `settle`) is its own business; apalis only runs it, with its panics caught.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use apalis::layers::WorkerBuilderExt;
use apalis_core::backend::finalize::Ephemeral;
use apalis_core::backend::{Backend, BackendConfig};
use apalis_core::monitor::Monitor;
use apalis_core::task::Task;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::worker::builder::WorkerBuilder;
use apalis_core::worker::context::WorkerContext;
use apalis_core::worker::ext::parallelize::ParallelizeExt;
use futures::future::BoxFuture;
use futures::task::AtomicWaker;
use tokio::sync::watch;
use tower::layer::util::Identity;

/// A signal can be missed only by a fault of ours; this bounds what such a fault costs. It is no tick: an idle daemon wakes so often and no oftener.
const FALLBACK: Duration = Duration::from_secs(5);

/// Least pause after a claim that brought nothing: something due that can't be had yet must not spin the worker.
const BREATH: Duration = Duration::from_millis(1);

/// How long handlers may take to finish once the daemon is told to stop: the deadline of a POST.
const DRAIN: Duration = Duration::from_secs(10);

/// Work from one calendar.
pub trait Source: Clone + Send + Sync + Unpin + 'static {
    /// One piece of work.
    type Job: Send + Unpin + 'static;

    /// Its name in logs and metrics.
    fn name(&self) -> &'static str;

    /// Claims at most so many. Never fails: what does not answer is an empty batch with a time to look again.
    fn claim(&self, room: usize) -> impl Future<Output = Batch<Self::Job>> + Send;

    /// Does one.
    fn handle(&self, job: Self::Job) -> impl Future<Output = ()> + Send;

    /// Gives back what was claimed and will not be done.
    fn give_back(&self, jobs: Vec<Self::Job>) -> impl Future<Output = ()> + Send;

    /// Raised when something is due earlier than was known. Taken before looking.
    fn signal(&self) -> watch::Receiver<u64>;
}

/// What a claim brought.
pub struct Batch<J> {
    /// To be done now.
    pub jobs: Vec<J>,
    /// When to look again; none: when signalled.
    pub wait: Option<Duration>,
}

/// Places for running handlers; a place is given back when its handler is done, however it ends.
struct Places {
    used: AtomicUsize,
    total: usize,
    waker: AtomicWaker,
}

/// A claimed job in its place.
pub struct Placed<J> {
    /// The job.
    job: J,
    /// Held until the handler ends.
    _place: Place,
}

struct Place(Arc<Places>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.used.fetch_sub(1, Ordering::AcqRel);
        self.0.waker.wake();
    }
}

type Claiming<J> = BoxFuture<'static, (Batch<J>, watch::Receiver<u64>)>;

/// A worker's view of its calendar.
struct Calendar<S: Source> {
    source: S,
    places: Arc<Places>,
    ready: VecDeque<S::Job>,
    claiming: Option<Claiming<S::Job>>,
    sleeping: Option<BoxFuture<'static, ()>>,
    closing: Option<BoxFuture<'static, ()>>,
    config: (),
}

/// Numbers tasks over the whole process: apalis wants each task under way to have its own name.
static TASKS: AtomicU64 = AtomicU64::new(1);

impl<S: Source> Calendar<S> {
    fn new(source: S, places: Arc<Places>) -> Calendar<S> {
        Calendar { source, places, ready: VecDeque::new(), claiming: None, sleeping: None, closing: None, config: () }
    }

    fn next_job(&mut self, cx: &mut Context<'_>) -> Poll<Placed<S::Job>> {
        loop {
            if let Some(job) = self.ready.pop_front() {
                self.places.used.fetch_add(1, Ordering::AcqRel);
                return Poll::Ready(Placed { job, _place: Place(self.places.clone()) });
            }
            if let Some(claiming) = &mut self.claiming {
                let Poll::Ready((batch, signal)) = claiming.as_mut().poll(cx) else { return Poll::Pending };
                self.claiming = None;
                let wait = if batch.jobs.is_empty() { batch.wait.map(|wait| wait.max(BREATH)) } else { batch.wait };
                self.ready.extend(batch.jobs);
                if wait != Some(Duration::ZERO) {
                    self.sleeping = Some(Box::pin(sleep(wait, signal)));
                }
                continue;
            }
            if let Some(sleeping) = &mut self.sleeping {
                if sleeping.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                self.sleeping = None;
            }
            self.places.waker.register(cx.waker());
            let room = self.places.total.saturating_sub(self.places.used.load(Ordering::Acquire));
            if room == 0 {
                return Poll::Pending;
            }
            let source = self.source.clone();
            self.claiming = Some(Box::pin(async move {
                let signal = source.signal();
                (source.claim(room).await, signal)
            }));
        }
    }
}

/// Until the due time, or a signal raised since the claim began.
async fn sleep(wait: Option<Duration>, mut signal: watch::Receiver<u64>) {
    tokio::select! {
        () = tokio::time::sleep(wait.unwrap_or(FALLBACK).min(FALLBACK)) => {}
        _ = signal.changed() => {}
    }
}

impl<S: Source> Backend for Calendar<S> {
    type Task = Task<Placed<S::Job>>;
    type Error = Infallible;

    fn poll_ready(&mut self, _: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(&mut self, cx: &mut Context<'_>, _: &WorkerContext) -> Poll<Option<Result<Self::Task, Infallible>>> {
        self.next_job(cx).map(|placed| {
            let number = TASKS.fetch_add(1, Ordering::Relaxed);
            Some(Ok(TaskBuilder::new(placed).task_id(number.into()).build()))
        })
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, _: &WorkerContext) -> Poll<Result<(), Infallible>> {
        if self.closing.is_none() {
            let source = self.source.clone();
            let mut jobs: Vec<S::Job> = self.ready.drain(..).collect();
            let claiming = self.claiming.take();
            self.closing = Some(Box::pin(async move {
                if let Some(claiming) = claiming {
                    jobs.extend(claiming.await.0.jobs);
                }
                if !jobs.is_empty() {
                    source.give_back(jobs).await;
                }
            }));
        }
        match &mut self.closing {
            Some(closing) => Pin::new(closing).poll(cx).map(Ok),
            None => Poll::Ready(Ok(())),
        }
    }
}

impl<S: Source> BackendConfig for Calendar<S> {
    type Args = Placed<S::Job>;
    type Id = u64;
    type Kind = Ephemeral;
    type Config = ();
    type Layer = Identity;

    fn config(&self) -> &() {
        &self.config
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> Identity {
        Identity::new()
    }
}

/// The daemon's workers.
pub struct Workers {
    /// apalis' own.
    monitor: Monitor,
    /// How many there are; a daemon that only listens has none.
    count: usize,
}

impl Workers {
    /// No workers yet.
    pub fn new() -> Workers {
        let monitor = Monitor::new().with_terminator(async { tokio::time::sleep(DRAIN).await }).should_restart(|_, error| {
            tracing::error!(%error, "a worker ended and is started again");
            true
        });
        Workers { monitor, count: 0 }
    }

    /// Adds a worker that runs up to `places` handlers of a source at once.
    pub fn add<S: Source>(self, source: S, places: usize) -> Workers {
        let places = Arc::new(Places { used: AtomicUsize::new(0), total: places, waker: AtomicWaker::new() });
        let monitor = self.monitor.register(move |restarts| {
            let handler = source.clone();
            let name = format!("{}-{}-{restarts}", source.name(), std::process::id());
            WorkerBuilder::new(name).backend(Calendar::new(source.clone(), places.clone())).parallelize(tokio::spawn).catch_panic().build(
                move |placed: Placed<S::Job>| {
                    let handler = handler.clone();
                    async move {
                        let Placed { job, _place } = placed;
                        handler.handle(job).await;
                    }
                },
            )
        });
        Workers { monitor, count: self.count + 1 }
    }

    /// Runs until `stop` is done and every handler has finished, ten seconds at most.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) {
        if self.count == 0 {
            return stop.await;
        }
        let signal = async {
            stop.await;
            Ok(())
        };
        // A task of its own: polled where its handlers run, so that the end of each need not wake the thread that started the daemon.
        match tokio::spawn(self.monitor.run_with_signal(signal)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "some workers did not finish in time"),
            Err(error) => tracing::error!(%error, "the workers' own task failed"),
        }
    }
}

impl Default for Workers {
    fn default() -> Self {
        Workers::new()
    }
}
