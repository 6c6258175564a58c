//! Shape rules for requests on an issuer's authority, until its endpoints are known (PROTOCOL §1.4, confidence `certain`
//! and `high` only), and the internal-hop rule (§1.5).

use super::client_authentication::credentials;
use super::endpoint::EndpointKind as Kind;
use super::json::Json;
use super::jwt;
use super::observation::{Confidence, Recognition, Tier};
use super::parameters::Parameters;
use super::policy::Issuer;
use super::published;
use super::scene::{Scene, was_sent};
use crate::http::{MediaType, RequestHead, UrlParts, normalise_path};
use crate::seen::Seen;

/// What the shape of a request says it is.
pub(super) fn by_shape(scene: &Scene<'_>) -> Option<(Kind, Recognition)> {
    // The metadata must name the first two (OIDC Discovery §3), so that it denies them where it is silent.
    let unknown = |kind: &Kind| !scene.issuer.knows(*kind);
    let unmapped = !scene.issuer.is_mapped();
    let shape = |kind, rule, confidence| (kind, Recognition { tier: Tier::Heuristic, rule, confidence });
    if let Some((kind, rule)) =
        published_rule(scene).filter(|(kind, _)| *kind != Kind::Jwks || (unmapped && unknown(kind)))
    {
        return Some(shape(kind, rule, Confidence::Certain));
    }
    if let Some((kind, rule, confidence)) = answer_rule(scene).filter(|(kind, ..)| unmapped && unknown(kind)) {
        return Some(shape(kind, rule, confidence));
    }
    if let Some((rule, confidence)) = authorization_rule(scene).filter(|_| unmapped && unknown(&Kind::Authorization)) {
        return Some(shape(Kind::Authorization, rule, confidence));
    }
    if is_token_request(scene) && unmapped && unknown(&Kind::Token) {
        return Some(shape(Kind::Token, "H-10", Confidence::Certain));
    }
    if is_userinfo_request(scene) && unknown(&Kind::Userinfo) {
        return Some(shape(Kind::Userinfo, "H-18", Confidence::High));
    }
    (is_end_session_request(scene) && unknown(&Kind::EndSession))
        .then(|| shape(Kind::EndSession, "H-19", Confidence::High))
}

