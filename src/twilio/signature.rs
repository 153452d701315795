//! The signature of a webhook: base64 of an HMAC-SHA1, keyed with the account's auth token, over the URL
//! as configured at Twilio followed by each form field's name and value.
//!
//! The URL is handled as text throughout. Parsing it would lower the host's case, drop a standard port and
//! re-encode some characters, and Twilio signs it character by character. There is no time stamp in the
//! signature and nothing between the fields, so a valid signature is only half of the protection: the other
//! half is [`super::forms`] (required fields, no repeats, our account) and the store (each SID once).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::{Choice, ConstantTimeEq};

use super::signing::{BODY_HASH, Key, SIGNATURE_BYTES, body_hash, candidates, keyed, mac, signed_fields, without_fragment};

pub use super::signing::{sign, sign_json};

/// Why a request is not taken for Twilio's. For logs: it holds nothing of the request and no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forged {
    /// No `X-Twilio-Signature` header.
    #[error("there is no `X-Twilio-Signature` header")]
    NoSignature,
    /// More than one `X-Twilio-Signature` header: Twilio sends one, and choosing would be guessing.
    #[error("there is more than one `X-Twilio-Signature` header")]
    SeveralSignatures,
    /// The header is not the base64 of 20 bytes.
    #[error("the `X-Twilio-Signature` header is not the base64 of 20 bytes")]
    NotASignature,
    /// A body that is neither a form nor JSON; Twilio sends no other.
    #[error("the body is neither a form nor JSON")]
    OtherBody,
    /// JSON without its hash in the URL, so nothing would protect the body.
    #[error("the body is JSON but the URL has no `bodySHA256`")]
    NoBodyHash,
    /// The hash in the URL is that of another body.
    #[error("`bodySHA256` in the URL is not the hash of the body")]
    OtherBodyHash,
    /// Signed with another token, or over another URL or other fields.
    #[error("the signature fits none of the configured auth tokens for this URL and body")]
    Mismatch,
}

/// Knows the public address and the auth tokens, and tells Twilio's requests from forged ones.
pub struct Verifier {
    /// `public_url` without a fragment and without one slash at its end: what stands before the request's path.
    base: String,
    /// One HMAC per configured token, keyed in advance. Several during a rotation of the token.
    keys: Vec<Key>,
}

impl Verifier {
    /// For webhooks below `public_url`, signed with any of `tokens`. An empty token is left out, as anyone could
    /// sign with it; without any token nothing passes.
    pub fn new(public_url: &str, tokens: &[String]) -> Verifier {
        let base = without_fragment(public_url);
        let base = base.strip_suffix('/').unwrap_or(base).to_string();
        let keys = tokens.iter().filter(|t| !t.is_empty()).filter_map(|t| keyed(t)).collect();
        Verifier { base, keys }
    }

    /// The whole address that a request with this path is expected to be signed for.
    pub fn url(&self, path_and_query: &str) -> String {
        format!("{}{path_and_query}", self.base)
    }

    /// Checks a request by its raw path and query (as they arrived, escapes and all), its `Content-Type`, its raw
    /// body and every `X-Twilio-Signature` header it has.
    pub fn verify(&self, path_and_query: &str, content_type: Option<&str>, body: &[u8], signature_headers: &[&str]) -> Result<(), Forged> {
        self.verify_url(&self.url(path_and_query), content_type, body, signature_headers)
    }

    /// The same for a whole URL.
    fn verify_url(&self, url: &str, content_type: Option<&str>, body: &[u8], signature_headers: &[&str]) -> Result<(), Forged> {
        let given = decode(signature_headers)?;
        let url = without_fragment(url);
        let fields = match body_kind(content_type, body) {
            Some(BodyKind::Form) => signed_fields(form_urlencoded::parse(body)),
            Some(BodyKind::Json) => {
                check_body_hash(url, body)?;
                String::new()
            }
            None => return Err(Forged::OtherBody),
        };
        // Every candidate with every key, whether or not one has fitted: the time taken tells nothing.
        let mut fits = Choice::from(0);
        for candidate in candidates(url) {
            for key in &self.keys {
                fits |= mac(key, &candidate, &fields).ct_eq(&given);
            }
        }
        if bool::from(fits) { Ok(()) } else { Err(Forged::Mismatch) }
    }
}

/// Checks a request offline (`bridged twilio verify`): the whole URL is given instead of a path below `public_url`.
pub fn verify_url(url: &str, tokens: &[String], content_type: Option<&str>, body: &[u8], signature_headers: &[&str]) -> Result<(), Forged> {
    Verifier::new("", tokens).verify_url(url, content_type, body, signature_headers)
}

/// How the body takes part in the signature.
enum BodyKind {
    /// Its decoded fields are signed. A request without a body is a form without fields.
    Form,
    /// Its hash stands in the signed URL.
    Json,
}

