//! What is only seen over many flows: silent probing, consent phishing, logins that never come back.

use std::rc::Rc;

use crate::findings::context::{Context, many};
use crate::findings::memory::{Hit, distinct};
use crate::findings::rule::{Rule, Severity};
use crate::findings::sight::Sight;

pub(super) const RULES: &[&Rule] = &[&PROBING, &CONSENT, &ORPHANS];

static PROBING: Rule = Rule {
    id: "F-07",
    name: "Silent probing",
    severity: Severity::Low,
    condition: "`login_required` to authorization requests with `prompt=none` of one client and source within the window",
    window: Some(600),
    threshold: Some(30),
    reference: "OpenID Connect Core 1.0 §3.1.2.1",
    evidence: &["count"],
    caution: "Single-page applications that poll for a session.",
};

static CONSENT: Rule = Rule {
    id: "F-08",
    name: "Consent phishing",
    severity: Severity::Medium,
    condition: "a client that was first seen within the window got scopes of far reach from several people",
    window: Some(86_400),
    threshold: Some(3),
    reference: "OAuth 2.1 §7.9",
    evidence: &["people"],
    caution: "The launch of an application. Silent until records go back as far as the window.",
};

static ORPHANS: Rule = Rule {
    id: "F-09",
    name: "Logins that do not come back",
    severity: Severity::Low,
    condition: "more than half of the logins that a relying party began for a client in one hour had no callback, twice as many as in the hours before",
    window: Some(604_800),
    threshold: Some(20),
    reference: "RFC 9700 §4.7",
    evidence: &["begun", "without_callback"],
    caution: "The provider is down.",
};

pub(super) fn judge(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    match now.event {
        "authorization.request" if now.failed() => probing(context),
        "token.issued" if now.succeeded() => consent(context),
        "authorization.initiated" => begun(context),
        "callback.received" => came_back(context),
        _ => {}
    }
    if let Some(client) = now.client() {
        // The first sight of a client, and of it alone.
        if context.memory.trace("client", client).is_empty() {
            context.memory.keep("client", client, &now);
        }
    }
}

pub(super) fn remind(rule: &'static Rule, _: u64, context: &mut Context<'_>) {
    if rule.id == ORPHANS.id {
        orphans(context);
    }
}

fn probing(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let silent = now.list("request", "prompt").iter().any(|prompt| &**prompt == "none");
    let (Some(client), Some(source)) = (now.client(), now.source()) else { return };
    if silent && now.error() == Some("login_required") {
        let key = format!("{client} {source}");
        if let Some(hits) = context.count(&PROBING, &key, &context.once()) {
            context.raise_hits(&PROBING, &key, &hits);
        }
    }
}

fn consent(context: &mut Context<'_>) {
    let (now, window) = (Rc::clone(context.now), context.settings.window(&CONSENT));
    let far = now.list("response", "scope").iter().any(|scope| is_far_reaching(scope));
    let person = now.value("sub").map(|sub| &**sub).or(now.text("subject", "sub"));
    let (Some(client), Some(person)) = (now.client(), person) else { return };
    if !far || !context.has_seen_all_of(window) {
        return;
    }
    let known_since = context.memory.trace("client", client).first().map_or(now.at, |sight| sight.at);
    let is_new =
        now.at.saturating_sub(known_since) <= window && known_since.saturating_sub(context.watched_since) >= window;
    if is_new && let Some(hits) = context.count_distinct(&CONSENT, client, person) {
        let people = many(hits.len());
        let finding = context.raise_hits(&CONSENT, client, &hits);
        finding.evidence.clear();
        finding.number("people", people);
    }
}

/// Read or change what is not about the login itself.
fn is_far_reaching(scope: &str) -> bool {
    let scope = scope.to_ascii_lowercase();
    FAR.iter().any(|word| scope.contains(word))
}

fn begun(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let (Some(client), Some(_)) = (now.client(), now.value("state")) else { return };
    let key = hour_key(client, now.at);
    if add(context, "begun", &key) == 1 {
        let end = (now.at / HOUR_MS + 1).saturating_mul(HOUR_MS);
        context.remind(&ORPHANS, end.saturating_add(LATE_MS));
    }
}

fn came_back(context: &mut Context<'_>) {
    let earlier = context.earlier("state");
    if earlier.iter().any(|sight| sight.is("callback.received")) {
        return;
    }
    let Some(begun) = earlier.into_iter().find(|sight| sight.is("authorization.initiated")) else { return };
    if let Some(client) = begun.client() {
        add(context, "came back", &hour_key(client, begun.at));
    }
}

/// An hour is over: how many came back, and how it was before.
fn orphans(context: &mut Context<'_>) {
    let (first, window) = (Rc::clone(context.now), context.settings.window(&ORPHANS));
    let Some(client) = first.client() else { return };
    let key = hour_key(client, first.at);
    let mut sum =
        |space| context.memory.hits(space, &key, first.at, u64::MAX).iter().map(|hit| hit.weight).sum::<u64>();
    let (begun, back) = (sum("begun"), sum("came back"));
    if begun < context.settings.threshold(&ORPHANS) {
        return;
    }
    let lost = begun.saturating_sub(back);
    let percent = lost.saturating_mul(100).checked_div(begun).unwrap_or(0);
    let hour = Hit { at: first.at, distinct: distinct(&key), weight: percent, id: first.id };
    let hours = context.memory.hit("hours", client, hour, window);
    let before: Vec<_> = hours.iter().filter(|known| known.distinct != hour.distinct).collect();
    let average = before.iter().map(|known| known.weight).sum::<u64>().checked_div(many(before.len())).unwrap_or(100);
    if before.len() >= BASELINE && percent > 50 && percent > average.saturating_mul(2) {
        context.raise(&ORPHANS, &key, &[]).number("begun", begun).number("without_callback", lost);
    }
}

fn add(context: &mut Context<'_>, space: &str, key: &str) -> u64 {
    let now: &Sight = context.now;
    let hit = Hit { at: now.at, distinct: 0, weight: 1, id: now.id };
    context.memory.hit(space, key, hit, u64::MAX).iter().map(|hit| hit.weight).sum()
}

fn hour_key(client: &str, at: u64) -> String {
    format!("{client} {}", at / HOUR_MS)
}

const FAR: &[&str] = &[
    "admin",
    "calendar",
    "contacts",
    "drive",
    "files",
    "full",
    "gmail",
    "mail.",
    "manage",
    "offline_access",
    "repo",
    "user_impersonation",
    "write",
];
const HOUR_MS: u64 = 3_600_000;
/// Callbacks of the last minutes of an hour.
const LATE_MS: u64 = 600_000;
/// Hours that tell what is usual.
const BASELINE: usize = 3;
