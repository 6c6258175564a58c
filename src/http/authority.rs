//! Host and port of a request target, comparable without allocation.

/// Host and optional port, in lower case, without a default port (RFC 3986 §6.2.3) and without the root's dot.
///
/// `:80` and `:443` both count as default: the scheme is not known when a request is triaged.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Authority(String);

impl Authority {
    /// Takes `host[:port]`. `None` for an empty host, user information, or characters that no authority has.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:[]%".contains(&byte);
        let (host, port) = essential(text.as_bytes());
        let host = std::str::from_utf8(host).ok()?;
        let port = std::str::from_utf8(port).ok()?;
        let sound = !host.is_empty() && host.bytes().all(allowed) && port.bytes().all(|byte| byte.is_ascii_digit());
        let colons = host.bytes().filter(|byte| *byte == b':').count();
        let bracketed = host.starts_with('[') && host.ends_with(']');
        let joined = if port.is_empty() { host.to_owned() } else { format!("{host}:{port}") };
        (sound && (colons == 0 || bracketed)).then(|| Self(joined.to_ascii_lowercase()))
    }

    /// Whether an authority of the wire names this one. Allocates nothing.
    #[must_use]
    pub fn matches(&self, raw: &[u8]) -> bool {
        let (own_host, own_port) = essential(self.0.as_bytes());
        let (host, port) = essential(raw);
        own_host.eq_ignore_ascii_case(host) && own_port == port
    }

    /// As text, in its normal form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Host and port; the port is empty where it is a default one.
fn essential(raw: &[u8]) -> (&[u8], &[u8]) {
    let (host, port) = match raw.iter().rposition(|byte| *byte == b':') {
        Some(colon) if !raw.ends_with(b"]") => (raw.get(..colon), raw.get(colon.saturating_add(1)..)),
        _ => (Some(raw), None),
    };
    let host = host.unwrap_or_default();
    let port = port.unwrap_or_default();
    let host = host.strip_suffix(b".").unwrap_or(host);
    (host, if port == b"80" || port == b"443" { b"" } else { port })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_same_host_is_recognised_in_every_spelling() {
        let authority = Authority::parse("Idp.Example.com").unwrap();
        assert_eq!(authority.as_str(), "idp.example.com");
        for (raw, same) in [
            ("idp.example.com", true),
            ("IDP.example.COM:443", true),
            ("idp.example.com:80", true),
            ("idp.example.com:", true),
            ("idp.example.com.", true),
            ("idp.example.com:8443", false),
            ("idp.example.org", false),
            ("idp.example.com.evil.test", false),
            ("", false),
        ] {
            assert_eq!(authority.matches(raw.as_bytes()), same, "{raw}");
        }
    }

    #[test]
    fn a_port_that_is_not_a_default_counts() {
        let authority = Authority::parse("127.0.0.1:10000").unwrap();
        assert!(authority.matches(b"127.0.0.1:10000"));
        assert!(!authority.matches(b"127.0.0.1"));
    }

    #[test]
    fn ipv6_is_read_with_and_without_a_port() {
        let authority = Authority::parse("[::1]").unwrap();
        assert!(authority.matches(b"[::1]"));
        assert!(authority.matches(b"[::1]:443"));
        assert!(!authority.matches(b"[::1]:8443"));
    }

    #[test]
    fn what_is_no_authority_is_refused() {
        for text in ["", ":443", "a b", "user@host", "host:port", "::1", "host/path"] {
            assert_eq!(Authority::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_a_parsed_authority_matches_itself(raw in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Authority(String::from("idp.test")).matches(&raw);
            if let Some(authority) = std::str::from_utf8(&raw).ok().and_then(Authority::parse) {
                prop_assert!(authority.matches(&raw));
                prop_assert!(authority.matches(authority.as_str().as_bytes()));
            }
        }
    }
}
