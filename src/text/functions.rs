//! The functions a template may call: `link`, `clicked` and `transcript`. They are values of the scope, made only for
//! templates that call them, because each render has its own.
//!
//! Link codes are derived, not drawn: rendering the same text again, after a crash or in `replay`, gives the same links,
//! and the engine needs no chance of its own for them.

use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::{Object, ObjectRepr, from_args};
use minijinja::{Error, ErrorKind, State, Value};
use sha2::{Digest, Sha256};

use super::template::Link;

/// `clicked`, the one whose argument is read at parse time.
pub(super) const CLICKED: &str = "clicked";
/// `link`, the one that leaves something behind.
pub(super) const LINK: &str = "link";
/// `transcript`, which brings the conversation so far.
pub(super) const TRANSCRIPT: &str = "transcript";

/// All of them.
pub(super) const FUNCTIONS: [&str; 3] = [LINK, CLICKED, TRANSCRIPT];

/// The most texts `transcript` joins.
const MAX_TRANSCRIPT: usize = 20;

/// Characters of a link's code: 62^10 codes, so that two of a billion links meet with a chance below one in a million
/// for each new one, and nobody guesses one.
const CODE_LENGTH: usize = 10;

/// Digits and letters: safe in an address, and nothing that a phone would break a link at.
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `link(url)`: writes a short address and remembers where it leads.
#[derive(Debug)]
pub(super) struct LinkMaker {
    /// Address of our public server, without a slash at the end.
    base: String,
    /// What makes the codes of this text its own.
    seed: String,
    /// Links made so far in this text.
    made: Mutex<Vec<Link>>,
}

impl LinkMaker {
    /// A maker for one text.
    pub(super) fn new(base: &str, seed: &str) -> LinkMaker {
        LinkMaker { base: base.trim_end_matches('/').to_owned(), seed: seed.to_owned(), made: Mutex::new(Vec::new()) }
    }

    /// The links made, in order of the text.
    pub(super) fn take(&self) -> Vec<Link> {
        std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Object for LinkMaker {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, _state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let (url,): (&Value,) = from_args(args)?;
        if url.is_undefined() {
            return Err(Error::from(ErrorKind::UndefinedError));
        }
        // Nothing but web pages: an address may come from an event or a contact.
        let url = url
            .as_str()
            .filter(|url| url.starts_with("https://") || url.starts_with("http://"))
            .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "`link` needs an address that begins with https:// or http://"))?;
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let code = code(&format!("{}\n{}\n{url}", self.seed, made.len()));
        let short = format!("{}/l/{code}", self.base);
        made.push(Link { code, url: url.to_owned() });
        Ok(Value::from(short))
    }
}

/// The first eight bytes of the hash as base 62, so that the same text of the same step gets the same link again.
fn code(seed: &str) -> String {
    let hash = Sha256::digest(seed.as_bytes());
    let mut rest = hash.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let mut code = String::with_capacity(CODE_LENGTH);
    for _ in 0..CODE_LENGTH {
        let digit = usize::try_from(rest % 62).ok().and_then(|at| BASE62.get(at));
        code.push(char::from(digit.copied().unwrap_or(b'0')));
        rest /= 62;
    }
    code
}

/// `clicked('id')`: whether a link of that step was opened.
#[derive(Debug)]
pub(super) struct Clicked {
    /// The steps asked about whose links were opened.
    pub(super) steps: Vec<String>,
}

impl Object for Clicked {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, _state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let (id,): (&str,) = from_args(args)?;
        Ok(Value::from(self.steps.iter().any(|step| step == id)))
    }
}

/// `transcript(n)`: the last n texts, newest last, a line for each.
#[derive(Debug)]
pub(super) struct Transcript {
    /// The last texts, oldest first.
    lines: Vec<String>,
}

impl Transcript {
    /// Keeps no more than may be asked for.
    pub(super) fn new(lines: &[String]) -> Transcript {
        Transcript { lines: last(lines, MAX_TRANSCRIPT).to_vec() }
    }
}

impl Object for Transcript {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, _state: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        let (count,): (usize,) = from_args(args)?;
        Ok(Value::from(last(&self.lines, count).join("\n")))
    }
}

/// The last so many lines, or all there are.
fn last(lines: &[String], count: usize) -> &[String] {
    lines.get(lines.len().saturating_sub(count)..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_ten_characters_and_depend_on_all_of_the_seed() {
        assert_eq!(code("a\n0\nhttps://x.example").len(), CODE_LENGTH);
        assert_eq!(code("a"), code("a"));
        assert_ne!(code("a\n0\nhttps://x.example"), code("a\n1\nhttps://x.example"));
        assert!(code("a").bytes().all(|c| c.is_ascii_alphanumeric()));
    }
}
