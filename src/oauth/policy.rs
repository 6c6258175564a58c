//! What is watched: the issuers of the configuration, compiled, and which of their endpoints a request is for. Clients and
//! resource servers are in [`party`](super::party).

use std::fmt;

use super::endpoint::{Endpoint, EndpointKind};
use super::keys::{Checks, Keys};
use super::limits::Limits;
use super::metadata::{Declared, Learned, MetadataError, Place};
use super::observation::{Confidence, Tier};
use super::party::{Owners, Party, Side};
use super::provider::{JarSemantics, Profile, Provider};
use crate::http::{Authority, UrlParts, normalise_path};

/// The issuers that are watched, and how much is read of their exchanges.
#[derive(Clone, Debug)]
pub struct Policy {
    /// In the order of the configuration. An index into this list names an issuer.
    pub issuers: Vec<Issuer>,
    /// How much is read.
    pub limits: Limits,
    pub(super) checks: Checks,
    /// Clients and resource servers, in the order of [`Policy::watch`].
    pub(super) parties: Vec<Party>,
    /// Stands for the issuer of a party that is known to have none.
    pub(super) nobody: Issuer,
}

/// One issuer as the operator describes it.
#[derive(Clone, Debug, Default)]
pub struct IssuerSettings {
    /// The issuer identifier, exactly as the server writes it.
    pub issuer: String,
    /// Further authorities of it (`keycloak.svc:8080`), beside the issuer identifier's own.
    pub authorities: Vec<String>,
    /// What it is, if that is known.
    pub provider: Option<Provider>,
    /// What the operator says of a provider of his own; it counts instead of `provider`'s.
    pub profile: Option<Profile>,
    /// T0: its endpoints, as far as the operator names them.
    pub endpoints: Endpoints,
    /// Which parameters count beside a request object; `None` for what its provider does.
    pub jar_semantics: Option<JarSemantics>,
    /// The certificate of a client of its back channel is the OAuth client's (RFC 8705).
    pub mtls_oauth: bool,
}

/// Endpoints by kind: absolute URLs, or absolute paths on the issuer's authorities.
#[derive(Clone, Debug, Default)]
pub struct Endpoints(pub Vec<(EndpointKind, String)>);

/// A compiled issuer.
#[derive(Clone, Debug, Default)]
pub struct Issuer {
    /// The issuer identifier.
    pub name: String,
    /// The declared provider.
    pub provider: Option<Provider>,
    own_profile: Option<Profile>,
    pub(super) authorities: Vec<Authority>,
    /// The path of the issuer identifier in normal form; empty for none.
    path: Vec<u8>,
    configured: Vec<Place>,
    pub(super) learned: Option<Vec<Place>>,
    pub(super) declared: Option<Declared>,
    pub(super) keys: Keys,
    pub(super) jar_semantics: JarSemantics,
    pub(super) mtls_oauth: bool,
}

/// Whom a request is for, and which of the endpoints. An authority can be an issuer's, a client's and a resource server's
/// at once; then the endpoint decides, and where none is known the message. Small; valid for the policy that made it and for the same
/// policy after [`Policy::learn`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Interest {
    /// Index of the issuer that owns the authority.
    pub(super) issuer: Option<usize>,
    /// The other owners.
    pub(super) owners: Owners,
    /// Whose the endpoint is; without one, the side that is asked first what the message is.
    pub(super) side: Side,
    pub(super) endpoint: Option<Endpoint>,
}

/// Settings of which no policy can be made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PolicyError {
    /// Every problem, in the order of the settings.
    pub problems: Vec<PolicyProblem>,
}

/// One problem, and where.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PolicyProblem {
    /// Index of the issuer.
    pub issuer: usize,
    /// Which of its settings.
    pub field: PolicyField,
    /// What is wrong with it.
    pub kind: PolicyProblemKind,
}

/// A setting of an issuer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PolicyField {
    /// One of its authorities, by index.
    Authority(usize),
    /// One of its endpoints.
    Endpoint(EndpointKind),
    /// The issuer identifier.
    Issuer,
}

/// What is wrong with a setting.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PolicyProblemKind {
    /// An issuer identifier that is configured twice.
    Duplicate,
    /// Not `host` or `host:port`.
    NotAnAuthority,
    /// Neither an absolute `http` or `https` URL nor an absolute path.
    NotAnEndpoint,
    /// Not an absolute `http` or `https` URL without query and fragment (OIDC Discovery §3).
    NotAnIssuer,
}

