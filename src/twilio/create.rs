//! A text to be sent, as the form Twilio takes, and how the attempt ended.

use std::time::Duration;

use super::errors::Class;
use super::status::Status;

/// Where a text is sent from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// One number, `+1…`, a short code or `whatsapp:+1…`.
    Number(String),
    /// A messaging service (`MG…`), which picks the number.
    Service(String),
}

/// One text. Only what our texts use of the parameters Twilio has: times, link shortening and retries are our own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Create {
    /// Whom to text: E.164, or `whatsapp:` and E.164.
    pub to: String,
    /// Where from.
    pub from: Origin,
    /// The words; none for media alone or a template.
    pub body: Option<String>,
    /// Addresses of pictures and files, at most ten.
    pub media: Vec<String>,
    /// An approved template (`HX…`); WhatsApp takes nothing else 24 h after the contact's last text.
    pub content_sid: Option<String>,
    /// The template's values, as one JSON object.
    pub content_variables: Option<String>,
    /// Where Twilio reports what became of it. Our id and attempt stand in its query, which the signature covers.
    pub status_callback: String,
}

impl Create {
    /// The form's fields. A list, not a map: `MediaUrl` repeats.
    pub fn pairs(&self) -> Vec<(&'static str, &str)> {
        let mut pairs = vec![("To", self.to.as_str())];
        pairs.push(match &self.from {
            Origin::Number(number) => ("From", number.as_str()),
            Origin::Service(sid) => ("MessagingServiceSid", sid.as_str()),
        });
        pairs.extend(self.body.as_deref().map(|body| ("Body", body)));
        pairs.extend(self.media.iter().map(|url| ("MediaUrl", url.as_str())));
        pairs.extend(self.content_sid.as_deref().map(|sid| ("ContentSid", sid)));
        pairs.extend(self.content_variables.as_deref().map(|values| ("ContentVariables", values)));
        pairs.push(("StatusCallback", &self.status_callback));
        pairs
    }
}

/// How an attempt to send ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Twilio has it.
    Accepted {
        /// Twilio's id.
        sid: String,
        /// Its first status, which no callback reports.
        status: Option<Status>,
        /// Segments Twilio counts; 0 or none where a service has not picked a number yet.
        segments: Option<u32>,
    },
    /// Twilio read it and said no.
    Refused {
        /// Twilio's code; none where only the HTTP status tells.
        code: Option<u32>,
        /// The HTTP status.
        http_status: u16,
        /// Twilio's words.
        message: String,
        /// What to do now.
        class: Class,
    },
    /// It has certainly not been sent: never written to a connection, or answered 429.
    NotSent {
        /// In words.
        why: String,
        /// How long Twilio asks to wait.
        retry_after: Option<Duration>,
    },
    /// It may or may not have been sent.
    Unknown {
        /// In words.
        why: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_in_order_with_repeated_media() {
        let create = Create {
            to: "whatsapp:+15125550100".into(),
            from: Origin::Service("MG1".into()),
            body: None,
            media: vec!["https://a/1".into(), "https://a/2".into()],
            content_sid: Some("HX1".into()),
            content_variables: Some(r#"{"1":"Ana"}"#.into()),
            status_callback: "https://b/?m=1&n=1".into(),
        };
        assert_eq!(
            create.pairs(),
            [
                ("To", "whatsapp:+15125550100"),
                ("MessagingServiceSid", "MG1"),
                ("MediaUrl", "https://a/1"),
                ("MediaUrl", "https://a/2"),
                ("ContentSid", "HX1"),
                ("ContentVariables", r#"{"1":"Ana"}"#),
                ("StatusCallback", "https://b/?m=1&n=1"),
            ]
        );
        let plain = Create {
            from: Origin::Number("+15005550006".into()),
            body: Some("hi".into()),
            media: vec![],
            content_sid: None,
            content_variables: None,
            ..create
        };
        let names: Vec<_> = plain.pairs().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["To", "From", "Body", "StatusCallback"]);
    }
}
