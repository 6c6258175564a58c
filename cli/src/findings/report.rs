//! Findings of an export, put together by rule and by what they are about, the worst first; as text and as JSON.

use std::collections::BTreeMap;
use std::io::{self, Write};

use oidc_audit::time::Timestamp;
use serde::Serialize;

use crate::findings::context::{Finding, many as count};
use crate::findings::engine::Counts;
use crate::findings::record::{Body, Client, Source, client, source, time};
use crate::findings::rule::Severity;
use crate::moment;
use crate::reader::Tally;
use crate::term::{Palette, Style, escape};
use crate::timeline::many;

/// What was found, and in what.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: BTreeMap<(&'static str, String), Row>,
    /// Findings beyond [`MAX_ROWS`].
    cut: u64,
    pub(crate) counts: Counts,
    pub(crate) tally: Tally,
    /// Start of the first and of the last record.
    pub(crate) window: Option<(u64, u64)>,
}

/// One rule about one thing.
#[derive(Debug)]
struct Row {
    finding: Finding,
    first: u64,
    times: u64,
}

/// Which of them.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(crate) severity: Severity,
    pub(crate) rules: Vec<&'static str>,
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
}

impl Filter {
    pub(crate) fn takes(&self, finding: &Finding) -> bool {
        let at = time(finding.at);
        finding.severity >= self.severity
            && (self.rules.is_empty() || self.rules.contains(&finding.rule.id))
            && self.from.is_none_or(|from| at >= from)
            && self.to.is_none_or(|to| at <= to)
    }
}

impl Report {
    pub(crate) fn add(&mut self, finding: Finding) {
        let key = (finding.rule.id, finding.key.clone());
        if let Some(row) = self.rows.get_mut(&key) {
            row.times += 1;
            if finding.severity >= row.finding.severity {
                row.finding = finding;
            }
        } else if self.rows.len() < MAX_ROWS {
            self.rows.insert(key, Row { first: finding.at, finding, times: 1 });
        } else {
            self.cut += 1;
        }
    }

    /// Of the worst.
    pub(crate) fn worst(&self) -> Option<Severity> {
        self.rows.values().map(|row| row.finding.severity).max()
    }

    /// The worst first, then by rule and time.
    fn sorted(&self) -> Vec<&Row> {
        let mut rows: Vec<_> = self.rows.values().collect();
        rows.sort_by_key(|row| (std::cmp::Reverse(row.finding.severity), row.finding.rule.id, row.first));
        rows
    }

    /// # Errors
    ///
    /// What the output says.
    pub(crate) fn write(&self, to: &mut dyn Write, palette: Palette, extent: &Extent<'_>) -> io::Result<()> {
        let rows = self.sorted();
        self.head(to, palette, &rows)?;
        for group in rows.chunk_by(|one, two| {
            one.finding.rule.id == two.finding.rule.id && one.finding.severity == two.finding.severity
        }) {
            write_group(to, palette, group, extent.rows)?;
        }
        if let Some(row) = rows.first()
            && let Some(record) = row.finding.records.last()
        {
            writeln!(to, "\nnext  oidc-audit timeline {} --flow {record}", extent.inputs)?;
        }
        Ok(())
    }

    fn head(&self, to: &mut dyn Write, palette: Palette, rows: &[&Row]) -> io::Result<()> {
        let by = |severity: Severity| rows.iter().filter(|row| row.finding.severity == severity).count();
        let parts: Vec<_> = Severity::ALL
            .iter()
            .rev()
            .filter(|severity| by(**severity) > 0)
            .map(|severity| {
                palette.paint(style(*severity), format!("{} {}", by(*severity), severity.as_str())).to_string()
            })
            .collect();
        match rows.len() {
            0 => writeln!(to, "{}", palette.paint(Style::Good, "no findings"))?,
            found => {
                let found = many(count(found).saturating_add(self.cut), "finding");
                writeln!(to, "{}  {}", palette.paint(Style::Strong, found), parts.join(", "))?;
            }
        }
        let Counts { judged, duplicates, twins, late, keys, evicted, .. } = self.counts;
        let window = self.window.map_or_else(String::new, |(first, last)| {
            let (first, last) = (time(first), time(last));
            format!(", {} {} to {} UTC", moment::date(first), moment::clock(first), moment::clock_beside(last, first))
        });
        writeln!(to, "judged  {}{window}", many(judged, "record"))?;
        let mut notes = Vec::new();
        let mut note = |number: u64, words: &str| {
            if number > 0 {
                notes.push(format!("{number} {words}"));
            }
        };
        note(duplicates, "sent twice");
        note(twins, "seen by a second proxy");
        note(late, "out of order");
        note(self.tally.strangers().saturating_add(self.tally.torn), "no records");
        note(self.cut, "findings beyond what is kept");
        if !notes.is_empty() {
            writeln!(to, "beside  {}", notes.join(", "))?;
        }
        match evicted {
            0 => writeln!(to, "memory  {keys} keys, nothing forgotten"),
            _ => {
                let text = format!("memory  {keys} keys, {evicted} forgotten: what spans them was not seen");
                writeln!(to, "{}", palette.paint(Style::Warning, text))
            }
        }
    }

