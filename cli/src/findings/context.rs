//! What a rule may ask and say: the record at hand, what is remembered, its settings; and a finding.

use std::collections::BTreeMap;
use std::rc::Rc;

use sha2::{Digest, Sha256};

use crate::collect::line::RecordId;
use crate::findings::memory::{Hit, Memory, distinct};
use crate::findings::rule::{Rule, Severity};
use crate::findings::settings::Settings;
use crate::findings::sight::{Sight, space};

/// A record, in the light of all before it.
pub(crate) struct Context<'a> {
    pub(crate) now: &'a Rc<Sight>,
    pub(crate) memory: &'a mut Memory,
    pub(crate) settings: &'a Settings,
    /// The start of the first record of all.
    pub(crate) watched_since: u64,
    pub(crate) reminders: &'a mut Reminders,
    pub(crate) raised: &'a mut Vec<Finding>,
}

/// Something that several records prove together.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) rule: &'static Rule,
    pub(crate) severity: Severity,
    /// It was tried and did not succeed.
    pub(crate) attempt: bool,
    /// It repeats one that was raised within its window.
    pub(crate) again: bool,
    /// What it is about, as 16 hex digits: one finding per rule and key.
    pub(crate) key: String,
    /// Of the record that decided it.
    pub(crate) at: u64,
    /// The records that prove it, the deciding one last.
    pub(crate) records: Vec<RecordId>,
    pub(crate) client: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) source: Option<String>,
    /// By the names that the rule says.
    pub(crate) evidence: Vec<(&'static str, Evidence)>,
}

/// A fact of a finding.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Evidence {
    Number(u64),
    Word(&'static str),
}

/// What to look at again, and when.
#[derive(Debug, Default)]
pub(crate) struct Reminders {
    due: BTreeMap<(u64, u64), (&'static Rule, Rc<Sight>)>,
    made: u64,
    pub(crate) dropped: u64,
}

impl Context<'_> {
    /// Records that showed the value of `role` of the record at hand, under any of its keys and in any role of its namespace,
    /// oldest first; without this request itself.
    pub(crate) fn earlier(&mut self, role: &str) -> Vec<Rc<Sight>> {
        let now = Rc::clone(self.now);
        let mut found = self.shown(role, &now);
        found.retain(|sight| !sight.is_same_request(&now));
        found
    }

    /// The same with this request.
    pub(crate) fn shown(&mut self, role: &str, by: &Sight) -> Vec<Rc<Sight>> {
        let mut found: Vec<Rc<Sight>> = Vec::new();
        for value in by.values(role) {
            for sight in self.memory.trace(space(role), value) {
                if !found.iter().any(|known| Rc::ptr_eq(known, &sight)) {
                    found.push(sight);
                }
            }
        }
        found
    }

    /// The requests that began the flow of this record: by PKCE, nonce, or state; by the code, over the response that
    /// carried it.
    pub(crate) fn requests(&mut self) -> Vec<Rc<Sight>> {
        let now = Rc::clone(self.now);
        let mut found = Vec::new();
        for role in ["pkce", "nonce", "state"] {
            self.add_requests(role, &now, &mut found);
        }
        if found.is_empty() {
            found = self.requests_by_code();
        }
        found
    }

    /// The requests by the code alone: for what compares PKCE or nonce.
    pub(crate) fn requests_by_code(&mut self) -> Vec<Rc<Sight>> {
        let now = Rc::clone(self.now);
        let mut found = Vec::new();
        for response in self.shown("code", &now) {
            if matches!(response.event, "authorization.response" | "callback.received") {
                for role in ["state", "ix"] {
                    self.add_requests(role, &response, &mut found);
                }
                self.same_exchange(&response, &mut found);
            }
        }
        found
    }

    fn add_requests(&mut self, role: &str, by: &Sight, found: &mut Vec<Rc<Sight>>) {
        for sight in self.shown(role, by) {
            if is_request(&sight) && !found.iter().any(|known| Rc::ptr_eq(known, &sight)) {
                found.push(sight);
            }
        }
    }

    fn same_exchange(&mut self, by: &Sight, found: &mut Vec<Rc<Sight>>) {
        let Some(exchange) = by.exchange() else { return };
        for sight in self.memory.trace("exchange", exchange) {
            if is_request(&sight) && !found.iter().any(|known| Rc::ptr_eq(known, &sight)) {
                found.push(sight);
            }
        }
    }

    /// Counts the record at hand under a key, once per `what`; the hits when the threshold of the rule is reached.
    pub(crate) fn count(&mut self, rule: &'static Rule, key: &str, what: &str) -> Option<Vec<Hit>> {
        let hits = self.tally(rule, key, what);
        let weight: u64 = hits.iter().map(|hit| hit.weight).sum();
        (weight >= self.settings.threshold(rule)).then_some(hits)
    }

    /// The same, where each `what` counts once however often it comes.
    pub(crate) fn count_distinct(&mut self, rule: &'static Rule, key: &str, what: &str) -> Option<Vec<Hit>> {
        let hits = self.tally(rule, key, what);
        (many(hits.len()) >= self.settings.threshold(rule)).then_some(hits)
    }

