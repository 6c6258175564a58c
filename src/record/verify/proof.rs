//! Proof that one record was sealed: its checkpoint, which names the beginning of its leaf. Checked alone, without the export.

use serde_json::{Value, json};

use crate::record::batch::StreamId;
use crate::record::evidence::{Checkpoint, CheckpointLine};
use crate::record::verify::batches::Content;
use crate::record::verify::believe::{Belief, judge};
use crate::record::verify::line::Line;
use crate::record::verify::problem::{ProblemKind, Verdict};
use crate::record::verify::trust::Trust;

/// What proves a record: `docs/record-format.md`, "Proof".
#[derive(Clone, Debug)]
pub struct Proof {
    stream: StreamId,
    number: u64,
    checkpoint: CheckpointLine,
}

/// Why a text is no proof.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NotAProof;

/// What a proof is worth.
#[derive(Clone, Debug)]
pub struct Proven {
    /// What is wrong, if anything is.
    pub problem: Option<ProblemKind>,
    /// What the checkpoint says.
    pub checkpoint: Checkpoint,
}

impl Proof {
    /// The proof of the record with that number, if this checkpoint covers it.
    #[must_use]
    pub fn of(number: u64, checkpoint: CheckpointLine) -> Option<Self> {
        let covered = checkpoint.checkpoint.covered.as_ref()?;
        let covers = (covered.first..=covered.last).contains(&number);
        covers.then_some(Self { stream: checkpoint.checkpoint.stream, number, checkpoint })
    }

    /// Reads one.
    ///
    /// # Errors
    ///
    /// [`NotAProof`]: it has another form, or its checkpoint does not cover the record.
    pub fn parse(text: &str) -> Result<Self, NotAProof> {
        let value: Value = serde_json::from_str(text).map_err(|_| NotAProof)?;
        let member = |name: &str| value.get(name).and_then(Value::as_str).ok_or(NotAProof);
        if member("schema")? != SCHEMA {
            return Err(NotAProof);
        }
        let (stream, number) = member("id")?.split_once('-').ok_or(NotAProof)?;
        let checkpoint = CheckpointLine::of(member("jws")?).map_err(|_| NotAProof)?;
        if stream != checkpoint.checkpoint.stream.to_string() {
            return Err(NotAProof);
        }
        Self::of(number.parse().map_err(|_| NotAProof)?, checkpoint).ok_or(NotAProof)
    }

    /// One line.
    #[must_use]
    pub fn text(&self) -> String {
        json!({"id": self.id(), "jws": self.checkpoint.jws, "schema": SCHEMA}).to_string()
    }

    /// Of the record.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}-{}", self.stream, self.number)
    }

    /// Whether the line is the record that was sealed, and whose word that is.
    #[must_use]
    pub fn check(&self, record: &Line, trust: &Trust) -> Proven {
        let is_it = match record {
            Line::Record { stream, number, leaf, trimmed } => {
                let content = Content { leaf: *leaf, trimmed: *trimmed };
                let covered = self.checkpoint.checkpoint.covered.as_ref();
                let named = covered.is_some_and(|covered| content.is_named_by(covered, *number));
                *stream == self.stream && *number == self.number && named
            }
            _ => false,
        };
        let problem = match judge(&self.checkpoint, trust, &[]) {
            Belief::Refused => Some(ProblemKind::BadSignature),
            _ if !is_it => Some(ProblemKind::Edited),
            Belief::Enrolled(_) => Some(ProblemKind::Unbound),
            Belief::Waiting => Some(ProblemKind::Untrusted),
            Belief::Noted(kind) => Some(kind),
            Belief::Believed => None,
        };
        Proven { problem, checkpoint: self.checkpoint.checkpoint.clone() }
    }
}

impl Proven {
    /// In the terms of a report.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.problem.map_or(Verdict::Intact, ProblemKind::verdict)
    }
}

const SCHEMA: &str = "oidc-audit-proof/1";
