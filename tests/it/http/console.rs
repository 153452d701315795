//! Who comes in by the private side, under which name, and what browsers are told.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use serde_json::Value;

use super::house::{CONSOLE_TOKEN, House, LOGIN_CODE, Reply, send};

/// The cookie of an answer, as a browser sends it back.
fn cookie(reply: &Reply) -> String {
    let cookie = reply.header("set-cookie").unwrap_or_else(|| panic!("no cookie: {reply:?}"));
    for part in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/"] {
        assert!(cookie.split("; ").any(|found| found == part), "{part}: {cookie}");
    }
    cookie.split(';').next().unwrap().to_owned()
}

async fn get(house: &House, path: &str, headers: &[(&str, &str)]) -> Reply {
    send(house.private, "GET", path, headers, b"").await
}

async fn login(house: &House) -> String {
    let reply = send(house.private, "POST", "/login", &[], format!("token={CONSOLE_TOKEN}").as_bytes()).await;
    assert_eq!((reply.status, reply.header("location")), (303, Some("/")));
    cookie(&reply)
}

#[tokio::test]
async fn without_token_or_session() {
    let house = House::open().await;
    let wrong = format!("Bearer {CONSOLE_TOKEN}x");
    let right_in_part = format!("Bearer {}", &CONSOLE_TOKEN[1..]);
    for headers in [
        vec![],
        vec![("Authorization", wrong.as_str())],
        vec![("Authorization", &right_in_part)],
        vec![("Authorization", CONSOLE_TOKEN)],
        vec![("Cookie", "bridged_session=0123")],
    ] {
        for path in ["/v1", "/v1/", "/v1/contacts/+15125550101", "/v1/unknown", "/metrics", "/readyz", "/openapi.json"] {
            let reply = get(&house, path, &headers).await;
            assert_eq!((reply.status, reply.json()["code"].as_str()), (401, Some("no-token")), "{path} {headers:?}");
            assert_eq!(reply.header("content-type"), Some("application/problem+json"));
        }
        for path in ["/", "/anything"] {
            let reply = get(&house, path, &headers).await;
            let first = reply.body.find("<input").map(|at| &reply.body[at..at + 60]).unwrap_or_default();
            assert!(reply.status == 200 && first.contains("name=\"token\""), "{path}: {reply:?}");
            assert!(!reply.body.contains("spring"), "a page shows nothing to strangers");
        }
    }
    let token = format!("bearer {CONSOLE_TOKEN}");
    assert_eq!(get(&house, "/v1/unknown", &[("Authorization", &token)]).await.status, 404);
    let put = send(house.private, "PUT", "/v1/events", &[("Authorization", &token)], b"").await;
    assert_eq!((put.status, put.json()["code"].as_str()), (405, Some("wrong-method")));
}

#[tokio::test]
async fn the_form_opens_a_session_that_ends() {
    let house = House::open().await;
    let cookie = login(&house).await;
    let session = [("Cookie", cookie.as_str())];
    assert_eq!(get(&house, "/v1/contacts/+15125550101", &session).await.json()["code"], "not-found");
    house.pass(Duration::from_secs(7 * 3_600));
    assert_eq!(get(&house, "/v1/playbooks", &session).await.status, 200);
    house.pass(Duration::from_secs(9 * 3_600));
    assert_eq!(get(&house, "/v1/playbooks", &session).await.status, 401, "it ended for want of use");
    let again = login(&house).await;
    let reply = send(house.private, "POST", "/logout", &[("Cookie", &again)], b"").await;
    assert_eq!((reply.status, reply.header("location")), (303, Some("/")));
    assert_eq!(get(&house, "/v1/playbooks", &[("Cookie", &again)]).await.status, 401);
}

#[tokio::test]
async fn the_login_link_works_once() {
    let house = House::open().await;
    let link = format!("/login?code={LOGIN_CODE}");
    let reply = get(&house, &link, &[]).await;
    assert_eq!((reply.status, reply.header("location")), (303, Some("/")));
    let page = get(&house, "/", &[("Cookie", &cookie(&reply))]).await;
    assert!(page.status == 200 && page.body.contains("<h1>Now</h1>"));
    let again = get(&house, &link, &[]).await;
    assert!(again.status == 401 && again.header("set-cookie").is_none() && again.body.contains("name=\"token\""));
}

#[tokio::test]
async fn failing_logins_are_limited() {
    let house = House::open().await;
    for _ in 0..10 {
        let reply = send(house.private, "POST", "/login", &[], b"token=guess").await;
        assert!(reply.status == 401 && reply.body.contains("role=\"alert\""));
    }
    let right = format!("token={CONSOLE_TOKEN}");
    let reply = send(house.private, "POST", "/login", &[], right.as_bytes()).await;
    assert_eq!((reply.status, reply.header("retry-after")), (429, Some("60")));
    assert_eq!(house.get("/v1/playbooks").await.0, 200, "programs are not held up");
    house.pass(Duration::from_secs(61));
    assert_eq!(send(house.private, "POST", "/login", &[], right.as_bytes()).await.status, 303);
}

