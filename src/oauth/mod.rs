//! The protocol: which endpoint a message belongs to, and what it says ([`Observation`]).
//!
//! Knows OAuth 2.0 and OpenID Connect. Does not know records, findings, sinks or Envoy.

mod observation;
pub mod signature;

pub use observation::*;
