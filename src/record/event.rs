//! Names of events, and which sections a record of each may and must have.

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

/// What a record of one event consists of, for its schema. Names are members of the record; the envelope that all
/// records have is not repeated.
#[cfg(not(target_family = "wasm"))]
pub(super) struct Shape {
    /// Top-level members beyond [`ENVELOPE`].
    pub(super) members: &'static [&'static [&'static str]],
    /// Those that are always there.
    pub(super) required: &'static [&'static str],
    /// Members of `request`.
    pub(super) request: &'static [&'static str],
    /// Members of `response`.
    pub(super) response: &'static [&'static str],
    /// Members of `audit`.
    pub(super) audit: &'static [&'static str],
}

impl Event {
    /// All events, by name.
    pub const ALL: [Self; 16] = [
        Self::Audit(AuditEvent::ConfigRejected),
        Self::Audit(AuditEvent::Drop),
        Self::Audit(AuditEvent::Start),
        Self::Audit(AuditEvent::Stop),
        Self::Protocol(ProtocolEvent::AuthorizationError),
        Self::Protocol(ProtocolEvent::AuthorizationRequest),
        Self::Protocol(ProtocolEvent::AuthorizationResponse),
        Self::Protocol(ProtocolEvent::ClientAuthFailed),
        Self::Protocol(ProtocolEvent::LogoutCompleted),
        Self::Protocol(ProtocolEvent::LogoutRequested),
        Self::Protocol(ProtocolEvent::TokenDenied),
        Self::Protocol(ProtocolEvent::TokenIssued),
        Self::Protocol(ProtocolEvent::TokenPending),
        Self::Protocol(ProtocolEvent::TokenRefreshed),
        Self::Protocol(ProtocolEvent::TokenRequest),
        Self::Protocol(ProtocolEvent::UserinfoAccessed),
    ];

    /// The dotted name: `event` of the record.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Audit(event) => event.as_str(),
            Self::Protocol(event) => match event {
                ProtocolEvent::AuthorizationError => "authorization.error",
                ProtocolEvent::AuthorizationRequest => "authorization.request",
                ProtocolEvent::AuthorizationResponse => "authorization.response",
                ProtocolEvent::ClientAuthFailed => "client.auth_failed",
                ProtocolEvent::LogoutCompleted => "logout.completed",
                ProtocolEvent::LogoutRequested => "logout.requested",
                ProtocolEvent::TokenDenied => "token.denied",
                ProtocolEvent::TokenIssued => "token.issued",
                ProtocolEvent::TokenPending => "token.pending",
                ProtocolEvent::TokenRefreshed => "token.refreshed",
                ProtocolEvent::TokenRequest => "token.request",
                ProtocolEvent::UserinfoAccessed => "userinfo.accessed",
            },
        }
    }

    /// What its records consist of.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn shape(self) -> Shape {
        match self {
            Self::Audit(event) => event.shape(),
            Self::Protocol(event) => protocol_shape(event),
        }
    }
}

impl AuditEvent {
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

    #[cfg(not(target_family = "wasm"))]
    fn shape(self) -> Shape {
        let audit: &'static [&'static str] = match self {
            Self::ConfigRejected => &["config_digest", "problems"],
            Self::Drop => &["dropped", "first", "last", "loss"],
            Self::Start => &[
                "config_digest",
                "inline_secrets",
                "issuers",
                "key_ids",
                "keys",
                "profile",
                "purpose",
                "sinks",
                "version",
            ],
            Self::Stop => &["lost", "reason", "records"],
        };
        Shape { members: &[&["audit", "observer"]], required: &["audit"], request: &[], response: &[], audit }
    }
}

