//! What callers give: JSON read field by field, so that each mistake gets its own sentence.
//!
//! serde would stop at the first mistake and speak of types; people who post events from a shop's backend are told the field, what
//! it must be, and the name they may have meant.

use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::problem::{Answer, BAD_FIELD, BAD_REQUEST, Problem, TOO_MANY, UNKNOWN_FIELD};
use crate::model::{Phone, Time};
use crate::playbook::did_you_mean;
use crate::text::addresses::is_e164;

/// Items a list may have: what one commit takes in without holding up others.
pub const MAX_ITEMS: usize = 50;

/// Reads a body as JSON. The parser's own words speak of its insides; the place is what helps.
pub fn json(body: &[u8]) -> Answer<Value> {
    serde_json::from_slice(body)
        .map_err(|error| Problem::new(&BAD_REQUEST, format!("the body is not JSON: line {}, column {}", error.line(), error.column())))
}

/// One item, or a list of at most `MAX_ITEMS`.
#[derive(Debug, ToSchema)]
#[serde(untagged)]
pub enum Given<T> {
    /// One.
    One(T),
    /// A list.
    Many(Vec<T>),
}

impl<T> Given<T> {
    /// Reads each item with `read`.
    pub fn read(value: Value, read: impl Fn(Object) -> Answer<T>) -> Answer<Given<T>> {
        let Value::Array(items) = value else { return read(Object::new(value, String::new())?).map(Given::One) };
        if items.len() > MAX_ITEMS {
            return Err(Problem::new(&TOO_MANY, format!("the list has {} items; send at most {MAX_ITEMS} at a time", items.len())));
        }
        // The first mistake ends the reading: nothing is written before all items have been read.
        let items = items.into_iter().enumerate().map(|(at, item)| read(Object::new(item, format!("[{at}]."))?));
        items.collect::<Answer<_>>().map(Given::Many)
    }

    /// All items.
    pub fn items(&self) -> &[T] {
        match self {
            Given::One(item) => std::slice::from_ref(item),
            Given::Many(items) => items,
        }
    }
}

/// An object, taken apart field by field.
#[derive(Debug)]
pub struct Object {
    /// What stands before its fields in messages: `[3].contact.`, or nothing.
    place: String,
    /// What is left of it.
    fields: Map<String, Value>,
}

impl Object {
    /// Begins with a value that must be an object. `place` ends with a dot, if it is not empty.
    pub fn new(value: Value, place: String) -> Answer<Object> {
        match value {
            Value::Object(fields) => Ok(Object { place, fields }),
            _ if place.is_empty() => Err(Problem::new(&BAD_FIELD, "the body must be an object, like `{\"name\": \"value\"}`")),
            _ => Err(Problem::new(&BAD_FIELD, format!("`{}` must be an object, like `{{\"name\": \"value\"}}`", place.trim_end_matches('.')))),
        }
    }

    /// A problem with one field; `must` goes on after its name.
    pub fn problem(&self, field: &str, must: impl std::fmt::Display) -> Problem {
        Problem::new(&BAD_FIELD, format!("`{}{field}` {must}", self.place))
    }

    /// Takes a field out, as it is; null counts as not given.
    pub fn take(&mut self, field: &str) -> Option<Value> {
        self.fields.shift_remove(field).filter(|value| !value.is_null())
    }

    /// Whether a field is given as null.
    pub fn is_null(&self, field: &str) -> bool {
        self.fields.get(field).is_some_and(Value::is_null)
    }

