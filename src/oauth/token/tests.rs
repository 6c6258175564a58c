use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::super::observe::tests::{Case, FORM, HTML, JSON, links, policy};
use super::super::{BodyFormat, ClientAuthMethod, Provider, TokenFormat};
use super::*;
use crate::body::Completeness;
use crate::seen::{Malformation, Seen};

use Outcome::{Failure, Pending, Success, Unknown};
use ProtocolEvent::{
    ClientAuthFailed, OauthUnknown, TokenDenied, TokenIssued, TokenPending, TokenRefreshed, TokenRequest as Requested,
};

const BASIC: &str = "authorization: Basic d2ViOnNlY3JldA==";
const CODE: &str = "grant_type=authorization_code&code=c1&redirect_uri=https%3A%2F%2Fapp.test%2Fcb&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn request(lines: &[&str], body: &str) -> Case {
    Case::new(policy("https://idp.test", Some(Provider::OidcProvider)), "POST /token", lines, body)
}

fn code() -> Case {
    request(&[FORM, BASIC], CODE)
}

fn jws(claims: &str) -> String {
    format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"1"}"#), URL_SAFE_NO_PAD.encode(claims))
}

fn exchange<T>(case: &Case, look: impl FnOnce(&TokenExchange<'_>, &Observation<'_>) -> T) -> T {
    case.see(|seen| {
        let [observation] = seen else { panic!("{} observations", seen.len()) };
        let Message::Token(exchange) = &observation.message else { panic!() };
        look(exchange, observation)
    })
}

