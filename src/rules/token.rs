//! Token requests and responses (T-01 to T-37), and tokens in use at the UserInfo endpoint (B-01, B-02, B-04, B-13).

use super::finding::{Findings, Severity};
use super::redirect::contains;
use super::table::Rule;
use super::{Case, bearer, claims, present};
use crate::oauth::{
    AccessToken, BearerTransport, BodyFormat, ClientAuthMethod, ClientIdSource, Comparison, DpopProof, ExchangeMode,
    LinkRole, ProtocolEvent, ScopeSource, SignedMessage, TokenExchange, TokenFormat, TokenResponse, Userinfo,
};
use crate::seen::{Malformation, Seen};

pub(super) fn judge(case: &Case<'_>, token: &TokenExchange<'_>, findings: &mut Findings<'_>) {
    request(case, token, findings);
    if let Some(response) = &token.response {
        answer(case, token, response, findings);
    }
    guessable(case, findings);
    if let Some(id_token) = &token.id_token {
        claims::judge(case, id_token, findings);
    }
    let mode = token.exchanged.as_ref().and_then(|exchanged| exchanged.mode);
    let impersonated = case.succeeded() && mode == Some(ExchangeMode::Impersonation);
    findings.when(impersonated, Rule::T30, &["token.act=absent"]);
    let attempts = case.answer().and_then(|answer| answer.first("x-envoy-attempt-count"));
    findings.when(attempts.is_some_and(|attempts| attempts != b"1"), Rule::V06, &["x-envoy-attempt-count"]);
}

/// What holds wherever clients speak to the server: how they prove who they are, and what it answers in words.
pub(super) fn judge_client(case: &Case<'_>, findings: &mut Findings<'_>) {
    authentication(case, findings);
    // A secret that is a JWT (Apple) is no assertion of RFC 7523.
    let method = case.observation.client.auth_method;
    let asserted = matches!(method, Some(ClientAuthMethod::PrivateKeyJwt | ClientAuthMethod::ClientSecretJwt));
    if let Some(assertion) = case.observation.client.assertion.as_ref().filter(|_| asserted) {
        judge_assertion(case, assertion, findings);
    }
    let secret = case.in_query(&["client_secret", "client_assertion", "password"]);
    findings.when(secret.is_some(), Rule::T02, &Vec::from_iter(secret));
    let duplicate = case.observation.circumstances.duplicate;
    findings.when(duplicate.is_some(), Rule::A15, &Vec::from_iter(duplicate));
    errors(case, findings);
}

/// RFC 9700 §2.4: "The resource owner password credentials grant MUST NOT be used." RFC 6749 §3.2: "The client MUST use the
/// HTTP POST method when making access token requests."
fn request(case: &Case<'_>, token: &TokenExchange<'_>, findings: &mut Findings<'_>) {
    let grant = present(&token.request.grant_type).map(AsRef::as_ref).unwrap_or_default();
    findings.when(PASSWORD.contains(&grant), Rule::T01, &["grant_type=password"]);
    let vendor = VENDORS.iter().any(|prefix| grant.starts_with(prefix));
    let unknown = !grant.is_empty() && !PASSWORD.contains(&grant) && !GRANTS.contains(&grant) && !vendor;
    findings.when(unknown, Rule::T34, &["grant_type=unknown"]);
    let media = case.fields().first("content-type");
    let multipart =
        media.is_some_and(|media| media.get(..10).is_some_and(|kind| kind.eq_ignore_ascii_case(b"multipart/")));
    let takes_json = case.observation.provider.is_some_and(|provider| TAKES_JSON.contains(&provider));
    let json = token.request.body_format == Some(BodyFormat::Json) && !takes_json;
    let what = match () {
        () if !case.is_post() => "exchange.method",
        () if token.request.parameters_in_query => "request.parameters_in_query",
        () if json || multipart => "request.body_format",
        () => return,
    };
    findings.when(true, Rule::T03, &[what]);
}

/// RFC 6749 §2.3: "The client MUST NOT use more than one authentication method in each request."
fn authentication(case: &Case<'_>, findings: &mut Findings<'_>) {
    let method = case.observation.client.auth_method;
    let several = method == Some(ClientAuthMethod::Several);
    findings.when(several, Rule::T04, &["client.auth_method=several"]);
    let client = &case.observation.client;
    let told = |source: &ClientIdSource| !matches!(source, ClientIdSource::Response | ClientIdSource::Token);
    let other = !client.ambiguous && client.contradicted_by.iter().any(told);
    findings.when(other && !several, Rule::T04, &["client.contradicted_by"]);
    findings.when(case.observation.integrity.basic_not_encoded, Rule::T05, &["integrity.basic_not_encoded"]);
    let confidential = case.client().and_then(|client| client.confidential) == Some(true);
    let silent =
        confidential && method == Some(ClientAuthMethod::None) && case.succeeded() && !case.judged.hop.certificate;
    findings.when(silent, Rule::T22, &["client.auth_method=none"]);
    let secret = matches!(method, Some(ClientAuthMethod::ClientSecretBasic | ClientAuthMethod::ClientSecretPost));
    let cors = case.fields().first("sec-fetch-mode").is_some_and(|mode| mode.eq_ignore_ascii_case(b"cors"));
    findings.when(
        secret && (cors || case.fields().first("origin").is_some()),
        Rule::T37,
        &["origin", "client.auth_method"],
    );
}

