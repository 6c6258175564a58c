//! One JSON Schema (2020-12) per event, made from the types and narrowed to what records of that event consist of.
//!
//! Native only. Beside what the types say: closed vocabularies, forms of ids, no empty values, and the personal-data class
//! of each member (`x-personal-data`, PROTOCOL §5.4).

use std::collections::{BTreeMap, BTreeSet};

use schemars::schema_for;
use serde_json::{Map, Value, json};

use crate::record::draft::SCHEMA;
use crate::record::event::Event;
use crate::record::model::Record;
use crate::record::notes::MAX_INTEGER;
use crate::record::personal;
use crate::record::shape::{ENVELOPE, Lists, Shape};
use crate::record::text::TEXT_LIMIT;

/// What a member is beyond its type.
enum Rule {
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A text of this form.
    Pattern(&'static str),
    /// A map with these names at most.
    Names(&'static [&'static str]),
}

/// The schema of every event, by the event's name.
#[must_use]
pub fn schemas() -> BTreeMap<&'static str, Value> {
    let mut general = serde_json::to_value(schema_for!(Record)).unwrap_or_default();
    tighten(&mut general);
    for (path, rule) in RULES {
        if let Some(member) = member(&mut general, path) {
            rule.apply(member);
        }
    }
    if let Some(rule) = member(&mut general, "FindingSection.rule") {
        let ids: Vec<&str> = crate::rules::table().iter().map(|rule| rule.id).collect();
        rule.insert("pattern".to_owned(), Value::from(format!("^({})(\\.attempt)?$", ids.join("|"))));
    }
    personal::annotate(&mut general);
    Event::all().map(|event| (event.as_str(), narrow(general.clone(), event))).collect()
}

/// Removes what records never hold (nulls, empty values, unknown members) from what the types allow.
fn tighten(schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else { return };
    for (keyword, inner) in schema.iter_mut() {
        match (keyword.as_str(), inner) {
            ("$defs" | "properties", Value::Object(members)) => members.values_mut().for_each(tighten),
            ("additionalProperties" | "items", inner) => tighten(inner),
            _ => {}
        }
    }
    tighten_one(schema);
}

fn tighten_one(schema: &mut Map<String, Value>) {
    schema.remove("default");
    // A format of schemars alone.
    schema.remove("format");
    if let Some(Value::Array(choices)) = schema.remove("anyOf") {
        let choice = choices.into_iter().find(|choice| choice.get("$ref").is_some());
        schema.extend(choice.and_then(|choice| choice.as_object().cloned()).unwrap_or_default());
    }
    if let Some(Value::Array(types)) = schema.get("type") {
        let kind = types.iter().find(|kind| *kind != "null").cloned();
        schema.insert("type".to_owned(), kind.unwrap_or_default());
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("array") => extend(schema, json!({"minItems": 1})),
        Some("integer") => {
            if schema.get("maximum").is_none() {
                extend(schema, json!({"maximum": MAX_INTEGER}));
            }
            extend(schema, json!({"minimum": 0}));
        }
        Some("object") if schema.contains_key("properties") => {
            extend(schema, json!({"additionalProperties": false, "minProperties": 1}));
        }
        Some("object") => extend(schema, json!({"minProperties": 1})),
        Some("string") => extend(schema, json!({"maxLength": TEXT_LIMIT, "minLength": 1})),
        _ => {}
    }
}

impl Rule {
    /// Applies to the member, or to the items of a list and the values of a map.
    fn apply(&self, member: &mut Map<String, Value>) {
        match self {
            Self::OneOf(words) => extend_inner(member, json!({ "enum": words })),
            Self::Pattern(pattern) => extend_inner(member, json!({ "pattern": pattern })),
            Self::Names(names) => extend(member, json!({ "propertyNames": { "enum": names } })),
        }
    }
}

