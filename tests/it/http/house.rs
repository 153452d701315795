//! A house with both doors open: two listeners on free ports over an empty memory store whose clock only tests move.

#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bridged::console::Console;
use bridged::http::{Doors, Gate, Limits, Tally, private, public, serve};
use bridged::model::{
    Actor, Address, Channel, Class, Contact, ConversationId, Direction, Event, Happening, Link, MessageRow, MessageStatus, Outgoing, Payload, Phone,
    Priority, SenderType, Text, Time,
};
use bridged::playbook::prices::Prices;
use bridged::playbook::workspace::{ClassRules, FieldKind, ReservedAnswers, Sender, Sync, Workspace};
use bridged::playbook::{Sources, compile};
use bridged::store::{Commit, Committed, Memory, Peek, Post, Store};
use bridged::text::{OpenHours, ReservedWords, Template};
use bridged::twilio::Verifier;
use bridged::twilio::signature::sign;
use bridged::work::reload::Folder;
use bridged::work::{Health, Live};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The account of all webhooks.
pub const ACCOUNT: &str = "AC00000000000000000000000000000001";
/// Signs webhooks.
pub const AUTH_TOKEN: &str = "auth-token-of-the-account-0000001";
/// Signs webhooks too, as during a rotation.
pub const NEXT_AUTH_TOKEN: &str = "auth-token-of-the-account-0000002";
/// Opens the private side.
pub const CONSOLE_TOKEN: &str = "console-token-0123456789abcdef0123";
/// Stands in the one-time login link.
pub const LOGIN_CODE: &str = "one-time-code";
/// What Twilio signs, before path and query.
pub const PUBLIC_URL: &str = "https://sms.acme.example";
/// Our number.
pub const OURS: &str = "+15005550006";
/// A contact's number.
pub const ANA: &str = "+15125550101";
/// `Content-Type` of a webhook.
pub const FORM: &str = "application/x-www-form-urlencoded; charset=UTF-8";
/// Where the clock stands at first: 2 March 2026, 12:00 UTC.
pub const START: i64 = 1_772_452_800_000_000;

/// Called by its number: one with a sentence that names the caller.
const CALLS: &str = "playbook: calls\nmessage_class: conversational\ntriggers:\n  - call: any\n    say: \"Hello {{ contact.first_name | default('there') }} & <all>\"\nsteps:\n  - send: You called.\n  - end: done\n";

/// Started for an audience of its own.
const SPRING: &str = "playbook: spring\nabout: Spring <sale>.\nmessage_class: transactional\naudience:\n  where: '\"vip\" in contact.tags'\nsteps:\n  - send: Hello.\n  - end: sent\n";

/// Started by an event or a tag; has no audience.
const LEADS: &str = "playbook: leads\nmessage_class: conversational\ntriggers:\n  - event: lead.created\n  - tagged: hot\nsteps:\n  - id: budget\n    ask: What is your budget?\n    save: contact.score\n    timeout: 1h\n    on_timeout: {end: silent}\n  - end: done\n";

