//! `redact` and `retain`: what an operator signs when something has to go, so that the rest still verifies.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::PathBuf;

use oidc_audit::record::evidence::{Digest, SigningKey};
use oidc_audit::record::verify::{Asked, Content, Expired, Line, LineReader, Statement, Trust, Verdict, Verifier};
use oidc_audit::time::Timestamp;
use serde_json::Value;

use crate::clock;
use crate::collect::line::RecordId;
use crate::failure::{Exit, Failure, Outcome};
use crate::key;
use crate::moment;
use crate::prove::record_id;
use crate::reader::{self, Why};
use crate::term::Term;
use crate::verify;

/// Prints the signed line that stands for a record which has to be erased.
///
/// Store it under the record's id, in its place. It keeps the record's hash, the reason and the time, and nothing of the content;
/// `verify` accepts it if the trust file lets the key `redact`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Example:\n  oidc-audit redact 8e4c…-1042 --reason 'erasure request 4711' --key operator.env records > line.json"
)]
pub(crate) struct RedactArgs {
    /// The id of the record.
    #[arg(value_name = "ID", value_parser = record_id)]
    id: RecordId,

    /// Why, for the auditor: at most 200 characters, and nothing personal.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: String,

    /// The operator's signing key, as `oidc-audit keygen --env` writes it; not the proxies'.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,

    /// Files, folders with *.jsonl files at any depth, or - for standard input, with the record.
    #[arg(required = true, value_name = "FILE|DIR|-")]
    inputs: Vec<PathBuf>,
}

/// Prints signed lines that say what expires, before it is deleted.
///
/// Verifies the export first, and signs nothing if it was tampered with. Store the lines beside the records; then delete what is older
/// by the time of each line (`ts`). `verify` accepts the rest if the trust file lets the key `retain` and what is left continues
/// what is said to be gone.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Exit codes:\n  0  signed\n  2  the export was tampered with, and nothing else: nothing is signed\n  3  could not be \
                        done, or bad usage\n\nExample:\n  oidc-audit retain --before 90d --key operator.env --trust trust.json records \
                        >> records/statements.jsonl"
)]
pub(crate) struct RetainArgs {
    /// What is older expires: RFC 3339, a date, or 90d ago.
    #[arg(long, value_name = "TIME")]
    before: String,

    /// The operator's signing key, as `oidc-audit keygen --env` writes it; not the proxies'.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,

    /// The public keys, and for whom they may write.
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,

    /// Files or folders with *.jsonl files at any depth: everything that is stored.
    #[arg(required = true, value_name = "FILE|DIR")]
    inputs: Vec<PathBuf>,
}

pub(crate) fn redact(args: &RedactArgs, term: &mut Term) -> Outcome {
    let key = key::signing(&args.key)?;
    let mut found = None;
    each_line(&args.inputs, &mut |line, _| {
        if let Line::Record { stream, number, leaf, trimmed } = line
            && *number == args.id.number
            && stream.to_string() == format!("{:032x}", args.id.stream)
        {
            // what a store added is none of the leaf's
            found = Some(Content::Redacted {
                stream: *stream,
                number: *number,
                leaf: trimmed.unwrap_or(*leaf),
                reason: args.reason.clone(),
            });
        }
    })?;
    let content = found.ok_or_else(|| Failure::new(format!("the record {} is not here", args.id)))?;
    writeln!(term.out(), "{}", Statement::sign(&content, clock::now(), &key))?;
    Ok(Exit::Fine)
}

pub(crate) fn retain(args: &RetainArgs, term: &mut Term) -> Outcome {
    let now = clock::now();
    let before = moment::option("--before", &args.before, now)?;
    if args.inputs.iter().any(|input| input.as_os_str() == "-") {
        return Err(Failure::new("retain reads files, which it may have to read again"));
    }
    let (trust, key) = (verify::load_trust(&args.trust)?, key::signing(&args.key)?);
    let (verdict, streams) = survey(args, trust, before)?;
    if verdict == Verdict::Tampered {
        term.failure(
            &Failure::new("the export was tampered with: nothing is signed").hint("oidc-audit verify says where"),
        )?;
        return Ok(Exit::Tampered);
    }
    let gone: Vec<Expired> = streams.into_values().filter_map(Ages::expired).collect();
    if gone.is_empty() {
        term.warn("nothing is that old")?;
    }
    for streams in gone.chunks(STREAMS) {
        writeln!(term.out(), "{}", sign(before, streams, now, &key))?;
    }
    Ok(Exit::Fine)
}

