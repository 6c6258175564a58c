//! What a record says of itself and of the trail.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What one rule found (`docs/findings.md`).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct FindingSection {
    /// What it rests on: names of members, and verdicts (`redirect_uri=userinfo`); never values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// Id of the rule (`A-01`); `.attempt` follows where the exchange was refused.
    pub rule: String,
    /// `info`, `low`, `medium`, `high` or `critical`.
    pub severity: String,
}

/// The strongest anchor visible in the exchange.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct FlowSection {
    /// A join role.
    pub anchor: String,
    /// Its first value.
    pub id: String,
    /// At a broker: the id of the flow with the other authorization server, where one exchange shows both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
}

/// This record stands for several identical failures, or uses of one access token.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct CoalescedSection {
    /// How many exchanges, at least 1.
    pub count: u64,
    /// Start of the first: RFC 3339.
    pub first: String,
    /// Start of the last: RFC 3339.
    pub last: String,
}

/// How much of the exchange was seen.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct IntegritySection {
    /// Names of parameters that were sent more than once and may not be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ambiguous: Vec<String>,
    /// `:authority` and `Host` differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority_conflict: Option<bool>,
    /// Basic credentials were not form-encoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basic_not_encoded: Option<bool>,
    /// The shape rule that takes the request for another kind than its endpoint is; the endpoint wins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflict: Option<String>,
    /// `Content-Type` was missing where one is required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type_missing: Option<bool>,
    /// Members whose strings were cut at their limit (`request.scope`), sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cut: Vec<String>,
    /// Members that were sent and are no value, and why: `duplicate`, `empty`, `range`, `too_long`, `type`, `utf8`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub malformed: BTreeMap<String, String>,
    /// Another method is asked for by a field or parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method_override: Option<bool>,
    /// A parameter list was cut at its limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters_cut: Option<bool>,
    /// `complete`, `truncated`, `undecoded` or `unparseable`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_body: Option<String>,
    /// The same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_body: Option<String>,
}

/// Content of `audit.*` events.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct AuditSection {
    /// `audit.start`: SHA-256 of the effective configuration with secrets replaced by key ids, hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_digest: Option<String>,
    /// `audit.drop`: how many events were refused before they had a number, by class and reason (`failure.share`), since the last such record.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dropped: BTreeMap<String, u64>,
    /// `audit.drop`: time of the first: RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// `audit.start`: pointers of secrets that stand in the configuration itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inline_secrets: Vec<String>,
    /// `audit.start`: issuers that are watched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issuers: Vec<String>,
    /// `audit.start`: ids of the keys in use, the current one first, under `join` and `pseudonym`, and under `signing`
    /// where one is configured.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub key_ids: BTreeMap<String, Vec<String>>,
    /// `audit.start`: `configured` or `ephemeral`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<String>,
    /// `audit.drop`: time of the last: RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// `audit.drop`: sealed records that were given up since the last such record, by sink and reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loss: Vec<LossSection>,
    /// `audit.stop`: sealed batches that were given up, as ranges of sequence numbers `[from, to]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<[u64; 2]>,
    /// `audit.config.rejected`: JSON pointer and problem of each mistake.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// `audit.start`: privacy profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// `audit.start`: the stated purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// `audit.stop`: `reload` or `shutdown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// `audit.stop`: protocol records of this stream, this one not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// `audit.start`: whose key signs checkpoints: `configured`, `enrolled` or `unsigned`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing: Option<String>,
    /// `audit.start`: names of the sinks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sinks: Vec<String>,
    /// `audit.start`: version of the filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// Sealed records that one sink never acknowledged.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct LossSection {
    /// Ranges of sequence numbers of this stream, `[from, to]`, both ends included.
    pub ranges: Vec<[u64; 2]>,
    /// Name of the sink.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sink: Option<String>,
    /// `refused` (the sink refuses this record for good) or `expired` (it took too long, and memory was needed).
    pub why: String,
}
