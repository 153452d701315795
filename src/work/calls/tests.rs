//! Calls against servers on this machine, which the settings allow, and addresses that they don't.
#![allow(clippy::unwrap_used)]

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;

/// A secret that must turn up nowhere but at the other side.
const CANARY: &str = "canary&7f3a";

fn caller(allow: &[&str]) -> Caller {
    let allow: Vec<String> = allow.iter().map(|host| (*host).to_owned()).collect();
    Caller::new(&allow, [("TOKEN".to_owned(), CANARY.to_owned())].into())
}

fn call(method: &str, url: &str) -> Call {
    Call {
        method: method.to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: None,
        timeout_ms: 5_000,
        retries: 0,
        idempotency_key: "7-3".to_owned(),
    }
}

/// Answers one request with these bytes and gives it back, once its head and `Content-Length` bytes are there.
async fn server(answer: Vec<u8>) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let request = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = String::new();
        while !whole(&request) {
            let mut bytes = [0; 4096];
            let count = socket.read(&mut bytes).await.unwrap();
            assert!(count > 0, "the request broke off: {request}");
            request.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        }
        // A client that has read enough may hang up.
        drop(socket.write_all(&answer).await);
        request
    });
    (url, request)
}

fn whole(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

fn response(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()).into_bytes()
}

/// Why a call was not made or not answered, and whether it may be tried again.
fn why(attempt: Attempt) -> (String, bool) {
    match attempt {
        Attempt::Answered(Answer::Failure { why }) => (why, false),
        Attempt::TryAgain(why) => (why, true),
        Attempt::Answered(answer) => panic!("it was answered: {answer:?}"),
    }
}

#[tokio::test]
async fn a_call_goes_out_with_its_secrets_and_comes_back_without() {
    let echo = json!({"id": 7, "you_sent": [CANARY, "canary%267f3a"]}).to_string();
    let (url, request) =
        server(response("201 Created", "Content-Type: application/problem+json; charset=utf-8\r\nX-Echo: canary&7f3a\r\nX-Echo: 2\r\n", &echo)).await;
    let mut call = call("POST", &format!("{url}/score?key=%7B%7Bsecret.TOKEN%7D%7D"));
    call.headers = vec![("Authorization".to_owned(), "Bearer {{secret.TOKEN}}".to_owned()), ("X-Name".to_owned(), "José".to_owned())];
    call.body = Some(("application/json".to_owned(), json!({"token": "{{secret.TOKEN}}"}).to_string()));
    let Attempt::Answered(Answer::Response { status, headers, body }) = caller(&["127.0.0.1"]).call(&call).await else { panic!("no answer") };
    assert_eq!((status, headers["x-echo"].as_str()), (201, "{{secret.TOKEN}}, 2"));
    assert_eq!(body, json!({"id": 7, "you_sent": ["{{secret.TOKEN}}", "{{secret.TOKEN}}"]}));
    let request = request.await.unwrap();
    let lines = ["POST /score?key=canary%267f3a HTTP/1.1", "authorization: Bearer canary&7f3a", "x-name: José", "idempotency-key: 7-3"];
    for line in lines.into_iter().chain(["content-type: application/json", r#"{"token":"canary&7f3a"}"#]) {
        assert!(request.lines().any(|sent| sent == line), "{line} is not in {request}");
    }
}

#[tokio::test]
async fn forms_and_own_keys_are_kept() {
    let (url, request) = server(response("200 OK", "", "fine")).await;
    let mut call = call("PUT", &url);
    call.headers = vec![("idempotency-key".to_owned(), "mine".to_owned())];
    call.body = Some(("application/x-www-form-urlencoded".to_owned(), "a=%7B%7Bsecret.TOKEN%7D%7D&b=1".to_owned()));
    let Attempt::Answered(Answer::Response { body, .. }) = caller(&["127.0.0.1"]).call(&call).await else { panic!("no answer") };
    assert_eq!(body, json!("fine"));
    let request = request.await.unwrap();
    assert!(request.ends_with("\r\n\r\na=canary%267f3a&b=1") && request.contains("idempotency-key: mine"), "{request}");
    assert!(!request.contains("7-3"), "{request}");
}

#[tokio::test]
async fn answers_by_status() {
    let again = ["408 Request Timeout", "429 Too Many Requests", "500 Internal Server Error", "503 Service Unavailable"];
    for status in again {
        let (url, _) = server(response(status, "", "later")).await;
        let attempt = caller(&["127.0.0.1"]).call(&call("GET", &url)).await;
        assert_eq!(attempt, Attempt::TryAgain(format!("the answer was {}", &status[..3])));
    }
    for (status, headers) in
        [("200 OK", ""), ("404 Not Found", ""), ("302 Found", "Location: file:///etc/passwd\r\n"), ("307 Moved", "Location: /\r\n")]
    {
        let (url, _) = server(response(status, headers, "{}")).await;
        let attempt = caller(&["127.0.0.1"]).call(&call("GET", &url)).await;
        let Attempt::Answered(Answer::Response { status: came, body, .. }) = attempt else { panic!("{status}: {attempt:?}") };
        assert_eq!((came.to_string().as_str(), body), (&status[..3], json!("{}")), "text, since no type says that it is JSON");
    }
}

#[tokio::test]
async fn a_body_may_have_one_mebibyte_and_no_more() {
    let longest = "x".repeat(BODY_LIMIT);
    let (url, _) = server(response("200 OK", "Content-Type: application/json\r\n", &longest)).await;
    let attempt = caller(&["127.0.0.1"]).call(&call("GET", &url)).await;
    let Attempt::Answered(Answer::Response { body, .. }) = attempt else { panic!("no answer") };
    assert_eq!(body.as_str().map(str::len), Some(BODY_LIMIT), "what is no JSON is text");
    let (url, _) = server(response("200 OK", "", &format!("{longest}x"))).await;
    let (why, again) = why(caller(&["127.0.0.1"]).call(&call("GET", &url)).await);
    assert_eq!((why.as_str(), again), ("the answer is larger than 1 MiB", false));
}

#[tokio::test]
async fn silence_and_broken_connections_may_pass() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/{{{{secret.TOKEN}}}}", silent.local_addr().unwrap());
    let mut slow = call("GET", &url);
    slow.timeout_ms = 50;
    assert_eq!(why(caller(&["127.0.0.1"]).call(&slow).await), ("there was no whole answer within 0.05 s".to_owned(), true));
    // Nobody listens any more; the head breaks off; the body breaks off; no TLS.
    drop(silent);
    let mut urls = vec![url];
    for answer in ["HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour"] {
        urls.push(format!("{}/{{{{secret.TOKEN}}}}", server(answer.as_bytes().to_vec()).await.0));
    }
    urls.push(server(b"no TLS".to_vec()).await.0.replace("http:", "https:"));
    for url in urls {
        let (why, again) = why(caller(&["127.0.0.1"]).call(&call("GET", &url)).await);
        assert!(again && !why.is_empty() && !why.contains("canary"), "{url}: {why}");
    }
}

