//! What we ask of Twilio. Each outcome of a send is told by what is certain: accepted, refused, never written to a
//! connection, or unclear. Nothing is repeated here; that is for the ledger to decide.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::create::{Create, Outcome};
use super::errors::{Class, classify};
use super::resources::{self, Message, PhoneNumber};
use super::status::Status;
use super::transport::{Answer, Failure, Transport, encode};

pub use super::transport::{Auth, Error, Settings};

/// The page size for looking up one message: the newest few are enough.
const LOOKUP_PAGE: &str = "50";
/// The largest page Twilio gives, for catching up.
const FULL_PAGE: &str = "1000";

/// One page of Twilio's message list, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The messages.
    pub messages: Vec<Message>,
    /// What to ask for the page after this one.
    pub next: Option<Next>,
}

/// Where a list goes on. Opaque; only made from Twilio's own answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next(String);

/// Makes requests of one account.
#[derive(Debug)]
pub struct Client {
    /// How they are made.
    transport: Transport,
    /// What stands before `/Messages.json` in a path.
    account: String,
}

impl Client {
    /// A client; makes no connection yet.
    pub fn new(settings: Settings) -> Result<Client, Error> {
        Ok(Client { transport: Transport::new(&settings)?, account: format!("/2010-04-01/Accounts/{}", settings.account_sid) })
    }

    /// Requests that could start now: claim no more sends than this.
    pub fn free(&self) -> usize {
        self.transport.free()
    }

    /// Sends a text, once.
    pub async fn create(&self, create: &Create) -> Outcome {
        let path = format!("{}/Messages.json", self.account);
        match self.transport.post(&path, &create.pairs()).await {
            Ok(answer) => outcome(answer),
            Err(Failure::NotWritten(why)) => Outcome::NotSent { why, retry_after: None },
            Err(Failure::AnswerLost(why)) => Outcome::Unknown { why: format!("the answer was lost: {why}") },
        }
    }

    /// The newest messages to `to`, for finding one whose fate is unknown. Leave out `from` for texts of a messaging
    /// service, which picks it. There is no filter by date: a message in Twilio's queue has none yet.
    pub async fn list(&self, to: &str, from: Option<&str>, next: Option<&Next>) -> Result<Page, Error> {
        let mut query = vec![("To", to), ("PageSize", LOOKUP_PAGE)];
        query.extend(from.map(|from| ("From", from)));
        self.page(&query, next).await
    }

    /// Texts that came to `to` since a moment, for catching up after downtime. A page may be empty and still have a
    /// next one; there is none once the list has gone past `since`.
    pub async fn list_inbound(&self, to: &str, since: Timestamp, next: Option<&Next>) -> Result<Page, Error> {
        // Twilio filters by the day (in UTC); the rest is filtered here.
        let day = since.strftime("%Y-%m-%d").to_string();
        let query = [("To", to), ("DateSent>", &day), ("PageSize", FULL_PAGE)];
        let mut page = self.page(&query, next).await?;
        let when = |message: &Message| message.date_sent.or(message.date_created);
        // Twilio's dates have whole seconds, so a text of the very moment looks up to one second older.
        let second = SignedDuration::from_secs(1);
        let since = since.saturating_sub(second).unwrap_or(since);
        let oldest = page.messages.last().and_then(when);
        if oldest.is_some_and(|at| at < since) {
            page.next = None;
        }
        // A text without a date is kept: the store knows whether it has it.
        page.messages.retain(|m| m.is_inbound() && when(m).is_none_or(|at| at >= since));
        Ok(page)
    }

    /// One message.
    pub async fn fetch(&self, sid: &str) -> Result<Message, Error> {
        let path = format!("{}/Messages/{sid}.json", self.account);
        let message = self.get(&path).await?;
        Message::read(&message).ok_or_else(|| Error::Unreadable("a message without `sid`".into()))
    }

    /// Proves that this key may read messages: what `twilio check` and the probe of a stopped account ask.
    pub async fn probe(&self) -> Result<(), Error> {
        self.page(&[("PageSize", "1")], None).await.map(drop)
    }

    /// A number of the account; `None` if it has no such number.
    pub async fn phone_number(&self, number: &str) -> Result<Option<PhoneNumber>, Error> {
        let query = encode(&[("PhoneNumber", number)]);
        let path = format!("{}/IncomingPhoneNumbers.json?{query}", self.account);
        let answer = self.get(&path).await?;
        let mut found = items(&answer, "incoming_phone_numbers")?.iter().filter_map(PhoneNumber::read);
        // Twilio also finds numbers of which this is only a part.
        Ok(found.find(|found| found.number == number))
    }

    /// Changes fields of a number, `sid` being its `PN…`.
    pub async fn update_number(&self, sid: &str, fields: &[(&str, &str)]) -> Result<PhoneNumber, Error> {
        let path = format!("{}/IncomingPhoneNumbers/{sid}.json", self.account);
        let answer = found(self.transport.post(&path, fields).await)?;
        PhoneNumber::read(&answer).ok_or_else(|| Error::Unreadable("a number without `sid`".into()))
    }

    async fn page(&self, query: &[(&str, &str)], next: Option<&Next>) -> Result<Page, Error> {
        let path = match next {
            Some(Next(path)) => path.clone(),
            None => format!("{}/Messages.json?{}", self.account, encode(query)),
        };
        let answer = self.get(&path).await?;
        let messages = items(&answer, "messages")?;
        // Only a path below `api_base`; a whole address would have to be checked for its host.
        let next = resources::text(&answer, "next_page_uri").filter(|path| path.starts_with('/'));
        Ok(Page { messages: messages.iter().filter_map(Message::read).collect(), next: next.map(Next) })
    }

    async fn get(&self, path: &str) -> Result<Value, Error> {
        found(self.transport.get(path).await)
    }
}

/// What was asked for, or why it did not come. For requests that may be made again at any time.
fn found(answer: Result<Answer, Failure>) -> Result<Value, Error> {
    let answer = answer.map_err(|failure| match failure {
        Failure::NotWritten(why) | Failure::AnswerLost(why) => Error::Unreachable(why),
    })?;
    if !(200..300).contains(&answer.http_status) {
        let (code, message) = answer.refusal();
        return Err(Error::Refused { http_status: answer.http_status, code, message });
    }
    answer.body.ok_or_else(|| Error::Unreadable("no JSON".into()))
}

fn items<'a>(answer: &'a Value, name: &str) -> Result<&'a Vec<Value>, Error> {
    let items = answer.get(name).and_then(Value::as_array);
    items.ok_or_else(|| Error::Unreadable(format!("a list without `{name}`")))
}

/// What an answer to a send makes certain.
fn outcome(answer: Answer) -> Outcome {
    let http_status = answer.http_status;
    if (200..300).contains(&http_status) {
        let sid = answer.body.as_ref().and_then(|body| Some((resources::text(body, "sid")?, body)));
        return match sid {
            Some((sid, body)) => Outcome::Accepted {
                sid,
                status: resources::text(body, "status").and_then(|name| Status::parse(&name)),
                segments: resources::number(body, "num_segments"),
            },
            None => Outcome::Unknown { why: format!("Twilio answered {http_status} without the message's id") },
        };
    }
    let (code, message) = answer.refusal();
    match classify(http_status, code) {
        Class::NotProcessed => Outcome::NotSent { why: message, retry_after: answer.retry_after },
        Class::Ambiguous => Outcome::Unknown { why: format!("Twilio answered {http_status}: {message}") },
        class => Outcome::Refused { code, http_status, message, class },
    }
}
