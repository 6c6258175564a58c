//! Rows of the reference about what is recorded of people.

use serde_json::json;

use super::{Member, member, range, words};
use crate::config::settings;

pub(super) fn people() -> Vec<Member> {
    vec![
        member(
            "/privacy",
            "object",
            "`minimal`",
            "What is recorded of people.",
            json!({"type": "object", "if": {"properties": {"profile": {"enum": ["standard", "full"]}}, "required": ["profile"]}, "then": {"required": ["purpose"]}}),
        ),
        member(
            "/privacy/profile",
            &words(settings::PROFILES),
            "`minimal`",
            "How much: pseudonyms; subject identifiers and masks; identity claims. The last two need a purpose.",
            json!({"enum": settings::PROFILES}),
        ),
        member(
            "/privacy/purpose",
            "text of one line",
            "none",
            "Why, in words; recorded in `audit.start`.",
            json!({"type": "string", "minLength": 1, "maxLength": 256}),
        ),
        member(
            "/privacy/trusted_hops",
            &range(0, 16),
            "`0`",
            "Which entry of `X-Forwarded-For` is the source, counted from the right; 0: none, the peer is.",
            json!({"type": "integer", "minimum": 0, "maximum": 16}),
        ),
    ]
}
