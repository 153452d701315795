//! Reading, for people: plain commands over the indexes, in pages. What an index names and its document no longer holds is passed over.

use redis::{Pipeline, Value};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::model::{Actor, BroadcastRow, Contact, ConversationRow, ConversationState, HandoffRow, MessageRow, Phone, PlanHash, Time};
use crate::store::core::read::{OWN, live_count};
use crate::store::lanes::Slots;
use crate::store::page::Pager;
use crate::store::{ConversationQuery, HandoffQuery, LaneRow, LinkRow, LiveCount, MAX_PAGE, MessageQuery, Page, Parked, Peek, PlanRow, Result};

use super::{Redis, answers, messages};

/// Rows of a ledger read at a time.
const LINES: i64 = 500;

/// A text's digest, in hexadecimal.
pub fn digest(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A person's record, with its number, which the store gives, and whether its number was suppressed before anything else was known of it.
pub fn person(body: &[u8], number: &Value, opted_out: &Value) -> serde_json::Result<Contact> {
    let mut contact: Contact = serde_json::from_slice(body)?;
    contact.number = answers::uint(number).unwrap_or(contact.number);
    contact.opted_out |= *opted_out != Value::Nil;
    Ok(contact)
}

/// A document from behind its header.
fn document<D: DeserializeOwned>(kind: &str, bytes: &[u8]) -> Option<D> {
    let body = bytes.rsplit(|byte| *byte == 0).next().unwrap_or_default();
    serde_json::from_slice(body).inspect_err(|error| tracing::warn!(kind, %error, "a row can't be read; it is left out")).ok()
}

/// No rows.
fn nothing<D>() -> Page<D> {
    Page { items: Vec::new(), next: None }
}

/// A kind of document, by the letter of its keys.
pub trait Stored: DeserializeOwned + Send {
    /// Its letter.
    const LETTER: &'static str;

    /// Those of these ids; none for one that is not there or can't be read.
    fn load(store: &Redis, ids: Vec<String>) -> impl Future<Output = Result<Vec<Option<Self>>>> + Send {
        async move {
            if ids.is_empty() {
                return Ok(Vec::new());
            }
            let mut command = redis::cmd("HMGET");
            command.arg(store.shared.key(format!("doc:{}", Self::LETTER))).arg(ids);
            let found = answers::list(store.shared.link.ask(&command).await?)?.into_iter();
            found.map(|value| Ok(answers::bytes(value)?.and_then(|bytes| document(Self::LETTER, &bytes)))).collect()
        }
    }
}

impl Stored for ConversationRow {
    const LETTER: &'static str = "c";
}

impl Stored for HandoffRow {
    const LETTER: &'static str = "h";
}

impl Stored for BroadcastRow {
    const LETTER: &'static str = "b";
}

impl Stored for PlanRow {
    const LETTER: &'static str = "p";
}

impl Stored for LinkRow {
    const LETTER: &'static str = "l";
}

impl Stored for Parked {
    const LETTER: &'static str = "x";
}

impl Stored for MessageRow {
    const LETTER: &'static str = "m";

    /// Each has a hash of its own.
    async fn load(store: &Redis, ids: Vec<String>) -> Result<Vec<Option<MessageRow>>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipe = Pipeline::with_capacity(ids.len());
        for id in ids {
            pipe.cmd("HGETALL").arg(store.shared.key(format!("m:{id}")));
        }
        store.shared.link.ask_all(&pipe).await?.into_iter().map(|value| Ok(messages::row(&messages::hash(value)?))).collect()
    }
}

impl Redis {
    /// A document by its id.
    pub(super) async fn doc<D: Stored>(&self, id: &str) -> Result<Option<D>> {
        Ok(D::load(self, vec![id.to_owned()]).await?.pop().flatten())
    }

    /// A stretch of an index: ids by number, beyond a position.
    async fn stretch(&self, index: &str, oldest_first: bool, at: Option<u64>, limit: usize) -> Result<Vec<(u64, String)>> {
        let beyond = at.map(|at| format!("({at}"));
        let mut command = redis::cmd(if oldest_first { "ZRANGEBYSCORE" } else { "ZREVRANGEBYSCORE" });
        command.arg(self.shared.key(index));
        if oldest_first {
            command.arg(beyond.unwrap_or_else(|| "-inf".to_owned())).arg("+inf");
        } else {
            command.arg(beyond.unwrap_or_else(|| "+inf".to_owned())).arg("-inf");
        }
        command.arg("WITHSCORES").arg("LIMIT").arg(0).arg(limit);
        let mut items = answers::list(self.shared.link.ask(&command).await?)?.into_iter();
        let mut rows = Vec::new();
        while let (Some(id), Some(number)) = (items.next(), items.next()) {
            rows.push((answers::uint(&number)?, answers::text(id)?));
        }
        Ok(rows)
    }

