//! What one HTTP exchange said, in the protocol's terms: the only thing that leaves the `oauth` layer.
//!
//! Borrows from the exchange. Secrets stay in [`Secret`]; a value that must correlate two messages is a [`Link`].

use std::borrow::Cow;

use super::circumstances::Circumstances;
use super::endpoint::EndpointKind;
use super::event::ProtocolEvent;
use super::messages::{
    CibaRequest, ClientMetadata, DeviceAuthorization, EntityStatement, Exchanged, KeySet, Named, PushedRequest,
    ServerMetadata, TokenQuery, VendorError,
};
use super::party::Side;
use super::provider::Means;
use super::signature::SignatureCheck;
use crate::body::Completeness;
use crate::secret::Secret;
use crate::seen::{Malformation, Seen};

/// One protocol event of an exchange. An exchange can yield several (single sign-on: request and response in one).
#[derive(Debug)]
pub struct Observation<'a> {
    /// What happened.
    pub event: ProtocolEvent,
    /// How it ended (PROTOCOL §1.6).
    pub outcome: Outcome,
    /// Why the outcome is what it is, where `error` does not say it.
    pub reason: Option<Reason>,
    /// The OAuth error response, if one was seen.
    pub error: Option<OAuthError<'a>>,
    /// How the endpoint or message was recognised.
    pub recognition: Recognition,
    /// The issuer whose endpoint this is; `None` when only the shape is known.
    pub issuer: Option<Cow<'a, str>>,
    /// At which endpoint it happened, for events that can happen at several.
    pub endpoint_kind: Option<EndpointKind>,
    /// The provider profile that is configured for the issuer.
    pub provider: Option<&'a str>,
    /// Realm, tenant or authorization server id taken from the path by a profile.
    pub tenant: Option<Cow<'a, str>>,
    /// The request path with its variable parts replaced by `{name}`; never the query.
    pub path_template: Cow<'a, str>,
    /// The client, as the message names it.
    pub client: Client<'a>,
    /// Whom the message is about, where it says so itself.
    pub subject: Option<Subject<'a>>,
    /// The event's own content.
    pub message: Message<'a>,
    /// Values that this exchange shares with another one. Secret until keyed.
    pub links: Vec<Link<'a>>,
    /// Secrets and other unrecorded members that were malformed, by the record's name for them (`request.code`).
    pub malformed: Vec<(&'static str, Malformation)>,
    /// Names of parameters that were sent more than once and may not be, at most 32: which of them counted is unknowable.
    pub ambiguous: Vec<Cow<'a, str>>,
    /// Groups of fields that could not be read, in the order of [`Hidden`], each once: what is absent of them was not seen.
    pub hidden: Vec<Hidden>,
    /// How much of the two bodies this rests on.
    pub integrity: Integrity,
    /// Who was asked.
    pub side: Side,
    /// Whether the authorization server is the client of another one here (PROTOCOL §1.5).
    pub broker: bool,
    /// The strongest value of the flow with that other authorization server, where this exchange shows both flows.
    pub upstream: Option<Link<'a>>,
    /// What rules rest on beside what is recorded.
    pub circumstances: Circumstances<'a>,
}

/// A group of fields that was there and could not be read (PROTOCOL §2.5). No finding may rest on the absence of one.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Hidden {
    /// What stands in a fragment: a browser does not send it.
    Fragment,
    /// Claims of an encrypted ID token.
    JweIdToken,
    /// Parameters in an encrypted request object (RFC 9101 §6.1).
    JweRequest,
    /// Members of an encrypted response: JARM, introspection (RFC 9701).
    JweResponse,
    /// Claims of an encrypted UserInfo response.
    JweUserinfo,
    /// Claims of an access token that is opaque or encrypted.
    OpaqueAt,
    /// Everything: the proxy passes the connection on as it is.
    TlsPassthrough,
    /// The end of a body.
    Truncated,
    /// A body whose coding could not be undone.
    Undecoded,
}

