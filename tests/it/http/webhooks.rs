//! What rightly signed webhooks do, each once, and what links do.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use bridged::model::event::{Answer, CallIn, TextIn};
use bridged::model::{Act, Actor, Address, ConsentEntry, ConversationId, Event, Happening, Link, MessageStatus, Patch, Phone};
use bridged::store::{Inbox, MAX_WAITING_EVENTS, Post};
use futures::future::join_all;

use super::house::{ACCOUNT, ANA, House, OURS, message, outgoing, send, text};

/// The events that wait for somebody, taken out of the store.
async fn events(house: &House, phone: &str) -> Vec<Happening> {
    let claim = house.store().claim(10, Duration::from_secs(60)).await.unwrap();
    let actor = Actor::Contact(Phone::from(phone));
    let events = claim.actors.into_iter().filter(|claimed| claimed.actor == actor).flat_map(|claimed| claimed.events);
    events.map(|(_, event)| if let Inbox::Event(event) = event { event.what } else { panic!("unreadable") }).collect()
}

#[tokio::test]
async fn a_text_is_stored_before_it_is_answered() {
    let house = House::open().await;
    let mut fields = text("SM1", "whatsapp:+15125550101", "hi & bye");
    fields.extend([("MediaUrl0", "https://api.example/1"), ("MediaContentType0", "image/png"), ("ButtonText", "Yes"), ("ProfileName", "Ana")]);
    let reply = house.webhook("/webhooks/twilio", &fields).await;
    assert_eq!((reply.status, reply.body.as_str(), reply.header("content-type")), (200, "<Response/>", Some("text/xml")));
    let [Happening::Text(text)] = &events(&house, ANA).await[..] else { panic!("not one text") };
    let expected = TextIn {
        sid: "SM1".to_owned(),
        from: Address("whatsapp:+15125550101".to_owned()),
        to: Address(OURS.to_owned()),
        body: "hi & bye".to_owned(),
        media: vec!["https://api.example/1".to_owned()],
        button: Some("Yes".to_owned()),
        opt_out_type: None,
        profile_name: Some("Ana".to_owned()),
    };
    assert_eq!(*text, expected);
}

#[tokio::test]
async fn a_hundred_at_once_are_one() {
    let house = House::open().await;
    let replies = join_all((0..100).map(|_| house.text("SM1", ANA, "hello"))).await;
    assert!(replies.iter().all(|reply| reply.status == 200));
    assert_eq!(house.waiting(ANA).await, 1);
    // The same text under another path is the same text, also much later.
    house.pass(Duration::from_secs(3_600));
    assert_eq!(house.webhook("/webhooks/twilio/voice", &text("SM1", ANA, "hello")).await.status, 200);
    assert_eq!(house.waiting(ANA).await, 1);
}

#[tokio::test]
async fn a_stop_takes_effect_with_its_text() {
    let house = House::open().await;
    for (n, (body, kind, stops)) in
        [("Stop, please!", "", true), ("opt out", "", true), ("arrêt", "STOP", true), ("don't stop", "", false), ("START", "START", false)]
            .into_iter()
            .enumerate()
    {
        let phone = format!("+1512555020{n}");
        let sid = format!("SM{n}");
        let mut fields = text(&sid, &phone, body);
        fields.push(("OptOutType", kind));
        assert_eq!(house.webhook("/webhooks/twilio", &fields).await.status, 200, "{body}");
        let ledger = house.store().consent(&Phone::from(phone.as_str())).await.unwrap();
        let acts: Vec<(Act, &str)> = ledger.iter().map(|ConsentEntry { act, source, .. }| (*act, source.as_str())).collect();
        assert_eq!(acts, if stops { vec![(Act::OptOut, "text")] } else { vec![] }, "{body}");
        assert!(ledger.iter().all(|entry| entry.evidence == format!("{sid}: {body}")));
    }
}

#[tokio::test]
async fn senders_without_a_phone_number_are_taken_note_of() {
    let house = House::open().await;
    for from in ["12345", "client:ana", "whatsapp:US.1234567890", "+0"] {
        assert_eq!(house.text("SM1", from, "hello").await.status, 200, "{from}");
    }
    assert_eq!(house.store().claim(10, Duration::from_secs(1)).await.unwrap().actors.len(), 0);
    let mut metrics = String::new();
    house.doors.tally.write(&mut metrics);
    assert!(metrics.contains("bridged_nameless_total 4\n"), "{metrics}");
}

#[tokio::test]
async fn reports_come_to_either_path() {
    let house = House::open().await;
    for path in ["/webhooks/twilio/status?m=unknown-message&n=1", "/webhooks/twilio"] {
        let fields = [("MessageSid", "SM9"), ("AccountSid", ACCOUNT), ("MessageStatus", "delivered"), ("From", OURS), ("To", ANA)];
        assert_eq!(house.webhook(path, &fields).await.status, 200, "{path}");
    }
    assert!(house.peek(ANA).await.is_none(), "a report is no text");
}

