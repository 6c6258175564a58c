//! Authorization responses and error responses on their way to the browser (RFC 6749 §4.1.2; OIDC Core §3.1.2.5, §3.2.2.5;
//! Form Post Response Mode; JARM): recognised by shape on any path of the server (PROTOCOL §0.4, G1).

use std::borrow::Cow;

use super::checks::{self, Companions};
use super::client_authentication::named;
use super::endpoint::EndpointKind;
use super::event::ProtocolEvent;
use super::html_form::{self, Field, HtmlForm};
use super::json::Object;
use super::jwt;
use super::keys::Carrier;
use super::links::Links;
use super::observation::{
    AccessToken, AuthorizationResponse, BodyFormat, Confidence, Delivery, Hidden, IdToken, LinkRole, Message,
    OAuthError, Observation, Outcome, Reason, Recognition, SignedMessage, Trust,
};
use super::parameters::{Parameters, text};
use super::scene::{Answer, Scene, put_links, was_sent};
use super::scripted_response::{self, Scripted};
use super::signed_message;
use super::token_claims::{
    Claims, NOT_A_JWT, OF_ACCESS_TOKEN, OF_ID_TOKEN, OF_SECOND_TOKEN, read_access_token, read_id_token,
};
use crate::http::{MediaType, UrlParts};
use crate::seen::Seen;

/// A response that was found.
pub(super) struct Found<'a> {
    delivery: Delivery,
    /// The redirection endpoint, as sent.
    target: Cow<'a, [u8]>,
    parameters: Parameters<'a>,
    rule: &'static str,
    confidence: Confidence,
    jarm: Option<SignedMessage<'a>>,
    encrypted: bool,
    /// What its tokens rest on.
    trust: Trust,
}

/// Looks for a response in `Location` (H-05) and in a self-submitting form (H-06). `request`: the authorization request of
/// the same exchange.
pub(super) fn find<'a>(scene: &Scene<'a>, request: Option<&Parameters<'a>>) -> Option<Found<'a>> {
    let found = in_location(scene, request).or_else(|| in_form(scene));
    let found = found.or_else(|| in_script(scene)).or_else(|| in_json(scene));
    found.map(|found| found.opened(scene, request))
}

fn in_location<'a>(scene: &Scene<'a>, request: Option<&Parameters<'a>>) -> Option<Found<'a>> {
    let location = scene.location()?;
    let parts = UrlParts::read(location);
    if !parts.is_absolute() {
        return None;
    }
    let asked = request.and_then(|request| request.octets("redirect_uri").present());
    let expected = asked.is_some_and(|asked| UrlParts::read(&asked).same_place(&parts));
    let own = parts.host().is_some_and(|host| scene.issuer.owns(host));
    let named = !own && request.is_some() && scene.endpoint.is_some_and(|endpoint| endpoint.is_named());
    let none = request.is_some_and(|request| request.text("response_type") == Seen::Present(Cow::Borrowed("none")));
    let places = [(Delivery::Query, parts.query), (Delivery::Fragment, parts.fragment)];
    places.into_iter().find_map(|(delivery, text)| {
        let parameters = Parameters::read(text?, &scene.policy.limits);
        let nothing_asked = none && expected && parameters.has("state");
        let found = is_response(&parameters, expected || named) || nothing_asked;
        let confidence = if expected { Confidence::Certain } else { Confidence::High };
        let target = Cow::Borrowed(location);
        found.then_some(Found {
            delivery,
            target,
            parameters,
            rule: "H-05",
            confidence,
            jarm: None,
            encrypted: false,
            trust: Trust::Direct,
        })
    })
}

fn in_form<'a>(scene: &Scene<'a>) -> Option<Found<'a>> {
    if scene.response_media() != Some(MediaType::Html) {
        return None;
    }
    let HtmlForm { is_post, action, fields, only_hidden, alone } =
        html_form::read(scene.decoded.response_content.bytes())?;
    let mut parameters = Parameters::default();
    for Field { name, value } in fields {
        parameters.add_pair(name, value, &scene.policy.limits);
    }
    let found =
        is_post && only_hidden && alone && UrlParts::read(&action).is_absolute() && is_response(&parameters, false);
    let (delivery, confidence) = (Delivery::FormPost, Confidence::Certain);
    found.then_some(Found {
        delivery,
        target: action,
        parameters,
        rule: "H-06",
        confidence,
        jarm: None,
        encrypted: false,
        trust: Trust::Direct,
    })
}

