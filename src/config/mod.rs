//! Settings: `bridged.yaml` with the environment over it, read into types, with every wrong thing told at once.
//!
//! | file | what is in it |
//! |---|---|
//! | `source` | which file, or the built-in sample |
//! | `keys` | all keys as tables; from them [`schema`] and every "did you mean" |
//! | `environment` | variables laid over the file |
//! | `reader` | values out of the tree; what is wrong, in one sentence that names the key |
//! | `secrets` | secrets and their files |
//! | `language` | what playbooks inherit; `senders` is a part of it |
//! | `network` | addresses |

mod environment;
mod keys;
mod language;
mod network;
mod reader;
mod schema;
mod secrets;
mod senders;
mod source;
mod warnings;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

pub use language::Language;
pub use network::Store as StoreUrl;
pub use schema::schema;
pub use secrets::Secret;
pub use source::{FILE, SAMPLE, Source};

use crate::model::SenderType;
use crate::model::pace::Pace;
use crate::playbook::Workspace;
use crate::store::{LaneSpeed, Speeds};
use crate::text::Length;
use crate::twilio;
use keys::{DURABILITY, MAX_CONCURRENCY};
use language::Secrets;
use network::sid;
use reader::Reader;

/// Where Twilio's REST API is.
const API_BASE: &str = "https://api.twilio.com";
/// Requests under way at once: enough for the default speed of an account at a second a request.
const CONCURRENCY: u32 = 50;
/// A year: enough to see how a campaign did the last time.
const RETENTION: Length = Length { days: 365, seconds: 0 };
/// The account of trials, where none is set. It never reaches the real Twilio.
const PRETEND_ACCOUNT: &str = "AC00000000000000000000000000000000";
/// Signs the webhooks of trials, where no token is set. Nothing outside the process can use it for anything.
const PRETEND_TOKEN: &str = "pretend";

/// One thing wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file and line, or the variable.
    pub at: String,
    /// What is wrong, naming the key.
    pub sentence: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.sentence)
    }
}

/// Everything wrong with the settings, a line each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Error {
    /// In the order of reading; never empty.
    pub problems: Vec<Problem>,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.problems.iter().map(Problem::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// When something counts as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// When it is on the disk: survives a power cut.
    Full,
    /// When the system has it: survives the death of the daemon.
    Normal,
}

/// The Twilio account.
#[derive(Clone, Debug)]
pub struct TwilioConfig {
    /// `AC…`.
    pub account_sid: String,
    /// Who we are when we send: the API key where there is one, else the account.
    pub auth: twilio::Auth,
    /// What webhooks are signed with.
    pub auth_token: Secret,
    /// Also accepted, during a rotation.
    pub webhook_auth_tokens: Vec<Secret>,
    /// Where the REST API is.
    pub api_base: String,
    /// Requests under way at most.
    pub concurrency: usize,
}

impl TwilioConfig {
    /// All tokens a webhook may be signed with.
    pub fn tokens(&self) -> Vec<String> {
        [&self.auth_token].into_iter().chain(&self.webhook_auth_tokens).map(|token| token.reveal().to_owned()).collect()
    }

    /// What the client needs.
    pub fn client(&self) -> twilio::Settings {
        twilio::Settings {
            account_sid: self.account_sid.clone(),
            auth: self.auth.clone(),
            api_base: self.api_base.clone(),
            concurrency: self.concurrency,
        }
    }
}

/// All settings of the daemon. Not `Debug`: the workspace holds the secrets of playbooks.
#[derive(Clone)]
pub struct Config {
    /// What playbooks inherit.
    pub workspace: Workspace,
    /// Public side: webhooks and tracked links.
    pub listen: SocketAddr,
    /// Private side: console, API, metrics.
    pub console: SocketAddr,
    /// The public side as Twilio knows it, without one `/` at its end.
    pub public_url: String,
    /// Where everything is kept.
    pub store: StoreUrl,
    /// When something counts as stored.
    pub durability: Durability,
    /// Folder of playbooks; exists.
    pub playbooks: PathBuf,
    /// Folder of texts in files; may be absent where the settings don't name it.
    pub templates: PathBuf,
    /// Opens the API and the console.
    pub console_token: Secret,
    /// How long texts and ended conversations are kept.
    pub retention: Length,
    /// Share of a sender's speed (0 to 1) that bulk may never use.
    pub reply_reserve: f64,
    /// The Twilio account.
    pub twilio: TwilioConfig,
    /// The settings file; none for what is built in.
    pub file: Option<PathBuf>,
    /// Paths in the settings are relative to this.
    pub root: PathBuf,
    /// Nothing reaches the real Twilio.
    pub pretend: bool,
}

