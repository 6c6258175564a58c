//! `findings`: what several records prove together.
//!
//! `reader` hands over lines, `sight` reads of each what rules look at, `engine` puts them in order and asks the rules in
//! `rules/`; `report` says what they found. `follow` does the same while `collect` writes.

mod context;
pub(crate) mod engine;
pub(crate) mod follow;
mod memory;
mod names;
mod node;
#[cfg(test)]
mod page;
pub(crate) mod record;
mod report;
pub(crate) mod rule;
mod rules;
pub(crate) mod settings;
mod sight;

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use clap::ValueEnum;
use oidc_audit::time::Timestamp;

use crate::clock;
use crate::failure::{Exit, Failure, Outcome};
use crate::moment;
use crate::reader::{self, Tally};
use crate::term::Term;
use engine::{Engine, Limits};
use follow::Follow;
use record::Writer;
use report::{Extent, Filter, Report};
use rule::Severity;
use settings::Settings;
use sight::{Seen, Sight};

pub(crate) use sight::FINDING;

/// Says what several records prove together: replays, guessing, links that cannot be.
///
/// Reads records in the order of their times, as `collect` stores them; those that come late by up to two minutes are put
/// in order. The same record twice, one request that two proxies saw, and what a proxy sends again count once. Remembers
/// 100 000 keys; how many it had to forget is in the report.
#[derive(clap::Args, Debug)]
#[command(after_help = NOTES)]
pub(crate) struct Args {
    /// Files of JSON lines, folders with *.jsonl files at any depth, or - for standard input.
    #[arg(required_unless_present = "list_rules", value_name = "FILE|DIR|-")]
    inputs: Vec<PathBuf>,

    /// Print one JSON object; with --follow one `finding.raised` record a line.
    #[arg(long)]
    json: bool,

    /// Read the newest two segments of a folder that `collect` writes to, then what is added, until interrupted.
    #[arg(long, conflicts_with_all = ["from", "to", "limit"])]
    follow: bool,

    /// Which rules are off or have another severity, threshold or window; JSON, see docs/findings.md.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,

    /// End with 1 when a finding is at least this severe.
    #[arg(long, value_enum, value_name = "SEVERITY", default_value = "low")]
    fail_on: SeverityChoice,

    /// At most this many findings of one rule as text; 0 is all.
    #[arg(long, value_name = "N", default_value_t = 10)]
    limit: usize,

    /// Print the rules and end; those that --rule names with all that is known of them.
    #[arg(long)]
    list_rules: bool,

    /// Findings at least this severe.
    #[arg(long, value_enum, value_name = "SEVERITY", default_value = "info", help_heading = FILTERS)]
    severity: SeverityChoice,

    /// .. of this rule; several may be named.
    #[arg(long, value_name = "ID", help_heading = FILTERS)]
    rule: Vec<String>,

    /// .. at or after this time: RFC 3339, a date, or 30m, 36h, 7d ago.
    #[arg(long, visible_alias = "since", value_name = "TIME", help_heading = FILTERS)]
    from: Option<String>,