#[cfg(not(target_family = "wasm"))]
fn protocol_shape(event: ProtocolEvent) -> Shape {
    let (members, request, response): (&'static [&'static [&'static str]], _, _) = match event {
        ProtocolEvent::AuthorizationRequest => {
            (&[EXCHANGE, FAILURE, &["request", "subject"]], AUTHORIZATION_REQUEST, NONE)
        }
        ProtocolEvent::AuthorizationError | ProtocolEvent::AuthorizationResponse => {
            (&[EXCHANGE, FAILURE, &["id_token", "response", "subject", "token"]], NONE, AUTHORIZATION_RESPONSE)
        }
        ProtocolEvent::LogoutCompleted | ProtocolEvent::LogoutRequested => {
            (&[EXCHANGE, FAILURE, &["id_token", "request", "response", "subject"]], LOGOUT_REQUEST, LOGOUT_RESPONSE)
        }
        ProtocolEvent::TokenIssued | ProtocolEvent::TokenRefreshed => (
            &[EXCHANGE, &["id_token", "reason", "request", "response", "subject", "token"]],
            TOKEN_REQUEST,
            TOKEN_RESPONSE,
        ),
        ProtocolEvent::ClientAuthFailed
        | ProtocolEvent::TokenDenied
        | ProtocolEvent::TokenPending
        | ProtocolEvent::TokenRequest => (
            &[EXCHANGE, FAILURE, &["id_token", "request", "response", "subject", "token"]],
            TOKEN_REQUEST,
            TOKEN_RESPONSE,
        ),
        ProtocolEvent::UserinfoAccessed => {
            (&[EXCHANGE, FAILURE, &["request", "subject", "userinfo"]], USERINFO_REQUEST, NONE)
        }
    };
    Shape { members, required: REQUIRED, request, response, audit: NONE }
}

/// Members of every record.
#[cfg(not(target_family = "wasm"))]
pub(super) const ENVELOPE: &[&str] = &["event", "id", "salt", "schema", "ts"];

/// Members that a record of any exchange may have.
#[cfg(not(target_family = "wasm"))]
const EXCHANGE: &[&str] = &[
    "client",
    "coalesced",
    "confidence",
    "dur_ms",
    "exchange",
    "flow",
    "integrity",
    "issuer",
    "join",
    "observer",
    "outcome",
    "peer",
    "provider",
    "recognition",
    "rule",
    "source",
    "tenant",
    "vantage",
];

/// Members that every record of an exchange has.
#[cfg(not(target_family = "wasm"))]
const REQUIRED: &[&str] = &["confidence", "exchange", "outcome", "recognition", "rule", "vantage"];

/// What is said of an exchange that did not end well.
#[cfg(not(target_family = "wasm"))]
const FAILURE: &[&str] = &["error", "error_description", "error_uri", "reason"];

#[cfg(not(target_family = "wasm"))]
const NONE: &[&str] = &[];

#[cfg(not(target_family = "wasm"))]
const AUTHORIZATION_REQUEST: &[&str] = &[
    "acr_values",
    "audience",
    "authorization_details",
    "claims",
    "code_challenge_length",
    "code_challenge_method",
    "delivery",
    "display",
    "form",
    "id_token_hint",
    "idp_hint",
    "login_hint",
    "max_age",
    "nonce_length",
    "prompt",
    "redirect_uri",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state_length",
    "ui_locales",
    "unknown_parameters",
];

#[cfg(not(target_family = "wasm"))]
const AUTHORIZATION_RESPONSE: &[&str] =
    &["code_length", "delivery", "expires_in", "iss", "members", "redirect_uri", "scope", "token_type"];

#[cfg(not(target_family = "wasm"))]
const TOKEN_REQUEST: &[&str] = &[
    "audience",
    "body_format",
    "code_verifier",
    "dpop",
    "grant_type",
    "parameters_in_query",
    "redirect_uri",
    "resource",
    "scope",
    "unknown_parameters",
    "username",
];

#[cfg(not(target_family = "wasm"))]
const TOKEN_RESPONSE: &[&str] = &[
    "expires_in",
    "no_store",
    "refresh_expires_in",
    "refresh_token",
    "rotated",
    "scope",
    "scope_source",
    "token_type",
];

#[cfg(not(target_family = "wasm"))]
const USERINFO_REQUEST: &[&str] = &["transport"];

#[cfg(not(target_family = "wasm"))]
const LOGOUT_REQUEST: &[&str] =
    &["delivery", "id_token_hint", "logout_hint", "post_logout_redirect_uri", "unknown_parameters"];

#[cfg(not(target_family = "wasm"))]
const LOGOUT_RESPONSE: &[&str] = &["cookie_cleared", "redirect_uri"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_listed_by_name_and_once() {
        let names: Vec<_> = Event::ALL.iter().map(|event| event.as_str()).collect();
        assert!(names.is_sorted_by(|one, two| one < two), "{names:?}");
    }
}
