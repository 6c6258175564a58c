//! What one HTTP exchange said, in the protocol's terms: the only thing that leaves the `oauth` layer.
//!
//! Borrows from the exchange. Secrets stay in [`Secret`](crate::secret::Secret); a value that must correlate two messages is a [`Link`].

use std::borrow::Cow;

use super::circumstances::Circumstances;
use super::endpoint::EndpointKind;
use super::event::ProtocolEvent;
use super::messages::{
    CibaRequest, ClientMetadata, DeviceAuthorization, EntityStatement, KeySet, Named, PushedRequest, ServerMetadata,
    TokenQuery,
};
use super::party::Side;
use crate::body::Completeness;
use crate::seen::{Malformation, Seen};

mod back;
mod client;
mod front;
mod links;
mod tokens;

pub use back::*;
pub use client::*;
pub use front::*;
pub use links::*;
pub use tokens::*;

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
