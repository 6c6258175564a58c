//! Authorization responses and errors on their way to the browser, and what they carry.

use std::borrow::Cow;

use super::finding::Findings;
use super::redirect::{Host, contains, host_kind, is_http, is_listed, oddity};
use super::table::Rule;
use super::{Case, claims, in_query, present};
use crate::http::{Headers, MediaType, UrlParts};
use crate::oauth::{
    AuthorizationResponse, Comparison, Delivery, IdToken, Message, ProtocolEvent, SignatureCheck, SignedMessage,
};
use crate::seen::Seen;

pub(super) fn judge(case: &Case<'_>, response: &AuthorizationResponse<'_>, findings: &mut Findings<'_>) {
    let front = matches!(response.delivery, Some(Delivery::Query | Delivery::Fragment));
    // The request of the same exchange says it already.
    let alone = !case.has(ProtocolEvent::AuthorizationRequest);
    findings.when(alone && response.access_token.is_some(), Rule::A01, &["response.access_token"]);
    findings.when(alone && front && response.id_token.is_some(), Rule::A02, &["response.id_token"]);
    target(case, response, findings);
    issuer(case, response, findings);
    error(case, response, findings);
    findings.when(is_page(case, response) && !case.no_store(), Rule::R10, &["cache-control"]);
    let short = present(&response.code).is_some_and(|length| *length < claims::GUESSABLE);
    findings.when(short, Rule::I26, &["response.code=short"]);
    if let Some(jarm) = response.jarm.as_ref().filter(|jarm| !jarm.encrypted) {
        signed(case, jarm, findings);
    }
    if let Some(token) = &response.id_token {
        claims::judge(case, token, findings);
        claims::judge_hashes(response, token, findings);
        step_up(case, token, findings);
        claims::judge_front_channel(token, findings);
    }
}

/// JARM §2.4: what a client checks of a response that is a JWT.
fn signed(case: &Case<'_>, jarm: &SignedMessage<'_>, findings: &mut Findings<'_>) {
    let wrong = |verdict: Option<Comparison>| matches!(verdict, Some(Comparison::Wrong | Comparison::Missing));
    let expired = present(&jarm.exp).is_some_and(|exp| *exp <= case.judged.now.as_secs());
    let found = match () {
        () if present(&jarm.alg).is_none_or(|alg| alg.eq_ignore_ascii_case("none")) => "response.jarm.alg=none",
        () if jarm.signature == SignatureCheck::Failed => "response.jarm.signature=failed",
        () if wrong(jarm.checks.aud) => "response.jarm.aud",
        () if wrong(jarm.checks.iss) => "response.jarm.iss",
        () if expired => "response.jarm.exp",
        () => return,
    };
    findings.when(true, Rule::R11, &[found]);
}

/// OIDC Core §3.1.2.1: with `max_age` the ID token "MUST include an `auth_time` Claim Value"; §3.1.3.7 (12), (13).
fn step_up(case: &Case<'_>, token: &IdToken<'_>, findings: &mut Findings<'_>) {
    let request = case.judged.observations.iter().find_map(|other| match &other.message {
        Message::AuthorizationRequest(request) if other.event == ProtocolEvent::AuthorizationRequest => Some(request),
        _ => None,
    });
    let Some(request) = request.filter(|_| !token.encrypted) else { return };
    let oldest = present(&request.max_age).zip(present(&token.iat));
    let oldest = oldest.map(|(age, iat)| iat.saturating_sub(*age).saturating_sub(SKEW));
    let old = oldest.zip(present(&token.auth_time)).is_some_and(|(oldest, auth_time)| *auth_time < oldest);
    let silent = oldest.is_some() && token.auth_time.is_absent();
    findings.when(silent, Rule::I18, &["id_token.auth_time=absent"]);
    findings.when(old, Rule::I18, &["id_token.auth_time", "request.max_age"]);
    let wanted = present(&request.acr_values).filter(|wanted| !wanted.is_empty());
    let met = |wanted: &Vec<Cow<'_, str>>| present(&token.acr).is_some_and(|acr| wanted.iter().any(|one| one == acr));
    findings.when(wanted.is_some_and(|wanted| !met(wanted)), Rule::I19, &["id_token.acr", "request.acr_values"]);
}

/// A page that holds the response, or one whose address does. What a client answers to a form is neither.
fn is_page(case: &Case<'_>, response: &AuthorizationResponse<'_>) -> bool {
    match case.observation.event {
        ProtocolEvent::CallbackReceived => {
            let html = case.answer().and_then(Headers::media_type) == Some(MediaType::Html);
            html && case.status() == Some(200) && response.delivery == Some(Delivery::Query)
        }
        _ => response.delivery == Some(Delivery::FormPost),
    }
}

