//! Secrets, codes, tokens and scopes that are tried out: many refusals of one source, client or caller.

use std::rc::Rc;

use crate::findings::context::Context;
use crate::findings::rule::{Rule, Severity};

pub(super) const RULES: &[&Rule] = &[&SECRETS, &GRANTS, &SCOPES, &TOKENS, &SCANNING];

static SECRETS: Rule = Rule {
    id: "T-25",
    name: "Client secret guessing",
    severity: Severity::High,
    condition: "failed client authentications of one claimed client, or of one source, within the window",
    window: Some(300),
    threshold: Some(10),
    reference: "RFC 6749 §2.3.1",
    evidence: &["by", "count"],
    caution: "A secret that was changed and not deployed: one client, one source.",
};

static GRANTS: Rule = Rule {
    id: "T-26",
    name: "Grant guessing",
    severity: Severity::High,
    condition: "different codes or refresh tokens of one source that were refused with `invalid_grant` within the window",
    window: Some(300),
    threshold: Some(20),
    reference: "RFC 6749 §10.10",
    evidence: &["count"],
    caution: "A provider that lost its sessions: every client refreshes in vain.",
};

static SCOPES: Rule = Rule {
    id: "B-11",
    name: "Scope probing",
    severity: Severity::Medium,
    condition: "refusals with `insufficient_scope` of one token within the window",
    window: Some(600),
    threshold: Some(20),
    reference: "RFC 6750 §3.1",
    evidence: &["count"],
    caution: "A client that was deployed before its scopes.",
};

static TOKENS: Rule = Rule {
    id: "B-12",
    name: "Token guessing",
    severity: Severity::High,
    condition: "different rejected access tokens of one source within the window",
    window: Some(300),
    threshold: Some(50),
    reference: "RFC 6749 §10.10",
    evidence: &["count"],
    caution: "Many clients behind one address after the keys were changed.",
};

static SCANNING: Rule = Rule {
    id: "C-06",
    name: "Token scanning",
    severity: Severity::High,
    condition: "introspections of different inactive tokens by one caller within the window",
    window: Some(300),
    threshold: Some(20),
    reference: "RFC 7662 §4",
    evidence: &["count"],
    caution: "A resource server whose callers' tokens all expired at once.",
};

pub(super) fn judge(context: &mut Context<'_>) {
    match context.now.event {
        "client.auth_failed" if context.now.failed() && !context.now.is_local() => secrets(context),
        "token.denied" if context.now.error() == Some("invalid_grant") => grants(context),
        "bearer.rejected" => rejected(context),
        "token.introspected" => scanning(context),
        _ => {}
    }
}

fn secrets(context: &mut Context<'_>) {
    let (now, once) = (Rc::clone(context.now), context.once());
    for (by, key) in [("client", now.client()), ("source", now.source())] {
        let Some(key) = key.map(|key| format!("{by} {key}")) else { continue };
        if let Some(hits) = context.count(&SECRETS, &key, &once) {
            context.raise_hits(&SECRETS, &key, &hits).word("by", by);
        }
    }
}

fn grants(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let (Some(source), Some(grant)) = (now.source(), now.value("code").or(now.value("rt_in"))) else { return };
    if let Some(hits) = context.count_distinct(&GRANTS, source, grant) {
        context.raise_hits(&GRANTS, source, &hits);
    }
}

fn rejected(context: &mut Context<'_>) {
    let (now, once) = (Rc::clone(context.now), context.once());
    let Some(token) = now.value("at").or(now.value("tok")) else { return };
    if now.error() == Some("insufficient_scope") {
        if let Some(hits) = context.count(&SCOPES, token, &once) {
            context.raise_hits(&SCOPES, token, &hits);
        }
        return;
    }
    let Some(source) = now.source().filter(|_| now.failed()) else { return };
    if let Some(hits) = context.count_distinct(&TOKENS, source, token) {
        context.raise_hits(&TOKENS, source, &hits);
    }
}

fn scanning(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let inactive = now.reason() == Some("inactive") || now.flag("introspection", "active") == Some(false);
    let (Some(caller), Some(token)) = (now.client().or(now.source()), now.value("tok").or(now.value("at"))) else {
        return;
    };
    if inactive && let Some(hits) = context.count_distinct(&SCANNING, caller, token) {
        context.raise_hits(&SCANNING, caller, &hits);
    }
}
