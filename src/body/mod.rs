//! Bounded copies of message bodies, and their content codings. Knows nothing of OAuth.

/// What became of a message body in the filter's hands (`integrity.request_body`, `integrity.response_body`).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Completeness {
    /// There was none, or it was not looked at.
    #[default]
    Absent,
    /// All of it was read.
    Complete,
    /// Only its beginning was read: a limit, or the message ended early.
    Truncated,
    /// Its content coding is unknown, broken, or unpacks beyond a limit.
    Undecoded,
    /// It was read, and is not what its place demands (JSON, form).
    Unparseable,
}
