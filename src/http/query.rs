//! The query of a list: its filters, `limit` and `cursor`.

use axum::http::Uri;

use super::given::{MOMENT, PHONE, listed, phone, time};
use super::problem::{Answer, BAD_FIELD, Problem, UNKNOWN_FIELD};
use crate::model::{Phone, Time};
use crate::playbook::did_you_mean;
use crate::store::MAX_PAGE;

/// Rows of a page where the caller names no number.
const DEFAULT_LIMIT: usize = 50;

/// The parameters that every list has.
const PAGING: [&str; 2] = ["limit", "cursor"];

/// The parameters of a query, by name.
pub struct Query {
    /// Names and values.
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Reads the query of a request; any name but `limit`, `cursor` and `known` is a problem: a filter that is passed over would
    /// answer with rows nobody asked for.
    pub fn read(uri: &Uri, known: &[&str]) -> Answer<Query> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let names: Vec<&str> = known.iter().copied().chain(PAGING).collect();
        match pairs.iter().find(|(name, _)| !names.contains(&name.as_str())) {
            None => Ok(Query { pairs }),
            Some((name, _)) => Err(match did_you_mean(name, names.iter().copied()) {
                Some(near) => Problem::new(&UNKNOWN_FIELD, format!("there is no parameter `{name}`; did you mean `{near}`?")),
                None => Problem::new(&UNKNOWN_FIELD, format!("there is no parameter `{name}`; known are {}", listed(&names))),
            }),
        }
    }

    /// A parameter; an empty one counts as not given.
    pub fn get(&self, name: &str) -> Option<String> {
        self.pairs.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.clone())
    }

    /// How many rows: 1 to `MAX_PAGE`, more is read as that.
    pub fn limit(&self) -> Answer<usize> {
        let Some(text) = self.get("limit") else { return Ok(DEFAULT_LIMIT) };
        // Digits only, so that a number too large to count with is still a number, and means as many as there may be.
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match (is_number, text.parse::<usize>()) {
            (true, Ok(0)) | (false, _) => Err(Problem::new(&BAD_FIELD, format!("`limit` must be a whole number from 1 to {MAX_PAGE}"))),
            (true, parsed) => Ok(parsed.unwrap_or(MAX_PAGE).min(MAX_PAGE)),
        }
    }

    /// Where the page begins: what an earlier page gave as `next_cursor`.
    pub fn cursor(&self) -> Answer<Option<String>> {
        match self.get("cursor") {
            // Stores name places by whole numbers; anything else was not made by one.
            Some(text) if text.parse::<u64>().is_err() => Err(Problem::new(&BAD_FIELD, "`cursor` must be the `next_cursor` of an earlier page")),
            cursor => Ok(cursor),
        }
    }

    /// A contact's number.
    pub fn phone(&self, name: &str) -> Answer<Option<Phone>> {
        let Some(text) = self.get(name) else { return Ok(None) };
        phone(&text).map(Some).ok_or_else(|| Problem::new(&BAD_FIELD, format!("`{name}` {PHONE}")))
    }

    /// A moment.
    pub fn time(&self, name: &str) -> Answer<Option<Time>> {
        let Some(text) = self.get(name) else { return Ok(None) };
        // As with numbers, `+` in `+02:00` comes as a space.
        time(&text.replace(' ', "+")).map(Some).ok_or_else(|| Problem::new(&BAD_FIELD, format!("`{name}` {MOMENT}")))
    }

    /// One word of a table.
    pub fn word<T: Copy>(&self, name: &str, table: &[(T, &str)]) -> Answer<Option<T>> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match table.iter().find(|(_, word)| *word == text) {
            Some((value, _)) => Ok(Some(*value)),
            None => {
                let words: Vec<&str> = table.iter().map(|(_, word)| *word).collect();
                Err(Problem::new(&BAD_FIELD, format!("`{name}` must be one of {}", listed(&words))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(query: &str) -> Answer<Query> {
        Query::read(&format!("/v1/things?{query}").parse().unwrap(), &["contact", "since", "state"])
    }

    #[test]
    fn limits() {
        for (query, limit) in [("", Some(50)), ("limit=7", Some(7)), ("limit=501", Some(500)), ("limit=99999999999999999999", Some(500))] {
            assert_eq!(read(query).unwrap().limit().ok(), limit, "{query}");
        }
        for query in ["limit=0", "limit=-1", "limit=ten", "limit=1.5"] {
            assert!(read(query).unwrap().limit().is_err(), "{query}");
        }
    }

    #[test]
    fn values() {
        let query = read("contact=+15125550123&since=2026-05-01T10:00:00+02:00&state=b&cursor=12").unwrap();
        assert_eq!(query.phone("contact").unwrap(), Some(Phone::from("+15125550123")));
        assert_eq!(query.time("since").unwrap().unwrap().rfc3339(), "2026-05-01T08:00:00Z");
        assert_eq!(query.word("state", &[(1, "a"), (2, "b")]).unwrap(), Some(2));
        assert_eq!(query.cursor().unwrap().as_deref(), Some("12"));
        assert!(query.word("state", &[(1, "a")]).is_err());
        assert!(read("cursor=x").unwrap().cursor().is_err());
        assert!(read("contct=+1").is_err());
    }
}
