//! Whatever is not certainly Twilio's is refused and leaves no trace: the security list's first seven lines, as tables.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use bridged::twilio::signature::sign_json;

use super::house::{ACCOUNT, ANA, AUTH_TOKEN, FORM, House, NEXT_AUTH_TOKEN, OURS, PUBLIC_URL, form, raw, send, signature, text};

const PATH: &str = "/webhooks/twilio";

/// Nothing was written: nobody is due, nobody is known.
async fn assert_untouched(house: &House, case: &str) {
    let claim = house.store().claim(10, Duration::from_secs(1)).await.unwrap();
    assert!(claim.actors.is_empty(), "{case}: {claim:?}");
    assert!(house.store().contacts(0, 1).await.unwrap().is_empty(), "{case}");
}

#[tokio::test]
async fn headers() {
    let house = House::open().await;
    let fields = text("SM1", ANA, "hello");
    let body = form(&fields);
    let good = signature(AUTH_TOKEN, PATH, &fields);
    let other = signature("another-token", PATH, &fields);
    let no_padding = good.trim_end_matches('=').to_owned();
    let bytes = |n: usize| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, vec![7_u8; n]);
    let (short, long, sha256) = (bytes(19), bytes(21), bytes(32));
    let cases = [
        ("no header", vec![]),
        ("empty", vec![("X-Twilio-Signature", "")]),
        ("two headers", vec![("X-Twilio-Signature", good.as_str()), ("X-Twilio-Signature", good.as_str())]),
        ("wrong token", vec![("X-Twilio-Signature", other.as_str())]),
        ("bad base64", vec![("X-Twilio-Signature", "*****")]),
        ("19 bytes", vec![("X-Twilio-Signature", short.as_str())]),
        ("21 bytes", vec![("X-Twilio-Signature", long.as_str())]),
        ("32 bytes", vec![("X-Twilio-Signature", sha256.as_str())]),
        ("no padding", vec![("X-Twilio-Signature", no_padding.as_str())]),
        ("not ASCII", vec![("X-Twilio-Signature", "ü")]),
        ("as plain text", vec![("X-Twilio-Signature", good.as_str()), ("Content-Type", "text/plain")]),
        ("as multipart", vec![("X-Twilio-Signature", good.as_str()), ("Content-Type", "multipart/form-data; boundary=x")]),
    ];
    for (case, mut headers) in cases {
        if !headers.iter().any(|(name, _)| *name == "Content-Type") {
            headers.push(("Content-Type", FORM));
        }
        let reply = house.post(PATH, &headers, body.as_bytes()).await;
        assert_eq!((reply.status, reply.body.as_str()), (403, ""), "{case}");
    }
    assert_untouched(&house, "headers").await;
    // Names of headers have no case; both tokens of a rotation count; neither `Host` nor what proxies add has a say.
    let next = signature(NEXT_AUTH_TOKEN, PATH, &fields);
    for headers in [
        vec![("x-TWILIO-signature", good.as_str()), ("Content-Type", FORM)],
        vec![("X-Twilio-Signature", next.as_str()), ("Content-Type", FORM)],
        vec![
            ("X-Twilio-Signature", good.as_str()),
            ("Content-Type", FORM),
            ("Host", "evil.example"),
            ("X-Forwarded-Proto", "http"),
            ("X-Forwarded-Host", "evil"),
        ],
    ] {
        assert_eq!(house.post(PATH, &headers, body.as_bytes()).await.status, 200, "{headers:?}");
    }
    assert_eq!(house.waiting(ANA).await, 1);
}

