//! What becomes of whole observations.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::body::Completeness;
use crate::http::Headers;
use crate::oauth::{
    AccessToken, Actor, AuthorizationRequest, AuthorizationResponse, BearerTransport, BodyFormat, CibaRequest,
    Circumstances, Client, ClientAuthMethod, ClientIdSource, ClientMetadata, Confidence, Delivery, DeviceAuthorization,
    ExchangeMode, Exchanged, IdToken, IdentityClaim, IdentityKind, Integrity, IntrospectedToken, Link, LinkRole,
    Logout, Named, OAuthError, ProtocolEvent, PushedRequest, Reason, Recognition, RequestForm, ScopeSource, Side,
    Subject, Tier, TokenExchange, TokenFormat, TokenQuery, TokenRequest, TokenResponse, Trust, Userinfo, UserinfoForm,
};
use crate::record::audit;
use crate::record::canonical::to_canonical;
use crate::record::fixture::{ISSUER, keys};
use crate::record::schema::schemas;
use crate::secret::Secret;
use crate::seen::Malformation;

const PROFILES: [Profile; 3] = [Profile::Minimal, Profile::Standard, Profile::Full];

fn owned(text: &str) -> Cow<'static, str> {
    Cow::Owned(text.to_owned())
}

fn seen(text: &str) -> Seen<Cow<'static, str>> {
    Seen::Present(owned(text))
}

fn words(list: &[&str]) -> Seen<Vec<Cow<'static, str>>> {
    Seen::Present(list.iter().map(|word| owned(word)).collect())
}

fn link(role: LinkRole, scope: &str, value: &str) -> Link<'static> {
    Link { role, scope: owned(scope), value: Secret::new(Cow::Owned(value.as_bytes().to_vec())) }
}

fn head(fields: &[(&str, &str)]) -> RequestHead {
    let pair = |(name, value): &(&str, &str)| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
    RequestHead { headers: Headers::new(fields.iter().map(pair).collect()) }
}

fn status(code: &str) -> ResponseHead {
    ResponseHead { headers: Headers::new(vec![(b":status".to_vec(), code.as_bytes().to_vec())]) }
}

