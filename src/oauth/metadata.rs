//! The authorization server's metadata document (OIDC Discovery §3, RFC 8414 §2): endpoints, and whose they are.

use std::borrow::Cow;
use std::fmt;

use super::endpoint::EndpointKind;
use super::json::{Object, read_object};
use crate::http::{Authority, UrlParts, normalise_path};
use crate::seen::Seen;

/// An endpoint by its path, in normal form. Its authority is any of the issuer's: a proxy inside a mesh sees another one
/// than the metadata names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Place {
    pub(super) kind: EndpointKind,
    pub(super) path: Vec<u8>,
}

/// What an issuer's metadata says of its conduct, as far as rules hold it to that.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Declared {
    /// `authorization_response_iss_parameter_supported` (RFC 9207 §3).
    pub response_iss: bool,
    /// `require_pushed_authorization_requests` (RFC 9126 §5).
    pub par_required: bool,
    /// `id_token_signing_alg_values_supported`; empty: not said.
    pub id_token_algs: Vec<String>,
}

/// What a metadata document added.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Learned {
    /// Endpoints taken.
    pub endpoints: usize,
    /// Endpoints left out: on an authority that is not the issuer's, or no URL.
    pub foreign: usize,
}

/// Why a metadata document was not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum MetadataError {
    /// It names another issuer than it was asked of: a mix-up, or somebody's try (OIDC Discovery §4.3; `C-09`).
    IssuerMismatch,
    /// It names no issuer, or two.
    IssuerMissing,
    /// It is not a JSON object.
    NotJson,
    /// There is no issuer of that index.
    UnknownIssuer,
}

impl fmt::Display for MetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IssuerMismatch => "the metadata document is of another issuer",
            Self::IssuerMissing => "the metadata document names no issuer",
            Self::NotJson => "the metadata document is not a json object",
            Self::UnknownIssuer => "no such issuer is configured",
        })
    }
}

impl std::error::Error for MetadataError {}

/// An endpoint's URL is longer than this only to fill memory.
const URL: usize = 2048;

/// There are not many more signature algorithms.
const ALGS: usize = 32;

const MEMBERS: [(&str, EndpointKind); 17] = [
    ("authorization_endpoint", EndpointKind::Authorization),
    ("token_endpoint", EndpointKind::Token),
    ("userinfo_endpoint", EndpointKind::Userinfo),
    ("end_session_endpoint", EndpointKind::EndSession),
    ("pushed_authorization_request_endpoint", EndpointKind::Par),
    ("introspection_endpoint", EndpointKind::Introspection),
    ("revocation_endpoint", EndpointKind::Revocation),
    ("jwks_uri", EndpointKind::Jwks),
    ("device_authorization_endpoint", EndpointKind::DeviceAuthorization),
    ("backchannel_authentication_endpoint", EndpointKind::Ciba),
    ("registration_endpoint", EndpointKind::Registration),
    ("check_session_iframe", EndpointKind::CheckSession),
    ("authorization_challenge_endpoint", EndpointKind::Challenge),
    ("credential_endpoint", EndpointKind::Credential),
    ("federation_fetch_endpoint", EndpointKind::Federation),
    ("federation_list_endpoint", EndpointKind::Federation),
    ("federation_resolve_endpoint", EndpointKind::Federation),
];

/// Reads a document that was asked of `issuer`, whose endpoints may be on `authorities`.
pub(super) fn read(
    document: &[u8],
    issuer: &str,
    authorities: &[Authority],
) -> Result<(Vec<Place>, Declared, Learned), MetadataError> {
    let document = read_object(document).ok_or(MetadataError::NotJson)?;
    match document.text("issuer", URL) {
        Seen::Present(named) if named == issuer => {}
        Seen::Present(_) => return Err(MetadataError::IssuerMismatch),
        Seen::Absent | Seen::Malformed(_) => return Err(MetadataError::IssuerMissing),
    }
    let mut places = Vec::new();
    let mut foreign = 0_usize;
    // RFC 8705 §5: the same endpoints for clients with certificates.
    for source in [Some(&document), document.object("mtls_endpoint_aliases")].into_iter().flatten() {
        for (name, kind) in MEMBERS {
            match place(source, name, kind, authorities) {
                Seen::Present(place) if !places.contains(&place) => places.push(place),
                Seen::Malformed(_) => foreign = foreign.saturating_add(1),
                Seen::Present(_) | Seen::Absent => {}
            }
        }
    }
    let learned = Learned { endpoints: places.len(), foreign };
    Ok((places, declared(&document), learned))
}

