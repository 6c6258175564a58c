use proptest::prelude::*;
use zeroize::Zeroizing;

use super::*;
use crate::record::audit::StopReason;
use crate::record::batch::StreamId;
use crate::record::fixture::{Counting, Dry};
use crate::secret::Secret;
use crate::time::Timestamp;

const STREAM: &str = "000102030405060708090a0b0c0d0e0f";

fn at(secs: u64) -> Timestamp {
    Timestamp::from_secs(1_768_469_400 + secs)
}

fn configured() -> (Signing, PublicKey) {
    let key = SigningKey::from_seed(&Secret::new(Zeroizing::new([9; 32])));
    let public = key.public();
    (Signing::Configured(key.into()), public)
}

fn identity() -> Identity {
    Identity {
        domain: Some("acme".to_owned()),
        group: Some("shop/gateway/gateway-1".to_owned()),
        config: "ab".repeat(32),
        build: "oidc-audit/0.1.0".to_owned(),
        promise: 120,
    }
}

fn chain(signing: Signing) -> Chain {
    Chain::open(identity(), signing, StreamId::parse(STREAM).unwrap(), at(0), &mut Counting::default()).unwrap()
}

fn leaf(number: u64) -> Digest {
    Digest::leaf(number.to_string().as_bytes())
}

fn covering(first: u64, last: u64) -> Statement {
    let root = (first..=last).map(leaf).collect::<Tree>().root().unwrap();
    let leaves = (first..=last).flat_map(|number| leaf(number).as_bytes()[..LEAF_PREFIX].to_vec()).collect();
    Statement { covered: Some(Covered { first, last, root, leaves }), ..Statement::default() }
}

/// Everything that a checkpoint can say.
fn full() -> Statement {
    let loss = Loss {
        sink: "audit_log".to_owned(),
        why: "refused".to_owned(),
        records: vec![(3, 4), (9, 9)],
        checkpoints: vec![(1, 1)],
    };
    let sibling = Head { stream: StreamId::from_bytes([7; 16]), number: 3, digest: Digest::of(b"x") };
    Statement {
        pending: 2,
        dropped: [("failure.share".to_owned(), 7)].into(),
        losses: vec![loss],
        beat: Some(vec![sibling]),
        end: Some(StopReason::Shutdown),
        uptime: Some(5_000_000),
        ..covering(11, 12)
    }
}

fn read(sealed: &Sealed) -> CheckpointLine {
    CheckpointLine::parse(&sealed.line).unwrap()
}

#[test]
fn a_line_reads_back_as_what_was_said() {
    let mut chain = chain(configured().0);
    let open = read(&chain.seal(covering(1, 10), at(0), &mut Counting::default()));
    assert_eq!((open.checkpoint.kind, open.checkpoint.number, open.checkpoint.previous), (Kind::Open, 0, None));
    assert_eq!(open.checkpoint.opening.as_ref().map(|opening| opening.build.as_str()), Some("oidc-audit/0.1.0"));
    let said = full();
    let sealed = chain.seal(said.clone(), at(1), &mut Counting::default());
    let CheckpointLine { checkpoint, jws } = read(&sealed);
    assert_eq!(sealed.head, Head { stream: checkpoint.stream, number: 1, digest: Digest::of(jws.as_bytes()) });
    assert_eq!(checkpoint.previous, Some(Digest::of(open.jws.as_bytes())));
    assert_eq!((checkpoint.kind, checkpoint.end), (Kind::Close, said.end));
    assert_eq!((checkpoint.covered, checkpoint.total), (said.covered, 12));
    assert_eq!((checkpoint.dropped, checkpoint.losses), (said.dropped, said.losses));
    assert_eq!(Some(checkpoint.siblings), said.beat);
    assert_eq!((checkpoint.pending, checkpoint.uptime, checkpoint.issued), (2, Some(5_000_000), at(1)));
    assert_eq!((checkpoint.domain, checkpoint.group), (identity().domain, identity().group));
    assert_eq!((checkpoint.opening, checkpoint.next_key, checkpoint.promise), (None, None, 120));
}

#[test]
fn a_configured_key_signs_open_and_vouches_for_every_other_key() {
    let (signing, public) = configured();
    let mut chain = chain(signing);
    let open = read(&chain.seal(covering(1, 1), at(0), &mut Counting::default()));
    assert!(open.signed().unwrap().is_signed_by(&public));
    let epoch = open.checkpoint.next_key.unwrap();
    assert_ne!(epoch, public);
    let batch = read(&chain.seal(covering(2, 2), at(1), &mut Counting::default()));
    assert!(batch.signed().unwrap().is_signed_by(&epoch) && !batch.signed().unwrap().is_signed_by(&public));
    let certificate = batch.checkpoint.certificate.unwrap();
    assert_eq!(certificate.key, epoch);
    assert!(certificate.is_issued_by(&public, batch.checkpoint.stream, 0));
    assert!(!certificate.is_issued_by(&public, batch.checkpoint.stream, 1));
    assert!(!certificate.is_issued_by(&public, StreamId::from_bytes([1; 16]), 0));
    assert!(!certificate.is_issued_by(&epoch, batch.checkpoint.stream, 0));
}

