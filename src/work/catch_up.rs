//! Catch-up: texts that came while nobody listened are fetched from Twilio's list and posted like any other.
//!
//! At every start on a store that is not new, and after the store was away; back to the newest text known, less a margin. A text that is
//! known already is a duplicate and changes nothing. The list holds no WhatsApp button payloads, and calls are not recovered.

use std::sync::Arc;
use std::time::Duration;

use crate::model::event::TextIn;
use crate::model::{Act, Actor, Address, ConsentEntry, Event, Happening, Phone, Time};
use crate::playbook::Workspace;
use crate::store::{Post, Shared};
use crate::text::{addresses::is_e164, reserved};
use crate::twilio::client::Client;
use crate::twilio::resources::Message;

/// Where the store keeps when a daemon last ran on it.
pub const ALIVE_AT: &str = "alive_at";

/// Where the store keeps when it was made: nothing older is ever fetched, so a first start does not answer last month's texts.
pub const MADE_AT: &str = "made_at";

/// Looked back beyond the newest text known: texts overtake each other.
const MARGIN: Duration = Duration::from_secs(5 * 60);

/// Never looked back further: an answer to yesterday's text would puzzle anybody.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Fetches what was missed for all our numbers. Answers how many texts were new.
pub async fn catch_up(store: &Shared, client: &Client, workspace: &Arc<Workspace>) -> Result<u64, String> {
    let now = store.now();
    let Some(since) = since(store, now).await? else { return Ok(0) };
    let mut fresh = 0;
    let numbers = workspace.senders.iter().flat_map(|sender| &sender.numbers);
    for number in numbers {
        let mut next = None;
        loop {
            let page = client.list_inbound(&number.0, since.timestamp(), next.as_ref()).await.map_err(|error| error.to_string())?;
            let posts: Vec<Post> = page.messages.iter().filter_map(|message| post_of(message, workspace, now)).collect();
            if !posts.is_empty() {
                let posted = store.post(posts).await.map_err(|error| error.to_string())?;
                fresh += posted.iter().filter(|posted| **posted == crate::store::Posted::New).count() as u64;
            }
            match page.next {
                Some(more) => next = Some(more),
                None => break,
            }
        }
    }
    Ok(fresh)
}

/// From when on; none for a store that has just been made.
async fn since(store: &Shared, now: Time) -> Result<Option<Time>, String> {
    let Some(made) = moment(store, MADE_AT).await.map_err(|error| error.to_string())? else { return Ok(None) };
    let from = newest(store).await?.map_or(made, |known| known.minus(MARGIN));
    Ok(Some(from.max(made).max(now.minus(LONGEST))))
}

/// A moment kept in the store.
async fn moment(store: &Shared, name: &str) -> crate::store::Result<Option<Time>> {
    let value = store.fact(name).await?;
    Ok(value.and_then(|micros| micros.parse().ok()).map(Time))
}

/// For how long no daemon ran on the store; zero for one that has just been made.
pub async fn away(store: &Shared) -> crate::store::Result<Duration> {
    Ok(moment(store, ALIVE_AT).await?.map_or(Duration::ZERO, |alive| alive.until(store.now())))
}

/// Notes that a daemon runs on the store.
pub async fn alive(store: &Shared) -> crate::store::Result<()> {
    store.set_fact(ALIVE_AT, &store.now().0.to_string()).await
}

/// When the newest text of any contact came.
async fn newest(store: &Shared) -> Result<Option<Time>, String> {
    let query = crate::store::MessageQuery { status: Some(crate::model::MessageStatus::Received), limit: 1, ..Default::default() };
    let page = store.messages(query).await.map_err(|error| error.to_string())?;
    Ok(page.items.first().map(|row| row.created_at))
}

/// A listed message as the event its webhook would have been.
fn post_of(message: &Message, workspace: &Workspace, now: Time) -> Option<Post> {
    let from = Address(message.from.clone()?);
    let to = Address(message.to.clone()?);
    if !is_e164(from.number()) {
        return None;
    }
    let phone = Phone(from.number().to_owned());
    let is_stop = reserved::reserved(&message.body, &workspace.reserved) == Some(reserved::Reserved::Stop);
    let suppress = is_stop.then(|| ConsentEntry {
        contact: phone.clone(),
        act: Act::OptOut,
        class: "all".to_owned(),
        at: now,
        source: "text".to_owned(),
        evidence: format!("{} ({})", message.body, message.sid),
    });
    let text = TextIn {
        sid: message.sid.clone(),
        from,
        to,
        body: message.body.clone(),
        media: Vec::new(),
        button: None,
        opt_out_type: None,
        profile_name: None,
    };
    // When it was written, not when we heard of it: what fell due later must not come before it.
    let written = message.date_sent.or(message.date_created).map_or(now, |at| Time::from(at).min(now));
    let event = Event::new(written, Happening::Text(text));
    Some(Post { to: Actor::Contact(phone), event, due: now, id: Some(format!("sms:{}", message.sid)), suppress })
}
