//! `commit`: whole or stale.

use bridged::model::{
    Act, Actor, ConsentEntry, Contact, ConversationState, Direction, HandoffRow, HandoffState, Happening, Link, MessageRow, MessageStatus, Patch,
    Payload, PlanHash, Priority, Time,
};
use bridged::store::{Committed, Flight, JournalEntry, LiveCount};

use super::world::{World, all_consumed, conversation, happenings, named, names, phone, text};

pub async fn a_commit_writes_everything(w: &World) {
    w.fast().await;
    let (who, now) = (phone(1), w.store.now());
    let row = conversation(&who, "1-1", ConversationState::Listening, now);
    let handoff = HandoffRow {
        id: "1-1-ask".into(),
        contact: who.clone(),
        conversation: "1-1".into(),
        queue: "sales".to_owned(),
        agent: None,
        state: HandoffState::Requested,
        priority: "normal".to_owned(),
        note: String::new(),
        overdue: false,
        opened_at: now,
        closed_at: None,
    };
    let heard = MessageRow {
        id: "SMin".into(),
        contact: who.clone(),
        direction: Direction::Inbound,
        from: who.0.clone(),
        to: "+15550100".to_owned(),
        body: "hello".to_owned(),
        media: Vec::new(),
        segments: 1,
        status: MessageStatus::Received,
        reason: None,
        code: None,
        sid: Some("SMin".to_owned()),
        conversation: Some("1-1".into()),
        step: None,
        created_at: now,
        history: Vec::new(),
    };
    let entry = JournalEntry { at: now, body: serde_json::json!({ "heard": "hello" }) };
    let consent = ConsentEntry {
        contact: who.clone(),
        act: Act::Grant,
        class: "marketing".to_owned(),
        at: now,
        source: "text".to_owned(),
        evidence: "YES".to_owned(),
    };
    let contact = Contact::new(who.clone(), now);
    let done = w
        .step(&who, |commit| {
            commit.state = b"record".to_vec();
            commit.contact = Some(contact.clone());
            commit.conversations = vec![row.clone()];
            commit.handoffs = vec![handoff.clone()];
            commit.messages = vec![heard.clone()];
            commit.queue = vec![text(&who, "m1", Priority::Reply)];
            commit.journal = Some(entry.clone());
            commit.consent = vec![consent.clone()];
        })
        .await;
    assert_eq!(done, Committed::Done);
    let peek = w.store.peek(&Actor::Contact(who.clone())).await.unwrap().unwrap();
    assert_eq!((peek.state.as_deref(), peek.wake, peek.waiting), (Some(&b"record"[..]), None, 0));
    assert_eq!(w.store.contact(&who).await.unwrap().unwrap(), Contact { number: 1, ..contact });
    assert_eq!(w.store.conversation(&row.id).await.unwrap(), Some(row));
    assert_eq!(w.store.handoff(&handoff.id).await.unwrap(), Some(handoff));
    assert_eq!(w.store.message(&heard.id).await.unwrap(), Some(heard));
    assert_eq!(w.store.consent(&who).await.unwrap(), [consent]);
    assert_eq!(w.store.journal(&who, 0, 10).await.unwrap().into_iter().map(|(_, entry)| entry).collect::<Vec<_>>(), [entry]);
    let queued = w.store.message(&"m1".into()).await.unwrap().unwrap();
    assert_eq!((queued.status, queued.body.as_str(), queued.segments), (MessageStatus::Queued, "text m1", 1));
}

pub async fn a_changed_contact_makes_a_commit_stale(w: &World) {
    let who = phone(1);
    w.step(&who, |commit| commit.contact = Some(Contact::new(who.clone(), Time(1)))).await;
    w.store.post(vec![named(&who, "hi", w.store.now())]).await.unwrap();
    let claimed = w.claim(&who).await;
    let patch = Patch { tags: vec!["vip".to_owned()], ..Patch::new(who.clone()) };
    w.store.put_contacts(vec![patch.clone()], &[]).await.unwrap();
    let mut commit = all_consumed(&claimed);
    commit.contact = claimed.contact.clone();
    commit.counts = vec![("n".to_owned(), 1)];
    assert_eq!(w.store.commit(commit).await.unwrap(), Committed::Stale);
    assert!(w.store.counts("n").await.unwrap().is_empty(), "nothing of it was written");
    let again = w.claim(&who).await;
    assert_eq!((names(&again), again.attempts), (vec!["hi".to_owned()], 1), "due at once, and nobody's fault");
    assert!(again.contact.as_ref().unwrap().tags.contains("vip"));
    w.store.put_contacts(vec![patch], &[]).await.unwrap();
    assert_eq!(w.store.commit(all_consumed(&again)).await.unwrap(), Committed::Done, "a patch that changes nothing disturbs nobody");
}

