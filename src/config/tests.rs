//! The configuration as a whole. What single values look like is tested beside them.

use std::fs;
use std::path::Path;

use super::*;
use crate::oauth::{ProtocolEvent, Side, Vantage};
use crate::record::{Direction, Profile};

const MINIMAL: &str =
    r#"{"issuers":[{"issuer":"https://idp.example.com/realms/acme"}],"sinks":[{"cluster":"audit_log"}]}"#;

/// Bytes 00..1f.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

fn parsed(text: &str) -> Result<Config, Rejected> {
    let environment = |name: &str| match name {
        "JOIN" | "PSEUDONYM" | "SIGNING" => Some(KEY.to_owned()),
        "FROM_FILE" => Some(format!("{KEY}\n")),
        "TOKEN" => Some("sink-token".to_owned()),
        "SHORT" => Some("AAEC".to_owned()),
        _ => None,
    };
    parse(text.as_bytes(), &environment, &HostFacts::default())
}

fn problems(text: &str) -> Vec<String> {
    match parsed(text) {
        Ok(_) => Vec::new(),
        Err(rejected) => rejected.problems.iter().map(ToString::to_string).collect(),
    }
}

/// The minimal configuration with more members at its top.
fn with(members: &str) -> String {
    MINIMAL.replacen('{', &format!("{{{members},"), 1)
}

#[test]
fn the_minimal_configuration_has_the_documented_defaults() {
    let config = parsed(MINIMAL).unwrap();
    assert!(config.enabled && config.keys.is_none() && config.fetches.is_empty() && config.warnings.is_empty());
    assert_eq!(config.privacy, Privacy::default());
    assert_eq!(config.vantage.of(Direction::Unspecified, Side::default(), ProtocolEvent::TokenIssued), Vantage::IdpIn);
    assert_eq!((config.body_bytes, config.interval_ms), (8 << 20, 1_000));
    assert_eq!((config.outbox.queue_bytes, config.outbox.keep_ms), (8 << 20, 900_000));
    let sink = config.outbox.sink;
    assert_eq!((&*sink.cluster, sink.name.as_str(), sink.authority.as_str()), ("audit_log", "audit_log", "audit_log"));
    assert_eq!((sink.path.as_str(), sink.content_type.as_str()), ("/", "application/x-ndjson"));
    assert_eq!((sink.accept.as_slice(), sink.timeout_ms), ([200].as_slice(), 5_000));
    assert!(config.policy.triage(b"idp.example.com", b"/realms/acme/x").is_some());
    assert!(config.policy.triage(b"other.example.com", b"/").is_none());
}

#[test]
fn every_member_is_taken() {
    let config = parsed(FULL).unwrap();
    assert!(!config.enabled);
    assert_eq!(config.privacy.profile, Profile::Full);
    assert_eq!(config.privacy.purpose.as_deref(), Some("incident 7"));
    assert_eq!(config.privacy.trusted_hops, 2);
    assert_eq!(config.fetches, [FetchSettings { issuer: 0, cluster: "outbound|443||idp.example.com".into() }]);
    assert_eq!((config.body_bytes, config.interval_ms), (2 << 20, 200));
    assert_eq!(config.vantage.of(Direction::Unspecified, Side::default(), ProtocolEvent::TokenIssued), Vantage::RpOut);
    let keys = config.keys.unwrap();
    assert_eq!(keys.join_ids().map(crate::record::KeyId::as_str).collect::<Vec<_>>(), ["k2", "k1"]);
    assert_eq!((config.outbox.queue_bytes, config.outbox.keep_ms), (2 << 20, 60_000));
    let sink = config.outbox.sink;
    assert_eq!((sink.name.as_str(), sink.authority.as_str(), sink.path.as_str()), ("siem", "siem:443", "/in?x=y"));
    let fields: Vec<_> =
        sink.headers.iter().map(|field| (field.name.as_str(), field.value.expose().as_str())).collect();
    let token = ("authorization", "Bearer sink-token");
    assert_eq!(fields, [token, ("x-api-key", "sink-token"), ("x-scope-orgid", "acme")]);
    assert_eq!(sink.accept, [200, 204]);
    assert!(config.statement.inline_secrets.is_empty());
    assert!(config.policy.triage(b"login.example.com", b"/token").is_some());
}

