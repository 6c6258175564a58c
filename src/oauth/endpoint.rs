//! Endpoint kinds and how a path is matched with them (PROTOCOL §1.2).

use super::observation::{Confidence, Recognition, Tier};

/// What an endpoint is for: those of an authorization server, then of a client, then of a resource server, in the order of
/// PROTOCOL §1.2.
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
    /// RFC 7592 §2
    ClientConfiguration,
    /// RFC 7033; OIDC Discovery §2
    Webfinger,
    /// The authorization challenge endpoint of first-party applications.
    Challenge,
    /// `OpenID4VCI` 1.0 §8
    Credential,
    /// Where sessions are ended by an administrator or an API.
    AdminSession,
    /// OpenID Federation 1.0 §8, §9
    Federation,
    /// Of a client: where it starts a flow.
    Login,
    /// Of a client: third-party initiated login (OIDC Core §4).
    InitiateLogin,
    /// Of a client: its redirection endpoint (RFC 6749 §3.1.2).
    Callback,
    /// Of a client: where the browser returns after a logout (RP-Initiated Logout 1.0 §3).
    PostLogout,
    /// Of a client: Front-Channel Logout 1.0 §2.
    FrontchannelLogout,
    /// Of a client: Back-Channel Logout 1.0 §2.2.
    BackchannelLogout,
    /// Of a client: where it ends its own session.
    LocalLogout,
    /// Of a client: CIBA Core §10.2, §10.3.
    CibaNotification,
    /// Of a client: RFC 9101 §5.2.2.
    RequestObject,
    /// Of a client: its metadata document.
    ClientMetadata,
    /// Of a client: its key set.
    ClientJwks,
    /// Of a client or resource server: RFC 8935 §2.
    SetReceiver,
    /// Of a resource server: what a token is used for (RFC 6750 §2).
    Resource,
    /// Of a resource server: RFC 9728 §3.
    PrMetadata,
    /// Of a party, and none of the above: it carries no protocol message.
    Other,
}

impl EndpointKind {
    /// Every kind.
    pub const ALL: [Self; 38] = [
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
        Self::ClientConfiguration,
        Self::Webfinger,
        Self::Challenge,
        Self::Credential,
        Self::AdminSession,
        Self::Federation,
        Self::Login,
        Self::InitiateLogin,
        Self::Callback,
        Self::PostLogout,
        Self::FrontchannelLogout,
        Self::BackchannelLogout,
        Self::LocalLogout,
        Self::CibaNotification,
        Self::RequestObject,
        Self::ClientMetadata,
        Self::ClientJwks,
        Self::SetReceiver,
        Self::Resource,
        Self::PrMetadata,
        Self::Other,
    ];

    /// Whether only clients speak there, beside the token and UserInfo endpoints: whatever a message there says it is, it
    /// is the protocol's.
    pub(super) fn is_back_channel(self) -> bool {
        matches!(
            self,
            Self::Challenge
                | Self::Ciba
                | Self::ClientConfiguration
                | Self::Credential
                | Self::DeviceAuthorization
                | Self::Introspection
                | Self::Par
                | Self::Registration
                | Self::Revocation
        )
    }

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
            Self::ClientConfiguration => "client_configuration",
            Self::Webfinger => "webfinger",
            Self::Challenge => "challenge",
            Self::Credential => "credential",
            Self::AdminSession => "admin_session",
            Self::Federation => "federation",
            Self::Login => "login",
            Self::InitiateLogin => "initiate_login",
            Self::Callback => "callback",
            Self::PostLogout => "post_logout",
            Self::FrontchannelLogout => "frontchannel_logout",
            Self::BackchannelLogout => "backchannel_logout",
            Self::LocalLogout => "local_logout",
            Self::CibaNotification => "ciba_notification",
            Self::RequestObject => "request_object",
            Self::ClientMetadata => "client_metadata",
            Self::ClientJwks => "client_jwks",
            Self::SetReceiver => "set_receiver",
            Self::Resource => "resource",
            Self::PrMetadata => "pr_metadata",
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
    /// Which route of the issuer's profile the path is, where the profile knows it.
    pub(super) route: Option<u16>,
}

