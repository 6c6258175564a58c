//! The root context: one per plugin configuration and VM. Configuration, tick, answers to calls, the orderly end.

use std::cell::RefCell;
use std::rc::Rc;

use log::{error, info, warn};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;

use super::disabled::Disabled;
use super::host;
use super::running::{Origin, Running};
use super::shared::{self, Fingerprint};
use super::stream::Stream;
use crate::config::{self, Config, HostFacts, Rejected};
use crate::record::Observer;

/// What the streams of a root share with it.
///
/// Callbacks do not nest on Envoy; where a host lets them, the inner one finds the cell borrowed and does nothing.
pub(super) type Shared = Rc<RefCell<State>>;

/// What a root does.
#[derive(Debug, Default)]
pub(super) enum State {
    /// Its configuration is wrong.
    Disabled(Option<Box<Disabled>>),
    /// Nothing: not configured yet, or told to be off.
    #[default]
    Idle,
    /// It watches.
    Running(Box<Running>),
}

/// The root context.
#[derive(Debug, Default)]
pub(super) struct Root {
    state: Shared,
}

impl Context for Root {
    fn on_http_call_response(&mut self, token: u32, fields: usize, _body: usize, _trailers: usize) {
        self.with(|state| match state {
            State::Disabled(Some(disabled)) => disabled.answered(token, fields),
            State::Running(running) => running.answered(token, fields),
            State::Disabled(None) | State::Idle => {}
        });
    }

    fn on_done(&mut self) -> bool {
        let done = self.with(|state| match state {
            State::Running(running) => running.stop(),
            State::Disabled(_) | State::Idle => true,
        });
        done.unwrap_or(true)
    }
}

impl RootContext for Root {
    fn on_configure(&mut self, size: usize) -> bool {
        let text = host::configuration(size);
        let observer = host::observer();
        let facts = HostFacts { node: observer.node.clone() };
        let state = match config::parse(&text, &host::environment, &facts) {
            Ok(config) => accept(config, observer, &text),
            Err(rejected) => match refuse(text, rejected, observer) {
                Some(state) => state,
                None => return false,
            },
        };
        self.with(|current| *current = state);
        true
    }

    fn on_tick(&mut self) {
        self.with(|state| match state {
            State::Disabled(Some(disabled)) => disabled.tick(),
            State::Running(running) => running.tick(),
            State::Disabled(None) | State::Idle => {}
        });
    }

    fn create_http_context(&self, _context: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream::new(Rc::clone(&self.state))))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

impl Root {
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> Option<T> {
        self.state.try_borrow_mut().ok().map(|mut state| act(&mut state))
    }
}

fn accept(config: Config, observer: Observer, text: &[u8]) -> State {
    for warning in &config.warnings {
        warn!("{warning}");
    }
    let plugin = plugin();
    shared::note_running(&plugin, host::now());
    set_invalid(0);
    if !config.enabled {
        info!("nothing is audited, as configured (`enabled` is false)");
        return State::Idle;
    }
    let plugin =
        [host::text(&["plugin_name"]), host::text(&["plugin_root_id"])].map(Option::unwrap_or_default).join("/");
    let origin = Origin { plugin, configuration: Fingerprint::of(text) };
    match Running::new(config, observer, origin) {
        Some(running) => State::Running(Box::new(running)),
        None => {
            error!("nothing is audited: the host has no random bytes to draw keys from");
            State::Idle
        }
    }
}

/// `None`: a good configuration of this plugin runs in this process, and goes on if this one is refused. Otherwise refusing would take
/// down every proxy that starts with it.
fn refuse(text: Vec<u8>, rejected: Rejected, observer: Observer) -> Option<State> {
    for problem in &rejected.problems {
        error!("configuration: {problem}");
    }
    if shared::is_running(&plugin(), host::now()) {
        error!("configuration refused; the one before it goes on");
        return None;
    }
    error!("NOTHING IS AUDITED: the configuration is wrong; all traffic passes");
    set_invalid(1);
    Some(State::Disabled(Disabled::new(text, rejected, observer).map(Box::new)))
}

/// Which plugin this is, in the operator's words.
fn plugin() -> String {
    [host::text(&["plugin_name"]), host::text(&["plugin_root_id"])].map(Option::unwrap_or_default).join("/")
}

fn set_invalid(value: u64) {
    if let Some(metric) = host::define_gauge("oidcaudit.config.invalid") {
        host::set(metric, value);
    }
}
