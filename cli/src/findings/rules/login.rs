//! Abuse of logins: names and passwords that are tried out, and people who are asked until they say yes.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::findings::context::{Context, many};
use crate::findings::memory::{Hit, distinct};
use crate::findings::rule::{Rule, Severity};
use crate::findings::sight::Sight;

pub(super) const RULES: &[&Rule] = &[&BRUTE_FORCE, &SPRAY, &STUFFING, &PROMPTS, &SUCCESS_AFTER, &ENUMERATION];

static BRUTE_FORCE: Rule = Rule {
    id: "F-01",
    name: "Brute force",
    severity: Severity::High,
    condition: "failed logins with one user name within the window",
    window: Some(600),
    threshold: Some(10),
    reference: "NIST SP 800-63B-4 §3.2.2",
    evidence: &["count"],
    caution: "Service accounts with a stale password. Silent unless the filter reads user names (`capture.login_forms: username`).",
};

static SPRAY: Rule = Rule {
    id: "F-02",
    name: "Password spray",
    severity: Severity::High,
    condition: "failed logins of one source with different user names, at most three each, within the window",
    window: Some(600),
    threshold: Some(20),
    reference: "NIST SP 800-63B-4 §3.2.2",
    evidence: &["names"],
    caution: "Many people behind one address after a change of passwords.",
};

static STUFFING: Rule = Rule {
    id: "F-03",
    name: "Credential stuffing",
    severity: Severity::High,
    condition: "logins of one user agent at one issuer within the window, from at least ten sources, of which more than four in five failed",
    window: Some(600),
    threshold: Some(100),
    reference: "NIST SP 800-63B-4 §3.2.2",
    evidence: &["attempts", "failures", "sources"],
    caution: "A provider whose logins fail for everybody. Where the profile records only the family of a user agent, that is what is counted.",
};

static PROMPTS: Rule = Rule {
    id: "F-04",
    name: "Prompt bombing",
    severity: Severity::High,
    condition: "requests for approval on a person's device that were refused or expired, for one person within the window",
    window: Some(600),
    threshold: Some(5),
    reference: "CIBA §14",
    evidence: &["count"],
    caution: "A telephone without reception.",
};

static SUCCESS_AFTER: Rule = Rule {
    id: "F-05",
    name: "Success after failures",
    severity: Severity::Medium,
    condition: "a login that succeeded within the window after brute force on its user name, or after password spray by its source",
    window: Some(3_600),
    threshold: None,
    reference: "NIST SP 800-53 AC-7",
    evidence: &["after"],
    caution: "The person remembered the password.",
};

static ENUMERATION: Rule = Rule {
    id: "F-06",
    name: "Enumeration of user names",
    severity: Severity::Medium,
    condition: "failed logins of one source with different user names within the window that were answered with two kinds of failure",
    window: Some(600),
    threshold: Some(10),
    reference: "OWASP ASVS V6",
    evidence: &["names", "kinds"],
    caution: "Some of the accounts are locked.",
};

pub(super) fn judge(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    if is_login(&now) {
        attempt(context);
    }
    if is_refused_prompt(&now) {
        prompt(context);
    }
}

/// A login page was answered, or the password grant.
fn is_login(sight: &Sight) -> bool {
    let ended = sight.failed() || sight.succeeded();
    let password = sight.grant() == Some("password") && matches!(sight.event, "token.denied" | "token.issued");
    ended && (sight.is("login.attempt") || password)
}

fn attempt(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    // A refused password grant is told twice: as a token request and as a login.
    let once = context.once();
    let counted = context.memory.hits("login", &once, now.at, u64::MAX);
    if !counted.is_empty() {
        return;
    }
    let hit = Hit { at: now.at, distinct: 0, weight: 1, id: now.id };
    context.memory.hit("login", &once, hit, u64::MAX);
    let name = name(&now);
    if now.failed() {
        if let Some(name) = &name {
            brute_force(context, name);
            if let Some(source) = now.source() {
                spray(context, source, name);
                enumeration(context, source, name);
            }
        }
    } else if let Some(name) = &name {
        success(context, name);
    }
    stuffing(context);
}

fn brute_force(context: &mut Context<'_>, name: &str) {
    let once = context.once();
    if let Some(hits) = context.count(&BRUTE_FORCE, name, &once) {
        context.raise_hits(&BRUTE_FORCE, name, &hits);
        let now = Rc::clone(context.now);
        context.memory.keep("brute force", name, &now);
    }
}

