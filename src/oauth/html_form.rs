//! The first form of an HTML page (OAuth 2.0 Form Post Response Mode §2): enough of a tokenizer to read what a browser
//! would post, on any bytes. No DOM, no scripts.

use std::borrow::Cow;

/// The first form of a page.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct HtmlForm<'a> {
    /// `method` is `post`.
    pub is_post: bool,
    /// `action`, entities decoded; empty where there is none.
    pub action: Cow<'a, [u8]>,
    /// The hidden fields in order.
    pub fields: Vec<Field<'a>>,
    /// Nothing else asks the end-user for anything: only hidden fields and buttons.
    pub only_hidden: bool,
    /// The page has no second form, as far as it was read.
    pub alone: bool,
}

/// A hidden field, entities decoded.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Field<'a> {
    /// Its name.
    pub name: Cow<'a, [u8]>,
    /// Its value; empty where it has none.
    pub value: Cow<'a, [u8]>,
}

/// Fields of a form; no authorization response has more, and a page with more is something else.
const FIELDS: usize = 64;

/// Attributes of a tag that are looked at.
const ATTRIBUTES: usize = 32;

/// Without a form in this many bytes, a page has none that submits itself (PROTOCOL §2.9).
const WITHOUT_FORM: usize = 64 * 1024;

/// Reads the first form, and looks for a second one after it. `None` for a page without a form.
#[must_use]
pub fn read(page: &[u8]) -> Option<HtmlForm<'_>> {
    let mut tags = Tags { rest: page };
    let opening = tags.by_ref().find(|tag| tag.is(b"form") && !tag.closing)?;
    let is_post = opening.attribute(b"method").is_some_and(|method| method.eq_ignore_ascii_case(b"post"));
    let action = opening.attribute(b"action").map(|action| decode_entities(action.trim_ascii())).unwrap_or_default();
    let mut form = HtmlForm { is_post, action, fields: Vec::new(), only_hidden: true, alone: true };
    for tag in tags.by_ref().take_while(|tag| !(tag.is(b"form") && tag.closing)) {
        form.add(&tag);
        if !form.only_hidden {
            return Some(form);
        }
    }
    form.alone = !tags.any(|tag| tag.is(b"form") && !tag.closing);
    Some(form)
}

/// Whether more of the page would tell nothing more: no form has begun for 64 KiB.
#[must_use]
pub fn is_decided(page: &[u8]) -> bool {
    page.len() >= WITHOUT_FORM && find(page, b"<form").is_none()
}

/// Whether a tag of a page has an attribute among whose words (HTML §2.3.7) is `word`. Entities are not decoded: what is
/// asked for is a program's own mark.
#[must_use]
pub fn has_attribute(page: &[u8], name: &str, word: &str) -> bool {
    let has = |value: &[u8]| value.split(|byte| is_space(*byte)).any(|own| own == word.as_bytes());
    Tags { rest: page }.any(|tag| !tag.closing && tag.attribute(name.as_bytes()).is_some_and(has))
}

impl<'a> HtmlForm<'a> {
    fn add(&mut self, tag: &Tag<'a>) {
        if tag.closing {
            return;
        }
        let kind = tag.attribute(b"type").unwrap_or_default();
        let is = |name: &[u8]| kind.eq_ignore_ascii_case(name);
        if tag.is(b"input") && is(b"hidden") {
            let decoded = |name: &[u8]| tag.attribute(name).map(decode_entities);
            let value = || decoded(b"value").unwrap_or_default();
            self.fields.extend(decoded(b"name").map(|name| Field { name, value: value() }));
            self.only_hidden &= self.fields.len() <= FIELDS;
        } else if tag.is(b"input") {
            self.only_hidden &= is(b"submit") || is(b"button");
        } else {
            self.only_hidden &= !(tag.is(b"select") || tag.is(b"textarea"));
        }
    }
}

/// A tag with its attributes, values not decoded.
#[derive(Debug, Default)]
struct Tag<'a> {
    name: &'a [u8],
    closing: bool,
    attributes: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> Tag<'a> {
    fn is(&self, name: &[u8]) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The first of that name: the one that counts (HTML §13.2.5.33).
    fn attribute(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.attributes.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }
}

/// The tags of a page in order; comments and the content of scripts and their like are passed over.
/// The addresses of the frames of a page, entities decoded.
pub(super) fn frames(page: &[u8]) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let frames = Tags { rest: page }.filter(|tag| tag.is(b"iframe") && !tag.closing);
    frames.filter_map(|tag| Some(decode_entities(tag.attribute(b"src")?.trim_ascii())))
}

