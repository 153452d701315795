//! What becomes of an accepted message: each state it reaches, and the report of it.
//!
//! No report tells the first status, which stood in the answer to the create request.

use super::super::Status;
use super::magic::Life;
use super::messages::bare;
use super::state::{Callbacks, Record};
use super::{Pretend, phones, webhooks};

/// What a service sends from where the config has no number for it.
const SERVICE_NUMBER: &str = "+15005550006";

/// Lets a message live beside the request that created it.
pub(super) fn begin(pretend: &Pretend, sid: String, life: Life) {
    pretend.spawn(live(pretend.clone(), sid, life));
}

/// Goes through the stages one step apart. The state of the faults counts at the beginning: a message that was accepted
/// while reports were off stays without them.
async fn live(pretend: Pretend, sid: String, life: Life) {
    let config = pretend.config();
    let callbacks = pretend.read(|state| state.faults.callbacks);
    let reported = life != Life::Silent && callbacks != Callbacks::Off;
    if life == Life::Late || callbacks == Callbacks::Delayed {
        tokio::time::sleep(config.late).await;
    }
    let by_service = pretend.read(|state| state.message(&sid).is_some_and(|record| record.service.is_some()));
    for (status, code) in stages(life, by_service) {
        // The list shows the new state before the report tells it, as at Twilio.
        tokio::time::sleep(config.step).await;
        let reached = pretend.change(|state| {
            if let Some(record) = state.message_mut(&sid).filter(|record| record.from.is_none()) {
                record.from = Some(service_number(&pretend));
            }
            state.reach(&sid, status, code)
        });
        // Deleted or cancelled: nothing more happens to it.
        let Some(record) = reached.filter(|record| record.status != Status::Canceled) else {
            return;
        };
        if reported {
            report(&pretend, &record, status, code).await;
        }
    }
    tokio::time::sleep(config.step).await;
    answer(&pretend, &sid, life).await;
}

/// The states a message goes through, in the order in which they are reported.
fn stages(life: Life, by_service: bool) -> Vec<(Status, Option<u32>)> {
    let end = match life {
        Life::SentOnly => vec![(Status::Sent, None)],
        Life::Read => vec![(Status::Sent, None), (Status::Delivered, None), (Status::Read, None)],
        Life::Ends(Status::Failed, code) => vec![(Status::Failed, Some(code))],
        Life::Ends(status, code) => vec![(Status::Sent, None), (status, Some(code))],
        _ => vec![(Status::Sent, None), (Status::Delivered, None)],
    };
    let mut stages: Vec<_> = by_service.then_some((Status::Queued, None)).into_iter().chain(end).collect();
    if life == Life::Shuffled {
        let forwards = stages.clone();
        stages.reverse();
        stages.extend(forwards);
    }
    stages
}

/// Twilio chooses by rules of its own; the first number is as good as any.
fn service_number(pretend: &Pretend) -> String {
    let numbers = pretend.config().senders.iter().map(|sender| &sender.number);
    numbers.into_iter().find(|number| number.starts_with('+')).cloned().unwrap_or_else(|| SERVICE_NUMBER.into())
}

/// Reports a status to the message's own address.
async fn report(pretend: &Pretend, record: &Record, status: Status, code: Option<u32>) {
    let Some(address) = &record.status_callback else {
        return;
    };
    let mut pairs: Vec<(String, String)> = [
        ("MessageSid", record.sid.as_str()),
        ("SmsSid", &record.sid),
        ("MessageStatus", status.name()),
        ("SmsStatus", status.name()),
        ("AccountSid", &pretend.config().account_sid),
        ("From", record.from.as_deref().unwrap_or_default()),
        ("To", &record.to),
        ("ApiVersion", "2010-04-01"),
    ]
    .map(|(name, value)| (name.to_string(), value.to_string()))
    .into();
    pairs.extend(record.service.clone().map(|sid| ("MessagingServiceSid".into(), sid)));
    pairs.extend(code.map(|code| ("ErrorCode".into(), code.to_string())));
    if status == Status::Delivered {
        // When the carrier's receipt was made. In the form of carriers, `YYMMDDhhmm`.
        pairs.push(("RawDlrDoneDate".into(), record.updated.strftime("%y%m%d%H%M").to_string()));
    }
    let answered = webhooks::post(pretend, address, &pairs).await;
    pretend.change(|state| {
        if let Some(record) = state.message_mut(&record.sid) {
            record.callbacks.push((status.name().into(), answered.status));
        }
    });
}

/// The phone's own text, where its number is one that answers.
async fn answer(pretend: &Pretend, sid: &str, life: Life) {
    let Some(record) = pretend.read(|state| state.message(sid).cloned()) else {
        return;
    };
    let words = match life {
        Life::Echo => record.body,
        Life::OptsOut if pretend.change(|state| state.stopped.insert(bare(&record.to).into())) => "STOP".into(),
        _ => return,
    };
    let text = phones::TextIn { from: record.to, to: record.from.unwrap_or_default(), body: words, ..phones::TextIn::default() };
    phones::text(pretend, text).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(life: Life, by_service: bool) -> Vec<&'static str> {
        stages(life, by_service).into_iter().map(|(status, _)| status.name()).collect()
    }

    #[test]
    fn the_reports_of_each_life() {
        assert_eq!(names(Life::Delivered, false), ["sent", "delivered"]);
        assert_eq!(names(Life::Delivered, true), ["queued", "sent", "delivered"]);
        assert_eq!(names(Life::Shuffled, false), ["delivered", "sent", "sent", "delivered"]);
        assert_eq!(names(Life::SentOnly, false), ["sent"]);
        assert_eq!(names(Life::Read, false), ["sent", "delivered", "read"]);
        assert_eq!(stages(Life::Ends(Status::Failed, 30007), false), [(Status::Failed, Some(30007))]);
        assert_eq!(names(Life::Ends(Status::Undelivered, 30003), false), ["sent", "undelivered"]);
    }
}
