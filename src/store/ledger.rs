//! The send ledger's rules as data: what a message may become, and which text of a contact is next.
//!
//! Every store asks here, so that none has rules of its own. A message before acceptance moves by `MOVES`; from acceptance on it
//! moves by rank (`reported`).

use crate::model::{MessageStatus, Priority};

use super::Flight;

/// What can become of a text that is not yet accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// An attempt begins.
    Claimed,
    /// A hold keeps it back.
    SetAside,
    /// The hold is over.
    Freed,
    /// It is taken out: by the engine, by a STOP, by its window's end.
    Cancelled,
    /// Twilio has it.
    Accepted,
    /// Certainly not sent; to be tried again.
    PutBack,
    /// Certainly not sent, for good.
    Refused,
    /// Kept for a person, not to be repeated.
    Kept,
    /// Nobody knows.
    Lost,
}

/// From a status, by what happens, to a status. Whatever is not here does not happen.
pub const MOVES: &[(MessageStatus, What, MessageStatus)] = &[
    (MessageStatus::Queued, What::Claimed, MessageStatus::Sending),
    (MessageStatus::Queued, What::SetAside, MessageStatus::Held),
    (MessageStatus::Queued, What::Cancelled, MessageStatus::Cancelled),
    (MessageStatus::Queued, What::Accepted, MessageStatus::Accepted), // put back, yet a callback proves that Twilio had it
    (MessageStatus::Held, What::Freed, MessageStatus::Queued),
    (MessageStatus::Held, What::Cancelled, MessageStatus::Cancelled),
    (MessageStatus::Held, What::Accepted, MessageStatus::Accepted), // as above, and then held
    (MessageStatus::Sending, What::Accepted, MessageStatus::Accepted),
    (MessageStatus::Sending, What::PutBack, MessageStatus::Queued),
    (MessageStatus::Sending, What::Refused, MessageStatus::Failed),
    (MessageStatus::Sending, What::Kept, MessageStatus::Held),
    (MessageStatus::Sending, What::Lost, MessageStatus::Unknown),
    (MessageStatus::Unknown, What::Accepted, MessageStatus::Accepted),
    (MessageStatus::Unknown, What::PutBack, MessageStatus::Queued),
    (MessageStatus::Unknown, What::Refused, MessageStatus::Failed),
    (MessageStatus::Unknown, What::Kept, MessageStatus::Held),
    (MessageStatus::Unknown, What::Lost, MessageStatus::Unknown),
];

/// What a message becomes, if that may happen to it.
pub fn moved(from: MessageStatus, what: What) -> Option<MessageStatus> {
    MOVES.iter().find(|(known, by, _)| *known == from && *by == what).map(|(_, _, to)| *to)
}

/// What a callback makes of a message: the higher rank stays, whatever the order; none if it changes nothing. A message that was kept
/// for a person is moved too, for now its fate is known; one that came in or was taken out is not.
pub fn reported(now: MessageStatus, word: MessageStatus) -> Option<MessageStatus> {
    let rank = match now {
        MessageStatus::Received | MessageStatus::Cancelled => return None,
        other => other.rank().unwrap_or(0),
    };
    (word.rank()? > rank).then_some(word)
}

/// What `head` needs to know of an unsettled text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its place in the order of queueing.
    pub order: u64,
    /// Who goes first.
    pub priority: Priority,
    /// How far it is.
    pub flight: Flight,
    /// Does not wait behind one of unknown fate.
    pub jumps: bool,
    /// Holds others back once its fate is unknown; false when the contact has written since.
    pub blocks: bool,
}

/// Which of a contact's texts stands in its lane: nothing while one is under way; behind one of unknown fate only those that jump;
/// else the one of the best priority, the oldest of them.
pub fn head(texts: impl Iterator<Item = Standing> + Clone) -> Option<u64> {
    if texts.clone().any(|text| text.flight == Flight::Posting) {
        return None;
    }
    let blocked = texts.clone().any(|text| text.flight == Flight::Unknown && text.blocks);
    texts
        .filter(|text| text.flight == Flight::Waiting && (text.jumps || !blocked))
        .min_by_key(|text| (text.priority, text.order))
        .map(|text| text.order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_a_final_status_but_by_rank() {
        use MessageStatus::{Accepted, Cancelled, Delivered, Failed, Read, Received, Sent, Undelivered};
        for (from, _, _) in MOVES {
            assert!(![Accepted, Cancelled, Delivered, Failed, Read, Received, Sent, Undelivered].contains(from), "{from:?}");
        }
        assert_eq!(reported(Sent, Delivered), Some(Delivered));
        assert_eq!(reported(Delivered, Undelivered), None);
        assert_eq!(reported(MessageStatus::Held, Sent), Some(Sent));
        assert_eq!(reported(Cancelled, Sent), None);
    }

    #[test]
    fn the_head_of_a_contact() {
        let text = |order, priority, flight| Standing { order, priority, flight, jumps: false, blocks: true };
        let bulk = text(1, Priority::Bulk, Flight::Waiting);
        let other = text(2, Priority::Other, Flight::Waiting);
        let lost = text(3, Priority::Reply, Flight::Unknown);
        let jumper = Standing { jumps: true, ..text(4, Priority::Reply, Flight::Waiting) };
        let cases = [
            (vec![bulk], Some(1)),
            (vec![bulk, other], Some(2)),
            (vec![bulk, other, text(5, Priority::Other, Flight::Waiting)], Some(2)),
            (vec![bulk, lost], None),
            (vec![bulk, lost, jumper], Some(4)),
            (vec![bulk, Standing { blocks: false, ..lost }], Some(1)),
            (vec![jumper, text(5, Priority::Reply, Flight::Posting)], None),
            (vec![text(1, Priority::Bulk, Flight::Held)], None),
        ];
        for (texts, wanted) in cases {
            assert_eq!(head(texts.iter().copied()), wanted, "{texts:?}");
        }
    }
}
