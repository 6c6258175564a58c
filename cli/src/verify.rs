//! `verify`: whether an export is what the proxies wrote, for an auditor and for the person who was woken up.
//!
//! The judgement is the library's (`docs/verification.md`); this file knows options, readings and exit codes, `text` how a
//! report looks.

mod text;

pub(crate) use text::{NO_TRUST, write as write_text};

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use oidc_audit::record::verify::{Asked, Line, LineReader, Report, Trust, Verdict, Verifier};
use oidc_audit::time::Timestamp;

use crate::clock;
use crate::collect::guard;
use crate::failure::{Exit, Failure, Outcome};
use crate::moment;
use crate::reader::{self, Why};
use crate::spool::Stdin;
use crate::term::Term;

/// Verifies that nothing of an export was changed, taken away or added.
///
/// Works offline and with public keys alone. Reads what `oidc-audit collect` stores and what stores export: JSON lines,
/// Elasticsearch, OTLP, Loki, Splunk, rows of a database; whole, or a window of time with --from and --to. An export is read
/// once; twice more where copies of records come long after the first. Standard input is then kept in a temporary file.
#[derive(clap::Args, Debug)]
#[command(after_help = NOTES)]
pub(crate) struct Args {
    /// Files, folders with *.jsonl files at any depth, or - for standard input.
    #[arg(required = true, value_name = "FILE|DIR|-")]
    inputs: Vec<PathBuf>,

    /// The public keys, and for whom they may write; `oidc-audit keygen` prints one. Without it signatures prove nothing.
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,

    #[command(flatten)]
    question: Question,

    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What is asked of an export, by whoever judges one.
#[derive(clap::Args, Debug)]
pub(crate) struct Question {
    /// The export begins here: RFC 3339, a date, or 30m, 36h, 7d ago. What is earlier is not judged.
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,

    /// The export ends here; what is later is not judged.
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,

    /// How streams ended is judged as of this time. Default: the newest checkpoint of the export.
    #[arg(long, value_name = "TIME")]
    pub(crate) as_of: Option<String>,

    /// A writer group that must have spoken, like 'shop/gateway/*'; several may be named.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) expect: Vec<String>,

    /// What `oidc-audit collect --witness` has seen: every checkpoint of it must be there, and the same. Several may be named.
    #[arg(long, value_name = "FILE")]
    pub(crate) witness: Vec<PathBuf>,
}

pub(crate) fn run(args: &Args, term: &mut Term) -> Outcome {
    let trust = args.trust.as_deref().map(load_trust).transpose()?.unwrap_or_default();
    let asked = args.question.asked(clock::now())?;
    let mut verifier = Verifier::new(trust, asked);
    args.question.witnesses(&mut verifier)?;
    let report = judge(&args.inputs, &Stdin::default(), verifier, &mut |_, _| {}, term)?;
    let exit = exit(report.verdict);
    match write(args, &report, term) {
        // Who closed the pipe has read enough; the exit code is for somebody else.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(exit),
        written => written.map(|()| exit).map_err(Into::into),
    }
}

/// Reads an export as often as that takes, and judges it. Every line of the first reading is shown to `look`.
///
/// # Errors
///
/// What cannot be opened or read.
pub(crate) fn judge(
    inputs: &[PathBuf],
    stdin: &Stdin,
    mut verifier: Verifier,
    look: &mut dyn FnMut(&Line, &[u8]),
    term: &mut Term,
) -> Result<Report, Failure> {
    let lines = LineReader::default();
    let mut count = Count::default();
    let open = || -> Box<dyn Read> { stdin.first() };
    let tally = reader::lines(inputs, &open, &mut |text, _| {
        count.tick(term);
        let line = lines.text(text);
        look(&line, text);
        take(line, &mut |line| verifier.take(line))
    })?;
    let stored = || -> Box<dyn Read> { stdin.again() };
    while verifier.wants_another_reading() {
        reader::lines(inputs, &stored, &mut |text, _| {
            count.tick(term);
            take(lines.text(text), &mut |line| verifier.again(&line))
        })?;
    }
    term.progress("");
    let mut report = verifier.finish();
    report.other = tally.strangers().saturating_add(tally.torn);
    Ok(report)
}

fn write(args: &Args, report: &Report, term: &mut Term) -> io::Result<()> {
    if args.json {
        serde_json::to_writer(term.out(), report)?;
        writeln!(term.out())?;
    } else {
        let palette = term.palette();
        text::write(term.out(), report, args.trust.is_some(), palette)?;
    }
    term.flush()
}

/// Reads a trust file.
///
/// # Errors
///
/// It cannot be read, or is none: every mistake is named by its place.
pub(crate) fn load_trust(path: &Path) -> Result<Trust, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::io(format_args!("cannot read the trust file {}", path.display()), &error))?;
    Trust::parse(&text).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Failure::new(format!("the trust file {} is none", path.display())).hint(problems.join("\n  "))
    })
}

/// `Ok` where the line is of an export of ours.
fn take(line: Line, each: &mut dyn FnMut(Line)) -> Result<(), Why> {
    match line {
        Line::Other => Err(Why::BadMember),
        line => {
            each(line);
            Ok(())
        }
    }
}

/// The exit code that says it.
pub(crate) fn exit(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Intact => Exit::Fine,
        Verdict::Incomplete => Exit::Found,
        Verdict::Tampered => Exit::Tampered,
        Verdict::Undecided => Exit::Undecided,
    }
}

#[derive(Default)]
struct Count(u64);

impl Count {
    fn tick(&mut self, term: &mut Term) {
        self.0 = self.0.saturating_add(1);
        if self.0.is_multiple_of(PROGRESS) {
            term.progress(format_args!("{} lines", self.0));
        }
    }
}

impl Question {
    /// As the library takes it; spans count back from `now`.
    ///
    /// # Errors
    ///
    /// An option that is no time.
    pub(crate) fn asked(&self, now: Timestamp) -> Result<Asked, Failure> {
        let at = |name, text: &Option<String>| text.as_deref().map(|text| moment::option(name, text, now)).transpose();
        Ok(Asked {
            from: at("--from", &self.from)?,
            to: at("--to", &self.to)?,
            as_of: at("--as-of", &self.as_of)?,
            groups: self.expect.clone(),
        })
    }

    /// Tells the verifier what was seen elsewhere.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub(crate) fn witnesses(&self, verifier: &mut Verifier) -> Result<(), Failure> {
        self.witness.iter().try_for_each(|path| guard::read(path, &mut |head| verifier.witness(head)))
    }
}

/// Lines between two signs of progress.
const PROGRESS: u64 = 20_000;
const NOTES: &str = "Exit codes:\n  0  intact\n  1  intact as far as it goes: a declared loss, an unclean end, a clock that was set\n  2  \
                     tampered with, and nothing else\n  3  cannot be decided: keys that are not trusted, nothing to verify, or bad usage\n\n\
                     Examples:\n  oidc-audit verify --trust trust.json records\n  oidc-audit verify --trust trust.json --from \
                     2026-01-15T09:00:00Z --to 2026-01-15T10:00:00Z hits.json\n  zcat export.jsonl.gz | oidc-audit verify --trust \
                     trust.json --expect 'shop/gateway/*' -";
