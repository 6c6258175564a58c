//! The rows of `issuers`.

use serde_json::json;

use super::{Member, member, words};
use crate::config::issuers;

/// The rows, in reading order.
pub(super) fn members() -> Vec<Member> {
    let authority = json!({"type": "string", "minLength": 1, "maxLength": 255});
    let mut members = vec![
        member(
            "/issuers",
            &format!("list of 1 to {}", issuers::ISSUERS),
            "required",
            "The authorization servers whose traffic is audited. Authorities that no issuer, relying party or resource server owns are unrelated: of their requests the authority is read and nothing else.",
            json!({"type": "array", "minItems": 1, "maxItems": issuers::ISSUERS}),
        ),
        member(
            "/issuers/*/issuer",
            "URL",
            "required",
            "The issuer identifier (OpenID Connect Discovery 1.0 §3): https, without user, query and fragment; http for loopback hosts only. Compared with metadata documents byte for byte.",
            json!({"type": "string", "pattern": "^https?://", "maxLength": issuers::URL}),
        ),
        member(
            "/issuers/*/provider",
            "a name of docs/providers.md or of `providers`",
            "none",
            "Which product it is: adds the product's paths, quirks and login forms.",
            json!({"type": "string", "minLength": 1, "maxLength": 64}),
        ),
        member(
            "/issuers/*/cluster",
            "text",
            "none",
            "Envoy cluster from which the filter fetches the issuer's metadata document and its keys (`jwks_uri`), once per process. Without it they are learnt when they pass by.",
            json!({"type": "string", "minLength": 1, "maxLength": 255}),
        ),
        member(
            "/issuers/*/authorities",
            &format!("list of up to {} `host[:port]`", issuers::AUTHORITIES),
            "that of `issuer` alone",
            "Further authorities under which the issuer is reached.",
            json!({"type": "array", "maxItems": issuers::AUTHORITIES, "items": authority}),
        ),
        member(
            "/issuers/*/jar_semantics",
            &words(issuers::JAR_SEMANTICS),
            "by provider, else `oidc`",
            "Which parameters count beside a request object: `rfc9101`, those of the object alone; `oidc`, those of the object over those beside it (OpenID Connect Core §6.1).",
            json!({"enum": issuers::JAR_SEMANTICS}),
        ),
        member(
            "/issuers/*/mtls_oauth",
            "true or false",
            "`false`",
            "The client certificate of this issuer's back channel is the OAuth client's (RFC 8705), and not a workload's identity in a mesh: then it counts as client authentication.",
            json!({"type": "boolean"}),
        ),
        member(
            "/issuers/*/endpoints",
            "object",
            "from metadata, provider and message shapes",
            "Endpoints that are known beforehand; they win over every other source.",
            json!({"type": "object"}),
        ),
    ];
    members.extend(issuers::ENDPOINTS.iter().map(|name| {
        let schema = json!({"type": "string", "pattern": "^(/|https?://[^/]+/)", "maxLength": issuers::URL});
        let meaning = match *name {
            "check_session" => {
                "The same. Looks at sessions are recorded only where this is set: browsers look every few seconds."
            }
            _ => "An absolute path, or a URL on an authority of this issuer; without query and fragment.",
        };
        member(&format!("/issuers/*/endpoints/{name}"), "path or URL", "none", meaning, schema)
    }));
    members
}
