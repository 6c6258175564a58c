//! Evidence: the record, what privacy lets into it, its join keys, its canonical bytes, and batches of them.
//!
//! Does not know where records go, nor Envoy.

mod model;

pub use model::*;