pub async fn a_text_that_has_gone_makes_a_commit_stale(w: &World) {
    w.fast().await;
    let who = phone(1);
    w.queue(vec![text(&who, "m1", Priority::Other)]).await;
    w.nudge(&who).await;
    let claimed = w.claim(&who).await;
    assert_eq!(claimed.flight, [("m1".into(), Flight::Waiting)]);
    assert_eq!(w.ids().await, ["m1"]);
    let mut commit = all_consumed(&claimed);
    commit.cancel = vec![("m1".into(), "late".to_owned())];
    commit.counts = vec![("n".to_owned(), 1)];
    assert_eq!(w.store.commit(commit).await.unwrap(), Committed::Stale);
    assert!(w.store.counts("n").await.unwrap().is_empty());
    assert_eq!(w.claim(&who).await.flight, [("m1".into(), Flight::Posting)]);
}

pub async fn a_new_person_has_its_number_from_the_first_claim(w: &World) {
    for n in [7, 8] {
        let who = phone(n);
        w.nudge(&who).await;
        let claimed = w.claim(&who).await;
        let mut commit = all_consumed(&claimed);
        commit.contact = Some(Contact::new(who.clone(), Time(1)));
        w.store.commit(commit).await.unwrap();
        assert_eq!(w.store.contact(&who).await.unwrap().unwrap().number, claimed.number);
    }
    let numbers: Vec<u64> = w.store.contacts(0, 10).await.unwrap().into_iter().map(|contact| contact.number).collect();
    assert_eq!(numbers, [1, 2]);
}

pub async fn the_earliest_clock_wakes(w: &World) {
    let (who, now) = (phone(1), w.store.now());
    let (soon, late) = (Time(now.0 + 10_000_000), Time(now.0 + 20_000_000));
    w.store.post(vec![named(&who, "late", late)]).await.unwrap();
    w.step(&who, |commit| commit.wake = Some(soon)).await;
    assert_eq!(w.store.claim(10, super::world::LEASE).await.unwrap().next, Some(soon));
    w.pass(10);
    let claimed = w.claim(&who).await;
    assert!(claimed.events.is_empty(), "a clock is no event");
    w.store.commit(all_consumed(&claimed)).await.unwrap();
    assert_eq!(w.store.claim(10, super::world::LEASE).await.unwrap().next, Some(late), "the event is next");
}

pub async fn people_are_counted_by_step(w: &World) {
    let now = w.store.now();
    let count = |step: &str, count| LiveCount {
        playbook: "hello".to_owned(),
        version: PlanHash("v1".to_owned()),
        step: Some(step.to_owned()).filter(|step| !step.is_empty()),
        count,
    };
    let row = |n: u32, state| conversation(&phone(n), &format!("{n}-1"), state, now);
    for n in [1, 2] {
        w.step(&phone(n), |commit| commit.conversations = vec![row(n, ConversationState::Listening)]).await;
    }
    assert_eq!(w.store.live_counts().await.unwrap(), [count("ask", 2)]);
    assert_eq!(w.store.plans_in_use().await.unwrap(), [PlanHash("v1".to_owned())]);
    let moved = bridged::model::ConversationRow { step: None, ..row(1, ConversationState::Waiting) };
    w.step(&phone(1), |commit| commit.conversations = vec![moved]).await;
    assert_eq!(w.store.live_counts().await.unwrap(), [count("", 1), count("ask", 1)]);
    for n in [1, 2] {
        w.step(&phone(n), |commit| commit.conversations = vec![row(n, ConversationState::Ended)]).await;
    }
    assert!(w.store.live_counts().await.unwrap().is_empty());
    assert!(w.store.plans_in_use().await.unwrap().is_empty());
    assert!(w.store.counts("").await.unwrap().is_empty(), "these counters are the store's own");
}

