//! The words that records use for the protocol layer's choices. Stores search for them: they are part of the format.

use crate::body::Completeness;
use crate::oauth::{
    BearerScheme, BearerTransport, BodyFormat, ClientAuthMethod, ClientIdSource, Confidence, Delivery, ExchangeMode,
    Outcome, Reason, RequestForm, ResponseSource, ScopeSource, Tier, TokenFormat, UserinfoForm,
};

pub(super) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "success",
        Outcome::Failure => "failure",
        Outcome::Pending => "pending",
        Outcome::Unknown => "unknown",
    }
}

pub(super) fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::BodyEncoding => "body_encoding",
        Reason::BodyTruncated => "body_truncated",
        Reason::BodyUnparseable => "body_unparseable",
        Reason::CredentialsRejected => "credentials_rejected",
        Reason::Encrypted => "encrypted",
        Reason::HttpStatus => "http_status",
        Reason::Inactive => "inactive",
        Reason::Interaction => "interaction",
        Reason::LocalReply => "local_reply",
        Reason::NoResponse => "no_response",
        Reason::NotModified => "not_modified",
        Reason::OauthError => "oauth_error",
        Reason::Poll => "poll",
        Reason::RetryNonce => "retry_nonce",
    }
}

pub(super) fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::Configured => "configured",
        Tier::Discovered => "discovered",
        Tier::Profile => "profile",
        Tier::Heuristic => "heuristic",
    }
}

pub(super) fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Low => "low",
        Confidence::Medium => "medium",
        Confidence::High => "high",
        Confidence::Certain => "certain",
    }
}

pub(super) fn id_source(source: ClientIdSource) -> &'static str {
    match source {
        ClientIdSource::Attestation => "attestation",
        ClientIdSource::Basic => "basic",
        ClientIdSource::ClientAssertion => "client_assertion",
        ClientIdSource::Parameter => "parameter",
        ClientIdSource::Response => "response",
        ClientIdSource::Token => "token",
    }
}

pub(super) fn auth_method(method: ClientAuthMethod) -> &'static str {
    match method {
        ClientAuthMethod::AttestJwtClientAuth => "attest_jwt_client_auth",
        ClientAuthMethod::ClientSecretBasic => "client_secret_basic",
        ClientAuthMethod::ClientSecretJwt => "client_secret_jwt",
        ClientAuthMethod::ClientSecretPost => "client_secret_post",
        ClientAuthMethod::None => "none",
        ClientAuthMethod::PrivateKeyJwt => "private_key_jwt",
        ClientAuthMethod::Saml2 => "saml2",
        ClientAuthMethod::Several => "several",
        ClientAuthMethod::TlsClientAuth => "tls_client_auth",
    }
}

pub(super) fn delivery(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Fragment => "fragment",
        Delivery::FormPost => "form_post",
        Delivery::Json => "json",
        Delivery::Page => "page",
        Delivery::Post => "post",
        Delivery::Query => "query",
        Delivery::Script => "script",
    }
}

pub(super) fn request_form(form: RequestForm) -> &'static str {
    match form {
        RequestForm::Plain => "plain",
        RequestForm::Request => "request",
        RequestForm::RequestUri => "request_uri",
        RequestForm::Par => "par",
    }
}

pub(super) fn body_format(format: BodyFormat) -> &'static str {
    match format {
        BodyFormat::Form => "form",
        BodyFormat::Json => "json",
        BodyFormat::Multipart => "multipart",
    }
}

pub(super) fn response_source(source: ResponseSource) -> &'static str {
    match source {
        ResponseSource::Local => "local",
        ResponseSource::None => "none",
        ResponseSource::Upstream => "upstream",
    }
}

pub(super) fn scope_source(source: ScopeSource) -> &'static str {
    match source {
        ScopeSource::AssumedUnchanged => "assumed_unchanged",
        ScopeSource::Request => "request",
        ScopeSource::Response => "response",
    }
}

pub(super) fn exchange_mode(mode: ExchangeMode) -> &'static str {
    match mode {
        ExchangeMode::Delegation => "delegation",
        ExchangeMode::Impersonation => "impersonation",
    }
}

pub(super) fn token_format(format: TokenFormat) -> &'static str {
    match format {
        TokenFormat::Jwe => "jwe",
        TokenFormat::Jwt => "jwt",
        TokenFormat::Opaque => "opaque",
    }
}

pub(super) fn userinfo_form(form: UserinfoForm) -> &'static str {
    match form {
        UserinfoForm::Json => "json",
        UserinfoForm::Jwe => "jwe",
        UserinfoForm::Jws => "jws",
    }
}

pub(super) fn bearer_scheme(scheme: BearerScheme) -> &'static str {
    match scheme {
        BearerScheme::Bearer => "bearer",
        BearerScheme::Dpop => "dpop",
    }
}

pub(super) fn transport(transport: BearerTransport) -> &'static str {
    match transport {
        BearerTransport::Body => "body",
        BearerTransport::Header => "header",
        BearerTransport::Query => "query",
    }
}

/// `None` where there was no body, or nobody looked at it: absence has no member.
pub(super) fn completeness(completeness: Completeness) -> Option<&'static str> {
    match completeness {
        Completeness::Absent => None,
        Completeness::Complete => Some("complete"),
        Completeness::Truncated => Some("truncated"),
        Completeness::Undecoded => Some("undecoded"),
        Completeness::Unparseable => Some("unparseable"),
    }
}
