//! `plain-http` and `private-host`: where an `http` step may call.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::fault::Fault;
use super::super::keys::Kind;
use super::super::small;
use super::{Checked, Context};

/// Only what is written can be judged here; a name that resolves to a private address is refused when the call is made.
/// A private host is not told as plain http too: it has to be listed in the settings either way.
pub(super) fn check(context: &Context<'_>, file: &Checked<'_>, faults: &mut Vec<Fault>) {
    for leaf in file.reading.leaves.iter().filter(|leaf| matches!(leaf.kind, Kind::Call)) {
        let Some((_, url)) = leaf.node.text().and_then(small::call) else { continue };
        let host = host(url);
        if context.workspace.http_allow.iter().any(|allowed| allowed == host) {
            continue;
        }
        if is_private(host) {
            let fault = file.error("private-host", leaf.node.span, "this address is inside a private network");
            faults.push(fault.label("playbooks may not reach into it").help("list the host in `http: {allow: […]}` of the settings if it is meant"));
        } else if url.starts_with("http://") {
            let fault = file.error("plain-http", leaf.node.span, "`http` steps need https");
            faults.push(
                fault.label("anybody between could read it").help("write `https://`, or list the host in `http: {allow: […]}` of the settings"),
            );
        }
    }
}

/// The host of an address, without port and user.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, _)) => host,
        None => rest.split(':').next().unwrap_or_default(),
    }
}

/// Names that never leave a network count like its addresses.
fn is_private(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => is_private_v4(ip),
        Ok(IpAddr::V6(ip)) => is_private_v6(ip),
        Err(_) => host == "localhost" || [".localhost", ".local", ".internal"].iter().any(|end| host.ends_with(end)),
    }
}

/// The ranges that the caller refuses after resolving, so that check and run agree.
fn is_private_v4(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    let carrier_grade_nat = first == 100 && (64..128).contains(&second);
    ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast() || carrier_grade_nat
}

/// An IPv4 address in IPv6 clothes is judged as what it is.
fn is_private_v6(ip: Ipv6Addr) -> bool {
    ip.to_ipv4_mapped().is_some_and(is_private_v4)
        || ip.is_loopback()
        || ip.is_unspecified()
        || ip.is_multicast()
        || ip.is_unique_local()
        || ip.is_unicast_link_local()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_private_ones() {
        assert_eq!(host("https://me@a.example:8443/x?y"), "a.example");
        assert_eq!(host("http://[::1]:80/"), "::1");
        for private in ["10.0.0.1", "127.0.0.1", "169.254.169.254", "100.64.0.1", "::1", "fe80::1", "::ffff:10.0.0.1", "localhost", "db.internal"] {
            assert!(is_private(private), "{private}");
        }
        for public in ["8.8.8.8", "a.example", "2606:4700::1111", "100.128.0.1"] {
            assert!(!is_private(public), "{public}");
        }
    }
}