impl Policy {
    /// Compiles the settings.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] with every problem of all issuers.
    pub fn new(issuers: Vec<IssuerSettings>, limits: Limits) -> Result<Self, PolicyError> {
        let mut problems = Vec::new();
        let mut compiled: Vec<Issuer> = Vec::new();
        for (index, settings) in issuers.into_iter().enumerate() {
            let mut found = Vec::new();
            if compiled.iter().any(|other| other.name == settings.issuer) {
                found.push((PolicyField::Issuer, PolicyProblemKind::Duplicate));
            }
            compiled.push(Issuer::compile(settings, &mut found));
            problems.extend(found.into_iter().map(|(field, kind)| PolicyProblem { issuer: index, field, kind }));
        }
        if problems.is_empty() {
            let (parties, nobody) = (Vec::new(), Issuer::default());
            Ok(Self { issuers: compiled, limits, checks: Checks::default(), parties, nobody })
        } else {
            Err(PolicyError { problems })
        }
    }

    /// Whose the authority is, and which endpoint the path is. `None` for an authority of nobody: then nothing was
    /// allocated and the path was not looked at. The method is not known here.
    #[must_use]
    pub fn triage(&self, authority: &[u8], path: &[u8]) -> Option<Interest> {
        if !self.owns(authority) {
            return None;
        }
        let path = normalise_path(path);
        let issuer = self.issuer_of(authority, &path);
        let owners = self.owners(authority, &path);
        let server = issuer.and_then(|(_, endpoint)| endpoint);
        // What the issuer or the operator named comes before what a profile knows.
        let (side, endpoint) = match (server, owners.endpoint) {
            (Some(server), Some((side, party))) if party.recognition.tier < server.recognition.tier => {
                (side, Some(party))
            }
            (Some(server), _) => (Side::AuthorizationServer, Some(server)),
            (None, Some((side, party))) => (side, Some(party)),
            (None, None) if issuer.is_some() => (Side::AuthorizationServer, None),
            (None, None) if owners.relying_party.is_some() => (Side::RelyingParty, None),
            (None, None) => (Side::ResourceServer, None),
        };
        Some(Interest { issuer: issuer.map(|(index, _)| index), owners, side, endpoint })
    }

    /// The issuer of a request to an authority and a path in normal form, and its endpoint.
    fn issuer_of(&self, authority: &[u8], path: &[u8]) -> Option<(usize, Option<Endpoint>)> {
        let owners = self.issuers.iter().enumerate().filter(|(_, issuer)| issuer.owns(authority));
        let candidates = owners.map(|(index, issuer)| {
            let endpoint = issuer.endpoint(path);
            let tier = endpoint.map_or(Tier::Heuristic, |endpoint| endpoint.recognition.tier);
            let (inside, length) = if issuer.contains(path) { (0, issuer.path.len()) } else { (1, 0) };
            ((tier, inside, usize::MAX.saturating_sub(length), index), (index, endpoint))
        });
        candidates.min_by_key(|(rank, _)| *rank).map(|(_, found)| found)
    }

    /// T1: takes the endpoints of the issuer's metadata document (OIDC Discovery §3, RFC 8414 §2). Those that were learned
    /// before stay where this one names none: the document of RFC 8414 often has fewer. Endpoints on other authorities
    /// than the issuer's are left out and counted.
    ///
    /// # Errors
    ///
    /// [`MetadataError`]; then nothing changed.
    pub fn learn(&mut self, issuer: usize, document: &[u8]) -> Result<Learned, MetadataError> {
        let issuer = self.issuers.get_mut(issuer).ok_or(MetadataError::UnknownIssuer)?;
        let (mut places, declared, learned) = super::metadata::read(document, &issuer.name, &issuer.authorities)?;
        let mut before = issuer.learned.take().unwrap_or_default();
        before.retain(|old| !places.iter().any(|new| new.kind == old.kind));
        places.append(&mut before);
        issuer.learned = Some(places);
        issuer.declared = Some(declared);
        Ok(learned)
    }

    /// Whether the issuer's metadata was learned.
    #[must_use]
    pub fn knows_metadata(&self, issuer: usize) -> bool {
        self.issuers.get(issuer).is_some_and(|issuer| issuer.learned.is_some())
    }

    /// Whether an authority is an issuer's, a client's or a resource server's. Allocates nothing: this is all that most
    /// requests are asked.
    #[must_use]
    pub fn owns(&self, authority: &[u8]) -> bool {
        self.issuers.iter().any(|issuer| issuer.owns(authority)) || self.has_party(authority)
    }

