//! What a rule found, and how it is collected: switched-off rules find nothing, refused exchanges make attempts.

use super::settings::RuleSettings;
use super::table::Rule;

/// What one rule found in one exchange. Names and verdicts, never values.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// Which rule.
    pub rule: Rule,
    /// How severe it is here.
    pub severity: Severity,
    /// The exchange was refused: it was tried and not achieved.
    pub attempt: bool,
    /// What it rests on: `name` of a member, or `name=verdict`.
    pub evidence: Vec<&'static str>,
}

/// How severe a finding is. From the least to the most.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Weakens a defence that others stand beside.
    Low,
    /// Weakens a defence.
    Medium,
    /// Lets somebody in, given a chance.
    High,
    /// Somebody is in, or anybody can be.
    Critical,
}

impl Severity {
    /// Every severity, from the least to the most.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word of records and of the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The inverse of [`Severity::as_str`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == word)
    }

    pub(super) fn higher(self) -> Self {
        Self::ALL.into_iter().find(|other| *other > self).unwrap_or(self)
    }

    /// One step less, for what was tried and not achieved.
    #[must_use]
    pub fn lower(self) -> Self {
        Self::ALL.into_iter().rev().find(|other| *other < self).unwrap_or(self)
    }
}

/// Findings of one exchange, at most [`MAX_FINDINGS`]. Allocates nothing until the first.
pub(super) struct Findings<'a> {
    settings: &'a RuleSettings,
    refused: bool,
    list: Vec<Finding>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(settings: &'a RuleSettings, refused: bool) -> Self {
        Self { settings, refused, list: Vec::new() }
    }

    /// Whether a finding of the rule would be kept: else its condition need not be looked at.
    pub(super) fn wants(&self, rule: Rule) -> bool {
        self.list.len() < MAX_FINDINGS && !self.settings.off.contains(&rule)
    }

    /// Adds a finding of the rule's own severity, if the condition holds.
    pub(super) fn when(&mut self, holds: bool, rule: Rule, evidence: &[&'static str]) {
        self.graded(holds, rule, rule.severity(), evidence);
    }

    /// The same where circumstances decide the severity.
    pub(super) fn graded(&mut self, holds: bool, rule: Rule, severity: Severity, evidence: &[&'static str]) {
        if !holds || !self.wants(rule) {
            return;
        }
        let chosen = self.settings.severity.iter().find(|(chosen, _)| *chosen == rule).map(|(_, severity)| *severity);
        let raised = chosen.is_none() && rule.is_raised() && self.settings.baseline.is_some();
        let severity = chosen.unwrap_or(if raised { severity.higher() } else { severity });
        let attempt = self.refused && rule.may_be_attempt();
        let severity = if attempt { severity.lower() } else { severity };
        self.list.push(Finding { rule, severity, attempt, evidence: evidence.to_vec() });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn finish(self) -> Vec<Finding> {
        self.list
    }
}

/// Findings kept of one exchange: more say no more than these.
pub const MAX_FINDINGS: usize = 16;