    /// A page along an index of a kind, or along a person's of all kinds: then members bear the kind's letter.
    pub(super) async fn docs<D: Stored>(
        &self,
        index: &str,
        oldest_first: bool,
        (cursor, limit): (Option<&str>, usize),
        keep: impl Fn(&D) -> Option<bool> + Send,
    ) -> Result<Page<D>> {
        let own = index.starts_with("d:");
        let mut pager = Pager::new(cursor, limit);
        loop {
            let (numbers, members): (Vec<u64>, Vec<String>) =
                self.stretch(index, oldest_first, pager.position(), Pager::<D>::STRETCH).await?.into_iter().unzip();
            let names: Vec<Option<String>> =
                members.into_iter().map(|member| if own { member.strip_prefix(D::LETTER).map(str::to_owned) } else { Some(member) }).collect();
            let mut found = D::load(self, names.iter().flatten().cloned().collect()).await?.into_iter();
            // A row of another kind, or one that can't be read, still is a step of the walk.
            let rows = numbers.into_iter().zip(names.into_iter().map(|name| name.and_then(|_| found.next().flatten()))).collect();
            if let Some(page) = pager.feed(rows, |row: &Option<D>| row.as_ref().map_or(Some(false), &keep)) {
                return Ok(Page { items: page.items.into_iter().flatten().collect(), next: page.next });
            }
        }
    }

    /// A person's number.
    async fn number(&self, contact: &Phone) -> Result<Option<String>> {
        let actor = Actor::Contact(contact.clone());
        answers::some(self.shared.link.ask(redis::cmd("HGET").arg(self.shared.key(format!("a:{actor}"))).arg("n")).await?)
    }

    /// What a query walks along: the person's index where it names one, else another. None: there is no such person.
    async fn along(&self, contact: Option<&Phone>, otherwise: String) -> Result<Option<String>> {
        match contact {
            Some(contact) => Ok(self.number(contact).await?.map(|number| format!("d:{number}"))),
            None => Ok(Some(otherwise)),
        }
    }

    /// See `Store::conversations`.
    pub(super) async fn read_conversations(&self, query: &ConversationQuery) -> Result<Page<ConversationRow>> {
        let live = !query.states.is_empty() && !query.states.contains(&ConversationState::Ended);
        let otherwise = match (&query.playbook, live) {
            (Some(playbook), true) => format!("opent:c:{playbook}"),
            (Some(playbook), false) => format!("topic:c:{playbook}"),
            (None, true) => "open:c".to_owned(),
            (None, false) => "all:c".to_owned(),
        };
        let Some(index) = self.along(query.contact.as_ref(), otherwise).await? else { return Ok(nothing()) };
        self.docs(&index, false, (query.cursor.as_deref(), query.limit), |row: &ConversationRow| {
            let state = query.states.is_empty() || query.states.contains(&row.state);
            Some(state && query.playbook.as_ref().is_none_or(|playbook| *playbook == row.playbook))
        })
        .await
    }

    /// See `Store::handoffs`.
    pub(super) async fn read_handoffs(&self, query: &HandoffQuery) -> Result<Page<HandoffRow>> {
        let otherwise = match (&query.queue, query.open) {
            (Some(queue), true) => format!("opent:h:{queue}"),
            (Some(queue), false) => format!("topic:h:{queue}"),
            (None, true) => "open:h".to_owned(),
            (None, false) => "all:h".to_owned(),
        };
        let Some(index) = self.along(query.contact.as_ref(), otherwise).await? else { return Ok(nothing()) };
        self.docs(&index, query.open, (query.cursor.as_deref(), query.limit), |row: &HandoffRow| {
            Some((!query.open || row.state.is_open()) && query.queue.as_ref().is_none_or(|queue| *queue == row.queue))
        })
        .await
    }

