//! An exchange in flight, the bounded outbox, sinks and retries. Does not know Envoy.
