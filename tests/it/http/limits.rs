//! What clients may cost: slow ones, large bodies, too many at once, and the end.

#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::time::Duration;

use bridged::http::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::house::{ANA, FORM, House, form, parse, raw, send, text};

/// Far longer than anything here takes; only a fault makes a test wait for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// As in the daemon, but quick.
const QUICK: Limits = Limits { head_time: Duration::from_millis(60), body_time: Duration::from_millis(60), connections: 3, ..Limits::PUBLIC };

/// Patient and narrow: whoever loses a place loses it to somebody else, not to time.
const NARROW: Limits = Limits { head_time: PATIENCE, body_time: PATIENCE, connections: 3, ..Limits::PUBLIC };

async fn open(to: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

/// What comes until the other side closes.
async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    // A connection that is closed on unread bytes ends with a reset; that is an end too.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the connection stays open");
    answer
}

#[tokio::test]
async fn nothing_but_five_routes() {
    let house = House::open().await;
    for (method, path, status) in [
        ("GET", "/healthz", 200),
        ("GET", "/", 404),
        ("GET", "/v1/contacts", 404),
        ("GET", "/metrics", 404),
        ("GET", "/readyz", 404),
        ("GET", "/openapi.json", 404),
        ("GET", "/login", 404),
        ("POST", "/webhooks/twilio/", 404),
        ("POST", "//webhooks/twilio", 404),
        ("POST", "/webhooks/%74wilio", 404),
        ("POST", "/webhooks", 404),
        ("GET", "/l", 404),
        ("GET", "/l/", 404),
        ("GET", "/l/%FF", 404),
        ("GET", "/l/a/b", 404),
        ("POST", "/l/a", 405),
        ("POST", "/healthz", 405),
    ] {
        let reply = send(house.public, method, path, &[], b"").await;
        assert_eq!((reply.status, reply.body.as_str()), (status, ""), "{method} {path}");
    }
}

#[tokio::test]
async fn bodies_and_heads_have_a_size() {
    let house = House::open().await;
    let fits = "x".repeat(64 * 1024);
    for (body, status) in [(fits.clone(), 403), (format!("{fits}x"), 413), ("x".repeat(900_000), 413)] {
        let reply =
            house.post("/webhooks/twilio", &[("Content-Type", FORM), ("X-Twilio-Signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")], body.as_bytes()).await;
        assert_eq!(reply.status, status, "{} bytes", body.len());
    }
    // Whoever announces far too much is answered before sending it.
    let announced = "POST /webhooks/twilio HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n";
    assert_eq!(raw(house.public, announced.as_bytes()).await.status, 413);
    let chunks = format!(
        "POST /webhooks/twilio HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
        "4000\r\n".to_owned() + &"x".repeat(0x4000) + "\r\n"
    );
    assert_eq!(raw(house.public, chunks.as_bytes()).await.status, 403);
    let chunks = format!(
        "POST /webhooks/twilio HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
        format!("4000\r\n{}\r\n", "x".repeat(0x4000)).repeat(5)
    );
    assert_eq!(raw(house.public, chunks.as_bytes()).await.status, 413);
    let head = format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "x".repeat(17 * 1024));
    assert_eq!(raw(house.public, head.as_bytes()).await.status, 431);
}

#[tokio::test]
async fn slow_heads_are_closed_and_slow_bodies_answered() {
    let house = House::with_limits(QUICK).await;
    for bytes in ["", "POST /webhooks", "GET /healthz HTTP/1.1\r\nHost: x\r\n"] {
        let mut stream = open(house.public, bytes.as_bytes()).await;
        assert!(rest(&mut stream).await.is_empty(), "{bytes:?}");
    }
    // A second request on a connection has no more time than the first.
    let mut stream = open(house.public, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    stream.write_all(b"GET /heal").await.unwrap();
    assert!(!String::from_utf8(rest(&mut stream).await).unwrap().contains("HTTP/1.1"));
    let mut stream = open(house.public, b"POST /webhooks/twilio HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nBody").await;
    let reply = parse(&rest(&mut stream).await);
    assert_eq!((reply.status, reply.json()["code"].as_str()), (408, Some("too-slow")));
}

#[tokio::test]
async fn slow_ones_never_shut_out_a_webhook() {
    let house = House::with_limits(NARROW).await;
    let slow = b"POST /webhooks/twilio HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n";
    let mut first = open(house.public, slow).await;
    // The second has its head whole and its body not.
    let mut second = open(house.public, &[&slow[..], b"\r\n12"].concat()).await;
    let mut third = open(house.public, slow).await;
    for n in 0..3 {
        let reply = house.text(&format!("SM{n}"), ANA, "hello").await;
        assert_eq!(reply.status, 200);
    }
    assert_eq!(house.waiting(ANA).await, 3);
    // Only the oldest had to go: a place that is free again is taken before another is taken away.
    assert!(rest(&mut first).await.is_empty());
    second.write_all(b"345").await.unwrap();
    third.write_all(b"Connection: close\r\n\r\n12345").await.unwrap();
    let mut answer = [0; 12];
    second.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 403");
    assert_eq!(parse(&rest(&mut third).await).status, 403);
}

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let house = House::open().await;
    let fields = text("SM1", ANA, "hello");
    let body = form(&fields);
    let signature = super::house::signature(super::house::AUTH_TOKEN, "/webhooks/twilio", &fields);
    let request = format!(
        "POST /webhooks/twilio HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nX-Twilio-Signature: {signature}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let last = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let mut stream = open(house.public, format!("{request}{request}{request}{last}").as_bytes()).await;
    let answers = String::from_utf8(rest(&mut stream).await).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 4, "{answers}");
    assert_eq!(answers.matches("<Response/>").count(), 3);
}

#[tokio::test]
async fn the_end_closes_what_waits_and_answers_what_is_under_way() {
    let mut house = House::with_limits(NARROW).await;
    let mut waits = open(house.public, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut answer = [0; 12];
    waits.read_exact(&mut answer).await.unwrap();
    let mut under_way = open(house.public, b"POST /webhooks/twilio HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n").await;
    // This answer tells that the request has begun.
    let mut go_on = [0; 25];
    under_way.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    house.end.send(true).unwrap();
    rest(&mut waits).await;
    under_way.write_all(b"Body").await.unwrap();
    assert_eq!(parse(&rest(&mut under_way).await).status, 403);
    for listener in house.listeners.drain(..) {
        timeout(PATIENCE, listener).await.expect("a listener goes on").unwrap();
    }
    assert!(TcpStream::connect(house.public).await.is_err());
}
