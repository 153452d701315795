//! Twilio's error codes: what each means for the message, its sender and the account, and what a person can do.
//!
//! The code decides, not the HTTP status it comes with: a daily limit (63038) comes as a 429 too. Twilio splits codes
//! now and then, so one that is not here is judged by its HTTP status and never loops.

/// What to do about a message that ended with a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Twilio did not look at the request: send it again after a pause, in its old place.
    NotProcessed,
    /// Refused for now: the message, or its sender, waits. After a callback it is final like `Never`.
    Later,
    /// Final for this message.
    Never,
    /// Final for these words; a template may pass.
    NeverSame,
    /// Final for this message, and the whole account stops until a probe gets through.
    StopAccount,
    /// Final for this message, and its sender stops until somebody puts it right.
    StopSender,
    /// Final for this message, and the person's opt-out goes into the consent ledger.
    OptOut,
    /// It may have been sent. Look it up before anything is repeated.
    Ambiguous,
}

/// What a code says beyond its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Nothing.
    Nothing,
    /// The number takes no texts, now or later: it is marked in the contact.
    Address,
    /// Twilio's queue for the sender is full: the sender is slowed.
    SenderFull,
}

/// One code of the table.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// Twilio's number.
    pub code: u32,
    /// What to do about the message.
    pub class: Class,
    /// What it says about the number or the sender.
    pub mark: Mark,
    /// In a few words, for rows and logs.
    pub name: &'static str,
    /// What a person can do, or what happens by itself.
    pub advice: &'static str,
}

use Class::*;
use Mark::*;

const fn row(code: u32, class: Class, mark: Mark, name: &'static str, advice: &'static str) -> Code {
    Code { code, class, mark, name, advice }
}

