//! Questions about tokens: introspection (RFC 7662, RFC 9701), and PingFederate's validation grant that came before it.

use super::back_channel::{Answered, CREDENTIALS, NAMES, VALUE, Verdict, bearer, judge, observation};
use super::event::ProtocolEvent;
use super::json::Object;
use super::jwt;
use super::links::{Links, octets};
use super::messages::{IntrospectedToken, TokenQuery};
use super::observation::{LinkRole, Message, Observation, Outcome, Reason, Recognition, Subject, Trust, UserinfoForm};
use super::parameters::words;
use super::scene::{Scene, was_sent};
use super::token_claims::confirmations;
use crate::seen::Seen;

/// A question and its answer; `None` for what asks nothing. Some servers take the token in the query of a GET
/// (django-oauth-toolkit).
pub(super) fn observe<'a>(scene: &Scene<'a>, recognition: Recognition) -> Option<Observation<'a>> {
    if !asks(scene) {
        return None;
    }
    let body = Answered::read(scene);
    let (form, claims) = read_answer(scene, &body);
    let active = claims.as_ref().map_or(Seen::Absent, |claims| claims.boolean("active"));
    let granted = matches!(active, Seen::Present(_));
    let mut verdict = judge(scene, ProtocolEvent::TokenIntrospected, &body, granted);
    if verdict.is_success() && active == Seen::Present(false) {
        verdict.reason = Some(Reason::Inactive);
    }
    if form == Some(UserinfoForm::Jwe) && verdict.reason == Some(Reason::BodyUnparseable) {
        verdict.reason = Some(Reason::Encrypted);
    }
    Some(told(scene, recognition, (verdict, body), (form, claims)))
}

/// PingFederate: the token of the request is described where others issue one. Its answer has no `active`.
pub(super) fn observe_legacy<'a>(scene: &Scene<'a>, recognition: Recognition) -> Observation<'a> {
    let body = Answered::read(scene);
    let described = body.object.as_ref().and_then(|object| object.object("access_token").cloned());
    let verdict = judge(scene, ProtocolEvent::TokenValidatedLegacy, &body, described.is_some());
    let form = described.is_some().then_some(UserinfoForm::Json);
    let mut observation = told(scene, recognition, (verdict, body), (form, described));
    let outer = scene.response_object();
    if let (Message::TokenQuery(query), Some(outer)) = (&mut observation.message, outer) {
        query.unknown_parameters.retain(|name| name != "grant_type");
        if let Some(answer) = &mut query.answer {
            answer.client_id = outer.text("client_id", VALUE);
            answer.scope = outer.text("scope", VALUE).map(|scope| words(&scope));
            answer.token_type = outer.text("token_type", VALUE);
        }
    }
    observation
}

fn told<'a>(
    scene: &Scene<'a>,
    recognition: Recognition,
    (verdict, body): (Verdict<'a>, Answered<'a>),
    (form, claims): (Option<UserinfoForm>, Option<Object<'a>>),
) -> Observation<'a> {
    let mut links = Links::default();
    let mut query = query(scene, &mut links);
    query.form = form;
    let claims = claims.filter(|_| verdict.outcome == Outcome::Success);
    query.answer = claims.as_ref().map(read_token);
    let message = Message::TokenQuery(Box::new(query));
    let completeness = if form.is_some() { scene.decoded.response_content.completeness } else { body.completeness };
    let mut observation = observation(scene, recognition, (verdict, completeness), (message, links));
    let mut links = Links::of(&mut observation);
    if let Some(claims) = claims {
        let named = claims.text("iss", VALUE).present();
        scene.claim_named(&mut observation, named.as_deref());
        let issuer = named.or_else(|| observation.issuer.clone());
        if let Some(issuer) = &issuer {
            for (role, claim, name) in CLAIMS {
                links.add_scoped(role, name, issuer.clone(), claims.text(claim, VALUE).map(octets));
            }
        }
        let sub = claims.text("sub", VALUE);
        observation.subject = was_sent(&sub).then_some(Subject { issuer, sub, trust: Trust::Direct });
    }
    super::scene::put_links(&mut observation, links);
    observation
}

/// RFC 9701 §5 puts the answer into a claim of a JWT. A JWE is for the caller alone.
fn read_answer<'a>(scene: &Scene<'a>, body: &Answered<'a>) -> (Option<UserinfoForm>, Option<Object<'a>>) {
    if let Some(object) = &body.object {
        return (object.has("active").then_some(UserinfoForm::Json), Some(object.clone()));
    }
    let token = scene.decoded.response_content.whole().and_then(|body| jwt::read(body.trim_ascii()));
    match token {
        Some(jwt) if jwt.encrypted => (Some(UserinfoForm::Jwe), None),
        Some(jwt) => {
            let claims = jwt.claims.and_then(|claims| claims.object("token_introspection").cloned());
            (Some(UserinfoForm::Jws), claims)
        }
        None => (None, None),
    }
}

/// Whether the message is about a token: a POST, or a GET that has one.
pub(super) fn asks(scene: &Scene<'_>) -> bool {
    scene.is_post() || (scene.is_get() && scene.parameters.has("token"))
}

/// What is asked, and with which token.
pub(super) fn query<'a>(scene: &Scene<'a>, links: &mut Links<'a>) -> TokenQuery<'a> {
    let parameters = &scene.parameters;
    let token = parameters.octets("token");
    let caller = bearer(scene);
    let format = token.as_ref().present().map(|token| jwt::format(token));
    let mut unknown_parameters = parameters.unknown(KNOWN);
    unknown_parameters.retain(|name| !CREDENTIALS.contains(&name.as_ref()));
    let query = TokenQuery {
        token_type_hint: parameters.text("token_type_hint"),
        format,
        parameters_in_query: parameters.in_query(),
        bearer: was_sent(&caller),
        unknown_parameters,
        ..TokenQuery::default()
    };
    links.add(LinkRole::Tok, "request.token", token);
    links.add(LinkRole::At, "request.access_token", caller);
    query
}

fn read_token<'a>(claims: &Object<'a>) -> IntrospectedToken<'a> {
    let username = claims.text("username", VALUE);
    let username = if username.is_absent() { claims.text("preferred_username", VALUE) } else { username };
    IntrospectedToken {
        active: claims.boolean("active"),
        acr: claims.text("acr", VALUE),
        aud: claims.texts("aud", AUDIENCES),
        auth_time: claims.date("auth_time"),
        client_id: claims.text("client_id", VALUE),
        cnf: confirmations(claims),
        exp: claims.date("exp"),
        iat: claims.date("iat"),
        iss: claims.text("iss", VALUE),
        scope: claims.text("scope", VALUE).map(|scope| words(&scope)),
        token_type: claims.text("token_type", VALUE),
        username,
        claim_names: claims.names(NAMES),
    }
}

/// Claims by which the answer meets other records.
const CLAIMS: [(LinkRole, &str, &str); 3] = [
    (LinkRole::Jti, "jti", "introspection.jti"),
    (LinkRole::Sid, "sid", "introspection.sid"),
    (LinkRole::Sub, "sub", "introspection.sub"),
];

const AUDIENCES: usize = 16;

const KNOWN: &[&str] = &["token", "token_type_hint"];
