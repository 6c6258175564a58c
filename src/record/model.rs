//! The audit record, `oidc-audit/1`: the only exchange type that is `Serialize`. It has no field that can hold a
//! [`crate::secret::Secret`], and no member name that comes from the wire.
//!
//! Unless a field says otherwise: its member has the field's name; it is there since `oidc-audit/1`; what was absent or
//! malformed has no member, and `integrity.malformed` says which it was; a text has 1 to 256 characters, a number is at
//! most 2^53 - 1; and it is technical, that is no personal data (PROTOCOL §5.4). Readers ignore members that they do not
//! know. Fields stand in the order of their names, which is the order of the canonical form, so that writing a record
//! sorts nothing. What else that form demands is in [`crate::record::canonical`], the byte form in `docs/record-format.md`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One audit record.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct Record {
    /// Content of `audit.*` events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit: Option<Box<AuditSection>>,
    /// The client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientSection>,
    /// This record stands for several identical failures, or uses of one access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coalesced: Option<CoalescedSection>,
    /// `certain`, `high`, `medium` or `low`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<String>,
    /// Milliseconds from the start of the request to the end of the stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dur_ms: Option<u64>,
    /// At which endpoint it happened, for events that can happen at several (PROTOCOL §1.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_kind: Option<String>,
    /// Whom a federation statement is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<EntitySection>,
    /// OAuth error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// `error_description`, scrubbed; never in profile `minimal`.
    /// Personal data: `pii-possible`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
    /// Authority of `error_uri`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_uri: Option<String>,
    /// Dotted event name (PROTOCOL §1.7).
    pub event: String,
    /// The HTTP exchange.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange: Option<ExchangeSection>,
    /// What rules found in it, at most 16. As sure as `confidence`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FindingSection>,
    /// The strongest of them (PROTOCOL §3.4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow: Option<FlowSection>,
    /// Groups of fields that were there and could not be read, so that what is absent of them was not seen: `fragment`,
    /// `jwe_id_token`, `jwe_request`, `jwe_response`, `jwe_userinfo`, `opaque_at`, `tls_passthrough`, `truncated`, `undecoded`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<String>,
    /// `<stream>-<sequence>`: 32 lower-case hex digits, `-`, decimal from 1. Given when the record is sealed.
    pub id: String,
    /// Claims of the ID token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<Box<IdTokenSection>>,
    /// How much of the exchange was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integrity: Option<IntegritySection>,
    /// What was seen of a provider's own page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interaction: Option<InteractionSection>,
    /// What the authorization server said of a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection: Option<Box<IntrospectionSection>>,
    /// The issuer whose endpoint this is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Keyed hashes of values that other records share, by role; several where keys rotate (PROTOCOL §3.3).
    /// Personal data: `pseudonymous`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub join: BTreeMap<String, Vec<String>>,
    /// The keys that were published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_set: Option<Box<KeySetSection>>,
    /// What an authorization server says of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Box<MetadataSection>>,
    /// Which proxy saw it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observer: Option<ObserverSection>,
    /// `success`, `failure`, `pending` or `unknown`; absent for `audit.*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// The authenticated peer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<PeerSection>,
    /// Provider profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Why the outcome is what it is, where `error` does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// `configured`, `discovered`, `profile` or `heuristic`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recognition: Option<String>,
    /// Metadata of a client: as registered, or as asked for where it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration: Option<Box<RegistrationSection>>,
    /// What was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Box<RequestSection>>,
    /// What was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<Box<ResponseSection>>,
    /// `broker`: the authorization server is the client of another one here (PROTOCOL §1.5).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The rule that recognised it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// 16 random bytes, base64url: so that a leaf hash of guessable personal data is not guessable.
    pub salt: String,
    /// `oidc-audit/1`
    pub schema: String,
    /// Who sent the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceSection>,
    /// Whom it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<SubjectSection>,
    /// Realm or tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The access token, from outside; or the logout token or security event token that was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenSection>,
    /// Start of the request by the proxy's clock: RFC 3339, UTC, milliseconds.
    pub ts: String,
    /// Claims of the UserInfo response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo: Option<Box<UserinfoSection>>,
    /// Where the proxy stands: `idp-in`, `rp-out`, ... (PROTOCOL §0.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vantage: Option<String>,
}

