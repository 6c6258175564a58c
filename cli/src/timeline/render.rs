//! The flows, worst first, each a sequence that can be read aloud.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use oidc_audit::rules::table;

use crate::moment;
use crate::term::Style;
use crate::timeline::entry::Entry;
use crate::timeline::flow::{Flow, Kind, Logout};
use crate::timeline::judgement::{Judgement, Label, Problem};
use crate::timeline::line::{Columns, Line};
use crate::timeline::look::Look;
use crate::timeline::report::Report;
use crate::timeline::summary::many;
use crate::timeline::tokens::{self, State};

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    /// Flows; the rest is counted.
    pub(crate) flows: usize,
    /// Whether long flows are shown whole.
    pub(crate) whole: bool,
}

pub(crate) fn write(to: &mut dyn Write, report: &Report, extent: Extent, look: &Look) -> io::Result<()> {
    let shown = report.flows.get(..extent.flows).unwrap_or(&report.flows);
    let entries = shown.iter().flat_map(|flow| &flow.members).filter_map(|number| report.entries.get(*number));
    let sheet = Sheet { report, extent, look, columns: Columns::of(entries, look) };
    for run in shown.chunk_by(is_run) {
        writeln!(to)?;
        match run {
            [flow] if flow.members.len() > 1 || flow.kind == Kind::Audit => sheet.flow(to, flow)?,
            run => sheet.run(to, run)?,
        }
    }
    let rest = report.flows.len().saturating_sub(shown.len());
    if rest > 0 {
        writeln!(to)?;
        let flows = many(u64::try_from(rest).unwrap_or(u64::MAX), "more flow");
        writeln!(to, "{}", look.paint(Style::Faint, &format!("{flows}: --limit 0 shows all, filters select")))?;
    }
    Ok(())
}

/// Neighbours of one record each, with the same problem, share a heading.
fn is_run(one: &Flow, next: &Flow) -> bool {
    let single = |flow: &Flow| flow.members.len() == 1 && flow.kind == Kind::Protocol;
    let problem = |flow: &Flow| flow.worst.map(|(problem, _)| problem);
    single(one) && single(next) && problem(one) == problem(next)
}

struct Sheet<'a> {
    report: &'a Report,
    extent: Extent,
    look: &'a Look,
    columns: Columns,
}

