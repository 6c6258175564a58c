//! From an exchange in flight to an acknowledged record.
//!
//! Knows what is kept in memory, for how long, and what a store's answer means. Does not know Envoy: what must happen
//! outside leaves as a value and its result comes back as one; time and entropy are arguments.

mod counters;
mod courier;
#[cfg(test)]
pub(crate) mod fixture;
mod flood;
mod lanes;
mod outbox;
mod retry;
mod sink;
mod undeclared;

pub use counters::{Counters, DropReason, Metric, MetricKind, ReplyClass};
pub use outbox::{LossStatement, MIN_QUEUE_BYTES, Outbox, OutboxSettings, Settled};
pub use sink::{Delivery, DeliveryId, Field, REPLY_PREFIX, Reply, SinkSettings};
