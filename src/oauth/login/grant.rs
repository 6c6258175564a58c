//! Attempts at the token endpoint: grants that carry the end-user's own credentials (PROTOCOL §1.8).

use super::super::client_authentication::named;
use super::super::event::ProtocolEvent;
use super::super::json::Json;
use super::super::links::Links;
use super::super::observation::{Interaction, LinkRole, Message, OAuthError, Observation, Outcome, Reason};
use super::super::provider::Means;
use super::super::scene::{Scene, put_links};
use super::answer::read_code;
use crate::seen::Seen;

/// The attempt that a refused grant was.
pub(super) fn observe<'a>(scene: &Scene<'a>, events: &[Observation<'a>]) -> Option<Observation<'a>> {
    let denied = events.iter().find(|event| event.event == ProtocolEvent::TokenDenied)?;
    let error = denied.error.as_ref().filter(|error| error.is_any(&["invalid_grant", "access_denied"]))?;
    let grant = scene.parameters.text("grant_type").present()?;
    let (_, means) = GRANTS.into_iter().find(|(end, _)| grant == *end || grant.ends_with(&format!("/{end}")))?;
    let username = scene.parameters.text("username");
    let code = scene.response_object().and_then(|object| {
        let json = Json::Object(object);
        json.at("/error_codes/0").and_then(read_code)
    });
    let message = Interaction {
        adapter: Some("token_endpoint"),
        evidence: Some("token_error"),
        means: Some(means),
        code,
        username,
        ..Interaction::default()
    };
    let mut observation =
        scene.observation(ProtocolEvent::LoginAttempt, denied.recognition, Message::Interaction(Box::new(message)));
    observation.issuer.clone_from(&denied.issuer);
    observation.outcome = Outcome::Failure;
    observation.reason = Some(Reason::CredentialsRejected);
    observation.error = Some(OAuthError { code: error.code.clone(), description: Seen::Absent, uri: Seen::Absent });
    observation.client = named(&scene.parameters);
    if observation.client.id.is_absent() {
        observation.client.id = denied.client.id.clone();
        observation.client.id_source = denied.client.id_source;
    }
    let mut links = Links::default();
    if let Some(issuer) = observation.issuer.clone() {
        links.add_scoped(LinkRole::Username, "request.username", issuer, scene.parameters.octets("username"));
    }
    put_links(&mut observation, links);
    Some(observation)
}

/// Grants by which the end-user logs in, by their last word, and the means.
const GRANTS: [(&str, Means); 8] = [
    ("password", Means::Password),
    ("password-realm", Means::Password),
    ("mfa-otp", Means::Otp),
    ("mfa-oob", Means::Otp),
    ("mfa-recovery-code", Means::Otp),
    ("passwordless/otp", Means::Otp),
    ("urn:okta:params:oauth:grant-type:otp", Means::Otp),
    ("urn:okta:params:oauth:grant-type:oob", Means::Otp),
];
