//! What comes back to the relying party: to the wrong place, from the wrong issuer, again, or unasked for.

use std::rc::Rc;

use crate::findings::context::{Context, is_request};
use crate::findings::rule::{Rule, Severity};
use crate::findings::sight::{Comparison, Sight};

pub(super) const RULES: &[&Rule] = &[&WRONG_TARGET, &MIX_UP, &UNSOLICITED, &REPLAYED, &WITHOUT_STATE];

static WRONG_TARGET: Rule = Rule {
    id: "R-03",
    name: "Response to another place than was asked for",
    severity: Severity::Critical,
    condition: "the authorization response went to another scheme, host or path than the `redirect_uri` of every request with its `state`",
    window: None,
    threshold: None,
    reference: "RFC 9700 §4.1, §4.11.2",
    evidence: &[],
    caution: "None known: a request without `redirect_uri` is not compared.",
};

static MIX_UP: Rule = Rule {
    id: "R-05",
    name: "Response of another issuer",
    severity: Severity::High,
    condition: "the `iss` of a callback is not the issuer that the request with its `state` was sent to",
    window: None,
    threshold: None,
    reference: "RFC 9207 §2.4, RFC 9700 §4.4",
    evidence: &[],
    caution: "An issuer that is known by two names; templates such as `{tenantid}` and a missing scheme are not compared.",
};

static UNSOLICITED: Rule = Rule {
    id: "R-06",
    name: "Unsolicited callback",
    severity: Severity::Medium,
    condition: "a callback was taken whose `state` was in no request of the last 24 hours, though requests of this relying party are seen",
    window: Some(86_400),
    threshold: None,
    reference: "RFC 9700 §4.7",
    evidence: &[],
    caution: "Requests that another proxy passes and nobody records; login that the provider starts. Silent until records go back as far as the window.",
};

static REPLAYED: Rule = Rule {
    id: "R-07",
    name: "Callback replay",
    severity: Severity::Medium,
    condition: "one code came to the relying party twice, from another address with another user agent, or more than 60 seconds apart",
    window: Some(60),
    threshold: None,
    reference: "RFC 9700 §4.5, RFC 6749 §10.5",
    evidence: &["why"],
    caution: "A page that is loaded again after more than a minute; programs that look at links.",
};

static WITHOUT_STATE: Rule = Rule {
    id: "R-14",
    name: "Callback accepted without state",
    severity: Severity::Medium,
    condition: "the request had a `state`, the callback with its code had none, and the relying party answered with a session cookie",
    window: None,
    threshold: None,
    reference: "RFC 9700 §4.7",
    evidence: &[],
    caution: "Relying parties that rest on PKCE alone.",
};

pub(super) fn judge(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    if now.is("authorization.response") {
        wrong_target(context);
    }
    if is_request(&now) {
        seen_requests_of(context);
    }
    if now.is("callback.received") {
        mix_up(context);
        unsolicited(context);
        replayed(context);
        without_state(context);
    }
}

fn wrong_target(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let (Some(key), Some(target)) = (now.value("state"), now.text("response", "redirect_uri")) else { return };
    let requests: Vec<_> = context.earlier("state").into_iter().filter(|sight| is_request(sight)).collect();
    let asked: Vec<_> = requests.iter().filter_map(|sight| sight.text("request", "redirect_uri")).collect();
    // A request that did not say is answered at the address that was registered.
    let all_say = asked.len() == requests.iter().filter(|sight| sight.value("par").is_none()).count().max(1);
    if all_say && !asked.contains(&target) {
        let proof: Vec<&Sight> = requests.iter().map(|sight| &**sight).collect();
        context.raise(&WRONG_TARGET, key, &proof);
    }
}

fn mix_up(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let (Some(key), Some(iss)) = (now.value("state"), now.text("response", "iss").or(now.issuer())) else { return };
    if now.text("response", "iss").is_none() {
        return;
    }
    let requests: Vec<_> =
        context.earlier("state").into_iter().filter(|sight| is_request(sight) && sight.issuer().is_some()).collect();
    let Some(first) = requests.first() else { return };
    if requests.iter().all(|request| request.issuer().is_some_and(|asked| are_two_issuers(asked, iss))) {
        context.raise(&MIX_UP, key, &[first]).attempted(now.failed());
    }
}

fn are_two_issuers(one: &str, two: &str) -> bool {
    let bare = |issuer: &str| issuer.trim_start_matches("https://").trim_end_matches('/').to_owned();
    !one.contains('{') && !two.contains('{') && bare(one) != bare(two)
}

/// Remembers for which relying parties requests are seen at all.
fn seen_requests_of(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    if let Some(host) = now.text("request", "redirect_uri").and_then(authority) {
        context.memory.keep("requests of", host, &now);
    }
}

fn unsolicited(context: &mut Context<'_>) {
    let (now, window) = (Rc::clone(context.now), context.settings.window(&UNSOLICITED));
    let (Some(key), Some(host)) = (now.value("state"), now.text("exchange", "authority")) else { return };
    if !now.succeeded() || !context.has_seen_all_of(window) {
        return;
    }
    let mut known = context.earlier("state");
    known.retain(|sight| is_request(sight) || sight.is("authorization.response"));
    let seen_at_all = context.memory.trace("requests of", host);
    // A value under another key may be one of those that were seen.
    let comparable = seen_at_all.iter().any(|sight| sight.compare("state", &now, "state") == Comparison::Different);
    if known.is_empty() && comparable {
        context.raise(&UNSOLICITED, key, &[]);
    }
}

fn replayed(context: &mut Context<'_>) {
    let (now, window) = (Rc::clone(context.now), context.settings.window(&REPLAYED));
    let Some(key) = now.value("code") else { return };
    let Some(first) = context.earlier("code").into_iter().find(|sight| sight.is("callback.received")) else { return };
    let elsewhere = now.texts_differ("source", "address", &first) && now.texts_differ("source", "user_agent", &first);
    if elsewhere || now.at.saturating_sub(first.at) > window {
        context.raise(&REPLAYED, key, &[&first]).word("why", if elsewhere { "another_browser" } else { "later" });
    }
}

fn without_state(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let accepted = now.succeeded() && now.flag("response", "set_cookie") == Some(true);
    let Some(key) = now.value("code").filter(|_| accepted && !now.is_hidden() && now.value("state").is_none()) else {
        return;
    };
    let response = context.earlier("code").into_iter().find(|sight| sight.is("authorization.response"));
    if let Some(response) = response.filter(|response| response.value("state").is_some()) {
        context.raise(&WITHOUT_STATE, key, &[&response]);
    }
}

/// `host:port` of a URI that has one.
fn authority(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())
}
