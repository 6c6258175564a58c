//! What the recorder did, as numbers, and the metric names that they are mirrored under.
//!
//! Counting is all that happens here: the shell reads [`Counters::metrics`] and adds the differences to the host's.

use std::collections::BTreeMap;

use crate::record::Class;
use crate::rules::{Finding, Severity};
use crate::time::Timestamp;

/// Numbers since the recorder began. *Events* are what drafts stand for: a coalesced one counts all of its own.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Counters {
    /// Events that were drafted, `audit.*` among them.
    pub created: u64,
    /// Those of them that are `audit.*`.
    pub audit: u64,
    /// Events that entered a batch.
    pub sealed: u64,
    /// Events whose record the sink has acknowledged.
    pub acknowledged: u64,
    /// Events whose sealed record was given up; each is named in an `audit.drop` record.
    pub lost: u64,
    /// Checkpoints that were written.
    pub checkpoints: u64,
    /// Checkpoints that were given up; each is named in a later one.
    pub checkpoints_lost: u64,
    /// Events that became part of another event's record.
    pub coalesced: u64,
    /// Deliveries handed out.
    pub deliveries: u64,
    /// Deliveries that are to be tried again.
    pub retried: u64,
    /// Deliveries that were halved because the sink refused the whole.
    pub split: u64,
    /// Replies of the sink by the first digit of their status; `None`: there was none.
    pub replies: BTreeMap<Option<ReplyClass>, u64>,
    /// Exchanges with a body that a limit cut.
    pub bodies_truncated: u64,
    /// Exchanges with a body whose content coding could not be undone.
    pub undecoded: u64,
    /// Metadata documents and JWK Sets learned, from the wire, a fetch or another VM.
    pub learned: u64,
    /// Metadata documents and JWK Sets that were not taken.
    pub metadata_refused: u64,
    /// Accepted uses of access tokens that were counted and not recorded.
    pub uses_counted: u64,
    /// Access tokens that were forgotten within their window, for want of room: their next use is recorded again.
    pub uses_evicted: u64,
    /// Bytes of drafts and sealed batches in memory, at this moment.
    pub queue_bytes: u64,
    /// Sealed batches in memory, at this moment.
    pub sealed_batches: u64,
    /// When the sink last acknowledged something.
    pub last_acknowledged: Option<Timestamp>,
    dropped: BTreeMap<(Class, DropReason), u64>,
    findings: [u64; 5],
}

/// Why a draft was refused before it had a number.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum DropReason {
    /// It made room for a draft of class issuance.
    Evicted,
    /// All memory is taken by drafts of class issuance and by sealed batches.
    Full,
    /// The host gave no random bytes: without an id of its exchange a record says too little.
    NoEntropy,
    /// The share of its class is used up.
    Share,
}

/// The first digit of an HTTP status.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ReplyClass {
    /// 2xx
    Success,
    /// 3xx
    Redirection,
    /// 4xx
    ClientError,
    /// 5xx
    ServerError,
    /// Anything else.
    Other,
}

/// One number under its name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Metric {
    /// `oidcaudit.` and words of `[a-z0-9_]`, joined by dots. Stable.
    pub name: &'static str,
    /// How the shell mirrors it.
    pub kind: MetricKind,
    /// The value now.
    pub value: u64,
}

/// How a number behaves. The host's metrics are shared by all VMs of a process.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MetricKind {
    /// Only grows: increment the host's counter by the difference.
    Counter,
    /// Grows and shrinks: change the host's gauge by the difference, so that it is the sum over the VMs.
    Gauge,
    /// A point in time in seconds: record it when it changes, so that the newest of all VMs shows.
    Latest,
}

