//! Tokens from outside, and what they claim.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::exchange::Pseudonym;

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
