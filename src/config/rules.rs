//! `rules`: which findings are wanted, and what is known of the deployment that exchanges are compared with.

use super::problem::ProblemKind;
use super::reader::{Members, Node, Report};
use crate::rules::{Baseline, ClientRules, Lifetimes, Plaintext, Rule, RuleSettings, Severity};

/// Everything may be left out.
pub(super) fn read(node: &Node<'_>, report: &mut Report) -> Option<RuleSettings> {
    let members = node.members(MEMBERS, report)?;
    let off = members.get("off").map(|node| node.entries(0, RULES, report)).unwrap_or_default();
    let off = off.iter().filter_map(|node| node.text(8, RULE, &is_rule, report).and_then(Rule::parse)).collect();
    let word = |name: &str, words, report: &mut Report| members.get(name).and_then(|node| node.word(words, report));
    let baseline = word("baseline", BASELINES, report).and_then(|at| Baseline::ALL.get(at).copied());
    let plaintext = word("plaintext", PLAINTEXTS, report).and_then(|at| Plaintext::ALL.get(at).copied());
    let clients = members.get("clients").map(|node| node.entries(0, CLIENTS, report)).unwrap_or_default();
    Some(RuleSettings {
        off,
        severity: severities(&members, report),
        baseline,
        plaintext: plaintext.unwrap_or_default(),
        clients: clients.iter().filter_map(|node| client(node, report)).collect(),
        lifetimes: lifetimes(&members, report),
    })
}

fn severities(members: &Members<'_>, report: &mut Report) -> Vec<(Rule, Severity)> {
    let Some(chosen) = members.get("severity").and_then(|node| node.open(report)) else { return Vec::new() };
    let mut severities = Vec::new();
    for (id, node) in chosen.all() {
        let severity = node.word(SEVERITIES, report).and_then(|at| Severity::ALL.get(at));
        match Rule::parse(id) {
            Some(rule) => severities.extend(severity.map(|severity| (rule, *severity))),
            None => report.problem(&node.pointer, ProblemKind::Unknown { hint: None }),
        }
    }
    severities
}

fn lifetimes(members: &Members<'_>, report: &mut Report) -> Lifetimes {
    let mut lifetimes = Lifetimes::default();
    let Some(members) = members.get("lifetimes").and_then(|node| node.members(LIFETIMES, report)) else {
        return lifetimes;
    };
    for (name, seconds) in [
        ("access_token", &mut lifetimes.access_token),
        ("bound_access_token", &mut lifetimes.bound_access_token),
        ("id_token", &mut lifetimes.id_token),
    ] {
        if let Some(given) = members.get(name).and_then(|node| node.number(SECONDS.0, SECONDS.1, report)) {
            *seconds = given;
        }
    }
    lifetimes
}

fn client(node: &Node<'_>, report: &mut Report) -> Option<ClientRules> {
    let members = node.members(CLIENT, report)?;
    let text = |node: Node<'_>, report: &mut Report| node.text(TEXT, EXPECTED, &|_| true, report).map(str::to_owned);
    let list = |name: &str, report: &mut Report| {
        let entries = members.get(name).map(|node| node.entries(0, LIST, report)).unwrap_or_default();
        entries.into_iter().filter_map(|node| text(node, report)).collect()
    };
    let id = members.require("id", report).and_then(|node| text(node, report));
    let client = ClientRules {
        id: id.clone().unwrap_or_default(),
        issuer: members.get("issuer").and_then(|node| text(node, report)),
        confidential: members.get("confidential").and_then(|node| node.bool(report)),
        par_required: members.get("par_required").and_then(|node| node.bool(report)).unwrap_or_default(),
        redirect_uris: list("redirect_uris", report),
        post_logout_redirect_uris: list("post_logout_redirect_uris", report),
        request_uris: list("request_uris", report),
        scopes: list("scopes", report),
        audiences: list("audiences", report),
    };
    id.map(|_| client)
}

