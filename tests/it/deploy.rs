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

const ASKS: &str = "playbook: asks\nmessage_class: transactional\ntriggers:\n  - event: asks.go\nsteps:\n  - id: ready\n    ask: \"Ready?\"\n    replies:\n      - {match: yes, end: ready}\n    retry: {max: 2, say: \"YES, please\"}\n    on_no_match: {end: unclear}\n    timeout: 1d\n    on_timeout: {end: silent}\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_was_decided_is_told_counted_and_made_again() {
    let mut home = Home::new(&[("asks", ASKS)]).await;
    home.start().await;
    let phone = "+15125550111";
    let go = json!({ "event": "asks.go", "contact": { "phone": phone } });
    home.post("/v1/events", &go).await;
    home.until("the question", async |home| home.received(phone).len() == 1).await;
    home.text(phone, "Maybe later!").await;
    home.until("the retry", async |home| home.received(phone).len() == 2).await;
    home.post("/v1/events", &go).await;
    // Changed from outside, between two turns.
    let url = format!("http://127.0.0.1:{}/v1/contacts", home.console);
    let body = json!({ "phone": phone, "first_name": "Ana", "tags": ["lead"] }).to_string();
    let put = home.client.put(url).bearer_auth(crate::support::daemon::CONSOLE_TOKEN).header("content-type", "application/json").body(body);
    assert!(put.send().await.unwrap().status().is_success());
    home.text(phone, "yes").await;
    home.until("the end", async |home| home.get("/v1/conversations?playbook=asks").await["items"][0]["outcome"] == "ready").await;

    let (code, said) = run(&home, &["why", phone, "asks"]).await;
    let lines = [
        "it began",
        "at `ready` (line 6): no rule took the answer; it was asked again",
        "it did not begin: it is running already",
        "rule 1 took the answer (yes)",
        "it ended: `ready`",
    ];
    let mut rest = said.as_str();
    for line in lines {
        rest = rest.split_once(line).unwrap_or_else(|| panic!("`{line}` is not told, or not in its place:\n{said}")).1;
    }
    assert_eq!(code, 0);

    let (_, said) = run(&home, &["stats", "asks"]).await;
    let expected = "asks: 1 started, 0 reached the goal\n  not started: running 1\n  outcomes: ready 1\n  ready                1 reached, 1 yes, 1 asked again\n      not understood: maybe later (1 times)\n      a rule for these, to paste under `replies`:\n        - match: {any_of: [\"maybe later\"]}\n          say: \"…\"\n";
    assert_eq!(said, expected);

    let id = home.get("/v1/conversations?playbook=asks").await["items"][0]["id"].as_str().unwrap().to_owned();
    let (code, said) = run(&home, &["replay", &id]).await;
    assert!(code == 0 && said.ends_with("turns: every decision is the same\n"), "{said}");
    std::fs::write(home.path().join("other.yaml"), ASKS.replace("{match: yes", "{match: {any_of: [maybe later]}, end: later}\n      - {match: yes"))
        .unwrap();
    let (code, said) = run(&home, &["replay", &id, "--with", "other.yaml"]).await;
    assert!(code == 0 && said.contains("it was\n    `ready`: retry\n    sent a text\n  it is\n    `ready`: rule.1\n    ended: later\n"), "{said}");
}

const OFFERS: &str = r#"playbook: offers
message_class: transactional
triggers:
  - event: offers.go
