//! Addresses in the settings: where we listen, where Twilio finds us, where the store is.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::reader::{Reader, Setting};

/// The public side where the settings name none.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// The private side where the settings name none.
const CONSOLE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8081);

/// Where everything is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Store {
    /// A file of our own.
    Sqlite(PathBuf),
    /// Nowhere: gone with the process.
    Memory,
    /// A server; its address may hold a password, so it is not shown.
    Redis(super::Secret),
}

/// Twilio's ids: two letters for what it is, and 32 hexadecimal digits.
pub(super) mod sid {
    /// The id, if it has the form.
    pub fn parse(prefix: &str, text: &str) -> Option<String> {
        let digits = text.strip_prefix(prefix)?;
        (digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())).then(|| text.to_owned())
    }

    /// What a message says it must be.
    pub fn expected(prefix: &str) -> String {
        format!("`{prefix}` and 32 hexadecimal digits")
    }
}

/// The public and the private side.
pub(super) fn sides(reader: &Reader<'_>) -> (SocketAddr, SocketAddr) {
    let listen = side(&reader.at("listen"), LISTEN);
    let console = side(&reader.at("console"), CONSOLE);
    // Port 0 takes any free one, so two of them never clash.
    if listen == console && listen.port() != 0 {
        reader.at("console").wrong("is the same address as `listen`; the two sides need one each");
    }
    (listen, console)
}

/// One of the two. A name would have to be looked up, and might then be somewhere else.
fn side(written: &Setting<'_>, default: SocketAddr) -> SocketAddr {
    let parse = |text: &str| text.replacen("localhost:", "127.0.0.1:", 1).parse().ok();
    written.parsed("an address and a port, like `127.0.0.1:8080`", parse).unwrap_or(default)
}

/// Where the private side is: what commands speak to.
pub(super) fn console(reader: &Reader<'_>) -> SocketAddr {
    side(&reader.at("console"), CONSOLE)
}

/// An address of the web as it is written, without one `/` at its end. What could not be the beginning of other addresses is none.
pub(super) fn web_address(text: &str) -> Option<String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let host = rest.split('/').next().unwrap_or_default();
    let plain = !host.is_empty() && !text.contains(['?', '#', '@', ' ']) && text.chars().all(|letter| letter.is_ascii_graphic());
    plain.then(|| text.strip_suffix('/').unwrap_or(text).to_owned())
}

/// What an address of the web must be.
pub(super) const WEB_ADDRESS: &str = "an address like `https://sms.acme.example`, without `?` and `#`";

/// Whether an address of the web travels unencrypted over a network.
pub(super) fn is_open(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host != "localhost" && !host.parse::<IpAddr>().is_ok_and(|host| host.is_loopback())
}

/// What stands before `/l/CODE`. A rehearsal without any address still needs one to show.
pub(super) fn links(reader: &Reader<'_>) -> String {
    let given = |key: &str| reader.at(key).parsed(WEB_ADDRESS, web_address);
    given("links").or_else(|| given("public_url")).unwrap_or_else(|| format!("http://{}", side(&reader.at("listen"), LISTEN)))
}

/// Where everything is kept: by default in a file beside the settings.
pub(super) fn store(reader: &Reader<'_>) -> Option<Store> {
    let written = reader.at("store");
    if !written.is_there() {
        return Some(Store::Sqlite(reader.source.root.join("bridged.db")));
    }
    written.parsed("`sqlite:FILE`, `redis://HOST:PORT/DB` or `memory`", |text| match text.split_once(':') {
        Some(("sqlite", file)) if !file.is_empty() => Some(Store::Sqlite(reader.source.root.join(file))),
        Some(("redis" | "rediss", rest)) if rest.starts_with("//") && rest.len() > 2 => Some(Store::Redis(super::Secret::new(text))),
        None if text == "memory" => Some(Store::Memory),
        _ => None,
    })
}
