//! Authorization codes: presented twice, by another client, late, or without the proof that belongs to them.

use std::rc::Rc;

use crate::findings::context::{Context, is_request};
use crate::findings::rule::{Rule, Severity};
use crate::findings::sight::{Outcome, Sight};

pub(super) const RULES: &[&Rule] = &[&REPLAYED, &OTHER_CLIENT, &OLD, &DOWNGRADED, &MISMATCHED, &OTHER_REDIRECT];

static REPLAYED: Rule = Rule {
    id: "T-06",
    name: "Authorization code replay",
    severity: Severity::High,
    condition: "a code was presented again after it had been redeemed, or after it had been refused to another client or a minute before; critical when it gave tokens again",
    window: Some(60),
    threshold: None,
    reference: "RFC 6749 §4.1.2, RFC 9700 §4.5",
    evidence: &["first", "again"],
    caution: "Not counted: what two proxies saw, what a proxy sent again, a retry with a DPoP nonce, a call that is sent twice because the first was refused, and a retry of the same client within the window after an answer that nobody saw.",
};

static OTHER_CLIENT: Rule = Rule {
    id: "T-07",
    name: "Code redeemed by another client",
    severity: Severity::Critical,
    condition: "the client at the token endpoint is not the client of the authorization request with the same PKCE value or code; high when it was refused",
    window: None,
    threshold: None,
    reference: "RFC 6749 §4.1.3, §10.5",
    evidence: &[],
    caution: "None known: both ids must have been read.",
};

static OLD: Rule = Rule {
    id: "T-08",
    name: "Old code accepted",
    severity: Severity::Medium,
    condition: "a code gave tokens longer than the window after its authorization response",
    window: Some(600),
    threshold: None,
    reference: "RFC 6749 §4.1.2",
    evidence: &["age_seconds"],
    caution: "Clocks of two proxies that disagree by minutes. FAPI 2.0 allows 60 seconds: set the window.",
};

static DOWNGRADED: Rule = Rule {
    id: "T-09",
    name: "PKCE downgrade accepted",
    severity: Severity::Critical,
    condition: "tokens were given for a `code_verifier` though the request had no challenge, or without one though it had",
    window: None,
    threshold: None,
    reference: "RFC 9700 §2.1.1, §4.8.2",
    evidence: &["why"],
    caution: "None known: both messages must have been read whole.",
};

static MISMATCHED: Rule = Rule {
    id: "T-10",
    name: "Wrong code verifier",
    severity: Severity::Critical,
    condition: "the `code_verifier` does not belong to the challenge of the request that gave the code; medium when it was refused",
    window: None,
    threshold: None,
    reference: "RFC 7636 §4.6",
    evidence: &[],
    caution: "None known: challenge and verifier are tied by the code alone.",
};

static OTHER_REDIRECT: Rule = Rule {
    id: "T-11",
    name: "Other redirect URI at the token endpoint",
    severity: Severity::High,
    condition: "the `redirect_uri` of the token request is not that of the authorization request; medium when it was refused",
    window: None,
    threshold: None,
    reference: "RFC 6749 §4.1.3",
    evidence: &[],
    caution: "OAuth 2.1 drops the parameter: its absence is not compared.",
};

pub(super) fn judge(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    if !now.is_token_request() || now.value("code").is_none() {
        return;
    }
    replayed(context);
    if now.outcome == Outcome::Success || now.outcome == Outcome::Failure {
        other_client(context);
        mismatched(context);
        other_redirect(context);
    }
    if now.succeeded() {
        old(context);
        downgraded(context);
    }
}

fn replayed(context: &mut Context<'_>) {
    let (now, grace) = (Rc::clone(context.now), context.settings.window(&REPLAYED));
    let Some(key) = now.value("code") else { return };
    if is_honest_step(&now) {
        return;
    }
    let attempts: Vec<_> = context
        .earlier("code")
        .into_iter()
        .filter(|sight| sight.is_token_request() && !is_honest_step(sight))
        .collect();
    let first = attempts.iter().find(|first| proves_replay(first, &now, grace));
    if let Some(first) = first {
        let again = outcome_word(now.outcome);
        let finding =
            context.raise(&REPLAYED, key, &[first]).word("first", outcome_word(first.outcome)).word("again", again);
        if now.succeeded() && first.succeeded() {
            finding.severity(Severity::Critical);
        }
    }
}

