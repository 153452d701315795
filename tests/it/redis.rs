//! The daemon on Redis: outages, several daemons, servers it must not be used on.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bridged::store::redis::{Options, Redis};
use bridged::store::{Error, Store};

use crate::support::daemon::{CONSOLE_TOKEN, Home, free_port};
use crate::support::redis::{Server, shared};

/// Answers every text once.
const ECHO: &str =
    "playbook: echo\nmessage_class: conversational\ntriggers:\n  - message: any\nsteps:\n  - send: \"Got it: {{ reply.text }}\"\n  - end: done\n";

/// Work must go on so soon after the server answers again.
const BACK: Duration = Duration::from_secs(2);

/// Opens a store.
async fn open(url: String) -> Result<Redis, Error> {
    Redis::open(Options { url, clock: None }).await
}

/// Waits until a phone has its answer.
async fn answered(home: &mut Home, phone: &str) {
    home.until(&format!("an answer to {phone}"), async |home| !home.received(phone).is_empty()).await;
}

/// Waits until a phone has its answer, or the record says that nobody knows; never two answers.
async fn answered_or_in_doubt(home: &mut Home, phone: &str) {
    home.until(&format!("an answer to {phone}, or its text in doubt"), async |home| {
        let unknown = home.get(&format!("/v1/messages?contact={}&status=unknown", phone.replace('+', "%2B"))).await;
        !home.received(phone).is_empty() || unknown["items"].as_array().is_some_and(|items| items.len() == 1)
    })
    .await;
    assert!(home.received(phone).len() <= 1, "{phone} was answered twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_would_lose_conversations_are_refused() {
    let evicting = Server::start(&["--maxmemory 100mb", "--maxmemory-policy allkeys-lru"]);
    let Err(Error::Unusable(why)) = open(evicting.url()).await else { panic!("an evicting server is refused") };
    assert!(why.contains("maxmemory-policy noeviction"), "{why}");
    open(format!("{}&accept=eviction", evicting.url())).await.unwrap();
    let forgetful = Server::start(&["--appendonly no"]);
    let Err(Error::Unusable(why)) = open(forgetful.url()).await else { panic!("a server without a disk is refused") };
    assert!(why.contains("appendonly yes"), "{why}");
    open(format!("{}&accept=memory", forgetful.url())).await.unwrap();
    let Err(Error::Unavailable(why)) = open(format!("redis://127.0.0.1:{}/0", free_port())).await else { panic!("nobody is there") };
    assert!(why.contains("can't be reached"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_another_account_is_refused_and_a_daemon_says_so() {
    let url = shared().url();
    open(url.clone()).await.unwrap().set_fact("twilio_account", "AC00000000000000000000000000000009").await.unwrap();
    let home = Home::on(&url, &[("echo", ECHO)], "").await;
    let ended = Command::new(env!("CARGO_BIN_EXE_bridged")).args(["serve", "--config", "bridged.yaml"]).current_dir(home.path()).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(2), "{said}");
    assert!(said.contains("AC00000000000000000000000000000009"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn restarts_of_the_server_lose_nothing_and_work_goes_on() {
    let mut server = Server::start(&[]);
    let mut home = Home::on(&server.url(), &[("echo", ECHO)], "").await;
    home.start().await;
    let mut acknowledged = Vec::new();
    let mut next = 0;
    let mut phone = || {
        next += 1;
        format!("+1512555{next:04}")
    };
    for _ in 0..4 {
        for _ in 0..5 {
            let from = phone();
            if home.text(&from, "hello").await["webhook"]["status"] == 200 {
                acknowledged.push(from);
            }
        }
        server.kill();
        let missed = phone();
        let began = Instant::now();
        let webhook = home.text(&missed, "hello").await;
        assert_eq!(webhook["webhook"]["status"], 503, "{webhook}");
        assert!(began.elapsed() < BACK, "the webhook was answered after {:?}", began.elapsed());
        server.restart();
        let back = Instant::now();
        let after = phone();
        home.until("webhooks are taken again", async |home| home.text(&after, "hello").await["webhook"]["status"] == 200).await;
        answered(&mut home, &after).await;
        assert!(back.elapsed() < BACK, "work went on after {:?}", back.elapsed());
        // What was refused is fetched from Twilio's list.
        answered(&mut home, &missed).await;
    }
    assert!(acknowledged.len() >= 10, "only {} were acknowledged", acknowledged.len());
    for phone in &acknowledged {
        answered_or_in_doubt(&mut home, phone).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stalls_is_answered_503_and_waited_for() {
    let server = Server::start(&[]);
    let mut home = Home::on(&server.url(), &[("echo", ECHO)], "").await;
    home.start().await;
    let signal = |name: &str| Command::new("kill").args([name, &server.pid()]).status().unwrap();
    signal("-STOP");
    let began = Instant::now();
    let webhook = home.text("+15125550001", "hello").await;
    signal("-CONT");
    assert_eq!(webhook["webhook"]["status"], 503, "{webhook}");
    assert!(began.elapsed() < BACK, "answered after {:?}", began.elapsed());
    let back = Instant::now();
    home.until("webhooks are taken again", async |home| home.text("+15125550002", "hello").await["webhook"]["status"] == 200).await;
    answered(&mut home, "+15125550002").await;
    assert!(back.elapsed() < BACK, "work went on after {:?}", back.elapsed());
    // Taken in once: by the server after its rest, or from Twilio's list.
    answered(&mut home, "+15125550001").await;
    assert_eq!(home.received("+15125550001").len(), 1);
}

/// A second daemon on the same store and Twilio, with ports of its own.
struct Second(Child);

impl Second {
    /// Starts it; answers its private port, too.
    fn start(home: &Home) -> (Second, u16) {
        let (web, console) = (free_port(), free_port());
        let settings = std::fs::read_to_string(home.path().join("bridged.yaml")).unwrap();
        // Twilio calls the first: both are told of the same public address.
        let other = settings
            .replace(&format!("listen: 127.0.0.1:{}", home.web), &format!("listen: 127.0.0.1:{web}"))
            .replace(&format!("127.0.0.1:{}", home.console), &format!("127.0.0.1:{console}"));
        std::fs::write(home.path().join("other.yaml"), other).unwrap();
        let log = std::fs::File::create(home.path().join("other.log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_bridged"));
        command.args(["serve", "--config", "other.yaml"]).current_dir(home.path()).stdout(Stdio::null()).stderr(log);
        (Second(command.spawn().unwrap()), console)
    }

    /// As `kill -9` does.
    fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        self.kill();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_daemons_share_the_work_and_one_may_die() {
    let server = Server::start(&[]);
    let mut home = Home::on(&server.url(), &[("echo", ECHO)], "").await;
    home.start().await;
    let (mut second, console) = Second::start(&home);
    home.until("the second daemon is ready", async |home| {
        let asked = home.client.get(format!("http://127.0.0.1:{console}/readyz")).bearer_auth(CONSOLE_TOKEN).send().await;
        asked.is_ok_and(|answer| answer.status().is_success())
    })
    .await;
    let phones: Vec<String> = (1..=60).map(|n| format!("+1512555{n:04}")).collect();
    for (n, phone) in phones.iter().enumerate() {
        assert_eq!(home.text(phone, "hello").await["webhook"]["status"], 200);
        if n == 30 {
            second.kill();
        }
    }
    for phone in &phones {
        answered_or_in_doubt(&mut home, phone).await;
    }
}
