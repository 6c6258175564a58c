//! What holds of every message: whether it travelled in clear, what else went along, and how much of it was read
//! (A-28, A-29, T-19, V-01 to V-05).

use super::finding::{Findings, Severity};
use super::redirect::{contains, is_public};
use super::settings::Plaintext;
use super::table::Rule;
use super::{Case, in_query};
use crate::body::Completeness;
use crate::http::UrlParts;
use crate::oauth::{Message, Reason, Side};

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings<'_>) {
    let rule = match (case.observation.side, &case.observation.message) {
        (Side::ResourceServer, Message::Bearer(_)) => Some(Rule::B03),
        (Side::RelyingParty, Message::AuthorizationResponse(_)) => Some(Rule::R09),
        (Side::RelyingParty | Side::ResourceServer, _) => None,
        (_, Message::Token(_)) => Some(Rule::T19),
        (_, Message::KeySet(_) | Message::Metadata(_)) => Some(Rule::C12),
        _ => Some(Rule::A28),
    };
    if let Some(rule) = rule.filter(|rule| findings.wants(*rule)) {
        findings.when(is_in_clear(case), rule, &["exchange.scheme=http"]);
    }
    certificate(case, findings);
    referer(case, findings);
    bodies(case, findings);
    path(case, findings);
}

/// RFC 6749 §3.2: the server "MUST require the use of TLS" at the token endpoint; §3.1: at the authorization endpoint.
///
/// Of a sidecar's own workload nothing is said: TLS begins after the proxy. What the next hop does is not checked.
fn is_in_clear(case: &Case<'_>) -> bool {
    let hop = &case.judged.hop;
    let http = case.judged.request.scheme().is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"http"));
    let told = case.fields().first("x-forwarded-proto").is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"https"));
    let meant = match case.settings.plaintext {
        Plaintext::Always => true,
        Plaintext::Auto => hop.peer.is_some_and(is_public) && !told,
        Plaintext::Never => false,
    };
    http && meant && !hop.tls && !hop.outbound
}

/// RFC 9700 §4.13: what a proxy says of the client's certificate must be removed from requests that bring it themselves. It
/// is brought where the connection is from far away and showed no certificate.
fn certificate(case: &Case<'_>, findings: &mut Findings<'_>) {
    let hop = &case.judged.hop;
    let far = !hop.outbound && !hop.certificate && hop.peer.is_some_and(is_public);
    let brought = CERTIFICATES.into_iter().find(|name| far && case.fields().first(name).is_some());
    findings.when(brought.is_some(), Rule::B16, &Vec::from_iter(brought));
}

/// RFC 9700 §4.2: credentials leak by the `Referer` field to whatever the page links to.
fn referer(case: &Case<'_>, findings: &mut Findings<'_>) {
    let Some(referer) = case.fields().first("referer") else { return };
    let parts = UrlParts::read(referer);
    let Some(name) = parts.query.and_then(|query| in_query(query, &CREDENTIALS)) else { return };
    let own = parts.host() == case.judged.request.authority();
    findings.graded(true, Rule::A29, if own { Severity::Low } else { Severity::High }, &["referer", name]);
}

fn bodies(case: &Case<'_>, findings: &mut Findings<'_>) {
    let integrity = &case.observation.integrity;
    let sides = [(integrity.request_body, "request_body"), (integrity.response_body, "response_body")];
    let which = |wanted| sides.iter().find(|(seen, _)| *seen == wanted).map(|(_, name)| *name);
    let cut = which(Completeness::Truncated);
    findings.when(cut.is_some(), Rule::V01, &Vec::from_iter(cut));
    let packed = which(Completeness::Undecoded);
    findings.when(packed.is_some(), Rule::V02, &Vec::from_iter(packed));
    let odd = which(Completeness::Unparseable);
    let matters = case.succeeded() || case.observation.reason == Some(Reason::BodyUnparseable);
    findings.when(odd.is_some() && matters, Rule::V03, &Vec::from_iter(odd));
}

/// Two parties that read a path differently are how an access rule is walked around. Only what is a message of the protocol
/// after all is looked at here.
fn path(case: &Case<'_>, findings: &mut Findings<'_>) {
    let path = case.judged.request.path().unwrap_or_default();
    let path = path.split(|byte| matches!(byte, b'?' | b'#')).next().unwrap_or_default();
    let escapes = path.split(|byte| *byte == b'%').skip(1).filter_map(|after| after.get(..2));
    let mut octets = escapes.filter_map(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
    let ambiguous = octets.any(|octet| octet.is_ascii_alphanumeric() || b"-._~/\\%".contains(&octet));
    findings.when(ambiguous || contains(path, b"/../"), Rule::V05, &["exchange.path_template"]);
}

const CREDENTIALS: [&str; 5] = ["code", "access_token", "id_token", "refresh_token", "id_token_hint"];

/// Envoy's; RFC 9440 §2.
const CERTIFICATES: [&str; 3] = ["client-cert", "client-cert-chain", "x-forwarded-client-cert"];