fn sign(before: Timestamp, streams: &[Expired], now: Timestamp, key: &SigningKey) -> String {
    Statement::sign(&Content::Expired { before, streams: streams.to_vec() }, now, key)
}

/// What of a stream is older, and what is not.
struct Ages {
    gone: Expired,
    /// The lowest number of a checkpoint that stays.
    stays: Option<u64>,
}

impl Ages {
    /// `None`: nothing has, or a clock was set back, and what is older does not come first.
    fn expired(self) -> Option<Expired> {
        let ordered = match (self.gone.checkpoint, self.stays) {
            (Some((last, _)), Some(stays)) => last < stays,
            _ => true,
        };
        (ordered && (self.gone.checkpoint.is_some() || self.gone.last > 0)).then_some(self.gone)
    }
}

/// Verifies, and finds out what is older.
fn survey(args: &RetainArgs, trust: Trust, before: Timestamp) -> Result<(Verdict, BTreeMap<String, Ages>), Failure> {
    let mut verifier = Verifier::new(trust, Asked::default());
    let mut streams: BTreeMap<String, Ages> = BTreeMap::new();
    each_line(&args.inputs, &mut |line, text| {
        note(&mut streams, line, text, before);
        verifier.take(line.clone());
    })?;
    while verifier.wants_another_reading() {
        each_line(&args.inputs, &mut |line, _| verifier.again(line))?;
    }
    Ok((verifier.finish().verdict, streams))
}

fn note(streams: &mut BTreeMap<String, Ages>, line: &Line, text: &[u8], before: Timestamp) {
    let stream = match line {
        Line::Checkpoint(line) => line.checkpoint.stream,
        Line::Record { stream, .. } => *stream,
        _ => return,
    };
    let ages = streams
        .entry(stream.to_string())
        .or_insert(Ages { gone: Expired { stream, checkpoint: None, last: 0 }, stays: None });
    match line {
        Line::Checkpoint(line) => {
            let number = line.checkpoint.number;
            if line.checkpoint.issued >= before {
                ages.stays = Some(ages.stays.map_or(number, |stays| stays.min(number)));
            } else if ages.gone.checkpoint.is_none_or(|(last, _)| last < number) {
                ages.gone.checkpoint = Some((number, Digest::of(line.jws.as_bytes())));
            }
        }
        Line::Record { number, .. } if is_older(text, before) => ages.gone.last = ages.gone.last.max(*number),
        _ => {}
    }
}

fn is_older(text: &[u8], before: Timestamp) -> bool {
    let record = serde_json::from_slice::<Value>(text).unwrap_or_default();
    let at = record.get("ts").and_then(Value::as_str).and_then(moment::parse);
    at.is_some_and(|at| at < before)
}

fn each_line(inputs: &[PathBuf], each: &mut dyn FnMut(&Line, &[u8])) -> Result<(), Failure> {
    let lines = LineReader::default();
    let stdin = || -> Box<dyn Read> { Box::new(io::stdin().lock()) };
    reader::lines(inputs, &stdin, &mut |text, _| match lines.text(text) {
        Line::Other => Err(Why::BadMember),
        line => {
            each(&line, text);
            Ok(())
        }
    })?;
    Ok(())
}

/// Reads why something is signed: 1 to 200 characters that are not all blank.
pub(crate) fn reason(text: &str) -> Result<String, &'static str> {
    let fits = !text.trim().is_empty() && text.chars().count() <= 200;
    fits.then(|| text.to_owned()).ok_or("expected 1 to 200 characters")
}

/// Of one statement, so that its line is no longer than any other.
const STREAMS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_a_short_text() {
        for (text, fits) in [("OPS-1", true), ("", false), (" \t", false)] {
            assert_eq!(reason(text).is_ok(), fits, "{text:?}");
        }
        assert!(reason(&"ß".repeat(200)).is_ok() && reason(&"ß".repeat(201)).is_err());
    }
}
