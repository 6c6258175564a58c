//! Whose streams are: an enrolled stream belongs to the workload that opened it, and the collector's key says so.
//!
//! What is remembered is bounded; what is forgotten is no longer refused, and left to `verify`.

use std::collections::BTreeMap;
use std::mem;

use oidc_audit::record::StreamId;
use oidc_audit::record::evidence::{Checkpoint, CheckpointLine, Kind, PublicKey, SigningKey};
use oidc_audit::record::verify::{Binding, Content, Leave, SpiffeId, Statement, Trust, enrolled_key};
use oidc_audit::time::Timestamp;
use serde_json::Value;

use super::line::Why;
/// Streams and their writers.
#[derive(Debug, Default)]
pub(crate) struct Ties {
    /// What signs statements.
    key: Option<SigningKey>,
    tied: BTreeMap<StreamId, Tie>,
    /// Streams that a workload opened in another's name: what else it sends of them is refused as well.
    refused: BTreeMap<StreamId, SpiffeId>,
    /// What `tied` held before lines came that are not durable yet.
    before: Vec<(StreamId, Option<Tie>)>,
}

#[derive(Clone, Debug)]
struct Tie {
    writer: SpiffeId,
    group: String,
    /// That of its `open`, unless that was an earlier run's.
    first: Option<PublicKey>,
    /// That of its epoch.
    key: PublicKey,
    /// When a statement said so last; `None`: none does, and none will.
    stated: Option<Timestamp>,
}

/// What a checkpoint that may be stored changes.
#[derive(Debug, Default)]
pub(crate) struct Change {
    tie: Option<Tie>,
    ends: bool,
}

impl Ties {
    /// Has statements signed.
    pub(crate) fn with_key(key: Option<SigningKey>) -> Self {
        Self { key, ..Self::default() }
    }

    /// Whether the sender may write lines of this stream.
    ///
    /// # Errors
    ///
    /// [`Why::Foreign`].
    pub(crate) fn admit(&self, stream: StreamId, peer: Option<&SpiffeId>) -> Result<(), Why> {
        let own = match self.tied.get(&stream) {
            Some(tie) => peer == Some(&tie.writer),
            None => peer.is_none_or(|peer| self.refused.get(&stream) != Some(peer)),
        };
        if own { Ok(()) } else { Err(Why::Foreign) }
    }

    /// Looks at an `open` before the records that come with it: refuses those too, where it will be refused.
    pub(crate) fn look_ahead(&mut self, line: &CheckpointLine, peer: &SpiffeId, trust: &Trust) {
        if matches!(self.opens(line, peer, trust), Err(Why::Foreign)) {
            bounded(&mut self.refused, line.checkpoint.stream, peer.clone());
        }
    }

    /// Judges a checkpoint of a sender who may write lines of its stream.
    ///
    /// # Errors
    ///
    /// [`Why::Foreign`]: it claims a group that is not its writer's; [`Why::Forked`]: another key for the same stream.
    pub(crate) fn judge(&self, line: &CheckpointLine, peer: Option<&SpiffeId>, trust: &Trust) -> Result<Change, Why> {
        let checkpoint = &line.checkpoint;
        let ends = checkpoint.end.is_some();
        if let Some(peer) = peer.filter(|_| checkpoint.kind == Kind::Open) {
            return Ok(Change { tie: self.opens(line, peer, trust)?, ends });
        }
        let Some(tie) = self.tied.get(&checkpoint.stream) else { return Ok(Change::default()) };
        if checkpoint.group.as_ref() != Some(&tie.group) {
            return Err(Why::Foreign);
        }
        let next = enrolled_key(line, trust, Some(&tie.key)).filter(|next| *next != tie.key);
        Ok(Change { tie: next.map(|key| Tie { key, ..tie.clone() }), ends })
    }

