//! The authorization server's other endpoints (C-01 to C-14, A-22, B-01): who may register, ask about and revoke tokens,
//! and what a server publishes of itself. Whether it does what it publishes is what other messages show.

use super::finding::{Findings, Severity};
use super::redirect::{Host, host_kind, is_http, is_private, oddity};
use super::table::Rule;
use super::{Case, authorization, claims, present};
use crate::http::UrlParts;
use crate::oauth::{
    ClientAuthMethod, ClientMetadata, KeySet, LinkRole, ProtocolEvent, PushedRequest, ServerMetadata, TokenQuery,
};
use crate::seen::Seen;

/// RFC 9126 §2.2: the lifetime of a `request_uri` "SHOULD be kept as short as possible"; FAPI 2.0 §5.3.2.2: less than 600 s.
pub(super) fn judge_pushed(case: &Case<'_>, pushed: &PushedRequest<'_>, findings: &mut Findings<'_>) {
    if case.observation.event != ProtocolEvent::ParRequest {
        return;
    }
    authorization::judge_parameters(case, &pushed.request, findings);
    let long = present(&pushed.expires_in).is_some_and(|life| *life >= REQUEST_URI_LIFE);
    findings.when(long, Rule::A22, &["response.expires_in"]);
    let mut pushed = case.observation.links.iter().filter(|link| link.role == LinkRole::Par && case.succeeded());
    let short = pushed.any(|link| link.value.expose().len() < claims::GUESSABLE);
    findings.when(short, Rule::I26, &["response.request_uri=short"]);
}

/// RFC 7591 §5 leaves open registration to the server; §3.2.1: the response with a secret "MUST" not be cached.
pub(super) fn judge_registration(case: &Case<'_>, client: &ClientMetadata<'_>, findings: &mut Findings<'_>) {
    let registered = case.observation.event == ProtocolEvent::ClientRegistered;
    let updated = case.observation.event == ProtocolEvent::ClientUpdated;
    let vouched = client.bearer || case.basic() || client.names.iter().any(|name| name == "software_statement");
    findings.when(registered && !vouched, Rule::C01, &["request.authorization=absent"]);
    if registered || updated {
        let danger = danger(client);
        findings.when(danger.is_some(), Rule::C02, &Vec::from_iter(danger));
    }
    let secret = client.secrets.iter().any(|name| matches!(*name, "client_secret" | "registration_access_token"));
    findings.when(case.succeeded() && secret && !case.no_store(), Rule::C03, &["cache-control"]);
    findings.when(client.private_keys, Rule::C13, &["jwks=private"]);
}

