//! Conversations: the list, and finding one by number, name, words, playbook and state.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};

use super::moment::{Clock, Moment};
use super::people::{self, Who};
use super::trouble::Page;
use super::{Console, live, view};
use crate::http::private::conversations::STATES;
use crate::http::problem::Answer;
use crate::model::{ConversationRow, ConversationState, Direction};
use crate::store::{self, ConversationQuery, MAX_PAGE, MessageQuery};

/// Rows of a page.
const ROWS: usize = 50;

/// Texts looked through for words, the newest ones.
const SEARCHED: usize = 10_000;

/// Found texts that are shown.
const SHOWN: usize = 30;

/// What the address asks for.
struct Wanted {
    /// A number, a name or words.
    q: Option<String>,
    /// Of one playbook.
    playbook: Option<String>,
    /// A state, or `live`.
    state: Option<String>,
    /// From here.
    cursor: Option<String>,
}

impl Wanted {
    fn read(uri: &Uri) -> Wanted {
        let field = |name| view::field(uri.query().unwrap_or_default().as_bytes(), name);
        Wanted {
            q: field("q"),
            playbook: field("playbook"),
            state: field("state"),
            cursor: field("cursor").filter(|text| text.parse::<u64>().is_ok()),
        }
    }

    /// The address that asks for the same, from `cursor` on.
    fn address(&self, path: &str, cursor: Option<&str>) -> String {
        let fields = [("q", self.q.as_deref()), ("playbook", self.playbook.as_deref()), ("state", self.state.as_deref()), ("cursor", cursor)];
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(fields.into_iter().filter_map(|(name, value)| Some((name, value?))));
        format!("{path}?{}", query.finish())
    }
}

/// A conversation in a list.
#[derive(Serialize)]
pub struct Row {
    /// Its name.
    id: String,
    /// Whose.
    who: Who,
    /// Through which playbook.
    playbook: String,
    /// Where it stands.
    step: String,
    /// What it does, in words.
    state: &'static str,
    /// How that looks.
    look: &'static str,
    /// How it ended.
    outcome: String,
    /// When it began.
    started: Moment,
}

impl Row {
    /// A row of the store.
    pub fn new(row: ConversationRow, who: Who, clock: &Clock) -> Row {
        let (state, look) = words(row.state);
        Row {
            id: row.id.0,
            who,
            playbook: row.playbook,
            step: row.step.unwrap_or_default(),
            state,
            look,
            outcome: row.outcome.unwrap_or_default(),
            started: clock.moment(row.started_at),
        }
    }
}

/// What a conversation does, in words, and how that looks.
pub fn words(state: ConversationState) -> (&'static str, &'static str) {
    match state {
        ConversationState::Sending => ("sending", "live"),
        ConversationState::Listening => ("waits for an answer", "live"),
        ConversationState::Waiting => ("waits", "live"),
        ConversationState::WithPerson => ("with a person", "warn"),
        ConversationState::Ended => ("ended", ""),
    }
}

/// `GET /conversations`.
pub async fn page(State(console): State<Arc<Console>>, uri: Uri) -> Page {
    let wanted = Wanted::read(&uri);
    let found = found(&console, &wanted).await?;
    let playbooks: Vec<String> = console.doors.plans.now().plans.keys().cloned().collect();
    // The newest page moves by itself; what somebody leafed to or searched for stays.
    let live = (wanted.cursor.is_none() && wanted.q.is_none()).then(|| wanted.address("/conversations/live", None));
    let context = json!({
        "found": found, "playbooks": playbooks, "states": STATES.map(|(_, word)| word), "live": live,
        "q": wanted.q, "playbook": wanted.playbook, "state": wanted.state,
    });
    Ok(console.page("conversations.html", "/conversations", "Conversations", context).await?)
}

/// `GET /conversations/live`.
pub async fn live(State(console): State<Arc<Console>>, uri: Uri, headers: HeaderMap) -> Response {
    let wanted = Arc::new(Wanted::read(&uri));
    live::stream(&console, &headers, move |console| {
        let wanted = wanted.clone();
        async move {
            let list = view::fill("conversations_list.html", json!({ "found": found(&console, &wanted).await? }))?;
            Ok(vec![("conversations".to_owned(), list)])
        }
    })
}

/// What the list shows: conversations, and for words the people and texts they were found in.
async fn found(console: &Console, wanted: &Wanted) -> Answer<Value> {
    let words = wanted.q.as_deref().filter(|q| console.number(q).is_none());
    if let Some(words) = words {
        return Ok(json!({ "words": words, "people": console.named(words).await?, "texts": texts(console, words).await?,
            "searched_people": people::SEARCHED, "searched_texts": SEARCHED }));
    }
    let state = wanted.state.as_deref();
    let query = ConversationQuery {
        contact: wanted.q.as_deref().and_then(|q| console.number(q)),
        playbook: wanted.playbook.clone(),
        states: STATES.iter().find(|(_, word)| Some(*word) == state).map(|(states, _)| states.to_vec()).unwrap_or_default(),
        cursor: wanted.cursor.clone(),
        limit: ROWS,
    };
    let store::Page { items, next } = console.doors.store.conversations(query).await?;
    let who = console.who(items.iter().map(|row| &row.contact)).await?;
    let clock = console.clock();
    let rows: Vec<Row> = items.into_iter().zip(who).map(|(row, who)| Row::new(row, who, &clock)).collect();
    let next = next.map(|next| wanted.address("/conversations", Some(&next)));
    let filtered = wanted.q.is_some() || wanted.playbook.is_some() || state.is_some() || wanted.cursor.is_some();
    Ok(json!({ "rows": rows, "next": next, "filtered": filtered }))
}

/// A text that words were found in.
#[derive(Serialize)]
struct Found {
    /// Whose.
    who: Who,
    /// The words around.
    body: String,
    /// From the contact.
    inbound: bool,
    /// In which conversation.
    conversation: Option<String>,
    /// When.
    at: Moment,
}

/// The newest texts in which words stand, whatever their case.
async fn texts(console: &Console, words: &str) -> Answer<Vec<Found>> {
    let words = words.to_lowercase();
    let (mut rows, mut cursor, mut left) = (Vec::new(), None, SEARCHED);
    while left > 0 && rows.len() < SHOWN {
        let page = console.doors.store.messages(MessageQuery { cursor, limit: MAX_PAGE.min(left), ..MessageQuery::default() }).await?;
        left -= page.items.len().min(left);
        rows.extend(page.items.into_iter().filter(|row| row.body.to_lowercase().contains(&words)));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    rows.truncate(SHOWN);
    let who = console.who(rows.iter().map(|row| &row.contact)).await?;
    let clock = console.clock();
    let found = rows.into_iter().zip(who).map(|(row, who)| Found {
        who,
        body: row.body,
        inbound: row.direction == Direction::Inbound,
        conversation: row.conversation.map(|id| id.0),
        at: clock.moment(row.created_at),
    });
    Ok(found.collect())
}
