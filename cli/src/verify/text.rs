//! A report for a person: the verdict first, a line for every stream, what is wrong with both sides, and what to do.

use std::collections::BTreeSet;
use std::io::{self, Write};

use oidc_audit::record::verify::{Problem, ProblemKind, Report, StreamReport, Verdict};
use oidc_audit::time::Timestamp;
use unicode_width::UnicodeWidthStr;

use crate::moment;
use crate::term::{Palette, Style, escape};

/// Writes it; streams in the order of their verdicts, the worst first.
pub(crate) fn write(to: &mut dyn Write, report: &Report, trusted: bool, palette: Palette) -> io::Result<()> {
    head(to, report, palette)?;
    if report.streams.is_empty() {
        writeln!(to, "  no record and no checkpoint in {} lines", report.other)?;
    } else {
        streams(to, report, palette)?;
    }
    clocks(to, report, palette)?;
    problems(to, "of the whole export", &report.problems, palette)?;
    for stream in sorted(report) {
        problems(to, &format!("stream {}", stream.stream), &stream.problems, palette)?;
    }
    advice(to, report, trusted)
}

fn head(to: &mut dyn Write, report: &Report, palette: Palette) -> io::Result<()> {
    let verdict = palette.paint(style(report.verdict), report.verdict.as_str().to_uppercase());
    let as_of = moment::rfc3339(Timestamp::from_micros(report.as_of));
    let Report { records, checkpoints, lookups, other, .. } = report;
    write!(to, "{verdict}  {} streams, {records} records, {checkpoints} checkpoints", report.streams.len())?;
    if *lookups > 0 {
        write!(to, ", {lookups} lookups of people")?;
    }
    if *other > 0 {
        write!(to, ", {other} lines of others")?;
    }
    if report.as_of > 0 {
        write!(to, ", as of {as_of}")?;
    }
    writeln!(to)
}

fn streams(to: &mut dyn Write, report: &Report, palette: Palette) -> io::Result<()> {
    let streams = sorted(report);
    let groups = streams.iter().take(STREAMS).filter_map(|stream| stream.group.as_deref());
    let width = groups.map(UnicodeWidthStr::width).max().unwrap_or_default().clamp("group".len(), GROUP);
    let heading = format!(
        "{:<10}  {:<15}  {:>9}  {:>11}  {:<8}  {:<width$}  writer",
        "verdict", "end", "records", "checkpoints", "stream", "group"
    );
    writeln!(to, "\n{}", palette.paint(Style::Faint, heading))?;
    for stream in streams.iter().take(STREAMS) {
        let StreamReport { verdict, end, records, checkpoints, .. } = stream;
        let name = stream.stream.get(..8).unwrap_or_default();
        let painted = palette.paint(style(*verdict), verdict.as_str());
        let group = stream.group.as_deref().unwrap_or("-");
        let (end, writer) = (end.as_str(), stream.writer.as_deref().unwrap_or("-"));
        write!(to, "{painted:<10}  {end:<15}  {records:>9}  {checkpoints:>11}  {name:<8}  ")?;
        writeln!(to, "{:<width$}  {}", escape(group), escape(writer))?;
    }
    more(to, streams.len(), STREAMS)
}

/// Only those that cannot agree, one line for each provider and difference to a second.
fn clocks(to: &mut dyn Write, report: &Report, palette: Palette) -> io::Result<()> {
    let mut lines = BTreeSet::new();
    for skew in report.streams.iter().flat_map(|stream| &stream.skew).filter(|skew| !skew.may_be_none()) {
        let (least, most, word) = match skew.from_ms > 0 {
            true => (skew.from_ms.unsigned_abs(), skew.to_ms.unsigned_abs(), "ahead of"),
            false => (skew.to_ms.unsigned_abs(), skew.from_ms.unsigned_abs(), "behind"),
        };
        let (least, most) = (least / 1_000, most.div_ceil(1_000));
        lines.insert(format!("{} is {least} to {most} s {word} a proxy's clock", escape(&skew.issuer)));
    }
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(to, "\n{}", palette.paint(Style::Strong, "clocks"))?;
    lines.iter().take(PROBLEMS).try_for_each(|line| writeln!(to, "  {line}"))?;
    more(to, lines.len(), PROBLEMS)
}

fn problems(to: &mut dyn Write, of: &str, problems: &[Problem], palette: Palette) -> io::Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    writeln!(to, "\n{}", palette.paint(Style::Strong, of))?;
    // A key that nobody stands behind signed all or none: that is one thing to say.
    for kind in OF_KEYS {
        let count = problems.iter().filter(|problem| problem.kind == kind).count();
        if count > 0 {
            let title = palette.paint(style(kind.verdict()), kind.title());
            writeln!(to, "  {title:<15}  {count} checkpoints")?;
        }
    }
    let problems: Vec<&Problem> = problems.iter().filter(|problem| !OF_KEYS.contains(&problem.kind)).collect();
    for problem in problems.iter().take(PROBLEMS) {
        let title = palette.paint(style(problem.kind.verdict()), problem.kind.title());
        match (&problem.id, &problem.from, &problem.to) {
            (Some(id), ..) => writeln!(to, "  {title:<15}  {}", escape(id))?,
            (None, Some(from), Some(until)) => {
                writeln!(
                    to,
                    "  {title:<15}  {} to {}",
                    escape(from),
                    escape(until.split('-').next_back().unwrap_or(until))
                )?;
            }
            _ => writeln!(to, "  {title}")?,
        }
        if let (Some(expected), Some(found)) = (&problem.expected, &problem.found) {
            writeln!(to, "  {:<15}  expected  {}", "", escape(expected))?;
            writeln!(to, "  {:<15}  found     {}", "", escape(found))?;
        }
    }
    more(to, problems.len(), PROBLEMS)
}

