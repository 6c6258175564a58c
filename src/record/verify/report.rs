//! What a verifier concludes.

use serde::Serialize;

use crate::record::evidence::Skew;
use crate::record::verify::problem::{Problem, Verdict};
use crate::record::verify::stream::Stream;
use crate::record::verify::verifier::worst;
use crate::time::Timestamp;

/// Of a whole export. Its JSON is the one of `docs/verification.md`.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Names the form.
    pub schema: &'static str,
    /// 0 intact, 1 incomplete, 2 tampered, 3 undecided.
    pub exit: u8,
    /// The worst of all streams.
    pub verdict: Verdict,
    /// Microseconds since 1970: as of when ends were judged.
    pub as_of: u64,
    /// Lines that are records, copies included.
    pub records: u64,
    /// Checkpoints that count.
    pub checkpoints: u64,
    /// People that were looked up, by the statements that are believed.
    pub lookups: u64,
    /// Lines that are neither.
    pub other: u64,
    /// What belongs to no stream that is there.
    pub problems: Vec<Problem>,
    /// By stream id.
    pub streams: Vec<StreamReport>,
}

/// Of one stream.
#[derive(Clone, Debug, Serialize)]
pub struct StreamReport {
    /// 32 hex digits.
    pub stream: String,
    /// The writer group that it claims.
    pub group: Option<String>,
    /// Whose word that is: the SPIFFE id that its keys are bound to, or `asserted` of a configured key's; `None`: nobody's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub writer: Option<String>,
    /// The worst of its problems.
    pub verdict: Verdict,
    /// How it ends.
    pub end: End,
    /// Lines that are records of it, copies included.
    pub records: u64,
    /// Checkpoints of it that count.
    pub checkpoints: u64,
    /// How far providers' clocks were from the proxy's, as the newest checkpoints that say so have it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skew: Vec<Skew>,
    /// Sorted, each once.
    pub problems: Vec<Problem>,
}

/// How a stream ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// With a `close`.
    Closed,
    /// Nothing was pending, and its writer group went on in another stream.
    EndedIdle,
    /// Within its promise.
    Live,
    /// It has no checkpoint that counts.
    None,
    /// Beyond the window.
    Outside,
    /// A sibling knows more of it.
    Truncated,
    /// Without a word.
    UncleanEnd,
}

impl Report {
    pub(super) fn new(streams: Vec<StreamReport>, mut problems: Vec<Problem>, as_of: Timestamp, other: u64) -> Self {
        problems.sort();
        problems.dedup();
        let all = streams.iter().map(|stream| stream.verdict).chain(problems.iter().map(|p| p.kind.verdict()));
        let verdict = if streams.is_empty() { Verdict::Undecided.max(worst(all)) } else { worst(all) };
        Self {
            schema: SCHEMA,
            exit: verdict.exit_code(),
            verdict,
            as_of: as_of.as_micros(),
            records: streams.iter().map(|stream| stream.records).sum(),
            checkpoints: streams.iter().map(|stream| stream.checkpoints).sum(),
            lookups: 0,
            other,
            problems,
            streams,
        }
    }
}

impl StreamReport {
    pub(super) fn of(stream: Stream, end: End) -> Self {
        let (records, checkpoints, id, writer) = (stream.records(), stream.checkpoints(), stream.id, stream.writer());
        let skew = stream.skew().to_vec();
        let group = stream.group;
        let mut problems = stream.problems;
        problems.sort();
        problems.dedup();
        let verdict = worst(problems.iter().map(|problem| problem.kind.verdict()));
        Self { stream: id.to_string(), group, writer, verdict, end, records, checkpoints, skew, problems }
    }
}

impl End {
    /// In words, for a person.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::EndedIdle => "ended idle",
            Self::Live => "live",
            Self::None => "never sealed",
            Self::Outside => "goes on outside",
            Self::Truncated => "cut",
            Self::UncleanEnd => "unclean end",
        }
    }
}

const SCHEMA: &str = "oidc-audit-verify/1";
