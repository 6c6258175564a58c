//! How much a record is worth when memory is short: the outbox's lanes.

use crate::oauth::{Observation, Outcome, ProtocolEvent};

/// Which share of the queue a draft may use (docs/operations.md).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Class {
    /// Failures and unknown ends of callers that the authorization server has not authenticated: anybody can make them.
    Failure,
    /// Everything else.
    Normal,
    /// Issuance, refresh, logout and `audit.*`: the reserved share.
    Issuance,
}

impl Class {
    /// The word that `audit.drop` and metrics use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Issuance => "issuance",
            Self::Normal => "normal",
        }
    }

    /// The class of an exchange.
    ///
    /// Tokens that left are always worth the reserved share. What ends a session or a token is when it ended well or goes
    /// on, for anybody can send requests that fail.
    pub(super) fn of(observation: &Observation<'_>) -> Self {
        let ended_badly = matches!(observation.outcome, Outcome::Failure | Outcome::Unknown);
        match observation.event {
            ProtocolEvent::TokenExchanged | ProtocolEvent::TokenIssued | ProtocolEvent::TokenRefreshed => {
                Self::Issuance
            }
            ProtocolEvent::CibaPushed if !ended_badly => Self::Issuance,
            _ if ended_badly && observation.client.authenticated != Some(true) => Self::Failure,
            ProtocolEvent::LogoutBackchannel
            | ProtocolEvent::LogoutCompleted
            | ProtocolEvent::LogoutLocal
            | ProtocolEvent::LogoutRequested
            | ProtocolEvent::SessionTerminated
            | ProtocolEvent::SignalReceived
            | ProtocolEvent::TokenRevoked
                if !ended_badly =>
            {
                Self::Issuance
            }
            _ => Self::Normal,
        }
    }
}
