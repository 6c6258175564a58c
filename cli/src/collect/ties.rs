//! Whose streams are: an enrolled stream belongs to the workload that opened it, and the collector's key says so.
//!
//! What is remembered is bounded; what is forgotten is no longer refused, and left to `verify`.

use std::collections::BTreeMap;
use std::mem;

use oidc_audit::record::StreamId;
use oidc_audit::record::evidence::{Checkpoint, CheckpointLine, Kind, PublicKey, SigningKey};
use oidc_audit::record::verify::{Binding, Content, Leave, SpiffeId, Statement, Trust, enrolled_key};
use serde_json::Value;

use super::line::Why;
use crate::clock;

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
    /// Whether a statement says so.
    stated: bool,
}

/// What a checkpoint that may be stored changes.
#[derive(Debug, Default)]
pub(crate) struct Change {
    tie: Option<Tie>,
    /// The key is new.
    states: bool,
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
            let tie = self.opens(line, peer, trust)?;
            return Ok(Change { states: tie.is_some(), tie, ends });
        }
        let Some(tie) = self.tied.get(&checkpoint.stream) else { return Ok(Change::default()) };
        if checkpoint.group.as_ref() != Some(&tie.group) {
            return Err(Why::Foreign);
        }
        let next = enrolled_key(line, trust, Some(&tie.key)).filter(|next| *next != tie.key);
        Ok(Change { tie: next.map(|key| Tie { key, ..tie.clone() }), states: next.is_some(), ends })
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
                let stated = leave == Leave::Given && self.key.is_some();
                Ok(Some(Tie { writer: peer.clone(), group: group.clone(), first: Some(key), key, stated }))
            }
        }
    }

    /// Remembers what a stored checkpoint changes. Gives the line to store beside it, if there is something to state.
    pub(crate) fn take(&mut self, stream: StreamId, change: Change) -> Option<String> {
        let Change { tie, states, ends } = change;
        if tie.is_none() && !ends {
            return None;
        }
        let statement = tie.as_ref().filter(|tie| states && tie.stated).and_then(|tie| self.state(stream, tie));
        self.before.push((stream, self.tied.get(&stream).cloned()));
        match tie {
            // nothing follows the end of a stream
            _ if ends => drop(self.tied.remove(&stream)),
            Some(tie) => bounded(&mut self.tied, stream, tie),
            None => {}
        }
        statement
    }

    fn state(&self, stream: StreamId, tie: &Tie) -> Option<String> {
        let Tie { writer, group, key, .. } = tie.clone();
        let content = Content::Bound(Binding { stream, writer, group, key });
        self.key.as_ref().map(|signer| Statement::sign(&content, clock::now(), signer))
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
        if let Some(Content::Bound(Binding { stream, writer, group, key })) = statement.map(|read| read.content) {
            bounded(&mut self.tied, stream, Tie { writer, group, first: None, key, stated: true });
        }
    }
}

fn bounded<T>(map: &mut BTreeMap<StreamId, T>, stream: StreamId, value: T) {
    if map.len() >= MAX_STREAMS && !map.contains_key(&stream) {
        map.pop_first();
    }
    map.insert(stream, value);
}

/// Open streams that are remembered, as many as heads.
const MAX_STREAMS: usize = 65_536;
/// How the line of one begins.
const STATEMENT: &[u8] = b"{\"event\":\"audit.bound\"";
