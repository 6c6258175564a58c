//! The host functions, with the statuses that Envoy 1.40 answers with. Functions that the fake host does not have answer
//! "unimplemented", as other hosts do.

use wasmi::{Caller, Error, ExternType, Linker, Module, Val};

use super::script::Field;
use super::state::{
    Acceptance, BAD_ARGUMENT, CAS_MISMATCH, Call, INTERNAL_FAILURE, Line, Metric, NOT_FOUND, OK, State, UNIMPLEMENTED,
};

type Host<'a> = Caller<'a, State>;
type Answer = Result<u32, Error>;

/// `missing` are functions that this host does not have.
pub(super) fn link(linker: &mut Linker<State>, module: &Module, missing: &[&str]) {
    linker.allow_shadowing(true);
    strangers(linker, module, |_| true);
    messages(linker);
    process(linker);
    wasi(linker);
    strangers(linker, module, |name| missing.contains(&name));
}

fn strangers(linker: &mut Linker<State>, module: &Module, which: impl Fn(&str) -> bool) {
    for import in module.imports().filter(|import| which(import.name())) {
        let ExternType::Func(kind) = import.ty().clone() else { continue };
        let (space, name) = (import.module().to_owned(), import.name().to_owned());
        let status = if space == "env" { UNIMPLEMENTED.cast_signed() } else { 52 };
        let label = name.clone();
        let function = move |mut caller: Host<'_>, _: &[Val], results: &mut [Val]| {
            caller.data_mut().count(&label);
            results.iter_mut().for_each(|result| *result = Val::I32(status));
            Ok(())
        };
        linker.func_new(&space, &name, kind, function).unwrap();
    }
}

fn messages(linker: &mut Linker<State>) {
    let header = |mut host: Host<'_>, map: u32, key: u32, key_size: u32, data: u32, size: u32| -> Answer {
        host.data_mut().count("proxy_get_header_map_value");
        let key = read(&host, key, key_size)?;
        let Some(fields) = host.data().map(map) else { return Ok(BAD_ARGUMENT) };
        let Some((_, value)) = fields.into_iter().find(|(name, _)| *name == key) else { return Ok(NOT_FOUND) };
        give(&mut host, &value, data, size)
    };
    linker.func_wrap("env", "proxy_get_header_map_value", header).unwrap();

    let headers = |mut host: Host<'_>, map: u32, data: u32, size: u32| -> Answer {
        host.data_mut().count("proxy_get_header_map_pairs");
        let fields = host.data().map(map).unwrap_or_default();
        let serialised = if fields.is_empty() { Vec::new() } else { serialise(&fields) };
        give(&mut host, &serialised, data, size)
    };
    linker.func_wrap("env", "proxy_get_header_map_pairs", headers).unwrap();

    let buffer = |mut host: Host<'_>, kind: u32, start: u32, max: u32, data: u32, size: u32| -> Answer {
        host.data_mut().count("proxy_get_buffer_bytes");
        let Some(bytes) = host.data().buffer(kind) else { return Ok(NOT_FOUND) };
        let start = index(start);
        let bytes = bytes.get(start..).unwrap_or_default();
        let wanted = bytes.len().min(index(max));
        give(&mut host, &bytes[..wanted], data, size)
    };
    linker.func_wrap("env", "proxy_get_buffer_bytes", buffer).unwrap();

    let property = |mut host: Host<'_>, path: u32, path_size: u32, data: u32, size: u32| -> Answer {
        host.data_mut().count("proxy_get_property");
        let path = text(&host, path, path_size)?.replace('\0', ".");
        match host.data().property(&path) {
            Ok(value) => give(&mut host, &value, data, size),
            Err(status) => Ok(status),
        }
    };
    linker.func_wrap("env", "proxy_get_property", property).unwrap();
    linker.func_wrap("env", "proxy_http_call", http_call).unwrap();
}