    /// What an `open` ties its stream to, if anything: it is enrolled, names a group, and was not known.
    fn opens(&self, line: &CheckpointLine, peer: &SpiffeId, trust: &Trust) -> Result<Option<Tie>, Why> {
        let Checkpoint { stream, group, .. } = &line.checkpoint;
        let (Some(key), Some(group)) = (enrolled_key(line, trust, None), group) else { return Ok(None) };
        let leave = trust.leave(peer, group);
        if leave == Leave::Refused {
            return Err(Why::Foreign);
        }
        match self.tied.get(stream) {
            Some(tie) if tie.first.is_some_and(|first| first != key) => Err(Why::Forked),
            // the same once more: what there is to state of it is stated
            Some(_) => Ok(None),
            None => {
                let stated = (leave == Leave::Given && self.key.is_some()).then_some(NEVER);
                Ok(Some(Tie { writer: peer.clone(), group: group.clone(), first: Some(key), key, stated }))
            }
        }
    }

    /// Remembers what a stored checkpoint changes. Gives the lines to store beside it: what is to be stated of its key, once an
    /// hour, so that the segment of an hour can be verified alone, and of a new key.
    pub(crate) fn take(&mut self, stream: StreamId, change: Change, now: Timestamp) -> Vec<String> {
        let before = self.tied.get(&stream).cloned();
        let Change { tie: new, ends } = change;
        let mut statements = Vec::new();
        let mut state = |tie: &mut Tie| {
            statements.extend(self.state(stream, tie, now));
            tie.stated = tie.stated.map(|_| now);
        };
        let mut tie = before.clone();
        if let Some(tie) = tie.as_mut().filter(|tie| tie.stated.is_some_and(|at| hour(at) != hour(now))) {
            state(tie);
        }
        if let Some(mut new) = new {
            state(&mut new);
            tie = Some(new);
        }
        self.before.push((stream, before));
        match tie {
            // nothing follows the end of a stream
            _ if ends => drop(self.tied.remove(&stream)),
            Some(tie) => bounded(&mut self.tied, stream, tie),
            None => {}
        }
        statements
    }

    fn state(&self, stream: StreamId, tie: &Tie, now: Timestamp) -> Option<String> {
        let Tie { writer, group, key, stated, .. } = tie.clone();
        let content = Content::Bound(Binding { stream, writer, group, key });
        stated.and(self.key.as_ref()).map(|signer| Statement::sign(&content, now, signer))
    }

    /// What was remembered since the last time is durable.
    pub(crate) fn commit(&mut self) {
        self.before.clear();
    }

    /// It could not be stored.
    pub(crate) fn forget(&mut self) {
        for (stream, tie) in mem::take(&mut self.before).into_iter().rev() {
            match tie {
                Some(tie) => drop(self.tied.insert(stream, tie)),
                None => drop(self.tied.remove(&stream)),
            }
        }
    }

    /// Takes a line that an earlier run has stored, where it is a statement of ours.
    pub(crate) fn recall(&mut self, text: &[u8]) {
        if !text.starts_with(STATEMENT) {
            return;
        }
        let statement = serde_json::from_slice::<Value>(text).ok().and_then(|value| Statement::read(&value));
        let Some(Statement { content: Content::Bound(binding), issued, .. }) = statement else { return };
        let Binding { stream, writer, group, key } = binding;
        bounded(&mut self.tied, stream, Tie { writer, group, first: None, key, stated: Some(issued) });
    }
}

fn hour(at: Timestamp) -> u64 {
    at.as_micros() / 3_600_000_000
}

fn bounded<T>(map: &mut BTreeMap<StreamId, T>, stream: StreamId, value: T) {
    if map.len() >= MAX_STREAMS && !map.contains_key(&stream) {
        map.pop_first();
    }
    map.insert(stream, value);
}

/// Before any statement.
const NEVER: Timestamp = Timestamp::from_micros(0);
/// Open streams that are remembered, as many as heads.
const MAX_STREAMS: usize = 65_536;
/// How the line of one begins.
const STATEMENT: &[u8] = b"{\"event\":\"audit.bound\"";

#[cfg(test)]
mod tests {
    use oidc_audit::entropy::{Entropy, NoEntropy};
    use oidc_audit::record::evidence::{Chain, Identity, Signing, Statement as Said};

    use super::*;

    struct Counting(u8);

