//! `relying_parties` and `resource_servers`: whose traffic is watched beside the issuers', and where their endpoints are.

use super::forms;
use super::issuers::{AUTHORITY, Issuer, NAME, URL};
use super::problem::ProblemKind;
use super::reader::{Members, Node, Report};
use crate::oauth::{EndpointKind, Endpoints, PartySettings, Side};

/// One entry, checked, and where it stands.
#[derive(Debug)]
pub(super) struct Party {
    pub(super) pointer: String,
    pub(super) settings: PartySettings,
}

/// Both lists, the clients first; what was wrong is in the report.
pub(super) fn read(root: &Members<'_>, issuers: &[Issuer], report: &mut Report) -> Vec<Party> {
    let lists = [
        ("relying_parties", RELYING_PARTY, Side::RelyingParty),
        ("resource_servers", RESOURCE_SERVER, Side::ResourceServer),
    ];
    let mut parties = Vec::new();
    for (name, known, side) in lists {
        let entries = root.get(name).map(|node| node.entries(0, PARTIES, report)).unwrap_or_default();
        for entry in &entries {
            let Some(members) = entry.members(known, report) else { continue };
            parties.extend(one(&members, side, issuers, report));
        }
    }
    parties
}

fn one(members: &Members<'_>, side: Side, issuers: &[Issuer], report: &mut Report) -> Option<Party> {
    let authority = members.require("authority", report);
    let authority = authority.and_then(|node| node.text(NAME, AUTHORITY, &forms::is_authority, report));
    let issuer = members.get("issuer").and_then(|node| issuer(&node, issuers, report));
    let mut endpoints = Vec::new();
    for (name, kind) in ENDPOINTS {
        let path = members.get(name).and_then(|node| path(&node, report));
        endpoints.extend(path.map(|path| (kind, path)));
    }
    let anonymous = members.get("anonymous_paths").map(|node| node.entries(0, ANONYMOUS, report)).unwrap_or_default();
    let audiences = members.get("audiences").map(|node| node.entries(0, AUDIENCES, report)).unwrap_or_default();
    let settings = PartySettings {
        side,
        authority: authority?.to_owned(),
        issuer,
        endpoints: Endpoints(endpoints),
        anonymous_paths: anonymous.iter().filter_map(|node| path(node, report)).collect(),
        audiences: audiences.iter().filter_map(|node| audience(node, report)).collect(),
        missing_tokens: members.get("missing_tokens").and_then(|node| node.bool(report)).unwrap_or_default(),
    };
    Some(Party { pointer: members.pointer.clone(), settings })
}

fn issuer(node: &Node<'_>, issuers: &[Issuer], report: &mut Report) -> Option<String> {
    let text = node.text(URL, TRUSTED, &|_| true, report)?;
    if !issuers.iter().any(|issuer| issuer.issuer == text) {
        report.problem(&node.pointer, ProblemKind::Expected(TRUSTED));
    }
    Some(text.to_owned())
}

fn path(node: &Node<'_>, report: &mut Report) -> Option<String> {
    let is_path = |text: &str| text.starts_with('/') && forms::is_endpoint(text);
    node.text(URL, "an absolute path without query and fragment", &is_path, report).map(str::to_owned)
}

fn audience(node: &Node<'_>, report: &mut Report) -> Option<String> {
    node.text(URL, "an audience", &|text| !text.is_empty(), report).map(str::to_owned)
}

/// Members that are endpoints, and what each is. Of a resource server there is `set_receiver` alone.
pub(super) const ENDPOINTS: [(&str, EndpointKind); 12] = [
    ("set_receiver", EndpointKind::SetReceiver),
    ("login", EndpointKind::Login),
    ("initiate_login", EndpointKind::InitiateLogin),
    ("callback", EndpointKind::Callback),
    ("post_logout", EndpointKind::PostLogout),
    ("logout", EndpointKind::LocalLogout),
    ("frontchannel_logout", EndpointKind::FrontchannelLogout),
    ("backchannel_logout", EndpointKind::BackchannelLogout),
    ("ciba_notification", EndpointKind::CibaNotification),
    ("request_object", EndpointKind::RequestObject),
    ("client_metadata", EndpointKind::ClientMetadata),
    ("client_jwks", EndpointKind::ClientJwks),
];

pub(super) const RELYING_PARTY: &[&str] = &[
    "authority",
    "issuer",
    "set_receiver",
    "login",
    "initiate_login",
    "callback",
    "post_logout",
    "logout",
    "frontchannel_logout",
    "backchannel_logout",
    "ciba_notification",
    "request_object",
    "client_metadata",
    "client_jwks",
];

pub(super) const RESOURCE_SERVER: &[&str] =
    &["authority", "issuer", "set_receiver", "anonymous_paths", "audiences", "missing_tokens"];

/// Entries of each list. Every request's authority is compared with all of them.
pub(super) const PARTIES: usize = 256;

pub(super) const ANONYMOUS: usize = 64;

pub(super) const AUDIENCES: usize = 16;

const TRUSTED: &str = "an issuer of `issuers`, as it is written there";