/// The shape rule by which a request at a known endpoint would be another kind of request (PROTOCOL §1.3). Looked at where
/// such a message has no business: parameters of an authorization request pass through login pages and PAR.
pub(super) fn conflict(scene: &Scene<'_>) -> Option<&'static str> {
    let kind = scene.endpoint?.kind;
    match kind {
        Kind::Authorization | Kind::EndSession | Kind::Userinfo if is_token_request(scene) => Some("H-10"),
        Kind::EndSession | Kind::Token | Kind::Userinfo => authorization_rule(scene).map(|(rule, _)| rule),
        _ => None,
    }
}

/// H-24, H-25: documents that are fetched.
fn published_rule(scene: &Scene<'_>) -> Option<(Kind, &'static str)> {
    if !scene.is_get() {
        return None;
    }
    match well_known(scene.decoded.request) {
        Some(kind) => Some((kind, "H-24")),
        None => {
            published::keys(&scene.response_object()?).filter(|keys| !keys.is_empty()).map(|_| (Kind::Jwks, "H-25"))
        }
    }
}

/// H-24, by the path alone: the issuer of such a document may be another one on the same authority.
pub(super) fn well_known(head: &RequestHead) -> Option<Kind> {
    let path = normalise_path(head.path().unwrap_or_default());
    let (_, rest) = path.split_at_checked(position(&path, WELL_KNOWN)?)?;
    let rest = rest.strip_prefix(WELL_KNOWN)?;
    match rest.split(|byte| *byte == b'/').next()? {
        b"openid-configuration" | b"oauth-authorization-server" => Some(Kind::Discovery),
        b"openid-federation" => Some(Kind::Federation),
        b"webfinger" => Some(Kind::Webfinger),
        _ => None,
    }
}

/// H-13 to H-17, H-22: the answer says what the question was.
fn answer_rule(scene: &Scene<'_>) -> Option<(Kind, &'static str, Confidence)> {
    if !scene.is_post() {
        return None;
    }
    let question = scene.parameters.has("token") && !scene.parameters.has("grant_type");
    let status = scene.decoded.status()?;
    let path = normalise_path(scene.decoded.request.path().unwrap_or_default());
    let revokes = path.rsplit(|byte| *byte == b'/').next().is_some_and(|last| position(last, b"revo").is_some());
    let answer = scene.response_object();
    let empty = scene.decoded.response_content.bytes().trim_ascii().is_empty();
    let Some(answer) = answer else {
        let revoked = question && revokes && empty && matches!(status, 200 | 204);
        let described = question && scene.response_media() == Some(MediaType::Jwt) && status == 200;
        return match () {
            () if described => Some((Kind::Introspection, "H-16", Confidence::Certain)),
            () if revoked => Some((Kind::Revocation, "H-17", Confidence::High)),
            () => None,
        };
    };
    let text = |name: &str| matches!(answer.text(name, LONG), Seen::Present(_));
    let whole = |name: &str| matches!(answer.whole(name), Seen::Present(_));
    let active = matches!(answer.get("active"), Seen::Present(Json::Bool(_)));
    let listed = matches!(answer.get("redirect_uris"), Seen::Present(Json::List(_)));
    match status {
        200 | 201 if text("request_uri") && whole("expires_in") => Some((Kind::Par, "H-13", Confidence::Certain)),
        200 if text("auth_req_id") && whole("expires_in") => Some((Kind::Ciba, "H-14", Confidence::Certain)),
        200 if text("device_code") && text("user_code") && (text("verification_uri") || text("verification_url")) => {
            Some((Kind::DeviceAuthorization, "H-15", Confidence::Certain))
        }
        200 if question && active => Some((Kind::Introspection, "H-16", Confidence::Certain)),
        200 if question && revokes && answer.members().next().is_none() => {
            Some((Kind::Revocation, "H-17", Confidence::High))
        }
        201 if text("client_id") && listed => Some((Kind::Registration, "H-22", Confidence::Certain)),
        _ => None,
    }
}

fn position(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|part| part == wanted)
}

/// H-01, H-02, H-03.
fn authorization_rule(scene: &Scene<'_>) -> Option<(&'static str, Confidence)> {
    let front_channel = scene.is_get() || (scene.is_post() && !is_back_channel(scene));
    if front_channel { request_rule(&scene.parameters, scene.is_get()) } else { None }
}

/// The same of any parameters. `by_object`: whether a request object or its place is enough.
pub(super) fn request_rule(parameters: &Parameters<'_>, by_object: bool) -> Option<(&'static str, Confidence)> {
    if !was_sent(&parameters.text("client_id")) || parameters.has("grant_type") {
        return None;
    }
    let request_uri = parameters.text("request_uri").present();
    if parameters.words("response_type").present().is_some_and(|words| words.iter().all(|word| is_response_type(word)))
    {
        return Some(("H-01", Confidence::Certain));
    }
    if request_uri.as_ref().is_some_and(|uri| uri.starts_with(PAR_URN)) {
        return Some(("H-02", Confidence::Certain));
    }
    let by_value = parameters.octets("request").present().is_some_and(|object| jwt::read(&object).is_some());
    let by_reference = request_uri.is_some_and(|uri| UrlParts::read(uri.as_bytes()).is_absolute());
    (by_object && (by_value || by_reference)).then_some(("H-03", Confidence::High))
}

/// A pushed authorization request has the parameters of an authorization request (RFC 9126 §2.1), and client
/// authentication or a JSON answer.
fn is_back_channel(scene: &Scene<'_>) -> bool {
    let parameters = &scene.parameters;
    let authenticated = scene.decoded.request.headers.first("authorization").is_some();
    let secret = parameters.has("client_secret") || parameters.has("client_assertion");
    authenticated || secret || scene.response_media() == Some(MediaType::Json) || scene.decoded.status() == Some(201)
}

