//! Puts records in order, sees which are one and the same, and asks every family of rules about each.
//!
//! Records wait until all that lie within the reorder window before them can be here; what comes later than that is judged
//! as it comes, and counted. State is bounded: the memory by its keys, what waits by its number, ids by theirs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use crate::collect::line::RecordId;
use crate::findings::context::{Context, Finding, Reminders};
use crate::findings::memory::Memory;
use crate::findings::rule::Severity;
use crate::findings::rules;
use crate::findings::settings::Settings;
use crate::findings::sight::{HOP_MS, Sight, space};

/// The state of a run.
#[derive(Debug)]
pub(crate) struct Engine {
    settings: Settings,
    memory: Memory,
    reminders: Reminders,
    waiting: BTreeMap<(u64, u8, RecordId), Rc<Sight>>,
    ids: Ids,
    /// What was raised lately: it is not raised again until its window is over.
    held: Held,
    raised: Vec<Finding>,
    counts: Counts,
    first: Option<u64>,
    newest: u64,
    /// Nothing before this waits any more.
    released: u64,
    limits: Limits,
}

/// How much is held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) keys: usize,
    /// Records that wait for their order.
    pub(crate) waiting: usize,
    /// Milliseconds that a record may come late.
    pub(crate) reorder: u64,
}

/// What happened to records, and how full the memory is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counts {
    pub(crate) judged: u64,
    /// With an id that was there before.
    pub(crate) duplicates: u64,
    /// The same request, seen by another proxy or sent again by one.
    pub(crate) twins: u64,
    /// Later than the reorder window.
    pub(crate) late: u64,
    pub(crate) keys: u64,
    pub(crate) evicted: u64,
    /// Findings that only repeat one that was raised.
    pub(crate) repeated: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { keys: 100_000, waiting: 16_384, reorder: 120_000 }
    }
}

impl Engine {
    pub(crate) fn new(settings: Settings, limits: Limits) -> Self {
        Self {
            settings,
            memory: Memory::new(limits.keys),
            reminders: Reminders::default(),
            waiting: BTreeMap::new(),
            ids: Ids::default(),
            held: Held::default(),
            raised: Vec::new(),
            counts: Counts::default(),
            first: None,
            newest: 0,
            released: 0,
            limits,
        }
    }

    /// Takes a record in.
    pub(crate) fn push(&mut self, sight: Sight) {
        if !self.ids.insert(sight.id) {
            self.counts.duplicates += 1;
            return;
        }
        if sight.at < self.released {
            self.counts.late += 1;
        }
        self.newest = self.newest.max(sight.at);
        self.first = Some(self.first.map_or(sight.at, |first| first.min(sight.at)));
        self.waiting.insert((sight.at, sight.rank(), sight.id), Rc::new(sight));
        self.release(self.newest.saturating_sub(self.limits.reorder));
        while self.waiting.len() > self.limits.waiting {
            self.judge_next();
        }
    }

    /// Judges everything that began before `until`: nothing earlier is expected any more.
    pub(crate) fn release(&mut self, until: u64) {
        while self.waiting.first_key_value().is_some_and(|((at, _, _), _)| *at < until) {
            self.judge_next();
        }
        self.released = self.released.max(until);
        self.reminded(until);
    }

    /// Judges the rest: no more records come. What waits for a moment after the last record stays undecided.
    pub(crate) fn finish(&mut self) {
        while !self.waiting.is_empty() {
            self.judge_next();
        }
        self.reminded(self.newest);
    }

