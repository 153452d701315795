//! The daemon, put together: the one page to read after `lib.rs`.
//!
//! Settings → pretend Twilio (if asked for) → store → playbooks → listeners → workers; then it waits for a signal, lets what is under
//! way finish, and closes the store.

mod account;
mod phones;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::config::{self, Config, StoreUrl};
use crate::console::{Console, Phones};
use crate::http::{self, Doors, Gate, Limits, Tally};
use crate::model::Time;
use crate::playbook::{Fault, Level, PlanSet, show};
use crate::store::{self, Memory, Shared, redis, sqlite};
use crate::text::Length;
use crate::twilio::client::Client;
use crate::twilio::pretend::{self, Pretend, PretendConfig, PretendSender};
use crate::twilio::signature::Verifier;
use crate::work::backend::Workers;
use crate::work::calling::Calling;
use crate::work::calls::Caller;
use crate::work::reconcile::Reconcile;
use crate::work::reload::{self, Folder};
use crate::work::sending::Sending;
use crate::work::turns::Turns;
use crate::work::{Health, Live, catch_up, live, stopping};

use account::TwilioAccount;
use phones::{PretendPhones, Turning};

/// Turns that run at once: the store takes what arrives together in one write, so a few hundred keep it busy.
const TURNS: usize = 256;

/// Texts in hand for each request to Twilio that may be under way: one is POSTed while others are written down before and after theirs.
const PLACES_A_CONNECTION: usize = 2;

/// HTTP calls of playbooks under way at once.
const CALLS: usize = 64;

/// Texts of unknown fate looked up at once: each is one or two requests to Twilio.
const LOOKUPS: usize = 4;

/// The pretend Twilio's place: the port after the console's, where it is free.
const PRETEND_PORT_AFTER_CONSOLE: u16 = 1;

/// Nobody ran on the store for longer than this: what fell due meanwhile waits until missed texts have been fetched.
const AWAY: Duration = Duration::from_secs(60);

/// How often a daemon notes that it lives; half of `AWAY`, so that no restart is taken for an absence.
const ALIVE_EVERY: Duration = Duration::from_secs(30);

/// How often what is older than `retention` is let go, and how many rows at a time.
const FORGET_EVERY: Duration = Duration::from_secs(3600);
/// See `FORGET_EVERY`.
const FORGET_ROWS: usize = 1_000;

/// A part of the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Both listeners.
    Web,
    /// Contacts, broadcasts, schedules.
    Conversations,
    /// Texts, calls, reconciliation, catch-up.
    Sending,
}

/// How `serve` was asked to run.
#[derive(Clone, Debug, Default)]
pub struct ServeOptions {
    /// Against the built-in Twilio.
    pub pretend: bool,
    /// Only these parts; empty: all.
    pub only: Vec<Role>,
}

impl ServeOptions {
    fn has(&self, role: Role) -> bool {
        self.only.is_empty() || self.only.contains(&role)
    }
}

/// Why the daemon did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A port is taken, or may not be used.
    #[error("`{key}` is {address}, where nothing can listen: {why}; stop what uses it or set `{key}` to another port")]
    Listen {
        /// The setting.
        key: &'static str,
        /// Its value.
        address: SocketAddr,
        /// In the system's words.
        why: std::io::Error,
    },
    /// The store can't be used.
    #[error("`store`: {0}")]
    Store(#[from] store::Error),
    /// The store belongs to another account.
    #[error("the store belongs to the Twilio account {of}, but `twilio.account_sid` is {wanted}; use a store of its own for each account")]
    Account {
        /// Whose it is.
        of: String,
        /// Whose the settings are.
        wanted: String,
    },
    /// The playbooks can't come into force.
    #[error("{0}")]
    Playbooks(String),
    /// The disk failed under the store.
    #[error("the disk failed under the store: {0}; start again once it is sound, nothing acknowledged is lost")]
    Fatal(String),
    /// Something else that must be there is not.
    #[error("{0}")]
    Other(String),
}

