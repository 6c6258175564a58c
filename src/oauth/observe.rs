//! From an exchange to what it said: which reader is asked.

use super::decode::Decoded;
use super::document::Document;
use super::endpoint::EndpointKind as Kind;
use super::observation::{Observation, Recognition};
use super::party::Side;
use super::policy::Policy;
use super::recognise;
use super::scene::Scene;
use super::{authorization, bearer, bodies, callback, logout, redirects, token, userinfo};

/// The protocol events of an exchange: none, one, or two (single sign-on answers an authorization request at once). All
/// are of one side: where nothing says which, the first that sees something.
#[must_use]
pub fn observe<'a>(policy: &'a Policy, decoded: &'a Decoded<'a>) -> Vec<Observation<'a>> {
    let message = bodies::can_be_message(decoded.request) && decoded.status() != Some(101);
    let at = |side: Side, read: fn(&Scene<'a>) -> Vec<Observation<'a>>| {
        let scene = Scene::new(policy, decoded, side);
        scene.map(|scene| read(&scene)).unwrap_or_default()
    };
    let mut events = Vec::new();
    if message {
        events = at(Side::AuthorizationServer, of_server);
    }
    if message && events.is_empty() {
        events = at(Side::RelyingParty, of_client);
    }
    if events.is_empty() && policy.is_use(&decoded.interest, decoded.request) {
        events = at(Side::ResourceServer, |scene| Vec::from_iter(bearer::observe(scene)));
    }
    events
}

fn of_server<'a>(scene: &Scene<'a>) -> Vec<Observation<'a>> {
    let mut events = match subject(scene) {
        Some((Kind::Authorization, recognition)) => authorization::observe(scene, recognition),
        Some((Kind::Callback | Kind::Interaction | Kind::Resume, _)) | None => authorization::observe_response(scene),
        Some((Kind::Token, recognition)) => return Vec::from_iter(token::observe(scene, recognition)),
        Some((Kind::Userinfo, recognition)) => return Vec::from_iter(userinfo::observe(scene, recognition)),
        Some((Kind::EndSession, recognition)) => return logout::observe(scene, recognition),
        Some((Kind::EndSessionConfirm, recognition)) => {
            return Vec::from_iter(logout::observe_answer(scene, recognition));
        }
        Some(_) => return Vec::new(),
    };
    callback::add_brokered(scene, &mut events);
    events
}

fn of_client<'a>(scene: &Scene<'a>) -> Vec<Observation<'a>> {
    match scene.endpoint.map(|endpoint| endpoint.kind) {
        Some(Kind::Callback | Kind::Login) | None => {
            let callback = callback::observe(scene);
            callback.into_iter().chain(redirects::observe(scene)).collect()
        }
        Some(_) => Vec::new(),
    }
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
