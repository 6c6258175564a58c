//! How far the records can be trusted: numbers that are missing, streams that fell silent, keys, drops, clocks.
//!
//! Checkpoints are counted and not read: all of this is what the records say of themselves.

use std::collections::BTreeMap;
use std::rc::Rc;

use oidc_audit::time::Timestamp;

use crate::moment;
use crate::timeline::entry::Entry;
use crate::timeline::role::Role;

/// Of everything that was read.
#[derive(Debug)]
pub(crate) struct Trail {
    /// In the order of their first records.
    pub(crate) streams: Vec<Stream>,
    pub(crate) keys: KeyOrigin,
    pub(crate) drops: Drops,
    pub(crate) skew: Option<Skew>,
    /// Proxies that said that they run without auditing.
    pub(crate) unaudited: u64,
}

/// One root context of one proxy worker.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) id: u128,
    pub(crate) node: Option<Rc<str>>,
    pub(crate) records: u64,
    /// The smallest and the greatest number seen.
    pub(crate) numbers: Range,
    /// Start of the first and of the last exchange seen.
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    /// Its `audit.stop`: its number and time.
    pub(crate) stopped: Option<(u64, Timestamp)>,
    /// Numbers that are not here, although greater ones are; without those before the smallest seen.
    pub(crate) missing: Vec<Range>,
    /// Those of them that `audit.stop` declares lost.
    pub(crate) declared: u64,
}

/// Numbers of records, both ends included.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Range {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum KeyOrigin {
    Configured,
    /// Somewhere: records of two processes, or of one before and after its restart, do not join.
    Ephemeral,
    /// Nothing tells.
    Unknown,
}

/// What was refused before it had a number, as `audit.drop` declares it.
#[derive(Debug, Default)]
pub(crate) struct Drops {
    pub(crate) total: u64,
    /// By class and reason.
    pub(crate) by: BTreeMap<Rc<str>, u64>,
    pub(crate) window: Option<(Timestamp, Timestamp)>,
}

/// Two proxies that saw one request at times that cannot both be right.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Skew {
    /// At least.
    pub(crate) millis: u64,
    pub(crate) streams: [u128; 2],
}

impl Trail {
    pub(crate) fn read(entries: &[Entry]) -> Self {
        let audit = || entries.iter().filter(|entry| entry.is_audit());
        Self {
            streams: streams(entries),
            keys: KeyOrigin::read(entries),
            drops: Drops::read(audit()),
            skew: skew(entries),
            unaudited: count(audit().filter(|entry| &*entry.event == "audit.config.rejected")),
        }
    }

    /// Numbers that are missing, and that nothing declares.
    pub(crate) fn undeclared(&self) -> u64 {
        self.streams.iter().map(Stream::undeclared).fold(0, u64::saturating_add)
    }

    /// Numbers that are missing, and that `audit.stop` declares lost.
    pub(crate) fn declared(&self) -> u64 {
        self.streams.iter().map(|stream| stream.declared).fold(0, u64::saturating_add)
    }

    /// Streams without their `audit.stop`: running, or ended without a word.
    pub(crate) fn silent(&self) -> impl Iterator<Item = &Stream> {
        self.streams.iter().filter(|stream| stream.stopped.is_none())
    }

    /// Streams whose beginning is not here: an export of a window, or a cut.
    pub(crate) fn headless(&self) -> u64 {
        count(self.streams.iter().filter(|stream| stream.numbers.first > 1))
    }

    /// Streams that go on after their end.
    pub(crate) fn undead(&self) -> u64 {
        count(self.streams.iter().filter(|stream| stream.stopped.is_some_and(|(end, _)| stream.numbers.last > end)))
    }
}

impl Stream {
    pub(crate) fn undeclared(&self) -> u64 {
        let missing = self.missing.iter().map(|range| range.len()).fold(0, u64::saturating_add);
        missing.saturating_sub(self.declared)
    }
}

impl Range {
    fn len(self) -> u64 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }

    fn overlap(self, other: Self) -> u64 {
        let both = Self { first: self.first.max(other.first), last: self.last.min(other.last) };
        if both.first > both.last { 0 } else { both.len() }
    }
}

impl KeyOrigin {
    /// The word in JSON.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::Ephemeral => "ephemeral",
            Self::Unknown => "unknown",
        }
    }

    /// Ids of ephemeral keys begin with `e`; `audit.start` says it in a word.
    fn read(entries: &[Entry]) -> Self {
        let mut origin = Self::Unknown;
        for entry in entries {
            let said = entry.audit.as_ref().and_then(|audit| audit.keys.as_deref());
            if said == Some("ephemeral")
                || entry.joins.iter().any(|(_, value)| value.starts_with('e') && value.contains('.'))
            {
                return Self::Ephemeral;
            }
            if said == Some("configured") || !entry.joins.is_empty() {
                origin = Self::Configured;
            }
        }
        origin
    }
}