struct Tags<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        loop {
            let start = self.rest.iter().position(|byte| *byte == b'<')?;
            self.rest = self.rest.get(start.saturating_add(1)..)?;
            if let Some(comment) = self.rest.strip_prefix(b"!--") {
                self.rest = after(comment, b"-->")?;
            } else if self.rest.starts_with(b"!") || self.rest.starts_with(b"?") {
                self.rest = after(self.rest, b">")?;
            } else if let Some(tag) = self.tag() {
                let raw = !tag.closing && RAW.iter().any(|name| tag.is(name));
                if raw {
                    self.skip_content(tag.name);
                }
                return Some(tag);
            }
        }
    }
}

/// Elements whose content is text (HTML §13.1.2).
const RAW: [&[u8]; 5] = [b"script", b"style", b"textarea", b"title", b"xmp"];

impl<'a> Tags<'a> {
    /// The tag that begins here; `None` for a `<` that begins none, or a tag that does not end.
    fn tag(&mut self) -> Option<Tag<'a>> {
        let opened = self.rest.strip_prefix(b"/");
        let text = opened.unwrap_or(self.rest);
        // Looked at before the name is, so that a row of `<` is not read again and again.
        text.first().filter(|byte| byte.is_ascii_alphabetic())?;
        let (name, mut rest) = span(text, |byte| !is_space(byte) && !b"/>".contains(&byte));
        let mut tag = Tag { name, closing: opened.is_some(), attributes: Vec::new() };
        loop {
            (_, rest) = span(rest, |byte| is_space(byte) || byte == b'/');
            if let Some(after) = rest.strip_prefix(b">") {
                self.rest = after;
                return Some(tag);
            }
            let Some((attribute, after)) = attribute(rest) else {
                self.rest = b"";
                return None;
            };
            rest = after;
            if tag.attributes.len() < ATTRIBUTES {
                tag.attributes.push(attribute);
            }
        }
    }

    fn skip_content(&mut self, name: &[u8]) {
        let closing = [b"</", name].concat();
        self.rest = find(self.rest, &closing).and_then(|end| self.rest.get(end..)).unwrap_or_default();
    }
}

type Attribute<'a> = (&'a [u8], &'a [u8]);

/// One attribute and what follows it; `None` at the end of the page.
fn attribute(text: &[u8]) -> Option<(Attribute<'_>, &[u8])> {
    // A `=` where a name begins belongs to the name (HTML §13.2.5.32).
    let first = text.get(..1)?;
    let (_, rest) = span(text.get(1..)?, |byte| !is_space(byte) && !b"/>=".contains(&byte));
    let name = text.get(..text.len().saturating_sub(rest.len())).unwrap_or(first);
    let (_, value) = span(rest, is_space);
    let Some(value) = value.strip_prefix(b"=") else { return Some(((name, b""), rest)) };
    let (_, value) = span(value, is_space);
    match value.split_first() {
        Some((quote @ (b'"' | b'\''), quoted)) => {
            let end = quoted.iter().position(|byte| byte == quote)?;
            Some(((name, quoted.get(..end)?), quoted.get(end.saturating_add(1)..)?))
        }
        _ => {
            let (value, rest) = span(value, |byte| !is_space(byte) && byte != b'>');
            Some(((name, value), rest))
        }
    }
}

fn span(text: &[u8], belongs: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !belongs(*byte)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, b""))
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window.eq_ignore_ascii_case(wanted))
}

fn after<'a>(text: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    text.get(find(text, wanted)?.saturating_add(wanted.len())..)
}

/// Decodes the character references that URLs and tokens are written with; others stand for themselves.
fn decode_entities(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'&') {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        match reference(after).filter(|_| *byte == b'&') {
            Some((character, length)) => {
                plain.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = after.get(length..).unwrap_or_default();
            }
            None => {
                plain.push(*byte);
                rest = after;
            }
        }
    }
    Cow::Owned(plain)
}

/// The character that a reference stands for, and the length of the reference without its `&`.
fn reference(text: &[u8]) -> Option<(char, usize)> {
    let end = text.iter().take(LONGEST_REFERENCE).position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(text.get(..end)?).ok()?;
    let number = name.strip_prefix('#').map(|digits| match digits.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => digits.parse(),
    });
    let character = match (number, name) {
        (Some(number), _) => char::from_u32(number.ok()?)?,
        (None, "amp" | "AMP") => '&',
        (None, "lt") => '<',
        (None, "gt") => '>',
        (None, "quot") => '"',
        (None, "apos") => '\'',
        (None, "equals") => '=',
        (None, "plus") => '+',
        (None, "sol") => '/',
        (None, "colon") => ':',
        (None, "period") => '.',
        (None, "num") => '#',
        (None, "quest") => '?',
        (None, "percnt") => '%',
        (None, "lowbar") => '_',
        _ => return None,
    };
    Some((character, end.saturating_add(1)))
}

