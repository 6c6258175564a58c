//! `timeline`: what happened, for the person who was woken up.
//!
//! `reader` hands over records, `assembly` puts them into flows, `judgement` says what is certain about them, `trail` how
//! far to trust them; `report` holds all of it, and `summary`, `render` and `json` say it.

mod assembly;
mod entry;
mod flow;
mod json;
mod judgement;
mod line;
mod look;
mod render;
mod report;
mod role;
#[cfg(test)]
mod sample;
mod selection;
mod summary;
mod tokens;
mod trail;
mod words;

use std::io::{self, Read};
use std::path::PathBuf;

use clap::ValueEnum;
use jiff::tz::TimeZone;
use oidc_audit::time::Timestamp;

use crate::clock;
use crate::environment;
use crate::failure::{Exit, Failure, Outcome};
use crate::findings::FINDING;
use crate::moment;
use crate::reader::{self, Tally};
use crate::term::{Term, quoted};
use crate::timeline::entry::{Entry, Texts};
use crate::timeline::look::{ASCII, Look, Signs};
use crate::timeline::render::Extent;
use crate::timeline::report::Report;
use crate::timeline::selection::Selection;
use crate::timeline::summary::Frame;

pub(crate) use crate::timeline::summary::many;

/// Puts records together into flows, the worst first, below what to know at once.
///
/// Records are joined by what they share of codes, tokens, states and sessions, never by a person. The first lines, at
/// most twelve, say how far the records can be trusted, when it was, the worst thing, what is still live, what was not
/// seen, and what to type next. Times are UTC where nothing else is said.
#[derive(clap::Args, Debug)]
#[command(after_help = NOTES)]
pub(crate) struct Args {
    /// Files of JSON lines, folders with *.jsonl files at any depth, or - for standard input.
    #[arg(required = true, value_name = "FILE|DIR|-")]
    inputs: Vec<PathBuf>,

    /// Print one JSON object.
    #[arg(long)]
    json: bool,

    /// Nothing beyond ASCII, as under a locale that is not UTF-8.
    #[arg(long)]
    ascii: bool,

    /// At most this many flows, the worst; 0 is all. Default: 50 as text, all as JSON.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,

    /// What is live and what has expired is judged at this time. Default: now.
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,

    /// Flows with a record at or after this time: RFC 3339, a date, or 30m, 36h, 7d ago.
    #[arg(long, value_name = "TIME", help_heading = FILTERS)]
    from: Option<String>,

    /// .. at or before this time.
    #[arg(long, value_name = "TIME", help_heading = FILTERS)]
    to: Option<String>,

    /// .. of this client.
    #[arg(long, value_name = "ID", help_heading = FILTERS, allow_hyphen_values = true)]
    client: Option<String>,

    /// .. about this subject identifier, or a pseudonym that begins so.
    #[arg(long, value_name = "SUB", help_heading = FILTERS, allow_hyphen_values = true)]
    subject: Option<String>,

    /// .. with this x-request-id.
    #[arg(long, value_name = "ID", help_heading = FILTERS, allow_hyphen_values = true)]
    request_id: Option<String>,

    /// .. with this outcome.
    #[arg(long, value_enum, help_heading = FILTERS)]
    outcome: Option<OutcomeFilter>,

    /// .. of this event, or of all below it: `token` for token.issued, token.denied, ..
    #[arg(long, value_name = "NAME", help_heading = FILTERS)]
    event: Option<String>,

