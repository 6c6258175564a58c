//! ID tokens beside what was asked for, and beside each other.

use std::rc::Rc;

use crate::findings::context::Context;
use crate::findings::rule::{Rule, Severity};
use crate::findings::sight::Sight;

pub(super) const RULES: &[&Rule] =
    &[&NONCE_WRONG, &NONCE_DROPPED, &TOO_OLD, &ACR_NOT_MET, &USERINFO_DIFFERS, &HYBRID_DIFFERS];

static NONCE_WRONG: Rule = Rule {
    id: "I-14",
    name: "Nonce mismatch",
    severity: Severity::High,
    condition: "the nonce of the ID token is not that of the request with the same PKCE value or code",
    window: None,
    threshold: None,
    reference: "OpenID Connect Core 1.0 §3.1.3.7 (11)",
    evidence: &[],
    caution: "None known.",
};

static NONCE_DROPPED: Rule = Rule {
    id: "I-15",
    name: "Nonce dropped",
    severity: Severity::High,
    condition: "the request had a nonce, and the first ID token has none",
    window: None,
    threshold: None,
    reference: "OpenID Connect Core 1.0 §2, §3.1.3.7 (11)",
    evidence: &[],
    caution: "ID tokens of a refresh need none and are left out.",
};

static TOO_OLD: Rule = Rule {
    id: "I-18",
    name: "Authentication older than max_age",
    severity: Severity::Medium,
    condition: "`max_age` was asked for, and `auth_time` is absent or older than it and a minute",
    window: None,
    threshold: None,
    reference: "OpenID Connect Core 1.0 §3.1.2.1, §3.1.3.7 (13)",
    evidence: &["why", "too_old_seconds"],
    caution: "Clocks that disagree.",
};

static ACR_NOT_MET: Rule = Rule {
    id: "I-19",
    name: "Authentication context not met",
    severity: Severity::Medium,
    condition: "`acr_values` were asked for, and the ID token has another `acr` or none; information where `acr` was not asked for as a claim, because it is voluntary then",
    window: None,
    threshold: None,
    reference: "OpenID Connect Core 1.0 §5.5.1.1, RFC 9470 §5",
    evidence: &["why"],
    caution: "Servers that answer with a stronger context of another name.",
};

static USERINFO_DIFFERS: Rule = Rule {
    id: "I-22",
    name: "UserInfo of somebody else",
    severity: Severity::Critical,
    condition: "the UserInfo response to an access token has another subject than the ID token that came with it",
    window: None,
    threshold: None,
    reference: "OpenID Connect Core 1.0 §5.3.2",
    evidence: &[],
    caution: "None known.",
};

static HYBRID_DIFFERS: Rule = Rule {
    id: "I-23",
    name: "Hybrid ID tokens disagree",
    severity: Severity::Critical,
    condition: "the ID tokens of authorization response and token response of one code differ in `iss` or `sub`",
    window: None,
    threshold: None,
    reference: "OpenID Connect Core 1.0 §3.3.3.6",
    evidence: &["claim"],
    caution: "None known.",
};

pub(super) fn judge(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    if now.is("token.issued") && now.succeeded() && has_id_token(&now) && now.value("code").is_some() {
        nonce(context);
        age(context);
        acr(context);
        hybrid(context);
    }
    if now.is("userinfo.accessed") && now.succeeded() {
        userinfo(context);
    }
}

/// One that could be read.
fn has_id_token(sight: &Sight) -> bool {
    let read = sight.has("id_token", "iss") || sight.has("id_token", "aud") || sight.has("id_token", "iat");
    read && sight.flag("id_token", "encrypted") != Some(true)
}

fn nonce(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let Some(key) = now.value("code") else { return };
    let mut requests = context.requests_by_code();
    let own = context.earlier("pkce");
    requests.extend(own.into_iter().filter(|sight| crate::findings::context::is_request(sight)));
    let with_nonce: Vec<_> = requests.iter().filter(|request| request.value("nonce").is_some()).collect();
    let Some(first) = with_nonce.first() else { return };
    if now.value("nonce").is_none() {
        if with_nonce.len() == requests.len() && !now.is_hidden() {
            context.raise(&NONCE_DROPPED, key, &[first]);
        }
    } else if with_nonce.iter().all(|request| request.differs("nonce", &now)) {
        context.raise(&NONCE_WRONG, key, &[first]);
    }
}

fn age(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let Some(key) = now.value("code") else { return };
    let asked = |request: &Rc<Sight>| Some((request.number("request", "max_age")?, Rc::clone(request)));
    let Some((most, request)) = context.requests().iter().find_map(asked) else { return };
    let Some(since) = now.number("id_token", "auth_time") else {
        if !now.is_hidden() {
            context.raise(&TOO_OLD, key, &[&request]).word("why", "no_auth_time");
        }
        return;
    };
    let issued = now.number("id_token", "iat").unwrap_or(now.at / 1_000);
    let over = issued.saturating_sub(since.saturating_add(most));
    if over > SKEW {
        context.raise(&TOO_OLD, key, &[&request]).word("why", "too_old").number("too_old_seconds", over);
    }
}

fn acr(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let Some(key) = now.value("code").filter(|_| !now.is_hidden()) else { return };
    let asks = |request: &Rc<Sight>| !request.list("request", "acr_values").is_empty();
    let Some(request) = context.requests().into_iter().find(asks) else { return };
    let why = match now.text("id_token", "acr") {
        None => "no_acr",
        Some(acr) if request.list("request", "acr_values").iter().any(|asked| &**asked == acr) => return,
        Some(_) => "another_acr",
    };
    let as_claim = request.list("request", "claims").iter().any(|claim| claim.ends_with("acr"));
    let severity = if as_claim { Severity::Medium } else { Severity::Info };
    context.raise(&ACR_NOT_MET, key, &[&request]).severity(severity).word("why", why);
}

fn userinfo(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let Some(key) = now.value("at").or(now.value("tok")) else { return };
    let mut known = context.earlier("at");
    known.extend(context.earlier("tok"));
    let other = |sight: &Rc<Sight>| {
        sight.gave_tokens() && (sight.differs("sub", &now) || sight.texts_differ("subject", "sub", &now))
    };
    if let Some(issued) = known.into_iter().find(other) {
        context.raise(&USERINFO_DIFFERS, key, &[&issued]);
    }
}

fn hybrid(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let Some(key) = now.value("code") else { return };
    let front = |sight: &Rc<Sight>| sight.is("authorization.response") && has_id_token(sight);
    let Some(response) = context.earlier("code").into_iter().find(front) else { return };
    let claim = if response.texts_differ("id_token", "iss", &now) {
        "iss"
    } else if response.differs("sub", &now) || response.texts_differ("subject", "sub", &now) {
        "sub"
    } else {
        return;
    };
    context.raise(&HYBRID_DIFFERS, key, &[&response]).word("claim", claim);
}

const SKEW: u64 = 60;
