//! Posts an inbound text to a running daemon, signed as Twilio signs it: for trying a playbook or a proxy by hand.
//!
//! `cargo run --example webhook -- URL TOKEN FROM TO BODY`
//!
//! URL is `public_url` + `/webhooks/twilio`, exactly as the daemon has it: the signature covers it letter by letter. TOKEN is
//! `twilio.auth_token`. Against `make run`, which brings its own token:
//! `cargo run --example webhook -- http://127.0.0.1:8080/webhooks/twilio pretend +15125550100 +18885550123 "hello there"`
//!
//! The account is `TWILIO_ACCOUNT_SID`, or that of `make run`.

use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use bridged::twilio::signature::sign;

/// The account of `serve --pretend` where none is set.
const PRETEND_ACCOUNT: &str = "AC00000000000000000000000000000000";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [url, token, from, to, body] = args.as_slice() else {
        eprintln!("usage: webhook URL TOKEN FROM TO BODY");
        std::process::exit(2);
    };
    let account = std::env::var("TWILIO_ACCOUNT_SID").unwrap_or_else(|_| PRETEND_ACCOUNT.to_owned());
    // A text is known by its SID and taken once, so each run needs a new one: the nanoseconds since 1970.
    let sid = format!("SM{:032x}", SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos());
    let pairs = [("AccountSid", account.as_str()), ("MessageSid", &sid), ("From", from), ("To", to), ("Body", body), ("NumMedia", "0")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let answer = reqwest::Client::new()
        .post(url)
        .header("X-Twilio-Signature", sign(token, url, &pairs))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(serde_urlencoded::to_string(&pairs)?)
        .send()
        .await?;
    let status = answer.status();
    println!("{status} {}", answer.text().await?);
    // 200 means stored, not answered: the reply goes out as a text of its own.
    if status.is_success() { Ok(()) } else { Err("the daemon did not take it".into()) }
}
