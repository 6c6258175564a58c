//! Endpoint kinds and how a path is matched with them (PROTOCOL §1.2).

use super::observation::{Confidence, Recognition, Tier};

/// What an endpoint of an authorization server is for. Order of PROTOCOL §1.2.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum EndpointKind {
    /// RFC 6749 §3.1
    Authorization,
    /// Login, consent and other pages of a provider.
    Interaction,
    /// Where the browser comes back from an interaction.
    Resume,
    /// RFC 6749 §3.2
    Token,
    /// RFC 9126 §2
    Par,
    /// RFC 7662 §2
    Introspection,
    /// RFC 7009 §2
    Revocation,
    /// OIDC Core §5.3
    Userinfo,
    /// RFC 7517 §5
    Jwks,
    /// OIDC Discovery §4, RFC 8414 §3
    Discovery,
    /// RP-Initiated Logout 1.0 §2
    EndSession,
    /// Where the end-user's answer to "log out?" goes.
    EndSessionConfirm,
    /// Session Management 1.0 §3.3
    CheckSession,
    /// RFC 8628 §3.1
    DeviceAuthorization,
    /// RFC 8628 §3.3
    DeviceVerification,
    /// CIBA Core §7
    Ciba,
    /// RFC 7591 §3, and RFC 7592 below it
    Registration,
    /// Of the server, and none of the above: it carries no protocol message that is recorded in this version.
    Other,
}

impl EndpointKind {
    /// Every kind.
    pub const ALL: [Self; 18] = [
        Self::Authorization,
        Self::Interaction,
        Self::Resume,
        Self::Token,
        Self::Par,
        Self::Introspection,
        Self::Revocation,
        Self::Userinfo,
        Self::Jwks,
        Self::Discovery,
        Self::EndSession,
        Self::EndSessionConfirm,
        Self::CheckSession,
        Self::DeviceAuthorization,
        Self::DeviceVerification,
        Self::Ciba,
        Self::Registration,
        Self::Other,
    ];

    /// The configuration's and the record's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Authorization => "authorization",
            Self::Interaction => "interaction",
            Self::Resume => "resume",
            Self::Token => "token",
            Self::Par => "par",
            Self::Introspection => "introspection",
            Self::Revocation => "revocation",
            Self::Userinfo => "userinfo",
            Self::Jwks => "jwks",
            Self::Discovery => "discovery",
            Self::EndSession => "end_session",
            Self::EndSessionConfirm => "end_session_confirm",
            Self::CheckSession => "check_session",
            Self::DeviceAuthorization => "device_authorization",
            Self::DeviceVerification => "device_verification",
            Self::Ciba => "ciba",
            Self::Registration => "registration",
            Self::Other => "other",
        }
    }

    /// The inverse of [`EndpointKind::as_str`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The name of the rule by which a tier recognises it.
    pub(super) fn rule(self) -> &'static str {
        match self {
            Self::Authorization => "authorization_endpoint",
            Self::Token => "token_endpoint",
            Self::Userinfo => "userinfo_endpoint",
            Self::EndSession => "end_session_endpoint",
            other => other.as_str(),
        }
    }
}

/// What a path turned out to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Endpoint {
    /// What it is for.
    pub kind: EndpointKind,
    /// Who said so.
    pub recognition: Recognition,
    /// The profile's template of the path below the issuer, where a profile knows one.
    pub(super) template: Option<&'static str>,
}

impl Endpoint {
    pub(super) fn of_tier(kind: EndpointKind, tier: Tier) -> Self {
        let confidence = if tier <= Tier::Discovered { Confidence::Certain } else { Confidence::High };
        Self { kind, recognition: Recognition { tier, rule: kind.rule(), confidence }, template: None }
    }

    /// Whether the operator or the issuer itself named it.
    pub(super) fn is_named(&self) -> bool {
        self.recognition.tier <= Tier::Discovered
    }
}

/// Whether a normal path is an instance of a template: `{x}` stands for one segment. Allocates nothing.
pub(super) fn fits(template: &str, path: &[u8]) -> bool {
    let mut wanted = template.as_bytes().split(|byte| *byte == b'/');
    let mut given = path.split(|byte| *byte == b'/');
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(want), Some(have)) if want == have || (want.starts_with(b"{") && !have.is_empty()) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_takes_one_segment_for_each_variable() {
        assert!(fits("/interaction/{uid}", b"/interaction/x"));
        assert!(fits("/token", b"/token"));
        assert!(!fits("/interaction/{uid}", b"/interaction"));
        assert!(!fits("/interaction/{uid}", b"/interaction/"));
        assert!(!fits("/interaction/{uid}", b"/interaction/x/abort"));
    }

    #[test]
    fn every_kind_has_its_own_word() {
        for kind in EndpointKind::ALL {
            assert_eq!(EndpointKind::parse(kind.as_str()), Some(kind));
        }
    }
}