/// The house.
pub struct House {
    /// What stands behind both doors.
    pub doors: Arc<Doors>,
    /// The clock, in microseconds.
    clock: Arc<AtomicI64>,
    /// The public side.
    pub public: SocketAddr,
    /// The private side.
    pub private: SocketAddr,
    /// Ends both.
    pub end: watch::Sender<bool>,
    /// Both listeners.
    pub listeners: Vec<JoinHandle<()>>,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Reply {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().filter_map(|line| line.split_once(": ")).find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

fn workspace(prices: Prices) -> Arc<Workspace> {
    let sender = Sender { name: "main".to_owned(), kind: SenderType::LongCode, numbers: vec![Address(OURS.to_owned())], service: None, mps: 1.0 };
    let class = || ClassRules {
        needs_consent: false,
        hours: OpenHours::default(),
        cap: None,
        first_needs_brand: false,
        first_needs_opt_out: false,
        resend_unknown: false,
    };
    let answer = || Template::parse("Done.").unwrap();
    Arc::new(Workspace {
        account_mps: 50.0,
        brand: "Acme".to_owned(),
        timezone: jiff::tz::TimeZone::UTC,
        timezone_name: "UTC".to_owned(),
        language: "en".to_owned(),
        senders: vec![sender],
        classes: [Class::Marketing, Class::Transactional, Class::Conversational].map(|name| (name, class())).into(),
        reserved: ReservedWords::new(&["stop", "optout"], &["start"], &["help"]),
        answers: ReservedAnswers { opt_out: answer(), opt_in: answer(), help: answer() },
        queues: Default::default(),
        contact_fields: [
            ("plan".to_owned(), FieldKind::Text),
            ("budget".to_owned(), FieldKind::Number),
            ("last_order_at".to_owned(), FieldKind::Time),
            ("vip".to_owned(), FieldKind::YesNo),
        ]
        .into(),
        secrets: Default::default(),
        http_allow: Vec::new(),
        links: PUBLIC_URL.to_owned(),
        prices,
        sync: Sync {
            inbound: true,
            outbound: true,
            channels: vec![Channel::Sms, Channel::Whatsapp, Channel::Voice],
            messages: true,
            statuses: true,
            media: true,
        },
    })
}

impl House {
    /// With the limits of the daemon.
    pub async fn open() -> House {
        House::with_limits(Limits::PUBLIC).await
    }

    /// With these limits on the public side.
    pub async fn with_limits(limits: Limits) -> House {
        House::with(limits, Prices::default()).await
    }

    /// Where texts cost so much.
    pub async fn with_prices(prices: Prices) -> House {
        House::with(Limits::PUBLIC, prices).await
    }

    async fn with(limits: Limits, prices: Prices) -> House {
        let clock = Arc::new(AtomicI64::new(START));
        let reading = clock.clone();
        let store = Memory::new(Arc::new(move || Time(reading.load(Ordering::Relaxed))));
        let playbooks = [("calls", CALLS), ("leads", LEADS), ("spring", SPRING)].map(|(name, yaml)| (format!("{name}.yaml"), yaml.to_owned()));
        let sources = Sources { playbooks: playbooks.into(), templates: Default::default() };
        let compiled = compile(&sources, &workspace(prices), Time(START).timestamp());
        let set = compiled.set.unwrap_or_else(|| panic!("{:#?}", compiled.faults));
        let tokens = [AUTH_TOKEN.to_owned(), NEXT_AUTH_TOKEN.to_owned()];
        let doors = Arc::new(Doors {
            store: Arc::new(store),
            plans: Arc::new(Live::new(set, Time(START), compiled.faults)),
            folder: Folder { playbooks: "playbooks".into(), templates: "templates".into() },
            health: Arc::new(Health::default()),
            verifier: Arc::new(Verifier::new(PUBLIC_URL, &tokens)),
            account_sid: ACCOUNT.to_owned(),
            gate: Gate::new(CONSOLE_TOKEN, &["console.acme.example".to_owned()], true).with_login(LOGIN_CODE),
            tally: Tally::default(),
            remarks: vec!["power loss is not covered".to_owned()],
        });
        let (end, ended) = watch::channel(false);
        let mut listeners = Vec::new();
        let mut addresses = Vec::new();
        let pages = Console::new(doors.clone(), ended.clone()).pages();
        for (routes, limits) in [(public::routes(doors.clone()), limits), (private::routes(doors.clone(), pages), Limits::PRIVATE)] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            addresses.push(listener.local_addr().unwrap());
            listeners.push(tokio::spawn(serve(listener, routes, limits, ended.clone())));
        }
        House { doors, clock, public: addresses[0], private: addresses[1], end, listeners }
    }

    /// The store.
    pub fn store(&self) -> &dyn Store {
        &*self.doors.store
    }

    /// Moves the clock.
    pub fn pass(&self, time: Duration) {
        self.clock.fetch_add(i64::try_from(time.as_micros()).unwrap(), Ordering::Relaxed);
    }

    /// Somebody's inbox and record.
    pub async fn peek(&self, phone: &str) -> Option<Peek> {
        self.store().peek(&Actor::Contact(Phone::from(phone))).await.unwrap()
    }

    /// Events that wait for somebody.
    pub async fn waiting(&self, phone: &str) -> u64 {
        self.peek(phone).await.map_or(0, |peek| peek.waiting)
    }

    /// Makes somebody known and commits what `change` puts into their step.
    pub async fn commit(&self, phone: &str, change: impl FnOnce(&mut Commit)) {
        let actor = Actor::Contact(Phone::from(phone));
        let now = self.store().now();
        let event = Event::new(now, Happening::Clock);
        self.store().post(vec![Post { to: actor.clone(), event, due: now, id: None, suppress: None }]).await.unwrap();
        let claimed = self.store().claim(100, Duration::from_secs(1)).await.unwrap().actors;
        for claimed in claimed {
            if claimed.actor != actor {
                self.store().release(&claimed.actor, claimed.lease, now, false).await.unwrap();
                continue;
            }
            let mut commit = Commit::new(&claimed, Vec::new());
            commit.consumed = claimed.events.iter().map(|(number, _)| *number).collect();
            commit.contact = claimed.contact.is_none().then(|| Contact::new(Phone::from(phone), now));
            assert_eq!(self.commit_with(commit, change).await, Committed::Done);
            return;
        }
        panic!("{phone} was not due");
    }

    async fn commit_with(&self, mut commit: Commit, change: impl FnOnce(&mut Commit)) -> Committed {
        change(&mut commit);
        self.store().commit(commit).await.unwrap()
    }

    /// A POST to the public side with these headers.
    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        send(self.public, "POST", path, headers, body).await
    }

