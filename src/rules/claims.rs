//! ID tokens (I-01 to I-26): the header and the claims that OIDC Core §3.1.3.7 has clients check. Nothing is judged of an
//! encrypted one.

use super::finding::{Findings, Severity};
use super::table::Rule;
use super::{Case, bearer, is_email, present};
use crate::oauth::{
    AuthorizationResponse, ClientAuthMethod, ClientIdSource, Comparison, IdToken, SignatureCheck, Unchecked,
};
use crate::seen::Seen;

/// A token that was issued in this exchange.
pub(super) fn judge(case: &Case<'_>, token: &IdToken<'_>, findings: &mut Findings<'_>) {
    header(case, token, findings);
    if token.encrypted || token.claim_names.is_empty() {
        return;
    }
    required(token, findings);
    parties(case, token, findings);
    times(case, token, findings);
    let wrong = |verdict: Option<Comparison>| verdict == Some(Comparison::Wrong);
    findings.when(wrong(token.checks.nonce), Rule::I14, &["id_token.nonce", "request.nonce"]);
    findings.when(wrong(token.checks.at_hash), Rule::I16, &["id_token.at_hash"]);
    findings.when(wrong(token.checks.c_hash), Rule::I17, &["id_token.c_hash"]);
    judge_kind(token, findings);
    let subject = present(&token.sub).map(AsRef::as_ref).unwrap_or_default();
    let long = subject.chars().count() > SUBJECT;
    findings.when(long, Rule::I24, &["id_token.sub=long"]);
    findings.when(!long && is_email(subject), Rule::I24, &["id_token.sub=email"]);
}

/// RFC 8725 §3.11: explicit types keep kinds of JWTs apart.
pub(super) fn judge_kind(token: &IdToken<'_>, findings: &mut Findings<'_>) {
    let typ = present(&token.typ).map(AsRef::as_ref).unwrap_or_default();
    findings.when(bearer::is_of_another_kind(typ, &[]), Rule::I21, &["id_token.typ"]);
}

/// OIDC Core §3.2.2.10, §3.3.2.11: in the front channel the hashes of what comes beside the ID token are "REQUIRED".
pub(super) fn judge_hashes(response: &AuthorizationResponse<'_>, token: &IdToken<'_>, findings: &mut Findings<'_>) {
    let missing = |verdict: Option<Comparison>| verdict == Some(Comparison::Missing);
    let token_beside = response.access_token.is_some() && missing(token.checks.at_hash);
    findings.graded(token_beside, Rule::I16, Severity::Medium, &["id_token.at_hash=absent"]);
    let code_beside = present(&response.code).is_some() && missing(token.checks.c_hash);
    findings.graded(code_beside, Rule::I17, Severity::Medium, &["id_token.c_hash=absent"]);
}

/// RFC 8725 §3.2: "JWT libraries MUST NOT generate JWTs using `none` unless explicitly requested"; §3.10: do not trust
/// received claims that say where the key is.
fn header(case: &Case<'_>, token: &IdToken<'_>, findings: &mut Findings<'_>) {
    let alg = present(&token.alg).map(AsRef::as_ref).unwrap_or_default();
    findings.when(alg.eq_ignore_ascii_case("none"), Rule::I01, &["id_token.alg=none"]);
    let declared = case.client().and_then(|client| client.confidential);
    let silent = case.observation.client.auth_method == Some(ClientAuthMethod::None) && declared != Some(true);
    let symmetric = alg.starts_with("HS") && (silent || declared == Some(false));
    let weak = symmetric || alg == "RSA1_5" || (alg == "RS256" && case.fapi());
    findings.when(weak, Rule::I02, &["id_token.alg"]);
    let known =
        case.observation.circumstances.declared.map(|declared| declared.id_token_algs.as_slice()).unwrap_or_default();
    let own = present(&token.iss).is_some_and(|iss| case.observation.issuer.as_deref() == Some(iss.as_ref()));
    let unexpected = !token.encrypted && own && !known.is_empty() && !known.iter().any(|known| known == alg);
    findings.when(unexpected, Rule::I03, &["id_token.alg"]);
    findings.when(token.signature == SignatureCheck::Failed, Rule::I04, &["id_token.signature=failed"]);
    let unknown = token.signature == SignatureCheck::Unchecked(Unchecked::KeyUnknown);
    findings.when(unknown, Rule::I05, &["id_token.kid=unknown"]);
    let odd = present(&token.kid)
        .is_some_and(|kid| kid.contains(['/', '\\', '\'', ';']) && is_path(kid) || kid.chars().any(char::is_control));
    let reference = token.key_references.iter().copied().find(|name| *name != "x5c");
    findings.when(reference.is_some() || odd, Rule::I06, &[reference.unwrap_or("id_token.kid=path")]);
}