/// All codes we know, in order.
#[rustfmt::skip]
pub const CODES: &[Code] = &[
    row(11200, Never, Nothing, "our webhook could not be reached",
        "Twilio could not reach our webhook, or it answered with an error: check `public_url` and the proxy"),
    row(12300, Never, Nothing, "our webhook answered with something other than XML",
        "our webhook answered with something that is not XML: check what stands between Twilio and `listen`"),
    row(14107, Later, SenderFull, "too many answers between two numbers",
        "too many answers between these two numbers within 30 s: look for two machines answering each other"),
    row(20003, StopAccount, Nothing, "Twilio refuses the credentials",
        "check `twilio.account_sid`, the key and its secret, their region, and that the account is not suspended"),
    row(20404, Never, Nothing, "not found at Twilio",
        "check `twilio.account_sid`: the address of the request does not exist in this account"),
    row(20429, NotProcessed, Nothing, "too many requests at once",
        "too many requests at once: sent again by itself, more slowly"),
    row(21211, Never, Address, "the `To` number is wrong",
        "this is not a phone number Twilio can reach: correct it in the contact"),
    row(21212, StopSender, Nothing, "the `From` number is wrong",
        "check the sender's `number`"),
    row(21266, Never, Nothing, "`To` and `From` are the same",
        "a sender cannot text itself: take its number out of the contacts"),
    row(21408, Never, Nothing, "texts to this country are switched off",
        "switch on this country under Messaging > Settings > Geo permissions at Twilio"),
    row(21606, StopSender, Nothing, "the sender cannot text this number",
        "check that the sender's `number` belongs to this account and may text this country"),
    row(21608, Never, Nothing, "unverified number on a trial account",
        "a trial account may only text verified numbers: verify this one or upgrade the account"),
    row(21609, Never, Nothing, "the status callback address is wrong",
        "check `public_url`: Twilio cannot call it back (no underscores in the host, at most 4,000 characters)"),
    row(21610, OptOut, Nothing, "the person has opted out",
        "the person has opted out: only a START from them opens this again"),
    row(21611, Later, SenderFull, "the sender's queue at Twilio is full",
        "Twilio's queue for this sender is full: sent later by itself; lower the sender's `mps` if it comes back"),
    row(21612, Never, Nothing, "no route from this sender to this number",
        "this sender cannot reach this number: try another sender"),
    row(21614, Never, Address, "the number takes no texts",
        "this number takes no texts: use another number of the contact"),
    row(21617, Never, Nothing, "the text is longer than 1,600 characters",
        "shorten the text to at most 1,600 characters"),
    row(21619, Never, Nothing, "the message is empty",
        "the text came out empty: give it words, `media` or a template"),
    row(21620, Never, Nothing, "a media address is wrong",
        "check the `media` address: Twilio cannot read it"),
    row(21623, Never, Nothing, "more than 10 media files",
        "send at most 10 `media`"),
    row(21635, Never, Address, "the number is a landline",
        "this is a landline: use a mobile number of the contact"),
    row(21659, StopSender, Nothing, "the sender is not a Twilio number",
        "check the sender's `number`: it is none of Twilio's"),
    row(21660, StopSender, Nothing, "the sender belongs to another account",
        "check the sender's `number`: it belongs to another account"),
    row(21661, StopSender, Nothing, "the sender cannot send texts",
        "check the sender's `number`: it cannot send texts"),
    row(30001, Later, SenderFull, "the queue at Twilio is full",
        "the messaging service's queue is full: lower its `mps`"),
    row(30002, StopAccount, Nothing, "the account is suspended",
        "the account is suspended: write to Twilio's support"),
    row(30003, Never, Nothing, "the phone cannot be reached",
        "the phone is off or out of reach: the playbook may try later"),
    row(30004, Never, Nothing, "the text is blocked",
        "the carrier or the person blocks these texts: leave this number out of marketing"),
    row(30005, Never, Address, "the number does not exist",
        "the number does not exist any more: correct it in the contact"),
    row(30006, Never, Address, "landline or unreachable carrier",
        "this is a landline or its carrier takes no texts: use another number of the contact"),
    row(30007, Never, Nothing, "filtered by the carrier",
        "the carrier filtered the text as spam: change its words and links, and check the number's registration"),
    row(30008, Never, Nothing, "failed for an unknown reason",
        "the carrier gave no reason: the playbook may try later"),
    row(30034, StopSender, Nothing, "the number is not registered for US texting",
        "register the number for US texting (A2P 10DLC) at Twilio"),
    row(30036, Later, Nothing, "too late to be sent",
        "the text came to its turn too late: the playbook decides"),
    row(30410, Never, Nothing, "the carrier did not answer in time",
        "the carrier did not answer in time: it may have arrived"),
    row(30450, Never, Nothing, "blocked as SMS pumping",
        "Twilio takes this for SMS pumping: leave numbers of this prefix out"),
    row(30610, Later, Nothing, "quiet hours",
        "quiet hours of Twilio's Compliance Toolkit: set the same hours as `send_window`"),
    row(63003, Never, Address, "the channel does not know the number",
        "this number is not on the channel: use SMS"),
    row(63007, StopSender, Nothing, "the channel does not know the sender",
        "check the sender's `number`: the channel does not know it"),
    row(63016, NeverSame, Nothing, "outside WhatsApp's 24 hours",
        "more than 24 h since the person last wrote: send a WhatsApp template (`ContentSid`)"),
    row(63018, Later, SenderFull, "the channel's limit is reached",
        "the channel's limit is reached: lower the sender's `mps`, or wait for the daily limit to pass"),
    row(63024, Never, Address, "the channel cannot text this number",
        "this number is not on the channel: use SMS"),
    row(63038, Later, Nothing, "the account's daily limit is reached",
        "the account's daily limit is reached: waits until it passes"),
    row(63049, Never, Nothing, "withheld by WhatsApp",
        "WhatsApp withholds marketing from this person for now: nothing to do"),
];

/// The row of a code.
pub fn code(code: u32) -> Option<&'static Code> {
    CODES.binary_search_by_key(&code, |row| row.code).ok().and_then(|at| CODES.get(at))
}

