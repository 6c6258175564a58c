//! Access tokens in use: after they were revoked, and by several holders.

use std::rc::Rc;

use crate::findings::context::Context;
use crate::findings::rule::{Rule, Severity};
use crate::findings::sight::Sight;

pub(super) const RULES: &[&Rule] = &[&AFTER_REVOCATION, &MANY_HOLDERS];

static AFTER_REVOCATION: Rule = Rule {
    id: "B-09",
    name: "Token used after revocation",
    severity: Severity::High,
    condition: "a token was accepted, refreshed or called active after its revocation; medium for a JWT within the window, which resource servers accept until they ask",
    window: Some(300),
    threshold: None,
    reference: "RFC 7009 §2.2",
    evidence: &["use", "after_seconds"],
    caution: "Resource servers that check JWTs by themselves until they expire.",
};

static MANY_HOLDERS: Rule = Rule {
    id: "B-10",
    name: "One token, several holders",
    severity: Severity::Medium,
    condition: "one access token came from two networks with two user agents within the window",
    window: Some(600),
    threshold: None,
    reference: "RFC 9700 §4.10",
    evidence: &[],
    caution: "Pools of addresses, telephones that change networks, a server that hands its token on.",
};

pub(super) fn judge(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let active = now.is("token.introspected") && now.flag("introspection", "active") == Some(true);
    let used = matches!(now.event, "bearer.used" | "userinfo.accessed" | "token.refreshed") && now.succeeded();
    if used || active {
        after_revocation(context);
    }
    if now.is("bearer.used") && now.succeeded() {
        many_holders(context);
    }
}

fn after_revocation(context: &mut Context<'_>) {
    let (now, soon) = (Rc::clone(context.now), context.settings.window(&AFTER_REVOCATION));
    for role in ["at", "tok", "rt_in"] {
        let Some(key) = now.value(role) else { continue };
        let revoked = |sight: &Rc<Sight>| sight.is("token.revoked") && sight.succeeded();
        let Some(revocation) = context.earlier(role).into_iter().find(revoked) else { continue };
        let after = now.at.saturating_sub(revocation.ended);
        if after <= SKEW_MS {
            continue;
        }
        let jwt = now.text("token", "format") == Some("jwt") && now.is("bearer.used");
        let severity = if jwt && after <= soon { Severity::Medium } else { Severity::High };
        let finding = context.raise(&AFTER_REVOCATION, key, &[&revocation]).severity(severity);
        finding.word("use", now.event).number("after_seconds", after / 1_000);
        return;
    }
}

fn many_holders(context: &mut Context<'_>) {
    let (now, window) = (Rc::clone(context.now), context.settings.window(&MANY_HOLDERS));
    let Some(key) = now.value("at").or(now.value("tok")) else { return };
    let mut known = context.earlier("at");
    known.extend(context.earlier("tok"));
    let another = |sight: &Rc<Sight>| {
        sight.is("bearer.used")
            && sight.vantage() == now.vantage()
            && now.at.abs_diff(sight.at) <= window
            && sight.texts_differ("source", "address", &now)
            && sight.texts_differ("source", "user_agent", &now)
    };
    if let Some(other) = known.into_iter().find(another) {
        context.raise(&MANY_HOLDERS, key, &[&other]);
    }
}

/// Clocks of two proxies, and requests that were on their way.
const SKEW_MS: u64 = 5_000;