#[tokio::test]
async fn only_known_host_names_are_answered() {
    let house = House::open().await;
    let token = format!("Bearer {CONSOLE_TOKEN}");
    for (host, status) in [
        ("localhost:8081", 200),
        ("127.0.0.1", 200),
        ("[::1]:8081", 200),
        ("console.acme.example", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("", 403),
    ] {
        for path in ["/v1/playbooks", "/readyz", "/", "/login"] {
            let reply = get(&house, path, &[("Host", host), ("Authorization", &token)]).await;
            assert_eq!(reply.status, status, "{host} {path}");
        }
    }
}

#[tokio::test]
async fn other_sites_can_do_nothing_with_a_session() {
    let house = House::open().await;
    let cookie = login(&house).await;
    let body = br#"{"phone":"+15125550101"}"#;
    for (headers, status) in [
        (vec![], 200),
        (vec![("Sec-Fetch-Site", "same-origin")], 200),
        (vec![("Origin", "http://localhost")], 200),
        (vec![("Sec-Fetch-Site", "cross-site")], 403),
        (vec![("Sec-Fetch-Site", "same-site"), ("Origin", "http://localhost")], 403),
        (vec![("Origin", "https://evil.example")], 403),
        (vec![("Origin", "http://localhost:9999")], 403),
        (vec![("Origin", "null")], 403),
    ] {
        let mut all = vec![("Cookie", cookie.as_str())];
        all.extend(headers.clone());
        assert_eq!(send(house.private, "PUT", "/v1/contacts", &all, body).await.status, status, "{headers:?}");
        let form = format!("token={CONSOLE_TOKEN}");
        let login = send(house.private, "POST", "/login", &headers, form.as_bytes()).await;
        assert_eq!(login.status, if status == 200 { 303 } else { 403 }, "{headers:?}");
    }
}

#[tokio::test]
async fn pages_stay_to_themselves() {
    let house = House::open().await;
    let cookie = login(&house).await;
    for path in ["/", "/login", "/log", "/v1/playbooks", "/nothing"] {
        let reply = get(&house, path, &[("Cookie", &cookie)]).await;
        let policy = reply.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(reply.header("x-frame-options"), Some("DENY"), "{path}");
    }
    let page = get(&house, "/playbooks", &[("Cookie", &cookie)]).await;
    assert!(page.body.contains("Spring &lt;sale&gt;.") && !page.body.contains("<sale>"), "{}", page.body);
    for banned in ["<style", "style=", "http://", "https://", " onclick", "<script>"] {
        assert!(!page.body.contains(banned), "{banned}");
    }
    for (ending, kind) in [(".css", "text/css; charset=utf-8"), (".js", "text/javascript; charset=utf-8"), (".svg", "image/svg+xml")] {
        let name = page.body.split('"').find(|text| text.starts_with("/static/") && text.ends_with(ending)).unwrap();
        let file = get(&house, name, &[]).await;
        assert_eq!((file.status, file.header("content-type")), (200, Some(kind)), "{name}");
        assert!(file.header("cache-control").is_some_and(|header| header.contains("immutable")), "{name}");
    }
    assert_eq!(get(&house, "/static/app.css", &[]).await.status, 404);
    let nothing = get(&house, "/nothing", &[("Cookie", &cookie), ("Accept", "text/html")]).await;
    assert!(nothing.status == 404 && nothing.body.contains("<h1>There is nothing here</h1>"), "{nothing:?}");
}

#[tokio::test]
async fn the_page_shows_what_did_not_load() {
    let house = House::open().await;
    let cookie = login(&house).await;
    let path = std::sync::Arc::from("leads.yaml");
    let fault = bridged::playbook::Fault::error(&path, "unknown-step", Default::default(), "there is no step named `<nudge>`");
    house.doors.plans.refuse(house.store().now(), vec![fault]);
    assert!(get(&house, "/", &[("Cookie", &cookie)]).await.body.contains("A playbook did not load"));
    let page = get(&house, "/playbooks", &[("Cookie", &cookie)]).await;
    assert!(page.body.contains("did not load") && page.body.contains("error[unknown-step]: there is no step named `&lt;nudge&gt;`"), "{}", page.body);
    let (_, leads) = house.get("/v1/playbooks/leads").await;
    assert_eq!(leads["faults"][0]["code"], "unknown-step");
}

#[tokio::test]
async fn metrics_and_readiness() {
    let house = House::open().await;
    house.text("SM1", super::house::ANA, "hello").await;
    house.post("/webhooks/twilio", &[], b"").await;
    let token = format!("Bearer {CONSOLE_TOKEN}");
    let metrics = get(&house, "/metrics", &[("Authorization", &token)]).await.body;
    for line in [
        "bridged_webhooks_total{kind=\"text\",status=\"200\"} 1",
        "bridged_webhooks_total{kind=\"refused\",status=\"403\"} 1",
        "bridged_webhook_seconds_count 2",
        "bridged_twilio_refused 0",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}\n{metrics}");
    }
    let (status, ready) = house.get("/readyz").await;
    assert_eq!((status, &ready["ready"], &ready["remarks"][0]), (200, &Value::Bool(true), &Value::from("power loss is not covered")));
    house.doors.health.twilio(Some("Authenticate"));
    let (status, ready) = house.get("/readyz").await;
    assert_eq!((status, &ready["ready"]), (503, &Value::Bool(false)));
    assert!(ready["checks"][1]["detail"].as_str().unwrap().contains("Authenticate"), "{ready}");
}
