//! What is remembered of earlier records: by key, bounded as a whole, the key that was not used for longest goes first.
//!
//! Evictions are counted, and their horizon is kept: that something was not seen is only certain back to there.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use crate::collect::line::RecordId;
use crate::findings::sight::Sight;

/// Keys and what is known under each.
#[derive(Debug)]
pub(crate) struct Memory {
    slots: BTreeMap<u128, Slot>,
    /// Uses of keys, oldest first; of a key only the last one counts.
    order: VecDeque<(u64, u128)>,
    clock: u64,
    limit: usize,
    evicted: u64,
    horizon: u64,
}

/// One of the records that a window counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    pub(crate) at: u64,
    /// What makes it different from others.
    pub(crate) distinct: u64,
    /// Records that it stands for.
    pub(crate) weight: u64,
    pub(crate) id: RecordId,
}

#[derive(Debug)]
struct Slot {
    used: u64,
    /// The latest time that was kept here.
    newest: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    Hits(Vec<Hit>),
    Trace(Vec<Rc<Sight>>),
}

impl Memory {
    pub(crate) fn new(limit: usize) -> Self {
        Self { slots: BTreeMap::new(), order: VecDeque::new(), clock: 0, limit, evicted: 0, horizon: 0 }
    }

    /// Records that were kept under a key, oldest first.
    pub(crate) fn trace(&mut self, space: &str, key: &str) -> Vec<Rc<Sight>> {
        match self.touch(hash(space, key), None) {
            Some(Slot { state: State::Trace(trace), .. }) => trace.clone(),
            _ => Vec::new(),
        }
    }

    pub(crate) fn keep(&mut self, space: &str, key: &str, sight: &Rc<Sight>) {
        let Some(slot) = self.touch(hash(space, key), Some((sight.at, State::Trace(Vec::new())))) else { return };
        let State::Trace(trace) = &mut slot.state else { return };
        if trace.iter().any(|known| Rc::ptr_eq(known, sight)) {
            return;
        }
        if trace.len() >= MAX_TRACE {
            // How a value came to be explains more than the last of its uses.
            let use_of = |sight: &Rc<Sight>| USES.contains(&sight.event);
            let at = trace.iter().position(use_of).unwrap_or(MAX_TRACE / 2);
            trace.remove(at.min(trace.len() - 1));
        }
        trace.push(Rc::clone(sight));
    }

    /// Counts one more and returns what lies within `window` milliseconds before it. What has one `distinct` is one hit.
    pub(crate) fn hit(&mut self, space: &str, key: &str, hit: Hit, window: u64) -> Vec<Hit> {
        let Some(slot) = self.touch(hash(space, key), Some((hit.at, State::Hits(Vec::new())))) else {
            return Vec::new();
        };
        let State::Hits(hits) = &mut slot.state else { return Vec::new() };
        let oldest = hit.at.saturating_sub(window);
        hits.retain(|known| known.at >= oldest);
        match hits.iter_mut().find(|known| known.distinct == hit.distinct) {
            Some(known) => {
                known.weight = known.weight.saturating_add(hit.weight);
                (known.at, known.id) = (known.at.max(hit.at), hit.id);
            }
            None => hits.push(hit),
        }
        if hits.len() > MAX_HITS {
            hits.remove(0);
        }
        hits.clone()
    }

    /// What was counted under a key within `window` milliseconds before `now`.
    pub(crate) fn hits(&mut self, space: &str, key: &str, now: u64, window: u64) -> Vec<Hit> {
        match self.touch(hash(space, key), None) {
            Some(Slot { state: State::Hits(hits), .. }) => {
                hits.iter().filter(|hit| hit.at >= now.saturating_sub(window)).copied().collect()
            }
            _ => Vec::new(),
        }
    }

    pub(crate) fn keys(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Whether everything that was kept since `time` is still here.
    pub(crate) fn is_whole_since(&self, time: u64) -> bool {
        self.evicted == 0 || self.horizon < time
    }

    /// The slot of a key, made where `new` says how.
    fn touch(&mut self, key: u128, new: Option<(u64, State)>) -> Option<&mut Slot> {
        self.clock += 1;
        let at = new.as_ref().map_or(0, |(at, _)| *at);
        if new.is_some() && self.slots.len() >= self.limit && !self.slots.contains_key(&key) {
            self.make_room();
        }
        let slot = match (self.slots.entry(key), new) {
            (Entry::Occupied(entry), _) => entry.into_mut(),
            (Entry::Vacant(entry), Some((_, state))) => entry.insert(Slot { used: 0, newest: 0, state }),
            (Entry::Vacant(_), None) => return None,
        };
        slot.used = self.clock;
        slot.newest = slot.newest.max(at);
        self.order.push_back((self.clock, key));
        if self.order.len() > self.limit.saturating_mul(4) {
            let slots = &self.slots;
            self.order.retain(|(used, key)| slots.get(key).is_some_and(|slot| slot.used == *used));
        }
        self.slots.get_mut(&key)
    }

    fn make_room(&mut self) {
        while self.slots.len() >= self.limit
            && let Some((used, key)) = self.order.pop_front()
        {
            if self.slots.get(&key).is_some_and(|slot| slot.used == used)
                && let Some(slot) = self.slots.remove(&key)
            {
                self.evicted += 1;
                self.horizon = self.horizon.max(slot.newest);
            }
        }
    }
}

/// Of a text, for [`Hit::distinct`].
pub(crate) fn distinct(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Twice 64 bits: keys are kept by hash, and two that collide would be taken for one.
fn hash(space: &str, key: &str) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, space, key).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

/// Uses of a token: many, and each like the last.
const USES: &[&str] = &["bearer.rejected", "bearer.used", "token.introspected", "token.pending", "userinfo.accessed"];
const MAX_TRACE: usize = 12;
/// More than any threshold.
pub(crate) const MAX_HITS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::line::Kind;

    fn hit(at: u64, distinct: u64) -> Hit {
        Hit { at, distinct, weight: 1, id: RecordId { stream: 1, kind: Kind::Record, number: 1 } }
    }

    #[test]
    fn the_key_that_was_not_used_for_longest_makes_room_and_is_counted() {
        let mut memory = Memory::new(2);
        memory.hit("s", "a", hit(10, 1), 100);
        memory.hit("s", "b", hit(20, 1), 100);
        memory.hits("s", "a", 20, 100);
        memory.hit("s", "c", hit(30, 1), 100);
        assert_eq!((memory.keys(), memory.evicted()), (2, 1));
        assert_eq!(memory.hits("s", "a", 30, 100).len(), 1);
        assert!(memory.hits("s", "b", 30, 100).is_empty());
        assert!(!memory.is_whole_since(20) && memory.is_whole_since(21));
    }

    #[test]
    fn a_window_forgets_and_counts_what_is_distinct_once() {
        let mut memory = Memory::new(10);
        memory.hit("s", "a", hit(0, 1), 100);
        assert_eq!(memory.hit("s", "a", hit(50, 2), 100).len(), 2);
        let hits = memory.hit("s", "a", hit(60, 2), 100);
        assert_eq!((hits.len(), hits[1].weight), (2, 2));
        assert_eq!(memory.hit("s", "a", hit(101, 3), 100).len(), 2);
    }

    #[test]
    fn no_window_grows_beyond_its_bound() {
        let mut memory = Memory::new(10);
        for n in 0..1_000 {
            memory.hit("s", "a", hit(0, n), 100);
        }
        assert_eq!(memory.hits("s", "a", 0, 100).len(), MAX_HITS);
    }
}
