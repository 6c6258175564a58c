//! Authorization requests (RFC 6749 §4.1.1; OIDC Core §3.1.2.1; RFC 9101; RFC 9126) and what became of them in the same
//! exchange.

use std::borrow::Cow;

use super::authorization_response::{self, Found};
use super::checks;
use super::client_authentication::named;
use super::endpoint::EndpointKind;
use super::event::ProtocolEvent;
use super::json::Json;
use super::jwt;
use super::links::{Links, s256};
use super::observation::{
    AuthorizationRequest, AuthorizationResponse, BodyFormat, Comparison, Delivery, Hidden, LinkRole, Message,
    OAuthError, Observation, Outcome, Reason, Recognition, RequestForm, SignedMessage,
};
use super::parameters::{Parameters, text};
use super::provider::JarSemantics;
use super::recognise::{PAR_URN, is_internal_hop};
use super::scene::{Answer, Scene, put_links, was_sent};
use super::signed_message;
use super::token_claims::NOT_A_JWT;
use crate::body::Completeness;
use crate::http::MediaType;
use crate::seen::{Malformation, Seen};

/// An authorization request and, where the exchange has it, its response or error.
pub(super) fn observe<'a>(scene: &Scene<'a>, recognition: Recognition) -> Vec<Observation<'a>> {
    if !(scene.is_get() || scene.is_post()) {
        return Vec::new();
    }
    // A consent form is posted to the same place, without what makes a request (Spring Authorization Server).
    let consent =
        scene.is_post() && !["response_type", "request", "request_uri"].iter().any(|name| scene.parameters.has(name));
    if consent || is_internal_hop(&scene.parameters, scene.issuer) {
        return response_of(scene, Some(&scene.parameters));
    }
    let form = request_form(&scene.parameters);
    let Opened { parameters, object, differs } = open(scene);
    let found = authorization_response::find(scene, Some(&parameters));
    let (outcome, reason) = judge(scene, found.as_ref());
    let mut request = observe_request(scene, &parameters, form, recognition);
    if object.as_ref().is_some_and(|object| object.encrypted) {
        request.hide(Hidden::JweRequest);
    }
    if let Message::AuthorizationRequest(message) = &mut request.message {
        message.object = object;
        message.object_differs = differs;
    }
    request.outcome = outcome;
    request.reason = reason;
    request.error = found.as_ref().map_or_else(|| page_error(scene), Found::error);
    let second = match found {
        Some(found) => Some(authorization_response::observation(scene, &found, &parameters)),
        None => observe_error_page(scene, &parameters, recognition),
    };
    std::iter::once(request).chain(second).collect()
}

/// A response that leaves the server from another path than the authorization endpoint (PROTOCOL §0.4, G1).
pub(super) fn observe_response<'a>(scene: &Scene<'a>) -> Vec<Observation<'a>> {
    response_of(scene, None)
}

fn response_of<'a>(scene: &Scene<'a>, request: Option<&Parameters<'a>>) -> Vec<Observation<'a>> {
    let found = authorization_response::find(scene, request);
    let response = found.map(|found| authorization_response::observation(scene, &found, &scene.parameters));
    let resume = scene.endpoint.filter(|endpoint| endpoint.kind == EndpointKind::Resume);
    let page = || observe_error_page(scene, &scene.parameters, resume?.recognition);
    Vec::from_iter(response.or_else(page))
}

/// An authorization request where it begins: in the answer of a client, or of an authorization server that is one itself.
/// `target`: the URL that the browser is sent to.
pub(super) fn observe_initiated<'a>(
    scene: &Scene<'a>,
    target: Cow<'a, [u8]>,
    sent: &Parameters<'a>,
    delivery: Delivery,
    recognition: Recognition,
) -> Observation<'a> {
    let form = request_form(sent);
    let parameters = open_sent(scene, sent).parameters;
    let mut links = Links::default();
    link(&parameters, form, &mut links);
    let mut message = read(scene, &parameters, form);
    message.delivery = Some(delivery);
    message.target = text(target);
    let message = Message::AuthorizationRequest(Box::new(message));
    let mut observation = scene.observation(ProtocolEvent::AuthorizationInitiated, recognition, message);
    observation.outcome = Outcome::Success;
    observation.client = named(&parameters);
    put_links(&mut observation, links);
    observation
}

