//! What became of one value that somebody else sent: absent, malformed (and why), or present.
//!
//! For an auditor a missing value is a fact, not an error. Knows nothing of OAuth.

/// A value of the wire, read on its own.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Seen<T> {
    /// It was not sent.
    #[default]
    Absent,
    /// It was sent, and cannot be taken as a value.
    Malformed(Malformation),
    /// It was sent once, well formed and within its limits.
    Present(T),
}

/// Why a value that was sent is not taken.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Malformation {
    /// Sent more than once where once is allowed: which one counted is unknowable.
    Duplicate,
    /// Sent without a value.
    Empty,
    /// A number outside its range.
    Range,
    /// Over its limit.
    TooLong,
    /// Of another type or shape than the specification gives it.
    Type,
    /// Not UTF-8 where text is needed.
    Utf8,
}

impl<T> Seen<T> {
    /// The value, if there is one.
    pub fn present(self) -> Option<T> {
        match self {
            Self::Present(value) => Some(value),
            Self::Absent | Self::Malformed(_) => None,
        }
    }

    /// The same, borrowed.
    pub fn as_ref(&self) -> Seen<&T> {
        match self {
            Self::Absent => Seen::Absent,
            Self::Malformed(why) => Seen::Malformed(*why),
            Self::Present(value) => Seen::Present(value),
        }
    }

    /// Changes the value and keeps absence and malformation.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Seen<U> {
        match self {
            Self::Absent => Seen::Absent,
            Self::Malformed(why) => Seen::Malformed(why),
            Self::Present(value) => Seen::Present(change(value)),
        }
    }

    /// Reads the value further, which may find it malformed.
    pub fn and_then<U>(self, read: impl FnOnce(T) -> Seen<U>) -> Seen<U> {
        match self {
            Self::Absent => Seen::Absent,
            Self::Malformed(why) => Seen::Malformed(why),
            Self::Present(value) => read(value),
        }
    }

    /// Whether nothing was sent.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl Malformation {
    /// The word that a record uses (`integrity.malformed`).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Empty => "empty",
            Self::Range => "range",
            Self::TooLong => "too_long",
            Self::Type => "type",
            Self::Utf8 => "utf8",
        }
    }
}
