//! What we send is what the integration guide's two curl examples send: the same set of decoded pairs, on the wire.

use bridged::twilio::client::{Auth, Client, Settings};
use bridged::twilio::create::{Create, Origin};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command;

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const CALLBACK: &str = "https://sms.acme.example/webhooks/twilio/status?m=2222223-1&n=1";

/// Takes one request: its first line, the value of its `Authorization`, and the decoded pairs of its body, sorted.
async fn take(listener: &TcpListener) -> (String, String, Vec<(String, String)>) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut seen = Vec::new();
    loop {
        stream.read_buf(&mut seen).await.unwrap();
        let text = String::from_utf8_lossy(&seen).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let header = |name: &str| {
            let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")));
            line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        };
        if body.len() < header("content-length").parse().unwrap() {
            continue;
        }
        assert!(header("content-type").starts_with("application/x-www-form-urlencoded"));
        let answer = r#"{"sid":"SM00000000000000000000000000000001","status":"queued","num_segments":"1"}"#;
        let reply = format!(
            "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
            answer.len()
        );
        stream.write_all(reply.as_bytes()).await.unwrap();
        let mut pairs: Vec<(String, String)> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        pairs.sort();
        return (head.lines().next().unwrap().to_owned(), header("authorization"), pairs);
    }
}

/// An example of the guide, as a person runs it.
async fn by_curl(listener: &TcpListener, pairs: &[(&str, &str)]) -> (String, String, Vec<(String, String)>) {
    let url = format!("http://{}/2010-04-01/Accounts/{ACCOUNT}/Messages.json", listener.local_addr().unwrap());
    let mut curl = Command::new("curl");
    curl.args(["-s", "-X", "POST", &url, "-u", "SK1:secret"]);
    for (name, value) in pairs {
        curl.args(["--data-urlencode", &format!("{name}={value}")]);
    }
    let mut running = curl.stdout(std::process::Stdio::null()).spawn().expect("curl is missing: apt-get install curl");
    let seen = take(listener).await;
    assert!(running.wait().await.unwrap().success());
    seen
}

#[tokio::test]
async fn the_examples_of_the_guide_and_ours_are_the_same_pairs() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Client::new(Settings {
        account_sid: ACCOUNT.to_owned(),
        auth: Auth { user: "SK1".to_owned(), secret: "secret".to_owned() },
        api_base: format!("http://{}", listener.local_addr().unwrap()),
        concurrency: 1,
    })
    .unwrap();
    // An SMS, and a WhatsApp message: `+`, spaces, quotes, `&`, an umlaut and an emoji must all arrive as they are.
    let examples = [
        ("+1234567890", "+15017122661", "Hello from Bridged! It's 10% & more, Jürgen 👍"),
        ("whatsapp:+1234567890", "whatsapp:+14155238886", "Hello from Bridged on WhatsApp!"),
    ];
    for (to, from, body) in examples {
        let guide = by_curl(&listener, &[("To", to), ("From", from), ("Body", body), ("StatusCallback", CALLBACK)]).await;
        let create = Create {
            to: to.to_owned(),
            from: Origin::Number(from.to_owned()),
            body: Some(body.to_owned()),
            media: Vec::new(),
            content_sid: None,
            content_variables: None,
            status_callback: CALLBACK.to_owned(),
        };
        let (ours, _) = tokio::join!(take(&listener), client.create(&create));
        assert_eq!(ours, guide);
    }
}
