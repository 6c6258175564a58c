use super::*;

fn policy(settings: Vec<IssuerSettings>) -> Policy {
    Policy::new(settings, Limits::default()).unwrap()
}

fn issuer(name: &str, provider: Option<Provider>) -> IssuerSettings {
    IssuerSettings { issuer: name.to_owned(), provider, ..IssuerSettings::default() }
}

fn found(policy: &Policy, authority: &str, path: &str) -> Option<(usize, Option<(EndpointKind, Tier)>)> {
    let interest = policy.triage(authority.as_bytes(), path.as_bytes())?;
    Some((interest.issuer.unwrap(), interest.endpoint.map(|endpoint| (endpoint.kind, endpoint.recognition.tier))))
}

#[test]
fn an_authority_of_nobody_is_unrelated() {
    let policy = policy(vec![issuer("https://idp.test", None)]);
    assert_eq!(found(&policy, "app.test", "/token"), None);
    assert_eq!(found(&policy, "", "/"), None);
    assert_eq!(found(&policy, "IDP.test:443", "/anything"), Some((0, None)));
}

#[test]
fn the_higher_tier_decides() {
    let mut settings = issuer("https://idp.test", Some(Provider::OidcProvider));
    settings.endpoints = Endpoints(vec![(EndpointKind::Token, "/me".to_owned())]);
    let mut policy = policy(vec![settings]);
    assert_eq!(found(&policy, "idp.test", "/me"), Some((0, Some((EndpointKind::Token, Tier::Configured)))));
    assert_eq!(found(&policy, "idp.test", "/auth"), Some((0, Some((EndpointKind::Authorization, Tier::Profile)))));
    let document = br#"{"issuer":"https://idp.test","authorization_endpoint":"https://idp.test/auth","userinfo_endpoint":"https://idp.test/me"}"#;
    assert_eq!(policy.learn(0, document).map(|learned| learned.endpoints), Ok(2));
    assert_eq!(found(&policy, "idp.test", "/auth/"), Some((0, Some((EndpointKind::Authorization, Tier::Discovered)))));
    assert_eq!(found(&policy, "idp.test", "/me"), Some((0, Some((EndpointKind::Token, Tier::Configured)))));
    assert_eq!(found(&policy, "idp.test", "/auth/x"), Some((0, Some((EndpointKind::Resume, Tier::Profile)))));
}

#[test]
fn realms_of_one_host_are_told_apart_by_their_path() {
    let policy = policy(vec![
        issuer("https://idp.test/realms/acme", Some(Provider::Keycloak)),
        issuer("https://idp.test/realms/upstream", Some(Provider::Keycloak)),
    ]);
    let token = "/realms/upstream/protocol/openid-connect/token";
    assert_eq!(found(&policy, "idp.test", token), Some((1, Some((EndpointKind::Token, Tier::Profile)))));
    assert_eq!(found(&policy, "idp.test", "/realms/upstream/account"), Some((1, None)));
    assert_eq!(found(&policy, "idp.test", "/realms/upstreams"), Some((0, None)));
}

#[test]
fn the_metadata_document_is_found_where_both_specifications_put_it() {
    let policy = policy(vec![issuer("https://idp.test/realms/acme", None)]);
    for path in [
        "/realms/acme/.well-known/openid-configuration",
        "/realms/acme/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/realms/acme",
        "/.well-known/openid-configuration/realms/acme",
    ] {
        assert_eq!(
            policy.triage(b"idp.test", path.as_bytes()).and_then(|interest| interest.kind()),
            Some(EndpointKind::Discovery)
        );
    }
    assert_eq!(found(&policy, "idp.test", "/.well-known/openid-configuration"), Some((0, None)));
    assert_eq!(policy.metadata_path(0), "/realms/acme/.well-known/openid-configuration");
    assert_eq!(policy.metadata_path(1), "");
}

#[test]
fn a_path_below_the_end_session_endpoint_takes_the_answer_to_log_out() {
    let mut settings = issuer("https://idp.test", None);
    settings.endpoints = Endpoints(vec![(EndpointKind::EndSession, "https://idp.test/session/end".to_owned())]);
    let policy = policy(vec![settings]);
    let endpoint = policy.triage(b"idp.test", b"/session/end/confirm").unwrap().endpoint.unwrap();
    assert_eq!(endpoint.kind, EndpointKind::EndSessionConfirm);
    assert_eq!(endpoint.recognition.rule, SUBPATH);
    assert_eq!(endpoint.recognition.tier, Tier::Configured);
    assert_eq!(endpoint.recognition.confidence, Confidence::High);
    assert_eq!(found(&policy, "idp.test", "/session/ending"), Some((0, None)));
}

#[test]
fn further_authorities_and_those_of_endpoints_belong_to_the_issuer() {
    let mut settings = issuer("https://idp.test", None);
    settings.authorities = vec!["keycloak.svc:8080".to_owned()];
    settings.endpoints = Endpoints(vec![(EndpointKind::Token, "https://mtls.idp.test/token".to_owned())]);
    let policy = policy(vec![settings]);
    assert_eq!(found(&policy, "keycloak.svc:8080", "/token"), Some((0, Some((EndpointKind::Token, Tier::Configured)))));
    assert!(found(&policy, "mtls.idp.test", "/x").is_some());
}

#[test]
fn every_problem_is_reported_with_its_place() {
    let bad = IssuerSettings {
        issuer: "idp.test".to_owned(),
        authorities: vec!["ok.test".to_owned(), "https://x".to_owned()],
        provider: None,
        profile: None,
        endpoints: Endpoints(vec![(EndpointKind::Token, "token".to_owned())]),
        ..IssuerSettings::default()
    };
    let twice = || issuer("https://idp.test", None);
    let error = Policy::new(vec![bad, twice(), twice()], Limits::default()).unwrap_err();
    let expected = [
        (0, PolicyField::Issuer, PolicyProblemKind::NotAnIssuer),
        (0, PolicyField::Authority(1), PolicyProblemKind::NotAnAuthority),
        (0, PolicyField::Endpoint(EndpointKind::Token), PolicyProblemKind::NotAnEndpoint),
        (2, PolicyField::Issuer, PolicyProblemKind::Duplicate),
    ];
    assert_eq!(error.problems, expected.map(|(issuer, field, kind)| PolicyProblem { issuer, field, kind }));
}

#[test]
fn a_smaller_document_takes_nothing_away() {
    let mut policy = policy(vec![issuer("https://idp.test", None)]);
    let openid = br#"{"issuer":"https://idp.test","token_endpoint":"https://idp.test/t","userinfo_endpoint":"https://idp.test/u"}"#;
    let oauth = br#"{"issuer":"https://idp.test","token_endpoint":"https://idp.test/t2"}"#;
    policy.learn(0, openid).unwrap();
    policy.learn(0, oauth).unwrap();
    let kinds = ["/t", "/t2", "/u"].map(|path| policy.triage(b"idp.test", path.as_bytes()).unwrap().kind());
    assert_eq!(kinds, [None, Some(EndpointKind::Token), Some(EndpointKind::Userinfo)]);
    assert_eq!(policy.learn(0, b"[]"), Err(MetadataError::NotJson));
    assert!(policy.knows_metadata(0));
}
