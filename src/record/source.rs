//! Who sent a request: its address and the family of its user agent.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use crate::http::Headers;

/// The address of a request, and what it rests on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct SourceAddress {
    /// IPv4-mapped IPv6 addresses are IPv4 here.
    pub(super) address: IpAddr,
    /// Where it comes from.
    pub(super) from: AddressFrom,
}

/// `source.address_from`
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum AddressFrom {
    /// The other end of the connection, as the proxy sees it.
    Peer,
    /// `X-Forwarded-For`, counted from the right.
    Xff,
}

/// The address of the request: the peer, or with `trusted_hops` = N the N-th address of `X-Forwarded-For` from the right.
///
/// Where the field has fewer entries, or that entry is no address, it is the peer: further left anybody can write.
pub(super) fn source_address(peer: Option<&str>, headers: &Headers, trusted_hops: u8) -> Option<SourceAddress> {
    let forwarded = usize::from(trusted_hops).checked_sub(1).and_then(|skip| forwarded(headers, skip));
    match forwarded {
        Some(address) => Some(SourceAddress { address, from: AddressFrom::Xff }),
        None => peer.and_then(read_address).map(|address| SourceAddress { address, from: AddressFrom::Peer }),
    }
}

/// The network of an address: /24 or /48 (PROTOCOL §5.1, mask).
pub(super) fn network(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{}/24", Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

/// The family of a user agent, of a closed list. Browsers name each other, so the order decides.
pub(super) fn user_agent_family(user_agent: &[u8]) -> &'static str {
    let read = user_agent.get(..FAMILY_READ).unwrap_or(user_agent);
    let begins =
        |prefix: &str| read.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()));
    let names = |part: &str| read.windows(part.len()).any(|window| window == part.as_bytes());
    if read.eq_ignore_ascii_case(b"node") {
        return "node";
    }
    let tool = TOOLS.iter().find(|(prefix, _)| begins(prefix)).map(|(_, family)| *family);
    let browser = || BROWSERS.iter().find(|(part, _)| names(part)).map(|(_, family)| *family);
    tool.or_else(browser).unwrap_or("other")
}

fn forwarded(headers: &Headers, skip: usize) -> Option<IpAddr> {
    let fields: Vec<&[u8]> = headers.all("x-forwarded-for").collect();
    let mut entries = fields.into_iter().rev().flat_map(|field| field.rsplit(|byte| *byte == b','));
    entries.nth(skip).and_then(|entry| std::str::from_utf8(entry).ok()).and_then(read_address)
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
pub(crate) fn read_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bracketed = || text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let address = IpAddr::from_str(text)
        .ok()
        .or_else(|| SocketAddr::from_str(text).ok().map(|socket| socket.ip()))
        .or_else(|| bracketed().and_then(|inner| Ipv6Addr::from_str(inner).ok()).map(IpAddr::V6));
    address.map(|address| address.to_canonical())
}

impl AddressFrom {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Peer => "peer",
            Self::Xff => "xff",
        }
    }
}

/// How the user agents of programs begin.
const TOOLS: [(&str, &str); 12] = [
    ("curl/", "curl"),
    ("go-http-client/", "Go-http-client"),
    ("python-requests/", "python-requests"),
    ("okhttp/", "okhttp"),
    ("openid-client/", "openid-client"),
    ("apache-httpclient/", "Apache-HttpClient"),
    ("java/", "Java"),
    ("java-http-client/", "Java"),
    ("node-fetch", "node"),
    ("node/", "node"),
    ("node.js", "node"),
    ("undici", "node"),
];

/// What browsers have in their user agents.
const BROWSERS: [(&str, &str); 9] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("Edge/", "Edge"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
];

/// Real user agents say who they are in less.
const FAMILY_READ: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> Headers {
        Headers::new(values.iter().map(|value| (b"x-forwarded-for".to_vec(), value.as_bytes().to_vec())).collect())
    }

    fn address(peer: &str, forwarded: &[&str], trusted_hops: u8) -> Option<(String, &'static str)> {
        source_address(Some(peer), &headers(forwarded), trusted_hops)
            .map(|source| (source.address.to_string(), source.from.as_str()))
    }

    #[test]
    fn the_peer_is_the_source_unless_hops_are_trusted() {
        assert_eq!(address("192.0.2.1:4711", &["203.0.113.9"], 0), Some(("192.0.2.1".to_owned(), "peer")));
        assert_eq!(address("[2001:db8::1]:4711", &[], 0), Some(("2001:db8::1".to_owned(), "peer")));
        assert_eq!(address("[::ffff:192.0.2.1]:4711", &[], 0), Some(("192.0.2.1".to_owned(), "peer")));
        assert_eq!(address("/run/envoy.sock", &[], 0), None);
    }

    #[test]
    fn forwarded_addresses_are_counted_from_the_right_over_all_fields() {
        let fields = ["198.51.100.1, 198.51.100.2", "198.51.100.3,203.0.113.9:99"];
        assert_eq!(address("192.0.2.1", &fields, 1), Some(("203.0.113.9".to_owned(), "xff")));
        assert_eq!(address("192.0.2.1", &fields, 2), Some(("198.51.100.3".to_owned(), "xff")));
        assert_eq!(address("192.0.2.1", &fields, 3), Some(("198.51.100.2".to_owned(), "xff")));
        assert_eq!(address("192.0.2.1", &fields, 5), Some(("192.0.2.1".to_owned(), "peer")));
        assert_eq!(address("192.0.2.1", &["unknown"], 1), Some(("192.0.2.1".to_owned(), "peer")));
    }

    #[test]
    fn networks_are_cut_at_24_and_48_bits() {
        assert_eq!(network("203.0.113.77".parse().unwrap()), "203.0.113.0/24");
        assert_eq!(network("2001:db8:1:2:3::4".parse().unwrap()), "2001:db8:1::/48");
    }

    #[test]
    fn families_of_user_agents_come_from_a_closed_list() {
        for (user_agent, family) in [
            ("Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36", "Chrome"),
            ("Mozilla/5.0 AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0", "Edge"),
            ("Mozilla/5.0 (X11; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox"),
            ("Mozilla/5.0 (iPhone) AppleWebKit/605.1 Version/17.5 Mobile/15E148 Safari/604.1", "Safari"),
            ("curl/8.5.0", "curl"),
            ("Go-http-client/1.1", "Go-http-client"),
            ("python-requests/2.32", "python-requests"),
            ("okhttp/4.12", "okhttp"),
            ("node", "node"),
            ("node-fetch/1.0", "node"),
            ("openid-client/v6.1.0", "openid-client"),
            ("Apache-HttpClient/5.3 (Java/21)", "Apache-HttpClient"),
            ("Java-http-client/21.0.2", "Java"),
            ("Java/1.8", "Java"),
            ("my jane@example.com bot", "other"),
            ("", "other"),
        ] {
            assert_eq!(user_agent_family(user_agent.as_bytes()), family, "{user_agent}");
        }
        assert_eq!(user_agent_family(b"\xff\xfe"), "other");
    }
}
