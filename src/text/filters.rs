//! The filters and tests of texts and expressions (language §2), and the two minijinja environments that hold them.
//!
//! The list is short on purpose. Each filter here is documented for marketers, works on what playbooks have, and stays
//! within the fuel; minijinja's others (`tojson`, `pprint`, `groupby`…) are refused at load as unknown. Null prints as
//! nothing everywhere: `money` and `day` of an empty field are empty, like the field itself.

use std::sync::{Arc, LazyLock};

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use minijinja::value::{Object, ObjectRepr, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Output, State, UndefinedBehavior, escape_formatter};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::languages::DateWords;
use super::when::parse_when;

/// Operations one render may take: a text needs tens, an attack billions.
const FUEL: u64 = 10_000;

/// How deep a render may nest; templates have no recursion, so this only bounds what a slip can build.
const RECURSION_LIMIT: usize = 32;

/// The filters there are.
pub const FILTERS: &str = "money day time day_time default urlencode upper lower title trim round int \
    length join first last replace";

/// Filters that take text: a null in front of them is an empty text.
pub(super) const TEXT_FILTERS: &str = "upper lower title trim length join first last replace";

/// Filters that need the contact's zone and language.
pub(super) const TIME_FILTERS: &str = "day time day_time";

/// The tests there are: minijinja's own.
pub(super) const TESTS: &str = "undefined defined none safe escaped boolean odd even divisibleby number \
    integer int float string sequence iterable mapping startingwith endingwith \
    lower upper sameas eq equalto == ne != lt lessthan < le <= gt greaterthan > ge \
    >= in true false filter";

/// Whether a name stands in one of these lists.
pub(super) fn lists(list: &str, name: &str) -> bool {
    list.split_whitespace().any(|known| known == name)
}

/// What playbooks call minijinja's `none`.
pub(super) const NULL: &str = "null";

/// Where a render keeps the zone and language; no template can write this name.
pub(super) const SETTING: &str = "@setting";

/// Currencies with a sign of their own; others stand as their code before the amount.
const SIGNS: [(&str, &str); 4] = [("USD", "$"), ("EUR", "€"), ("GBP", "£"), ("JPY", "¥")];

/// RFC 3986's unreserved characters need no encoding.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// For texts: an undefined value is an error, so that it is never sent as nothing.
pub(super) static TEXTS: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut texts = environment();
    texts.set_undefined_behavior(UndefinedBehavior::Strict);
    texts
});

/// For expressions: a missing value is null, at any depth.
pub(super) static EXPRESSIONS: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut expressions = environment();
    expressions.set_undefined_behavior(UndefinedBehavior::Chainable);
    expressions.add_test("defined", |value: &Value| !is_missing(value));
    expressions.add_test("undefined", is_missing);
    expressions
});

/// Zone and language of a render.
#[derive(Debug)]
pub(super) struct Setting {
    /// The contact's zone.
    pub(super) zone: TimeZone,
    /// How the contact's language writes dates.
    pub(super) words: &'static DateWords,
}

impl Object for Setting {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
}

/// Stands for a value that is missing where only fields of it are used, each with `default`.
#[derive(Debug)]
pub(super) struct Absent;

impl Object for Absent {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, _field: &Value) -> Option<Value> {
        Some(Value::from_dyn_object(self.clone()))
    }
}

/// What texts and expressions have in common. There is no loader, so no template can reach a file or another template.
fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    for function in ["range", "dict", "debug", "namespace"] {
        env.remove_global(function);
    }
    env.set_fuel(Some(FUEL));
    env.set_recursion_limit(RECURSION_LIMIT);
    env.set_debug(false);
    env.set_formatter(
        |out: &mut Output, state: &mut State, value: &Value| {
            if value.is_none() { Ok(()) } else { escape_formatter(out, state, value) }
        },
    );
    env.add_global(NULL, ());
    env.add_test("none", is_missing);
    env.add_filter("default", default);
    env.add_filter("money", money);
    env.add_filter("urlencode", urlencode);
    env.add_filter("day", |state: &State, value: &Value| shown(state, value, true, false));
    env.add_filter("time", |state: &State, value: &Value| shown(state, value, false, true));
    env.add_filter("day_time", |state: &State, value: &Value| shown(state, value, true, true));
    env
}

