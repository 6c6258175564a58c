//! Writes exports: two processes with two streams each, batches, beats, a declared loss, an epoch's end, orderly ends.

use std::rc::Rc;

use oidc_audit::record::StreamId;
use oidc_audit::record::audit::StopReason;
use oidc_audit::record::evidence::{
    Chain, CheckpointLine, Covered, Digest, Head, Identity, LEAF_PREFIX, Loss, Signing, SigningKey, Statement, Tree,
};
use oidc_audit::record::verify::{self, Binding, Content, SpiffeId};
use oidc_audit::secret::Secret;
use oidc_audit::time::Timestamp;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::Export;
use super::random::Random;

/// A stream that is being written.
pub(crate) struct Writer {
    chain: Chain,
    stream: StreamId,
    next: u64,
    lines: Vec<Vec<u8>>,
}

/// The workload that writes enrolled streams.
pub(crate) const WRITER: &str = "spiffe://cluster.local/ns/shop/sa/gateway";

/// An export of intact streams: every one closed, or live as of the newest checkpoint. Every third one is enrolled.
pub(crate) fn intact(seed: u64) -> Export {
    if seed.is_multiple_of(3) { enrolled(seed) } else { configured(seed) }
}

/// Streams with keys of their own, and what a collector said of them.
pub(crate) fn enrolled(seed: u64) -> Export {
    let mut random = Random::new(seed);
    let mut lines = Vec::new();
    for process in 0..2 {
        for line in process_lines(process, &Signing::Enrolled, &mut random) {
            let bound = binding(&line, process == 0).map(|binding| bind(binding, &collector_key()));
            lines.push(line);
            lines.extend(bound);
        }
    }
    let mut trust = trust(&collector_key());
    trust["keys"][0]["may"] = json!(["bind"]);
    Export { lines, trust, from: None, to: None }
}

/// What a collector says of an `open`, and where it lives long enough of a `roll`.
fn binding(line: &[u8], rolls: bool) -> Option<Binding> {
    let line = CheckpointLine::parse(std::str::from_utf8(line).unwrap()).ok()?;
    let checkpoint = line.checkpoint;
    let key = checkpoint.next_key.filter(|_| rolls || checkpoint.number == 0)?;
    let writer = SpiffeId::parse(WRITER).unwrap();
    Some(Binding { stream: checkpoint.stream, writer, group: checkpoint.group?, key })
}

/// The line of a binding.
pub(crate) fn bind(binding: Binding, key: &SigningKey) -> Vec<u8> {
    verify::Statement::sign(&Content::Bound(binding), at(0, 1), key).into_bytes()
}

fn configured(seed: u64) -> Export {
    let mut random = Random::new(seed);
    let key = key();
    let trust = trust(&key);
    let mut lines = Vec::new();
    for process in 0..2 {
        lines.extend(process_lines(process, &Signing::Configured(Rc::clone(&key)), &mut random));
    }
    Export { lines, trust, from: None, to: None }
}

pub(crate) fn key() -> Rc<SigningKey> {
    Rc::new(SigningKey::from_seed(&Secret::new(Zeroizing::new([9; 32]))))
}

pub(crate) fn collector_key() -> Rc<SigningKey> {
    Rc::new(SigningKey::from_seed(&Secret::new(Zeroizing::new([8; 32]))))
}

/// Of an operator.
pub(crate) fn other_key() -> Rc<SigningKey> {
    Rc::new(SigningKey::from_seed(&Secret::new(Zeroizing::new([7; 32]))))
}

pub(crate) fn trust(key: &SigningKey) -> Value {
    let mut jwk: Value = serde_json::from_str(&key.public().jwk()).unwrap();
    jwk["kid"] = json!(key.public().thumbprint().to_string());
    jwk["grp"] = json!(["shop/gateway/*"]);
    jwk["not_after"] = json!("2027-01-01T00:00:00Z");
    json!({"schema": "oidc-audit-trust/1", "keys": [jwk]})
}

fn process_lines(process: u64, signing: &Signing, random: &mut Random) -> Vec<Vec<u8>> {
    let mut writers: Vec<Writer> = (0..2).map(|_| Writer::open(process, signing, random)).collect();
    let steps = 4 + random.below(5);
    for step in 0..steps {
        let now = at(process, 20 * u64::try_from(step).unwrap());
        for writer in &mut writers {
            match random.below(6) {
                0 => {}
                1 => writer.lose(now, random),
                _ => writer.batch(1 + random.below(6), None, now, random),
            }
        }
        if step % 3 == 2 {
            let heads: Vec<Head> = writers[1..].iter().filter_map(|writer| writer.chain.head()).collect();
            writers[0].say(Statement { beat: Some(heads), ..Statement::default() }, now, random);
        }
    }
    // past the end of an epoch
    let late = at(process, 16 * 60);
    writers[0].batch(2, None, late, random);
    let end = at(process, 16 * 60 + 5);
    writers[1].batch(1, Some(StopReason::Shutdown), end, random);
    let heads = writers[1].chain.head().into_iter().collect();
    writers[0].say(Statement { beat: Some(heads), ..Statement::default() }, end, random);
    writers[0].batch(1, Some(StopReason::Reload), at(process, 16 * 60 + 10), random);
    writers.into_iter().flat_map(|writer| writer.lines).collect()
}

