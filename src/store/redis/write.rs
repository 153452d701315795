//! The promises of a store, each by its script. What a second call does after an answer was lost stands at each that writes.

use std::time::Duration;

use async_trait::async_trait;
use redis::Value;

use crate::model::event::Answer;
use crate::model::{
    Actor, BroadcastId, BroadcastRow, ConsentEntry, Contact, ConversationId, ConversationRow, Event, HandoffId, HandoffRow, Happening, MessageId,
    MessageRow, MessageStatus, Outgoing, Patch, Phone, PlanHash, Time,
};
use crate::store::core::holds;
use crate::store::ledger::What;
use crate::store::{
    Claim, Claimed, ClaimedSend, Commit, Committed, ConversationQuery, Error, Flight, HandoffQuery, Hold, HoldScope, Inbox, JournalEntry, LaneRow,
    LinkRow, LiveCount, MessageQuery, Outcome, Page, Parked, Peek, PlanRow, Post, Posted, PutBroadcast, Report, Reported, Result, SendKind, Sends,
    Settle, Speeds, Store, Unsure, UnsureSend, Wakes,
};

use super::args::{Args, HOLE, json, rest};
use super::{POSTS_A_SCRIPT, Redis, answers, beat, read, scripts};

/// How scripts write down where a text is.
fn flight(letter: &str) -> Flight {
    match letter {
        "w" => Flight::Waiting,
        "p" => Flight::Posting,
        "h" => Flight::Held,
        _ => Flight::Unknown,
    }
}

/// An event as it lies in an inbox; none readable where the person's own record is not.
fn inbox(bytes: Vec<u8>, fault: Option<&str>) -> Inbox {
    match (fault, serde_json::from_slice::<Event>(&bytes)) {
        (None, Ok(event)) => Inbox::Event(event),
        (None, Err(error)) => Inbox::Unreadable(bytes, error.to_string()),
        (Some(why), _) => Inbox::Unreadable(bytes, why.to_owned()),
    }
}

/// One claimed actor.
fn claimed(value: Value) -> Result<Claimed> {
    let [name, version, lease, attempts, number, state, contact, opted_out, events, line] = answers::fields(value)?;
    let name = answers::text(name)?;
    let actor = Actor::parse(&name).ok_or_else(|| Error::Unusable(format!("the store holds an actor `{name}` that this version does not know")))?;
    let (contact, fault) = match answers::bytes(contact)?.map(|body| read::person(&body, &number, &opted_out)) {
        None => (None, None),
        Some(Ok(contact)) => (Some(contact), None),
        Some(Err(error)) => (None, Some(format!("the contact's record can't be read: {error}"))),
    };
    let mut found = Vec::new();
    let mut items = answers::list(events)?.into_iter();
    while let (Some(number), Some(body)) = (items.next(), items.next()) {
        found.push((answers::uint(&number)?, inbox(answers::bytes(body)?.unwrap_or_default(), fault.as_deref())));
    }
    let mut texts = Vec::new();
    let mut items = answers::list(line)?.into_iter();
    while let (Some(order), Some(letter), Some(id)) = (items.next(), items.next(), items.next()) {
        let flight = flight(&answers::text(letter)?);
        texts.push((flight == Flight::Held, answers::uint(&order)?, MessageId(answers::text(id)?), flight));
    }
    // In order of queueing, and what is held behind the rest.
    texts.sort_by_key(|(held, order, ..)| (*held, *order));
    Ok(Claimed {
        actor,
        version: answers::uint(&version)?,
        lease: answers::uint(&lease)?,
        attempts: answers::small(&attempts)?,
        number: answers::uint(&number)?,
        contact,
        state: answers::bytes(state)?,
        events: found,
        flight: texts.into_iter().map(|(_, _, id, flight)| (id, flight)).collect(),
    })
}

/// A text or call from its body. One that can't be read stays under way, and comes up again as unknown; it is said in the log.
fn outgoing(body: Value) -> Result<Option<Outgoing>> {
    let body = answers::bytes(body)?.unwrap_or_default();
    let unreadable = |error: &serde_json::Error| tracing::warn!(%error, "a text in the queue can't be read; it stays where it is");
    Ok(serde_json::from_slice(&body).inspect_err(unreadable).ok())
}

