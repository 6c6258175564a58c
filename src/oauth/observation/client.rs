//! Who asks: the client and how it authenticated.

use std::borrow::Cow;

use super::tokens::SignedMessage;
use crate::seen::Seen;

/// Client identification (PROTOCOL §2.3).
#[derive(Debug, Default)]
pub struct Client<'a> {
    /// The client identifier.
    pub id: Seen<Cow<'a, str>>,
    /// Where `id` comes from.
    pub id_source: Option<ClientIdSource>,
    /// How the client authenticated, or tried to.
    pub auth_method: Option<ClientAuthMethod>,
    /// Whether the authorization server accepted the authentication; `None` when it did not say.
    pub authenticated: Option<bool>,
    /// Every method that was tried, where it was more than one.
    pub tried: Vec<ClientAuthMethod>,
    /// Sources that name another client than `id`.
    pub contradicted_by: Vec<ClientIdSource>,
    /// Basic credentials whose id cannot be told: a URL whose `:` is not encoded.
    pub ambiguous: bool,
    /// The client assertion, or the secret where it is a JWT.
    pub assertion: Option<SignedMessage<'a>>,
}

/// PROTOCOL §2.3.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ClientIdSource {
    /// `sub` of the client attestation (draft-ietf-oauth-attestation-based-client-auth).
    Attestation,
    /// The user part of HTTP Basic, form-decoded.
    Basic,
    /// `sub` of the client assertion.
    ClientAssertion,
    /// `client_id` of body or query.
    Parameter,
    /// `client_id`, `azp` or `aud` of the response.
    Response,
    /// `client_id`, `azp`, `appid` or `cid` of a presented access token.
    Token,
}

/// OIDC Core §9; RFC 6749 §2.3; RFC 7523 §2.2.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ClientAuthMethod {
    /// A client attestation (draft-ietf-oauth-attestation-based-client-auth).
    AttestJwtClientAuth,
    /// HTTP Basic.
    ClientSecretBasic,
    /// An assertion with a symmetric `alg`.
    ClientSecretJwt,
    /// `client_secret` in the body.
    ClientSecretPost,
    /// None visible.
    None,
    /// An assertion with an asymmetric `alg`.
    PrivateKeyJwt,
    /// A SAML 2.0 assertion (RFC 7522 §2.2).
    Saml2,
    /// More than one of the above: an error by RFC 6749 §2.3.
    Several,
    /// A client certificate beside `client_id`, where certificates are OAuth clients' (RFC 8705 §2); of either kind.
    TlsClientAuth,
}