#[test]
fn a_code_becomes_tokens() {
    let id_token = jws(r#"{"iss":"https://idp.test","sub":"alice","aud":"web","nonce":"n1","sid":"sess","jti":"j1"}"#);
    let body = format!(
        r#"{{"access_token":"at1","token_type":"Bearer","expires_in":300,"refresh_token":"rt1","scope":"openid email","id_token":"{id_token}"}}"#
    );
    let case = code().answered("200", &[JSON, "cache-control: no-cache, no-store"], &body);
    assert_eq!(case.events(), [(TokenIssued, Success, None)]);
    exchange(&case, |exchange, observation| {
        let response = exchange.response.as_ref().unwrap();
        assert_eq!(response.scope_source, Some(ScopeSource::Response));
        assert_eq!(response.expires_in, Seen::Present(300));
        assert!(response.no_store && response.refresh_token && response.rotated.is_none());
        assert!(exchange.request.code_verifier && !exchange.request.parameters_in_query);
        assert_eq!(exchange.access_token.as_ref().unwrap().format, Some(TokenFormat::Opaque));
        assert_eq!(exchange.id_token.as_ref().unwrap().trust, Some(Trust::Direct));
        assert_eq!(observation.client.id, Seen::Present("web".into()));
        assert_eq!(observation.client.authenticated, Some(true));
        assert_eq!(observation.subject.as_ref().unwrap().sub, Seen::Present("alice".into()));
        let value = |role, text: &str| (role, text.to_owned());
        let expected = [
            value(LinkRole::Code, "c1"),
            value(LinkRole::Pkce, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            value(LinkRole::At, "at1"),
            value(LinkRole::RtOut, "rt1"),
            value(LinkRole::Idt, &id_token),
            value(LinkRole::Nonce, "n1"),
            value(LinkRole::Sid, "sess"),
            value(LinkRole::Sub, "alice"),
            value(LinkRole::Jti, "j1"),
        ];
        assert_eq!(links(observation), expected);
        let scoped = observation.links.iter().filter(|link| !link.scope.is_empty()).map(|link| link.role);
        assert_eq!(scoped.collect::<Vec<_>>(), [LinkRole::Sid, LinkRole::Sub, LinkRole::Jti]);
    });
}

#[test]
fn status_and_body_decide_together() {
    let tokens = r#"{"access_token":"a","token_type":"Bearer"}"#;
    let error = |code: &str| format!(r#"{{"error":"{code}"}}"#);
    for (status, body, expected) in [
        ("200", tokens.to_owned(), (TokenIssued, Success, None)),
        ("201", r#"{"id_token":"x"}"#.to_owned(), (TokenIssued, Success, None)),
        ("200", error("bad_verification_code"), (TokenDenied, Failure, Some(Reason::OauthError))),
        ("200", r#"{"access_token":"a","error":null}"#.to_owned(), (TokenIssued, Success, None)),
        ("400", error("invalid_grant"), (TokenDenied, Failure, Some(Reason::OauthError))),
        ("401", error("invalid_client"), (ClientAuthFailed, Failure, Some(Reason::OauthError))),
        ("400", error("invalid_client"), (ClientAuthFailed, Failure, Some(Reason::OauthError))),
        ("401", error("unauthorized_client"), (ClientAuthFailed, Failure, Some(Reason::OauthError))),
        ("401", error("invalid_grant"), (TokenDenied, Failure, Some(Reason::OauthError))),
        ("400", error("authorization_pending"), (TokenPending, Pending, Some(Reason::Poll))),
        ("400", error("use_dpop_nonce"), (TokenPending, Pending, Some(Reason::RetryNonce))),
        ("403", error("mfa_required"), (TokenPending, Pending, Some(Reason::Interaction))),
        ("401", String::new(), (ClientAuthFailed, Failure, Some(Reason::HttpStatus))),
        ("403", String::new(), (TokenDenied, Failure, Some(Reason::HttpStatus))),
        ("500", "<html>".to_owned(), (TokenDenied, Failure, Some(Reason::HttpStatus))),
        ("302", String::new(), (TokenDenied, Failure, Some(Reason::HttpStatus))),
        ("200", "<html>".to_owned(), (Requested, Unknown, Some(Reason::BodyUnparseable))),
        ("200", "{}".to_owned(), (Requested, Unknown, Some(Reason::BodyUnparseable))),
        ("200", r#"{"access_token":null}"#.to_owned(), (Requested, Unknown, Some(Reason::BodyUnparseable))),
    ] {
        assert_eq!(code().answered(status, &[JSON], &body).events(), [expected], "{status} {body}");
    }
}

#[test]
fn what_was_not_seen_is_unknown() {
    let tokens = r#"{"access_token":"a","token_type":"Bearer"}"#;
    assert_eq!(code().events(), [(Requested, Unknown, Some(Reason::NoResponse))]);
    assert_eq!(
        code().answered("200", &[JSON], tokens).cut_response().events(),
        [(Requested, Unknown, Some(Reason::BodyTruncated))]
    );
    let odd = code().answered("200", &[JSON, "content-encoding: compress"], tokens);
    assert_eq!(odd.events(), [(Requested, Unknown, Some(Reason::BodyEncoding))]);
    assert_eq!(code().answered("504", &[], "").locally().events(), [(Requested, Unknown, Some(Reason::LocalReply))]);
    assert_eq!(code().answered("429", &[], "").locally().events(), [(TokenDenied, Failure, Some(Reason::LocalReply))]);
    let cut = request(&[FORM], "grant_type=authorization_code&client_id=web&code=half").cut_request();
    exchange(&cut, |exchange, observation| {
        assert_eq!(exchange.request.grant_type, Seen::Present("authorization_code".into()));
        assert_eq!(observation.integrity.request_body, Completeness::Truncated);
        assert_eq!(links(observation), []);
    });
}

#[test]
fn a_refresh_says_whether_the_token_was_rotated() {
    for (new, rotated) in [("rt2", Some(true)), ("rt1", Some(false))] {
        let body = format!(r#"{{"access_token":"a","token_type":"Bearer","refresh_token":"{new}"}}"#);
        let case =
            request(&[FORM], "grant_type=refresh_token&refresh_token=rt1&scope=openid").answered("200", &[JSON], &body);
        assert_eq!(case.events(), [(TokenRefreshed, Success, None)]);
        exchange(&case, |exchange, observation| {
            let response = exchange.response.as_ref().unwrap();
            assert_eq!(response.rotated, rotated);
            assert_eq!(response.scope_source, Some(ScopeSource::Request));
            assert_eq!(observation.client.authenticated, None);
        });
    }
}

#[test]
fn a_duplicate_member_is_malformed_and_links_nothing() {
    let case = code().answered("200", &[JSON], r#"{"access_token":"a","access_token":"b","expires_in":"60"}"#);
    assert_eq!(case.events(), [(TokenIssued, Success, None)]);
    exchange(&case, |exchange, observation| {
        assert_eq!(exchange.response.as_ref().unwrap().expires_in, Seen::Present(60));
        assert_eq!(observation.malformed, [("response.access_token", Malformation::Duplicate)]);
        assert!(observation.links.iter().all(|link| link.role != LinkRole::At));
    });
    let twice = request(&[FORM], "grant_type=authorization_code&code=a&code=b").answered("400", &[JSON], "{}");
    exchange(&twice, |_, observation| assert_eq!(observation.malformed, [("request.code", Malformation::Duplicate)]));
}

#[test]
fn bodies_are_read_in_the_ways_they_are_written() {
    let github =
        code().answered("200", &["content-type: text/plain"], "access_token=gho_1&scope=repo&token_type=bearer");
    assert_eq!(github.events(), [(TokenIssued, Success, None)]);
    let json = request(&[JSON], r#"{"grant_type":"client_credentials","client_id":"svc","client_secret":"x"}"#);
    exchange(&json, |exchange, observation| {
        assert_eq!(exchange.request.body_format, Some(BodyFormat::Json));
        assert_eq!(observation.client.auth_method, Some(ClientAuthMethod::ClientSecretPost));
    });
    let bare = request(&[], "grant_type=client_credentials");
    exchange(&bare, |_, observation| assert!(observation.integrity.content_type_missing));
    let odd = request(&["content-type: text/plain"], "{\"grant_type\":1}");
    exchange(&odd, |_, observation| assert_eq!(observation.integrity.request_body, Completeness::Unparseable));
    let query = Case::new(
        policy("https://idp.test", Some(Provider::OidcProvider)),
        "POST /token?grant_type=password",
        &[FORM],
        "username=jane&password=p",
    );
    exchange(&query, |exchange, observation| {
        assert!(exchange.request.parameters_in_query);
        assert_eq!(links(observation), [(LinkRole::Username, "jane".to_owned())]);
    });
    let page = code().answered("400", &[HTML], "<html>");
    exchange(&page, |_, observation| assert_eq!(observation.integrity.response_body, Completeness::Unparseable));
}

#[test]
fn before_the_metadata_is_known_a_grant_is_a_token_request() {
    let policy = policy("https://idp.test", None);
    let body = format!(
        r#"{{"access_token":"a","id_token":"{}"}}"#,
        jws(r#"{"iss":"https://idp.test","sub":"a","aud":["web"]}"#)
    );
    let case = Case::new(policy.clone(), "POST /x/token", &[FORM], CODE).answered("200", &[JSON], &body);
    exchange(&case, |_, observation| {
        assert_eq!(observation.recognition.rule, "H-10");
        assert_eq!(observation.issuer.as_deref(), Some("https://idp.test"));
        assert_eq!(observation.client.id, Seen::Present("web".into()));
        assert_eq!(observation.client.id_source, Some(ClientIdSource::Response));
    });
    let other =
        Case::new(policy.clone(), "POST /x/token", &[FORM], "grant_type=coffee").answered("200", &[JSON], &body);
    assert_eq!(other.events(), []);
}

#[test]
fn keycloaks_session_is_its_sid() {
    let policy = policy("https://idp.test/realms/acme", Some(Provider::Keycloak));
    let case = Case::new(policy, "POST /realms/acme/protocol/openid-connect/token", &[FORM], CODE).answered(
        "200",
        &[JSON],
        r#"{"access_token":"a","session_state":"sess"}"#,
    );
    exchange(&case, |_, observation| {
        let sid = observation.links.iter().find(|link| link.role == LinkRole::Sid).unwrap();
        assert_eq!(sid.scope, "https://idp.test/realms/acme");
    });
}

#[test]
fn a_get_without_a_grant_is_no_token_request() {
    let policy = policy("https://idp.test", Some(Provider::OidcProvider));
    let case = Case::new(policy, "GET /token", &[], "").answered("405", &[], "");
    assert_eq!(case.events(), [(OauthUnknown, Unknown, Some(Reason::HttpStatus))]);
}
