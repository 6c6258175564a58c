//! What a verdict follows from, case by case; `tests/tamper.rs` tampers at random.

use std::rc::Rc;

use serde_json::json;
use zeroize::Zeroizing;

use super::*;
use crate::entropy::{Entropy, NoEntropy};
use crate::record::audit::StopReason;
use crate::record::batch::StreamId;
use crate::record::evidence::{
    Chain, CheckpointLine, Covered, Digest, Head, Identity, LEAF_PREFIX, Loss, Signing, SigningKey, Statement, Tree,
};
use crate::secret::Secret;
use crate::time::Timestamp;

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

/// A stream that is being written.
struct Writer {
    chain: Chain,
    id: u8,
    next: u64,
    random: Counting,
    lines: Vec<String>,
}

fn key(seed: u8) -> Rc<SigningKey> {
    Rc::new(SigningKey::from_seed(&Secret::new(Zeroizing::new([seed; 32]))))
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_secs(1_768_469_400 + seconds)
}

impl Writer {
    fn new(id: u8, group: &str, signing: Signing) -> Self {
        let identity = Identity { group: Some(group.to_owned()), promise: 120, ..Identity::default() };
        let mut random = Counting(id);
        let chain = Chain::open(identity, signing, StreamId::from_bytes([id; 16]), at(0), &mut random).unwrap();
        Self { chain, id, next: 1, random, lines: Vec::new() }
    }

    fn configured(id: u8) -> Self {
        Self::new(id, &format!("shop/gateway/pod-{id}"), Signing::Configured(key(9)))
    }

    /// Two records and their checkpoint.
    fn batch(&mut self, seconds: u64, statement: Statement) -> &mut Self {
        let first = self.next;
        let stream = StreamId::from_bytes([self.id; 16]);
        let texts: Vec<String> = [first, first + 1]
            .map(|n| {
                json!({"event": "token.issued", "id": format!("{stream}-{n}"), "schema": "oidc-audit/1"}).to_string()
            })
            .into();
        self.next += 2;
        let leaves: Vec<Digest> = texts.iter().map(|text| Digest::leaf(text.as_bytes())).collect();
        let tags = leaves.iter().flat_map(|leaf| leaf.as_bytes()[..LEAF_PREFIX].to_vec()).collect();
        let root = leaves.into_iter().collect::<Tree>().root().unwrap();
        self.lines.extend(texts);
        let covered = Some(Covered { first, last: first + 1, root, leaves: tags });
        self.say(seconds, Statement { covered, ..statement })
    }

    fn say(&mut self, seconds: u64, statement: Statement) -> &mut Self {
        let uptime = Some(at(seconds).as_micros());
        let sealed = self.chain.seal(Statement { uptime, ..statement }, at(seconds), &mut self.random);
        self.lines.push(sealed.line);
        self
    }

    fn close(&mut self, seconds: u64) -> &mut Self {
        self.batch(seconds, Statement { end: Some(StopReason::Shutdown), ..Statement::default() })
    }

    fn head(&self) -> Head {
        self.chain.head().unwrap()
    }
}

fn pending(pending: u64) -> Statement {
    Statement { pending, ..Statement::default() }
}

fn trust_in(seed: u8, groups: &[&str]) -> Trust {
    let public = key(seed).public();
    let mut entry: serde_json::Value = serde_json::from_str(&public.jwk()).unwrap();
    entry["kid"] = public.thumbprint().to_string().into();
    entry["grp"] = json!(groups);
    Trust::parse(&json!({"keys": [entry], "schema": "oidc-audit-trust/1"}).to_string()).unwrap()
}

fn judge_with(trust: Trust, asked: Asked, lines: &[String]) -> Report {
    let reader = LineReader::default();
    let mut verifier = Verifier::new(trust, asked);
    lines.iter().for_each(|line| verifier.take(reader.text(line.as_bytes())));
    while verifier.wants_another_reading() {
        lines.iter().for_each(|line| verifier.again(&reader.text(line.as_bytes())));
    }
    verifier.finish()
}