    /// Counts and judges nothing.
    pub(crate) fn tally(&mut self, rule: &'static Rule, key: &str, what: &str) -> Vec<Hit> {
        let hit = Hit { at: self.now.at, distinct: distinct(what), weight: self.now.weight(), id: self.now.id };
        let window = self.settings.window(rule);
        self.memory.hit(rule.id, key, hit, window)
    }

    /// A text that is different for every request.
    pub(crate) fn once(&self) -> String {
        self.now.exchange().map_or_else(|| self.now.id.to_string(), str::to_owned)
    }

    /// Whether nothing of the last `millis` can have been missed: records go back that far and none was forgotten.
    pub(crate) fn has_seen_all_of(&self, millis: u64) -> bool {
        let since = self.now.at.saturating_sub(millis);
        self.watched_since <= since && self.memory.is_whole_since(since)
    }

    /// Looks at the record at hand again, for this rule, `millis` later.
    pub(crate) fn remind(&mut self, rule: &'static Rule, at: u64) {
        self.reminders.add(rule, at, self.now);
    }

    /// A finding about `key`, proved by the record at hand and those `earlier`.
    pub(crate) fn raise(&mut self, rule: &'static Rule, key: &str, earlier: &[&Sight]) -> &mut Finding {
        let records = earlier.iter().map(|sight| sight.id).collect();
        self.raise_with(rule, key, records)
    }

    /// The same for a window.
    pub(crate) fn raise_hits(&mut self, rule: &'static Rule, key: &str, hits: &[Hit]) -> &mut Finding {
        let now = self.now.id;
        let records = hits.iter().map(|hit| hit.id).filter(|id| *id != now).collect();
        let weight = hits.iter().map(|hit| hit.weight).sum();
        self.raise_with(rule, key, records).number("count", weight)
    }

    fn raise_with(&mut self, rule: &'static Rule, key: &str, mut records: Vec<RecordId>) -> &mut Finding {
        records.push(self.now.id);
        records.dedup();
        // The first ones and the last.
        if records.len() > MAX_RECORDS {
            records.drain(MAX_RECORDS - 1..records.len() - 1);
        }
        let owned = |text: Option<&str>| text.map(str::to_owned);
        self.raised.push(Finding {
            rule,
            severity: rule.severity,
            attempt: false,
            again: false,
            key: digest(rule, key),
            at: self.now.at,
            records,
            client: owned(self.now.client()),
            issuer: owned(self.now.issuer()),
            source: owned(self.now.source()),
            evidence: Vec::new(),
        });
        let last = self.raised.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "it was pushed in the line above")]
        &mut self.raised[last]
    }
}

impl Finding {
    pub(crate) fn severity(&mut self, severity: Severity) -> &mut Self {
        self.severity = severity;
        self
    }

    /// It did not succeed: one step less.
    pub(crate) fn attempted(&mut self, attempt: bool) -> &mut Self {
        if attempt {
            self.attempt = true;
            self.severity = self.severity.lower();
        }
        self
    }

    pub(crate) fn number(&mut self, name: &'static str, number: u64) -> &mut Self {
        self.evidence.push((name, Evidence::Number(number)));
        self
    }

    pub(crate) fn word(&mut self, name: &'static str, word: &'static str) -> &mut Self {
        self.evidence.push((name, Evidence::Word(word)));
        self
    }

    /// The id as it is shown: `T-07.attempt` of what did not succeed.
    pub(crate) fn name(&self) -> String {
        format!("{}{}", self.rule.id, if self.attempt { ".attempt" } else { "" })
    }
}

impl Reminders {
    pub(crate) fn add(&mut self, rule: &'static Rule, at: u64, sight: &Rc<Sight>) {
        self.made += 1;
        self.due.insert((at, self.made), (rule, Rc::clone(sight)));
        if self.due.len() > MAX_REMINDERS && self.due.pop_first().is_some() {
            self.dropped += 1;
        }
    }

    /// The first that is due at `now`.
    pub(crate) fn next(&mut self, now: u64) -> Option<(u64, &'static Rule, Rc<Sight>)> {
        let entry = self.due.first_entry().filter(|entry| entry.key().0 <= now)?;
        let ((at, _), (rule, sight)) = entry.remove_entry();
        Some((at, rule, sight))
    }
}

/// What begins a flow.
pub(crate) fn is_request(sight: &Sight) -> bool {
    matches!(sight.event, "authorization.initiated" | "authorization.request" | "par.request")
        && sight.text("exchange", "hop") != Some("internal")
}

/// Of scopes: what of `granted` is not in `asked`.
pub(crate) fn beyond(granted: &[Rc<str>], asked: &[Rc<str>]) -> u64 {
    many(granted.iter().filter(|scope| !asked.contains(scope)).count())
}

pub(crate) fn many(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// The same in every run and version: a collector finds what it has raised before it was started again.
fn digest(rule: &Rule, key: &str) -> String {
    let hash = Sha256::digest(format!("{} {key}", rule.id).as_bytes());
    hash.iter().take(8).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Records that a finding names.
const MAX_RECORDS: usize = 8;
const MAX_REMINDERS: usize = 10_000;
