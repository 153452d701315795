//! Our Twilio client, and the webhooks, against the pretend Twilio. Here is what the tests share.

#![allow(clippy::unwrap_used)]

mod looking;
mod people;
mod sending;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::OriginalUri;
use axum::http::{HeaderMap, Method, StatusCode};
use bridged::model::SenderType;
use bridged::twilio::check::{self, Level, Sender};
use bridged::twilio::client::Error;
use bridged::twilio::forms::{Form, Webhook};
use bridged::twilio::pretend::{Handle, Pretend, PretendConfig, PretendSender};
use bridged::twilio::status::Merge;
use bridged::twilio::{Auth, Class, Client, Create, Origin, Outcome, Settings, Status, Verifier};
use serde_json::{Value, json};
use tokio::sync::watch;

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const KEY: &str = "SK0123456789abcdef0123456789abcdef";
const LONG_CODE: &str = "+15125550101";
const SHORT_CODE: &str = "72345";
const WHATSAPP: &str = "whatsapp:+15125550100";
const SERVICE: &str = "MG0123456789abcdef0123456789abcdef";
const PERSON: &str = "+14155550199";

/// Stands where the daemon would: checks signatures and keeps what it was told.
struct Receiver {
    /// Its address.
    base: String,
    /// Everything told so far, in order; `false` for a request whose signature did not hold.
    told: watch::Receiver<Vec<(bool, Option<Webhook>)>>,
}

impl Receiver {
    async fn start() -> Receiver {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let verifier = Arc::new(Verifier::new(&base, &[TOKEN.to_string()]));
        let (sender, told) = watch::channel(vec![]);
        let handler = move |OriginalUri(uri): OriginalUri, headers: HeaderMap, body: Bytes| async move {
            let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
            let path = uri.path_and_query().unwrap().as_str();
            let signatures: Vec<_> = header("x-twilio-signature").into_iter().collect();
            let holds = verifier.verify(path, header("content-type"), &body, &signatures).is_ok();
            let webhook = Form::parse(&body).and_then(|form| Webhook::read(&form, uri.query(), ACCOUNT)).ok();
            sender.send_modify(|told| told.push((holds, webhook)));
            (StatusCode::OK, [("content-type", "text/xml")], "<Response/>")
        };
        let router = Router::new().fallback(handler);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Receiver { base, told }
    }

    /// Where texts are reported.
    fn status(&self) -> String {
        format!("{}/webhooks/twilio/status", self.base)
    }

    /// Waits for so many webhooks and gives them back; all of them rightly signed.
    async fn wait_for(&self, count: usize) -> Vec<Webhook> {
        let mut told = self.told.clone();
        let told = in_time(told.wait_for(|told| told.len() >= count)).await.unwrap();
        assert!(told.iter().all(|(holds, _)| *holds));
        told.iter().filter_map(|(_, webhook)| webhook.clone()).collect()
    }
}

/// A pretend Twilio with one sender of each kind, whose messages live fast.
async fn pretend(webhook_base: &str) -> Handle {
    let mut config = PretendConfig::new(ACCOUNT, TOKEN, webhook_base);
    config.keys = vec![(KEY.into(), "secret".into())];
    config.step = Duration::from_millis(1);
    config.late = Duration::from_millis(20);
    config.senders =
        [(LONG_CODE, SenderType::LongCode), (SHORT_CODE, SenderType::ShortCode), (WHATSAPP, SenderType::Whatsapp), (SERVICE, SenderType::LongCode)]
            .map(|(number, kind)| PretendSender { number: number.into(), kind })
            .into();
    Pretend::start(config).await.unwrap()
}

fn client(handle: &Handle) -> Client {
    client_as(&handle.api_base(), KEY, "secret")
}

fn client_as(api_base: &str, user: &str, secret: &str) -> Client {
    let auth = Auth { user: user.into(), secret: secret.into() };
    Client::new(Settings { account_sid: ACCOUNT.into(), auth, api_base: api_base.into(), concurrency: 8 }).unwrap()
}

fn text(to: &str, status_callback: &str) -> Create {
    Create {
        to: to.into(),
        from: Origin::Number(LONG_CODE.into()),
        body: Some("hello & welcome + 😀".into()),
        media: vec![],
        content_sid: None,
        content_variables: None,
        status_callback: status_callback.into(),
    }
}

/// Nothing here takes long; a test that waits for what never comes must end.
async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("it never came")
}

async fn post(handle: &Handle, path: &str, body: Value) -> Value {
    let answer = reqwest::Client::new().post(format!("{}{path}", handle.api_base()));
    let answer = answer.header("content-type", "application/json").body(body.to_string()).send().await.unwrap();
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

fn statuses(webhooks: &[Webhook]) -> Vec<Status> {
    let status = |webhook: &Webhook| {
        if let Webhook::Status(report) = webhook { report.status } else { None }
    };
    webhooks.iter().filter_map(status).collect()
}