/// A response that arrives where it was sent to (H-09). Without an endpoint that says so only what holds a value that
/// nothing else has: shops have `code` too.
pub(super) fn arrived<'a>(scene: &Scene<'a>, expected: bool, trust: Trust) -> Option<Found<'a>> {
    let parameters = scene.parameters.clone();
    let sent = |name: &&str| was_sent(&parameters.octets(name));
    let signed = parameters.octets("response").present().is_some_and(|response| jwt::read(&response).is_some());
    // `response_type=none` brings nothing but what names the flow and who answers.
    let nothing = expected && sent(&"state") && (sent(&"iss") || sent(&"session_state"));
    if !(is_response(&parameters, expected) || nothing) || !(expected || signed || ["state", "iss"].iter().any(sent)) {
        return None;
    }
    let posted = scene.body_format == Some(BodyFormat::Form);
    let delivery = if posted { Delivery::FormPost } else { Delivery::Query };
    let target = Cow::Borrowed(b"".as_slice());
    let confidence = Confidence::High;
    Some(
        Found { delivery, target, parameters, rule: "H-09", confidence, jarm: None, encrypted: false, trust }
            .opened(scene, None),
    )
}

/// Where scripts and JSON answers are looked into: other pages of the server are full of both.
fn is_front(scene: &Scene<'_>) -> bool {
    let front = [EndpointKind::Authorization, EndpointKind::Interaction, EndpointKind::Resume];
    let kind = scene.endpoint.map(|endpoint| endpoint.kind);
    scene.answer() == Answer::Server(200) && front.into_iter().any(|front| Some(front) == kind)
}

/// H-07
fn in_script<'a>(scene: &Scene<'a>) -> Option<Found<'a>> {
    if scene.response_media() != Some(MediaType::Html) || !is_front(scene) {
        return None;
    }
    let of_object = |object: &Object<'static>| {
        let mut parameters = Parameters::default();
        parameters.add_object(object, &scene.policy.limits);
        parameters
    };
    let accepts = |object: &Object<'static>| is_response(&of_object(object), false);
    let (target, parameters) = match scripted_response::read(scene.decoded.response_content.bytes(), &accepts)? {
        Scripted::Location(url) => of_url(scene, &url)?,
        Scripted::Message(object, origin) => (origin.unwrap_or_default().into_owned(), of_object(&object)),
    };
    let (target, confidence) = (Cow::Owned(target), Confidence::Medium);
    let delivery = Delivery::Script;
    Some(Found {
        delivery,
        target,
        parameters,
        rule: "H-07",
        confidence,
        jarm: None,
        encrypted: false,
        trust: Trust::Direct,
    })
}

/// H-08; with a profile of the server, what it means is better known.
fn in_json<'a>(scene: &Scene<'a>) -> Option<Found<'a>> {
    if scene.response_media() != Some(MediaType::Json) || !is_front(scene) {
        return None;
    }
    let url = scripted_response::read_json(&scene.response_object()?)?;
    let (target, parameters) = of_url(scene, url.as_bytes())?;
    let confidence = if scene.issuer.provider.is_some() { Confidence::High } else { Confidence::Medium };
    let (target, delivery) = (Cow::Owned(target), Delivery::Json);
    Some(Found {
        delivery,
        target,
        parameters,
        rule: "H-08",
        confidence,
        jarm: None,
        encrypted: false,
        trust: Trust::Direct,
    })
}

/// An absolute URL with a response in its query or fragment.
fn of_url<'a>(scene: &Scene<'a>, url: &[u8]) -> Option<(Vec<u8>, Parameters<'a>)> {
    let parts = UrlParts::read(url);
    let texts = [parts.query, parts.fragment].into_iter().flatten();
    let mut read = texts.map(|text| Parameters::read(text, &scene.policy.limits));
    let parameters = read.find(|parameters| is_response(parameters, false)).filter(|_| parts.is_absolute())?;
    Some((url.to_vec(), parameters.into_owned()))
}