/// Undefined and null are told apart only when a text is printed.
fn is_missing(value: &Value) -> bool {
    value.is_undefined() || value.is_none()
}

/// Undefined, null and the empty text give way to the other value.
fn default(value: &Value, other: Option<Value>) -> Value {
    if is_missing(value) || value.as_str() == Some("") || value.downcast_object_ref::<Absent>().is_some() {
        other.unwrap_or_else(|| Value::from(""))
    } else {
        value.clone()
    }
}

/// Null stays nothing; undefined is an error in texts and nothing in expressions.
fn nothing(state: &State, value: &Value) -> Result<bool, Error> {
    if value.is_undefined() && state.undefined_behavior() == UndefinedBehavior::Strict {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    Ok(is_missing(value))
}

/// `$42.50`, or with another currency `€42.50`; thousands are grouped.
fn money(state: &State, value: &Value, currency: Option<&str>) -> Result<String, Error> {
    if nothing(state, value)? {
        return Ok(String::new());
    }
    let amount = match value.kind() {
        ValueKind::Number => f64::try_from(value.clone()).ok(),
        _ => value.as_str().and_then(|text| text.trim().parse().ok()),
    };
    let amount = amount
        .filter(|amount: &f64| amount.is_finite())
        .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("`{value}` is not an amount; `money` needs a number")))?;
    let digits = format!("{:.2}", amount.abs());
    let (whole, cents) = digits.split_once('.').unwrap_or((&digits, "00"));
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let currency = currency.unwrap_or("USD");
    let sign = SIGNS.iter().find(|(code, _)| *code == currency).map_or_else(|| format!("{currency} "), |(_, sign)| (*sign).to_owned());
    let minus = if amount < 0.0 && digits != "0.00" { "-" } else { "" };
    Ok(format!("{minus}{sign}{grouped}.{cents}"))
}

/// A value as a part of an address.
fn urlencode(state: &State, value: &Value) -> Result<String, Error> {
    if nothing(state, value)? {
        return Ok(String::new());
    }
    Ok(utf8_percent_encode(&value.to_string(), RESERVED).to_string())
}

/// A moment as the contact's zone and language show it.
fn shown(state: &State, value: &Value, day: bool, time: bool) -> Result<String, Error> {
    if nothing(state, value)? {
        return Ok(String::new());
    }
    let setting = state.lookup(SETTING);
    let Some(setting) = setting.as_ref().and_then(|setting| setting.downcast_object_ref::<Setting>()) else {
        return Err(Error::new(ErrorKind::InvalidOperation, "there is no time zone to show this in"));
    };
    let moment: Option<Timestamp> = value.as_str().and_then(|text| parse_when(text, &setting.zone));
    let moment = moment.ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidOperation,
            format!("`{value}` is not a time; it should be like `2026-03-05T15:00:00-06:00`, `2026-03-05 15:00` or `2026-03-05`"),
        )
    })?;
    let local = setting.zone.to_datetime(moment);
    Ok(match (day, time) {
        (true, false) => write_day(local, setting.words),
        (false, _) => write_time(local, setting.words),
        (true, true) => format!("{}, {}", write_day(local, setting.words), write_time(local, setting.words)),
    })
}

/// `Thu Mar 5`, `vie 5 jun`.
fn write_day(at: civil::DateTime, words: &DateWords) -> String {
    let weekday = DateWords::at(words.days, at.date().weekday().to_monday_zero_offset());
    let month = DateWords::at(words.months, at.month() - 1);
    if words.is_english() { format!("{weekday} {month} {}", at.day()) } else { format!("{weekday} {} {month}", at.day()) }
}

