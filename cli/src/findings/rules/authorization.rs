//! Authorization requests that share what should be their own, and pushed requests that are used again.

use std::rc::Rc;

use crate::findings::context::{Context, is_request, many};
use crate::findings::rule::{Rule, Severity};
use crate::findings::sight::Sight;

pub(super) const RULES: &[&Rule] = &[&CONSTANT, &STATE_REUSED, &PAR_REUSED, &PAR_SWAPPED];

static CONSTANT: Rule = Rule {
    id: "A-06",
    name: "Constant challenge or nonce",
    severity: Severity::High,
    condition: "one PKCE challenge or nonce beside two authorization codes, or in three authorization requests more than the window apart",
    window: Some(600),
    threshold: None,
    reference: "RFC 9700 §2.1.1",
    evidence: &["value", "codes", "requests"],
    caution: "A browser that goes back or reloads sends one request again: that alone is not counted.",
};

static STATE_REUSED: Rule = Rule {
    id: "A-08",
    name: "Reused state",
    severity: Severity::Medium,
    condition: "one `state` in authorization requests with different PKCE challenges or nonces, or beside two codes more than ten minutes apart",
    window: None,
    threshold: None,
    reference: "RFC 9700 §4.7, RFC 6749 §10.10",
    evidence: &["pkce"],
    caution: "With PKCE it is low: that protects against forged responses. Clients that put their return path alone into `state` do this always.",
};

static PAR_REUSED: Rule = Rule {
    id: "A-20",
    name: "Pushed request used again or late",
    severity: Severity::Medium,
    condition: "one pushed `request_uri` gave two authorization responses, or was accepted after its `expires_in`",
    window: None,
    threshold: None,
    reference: "RFC 9126 §4, §7.3",
    evidence: &["why", "late_seconds"],
    caution: "Loading the login page again is normal and not counted: responses are.",
};

static PAR_SWAPPED: Rule = Rule {
    id: "A-21",
    name: "Pushed request of another client",
    severity: Severity::High,
    condition: "the `client_id` of the authorization request is not the client that pushed its `request_uri`",
    window: None,
    threshold: None,
    reference: "RFC 9126 §7.5",
    evidence: &[],
    caution: "None known. Refused ones are attempts.",
};

pub(super) fn judge(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    if now.is("authorization.request") && is_request(&now) {
        constant_requests(context);
        reused_state(context);
        swapped(context);
        late(context);
    }
    if now.is("authorization.response") {
        state_beside_codes(context);
        par_responses(context);
    }
    if now.gave_tokens() && now.value("code").is_some() {
        constant_beside_codes(context);
    }
}

fn constant_requests(context: &mut Context<'_>) {
    let (now, gap) = (Rc::clone(context.now), context.settings.window(&CONSTANT));
    for role in ["pkce", "nonce"] {
        let Some(key) = now.value(role) else { continue };
        let earlier = context.earlier(role);
        let requests: Vec<_> =
            earlier.iter().filter(|sight| sight.is("authorization.request") && is_request(sight)).collect();
        let mut spaced: Vec<&Rc<Sight>> = Vec::new();
        for sight in requests {
            if spaced.last().is_none_or(|last| sight.at.saturating_sub(last.at) > gap) {
                spaced.push(sight);
            }
        }
        spaced.retain(|sight| now.at.saturating_sub(sight.at) > gap);
        if spaced.len() >= 2 {
            let proof: Vec<&Sight> = spaced.iter().map(|sight| &***sight).collect();
            context
                .raise(&CONSTANT, key, &proof)
                .word("value", role_word(role))
                .number("requests", many(proof.len() + 1));
        }
    }
}

fn constant_beside_codes(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    for role in ["pkce", "nonce"] {
        let Some(key) = now.value(role) else { continue };
        let earlier = context.earlier(role);
        if let Some(other) = earlier.iter().find(|sight| sight.gave_tokens() && sight.differs("code", &now)) {
            context.raise(&CONSTANT, key, &[other]).word("value", role_word(role)).number("codes", 2);
        }
    }
}

fn reused_state(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let Some(key) = now.value("state") else { return };
    let another = |sight: &Rc<Sight>| {
        sight.is("authorization.request") && (sight.differs("pkce", &now) || sight.differs("nonce", &now))
    };
    if let Some(other) = context.earlier("state").into_iter().find(another) {
        raise_state(context, key, &other, now.value("pkce").is_some());
    }
}

fn state_beside_codes(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let Some(key) = now.value("state") else { return };
    let earlier = context.earlier("state");
    let with_pkce = earlier.iter().any(|sight| is_request(sight) && sight.value("pkce").is_some());
    let another = |sight: &&Rc<Sight>| {
        sight.is("authorization.response") && sight.differs("code", &now) && now.at.abs_diff(sight.at) > RELOAD_MS
    };
    if let Some(other) = earlier.iter().find(another) {
        raise_state(context, key, other, with_pkce);
    }
}

fn raise_state(context: &mut Context<'_>, key: &str, other: &Rc<Sight>, with_pkce: bool) {
    let finding =
        context.raise(&STATE_REUSED, key, &[other]).word("pkce", if with_pkce { "present" } else { "absent" });
    if with_pkce {
        finding.severity(Severity::Low);
    }
}

fn swapped(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let Some(key) = now.value("par") else { return };
    let pushed = context.earlier("par").into_iter().find(|sight| sight.is("par.request"));
    if let Some(pushed) = pushed
        && pushed.texts_differ("client", "id", &now)
    {
        context.raise(&PAR_SWAPPED, key, &[&pushed]).attempted(now.failed());
    }
}

fn late(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let Some(key) = now.value("par") else { return };
    let Some(pushed) = context.earlier("par").into_iter().find(|sight| sight.is("par.request")) else { return };
    let Some(lifetime) = pushed.number("response", "expires_in") else { return };
    let over = now.at.saturating_sub(pushed.ended.saturating_add(lifetime.saturating_mul(1_000)));
    if now.succeeded() && over > SKEW_MS {
        context.raise(&PAR_REUSED, key, &[&pushed]).word("why", "late").number("late_seconds", over / 1_000);
    }
}

/// Responses to requests of one pushed request, counted by their codes.
fn par_responses(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    if now.value("code").is_none() {
        return;
    }
    let mut requests = context.requests();
    if let Some(exchange) = now.exchange() {
        requests.extend(context.memory.trace("exchange", exchange).into_iter().filter(|sight| is_request(sight)));
    }
    let Some(par) = requests.iter().find_map(|request| request.value("par").cloned()) else { return };
    let known = context.memory.trace("par responses", &par);
    context.memory.keep("par responses", &par, &now);
    if let Some(other) = known.iter().find(|sight| sight.differs("code", &now)) {
        context.raise(&PAR_REUSED, &par, &[other]).word("why", "two_responses");
    }
}

fn role_word(role: &str) -> &'static str {
    if role == "pkce" { "code_challenge" } else { "nonce" }
}

/// Somebody who goes back and logs in again sends the same request.
const RELOAD_MS: u64 = 600_000;
/// Clocks of two proxies.
const SKEW_MS: u64 = 5_000;
