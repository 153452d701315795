//! Reading in pages, and forgetting.

use bridged::model::{ConversationId, ConversationState, HandoffId, HandoffRow, HandoffState, MessageStatus, Outgoing, Patch, Priority, Time};
use bridged::store::{ConversationQuery, HandoffQuery, JournalEntry, MessageQuery, Page};

use super::world::{World, conversation, phone, report, text};

/// All pages put together; no page but the last is empty.
async fn all<T>(mut page: impl AsyncFnMut(Option<String>) -> Page<T>) -> Vec<T> {
    let (mut items, mut cursor) = (Vec::new(), None);
    loop {
        let found = page(cursor).await;
        assert!(found.next.is_none() || !found.items.is_empty(), "an empty page before the last");
        items.extend(found.items);
        cursor = found.next;
        if cursor.is_none() {
            return items;
        }
    }
}

pub async fn conversations_page_newest_first(w: &World) {
    for n in 0..23 {
        let who = phone(n % 3);
        let state = if n % 4 == 0 { ConversationState::Ended } else { ConversationState::Waiting };
        let mut row = conversation(&who, &format!("{n}"), state, Time(i64::from(n)));
        row.playbook = if n % 2 == 0 { "even" } else { "odd" }.to_owned();
        w.step(&who, |commit| commit.conversations = vec![row]).await;
    }
    let found = async |query: ConversationQuery| {
        let page = async |cursor| w.store.conversations(ConversationQuery { cursor, limit: 4, ..query.clone() }).await.unwrap();
        all(page).await.into_iter().map(|row| row.id.0.parse::<u32>().unwrap()).collect::<Vec<_>>()
    };
    let wanted = |keep: &dyn Fn(u32) -> bool| (0..23).rev().filter(|n| keep(*n)).collect::<Vec<_>>();
    assert_eq!(found(ConversationQuery::default()).await, wanted(&|_| true));
    let odd = ConversationQuery { playbook: Some("odd".to_owned()), ..ConversationQuery::default() };
    assert_eq!(found(odd.clone()).await, wanted(&|n| n % 2 == 1));
    assert_eq!(found(ConversationQuery { contact: Some(phone(1)), ..odd }).await, wanted(&|n| n % 2 == 1 && n % 3 == 1));
    let live = ConversationQuery { states: vec![ConversationState::Waiting], ..ConversationQuery::default() };
    assert_eq!(found(live.clone()).await, wanted(&|n| n % 4 != 0));
    assert_eq!(found(ConversationQuery { playbook: Some("even".to_owned()), ..live }).await, wanted(&|n| n % 4 == 2));
    assert!(found(ConversationQuery { contact: Some(phone(9)), ..ConversationQuery::default() }).await.is_empty());
}

pub async fn messages_are_found_by_what_they_have(w: &World) {
    w.fast().await;
    for n in 0..3 {
        let row = conversation(&phone(n), &format!("c{n}"), ConversationState::Waiting, Time(1));
        w.step(&phone(n), |commit| commit.conversations = vec![row]).await;
    }
    for n in 0..9 {
        let made = Outgoing {
            conversation: Some(ConversationId(format!("c{}", n % 3))).filter(|_| n != 4),
            created_at: Time(i64::from(n)),
            ..text(&phone(n % 3), &format!("m{n}"), Priority::Other)
        };
        w.queue(vec![made]).await;
    }
    for id in w.ids().await {
        w.accept(&id).await;
    }
    w.store.report(report("m1", "delivered")).await.unwrap();
    let found = async |query: MessageQuery| {
        let page = async |cursor| w.store.messages(MessageQuery { cursor, limit: 2, ..query.clone() }).await.unwrap();
        all(page).await.into_iter().map(|row| row.id.0).collect::<Vec<_>>()
    };
    let query = MessageQuery::default;
    assert_eq!(found(query()).await.len(), 9);
    assert_eq!(found(MessageQuery { contact: Some(phone(1)), ..query() }).await, ["m7", "m4", "m1"]);
    assert_eq!(found(MessageQuery { conversation: Some("c1".into()), ..query() }).await, ["m7", "m1"]);
    assert_eq!(found(MessageQuery { status: Some(MessageStatus::Delivered), ..query() }).await, ["m1"]);
    assert_eq!(found(MessageQuery { status: Some(MessageStatus::Queued), contact: Some(phone(0)), ..query() }).await, ["m6", "m3"]);
    assert_eq!(found(MessageQuery { status: Some(MessageStatus::Queued), ..query() }).await.len(), 6);
    assert_eq!(found(MessageQuery { since: Some(Time(7)), ..query() }).await, ["m8", "m7"]);
    assert_eq!(found(MessageQuery { sid: Some("SMm2".to_owned()), ..query() }).await, ["m2"]);
    assert!(found(MessageQuery { sid: Some("SMm3".to_owned()), ..query() }).await.is_empty());
}

/// A hand-off of a queue.
fn handoff(n: u32, queue: &str, state: HandoffState) -> HandoffRow {
    HandoffRow {
        id: HandoffId(format!("h{n}")),
        contact: phone(n),
        conversation: ConversationId(format!("{n}-1")),
        queue: queue.to_owned(),
        agent: None,
        state,
        priority: "normal".to_owned(),
        note: String::new(),
        overdue: false,
        opened_at: Time(i64::from(n)),
        closed_at: (!state.is_open()).then_some(Time(i64::from(n))),
    }
}

