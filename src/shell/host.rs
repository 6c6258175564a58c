//! The host in the core's terms: heads, chunks, facts, clock, randomness, shared values, calls. The only file that names
//! host calls. An answer that makes no sense is an absent value; nothing here can fail in a way that a caller could help.

use std::time::Duration;

use proxy_wasm::hostcalls;

use super::abi::{self, Buffer, Map, Metric as Kind};
use crate::entropy::{Entropy, NoEntropy};
use crate::http::{RequestHead, ResponseHead};
use crate::pipeline::{Claim, SharedValue};
use crate::record::{Direction, Observer};
use crate::time::Timestamp;

/// The proxy's randomness (WASI `random_get`).
#[derive(Debug)]
pub(super) struct HostEntropy;

impl Entropy for HostEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        getrandom::fill(bytes).map_err(|_| NoEntropy)
    }
}

/// The host did not take a call: no such cluster, no healthy host, a full circuit breaker.
#[derive(Clone, Copy, Debug)]
pub(super) struct NotSent;

/// The proxy's clock; the epoch where the host has none.
pub(super) fn now() -> Timestamp {
    Timestamp::from_micros(abi::current_time().unwrap_or_default() / 1_000)
}

/// Microseconds of a clock that nobody sets; absent where the host has none.
pub(super) fn uptime() -> Option<u64> {
    abi::monotonic_time().map(|nanos| nanos / 1_000)
}

/// Sets the period of the root's tick.
pub(super) fn tick_every(millis: u32) {
    let _ = abi::set_tick_period(millis);
}

/// The plugin configuration, as bytes. `size` is what the host announced.
pub(super) fn configuration(size: usize) -> Vec<u8> {
    abi::buffer(Buffer::PluginConfiguration, size).unwrap_or_default()
}

/// One variable of the VM's environment.
pub(super) fn environment(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "here the environment becomes an argument")]
    std::env::var(name).ok()
}

/// Whom the request is for; readable in the request phase and in the access log phase.
pub(super) fn authority() -> Option<Vec<u8>> {
    abi::header(Map::Request, ":authority").ok()?
}

/// The request's path with its query, in the same phases. CONNECT has none.
pub(super) fn path() -> Vec<u8> {
    abi::header(Map::Request, ":path").ok().flatten().unwrap_or_default()
}

/// All fields of the request; none outside the request headers and access log phases.
pub(super) fn request_head() -> RequestHead {
    RequestHead { headers: abi::headers(Map::Request).unwrap_or_default() }
}

/// All fields of the response; `None` where there is none to read.
pub(super) fn response_head() -> Option<ResponseHead> {
    let headers = abi::headers(Map::Response).ok().filter(|headers| headers.size() > 0)?;
    Some(ResponseHead { headers })
}

/// At most `max` bytes of the chunk that passes.
pub(super) fn request_chunk(max: usize) -> Vec<u8> {
    abi::buffer(Buffer::RequestBody, max).unwrap_or_default()
}

/// At most `max` bytes of the chunk that passes.
pub(super) fn response_chunk(max: usize) -> Vec<u8> {
    abi::buffer(Buffer::ResponseBody, max).unwrap_or_default()
}

/// Which proxy this is. Readable in every phase, `on_configure` included.
pub(super) fn observer() -> Observer {
    let metadata = |key: &str| text(&["xds", "node", "metadata", key]);
    Observer {
        node: text(&["xds", "node", "id"]),
        workload: metadata("WORKLOAD_NAME"),
        namespace: metadata("NAMESPACE"),
        pod: metadata("NAME"),
    }
}

/// Which way the traffic of a stream goes.
pub(super) fn direction() -> Direction {
    match number(&["xds", "listener_direction"]) {
        Some(1) => Direction::Inbound,
        Some(2) => Direction::Outbound,
        _ => Direction::Unspecified,
    }
}

/// When the request began.
pub(super) fn request_time() -> Option<Timestamp> {
    number(&["request", "time"]).filter(|nanos| *nanos > 0).map(|nanos| Timestamp::from_micros(nanos / 1_000))
}

/// A property as it is.
pub(super) fn bytes(path: &[&str]) -> Option<Vec<u8>> {
    abi::property(path).ok()?
}

/// A property that is text; absent where it is empty.
pub(super) fn text(path: &[&str]) -> Option<String> {
    String::from_utf8(bytes(path)?).ok().filter(|text| !text.is_empty())
}