#[expect(clippy::too_many_arguments, reason = "the ABI has ten")]
fn http_call(
    mut host: Host<'_>,
    cluster: u32,
    cluster_size: u32,
    headers: u32,
    headers_size: u32,
    body: u32,
    body_size: u32,
    _trailers: u32,
    _trailers_size: u32,
    timeout: u32,
    token: u32,
) -> Answer {
    host.data_mut().count("proxy_http_call");
    let cluster = text(&host, cluster, cluster_size)?;
    let headers = deserialise(&read(&host, headers, headers_size)?);
    let body = read(&host, body, body_size)?;
    let complete =
        [":method", ":path", ":authority"].iter().all(|name| headers.iter().any(|(n, _)| n == name.as_bytes()));
    match host.data().acceptance {
        Acceptance::Taken if complete => {}
        Acceptance::Unhealthy => return Ok(INTERNAL_FAILURE),
        _ => return Ok(BAD_ARGUMENT),
    }
    let state = host.data_mut();
    // Envoy counts in steps of four.
    let number = u32::try_from(state.calls.len()).unwrap() * 4 + 1;
    let at_nanos = state.process.0.borrow().now_nanos;
    let root = state.root();
    let timeout_ms = timeout;
    state.calls.push(Call { token: number, root, cluster, headers, body, timeout_ms, at_nanos, reply: None });
    write(&mut host, token, &number.to_le_bytes())?;
    Ok(OK)
}

fn process(linker: &mut Linker<State>) {
    let log = |mut host: Host<'_>, level: u32, data: u32, size: u32| -> Answer {
        host.data_mut().count("proxy_log");
        let text = text(&host, data, size)?;
        host.data_mut().log.push(Line { level, text });
        Ok(OK)
    };
    linker.func_wrap("env", "proxy_log", log).unwrap();

    let time = |mut host: Host<'_>, slot: u32| -> Answer {
        host.data_mut().count("proxy_get_current_time_nanoseconds");
        let now = host.data().process.0.borrow().now_nanos;
        write(&mut host, slot, &now.to_le_bytes())?;
        Ok(OK)
    };
    linker.func_wrap("env", "proxy_get_current_time_nanoseconds", time).unwrap();

    let tick = |mut host: Host<'_>, period: u32| -> u32 {
        host.data_mut().count("proxy_set_tick_period_milliseconds");
        let root = host.data().root();
        host.data_mut().ticks.insert(root, period);
        OK
    };
    linker.func_wrap("env", "proxy_set_tick_period_milliseconds", tick).unwrap();

    let effective = |mut host: Host<'_>, context: u32| -> u32 {
        host.data_mut().count("proxy_set_effective_context");
        let (state, context) = (host.data_mut(), context);
        if !state.roots.contains(&context) && !state.streams.contains_key(&context) {
            return BAD_ARGUMENT;
        }
        state.effective = context;
        OK
    };
    linker.func_wrap("env", "proxy_set_effective_context", effective).unwrap();

    let done = |mut host: Host<'_>| -> u32 {
        host.data_mut().count("proxy_done");
        let root = host.data().effective;
        let state = host.data_mut();
        if !state.stopping.contains(&root) {
            return NOT_FOUND;
        }
        state.stopping.retain(|pending| *pending != root);
        state.finished.push(root);
        OK
    };
    linker.func_wrap("env", "proxy_done", done).unwrap();
    shared(linker);
    metrics(linker);
}