impl Drops {
    fn read<'a>(audit: impl Iterator<Item = &'a Entry>) -> Self {
        let mut drops = Self::default();
        for section in audit.filter(|entry| &*entry.event == "audit.drop").filter_map(|entry| entry.audit.as_ref()) {
            for (what, count) in &section.dropped {
                let sum = drops.by.entry(what.as_str().into()).or_default();
                *sum = sum.saturating_add(*count);
                drops.total = drops.total.saturating_add(*count);
            }
            let time = |text: &Option<String>| text.as_deref().and_then(moment::parse);
            if let (Some(first), Some(last)) = (time(&section.first), time(&section.last)) {
                let (from, to) = drops.window.unwrap_or((first, last));
                drops.window = Some((from.min(first), to.max(last)));
            }
        }
        drops
    }
}

fn streams(entries: &[Entry]) -> Vec<Stream> {
    let mut by_stream: BTreeMap<u128, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        by_stream.entry(entry.id.stream).or_default().push(entry);
    }
    let mut streams: Vec<_> = by_stream.into_iter().filter_map(|(id, own)| stream(id, own)).collect();
    streams.sort_by_key(|stream| (stream.from, stream.id));
    streams
}

fn stream(id: u128, mut own: Vec<&Entry>) -> Option<Stream> {
    own.sort_by_key(|entry| entry.id);
    own.dedup_by_key(|entry| entry.id);
    let numbers = Range { first: own.first()?.id.number, last: own.last()?.id.number };
    let missing: Vec<Range> = own
        .iter()
        .zip(own.iter().skip(1))
        .map(|(one, next)| Range { first: one.id.number.saturating_add(1), last: next.id.number.saturating_sub(1) })
        .filter(|range| range.first <= range.last)
        .collect();
    let stop = own.iter().find(|entry| &*entry.event == "audit.stop");
    let lost = stop.and_then(|entry| entry.audit.as_ref()).map(|audit| audit.lost.as_slice()).unwrap_or_default();
    Some(Stream {
        id,
        node: own.iter().find_map(|entry| entry.node.clone()),
        records: count(own.iter()),
        numbers,
        from: own.iter().map(|entry| entry.at).min()?,
        to: own.iter().map(|entry| entry.at).max()?,
        stopped: stop.map(|entry| (entry.id.number, entry.at)),
        declared: declared(&missing, lost),
        missing,
    })
}

fn declared(missing: &[Range], lost: &[[u64; 2]]) -> u64 {
    let mut lost: Vec<_> = lost.iter().map(|[first, last]| Range { first: *first, last: *last }).collect();
    lost.sort_by_key(|range| (range.first, range.last));
    let mut next = 0;
    let mut sum: u64 = 0;
    for range in lost {
        // What two ranges declare is declared once.
        let rest = Range { first: range.first.max(next), last: range.last };
        next = next.max(range.last.saturating_add(1));
        sum = missing.iter().map(|gap| gap.overlap(rest)).fold(sum, u64::saturating_add);
    }
    sum
}

/// The widest disagreement about one `x-request-id` and event. Requests that two proxies saw overlap in time; an id that
/// comes more often than a request has hops, or with other codes and tokens, is no id.
fn skew(entries: &[Entry]) -> Option<Skew> {
    let mut by_request: BTreeMap<(&str, &str), Vec<&Entry>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| !entry.is_audit()) {
        if let Some(id) = &entry.request_id {
            by_request.entry((id, &entry.event)).or_default().push(entry);
        }
    }
    let pairs = by_request.values().filter_map(|seen| match seen.as_slice() {
        [earlier, later] if is_one_request(earlier, later) => Some((earlier, later)),
        _ => None,
    });
    let skews = pairs.map(|(earlier, later)| Skew {
        millis: later.at.millis_since(earlier.ended()),
        streams: [earlier.id.stream, later.id.stream],
    });
    skews.filter(|skew| (SKEW_MILLIS..=REQUEST_ID_MILLIS).contains(&skew.millis)).max_by_key(|skew| skew.millis)
}

