//! Templates, and the frame around every page.

use std::sync::LazyLock;

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;
use serde_json::{Value, json};

use super::Console;
use super::assets::ASSETS;
use crate::http::problem::{Answer, BROKEN, Problem};
use crate::store::HandoffQuery;

/// Open hand-offs counted for the menu; more are shown as `99+`.
const MAX_BADGE: usize = 99;

/// A template's name and text.
macro_rules! pages {
    ($($name:literal),* $(,)?) => { &[$(($name, include_str!(concat!("pages/", $name)))),*] };
}

/// All templates.
const PAGES: &[(&str, &str)] = pages![
    "frame.html",
    "macros.html",
    "login.html",
    "trouble.html",
    "log.html",
    "conversations.html",
    "conversations_list.html",
    "thread.html",
    "thread_log.html",
    "thread_side.html",
    "inbox.html",
    "inbox_list.html",
    "inbox_head.html",
    "playbooks.html",
    "playbooks_list.html",
    "playbook.html",
    "playbook_side.html",
    "people.html",
    "phone.html",
    "phone_screen.html",
    "phone_behind.html",
    "contacts.html",
    "contact.html",
    "import_new.html",
    "import.html",
    "import_body.html",
    "twilio.html",
    "twilio_checks.html",
    "now.html",
    "now_body.html",
    "broadcasts.html",
    "broadcasts_list.html",
    "broadcast.html",
    "broadcast_body.html",
    "broadcast_new.html",
    "phone_chart.html",
];

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    for (name, text) in PAGES {
        // A template that can't be read is found by the test below; its page then says so.
        if let Err(error) = templates.add_template(name, text) {
            tracing::error!(name, %error, "a page's template can't be read");
        }
    }
    templates.add_filter("n", grouped);
    templates.add_filter("phone", spaced);
    templates.add_filter("names", named);
    templates
});

/// A number as people read it: `12,345`.
fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "−" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A phone number as people read it: `+1 512 555 0111`. Others than North American ones stay as they are, for want of a rule.
fn spaced(number: &str) -> String {
    match number.strip_prefix("+1").filter(|rest| rest.len() == 10 && rest.is_ascii()) {
        Some(rest) => format!("+1 {} {} {}", &rest[..3], &rest[3..6], &rest[6..]),
        None => number.to_owned(),
    }
}

/// Words with names between backticks, as HTML.
fn named(text: &str) -> minijinja::Value {
    let mut html = String::new();
    for (at, part) in text.split('`').enumerate() {
        let part = minijinja::HtmlEscape(part);
        html.push_str(&if at % 2 == 1 { format!("<code>{part}</code>") } else { part.to_string() });
    }
    minijinja::Value::from_safe_string(html)
}

/// The menu: address, word, icon.
const MENU: &[(&str, &str, &str)] = &[
    ("/", "Now", "now"),
    ("/conversations", "Conversations", "conversations"),
    ("/inbox", "Inbox", "inbox"),
    ("/playbooks", "Playbooks", "playbooks"),
    ("/broadcasts", "Broadcasts", "broadcasts"),
    ("/contacts", "Contacts", "contacts"),
    ("/twilio", "Twilio", "twilio"),
    ("/phone", "Phone", "phone"),
];

/// Only there where Twilio is pretended.
const PHONE: &str = "/phone";

/// What is around every page.
#[derive(Serialize)]
struct Frame {
    /// Files by name.
    css: &'static str,
    /// See `css`.
    js: &'static str,
    /// See `css`.
    icon: &'static str,
    /// Address, word and icon of each item of the menu.
    menu: Vec<&'static (&'static str, &'static str, &'static str)>,
    /// Address of the item that this page belongs to.
    here: &'static str,
    /// Title of the page.
    title: String,
    /// Who we are.
    brand: String,
    /// Open hand-offs, for the badge.
    inbox: String,
    /// The latest load did not come into force.
    refused: bool,
}

/// Fills a template; a fault of ours is a page that says so.
pub fn fill(template: &str, context: Value) -> Answer<String> {
    TEMPLATES.get_template(template).and_then(|template| template.render(Serde(context))).map_err(|error| {
        tracing::error!(template, %error, "a page can't be drawn");
        Problem::new(&BROKEN, "this page can't be drawn; the daemon's log says why")
    })
}

/// A page without the menu: before the login, or where the store does not answer.
pub fn bare(template: &str, title: &str, context: Value) -> Answer<Html<String>> {
    let frame = json!({ "css": ASSETS.css.name, "js": ASSETS.js.name, "icon": ASSETS.icon.name, "title": title });
    fill(template, framed(context, frame)).map(Html)
}

/// A page's own context with the frame's.
fn framed(mut context: Value, frame: Value) -> Value {
    if let Some(fields) = context.as_object_mut() {
        fields.insert("frame".to_owned(), frame);
    }
    context
}

impl Console {
    /// A page in its frame. `here` is the address of its item in the menu.
    pub(super) async fn page(&self, template: &str, here: &'static str, title: impl Into<String>, context: Value) -> Answer<Response> {
        let frame = Frame {
            css: &ASSETS.css.name,
            js: &ASSETS.js.name,
            icon: &ASSETS.icon.name,
            menu: MENU.iter().filter(|(href, ..)| *href != PHONE || self.phones.is_some()).collect(),
            here,
            title: title.into(),
            brand: self.doors.plans.now().workspace.brand.clone(),
            inbox: self.badge().await?,
            refused: !self.doors.plans.loaded().ok,
        };
        Ok(Html(fill(template, framed(context, json!(frame)))?).into_response())
    }

    /// Open hand-offs, for the menu.
    pub(super) async fn badge(&self) -> Answer<String> {
        let query = HandoffQuery { open: true, limit: MAX_BADGE + 1, ..HandoffQuery::default() };
        Ok(badge(self.doors.store.handoffs(query).await?.items.len()))
    }
}

/// A count for the menu; nothing where there is nothing to do.
fn badge(count: usize) -> String {
    match count {
        0 => String::new(),
        count if count > MAX_BADGE => format!("{MAX_BADGE}+"),
        count => count.to_string(),
    }
}

/// An answer that leads to another page, as after every form.
pub fn to(address: &str) -> Response {
    let location = axum::http::HeaderValue::from_str(address).unwrap_or(axum::http::HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(axum::http::header::LOCATION, location)]).into_response()
}

/// A field of a form or a query; an empty one counts as not given.
pub fn field(form: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(form).find(|(known, _)| known == name).map(|(_, value)| value.trim().to_owned()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_template_can_be_read() {
        for (name, _) in PAGES {
            TEMPLATES.get_template(name).unwrap();
        }
    }

    #[test]
    fn numbers_as_people_read_them() {
        assert_eq!([0, 999, 1_000, 1_234_567, -1_000].map(grouped), ["0", "999", "1,000", "1,234,567", "−1,000"]);
        assert_eq!(spaced("+15125550111"), "+1 512 555 0111");
        assert_eq!(spaced("+442071838750"), "+442071838750");
        assert_eq!([0, 7, 99, 100].map(badge), ["", "7", "99", "99+"]);
    }
}
