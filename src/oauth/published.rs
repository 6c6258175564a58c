//! What an issuer publishes, as a client fetches it: metadata (OIDC Discovery §4, RFC 8414 §3), keys (RFC 7517 §5), entity
//! statements (OpenID Federation 1.0) and webfinger answers (RFC 7033).

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::back_channel::{VALUE, Verdict, conclude};
use super::event::ProtocolEvent;
use super::json::{Json, Object};
use super::jwt;
use super::links::Links;
use super::messages::{EntityStatement, KeySet, PublicKey, ServerMetadata};
use super::observation::{Message, Observation, Outcome, Reason, Recognition};
use super::scene::{Answer, Scene};
use crate::body::Completeness;
use crate::http::UrlParts;
use crate::seen::{Malformation, Seen};

/// A metadata document; `None` for another method than GET.
pub(super) fn observe_metadata<'a>(scene: &Scene<'a>, recognition: Recognition) -> Option<Observation<'a>> {
    let document = scene.response_object().filter(|document| document.has("issuer"));
    let message = document.as_ref().map(|document| read_metadata(document, digest(scene)));
    let named = document.as_ref().and_then(|document| document.text("issuer", VALUE).present());
    let found = message.is_some();
    let message = Message::Metadata(Box::new(message.unwrap_or_default()));
    fetched(scene, recognition, (ProtocolEvent::DiscoveryFetched, message), found, named.as_deref())
}

/// RFC 7033, for the issuer of an account (OIDC Discovery §2). Whose account it is stays out.
pub(super) fn observe_webfinger<'a>(scene: &Scene<'a>, recognition: Recognition) -> Option<Observation<'a>> {
    let document = scene.response_object().filter(|document| document.has("links") || document.has("subject"));
    let issuer = document.as_ref().map_or(Seen::Absent, issuer_link);
    let found = document.is_some();
    let message = Message::Metadata(Box::new(ServerMetadata { issuer, ..ServerMetadata::default() }));
    fetched(scene, recognition, (ProtocolEvent::DiscoveryFetched, message), found, None)
}

/// A JWK Set; `None` for another method than GET.
pub(super) fn observe_keys<'a>(scene: &Scene<'a>, recognition: Recognition) -> Option<Observation<'a>> {
    let document = scene.response_object();
    let keys = document.as_ref().and_then(keys);
    let found = keys.is_some();
    let digest = if found { digest(scene) } else { None };
    let set = KeySet { digest, keys: keys.unwrap_or_default() };
    fetched(scene, recognition, (ProtocolEvent::JwksFetched, Message::KeySet(Box::new(set))), found, None)
}

/// An entity statement, by itself or resolved. A list of subordinates has none.
pub(super) fn observe_entity<'a>(scene: &Scene<'a>, recognition: Recognition) -> Option<Observation<'a>> {
    let body = scene.decoded.response_content.whole();
    let claims = body.and_then(|body| jwt::read(body.trim_ascii())).and_then(|jwt| jwt.claims);
    let listed = matches!(body.and_then(super::json::read), Some(Json::List(_) | Json::Object(_)));
    let statement = claims.as_ref().map(|claims| EntityStatement {
        iss: claims.text("iss", VALUE),
        sub: claims.text("sub", VALUE),
        exp: claims.date("exp"),
    });
    let found = statement.is_some() || listed;
    let message = Message::Entity(Box::new(statement.unwrap_or_default()));
    fetched(scene, recognition, (ProtocolEvent::FederationFetched, message), found, None)
}

fn fetched<'a>(
    scene: &Scene<'a>,
    recognition: Recognition,
    (event, message): (ProtocolEvent, Message<'a>),
    found: bool,
    named: Option<&str>,
) -> Option<Observation<'a>> {
    let posted = scene.is_post() && event == ProtocolEvent::FederationFetched;
    if !(scene.is_get() || posted) {
        return None;
    }
    let read = scene.decoded.response_content.completeness;
    let (outcome, reason) = match (scene.answer(), read) {
        (Answer::Nobody, _) => (Outcome::Unknown, Some(Reason::NoResponse)),
        (Answer::Local(400..=499), _) => (Outcome::Failure, Some(Reason::LocalReply)),
        (Answer::Local(_), _) => (Outcome::Unknown, Some(Reason::LocalReply)),
        (Answer::Server(304), _) => (Outcome::Success, Some(Reason::NotModified)),
        (Answer::Server(200..=299), Completeness::Truncated) => (Outcome::Unknown, Some(Reason::BodyTruncated)),
        (Answer::Server(200..=299), Completeness::Undecoded) => (Outcome::Unknown, Some(Reason::BodyEncoding)),
        (Answer::Server(200..=299), _) if found => (Outcome::Success, None),
        (Answer::Server(200..=299), _) => (Outcome::Unknown, Some(Reason::BodyUnparseable)),
        (Answer::Server(400..), _) => (Outcome::Failure, Some(Reason::HttpStatus)),
        (Answer::Server(_), _) => (Outcome::Unknown, Some(Reason::HttpStatus)),
    };
    let completeness = if reason == Some(Reason::BodyUnparseable) && read == Completeness::Complete {
        Completeness::Unparseable
    } else {
        read
    };
    let mut observation = scene.observation(event, recognition, message);
    scene.claim_named(&mut observation, named);
    let verdict = Verdict { event, outcome, reason, error: None };
    conclude(&mut observation, (verdict, completeness), Links::default());
    Some(observation)
}

fn digest(scene: &Scene<'_>) -> Option<[u8; 32]> {
    scene.decoded.response_content.whole().map(|document| Sha256::digest(document).into())
}

