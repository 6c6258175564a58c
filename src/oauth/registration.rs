//! Clients that register themselves (RFC 7591, OIDC Registration 1.0) and manage what they registered (RFC 7592).

use std::borrow::Cow;

use super::back_channel::{Answered, NAMES, VALUE, bearer, conclude, judge};
use super::endpoint::EndpointKind;
use super::event::ProtocolEvent;
use super::form;
use super::json::{Json, Object, read_object};
use super::links::Links;
use super::messages::ClientMetadata;
use super::observation::{Client, ClientIdSource, LinkRole, Message, Observation, Recognition};
use super::parameters::{text, words};
use super::path_template;
use super::published::{self, is_private};
use super::scene::{Answer, Scene, was_sent};
use crate::seen::Seen;

/// A request about one client and its answer; `None` for a method that means nothing here.
pub(super) fn observe<'a>(scene: &Scene<'a>, recognition: Recognition) -> Option<Observation<'a>> {
    let event = event(scene)?;
    let body = Answered::read(scene);
    let emptied = event == ProtocolEvent::ClientDeleted && matches!(scene.answer(), Answer::Server(204));
    let verdict = judge(scene, event, &body, emptied || body.has_text("client_id"));
    let asked = scene.decoded.request_content.whole().and_then(read_object);
    let answer = body.object.as_ref().filter(|_| verdict.is_success());
    let token = bearer(scene);
    let metadata = answer.or(asked.as_ref()).map(read).unwrap_or_default();
    let message = ClientMetadata { bearer: was_sent(&token), ..metadata };
    let mut links = Links::default();
    links.add(LinkRole::At, "request.access_token", token);
    let mut observation = scene.observation(event, recognition, Message::Registration(Box::new(message)));
    observation.client = client(scene, answer, asked.as_ref());
    conclude(&mut observation, (verdict, body.completeness), links);
    Some(observation)
}

/// A POST below the registration endpoint (Keycloak) registers as well as one to it.
fn event(scene: &Scene<'_>) -> Option<ProtocolEvent> {
    let managed = scene.endpoint.is_some_and(|endpoint| endpoint.kind == EndpointKind::ClientConfiguration);
    match scene.decoded.request.method()? {
        b"POST" if !managed => Some(ProtocolEvent::ClientRegistered),
        b"GET" => Some(ProtocolEvent::ClientRead),
        b"PUT" | b"PATCH" => Some(ProtocolEvent::ClientUpdated),
        b"DELETE" => Some(ProtocolEvent::ClientDeleted),
        _ => None,
    }
}

/// The client that it is about: as the answer names it, else as the request does.
fn client<'a>(scene: &Scene<'a>, answer: Option<&Object<'a>>, asked: Option<&Object<'a>>) -> Client<'a> {
    let of = |object: Option<&Object<'a>>| object.map_or(Seen::Absent, |object| object.text("client_id", VALUE));
    let named = of(answer);
    let (id, source) = match named {
        Seen::Absent => {
            let id = of(asked);
            let id = if id.is_absent() { scene.parameters.text("client_id") } else { id };
            let id = if id.is_absent() { in_path(scene) } else { id };
            (id, ClientIdSource::Parameter)
        }
        named => (named, ClientIdSource::Response),
    };
    let id_source = matches!(id, Seen::Present(_)).then_some(source);
    Client { id, id_source, ..Client::default() }
}

/// The last segment of the path, where a profile knows that it is the client: elsewhere it may be a handle.
fn in_path<'a>(scene: &Scene<'a>) -> Seen<Cow<'a, str>> {
    let known = scene.endpoint.as_ref().and_then(|endpoint| path_template::template(scene.issuer, endpoint));
    let named = known.is_some_and(|known| known.ends_with("/{client}"));
    let path = scene.decoded.request.path().filter(|_| named).unwrap_or_default();
    let path = path.split(|byte| *byte == b'?').next().unwrap_or_default();
    let last = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    if last.is_empty() { Seen::Absent } else { text(form::decode(last)) }
}

/// The allow list: what is not in these tables leaves its name at most.
fn read<'a>(object: &Object<'a>) -> ClientMetadata<'a> {
    let list = |name: &str| match object.get(name) {
        Seen::Present(Json::Text(_)) if name == "scope" => object.text(name, VALUE).map(|scope| words(&scope)),
        _ => published::list(object, name),
    };
    let keys = object.object("jwks").map(|set| set.get("keys"));
    let private_keys = match keys {
        Some(Seen::Present(Json::List(keys))) => {
            keys.iter().any(|key| matches!(key, Json::Object(key) if is_private(key)))
        }
        _ => false,
    };
    ClientMetadata {
        bearer: false,
        texts: TEXTS.iter().map(|name| (*name, object.text(name, VALUE))).collect(),
        lists: LISTS.iter().map(|name| (*name, list(name))).collect(),
        uris: URIS.iter().map(|name| (*name, published::list(object, name))).collect(),
        flags: FLAGS.iter().map(|name| (*name, object.boolean(name))).collect(),
        secrets: SECRETS.into_iter().filter(|name| was_sent(&object.get(name))).collect(),
        private_keys,
        names: object.names(NAMES),
    }
}

/// In the order of the names, as are the other tables: the record's members are named after them.
const TEXTS: &[&str] = &[
    "application_type",
    "client_name",
    "id_token_signed_response_alg",
    "software_id",
    "software_version",
    "subject_type",
    "token_endpoint_auth_method",
];

const LISTS: &[&str] = &["grant_types", "response_types", "scope"];

const URIS: &[&str] = &[
    "backchannel_logout_uri",
    "frontchannel_logout_uri",
    "initiate_login_uri",
    "jwks_uri",
    "post_logout_redirect_uris",
    "redirect_uris",
    "request_uris",
    "sector_identifier_uri",
];

const FLAGS: &[&str] = &[
    "backchannel_logout_session_required",
    "dpop_bound_access_tokens",
    "require_pushed_authorization_requests",
    "require_signed_request_object",
    "tls_client_certificate_bound_access_tokens",
];

const SECRETS: [&str; 3] = ["client_secret", "registration_access_token", "software_statement"];