#[tokio::test]
async fn a_report_moves_our_message() {
    let house = House::open().await;
    house.commit(ANA, |commit| commit.messages.push(message("m-1", MessageStatus::Accepted))).await;
    let fields = [("MessageSid", "SM9"), ("AccountSid", ACCOUNT), ("MessageStatus", "delivered"), ("From", OURS), ("To", ANA)];
    assert_eq!(house.webhook("/webhooks/twilio/status?m=m-1&n=1", &fields).await.status, 200);
    let row = house.store().message(&"m-1".into()).await.unwrap().unwrap();
    assert_eq!(row.status, MessageStatus::Delivered);
}

fn call<'a>(sid: &'a str, from: &'a str, status: &'a str) -> [(&'a str, &'a str); 5] {
    [("CallSid", sid), ("AccountSid", ACCOUNT), ("From", from), ("To", OURS), ("CallStatus", status)]
}

#[tokio::test]
async fn calls_are_answered_and_noted_once() {
    let house = House::open().await;
    let said = "<Response><Say language=\"en\">Hello there &amp; &lt;all&gt;</Say><Hangup/></Response>";
    let cases = [
        ("CA1", ANA, "ringing", said, 1),
        ("CA1", ANA, "ringing", said, 1),
        ("CA1", ANA, "completed", "<Response/>", 1),
        ("CA2", ANA, "completed", "<Response/>", 1),
        ("CA3", ANA, "no-answer", "<Response/>", 2),
        ("CA3", ANA, "busy", "<Response/>", 2),
        ("CA4", "anonymous", "in-progress", said, 2),
    ];
    for (sid, from, status, xml, waiting) in cases {
        let reply = house.webhook("/webhooks/twilio/voice", &call(sid, from, status)).await;
        assert_eq!((reply.status, reply.body.as_str(), reply.header("content-type")), (200, xml, Some("text/xml")), "{sid} {status}");
        assert_eq!(house.waiting(ANA).await, waiting, "{sid} {status}");
    }
    let noted = events(&house, ANA).await;
    let expected = CallIn { sid: "CA1".to_owned(), from: ANA.to_owned(), to: OURS.to_owned() };
    assert_eq!(noted[0], Happening::Call(expected));
}

#[tokio::test]
async fn a_known_caller_is_greeted_by_name() {
    let house = House::open().await;
    let mut patch = Patch::new(Phone::from(ANA));
    patch.fields.insert("first_name".to_owned(), "Ana".into());
    house.store().put_contacts(vec![patch], &[]).await.unwrap();
    let reply = house.webhook("/webhooks/twilio/voice", &call("CA1", ANA, "ringing")).await;
    assert!(reply.body.contains(">Hello Ana &amp;"), "{reply:?}");
}

#[tokio::test]
async fn a_full_store_answers_503() {
    let house = House::open().await;
    let at = house.store().now();
    let answer = Answer::Failure { why: String::new() };
    let event = Event::new(at, Happening::Answered { message: "m".into(), answer });
    let post = Post { to: Actor::Contact(Phone::from("+15125550199")), event, due: at, id: None, suppress: None };
    house.store().post(vec![post; usize::try_from(MAX_WAITING_EVENTS).unwrap()]).await.unwrap();
    assert_eq!(house.text("SM1", ANA, "hello").await.status, 503);
    assert_eq!(house.webhook("/webhooks/twilio/voice", &call("CA1", ANA, "ringing")).await.status, 503);
    let event = serde_json::json!({ "event": "lead.created", "contact": { "phone": ANA } });
    let (status, code, _) = house.refused("POST", "/v1/events", &event).await;
    assert_eq!((status, code.as_str()), (503, "store-full"));
    assert_eq!(house.waiting(ANA).await, 0);
}

/// Leaves a text with a tracked link in the store.
async fn with_link(house: &House, conversation: Option<&str>) {
    let link = Link { code: "k7".to_owned(), url: "https://shop.example/søk?q=a b".to_owned(), marks: vec!["offer".to_owned()] };
    let conversation = conversation.map(ConversationId::from);
    house.commit(ANA, |commit| commit.queue.push(outgoing("m-1", conversation, vec![link]))).await;
}

#[tokio::test]
async fn a_link_leads_on_and_tells_the_conversation() {
    let house = House::open().await;
    with_link(&house, Some("1-1")).await;
    assert_eq!(send(house.public, "HEAD", "/l/k7", &[], b"").await.status, 302);
    assert_eq!(house.waiting(ANA).await, 0, "a look is no click");
    for _ in 0..2 {
        let reply = send(house.public, "GET", "/l/k7", &[], b"").await;
        assert_eq!((reply.status, reply.header("location")), (302, Some("https://shop.example/s%C3%B8k?q=a%20b")));
    }
    let clicks = events(&house, ANA).await;
    let url = "https://shop.example/søk?q=a b".to_owned();
    let click = Happening::Clicked { conversation: "1-1".into(), marks: vec!["offer".to_owned()], url };
    assert_eq!(clicks, [click.clone(), click]);
}

#[tokio::test]
async fn links_that_tell_nobody() {
    let house = House::open().await;
    with_link(&house, None).await;
    assert_eq!(send(house.public, "GET", "/l/k7", &[], b"").await.status, 302);
    assert_eq!(house.waiting(ANA).await, 0);
    let unknown = send(house.public, "GET", "/l/k8", &[], b"").await;
    assert_eq!((unknown.status, unknown.header("location"), unknown.body.as_str()), (404, None, ""));
}