fn spray(context: &mut Context<'_>, source: &str, name: &str) {
    let hits: Vec<_> = context.tally(&SPRAY, source, name).into_iter().filter(|hit| hit.weight <= EACH).collect();
    if many(hits.len()) >= context.settings.threshold(&SPRAY) {
        let names = many(hits.len());
        let finding = context.raise_hits(&SPRAY, source, &hits);
        finding.evidence.clear();
        finding.number("names", names);
        let now = Rc::clone(context.now);
        context.memory.keep("spray", source, &now);
    }
}

fn enumeration(context: &mut Context<'_>, source: &str, name: &str) {
    let now = Rc::clone(context.now);
    let window = context.settings.window(&ENUMERATION);
    let Some(kind) = now.text("interaction", "code").or(now.error()).or(now.reason()) else { return };
    let hit = Hit { at: now.at, distinct: distinct(kind), weight: 1, id: now.id };
    let kinds = context.memory.hit("kinds of failure", source, hit, window);
    let hits = context.tally(&ENUMERATION, source, name);
    if kinds.len() >= 2 && many(hits.len()) >= context.settings.threshold(&ENUMERATION) {
        let finding = context.raise_hits(&ENUMERATION, source, &hits);
        finding.evidence.clear();
        finding.number("names", many(hits.len())).number("kinds", many(kinds.len()));
    }
}

fn success(context: &mut Context<'_>, name: &str) {
    let (now, window) = (Rc::clone(context.now), context.settings.window(&SUCCESS_AFTER));
    let recent =
        |sights: Vec<Rc<Sight>>| sights.into_iter().rev().find(|sight| now.at.saturating_sub(sight.at) <= window);
    let forced = recent(context.memory.trace("brute force", name)).map(|sight| ("brute_force", sight));
    let mut sprayed = || now.source().map(|source| context.memory.trace("spray", source));
    let found = match forced {
        Some(found) => Some(found),
        None => sprayed().and_then(recent).map(|sight| ("password_spray", sight)),
    };
    if let Some((after, other)) = found {
        context.raise(&SUCCESS_AFTER, name, &[&other]).word("after", after);
    }
}

fn stuffing(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let (Some(agent), Some(source)) = (now.agent(), now.source()) else { return };
    let key = format!("{} {agent}", now.issuer().unwrap_or_default());
    let window = context.settings.window(&STUFFING);
    let kind = if now.failed() { "failed" } else { "fine" };
    // In minutes: one entry each, so that the count has no bound but the window.
    let minute = distinct(&format!("{kind} {}", now.at / 60_000));
    let mut sums = [0, 0];
    for (sum, kind_of) in sums.iter_mut().zip(["failed", "fine"]) {
        let space = format!("logins {kind_of}");
        let hits = if kind_of == kind {
            let hit = Hit { at: now.at, distinct: minute, weight: now.weight(), id: now.id };
            context.memory.hit(&space, &key, hit, window)
        } else {
            context.memory.hits(&space, &key, now.at, window)
        };
        *sum = hits.iter().map(|hit| hit.weight).sum::<u64>();
    }
    let sources = context.tally(&STUFFING, &key, source);
    let [failed, fine] = sums;
    let attempts = failed.saturating_add(fine);
    if attempts >= context.settings.threshold(&STUFFING)
        && failed.saturating_mul(5) > attempts.saturating_mul(4)
        && sources.len() >= SOURCES
    {
        let finding = context.raise_hits(&STUFFING, &key, &sources);
        finding.evidence.clear();
        finding.number("attempts", attempts).number("failures", failed).number("sources", many(sources.len()));
        (finding.source, finding.client) = (None, None);
    }
}

fn is_refused_prompt(sight: &Sight) -> bool {
    let refused = matches!(sight.error(), Some("access_denied" | "expired_token"));
    let by_client = matches!(sight.event, "token.denied" | "ciba.pushed") && sight.value("ciba").is_some() && refused;
    by_client || sight.is("login.attempt") && sight.failed() && sight.text("interaction", "method") == Some("push")
}

fn prompt(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let mut people: BTreeSet<String> = name(&now).into_iter().collect();
    for request in context.earlier("ciba").iter().filter(|sight| sight.is("ciba.request")) {
        people.extend(name(request).or_else(|| request.value("sub").map(|sub| sub.to_string())));
    }
    // The device says no once, however often the client asks.
    let what = now.value("ciba").map_or_else(|| context.once(), |value| value.to_string());
    for person in people {
        if let Some(hits) = context.count_distinct(&PROMPTS, &person, &what) {
            context.raise_hits(&PROMPTS, &person, &hits);
        }
    }
}

/// Whoever is said to log in: a pseudonym.
fn name(sight: &Sight) -> Option<String> {
    let hint = || sight.list("request", "login_hint").first();
    sight.value("username").or_else(hint).map(|name| name.to_string())
}

/// Failures of one name that may still be one person's slips.
const EACH: u64 = 3;
const SOURCES: usize = 10;