fn shared(linker: &mut Linker<State>) {
    let get = |mut host: Host<'_>, key: u32, key_size: u32, data: u32, size: u32, cas: u32| -> Answer {
        host.data_mut().count("proxy_get_shared_data");
        let key = text(&host, key, key_size)?;
        let found = host.data().process.0.borrow().data.get(&key).cloned();
        let Some((value, number)) = found else { return Ok(NOT_FOUND) };
        write(&mut host, cas, &number.to_le_bytes())?;
        give(&mut host, &value, data, size)
    };
    linker.func_wrap("env", "proxy_get_shared_data", get).unwrap();

    let set = |mut host: Host<'_>, key: u32, key_size: u32, data: u32, size: u32, cas: u32| -> Answer {
        host.data_mut().count("proxy_set_shared_data");
        let key = text(&host, key, key_size)?;
        let value = read(&host, data, size)?;
        let mut shared = host.data().process.0.borrow_mut();
        let next = match shared.data.get(&key) {
            Some((_, number)) if cas != 0 && *number != cas => return Ok(CAS_MISMATCH),
            Some((_, number)) => number + 1,
            None => 1,
        };
        shared.data.insert(key, (value, next));
        Ok(OK)
    };
    linker.func_wrap("env", "proxy_set_shared_data", set).unwrap();
}

fn metrics(linker: &mut Linker<State>) {
    let define = |mut host: Host<'_>, kind: u32, name: u32, size: u32, id: u32| -> Answer {
        host.data_mut().count("proxy_define_metric");
        let name = text(&host, name, size)?;
        let position = {
            let metrics = &mut host.data().process.0.borrow_mut().metrics;
            metrics.iter().position(|metric| metric.name == name).unwrap_or_else(|| {
                metrics.push(Metric { kind, name, value: 0 });
                metrics.len() - 1
            })
        };
        write(&mut host, id, &u32::try_from(position).unwrap().to_le_bytes())?;
        Ok(OK)
    };
    linker.func_wrap("env", "proxy_define_metric", define).unwrap();

    let increment = |mut host: Host<'_>, id: u32, offset: i64| -> u32 {
        host.data_mut().count("proxy_increment_metric");
        let metrics = &mut host.data().process.0.borrow_mut().metrics;
        match metrics.get_mut(index(id)) {
            Some(metric) if metric.kind == 0 && offset <= 0 => BAD_ARGUMENT,
            Some(metric) => {
                metric.value += offset;
                OK
            }
            None => NOT_FOUND,
        }
    };
    linker.func_wrap("env", "proxy_increment_metric", increment).unwrap();

    let record = |mut host: Host<'_>, id: u32, value: i64| -> u32 {
        host.data_mut().count("proxy_record_metric");
        let metrics = &mut host.data().process.0.borrow_mut().metrics;
        match metrics.get_mut(index(id)) {
            Some(metric) if metric.kind == 1 => {
                metric.value = value;
                OK
            }
            Some(_) => BAD_ARGUMENT,
            None => NOT_FOUND,
        }
    };
    linker.func_wrap("env", "proxy_record_metric", record).unwrap();
}

fn wasi(linker: &mut Linker<State>) {
    const SPACE: &str = "wasi_snapshot_preview1";
    let random = |mut host: Host<'_>, data: u32, size: u32| -> Answer {
        host.data_mut().count("random_get");
        let mut bytes = vec![0; index(size)];
        bytes.iter_mut().for_each(|byte| *byte = next_byte(host.data_mut()));
        write(&mut host, data, &bytes)?;
        Ok(OK)
    };
    linker.func_wrap(SPACE, "random_get", random).unwrap();

    let sizes = |mut host: Host<'_>, count: u32, size: u32| -> Answer {
        let environment = environment(host.data());
        let bytes: usize = environment.iter().map(Vec::len).sum();
        write(&mut host, count, &u32::try_from(environment.len()).unwrap().to_le_bytes())?;
        write(&mut host, size, &u32::try_from(bytes).unwrap().to_le_bytes())?;
        Ok(OK)
    };
    linker.func_wrap(SPACE, "environ_sizes_get", sizes).unwrap();

    let get = |mut host: Host<'_>, mut slots: u32, mut data: u32| -> Answer {
        for entry in environment(host.data()) {
            write(&mut host, slots, &data.to_le_bytes())?;
            write(&mut host, data, &entry)?;
            slots += 4;
            data += u32::try_from(entry.len()).unwrap();
        }
        Ok(OK)
    };
    linker.func_wrap(SPACE, "environ_get", get).unwrap();

    let clock = |mut host: Host<'_>, _clock: u32, _precision: i64, slot: u32| -> Answer {
        host.data_mut().count("clock_time_get");
        let now = host.data().process.0.borrow().now_nanos;
        write(&mut host, slot, &now.to_le_bytes())?;
        Ok(OK)
    };
    linker.func_wrap(SPACE, "clock_time_get", clock).unwrap();
    let exit = |_: Host<'_>, status: i32| -> Result<(), Error> { Err(Error::i32_exit(status)) };
    linker.func_wrap(SPACE, "proc_exit", exit).unwrap();
}

