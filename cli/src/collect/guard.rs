//! Checkpoints on arrival: whether a key of the trust file signed them, and whether they go on from what was seen before.
//!
//! Whose streams are is for `ties`. Remembers the latest checkpoint of every open stream, in a file that outlives the process and that `verify` reads: who can
//! change the records and not that file cannot cut a tail unseen.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::mem;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use oidc_audit::record::StreamId;
use oidc_audit::record::evidence::{Checkpoint, CheckpointLine, Digest, Head};
use oidc_audit::record::verify::{SpiffeId, Trust, is_forged};
use serde_json::{Value, json};

use super::line::{Kind, Line, Why};
use super::ties::Ties;
use crate::clock;
use crate::failure::Failure;

/// Judges checkpoints; without a trust file, a file of heads and senders with SPIFFE ids it lets everything pass.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    trust: Option<Trust>,
    ties: Ties,
    /// Where heads go.
    file: Option<File>,
    heads: BTreeMap<StreamId, Head>,
    /// Heads of lines that are not durable yet, in the order of their arrival, and whether they end their streams.
    pending: Vec<(Head, bool)>,
}

impl Guard {
    /// Reads the heads that an earlier run has left.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written, or is none.
    pub(crate) fn open(trust: Option<Trust>, witness: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = witness else { return Ok(Self { trust, ..Self::default() }) };
        let failure = |error: &io::Error| Failure::io(format_args!("cannot open {}", path.display()), error);
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(|e| failure(&e))?;
        let mut heads = BTreeMap::new();
        read(path, &mut |head| keep(&mut heads, head, false))?;
        Ok(Self { trust, file: Some(file), heads, ..Self::default() })
    }

    /// Has streams tied to their writers.
    pub(crate) fn tying(self, ties: Ties) -> Self {
        Self { ties, ..self }
    }

    /// Takes a line that an earlier run has stored.
    pub(crate) fn recall(&mut self, text: &[u8]) {
        self.ties.recall(text);
    }

    /// Looks at the lines of a request before one of them is judged: an `open` comes after its records, and decides on them.
    pub(crate) fn look_ahead(&mut self, lines: &[Line], peer: Option<&SpiffeId>) {
        let Some(peer) = peer else { return };
        for line in lines.iter().filter(|line| line.id.kind == Kind::Checkpoint && line.id.number == 0) {
            if let Ok(read) = read_checkpoint(line) {
                self.ties.look_ahead(&read, peer, self.trust.as_ref().unwrap_or(&NO_TRUST));
            }
        }
    }

    /// Whether a line of this sender may be stored; if so, and if it is a checkpoint, it is the head of its stream from now on.
    /// Gives the lines to store beside it, if there is something to state.
    ///
    /// # Errors
    ///
    /// Why not.
    pub(crate) fn admit(&mut self, line: &Line, peer: Option<&SpiffeId>) -> Result<Vec<String>, Why> {
        let stream = StreamId::from_bytes(line.id.stream.to_be_bytes());
        self.ties.admit(stream, peer)?;
        let unguarded = self.trust.is_none() && self.file.is_none();
        if line.id.kind != Kind::Checkpoint || (unguarded && peer.is_none()) {
            return Ok(Vec::new());
        }
        let read = match read_checkpoint(line) {
            Err(_) if unguarded => return Ok(Vec::new()),
            read => read?,
        };
        if self.trust.as_ref().is_some_and(|trust| is_forged(&read, trust)) {
            return Err(Why::Forged);
        }
        let change = self.ties.judge(&read, peer, self.trust.as_ref().unwrap_or(&NO_TRUST))?;
        if self.file.is_some() {
            self.follow(&read.checkpoint, Digest::of(read.jws.as_bytes()))?;
        }
        Ok(self.ties.take(stream, change, clock::now()))
    }

    fn follow(&mut self, checkpoint: &Checkpoint, digest: Digest) -> Result<(), Why> {
        let head = Head { stream: checkpoint.stream, number: checkpoint.number, digest };
        let pending = self.pending.iter().rev().map(|(head, _)| head).find(|known| known.stream == head.stream);
        let known = pending.or_else(|| self.heads.get(&head.stream)).copied();
        if let Some(known) = known {
            let other = known.number == head.number && known.digest != head.digest;
            let follows = known.number.checked_add(1) == Some(head.number);
            if other || (follows && checkpoint.previous != Some(known.digest)) {
                return Err(Why::Forked);
            }
        }
        if known.is_none_or(|known| known.number < head.number) {
            self.pending.push((head, checkpoint.end.is_some()));
        }
        Ok(())
    }

    /// Forgets what was admitted since the last time: it could not be stored.
    pub(crate) fn forget(&mut self) {
        self.pending.clear();
        self.ties.forget();
    }

    /// Makes the heads of what was stored durable. What could not be written is tried again the next time.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub(crate) fn commit(&mut self) -> io::Result<()> {
        self.ties.commit();
        let Some(file) = self.file.as_mut().filter(|_| !self.pending.is_empty()) else { return Ok(()) };
        let at = clock::now().rfc3339_millis();
        let line = |head: &Head| json!({"at": at, "h": head.digest.to_string(), "n": head.number, "str": head.stream.to_string()});
        let text: String = self.pending.iter().map(|(head, _)| format!("{}\n", line(head))).collect();
        file.write_all(text.as_bytes()).and_then(|()| file.sync_data())?;
        mem::take(&mut self.pending).into_iter().for_each(|(head, ends)| keep(&mut self.heads, head, ends));
        Ok(())
    }
}

fn read_checkpoint(line: &Line) -> Result<CheckpointLine, Why> {
    let value: Value = serde_json::from_slice(&line.bytes).map_err(|_| Why::NotJson)?;
    CheckpointLine::read(&value).map_err(|_| Why::Forged)
}

/// Reads a file of heads.
///
/// # Errors
///
/// It cannot be read, or a line of it is no head; a last line that is torn is passed over.
pub(crate) fn read(path: &Path, each: &mut dyn FnMut(Head)) -> Result<(), Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::io(format_args!("cannot read {}", path.display()), &error))?;
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    for (index, line) in whole.lines().enumerate() {
        let head = parse(line).ok_or_else(|| {
            Failure::new(format!("{} is no file of heads: line {}", path.display(), index.saturating_add(1)))
                .hint("it is what `oidc-audit collect --witness` writes")
        })?;
        each(head);
    }
    Ok(())
}

fn parse(line: &str) -> Option<Head> {
    let value: Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| value.get(name)?.as_str();
    Some(Head {
        stream: StreamId::parse(text("str")?)?,
        number: value.get("n")?.as_u64()?,
        digest: Digest::parse(text("h")?).ok()?,
    })
}

/// Nothing follows the end of a stream: it need not be remembered.
fn keep(heads: &mut BTreeMap<StreamId, Head>, head: Head, ends: bool) {
    if ends {
        heads.remove(&head.stream);
        return;
    }
    if heads.len() >= MAX_HEADS && !heads.contains_key(&head.stream) {
        heads.pop_first();
    }
    let known = heads.entry(head.stream).or_insert(head);
    if head.number > known.number {
        *known = head;
    }
}

/// Knows no key: every one that is not the stream's own stays to be judged.
static NO_TRUST: Trust = Trust::NONE;
/// Open streams that are remembered; of more, some are forgotten, and a fork of those is for `verify` to find.
const MAX_HEADS: usize = 65_536;