fn is_rule(text: &str) -> bool {
    Rule::parse(text).is_some()
}

const MEMBERS: &[&str] = &["off", "severity", "baseline", "plaintext", "lifetimes", "clients"];
const LIFETIMES: &[&str] = &["access_token", "bound_access_token", "id_token"];
const CLIENT: &[&str] = &[
    "id",
    "issuer",
    "confidential",
    "par_required",
    "redirect_uris",
    "post_logout_redirect_uris",
    "request_uris",
    "scopes",
    "audiences",
];

/// [`Severity::ALL`], [`Baseline::ALL`], [`Plaintext::ALL`], as lists that a problem can name.
pub(super) const SEVERITIES: &[&str] = &["info", "low", "medium", "high", "critical"];
pub(super) const BASELINES: &[&str] = &["fapi2", "oauth21"];
pub(super) const PLAINTEXTS: &[&str] = &["auto", "always", "never"];

const RULE: &str = "the id of a rule of the filter, such as \"A-01\" (docs/findings.md)";
const EXPECTED: &str = "1 to 2048 bytes of text";

/// There are not more rules than this.
pub(super) const RULES: usize = 256;
/// A record is compared with them one by one.
pub(super) const CLIENTS: usize = 256;
pub(super) const LIST: usize = 64;
pub(super) const TEXT: usize = 2_048;
/// Seconds: least, most.
pub(super) const SECONDS: (u64, u64) = (1, 315_360_000);

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> (Option<RuleSettings>, Vec<String>) {
        let json = super::super::json::Json::parse(text.as_bytes()).unwrap();
        let mut report = Report::default();
        let settings = read(&Node::root(&json), &mut report);
        (settings, report.problems.into_iter().map(|problem| problem.pointer).collect())
    }

    #[test]
    fn everything_is_taken_and_may_be_left_out() {
        assert_eq!(rules("{}"), (Some(RuleSettings::default()), Vec::new()));
        let (settings, problems) = rules(
            r#"{"off":["A-01"],"severity":{"T-01":"low"},"baseline":"fapi2","plaintext":"always",
                "lifetimes":{"access_token":60},"clients":[{"id":"web","confidential":true,"scopes":["openid"]}]}"#,
        );
        let settings = settings.unwrap();
        assert_eq!((settings.off, settings.severity), (vec![Rule::A01], vec![(Rule::T01, Severity::Low)]));
        assert_eq!((settings.baseline, settings.plaintext), (Some(Baseline::Fapi2), Plaintext::Always));
        assert_eq!((settings.lifetimes.access_token, settings.lifetimes.id_token), (60, 86_400));
        assert_eq!(settings.clients.first().map(|client| client.scopes.len()), Some(1));
        assert_eq!(problems, Vec::<String>::new());
    }

    #[test]
    fn every_mistake_is_a_problem_where_it_stands() {
        let (_, problems) = rules(
            r#"{"off":["A-01","A-99"],"severity":{"Z-01":"low","T-01":"bad"},"baseline":"x","plaintext":true,
                "lifetimes":{"id_token":0},"clients":[{"issuer":"i"},{"id":"","colour":"red"}],"more":1}"#,
        );
        let expected = [
            "/more",
            "/off/1",
            "/baseline",
            "/plaintext",
            "/severity/Z-01",
            "/severity/T-01",
            "/clients/0/id",
            "/clients/1/colour",
            "/clients/1/id",
            "/lifetimes/id_token",
        ];
        let sorted = |mut list: Vec<String>| {
            list.sort();
            list
        };
        assert_eq!(sorted(problems), sorted(expected.map(str::to_owned).to_vec()));
    }

    #[test]
    fn the_words_are_those_of_the_rules() {
        assert_eq!(SEVERITIES, Severity::ALL.map(Severity::as_str));
        assert_eq!(BASELINES, Baseline::ALL.map(Baseline::as_str));
        assert_eq!(PLAINTEXTS, Plaintext::ALL.map(Plaintext::as_str));
    }
}
