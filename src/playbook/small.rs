//! The language's small phrases: `2 per day`, `100/m`, `5%`, `once per 90d`, `POST https://…`.

use super::plan::{Cap, Entry, Rate};
use crate::text::Length;

/// Methods an `http` step may use.
pub const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// `2 per day`: so many texts in rolling 24 h, 7 × 24 h or 30 × 24 h.
pub fn cap(text: &str) -> Option<Cap> {
    let (count, unit) = text.split_once(" per ")?;
    let hours = match unit {
        "day" => 24,
        "week" => 7 * 24,
        "month" => 30 * 24,
        _ => return None,
    };
    Some(Cap { count: count.parse().ok().filter(|count| *count > 0)?, hours })
}

/// `100/m`: so many contacts a second, minute or hour.
pub fn rate(text: &str) -> Option<Rate> {
    let (count, unit) = text.split_once('/')?;
    let seconds = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let count: u32 = count.parse().ok().filter(|count| *count > 0)?;
    Some(Rate { per_second: f64::from(count) / seconds })
}

/// `5%` as 0.05; from 1 to 99.
pub fn percent(text: &str) -> Option<f64> {
    let share: u32 = text.strip_suffix('%')?.parse().ok().filter(|share| (1..100).contains(share))?;
    Some(f64::from(share) / 100.0)
}

/// `always`, `once`, `once per 90d`.
pub fn entry(text: &str) -> Option<Entry> {
    match text {
        "always" => Some(Entry::Always),
        "once" => Some(Entry::Once),
        _ => text.strip_prefix("once per ").and_then(Length::parse).map(Entry::OncePer),
    }
}

/// Method and address of `POST https://…`.
pub fn call(text: &str) -> Option<(&str, &str)> {
    let (method, url) = text.split_once(' ')?;
    let url = url.trim();
    let is_address = ["https://", "http://", "{{"].iter().any(|start| url.starts_with(start));
    (METHODS.contains(&method) && is_address).then_some((method, url))
}

/// What `1 hour` or `2 days` would be as a length.
pub fn length_in_words(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, word) = text.split_at(end);
    let word = word.trim_start();
    let known = ["second", "sec", "minute", "min", "hour", "hr", "day", "week"].contains(&word.strip_suffix('s').unwrap_or(word));
    let unit = word.chars().next().filter(|_| known && !digits.is_empty())?;
    Some(format!("{digits}{unit}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_read_as_people_mean_them() {
        assert_eq!(cap("2 per day"), Some(Cap { count: 2, hours: 24 }));
        assert_eq!(cap("0 per day"), None);
        assert_eq!(rate("120/m"), Some(Rate { per_second: 2.0 }));
        assert_eq!(percent("5%"), Some(0.05));
        assert_eq!(percent("100%"), None);
        assert_eq!(entry("once"), Some(Entry::Once));
        assert_eq!(entry("once per soon"), None);
        assert_eq!(length_in_words("2 days").as_deref(), Some("2d"));
        assert_eq!(length_in_words("soonish"), None);
        assert_eq!(call("GET https://a.example/x?y={{ z }}"), Some(("GET", "https://a.example/x?y={{ z }}")));
        assert_eq!(call("get https://a.example"), None);
    }
}
