//! What people come to the console for, from beginning to end.

use serde_json::json;

use super::{ANA, HELP, receive, visit, write};
use crate::support::daemon::CONSOLE_TOKEN;

#[tokio::test(flavor = "multi_thread")]
async fn somebody_logs_in_and_out() {
    let (_home, mut chrome, origin) = visit().await;
    chrome.click("form[action='/logout'] button");
    chrome.until("document.querySelector('#token')");
    chrome.fill_and_send("#token", "guessed");
    chrome.until("document.querySelector('[role=alert]')?.textContent.includes('not the console token')");
    chrome.fill_and_send("#token", CONSOLE_TOKEN);
    chrome.until("document.querySelector('nav.menu')");
    chrome.open(&format!("{origin}/log"));
    let log = chrome.js("document.querySelector('main').innerText");
    for action in ["logged in", "logged out", "failed to log in"] {
        assert!(log.as_str().unwrap().contains(action), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_phone_talks_and_time_passes() {
    let (_home, mut chrome, origin) = visit().await;
    chrome.open(&format!("{origin}/phone/{ANA}"));
    chrome.fill_and_send("[name=text]", "helpdesk");
    chrome.until("document.querySelector('#screen .in')?.textContent.includes('What is it about?')");
    assert_eq!(chrome.js("location.pathname"), json!(format!("/phone/{ANA}")), "nobody was led away");
    assert_eq!(chrome.js("document.querySelector('[name=text]').value"), "");
    chrome.until("document.querySelector('#behind').textContent.includes('waits for an answer')");
    chrome.click("[name=by][value=next]");
    chrome.until("document.querySelector('#behind .chip').textContent == 'silent'");
    // The clock went four hours on, and whoever turned it is still logged in.
    chrome.open(&format!("{origin}/conversations"));
    chrome.until("document.querySelector('td .chip').textContent == 'silent'");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_answers_and_hands_back() {
    let (_home, mut chrome, origin) = visit().await;
    write(&mut chrome, ANA, "HELPDESK");
    receive(&mut chrome, &origin, ANA, "What is it about?");
    write(&mut chrome, ANA, "my invoice");
    receive(&mut chrome, &origin, ANA, "Somebody will be with you.");
    chrome.open(&format!("{origin}/inbox"));
    assert_eq!(chrome.js("document.querySelector('#inbox-badge').textContent"), "1");
    chrome.click("#inbox a");
    chrome.until("document.querySelector('.answer textarea')");
    assert!(chrome.js("document.querySelector('#talk-head').innerText").as_str().unwrap().contains("wants something else"));
    // A text that comes in while somebody looks stands there by itself.
    write(&mut chrome, ANA, "number 4711 please");
    chrome.until("document.querySelector('#log').textContent.includes('number 4711 please')");
    chrome.js("(() => { const field = document.querySelector('.answer textarea'); field.value = 'Here – it is'; field.dispatchEvent(new Event('input', { bubbles: true })); })()");
    chrome.until("document.querySelector('#cost').textContent == '12 characters, 1 segment (– costs more)'");
    chrome.fill_and_send(".answer textarea", "Here it is.");
    chrome.until("[...document.querySelectorAll('#log .out')].some((text) => text.textContent.includes('Here it is.'))");
    chrome.js(
        "(() => { document.querySelector('.answer textarea').value = 'pays on Friday'; document.querySelector('[formaction$=note]').click(); })()",
    );
    chrome.until("document.querySelector('#log .note')?.textContent.includes('pays on Friday')");
    chrome.fill_and_send(".close input", "solved");
    chrome.until("location.pathname == '/inbox' && document.querySelector('#inbox-badge').textContent == ''");
    receive(&mut chrome, &origin, ANA, "Glad that we could help.");
    let seen = chrome.js("document.querySelector('#screen').innerText");
    let seen = seen.as_str().unwrap();
    assert!(seen.contains("Here it is.") && !seen.contains("pays on Friday"), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_takes_over_at_a_question() {
    let (_home, mut chrome, origin) = visit().await;
    write(&mut chrome, ANA, "HELPDESK");
    receive(&mut chrome, &origin, ANA, "What is it about?");
    chrome.open(&format!("{origin}/conversations"));
    chrome.click("td a");
    chrome.until("document.querySelector('form[action$=take] button')");
    chrome.click("form[action$=take] button");
    // The button gives way to the way into the inbox, without a new page.
    chrome.until("document.querySelector('#side a[href^=\"/inbox/\"]')");
    write(&mut chrome, ANA, "1");
    chrome.until("[...document.querySelectorAll('#log .in')].some((text) => text.querySelector('p').textContent == '1')");
    chrome.click("#side a[href^=\"/inbox/\"]");
    chrome.until("document.querySelector('.answer textarea')");
    chrome.fill_and_send(".answer textarea", "I am a person.");
    chrome.until("[...document.querySelectorAll('#log .out')].some((text) => text.textContent.includes('I am a person.'))");
    chrome.fill_and_send(".close input", "done");
    chrome.until("location.pathname == '/inbox'");
    receive(&mut chrome, &origin, ANA, "I am a person.");
    // The question is open again: its answer is understood, and the one that the person read was not.
    write(&mut chrome, ANA, "order");
    receive(&mut chrome, &origin, ANA, "Orders come within a week.");
    assert_eq!(chrome.js("[...document.querySelectorAll('#screen .in')].filter((said) => said.textContent.includes('Orders come')).length"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_shows_at_once_on_the_chart() {
    let (_home, mut chrome, origin) = visit().await;
    chrome.open(&format!("{origin}/playbooks/helpdesk"));
    // Until the stream has drawn once, nothing that happens is missed and nothing is measured.
    chrome.until("document.documentElement.dataset.fresh");
    write(&mut chrome, ANA, "HELPDESK");
    let took = chrome.until("document.querySelector('#step-reason .badge-count')?.textContent == '1'");
    // 200 ms in a release build on a calm machine; here the daemon is a debug build, and other tests run beside it.
    assert!(took < 2_000.0, "{took} ms");
    chrome.click("#step-reason");
    chrome.until("location.pathname == '/playbooks/helpdesk/at/reason' && document.querySelector('td a')");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_playbook_is_shown_and_mended() {
    let (home, mut chrome, origin) = visit().await;
    let file = home.path().join("playbooks/helpdesk.yaml");
    chrome.open(&format!("{origin}/playbooks"));
    std::fs::write(&file, HELP.replace("on_timeout: {end: nobody}", "on_timeout: {goto: nowhere}")).unwrap();
    chrome.until("document.querySelector('[role=alert]')?.textContent.includes('nowhere')");
    assert!(chrome.js("document.querySelector('[role=alert]').innerText").as_str().unwrap().contains("helpdesk.yaml:"));
    std::fs::write(&file, HELP).unwrap();
    chrome.until("!document.querySelector('[role=alert]')");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_playbook_is_stopped_and_resumed() {
    let (_home, mut chrome, origin) = visit().await;
    chrome.open(&format!("{origin}/playbooks/helpdesk"));
    chrome.js("document.querySelector('form[action$=stop]').submit()");
    chrome.until("document.querySelector('form[action$=resume]')");
    chrome.open(&format!("{origin}/playbooks"));
    chrome.until("document.querySelector('td .chip')?.textContent == 'stopped'");
    chrome.open(&format!("{origin}/playbooks/helpdesk"));
    chrome.click("form[action$=resume] button");
    chrome.until("document.querySelector('form[action$=stop]')");
}
