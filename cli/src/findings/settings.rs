//! `--rules FILE`: which rules are off, and which have another severity, threshold or window.
//!
//! Every mistake is reported, all at once, by JSON pointer, and never with the value.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::failure::Failure;
use crate::findings::memory::MAX_HITS;
use crate::findings::rule::{self, Rule, Severity};

/// What differs from the table of rules.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings(BTreeMap<&'static str, Setting>);

#[derive(Clone, Copy, Debug, Default)]
struct Setting {
    off: bool,
    severity: Option<Severity>,
    threshold: Option<u64>,
    window: Option<u64>,
}

impl Settings {
    /// # Errors
    ///
    /// The file cannot be read, or everything that is wrong with it.
    pub(crate) fn load(path: &Path) -> Result<Self, Failure> {
        let text =
            fs::read(path).map_err(|error| Failure::io(format_args!("cannot read {}", path.display()), &error))?;
        Self::parse(&text).map_err(|problems| {
            let shown = path.display();
            let count = problems.len();
            let noun = if count == 1 { "problem" } else { "problems" };
            Failure::new(format!("{shown} has {count} {noun}:\n  {}", problems.join("\n  "))).hint(EXAMPLE)
        })
    }

    /// # Errors
    ///
    /// `<pointer>: <problem>`, all of them.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Vec<String>> {
        let Ok(value) = serde_json::from_slice::<Value>(text) else { return Err(vec!["/: not JSON".to_owned()]) };
        let (mut settings, mut problems) = (Self::default(), Vec::new());
        expect_object(&value, "/", &mut problems);
        for (name, member) in members(&value) {
            match name.as_str() {
                "rules" => settings.rules(member, &mut problems),
                _ => problems.push(format!("/{}: no such member; there is only rules", pointer(name))),
            }
        }
        if problems.is_empty() { Ok(settings) } else { Err(problems) }
    }

    pub(crate) fn is_off(&self, rule: &Rule) -> bool {
        self.0.get(rule.id).is_some_and(|setting| setting.off)
    }

    /// A severity of the file stands whatever the circumstances.
    pub(crate) fn severity(&self, rule: &Rule, found: Severity) -> Severity {
        self.0.get(rule.id).and_then(|setting| setting.severity).unwrap_or(found)
    }

    pub(crate) fn threshold(&self, rule: &Rule) -> u64 {
        self.0.get(rule.id).and_then(|setting| setting.threshold).or(rule.threshold).unwrap_or(1)
    }

    /// In milliseconds.
    pub(crate) fn window(&self, rule: &Rule) -> u64 {
        let set = self.0.get(rule.id).and_then(|setting| setting.window);
        set.or(rule.window).unwrap_or(HOUR).saturating_mul(1_000)
    }

    fn rules(&mut self, value: &Value, problems: &mut Vec<String>) {
        expect_object(value, "/rules", problems);
        for (id, member) in members(value) {
            let at = format!("/rules/{}", pointer(id));
            let Some(rule) = rule::find(id) else {
                problems.push(format!("{at}: no such rule; `oidc-audit findings --list-rules` lists them"));
                continue;
            };
            let mut setting = Setting::default();
            expect_object(member, &at, problems);
            for (name, value) in members(member) {
                if let Err(problem) = setting.take(rule, name, value) {
                    problems.push(format!("{at}/{}: {problem}", pointer(name)));
                }
            }
            self.0.insert(rule.id, setting);
        }
    }
}

impl Setting {
    fn take(&mut self, rule: &Rule, name: &str, value: &Value) -> Result<(), String> {
        match name {
            "off" => self.off = value.as_bool().ok_or("expected true or false")?,
            "severity" => {
                let severity = value.as_str().and_then(Severity::parse);
                self.severity = Some(severity.ok_or("expected info, low, medium, high or critical")?);
            }
            "threshold" if rule.threshold.is_some() => self.threshold = Some(number(value, MAX_THRESHOLD)?),
            "window_seconds" if rule.window.is_some() => self.window = Some(number(value, MAX_WINDOW)?),
            "threshold" => return Err("this rule counts nothing".to_owned()),
            "window_seconds" => return Err("this rule has no window to set".to_owned()),
            _ => return Err("no such member; expected off, severity, threshold or window_seconds".to_owned()),
        }
        Ok(())
    }
}

fn number(value: &Value, most: u64) -> Result<u64, String> {
    value.as_u64().filter(|number| (1..=most).contains(number)).ok_or_else(|| format!("expected 1 to {most}"))
}

fn expect_object(value: &Value, at: &str, problems: &mut Vec<String>) {
    if !value.is_object() {
        problems.push(format!("{at}: expected an object"));
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// A name that somebody typed, short and without anything that a terminal obeys (RFC 6901 §3).
fn pointer(name: &str) -> String {
    let name: String = name.chars().take(32).collect();
    crate::term::escape(&name.replace('~', "~0").replace('/', "~1")).to_string()
}

const HOUR: u64 = 3_600;
const MAX_THRESHOLD: u64 = MAX_HITS as u64 - 6;
const MAX_WINDOW: u64 = 400 * 24 * HOUR;
const EXAMPLE: &str = r#"like {"rules": {"T-25": {"severity": "low", "threshold": 20}, "F-09": {"off": true}}}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_reported_at_once_and_no_value_is() {
        let text = r#"{"rules": {"T-99": {}, "T-25": {"off": "hush", "severity": "awful", "threshold": 0, "why": 1},
            "T-06": {"threshold": 3}, "F-01": []}, "more/less": 1}"#;
        let problems = Settings::parse(text.as_bytes()).unwrap_err();
        let pointers: Vec<_> = problems.iter().map(|problem| problem.split(": ").next().unwrap()).collect();
        let expected = [
            "/more~1less",
            "/rules/F-01",
            "/rules/T-06/threshold",
            "/rules/T-25/off",
            "/rules/T-25/severity",
            "/rules/T-25/threshold",
            "/rules/T-25/why",
            "/rules/T-99",
        ];
        assert_eq!(pointers, expected);
        assert!(!problems.concat().contains("hush") && !problems.concat().contains("awful"));
    }

    #[test]
    fn what_is_set_replaces_the_table() {
        let text = br#"{"rules": {"T-25": {"severity": "info", "threshold": 3, "window_seconds": 60}, "F-01": {"off": true}}}"#;
        let settings = Settings::parse(text).unwrap();
        let (t25, f01) = (rule::find("T-25").unwrap(), rule::find("F-01").unwrap());
        assert_eq!(settings.severity(t25, Severity::High), Severity::Info);
        assert_eq!((settings.threshold(t25), settings.window(t25)), (3, 60_000));
        assert!(settings.is_off(f01) && !settings.is_off(t25));
        assert_eq!(settings.threshold(f01), 10);
    }
}