#[tokio::test]
async fn only_the_public_internet_is_called() {
    let table = "127.1 0x7f.1 2130706433 0177.0.0.1 127.0.0.1:8443 [::1] [::ffff:127.0.0.1] [::ffff:7f00:1] 169.254.169.254 10.1.2.3 172.20.0.1 \
        192.168.1.1 100.64.0.1 0.0.0.0 224.0.0.1 255.255.255.255 [fd00::] [fe80::1] [64:ff9b::7f00:1] [2002:7f00:1::] [::] localhost LOCALHOST localhost. db.localhost";
    for host in table.split_whitespace() {
        let (why, again) = why(caller(&["127.0.0.1.example"]).call(&call("GET", &format!("https://{host}/"))).await);
        assert!(why.contains("where playbooks may not call") && !again, "{host}: {why}");
    }
}

#[tokio::test]
async fn a_name_is_judged_by_where_it_leads() {
    // The one name that every machine resolves, past the check that knows it by its letters.
    let error = client(&Arc::default()).unwrap().get("https://localhost/").send().await.unwrap_err();
    assert!(matches!(failure(error, 1), Error::Final(why) if why.contains("where playbooks may not call")));
    let (url, _) = server(response("200 OK", "", "")).await;
    let attempt = caller(&["localhost"]).call(&call("GET", &url.replace("127.0.0.1", "localhost"))).await;
    assert!(matches!(attempt, Attempt::Answered(Answer::Response { status: 200, .. })), "{attempt:?}");
}

#[test]
fn a_name_that_leads_to_both_goes_to_the_public_one() {
    let address = |text: &str| SocketAddr::new(text.parse().unwrap(), 0);
    assert_eq!(sift("a.example", vec![address("10.0.0.1"), address("8.8.8.8")]), Ok(vec![address("8.8.8.8")]));
    assert!(sift("a.example", vec![address("10.0.0.1"), address("fd00::1")]).is_err());
    assert_eq!(sift("a.example", Vec::new()), Ok(Vec::new()));
}

#[tokio::test]
async fn what_may_not_be_sent_is_told() {
    let header = |name: &str, value: &str| Call { headers: vec![(name.to_owned(), value.to_owned())], ..call("GET", "https://a.example") };
    let table = [
        (call("GET", "http://a.example/"), "list `a.example` in"),
        (call("GET", "file:///etc/passwd"), "the address is none"),
        (call("GET", "ftp://a.example/"), "need https"),
        (call("GET", "/score"), "the address is none"),
        (call("GET", "https://me@a.example/"), "a user or a password"),
        (call("GET", "https://:{{secret.TOKEN}}@a.example/"), "a user or a password"),
        (call("GET", "https://a.example/?q=1\r\nX-Evil: 1"), "a line break"),
        (call("GET", "https://a.example/\t"), "control character"),
        (call("GET", "https://a.example/{{secret.OTHER}}"), "the secret `OTHER`"),
        (call("G T", "https://a.example/"), "`G T` is no method"),
        (header("X-Note", "one\r\nX-Evil: 1"), "the header `X-Note` holds a line break"),
        (header("X Note", "one"), "`X Note` is no name"),
        (header("Content-Length", "0"), "set by the connection"),
    ];
    for (call, words) in table {
        let (why, again) = why(caller(&["127.0.0.1"]).call(&call).await);
        assert!(why.contains(words) && !again && !why.contains("canary"), "{}: {why}", call.url);
    }
}

#[test]
fn pauses_grow_fourfold() {
    assert_eq!((1..=6).map(|attempt| backoff(attempt).as_secs()).collect::<Vec<_>>(), [1, 4, 16, 64, 256, 256]);
    assert!(!format!("{:?}", caller(&["127.0.0.1"])).contains("canary"));
}
