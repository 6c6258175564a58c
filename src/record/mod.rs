//! Evidence: the record, what privacy lets into it, its join keys, its canonical bytes, and batches of them.
//!
//! Does not know where records go, nor Envoy.

pub mod audit;
pub mod canonical;
pub mod evidence;

mod batch;
mod class;
mod draft;
mod event;
#[cfg(test)]
pub(crate) mod fixture;
mod join;
mod keys;
mod model;
mod notes;
mod person;
#[cfg(not(target_family = "wasm"))]
pub mod personal;
mod privacy;
#[cfg(not(target_family = "wasm"))]
pub mod schema;
#[cfg(not(target_family = "wasm"))]
mod shape;
mod source;
mod text;
mod uri;
#[cfg(not(target_family = "wasm"))]
pub mod verify;

pub use batch::{BatchLimits, NotAdded, OpenBatch, SealedBatch, Sealer, Sequence, StreamId, Why};
pub use class::Class;
pub use draft::{CoalesceKey, Direction, Draft, Drafting, Facts, Observer, draft};
pub use event::{AuditEvent, Event};
pub use join::{Label, join_key};
pub use keys::{EphemeralSecrets, KeyId, KeyIdError, KeyRing, Keys, MAX_PREVIOUS, NamedKey, Origin};
pub use model::*;
pub use person::{PersonName, pseudonyms};
pub use privacy::{Privacy, Profile};
pub(crate) use source::read_address;