    /// See `Store::messages`.
    pub(super) async fn read_messages(&self, query: &MessageQuery) -> Result<Page<MessageRow>> {
        let matches = |row: &MessageRow| {
            query.contact.as_ref().is_none_or(|contact| *contact == row.contact)
                && query.conversation.as_ref().is_none_or(|id| row.conversation.as_ref() == Some(id))
                && query.status.is_none_or(|status| status == row.status)
                && query.sid.as_ref().is_none_or(|sid| row.sid.as_ref() == Some(sid))
        };
        let recent = |row: &MessageRow| query.since.is_none_or(|since| row.created_at >= since);
        if let Some(sid) = &query.sid {
            let id = answers::some(self.shared.link.ask(redis::cmd("HGET").arg(self.shared.key("sid")).arg(sid)).await?)?;
            // A text from a contact has it as its id.
            let found = self.doc::<MessageRow>(&id.unwrap_or_else(|| sid.clone())).await?;
            return Ok(Page { items: found.into_iter().filter(|row| matches(row) && recent(row)).collect(), next: None });
        }
        let index = match (&query.conversation, query.status) {
            // A conversation's texts are among its contact's.
            (Some(id), _) => match self.doc::<ConversationRow>(id.as_str()).await? {
                Some(row) => self.number(&row.contact).await?.map(|number| format!("d:{number}")),
                None => None,
            },
            (None, Some(status)) if status.is_open() => self.along(query.contact.as_ref(), "open:m".to_owned()).await?,
            (None, _) => self.along(query.contact.as_ref(), "all:m".to_owned()).await?,
        };
        let Some(index) = index else { return Ok(nothing()) };
        // Newest first, so the first one that is too old ends the walk.
        self.docs(&index, false, (query.cursor.as_deref(), query.limit), |row: &MessageRow| recent(row).then(|| matches(row))).await
    }

    /// An actor as it is.
    pub(super) async fn read_actor(&self, actor: &Actor) -> Result<Option<Peek>> {
        let found = self.shared.link.ask(redis::cmd("HMGET").arg(self.shared.key(format!("a:{actor}"))).arg(&["n", "c", "O", "s", "w"])).await?;
        let [number, contact, opted_out, state, wake] = answers::fields(found)?;
        if number == Value::Nil {
            return Ok(None);
        }
        let inbox = self.shared.key(format!("i:{}", answers::text(number.clone())?));
        let waiting = answers::uint(&self.shared.link.ask(redis::cmd("ZCARD").arg(inbox)).await?)?;
        let unreadable = |error: &serde_json::Error| tracing::warn!(%error, "a contact's record can't be read; it is left out");
        let contact = answers::bytes(contact)?.and_then(|body| person(&body, &number, &opted_out).inspect_err(unreadable).ok());
        Ok(Some(Peek { contact, state: answers::bytes(state)?, wake: answers::time(&wake)?, waiting }))
    }

    /// See `Store::contacts`.
    pub(super) async fn read_contacts(&self, after: u64, limit: usize) -> Result<Vec<Contact>> {
        let names = self.stretch("people", true, Some(after), limit).await?;
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipe = Pipeline::with_capacity(names.len());
        for (_, name) in &names {
            pipe.cmd("HMGET").arg(self.shared.key(format!("a:{name}"))).arg(&["c", "n", "O"]);
        }
        let mut people = Vec::with_capacity(names.len());
        for record in self.shared.link.ask_all(&pipe).await? {
            let [body, number, opted_out] = answers::fields(record)?;
            let unreadable = |error: &serde_json::Error| tracing::warn!(%error, "a contact's record can't be read; it is left out");
            people.extend(answers::bytes(body)?.and_then(|body| person(&body, &number, &opted_out).inspect_err(unreadable).ok()));
        }
        Ok(people)
    }

    /// Lines of a person's ledger after a number, oldest first.
    pub(super) async fn lines<D: DeserializeOwned>(&self, kind: &str, contact: &Phone, after: u64, limit: usize) -> Result<Vec<(u64, D)>> {
        let Some(number) = self.number(contact).await? else { return Ok(Vec::new()) };
        let key = self.shared.key(format!("{kind}:{number}"));
        let (mut found, mut from) = (Vec::new(), 0);
        loop {
            let rows = answers::list(self.shared.link.ask(redis::cmd("LRANGE").arg(&key).arg(from).arg(from + LINES - 1)).await?)?;
            let read = rows.len();
            for row in rows {
                let row = answers::text(row)?;
                let Some((number, body)) = row.split_once('\n') else { continue };
                let Some(number) = number.parse().ok().filter(|number| *number > after) else { continue };
                let line = serde_json::from_str(body).inspect_err(|error| tracing::warn!(kind, %error, "a row can't be read; it is left out"));
                found.extend(line.ok().map(|line| (number, line)));
                if found.len() >= limit {
                    return Ok(found);
                }
            }
            from += LINES;
            if read < usize::try_from(LINES).unwrap_or(usize::MAX) {
                return Ok(found);
            }
        }
    }