impl Observation<'_> {
    /// Adds a hidden group.
    pub fn hide(&mut self, group: Hidden) {
        if let Err(place) = self.hidden.binary_search(&group) {
            self.hidden.insert(place, group);
        }
    }
}

/// PROTOCOL §1.6.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It did what was asked.
    Success,
    /// It was refused.
    Failure,
    /// It goes on elsewhere.
    Pending,
    /// Not observable.
    Unknown,
}

/// The closed vocabulary of `reason`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reason {
    /// The response body could not be unpacked.
    BodyEncoding,
    /// A body was cut by a limit or by the end of the stream, and the outcome rests on it.
    BodyTruncated,
    /// A body was whole and could not be parsed.
    BodyUnparseable,
    /// The provider refused what the end-user proved with. Wrong, locked, disabled and unknown are not told apart.
    CredentialsRejected,
    /// The answer is encrypted to somebody else.
    Encrypted,
    /// Only the HTTP status says so.
    HttpStatus,
    /// The token that was asked about is of no use any more, or never was.
    Inactive,
    /// The end-user must act.
    Interaction,
    /// The proxy answered itself.
    LocalReply,
    /// No response was seen.
    NoResponse,
    /// The copy that the caller has is still right (RFC 9110 §15.4.5).
    NotModified,
    /// An OAuth error response.
    OauthError,
    /// A poll that must be repeated.
    Poll,
    /// To be repeated with the nonce just given.
    RetryNonce,
}

/// RFC 6749 §4.1.2.1, §5.2; RFC 6750 §3.
#[derive(Debug)]
pub struct OAuthError<'a> {
    /// The code, verbatim up to 64 characters; `Malformed(Type)` when it has characters outside RFC 6749 §5.2.
    pub code: Seen<Cow<'a, str>>,
    /// Free text: may hold personal data, is scrubbed or dropped by the privacy profile.
    pub description: Seen<Cow<'a, str>>,
    /// Where more is said; only its authority is recorded.
    pub uri: Seen<Cow<'a, str>>,
}

/// How something was recognised (PROTOCOL §1.3, §1.4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Recognition {
    /// The tier that decided.
    pub tier: Tier,
    /// The shape rule (`H-05`) or the rule of a tier (`token_endpoint`).
    pub rule: &'static str,
    /// How sure that makes us.
    pub confidence: Confidence,
}

/// PROTOCOL §1.3.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Tier {
    /// T0: the operator's endpoint map.
    Configured,
    /// T1: the issuer's metadata document.
    Discovered,
    /// T2: a provider's paths.
    Profile,
    /// T3: a message shape.
    Heuristic,
}

/// PROTOCOL §1.4.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Confidence {
    /// Off by default.
    Low,
    /// Known look-alikes.
    Medium,
    /// Look-alikes are rare.
    High,
    /// Nothing else looks like this.
    Certain,
}

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

/// A JWT that carries a message or an authentication, from outside: JAR, JARM, client assertion. Of a JWE nothing but the
/// header is readable.
#[derive(Clone, Debug, Default)]
pub struct SignedMessage<'a> {
    /// Five parts.
    pub encrypted: bool,
    /// JOSE header `alg`.
    pub alg: Seen<Cow<'a, str>>,
    /// JOSE header `enc` of a JWE.
    pub enc: Seen<Cow<'a, str>>,
    /// JOSE header `kid`.
    pub kid: Seen<Cow<'a, str>>,
    /// JOSE header `typ`.
    pub typ: Seen<Cow<'a, str>>,
    /// Members of the JOSE header that point to a key or carry one: `jku`, `jwk`, `x5c`, `x5u`.
    pub key_references: Vec<&'static str>,
    /// `iss`
    pub iss: Seen<Cow<'a, str>>,
    /// `aud`, one or many.
    pub aud: Seen<Vec<Cow<'a, str>>>,
    /// `exp` in seconds since the epoch.
    pub exp: Seen<u64>,
    /// `iat` in seconds since the epoch.
    pub iat: Seen<u64>,
    /// `nbf` in seconds since the epoch.
    pub nbf: Seen<u64>,
    /// Whether it has a `jti`.
    pub jti: bool,
    /// Whether a key of its sender signed it.
    pub signature: SignatureCheck,
    /// What its claims say beside the message.
    pub checks: TokenChecks,
}