fn judge(seconds: u64, lines: &[String]) -> Report {
    judge_with(trust_in(9, &["shop/*"]), Asked { as_of: Some(at(seconds)), ..Asked::default() }, lines)
}

fn kinds(report: &Report) -> Vec<ProblemKind> {
    let all = report.streams.iter().flat_map(|stream| &stream.problems).chain(&report.problems);
    all.map(|problem| problem.kind).collect()
}

fn ends(report: &Report) -> Vec<End> {
    report.streams.iter().map(|stream| stream.end).collect()
}

#[test]
fn a_stream_is_closed_live_idle_or_ends_without_a_word() {
    let mut writer = Writer::configured(1);
    writer.batch(0, pending(0)).batch(60, pending(0));
    let report = judge(180, &writer.lines);
    assert_eq!((report.exit, ends(&report)), (0, vec![End::Live]));
    let report = judge(600, &writer.lines);
    assert_eq!((report.exit, ends(&report)), (1, vec![End::UncleanEnd]));
    let problem = report.streams.first().unwrap().problems.first().unwrap();
    assert_eq!(problem.found.as_deref(), Some("pend 0 at the end, and 120 s more"));
    // the pod that replaces it has another name
    let mut other = Writer::configured(2);
    other.batch(90, pending(0)).close(100);
    let both = [writer.lines.clone(), other.lines].concat();
    assert_eq!(ends(&judge(600, &both)), [End::EndedIdle, End::Closed]);
    writer.close(70);
    let report = judge(600, &writer.lines);
    assert_eq!((report.exit, report.verdict, ends(&report)), (0, Verdict::Intact, vec![End::Closed]));
}

#[test]
fn what_was_pending_is_never_called_idle() {
    let mut writer = Writer::configured(1);
    writer.batch(0, pending(3));
    let mut other = Writer::configured(2);
    other.batch(90, pending(0)).close(100);
    let report = judge(600, &[writer.lines, other.lines].concat());
    assert_eq!((report.exit, ends(&report)), (1, vec![End::UncleanEnd, End::Closed]));
}

#[test]
fn an_open_that_is_the_whole_stream_closes_it() {
    let mut writer = Writer::configured(1);
    writer.close(0);
    let report = judge(9_000, &writer.lines);
    assert_eq!((report.exit, ends(&report)), (0, vec![End::Closed]));
}

#[test]
fn a_sibling_knows_a_cut_tail_and_a_stream_that_is_gone() {
    let (mut one, mut two) = (Writer::configured(1), Writer::configured(2));
    two.batch(0, pending(0)).batch(10, pending(0));
    one.batch(0, pending(0)).say(20, Statement { beat: Some(vec![two.head()]), ..Statement::default() });
    let whole = [one.lines.clone(), two.lines.clone()].concat();
    assert_eq!(judge(25, &whole).exit, 0);
    let cut = [one.lines.clone(), two.lines[..3].to_vec()].concat();
    assert_eq!((judge(25, &cut).exit, kinds(&judge(25, &cut))), (2, vec![ProblemKind::Truncated]));
    let gone = judge(25, &one.lines);
    assert_eq!((gone.exit, kinds(&gone)), (2, vec![ProblemKind::MissingStream]));
}

#[test]
fn a_window_is_intact_and_a_record_removed_inside_it_is_not() {
    let mut writer = Writer::configured(1);
    for step in 0..10 {
        writer.batch(step * 60, pending(0));
    }
    // checkpoints 3 to 6 with their records, as a store gives them by time
    let window = writer.lines[9..21].to_vec();
    let asked = Asked { from: Some(at(180)), to: Some(at(360)), ..Asked::default() };
    let judged = |lines: &[String]| judge_with(trust_in(9, &["*"]), asked.clone(), lines);
    let report = judged(&window);
    assert_eq!((report.exit, kinds(&report)), (0, vec![]));
    let mut removed = window.clone();
    removed.remove(4);
    assert_eq!(kinds(&judged(&removed)), [ProblemKind::UndeclaredLoss]);
    let without_batch = [window[..3].to_vec(), window[6..].to_vec()].concat();
    assert_eq!(kinds(&judged(&without_batch)), [ProblemKind::DeletedBatch]);
    assert_eq!(judge(600, &window).exit, 2, "without the window its beginning is missing");
}

