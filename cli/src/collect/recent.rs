//! The ids that were stored last, so that a repeated delivery is not written twice. Bounded per stream, so that no writer
//! can push another's out, and as a whole, so that streams without number cannot either.

use std::collections::{BTreeMap, VecDeque};

use super::line::{Digest, Kind, Line, RecordId};

/// What is known about the id of a line that arrives.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Known {
    /// Stored with other bytes.
    Conflict,
    /// Not stored, or too long ago to be remembered.
    New,
    /// Stored with these bytes.
    Same,
}

/// The memory of stored ids.
#[derive(Debug)]
pub(crate) struct Recent {
    streams: BTreeMap<u128, Stream>,
    /// The streams by their `last_used`.
    silence: BTreeMap<u64, u128>,
    /// Ids in all streams.
    total: usize,
    /// Counts insertions: the age of a stream.
    clock: u64,
    limits: Limits,
}

/// How much is remembered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) per_stream: usize,
    pub(crate) total: usize,
}

impl Default for Limits {
    /// An outbox holds 5 batches of 64 records, so 512 covers every repetition a live filter can send; 2^18 ids are some
    /// 20 MB.
    fn default() -> Self {
        Self { per_stream: 512, total: 1 << 18 }
    }
}

impl Recent {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { streams: BTreeMap::new(), silence: BTreeMap::new(), total: 0, clock: 0, limits }
    }

    /// Remembers a line as stored; the oldest of its stream, or the stream that was silent longest, makes room.
    pub(crate) fn insert(&mut self, line: &Line) {
        self.clock = self.clock.saturating_add(1);
        let stream = self.streams.entry(line.id.stream).or_default();
        self.silence.remove(&stream.last_used);
        self.silence.insert(self.clock, line.id.stream);
        stream.last_used = self.clock;
        let key = (line.id.kind, line.id.number);
        if stream.digests.insert(key, line.digest).is_none() {
            stream.order.push_back(key);
            self.total += 1;
        }
        if stream.order.len() > self.limits.per_stream
            && let Some(oldest) = stream.order.pop_front()
        {
            stream.digests.remove(&oldest);
            self.total -= 1;
        }
        if self.total > self.limits.total {
            self.drop_the_most_silent();
        }
    }

    /// Takes back an insertion whose write failed.
    pub(crate) fn forget(&mut self, id: RecordId) {
        let Some(stream) = self.streams.get_mut(&id.stream) else { return };
        let key = (id.kind, id.number);
        if stream.digests.remove(&key).is_some() {
            stream.order.retain(|other| *other != key);
            self.total -= 1;
        }
        if stream.order.is_empty() {
            self.silence.remove(&stream.last_used);
            self.streams.remove(&id.stream);
        }
    }

    pub(crate) fn known(&self, line: &Line) -> Known {
        let stored = self.streams.get(&line.id.stream).and_then(|s| s.digests.get(&(line.id.kind, line.id.number)));
        match stored {
            None => Known::New,
            Some(digest) if *digest == line.digest => Known::Same,
            Some(_) => Known::Conflict,
        }
    }

    fn drop_the_most_silent(&mut self) {
        let silent = self.silence.pop_first();
        if let Some(gone) = silent.and_then(|(_, name)| self.streams.remove(&name)) {
            self.total -= gone.order.len();
        }
    }
}

#[derive(Debug, Default)]
struct Stream {
    digests: BTreeMap<(Kind, u64), Digest>,
    /// The keys of `digests`, oldest first.
    order: VecDeque<(Kind, u64)>,
    last_used: u64,
}

#[cfg(test)]
mod tests {
    use hyper::body::Bytes;

    use super::*;

    fn line(stream: u128, number: u64, text: &'static str) -> Line {
        let bytes = Bytes::from_static(text.as_bytes());
        let id = RecordId { stream, kind: Kind::Record, number };
        Line { id, digest: Digest::of(&bytes), bytes, number: 1 }
    }

    #[test]
    fn the_same_bytes_are_known_and_other_bytes_are_a_conflict() {
        let mut recent = Recent::new(Limits::default());
        recent.insert(&line(1, 1, "a"));
        assert_eq!(recent.known(&line(1, 1, "a")), Known::Same);
        assert_eq!(recent.known(&line(1, 1, "b")), Known::Conflict);
        assert_eq!(recent.known(&line(1, 2, "a")), Known::New);
        assert_eq!(recent.known(&line(2, 1, "a")), Known::New);
        recent.forget(line(1, 1, "a").id);
        assert_eq!(recent.known(&line(1, 1, "b")), Known::New);
        assert_eq!((recent.total, recent.streams.len(), recent.silence.len()), (0, 0, 0));
    }

    #[test]
    fn one_stream_cannot_push_out_another() {
        let mut recent = Recent::new(Limits { per_stream: 2, total: 100 });
        recent.insert(&line(1, 1, "a"));
        (1..=50).for_each(|n| recent.insert(&line(2, n, "b")));
        assert_eq!(recent.known(&line(1, 1, "a")), Known::Same);
        assert_eq!(recent.known(&line(2, 48, "b")), Known::New);
        assert_eq!(recent.known(&line(2, 49, "b")), Known::Same);
        assert_eq!(recent.total, 3);
    }

    #[test]
    fn the_stream_that_was_silent_longest_makes_room() {
        let mut recent = Recent::new(Limits { per_stream: 2, total: 3 });
        for stream in [1, 2, 3, 1, 4] {
            recent.insert(&line(stream, 1, "a"));
        }
        let known: Vec<_> = (1..=4).map(|stream| recent.known(&line(stream, 1, "a"))).collect();
        assert_eq!(known, [Known::Same, Known::New, Known::Same, Known::Same]);
    }
}
