//! Contacts, consent, erasure; plans and facts.

use bridged::model::{Act, Actor, Contact, ConversationState, Happening, Patch, PlanHash, Priority, Time};
use bridged::store::{Committed, PlanRow};
use serde_json::json;

use super::world::{World, all_consumed, conversation, named, phone, text};

/// A patch with tags.
fn tagged(n: u32, tags: &[&str]) -> Patch {
    Patch { tags: tags.iter().map(|tag| (*tag).to_owned()).collect(), ..Patch::new(phone(n)) }
}

pub async fn a_contact_is_made_and_changed(w: &World) {
    let mut patch = tagged(1, &["new"]);
    patch.fields.insert("first_name".to_owned(), json!("Ann"));
    w.store.put_contacts(vec![patch], &[]).await.unwrap();
    let contact = w.store.contact(&phone(1)).await.unwrap().unwrap();
    assert_eq!((contact.number, contact.text("first_name")), (1, Some("Ann")));
    let mut patch = Patch { untag: vec!["new".to_owned()], lists: vec!["spring".to_owned()], ..tagged(1, &["old"]) };
    patch.fields.insert("first_name".to_owned(), json!(null));
    w.store.put_contacts(vec![patch], &[]).await.unwrap();
    let contact = w.store.contact(&phone(1)).await.unwrap().unwrap();
    assert_eq!((contact.text("first_name"), contact.tags.contains("old"), contact.tags.contains("new")), (None, true, false));
    assert!(contact.lists.contains("spring"));
    assert!(w.store.contact(&phone(2)).await.unwrap().is_none());
}

pub async fn watched_tags_are_told_once(w: &World) {
    let watched = ["vip".to_owned()];
    w.store.put_contacts(vec![tagged(1, &["vip", "other"])], &watched).await.unwrap();
    w.store.put_contacts(vec![tagged(1, &["vip"])], &watched).await.unwrap();
    assert_eq!(w.told(&phone(1)).await, [Happening::Tagged { tag: "vip".to_owned() }]);
}

pub async fn consent_is_kept_in_its_ledger(w: &World) {
    let consent = |classes: &[&str]| Patch {
        consent: Some(classes.iter().map(|class| (*class).to_owned()).collect()),
        consent_source: Some("form".to_owned()),
        ..Patch::new(phone(1))
    };
    for classes in [&["marketing"][..], &["marketing"], &["news"]] {
        w.store.put_contacts(vec![consent(classes)], &[]).await.unwrap();
    }
    let lines: Vec<_> = w.store.consent(&phone(1)).await.unwrap().into_iter().map(|line| (line.act, line.class, line.source)).collect();
    let line = |act, class: &str| (act, class.to_owned(), "form".to_owned());
    assert_eq!(lines, [line(Act::Grant, "marketing"), line(Act::Grant, "news"), line(Act::Revoke, "marketing")]);
}

pub async fn an_opt_out_suppresses_and_an_opt_in_lifts(w: &World) {
    w.fast().await;
    let opted = |out| Patch { opted_out: Some(out), ..Patch::new(phone(1)) };
    w.store.put_contacts(vec![opted(true)], &[]).await.unwrap();
    assert!(w.store.contact(&phone(1)).await.unwrap().unwrap().opted_out);
    w.queue(vec![text(&phone(1), "m1", Priority::Other)]).await;
    assert!(w.ids().await.is_empty());
    w.store.put_contacts(vec![opted(false)], &[]).await.unwrap();
    w.queue(vec![text(&phone(1), "m2", Priority::Other)]).await;
    assert_eq!(w.ids().await, ["m2"]);
    let acts: Vec<Act> = w.store.consent(&phone(1)).await.unwrap().into_iter().map(|line| line.act).collect();
    assert_eq!(acts, [Act::OptOut, Act::OptIn]);
}

pub async fn all_patches_or_none(w: &World) {
    w.store.put_contacts(vec![tagged(1, &["a"]), tagged(2, &["a"]), tagged(1, &["b"])], &[]).await.unwrap();
    let contact = w.store.contact(&phone(1)).await.unwrap().unwrap();
    assert!(contact.tags.contains("a") && contact.tags.contains("b"), "two patches of one person add up");
    assert_eq!(w.store.contacts(0, 10).await.unwrap().len(), 2);
}

pub async fn erasing_leaves_nothing_but_the_suppression(w: &World) {
    w.fast().await;
    let (who, now) = (phone(1), w.store.now());
    let row = conversation(&who, "1-1", ConversationState::Listening, now);
    w.store.put_contacts(vec![Patch { opted_out: Some(true), ..tagged(1, &["x"]) }], &[]).await.unwrap();
    w.step(&who, |commit| {
        commit.conversations = vec![row.clone()];
        commit.queue = vec![text(&who, "m1", Priority::Other)];
        commit.journal = Some(bridged::store::JournalEntry { at: now, body: json!({}) });
    })
    .await;
    w.store.post(vec![named(&who, "late", now)]).await.unwrap();
    assert!(w.store.erase(&who).await.unwrap());
    assert!(!w.store.erase(&who).await.unwrap());
    assert!(w.store.contact(&who).await.unwrap().is_none());
    assert!(w.store.peek(&Actor::Contact(who.clone())).await.unwrap().is_none());
    assert!(w.store.conversation(&row.id).await.unwrap().is_none());
    assert!(w.store.message(&"m1".into()).await.unwrap().is_none());
    assert!(w.store.journal(&who, 0, 10).await.unwrap().is_empty() && w.store.consent(&who).await.unwrap().is_empty());
    assert!(w.store.live_counts().await.unwrap().is_empty());
    assert!(w.ids().await.is_empty());
    w.store.put_contacts(vec![tagged(1, &[])], &[]).await.unwrap();
    let contact = w.store.contact(&who).await.unwrap().unwrap();
    assert!(contact.opted_out && contact.number > 1, "the number says nothing but that: {contact:?}");
    w.queue(vec![text(&who, "m2", Priority::Other)]).await;
    assert!(w.ids().await.is_empty());
}

pub async fn an_erased_person_in_mid_step_is_not_written_again(w: &World) {
    let who = phone(1);
    w.nudge(&who).await;
    let claimed = w.claim(&who).await;
    w.store.erase(&who).await.unwrap();
    let mut commit = all_consumed(&claimed);
    commit.contact = Some(Contact::new(who.clone(), Time(1)));
    assert_eq!(w.store.commit(commit).await.unwrap(), Committed::Stale);
    assert!(w.store.contact(&who).await.unwrap().is_none());
}

pub async fn plans_and_facts_are_kept(w: &World) {
    let plan = PlanRow { hash: PlanHash("h1".to_owned()), playbook: "hello".to_owned(), source: "{}".to_owned(), at: Time(1) };
    w.store.put_plan(plan.clone()).await.unwrap();
    w.store.put_plan(PlanRow { at: Time(2), ..plan.clone() }).await.unwrap();
    assert_eq!(w.store.plan(&plan.hash).await.unwrap(), Some(plan), "a known hash changes nothing");
    assert!(w.store.plan(&PlanHash("h2".to_owned())).await.unwrap().is_none());
    w.store.set_fact("account", "AC1").await.unwrap();
    w.store.set_fact("account", "AC2").await.unwrap();
    assert_eq!(w.store.fact("account").await.unwrap().as_deref(), Some("AC2"));
    assert!(w.store.fact("salt").await.unwrap().is_none(), "the store's own values are not facts");
}
