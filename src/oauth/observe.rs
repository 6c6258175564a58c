//! From an exchange to what it said: which reader is asked.

use super::decode::Decoded;
use super::document::Document;
use super::endpoint::EndpointKind as Kind;
use super::event::ProtocolEvent;
use super::observation::{Observation, Recognition};
use super::party::Side;
use super::policy::Policy;
use super::recognise;
use super::scene::Scene;
use super::{
    authorization, bearer, bodies, callback, ciba, circumstances, client_documents, client_logout, device,
    introspection, login, logout, notices, other_endpoints, published, pushed, redirects, registration, revocation,
    token, userinfo,
};

/// The protocol events of an exchange: none, one, or two (single sign-on answers an authorization request at once). All
/// are of one side: where nothing says which, the first that sees something.
#[must_use]
pub fn observe<'a>(policy: &'a Policy, decoded: &'a Decoded<'a>) -> Vec<Observation<'a>> {
    let message = bodies::can_be_message(decoded.request) && decoded.status() != Some(101);
    let at = |side: Side, read: fn(&Scene<'a>) -> Vec<Observation<'a>>| {
        let Some(scene) = Scene::new(policy, decoded, side) else { return Vec::new() };
        let mut events = read(&scene);
        if !events.is_empty() {
            let circumstances = circumstances::read(&scene);
            events.iter_mut().for_each(|event| event.circumstances = circumstances.clone());
        }
        events
    };
    let mut events = Vec::new();
    if message {
        events = at(Side::AuthorizationServer, of_server);
    }
    if message && events.is_empty() {
        events = at(Side::RelyingParty, of_client);
    }
    let named = message && decoded.interest.endpoint.is_some();
    if events.is_empty() && (named || policy.is_use(&decoded.interest, decoded.request)) {
        events = at(Side::ResourceServer, of_resource);
    }
    events
}

fn of_server<'a>(scene: &Scene<'a>) -> Vec<Observation<'a>> {
    // A broker is told of logouts as any client is.
    if scene.endpoint.is_some_and(|endpoint| endpoint.kind == Kind::BackchannelLogout) {
        return Vec::from_iter(notices::logout(scene));
    }
    let mut observations = match subject(scene) {
        Some((kind, recognition)) => read_known(scene, kind, recognition),
        None => authorization::observe_response(scene),
    };
    if observations.is_empty() && scene.endpoint.is_none() {
        observations.extend(other_endpoints::observe_ambiguous(scene));
    }
    login::observe(scene, &mut observations);
    callback::add_brokered(scene, &mut observations);
    observations
}

fn of_client<'a>(scene: &Scene<'a>) -> Vec<Observation<'a>> {
    match scene.endpoint.map(|endpoint| endpoint.kind) {
        Some(Kind::BackchannelLogout) => Vec::from_iter(notices::logout(scene)),
        Some(Kind::SetReceiver) => Vec::from_iter(notices::signal(scene)),
        Some(Kind::CibaNotification) => Vec::from_iter(notices::authenticated(scene)),
        Some(Kind::FrontchannelLogout) => Vec::from_iter(client_logout::frontchannel(scene)),
        Some(Kind::LocalLogout) => Vec::from_iter(client_logout::local(scene)),
        Some(Kind::PostLogout) => client_logout::returned(scene).into_iter().chain(redirects::observe(scene)).collect(),
        Some(Kind::RequestObject) => Vec::from_iter(client_documents::request_object(scene)),
        Some(Kind::ClientJwks | Kind::ClientMetadata) => Vec::from_iter(client_documents::fetched(scene)),
        Some(_) => of_browser(scene),
        None => match of_shape(scene) {
            Some(found) => vec![found],
            None => of_browser(scene),
        },
    }
}

/// Messages whose shape alone says what they are.
fn of_shape<'a>(scene: &Scene<'a>) -> Option<Observation<'a>> {
    if scene.decoded.response.is_some_and(client_documents::is_request_object) {
        return client_documents::request_object(scene);
    }
    if client_logout::is_frontchannel(scene) {
        return client_logout::frontchannel(scene);
    }
    notices::of_shape(scene)
}