/// Whether `now` presents what `first` had used up. A retry is no replay: of the client that got no answer, or a refusal.
fn proves_replay(first: &Sight, now: &Sight, grace: u64) -> bool {
    let soon = now.at.saturating_sub(first.ended) <= grace;
    let other_client = first.texts_differ("client", "id", now);
    match first.outcome {
        Outcome::Success => true,
        Outcome::Failure => other_client || !soon && !now.succeeded(),
        Outcome::Pending | Outcome::Unknown => other_client || !soon,
    }
}

/// A nonce to try again with; a poll.
fn is_honest_step(sight: &Sight) -> bool {
    sight.is("token.pending") || sight.error() == Some("use_dpop_nonce") || sight.reason() == Some("retry_nonce")
}

fn other_client(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let Some(key) = now.value("code") else { return };
    let requests: Vec<_> = context.requests().into_iter().filter(|request| request.client().is_some()).collect();
    let Some(request) = requests.first() else { return };
    if requests.iter().all(|request| request.texts_differ("client", "id", &now)) {
        let severity = if now.succeeded() { Severity::Critical } else { Severity::High };
        context.raise(&OTHER_CLIENT, key, &[request]).severity(severity);
    }
}

fn old(context: &mut Context<'_>) {
    let (now, window) = (Rc::clone(context.now), context.settings.window(&OLD));
    let Some(key) = now.value("code") else { return };
    let response = context.earlier("code").into_iter().find(|sight| sight.is("authorization.response"));
    if let Some(response) = response {
        let age = now.at.saturating_sub(response.ended);
        if age > window {
            context.raise(&OLD, key, &[&response]).number("age_seconds", age / 1_000);
        }
    }
}

fn downgraded(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let Some(key) = now.value("code").filter(|_| !now.is_hidden()) else { return };
    let requests = context.requests_by_code();
    let visible = plain(&requests);
    let [request] = visible.as_slice() else { return };
    let verifier = now.value("pkce").is_some() || now.flag("request", "code_verifier") == Some(true);
    let challenge = request.value("pkce").is_some() || request.has("request", "code_challenge_length");
    let why = match (challenge, verifier) {
        (true, false) => "no_verifier",
        (false, true) => "no_challenge",
        _ => return,
    };
    context.raise(&DOWNGRADED, key, &[request]).word("why", why);
}

/// Requests with all their parameters in view; those that came by other proxies of the same request count once.
fn plain(requests: &[Rc<Sight>]) -> Vec<Rc<Sight>> {
    let visible = |sight: &&Rc<Sight>| {
        let form = sight.text("request", "form").unwrap_or("plain");
        !sight.is_hidden()
            && (form == "plain" || sight.is("par.request"))
            && sight.value("par").is_none_or(|_| sight.is("par.request"))
    };
    let mut found: Vec<Rc<Sight>> = requests.iter().filter(visible).cloned().collect();
    if found.len() == requests.len() {
        let same = |one: &Sight, two: &Sight| {
            one.value("pkce").is_some() == two.value("pkce").is_some()
                && one.has("request", "code_challenge_length") == two.has("request", "code_challenge_length")
        };
        found.dedup_by(|one, two| same(one, two));
        return found;
    }
    found.retain(|sight| sight.is("par.request"));
    found
}

fn mismatched(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let Some(key) = now.value("code") else { return };
    let requests: Vec<_> =
        context.requests_by_code().into_iter().filter(|request| request.value("pkce").is_some()).collect();
    let Some(request) = requests.first() else { return };
    if requests.iter().all(|request| request.differs("pkce", &now)) {
        let severity = if now.succeeded() { Severity::Critical } else { Severity::Medium };
        context.raise(&MISMATCHED, key, &[request]).severity(severity);
    }
}

fn other_redirect(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let Some(key) = now.value("code") else { return };
    let says = |request: &Rc<Sight>| is_request(request) && request.text("request", "redirect_uri").is_some();
    let requests: Vec<_> = context.requests().into_iter().filter(says).collect();
    let Some(request) = requests.first() else { return };
    if requests.iter().all(|request| request.texts_differ("request", "redirect_uri", &now)) {
        context.raise(&OTHER_REDIRECT, key, &[request]).attempted(!now.succeeded());
    }
}

fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "success",
        Outcome::Failure => "failure",
        Outcome::Pending => "pending",
        Outcome::Unknown => "unknown",
    }
}