#[test]
fn three_mistakes_are_three_problems_and_no_value_is_quoted() {
    let text = r#"{"issuers":[{"issuer":"ftp://hunter2.example.test"}],"sinks":[{"cluster":"audit_log","timeout_ms":"hunter2"}],"privcy":{"profile":"hunter2"}}"#;
    assert_eq!(
        problems(text),
        [
            "/privcy: is unknown; did you mean `privacy`?",
            "/issuers/0/issuer: expected an https URL without user, query and fragment (http for loopback hosts only)",
            "/sinks/0/timeout_ms: expected a whole number from 100 to 60000",
        ]
    );
}

#[test]
fn each_mistake_has_its_pointer() {
    say(vec![
        ("{}".to_owned(), "/issuers: is missing"),
        ("[]".to_owned(), "configuration: expected an object"),
        ("{\"a\":hunter2}".to_owned(), "configuration: is not JSON from line 1, column 6 on"),
        (String::new(), "configuration: is empty; expected a JSON object with `issuers` and `sinks`"),
        (" \n".to_owned(), "configuration: is empty; expected a JSON object with `issuers` and `sinks`"),
        (with(r#""enabled":"yes""#), "/enabled: expected true or false"),
        (with(r#""enabled":true,"enabled":false"#), "/enabled: is given twice"),
        (with(r#""version":2"#), "/version: expected a version such as \"1.0\", as text"),
        (with(r#""version":"2.0""#), "/version: expected a version `1.x`: this filter reads no other"),
        (with(r#""keys":{"join":{"current":{"id":"k1","env":"JOIN"}}}"#), "/keys/pseudonym: is missing"),
        (
            with(&keys(r#"{"id":"k1","env":"UNSET"}"#)),
            "/keys/join/current/env: names an environment variable that is not set",
        ),
        (
            with(&keys(r#"{"id":"k1","env":"SHORT"}"#)),
            "/keys/join/current/env: names an environment variable that does not hold 32 bytes",
        ),
        (with(&keys(r#"{"id":"e1","env":"JOIN"}"#)), "/keys/join/current/id: expected 1 to 8 characters"),
        (with(&keys(r#"{"id":"k1"}"#)), "/keys/join/current: expected either `env` or `inline`"),
        (
            with(&keys(&format!(r#"{{"id":"k1","inline":"{KEY}"}}"#))),
            "/keys/join/current/inline: is a secret in the configuration itself",
        ),
        (with(r#""privacy":{"profile":"standard"}"#), "/privacy/purpose: is missing: profiles"),
        (with(r#""privacy":{"profile":"strict"}"#), "/privacy/profile: expected one of `minimal`, `standard`, `full`"),
        (with(r#""privacy":{"trusted_hops":17}"#), "/privacy/trusted_hops: expected a whole number from 0 to 16"),
        (with(r#""capture":{"login_forms":"password"}"#), "/capture/login_forms: expected one of `off`"),
        (with(r#""providers":{"keycloak":{}}"#), "/providers/keycloak: expected another name"),
        (with(r#""providers":{"own":{"routes":{"x":"token"}}}"#), "/providers/own/routes/x: expected a path template"),
        (with(r#""providers":{"own":{"routes":{"/x":"tokn"}}}"#), "/providers/own/routes/~1x: expected one of"),
        (with(r#""providers":{"own":{"login":[{"rules":[]}]}}"#), "/providers/own/login/0/path: is missing"),
        (
            with(r#""providers":{"own":{"login":[{"path":"/l","rules":[{"outcome":"failure"}]}]}}"#),
            "/providers/own/login/0/rules/0: expected at least one test",
        ),
        (with(r#""limits":{"memory":1000}"#), "/limits/memory: expected a whole number from 262144 to 536870912"),
        (with(r#""limits":{"memory":null}"#), "/limits/memory: expected a whole number"),
        (with(r#""delivery":{"interval":5}"#), "/delivery/interval: is unknown; did you mean `interval_ms`?"),
        (with(r#""vantage":"inside""#), "/vantage: expected one of `auto`"),
    ]);
}

#[test]
fn each_mistake_in_a_list_has_its_pointer() {
    say(vec![
        (MINIMAL.replace("https:", "http:"), "/issuers/0/issuer: expected an https URL"),
        (
            MINIMAL.replace(r#""audit_log"}"#, r#""audit_log","format":"otlp"}"#),
            "/sinks/0/format: expected one of `json_lines`",
        ),
        (MINIMAL.replace(r#""audit_log"}"#, r#""audit_log","required":false}"#), "/sinks/0/required: expected true"),
        (
            MINIMAL.replace(r#""audit_log"}"#, r#""audit_log","accept":[500]}"#),
            "/sinks/0/accept/0: expected a whole number from 200 to 299",
        ),
        (
            MINIMAL.replace(r#""audit_log"}"#, r#""audit_log","headers":{"Host":"x"}}"#),
            "/sinks/0/headers/Host: expected the lower-case name",
        ),
        (
            MINIMAL.replace(r#""audit_log"}"#, r#""audit_log","headers":{"x-api-key":"hunter2"}}"#),
            "/sinks/0/headers/x-api-key: is a secret",
        ),
        (
            MINIMAL.replace(r#""audit_log"}"#, r#""audit_log","bearer":"hunter2"}"#),
            "/sinks/0/bearer: expected an object",
        ),
        (MINIMAL.replace("[{\"cluster\":\"audit_log\"}]", "[]"), "/sinks: expected exactly 1, in a list"),
        (
            MINIMAL.replace("acme\"", "acme\",\"endpoints\":{\"tokn\":\"/t\"}"),
            "/issuers/0/endpoints/tokn: is unknown; did you mean `token`?",
        ),
        (
            MINIMAL.replace("acme\"", "acme\",\"endpoints\":{\"token\":\"t\"}"),
            "/issuers/0/endpoints/token: expected an absolute path",
        ),
        (MINIMAL.replace("acme\"", "acme\",\"provider\":\"nobodys\""), "/issuers/0/provider: expected one of `adfs`"),
        (
            MINIMAL.replace("acme\"", "acme\",\"authorities\":[\"https://x\"]"),
            "/issuers/0/authorities/0: expected host or host:port",
        ),
        (
            MINIMAL.replace("[{\"issuer\":", "[{\"issuer\":\"https://idp.example.com/realms/acme/\"},{\"issuer\":"),
            "/issuers/1/issuer: says the same as /issuers/0/issuer",
        ),
    ]);
}

/// Each text has a problem that begins like this, and none quotes a value.
fn say(cases: Vec<(String, &str)>) {
    for (text, wanted) in cases {
        let found = problems(&text);
        assert!(found.iter().any(|problem| problem.starts_with(wanted)), "{text}: {found:?}");
        assert!(!found.iter().any(|problem| problem.contains("hunter2")), "{found:?}");
    }
}

#[test]
fn a_struct_is_answered_with_the_way_out() {
    // google.protobuf.Struct {fields: {"a": 1}}: as Envoy hands it over.
    for bytes in [&b"\x0a\x0e\x0a\x01a\x12\x09\x11\0\0\0\0\0\0\xf0\x3f"[..], b"\x0a\x02\x7b\x7d", b"{\"a\":\"\xff\"}"] {
        let rejected = parse(bytes, &|_| None, &HostFacts::default()).unwrap_err();
        let text = rejected.problems[0].to_string();
        assert!(text.contains("use StringValue"), "{bytes:?}: {text}");
    }
}

#[test]
fn a_sound_sink_survives_mistakes_elsewhere() {
    let rejected = parsed(&MINIMAL.replace("https:", "ftp:")).unwrap_err();
    assert_eq!(&*rejected.sink.unwrap().cluster, "audit_log");
    let rejected = parsed(&MINIMAL.replace("\"audit_log\"", "7")).unwrap_err();
    assert!(rejected.sink.is_none());
}

#[test]
fn a_newer_minor_version_turns_unknown_members_into_warnings() {
    let config = parsed(&with(r#""version":"1.7","strict":{"families":["token"]}"#)).unwrap();
    assert_eq!(
        config.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["/strict: is unknown to this filter and ignored: the configuration is written for a newer one"]
    );
    assert!(!problems(&with(r#""version":"1.0","strict":{}"#)).is_empty());
}

#[test]
fn inline_secrets_are_listed_where_they_are_allowed() {
    let key = format!(r#"{{"id":"k1","inline":"{KEY}"}}"#);
    let config = parsed(&with(&format!(r#""insecure_inline":true,{}"#, keys(&key)))).unwrap();
    assert_eq!(config.statement.inline_secrets, ["/keys/join/current/inline"]);
    assert_eq!(config.warnings.len(), 1);
}

#[test]
fn a_line_break_at_the_end_of_a_variable_is_no_part_of_the_key() {
    assert!(parsed(&with(&keys(r#"{"id":"k1","env":"FROM_FILE"}"#))).is_ok());
}

#[test]
fn a_stream_is_signed_by_the_configured_key_by_its_own_or_not_at_all() {
    let signing = |text: &str| parsed(text).unwrap().outbox.evidence.signing;
    assert!(matches!(signing(MINIMAL), Signing::Unsigned));
    assert!(matches!(signing(&with(r#""evidence":{"signing":"enrolled"}"#)), Signing::Enrolled));
    let key = r#""signing":{"current":{"id":"s1","env":"SIGNING"}}"#;
    let keys = keys(r#"{"id":"k1","env":"JOIN"}"#).replacen("{", &format!("{{{key},"), 1);
    let Signing::Configured(signer) = signing(&with(&keys)) else { panic!() };
    // RFC 8032 §5.1.5, of the seed 00..1f.
    assert_eq!(signer.public().to_string(), "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg");
    let statement = parsed(&with(&keys)).unwrap().statement;
    assert_eq!(statement.signing_key.map(|id| id.as_str().to_owned()), Some("s1".to_owned()));
    for (members, mode) in [(String::new(), "configured"), (format!("{keys},"), "enrolled")] {
        let text = with(&format!(r#"{members}"evidence":{{"signing":"{mode}"}}"#));
        let [problem] = problems(&text).try_into().unwrap();
        assert!(problem.starts_with("/evidence/signing"), "{problem}");
    }
    let previous = keys.replace(r#""env":"SIGNING"}"#, r#""env":"SIGNING"},"previous":[]"#);
    assert!(problems(&with(&previous))[0].starts_with("/keys/signing/previous"));
}

#[test]
fn the_digest_is_of_what_holds_and_not_of_how_it_is_written() {
    let digest = |text: &str| parsed(text).unwrap().statement.config_digest;
    let same = r#"{"sinks":[{"timeout_ms":5000.0,"cluster":"audit_log","path":"/"}],"enabled":true,"version":"1.0","issuers":[{"issuer":"https://idp.example.com/realms/acme","authorities":[]}]}"#;
    assert_eq!(digest(MINIMAL), digest(same));
    assert_ne!(digest(MINIMAL), digest(&with(r#""enabled":false"#)));
    let with_key = |id: &str| digest(&with(&keys(&format!(r#"{{"id":"{id}","env":"JOIN"}}"#))));
    assert_ne!(with_key("k1"), with_key("k2"));
    assert_eq!(digest(MINIMAL).len(), 64);
}

#[test]
fn no_secret_shows_in_debug() {
    let shown = format!("{:?}", parsed(FULL).unwrap());
    assert!(!shown.contains("sink-token") && !shown.contains(KEY), "{shown}");
}

/// Rewritten with `GOLDEN=1`.
#[test]
fn the_committed_schema_is_the_code_s() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/config.json");
    let text = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    #[expect(clippy::disallowed_methods, reason = "make golden")]
    if std::env::var("GOLDEN").is_ok() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), text, "run `make golden`");
}

#[test]
fn schema_and_reader_agree() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let good = [MINIMAL.to_owned(), FULL.to_owned(), with(r#""vantage":"auto""#), with(r#""version":"1.0""#)];
    for text in good {
        let value = serde_json::from_str(&text).unwrap();
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{text}");
        assert_eq!(problems(&text), Vec::<String>::new());
    }
    for text in [
        "{}".to_owned(),
        with(r#""privcy":{}"#),
        with(r#""privacy":{"profile":"full"}"#),
        with(r#""limits":{"memory":1}"#),
        with(&keys(r#"{"id":"e1","env":"JOIN"}"#)),
        with(&keys(r#"{"id":"k1"}"#)),
        with(r#""keys":{"join":{"current":{"id":"k1","env":"JOIN"}}}"#),
        with(r#""evidence":{"signing":"none"}"#),
        with(r#""evidence":{"domain":"a b"}"#),
        with(r#""evidence":{"beat_seconds":5}"#),
        MINIMAL.replace("https:", "ftp:"),
        MINIMAL.replace(r#""audit_log"}"#, r#""audit_log","accept":[]}"#),
        MINIMAL.replace(r#""audit_log"}"#, r#""audit_log","headers":{"Host":"x"}}"#),
        MINIMAL.replace("acme\"", "acme\",\"endpoints\":{\"tokn\":\"/t\"}"),
    ] {
        let value = serde_json::from_str(&text).unwrap();
        assert!(!validator.is_valid(&value), "the schema takes {text}");
        assert!(!problems(&text).is_empty(), "the reader takes {text}");
    }
}

#[test]
fn the_reference_names_exactly_the_members_that_the_reader_knows() {
    let below = |pointer: &str| {
        let prefix = format!("{pointer}/");
        let rows = reference();
        let names = rows.iter().filter_map(|row| row.pointer.strip_prefix(&prefix));
        let mut names: Vec<String> =
            names.filter(|name| !name.contains('/') && *name != "*").map(str::to_owned).collect();
        names.sort();
        names
    };
    for (pointer, known) in [
        ("", settings::ROOT),
        ("/issuers/*", issuers::ISSUER),
        ("/issuers/*/endpoints", issuers::ENDPOINTS),
        ("/sinks/*", sinks::SINK),
        ("/keys", secrets::KEYS),
        ("/keys/join", secrets::RING),
        ("/keys/join/current", secrets::KEY),
        ("/keys/pseudonym/previous/*", secrets::KEY),
        ("/keys/signing", secrets::SIGNING),
        ("/keys/signing/current", secrets::KEY),
        ("/evidence", settings::EVIDENCE),
        ("/privacy", settings::PRIVACY),
        ("/capture", settings::CAPTURE),
        ("/providers/*", providers::PROVIDER),
        ("/providers/*/login/*", providers::LOGIN),
        ("/providers/*/login/*/rules/*", providers::RULE),
        ("/limits", settings::LIMITS),
        ("/delivery", settings::DELIVERY),
    ] {
        let mut known: Vec<String> = known.iter().map(|name| (*name).to_owned()).collect();
        known.sort();
        assert_eq!(below(pointer), known, "{pointer}");
    }
}

#[test]
fn words_of_the_configuration_are_the_words_of_the_types() {
    use crate::oauth::{EndpointKind, LoginForms, Means, PROVIDERS, Provider};
    assert_eq!(PROVIDERS, Provider::ALL.map(Provider::as_str));
    assert_eq!(settings::LOGIN_FORMS, LoginForms::ALL.map(LoginForms::as_str));
    assert_eq!(providers::MEANS, Means::ALL.map(Means::as_str));
    assert!(providers::KINDS.iter().all(|word| EndpointKind::parse(word).is_some()));
    assert!(issuers::ENDPOINTS.iter().all(|word| EndpointKind::parse(word).is_some()));
    assert!(settings::VANTAGES.iter().skip(1).all(|word| Vantage::parse(word).is_some()));
    let profiles = [Profile::Minimal, Profile::Standard, Profile::Full];
    assert_eq!(settings::PROFILES, profiles.map(Profile::as_str));
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_a_configuration_or_a_problem(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        let result = parse(&bytes, &|_| None, &HostFacts::default());
        proptest::prop_assert!(result.is_err_and(|rejected| !rejected.problems.is_empty()));
    }

    #[test]
    fn a_full_configuration_with_one_byte_changed_never_panics(at in 0..FULL.len(), byte in proptest::prelude::any::<u8>()) {
        let mut bytes = FULL.as_bytes().to_vec();
        bytes[at] = byte;
        let _ = parse(&bytes, &|_| Some(KEY.to_owned()), &HostFacts::default());
    }
}

fn keys(join: &str) -> String {
    format!(r#""keys":{{"join":{{"current":{join}}},"pseudonym":{{"current":{{"id":"p1","env":"PSEUDONYM"}}}}}}"#)
}

const FULL: &str = r#"{
    "version": "1.0",
    "enabled": false,
    "issuers": [{
        "issuer": "https://idp.example.com/realms/acme",
        "provider": "keycloak",
        "cluster": "outbound|443||idp.example.com",
        "authorities": ["login.example.com"],
        "endpoints": {"token": "/token", "authorization": "https://login.example.com/auth"}
    }],
    "sinks": [{
        "cluster": "siem",
        "name": "siem",
        "format": "json_lines",
        "path": "/in?x=y",
        "authority": "siem:443",
        "headers": {"x-scope-orgid": "acme", "x-api-key": {"env": "TOKEN"}},
        "bearer": {"env": "TOKEN"},
        "content_type": "application/json",
        "accept": [204, 200, 200],
        "timeout_ms": 10000,
        "required": true
    }],
    "keys": {
        "join": {"current": {"id": "k2", "env": "JOIN"}, "previous": [{"id": "k1", "env": "JOIN"}]},
        "pseudonym": {"current": {"id": "p1", "env": "PSEUDONYM"}},
        "signing": {"current": {"id": "s1", "env": "SIGNING"}}
    },
    "insecure_inline": false,
    "evidence": {"signing": "configured", "domain": "acme", "beat_seconds": 30},
    "privacy": {"profile": "full", "purpose": "incident 7", "trusted_hops": 2},
    "limits": {"memory": 4194304},
    "delivery": {"interval_ms": 200, "retain_seconds": 60},
    "vantage": "rp-out"
}"#;
