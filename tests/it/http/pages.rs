//! The console's pages for numbers, broadcasts, contacts and Twilio, asked over HTTP as a browser without script does.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use bridged::model::{BroadcastId, BroadcastState, Phone};
use bridged::work::flow::Step;

use super::house::{ANA, CONSOLE_TOKEN, FORM, House, OURS, Reply, send, text};

/// Somebody in a browser.
struct Visitor {
    /// What they look at.
    house: House,
    /// Their session.
    cookie: String,
}

impl Visitor {
    async fn come() -> Visitor {
        let house = House::open().await;
        let reply = send(house.private, "POST", "/login", &[], format!("token={CONSOLE_TOKEN}").as_bytes()).await;
        let cookie = reply.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        Visitor { house, cookie }
    }

    async fn get(&self, path: &str) -> Reply {
        send(self.house.private, "GET", path, &[("Cookie", &self.cookie)], b"").await
    }

    async fn see(&self, path: &str) -> String {
        let reply = self.get(path).await;
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        for banned in ["<style", "style=", " onclick", "<script>"] {
            assert!(!reply.body.contains(banned), "{path}: {banned}");
        }
        // A browser reads both alike.
        reply.body.replace("&#x2f;", "/")
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        send(self.house.private, "POST", path, &[("Cookie", &self.cookie), ("Content-Type", FORM)], form.as_bytes()).await
    }

