//! The rows of `evidence`.

use serde_json::json;

use super::{Member, member, range, words};
use crate::config::settings;

/// The rows, in reading order.
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