/// A property that is a number: eight bytes, little endian. Some hosts write digits instead.
pub(super) fn number(path: &[&str]) -> Option<u64> {
    let bytes = bytes(path)?;
    match <[u8; 8]>::try_from(bytes.as_slice()) {
        Ok(bytes) => Some(u64::from_le_bytes(bytes)),
        Err(_) => std::str::from_utf8(&bytes).ok()?.parse().ok(),
    }
}

/// A property that is true or false: one byte. Some hosts write words instead.
pub(super) fn flag(path: &[&str]) -> Option<bool> {
    match bytes(path)?.as_slice() {
        [byte] => Some(*byte == 1 || *byte == b'1'),
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    }
}

/// A value that the VMs of this process share.
pub(super) fn shared(key: &str) -> Option<Vec<u8>> {
    abi::shared_data(key).ok()?.map(|(value, _)| value).filter(|value| !value.is_empty())
}

/// Shares a value, whatever was shared under the key before.
pub(super) fn share(key: &str, value: &[u8]) {
    let _ = abi::set_shared_data(key, value, 0);
}

/// Shares a value unless another VM has done so; says whether it is ours that holds.
pub(super) fn share_first(key: &str, value: &[u8]) -> bool {
    let held = shared_value(key);
    held.value.is_none() && abi::set_shared_data(key, value, held.version.unwrap_or(ABSENT)).is_ok()
}

/// A shared value and its version, for a [`Claim`].
pub(super) fn shared_value(key: &str) -> SharedValue {
    match abi::shared_data(key) {
        Ok(Some((value, version))) => {
            SharedValue { value: Some(value).filter(|value| !value.is_empty()), version: Some(version) }
        }
        Ok(None) | Err(_) => SharedValue::default(),
    }
}

/// Writes a shared value unless somebody else was faster; says whether it is ours that holds.
pub(super) fn claim(claim: &Claim) -> bool {
    abi::set_shared_data(&claim.key, &claim.value, claim.version.unwrap_or(ABSENT)).is_ok()
}

/// Whether a shared point in time is still to come.
pub(super) fn holds(key: &str, now: Timestamp) -> bool {
    shared(key).is_some_and(|held| is_later(&held, now))
}

/// Shares a point in time.
pub(super) fn share_until(key: &str, until: Timestamp) {
    share(key, &until.as_micros().to_le_bytes());
}

fn is_later(held: &[u8], now: Timestamp) -> bool {
    <[u8; 8]>::try_from(held).is_ok_and(|held| u64::from_le_bytes(held) > now.as_micros())
}

/// Starts an HTTP call; the reply comes to the root that is active now. Through the SDK, which books it.
pub(super) fn call(
    cluster: &str,
    headers: Vec<(&str, &str)>,
    body: Option<&[u8]>,
    timeout_ms: u32,
) -> Result<u32, NotSent> {
    let timeout = Duration::from_millis(timeout_ms.into());
    hostcalls::dispatch_http_call(cluster, headers, body, Vec::new(), timeout).map_err(|_| NotSent)
}

/// The fields of a call's response; readable while its callback runs.
pub(super) fn call_response() -> Option<ResponseHead> {
    let headers = abi::headers(Map::CallResponse).ok().filter(|headers| headers.size() > 0)?;
    Some(ResponseHead { headers })
}

/// At most `max` bytes of a call's response body.
pub(super) fn call_body(max: usize) -> Vec<u8> {
    abi::buffer(Buffer::CallResponseBody, max).unwrap_or_default()
}

/// Lets a root go whose `on_done` said "not yet".
pub(super) fn done() {
    let _ = abi::done();
}

/// The number of a counter, made if it is new.
pub(super) fn define_counter(name: &str) -> Option<u32> {
    abi::define_metric(Kind::Counter, name).ok()
}

/// The number of a gauge, made if it is new.
pub(super) fn define_gauge(name: &str) -> Option<u32> {
    abi::define_metric(Kind::Gauge, name).ok()
}

/// Adds to a metric; to a counter by more than 0.
pub(super) fn add(metric: u32, difference: i64) {
    let _ = abi::increment_metric(metric, difference);
}

/// Sets a gauge.
pub(super) fn set(metric: u32, value: u64) {
    let _ = abi::record_metric(metric, value);
}

/// The version of a shared value that is not there: every number fits then, and this one fits no value that is.
const ABSENT: u32 = u32::MAX;
