//! What the fake host knows: the process, the VM, the phase of the callback that runs, the message in each stream.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::script::{Field, Reply};

/// What all VMs of one proxy process share.
#[derive(Clone, Default)]
pub(crate) struct Process(pub(super) Rc<RefCell<Shared>>);

#[derive(Default)]
pub(super) struct Shared {
    pub(super) now_nanos: u64,
    pub(super) data: BTreeMap<String, (Vec<u8>, u32)>,
    pub(super) metrics: Vec<Metric>,
    /// Number of VMs started: each draws other random bytes.
    pub(super) machines: u64,
}

pub(super) struct Metric {
    pub(super) kind: u32,
    pub(super) name: String,
    pub(super) value: i64,
}

/// One line of the proxy's log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Line {
    /// 0 trace, 1 debug, 2 info, 3 warn, 4 error, 5 critical.
    pub(crate) level: u32,
    /// The text.
    pub(crate) text: String,
}

/// One HTTP call of the module.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) token: u32,
    /// The root that the host will call back.
    pub(crate) root: u32,
    pub(crate) cluster: String,
    pub(crate) headers: Vec<Field>,
    pub(crate) body: Vec<u8>,
    pub(crate) timeout_ms: u32,
    /// By the host's clock.
    pub(crate) at_nanos: u64,
    /// `None` while it is in flight.
    pub(crate) reply: Option<Reply>,
}

impl Call {
    /// The first value of a header, as text.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let (_, value) = self.headers.iter().find(|(field, _)| field == name.as_bytes())?;
        Some(String::from_utf8_lossy(value).into_owned())
    }
}

/// What the host does with a call that the module makes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Acceptance {
    /// Takes it.
    #[default]
    Taken,
    /// Status 2: no such cluster.
    UnknownCluster,
    /// Status 10: no healthy host.
    Unhealthy,
}

/// The callback that runs, which decides what the module may read (Envoy 1.40, measured).
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Phase {
    #[default]
    Root,
    RequestHeaders,
    RequestBody(Vec<u8>),
    ResponseHeaders,
    ResponseBody(Vec<u8>),
    Log,
    Done,
    CallResponse(Reply),
}

/// One HTTP stream, as far as the proxy has seen it.
#[derive(Clone, Debug, Default)]
pub(super) struct Stream {
    pub(super) root: u32,
    pub(super) request: Vec<Field>,
    pub(super) response: Option<Vec<Field>>,
    pub(super) properties: BTreeMap<String, Vec<u8>>,
    /// Readable in the access log phase alone.
    pub(super) log_properties: BTreeMap<String, Vec<u8>>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) process: Process,
    pub(super) configuration: Vec<u8>,
    pub(super) environment: Vec<(String, String)>,
    pub(super) node: BTreeMap<String, Vec<u8>>,
    pub(super) entropy: u64,
    pub(super) log: Vec<Line>,
    pub(super) calls: Vec<Call>,
    pub(super) acceptance: Acceptance,
    pub(super) phase: Phase,
    /// The context of the callback, and the one that host calls refer to.
    pub(super) effective: u32,
    pub(super) roots: Vec<u32>,
    pub(super) ticks: BTreeMap<u32, u32>,
    /// Roots whose `on_done` said "not yet", and those of them that have said `proxy_done` since.
    pub(super) stopping: Vec<u32>,
    pub(super) finished: Vec<u32>,
    pub(super) streams: BTreeMap<u32, Stream>,
    /// How often each host function was called.
    pub(super) counts: BTreeMap<String, u64>,
    /// How often the host allocated memory in the module.
    pub(super) allocations: u64,
}

/// Statuses of the ABI.
pub(super) const OK: u32 = 0;
pub(super) const NOT_FOUND: u32 = 1;
pub(super) const BAD_ARGUMENT: u32 = 2;
pub(super) const SERIALIZATION_FAILURE: u32 = 3;
pub(super) const CAS_MISMATCH: u32 = 8;
pub(super) const INTERNAL_FAILURE: u32 = 10;
pub(super) const UNIMPLEMENTED: u32 = 12;

impl State {
    pub(super) fn count(&mut self, name: &str) {
        *self.counts.entry(name.to_owned()).or_default() += 1;
    }

    pub(super) fn stream(&self) -> Option<&Stream> {
        self.streams.get(&self.effective)
    }

    pub(super) fn root(&self) -> u32 {
        self.stream().map_or(self.effective, |stream| stream.root)
    }

    /// The fields of a map, if this phase has it.
    pub(super) fn map(&self, kind: u32) -> Option<Vec<Field>> {
        match (kind, &self.phase) {
            (0, Phase::RequestHeaders | Phase::Log) => Some(self.stream()?.request.clone()),
            (2, Phase::ResponseHeaders) => self.stream()?.response.clone(),
            (2, Phase::Log) => Some(self.stream()?.response.clone().unwrap_or_default()),
            (6, Phase::CallResponse(reply)) => (!reply.headers().is_empty()).then(|| reply.headers()),
            _ => None,
        }
    }

    /// The bytes of a buffer, if this phase has it.
    pub(super) fn buffer(&self, kind: u32) -> Option<Vec<u8>> {
        match (kind, &self.phase) {
            (0, Phase::RequestBody(chunk)) | (1, Phase::ResponseBody(chunk)) => Some(chunk.clone()),
            (4, Phase::CallResponse(reply)) => Some(reply.body()),
            (7, Phase::Root) => Some(self.configuration.clone()),
            _ => None,
        }
    }

    /// A property, or the status that the host answers with.
    pub(super) fn property(&self, path: &str) -> Result<Vec<u8>, u32> {
        if matches!(path, "connection" | "request" | "response" | "filter_state" | "upstream_filter_state") {
            return Err(SERIALIZATION_FAILURE);
        }
        if let Some(value) = self.node.get(path) {
            return Ok(value.clone());
        }
        let stream = self.stream().ok_or(NOT_FOUND)?;
        let logged = (self.phase == Phase::Log).then(|| stream.log_properties.get(path)).flatten();
        stream.properties.get(path).or(logged).cloned().ok_or(NOT_FOUND)
    }
}
