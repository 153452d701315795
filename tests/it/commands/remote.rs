//! Commands that speak to the daemon, and to Twilio. In the daemon's place stands a door that notes what it is asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use bridged::model::SenderType;
use bridged::twilio::pretend::{Pretend, PretendConfig, PretendSender};
use bridged::twilio::signature;
use serde_json::{Value, json};

use super::{Place, SETTINGS};

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const TOKEN: &str = "t0ken";

/// One request, as it came.
struct Asked {
    /// Method and path.
    what: String,
    authorization: String,
    body: Value,
}

/// Answers every request with what `answer` makes of its body, until the test ends.
fn door(answer: fn(&Value) -> (u16, Value)) -> (SocketAddr, Receiver<Asked>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, asked) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            while let Some(request) = read(&mut BufReader::new(&stream)) {
                let (status, body) = answer(&request.body);
                let body = body.to_string();
                write!(stream, "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
                // The test may be over; then nobody wants to know.
                let _ = tell.send(request);
            }
        }
    });
    (address, asked)
}

/// The next request of a connection; none at its end.
fn read(stream: &mut BufReader<&TcpStream>) -> Option<Asked> {
    let (mut what, mut authorization, mut length) = (String::new(), String::new(), 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => authorization = value.to_owned(),
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().ok()?,
            Some(_) => {}
            None if line.trim_end().is_empty() => break,
            None => what = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned(),
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(Asked { what, authorization, body: serde_json::from_slice(&body).ok()? })
}

fn place(console: SocketAddr) -> Place {
    Place::with(&[("bridged.yaml", &format!("{SETTINGS}console: {console}\nconsole_token: s3cret\n"))])
}

#[test]
fn an_event_is_posted_with_the_token() {
    let (address, asked) = door(|_| (202, json!({ "accepted": 1, "duplicates": 0 })));
    let data = "{\"total\": 5}";
    let args = ["trigger", "order.placed", "--to", "+15125550112", "--data", data, "--key", "A1", "--id", "e1"];
    assert_eq!(place(address).run(&args), "exit 0\n--- stdout\nthe daemon has the event\n");
    let Asked { what, authorization, body } = asked.recv().unwrap();
    assert_eq!((what.as_str(), authorization.as_str()), ("POST /v1/events", "Bearer s3cret"));
    let expected = json!({ "event": "order.placed", "contact": { "phone": "+15125550112" }, "data": { "total": 5 }, "key": "A1", "id": "e1" });
    assert_eq!(body, expected);
}

#[test]
fn the_daemons_own_sentence_is_shown() {
    let (address, _asked) = door(|_| (422, json!({ "title": "Not a phone number", "detail": "`+1` is not a number like `+15125550100`" })));
    assert_eq!(place(address).run(&["trigger", "x", "--to", "+1"]), "exit 2\n--- stderr\nerror: `+1` is not a number like `+15125550100`\n");
    assert!(
        place(address)
            .run(&["trigger", "x", "--to", "+1", "--data", "{"])
            .starts_with("exit 2\n--- stderr\nerror: `--data` can't be read as JSON or YAML: ")
    );
}

#[test]
fn nobody_there() {
    // A port that was free a moment ago, and that nobody listens on.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let expected =
        format!("exit 2\n--- stderr\nerror: no daemon answers at {address}; start it with `bridged serve`, or name its settings with `--config`\n");
    assert_eq!(place(address).run(&["trigger", "x", "--to", "+15125550112"]), expected);
    let never_ran = Place::with(&[("bridged.yaml", SETTINGS)]).run(&["trigger", "x", "--to", "+15125550112"]);
    assert!(never_ran.ends_with("no daemon has run with these settings yet\n"), "{never_ran}");
}

const PEOPLE: &str = "\
phone,first_name,tags,budget,vip,since,consent
+15125550101,Ana,lead; new,12.5,yes,2026-05-01,marketing
+15125550102,\"Bo, Jr.\",,,,,
nonsense,Cy,,,,,
+15125550104,Di,,a lot,,,
,Ed,,,,,
";

#[test]
fn rows_that_are_wrong_stay_out_and_the_rest_come_in() {
    // The daemon takes a list whole or not at all.
    let (address, asked) = door(|body| {
        let is_wrong = |contact: &Value| contact["phone"] == "nonsense";
        let wrong = body.as_array().map_or_else(|| is_wrong(body), |list| list.iter().any(is_wrong));
        if wrong { (422, json!({ "detail": "`phone` must be like `+15125550100`" })) } else { (200, json!({})) }
    });
    let place = place(address);
    place.write("people.csv", PEOPLE);
    let expected = "exit 1
--- stdout
2 contacts imported, 3 rows left out
--- stderr
people.csv:4: `phone` must be like `+15125550100`
people.csv:5: `budget` must be a number, like 8.5
people.csv:6: has no `phone`
";
    assert_eq!(place.run(&["contacts", "import", "people.csv", "--consent-source", "spring fair"]), expected);
    let first = asked.recv().unwrap();
    assert_eq!(first.what, "PUT /v1/contacts");
    let ana = json!({
        "phone": "+15125550101", "first_name": "Ana", "tags": ["lead", "new"], "budget": 12.5, "vip": true, "since": "2026-05-01T00:00:00Z",
        "consent": ["marketing"], "consent_source": "spring fair",
    });
    // Empty cells say nothing: what is stored stays.
    assert_eq!(first.body, json!([ana, { "phone": "+15125550102", "first_name": "Bo, Jr." }, { "phone": "nonsense", "first_name": "Cy" }]));
    assert_eq!(asked.iter().take(3).map(|asked| asked.body["first_name"].clone()).collect::<Vec<_>>(), ["Ana", "Bo, Jr.", "Cy"]);
}

/// As an old spreadsheet saves it: a capital in the first line, and letters of one country.
#[test]
fn a_row_that_is_no_utf8_stays_out() {
    let (address, asked) = door(|_| (200, json!({})));
    let place = place(address);
    std::fs::write(place.path("people.csv"), b"Phone,First_Name\r\n+15125550101,Ana\r\n+15125550102,Jos\xe9\r\n").unwrap();
    let expected = "exit 1
--- stdout
1 contact imported, 1 row left out
--- stderr
people.csv:3: is not UTF-8 text; save the table as `CSV UTF-8`
";
    assert_eq!(place.run(&["contacts", "import", "people.csv"]), expected);
    assert_eq!(asked.recv().unwrap().body, json!([{ "phone": "+15125550101", "first_name": "Ana" }]));
}

/// Not each of a million rows is refused for a column that nobody knows.
#[test]
fn a_column_nobody_knows_ends_the_import() {
    let (address, asked) = door(|_| (422, json!({ "code": "unknown-field", "detail": "there is no field `[1].colour`; did you mean `color`?" })));
    let place = place(address);
    place.write("people.csv", "phone,colour\n+15125550101,red\n+15125550102,blue\n");
    assert_eq!(place.run(&["contacts", "import", "people.csv"]), "exit 2\n--- stderr\nerror: there is no field `colour`; did you mean `color`?\n");
    assert_eq!(asked.try_iter().count(), 1);
}

#[test]
fn many_rows_go_fifty_at_a_time() {
    let (address, asked) = door(|_| (200, json!({})));
    let place = place(address);
    let rows: String = (0..120).map(|number| format!("+1512555{number:04}\n")).collect();
    place.write("people.csv", &format!("\u{feff}phone\n{rows}"));
    let said = place.run(&["contacts", "import", "people.csv", "--format", "json"]);
    assert_eq!(said, "exit 0\n--- stdout\n{\n  \"imported\": 120,\n  \"left_out\": []\n}\n");
    let sizes: Vec<usize> = asked.iter().take(3).map(|asked| asked.body.as_array().unwrap().len()).collect();
    assert_eq!(sizes, [50, 50, 20]);
}

#[test]
fn tables_that_are_none() {
    let (address, _asked) = door(|_| (200, json!({})));
    let place = place(address);
    let wide: String = (0..101).map(|number| format!("c{number},")).collect();
    let table = [
        ("name\nAna\n", "the first line must name the columns, and `phone` must be one"),
        ("phone,name,name\n", "two columns are named `name`"),
        ("\u{feff}phone;first_name\n+15125550101;Ana\n", "the columns must be parted by commas, and here it is `;`"),
        (wide.as_str(), "a table of contacts has 100 columns at most, this has 102"),
    ];
    for (text, expected) in table {
        place.write("people.csv", text);
        assert_eq!(place.run(&["contacts", "import", "people.csv"]), format!("exit 2\n--- stderr\nerror: {expected}\n"));
    }
    assert_eq!(place.run(&["contacts", "import", "none.csv"]), "exit 2\n--- stderr\nerror: `none.csv`: No such file or directory (os error 2)\n");
}

#[test]
fn signatures_are_checked_offline() {
    let place = Place::with(&[("form", "From=%2B15125550112&Body=Hi+there\n"), ("json", "{\"a\":1}")]);
    let url = "https://sms.acme.example/webhooks/twilio";
    let signed = signature::sign(TOKEN, url, &[("From".to_owned(), "+15125550112".to_owned()), ("Body".to_owned(), "Hi there".to_owned())]);
    let verify = |url: &str, signature: &str, more: &[&str]| {
        let args = ["twilio", "verify", "--url", url, "--token", TOKEN, "--signature", signature];
        place.run(&[args.as_slice(), more].concat())
    };
    assert_eq!(verify(url, &signed, &["--form", "form"]), "exit 0\n--- stdout\nthe signature is Twilio's\n");
    let forged = "exit 1\n--- stdout\nnot Twilio's: the signature fits none of the configured auth tokens for this URL and body\n";
    assert_eq!(verify(&format!("{url}/"), &signed, &["--form", "form"]), forged);
    let json = verify(url, &signed, &["--body", "json", "--format", "json"]);
    assert_eq!(json, "exit 1\n--- stdout\n{\n  \"valid\": false,\n  \"why\": \"the body is JSON but the URL has no `bodySHA256`\"\n}\n");
    assert!(verify(url, &signed, &["--body", "json", "--form", "form"]).starts_with("exit 2\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connection_is_tested() {
    let mut settings = PretendConfig::new(ACCOUNT, TOKEN, "https://sms.acme.example");
    settings.senders = vec![PretendSender { number: "+15125550100".to_owned(), kind: SenderType::LongCode }];
    let twilio = Pretend::start(settings).await.unwrap();
    let settings = |token: &str| {
        format!(
            "public_url: https://sms.acme.example\ntwilio: {{account_sid: {ACCOUNT}, auth_token: {token}, api_base: \"{}\"}}\n\
             senders:\n  ours: {{number: \"+15125550100\"}}\n  theirs: {{number: \"+15125550199\"}}\n",
            twilio.api_base()
        )
    };
    let place = Place::with(&[("bridged.yaml", &settings(TOKEN)), ("wrong.yaml", &settings("wr0ng"))]);
    let (right, wrong) =
        tokio::task::spawn_blocking(move || (place.run(&["twilio", "check"]), place.run(&["twilio", "check", "--config", "wrong.yaml"])))
            .await
            .unwrap();
    assert!(right.starts_with("exit 1\n--- stdout\nok    Twilio accepts the credentials"), "{right}");
    assert!(right.contains("FAIL  `theirs`: +15125550199 is not a number of this account\n"), "{right}");
    assert!(wrong.starts_with("exit 1\n--- stdout\nFAIL  Twilio refused (401"), "{wrong}");
    assert!(!wrong.contains("wr0ng"), "{wrong}");
}
