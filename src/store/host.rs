//! From the rules to the trait: whoever can run a piece of work on a `Core`, whole or not at all, is a store.

use std::time::Duration;

use async_trait::async_trait;

use crate::model::{
    Actor, BroadcastId, BroadcastRow, ConsentEntry, Contact, ConversationId, ConversationRow, HandoffId, HandoffRow, MessageId, MessageRow, Patch,
    Phone, PlanHash, Time,
};

use super::core::{Core, read};
use super::tables::{Names, Tables};
use super::{
    Claim, Commit, Committed, ConversationQuery, HandoffQuery, Hold, HoldScope, JournalEntry, LaneRow, LinkRow, LiveCount, MessageQuery, Page,
    Parked, Peek, PlanRow, Post, Posted, PutBroadcast, Report, Reported, Result, SendKind, Sends, Settle, Speeds, Store, Unsure, Wakes,
};

/// Whether a write must be on stable storage before it is answered. What need not be is repaired by what follows from losing it: a lost
/// claim is a lease that ends, a lost `settle` an unknown text that is looked up, a lost report one that Twilio's list knows too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// On stable storage.
    Safe,
    /// Written, but not waited for.
    Quick,
}

/// Runs work on a store's state.
pub trait Host: Send + Sync {
    /// How it keeps rows.
    type Tables: Tables + Send + 'static;

    /// Runs one write whole or not at all, and answers when it is as safe as it need be.
    fn write<R, W>(&self, need: Need, work: W) -> impl Future<Output = Result<R>> + Send
    where
        R: Send + 'static,
        W: FnOnce(&mut Core<Self::Tables>, Time) -> Result<R> + Send + 'static;

    /// Runs one read.
    fn read<R, W>(&self, work: W) -> impl Future<Output = Result<R>> + Send
    where
        R: Send + 'static,
        W: FnOnce(&Self::Tables) -> Result<R> + Send + 'static;

    /// `Store::stand_by`, for which nobody waits.
    fn stand_by(&self, places: usize, lease: Duration);

    /// Its clock.
    fn clock(&self) -> Time;

    /// Its signals.
    fn signals(&self) -> &Wakes;

    /// After an erasure: nothing of it may stay in a journal of the store's own.
    fn scrub(&self) -> impl Future<Output = Result<()>> + Send;

    /// Lets go of everything.
    fn shut(&self) -> impl Future<Output = Result<()>> + Send;
}

/// Sweeps until nothing is left that no hold keeps back; each page is a write of its own.
async fn sweep(host: &(impl Host + ?Sized)) -> Result<()> {
    while host.write(Need::Safe, |core, now| core.sweep(now)).await? {}
    Ok(())
}

/// A write that people may be looking at the result of.
async fn shown<H, R, W>(host: &H, need: Need, work: W) -> Result<R>
where
    H: Host + ?Sized,
    R: Send + 'static,
    W: FnOnce(&mut Core<H::Tables>, Time) -> Result<R> + Send + 'static,
{
    let done = host.write(need, work).await;
    host.signals().changed.raise();
    done
}

#[async_trait]
impl<H: Host> Store for H {
    fn now(&self) -> Time {
        self.clock()
    }

    fn wakes(&self) -> &Wakes {
        self.signals()
    }

    async fn set_speeds(&self, speeds: Speeds) -> Result<()> {
        self.write(Need::Quick, move |core, now| core.set_speeds(speeds, now)).await?;
        sweep(self).await
    }

    async fn post(&self, posts: Vec<Post>) -> Result<Vec<Posted>> {
        self.write(Need::Safe, move |core, now| core.post(&posts, now)).await
    }

    async fn claim(&self, limit: usize, lease: Duration) -> Result<Claim> {
        self.write(Need::Quick, move |core, now| core.claim(limit, lease, now)).await
    }

    async fn commit(&self, commit: Commit) -> Result<Committed> {
        shown(self, Need::Safe, move |core, now| core.commit(&commit, now)).await
    }

    async fn release(&self, actor: &Actor, lease: u64, at: Time, failed: bool) -> Result<()> {
        let actor = actor.clone();
        self.write(Need::Quick, move |core, _| core.release(&actor, lease, at, failed)).await
    }

    async fn park(&self, parked: Parked) -> Result<()> {
        shown(self, Need::Safe, move |core, now| core.park(&parked, now)).await
    }

    async fn claim_sends(&self, kind: SendKind, limit: usize, lease: Duration) -> Result<Sends> {
        shown(self, Need::Safe, move |core, now| core.claim_sends(kind, limit, lease, now)).await
    }

    fn stand_by(&self, places: usize, lease: Duration) {
        Host::stand_by(self, places, lease);
    }

    async fn settle(&self, settle: Settle) -> Result<bool> {
        shown(self, Need::Quick, move |core, now| core.settle(&settle, now)).await
    }

    async fn report(&self, report: Report) -> Result<Reported> {
        shown(self, Need::Quick, move |core, now| core.report(&report, now)).await
    }

    async fn unsure(&self, limit: usize) -> Result<Unsure> {
        self.write(Need::Quick, move |core, now| core.unsure(limit, now)).await
    }

    async fn look_again(&self, message: &MessageId, at: Time) -> Result<()> {
        let message = message.clone();
        self.write(Need::Quick, move |core, now| core.look_again(&message, at, now)).await
    }

    async fn slow(&self, lane: Option<&str>, until: Time) -> Result<()> {
        let lane = lane.map(str::to_owned);
        self.write(Need::Quick, move |core, _| core.slow(lane.as_deref(), until)).await
    }

