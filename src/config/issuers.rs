//! `issuers`: which authorization servers are watched, and where their endpoints are.

use super::forms;
use super::problem::{ProblemKind, WarningKind};
use super::reader::{Members, Node, Report};
use crate::oauth::{EndpointKind, JarSemantics, PROVIDERS, Profile, Provider};

/// One entry of `issuers`, checked.
#[derive(Debug)]
pub(super) struct Issuer {
    pub(super) issuer: String,
    pub(super) provider: Option<Provider>,
    /// The operator's own profile.
    pub(super) profile: Option<Profile>,
    /// That profile in canonical form; empty without one.
    pub(super) profile_text: String,
    /// Envoy cluster of the issuer: its metadata document and keys are fetched there.
    pub(super) cluster: Option<String>,
    /// Further authorities beside that of `issuer`.
    pub(super) authorities: Vec<String>,
    /// Paths or URLs, as they are written.
    pub(super) endpoints: Vec<(EndpointKind, String)>,
    /// `None`: as its provider does.
    pub(super) jar_semantics: Option<JarSemantics>,
    /// Client certificates are OAuth clients'.
    pub(super) mtls_oauth: bool,
}

/// The list: 1 to 64 entries, no issuer twice.
pub(super) fn read(node: &Node<'_>, profiles: &[(Profile, String)], report: &mut Report) -> Vec<Issuer> {
    let entries = node.entries(1, ISSUERS, report);
    let mut issuers: Vec<(String, Issuer)> = Vec::with_capacity(entries.len());
    for entry in &entries {
        let Some(issuer) = one(entry, profiles, report) else { continue };
        if let Some((first, _)) = issuers.iter().find(|(_, earlier)| same(&earlier.issuer, &issuer.issuer)) {
            let first = first.clone();
            report.problem(&format!("{}/issuer", entry.pointer), ProblemKind::Duplicate { first });
        }
        issuers.push((format!("{}/issuer", entry.pointer), issuer));
    }
    issuers.into_iter().map(|(_, issuer)| issuer).collect()
}

fn one(node: &Node<'_>, profiles: &[(Profile, String)], report: &mut Report) -> Option<Issuer> {
    let members = node.members(ISSUER, report)?;
    let url = members.require("issuer", report);
    let url = url.and_then(|url| issuer(&url, report));
    let provider = members.get("provider");
    let own = provider.as_ref().and_then(|node| profiles.iter().find(|(profile, _)| node.is(&profile.name)));
    let (profile, profile_text) = own.cloned().unzip();
    let provider = provider.filter(|_| own.is_none()).and_then(|node| node.word(PROVIDERS, report));
    let cluster = members.get("cluster").and_then(|node| cluster(&node, report));
    let authorities = authorities(&members, report);
    let endpoints = endpoints(&members, report);
    let semantics = members.get("jar_semantics").and_then(|node| node.word(JAR_SEMANTICS, report));
    let jar_semantics = semantics.map(|word| if word == 0 { JarSemantics::Rfc9101 } else { JarSemantics::Oidc });
    let mtls_oauth = members.get("mtls_oauth").and_then(|node| node.bool(report)) == Some(true);
    let provider = provider.and_then(|position| Provider::parse(PROVIDERS.get(position)?));
    Some(Issuer {
        issuer: url?.to_owned(),
        provider,
        profile,
        profile_text: profile_text.unwrap_or_default(),
        cluster,
        authorities,
        endpoints,
        jar_semantics,
        mtls_oauth,
    })
}

/// The name of a cluster. Istio's hold `|`.
pub(super) fn cluster(node: &Node<'_>, report: &mut Report) -> Option<String> {
    node.text(NAME, "the name of an Envoy cluster", &forms::is_name, report).map(str::to_owned)
}

fn issuer<'a>(node: &Node<'a>, report: &mut Report) -> Option<&'a str> {
    let expected = "an https URL without user, query and fragment (http for loopback hosts only)";
    let url = node.text(URL, expected, &forms::is_issuer, report)?;
    if url.starts_with("http://") {
        report.warning(&node.pointer, WarningKind::ClearText);
    }
    Some(url)
}

fn authorities(members: &Members<'_>, report: &mut Report) -> Vec<String> {
    let Some(node) = members.get("authorities") else { return Vec::new() };
    let entries = node.entries(0, AUTHORITIES, report);
    let read = entries.iter().filter_map(|entry| entry.text(NAME, AUTHORITY, &forms::is_authority, report));
    read.map(str::to_owned).collect()
}

fn endpoints(members: &Members<'_>, report: &mut Report) -> Vec<(EndpointKind, String)> {
    let Some(endpoints) = members.get("endpoints").and_then(|node| node.members(ENDPOINTS, report)) else {
        return Vec::new();
    };
    let mut read = Vec::new();
    for name in ENDPOINTS {
        let (Some(kind), Some(node)) = (EndpointKind::parse(name), endpoints.get(name)) else { continue };
        let expected = "an absolute path or URL without query and fragment";
        if let Some(endpoint) = node.text(URL, expected, &forms::is_endpoint, report) {
            read.push((kind, endpoint.to_owned()));
        }
    }
    read
}

/// Two issuers that cannot be told apart on the wire: they differ in a final slash only.
fn same(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

pub(super) const ISSUER: &[&str] =
    &["issuer", "provider", "cluster", "authorities", "endpoints", "jar_semantics", "mtls_oauth"];

/// RFC 9101 §6.3, OIDC Core §6.1.
pub(super) const JAR_SEMANTICS: &[&str] = &["rfc9101", "oidc"];

/// [`EndpointKind::ALL`] without what nobody configures: the metadata's place follows from the issuer.
pub(super) const ENDPOINTS: &[&str] = &[
    "authorization",
    "interaction",
    "resume",
    "token",
    "par",
    "introspection",
    "revocation",
    "userinfo",
    "jwks",
    "end_session",
    "end_session_confirm",
    "check_session",
    "device_authorization",
    "device_verification",
    "ciba",
    "registration",
    "client_configuration",
    "challenge",
    "credential",
    "admin_session",
    "federation",
    "callback",
];

pub(super) const ISSUERS: usize = 64;
pub(super) const AUTHORITIES: usize = 16;
/// Longest URL, and longest name, in bytes.
pub(super) const URL: usize = 2_048;
pub(super) const NAME: usize = 255;
/// What an authority is, for problems.
pub(super) const AUTHORITY: &str = "host or host:port, without scheme and path";