/// The HTTP exchange that an event was read from.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct ExchangeSection {
    /// Host and port as the client named them, lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// 128 random bits, hex: ours. Records of one exchange share it.
    pub id: String,
    /// The filter saw this exchange in the access log phase alone: an earlier filter answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_only: Option<bool>,
    /// HTTP method, at most 16 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Whether the downstream presented a certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtls: Option<bool>,
    /// The path without its variable parts; never the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_template: Option<String>,
    /// `x-request-id`, at most 128 characters of `[A-Za-z0-9._-]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// `upstream`, `local` (the proxy answered itself) or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_source: Option<String>,
    /// `http` or `https`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// HTTP status of the response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// TLS version of the downstream connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_version: Option<String>,
    /// Trace id of a well-formed `traceparent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}

/// What was seen of a provider's own page.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct InteractionSection {
    /// The adapter that judged it (docs/providers.md); `generic` without one, `token_endpoint` for a grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adapter: Option<String>,
    /// The provider's own code for the outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What kind of thing told the outcome: `re_render`, `json_error`, `status`, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// By which means the end-user proved who they are: `password`, `otp`, `webauthn`, `magic_link`, `spnego` or `broker`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Which step of a flow it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
}

/// Who sent the request.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct SourceSection {
    /// IP address, cut to /24 or /48 in profile `minimal`.
    /// Personal data: `pii`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// `peer` or `xff`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_from: Option<String>,
    /// `User-Agent`: its family in profile `minimal`, else at most 128 characters.
    /// Personal data: `pii-weak`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// Which proxy saw it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct ObserverSection {
    /// `inbound`, `outbound`; absent when unspecified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<String>,
    /// Kubernetes namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Envoy node id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Pod name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,
    /// Istio workload name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload: Option<String>,
}

/// The authenticated peer.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct PeerSection {
    /// URI SAN of the downstream certificate.
    /// Personal data: `identifier`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spiffe_id: Option<String>,
}

/// The client.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct ClientSection {
    /// Basic credentials whose id cannot be told: a URL whose `:` is not encoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ambiguous: Option<bool>,
    /// The client assertion, or the secret where it is a JWT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assertion: Option<Box<SignedMessageSection>>,
    /// `client_secret_basic`, `client_secret_post`, `client_secret_jwt`, `private_key_jwt`, `tls_client_auth`,
    /// `attest_jwt_client_auth`, `saml2`, `none`, `several`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_method: Option<String>,
    /// Whether the authorization server accepted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authenticated: Option<bool>,
    /// Sources that name another client than `id`, in words of `id_source`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contradicted_by: Vec<String>,
    /// Client identifier.
    /// Personal data: `identifier`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `basic`, `client_assertion`, `attestation`, `parameter`, `response` or `token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_source: Option<String>,
    /// Every method that was tried, where it was more than one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<String>,
}

/// A JWT that carries a message or an authentication, from outside: JAR, JARM, client assertion.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct SignedMessageSection {
    /// JOSE header `alg`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// `aud`
    /// Personal data: `identifier`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aud: Vec<String>,
    /// As `id_token.checks`; of a client assertion, `iss` is compared with `sub`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub checks: BTreeMap<String, String>,
    /// JOSE header `enc` of a JWE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enc: Option<String>,
    /// It is a JWE: only the header was readable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<bool>,
    /// `exp` in seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<u64>,
    /// `iat` in seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
    /// `iss`
    /// Personal data: `identifier`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// It has a `jti`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<bool>,
    /// Members of the JOSE header that point to a key or carry one: `jku`, `jwk`, `x5c`, `x5u`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_references: Vec<String>,
    /// JOSE header `kid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// `nbf` in seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<u64>,
    /// `verified`, `failed` or `unchecked`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// Why it is `unchecked`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature_reason: Option<String>,
    /// JOSE header `typ`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub typ: Option<String>,
}

/// A DPoP proof (RFC 9449 §4.2). Its signature is not checked.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct DpopSection {
    /// JOSE header `alg`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// `right`, `wrong` or `missing`, by member: `ath`, `bound` (the key is that of the token), `htm`, `htu`, `jwk`, `typ`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub checks: BTreeMap<String, String>,
    /// `iat` in seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
    /// It has a `jti`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<bool>,
    /// It has a `nonce`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<bool>,
}

/// Whom it is about.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct SubjectSection {
    /// The subject identifier, where it is an e-mail address (PROTOCOL §5.4); `sub` is then absent but for profile `full`.
    /// Personal data: `pii`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Pseudonym>,
    /// Issuer of the subject identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// Subject identifier; absent in profile `minimal`, where `join.sub` stands for it, and where it is an e-mail address.
    /// Personal data: `pseudonymous`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// What the claims rest on (PROTOCOL §1.9): `direct` (from the authorization server over the observed hop), `verified`,
    /// `accepted` (presented by a caller who then succeeded) or `unverified` (presented by anybody).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<String>,
}

