//! Every member of the configuration in one table: docs/configuration.md and the JSON Schema for editors come from it,
//! and tests hold it and the reader together. Natively only: nothing of it is in the module.

mod clients;

use serde_json::{Map, Value, json};

use super::{issuers, settings, sinks};

mod evidence;
mod judgement;
mod keys;
mod own_providers;

/// One member.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// JSON pointer; `*` stands for each entry of a list, or each name where the names are the user's.
    pub pointer: String,
    /// What may stand there, for people.
    pub kind: String,
    /// What holds if it is left out; `required` if it must not be.
    pub default: &'static str,
    /// What it does.
    pub meaning: &'static str,
    schema: Value,
}

/// The table, in reading order.
#[must_use]
pub fn reference() -> Vec<Member> {
    let mut members = head();
    members.extend(issuer());
    members.extend(clients::members());
    members.extend(own_providers::members());
    members.extend(sink());
    members.extend(keys::keys());
    members.extend(evidence::evidence());
    members.extend(people());
    members.extend(own_providers::capture());
    members.extend(judgement::members());
    members.extend(bounds());
    members
}

/// A JSON Schema (draft 2020-12) for editors. It says what the reader says, but for what a schema cannot say: secrets
/// in the environment, issuers that are the same, endpoints on foreign authorities.
#[must_use]
pub fn schema() -> Value {
    let mut schema = object("", &reference());
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!("oidc-audit plugin configuration, version 1.0"));
    Value::Object(schema)
}

/// The schema of an object: its members are the rows one step below `pointer`.
fn object(pointer: &str, members: &[Member]) -> Map<String, Value> {
    let below = format!("{pointer}/");
    let mut properties = Map::new();
    let mut required = Vec::new();
    for member in members {
        let Some(name) = member.pointer.strip_prefix(&below).filter(|name| !name.contains('/') && *name != "*") else {
            continue;
        };
        if member.default == "required" {
            required.push(json!(name));
        }
        properties.insert(name.to_owned(), described(member, members));
    }
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), Value::Array(required));
    }
    schema
}

/// The schema of a member; that of a list or object is filled from the rows below it, unless its row says all.
fn described(member: &Member, members: &[Member]) -> Value {
    let own = member.schema.as_object().cloned().unwrap_or_default();
    let kind = own.get("type").and_then(Value::as_str);
    let mut schema = match kind {
        Some("array") if !own.contains_key("items") => {
            let entries = Value::Object(object(&format!("{}/*", member.pointer), members));
            [("items".to_owned(), entries)].into_iter().collect()
        }
        Some("object") if !own.contains_key("additionalProperties") => object(&member.pointer, members),
        _ => Map::new(),
    };
    schema.extend(own);
    schema.insert("description".to_owned(), json!(member.meaning));
    Value::Object(schema)
}

fn head() -> Vec<Member> {
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

fn issuer() -> Vec<Member> {
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
            "boolean",
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

fn sink() -> Vec<Member> {
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
            json!({"type": "object", "propertyNames": {"pattern": "^[a-z0-9!#$%&'*+.^_`|~-]{1,128}$"}, "additionalProperties": {"oneOf": [{"type": "string", "minLength": 1, "maxLength": 4096}, secret()]}}),
        ),
        member(
            "/sinks/*/bearer",
            "`{\"env\": NAME}`",
            "none",
            "Bearer token of the deliveries (RFC 6750 §2.1).",
            secret(),
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

fn people() -> Vec<Member> {
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

fn bounds() -> Vec<Member> {
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

pub(super) fn member(pointer: &str, kind: &str, default: &'static str, meaning: &'static str, schema: Value) -> Member {
    Member { pointer: pointer.to_owned(), kind: kind.to_owned(), default, meaning, schema }
}

fn secret() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {"env": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,127}$"}, "inline": {"type": "string", "minLength": 1, "maxLength": 4096}},
        "oneOf": [{"required": ["env"]}, {"required": ["inline"]}],
    })
}

pub(super) fn words(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

pub(super) fn range(min: impl std::fmt::Display, max: impl std::fmt::Display) -> String {
    format!("{min} to {max}")
}