fn is_one_request(earlier: &Entry, later: &Entry) -> bool {
    let roles = [Role::Code, Role::RtIn, Role::At, Role::State];
    let contradict = |role| earlier.has(role) && later.has(role) && !earlier.shares(role, later);
    earlier.id.stream != later.id.stream
        && (earlier.vantage != later.vantage || earlier.node != later.node)
        && !roles.into_iter().any(contradict)
}

fn count<T>(of: impl Iterator<Item = T>) -> u64 {
    u64::try_from(of.count()).unwrap_or(u64::MAX)
}

/// Less than that is the network.
const SKEW_MILLIS: u64 = 1_000;
/// PROTOCOL §3.4: beyond that the same `x-request-id` says nothing.
const REQUEST_ID_MILLIS: u64 = 300_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::sample::{Sample, entries};

    fn numbered(numbers: &[u64]) -> Vec<Sample> {
        numbers.iter().map(|number| Sample::new(*number, "token.issued").number(*number)).collect()
    }

    fn stop(number: u64, lost: &[[u64; 2]]) -> Sample {
        let lost = lost.to_vec();
        Sample::new(number, "audit.stop").number(number).with(|record| record.audit.get_or_insert_default().lost = lost)
    }

    #[test]
    fn missing_numbers_are_gaps_unless_they_are_declared() {
        let trail = Trail::read(&entries(&numbered(&[1, 2, 5, 9])));
        let missing = vec![Range { first: 3, last: 4 }, Range { first: 6, last: 8 }];
        assert_eq!((trail.undeclared(), trail.declared(), &trail.streams[0].missing), (5, 0, &missing));
        assert_eq!((trail.silent().count(), trail.headless()), (1, 0));

        let stopped = [numbered(&[1, 2, 5, 9]), vec![stop(10, &[[4, 7], [6, 7]])]].concat();
        let trail = Trail::read(&entries(&stopped));
        assert_eq!((trail.undeclared(), trail.declared(), trail.silent().count()), (2, 3, 0));
    }

    #[test]
    fn a_stream_may_be_cut_at_its_head_and_go_on_after_its_end() {
        let trail = Trail::read(&entries(&[numbered(&[4, 5, 7]), vec![stop(6, &[])]].concat()));
        assert_eq!((trail.undeclared(), trail.headless(), trail.undead()), (0, 1, 1));
    }

    #[test]
    fn hostile_numbers_are_only_numbers() {
        let far = [numbered(&[1, (1 << 53) - 2]), vec![stop((1 << 53) - 1, &[[0, u64::MAX], [9, 3]])]].concat();
        let trail = Trail::read(&entries(&far));
        assert_eq!((trail.undeclared(), trail.declared()), (0, (1 << 53) - 4));
    }

    #[test]
    fn drops_are_added_up() {
        let drop = |second, count| {
            Sample::new(second, "audit.drop").with(|record| {
                let audit = record.audit.get_or_insert_default();
                audit.dropped = BTreeMap::from([("failure.share".to_owned(), count)]);
                audit.first = Some(record.ts.clone());
                audit.last = Some(record.ts.clone());
            })
        };
        let Trail { drops, .. } = Trail::read(&entries(&[drop(0, 40), drop(9, 2)]));
        assert_eq!((drops.total, drops.by.get("failure.share"), drops.by.len()), (42, Some(&42), 1));
        assert_eq!(drops.window.map(|(from, to)| to.millis_since(from)), Some(9_000));
    }

    #[test]
    fn clocks_disagree_when_one_request_does_not_overlap_with_itself() {
        let seen = |second, stream, vantage| {
            let sample = Sample::new(second, "token.issued").stream(stream).vantage(vantage).join("at", "a");
            sample.exchange(&format!("e{stream}"), Some("r"))
        };
        let trail = Trail::read(&entries(&[seen(0, 1, "rp-out"), seen(90, 2, "idp-in")]));
        assert_eq!(trail.skew, Some(Skew { millis: 90_000, streams: [1, 2] }));
        let same_proxy = Trail::read(&entries(&[seen(0, 1, "idp-in"), seen(90, 2, "idp-in")]));
        assert_eq!(same_proxy.skew, None);
    }

    #[test]
    fn keys_are_ephemeral_if_any_is() {
        let origin = |samples: &[Sample]| Trail::read(&entries(samples)).keys;
        let joined = |value| Sample::new(0, "token.issued").join("at", value);
        assert_eq!(origin(&[joined("k1.x"), joined("e9c2.x")]), KeyOrigin::Ephemeral);
        assert_eq!(origin(&[joined("k1.x")]), KeyOrigin::Configured);
        assert_eq!(origin(&[Sample::new(0, "token.denied")]), KeyOrigin::Unknown);
    }
}