/// A pseudonym, and what of the value may be shown beside it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct Pseudonym {
    /// Keyed hash with `K_pii`, prefixed by the key id; several where keys rotate.
    pub hmac: Vec<String>,
    /// Shape only (`j***@example.com`); never in profile `minimal`, never for an attempt that did not succeed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mask: Option<String>,
    /// The value itself; profile `full` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// What was asked.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct RequestSection {
    /// `acr_values`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acr_values: Vec<String>,
    /// `actor_token_type`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_token_type: Option<String>,
    /// `audience`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<String>,
    /// The scheme of the `Authorization` field that held the access token: `bearer` or `dpop`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_scheme: Option<String>,
    /// `type` of each member of `authorization_details`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_details: Vec<String>,
    /// Whether a `binding_message` was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binding_message: Option<bool>,
    /// `form`, `json` or `multipart`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_format: Option<String>,
    /// Names of claims asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<String>,
    /// Length of `code_challenge`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_challenge_length: Option<u64>,
    /// `code_challenge_method`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_challenge_method: Option<String>,
    /// Whether a `code_verifier` was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_verifier: Option<bool>,
    /// Which credential was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// `query` or `post`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<String>,
    /// `display`; not in profile `minimal`.
    /// Personal data: `pii-weak`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// Whether a DPoP proof was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dpop: Option<bool>,
    /// The DPoP proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dpop_proof: Option<DpopSection>,
    /// Names of the members of `events` of a logout token or security event token (RFC 8417 §2.2).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// `plain`, `request`, `request_uri` or `par`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// `grant_type`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_type: Option<String>,
    /// Which hint named the end-user: `login_hint`, `login_hint_token` or `id_token_hint`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Whether an `id_token_hint` was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_hint: Option<bool>,
    /// `domain_hint`, `kc_idp_hint`, `idp`, `connection` or `identity_provider`.
    /// Personal data: `identifier`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idp_hint: Option<String>,
    /// `iss` of a front-channel logout or of a login that a third party began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// `login_hint`
    /// Personal data: `pii`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<Pseudonym>,
    /// `logout_hint`
    /// Personal data: `pii`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logout_hint: Option<Pseudonym>,
    /// `max_age` in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
    /// Length of `nonce`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce_length: Option<u64>,
    /// Whether a `client_notification_token` was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notification: Option<bool>,
    /// The request object (RFC 9101), where it came by value and is a JWT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<Box<SignedMessageSection>>,
    /// Parameters that stand in the request object and, with another value, beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub object_differs: Vec<String>,
    /// `redirect_out`: the request was seen as the client's redirect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_as: Option<String>,
    /// Whether any parameter of a token request came in the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters_in_query: Option<bool>,
    /// `post_logout_redirect_uri`, sanitised.
    /// Personal data: `identifier`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_logout_redirect_uri: Option<UriSection>,
    /// The words of `prompt`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prompt: Vec<String>,
    /// `redirect_uri`, sanitised.
    /// Personal data: `identifier`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<UriSection>,
    /// `requested_expiry` in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_expiry: Option<u64>,
    /// `requested_token_type`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_token_type: Option<String>,
    /// `resource`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource: Vec<String>,
    /// `response_mode`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_mode: Option<String>,
    /// The words of `response_type`, sorted, joined by one space.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_type: Option<String>,
    /// Requested scope.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<String>,
    /// Length of `state`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_length: Option<u64>,
    /// `format` of the subject identifier of a security event (RFC 9493 §3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_format: Option<String>,
    /// `subject_token_type`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_token_type: Option<String>,
    /// The authorization endpoint that the browser was sent to, or `target_link_uri`; sanitised.
    /// Personal data: `identifier`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<UriSection>,
    /// The access token was sent in more than one way, or more than once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_repeated: Option<bool>,
    /// `token_type_hint`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type_hint: Option<String>,
    /// How the access token was sent: `header`, `body` or `query`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport: Option<String>,
    /// The words of `ui_locales`; not in profile `minimal`.
    /// Personal data: `pii-weak`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ui_locales: Vec<String>,
    /// Names of unknown parameters; of all, where the message is not understood.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown_parameters: Vec<String>,
    /// Whether a user code was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_code: Option<bool>,
    /// `username` of the password grant, of a first-party application, or of a login form where those are read.
    /// Personal data: `pii`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<Pseudonym>,
}