fn request() -> RequestHead {
    head(&[
        (":method", "POST"),
        (":scheme", "https"),
        (":authority", "IDP.example.test"),
        (":path", "/realms/acme/protocol/openid-connect/token"),
        ("x-request-id", "0b6f4f3e-5a0e-4c0b-9b7e-2f6f6b0e8a11"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("user-agent", "openid-client/v6.1.0 (https://example.test)"),
    ])
}

fn facts() -> Facts {
    Facts {
        exchange_id: [0xab; 16],
        started: Timestamp::from_micros(1_768_469_400_120_000),
        ended: Timestamp::from_micros(1_768_469_400_161_999),
        source_address: Some("203.0.113.77:4711".to_owned()),
        tls_version: Some("TLSv1.3".to_owned()),
        mtls: Some(false),
        response_source: ResponseSource::Upstream,
        ..Facts::default()
    }
}

fn observation(event: ProtocolEvent, outcome: Outcome, message: Message<'static>) -> Observation<'static> {
    Observation {
        event,
        outcome,
        reason: None,
        error: None,
        recognition: Recognition { tier: Tier::Configured, rule: "token_endpoint", confidence: Confidence::Certain },
        issuer: Some(owned(ISSUER)),
        endpoint_kind: None,
        provider: Some("keycloak"),
        tenant: Some(owned("acme")),
        path_template: owned("/realms/{realm}/protocol/openid-connect/token"),
        client: Client {
            id: seen("web"),
            id_source: Some(ClientIdSource::Basic),
            auth_method: Some(ClientAuthMethod::ClientSecretBasic),
            authenticated: (outcome == Outcome::Success).then_some(true),
            ..Client::default()
        },
        subject: None,
        message,
        links: Vec::new(),
        malformed: Vec::new(),
        ambiguous: Vec::new(),
        hidden: Vec::new(),
        integrity: Integrity {
            request_body: Completeness::Complete,
            response_body: Completeness::Complete,
            ..Integrity::default()
        },
        side: Side::AuthorizationServer,
        broker: false,
        upstream: None,
        circumstances: Circumstances::default(),
    }
}

/// The redemption of PROTOCOL §1.10.
fn redemption() -> Observation<'static> {
    let id_token = IdToken {
        alg: seen("RS256"),
        kid: seen("1"),
        iss: seen(ISSUER),
        sub: seen("248289761001"),
        aud: words(&["web"]),
        exp: Seen::Present(1_768_469_700),
        iat: Seen::Present(1_768_469_400),
        auth_time: Seen::Present(1_768_469_390),
        acr: seen("1"),
        amr: words(&["pwd"]),
        identity: vec![IdentityClaim { kind: IdentityKind::Email, value: owned("jane.doe@example.com") }],
        email_verified: Seen::Present(true),
        claim_names: ["email", "email_verified", "name"].map(owned).to_vec(),
        trust: Some(Trust::Direct),
        ..IdToken::default()
    };
    let exchange = TokenExchange {
        request: TokenRequest {
            grant_type: seen("authorization_code"),
            redirect_uri: seen("https://app.example.test/cb"),
            body_format: Some(BodyFormat::Form),
            code_verifier: true,
            ..TokenRequest::default()
        },
        response: Some(TokenResponse {
            scope: words(&["openid", "email"]),
            scope_source: Some(ScopeSource::Response),
            token_type: seen("Bearer"),
            expires_in: Seen::Present(300),
            refresh_token: true,
            no_store: true,
            ..TokenResponse::default()
        }),
        id_token: Some(id_token),
        access_token: Some(AccessToken { format: Some(TokenFormat::Opaque), ..AccessToken::default() }),
        ..TokenExchange::default()
    };
    let message = Message::Token(Box::new(exchange));
    Observation {
        subject: Some(Subject { issuer: Some(owned(ISSUER)), sub: seen("248289761001"), trust: Trust::Direct }),
        links: vec![
            link(LinkRole::Code, "", "SplxlOBeZQQYbYS6WxSbIA"),
            link(LinkRole::Pkce, "", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            link(LinkRole::Nonce, "", "n-0S6_WzA2Mj"),
            link(LinkRole::At, "", "2YotnFZFEjr1zCsicMWpAA"),
            link(LinkRole::RtOut, "", "tGzv3JOkF0XG5Qx2TlKWIA"),
            link(LinkRole::Sid, ISSUER, "08a5019c-17e1-4977-8f42-65a12843ea02"),
        ],
        ..observation(ProtocolEvent::TokenIssued, Outcome::Success, message)
    }
}

fn drafted(profile: Profile, request: &RequestHead, observation: &Observation<'_>) -> Draft {
    let privacy = Privacy { profile, ..Privacy::default() };
    let context = Drafting { keys: &keys(), privacy: &privacy, observer: &Observer::default() };
    draft(&context, &facts(), request, Some(&status("200")), Vantage::RpOut, observation, &[])
}

fn value(draft: &Draft) -> Value {
    serde_json::from_str(&to_canonical(draft.record())).unwrap()
}

/// A sealed record's place, for the schemas.
fn placed(draft: &Draft) -> Value {
    let mut value = value(draft);
    value["id"] = json!("000102030405060708090a0b0c0d0e0f-1");
    value["salt"] = json!("AAECAwQFBgcICQoLDA0ODw");
    value
}

fn conforms(value: &Value) {
    let schema = &schemas()[value["event"].as_str().unwrap()];
    let validator = jsonschema::draft202012::new(schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?} in {value:#}");
}

#[test]
fn the_redemption_of_the_specification_is_recorded_as_there() {
    let record = value(&drafted(Profile::Standard, &request(), &redemption()));
    assert_eq!(
        record,
        json!({
            "schema": "oidc-audit/1", "ts": "2026-01-15T09:30:00.120Z", "dur_ms": 41, "event": "token.issued",
            "outcome": "success", "vantage": "rp-out", "recognition": "configured", "rule": "token_endpoint",
            "confidence": "certain",
            "exchange": {
                "id": "abababababababababababababababab",
                "request_id": "0b6f4f3e-5a0e-4c0b-9b7e-2f6f6b0e8a11", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
                "method": "POST", "scheme": "https", "authority": "idp.example.test",
                "path_template": "/realms/{realm}/protocol/openid-connect/token", "status": 200,
                "response_source": "upstream", "tls_version": "TLSv1.3", "mtls": false
            },
            "source": {
                "address": "203.0.113.77", "address_from": "peer",
                "user_agent": "openid-client/v6.1.0 (https://example.test)"
            },
            "issuer": ISSUER, "provider": "keycloak", "tenant": "acme",
            "client": {"id": "web", "id_source": "basic", "auth_method": "client_secret_basic", "authenticated": true},
            "subject": {"iss": ISSUER, "sub": "248289761001", "trust": "direct"},
            "request": {
                "grant_type": "authorization_code", "redirect_uri": {"uri": "https://app.example.test/cb"},
                "body_format": "form", "code_verifier": true
            },
            "response": {
                "scope": ["openid", "email"], "scope_source": "response", "token_type": "Bearer", "expires_in": 300,
                "refresh_token": true, "no_store": true
            },
            "token": {"format": "opaque"},
            "id_token": {
                "alg": "RS256", "kid": "1", "iss": ISSUER, "signature": "unchecked", "signature_reason": "no_keys",
                "trust": "direct", "aud": ["web"], "exp": 1_768_469_700, "iat": 1_768_469_400,
                "auth_time": 1_768_469_390, "acr": "1", "amr": ["pwd"],
                "email": {"hmac": ["k1.D1T_PVpXrgnIdhmqq1hKAg"], "mask": "j***@example.com"}, "email_verified": true,
                "claims": 3, "claim_names": ["email", "email_verified", "name"]
            },
            "join": {
                "code": ["k1.cl34sUtDpuktdHFIeIjtzg"], "pkce": ["k1.e3TgEm2c4v8-vrwB-bMiFA"],
                "nonce": ["k1.hchhx0vouTMvEaWbiI34sg"], "at": ["k1.WNmkIxvSCLIA2EjTNN2nIg"],
                "rt_out": ["k1.tKiB9MS-9tQLMLEMbK8xmg"], "sid": ["k1.diiFMP3bgotm-8tuVimDsA"],
                "sub": ["k1.yDruvDnbCf8WWSFjGLWD5g"]
            },
            "flow": {"id": "k1.e3TgEm2c4v8-vrwB-bMiFA", "anchor": "pkce"},
            "integrity": {"request_body": "complete", "response_body": "complete"}
        })
    );
}

#[test]
fn the_minimal_profile_pseudonymises_the_subject_and_counts_claims() {
    let record = value(&drafted(Profile::Minimal, &request(), &redemption()));
    assert_eq!(record["subject"], json!({"iss": ISSUER, "trust": "direct"}));
    assert_eq!(record["join"]["sub"], json!(["k1.yDruvDnbCf8WWSFjGLWD5g"]));
    assert_eq!(record["id_token"]["email"], json!({"hmac": ["k1.D1T_PVpXrgnIdhmqq1hKAg"]}));
    assert_eq!(record["id_token"]["claims"], json!(3));
    assert_eq!(record["id_token"].get("claim_names"), None);
    assert_eq!(
        record["source"],
        json!({"address": "203.0.113.0/24", "address_from": "peer", "user_agent": "openid-client"})
    );
}

#[test]
fn a_subject_that_is_an_e_mail_address_is_treated_as_one() {
    let observation = Observation {
        subject: Some(Subject { issuer: Some(owned(ISSUER)), sub: seen("jane.doe@example.com"), trust: Trust::Direct }),
        ..redemption()
    };
    let subject = |profile| value(&drafted(profile, &request(), &observation))["subject"].clone();
    let hmac = json!(["k1.D1T_PVpXrgnIdhmqq1hKAg"]);
    assert_eq!(subject(Profile::Minimal), json!({"email": {"hmac": hmac}, "iss": ISSUER, "trust": "direct"}));
    assert_eq!(
        subject(Profile::Standard),
        json!({"email": {"hmac": hmac, "mask": "j***@example.com"}, "iss": ISSUER, "trust": "direct"})
    );
    assert_eq!(subject(Profile::Full)["sub"], json!("jane.doe@example.com"));
}

fn logout_with_hint(outcome: Outcome) -> Observation<'static> {
    let hint =
        IdToken { sub: seen("mallory"), iss: seen(ISSUER), trust: Some(Trust::Unverified), ..IdToken::default() };
    let logout = Logout { hint: Some(hint), id_token_hint: true, ..Logout::default() };
    Observation {
        subject: Some(Subject { issuer: Some(owned(ISSUER)), sub: seen("mallory"), trust: Trust::Unverified }),
        links: vec![link(LinkRole::Sub, ISSUER, "mallory"), link(LinkRole::Idt, "", "a.b.c")],
        ..observation(ProtocolEvent::LogoutRequested, outcome, Message::Logout(Box::new(logout)))
    }
}

#[test]
fn a_refused_caller_cannot_write_records_in_another_users_name() {
    let record = value(&drafted(Profile::Full, &request(), &logout_with_hint(Outcome::Failure)));
    assert_eq!(record.get("subject"), None);
    assert_eq!(record["join"].get("sub"), None);
    assert_eq!(record["flow"]["anchor"], json!("idt"));
    assert_eq!(record["id_token"]["trust"], json!("unverified"));
    assert!(!record.to_string().contains("mallory"));
}

#[test]
fn what_a_caller_claims_is_labelled_until_it_is_accepted() {
    let trust =
        |outcome| value(&drafted(Profile::Full, &request(), &logout_with_hint(outcome)))["subject"]["trust"].clone();
    assert_eq!(trust(Outcome::Pending), json!("unverified"));
    assert_eq!(trust(Outcome::Unknown), json!("unverified"));
    assert_eq!(trust(Outcome::Success), json!("accepted"));
}

#[test]
fn what_is_malformed_has_no_member_and_a_reason() {
    let request_message = AuthorizationRequest {
        scope: Seen::Malformed(Malformation::Empty),
        max_age: Seen::Present(u64::MAX),
        oauth_state: Seen::Malformed(Malformation::Duplicate),
        redirect_uri: Seen::Malformed(Malformation::Utf8),
        prompt: words(&["login"]),
        display: seen("\u{202e}\u{0}"),
        ..AuthorizationRequest::default()
    };
    let message = Message::AuthorizationRequest(Box::new(request_message));
    let observation = Observation {
        malformed: vec![("request.code", Malformation::TooLong)],
        ..observation(ProtocolEvent::AuthorizationRequest, Outcome::Pending, message)
    };
    let fields = head(&[(":method", "GET"), ("x-request-id", "a b"), ("traceparent", "00"), (":authority", "a b")]);
    let record = value(&drafted(Profile::Standard, &fields, &observation));
    assert_eq!(record["request"], json!({"prompt": ["login"]}));
    assert_eq!(
        record["integrity"]["malformed"],
        json!({
            "exchange.authority": "type",
            "exchange.request_id": "type",
            "exchange.trace_id": "type",
            "request.code": "too_long",
            "request.display": "type",
            "request.max_age": "range",
            "request.redirect_uri": "utf8",
            "request.scope": "empty",
            "request.state": "duplicate"
        })
    );
    conforms(&placed(&drafted(Profile::Standard, &fields, &observation)));
}

#[test]
fn an_error_code_with_other_characters_is_said_to_have_them() {
    let error = OAuthError {
        code: Seen::Malformed(Malformation::Type),
        description: seen("user jane.doe@example.com unknown"),
        uri: seen("https://docs.example.test/errors/1?user=jane"),
    };
    let message = Message::Token(Box::default());
    let observation =
        Observation { error: Some(error), ..observation(ProtocolEvent::TokenDenied, Outcome::Failure, message) };
    let minimal = value(&drafted(Profile::Minimal, &request(), &observation));
    assert_eq!(minimal["error"], json!("invalid_chars"));
    assert_eq!(minimal["error_uri"], json!("docs.example.test"));
    assert_eq!(minimal.get("error_description"), None);
    let standard = value(&drafted(Profile::Standard, &request(), &observation));
    assert_eq!(standard["error_description"], json!("user {email} unknown"));
}

#[test]
fn failures_of_unauthenticated_callers_coalesce_by_cause_and_network() {
    let failure = |client: &str, reason| {
        let message = Message::Token(Box::default());
        Observation {
            reason: Some(reason),
            client: Client { id: seen(client), ..Client::default() },
            ..observation(ProtocolEvent::TokenDenied, Outcome::Failure, message)
        }
    };
    let mut one = drafted(Profile::Minimal, &request(), &failure("a", Reason::HttpStatus));
    let two = drafted(Profile::Minimal, &request(), &failure("b", Reason::HttpStatus));
    let other = drafted(Profile::Minimal, &request(), &failure("a", Reason::LocalReply));
    assert_eq!(one.class(), Class::Failure);
    assert!(one.coalesce_key().is_some());
    assert_eq!(one.coalesce_key(), two.coalesce_key());
    assert_ne!(one.coalesce_key(), other.coalesce_key());
    assert_eq!(drafted(Profile::Minimal, &request(), &redemption()).coalesce_key(), None);

    one.coalesce(&two);
    one.coalesce(&two);
    let record = placed(&one);
    assert_eq!(record["coalesced"]["count"], json!(3));
    assert_eq!(record.get("client"), None);
    assert_eq!(record["reason"], json!("http_status"));
    conforms(&record);
}

#[test]
fn tokens_and_logouts_have_the_reserved_share_and_refusals_do_not() {
    let class = |observation: &Observation<'_>| drafted(Profile::Minimal, &request(), observation).class();
    assert_eq!(class(&redemption()), Class::Issuance);
    assert_eq!(class(&logout_with_hint(Outcome::Pending)), Class::Issuance);
    let mut logout = logout_with_hint(Outcome::Failure);
    logout.client = Client::default();
    assert_eq!(class(&logout), Class::Failure);
    let mut denied = observation(ProtocolEvent::TokenDenied, Outcome::Failure, Message::Token(Box::default()));
    denied.client.authenticated = Some(true);
    assert_eq!(class(&denied), Class::Normal);
    let start = observation(
        ProtocolEvent::AuthorizationRequest,
        Outcome::Pending,
        Message::AuthorizationRequest(Box::default()),
    );
    assert_eq!(class(&start), Class::Normal);
}

#[test]
fn paths_that_nobody_vouches_for_lose_their_handles() {
    let path = |tier| {
        let recognition = Recognition { tier, rule: "H-05", confidence: Confidence::Certain };
        let message = Message::AuthorizationResponse(Box::default());
        let event = ProtocolEvent::AuthorizationResponse;
        let path_template = owned("/auth/V1StGXR8_Z5jdHi6B-myT?code=1");
        let observation = Observation { recognition, path_template, ..observation(event, Outcome::Success, message) };
        value(&drafted(Profile::Full, &request(), &observation))["exchange"]["path_template"].clone()
    };
    assert_eq!(path(Tier::Heuristic), json!("/auth/{id}"));
    assert_eq!(path(Tier::Profile), json!("/auth/{id}"));
}

#[test]
fn the_source_may_be_a_forwarded_address_when_hops_are_trusted() {
    let fields = head(&[("x-forwarded-for", "198.51.100.1, 2001:db8:7::1")]);
    let privacy = Privacy { trusted_hops: 1, ..Privacy::default() };
    let context = Drafting { keys: &keys(), privacy: &privacy, observer: &Observer::default() };
    let draft = draft(&context, &facts(), &fields, None, Vantage::IdpIn, &redemption(), &[]);
    assert_eq!(value(&draft)["source"], json!({"address": "2001:db8:7::/48", "address_from": "xff"}));
}

#[test]
fn statements_about_the_recorder_conform_to_their_schemas() {
    let observer =
        Observer { node: Some("sidecar~10.0.0.1".to_owned()), pod: Some(String::new()), ..Observer::default() };
    let now = Timestamp::from_secs(1_768_469_400);
    let privacy = Privacy { profile: Profile::Standard, purpose: Some("fraud".to_owned()), trusted_hops: 0 };
    let signing_key = crate::record::KeyId::parse("s1").unwrap();
    let start = audit::Start {
        config_digest: "00ff",
        inline_secrets: &["/keys/join/current".to_owned()],
        issuers: &[ISSUER.to_owned()],
        keys: &keys(),
        privacy: &privacy,
        signing: "configured",
        signing_key: Some(&signing_key),
        sinks: &["audit_log".to_owned()],
        version: "0.1.0",
        findings: &[],
    };
    let start = audit::start(&observer, now, &start);
    let record = placed(&start);
    assert_eq!(start.class(), Class::Issuance);
    assert_eq!(record["observer"], json!({"node": "sidecar~10.0.0.1"}));
    assert_eq!(
        record["audit"],
        json!({
            "config_digest": "00ff", "inline_secrets": ["/keys/join/current"], "issuers": [ISSUER],
            "key_ids": {"join": ["k1"], "pseudonym": ["k1"], "signing": ["s1"]}, "keys": "configured",
            "profile": "standard", "purpose": "fraud", "signing": "configured", "sinks": ["audit_log"], "version": "0.1.0"
        })
    );
    conforms(&record);

    let counts = BTreeMap::from([((Class::Failure, "share"), 7), ((Class::Normal, "memory"), 0)]);
    let dropped = audit::Dropped { counts: &counts, losses: &[], first: now, last: now.plus_millis(1_500) };
    let record = placed(&audit::drop(&observer, now, &dropped));
    assert_eq!(
        record["audit"],
        json!({"dropped": {"failure.share": 7}, "first": "2026-01-15T09:30:00.000Z", "last": "2026-01-15T09:30:01.500Z"})
    );
    conforms(&record);

    let stop = audit::Stop { lost: &[], reason: audit::StopReason::Shutdown, records: 0 };
    let record = placed(&audit::stop(&observer, now, &stop));
    assert_eq!(record["audit"], json!({"reason": "shutdown", "records": 0}));
    conforms(&record);

    conforms(&placed(&audit::config_rejected(&observer, now, None, &["/sinks/0/cluster: missing".to_owned()])));
}

/// Every event with every slot filled: `secret` where no profile may show it, `pii` where some profiles may.
fn planted(secret: &str, pii: &str, outcome: Outcome) -> Vec<Observation<'static>> {
    let error = || OAuthError {
        code: seen("invalid_grant"),
        description: seen(&format!("the code {secret} of '{secret}' (user={secret}) failed")),
        uri: seen(&format!("https://docs.example.test/{secret}?{secret}")),
    };
    let plant = |(event, message)| Observation {
        error: (!matches!(event, ProtocolEvent::TokenExchanged | ProtocolEvent::TokenIssued)).then(error),
        path_template: owned(&format!("/auth/{secret}")),
        recognition: Recognition { tier: Tier::Heuristic, rule: "H-05", confidence: Confidence::High },
        subject: tells_of_a_person(event).then(|| Subject {
            issuer: Some(owned(ISSUER)),
            sub: seen(pii),
            trust: Trust::Direct,
        }),
        links: ROLES.map(|role| link(role, "", secret)).into(),
        ..observation(event, outcome, message)
    };
    [
        (ProtocolEvent::AuthorizationRequest, planted_request(secret)),
        (ProtocolEvent::AuthorizationResponse, planted_response(secret, pii)),
        (ProtocolEvent::TokenIssued, planted_issue(secret, pii)),
        (ProtocolEvent::TokenExchanged, planted_exchange(secret, pii)),
        (ProtocolEvent::ParRequest, planted_push(secret)),
        (ProtocolEvent::ChallengeResponse, planted_push(secret)),
        (ProtocolEvent::TokenIntrospected, planted_query(secret, pii)),
        (ProtocolEvent::TokenRevoked, planted_query(secret, pii)),
        (ProtocolEvent::CibaRequest, planted_ciba(secret)),
        (ProtocolEvent::DeviceAuthorization, planted_device(secret)),
        (ProtocolEvent::ClientRegistered, planted_client(secret)),
        (ProtocolEvent::OauthUnknown, planted_names(secret)),
        (ProtocolEvent::UserinfoAccessed, planted_userinfo(secret, pii)),
        (ProtocolEvent::LogoutRequested, planted_logout(secret)),
    ]
    .map(plant)
    .into()
}

/// The other events have no `subject`.
fn tells_of_a_person(event: ProtocolEvent) -> bool {
    use ProtocolEvent::{
        ChallengeResponse, CibaRequest, ClientRegistered, DeviceAuthorization, OauthUnknown, ParRequest,
    };
    !matches!(
        event,
        ChallengeResponse | CibaRequest | ClientRegistered | DeviceAuthorization | OauthUnknown | ParRequest
    )
}

fn planted_uri(secret: &str) -> Seen<Cow<'static, str>> {
    seen(&format!(
        "https://{secret}:{secret}@app.example.test/{secret}/cb;s={secret}?{secret}&code={secret}#t={secret}"
    ))
}