fn target(case: &Case<'_>, response: &AuthorizationResponse<'_>, findings: &mut Findings<'_>) {
    let Some(uri) = present(&response.redirect_uri) else { return };
    let parts = UrlParts::read(uri.as_bytes());
    by_status(case, &parts, findings);
    let requested = case.judged.observations.iter().find_map(|other| match &other.message {
        Message::AuthorizationRequest(request) => present(&request.redirect_uri),
        _ => None,
    });
    // A message to another window names an origin and no place.
    let same = |asked: &UrlParts<'_>| match response.delivery {
        Some(Delivery::Script) if parts.path.is_empty() => UrlParts { path: b"", ..*asked }.same_place(&parts),
        _ => asked.same_place(&parts),
    };
    let elsewhere = requested.is_some_and(|asked| !same(&UrlParts::read(asked.as_bytes())));
    findings.when(elsewhere, Rule::R03, &["response.redirect_uri", "request.redirect_uri"]);
    let token = parts.query.and_then(|query| in_query(query, &["access_token", "id_token"]));
    findings.when(token.is_some(), Rule::R08, &Vec::from_iter(token));
    let clear = is_http(&parts) && host_kind(&parts) == Host::Other;
    findings.when(clear && case.observation.error.is_none(), Rule::R09, &["response.redirect_uri=http"]);
    let known = case.client().map(|client| client.redirect_uris.as_slice()).unwrap_or_default();
    let whole = uri.split(['?', '#']).next().unwrap_or_default();
    let place = |listed: &String| UrlParts::read(listed.as_bytes()).same_place(&parts);
    let unlisted = !known.is_empty() && !is_listed(whole, known) && !known.iter().any(place);
    let open = case.observation.error.is_some() && (unlisted || oddity(whole, known).is_some());
    findings.when(open, Rule::R13, &["response.redirect_uri"]);
}

/// RFC 9700 §4.12: "the server MUST NOT use the HTTP 307 (Temporary Redirect) status code".
fn by_status(case: &Case<'_>, target: &UrlParts<'_>, findings: &mut Findings<'_>) {
    let own = target.host() == case.judged.request.authority();
    let posted = case.is_post() && !own;
    findings.when(posted && matches!(case.status(), Some(307 | 308)), Rule::R01, &["exchange.status"]);
    let declared = case.settings.baseline.is_some();
    findings.when(posted && declared && case.status() == Some(302), Rule::R02, &["exchange.status"]);
}

/// RFC 9207 §2: servers "MUST also provide the `iss` parameter"; §2.4: clients compare it with the issuer they asked.
fn issuer(case: &Case<'_>, response: &AuthorizationResponse<'_>, findings: &mut Findings<'_>) {
    let promised = case.observation.circumstances.declared.is_some_and(|declared| declared.response_iss) || case.fapi();
    let other =
        response.id_token.is_some() || response.members.iter().any(|name| matches!(*name, "id_token" | "response"));
    let redirected = response.delivery != Some(Delivery::Page);
    findings.when(promised && redirected && !other && response.iss.is_absent(), Rule::R04, &["response.iss=absent"]);
    let Some(iss) = present(&response.iss) else { return };
    let named = response.id_token.as_ref().and_then(|token| present(&token.iss));
    let foreign = case.observation.issuer.as_deref().is_some_and(|issuer| issuer != iss);
    findings.when(foreign, Rule::R05, &["response.iss", "issuer"]);
    findings.when(!foreign && named.is_some_and(|named| named != iss), Rule::R05, &["response.iss", "id_token.iss"]);
}

/// RFC 6749 §4.1.2.1: "Values for the `error_description` parameter MUST NOT include characters outside the set
/// %x20-21 / %x23-5B / %x5D-7E."
fn error(case: &Case<'_>, response: &AuthorizationResponse<'_>, findings: &mut Findings<'_>) {
    let Some(error) = case.observation.error.as_ref().filter(|_| response.delivery != Some(Delivery::Page)) else {
        return;
    };
    let outside = |text: &str| text.bytes().any(|byte| !matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e));
    let markup = |text: &str| text.contains('<') || contains(text.as_bytes(), b"javascript:");
    let odd = |seen: &Seen<Cow<'_, str>>| present(seen).is_some_and(|text| outside(text) || markup(text));
    findings.when(odd(&error.description), Rule::R12, &["error_description"]);
    findings.when(!odd(&error.description) && odd(&error.uri), Rule::R12, &["error_uri"]);
}

/// Seconds by which clocks may differ.
const SKEW: u64 = 60;
