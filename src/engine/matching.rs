//! Whether a reply fits a rule, and the value it stands for.

use jiff::civil::Date;
use serde_json::Value;

use crate::playbook::plan::Match;
use crate::text::{addresses, dates, number::number, words, yes_no};

/// A reply.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    /// The words.
    pub text: String,
    /// Pictures and files.
    pub media: Vec<String>,
    /// A tapped button's payload or label.
    pub button: Option<String>,
}

/// Who replied, and when: what some rules depend on.
pub(super) struct Reader<'r> {
    /// The contact's number; its country decides the order of day and month.
    pub phone: &'r str,
    /// The contact's language; it decides what a point between digits means.
    pub language: &'r str,
    /// The contact's day.
    pub today: Date,
}

impl Heard {
    /// The trimmed text, else the first picture.
    pub fn text_or_media(&self) -> Value {
        let text = self.text.trim();
        match (text.is_empty(), self.media.first()) {
            (true, Some(url)) => Value::from(url.as_str()),
            _ => Value::from(text),
        }
    }

    /// `reply.*` in playbooks.
    pub fn as_reply(&self, value: Value) -> Value {
        serde_json::json!({ "text": self.text, "value": value, "media": self.media, "button": self.button })
    }
}

impl Reader<'_> {
    /// The value of a hit.
    pub fn matches(&self, rule: &Match, heard: &Heard) -> Option<Value> {
        let text = heard.text.as_str();
        match rule {
            Match::Yes => (yes_no::yes_no(text)? == yes_no::YesNo::Yes).then(|| Value::from("yes")),
            Match::No => (yes_no::yes_no(text)? == yes_no::YesNo::No).then(|| Value::from("no")),
            Match::Number { min, max } => {
                let found = number(text, self.language)?;
                let size = found.as_f64()?;
                (min.is_none_or(|min| size >= min) && max.is_none_or(|max| size <= max)).then_some(Value::Number(found))
            }
            Match::Date => dates::date(text, self.today, self.phone.starts_with("+1")).map(|date| Value::from(date.to_string())),
            Match::Time => dates::time(text).map(|time| Value::from(format!("{:02}:{:02}", time.hour(), time.minute()))),
            Match::Email => addresses::email(text).map(Value::from),
            Match::Phone => addresses::phone(text, self.phone).map(Value::from),
            Match::Media => heard.media.first().map(|url| Value::from(url.as_str())),
            Match::Any | Match::Other => Some(heard.text_or_media()),
            Match::Words(options) => options.iter().find(|option| words::has_words(text, option)).map(|option| Value::from(option.as_str())),
            Match::AnyOf(options) => options.iter().find(|option| words::is_any_of(text, option)).map(|option| Value::from(option.as_str())),
            Match::Phrase(phrases) => phrases.iter().find(|phrase| words::has_phrase(text, phrase)).map(|phrase| Value::from(phrase.as_str())),
            Match::Regex(pattern) => {
                let found = pattern.captures(text.trim())?;
                let taken = found.get(1).or_else(|| found.get(0))?;
                Some(Value::from(taken.as_str()))
            }
            Match::Button(name) => self.is_button(name, heard).then(|| Value::from(name.as_str())),
        }
    }

    /// A tap, by payload or label; or the label as the whole reply. (Its number alone is understood where the question's buttons are known.)
    fn is_button(&self, name: &str, heard: &Heard) -> bool {
        let label = words::words(name);
        // A label of one letter is the whole reply or nothing, while an option of `any_of` may stand among others (`option 2`).
        let is_letter = label.iter().map(|word| word.chars().count()).sum::<usize>() == 1;
        let is_reply = words::words(&heard.text) == label || (!is_letter && words::is_any_of(&heard.text, name));
        heard.button.as_deref().is_some_and(|tapped| words::words(tapped) == label) || (!label.is_empty() && is_reply)
    }
}
