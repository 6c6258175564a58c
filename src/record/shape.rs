//! Which sections and members a record of each event may and must have: what its schema says. Native only.

use crate::oauth::ProtocolEvent;
use crate::record::event::{AuditEvent, Event};

/// What a record of one event consists of, for its schema. Names are members of the record; the envelope that all
/// records have is not repeated.
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
    /// What its records consist of.
    pub(super) fn shape(self) -> Shape {
        match self {
            Self::Audit(event) => audit_shape(event),
            Self::Protocol(event) => protocol_shape(event),
        }
    }
}

fn audit_shape(event: AuditEvent) -> Shape {
    let audit: &'static [&'static str] = match event {
        AuditEvent::ConfigRejected => &["config_digest", "problems"],
        AuditEvent::Drop => &["dropped", "first", "last", "loss"],
        AuditEvent::Start => {
            &["config_digest", "inline_secrets", "issuers", "key_ids", "keys", "profile", "purpose", "sinks", "version"]
        }
        AuditEvent::Stop => &["lost", "reason", "records"],
    };
    Shape { members: &[&["audit", "observer"]], required: &["audit"], request: &[], response: &[], audit }
}

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
        _ => (&[EXCHANGE, FAILURE], NONE, NONE),
    };
    Shape { members, required: REQUIRED, request, response, audit: NONE }
}

/// Members of every record.
pub(super) const ENVELOPE: &[&str] = &["event", "id", "salt", "schema", "ts"];

/// Members that a record of any exchange may have.
const EXCHANGE: &[&str] = &[
    "client",
    "coalesced",
    "confidence",
    "dur_ms",
    "exchange",
    "flow",
    "hidden",
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
const REQUIRED: &[&str] = &["confidence", "exchange", "outcome", "recognition", "rule", "vantage"];

/// What is said of an exchange that did not end well.
const FAILURE: &[&str] = &["error", "error_description", "error_uri", "reason"];

const NONE: &[&str] = &[];

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
    "object",
    "object_differs",
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

const AUTHORIZATION_RESPONSE: &[&str] =
    &["code_length", "delivery", "expires_in", "iss", "jarm", "members", "redirect_uri", "scope", "token_type"];

const TOKEN_REQUEST: &[&str] = &[
    "audience",
    "body_format",
    "code_verifier",
    "dpop",
    "dpop_proof",
    "grant_type",
    "parameters_in_query",
    "redirect_uri",
    "resource",
    "scope",
    "unknown_parameters",
    "username",
];

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

const USERINFO_REQUEST: &[&str] = &["transport"];

const LOGOUT_REQUEST: &[&str] =
    &["delivery", "id_token_hint", "logout_hint", "post_logout_redirect_uri", "unknown_parameters"];

const LOGOUT_RESPONSE: &[&str] = &["cookie_cleared", "redirect_uri"];
