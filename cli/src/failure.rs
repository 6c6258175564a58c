//! How a subcommand ends: what the exit codes mean, and what is said when the work could not be done.

use std::fmt;
use std::io;
use std::process::ExitCode;

/// What every subcommand returns.
pub(crate) type Outcome = Result<Exit, Failure>;

/// The exit codes, the same for every subcommand that does not judge evidence. For one that does, 2 is tampering and nothing
/// else: what makes others unusable leaves it undecided.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Exit {
    /// 0: done, nothing wrong.
    Fine,
    /// 1: done, and it found something wrong.
    Found,
    /// 2, of `verify` and its relatives alone: somebody changed something.
    Tampered,
    /// 3, of `verify` and its relatives alone: it cannot be told, for whatever reason.
    Undecided,
    /// 2: usage, bad input, or it could not do its work.
    Unusable,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Fine => Self::SUCCESS,
            Exit::Found => Self::from(1),
            Exit::Tampered | Exit::Unusable => Self::from(2),
            Exit::Undecided => Self::from(3),
        }
    }
}

/// Why a subcommand could not do its work, for a person: what, in lower case, and what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    hint: Option<String>,
    broken_pipe: bool,
}

impl Failure {
    /// `what` names things (files, addresses), never values of records or configurations.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), hint: None, broken_pipe: false }
    }

    /// The same with an operating system's reason: `cannot read records.jsonl: permission denied`.
    pub(crate) fn io(what: impl fmt::Display, error: &io::Error) -> Self {
        Self::new(format!("{what}: {}", reason(error)))
    }

    /// Adds what the reader can do about it.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn is_broken_pipe(&self) -> bool {
        self.broken_pipe
    }

    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    pub(crate) fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl From<io::Error> for Failure {
    /// Of a write to standard output: every other error says what it was about, by [`Failure::io`].
    fn from(error: io::Error) -> Self {
        let broken_pipe = error.kind() == io::ErrorKind::BrokenPipe;
        Self { broken_pipe, ..Self::io("cannot write the output", &error) }
    }
}

/// An operating system's reason in lower case and without its number: `no such file or directory`.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => "unknown reason".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_lower_case_and_has_no_number() {
        assert_eq!(reason(&io::Error::from_raw_os_error(2)), "no such file or directory");
    }

    #[test]
    fn only_a_broken_pipe_is_one() {
        assert!(Failure::from(io::Error::from(io::ErrorKind::BrokenPipe)).is_broken_pipe());
        assert!(!Failure::from(io::Error::from(io::ErrorKind::StorageFull)).is_broken_pipe());
    }
}