fn planted_identity(pii: &str) -> Vec<IdentityClaim<'static>> {
    [IdentityKind::Email, IdentityKind::PhoneNumber, IdentityKind::PreferredUsername]
        .map(|kind| IdentityClaim { kind, value: owned(pii) })
        .into()
}

fn planted_id_token(pii: &str) -> IdToken<'static> {
    IdToken { identity: planted_identity(pii), sub: seen(pii), trust: Some(Trust::Direct), ..IdToken::default() }
}

fn planted_claims(secret: &str) -> Vec<Cow<'static, str>> {
    vec![owned("email"), owned(secret)]
}

fn planted_request(secret: &str) -> Message<'static> {
    Message::AuthorizationRequest(Box::new(AuthorizationRequest {
        delivery: Some(Delivery::Query),
        form: Some(RequestForm::Plain),
        redirect_uri: planted_uri(secret),
        login_hint: seen(secret),
        unknown_parameters: vec![owned(secret)],
        oauth_state: Seen::Present(secret.len()),
        ..AuthorizationRequest::default()
    }))
}

fn planted_response(secret: &str, pii: &str) -> Message<'static> {
    Message::AuthorizationResponse(Box::new(AuthorizationResponse {
        delivery: Some(Delivery::Fragment),
        redirect_uri: planted_uri(secret),
        members: vec!["state", "code"],
        id_token: Some(planted_id_token(pii)),
        access_token: Some(AccessToken { claim_names: planted_claims(secret), ..AccessToken::default() }),
        ..AuthorizationResponse::default()
    }))
}

