//! A root that watches: what its streams completed goes to the recorder, what the recorder wants done goes to the host,
//! what the host answers goes back.

use log::warn;

use super::calls::{self, Calls, Purpose};
use super::host::{self, HostEntropy};
use super::metrics::Mirror;
use super::shared::{self, Fingerprint};
use crate::config::Config;
use crate::http::ResponseHead;
use crate::oauth::{Document, Policy};
use crate::pipeline::{
    Budget, CompletedExchange, Effect, Fetch, Fetched, LossStatement, MAX_DOCUMENT, Recorder, RecorderSettings,
};
use crate::record::Observer;
use crate::record::audit::StopReason;
use crate::time::Timestamp;

/// The recorder of a root, and what is under way for it.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) policy: Policy,
    pub(super) budget: Budget,
    recorder: Recorder,
    calls: Calls,
    mirror: Mirror,
    origin: Origin,
    next_note: Timestamp,
    stopping: Option<Stopping>,
}

/// Which configuration of which plugin a root runs.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) plugin: String,
    pub(super) configuration: Fingerprint,
}

/// The orderly end.
#[derive(Debug)]
struct Stopping {
    /// After this the host waits no longer for us.
    until: Timestamp,
    /// `proxy_done` was said: it is said once.
    done: bool,
}

impl Running {
    /// `None` when keys must be drawn and the host has no random bytes. Sends and counts nothing: a canary comes here too.
    pub(super) fn new(config: Config, observer: Observer, origin: Origin) -> Option<Self> {
        let keys = match config.keys {
            Some(keys) => keys,
            None => shared::ephemeral_keys()?,
        };
        let settings = RecorderSettings {
            keys,
            privacy: config.privacy,
            observer,
            vantage: config.vantage,
            rules: config.rules,
            statement: config.statement,
            fetches: config.fetches,
            outbox: config.outbox,
        };
        let recorder = Recorder::new(settings, &config.policy);
        host::tick_every(config.interval_ms);
        shared::note_current(&origin.plugin, &origin.configuration);
        Some(Self {
            budget: Budget::new(config.body_bytes),
            mirror: Mirror::define(&recorder.counters().metrics()),
            policy: config.policy,
            recorder,
            calls: Calls::default(),
            origin,
            next_note: Timestamp::default(),
            stopping: None,
        })
    }

    /// Learns what another worker has learned, where a request is for an issuer that this one knows nothing of.
    pub(super) fn catch_up(&mut self, issuer: usize) {
        self.recorder.catch_up(&mut self.policy, issuer, &mut host::shared_value, host::now());
    }

    /// Takes an exchange that is over. Called in a stream: what it yields is sent from the next tick.
    pub(super) fn record(&mut self, exchange: CompletedExchange) {
        let effects = self.recorder.record(&mut self.policy, exchange, &mut HostEntropy);
        // A stream cannot call: the answer would be the stream's, which is gone by then.
        share(effects);
    }

    pub(super) fn tick(&mut self) {
        if self.stopping.is_none() {
            let now = host::now();
            self.note_running(now);
            let read = &mut host::shared_value;
            let effects = self.recorder.tick(&mut self.policy, read, now, &mut HostEntropy);
            for fetch in share(effects) {
                self.fetch(&fetch);
            }
            self.recorder.be_present(&mut host::shared_value, &mut host::claim, now);
        }
        self.send();
    }

    /// Takes the answer to a call; `fields` of its head, 0 for none.
    pub(super) fn answered(&mut self, token: u32, fields: usize) {
        match self.calls.take(token) {
            Some(Purpose::Delivery(id)) => {
                let reply = calls::reply(fields);
                self.recorder.outbox().settle(id, &reply, host::now(), &mut HostEntropy);
            }
            Some(Purpose::Document(issuer, document)) => {
                let head = if fields == 0 { None } else { host::call_response() };
                let body = if head.is_some() { host::call_body(MAX_DOCUMENT.saturating_add(1)) } else { Vec::new() };
                self.fetched((issuer, document), head.as_ref().and_then(ResponseHead::status), &body);
            }
            None => {}
        }
        self.send();
    }

