//! Our signatures against Twilio's own libraries: a thousand generated requests, each judged by us, by Python's and by
//! Node's validator, and each signed by all three.
//!
//! Left out is what the libraries are known to disagree about among themselves: user and password or an IPv6 address
//! before a port (Python), names beyond the Basic Multilingual Plane (Node sorts by UTF-16), JSON without its hash
//! (Python fails).

#![allow(clippy::unwrap_used)]

use bridged::twilio::signature::{sign, sign_json, verify_url};
use serde_json::{Value, json};

use super::official_clients::Judge;

const REQUESTS: usize = 1000;
const TOKEN: &str = "12345678901234567890123456789012";
const FORM: &str = "application/x-www-form-urlencoded";

/// A small generator (SplitMix64), so that every run makes the same requests.
struct Chance(u64);

impl Chance {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) as usize % below
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.next(from.len())]
    }

    fn text(&mut self, pieces: &[&str]) -> String {
        (0..self.next(6)).map(|_| self.pick(pieces)).collect()
    }
}

const NAMES: &[&str] = &["Body", "From", "To", "AccountSid", "MessageSid", "NumMedia", "body", "Z", "_x", "Ünï", "MediaUrl0", "a b", "a", "aa"];
const VALUES: &[&str] = &["STOP", "+15551234567", " ", "&", "=", "%2B", "é", "e\u{301}", "\n", "\u{0}", "'", "\"", "漢", "<b>", "#", "?", "x"];
const EMOJI: &[&str] = &["😀", "👍🏽", "👩‍👩‍👧", "ok"];
const HOSTS: &[&str] = &["https://sms.acme.example", "http://127.0.0.1", "https://sms.acme.example/hooks/a", "http://x.example"];
const PATHS: &[&str] = &["/webhooks/twilio", "/webhooks/twilio/", "/webhooks//twilio", "/a%20b", "/~x/%C3%A9"];
const QUERIES: &[&str] = &["", "?m=m-1&n=2", "?foo=1&bar=2", "?b=%20+&a=%27", "?x=", "?m=%E2%9C%93", "?'=(a)"];

/// A request as it arrives.
struct Request {
    /// What was done to it, for the message of a failure.
    kind: &'static str,
    /// The URL as configured.
    url: String,
    /// The token the judge knows.
    token: String,
    /// The header.
    signature: String,
    /// The form.
    params: Vec<(String, String)>,
    /// The JSON in place of a form.
    body: Option<String>,
}

impl Request {
    fn generate(chance: &mut Chance) -> Request {
        let port = chance.pick(&["", "", ":8443", ":443"]);
        let host = chance.pick(HOSTS);
        let (origin, path) = match host.match_indices('/').nth(2) {
            Some((at, _)) => host.split_at(at),
            None => (host, ""),
        };
        let rest = format!("{path}{}{}", chance.pick(PATHS), chance.pick(QUERIES));
        let url = format!("{origin}{port}{rest}");
        let mut request = Request { kind: "plain", url, token: TOKEN.into(), signature: String::new(), params: params(chance), body: None };
        // Twilio signs with the port, without it, or with the standard one.
        let standard = if origin.starts_with("https") { ":443" } else { ":80" };
        let signed_port = if port.is_empty() { chance.pick(&["", standard]) } else { chance.pick(&["", port]) };
        let signed = format!("{origin}{signed_port}{rest}");
        if chance.next(5) == 0 {
            request.json(chance, &signed);
        } else {
            request.signature = sign(TOKEN, &signed, &request.params);
        }
        request.tamper(chance);
        request
    }

    fn json(&mut self, chance: &mut Chance, signed: &str) {
        let body = json!({"text": chance.text(VALUES), "emoji": chance.text(EMOJI)}).to_string();
        let (hashed, signature) = sign_json(TOKEN, signed, body.as_bytes());
        let hash = hashed.strip_prefix(signed).unwrap().to_string();
        self.url.push_str(&hash);
        (self.kind, self.signature, self.params, self.body) = ("json", signature, vec![], Some(body));
    }

    /// Half of the requests are forged in one way or another.
    fn tamper(&mut self, chance: &mut Chance) {
        match chance.next(16) {
            0 => (self.kind, self.token) = ("other token", "another".into()),
            1 => {
                self.kind = "other signature";
                let first = if self.signature.starts_with('A') { "B" } else { "A" };
                self.signature.replace_range(..1, first);
            }
            2 => (self.kind, self.signature) = ("no base64", "not base64 at all".into()),
            3 => (self.kind, self.url) = ("other path", self.url.replacen("example", "example/x", 1).replacen("0.0.1", "0.0.2", 1)),
            4 => {
                self.kind = "longer query";
                self.url.push_str(if self.url.contains('?') { "&z=1" } else { "?z=1" });
            }
            5 if self.body.is_some() => {
                self.kind = "other body";
                self.body = Some("{}".into());
            }
            5 => {
                self.kind = "one field more";
                self.params.push(("Extra".into(), "1".into()));
            }
            6 if !self.params.is_empty() => {
                self.kind = "other value";
                let at = chance.next(self.params.len());
                self.params[at].1.push('!');
            }
            7 => (self.kind, self.signature) = ("cut signature", self.signature.trim_end_matches('=').into()),
            _ => {}
        }
    }

    fn line(&self) -> String {
        json!({"url": self.url, "token": self.token, "signature": self.signature, "params": self.params, "body": self.body}).to_string()
    }

    /// Our own verdict, on the bytes as they would arrive.
    fn verdict(&self) -> bool {
        let form = || form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.params).finish();
        let (content_type, body) = match &self.body {
            Some(json) => ("application/json", json.clone()),
            None => (FORM, form()),
        };
        verify_url(&self.url, std::slice::from_ref(&self.token), Some(content_type), body.as_bytes(), &[&self.signature]).is_ok()
    }
}

/// Fields, now and then with a name that repeats.
fn params(chance: &mut Chance) -> Vec<(String, String)> {
    let mut params: Vec<(String, String)> = vec![];
    for _ in 0..chance.next(9) {
        let name = chance.pick(NAMES);
        // Repeated values without emoji: Node sorts them by UTF-16.
        let emoji = chance.next(3) == 0 && params.iter().all(|(n, _)| n != name);
        let value = if emoji { chance.text(EMOJI) } else { chance.text(VALUES) };
        if emoji || !params.iter().any(|(n, v)| n == name && !v.is_ascii()) {
            params.push((name.into(), value));
        }
    }
    params
}

#[test]
fn we_judge_as_twilios_own_libraries_do() {
    let mut chance = Chance(20_261_124);
    let requests: Vec<_> = (0..REQUESTS).map(|_| Request::generate(&mut chance)).collect();
    let input: String = requests.iter().map(|request| request.line() + "\n").collect();
    let ours: Vec<_> = requests.iter().map(Request::verdict).collect();
    let valid = ours.iter().filter(|valid| **valid).count();
    assert!((300..700).contains(&valid), "{valid} of {REQUESTS} are valid, so one verdict would hardly be tested");
    for judge in Judge::ALL {
        let answers = judge.run("verify", &[], &input);
        let answers: Vec<Value> = answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(answers.len(), REQUESTS, "{judge:?}");
        for ((request, ours), theirs) in requests.iter().zip(&ours).zip(&answers) {
            let about = format!("{judge:?}, {}: {}", request.kind, request.line());
            assert_eq!(theirs["valid"], json!(ours), "{about}");
            assert_eq!(theirs["signature"], json!(sign(&request.token, &request.url, &request.params)), "{about}");
        }
    }
}