    /// The flow whose id begins so, or that holds the record of this id.
    #[arg(long, value_name = "ID", help_heading = FILTERS, allow_hyphen_values = true)]
    flow: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OutcomeFilter {
    Success,
    Failure,
    Pending,
    Unknown,
}

pub(crate) fn run(args: &Args, term: &mut Term) -> Outcome {
    let now = args.now()?;
    let selection = args.selection(now)?;
    let (mut texts, mut entries) = (Texts::default(), Vec::new());
    let stdin = || -> Box<dyn Read> { Box::new(io::stdin().lock()) };
    // Findings are said by `findings`; they are of no flow.
    let tally = reader::read(&args.inputs, &stdin, &mut |found| {
        if found.record.event != FINDING {
            entries.push(Entry::read(found, &mut texts));
        }
    })?;
    drop(texts);
    refuse_garbage(&tally)?;
    let report = Report::new(entries, tally, &selection, now);
    let look = Look {
        palette: term.palette(),
        width: term.width().max(NARROWEST),
        signs: if args.ascii { &ASCII } else { Signs::of(environment::variable) },
        zone: TimeZone::system(),
    };
    let frame = Frame { filters: &args.filters().join(" "), next: &args.next(&report) };
    if args.json {
        json::write(term.out(), &report, &frame, args.limit(usize::MAX))?;
    } else {
        text(term.out(), &report, &frame, args.extent(), &look)?;
    }
    // Two records with one id: somebody changed one, or made it up.
    Ok(if report.tally.conflicts.is_empty() { Exit::Fine } else { Exit::Found })
}

fn text(to: &mut dyn io::Write, report: &Report, frame: &Frame<'_>, extent: Extent, look: &Look) -> io::Result<()> {
    if report.entries.is_empty() {
        return summary::write_empty(to, &report.tally);
    }
    summary::write(to, report, frame, look)?;
    render::write(to, report, extent, look)
}

fn refuse_garbage(tally: &Tally) -> Result<(), Failure> {
    let read = tally.records + tally.checkpoints;
    if read > 0 || tally.lines == 0 {
        return Ok(());
    }
    let why = tally.strange.iter().max_by_key(|(_, count)| **count).map_or("torn", |(why, _)| why.as_str());
    let lines = summary::many(tally.lines, "line");
    Err(Failure::new(format!("no records: {lines} read, none is an oidc-audit/1 record ({why})"))
        .hint("timeline reads the JSON lines that `oidc-audit collect` stores, one record a line"))
}

impl Args {
    fn now(&self) -> Result<Timestamp, Failure> {
        let now = clock::now();
        self.as_of.as_deref().map_or(Ok(now), |text| moment::option("--as-of", text, now))
    }

    fn selection(&self, now: Timestamp) -> Result<Selection, Failure> {
        let at = |name, text: &Option<String>| text.as_deref().map(|text| moment::option(name, text, now)).transpose();
        Ok(Selection {
            from: at("--from", &self.from)?,
            to: at("--to", &self.to)?,
            client: self.client.clone(),
            subject: self.subject.clone(),
            request_id: self.request_id.clone(),
            outcome: self.outcome.map(Into::into),
            event: self.event.clone(),
            flow: self.flow.clone(),
        })
    }

    /// The filters as they can be typed again.
    fn filters(&self) -> Vec<String> {
        let outcome =
            self.outcome.and_then(|outcome| outcome.to_possible_value()).map(|value| value.get_name().to_owned());
        let all = [
            ("--from", &self.from),
            ("--to", &self.to),
            ("--client", &self.client),
            ("--subject", &self.subject),
            ("--request-id", &self.request_id),
            ("--outcome", &outcome),
            ("--event", &self.event),
            ("--flow", &self.flow),
        ];
        all.iter().filter_map(|(name, value)| value.as_ref().map(|value| format!("{name} {}", quoted(value)))).collect()
    }

    /// What shows more of the worst thing: its flow; when that is what is shown, whoever it was about.
    fn next(&self, report: &Report) -> String {
        let inputs: Vec<_> = self.inputs.iter().map(|input| quoted(&input.display().to_string())).collect();
        let command = format!("oidc-audit timeline {}", inputs.join(" "));
        let Some(flow) = report.flows.first() else {
            return if self.filters().is_empty() { command } else { format!("{command}   (without filters)") };
        };
        if report.flows.len() > 1 {
            return format!("{command} --flow {}", quoted(&flow.short_id()));
        }
        let subject = flow.subjects.first().map(|subject| format!("{command} --subject {}", quoted(subject)));
        let client = || flow.clients.first().map(|client| format!("{command} --client {}", quoted(client)));
        subject.or_else(client).unwrap_or(command)
    }

    fn limit(&self, default: usize) -> usize {
        match self.limit {
            Some(0) => usize::MAX,
            Some(limit) => limit,
            None => default,
        }
    }

    fn extent(&self) -> Extent {
        Extent { flows: self.limit(FLOWS), whole: self.flow.is_some() }
    }
}

impl From<OutcomeFilter> for entry::Outcome {
    fn from(filter: OutcomeFilter) -> Self {
        match filter {
            OutcomeFilter::Success => Self::Success,
            OutcomeFilter::Failure => Self::Failure,
            OutcomeFilter::Pending => Self::Pending,
            OutcomeFilter::Unknown => Self::Unknown,
        }
    }
}

const FILTERS: &str = "Filters: a flow is shown whole when its records fit all of them";
/// Flows that are shown as text.
const FLOWS: usize = 50;
/// Below that columns make no sense: a narrow terminal wraps.
const NARROWEST: usize = 72;
const NOTES: &str = "Exit codes:\n  0  read, whatever the records tell\n  1  two records have one id and different contents\n  2  \
                     bad usage, an unreadable file, or no line is a record\n\nExamples:\n  oidc-audit timeline records\n  \
                     oidc-audit timeline records --from 30m --outcome failure\n  kubectl logs audit-store | oidc-audit \
                     timeline - --client web";

#[cfg(test)]
mod tests;
