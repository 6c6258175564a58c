//! What was given up and no checkpoint states yet: numbers of records and of checkpoints.
//!
//! Knows numbers. What is taken out for a checkpoint goes back in when that checkpoint itself is lost.

use crate::pipeline::undeclared::LossReason;
use crate::record::evidence::Loss;

/// Ranges of numbers by reason.
#[derive(Clone, Debug, Default)]
pub(super) struct Tombstones {
    expired: Lost,
    refused: Lost,
}

#[derive(Clone, Debug, Default)]
struct Lost {
    records: Vec<(u64, u64)>,
    checkpoints: Vec<(u64, u64)>,
}

impl Tombstones {
    pub(super) fn note_record(&mut self, reason: LossReason, number: u64) {
        note(&mut self.of(reason).records, number);
    }

    pub(super) fn note_checkpoint(&mut self, reason: LossReason, number: u64) {
        note(&mut self.of(reason).checkpoints, number);
    }

    /// Takes over what a lost checkpoint had stated.
    pub(super) fn restore(&mut self, stated: Self) {
        for (own, lost) in [(&mut self.expired, stated.expired), (&mut self.refused, stated.refused)] {
            own.records.extend(lost.records);
            own.checkpoints.extend(lost.checkpoints);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.expired.is_empty() && self.refused.is_empty()
    }

    /// Takes out as much as one checkpoint can say.
    pub(super) fn take(&mut self) -> Self {
        let mut room = MAX_RANGES;
        let mut part = |ranges: &mut Vec<(u64, u64)>| {
            let rest = ranges.split_off(room.min(ranges.len()));
            room = room.saturating_sub(ranges.len());
            std::mem::replace(ranges, rest)
        };
        let mut of =
            |lost: &mut Lost| Lost { records: part(&mut lost.records), checkpoints: part(&mut lost.checkpoints) };
        Self { expired: of(&mut self.expired), refused: of(&mut self.refused) }
    }

    /// The claim `loss` that states this.
    pub(super) fn losses(&self, sink: &str) -> Vec<Loss> {
        let all = [(LossReason::Expired, &self.expired), (LossReason::Refused, &self.refused)];
        let loss = |(why, lost): (LossReason, &Lost)| Loss {
            sink: sink.to_owned(),
            why: why.as_str().to_owned(),
            records: lost.records.clone(),
            checkpoints: lost.checkpoints.clone(),
        };
        all.into_iter().filter(|(_, lost)| !lost.is_empty()).map(loss).collect()
    }

    fn of(&mut self, reason: LossReason) -> &mut Lost {
        match reason {
            LossReason::Expired => &mut self.expired,
            LossReason::Refused => &mut self.refused,
        }
    }
}

impl Lost {
    fn is_empty(&self) -> bool {
        self.records.is_empty() && self.checkpoints.is_empty()
    }
}

fn note(ranges: &mut Vec<(u64, u64)>, number: u64) {
    match ranges.last_mut() {
        Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
        _ => ranges.push((number, number)),
    }
}

/// Ranges in one checkpoint: each takes up to 35 bytes of the [`crate::pipeline::outbox::CHECKPOINT_BYTES`]. The rest is for
/// the next one.
const MAX_RANGES: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_checkpoint_cannot_say_waits_for_the_next() {
        let mut tombstones = Tombstones::default();
        for number in 0..30 {
            tombstones.note_record(LossReason::Refused, number * 2);
        }
        tombstones.note_checkpoint(LossReason::Refused, 7);
        tombstones.note_checkpoint(LossReason::Refused, 8);
        let first = tombstones.take();
        assert_eq!(first.losses("s")[0].records.len(), MAX_RANGES);
        let second = tombstones.take();
        assert_eq!((second.losses("s")[0].records.len(), &second.losses("s")[0].checkpoints), (6, &vec![(7, 8)]));
        assert!(tombstones.is_empty() && tombstones.take().losses("s").is_empty());
        tombstones.restore(first);
        assert_eq!(tombstones.losses("s")[0].records[0], (0, 0));
    }
}
