//! Access tokens in use at a resource server (B-01 to B-15, I-21, T-32): how they were sent, and what was accepted. That an
//! endpoint asks for a token at all is taken from the configuration: paths where none decides anything are not looked at.

use super::finding::Findings;
use super::table::Rule;
use super::{Case, present, token};
use crate::oauth::{AccessToken, Bearer, BearerScheme, BearerTransport, Comparison, PresentedToken, TokenFormat};

pub(super) fn judge(case: &Case<'_>, bearer: &Bearer<'_>, findings: &mut Findings<'_>) {
    let query = case.in_query(&["access_token"]).is_some();
    findings.when(query, Rule::B01, &["access_token"]);
    findings.when(bearer.transport == Some(BearerTransport::Body), Rule::B02, &["request.transport=body"]);
    findings.when(bearer.several, Rule::B04, &["request.access_token=duplicate"]);
    challenge(case, bearer.transport.is_some(), findings);
    let Some(token) = bearer.access_token.as_ref() else { return };
    let accepted = case.status().is_some_and(|status| (200..300).contains(&status));
    if let Some(presented) = token.presented.as_ref().filter(|_| token.format == Some(TokenFormat::Jwt)) {
        audience(case, presented, accepted, findings);
        if accepted {
            claims(case, token, presented, findings);
        }
    }
    if accepted {
        possession(case, bearer, token, findings);
    }
}

/// RFC 6750 §3: a refusal without credentials that work "MUST include the HTTP `WWW-Authenticate` response header field".
pub(super) fn challenge(case: &Case<'_>, sent: bool, findings: &mut Findings<'_>) {
    let silent = case.answer().is_some_and(|answer| answer.first("www-authenticate").is_none());
    findings.when(case.status() == Some(401) && sent && silent, Rule::B13, &["www-authenticate=absent"]);
}

/// RFC 9068 §4: the resource server "MUST validate that the `aud` claim contains a resource indicator value corresponding to
/// an identifier the resource server expects for itself". RFC 9700 §4.9.1: a client must not send it elsewhere.
fn audience(case: &Case<'_>, presented: &PresentedToken<'_>, accepted: bool, findings: &mut Findings<'_>) {
    let own = case.observation.circumstances.audiences;
    let foreign = !own.is_empty()
        && present(&presented.aud).is_some_and(|aud| !aud.iter().any(|aud| own.iter().any(|own| own == aud)));
    let outbound = case.judged.hop.outbound;
    findings.when(foreign && accepted && !outbound, Rule::B06, &["token.aud"]);
    findings.when(foreign && outbound, Rule::B14, &["token.aud"]);
}

/// RFC 9068 §4: the issuer "MUST exactly match", a token of `alg` `none` is rejected, and the current time "MUST be before"
/// `exp`. RFC 8725 §3.12: kinds of JWTs must not pass for one another.
fn claims(case: &Case<'_>, token: &AccessToken<'_>, presented: &PresentedToken<'_>, findings: &mut Findings<'_>) {
    let now = case.judged.now.as_secs();
    let expired = present(&token.exp).is_some_and(|exp| exp.saturating_add(SKEW) < now);
    findings.when(expired, Rule::B05, &["token.exp"]);
    let unsigned = present(&presented.alg).is_some_and(|alg| alg.eq_ignore_ascii_case("none"));
    findings.when(unsigned, Rule::B15, &["token.alg=none"]);
    let trusted = case.observation.circumstances.trusted;
    let foreign = trusted.zip(present(&presented.iss)).is_some_and(|(trusted, iss)| trusted != iss);
    findings.when(foreign && !unsigned, Rule::B15, &["token.iss", "issuer"]);
    let typ = present(&presented.typ).map(AsRef::as_ref).unwrap_or_default();
    let has = |names: &[&str]| token.claim_names.iter().any(|claim| names.contains(&claim.as_ref()));
    let of_login = has(&["nonce", "at_hash", "c_hash"]) && !has(&["scope", "scp", "events"]);
    findings.when(of_login, Rule::I21, &["token.claim_names=id_token"]);
    findings.when(is_of_another_kind(typ, &["at+jwt"]), Rule::I21, &["token.typ"]);
}

/// RFC 9449 §7.1: the server MUST check "that the public key to which the access token is bound matches" the proof's; §7.2: a
/// bound token is not to be taken as `Bearer`. RFC 8705 §3: the certificate "MUST" match, or the request is rejected.
fn possession(case: &Case<'_>, bearer: &Bearer<'_>, access: &AccessToken<'_>, findings: &mut Findings<'_>) {
    let wrong = bearer.dpop.as_ref().and_then(token::wrong_proof);
    let keyed = access.cnf.contains(&"jkt");
    let bare = keyed && (bearer.dpop.is_none() || bearer.scheme == Some(BearerScheme::Bearer));
    findings.when(bare, Rule::B07, &["token.cnf", "request.dpop"]);
    findings.when(!bare && keyed && wrong.is_some(), Rule::B07, &Vec::from_iter(wrong));
    if let Some(proof) = bearer.dpop.as_ref().filter(|_| !keyed || wrong.is_none()) {
        token::judge_proof(case, proof, findings);
    }
    let certified = access.cnf.contains(&"x5t#S256");
    let shown = case.judged.hop.certificate || !case.judged.hop.tls;
    let none = certified && bearer.certificate == Some(Comparison::Missing) && !shown;
    findings.when(
        none || bearer.certificate == Some(Comparison::Wrong),
        Rule::B08,
        &["token.cnf", "request.certificate"],
    );
}

/// RFC 8725 §3.11: explicit types. What has none, or that of no JWT of OpenID Connect, is not judged.
pub(super) fn is_of_another_kind(typ: &str, own: &[&str]) -> bool {
    let typ = typ.trim_start_matches("application/");
    let is = |kind: &&str| typ.eq_ignore_ascii_case(kind);
    KINDS.iter().any(is) && !own.iter().any(is)
}

/// Seconds by which clocks may differ.
const SKEW: u64 = 60;

/// RFC 9068 §2.1; Back-Channel Logout 1.0 §2.4; RFC 8417 §2.3; RFC 9449 §4.2; RFC 9101 §10.8.
const KINDS: [&str; 5] = ["at+jwt", "logout+jwt", "secevent+jwt", "dpop+jwt", "oauth-authz-req+jwt"];
