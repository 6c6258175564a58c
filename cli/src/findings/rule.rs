//! What a rule is, and the table of all of them: the one place that names, grades and explains them.

pub(crate) use oidc_audit::rules::Severity;

use crate::findings::rules;

/// A rule over several records.
#[derive(Debug)]
pub(crate) struct Rule {
    /// As in the documentation: a letter for what it is about, and a number.
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    /// Where nothing is said otherwise; a rule may raise a finding one way or the other by its circumstances.
    pub(crate) severity: Severity,
    /// When it fires.
    pub(crate) condition: &'static str,
    /// Seconds that it looks back, where that can be set.
    pub(crate) window: Option<u64>,
    /// How many it takes, where that can be set.
    pub(crate) threshold: Option<u64>,
    pub(crate) reference: &'static str,
    /// What a finding carries beside the records that prove it: names, counts and verdicts, never a value of the wire.
    pub(crate) evidence: &'static [&'static str],
    /// When it fires and nothing is wrong.
    pub(crate) caution: &'static str,
}

/// All rules, by id.
pub(crate) fn all() -> Vec<&'static Rule> {
    let mut all: Vec<_> = rules::FAMILIES.iter().flat_map(|family| family.iter().copied()).collect();
    all.sort_by_key(|rule| rule.id);
    all
}

pub(crate) fn find(id: &str) -> Option<&'static Rule> {
    rules::FAMILIES.iter().flat_map(|family| family.iter().copied()).find(|rule| rule.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_an_id_of_its_own_and_says_what_it_is() {
        let all = all();
        assert!(all.is_sorted_by(|one, two| one.id < two.id));
        for rule in all {
            let (letter, number) = rule.id.split_once('-').unwrap();
            assert!("ABCFIRSTV".contains(letter) && number.len() == 2, "{}", rule.id);
            for text in [rule.name, rule.condition, rule.reference, rule.caution] {
                assert!(!text.is_empty() && !text.contains('|'), "{}", rule.id);
            }
        }
    }
}
