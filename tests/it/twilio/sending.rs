//! Sends, and how each of them ends.

use super::*;

#[tokio::test]
async fn a_text_is_accepted_and_reported() {
    let receiver = Receiver::start().await;
    let handle = pretend(&receiver.base).await;
    let callback = format!("{}?m=m-1&n=2", receiver.status());
    let outcome = client(&handle).create(&text(PERSON, &callback)).await;
    let Outcome::Accepted { sid, status: Some(Status::Queued), segments: Some(1) } = outcome else { panic!("{outcome:?}") };
    let reports = receiver.wait_for(2).await;
    assert_eq!(statuses(&reports), [Status::Sent, Status::Delivered]);
    let Some(Webhook::Status(first)) = reports.first() else { panic!("no report") };
    assert_eq!((first.our_id.as_deref(), first.attempt, &first.message_sid), (Some("m-1"), Some(2), &sid));
    let message = client(&handle).fetch(&sid).await.unwrap();
    assert_eq!((message.status, message.body.as_str()), (Some(Status::Delivered), "hello & welcome + 😀"));
}

#[tokio::test]
async fn a_service_picks_its_number_later() {
    let receiver = Receiver::start().await;
    let handle = pretend(&receiver.base).await;
    let create = Create { from: Origin::Service(SERVICE.into()), ..text(PERSON, &receiver.status()) };
    let outcome = client(&handle).create(&create).await;
    assert!(matches!(outcome, Outcome::Accepted { status: Some(Status::Accepted), segments: Some(0), .. }), "{outcome:?}");
    assert_eq!(statuses(&receiver.wait_for(3).await), [Status::Queued, Status::Sent, Status::Delivered]);
}

#[tokio::test]
async fn refusals_are_told_with_their_class() {
    let handle = pretend("http://127.0.0.1:9").await;
    let client = client(&handle);
    let callback = "http://127.0.0.1:9/s";
    for (to, code, class) in [
        ("+15005550001", 21211, Class::Never),
        ("+15005550002", 21612, Class::Never),
        ("+15005550003", 21408, Class::Never),
        ("+15005550004", 21610, Class::OptOut),
        ("+15005550009", 21614, Class::Never),
        ("+15005550109", 21611, Class::Later),
        ("555", 21211, Class::Never),
        (LONG_CODE, 21266, Class::Never),
    ] {
        let outcome = client.create(&text(to, callback)).await;
        let Outcome::Refused { code: given, http_status: 400, class: as_class, .. } = outcome else { panic!("{to} {outcome:?}") };
        assert_eq!((given, as_class), (Some(code), class), "{to}");
    }
    for (from, code) in [("+15005550001", 21212), ("+15005550007", 21606), ("+15005550008", 21611), ("+15125550999", 21606)] {
        let outcome = client.create(&Create { from: Origin::Number(from.into()), ..text(PERSON, callback) }).await;
        assert!(matches!(outcome, Outcome::Refused { code: Some(given), .. } if given == code), "{from} {outcome:?}");
    }
    for (create, code) in [
        (Create { body: None, ..text(PERSON, callback) }, 21619),
        (Create { body: Some("x".repeat(1601)), ..text(PERSON, callback) }, 21617),
        (Create { media: vec!["https://a.example/1".into(); 11], ..text(PERSON, callback) }, 21623),
        (text(PERSON, "http://a_b.example/"), 21609),
    ] {
        let outcome = client.create(&create).await;
        assert!(matches!(outcome, Outcome::Refused { code: Some(given), .. } if given == code), "{outcome:?}");
    }
    assert_eq!(handle.pretend().read(|state| state.messages().count()), 0);
}

