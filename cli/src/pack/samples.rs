//! The records of the sample, fetched in one more reading of the export, each with its proof.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use oidc_audit::record::StreamId;
use oidc_audit::record::verify::{Line, LineReader, ProblemKind, Trust, Verdict};

use super::draw::Drawn;
use super::survey::own_leaf;
use crate::failure::Failure;
use crate::prove::Candidates;
use crate::reader::{self, Why};
use crate::spool::Stdin;

/// A record of the sample.
#[derive(Debug)]
pub(super) struct Sample {
    /// From 1, in the order of the draw.
    pub(super) number: usize,
    pub(super) id: String,
    pub(super) leaf: String,
    /// Its text, byte for byte as the export has it.
    pub(super) record: Option<Vec<u8>>,
    /// What `oidc-audit prove` prints of it; `None` where no checkpoint covers it.
    pub(super) proof: Option<String>,
    pub(super) problem: Option<ProblemKind>,
}

/// What is known of one while the export is read.
struct Wanted {
    sample: Sample,
    line: Line,
    candidates: Candidates,
}

/// Reads the export for what was drawn, and checks every proof as `check-proof` does.
///
/// # Errors
///
/// What cannot be opened or read.
pub(super) fn fetch(
    inputs: &[PathBuf],
    stdin: &Stdin,
    drawn: Vec<Drawn>,
    trust: &Trust,
) -> Result<Vec<Sample>, Failure> {
    let mut wanted: BTreeMap<(StreamId, u64), Wanted> = BTreeMap::new();
    for (index, drawn) in drawn.into_iter().enumerate() {
        let place = drawn
            .id
            .split_once('-')
            .and_then(|(stream, number)| Some((StreamId::parse(stream)?, number.parse().ok()?)));
        if let Some(place) = place {
            wanted.insert(place, Wanted::new(index.saturating_add(1), drawn));
        }
    }
    let lines = LineReader::default();
    let open = || -> Box<dyn Read> { stdin.again() };
    reader::lines(inputs, &open, &mut |text, _| match lines.text(text) {
        Line::Other => Err(Why::BadMember),
        line => {
            take(&mut wanted, line, text);
            Ok(())
        }
    })?;
    let mut samples: Vec<Sample> = wanted.into_values().map(|wanted| wanted.finish(trust)).collect();
    samples.sort_by_key(|sample| sample.number);
    Ok(samples)
}

fn take(wanted: &mut BTreeMap<(StreamId, u64), Wanted>, line: Line, text: &[u8]) {
    match line {
        Line::Record { stream, number, .. } => {
            // of several contents under one id, the one in the list
            if let Some(wanted) = wanted.get_mut(&(stream, number)).filter(|wanted| wanted.is_missing(&line)) {
                wanted.sample.record = Some(text.to_vec());
                wanted.line = line;
            }
        }
        Line::Checkpoint(line) => {
            let Some(covered) = line.checkpoint.covered.as_ref().filter(|covered| covered.first <= covered.last) else {
                return;
            };
            let stream = line.checkpoint.stream;
            for ((_, number), wanted) in wanted.range_mut((stream, covered.first)..=(stream, covered.last)) {
                wanted.candidates.take(*number, &line);
            }
        }
        _ => {}
    }
}

impl Wanted {
    fn new(number: usize, drawn: Drawn) -> Self {
        let Drawn { id, leaf, .. } = drawn;
        let sample = Sample { number, id, leaf, record: None, proof: None, problem: None };
        Self { sample, line: Line::Other, candidates: Candidates::default() }
    }

    fn is_missing(&self, line: &Line) -> bool {
        self.sample.record.is_none() && own_leaf(line).is_some_and(|leaf| leaf.to_string() == self.sample.leaf)
    }

    fn finish(mut self, trust: &Trust) -> Sample {
        match self.candidates.proof(&self.line) {
            Some(proof) => {
                self.sample.problem = proof.check(&self.line, trust).problem;
                self.sample.proof = Some(proof.text());
            }
            None => self.sample.problem = Some(ProblemKind::Unsealed),
        }
        self.sample
    }
}

impl Sample {
    /// Where its record lies in the archive.
    pub(super) fn record_name(&self) -> String {
        format!("samples/{:04}-{}.json", self.number, self.id)
    }

    /// Where its proof lies.
    pub(super) fn proof_name(&self) -> String {
        format!("samples/{:04}-{}.proof.json", self.number, self.id)
    }

    /// What `check-proof` says of it.
    pub(super) fn verdict(&self) -> Verdict {
        self.problem.map_or(Verdict::Intact, ProblemKind::verdict)
    }
}