/// `NAME=value` with a NUL behind it.
fn environment(state: &State) -> Vec<Vec<u8>> {
    state.environment.iter().map(|(name, value)| format!("{name}={value}\0").into_bytes()).collect()
}

/// splitmix64: random enough for tests, and the same in each run.
fn next_byte(state: &mut State) -> u8 {
    state.entropy = state.entropy.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = state.entropy;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)).to_le_bytes()[0]
}

/// Hands bytes over as Envoy does: in memory that the module allocated; nothing for no bytes.
fn give(host: &mut Host<'_>, bytes: &[u8], data: u32, size: u32) -> Answer {
    let mut address = 0;
    if !bytes.is_empty() {
        host.data_mut().allocations += 1;
        let allocate = host.get_export("proxy_on_memory_allocate").or_else(|| host.get_export("malloc"));
        let allocate = allocate.and_then(wasmi::Extern::into_func).unwrap().typed::<u32, u32>(&*host)?;
        address = allocate.call(&mut *host, u32::try_from(bytes.len()).unwrap())?;
        write(host, address, bytes)?;
    }
    write(host, data, &address.to_le_bytes())?;
    write(host, size, &u32::try_from(bytes.len()).unwrap().to_le_bytes())?;
    Ok(OK)
}

fn read(host: &Host<'_>, address: u32, size: u32) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; index(size)];
    if !bytes.is_empty() {
        memory(host).read(host, index(address), &mut bytes)?;
    }
    Ok(bytes)
}

fn text(host: &Host<'_>, address: u32, size: u32) -> Result<String, Error> {
    Ok(String::from_utf8(read(host, address, size)?).expect("the module hands over UTF-8"))
}

fn write(host: &mut Host<'_>, address: u32, bytes: &[u8]) -> Result<(), Error> {
    memory(host).write(host, index(address), bytes)?;
    Ok(())
}

/// A number of the module as one of ours.
fn index(number: u32) -> usize {
    usize::try_from(number).unwrap()
}

fn memory(host: &Host<'_>) -> wasmi::Memory {
    host.get_export("memory").and_then(wasmi::Extern::into_memory).unwrap()
}

fn serialise(fields: &[Field]) -> Vec<u8> {
    let size = |length: usize| u32::try_from(length).unwrap().to_le_bytes();
    let mut bytes = size(fields.len()).to_vec();
    for (name, value) in fields {
        bytes.extend(size(name.len()));
        bytes.extend(size(value.len()));
    }
    for (name, value) in fields {
        bytes.extend([name.as_slice(), b"\0", value, b"\0"].concat());
    }
    bytes
}

fn deserialise(bytes: &[u8]) -> Vec<Field> {
    let number = |at: usize| index(u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()));
    let count = if bytes.is_empty() { 0 } else { number(0) };
    let mut at = 4 + count * 8;
    let mut part = |size: usize| {
        let part = bytes[at..at + size].to_vec();
        at += size + 1;
        part
    };
    (0..count).map(|i| (part(number(4 + i * 8)), part(number(8 + i * 8)))).collect()
}