/// Processes begin one second apart.
fn at(process: u64, seconds: u64) -> Timestamp {
    Timestamp::from_secs(1_768_469_400 + process + seconds)
}

impl Writer {
    fn open(process: u64, signing: &Signing, random: &mut Random) -> Self {
        let mut writer = Self::begin(process, signing, random);
        writer.batch(3, None, at(process, 0), random);
        writer
    }

    /// A stream that has said nothing yet.
    pub(crate) fn begin(process: u64, signing: &Signing, random: &mut Random) -> Self {
        let mut bytes = [0; 16];
        bytes.iter_mut().for_each(|byte| *byte = random.next().to_le_bytes()[0]);
        let stream = StreamId::from_bytes(bytes);
        let identity = Identity {
            domain: None,
            group: Some(format!("shop/gateway/pod-{process}")),
            config: "ab".repeat(32),
            build: "oidc-audit/0.1.0".to_owned(),
            promise: 120,
        };
        let chain = Chain::open(identity, signing.clone(), stream, at(process, 0), random).unwrap();
        Self { chain, stream, next: 1, lines: Vec::new() }
    }

    /// A batch of records like the samples, one second after the one before; or the last one.
    pub(crate) fn real_batch(&mut self, records: usize, step: u64, last: bool, samples: &[Value], random: &mut Random) {
        let first = self.next;
        let texts: Vec<String> = (0..records)
            .map(|_| {
                let mut record = samples[random.below(samples.len())].clone();
                record["id"] = format!("{}-{}", self.stream, self.next).into();
                self.next += 1;
                record.to_string()
            })
            .collect();
        let (covered, _) = cover(first, &texts);
        self.lines.extend(texts.into_iter().map(String::into_bytes));
        let end = last.then_some(StopReason::Shutdown);
        self.say(Statement { covered: Some(covered), end, ..Statement::default() }, at(0, step), random);
    }

    /// What was written since the last time.
    pub(crate) fn take_lines(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.lines)
    }

    /// A batch of records and its checkpoint.
    pub(crate) fn batch(&mut self, records: usize, end: Option<StopReason>, now: Timestamp, random: &mut Random) {
        let first = self.next;
        let texts: Vec<String> = (0..records).map(|_| self.record(now, random)).collect();
        let (covered, _) = cover(first, &texts);
        self.lines.extend(texts.into_iter().map(String::into_bytes));
        self.say(
            Statement { covered: Some(covered), end, pending: u64::from(end.is_none()), ..Statement::default() },
            now,
            random,
        );
    }

    /// A batch that is given up, and the checkpoint that says so.
    fn lose(&mut self, now: Timestamp, random: &mut Random) {
        let before = self.lines.len();
        let first = self.next;
        self.batch(2, None, now, random);
        self.lines.truncate(before);
        let number = self.chain.head().unwrap().number;
        let loss = Loss {
            sink: "audit_log".to_owned(),
            why: "refused".to_owned(),
            records: vec![(first, self.next - 1)],
            checkpoints: vec![(number, number)],
        };
        self.say(Statement { losses: vec![loss], ..Statement::default() }, now, random);
    }

    fn say(&mut self, statement: Statement, now: Timestamp, random: &mut Random) {
        let uptime = Some(now.as_micros() - 1_768_000_000_000_000);
        let sealed = self.chain.seal(Statement { uptime, ..statement }, now, random);
        self.lines.push(sealed.line.into_bytes());
    }

    fn record(&mut self, now: Timestamp, random: &mut Random) -> String {
        let id = format!("{}-{}", self.stream, self.next);
        self.next += 1;
        let names = ["anna", "jörg", "\u{1f511} key", "o\"brien\\"];
        json!({
            "client": {"id": names[random.below(names.len())]},
            "dur_ms": random.below(400),
            "event": "token.issued",
            "id": id,
            "outcome": "success",
            "request": {"scope": ["openid", "email"]},
            "salt": format!("{:022x}", random.next()),
            "schema": "oidc-audit/1",
            "ts": now.rfc3339_millis(),
        })
        .to_string()
    }
}

/// What a checkpoint says of some records.
pub(crate) fn cover(first: u64, texts: &[String]) -> (Covered, Vec<Digest>) {
    let leaves: Vec<Digest> = texts.iter().map(|text| Digest::leaf(text.as_bytes())).collect();
    let root = leaves.iter().copied().collect::<Tree>().root().unwrap();
    let tags = leaves.iter().flat_map(|leaf| leaf.as_bytes()[..LEAF_PREFIX].to_vec()).collect();
    let last = first + u64::try_from(texts.len()).unwrap() - 1;
    (Covered { first, last, root, leaves: tags }, leaves)
}