impl Config {
    /// All settings of the daemon. With `pretend` neither account nor public address nor senders need be set.
    pub fn read(source: &Source, env: impl IntoIterator<Item = (String, String)>, pretend: bool) -> Result<Config, Error> {
        let reader = Reader::open(source, env)?;
        let config = Config::from(&reader, pretend);
        reader.finish(config)
    }

    /// Reads on past whatever is wrong, so that one start tells all of it; none if something had to be there.
    fn from(reader: &Reader<'_>, pretend: bool) -> Option<Config> {
        let language = language::language(reader, Secrets::Read);
        let (listen, console) = network::sides(reader);
        let public_url = if pretend { Some(format!("http://{listen}")) } else { public_url(reader) };
        let durability = reader.at("durability").one_of(DURABILITY).unwrap_or("full");
        let retention = reader.at("retention").parsed("a length of time, like `365d`", Length::parse);
        let reserve = reader.at("reply_reserve").parsed("a share from `0%` to `99%`", share);
        let twilio = twilio_config(reader, pretend);
        let store = network::store(reader);
        if !pretend && reader.at("senders").is_empty() {
            reader.at("senders").wrong("is missing: the numbers to send from");
        }
        let mut language = language?;
        for (key, folder) in [("playbooks", &language.playbooks), ("templates", &language.templates)] {
            // Texts in files are a choice, so the customary folder for them may be absent.
            if !folder.is_dir() && *folder != reader.source.root.join("templates") {
                reader.at(key).wrong(&format!("names `{}`, which is not a folder", crate::work::files::shown(folder)));
            }
        }
        if pretend && !reader.at("links").is_there() {
            language.workspace.links = format!("http://{listen}");
        }
        let (public_url, store, twilio) = (public_url?, store?, twilio?);
        // The last, since it may make a file.
        let console_token = console_token(reader, secrets::read_or_make)?;
        Some(Config {
            workspace: language.workspace,
            listen,
            console,
            public_url,
            store,
            durability: if durability == "full" { Durability::Full } else { Durability::Normal },
            playbooks: language.playbooks,
            templates: language.templates,
            console_token,
            retention: retention.unwrap_or(RETENTION),
            reply_reserve: reserve.unwrap_or_default(),
            twilio,
            file: reader.source.file.clone(),
            root: reader.source.root.clone(),
            pretend,
        })
    }

    /// The speeds of all lanes, as the store wants them: a lane for each number, or service.
    pub fn speeds(&self) -> Speeds {
        let lanes = self.workspace.senders.iter().flat_map(|sender| {
            let speed = LaneSpeed { pace: Pace::per_second(sender.mps), account: sender.kind == SenderType::LongCode };
            let names = sender.numbers.iter().map(|number| number.0.clone()).chain(sender.service.clone());
            names.map(move |lane| (lane, speed))
        });
        Speeds {
            lanes: lanes.collect(),
            account: Some(Pace::per_second(self.workspace.account_mps)),
            reserve: self.reply_reserve,
            hold_all: !self.workspace.sync.outbound,
        }
    }

    /// Settings that are allowed and still worth a sentence at the start.
    pub fn warnings(&self) -> Vec<String> {
        warnings::warnings(self)
    }
}

impl Language {
    /// What playbooks inherit, and no more: no account, no secret file.
    pub fn read(source: &Source, env: impl IntoIterator<Item = (String, String)>) -> Result<Language, Error> {
        let reader = Reader::open(source, env)?;
        let language = language::language(&reader, Secrets::Named);
        reader.finish(language)
    }
}

/// Where a running daemon answers, and what opens it.
#[derive(Clone, Debug)]
pub struct Console {
    /// Its private side.
    pub address: SocketAddr,
    /// The token of its API.
    pub token: Secret,
}

impl Console {
    /// For commands that speak to the daemon. Makes no token: only the daemon does.
    pub fn read(source: &Source, env: impl IntoIterator<Item = (String, String)>) -> Result<Console, Error> {
        let reader = Reader::open(source, env)?;
        let token = console_token(&reader, secrets::read_made);
        let console = token.map(|token| Console { address: network::console(&reader), token });
        reader.finish(console)
    }
}

