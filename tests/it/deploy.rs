//! Playbooks changed, held and let go while people are in the middle of them.

use std::process::Command;

use serde_json::json;

use crate::support::daemon::Home;

const CHAIN: &str = "playbook: chain\nmessage_class: transactional\nupgrade: move\ntriggers:\n  - event: chain.go\nsteps:\n  - id: first\n    ask: \"First?\"\n    timeout: 1d\n    on_timeout: {end: silent}\n  - send: \"Thank you\"\n  - end: done\n";

const NEWS: &str =
    "playbook: news\nmessage_class: transactional\naudience: {list: readers}\nsteps:\n  - send: \"News for {{ contact.first_name }}\"\n";

/// Runs the binary beside the daemon; exit code and data.
async fn run(home: &Home, args: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bridged"));
    command.args(args).current_dir(home.path());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

async fn start(home: &Home, phone: &str) {
    let (status, answer) = home.post("/v1/events", &json!({ "event": "chain.go", "contact": { "phone": phone } })).await;
    assert_eq!(status, 202, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_playbook_starts_nobody_until_it_is_resumed() {
    let mut home = Home::new(&[("chain", CHAIN)]).await;
    home.start().await;
    let (here, later) = ("+15125550111", "+15125550112");
    start(&home, here).await;
    home.until("the question", async |home| home.received(here) == ["First?"]).await;
    let (code, said) = run(&home, &["stop", "chain"]).await;
    assert_eq!((code, said.contains("`chain` is stopped")), (0, true), "{said}");
    home.text(here, "yes").await;
    start(&home, later).await;
    home.until("both wait", async |home| {
        let held = home.get("/v1/messages?status=held").await["items"].as_array().unwrap().len();
        let waiting = home.get("/v1/conversations?state=waiting").await["items"].as_array().unwrap().len();
        (held, waiting) == (1, 1)
    })
    .await;
    // It outlives the daemon.
    home.kill();
    home.start().await;
    assert_eq!(home.get("/v1/playbooks/chain").await["stopped"], true);
    assert_eq!((home.received(here).len(), home.received(later).len()), (1, 0));
    assert_eq!(run(&home, &["resume", "chain"]).await, (0, "`chain` goes on\n".to_owned()));
    home.until("both go on", async |home| home.received(here) == ["First?", "Thank you"] && home.received(later) == ["First?"]).await;
    let (code, said) = run(&home, &["stop", "chain", "--end"]).await;
    assert_eq!((code, said.as_str()), (0, "`chain` is stopped; ending: 1 conversation\n"));
    home.until("the conversation has ended", async |home| {
        home.get(&format!("/v1/conversations?contact={}", later.replace('+', "%2B"))).await["items"][0]["outcome"] == "stopped"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_text_leaves_within_a_second_of_a_stop_and_everybody_gets_theirs_once() {
    const READERS: usize = 300;
    let mut home = Home::new(&[("news", NEWS)]).await;
    home.start().await;
    let rows: String = (0..READERS).map(|number| format!("+1512555{number:04},Reader {number},readers\n")).collect();
    std::fs::write(home.path().join("readers.csv"), format!("phone,first_name,lists\n{rows}")).unwrap();
    assert_eq!(run(&home, &["contacts", "import", "readers.csv"]).await.0, 0);
    home.post("/v1/broadcasts", &json!({ "playbook": "news", "id": "n1" })).await;
    home.until("the first texts", async |home| home.twilio.pretend().read(|state| state.messages().count() >= 20)).await;
    let (status, _) = home.post("/v1/playbooks/news/stop", &json!({})).await;
    let stopped = std::time::SystemTime::now();
    assert_eq!(status, 202);
    // Whatever was under way is settled when nothing is being sent any more.
    home.until("nothing is under way", async |home| home.get("/v1/messages?status=sending").await["items"].as_array().unwrap().is_empty()).await;
    let settled = stopped.elapsed().unwrap();
    let sent = home.twilio.pretend().read(|state| state.messages().count());
    assert!(settled.as_millis() < 1_000 && sent < READERS, "{sent} texts had left when the last was out, {settled:?} after the stop");
    home.until("what came up is held", async |home| !home.get("/v1/messages?status=held").await["items"].as_array().unwrap().is_empty()).await;
    assert_eq!(home.twilio.pretend().read(|state| state.messages().count()), sent, "texts left after the stop");
    home.post("/v1/playbooks/news/resume", &json!({})).await;
    home.until("everybody has read the news", async |home| home.get("/v1/broadcasts/n1").await["state"] == "done").await;
    home.until("all texts", async |home| home.twilio.pretend().read(|state| state.messages().count()) >= READERS).await;
    let twice = (0..READERS).find(|number| home.received(&format!("+1512555{number:04}")).len() != 1);
    assert_eq!(twice, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_folder_moves_people_and_a_broken_one_changes_nothing() {
    let mut home = Home::new(&[("chain", CHAIN)]).await;
    home.start().await;
    let phone = "+15125550111";
    start(&home, phone).await;
    home.until("the question", async |home| home.received(phone) == ["First?"]).await;
    home.until("it is counted there", async |home| home.get("/v1/playbooks/chain").await["versions"][0]["steps"]["first"] == 1).await;
    let file = home.path().join("playbooks/chain.yaml");
    let next = CHAIN.replace("Thank you", "Many thanks").replace("id: first", "id: opening").replace("steps:", "renamed: {first: opening}\nsteps:");
    std::fs::write(home.path().join("next.yaml"), &next).unwrap();
    let (code, said) = run(&home, &["diff", "playbooks/chain.yaml", "next.yaml"]).await;
    let expected = "chain: changed\n  ~ first → opening: what follows it changed  (1 person here, moving)\n  1 person in it: 1 to the new version, 0 staying in the one they began in\n";
    assert_eq!((code, said.as_str()), (0, expected));

    std::fs::write(&file, "playbook: chain\nmessage_class: transactional\nsteps: nothing\n").unwrap();
    let (code, said) = run(&home, &["apply"]).await;
    assert_eq!((code, said.as_str()), (1, "the playbooks have faults; the ones before go on\n"));

    std::fs::write(&file, &next).unwrap();
    let (code, said) = run(&home, &["apply"]).await;
    // The daemon's own look at the folder may have been first.
    assert!(code == 0 && (said == "chain: changed; 1 person to the new version\n" || said == "nothing has changed\n"), "{code} {said}");
    home.until("the move", async |home| {
        let rows = home.get("/v1/playbooks/chain").await;
        rows["versions"][0]["current"] == true && rows["versions"][0]["steps"]["opening"] == 1
    })
    .await;
    home.text(phone, "yes").await;
    home.until("the new words", async |home| home.received(phone) == ["First?", "Many thanks"]).await;
}
