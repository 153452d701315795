//! The shipped binary as a person runs it: settings in a folder, ports of its own, stopped by its process id.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bridged::model::SenderType;
use bridged::twilio::pretend::{Handle, Pretend, PretendConfig, PretendSender};
use serde_json::Value;

/// The account of all tests.
pub const ACCOUNT: &str = "AC00000000000000000000000000000001";
/// Its auth token.
pub const TOKEN: &str = "tok0123456789abcdef0123456789abcd";
/// The token of the private side.
pub const CONSOLE_TOKEN: &str = "test-console-token-0123456789abcdef";
/// The one sender: a short code in speed, with a long number.
pub const NUMBER: &str = "+15005550006";

/// How long anything may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder with settings and playbooks, a pretend Twilio, and perhaps a running daemon.
pub struct Home {
    /// Settings, playbooks, store.
    pub folder: tempfile::TempDir,
    /// Twilio.
    pub twilio: Handle,
    /// Port of the public side.
    pub web: u16,
    /// Port of the private side.
    pub console: u16,
    /// For the private side and the pretend phones.
    pub client: reqwest::Client,
    child: Option<Child>,
}

impl Home {
    /// Sets up a home with these playbooks (name, YAML).
    pub async fn new(playbooks: &[(&str, &str)]) -> Home {
        Home::with(playbooks, "").await
    }

    /// Likewise, with more lines of settings. `BRIDGED_TEST_STORE=redis` puts its store there.
    pub async fn with(playbooks: &[(&str, &str)], settings: &str) -> Home {
        let redis = std::env::var("BRIDGED_TEST_STORE").is_ok_and(|store| store == "redis");
        let store = if redis { super::redis::shared().url() } else { "sqlite:bridged.db".to_owned() };
        Home::on(&store, playbooks, settings).await
    }

    /// Likewise, on a store.
    pub async fn on(store: &str, playbooks: &[(&str, &str)], settings: &str) -> Home {
        let folder = tempfile::tempdir().unwrap();
        let (web, console) = (free_port(), free_port());
        let mut pretend = PretendConfig::new(ACCOUNT, TOKEN, &format!("http://127.0.0.1:{web}"));
        pretend.senders = vec![PretendSender { number: NUMBER.to_owned(), kind: SenderType::ShortCode }];
        let twilio = Pretend::start(pretend).await.unwrap();
        std::fs::create_dir(folder.path().join("playbooks")).unwrap();
        for (name, yaml) in playbooks {
            std::fs::write(folder.path().join(format!("playbooks/{name}.yaml")), yaml).unwrap();
        }
        let yaml = format!(
            "brand: Acme\ntimezone: America/Chicago\nlisten: 127.0.0.1:{web}\nconsole: 127.0.0.1:{console}\npublic_url: http://127.0.0.1:{web}\n\
             store: \"{store}\"\nconsole_token: {CONSOLE_TOKEN}\ntwilio:\n  account_sid: {ACCOUNT}\n  auth_token: {TOKEN}\n  api_base: {}\n\
             senders:\n  main: {{number: \"{NUMBER}\", type: short_code}}\n\
             classes:\n  transactional: {{consent: any}}\n  conversational: {{consent: any}}\n{settings}",
            twilio.api_base()
        );
        std::fs::write(folder.path().join("bridged.yaml"), yaml).unwrap();
        Home { folder, twilio, web, console, client: reqwest::Client::builder().no_proxy().build().unwrap(), child: None }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where the daemon's talk goes.
    pub fn log(&self) -> PathBuf {
        self.path().join("log")
    }

    /// Starts the daemon and waits until it is ready.
    pub async fn start(&mut self) {
        self.start_with(&[]).await;
    }

    /// Likewise, with more options.
    pub async fn start_with(&mut self, options: &[&str]) {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log()).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_bridged"))
            .args(["serve", "--config", "bridged.yaml"])
            .args(options)
            .current_dir(self.path())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
        let url = format!("http://127.0.0.1:{}/readyz", self.console);
        self.until("the daemon is ready", async |home| {
            let asked = home.client.get(&url).bearer_auth(CONSOLE_TOKEN).send().await;
            asked.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Waits for the daemon to end, and says how.
    pub fn wait(&mut self) -> std::process::ExitStatus {
        let mut child = self.child.take().unwrap();
        child.wait().unwrap()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some())
    }

    /// Kills it as `kill -9` does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks it to stop.
    pub fn terminate(&self) {
        Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().unwrap();
    }

    /// A pretend phone writes; the answer says what became of the webhook.
    pub async fn text(&self, from: &str, body: &str) -> Value {
        let said = serde_json::json!({ "from": from, "to": NUMBER, "body": body });
        let url = format!("{}/_pretend/texts", self.twilio.api_base());
        let answer = self.client.post(url).header("content-type", "application/json").body(said.to_string()).send().await.unwrap();
        json(answer).await
    }

    /// The bodies of texts that reached a phone from us, in order.
    pub fn received(&self, phone: &str) -> Vec<String> {
        let state = self.twilio.pretend();
        state.read(|state| state.messages().filter(|message| message.to == phone).map(|message| message.body.clone()).collect())
    }

    /// Asks the private side.
    pub async fn get(&self, path: &str) -> Value {
        let url = format!("http://127.0.0.1:{}{path}", self.console);
        json(self.client.get(url).bearer_auth(CONSOLE_TOKEN).send().await.unwrap()).await
    }

    /// Tells the private side.
    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("http://127.0.0.1:{}{path}", self.console);
        let asked = self.client.post(url).bearer_auth(CONSOLE_TOKEN).header("content-type", "application/json").body(body.to_string());
        let answer = asked.send().await.unwrap();
        (answer.status().as_u16(), json(answer).await)
    }

    /// Waits for something to become true.
    pub async fn until(&mut self, what: &str, mut holds: impl AsyncFnMut(&mut Home) -> bool) {
        let began = Instant::now();
        while !holds(self).await {
            if began.elapsed() > PATIENCE {
                let log = std::fs::read_to_string(self.log()).unwrap_or_default();
                panic!("{what}: not within {PATIENCE:?}; the daemon said:\n{log}");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The JSON of an answer; null where there is none.
async fn json(answer: reqwest::Response) -> Value {
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or(Value::Null)
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
