//! The HTTP exchange around an event, and who is in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