/// A DPoP proof (RFC 9449 §4.2). Its signature is not checked, and its age is the rules' to judge.
#[derive(Debug, Default)]
pub struct DpopProof<'a> {
    /// JOSE header `alg`; malformed where the field is no JWT, or was sent twice.
    pub alg: Seen<Cow<'a, str>>,
    /// `ath`, with the access token of the request; `None` where it carries none.
    pub ath: Option<Comparison>,
    /// The key, with that which the access token is bound to; `None` where that is not known.
    pub bound: Option<Comparison>,
    /// `htm`, with the method.
    pub htm: Option<Comparison>,
    /// `htu`, with authority and path.
    pub htu: Option<Comparison>,
    /// `iat` in seconds since the epoch.
    pub iat: Seen<u64>,
    /// Whether it has a `jti`.
    pub jti: bool,
    /// JOSE header `jwk`: a public key, or wrong.
    pub jwk: Option<Comparison>,
    /// Whether it has a `nonce`.
    pub nonce: bool,
    /// JOSE header `typ`.
    pub typ: Option<Comparison>,
}

impl DpopProof<'_> {
    /// The comparisons that were made, by the member of the proof, in the order of the names.
    pub fn made(&self) -> impl Iterator<Item = (&'static str, Comparison)> {
        let all = [
            ("ath", self.ath),
            ("bound", self.bound),
            ("htm", self.htm),
            ("htu", self.htu),
            ("jwk", self.jwk),
            ("typ", self.typ),
        ];
        all.into_iter().filter_map(|(member, verdict)| Some((member, verdict?)))
    }
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

/// A subject as a message names it. `sub` and `username` are personal data: what of them is recorded is the privacy profile's choice.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The issuer that the subject identifier belongs to.
    pub issuer: Option<Cow<'a, str>>,
    /// The subject identifier.
    pub sub: Seen<Cow<'a, str>>,
    /// What that rests on.
    pub trust: Trust,
}

/// PROTOCOL §1.9.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trust {
    /// Presented by a browser to a party whose answer does not tell whether it was believed.
    Claimed,
    /// It came from the authorization server over the observed hop.
    Direct,
    /// Presented by a browser or any caller.
    Unverified,
    /// The signature was checked.
    Verified,
}

