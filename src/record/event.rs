//! Names of events. Which members a record of each has is in `shape.rs`.

use crate::oauth::ProtocolEvent;

/// What a record is about (PROTOCOL §1.7), as far as it is built.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Event {
    /// About the recorder itself.
    Audit(AuditEvent),
    /// About an exchange.
    Protocol(ProtocolEvent),
}

/// PROTOCOL §1.7.6.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum AuditEvent {
    /// `audit.config.rejected`: a configuration was not taken.
    ConfigRejected,
    /// `audit.drop`: events were refused before they had a number.
    Drop,
    /// `audit.start`: the first record of a stream.
    Start,
    /// `audit.stop`: its orderly end.
    Stop,
}

impl Event {
    /// All events, by name.
    pub fn all() -> impl Iterator<Item = Self> {
        let audit = AuditEvent::ALL.into_iter().map(Self::Audit);
        audit.chain(ProtocolEvent::ALL.into_iter().map(Self::Protocol))
    }

    /// The dotted name: `event` of the record.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Audit(event) => event.as_str(),
            Self::Protocol(event) => event.as_str(),
        }
    }
}

impl AuditEvent {
    /// Every event, by name.
    pub const ALL: [Self; 4] = [Self::ConfigRejected, Self::Drop, Self::Start, Self::Stop];

    /// The dotted name: `event` of the record.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConfigRejected => "audit.config.rejected",
            Self::Drop => "audit.drop",
            Self::Start => "audit.start",
            Self::Stop => "audit.stop",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_listed_by_name_and_once() {
        let names: Vec<_> = Event::all().map(Event::as_str).collect();
        assert!(names.is_sorted_by(|one, two| one < two), "{names:?}");
    }
}
