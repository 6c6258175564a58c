//! From an exchange in flight to an acknowledged record.
//!
//! Knows what is kept in memory, for how long, and what a store's answer means. Does not know Envoy: what must happen
//! outside leaves as a value and its result comes back as one; time and entropy are arguments.

mod budget;
mod clocks;
mod counters;
mod courier;
mod exchange;
#[cfg(test)]
pub(crate) mod fixture;
mod flood;
mod lanes;
mod metadata;
mod outbox;
mod presence;
mod recorder;
mod retry;
mod sink;
mod tombstones;
mod undeclared;
mod uses;
mod vantage;

pub use budget::Budget;
pub use counters::{Counters, DropReason, Metric, MetricKind, ReplyClass};
pub use exchange::{CompletedExchange, Exchange, StreamEnd};
pub use metadata::{Claim, Effect, Fetch, FetchSettings, Fetched, MAX_DOCUMENT, SharedValue};
pub(crate) use outbox::BEAT_SECONDS;
pub use outbox::{EvidenceSettings, LossStatement, MIN_QUEUE_BYTES, Outbox, OutboxSettings, Settled};
pub use recorder::{Recorder, RecorderSettings, Statement};
pub use sink::{Delivery, DeliveryId, Field, REPLY_PREFIX, Reply, SinkSettings};
pub use vantage::VantageRule;
