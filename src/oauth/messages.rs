//! Content of the messages at endpoints beside authorization, token, UserInfo and logout: a part of what
//! [`Observation`](super::Observation) says. Secrets of them are links, or one bit that says that they were there.

use std::borrow::Cow;

use super::observation::{AuthorizationRequest, BodyFormat, TokenFormat, UserinfoForm};
use crate::seen::Seen;

/// A pushed authorization request (RFC 9126 §2.1), or one to an authorization challenge endpoint, which has the same
/// parameters.
#[derive(Debug, Default)]
pub struct PushedRequest<'a> {
    /// Those of the authorization request.
    pub request: AuthorizationRequest<'a>,
    /// `username` of a first-party application: personal data, and people type passwords there.
    pub username: Seen<Cow<'a, str>>,
    /// Whether a DPoP proof was sent (RFC 9449 §10.1).
    pub dpop: bool,
    /// Lifetime of the `request_uri` in seconds.
    pub expires_in: Seen<u64>,
}

/// A question about a token, or its revocation (RFC 7662 §2.1, RFC 7009 §2.1).
#[derive(Debug, Default)]
pub struct TokenQuery<'a> {
    /// `token_type_hint`
    pub token_type_hint: Seen<Cow<'a, str>>,
    /// What the token looks like.
    pub format: Option<TokenFormat>,
    /// Whether any parameter came in the query, the token for one.
    pub parameters_in_query: bool,
    /// Whether the caller sent an access token of its own to be let in.
    pub bearer: bool,
    /// Names of parameters that we do not know, at most 32.
    pub unknown_parameters: Vec<Cow<'a, str>>,
    /// How the answer was written; `None` for a revocation.
    pub form: Option<UserinfoForm>,
    /// What the authorization server said of the token.
    pub answer: Option<IntrospectedToken<'a>>,
}

/// RFC 7662 §2.2. Its `sub` is the observation's subject.
#[derive(Debug, Default)]
pub struct IntrospectedToken<'a> {
    /// `active`
    pub active: Seen<bool>,
    /// `acr`
    pub acr: Seen<Cow<'a, str>>,
    /// `aud`, one or many.
    pub aud: Seen<Vec<Cow<'a, str>>>,
    /// `auth_time` in seconds since the epoch.
    pub auth_time: Seen<u64>,
    /// `client_id`: whose token it is.
    pub client_id: Seen<Cow<'a, str>>,
    /// Kinds of proof that the token is bound to.
    pub cnf: Vec<&'static str>,
    /// `exp` in seconds since the epoch.
    pub exp: Seen<u64>,
    /// `iat` in seconds since the epoch.
    pub iat: Seen<u64>,
    /// `iss`
    pub iss: Seen<Cow<'a, str>>,
    /// The words of `scope`.
    pub scope: Seen<Vec<Cow<'a, str>>>,
    /// `token_type`
    pub token_type: Seen<Cow<'a, str>>,
    /// `username`: personal data.
    pub username: Seen<Cow<'a, str>>,
    /// Names of all claims, at most 64.
    pub claim_names: Vec<Cow<'a, str>>,
}

/// What a token exchange adds to a token request and its answer (RFC 8693 §2).
#[derive(Debug, Default)]
pub struct Exchanged<'a> {
    /// `subject_token_type`
    pub subject_token_type: Seen<Cow<'a, str>>,
    /// `actor_token_type`
    pub actor_token_type: Seen<Cow<'a, str>>,
    /// `requested_token_type`
    pub requested_token_type: Seen<Cow<'a, str>>,
    /// `issued_token_type` of the response.
    pub issued_token_type: Seen<Cow<'a, str>>,
    /// RFC 8693 §1.1; `None` where nothing shows it.
    pub mode: Option<ExchangeMode>,
    /// `act` of the issued token (RFC 8693 §4.1), the current actor first.
    pub actors: Vec<Actor<'a>>,
    /// Whether the issued token has `may_act` (RFC 8693 §4.4).
    pub may_act: bool,
}

/// RFC 8693 §1.1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ExchangeMode {
    /// The token says who acts for whom.
    Delegation,
    /// The token is as if the subject had it.
    Impersonation,
}

/// Who acts. A subject identifier is personal data.
#[derive(Debug, Default)]
pub struct Actor<'a> {
    /// `client_id`
    pub client_id: Seen<Cow<'a, str>>,
    /// `iss`, or that of the token.
    pub issuer: Option<Cow<'a, str>>,
    /// `sub`
    pub sub: Seen<Cow<'a, str>>,
}

/// What a server adds to an OAuth error in members of its own (Entra ID).
#[derive(Debug, Default)]
pub struct VendorError<'a> {
    /// `error_codes`
    pub codes: Vec<u64>,
    /// `suberror`
    pub suberror: Seen<Cow<'a, str>>,
}

/// RFC 8628 §3.1, §3.2.
#[derive(Debug, Default)]
pub struct DeviceAuthorization<'a> {
    /// Requested scope.
    pub scope: Seen<Vec<Cow<'a, str>>>,
    /// How the body was written.
    pub body_format: Option<BodyFormat>,
    /// Names of parameters that we do not know, at most 32.
    pub unknown_parameters: Vec<Cow<'a, str>>,
    /// `verification_uri`, or Google's and Entra's `verification_url`.
    pub verification_uri: Seen<Cow<'a, str>>,
    /// Whether a URI came that holds the user code.
    pub complete: bool,
    /// Lifetime of the codes in seconds.
    pub expires_in: Seen<u64>,
    /// Seconds between polls.
    pub interval: Seen<u64>,
}