/// Runs the daemon until it is told to stop.
pub async fn serve(mut config: Config, options: ServeOptions) -> Result<(), Error> {
    let began = Instant::now();
    let pretend = if options.pretend { Some(start_pretend(&mut config).await?) } else { None };
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let clock = options.pretend.then(Turning::default);
    let Opened { store, fatal, returned } = open_store(&config, clock.as_ref()).await?;
    if let Some(clock) = &clock {
        clock.go_on(&store).await?;
    }
    claim_account(&store, &config.twilio.account_sid).await?;
    let workspace = Arc::new(config.workspace.clone());
    let folder = Folder { playbooks: config.playbooks.clone(), templates: config.templates.clone() };
    let stamp = reload::stamp(&folder);
    let (set, faults) = load_playbooks(&folder, &workspace, store.now())?;
    live::keep_plans(&store, &set).await?;
    store.set_speeds(config.speeds()).await?;
    let live = Arc::new(Live::new(set, store.now(), faults));
    let in_use = store.plans_in_use().await?;
    live.need(&store, in_use.iter()).await;
    stopping::go_on(&store, &live).await?;
    let health = Arc::new(Health::default());
    health.flow.go_on(&store).await?;
    let client = Arc::new(Client::new(config.twilio.client()).map_err(|error| Error::Other(error.to_string()))?);

    let was_away = options.has(Role::Sending) && catch_up::away(&store).await? > AWAY;
    let begin = watch::Sender::new(!was_away);
    let (stop, stopped) = watch::channel(false);
    let mut web = None;
    if options.has(Role::Web) {
        let phones = pretend
            .as_ref()
            .zip(clock.clone())
            .map(|(twilio, clock)| Arc::new(PretendPhones::new(twilio.pretend().clone(), &config, store.clone(), clock)) as Arc<dyn Phones>);
        let account = Arc::new(TwilioAccount::new(client.clone(), &config, options.pretend));
        web = Some(start_web(&config, (&folder, phones, account), (&store, &live, &health), &stopped).await?);
    }
    let mut workers = Workers::new();
    if options.has(Role::Conversations) {
        let turns = Turns { store: store.clone(), live: live.clone(), health: health.clone(), begin: begin.subscribe() };
        workers = workers.add(turns, TURNS);
        reload::wake_schedules(&store, &live).await;
        let (store, live) = (store.clone(), live.clone());
        tokio::spawn(async move { reload::tell_movers(&store, &live).await });
    }
    if options.has(Role::Sending) {
        let caller = Arc::new(Caller::new(&workspace.http_allow, (*workspace.secrets).clone()));
        let sending =
            Sending { store: store.clone(), client: client.clone(), public_url: Arc::from(config.public_url.as_str()), health: health.clone() };
        let reconcile = Reconcile { store: store.clone(), client: client.clone(), live: live.clone(), health: health.clone() };
        workers = workers
            .add(sending, config.twilio.concurrency * PLACES_A_CONNECTION)
            .add(Calling { store: store.clone(), caller, health: health.clone() }, CALLS)
            .add(reconcile, LOOKUPS);
    }
    let watching = tokio::spawn(reload::watch(folder, stamp, store.clone(), live.clone()));
    let keeping = tokio::spawn(keep_house(store.clone(), health.clone(), config.retention));
    let catching = options.has(Role::Sending).then(|| tokio::spawn(fetch_missed(store.clone(), client, workspace, begin, returned)));
    greet(&config, &options, pretend.as_ref(), web.as_ref(), began);

    let ended = run_until_stopped(workers, stop, fatal).await;
    watching.abort();
    keeping.abort();
    if let Some(catching) = catching {
        catching.abort();
    }
    if let Some(web) = web {
        web.finished.await;
    }
    let kept = health.flow.keep(&store).await;
    store.close().await?;
    kept?;
    tracing::info!("stopped; nothing is lost");
    ended
}

/// Runs the workers until a signal, or until the store says that the process must end. A second signal ends at once.
async fn run_until_stopped(workers: Workers, stop: watch::Sender<bool>, fatal: Option<watch::Receiver<Option<String>>>) -> Result<(), Error> {
    let why = Arc::new(std::sync::Mutex::new(None));
    let told = why.clone();
    workers
        .run(async move {
            tokio::select! {
                () = signalled() => {}
                reason = failed(fatal) => *told.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(reason),
            }
            tracing::info!("stopping: texts under way are finished first, 10 s at most");
            stop.send_replace(true);
            tokio::spawn(async {
                signalled().await;
                tracing::warn!("stopped at once; what was under way is looked up at the next start");
                std::process::exit(0);
            });
        })
        .await;
    let reason = why.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    reason.map_or(Ok(()), |reason| Err(Error::Fatal(reason)))
}

/// SIGTERM or Ctrl-C.
async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