#[test]
fn two_signed_histories_of_one_stream_are_a_fork() {
    let (mut one, mut two) = (Writer::configured(1), Writer::configured(1));
    one.batch(0, pending(0)).batch(1, pending(0));
    two.batch(0, pending(0)).batch(2, pending(0));
    let report = judge(3, &[one.lines, two.lines].concat());
    assert_eq!((report.exit, kinds(&report).contains(&ProblemKind::Forked)), (2, true));
}

#[test]
fn whose_key_it_is_decides_what_a_signature_is_worth() {
    let signed = |signing: Signing| {
        let mut writer = Writer::new(1, "shop/gateway/pod-1", signing);
        writer.batch(0, pending(0)).batch(1_000, pending(0)).close(2_000);
        writer.lines
    };
    let unique = |report: &Report| {
        let mut kinds = kinds(report);
        kinds.dedup();
        (report.exit, kinds)
    };
    let judged = |lines: &[String]| unique(&judge(2_000, lines));
    assert_eq!(judged(&signed(Signing::Configured(key(9)))), (0, vec![]));
    assert_eq!(judged(&signed(Signing::Configured(key(8)))), (3, vec![ProblemKind::Untrusted]));
    assert_eq!(judged(&signed(Signing::Enrolled)), (3, vec![ProblemKind::Unbound]));
    assert_eq!(judged(&signed(Signing::Unsigned)), (3, vec![ProblemKind::Unsigned]));
    let mut reversed = signed(Signing::Enrolled);
    reversed.reverse();
    assert_eq!(judged(&reversed), (3, vec![ProblemKind::Unbound]));
    let elsewhere = judge_with(
        trust_in(9, &["other/*"]),
        Asked { as_of: Some(at(2_000)), ..Asked::default() },
        &signed(Signing::Configured(key(9))),
    );
    assert_eq!(unique(&elsewhere), (2, vec![ProblemKind::WrongWriter]));
}

#[test]
fn an_unsigned_checkpoint_does_not_belong_to_a_signed_stream() {
    let mut writer = Writer::configured(1);
    writer.batch(0, pending(0));
    let mut forger = Writer::new(1, "shop/gateway/pod-1", Signing::Unsigned);
    forger.batch(0, pending(0)).close(10);
    let lines = [writer.lines, forger.lines[3..].to_vec()].concat();
    let report = judge(20, &lines);
    assert_eq!((report.exit, kinds(&report).contains(&ProblemKind::BadSignature)), (2, true));
}

#[test]
fn a_loss_that_is_declared_is_a_loss_all_the_same() {
    let mut writer = Writer::configured(1);
    writer.batch(0, pending(0)).batch(10, pending(0));
    let loss = |records, checkpoints| Loss { sink: "log".to_owned(), why: "refused".to_owned(), records, checkpoints };
    writer.lines.truncate(3);
    writer.batch(20, Statement { losses: vec![loss(vec![(3, 4)], vec![(1, 1)])], ..Statement::default() });
    let report = judge(20, &writer.lines);
    assert_eq!((report.exit, kinds(&report)), (1, vec![ProblemKind::DeclaredLoss]));
    let problem = report.streams.first().unwrap().problems.first().unwrap();
    assert!(problem.from.as_deref().is_some_and(|from| from.ends_with("-3")), "{problem:?}");
}