/// CIBA Core §7.1, §7.3.
#[derive(Debug, Default)]
pub struct CibaRequest<'a> {
    /// Requested scope.
    pub scope: Seen<Vec<Cow<'a, str>>>,
    /// The words of `acr_values`.
    pub acr_values: Seen<Vec<Cow<'a, str>>>,
    /// Which of the three hints named the end-user.
    pub hint: Option<&'static str>,
    /// `login_hint`: personal data.
    pub login_hint: Seen<Cow<'a, str>>,
    /// `requested_expiry`, or Okta's `request_expiry`, in seconds.
    pub requested_expiry: Seen<u64>,
    /// Whether a `binding_message` was sent; its text is for the end-user alone.
    pub binding_message: bool,
    /// Whether a `user_code` was sent, which is a secret of the end-user.
    pub user_code: bool,
    /// Whether a `client_notification_token` was sent: the client wants a ping or a push.
    pub notification: bool,
    /// Whether the parameters came in a signed request.
    pub signed: bool,
    /// Names of parameters that we do not know, at most 32.
    pub unknown_parameters: Vec<Cow<'a, str>>,
    /// Lifetime of the request in seconds.
    pub expires_in: Seen<u64>,
    /// Seconds between polls.
    pub interval: Seen<u64>,
}

/// Client metadata (RFC 7591 §2, OIDC Registration §2): as registered, or as asked for where it was refused.
#[derive(Debug, Default)]
pub struct ClientMetadata<'a> {
    /// Whether an access token came with the request.
    pub bearer: bool,
    /// Texts, by name.
    pub texts: Vec<(&'static str, Seen<Cow<'a, str>>)>,
    /// Lists of words, by name.
    pub lists: Vec<(&'static str, Seen<Vec<Cow<'a, str>>>)>,
    /// URLs, by name; of those of the authorization server only.
    pub uris: Vec<(&'static str, Seen<Vec<Cow<'a, str>>>)>,
    /// Yes or no, by name.
    pub flags: Vec<(&'static str, Seen<bool>)>,
    /// Secrets that were there, by name.
    pub secrets: Vec<&'static str>,
    /// Whether `jwks` held members of private keys.
    pub private_keys: bool,
    /// Names of all members, at most 64.
    pub names: Vec<Cow<'a, str>>,
}

/// An authorization server's metadata (OIDC Discovery §3, RFC 8414 §2), or a webfinger answer.
#[derive(Debug, Default)]
pub struct ServerMetadata<'a> {
    /// `issuer`
    pub issuer: Seen<Cow<'a, str>>,
    /// SHA-256 of the document as sent, its content coding undone.
    pub digest: Option<[u8; 32]>,
    /// Authorities of all URLs that are endpoints, sorted.
    pub authorities: Vec<String>,
    /// Whether one of these URLs is `http`.
    pub clear_text: bool,
    /// What is supported, by the member's name.
    pub supported: Vec<(&'static str, Seen<Vec<Cow<'a, str>>>)>,
    /// Yes or no, by the member's name.
    pub flags: Vec<(&'static str, Seen<bool>)>,
}

/// A JWK Set (RFC 7517 §5).
#[derive(Debug, Default)]
pub struct KeySet<'a> {
    /// SHA-256 of the document as sent, its content coding undone.
    pub digest: Option<[u8; 32]>,
    /// Its keys in order.
    pub keys: Vec<PublicKey<'a>>,
}

/// One key, without the key.
#[derive(Debug, Default)]
pub struct PublicKey<'a> {
    /// `alg`
    pub alg: Seen<Cow<'a, str>>,
    /// `crv`
    pub crv: Seen<Cow<'a, str>>,
    /// `kid`
    pub kid: Seen<Cow<'a, str>>,
    /// `kty`
    pub kty: Seen<Cow<'a, str>>,
    /// `use`
    pub purpose: Seen<Cow<'a, str>>,
    /// Bits of an RSA modulus.
    pub bits: Option<u64>,
    /// RFC 7638; `None` for a symmetric key, of which it would tell something.
    pub thumbprint: Option<String>,
    /// Whether private or symmetric members are there.
    pub private: bool,
}

/// An entity statement (OpenID Federation 1.0 §3).
#[derive(Debug, Default)]
pub struct EntityStatement<'a> {
    /// `iss`
    pub iss: Seen<Cow<'a, str>>,
    /// `sub`: an entity, no person.
    pub sub: Seen<Cow<'a, str>>,
    /// `exp` in seconds since the epoch.
    pub exp: Seen<u64>,
}

/// Names of what a message had, where nothing else of it is understood.
#[derive(Debug, Default)]
pub struct Named<'a> {
    /// A name out of the protocol's own list that the message carries: the credential that was asked for.
    pub credential: Seen<Cow<'a, str>>,
    /// How the message came, for pages.
    pub in_query: bool,
    /// Whether a user code was there.
    pub user_code: bool,
    /// Whether an access token was sent in the `Authorization` field.
    pub bearer: bool,
    /// Names of parameters, at most 32.
    pub parameters: Vec<Cow<'a, str>>,
    /// Names of members of the answer, at most 64.
    pub members: Vec<Cow<'a, str>>,
}
