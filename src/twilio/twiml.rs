//! The XML answers to Twilio's webhooks. Texts are answered with an empty one; only calls get words.

use std::fmt::Write as _;

/// `Content-Type` of these answers. Twilio logs a debugger error for any other.
pub const CONTENT_TYPE: &str = "text/xml";

/// Characters Twilio reads out in one `<Say>`.
const SAY_LIMIT: usize = 4096;

/// Taken note of, nothing to do.
pub fn empty() -> &'static str {
    "<Response/>"
}

/// Refuses a call.
pub fn reject() -> &'static str {
    "<Response><Reject reason=\"busy\"/></Response>"
}

/// Says `text` to the caller in `language` (such as `en-US`) and hangs up. Beyond 4,096 characters it is cut.
pub fn say(text: &str, language: &str) -> String {
    let text: String = text.chars().take(SAY_LIMIT).collect();
    format!("<Response><Say language=\"{}\">{}</Say><Hangup/></Response>", escape(language), escape(&text))
}

/// Makes any text safe inside an element or a quoted attribute. Characters that XML 1.0 cannot hold are left out.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                // As references, so that a reader does not turn them into other white space.
                let _ = write!(out, "&#{};", u32::from(character));
            }
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_cannot_become_xml() {
        assert_eq!(
            say("Tom & \"Ann\" </Say><Dial>+1\u{0}", "en-US"),
            "<Response><Say language=\"en-US\">Tom &amp; &quot;Ann&quot; &lt;/Say&gt;&lt;Dial&gt;+1</Say><Hangup/></Response>"
        );
        assert_eq!(escape("a\nb\u{ffff}é😀"), "a&#10;bé😀");
    }

    #[test]
    fn long_words_are_cut() {
        let long = say(&"&".repeat(SAY_LIMIT + 1), "en");
        assert_eq!(long.matches("&amp;").count(), SAY_LIMIT);
    }
}