/// `None` for any kind of body that Twilio does not send.
fn body_kind(content_type: Option<&str>, body: &[u8]) -> Option<BodyKind> {
    let Some(content_type) = content_type else {
        return body.is_empty().then_some(BodyKind::Form);
    };
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Some(BodyKind::Form)
    } else if essence.eq_ignore_ascii_case("application/json") {
        Some(BodyKind::Json)
    } else {
        None
    }
}

/// The header's bytes. What it decodes to is public, so leaving early here gives nothing away.
fn decode(signature_headers: &[&str]) -> Result<[u8; SIGNATURE_BYTES], Forged> {
    match signature_headers {
        [] => Err(Forged::NoSignature),
        [header] => STANDARD.decode(header).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(Forged::NotASignature),
        _ => Err(Forged::SeveralSignatures),
    }
}

/// Compares the first `bodySHA256` of the query (Twilio has been seen to add it twice) with the body's hash.
fn check_body_hash(url: &str, body: &[u8]) -> Result<(), Forged> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let given = form_urlencoded::parse(query.as_bytes()).find_map(|(name, value)| (name == BODY_HASH).then_some(value)).ok_or(Forged::NoBodyHash)?;
    if given == body_hash(body) { Ok(()) } else { Err(Forged::OtherBodyHash) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
    const JSON: Option<&str> = Some("application/json; charset=utf-8");

    /// Twilio's documented example.
    const BODY: &[u8] = b"CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212";
    const PATH: &str = "/myapp.php?foo=1&bar=2";
    const SIGNATURE: &str = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";

    fn verifier(public_url: &str) -> Verifier {
        Verifier::new(public_url, &["12345".to_string()])
    }

    fn signed(url: &str, pairs: &[(&str, &str)]) -> String {
        let pairs: Vec<_> = pairs.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
        sign("12345", url, &pairs)
    }

    #[test]
    fn documented_example() {
        let pairs: Vec<_> = form_urlencoded::parse(BODY).into_owned().collect();
        assert_eq!(sign("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", &pairs), SIGNATURE);
        for base in ["https://mycompany.com", "https://mycompany.com/", "https://mycompany.com#rc=5&rp=all"] {
            assert_eq!(verifier(base).verify(PATH, FORM, BODY, &[SIGNATURE]), Ok(()), "{base}");
        }
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2#rc=5";
        assert_eq!(verify_url(url, &["12345".into()], FORM, BODY, &[SIGNATURE]), Ok(()));
    }

    #[test]
    fn headers_that_are_no_signature() {
        let v = verifier("https://mycompany.com");
        let sha256 = STANDARD.encode([7; 32]);
        let (short, long) = (STANDARD.encode([7; 19]), STANDARD.encode([7; 21]));
        let unpadded = SIGNATURE.trim_end_matches('=');
        let verdict = |headers: &[&str]| v.verify(PATH, FORM, BODY, headers).unwrap_err();
        assert_eq!(verdict(&[]), Forged::NoSignature);
        assert_eq!(verdict(&[SIGNATURE, SIGNATURE]), Forged::SeveralSignatures);
        for header in ["", "?", "RSOYDt4T", &sha256, &short, &long, unpadded] {
            assert_eq!(verdict(&[header]), Forged::NotASignature, "{header}");
        }
        assert_eq!(verdict(&[&STANDARD.encode([7; 20])]), Forged::Mismatch);
    }

    #[test]
    fn tokens() {
        let verify = |tokens: &[&str], signature: &str| {
            let tokens: Vec<_> = tokens.iter().map(|t| t.to_string()).collect();
            Verifier::new("https://mycompany.com", &tokens).verify(PATH, FORM, BODY, &[signature])
        };
        assert_eq!(verify(&["other", "12345"], SIGNATURE), Ok(()));
        assert_eq!(verify(&["12345", "other"], SIGNATURE), Ok(()));
        assert_eq!(verify(&["other"], SIGNATURE), Err(Forged::Mismatch));
        assert_eq!(verify(&[], SIGNATURE), Err(Forged::Mismatch));
        let pairs: Vec<_> = form_urlencoded::parse(BODY).into_owned().collect();
        let keyless = sign("", "https://mycompany.com/myapp.php?foo=1&bar=2", &pairs);
        assert_eq!(verify(&[""], &keyless), Err(Forged::Mismatch));
    }

    #[test]
    fn any_change_of_the_form_is_noticed() {
        let v = verifier("https://mycompany.com");
        let body = std::str::from_utf8(BODY).unwrap();
        for changed in [
            body.replace("1234&", "1235&"),
            body.replace("Digits", "digits"),
            body.replace("Digits", "Digit"),
            body.replace("&Digits=1234", ""),
            format!("{body}&Extra=1"),
            format!("{body}&Digits=12345"),
            body.replace("%2B", "+"),
        ] {
            assert_eq!(v.verify(PATH, FORM, changed.as_bytes(), &[SIGNATURE]), Err(Forged::Mismatch), "{changed}");
        }
        // The order of fields and the way a character is escaped are no part of what is signed.
        let reordered = body.split('&').rev().collect::<Vec<_>>().join("&").replace("1234", "%31234");
        assert_eq!(v.verify(PATH, FORM, reordered.as_bytes(), &[SIGNATURE]), Ok(()));
    }

    #[test]
    fn the_url_counts_as_written() {
        let cases = [
            // public_url, signed URL, passes
            ("https://a.example", "https://a.example/w?m=1", true),
            ("https://a.example", "https://a.example:443/w?m=1", true),
            ("https://a.example:443", "https://a.example/w?m=1", true),
            ("https://a.example:8443", "https://a.example:8443/w?m=1", true),
            ("https://a.example:8443", "https://a.example/w?m=1", true),
            ("https://a.example", "https://a.example:8443/w?m=1", false),
            ("http://a.example", "http://a.example:80/w?m=1", true),
            ("http://a.example", "http://a.example:443/w?m=1", false),
            ("https://a.example", "http://a.example/w?m=1", false),
            ("https://A.example", "https://A.example/w?m=1", true),
            ("https://A.example", "https://a.example/w?m=1", false),
            ("https://u:p@a.example:8443", "https://u:p@a.example/w?m=1", true),
            ("https://[2001:db8::1]:8443", "https://[2001:db8::1]/w?m=1", true),
            ("https://[2001:db8::1]", "https://[2001:db8::1]:443/w?m=1", true),
            ("https://a.example/proxy/", "https://a.example/proxy/w?m=1", true),
            ("https://a.example", "https://a.example//w?m=1", false),
            ("https://a.example", "https://a.example/./w?m=1", false),
            ("https://a.example", "https://a.example/w?m=2", false),
            ("https://a.example", "https://a.example/w?m=%31", false),
            ("https://a.example", "https://a.example/w", false),
        ];
        for (base, url, passes) in cases {
            let signature = signed(url, &[("A", "b")]);
            let verdict = verifier(base).verify("/w?m=1", FORM, b"A=b", &[&signature]);
            assert_eq!(verdict.is_ok(), passes, "{base} {url}");
        }
    }

    #[test]
    fn odd_values() {
        let v = verifier("https://a.example");
        let many: Vec<_> = (0..2000).map(|n| (format!("F{n}"), n.to_string())).collect();
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&many).finish();
        assert_eq!(v.verify("/w", FORM, body.as_bytes(), &[&sign("12345", "https://a.example/w", &many)]), Ok(()));
        for (body, pairs) in [
            ("A=&B=", vec![("A", ""), ("B", "")]),
            ("A=%F0%9F%98%80+x%00", vec![("A", "😀 x\0")]),
            ("A=e%CC%81&a=%C3%A9", vec![("A", "e\u{301}"), ("a", "é")]),
            ("A=2&A=1&A=2", vec![("A", "1"), ("A", "2")]),
        ] {
            let signature = signed("https://a.example/w", &pairs);
            assert_eq!(v.verify("/w", FORM, body.as_bytes(), &[&signature]), Ok(()), "{body}");
        }
        // Bytes that are no UTF-8 are read with a replacement character, and do not panic.
        let signature = signed("https://a.example/w", &[("A", "\u{FFFD}")]);
        assert_eq!(v.verify("/w", FORM, b"A=%FF", &[&signature]), Ok(()));
    }

    #[test]
    fn bodies() {
        let v = verifier("https://a.example");
        let body = br#"{"a":1}"#;
        let (url, signature) = sign_json("12345", "https://a.example/w?m=1", body);
        let path = url.strip_prefix("https://a.example").unwrap();
        assert_eq!(v.verify(path, JSON, body, &[&signature]), Ok(()));
        assert_eq!(v.verify(path, JSON, br#"{"a":2}"#, &[&signature]), Err(Forged::OtherBodyHash));
        let bare = signed("https://a.example/w", &[]);
        assert_eq!(v.verify("/w", JSON, body, &[&bare]), Err(Forged::NoBodyHash));
        assert_eq!(v.verify("/w", None, b"", &[&bare]), Ok(()));
        for (content_type, body) in [(Some("text/plain"), "A=b"), (Some("multipart/form-data"), ""), (None, "A=b")] {
            assert_eq!(v.verify("/w", content_type, body.as_bytes(), &[&bare]), Err(Forged::OtherBody));
        }
        // The hash twice in the URL: the first counts, all of it is signed.
        let (hash, other) = (body_hash(body), body_hash(b""));
        for (first, second, passes) in [(&hash, &other, true), (&other, &hash, false)] {
            let path = format!("/w?bodySHA256={first}&bodySHA256={second}");
            let signature = signed(&format!("https://a.example{path}"), &[]);
            assert_eq!(v.verify(&path, JSON, body, &[&signature]).is_ok(), passes);
        }
    }
}
