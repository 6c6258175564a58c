//! The recorder's numbers in the host's metrics, which all VMs of the process share: counters and gauges move by what
//! changed since they were last shown.

use super::host;
use crate::pipeline::{Metric, MetricKind};

/// What has been shown so far.
#[derive(Debug, Default)]
pub(super) struct Mirror {
    shown: Vec<Shown>,
}

#[derive(Debug)]
struct Shown {
    id: Option<u32>,
    kind: MetricKind,
    value: u64,
}

impl Mirror {
    /// Makes the metrics, so that they are there with 0 before anything happens. They come in the same order always.
    pub(super) fn define(metrics: &[Metric]) -> Self {
        let define = |metric: &Metric| {
            let id = match metric.kind {
                MetricKind::Counter => host::define_counter(metric.name),
                MetricKind::Gauge | MetricKind::Latest => host::define_gauge(metric.name),
            };
            Shown { id, kind: metric.kind, value: 0 }
        };
        Self { shown: metrics.iter().map(define).collect() }
    }

    /// Shows what has changed.
    pub(super) fn show(&mut self, metrics: &[Metric]) {
        for (shown, metric) in self.shown.iter_mut().zip(metrics) {
            shown.change(metric.value);
        }
    }

    /// Takes this VM's part out of what goes up and down.
    pub(super) fn withdraw(&mut self) {
        for shown in self.shown.iter_mut().filter(|shown| shown.kind == MetricKind::Gauge) {
            shown.change(0);
        }
    }
}

impl Shown {
    fn change(&mut self, value: u64) {
        let Some(id) = self.id.filter(|_| value != self.value) else { return };
        let difference = i64::try_from(value).unwrap_or(i64::MAX).saturating_sub_unsigned(self.value);
        match self.kind {
            MetricKind::Counter if difference > 0 => host::add(id, difference),
            MetricKind::Counter => {}
            MetricKind::Gauge => host::add(id, difference),
            MetricKind::Latest => host::set(id, value),
        }
        self.value = value;
    }
}
