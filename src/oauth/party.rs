//! Clients and resource servers: the parties that an authorization server serves, compiled, and which of their endpoints a
//! request is for. Knows paths and authorities, and no message.

use std::fmt;

use super::endpoint::{Endpoint, EndpointKind};
use super::metadata::Place;
use super::observation::Tier;
use super::policy::{Endpoints, Policy};
use crate::http::{Authority, normalise_path};

/// Whose traffic an exchange is: who was asked.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Side {
    /// The authorization server (RFC 6749 §1.1).
    #[default]
    AuthorizationServer,
    /// The client.
    RelyingParty,
    /// The resource server.
    ResourceServer,
}

/// A client or a resource server as the operator describes it.
#[derive(Clone, Debug)]
pub struct PartySettings {
    /// Which of the two; an authorization server is an [`Issuer`](super::Issuer).
    pub side: Side,
    /// `host[:port]` under which it is reached.
    pub authority: String,
    /// The identifier of the issuer that it trusts: one of the configured.
    pub issuer: Option<String>,
    /// Its endpoints, by absolute path.
    pub endpoints: Endpoints,
    /// Absolute paths at and below which a token decides nothing. Of a resource server.
    pub anonymous_paths: Vec<String>,
    /// Audiences by which it knows itself; empty: not known. Of a resource server.
    pub audiences: Vec<String>,
    /// Whether requests that were refused for want of a token are events. Of a resource server.
    pub missing_tokens: bool,
}

/// Why a party cannot be watched.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PartyProblem {
    /// Not `host` or `host:port`.
    Authority,
    /// Not an absolute path.
    Endpoint(EndpointKind),
    /// None of the issuers that are watched.
    Issuer,
}

/// A compiled client or resource server.
#[derive(Clone, Debug)]
pub struct Party {
    pub(super) side: Side,
    authority: Authority,
    /// Index of its issuer.
    pub(super) issuer: Option<usize>,
    places: Vec<Place>,
    anonymous: Vec<Vec<u8>>,
    pub(super) audiences: Vec<String>,
    pub(super) missing_tokens: bool,
}

/// The parties that own an authority, by index: the first of each side, or the one whose endpoint it is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Owners {
    pub(super) relying_party: Option<usize>,
    pub(super) resource_server: Option<usize>,
    /// The endpoint that the path is, and whose.
    pub(super) endpoint: Option<(Side, Endpoint)>,
}

impl Policy {
    /// Watches a client or a resource server too. Several may share an authority, with each other and with issuers.
    ///
    /// # Errors
    ///
    /// [`PartyProblem`], the first that is met; then nothing changed.
    pub fn watch(&mut self, settings: &PartySettings) -> Result<(), PartyProblem> {
        let authority = Authority::parse(&settings.authority).ok_or(PartyProblem::Authority)?;
        let issuer = match &settings.issuer {
            Some(name) => {
                let found = self.issuers.iter().position(|issuer| issuer.name == *name);
                Some(found.ok_or(PartyProblem::Issuer)?)
            }
            None => None,
        };
        let mut places = Vec::new();
        for (kind, path) in &settings.endpoints.0 {
            if !path.starts_with('/') {
                return Err(PartyProblem::Endpoint(*kind));
            }
            places.push(Place { kind: *kind, path: normal(path) });
        }
        let anonymous = settings.anonymous_paths.iter().map(|path| normal(path)).collect();
        let missing_tokens = settings.missing_tokens;
        let (side, audiences) = (settings.side, settings.audiences.clone());
        self.parties.push(Party { side, authority, issuer, places, anonymous, audiences, missing_tokens });
        Ok(())
    }

    /// Whether the authority is a client's or a resource server's. Allocates nothing.
    pub(super) fn has_party(&self, authority: &[u8]) -> bool {
        self.parties.iter().any(|party| party.authority.matches(authority))
    }

    /// Who owns the authority, for a path in normal form.
    pub(super) fn owners(&self, authority: &[u8], path: &[u8]) -> Owners {
        let mut owners = Owners::default();
        let own = self.parties.iter().enumerate().filter(|(_, party)| party.authority.matches(authority));
        for (index, party) in own {
            let found = party.endpoint(path).filter(|_| owners.endpoint.is_none());
            let place = match party.side {
                Side::ResourceServer => &mut owners.resource_server,
                Side::AuthorizationServer | Side::RelyingParty => &mut owners.relying_party,
            };
            if place.is_none() || found.is_some() {
                *place = Some(index);
            }
            if let Some(endpoint) = found {
                owners.endpoint = Some((party.side, endpoint));
            }
        }
        owners
    }
}