#[tokio::test]
async fn fields() {
    let house = House::open().await;
    let good = text("SM1", ANA, "hello");
    let signature = signature(AUTH_TOKEN, PATH, &good);
    let headers = [("X-Twilio-Signature", signature.as_str()), ("Content-Type", FORM)];
    for at in 0..good.len() {
        let (name, value) = good[at];
        let changed = format!("{value}x");
        let renamed = format!("{name}x");
        let recased = name.to_ascii_uppercase();
        let mut forms = vec![good.clone(), good.clone(), good.clone(), good.clone(), good.clone()];
        forms[0][at] = (name, &changed);
        forms[1].remove(at);
        forms[2][at] = (&renamed, value);
        forms[3][at] = (&recased, value);
        // A repeat with the same value signs alike in Twilio's own libraries, and is refused all the same.
        forms[4].push((name, value));
        for form_fields in forms {
            let reply = house.post(PATH, &headers, form(&form_fields).as_bytes()).await;
            assert_eq!(reply.status, 403, "{form_fields:?}");
        }
    }
    let mut added = good.clone();
    added.push(("Extra", "x"));
    assert_eq!(house.post(PATH, &headers, form(&added).as_bytes()).await.status, 403);
    assert_untouched(&house, "fields").await;
}

#[tokio::test]
async fn encodings_of_one_form_are_one_form() {
    let house = House::open().await;
    let fields = text("SM1", ANA, "a b+c é 🛑");
    let signature = signature(AUTH_TOKEN, PATH, &fields);
    let headers = [("X-Twilio-Signature", signature.as_str()), ("Content-Type", FORM)];
    let written = form(&fields);
    assert!(written.contains("a+b%2Bc"));
    for (body, status) in [
        (written.clone(), 200),
        (written.replace("a+b", "a%20b"), 200),
        (written.replace("%2B", "%2b"), 200),
        (written.replace("a+b%2Bc", "a+b+c"), 403),
        (written.replace("%C3%A9", "e%CC%81"), 403),
        (written.replace("a+b", "a%00b"), 403),
        (written.replace("a+b", "a%FFb"), 403),
    ] {
        assert_eq!(house.post(PATH, &headers, body.as_bytes()).await.status, status, "{body}");
    }
    assert_eq!(house.waiting(ANA).await, 1);
    for body in ["", "é", "\u{0}", "🛑🛑"] {
        assert_eq!(house.text("SM2", ANA, body).await.status, 200, "{body:?}");
    }
    let many: Vec<(String, &str)> = (0..2_000).map(|n| (format!("F{n}"), "x")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert_eq!(house.webhook(PATH, &many).await.status, 413);
}

#[tokio::test]
async fn addresses() {
    let house = House::open().await;
    let fields = text("SM1", ANA, "hello");
    let body = form(&fields);
    let path = "/webhooks/twilio?b=%2F&a=1&m=x";
    let pairs: Vec<(String, String)> = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let signed = |url: &str| bridged::twilio::signature::sign(AUTH_TOKEN, url, &pairs);
    let good = format!("{PUBLIC_URL}{path}");
    for (url, status) in [
        (good.clone(), 200),
        (good.replace(".example/", ".example:443/"), 200),
        (good.replace("https:", "http:"), 403),
        (good.replace(".example/", ".example:8443/"), 403),
        (good.replace("/twilio?", "/twilio/?"), 403),
        (good.replace("/webhooks", "//webhooks"), 403),
        (good.replace("/webhooks", "/./webhooks"), 403),
        (good.replace("b=%2F&a=1", "a=1&b=%2F"), 403),
        (good.replace("%2F", "%2f"), 403),
        (good.replace("%2F", "/"), 403),
        (good.replace("m=x", "m=y"), 403),
        (good.replace("/webhooks/twilio", "/webhooks/twilio/status"), 403),
    ] {
        let reply = house.post(path, &[("X-Twilio-Signature", &signed(&url)), ("Content-Type", FORM)], body.as_bytes()).await;
        assert_eq!(reply.status, status, "{url}");
    }
    assert_eq!(house.waiting(ANA).await, 1);
}

#[tokio::test]
async fn methods_and_bodies() {
    let house = House::open().await;
    let fields = text("SM1", ANA, "hello");
    let body = form(&fields);
    let good = signature(AUTH_TOKEN, PATH, &fields);
    for path in ["/webhooks/twilio", "/webhooks/twilio/status", "/webhooks/twilio/voice"] {
        for method in ["GET", "PUT", "HEAD", "DELETE", "OPTIONS"] {
            let headers = [("X-Twilio-Signature", good.as_str()), ("Content-Type", FORM)];
            let reply = send(house.public, method, path, &headers, body.as_bytes()).await;
            assert_eq!(reply.status, 403, "{method} {path}");
        }
        // All fields in the query, as Twilio sends them where a GET is configured.
        let in_query = format!("{path}?{body}");
        let headers = [("X-Twilio-Signature", &signature(AUTH_TOKEN, &in_query, &[]) as &str)];
        assert_eq!(send(house.public, "GET", &in_query, &headers, b"").await.status, 403, "{path}");
    }
    let json = br#"{"MessageSid":"SM1"}"#;
    let sha = "0000000000000000000000000000000000000000000000000000000000000000";
    for query in [String::new(), format!("?bodySHA256={sha}")] {
        let path = format!("{PATH}{query}");
        let headers = [("X-Twilio-Signature", &signature(AUTH_TOKEN, &path, &[]) as &str), ("Content-Type", "application/json")];
        assert_eq!(house.post(&path, &headers, json).await.status, 403, "{path}");
    }
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let both = format!(
        "POST {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {FORM}\r\nX-Twilio-Signature: {good}\r\nContent-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}",
        body.len()
    );
    assert_eq!(raw(house.public, both.as_bytes()).await.status, 403);
    assert_untouched(&house, "methods and bodies").await;
}

#[tokio::test]
async fn signed_json_has_no_fields() {
    let house = House::open().await;
    let json = br#"{"MessageSid":"SM1"}"#;
    let (query, signature) = signed_json(json);
    let path = format!("{PATH}?{query}");
    let reply = house.post(&path, &[("X-Twilio-Signature", &signature), ("Content-Type", "application/json")], json).await;
    assert_eq!(reply.status, 400);
}

/// The query and signature of a JSON body.
fn signed_json(body: &[u8]) -> (String, String) {
    let (url, signature) = sign_json(AUTH_TOKEN, &format!("{PUBLIC_URL}{PATH}"), body);
    (url.split_once('?').unwrap().1.to_owned(), signature)
}

#[tokio::test]
async fn rightly_signed_and_still_refused() {
    let house = House::open().await;
    let another = "AC00000000000000000000000000000002";
    let cases = [
        ("another account", vec![("MessageSid", "SM1"), ("AccountSid", another), ("From", ANA), ("To", OURS), ("Body", "x")], 403),
        ("no account", vec![("MessageSid", "SM1"), ("From", ANA), ("To", OURS)], 400),
        ("no From", vec![("MessageSid", "SM1"), ("AccountSid", ACCOUNT), ("To", OURS)], 400),
        ("empty To", vec![("MessageSid", "SM1"), ("AccountSid", ACCOUNT), ("From", ANA), ("To", "")], 400),
        ("no MessageSid", vec![("AccountSid", ACCOUNT), ("From", ANA), ("To", OURS)], 400),
        (
            "a field moved into its neighbour",
            vec![("MessageSid", "SM1"), ("AccountSid", ACCOUNT), ("Body", "STOPFrom+15125550101"), ("To", OURS)],
            400,
        ),
        ("a repeat", vec![("MessageSid", "SM1"), ("AccountSid", ACCOUNT), ("From", ANA), ("To", OURS), ("Body", "a"), ("Body", "b")], 403),
        ("no form at all", vec![], 400),
    ];
    for (case, fields, status) in cases {
        // A repeat is signed as Twilio's libraries do it: whichever way, it must not pass.
        let reply = house.webhook(PATH, &fields).await;
        assert_eq!((reply.status, reply.body.as_str()), (status, ""), "{case}");
    }
    assert_untouched(&house, "rightly signed").await;
}
