//! STOP, START and HELP: looked at before everything else, on every sender (language §6).
//!
//! Two lists meet here. Ours is the workspace's and broad: any case, punctuation, politeness, emoji, because a wish to
//! be left alone must be understood. Twilio's is fixed and exact; where Twilio answers by itself we must stay silent,
//! or the contact gets two confirmations. The broad reading decides what happens, the exact one only who says so.

use super::words::cut;
use crate::model::SenderType;

/// Twilio's default words for opting out, taken only when a text is exactly one of them (support article 223134027;
/// the last two since 2025-05-14).
const TWILIO_STOP: [&str; 8] = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"];

/// Twilio's default words for opting in; `YES` counts on long codes only.
const TWILIO_START: [&str; 2] = ["START", "UNSTOP"];

/// Twilio's default words for help.
const TWILIO_HELP: [&str; 2] = ["HELP", "INFO"];

/// What a reserved word asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reserved {
    /// Never text me again.
    Stop,
    /// Text me again.
    Start,
    /// Who are you?
    Help,
}

/// The workspace's reserved words, kept in the form texts are compared in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReservedWords {
    /// Words that opt out.
    opt_out: Vec<String>,
    /// Words that opt in.
    opt_in: Vec<String>,
    /// Words that ask for help.
    help: Vec<String>,
}

impl ReservedWords {
    /// Takes the words as the settings write them, in any case.
    pub fn new<S: AsRef<str>>(opt_out: &[S], opt_in: &[S], help: &[S]) -> ReservedWords {
        let comparable = |words: &[S]| words.iter().map(|word| cut(word.as_ref())).filter(|word| !word.is_empty()).collect();
        ReservedWords { opt_out: comparable(opt_out), opt_in: comparable(opt_in), help: comparable(help) }
    }
}

/// What the whole text asks for, once politeness and symbols are cut away.
pub fn reserved(text: &str, words: &ReservedWords) -> Option<Reserved> {
    let rest = cut(text);
    if rest.is_empty() {
        return None;
    }
    let is_in = |words: &[String], rest: &str| words.iter().any(|word| word == rest);
    let opts_out = is_in(&words.opt_out, &rest)
        // `opt out` is `optout`: one space may be too much, two make another sentence.
        || rest.split_once(' ').is_some_and(|(a, b)| !b.contains(' ') && is_in(&words.opt_out, &format!("{a}{b}")));
    if opts_out {
        Some(Reserved::Stop)
    } else if is_in(&words.opt_in, &rest) {
        Some(Reserved::Start)
    } else if is_in(&words.help, &rest) {
        Some(Reserved::Help)
    } else {
        None
    }
}

/// Whether the text is exactly `YES`, which Twilio takes for START on long codes. We take it so only from a contact
/// who is opted out there; else it is an answer.
pub fn is_bare_yes(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("YES")
}

/// What Twilio by itself takes the text for on this sender. Short codes and WhatsApp have no default words.
pub fn twilio_keyword(text: &str, sender: SenderType) -> Option<Reserved> {
    let text = text.trim();
    let is_in = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    match sender {
        SenderType::ShortCode | SenderType::Whatsapp => None,
        SenderType::LongCode | SenderType::TollFree if is_in(&TWILIO_STOP) => Some(Reserved::Stop),
        SenderType::LongCode | SenderType::TollFree if is_in(&TWILIO_HELP) => Some(Reserved::Help),
        SenderType::LongCode if is_bare_yes(text) => Some(Reserved::Start),
        SenderType::LongCode | SenderType::TollFree => is_in(&TWILIO_START).then_some(Reserved::Start),
    }
}

/// Whether Twilio answers this reserved word itself, so that we stay silent. `opt_out_type_present` says that the webhook
/// carried `OptOutType`: Advanced Opt-Out has answered already.
pub fn twilio_answers(text: &str, kind: Reserved, sender: SenderType, opt_out_type_present: bool) -> bool {
    opt_out_type_present || twilio_keyword(text, sender) == Some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads with the words the settings have by default.
    fn ours(text: &str) -> Option<Reserved> {
        let stop = ["stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"];
        reserved(text, &ReservedWords::new(&stop, &["start", "UNSTOP"], &["help", "info"]))
    }

    #[test]
    fn our_words_are_taken_politely_too() {
        for text in ["STOP", "stop!!", "Stop. Thank you", "please cancel", "OPT OUT", "🛑 stop 🛑", "STOP PLEASE", "Ｓｔｏｐ"] {
            assert_eq!(ours(text), Some(Reserved::Stop), "{text}");
        }
        for text in ["don't stop", "we have got to stop this bill", "stopped", "the end", "stop texting my wife", "", "please", "🛑", "st o p"] {
            assert_eq!(ours(text), None, "{text}");
        }
        assert_eq!(ours("Unstop, please"), Some(Reserved::Start));
        assert_eq!(ours("Info?"), Some(Reserved::Help));
        assert_eq!(ours("yes"), None);
        assert_eq!(ours("help me"), None);
    }

    /// What Twilio takes each text for on a long code, as its support article and blog say.
    const TWILIO_VECTORS: [(&str, Option<Reserved>); 23] = [
        ("STOP", Some(Reserved::Stop)),
        ("stop", Some(Reserved::Stop)),
        (" Stop ", Some(Reserved::Stop)),
        ("STOPALL", Some(Reserved::Stop)),
        ("Unsubscribe", Some(Reserved::Stop)),
        ("cancel", Some(Reserved::Stop)),
        ("END", Some(Reserved::Stop)),
        ("Quit", Some(Reserved::Stop)),
        ("REVOKE", Some(Reserved::Stop)),
        ("optout", Some(Reserved::Stop)),
        ("OPT OUT", None),
        ("STOP PLEASE", None),
        ("please cancel", None),
        ("don't stop", None),
        ("START", Some(Reserved::Start)),
        ("yes", Some(Reserved::Start)),
        ("Yes please", None),
        ("UNSTOP", Some(Reserved::Start)),
        ("HELP", Some(Reserved::Help)),
        ("info", Some(Reserved::Help)),
        ("help me", None),
        ("stopped", None),
        ("the end", None),
    ];

    #[test]
    fn twilio_takes_only_exact_words() {
        for (text, kind) in TWILIO_VECTORS {
            assert_eq!(twilio_keyword(text, SenderType::LongCode), kind, "{text}");
            assert_eq!(twilio_keyword(text, SenderType::ShortCode), None, "{text}");
            assert_eq!(twilio_keyword(text, SenderType::Whatsapp), None, "{text}");
        }
        assert_eq!(twilio_keyword("YES", SenderType::TollFree), None);
        assert_eq!(twilio_keyword("start", SenderType::TollFree), Some(Reserved::Start));
    }

    #[test]
    fn we_answer_where_twilio_does_not() {
        let answers = |text, sender| twilio_answers(text, Reserved::Stop, sender, false);
        assert!(answers("STOP", SenderType::LongCode) && answers(" stop ", SenderType::TollFree));
        assert!(!answers("Stop. Thank you", SenderType::LongCode));
        assert!(!answers("STOP", SenderType::Whatsapp) && !answers("STOP", SenderType::ShortCode));
        assert!(twilio_answers("Stop. Thank you", Reserved::Stop, SenderType::Whatsapp, true));
        assert!(is_bare_yes(" yes ") && !is_bare_yes("yes please"));
    }
}