#[test]
fn numbers_of_a_liar_cost_neither_time_nor_memory() {
    let mut writer = Writer::new(1, "a", Signing::Unsigned);
    writer.batch(0, pending(0));
    writer.next = (1 << 53) - 4;
    let all = vec![(0, (1 << 53) - 1)];
    let loss = Loss { sink: "log".to_owned(), why: "x".to_owned(), records: all.clone(), checkpoints: all };
    writer.say(1, Statement::default());
    writer.lines.pop();
    writer.batch(2, Statement { losses: vec![loss], ..Statement::default() });
    let report = judge(2, &writer.lines);
    assert!(kinds(&report).contains(&ProblemKind::DeclaredLoss), "{report:?}");
}

#[test]
fn copies_that_come_long_after_are_told_from_forgeries_by_further_readings() {
    let mut writer = Writer::configured(1);
    for step in 0..200 {
        writer.batch(step, pending(0));
    }
    let twice = [writer.lines.clone(), writer.lines.clone()].concat();
    let report = judge(200, &twice);
    assert_eq!((report.exit, report.records), (0, 800));
    let mut forged = writer.lines.clone();
    let copy = writer.lines.first().unwrap().replace("token.issued", "token.denied");
    forged.push(copy);
    let report = judge(200, &forged);
    assert_eq!((report.exit, kinds(&report)), (2, vec![ProblemKind::Forged]));
}

#[test]
fn what_the_collector_found_is_in_no_stream() {
    let id = format!("{}-1", StreamId::from_bytes([7; 16]));
    let finding = json!({"event": "finding.raised", "id": id, "schema": "oidc-audit/1"}).to_string();
    let report = judge(0, &[finding]);
    assert_eq!((report.exit, report.other, report.streams.len()), (3, 1, 0), "nothing to verify");
}

/// The lines, and after every key that a checkpoint names the statement that it is the gateway's.
fn bound(lines: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    for line in lines {
        all.push(line.clone());
        let Ok(CheckpointLine { checkpoint, .. }) = CheckpointLine::parse(line) else { continue };
        let Some(named) = checkpoint.next_key else { continue };
        let writer = SpiffeId::parse("spiffe://cluster.local/ns/shop/sa/gateway").unwrap();
        let binding = Binding { stream: checkpoint.stream, writer, group: checkpoint.group.unwrap(), key: named };
        all.push(super::Statement::sign(&super::Content::Bound(binding), checkpoint.issued, &key(8)));
    }
    all
}

fn trust_to_bind() -> Trust {
    let public = key(8).public();
    let mut entry: serde_json::Value = serde_json::from_str(&public.jwk()).unwrap();
    entry["kid"] = public.thumbprint().to_string().into();
    entry["may"] = json!(["bind"]);
    Trust::parse(&json!({"keys": [entry], "schema": "oidc-audit-trust/1"}).to_string()).unwrap()
}

#[test]
fn a_part_of_an_enrolled_stream_is_bound_from_the_first_key_that_it_shows_bound() {
    let mut writer = Writer::new(1, "shop/gateway/pod-1", Signing::Enrolled);
    for minute in 0..40 {
        writer.batch(60 * minute, pending(1));
    }
    writer.close(60 * 40);
    let lines = bound(&writer.lines);
    let whole = judge_with(trust_to_bind(), Asked::default(), &lines);
    assert_eq!((whole.verdict, kinds(&whole)), (Verdict::Intact, vec![]));
    assert_eq!(whole.streams[0].writer.as_deref(), Some("spiffe://cluster.local/ns/shop/sa/gateway"));
    let roll = lines.iter().position(|line| CheckpointLine::parse(line).is_ok_and(|line| line.checkpoint.epoch == 1));
    let window = Asked { from: Some(at(0)), ..Asked::default() };
    let after = judge_with(trust_to_bind(), window.clone(), &lines[roll.unwrap() - 3..]);
    assert_eq!((after.verdict, kinds(&after)), (Verdict::Intact, vec![]));
    // what the key before it has signed is not known to be anybody's
    let before = judge_with(trust_to_bind(), window, &lines[roll.unwrap() - 6..]);
    assert_eq!((before.verdict, kinds(&before)), (Verdict::Undecided, vec![ProblemKind::Untrusted]));
}
