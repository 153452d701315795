//! A contact's journal, read back: every turn with what it was decided by.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::live::{KeptSet, kept_set};
use crate::engine::Decision;
use crate::engine::replay::Recorded;
use crate::model::{ConversationId, ConversationRow, Happening, MessageId, Phone, PlanHash, Time};
use crate::store::{self, MAX_PAGE, Shared};

/// More turns than any talk between people has; a story that is longer ends there.
const MAX_TURNS: usize = 10_000;

/// A turn of a contact.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TurnRow {
    /// When it was made.
    pub at: Time,
    /// What it was.
    #[serde(flatten)]
    pub recorded: Recorded,
}

/// A conversation with all that a replay of it needs.
#[derive(Debug, Serialize, Deserialize)]
pub struct Story {
    /// As people see it.
    pub conversation: ConversationRow,
    /// The contact's turns from its start to its end; those of other conversations are among them.
    pub turns: Vec<TurnRow>,
    /// The sets of plans that the turns name.
    pub sets: BTreeMap<String, KeptSet>,
    /// The files of the plans, as the store keeps them.
    pub plans: BTreeMap<PlanHash, String>,
}

/// All turns of a contact that are kept, oldest first. One of another version that can't be read is left out.
pub async fn turns(store: &Shared, contact: &Phone) -> store::Result<Vec<TurnRow>> {
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let page = store.journal(contact, after, MAX_PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(found) };
        after = *last;
        found.extend(page.into_iter().filter_map(|(_, entry)| {
            let recorded = serde_json::from_value(entry.body).ok()?;
            Some(TurnRow { at: entry.at, recorded })
        }));
        if found.len() >= MAX_TURNS {
            return Ok(found);
        }
    }
}

/// A conversation's story; none if there is no such conversation, or its beginning is not kept any more.
pub async fn story(store: &Shared, id: &ConversationId) -> store::Result<Option<Story>> {
    let Some(conversation) = store.conversation(id).await? else { return Ok(None) };
    let all = turns(store, &conversation.contact).await?;
    let has = |turn: &TurnRow, wanted: &dyn Fn(&Decision) -> bool| turn.recorded.decisions.iter().any(wanted);
    let starts = |decision: &Decision| matches!(decision, Decision::Started { conversation, .. } if conversation == id);
    let ends = |decision: &Decision| matches!(decision, Decision::Ended { conversation, .. } if conversation == id);
    let mut kept = Vec::new();
    for turn in all.into_iter().skip_while(|turn| !has(turn, &starts)) {
        let over = has(&turn, &ends);
        kept.push(with_words(store, turn).await?);
        if over {
            break;
        }
    }
    if kept.is_empty() {
        return Ok(None);
    }
    let (mut sets, mut plans) = (BTreeMap::new(), BTreeMap::new());
    let mut wanted = BTreeSet::from([conversation.version.clone()]);
    for turn in &kept {
        let id = &turn.recorded.set;
        if !sets.contains_key(id)
            && let Some(set) = kept_set(store, id).await?
        {
            wanted.extend(set.plans.iter().cloned());
            sets.insert(id.clone(), set);
        }
        wanted.extend(turn.recorded.state.iter().flat_map(|state| &state.live).map(|conversation| conversation.plan.clone()));
        wanted.extend(turn.recorded.events.iter().filter_map(|event| match &event.what {
            Happening::Start { plan, .. } => Some(plan.clone()),
            _ => None,
        }));
    }
    for hash in wanted {
        if let Some(row) = store.plan(&hash).await? {
            plans.insert(hash, row.source);
        }
    }
    Ok(Some(Story { conversation, turns: kept, sets, plans }))
}

/// The words of texts come back from their messages.
pub async fn with_words(store: &Shared, mut turn: TurnRow) -> store::Result<TurnRow> {
    for event in &mut turn.recorded.events {
        if let Happening::Text(text) = &mut event.what
            && let Some(message) = store.message(&MessageId(text.sid.clone())).await?
        {
            text.body = message.body;
        }
    }
    Ok(turn)
}
