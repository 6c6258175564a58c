//! The trust file: public keys, when they may write, and for whom (`docs/record-format.md`, "Trust file").

use std::fmt;

use serde_json::{Map, Value};

use crate::record::evidence::{Checkpoint, Digest, PublicKey};
use crate::record::verify::pattern::matches;
use crate::record::verify::writers::{self, Leave, SpiffeId, WriterRule};
use crate::time::Timestamp;

/// Whom a verifier trusts.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    keys: Vec<TrustedKey>,
    writers: Option<Vec<WriterRule>>,
}

/// One key of it.
#[derive(Clone, Debug)]
pub struct TrustedKey {
    /// The key.
    pub key: PublicKey,
    not_before: Option<Timestamp>,
    not_after: Option<Timestamp>,
    groups: Option<Vec<String>>,
    domain: Option<String>,
    powers: Vec<Power>,
}

/// What a key may sign.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Power {
    /// Whose a stream's key is.
    Bind,
    /// That somebody was looked up.
    Lookup,
    /// That a record was taken out.
    Redact,
    /// What has expired.
    Retain,
    /// Checkpoints; what a key may where nothing is said.
    Seal,
}

/// What is wrong with a trust file, and where. Never with the value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustProblem {
    /// JSON pointer.
    pub pointer: String,
    /// What is expected there.
    pub expected: &'static str,
}

impl Trust {
    /// No key, and no rule of writers.
    pub const NONE: Self = Self { keys: Vec::new(), writers: None };

    /// Reads a trust file.
    ///
    /// # Errors
    ///
    /// Every [`TrustProblem`] of it.
    pub fn parse(text: &str) -> Result<Self, Vec<TrustProblem>> {
        let mut problems = Vec::new();
        let Ok(Value::Object(file)) = serde_json::from_str::<Value>(text) else {
            return Err(vec![problem("", "a JSON object with keys")]);
        };
        if file.get("schema").and_then(Value::as_str) != Some(SCHEMA) {
            problems.push(problem("/schema", "\"oidc-audit-trust/1\""));
        }
        if let Some(name) = file.keys().find(|name| !["keys", "schema", "writers"].contains(&name.as_str())) {
            problems.push(problem(&format!("/{name}"), "no further member"));
        }
        let entries = file.get("keys").and_then(Value::as_array).cloned().unwrap_or_default();
        if entries.is_empty() {
            problems.push(problem("/keys", "a list of at least one key"));
        }
        let read = |(index, entry): (usize, &Value)| TrustedKey::parse(&format!("/keys/{index}"), entry, &mut problems);
        let keys: Vec<TrustedKey> = entries.iter().enumerate().filter_map(read).collect();
        let writers = file.get("writers").map(|list| writer_rules(list, &mut problems));
        if problems.is_empty() { Ok(Self { keys, writers }) } else { Err(problems) }
    }

    /// Whether the workload may write for the group.
    #[must_use]
    pub fn leave(&self, writer: &SpiffeId, group: &str) -> Leave {
        writers::leave(self.writers.as_deref(), writer, group)
    }

    /// The key of a thumbprint.
    #[must_use]
    pub fn key(&self, kid: &Digest) -> Option<&TrustedKey> {
        self.keys.iter().find(|trusted| trusted.key.thumbprint() == *kid)
    }
}

impl TrustedKey {
    fn parse(pointer: &str, entry: &Value, problems: &mut Vec<TrustProblem>) -> Option<Self> {
        let before = problems.len();
        let Some(entry) = entry.as_object() else {
            problems.push(problem(pointer, "a JWK with members of ours"));
            return None;
        };
        let mut wrong = |name: &str, expected| problems.push(problem(&format!("{pointer}/{name}"), expected));
        let text = |name: &str| entry.get(name).and_then(Value::as_str);
        if entry.contains_key("d") {
            wrong("d", "no private key: this file is for those who verify");
        }
        if let Some(name) = entry.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
            wrong(name, "no such member");
        }
        for (name, only) in [("kty", "OKP"), ("crv", "Ed25519")] {
            if text(name) != Some(only) {
                wrong(name, if name == "kty" { "\"OKP\"" } else { "\"Ed25519\"" });
            }
        }
        let key = text("x").and_then(|x| PublicKey::parse(x).ok());
        match &key {
            None => wrong("x", "32 bytes in base64url"),
            Some(key) if text("kid") != Some(key.thumbprint().to_string().as_str()) => {
                wrong("kid", "the thumbprint of the key (RFC 7638)");
            }
            Some(_) => {}
        }
        let not_before = bound(entry, "not_before", &mut wrong);
        let not_after = bound(entry, "not_after", &mut wrong);
        let groups = groups(entry, &mut wrong);
        let powers = powers(entry, &mut wrong);
        let domain = text("iss").map(str::to_owned);
        if entry.contains_key("iss") && domain.is_none() {
            wrong("iss", "a text");
        }
        if problems.len() > before {
            return None;
        }
        Some(Self { key: key?, not_before, not_after, groups, domain, powers })
    }

    /// Whether it may sign such a thing at that time.
    #[must_use]
    pub fn may(&self, power: Power, at: Timestamp) -> bool {
        let begun = self.not_before.is_none_or(|bound| at >= bound);
        let ended = self.not_after.is_some_and(|bound| at > bound);
        begun && !ended && self.powers.contains(&power)
    }

    /// Whether it may sign or vouch for such a checkpoint: its time, its writer group, its domain.
    #[must_use]
    pub fn may_write(&self, checkpoint: &Checkpoint) -> bool {
        let group = checkpoint.group.as_deref().unwrap_or_default();
        let own = self.groups.as_ref().is_none_or(|groups| groups.iter().any(|pattern| matches(pattern, group)));
        let domain = self.domain.is_none() || self.domain == checkpoint.domain;
        self.may(Power::Seal, checkpoint.issued) && own && domain
    }
}

