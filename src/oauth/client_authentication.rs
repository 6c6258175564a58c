//! Which client speaks, and how it proves it (PROTOCOL §2.3). Secrets are dropped at once: only the client id and the
//! method leave.

use std::borrow::Cow;

use super::dpop;
use super::form;
use super::jwt;
use super::observation::{Client, ClientAuthMethod, ClientIdSource, Comparison, SignedMessage};
use super::parameters::{Parameters, text};
use super::scene::{Scene, was_sent};
use super::signed_message;
use crate::http::Headers;
use crate::seen::{Malformation, Seen};

/// The user part of HTTP Basic credentials, as RFC 6749 §2.3.1 writes it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BasicClient {
    /// The client id, form-decoded.
    pub id: Seen<String>,
    /// A half had a `%` that escapes nothing: the client does not encode, and both halves are taken raw.
    pub not_encoded: bool,
}

/// Reads the credentials that follow `Basic `. Padding may be missing and both base64 alphabets are taken; the halves
/// are split at the first `:`.
#[must_use]
pub fn read_basic(credentials: &[u8]) -> BasicClient {
    let decoded = jwt::base64_octets(credentials.trim_ascii()).filter(|decoded| decoded.contains(&b':'));
    let Some(decoded) = decoded else {
        return BasicClient { id: Seen::Malformed(Malformation::Type), not_encoded: false };
    };
    let id = decoded.split(|byte| *byte == b':').next().unwrap_or_default();
    let not_encoded = !form::is_well_escaped(&decoded);
    let id = if not_encoded { Cow::Borrowed(id) } else { form::decode(id) };
    let id = match id {
        id if id.is_empty() => Seen::Malformed(Malformation::Empty),
        id => text(Cow::Owned(id.into_owned())).map(Cow::into_owned),
    };
    BasicClient { id, not_encoded }
}

/// A client as a back-channel request of an issuer names it: [`identify`], and its certificate where the issuer's clients
/// have such.
pub(super) fn identify_client<'a>(scene: &Scene<'a>) -> (Client<'a>, bool) {
    let headers = &scene.decoded.request.headers;
    let (mut client, not_encoded) = identify(headers, &scene.parameters);
    let named = matches!(client.id, Seen::Present(_)) && client.auth_method == Some(ClientAuthMethod::None);
    // RFC 8705 §2. In a mesh the certificate is the workload's, so that the operator must have said so.
    if named && scene.issuer.mtls_oauth && dpop::certificate(headers).is_some() {
        client.auth_method = Some(ClientAuthMethod::TlsClientAuth);
    }
    (client, not_encoded)
}

/// A client as a back-channel request names it; `authenticated` is left open. The flag says that Basic credentials were
/// not form-encoded.
pub(super) fn identify<'a>(headers: &Headers, parameters: &Parameters<'a>) -> (Client<'a>, bool) {
    let basic = basic(headers);
    let assertion = parameters.octets("client_assertion");
    let saml = parameters.text("client_assertion_type").present().is_some_and(|kind| kind == SAML_BEARER);
    let attestation = headers.first(ATTESTATION);
    let method_of_assertion = || if saml { ClientAuthMethod::Saml2 } else { assertion_method(&assertion) };
    let methods = [
        basic.is_some().then_some(ClientAuthMethod::ClientSecretBasic),
        parameters.has("client_assertion").then(method_of_assertion),
        attestation.is_some().then_some(ClientAuthMethod::AttestJwtClientAuth),
        was_sent(&parameters.octets("client_secret")).then_some(ClientAuthMethod::ClientSecretPost),
    ];
    let tried: Vec<ClientAuthMethod> = methods.into_iter().flatten().collect();
    let auth_method = match tried.as_slice() {
        [] => ClientAuthMethod::None,
        [one] => *one,
        _ => ClientAuthMethod::Several,
    };
    let not_encoded = basic.as_ref().is_some_and(|basic| basic.not_encoded);
    let of_assertion = assertion.as_ref().and_then(|assertion| match saml {
        true => Seen::Absent,
        false => assertion_subject(assertion),
    });
    let sources = [
        (ClientIdSource::Basic, basic.map_or(Seen::Absent, |basic| basic.id.map(Cow::Owned))),
        (ClientIdSource::ClientAssertion, of_assertion),
        (ClientIdSource::Attestation, attestation.map_or(Seen::Absent, assertion_subject)),
        (ClientIdSource::Parameter, parameters.text("client_id")),
    ];
    let (id_source, id, contradicted_by) = first(sources);
    let client = Client {
        ambiguous: id_source == Some(ClientIdSource::Basic) && is_cut_url(&id),
        id,
        id_source,
        auth_method: Some(auth_method),
        authenticated: None,
        tried: if tried.len() > 1 { tried } else { Vec::new() },
        contradicted_by,
        assertion: read_assertion(parameters, &assertion),
    };
    (client, not_encoded)
}