/// Judges a refused request by its code where we know it, else by its HTTP status.
pub fn classify(http_status: u16, error_code: Option<u32>) -> Class {
    match (error_code.and_then(code), http_status) {
        (Some(row), _) => row.class,
        (None, 429) => NotProcessed,
        (None, 401 | 403) => StopAccount,
        // A proxy that gave up waiting for Twilio may say 408.
        (None, 408) => Ambiguous,
        (None, 400..=499) => Never,
        // Errors of the service, and answers that are none of Twilio's: nothing tells how far the request got.
        (None, _) => Ambiguous,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Every code with the HTTP status it comes with (0: it comes by callback or in Twilio's debugger) and whether the
    /// message may be sent again, from the notes this table was made of.
    #[rustfmt::skip]
    const NOTES: &[(u32, u16, &str)] = &[
        (11200, 0, "n/a"), (12300, 0, "n/a"), (14107, 0, "later"), (20003, 401, "never"), (20404, 404, "never"),
        (20429, 429, "yes"), (21211, 400, "never"), (21212, 400, "never"), (21266, 400, "never"), (21408, 400, "never"),
        (21606, 400, "never"), (21608, 400, "never"), (21609, 400, "never"), (21610, 400, "never"),
        (21611, 400, "later"), (21612, 400, "never"), (21614, 400, "never"), (21617, 400, "never"),
        (21619, 400, "never"), (21620, 400, "never"), (21623, 400, "never"), (21635, 400, "never"),
        (21659, 400, "never"), (21660, 400, "never"), (21661, 400, "never"), (30001, 0, "later"), (30002, 0, "never"),
        (30003, 0, "never"), (30004, 0, "never"), (30005, 0, "never"), (30006, 0, "never"), (30007, 0, "never"),
        (30008, 0, "never"), (30034, 0, "never"), (30036, 0, "later"), (30410, 0, "never"), (30450, 0, "never"),
        (30610, 0, "later"), (63003, 0, "never"), (63007, 0, "never"), (63016, 0, "never_same"), (63018, 0, "later"),
        (63024, 0, "never"), (63038, 429, "later"), (63049, 0, "never"),
    ];

    #[test]
    fn every_code_is_judged_as_noted() {
        assert_eq!(NOTES.iter().map(|n| n.0).collect::<Vec<_>>(), CODES.iter().map(|c| c.code).collect::<Vec<_>>());
        for (number, status, retry) in NOTES {
            let class = classify(*status, Some(*number));
            let fits: &[Class] = match *retry {
                "yes" => &[NotProcessed],
                "later" => &[Later],
                "never_same" => &[NeverSame],
                _ => &[Never, StopAccount, StopSender, OptOut],
            };
            assert!(fits.contains(&class), "{number}: {class:?}");
            // The status it happens to come with changes nothing.
            assert_eq!(classify(500, Some(*number)), class);
        }
    }

    #[test]
    fn what_stops_more_than_its_message() {
        let of = |class: Class| CODES.iter().filter(|c| c.class == class).map(|c| c.code).collect::<Vec<_>>();
        assert_eq!(of(StopAccount), [20003, 30002]);
        assert_eq!(of(StopSender), [21212, 21606, 21659, 21660, 21661, 30034, 63007]);
        assert_eq!(of(OptOut), [21610]);
        let marked = |mark: Mark| CODES.iter().filter(|c| c.mark == mark).map(|c| c.code).collect::<Vec<_>>();
        assert_eq!(marked(SenderFull), [14107, 21611, 30001, 63018]);
        assert_eq!(marked(Address), [21211, 21614, 21635, 30005, 30006, 63003, 63024]);
    }

    #[test]
    fn unknown_codes_go_by_their_status_and_never_loop() {
        for status in (400..=499).filter(|s| ![401, 403, 408, 429].contains(s)) {
            assert_eq!(classify(status, Some(99999)), Never);
            assert_eq!(classify(status, None), Never);
        }
        assert_eq!(classify(401, None), StopAccount);
        assert_eq!(classify(403, Some(99999)), StopAccount);
        assert_eq!(classify(429, None), NotProcessed);
        assert_eq!(classify(429, Some(63038)), Later);
        for status in [200, 302, 408, 500, 502, 503, 504, 599] {
            assert_eq!(classify(status, None), Ambiguous, "{status}");
        }
        assert_eq!(code(20429).unwrap().class, NotProcessed);
        assert!(code(99999).is_none());
    }
}
