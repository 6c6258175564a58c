//! A proxy-wasm host that is no proxy: it runs the built module in an interpreter, plays HTTP exchanges to it in the order
//! of Envoy's callbacks, answers its host calls as Envoy 1.40 was measured to (which map can be read in which callback,
//! which status says so), and keeps everything that the module did.
//!
//! ```ignore
//! let mut host = Host::start(filter(), CONFIG, &[("KEY", "value")]);
//! host.exchange(&Script::new("POST", "idp.example.com", "/token", 200).sending("application/x-www-form-urlencoded", "…"));
//! host.settle();                        // ticks, and answers every call with 200 until nothing is in flight
//! for line in host.records() { … }      // what the sink has acknowledged, one record per line
//! ```
//!
//! Clock and randomness are the test's: the same script gives the same bytes. A trap of the module fails the test, with
//! the last lines of its log. Several VMs of one proxy share a [`Process`]; a change of configuration is [`Host::configure`].

mod imports;
mod script;
mod state;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use oidc_audit::time::Timestamp;
use wasmi::{CompilationMode, Config, Engine, Instance, Linker, Module, Store, WasmParams, WasmResults};

pub(crate) use script::{End, Reply, Script};
pub(crate) use state::{Acceptance, Call, Line, Process};

use state::{Phase, State, Stream};

/// One VM with the module in it.
pub(crate) struct Host {
    store: Store<State>,
    instance: Instance,
    next_context: u32,
}

/// What a VM has cost since [`Host::reset_costs`].
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Costs {
    /// Host functions that were called, and how often.
    pub(crate) calls: BTreeMap<String, u64>,
    /// Values that the host had to allocate in the module.
    pub(crate) allocations: u64,
}

/// A built module, translated once per test binary.
pub(crate) struct Wasm {
    engine: Engine,
    module: Module,
}

/// The filter: `target/wasm32-wasip1/release/oidc_audit.wasm`.
pub(crate) fn filter() -> &'static Wasm {
    static FILTER: OnceLock<Wasm> = OnceLock::new();
    FILTER.get_or_init(|| Wasm::load("oidc_audit.wasm", "make wasm"))
}

/// The same with its allocations counted (`tests/modules/`).
pub(crate) fn counted_filter() -> &'static Wasm {
    static FILTER: OnceLock<Wasm> = OnceLock::new();
    FILTER.get_or_init(|| Wasm::load("examples/counted_filter.wasm", "make modules"))
}

/// A filter that does nothing, its allocations counted.
pub(crate) fn counted_empty_filter() -> &'static Wasm {
    static FILTER: OnceLock<Wasm> = OnceLock::new();
    FILTER.get_or_init(|| Wasm::load("examples/counted_empty_filter.wasm", "make modules"))
}

impl Wasm {
    /// Fails the test with the command that builds it.
    fn load(name: &str, how: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/wasm32-wasip1/release").join(name);
        let bytes = std::fs::read(&path).unwrap_or_else(|_| panic!("{} is missing: run `{how}`", path.display()));
        let mut config = Config::default();
        config.compilation_mode(CompilationMode::LazyTranslation);
        let engine = Engine::new(&config);
        let module = Module::new(&engine, bytes).expect("a module");
        Self { engine, module }
    }
}

impl Process {
    /// A value that the VMs share.
    pub(crate) fn shared(&self, key: &str) -> Option<Vec<u8>> {
        self.0.borrow().data.get(key).map(|(value, _)| value.clone())
    }

    /// The keys of all values that the VMs share.
    pub(crate) fn shared_keys(&self) -> Vec<String> {
        self.0.borrow().data.keys().cloned().collect()
    }

    /// Moves the clock on.
    pub(crate) fn advance(&self, millis: u64) {
        self.0.borrow_mut().now_nanos += millis * 1_000_000;
    }
}

impl Host {
    /// Starts a process with one VM; the configuration must be accepted.
    pub(crate) fn start(wasm: &Wasm, configuration: &str, environment: &[(&str, &str)]) -> Self {
        let (host, accepted) = Self::start_in(&Process::default(), wasm, configuration.as_bytes(), environment);
        assert!(accepted, "the configuration was refused: {:?}", host.log());
        host
    }

    /// Starts one more VM of a process. Says whether the configuration was accepted.
    pub(crate) fn start_in(
        process: &Process,
        wasm: &Wasm,
        configuration: &[u8],
        environment: &[(&str, &str)],
    ) -> (Self, bool) {
        let mut host = Self::load(process, wasm, environment, &[]);
        let (_, accepted) = host.configure(configuration);
        (host, accepted)
    }

