//! The console in a real browser: every page in both themes and two sizes, and what people come to do.
//!
//! Pictures of all pages are kept below `target/tmp/console`, for people to look at.

mod chrome;
mod journeys;
mod many;
mod pages;

use serde_json::json;

use crate::support::daemon::{CONSOLE_TOKEN, Home, NUMBER};
use chrome::Chrome;

/// Asks for a reason and hands over to a person.
const HELP: &str = "playbook: helpdesk\nabout: A person answers.\nmessage_class: conversational\ntriggers:\n  - keyword: [HELPDESK]\nsteps:\n  - id: reason\n    ask: \"What is it about? 1) an order 2) something else\"\n    replies:\n      - match: {words: [1, order]}\n        say: \"Orders come within a week.\"\n        end: told\n      - match: other\n        do:\n          - id: agent\n            handoff: desk\n            say: \"Somebody will be with you.\"\n            note: \"wants something else\"\n            timeout: 1d\n            on_timeout: {end: nobody}\n          - send: \"Glad that we could help.\"\n        end: helped\n    timeout: 4h\n    on_timeout: {end: silent}\n";

/// A customer.
const ANA: &str = "+15125550111";

/// A sandbox with a queue, and somebody logged in to it.
async fn visit() -> (Home, Chrome, String) {
    let mut home = Home::with(&[("helpdesk", HELP)], "queues:\n  desk: {hours: 12am-11:59pm, days: mon-sun, assign: least_busy, sla: 10m}\n").await;
    home.start_with(&["--pretend"]).await;
    let origin = format!("http://127.0.0.1:{}", home.console);
    let mut chrome = Chrome::start();
    chrome.open(&format!("{origin}/login"));
    chrome.fill_and_send("#token", CONSOLE_TOKEN);
    chrome.until("document.querySelector('nav.menu')");
    (home, chrome, origin)
}

/// The customer writes, by the pretend phone; comes back once the daemon has the text.
fn write(chrome: &mut Chrome, phone: &str, text: &str) {
    let form = json!({ "text": text, "to": NUMBER });
    let sent =
        chrome.js(&format!("fetch('/phone/{phone}', {{ method: 'POST', body: new URLSearchParams({form}) }}).then((answer) => answer.status)"));
    assert_eq!(sent, 200, "{text}");
}

/// Waits until the phone shows a text of ours.
fn receive(chrome: &mut Chrome, origin: &str, phone: &str, text: &str) {
    chrome.open(&format!("{origin}/phone/{phone}"));
    chrome.until(&format!("[...document.querySelectorAll('#screen .in')].some((said) => said.textContent.includes({}))", json!(text)));
}
