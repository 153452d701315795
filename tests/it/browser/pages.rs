//! Every page: no complaint, no failed request, nothing from elsewhere, nothing that does not fit, nothing that axe finds serious.

use super::chrome::SIZES;
use super::{ANA, receive, visit, write};

/// Bytes of the first page with all that it loads.
const MAX_WEIGHT: u64 = 80 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_sound() {
    let (_home, mut chrome, origin) = visit().await;
    let mut wrong = Vec::new();
    // Empty pages first: they teach, and are as much looked at as the full ones.
    for filled in [false, true] {
        if filled {
            write(&mut chrome, ANA, "HELPDESK");
            receive(&mut chrome, &origin, ANA, "What is it about?");
            write(&mut chrome, ANA, "my invoice");
            receive(&mut chrome, &origin, ANA, "Somebody will be with you.");
        }
        let mut paths: Vec<(&str, String)> = [
            ("now", "/"),
            ("broadcasts", "/broadcasts"),
            ("broadcast-new", "/broadcasts/new"),
            ("contacts", "/contacts"),
            ("import", "/contacts/import"),
            ("twilio", "/twilio"),
            ("playbooks", "/playbooks"),
            ("playbook", "/playbooks/helpdesk"),
            ("conversations", "/conversations"),
            ("search", "/conversations?q=invoice"),
            ("inbox", "/inbox"),
            ("phone", "/phone"),
            ("log", "/log"),
            ("nothing", "/nothing"),
        ]
        .map(|(name, path)| (name, path.to_owned()))
        .into();
        if filled {
            paths.push(("contact", format!("/contacts/{ANA}")));
            chrome.open(&format!("{origin}/conversations"));
            paths.push(("thread", chrome.js("document.querySelector('td a').getAttribute('href')").as_str().unwrap().to_owned()));
            chrome.open(&format!("{origin}/inbox"));
            paths.push(("talk", chrome.js("document.querySelector('#inbox a').getAttribute('href')").as_str().unwrap().to_owned()));
        }
        for (name, path) in paths {
            for size in SIZES {
                for theme in ["light", "dark"] {
                    chrome.look(size, theme);
                    chrome.open(&format!("{origin}{path}"));
                    let what = format!("{name}{}-{}-{theme}", if filled { "" } else { "-empty" }, size.0);
                    let said = chrome.wrongs(&origin);
                    // A page that is not there is a 404, and rightly so.
                    if !said.is_empty() && name != "nothing" {
                        wrong.push(format!("{what}: {said:?}"));
                    }
                    let wide = chrome.js("document.documentElement.scrollWidth");
                    if wide.as_u64() > Some(u64::from(size.0)) {
                        wrong.push(format!("{what}: {wide} px wide"));
                    }
                    let found = chrome.axe();
                    if found.as_array().is_none_or(|found| !found.is_empty()) {
                        wrong.push(format!("{what}: {found:#}"));
                    }
                    chrome.picture(&what);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_is_light() {
    let (_home, mut chrome, origin) = visit().await;
    chrome.call("Network.setCacheDisabled", serde_json::json!({ "cacheDisabled": true }));
    chrome.open(&format!("{origin}/"));
    let weight = chrome.weight();
    assert!((1_000..=MAX_WEIGHT).contains(&weight), "{weight} bytes");
}
