//! The rows of `rules`.

use serde_json::json;

use super::{Member, member, range, words};
use crate::config::rules;
use crate::rules::Rule;

pub(super) fn members() -> Vec<Member> {
    let uris = |what: &'static str, name: &str, meaning: &'static str| {
        let schema = json!({"type": "array", "maxItems": rules::LIST, "items": {"type": "string", "minLength": 1, "maxLength": rules::TEXT}});
        member(
            &format!("/rules/clients/*/{name}"),
            &format!("list of up to {} {what}", rules::LIST),
            "not known",
            meaning,
            schema,
        )
    };
    let (least, most) = rules::SECONDS;
    let seconds = |name: &str, default: &'static str, meaning: &'static str| {
        let schema = json!({"type": "integer", "minimum": least, "maximum": most});
        member(&format!("/rules/lifetimes/{name}"), &range(least, most), default, meaning, schema)
    };
    let text = json!({"type": "string", "minLength": 1, "maxLength": rules::TEXT});
    let ids: Vec<&str> = Rule::all().map(Rule::as_str).collect();
    vec![
        member(
            "/rules",
            "object",
            "see below",
            "What is judged of an exchange: [`findings.md`](findings.md).",
            json!({"type": "object"}),
        ),
        member(
            "/rules/off",
            "list of ids of rules",
            "none",
            "Rules that are not looked at.",
            json!({"type": "array", "maxItems": rules::RULES, "items": {"enum": ids}}),
        ),
        member(
            "/rules/severity",
            "object: id of a rule, and `info`, `low`, `medium`, `high` or `critical`",
            "the table's",
            "Severities of your own, whatever the circumstances. An attempt is one step below.",
            json!({"type": "object", "propertyNames": {"enum": ids}, "additionalProperties": {"enum": rules::SEVERITIES}}),
        ),
        member(
            "/rules/baseline",
            &words(rules::BASELINES),
            "none",
            "The profile that this deployment claims to follow (FAPI 2.0 Security Profile, OAuth 2.1): some rules are then one step more severe, or fire at all.",
            json!({"enum": rules::BASELINES}),
        ),
        member(
            "/rules/plaintext",
            &words(rules::PLAINTEXTS),
            "`auto`",
            "When a request without TLS is a finding, by the scheme that Envoy gives it and the TLS of its connection. `auto`: when it comes from a public address and `x-forwarded-proto` is not `https`; `always`: always, because TLS ends at this listener; `never`: TLS ends before it.",
            json!({"enum": rules::PLAINTEXTS}),
        ),
        member(
            "/rules/lifetimes",
            "object",
            "see below",
            "The longest lives of tokens, in seconds.",
            json!({"type": "object"}),
        ),
        seconds("access_token", "`3600`", "Of an access token that anybody can use who has it."),
        seconds("bound_access_token", "`86400`", "Of an access token that is bound to its holder."),
        seconds("id_token", "`86400`", "Of an ID token."),
        member(
            "/rules/clients",
            &format!("list of up to {}", rules::CLIENTS),
            "none",
            "What is known of clients, for rules that compare with it.",
            json!({"type": "array", "maxItems": rules::CLIENTS}),
        ),
        member("/rules/clients/*/id", "text", "required", "`client_id`", text.clone()),
        member(
            "/rules/clients/*/issuer",
            "text",
            "any",
            "The issuer that it is registered with, where ids are not unique.",
            text,
        ),
        member(
            "/rules/clients/*/confidential",
            "true or false",
            "not known",
            "Whether the client can keep a secret (RFC 6749 §2.1).",
            json!({"type": "boolean"}),
        ),
        member(
            "/rules/clients/*/par_required",
            "true or false",
            "`false`",
            "Whether its authorization requests must be pushed (RFC 9126 §6).",
            json!({"type": "boolean"}),
        ),
        uris("URIs", "redirect_uris", "Registered redirection endpoints."),
        uris("URIs", "post_logout_redirect_uris", "Registered places to return to from a logout."),
        uris("URIs", "request_uris", "Registered places of request objects."),
        uris("words", "scopes", "Scopes that it may ask for."),
        uris("words", "audiences", "Audiences of tokens that are meant for it, where it is a resource server."),
    ]
}