/// What `twilio check` looks at.
#[derive(Clone, Debug)]
pub struct Account {
    /// The account.
    pub twilio: TwilioConfig,
    /// The public side as Twilio should know it.
    pub public_url: String,
    /// What the settings send from.
    pub senders: Vec<crate::playbook::Sender>,
}

impl Account {
    /// The account and what is set up at it.
    pub fn read(source: &Source, env: impl IntoIterator<Item = (String, String)>) -> Result<Account, Error> {
        let reader = Reader::open(source, env)?;
        let senders = senders::senders(&reader.at("senders"));
        let (twilio, public_url) = (twilio_config(&reader, false), public_url(&reader));
        let account = twilio.zip(public_url).map(|(twilio, public_url)| Account { twilio, public_url, senders });
        reader.finish(account)
    }
}

/// What Twilio signs begins with it, so nothing is guessed.
fn public_url(reader: &Reader<'_>) -> Option<String> {
    let written = reader.at("public_url");
    if !written.is_there() {
        written.wrong("is missing: the address of the public side, exactly as configured at Twilio");
    }
    written.parsed(network::WEB_ADDRESS, network::web_address)
}

/// `20%` as 0.2. All of a speed can't be kept from bulk: it would never go out.
fn share(text: &str) -> Option<f64> {
    let percent: u32 = text.strip_suffix('%')?.trim().parse().ok().filter(|percent| *percent < 100)?;
    Some(f64::from(percent) / 100.0)
}

/// The console's token, by default in a file beside the settings.
fn console_token(reader: &Reader<'_>, read: fn(&std::path::Path) -> Result<String, secrets::Error>) -> Option<Secret> {
    let written = reader.at("console_token");
    let token = if written.is_there() && written.file().is_none() {
        written.secret()
    } else {
        let file = written.file().unwrap_or_else(|| reader.source.root.join("console.token"));
        read(&file).map_err(|why| written.wrong(&why.to_string())).ok()
    };
    token.map(Secret::new)
}

/// The account. A trial needs none, but takes what is set: its store must not be mixed up with another account's.
fn twilio_config(reader: &Reader<'_>, pretend: bool) -> Option<TwilioConfig> {
    let written = reader.at("twilio");
    let needed = |key: &str, what: &str| {
        let setting = written.at(key);
        if !setting.is_there() && !pretend {
            setting.wrong(&format!("is missing: {what}"));
        }
        setting
    };
    let account = needed("account_sid", "the account's id, `AC…`");
    let account_sid = account.parsed(&sid::expected("AC"), |text| sid::parse("AC", text));
    let account_sid = account_sid.or_else(|| pretend.then(|| PRETEND_ACCOUNT.to_owned()));
    let token = needed("auth_token", "the account's auth token, with which Twilio signs webhooks").secret();
    let token = token.or_else(|| pretend.then(|| PRETEND_TOKEN.to_owned()));
    let key = written.at("api_key").parsed(&sid::expected("SK"), |text| sid::parse("SK", text));
    let secret = written.at("api_secret").secret();
    let has = |key: &str| written.at(key).is_there();
    if has("api_key") != has("api_secret") {
        let (missing, there) = if has("api_key") { ("api_secret", "api_key") } else { ("api_key", "api_secret") };
        written.at(missing).wrong(&format!("is missing, and `twilio.{there}` is of no use without it"));
    }
    let more = written.at("webhook_auth_tokens").secrets().unwrap_or_default();
    let api_base = written.at("api_base").parsed(network::WEB_ADDRESS, network::web_address);
    let concurrency = written.at("concurrency").count(MAX_CONCURRENCY).unwrap_or(CONCURRENCY);
    let (account_sid, token) = (account_sid?, token?);
    let (user, secret) = key.zip(secret).unwrap_or_else(|| (account_sid.clone(), token.clone()));
    Some(TwilioConfig {
        account_sid,
        auth: twilio::Auth { user, secret },
        auth_token: Secret::new(token),
        webhook_auth_tokens: more.into_iter().map(Secret::new).collect(),
        api_base: api_base.unwrap_or_else(|| API_BASE.to_owned()),
        concurrency: usize::try_from(concurrency).unwrap_or(1),
    })
}

#[cfg(test)]
mod tests;