/// The request that a request object makes where it is fetched. `reference`: the URL that it has.
pub(super) fn observe_fetched<'a>(
    scene: &Scene<'a>,
    reference: Cow<'a, [u8]>,
    object: Option<&'a [u8]>,
    recognition: Recognition,
) -> Observation<'a> {
    let mut parameters = Parameters::default();
    if let Some(claims) = object.and_then(jwt::read).and_then(|jwt| jwt.claims) {
        parameters.add_object(&claims, &scene.policy.limits);
    }
    let form = RequestForm::RequestUri;
    let mut links = Links::default();
    link(&parameters, form, &mut links);
    links.add(LinkRole::Par, "request.request_uri", Seen::Present(reference));
    links.add(
        LinkRole::Robj,
        "request.request",
        object.map_or(Seen::Absent, |object| Seen::Present(Cow::Borrowed(object))),
    );
    let mut message = read(scene, &parameters, form);
    message.delivery = None;
    let message = Message::AuthorizationRequest(Box::new(message));
    let mut observation = scene.observation(ProtocolEvent::RequestObjectFetched, recognition, message);
    scene.claim_named(&mut observation, None);
    observation.client = named(&parameters);
    put_links(&mut observation, links);
    observation
}

pub(super) fn request_form(parameters: &Parameters<'_>) -> RequestForm {
    let by_reference = parameters.text("request_uri");
    match by_reference {
        _ if was_sent(&parameters.octets("request")) => RequestForm::Request,
        Seen::Present(uri) if uri.starts_with(PAR_URN) => RequestForm::Par,
        uri if was_sent(&uri) => RequestForm::RequestUri,
        _ => RequestForm::Plain,
    }
}

/// The parameters of a request that count, and its request object.
pub(super) struct Opened<'a> {
    pub(super) parameters: Parameters<'a>,
    pub(super) object: Option<SignedMessage<'a>>,
    /// What stands in the object and, with another value, beside it.
    pub(super) differs: Vec<&'static str>,
}

/// The parameters that count, of a request whose object is recorded elsewhere or not at all.
pub(super) fn effective<'a>(scene: &Scene<'a>) -> Parameters<'a> {
    open(scene).parameters
}

/// Opens the request object, if there is a readable one: its parameters over those beside it, or alone, as the issuer
/// has it (OIDC Core §6.1, RFC 9101 §6.3). `iss` is compared with the client, `aud` with the issuer (RFC 9101 §4).
pub(super) fn open<'a>(scene: &Scene<'a>) -> Opened<'a> {
    open_sent(scene, &scene.parameters)
}

fn open_sent<'a>(scene: &Scene<'a>, outer: &Parameters<'a>) -> Opened<'a> {
    let read = outer.octets("request").present().and_then(|object| signed_message::read(&object));
    let Some((mut object, claims)) = read else {
        return Opened { parameters: outer.clone(), object: None, differs: Vec::new() };
    };
    let Some(claims) = claims else {
        return Opened { parameters: outer.clone(), object: Some(object), differs: Vec::new() };
    };
    let mut inner = Parameters::default();
    inner.add_object(&claims, &scene.policy.limits);
    let client = outer.text("client_id").present().or_else(|| inner.text("client_id").present());
    let named = |iss: &Cow<'_, str>| if Some(iss) == client.as_ref() { Comparison::Right } else { Comparison::Wrong };
    object.checks.iss = client.as_ref().map(|_| object.iss.as_ref().present().map_or(Comparison::Missing, named));
    let known = scene.endpoint.is_some();
    object.checks.aud = known.then(|| checks::audience(&claims, &scene.issuer.name));
    object.checks.exp = checks::lifetime(&claims);
    let differ = |name: &&str| match (outer.octets(name), inner.octets(name)) {
        (Seen::Present(outer), Seen::Present(inner)) => outer != inner,
        _ => false,
    };
    let differs = COPIED.into_iter().filter(differ).collect();
    let parameters = match scene.issuer.jar_semantics {
        JarSemantics::Oidc => outer.overridden_by(inner),
        JarSemantics::Rfc9101 => outer.replaced_by(inner),
    };
    Opened { parameters, object: Some(object), differs }
}

/// Parameters that are copied beside a request object, or must not differ there (OIDC Core §6.1, RFC 9101 §6.3).
const COPIED: [&str; 6] = ["client_id", "nonce", "redirect_uri", "response_type", "scope", "state"];

