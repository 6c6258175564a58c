//! Which sections and members a record of each event may and must have: what its schema says. Native only.

use crate::oauth::ProtocolEvent;
use crate::record::event::{AuditEvent, Event};

/// Names of members, in lists that events share.
pub(super) type Lists = &'static [&'static [&'static str]];

/// What a record of one event consists of, for its schema. Names are members of the record; the envelope that all
/// records have is not repeated.
pub(super) struct Shape {
    /// Top-level members beyond [`ENVELOPE`].
    pub(super) members: Lists,
    /// Those that are always there.
    pub(super) required: &'static [&'static str],
    /// Members of `request`.
    pub(super) request: Lists,
    /// Members of `response`.
    pub(super) response: Lists,
    /// Members of `audit`.
    pub(super) audit: Lists,
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
    let audit: Lists = match event {
        AuditEvent::ConfigRejected => &[&["config_digest", "problems"]],
        AuditEvent::Drop => &[&["dropped", "first", "last", "loss"]],
        AuditEvent::Start => &[&[
            "config_digest",
            "inline_secrets",
            "issuers",
            "key_ids",
            "keys",
            "profile",
            "purpose",
            "signing",
            "sinks",
            "version",
        ]],
        AuditEvent::Stop => &[&["lost", "reason", "records"]],
    };
    let members: Lists =
        if event == AuditEvent::Start { &[&["audit", "findings", "observer"]] } else { &[&["audit", "observer"]] };
    Shape { members, required: &["audit"], request: NONE, response: NONE, audit }
}

fn protocol_shape(event: ProtocolEvent) -> Shape {
    let (members, request, response): (Lists, Lists, Lists) = match event {
        ProtocolEvent::AuthorizationRequest => {
            (&[EXCHANGE, FAILURE, &["request", "subject"]], &[AUTHORIZATION_REQUEST, &["target"]], NONE)
        }
        ProtocolEvent::AuthorizationError | ProtocolEvent::AuthorizationResponse => {
            (&[EXCHANGE, FAILURE, &["id_token", "response", "subject", "token"]], NONE, &[AUTHORIZATION_RESPONSE])
        }
        ProtocolEvent::AuthorizationInitiated => {
            (&[EXCHANGE, FAILURE, &["request", "role", "subject"]], &[AUTHORIZATION_REQUEST, &["target"]], NONE)
        }
        ProtocolEvent::BearerMissing | ProtocolEvent::BearerRejected | ProtocolEvent::BearerUsed => {
            (&[EXCHANGE, FAILURE, &["request", "response", "subject", "token"]], &[BEARER_REQUEST], &[CHALLENGE])
        }
        ProtocolEvent::CallbackReceived => (
            &[EXCHANGE, FAILURE, &["id_token", "response", "role", "subject", "token"]],
            NONE,
            &[AUTHORIZATION_RESPONSE],
        ),
        ProtocolEvent::CibaPushed => (
            &[EXCHANGE, FAILURE, &["id_token", "request", "response", "subject", "token"]],
            &[TOKEN_REQUEST],
            &[TOKEN_RESPONSE],
        ),
        ProtocolEvent::RequestObjectFetched => {
            (&[EXCHANGE, FAILURE, &["request"]], &[AUTHORIZATION_REQUEST, &["target"]], NONE)
        }
        ProtocolEvent::TokenExchanged => (
            &[EXCHANGE, &["id_token", "reason", "request", "response", "subject", "token"]],
            &[TOKEN_REQUEST, EXCHANGED_TYPES],
            &[TOKEN_RESPONSE, &["actors", "issued_token_type", "may_act", "mode"]],
        ),
        ProtocolEvent::TokenIssued | ProtocolEvent::TokenRefreshed => (
            &[EXCHANGE, &["id_token", "reason", "request", "response", "subject", "token"]],
            &[TOKEN_REQUEST],
            &[TOKEN_RESPONSE],
        ),
        ProtocolEvent::ClientAuthFailed => (
            &[EXCHANGE, FAILURE, &["endpoint_kind", "id_token", "request", "response", "subject", "token"]],
            ANY_REQUEST,
            ANY_REFUSAL,
        ),
        ProtocolEvent::TokenDenied | ProtocolEvent::TokenPending | ProtocolEvent::TokenRequest => (
            &[EXCHANGE, FAILURE, &["id_token", "request", "response", "subject", "token"]],
            &[TOKEN_REQUEST, EXCHANGED_TYPES],
            REFUSED_RESPONSE,
        ),
        ProtocolEvent::UserinfoAccessed => {
            (&[EXCHANGE, FAILURE, &["request", "subject", "userinfo"]], &[USERINFO_REQUEST], NONE)
        }
        other => return session_shape(other),
    };
    Shape { members, required: REQUIRED, request, response, audit: NONE }
}

