//! What we ask Twilio for: lists, numbers, and whether the set-up is right.

use super::*;

#[tokio::test]
async fn a_lost_answer_is_found_by_the_report_or_by_the_list() {
    let receiver = Receiver::start().await;
    let handle = pretend(&receiver.base).await;
    let client = client(&handle);
    let callback = format!("{}?m=m-7&n=1", receiver.status());
    client.create(&text("+15005550107", &callback)).await;
    let reports = receiver.wait_for(1).await;
    assert!(matches!(reports.first(), Some(Webhook::Status(report)) if report.our_id.as_deref() == Some("m-7")));
    client.create(&text("+15005550108", &callback)).await;
    let page = client.list("+15005550108", Some(LONG_CODE), None).await.unwrap();
    let [message] = page.messages.as_slice() else { panic!("{page:?}") };
    assert_eq!((message.direction.as_str(), message.body.as_str()), ("outbound-api", "hello & welcome + 😀"));
    assert!(message.date_created.is_some() && page.next.is_none());
}

#[tokio::test]
async fn inbound_texts_are_listed_page_by_page() {
    let handle = pretend("http://127.0.0.1:9").await;
    let client = client(&handle);
    let before = jiff::Timestamp::now();
    for n in 0..3 {
        post(&handle, "/_pretend/texts", json!({"from": PERSON, "to": LONG_CODE, "body": format!("text {n}")})).await;
        client.create(&text(PERSON, "")).await;
    }
    let page = client.list_inbound(LONG_CODE, before, None).await.unwrap();
    assert_eq!(page.messages.iter().map(|m| m.body.as_str()).collect::<Vec<_>>(), ["text 2", "text 1", "text 0"]);
    assert!(page.next.is_none());
    let later = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(60);
    assert!(client.list_inbound(LONG_CODE, later, None).await.unwrap().messages.is_empty());
    // More than one page of 50 in the list of one person.
    for _ in 0..52 {
        client.create(&text(PERSON, "")).await;
    }
    let first = client.list(PERSON, None, None).await.unwrap();
    let second = client.list(PERSON, None, first.next.as_ref()).await.unwrap();
    assert_eq!((first.messages.len(), second.messages.len(), second.next), (50, 5, None));
    assert!(second.messages.iter().all(|m| !first.messages.contains(m)));
}

#[tokio::test]
async fn checking_and_connecting_a_number() {
    let handle = pretend("https://old.example").await;
    let client = client(&handle);
    let sender = |name: &str, number: &str| Sender { name: name.into(), from: Origin::Number(number.into()) };
    let senders = [sender("marketing", LONG_CODE), sender("lost", "+15125550999"), sender("short", SHORT_CODE), sender("wa", WHATSAPP)];
    let levels = |findings: &[check::Finding]| findings.iter().map(|f| f.level).collect::<Vec<_>>();
    let findings = check::check(&client, "https://sms.acme.example", &senders).await;
    assert_eq!(levels(&findings), [Level::Ok, Level::Ok, Level::Fail, Level::Warn, Level::Fail, Level::Warn, Level::Warn], "{findings:?}");
    let number = client.phone_number(LONG_CODE).await.unwrap().unwrap();
    let changes = check::changes(&number, "https://sms.acme.example", true);
    let fields: Vec<_> = changes.iter().map(|c| (c.field, c.to.as_str())).collect();
    client.update_number(&number.sid, &fields).await.unwrap();
    let findings = check::check(&client, "https://sms.acme.example", &senders[..1]).await;
    assert_eq!(levels(&findings), [Level::Ok; 3], "{findings:?}");
    let refused = check::check(&client_as(&handle.api_base(), KEY, "x"), "https://sms.acme.example", &senders).await;
    assert_eq!(refused.first().map(|f| f.level), Some(Level::Fail));
    assert!(refused.iter().any(|f| f.text.contains("region")) && refused.iter().any(|f| f.text.contains("spaces")));
}