    /// An issuer that owns the authority and of which a document was not learned. Allocates nothing.
    #[must_use]
    pub fn unlearned(&self, authority: &[u8]) -> Option<usize> {
        let wanted =
            |issuer: &Issuer| issuer.learned.is_none() || (self.checks_signatures() && !issuer.keys.are_known());
        self.issuers.iter().position(|issuer| wanted(issuer) && issuer.owns(authority))
    }

    /// The path of the issuer's metadata document (OIDC Discovery §4); empty for an issuer that there is not.
    #[must_use]
    pub fn metadata_path(&self, issuer: usize) -> String {
        let path = self.issuers.get(issuer).map(|issuer| String::from_utf8_lossy(&issuer.path).into_owned() + OPENID);
        path.unwrap_or_default()
    }
}

impl Interest {
    /// Index of the issuer in [`Policy::issuers`]. On an authority that several share, and on none of their endpoints, it
    /// is the one whose path contains the request's, else the first. `None` where no issuer owns the authority.
    #[must_use]
    pub fn issuer(&self) -> Option<usize> {
        self.issuer
    }

    /// What the path is for, if that is known.
    #[must_use]
    pub fn kind(&self) -> Option<EndpointKind> {
        self.endpoint.map(|endpoint| endpoint.kind)
    }
}

impl Issuer {
    fn compile(settings: IssuerSettings, problems: &mut Vec<(PolicyField, PolicyProblemKind)>) -> Self {
        let parts = UrlParts::read(settings.issuer.as_bytes());
        let own = parts.web_authority().filter(|_| parts.query.is_none() && parts.fragment.is_none());
        if own.is_none() {
            problems.push((PolicyField::Issuer, PolicyProblemKind::NotAnIssuer));
        }
        let path = normalise_path(parts.path).into_owned();
        let path = if path == b"/" { Vec::new() } else { path };
        let mut authorities = Vec::from_iter(own);
        for (index, text) in settings.authorities.iter().enumerate() {
            match Authority::parse(text) {
                Some(authority) => add(&mut authorities, authority),
                None => problems.push((PolicyField::Authority(index), PolicyProblemKind::NotAnAuthority)),
            }
        }
        let mut configured = Vec::new();
        for (kind, text) in settings.endpoints.0 {
            let parts = UrlParts::read(text.as_bytes());
            let relative = !parts.is_absolute() && parts.authority.is_none() && parts.path.starts_with(b"/");
            match parts.web_authority() {
                Some(authority) => add(&mut authorities, authority),
                None if relative => {}
                None => problems.push((PolicyField::Endpoint(kind), PolicyProblemKind::NotAnEndpoint)),
            }
            configured.push(Place { kind, path: normalise_path(parts.path).into_owned() });
        }
        let of_provider = || settings.provider.map(|provider| provider.profile().jar_semantics).unwrap_or_default();
        Self {
            jar_semantics: settings.jar_semantics.unwrap_or_else(of_provider),
            mtls_oauth: settings.mtls_oauth,
            name: settings.issuer,
            provider: settings.provider,
            own_profile: settings.profile,
            authorities,
            path,
            configured,
            learned: None,
            declared: None,
            keys: Keys::default(),
        }
    }

    pub(super) fn owns(&self, authority: &[u8]) -> bool {
        self.authorities.iter().any(|own| own.matches(authority))
    }

    /// Whether the path is below the issuer's.
    fn contains(&self, path: &[u8]) -> bool {
        path.strip_prefix(self.path.as_slice()).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    }

    fn endpoint(&self, path: &[u8]) -> Option<Endpoint> {
        let route = self.route(path);
        let of = |places: &[Place]| places.iter().find(|place| place.path == path).map(|place| place.kind);
        let found = of(&self.configured).map(|kind| Endpoint::of_tier(kind, Tier::Configured));
        let found = found.or_else(|| Some(Endpoint::of_tier(of(self.learned.as_deref()?)?, Tier::Discovered)));
        let found = found
            .or_else(|| self.is_metadata(path).then_some(Endpoint::of_tier(EndpointKind::Discovery, Tier::Configured)));
        let found = found
            .or_else(|| self.is_entity(path).then_some(Endpoint::of_tier(EndpointKind::Federation, Tier::Configured)));
        let found = found.or_else(|| Some(Endpoint::of_tier(route?.1, Tier::Profile)));
        let found = found.or_else(|| SUBPATHS.into_iter().find_map(|below| self.below(path, below)));
        found.map(|endpoint| Endpoint { route: route.map(|(route, _)| route), ..endpoint })
    }