/// Of how sessions begin and end: logins, logouts, and what is said of them.
fn session_shape(event: ProtocolEvent) -> Shape {
    let (members, request, response): (Lists, Lists, Lists) = match event {
        ProtocolEvent::LoginInitiatedByThirdParty => {
            (&[EXCHANGE, FAILURE, &["request"]], &[&["delivery", "iss", "login_hint", "target"]], NONE)
        }
        ProtocolEvent::LogoutBackchannel | ProtocolEvent::SignalReceived => {
            (&[EXCHANGE, FAILURE, &["request", "subject", "token"]], &[&["delivery", "events", "subject_format"]], NONE)
        }
        ProtocolEvent::LogoutFrontchannel | ProtocolEvent::LogoutLocal | ProtocolEvent::LogoutReturned => {
            (&[EXCHANGE, FAILURE, &["request", "response"]], &[&["delivery", "iss"]], &[&["cookie_cleared"]])
        }
        ProtocolEvent::ConsentDecision | ProtocolEvent::InteractionStep | ProtocolEvent::LoginAttempt => {
            (&[EXCHANGE, FAILURE, &["interaction", "request"]], &[INTERACTION_REQUEST], NONE)
        }
        ProtocolEvent::LogoutCompleted | ProtocolEvent::LogoutRequested => (
            &[EXCHANGE, FAILURE, &["id_token", "request", "response", "subject"]],
            &[LOGOUT_REQUEST],
            &[LOGOUT_RESPONSE],
        ),
        other => return endpoint_shape(other),
    };
    Shape { members, required: REQUIRED, request, response, audit: NONE }
}