fn declared(document: &Object<'_>) -> Declared {
    let yes = |name: &str| document.boolean(name) == Seen::Present(true);
    let algs = document.texts("id_token_signing_alg_values_supported", ALGS).present().unwrap_or_default();
    Declared {
        response_iss: yes("authorization_response_iss_parameter_supported"),
        par_required: yes("require_pushed_authorization_requests"),
        id_token_algs: algs.into_iter().map(Cow::into_owned).collect(),
    }
}

fn place(source: &Object<'_>, name: &str, kind: EndpointKind, authorities: &[Authority]) -> Seen<Place> {
    source.text(name, URL).and_then(|url| {
        let parts = UrlParts::read(url.as_bytes());
        let own = parts.web_authority().is_some_and(|authority| authorities.contains(&authority));
        let path = normalise_path(parts.path).into_owned();
        if own { Seen::Present(Place { kind, path }) } else { Seen::Malformed(crate::seen::Malformation::Range) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ISSUER: &str = "https://idp.test/realms/acme";

    fn learn(document: &str) -> Result<(Vec<Place>, Declared, Learned), MetadataError> {
        read(document.as_bytes(), ISSUER, &[Authority::parse("idp.test").unwrap()])
    }

    #[test]
    fn endpoints_on_the_issuers_authorities_are_learned_and_others_counted() {
        let (places, declared, learned) = learn(
            r#"{"issuer":"https://idp.test/realms/acme","token_endpoint":"https://IDP.test:443/t?p=x",
                "userinfo_endpoint":"https://evil.test/u","jwks_uri":"/relative","end_session_endpoint":7,
                "mtls_endpoint_aliases":{"token_endpoint":"https://idp.test/mtls/t"}}"#,
        )
        .unwrap();
        let paths: Vec<_> = places.iter().map(|place| (place.kind, place.path.as_slice())).collect();
        assert_eq!(paths, [(EndpointKind::Token, b"/t".as_slice()), (EndpointKind::Token, b"/mtls/t")]);
        assert_eq!(learned, Learned { endpoints: 2, foreign: 3 });
        assert_eq!(declared, Declared::default());
    }

    #[test]
    fn what_an_issuer_promises_is_learned() {
        let (_, declared, _) = learn(
            r#"{"issuer":"https://idp.test/realms/acme","authorization_response_iss_parameter_supported":true,
                "require_pushed_authorization_requests":"yes","id_token_signing_alg_values_supported":["ES256"]}"#,
        )
        .unwrap();
        let id_token_algs = vec!["ES256".to_owned()];
        assert_eq!(declared, Declared { response_iss: true, par_required: false, id_token_algs });
    }

    #[test]
    fn a_document_of_another_issuer_teaches_nothing() {
        assert_eq!(learn(r#"{"issuer":"https://idp.test/realms/acme/"}"#), Err(MetadataError::IssuerMismatch));
        assert_eq!(learn(r#"{"issuer":["https://idp.test/realms/acme"]}"#), Err(MetadataError::IssuerMissing));
        assert_eq!(learn("{}"), Err(MetadataError::IssuerMissing));
        assert_eq!(learn("[]"), Err(MetadataError::NotJson));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(document in proptest::collection::vec(any::<u8>(), 0..256), url in "\\PC{0,60}") {
            let _ = read(&document, ISSUER, &[]);
            let _ = learn(&serde_json::json!({"issuer": ISSUER, "token_endpoint": url}).to_string());
        }
    }
}
