//! What grants other than the common ones carry (PROTOCOL §1.8): token exchange, assertions, handles that are polled.

use std::borrow::Cow;

use super::back_channel::{Answered, TOKEN, VALUE};
use super::event::ProtocolEvent;
use super::json::{Json, Object};
use super::links::{Links, octets};
use super::messages::{ExchangeMode, Exchanged, VendorError};
use super::observation::LinkRole;
use super::parameters::Parameters;
use super::scene::was_sent;
use super::token_claims::Claims;
use crate::seen::Seen;

/// The event of a request that got what it asked for.
pub(super) fn event(parameters: &Parameters<'_>) -> ProtocolEvent {
    match parameters.text("grant_type").present().as_deref() {
        Some("refresh_token") => ProtocolEvent::TokenRefreshed,
        Some(_) if is_exchange(parameters) => ProtocolEvent::TokenExchanged,
        _ => ProtocolEvent::TokenIssued,
    }
}

/// RFC 8693, and Entra's on-behalf-of, which is one under another name.
pub(super) fn is_exchange(parameters: &Parameters<'_>) -> bool {
    let is = |name: &str, value: &str| parameters.text(name).present().is_some_and(|text| text == value);
    is("grant_type", TOKEN_EXCHANGE) || (is("grant_type", JWT_BEARER) && is("requested_token_use", "on_behalf_of"))
}

/// Whether it is PingFederate's question about a token.
pub(super) fn is_validation(parameters: &Parameters<'_>) -> bool {
    parameters.text("grant_type").present().is_some_and(|grant| grant == VALIDATE_BEARER)
}

/// Tokens that come as input, and handles from earlier answers.
pub(super) fn link_request<'a>(parameters: &Parameters<'a>, links: &mut Links<'a>) {
    let device = parameters.text("actor_token_type").present().is_some_and(|kind| kind == DEVICE_SECRET);
    let actor = if device { LinkRole::Dsec } else { LinkRole::Actor };
    for (role, name, parameter) in [
        (LinkRole::Subj, "request.subject_token", "subject_token"),
        (actor, "request.actor_token", "actor_token"),
        (LinkRole::Assertion, "request.assertion", "assertion"),
        (LinkRole::Dev, "request.device_code", "device_code"),
        (LinkRole::Ciba, "request.auth_req_id", "auth_req_id"),
        (LinkRole::Dsec, "request.device_secret", "device_secret"),
    ] {
        links.add(role, name, parameters.octets(parameter));
    }
}

/// Native SSO 1.0 §3.2, and Janssen's name for the same secret.
pub(super) fn link_response<'a>(granted: &Object<'a>, links: &mut Links<'a>) {
    for (name, member) in [("response.device_secret", "device_secret"), ("response.device_token", "device_token")] {
        links.add(LinkRole::Dsec, name, granted.text(member, TOKEN).map(octets));
    }
}

/// What a token exchange says beside the rest; `None` for another grant.
pub(super) fn exchanged<'a>(
    parameters: &Parameters<'a>,
    granted: Option<&Object<'a>>,
    claims: Option<&Claims>,
) -> Option<Box<Exchanged<'a>>> {
    if !is_exchange(parameters) {
        return None;
    }
    let actors = claims.map(Claims::actors).unwrap_or_default();
    let acts = was_sent(&parameters.octets("actor_token"))
        && parameters.text("actor_token_type").present().is_none_or(|kind| kind != DEVICE_SECRET);
    let mode = match granted {
        Some(_) if acts || !actors.is_empty() => Some(ExchangeMode::Delegation),
        // A token that shows nothing of itself may still say who acts.
        Some(_) if claims.is_some() => Some(ExchangeMode::Impersonation),
        _ => None,
    };
    Some(Box::new(Exchanged {
        subject_token_type: parameters.text("subject_token_type"),
        actor_token_type: parameters.text("actor_token_type"),
        requested_token_type: parameters.text("requested_token_type"),
        issued_token_type: granted.map_or(Seen::Absent, |granted| granted.text("issued_token_type", VALUE)),
        mode,
        actors,
        may_act: claims.is_some_and(Claims::may_act),
    }))
}

/// The members that Entra ID adds to an error.
pub(super) fn vendor_error<'a>(body: &Answered<'a>) -> Option<VendorError<'a>> {
    let object = body.object.as_ref()?;
    let codes: Vec<u64> = match object.get("error_codes") {
        Seen::Present(Json::List(items)) => items.iter().filter_map(whole).take(CODES).collect(),
        _ => Vec::new(),
    };
    let suberror: Seen<Cow<'a, str>> = object.text("suberror", VALUE);
    (!codes.is_empty() || was_sent(&suberror)).then_some(VendorError { codes, suberror })
}

fn whole(item: &Json<'_>) -> Option<u64> {
    match item {
        Json::Whole(code) => Some(*code),
        _ => None,
    }
}

const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const VALIDATE_BEARER: &str = "urn:pingidentity.com:oauth2:grant_type:validate_bearer";

/// Native SSO 1.0 §4.1.
const DEVICE_SECRET: &str = "urn:openid:params:token-type:device-secret";

/// Codes of one error.
const CODES: usize = 8;