/// PROTOCOL §1.6, first row.
fn judge(scene: &Scene<'_>, found: Option<&Found<'_>>) -> (Outcome, Option<Reason>) {
    let undecoded = scene.decoded.response_content.completeness == Completeness::Undecoded;
    match (scene.answer(), found) {
        (Answer::Nobody, _) => (Outcome::Unknown, Some(Reason::NoResponse)),
        (Answer::Local(400..=499), _) => (Outcome::Failure, Some(Reason::LocalReply)),
        (Answer::Local(_), _) => (Outcome::Unknown, Some(Reason::LocalReply)),
        (Answer::Server(_), Some(found)) => found.outcome(),
        (Answer::Server(400..), None) if page_error(scene).is_some() => (Outcome::Failure, Some(Reason::OauthError)),
        (Answer::Server(400..), None) => (Outcome::Failure, Some(Reason::HttpStatus)),
        (Answer::Server(_), None) if undecoded => (Outcome::Unknown, Some(Reason::BodyEncoding)),
        (Answer::Server(_), None) => (Outcome::Pending, Some(Reason::Interaction)),
    }
}

fn observe_request<'a>(
    scene: &Scene<'a>,
    parameters: &Parameters<'a>,
    form: RequestForm,
    recognition: Recognition,
) -> Observation<'a> {
    let mut links = Links::default();
    link(parameters, form, &mut links);
    let message = Message::AuthorizationRequest(Box::new(read(scene, parameters, form)));
    let mut observation = scene.observation(ProtocolEvent::AuthorizationRequest, recognition, message);
    observation.client = named(parameters);
    put_links(&mut observation, links);
    observation
}

pub(super) fn read<'a>(scene: &Scene<'a>, parameters: &Parameters<'a>, form: RequestForm) -> AuthorizationRequest<'a> {
    let posted = scene.body_format == Some(BodyFormat::Form);
    let response_type = parameters.words("response_type").map(|mut words| {
        words.sort_unstable();
        words
    });
    let hints = IDP_HINTS.iter().map(|name| parameters.text(name));
    AuthorizationRequest {
        object: None,
        object_differs: Vec::new(),
        delivery: Some(if posted { Delivery::Post } else { Delivery::Query }),
        form: Some(form),
        response_type,
        response_mode: parameters.text("response_mode"),
        redirect_uri: parameters.text("redirect_uri"),
        scope: parameters.words("scope"),
        prompt: parameters.words("prompt"),
        max_age: parameters.whole("max_age"),
        acr_values: parameters.words("acr_values"),
        display: parameters.text("display"),
        ui_locales: parameters.words("ui_locales"),
        claims: parameters.json("claims").and_then(|claims| claim_names(&claims)),
        resource: parameters.repeated("resource"),
        audience: parameters.repeated("audience"),
        authorization_details: parameters.json("authorization_details").and_then(|details| detail_types(&details)),
        code_challenge_method: parameters.text("code_challenge_method"),
        login_hint: parameters.text("login_hint"),
        idp_hint: hints.into_iter().find(|hint| !hint.is_absent()).unwrap_or_default(),
        oauth_state: parameters.length("state"),
        oidc_nonce: parameters.length("nonce"),
        code_challenge: parameters.length("code_challenge"),
        id_token_hint: was_sent(&parameters.octets("id_token_hint")),
        target: Seen::Absent,
        unknown_parameters: parameters.unknown(KNOWN),
    }
}

/// OIDC Core §5.5: the names below `userinfo` and `id_token`.
fn claim_names<'a>(claims: &Json<'static>) -> Seen<Vec<Cow<'a, str>>> {
    let Json::Object(object) = claims else { return Seen::Malformed(Malformation::Type) };
    let parts = ["id_token", "userinfo"].into_iter().filter_map(|part| object.object(part));
    let mut names: Vec<Cow<'a, str>> = parts.flat_map(|part| part.names(NAMES)).collect();
    names.sort_unstable();
    names.dedup();
    names.truncate(NAMES);
    Seen::Present(names)
}

/// RFC 9396 §2: `type` is required, and all that is not somebody's data.
fn detail_types<'a>(details: &Json<'static>) -> Seen<Vec<Cow<'a, str>>> {
    let Json::List(items) = details else { return Seen::Malformed(Malformation::Type) };
    let types = items.iter().take(NAMES).filter_map(|item| match item {
        Json::Object(detail) => detail.text("type", 256).present(),
        _ => None,
    });
    Seen::Present(types.collect())
}

