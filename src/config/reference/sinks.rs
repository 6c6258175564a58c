//! The rows of `sinks`.

use serde_json::json;

use super::{Member, member, range, secrets, words};
use crate::config::sinks;

/// The rows, in reading order.
pub(super) fn members() -> Vec<Member> {
    let (least, _, most) = sinks::TIMEOUT_MS;
    vec![
        member(
            "/sinks",
            "list of exactly 1",
            "required",
            "Where records go.",
            json!({"type": "array", "minItems": 1, "maxItems": 1}),
        ),
        member(
            "/sinks/*/cluster",
            "text",
            "required",
            "Envoy cluster of the log cluster.",
            json!({"type": "string", "minLength": 1, "maxLength": 255}),
        ),
        member(
            "/sinks/*/name",
            "text",
            "`cluster`",
            "Name of the sink in records and log lines.",
            json!({"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"}),
        ),
        member(
            "/sinks/*/format",
            &words(sinks::FORMATS),
            "`json_lines`",
            "One record per line, each the canonical JSON of docs/record-format.md.",
            json!({"enum": sinks::FORMATS}),
        ),
        member(
            "/sinks/*/path",
            "path, with or without query",
            "`/`",
            "Request target of the deliveries.",
            json!({"type": "string", "pattern": "^/", "maxLength": 2048}),
        ),
        member(
            "/sinks/*/authority",
            "`host[:port]`",
            "`cluster`",
            "The deliveries' `:authority`.",
            json!({"type": "string", "minLength": 1, "maxLength": 255}),
        ),
        member(
            "/sinks/*/headers",
            "object",
            "none",
            "Further request headers, by lower-case name: a text, or `{\"env\": NAME}` where the value is a secret. A text under a name such as `authorization` or `x-api-key` counts as an inline secret.",
            json!({"type": "object", "propertyNames": {"pattern": "^[a-z0-9!#$%&'*+.^_`|~-]{1,128}$"}, "additionalProperties": {"oneOf": [{"type": "string", "minLength": 1, "maxLength": 4096}, secrets::secret()]}}),
        ),
        member(
            "/sinks/*/bearer",
            "`{\"env\": NAME}`",
            "none",
            "Bearer token of the deliveries (RFC 6750 §2.1).",
            secrets::secret(),
        ),
        member(
            "/sinks/*/content_type",
            "text",
            "`application/x-ndjson`",
            "The deliveries' `content-type`; receivers differ.",
            json!({"type": "string", "minLength": 1, "maxLength": 128}),
        ),
        member(
            "/sinks/*/accept",
            "list of 1 to 16 statuses from 200 to 299",
            "`[200]`",
            "Statuses by which the sink says that it has stored a batch.",
            json!({"type": "array", "minItems": 1, "maxItems": 16, "items": {"type": "integer", "minimum": 200, "maximum": 299}}),
        ),
        member(
            "/sinks/*/timeout_ms",
            &range(least, most),
            "`5000`",
            "Milliseconds after which a delivery counts as failed.",
            json!({"type": "integer", "minimum": least, "maximum": most}),
        ),
        member(
            "/sinks/*/required",
            "`true`",
            "`true`",
            "A required sink gets every record; the only sink of this version is.",
            json!({"const": true}),
        ),
    ]
}