/// A URL with what is safe to keep of it (PROTOCOL §5.3).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct UriSection {
    /// A fragment was present.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fragment: Option<bool>,
    /// Sorted names of the query parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<String>,
    /// Scheme, host, port and path.
    pub uri: String,
    /// User information was present.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo: Option<bool>,
}

/// What was answered.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct ResponseSection {
    /// Words of `acr_values` in a challenge (RFC 9470 §3).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acr_values: Vec<String>,
    /// `act` of the issued token (RFC 8693 §4.1), the current actor first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actors: Vec<ActorSection>,
    /// Schemes of the challenges that ask for a token: `bearer`, `dpop`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub challenges: Vec<String>,
    /// Length of the authorization code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_length: Option<u64>,
    /// The answer deletes a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cookie_cleared: Option<bool>,
    /// `query`, `fragment`, `form_post`, `script`, `json` or `page`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<String>,
    /// `error_codes` of Entra ID.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub error_codes: Vec<u64>,
    /// Lifetime of the access token in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
    /// How an introspection answer was written: `json`, `jws` or `jwe`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// Seconds between polls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<u64>,
    /// `iss` of an authorization response (RFC 9207).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// `issued_token_type`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<String>,
    /// The response as a JWT (JARM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jarm: Option<Box<SignedMessageSection>>,
    /// `max_age` of a challenge in seconds (RFC 9470 §3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
    /// The issued token has `may_act` (RFC 8693 §4.4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub may_act: Option<bool>,
    /// Members that were present, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
    /// `delegation` or `impersonation` (RFC 8693 §1.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// `Cache-Control: no-store` was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_store: Option<bool>,
    /// Where the browser was sent, sanitised.
    /// Personal data: `identifier`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<UriSection>,
    /// Lifetime of the refresh token in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_expires_in: Option<u64>,
    /// A refresh token was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<bool>,
    /// `resource_metadata` of a challenge (RFC 9728 §5.1), sanitised.
    /// Personal data: `identifier`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_metadata: Option<UriSection>,
    /// The refresh token differs from the one presented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotated: Option<bool>,
    /// Granted scope.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<String>,
    /// `response`, `request` or `assumed_unchanged`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope_source: Option<String>,
    /// At a client: the answer sets a cookie, so that a session may have begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_cookie: Option<bool>,
    /// `suberror` of Entra ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suberror: Option<String>,
    /// The clients that a logout page tells by frames, sanitised URLs.
    /// Personal data: `identifier`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    /// `token_type`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<String>,
    /// Authority of `verification_uri`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification_uri: Option<String>,
    /// A URI came that holds the user code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification_uri_complete: Option<bool>,
}

/// Who acts for the subject.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct ActorSection {
    /// `client_id`
    /// Personal data: `identifier`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// `sub`; its value where the profile keeps `subject.sub`.
    /// Personal data: `pseudonymous`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<Pseudonym>,
}

/// What the authorization server said of a token (RFC 7662 §2.2).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct IntrospectionSection {
    /// `acr`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// `active`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// `aud`
    /// Personal data: `identifier`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aud: Vec<String>,
    /// `auth_time` in seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<u64>,
    /// Names of the claims; not in profile `minimal`.
    /// Personal data: `pii-possible`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claim_names: Vec<String>,
    /// Number of claims.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims: Option<u64>,
    /// `client_id`: whose token it is.
    /// Personal data: `identifier`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// `jkt`, `x5t#S256`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cnf: Vec<String>,
    /// `exp` in seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<u64>,
    /// `iat` in seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
    /// `iss`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// `scope`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<String>,
    /// `token_type`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<String>,
    /// `username`
    /// Personal data: `pii`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<Pseudonym>,
}

/// Metadata of a client (RFC 7591 §2).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct RegistrationSection {
    /// An access token came with the request: nobody registers openly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token: Option<bool>,
    /// Metadata that is `true`, by its name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// `grant_types`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grant_types: Vec<String>,
    /// Names of all metadata; not in profile `minimal`.
    /// Personal data: `pii-possible`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// `jwks` held members of private keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_keys: Option<bool>,
    /// `response_types`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub response_types: Vec<String>,
    /// `scope`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<String>,
    /// Secrets that were there: `client_secret`, `registration_access_token`, `software_statement`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// Texts, by the metadata's name (`client_name`, `token_endpoint_auth_method`).
    /// Personal data: `identifier`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<String, String>,
    /// URLs, by the metadata's name: scheme, host, port and path.
    /// Personal data: `identifier`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub uris: BTreeMap<String, Vec<String>>,
}

