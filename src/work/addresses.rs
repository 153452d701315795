//! Which addresses an HTTP call of a playbook may go to: the public internet, and nothing else (language §12).
//!
//! Contacts write part of what such calls say, and a name can lead anywhere. So the address is judged, after the name is resolved, by
//! IANA's registries of special-purpose addresses: IPv4 by a list of what is refused, IPv6 by what has been given out (2000::/3) less
//! what is special in it. Forms of IPv6 that hold an IPv4 address are judged by that.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Refused IPv4 networks: first address, length of the prefix, what they are.
///
/// A company's own machines, the daemon's own (its console among them) and a cloud's metadata are what matters; the rest is refused
/// because nothing honest answers there.
const REFUSED_V4: [(Ipv4Addr, u32, &str); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, "this machine"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, PRIVATE),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "a carrier's private network"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "this machine"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, LINK_LOCAL),
    (Ipv4Addr::new(172, 16, 0, 0), 12, PRIVATE),
    (Ipv4Addr::new(192, 0, 0, 0), 24, RESERVED),
    (Ipv4Addr::new(192, 0, 2, 0), 24, EXAMPLES),
    (Ipv4Addr::new(192, 88, 99, 0), 24, TUNNEL),
    (Ipv4Addr::new(192, 168, 0, 0), 16, PRIVATE),
    (Ipv4Addr::new(198, 18, 0, 0), 15, RESERVED),
    (Ipv4Addr::new(198, 51, 100, 0), 24, EXAMPLES),
    (Ipv4Addr::new(203, 0, 113, 0), 24, EXAMPLES),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "a group of machines"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, RESERVED),
];

/// The part of IPv6 that has been given out; whatever is outside is refused, so that a new special range is no hole.
const GIVEN_OUT_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Refused IPv6 networks. Those outside of what has been given out stand here only to be named.
const REFUSED_V6: [(Ipv6Addr, u32, &str); 9] = [
    (Ipv6Addr::UNSPECIFIED, 128, "this machine"),
    (Ipv6Addr::LOCALHOST, 128, "this machine"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, RESERVED),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, EXAMPLES),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, TUNNEL),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, EXAMPLES),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, PRIVATE),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, LINK_LOCAL),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "a group of machines"),
];

/// Where a network translates IPv6 to IPv4, names of machines without IPv6 lead here (RFC 6052); the IPv4 address stands at the end.
const TRANSLATED: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// RFC 1918, and unique local addresses in IPv6.
const PRIVATE: &str = "a private network";
/// Cloud machines find their own credentials here.
const LINK_LOCAL: &str = "this machine's own link";
/// For protocols, measurements and the future.
const RESERVED: &str = "reserved";
/// What documentation uses; a call there is a playbook that was copied.
const EXAMPLES: &str = "for examples only";
/// 6to4 and its relays: where the tunnel ends can't be judged from here.
const TUNNEL: &str = "a tunnel";

/// What is wrong with the address, in words that follow "which is"; none if a call may go there.
pub fn refused(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => refused_v4(v4),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped().or_else(|| translated(v6)) {
            Some(v4) => refused_v4(v4),
            None => refused_v6(v6),
        },
    }
}

fn refused_v4(address: Ipv4Addr) -> Option<&'static str> {
    let inside = |network: Ipv4Addr, prefix: u32| (address.to_bits() ^ network.to_bits()) >> (u32::BITS - prefix) == 0;
    REFUSED_V4.iter().find(|(network, prefix, _)| inside(*network, *prefix)).map(|(.., what)| *what)
}

fn refused_v6(address: Ipv6Addr) -> Option<&'static str> {
    let named = REFUSED_V6.iter().find(|(network, prefix, _)| inside_v6(address, (*network, *prefix))).map(|(.., what)| *what);
    named.or_else(|| (!inside_v6(address, GIVEN_OUT_V6)).then_some(RESERVED))
}

/// The IPv4 address a translator would go to.
fn translated(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., high, low] = address.segments();
    inside_v6(address, TRANSLATED).then(|| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
}

fn inside_v6(address: Ipv6Addr, (network, prefix): (Ipv6Addr, u32)) -> bool {
    (address.to_bits() ^ network.to_bits()) >> (u128::BITS - prefix) == 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// First and last of each network, and its neighbours outside where those are public.
    #[test]
    fn only_the_public_internet() {
        let refused_ones = "0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.1 127.255.255.255 169.254.0.0 \
            169.254.169.254 172.16.0.0 172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1 192.168.0.0 192.168.255.255 198.18.0.1 198.19.255.255 \
            198.51.100.7 203.0.113.7 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 \
            :: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 100::1 \
            2001::1 2001:1ff:ffff::1 2001:db8::1 2002:7f00:1::1 2002:808:808::1 3fff::1 3fff:fff:ffff::1 5f00::1 \
            fc00::1 fd00:ec2::254 fe80::1 febf::1 fec0::1 ff02::1";
        for address in refused_ones.split_whitespace() {
            assert!(refused(address.parse().unwrap()).is_some(), "{address}");
        }
        let taken = "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0 \
            172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 \
            ::ffff:8.8.8.8 64:ff9b::808:808 2001:200::1 2001:4860:4860::8888 2606:4700::1111 2a00:1450::1 3ffe::1";
        for address in taken.split_whitespace() {
            assert_eq!(refused(address.parse().unwrap()), None, "{address}");
        }
    }
}