    fn route(&self, path: &[u8]) -> Option<(u16, EndpointKind)> {
        self.profile()?.route(&self.path, path)
    }

    /// A path below one that the operator or the issuer named, where that has a meaning of its own.
    fn below(&self, path: &[u8], (above, kind, rule): (EndpointKind, EndpointKind, &'static str)) -> Option<Endpoint> {
        let tiers = [(Tier::Configured, Some(self.configured.as_slice())), (Tier::Discovered, self.learned.as_deref())];
        tiers.into_iter().find_map(|(tier, places)| {
            let mut tops = places?.iter().filter(|place| place.kind == above);
            tops.find(|place| path.strip_prefix(place.path.as_slice()).is_some_and(|rest| rest.starts_with(b"/")))?;
            let mut endpoint = Endpoint::of_tier(kind, tier);
            endpoint.recognition.rule = rule;
            endpoint.recognition.confidence = Confidence::High;
            Some(endpoint)
        })
    }

    /// OIDC Discovery §4 puts the suffix after the issuer's path, RFC 8414 §3 between host and path; servers do both.
    fn is_metadata(&self, path: &[u8]) -> bool {
        let own = self.path.as_slice();
        let after = path.strip_prefix(own).is_some_and(|rest| rest == OPENID.as_bytes() || rest == OAUTH.as_bytes());
        after || path.strip_prefix(OAUTH.as_bytes()) == Some(own) || path.strip_prefix(OPENID.as_bytes()) == Some(own)
    }

    /// OpenID Federation 1.0 §9: the issuer's statement about itself.
    fn is_entity(&self, path: &[u8]) -> bool {
        path.strip_prefix(self.path.as_slice()) == Some(FEDERATION.as_bytes())
    }

    /// The path of an endpoint that the operator or the issuer itself named.
    pub(super) fn named(&self, kind: EndpointKind) -> Option<&[u8]> {
        let mut places = self.configured.iter().chain(self.learned.iter().flatten());
        places.find(|place| place.kind == kind).map(|place| place.path.as_slice())
    }

    /// Whether it is known where the issuer's endpoints of a kind are: then a shape on another path is something else.
    pub(super) fn knows(&self, kind: EndpointKind) -> bool {
        self.named(kind).is_some()
    }

    /// Whether every endpoint that takes secrets in a form is known: then nothing else is read.
    pub(super) fn is_mapped(&self) -> bool {
        self.learned.is_some() || (self.knows(EndpointKind::Token) && self.knows(EndpointKind::Authorization))
    }

    pub(super) fn profile(&self) -> Option<&Profile> {
        self.own_profile.as_ref().or_else(|| self.provider.map(Provider::profile))
    }

    /// The path of the issuer identifier, empty for none.
    pub(super) fn path(&self) -> &[u8] {
        &self.path
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} problems in the issuers", self.problems.len())
    }
}

impl std::error::Error for PolicyError {}

impl fmt::Display for PolicyProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Duplicate => "this issuer is configured twice",
            Self::NotAnAuthority => "must be host or host:port",
            Self::NotAnEndpoint => "must be an absolute http or https url, or an absolute path",
            Self::NotAnIssuer => "must be an absolute http or https url without query and fragment",
        })
    }
}

/// The rule by which [`EndpointKind::EndSessionConfirm`] is recognised below an end session endpoint.
pub(super) const SUBPATH: &str = "end_session_subpath";

/// What is below an endpoint: the end-user's answer to "log out?" below the end session endpoint wherever that is known,
/// and a client's own address below the registration endpoint (RFC 7592 §2, H-23).
const SUBPATHS: [(EndpointKind, EndpointKind, &str); 2] = [
    (EndpointKind::EndSession, EndpointKind::EndSessionConfirm, SUBPATH),
    (EndpointKind::Registration, EndpointKind::ClientConfiguration, "registration_subpath"),
];

const OPENID: &str = "/.well-known/openid-configuration";
const OAUTH: &str = "/.well-known/oauth-authorization-server";
const FEDERATION: &str = "/.well-known/openid-federation";

fn add(authorities: &mut Vec<Authority>, authority: Authority) {
    if !authorities.contains(&authority) {
        authorities.push(authority);
    }
}

#[cfg(test)]
mod tests;
