//! A finding as a record, `finding.raised`: the collector's own words, in canonical form and in a stream of their own.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oidc_audit::time::Timestamp;
use serde::{Serialize, Serializer};

use crate::collect::line::{Kind, RecordId};
use crate::failure::Failure;
use crate::findings::context::{Evidence, Finding};
use crate::findings::sight::{FINDING, SCHEMA};
use crate::moment;

/// Numbers the records of one run.
#[derive(Debug)]
pub(crate) struct Writer {
    stream: u128,
    written: u64,
}

/// What a finding says, without the envelope of a record. Members stand in the order of their names.
#[derive(Debug, Serialize)]
pub(crate) struct Body<'a> {
    at: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    attempt: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    evidence: BTreeMap<&'static str, &'a Evidence>,
    key: &'a str,
    name: &'static str,
    records: Vec<String>,
    reference: &'static str,
    rule: &'static str,
    severity: &'static str,
}

/// Members stand in the order of their names, as RFC 8785 wants them.
#[derive(Serialize)]
struct Record<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<Client<'a>>,
    event: &'static str,
    finding: Body<'a>,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<&'a str>,
    observer: Observer,
    salt: &'a str,
    schema: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source<'a>>,
    ts: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Client<'a> {
    id: &'a str,
}

#[derive(Serialize)]
struct Observer {
    workload: &'static str,
}

#[derive(Debug, Serialize)]
pub(crate) struct Source<'a> {
    address: &'a str,
}

impl Writer {
    /// Draws the stream.
    ///
    /// # Errors
    ///
    /// The operating system gives no randomness.
    pub(crate) fn new() -> Result<Self, Failure> {
        Ok(Self { stream: u128::from_be_bytes(random()?), written: 0 })
    }

    /// The canonical line of a finding, and its id.
    ///
    /// # Errors
    ///
    /// The operating system gives no randomness.
    pub(crate) fn line(&mut self, finding: &Finding, now: Timestamp) -> Result<(RecordId, String), Failure> {
        let salt = URL_SAFE_NO_PAD.encode(random()?);
        self.written += 1;
        let id = RecordId { stream: self.stream, kind: Kind::Record, number: self.written };
        let record = Record {
            client: client(finding),
            event: FINDING,
            finding: Body::of(finding),
            id: id.to_string(),
            issuer: finding.issuer.as_deref(),
            observer: Observer { workload: "oidc-audit" },
            salt: &salt,
            schema: SCHEMA,
            source: source(finding),
            ts: moment::rfc3339(now),
        };
        // Texts and integers: that cannot fail, and an empty line would be refused.
        Ok((id, serde_json::to_string(&record).unwrap_or_default()))
    }
}

impl<'a> Body<'a> {
    pub(crate) fn of(finding: &'a Finding) -> Self {
        Self {
            at: moment::rfc3339(time(finding.at)),
            attempt: finding.attempt,
            evidence: finding.evidence.iter().map(|(name, value)| (*name, value)).collect(),
            key: &finding.key,
            name: finding.rule.name,
            records: finding.records.iter().map(ToString::to_string).collect(),
            reference: finding.rule.reference,
            rule: finding.rule.id,
            severity: finding.severity.as_str(),
        }
    }
}

pub(crate) fn client(finding: &Finding) -> Option<Client<'_>> {
    finding.client.as_deref().map(|id| Client { id })
}

pub(crate) fn source(finding: &Finding) -> Option<Source<'_>> {
    finding.source.as_deref().map(|address| Source { address })
}

pub(crate) fn time(millis: u64) -> Timestamp {
    Timestamp::from_micros(millis.saturating_mul(1_000))
}

impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Word(word) => serializer.serialize_str(word),
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Word(word) => f.write_str(&word.replace('_', " ")),
        }
    }
}

fn random() -> Result<[u8; 16], Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| Failure::new("the operating system gives no randomness"))?;
    Ok(bytes)
}
