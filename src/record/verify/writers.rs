//! Who writes: SPIFFE ids of workloads, and the writer groups that each may write for (`docs/record-format.md`, "Trust file").

use std::fmt;

use serde_json::Value;

use crate::record::verify::pattern::matches;
use crate::record::verify::trust::TrustProblem;

/// The name of a workload in a mesh, `spiffe://<trust domain>/<path>`, in its one spelling
/// ([SPIFFE-ID §2](https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md#2-spiffe-identity)). At most 2048 bytes;
/// no secret.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct SpiffeId(Box<str>);

/// What a trust file says of a workload that writes for a group.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Leave {
    /// It may.
    Given,
    /// It may not.
    Refused,
    /// Nothing says whether it may: there are no `writers`, and the id is none of Istio's.
    Unsaid,
}

/// An entry of `writers`.
#[derive(Clone, Debug)]
pub(super) struct WriterRule {
    spiffe: String,
    groups: Vec<String>,
}

impl SpiffeId {
    /// `None`: it is none, or longer than 2048 bytes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (domain, path) = text.strip_prefix("spiffe://").filter(|_| text.len() <= MAX_ID)?.split_once('/')?;
        let low = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
        let whole = !domain.is_empty() && domain.len() <= MAX_DOMAIN && domain.bytes().all(low);
        (whole && path.split('/').all(is_segment)).then(|| Self(text.into()))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Of `spiffe://<trust domain>/ns/<namespace>/sa/<account>`.
    fn namespace(&self) -> Option<&str> {
        let mut parts = self.0.split('/').skip(3);
        let (ns, namespace, sa, account) = (parts.next()?, parts.next()?, parts.next()?, parts.next());
        (ns == "ns" && sa == "sa" && account.is_some() && parts.next().is_none()).then_some(namespace)
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl WriterRule {
    pub(super) fn parse(pointer: &str, entry: &Value, problems: &mut Vec<TrustProblem>) -> Option<Self> {
        let mut wrong =
            |name: &str, expected| problems.push(TrustProblem { pointer: format!("{pointer}{name}"), expected });
        let Some(members) = entry.as_object() else {
            wrong("", "an object with spiffe and grp");
            return None;
        };
        if let Some(name) = members.keys().find(|name| !["grp", "spiffe"].contains(&name.as_str())) {
            wrong(&format!("/{name}"), "no such member");
        }
        let spiffe = members.get("spiffe").and_then(Value::as_str).filter(|text| text.starts_with("spiffe://"));
        if spiffe.is_none() {
            wrong("/spiffe", "a SPIFFE id, or a pattern of some");
        }
        let texts = |list: &Vec<Value>| list.iter().map(|item| item.as_str().map(str::to_owned)).collect();
        let groups: Option<Vec<String>> = members.get("grp").and_then(Value::as_array).and_then(texts);
        if groups.is_none() {
            wrong("/grp", "a list of patterns");
        }
        Some(Self { spiffe: spiffe?.to_owned(), groups: groups? })
    }

    fn lets(&self, id: &SpiffeId, group: &str) -> bool {
        matches(&self.spiffe, id.as_str()) && self.groups.iter().any(|pattern| matches(pattern, group))
    }
}

/// Whether a workload may write for a group. Without rules, the namespace of an id of Istio's is the first part of the group.
pub(super) fn leave(rules: Option<&[WriterRule]>, id: &SpiffeId, group: &str) -> Leave {
    let may = match (rules, id.namespace()) {
        (Some(rules), _) => rules.iter().any(|rule| rule.lets(id, group)),
        (None, Some(namespace)) => group.split_once('/').is_some_and(|(first, _)| first == namespace),
        (None, None) => return Leave::Unsaid,
    };
    if may { Leave::Given } else { Leave::Refused }
}

fn is_segment(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    !matches!(text, "" | "." | "..") && text.bytes().all(plain)
}

/// SPIFFE-ID §2.3.
const MAX_ID: usize = 2048;
/// SPIFFE-ID §2.1.
const MAX_DOMAIN: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        for good in ["spiffe://cluster.local/ns/shop/sa/gateway", "spiffe://td/x", "spiffe://td/A/b-c_d.e"] {
            assert_eq!(SpiffeId::parse(good).map(|id| id.to_string()).as_deref(), Some(good));
        }
        for bad in [
            "spiffe://td",
            "spiffe://td/",
            "spiffe:///x",
            "spiffe://TD/x",
            "spiffe://td:1/x",
            "spiffe://td/x/",
            "spiffe://td//x",
            "spiffe://td/../x",
            "spiffe://td/x?y",
            "spiffe://td/x#y",
            "spiffe://td/%41",
            "SPIFFE://td/x",
            "https://td/x",
            "",
        ] {
            assert_eq!(SpiffeId::parse(bad), None, "{bad}");
        }
        let of = |length: usize| SpiffeId::parse(&format!("spiffe://td/{}", "x".repeat(length - 12))).is_some();
        assert!(of(2048) && !of(2049));
    }

    #[test]
    fn without_rules_a_namespace_speaks_for_itself() {
        let leave = |id: &str, group: &str| super::leave(None, &SpiffeId::parse(id).unwrap(), group);
        let istio = "spiffe://cluster.local/ns/shop/sa/gateway";
        assert_eq!(leave(istio, "shop/gateway/pod-1"), Leave::Given);
        for other in ["bank/gateway/pod-1", "shop", "shopping/gateway/pod-1", "", "-/-/pod"] {
            assert_eq!(leave(istio, other), Leave::Refused, "{other}");
        }
        for shapeless in
            ["spiffe://td/shop", "spiffe://td/ns/shop/sa", "spiffe://td/ns/shop/sa/a/b", "spiffe://td/x/ns/shop/sa/a"]
        {
            assert_eq!(leave(shapeless, "shop/gateway/pod-1"), Leave::Unsaid, "{shapeless}");
        }
    }
}