pub async fn lists_grow_and_go(w: &World) {
    let people = |numbers: std::ops::Range<u32>| numbers.map(phone).collect::<Vec<_>>();
    w.step(&phone(0), |commit| commit.append = vec![("l".to_owned(), people(0..3)), ("l".to_owned(), people(3..7)), ("m".to_owned(), people(9..10))])
        .await;
    w.step(&phone(0), |commit| commit.append = vec![("l".to_owned(), people(7..9))]).await;
    for (from, limit, wanted) in [(0, 100, 0..9), (2, 3, 2..5), (6, 1, 6..7), (8, 5, 8..9), (9, 5, 0..0)] {
        assert_eq!(w.store.list("l", from, limit).await.unwrap(), people(wanted), "{limit} from {from}");
    }
    w.step(&phone(0), |commit| commit.drop_lists = vec!["l".to_owned()]).await;
    assert!(w.store.list("l", 0, 9).await.unwrap().is_empty());
    assert_eq!(w.store.list("m", 0, 9).await.unwrap(), people(9..10));
}

pub async fn links_lead_to_their_contact(w: &World) {
    let who = phone(1);
    let mut outgoing = text(&who, "m1", Priority::Other);
    outgoing.conversation = Some("1-1".into());
    if let Payload::Text(text) = &mut outgoing.payload {
        text.links = vec![Link { code: "abc".to_owned(), url: "https://example.com".to_owned(), marks: vec!["offer".to_owned()] }];
    }
    w.queue(vec![outgoing]).await;
    let link = w.store.link("abc").await.unwrap().unwrap();
    assert_eq!((link.url.as_str(), link.contact, link.marks), ("https://example.com", who, vec!["offer".to_owned()]));
    assert_eq!(link.conversation, Some("1-1".into()));
    assert!(w.store.link("abd").await.unwrap().is_none());
}

pub async fn a_commit_posts_to_others(w: &World) {
    let now = w.store.now();
    w.step(&phone(1), |commit| commit.posts = vec![named(&phone(2), "over to you", now), named(&phone(1), "to myself", now)]).await;
    assert_eq!(names(&w.claim(&phone(2)).await), ["over to you"]);
    assert_eq!(names(&w.claim(&phone(1)).await), ["to myself"]);
}

pub async fn counters_add_up(w: &World) {
    let counts = |pairs: &[(&str, i64)]| pairs.iter().map(|(name, by)| ((*name).to_owned(), *by)).collect::<Vec<_>>();
    w.step(&phone(1), |commit| commit.counts = counts(&[("a/x", 2), ("a/y", 1), ("b", 5), ("a/x", 1)])).await;
    w.step(&phone(1), |commit| commit.counts = counts(&[("a/y", -1), ("b", -6)])).await;
    assert_eq!(w.store.counts("a/").await.unwrap(), counts(&[("a/x", 3)]), "a counter at nothing is none");
    assert_eq!(w.store.counts("").await.unwrap(), counts(&[("a/x", 3), ("b", -1)]));
}

pub async fn an_unsettled_text_is_told_with_the_claim(w: &World) {
    w.fast().await;
    let who = phone(1);
    w.queue(vec![text(&who, "m1", Priority::Other), text(&who, "m2", Priority::Other)]).await;
    assert_eq!(w.ids().await, ["m1"]);
    w.nudge(&who).await;
    let claimed = w.claim(&who).await;
    assert_eq!(claimed.flight, [("m1".into(), Flight::Posting), ("m2".into(), Flight::Waiting)]);
    w.store.commit(all_consumed(&claimed)).await.unwrap();
    w.accept("m1").await;
    let claimed = w.claim(&who).await;
    assert_eq!(claimed.flight, [("m2".into(), Flight::Waiting)]);
    let told = happenings(&claimed);
    assert_eq!(told, [Happening::Sent { message: "m1".into(), sid: Some("SMm1".to_owned()) }]);
}
