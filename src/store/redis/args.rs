//! Arguments of scripts: flat lists, in the order in which the scripts read them.

use serde::Serialize;

use crate::model::event::BroadcastOrder;
use crate::model::{Actor, BroadcastRow, Event, Happening, MessageRow, Outgoing, Payload, Phone, Time};
use crate::store::core::read::live_name;
use crate::store::doc::Doc;
use crate::store::{Commit, Error, LinkRow, Post, Result};

use super::Secretive;
use super::read::Stored;

/// The last whole number that Lua keeps exactly; later times are as good as never.
const LAST_EXACT: i64 = (1 << 53) - 1;

/// Stands in an event for the message's name, which a script puts in.
pub const HOLE: &str = "\u{1}";

/// JSON of something that always has one.
pub fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Unusable(format!("a value can't be written as JSON: {error}")))
}

/// An event but for its time, which only the script knows.
pub fn rest(what: Happening) -> Result<String> {
    let whole = json(&Event::new(Time(0), what))?;
    Ok(whole.strip_prefix("{\"at\":0").unwrap_or(&whole).to_owned())
}

/// A list of arguments.
#[derive(Debug, Default)]
pub struct Args(pub Vec<Vec<u8>>);

impl Args {
    /// Adds a text.
    pub fn text(&mut self, text: impl Into<Vec<u8>>) -> &mut Self {
        self.0.push(text.into());
        self
    }

    /// Adds a text that may be missing; none of ours is empty.
    pub fn some(&mut self, text: Option<&str>) -> &mut Self {
        self.text(text.unwrap_or_default())
    }

    /// Adds a whole number.
    pub fn num(&mut self, number: impl TryInto<i64>) -> &mut Self {
        self.text(number.try_into().unwrap_or(LAST_EXACT).clamp(-LAST_EXACT, LAST_EXACT).to_string())
    }

    /// Adds a time.
    pub fn time(&mut self, time: Time) -> &mut Self {
        self.num(time.0)
    }

    /// Adds a yes or no.
    pub fn flag(&mut self, is: bool) -> &mut Self {
        self.text(if is { "1" } else { "0" })
    }

    /// Adds an actor's name and the name of its suppression.
    pub fn actor(&mut self, actor: &Actor, secret: &Secretive) -> &mut Self {
        let hash = match actor {
            Actor::Contact(phone) => secret.hash(phone),
            Actor::Broadcast(_) | Actor::Schedule(_) => String::new(),
        };
        self.text(actor.to_string()).text(hash)
    }

    /// Adds a contact likewise.
    pub fn contact(&mut self, phone: &Phone, secret: &Secretive) -> &mut Self {
        self.actor(&Actor::Contact(phone.clone()), secret)
    }

    /// Adds a document.
    fn doc<D: Doc + Stored>(&mut self, doc: &D, live: &str) -> Result<&mut Self> {
        let marks = doc.marks();
        let (id, topic) = (marks.id.unwrap_or_default().to_owned(), marks.topic.unwrap_or_default().to_owned());
        let open = marks.open;
        Ok(self.text(D::LETTER).text(id).text(topic).flag(open).text(live).text(json(doc)?))
    }

    /// Adds an event for somebody.
    pub fn post(&mut self, post: &Post, secret: &Secretive) -> Result<&mut Self> {
        self.actor(&post.to, secret).some(post.id.as_deref()).time(post.due).text(json(&post.event)?);
        match &post.suppress {
            Some(entry) => self.text(json(entry)?).contact(&entry.contact, secret),
            None => self.text("").text("").text(""),
        };
        Ok(self)
    }

    /// Adds a new broadcast, with the event that begins it.
    pub fn broadcast(&mut self, row: &BroadcastRow, now: Time) -> Result<&mut Self> {
        let marks = row.marks();
        let begin = Event::new(now, Happening::Broadcast { order: BroadcastOrder::Begin });
        Ok(self.text(row.id.as_str()).text(row.playbook.as_str()).flag(marks.open).text(json(row)?).text(json(&begin)?).time(row.at))
    }

    /// Adds a message that was never queued.
    fn message(&mut self, row: &MessageRow) -> Result<&mut Self> {
        let history: String = row.history.iter().map(|(at, word)| format!("{} {word}\n", at.0)).collect();
        let inbound = row.direction == crate::model::Direction::Inbound;
        self.text(row.id.as_str()).text(row.status.as_str()).text(history).some(row.sid.as_deref()).flag(inbound);
        Ok(self.text(json(row)?))
    }