impl Sheet<'_> {
    fn flow(&self, to: &mut dyn Write, flow: &Flow) -> io::Result<()> {
        let look = self.look;
        let (kind, name) = match (flow.kind, flow.members.first().and_then(|number| self.report.entries.get(*number))) {
            (Kind::Audit, Some(entry)) => ("Recorder", self.recorder(entry)),
            _ => ("Flow", look.text(&flow.short_id())),
        };
        let (dot, dash) = (look.signs.dot, look.signs.to);
        let problem = flow.worst.map(|(problem, _)| problem);
        let said = problem.map(|problem| format!("{dot}{}", problem.words())).unwrap_or_default();
        let start = format!("{dot}{} {}", moment::date(flow.from), moment::clock(flow.from));
        let (end, span) = match flow.to.millis_since(flow.from) {
            0..1_000 => (String::new(), String::new()),
            span => {
                (format!("{dash}{}", moment::clock_beside(flow.to, flow.from)), format!(" ({})", moment::span(span)))
            }
        };
        let records = format!("{dot}{}", many(u64::try_from(flow.members.len()).unwrap_or(u64::MAX), "record"));
        let head = format!("{kind} {name}");
        // What says least goes first where it is narrow.
        let mut details = [span, records, end];
        for leaves in 0..details.len() {
            let used = [&head, &said, &start].into_iter().chain(&details).map(|part| part.width()).sum::<usize>();
            if used + UTC.len() > look.width
                && let Some(detail) = details.get_mut(leaves)
            {
                detail.clear();
            }
        }
        let [span, records, end] = details;
        let (head, said) = (look.paint(Style::Strong, &head), paint(problem, &said, look));
        writeln!(to, "{head}{said}{start}{end}{UTC}{span}{records}")?;
        self.sequence(to, flow)?;
        self.afterwards(to, flow)
    }

    fn recorder(&self, entry: &Entry) -> String {
        let stream = format!("{:032x}", entry.id.stream);
        let node = entry.node.as_ref().map(|node| format!(" ({})", self.look.fit(node, 20))).unwrap_or_default();
        format!("{}{node}", stream.chars().take(8).collect::<String>())
    }

    /// Flows of one record.
    fn run(&self, to: &mut dyn Write, run: &[Flow]) -> io::Result<()> {
        let Some(first) = run.first() else { return Ok(()) };
        let head = match run.len() {
            1 => format!("Record {}", self.look.text(&first.short_record_id(&self.report.entries))),
            count => many(u64::try_from(count).unwrap_or(u64::MAX), "single record"),
        };
        let (dot, day) = (self.look.signs.dot, moment::date(first.from));
        let problem = first.worst.map(|(problem, _)| problem);
        let said = problem.map(|problem| format!("{dot}{}", problem.words())).unwrap_or_default();
        let (head, said) = (self.look.paint(Style::Strong, &head), paint(problem, &said, self.look));
        writeln!(to, "{head}{said}{dot}{day}")?;
        let mut date = day;
        for flow in run {
            for number in &flow.members {
                self.record(to, *number, &mut date)?;
            }
            self.afterwards(to, flow)?;
        }
        Ok(())
    }

    /// A long flow shows how it began, what went wrong and how it ended.
    fn sequence(&self, to: &mut dyn Write, flow: &Flow) -> io::Result<()> {
        let mut date = moment::date(flow.from);
        let length = flow.members.len();
        let mut skipped = 0;
        let mut problems = 0;
        for (place, number) in flow.members.iter().enumerate() {
            let has_problem = self.report.judgements.get(*number).is_some_and(|judgement| judgement.problem.is_some());
            let is_worst = flow.worst.is_some_and(|(_, worst)| worst == *number);
            problems += usize::from(has_problem);
            let is_shown = self.extent.whole
                || place < HEAD
                || place + TAIL >= length
                || is_worst
                || has_problem && problems <= HEAD;
            if !is_shown {
                skipped += 1;
                continue;
            }
            self.gap(to, flow, &mut skipped)?;
            self.record(to, *number, &mut date)?;
        }
        self.gap(to, flow, &mut skipped)
    }

    fn gap(&self, to: &mut dyn Write, flow: &Flow, skipped: &mut u64) -> io::Result<()> {
        if *skipped == 0 {
            return Ok(());
        }
        let records = many(*skipped, "record");
        let name = self.look.text(&flow.short_id());
        let text = format!("  {} {records} between: --flow {name} shows them", self.look.signs.more);
        *skipped = 0;
        writeln!(to, "{}", self.look.paint(Style::Faint, &text))
    }

    fn record(&self, to: &mut dyn Write, number: usize, date: &mut String) -> io::Result<()> {
        let Some((entry, judgement)) = self.report.record(number) else { return Ok(()) };
        let day = moment::date(entry.at);
        if day != *date {
            writeln!(to, "  {day}")?;
            *date = day;
        }
        let line = Line { entry, judgement, look: self.look, columns: self.columns };
        writeln!(to, "{}", line.show().trim_end())?;
        for (style, note) in self.notes(entry, judgement) {
            let indent = " ".repeat(NOTE);
            let room = self.look.width.saturating_sub(NOTE + self.look.signs.below.width());
            let note = self.look.cut(&note, room);
            let note = style.map_or(note.clone(), |style| self.look.paint(style, &note));
            writeln!(to, "{indent}{}{note}", self.look.paint(Style::Faint, self.look.signs.below))?;
        }
        Ok(())
    }

    /// What is said below a record.
    fn notes(&self, entry: &Entry, judgement: &Judgement) -> Vec<(Option<Style>, String)> {
        let labels = judgement.labels.iter().map(|label| (label_style(label), self.label(label, entry)));
        let mut notes = Vec::new();
        if let Some(coalesced) = &entry.coalesced {
            let until = coalesced.last.map(|last| format!(", the last at {}", moment::clock_beside(last, entry.at)));
            notes.push(format!("stands for {} like it{}", many(coalesced.count, "failure"), until.unwrap_or_default()));
        }
        if entry.local {
            notes.push("answered by the proxy itself, not by the server".to_owned());
        }
        if let Some(body) = &entry.response_body {
            notes.push(format!("response body {}", self.look.fit(body, 20)));
        }
        if let Some(audit) = &entry.audit {
            notes.extend(audit.problems.iter().map(|problem| self.look.text(problem)));
        }
        labels.chain(notes.into_iter().map(|note| (None, note))).collect()
    }

    fn label(&self, label: &Label, entry: &Entry) -> String {
        let clock = |at| moment::clock_millis_beside(at, entry.at);
        match label {
            Label::AlsoSeen { vantage } => {
                let at = vantage.as_ref().map(|vantage| format!(" at {}", self.look.fit(vantage, 16)));
                format!("the same request, seen before{}", at.unwrap_or_default())
            }
            Label::CodeReplayed { redeemed, by } => {
                let by = by.as_ref().map(|client| format!(" by another client, {}", self.look.fit(client, 30)));
                format!("replay of the code redeemed at {}{}", clock(*redeemed), by.unwrap_or_default())
            }
            Label::Conflict => "another record has this id and other contents: one of them is false".to_owned(),
            Label::Found { rule } => {
                let id = rule.split('.').next().unwrap_or_default();
                let name = table().iter().find(|text| text.id == id).map(|text| format!(" {}", text.name));
                format!("{}{}", self.look.fit(rule, 16), name.unwrap_or_default())
            }
            Label::RefreshTokenKept => "refresh token not rotated".to_owned(),
            Label::RefreshTokenReused { rotated } => {
                format!("refresh token reused: it was replaced at {}", clock(*rotated))
            }
            Label::RefreshTokenRotated => "refresh token rotated".to_owned(),
            Label::Shared { role } => format!("{} is the same in several logins: not used to join", role.words()),
        }
    }

    /// What a flow leaves behind.
    fn afterwards(&self, to: &mut dyn Write, flow: &Flow) -> io::Result<()> {
        let kinds = [tokens::Kind::Access, tokens::Kind::Refresh];
        let mut parts: Vec<_> = kinds.into_iter().filter_map(|kind| self.live(flow, kind)).collect();
        if !parts.is_empty() {
            parts.push(match flow.logout {
                Logout::Completed(at) => format!("logged out {}", moment::clock_beside(at, flow.to)),
                Logout::Requested(at) => format!("logout only requested, {}", moment::clock_beside(at, flow.to)),
                Logout::None => "no logout seen".to_owned(),
            });
            let text = self.look.cut(&parts.join(self.look.signs.dot), self.look.width.saturating_sub(AFTER));
            writeln!(to, "  {}{text}", self.look.paint(Style::Warning, "still live  "))?;
        }
        let unseen = flow.unseen.iter().map(|what| what.words()).collect::<Vec<_>>();
        if !unseen.is_empty() {
            let text = self.look.cut(&unseen.join(self.look.signs.dot), self.look.width.saturating_sub(AFTER));
            writeln!(to, "  {}{text}", self.look.paint(Style::Faint, "not seen    "))?;
        }
        Ok(())
    }

    /// The tokens of one kind that are live, and the end of the last of them.
    fn live(&self, flow: &Flow, kind: tokens::Kind) -> Option<String> {
        let live = || flow.tokens.iter().filter(|token| token.kind == kind && token.state == State::Live);
        let count = u64::try_from(live().count()).unwrap_or(u64::MAX);
        let what = match kind {
            tokens::Kind::Access => "access token",
            tokens::Kind::Refresh => "refresh token",
        };
        let (last, now) = (live().filter_map(|token| token.end).max(), self.report.as_of);
        let unknown = live().filter(|token| token.end.is_none()).count();
        let end = match (last, unknown) {
            (Some(end), 0) => format!(" until {}", moment::clock_beside(end, now)),
            (Some(_), unknown) => format!(", {unknown} end unknown"),
            (None, _) => ", end unknown".to_owned(),
        };
        (count > 0).then(|| format!("{}{end}", many(count, what)))
    }
}

fn paint(problem: Option<Problem>, text: &str, look: &Look) -> String {
    problem.map_or_else(String::new, |problem| look.paint(style(problem), text))
}

fn style(problem: Problem) -> Style {
    if problem.is_serious() { Style::Bad } else { Style::Warning }
}

fn label_style(label: &Label) -> Option<Style> {
    match label {
        Label::CodeReplayed { .. } | Label::Conflict | Label::RefreshTokenReused { .. } => Some(Style::Bad),
        Label::Found { .. } | Label::Shared { .. } => Some(Style::Warning),
        Label::AlsoSeen { .. } | Label::RefreshTokenKept | Label::RefreshTokenRotated => None,
    }
}

/// Where notes begin: below the event.
const NOTE: usize = 17;
/// Records of a long flow that are shown from its beginning and its end.
const HEAD: usize = 24;
const TAIL: usize = 12;
/// Columns of `still live` and `not seen`.
const AFTER: usize = 14;
const UTC: &str = " UTC";
