//! What comes back: reports, texts, calls, and who is opted out.

use super::*;

#[tokio::test]
async fn people_text_and_opt_out() {
    let receiver = Receiver::start().await;
    let handle = pretend(&receiver.base).await;
    let client = client(&handle);
    let told = post(&handle, "/_pretend/texts", json!({"from": PERSON, "to": LONG_CODE, "body": "Stop", "media": ["https://a.example/1"]})).await;
    assert_eq!(told["webhook"], json!({"status": 200, "body": "<Response/>"}));
    let webhooks = receiver.wait_for(1).await;
    let Some(Webhook::Inbound(inbound)) = webhooks.first() else { panic!("{webhooks:?}") };
    assert_eq!((inbound.from.as_str(), inbound.to.as_str(), inbound.body.as_str()), (PERSON, LONG_CODE, "Stop"));
    assert_eq!((inbound.media.len(), told["sid"].as_str()), (1, Some(inbound.message_sid.as_str())));
    // Twilio has answered by itself and refuses our texts, from this sender only.
    let outcome = client.create(&text(PERSON, &receiver.status())).await;
    assert!(matches!(outcome, Outcome::Refused { code: Some(21610), class: Class::OptOut, .. }), "{outcome:?}");
    let other = Create { from: Origin::Number(SHORT_CODE.into()), ..text(PERSON, &receiver.status()) };
    assert!(matches!(client.create(&other).await, Outcome::Accepted { .. }));
    post(&handle, "/_pretend/texts", json!({"from": PERSON, "to": LONG_CODE, "body": "START"})).await;
    assert!(matches!(client.create(&text(PERSON, &receiver.status())).await, Outcome::Accepted { .. }));
    let thread = handle.pretend().read(|state| state.messages().map(|m| (m.direction, m.to.clone())).collect::<Vec<_>>());
    let ways: Vec<_> = thread.iter().map(|(direction, _)| *direction).collect();
    assert_eq!(ways, ["inbound", "outbound-reply", "outbound-api", "inbound", "outbound-reply", "outbound-api"]);
}

#[tokio::test]
async fn people_who_answer_by_themselves() {
    let receiver = Receiver::start().await;
    let handle = pretend(&receiver.base).await;
    let client = client(&handle);
    for (to, words) in [("+15005550121", "hello & welcome + 😀"), ("+15005550122", "STOP")] {
        client.create(&text(to, "")).await;
        let from_them = |state: &bridged::twilio::pretend::state::State| {
            state.messages().any(|m| m.direction == "inbound" && m.from.as_deref() == Some(to) && m.body == words)
        };
        in_time(handle.pretend().wait_until(from_them)).await;
    }
    assert!(handle.pretend().read(|state| state.is_opted_out(LONG_CODE, "+15005550122")));
}

#[tokio::test]
async fn whatsapp_takes_free_words_only_after_theirs() {
    let receiver = Receiver::start().await;
    let handle = pretend(&receiver.base).await;
    let person = format!("whatsapp:{PERSON}");
    let free = Create { from: Origin::Number(WHATSAPP.into()), ..text(&person, &receiver.status()) };
    client(&handle).create(&free).await;
    let reports = receiver.wait_for(2).await;
    assert!(matches!(reports.last(), Some(Webhook::Status(report)) if report.error_code == Some(63016)));
    post(&handle, "/_pretend/texts", json!({"from": person, "to": WHATSAPP, "body": "hi", "button": "Yes"})).await;
    client(&handle).create(&free).await;
    assert_eq!(statuses(&receiver.wait_for(5).await).last(), Some(&Status::Delivered));
}

#[tokio::test]
async fn calls_ring_and_end() {
    let receiver = Receiver::start().await;
    let handle = pretend(&receiver.base).await;
    post(&handle, "/_pretend/calls", json!({"from": PERSON, "to": LONG_CODE})).await;
    post(&handle, "/_pretend/calls", json!({"from": PERSON, "to": LONG_CODE, "status": "no-answer"})).await;
    let calls = receiver.wait_for(2).await;
    let missed: Vec<_> = calls.iter().map(|w| matches!(w, Webhook::Call(call) if call.missed)).collect();
    assert_eq!(missed, [false, true]);
}

#[tokio::test]
async fn reports_shuffled_failed_and_read() {
    for (to, reported, end, code) in [
        ("+15005550112", vec!["delivered", "sent", "sent", "delivered"], Status::Delivered, None),
        ("+15005550113", vec!["sent", "delivered"], Status::Delivered, None),
        ("+15005550114", vec!["sent"], Status::Sent, None),
        ("+15005550115", vec!["sent", "delivered", "read"], Status::Read, None),
        ("+15005550116", vec!["sent", "undelivered"], Status::Undelivered, Some(30003)),
        ("+15005550117", vec!["failed"], Status::Failed, Some(30007)),
    ] {
        let receiver = Receiver::start().await;
        let handle = pretend(&receiver.base).await;
        client(&handle).create(&text(to, &receiver.status())).await;
        let reports = receiver.wait_for(reported.len()).await;
        assert_eq!(statuses(&reports).iter().map(|s| s.name()).collect::<Vec<_>>(), reported, "{to}");
        let mut at = Status::Queued;
        for report in statuses(&reports) {
            if at.merge(report) == Merge::Moves {
                at = report;
            }
        }
        assert_eq!(at, end, "{to}");
        let last = match reports.last() {
            Some(Webhook::Status(report)) => report.error_code,
            other => panic!("{other:?}"),
        };
        assert_eq!(last, code, "{to}");
    }
}
