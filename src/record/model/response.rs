//! What was answered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::exchange::{Pseudonym, SignedMessageSection};
use super::request::UriSection;

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