    /// Adds a text or call.
    fn outgoing(&mut self, out: &Outgoing, now: Time) -> Result<&mut Self> {
        let links = match &out.payload {
            Payload::Text(text) => &text.links[..],
            Payload::Call(_) => &[],
        };
        self.text(out.id.as_str()).flag(matches!(out.payload, Payload::Call(_))).text(out.lane.as_str());
        self.num(out.priority as u8).num(out.cost).some(out.valid_until.map(|end| end.0.min(LAST_EXACT).to_string()).as_deref());
        self.flag(out.to_opted_out).flag(out.quiet).some(out.playbook.as_deref()).some(out.broadcast.as_ref().map(|id| id.as_str()));
        self.flag(out.jumps).text(json(out)?).num(links.len());
        for link in links {
            let row = LinkRow {
                code: link.code.clone(),
                url: link.url.clone(),
                contact: out.contact.clone(),
                conversation: out.conversation.clone(),
                marks: link.marks.clone(),
                at: now,
            };
            self.text(link.code.as_str()).text(json(&row)?);
        }
        Ok(self)
    }

    /// Adds a list, its length first.
    fn each<'a, T: 'a>(&mut self, items: &'a [T], mut add: impl FnMut(&mut Self, &'a T) -> Result<()>) -> Result<&mut Self> {
        self.num(items.len());
        for item in items {
            add(self, item)?;
        }
        Ok(self)
    }

    /// Adds a list of pairs of texts and whatever else, its length first.
    fn pairs<T>(&mut self, pairs: &[(String, T)], mut add: impl FnMut(&mut Self, &T)) -> &mut Self {
        self.num(pairs.len());
        for (name, value) in pairs {
            add(self.text(name.as_str()), value);
        }
        self
    }

    /// Adds texts, their number first.
    fn texts<'a>(&mut self, texts: impl ExactSizeIterator<Item = &'a str>) -> &mut Self {
        self.num(texts.len());
        for text in texts {
            self.text(text);
        }
        self
    }

    /// Adds a step's commit, as `commit.lua` reads it.
    pub fn commit(&mut self, commit: &Commit, secret: &Secretive, now: Time) -> Result<()> {
        self.actor(&commit.actor, secret).num(commit.lease).num(commit.version).num(commit.consumed.len());
        for number in &commit.consumed {
            self.num(*number);
        }
        self.num(commit.cancel.len());
        for (id, reason) in &commit.cancel {
            self.text(id.as_str()).text(reason.as_str());
        }
        self.flag(commit.unblock);
        self.each(&commit.messages, |args, row| args.message(row).map(|_| ()))?;
        self.each(&commit.queue, |args, out| args.outgoing(out, now).map(|_| ()))?;
        self.num(commit.conversations.len() + commit.handoffs.len());
        for row in &commit.conversations {
            let live = if row.marks().open { live_name(row) } else { String::new() };
            self.doc(row, &live)?;
        }
        for row in &commit.handoffs {
            self.doc(row, "")?;
        }
        self.some(commit.journal.as_ref().map(json).transpose()?.as_deref());
        self.each(commit.broadcast.as_slice(), |args, row| args.doc(row, "").map(|_| ()))?;
        self.pairs(&commit.counts, |args, by| {
            args.num(*by);
        });
        self.pairs(&commit.append, |args, people| {
            args.texts(people.iter().map(Phone::as_str));
        });
        self.texts(commit.drop_lists.iter().map(String::as_str));
        self.each(&commit.consent, |args, entry| {
            args.contact(&entry.contact, secret).text(json(entry)?);
            Ok(())
        })?;
        self.some(commit.suppress.map(|on| if on { "1" } else { "0" }));
        self.some(commit.contact.as_ref().map(json).transpose()?.as_deref());
        self.each(&commit.posts, |args, post| args.post(post, secret).map(|_| ()))?;
        self.each(&commit.new_broadcasts, |args, row| args.broadcast(row, now).map(|_| ()))?;
        self.pairs(&commit.watch, |args, below| {
            args.num(*below);
        });
        self.some(commit.wake.map(|at| at.0.min(LAST_EXACT).to_string()).as_deref());
        self.text(commit.state.clone());
        Ok(())
    }
}