fn planted_exchange(secret: &str, pii: &str) -> Message<'static> {
    Message::Token(Box::new(TokenExchange {
        request: TokenRequest { username: seen(secret), redirect_uri: planted_uri(secret), ..TokenRequest::default() },
        response: Some(TokenResponse::default()),
        id_token: Some(planted_id_token(pii)),
        access_token: Some(AccessToken { claim_names: planted_claims(secret), ..AccessToken::default() }),
        exchanged: Some(Box::new(planted_actor(pii))),
        vendor_error: None,
    }))
}

fn planted_issue(secret: &str, pii: &str) -> Message<'static> {
    let Message::Token(mut exchange) = planted_exchange(secret, pii) else { panic!() };
    exchange.exchanged = None;
    Message::Token(exchange)
}

fn planted_actor(pii: &str) -> Exchanged<'static> {
    let actor = Actor { client_id: seen("web"), issuer: None, sub: seen(pii) };
    Exchanged { actors: vec![actor], mode: Some(ExchangeMode::Delegation), may_act: true, ..Exchanged::default() }
}

fn planted_push(secret: &str) -> Message<'static> {
    let Message::AuthorizationRequest(request) = planted_request(secret) else { panic!() };
    Message::Pushed(Box::new(PushedRequest { request: *request, username: seen(secret), ..PushedRequest::default() }))
}

