//! Many at once: a table comes in, a broadcast goes out, and the first page counts along.

use serde_json::json;

use super::visit;

#[tokio::test(flavor = "multi_thread")]
async fn a_table_comes_in_and_a_broadcast_goes_out() {
    let (_home, mut chrome, origin) = visit().await;
    chrome.open(&format!("{origin}/contacts/import"));
    let table = "phone,first_name,tags\n+15125550121,Ana,vip\n+15125550122,Bo,vip\nnobody,Cy,vip\n+15125550124,Di,\n";
    chrome.fill_and_send("#csv", table);
    chrome.until("location.pathname.startsWith('/contacts/import/') && document.querySelector('#import .main')?.textContent == 'Import 3'");
    assert!(chrome.js("document.querySelector('#import').innerText").as_str().unwrap().contains("phone"), "the row that stays out is told");
    chrome.click("#import .main");
    chrome.until("document.querySelector('#import').textContent.includes('3 contacts are in, 1 row left out')");
    chrome.open(&format!("{origin}/broadcasts/new"));
    chrome.js("(() => { document.querySelector('#playbook').value = 'helpdesk'; document.querySelector('#id').value = 'spring'; })()");
    chrome.fill_and_send("#where", "\"vip\" in contact.tags");
    chrome.until("document.querySelector('[name=go]')?.textContent == 'Start for 2'");
    chrome.picture("broadcast-preview-1280-light");
    chrome.click("[name=go]");
    chrome.until("location.pathname == '/broadcasts/spring' && document.querySelector('#broadcast .chip').textContent == 'done'");
    assert_eq!(chrome.js("document.querySelector('#broadcast progress').value"), json!(2));
    chrome.open(&format!("{origin}/"));
    chrome.until("document.querySelector('.funnel li:nth-child(2) b').textContent == '2'");
    assert_eq!(chrome.js("document.querySelector('.funnel li b').textContent"), json!("2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connection_is_tested() {
    let (_home, mut chrome, origin) = visit().await;
    chrome.open(&format!("{origin}/twilio"));
    chrome.click("form[action='/twilio/test'] button");
    chrome.until("document.querySelector('#test .checks li.good')?.textContent.includes('Twilio accepts the credentials')");
    assert!(chrome.wrongs(&origin).is_empty());
}
