//! What a signature is made over, and making one: used to check Twilio's, and by the pretend Twilio and tests to sign
//! in Twilio's place.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// Bytes of an HMAC-SHA1.
pub(super) const SIGNATURE_BYTES: usize = 20;

/// The query field in which Twilio puts the SHA-256 of a body that is no form.
pub(super) const BODY_HASH: &str = "bodySHA256";

/// An auth token, made ready for signing.
pub(super) type Key = Hmac<Sha1>;

/// Signs a form the way Twilio does: what the pretend Twilio and tests put into `X-Twilio-Signature`.
pub fn sign(token: &str, url: &str, pairs: &[(String, String)]) -> String {
    let pairs = pairs.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into()));
    let fields = signed_fields(pairs);
    keyed(token).map(|key| STANDARD.encode(mac(&key, without_fragment(url), &fields))).unwrap_or_default()
}

/// Signs a JSON body the way Twilio does: the URL with `bodySHA256` added, and the signature.
pub fn sign_json(token: &str, url: &str, body: &[u8]) -> (String, String) {
    let url = without_fragment(url);
    let joint = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{joint}{BODY_HASH}={}", body_hash(body));
    let signature = sign(token, &url, &[]);
    (url, signature)
}

/// The fields as they are signed: sorted by name in byte order, names and values run together. Of a repeated name
/// the distinct values in order, each after the name, as Twilio's Node library has it.
pub(super) fn signed_fields<'a>(pairs: impl Iterator<Item = (Part<'a>, Part<'a>)>) -> String {
    let mut pairs: Vec<_> = pairs.collect();
    pairs.sort();
    pairs.dedup();
    pairs.iter().flat_map(|(name, value)| [name.as_ref(), value.as_ref()]).collect()
}

/// A decoded name or value, borrowed where it needed no decoding.
pub(super) type Part<'a> = std::borrow::Cow<'a, str>;

/// The URLs Twilio may have signed. Its libraries all note that the port is handled inconsistently by the service,
/// hence: as configured, without a port, and with the standard port of the scheme.
pub(super) fn candidates(url: &str) -> [String; 3] {
    let Some((scheme, rest)) = url.split_once("://") else {
        return [url.to_string(), url.to_string(), url.to_string()];
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    // A colon starts a port only behind user and password and behind the bracket of an IPv6 address.
    let host_start = authority.rfind(['@', ']']).map_or(0, |at| at + 1);
    let host_end = authority[host_start..].find(':').map_or(authority.len(), |at| host_start + at);
    let host = &authority[..host_end];
    let port = if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 };
    [url.to_string(), format!("{scheme}://{host}{path}"), format!("{scheme}://{host}:{port}{path}")]
}

/// The fragment holds settings for Twilio (`#rc=5`) and is neither sent nor signed.
pub(super) fn without_fragment(url: &str) -> &str {
    url.split('#').next().unwrap_or(url)
}

/// `None` never happens: an HMAC takes a key of any length.
pub(super) fn keyed(token: &str) -> Option<Key> {
    Hmac::new_from_slice(token.as_bytes()).ok()
}

/// The signature before it is written as base64.
pub(super) fn mac(key: &Key, url: &str, fields: &str) -> [u8; SIGNATURE_BYTES] {
    key.clone().chain_update(url).chain_update(fields).finalize().into_bytes().into()
}

/// The hash of a body as it stands in the URL.
pub(super) fn body_hash(body: &[u8]) -> String {
    let hash = Sha256::digest(body);
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