steps:
  - id: kind
    split:
      - {name: short, weight: 1, say: "Acme: in short? {{ contact.phone }}"}
      - {name: long, weight: 1, say: "Acme: at length? {{ contact.phone }}"}
  - id: ready
    ask: "{{ event.what }}, ready?"
    replies:
      - {match: yes}
    retry: {max: 1, say: "YES, please"}
    on_no_match: {end: unclear}
    timeout: 1d
    on_timeout: {end: silent}
  - id: person
    handoff: desk
    say: "Somebody will write."
    timeout: 1d
    on_timeout: {end: nobody}
  - send: "Bye, see {{ link('https://acme.example/bye') }}"
  - end: done
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_conversation_becomes_a_test_that_passes() {
    let mut home = Home::with(&[("offers", OFFERS)], "queues: {desk: {hours: 12am-12am}}\n").await;
    home.start().await;
    let phone = "+15125557311";
    home.post("/v1/events", &json!({ "event": "offers.go", "contact": { "phone": phone, "first_name": "Ana" }, "data": { "what": "Tea" } })).await;
    home.until("the question", async |home| home.received(phone).len() == 2).await;
    home.text(phone, "my number is 512 555 7311, or 5125557311").await;
    home.until("the retry", async |home| home.received(phone).len() == 3).await;
    home.text(phone, "yes").await;
    home.until("a person is asked for", async |home| home.received(phone).len() == 4).await;
    home.text(phone, "hello?").await;
    let handoff = home.get("/v1/handoffs").await["items"][0]["id"].as_str().unwrap().to_owned();
    home.post(&format!("/v1/handoffs/{handoff}/reply"), &json!({ "text": "Hello from the desk" })).await;
    home.until("the desk's words", async |home| home.received(phone).len() == 5).await;
    home.post(&format!("/v1/handoffs/{handoff}/close"), &json!({ "outcome": "helped" })).await;
    home.until("the end", async |home| home.get("/v1/conversations?playbook=offers").await["items"][0]["outcome"] == "done").await;

    let id = home.get("/v1/conversations?playbook=offers").await["items"][0]["id"].as_str().unwrap().to_owned();
    let (code, test) = run(&home, &["replay", &id, "--as-test"]).await;
    assert_eq!(code, 0, "{test}");
    assert!(
        !test.contains("7311") && test.contains("contact: {phone: \"+15125550100\"") && test.contains("my number is 5125550100, or 5125550100"),
        "{test}"
    );
    for line in ["  - bot: \"YES, please\"\n", "  - contact: \"yes\"\n", "  - agent: Hello from the desk\n", "  - agent_closes: helped\n"] {
        assert!(test.contains(line), "`{line}` is not in\n{test}");
    }
    assert!(test.ends_with("expect: {outcome: done, sent: 5}\n"), "{test}");
    std::fs::write(home.path().join("playbooks/as_it_was.test.yaml"), &test).unwrap();
    let (code, said) = run(&home, &["test"]).await;
    assert_eq!(code, 0, "{said}\n{test}");
    assert!(said.ends_with("1 passed, 0 failed\n"), "{said}");
}

const PRICES: &str = "prices:\n  per_segment:\n    \"+1\": {short_code: 0.01-0.02}\n";

const OFFER: &str = "playbook: offer\nmessage_class: marketing\naudience: {list: readers}\nsteps:\n  - send: \"Acme: hello {{ contact.first_name }}. Reply STOP to opt out\"\n  - send: \"And a second text\"\n  - id: a\n    ask: \"Interested?\"\n    timeout: 1d\n    on_timeout: {end: silent}\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcast_is_foreseen_and_contacts_come_out_as_they_went_in() {
    let mut home = Home::with(&[("offer", OFFER)], PRICES).await;
    home.start().await;
    let table = "phone,first_name,lists,consent,tags\n+15125550101,Ana,readers,marketing,lead;new\n+15125550102,\"Bo, Jr.\",readers,marketing,\n+15125550103,Çelik 👋,readers,marketing,\n+15125550104,Di,readers,,\n+15125550105,Ed,,marketing,\n";
    std::fs::write(home.path().join("people.csv"), table).unwrap();
    assert_eq!(run(&home, &["contacts", "import", "people.csv"]).await.0, 0);
    home.text("+15125550102", "STOP").await;
    home.until("Bo is out", async |home| home.get("/v1/contacts/%2B15125550102").await["opted_out"] == true).await;

    let (code, said) = run(&home, &["plan", "offer", "--at", "2026-03-03T16:00:00Z"]).await;
    let expected = "offer: 2 of 5 contacts would get 6 texts\n  not in the audience  2\n  skipped, no_consent  1\n  GSM-7                5 segments\n  UCS-2                1 segment\n  price                0.06 to 0.12 USD\n  first text           2026-03-03T16:00:00Z\n  last text            2026-03-03T16:00:00.12Z (1 s of sending)\n";
    assert_eq!((code, said.as_str()), (0, expected));
    assert_eq!(run(&home, &["plan", "offer", "--max-cost", "0.1"]).await.0, 1);
    // Alone, nobody has said STOP yet.
    let (code, said) = run(&home, &["plan", "offer", "--contacts", "people.csv", "--at", "2026-03-03T04:00:00Z"]).await;
    assert!(code == 0 && said.starts_with("offer: 3 of 5 contacts would get 9 texts\n  not in the audience  1\n"), "{said}");
    assert!(said.contains("first text           2026-03-03T15:00:00Z"), "the window opens at nine: {said}");

    let (code, exported) = run(&home, &["contacts", "export"]).await;
    assert_eq!((code, exported.lines().count()), (0, 6));
    assert!(exported.contains("+15125550102,Bo") || exported.contains("+15125550102,\"Bo"), "{exported}");
    std::fs::write(home.path().join("again.csv"), &exported).unwrap();
    assert_eq!(run(&home, &["contacts", "import", "again.csv"]).await, (0, "5 contacts imported\n".to_owned()));
    assert_eq!(run(&home, &["contacts", "export"]).await.1, exported);
    assert_eq!(run(&home, &["contacts", "erase", "+15125550101"]).await, (0, "erased; the number stays opted out if it was\n".to_owned()));
    assert_eq!(run(&home, &["contacts", "erase", "+15125550101"]).await.0, 2);
}