/// The assertion, or the secret where it is a JWT (Apple). RFC 7523 §3: `iss` and `sub` are the client; in a federated
/// assertion `iss` is another's, and that is for the rules to tell apart.
fn read_assertion<'a>(parameters: &Parameters<'a>, assertion: &Seen<Cow<'a, [u8]>>) -> Option<SignedMessage<'a>> {
    let secret = || parameters.octets("client_secret").present();
    let token = assertion.as_ref().present().cloned().or_else(secret)?;
    let (mut message, claims) = signed_message::read(&token)?;
    if let Some(Seen::Present(sub)) = claims.map(|claims| claims.text("sub", SUBJECT)) {
        let is_client = |iss: &Cow<'_, str>| if *iss == sub { Comparison::Right } else { Comparison::Wrong };
        message.checks.iss = Some(message.iss.as_ref().present().map_or(Comparison::Missing, is_client));
    }
    Some(message)
}

/// The id of Basic credentials is what stands before the first `:`. A URL that was not encoded is cut there.
fn is_cut_url(id: &Seen<Cow<'_, str>>) -> bool {
    matches!(id, Seen::Present(id) if id == "http" || id == "https")
}

/// A client as a front-channel message names it.
pub(super) fn named<'a>(parameters: &Parameters<'a>) -> Client<'a> {
    let id = parameters.text("client_id");
    let id_source = matches!(id, Seen::Present(_)).then_some(ClientIdSource::Parameter);
    Client { id, id_source, ..Client::default() }
}

/// The first source with a value, else the first malformation; and the sources that name another.
fn first<'a>(
    sources: [(ClientIdSource, Seen<Cow<'a, str>>); 4],
) -> (Option<ClientIdSource>, Seen<Cow<'a, str>>, Vec<ClientIdSource>) {
    let mut chosen: (Option<ClientIdSource>, Seen<Cow<'a, str>>) = (None, Seen::Absent);
    let mut contradicted_by = Vec::new();
    for (source, id) in sources {
        match (&chosen, id) {
            ((Some(_), Seen::Present(first)), Seen::Present(other)) if *first != other => contradicted_by.push(source),
            ((Some(_), _), _) | (_, Seen::Absent) => {}
            ((None, _), id @ Seen::Present(_)) => chosen = (Some(source), id),
            ((None, before), id) if before.is_absent() => chosen = (None, id),
            ((None, _), _) => {}
        }
    }
    (chosen.0, chosen.1, contradicted_by)
}

fn basic(headers: &Headers) -> Option<BasicClient> {
    let mut credentials = headers.all("authorization").filter_map(|value| credentials(value, b"basic"));
    let first = credentials.next()?;
    if credentials.next().is_some_and(|second| second != first) {
        return Some(BasicClient { id: Seen::Malformed(Malformation::Duplicate), not_encoded: false });
    }
    Some(read_basic(first))
}

/// What follows an authentication scheme, which is compared without case (RFC 9110 §11.1).
pub(super) fn credentials<'h>(value: &'h [u8], scheme: &[u8]) -> Option<&'h [u8]> {
    let value = value.trim_ascii();
    let (name, rest) = (value.get(..scheme.len())?, value.get(scheme.len()..)?);
    (name.eq_ignore_ascii_case(scheme) && rest.starts_with(b" ")).then(|| rest.trim_ascii())
}

/// OIDC Core §9: a symmetric `alg` means that the secret is the key. What cannot be read counts as a private key's.
fn assertion_method(assertion: &Seen<Cow<'_, [u8]>>) -> ClientAuthMethod {
    let header = match assertion {
        Seen::Present(assertion) => jwt::read(assertion).map(|jwt| jwt.header),
        Seen::Absent | Seen::Malformed(_) => None,
    };
    match header.map_or(Seen::Absent, |header| header.text("alg", 32)) {
        Seen::Present(alg) if alg.starts_with("HS") => ClientAuthMethod::ClientSecretJwt,
        _ => ClientAuthMethod::PrivateKeyJwt,
    }
}

/// RFC 7523 §3: `sub` is the client id.
fn assertion_subject<'a>(assertion: &[u8]) -> Seen<Cow<'a, str>> {
    let claims = jwt::read(assertion).and_then(|jwt| jwt.claims);
    claims.map_or(Seen::Malformed(Malformation::Type), |claims| claims.text("sub", SUBJECT))
}