#[tokio::test]
async fn only_what_was_never_sent_is_called_not_sent() {
    let handle = pretend("http://127.0.0.1:9").await;
    let client = client(&handle);
    let send = async |to: &str| client.create(&text(to, "http://127.0.0.1:9/s")).await;
    // 429 and an error that goes away.
    assert!(matches!(send("+15005550101").await, Outcome::NotSent { .. }));
    assert!(matches!(send("+15005550101").await, Outcome::Accepted { .. }));
    assert!(matches!(send("+15005550299").await, Outcome::NotSent { .. }));
    assert!(matches!(send("+15005550299").await, Outcome::NotSent { .. }));
    // Errors and lost answers, whether Twilio has it or not.
    for to in ["+15005550102", "+15005550103", "+15005550104", "+15005550105", "+15005550107", "+15005550108"] {
        let outcome = send(to).await;
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{to} {outcome:?}");
    }
    let accepted: Vec<_> = handle.pretend().read(|state| state.messages().map(|m| m.to.clone()).collect());
    assert_eq!(accepted, ["+15005550101", "+15005550104", "+15005550105", "+15005550107", "+15005550108"]);
    // Nobody listens.
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for base in [format!("http://{nobody}"), "http://no-such-host.example".to_string()] {
        let outcome = client_as(&base, KEY, "secret").create(&text(PERSON, "http://127.0.0.1:9/s")).await;
        assert!(matches!(outcome, Outcome::NotSent { .. }), "{base} {outcome:?}");
    }
}

#[tokio::test]
async fn wrong_credentials_stop_everything() {
    let handle = pretend("http://127.0.0.1:9").await;
    let stranger = client_as(&handle.api_base(), KEY, "other");
    let outcome = stranger.create(&text(PERSON, "http://127.0.0.1:9/s")).await;
    assert!(matches!(outcome, Outcome::Refused { http_status: 401, code: Some(20003), class: Class::StopAccount, .. }), "{outcome:?}");
    assert!(matches!(stranger.probe().await, Err(Error::Refused { http_status: 401, .. })));
    client_as(&handle.api_base(), ACCOUNT, TOKEN).probe().await.unwrap();
    assert!(!format!("{stranger:?}").contains("other"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let receiver = Receiver::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let target = receiver.base.clone();
    let router = Router::new().fallback(move |_: Method| async move { (StatusCode::TEMPORARY_REDIRECT, [("location", target)]) });
    tokio::spawn(async move { axum::serve(listener, router).await });
    let client = client_as(&base, KEY, "secret");
    assert!(matches!(client.create(&text(PERSON, &base)).await, Outcome::Unknown { .. }));
    assert!(client.probe().await.is_err());
    assert!(receiver.told.borrow().is_empty());
}

#[tokio::test]
async fn faults_for_everybody() {
    let handle = pretend("http://127.0.0.1:9").await;
    let client = client(&handle);
    let send = async || client.create(&text(PERSON, "http://127.0.0.1:9/s")).await;
    post(&handle, "/_pretend/faults", json!({"status": 429, "next": 2})).await;
    assert!(matches!(send().await, Outcome::NotSent { .. }));
    assert_eq!(client.free(), 4);
    assert!(matches!(send().await, Outcome::NotSent { .. }));
    assert_eq!(client.free(), 2);
    assert!(matches!(send().await, Outcome::Accepted { .. }));
    post(&handle, "/_pretend/faults", json!({"status": 503, "accept": true, "every": 2})).await;
    assert!(matches!(send().await, Outcome::Accepted { .. }));
    assert!(matches!(send().await, Outcome::Unknown { .. }));
    post(&handle, "/_pretend/faults", json!({"status": 429, "code": 63038})).await;
    assert!(matches!(send().await, Outcome::Refused { class: Class::Later, .. }));
    let answers: Vec<_> = handle.pretend().read(|state| state.attempts().map(|a| a.http_status).collect());
    assert_eq!(answers, [429, 429, 201, 201, 503, 429]);
    assert_eq!(handle.pretend().read(|state| state.messages().count()), 3);
}

/// Takes the ten seconds of the deadline of a send.
#[tokio::test]
async fn an_answer_that_never_comes_is_unknown() {
    let handle = pretend("http://127.0.0.1:9").await;
    let client = client(&handle);
    let outcome = in_time(client.create(&text("+15005550106", ""))).await;
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    assert_eq!(client.free(), 8);
}
