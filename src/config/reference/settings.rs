//! The rows of what the whole filter keeps to: `version`, `enabled`, `evidence`, `privacy`, `capture`, `limits`, `delivery`,
//! `vantage`.

use serde_json::json;

use super::{Member, member, range, words};
use crate::config::settings;

/// The rows of `version` and `enabled`.
pub(super) fn head() -> Vec<Member> {
    vec![
        member(
            "/version",
            "text `1.x`",
            "`1.0`",
            "Version of the configuration's form. If it names a newer minor version than the filter knows, unknown members warn instead of being refused.",
            json!({"type": "string", "pattern": "^1\\.[0-9]+$"}),
        ),
        member(
            "/enabled",
            "true or false",
            "`true`",
            "Whether anything is watched at all.",
            json!({"type": "boolean"}),
        ),
    ]
}

/// The rows of `evidence`.
pub(super) fn evidence() -> Vec<Member> {
    let (least, _, most) = settings::BEAT_SECONDS;
    vec![
        member("/evidence", "object", "see below", "How records are sealed.", json!({"type": "object"})),
        member(
            "/evidence/signing",
            &words(settings::SIGNINGS),
            "`configured` with a key in `keys`, else unsigned",
            "Whose key signs checkpoints: the configured one, or one that each stream makes for itself and that the receiver binds to the proxy's identity. Unsigned checkpoints find accidents only.",
            json!({"enum": settings::SIGNINGS}),
        ),
        member(
            "/evidence/domain",
            "text",
            "none",
            "Name of the deployment in every checkpoint, to which keys can be bound.",
            json!({"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"}),
        ),
        member(
            "/evidence/beat_seconds",
            &range(least, most),
            "`60`",
            "Seconds between two beats: one stream of a process says that all of them are alive.",
            json!({"type": "integer", "minimum": least, "maximum": most}),
        ),
    ]
}

/// The rows of `privacy`.
pub(super) fn privacy() -> Vec<Member> {
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

/// The rows of `capture`.
pub(super) fn capture() -> Vec<Member> {
    vec![
        member("/capture", "object", "see below", "What is made of a provider's own pages.", json!({"type": "object"})),
        member(
            "/capture/login_forms",
            &words(settings::LOGIN_FORMS),
            "`outcome`",
            "What is made of login forms that the provider's profile knows: nothing; the outcome, from the answer alone; or the user's name as well, as a pseudonym, for which the request body is read and everything else in it passed over.",
            json!({"enum": settings::LOGIN_FORMS}),
        ),
        member(
            "/capture/interactions",
            "true or false",
            "`false`",
            "Whether further pages of a flow are recorded, as `interaction.step`.",
            json!({"type": "boolean"}),
        ),
    ]
}

/// The rows of `limits`, `delivery` and `vantage`.
pub(super) fn bounds() -> Vec<Member> {
    let (memory, _, memory_most) = settings::MEMORY;
    let (checks, _, checks_most) = settings::SIGNATURE_CHECKS;
    let (interval, _, interval_most) = settings::INTERVAL_MS;
    let (retain, _, retain_most) = settings::RETAIN_SECONDS;
    vec![
        member("/limits", "object", "see below", "Bounds.", json!({"type": "object"})),
        member(
            "/limits/memory",
            &range(memory, memory_most),
            "`16777216`",
            "Bytes per VM: half for bodies in flight, half for records that wait. 4 MiB is enough for a sidecar.",
            json!({"type": "integer", "minimum": memory, "maximum": memory_most}),
        ),
        member(
            "/limits/signature_checks",
            &format!("{}, or {}", range(checks, checks_most), words(settings::CHECK_WORDS)),
            "`20`",
            "Keys that are tried on the signatures of tokens, per second and VM; one costs about 1 ms of CPU. A token is checked once while it is remembered (the last 64). A quarter of the checks is kept for tokens that browsers carry: anybody can make those. Beyond them, signatures are recorded as `unchecked` with reason `budget`. `all`: without bound; `off` or 0: none.",
            json!({"anyOf": [{"type": "integer", "minimum": checks, "maximum": checks_most}, {"enum": settings::CHECK_WORDS}]}),
        ),
        member("/delivery", "object", "see below", "When records leave.", json!({"type": "object"})),
        member(
            "/delivery/interval_ms",
            &range(interval, interval_most),
            "`1000`",
            "Milliseconds between two looks at the queue.",
            json!({"type": "integer", "minimum": interval, "maximum": interval_most}),
        ),
        member(
            "/delivery/retain_seconds",
            &range(retain, retain_most),
            "`900`",
            "Seconds for which a batch that cannot be delivered is kept while memory allows.",
            json!({"type": "integer", "minimum": retain, "maximum": retain_most}),
        ),
        member(
            "/vantage",
            &words(settings::VANTAGES),
            "`auto`",
            "Where the proxy stands. `auto` decides by where the filter runs and what is configured.",
            json!({"enum": settings::VANTAGES}),
        ),
    ]
}