/// RFC 7523 §3: the JWT MUST contain `iss`, `sub`, `aud` and `exp`; `sub` and `iss` are the client.
fn judge_assertion(case: &Case<'_>, assertion: &SignedMessage<'_>, findings: &mut Findings<'_>) {
    let now = case.judged.now.as_secs();
    let alive = present(&assertion.exp).is_some_and(|exp| *exp > now && *exp <= now.saturating_add(ASSERTION_LIFE));
    let is_none = present(&assertion.alg).is_none_or(|alg| alg.eq_ignore_ascii_case("none"));
    let (severity, what) = match (&assertion.aud, &case.observation.issuer) {
        _ if is_none => (Severity::High, "client_assertion.alg=none"),
        _ if !alive => (Severity::High, "client_assertion.exp"),
        _ if assertion.checks.iss != Some(Comparison::Right) => (Severity::High, "client_assertion.sub"),
        _ if !assertion.jti => (Severity::High, "client_assertion.jti=absent"),
        (Seen::Present(aud), Some(issuer)) => match aud.as_slice() {
            [one] if one == issuer => return,
            [one] if one.starts_with(issuer.trim_end_matches('/')) || case.is_own_url(one) => {
                match case.settings.baseline {
                    Some(_) => (Severity::Medium, "client_assertion.aud=endpoint"),
                    None => (Severity::Low, "client_assertion.aud=endpoint"),
                }
            }
            many if many.len() > 1 && many.iter().any(|one| one == issuer) => {
                (Severity::Medium, "client_assertion.aud=several")
            }
            _ => (Severity::High, "client_assertion.aud"),
        },
        (Seen::Absent | Seen::Malformed(_), _) => (Severity::High, "client_assertion.aud=absent"),
        (Seen::Present(_), None) => return,
    };
    findings.graded(true, Rule::T20, severity, &[what]);
}

fn answer(case: &Case<'_>, token: &TokenExchange<'_>, response: &TokenResponse<'_>, findings: &mut Findings<'_>) {
    let public = case.observation.client.auth_method == Some(ClientAuthMethod::None);
    let bearer = present(&response.token_type).is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
    let refreshed = case.observation.event == ProtocolEvent::TokenRefreshed;
    let unprotected = public && refreshed && response.rotated == Some(false) && bearer && !is_bound(token);
    let declared = case.client().and_then(|client| client.confidential) == Some(true);
    findings.when(unprotected && !declared && !case.judged.hop.certificate, Rule::T13, &["response.rotated"]);
    let asked = present(&token.request.scope).map(Vec::as_slice).unwrap_or_default();
    let granted = present(&response.scope).map(Vec::as_slice).unwrap_or_default();
    let said = response.scope_source == Some(ScopeSource::Response) && !asked.is_empty();
    findings.when(
        said && granted.iter().any(|word| !asked.contains(word)),
        Rule::T15,
        &["response.scope", "request.scope"],
    );
    // What is pushed is a request, and a decision (UMA 2.0 Grant §3.3.5) may come without a token.
    let issued = case.observation.event != ProtocolEvent::CibaPushed
        && (token.access_token.is_some() || token.id_token.is_some());
    findings.when(issued && !response.no_store, Rule::T18, &["response.no_store"]);
    let grant = present(&token.request.grant_type).map(AsRef::as_ref);
    let pointless = grant == Some("client_credentials") && response.refresh_token;
    findings.when(pointless, Rule::T23, &["response.refresh_token"]);
    let lifetimes = &case.settings.lifetimes;
    let longest = if bearer && !is_bound(token) { lifetimes.access_token } else { lifetimes.bound_access_token };
    findings.when(
        present(&response.expires_in).is_some_and(|life| *life > longest),
        Rule::T24,
        &["response.expires_in"],
    );
    // RFC 9449 §5: "token_type MUST be DPoP" tells the client that the token is bound.
    findings.when(token.request.dpop.is_some() && bearer, Rule::T33, &["request.dpop", "response.token_type"]);
    if let Some(proof) = token.request.dpop.as_ref().filter(|_| case.succeeded()) {
        judge_proof(case, proof, findings);
    }
    let proved = token.request.dpop.is_some() && !bearer;
    let loose =
        token.access_token.as_ref().is_some_and(|token| token.format == Some(TokenFormat::Jwt) && token.cnf.is_empty());
    findings.when(proved && loose, Rule::I25, &["token.cnf=absent"]);
}