    /// Loads the module into a host that lacks some functions, and configures nothing.
    pub(crate) fn load(process: &Process, wasm: &Wasm, environment: &[(&str, &str)], missing: &[&str]) -> Self {
        let mut linker = Linker::new(&wasm.engine);
        imports::link(&mut linker, &wasm.module, missing);
        let mut store = Store::new(&wasm.engine, Self::state(process, environment));
        let instance = linker.instantiate_and_start(&mut store, &wasm.module).expect("an instance");
        let mut host = Self { store, instance, next_context: 1 };
        host.call::<(), ()>("_initialize", ());
        host
    }

    fn state(process: &Process, environment: &[(&str, &str)]) -> State {
        let entropy = {
            let mut shared = process.0.borrow_mut();
            if shared.machines == 0 {
                shared.now_nanos = START_NANOS;
            }
            shared.machines += 1;
            shared.machines << 32
        };
        let node = BTreeMap::from([
            ("xds.node.id".to_owned(), b"test-node".to_vec()),
            ("plugin_name".to_owned(), b"oidc-audit".to_vec()),
            ("plugin_root_id".to_owned(), b"oidc-audit".to_vec()),
        ]);
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        State { process: process.clone(), environment, node, entropy, ..State::default() }
    }

    /// Makes another root in this VM, as a change of configuration does. Says its context and whether it was accepted;
    /// one that was refused is gone.
    pub(crate) fn configure(&mut self, configuration: &[u8]) -> (u32, bool) {
        let root = self.context(0);
        self.store.data_mut().configuration = configuration.to_vec();
        self.store.data_mut().roots.push(root);
        let size = number(configuration.len());
        self.enter(root, Phase::Root);
        assert_eq!(self.call::<_, u32>("proxy_on_vm_start", (root, 0_u32)), 1);
        let accepted = self.call::<_, u32>("proxy_on_configure", (root, size)) == 1;
        if !accepted {
            self.store.data_mut().roots.retain(|live| *live != root);
            self.store.data_mut().ticks.remove(&root);
        }
        (root, accepted)
    }

    /// Plays a whole exchange to the newest root.
    pub(crate) fn exchange(&mut self, script: &Script) {
        let stream = self.open(script);
        if script.end != End::EarlierFilter {
            self.request_phases(stream, script);
            if script.answered() {
                self.response_phases(stream, script);
            }
        }
        self.finish(stream);
    }

    fn request_phases(&mut self, stream: u32, script: &Script) {
        let whole = !matches!(script.end, End::ClientGoneMidRequest | End::LocalReply);
        self.request_headers(stream, script.request_body.is_empty() && whole);
        for chunk in &script.request_body {
            self.request_body(stream, chunk, false);
        }
        if !script.request_body.is_empty() && whole {
            self.request_body(stream, b"", true);
        }
    }

    fn response_phases(&mut self, stream: u32, script: &Script) {
        let whole = !matches!(script.end, End::ClientGoneMidResponse | End::UpstreamReset);
        self.response_headers(stream, script.response_body.is_empty() && whole);
        for chunk in &script.response_body {
            self.response_body(stream, chunk, false);
        }
        if !script.response_body.is_empty() && whole {
            self.response_body(stream, b"", true);
        }
    }

    /// Makes the stream of an exchange in the newest root and calls nothing but its creation.
    pub(crate) fn open(&mut self, script: &Script) -> u32 {
        let root = *self.store.data().roots.last().expect("a root");
        let stream = self.context(root);
        let now = self.store.data().process.0.borrow().now_nanos;
        let (properties, log_properties) = (script.facts(now), script.end_facts());
        let response = script.response.clone().filter(|_| script.answered());
        let state = Stream { root, request: script.request.clone(), response, properties, log_properties };
        self.store.data_mut().streams.insert(stream, state);
        stream
    }

    /// One callback of a stream; `end` is the end of the stream in it.
    pub(crate) fn request_headers(&mut self, stream: u32, end: bool) {
        let count = self.store.data().streams[&stream].request.len();
        self.enter(stream, Phase::RequestHeaders);
        self.passes("proxy_on_request_headers", stream, count, end);
    }

    /// One callback of a stream: a chunk.
    pub(crate) fn request_body(&mut self, stream: u32, chunk: &[u8], end: bool) {
        self.enter(stream, Phase::RequestBody(chunk.to_vec()));
        self.passes("proxy_on_request_body", stream, chunk.len(), end);
    }

