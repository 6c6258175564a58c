//! URLs with what is safe to keep of them (PROTOCOL §5.3).
//!
//! Kept: scheme, host, port, path. The query becomes the sorted names of its parameters; fragment and user information
//! become a yes. Path segments that look like handles become `{id}`: the filter does not know which URIs are registered.

use crate::record::UriSection;
use crate::record::text::{TEXT_LIMIT, clean, name, segment};

/// A sanitised URL, and whether something was cut off at a limit.
#[derive(Debug, Default)]
pub(super) struct Sanitised {
    pub(super) section: UriSection,
    pub(super) cut: bool,
}

/// Takes a URI reference apart as a browser does (a backslash ends the authority) and keeps what is safe.
pub(super) fn sanitise(uri: &str) -> Sanitised {
    let (rest, fragment) = split(uri, '#');
    let (rest, query) = split(rest, '?');
    let (scheme, rest) = scheme(rest);
    let (authority, path) = authority(rest);
    let (userinfo, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));

    let mut kept = String::with_capacity(rest.len().min(TEXT_LIMIT));
    if let Some(scheme) = scheme {
        kept.extend(scheme.chars().map(|c| c.to_ascii_lowercase()));
        kept.push(':');
    }
    if has_authority(rest) {
        kept.push_str("//");
        kept.extend(host.chars().map(|c| c.to_ascii_lowercase()));
    }
    push_path(&mut kept, path);
    let (query, names_cut) = query.map(names).unwrap_or_default();
    let kept = clean(&kept, TEXT_LIMIT);
    Sanitised {
        cut: kept.cut || names_cut,
        section: UriSection {
            uri: kept.text,
            query,
            fragment: fragment.map(|_| true),
            userinfo: userinfo.map(|_| true),
        },
    }
}

/// The path of a request without query and with its handles replaced.
pub(super) fn sanitise_path(path: &str) -> String {
    let (path, _) = split(path, '#');
    let (path, _) = split(path, '?');
    let mut kept = String::with_capacity(path.len().min(TEXT_LIMIT));
    push_path(&mut kept, path);
    kept
}

/// Host and port of a URL; the whole text is not kept when it has none.
pub(super) fn authority_of(uri: &str) -> Option<String> {
    let (rest, _) = split(uri, '#');
    let (rest, _) = split(rest, '?');
    let (_, rest) = scheme(rest);
    let (authority, _) = authority(rest);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = clean(&host.to_ascii_lowercase(), TEXT_LIMIT).text;
    (!host.is_empty()).then_some(host)
}

fn push_path(kept: &mut String, path: &str) {
    for (at, part) in path.split(['/', '\\']).take(MAX_SEGMENTS).enumerate() {
        if at > 0 {
            kept.push('/');
        }
        kept.push_str(segment(part));
    }
}

/// RFC 3986 §3.1; `None` where there is none.
fn scheme(uri: &str) -> (Option<&str>, &str) {
    let scheme = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    };
    match uri.split_once(':') {
        Some((before, after)) if scheme(before) => (Some(before), after),
        _ => (None, uri),
    }
}

fn has_authority(rest: &str) -> bool {
    let mut start = rest.chars();
    matches!((start.next(), start.next()), (Some('/' | '\\'), Some('/' | '\\')))
}

/// The authority (empty where there is none), and the path with its first slash.
fn authority(rest: &str) -> (&str, &str) {
    if !has_authority(rest) {
        return ("", rest);
    }
    let after = rest.get(2..).unwrap_or_default();
    after.split_at(after.find(['/', '\\']).unwrap_or(after.len()))
}

/// Names of a query's parameters, sorted and without repetition.
fn names(query: &str) -> (Vec<String>, bool) {
    let mut pairs = query.split('&').filter(|pair| !pair.is_empty());
    let read = pairs.by_ref().take(MAX_NAMES).map(|pair| name(pair.split_once('=').map_or(pair, |(name, _)| name)));
    let mut names: Vec<String> = read.filter(|name| !name.is_empty()).collect();
    names.sort();
    names.dedup();
    (names, pairs.next().is_some())
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

/// PROTOCOL §2.9, claims names: as many names of query parameters are kept.
const MAX_NAMES: usize = 64;

/// More segments than this are over [`TEXT_LIMIT`] anyway.
const MAX_SEGMENTS: usize = 256;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kept(uri: &str) -> UriSection {
        sanitise(uri).section
    }

    fn plain(uri: &str) -> UriSection {
        UriSection { uri: uri.to_owned(), ..UriSection::default() }
    }

    #[test]
    fn scheme_host_port_and_path_are_kept() {
        for uri in [
            "https://app.example.test/cb",
            "http://127.0.0.1:51004/callback",
            "com.example.app:/oauth2redirect",
            "com.example.app://cb",
            "urn:ietf:wg:oauth:2.0:oob",
            "/relative/path",
            "https://[2001:db8::1]:8443/cb",
        ] {
            assert_eq!(kept(uri), plain(uri));
        }
        assert_eq!(kept("HTTPS://App.Example.TEST/CB"), plain("https://app.example.test/CB"));
    }

    #[test]
    fn query_values_fragment_and_user_information_are_not() {
        assert_eq!(
            kept("https://u:p@app.example.test/cb?state=s3cret&code=c0de&state=2&x#access_token=t0ken"),
            UriSection {
                uri: "https://app.example.test/cb".to_owned(),
                query: ["code", "state", "x"].map(str::to_owned).to_vec(),
                fragment: Some(true),
                userinfo: Some(true),
            }
        );
        assert_eq!(
            kept(r"https:\\u@app.example.test\cb"),
            UriSection { uri: "https://app.example.test/cb".to_owned(), userinfo: Some(true), ..UriSection::default() }
        );
        assert_eq!(kept("https://a/?SplxlOBeZQQYbYS6WxSbIA").query, ["{id}"]);
    }

    #[test]
    fn handles_in_the_path_are_replaced() {
        assert_eq!(kept("https://idp/auth/V1StGXR8_Z5jdHi6B-myT"), plain("https://idp/auth/{id}"));
        assert_eq!(kept("https://a/08a5019c-17e1-4977-8f42-65a12843ea02/cb;jsessionid=1"), plain("https://a/{id}/cb"));
    }

    #[test]
    fn the_authority_of_an_error_uri_is_all_that_is_kept() {
        assert_eq!(
            authority_of("https://u@Docs.example.test:8443/e?id=1#x"),
            Some("docs.example.test:8443".to_owned())
        );
        assert_eq!(authority_of("/errors/1"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_sanitised_without_panic_and_bounded(uri in any::<String>()) {
            let sanitised = sanitise(&uri);
            prop_assert!(sanitised.section.uri.chars().count() <= TEXT_LIMIT);
            prop_assert!(!sanitised.section.uri.contains(['?', '#']));
            let _ = (sanitise_path(&uri), authority_of(&uri));
        }
    }
}