pub(super) fn link<'a>(parameters: &Parameters<'a>, form: RequestForm, links: &mut Links<'a>) {
    links.add(LinkRole::State, "request.state", parameters.octets("state"));
    links.add(LinkRole::Nonce, "request.nonce", parameters.octets("nonce"));
    links.add(LinkRole::Pkce, "request.code_challenge", challenge(parameters));
    links.add(LinkRole::Idt, "request.id_token_hint", parameters.octets("id_token_hint"));
    let object = parameters.octets("request");
    if object.as_ref().present().is_some_and(|object| jwt::read(object).is_none()) {
        links.note_if_malformed("request.request", &NOT_A_JWT);
    }
    links.add(LinkRole::Robj, "request.request", object);
    let uri = parameters.octets("request_uri").map(|uri| match uri {
        uri if form == RequestForm::Par => uri,
        // PROTOCOL §2.1, HQ-08: the fragment is not part of what is fetched.
        uri => Cow::Owned(uri.split(|byte| *byte == b'#').next().unwrap_or_default().to_vec()),
    });
    links.add(LinkRole::Par, "request.request_uri", uri);
    // RFC 9449 §10: the code is bound to this key.
    links.add(LinkRole::Dpop, "request.dpop_jkt", parameters.octets("dpop_jkt"));
}

/// The S256 challenge, whichever method was asked for, so that it meets the verifier's (PROTOCOL §3.3).
fn challenge<'a>(parameters: &Parameters<'a>) -> Seen<Cow<'a, [u8]>> {
    let challenge = parameters.octets("code_challenge");
    match parameters.text("code_challenge_method") {
        Seen::Present(method) if method == "S256" => challenge,
        Seen::Absent | Seen::Malformed(Malformation::Empty) => challenge.map(|plain| s256(&plain)),
        Seen::Present(method) if method == "plain" => challenge.map(|plain| s256(&plain)),
        Seen::Present(_) | Seen::Malformed(_) => Seen::Absent,
    }
}

/// The error that a server tells at its own endpoint: to the browser, because it does not trust the redirection endpoint.
fn page_error<'a>(scene: &Scene<'a>) -> Option<OAuthError<'a>> {
    let Answer::Server(400..=599) = scene.answer() else { return None };
    OAuthError::of_object(&scene.response_object()?)
}

fn observe_error_page<'a>(
    scene: &Scene<'a>,
    parameters: &Parameters<'a>,
    recognition: Recognition,
) -> Option<Observation<'a>> {
    let Answer::Server(400..=499) = scene.answer() else { return None };
    if !matches!(scene.response_media(), Some(MediaType::Html | MediaType::Json)) {
        return None;
    }
    let page = AuthorizationResponse { delivery: Some(Delivery::Page), ..AuthorizationResponse::default() };
    let message = Message::AuthorizationResponse(Box::new(page));
    let mut observation = scene.observation(ProtocolEvent::AuthorizationError, recognition, message);
    observation.outcome = Outcome::Failure;
    observation.error = page_error(scene);
    observation.reason = Some(if observation.error.is_some() { Reason::OauthError } else { Reason::HttpStatus });
    observation.client = named(parameters);
    let mut links = Links::default();
    if let state @ Seen::Present(_) = parameters.octets("state") {
        links.add(LinkRole::State, "request.state", state);
    }
    put_links(&mut observation, links);
    Some(observation)
}

/// Names of claims (PROTOCOL §2.9).
const NAMES: usize = 64;

/// Parameters by which a client chooses an upstream provider.
const IDP_HINTS: [&str; 5] = ["domain_hint", "kc_idp_hint", "idp", "connection", "identity_provider"];

/// Parameters of an authorization request that are recorded or known to be none of the record's business.
const KNOWN: &[&str] = &[
    "acr_values",
    "aud",
    "audience",
    "authorization_details",
    "claims",
    "claims_locales",
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "connection",
    "display",
    "domain_hint",
    "dpop_jkt",
    "exp",
    "iat",
    "id_token_hint",
    "identity_provider",
    "idp",
    "iss",
    "jti",
    "kc_idp_hint",
    "login_hint",
    "max_age",
    "nbf",
    "nonce",
    "prompt",
    "redirect_uri",
    "registration",
    "request",
    "request_uri",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "ui_locales",
];
