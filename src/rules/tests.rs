//! Every rule fires where it should and does not where it nearly would. [`CASES`] names one exchange of each kind.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;
use crate::body::Body;
use crate::oauth::{
    End, EndpointKind, Endpoints, IssuerSettings, Limits, PartySettings, Policy, ResponseSource, Side, Transcript,
    decode, observe,
};

/// An exchange that shows or does not show what a rule is about.
enum Shows {
    /// Of the corpus: a folder of `tests/fixtures/exchanges`, by its expected records.
    Fixture(&'static str),
    /// Of this file: the rules that fire in it.
    Here(fn() -> Vec<String>),
}

use Shows::{Fixture, Here};

/// Rule, an exchange in which it fires, and one like it in which it does not.
const CASES: &[(&str, Shows, Shows)] = &[
    ("A-01", Fixture("ar-08-implicit-token"), Fixture("ar-01-code-pkce-login-page")),
    ("A-02", Fixture("ar-07-hybrid-order-swapped"), Fixture("ar-01-code-pkce-login-page")),
    ("A-03", Fixture("ar-09-no-state-nonce-pkce"), Fixture("jp-03-encrypted-request-object")),
    ("A-04", Fixture("ar-10-pkce-plain"), Fixture("ar-01-code-pkce-login-page")),
    (
        "A-05",
        Here(|| auth("code_challenge=short&code_challenge_method=S256").rules()),
        Fixture("ar-01-code-pkce-login-page"),
    ),
    ("A-07", Fixture("ar-09-no-state-nonce-pkce"), Fixture("jp-09-pushed")),
    ("A-08", Fixture("ar-32-state-not-utf8"), Fixture("ar-33-long-state")),
    ("A-09", Here(|| auth("response_type=code+id_token").rules()), Fixture("ar-07-hybrid-order-swapped")),
    (
        "A-10",
        Here(|| auth("client_id=web&redirect_uri=https://evil.test/cb").with(web).rules()),
        Here(|| auth("client_id=web&redirect_uri=http://127.0.0.1:5000/cb").with(web).rules()),
    ),
    ("A-11", Fixture("ar-11-http-redirect"), Fixture("ar-12-loopback-redirect")),
    ("A-12", Fixture("ar-13-redirect-with-userinfo"), Fixture("ar-15-redirect-with-query")),
    (
        "A-13",
        Fixture("ar-15-redirect-with-query"),
        Here(|| auth("redirect_uri=https://app.test/cb?next=/home").rules()),
    ),
    ("A-14", Fixture("jp-01-request-object"), Fixture("ar-06-plain-oauth")),
    ("A-15", Fixture("ar-16-duplicate-redirect-uri"), Fixture("ar-17-two-resources")),
    (
        "A-16",
        Fixture("jp-02-request-object-alg-none"),
        Here(|| auth(&format!("client_id=web&request={}", object("ES256", NOW + 60))).rules()),
    ),
    ("A-17", Fixture("jp-04-client-differs"), Fixture("jp-01-request-object")),
    (
        "A-18",
        Here(|| auth("client_id=web").with(pushing).rules()),
        Here(|| auth("client_id=web&request_uri=urn:ietf:params:oauth:request_uri:x").with(pushing).rules()),
    ),
    (
        "A-19",
        Fixture("jp-07-request-uri"),
        Here(|| auth("client_id=web&request_uri=https://app.test/r.jwt").with(web).rules()),
    ),
    ("A-22", Here(|| par("expires_in\":3600").rules()), Here(|| par("expires_in\":60").rules())),
    ("A-23", Fixture("ar-20-login-hint"), Here(|| auth("login_hint=jane").rules())),
    ("A-24", Here(|| auth("response_type=token&response_mode=query").rules()), Fixture("ar-08-implicit-token")),
    (
        "A-25",
        Here(|| auth("client_id=web&scope=openid+admin").with(web).rules()),
        Here(|| auth("client_id=web&scope=openid").with(web).rules()),
    ),
    ("A-26", Fixture("fd-01-framable-login-page"), Fixture("ar-01-code-pkce-login-page")),
    ("A-27", Fixture("fd-01-framable-login-page"), Fixture("ar-01-code-pkce-login-page")),
    ("A-28", Here(|| auth("").clear("93.184.216.34").rules()), Here(|| auth("").clear("10.1.2.3").rules())),
    (
        "A-29",
        Fixture("hx-21-session-cookie-everywhere"),
        Here(|| auth("").field("referer", "https://app.test/?page=2").rules()),
    ),
    ("R-01", Fixture("rs-03-temporary-redirect"), Fixture("rs-02-see-other")),
    ("R-02", Here(|| posted("302").with(fapi).rules()), Here(|| posted("303").with(fapi).rules())),
    ("R-03", Fixture("rs-18-other-target"), Fixture("ar-02-single-sign-on")),
    (
        "R-04",
        Here(|| answered("code=c&state=s").with(fapi).rules()),
        Here(|| answered("code=c&state=s&iss=https://idp.test").with(fapi).rules()),
    ),
    (
        "R-05",
        Here(|| answered("code=c&state=s&iss=https://other.test").rules()),
        Here(|| answered("code=c&state=s&iss=https://idp.test").rules()),
    ),
    ("R-08", Fixture("rs-17-token-in-query"), Fixture("rs-04-fragment")),
    (
        "R-09",
        Here(|| redirected("", "http://app.test/cb?code=c&state=s").rules()),
        Here(|| redirected("", "http://127.0.0.1/cb?code=c&state=s").rules()),
    ),
    ("R-10", Here(|| form_post("").rules()), Here(|| form_post("no-store").rules())),
    ("R-11", Here(|| signed("none", NOW + 60).rules()), Here(|| signed("ES256", NOW + 60).rules())),
    (
        "R-12",
        Fixture("rs-24-description-with-script"),
        Here(|| answered("error=access_denied&state=s&error_description=Denied").rules()),
    ),
    (
        "R-13",
        Here(|| redirected("", "https://a.test/%2e%2e/cb?error=server_error&state=s").rules()),
        Here(|| answered("error=server_error&state=s").rules()),
    ),
    ("T-01", Fixture("tk-39-password"), Fixture("tk-01-code-pkce-basic")),
    ("T-02", Fixture("tk-26-secret-in-query"), Fixture("tk-03-secret-in-body")),
    ("T-03", Fixture("tk-24-json-request"), Fixture("tk-03-secret-in-body")),
    ("T-04", Fixture("tk-09-two-authentications"), Fixture("tk-01-code-pkce-basic")),
    ("T-05", Fixture("tk-08-basic-not-encoded"), Fixture("tk-07-basic-encoded")),
    (
        "T-13",
        Here(|| refreshed("client_id=spa", "Bearer").rules()),
        Here(|| refreshed("client_id=web&client_secret=s", "Bearer").rules()),
    ),
    ("T-15", Fixture("tk-13-more-scope-than-asked"), Fixture("tk-12-scope-of-the-request")),
    ("T-18", Fixture("fd-02-token-response-for-a-browser"), Fixture("tk-01-code-pkce-basic")),
    (
        "T-19",
        Here(|| token(CODE, LONG).clear("93.184.216.34").rules()),
        Here(|| token(CODE, LONG).clear("93.184.216.34").field("x-forwarded-proto", "https").rules()),
    ),
    ("T-20", Here(|| asserted(3_600).rules()), Here(|| asserted(60).rules())),
    (
        "T-22",
        Here(|| token("grant_type=authorization_code&client_id=web", LONG).with(web).rules()),
        Here(|| token("grant_type=authorization_code&client_id=spa", LONG).with(web).rules()),
    ),
    ("T-23", Fixture("tk-40-client-credentials"), Fixture("sas-05-client-credentials")),
    ("T-24", Fixture("fd-02-token-response-for-a-browser"), Fixture("tk-01-code-pkce-basic")),
    ("T-30", Here(|| exchanged("{}").rules()), Here(|| exchanged(r#"{"act":{"sub":"gateway"}}"#).rules())),
    ("T-32", Here(|| proved("GET").rules()), Here(|| proved("POST").rules())),
    ("T-33", Here(|| token(CODE, LONG).field("dpop", "a.b.c").rules()), Fixture("tk-58-dpop-bound")),
    ("T-34", Fixture("tk-47-unknown-grant"), Fixture("kc-12-client-credentials")),
    (
        "T-36",
        Here(|| {
            token(CODE, r#"{"error":"server_error","error_description":"java.lang.NullPointerException"}"#).rules()
        }),
        Fixture("tk-14-invalid-grant"),
    ),
    ("T-37", Fixture("fd-02-token-response-for-a-browser"), Fixture("tk-59-public-client")),
    ("I-01", Fixture("id-05-alg-none"), Fixture("tk-01-code-pkce-basic")),
    ("I-02", Here(|| issued("HS256", "").rules()), Here(|| issued("ES256", "").rules())),
    ("I-03", Here(|| issued("HS512", "").rules()), Here(|| issued("RS256", "").rules())),
    ("I-04", Fixture("sg-05-failed"), Fixture("sg-01-verified")),
    ("I-05", Fixture("sg-06-key-unknown"), Fixture("sg-01-verified")),
    (
        "I-06",
        Here(|| issued(r#"RS256","jku":"https://evil.test/jwks"#, "").rules()),
        Here(|| issued(r#"RS256","kid":"AbC/d+e="#, "").rules()),
    ),
    ("I-07", Fixture("id-11-no-exp"), Fixture("id-04-encrypted")),
    ("I-08", Here(|| issued("RS256", r#","iss":"https://other.test""#).rules()), Here(|| issued("RS256", "").rules())),
    ("I-09", Here(|| issued("RS256", r#","aud":"other""#).rules()), Here(|| issued("RS256", "").rules())),
    ("I-10", Fixture("id-13-two-audiences-no-azp"), Fixture("id-13-two-audiences")),
    ("I-11", Here(|| issued("RS256", r#","exp":1768469300"#).rules()), Here(|| issued("RS256", "").rules())),
    ("I-12", Here(|| issued("RS256", r#","exp":1771061400"#).rules()), Here(|| issued("RS256", "").rules())),
    (
        "I-13",
        Here(|| issued("RS256", r#","iat":1768469430"#).rules()),
        Here(|| issued("RS256", r#","iat":1768469405"#).rules()),
    ),
    ("I-14", Here(|| front("", r#","nonce":"m""#).rules()), Here(|| front("", r#","nonce":"n""#).rules())),
    ("I-16", Fixture("id-20-at-hash-es384-wrong"), Fixture("id-20-at-hash-es384-right")),
    ("I-17", Fixture("id-21-c-hash-wrong"), Fixture("id-21-c-hash-right")),
    (
        "I-18",
        Here(|| front("max_age=60", r#","auth_time":1768469000"#).rules()),
        Here(|| front("max_age=60", r#","auth_time":1768469390"#).rules()),
    ),
    (
        "I-19",
        Here(|| front("acr_values=high", "").rules()),
        Here(|| front("acr_values=high", r#","acr":"high""#).rules()),
    ),
    ("I-20", Fixture("rs-04-hybrid-fragment"), Fixture("tk-01-code-pkce-basic")),
    ("I-21", Fixture("us-26-id-token"), Fixture("us-12-jwt")),
    ("I-24", Here(|| issued("RS256", r#","sub":"jane@example.com""#).rules()), Here(|| issued("RS256", "").rules())),
    ("I-25", Here(|| bound("{}").rules()), Here(|| bound(r#"{"cnf":{"jkt":"x"}}"#).rules())),
    (
        "I-26",
        Here(|| token(CODE, r#"{"access_token":"short","token_type":"Bearer"}"#).rules()),
        Here(|| token(CODE, LONG).rules()),
    ),
    ("B-01", Fixture("us-01-query"), Fixture("us-01-json")),
    ("B-02", Fixture("us-01-post-body"), Fixture("us-01-json")),
    ("B-03", Here(|| used("").clear("93.184.216.34").rules()), Here(|| used("").clear("10.0.0.1").rules())),
    ("B-04", Here(|| userinfo("/userinfo?access_token=a").rules()), Here(|| userinfo("/userinfo").rules())),
    ("B-05", Here(|| used(r#""exp":1768469300"#).rules()), Here(|| used(r#""exp":1768469390"#).rules())),
    (
        "B-06",
        Here(|| used(r#""aud":"https://other.test""#).rules()),
        Here(|| used(r#""aud":["https://other.test","https://api.test"]"#).rules()),
    ),
    ("B-07", Here(|| held(false).rules()), Here(|| held(true).rules())),
    (
        "B-08",
        Here(|| used(CERTIFIED).field("x-forwarded-client-cert", &format!("Hash={}", "11".repeat(32))).rules()),
        Here(|| used(CERTIFIED).field("x-forwarded-client-cert", &format!("Hash={}", "00".repeat(32))).rules()),
    ),
    ("B-13", Fixture("us-04-json-without-challenge"), Fixture("us-04-invalid-token")),
    (
        "B-14",
        Here(|| used(r#""aud":"https://other.test""#).outbound().rules()),
        Here(|| used(r#""aud":"https://api.test""#).outbound().rules()),
    ),
    (
        "B-15",
        Here(|| used(r#""iss":"https://other.test""#).rules()),
        Here(|| used(r#""iss":"https://idp.test""#).rules()),
    ),
    (
        "B-16",
        Here(|| auth("").clear("93.184.216.34").field("x-forwarded-client-cert", "Hash=00").rules()),
        Here(|| auth("").clear("10.0.0.1").field("x-forwarded-client-cert", "Hash=00").rules()),
    ),
    ("S-01", Fixture("lo-15-nonce"), Fixture("lo-13-back-channel")),
    ("S-02", Fixture("lo-15-no-events"), Fixture("lo-13-back-channel")),
    ("S-03", Fixture("lo-15-nobody"), Fixture("lo-13-back-channel")),
    ("S-04", Fixture("lo-15-alg-none"), Fixture("lo-13-back-channel")),
    ("S-05", Here(|| told("").rules()), Here(|| told(r#","exp":1768469460"#).rules())),
    ("S-06", Fixture("lo-14-refused"), Fixture("lo-13-back-channel")),
    ("S-07", Fixture("lo-14-no-content"), Fixture("lo-13-back-channel")),
    (
        "S-08",
        Here(|| {
            logout("client_id=web&post_logout_redirect_uri=https://evil.test/", "https://evil.test/").with(web).rules()
        }),
        Here(|| {
            logout("client_id=web&post_logout_redirect_uri=https://app.test/", "https://app.test/").with(web).rules()
        }),
    ),
    ("S-09", Fixture("lo-06-no-hint"), Fixture("lo-01-get-with-hint")),
    ("S-11", Fixture("lo-18-sid-only"), Fixture("lo-17-front-channel")),
    ("S-12", Fixture("lo-01-get-with-hint"), Fixture("lo-02-post")),
    ("S-13", Here(|| hinted("other").rules()), Here(|| hinted("web").rules())),
    ("C-01", Here(|| registered("", "{}").rules()), Here(|| registered("Bearer t", "{}").rules())),
    (
        "C-02",
        Here(|| registered("Bearer t", r#"{"jwks_uri":"https://169.254.169.254/jwks"}"#).rules()),
        Here(|| registered("Bearer t", r#"{"jwks_uri":"https://app.test/jwks"}"#).rules()),
    ),
    (
        "C-03",
        Here(|| registered("Bearer t", "{}").answer_field("cache-control", "private").rules()),
        Here(|| registered("Bearer t", "{}").rules()),
    ),
    ("C-05", Here(|| introspected("").rules()), Here(|| introspected("client_id=api&client_secret=s").rules())),
    (
        "C-07",
        Here(|| introspected("client_id=api&client_secret=s").with(api).rules()),
        Here(|| introspected("client_id=web&client_secret=s").with(api).rules()),
    ),
    ("C-08", Here(|| revoked("").rules()), Here(|| revoked("client_id=web").rules())),
    (
        "C-09",
        Here(|| metadata("https://other.test", "RS256").rules()),
        Here(|| metadata("https://idp.test", "RS256").rules()),
    ),
    (
        "C-11",
        Here(|| metadata("https://idp.test", "none").rules()),
        Here(|| metadata("https://idp.test", "RS256").rules()),
    ),
    ("C-12", Here(|| keys("").clear("93.184.216.34").rules()), Here(|| keys("").clear("10.0.0.1").rules())),
    ("C-13", Here(|| keys(r#","d":"eA""#).rules()), Here(|| keys("").rules())),
    ("C-14", Here(|| keys(r#","kid":"2""#).rules()), Here(|| keys(r#","kid":"3""#).rules())),
    ("V-01", Fixture("tk-20-client-leaves-mid-response"), Fixture("tk-01-code-pkce-basic")),
    ("V-02", Fixture("tk-22-gzip-bomb"), Fixture("tk-21-gzip")),
    ("V-03", Fixture("tk-63-not-json"), Fixture("tk-18-html-error")),
    (
        "V-04",
        Here(|| names(evaluate_start(&RuleSettings::default(), true))),
        Here(|| names(evaluate_start(&RuleSettings::default(), false))),
    ),
    ("V-05", Fixture("ar-29-normalised-path"), Fixture("ar-28-upper-case-host-and-port")),
    ("V-06", Fixture("fd-03-repeated-by-the-proxy"), Fixture("tk-01-code-pkce-basic")),
];

#[test]
fn every_rule_has_a_case_for_it_and_a_case_against_it() {
    let cases: Vec<&str> = CASES.iter().map(|(rule, _, _)| *rule).collect();
    let rules: Vec<&str> = Rule::all().map(Rule::as_str).collect();
    assert_eq!(cases, rules);
}

#[test]
fn every_rule_fires_where_it_should_and_not_where_it_nearly_would() {
    let mut wrong = Vec::new();
    for (rule, positive, negative) in CASES {
        let fires = |shows: &Shows| shows.rules().iter().any(|found| found.trim_end_matches(".attempt") == *rule);
        if !fires(positive) || fires(negative) {
            wrong.push((rule, positive.rules(), negative.rules()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_table_says_something_of_every_rule() {
    let mut ids = BTreeSet::new();
    for (rule, text) in Rule::all().zip(table()) {
        assert_eq!((rule.as_str(), rule.severity().as_str()), (text.id, text.severity));
        assert!(ids.insert(text.id) && Rule::parse(text.id) == Some(rule), "{}", text.id);
        assert!(!text.name.is_empty() && !text.condition.is_empty(), "{}", text.id);
    }
    assert_eq!(ids.len(), table().len());
}

#[test]
fn a_refused_exchange_makes_an_attempt_one_step_lower() {
    let refused = auth("response_type=token").status("400");
    let found = refused.findings();
    let grant = found.iter().find(|finding| finding.rule == Rule::A01).unwrap();
    assert_eq!((grant.attempt, grant.severity), (true, Severity::Medium));
}

#[test]
fn what_the_operator_says_counts() {
    let plain = "response_type=code&state=canary-long-enough&code_challenge_method=plain&code_challenge=abc";
    let severity = |change: fn(&mut RuleSettings)| {
        let found = auth(plain).with(change).findings();
        found.iter().find(|finding| finding.rule == Rule::A04).map(|finding| finding.severity)
    };
    assert_eq!(severity(|_| {}), Some(Severity::Medium));
    assert_eq!(severity(|settings| settings.baseline = Some(Baseline::Oauth21)), Some(Severity::High));
    assert_eq!(severity(|settings| settings.severity = vec![(Rule::A04, Severity::Info)]), Some(Severity::Info));
    assert_eq!(severity(|settings| settings.off = vec![Rule::A04]), None);
}

#[test]
fn an_answer_of_the_proxy_is_not_judged() {
    assert!(auth("response_type=token").locally().findings().is_empty());
}

#[test]
fn what_is_hidden_is_not_missing() {
    let pushed = auth("request_uri=urn:ietf:params:oauth:request_uri:x&response_type=code+id_token");
    for rule in ["A-03", "A-07", "A-09", "A-14"] {
        assert!(!pushed.rules().iter().any(|found| found == rule), "{rule}");
    }
}

#[test]
fn redirection_endpoints_are_judged_by_their_looks() {
    for (uri, what) in [
        ("https://app.test/cb", None),
        ("com.example.app:/cb", None),
        ("http://[::1]:8080/cb", None),
        ("https://app.test/cb#x", Some("redirect_uri=fragment")),
        ("https://*.app.test/cb", Some("redirect_uri=wildcard")),
        ("https://app.test\\@evil.test/cb", Some("redirect_uri=backslash")),
        ("https://app.test/a/../cb", Some("redirect_uri=dots")),
        ("https://app.test/a/%2E%2e/cb", Some("redirect_uri=dots")),
        ("https://app.test/a%252e", Some("redirect_uri=double_encoding")),
        ("https://192.0.2.1/cb", Some("redirect_uri=address")),
        ("https://xn--80ak6aa92e.com/cb", Some("redirect_uri=internationalised")),
        ("JavaScript:alert(1)", Some("redirect_uri=script")),
        ("https://app.test.evil.test/cb", Some("redirect_uri=look_alike")),
        ("https://evilapp.test/cb", Some("redirect_uri=look_alike")),
        ("https://my.app.test/cb", None),
    ] {
        assert_eq!(redirect::oddity(uri, &["https://app.test/cb".to_owned()]), what, "{uri}");
    }
}

/// RFC 8252 §7.3: the port of a loopback redirection endpoint is free, and nothing else is.
#[test]
fn only_the_port_of_a_loopback_address_is_free() {
    let list = ["http://127.0.0.1/cb".to_owned(), "https://app.test/cb".to_owned()];
    for (uri, listed) in [
        ("http://127.0.0.1:53123/cb", true),
        ("http://127.0.0.1:53123/other", false),
        ("http://[::1]:53123/cb", false),
        ("https://app.test/cb", true),
        ("https://app.test:8443/cb", false),
        ("https://app.test/cb?x=1", false),
    ] {
        assert_eq!(redirect::is_listed(uri, &list), listed, "{uri}");
    }
}

impl Shows {
    fn rules(&self) -> Vec<String> {
        match self {
            Here(rules) => rules(),
            Fixture(folder) => recorded(folder).iter().map(|(rule, _)| rule.clone()).collect(),
        }
    }
}

/// Rule and severity of each finding in the expected records of a fixture.
fn recorded(folder: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/exchanges/{folder}/records.jsonl"));
    let text = fs::read_to_string(path).unwrap_or_else(|_| panic!("there is no fixture {folder}"));
    let records = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let findings = records.flat_map(|record| record["findings"].as_array().cloned().unwrap_or_default());
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    findings.map(|finding| (text(&finding["rule"]), text(&finding["severity"]))).collect()
}

/// One exchange with `https://idp.test` at [`NOW`].
struct Exchange {
    request: Vec<(String, String)>,
    body: String,
    response: Vec<(String, String)>,
    answer: String,
    hop: Hop,
    settings: RuleSettings,
}

const NOW: u64 = 1_768_469_400;
const CODE: &str = "grant_type=authorization_code&code=c&client_id=spa";
const LONG: &str = r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer","expires_in":60}"#;

impl Exchange {
    fn new(method: &str, target: &str, body: &str, status: &str, answer: &str) -> Self {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let kind = if answer.starts_with('{') { "application/json" } else { "text/html" };
        let mut request = vec![pair(":method", method), pair(":path", target), pair(":authority", "idp.test")];
        request.extend([pair(":scheme", "https"), pair("content-type", "application/x-www-form-urlencoded")]);
        let response = vec![pair(":status", status), pair("content-type", kind), pair("cache-control", "no-store")];
        let (body, answer) = (body.to_owned(), answer.to_owned());
        Self { request, body, response, answer, hop: Hop::default(), settings: RuleSettings::default() }
    }

    fn field(mut self, name: &str, value: &str) -> Self {
        self.request.push((name.to_owned(), value.to_owned()));
        self
    }

    fn answer_field(mut self, name: &str, value: &str) -> Self {
        self.response.retain(|(other, _)| other != name);
        self.response.push((name.to_owned(), value.to_owned()));
        self
    }

    fn status(self, status: &str) -> Self {
        self.answer_field(":status", status)
    }

    fn with(mut self, change: fn(&mut RuleSettings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Over plain http, from an address.
    fn clear(mut self, peer: &str) -> Self {
        self.request.retain(|(name, _)| name != ":scheme");
        self.hop.peer = peer.parse().ok();
        self.field(":scheme", "http")
    }

    fn at(mut self, authority: &str) -> Self {
        self.request.retain(|(name, _)| name != ":authority");
        self.field(":authority", authority)
    }

    fn outbound(mut self) -> Self {
        self.hop.outbound = true;
        self
    }

    fn locally(mut self) -> Self {
        self.hop.local = true;
        self
    }

    fn findings(&self) -> Vec<Finding> {
        let mut policy = policy();
        let document =
            r#"{"issuer":"https://idp.test","id_token_signing_alg_values_supported":["RS256","ES256","HS256"]}"#;
        policy.learn(0, document.as_bytes()).unwrap();
        let headers = |pairs: &[(String, String)]| {
            Headers::new(
                pairs.iter().map(|(name, value)| (name.clone().into_bytes(), value.clone().into_bytes())).collect(),
            )
        };
        let (request, response) =
            (RequestHead { headers: headers(&self.request) }, ResponseHead { headers: headers(&self.response) });
        let body = |text: &str| {
            let mut body = Body::default();
            body.push(text.as_bytes(), 1 << 20);
            body.end = true;
            body
        };
        let transcript = Transcript {
            interest: policy.triage(request.authority().unwrap(), request.path().unwrap()).unwrap(),
            request: &request,
            request_body: &body(&self.body),
            response: Some(&response),
            response_body: &body(&self.answer),
            end: End { source: ResponseSource::Upstream, complete: true, request_complete: true },
        };
        let decoded = decode(&policy, &transcript);
        let observations = observe(&policy, &decoded);
        assert!(!observations.is_empty(), "nothing was observed: {:?}", self.request);
        let now = Timestamp::from_secs(NOW);
        let judged =
            Judged { request: &request, response: Some(&response), observations: &observations, hop: self.hop, now };
        observations.iter().flat_map(|observation| evaluate(&self.settings, &judged, observation)).collect()
    }

    fn rules(&self) -> Vec<String> {
        names(self.findings())
    }
}

fn names(findings: Vec<Finding>) -> Vec<String> {
    findings.into_iter().map(|finding| finding.rule.as_str().to_owned()).collect()
}

fn policy() -> Policy {
    use EndpointKind::{
        Authorization, EndSession, Introspection, Jwks, Par, Registration, Revocation, Token, Userinfo,
    };
    let endpoints = [
        (Authorization, "/auth"),
        (Token, "/token"),
        (Userinfo, "/userinfo"),
        (EndSession, "/logout"),
        (Par, "/par"),
        (Registration, "/register"),
        (Introspection, "/introspect"),
        (Revocation, "/revoke"),
        (Jwks, "/jwks"),
    ];
    let issuer = IssuerSettings {
        issuer: "https://idp.test".to_owned(),
        endpoints: Endpoints(endpoints.map(|(kind, path)| (kind, path.to_owned())).to_vec()),
        ..IssuerSettings::default()
    };
    let mut policy = Policy::new(vec![issuer], Limits::default()).unwrap();
    for (side, authority, endpoints) in [
        (Side::ResourceServer, "api.test", Vec::new()),
        (Side::RelyingParty, "app.test", vec![(EndpointKind::BackchannelLogout, "/told".to_owned())]),
    ] {
        let settings = PartySettings {
            side,
            authority: authority.to_owned(),
            issuer: Some("https://idp.test".to_owned()),
            endpoints: Endpoints(endpoints),
            anonymous_paths: Vec::new(),
            audiences: vec!["https://api.test".to_owned()],
            missing_tokens: false,
        };
        policy.watch(&settings).unwrap();
    }
    policy
}

fn web(settings: &mut RuleSettings) {
    settings.clients = vec![ClientRules {
        id: "web".to_owned(),
        confidential: Some(true),
        redirect_uris: vec!["https://app.test/cb".to_owned(), "http://127.0.0.1/cb".to_owned()],
        post_logout_redirect_uris: vec!["https://app.test/".to_owned()],
        request_uris: vec!["https://app.test/r.jwt".to_owned()],
        scopes: vec!["openid".to_owned()],
        ..ClientRules::default()
    }];
}

fn pushing(settings: &mut RuleSettings) {
    settings.clients = vec![ClientRules { id: "web".to_owned(), par_required: true, ..ClientRules::default() }];
}

fn fapi(settings: &mut RuleSettings) {
    settings.baseline = Some(Baseline::Fapi2);
}

/// An authorization request that is answered with a login page.
fn auth(query: &str) -> Exchange {
    Exchange::new("GET", &format!("/auth?{query}"), "", "200", "<html>").answer_field("x-frame-options", "DENY")
}

fn redirected(query: &str, location: &str) -> Exchange {
    Exchange::new("GET", &format!("/auth?response_type=code&{query}"), "", "303", "").answer_field("location", location)
}

fn answered(members: &str) -> Exchange {
    redirected("", &format!("https://app.test/cb?{members}"))
}

fn posted(status: &str) -> Exchange {
    let location = "https://app.test/cb?code=c&state=s&iss=https://idp.test";
    Exchange::new("POST", "/login", "username=u&password=p", status, "").answer_field("location", location)
}

fn form_post(cache_control: &str) -> Exchange {
    let page = r#"<html><body onload="document.forms[0].submit()"><form method="post" action="https://app.test/cb"><input type="hidden" name="code" value="c"><input type="hidden" name="state" value="s"></form></body></html>"#;
    Exchange::new("GET", "/auth?response_type=code", "", "200", page).answer_field("cache-control", cache_control)
}

fn token(body: &str, answer: &str) -> Exchange {
    Exchange::new("POST", "/token", body, "200", answer)
}

fn refreshed(client: &str, kind: &str) -> Exchange {
    let answer = format!(r#"{{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"{kind}","expires_in":60}}"#);
    token(&format!("grant_type=refresh_token&refresh_token=r&{client}"), &answer)
}

fn jwt(header: &str, claims: &str) -> String {
    use base64::Engine;
    let part = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.c2ln", part(header), part(claims))
}

/// An ID token whose claims are overridden by `more`.
fn issued(alg: &str, more: &str) -> Exchange {
    let defaults = [
        ("iss", r#""https://idp.test""#),
        ("sub", "\"1\""),
        ("aud", "\"spa\""),
        ("exp", "1768469700"),
        ("iat", "1768469400"),
    ];
    let kept = defaults.iter().filter(|(name, _)| !more.contains(&format!("\"{name}\":")));
    let claims: Vec<String> = kept.map(|(name, value)| format!("\"{name}\":{value}")).collect();
    let claims = format!("{{{}{more}}}", claims.join(","));
    let id_token = jwt(&format!(r#"{{"alg":"{alg}"}}"#), &claims);
    token(
        CODE,
        &format!(r#"{{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer","id_token":"{id_token}"}}"#),
    )
}

/// A client assertion that lives for some seconds.
fn asserted(seconds: u64) -> Exchange {
    let exp = NOW + seconds;
    let claims = format!(r#"{{"iss":"web","sub":"web","aud":"https://idp.test","jti":"j","exp":{exp}}}"#);
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let assertion = jwt(r#"{"alg":"ES256"}"#, &claims);
    token(&format!("grant_type=client_credentials&client_assertion_type={kind}&client_assertion={assertion}"), LONG)
}

/// A JWT access token of a request with a DPoP proof.
fn bound(claims: &str) -> Exchange {
    let token = jwt(r#"{"alg":"ES256"}"#, claims);
    self::token(CODE, &format!(r#"{{"access_token":"{token}","token_type":"DPoP"}}"#)).field("dpop", "a.b.c")
}

fn userinfo(target: &str) -> Exchange {
    Exchange::new("GET", target, "", "200", r#"{"sub":"1"}"#).field("authorization", "Bearer a")
}

const KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"eA","y":"eA"}"#;

/// Bound to the certificate whose hash is all zero.
const CERTIFIED: &str = r#""cnf":{"x5t#S256":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#;

fn proof(method: &str, target: &str, more: &str) -> String {
    let header = format!(r#"{{"typ":"dpop+jwt","alg":"ES256","jwk":{KEY}}}"#);
    jwt(&header, &format!(r#"{{"htm":"{method}","htu":"{target}","jti":"j","iat":{NOW}{more}}}"#))
}

/// A token request with a proof for some method.
fn proved(method: &str) -> Exchange {
    token(CODE, &LONG.replace("Bearer", "DPoP")).field("dpop", &proof(method, "https://idp.test/token", ""))
}

/// An access token that a resource server accepts.
fn used(claims: &str) -> Exchange {
    let token = jwt(r#"{"alg":"ES256","typ":"at+jwt"}"#, &format!("{{{claims}}}"));
    let exchange = Exchange::new("GET", "/orders", "", "200", "{}").at("api.test");
    exchange.field("authorization", &format!("Bearer {token}"))
}

/// One that is bound to a key, with the proof or without.
fn held(proven: bool) -> Exchange {
    use base64::Engine;
    use sha2::{Digest, Sha256};
    let hash = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Sha256::digest(text));
    let jkt = hash(r#"{"crv":"P-256","kty":"EC","x":"eA","y":"eA"}"#);
    let token = jwt(r#"{"alg":"ES256"}"#, &format!(r#"{{"cnf":{{"jkt":"{jkt}"}}}}"#));
    let exchange = Exchange::new("GET", "/orders", "", "200", "{}").at("api.test");
    if !proven {
        return exchange.field("authorization", &format!("Bearer {token}"));
    }
    let ath = format!(r#","ath":"{}""#, hash(&token));
    let exchange = exchange.field("authorization", &format!("DPoP {token}"));
    exchange.field("dpop", &proof("GET", "https://api.test/orders", &ath))
}

/// A logout token that a client accepts.
fn told(more: &str) -> Exchange {
    let event = "http://schemas.openid.net/event/backchannel-logout";
    let claims = format!(
        r#"{{"iss":"https://idp.test","sub":"1","aud":"web","jti":"j","iat":{NOW},"events":{{"{event}":{{}}}}{more}}}"#
    );
    let token = jwt(r#"{"alg":"RS256","typ":"logout+jwt"}"#, &claims);
    Exchange::new("POST", "/told", &format!("logout_token={token}"), "200", "").at("app.test")
}

/// A request object.
fn object(alg: &str, exp: u64) -> String {
    let claims = format!(r#"{{"iss":"web","aud":"https://idp.test","client_id":"web","exp":{exp}}}"#);
    jwt(&format!(r#"{{"alg":"{alg}"}}"#), &claims)
}

/// A response as a JWT.
fn signed(alg: &str, exp: u64) -> Exchange {
    let claims = format!(r#"{{"iss":"https://idp.test","aud":"web","exp":{exp},"code":"c","state":"s"}}"#);
    let response = jwt(&format!(r#"{{"alg":"{alg}"}}"#), &claims);
    redirected("client_id=web", &format!("https://app.test/cb?response={response}"))
}

/// An ID token in the front channel, of a request with the nonce `n`.
fn front(query: &str, more: &str) -> Exchange {
    let claims = format!(r#"{{"iss":"https://idp.test","sub":"1","aud":"spa","exp":1768469700,"iat":{NOW}{more}}}"#);
    let id_token = jwt(r#"{"alg":"RS256"}"#, &claims);
    redirected(&format!("client_id=spa&nonce=n&{query}"), &format!("https://app.test/cb#id_token={id_token}&state=s"))
}

fn logout(query: &str, location: &str) -> Exchange {
    Exchange::new("GET", &format!("/logout?{query}"), "", "302", "").answer_field("location", location)
}

/// A logout with a hint that was issued to a client.
fn hinted(audience: &str) -> Exchange {
    let hint = jwt(r#"{"alg":"RS256"}"#, &format!(r#"{{"iss":"https://idp.test","sub":"1","aud":"{audience}"}}"#));
    let query = format!("client_id=web&id_token_hint={hint}&post_logout_redirect_uri=https://app.test/");
    logout(&query, "https://app.test/")
}

fn par(member: &str) -> Exchange {
    let answer = format!(r#"{{"request_uri":"urn:ietf:params:oauth:request_uri:canary","{member}}}"#);
    Exchange::new("POST", "/par", "response_type=code&client_id=web&client_secret=s", "201", &answer)
}

fn exchanged(claims: &str) -> Exchange {
    let token = jwt(r#"{"alg":"ES256"}"#, claims);
    let kind = "urn:ietf:params:oauth:token-type:access_token";
    let body =
        format!("grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=t&subject_token_type={kind}");
    let answer =
        format!(r#"{{"access_token":"{token}","token_type":"Bearer","issued_token_type":"{kind}","expires_in":60}}"#);
    self::token(&body, &answer)
}

fn registered(authorization: &str, metadata: &str) -> Exchange {
    let answer = metadata.replacen('{', r#"{"client_id":"c","client_secret":"s","#, 1).replace(",}", "}");
    let mut exchange = Exchange::new("POST", "/register", metadata, "201", &answer);
    exchange.request.retain(|(name, _)| name != "content-type");
    let exchange = exchange.field("content-type", "application/json");
    if authorization.is_empty() { exchange } else { exchange.field("authorization", authorization) }
}

fn introspected(client: &str) -> Exchange {
    let answer = r#"{"active":true,"aud":"https://other.test","client_id":"web"}"#;
    Exchange::new("POST", "/introspect", &format!("token=t&{client}"), "200", answer)
}

fn api(settings: &mut RuleSettings) {
    let client = |id: &str, audience: &str| ClientRules {
        id: id.to_owned(),
        audiences: vec![audience.to_owned()],
        ..ClientRules::default()
    };
    settings.clients = vec![client("api", "https://api.test"), client("web", "https://other.test")];
}

fn revoked(client: &str) -> Exchange {
    Exchange::new("POST", "/revoke", &format!("token=t&{client}"), "200", "")
}

fn metadata(issuer: &str, alg: &str) -> Exchange {
    let answer = format!(r#"{{"issuer":"{issuer}","id_token_signing_alg_values_supported":["{alg}"]}}"#);
    Exchange::new("GET", "/.well-known/openid-configuration", "", "200", &answer)
}

/// A key set; `more` is of its first key, whose second has the id 2.
fn keys(more: &str) -> Exchange {
    let more = if more.contains("kid") { more.to_owned() } else { format!("{more},\"kid\":\"1\"") };
    let answer = format!(
        r#"{{"keys":[{{"kty":"EC","crv":"P-256","x":"eA","y":"eA"{more}}},{{"kty":"OKP","crv":"Ed25519","x":"eA","kid":"2"}}]}}"#
    );
    Exchange::new("GET", "/jwks", "", "200", &answer)
}

/// The clean logins that were captured, and what is truly wrong there: drivers that ask without PKCE or with a short
/// `state`, and a logout whose `id_token_hint` is in the URL, as the specification shows it.
const LOGINS: &[(&str, &[&str])] = &[
    ("dot-01-login", &["A-08"]),
    ("dot-02-token-gzip", &[]),
    ("dot-03-userinfo", &[]),
    ("dot-04-refresh", &[]),
    ("dot-08-logout", &["S-12"]),
    ("kc-01-login", &[]),
    ("kc-02-token", &[]),
    ("kc-05-single-sign-on", &[]),
    ("kc-08-refresh", &[]),
    ("kc-13-logout", &["S-12"]),
    ("kc-19-form-post", &[]),
    ("kc-23-dpop", &[]),
    ("kc-27-jarm", &[]),
    ("kc-29-pushed", &[]),
    ("kc-34-device", &[]),
    ("kc-35-ciba", &[]),
    ("op-01-login", &[]),
    ("op-02-token", &[]),
    ("op-03-userinfo", &[]),
    ("op-05-pushed-request", &[]),
    ("op-14-form-post", &["A-08"]),
    ("op-15-logout", &["S-12"]),
    ("op-19-device", &[]),
    ("sas-01-login", &["A-03", "A-08"]),
    ("sas-02-token", &[]),
    ("sas-03-userinfo", &[]),
    ("sas-04-refresh", &[]),
    ("sas-07-dpop", &[]),
    ("sas-10-logout", &["S-12"]),
    ("sas-14-device", &[]),
];

/// No rule above `info` fires on the clean login of any provider.
#[test]
fn a_clean_login_is_clean() {
    for (folder, but) in LOGINS {
        let severe = recorded(folder).into_iter().filter(|(_, severity)| severity != "info");
        let found: BTreeSet<String> = severe.map(|(rule, _)| rule.trim_end_matches(".attempt").to_owned()).collect();
        let expected: BTreeSet<String> = but.iter().map(|rule| (*rule).to_owned()).collect();
        assert_eq!(found, expected, "{folder}");
    }
}