    /// A webhook as Twilio sends it.
    pub async fn webhook(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let body = form(fields);
        self.post(path, &[("Content-Type", FORM), ("X-Twilio-Signature", &signature(AUTH_TOKEN, path, fields))], body.as_bytes()).await
    }

    /// A text.
    pub async fn text(&self, sid: &str, from: &str, body: &str) -> Reply {
        self.webhook("/webhooks/twilio", &text(sid, from, body)).await
    }

    /// A request of a program to the private side.
    pub async fn api(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let token = format!("Bearer {CONSOLE_TOKEN}");
        let reply = send(self.private, method, path, &[("Authorization", &token)], body.as_bytes()).await;
        let json = if reply.body.is_empty() { Value::Null } else { reply.json() };
        (reply.status, json)
    }

    /// A page of the private side.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.api("GET", path, &Value::Null).await
    }

    /// A refusal: the code and the sentence.
    pub async fn refused(&self, method: &str, path: &str, body: &Value) -> (u16, String, String) {
        let (status, problem) = self.api(method, path, body).await;
        assert_eq!(problem["status"], status, "{problem}");
        let text = |name: &str| problem[name].as_str().unwrap_or_else(|| panic!("{problem}")).to_owned();
        (status, text("code"), text("detail"))
    }
}

/// The fields of a text.
pub fn text<'a>(sid: &'a str, from: &'a str, body: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("MessageSid", sid), ("AccountSid", ACCOUNT), ("From", from), ("To", OURS), ("Body", body), ("NumMedia", "0"), ("SmsStatus", "received")]
}

/// A text of ours on its way out.
pub fn outgoing(id: &str, conversation: Option<ConversationId>, links: Vec<Link>) -> Outgoing {
    let address = |number: &str| Address(number.to_owned());
    let text = Text { from: address(OURS), to: address(ANA), body: "Hi".to_owned(), media: Vec::new(), content: None, links };
    Outgoing {
        id: id.into(),
        contact: Phone::from(ANA),
        conversation,
        playbook: Some("leads".to_owned()),
        step: Some("budget".to_owned()),
        broadcast: None,
        class: Class::Conversational,
        lane: OURS.to_owned(),
        priority: Priority::Other,
        cost: 1,
        valid_until: None,
        to_opted_out: false,
        jumps: false,
        quiet: false,
        resend_unknown: false,
        created_at: Time(START),
        payload: Payload::Text(text),
    }
}

/// A text of ours as people see it.
pub fn message(id: &str, status: MessageStatus) -> MessageRow {
    MessageRow {
        id: id.into(),
        contact: Phone::from(ANA),
        direction: Direction::Outbound,
        from: OURS.to_owned(),
        to: ANA.to_owned(),
        body: "Hi".to_owned(),
        media: Vec::new(),
        segments: 1,
        status,
        reason: (status == MessageStatus::Held).then(|| "window".to_owned()),
        code: None,
        sid: None,
        conversation: Some("1-1".into()),
        step: Some("budget".to_owned()),
        created_at: Time(START),
        history: vec![(Time(START), status.as_str().to_owned())],
    }
}

/// The signature of a webhook.
pub fn signature(token: &str, path: &str, fields: &[(&str, &str)]) -> String {
    let pairs: Vec<(String, String)> = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    sign(token, &format!("{PUBLIC_URL}{path}"), &pairs)
}

/// Fields as a body.
pub fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// One request on a connection of its own.
pub async fn send(to: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        head.push_str("Host: localhost\r\n");
    }
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("transfer-encoding")) {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    raw(to, &[head.as_bytes(), body].concat()).await
}

/// Bytes out, and what comes back until the connection ends.
pub async fn raw(to: SocketAddr, bytes: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    parse(&answer)
}

/// Takes an answer apart.
pub fn parse(answer: &[u8]) -> Reply {
    let answer = String::from_utf8_lossy(answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no status: {head}"));
    Reply { status, head: head.to_owned(), body: body.to_owned() }
}
