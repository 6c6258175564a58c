//! Clients and metadata: registration tokens in other hands, and documents that change.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::findings::context::{Context, many};
use crate::findings::rule::{Rule, Severity};
use crate::findings::sight::Sight;

pub(super) const RULES: &[&Rule] = &[&REGISTRATION_TOKEN, &DRIFT, &KEY_VANISHED];

static REGISTRATION_TOKEN: Rule = Rule {
    id: "C-04",
    name: "Registration token misuse",
    severity: Severity::High,
    condition: "a registration access token came from another network than before, or after its client was deleted",
    window: None,
    threshold: None,
    reference: "RFC 7592 §2, §5",
    evidence: &["why"],
    caution: "Administrators who move.",
};

static DRIFT: Rule = Rule {
    id: "C-10",
    name: "Metadata changed",
    severity: Severity::High,
    condition: "the metadata of an issuer names an authority for its endpoints or keys that it did not name the last time",
    window: None,
    threshold: None,
    reference: "RFC 8414 §6.2, RFC 9700 §2.6",
    evidence: &["new_authorities"],
    caution: "Migrations.",
};

static KEY_VANISHED: Rule = Rule {
    id: "C-15",
    name: "Key vanished early",
    severity: Severity::Medium,
    condition: "the key set of an issuer no longer has a key that signed tokens which have not expired",
    window: None,
    threshold: None,
    reference: "OpenID Connect Core 1.0 §10.1.1",
    evidence: &["keys"],
    caution: "A key that was taken back because it leaked.",
};

pub(super) fn judge(context: &mut Context<'_>) {
    match context.now.event {
        "client.deleted" | "client.read" | "client.registered" | "client.updated" => registration_token(context),
        "discovery.fetched" if context.now.succeeded() => drift(context),
        "jwks.fetched" if context.now.succeeded() => key_vanished(context),
        _ if context.now.gave_tokens() => keep_keys(context),
        _ => {}
    }
}

fn registration_token(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    for role in ["rat", "tok", "at"] {
        let Some(key) = now.value(role) else { continue };
        let known: Vec<_> = context
            .earlier(role)
            .into_iter()
            .filter(|sight| sight.event.starts_with("client.") && sight.succeeded())
            .collect();
        let deleted = known.iter().find(|sight| sight.is("client.deleted"));
        let elsewhere = known.iter().find(|sight| sight.texts_differ("source", "address", &now));
        let (why, other) = match (deleted, elsewhere) {
            (Some(deleted), _) => ("after_delete", deleted),
            // The token that lets somebody register is used by many.
            (None, Some(other)) if !now.is("client.registered") => ("another_network", other),
            _ => continue,
        };
        context.raise(&REGISTRATION_TOKEN, key, &[other]).word("why", why).attempted(!now.succeeded());
        return;
    }
}

fn drift(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let Some(issuer) = now.issuer() else { return };
    let Some(last) = context.memory.trace("metadata", issuer).into_iter().last() else {
        context.memory.keep("metadata", issuer, &now);
        return;
    };
    context.memory.keep("metadata", issuer, &now);
    let set = |sight: &Rc<Sight>| sight.list("metadata", "authorities").iter().cloned().collect::<BTreeSet<_>>();
    let (before, after) = (set(&last), set(&now));
    let new = many(after.difference(&before).count());
    if !before.is_empty() && new > 0 {
        context.raise(&DRIFT, issuer, &[&last]).number("new_authorities", new);
    }
}

/// Which key signed what, and until when that lives.
fn keep_keys(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let Some(issuer) = now.issuer() else { return };
    for section in ["id_token", "token"] {
        if let Some(kid) = now.text(section, "kid") {
            context.memory.keep("kid", &format!("{issuer} {kid}"), &now);
        }
    }
}

fn key_vanished(context: &mut Context<'_>) {
    let now = Rc::clone(context.now);
    let Some(issuer) = now.issuer() else { return };
    let last = context.memory.trace("jwks", issuer).into_iter().last();
    context.memory.keep("jwks", issuer, &now);
    let (Some(last), kept) = (last, kids(&now)) else { return };
    if kept.is_empty() {
        return;
    }
    let gone: Vec<_> = kids(&last).into_iter().filter(|kid| !kept.contains(kid)).collect();
    let mut proof = Vec::new();
    for kid in &gone {
        let signed = context.memory.trace("kid", &format!("{issuer} {kid}"));
        proof.extend(signed.into_iter().filter(|sight| lives_until(sight) > now.at / 1_000 + GRACE));
    }
    if !proof.is_empty() {
        let proof: Vec<&Sight> = proof.iter().map(|sight| &**sight).collect();
        context.raise(&KEY_VANISHED, issuer, &proof).number("keys", many(gone.len()));
    }
}

fn kids(sight: &Sight) -> Vec<Rc<str>> {
    sight.list("key_set", "keys").to_vec()
}

/// Seconds since 1970.
fn lives_until(sight: &Sight) -> u64 {
    let by_lifetime = sight.number("response", "expires_in").map(|seconds| sight.ended / 1_000 + seconds);
    sight.number("token", "exp").or(by_lifetime).unwrap_or(0)
}

const GRACE: u64 = 60;