fn planted_query(secret: &str, pii: &str) -> Message<'static> {
    let answer = IntrospectedToken {
        active: Seen::Present(true),
        username: seen(pii),
        claim_names: planted_claims(secret),
        ..IntrospectedToken::default()
    };
    Message::TokenQuery(Box::new(TokenQuery {
        format: Some(TokenFormat::Jwt),
        parameters_in_query: true,
        bearer: true,
        unknown_parameters: vec![owned(secret)],
        form: Some(UserinfoForm::Json),
        answer: Some(answer),
        ..TokenQuery::default()
    }))
}

fn planted_ciba(secret: &str) -> Message<'static> {
    Message::Ciba(Box::new(CibaRequest {
        hint: Some("login_hint"),
        login_hint: seen(secret),
        unknown_parameters: vec![owned(secret)],
        ..CibaRequest::default()
    }))
}

fn planted_device(secret: &str) -> Message<'static> {
    Message::DeviceAuthorization(Box::new(DeviceAuthorization {
        verification_uri: planted_uri(secret),
        complete: true,
        unknown_parameters: vec![owned(secret)],
        ..DeviceAuthorization::default()
    }))
}

fn planted_client(secret: &str) -> Message<'static> {
    let Seen::Present(uri) = planted_uri(secret) else { panic!() };
    Message::Registration(Box::new(ClientMetadata {
        bearer: true,
        texts: vec![("client_name", seen("App"))],
        uris: vec![("redirect_uris", Seen::Present(vec![uri]))],
        flags: vec![("dpop_bound_access_tokens", Seen::Present(true))],
        secrets: vec!["client_secret"],
        names: planted_claims(secret),
        ..ClientMetadata::default()
    }))
}

