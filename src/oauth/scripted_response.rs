//! Authorization responses that a script or a JSON answer delivers (PROTOCOL §1.4, H-07 and H-08): enough of a scanner to
//! find them on any bytes. What a script computes cannot be known.

use std::borrow::Cow;

use super::json::{self, Json, Object};

/// Where a page's scripts send the browser, or what they hand to another window.
#[derive(Clone, Debug, PartialEq)]
pub enum Scripted<'a> {
    /// `location = "…"`, the same URL wherever it is assigned.
    Location(Cow<'a, [u8]>),
    /// The object of a `web_message` response, and the origin that it is for, if that is written there.
    Message(Object<'static>, Option<Cow<'a, [u8]>>),
}

/// Looks through the scripts of a page. `accepts`: whether an object has the members of a response.
#[must_use]
pub fn read<'a>(page: &'a [u8], accepts: &dyn Fn(&Object<'static>) -> bool) -> Option<Scripted<'a>> {
    let scripts = || Scripts { rest: page }.take(SCRIPTS);
    scripts().find_map(|script| message(script, accepts)).or_else(|| {
        let mut assigned = scripts().flat_map(|script| Assignments { rest: script }.take(ASSIGNMENTS));
        let first = assigned.next()?;
        assigned.all(|other| other == first).then_some(Scripted::Location(first))
    })
}

/// The URL that a JSON answer sends the browser to.
#[must_use]
pub fn read_json<'a>(answer: &Object<'a>) -> Option<Cow<'a, str>> {
    let nested = answer.object("success").map(|success| success.text("href", URL));
    let top = TARGETS.iter().map(|name| answer.text(name, URL));
    top.chain(nested).find_map(|url| url.present())
}

/// A page with more has not been written to answer one request.
const SCRIPTS: usize = 32;
const ASSIGNMENTS: usize = 8;
const OBJECTS: usize = 64;

/// Bytes of a URL with tokens in it.
const URL: usize = 64 * 1024;

/// Members of known JSON answers.
const TARGETS: [&str; 5] = ["to", "href", "redirect_to", "redirectUrl", "location"];

/// The contents of `script` elements.
struct Scripts<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Scripts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let opened = after(self.rest, b"<script")?;
        let content = after(opened, b">")?;
        let end = find(content, b"</script").unwrap_or(content.len());
        let (script, rest) = content.split_at_checked(end)?;
        self.rest = rest;
        Some(script)
    }
}

/// OAuth 2.0 Web Message Response Mode, as servers write it: an object literal with the response in it.
fn message<'a>(script: &'a [u8], accepts: &dyn Fn(&Object<'static>) -> bool) -> Option<Scripted<'a>> {
    if !MARKERS.iter().any(|marker| find(script, marker).is_some()) {
        return None;
    }
    let starts = script.iter().enumerate().filter(|(_, byte)| **byte == b'{').map(|(at, _)| at);
    let found = starts.take(OBJECTS).find_map(|start| {
        let object = json::read_object(balanced(script.get(start..)?)?)?.into_owned();
        let inner = object.object("response").cloned();
        inner.into_iter().chain([object]).find(|object| accepts(object))
    })?;
    let mut literals = Literals { rest: script };
    Some(Scripted::Message(found, literals.find(|text| is_url(text))))
}

const MARKERS: [&[u8]; 2] = [b"authorization_response", b"web_message"];

/// From an opening brace to the one that closes it.
fn balanced(text: &[u8]) -> Option<&[u8]> {
    let (mut depth, mut quote, mut escaped) = (0_u32, None, false);
    for (at, byte) in text.iter().enumerate().take(URL) {
        match (quote, byte) {
            _ if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(open), byte) if *byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(*byte),
            (None, b'{') => depth = depth.saturating_add(1),
            (None, b'}') if depth <= 1 => return text.get(..=at),
            (None, b'}') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
    }
    None
}

/// The texts that are assigned to `location`, its `href`, or given to its `replace` and `assign`.
struct Assignments<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Assignments<'a> {
    type Item = Cow<'a, [u8]>;

    fn next(&mut self) -> Option<Cow<'a, [u8]>> {
        loop {
            self.rest = after(self.rest, b"location")?;
            let text = self.rest.trim_ascii_start();
            let text = text.strip_prefix(b".href").unwrap_or(text).trim_ascii_start();
            let called = [b".replace".as_slice(), b".assign"].iter().find_map(|name| text.strip_prefix(*name));
            let argument = match called {
                Some(call) => call.trim_ascii_start().strip_prefix(b"("),
                None => text.strip_prefix(b"=").filter(|text| !text.starts_with(b"=")),
            };
            if let Some(url) = argument.and_then(|text| literal(text.trim_ascii_start())) {
                return Some(url.0);
            }
        }
    }
}

/// The quoted texts of a script.
struct Literals<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Literals<'a> {
    type Item = Cow<'a, [u8]>;

    fn next(&mut self) -> Option<Cow<'a, [u8]>> {
        let start = self.rest.iter().position(|byte| matches!(byte, b'"' | b'\''))?;
        let (text, rest) = literal(self.rest.get(start..)?)?;
        self.rest = rest;
        Some(text)
    }
}