/// `#x0010FFFF;`
const LONGEST_REFERENCE: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields(form: &HtmlForm<'_>) -> Vec<(String, String)> {
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        form.fields.iter().map(|field| (text(&field.name), text(&field.value))).collect()
    }

    #[test]
    fn a_self_submitting_form_is_read_in_every_style() {
        let node = br#"<!DOCTYPE html><head><script>if (a<b) { document.write("<form>") }</script></head><body>
            <form method="post" action="https://app.test/cb?a=1&amp;b=2">
            <input type="hidden" name="code" value="a&#x2B;b&quot;c"/>
            <input type=hidden name=state value=s4>
            <noscript>Your browser doesn't<br/><button autofocus type="submit">Continue</button></noscript></form>
            <form><input name="q"></form>"#;
        let form = read(node).unwrap();
        assert!(form.is_post && form.only_hidden && !form.alone);
        assert_eq!(form.action.as_ref(), b"https://app.test/cb?a=1&b=2");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(fields(&form), [pair("code", "a+b\"c"), pair("state", "s4")]);
        let keycloak =
            br#"<HTML><BODY Onload="document.forms[0].submit()"><FORM METHOD="POST" ACTION="https://app.test/cb">
            <INPUT TYPE="HIDDEN" NAME="error" VALUE="access_denied" /></FORM>"#;
        let form = read(keycloak).unwrap();
        assert!(form.is_post && form.only_hidden && form.alone);
        assert_eq!(fields(&form), [pair("error", "access_denied")]);
    }

    #[test]
    fn a_form_that_asks_for_something_is_no_response() {
        for page in [
            "<form method=post action=/x><input type=hidden name=a><input type=password name=p></form>",
            "<form method=post><input name=code></form>",
            "<form method=post><select name=s></select></form>",
            "<form method=post><textarea><input type=hidden></textarea></form>",
        ] {
            assert!(!read(page.as_bytes()).unwrap().only_hidden, "{page}");
        }
        assert_eq!(read(b"<p>no form</p><!-- <form> --><script><form></script>"), None);
    }

    #[test]
    fn hostile_pages_end() {
        let many = format!("<form method=post>{}", "<input type=hidden name=a value=b>".repeat(10_000));
        let form = read(many.as_bytes()).unwrap();
        assert!(!form.only_hidden && form.fields.len() == FIELDS + 1);
        for page in
            ["<form", "<form a='", "<form a=", "<form <form>", "<", "<!--", "<form><input type=\"hidden", "<form =/=>"]
        {
            let _ = read(page.as_bytes());
        }
        assert!(read("<".repeat(100_000).as_bytes()).is_none());
        assert!(read(format!("<form {}>", "a=b ".repeat(10_000)).as_bytes()).is_some());
    }

    #[test]
    fn a_page_without_a_form_is_decided_some_day() {
        assert!(!is_decided(b"<html><FORM><input></Form"));
        assert!(!is_decided(b"</form><p>"));
        assert!(is_decided(&vec![b' '; WITHOUT_FORM]));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(page in proptest::collection::vec(any::<u8>(), 0..256)) {
            let _ = (read(&page), is_decided(&page), decode_entities(&page));
        }

        #[test]
        fn no_markup_panics(page in "(<|>|/|=|\"|'|form|input|type|hidden|name|value|script|<!--|-->|&|#|;|x| ){0,60}") {
            let _ = (read(page.as_bytes()), is_decided(page.as_bytes()), decode_entities(page.as_bytes()));
        }

        #[test]
        fn fields_come_back_as_they_were_written(pairs in proptest::collection::vec(("[a-z_]{1,8}", "\\PC{0,20}"), 0..8)) {
            let escape = |text: &str| text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
            let inputs: String = pairs.iter().map(|(name, value)| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\"/>", escape(value))).collect();
            let page = format!("<form method=\"post\" action=\"https://a.test/\">{inputs}</form>");
            let form = read(page.as_bytes()).unwrap();
            prop_assert_eq!(fields(&form), pairs);
        }
    }
}