    /// .. at or before this time.
    #[arg(long, value_name = "TIME", help_heading = FILTERS)]
    to: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SeverityChoice {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

pub(crate) fn run(args: &Args, term: &mut Term) -> Outcome {
    let filter = args.filter(clock::now())?;
    if args.list_rules {
        list(term.out(), &filter.rules)?;
        return Ok(Exit::Fine);
    }
    let settings = args.rules.as_deref().map(Settings::load).transpose()?.unwrap_or_default();
    if args.follow {
        return follow_folder(args, &filter, settings, term);
    }
    let report = read(args, &filter, settings, term)?;
    refuse_garbage(&report.tally)?;
    if args.json {
        report.write_json(term.out())?;
    } else {
        let palette = term.palette();
        let rows = if args.limit == 0 { usize::MAX } else { args.limit };
        report.write(term.out(), palette, &Extent { rows, inputs: &args.typed() })?;
    }
    let failed = report.worst().is_some_and(|worst| worst >= args.fail_on.into());
    Ok(if failed { Exit::Found } else { Exit::Fine })
}

fn read(args: &Args, filter: &Filter, settings: Settings, term: &mut Term) -> Result<Report, Failure> {
    let (mut engine, mut report) = (Engine::new(settings, Limits::default()), Report::default());
    let mut window: Option<(u64, u64)> = None;
    let stdin = || -> Box<dyn Read> { Box::new(io::stdin().lock()) };
    let tally = reader::lines(&args.inputs, &stdin, &mut |text, tally| {
        match Sight::read(text)? {
            Seen::Checkpoint => tally.checkpoints += 1,
            Seen::Other | Seen::Raised { .. } => tally.records += 1,
            Seen::Record(sight) => {
                tally.records += 1;
                window = Some(window.map_or((sight.at, sight.at), |(a, b)| (a.min(sight.at), b.max(sight.at))));
                engine.push(*sight);
                engine.take().into_iter().filter(|found| filter.takes(found)).for_each(|found| report.add(found));
            }
        }
        if tally.lines % PROGRESS == 0 {
            term.progress(format_args!("{} records read", tally.records));
        }
        Ok(())
    });
    term.progress("");
    engine.finish();
    engine.take().into_iter().filter(|found| filter.takes(found)).for_each(|found| report.add(found));
    (report.counts, report.tally, report.window) = (engine.counts(), tally?, window);
    Ok(report)
}

/// Until the process is told to end, or nobody reads any more.
fn follow_folder(args: &Args, filter: &Filter, settings: Settings, term: &mut Term) -> Outcome {
    let [folder] = args.inputs.as_slice() else {
        return Err(Failure::new("--follow takes one folder").hint("the --dir of `oidc-audit collect`"));
    };
    let unreadable = |error: io::Error| {
        Failure::io(format_args!("cannot follow {}", folder.display()), &error)
            .hint("--follow takes the folder that `oidc-audit collect` writes to")
    };
    let mut engine = Engine::new(settings, Limits::default());
    let (mut follow, mut writer) = (Follow::new(folder).map_err(unreadable)?, Writer::new()?);
    loop {
        follow.look(&mut engine).map_err(unreadable)?;
        let now = clock::now();
        engine.release(settled(now));
        for finding in engine.take().iter().filter(|found| !found.again && filter.takes(found)) {
            if args.json {
                let (_, line) = writer.line(finding, now)?;
                writeln!(term.out(), "{line}")?;
            } else {
                let palette = term.palette();
                report::write_line(term.out(), palette, finding)?;
            }
        }
        term.flush()?;
        thread::sleep(TICK);
    }
}

/// Records that began before this moment, in milliseconds, are all here: proxies send at least every few seconds.
pub(crate) fn settled(now: Timestamp) -> u64 {
    (now.as_micros() / 1_000).saturating_sub(SETTLE_MS)
}

/// All rules in one line each; those that were named with all that is known of them.
fn list(to: &mut dyn Write, named: &[&'static str]) -> io::Result<()> {
    for rule in rule::all() {
        if named.is_empty() || named.contains(&rule.id) {
            writeln!(to, "{}  {:<8}  {}", rule.id, rule.severity.as_str(), rule.name)?;
        }
        if named.contains(&rule.id) {
            writeln!(to, "  fires      {}", rule.condition)?;
            writeln!(to, "  reference  {}", rule.reference)?;
            writeln!(
                to,
                "  evidence   {}",
                if rule.evidence.is_empty() { "-".to_owned() } else { rule.evidence.join(", ") }
            )?;
            writeln!(to, "  caution    {}", rule.caution)?;
        }
    }
    Ok(())
}

fn refuse_garbage(tally: &Tally) -> Result<(), Failure> {
    if tally.records + tally.checkpoints > 0 || tally.lines == 0 {
        return Ok(());
    }
    let why = tally.strange.iter().max_by_key(|(_, count)| **count).map_or("torn", |(why, _)| why.as_str());
    Err(Failure::new(format!("no records: none of {} lines is an oidc-audit/1 record ({why})", tally.lines))
        .hint("findings reads the JSON lines that `oidc-audit collect` stores, one record a line"))
}

impl Args {
    fn filter(&self, now: Timestamp) -> Result<Filter, Failure> {
        let at = |name, text: &Option<String>| text.as_deref().map(|text| moment::option(name, text, now)).transpose();
        let rules = self.rule.iter().map(|id| {
            let known = rule::find(id).map(|rule| rule.id);
            known.ok_or_else(|| {
                Failure::new("--rule names no rule").hint("`oidc-audit findings --list-rules` lists them")
            })
        });
        Ok(Filter {
            severity: self.severity.into(),
            rules: rules.collect::<Result<_, _>>()?,
            from: at("--from", &self.from)?,
            to: at("--to", &self.to)?,
        })
    }

    fn typed(&self) -> String {
        let quoted = |path: &PathBuf| crate::term::quoted(&Path::new(path).display().to_string());
        self.inputs.iter().map(quoted).collect::<Vec<_>>().join(" ")
    }
}

impl From<SeverityChoice> for Severity {
    fn from(choice: SeverityChoice) -> Self {
        match choice {
            SeverityChoice::Info => Self::Info,
            SeverityChoice::Low => Self::Low,
            SeverityChoice::Medium => Self::Medium,
            SeverityChoice::High => Self::High,
            SeverityChoice::Critical => Self::Critical,
        }
    }
}

const FILTERS: &str = "Filters: a finding is shown when it fits all of them";
/// Lines between two signs of life.
const PROGRESS: u64 = 1 << 14;
/// Between two looks at the segments.
pub(crate) const TICK: Duration = Duration::from_secs(1);
const SETTLE_MS: u64 = 15_000;
const NOTES: &str = "Exit codes:\n  0  nothing at or above --fail-on was found\n  1  something was\n  2  bad usage, an unreadable \
                     file, or no line is a record\n\nExamples:\n  oidc-audit findings records\n  oidc-audit findings records \
                     --since 24h --severity high\n  oidc-audit findings --follow /var/lib/oidc-audit --json";