    /// What was raised since the last call.
    pub(crate) fn take(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.raised)
    }

    /// Knows that this was raised in an earlier run.
    pub(crate) fn hold(&mut self, rule: &str, key: &str, severity: Severity, at: u64) {
        self.held.insert(format!("{rule} {key}"), (at, severity));
    }

    pub(crate) fn counts(&self) -> Counts {
        let keys = u64::try_from(self.memory.keys()).unwrap_or(u64::MAX);
        let evicted = self.memory.evicted().saturating_add(self.reminders.dropped).saturating_add(self.held.dropped);
        Counts { keys, evicted, ..self.counts }
    }

    fn judge_next(&mut self) {
        let Some(((at, _, _), sight)) = self.waiting.pop_first() else { return };
        self.reminded(at);
        self.released = self.released.max(at);
        self.counts.judged += 1;
        let is_twin = self.is_twin(&sight);
        let mut found = Vec::new();
        let mut context = self.context(&sight, &mut found);
        if is_twin {
            rules::twin(&mut context);
            self.counts.twins += 1;
        } else {
            rules::judge(&mut context);
            self.remember(&sight);
        }
        self.settle(found);
    }

    fn reminded(&mut self, until: u64) {
        while let Some((at, rule, sight)) = self.reminders.next(until) {
            let mut found = Vec::new();
            rules::remind(rule, at, &mut self.context(&sight, &mut found));
            self.settle(found);
        }
    }

    fn context<'a>(&'a mut self, now: &'a Rc<Sight>, raised: &'a mut Vec<Finding>) -> Context<'a> {
        Context {
            now,
            memory: &mut self.memory,
            settings: &self.settings,
            watched_since: self.first.unwrap_or(now.at),
            reminders: &mut self.reminders,
            raised,
        }
    }

    fn settle(&mut self, found: Vec<Finding>) {
        for mut finding in found {
            if self.settings.is_off(finding.rule) {
                continue;
            }
            finding.severity = self.settings.severity(finding.rule, finding.severity);
            let name = format!("{} {}", finding.rule.id, finding.key);
            let until = self.settings.window(finding.rule).max(HOLD_MS);
            match self.held.get(&name) {
                Some((at, severity)) if finding.severity <= severity && finding.at.abs_diff(at) <= until => {
                    self.counts.repeated += 1;
                    self.raised.push(Finding { again: true, ..finding });
                }
                _ => {
                    self.held.insert(name, (finding.at, finding.severity));
                    self.raised.push(finding);
                }
            }
        }
    }

    /// Whether this is a request that another record has told of: the other end of a hop, or sent again by a proxy.
    fn is_twin(&mut self, sight: &Rc<Sight>) -> bool {
        let strongest = ANCHORS.iter().find_map(|role| sight.value(role));
        let Some(key) = strongest.map(|value| &**value).or(sight.request_id()) else { return false };
        let key = format!("{} {key}", sight.event);
        let known = self.memory.trace("twin", &key);
        self.memory.keep("twin", &key, sight);
        known.iter().any(|other| are_twins(sight, other))
    }

    fn remember(&mut self, sight: &Rc<Sight>) {
        for (role, value) in sight.joins() {
            if !ATTRIBUTES.contains(role) {
                self.memory.keep(space(role), value, sight);
            }
        }
        if let Some(exchange) = sight.exchange().filter(|_| sight.event.starts_with("authorization.")) {
            self.memory.keep("exchange", exchange, sight);
        }
    }
}

/// One request, seen twice within seconds, and nothing in the answers says otherwise.
fn are_twins(one: &Sight, two: &Sight) -> bool {
    let answers = ["at", "rt_out", "idt"];
    let apart = one.at.abs_diff(two.at) > HOP_MS
        || one.id.stream == two.id.stream && one.exchange().is_some() && one.exchange() == two.exchange()
        || answers.iter().any(|role| one.differs(role, two))
        || one.texts_differ("client", "id", two);
    if apart {
        return false;
    }
    let both = |a: Option<&str>, b: Option<&str>| a.is_some() && a == b;
    let other_end = one.vantage() != two.vantage() && one.id.stream != two.id.stream;
    match (one.request_id(), two.request_id()) {
        (Some(a), Some(b)) if a == b => true,
        // Each proxy made an id of its own, or none: the same tokens, or the same refusal, at the other end of the hop.
        _ => {
            let same = answers.iter().any(|role| one.values(role).any(|value| two.values(role).any(|b| b == value)));
            other_end && (same || !one.succeeded() && one.outcome == two.outcome && both(one.error(), two.error()))
        }
    }
}

/// The ids of the last records.
#[derive(Debug, Default)]
struct Ids {
    known: BTreeSet<RecordId>,
    order: VecDeque<RecordId>,
}

impl Ids {
    /// Whether it is new.
    fn insert(&mut self, id: RecordId) -> bool {
        if !self.known.insert(id) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > MAX_IDS
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

/// When a finding was raised last, and how severe.
#[derive(Debug, Default)]
struct Held {
    known: BTreeMap<String, (u64, Severity)>,
    order: VecDeque<String>,
    dropped: u64,
}

impl Held {
    fn get(&self, name: &str) -> Option<(u64, Severity)> {
        self.known.get(name).copied()
    }

    fn insert(&mut self, name: String, value: (u64, Severity)) {
        if self.known.insert(name.clone(), value).is_none() {
            self.order.push_back(name);
        }
        if self.order.len() > MAX_HELD
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
            self.dropped += 1;
        }
    }
}

/// From the strongest to the weakest (PROTOCOL §3.4); two requests that differ in the first that they show are two.
const ANCHORS: &[&str] =
    &["code", "dev", "ciba", "rt_in", "pkce", "nonce", "par", "state", "jti", "at", "tok", "subj", "assertion", "sid"];
/// They name a person, a device or a browser, and join nothing.
const ATTRIBUTES: &[&str] = &["sub", "username"];
/// At least this long a finding is not raised again.
const HOLD_MS: u64 = 3_600_000;
const MAX_IDS: usize = 1 << 16;
const MAX_HELD: usize = 20_000;