/// `3:00pm`, `15:00`.
fn write_time(at: civil::DateTime, words: &DateWords) -> String {
    if !words.is_english() {
        return format!("{:02}:{:02}", at.hour(), at.minute());
    }
    let hour = if at.hour() % 12 == 0 { 12 } else { at.hour() % 12 };
    format!("{hour}:{:02}{}", at.minute(), if at.hour() < 12 { "am" } else { "pm" })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::scope::sample::Sample;
    use super::super::template::{RenderError, Template};

    /// Renders for a contact of this language, in the sample conversation.
    fn render_in(language: &'static str, source: &str) -> Result<String, RenderError> {
        let sample = Sample { language, ..Sample::new() };
        Template::parse(source).unwrap().render(&sample.scope()).map(|rendered| rendered.text)
    }

    /// Renders in English and expects a text.
    fn render(source: &str) -> String {
        render_in("en", source).unwrap()
    }

    #[test]
    fn money() {
        assert_eq!(render("{{ event.total | money }}"), "$42.50");
        assert_eq!(render("{{ event.total | money('EUR') }}"), "€42.50");
        assert_eq!(render("{{ '1234567.5' | money }} {{ -3 | money }} {{ 7 | money('CHF') }}"), "$1,234,567.50 -$3.00 CHF 7.00");
        assert_eq!(render("[{{ contact.last_name | money }}]"), "[]");
        let error = render_in("en", "{{ event.order_id ~ 'x' | money }}").unwrap_err();
        assert_eq!(error.to_string(), "`x` is not an amount; `money` needs a number");
    }

    #[test]
    fn days_and_times_in_the_contacts_zone() {
        assert_eq!(render("{{ event.starts_at | day_time }}"), "Thu Mar 5, 3:00pm");
        assert_eq!(render("{{ event.starts_at | day }} {{ event.starts_at | time }}"), "Thu Mar 5 3:00pm");
        assert_eq!(render("{{ queue.opens_at | time }}"), "8:00am");
        assert_eq!(render("{{ '2026-03-05T21:00:00Z' | time }} {{ '2026-06-05' | day }}"), "3:00pm Fri Jun 5");
        assert_eq!(render("{{ '2026-03-05 00:30' | time }} {{ '2026-03-05 12:30' | time }}"), "12:30am 12:30pm");
        assert_eq!(render("{{ now | day_time }}"), "Tue Mar 3, 10:00am");
        assert_eq!(render("[{{ event.gone | day }}]"), "[]");
        assert!(matches!(render_in("en", "{{ 'soon' | day }}"), Err(RenderError::Other { message }) if message.starts_with("`soon` is not a time")));
        assert_eq!(render_in("en", "{{ event.at | day }}"), Err(RenderError::Undefined { name: "event.at".to_owned() }));
    }

    #[test]
    fn days_and_times_in_other_languages() {
        let shown = |language| render_in(language, "{{ '2026-06-05 19:00' | day_time }}").unwrap();
        assert_eq!(shown("es-MX"), "vie 5 jun, 19:00");
        assert_eq!(shown("fr"), "ven 5 juin, 19:00");
        assert_eq!(shown("de"), "fr 5 jun, 19:00");
        assert_eq!(shown("pt-BR"), "sex 5 jun, 19:00");
        assert_eq!(shown("ja"), "Fri Jun 5, 7:00pm");
        assert_eq!(render_in("es", "{{ '2026-01-07 09:05' | day_time }}").unwrap(), "mié 7 ene, 09:05");
    }

    #[test]
    fn default_replaces_undefined_null_and_the_empty_text() {
        assert_eq!(render("{{ contact.first_name | default('Hi') }}"), "Ana");
        assert_eq!(render("{{ contact.last_name | default('Hi') }} {{ event.vip | default('no') }} {{ '' | default('x') }}"), "Hi no x");
        assert_eq!(render("[{{ event.vip | default }}]"), "[]");
        // At any depth.
        assert_eq!(render("{{ event.shop.owner.name | default('us') }} {{ order.id | default('?') }}"), "us ?");
        assert_eq!(render("{{ event.customer.name | default('us') }}"), "Bo");
    }

    #[test]
    fn minijinjas_own_filters() {
        assert_eq!(render("{{ contact.phone | urlencode }} {{ 'a b/ü' | urlencode }}"), "%2B15125550111 a%20b%2F%C3%BC");
        assert_eq!(render("{{ brand | upper }} {{ brand | lower }} {{ 'a b' | title }} {{ ' x ' | trim }}"), "ACME HOME acme home A B x");
        assert_eq!(render("{{ 2.567 | round(1) }} {{ '7' | int }} {{ contact.tags | length }}"), "2.6 7 1");
        assert_eq!(render("{{ [1, 2] | join('+') }} {{ [1, 2] | first }} {{ [1, 2] | last }} {{ 'ab' | replace('b', 'c') }}"), "1+2 1 2 ac");
        // Null prints as nothing, also where text is wanted.
        assert_eq!(render("[{{ contact.last_name }}{{ contact.last_name | upper }}{{ 'x' ~ contact.last_name }}]"), "[x]");
    }
}