fn planted_names(secret: &str) -> Message<'static> {
    let names = || vec![owned(secret), owned("state")];
    Message::Named(Box::new(Named { parameters: names(), members: names(), ..Named::default() }))
}

fn planted_userinfo(secret: &str, pii: &str) -> Message<'static> {
    Message::Userinfo(Box::new(Userinfo {
        form: Some(UserinfoForm::Json),
        transport: Some(BearerTransport::Header),
        identity: planted_identity(pii),
        claim_names: planted_claims(secret),
        ..Userinfo::default()
    }))
}

fn planted_logout(secret: &str) -> Message<'static> {
    Message::Logout(Box::new(Logout {
        delivery: Some(Delivery::Post),
        post_logout_redirect_uri: planted_uri(secret),
        target: planted_uri(secret),
        logout_hint: seen(secret),
        ..Logout::default()
    }))
}

const ROLES: [LinkRole; 24] = [
    LinkRole::Actor,
    LinkRole::Assertion,
    LinkRole::At,
    LinkRole::Cajti,
    LinkRole::Ciba,
    LinkRole::Code,
    LinkRole::Dev,
    LinkRole::Dsec,
    LinkRole::Idt,
    LinkRole::Jti,
    LinkRole::Lstate,
    LinkRole::Nonce,
    LinkRole::Par,
    LinkRole::Pkce,
    LinkRole::Robj,
    LinkRole::RtIn,
    LinkRole::RtOut,
    LinkRole::Sid,
    LinkRole::State,
    LinkRole::Sub,
    LinkRole::Subj,
    LinkRole::Tok,
    LinkRole::Ucode,
    LinkRole::Username,
];