/// The arguments of a settlement.
fn settlement(settle: &Settle) -> Result<Args> {
    let message = || settle.message.clone();
    let mut args = Args::default();
    args.text(settle.message.as_str()).num(settle.attempt);
    match &settle.outcome {
        Outcome::Later(at) => args.text("later").time(*at),
        Outcome::Unknown(at) => args.text("unknown").time(*at),
        Outcome::Accepted { sid, segments } => {
            let told = rest(Happening::Sent { message: message(), sid: Some(sid.clone()) })?;
            args.text("accepted").text(sid.as_str()).some(segments.map(|count| count.to_string()).as_deref()).text(told)
        }
        Outcome::Failed { code, why, status } => {
            let what = if *status == MessageStatus::Held { What::Kept } else { What::Refused };
            let not_sent = Happening::NotSent { message: message(), code: *code, why: why.clone() };
            let answered = Happening::Answered { message: message(), answer: Answer::Failure { why: why.clone() } };
            args.text("failed").text(scripts::word(what)).some(code.map(|code| code.to_string()).as_deref()).text(why.as_str());
            args.text(rest(not_sent)?).text(rest(answered)?)
        }
        Outcome::Called(answer) => {
            let answered = rest(Happening::Answered { message: message(), answer: answer.clone() })?;
            args.text("called").text("").text("").text("").text("").text(answered)
        }
    };
    Ok(args)
}

impl Redis {
    /// Lets go or cancels what no flag keeps back any more, page by page. One that was cut off is done by the next.
    async fn sweep(&self) -> Result<()> {
        loop {
            let (_, [more]) = self.shared.script("sweep", Args::default()).await?;
            if answers::int(&more)? == 0 {
                return Ok(());
            }
        }
    }

    /// Removes what is left of an erased person.
    async fn scrub(&self, number: &str) -> Result<()> {
        loop {
            let mut args = Args::default();
            args.text(number);
            let (_, [more]) = self.shared.script("scrub", args).await?;
            if answers::int(&more)? == 0 {
                return Ok(());
            }
        }
    }

