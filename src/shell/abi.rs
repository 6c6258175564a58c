//! The host's functions as they are: numbers in, a `u32` status out. No answer of a host can end the VM here, where SDK
//! 0.2.5 would panic on a status that it does not know or expect. Callouts alone go through the SDK, because it keeps
//! the book of who gets their reply.
#![expect(unsafe_code, reason = "the proxy-wasm ABI hands over pointers; this file alone meets them")]

use std::ptr;

use crate::http::Headers;

/// A status of the ABI other than 0. Hosts know more of them than the SDK.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Status(u32);

/// Which message's fields.
#[derive(Clone, Copy, Debug)]
pub(super) enum Map {
    Request = 0,
    Response = 2,
    CallResponse = 6,
}

/// Which bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Buffer {
    RequestBody = 0,
    ResponseBody = 1,
    CallResponseBody = 4,
    PluginConfiguration = 7,
}

/// How serious a log line is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Level {
    Info = 2,
    Warn = 3,
    Error = 4,
    Critical = 5,
}

/// What a metric is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Metric {
    Counter = 0,
    Gauge = 1,
}

impl Status {
    /// There is no such value, or nothing set.
    pub(super) const NOT_FOUND: Self = Self(1);
}

/// Writes one line to the proxy's log.
pub(super) fn log(level: Level, line: &str) -> Result<(), Status> {
    // SAFETY: the host reads `line` during the call only.
    check(unsafe { proxy_log(level as u32, line.as_ptr(), line.len()) })
}

/// The host's clock in nanoseconds since the epoch.
pub(super) fn current_time() -> Result<u64, Status> {
    let mut nanos = 0;
    // SAFETY: the host writes one u64 during the call.
    check(unsafe { proxy_get_current_time_nanoseconds(&raw mut nanos) })?;
    Ok(nanos)
}

/// A clock of the host that is never set, in nanoseconds (WASI `clock_time_get`).
pub(super) fn monotonic_time() -> Option<u64> {
    let mut nanos = 0;
    // SAFETY: the host writes one u64 during the call.
    let status = unsafe { clock_time_get(MONOTONIC, 1, &raw mut nanos) };
    (status == 0).then_some(nanos)
}

/// Sets the period of the root's tick; 0 stops it.
pub(super) fn set_tick_period(millis: u32) -> Result<(), Status> {
    check(proxy_set_tick_period_milliseconds(millis))
}

/// The first value of a field; `None` when it is absent. Another status when the map is not there in this phase.
pub(super) fn header(map: Map, name: &str) -> Result<Option<Vec<u8>>, Status> {
    let mut returned = Returned::new();
    // SAFETY: the host reads `name` and fills `returned` during the call.
    let status = unsafe {
        let (data, size) = returned.slots();
        proxy_get_header_map_value(map as u32, name.as_ptr(), name.len(), data, size)
    };
    optional(status, returned)
}

/// All fields of a message, serialised by the host ([`pairs`]). Empty when the map is not there in this phase.
pub(super) fn headers(map: Map) -> Result<Headers, Status> {
    let mut returned = Returned::new();
    // SAFETY: the host fills `returned` during the call.
    check(unsafe {
        let (data, size) = returned.slots();
        proxy_get_header_map_pairs(map as u32, data, size)
    })?;
    Ok(Headers::new(pairs(&returned.take())))
}

/// At most `max` bytes of a buffer from its start.
pub(super) fn buffer(buffer: Buffer, max: usize) -> Result<Vec<u8>, Status> {
    let mut returned = Returned::new();
    // SAFETY: the host fills `returned` during the call.
    check(unsafe {
        let (data, size) = returned.slots();
        proxy_get_buffer_bytes(buffer as u32, 0, max, data, size)
    })?;
    Ok(returned.take())
}

/// A property; `None` when it is absent in this phase.
pub(super) fn property(path: &[&str]) -> Result<Option<Vec<u8>>, Status> {
    let path = path.join("\0");
    let mut returned = Returned::new();
    // SAFETY: the host reads `path` and fills `returned` during the call.
    let status = unsafe {
        let (data, size) = returned.slots();
        proxy_get_property(path.as_ptr(), path.len(), data, size)
    };
    optional(status, returned)
}

/// A value that the VMs of a process share, and the number by which a change of it is noticed.
pub(super) fn shared_data(key: &str) -> Result<Option<(Vec<u8>, u32)>, Status> {
    let mut returned = Returned::new();
    let mut cas = 0;
    // SAFETY: the host reads `key`, fills `returned` and writes one u32 during the call.
    let status = unsafe {
        let (data, size) = returned.slots();
        proxy_get_shared_data(key.as_ptr(), key.len(), data, size, &raw mut cas)
    };
    Ok(optional(status, returned)?.map(|value| (value, cas)))
}

