//! From an exchange to what it said: which reader is asked.

use super::decode::Decoded;
use super::document::Document;
use super::endpoint::EndpointKind as Kind;
use super::event::ProtocolEvent;
use super::observation::{Observation, Recognition};
use super::policy::Policy;
use super::recognise;
use super::scene::Scene;
use super::{
    authorization, ciba, circumstances, device, introspection, login, logout, other_endpoints, published, pushed,
    registration, revocation, token, userinfo,
};

/// The protocol events of an exchange: none, one, or two (single sign-on answers an authorization request at once).
#[must_use]
pub fn observe<'a>(policy: &'a Policy, decoded: &'a Decoded<'a>) -> Vec<Observation<'a>> {
    let Some(scene) = Scene::new(policy, decoded).filter(|_| decoded.relevant) else {
        return Vec::new();
    };
    let mut observations = match subject(&scene) {
        Some((kind, recognition)) => read_known(&scene, kind, recognition),
        None => authorization::observe_response(&scene),
    };
    if observations.is_empty() && scene.endpoint.is_none() {
        observations.extend(other_endpoints::observe_ambiguous(&scene));
    }
    login::observe(&scene, &mut observations);
    if !observations.is_empty() {
        let circumstances = circumstances::read(&scene);
        observations.iter_mut().for_each(|observation| observation.circumstances = circumstances.clone());
    }
    observations
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