fn more(to: &mut dyn Write, all: usize, shown: usize) -> io::Result<()> {
    match all.checked_sub(shown) {
        None | Some(0) => Ok(()),
        Some(more) => writeln!(to, "  .. and {more} more: --json has all of them"),
    }
}

/// What each kind that was found means for whoever reads this, once.
fn advice(to: &mut dyn Write, report: &Report, trusted: bool) -> io::Result<()> {
    let all = report.streams.iter().flat_map(|stream| &stream.problems).chain(&report.problems);
    let mut said: Vec<&str> = Vec::new();
    for kind in all.map(|problem| problem.kind).collect::<BTreeSet<_>>() {
        let text = if kind == ProblemKind::Untrusted && !trusted { NO_TRUST } else { what_to_do(kind) };
        if !said.contains(&text) {
            said.push(text);
        }
    }
    if !said.is_empty() {
        writeln!(to, "\nWhat to do:")?;
    }
    said.iter().try_for_each(|text| writeln!(to, "  - {text}"))
}

fn what_to_do(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::BadSignature
        | ProblemKind::ChainBroken
        | ProblemKind::Edited
        | ProblemKind::Forged
        | ProblemKind::RootMismatch
        | ProblemKind::UnknownStream => {
            "Somebody wrote to the store: keep this export as it is, export again, and compare; the store's own access log says who."
        }
        ProblemKind::DeletedBatch | ProblemKind::SealMissing | ProblemKind::MissingStream | ProblemKind::Truncated => {
            "Lines are missing. If the export is only a part of what is stored, say so by --from and --to; else treat it as a deletion."
        }
        ProblemKind::UndeclaredLoss => {
            "The store had acknowledged these records: export again; if they stay away, they were removed or the store lost them."
        }
        ProblemKind::Forked => {
            "One key signed two histories: treat that key as stolen, and ask a second copy which one is true."
        }
        ProblemKind::WrongWriter => {
            "A key wrote for a group, or at a time, that the trust file does not allow it, or in the name of another writer: ask who holds it."
        }
        ProblemKind::DeclaredLoss => {
            "The proxy gave these records up and says so: look at the sink's errors at that time."
        }
        ProblemKind::Border => {
            "The export begins inside a batch: what is absent of it was before the window, or was taken away. An export that \
             begins an hour earlier says which."
        }
        ProblemKind::Expired | ProblemKind::Redacted => {
            "What an operator signed for is no loss: its line says when and why."
        }
        ProblemKind::UncleanEnd => {
            "The proxy was killed or crashed, or its network was cut: at most what was pending is missing."
        }
        ProblemKind::ClockStep => "A clock was set: trust the order of the numbers more than the times around it.",
        ProblemKind::Untrusted => {
            "Add the key to the trust file if you know where it came from: `oidc-audit keygen` printed its entry."
        }
        ProblemKind::Unbound => {
            "These streams made their own keys, and nobody has said whose they are: only changes are ruled out. `collect --key` under mutual TLS does."
        }
        ProblemKind::Unsigned => {
            "No signing key is configured: accidents would show, whoever can write to the store would not."
        }
        ProblemKind::Unsealed => "The checkpoint of the newest records is not here yet: export again in a minute.",
        ProblemKind::MissingGroup => {
            "A writer that should be there never spoke in this export: is it running, and where do its records go?"
        }
    }
}

fn sorted(report: &Report) -> Vec<&StreamReport> {
    let mut streams: Vec<&StreamReport> = report.streams.iter().collect();
    streams.sort_by(|one, other| other.verdict.cmp(&one.verdict).then_with(|| one.stream.cmp(&other.stream)));
    streams
}

fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Intact => Style::Good,
        Verdict::Incomplete | Verdict::Undecided => Style::Warning,
        Verdict::Tampered => Style::Bad,
    }
}

const OF_KEYS: [ProblemKind; 3] = [ProblemKind::Unbound, ProblemKind::Unsigned, ProblemKind::Untrusted];
/// As text; more are in the JSON.
const STREAMS: usize = 100;
const PROBLEMS: usize = 20;
/// Columns of a group that others are aligned to.
const GROUP: usize = 48;
pub(crate) const NO_TRUST: &str = "No trust file was named: give it with --trust, or signatures prove nothing.";
