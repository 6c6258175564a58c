//! The queue of drafts: one lane per class, and how much memory each may use (docs/operations.md).
//!
//! Knows sizes and order of arrival. Does not know why a draft comes, nor what becomes of it.

use std::collections::VecDeque;

use crate::pipeline::counters::DropReason;
use crate::record::{Class, Draft};

/// Drafts in lanes, oldest first.
///
/// Bytes of failures, of failures and normal drafts, and of everything (sealed batches too) stay within
/// [`Shares`]. `held` and `sealed` are bytes that others keep on this budget.
#[derive(Debug)]
pub(super) struct Lanes {
    shares: Shares,
    failure: Lane,
    normal: Lane,
    issuance: Lane,
    /// Bytes of failures that the flood guard holds back.
    pub(super) held: usize,
    /// Bytes of sealed batches.
    pub(super) sealed: usize,
    arrivals: u64,
}

/// How many bytes each class may use. What the first two leave is the reserved share of class issuance.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Shares {
    /// 40 %
    pub(super) failure: usize,
    /// 60 %: failures and normal drafts together; also the most that sealed batches may take.
    pub(super) unreserved: usize,
    /// All of it.
    pub(super) all: usize,
}

#[derive(Debug, Default)]
struct Lane {
    queue: VecDeque<(u64, Draft)>,
    bytes: usize,
}

impl Lanes {
    pub(super) fn new(bytes: usize) -> Self {
        let shares = Shares { failure: bytes / 5 * 2, unreserved: bytes / 5 * 3, all: bytes };
        let lane = Lane::default;
        Self { shares, failure: lane(), normal: lane(), issuance: lane(), held: 0, sealed: 0, arrivals: 0 }
    }

    /// Queues a draft if its class has room; else it is refused.
    pub(super) fn push(&mut self, draft: Draft) -> Result<(), DropReason> {
        self.fits(draft.class(), draft.size())?;
        self.admit(draft);
        Ok(())
    }

    /// Queues a draft whose bytes are accounted for already.
    pub(super) fn admit(&mut self, draft: Draft) {
        let arrival = self.arrivals;
        self.arrivals = self.arrivals.saturating_add(1);
        self.lane(draft.class()).push_back(arrival, draft);
    }

    /// Whether a draft of this class and size has room.
    pub(super) fn fits(&self, class: Class, size: usize) -> Result<(), DropReason> {
        let failures = self.failure.bytes.saturating_add(self.held);
        let unreserved = failures.saturating_add(self.normal.bytes).saturating_add(size);
        let over_share = match class {
            Class::Failure => {
                failures.saturating_add(size) > self.shares.failure || unreserved > self.shares.unreserved
            }
            Class::Normal => unreserved > self.shares.unreserved,
            Class::Issuance => false,
        };
        match over_share {
            true => Err(DropReason::Share),
            false if self.bytes().saturating_add(size) > self.shares.all => Err(DropReason::Full),
            false => Ok(()),
        }
    }

    /// Whether a draft of class issuance would have room if every other draft went.
    pub(super) fn would_fit(&self, size: usize) -> bool {
        self.issuance.bytes.saturating_add(self.sealed).saturating_add(size) <= self.shares.all
    }

    /// Removes the draft that is to go first for one of class issuance: the oldest failure, else the oldest normal one.
    pub(super) fn evict(&mut self) -> Option<Draft> {
        self.failure.pop_front().or_else(|| self.normal.pop_front()).map(|(_, draft)| draft)
    }

    /// Removes the oldest draft of all.
    pub(super) fn pop(&mut self) -> Option<(u64, Draft)> {
        let oldest = |lane: &Lane| lane.queue.front().map(|(arrival, _)| *arrival);
        let heads = [Class::Failure, Class::Normal, Class::Issuance].map(|class| (class, oldest(self.peek(class))));
        let (class, _) = heads
            .into_iter()
            .filter_map(|(class, arrival)| Some((class, arrival?)))
            .min_by_key(|(_, arrival)| *arrival)?;
        self.lane(class).pop_front()
    }

    /// Removes the oldest draft of class issuance, if there is one, else the oldest of all.
    pub(super) fn pop_reserved_first(&mut self) -> Option<(u64, Draft)> {
        self.issuance.pop_front().or_else(|| self.pop())
    }

    /// Gives back what was removed last.
    pub(super) fn give_back(&mut self, (arrival, draft): (u64, Draft)) {
        self.lane(draft.class()).push_front(arrival, draft);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.failure.queue.is_empty() && self.normal.queue.is_empty() && self.issuance.queue.is_empty()
    }

    /// Everything on this budget.
    pub(super) fn bytes(&self) -> usize {
        [self.failure.bytes, self.normal.bytes, self.issuance.bytes, self.held, self.sealed]
            .into_iter()
            .fold(0, usize::saturating_add)
    }

    pub(super) fn shares(&self) -> Shares {
        self.shares
    }

    fn lane(&mut self, class: Class) -> &mut Lane {
        match class {
            Class::Failure => &mut self.failure,
            Class::Issuance => &mut self.issuance,
            Class::Normal => &mut self.normal,
        }
    }

    fn peek(&self, class: Class) -> &Lane {
        match class {
            Class::Failure => &self.failure,
            Class::Issuance => &self.issuance,
            Class::Normal => &self.normal,
        }
    }

    #[cfg(test)]
    pub(super) fn bytes_of(&self, class: Class) -> usize {
        self.peek(class).bytes
    }

    #[cfg(test)]
    pub(super) fn drafts(&self) -> impl Iterator<Item = &Draft> {
        [&self.failure, &self.normal, &self.issuance]
            .into_iter()
            .flat_map(|lane| lane.queue.iter().map(|(_, draft)| draft))
    }
}

impl Lane {
    fn push_back(&mut self, arrival: u64, draft: Draft) {
        self.bytes = self.bytes.saturating_add(draft.size());
        self.queue.push_back((arrival, draft));
    }

    fn push_front(&mut self, arrival: u64, draft: Draft) {
        self.bytes = self.bytes.saturating_add(draft.size());
        self.queue.push_front((arrival, draft));
    }

    fn pop_front(&mut self) -> Option<(u64, Draft)> {
        let (arrival, draft) = self.queue.pop_front()?;
        self.bytes = self.bytes.saturating_sub(draft.size());
        Some((arrival, draft))
    }
}
