//! What says how far the records themselves can be relied on.

use std::rc::Rc;

use crate::findings::context::Context;
use crate::findings::rule::{Rule, Severity};
use crate::findings::sight::{HOP_MS, Sight};

pub(super) const RULES: &[&Rule] = &[&PROXY_RETRY, &NO_ORIGIN, &DROPPED, &KEYS_STALE];

static PROXY_RETRY: Rule = Rule {
    id: "V-06",
    name: "Proxy retry on the token endpoint",
    severity: Severity::Medium,
    condition: "one proxy saw a token request twice within five seconds under one request id: a proxy before it sends it again",
    window: None,
    threshold: None,
    reference: "RFC 6749 §4.1.2",
    evidence: &[],
    caution: "None known. A code that is sent twice looks like a replay to the authorization server: take the token endpoint out of the retry policy.",
};

static NO_ORIGIN: Rule = Rule {
    id: "V-07",
    name: "Token without observed origin",
    severity: Severity::Medium,
    condition: "an access token was accepted that was issued after the records begin and that no record shows being issued, though records of its issuer giving tokens are there",
    window: Some(86_400),
    threshold: None,
    reference: "RFC 9068 §4",
    evidence: &["issued"],
    caution: "A way to the issuer that no proxy records: this is about coverage first. Of tokens that do not say when they were issued, silent until records go back as far as the window.",
};

static DROPPED: Rule = Rule {
    id: "V-08",
    name: "Records dropped",
    severity: Severity::High,
    condition: "a proxy declares that it refused events or gave records up",
    window: None,
    threshold: None,
    reference: "NIST SP 800-53 AU-5",
    evidence: &[],
    caution: "None: something is missing. The record says what, how many, and when.",
};

static KEYS_STALE: Rule = Rule {
    id: "V-09",
    name: "Signing keys stale",
    severity: Severity::Low,
    condition: "a signing key of an issuer is unknown to a proxy for longer than the window",
    window: Some(600),
    threshold: None,
    reference: "OpenID Connect Core 1.0 §10.1.1",
    evidence: &["unknown_seconds"],
    caution: "Keys are fetched only where `issuers[].cluster` says how.",
};

pub(super) fn judge(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    retried(context);
    if now.gave_tokens()
        && let Some(issuer) = now.issuer()
    {
        context.memory.keep("gives tokens", issuer, &now);
    }
    match now.event {
        "audit.drop" => {
            let stream = format!("{:032x}", now.id.stream);
            context.raise(&DROPPED, &stream, &[]);
        }
        "bearer.used" if now.succeeded() => no_origin(context),
        _ => stale(context),
    }
}

pub(super) fn twin(context: &mut Context<'_>) {
    retried(context);
}

fn retried(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let Some(id) = now.request_id().filter(|_| now.is_token_request()) else { return };
    let known = context.memory.trace("token request id", id);
    context.memory.keep("token request id", id, &now);
    let again = |sight: &Rc<Sight>| {
        let one_exchange = sight.exchange().is_some() && sight.exchange() == now.exchange();
        // A listener that passes a request on to another one of the same proxy sees it twice, and both are under way at once.
        let nested = now.at < sight.ended || sight.at < now.ended && now.at < sight.at;
        sight.vantage() == now.vantage() && !one_exchange && !nested && now.at.abs_diff(sight.at) <= HOP_MS
    };
    if let Some(first) = known.into_iter().find(again) {
        context.raise(&PROXY_RETRY, id, &[&first]);
    }
}

fn no_origin(context: &mut Context<'_>) {
    let (now, window) = (Rc::clone(context.now), context.settings.window(&NO_ORIGIN));
    let Some(role) = ["at", "tok"].into_iter().find(|role| now.value(role).is_some()) else { return };
    let (Some(key), Some(issuer)) = (now.value(role), now.issuer()) else { return };
    let givers = context.memory.trace("gives tokens", issuer);
    // Only where tokens of this key can be compared with it.
    let comparable =
        givers.iter().any(|giver| giver.compare("at", &now, role) == crate::findings::sight::Comparison::Different);
    let (since, issued) = match now.number("token", "iat").map(|seconds| seconds.saturating_mul(1_000)) {
        Some(issued) => (issued, "said"),
        None => (now.at.saturating_sub(window), "not_said"),
    };
    let watched = context.watched_since.saturating_add(SETTLE_MS) < since && context.memory.is_whole_since(since);
    let mut shown = context.shown(role, &now);
    shown.extend(context.shown("jti", &now));
    if comparable && watched && !shown.iter().any(|sight| sight.gave_tokens() || sight.is("authorization.response")) {
        context.raise(&NO_ORIGIN, key, &[]).word("issued", issued);
    }
}

fn stale(context: &mut Context<'_>) {
    let (now, window) = (Rc::clone(context.now), context.settings.window(&KEYS_STALE));
    let (Some(issuer), Some(kid)) = (now.issuer(), now.text("id_token", "kid")) else { return };
    let stream = format!("{:032x} {issuer} {kid}", now.id.stream);
    if now.text("id_token", "signature_reason") != Some("key_unknown") {
        return;
    }
    let known = context.memory.trace("key unknown", &stream);
    context.memory.keep("key unknown", &stream, &now);
    if let Some(first) = known.first() {
        let lasted = now.at.saturating_sub(first.at);
        if lasted > window {
            context.raise(&KEYS_STALE, &format!("{issuer} {kid}"), &[first]).number("unknown_seconds", lasted / 1_000);
        }
    }
}

/// Records of the first minute may be of requests that began before.
const SETTLE_MS: u64 = 60_000;