/// What an authorization server says of itself (OIDC Discovery §3, RFC 8414 §2).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct MetadataSection {
    /// Authorities of its endpoints, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorities: Vec<String>,
    /// One of its endpoints is `http`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clear_text: Option<bool>,
    /// SHA-256 of the document as sent, hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Members that are `true`, by their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// `issuer`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// What it supports, by the member's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub supported: BTreeMap<String, Vec<String>>,
}

/// A JWK Set (RFC 7517 §5).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct KeySetSection {
    /// SHA-256 of the document as sent, hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Its keys, at most 32.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<KeySection>,
}

/// One key, without the key.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct KeySection {
    /// `alg`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// Bits of an RSA modulus.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bits: Option<u64>,
    /// `crv`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// `kid`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// `kty`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kty: Option<String>,
    /// Private or symmetric members are there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private: Option<bool>,
    /// RFC 7638, SHA-256, base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumbprint: Option<String>,
    /// `use`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(rename = "use")]
    pub use_: Option<String>,
}

/// Whom a federation statement is about (OpenID Federation 1.0 §3).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct EntitySection {
    /// `exp` in seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<u64>,
    /// `iss`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// `sub`: an entity, no person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
}

/// The access token, from outside.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct TokenSection {
    /// `acr`; like `alg`, `aud`, `auth_time`, `iat`, `iss`, `kid`, `scope`, `trust` and `typ` of a token that was presented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// JOSE header `alg`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// `aud`
    /// Personal data: `identifier`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aud: Vec<String>,
    /// `auth_time` in seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<u64>,
    /// Names of its claims; their number alone in profile `minimal`.
    /// Personal data: `pii-possible`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claim_names: Vec<String>,
    /// Number of claims.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims: Option<u64>,
    /// `jkt`, `x5t#S256`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cnf: Vec<String>,
    /// `exp` in seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<u64>,
    /// `jwt`, `jwe` or `opaque`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// `iat` in seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
    /// `iss`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// JOSE header `kid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// Words of `scope` or `scp`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<String>,
    /// What the claims rest on, as in `id_token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<String>,
    /// JOSE header `typ`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub typ: Option<String>,
}

/// Claims of the ID token (or of an `id_token_hint`).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct IdTokenSection {
    /// `acr`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// JOSE header `alg`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// `amr`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// `aud`
    /// Personal data: `identifier`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aud: Vec<String>,
    /// `auth_time` in seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<u64>,
    /// `azp`
    /// Personal data: `identifier`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azp: Option<String>,
    /// What claims say beside the message that the token came in, and no clock: `right`, `wrong`, `missing` or `unchecked`, by
    /// claim: `at_hash`, `aud`, `azp`, `c_hash`, `exp` (whether it is after `iat`), `iss`, `nonce`, `s_hash`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub checks: BTreeMap<String, String>,
    /// Names of claims; not in profile `minimal`.
    /// Personal data: `pii-possible`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claim_names: Vec<String>,
    /// Number of claims.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims: Option<u64>,
    /// `email`
    /// Personal data: `pii`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Pseudonym>,
    /// `email_verified`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// It is a JWE: only the header was readable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<bool>,
    /// `exp` in seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<u64>,
    /// `iat` in seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
    /// `iss`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// Members of the JOSE header that point to a key or carry one: `jku`, `jwk`, `x5c`, `x5u`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_references: Vec<String>,
    /// JOSE header `kid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// Its base64url is padded, or in the other alphabet (against RFC 7515 §2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lenient: Option<bool>,
    /// `phone_number`
    /// Personal data: `pii`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<Pseudonym>,
    /// `phone_number_verified`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number_verified: Option<bool>,
    /// `preferred_username` and its aliases.
    /// Personal data: `pii`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<Pseudonym>,
    /// `verified`, `failed` or `unchecked`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// Why it is `unchecked`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature_reason: Option<String>,
    /// What the claims rest on (PROTOCOL §1.9): `direct` (from the authorization server over the observed hop), `verified`,
    /// `accepted` (presented by a caller who then succeeded) or `unverified` (presented by anybody).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<String>,
    /// JOSE header `typ`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub typ: Option<String>,
}

