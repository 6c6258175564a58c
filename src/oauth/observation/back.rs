//! Messages between servers: token requests and responses, UserInfo, the use of tokens, security events.

use std::borrow::Cow;

use super::super::messages::{Exchanged, VendorError};
use super::tokens::{AccessToken, Comparison, DpopProof, IdToken, IdentityClaim};
use crate::seen::Seen;

/// A token request and what came back.
#[derive(Debug, Default)]
pub struct TokenExchange<'a> {
    /// RFC 6749 §4.1.3, §4.3.2, §4.4.2, §6.
    pub request: TokenRequest<'a>,
    /// RFC 6749 §5.1; `None` when none was seen or it is an error response.
    pub response: Option<TokenResponse<'a>>,
    /// `id_token` of the response.
    pub id_token: Option<IdToken<'a>>,
    /// `access_token` of the response.
    pub access_token: Option<AccessToken<'a>>,
    /// What a token exchange has beside the rest; `None` for other grants.
    pub exchanged: Option<Box<Exchanged<'a>>>,
    /// What the server added to its error.
    pub vendor_error: Option<VendorError<'a>>,
}

/// A token request.
#[derive(Debug, Default)]
pub struct TokenRequest<'a> {
    /// `grant_type`, verbatim up to 128 bytes.
    pub grant_type: Seen<Cow<'a, str>>,
    /// `redirect_uri`, unsanitised.
    pub redirect_uri: Seen<Cow<'a, str>>,
    /// Requested scope.
    pub scope: Seen<Vec<Cow<'a, str>>>,
    /// `resource`, which may be repeated (RFC 8707 §2).
    pub resource: Vec<Cow<'a, str>>,
    /// `audience`, which may be repeated (RFC 8693 §2.1).
    pub audience: Vec<Cow<'a, str>>,
    /// `username` of the password grant: personal data, and people type passwords there.
    pub username: Seen<Cow<'a, str>>,
    /// How the body was written.
    pub body_format: Option<BodyFormat>,
    /// Whether any parameter came in the query (against RFC 6749 §3.2).
    pub parameters_in_query: bool,
    /// Whether a `code_verifier` was sent.
    pub code_verifier: bool,
    /// The DPoP proof, if one was sent (RFC 9449).
    pub dpop: Option<DpopProof<'a>>,
    /// Names of parameters that we do not know, at most 32.
    pub unknown_parameters: Vec<Cow<'a, str>>,
}

/// How the parameters of a back-channel request were written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BodyFormat {
    /// `application/x-www-form-urlencoded`
    Form,
    /// A JSON object.
    Json,
    /// `multipart/form-data`
    Multipart,
}

/// A successful token response.
#[derive(Debug, Default)]
pub struct TokenResponse<'a> {
    /// Granted scope.
    pub scope: Seen<Vec<Cow<'a, str>>>,
    /// Where the granted scope is known from.
    pub scope_source: Option<ScopeSource>,
    /// `token_type`
    pub token_type: Seen<Cow<'a, str>>,
    /// Lifetime of the access token in seconds.
    pub expires_in: Seen<u64>,
    /// Lifetime of the refresh token in seconds (`refresh_expires_in`, `refresh_token_expires_in`).
    pub refresh_expires_in: Seen<u64>,
    /// Whether a refresh token was issued.
    pub refresh_token: bool,
    /// On a refresh: whether the refresh token differs from the one presented.
    pub rotated: Option<bool>,
    /// Whether `Cache-Control: no-store` was set (RFC 6749 §5.1).
    pub no_store: bool,
}

/// RFC 6749 §5.1: an omitted `scope` means that what was asked is what was granted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ScopeSource {
    /// Neither said; RFC 6749 §3.3, §6.
    AssumedUnchanged,
    /// The token request.
    Request,
    /// The response.
    Response,
}

/// A request with an access token, and what the resource server thought of it (RFC 6750; RFC 9449 §7).
#[derive(Debug, Default)]
pub struct Bearer<'a> {
    /// How the token was sent; of several ways, the first of header, body, query.
    pub transport: Option<BearerTransport>,
    /// Whether it was sent in more than one way, or more than once.
    pub several: bool,
    /// The scheme of the `Authorization` field.
    pub scheme: Option<BearerScheme>,
    /// The DPoP proof, if one was sent (RFC 9449).
    pub dpop: Option<DpopProof<'a>>,
    /// The certificate of the request, with that which the token is bound to (RFC 8705 §3); `None` where it is to none.
    pub certificate: Option<Comparison>,
    /// The token, from outside.
    pub access_token: Option<AccessToken<'a>>,
    /// What the resource server asks for.
    pub challenge: Option<BearerChallenge<'a>>,
}

/// RFC 9110 §11.1; RFC 6750 §2.1; RFC 9449 §7.1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BearerScheme {
    /// `Bearer`
    Bearer,
    /// `DPoP`
    Dpop,
}

/// What `WWW-Authenticate` asks for (RFC 6750 §3; RFC 9470 §3; RFC 9728 §5.1).
#[derive(Debug, Default)]
pub struct BearerChallenge<'a> {
    /// Which of `Bearer` and `DPoP` are offered.
    pub schemes: Vec<BearerScheme>,
    /// The words of `scope`.
    pub scope: Seen<Vec<Cow<'a, str>>>,
    /// The words of `acr_values`.
    pub acr_values: Seen<Vec<Cow<'a, str>>>,
    /// `max_age` in seconds.
    pub max_age: Seen<u64>,
    /// `resource_metadata`, unsanitised.
    pub resource_metadata: Seen<Cow<'a, str>>,
}

/// A UserInfo response (OIDC Core §5.3.2).
#[derive(Debug, Default)]
pub struct Userinfo<'a> {
    /// How it was written.
    pub form: Option<UserinfoForm>,
    /// Names of the claims returned, sorted, at most 64.
    pub claim_names: Vec<Cow<'a, str>>,
    /// Claims that identify a person: personal data.
    pub identity: Vec<IdentityClaim<'a>>,
    /// `email_verified`
    pub email_verified: Seen<bool>,
    /// How the access token was sent.
    pub transport: Option<BearerTransport>,
}

/// OIDC Core §5.3.2.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UserinfoForm {
    /// `application/json`
    Json,
    /// An encrypted JWT.
    Jwe,
    /// A signed JWT.
    Jws,
}

/// RFC 6750 §2; RFC 9449 §7.1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BearerTransport {
    /// In the body.
    Body,
    /// In the `Authorization` field.
    Header,
    /// In the query.
    Query,
}

/// A security event token (RFC 8417) that was pushed.
#[derive(Debug, Default)]
pub struct Signal<'a> {
    /// The token, from outside.
    pub token: Option<AccessToken<'a>>,
    /// Names of the members of `events`: URIs, at most 16.
    pub events: Vec<Cow<'a, str>>,
    /// `format` of the subject identifier (RFC 9493 §3).
    pub subject_format: Seen<Cow<'a, str>>,
}
