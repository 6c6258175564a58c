//! A root whose configuration is wrong: all traffic passes, and nothing is audited. It says so in the log, in a metric
//! and, once per process, in a record, if the sink at least is known.

use super::calls::{self, Calls, Purpose};
use super::host::{self, HostEntropy};
use super::shared;
use crate::config::{Problem, Rejected};
use crate::pipeline::{Outbox, OutboxSettings};
use crate::record::{Observer, audit};

/// What is left to do: one record.
#[derive(Debug)]
pub(super) struct Disabled {
    outbox: Outbox,
    calls: Calls,
    /// Until the first tick: a canary has none, and must not report.
    report: Option<Report>,
}

#[derive(Debug)]
struct Report {
    configuration: Vec<u8>,
    observer: Observer,
    problems: Vec<Problem>,
}

impl Disabled {
    /// `None` when no sink is known: then nothing is left to do at all.
    pub(super) fn new(configuration: Vec<u8>, rejected: Rejected, observer: Observer) -> Option<Self> {
        let outbox = Outbox::new(OutboxSettings::new(*rejected.sink?), observer.clone());
        let report = Some(Report { configuration, observer, problems: rejected.problems });
        host::tick_every(TICK_MS);
        Some(Self { outbox, calls: Calls::default(), report })
    }

    pub(super) fn tick(&mut self) {
        if let Some(report) = self.report.take() {
            self.report(&report);
        }
        self.calls.deliver(&mut self.outbox);
    }

    pub(super) fn answered(&mut self, token: u32, fields: usize) {
        if let Some(Purpose::Delivery(id)) = self.calls.take(token) {
            self.outbox.settle(id, &calls::reply(fields), host::now(), &mut HostEntropy);
        }
    }

    fn report(&mut self, report: &Report) {
        if !shared::may_report(&report.configuration) {
            host::tick_every(0);
            return;
        }
        let now = host::now();
        let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
        self.outbox.push(audit::config_rejected(&report.observer, now, None, &problems), now);
    }
}

const TICK_MS: u32 = 1_000;