    async fn set_hold(&self, scope: HoldScope, hold: Hold) -> Result<()> {
        self.write(Need::Safe, move |core, _| core.set_hold(&scope, hold)).await?;
        sweep(self).await
    }

    async fn put_contacts(&self, patches: Vec<Patch>, watched: &[String]) -> Result<()> {
        let watched = watched.to_vec();
        shown(self, Need::Safe, move |core, now| core.put_contacts(&patches, &watched, now)).await
    }

    async fn erase(&self, phone: &Phone) -> Result<bool> {
        let phone = phone.clone();
        let known = self.write(Need::Safe, move |core, now| core.erase(&phone, now)).await?;
        self.scrub().await?;
        Ok(known)
    }

    async fn put_plan(&self, plan: PlanRow) -> Result<()> {
        self.write(Need::Safe, move |core, _| core.put_plan(&plan)).await
    }

    async fn plan(&self, hash: &PlanHash) -> Result<Option<PlanRow>> {
        let hash = hash.clone();
        self.read(move |tables| read::doc(tables, hash.as_str())).await
    }

    async fn plans_in_use(&self) -> Result<Vec<PlanHash>> {
        self.read(read::plans_in_use).await
    }

    async fn put_broadcast(&self, row: BroadcastRow) -> Result<PutBroadcast> {
        shown(self, Need::Safe, move |core, now| core.put_broadcast(&row, now)).await
    }

    async fn fact(&self, name: &str) -> Result<Option<String>> {
        let name = read::fact_name(name);
        self.read(move |tables| tables.value(&name)).await
    }

    async fn set_fact(&self, name: &str, value: &str) -> Result<()> {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.write(Need::Safe, move |core, _| core.set_fact(&name, &value)).await
    }

    async fn contact(&self, phone: &Phone) -> Result<Option<Contact>> {
        let phone = phone.clone();
        self.read(move |tables| read::contact(tables, &phone)).await
    }

    async fn contacts(&self, after: u64, limit: usize) -> Result<Vec<Contact>> {
        self.read(move |tables| read::contacts(tables, after, limit)).await
    }

    async fn peek(&self, actor: &Actor) -> Result<Option<Peek>> {
        let actor = actor.clone();
        self.read(move |tables| read::peek(tables, &actor)).await
    }

    async fn conversations(&self, query: ConversationQuery) -> Result<Page<ConversationRow>> {
        self.read(move |tables| read::conversations(tables, &query)).await
    }

    async fn conversation(&self, id: &ConversationId) -> Result<Option<ConversationRow>> {
        let id = id.clone();
        self.read(move |tables| read::doc(tables, id.as_str())).await
    }

    async fn messages(&self, query: MessageQuery) -> Result<Page<MessageRow>> {
        self.read(move |tables| read::messages(tables, &query)).await
    }

    async fn message(&self, id: &MessageId) -> Result<Option<MessageRow>> {
        let id = id.clone();
        self.read(move |tables| read::doc(tables, id.as_str())).await
    }

    async fn handoffs(&self, query: HandoffQuery) -> Result<Page<HandoffRow>> {
        self.read(move |tables| read::handoffs(tables, &query)).await
    }

    async fn handoff(&self, id: &HandoffId) -> Result<Option<HandoffRow>> {
        let id = id.clone();
        self.read(move |tables| read::doc(tables, id.as_str())).await
    }

    async fn broadcasts(&self, cursor: Option<String>, limit: usize) -> Result<Page<BroadcastRow>> {
        self.read(move |tables| read::broadcasts(tables, cursor.as_deref(), limit)).await
    }

    async fn broadcast(&self, id: &BroadcastId) -> Result<Option<BroadcastRow>> {
        let id = id.clone();
        self.read(move |tables| read::doc(tables, id.as_str())).await
    }

    async fn list(&self, name: &str, from: u64, limit: usize) -> Result<Vec<Phone>> {
        let name = name.to_owned();
        self.read(move |tables| tables.list(&name, from, limit)).await
    }

    async fn journal(&self, contact: &Phone, after: u64, limit: usize) -> Result<Vec<(u64, JournalEntry)>> {
        let contact = contact.clone();
        self.read(move |tables| read::journal(tables, &contact, after, limit)).await
    }

    async fn consent(&self, contact: &Phone) -> Result<Vec<ConsentEntry>> {
        let contact = contact.clone();
        self.read(move |tables| read::consent(tables, &contact)).await
    }

    async fn counts(&self, prefix: &str) -> Result<Vec<(String, i64)>> {
        let prefix = prefix.to_owned();
        self.read(move |tables| read::counts(tables, &prefix)).await
    }

    async fn live_counts(&self) -> Result<Vec<LiveCount>> {
        self.read(read::live_counts).await
    }

    async fn lanes(&self) -> Result<Vec<LaneRow>> {
        self.write(Need::Quick, |core, _| Ok(core.lanes())).await
    }

    async fn link(&self, code: &str) -> Result<Option<LinkRow>> {
        let code = code.to_owned();
        self.read(move |tables| read::doc(tables, &code)).await
    }

    async fn parked(&self, limit: usize) -> Result<Vec<Parked>> {
        self.read(move |tables| read::parked(tables, limit)).await
    }

    async fn ping(&self) -> Result<()> {
        self.write(Need::Quick, |_, _| Ok(())).await
    }

    async fn forget(&self, before: Time, limit: usize) -> Result<bool> {
        self.write(Need::Quick, move |core, _| core.forget(before, limit)).await
    }

    async fn close(&self) -> Result<()> {
        self.write(Need::Safe, |core, now| core.give_back(now)).await?;
        self.shut().await
    }
}
