//! Every secret of the corpus contains the word `canary`: no output may contain it, however it is written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// The marker.
const MARKER: &str = "canary";

/// What of the secrets a text contains, and how it is written; `None` when nothing.
pub(crate) fn found(text: &str, secrets: &[String]) -> Option<String> {
    let variants = [text.to_owned(), unescape(text, "%", 2), unescape(text, "\\u", 4), unescape(text, "\\u00", 2)];
    let markers = std::iter::once(MARKER).chain(secrets.iter().map(String::as_str));
    for marker in markers {
        for (how, needle) in writings(marker) {
            let hit = |text: &String| match how {
                "base64" => text.contains(&needle),
                _ => text.to_ascii_lowercase().contains(&needle),
            };
            if variants.iter().any(hit) {
                return Some(format!("{marker} ({how})"));
            }
        }
    }
    None
}

fn writings(marker: &str) -> Vec<(&'static str, String)> {
    let hex = marker.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut writings = vec![("raw", marker.to_ascii_lowercase()), ("hex", hex)];
    for offset in 0..3 {
        // the first and last characters depend on what stands beside the marker
        let encoded = STANDARD_NO_PAD.encode([&b"\0\0"[..offset], marker.as_bytes()].concat());
        let from = [0, 2, 3][offset];
        let to = if (marker.len() + offset) % 3 == 0 { encoded.len() } else { encoded.len() - 1 };
        let part = encoded[from..to].to_owned();
        writings.push(("base64", part.replace('+', "-").replace('/', "_")));
        writings.push(("base64", part));
    }
    writings
}

/// Undoes `%63` or `\u0063`, once.
fn unescape(text: &str, prefix: &str, digits: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(prefix) {
        let after = &rest[at + prefix.len()..];
        let escaped = after.get(..digits).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let Some(character) = escaped.and_then(char::from_u32) else {
            out.push_str(&rest[..at + prefix.len()]);
            rest = after;
            continue;
        };
        out.push_str(&rest[..at]);
        out.push(character);
        rest = &after[digits..];
    }
    out.push_str(rest);
    out
}
