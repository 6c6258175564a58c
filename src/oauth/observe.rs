//! From an exchange to what it said: which reader is asked.

use super::decode::Decoded;
use super::document::Document;
use super::endpoint::EndpointKind as Kind;
use super::observation::{Observation, Recognition};
use super::policy::Policy;
use super::recognise;
use super::scene::Scene;
use super::{authorization, login, logout, token, userinfo};

/// The protocol events of an exchange: none, one, or two (single sign-on answers an authorization request at once).
#[must_use]
pub fn observe<'a>(policy: &'a Policy, decoded: &'a Decoded<'a>) -> Vec<Observation<'a>> {
    let Some(scene) = Scene::new(policy, decoded).filter(|_| decoded.relevant) else {
        return Vec::new();
    };
    let mut events = match subject(&scene) {
        Some((Kind::Authorization, recognition)) => authorization::observe(&scene, recognition),
        Some((Kind::Interaction | Kind::Resume, _)) | None => authorization::observe_response(&scene),
        Some((Kind::Token, recognition)) => Vec::from_iter(token::observe(&scene, recognition)),
        Some((Kind::Userinfo, recognition)) => Vec::from_iter(userinfo::observe(&scene, recognition)),
        Some((Kind::EndSession, recognition)) => logout::observe(&scene, recognition),
        Some((Kind::EndSessionConfirm, recognition)) => Vec::from_iter(logout::observe_answer(&scene, recognition)),
        Some(_) => Vec::new(),
    };
    login::observe(&scene, &mut events);
    events
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
    let issuer = decoded.interest.issuer;
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