/// What a browser brings to a client, and where the client sends it.
fn of_browser<'a>(scene: &Scene<'a>) -> Vec<Observation<'a>> {
    let initiated = redirects::observe(scene);
    let third_party = redirects::observe_third_party(scene, initiated.is_some());
    let requested = client_logout::requested(scene).filter(|_| initiated.is_none());
    third_party.or_else(|| callback::observe(scene)).into_iter().chain(initiated).chain(requested).collect()
}

fn of_resource<'a>(scene: &Scene<'a>) -> Vec<Observation<'a>> {
    match scene.endpoint.map(|endpoint| endpoint.kind) {
        Some(Kind::SetReceiver) => Vec::from_iter(notices::signal(scene)),
        Some(_) => Vec::from_iter(client_documents::fetched(scene)),
        None => Vec::from_iter(bearer::observe(scene)),
    }
}

fn read_known<'a>(scene: &Scene<'a>, kind: Kind, recognition: Recognition) -> Vec<Observation<'a>> {
    let mut observations = read(scene, kind, recognition);
    if observations.is_empty() {
        observations.extend(other_endpoints::observe_unknown(scene, (kind, recognition)));
    }
    for observation in &mut observations {
        if observation.event == ProtocolEvent::ClientAuthFailed {
            observation.endpoint_kind = Some(kind);
        }
    }
    observations
}

fn read<'a>(scene: &Scene<'a>, kind: Kind, recognition: Recognition) -> Vec<Observation<'a>> {
    let one = match kind {
        Kind::Authorization => return authorization::observe(scene, recognition),
        Kind::Interaction | Kind::Resume => return authorization::observe_response(scene),
        Kind::EndSession => return logout::observe(scene, recognition),
        Kind::AdminSession => other_endpoints::observe_session(scene, recognition),
        Kind::Challenge => pushed::observe_challenge(scene, recognition),
        Kind::CheckSession => other_endpoints::observe_check(scene, recognition),
        Kind::Ciba => ciba::observe(scene, recognition),
        Kind::ClientConfiguration | Kind::Registration => registration::observe(scene, recognition),
        Kind::Credential => other_endpoints::observe_credential(scene, recognition),
        Kind::DeviceAuthorization => device::observe(scene, recognition),
        Kind::DeviceVerification => device::observe_code(scene, recognition),
        Kind::Discovery => published::observe_metadata(scene, recognition),
        Kind::EndSessionConfirm => logout::observe_answer(scene, recognition),
        Kind::Federation => published::observe_entity(scene, recognition),
        Kind::Introspection => introspection::observe(scene, recognition),
        Kind::Jwks => published::observe_keys(scene, recognition),
        Kind::Par => pushed::observe(scene, recognition),
        Kind::Revocation => revocation::observe(scene, recognition),
        Kind::Token => token::observe(scene, recognition),
        Kind::Userinfo => userinfo::observe(scene, recognition),
        Kind::Webfinger => published::observe_webfinger(scene, recognition),
        _ => None,
    };
    Vec::from_iter(one)
}

/// A document of a watched issuer that passed by whole, for [`Policy::learn`], which checks whose it is, or
/// [`Policy::learn_keys`].
#[must_use]
pub fn passing_document<'a>(policy: &Policy, decoded: &'a Decoded<'a>) -> Option<(Document, usize, &'a [u8])> {
    let asked = match decoded.interest.kind() {
        Some(Kind::Discovery) => Document::Metadata,
        Some(Kind::Jwks) if policy.checks_signatures() => Document::Keys,
        _ => return None,
    };
    let got = decoded.request.method() == Some(b"GET") && decoded.status() == Some(200);
    let answered = got && decoded.source == super::ResponseSource::Upstream;
    let document = decoded.response_content.whole().filter(|_| answered)?;
    let issuer = decoded.interest.issuer.filter(|_| decoded.interest.side == Side::AuthorizationServer)?;
    policy.issuers.get(issuer).map(|_| (asked, issuer, document))
}

fn subject(scene: &Scene<'_>) -> Option<(Kind, Recognition)> {
    match scene.endpoint {
        Some(endpoint) => Some((endpoint.kind, endpoint.recognition)),
        None => recognise::by_shape(scene),
    }
}

#[cfg(test)]
pub(super) mod tests;
