//! Whether a checkpoint can be believed: who signed it, and who stands behind that key.

use crate::record::evidence::{Alg, Checkpoint, CheckpointLine, Jws, Kind, PublicKey};
use crate::record::verify::problem::ProblemKind;
use crate::record::verify::trust::Trust;

/// What is known of a checkpoint's signature.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Belief {
    /// A trusted key signed it, or vouches for the one that did.
    Believed,
    /// It is used, and this key signed it, which the stream alone names, or its binding.
    Enrolled(PublicKey),
    /// It is used, and this is said of it.
    Noted(ProblemKind),
    /// It is not used.
    Refused,
    /// Nobody stands behind its key so far: a `cnf` of an earlier checkpoint may.
    Waiting,
}

/// Whether a checkpoint is signed by none of the keys that could stand behind it. For whoever sees it alone and early.
#[must_use]
pub fn is_forged(line: &CheckpointLine, trust: &Trust) -> bool {
    judge(line, trust, &[]) == Belief::Refused
}

/// The key that an `open` of an enrolled stream names and is signed by, or a `roll` or an `anchor` that `signer` signed.
/// `None`: it is another checkpoint, or somebody else's.
#[must_use]
pub fn enrolled_key(line: &CheckpointLine, trust: &Trust, signer: Option<&PublicKey>) -> Option<PublicKey> {
    let next = line.checkpoint.next_key?;
    let by = match signer {
        None => Some(next).filter(|_| line.checkpoint.kind == Kind::Open)?,
        Some(signer) => *signer,
    };
    (judge(line, trust, &[by]) == Belief::Enrolled(by)).then_some(next)
}

/// Judges a signature. `named`: the keys that `cnf` claims of this stream name for the checkpoint's epoch, and those that
/// are bound.
pub(super) fn judge(line: &CheckpointLine, trust: &Trust, named: &[PublicKey]) -> Belief {
    let checkpoint = &line.checkpoint;
    let Some(jws) = line.signed() else { return Belief::Refused };
    let kid = match jws.alg {
        Alg::Unsigned => return Belief::Noted(ProblemKind::Unsigned),
        Alg::Ed25519 { kid, .. } => kid,
    };
    if let Some(trusted) = trust.key(&kid) {
        return if !jws.is_signed_by(&trusted.key) {
            Belief::Refused
        } else if trusted.may_write(checkpoint) {
            Belief::Believed
        } else {
            Belief::Noted(ProblemKind::WrongWriter)
        };
    }
    if checkpoint.certificate.is_some() {
        return certified(checkpoint, &jws, trust);
    }
    // `open` and `anchor` name the key that signs them
    let own = checkpoint.next_key.filter(|_| matches!(checkpoint.kind, Kind::Anchor | Kind::Open));
    match named.iter().chain(own.as_ref()).find(|key| key.thumbprint() == kid) {
        Some(key) if jws.is_signed_by(key) => Belief::Enrolled(*key),
        Some(_) => Belief::Refused,
        None => Belief::Waiting,
    }
}

/// A configured key vouches for the key of the epoch.
fn certified(checkpoint: &Checkpoint, jws: &Jws<'_>, trust: &Trust) -> Belief {
    let Some(certificate) = &checkpoint.certificate else { return Belief::Refused };
    if !jws.is_signed_by(&certificate.key) {
        return Belief::Refused;
    }
    let Some(trusted) = trust.key(&certificate.kid) else { return Belief::Noted(ProblemKind::Untrusted) };
    if !certificate.is_issued_by(&trusted.key, checkpoint.stream, checkpoint.epoch) {
        Belief::Refused
    } else if trusted.may_write(checkpoint) {
        Belief::Believed
    } else {
        Belief::Noted(ProblemKind::WrongWriter)
    }
}