/// The schema of one event: its sections, its members of them, and no definition that is not used.
fn narrow(mut schema: Value, event: Event) -> Value {
    let shape = event.shape();
    let required: BTreeSet<&str> = ENVELOPE.iter().chain(shape.required).copied().collect();
    retain(&mut schema, "", &[&[ENVELOPE], shape.members].concat());
    for (section, members) in sections(&shape) {
        retain(&mut schema, section, members);
    }
    if let Some(name) = member(&mut schema, "event") {
        let class = (personal::CLASS.to_owned(), "none".into());
        *name = Map::from_iter([("const".to_owned(), event.as_str().into()), class]);
    }
    if let Some(root) = schema.as_object_mut() {
        extend(root, json!({ "required": required, "title": event.as_str() }));
    }
    drop_unused(&mut schema);
    schema
}

fn sections(shape: &Shape) -> [(&'static str, Lists); 3] {
    [("request", shape.request), ("response", shape.response), ("audit", shape.audit)]
}

/// Keeps the listed members of a section, or of the record itself.
fn retain(schema: &mut Value, section: &str, members: &[&[&str]]) {
    let section = if section.is_empty() { schema.as_object_mut() } else { definition(schema, section) };
    if let Some(properties) = section.and_then(|section| section.get_mut("properties")).and_then(Value::as_object_mut) {
        properties.retain(|name, _| members.iter().any(|list| list.contains(&name.as_str())));
    }
}

fn drop_unused(schema: &mut Value) {
    loop {
        let mut used = BTreeSet::new();
        references(schema, &mut used);
        let Some(definitions) = schema.get_mut("$defs").and_then(Value::as_object_mut) else { return };
        let before = definitions.len();
        definitions.retain(|name, _| used.contains(name));
        if definitions.len() == before {
            return;
        }
    }
}

fn references(schema: &Value, used: &mut BTreeSet<String>) {
    match schema {
        Value::Array(items) => items.iter().for_each(|item| references(item, used)),
        Value::Object(schema) => {
            used.extend(schema.get("$ref").and_then(referred).map(str::to_owned));
            schema.values().for_each(|member| references(member, used));
        }
        Value::Bool(_) | Value::Null | Value::Number(_) | Value::String(_) => {}
    }
}

/// The schema of a member: `client.id`, or `Pseudonym.hmac` for a definition that several members share.
pub(super) fn member<'s>(schema: &'s mut Value, path: &str) -> Option<&'s mut Map<String, Value>> {
    let (section, name) = path.split_once('.').map_or((None, path), |(section, name)| (Some(section), name));
    let section = match section {
        Some(section) => definition(schema, section)?,
        None => schema.as_object_mut()?,
    };
    section.get_mut("properties")?.get_mut(name)?.as_object_mut()
}

/// The definition of a section of the record, or by its own name.
fn definition<'s>(schema: &'s mut Value, section: &str) -> Option<&'s mut Map<String, Value>> {
    let by_section = schema.get("properties").and_then(|properties| properties.get(section));
    let name = by_section.and_then(|section| section.get("$ref")).and_then(referred).unwrap_or(section).to_owned();
    schema.get_mut("$defs")?.get_mut(&name)?.as_object_mut()
}

fn referred(reference: &Value) -> Option<&str> {
    reference.as_str()?.strip_prefix("#/$defs/")
}

/// Extends the items of a list or the values of a map, however deep, else the schema itself.
fn extend_inner(schema: &mut Map<String, Value>, more: Value) {
    let place =
        ["items", "additionalProperties"].into_iter().find(|place| schema.get(*place).is_some_and(Value::is_object));
    match place.and_then(|place| schema.get_mut(place)).and_then(Value::as_object_mut) {
        Some(inner) => extend_inner(inner, more),
        None => {
            // A closed list says more than a length.
            if more.get("enum").is_some() {
                schema.retain(|keyword, _| !matches!(keyword.as_str(), "maxLength" | "minLength"));
            }
            extend(schema, more);
        }
    }
}

