use proptest::prelude::*;

use super::super::*;
use super::*;
use crate::body::{Body, Completeness};
use crate::http::{Headers, RequestHead, ResponseHead};
use crate::seen::{Malformation, Seen};

/// An exchange in a few lines: heads are `name: value` lines, the first of them `METHOD target` or the status.
pub(in super::super) struct Case {
    pub(in super::super) policy: Policy,
    pub(in super::super) request: RequestHead,
    request_body: Body,
    pub(in super::super) response: Option<ResponseHead>,
    response_body: Body,
    end: End,
}

pub(in super::super) const FORM: &str = "content-type: application/x-www-form-urlencoded";
pub(in super::super) const JSON: &str = "content-type: application/json";
pub(in super::super) const HTML: &str = "content-type: text/html; charset=utf-8";

fn head(first: Vec<(&str, &str)>, lines: &[&str]) -> Headers {
    let lines = lines.iter().map(|line| line.split_once(": ").unwrap());
    let pairs = first.into_iter().chain(lines);
    Headers::new(pairs.map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).collect())
}

fn body(text: &[u8]) -> Body {
    let mut body = Body::default();
    body.push(text, 1 << 20);
    body.end = true;
    body
}

pub(in super::super) fn policy(issuer: &str, provider: Option<Provider>) -> Policy {
    let settings = IssuerSettings { issuer: issuer.to_owned(), provider, ..IssuerSettings::default() };
    Policy::new(vec![settings], Limits::default()).unwrap()
}

impl Case {
    pub(in super::super) fn new(policy: Policy, start: &str, lines: &[&str], content: &str) -> Self {
        let (method, target) = start.split_once(' ').unwrap();
        let first = vec![(":method", method), (":path", target), (":authority", "idp.test"), (":scheme", "https")];
        Self {
            policy,
            request: RequestHead { headers: head(first, lines) },
            request_body: body(content.as_bytes()),
            response: None,
            response_body: Body::default(),
            end: End { source: ResponseSource::None, complete: false, request_complete: true },
        }
    }

    pub(in super::super) fn answered(mut self, status: &str, lines: &[&str], content: &str) -> Self {
        self.response = Some(ResponseHead { headers: head(vec![(":status", status)], lines) });
        self.response_body = body(content.as_bytes());
        self.end = End { source: ResponseSource::Upstream, complete: true, request_complete: true };
        self
    }

    pub(in super::super) fn locally(mut self) -> Self {
        self.end.source = ResponseSource::Local;
        self
    }

    pub(in super::super) fn cut_response(mut self) -> Self {
        self.end.complete = false;
        self.response_body.end = false;
        self
    }

    pub(in super::super) fn cut_request(mut self) -> Self {
        self.end.request_complete = false;
        self.request_body.end = false;
        self
    }