    async fn know(&self, contacts: &str) {
        let authorization = format!("Bearer {CONSOLE_TOKEN}");
        let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
        let reply = send(self.house.private, "PUT", "/v1/contacts", &headers, contacts.as_bytes()).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
}

fn has(page: &str, words: &[&str]) {
    for words in words {
        assert!(page.contains(words), "`{words}` is not in\n{page}");
    }
}

#[tokio::test]
async fn now_shows_speed_and_what_arrives() {
    let visitor = Visitor::come().await;
    has(&visitor.see("/").await, &["No text went out or came in", OURS_SHOWN, "0 of 1/s", "None runs.", "The store answers"]);
    let (house, flow) = (&visitor.house, &visitor.house.doors.health.flow);
    let now = house.store().now();
    for _ in 0..4 {
        flow.left(now, OURS, 2);
        flow.count(now, Step::Accepted, None);
    }
    for _ in 0..3 {
        flow.count(now, Step::Delivered, None);
    }
    flow.count(now, Step::Undelivered, Some(30_003));
    house.text("SM1", ANA, "hello").await;
    house.pass(Duration::from_secs(5));
    let page = visitor.see("/").await;
    has(
        &page,
        &["0.8 of 1/s", "<b>3</b> <span class=\"soft share\">75 %</span>", "<b class=\"num\">30003</b>", "the phone cannot be reached", "1 came in"],
    );
    house.doors.health.twilio(Some("Authenticate"));
    has(&visitor.see("/").await, &["Twilio refuses the credentials.</b> Authenticate"]);
}

/// `OURS` as pages write it.
const OURS_SHOWN: &str = "+1 500 555 0006";

#[tokio::test]
async fn a_broadcast_is_looked_at_before_it_starts() {
    let visitor = Visitor::come().await;
    visitor
        .know("[{\"phone\":\"+15125550101\",\"tags\":[\"vip\"]},{\"phone\":\"+15125550102\",\"tags\":[\"vip\"]},{\"phone\":\"+15125550103\"}]")
        .await;
    has(&visitor.see("/broadcasts").await, &["No broadcast yet"]);
    let preview = visitor.post("/broadcasts/new", &[("playbook", "spring"), ("id", "may")]).await;
    has(
        &preview.body,
        &[
            "Start for 2",
            "<dt>In the audience<dd class=\"num\">2 of 3 contacts",
            "<dt>Segments<dd class=\"num\">2</div>",
            "1 a second",
            "<dt>Last text<dd>",
        ],
    );
    assert!(visitor.house.store().broadcast(&BroadcastId("may".to_owned())).await.unwrap().is_none(), "a preview starts nothing");
    let wrong = visitor.post("/broadcasts/new", &[("playbook", "spring"), ("where", "contact.colour == 1")]).await;
    has(&wrong.body, &["role=\"alert\"", "<code>contact.colour</code> is never set"]);
    let started = visitor.post("/broadcasts/new", &[("playbook", "spring"), ("id", "may"), ("go", "yes")]).await;
    assert_eq!((started.status, started.header("location")), (303, Some("/broadcasts/may")));
    let again = visitor.post("/broadcasts/new", &[("playbook", "spring"), ("id", "may"), ("limit", "1"), ("go", "yes")]).await;
    has(&again.body, &["there is a broadcast <code>may</code> already"]);
    has(&visitor.see("/broadcasts/may").await, &["scheduled", "Pause", "Cancel"]);
    for order in ["pause", "cancel"] {
        assert_eq!(visitor.post(&format!("/broadcasts/may/{order}"), &[]).await.status, 303);
    }
    let row = visitor.house.store().broadcast(&BroadcastId("may".to_owned())).await.unwrap().unwrap();
    assert_eq!(row.state, BroadcastState::Scheduled, "orders are events; the broadcast itself hears of them");
    has(&visitor.see("/log").await, &["started a broadcast", "paused a broadcast", "cancelled a broadcast"]);
}

#[tokio::test]
async fn contacts_are_found_read_exported_and_erased() {
    let visitor = Visitor::come().await;
    has(&visitor.see("/contacts").await, &["Nobody is known yet"]);
    visitor
        .know("[{\"phone\":\"+15125550101\",\"first_name\":\"Ana\",\"budget\":7,\"tags\":[\"vip\",\"early\"],\"consent\":[\"marketing\"],\"consent_source\":\"web form\"},\
             {\"phone\":\"+15125550102\",\"first_name\":\"Bo, the <second>\",\"opted_out\":true}]")
        .await;
    let page = visitor.see("/contacts").await;
    has(&page, &["Ana", "Bo, the &lt;second&gt;", "opted out"]);
    assert!(page.find("Bo, the").unwrap() < page.find("Ana").unwrap(), "newest first");
    for (query, ana, bo) in [
        ("tag=vip", true, false),
        ("consent=opted_out", false, true),
        ("q=bo", false, true),
        ("q=%2B15125550101", true, false),
        ("list=x", false, false),
    ] {
        let page = visitor.see(&format!("/contacts?{query}")).await;
        assert_eq!((page.contains("Ana"), page.contains("Bo, the")), (ana, bo), "{query}");
    }
    has(&visitor.see("/contacts/%2B15125550101").await, &["Ana", "<dt>budget<dd>7", "web form", "agreed", "Erase"]);
    let table = visitor.get("/contacts.csv").await;
    assert!(table.header("content-disposition").unwrap().contains("contacts.csv"));
    has(&table.body, &["phone,", "+15125550101,7,", "\"Bo, the <second>\"", "early;vip,,marketing,"]);
    assert_eq!(visitor.post("/contacts/%2B15125550101/erase", &[]).await.status, 422, "not without being sure");
    assert_eq!(visitor.post("/contacts/%2B15125550101/erase", &[("sure", "yes")]).await.status, 303);
    assert!(visitor.house.store().contact(&Phone::from(ANA)).await.unwrap().is_none());
    assert!(!visitor.see("/log").await.contains("5550101"), "the log keeps no numbers");
}

#[tokio::test]
async fn a_table_is_looked_at_before_it_is_taken_in() {
    let visitor = Visitor::come().await;
    let unknown = visitor.post("/contacts/import", &[("csv", "phone,colour\n+15125550101,red")]).await;
    has(&unknown.body, &["role=\"alert\"", "colour"]);
    let csv = "phone,first_name,budget,consent\r\n+15125550101,Ana,7,marketing\r\n555,Bo,,\r\n+15125550103,Cy,many,\r\n";
    let looked = visitor.post("/contacts/import", &[("csv", csv)]).await;
    let address = looked.header("location").unwrap().to_owned();
    let page = visitor.see(&address).await;
    has(&page, &["Import 1<", "<td class=\"num left\">3<", "<td class=\"num left\">4<", "<code>budget</code> must be a number"]);
    assert!(visitor.house.store().contact(&Phone::from(ANA)).await.unwrap().is_none(), "nothing is written by looking");
    assert_eq!(visitor.post(&address, &[]).await.status, 303);
    // Each look is a request of its own, answered between two batches.
    while !visitor.see(&address).await.contains(">done<") {
        tokio::task::yield_now().await;
    }
    has(&visitor.see(&address).await, &["<b class=\"num\">1</b> contacts are in, 2 rows left out"]);
    let ana = visitor.house.store().contact(&Phone::from(ANA)).await.unwrap().unwrap();
    assert_eq!((ana.text("first_name"), ana.consent.contains("marketing")), (Some("Ana"), true));
    let ledger = visitor.house.store().consent(&Phone::from(ANA)).await.unwrap();
    assert_eq!(ledger[0].source, "console import");
}

#[tokio::test]
async fn webhooks_stand_there_with_their_verdict() {
    let visitor = Visitor::come().await;
    has(&visitor.see("/twilio").await, &["no rightly signed webhook has come since the start", "None since the start."]);
    visitor.house.webhook("/webhooks/twilio", &text("SM1", ANA, "hello")).await;
    let forged = [("Content-Type", FORM), ("X-Twilio-Signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")];
    visitor.house.post("/webhooks/twilio/voice", &forged, b"From=%2B15125550101&To=1").await;
    let page = visitor.see("/twilio").await;
    has(
        &page,
        &[
            "a rightly signed webhook came",
            "signature mismatch: we expected one over <code>https://sms.acme.example/webhooks/twilio/voice</code> and the form&#x27;s fields (2)",
            "1 of the last 2 webhooks were refused, the newest too",
        ],
    );
    assert!(!page.contains("auth-token-of"), "no secrets");
    assert_eq!(visitor.post("/twilio/test", &[]).await.status, 404, "nobody to ask in this house");
}

#[tokio::test]
async fn the_dashboard_names_metrics_that_exist() {
    let visitor = Visitor::come().await;
    let house = &visitor.house;
    house.text("SM1", ANA, "hello").await;
    house.doors.health.count("parked");
    house.doors.health.claimed("turns");
    house.doors.health.flow.left(house.store().now(), OURS, 1);
    house.pass(Duration::from_secs(1));
    let metrics = visitor.get("/metrics").await.body;
    let dashboard: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/grafana.json")).unwrap()).unwrap();
    let mut named = 0;
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            let expression = target["expr"].as_str().unwrap();
            for name in expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| word.starts_with("bridged_")) {
                named += 1;
                let stem = ["_bucket", "_sum", "_count"].iter().fold(name, |name, ending| name.strip_suffix(ending).unwrap_or(name));
                let known = [name, stem].iter().any(|name| metrics.contains(&format!("# TYPE {name} ")));
                assert!(known, "`{name}` of `{expression}` is not among\n{metrics}");
            }
        }
    }
    assert!(named > 10, "{named}");
}
