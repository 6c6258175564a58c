//! What the operator says of the deployment, as far as rules rest on it. Everything may be left out.

use super::finding::Severity;
use super::table::Rule;

/// What rules rest on beside the exchange.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RuleSettings {
    /// Rules that are not looked at.
    pub off: Vec<Rule>,
    /// Severities that the operator chose, whatever the circumstances.
    pub severity: Vec<(Rule, Severity)>,
    /// Which profile the deployment claims to follow.
    pub baseline: Option<Baseline>,
    /// When a request without TLS is a finding.
    pub plaintext: Plaintext,
    /// What is known of clients.
    pub clients: Vec<ClientRules>,
    /// How long tokens may live.
    pub lifetimes: Lifetimes,
}

/// A profile that a deployment declares.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Baseline {
    /// FAPI 2.0 Security Profile.
    Fapi2,
    /// OAuth 2.1.
    Oauth21,
}

/// When a request without TLS is a finding. The scheme is Envoy's, who takes it from `x-forwarded-proto` where its listener trusts
/// that.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Plaintext {
    /// Every one: TLS ends here.
    Always,
    /// Those that come from a public address: nobody stands between who could have ended TLS.
    #[default]
    Auto,
    /// None: TLS ends before, and the scheme says nothing.
    Never,
}

/// What is known of one client.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ClientRules {
    /// `client_id`
    pub id: String,
    /// The issuer that it is registered with; `None`: any.
    pub issuer: Option<String>,
    /// Whether it can keep a secret (RFC 6749 §2.1).
    pub confidential: Option<bool>,
    /// Whether its requests must be pushed (RFC 9126 §6).
    pub par_required: bool,
    /// Registered redirection endpoints; empty: not known.
    pub redirect_uris: Vec<String>,
    /// Registered places to return to from a logout; empty: not known.
    pub post_logout_redirect_uris: Vec<String>,
    /// Registered places of request objects.
    pub request_uris: Vec<String>,
    /// Scopes that it may ask for; empty: not known.
    pub scopes: Vec<String>,
    /// Audiences by which tokens for it are made, where it is a resource server; empty: not known.
    pub audiences: Vec<String>,
}

/// The longest lives of tokens, in seconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Lifetimes {
    /// Of an access token that anybody can use who has it.
    pub access_token: u64,
    /// Of one that is bound to its holder.
    pub bound_access_token: u64,
    /// Of an ID token.
    pub id_token: u64,
}

/// PROTOCOL §4.4, T-24; §4.5, I-12.
impl Default for Lifetimes {
    fn default() -> Self {
        Self { access_token: 3_600, bound_access_token: 86_400, id_token: 86_400 }
    }
}

impl RuleSettings {
    /// What is known of a client of an issuer.
    pub(super) fn client(&self, id: &str, issuer: Option<&str>) -> Option<&ClientRules> {
        let same =
            |client: &&ClientRules| client.issuer.is_none() || issuer.is_none() || client.issuer.as_deref() == issuer;
        self.clients.iter().filter(|client| client.id == id).find(same)
    }
}

impl Baseline {
    /// Every baseline.
    pub const ALL: [Self; 2] = [Self::Fapi2, Self::Oauth21];

    /// The word of the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fapi2 => "fapi2",
            Self::Oauth21 => "oauth21",
        }
    }
}

impl Plaintext {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Always, Self::Never];

    /// The word of the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Auto => "auto",
            Self::Never => "never",
        }
    }
}
