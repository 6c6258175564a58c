//! What must hold for the checkpoints of every export: form, chain, roots, signatures.

use std::collections::{BTreeMap, BTreeSet};

use oidc_audit::record::evidence::{Checkpoint, CheckpointLine, Digest, Kind, PublicKey, Tree};
use oidc_audit::record::{KeyId, NamedKey};
use oidc_audit::secret::Secret;

/// Whether an export holds everything that its writers wrote.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Export {
    /// The reading was stopped at some line.
    Cut,
    Whole,
}

pub(crate) fn is_checkpoint(line: &str) -> bool {
    line.contains(r#""event":"audit.checkpoint""#)
}

/// What is wrong with the checkpoints of some lines, in any order and with duplicates.
pub(crate) fn verify(lines: &[String], export: Export) -> Result<(), String> {
    let mut streams: BTreeMap<String, Stream> = BTreeMap::new();
    for line in lines.iter().collect::<BTreeSet<_>>() {
        if is_checkpoint(line) {
            let read = CheckpointLine::parse(line).map_err(|error| format!("{error}: {line}"))?;
            let stream = streams.entry(read.checkpoint.stream.to_string()).or_default();
            stream.checkpoints.insert(read.checkpoint.number, read);
        } else {
            let record: serde_json::Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
            let (stream, number) = record["id"].as_str().and_then(|id| id.split_once('-')).ok_or("no id")?;
            let leaf = Digest::leaf(line.as_bytes());
            streams.entry(stream.to_owned()).or_default().leaves.insert(number.parse().map_err(|_| "no number")?, leaf);
        }
    }
    let key = corpus_key();
    streams.iter().try_for_each(|(id, stream)| stream.verify(export, key).map_err(|problem| format!("{id}: {problem}")))
}

/// Its seed is the bytes 00 to 1f.
fn corpus_key() -> PublicKey {
    let mut seed = [0; 32];
    seed.iter_mut().zip(0..).for_each(|(byte, value)| *byte = value);
    NamedKey::new(KeyId::parse("s1").unwrap(), Secret::new(seed)).signing_key().public()
}

#[derive(Default)]
struct Stream {
    leaves: BTreeMap<u64, Digest>,
    checkpoints: BTreeMap<u64, CheckpointLine>,
}

impl Stream {
    fn verify(&self, export: Export, key: PublicKey) -> Result<(), String> {
        let mut before: Option<&CheckpointLine> = None;
        for (n, line) in &self.checkpoints {
            let said = &line.checkpoint;
            let after = before.map_or(Some(0), |before| before.checkpoint.number.checked_add(1));
            let previous = before.map(|before| Digest::of(before.jws.as_bytes()));
            let total = before.map_or(0, |before| before.checkpoint.total);
            if after != Some(*n) || said.previous != previous {
                return Err(format!("c{n} is not chained to the one before it"));
            }
            signed(line, key).then_some(()).ok_or_else(|| format!("c{n} is not signed by its key"))?;
            self.covers(said, total).map_err(|problem| format!("c{n}: {problem}"))?;
            before = Some(line);
        }
        let sealed = before.map_or(0, |last| last.checkpoint.total);
        let ends = before.is_some_and(|last| last.checkpoint.end.is_some());
        let last = self.leaves.keys().last().copied().unwrap_or_default();
        match export {
            Export::Whole if last != sealed || !ends => Err(format!("{last} records, {sealed} sealed, ended: {ends}")),
            _ => Ok(()),
        }
    }

    fn covers(&self, said: &Checkpoint, total: u64) -> Result<(), String> {
        let Some(covered) = &said.covered else { return Ok(()) };
        if (covered.first, covered.last) != (total + 1, said.total) {
            return Err("its range does not follow".to_owned());
        }
        let leaf = |number| self.leaves.get(&number).copied().ok_or_else(|| format!("{number} is missing"));
        let leaves: Vec<Digest> = (covered.first..=covered.last).map(leaf).collect::<Result<_, _>>()?;
        let stated = (covered.first..).zip(&leaves).all(|(number, leaf)| covered.has(number, leaf) == Some(true));
        let root = leaves.into_iter().collect::<Tree>().root();
        (stated && root == Some(covered.root)).then_some(()).ok_or_else(|| "another root".to_owned())
    }
}

fn signed(line: &CheckpointLine, key: PublicKey) -> bool {
    let said = &line.checkpoint;
    let Some(jws) = line.signed() else { return false };
    match &said.certificate {
        Some(certificate) => {
            certificate.is_issued_by(&key, said.stream, said.epoch) && jws.is_signed_by(&certificate.key)
        }
        None => said.kind == Kind::Open && jws.is_signed_by(&key),
    }
}