impl Counters {
    /// Every number under its name, in a fixed order; the same names whatever the values.
    #[must_use]
    pub fn metrics(&self) -> Vec<Metric> {
        let counter = |(name, value)| Metric { name, kind: MetricKind::Counter, value };
        let gauge = |(name, value)| Metric { name, kind: MetricKind::Gauge, value };
        let latest = self.last_acknowledged.map_or(0, Timestamp::as_secs);
        let dropped = DROPPED.iter().map(|(class, reason, name)| (*name, self.dropped_by(*class, *reason)));
        let replies = REPLIES.iter().map(|(class, name)| (*name, self.replies.get(class).copied().unwrap_or_default()));
        let findings = FINDINGS.iter().zip(self.findings).map(|((_, name), count)| (*name, count));
        self.plain()
            .into_iter()
            .chain(findings)
            .chain(dropped)
            .chain(replies)
            .map(counter)
            .chain(
                [("oidcaudit.queue_bytes", self.queue_bytes), ("oidcaudit.sealed_batches", self.sealed_batches)]
                    .map(gauge),
            )
            .chain([Metric { name: "oidcaudit.last_acknowledged", kind: MetricKind::Latest, value: latest }])
            .collect()
    }

    /// Events dropped of one class for one reason.
    #[must_use]
    pub fn dropped_by(&self, class: Class, reason: DropReason) -> u64 {
        self.dropped.get(&(class, reason)).copied().unwrap_or_default()
    }

    /// Events dropped in all.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Events dropped, by class and reason.
    pub(super) fn drops(&self) -> impl Iterator<Item = (Class, DropReason, u64)> {
        self.dropped.iter().map(|((class, reason), count)| (*class, *reason, *count))
    }

    /// Events that are neither acknowledged nor dropped nor given up: they are in memory alone.
    #[must_use]
    pub fn unacknowledged(&self) -> u64 {
        self.created.saturating_sub(self.acknowledged).saturating_sub(self.dropped()).saturating_sub(self.lost)
    }

    pub(super) fn count_dropped(&mut self, class: Class, reason: DropReason, events: u64) {
        add(self.dropped.entry((class, reason)).or_default(), events);
    }

    pub(super) fn count_reply(&mut self, status: Option<u16>) {
        add(self.replies.entry(status.map(ReplyClass::of)).or_default(), 1);
    }

    pub(super) fn count_findings(&mut self, findings: &[Finding]) {
        for finding in findings {
            let counts = FINDINGS.iter().zip(&mut self.findings);
            for (_, count) in counts.filter(|((severity, _), _)| *severity == finding.severity) {
                add(count, 1);
            }
        }
    }

    fn plain(&self) -> [(&'static str, u64); 17] {
        [
            ("oidcaudit.created", self.created),
            ("oidcaudit.audit", self.audit),
            ("oidcaudit.sealed", self.sealed),
            ("oidcaudit.acknowledged", self.acknowledged),
            ("oidcaudit.lost", self.lost),
            ("oidcaudit.checkpoints", self.checkpoints),
            ("oidcaudit.checkpoints_lost", self.checkpoints_lost),
            ("oidcaudit.coalesced", self.coalesced),
            ("oidcaudit.deliveries", self.deliveries),
            ("oidcaudit.retried", self.retried),
            ("oidcaudit.split", self.split),
            ("oidcaudit.bodies_truncated", self.bodies_truncated),
            ("oidcaudit.undecoded", self.undecoded),
            ("oidcaudit.learned", self.learned),
            ("oidcaudit.metadata_refused", self.metadata_refused),
            ("oidcaudit.uses_counted", self.uses_counted),
            ("oidcaudit.uses_evicted", self.uses_evicted),
        ]
    }
}

impl DropReason {
    /// The word that `audit.drop` and metrics use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Evicted => "evicted",
            Self::Full => "full",
            Self::NoEntropy => "no_entropy",
            Self::Share => "share",
        }
    }
}

impl ReplyClass {
    fn of(status: u16) -> Self {
        match status {
            200..=299 => Self::Success,
            300..=399 => Self::Redirection,
            400..=499 => Self::ClientError,
            500..=599 => Self::ServerError,
            _ => Self::Other,
        }
    }
}

