//! What was asked.

use serde::{Deserialize, Serialize};

use super::exchange::{DpopSection, Pseudonym, SignedMessageSection};

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
