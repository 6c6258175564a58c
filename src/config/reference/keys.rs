//! The rows of `keys`.

use serde_json::json;

use super::super::secrets;
use super::{Member, member};
use crate::record::MAX_PREVIOUS;

/// The rows, in reading order.
pub(super) fn keys() -> Vec<Member> {
    let mut members = vec![
        member(
            "/keys",
            "object",
            "drawn at random, per process",
            "The secrets that key join values and pseudonyms, and the one that signs. Without them joins hold inside one process until it ends, and the start record says `ephemeral`.",
            json!({"type": "object"}),
        ),
        member(
            "/keys/join",
            "object",
            "required",
            "Keys the join values that bind the records of one flow together.",
            json!({"type": "object"}),
        ),
        member(
            "/keys/pseudonym",
            "object",
            "required",
            "Keys pseudonyms of people; losing it makes them unreadable for good.",
            json!({"type": "object"}),
        ),
    ];
    for ring in secrets::RINGS {
        let exclusive = json!([{"required": ["env"]}, {"required": ["inline"]}]);
        let current = json!({"type": "object", "oneOf": exclusive});
        let previous = json!({"type": "array", "maxItems": MAX_PREVIOUS});
        members.push(member(&format!("/keys/{ring}/current"), "object", "required", "The key in use.", current));
        members.extend(key(&format!("/keys/{ring}/current")));
        members.push(member(
            &format!("/keys/{ring}/previous"),
            &format!("list of up to {MAX_PREVIOUS}"),
            "none",
            "Keys that were in use before, while values keyed with them still matter.",
            previous,
        ));
        members.extend(key(&format!("/keys/{ring}/previous/*")));
    }
    members.push(member(
        "/keys/signing",
        "object",
        "none",
        "The key that signs the checkpoints of records; its public part stands in the trust file of whoever verifies. The key before it is none of the filter's business.",
        json!({"type": "object"}),
    ));
    let exclusive = json!([{"required": ["env"]}, {"required": ["inline"]}]);
    let current = json!({"type": "object", "oneOf": exclusive});
    members.push(member("/keys/signing/current", "object", "required", "The key in use.", current));
    members.extend(key("/keys/signing/current"));
    members.push(member(
        "/insecure_inline",
        "true or false",
        "`false`",
        "Allows secrets in the configuration itself, for tests; the start record lists them by pointer.",
        json!({"type": "boolean"}),
    ));
    members
}

fn key(pointer: &str) -> [Member; 3] {
    let id = json!({"type": "string", "pattern": "^[a-df-z0-9][a-z0-9]{0,7}$"});
    let name = json!({"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,127}$"});
    let inline = json!({"type": "string", "pattern": "^[A-Za-z0-9_-]{43}=?$"});
    let at = |name: &str| format!("{pointer}/{name}");
    [
        member(&at("id"), "1 to 8 of a-z, 0-9; not `e…`", "required", "Its name in records.", id),
        member(&at("env"), "text", "none", "Environment variable that holds it: 32 bytes as base64url.", name),
        member(&at("inline"), "text", "none", "The secret itself; needs `insecure_inline`.", inline),
    ]
}