/// Adds without ever wrapping.
pub(super) fn add(number: &mut u64, more: u64) {
    *number = number.saturating_add(more);
}

/// The class stands after `.class.` and the reason after `.reason.`, where the tag rules of the documentation look.
const DROPPED: [(Class, DropReason, &str); 12] = [
    (Class::Failure, DropReason::Evicted, "oidcaudit.dropped.class.failure.reason.evicted"),
    (Class::Failure, DropReason::Full, "oidcaudit.dropped.class.failure.reason.full"),
    (Class::Failure, DropReason::NoEntropy, "oidcaudit.dropped.class.failure.reason.no_entropy"),
    (Class::Failure, DropReason::Share, "oidcaudit.dropped.class.failure.reason.share"),
    (Class::Normal, DropReason::Evicted, "oidcaudit.dropped.class.normal.reason.evicted"),
    (Class::Normal, DropReason::Full, "oidcaudit.dropped.class.normal.reason.full"),
    (Class::Normal, DropReason::NoEntropy, "oidcaudit.dropped.class.normal.reason.no_entropy"),
    (Class::Normal, DropReason::Share, "oidcaudit.dropped.class.normal.reason.share"),
    (Class::Issuance, DropReason::Evicted, "oidcaudit.dropped.class.issuance.reason.evicted"),
    (Class::Issuance, DropReason::Full, "oidcaudit.dropped.class.issuance.reason.full"),
    (Class::Issuance, DropReason::NoEntropy, "oidcaudit.dropped.class.issuance.reason.no_entropy"),
    (Class::Issuance, DropReason::Share, "oidcaudit.dropped.class.issuance.reason.share"),
];

/// The same of `.severity.`.
const FINDINGS: [(Severity, &str); 5] = [
    (Severity::Info, "oidcaudit.findings.severity.info"),
    (Severity::Low, "oidcaudit.findings.severity.low"),
    (Severity::Medium, "oidcaudit.findings.severity.medium"),
    (Severity::High, "oidcaudit.findings.severity.high"),
    (Severity::Critical, "oidcaudit.findings.severity.critical"),
];

/// The same of `.status.`.
const REPLIES: [(Option<ReplyClass>, &str); 6] = [
    (None, "oidcaudit.replies.status.none"),
    (Some(ReplyClass::Success), "oidcaudit.replies.status.2xx"),
    (Some(ReplyClass::Redirection), "oidcaudit.replies.status.3xx"),
    (Some(ReplyClass::ClientError), "oidcaudit.replies.status.4xx"),
    (Some(ReplyClass::ServerError), "oidcaudit.replies.status.5xx"),
    (Some(ReplyClass::Other), "oidcaudit.replies.status.other"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_its_own_and_of_plain_characters() {
        let metrics = Counters::default().metrics();
        let names: BTreeSet<&str> = metrics.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), metrics.len());
        for name in names {
            let rest = name.strip_prefix("oidcaudit.").unwrap();
            assert!(rest.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.')), "{name}");
        }
    }

    #[test]
    fn a_drop_shows_under_its_class_and_reason() {
        let mut counters = Counters::default();
        for (class, reason, name) in DROPPED {
            counters.count_dropped(class, reason, 1);
            let metric = counters.metrics().into_iter().find(|metric| metric.name == name).unwrap();
            assert_eq!(metric.value, 1);
            assert!(name.ends_with(&format!(".class.{}.reason.{}", class.as_str(), reason.as_str())));
        }
        assert_eq!(counters.dropped(), 12);
    }

    #[test]
    fn replies_are_counted_by_their_first_digit() {
        let mut counters = Counters::default();
        for status in [Some(200), Some(204), Some(302), Some(403), Some(507), Some(700), None] {
            counters.count_reply(status);
        }
        let values: Vec<u64> = REPLIES.iter().map(|(class, _)| counters.replies[class]).collect();
        assert_eq!(values, [1, 2, 1, 1, 1, 1]);
    }
}
