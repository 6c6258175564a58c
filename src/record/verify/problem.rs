//! What a verifier finds, and how much that matters.

use serde::Serialize;

/// Something that is wrong, and where.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Problem {
    /// What.
    pub kind: ProblemKind,
    /// The record, the checkpoint, or the pattern of a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Of a row of checkpoints, the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Of a row of checkpoints, the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What the evidence demands, where there are two sides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What is there instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
}

/// The kinds of `docs/verification.md`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// A checkpoint's line or JWS is not what it says it is.
    BadSignature,
    /// A record of the first batch in a window is absent, where the export begins with that batch.
    Border,
    /// `prev` or `first` does not follow from the checkpoint before, which is there.
    ChainBroken,
    /// The wall clock moved otherwise than the one that is never set.
    ClockStep,
    /// A record is absent, and a checkpoint says so.
    DeclaredLoss,
    /// Checkpoints and their records are absent without a word.
    DeletedBatch,
    /// A record is there with other content.
    Edited,
    /// A record that no checkpoint of an ended stream covers, or a second content under one id.
    Forged,
    /// Two well-signed checkpoints for one place.
    Forked,
    /// A writer group that was expected and never spoke.
    MissingGroup,
    /// A stream that a sibling names, and that is not there.
    MissingStream,
    /// A record that has expired, as an operator has signed.
    Expired,
    /// A record that was taken out, as an operator has signed; its leaf is the right one.
    Redacted,
    /// The leaves are the named ones, and their root is another.
    RootMismatch,
    /// A checkpoint is absent without a word, and its records are there.
    SealMissing,
    /// A sibling knows more of the stream than is there.
    Truncated,
    /// The stream ends without a word.
    UncleanEnd,
    /// A record is absent without a word.
    UndeclaredLoss,
    /// An enrolled key that nobody has bound to a writer.
    Unbound,
    /// Records and no checkpoint at all.
    UnknownStream,
    /// Records after the last checkpoint of an open end.
    Unsealed,
    /// Checkpoints without signatures.
    Unsigned,
    /// A key that the trust file does not have.
    Untrusted,
    /// A key that may not write for this group, or not at this time.
    WrongWriter,
}

/// What a stream or an export is worth, from best to worst.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything that was written is there, as it was written.
    #[default]
    Intact,
    /// Something is absent, and the evidence says so.
    Incomplete,
    /// It cannot be decided.
    Undecided,
    /// Somebody or something changed it.
    Tampered,
}

impl Problem {
    /// At a record or checkpoint.
    pub(super) fn at(kind: ProblemKind, id: String) -> Self {
        Self { kind, id: Some(id), from: None, to: None, expected: None, found: None }
    }

    /// At a row of checkpoints.
    pub(super) fn row(kind: ProblemKind, from: String, to: String) -> Self {
        Self { kind, id: None, from: Some(from), to: Some(to), expected: None, found: None }
    }

    /// With both sides.
    pub(super) fn sides(mut self, expected: impl Into<String>, found: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self.found = Some(found.into());
        self
    }
}

impl ProblemKind {
    /// What it makes of its stream.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Expired | Self::Redacted => Verdict::Intact,
            Self::Border | Self::ClockStep | Self::DeclaredLoss | Self::UncleanEnd => Verdict::Incomplete,
            Self::MissingGroup | Self::Unbound | Self::Unsealed | Self::Unsigned | Self::Untrusted => {
                Verdict::Undecided
            }
            _ => Verdict::Tampered,
        }
    }

    /// The heading of a person's report.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::BadSignature => "BAD SIGNATURE",
            Self::Border => "BORDER",
            Self::ChainBroken => "CHAIN BROKEN",
            Self::ClockStep => "CLOCK",
            Self::DeclaredLoss => "DECLARED LOSS",
            Self::DeletedBatch => "DELETED BATCH",
            Self::Edited => "EDITED",
            Self::Expired => "EXPIRED",
            Self::Forged => "FORGED",
            Self::Forked => "FORKED",
            Self::MissingGroup => "MISSING GROUP",
            Self::MissingStream => "MISSING STREAM",
            Self::Redacted => "REDACTED",
            Self::RootMismatch => "ROOT MISMATCH",
            Self::SealMissing => "SEAL MISSING",
            Self::Truncated => "TRUNCATED",
            Self::UncleanEnd => "UNCLEAN END",
            Self::UndeclaredLoss => "UNDECLARED LOSS",
            Self::Unbound => "UNBOUND KEY",
            Self::UnknownStream => "UNKNOWN STREAM",
            Self::Unsealed => "UNSEALED",
            Self::Unsigned => "UNSIGNED",
            Self::Untrusted => "UNTRUSTED KEY",
            Self::WrongWriter => "WRONG WRITER",
        }
    }
}

impl Verdict {
    /// The exit code that says it.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Intact => 0,
            Self::Incomplete => 1,
            Self::Tampered => 2,
            Self::Undecided => 3,
        }
    }

    /// The word of the report.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intact => "intact",
            Self::Incomplete => "incomplete",
            Self::Tampered => "tampered",
            Self::Undecided => "undecided",
        }
    }
}
