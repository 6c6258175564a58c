//! `docs/findings.md` from the tables of rules: `GOLDEN=1` rewrites it.
//!
//! Text before and after each pair of marks is written by hand. [`TABLES`] says which tables there are: another layer that
//! judges, such as the filter's own rules over one exchange, adds its rows there and its pair of marks in the page.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use oidc_audit::rules::{RuleText, table};

use crate::findings::rule::{self, Rule};
use crate::moment;

/// What the page says of a rule, wherever that is built.
struct Row {
    id: &'static str,
    name: &'static str,
    severity: &'static str,
    condition: String,
    reference: &'static str,
    evidence: String,
    caution: &'static str,
}

/// A name, and the rows.
type Table = (&'static str, fn() -> Vec<Row>);

/// The tables of the page: the name in the marks, and the rows by id.
const TABLES: &[Table] = &[("one exchange", over_one_exchange), ("several records", over_several_records)];

fn over_one_exchange() -> Vec<Row> {
    let row = |rule: &RuleText| Row {
        id: rule.id,
        name: rule.name,
        severity: rule.severity,
        condition: if rule.raised {
            format!("{}; one step higher with a declared baseline", rule.condition)
        } else {
            rule.condition.to_owned()
        },
        reference: if rule.reference.is_empty() { "the integrity of the audit trail" } else { rule.reference },
        evidence: rule
            .evidence
            .replace("X/C", "one exchange, and more exactly the configuration")
            .replace('X', "one exchange")
            .replace('C', "the configuration, metadata or keys of the issuer"),
        caution: if rule.notes.is_empty() { "none known." } else { rule.notes },
    };
    table().iter().map(row).collect()
}

fn over_several_records() -> Vec<Row> {
    let row = |rule: &'static Rule| Row {
        id: rule.id,
        name: rule.name,
        severity: rule.severity.as_str(),
        condition: condition(rule),
        reference: rule.reference,
        evidence: evidence(rule),
        caution: rule.caution,
    };
    rule::all().into_iter().map(row).collect()
}

fn evidence(rule: &Rule) -> String {
    let names: Vec<_> = rule.evidence.iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "the records".to_owned() } else { format!("the records, {}", names.join(", ")) }
}

/// With what can be set.
fn condition(rule: &Rule) -> String {
    let window = rule.window.map(|seconds| format!("window {}", moment::span(seconds.saturating_mul(1_000))));
    let threshold = rule.threshold.map(|count| format!("threshold {count}"));
    let set: Vec<_> = [threshold, window].into_iter().flatten().collect();
    if set.is_empty() { rule.condition.to_owned() } else { format!("{} ({})", rule.condition, set.join(", ")) }
}

/// One heading per rule, so that each has an address: a line of a table would be too long to read.
fn section(rows: &[Row]) -> String {
    let mut text = String::from("| Rule | | Severity |\n|---|---|---|\n");
    for row in rows {
        let anchor = format!("{} {}", row.id, row.name).to_lowercase().replace(' ', "-").replace(['`', '.', ','], "");
        writeln!(text, "| [{}](#{anchor}) | {} | {} |", row.id, row.name, row.severity).unwrap();
    }
    for row in rows {
        write!(text, "\n### {} {}\n\n", row.id, row.name).unwrap();
        writeln!(text, "- **Fires** ({}): {}.", row.severity, row.condition).unwrap();
        writeln!(text, "- **Evidence**: {}. **Reference**: {}.", row.evidence, row.reference).unwrap();
        writeln!(text, "- **False positives**: {}", row.caution).unwrap();
    }
    text
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test is told by its environment to rewrite what it compares")]
fn the_page_is_the_tables() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/findings.md");
    let text = fs::read_to_string(&path).unwrap();
    let mut expected = text.clone();
    for (name, rows) in TABLES {
        let (begin, end) =
            (format!("<!-- rules over {name}: from the code -->\n"), format!("<!-- /rules over {name} -->"));
        let (before, rest) = expected.split_once(&begin).unwrap();
        let (_, after) = rest.split_once(&end).unwrap();
        expected = format!("{before}{begin}{}{end}{after}", section(&rows()));
    }
    if std::env::var("GOLDEN").is_ok_and(|value| value == "1") {
        fs::write(&path, &expected).unwrap();
    } else {
        assert!(text == expected, "docs/findings.md is behind the code: GOLDEN=1 rewrites it");
    }
}