    impl Entropy for Counting {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
            for byte in bytes {
                self.0 = self.0.wrapping_add(1);
                *byte = self.0;
            }
            Ok(())
        }
    }

    fn at(minute: u64) -> Timestamp {
        Timestamp::from_secs(1_768_467_600 + 60 * minute)
    }

    fn gateway() -> SpiffeId {
        SpiffeId::parse("spiffe://cluster.local/ns/shop/sa/gateway").unwrap()
    }

    fn chain(random: &mut Counting) -> Chain {
        let identity = Identity { group: Some("shop/gateway/pod-1".to_owned()), ..Identity::default() };
        Chain::open(identity, Signing::Enrolled, StreamId::from_bytes([1; 16]), at(0), random).unwrap()
    }

    fn ties() -> Ties {
        Ties::with_key(Some(SigningKey::draw(&mut Counting(9)).unwrap()))
    }

    fn line(chain: &mut Chain, minute: u64, random: &mut Counting) -> CheckpointLine {
        CheckpointLine::parse(&chain.seal(Said::default(), at(minute), random).line).unwrap()
    }

    /// The keys that are stated when a checkpoint is stored.
    fn stated(ties: &mut Ties, line: &CheckpointLine, minute: u64) -> Vec<PublicKey> {
        let change = ties.judge(line, Some(&gateway()), &Trust::NONE).unwrap();
        let lines = ties.take(line.checkpoint.stream, change, at(minute));
        let read = |line: &String| Statement::read(&serde_json::from_str(line).unwrap()).unwrap().content;
        let key =
            |content| if let Content::Bound(binding) = content { binding.key } else { panic!("another statement") };
        lines.iter().map(read).map(key).collect()
    }

    #[test]
    fn a_key_is_stated_when_it_begins_and_once_in_every_hour() {
        let (mut random, mut ties) = (Counting(0), ties());
        let mut chain = chain(&mut random);
        let open = line(&mut chain, 0, &mut random);
        let first = open.checkpoint.next_key.unwrap();
        assert_eq!(stated(&mut ties, &open, 0), [first]);
        assert_eq!(stated(&mut ties, &open, 1), []);
        assert_eq!(stated(&mut ties, &line(&mut chain, 2, &mut random), 2), []);
        let roll = line(&mut chain, 20, &mut random);
        let second = roll.checkpoint.next_key.unwrap();
        assert_eq!(stated(&mut ties, &roll, 20), [second]);
        assert_eq!(stated(&mut ties, &line(&mut chain, 30, &mut random), 60), [second]);
        let roll = line(&mut chain, 40, &mut random);
        assert_eq!(stated(&mut ties, &roll, 120), [second, roll.checkpoint.next_key.unwrap()]);
    }

    #[test]
    fn what_could_not_be_stored_is_forgotten() {
        let (mut random, mut ties) = (Counting(0), ties());
        let open = line(&mut chain(&mut random), 0, &mut random);
        let key = open.checkpoint.next_key.unwrap();
        assert_eq!(stated(&mut ties, &open, 0), [key]);
        ties.forget();
        assert_eq!(ties.admit(open.checkpoint.stream, None), Ok(()));
        assert_eq!(stated(&mut ties, &open, 0), [key]);
        ties.commit();
        ties.forget();
        assert_eq!(ties.admit(open.checkpoint.stream, None), Err(Why::Foreign));
    }

    #[test]
    fn another_key_for_a_stream_is_a_fork_and_another_group_is_foreign() {
        let (mut random, mut ties) = (Counting(0), ties());
        let open = line(&mut chain(&mut random), 0, &mut random);
        stated(&mut ties, &open, 0);
        let other = line(&mut chain(&mut random), 0, &mut random);
        let judge = |line: &CheckpointLine| ties.judge(line, Some(&gateway()), &Trust::NONE).map(|_| ());
        assert_eq!(judge(&other), Err(Why::Forked));
        assert_eq!(judge(&open), Ok(()));
        let mut renamed = open.clone();
        renamed.checkpoint.kind = Kind::Batch;
        renamed.checkpoint.group = Some("shop/store/pod-1".to_owned());
        assert_eq!(judge(&renamed), Err(Why::Foreign));
    }
}