    /// One callback of a stream.
    pub(crate) fn response_headers(&mut self, stream: u32, end: bool) {
        let count = self.store.data().streams[&stream].response.as_ref().map_or(0, Vec::len);
        self.enter(stream, Phase::ResponseHeaders);
        self.passes("proxy_on_response_headers", stream, count, end);
    }

    /// One callback of a stream: a chunk.
    pub(crate) fn response_body(&mut self, stream: u32, chunk: &[u8], end: bool) {
        self.enter(stream, Phase::ResponseBody(chunk.to_vec()));
        self.passes("proxy_on_response_body", stream, chunk.len(), end);
    }

    /// One callback of a stream: the trailers of both messages, none of which can be read.
    pub(crate) fn trailers(&mut self, stream: u32) {
        for callback in ["proxy_on_request_trailers", "proxy_on_response_trailers"] {
            self.enter(stream, Phase::Done);
            assert_eq!(self.call::<_, u32>(callback, (stream, 1_u32)), 0, "{callback} does not let the message pass");
        }
    }

    /// The end of a stream: access log, done, delete.
    pub(crate) fn finish(&mut self, stream: u32) {
        self.log_phase(stream);
        self.close(stream);
    }

    /// The access log phase of a stream alone.
    pub(crate) fn log_phase(&mut self, stream: u32) {
        self.enter(stream, Phase::Log);
        self.call::<_, ()>("proxy_on_log", (stream,));
    }

    /// Done and delete of a stream alone.
    pub(crate) fn close(&mut self, stream: u32) {
        self.enter(stream, Phase::Done);
        self.call::<_, u32>("proxy_on_done", (stream,));
        self.call::<_, ()>("proxy_on_delete", (stream,));
        self.store.data_mut().streams.remove(&stream);
    }

    /// Moves the clock on by the period of each root that ticks, and ticks.
    pub(crate) fn tick(&mut self) {
        let ticks = self.store.data().ticks.clone();
        let period = ticks.values().copied().filter(|period| *period > 0).min().unwrap_or(1_000);
        self.store.data().process.advance(u64::from(period));
        for (root, period) in ticks {
            if period > 0 {
                self.enter(root, Phase::Root);
                self.call::<_, ()>("proxy_on_tick", (root,));
            }
        }
        self.bury();
    }

    /// Answers a call that is in flight.
    pub(crate) fn answer(&mut self, token: u32, reply: Reply) {
        let call = self.store.data_mut().calls.iter_mut().find(|call| call.token == token).expect("such a call");
        assert!(call.reply.is_none(), "call {token} was answered before");
        call.reply = Some(reply.clone());
        let root = call.root;
        if !self.store.data().roots.contains(&root) {
            return;
        }
        let sizes = (number(reply.headers().len()), number(reply.body().len()));
        self.enter(root, Phase::CallResponse(reply));
        let arguments = (root, token, sizes.0, sizes.1, 0_u32);
        self.call::<_, ()>("proxy_on_http_call_response", arguments);
        self.bury();
    }

    /// Ticks, and answers every call with 200, until a tick starts none. Gives the number of calls answered.
    pub(crate) fn settle(&mut self) -> usize {
        let mut answered = 0;
        for _ in 0..SETTLE_TICKS {
            self.tick();
            let tokens: Vec<u32> = self.deliveries().iter().map(|call| call.token).collect();
            if tokens.is_empty() {
                return answered;
            }
            for token in tokens {
                self.answer(token, Reply::status(200));
                answered += 1;
            }
        }
        panic!("the module never comes to rest");
    }

    /// `on_done` of the newest root: whether it was done at once. If not, [`Host::stopped`] says when it is.
    pub(crate) fn stop(&mut self) -> bool {
        let root = *self.store.data().roots.last().expect("a root");
        self.stop_root(root)
    }

    /// `on_done` of one root.
    pub(crate) fn stop_root(&mut self, root: u32) -> bool {
        self.enter(root, Phase::Root);
        let done = self.call::<_, u32>("proxy_on_done", (root,)) == 1;
        if done {
            self.delete(root);
        } else {
            self.store.data_mut().stopping.push(root);
        }
        done
    }

    /// Whether no root lives any more.
    pub(crate) fn stopped(&self) -> bool {
        self.store.data().roots.is_empty()
    }