#[test]
fn an_epoch_ends_with_a_roll_that_its_old_key_signs() {
    let mut chain = chain(Signing::Enrolled);
    let first = chain.key().unwrap();
    let open = read(&chain.seal(covering(1, 1), at(0), &mut Counting::default()));
    assert!(open.signed().unwrap().is_signed_by(&first));
    assert_eq!((open.checkpoint.next_key, open.checkpoint.certificate), (Some(first), None));
    assert!(!chain.is_due(at(899)) && chain.is_due(at(900)));
    let dry = read(&chain.seal(covering(2, 2), at(900), &mut Dry));
    assert_eq!(dry.checkpoint.kind, Kind::Batch);
    let roll = read(&chain.seal(Statement::default(), at(900), &mut Counting::default()));
    assert_eq!((roll.checkpoint.kind, roll.checkpoint.epoch), (Kind::Roll, 0));
    assert!(roll.signed().unwrap().is_signed_by(&first));
    let second = chain.key().unwrap();
    assert_eq!(roll.checkpoint.next_key, Some(second));
    assert!(!chain.is_due(at(80_000)), "a key that has signed nothing is not replaced");
    let batch = read(&chain.seal(covering(3, 3), at(901), &mut Counting::default()));
    assert_eq!(batch.checkpoint.epoch, 1);
    assert!(batch.signed().unwrap().is_signed_by(&second));
}

#[test]
fn a_key_signs_no_more_than_its_share() {
    let mut chain = chain(Signing::Enrolled);
    for _ in 0..chain::EPOCH_CHECKPOINTS {
        assert!(!chain.is_due(at(0)));
        chain.seal(Statement::default(), at(0), &mut Counting::default());
    }
    assert!(chain.is_due(at(0)));
    assert_eq!(read(&chain.seal(full(), at(0), &mut Counting::default())).checkpoint.epoch, 0, "a close rolls nothing");
}

#[test]
fn an_anchor_restates_once_a_day_what_open_said() {
    let mut chain = chain(Signing::Unsigned);
    chain.seal(covering(1, 1), at(0), &mut Dry);
    assert!(!chain.is_due(at(86_399)) && chain.is_due(at(86_400)));
    let anchor = read(&chain.seal(covering(2, 2), at(86_400), &mut Dry));
    assert_eq!(anchor.checkpoint.kind, Kind::Anchor);
    assert!(anchor.checkpoint.opening.is_some());
    assert!(!chain.is_due(at(86_401)));
    chain.seal(covering(3, 3), at(10), &mut Dry);
    assert!(chain.is_due(at(86_410)), "a clock that was set back does not put it off");
}

#[test]
fn without_a_key_a_checkpoint_says_that_it_is_unsigned() {
    let mut chain = chain(Signing::Unsigned);
    let line = read(&chain.seal(covering(1, 1), at(0), &mut Dry));
    assert_eq!(line.signed().unwrap().alg, Alg::Unsigned);
    assert!(line.jws.ends_with('.'));
    assert!(!line.signed().unwrap().is_signed_by(&configured().1));
    assert_eq!((line.checkpoint.next_key, chain.key()), (None, None));
    let next = read(&chain.seal(covering(2, 2), at(90_000), &mut Dry));
    assert_eq!(next.checkpoint.previous, Some(Digest::of(line.jws.as_bytes())));
}

#[test]
fn kinds_say_what_a_checkpoint_was_written_for() {
    let mut chain = chain(Signing::Unsigned);
    let mut kind = |statement| read(&chain.seal(statement, at(0), &mut Dry)).checkpoint.kind;
    assert_eq!(kind(covering(1, 1)), Kind::Open);
    assert_eq!(kind(covering(2, 2)), Kind::Batch);
    assert_eq!(kind(Statement { beat: Some(Vec::new()), ..covering(3, 3) }), Kind::Beat);
    assert_eq!(kind(Statement { losses: full().losses, ..Statement::default() }), Kind::Loss);
    assert_eq!(kind(Statement { losses: full().losses, ..covering(4, 4) }), Kind::Batch);
    assert_eq!(kind(full()), Kind::Close);
}

#[test]
fn a_checkpoint_tells_each_record_from_another() {
    let covered = covering(11, 13).covered.unwrap();
    assert_eq!((11..=13).map(|number| covered.has(number, &leaf(number))).collect::<Vec<_>>(), [Some(true); 3]);
    assert_eq!(covered.has(12, &leaf(11)), Some(false));
    assert_eq!((covered.has(10, &leaf(10)), covered.has(14, &leaf(14))), (None, None));
}

