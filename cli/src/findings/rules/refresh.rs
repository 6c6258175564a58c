//! Refresh tokens: used after they were replaced, for more than was granted, for somebody else, by another client.

use std::rc::Rc;

use crate::findings::context::{Context, beyond};
use crate::findings::rule::{Rule, Severity};
use crate::findings::sight::{Comparison, Outcome, Sight};

pub(super) const RULES: &[&Rule] = &[&REUSED, &WIDENED, &EXCEEDS, &CHANGED, &OTHER_CLIENT];

static REUSED: Rule = Rule {
    id: "T-12",
    name: "Refresh token reuse after rotation",
    severity: Severity::High,
    condition: "a refresh token was presented longer than the window after another one had replaced it; critical when it still worked",
    window: Some(60),
    threshold: None,
    reference: "RFC 9700 §2.2.2, §4.14.2",
    evidence: &["again", "after_seconds"],
    caution: "Parallel tabs and servers with a grace time: within the window nothing is said. Microsoft Entra keeps old refresh tokens valid and is left out.",
};

static WIDENED: Rule = Rule {
    id: "T-14",
    name: "Scope escalation on refresh",
    severity: Severity::High,
    condition: "a refresh gave scopes that the first grant of its chain had not; an attempt when they were asked for and refused",
    window: None,
    threshold: None,
    reference: "RFC 6749 §6",
    evidence: &["scopes"],
    caution: "Incremental consent: Google and Microsoft Entra are left out.",
};

static EXCEEDS: Rule = Rule {
    id: "T-15",
    name: "Granted scope exceeds request",
    severity: Severity::Medium,
    condition: "the token response names scopes that the authorization request of its flow did not, beside those of OpenID Connect",
    window: None,
    threshold: None,
    reference: "RFC 6749 §3.3, §5.1",
    evidence: &["scopes"],
    caution: "Scopes that a client has by default, and providers that answer with other names for what was asked.",
};

static CHANGED: Rule = Rule {
    id: "T-16",
    name: "Identity changed on refresh",
    severity: Severity::Critical,
    condition: "the ID token of a refresh differs from that of the first grant in `iss`, `sub`, `aud`, `azp` or `auth_time`",
    window: None,
    threshold: None,
    reference: "OpenID Connect Core 1.0 §12.2",
    evidence: &["claim"],
    caution: "None known.",
};

static OTHER_CLIENT: Rule = Rule {
    id: "T-17",
    name: "Refresh by another client",
    severity: Severity::Critical,
    condition: "a refresh token was presented by a client that it was not given to; high when it was refused",
    window: None,
    threshold: None,
    reference: "RFC 6749 §6, §10.4",
    evidence: &[],
    caution: "Families of first-party clients: Microsoft Entra is left out.",
};

pub(super) fn judge(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    if now.is("token.issued") && now.succeeded() {
        exceeds(context);
    }
    if now.value("rt_in").is_some() && now.is_token_request() && now.outcome != Outcome::Pending {
        reused(context);
        let roots = roots(context);
        widened(context, &roots);
        changed(context, &roots);
        other_client(context);
    }
    keep_root(context);
}

fn reused(context: &mut Context<'_>) {
    let (now, grace) = (Rc::clone(context.now), context.settings.window(&REUSED));
    let Some(key) = now.value("rt_in").filter(|_| !now.is_of(ENTRA)) else { return };
    let replaced = |sight: &Rc<Sight>| is_rotation(sight) && sight.compare("rt_in", &now, "rt_in") == Comparison::Same;
    let Some(first) = context.earlier("rt_in").into_iter().find(replaced) else { return };
    let after = now.at.saturating_sub(first.ended);
    if after > grace {
        let again = if now.succeeded() { "success" } else { "refused_or_unknown" };
        let finding =
            context.raise(&REUSED, key, &[&first]).word("again", again).number("after_seconds", after / 1_000);
        if now.succeeded() {
            finding.severity(Severity::Critical);
        }
    }
}

fn is_rotation(sight: &Sight) -> bool {
    let replaced = || sight.compare("rt_out", sight, "rt_in") == Comparison::Different;
    sight.is("token.refreshed") && sight.succeeded() && sight.flag("response", "rotated").unwrap_or_else(replaced)
}

