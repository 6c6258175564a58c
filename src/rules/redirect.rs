//! Redirection endpoints by their looks: what an attacker would register or ask for. Nothing is fetched or resolved.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::http::UrlParts;

/// How a host names this machine (RFC 8252 §7.3, §8.3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Host {
    /// An address of the loopback interface.
    Loopback,
    /// The name `localhost`, which somebody else may resolve.
    Localhost,
    Other,
}

/// Where a URI leads.
pub(super) fn host_kind(parts: &UrlParts<'_>) -> Host {
    let host = host_name(parts);
    match address(host) {
        Some(address) if address.is_loopback() => Host::Loopback,
        None if host.eq_ignore_ascii_case(b"localhost") => Host::Localhost,
        _ => Host::Other,
    }
}

/// Whether it is of scheme `http`.
pub(super) fn is_http(parts: &UrlParts<'_>) -> bool {
    parts.scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"http"))
}

/// RFC 6749 §3.1.2: "The endpoint URI MUST NOT include a fragment component." The rest is RFC 9700 §4.1.1 and §4.1.3: what
/// pattern matching and lenient parsers were tricked by. `known`: redirection endpoints of the same client.
pub(super) fn oddity(uri: &str, known: &[String]) -> Option<&'static str> {
    let bytes = uri.as_bytes();
    let parts = UrlParts::read(bytes);
    let host = host_name(&parts);
    let has = |text: &str| contains(bytes, text.as_bytes());
    let place = [b"/", parts.path, b"/"].concat();
    let script = |scheme: &[u8]| SCRIPTS.iter().any(|script| scheme.eq_ignore_ascii_case(script));
    [
        (parts.scheme.is_some_and(script), "redirect_uri=script"),
        (bytes.iter().any(u8::is_ascii_control) || has("%0d") || has("%0a"), "redirect_uri=control"),
        (bytes.contains(&b'\\') || has("%5c"), "redirect_uri=backslash"),
        (parts.authority.is_some_and(|authority| authority.contains(&b'@')), "redirect_uri=userinfo"),
        (parts.fragment.is_some(), "redirect_uri=fragment"),
        (host.contains(&b'*') || parts.path.contains(&b'*'), "redirect_uri=wildcard"),
        (contains(parts.path, b"%25"), "redirect_uri=double_encoding"),
        (contains(&place, b"/../") || ENCODED_DOTS.iter().any(|dots| contains(parts.path, dots)), "redirect_uri=dots"),
        (address(host).is_some_and(|address| !address.is_loopback()), "redirect_uri=address"),
        (!host.is_ascii() || contains(host, b"xn--"), "redirect_uri=internationalised"),
        (known.iter().any(|known| looks_like(host, known)), "redirect_uri=look_alike"),
    ]
    .into_iter()
    .find_map(|(found, what)| found.then_some(what))
}

/// Whether the query names a URL of another host (RFC 9700 §4.11.1: a redirection endpoint that redirects on).
pub(super) fn leads_on(uri: &str) -> bool {
    let parts = UrlParts::read(uri.as_bytes());
    let values = parts.query.into_iter().flat_map(|query| query.split(|byte| *byte == b'&'));
    let mut targets =
        values.filter_map(|pair| pair.splitn(2, |byte| *byte == b'=').nth(1)).map(crate::oauth::form::decode);
    targets.any(|target| {
        let target = UrlParts::read(&target);
        let web = target.scheme.is_none_or(|scheme| scheme.eq_ignore_ascii_case(b"https") || is_http(&target));
        web && target.host().is_some_and(|other| !other.eq_ignore_ascii_case(parts.host().unwrap_or_default()))
    })
}

/// RFC 9700 §2.1: "authorization servers MUST utilize exact string matching except for port numbers in localhost
/// redirection URIs of native apps".
pub(super) fn is_listed(uri: &str, list: &[String]) -> bool {
    list.iter().any(|listed| {
        let pair = loopback(listed).zip(loopback(uri));
        let same = |(one, other): (UrlParts<'_>, UrlParts<'_>)| {
            host_name(&one) == host_name(&other) && (one.path, one.query) == (other.path, other.query)
        };
        listed == uri || pair.is_some_and(same)
    })
}

/// Whether it leads inside: to an address that is not public, or to a metadata service of a cloud.
pub(super) fn is_private(parts: &UrlParts<'_>) -> bool {
    let host = host_name(parts);
    let named = INSIDE.iter().any(|name| host.eq_ignore_ascii_case(name));
    named || address(host).is_some_and(|address| !is_public(address))
}

/// Whether the address is of the internet at large: what a proxy on the way would not have.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or_else(|| is_public_v6(address), is_public_v4),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let shared = matches!(address.octets(), [100, second, ..] if (64..128).contains(&second));
    let local = address.is_private() || address.is_loopback() || address.is_link_local() || address.is_unspecified();
    !local && !shared && !address.is_documentation()
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let local = address.is_loopback() || address.is_unspecified() || address.is_unique_local();
    !local && !address.is_unicast_link_local() && (first, second) != (0x2001, 0xdb8)
}

/// A URI of this machine, whose port is free.
fn loopback(uri: &str) -> Option<UrlParts<'_>> {
    let parts = UrlParts::read(uri.as_bytes());
    let web = is_http(&parts) && parts.fragment.is_none();
    (web && host_kind(&parts) != Host::Other).then_some(parts)
}

/// The host without user information and port.
fn host_name<'a>(parts: &UrlParts<'a>) -> &'a [u8] {
    let host = parts.host().unwrap_or_default();
    match host.iter().rposition(|byte| *byte == b':') {
        Some(colon) if !host.ends_with(b"]") => host.get(..colon).unwrap_or(host),
        _ => host,
    }
}

fn address(host: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(host).ok()?;
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok()
}

/// A registered name at the begin or end of another (`app.example.evil.test`, `evilapp.example`).
fn looks_like(host: &[u8], known: &str) -> bool {
    let parts = UrlParts::read(known.as_bytes());
    let known = host_name(&parts);
    let long = known.len() >= LOOK_ALIKE && host.len() > known.len();
    let (begins, ends) = (host.get(..known.len()), host.get(host.len().saturating_sub(known.len())..));
    let same = |part: Option<&[u8]>| part.is_some_and(|part| part.eq_ignore_ascii_case(known));
    let own = host.len().checked_sub(known.len().saturating_add(1)).and_then(|at| host.get(at)) == Some(&b'.');
    long && (same(begins) || (same(ends) && !own))
}

/// Without regard to case; `needle` is in lower case.
pub(super) fn contains(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|part| part.eq_ignore_ascii_case(needle))
}

const SCRIPTS: [&[u8]; 3] = [b"javascript", b"data", b"vbscript"];

const INSIDE: [&[u8]; 3] = [b"localhost", b"metadata.google.internal", b"metadata"];

const ENCODED_DOTS: [&[u8]; 2] = [b"%2e", b"%2f"];

/// A name of fewer characters is in many others by chance.
const LOOK_ALIKE: usize = 6;
