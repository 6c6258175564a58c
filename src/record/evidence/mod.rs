//! Sealing: Merkle trees over records, and checkpoints, which are signed, chained statements over batches.
//!
//! Knows the byte forms of `docs/record-format.md` ("Evidence"), in both directions: what a writer seals with is what a
//! verifier checks with. Does not know where keys come from, when something is sealed, nor what a verdict is.

mod chain;
mod checkpoint;
mod claims;
mod hash;
mod jws;
mod key;
mod line;
mod skew;
#[cfg(test)]
mod tests;
mod tree;

pub use chain::{Chain, Identity, Sealed, Signing, Statement};
pub use checkpoint::{Certificate, Checkpoint, Covered, Head, Kind, LEAF_PREFIX, Loss, Opening};
pub use claims::ClaimsError;
pub use hash::{Digest, NotADigest};
pub use jws::{Alg, Jws, JwsError, TYP};
pub use key::{NotAKey, PublicKey, SigningKey};
pub use line::{CheckpointLine, EVENT, LineError, MAX_LINE};
pub use skew::Skew;
pub use tree::{Proof, Tree};