    pub(in super::super) fn see<T>(&self, look: impl FnOnce(&[Observation<'_>]) -> T) -> T {
        let target = self.request.path().unwrap();
        let interest = self.policy.triage(b"idp.test", target).unwrap();
        let transcript = Transcript {
            interest,
            request: &self.request,
            request_body: &self.request_body,
            response: self.response.as_ref(),
            response_body: &self.response_body,
            end: self.end,
        };
        let decoded = decode(&self.policy, &transcript);
        look(&observe(&self.policy, &decoded))
    }

    pub(in super::super) fn events(&self) -> Vec<(ProtocolEvent, Outcome, Option<Reason>)> {
        self.see(|seen| seen.iter().map(|one| (one.event, one.outcome, one.reason)).collect())
    }

    pub(in super::super) fn document(&self) -> Option<(Document, usize, Vec<u8>)> {
        let interest = self.policy.triage(b"idp.test", self.request.path().unwrap()).unwrap();
        let transcript = Transcript {
            interest,
            request: &self.request,
            request_body: &self.request_body,
            response: self.response.as_ref(),
            response_body: &self.response_body,
            end: self.end,
        };
        passing_document(&self.policy, &decode(&self.policy, &transcript))
            .map(|(kind, issuer, document)| (kind, issuer, document.to_vec()))
    }
}

/// Role and value of every link, in order.
pub(in super::super) fn links(observation: &Observation<'_>) -> Vec<(LinkRole, String)> {
    let text = |link: &Link<'_>| String::from_utf8_lossy(link.value.expose()).into_owned();
    observation.links.iter().map(|link| (link.role, text(link))).collect()
}

fn node() -> Policy {
    policy("https://idp.test", Some(Provider::OidcProvider))
}

fn keycloak() -> Policy {
    policy("https://idp.test/realms/acme", Some(Provider::Keycloak))
}

use Outcome::{Failure, Pending, Success, Unknown};
use ProtocolEvent::{
    AuthorizationError, AuthorizationRequest as Requested, AuthorizationResponse as Responded, DiscoveryFetched,
    JwksFetched, LogoutBackchannel, LogoutCompleted, LogoutRequested, OauthUnknown, UserinfoAccessed,
};

const AUTH: &str = "GET /auth?client_id=web&response_type=code&redirect_uri=https%3A%2F%2Fapp.test%2Fcb&scope=openid+email&state=s1\
    &nonce=n1&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&prompt=none&x_vendor=1";

fn auth() -> Case {
    Case::new(node(), AUTH, &[], "")
}

#[test]
fn an_authorization_request_that_shows_a_login_is_pending() {
    let shown = auth().answered("303", &["location: /interaction/abc"], "");
    assert_eq!(shown.events(), [(Requested, Pending, Some(Reason::Interaction))]);
    shown.see(|seen| {
        let Message::AuthorizationRequest(request) = &seen[0].message else { panic!() };
        assert_eq!(request.delivery, Some(Delivery::Query));
        assert_eq!(request.form, Some(RequestForm::Plain));
        assert_eq!(request.scope, Seen::Present(vec!["openid".into(), "email".into()]));
        assert_eq!(request.oauth_state, Seen::Present(2));
        assert_eq!(request.unknown_parameters, ["x_vendor"]);
        assert_eq!(seen[0].client.id, Seen::Present("web".into()));
        assert_eq!(seen[0].issuer.as_deref(), Some("https://idp.test"));
        assert_eq!(seen[0].provider, Some("oidc-provider"));
        assert_eq!(seen[0].path_template, "/auth");
        let value = |text: &str| text.to_owned();
        let challenge = value("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(
            links(&seen[0]),
            [(LinkRole::State, value("s1")), (LinkRole::Nonce, value("n1")), (LinkRole::Pkce, challenge)]
        );
    });
    assert_eq!(
        auth().answered("200", &[HTML], "<form></form>").events(),
        [(Requested, Pending, Some(Reason::Interaction))]
    );
    assert_eq!(auth().events(), [(Requested, Unknown, Some(Reason::NoResponse))]);
    assert_eq!(auth().answered("503", &[], "").locally().events(), [(Requested, Unknown, Some(Reason::LocalReply))]);
    assert_eq!(auth().answered("429", &[], "").locally().events(), [(Requested, Failure, Some(Reason::LocalReply))]);
    assert_eq!(auth().answered("500", &[], "").events(), [(Requested, Failure, Some(Reason::HttpStatus))]);
    let brotli = auth().answered("200", &[HTML, "content-encoding: br"], "xyz");
    assert_eq!(brotli.events(), [(Requested, Unknown, Some(Reason::BodyEncoding))]);
}

#[test]
fn single_sign_on_is_a_request_and_its_response() {
    let sso =
        auth().answered("303", &["location: https://app.test/cb?code=c1&state=s1&iss=https%3A%2F%2Fidp.test"], "");
    assert_eq!(sso.events(), [(Requested, Success, None), (Responded, Success, None)]);
    sso.see(|seen| {
        let Message::AuthorizationResponse(response) = &seen[1].message else { panic!() };
        assert_eq!(response.delivery, Some(Delivery::Query));
        assert_eq!(response.members, ["code", "iss", "state"]);
        assert_eq!(response.code, Seen::Present(2));
        assert_eq!(
            seen[1].recognition,
            Recognition { tier: Tier::Profile, rule: "H-05", confidence: Confidence::Certain }
        );
        assert_eq!(links(&seen[1]), [(LinkRole::State, "s1".to_owned()), (LinkRole::Code, "c1".to_owned())]);
    });
}

#[test]
fn an_error_redirect_fails_the_request_and_is_an_error() {
    let location = "location: https://app.test/cb?error=login_required&error_description=no&state=s1";
    let refused = auth().answered("303", &[location], "");
    let why = Some(Reason::Interaction);
    assert_eq!(refused.events(), [(Requested, Failure, why), (AuthorizationError, Failure, why)]);
    refused.see(|seen| assert!(seen.iter().all(|one| one.error.as_ref().unwrap().is("login_required"))));
    let denied = auth().answered("303", &["location: https://app.test/cb?error=access_denied"], "");
    let why = Some(Reason::OauthError);
    assert_eq!(denied.events(), [(Requested, Failure, why), (AuthorizationError, Failure, why)]);
}

#[test]
fn a_page_that_refuses_is_an_error_of_delivery_page() {
    let page = auth().answered("400", &[HTML], "<html>oops</html>");
    let why = Some(Reason::HttpStatus);
    assert_eq!(page.events(), [(Requested, Failure, why), (AuthorizationError, Failure, why)]);
    page.see(|seen| {
        let Message::AuthorizationResponse(response) = &seen[1].message else { panic!() };
        assert_eq!(response.delivery, Some(Delivery::Page));
        assert_eq!(links(&seen[1]), [(LinkRole::State, "s1".to_owned())]);
    });
    let json = auth().answered("400", &[JSON], r#"{"error":"invalid_request"}"#);
    json.see(|seen| assert!(seen[1].error.as_ref().unwrap().is("invalid_request")));
    let resumed = Case::new(node(), "GET /auth/abc", &[], "").answered("400", &[HTML], "");
    assert_eq!(resumed.events(), [(AuthorizationError, Failure, why)]);
}

#[test]
fn a_form_post_page_is_a_response_at_any_status() {
    let page = |fields: &str| format!("<form method=\"post\" action=\"https://app.test/cb\">{fields}</form>");
    let ok = page("<input type=hidden name=code value=c1><input type=hidden name=state value=s1>");
    assert_eq!(auth().answered("200", &[HTML], &ok).events(), [(Requested, Success, None), (Responded, Success, None)]);
    let bad = page("<input type=hidden name=error value=access_denied><input type=hidden name=state value=s1>");
    let why = Some(Reason::OauthError);
    let expected = [(Requested, Failure, why), (AuthorizationError, Failure, why)];
    assert_eq!(auth().answered("400", &[HTML], &bad).events(), expected);
    assert_eq!(auth().answered("200", &[HTML], &bad).events(), expected);
}

#[test]
fn a_response_is_found_on_any_path_and_a_hop_is_no_request() {
    let code = &["location: https://app.test/cb?code=c1&state=s1&iss=https%3A%2F%2Fidp.test"];
    let resumed = Case::new(node(), "GET /auth/abc", &[], "").answered("303", code, "");
    assert_eq!(resumed.events(), [(Responded, Success, None)]);
    let unknown = Case::new(policy("https://idp.test", None), "GET /somewhere/abc", &[], "").answered("302", code, "");
    unknown.see(|seen| {
        assert_eq!(
            seen[0].recognition,
            Recognition { tier: Tier::Heuristic, rule: "H-05", confidence: Confidence::High }
        );
        assert_eq!(seen[0].issuer.as_deref(), Some("https://idp.test"));
    });
    let login = Case::new(node(), "POST /interaction/abc", &[FORM], "login=alice&password=x").answered(
        "303",
        &["location: /auth/abc"],
        "",
    );
    assert_eq!(login.events(), []);
    let hydra = AUTH.to_owned() + "&login_verifier=v";
    assert_eq!(Case::new(node(), &hydra, &[], "").answered("302", &["location: /consent"], "").events(), []);
    assert_eq!(
        Case::new(node(), &(AUTH.to_owned() + "&continue"), &[], "").answered("302", code, "").events(),
        [(Responded, Success, None)]
    );
    let consent =
        Case::new(node(), "POST /auth", &[FORM], "client_id=web&state=x&scope=openid").answered("302", code, "");
    assert_eq!(consent.events(), [(Responded, Success, None)]);
    let sent = |location: &str| {
        Case::new(node(), "GET /x", &[], "").answered("302", &[&format!("location: {location}")], "").events()
    };
    assert_eq!(sent("/login?error"), []);
    assert_eq!(sent("https://app.test/?code=1"), []);
    let upstream = sent("https://up.test/auth?client_id=a&response_type=code&state=x&code=1");
    assert_eq!(upstream, [(ProtocolEvent::AuthorizationInitiated, Success, None)]);
}

fn jws(claims: &str) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#), URL_SAFE_NO_PAD.encode(claims))
}

#[test]
fn tokens_in_a_fragment_are_read() {
    let id_token = jws(r#"{"iss":"https://idp.test","sub":"alice","aud":"web","nonce":"n1","sid":"sess"}"#);
    let location = format!(
        "location: https://app.test/cb#id_token={id_token}&access_token=at1&token_type=Bearer&expires_in=300&state=s1"
    );
    let hybrid = Case::new(node(), "GET /auth/abc", &[], "").answered("303", &[&location], "");
    hybrid.see(|seen| {
        let Message::AuthorizationResponse(response) = &seen[0].message else { panic!() };
        assert_eq!((response.delivery, &response.expires_in), (Some(Delivery::Fragment), &Seen::Present(300)));
        let token = response.id_token.as_ref().unwrap();
        assert_eq!((token.trust, &token.sub), (Some(Trust::Direct), &Seen::Present("alice".into())));
        let roles: Vec<_> = seen[0].links.iter().map(|link| link.role).collect();
        let expected = [LinkRole::State, LinkRole::At, LinkRole::Idt, LinkRole::Nonce, LinkRole::Sid, LinkRole::Sub];
        assert_eq!(roles, expected);
    });
}

#[test]
fn a_signed_response_is_opened_and_an_encrypted_one_is_unknown() {
    let response = jws(r#"{"iss":"https://idp.test","code":"c1","state":"s1","exp":1,"aud":"web"}"#);
    let jarm = Case::new(node(), "GET /auth/abc", &[], "").answered(
        "303",
        &[&format!("location: https://app.test/cb?response={response}")],
        "",
    );
    jarm.see(|seen| {
        let found = links(&seen[0]);
        assert_eq!(
            found,
            [(LinkRole::State, "s1".to_owned()), (LinkRole::Resp, response.clone()), (LinkRole::Code, "c1".to_owned())]
        );
    });
    let error = jws(r#"{"error":"access_denied","state":"s1"}"#);
    let jarm = Case::new(node(), "GET /auth/abc", &[], "").answered(
        "303",
        &[&format!("location: https://app.test/cb#response={error}")],
        "",
    );
    assert_eq!(jarm.events(), [(AuthorizationError, Failure, Some(Reason::OauthError))]);
    let sealed = jws("{}") + ".a.b";
    let jarm = Case::new(node(), "GET /auth/abc", &[], "").answered(
        "303",
        &[&format!("location: https://app.test/cb?response={sealed}")],
        "",
    );
    assert_eq!(jarm.events(), [(Responded, Unknown, Some(Reason::Encrypted))]);
}

#[test]
fn request_objects_and_pushed_requests_are_told_apart() {
    let object = jws(
        r#"{"iss":"web","client_id":"web","response_type":"code","scope":"openid","state":"inner","max_age":60,"claims":{"id_token":{"acr":null,"email":{"essential":true}}}}"#,
    );
    let jar = Case::new(node(), &format!("GET /auth?client_id=web&request={object}&state=outer"), &[], "");
    jar.see(|seen| {
        let Message::AuthorizationRequest(request) = &seen[0].message else { panic!() };
        assert_eq!(request.form, Some(RequestForm::Request));
        assert_eq!(request.max_age, Seen::Present(60));
        assert_eq!(request.claims, Seen::Present(vec!["acr".into(), "email".into()]));
        assert_eq!(links(&seen[0])[0], (LinkRole::State, "inner".to_owned()));
        assert!(links(&seen[0]).contains(&(LinkRole::Robj, object.clone())));
        assert_eq!(request.unknown_parameters, Vec::<String>::new());
    });
    let urn = "urn:ietf:params:oauth:request_uri:6esc";
    let par = Case::new(node(), &format!("GET /auth?client_id=web&request_uri={urn}"), &[], "");
    par.see(|seen| {
        let Message::AuthorizationRequest(request) = &seen[0].message else { panic!() };
        assert_eq!(request.form, Some(RequestForm::Par));
        assert_eq!(links(&seen[0]), [(LinkRole::Par, urn.to_owned())]);
    });
    let jwe = Case::new(node(), &format!("GET /auth?client_id=web&request={}.a.b", jws("{}")), &[], "");
    jwe.see(|seen| {
        let Message::AuthorizationRequest(request) = &seen[0].message else { panic!() };
        assert_eq!((request.form, &request.response_type), (Some(RequestForm::Request), &Seen::Absent));
    });
}

#[test]
fn a_plain_challenge_meets_its_verifier_and_a_duplicate_links_nothing() {
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let plain =
        Case::new(node(), &format!("GET /auth?client_id=web&response_type=code&code_challenge={verifier}"), &[], "");
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned();
    plain.see(|seen| assert_eq!(links(&seen[0]), [(LinkRole::Pkce, challenge)]));
    let twice = Case::new(node(), "GET /auth?client_id=web&response_type=code&state=a&state=b", &[], "");
    twice.see(|seen| {
        let Message::AuthorizationRequest(request) = &seen[0].message else { panic!() };
        assert_eq!(request.oauth_state, Seen::Malformed(Malformation::Duplicate));
        assert_eq!(seen[0].malformed, [("request.state", Malformation::Duplicate)]);
        assert_eq!(seen[0].links.len(), 0);
    });
}

#[test]
fn before_the_metadata_is_known_shapes_decide_and_afterwards_paths_do() {
    let target = AUTH.replace("/auth", "/x/authorize");
    let mut policy = policy("https://idp.test", None);
    let before = Case::new(policy.clone(), &target, &[], "").answered("302", &["location: /login"], "");
    before.see(|seen| {
        assert_eq!(
            seen[0].recognition,
            Recognition { tier: Tier::Heuristic, rule: "H-01", confidence: Confidence::Certain }
        );
        assert_eq!((seen[0].issuer.as_deref(), seen[0].provider), (None, None));
    });
    let pushed = Case::new(
        policy.clone(),
        "POST /par",
        &[FORM, "authorization: Basic YTpi"],
        "client_id=web&response_type=code",
    );
    assert_eq!(pushed.answered("201", &[JSON], "{}").events(), []);
    policy.learn(0, br#"{"issuer":"https://idp.test","authorization_endpoint":"https://idp.test/other"}"#).unwrap();
    assert_eq!(Case::new(policy, &target, &[], "").answered("302", &["location: /login"], "").events(), []);
}

#[test]
fn a_metadata_document_that_passes_by_is_handed_on() {
    let path = "GET /realms/acme/.well-known/openid-configuration";
    let document = r#"{"issuer":"https://idp.test/realms/acme"}"#;
    let passing = || Case::new(keycloak(), path, &[], "").answered("200", &[JSON], document);
    assert_eq!(passing().document(), Some((Document::Metadata, 0, document.as_bytes().to_vec())));
    assert_eq!(passing().events(), [(DiscoveryFetched, Success, None)]);
    assert_eq!(passing().cut_response().document(), None);
    assert_eq!(passing().locally().document(), None);
    assert_eq!(Case::new(keycloak(), path, &[], "").answered("404", &[JSON], "{}").document(), None);
}

#[test]
fn userinfo_says_who_asked_and_which_claims_came() {
    let me = |lines: &[&str]| Case::new(node(), "GET /me", lines, "");
    let bearer = &["authorization: Bearer at1"];
    let ok = me(bearer).answered("200", &[JSON], r#"{"sub":"alice","email":"a@b.test","email_verified":true}"#);
    assert_eq!(ok.events(), [(UserinfoAccessed, Success, None)]);
    ok.see(|seen| {
        let Message::Userinfo(userinfo) = &seen[0].message else { panic!() };
        assert_eq!((userinfo.form, userinfo.transport), (Some(UserinfoForm::Json), Some(BearerTransport::Header)));
        assert_eq!(userinfo.claim_names, ["email", "email_verified", "sub"]);
        let subject = seen[0].subject.as_ref().unwrap();
        assert_eq!(
            (subject.issuer.as_deref(), &subject.sub),
            (Some("https://idp.test"), &Seen::Present("alice".into()))
        );
        assert_eq!(links(&seen[0]), [(LinkRole::At, "at1".to_owned()), (LinkRole::Sub, "alice".to_owned())]);
    });
    let challenge = r#"www-authenticate: Bearer realm="x", error="invalid_token""#;
    let refused = me(bearer).answered("401", &[challenge], "");
    assert_eq!(refused.events(), [(UserinfoAccessed, Failure, Some(Reason::OauthError))]);
    assert_eq!(
        me(&[]).answered("401", &["www-authenticate: Bearer"], "").events(),
        [(UserinfoAccessed, Failure, Some(Reason::HttpStatus))]
    );
    let nonce =
        me(&["authorization: DPoP at1"]).answered("401", &["www-authenticate: DPoP error=\"use_dpop_nonce\""], "");
    assert_eq!(nonce.events(), [(UserinfoAccessed, Pending, Some(Reason::RetryNonce))]);
    let signed = me(bearer).answered("200", &["content-type: application/jwt"], &jws(r#"{"sub":"alice"}"#));
    signed.see(|seen| assert!(seen[0].subject.is_some()));
    let sealed = me(bearer).answered("200", &["content-type: application/jwt"], &(jws("{}") + ".a.b"));
    assert_eq!(sealed.events(), [(UserinfoAccessed, Success, Some(Reason::Encrypted))]);
    let garbage = me(bearer).answered("200", &[JSON], "nonsense");
    garbage.see(|seen| assert_eq!(seen[0].integrity.response_body, Completeness::Unparseable));
    let twice = Case::new(node(), "GET /me?access_token=at2", bearer, "");
    twice.see(|seen| assert_eq!(seen[0].malformed, [("request.access_token", Malformation::Duplicate)]));
}

#[test]
fn a_logout_that_asks_is_pending_and_its_answer_completes_it() {
    let hint = jws(r#"{"iss":"https://idp.test","sub":"alice","sid":"sess"}"#);
    let target = format!(
        "GET /session/end?id_token_hint={hint}&post_logout_redirect_uri=https%3A%2F%2Fapp.test%2Fbye&state=out1"
    );
    let asked = Case::new(node(), &target, &[], "").answered("200", &[HTML], "<form>");
    assert_eq!(asked.events(), [(LogoutRequested, Pending, Some(Reason::Interaction))]);
    asked.see(|seen| {
        let Message::Logout(logout) = &seen[0].message else { panic!() };
        assert_eq!(logout.hint.as_ref().unwrap().trust, Some(Trust::Unverified));
        let roles: Vec<_> = seen[0].links.iter().map(|link| link.role).collect();
        assert_eq!(roles, [LinkRole::Idt, LinkRole::Lstate, LinkRole::Sid, LinkRole::Sub]);
    });
    let cleared = "set-cookie: _session=; expires=Thu, 01 Jan 1970 00:00:00 GMT";
    let answer = |form: &str| {
        Case::new(node(), "POST /session/end/confirm", &[FORM], form).answered(
            "303",
            &["location: https://app.test/bye?state=out1", cleared],
            "",
        )
    };
    assert_eq!(answer("xsrf=x&logout=yes").events(), [(LogoutCompleted, Success, None)]);
    answer("xsrf=x&logout=yes").see(|seen| {
        let Message::Logout(logout) = &seen[0].message else { panic!() };
        assert!(logout.cookie_cleared);
        assert_eq!(links(&seen[0]), [(LinkRole::Lstate, "out1".to_owned())]);
    });
    assert_eq!(answer("xsrf=x").events(), [(LogoutRequested, Failure, Some(Reason::Interaction))]);
    let refused = Case::new(node(), &target, &[], "").answered("400", &[HTML], "");
    assert_eq!(refused.events(), [(LogoutRequested, Failure, Some(Reason::HttpStatus))]);
}

#[test]
fn a_redirect_to_the_client_completes_a_logout_at_once() {
    let target = "GET /session/end?client_id=web&post_logout_redirect_uri=https%3A%2F%2Fapp.test%2Fbye&state=out1";
    let direct = |location: &str| {
        Case::new(node(), target, &[], "").answered("302", &[&format!("location: {location}")], "").events()
    };
    assert_eq!(
        direct("https://app.test/bye?state=out1"),
        [(LogoutRequested, Success, None), (LogoutCompleted, Success, None)]
    );
    assert_eq!(direct("/logout/ask"), [(LogoutRequested, Pending, Some(Reason::Interaction))]);
    assert_eq!(direct("https://idp.test/ask"), [(LogoutRequested, Pending, Some(Reason::Interaction))]);
    assert_eq!(direct("https://else.test/"), [(LogoutRequested, Unknown, Some(Reason::HttpStatus))]);
}

#[test]
fn keycloaks_logout_without_a_browser_completes_with_204() {
    let target = "POST /realms/acme/protocol/openid-connect/logout";
    let logout = || Case::new(keycloak(), target, &[FORM], "client_id=web&client_secret=x&refresh_token=rt1");
    let done = logout().answered("204", &[], "");
    assert_eq!(done.events(), [(LogoutCompleted, Success, None)]);
    done.see(|seen| {
        assert_eq!(links(&seen[0]), [(LinkRole::RtIn, "rt1".to_owned())]);
        assert_eq!((seen[0].client.authenticated, seen[0].tenant.as_deref()), (Some(true), Some("acme")));
        assert_eq!(seen[0].path_template, "/realms/{realm}/protocol/openid-connect/logout");
    });
    let refused = logout().answered("401", &[JSON], r#"{"error":"unauthorized_client"}"#);
    assert_eq!(refused.events(), [(LogoutRequested, Failure, Some(Reason::OauthError))]);
    let receiver = format!("{target}/backchannel-logout");
    let told = Case::new(keycloak(), &receiver, &[FORM], "logout_token=x").answered("200", &[], "");
    assert_eq!(told.events(), [(LogoutBackchannel, Success, None)]);
}

#[test]
fn below_a_known_end_session_endpoint_a_redirect_completes() {
    let mut policy = policy("https://idp.test", None);
    policy.learn(0, br#"{"issuer":"https://idp.test","end_session_endpoint":"https://idp.test/session/end"}"#).unwrap();
    let answer = |status: &str| {
        Case::new(policy.clone(), "POST /session/end/confirm", &[FORM], "logout=yes").answered(status, &[], "")
    };
    assert_eq!(answer("303").events(), [(LogoutCompleted, Success, None)]);
    answer("303").see(|seen| {
        let recognition =
            Recognition { tier: Tier::Discovered, rule: "end_session_subpath", confidence: Confidence::High };
        assert_eq!(seen[0].recognition, recognition);
        assert_eq!(seen[0].integrity.request_body, Completeness::Absent);
    });
    assert_eq!(answer("200").events(), []);
    assert_eq!(Case::new(policy.clone(), "GET /session/end/success", &[], "").answered("302", &[], "").events(), []);
}

#[test]
fn preflights_and_heads_say_nothing() {
    for method in ["OPTIONS", "HEAD"] {
        let target = AUTH.replace("GET", method);
        assert_eq!(Case::new(node(), &target, &[], "").answered("200", &[], "").events(), []);
    }
}

mod hostile {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn no_exchange_panics(
            path in "/(auth|token|me|session/end|session/end/confirm|interaction/x|x|userinfo|auth/x)?",
            query in "((client_id|response_type|request|request_uri|state|code|grant_type|id_token_hint|claims)=[a-z%.{}\"]{0,9}&){0,4}",
            post in any::<bool>(),
            media in "(application/json|application/x-www-form-urlencoded|text/html|x|)",
            texts in proptest::collection::vec("[{}\\[\\]\":,a-z<>=&%./ ]{0,120}", 2),
            octets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 2),
            as_text in any::<bool>(),
            status in "(200|204|302|400|401|500|x)",
            location in proptest::collection::vec(any::<u8>(), 0..80),
            encoding in "(gzip|deflate|br|)",
            profile in 0..3usize,
            complete in any::<bool>(),
        ) {
            let provider = [Provider::Keycloak, Provider::OidcProvider].get(profile).copied();
            let bodies: Vec<Vec<u8>> = if as_text { texts.into_iter().map(String::into_bytes).collect() } else { octets };
            let media = format!("content-type: {media}");
            let start = format!("{} {path}?{query}", if post { "POST" } else { "GET" });
            let encoding = format!("content-encoding: {encoding}");
            let mut case = Case::new(policy("https://idp.test", provider), &start, &[&media], "").answered(&status, &[&media, &encoding], "");
            case.request_body = body(&bodies[0]);
            case.response_body = body(&bodies[1]);
            case.end.complete = complete;
            let mut fields = vec![(b":status".to_vec(), status.into_bytes()), (b"location".to_vec(), location)];
            fields.push((b"content-type".to_vec(), media.into_bytes()));
            if !complete {
                case.response = Some(ResponseHead { headers: Headers::new(fields) });
            }
            case.see(|seen| {
                for observation in seen {
                    assert!(observation.links.len() <= 16);
                    assert_ne!((observation.outcome, observation.error.is_some()), (Success, true));
                }
            });
        }
    }
}

#[test]
fn a_jwk_set_that_passes_by_is_handed_on() {
    let path = "GET /realms/acme/protocol/openid-connect/certs";
    let passing = |policy| Case::new(policy, path, &[], "").answered("200", &[JSON], r#"{"keys":[]}"#);
    assert_eq!(passing(keycloak()).document(), Some((Document::Keys, 0, br#"{"keys":[]}"#.to_vec())));
    assert_eq!(passing(keycloak()).events(), [(JwksFetched, Success, None)]);
    assert_eq!(passing(keycloak()).cut_response().document(), None);
    assert_eq!(passing(keycloak()).locally().document(), None);
    let mut off = keycloak();
    off.limits.signature_checks = 0;
    assert_eq!(passing(off).document(), None);
}

/// The answers by which the shape rules tell a message, each of them enough for itself.
#[test]
fn an_answer_tells_what_was_asked() {
    let asked = |path: &str, body: &str, answer: &str| {
        Case::new(policy("https://idp.test", None), path, &[FORM], body).answered("200", &[JSON], answer).events()
    };
    use ProtocolEvent::{CibaRequest, DeviceAuthorization, ParRequest, TokenIntrospected, TokenRevoked};
    for (event, path, body, answer) in [
        (ParRequest, "POST /x", "client_id=a", r#"{"request_uri":"urn:x","expires_in":1}"#),
        (CibaRequest, "POST /x", "scope=openid", r#"{"auth_req_id":"r","expires_in":1}"#),
        (
            DeviceAuthorization,
            "POST /x",
            "client_id=a",
            r#"{"device_code":"d","user_code":"u","verification_url":"v"}"#,
        ),
        (TokenIntrospected, "POST /x", "token=t", r#"{"active":true}"#),
        (TokenRevoked, "POST /revocations", "token=t", "{}"),
    ] {
        assert_eq!(asked(path, body, answer), [(event, Success, None)], "{path}");
    }
    for (path, body, answer) in [
        ("POST /x", "client_id=a", r#"{"request_uri":"urn:x"}"#),
        ("POST /x", "scope=openid", r#"{"auth_req_id":7,"expires_in":1}"#),
        ("POST /x", "client_id=a", r#"{"device_code":"d","user_code":"u"}"#),
        ("POST /x", "token=t", r#"{"active":"yes"}"#),
        ("POST /x", "token=t", "{}"),
        ("POST /revocations", "tokens=t", "{}"),
    ] {
        assert_eq!(asked(path, body, answer), [], "{path} {body} {answer}");
    }
}

#[test]
fn what_is_not_understood_is_told_at_known_endpoints_alone() {
    let case = |path: &str| Case::new(node(), path, &[], "").answered("405", &[], "").events();
    let unknown = [(OauthUnknown, Unknown, Some(Reason::HttpStatus))];
    for path in ["PUT /auth", "GET /token", "DELETE /me", "PUT /request", "DELETE /token/revocation"] {
        assert_eq!(case(path), unknown, "{path}");
    }
    for path in ["PUT /interaction/x", "GET /device", "GET /somewhere", "PUT /session/end/confirm", "DELETE /jwks"] {
        assert_eq!(case(path), [], "{path}");
    }
}

#[test]
fn every_client_that_is_not_let_in_is_told_with_its_endpoint() {
    for (path, kind) in [
        ("POST /request", EndpointKind::Par),
        ("POST /token/introspection", EndpointKind::Introspection),
        ("POST /token/revocation", EndpointKind::Revocation),
        ("POST /device/auth", EndpointKind::DeviceAuthorization),
        ("POST /backchannel", EndpointKind::Ciba),
        ("POST /token", EndpointKind::Token),
    ] {
        let body = "client_id=web&client_secret=x&grant_type=client_credentials&token=t";
        let refused = Case::new(node(), path, &[FORM], body).answered("401", &[JSON], r#"{"error":"invalid_client"}"#);
        refused.see(|seen| {
            assert_eq!((seen[0].event, seen[0].endpoint_kind), (ProtocolEvent::ClientAuthFailed, Some(kind)), "{path}");
            assert_eq!(seen[0].client.authenticated, Some(false));
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_message_at_any_endpoint_panics(
        method in prop::sample::select(vec!["GET", "POST", "PUT", "DELETE"]),
        status in prop::sample::select(vec!["200", "201", "204", "302", "304", "400", "401", "500"]),
        member in prop::sample::select(MEMBERS.to_vec()),
        value in "[\\[\\]{}\",:a-z0-9.=&%-]{0,40}",
        json in any::<bool>(),
    ) {
        let answer = format!("{{\"{member}\":{value}}}");
        let text = format!("{{\"{member}\":{value:?}}}");
        let form = format!("{member}={value}");
        let body = if json { text.as_str() } else { form.as_str() };
        for path in PATHS {
            let start = format!("{method} {path}");
            for answer in [answer.as_str(), text.as_str(), value.as_str()] {
                let case = Case::new(node(), &start, &[if json { JSON } else { FORM }], body);
                let _ = case.answered(status, &[JSON], answer).events();
            }
        }
    }
}

const PATHS: [&str; 14] = [
    "/auth",
    "/backchannel",
    "/device",
    "/device/auth",
    "/jwks",
    "/me",
    "/reg",
    "/reg/x",
    "/request",
    "/token",
    "/token/introspection",
    "/token/revocation",
    "/.well-known/openid-configuration",
    "/.well-known/webfinger",
];

const MEMBERS: [&str; 12] = [
    "token",
    "keys",
    "issuer",
    "active",
    "client_id",
    "redirect_uris",
    "user_code",
    "request",
    "links",
    "sub_id",
    "jwks",
    "act",
];
