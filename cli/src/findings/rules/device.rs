//! Logins on another device: polls that come too fast, user codes that are guessed, networks that do not fit.

use std::rc::Rc;

use crate::findings::context::{Context, many};
use crate::findings::rule::{Rule, Severity};
use crate::findings::sight::Sight;

pub(super) const RULES: &[&Rule] = &[&TOO_FAST, &GUESSED, &ELSEWHERE];

static TOO_FAST: Rule = Rule {
    id: "T-27",
    name: "Polling too fast",
    severity: Severity::Low,
    condition: "polls for one device code or `auth_req_id` came closer together than its interval, which every `slow_down` makes five seconds longer",
    window: Some(600),
    threshold: Some(2),
    reference: "RFC 8628 §3.5, CIBA §11",
    evidence: &["count", "interval_seconds"],
    caution: "A second of jitter is allowed.",
};

static GUESSED: Rule = Rule {
    id: "T-28",
    name: "User code guessing",
    severity: Severity::High,
    condition: "wrong user codes from one source within the window",
    window: Some(900),
    threshold: Some(5),
    reference: "RFC 8628 §5.1",
    evidence: &["count"],
    caution: "Many people behind one address.",
};

static ELSEWHERE: Rule = Rule {
    id: "T-29",
    name: "Device code entered from another network",
    severity: Severity::Medium,
    condition: "the user code was entered from another network than the device code was asked for, and this client has not been used between the two before",
    window: None,
    threshold: None,
    reference: "RFC 8628 §5.4",
    evidence: &[],
    caution: "Televisions and telephones that reach the Internet by different ways: a sign of phishing, no proof.",
};

pub(super) fn judge(context: &mut Context<'_>) {
    match context.now.event {
        "token.pending" => too_fast(context),
        "device.user_code" if context.now.failed() => guessed(context),
        "device.user_code" if context.now.succeeded() => elsewhere(context),
        _ => {}
    }
}

fn too_fast(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let Some(role) = ["dev", "ciba"].into_iter().find(|role| now.value(role).is_some()) else { return };
    let Some(key) = now.value(role) else { return };
    let earlier = context.earlier(role);
    let polls: Vec<_> = earlier.iter().filter(|sight| sight.is("token.pending")).collect();
    let asked = earlier.iter().find_map(|sight| sight.number("response", "interval")).unwrap_or(INTERVAL);
    let slowed = many(polls.iter().filter(|sight| sight.error() == Some("slow_down")).count());
    let interval = asked.saturating_add(slowed.saturating_mul(INTERVAL));
    let Some(last) = polls.last() else { return };
    let gap = now.at.saturating_sub(last.at);
    if gap.saturating_add(JITTER_MS) < interval.saturating_mul(1_000)
        && let Some(hits) = context.count(&TOO_FAST, key, &context.once())
    {
        context.raise_hits(&TOO_FAST, key, &hits).number("interval_seconds", interval);
    }
}

fn guessed(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let Some(source) = now.source() else { return };
    if let Some(hits) = context.count(&GUESSED, source, &context.once()) {
        context.raise_hits(&GUESSED, source, &hits);
    }
}

fn elsewhere(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let Some(key) = now.value("ucode") else { return };
    let Some(asked) = context.earlier("ucode").into_iter().find(|sight| sight.is("device.authorization")) else {
        return;
    };
    let (Some(there), Some(here), Some(client)) = (asked.source(), now.source(), asked.client()) else { return };
    if there == here {
        return;
    }
    let pair = format!("{client} {there} {here}");
    let known = !context.memory.trace("networks", &pair).is_empty();
    context.memory.keep("networks", &pair, &now);
    if !known {
        let client = client.to_owned();
        context.raise(&ELSEWHERE, key, &[&asked as &Sight]).client = Some(client);
    }
}

/// RFC 8628 §3.2, §3.5.
const INTERVAL: u64 = 5;
const JITTER_MS: u64 = 1_000;