    /// Takes a text.
    pub fn text(&mut self, field: &str) -> Answer<Option<String>> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.problem(field, "must be a text")),
        }
    }

    /// Takes a text that must be there and say something.
    pub fn need_text(&mut self, field: &str) -> Answer<String> {
        let text = self.text(field)?.filter(|text| !text.trim().is_empty());
        text.ok_or_else(|| self.problem(field, "is missing; give it as a text"))
    }

    /// Takes a list of texts; one text counts as a list of one, as people write it where there is only one.
    pub fn texts(&mut self, field: &str) -> Answer<Option<Vec<String>>> {
        let items = match self.take(field) {
            None => return Ok(None),
            Some(Value::String(text)) => vec![Value::String(text)],
            Some(Value::Array(items)) => items,
            Some(_) => return Err(self.problem(field, "must be a list of texts")),
        };
        let texts = items.into_iter().map(|item| match item {
            Value::String(text) if !text.trim().is_empty() => Ok(text),
            _ => Err(self.problem(field, "must be a list of texts, none of them empty")),
        });
        texts.collect::<Answer<_>>().map(Some)
    }

    /// Takes a list of texts that null empties.
    pub fn texts_or_null(&mut self, field: &str) -> Answer<Option<Vec<String>>> {
        let is_null = self.is_null(field);
        Ok(self.texts(field)?.or(is_null.then(Vec::new)))
    }

    /// Takes a yes or no.
    pub fn yes_no(&mut self, field: &str) -> Answer<Option<bool>> {
        match self.take(field) {
            None => Ok(None),
            Some(Value::Bool(yes)) => Ok(Some(yes)),
            Some(_) => Err(self.problem(field, "must be true or false")),
        }
    }

    /// Takes a moment.
    pub fn time(&mut self, field: &str) -> Answer<Option<Time>> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        time(&text).map(Some).ok_or_else(|| self.problem(field, MOMENT))
    }

    /// Takes the number of a contact.
    pub fn phone(&mut self, field: &str) -> Answer<Phone> {
        let text = self.need_text(field)?;
        phone(&text).ok_or_else(|| self.problem(field, PHONE))
    }

    /// Takes an object.
    pub fn object(&mut self, field: &str) -> Answer<Option<Object>> {
        let place = format!("{}{field}.", self.place);
        self.take(field).map(|value| Object::new(value, place)).transpose()
    }

    /// What is left, by name.
    pub fn rest(&mut self) -> Map<String, Value> {
        std::mem::take(&mut self.fields)
    }

    /// A name that nobody knows, with the one that was meant, if a known one is near.
    pub fn unknown<'a>(&self, field: &str, known: impl IntoIterator<Item = &'a str>) -> Problem {
        let known: Vec<&str> = known.into_iter().collect();
        let place = &self.place;
        let what = match did_you_mean(field, known.iter().copied()) {
            Some(near) => format!("there is no field `{place}{field}`; did you mean `{near}`?"),
            None => format!("there is no field `{place}{field}`; known are {}", listed(&known)),
        };
        Problem::new(&UNKNOWN_FIELD, what)
    }

    /// Makes sure that nothing is left.
    pub fn end(self, known: &[&str]) -> Answer<()> {
        self.fields.keys().next().map_or(Ok(()), |field| Err(self.unknown(field, known.iter().copied())))
    }
}

/// How a moment must be written; follows the field's name.
pub const MOMENT: &str = "must be a time in RFC 3339 form, like `2026-05-01T10:00:00Z`";

/// How a number must be written; follows the field's name.
pub const PHONE: &str = "must be a phone number with its country code, like `+15125550123`";

/// Reads a moment.
pub fn time(text: &str) -> Option<Time> {
    text.parse::<jiff::Timestamp>().ok().map(Time::from)
}

/// Reads the number of a contact, with or without a channel before it. In a query `+` stands for a space, and whoever forgets to
/// write it as `%2B` gets their number all the same.
pub fn phone(text: &str) -> Option<Phone> {
    let number = text.strip_prefix("whatsapp:").unwrap_or(text);
    let number = number.strip_prefix(' ').map_or_else(|| number.to_owned(), |digits| format!("+{digits}"));
    is_e164(&number).then_some(Phone(number))
}

/// Names in a sentence.
pub fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn numbers_as_people_paste_them() {
        for text in ["+15125550123", "whatsapp:+15125550123", " 15125550123", "whatsapp: 15125550123"] {
            assert_eq!(phone(text), Some(Phone::from("+15125550123")), "{text:?}");
        }
        for text in ["", "+", "15125550123", "+0512555", "512-555-0123", "client:ana", "anonymous"] {
            assert_eq!(phone(text), None, "{text:?}");
        }
    }
}