async fn failed(fatal: Option<watch::Receiver<Option<String>>>) -> String {
    let Some(mut fatal) = fatal else { return std::future::pending().await };
    loop {
        if let Some(reason) = fatal.borrow_and_update().clone() {
            return reason;
        }
        if fatal.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

/// Starts the pretend Twilio with the settings' numbers and turns all requests to it, whatever credentials are set.
async fn start_pretend(config: &mut Config) -> Result<pretend::Handle, Error> {
    let token = config.twilio.auth_token.reveal().to_owned();
    let mut settings = PretendConfig::new(&config.twilio.account_sid, &token, &config.public_url);
    settings.keys = vec![(config.twilio.auth.user.clone(), config.twilio.auth.secret.clone())];
    for sender in &config.workspace.senders {
        let names = sender.numbers.iter().map(|number| number.0.clone()).chain(sender.service.clone());
        settings.senders.extend(names.map(|number| PretendSender { number, kind: sender.kind }));
    }
    let mut beside = config.console;
    beside.set_port(config.console.port().saturating_add(PRETEND_PORT_AFTER_CONSOLE));
    settings.listen = beside;
    let handle = match Pretend::start(settings.clone()).await {
        Ok(handle) => handle,
        Err(_) => {
            settings.listen.set_port(0);
            Pretend::start(settings).await.map_err(|why| Error::Listen { key: "console", address: beside, why })?
        }
    };
    config.twilio.api_base = handle.api_base();
    Ok(handle)
}

/// A store that was opened.
struct Opened {
    /// The store.
    store: Shared,
    /// Says why the process must end, where a store can say so.
    fatal: Option<watch::Receiver<Option<String>>>,
    /// Counts outages that are over, where a store can have them.
    returned: Option<watch::Receiver<u64>>,
}

/// Opens the store that the settings name. With a clock of its own where one can be turned.
async fn open_store(config: &Config, clock: Option<&Turning>) -> Result<Opened, Error> {
    match &config.store {
        StoreUrl::Sqlite(path) => {
            let durability = match config.durability {
                config::Durability::Full => sqlite::Durability::Full,
                config::Durability::Normal => sqlite::Durability::Normal,
            };
            let opened = sqlite::Sqlite::open(sqlite::Options { path: path.clone(), durability, clock: clock.map(Turning::source) })?;
            let fatal = opened.fatal();
            Ok(Opened { store: Arc::new(opened), fatal: Some(fatal), returned: None })
        }
        StoreUrl::Memory => {
            let clock = clock.map_or_else(wall_clock, Turning::source);
            Ok(Opened { store: Arc::new(Memory::new(clock)), fatal: None, returned: None })
        }
        StoreUrl::Redis(url) => {
            let opened = redis::Redis::open(redis::Options { url: url.reveal().to_owned(), clock: clock.map(Turning::source) }).await?;
            let returned = Some(opened.returned());
            Ok(Opened { store: Arc::new(opened), fatal: None, returned })
        }
    }
}

/// The machine's clock, for a store in memory.
fn wall_clock() -> Arc<dyn Fn() -> Time + Send + Sync> {
    Arc::new(|| Time::from(jiff::Timestamp::now()))
}

/// A store belongs to the account that first used it.
async fn claim_account(store: &Shared, account: &str) -> Result<(), Error> {
    const OWNER: &str = "twilio_account";
    match store.fact(OWNER).await? {
        Some(of) if of != account => Err(Error::Account { of, wanted: account.to_owned() }),
        Some(_) => Ok(()),
        None => {
            store.set_fact(OWNER, account).await?;
            store.set_fact(catch_up::MADE_AT, &store.now().0.to_string()).await?;
            Ok(())
        }
    }
}

/// The first load must succeed: there is no set before it that could go on.
fn load_playbooks(folder: &Folder, workspace: &Arc<crate::playbook::Workspace>, now: Time) -> Result<(PlanSet, Vec<Fault>), Error> {
    let (set, faults) = reload::load(folder, workspace, now).map_err(Error::Playbooks)?;
    let shown = |faults: &[Fault]| faults.iter().map(show::short).collect::<Vec<_>>().join("\n");
    match set {
        Some(set) => {
            for fault in faults.iter().filter(|fault| fault.level == Level::Warning) {
                tracing::warn!("{}", show::short(fault));
            }
            Ok((set, faults))
        }
        None => Err(Error::Playbooks(format!("{}\nthe playbooks have faults; `bridged check` shows them at length", shown(&faults)))),
    }
}

/// Both listeners.
struct Web {
    /// The login link of the console.
    login: String,
    /// Done when every request has been answered.
    finished: std::pin::Pin<Box<dyn Future<Output = ()> + Send>>,
}

async fn start_web(
    config: &Config,
    (folder, phones, account): (&Folder, Option<Arc<dyn Phones>>, Arc<TwilioAccount>),
    (store, live, health): (&Shared, &Arc<Live>, &Arc<Health>),
    stopped: &watch::Receiver<bool>,
) -> Result<Web, Error> {
    let listen =
        |key: &'static str, address: SocketAddr| async move { TcpListener::bind(address).await.map_err(|why| Error::Listen { key, address, why }) };
    let public = listen("listen", config.listen).await?;
    let private = listen("console", config.console).await?;
    let code = random_code()?;
    let doors = Arc::new(Doors {
        store: store.clone(),
        plans: live.clone(),
        folder: folder.clone(),
        health: health.clone(),
        verifier: Arc::new(Verifier::new(&config.public_url, &config.twilio.tokens())),
        account_sid: config.twilio.account_sid.clone(),
        gate: Gate::new(config.console_token.reveal(), &[config.console.to_string()], false).with_login(&code),
        tally: Tally::default(),
        remarks: config.warnings(),
    });
    let login = format!("http://{}/login?code={code}", config.console);
    let pages = Console::new(doors.clone(), stopped.clone()).with_phones(phones).with_account(account).pages();
    let running = [
        tokio::spawn(http::serve(public, http::public::routes(doors.clone()), Limits::PUBLIC, stopped.clone())),
        tokio::spawn(http::serve(private, http::private::routes(doors, pages), Limits::PRIVATE, stopped.clone())),
    ];
    let finished = Box::pin(async {
        for listener in running {
            // A listener that panicked has been logged; there is nothing left to wait for.
            let _ = listener.await;
        }
    });
    Ok(Web { login, finished })
}

/// The code of a login link: as hard to guess as the token itself.
fn random_code() -> Result<String, Error> {
    let mut bytes = [0u8; 24];
    getrandom::fill(&mut bytes).map_err(|error| Error::Other(format!("the system gives no random numbers: {error}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Fetches what came while nobody listened, then (or after `MAX_WAIT`) lets turns begin; and again after each outage of the store.
async fn fetch_missed(
    store: Shared,
    client: Arc<Client>,
    workspace: Arc<crate::playbook::Workspace>,
    begin: watch::Sender<bool>,
    returned: Option<watch::Receiver<u64>>,
) {
    /// What fell due while nobody listened waits so long at most.
    const MAX_WAIT: Duration = Duration::from_secs(10);
    let caught = catch_up::catch_up(&store, &client, &workspace);
    tokio::pin!(caught);
    let result = tokio::select! {
        result = &mut caught => result,
        () = tokio::time::sleep(MAX_WAIT) => {
            begin.send_replace(true);
            caught.await
        }
    };
    begin.send_replace(true);
    told_of(result);
    let Some(mut returned) = returned else { return };
    while returned.changed().await.is_ok() {
        told_of(catch_up::catch_up(&store, &client, &workspace).await);
    }
}

/// Says what a catch-up brought.
fn told_of(result: Result<u64, String>) {
    match result {
        Ok(0) => {}
        Ok(texts) => tracing::info!(texts, "texts that came while nobody listened were fetched from Twilio"),
        Err(why) => tracing::warn!(why, "Twilio's list could not be read; texts that came while nobody listened are fetched at the next start"),
    }
}

/// Notes now and then that this daemon lives, and lets go of what is older than `retention`, in small pieces.
async fn keep_house(store: Shared, health: Arc<Health>, retention: Length) {
    let mut forgotten = Instant::now();
    loop {
        if let Err(error) = catch_up::alive(&store).await {
            tracing::debug!(%error, "that the daemon lives could not be noted");
        }
        tokio::time::sleep(ALIVE_EVERY).await;
        if let Err(error) = health.flow.keep(&store).await {
            tracing::debug!(%error, "what went out and came in could not be kept");
        }
        if forgotten.elapsed() < FORGET_EVERY {
            continue;
        }
        forgotten = Instant::now();
        let before = retention.before(store.now().timestamp(), &jiff::tz::TimeZone::UTC).into();
        loop {
            match store.forget(before, FORGET_ROWS).await {
                Ok(true) => tokio::task::yield_now().await,
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, "what is older than `retention` could not be removed; tried again in an hour");
                    break;
                }
            }
        }
    }
}

/// The first words: that it runs, where, and how to try it. On stderr, as all talk.
fn greet(config: &Config, options: &ServeOptions, pretend: Option<&pretend::Handle>, web: Option<&Web>, began: Instant) {
    let ready = began.elapsed().as_millis();
    eprintln!("bridged is ready ({ready} ms)");
    if let Some(web) = web {
        eprintln!("  webhooks   {}/webhooks/twilio", config.public_url);
        eprintln!("  console    {}   (opens once; later the token in console.token)", web.login);
    }
    if let (Some(pretend), Some(sender)) = (pretend, config.workspace.senders.first()) {
        let to = sender.numbers.first().map_or("", |number| number.0.as_str());
        eprintln!("  pretend    {}   nothing reaches the real Twilio; text in with:", pretend.api_base());
        eprintln!(
            "  curl -s {}/_pretend/texts -H 'content-type: application/json' -d '{{\"from\":\"+15125550111\",\"to\":\"{to}\",\"body\":\"QUOTE\"}}'",
            pretend.api_base()
        );
        eprintln!("  curl -s {}/_pretend/phones/+15125550111", pretend.api_base());
    }
    if !options.only.is_empty() {
        eprintln!("  only       {:?}", options.only);
    }
}