    /// # Errors
    ///
    /// What the output says.
    pub(crate) fn write_json(&self, to: &mut dyn Write) -> io::Result<()> {
        let findings = self.sorted().into_iter().map(Row::json).collect();
        let Counts { judged, duplicates, twins, late, keys, evicted, repeated } = self.counts;
        let json = Json {
            schema: "oidc-audit-findings/1",
            input: Input {
                files: self.tally.files,
                lines: self.tally.lines,
                not_records: self.tally.strangers(),
                torn: self.tally.torn,
            },
            totals: Totals {
                duplicates,
                findings_cut: self.cut,
                judged,
                keys,
                keys_forgotten: evicted,
                late,
                repeated,
                second_sightings: twins,
            },
            window: self
                .window
                .map(|(from, to)| Span { from: moment::rfc3339(time(from)), to: moment::rfc3339(time(to)) }),
            findings,
        };
        serde_json::to_writer_pretty(&mut *to, &json)?;
        writeln!(to)
    }
}

/// How much of it, and what it was read from.
#[derive(Debug)]
pub(crate) struct Extent<'a> {
    /// Rows of one rule; the rest is counted.
    pub(crate) rows: usize,
    /// As they can be typed again.
    pub(crate) inputs: &'a str,
}

impl Row {
    fn json(&self) -> Told<'_> {
        Told {
            first: moment::rfc3339(time(self.first)),
            times: self.times,
            client: client(&self.finding),
            issuer: self.finding.issuer.as_deref(),
            source: source(&self.finding),
            finding: Body::of(&self.finding),
        }
    }
}

fn write_group(to: &mut dyn Write, palette: Palette, group: &[&Row], most: usize) -> io::Result<()> {
    let Some(rule) = group.first().map(|row| row.finding.rule) else { return Ok(()) };
    let severity = group.first().map_or(rule.severity, |row| row.finding.severity);
    writeln!(
        to,
        "\n{}  {}  {}  {}",
        palette.paint(style(severity), format!("{:<8}", severity.as_str())),
        palette.paint(Style::Strong, rule.id),
        palette.paint(Style::Strong, rule.name),
        palette.paint(Style::Faint, rule.reference)
    )?;
    for row in group.iter().take(most) {
        write_row(to, palette, row)?;
    }
    let rest = group.len().saturating_sub(most);
    if rest > 0 {
        let text = format!("      {rest} more: --rule {} --limit 0 shows all", rule.id);
        writeln!(to, "{}", palette.paint(Style::Faint, text))?;
    }
    Ok(())
}

fn write_row(to: &mut dyn Write, palette: Palette, row: &Row) -> io::Result<()> {
    let finding = &row.finding;
    let at = time(finding.at);
    let mut parts = about(finding);
    if row.times > 1 {
        parts.push(format!("{} times since {}", row.times, moment::clock_beside(time(row.first), at)));
    }
    writeln!(to, "      {} {}  {}", moment::date(at), moment::clock_millis(at), parts.join(", "))?;
    let records: Vec<_> = finding.records.iter().map(ToString::to_string).collect();
    writeln!(to, "{}", palette.paint(Style::Faint, format!("      {}", records.join("\n      "))))
}

/// Whom and what it is about, in words.
fn about(finding: &Finding) -> Vec<String> {
    let named = |name: &str, text: &Option<String>| text.as_ref().map(|text| format!("{name} {}", escape(text)));
    let mut parts: Vec<String> = Vec::new();
    parts.extend(named("client", &finding.client));
    parts.extend(named("from", &finding.source));
    parts.extend(finding.evidence.iter().map(|(name, value)| format!("{} {value}", name.replace('_', " "))));
    if finding.attempt {
        parts.push("did not succeed".to_owned());
    }
    parts
}

/// One finding on one line, as it is raised.
///
/// # Errors
///
/// What the output says.
pub(crate) fn write_line(to: &mut dyn Write, palette: Palette, finding: &Finding) -> io::Result<()> {
    let severity = palette.paint(style(finding.severity), format!("{:<8}", finding.severity.as_str()));
    let id = palette.paint(Style::Strong, format!("{:<12}", finding.name()));
    let at = moment::rfc3339(time(finding.at));
    writeln!(to, "{at}  {severity}  {id}  {}  {}", finding.rule.name, about(finding).join(", "))
}

/// How a severity looks.
pub(crate) fn style(severity: Severity) -> Style {
    match severity {
        Severity::Critical | Severity::High => Style::Bad,
        Severity::Medium => Style::Warning,
        Severity::Low | Severity::Info => Style::Faint,
    }
}

#[derive(Serialize)]
struct Json<'a> {
    schema: &'static str,
    input: Input,
    totals: Totals,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<Span>,
    findings: Vec<Told<'a>>,
}

#[derive(Serialize)]
struct Input {
    files: u64,
    lines: u64,
    not_records: u64,
    torn: u64,
}

#[derive(Serialize)]
struct Totals {
    duplicates: u64,
    findings_cut: u64,
    judged: u64,
    keys: u64,
    keys_forgotten: u64,
    late: u64,
    repeated: u64,
    second_sightings: u64,
}

#[derive(Serialize)]
struct Span {
    from: String,
    to: String,
}

#[derive(Serialize)]
struct Told<'a> {
    first: String,
    times: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<Client<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source<'a>>,
    #[serde(flatten)]
    finding: Body<'a>,
}

/// Findings that are kept one by one.
const MAX_ROWS: usize = 10_000;