    /// `on_done`: says whether the root may go at once. At SIGTERM nobody waits for the answer, so that what leaves,
    /// leaves here, and what is lost is said here.
    pub(super) fn stop(&mut self) -> bool {
        if self.stopping.is_none() {
            let replaced = shared::is_replaced(&self.origin.plugin, &self.origin.configuration);
            self.recorder.be_absent(&mut host::shared_value, &mut host::claim);
            self.recorder.stop(if replaced { StopReason::Reload } else { StopReason::Shutdown });
            self.calls.deliver(self.recorder.outbox());
            state(&self.recorder.outbox().loss_statement());
            self.stopping = Some(Stopping { until: host::now().plus_millis(PATIENCE_MS), done: false });
            host::tick_every(STOPPING_TICK_MS);
        }
        let drained = self.recorder.is_drained();
        if drained {
            self.leave();
        }
        drained
    }

    /// Sends what is due, shows the numbers, and leaves if that was all that was waited for.
    fn send(&mut self) {
        self.calls.deliver(self.recorder.outbox());
        self.mirror.show(&self.recorder.counters().metrics());
        let Some(stopping) = self.stopping.as_ref().filter(|stopping| !stopping.done) else { return };
        let late = host::now() >= stopping.until;
        if late && !self.recorder.is_drained() {
            let loss = self.recorder.outbox().loss_statement();
            warn!("stopped before the sink had answered: {}", place(&loss));
        }
        if late || self.recorder.is_drained() {
            self.leave();
            host::done();
        }
    }

    fn leave(&mut self) {
        self.mirror.show(&self.recorder.counters().metrics());
        self.mirror.withdraw();
        if let Some(stopping) = &mut self.stopping {
            stopping.done = true;
        }
    }

    fn fetch(&mut self, fetch: &Fetch) {
        if !host::claim(&fetch.claim) {
            return;
        }
        let headers = vec![
            (":method", "GET"),
            (":path", fetch.path.as_str()),
            (":authority", fetch.authority.as_str()),
            ("accept", "application/json"),
        ];
        match host::call(&fetch.cluster, headers, None, fetch.timeout_ms) {
            Ok(token) => self.calls.note(token, Purpose::Document(fetch.issuer, fetch.document)),
            Err(_) => self.fetched((fetch.issuer, fetch.document), None, b""),
        }
    }

    fn fetched(&mut self, (issuer, document): (usize, Document), status: Option<u16>, body: &[u8]) {
        let fetched = Fetched { issuer, document, status, body };
        share(self.recorder.fetched(&mut self.policy, fetched, host::now(), &mut HostEntropy));
    }

    fn note_running(&mut self, now: Timestamp) {
        if now >= self.next_note {
            shared::note_running(&self.origin.plugin, now);
            self.next_note = now.plus_millis(shared::RUNNING_FOR / 6);
        }
    }
}

/// Shares what is to be shared; gives what is to be fetched.
fn share(effects: Vec<Effect>) -> Vec<Fetch> {
    let mut fetches = Vec::new();
    for effect in effects {
        match effect {
            Effect::Fetch(fetch) => fetches.push(fetch),
            Effect::Share { key, value } => host::share(&key, &value),
        }
    }
    fetches
}

/// The one line that a dying proxy still writes: what is lost if nobody waits.
fn state(loss: &LossStatement) {
    if loss.created == 0 && loss.dropped == 0 {
        return;
    }
    let LossStatement { created, acknowledged, unacknowledged, audit, dropped, lost, undeclared, .. } = loss;
    warn!(
        "stopping: {} created={created} acknowledged={acknowledged} unacknowledged={unacknowledged} \
         audit={audit} dropped={dropped} lost={lost} undeclared={undeclared}",
        place(loss),
    );
}

fn place(loss: &LossStatement) -> String {
    match loss.stream {
        Some(stream) => format!("stream={stream} last={}", loss.last),
        None => "stream=none last=0".to_owned(),
    }
}

/// Milliseconds that a replaced root waits for its last answers.
const PATIENCE_MS: u64 = 3_000;

/// Milliseconds between two looks at the clock meanwhile.
const STOPPING_TICK_MS: u32 = 100;