    /// Deletes the roots that have said `proxy_done`.
    fn bury(&mut self) {
        for root in std::mem::take(&mut self.store.data_mut().finished) {
            self.delete(root);
        }
    }

    fn delete(&mut self, root: u32) {
        self.enter(root, Phase::Done);
        self.call::<_, ()>("proxy_on_delete", (root,));
        let state = self.store.data_mut();
        state.roots.retain(|live| *live != root);
        state.ticks.remove(&root);
    }

    /// What the host does with the calls that follow.
    pub(crate) fn accept(&mut self, acceptance: Acceptance) {
        self.store.data_mut().acceptance = acceptance;
    }

    /// Says something else of the node, as `xds.node.…`.
    pub(crate) fn node(&mut self, name: &str, value: &str) {
        self.store.data_mut().node.insert(name.to_owned(), value.as_bytes().to_vec());
    }

    /// Counts from 0 again.
    pub(crate) fn reset_costs(&mut self) {
        self.store.data_mut().counts.clear();
        self.store.data_mut().allocations = 0;
    }

    /// The time by the host's clock.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.store.data().process.0.borrow().now_nanos / 1_000)
    }

    /// The process that this VM belongs to.
    pub(crate) fn process(&self) -> Process {
        self.store.data().process.clone()
    }

    /// Calls in flight, oldest first.
    pub(crate) fn deliveries(&self) -> Vec<Call> {
        self.store.data().calls.iter().filter(|call| call.reply.is_none()).cloned().collect()
    }

    /// All calls, oldest first.
    pub(crate) fn calls(&self) -> &[Call] {
        &self.store.data().calls
    }

    /// The records in every body that was answered with a status of success, in the order of the calls.
    pub(crate) fn records(&self) -> Vec<String> {
        let mut lines = self.lines();
        lines.retain(|line| !line.contains(r#""event":"audit.checkpoint""#));
        lines
    }

    /// The same with the checkpoints.
    pub(crate) fn lines(&self) -> Vec<String> {
        let acknowledged = |call: &&Call| matches!(call.reply, Some(Reply::Response(200..=299, ..)));
        let bodies =
            self.store.data().calls.iter().filter(acknowledged).map(|call| String::from_utf8_lossy(&call.body));
        bodies.flat_map(|body| body.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
    }

    /// All log lines.
    pub(crate) fn log(&self) -> &[Line] {
        &self.store.data().log
    }

    /// The value of a metric, if it is defined.
    pub(crate) fn metric(&self, name: &str) -> Option<i64> {
        let shared = self.store.data().process.0.borrow();
        shared.metrics.iter().find(|metric| metric.name == name).map(|metric| metric.value)
    }

    /// What it has cost since the last reset.
    pub(crate) fn costs(&self) -> Costs {
        let state = self.store.data();
        Costs { calls: state.counts.clone(), allocations: state.allocations }
    }

    /// Calls a function that takes nothing and gives a number: what an instrumented module counts.
    pub(crate) fn number(&mut self, export: &str) -> i64 {
        self.call::<(), i64>(export, ())
    }

    fn context(&mut self, parent: u32) -> u32 {
        let context = self.next_context;
        self.next_context += 1;
        self.enter(context, Phase::Done);
        self.call::<_, ()>("proxy_on_context_create", (context, parent));
        context
    }

    fn enter(&mut self, context: u32, phase: Phase) {
        let state = self.store.data_mut();
        state.effective = context;
        state.phase = phase;
    }

    /// A callback that must let the message pass.
    fn passes(&mut self, callback: &str, stream: u32, size: usize, end: bool) {
        let size = number(size);
        let action = self.call::<_, u32>(callback, (stream, size, u32::from(end)));
        assert_eq!(action, 0, "{callback} does not let the message pass");
    }

    fn call<P: WasmParams, R: WasmResults>(&mut self, name: &str, arguments: P) -> R {
        let function = self.instance.get_typed_func::<P, R>(&self.store, name).expect("an export");
        match function.call(&mut self.store, arguments) {
            Ok(result) => result,
            Err(error) => {
                let log = &self.store.data().log;
                let last = &log[log.len().saturating_sub(5)..];
                panic!("the module trapped in {name}: {error}; its last log lines: {last:#?}")
            }
        }
    }
}

fn number(size: usize) -> u32 {
    u32::try_from(size).unwrap()
}

/// 2026-01-15T09:30:00Z.
const START_NANOS: u64 = 1_768_469_400_000_000_000;

/// More ticks than any back-off of the module.
const SETTLE_TICKS: usize = 200;