    /// See `Store::list`.
    pub(super) async fn read_list(&self, name: &str, from: u64, limit: usize) -> Result<Vec<Phone>> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let to = from.saturating_add(limit as u64 - 1).min(i64::MAX as u64);
        let mut command = redis::cmd("LRANGE");
        command.arg(self.shared.key(format!("t:{name}"))).arg(from).arg(to);
        answers::list(self.shared.link.ask(&command).await?)?.into_iter().map(|phone| answers::text(phone).map(Phone)).collect()
    }

    /// Every counter.
    async fn all_counts(&self) -> Result<Vec<(String, i64)>> {
        let mut items = answers::list(self.shared.link.ask(redis::cmd("HGETALL").arg(self.shared.key("counts"))).await?)?.into_iter();
        let mut counts = Vec::new();
        while let (Some(name), Some(count)) = (items.next(), items.next()) {
            counts.push((answers::text(name)?, answers::int(&count)?));
        }
        counts.sort();
        Ok(counts)
    }

    /// See `Store::counts`.
    pub(super) async fn read_counts(&self, prefix: &str) -> Result<Vec<(String, i64)>> {
        let theirs = |(name, _): &(String, i64)| name.starts_with(prefix) && !name.starts_with(OWN);
        Ok(self.all_counts().await?.into_iter().filter(theirs).collect())
    }

    /// See `Store::live_counts`.
    pub(super) async fn read_live_counts(&self) -> Result<Vec<LiveCount>> {
        Ok(self.all_counts().await?.into_iter().filter_map(live_count).collect())
    }

    /// See `Store::plans_in_use`.
    pub(super) async fn read_plans_in_use(&self) -> Result<Vec<PlanHash>> {
        let mut plans: Vec<PlanHash> = self.read_live_counts().await?.into_iter().map(|count| count.version).collect();
        let mut cursor = None;
        loop {
            let found: Page<BroadcastRow> = self.docs("open:b", true, (cursor.as_deref(), MAX_PAGE), |_| Some(true)).await?;
            plans.extend(found.items.into_iter().map(|row| row.version));
            cursor = found.next;
            if cursor.is_none() {
                break;
            }
        }
        plans.sort();
        plans.dedup();
        Ok(plans)
    }

    /// See `Store::lanes`.
    pub(super) async fn read_lanes(&self) -> Result<Vec<LaneRow>> {
        let names = answers::list(self.shared.link.ask(redis::cmd("SMEMBERS").arg(self.shared.key("lanes"))).await?)?;
        let mut names = names.into_iter().map(answers::text).collect::<Result<Vec<_>>>()?;
        names.sort();
        let mut pipe = redis::pipe();
        pipe.cmd("HGET").arg(self.shared.key("acct")).arg("slow");
        for name in &names {
            pipe.cmd("HMGET").arg(self.shared.key(format!("L:{name}"))).arg(&["w0", "w1", "w2", "next", "bulk", "slow"]);
        }
        let mut found = self.shared.link.ask_all(&pipe).await?.into_iter();
        let time = |value: &Value| Ok::<Time, crate::store::Error>(answers::time(value)?.unwrap_or_default());
        let account = time(&found.next().unwrap_or_default())?;
        let mut rows = Vec::with_capacity(names.len());
        for (lane, value) in names.into_iter().zip(found) {
            let [w0, w1, w2, next, bulk, slow] = answers::fields(value)?;
            let count = |value: &Value| Ok::<u64, crate::store::Error>(u64::try_from(time(value)?.0).unwrap_or(0));
            let slots = Slots { next: time(&next)?, bulk: time(&bulk)?, slow: time(&slow)? };
            let next: Time = slots.next.max(slots.slow).max(account);
            rows.push(LaneRow { lane, waiting: [count(&w0)?, count(&w1)?, count(&w2)?], next });
        }
        Ok(rows)
    }
}
