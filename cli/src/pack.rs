//! `pack`: one archive for an auditor: what there was, whether it is whole, and a sample that can be checked alone.
//!
//! The judgement is `verify`'s and the proofs are `prove`'s; this file knows in which order things are done. An export is read as
//! often as `verify` reads it, and once more for the sample. Nothing here grows with the number of records but a temporary file.

mod archive;
mod draw;
mod facts;
mod pages;
mod samples;
mod survey;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use oidc_audit::record::verify::{Report, Verdict, Verifier};

use crate::clock;
use crate::failure::{Failure, Outcome};
use crate::spool::Stdin;
use crate::term::{Palette, Term};
use crate::verify::{self, Question};
use archive::Archive;
use draw::Seed;
use pages::Pack;
use samples::Sample;
use survey::Survey;

/// Makes one archive for an auditor.
///
/// It holds counts of what was recorded, coverage by the hour, gaps, changes of configuration, a list of all records by id and
/// hash, a sample of them with proofs, the report of `oidc-audit verify`, and the trust file. The sample follows from the list and a
/// seed, so that anybody can draw it again. The same input and options give the same bytes.
#[derive(clap::Args, Debug)]
#[command(after_help = NOTES)]
pub(crate) struct Args {
    /// Files, folders with *.jsonl files at any depth, or - for standard input: exports, as for `verify`.
    #[arg(required = true, value_name = "FILE|DIR|-")]
    inputs: Vec<PathBuf>,

    /// The public keys, and for whom they may write. A copy goes into the archive.
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,

    #[command(flatten)]
    question: Question,

    /// Records in the sample.
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u16).range(0..=MAX_SAMPLE))]
    sample: u16,

    /// What the sample is drawn by: a word of the auditor's. Default: the digest of the newest checkpoint.
    #[arg(long, value_name = "TEXT", value_parser = draw::seed_text)]
    seed: Option<String>,

    /// The archive to write, like audit.zip. It must not be there yet.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(args: &Args, term: &mut Term) -> Outcome {
    let trust = verify::load_trust(&args.trust)?;
    let trust_text = fs::read(&args.trust)
        .map_err(|error| Failure::io(format_args!("cannot read {}", args.trust.display()), &error))?;
    let archive = Archive::create(&args.out)?;
    let (stdin, asked) = (Stdin::default(), args.question.asked(clock::now())?);
    let mut survey = Survey::begin(&trust, &asked).map_err(|error| no_room(&error))?;
    let mut verifier = Verifier::new(trust.clone(), asked);
    args.question.witnesses(&mut verifier)?;
    let report = verify::judge(&args.inputs, &stdin, verifier, &mut |line, text| survey.look(line, text), term)?;
    let (population, facts) = survey.finish().map_err(|error| no_room(&error))?;
    let seed = Seed::choose(args.seed.as_deref(), facts.newest.as_ref());
    let drawn = draw::sample(&population, &seed, usize::from(args.sample)).map_err(|error| no_room(&error))?;
    let samples = samples::fetch(&args.inputs, &stdin, drawn, &trust)?;
    let verdict = verdict(&report, &samples);
    let question = &args.question;
    let pack = Pack { verdict, question, report: &report, facts: &facts, seed: &seed, samples: &samples };
    let exit = verify::exit(pack.verdict);
    fill(archive, &pack, &population, &trust_text).map_err(|error| unwritable(&args.out, &error))?;
    pack.say(term, &args.out)?;
    Ok(exit)
}

/// In the order of their names.
fn fill(mut archive: Archive, pack: &Pack<'_>, population: &fs::File, trust: &[u8]) -> io::Result<()> {
    archive.add("README.txt", pack.readme().as_bytes())?;
    archive.copy("population.tsv", population)?;
    archive.add("report.json", &[serde_json::to_vec(pack.report)?.as_slice(), b"\n"].concat())?;
    let mut text = Vec::new();
    verify::write_text(&mut text, pack.report, true, Palette::plain())?;
    archive.add("report.txt", &text)?;
    for sample in pack.samples {
        if let Some(record) = &sample.record {
            archive.add(&sample.record_name(), &[record.as_slice(), b"\n"].concat())?;
        }
        if let Some(proof) = &sample.proof {
            archive.add(&sample.proof_name(), format!("{proof}\n").as_bytes())?;
        }
    }
    archive.add("summary.json", format!("{:#}\n", pack.json()).as_bytes())?;
    archive.add("summary.txt", pack.text().as_bytes())?;
    archive.add("trust.json", trust)?;
    archive.finish()
}

/// The report's; or tampered, where the sample shows what the window of the report leaves out.
fn verdict(report: &Report, samples: &[Sample]) -> Verdict {
    let shown = samples.iter().any(|sample| sample.verdict() == Verdict::Tampered);
    if shown { Verdict::Tampered } else { report.verdict }
}

fn no_room(error: &io::Error) -> Failure {
    Failure::io("cannot keep the list of records in a temporary file", error)
        .hint("TMPDIR names a folder with room for it")
}

fn unwritable(out: &Path, error: &io::Error) -> Failure {
    Failure::io(format_args!("cannot write {}", out.display()), error)
}

/// Records of a sample that are held at once, each with its checkpoint.
const MAX_SAMPLE: i64 = 1000;
const NOTES: &str = "Exit codes, as of verify:\n  0  intact\n  1  intact as far as it \
                     goes\n  2  tampered with, and nothing else\n  3  cannot be decided, could not be done, or bad usage\nThe archive is written whatever the verdict is.\n\nExamples:\n  oidc-audit \
                     pack --trust trust.json --from 2026-01-01 --to 2026-04-01 --out audit.zip records\n  oidc-audit pack --trust \
                     trust.json --sample 60 --seed 'auditor 4711' --out audit.zip hits.json";
