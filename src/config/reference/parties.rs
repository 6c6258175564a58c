//! The rows of `relying_parties` and `resource_servers`.

use serde_json::json;

use super::{Member, member};
use crate::config::{issuers, parties};

pub(super) fn members() -> Vec<Member> {
    let authority = json!({"type": "string", "minLength": 1, "maxLength": 255});
    let path = json!({"type": "string", "pattern": "^/", "maxLength": issuers::URL});
    let url = json!({"type": "string", "pattern": "^https?://", "maxLength": issuers::URL});
    let list = |most: usize| json!({"type": "array", "maxItems": most});
    let count = format!("list of up to {}", parties::PARTIES);
    let mut members = Vec::new();
    for (name, meaning, known) in [
        (
            "relying_parties",
            "Clients whose own traffic is audited: where flows begin and end at them. Of their requests and answers the heads are read, and bodies only where an endpoint below says so.",
            parties::RELYING_PARTY,
        ),
        (
            "resource_servers",
            "Resource servers whose access tokens are audited: their use, and their refusal. No body is read.",
            parties::RESOURCE_SERVER,
        ),
    ] {
        members.push(member(&format!("/{name}"), &count, "none", meaning, list(parties::PARTIES)));
        for entry in known {
            let at = format!("/{name}/*/{entry}");
            members.push(match *entry {
                "authority" => member(&at, "`host[:port]`", "required", "Where it is reached.", authority.clone()),
                "issuer" => member(
                    &at,
                    "URL",
                    "what messages name",
                    "The issuer that it trusts: one of `issuers`.",
                    url.clone(),
                ),
                "anonymous_paths" => member(
                    &at,
                    &format!("list of up to {} paths", parties::ANONYMOUS),
                    "none",
                    "Paths at and below which a token decides nothing: there none is looked for.",
                    json!({"type": "array", "maxItems": parties::ANONYMOUS, "items": path.clone()}),
                ),
                "audiences" => member(
                    &at,
                    &format!("list of up to {} texts", parties::AUDIENCES),
                    "none",
                    "Audiences by which it knows itself: an access token that names none of them is a finding (B-06, B-14).",
                    json!({"type": "array", "maxItems": parties::AUDIENCES, "items": {"type": "string", "minLength": 1, "maxLength": issuers::URL}}),
                ),
                "missing_tokens" => member(
                    &at,
                    "true or false",
                    "`false`",
                    "Whether a request that is refused for want of a token is recorded (`bearer.missing`).",
                    json!({"type": "boolean"}),
                ),
                other => member(&at, "path", "none", endpoint(other), path.clone()),
            });
        }
    }
    members
}

fn endpoint(name: &str) -> &'static str {
    match name {
        "login" => "Where a flow begins; a URL in its JSON answer is read too.",
        "initiate_login" => "Where a third party sends the browser to begin a flow (OpenID Connect Core 1.0 §4).",
        "callback" => "The redirection endpoint (RFC 6749 §3.1.2); forms that are posted there are read.",
        "post_logout" => "Where the browser returns after a logout (RP-Initiated Logout 1.0 §3).",
        "logout" => "Where the client ends its own session.",
        "frontchannel_logout" => "Front-Channel Logout 1.0 §2.",
        "backchannel_logout" => "Back-Channel Logout 1.0 §2.2.",
        "ciba_notification" => "CIBA Core 1.0 §10.2, §10.3.",
        "request_object" => "Where authorization servers fetch request objects (RFC 9101 §5.2.2).",
        "client_metadata" => "The client's metadata document.",
        "client_jwks" => "The client's JWK Set.",
        _ => "Where security events are pushed to (RFC 8935 §2).",
    }
}
