//! Revocation (RFC 7009): that a token is of no use any more, not that there was one.

use super::back_channel::{Answered, judge, observation};
use super::event::ProtocolEvent;
use super::introspection::{self, query};
use super::links::Links;
use super::observation::{Message, Observation, Recognition};
use super::scene::Scene;

/// A revocation and its answer; `None` for what revokes nothing. Google takes the token in the query of a GET. Keycloak
/// answers an unknown token with 200 and an `error`, which is a failure like any.
pub(super) fn observe<'a>(scene: &Scene<'a>, recognition: Recognition) -> Option<Observation<'a>> {
    if !introspection::asks(scene) {
        return None;
    }
    let mut body = Answered::read(scene);
    // RFC 7009 §2.2: the client ignores the body of a success, whatever is in it.
    body.completeness = scene.decoded.response_content.completeness;
    let verdict = judge(scene, ProtocolEvent::TokenRevoked, &body, true);
    let mut links = Links::default();
    let message = Message::TokenQuery(Box::new(query(scene, &mut links)));
    Some(observation(scene, recognition, (verdict, body.completeness), (message, links)))
}
