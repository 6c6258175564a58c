//! Counters of this process, in the text format of Prometheus. Labels are names of ours, never a value of a record.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::findings::engine::Counts;

/// What is counted, shared by the threads that count.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    pub(crate) written: AtomicU64,
    pub(crate) repeated: AtomicU64,
    pub(crate) refused: AtomicU64,
    /// Statements that a stream's key is a workload's.
    pub(crate) bound: AtomicU64,
    /// Of the refused lines, those that their senders may not write.
    pub(crate) foreign: AtomicU64,
    pub(crate) webhook_delivered: AtomicU64,
    pub(crate) webhook_lost: AtomicU64,
    /// Findings that could not be stored.
    pub(crate) findings_lost: AtomicU64,
    findings: Mutex<Findings>,
}

#[derive(Debug, Default)]
struct Findings {
    /// By rule and severity.
    raised: BTreeMap<(&'static str, &'static str), u64>,
    counts: Option<Counts>,
}

impl Metrics {
    pub(crate) fn raised(&self, rule: &'static str, severity: &'static str) {
        if let Ok(mut findings) = self.findings.lock() {
            *findings.raised.entry((rule, severity)).or_default() += 1;
        }
    }

    pub(crate) fn judged(&self, counts: Counts) {
        if let Ok(mut findings) = self.findings.lock() {
            findings.counts = Some(counts);
        }
    }

    /// The text of `GET /metrics`.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let records = "oidc_audit_collect_records_total";
        family(&mut text, records, "counter", "Lines by what became of them.");
        for (result, counter) in [("written", &self.written), ("repeated", &self.repeated), ("refused", &self.refused)]
        {
            sample(&mut text, &format!("{records}{{result=\"{result}\"}}"), of(counter));
        }
        let counters = [
            ("oidc_audit_collect_bound_total", "Keys of streams that were bound to a workload.", &self.bound),
            ("oidc_audit_collect_foreign_total", "Lines refused because of who sent them.", &self.foreign),
        ];
        for (name, help, counter) in counters {
            family(&mut text, name, "counter", help);
            sample(&mut text, name, of(counter));
        }
        if let Ok(findings) = self.findings.lock()
            && let Some(counts) = findings.counts
        {
            self.findings_text(&mut text, &findings, counts);
        }
        text
    }

    fn findings_text(&self, text: &mut String, findings: &Findings, counts: Counts) {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let raised = "oidc_audit_findings_raised_total";
        family(text, raised, "counter", "Findings that were raised.");
        for ((rule, severity), count) in &findings.raised {
            sample(text, &format!("{raised}{{rule=\"{rule}\",severity=\"{severity}\"}}"), *count);
        }
        let counters = [
            ("oidc_audit_findings_evicted_total", "Keys that were forgotten for room.", counts.evicted),
            ("oidc_audit_findings_judged_total", "Records that rules looked at.", counts.judged),
            ("oidc_audit_findings_late_total", "Records that came too late to be put in order.", counts.late),
            ("oidc_audit_findings_lost_total", "Findings that could not be stored.", of(&self.findings_lost)),
            ("oidc_audit_webhook_delivered_total", "Findings that the webhook took.", of(&self.webhook_delivered)),
            ("oidc_audit_webhook_lost_total", "Findings that the webhook did not take.", of(&self.webhook_lost)),
        ];
        for (name, help, value) in counters {
            family(text, name, "counter", help);
            sample(text, name, value);
        }
        family(text, "oidc_audit_findings_keys", "gauge", "Keys that are remembered.");
        sample(text, "oidc_audit_findings_keys", counts.keys);
    }
}

fn family(text: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn sample(text: &mut String, name: &str, value: u64) {
    let _ = writeln!(text, "{name} {value}");
}