/// RFC 9449 §4.3 (11): the creation time "is within an acceptable window".
pub(super) fn judge_proof(case: &Case<'_>, proof: &DpopProof<'_>, findings: &mut Findings<'_>) {
    let now = case.judged.now.as_secs();
    let stale = present(&proof.iat).is_none_or(|iat| iat.abs_diff(now) > PROOF_AGE);
    let wrong = wrong_proof(proof).or(stale.then_some("request.dpop_proof.iat"));
    findings.when(wrong.is_some(), Rule::T32, &Vec::from_iter(wrong));
}

/// RFC 9449 §4.3: what a server checks of a proof, but for its age.
pub(super) fn wrong_proof(proof: &DpopProof<'_>) -> Option<&'static str> {
    let alg = present(&proof.alg).map(AsRef::as_ref).unwrap_or_default();
    let weak = alg.is_empty() || alg.eq_ignore_ascii_case("none") || alg.starts_with("HS");
    let bad = |verdict: Option<Comparison>| matches!(verdict, Some(Comparison::Wrong | Comparison::Missing));
    [
        (weak, "request.dpop_proof.alg"),
        (bad(proof.typ), "request.dpop_proof.typ"),
        (bad(proof.jwk), "request.dpop_proof.jwk"),
        (bad(proof.htm), "request.dpop_proof.htm"),
        (bad(proof.htu), "request.dpop_proof.htu"),
        (bad(proof.ath), "request.dpop_proof.ath"),
        (proof.bound == Some(Comparison::Wrong), "token.cnf"),
        (!proof.jti, "request.dpop_proof.jti=absent"),
    ]
    .into_iter()
    .find_map(|(wrong, what)| wrong.then_some(what))
}

fn is_bound(token: &TokenExchange<'_>) -> bool {
    token.access_token.as_ref().is_some_and(|AccessToken { cnf, .. }| !cnf.is_empty())
}

/// RFC 6749 §10.10: the probability of guessing "MUST be less than or equal to 2^(-128)".
fn guessable(case: &Case<'_>, findings: &mut Findings<'_>) {
    let issued = case.observation.links.iter().filter(|_| case.succeeded());
    let mut issued = issued.filter(|link| matches!(link.role, LinkRole::At | LinkRole::RtOut));
    findings.when(
        issued.any(|link| link.value.expose().len() < claims::GUESSABLE),
        Rule::I26,
        &["response.access_token=short"],
    );
}

fn errors(case: &Case<'_>, findings: &mut Findings<'_>) {
    let description = case.observation.error.as_ref().and_then(|error| present(&error.description));
    let leaks = description.is_some_and(|text| LEAKS.iter().any(|leak| contains(text.as_bytes(), leak.as_bytes())));
    findings.when(leaks, Rule::T36, &["error_description"]);
}

/// RFC 6750 §2: "Clients MUST NOT use more than one method to transmit the token in each request."
pub(super) fn judge_use(case: &Case<'_>, userinfo: &Userinfo<'_>, findings: &mut Findings<'_>) {
    let query = case.in_query(&["access_token"]).is_some();
    findings.when(query, Rule::B01, &["access_token"]);
    findings.when(userinfo.transport == Some(BearerTransport::Body), Rule::B02, &["request.transport=body"]);
    let twice = case.observation.malformed.contains(&("request.access_token", Malformation::Duplicate));
    findings.when(twice, Rule::B04, &["request.access_token=duplicate"]);
    bearer::challenge(case, userinfo.transport.is_some(), findings);
}

impl Case<'_> {
    /// Whether a URL is of the authority that was asked.
    fn is_own_url(&self, url: &str) -> bool {
        let parts = crate::http::UrlParts::read(url.as_bytes());
        let own = self.judged.request.authority();
        parts.host().zip(own).is_some_and(|(host, own)| host.eq_ignore_ascii_case(own))
    }
}

/// RFC 6749 §4.3, and Auth0's with a realm.
const PASSWORD: [&str; 2] = ["password", "http://auth0.com/oauth/grant-type/password-realm"];

/// Grant types that are known (PROTOCOL §1.8).
const GRANTS: &[&str] = &[
    "authorization_code",
    "client_credentials",
    "device_code",
    "interaction_code",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:pre-authorized_code",
    "urn:ietf:params:oauth:grant-type:saml2-bearer",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:uma-ticket",
    "urn:openid:params:grant-type:ciba",
];

/// What vendors' own grant types begin with.
const VENDORS: [&str; 3] = [
    "http://auth0.com/oauth/grant-type/",
    "urn:okta:params:oauth:grant-type:",
    "urn:pingidentity.com:oauth2:grant_type:",
];

/// Products that document JSON at the token endpoint.
const TAKES_JSON: &[&str] = &["auth0", "google"];

/// What no error text is written with on purpose.
const LEAKS: &[&str] =
    &["eyJ", "-----BEGIN", "Exception", "Traceback", "stack trace", "NullPointer", "SQLSTATE", "panic:"];

/// Seconds that a client assertion may live: what is stolen is of use for no longer.
const ASSERTION_LIFE: u64 = 600;

/// Seconds that a proof may be old or ahead (RFC 9449 §11.1: "on the order of seconds or minutes").
const PROOF_AGE: u64 = 300;
