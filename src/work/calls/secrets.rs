//! Secrets in calls: put in at the last moment, taken out of whatever comes back.
//!
//! A rendered call holds `{{secret.NAME}}` where a secret goes, so stores, journals and pages never hold one. Where the marker went
//! through an encoding, as in a form or behind `urlencode`, the secret goes in through the same.

use std::collections::BTreeMap;
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// How a marker begins and ends, and whether it (and so its secret) is percent-encoded.
const MARKERS: [(&str, &str, bool); 2] = [("{{secret.", "}}", false), ("%7B%7Bsecret.", "%7D%7D", true)];

/// What the `urlencode` of playbooks encodes.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Shorter secrets are not looked for in what comes back: they would be found in ordinary words.
const MIN_HIDDEN: usize = 6;

/// The workspace's secrets.
pub(super) struct Secrets {
    /// By name.
    values: BTreeMap<String, String>,
    /// What to look for in what comes back, and the marker to put in its place; the longest first, as one may hold another.
    hidden: Vec<(String, String)>,
}

// By hand, so that no log line can hold a secret.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

impl Secrets {
    /// Both forms of each secret are looked for: as it is, and as an address that is echoed would show it.
    pub(super) fn new(values: BTreeMap<String, String>) -> Secrets {
        let long = values.iter().filter(|(_, secret)| secret.len() >= MIN_HIDDEN);
        let mut hidden: Vec<(String, String)> =
            long.flat_map(|(name, secret)| [secret.clone(), encode(secret)].map(|form| (form, format!("{{{{secret.{name}}}}}")))).collect();
        hidden.sort_by_key(|(form, _)| std::cmp::Reverse(form.len()));
        Secrets { values, hidden }
    }

    /// The text with its secrets, written by `plain` where the marker stands as it is. One pass, so that a secret that looks like a
    /// marker is sent as it is.
    pub(super) fn fill(&self, text: &str, plain: fn(&str) -> String) -> Result<String, String> {
        let (mut filled, mut rest) = (String::with_capacity(text.len()), text);
        while let Some((before, name, after, encoded)) = next_marker(rest) {
            let secret = self.values.get(name).ok_or_else(|| format!("the secret `{name}` is not in the settings"))?;
            filled.push_str(before);
            filled.push_str(&if encoded { encode(secret) } else { plain(secret) });
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// The text with markers instead of secrets.
    pub(super) fn hide(&self, text: &str) -> String {
        self.hidden.iter().fold(text.to_owned(), |text, (secret, marker)| text.replace(secret, marker))
    }

    /// The same in all texts of a value.
    pub(super) fn hide_in(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.hide(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.hide_in(item)).collect(),
            Value::Object(fields) => fields.into_iter().map(|(name, value)| (self.hide(&name), self.hide_in(value))).collect(),
            other => other,
        }
    }
}

/// A secret as it is: in addresses and headers.
pub(super) fn as_it_is(secret: &str) -> String {
    secret.to_owned()
}

/// A secret inside of a JSON text: without the quotes, which stand around the marker already.
pub(super) fn in_json(secret: &str) -> String {
    let quoted = Value::from(secret).to_string();
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}

fn encode(secret: &str) -> String {
    utf8_percent_encode(secret, ENCODED).to_string()
}

/// The first marker: what stands before it, its name, what stands after it, and whether it is encoded.
fn next_marker(text: &str) -> Option<(&str, &str, &str, bool)> {
    let found = MARKERS.iter().filter_map(|(open, close, encoded)| {
        let (before, rest) = text.split_once(open)?;
        let (name, after) = rest.split_once(close)?;
        Some((before, name, after, *encoded))
    });
    found.min_by_key(|(before, ..)| before.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn secrets() -> Secrets {
        let values = [("KEY", "s3cr\"t&more"), ("SHORT", "ok"), ("LONGER", "s3cr\"t&more and more")];
        Secrets::new(values.map(|(name, secret)| (name.to_owned(), secret.to_owned())).into())
    }

    #[test]
    fn markers_are_filled_the_way_they_are_written() {
        let table = [
            ("Bearer {{secret.KEY}}", Ok("Bearer s3cr\"t&more")),
            ("a={{secret.SHORT}}&b=%7B%7Bsecret.KEY%7D%7D", Ok("a=ok&b=s3cr%22t%26more")),
            ("%7B%7Bsecret.KEY%7D%7D {{secret.SHORT}}", Ok("s3cr%22t%26more ok")),
            ("{{secret.KEY", Ok("{{secret.KEY")),
            ("nothing", Ok("nothing")),
            ("{{secret.GONE}}", Err("the secret `GONE` is not in the settings")),
        ];
        for (text, filled) in table {
            assert_eq!(secrets().fill(text, as_it_is), filled.map(str::to_owned).map_err(str::to_owned), "{text}");
        }
        let body = json!({"key": "{{secret.KEY}}"}).to_string();
        assert_eq!(secrets().fill(&body, in_json), Ok(json!({"key": "s3cr\"t&more"}).to_string()));
    }

    #[test]
    fn what_comes_back_holds_no_secret() {
        let came = json!({"echo": ["key s3cr\"t&more!", "ok", 7], "s3cr\"t&more": "s3cr%22t%26more", "all": "s3cr\"t&more and more"});
        let kept = json!({"echo": ["key {{secret.KEY}}!", "ok", 7], "{{secret.KEY}}": "{{secret.KEY}}", "all": "{{secret.LONGER}}"});
        assert_eq!(secrets().hide_in(came), kept);
        assert_eq!(format!("{:?}", secrets()), r#"{"KEY", "LONGER", "SHORT"}"#);
    }
}
