//! Verification: what an export of records and checkpoints proves (`docs/verification.md`).
//!
//! Sans-I/O and streaming: lines in any order go into a [`Verifier`], a [`Report`] comes out. What it holds at a moment is
//! bounded by what is open then, not by how much went by. Knows public keys only. Native: nothing of it is in the module.

mod batches;
mod believe;
mod chain;
mod enrolled;
mod line;
mod pattern;
mod problem;
mod proof;
mod ranges;
mod report;
mod statement;
mod stream;
#[cfg(test)]
mod tests;
mod trust;
mod verifier;
mod writers;

pub use believe::{enrolled_key, is_forged};
pub use line::{Line, LineReader};
pub use problem::{Problem, ProblemKind, Verdict};
pub use proof::{NotAProof, Proof, Proven};
pub use ranges::Ranges;
pub use report::{End, Report, StreamReport};
pub use statement::{Binding, Content, Expired, MAX_PSEUDONYMS, Statement};
pub use trust::{Power, Trust, TrustProblem, TrustedKey};
pub use verifier::{Asked, Verifier};
pub use writers::{Leave, SpiffeId};