/// A key id may hold a slash by chance of base64; it leads somewhere only with dots or from a root, or breaks out of a query.
fn is_path(kid: &str) -> bool {
    kid.contains("..") || kid.starts_with('/') || kid.contains(['\'', ';'])
}

/// OIDC Core §2: `iss`, `sub`, `aud`, `exp` and `iat` are "REQUIRED".
fn required(token: &IdToken<'_>, findings: &mut Findings<'_>) {
    let missing = [
        (token.iss.is_absent(), "id_token.iss"),
        (token.sub.is_absent(), "id_token.sub"),
        (token.aud.is_absent(), "id_token.aud"),
        (token.exp.is_absent(), "id_token.exp"),
        (token.iat.is_absent(), "id_token.iat"),
    ];
    if findings.wants(Rule::I07) && missing.iter().any(|(missing, _)| *missing) {
        let names: Vec<_> = missing.iter().filter(|(missing, _)| *missing).map(|(_, name)| *name).collect();
        findings.when(true, Rule::I07, &names);
    }
}

/// OIDC Core §3.1.3.7: the issuer "MUST exactly match"; the client "MUST validate that the `aud` claim contains its
/// `client_id` value"; with several audiences it "SHOULD verify that an `azp` Claim is present".
fn parties(case: &Case<'_>, token: &IdToken<'_>, findings: &mut Findings<'_>) {
    let observation = case.observation;
    let several_names = observation.provider.is_some_and(|provider| SEVERAL_NAMES.contains(&provider));
    let foreign = observation.issuer.as_deref().zip(present(&token.iss)).is_some_and(|(issuer, iss)| issuer != iss);
    findings.when(foreign && !several_names, Rule::I08, &["id_token.iss", "issuer"]);
    let claimed = observation.client.id_source == Some(ClientIdSource::Response);
    let client = case.client_id().filter(|_| !claimed);
    let (Seen::Present(audience), azp) = (&token.aud, present(&token.azp)) else { return };
    let other = client.is_some_and(|client| !audience.iter().any(|audience| audience == client));
    findings.when(other, Rule::I09, &["id_token.aud", "client.id"]);
    let another = client.zip(azp).is_some_and(|(client, azp)| client != azp);
    findings.when(another && !other, Rule::I10, &["id_token.azp", "client.id"]);
    findings.when(audience.len() > 1 && token.azp.is_absent(), Rule::I10, &["id_token.azp=absent"]);
}

/// OIDC Core §3.1.3.7 (9): "The current time MUST be before the time represented by the `exp` Claim."
fn times(case: &Case<'_>, token: &IdToken<'_>, findings: &mut Findings<'_>) {
    let now = case.judged.now.as_secs();
    let (exp, iat) = (present(&token.exp).copied(), present(&token.iat).copied());
    let inverted = exp.zip(iat).is_some_and(|(exp, iat)| exp <= iat);
    findings.when(inverted || exp.is_some_and(|exp| exp <= now), Rule::I11, &["id_token.exp"]);
    let life = exp.zip(iat).map(|(exp, iat)| exp.saturating_sub(iat)).unwrap_or_default();
    findings.when(life > case.settings.lifetimes.id_token, Rule::I12, &["id_token.exp", "id_token.iat"]);
    let ahead = iat.map(|iat| iat.saturating_sub(now)).unwrap_or_default();
    let severity = if ahead > SKEW_MEDIUM { Severity::Medium } else { Severity::Info };
    findings.graded(ahead > SKEW, Rule::I13, severity, &["id_token.iat"]);
}

/// OIDC Core §17.1: the ID token "MAY contain" what the front channel gives away.
pub(super) fn judge_front_channel(token: &IdToken<'_>, findings: &mut Findings<'_>) {
    let found = PERSONAL.iter().find(|name| token.claim_names.iter().any(|claim| claim == *name));
    findings.when(found.is_some() && !token.encrypted, Rule::I20, &["id_token.claim_names"]);
}

/// Fewer characters of base64url hold fewer than 128 bits (RFC 6749 §10.10).
pub(super) const GUESSABLE: usize = 22;

/// OIDC Core §2: `sub` "MUST NOT exceed 255 ASCII characters in length".
const SUBJECT: usize = 255;

/// Seconds by which clocks may differ (FAPI 2.0 §5.3.2.1), and those that no clock differs by.
const SKEW: u64 = 10;
const SKEW_MEDIUM: u64 = 60;

/// Products whose issuer is written in several ways.
pub(super) const SEVERAL_NAMES: &[&str] = &["entra", "google"];

/// OIDC Core §5.1.
const PERSONAL: &[&str] = &["address", "birthdate", "email", "family_name", "given_name", "name", "phone_number"];