/// The forms that a value may hide in.
fn forms(value: &str) -> Vec<String> {
    let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let escaped = serde_json::to_string(value).unwrap();
    let mut forms = vec![value.to_owned(), hex.to_uppercase(), hex, percent.to_lowercase(), percent];
    forms.push(escaped.trim_matches('"').to_owned());
    for offset in 0..3 {
        let shifted: Vec<u8> = std::iter::repeat_n(0, offset).chain(value.bytes()).collect();
        for encoded in [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
            // Its ends depend on what stands beside it.
            forms.push(encoded.get(4..encoded.len() - 4).unwrap().to_owned());
        }
    }
    forms
}

fn shows(text: &str, value: &str) -> bool {
    forms(value).iter().any(|form| text.contains(form.as_str()))
}

#[test]
fn every_event_conforms_to_its_schema_in_every_profile() {
    for profile in PROFILES {
        conforms(&placed(&drafted(profile, &request(), &redemption())));
        for outcome in [Outcome::Success, Outcome::Failure, Outcome::Pending, Outcome::Unknown] {
            for observation in planted("V1StGXR8_Z5jdHi6B-myT", "jane.doe@example.com", outcome) {
                conforms(&placed(&drafted(profile, &request(), &observation)));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_secret_and_no_attempted_name_reaches_a_record(
        secret in "[A-Z][A-Za-z0-9_-]{20,40}[0-9]",
        pii in "[A-Z][a-z0-9]{12,20}@[a-z]{8}\\.example",
        outcome in prop::sample::select(vec![Outcome::Failure, Outcome::Pending, Outcome::Unknown]),
        profile in prop::sample::select(PROFILES.to_vec()),
    ) {
        let fields = head(&[
            (":method", "POST"),
            (":path", &format!("/auth/{secret}?code={secret}")),
            (":authority", "idp.example.test"),
            ("authorization", &format!("Basic {secret}")),
            ("cookie", &format!("SID={secret}")),
            ("dpop", &secret),
            ("referer", &format!("https://app.example.test/?code={secret}")),
            ("x-request-id", &format!("{secret} ")),
        ]);
        for observation in planted(&secret, &pii, outcome) {
            let text = to_canonical(drafted(profile, &fields, &observation).record());
            prop_assert!(!shows(&text, &secret), "{text}");
            if profile != Profile::Full {
                prop_assert!(!shows(&text, &pii), "{text}");
            }
        }
    }

    #[test]
    fn names_with_any_characters_stay_out_of_records(name in "\\PC{8,64}", outcome in prop::sample::select(vec![Outcome::Failure, Outcome::Unknown])) {
        let exchange = TokenExchange {
            request: TokenRequest { username: seen(&name), ..TokenRequest::default() },
            ..TokenExchange::default()
        };
        let message = Message::Token(Box::new(exchange));
        let observation = Observation {
            error: Some(OAuthError { code: seen("invalid_grant"), description: seen(&format!("wrong password for {name}!")), uri: Seen::Absent }),
            links: vec![link(LinkRole::Username, ISSUER, &name)],
            ..observation(ProtocolEvent::TokenDenied, outcome, message)
        };
        for profile in PROFILES {
            let text = to_canonical(drafted(profile, &request(), &observation).record());
            prop_assert!(!shows(&text, &name), "{text}");
        }
    }

    #[test]
    fn any_text_anywhere_gives_a_conforming_record(text in any::<String>(), long in "\\PC{0,600}", number in any::<u64>()) {
        let request_message = AuthorizationRequest {
            redirect_uri: seen(&text),
            scope: words(&[&text, &long]),
            display: seen(&long),
            max_age: Seen::Present(number),
            unknown_parameters: vec![owned(&text), owned(&long)],
            claims: words(&[&text, &long]),
            ..AuthorizationRequest::default()
        };
        let message = Message::AuthorizationRequest(Box::new(request_message));
        let observation = Observation {
            client: Client { id: seen(&text), ..Client::default() },
            path_template: owned(&long),
            tenant: Some(owned(&text)),
            error: Some(OAuthError { code: seen(&text), description: seen(&long), uri: seen(&text) }),
            ..observation(ProtocolEvent::AuthorizationRequest, Outcome::Failure, message)
        };
        let fields = head(&[(":authority", &text), (":method", &long), ("user-agent", &long), ("x-forwarded-for", &text)]);
        conforms(&placed(&drafted(Profile::Full, &fields, &observation)));
    }
}

#[test]
fn the_search_for_canaries_finds_them() {
    let canary = "V1StGXR8_Z5jdHi6B-myT";
    for text in [
        canary.to_owned(),
        format!("x{}y", STANDARD_NO_PAD.encode(format!("ab{canary}cd"))),
        canary.bytes().map(|byte| format!("%{byte:02x}")).collect(),
    ] {
        assert!(shows(&text, canary), "{text}");
    }
}