impl fmt::Display for TrustProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = if self.pointer.is_empty() { "/" } else { &self.pointer };
        write!(f, "{pointer}: expected {}", self.expected)
    }
}

fn bound(entry: &Map<String, Value>, name: &str, wrong: &mut impl FnMut(&str, &'static str)) -> Option<Timestamp> {
    let value = entry.get(name)?;
    let time = value.as_str().and_then(Timestamp::parse_rfc3339);
    if time.is_none() {
        wrong(name, "a time (RFC 3339)");
    }
    time
}

fn groups(entry: &Map<String, Value>, wrong: &mut impl FnMut(&str, &'static str)) -> Option<Vec<String>> {
    let texts =
        entry.get("grp")?.as_array().map(|list| list.iter().map(|item| item.as_str().map(str::to_owned)).collect());
    match texts {
        Some(Some(groups)) => Some(groups),
        _ => {
            wrong("grp", "a list of patterns");
            None
        }
    }
}

impl Power {
    const ALL: [(&'static str, Self); 5] = [
        ("bind", Self::Bind),
        ("lookup", Self::Lookup),
        ("redact", Self::Redact),
        ("retain", Self::Retain),
        ("seal", Self::Seal),
    ];

    /// By its name in a trust file.
    #[must_use]
    pub fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, power)| power)
    }
}

fn writer_rules(list: &Value, problems: &mut Vec<TrustProblem>) -> Vec<WriterRule> {
    let entries = list.as_array().map(Vec::as_slice).unwrap_or_default();
    if entries.is_empty() {
        problems.push(problem("/writers", "a list of at least one writer"));
    }
    let read = |(index, entry)| WriterRule::parse(&format!("/writers/{index}"), entry, problems);
    entries.iter().enumerate().filter_map(read).collect()
}

fn powers(entry: &Map<String, Value>, wrong: &mut impl FnMut(&str, &'static str)) -> Vec<Power> {
    let Some(value) = entry.get("may") else { return vec![Power::Seal] };
    let names = value.as_array().filter(|names| !names.is_empty());
    let powers = names.and_then(|names| names.iter().map(|name| Power::read(name.as_str()?)).collect::<Option<_>>());
    powers.unwrap_or_else(|| {
        wrong("may", "a list of \"seal\", \"bind\", \"lookup\", \"redact\", \"retain\"");
        Vec::new()
    })
}

fn problem(pointer: &str, expected: &'static str) -> TrustProblem {
    TrustProblem { pointer: pointer.to_owned(), expected }
}

const SCHEMA: &str = "oidc-audit-trust/1";
const MEMBERS: [&str; 10] = ["crv", "d", "grp", "iss", "kid", "kty", "may", "not_after", "not_before", "x"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_told_by_its_place() {
        let told = |text: &str| Trust::parse(text).unwrap_err().iter().map(|p| p.pointer.clone()).collect::<Vec<_>>();
        assert_eq!(told("[]"), [""]);
        assert_eq!(told(r#"{"schema":"x","keys":[]}"#), ["/schema", "/keys"]);
        let key = r#"{"kty":"RSA","crv":"Ed25519","x":"AA","d":"AA","grp":["a",1],"not_after":"soon","more":1}"#;
        let text = format!(r#"{{"schema":"oidc-audit-trust/1","keys":[{key}]}}"#);
        let expected = ["d", "more", "kty", "x", "not_after", "grp"].map(|name| format!("/keys/0/{name}"));
        assert_eq!(told(&text), expected);
        let text =
            r#"{"schema":"oidc-audit-trust/1","keys":[{}],"writers":[1,{"grp":"a","more":1},{"spiffe":"x","grp":[]}]}"#;
        let writers: Vec<_> = told(text).into_iter().filter(|pointer| pointer.starts_with("/writers")).collect();
        assert_eq!(
            writers,
            ["/writers/0", "/writers/1/more", "/writers/1/spiffe", "/writers/1/grp", "/writers/2/spiffe"]
        );
    }

    #[test]
    fn rules_of_writers_replace_the_rule_of_namespaces() {
        let key = PublicKey::from_bytes([7; 32]);
        let mut jwk: Value = serde_json::from_str(&key.jwk()).unwrap();
        jwk["kid"] = key.thumbprint().to_string().into();
        let rule = |spiffe: &str, groups: &[&str]| serde_json::json!({"spiffe": spiffe, "grp": groups});
        let writers =
            [rule("spiffe://td/ns/shop/sa/gateway", &["shop/gateway/*"]), rule("spiffe://td/edge/*", &["-/*"])];
        let file = serde_json::json!({"schema": SCHEMA, "keys": [jwk], "writers": writers});
        let trust = Trust::parse(&file.to_string()).unwrap();
        for (id, group, leave) in [
            ("spiffe://td/ns/shop/sa/gateway", "shop/gateway/pod-1", Leave::Given),
            ("spiffe://td/ns/shop/sa/gateway", "shop/store/pod-1", Leave::Refused),
            ("spiffe://td/ns/bank/sa/gateway", "bank/gateway/pod-1", Leave::Refused),
            ("spiffe://td/edge/1", "-/-/node-1", Leave::Given),
        ] {
            assert_eq!(trust.leave(&SpiffeId::parse(id).unwrap(), group), leave, "{id} {group}");
        }
    }
}
