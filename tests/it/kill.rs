//! `kill -9` at any moment between a webhook and its answer: nothing acknowledged is lost, and no text goes out twice.
//!
//! strace counts the daemon's system calls on the way from the webhook to the answer and kills it at the Nth, for each N in turn.

use std::process::{Child, Command, Stdio};

use crate::support::daemon::{Home, NUMBER};

/// Answers every text once.
const ECHO: &str =
    "playbook: echo\nmessage_class: conversational\ntriggers:\n  - message: any\nsteps:\n  - send: \"Got it: {{ reply.text }}\"\n  - end: done\n";

/// Calls that change something outside of the daemon's memory: its files, its sockets.
const CALLS: &str = "pwrite64,fdatasync,fsync,ftruncate,write,writev,sendto,sendmsg,recvfrom";

/// How many moments are tried. A text needs about sixty such calls from webhook to the last status.
const POINTS: usize = 64;

/// Attaches strace to the daemon so that the Nth call kills it.
fn kill_at(pid: u32, point: usize, log: std::path::PathBuf) -> Child {
    let strace = Command::new("strace")
        .args(["-f", "-qq", "-p", &pid.to_string(), "-e", &format!("trace={CALLS}"), "-e", &format!("inject={CALLS}:signal=KILL:when={point}")])
        .args(["-o", log.to_str().unwrap()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    strace.expect("strace is missing: apt-get install strace")
}

/// Whether every thread of a process is traced.
fn is_traced(pid: u32) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    threads.flatten().all(|thread| {
        std::fs::read_to_string(thread.path().join("status"))
            .is_ok_and(|status| status.lines().any(|line| line.strip_prefix("TracerPid:").is_some_and(|tracer| tracer.trim() != "0")))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_every_moment_of_an_answer() {
    let mut home = Home::new(&[("echo", ECHO)]).await;
    let mut died = 0;
    let mut acknowledged = 0;
    for point in 1..=POINTS {
        home.start().await;
        let pid = home.pid();
        let mut strace = kill_at(pid, point, home.path().join("strace"));
        home.until("strace is attached", async |home| is_traced(pid) || home.has_ended()).await;
        let phone = format!("+1512555{point:04}");
        let webhook = home.text(&phone, "hello").await;
        let was_acknowledged = webhook["webhook"]["status"] == 200;
        acknowledged += usize::from(was_acknowledged);
        // It dies at the Nth call, or has answered with fewer.
        home.until("it dies or answers", async |home| home.has_ended() || !home.received(&phone).is_empty()).await;
        if home.has_ended() {
            died += 1;
        }
        home.kill();
        let _ = strace.kill();
        let _ = strace.wait();

        home.start().await;
        if was_acknowledged {
            // Either it reached the phone, or it is in the record as a text whose fate is being looked up.
            home.until(&format!("an answer after a kill at call {point}"), async |home| {
                if !home.received(&phone).is_empty() {
                    return true;
                }
                let unknown = home.get(&format!("/v1/messages?contact={}&status=unknown", phone.replace('+', "%2B"))).await;
                unknown["items"].as_array().is_some_and(|items| items.len() == 1)
            })
            .await;
        }
        home.kill();
    }
    // A last start: whatever was left over settles, and nothing is sent again.
    home.start().await;
    home.until("all statuses have come", async |home| {
        let queued = home.get("/v1/messages?status=queued").await;
        let sending = home.get("/v1/messages?status=sending").await;
        [queued, sending].iter().all(|page| page["items"].as_array().is_some_and(Vec::is_empty))
    })
    .await;
    for point in 1..=POINTS {
        let phone = format!("+1512555{point:04}");
        let texts = home.received(&phone);
        assert!(texts.len() <= 1, "killed at call {point}: {phone} was texted {} times from {NUMBER}", texts.len());
    }
    assert!(died >= 50, "only {died} of {POINTS} kills hit the way of an answer");
    assert!(acknowledged >= 10, "only {acknowledged} webhooks were acknowledged before the kill");
}