/// H-10, for a form.
fn is_token_request(scene: &Scene<'_>) -> bool {
    let form = scene.decoded.request.headers.media_type() == Some(MediaType::Form);
    let grant = scene.parameters.text("grant_type").present();
    let known = |grant: &str| GRANTS.contains(&grant) || UrlParts::read(grant.as_bytes()).is_absolute();
    scene.is_post() && form && grant.is_some_and(|grant| known(&grant))
}

/// H-18; the answer is looked at when the observation is made.
fn is_userinfo_request(scene: &Scene<'_>) -> bool {
    let bearer = |value: &[u8]| credentials(value, b"bearer").is_some() || credentials(value, b"dpop").is_some();
    let media = matches!(scene.response_media(), Some(MediaType::Json | MediaType::Jwt));
    media && is_userinfo_path(scene.decoded.request) && scene.decoded.request.headers.all("authorization").any(bearer)
}

/// Whether the last segment of the path is `userinfo`.
pub(super) fn is_userinfo_path(head: &RequestHead) -> bool {
    let path = normalise_path(head.path().unwrap_or_default());
    path.rsplit(|byte| *byte == b'/').next().is_some_and(|last| last.eq_ignore_ascii_case(b"userinfo"))
}

/// Whether the last segment of the path is one under which servers publish keys: other documents are not read for H-25.
pub(super) fn is_keys_path(head: &RequestHead) -> bool {
    let path = normalise_path(head.path().unwrap_or_default());
    let last = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    [b"jwks".as_slice(), b"jwks.json", b"jwks_uri", b"jwk", b"certs", b"keys"].contains(&last)
}

/// H-19
fn is_end_session_request(scene: &Scene<'_>) -> bool {
    (scene.is_get() || scene.is_post()) && end_session_parameters(&scene.parameters)
}

/// The same of any parameters.
pub(super) fn end_session_parameters(parameters: &Parameters<'_>) -> bool {
    let hint = parameters.octets("id_token_hint").present().is_some_and(|hint| jwt::read(&hint).is_some());
    let other = ["response_type", "scope", "grant_type"].iter().any(|name| parameters.has(name));
    !other && (hint || parameters.has("post_logout_redirect_uri"))
}

/// PROTOCOL §1.5: a request that a provider sends to itself carries one of its continuation parameters. Spring
/// Authorization Server marks a replayed request by an empty `continue`.
pub(super) fn is_internal_hop(parameters: &Parameters<'_>, issuer: &Issuer) -> bool {
    let has = |name: &&str| parameters.has(name);
    let all = |names: &[&str]| names.iter().all(has);
    let replayed = parameters.has("continue") && !matches!(parameters.text("continue"), Seen::Present(_));
    let own =
        issuer.profile().is_some_and(|profile| profile.internal_parameters.iter().any(|name| parameters.has(name)));
    own || CONTINUATIONS.iter().any(has) || all(&["back", "state"]) || all(&["tab_id", "session_code"]) || replayed
}

const WELL_KNOWN: &[u8] = b"/.well-known/";

/// Bytes of a member that need not be read.
const LONG: usize = 64 * 1024;

/// RFC 9126 §2.2
pub(super) const PAR_URN: &str = "urn:ietf:params:oauth:request_uri:";

const CONTINUATIONS: [&str; 5] = ["login_verifier", "consent_verifier", "authRequestID", "ReturnUrl", "stateToken"];

/// PROTOCOL §1.8, those that are no URI.
const GRANTS: [&str; 6] =
    ["authorization_code", "refresh_token", "client_credentials", "password", "device_code", "interaction_code"];

fn is_response_type(word: &str) -> bool {
    matches!(word, "code" | "token" | "id_token" | "none")
}
