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

mod exchange;
mod request;
mod response;
mod token;
mod trail;

pub use exchange::*;
pub use request::*;
pub use response::*;
pub use token::*;
pub use trail::*;

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
