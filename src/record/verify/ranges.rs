//! Sets of numbers that mostly follow one another.

use std::collections::BTreeMap;

/// First and last number, both included.
pub(super) type Range = (u64, u64);

/// Numbers as ranges: first to last, both included, none touching another.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Ranges(BTreeMap<u64, u64>);

impl Ranges {
    /// Adds every number from `first` to `last`.
    pub fn add(&mut self, first: u64, last: u64) {
        if first > last {
            return;
        }
        let (mut first, mut last) = (first, last);
        if let Some((start, end)) = self.0.range(..=first).next_back().map(|(start, end)| (*start, *end))
            && end.saturating_add(1) >= first
        {
            first = start;
            last = last.max(end);
            self.0.remove(&start);
        }
        while let Some((start, end)) = self.0.range(first..=last.saturating_add(1)).next().map(|(s, e)| (*s, *e)) {
            last = last.max(end);
            self.0.remove(&start);
        }
        self.0.insert(first, last);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// First and last of each range, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.0.iter().map(|(first, last)| (*first, *last))
    }

    /// Those numbers from `first` to `last` that are in the set, as ranges.
    pub(super) fn within(&self, first: u64, last: u64) -> Vec<(u64, u64)> {
        let before = self.0.range(..=first).next_back().map(|(start, _)| *start);
        let near = self.0.range(before.unwrap_or(first)..=last.max(first));
        near.map(|(start, end)| (first.max(*start), last.min(*end))).filter(|(first, last)| first <= last).collect()
    }

    /// Whether it is in the set.
    #[must_use]
    pub fn contains(&self, number: u64) -> bool {
        self.0.range(..=number).next_back().is_some_and(|(_, last)| *last >= number)
    }

    /// Those numbers from `first` to `last` that are not in the set, as ranges.
    #[must_use]
    pub fn missing(&self, first: u64, last: u64) -> Vec<(u64, u64)> {
        let mut missing = Vec::new();
        let mut at = first;
        let before = self.0.range(..=first).next_back().map(|(start, _)| *start);
        for (start, end) in self.0.range(before.unwrap_or(first)..=last.max(first)) {
            if *start > at {
                missing.push((at, start.saturating_sub(1)));
            }
            at = at.max(end.saturating_add(1));
        }
        if at <= last {
            missing.push((at, last));
        }
        missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_touch_are_one() {
        let mut ranges = Ranges::default();
        for (first, last) in [(1, 3), (7, 9), (4, 4), (6, 6), (5, 5), (20, 30), (2, 8)] {
            ranges.add(first, last);
        }
        assert_eq!(ranges.0, BTreeMap::from([(1, 9), (20, 30)]));
        assert_eq!(ranges.missing(0, 40), [(0, 0), (10, 19), (31, 40)]);
        assert_eq!(ranges.missing(2, 9), []);
        assert_eq!(ranges.missing(25, 31), [(31, 31)]);
        assert_eq!(ranges.missing(5, 3), []);
        assert_eq!(ranges.within(0, 25), [(1, 9), (20, 25)]);
        assert_eq!(ranges.within(3, 4), [(3, 4)]);
        assert_eq!(ranges.within(10, 19), []);
        assert!(ranges.contains(9) && !ranges.contains(10) && !ranges.contains(0));
    }
}