/// Claims of the UserInfo response.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct UserinfoSection {
    /// Names of the claims; not in profile `minimal`.
    /// Personal data: `pii-possible`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claim_names: Vec<String>,
    /// Number of claims.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims: Option<u64>,
    /// `email`
    /// Personal data: `pii`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Pseudonym>,
    /// `email_verified`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// `json`, `jws` or `jwe`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// `phone_number`
    /// Personal data: `pii`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<Pseudonym>,
    /// `preferred_username` and its aliases.
    /// Personal data: `pii`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<Pseudonym>,
}

/// What one rule found (`docs/findings.md`).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct FindingSection {
    /// What it rests on: names of members, and verdicts (`redirect_uri=userinfo`); never values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// Id of the rule (`A-01`); `.attempt` follows where the exchange was refused.
    pub rule: String,
    /// `info`, `low`, `medium`, `high` or `critical`.
    pub severity: String,
}

/// The strongest anchor visible in the exchange.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct FlowSection {
    /// A join role.
    pub anchor: String,
    /// Its first value.
    pub id: String,
    /// At a broker: the id of the flow with the other authorization server, where one exchange shows both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
}

/// This record stands for several identical failures, or uses of one access token.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct CoalescedSection {
    /// How many exchanges, at least 1.
    pub count: u64,
    /// Start of the first: RFC 3339.
    pub first: String,
    /// Start of the last: RFC 3339.
    pub last: String,
}

/// How much of the exchange was seen.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct IntegritySection {
    /// Names of parameters that were sent more than once and may not be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ambiguous: Vec<String>,
    /// `:authority` and `Host` differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority_conflict: Option<bool>,
    /// Basic credentials were not form-encoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basic_not_encoded: Option<bool>,
    /// The shape rule that takes the request for another kind than its endpoint is; the endpoint wins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflict: Option<String>,
    /// `Content-Type` was missing where one is required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type_missing: Option<bool>,
    /// Members whose strings were cut at their limit (`request.scope`), sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cut: Vec<String>,
    /// Members that were sent and are no value, and why: `duplicate`, `empty`, `range`, `too_long`, `type`, `utf8`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub malformed: BTreeMap<String, String>,
    /// Another method is asked for by a field or parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method_override: Option<bool>,
    /// A parameter list was cut at its limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters_cut: Option<bool>,
    /// `complete`, `truncated`, `undecoded` or `unparseable`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_body: Option<String>,
    /// The same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_body: Option<String>,
}

/// Content of `audit.*` events.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct AuditSection {
    /// `audit.start`: SHA-256 of the effective configuration with secrets replaced by key ids, hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_digest: Option<String>,
    /// `audit.drop`: how many events were refused before they had a number, by class and reason (`failure.share`), since the last such record.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dropped: BTreeMap<String, u64>,
    /// `audit.drop`: time of the first: RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// `audit.start`: pointers of secrets that stand in the configuration itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inline_secrets: Vec<String>,
    /// `audit.start`: issuers that are watched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issuers: Vec<String>,
    /// `audit.start`: ids of the keys in use, the current one first, under `join` and `pseudonym`, and under `signing`
    /// where one is configured.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub key_ids: BTreeMap<String, Vec<String>>,
    /// `audit.start`: `configured` or `ephemeral`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<String>,
    /// `audit.drop`: time of the last: RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// `audit.drop`: sealed records that were given up since the last such record, by sink and reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loss: Vec<LossSection>,
    /// `audit.stop`: sealed batches that were given up, as ranges of sequence numbers `[from, to]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<[u64; 2]>,
    /// `audit.config.rejected`: JSON pointer and problem of each mistake.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// `audit.start`: privacy profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// `audit.start`: the stated purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// `audit.stop`: `reload` or `shutdown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// `audit.stop`: protocol records of this stream, this one not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// `audit.start`: whose key signs checkpoints: `configured`, `enrolled` or `unsigned`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing: Option<String>,
    /// `audit.start`: names of the sinks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sinks: Vec<String>,
    /// `audit.start`: version of the filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// Sealed records that one sink never acknowledged.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct LossSection {
    /// Ranges of sequence numbers of this stream, `[from, to]`, both ends included.
    pub ranges: Vec<[u64; 2]>,
    /// Name of the sink.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sink: Option<String>,
    /// `refused` (the sink refuses this record for good) or `expired` (it took too long, and memory was needed).
    pub why: String,
}
