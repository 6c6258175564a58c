use std::collections::BTreeSet;

use super::super::observe::tests::{Case, policy};
use super::super::provider::Provider;
use super::super::{LoginForms, Outcome, ProtocolEvent};
use super::*;

/// Provider, path of the issuer, start of the request, fields of it, the answer as `STATUS LOCATION|BODY`, and what
/// that is: an adapter and an outcome, or no attempt.
type Row =
    (Provider, &'static str, &'static str, &'static str, (&'static str, &'static str), Option<(&'static str, Outcome)>);

const FORM: &str = "content-type: application/x-www-form-urlencoded";
const JSON: &str = "content-type: application/json";
const PAGE: &str = "<form><input type=password name=password></form>";

/// One page for each way an adapter can end, of our own making (PROTOCOL §2.6).
#[rustfmt::skip]
const ROWS: &[Row] = &[
    (Provider::Adfs, "/adfs", "POST /adfs/ls", FORM, ("302 MSISAuth", "/adfs/oauth2/authorize"), Some(("adfs", Outcome::Success))),
    (Provider::Adfs, "/adfs", "POST /ADFS/LS/", FORM, ("200", "<label id=errorText>x</label>"), None),
    (Provider::Adfs, "/adfs", "POST /adfs/ls/", FORM, ("200", "<label id=errorText>x</label>"), Some(("adfs", Outcome::Unknown))),
    (Provider::Auth0, "", "POST /u/login?state=s", FORM, ("400", PAGE), Some(("auth0", Outcome::Failure))),
    (Provider::Auth0, "", "POST /u/login/password?state=s", FORM, ("302", "/u/mfa-otp-challenge?state=s"), Some(("auth0", Outcome::Pending))),
    (Provider::Auth0, "", "POST /u/mfa-otp-challenge?state=s", FORM, ("302", "/authorize/resume?state=s"), Some(("auth0-mfa", Outcome::Success))),
    (Provider::Auth0, "", "POST /u/mfa-otp-challenge?state=s", FORM, ("429", PAGE), Some(("auth0-mfa", Outcome::Failure))),
    (Provider::Auth0, "", "POST /u/mfa-otp-challenge?state=s", FORM, ("400", PAGE), Some(("auth0-mfa", Outcome::Unknown))),
    (Provider::Auth0, "", "POST /co/authenticate", JSON, ("403", r#"{"code":"access_denied"}"#), Some(("auth0-classic", Outcome::Failure))),
    (Provider::Auth0, "", "POST /usernamepassword/login", JSON, ("200", PAGE), Some(("auth0-classic", Outcome::Pending))),
    (Provider::Authelia, "", "POST /api/firstfactor", JSON, ("401", r#"{"status":"KO","message":"x"}"#), Some(("authelia", Outcome::Failure))),
    (Provider::Authelia, "", "POST /api/firstfactor", JSON, ("200", r#"{"status":"OK"}"#), Some(("authelia", Outcome::Unknown))),
    (Provider::Authelia, "", "POST /api/secondfactor/totp", JSON, ("401", r#"{"status":"KO"}"#), Some(("authelia-second", Outcome::Failure))),
    (Provider::Authelia, "", "POST /api/secondfactor/totp", JSON, ("200", r#"{"status":"OK"}"#), Some(("authelia-second", Outcome::Unknown))),
    (Provider::Authentik, "/application/o/a", "POST /api/v3/flows/executor/f/", JSON, ("200", r#"{"component":"ak-stage-access-denied"}"#), Some(("authentik", Outcome::Failure))),
    (Provider::Authentik, "/application/o/a", "POST /api/v3/flows/executor/f/", JSON, ("200", r#"{"component":"xak-flow-redirect"}"#), Some(("authentik", Outcome::Success))),
    (Provider::Authentik, "/application/o/a", "POST /api/v3/flows/executor/f/", JSON, ("200", r#"{"component":"ak-stage-prompt"}"#), None),
    (Provider::Cas, "", "POST /login", FORM, ("401", PAGE), Some(("cas", Outcome::Failure))),
    (Provider::Cas, "", "POST /login", FORM, ("302 TGC", "/oidc/authorize"), Some(("cas", Outcome::Success))),
    (Provider::Cognito, "/pool", "POST /login", FORM, ("302", "/login?error=x"), Some(("cognito", Outcome::Failure))),
    (Provider::Cognito, "/pool", "POST /login", FORM, ("302 cognito", "https://app.test/cb"), Some(("cognito", Outcome::Success))),
    (Provider::Cognito, "/pool", "POST /", "x-amz-target: AWSCognitoIdentityProviderService.RespondToAuthChallenge", ("400", r#"{"__type":"CodeMismatchException"}"#), Some(("cognito-rpc", Outcome::Failure))),
    (Provider::Cognito, "/pool", "POST /", "x-amz-target: AWSCognitoIdentityProviderService.InitiateAuth", ("200", r#"{"AuthenticationResult":{"a":1}}"#), Some(("cognito-rpc", Outcome::Success))),
    (Provider::Cognito, "/pool", "POST /", "x-amz-target: AWSCognitoIdentityProviderService.ListUsers", ("400", r#"{"__type":"NotAuthorizedException"}"#), None),
    (Provider::Dex, "/dex", "POST /dex/auth/local/login", FORM, ("401", PAGE), Some(("dex", Outcome::Failure))),
    (Provider::Dex, "/dex", "POST /dex/auth/local/login", FORM, ("303", "/dex/approval?req=x"), Some(("dex", Outcome::Success))),
    (Provider::DjangoOauthToolkit, "/o", "POST /accounts/login/", FORM, ("200", PAGE), Some(("django", Outcome::Failure))),
    (Provider::DjangoOauthToolkit, "/o", "POST /admin/login/", FORM, ("302 sessionid", "/o/authorize/"), Some(("django", Outcome::Success))),
    (Provider::Entra, "/t/v2.0", "POST /t/login", FORM, ("200", r#"<script>{"sErrorCode":"50126"}</script>"#), Some(("entra", Outcome::Failure))),
    (Provider::Entra, "/t/v2.0", "POST /Common/Login", FORM, ("302 ESTSAUTHPERSISTENT", "https://app.test/"), Some(("entra", Outcome::Success))),
    (Provider::EntraB2c, "/t/v2.0", "POST /t/B2C_1_in/SelfAsserted", FORM, ("200", r#"{"status":"400","errorCode":"AADB2C90054"}"#), Some(("entra-b2c", Outcome::Failure))),
    (Provider::EntraB2c, "/t/v2.0", "POST /t/B2C_1_in/SelfAsserted", FORM, ("200", r#"{"status":"200"}"#), Some(("entra-b2c", Outcome::Unknown))),
    (Provider::Github, "", "POST /session", FORM, ("302 user_session", "/"), Some(("github", Outcome::Success))),
    (Provider::Github, "", "POST /session", FORM, ("302", "/sessions/two-factor/app"), Some(("github", Outcome::Pending))),
    (Provider::Github, "", "POST /session", FORM, ("200", PAGE), Some(("github", Outcome::Unknown))),
    (Provider::Gitlab, "", "POST /users/sign_in", FORM, ("422", PAGE), Some(("gitlab", Outcome::Failure))),
    (Provider::Gitlab, "", "POST /users/sign_in", FORM, ("302 _gitlab_session", "/"), Some(("gitlab", Outcome::Success))),
    (Provider::Gitlab, "", "POST /users/auth/ldapmain/callback", FORM, ("422", PAGE), Some(("gitlab-ldap", Outcome::Failure))),
    (Provider::Gitlab, "", "POST /users/auth/ldapmain/callback", FORM, ("302 _gitlab_session", "/"), Some(("gitlab-ldap", Outcome::Success))),
    (Provider::Glewlwyd, "/api/oidc", "POST /api/auth/", JSON, ("401", ""), Some(("glewlwyd", Outcome::Failure))),
    (Provider::Glewlwyd, "/api/oidc", "POST /api/auth/", JSON, ("200 GLEWLWYD2_SESSION_ID", ""), Some(("glewlwyd", Outcome::Success))),
    (Provider::Gluu, "", "POST /oxauth/login.htm", FORM, ("302", "/oxauth/restv1/authorize?a=b"), Some(("gluu", Outcome::Success))),
    (Provider::Gluu, "", "POST /oxauth/login.htm", FORM, ("200", PAGE), Some(("gluu", Outcome::Unknown))),
    (Provider::Hydra, "", "PUT /admin/oauth2/auth/requests/login/reject?login_challenge=c", JSON, ("200", r#"{"redirect_to":"x"}"#), Some(("hydra", Outcome::Failure))),
    (Provider::Hydra, "", "PUT /admin/oauth2/auth/requests/login/accept?login_challenge=c", JSON, ("200", r#"{"redirect_to":"x"}"#), Some(("hydra", Outcome::Success))),
    (Provider::IdentityServer, "", "POST /account/login?ReturnUrl=x", FORM, ("302", "/connect/authorize/callback?a=b"), Some(("identityserver", Outcome::Success))),
    (Provider::IdentityServer, "", "POST /Account/Login?ReturnUrl=x", FORM, ("200", PAGE), Some(("identityserver", Outcome::Unknown))),
    (Provider::Janssen, "", "POST /jans-auth/login.htm", FORM, ("302", "/jans-auth/restv1/authorize?a=b"), Some(("janssen", Outcome::Success))),
    (Provider::Janssen, "", "POST /jans-auth/login.htm", FORM, ("200", PAGE), Some(("janssen", Outcome::Unknown))),
    (Provider::Keycloak, "/realms/a", "POST /realms/a/login-actions/authenticate", FORM, ("200", r#"<body data-page-id="login-login"><input aria-invalid="true">"#), Some(("keycloak", Outcome::Failure))),
    (Provider::Keycloak, "/realms/a", "POST /realms/a/login-actions/authenticate", FORM, ("200", r#"<body data-page-id="login-login-otp"><input aria-invalid="">"#), Some(("keycloak", Outcome::Pending))),
    (Provider::Keycloak, "/realms/a", "POST /realms/a/login-actions/authenticate", FORM, ("302 KEYCLOAK_IDENTITY", "/realms/a/device/status"), Some(("keycloak", Outcome::Success))),
    (Provider::Keycloak, "/realms/a", "POST /realms/a/login-actions/authenticate", FORM, ("200", "a theme without marks"), Some(("keycloak", Outcome::Unknown))),
    (Provider::Kratos, "", "POST /self-service/login?flow=f", JSON, ("400", r#"{"ui":{"messages":[{"id":4000006}]}}"#), Some(("kratos", Outcome::Failure))),
    (Provider::Kratos, "", "POST /self-service/login?flow=f", JSON, ("200 ory_kratos_session", "{}"), Some(("kratos", Outcome::Success))),
    (Provider::LemonLdap, "", "POST /oauth2/authorize?password=x", FORM, ("401", PAGE), Some(("lemonldap", Outcome::Failure))),
    (Provider::LemonLdap, "", "POST /oauth2/authorize?password=x", FORM, ("302 lemonldap", "/"), Some(("lemonldap", Outcome::Success))),
    (Provider::LemonLdap, "", "POST /oauth2/authorize", FORM, ("302 lemonldap", "/"), None),
    (Provider::OidcProvider, "", "POST /interaction/x", FORM, ("303", "/auth/x"), None),
    (Provider::OidcProvider, "", "POST /interaction/x", FORM, ("200", PAGE), Some(("oidc-provider", Outcome::Unknown))),
    (Provider::Okta, "/oauth2/default", "POST /idp/idx/identify", JSON, ("401", r#"{"messages":{"value":[{"i18n":{"key":"errors.E0000004"}}]}}"#), Some(("okta-idx", Outcome::Failure))),
    (Provider::Okta, "/oauth2/default", "POST /idp/idx/challenge/answer", JSON, ("200", r#"{"success":{"href":"x"}}"#), Some(("okta-idx", Outcome::Success))),
    (Provider::Okta, "", "POST /api/v1/authn", JSON, ("401", r#"{"errorCode":"E0000004"}"#), Some(("okta-authn", Outcome::Failure))),
    (Provider::Okta, "", "POST /api/v1/authn", JSON, ("200", r#"{"status":"SUCCESS"}"#), Some(("okta-authn", Outcome::Success))),
    (Provider::Okta, "", "POST /api/v1/authn", JSON, ("200", r#"{"status":"MFA_REQUIRED"}"#), Some(("okta-authn", Outcome::Pending))),
    (Provider::OpenIddict, "", "POST /Identity/Account/Login", FORM, ("302 .AspNetCore.Identity.Application", "/"), Some(("openiddict", Outcome::Success))),
    (Provider::OpenIddict, "", "POST /Account/Login", FORM, ("200", PAGE), Some(("openiddict", Outcome::Unknown))),
    (Provider::PingAm, "/am/oauth2", "POST /am/json/realms/root/authenticate", JSON, ("401", r#"{"code":401}"#), Some(("pingam", Outcome::Failure))),
    (Provider::PingAm, "/am/oauth2", "POST /am/json/authenticate", JSON, ("200", r#"{"tokenId":"t"}"#), Some(("pingam", Outcome::Success))),
    (Provider::PingFederate, "", "POST /as/7/resume/as/authorization.ping", FORM, ("200", PAGE), Some(("pingfederate", Outcome::Unknown))),
    (Provider::PingOne, "/env/as", "POST /env/flows/f", JSON, ("400", r#"{"details":[{"code":"INVALID_CREDENTIALS"}]}"#), Some(("pingone", Outcome::Failure))),
    (Provider::PingOne, "/env/as", "POST /env/flows/f", JSON, ("200", r#"{"status":"COMPLETED"}"#), Some(("pingone", Outcome::Success))),
    (Provider::SpringAuthorizationServer, "", "POST /login", FORM, ("302", "/login?error"), Some(("spring", Outcome::Failure))),
    (Provider::SpringAuthorizationServer, "", "POST /login", FORM, ("302 JSESSIONID", "/oauth2/authorize"), Some(("spring", Outcome::Success))),
    (Provider::SpringAuthorizationServer, "", "POST /login", FORM, ("302", "/login"), None),
    (Provider::Wso2, "", "POST /commonauth", FORM, ("302", "/authenticationendpoint/login.do?authFailure=true"), Some(("wso2", Outcome::Failure))),
    (Provider::Wso2, "", "POST /t/acme/commonauth", FORM, ("302", "/t/acme/oauth2/authorize?sessionDataKey=x"), Some(("wso2", Outcome::Success))),
    (Provider::Zitadel, "", "POST /ui/login/password", FORM, ("302", "/oauth/v2/authorize/callback?id=1"), Some(("zitadel", Outcome::Success))),
    (Provider::Zitadel, "", "POST /ui/login/loginname", FORM, ("200", PAGE), Some(("zitadel", Outcome::Unknown))),
];

fn case(row: &Row) -> Case {
    let (provider, issuer, start, field, (status, content), _) = *row;
    let policy = policy(&format!("https://idp.test{issuer}"), Some(provider));
    let (status, cookie) = status.split_once(' ').unwrap_or((status, ""));
    let redirect = status.starts_with('3');
    let location = format!("location: {content}");
    let cookie = format!("set-cookie: {cookie}=x; Path=/");
    let media = if content.starts_with('{') { JSON } else { "content-type: text/html" };
    let lines: Vec<&str> = match (redirect, cookie.starts_with("set-cookie: =")) {
        (true, true) => vec![&location],
        (true, false) => vec![&location, &cookie],
        (false, true) => vec![media],
        (false, false) => vec![media, &cookie],
    };
    Case::new(policy, start, &[field], "").answered(status, &lines, if redirect { "" } else { content })
}

fn attempt(case: &Case) -> Option<(String, Outcome)> {
    case.see(|seen| {
        let attempt = seen.iter().find(|one| one.event == ProtocolEvent::LoginAttempt)?;
        let Message::Interaction(message) = &attempt.message else { return None };
        Some((message.adapter.unwrap_or_default().to_owned(), attempt.outcome))
    })
}

#[test]
fn every_adapter_tells_its_ends_apart() {
    for row in ROWS {
        let expected = row.5.map(|(adapter, outcome)| (adapter.to_owned(), outcome));
        assert_eq!(attempt(&case(row)), expected, "{row:?}");
    }
}

#[test]
fn every_adapter_has_a_positive_and_a_negative_case() {
    let has = |id: &str, wanted: &[Outcome]| {
        ROWS.iter().any(|row| row.5.is_some_and(|(adapter, outcome)| adapter == id && wanted.contains(&outcome)))
    };
    let mut without = BTreeSet::new();
    for adapter in Provider::ALL.iter().flat_map(|provider| provider.profile().adapters.iter()) {
        if adapter.purpose == Purpose::Consent {
            continue;
        }
        let told = |verdict: Verdict| adapter.rules.iter().any(|rule| rule.verdict == verdict);
        let positive = has(&adapter.id, &[Outcome::Success, Outcome::Pending])
            || !(told(Verdict::Success) || told(Verdict::Pending));
        let negative = has(&adapter.id, &[Outcome::Failure]) || !told(Verdict::Failure);
        if !positive
            || !negative
            || !has(&adapter.id, &[Outcome::Failure, Outcome::Unknown, Outcome::Success, Outcome::Pending])
        {
            without.insert(adapter.id.to_string());
        }
    }
    // Its rules need a user's name, which is not read here: tests/fixtures/exchanges/lf-22-oidc-provider.
    assert_eq!(without, BTreeSet::from(["oidc-provider".to_owned()]));
}

#[test]
fn a_login_form_is_not_read_unless_names_are_wanted() {
    for (forms, read) in [(LoginForms::Off, false), (LoginForms::Outcome, false), (LoginForms::Username, true)] {
        for row in ROWS.iter().filter(|row| row.2 == "POST /realms/a/login-actions/authenticate") {
            let mut case = case(row);
            case.policy.limits.login_forms = forms;
            let path = case.request.path().unwrap().to_vec();
            let interest = case.policy.triage(b"idp.test", &path).unwrap();
            assert_eq!(case.policy.bodies(&interest, &case.request).request.is_some(), read, "{forms:?}");
            assert_eq!(attempt(&case).is_some(), forms != LoginForms::Off);
        }
    }
}

#[test]
fn without_an_answer_of_the_server_nothing_is_known() {
    let row = ROWS.iter().find(|row| row.0 == Provider::Keycloak).unwrap();
    let mut silent = case(row);
    silent.response = None;
    assert_eq!(attempt(&silent), Some(("keycloak".to_owned(), Outcome::Unknown)));
    assert_eq!(attempt(&case(row).locally()), Some(("keycloak".to_owned(), Outcome::Unknown)));
}
