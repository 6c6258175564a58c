//! Losses that no sealed record states yet: drafts dropped before they had a number, and sealed records given up.
//!
//! Knows numbers. What is taken out for a record goes back in when that record itself is lost.

use std::collections::BTreeMap;

use crate::pipeline::counters::{DropReason, add};
use crate::record::audit::{Dropped, Loss};
use crate::record::{Class, Draft, Observer, audit};
use crate::time::Timestamp;

/// Drops by class and reason, and given-up records by reason.
#[derive(Clone, Debug, Default)]
pub(super) struct Undeclared {
    dropped: BTreeMap<(Class, &'static str), u64>,
    lost: BTreeMap<LossReason, Vec<(u64, u64)>>,
    span: Option<(Timestamp, Timestamp)>,
}

/// Why a sealed record was given up.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum LossReason {
    /// The sink did not take it within the budget, and the memory was needed.
    Expired,
    /// The sink refused this record for good.
    Refused,
}

impl Undeclared {
    pub(super) fn note_dropped(&mut self, class: Class, reason: DropReason, events: u64, now: Timestamp) {
        add(self.dropped.entry((class, reason.as_str())).or_default(), events);
        self.extend_span(now, now);
    }

    /// Records `first..=last` were given up.
    pub(super) fn note_lost(&mut self, reason: LossReason, first: u64, last: u64, now: Timestamp) {
        let ranges = self.lost.entry(reason).or_default();
        match ranges.last_mut() {
            Some((_, end)) if end.checked_add(1) == Some(first) => *end = last,
            _ => ranges.push((first, last)),
        }
        self.extend_span(now, now);
    }

    /// Takes over what a lost record had declared.
    pub(super) fn restore(&mut self, declared: Self) {
        for (key, count) in declared.dropped {
            add(self.dropped.entry(key).or_default(), count);
        }
        for (reason, ranges) in declared.lost {
            self.lost.entry(reason).or_default().extend(ranges);
        }
        if let Some((first, last)) = declared.span {
            self.extend_span(first, last);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.dropped.is_empty() && self.lost.is_empty()
    }

    /// Takes out as much as one record can say, for [`Self::draft`].
    pub(super) fn take(&mut self) -> Self {
        let mut taken = std::mem::take(self);
        let mut room = MAX_RANGES;
        for (reason, ranges) in &mut taken.lost {
            let rest = ranges.split_off(room.min(ranges.len()));
            room = room.saturating_sub(ranges.len());
            if !rest.is_empty() {
                self.lost.insert(*reason, rest);
                self.span = taken.span;
            }
        }
        taken.lost.retain(|_, ranges| !ranges.is_empty());
        taken
    }

    /// The `audit.drop` record that states this.
    pub(super) fn draft(&self, observer: &Observer, sink: &str, now: Timestamp) -> Draft {
        let (first, last) = self.span.unwrap_or((now, now));
        let losses: Vec<Loss<'_>> =
            self.lost.iter().map(|(why, ranges)| Loss { sink, why: why.as_str(), ranges }).collect();
        audit::drop(observer, now, &Dropped { counts: &self.dropped, losses: &losses, first, last })
    }

    /// Events and records that it stands for.
    pub(super) fn count(&self) -> u64 {
        let lost = self.lost.values().flatten().map(|(first, last)| last.saturating_sub(*first).saturating_add(1));
        self.dropped.values().copied().chain(lost).fold(0, u64::saturating_add)
    }

    fn extend_span(&mut self, first: Timestamp, last: Timestamp) {
        self.span = Some(self.span.map_or((first, last), |(from, to)| (from.min(first), to.max(last))));
    }

    #[cfg(test)]
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.values().sum()
    }
}

impl LossReason {
    /// The word of the record.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Refused => "refused",
        }
    }
}

/// Ranges in one record: each takes up to 42 bytes of its 16 KiB. The rest is for the next one.
const MAX_RANGES: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_losses_are_one_range() {
        let mut undeclared = Undeclared::default();
        for number in [1, 2, 3, 7, 8] {
            undeclared.note_lost(LossReason::Refused, number, number, Timestamp::from_secs(number));
        }
        assert_eq!(undeclared.lost[&LossReason::Refused], [(1, 3), (7, 8)]);
        assert_eq!(undeclared.count(), 5);
        assert_eq!(undeclared.span, Some((Timestamp::from_secs(1), Timestamp::from_secs(8))));
    }

    #[test]
    fn what_one_record_cannot_say_waits_for_the_next() {
        let mut undeclared = Undeclared::default();
        for number in 0..200 {
            undeclared.note_lost(LossReason::Refused, number * 2, number * 2, Timestamp::default());
        }
        undeclared.note_lost(LossReason::Expired, 1_000, 1_063, Timestamp::default());
        undeclared.note_dropped(Class::Failure, DropReason::Share, 7, Timestamp::default());
        let whole = undeclared.count();
        let first = undeclared.take();
        assert_eq!(first.count() + undeclared.count(), whole);
        assert_eq!(first.lost.values().map(Vec::len).sum::<usize>(), MAX_RANGES);
        let draft = first.draft(&Observer::default(), "audit_log", Timestamp::default());
        assert!(crate::record::canonical::to_canonical(draft.record()).len() < 7 * 1_024);
        undeclared.restore(first);
        assert_eq!(undeclared.count(), whole);
    }
}