/// Carries a client attestation (draft-ietf-oauth-attestation-based-client-auth §6).
const ATTESTATION: &str = "oauth-client-attestation";

/// RFC 7522 §2.2
const SAML_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";

/// Bytes of a client id in a claim.
const SUBJECT: usize = 2048;

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::super::Limits;
    use super::*;

    fn identified(
        authorization: &[&str],
        body: &str,
    ) -> (Seen<String>, Option<ClientIdSource>, Option<ClientAuthMethod>) {
        let pairs = authorization.iter().map(|value| (b"authorization".to_vec(), value.as_bytes().to_vec()));
        let headers = Headers::new(pairs.collect());
        let parameters = Parameters::read(body.as_bytes(), &Limits::default());
        let (client, _) = identify(&headers, &parameters);
        (client.id.map(Cow::into_owned), client.id_source, client.auth_method)
    }

    fn id(text: &str) -> Seen<String> {
        Seen::Present(text.to_owned())
    }

    #[test]
    fn basic_credentials_are_form_decoded_after_the_split() {
        let vector = "Y2xpZW50JTIwaWQlM0F3aXRoJTJCcGx1czpwJTI1c3Mrd29yZA==";
        assert_eq!(read_basic(vector.as_bytes()), BasicClient { id: id("client id:with+plus"), not_encoded: false });
        assert_eq!(read_basic(vector.trim_end_matches('=').as_bytes()).id, id("client id:with+plus"));
        let raw = read_basic(STANDARD.encode("web:100%").as_bytes());
        assert_eq!(raw, BasicClient { id: id("web"), not_encoded: true });
        let type_error = BasicClient { id: Seen::Malformed(Malformation::Type), not_encoded: false };
        assert_eq!(read_basic(b"!!!"), type_error);
        assert_eq!(read_basic(STANDARD.encode("no colon").as_bytes()), type_error);
        assert_eq!(read_basic(STANDARD.encode(":x").as_bytes()).id, Seen::Malformed(Malformation::Empty));
        assert_eq!(read_basic(STANDARD.encode(b"\xff:x").as_bytes()).id, Seen::Malformed(Malformation::Utf8));
    }

    #[test]
    fn the_first_source_names_the_client_and_two_methods_are_several() {
        let basic = format!("basic {}", STANDARD.encode("web:secret"));
        let jwt = |alg: &str| {
            let part = |json: String| URL_SAFE_NO_PAD.encode(json);
            format!(
                "client_assertion={}.{}.x",
                part(format!("{{\"alg\":\"{alg}\"}}")),
                part("{\"sub\":\"pkj\"}".to_owned())
            )
        };
        for (authorization, body, expected) in [
            (
                vec![basic.as_str()],
                "client_id=other",
                (id("web"), ClientIdSource::Basic, ClientAuthMethod::ClientSecretBasic),
            ),
            (vec![basic.as_str()], "client_secret=x", (id("web"), ClientIdSource::Basic, ClientAuthMethod::Several)),
            (
                vec![],
                "client_id=a&client_secret=x",
                (id("a"), ClientIdSource::Parameter, ClientAuthMethod::ClientSecretPost),
            ),
            (vec!["Bearer x"], "client_id=a", (id("a"), ClientIdSource::Parameter, ClientAuthMethod::None)),
            (vec![], &jwt("ES256"), (id("pkj"), ClientIdSource::ClientAssertion, ClientAuthMethod::PrivateKeyJwt)),
            (vec![], &jwt("HS256"), (id("pkj"), ClientIdSource::ClientAssertion, ClientAuthMethod::ClientSecretJwt)),
        ] {
            let (id, source, method) = expected;
            assert_eq!(identified(&authorization, body), (id, Some(source), Some(method)), "{body}");
        }
    }

    #[test]
    fn a_client_that_cannot_be_read_is_malformed_and_not_another() {
        assert_eq!(identified(&["Basic ???"], "").0, Seen::Malformed(Malformation::Type));
        assert_eq!(identified(&["Basic YTpi", "Basic Yzpk"], "").0, Seen::Malformed(Malformation::Duplicate));
        assert_eq!(identified(&[], "client_id=a&client_id=b").0, Seen::Malformed(Malformation::Duplicate));
        assert_eq!(identified(&[], "").0, Seen::Absent);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(value in proptest::collection::vec(any::<u8>(), 0..128)) {
            let _ = (read_basic(&value), read_basic(STANDARD.encode(&value).as_bytes()), credentials(&value, b"basic"));
        }
    }
}
