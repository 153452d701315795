//! What became of a message, in Twilio's names, and which of two reports about it wins.
//!
//! Callbacks arrive twice, out of order or never, so a report moves a message only upwards in rank.

use crate::model::MessageStatus;

/// A state of a message, as Twilio names it. A name that is not here changes nothing; its report is only recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Taken by a messaging service that has not picked a number yet.
    Accepted,
    /// Taken for a later time. We never ask for that, but lists may show it.
    Scheduled,
    /// In Twilio's queue for the number.
    Queued,
    /// On its way to the carrier.
    Sending,
    /// With the carrier; often the last thing ever heard.
    Sent,
    /// The carrier says it arrived.
    Delivered,
    /// The carrier says it did not arrive; charged all the same.
    Undelivered,
    /// Never left Twilio and is not charged.
    Failed,
    /// Taken back before it left Twilio.
    Canceled,
    /// The person opened it (WhatsApp and RCS, where receipts are on).
    Read,
    /// Some parts arrived; Twilio no longer reports this.
    PartiallyDelivered,
    /// An inbound text that is still coming in.
    Receiving,
    /// An inbound text.
    Received,
}

use Status::*;

/// Each status: Twilio's name, its rank among reports about an outgoing message (none: it moves nothing), and what
/// our own API shows, where whatever is still on its way inside Twilio is `accepted`.
#[rustfmt::skip]
const TABLE: &[(Status, &str, Option<u8>, MessageStatus)] = &[
    (Accepted,           "accepted",            Some(0), MessageStatus::Accepted),
    (Scheduled,          "scheduled",           Some(0), MessageStatus::Accepted),
    (Queued,             "queued",              Some(1), MessageStatus::Accepted),
    (Sending,            "sending",             Some(2), MessageStatus::Accepted),
    (Sent,               "sent",                Some(3), MessageStatus::Sent),
    (Delivered,          "delivered",           Some(END), MessageStatus::Delivered),
    (Undelivered,        "undelivered",         Some(END), MessageStatus::Undelivered),
    (Failed,             "failed",              Some(END), MessageStatus::Failed),
    (Canceled,           "canceled",            Some(END), MessageStatus::Cancelled),
    (Read,               "read",                Some(6), MessageStatus::Read),
    (PartiallyDelivered, "partially_delivered", None,    MessageStatus::Sent),
    (Receiving,          "receiving",           None,    MessageStatus::Received),
    (Received,           "received",            None,    MessageStatus::Received),
];

/// The rank of the four ends. They contradict each other, so the first of them stays.
const END: u8 = 5;

/// What a report does to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// The message now has the reported status.
    Moves,
    /// The report is old or a repeat: only written into the history.
    Recorded,
    /// The report names another end than the one reported before: written into the history and logged.
    Contradicts,
}

impl Status {
    /// Reads Twilio's name; `None` for one we do not know.
    pub fn parse(name: &str) -> Option<Status> {
        TABLE.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// Twilio's name.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// What our own API shows.
    pub fn shown(self) -> MessageStatus {
        self.row().3
    }

    /// Rank among reports; `None` for a status that moves no outgoing message.
    pub fn rank(self) -> Option<u8> {
        self.row().2
    }

    /// True once nothing but a read receipt can follow.
    pub fn is_end(self) -> bool {
        self.rank() >= Some(END)
    }

    /// What a report of `new` does to a message that stands at `self`.
    pub fn merge(self, new: Status) -> Merge {
        match (self.rank(), new.rank()) {
            (_, None) => Merge::Recorded,
            (old, new_rank) if new_rank > old => Merge::Moves,
            (Some(END), Some(END)) if new != self => Merge::Contradicts,
            _ => Merge::Recorded,
        }
    }

    fn row(self) -> &'static (Status, &'static str, Option<u8>, MessageStatus) {
        // Every status has a row (a test walks them); the first row stands in only to keep this free of panics.
        TABLE.iter().find(|row| row.0 == self).unwrap_or(&TABLE[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        for (status, name, rank, shown) in TABLE {
            assert_eq!(Status::parse(name), Some(*status));
            assert_eq!((status.name(), status.rank(), status.shown()), (*name, *rank, *shown));
        }
        assert_eq!(Status::parse("teleported"), None);
        assert_eq!(Status::parse("Delivered"), None);
    }

    #[test]
    fn any_order_ends_at_the_highest_rank() {
        // Every order of these reports, with doubles: all 5! permutations of indexes.
        let reports = [Queued, Sending, Sent, Delivered, Read];
        let mut orders = vec![vec![]];
        for _ in 0..reports.len() {
            let longer = orders
                .iter()
                .flat_map(|order: &Vec<Status>| reports.iter().filter(|r| !order.contains(r)).map(|r| [order.as_slice(), &[*r]].concat()));
            orders = longer.collect();
        }
        assert_eq!(orders.len(), 120);
        for order in orders {
            let mut at = Accepted;
            for report in order.iter().chain(&order) {
                if at.merge(*report) == Merge::Moves {
                    at = *report;
                }
            }
            assert_eq!(at, Read, "{order:?}");
        }
    }

    #[test]
    fn the_first_end_stays() {
        assert_eq!(Delivered.merge(Undelivered), Merge::Contradicts);
        assert_eq!(Failed.merge(Delivered), Merge::Contradicts);
        assert_eq!(Failed.merge(Failed), Merge::Recorded);
        assert_eq!(Delivered.merge(Sent), Merge::Recorded);
        assert_eq!(Delivered.merge(Read), Merge::Moves);
        assert_eq!(Queued.merge(PartiallyDelivered), Merge::Recorded);
        assert!(Canceled.is_end() && Read.is_end() && !Sent.is_end() && !Received.is_end());
    }
}
