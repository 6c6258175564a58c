//! `prove` and `check-proof`: one record, for somebody who does not get the whole export.

use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;

use oidc_audit::record::evidence::CheckpointLine;
use oidc_audit::record::verify::{Line, LineReader, ProblemKind, Proof, Trust};
use serde_json::json;

use crate::collect::line::{Kind, RecordId};
use crate::failure::{Failure, Outcome};
use crate::moment;
use crate::reader::{self, Why};
use crate::term::{Style, Term, escape};
use crate::verify;

/// Prints the proof that one record was sealed: the signed checkpoint that covers it.
///
/// Whoever has the record, the proof and the trust file can check it without anything else: `oidc-audit check-proof`. At most 3 KiB;
/// it names no other record but by the beginnings of their hashes.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  oidc-audit prove 8e4c…-1042 records > proof.json\n  oidc-audit check-proof --trust \
                        trust.json proof.json record.json"
)]
pub(crate) struct ProveArgs {
    /// The id of the record.
    #[arg(value_name = "ID", value_parser = record_id)]
    id: RecordId,

    /// Files, folders with *.jsonl files at any depth, or - for standard input: exports, as for `verify`.
    #[arg(required = true, value_name = "FILE|DIR|-")]
    inputs: Vec<PathBuf>,
}

/// Checks the proof of one record.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Exit codes:\n  0  it is the record that was sealed\n  2  it is not, and nothing else\n  3  cannot be decided: a key that is \
                        not trusted, or bad usage"
)]
pub(crate) struct CheckArgs {
    /// What `oidc-audit prove` printed.
    #[arg(value_name = "PROOF")]
    proof: PathBuf,

    /// The record, alone or in an export; or - for standard input.
    #[arg(value_name = "RECORD|-")]
    record: PathBuf,

    /// The public keys, and for whom they may write.
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,

    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) fn prove(args: &ProveArgs, term: &mut Term) -> Outcome {
    let (mut record, mut candidates) = (Line::Other, Candidates::default());
    each_line(&args.inputs, &mut |line| match line {
        Line::Record { stream, number, .. } if args.is_it(&stream.to_string(), number) => record = line,
        Line::Checkpoint(line) if format!("{:032x}", args.id.stream) == line.checkpoint.stream.to_string() => {
            candidates.take(args.id.number, &line);
        }
        _ => {}
    })?;
    let proof = candidates.proof(&record).ok_or_else(|| {
        Failure::new(format!("no checkpoint here covers {}", args.id))
            .hint("give the whole export, or a longer window of it")
    })?;
    writeln!(term.out(), "{}", proof.text())?;
    Ok(crate::failure::Exit::Fine)
}

pub(crate) fn check(args: &CheckArgs, term: &mut Term) -> Outcome {
    let trust = args.trust.as_deref().map(verify::load_trust).transpose()?.unwrap_or_default();
    let text = fs::read_to_string(&args.proof)
        .map_err(|error| Failure::io(format_args!("cannot read {}", args.proof.display()), &error))?;
    let proof = Proof::parse(&text).map_err(|_| {
        Failure::new(format!("{} is no proof", args.proof.display())).hint("it is what `oidc-audit prove` prints")
    })?;
    let mut record = None;
    each_line(std::slice::from_ref(&args.record), &mut |line| {
        if let Line::Record { stream, number, .. } = &line
            && (record.is_none() || format!("{stream}-{number}") == proof.id())
        {
            record = Some(line);
        }
    })?;
    let record = record.ok_or_else(|| Failure::new(format!("no record in {}", args.record.display())))?;
    let proven = proof.check(&record, &trust);
    let (verdict, about) = (proven.verdict(), &proven.checkpoint);
    let sealed = moment::rfc3339(about.issued);
    let group = about.group.as_deref().unwrap_or("-");
    if args.json {
        let report = json!({"checkpoint": about.id(), "exit": verdict.exit_code(), "group": group, "id": proof.id(),
            "problem": proven.problem, "sealed": sealed, "verdict": verdict});
        writeln!(term.out(), "{report}")?;
        return Ok(verify::exit(verdict));
    }
    let palette = term.palette();
    let (title, style) = proven.problem.map_or(("PROVEN", Style::Good), |problem| (problem.title(), Style::Bad));
    writeln!(term.out(), "{}  {}", palette.paint(style, title), proof.id())?;
    writeln!(term.out(), "  sealed {sealed} by {}, checkpoint {}", escape(group), about.number)?;
    if args.trust.is_none() {
        writeln!(term.out(), "  {}", verify::NO_TRUST)?;
    }
    Ok(verify::exit(verdict))
}

fn each_line(inputs: &[PathBuf], each: &mut dyn FnMut(Line)) -> Result<(), Failure> {
    let lines = LineReader::default();
    let stdin = || -> Box<dyn Read> { Box::new(io::stdin().lock()) };
    reader::lines(inputs, &stdin, &mut |text, _| match lines.text(text) {
        Line::Other => Err(Why::BadMember),
        line => {
            each(line);
            Ok(())
        }
    })?;
    Ok(())
}

/// Checkpoints that may prove one record.
#[derive(Debug, Default)]
pub(crate) struct Candidates(Vec<Proof>);

impl Candidates {
    /// Takes a checkpoint of the record's stream, if it covers that number.
    pub(crate) fn take(&mut self, number: u64, line: &CheckpointLine) {
        let covered = line.checkpoint.covered.as_ref();
        if covered.is_some_and(|covered| (covered.first..=covered.last).contains(&number)) {
            self.0.truncate(CANDIDATES - 1);
            self.0.extend(Proof::of(number, line.clone()));
        }
    }

    /// Of several for one place all but one are forged: the one that names the record.
    pub(crate) fn proof(self, record: &Line) -> Option<Proof> {
        let names = |proof: &Proof| proof.check(record, &Trust::default()).problem != Some(ProblemKind::Edited);
        let best = self.0.iter().position(names).unwrap_or_default();
        self.0.into_iter().nth(best)
    }
}

impl ProveArgs {
    fn is_it(&self, stream: &str, number: u64) -> bool {
        self.id.number == number && format!("{:032x}", self.id.stream) == stream
    }
}

/// Reads the id of a record.
pub(crate) fn record_id(text: &str) -> Result<RecordId, &'static str> {
    let id = RecordId::parse(text).filter(|id| id.kind == Kind::Record);
    id.ok_or("expected the id of a record: 32 hex digits, `-`, a number")
}

/// Checkpoints for one place that are looked at.
const CANDIDATES: usize = 8;