pub async fn handoffs_show_open_ones_first(w: &World) {
    let states = [HandoffState::Requested, HandoffState::Closed, HandoffState::Answered, HandoffState::Requested, HandoffState::Idle];
    for (n, state) in (0..).zip(states) {
        let queue = if n == 3 { "support" } else { "sales" };
        w.step(&phone(n), |commit| commit.handoffs = vec![handoff(n, queue, state)]).await;
    }
    let found = async |query: HandoffQuery| {
        let page = async |cursor| w.store.handoffs(HandoffQuery { cursor, limit: 2, ..query.clone() }).await.unwrap();
        all(page).await.into_iter().map(|row| row.id.0).collect::<Vec<_>>()
    };
    let sales = HandoffQuery { queue: Some("sales".to_owned()), ..HandoffQuery::default() };
    assert_eq!(found(HandoffQuery { open: true, ..HandoffQuery::default() }).await, ["h0", "h2", "h3"]);
    assert_eq!(found(HandoffQuery { open: true, ..sales.clone() }).await, ["h0", "h2"]);
    assert_eq!(found(HandoffQuery::default()).await, ["h4", "h3", "h2", "h1", "h0"]);
    assert_eq!(found(sales).await, ["h4", "h2", "h1", "h0"]);
    assert_eq!(found(HandoffQuery { contact: Some(phone(2)), ..HandoffQuery::default() }).await, ["h2"]);
    w.step(&phone(0), |commit| commit.handoffs = vec![handoff(0, "sales", HandoffState::Closed)]).await;
    assert_eq!(found(HandoffQuery { open: true, ..HandoffQuery::default() }).await, ["h2", "h3"]);
}

pub async fn the_old_is_forgotten(w: &World) {
    w.fast().await;
    let (who, old) = (phone(1), Time(1_000));
    let seen = |id: &str| bridged::store::Post { id: Some(id.to_owned()), ..super::world::post(&who, old) };
    w.store.post(vec![seen("early")]).await.unwrap();
    w.step(&who, |commit| {
        commit.conversations =
            vec![conversation(&who, "over", ConversationState::Ended, old), conversation(&who, "live", ConversationState::Waiting, old)];
        commit.queue = ["sent", "waits"].map(|id| Outgoing { created_at: old, ..text(&who, id, Priority::Other) }).to_vec();
        commit.journal = Some(JournalEntry { at: old, body: serde_json::json!({}) });
    })
    .await;
    assert_eq!(w.ids().await, ["sent"]);
    w.accept("sent").await;
    let before = w.store.now();
    assert!(w.store.forget(before, 1).await.unwrap(), "more is left");
    while w.store.forget(before, 1).await.unwrap() {}
    assert!(w.store.conversation(&"over".into()).await.unwrap().is_none());
    assert!(w.store.conversation(&"live".into()).await.unwrap().is_some());
    assert!(w.store.message(&"sent".into()).await.unwrap().is_none());
    assert_eq!(w.status("waits").await, MessageStatus::Queued, "what is live is never forgotten");
    assert!(w.store.journal(&who, 0, 10).await.unwrap().is_empty());
    assert_eq!(w.store.post(vec![seen("early")]).await.unwrap(), [bridged::store::Posted::New], "its id is forgotten too");
    assert_eq!(w.ids().await, ["waits"]);
}

pub async fn contacts_page_by_number_of_creation(w: &World) {
    for n in [5, 3, 9, 1] {
        w.store.put_contacts(vec![Patch::new(phone(n))], &[]).await.unwrap();
    }
    let first = w.store.contacts(0, 3).await.unwrap();
    assert_eq!(first.iter().map(|contact| contact.phone.clone()).collect::<Vec<_>>(), [phone(5), phone(3), phone(9)]);
    let rest = w.store.contacts(first[2].number, 3).await.unwrap();
    assert_eq!(rest.iter().map(|contact| contact.phone.clone()).collect::<Vec<_>>(), [phone(1)]);
    assert!(w.store.contacts(rest[0].number, 3).await.unwrap().is_empty());
}

pub async fn journals_page_by_entry(w: &World) {
    for n in 0..5 {
        w.step(&phone(n % 2), |commit| commit.journal = Some(JournalEntry { at: Time(i64::from(n)), body: serde_json::json!({ "n": n }) })).await;
    }
    let first = w.store.journal(&phone(0), 0, 2).await.unwrap();
    assert_eq!(first.iter().map(|(_, entry)| entry.at.0).collect::<Vec<_>>(), [0, 2]);
    let rest = w.store.journal(&phone(0), first[1].0, 2).await.unwrap();
    assert_eq!(rest.iter().map(|(_, entry)| entry.at.0).collect::<Vec<_>>(), [4]);
}

pub async fn lanes_tell_what_waits(w: &World) {
    w.fast().await;
    let who = phone(1);
    w.queue(vec![Outgoing { cost: 3, ..text(&who, "m1", Priority::Bulk) }, text(&who, "m2", Priority::Bulk)]).await;
    w.queue(vec![text(&phone(2), "m3", Priority::Reply)]).await;
    let waiting = async || w.store.lanes().await.unwrap().into_iter().map(|row| (row.lane, row.waiting)).collect::<Vec<_>>();
    assert_eq!(waiting().await, [("a".to_owned(), [1, 0, 4]), ("b".to_owned(), [0, 0, 0])], "also what waits behind another text");
    assert_eq!(w.ids().await, ["m3", "m1"]);
    assert_eq!(waiting().await[0].1, [0, 0, 1]);
}
