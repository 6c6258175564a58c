//! The forms of single values: URLs, authorities, paths, names. Each says yes or no; the reader says the rest.

/// An `https` URL without user, query and fragment, or an `http` one of a loopback host (OpenID Connect Discovery 1.0 §3).
pub(super) fn is_issuer(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let (authority, path) = rest.find('/').and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""));
    is_authority(authority) && is_path_text(path) && (scheme == "https" || (scheme == "http" && is_loopback(authority)))
}

/// Host and optional port: what `:authority` holds.
pub(super) fn is_authority(text: &str) -> bool {
    let (host, port) = split_port(text);
    let named = !host.is_empty()
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
        && !host.starts_with('.');
    let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).is_some_and(|address| {
        !address.is_empty() && address.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'))
    });
    (named || literal) && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

/// A host that names this machine: nobody else can read what goes there.
pub(super) fn is_loopback(authority: &str) -> bool {
    let (host, _) = split_port(authority);
    let host = host.to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost") || host == "[::1]" || is_loopback_v4(&host)
}

/// An absolute path without query and fragment, or an absolute URL whose path it is.
pub(super) fn is_endpoint(text: &str) -> bool {
    if text.starts_with('/') {
        return is_path_text(text);
    }
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    let Some((authority, path)) = rest.find('/').and_then(|at| rest.split_at_checked(at)) else { return false };
    is_authority(authority) && is_path_text(path)
}

/// A request target in origin form, its query included (RFC 9112 §3.2.1).
pub(super) fn is_target(text: &str) -> bool {
    text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
}

/// A name of Envoy: a cluster.
pub(super) fn is_name(text: &str) -> bool {
    text.chars().all(|character| !character.is_control())
}

/// One word that stands in records and log lines: a sink's name.
pub(super) fn is_label(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

/// The name of an environment variable.
pub(super) fn is_variable(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !text.starts_with(|c: char| c.is_ascii_digit())
}

/// A header field name as HTTP/2 wants it: lower case (RFC 9113 §8.2.1).
pub(super) fn is_field_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// A header field value of visible characters and inner blanks.
pub(super) fn is_field_value(text: &str) -> bool {
    text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) && text.trim() == text
}

/// One line of text for people.
pub(super) fn is_line(text: &str) -> bool {
    text.chars().all(|character| !character.is_control()) && !text.trim().is_empty()
}

fn is_path_text(path: &str) -> bool {
    path.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'\\' | b'"' | b'<' | b'>'))
}

fn is_loopback_v4(host: &str) -> bool {
    host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

/// Splits `host:port`; a literal IPv6 address keeps its brackets.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_authority, is_endpoint, is_issuer, is_loopback, is_target};

    #[test]
    fn an_issuer_is_an_https_url_or_on_loopback() {
        for good in [
            "https://idp.example.com",
            "https://idp.example.com/",
            "https://idp.example.com:8443/realms/acme",
            "https://[2001:db8::1]/x",
            "http://127.0.0.1:8080",
            "http://localhost:9000/oidc",
            "http://op.localhost",
            "http://[::1]:8080",
        ] {
            assert!(is_issuer(good), "{good}");
        }
        for bad in [
            "",
            "idp.example.com",
            "https://",
            "https:///x",
            "http://idp.example.com",
            "http://localhost.example.com",
            "https://idp.example.com?x=1",
            "https://idp.example.com/#x",
            "https://user@idp.example.com",
            "https://idp.example.com/ä",
            "ftp://idp.example.com",
            "https://idp.example.com:0",
            "https://idp.example.com:70000",
            "HTTPS://idp.example.com",
        ] {
            assert!(!is_issuer(bad), "{bad}");
        }
    }

    #[test]
    fn authorities_have_a_host_and_perhaps_a_port() {
        for good in ["a", "a.b:443", "[::1]", "[::1]:80", "xn--4ca.example"] {
            assert!(is_authority(good), "{good}");
        }
        for bad in ["", ":80", "a:", "a:b", "a b", "::1", "a/b", "[x]", "a:65536", "https://a"] {
            assert!(!is_authority(bad), "{bad}");
        }
        assert!(is_loopback("127.8.0.1:80") && !is_loopback("128.0.0.1"));
    }

    #[test]
    fn an_endpoint_is_a_path_or_a_url_with_one() {
        for good in ["/", "/oauth/token", "https://idp.example.com/token", "http://localhost:1/t"] {
            assert!(is_endpoint(good), "{good}");
        }
        for bad in ["token", "https://idp.example.com", "/token?x", "//x y", "/a#b"] {
            assert!(!is_endpoint(bad), "{bad}");
        }
        assert!(is_target("/insert/jsonline?_stream_fields=event") && !is_target("x") && !is_target("/a b"));
    }
}
