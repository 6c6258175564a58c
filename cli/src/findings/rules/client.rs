//! Proofs that may be used once: client assertions and DPoP proofs.

use std::rc::Rc;

use crate::findings::context::Context;
use crate::findings::rule::{Rule, Severity};
use crate::findings::sight::{Outcome, Sight};

pub(super) const RULES: &[&Rule] = &[&ASSERTION_REPLAYED, &PROOF_REPLAYED];

static ASSERTION_REPLAYED: Rule = Rule {
    id: "T-21",
    name: "Client assertion replay",
    severity: Severity::High,
    condition: "the `jti` of a client assertion was sent in two requests",
    window: Some(60),
    threshold: None,
    reference: "RFC 7523 §3 (7)",
    evidence: &["again"],
    caution: "Not counted: a retry after `use_dpop_nonce`, and one of the same client within the window after an answer that nobody saw. Some libraries cache an assertion for its whole life.",
};

static PROOF_REPLAYED: Rule = Rule {
    id: "T-35",
    name: "DPoP proof replay",
    severity: Severity::High,
    condition: "the `jti` of a DPoP proof was accepted in two requests",
    window: None,
    threshold: None,
    reference: "RFC 9449 §11.1",
    evidence: &[],
    caution: "What a proxy sent again is not counted.",
};

pub(super) fn judge(context: &mut Context<'_>) {
    assertion(context);
    proof(context);
}

fn assertion(context: &mut Context<'_>) {
    let (now, grace) = (Rc::clone(context.now), context.settings.window(&ASSERTION_REPLAYED));
    let Some(key) = now.value("cajti").filter(|_| !asks_for_nonce(&now)) else { return };
    let used = |first: &Rc<Sight>| {
        let retry = first.outcome == Outcome::Unknown && now.at.saturating_sub(first.ended) <= grace;
        first.value("cajti").is_some() && !asks_for_nonce(first) && !retry
    };
    if let Some(first) = context.earlier("cajti").into_iter().find(used) {
        let again = if now.succeeded() { "success" } else { "refused_or_unknown" };
        context.raise(&ASSERTION_REPLAYED, key, &[&first]).word("again", again);
    }
}

fn proof(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let Some(key) = now.value("dpjti").filter(|_| now.succeeded()) else { return };
    if let Some(first) = context.earlier("dpjti").into_iter().find(|first| first.succeeded()) {
        context.raise(&PROOF_REPLAYED, key, &[&first]);
    }
}

fn asks_for_nonce(sight: &Sight) -> bool {
    sight.outcome == Outcome::Pending || sight.error() == Some("use_dpop_nonce")
}