#[test]
fn a_store_may_add_members_and_change_none() {
    let line = chain(configured().0).seal(full(), at(0), &mut Counting::default()).line;
    let mut value: serde_json::Value = serde_json::from_str(&line).unwrap();
    value["_stored"] = 1.into();
    assert_eq!(CheckpointLine::read(&value).unwrap().text(), line);
    assert_eq!(CheckpointLine::parse(&value.to_string()), Err(LineError::Mismatch));
    for name in ["event", "id", "schema", "ts"] {
        let mut changed = value.clone();
        changed[name] = "x".into();
        assert_eq!(CheckpointLine::read(&changed), Err(LineError::Mismatch), "{name}");
    }
    value.as_object_mut().unwrap().remove("jws");
    assert_eq!(CheckpointLine::read(&value), Err(LineError::NotACheckpoint));
}

#[test]
fn headers_with_anything_more_or_else_are_refused() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let kid = configured().1.thumbprint();
    let jws = |header: &str, signature: &str| {
        let parts = [URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode("{}"), signature.to_owned()];
        Jws::parse(&parts.join(".")).map(|jws| jws.alg)
    };
    let signature = "A".repeat(86);
    let good = format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"{TYP}"}}"#);
    assert_eq!(jws(&good, &signature), Ok(Alg::Ed25519 { kid, signature: [0; 64] }));
    assert!(jws(&good.replace("EdDSA", "Ed25519"), &signature).is_ok());
    assert_eq!(jws(&good, ""), Err(JwsError::Signature));
    assert_eq!(jws(&good.replace("EdDSA", "ES256"), &signature), Err(JwsError::Algorithm));
    assert_eq!(jws(&good.replace("EdDSA", "none"), ""), Err(JwsError::Header));
    assert_eq!(jws(&good.replace(TYP, "JWT"), &signature), Err(JwsError::Type));
    assert_eq!(jws(&good.replace(r#","typ""#, r#", "typ""#), &signature), Err(JwsError::Canonical));
    let with_key = good.replace(r#","kid""#, r#","jwk":{"x":"y"},"kid""#);
    assert_eq!(jws(&with_key, &signature), Err(JwsError::Header));
    let unsigned = format!(r#"{{"alg":"none","typ":"{TYP}"}}"#);
    assert_eq!(jws(&unsigned, ""), Ok(Alg::Unsigned));
    assert_eq!(jws(&unsigned, &signature), Err(JwsError::Signature));
    for text in ["", ".", "..", "a.b", "a.b.c.d", "é.b.c"] {
        assert!(Jws::parse(text).is_err(), "{text}");
    }
}

/// What a verifier of one line does, in short.
fn verifies(text: &str, public: &PublicKey) -> bool {
    let Ok(line) = CheckpointLine::parse(text) else { return false };
    let (Some(jws), Some(certificate)) = (line.signed(), line.checkpoint.certificate) else { return false };
    certificate.is_issued_by(public, line.checkpoint.stream, line.checkpoint.epoch)
        && jws.is_signed_by(&certificate.key)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_changed_byte_of_a_checkpoint_is_found(place in any::<prop::sample::Index>(), flip in 1u8..=255) {
        let (signing, public) = configured();
        let mut chain = chain(signing);
        chain.seal(covering(1, 10), at(0), &mut Counting::default());
        let line = chain.seal(full(), at(1), &mut Counting::default()).line;
        prop_assert!(verifies(&line, &public));
        let mut bytes = line.into_bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= flip;
        if let Ok(changed) = String::from_utf8(bytes) {
            prop_assert!(!verifies(&changed, &public), "{}", place);
        }
    }

    #[test]
    fn every_changed_byte_of_a_record_moves_its_root(
        records in prop::collection::vec("[ -~]{1,60}", 1..70), record in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(), flip in 1u8..=255,
    ) {
        let leaves: Vec<Digest> = records.iter().map(|record| Digest::leaf(record.as_bytes())).collect();
        let root = leaves.iter().copied().collect::<Tree>().root();
        let record = record.index(records.len());
        let mut bytes = records[record].clone().into_bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= flip;
        let changed = Digest::leaf(&bytes);
        prop_assert_ne!(Proof::of(&leaves, record).unwrap().root(changed), root);
        let mut leaves = leaves;
        leaves[record] = changed;
        prop_assert_ne!(leaves.into_iter().collect::<Tree>().root(), root);
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        let _ = CheckpointLine::parse(&text);
        let _ = Jws::parse(&text);
        let _ = Digest::parse(&text);
        let _ = PublicKey::parse(&text);
    }
}