/// Of the endpoints beside authorization, token, UserInfo and logout.
fn endpoint_shape(event: ProtocolEvent) -> Shape {
    let (members, request, response): (Lists, Lists, Lists) = match event {
        ProtocolEvent::ParRequest | ProtocolEvent::ChallengeResponse => {
            (&[EXCHANGE, FAILURE, &["request", "response"]], &[AUTHORIZATION_REQUEST, PUSHED_WITH], &[EXPIRY])
        }
        ProtocolEvent::TokenIntrospected | ProtocolEvent::TokenRevoked | ProtocolEvent::TokenValidatedLegacy => (
            &[EXCHANGE, FAILURE, &["introspection", "request", "response", "subject", "token"]],
            &[TOKEN_QUERY],
            &[&["form"]],
        ),
        ProtocolEvent::DeviceAuthorization => {
            (&[EXCHANGE, FAILURE, &["request", "response"]], &[DEVICE_REQUEST], &[DEVICE_RESPONSE])
        }
        ProtocolEvent::DeviceUserCode => {
            (&[EXCHANGE, FAILURE, &["request"]], &[&["parameters_in_query", "user_code"]], NONE)
        }
        ProtocolEvent::CibaRequest => {
            (&[EXCHANGE, FAILURE, &["request", "response"]], &[CIBA_REQUEST], &[&["expires_in", "interval"]])
        }
        ProtocolEvent::ClientDeleted
        | ProtocolEvent::ClientRead
        | ProtocolEvent::ClientRegistered
        | ProtocolEvent::ClientUpdated => (&[EXCHANGE, FAILURE, &["registration"]], NONE, NONE),
        ProtocolEvent::DiscoveryFetched => (&[EXCHANGE, FAILURE, &["metadata"]], NONE, NONE),
        ProtocolEvent::FederationFetched => (&[EXCHANGE, FAILURE, &["entity"]], NONE, NONE),
        ProtocolEvent::JwksFetched => (&[EXCHANGE, FAILURE, &["key_set"]], NONE, NONE),
        ProtocolEvent::CredentialIssued => (&[EXCHANGE, FAILURE, &["request"]], &[&["credential", "transport"]], NONE),
        ProtocolEvent::SessionChecked => (&[EXCHANGE, FAILURE], NONE, NONE),
        ProtocolEvent::SessionTerminated => (&[EXCHANGE, FAILURE, &["request", "subject"]], &[&["transport"]], NONE),
        ProtocolEvent::OauthUnknown | ProtocolEvent::SecurityDpopNonce => (
            &[EXCHANGE, FAILURE, &["endpoint_kind", "request", "response"]],
            &[&["unknown_parameters"]],
            &[&["members"]],
        ),
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
    "findings",
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

const NONE: Lists = &[];

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

const AUTHORIZATION_RESPONSE: &[&str] = &[
    "code_length",
    "delivery",
    "expires_in",
    "iss",
    "jarm",
    "members",
    "redirect_uri",
    "scope",
    "set_cookie",
    "token_type",
];

const BEARER_REQUEST: &[&str] = &["auth_scheme", "dpop", "token_repeated", "transport"];

const CHALLENGE: &[&str] = &["acr_values", "challenges", "max_age", "resource_metadata", "scope"];

const INTERACTION_REQUEST: &[&str] = &["scope", "username"];

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

/// What a pushed request has beside [`AUTHORIZATION_REQUEST`].
const PUSHED_WITH: &[&str] = &["dpop", "dpop_proof", "username"];

/// What a token exchange has beside [`TOKEN_REQUEST`] (RFC 8693 §2.1).
const EXCHANGED_TYPES: &[&str] = &["actor_token_type", "requested_token_type", "subject_token_type"];

/// Of a token endpoint that refused, or might have.
const REFUSED_RESPONSE: Lists = &[TOKEN_RESPONSE, &["error_codes", "suberror"]];

/// .. and of an introspection endpoint that did.
const ANY_REFUSAL: Lists = &[TOKEN_RESPONSE, &["error_codes", "form", "suberror"]];

/// Of every endpoint where a client authenticates.
const ANY_REQUEST: Lists =
    &[AUTHORIZATION_REQUEST, PUSHED_WITH, TOKEN_REQUEST, EXCHANGED_TYPES, TOKEN_QUERY, DEVICE_REQUEST, CIBA_REQUEST];

const EXPIRY: &[&str] = &["expires_in"];

const TOKEN_QUERY: &[&str] = &["parameters_in_query", "token_type_hint", "transport", "unknown_parameters"];

const DEVICE_REQUEST: &[&str] = &["body_format", "scope", "unknown_parameters"];

const DEVICE_RESPONSE: &[&str] = &["expires_in", "interval", "verification_uri", "verification_uri_complete"];

const CIBA_REQUEST: &[&str] = &[
    "acr_values",
    "binding_message",
    "form",
    "hint",
    "login_hint",
    "notification",
    "requested_expiry",
    "scope",
    "unknown_parameters",
    "user_code",
];

const USERINFO_REQUEST: &[&str] = &["transport"];

const LOGOUT_REQUEST: &[&str] =
    &["delivery", "id_token_hint", "logout_hint", "observed_as", "post_logout_redirect_uri", "unknown_parameters"];

const LOGOUT_RESPONSE: &[&str] = &["cookie_cleared", "redirect_uri", "targets"];