/// The member test of H-05. `expected`: the target is where an answer was asked for, so that one member is enough.
fn is_response(parameters: &Parameters<'_>, expected: bool) -> bool {
    let sent = |name: &&str| was_sent(&parameters.octets(name));
    let outgoing_request = parameters.has("response_type") && parameters.has("client_id");
    let signed = parameters.octets("response").present().is_some_and(|response| jwt::read(&response).is_some());
    let first = ["code", "access_token", "id_token", "error"].iter().any(sent);
    let second = ["state", "iss", "session_state", "token_type", "expires_in"].iter().any(sent);
    let both_tokens = sent(&"id_token") && (sent(&"code") || sent(&"access_token"));
    !outgoing_request && (signed || (first && (expected || second || both_tokens)))
}

impl<'a> Found<'a> {
    /// JARM §2.1: the members are claims of `response`. They stand beside what was sent outside of it.
    fn opened(mut self, scene: &Scene<'a>, request: Option<&Parameters<'a>>) -> Self {
        let Some(response) = self.parameters.octets("response").present() else { return self };
        if let Some((mut jarm, claims)) = signed_message::read(&response) {
            let named = jarm.iss.as_ref().map(AsRef::as_ref);
            jarm.signature = scene.signature(named, jarm.jose_header(), &response, Carrier::Browser);
            if let Some(claims) = &claims {
                let client = request.and_then(|request| request.text("client_id").present());
                let issuer = scene.endpoint.map(|_| scene.issuer.name.as_str());
                let with = Companions { issuer, client: client.as_deref(), ..Companions::default() };
                jarm.checks = checks::check(claims, "", b"", &with);
                let mut members = Parameters::default();
                members.add_object(claims, &scene.policy.limits);
                self.parameters = self.parameters.overridden_by(members);
            }
            self.encrypted = jarm.encrypted;
            self.jarm = Some(jarm);
        }
        self
    }

    pub(super) fn error(&self) -> Option<OAuthError<'a>> {
        OAuthError::of_parameters(&self.parameters)
    }

    /// How the exchange ended (PROTOCOL §1.6).
    pub(super) fn outcome(&self) -> (Outcome, Option<Reason>) {
        match self.error() {
            Some(error) if error.is_any(&INTERACTION) => (Outcome::Failure, Some(Reason::Interaction)),
            Some(_) => (Outcome::Failure, Some(Reason::OauthError)),
            None if self.encrypted => (Outcome::Unknown, Some(Reason::Encrypted)),
            None => (Outcome::Success, None),
        }
    }
}

/// Only asked for with `prompt=none` (OIDC Core §3.1.2.6).
const INTERACTION: [&str; 4] =
    ["login_required", "interaction_required", "consent_required", "account_selection_required"];

/// What a response that was found says. `request`: the parameters of the exchange that name the client.
pub(super) fn observation<'a>(scene: &Scene<'a>, found: &Found<'a>, request: &Parameters<'a>) -> Observation<'a> {
    let (outcome, reason) = found.outcome();
    let error = found.error();
    let event = if error.is_some() { ProtocolEvent::AuthorizationError } else { ProtocolEvent::AuthorizationResponse };
    let mut links = Links::default();
    let message = read(scene, found, request, &mut links);
    let endpoint = scene.recognition(found.rule, found.confidence);
    let recognition = Recognition { rule: found.rule, confidence: found.confidence, ..endpoint };
    let issuer = message.iss.clone().present();
    let id_issuer = message.id_token.as_ref().and_then(|token| token.iss.clone().present());
    let mut observation = scene.observation(event, recognition, Message::AuthorizationResponse(Box::new(message)));
    scene.claim_named(&mut observation, issuer.or(id_issuer).as_deref());
    observation.outcome = outcome;
    observation.reason = reason;
    observation.error = error;
    observation.client = named(request);
    link_claims(scene, found, &mut observation, &mut links);
    hide(found, &mut observation);
    put_links(&mut observation, links);
    observation
}

/// PROTOCOL §2.5: what is there and cannot be read.
fn hide(found: &Found<'_>, observation: &mut Observation<'_>) {
    let Message::AuthorizationResponse(message) = &observation.message else { return };
    let encrypted = message.id_token.as_ref().is_some_and(|token| token.encrypted);
    let opaque = message.access_token.as_ref().is_some_and(AccessToken::hides_claims);
    let groups = [(found.encrypted, Hidden::JweResponse), (encrypted, Hidden::JweIdToken), (opaque, Hidden::OpaqueAt)];
    for (_, group) in groups.into_iter().filter(|(hidden, _)| *hidden) {
        observation.hide(group);
    }
}

