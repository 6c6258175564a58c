//! What is wrong with a configuration: where, and what was expected there; never what stands there.

use std::fmt;

use super::json::NotJson;
use crate::oauth::{PartyProblem, PolicyProblemKind};

/// One mistake in a configuration.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// JSON pointer (RFC 6901) of the member; empty for the whole text. Names that are not ours are shortened and
    /// escaped in it.
    pub pointer: String,
    /// What is wrong there.
    pub kind: ProblemKind,
}

/// What can be wrong. None holds a value of the configuration.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// A list with too few or too many entries.
    Count {
        /// At least.
        min: usize,
        /// At most.
        max: usize,
    },
    /// The entry names the same thing as an earlier one.
    Duplicate {
        /// Its pointer.
        first: String,
    },
    /// The member is given twice in one object.
    DuplicateMember,
    /// No text at all.
    Empty,
    /// The environment variable that is named is not set.
    EnvUnset,
    /// The environment variable that is named does not hold what is needed.
    EnvValue(&'static str),
    /// Of another type or form; the text names the right one.
    Expected(&'static str),
    /// A secret stands in the configuration itself, which has not been allowed.
    InlineSecret,
    /// What the protocol layer finds wrong with an issuer.
    Issuer(PolicyProblemKind),
    /// A member that must be there is not.
    Missing,
    /// The text is not JSON.
    NotJson {
        /// From 1.
        line: usize,
        /// From 1; 0 where the line before is cut short.
        column: usize,
    },
    /// The bytes are a protobuf message and not JSON: what Envoy hands over for a `Struct`.
    NotText,
    /// None of the words that may stand there.
    OneOf(&'static [&'static str]),
    /// What the protocol layer finds wrong with a client or resource server.
    Party(PartyProblem),
    /// A profile that records personal data has no stated purpose.
    PurposeMissing,
    /// A number outside its range.
    Range {
        /// At least.
        min: u64,
        /// At most.
        max: u64,
    },
    /// A member that this version does not know.
    Unknown {
        /// The known name that is nearest, if one is near.
        hint: Option<&'static str>,
    },
    /// A configuration of another major version.
    Version,
}

/// Something that works and should be known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Warning {
    /// JSON pointer of the member.
    pub pointer: String,
    /// What about it.
    pub kind: WarningKind,
}

/// What can be worth a warning.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum WarningKind {
    /// The issuer, and so its tokens, travel in clear: accepted for loopback hosts only.
    ClearText,
    /// A secret stands in the configuration itself.
    InlineSecret,
    /// Ignored: the configuration is written for a newer filter.
    Unknown,
}

impl Problem {
    pub(super) fn at(pointer: &str, kind: ProblemKind) -> Self {
        Self { pointer: pointer.to_owned(), kind }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", shown(&self.pointer), self.kind)
    }
}

impl std::error::Error for Problem {}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count { min, max } if min == max => write!(f, "expected exactly {min}, in a list"),
            Self::Count { min, max } => write!(f, "expected {min} to {max} entries"),
            Self::Duplicate { first } => write!(f, "says the same as {first}"),
            Self::DuplicateMember => f.write_str("is given twice"),
            Self::Empty => f.write_str("is empty; expected a JSON object with `issuers` and `sinks`"),
            Self::EnvUnset => f.write_str(
                "names an environment variable that is not set in the VM (vm_config.environment_variables, vmConfig.env)",
            ),
            Self::EnvValue(expected) => write!(f, "names an environment variable that does not hold {expected}"),
            Self::Expected(what) => write!(f, "expected {what}"),
            Self::InlineSecret => {
                f.write_str("is a secret in the configuration itself; use {\"env\": NAME}, or set `insecure_inline`")
            }
            Self::Issuer(kind) => kind.fmt(f),
            Self::Missing => f.write_str("is missing"),
            Self::NotJson { line, column } => write!(f, "is not JSON from line {line}, column {column} on"),
            Self::NotText => f.write_str(
                "is not JSON text but a protobuf message, which is how Envoy hands over a Struct: \
                 use StringValue (google.protobuf.StringValue with the JSON as its value)",
            ),
            Self::OneOf(words) => {
                f.write_str("expected one of ")?;
                words.iter().enumerate().try_for_each(|(i, word)| {
                    write!(f, "{}`{word}`", if i == 0 { "" } else { ", " })
                })
            }
            Self::Party(kind) => kind.fmt(f),
            Self::PurposeMissing => {
                f.write_str("is missing: profiles `standard` and `full` record personal data and need a stated purpose")
            }
            Self::Range { min, max } => write!(f, "expected a whole number from {min} to {max}"),
            Self::Unknown { hint: Some(name) } => write!(f, "is unknown; did you mean `{name}`?"),
            Self::Unknown { hint: None } => f.write_str("is unknown"),
            Self::Version => f.write_str("expected a version `1.x`: this filter reads no other"),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", shown(&self.pointer), self.kind)
    }
}

impl fmt::Display for WarningKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClearText => "tokens of this issuer travel in clear: for tests on one machine only",
            Self::InlineSecret => "a secret stands in the configuration itself: whoever reads it can undo pseudonyms",
            Self::Unknown => "is unknown to this filter and ignored: the configuration is written for a newer one",
        })
    }
}

impl From<NotJson> for ProblemKind {
    fn from(at: NotJson) -> Self {
        Self::NotJson { line: at.line, column: at.column }
    }
}

/// The pointer, or a word for the whole text, whose pointer is empty.
fn shown(pointer: &str) -> &str {
    if pointer.is_empty() { "configuration" } else { pointer }
}
