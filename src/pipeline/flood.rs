//! The flood guard: identical failures become one record, so that nobody drowns the trail by shouting
//! (docs/operations.md, When the log cluster is down).
//!
//! Knows failures and a window of time. Never loses one: what is offered comes back, is counted in a draft that is held,
//! or is refused.

use std::collections::BTreeMap;

use crate::record::{CoalesceKey, Draft};
use crate::time::Timestamp;

/// Counts the failures of a window, and holds back those over the rates.
#[derive(Debug, Default)]
pub(super) struct Flood {
    window: Option<Timestamp>,
    seen: u32,
    /// At most [`KEYS`].
    keys: BTreeMap<CoalesceKey, Key>,
    /// Failures of keys that found no place in `keys`, by what every record must say; at most [`KINDS`].
    others: BTreeMap<Kind, Held>,
    bytes: usize,
}

/// What became of a failure.
#[derive(Debug)]
pub(super) enum Offered {
    /// It is under the rates: queue it.
    Passes(Draft),
    /// It is counted in a draft that is held.
    Merged,
    /// It has to be held and there is no room for it.
    Refused,
    /// It is the first of its key to be held.
    Taken,
}

#[derive(Debug, Default)]
struct Key {
    seen: u32,
    held: Option<Held>,
}

#[derive(Debug)]
struct Held {
    draft: Draft,
    bytes: usize,
}

#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Kind {
    event: String,
    outcome: Option<String>,
    reason: Option<String>,
    error: Option<String>,
}

impl Flood {
    /// Counts a failure, and takes it if it is over one of the rates and `room` bytes suffice.
    pub(super) fn offer(&mut self, draft: Draft, now: Timestamp, room: usize) -> Offered {
        let Some(key) = draft.coalesce_key() else { return Offered::Passes(draft) };
        self.window.get_or_insert(now);
        self.seen = self.seen.saturating_add(1);
        let over = self.seen > VM_RATE;
        if self.keys.len() < KEYS && !self.keys.contains_key(key) {
            self.keys.insert(key.clone(), Key::default());
        }
        if let Some(entry) = self.keys.get_mut(key) {
            entry.seen = entry.seen.saturating_add(1);
            return if over || entry.seen > KEY_RATE {
                hold(&mut entry.held, draft, room, &mut self.bytes)
            } else {
                Offered::Passes(draft)
            };
        }
        if over { self.hold_other(draft, room) } else { Offered::Passes(draft) }
    }

    /// Whether the window is over. A clock that was set back ends it too.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.window.is_some_and(|began| now < began || now.millis_since(began) >= WINDOW)
    }

    /// Ends the window: what was held goes into the queue.
    pub(super) fn end_window(&mut self) -> Vec<Draft> {
        let ended = std::mem::take(self);
        let held = ended.keys.into_values().filter_map(|key| key.held).chain(ended.others.into_values());
        held.map(|held| held.draft).collect()
    }

    /// Removes a draft that is held, to make room.
    pub(super) fn evict(&mut self) -> Option<Draft> {
        let held = self.keys.values_mut().find_map(|key| key.held.take());
        let held = held.or_else(|| self.others.pop_first().map(|(_, held)| held))?;
        self.bytes = self.bytes.saturating_sub(held.bytes);
        Some(held.draft)
    }

    /// Bytes of what is held, and a little for what merging adds.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    fn hold_other(&mut self, draft: Draft, room: usize) -> Offered {
        let record = draft.record();
        let kind = Kind {
            event: record.event.clone(),
            outcome: record.outcome.clone(),
            reason: record.reason.clone(),
            error: record.error.clone(),
        };
        let full = self.others.len() >= KINDS;
        let Some(held) = self.others.get_mut(&kind) else {
            let mut held = None;
            let offered = if full { Offered::Passes(draft) } else { hold(&mut held, draft, room, &mut self.bytes) };
            self.others.extend(held.map(|held| (kind, held)));
            return offered;
        };
        held.draft.coalesce(&draft);
        Offered::Merged
    }

    #[cfg(test)]
    pub(super) fn drafts(&self) -> impl Iterator<Item = &Draft> {
        let keyed = self.keys.values().filter_map(|key| key.held.as_ref());
        keyed.chain(self.others.values()).map(|held| &held.draft)
    }
}