/// What a client must not be registered with (RFC 9700 §2.1, §2.4; RFC 7591 §5).
fn danger(client: &ClientMetadata<'_>) -> Option<&'static str> {
    let list = |name: &str| client.lists.iter().find(|(other, _)| *other == name).and_then(|(_, seen)| present(seen));
    let granted = |grant: &str| list("grant_types").is_some_and(|list| list.iter().any(|one| one == grant));
    let method = client.texts.iter().find(|(name, _)| *name == "token_endpoint_auth_method");
    let public = method.and_then(|(_, seen)| present(seen)).is_some_and(|method| method == "none");
    let grants = [
        (granted("implicit"), "grant_types=implicit"),
        (granted("password"), "grant_types=password"),
        (public && granted("client_credentials"), "token_endpoint_auth_method=none"),
    ];
    let grant = grants.into_iter().find_map(|(found, what)| found.then_some(what));
    grant.or_else(|| client.uris.iter().find(|(name, uris)| has_bad_uri(name, uris)).map(|(name, _)| *name))
}

fn has_bad_uri(name: &str, uris: &Seen<Vec<std::borrow::Cow<'_, str>>>) -> bool {
    let browser = matches!(name, "redirect_uris" | "post_logout_redirect_uris" | "initiate_login_uri");
    let bad = |uri: &str| {
        let parts = UrlParts::read(uri.as_bytes());
        let clear = is_http(&parts) && host_kind(&parts) == Host::Other;
        // The server fetches what the browser does not: it must not be sent inside.
        clear || if browser { oddity(uri, &[]).is_some() } else { is_private(&parts) }
    };
    present(uris).is_some_and(|uris| uris.iter().any(|uri| bad(uri)))
}

/// RFC 7662 §2.1: "the endpoint MUST also require some form of authorization"; RFC 7009 §2.1: a revocation identifies its
/// client; RFC 6750 §5.3: no tokens in page URLs.
pub(super) fn judge_query(case: &Case<'_>, query: &TokenQuery<'_>, findings: &mut Findings<'_>) {
    let introspected = case.observation.event == ProtocolEvent::TokenIntrospected;
    let silent = matches!(case.observation.client.auth_method, None | Some(ClientAuthMethod::None));
    let anonymous = silent && !query.bearer && !case.judged.hop.certificate;
    let told = query.answer.as_ref().is_some_and(|answer| present(&answer.active).is_some());
    findings.when(introspected && anonymous && told, Rule::C05, &["client.auth_method=none"]);
    let revoked = case.observation.event == ProtocolEvent::TokenRevoked && case.succeeded();
    findings.when(revoked && anonymous && case.client_id().is_none(), Rule::C08, &["client.id=absent"]);
    let token = case.in_query(&["token", "access_token"]);
    findings.when(token.is_some(), Rule::B01, &Vec::from_iter(token));
    let own = case.client().map(|client| client.audiences.as_slice()).unwrap_or_default();
    let answer = query.answer.as_ref().filter(|answer| answer.active == Seen::Present(true) && !own.is_empty());
    let audience = answer.and_then(|answer| present(&answer.aud));
    let foreign = audience.is_some_and(|aud| !aud.iter().any(|aud| own.iter().any(|own| own == aud)));
    findings.when(foreign, Rule::C07, &["token.aud", "client.id"]);
}

/// RFC 8414 §3.3: the `issuer` value "MUST be identical" to the one the document was asked of.
pub(super) fn judge_metadata(case: &Case<'_>, metadata: &ServerMetadata<'_>, findings: &mut Findings<'_>) {
    let several = case.observation.provider.is_some_and(|provider| claims::SEVERAL_NAMES.contains(&provider));
    let other = case.asked.zip(present(&metadata.issuer)).is_some_and(|(asked, named)| asked != named);
    findings.when(other && !several, Rule::C09, &["issuer"]);
    let supports = |(name, values): &(&'static str, Seen<Vec<std::borrow::Cow<'_, str>>>)| {
        let weak = |value: &std::borrow::Cow<'_, str>| WEAK.contains(&value.as_ref()) || value.starts_with("HS");
        let told = *name != "request_object_signing_alg_values_supported";
        (told && present(values).is_some_and(|values| values.iter().any(weak))).then_some(*name)
    };
    let weak = metadata.supported.iter().find_map(supports);
    findings.when(weak.is_some() && case.succeeded(), Rule::C11, &Vec::from_iter(weak));
}

/// RFC 7517 §9.2: private keys and symmetric keys "MUST" be protected from disclosure.
pub(super) fn judge_keys(set: &KeySet<'_>, findings: &mut Findings<'_>) {
    findings.when(set.keys.iter().any(|key| key.private), Rule::C13, &["keys=private"]);
    let kid = |at: usize| set.keys.get(at).and_then(|key| present(&key.kid));
    let twice = (0..set.keys.len()).any(|at| kid(at).is_some() && (0..at).any(|earlier| kid(earlier) == kid(at)));
    findings.when(twice, Rule::C14, &["keys.kid=duplicate"]);
    let small = set.keys.iter().any(|key| key.bits.is_some_and(|bits| bits < RSA_BITS));
    findings.graded(small, Rule::I02, Severity::Medium, &["keys.bits"]);
}

/// Seconds (FAPI 2.0 §5.3.2.2).
const REQUEST_URI_LIFE: u64 = 600;

/// RFC 7518 §3.3: "A key of size 2048 bits or larger MUST be used".
const RSA_BITS: u64 = 2_048;

/// What RFC 9700 §2 advises against, among values of `*_supported`.
const WEAK: [&str; 4] = ["none", "plain", "implicit", "password"];