/// The first grant of each chain that this refresh may belong to: one, where a refresh token is one.
fn roots(context: &mut Context<'_>) -> Vec<Rc<Sight>> {
    let now = Rc::clone(context.now);
    let mut roots = Vec::new();
    for value in now.values("rt_in") {
        roots.extend(context.memory.trace("root", value));
    }
    roots
}

/// Hands the first grant on along the chain.
fn keep_root(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    if !now.gave_tokens() || now.value("rt_out").is_none() {
        return;
    }
    let root = roots(context).into_iter().next().unwrap_or_else(|| Rc::clone(&now));
    for value in now.values("rt_out") {
        if context.memory.trace("root", value).is_empty() {
            context.memory.keep("root", value, &root);
        }
    }
}

fn widened(context: &mut Context<'_>, roots: &[Rc<Sight>]) {
    let now = Rc::clone(context.now);
    let (Some(key), Some(root)) = (now.value("rt_in"), roots.first()) else { return };
    let granted = root.list("response", "scope");
    if granted.is_empty() || now.is_of(ENTRA) || now.is_of("google") {
        return;
    }
    let given = if now.succeeded() { now.list("response", "scope") } else { now.list("request", "scope") };
    let more = beyond(given, granted);
    if more > 0 && !(now.failed() && now.error() != Some("invalid_scope")) {
        context.raise(&WIDENED, key, &[root]).number("scopes", more).attempted(!now.succeeded());
    }
}

fn changed(context: &mut Context<'_>, roots: &[Rc<Sight>]) {
    let now = Rc::clone(context.now);
    let (Some(key), Some(root)) = (now.value("rt_in"), roots.first()) else { return };
    if !now.succeeded() {
        return;
    }
    if let Some(claim) = changed_claim(root, &now) {
        context.raise(&CHANGED, key, &[root]).word("claim", claim);
    }
}

/// The first claim of two ID tokens that should be equal and is not.
fn changed_claim(root: &Sight, now: &Sight) -> Option<&'static str> {
    let numbers = (root.number("id_token", "auth_time"), now.number("id_token", "auth_time"));
    let (before, after) = (root.list("id_token", "aud"), now.list("id_token", "aud"));
    let sorted = |list: &[Rc<str>]| {
        let mut list = list.to_vec();
        list.sort();
        list
    };
    if root.texts_differ("id_token", "iss", now) {
        return Some("iss");
    }
    if root.differs("sub", now) || root.texts_differ("subject", "sub", now) {
        return Some("sub");
    }
    if !before.is_empty() && !after.is_empty() && sorted(before) != sorted(after) {
        return Some("aud");
    }
    if root.texts_differ("id_token", "azp", now) {
        return Some("azp");
    }
    matches!(numbers, (Some(one), Some(two)) if one != two).then_some("auth_time")
}

fn other_client(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let Some(key) = now.value("rt_in").filter(|_| !now.is_of(ENTRA)) else { return };
    let gave = |sight: &Rc<Sight>| sight.gave_tokens() && sight.compare("rt_out", &now, "rt_in") == Comparison::Same;
    let Some(giver) = context.earlier("rt_in").into_iter().find(gave) else { return };
    if giver.texts_differ("client", "id", &now) {
        let severity = if now.succeeded() { Severity::Critical } else { Severity::High };
        context.raise(&OTHER_CLIENT, key, &[&giver]).severity(severity);
    }
}

fn exceeds(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let granted = now.list("response", "scope");
    let given = now.text("response", "scope_source").is_none_or(|source| source == "response");
    let Some(key) = now.value("code").or(now.value("pkce")).filter(|_| given && !now.is_of("google")) else { return };
    let requests: Vec<_> =
        context.requests().into_iter().filter(|request| !request.list("request", "scope").is_empty()).collect();
    let Some(request) = requests.first() else { return };
    let standard = |scope: &&Rc<str>| !OPENID.contains(&&***scope);
    let granted: Vec<_> = granted.iter().filter(standard).cloned().collect();
    let more = requests.iter().map(|request| beyond(&granted, request.list("request", "scope"))).min().unwrap_or(0);
    if more > 0 {
        context.raise(&EXCEEDS, key, &[request]).number("scopes", more);
    }
}

const ENTRA: &str = "entra";
/// OpenID Connect Core 1.0 §5.4, §11: many providers give them unasked.
const OPENID: &[&str] = &["address", "email", "offline_access", "openid", "phone", "profile"];