fn hold(held: &mut Option<Held>, draft: Draft, room: usize, bytes: &mut usize) -> Offered {
    if let Some(held) = held {
        held.draft.coalesce(&draft);
        return Offered::Merged;
    }
    let size = draft.size().saturating_add(COALESCED);
    if size > room {
        return Offered::Refused;
    }
    *held = Some(Held { draft, bytes: size });
    *bytes = bytes.saturating_add(size);
    Offered::Taken
}

/// How many events a draft stands for.
pub(super) fn events(draft: &Draft) -> u64 {
    draft.record().coalesced.as_ref().map_or(1, |coalesced| coalesced.count)
}

/// Milliseconds. Longer, and a record of an attack comes that much later.
const WINDOW: u64 = 10_000;
/// Failures of one key that pass in a window. Lower, and a person who mistypes becomes a statistic.
const KEY_RATE: u32 = 20;
/// Failures that pass in a window whatever their key: keys can be varied at will.
const VM_RATE: u32 = 200;
/// Keys that are told apart. More cost memory that an attacker chooses.
const KEYS: usize = 64;
/// The same of failures of further keys, which differ in event, outcome, reason or error.
const KINDS: usize = 16;
/// Bytes that the member `coalesced` adds to a record at most, with two times and a number of 20 digits.
pub(super) const COALESCED: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::fixture::failure;

    const AMPLE: usize = usize::MAX;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn offer(flood: &mut Flood, count: usize, source: &str) -> [usize; 4] {
        let mut counts = [0; 4];
        for _ in 0..count {
            let slot = match flood.offer(failure("invalid_grant", source), at(1), AMPLE) {
                Offered::Passes(_) => 0,
                Offered::Taken => 1,
                Offered::Merged => 2,
                Offered::Refused => 3,
            };
            counts[slot] += 1;
        }
        counts
    }

    #[test]
    fn twenty_identical_failures_pass_and_the_rest_is_one_record_with_an_exact_count() {
        let mut flood = Flood::default();
        assert_eq!(offer(&mut flood, 50, "192.0.2.1:1"), [20, 1, 29, 0]);
        assert!(!flood.is_due(at(10)) && flood.is_due(at(11)) && flood.is_due(at(0)));
        let drafts = flood.end_window();
        assert_eq!(drafts.iter().map(events).collect::<Vec<_>>(), [30]);
        assert!(flood.is_empty() && !flood.is_due(at(99)));
    }

    #[test]
    fn neighbours_in_one_network_share_a_key() {
        let mut flood = Flood::default();
        assert_eq!(offer(&mut flood, 20, "192.0.2.1:1"), [20, 0, 0, 0]);
        assert_eq!(offer(&mut flood, 2, "192.0.2.77:2"), [0, 1, 1, 0]);
        assert_eq!(offer(&mut flood, 2, "198.51.100.1:1"), [2, 0, 0, 0]);
    }

    #[test]
    fn two_hundred_failures_pass_whatever_their_key() {
        let mut flood = Flood::default();
        let mut counts = [0; 4];
        for n in 0..10_000u32 {
            let source = format!("10.{}.{}.1:1", n / 256 % 256, n % 256);
            for (sum, count) in counts.iter_mut().zip(offer(&mut flood, 1, &source)) {
                *sum += count;
            }
        }
        assert_eq!(counts[0], 200);
        assert_eq!(counts[3], 0);
        let drafts = flood.end_window();
        assert!(drafts.len() <= KEYS + KINDS);
        assert_eq!(drafts.iter().map(events).sum::<u64>(), 9_800);
    }

    #[test]
    fn what_has_no_room_is_refused_and_eviction_gives_the_bytes_back() {
        let mut flood = Flood::default();
        offer(&mut flood, 21, "192.0.2.1:1");
        assert!(flood.bytes() > 0);
        assert_eq!(events(&flood.evict().unwrap()), 1);
        assert_eq!(flood.bytes(), 0);
        assert!(matches!(flood.offer(failure("invalid_grant", "192.0.2.1:1"), at(1), 10), Offered::Refused));
        assert!(flood.evict().is_none());
    }

    #[test]
    fn merging_never_outgrows_the_bytes_that_were_reserved() {
        let mut flood = Flood::default();
        offer(&mut flood, 500, "192.0.2.1:1");
        let reserved = flood.bytes();
        let drafts = flood.end_window();
        assert!(drafts.iter().map(Draft::size).sum::<usize>() <= reserved);
    }
}
