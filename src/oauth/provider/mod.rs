//! What is known of particular providers: paths and quirks, as data, one file each (PROTOCOL §6).

use super::endpoint::EndpointKind;

mod keycloak;
mod oidc_provider;

/// A provider that the operator declares an issuer to be.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Provider {
    /// Keycloak
    Keycloak,
    /// node-oidc-provider with its default routes
    OidcProvider,
}

/// One path of a provider, below the issuer's own path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route {
    pub(super) template: &'static str,
    pub(super) kind: EndpointKind,
}

/// What a provider adds to the specifications.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) routes: &'static [Route],
    /// The segment before the realm in the issuer's path, and the realm's name in templates.
    pub(super) tenant: Option<(&'static str, &'static str)>,
    /// `session_state` is the plain session id, the `sid` of all tokens.
    pub(super) session_state_is_sid: bool,
    /// The member of the logout confirmation that says yes; without it the end-user stays signed in.
    pub(super) logout_consent: Option<&'static str>,
}

/// Which parameters of an authorization request count where it has a request object.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum JarSemantics {
    /// Those of the object over those beside it (OIDC Core §6.1).
    Oidc,
    /// Those of the object alone (RFC 9101 §6.3).
    Rfc9101,
}

impl JarSemantics {
    /// The configuration's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Oidc => "oidc",
            Self::Rfc9101 => "rfc9101",
        }
    }
}

impl Provider {
    /// What the provider does unless it is configured otherwise.
    pub(super) fn jar_semantics(self) -> JarSemantics {
        match self {
            Self::OidcProvider => JarSemantics::Rfc9101,
            _ => JarSemantics::Oidc,
        }
    }

    /// Every provider that has a profile.
    pub const ALL: [Self; 2] = [Self::Keycloak, Self::OidcProvider];

    /// The configuration's and the record's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keycloak => "keycloak",
            Self::OidcProvider => "oidc-provider",
        }
    }

    /// The inverse of [`Provider::as_str`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.as_str() == word)
    }

    pub(super) fn profile(self) -> &'static Profile {
        match self {
            Self::Keycloak => &keycloak::PROFILE,
            Self::OidcProvider => &oidc_provider::PROFILE,
        }
    }
}

const fn route(template: &'static str, kind: EndpointKind) -> Route {
    Route { template, kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_has_its_own_word() {
        for provider in Provider::ALL {
            assert_eq!(Provider::parse(provider.as_str()), Some(provider));
        }
    }

    #[test]
    fn templates_are_paths_without_an_end_slash() {
        for route in Provider::ALL.iter().flat_map(|provider| provider.profile().routes) {
            assert!(route.template.starts_with('/') && !route.template.ends_with('/'), "{}", route.template);
        }
    }
}
