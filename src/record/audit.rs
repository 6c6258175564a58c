//! Drafts about the recorder itself: `audit.start`, `audit.stop`, `audit.drop`, `audit.config.rejected`.

use std::collections::BTreeMap;

use crate::record::class::Class;
use crate::record::draft::{Direction, Draft, Observer, sections};
use crate::record::event::{AuditEvent, Event};
use crate::record::keys::{KeyId, Keys};
use crate::record::model::{AuditSection, LossSection, Record};
use crate::record::notes::MAX_INTEGER;
use crate::record::privacy::Privacy;
use crate::record::text::{TEXT_LIMIT, clean};
use crate::rules::Finding;
use crate::time::Timestamp;

/// What `audit.start` states: under which settings the records of a stream are made.
#[derive(Debug)]
pub struct Start<'a> {
    /// SHA-256 of the effective configuration with secrets replaced by key ids, hex.
    pub config_digest: &'a str,
    /// JSON pointers of secrets that stand in the configuration itself.
    pub inline_secrets: &'a [String],
    /// Issuers that are watched.
    pub issuers: &'a [String],
    /// Keys in use: their ids and origin are stated.
    pub keys: &'a Keys,
    /// Profile and purpose.
    pub privacy: &'a Privacy,
    /// Whose key signs checkpoints: `configured`, `enrolled` or `unsigned`.
    pub signing: &'static str,
    /// Id of the key, where one is configured.
    pub signing_key: Option<&'a KeyId>,
    /// Names of the sinks.
    pub sinks: &'a [String],
    /// Version of the filter.
    pub version: &'a str,
    /// What is wrong with the settings.
    pub findings: &'a [Finding],
}

/// Why a stream ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StopReason {
    /// Another configuration takes over.
    Reload,
    /// The proxy ends.
    Shutdown,
}

/// What `audit.stop` states.
#[derive(Clone, Copy, Debug)]
pub struct Stop<'a> {
    /// Sealed records that were given up, as ranges of sequence numbers, both ends included.
    pub lost: &'a [(u64, u64)],
    /// Why the stream ends.
    pub reason: StopReason,
    /// Records of this stream, this one not counted.
    pub records: u64,
}

/// What was refused before it had a number and what was given up after, since the last statement.
#[derive(Clone, Copy, Debug)]
pub struct Dropped<'a> {
    /// How many were refused, by class and reason. Reasons are words of the code (`share`, `full`).
    pub counts: &'a BTreeMap<(Class, &'static str), u64>,
    /// Sealed records that were given up.
    pub losses: &'a [Loss<'a>],
    /// Time of the first.
    pub first: Timestamp,
    /// Time of the last.
    pub last: Timestamp,
}

/// Sealed records of this stream that one sink never acknowledged.
#[derive(Clone, Copy, Debug)]
pub struct Loss<'a> {
    /// Name of the sink.
    pub sink: &'a str,
    /// A word of the code: `refused`, `expired`.
    pub why: &'static str,
    /// Ranges of sequence numbers, both ends included; the caller keeps them few enough for one record.
    pub ranges: &'a [(u64, u64)],
}

/// `audit.start`: the first record of a stream.
#[must_use]
pub fn start(observer: &Observer, now: Timestamp, start: &Start<'_>) -> Draft {
    let ids = |ids: &mut dyn Iterator<Item = &KeyId>| ids.map(|id| id.as_str().to_owned()).collect::<Vec<_>>();
    let mut key_ids = BTreeMap::from([
        ("join".to_owned(), ids(&mut start.keys.join_ids())),
        ("pseudonym".to_owned(), ids(&mut start.keys.pseudonym_ids())),
    ]);
    if let Some(id) = start.signing_key {
        key_ids.insert("signing".to_owned(), vec![id.as_str().to_owned()]);
    }
    let section = AuditSection {
        config_digest: text(start.config_digest),
        inline_secrets: texts(start.inline_secrets),
        issuers: texts(start.issuers),
        key_ids,
        keys: Some(start.keys.origin().as_str().to_owned()),
        profile: Some(start.privacy.profile.as_str().to_owned()),
        purpose: start.privacy.purpose.as_deref().and_then(text),
        signing: Some(start.signing.to_owned()),
        sinks: texts(start.sinks),
        version: text(start.version),
        ..AuditSection::default()
    };
    let mut draft = audit(AuditEvent::Start, observer, now, section);
    draft.record_mut().findings = sections(start.findings);
    draft
}

/// `audit.stop`: the orderly end of a stream.
#[must_use]
pub fn stop(observer: &Observer, now: Timestamp, stop: &Stop<'_>) -> Draft {
    let section = AuditSection {
        lost: stop.lost.iter().take(MAX_LIST).map(|(first, last)| [*first, *last]).collect(),
        reason: Some(stop.reason.as_str().to_owned()),
        records: Some(stop.records.min(MAX_INTEGER)),
        ..AuditSection::default()
    };
    audit(AuditEvent::Stop, observer, now, section)
}

/// `audit.drop`: what was refused before it had a number, and what was given up after.
#[must_use]
pub fn drop(observer: &Observer, now: Timestamp, dropped: &Dropped<'_>) -> Draft {
    let count = |((class, why), count): (&(Class, &'static str), &u64)| {
        (format!("{}.{why}", class.as_str()), (*count).min(MAX_INTEGER))
    };
    let section = AuditSection {
        dropped: dropped.counts.iter().filter(|(_, count)| **count > 0).map(count).collect(),
        loss: dropped.losses.iter().filter(|loss| !loss.ranges.is_empty()).map(loss_section).collect(),
        first: Some(dropped.first.rfc3339_millis()),
        last: Some(dropped.last.rfc3339_millis()),
        ..AuditSection::default()
    };
    audit(AuditEvent::Drop, observer, now, section)
}

/// `audit.config.rejected`: a configuration was not taken. `problems` are pointers and causes, never values.
#[must_use]
pub fn config_rejected(observer: &Observer, now: Timestamp, config_digest: Option<&str>, problems: &[String]) -> Draft {
    let section = AuditSection {
        config_digest: config_digest.and_then(text),
        problems: texts(problems),
        ..AuditSection::default()
    };
    audit(AuditEvent::ConfigRejected, observer, now, section)
}

fn audit(event: AuditEvent, observer: &Observer, now: Timestamp, section: AuditSection) -> Draft {
    let record = Record {
        audit: Some(Box::new(section)),
        observer: observer.section(Direction::Unspecified),
        ..Record::of(Event::Audit(event), now)
    };
    Draft::new(record, Class::Issuance, None)
}

fn loss_section(loss: &Loss<'_>) -> LossSection {
    LossSection {
        ranges: loss.ranges.iter().map(|(first, last)| [*first, *last]).collect(),
        sink: text(loss.sink),
        why: loss.why.to_owned(),
    }
}

fn text(text: &str) -> Option<String> {
    Some(clean(text, TEXT_LIMIT).text).filter(|text| !text.is_empty())
}

fn texts(list: &[String]) -> Vec<String> {
    list.iter().take(MAX_LIST).filter_map(|item| text(item)).collect()
}

impl StopReason {
    /// The word that the record uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reload => "reload",
            Self::Shutdown => "shutdown",
        }
    }
}

/// A statement must fit into a record.
const MAX_LIST: usize = 64;
