//! URLs and `Location` values, split and never judged.

use super::Authority;

/// The five parts of a URI reference (RFC 3986 §3, appendix B), as sent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct UrlParts<'a> {
    /// Without the colon; `None` for a relative reference.
    pub scheme: Option<&'a [u8]>,
    /// Between `//` and the path, user information included.
    pub authority: Option<&'a [u8]>,
    /// May be empty.
    pub path: &'a [u8],
    /// After the first `?`.
    pub query: Option<&'a [u8]>,
    /// After the first `#`.
    pub fragment: Option<&'a [u8]>,
}

impl<'a> UrlParts<'a> {
    /// Splits any bytes; never fails.
    #[must_use]
    pub fn read(reference: &'a [u8]) -> Self {
        let (rest, fragment) = cut(reference.trim_ascii(), b'#');
        let (rest, query) = cut(rest, b'?');
        let (scheme, rest) = scheme(rest);
        let (authority, path) = match rest.strip_prefix(b"//") {
            Some(after) => {
                let end = after.iter().position(|byte| *byte == b'/').unwrap_or(after.len());
                (after.get(..end), after.get(end..).unwrap_or_default())
            }
            None => (None, rest),
        };
        Self { scheme, authority, path, query, fragment }
    }

    /// The authority of an absolute `http` or `https` URL.
    #[must_use]
    pub fn web_authority(&self) -> Option<Authority> {
        let scheme = self.scheme?;
        let web = scheme.eq_ignore_ascii_case(b"https") || scheme.eq_ignore_ascii_case(b"http");
        web.then(|| std::str::from_utf8(self.authority?).ok()).flatten().and_then(Authority::parse)
    }

    /// Whether it names its scheme: `https:`, or an application's own (RFC 8252 §7.1).
    #[must_use]
    pub fn is_absolute(&self) -> bool {
        self.scheme.is_some()
    }

    /// The authority without user information.
    #[must_use]
    pub fn host(&self) -> Option<&'a [u8]> {
        self.authority.map(|authority| authority.rsplit(|byte| *byte == b'@').next().unwrap_or(authority))
    }

    /// Whether both lead to the same place: scheme, authority and path are equal. Query and fragment are what a
    /// response adds.
    #[must_use]
    pub fn same_place(&self, other: &Self) -> bool {
        let schemes = match (self.scheme, other.scheme) {
            (Some(own), Some(other)) => own.eq_ignore_ascii_case(other),
            (own, other) => own.is_none() && other.is_none(),
        };
        let path = |path: &'a [u8]| if path.is_empty() { b"/".as_slice() } else { path };
        schemes && same_host(self.authority, other.authority) && path(self.path) == path(other.path)
    }
}

fn same_host(one: Option<&[u8]>, other: Option<&[u8]>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => {
            let parsed = std::str::from_utf8(one).ok().and_then(Authority::parse);
            parsed.map_or_else(|| one.eq_ignore_ascii_case(other), |authority| authority.matches(other))
        }
        (one, other) => one.is_none() && other.is_none(),
    }
}

fn cut(text: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    let mut halves = text.splitn(2, |byte| *byte == separator);
    (halves.next().unwrap_or_default(), halves.next())
}

fn scheme(text: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let (name, rest) = cut(text, b':');
    let letters = name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
    match rest {
        Some(rest) if letters && name.first().is_some_and(u8::is_ascii_alphabetic) => (Some(name), rest),
        _ => (None, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_redirect_is_split_into_its_parts() {
        let parts = UrlParts::read(b"https://app.test:8443/cb?code=1&state=a:b/c#x");
        assert_eq!(parts.scheme, Some(b"https".as_slice()));
        assert_eq!(parts.authority, Some(b"app.test:8443".as_slice()));
        assert_eq!(parts.path, b"/cb");
        assert_eq!(parts.query, Some(b"code=1&state=a:b/c".as_slice()));
        assert_eq!(parts.fragment, Some(b"x".as_slice()));
    }

    #[test]
    fn relative_references_and_custom_schemes_are_told_apart() {
        for (reference, absolute) in [
            ("/login?next=https://a", false),
            ("cb:8080", true),
            ("com.app:/cb?code=1", true),
            ("//host/path", false),
            ("?error", false),
            ("1a:/b", false),
            ("", false),
        ] {
            assert_eq!(UrlParts::read(reference.as_bytes()).is_absolute(), absolute, "{reference}");
        }
    }

    #[test]
    fn the_place_of_a_response_is_its_redirect_uri() {
        let place =
            |one: &str, other: &str| UrlParts::read(one.as_bytes()).same_place(&UrlParts::read(other.as_bytes()));
        assert!(place("https://App.test/cb?code=1", "https://app.test:443/cb"));
        assert!(place("https://app.test", "https://app.test/"));
        assert!(!place("https://app.test/cb/", "https://app.test/cb"));
        assert!(!place("http://app.test/cb", "https://app.test/cb"));
        assert!(!place("/cb", "https://app.test/cb"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_nothing_is_invented(reference in proptest::collection::vec(any::<u8>(), 0..128)) {
            let parts = UrlParts::read(&reference);
            let length = |part: Option<&[u8]>| part.map_or(0, <[u8]>::len);
            let total = length(parts.scheme) + length(parts.authority) + parts.path.len() + length(parts.query) + length(parts.fragment);
            prop_assert!(total <= reference.len());
            let _ = parts.same_place(&parts);
        }
    }
}