impl Endpoint {
    pub(super) fn of_tier(kind: EndpointKind, tier: Tier) -> Self {
        let confidence = if tier <= Tier::Discovered { Confidence::Certain } else { Confidence::High };
        Self { kind, recognition: Recognition { tier, rule: kind.rule(), confidence }, route: None }
    }

    /// Whether only what is above it was named: its own part of the path can be anybody's.
    pub(super) fn is_below(&self) -> bool {
        self.recognition.rule.ends_with("_subpath")
    }

    /// Whether the operator or the issuer itself named it.
    pub(super) fn is_named(&self) -> bool {
        self.recognition.tier <= Tier::Discovered
    }
}

/// Whether a normal path is an instance of a template: `{x}` stands for one segment, `{x*}` for any number of them, none
/// included. `fold`: the case of letters does not matter. Allocates nothing.
pub(super) fn fits(template: &str, path: &[u8], fold: bool) -> bool {
    let mut template = template.strip_prefix('/').map(|below| below.split('/')).into_iter().flatten();
    let mut path = path.strip_prefix(b"/").map(|below| below.split(|byte| *byte == b'/')).into_iter().flatten();
    // Behind the last open variable, and the segments that it has not taken yet. Earlier ones need not take more: what
    // stands between them and it has been found.
    let mut last_open = None;
    loop {
        let same = match template.next() {
            None if path.next().is_none() => return true,
            None => false,
            Some(name) if name.starts_with('{') && name.ends_with("*}") => {
                last_open = Some((template.clone(), path.clone()));
                true
            }
            Some(name) => path.next().is_some_and(|segment| takes(name, segment, fold)),
        };
        if same {
            continue;
        }
        let Some((behind, untaken)) = &mut last_open else { return false };
        if untaken.next().is_none_or(<[u8]>::is_empty) {
            return false;
        }
        (template, path) = (behind.clone(), untaken.clone());
    }
}

fn takes(name: &str, segment: &[u8], fold: bool) -> bool {
    let same = name.as_bytes() == segment || (fold && name.as_bytes().eq_ignore_ascii_case(segment));
    same || (name.starts_with('{') && !segment.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_takes_one_segment_for_each_variable() {
        let fits = |template, path: &str| super::fits(template, path.as_bytes(), false);
        assert!(fits("/interaction/{uid}", "/interaction/x"));
        assert!(fits("/token", "/token") && fits("/", "/") && !fits("/", "/x"));
        assert!(!fits("/interaction/{uid}", "/interaction"));
        assert!(!fits("/interaction/{uid}", "/interaction/"));
        assert!(!fits("/interaction/{uid}", "/interaction/x/abort"));
    }

    #[test]
    fn an_open_variable_takes_any_number_of_segments() {
        let fits = |path: &str| super::fits("/{site*}/oauth2/token", path.as_bytes(), false);
        let fits_two = |path: &str| super::fits("/{a*}/x/{b*}/y", path.as_bytes(), false);
        assert!(fits("/oauth2/token") && fits("/a/oauth2/token") && fits("/a/b/oauth2/token"));
        assert!(!fits("/a/oauth2") && !fits("/a/oauth2/token/x") && !fits("/"));
        assert!(super::fits("/ui/{page*}", b"/ui", false) && super::fits("/ui/{page*}", b"/ui/a/b", false));
        assert!(super::fits("/Account/Login", b"/account/login", true));
        assert!(!super::fits("/Account/Login", b"/account/login", false));
        assert!(fits_two("/x/y") && fits_two("/a/x/x/b/y") && fits_two("/x/a/x/y/y"));
        assert!(!fits_two("/a/x/b") && !fits_two("/a//x/y") && !fits_two("/x//y"));
        let long = "/a".repeat(30_000);
        assert!(!fits_two(&long) && fits_two(&format!("{long}/x{long}/y")));
    }

    #[test]
    fn every_kind_has_its_own_word() {
        for kind in EndpointKind::ALL {
            assert_eq!(EndpointKind::parse(kind.as_str()), Some(kind));
        }
    }
}