/// The event's own content.
#[derive(Debug)]
pub enum Message<'a> {
    /// `authorization.request`, `authorization.initiated`, `request_object.fetched`
    AuthorizationRequest(Box<AuthorizationRequest<'a>>),
    /// `authorization.response`, `authorization.error`, `callback.received`
    AuthorizationResponse(Box<AuthorizationResponse<'a>>),
    /// `bearer.*`
    Bearer(Box<Bearer<'a>>),
    /// `ciba.request`
    Ciba(Box<CibaRequest<'a>>),
    /// `device.authorization`
    DeviceAuthorization(Box<DeviceAuthorization<'a>>),
    /// `federation.fetched`
    Entity(Box<EntityStatement<'a>>),
    /// `client.metadata_fetched`, and documents whose content is not looked at.
    Fetched,
    /// `login.attempt`, `consent.decision`, `interaction.step`
    Interaction(Box<Interaction<'a>>),
    /// `jwks.fetched`
    KeySet(Box<KeySet<'a>>),
    /// `login.initiated_by_third_party`
    LoginInitiation(Box<LoginInitiation<'a>>),
    /// `logout.*`
    Logout(Box<Logout<'a>>),
    /// `discovery.fetched`
    Metadata(Box<ServerMetadata<'a>>),
    /// `credential.issued`, `device.user_code`, `oauth.unknown`, `security.dpop_nonce`, `session.*`
    Named(Box<Named<'a>>),
    /// `challenge.response`, `par.request`
    Pushed(Box<PushedRequest<'a>>),
    /// `client.registered`, `client.read`, `client.updated`, `client.deleted`
    Registration(Box<ClientMetadata<'a>>),
    /// `signal.received`
    Signal(Box<Signal<'a>>),
    /// `token.*`, `ciba.notified`, `ciba.pushed`, `client.auth_failed` at the token endpoint
    Token(Box<TokenExchange<'a>>),
    /// `token.introspected`, `token.revoked`, `token.validated_legacy`
    TokenQuery(Box<TokenQuery<'a>>),
    /// `userinfo.accessed`
    Userinfo(Box<Userinfo<'a>>),
}

/// An authorization request (RFC 6749 §4.1.1, OIDC Core §3.1.2.1). Secrets of it are [`Link`]s.
#[derive(Debug, Default)]
pub struct AuthorizationRequest<'a> {
    /// How it came.
    pub delivery: Option<Delivery>,
    /// `plain`, `request`, `request_uri` or `par`.
    pub form: Option<RequestForm>,
    /// The request object, where it came by value and is a JWT.
    pub object: Option<SignedMessage<'a>>,
    /// Parameters that stand in the request object and, with another value, beside it.
    pub object_differs: Vec<&'static str>,
    /// Sorted and deduplicated by nobody: the words of `response_type`, sorted.
    pub response_type: Seen<Vec<Cow<'a, str>>>,
    /// `response_mode`
    pub response_mode: Seen<Cow<'a, str>>,
    /// `redirect_uri`, unsanitised.
    pub redirect_uri: Seen<Cow<'a, str>>,
    /// The words of `scope`, in order.
    pub scope: Seen<Vec<Cow<'a, str>>>,
    /// The words of `prompt`.
    pub prompt: Seen<Vec<Cow<'a, str>>>,
    /// `max_age` in seconds.
    pub max_age: Seen<u64>,
    /// The words of `acr_values`.
    pub acr_values: Seen<Vec<Cow<'a, str>>>,
    /// `display`
    pub display: Seen<Cow<'a, str>>,
    /// The words of `ui_locales`.
    pub ui_locales: Seen<Vec<Cow<'a, str>>>,
    /// Names of the claims asked for with the `claims` parameter.
    pub claims: Seen<Vec<Cow<'a, str>>>,
    /// `resource`, which may be repeated (RFC 8707 §2).
    pub resource: Vec<Cow<'a, str>>,
    /// `audience`, which may be repeated.
    pub audience: Vec<Cow<'a, str>>,
    /// `type` of each member of `authorization_details` (RFC 9396 §2).
    pub authorization_details: Seen<Vec<Cow<'a, str>>>,
    /// `code_challenge_method`
    pub code_challenge_method: Seen<Cow<'a, str>>,
    /// `login_hint`: personal data.
    pub login_hint: Seen<Cow<'a, str>>,
    /// `domain_hint`, `kc_idp_hint`, `idp`, `connection`, `identity_provider`: whichever was sent first.
    pub idp_hint: Seen<Cow<'a, str>>,
    /// Length in bytes of `state`.
    pub oauth_state: Seen<usize>,
    /// Length in bytes of `nonce`.
    pub oidc_nonce: Seen<usize>,
    /// Length in bytes of `code_challenge`.
    pub code_challenge: Seen<usize>,
    /// Whether an `id_token_hint` was sent.
    pub id_token_hint: bool,
    /// The authorization endpoint that the browser is sent to, unsanitised: of a request seen where it begins.
    pub target: Seen<Cow<'a, str>>,
    /// Names of parameters that we do not know, at most 32.
    pub unknown_parameters: Vec<Cow<'a, str>>,
}

/// How a request or response of the front channel travelled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Delivery {
    /// In the fragment of a redirect.
    Fragment,
    /// In a self-submitting form (OAuth 2.0 Form Post Response Mode).
    FormPost,
    /// In a JSON answer to a script of the authorization server.
    Json,
    /// On a page of the authorization server.
    Page,
    /// In a request body.
    Post,
    /// In the query of a redirect or request.
    Query,
    /// In a script of a page: a message to another window, or a redirect.
    Script,
}

/// Where the parameters of an authorization request are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RequestForm {
    /// As plain parameters.
    Plain,
    /// RFC 9101 by value.
    Request,
    /// RFC 9101 by reference.
    RequestUri,
    /// RFC 9126.
    Par,
}

/// An authorization response or error response (RFC 6749 §4.1.2, OIDC Core §3.1.2.5, §3.2.2.5).
#[derive(Debug, Default)]
pub struct AuthorizationResponse<'a> {
    /// How it went to the browser.
    pub delivery: Option<Delivery>,
    /// The redirection endpoint that it went to, with query and fragment: sanitised by the record layer.
    pub redirect_uri: Seen<Cow<'a, str>>,
    /// Names of the members that were present, of those we know.
    pub members: Vec<&'static str>,
    /// `iss` (RFC 9207).
    pub iss: Seen<Cow<'a, str>>,
    /// Granted scope.
    pub scope: Seen<Vec<Cow<'a, str>>>,
    /// Lifetime of the access token in seconds.
    pub expires_in: Seen<u64>,
    /// `token_type`
    pub token_type: Seen<Cow<'a, str>>,
    /// Length in bytes of the authorization code.
    pub code: Seen<usize>,
    /// The response as a JWT (JARM).
    pub jarm: Option<SignedMessage<'a>>,
    /// The ID token of an implicit or hybrid response.
    pub id_token: Option<IdToken<'a>>,
    /// The access token of an implicit or hybrid response.
    pub access_token: Option<AccessToken<'a>>,
    /// At the client: whether its answer sets a cookie, so that a session may have begun.
    pub set_cookie: bool,
}

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

/// An access token, from outside. The token itself is a [`Link`].
#[derive(Debug, Default)]
pub struct AccessToken<'a> {
    /// What it looks like.
    pub format: Option<TokenFormat>,
    /// Names of the claims of a JWT, at most 64.
    pub claim_names: Vec<Cow<'a, str>>,
    /// `exp` of a JWT in seconds since the epoch.
    pub exp: Seen<u64>,
    /// How the token is bound to its holder (`cnf` members: `jkt`, `x5t#S256`).
    pub cnf: Vec<&'static str>,
    /// What a presented JWT says of itself.
    pub presented: Option<Box<PresentedToken<'a>>>,
}

/// What a JWT says that somebody presented (RFC 9068 §2.2). Anybody can write one.
#[derive(Debug, Default)]
pub struct PresentedToken<'a> {
    /// JOSE header `alg`.
    pub alg: Seen<Cow<'a, str>>,
    /// JOSE header `kid`.
    pub kid: Seen<Cow<'a, str>>,
    /// JOSE header `typ`.
    pub typ: Seen<Cow<'a, str>>,
    /// `iss`
    pub iss: Seen<Cow<'a, str>>,
    /// `aud`, one or many.
    pub aud: Seen<Vec<Cow<'a, str>>>,
    /// The words of `scope` or `scp`.
    pub scope: Seen<Vec<Cow<'a, str>>>,
    /// `iat` in seconds since the epoch.
    pub iat: Seen<u64>,
    /// `acr`
    pub acr: Seen<Cow<'a, str>>,
    /// `auth_time` in seconds since the epoch.
    pub auth_time: Seen<u64>,
    /// What that rests on.
    pub trust: Option<Trust>,
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
    /// Whether a DPoP proof was sent (RFC 9449).
    pub dpop: bool,
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

impl AccessToken<'_> {
    /// Whether nothing of its claims can be read.
    #[must_use]
    pub fn hides_claims(&self) -> bool {
        matches!(self.format, Some(TokenFormat::Jwe | TokenFormat::Opaque))
    }
}

/// What a token looks like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenFormat {
    /// Five base64url parts.
    Jwe,
    /// Three base64url parts.
    Jwt,
    /// Anything else.
    Opaque,
}

/// The ID token's claims, each read on its own (OIDC Core §2).
#[derive(Debug, Default)]
pub struct IdToken<'a> {
    /// Five parts: nothing but the header is readable.
    pub encrypted: bool,
    /// JOSE header `alg`.
    pub alg: Seen<Cow<'a, str>>,
    /// JOSE header `kid`.
    pub kid: Seen<Cow<'a, str>>,
    /// A member of the JOSE header that brings its own key: `jku`, `x5u` or `jwk`.
    pub key_reference: Option<&'static str>,
    /// `iss`
    pub iss: Seen<Cow<'a, str>>,
    /// `sub`: personal data.
    pub sub: Seen<Cow<'a, str>>,
    /// `aud`, one or many.
    pub aud: Seen<Vec<Cow<'a, str>>>,
    /// `azp`
    pub azp: Seen<Cow<'a, str>>,
    /// `exp` in seconds since the epoch.
    pub exp: Seen<u64>,
    /// `iat` in seconds since the epoch.
    pub iat: Seen<u64>,
    /// `auth_time` in seconds since the epoch.
    pub auth_time: Seen<u64>,
    /// `acr`
    pub acr: Seen<Cow<'a, str>>,
    /// `amr`
    pub amr: Seen<Vec<Cow<'a, str>>>,
    /// Claims that identify a person: personal data.
    pub identity: Vec<IdentityClaim<'a>>,
    /// `email_verified`
    pub email_verified: Seen<bool>,
    /// `phone_number_verified`
    pub phone_number_verified: Seen<bool>,
    /// Names of all claims, sorted, at most 64.
    pub claim_names: Vec<Cow<'a, str>>,
    /// JOSE header `typ`.
    pub typ: Seen<Cow<'a, str>>,
    /// Members of the JOSE header that point to a key or carry one: `jku`, `jwk`, `x5c`, `x5u`.
    pub key_references: Vec<&'static str>,
    /// It was read although its base64url is not that of RFC 7515 §2: padding, or the other alphabet.
    pub lenient: bool,
    /// Whether a key of its issuer signed it.
    pub signature: SignatureCheck,
    /// What its claims say beside the message that it came in.
    pub checks: TokenChecks,
    /// Where it came from.
    pub trust: Option<Trust>,
}

/// What the claims of a token say beside what came with it; `None` where there is nothing to compare with. None of it
/// was enforced by anybody.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct TokenChecks {
    /// `at_hash`, with the access token of the same response (OIDC Core §3.1.3.6).
    pub at_hash: Option<Comparison>,
    /// `aud`, with the client.
    pub aud: Option<Comparison>,
    /// `azp`, with the client; missing only beside several audiences.
    pub azp: Option<Comparison>,
    /// `c_hash`, with the code of the same response (OIDC Core §3.3.2.11).
    pub c_hash: Option<Comparison>,
    /// `exp`: wrong where it is not after `iat`. Whether it has passed is not looked at.
    pub exp: Option<Comparison>,
    /// `iss`, with the issuer whose endpoint this is.
    pub iss: Option<Comparison>,
    /// `nonce`, with the request of the same exchange; else it is a link.
    pub nonce: Option<Comparison>,
    /// `s_hash`, with the state of the same response (FAPI 1.0 Part 2 §5.1.1).
    pub s_hash: Option<Comparison>,
}

impl TokenChecks {
    /// Those that were made, by the name of the claim, in the order of the names.
    pub fn made(&self) -> impl Iterator<Item = (&'static str, Comparison)> {
        let all = [
            ("at_hash", self.at_hash),
            ("aud", self.aud),
            ("azp", self.azp),
            ("c_hash", self.c_hash),
            ("exp", self.exp),
            ("iss", self.iss),
            ("nonce", self.nonce),
            ("s_hash", self.s_hash),
        ];
        all.into_iter().filter_map(|(claim, verdict)| Some((claim, verdict?)))
    }
}

/// What a comparison gave.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Comparison {
    /// It was not sent.
    Missing,
    /// It is what it must be.
    Right,
    /// It cannot be compared: an algorithm that is not built in.
    Unchecked,
    /// It is something else.
    Wrong,
}

impl Comparison {
    /// The word that a record uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Right => "right",
            Self::Unchecked => "unchecked",
            Self::Wrong => "wrong",
        }
    }
}

impl Hidden {
    /// The word that a record uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fragment => "fragment",
            Self::JweIdToken => "jwe_id_token",
            Self::JweRequest => "jwe_request",
            Self::JweResponse => "jwe_response",
            Self::JweUserinfo => "jwe_userinfo",
            Self::OpaqueAt => "opaque_at",
            Self::TlsPassthrough => "tls_passthrough",
            Self::Truncated => "truncated",
            Self::Undecoded => "undecoded",
        }
    }
}

/// A claim that names a person (PROTOCOL §5.4, class "PII identifier").
#[derive(Debug)]
pub struct IdentityClaim<'a> {
    /// Which.
    pub kind: IdentityKind,
    /// Its value.
    pub value: Cow<'a, str>,
}

/// PROTOCOL §5.4.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum IdentityKind {
    /// `email`
    Email,
    /// `phone_number`
    PhoneNumber,
    /// `preferred_username`, `upn`, `unique_name`, `cognito:username`: whichever was sent first.
    PreferredUsername,
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

/// A logout request or its completion (OpenID Connect RP-Initiated Logout 1.0 §2, §3).
#[derive(Debug, Default)]
pub struct Logout<'a> {
    /// How it came.
    pub delivery: Option<Delivery>,
    /// `post_logout_redirect_uri`, or an alias of a provider; unsanitised.
    pub post_logout_redirect_uri: Seen<Cow<'a, str>>,
    /// Where the answer sent the browser, unsanitised.
    pub target: Seen<Cow<'a, str>>,
    /// `logout_hint`: personal data.
    pub logout_hint: Seen<Cow<'a, str>>,
    /// Whether an `id_token_hint` was sent.
    pub id_token_hint: bool,
    /// Claims of the `id_token_hint`: anybody can write them.
    pub hint: Option<IdToken<'a>>,
    /// Whether the answer deletes a cookie.
    pub cookie_cleared: bool,
    /// Whether this is a client's redirect to the authorization server.
    pub redirected: bool,
    /// `iss` of a front-channel logout.
    pub iss: Seen<Cow<'a, str>>,
    /// The clients that a logout page tells by frames, unsanitised, at most 16.
    pub targets: Vec<Cow<'a, str>>,
    /// The logout token of a back-channel logout.
    pub token: Option<AccessToken<'a>>,
    /// Names of the members of its `events`, at most 16.
    pub events: Vec<Cow<'a, str>>,
    /// Names of parameters that we do not know, at most 32.
    pub unknown_parameters: Vec<Cow<'a, str>>,
}

/// A third party begins a login at a client (OIDC Core §4).
#[derive(Debug, Default)]
pub struct LoginInitiation<'a> {
    /// How it came.
    pub delivery: Option<Delivery>,
    /// `iss`
    pub iss: Seen<Cow<'a, str>>,
    /// `target_link_uri`, unsanitised.
    pub target: Seen<Cow<'a, str>>,
    /// `login_hint`: personal data.
    pub login_hint: Seen<Cow<'a, str>>,
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

/// What was seen of a provider's own page (PROTOCOL §2.6).
#[derive(Debug, Default)]
pub struct Interaction<'a> {
    /// The adapter that judged it; `generic` without one, `token_endpoint` for a grant.
    pub adapter: Option<&'a str>,
    /// What kind of thing told the outcome.
    pub evidence: Option<&'static str>,
    /// By which means the end-user proved who they are.
    pub means: Option<Means>,
    /// The provider's own code for the outcome, at most 64 characters of `[A-Za-z0-9._:#-]`.
    pub code: Option<String>,
    /// Scopes that a consent form sent.
    pub scope: Seen<Vec<Cow<'a, str>>>,
    /// The user's name as it was typed, if it was read: personal data, and people type passwords there.
    pub username: Seen<Cow<'a, str>>,
    /// Which step of a flow it is, of a closed list.
    pub step: Option<&'static str>,
}

