//! One beat per process: its streams show their heads to each other, and one of them, the holder of a lease, says that
//! they all are alive.
//!
//! Knows the value that the VMs of a process share, and decides who beats. Does not know the host, nor how a beat is sent.
//! The value may have been written by anyone in the process: what makes no sense in it is passed over.

use crate::pipeline::metadata::{Claim, SharedValue};
use crate::record::StreamId;
use crate::record::evidence::{Digest, Head};
use crate::time::Timestamp;

/// What a stream remembers between two looks.
#[derive(Debug)]
pub(super) struct Presence {
    interval_ms: u64,
    /// The head that the others have seen.
    shown: Option<Head>,
    next_look: Timestamp,
    /// When this stream beats for itself, where the host shares nothing.
    alone: Option<Timestamp>,
    /// Which of many siblings are named next.
    turn: usize,
}

/// Reads a shared value, and writes one; the process's, for a core without a host.
pub(super) struct Shared<'a> {
    pub(super) read: &'a mut dyn FnMut(&str) -> SharedValue,
    pub(super) write: &'a mut dyn FnMut(&Claim) -> bool,
}

impl Presence {
    pub(super) fn new(beat_seconds: u32) -> Self {
        let interval_ms = u64::from(beat_seconds).saturating_mul(1_000);
        Self { interval_ms, shown: None, next_look: Timestamp::default(), alone: None, turn: 0 }
    }

    /// Shows the head, and says whether this stream is to beat now, with the heads of its siblings.
    ///
    /// Looks when the head has changed, and else a few times per beat.
    pub(super) fn tick(&mut self, head: Head, shared: &mut Shared<'_>, now: Timestamp) -> Option<Vec<Head>> {
        let look_ms = self.interval_ms / LOOKS;
        // A look that is further away was set by a clock that has been set back since.
        let waits = now < self.next_look && self.next_look.millis_since(now) <= look_ms;
        if waits && self.shown == Some(head) {
            return None;
        }
        let held = (shared.read)(KEY);
        let mut roster = Roster::read(held.value.as_deref().unwrap_or_default());
        roster.put(head, now, self.interval_ms.saturating_mul(STALE));
        let beats = roster.lease(head.stream, now, self.interval_ms);
        let claim = Claim { key: KEY.to_owned(), value: roster.encode(), version: held.version };
        if (shared.write)(&claim) {
            self.shown = Some(head);
            self.next_look = now.plus_millis(look_ms);
            return beats.then(|| self.others(&roster, head.stream));
        }
        // Somebody else was faster, and there is another tick; or nothing is shared here.
        let alone = held.version.is_none() && (shared.read)(KEY).version.is_none();
        if alone && self.is_due_alone(now) { Some(Vec::new()) } else { None }
    }

    /// Takes the stream off, so that another may beat.
    pub(super) fn leave(stream: StreamId, shared: &mut Shared<'_>) {
        let held = (shared.read)(KEY);
        let Some(value) = &held.value else { return };
        let mut roster = Roster::read(value);
        roster.remove(stream);
        (shared.write)(&Claim { key: KEY.to_owned(), value: roster.encode(), version: held.version });
    }

    /// Of more siblings than one beat can name, the next ones.
    fn others(&mut self, roster: &Roster, stream: StreamId) -> Vec<Head> {
        let mut others: Vec<Head> =
            roster.entries.iter().map(|entry| entry.head).filter(|head| head.stream != stream).collect();
        if others.len() > MAX_SIBLINGS {
            let start = self.turn.checked_rem(others.len()).unwrap_or_default();
            self.turn = start.saturating_add(MAX_SIBLINGS);
            others = others.iter().chain(&others).skip(start).take(MAX_SIBLINGS).copied().collect();
        }
        others
    }

    fn is_due_alone(&mut self, now: Timestamp) -> bool {
        let due = self.alone.filter(|due| due.millis_since(now) <= self.interval_ms);
        let beats = due.is_some_and(|due| now >= due);
        if due.is_none() || beats {
            self.alone = Some(now.plus_millis(self.interval_ms));
        }
        beats
    }
}