fn extend(schema: &mut Map<String, Value>, more: Value) {
    if let Value::Object(more) = more {
        schema.extend(more);
    }
}

const MOMENT: Rule = Rule::Pattern(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$");
const HASHED: Rule = Rule::Pattern(r"^[a-z0-9]{1,8}\.[A-Za-z0-9_-]{22}$");
const KEY_ID: Rule = Rule::Pattern("^[a-z0-9]{1,8}$");
const DIGEST: Rule = Rule::Pattern("^[0-9a-f]{64}$");
const TRUST: Rule = Rule::OneOf(&["accepted", "direct", "unverified", "verified"]);
const VERDICT: Rule = Rule::OneOf(&["missing", "right", "unchecked", "wrong"]);
const SIGNATURE: Rule = Rule::OneOf(&["failed", "unchecked", "verified"]);
const UNCHECKED: Rule = Rule::OneOf(&["algorithm", "budget", "encrypted", "key_unknown", "no_keys", "off"]);
const CLAIMS: &[&str] = &["at_hash", "aud", "azp", "c_hash", "exp", "iss", "nonce", "s_hash"];
const ID_SOURCES: &[&str] = &["attestation", "basic", "client_assertion", "parameter", "response", "token"];
const METHODS: &[&str] = &[
    "attest_jwt_client_auth",
    "client_secret_basic",
    "client_secret_jwt",
    "client_secret_post",
    "none",
    "private_key_jwt",
    "saml2",
    "several",
    "tls_client_auth",
];
const BODY: Rule = Rule::OneOf(&["complete", "truncated", "undecoded", "unparseable"]);
const ROLES: &[&str] = &[
    "actor",
    "assertion",
    "at",
    "cajti",
    "cert",
    "ciba",
    "code",
    "dev",
    "dpjti",
    "dpop",
    "dsec",
    "idt",
    "ix",
    "jti",
    "lstate",
    "nonce",
    "par",
    "pkce",
    "resp",
    "robj",
    "rt_in",
    "rt_out",
    "sid",
    "state",
    "sub",
    "subj",
    "tok",
    "txn",
    "ucode",
    "username",
];

/// Closed vocabularies and forms. A new word here is an addition to the format.
const RULES: &[(&str, Rule)] = &[
    ("schema", Rule::OneOf(&[SCHEMA])),
    ("id", Rule::Pattern("^[0-9a-f]{32}-[1-9][0-9]*$")),
    ("salt", Rule::Pattern("^[A-Za-z0-9_-]{22}$")),
    ("ts", MOMENT),
    ("outcome", Rule::OneOf(&["failure", "pending", "success", "unknown"])),
    (
        "reason",
        Rule::OneOf(&[
            "body_encoding",
            "body_truncated",
            "body_unparseable",
            "credentials_rejected",
            "encrypted",
            "http_status",
            "inactive",
            "interaction",
            "local_reply",
            "no_response",
            "not_modified",
            "oauth_error",
            "poll",
            "retry_nonce",
        ]),
    ),
    ("vantage", Rule::OneOf(&["edge", "idp-in", "idp-out", "rp-in", "rp-out", "rs-in"])),
    ("recognition", Rule::OneOf(&["configured", "discovered", "heuristic", "profile"])),
    ("confidence", Rule::OneOf(&["certain", "high", "low", "medium"])),
    ("join", Rule::Names(ROLES)),
    ("join", HASHED),
    ("exchange.id", Rule::Pattern("^[0-9a-f]{32}$")),
    ("exchange.request_id", Rule::Pattern("^[A-Za-z0-9._-]{1,128}$")),
    ("exchange.trace_id", Rule::Pattern("^[0-9a-f]{32}$")),
    ("exchange.scheme", Rule::OneOf(&["http", "https"])),
    ("exchange.response_source", Rule::OneOf(&["local", "none", "upstream"])),
    ("source.address_from", Rule::OneOf(&["peer", "xff"])),
    ("observer.direction", Rule::OneOf(&["inbound", "outbound"])),
    ("client.id_source", Rule::OneOf(ID_SOURCES)),
    ("client.contradicted_by", Rule::OneOf(ID_SOURCES)),
    ("client.auth_method", Rule::OneOf(METHODS)),
    ("client.tried", Rule::OneOf(METHODS)),
    ("SignedMessageSection.checks", VERDICT),
    ("SignedMessageSection.checks", Rule::Names(CLAIMS)),
    ("SignedMessageSection.signature", SIGNATURE),
    ("SignedMessageSection.signature_reason", UNCHECKED),
    ("DpopSection.checks", VERDICT),
    ("DpopSection.checks", Rule::Names(&["ath", "bound", "htm", "htu", "jwk", "typ"])),
    (
        "hidden",
        Rule::OneOf(&[
            "fragment",
            "jwe_id_token",
            "jwe_request",
            "jwe_response",
            "jwe_userinfo",
            "opaque_at",
            "tls_passthrough",
            "truncated",
            "undecoded",
        ]),
    ),
    ("subject.trust", TRUST),
    ("Pseudonym.hmac", HASHED),
    ("request.body_format", Rule::OneOf(&["form", "json", "multipart"])),
    ("request.auth_scheme", Rule::OneOf(&["bearer", "dpop"])),
    ("request.observed_as", Rule::OneOf(&["redirect_out"])),
    ("request.delivery", Rule::OneOf(&["json", "post", "query"])),
    ("response.challenges", Rule::OneOf(&["bearer", "dpop"])),
    ("role", Rule::OneOf(&["broker"])),
    ("token.trust", TRUST),
    ("flow.upstream", HASHED),
    ("request.form", Rule::OneOf(&["par", "plain", "request", "request_uri"])),
    ("request.hint", Rule::OneOf(&["id_token_hint", "login_hint", "login_hint_token"])),
    ("request.transport", Rule::OneOf(&["body", "header", "query"])),
    ("response.delivery", Rule::OneOf(&["form_post", "fragment", "json", "page", "query", "script"])),
    ("response.form", Rule::OneOf(&["json", "jwe", "jws"])),
    ("response.mode", Rule::OneOf(&["delegation", "impersonation"])),
    ("response.scope_source", Rule::OneOf(&["assumed_unchanged", "request", "response"])),
    ("token.format", Rule::OneOf(&["jwe", "jwt", "opaque"])),
    ("id_token.checks", VERDICT),
    ("id_token.checks", Rule::Names(CLAIMS)),
    ("id_token.signature", SIGNATURE),
    ("id_token.signature_reason", UNCHECKED),
    ("id_token.trust", TRUST),
    ("registration.secrets", Rule::OneOf(&["client_secret", "registration_access_token", "software_statement"])),
    ("metadata.digest", DIGEST),
    ("key_set.digest", DIGEST),
    ("KeySection.thumbprint", Rule::Pattern("^[A-Za-z0-9_-]{43}$")),
    ("userinfo.form", Rule::OneOf(&["json", "jwe", "jws"])),
    ("interaction.method", Rule::OneOf(&["broker", "magic_link", "otp", "password", "spnego", "webauthn"])),
    ("interaction.step", Rule::OneOf(&["broker", "consent", "login", "mfa", "page", "register", "reset"])),
    ("interaction.code", Rule::Pattern("^[A-Za-z0-9._:#-]{1,64}$")),
    ("FindingSection.evidence", Rule::Pattern("^[a-z0-9_.-]+(=[a-z0-9_]+)?$")),
    ("FindingSection.severity", Rule::OneOf(&["critical", "high", "info", "low", "medium"])),
    ("flow.anchor", Rule::OneOf(ROLES)),
    ("flow.id", HASHED),
    ("coalesced.first", MOMENT),
    ("coalesced.last", MOMENT),
    ("integrity.malformed", Rule::OneOf(&["duplicate", "empty", "range", "too_long", "type", "utf8"])),
    ("integrity.request_body", BODY),
    ("integrity.response_body", BODY),
    ("audit.first", MOMENT),
    ("audit.key_ids", KEY_ID),
    ("audit.key_ids", Rule::Names(&["join", "pseudonym", "signing"])),
    ("audit.keys", Rule::OneOf(&["configured", "ephemeral"])),
    ("audit.last", MOMENT),
    ("audit.profile", Rule::OneOf(&["full", "minimal", "standard"])),
    ("audit.reason", Rule::OneOf(&["reload", "shutdown"])),
    ("audit.signing", Rule::OneOf(&["configured", "enrolled", "unsigned"])),
];

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn committed_schemas_are_those_of_the_types() {
        #[expect(clippy::disallowed_methods, reason = "a test that rewrites its own expectation on demand")]
        let rewrite = std::env::var("GOLDEN").is_ok_and(|golden| golden == "1");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/record");
        let expected: BTreeMap<String, String> = schemas()
            .into_iter()
            .map(|(event, schema)| (format!("{event}.json"), serde_json::to_string_pretty(&schema).unwrap() + "\n"))
            .collect();
        if rewrite {
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder).unwrap();
            for (name, text) in &expected {
                fs::write(folder.join(name), text).unwrap();
            }
        }
        let committed: BTreeMap<String, String> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap()))
            .collect();
        let names = |all: &BTreeMap<String, String>| all.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&committed), names(&expected), "run make golden");
        for (name, text) in expected {
            assert!(committed[&name] == text, "schemas/record/{name} differs from the types: run make golden");
        }
    }

    #[test]
    fn every_rule_and_every_shape_names_members_that_exist() {
        let mut general = serde_json::to_value(schema_for!(Record)).unwrap();
        tighten(&mut general);
        for path in RULES.iter().map(|(path, _)| (*path).to_owned()).chain(personal::members()) {
            assert!(member(&mut general, &path).is_some(), "{path}");
        }
        for event in Event::all() {
            let shape = event.shape();
            for name in shape.members.iter().copied().flatten().chain(shape.required) {
                assert!(member(&mut general, name).is_some(), "{} {name}", event.as_str());
            }
            for (section, members) in sections(&shape) {
                for name in members.iter().copied().flatten() {
                    assert!(member(&mut general, &format!("{section}.{name}")).is_some(), "{section}.{name}");
                }
            }
        }
    }

    #[test]
    fn every_member_belongs_to_some_event() {
        let mut general = serde_json::to_value(schema_for!(Record)).unwrap();
        tighten(&mut general);
        let all = |lists: &dyn Fn(&Shape) -> Lists| -> BTreeSet<&str> {
            Event::all().flat_map(|event| lists(&event.shape()).concat()).collect()
        };
        let of = |section: Option<&Map<String, Value>>| -> BTreeSet<String> {
            section.and_then(|section| section["properties"].as_object()).unwrap().keys().cloned().collect()
        };
        let mut top = all(&|shape| shape.members);
        top.extend(ENVELOPE);
        assert_eq!(of(general.as_object()), top.into_iter().map(str::to_owned).collect());
        let request = all(&|shape| shape.request);
        assert_eq!(
            of(definition(&mut general, "request").as_deref()),
            request.into_iter().map(str::to_owned).collect()
        );
        let response = all(&|shape| shape.response);
        assert_eq!(
            of(definition(&mut general, "response").as_deref()),
            response.into_iter().map(str::to_owned).collect()
        );
        let audit = all(&|shape| shape.audit);
        assert_eq!(of(definition(&mut general, "audit").as_deref()), audit.into_iter().map(str::to_owned).collect());
    }
}
