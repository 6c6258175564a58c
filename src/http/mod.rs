//! HTTP messages as the proxy hands them over: bytes, in order, duplicates kept. Knows nothing of OAuth.
//!
//! Envoy gives lower-case names and HTTP/2 pseudo headers (`:authority`, `:path`, `:method`, `:scheme`, `:status`) for
//! every HTTP version.

use std::fmt;

mod authority;
mod challenge;
mod date;
mod media_type;
mod path;
mod url;

pub use authority::Authority;
pub use challenge::{Challenge, read_challenges};
pub use date::read_date;
pub use media_type::MediaType;
pub use path::{normalise_path, split_path};
pub use url::UrlParts;

/// The fields of one message head. Values are bytes: a client can send any of 0x20..=0xFF.
#[derive(Clone, Default)]
pub struct Headers(Vec<(Vec<u8>, Vec<u8>)>);

/// A request head, pseudo headers included.
#[derive(Clone, Debug, Default)]
pub struct RequestHead {
    /// All fields, in the order of the wire.
    pub headers: Headers,
}

/// A response head, `:status` included.
#[derive(Clone, Debug, Default)]
pub struct ResponseHead {
    /// All fields, in the order of the wire.
    pub headers: Headers,
}

impl Headers {
    /// Takes the pairs as the host gave them.
    #[must_use]
    pub fn new(pairs: Vec<(Vec<u8>, Vec<u8>)>) -> Self {
        Self(pairs)
    }

    /// The first value of a field. `name` is lower case.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(field, _)| field == name.as_bytes()).map(|(_, value)| value.as_slice())
    }

    /// Every value of a field, in order. `name` is lower case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |(field, _)| field == name.as_bytes()).map(|(_, value)| value.as_slice())
    }

    /// The members of a comma-separated list field over all its lines (RFC 9110 §5.6.1), trimmed, empty ones left out.
    pub fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let members = self.all(name).flat_map(|line| line.split(|byte| *byte == b','));
        members.map(<[u8]>::trim_ascii).filter(|member| !member.is_empty())
    }

    /// The media type of the content, if the field is there and readable (RFC 9110 §8.3).
    #[must_use]
    pub fn media_type(&self) -> Option<MediaType> {
        MediaType::read(self.first("content-type")?)
    }

    /// Bytes of all names and values, for the memory budget.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len().saturating_add(value.len())).sum()
    }
}

impl RequestHead {
    /// `:method`, as sent.
    #[must_use]
    pub fn method(&self) -> Option<&[u8]> {
        self.headers.first(":method")
    }

    /// `:authority`, else `Host`.
    #[must_use]
    pub fn authority(&self) -> Option<&[u8]> {
        self.headers.first(":authority").or_else(|| self.headers.first("host"))
    }

    /// `:path` with its query, as sent.
    #[must_use]
    pub fn path(&self) -> Option<&[u8]> {
        self.headers.first(":path")
    }

    /// `:scheme`, as sent.
    #[must_use]
    pub fn scheme(&self) -> Option<&[u8]> {
        self.headers.first(":scheme")
    }

    /// What follows the first `?` of the path, if there is one.
    #[must_use]
    pub fn query(&self) -> Option<&[u8]> {
        split_path(self.path()?).1
    }

    /// Whether `:authority` and `Host` are both there and name different hosts.
    #[must_use]
    pub fn authority_conflict(&self) -> bool {
        match (self.headers.first(":authority"), self.headers.first("host")) {
            (Some(authority), Some(host)) => !authority.eq_ignore_ascii_case(host),
            _ => false,
        }
    }
}

impl ResponseHead {
    /// `:status`; `None` where it is missing or no number of three digits.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        let text = std::str::from_utf8(self.headers.first(":status")?).ok()?;
        text.parse().ok().filter(|status| (100..=999).contains(status))
    }

    /// Whether a `Set-Cookie` field deletes a cookie: `Max-Age` of 0 or less, or an `Expires` in 1970 (RFC 6265 §5.3).
    #[must_use]
    pub fn deletes_cookie(&self) -> bool {
        self.headers.all("set-cookie").any(deletes)
    }

    /// Whether a `Set-Cookie` field deletes the cookie of that name; a `*` at its end stands for anything.
    #[must_use]
    pub fn deletes_cookie_named(&self, name: &str) -> bool {
        self.headers.all("set-cookie").any(|field| is_cookie(field, name) && deletes(field))
    }

    /// Whether a `Set-Cookie` field sets the cookie of that name to something.
    #[must_use]
    pub fn sets_cookie(&self, name: &str) -> bool {
        self.headers.all("set-cookie").any(|field| is_cookie(field, name) && !deletes(field))
    }

    /// Whether a `Set-Cookie` field sets any cookie to something.
    #[must_use]
    pub fn sets_some_cookie(&self) -> bool {
        self.headers.all("set-cookie").any(|line| !deletes(line))
    }
}

/// Values may be secrets: only the names are shown.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| String::from_utf8_lossy(name))).finish()
    }
}

fn is_cookie(set_cookie: &[u8], wanted: &str) -> bool {
    let name = set_cookie.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii();
    match wanted.strip_suffix('*') {
        Some(start) => name.starts_with(start.as_bytes()),
        None => name == wanted.as_bytes(),
    }
}

fn deletes(set_cookie: &[u8]) -> bool {
    set_cookie.split(|byte| *byte == b';').skip(1).any(|attribute| {
        let mut halves = attribute.splitn(2, |byte| *byte == b'=');
        let name = halves.next().unwrap_or_default().trim_ascii();
        let value = halves.next().unwrap_or_default().trim_ascii();
        let past = name.eq_ignore_ascii_case(b"max-age") && (value == b"0" || value.starts_with(b"-"));
        past || (name.eq_ignore_ascii_case(b"expires") && value.windows(4).any(|year| year == b"1970"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(pairs: &[(&str, &str)]) -> Headers {
        Headers::new(pairs.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).collect())
    }

    #[test]
    fn the_authority_comes_before_the_host() {
        let request = RequestHead { headers: head(&[("host", "b.test"), (":authority", "a.test")]) };
        assert_eq!(request.authority(), Some(b"a.test".as_slice()));
        assert!(request.authority_conflict());
    }

    #[test]
    fn a_status_is_three_digits_or_none() {
        for (text, status) in [("200", Some(200)), ("99", None), ("", None), ("2e2", None), ("65537", None)] {
            assert_eq!(ResponseHead { headers: head(&[(":status", text)]) }.status(), status, "{text}");
        }
    }

    #[test]
    fn a_cookie_is_deleted_by_its_age_or_its_date() {
        for (line, deleted) in [
            ("_session=; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT; httponly", true),
            ("KC_RESTART=;Version=1;Path=/realms/acme/;Max-Age=0", true),
            ("a=b; Max-Age=-1", true),
            ("a=Max-Age=0", false),
            ("a=b; Path=/; Max-Age=60", false),
            ("", false),
        ] {
            assert_eq!(ResponseHead { headers: head(&[("set-cookie", line)]) }.deletes_cookie(), deleted, "{line}");
        }
    }

    #[test]
    fn a_list_field_is_read_over_all_its_lines() {
        let headers = head(&[("content-encoding", "gzip, "), ("content-encoding", "deflate")]);
        assert_eq!(headers.list("content-encoding").collect::<Vec<_>>(), [b"gzip".as_slice(), b"deflate"]);
    }
}