fn read<'a>(
    scene: &Scene<'a>,
    found: &Found<'a>,
    request: &Parameters<'a>,
    links: &mut Links<'a>,
) -> AuthorizationResponse<'a> {
    let parameters = &found.parameters;
    links.add(LinkRole::State, "response.state", parameters.octets("state"));
    links.add(LinkRole::Resp, "response.response", parameters.octets("response"));
    links.add(LinkRole::Code, "response.code", parameters.octets("code"));
    links.add(LinkRole::At, "response.access_token", parameters.octets("access_token"));
    let id_token = parameters.octets("id_token");
    let read_token = id_token.as_ref().present().and_then(|token| read_front_token(scene, found, request, token));
    match (&id_token, &read_token) {
        (Seen::Present(_), None) => links.note_if_malformed("response.id_token", &NOT_A_JWT),
        _ => links.add(LinkRole::Idt, "response.id_token", id_token),
    }
    let access_token = parameters.octets("access_token").present().map(|token| read_access_token(&token).0);
    AuthorizationResponse {
        delivery: Some(found.delivery),
        redirect_uri: if found.target.is_empty() { Seen::Absent } else { text(found.target.clone()) },
        members: MEMBERS.into_iter().filter(|name| parameters.has(name)).collect(),
        iss: parameters.text("iss"),
        scope: parameters.words("scope"),
        expires_in: parameters.whole("expires_in"),
        token_type: parameters.text("token_type"),
        code: parameters.length("code"),
        jarm: found.jarm.clone(),
        id_token: read_token.map(|(token, _)| token),
        access_token,
        set_cookie: false,
    }
}

/// The ID token of a response, beside what came with it and with the request, where both are in one exchange.
fn read_front_token<'a>(
    scene: &Scene<'a>,
    found: &Found<'a>,
    request: &Parameters<'a>,
    token: &[u8],
) -> Option<(IdToken<'a>, Claims)> {
    let octets = |name: &str| found.parameters.octets(name).present();
    let (access_token, code, oauth_state) = (octets("access_token"), octets("code"), octets("state"));
    let (client, oidc_nonce) = (request.text("client_id").present(), request.octets("nonce").present());
    let with = Companions {
        issuer: None,
        client: client.as_deref(),
        access_token: access_token.as_deref(),
        code: code.as_deref(),
        oauth_state: oauth_state.as_deref(),
        oidc_nonce: oidc_nonce.as_deref(),
    };
    scene.id_token(token, (found.trust, Carrier::Browser), &with)
}

/// The claims of the tokens, and Keycloak's plain session id.
fn link_claims<'a>(scene: &Scene<'a>, found: &Found<'a>, observation: &mut Observation<'a>, links: &mut Links<'a>) {
    let parameters = &found.parameters;
    let token = |name: &str| parameters.octets(name).present();
    let id_claims = token("id_token").and_then(|token| read_id_token(&token, found.trust)).map(|(_, claims)| claims);
    let access_claims = token("access_token").and_then(|token| read_access_token(&token).1);
    let issuer = observation.issuer.clone();
    if let Some(claims) = &id_claims {
        claims.link(links, &OF_ID_TOKEN, issuer.as_ref());
        observation.subject = claims.subject(found.trust);
    }
    if let Some(claims) = &access_claims {
        let names = if id_claims.is_some() { &OF_SECOND_TOKEN } else { &OF_ACCESS_TOKEN };
        claims.link(links, names, issuer.as_ref());
    }
    let named = links.list.iter().any(|link| link.role == LinkRole::Sid);
    let plain = scene.issuer.profile().is_some_and(|profile| profile.session_state_is_sid);
    if let (false, true, Some(issuer)) = (named, plain, issuer) {
        links.add_scoped(LinkRole::Sid, "response.session_state", issuer, parameters.octets("session_state"));
    }
}

/// The members of authorization responses that are known, in the order of the alphabet.
const MEMBERS: [&str; 14] = [
    "access_token",
    "code",
    "device_secret",
    "error",
    "error_description",
    "error_uri",
    "expires_in",
    "id_token",
    "iss",
    "response",
    "scope",
    "session_state",
    "state",
    "token_type",
];
