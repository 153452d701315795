//! Senders, channels and classes: the numbers we text from, what travels between them and a contact, and how fast.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of number a sender is; it decides the default speed and who answers STOP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SenderType {
    /// An ordinary local number (10DLC in the US).
    LongCode,
    /// A toll-free number; its carrier answers STOP by itself.
    TollFree,
    /// Five or six digits; nobody but us answers STOP.
    ShortCode,
    /// A WhatsApp sender; free text only within 24 h of the contact's last text.
    Whatsapp,
}

impl SenderType {
    /// Segments a second where the settings name none: the integration guide's figures, and Twilio's 80 for WhatsApp.
    pub fn default_mps(self) -> f64 {
        match self {
            SenderType::LongCode => 1.0,
            SenderType::TollFree => 3.0,
            SenderType::ShortCode => 50.0,
            SenderType::Whatsapp => 80.0,
        }
    }
}

/// How a text or a call travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// SMS and MMS.
    Sms,
    /// WhatsApp, addressed with `whatsapp:` before the number.
    Whatsapp,
    /// Inbound calls, answered with a sentence.
    Voice,
}

/// A number on a channel, written as Twilio writes it: `+1…` or `whatsapp:+1…`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Address(pub String);

impl Address {
    /// What Twilio puts before a WhatsApp number.
    const WHATSAPP: &'static str = "whatsapp:";

    /// The number of `phone` on `channel`.
    pub fn new(channel: Channel, phone: &str) -> Address {
        match channel {
            Channel::Whatsapp => Address(format!("{}{phone}", Self::WHATSAPP)),
            Channel::Sms | Channel::Voice => Address(phone.to_owned()),
        }
    }

    /// The channel that the prefix names; a bare number is SMS.
    pub fn channel(&self) -> Channel {
        if self.0.starts_with(Self::WHATSAPP) { Channel::Whatsapp } else { Channel::Sms }
    }

    /// The number without its channel.
    pub fn number(&self) -> &str {
        self.0.strip_prefix(Self::WHATSAPP).unwrap_or(&self.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a text is for; it decides consent, hours and caps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Offers and news: needs marketing consent.
    Marketing,
    /// Orders, appointments: what the contact expects from us.
    Transactional,
    /// Part of a talk.
    Conversational,
}

impl Class {
    /// The word used in playbooks and settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Marketing => "marketing",
            Class::Transactional => "transactional",
            Class::Conversational => "conversational",
        }
    }
}