/// The shared value: who beats next and when, and the heads.
#[derive(Debug, Default, Eq, PartialEq)]
struct Roster {
    /// `None`: whoever comes first when it is due.
    holder: Option<StreamId>,
    /// `None`: nobody has beaten yet.
    due: Option<Timestamp>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Entry {
    head: Head,
    /// When its stream last said that it lives.
    seen: Timestamp,
}

impl Roster {
    /// What is not of its form is nothing.
    fn read(bytes: &[u8]) -> Self {
        let mut rest = bytes;
        let (Some(holder), Some(due)) = (chunk::<16>(&mut rest), chunk::<8>(&mut rest)) else { return Self::default() };
        let entry = |bytes: &[u8]| {
            let mut rest = bytes;
            let stream = StreamId::from_bytes(chunk(&mut rest)?);
            let number = u64::from_be_bytes(chunk(&mut rest)?);
            let digest = Digest::from_bytes(chunk(&mut rest)?);
            let seen = Timestamp::from_micros(u64::from_be_bytes(chunk(&mut rest)?));
            Some(Entry { head: Head { stream, number, digest }, seen })
        };
        let due = u64::from_be_bytes(due);
        Self {
            holder: (holder != [0; 16]).then(|| StreamId::from_bytes(holder)),
            due: (due != 0).then(|| Timestamp::from_micros(due)),
            entries: rest.chunks_exact(ENTRY).take(MAX_STREAMS).filter_map(entry).collect(),
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.entries.len().saturating_mul(ENTRY).saturating_add(24));
        bytes.extend_from_slice(self.holder.as_ref().map_or([0; 16].as_slice(), |holder| holder.as_bytes()));
        bytes.extend_from_slice(&self.due.map_or(0, Timestamp::as_micros).to_be_bytes());
        for Entry { head, seen } in &self.entries {
            bytes.extend_from_slice(head.stream.as_bytes());
            bytes.extend_from_slice(&head.number.to_be_bytes());
            bytes.extend_from_slice(head.digest.as_bytes());
            bytes.extend_from_slice(&seen.as_micros().to_be_bytes());
        }
        bytes
    }

    /// Enters the head of a stream, and takes off those that have not been seen for a while: their VM is gone.
    fn put(&mut self, head: Head, now: Timestamp, stale_ms: u64) {
        let apart = |seen: Timestamp| now.millis_since(seen).max(seen.millis_since(now));
        self.entries.retain(|entry| entry.head.stream != head.stream && apart(entry.seen) <= stale_ms);
        self.entries.truncate(MAX_STREAMS.saturating_sub(1));
        let place = self.entries.partition_point(|entry| entry.head.stream < head.stream);
        self.entries.insert(place, Entry { head, seen: now });
    }

    fn remove(&mut self, stream: StreamId) {
        self.entries.retain(|entry| entry.head.stream != stream);
        if self.holder == Some(stream) {
            self.holder = None;
        }
    }

    /// Whether this stream is to beat now; then the lease is its own. The first lease is taken without a beat: the stream
    /// has just begun.
    fn lease(&mut self, stream: StreamId, now: Timestamp, interval_ms: u64) -> bool {
        let beats = match self.due {
            None => false,
            // Set by a clock that has been set back since.
            Some(due) if due.millis_since(now) > interval_ms => true,
            Some(due) if now < due => return false,
            // Who holds it has missed it by half a beat: it is gone.
            Some(due) => self.holder.is_none_or(|holder| holder == stream) || now.millis_since(due) >= interval_ms / 2,
        };
        if beats || self.due.is_none() {
            self.holder = Some(stream);
            self.due = Some(now.plus_millis(interval_ms));
        }
        beats
    }
}

fn chunk<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*first)
}

/// The name of the shared value. Another form of it must have another name: old and new filters share a process.
const KEY: &str = "oidc-audit/1/heads";
/// Bytes of one head in it: stream, number, digest, time.
const ENTRY: usize = 16 + 8 + 32 + 8;
/// Bounds the value at 16 KiB; further streams live unseen by their siblings.
const MAX_STREAMS: usize = 256;
/// More would not fit the line of a checkpoint.
pub(super) const MAX_SIBLINGS: usize = 48;
/// Looks at the shared value per beat: a beat is late by one look at most.
const LOOKS: u64 = 6;
/// Beats after which a stream that does not show itself is taken for gone.
const STALE: u64 = 3;

#[cfg(test)]
mod tests;
