//! The daemon as a whole: a text in, an answer out, and what becomes of both.

use serde_json::json;

use crate::support::daemon::Home;

const QUESTION: &str = "playbook: ask\nmessage_class: conversational\ntriggers:\n  - keyword: [START ME, HELLO]\nsteps:\n  - id: name\n    ask: What is your name?\n    save: contact.first_name\n    timeout: 1h\n    on_timeout: {end: silent}\n  - send: \"Hi {{ contact.first_name }}!\"\n  - end: done\n";

const TIMED: &str = "playbook: timed\nmessage_class: conversational\ntriggers:\n  - event: go\nsteps:\n  - id: nap\n    wait: 1s\n  - send: One second is over.\n  - id: parcel\n    wait_for: arrived\n    timeout: 1h\n    on_timeout: {end: lost}\n  - send: \"Arrived: {{ parcel.what }}\"\n  - end: done\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_from_keyword_to_end() {
    let mut home = Home::new(&[("ask", QUESTION)]).await;
    home.start().await;
    let phone = "+15125550111";
    let webhook = home.text(phone, "hello").await;
    assert_eq!(webhook["webhook"]["status"], 200, "{webhook}");
    home.until("the question", async |home| home.received(phone) == ["What is your name?"]).await;
    home.text(phone, "Ana").await;
    home.until("the greeting", async |home| home.received(phone).last().is_some_and(|text| text == "Hi Ana!")).await;
    home.until("the end", async |home| {
        let rows = home.get("/v1/conversations?playbook=ask").await;
        rows["items"][0]["state"] == "ended" && rows["items"][0]["outcome"] == "done"
    })
    .await;
    home.until("the reports", async |home| {
        let rows = home.get("/v1/messages?contact=%2B15125550111").await;
        rows["items"].as_array().is_some_and(|rows| rows.iter().filter(|row| row["status"] == "delivered").count() == 2)
    })
    .await;
    assert_eq!(home.get("/v1/contacts/%2B15125550111").await["first_name"], "Ana");
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_and_events_move_conversations() {
    let mut home = Home::new(&[("timed", TIMED)]).await;
    home.start().await;
    let phone = "+15125550112";
    let (status, answer) = home.post("/v1/events", &json!({ "event": "go", "contact": { "phone": phone }, "id": "e1" })).await;
    assert_eq!((status, answer["accepted"].as_u64()), (202, Some(1)), "{answer}");
    let (_, again) = home.post("/v1/events", &json!({ "event": "go", "contact": { "phone": phone }, "id": "e1" })).await;
    assert_eq!(again["duplicates"], 1);
    home.until("the nap is over", async |home| home.received(phone) == ["One second is over."]).await;
    home.post("/v1/events", &json!({ "event": "arrived", "contact": { "phone": phone }, "data": { "what": "a box" } })).await;
    home.until("the parcel", async |home| home.received(phone).last().is_some_and(|text| text == "Arrived: a box")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_silences_everything() {
    let mut home = Home::new(&[("ask", QUESTION), ("timed", TIMED)]).await;
    home.start().await;
    let phone = "+15125550113";
    home.text(phone, "hello").await;
    home.until("the question", async |home| home.received(phone).len() == 1).await;
    home.text(phone, "STOP").await;
    home.until("the confirmation", async |home| home.received(phone).len() == 2).await;
    home.post("/v1/events", &json!({ "event": "go", "contact": { "phone": phone } })).await;
    home.text(phone, "hello").await;
    home.until("both conversations are over", async |home| {
        let rows = home.get("/v1/conversations?contact=%2B15125550113").await;
        rows["items"].as_array().is_some_and(|rows| !rows.is_empty() && rows.iter().all(|row| row["state"] == "ended"))
    })
    .await;
    assert_eq!(home.get("/v1/contacts/%2B15125550113").await["opted_out"], true);
    assert_eq!(home.received(phone).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_finishes_what_is_under_way_and_exits_0() {
    let mut home = Home::new(&[("ask", QUESTION)]).await;
    home.start().await;
    home.text("+15125550114", "hello").await;
    home.terminate();
    let ended = home.wait();
    assert_eq!(ended.code(), Some(0));
    home.start().await;
    home.until("the question, once", async |home| home.received("+15125550114") == ["What is your name?"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_daemon_on_the_same_file_is_refused() {
    let mut home = Home::on("sqlite:bridged.db", &[("ask", QUESTION)], "").await;
    home.start().await;
    let settings = std::fs::read_to_string(home.path().join("bridged.yaml")).unwrap();
    let other = settings.replace(&format!("127.0.0.1:{}", home.web), "127.0.0.1:1").replace(&format!("127.0.0.1:{}", home.console), "127.0.0.1:2");
    std::fs::write(home.path().join("other.yaml"), other).unwrap();
    let second = std::process::Command::new(env!("CARGO_BIN_EXE_bridged"))
        .args(["serve", "--config", "other.yaml"])
        .current_dir(home.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(2), "{said}");
    assert!(said.contains("bridged.db"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_file_keeps_the_old_playbooks_running() {
    let mut home = Home::new(&[("ask", QUESTION)]).await;
    home.start().await;
    std::fs::write(home.path().join("playbooks/ask.yaml"), QUESTION.replace("ask: What", "aks: What")).unwrap();
    home.until("the fault is shown", async |home| home.get("/v1/playbooks").await.to_string().contains("no-verb")).await;
    home.text("+15125550115", "hello").await;
    home.until("the old question", async |home| home.received("+15125550115") == ["What is your name?"]).await;
    std::fs::write(home.path().join("playbooks/ask.yaml"), QUESTION.replace("your name", "your full name")).unwrap();
    home.until("the new version is in force", async |home| !home.get("/v1/playbooks").await.to_string().contains("no-verb")).await;
    home.text("+15125550116", "hello").await;
    home.until("the new question", async |home| home.received("+15125550116") == ["What is your full name?"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_missed_while_away_comes_before_the_time_out_that_fell_due() {
    let playbook = QUESTION.replace("timeout: 1h", "timeout: 3s");
    let mut home = Home::on("sqlite:bridged.db", &[("ask", &playbook)], "").await;
    home.start().await;
    let phone = "+15125550117";
    home.text(phone, "hello").await;
    home.until("the question is open", async |home| home.get("/v1/conversations?playbook=ask").await["items"][0]["state"] == "listening").await;
    home.kill();
    let missed = home.text(phone, "Ana").await;
    assert_ne!(missed["webhook"]["status"], 200, "{missed}");
    let asked = std::time::Instant::now();
    home.until("the time-out falls due", async |_| asked.elapsed() > std::time::Duration::from_secs(4)).await;
    // As if it had been away for two minutes.
    let store = rusqlite::Connection::open(home.path().join("bridged.db")).unwrap();
    let aged = store.execute("update vals set value = cast(value as integer) - 120000000 where name = 'fact/alive_at'", []).unwrap();
    assert_eq!(aged, 1);
    drop(store);
    home.start().await;
    home.until("the answer counts", async |home| home.received(phone).last().is_some_and(|text| text == "Hi Ana!")).await;
    home.until("the end", async |home| home.get("/v1/conversations?playbook=ask").await["items"][0]["state"] == "ended").await;
    assert_eq!(home.get("/v1/conversations?playbook=ask").await["items"][0]["outcome"], "done");
}