impl Party {
    fn endpoint(&self, path: &[u8]) -> Option<Endpoint> {
        let named = self.places.iter().find(|place| place.path == path);
        let metadata = self.side == Side::ResourceServer && path.starts_with(RESOURCE_METADATA);
        let kind = named.map(|place| place.kind).or(metadata.then_some(EndpointKind::PrMetadata));
        kind.map(|kind| Endpoint::of_tier(kind, Tier::Configured))
    }

    /// Whether it is reached under the authority.
    pub(super) fn owns(&self, authority: &[u8]) -> bool {
        self.authority.matches(authority)
    }

    /// Whether a token decides nothing at a path in normal form.
    pub(super) fn is_anonymous(&self, path: &[u8]) -> bool {
        let below = |open: &Vec<u8>| {
            path.strip_prefix(open.as_slice())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/") || open.ends_with(b"/"))
        };
        self.anonymous.iter().any(below)
    }
}

impl fmt::Display for PartyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authority => f.write_str("has an authority that is not host or host:port"),
            Self::Endpoint(kind) => write!(f, "has an endpoint `{}` that is no absolute path", kind.as_str()),
            Self::Issuer => f.write_str("has an issuer that is not among `issuers`"),
        }
    }
}

impl std::error::Error for PartyProblem {}

/// RFC 9728 §3: the resource's path follows.
const RESOURCE_METADATA: &[u8] = b"/.well-known/oauth-protected-resource";

fn normal(path: &str) -> Vec<u8> {
    normalise_path(path.as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::policy::IssuerSettings;
    use super::super::{Interest, Limits};
    use super::*;

    fn settings(side: Side, authority: &str, endpoints: &[(EndpointKind, &str)]) -> PartySettings {
        PartySettings {
            side,
            authority: authority.to_owned(),
            issuer: None,
            endpoints: Endpoints(endpoints.iter().map(|(kind, path)| (*kind, (*path).to_owned())).collect()),
            anonymous_paths: vec!["/public/".to_owned()],
            audiences: Vec::new(),
            missing_tokens: false,
        }
    }

    fn policy() -> Policy {
        let issuer = IssuerSettings { issuer: "https://shared.test/idp".to_owned(), ..IssuerSettings::default() };
        let mut policy = Policy::new(vec![issuer], Limits::default()).unwrap();
        for party in [
            settings(Side::RelyingParty, "shared.test", &[(EndpointKind::Callback, "/a/cb")]),
            settings(Side::RelyingParty, "shared.test", &[(EndpointKind::Callback, "/b/cb")]),
            settings(Side::ResourceServer, "api.test:8443", &[]),
        ] {
            policy.watch(&party).unwrap();
        }
        policy
    }

    #[test]
    fn an_endpoint_decides_which_of_several_parties_a_request_is_for() {
        let policy = policy();
        let seen = |authority: &str, path: &str| {
            let interest = policy.triage(authority.as_bytes(), path.as_bytes())?;
            let Interest { side, issuer, owners, .. } = interest;
            Some((side, issuer, owners.relying_party, owners.resource_server, interest.kind()))
        };
        let (server, client, resource) = (Side::AuthorizationServer, Side::RelyingParty, Side::ResourceServer);
        assert_eq!(seen("shared.test", "/x"), Some((server, Some(0), Some(0), None, None)));
        assert_eq!(
            seen("shared.test", "/b/cb?code=1"),
            Some((client, Some(0), Some(1), None, Some(EndpointKind::Callback)))
        );
        assert_eq!(seen("API.test:8443", "/x"), Some((resource, None, None, Some(2), None)));
        let metadata = Some((resource, None, None, Some(2), Some(EndpointKind::PrMetadata)));
        assert_eq!(seen("api.test:8443", "/.well-known/oauth-protected-resource/x"), metadata);
        assert_eq!(seen("api.test", "/x"), None);
    }

    #[test]
    fn a_path_is_anonymous_at_and_below_the_one_that_is_named() {
        let policy = policy();
        let party = &policy.parties[2];
        for (path, anonymous) in [("/public", true), ("/public/x", true), ("/publications", false), ("/", false)] {
            assert_eq!(party.is_anonymous(path.as_bytes()), anonymous, "{path}");
        }
    }

    #[test]
    fn a_party_that_cannot_be_watched_says_why() {
        let mut policy = policy();
        let bad = settings(Side::RelyingParty, "a b", &[]);
        assert_eq!(policy.watch(&bad), Err(PartyProblem::Authority));
        let bad = settings(Side::RelyingParty, "a", &[(EndpointKind::Login, "x")]);
        assert_eq!(policy.watch(&bad), Err(PartyProblem::Endpoint(EndpointKind::Login)));
        let bad =
            PartySettings { issuer: Some("https://other.test".to_owned()), ..settings(Side::RelyingParty, "a", &[]) };
        assert_eq!(policy.watch(&bad), Err(PartyProblem::Issuer));
        assert!(!policy.owns(b"a"));
    }
}
