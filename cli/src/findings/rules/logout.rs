//! Logouts: replayed, survived by tokens, or not told to everybody; and sessions that do not change at login.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::findings::context::{Context, many};
use crate::findings::rule::{Rule, Severity};
use crate::findings::sight::{Outcome, Sight};

pub(super) const RULES: &[&Rule] = &[&REPLAYED, &USED_AFTER, &PARTIAL, &FIXATED];

static REPLAYED: Rule = Rule {
    id: "S-05",
    name: "Logout token replay",
    severity: Severity::Medium,
    condition: "the `jti` of a logout token came in another request than the first",
    window: Some(60),
    threshold: None,
    reference: "OpenID Connect Back-Channel Logout 1.0 §2.6, §4",
    evidence: &[],
    caution: "A provider that sends again because the first was not answered: within the window after a failure nothing is said.",
};

static USED_AFTER: Rule = Rule {
    id: "S-10",
    name: "Tokens used after logout",
    severity: Severity::Medium,
    condition: "a token of a session was used or refreshed after the logout of that session was complete",
    window: None,
    threshold: None,
    reference: "OpenID Connect Back-Channel Logout 1.0 §2.7",
    evidence: &["use", "after_seconds"],
    caution: "Grants with `offline_access` live on by design and are left out; JWTs are accepted until they expire.",
};

static PARTIAL: Rule = Rule {
    id: "S-14",
    name: "Partial single logout",
    severity: Severity::Medium,
    condition: "a logout was complete, and a client that had got tokens in that session was not told within the window, though logout notifications are seen",
    window: Some(60),
    threshold: None,
    reference: "OpenID Connect Back-Channel Logout 1.0 §2.3, §2.7",
    evidence: &["clients", "told"],
    caution: "Clients that registered for neither kind of notification.",
};

static FIXATED: Rule = Rule {
    id: "S-15",
    name: "Session kept over login",
    severity: Severity::Medium,
    condition: "the session cookie that the login was sent with is still in use after it",
    window: None,
    threshold: None,
    reference: "OWASP ASVS V7",
    evidence: &[],
    caution: "Only where session cookies are joined, and only for the cookie that the provider's profile names.",
};

pub(super) fn judge(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    match now.event {
        "logout.backchannel" => {
            replayed(context);
            told(context);
        }
        "logout.frontchannel" => told(context),
        "logout.completed" if now.succeeded() && now.value("sid").is_some() => {
            let window = context.settings.window(&PARTIAL);
            context.remind(&PARTIAL, now.ended.saturating_add(window));
        }
        "bearer.used" | "token.refreshed" | "userinfo.accessed" if now.succeeded() => used_after(context),
        _ => {}
    }
    fixated(context);
}

pub(super) fn remind(rule: &'static Rule, _: u64, context: &mut Context<'_>) {
    if rule.id == PARTIAL.id {
        partial(context);
    }
}

fn replayed(context: &mut Context<'_>) {
    let (now, grace) = (Rc::clone(context.now), context.settings.window(&REPLAYED));
    let Some(key) = now.value("jti") else { return };
    let first = |sight: &Rc<Sight>| {
        let again = !sight.succeeded() && now.at.saturating_sub(sight.ended) <= grace;
        sight.is("logout.backchannel") && sight.vantage() == now.vantage() && !again
    };
    if let Some(first) = context.earlier("jti").into_iter().find(first) {
        context.raise(&REPLAYED, key, &[&first]).attempted(now.outcome == Outcome::Failure);
    }
}

fn used_after(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let mut shown = vec![Rc::clone(&now)];
    // A use seldom names its session: the response that gave the token does.
    for role in ["at", "tok", "rt_in"] {
        shown.extend(context.earlier(role).into_iter().filter(|sight| sight.gave_tokens()));
    }
    if shown.iter().any(|sight| sight.list("response", "scope").iter().any(|scope| &**scope == "offline_access")) {
        return;
    }
    for sight in &shown {
        let Some(key) = sight.value("sid") else { continue };
        let done = |logout: &Rc<Sight>| logout.is("logout.completed") && logout.succeeded();
        let Some(logout) = context.shown("sid", sight).into_iter().find(done) else { continue };
        let after = now.at.saturating_sub(logout.ended);
        if after > SKEW_MS {
            let finding = context.raise(&USED_AFTER, key, &[&logout]);
            finding.word("use", now.event).number("after_seconds", after / 1_000);
            return;
        }
    }
}

fn told(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    context.memory.keep("notifications", "", &now);
}

/// A minute after a logout: who had tokens, and who was told.
fn partial(context: &mut Context<'_>) {
    let logout = Rc::clone(context.now);
    let Some(key) = logout.value("sid") else { return };
    let shown = context.shown("sid", &logout);
    let clients: BTreeSet<&str> = shown
        .iter()
        .filter(|sight| sight.is("token.issued") && sight.at <= logout.at)
        .filter_map(|sight| sight.client())
        .collect();
    let notified: Vec<_> = shown
        .iter()
        .filter(|sight| sight.event.starts_with("logout.") && sight.event.ends_with("channel") && sight.succeeded())
        .collect();
    let told: BTreeSet<&str> = notified.iter().filter_map(|sight| named(sight)).collect();
    // Without a name a notification may be anybody's.
    let nameless = notified.iter().filter(|sight| named(sight).is_none()).count();
    let untold: Vec<_> =
        clients.iter().filter(|client| !told.contains(*client) && logout.client() != Some(**client)).collect();
    let seen_at_all = !context.memory.trace("notifications", "").is_empty();
    if seen_at_all && untold.len() > nameless {
        let proof: Vec<&Sight> = shown
            .iter()
            .filter(|sight| sight.client().is_some_and(|client| untold.contains(&&client)))
            .map(|sight| &**sight)
            .collect();
        let finding = context.raise(&PARTIAL, key, &proof);
        finding.number("clients", many(clients.len())).number("told", many(told.len() + nameless));
    }
}

/// The client that a notification went to.
fn named(sight: &Sight) -> Option<&str> {
    let audience = || sight.list("token", "aud").first().map(|aud| &**aud);
    sight.client().or(audience()).or_else(|| sight.list("id_token", "aud").first().map(|aud| &**aud))
}

fn fixated(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    for role in ["idpsess", "rpsess"] {
        let Some(key) = now.value(role).filter(|_| !now.is("login.attempt")) else { continue };
        let login = |sight: &Rc<Sight>| {
            let by_browser = if role == "idpsess" { "login.attempt" } else { "callback.received" };
            sight.is(by_browser) && sight.succeeded() && now.at > sight.ended.saturating_add(1_000)
        };
        if let Some(login) = context.earlier(role).into_iter().find(login) {
            context.raise(&FIXATED, key, &[&login]);
        }
    }
}

const SKEW_MS: u64 = 5_000;