/// A value that another exchange will show again: recorded as a keyed hash only (PROTOCOL §3).
#[derive(Debug)]
pub struct Link<'a> {
    /// What it is, which also decides the key and the namespace.
    pub role: LinkRole,
    /// What makes the value unique: empty for high-entropy values, else the issuer (PROTOCOL §3.3).
    pub scope: Cow<'a, str>,
    /// The fully decoded octets.
    pub value: Secret<Cow<'a, [u8]>>,
}

/// Roles of PROTOCOL §3.3, as far as they are built.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum LinkRole {
    /// Actor token of an exchange, label `tok`.
    Actor,
    /// An assertion that is a grant, label `tok`.
    Assertion,
    /// Access token, label `tok`.
    At,
    /// `jti` of a client assertion, scope client id.
    Cajti,
    /// Client certificate, as `x5t#S256`.
    Cert,
    /// `auth_req_id`
    Ciba,
    /// Authorization code.
    Code,
    /// Device code.
    Dev,
    /// `jti` of a DPoP proof, scope thumbprint of its key.
    Dpjti,
    /// Thumbprint of a DPoP key (RFC 7638).
    Dpop,
    /// Device secret (Native SSO 1.0 §3.2).
    Dsec,
    /// ID token or hint, whole, label `tok`.
    Idt,
    /// Handle of an interaction, scope authority.
    Ix,
    /// `jti` of an access or ID token, scope issuer.
    Jti,
    /// `state` of a logout request and of its return.
    Lstate,
    /// `nonce`
    Nonce,
    /// PAR `request_uri`.
    Par,
    /// The S256 challenge.
    Pkce,
    /// The whole JARM response.
    Resp,
    /// The whole request object.
    Robj,
    /// Presented refresh token, label `tok`.
    RtIn,
    /// Issued refresh token, label `tok`.
    RtOut,
    /// Session id, scope issuer.
    Sid,
    /// `state`
    State,
    /// Subject identifier, scope issuer, pseudonym key.
    Sub,
    /// Subject token of an exchange, label `tok`.
    Subj,
    /// A token of which the type is not known, label `tok`.
    Tok,
    /// `txn` of a security event token (RFC 8417 §2.2).
    Txn,
    /// User code, in its normal form.
    Ucode,
    /// User name, scope issuer, pseudonym key.
    Username,
}

/// How much of the two bodies an observation rests on, and what was met while reading.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Integrity {
    /// The request body.
    pub request_body: Completeness,
    /// The response body.
    pub response_body: Completeness,
    /// A parameter list was cut at its limit.
    pub parameters_cut: bool,
    /// Basic credentials were not form-encoded (RFC 6749 §2.3.1).
    pub basic_not_encoded: bool,
    /// `Content-Type` was missing where one is required.
    pub content_type_missing: bool,
    /// `:authority` and `Host` differ.
    pub authority_conflict: bool,
    /// The shape rule that takes the request for another kind than its endpoint is (PROTOCOL §1.3); the endpoint wins.
    pub conflict: Option<&'static str>,
    /// Another method is asked for by a field or parameter; the event rests on the real one.
    pub method_override: bool,
}