fn read_metadata<'a>(document: &Object<'a>, digest: Option<[u8; 32]>) -> ServerMetadata<'a> {
    let mut authorities = Vec::new();
    let mut clear_text = false;
    let aliases = document.object("mtls_endpoint_aliases");
    for (name, value) in document.members().chain(aliases.into_iter().flat_map(Object::members)) {
        let Seen::Present(url) = value.text(VALUE) else { continue };
        let parts = UrlParts::read(url.as_bytes());
        let endpoint =
            ["_endpoint", "_uri", "_iframe"].iter().any(|end| name.ends_with(end)) && name != "op_policy_uri";
        let Some(authority) = parts.authority.filter(|_| endpoint && parts.web_authority().is_some()) else { continue };
        let authority = String::from_utf8_lossy(authority).to_ascii_lowercase();
        clear_text |= url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:"));
        if authorities.len() < AUTHORITIES && !authorities.contains(&authority) {
            authorities.push(authority);
        }
    }
    authorities.sort_unstable();
    ServerMetadata {
        issuer: document.text("issuer", VALUE),
        digest,
        authorities,
        clear_text,
        supported: SUPPORTED.iter().map(|name| (*name, list(document, name))).collect(),
        flags: FLAGS.iter().map(|name| (*name, document.boolean(name))).collect(),
    }
}

/// Texts in an array, which may be empty: that is as good as none.
pub(super) fn list<'a>(object: &Object<'a>, name: &str) -> Seen<Vec<Cow<'a, str>>> {
    match object.texts(name, ITEMS) {
        Seen::Malformed(Malformation::Empty) => Seen::Absent,
        texts => texts,
    }
}

fn issuer_link<'a>(document: &Object<'a>) -> Seen<Cow<'a, str>> {
    let Seen::Present(Json::List(links)) = document.get("links") else { return Seen::Absent };
    let issuer = links.iter().find_map(|link| match link {
        Json::Object(link) if link.text("rel", VALUE) == Seen::Present(Cow::Borrowed(ISSUER_REL)) => Some(link),
        _ => None,
    });
    issuer.map_or(Seen::Absent, |link| link.text("href", VALUE))
}

/// H-25: an array of objects that have `kty`.
pub(super) fn keys<'a>(document: &Object<'a>) -> Option<Vec<PublicKey<'a>>> {
    let Seen::Present(Json::List(items)) = document.get("keys") else { return None };
    let objects = items.iter().filter_map(|item| match item {
        Json::Object(key) if key.has("kty") => Some(key),
        _ => None,
    });
    let keys: Vec<PublicKey<'a>> = objects.take(KEYS).map(read_key).collect();
    (!keys.is_empty() || items.is_empty()).then_some(keys)
}

fn read_key<'a>(key: &Object<'a>) -> PublicKey<'a> {
    let modulus = key.text("n", VALUE).present().and_then(|modulus| jwt::base64_octets(modulus.as_bytes()));
    PublicKey {
        alg: key.text("alg", VALUE),
        crv: key.text("crv", VALUE),
        kid: key.text("kid", VALUE),
        kty: key.text("kty", VALUE),
        purpose: key.text("use", VALUE),
        bits: modulus.and_then(|modulus| bits(&modulus)),
        thumbprint: thumbprint(key),
        private: is_private(key),
    }
}

fn bits(modulus: &[u8]) -> Option<u64> {
    let start = modulus.iter().position(|byte| *byte != 0)?;
    let first = modulus.get(start)?;
    let octets = u64::try_from(modulus.len().saturating_sub(start)).ok()?;
    Some(octets.saturating_mul(8).saturating_sub(u64::from(first.leading_zeros())))
}

/// RFC 7638 §3: SHA-256 over the required members in the order of their names. A member with a character that JSON escapes
/// is none.
fn thumbprint(key: &Object<'_>) -> Option<String> {
    let kty = key.text("kty", VALUE).present()?;
    let members: &[&str] = match kty.as_ref() {
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        "RSA" => &["e", "kty", "n"],
        _ => return None,
    };
    let mut hash = Sha256::new();
    for (position, name) in members.iter().enumerate() {
        let value = key.text(name, VALUE).present()?;
        if value.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
            return None;
        }
        for part in [if position == 0 { "{\"" } else { ",\"" }, name, "\":\"", &value, "\""] {
            hash.update(part);
        }
    }
    hash.update("}");
    Some(URL_SAFE_NO_PAD.encode(hash.finalize()))
}

/// RFC 7518 §6.2.2, §6.3.2, §6.4.1: members that only the owner of a key has.
pub(super) fn is_private(key: &Object<'_>) -> bool {
    ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].iter().any(|name| key.has(name))
}

/// OIDC Discovery §2.
const ISSUER_REL: &str = "http://openid.net/specs/connect/1.0/issuer";

/// Keys of one set.
const KEYS: usize = 32;

/// Authorities of one document.
const AUTHORITIES: usize = 16;

/// Words of one list.
const ITEMS: usize = 64;

/// What a change of would matter (PROTOCOL §4.8), in the order of the names.
const SUPPORTED: &[&str] = &[
    "code_challenge_methods_supported",
    "dpop_signing_alg_values_supported",
    "grant_types_supported",
    "id_token_signing_alg_values_supported",
    "request_object_signing_alg_values_supported",
    "response_modes_supported",
    "response_types_supported",
    "subject_types_supported",
    "token_endpoint_auth_methods_supported",
];

const FLAGS: &[&str] = &[
    "authorization_response_iss_parameter_supported",
    "backchannel_logout_session_supported",
    "backchannel_logout_supported",
    "frontchannel_logout_supported",
    "request_parameter_supported",
    "request_uri_parameter_supported",
    "require_pushed_authorization_requests",
    "require_request_uri_registration",
    "tls_client_certificate_bound_access_tokens",
];