/// Shares a value if it is still the one with this number; 0 is unconditional. Every number fits an absent key.
pub(super) fn set_shared_data(key: &str, value: &[u8], cas: u32) -> Result<(), Status> {
    // SAFETY: the host reads `key` and `value` during the call only.
    check(unsafe { proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), cas) })
}

/// The number of a metric, made if it is new.
pub(super) fn define_metric(kind: Metric, name: &str) -> Result<u32, Status> {
    let mut id = 0;
    // SAFETY: the host reads `name` and writes one u32 during the call.
    check(unsafe { proxy_define_metric(kind as u32, name.as_ptr(), name.len(), &raw mut id) })?;
    Ok(id)
}

/// Adds to a counter (by more than 0) or a gauge.
pub(super) fn increment_metric(id: u32, offset: i64) -> Result<(), Status> {
    check(proxy_increment_metric(id, offset))
}

/// Sets a gauge.
pub(super) fn record_metric(id: u32, value: u64) -> Result<(), Status> {
    check(proxy_record_metric(id, value))
}

/// Tells the host that a context whose `on_done` returned false may go.
pub(super) fn done() -> Result<(), Status> {
    check(proxy_done())
}

/// A buffer that the host allocated through `proxy_on_memory_allocate` and left to us.
struct Returned {
    data: *mut u8,
    size: usize,
}

impl Returned {
    fn new() -> Self {
        Self { data: ptr::null_mut(), size: 0 }
    }

    fn slots(&mut self) -> (*mut *mut u8, *mut usize) {
        (&raw mut self.data, &raw mut self.size)
    }

    /// Takes ownership; empty when the host returned no buffer.
    fn take(self) -> Vec<u8> {
        if self.data.is_null() {
            return Vec::new();
        }
        // SAFETY: the SDK's `proxy_on_memory_allocate` leaks a boxed slice of exactly `size` bytes, and the host gives
        // each one back once.
        unsafe { Vec::from_raw_parts(self.data, self.size, self.size) }
    }
}

fn check(status: u32) -> Result<(), Status> {
    if status == 0 { Ok(()) } else { Err(Status(status)) }
}

fn optional(status: u32, returned: Returned) -> Result<Option<Vec<u8>>, Status> {
    match check(status) {
        Ok(()) => Ok(Some(returned.take())),
        Err(Status::NOT_FOUND) => Ok(None),
        Err(status) => Err(status),
    }
}

/// Reads the ABI's form of a list of pairs: their number, the two lengths of each, then each name and value with a NUL
/// behind it. What does not fit ends the list.
fn pairs(serialised: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut lengths = serialised;
    let Some(count) = number(&mut lengths) else { return Vec::new() };
    let Some((mut lengths, mut bytes)) = count.checked_mul(8).and_then(|size| lengths.split_at_checked(size)) else {
        return Vec::new();
    };
    let mut pairs = Vec::with_capacity(count);
    while let (Some(name), Some(value)) = (number(&mut lengths), number(&mut lengths)) {
        match (text(&mut bytes, name), text(&mut bytes, value)) {
            (Some(name), Some(value)) => pairs.push((name, value)),
            _ => break,
        }
    }
    pairs
}

fn number(bytes: &mut &[u8]) -> Option<usize> {
    let (first, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    usize::try_from(u32::from_le_bytes(*first)).ok()
}

fn text(bytes: &mut &[u8], length: usize) -> Option<Vec<u8>> {
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest.split_first()?.1;
    Some(text.to_vec())
}

const MONOTONIC: u32 = 1;

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn clock_time_get(clock: u32, precision: u64, nanos: *mut u64) -> u32;
}

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_log(level: u32, data: *const u8, size: usize) -> u32;
    fn proxy_get_current_time_nanoseconds(nanos: *mut u64) -> u32;
    safe fn proxy_set_tick_period_milliseconds(period: u32) -> u32;
    fn proxy_get_header_map_value(
        map: u32,
        key: *const u8,
        key_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_get_buffer_bytes(buffer: u32, start: usize, max: usize, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_get_property(path: *const u8, path_size: usize, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_get_shared_data(
        key: *const u8,
        key_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
        cas: *mut u32,
    ) -> u32;
    fn proxy_set_shared_data(key: *const u8, key_size: usize, data: *const u8, size: usize, cas: u32) -> u32;
    fn proxy_define_metric(kind: u32, name: *const u8, size: usize, id: *mut u32) -> u32;
    safe fn proxy_increment_metric(id: u32, offset: i64) -> u32;
    safe fn proxy_record_metric(id: u32, value: u64) -> u32;
    safe fn proxy_done() -> u32;
}
