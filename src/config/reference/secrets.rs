//! The rows of `keys`, and the form of other secrets.

use serde_json::{Value, json};

use super::{Member, member};
use crate::config::secrets;
use crate::record::MAX_PREVIOUS;

/// The rows, in reading order.
pub(super) fn members() -> Vec<Member> {
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
        let previous = json!({"type": "array", "maxItems": MAX_PREVIOUS});
        members.extend(current(ring));
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
    members.extend(current("signing"));
    members.push(member(
        "/insecure_inline",
        "true or false",
        "`false`",
        "Allows secrets in the configuration itself, for tests; the start record lists them by pointer.",
        json!({"type": "boolean"}),
    ));
    members
}

/// The form of a secret: a variable of the environment, or the secret itself.
pub(super) fn secret() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {"env": variable(), "inline": {"type": "string", "minLength": 1, "maxLength": 4096}},
        "oneOf": one_place(),
    })
}

fn current(key_of: &str) -> Vec<Member> {
    let pointer = format!("/keys/{key_of}/current");
    let schema = json!({"type": "object", "oneOf": one_place()});
    let mut members = vec![member(&pointer, "object", "required", "The key in use.", schema)];
    members.extend(key(&pointer));
    members
}

fn key(pointer: &str) -> [Member; 3] {
    let id = json!({"type": "string", "pattern": "^[a-df-z0-9][a-z0-9]{0,7}$"});
    let inline = json!({"type": "string", "pattern": "^[A-Za-z0-9_-]{43}=?$"});
    let at = |name: &str| format!("{pointer}/{name}");
    [
        member(&at("id"), "1 to 8 of a-z, 0-9; not `e…`", "required", "Its name in records.", id),
        member(&at("env"), "text", "none", "Environment variable that holds it: 32 bytes as base64url.", variable()),
        member(&at("inline"), "text", "none", "The secret itself; needs `insecure_inline`.", inline),
    ]
}

fn variable() -> Value {
    json!({"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,127}$"})
}

fn one_place() -> Value {
    json!([{"required": ["env"]}, {"required": ["inline"]}])
}
