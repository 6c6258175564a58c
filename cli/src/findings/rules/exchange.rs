//! Token exchange: what comes out beside what went in.

use std::rc::Rc;

use crate::findings::context::{Context, beyond};
use crate::findings::rule::{Rule, Severity};
use crate::findings::sight::Sight;

pub(super) const RULES: &[&Rule] = &[&WIDENED];

static WIDENED: Rule = Rule {
    id: "T-31",
    name: "Token exchange widens the scope",
    severity: Severity::Medium,
    condition: "the token that was given has scopes that the subject token had not",
    window: None,
    threshold: None,
    reference: "RFC 8693 §2.1, §5",
    evidence: &["scopes"],
    caution: "Gateways that are meant to. Another audience is the purpose of an exchange and not counted.",
};

pub(super) fn judge(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let Some(key) = now.value("subj").filter(|_| now.is("token.exchanged") && now.succeeded()) else { return };
    let scoped = |sight: &Rc<Sight>| sight.gave_tokens() && !sight.list("response", "scope").is_empty();
    let Some(origin) = context.earlier("subj").into_iter().find(scoped) else { return };
    let more = beyond(now.list("response", "scope"), origin.list("response", "scope"));
    if more > 0 {
        context.raise(&WIDENED, key, &[&origin]).number("scopes", more);
    }
}