fn is_url(text: &[u8]) -> bool {
    text.starts_with(b"https://") || text.starts_with(b"http://")
}

/// A quoted text at the start, unescaped (ECMA-262 §12.9.4), and what follows it.
fn literal(text: &[u8]) -> Option<(Cow<'_, [u8]>, &[u8])> {
    let (quote, text) = text.split_first().filter(|(quote, _)| matches!(quote, b'"' | b'\''))?;
    let mut escaped = false;
    let end = text.iter().take(URL).position(|byte| {
        let ends = byte == quote && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    })?;
    let (inside, rest) = text.split_at_checked(end)?;
    let inside = if inside.contains(&b'\\') { Cow::Owned(unescape(inside)) } else { Cow::Borrowed(inside) };
    Some((inside, rest.get(1..).unwrap_or_default()))
}

fn unescape(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'\\' {
            plain.push(*byte);
            continue;
        }
        let hex = match rest.first() {
            Some(b'x') => rest.get(1..3),
            Some(b'u') => rest.get(1..5),
            _ => None,
        };
        let number = hex.and_then(|hex| u32::from_str_radix(str::from_utf8(hex).ok()?, 16).ok());
        if let (Some(character), Some(hex)) = (number.and_then(char::from_u32), hex) {
            plain.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            rest = rest.get(hex.len().saturating_add(1)..).unwrap_or_default();
        } else if let Some((escaped, after)) = rest.split_first() {
            plain.push(*escaped);
            rest = after;
        }
    }
    plain
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window.eq_ignore_ascii_case(wanted))
}

fn after<'a>(text: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    text.get(find(text, wanted)?.saturating_add(wanted.len())..)
}

/// Whether a member is a text that is not empty, for a member test on an object.
#[must_use]
pub fn has_text(object: &Object<'_>, name: &str) -> bool {
    matches!(object.get(name), crate::seen::Seen::Present(Json::Text(text)) if !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seen::Seen;
    use proptest::prelude::*;

    fn scripted(page: &str) -> Option<Scripted<'_>> {
        read(page.as_bytes(), &|object| has_text(object, "code"))
    }

    #[test]
    fn a_web_message_is_read_with_its_origin() {
        let page = r#"<html><body><script type="text/javascript">(function(window) {
            var authorizationResponse = {type: "authorization_response",response: {"code":"a\/b{","state":"s"}};
            window.parent.postMessage(authorizationResponse, "https:\/\/app.test"); })(window);</script>"#;
        let Some(Scripted::Message(object, origin)) = scripted(page) else { panic!("no message") };
        assert_eq!(object.text("code", 99), Seen::Present("a/b{".into()));
        assert_eq!(origin.as_deref(), Some(b"https://app.test".as_slice()));
    }

    #[test]
    fn a_location_counts_where_it_is_the_only_one() {
        let url = "https://app.test/cb?code=1&state=2";
        for page in [
            format!("<script>window.location.replace('{url}');</script>"),
            format!(
                "<SCRIPT>if (window.location.replace){{ window.location.replace('{url}'); }} else {{ window.location.href ='{url}'; }}</SCRIPT>"
            ),
            r#"<script>location = "https:\/\/app.test\/cb?code=1\x26state\u003d2"</script>"#.to_owned(),
        ] {
            assert_eq!(scripted(&page), Some(Scripted::Location(url.as_bytes().into())), "{page}");
        }
        for page in [
            format!("<script>location='{url}'; location='https://app.test/other'</script>"),
            format!("<p>location='{url}'</p>"),
            "<script>if (location == 'https://app.test/cb?code=1&state=2') {}</script>".to_owned(),
            "<script>location='unclosed</script>".to_owned(),
            "<script>".to_owned(),
        ] {
            assert_eq!(scripted(&page), None, "{page}");
        }
    }

    #[test]
    fn a_json_answer_names_its_target() {
        let read = |text: &str| read_json(&json::read_object(text.as_bytes()).unwrap().into_owned());
        assert_eq!(read(r#"{"component":"x","to":"https://a.test/"}"#).as_deref(), Some("https://a.test/"));
        assert_eq!(read(r#"{"success":{"href":"https://a.test/"}}"#).as_deref(), Some("https://a.test/"));
        assert_eq!(read(r#"{"to":7,"deep":{"to":"https://a.test/"}}"#), None);
    }

    #[test]
    fn hostile_pages_end() {
        let braces = format!("<script>web_message {}</script>", "{".repeat(100_000));
        assert_eq!(scripted(&braces), None);
        assert_eq!(scripted(&"<script>".repeat(10_000)), None);
        assert!(scripted(&format!("<script>{}</script>", "location='a\\".repeat(10_000))).is_some());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(page in proptest::collection::vec(any::<u8>(), 0..200), markup in "(<script>|</script>|location|=|'|\"|\\\\|\\{|\\}|web_message|u00|x2|code|:|\\.replace\\(){0,40}") {
            let _ = (read(&page, &|_| true), read(markup.as_bytes(), &|_| true));
        }
    }
}
