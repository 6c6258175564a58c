//! Placeholders of fixture files: what plain text cannot hold, or could not be reviewed.
//!
//! | Placeholder | Becomes |
//! |---|---|
//! | `{{x:FF 00}}` | these bytes |
//! | `{{repeat:text:1000}}` | the text so many times |
//! | `{{b64:text}}`, `{{b64u:text}}` | RFC 4648 §4 with padding, §5 without |
//! | `{{jwt\|header\|payload\|signature}}` | both JSON texts in base64url, and the signature as it stands |
//!
//! `x` and `repeat` may stand inside the other two.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// Expands every placeholder of a text.
pub(crate) fn expand(text: &[u8]) -> Vec<u8> {
    let inner = replace(text, &[("x:", first_end, bytes), ("repeat:", first_end, repeat)]);
    replace(&inner, &[("b64:", last_end, standard), ("b64u:", last_end, url_safe), ("jwt|", jwt_end, jwt)])
}

/// How it begins, where it ends, what it becomes.
type Kind = (&'static str, fn(&[u8]) -> Option<usize>, fn(&[u8]) -> Vec<u8>);

fn replace(text: &[u8], kinds: &[Kind]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = find(rest, b"{{") {
        let after = &rest[start + 2..];
        let known = kinds.iter().find(|(name, ..)| after.starts_with(name.as_bytes()));
        let Some((name, end_of, expansion)) = known else {
            out.extend_from_slice(&rest[..start + 1]);
            rest = &rest[start + 1..];
            continue;
        };
        let content = &after[name.len()..];
        let end = end_of(content).unwrap_or_else(|| panic!("{{{{{name} is not closed"));
        out.extend_from_slice(&rest[..start]);
        out.extend(expansion(&content[..end]));
        rest = &content[end + 2..];
    }
    out.extend_from_slice(rest);
    out
}

fn first_end(content: &[u8]) -> Option<usize> {
    find(content, b"}}")
}

/// Of a run of braces the last two, so that JSON may stand before them.
fn last_end(content: &[u8]) -> Option<usize> {
    let mut end = first_end(content)?;
    while content.get(end + 2) == Some(&b'}') {
        end += 1;
    }
    Some(end)
}

/// After the signature, which has no braces.
fn jwt_end(content: &[u8]) -> Option<usize> {
    let mut bars = content.iter().enumerate().filter(|(_, byte)| **byte == b'|');
    let signature = bars.nth(1)?.0;
    Some(signature + first_end(&content[signature..])?)
}

fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len()).position(|window| window == needle)
}

fn bytes(content: &[u8]) -> Vec<u8> {
    let digits = String::from_utf8(content.iter().copied().filter(|byte| *byte != b' ').collect()).unwrap();
    digits.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn repeat(content: &[u8]) -> Vec<u8> {
    let colon = content.iter().rposition(|byte| *byte == b':').unwrap();
    let count: usize = str::from_utf8(&content[colon + 1..]).unwrap().parse().unwrap();
    content[..colon].repeat(count)
}

fn standard(content: &[u8]) -> Vec<u8> {
    STANDARD.encode(content).into_bytes()
}

fn url_safe(content: &[u8]) -> Vec<u8> {
    URL_SAFE_NO_PAD.encode(content).into_bytes()
}

fn jwt(content: &[u8]) -> Vec<u8> {
    let mut parts = content.splitn(3, |byte| *byte == b'|');
    let mut part = || parts.next().expect("a header, a payload and a signature");
    let (header, payload, signature) = (part(), part(), part());
    [&url_safe(header), b".".as_slice(), &url_safe(payload), b".", signature].concat()
}