    /// Goes on with erasures that a daemon did not live to end.
    pub(super) async fn finish_erasures(&self) -> Result<()> {
        let left = self.shared.link.ask(redis::cmd("SMEMBERS").arg(self.shared.key("erasing"))).await?;
        for number in answers::list(left)? {
            self.scrub(&answers::text(number)?).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Store for Redis {
    fn now(&self) -> Time {
        self.shared.clock.now()
    }

    fn wakes(&self) -> &Wakes {
        &self.shared.wakes
    }

    /// The same speeds again change nothing.
    async fn set_speeds(&self, speeds: Speeds) -> Result<()> {
        let mut lanes = Args::default();
        lanes.num(speeds.lanes.len());
        let pace = |pace: crate::model::pace::Pace| (pace.interval_us, crate::store::lanes::bulk_pace(pace, speeds.reserve).interval_us);
        for (name, speed) in &speeds.lanes {
            let (interval, bulk) = pace(speed.pace);
            lanes.text(name.as_str()).num(interval).num(bulk).flag(speed.account);
        }
        let mut args = Args::default();
        args.text(read::digest(&format!("{speeds:?}")));
        match speeds.account.map(pace) {
            Some((interval, bulk)) => args.num(interval).num(bulk),
            None => args.text("").text(""),
        };
        args.flag(speeds.hold_all);
        self.shared.run("speeds", vec![args, lanes]).await?;
        self.sweep().await
    }

    /// Again: an event with an id is a duplicate, one without is there twice; whoever needs once gives an id.
    async fn post(&self, posts: Vec<Post>) -> Result<Vec<Posted>> {
        let mut posted = Vec::with_capacity(posts.len());
        for piece in posts.chunks(POSTS_A_SCRIPT) {
            let mut args = Args::default();
            // Only the first piece may be refused: the call is one.
            args.flag(posted.is_empty()).num(piece.len());
            piece.iter().try_for_each(|post| args.post(post, &self.shared.secret).map(drop))?;
            for answer in answers::list(self.posts.call(args).await?)? {
                posted.push(match answers::int(&answer)? {
                    1 => Posted::New,
                    0 => Posted::Duplicate,
                    waiting => return Err(Error::Full(waiting.unsigned_abs())),
                });
            }
        }
        Ok(posted)
    }

    /// Again: what was claimed before comes back when its lease ends, with its attempts raised.
    async fn claim(&self, limit: usize, lease: Duration) -> Result<Claim> {
        let mut args = Args::default();
        args.num(limit).num(lease.as_micros());
        let (now, [next, actors]) = self.shared.script("claim", args).await?;
        let actors = answers::list(actors)?.into_iter().map(claimed).collect::<Result<_>>()?;
        Ok(Claim { actors, now, next: answers::time(&next)? })
    }

    /// Again: stale, as the lease has ended; the caller goes on with the next claim, which shows what was written.
    async fn commit(&self, commit: Commit) -> Result<Committed> {
        let mut args = Args::default();
        args.commit(&commit, &self.shared.secret, self.now())?;
        Ok(if answers::int(&self.commits.call(args).await?)? == 1 { Committed::Done } else { Committed::Stale })
    }

    /// Again: ignored, as the lease has ended.
    async fn release(&self, actor: &Actor, lease: u64, at: Time, failed: bool) -> Result<()> {
        let mut args = Args::default();
        args.text(actor.to_string()).num(lease).time(at).flag(failed);
        self.releases.call(args).await.map(drop)
    }

    /// Again: ignored, as the lease has ended.
    async fn park(&self, parked: Parked) -> Result<()> {
        let mut args = Args::default();
        args.text(parked.actor.to_string()).num(parked.lease).some(parked.event.map(|number| number.to_string()).as_deref());
        args.text("").text(json(&Parked { lease: 0, ..parked })?);
        self.shared.run("park", vec![args]).await.map(drop)
    }

    /// Again: what was handed out before is under way until its lease ends, and is then looked up (a call is made again).
    async fn claim_sends(&self, kind: SendKind, limit: usize, lease: Duration) -> Result<Sends> {
        let mut args = Args::default();
        args.num(limit).num(lease.as_micros());
        let name = match kind {
            SendKind::Texts => "texts",
            SendKind::Calls => "calls",
        };
        let (now, [next, taken]) = self.shared.script(name, args).await?;
        let mut sends = Vec::new();
        for one in answers::list(taken)? {
            let [body, attempt] = answers::fields(one)?;
            if let Some(outgoing) = outgoing(body)? {
                sends.push(ClaimedSend { outgoing, attempt: answers::small(&attempt)? });
            }
        }
        Ok(Sends { sends, now, next: answers::time(&next)? })
    }

    /// A claim here is one short script beside the writing of others: nothing is gained by claiming for a sender ahead.
    fn stand_by(&self, _places: usize, _lease: Duration) {}

    /// Again: false, as the attempt is over.
    async fn settle(&self, settle: Settle) -> Result<bool> {
        Ok(answers::int(&self.settles.call(settlement(&settle)?).await?)? == 1)
    }

    /// Again: changes nothing.
    async fn report(&self, report: Report) -> Result<Reported> {
        let status = report.status.map(MessageStatus::as_str);
        let sent = rest(Happening::Sent { message: HOLE.into(), sid: Some(report.sid.clone()) })?;
        let undelivered = Happening::Undelivered { message: HOLE.into(), status: status.unwrap_or_default().to_owned(), code: report.code };
        let mut args = Args::default();
        args.some(report.message.as_ref().map(MessageId::as_str)).text(report.sid.as_str()).text(report.word.as_str()).some(status);
        args.some(report.code.map(|code| code.to_string()).as_deref()).text(sent).text(rest(undelivered)?);
        Ok(match answers::int(&self.reports.call(args).await?)? {
            2 => Reported::Moved,
            1 => Reported::Noted,
            _ => Reported::Unknown,
        })
    }

    /// Again: the same messages.
    async fn unsure(&self, limit: usize) -> Result<Unsure> {
        let mut args = Args::default();
        args.num(limit);
        let (_, [next, found]) = self.shared.script("unsure", args).await?;
        let mut messages = Vec::new();
        for one in answers::list(found)? {
            let [body, attempt, posted_at, looks] = answers::fields(one)?;
            if let Some(outgoing) = outgoing(body)? {
                let (attempt, looks) = (answers::small(&attempt)?, answers::small(&looks)?);
                messages.push(UnsureSend { outgoing, attempt, posted_at: Time(answers::int(&posted_at)?), looks });
            }
        }
        Ok(Unsure { messages, next: answers::time(&next)? })
    }

    /// Again: counts one look more, which only puts the next one off.
    async fn look_again(&self, message: &MessageId, at: Time) -> Result<()> {
        let mut args = Args::default();
        args.text(message.as_str()).time(at);
        self.shared.run("look_again", vec![args]).await.map(drop)
    }

    /// Again: the same.
    async fn slow(&self, lane: Option<&str>, until: Time) -> Result<()> {
        let mut args = Args::default();
        args.some(lane).time(until);
        self.shared.run("slow", vec![args]).await.map(drop)
    }

    /// Again: the same; a sweep that was cut off goes on.
    async fn set_hold(&self, scope: HoldScope, hold: Hold) -> Result<()> {
        let mut args = Args::default();
        args.text(holds::name(&scope)).text(holds::word(hold));
        self.shared.run("hold", vec![args]).await?;
        self.sweep().await
    }

    async fn put_contacts(&self, patches: Vec<Patch>, watched: &[String]) -> Result<()> {
        self.patch_contacts(&patches, watched, self.now()).await
    }

    /// Again: false where the first page was written; what it left is removed then, too.
    async fn erase(&self, phone: &Phone) -> Result<bool> {
        let mut args = Args::default();
        let name = Actor::Contact(phone.clone()).to_string();
        args.text(name.as_str()).text(name);
        let (_, answer) = self.shared.run("erase", vec![args]).await?;
        let mut found = answers::list(answer)?.into_iter().skip(1);
        let known = found.next();
        self.finish_erasures().await?;
        if known.is_some() {
            // Nothing of it may stay in the server's log of writes; one that is being rewritten already, or a server that forbids it, says so.
            if let Err(error) = self.shared.link.ask(&redis::cmd("BGREWRITEAOF")).await {
                tracing::debug!(%error, "the server's log of writes is not rewritten now; what was erased leaves it with the next rewriting");
            }
        }
        Ok(known.is_some())
    }

    /// Again: a known hash changes nothing.
    async fn put_plan(&self, plan: PlanRow) -> Result<()> {
        let mut args = Args::default();
        args.text(plan.hash.as_str()).text(plan.playbook.as_str()).text(json(&plan)?);
        self.shared.run("plan", vec![args]).await.map(drop)
    }

    async fn plan(&self, hash: &PlanHash) -> Result<Option<PlanRow>> {
        self.doc(hash.as_str()).await
    }

    async fn plans_in_use(&self) -> Result<Vec<PlanHash>> {
        self.read_plans_in_use().await
    }

    /// Again: a known id changes nothing.
    async fn put_broadcast(&self, row: BroadcastRow) -> Result<PutBroadcast> {
        let mut args = Args::default();
        args.broadcast(&row, self.now())?;
        let (_, [known]) = self.shared.script("broadcast", args).await?;
        match answers::bytes(known)? {
            None => Ok(PutBroadcast::New),
            Some(body) => {
                let known = serde_json::from_slice(&body);
                known.map(|row| PutBroadcast::Known(Box::new(row))).map_err(|error| Error::Unusable(format!("a broadcast can't be read: {error}")))
            }
        }
    }

    async fn fact(&self, name: &str) -> Result<Option<String>> {
        answers::some(self.shared.link.ask(redis::cmd("HGET").arg(self.shared.key("fact")).arg(name)).await?)
    }

    /// Again: the same.
    async fn set_fact(&self, name: &str, value: &str) -> Result<()> {
        self.shared.link.ask(redis::cmd("HSET").arg(self.shared.key("fact")).arg(name).arg(value)).await.map(drop)
    }

    async fn contact(&self, phone: &Phone) -> Result<Option<Contact>> {
        Ok(self.read_actor(&Actor::Contact(phone.clone())).await?.and_then(|peek| peek.contact))
    }

    async fn contacts(&self, after: u64, limit: usize) -> Result<Vec<Contact>> {
        self.read_contacts(after, limit).await
    }

    async fn peek(&self, actor: &Actor) -> Result<Option<Peek>> {
        self.read_actor(actor).await
    }

    async fn conversations(&self, query: ConversationQuery) -> Result<Page<ConversationRow>> {
        self.read_conversations(&query).await
    }

    async fn conversation(&self, id: &ConversationId) -> Result<Option<ConversationRow>> {
        self.doc(id.as_str()).await
    }

    async fn messages(&self, query: MessageQuery) -> Result<Page<MessageRow>> {
        self.read_messages(&query).await
    }

    async fn message(&self, id: &MessageId) -> Result<Option<MessageRow>> {
        self.doc(id.as_str()).await
    }

    async fn handoffs(&self, query: HandoffQuery) -> Result<Page<HandoffRow>> {
        self.read_handoffs(&query).await
    }

    async fn handoff(&self, id: &HandoffId) -> Result<Option<HandoffRow>> {
        self.doc(id.as_str()).await
    }

    async fn broadcasts(&self, cursor: Option<String>, limit: usize) -> Result<Page<BroadcastRow>> {
        self.docs("all:b", false, (cursor.as_deref(), limit), |_| Some(true)).await
    }

    async fn broadcast(&self, id: &BroadcastId) -> Result<Option<BroadcastRow>> {
        self.doc(id.as_str()).await
    }

    async fn list(&self, name: &str, from: u64, limit: usize) -> Result<Vec<Phone>> {
        self.read_list(name, from, limit).await
    }

    async fn journal(&self, contact: &Phone, after: u64, limit: usize) -> Result<Vec<(u64, JournalEntry)>> {
        self.lines("j", contact, after, limit).await
    }

    async fn consent(&self, contact: &Phone) -> Result<Vec<ConsentEntry>> {
        Ok(self.lines("k", contact, 0, usize::MAX).await?.into_iter().map(|(_, entry)| entry).collect())
    }

    async fn counts(&self, prefix: &str) -> Result<Vec<(String, i64)>> {
        self.read_counts(prefix).await
    }

    async fn live_counts(&self) -> Result<Vec<LiveCount>> {
        self.read_live_counts().await
    }

    async fn lanes(&self) -> Result<Vec<LaneRow>> {
        self.read_lanes().await
    }

    async fn link(&self, code: &str) -> Result<Option<LinkRow>> {
        self.doc(code).await
    }

    async fn parked(&self, limit: usize) -> Result<Vec<Parked>> {
        Ok(self.docs("all:x", false, (None, limit), |_| Some(true)).await?.items)
    }

    async fn ping(&self) -> Result<()> {
        self.shared.link.ask(&redis::cmd("PING")).await.map(drop)
    }

    /// Again: goes on.
    async fn forget(&self, before: Time, limit: usize) -> Result<bool> {
        let mut args = Args::default();
        args.time(before).num(limit);
        let (_, [more]) = self.shared.script("forget", args).await?;
        Ok(answers::int(&more)? == 1)
    }

    /// Says good-bye, so that others need not wait for this daemon's silence. A server that does not hear it finds out by itself.
    async fn close(&self) -> Result<()> {
        if let Err(error) = beat::beat(&self.shared, false, true).await {
            tracing::debug!(%error, "Redis was not told that this daemon ends");
        }
        self.tasks.lock().unwrap_or_else(std::sync::PoisonError::into_inner).drain(..).for_each(|task| task.abort());
        Ok(())
    }
}
